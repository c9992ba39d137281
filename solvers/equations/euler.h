#ifndef SINEW_SOLVERS_EQUATIONS_EULER_H
#define SINEW_SOLVERS_EQUATIONS_EULER_H
/* Shared by the files of the Euler equations; private to them. */
#include "solvers/equation.h"
#include "solvers/equations/euler_kernels.h"

typedef struct {
  PetscReal gamma, viscosity, prandtl, scalar_diffusivity;
  PetscInt flux;
  SinewRealList gravity;
  SinewStringList scalars;
} SinewEulerParameters;

PETSC_INTERN const SinewInitialType SinewEulerInitials[];

/* A constant state of the one-dimensional Riemann problem. */
typedef struct {
  PetscReal rho, u, p;
} SinewRiemannState;

/* Exact solution of the Riemann problem on the ray x / t = s (Toro 2009, chapter 4). */
PETSC_INTERN SinewRiemannState SinewExactRiemann(PetscReal gamma, SinewRiemannState l, SinewRiemannState r,
                                                 PetscReal s);

#endif
