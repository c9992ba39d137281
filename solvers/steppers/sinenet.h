#ifndef SINEW_SOLVERS_STEPPERS_SINENET_H
#define SINEW_SOLVERS_STEPPERS_SINENET_H
/*
  TSSINEWSINENET: time steps by a trained network (forecast.h says how), all of one length. The network need not be a
  SineNet: mmpde.h has another.

  A network that looks back needs frames of the past. While they are missing, steps of the same length are taken by a
  classical integrator, if there is one, whose states become the frames: a run that begins at t = 0 has history - 1 such
  steps before the first of the network's.

  A step of another length than the model's raises SINEW_ERR_INPUT (an output time that is no multiple of it). A state
  that step control does not accept ends the run with TS_DIVERGED_STEP_REJECTED: there is no shorter step to try. The
  solution is overwritten only by an accepted one.

  The private state, beside the solution: the older frames, and the nominal step of the warm-up. Life-cycle: TSSetType,
  TSSinewSinenetSet, TSSolve. All collective.
*/
#include "../integrator.h"
#include "forecast.h"

#define TSSINEWSINENET "sinew_sinenet"

PETSC_EXTERN PetscErrorCode TSSinewSinenetRegister(void);
/* Neither is owned; warm_up may be NULL. step: the model's. joined: the variables that a partial network does not know
   become what warm_up makes of the whole state in a step; else they stay. */
PETSC_EXTERN PetscErrorCode TSSinewSinenetSet(TS ts, SinewForecast forecast, PetscReal step, SinewIntegrator warm_up,
                                              PetscBool joined);

#endif
