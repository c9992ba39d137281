/* Energies of elastic bodies at points, and their derivatives. */
#include "elasticity_private.h"

/* ---- materials: energies and their derivatives by F, P += dW/dF ---- */

/* arap |F - R|^2, dW = 2 arap (F - R): R's own variation does not count, R is the nearest */
static PetscReal arap_strain(const SinewElasticity *b, const PetscReal F[], const SinewDeformation *d, PetscReal P[])
{
  const PetscInt dim = b->dim;
  PetscReal R[9], V[9], W = 0;

  if (!b->original) {
    SinewDeformRotation(d, R, NULL);
    for (PetscInt k = 0; k < dim * dim; k++) {
      W += PetscSqr(F[k] - R[k]);
      P[k] += 2 * b->arap * (F[k] - R[k]);
    }
    return b->arap * W;
  }
  /* sum (|s_i| - 1)^2: the nearest orthogonal matrix, reflections among them */
  for (PetscInt i = 0; i < dim; i++) W += PetscSqr(PetscAbsReal(d->s[i]) - 1);
  for (PetscInt k = 0; k < dim * dim; k++) V[k] = d->V[k] * (d->s[k % dim] < 0 ? -1 : 1);
  for (PetscInt i = 0; i < dim; i++) {
    for (PetscInt j = 0; j < dim; j++) {
      PetscReal nearest = 0;

      for (PetscInt k = 0; k < dim; k++) nearest += d->U[i * dim + k] * V[j * dim + k];
      P[i * dim + j] += 2 * b->arap * (F[i * dim + j] - nearest);
    }
  }
  return b->arap * W;
}

static PetscReal arap_volume(const SinewElasticity *b, const PetscReal F[], PetscReal P[])
{
  PetscReal C[9], J = SinewDeformVolume(b->dim, F, C), sign = b->original && J < 0 ? -1 : 1;

  for (PetscInt k = 0; k < b->dim * b->dim; k++) P[k] += 2 * b->volume * (sign * J - 1) * sign * C[k];
  return b->volume * PetscSqr(sign * J - 1);
}

static PetscReal hookean_strain(const SinewElasticity *b, const PetscReal F[], PetscReal P[])
{
  PetscReal C[9], J = SinewDeformVolume(b->dim, F, C), square = 0;

  for (PetscInt k = 0; k < b->dim * b->dim; k++) {
    square += F[k] * F[k];
    P[k] += b->mu * (F[k] - C[k] / J);
  }
  return J > 0 ? 0.5 * b->mu * (square - (PetscReal)b->dim - 2 * PetscLogReal(J)) : (PetscReal)NAN;
}

static PetscReal hookean_volume(const SinewElasticity *b, const PetscReal F[], PetscReal P[])
{
  PetscReal C[9], J = SinewDeformVolume(b->dim, F, C), ln = J > 0 ? PetscLogReal(J) : (PetscReal)NAN;

  for (PetscInt k = 0; k < b->dim * b->dim; k++) P[k] += b->lambda * ln * C[k] / J;
  return 0.5 * b->lambda * ln * ln;
}

static PetscReal linear_strain(const SinewElasticity *b, const PetscReal F[], PetscReal P[])
{
  const PetscInt dim = b->dim;
  PetscReal W = 0;

  for (PetscInt i = 0; i < dim; i++) {
    for (PetscInt j = 0; j < dim; j++) {
      const PetscReal e = 0.5 * (F[i * dim + j] + F[j * dim + i]) - (i == j);

      W += b->mu * e * e;
      P[i * dim + j] += 2 * b->mu * e;
    }
  }
  return W;
}

static PetscReal linear_volume(const SinewElasticity *b, const PetscReal F[], PetscReal P[])
{
  PetscReal trace = -(PetscReal)b->dim;

  for (PetscInt i = 0; i < b->dim; i++) trace += F[i * b->dim + i];
  for (PetscInt i = 0; i < b->dim; i++) P[i * b->dim + i] += b->lambda * trace;
  return 0.5 * b->lambda * trace * trace;
}

static PetscErrorCode stored(const SinewElasticity *b, int terms, const PetscReal F[], PetscReal P[], PetscReal *W)
{
  SinewDeformation d;

  PetscFunctionBegin;
  switch (b->material) {
  case SINEW_ELASTIC_ARAP:
    if (terms & SINEW_ELASTIC_STRAIN) {
      PetscCall(SinewDeform(b->dim, F, &d));
      *W += arap_strain(b, F, &d, P);
    }
    if (terms & SINEW_ELASTIC_VOLUME) *W += arap_volume(b, F, P);
    break;
  case SINEW_ELASTIC_NEO_HOOKEAN:
    if (terms & SINEW_ELASTIC_STRAIN) *W += hookean_strain(b, F, P);
    if (terms & SINEW_ELASTIC_VOLUME) *W += hookean_volume(b, F, P);
    break;
  case SINEW_ELASTIC_LINEAR:
    if (terms & SINEW_ELASTIC_STRAIN) *W += linear_strain(b, F, P);
    if (terms & SINEW_ELASTIC_VOLUME) *W += linear_volume(b, F, P);
    break;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- contact: energies and their derivatives by q ---- */

static PetscReal pressed(const SinewElasticity *b, const PetscReal q[], PetscReal g[])
{
  PetscReal energy = 0;

  for (PetscInt k = 0; k < b->obstacles; k++) {
    PetscReal slope[3], depth = SinewObstacleDepth(&b->obstacle[k], b->dim, q, slope);

    if (depth <= 0) continue;
    energy += 0.5 * b->contact * depth * depth;
    for (PetscInt i = 0; i < b->dim; i++) g[i] += b->contact * depth * slope[i];
  }
  return energy;
}

/* The released code's: minus the work on q - q_old of a force that is differentiated too. */
static PetscReal pressed_as_released(const SinewElasticity *b, const PetscReal q[], const PetscReal moved[],
                                     PetscReal g[])
{
  const PetscInt last = b->dim - 1;
  PetscReal energy = 0;

  for (PetscInt k = 0; k < b->obstacles; k++) {
    const SinewObstacle *o = &b->obstacle[k];

    if (SinewObstacleDepth(o, b->dim, q, NULL) <= 0) continue;
    if (o->kind == SINEW_OBSTACLE_PLANE) {
      energy -= b->contact * moved[last] * (o->point[last] - q[last]);
      g[last] -= b->contact * (o->point[last] - q[last] - moved[last]);
      continue;
    }
    for (PetscInt i = 0; i < b->dim; i++) {
      energy -= b->contact * moved[i] * (q[i] - o->point[i]);
      g[i] -= b->contact * (q[i] - o->point[i] + moved[i]);
    }
  }
  return energy;
}

/* ---- all terms ---- */

/* Terms of q at point p, their derivative added to g. */
static PetscReal of_place(const SinewElasticity *b, int terms, const SinewPoints *at, const SinewPointStep *step,
                          PetscInt p, const PetscReal q[], const PetscReal f[], PetscInt stride, PetscReal g[])
{
  PetscReal moved[3], energy = 0;

  for (PetscInt i = 0; i < b->dim; i++) {
    const PetscReal lag =
        terms & SINEW_ELASTIC_INERTIA ? (q[i] - inertial_place(at, step, b->dim, p, i)) / step->dt : 0;

    moved[i] = q[i] - old_place(at, step, b->dim, p, i);
    if (terms & SINEW_ELASTIC_INERTIA) {
      energy += 0.5 * b->density * lag * lag;
      g[i] += b->density * lag / step->dt;
    }
    if (terms & SINEW_ELASTIC_LOAD) {
      energy -= f[i * stride] * moved[i];
      g[i] -= f[i * stride];
    }
  }
  if (!(terms & SINEW_ELASTIC_CONTACT)) return energy;
  return energy + (b->original ? pressed_as_released(b, q, moved, g) : pressed(b, q, g));
}

PetscErrorCode SinewElasticityEnergy(const SinewElasticity *b, int terms, const SinewPoints *at,
                                     const SinewPointStep *step, PetscReal energy[], PetscReal de[])
{
  const PetscInt dim = b->dim, n = at->n;
  PetscReal f[3 * BLOCK_MAX];

  PetscFunctionBegin;
  for (PetscInt first = 0, count; first < n; first += count) {
    count = PetscMin(BLOCK_MAX, n - first);
    if (terms & SINEW_ELASTIC_LOAD) PetscCall(loads(b, at->t, count, at->x + first * dim, f));
    for (PetscInt p = first; p < first + count; p++) {
      PetscReal F[9], q[3], P[9] = {0}, g[3] = {0};

      place(b, at, p, F, q);
      energy[p] = 0;
      if (terms & (SINEW_ELASTIC_STRAIN | SINEW_ELASTIC_VOLUME)) PetscCall(stored(b, terms, F, P, &energy[p]));
      if (terms & (SINEW_ELASTIC_INERTIA | SINEW_ELASTIC_LOAD | SINEW_ELASTIC_CONTACT))
        energy[p] += of_place(b, terms, at, step, p, q, f + p - first, count, g);
      for (PetscInt i = 0; de && i < dim; i++) {
        de[i * at->channels * n + p] = g[i];
        for (PetscInt j = 0; j < dim; j++) de[(i * at->channels + 1 + j) * n + p] = P[i * dim + j];
      }
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
