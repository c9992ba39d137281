#ifndef SINEW_SOLVERS_REFERENCE_H
#define SINEW_SOLVERS_REFERENCE_H
/*
  A reference run beside a run: the same equation from the same initial state on the same grid, by a classical stepper
  of its own, so that what a neural stepper (or a cheap one) does wrong is seen where and when it happens.

    reference:
      stepper: {type: ssp, scheme: rks3, reconstruction: weno5}      # as in the section `stepper`

  It is advanced to the run's time after every step. Series then hold NAME_reference and NAME_error (run minus
  reference) for every field, the history error_l2_NAME for every primitive, and pictures with `compare: true` show run,
  reference and error side by side. Checkpoints keep it, at /reference. PETSc options: with the prefix reference_.

  Memory: one vector and what the stepper needs. Cost: the reference's own steps, at least one a step of the run.
*/
#include "integrator.h"

typedef struct _p_SinewReference *SinewReference;

PETSC_EXTERN const SinewKey SinewReferenceKeys[];

/* Reads the section `reference`; *reference is NULL where there is none, or after a mistake. Not collective. */
PETSC_EXTERN PetscErrorCode SinewReferenceCreate(SinewDeck deck, SinewReference *reference);
/* As SinewIntegratorSetDomain; reference may be NULL. */
PETSC_EXTERN PetscErrorCode SinewReferenceSetDomain(SinewReference reference, SinewDeck deck, SinewEquation equation,
                                                    const SinewGridSection *grid);
PETSC_EXTERN PetscErrorCode SinewReferenceDestroy(SinewReference *reference);
/* Collective. The problem's parts must outlive the reference. */
PETSC_EXTERN PetscErrorCode SinewReferenceSetUp(SinewReference reference, const SinewProblem *problem);
/* Begins from U at time t. Collective. */
PETSC_EXTERN PetscErrorCode SinewReferenceStart(SinewReference reference, PetscReal t, Vec U);
/* *done false: it broke down. Collective. */
PETSC_EXTERN PetscErrorCode SinewReferenceAdvance(SinewReference reference, PetscReal t, PetscBool *done);
/* What a checkpoint must make it forget; see SinewStepperForget. Collective. */
PETSC_EXTERN PetscErrorCode SinewReferenceForget(SinewReference reference);
PETSC_EXTERN Vec SinewReferenceState(SinewReference reference);        /* components, at the last time; not owned */
PETSC_EXTERN const char *SinewReferenceName(SinewReference reference); /* of the stepper's type */
PETSC_EXTERN PetscInt SinewReferenceGhosts(SinewReference reference);
/* Time and nominal step, for checkpoints (SinewReferenceStart restores the time). */
PETSC_EXTERN PetscReal SinewReferenceGetTime(SinewReference reference);
PETSC_EXTERN PetscReal SinewReferenceGetNominal(SinewReference reference);
PETSC_EXTERN PetscErrorCode SinewReferenceSetNominal(SinewReference reference, PetscReal nominal);

#endif
