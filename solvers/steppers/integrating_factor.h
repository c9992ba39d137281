#ifndef SINEW_SOLVERS_STEPPERS_INTEGRATING_FACTOR_H
#define SINEW_SOLVERS_STEPPERS_INTEGRATING_FACTOR_H
/*
  TSSINEWIF: Runge-Kutta methods with an integrating factor for semilinear problems v' = N(v, t) - D v (semilinear.h).

  With w = exp(D t) v the stiff term is gone, w' = exp(D t) N, and a Runge-Kutta method for w becomes, in v,

    Y_i     = e^(-c_i D h) v + h sum_j a_ij e^(-(c_i - c_j) D h) N(Y_j)
    v(t+h)  = e^(-D h) v + h sum_j b_j e^(-(1 - c_j) D h) N(Y_j)

  (Canuto, Hussaini, Quarteroni & Zang 2006, section 3.3): diffusion is exact, and limits no step. Only methods with
  c_j <= c_i for j < i, so that no exponent is positive, and with equidistant c, so that one table of exponentials
  serves:

    rk2  c = 0, 1               Heun
    rk3  c = 0, 1/3, 2/3        Heun's third-order method
    rk4  c = 0, 1/2, 1/2, 1     the classical one

  The modes v live here between steps; the solution vector is written at the end of each step, and read again only after
  TSRestartStep or when somebody has changed it. A candidate that is rejected leaves the last good solution, bit for
  bit. Memory: 2 arrays of modes and one a stage. Communication: that of the problem's functions.
*/
#include <petscts.h>

#include "../semilinear.h"

#define TSSINEWIF "sinew_if"

PETSC_EXTERN PetscErrorCode TSSinewIFRegister(void);
/* problem: copied; destroyed with the TS. */
PETSC_EXTERN PetscErrorCode TSSinewIFSetProblem(TS ts, const SinewSemilinear *problem);
PETSC_EXTERN PetscErrorCode TSSinewIFSetScheme(TS ts, const char scheme[]);

#endif
