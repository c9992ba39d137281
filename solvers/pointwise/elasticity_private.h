#ifndef SINEW_SOLVERS_POINTWISE_ELASTICITY_PRIVATE_H
#define SINEW_SOLVERS_POINTWISE_ELASTICITY_PRIVATE_H
/* What energies (elasticity_energy.c) and rows (elasticity.c) share. */
#include "deformation.h"
#include "elasticity.h"

#define BLOCK_MAX 64 /* points whose loads are asked for at a time */

/* F and q of point p, from its jet. */
static inline void place(const SinewElasticity *b, const SinewPoints *at, PetscInt p, PetscReal F[], PetscReal q[])
{
  const PetscInt dim = b->dim, n = at->n;

  for (PetscInt i = 0; i < dim; i++) {
    const PetscReal *u = at->u + i * at->channels * n + p;

    q[i] = at->x[p * dim + i] + u[0];
    for (PetscInt j = 0; j < dim; j++) F[i * dim + j] = (i == j) + u[(1 + j) * n];
  }
}

/* Position at the old level, and where the body would be without forces. */
static inline PetscReal old_place(const SinewPoints *at, const SinewPointStep *step, PetscInt dim, PetscInt p,
                                  PetscInt i)
{
  return at->x[p * dim + i] + step->old[i * step->stride + p];
}

static inline PetscReal inertial_place(const SinewPoints *at, const SinewPointStep *step, PetscInt dim, PetscInt p,
                                       PetscInt i)
{
  return at->x[p * dim + i] + step->inertial[i * step->stride + p];
}

/* Energy of a place q in obstacles, its derivatives added to g and, unless NULL, H [dim][dim]. */
PETSC_INTERN PetscReal SinewElasticityPressed(const SinewElasticity *b, PetscReal soft, const PetscReal q[],
                                              PetscReal g[], PetscReal H[]);

/* Whether forces act. */
static inline PetscBool loaded(const SinewElasticity *b, PetscReal t)
{
  return (PetscBool)(t <= b->force_end * (1 + 1e-12));
}

/* Force per volume at n <= BLOCK_MAX points, f [dim][n]. */
static inline PetscErrorCode loads(const SinewElasticity *b, PetscReal t, PetscInt n, const PetscReal x[],
                                   PetscReal f[])
{
  PetscFunctionBegin;
  PetscCall(PetscArrayzero(f, b->dim * n));
  if (b->force && loaded(b, t)) PetscCall(b->force(b->force_ctx, t, n, x, f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

#endif
