#ifndef SINEW_SOLVERS_STEPPER_H
#define SINEW_SOLVERS_STEPPER_H
/*
  Steppers: how the fields advance. A stepper is a PETSc TS type plus the deck keys that it understands; all share the
  step control of step_control.h. PETSc's own types are used where they fit; ours are registered with TSRegister.

    stepper: {type: ssp, scheme: rks2, reconstruction: plm_mc, cfl: 0.8}

  For implementors: one entry in the table of stepper_types.c, with a function that turns the keys into a TS, or, for
  steppers with files or a state of their own, the hooks of stepper_private.h.
*/
#include "../io/arrays.h"
#include "grid_section.h"
#include "mesh_motion.h"
#include "step_control.h"

/* What a stepper advances: the terms of an equation on a grid. Not owned. */
typedef struct {
  SinewEquation equation;
  SinewGrid grid;
  SinewFV fv;
  SinewBoundary boundary; /* NULL: all periodic */
  SinewMeshMotion motion; /* NULL: the mesh rests */
} SinewProblem;

/* out = a A + b U + c L(U), the given parts of L at time t within the TS's step, wherever the cells are then: see
   SinewFVApply and SinewMeshMotionStage. Collective. */
PETSC_EXTERN PetscErrorCode SinewProblemApply(const SinewProblem *problem, TS ts, SinewFVParts parts, PetscReal t,
                                              Vec U, PetscReal a, Vec A, PetscReal b, PetscReal c, Vec out,
                                              PetscReal *rate);

typedef struct _p_SinewStepper *SinewStepper;

/* Space discretisation, read from the same section. */
typedef struct {
  const SinewReconstruction *reconstruction;
  PetscBool characteristic;
} SinewSpace;

/*
  SinewStepperCreate - reads the section `stepper`. Not collective; mistakes are recorded in the deck. *stepper is NULL
  after an unknown type. SinewStepperSpace: what the finite-volume operator needs to know.
  SinewStepperCreateAt - the same from any other section. path: its place in the deck; prefix: of the PETSc options that
  the TS will hear ("reference_"). Both are kept and must outlive the stepper.
*/
PETSC_EXTERN PetscErrorCode SinewStepperCreate(SinewDeck deck, SinewStepper *stepper);
PETSC_EXTERN PetscErrorCode SinewStepperCreateAt(SinewDeck deck, SinewNode section, const char path[],
                                                 const char prefix[], SinewStepper *stepper);
PETSC_EXTERN PetscErrorCode SinewStepperDestroy(SinewStepper *stepper);
PETSC_EXTERN const SinewSpace *SinewStepperSpace(SinewStepper stepper);
PETSC_EXTERN const char *SinewStepperName(SinewStepper stepper);
PETSC_EXTERN const char *SinewStepperPath(SinewStepper stepper); /* of its section in the deck */

/* SinewStepperSetDomain - tells the stepper what it may have to be told of equation and boundaries; mistakes of their
   combination are recorded in the deck. Equation and section must outlive the stepper. Not collective. */
PETSC_EXTERN PetscErrorCode SinewStepperSetDomain(SinewStepper stepper, SinewDeck deck, SinewEquation equation,
                                                  const SinewGridSection *grid);

/*
  SinewStepperPrepare - reads the files that the stepper's section names and checks what it needs of the other sections;
  mistakes are recorded in the deck. Once, when all sections have been read without a mistake. Collective.
*/
PETSC_EXTERN PetscErrorCode SinewStepperPrepare(SinewStepper stepper, MPI_Comm comm, SinewDeck deck,
                                                SinewEquation equation, const SinewGridOptions *grid);
/* What a stepper asks for, after SinewStepperPrepare. Not collective. */
PETSC_EXTERN PetscInt SinewStepperGhosts(SinewStepper stepper);       /* width of the grid's halo */
PETSC_EXTERN PetscInt SinewStepperAlign(SinewStepper stepper);        /* cells along each axis: a multiple of this */
PETSC_EXTERN PetscReal SinewStepperStep(SinewStepper stepper);        /* the only step it can take; 0: any */
PETSC_EXTERN PetscBool SinewStepperIsClassical(SinewStepper stepper); /* has no state but the solution and the step */
/* Whether it can advance equations with constraints among their components. */
PETSC_EXTERN PetscBool SinewStepperSolvesConstraints(SinewStepper stepper);
/* Whether it leaps to the steady state, which transport does not let it do. */
PETSC_EXTERN PetscBool SinewStepperSeeksSteadyState(SinewStepper stepper);
/* What to reconsider in a choice that is not wrong, for people; NULL when there is nothing. */
PETSC_EXTERN const char *SinewStepperAdvice(SinewStepper stepper);
/* Whether it works with distributed transforms, which like grids that are cut into slabs. */
PETSC_EXTERN PetscBool SinewStepperTransforms(SinewStepper stepper);

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

/*
  SinewStepperStart - makes the stepper's private state where a checkpoint has not brought it: from the initial
  condition (fresh), else from the solution, which a checkpoint of another stepper left there. The solution becomes what
  the state stands for. Raises SINEW_ERR_INPUT when it cannot. note: a line for people, or empty. Collective.
*/
PETSC_EXTERN PetscErrorCode SinewStepperStart(SinewStepper stepper, TS ts, PetscBool fresh, size_t size, char note[]);
/* Steppers whose state is no grid's (Samples): puts it into the TS's solution, whatever grid that has. Collective. */
PETSC_EXTERN PetscBool SinewStepperSamples(SinewStepper stepper);
PETSC_EXTERN PetscErrorCode SinewStepperSample(SinewStepper stepper, TS ts);
/* Equations whose components are displacements: where points x [n][3] of the grid's box are now, in place; stepper: a
   SinewStepper. Not collective. */
PETSC_EXTERN PetscErrorCode SinewStepperMove(void *stepper, PetscInt n, PetscReal x[]);
/* Numbers about the last step, for the history: as SinewOutputsColumns takes them, owned by the stepper. */
PETSC_EXTERN void SinewStepperColumns(SinewStepper stepper, PetscInt *count, const char *const **names,
                                      const PetscReal **values);
/* Why the last attempt at a step gave no candidate, the same on all ranks; NULL: it gave one. Not collective. */
PETSC_EXTERN const char *SinewStepperFailure(SinewStepper stepper);

/* Private state (histories), to and from a checkpoint. Collective. */
PETSC_EXTERN PetscErrorCode SinewStepperSave(SinewStepper stepper, TS ts, SinewFile file);
PETSC_EXTERN PetscErrorCode SinewStepperLoad(SinewStepper stepper, TS ts, SinewFile file);
/* Prints the lines of `sinew check` that are the stepper's own, after SinewStepperCreateTS. Collective. */
PETSC_EXTERN PetscErrorCode SinewStepperPlan(SinewStepper stepper, MPI_Comm comm, FILE *out);

/* Prints the keys of all steppers (name NULL) or of one; *found: whether there is such a one. Not collective. */
PETSC_EXTERN PetscErrorCode SinewStepperList(FILE *out, const char name[], PetscBool *found);

#endif
