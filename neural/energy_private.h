#ifndef SINEW_NEURAL_ENERGY_PRIVATE_H
#define SINEW_NEURAL_ENERGY_PRIVATE_H
/* What the two methods share: a solve, its metric, its sums. */
#include "energy.h"
#include "least_squares_private.h"

#define ENERGY_ROUNDING 1e-15 /* of the sum of absolute energies: what a step may gain and be nothing */

typedef struct {
  SinewLeastSquares metric;
  const SinewEnergyProblem *problem;
  SinewLeastSquaresReport *report;
  PetscReal mu;           /* damping of the metric */
  PetscReal energy, size; /* at the present weights, and the sum of |e| there */
  PetscReal decrement;    /* the root of g' (J'J + mu D)^-1 g */
  PetscReal *g, *z;       /* [P] gradient at the present weights, the metric's solution of it */
} EnergySolve;

/* The matrix at w, where the energy is linearised; its factor, with as much damping as makes it positive. */
PETSC_INTERN PetscErrorCode SinewEnergyAssemble(EnergySolve *s, const PetscReal w[]);
PETSC_INTERN PetscErrorCode SinewEnergyFactor(EnergySolve *s);
/* z = (J'J + mu D)^-1 r, rank 0's on all. */
PETSC_INTERN PetscErrorCode SinewEnergyPrecondition(EnergySolve *s, const PetscReal r[], PetscReal z[]);
/* s->z from s->g, and the decrement. */
PETSC_INTERN PetscErrorCode SinewEnergyDecrement(EnergySolve *s);
/* h = Hessian times v where the energy is linearised (w). */
PETSC_INTERN PetscErrorCode SinewEnergyCurvature(EnergySolve *s, const PetscReal w[], const PetscReal v[],
                                                 PetscReal h[]);
/* What an iteration must gain to go on. */
PETSC_INTERN PetscReal SinewEnergyLeastGain(const EnergySolve *s);
/* The whole iteration (energy_newton_cg.c), from the weights w, whose energy is known. */
PETSC_INTERN PetscErrorCode SinewEnergyNewtonCG(EnergySolve *s, PetscReal w[]);

#endif
