#ifndef SINEW_SOLVERS_INTEGRATOR_H
#define SINEW_SOLVERS_INTEGRATOR_H
/*
  A classical stepper beside the run's own: the same equation on the same grid, advanced from one given time to another
  as often as asked. Neural steppers fill their missing history with it (`warm_up`), and a run is compared with it
  (`reference`, reference.h). Space discretisation, step control and PETSc options are its own.

  Life-cycle
    SinewIntegratorCreate   reads a section like `stepper`, whose type must be classical; mistakes go to the deck
  SinewIntegratorSetDomain  has its stepper look at the equation, before that is attached to the grid
    SinewIntegratorSetUp    makes finite-volume operator and TS; the grid needs SinewIntegratorGhosts
    SinewIntegratorAdvance  any number of times
    SinewIntegratorDestroy  before the problem's parts

  Between two calls it remembers nothing but its nominal step (and what SinewIntegratorForget makes it forget), so that
  a run that saves and restores this number repeats itself. Cost per step: that of the stepper, and one reduction of two
  numbers.
*/
#include "stepper.h"

typedef struct _p_SinewIntegrator *SinewIntegrator;

/* path, prefix: as in SinewStepperCreateAt. Not collective. *integrator is NULL after a mistake. */
PETSC_EXTERN PetscErrorCode SinewIntegratorCreate(SinewDeck deck, SinewNode section, const char path[],
                                                  const char prefix[], SinewIntegrator *integrator);
/* As SinewStepperSetDomain, once; equation may be NULL after a mistake. */
PETSC_EXTERN PetscErrorCode SinewIntegratorSetDomain(SinewIntegrator integrator, SinewDeck deck, SinewEquation equation,
                                                     const SinewGridSection *grid);
PETSC_EXTERN PetscErrorCode SinewIntegratorDestroy(SinewIntegrator *integrator);
/* Collective. The parts of the problem are not owned and must outlive the integrator; its fv is not used. */
PETSC_EXTERN PetscErrorCode SinewIntegratorSetUp(SinewIntegrator integrator, const SinewProblem *problem);
/* U at time `from` becomes U at time `to`, exactly. *done false: it broke down, U is the last good state before. The
 * same U and contiguous times at every call. Collective. */
PETSC_EXTERN PetscErrorCode SinewIntegratorAdvance(SinewIntegrator integrator, PetscReal from, PetscReal to, Vec U,
                                                   PetscBool *done);
/* The nominal step for the next call; 0: to be chosen from the state. Not collective. */
PETSC_EXTERN PetscReal SinewIntegratorGetNominal(SinewIntegrator integrator);
PETSC_EXTERN PetscErrorCode SinewIntegratorSetNominal(SinewIntegrator integrator, PetscReal nominal);
/* As SinewStepperForget: what a checkpoint must do, so that the continued run is the same. Collective. */
PETSC_EXTERN PetscErrorCode SinewIntegratorForget(SinewIntegrator integrator);
PETSC_EXTERN PetscInt SinewIntegratorGhosts(SinewIntegrator integrator);
PETSC_EXTERN const char *SinewIntegratorName(SinewIntegrator integrator); /* of the stepper's type */

#endif
