/* Energies of elastic bodies at points, and their derivatives. */
#include "elasticity_private.h"

/* ---- materials: energies and their derivatives by F, P += dW/dF and, unless NULL, H += d2W/dF2 ---- */

/* arap |F - R|^2, dW = 2 arap (F - R): R's own variation does not count, R is the nearest */
static PetscReal arap_strain(const SinewElasticity *b, const PetscReal F[], const SinewDeformation *d, PetscReal P[],
                             PetscReal H[])
{
  const PetscInt dim = b->dim, m = dim * dim;
  PetscReal R[9], dR[9][9], V[9], W = 0;

  if (!b->original) {
    SinewDeformRotation(d, R, H ? dR : NULL);
    for (PetscInt k = 0; k < m; k++) {
      W += PetscSqr(F[k] - R[k]);
      P[k] += 2 * b->arap * (F[k] - R[k]);
      for (PetscInt l = 0; H && l < m; l++) H[k * m + l] += 2 * b->arap * ((k == l) - dR[l][k]);
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

/* H += a CC' + b d2J/dF2, for functions of J = det F with cofactors C */
static void add_volume_second(PetscInt dim, const PetscReal F[], const PetscReal C[], PetscReal a, PetscReal b,
                              PetscReal H[])
{
  const PetscInt m = dim * dim;

  for (PetscInt k = 0; k < m; k++)
    for (PetscInt l = 0; l < m; l++) H[k * m + l] += a * C[k] * C[l];
  SinewDeformVolumeSecond(dim, F, b, H);
}

static PetscReal arap_volume(const SinewElasticity *b, const PetscReal F[], PetscReal P[], PetscReal H[])
{
  PetscReal C[9], J = SinewDeformVolume(b->dim, F, C), sign = b->original && J < 0 ? -1 : 1;

  for (PetscInt k = 0; k < b->dim * b->dim; k++) P[k] += 2 * b->volume * (sign * J - 1) * sign * C[k];
  if (H) add_volume_second(b->dim, F, C, 2 * b->volume, 2 * b->volume * (J - 1), H);
  return b->volume * PetscSqr(sign * J - 1);
}

static PetscReal hookean_strain(const SinewElasticity *b, const PetscReal F[], PetscReal P[], PetscReal H[])
{
  const PetscInt m = b->dim * b->dim;
  PetscReal C[9], J = SinewDeformVolume(b->dim, F, C), square = 0;

  for (PetscInt k = 0; k < m; k++) {
    square += F[k] * F[k];
    P[k] += b->mu * (F[k] - C[k] / J);
    if (H) H[k * m + k] += b->mu;
  }
  if (H) add_volume_second(b->dim, F, C, b->mu / (J * J), -b->mu / J, H);
  return J > 0 ? 0.5 * b->mu * (square - (PetscReal)b->dim - 2 * PetscLogReal(J)) : (PetscReal)NAN;
}

static PetscReal hookean_volume(const SinewElasticity *b, const PetscReal F[], PetscReal P[], PetscReal H[])
{
  PetscReal C[9], J = SinewDeformVolume(b->dim, F, C), ln = J > 0 ? PetscLogReal(J) : (PetscReal)NAN;

  for (PetscInt k = 0; k < b->dim * b->dim; k++) P[k] += b->lambda * ln * C[k] / J;
  if (H) add_volume_second(b->dim, F, C, b->lambda * (1 - ln) / (J * J), b->lambda * ln / J, H);
  return 0.5 * b->lambda * ln * ln;
}

static PetscReal linear_strain(const SinewElasticity *b, const PetscReal F[], PetscReal P[], PetscReal H[])
{
  const PetscInt dim = b->dim, m = dim * dim;
  PetscReal W = 0;

  for (PetscInt i = 0; i < dim; i++) {
    for (PetscInt j = 0; j < dim; j++) {
      const PetscReal e = 0.5 * (F[i * dim + j] + F[j * dim + i]) - (i == j);

      W += b->mu * e * e;
      P[i * dim + j] += 2 * b->mu * e;
      if (!H) continue;
      H[(i * dim + j) * m + i * dim + j] += b->mu;
      H[(i * dim + j) * m + j * dim + i] += b->mu;
    }
  }
  return W;
}

static PetscReal linear_volume(const SinewElasticity *b, const PetscReal F[], PetscReal P[], PetscReal H[])
{
  const PetscInt dim = b->dim;
  PetscReal trace = -(PetscReal)dim;

  for (PetscInt i = 0; i < dim; i++) trace += F[i * dim + i];
  for (PetscInt i = 0; i < dim; i++) P[i * dim + i] += b->lambda * trace;
  for (PetscInt i = 0; H && i < dim; i++)
    for (PetscInt j = 0; j < dim; j++) H[(i * dim + i) * dim * dim + j * dim + j] += b->lambda;
  return 0.5 * b->lambda * trace * trace;
}

static PetscErrorCode stored(const SinewElasticity *b, int terms, const PetscReal F[], PetscReal P[], PetscReal H[],
                             PetscReal *W)
{
  SinewDeformation d;

  PetscFunctionBegin;
  switch (b->material) {
  case SINEW_ELASTIC_ARAP:
    if (terms & SINEW_ELASTIC_STRAIN) {
      PetscCall(SinewDeform(b->dim, F, &d));
      *W += arap_strain(b, F, &d, P, H);
    }
    if (terms & SINEW_ELASTIC_VOLUME) *W += arap_volume(b, F, P, H);
    break;
  case SINEW_ELASTIC_NEO_HOOKEAN:
    if (terms & SINEW_ELASTIC_STRAIN) *W += hookean_strain(b, F, P, H);
    if (terms & SINEW_ELASTIC_VOLUME) *W += hookean_volume(b, F, P, H);
    break;
  case SINEW_ELASTIC_LINEAR:
    if (terms & SINEW_ELASTIC_STRAIN) *W += linear_strain(b, F, P, H);
    if (terms & SINEW_ELASTIC_VOLUME) *W += linear_volume(b, F, P, H);
    break;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- contact: energies and their derivatives by q ---- */

PetscReal SinewElasticityPressed(const SinewElasticity *b, PetscReal soft, const PetscReal q[], PetscReal g[],
                                 PetscReal H[])
{
  const PetscReal stiff = b->contact * (1 - soft);
  const PetscInt dim = b->dim;
  PetscReal energy = 0;

  for (PetscInt k = 0; k < b->obstacles; k++) {
    PetscReal slope[3], depth = SinewObstacleDepth(&b->obstacle[k], dim, q, slope);

    if (depth <= 0) continue;
    energy += 0.5 * stiff * depth * depth;
    for (PetscInt i = 0; i < dim; i++) g[i] += stiff * depth * slope[i];
    for (PetscInt i = 0; H && i < dim; i++)
      for (PetscInt j = 0; j < dim; j++) H[i * dim + j] += stiff * slope[i] * slope[j];
    if (H) SinewObstacleCurvature(&b->obstacle[k], dim, q, stiff * depth, H);
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

/* Terms of q at point p, their derivatives added to g and, unless NULL, H. */
static PetscReal of_place(const SinewElasticity *b, int terms, const SinewPoints *at, const SinewPointStep *step,
                          PetscInt p, const PetscReal q[], const PetscReal f[], PetscInt stride, PetscReal g[],
                          PetscReal H[])
{
  PetscReal moved[3], energy = 0;

  for (PetscInt i = 0; i < b->dim; i++) {
    const PetscReal lag =
        terms & SINEW_ELASTIC_INERTIA ? (q[i] - inertial_place(at, step, b->dim, p, i)) / step->dt : 0;

    moved[i] = q[i] - old_place(at, step, b->dim, p, i);
    if (terms & SINEW_ELASTIC_INERTIA) {
      energy += 0.5 * b->density * lag * lag;
      g[i] += b->density * lag / step->dt;
      if (H) H[i * b->dim + i] += b->density / (step->dt * step->dt);
    }
    if (terms & SINEW_ELASTIC_LOAD) {
      energy -= f[i * stride] * moved[i];
      g[i] -= f[i * stride];
    }
  }
  if (!(terms & SINEW_ELASTIC_CONTACT)) return energy;
  return energy + (b->original ? pressed_as_released(b, q, moved, g) : SinewElasticityPressed(b, step->soft, q, g, H));
}

/* From derivatives by q and F at point p to those by the jets. */
static void put_slopes(const SinewPoints *at, PetscInt dim, PetscInt p, const PetscReal g[], const PetscReal P[],
                       PetscReal de[])
{
  for (PetscInt i = 0; i < dim; i++) {
    de[i * at->channels * at->n + p] = g[i];
    for (PetscInt j = 0; j < dim; j++) de[(i * at->channels + 1 + j) * at->n + p] = P[i * dim + j];
  }
}

static void put_curves(const SinewPoints *at, PetscInt dim, PetscInt p, const PetscReal by_q[], const PetscReal by_F[],
                       PetscReal d2e[])
{
  const PetscInt channels = at->channels, jets = dim * channels, m = dim * dim;

  for (PetscInt i = 0; i < dim; i++)
    for (PetscInt j = 0; j < dim; j++) d2e[(i * channels * jets + j * channels) * at->n + p] = by_q[i * dim + j];
  for (PetscInt k = 0; k < m; k++)
    for (PetscInt l = 0; l < m; l++)
      d2e[((k / dim * channels + 1 + k % dim) * jets + l / dim * channels + 1 + l % dim) * at->n + p] = by_F[k * m + l];
}

PetscErrorCode SinewElasticityEnergy(const SinewElasticity *b, int terms, const SinewPoints *at,
                                     const SinewPointStep *step, PetscReal energy[], PetscReal de[], PetscReal d2e[])
{
  const PetscInt dim = b->dim, n = at->n;
  PetscReal f[3 * BLOCK_MAX];

  PetscFunctionBegin;
  PetscCheck(!d2e || !b->original, PETSC_COMM_SELF, PETSC_ERR_SUP, "no second derivatives of the released energies");
  for (PetscInt first = 0, count; first < n; first += count) {
    count = PetscMin(BLOCK_MAX, n - first);
    if (terms & SINEW_ELASTIC_LOAD) PetscCall(loads(b, at->t, count, at->x + first * dim, f));
    for (PetscInt p = first; p < first + count; p++) {
      PetscReal F[9], q[3], P[9] = {0}, g[3] = {0}, by_F[81] = {0}, by_q[9] = {0};

      place(b, at, p, F, q);
      energy[p] = 0;
      if (terms & (SINEW_ELASTIC_STRAIN | SINEW_ELASTIC_VOLUME))
        PetscCall(stored(b, terms, F, P, d2e ? by_F : NULL, &energy[p]));
      if (terms & (SINEW_ELASTIC_INERTIA | SINEW_ELASTIC_LOAD | SINEW_ELASTIC_CONTACT))
        energy[p] += of_place(b, terms, at, step, p, q, f + p - first, count, g, d2e ? by_q : NULL);
      if (de) put_slopes(at, dim, p, g, P, de);
      if (d2e) put_curves(at, dim, p, by_q, by_F, d2e);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
