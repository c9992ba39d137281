#ifndef SINEW_SOLVERS_STEPPER_H
#define SINEW_SOLVERS_STEPPER_H
/*
  Steppers: how the fields advance. A stepper is a PETSc TS type plus the deck keys that it understands; all share the
  step control of step_control.h. PETSc's own types are used where they fit; ours are registered with TSRegister.

    stepper: {type: ssp, scheme: rks2, reconstruction: plm_mc, cfl: 0.8}

  For implementors: one entry in the table of stepper.c, with a function that turns the keys into a TS.
*/
#include "equation.h"
#include "mesh_motion.h"
#include "step_control.h"

/* What a stepper advances: the terms of an equation on a grid. Not owned. */
typedef struct {
  SinewEquation equation;
  SinewGrid grid;
  SinewFV fv;
  SinewMeshMotion motion; /* NULL: the mesh rests */
} SinewProblem;

typedef struct _p_SinewStepper *SinewStepper;

/* Space discretisation, read from the same section. */
typedef struct {
  const SinewReconstruction *reconstruction;
  PetscBool characteristic;
} SinewSpace;

/*
  SinewStepperCreate - reads the section `stepper`. Not collective; mistakes are recorded in the deck. *stepper is NULL
  after an unknown type. SinewStepperSpace: what the finite-volume operator needs to know.
*/
PETSC_EXTERN PetscErrorCode SinewStepperCreate(SinewDeck deck, SinewStepper *stepper);
PETSC_EXTERN PetscErrorCode SinewStepperDestroy(SinewStepper *stepper);
PETSC_EXTERN const SinewSpace *SinewStepperSpace(SinewStepper stepper);
PETSC_EXTERN const char *SinewStepperName(SinewStepper stepper);
/* What to reconsider in a choice that is not wrong, for people; NULL when there is nothing. */
PETSC_EXTERN const char *SinewStepperAdvice(SinewStepper stepper);

/*
  SinewStepperCreateTS - the TS that advances a problem, its functions, Jacobians and step control set, command line
  options heard. Collective. event, context: see SinewStepControl. The caller destroys the TS, before problem and
  stepper.
*/
PETSC_EXTERN PetscErrorCode SinewStepperCreateTS(SinewStepper stepper, MPI_Comm comm, const SinewProblem *problem,
                                                 SinewStepEvent *event, SinewStepRate *rate, void *context, TS *ts);
/* This rank's rate of the TS's solution for the terms it treats explicitly (NaN: not admissible). Not collective. */
PETSC_EXTERN PetscErrorCode SinewStepperRate(SinewStepper stepper, TS ts, PetscReal *rate);
/* Whether it can advance fields on a moving mesh. */
PETSC_EXTERN PetscBool SinewStepperMoves(SinewStepper stepper);
PETSC_EXTERN PetscInt SinewStepperMaxSteps(SinewStepper stepper); /* 0: no limit */

/* Whether the TS overwrites its solution before a step is accepted, so that the last good state must be kept outside.
 */
PETSC_EXTERN PetscBool SinewStepperOverwrites(SinewStepper stepper);
/* Forgets all but the state, as a restart does: multistep methods start afresh, preconditioners are built anew.
 * Collective. */
PETSC_EXTERN PetscErrorCode SinewStepperForget(SinewStepper stepper, TS ts);

/* Prints the keys of all steppers (name NULL) or of one; *found: whether there is such a one. Not collective. */
PETSC_EXTERN PetscErrorCode SinewStepperList(FILE *out, const char name[], PetscBool *found);

#endif
