#ifndef SINEW_SOLVERS_STEPPERS_INSR_PRIVATE_H
#define SINEW_SOLVERS_STEPPERS_INSR_PRIVATE_H
/* What steppers/insr.h does not say: the deck's side, keys, and from keys, equation and box to the options of
 * neural/insr.h. */
#include "neural/insr.h"
#include "solvers/stepper_private.h"

typedef struct {
  PetscInt width, depth, activation;
  PetscReal omega;
  SinewIntList harmonics;
  PetscBool factors;
} SinewInsrNetwork;

typedef struct {
  PetscInt method, scaling, iterations, reuse, krylov_iterations, adam;
  PetscReal tolerance, stagnation, damping, damping_least, damping_most, subset, krylov_tolerance, rate;
  PetscBool acceleration;
} SinewInsrSolver;

typedef struct {
  SinewInsrSolver solver;
  PetscInt adam;
  PetscReal limit;
} SinewInsrFitting;

typedef struct {
  PetscReal dt, dt_max, rtol, atol, held_out, limit, truncation;
  PetscInt control, max_steps, rejections, formulation, scheme, seed, sampling, points, face_points, passes;
  SinewInsrNetwork network;
  SinewInsrSolver solver;
  SinewInsrFitting fit;

  SinewDomain domain;
  SinewPointwise pointwise;
  SinewInsrOptions options; /* complete after SinewInsrSectionDomain */
} SinewInsrSection;

/* Both record mistakes in the deck; not collective. Domain wants what outlives the section. */
PETSC_INTERN PetscErrorCode SinewInsrSectionRead(const SinewStepperPlace *place, SinewInsrSection *section);
PETSC_INTERN PetscErrorCode SinewInsrSectionDomain(SinewInsrSection *section, const SinewStepperPlace *place,
                                                   SinewEquation equation, const SinewGridSection *grid);
PETSC_INTERN const char *SinewInsrSectionActivation(const SinewInsrSection *section); /* the word for it */

/*
  `formulation: splitting` (insr_splitting.c). Step moves the velocity's weights w from t to t + dt, the pressure's are
  its own; a step that fails (report) changes nothing, Revert undoes the last one. All but Pressure are collective.
*/
typedef struct _p_SinewInsrSplit *SinewInsrSplit;
PETSC_INTERN PetscErrorCode SinewInsrSplitCreate(MPI_Comm comm, const SinewInsrOptions *options, SinewInsrSplit *split);
PETSC_INTERN PetscErrorCode SinewInsrSplitDestroy(SinewInsrSplit *split);
PETSC_INTERN PetscErrorCode SinewInsrSplitStep(SinewInsrSplit split, PetscReal t, PetscReal dt, PetscReal w[],
                                               SinewInsrReport *report);
PETSC_INTERN PetscErrorCode SinewInsrSplitRevert(SinewInsrSplit split, PetscReal w[]);
PETSC_INTERN SinewInsr SinewInsrSplitPressure(SinewInsrSplit split); /* whose weights checkpoints hold */

/* For the table of stepper_types.c. */
PETSC_INTERN const SinewKey SinewInsrKeys[];
PETSC_INTERN const SinewStepperHooks SinewInsrHooks;

#endif
