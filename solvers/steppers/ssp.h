#ifndef SINEW_SOLVERS_STEPPERS_SSP_H
#define SINEW_SOLVERS_STEPPERS_SSP_H
/*
  TSSINEWSSP: strong-stability-preserving Runge-Kutta methods in Shu-Osher form with fused stages.

  PETSc's TSSSP computes L(Y) into a vector and combines vectors afterwards; on a grid whose right-hand side costs ten
  nanoseconds a cell the combinations take a third of the time. Here a stage is one function, out = a A + b Y + c L(Y),
  which a finite-volume operator evaluates in its own sweep. Without such a function the TS's right-hand side and one
  vector update are used, so the type works for any TS. A step that breaks down leaves the last good state in place, bit
  for bit; an accepted one costs no copy, because the solution and a work vector exchange their arrays (VecPlaceArray).
  So no array of the solution may be held across steps, and the caller may not place arrays in it; TSReset gives its own
  back.

  Schemes (Ketcheson 2008; Gottlieb, Ketcheson & Shu 2011):
    euler  forward Euler                                  1 stage
    rks2   second order, s >= 2 stages, coefficient s-1   (2: Heun's method)
    rks3   third order, s = n^2 stages, n >= 2            (4)
    rk104  fourth order, 10 stages, coefficient 6
  and one that is stable on a long piece of the negative axis instead, for diffusion that transport does not need to
  wait for (Runge-Kutta-Legendre; Meyer, Balsara & Aslam 2014):
    rkl2   second order, s stages, s odd: diffuses as far as (s^2 + s - 2) / 4 Euler steps
  Memory: 2 work vectors, one more for rks3 with more than 4 stages and for rk104, two more for rkl2.
*/
#include <petscts.h>

#define TSSINEWSSP "sinew_ssp"

/* out = a A + b Y + c L(Y); Y is a state at time t, out one at time `to`. A may be NULL, out is neither A nor Y.
   rate != NULL: see SinewFVApply. Collective. */
typedef PetscErrorCode SinewStage(void *context, PetscReal t, PetscReal to, Vec Y, PetscReal a, Vec A, PetscReal b,
                                  PetscReal c, Vec out, PetscReal *rate);

PETSC_EXTERN PetscErrorCode TSSinewSSPRegister(void);
PETSC_EXTERN PetscErrorCode TSSinewSSPSetScheme(TS ts, const char scheme[],
                                                PetscInt stages); /* stages 0: the scheme's own */
PETSC_EXTERN PetscErrorCode TSSinewSSPSetStage(TS ts, SinewStage *stage, void *context);
/* Rate of the last candidate, when a stage function was set and gave one; *known says so. Not collective. */
PETSC_EXTERN PetscErrorCode TSSinewSSPGetRate(TS ts, PetscReal *rate, PetscBool *known);

#endif
