#ifndef SINEW_SOLVERS_STEPPERS_STEADY_H
#define SINEW_SOLVERS_STEPPERS_STEADY_H
/*
  TSSINEWSTEADY, a TS whose step leaps to the steady state: it solves F(t, u, u' = 0) = 0 for the TS's implicit function
  with its SNES and its Jacobian at shift 0, the solution before being the first guess. A linear problem takes one
  Newton step, that is one KSP solve, and a second one to make up for what the first left over. Where constants solve
  the homogeneous problem (no side fixes u) the solver works in the space without them.

  For linear problems with right-hand sides the SNES's tolerances are relative to the first residual.
*/
#include <petscts.h>

#define TSSINEWSTEADY "sinew_steady"

PETSC_EXTERN PetscErrorCode TSSinewSteadyRegister(void);

#endif
