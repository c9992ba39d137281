#include "solvers/equations/reaction.h"

static inline PetscReal greater(PetscReal a, PetscReal b)
{
  return a > b ? a : b;
}

void SinewReactionCopy(const void *context, PetscInt n, const PetscReal *const u[], PetscReal *const w[])
{
  const SinewReaction *s = (const SinewReaction *)context;

  for (PetscInt c = 0; c < s->species; c++) (void)PetscArraycpy(w[c], u[c], n);
}

void SinewReactionFlux(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                       const PetscReal *const gradient[3][SINEW_COMPONENTS_MAX], PetscReal *const f[])
{
  const SinewReaction *s = (const SinewReaction *)context;

  (void)w;
  for (PetscInt c = 0; c < s->species; c++) {
    const PetscReal *restrict g = gradient[row->axis][s->carrier[c]], d = s->diffusivity[c];
    PetscReal *restrict flux = f[c];

#pragma omp simd
    for (PetscInt i = 0; i < n; i++) flux[i] -= d * g[i];
  }
}

/* Bounds of |d(rate)/dw| (largest row sum), by which explicit steps are limited; formulas are not bounded. */
static void add_reaction_rate(const SinewReaction *s, PetscInt n, const PetscReal *const w[], PetscReal *restrict rate)
{
  const PetscReal *restrict u = w[0], *restrict v = w[s->species > 1];

  switch (s->kind) {
  case SINEW_GRAY_SCOTT:
    for (PetscInt i = 0; i < n; i++) rate[i] += v[i] * v[i] + 2 * PetscAbsReal(u[i] * v[i]) + s->feed + s->kill;
    break;
  case SINEW_FITZHUGH_NAGUMO:
    for (PetscInt i = 0; i < n; i++) rate[i] += greater(PetscAbsReal(1 - 3 * u[i] * u[i]) + 1, 2);
    break;
  case SINEW_ALLEN_CAHN:
    for (PetscInt i = 0; i < n; i++) rate[i] += PetscAbsReal(1 - 3 * u[i] * u[i]);
    break;
  case SINEW_FISHER_KPP:
    for (PetscInt i = 0; i < n; i++) rate[i] += s->growth * PetscAbsReal(1 - 2 * u[i]);
    break;
  default: break;
  }
}

void SinewReactionRate(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                       PetscInt stride, const PetscReal *restrict inverse, PetscReal *restrict rate)
{
  const SinewReaction *s = (const SinewReaction *)context;
  PetscReal d = 0;

  for (PetscInt c = 0; c < s->species; c++) d = greater(d, s->diffusivity[c]);
#pragma omp simd
  for (PetscInt i = 0; i < n; i++) rate[i] += 2 * d * inverse[i * stride] * inverse[i * stride];
  if (row->axis == 0) add_reaction_rate(s, n, w, rate);
}

static void formulas(const SinewReaction *s, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                     PetscReal *const r[])
{
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal x[3] = {row->x[i], row->y, row->z};
    PetscReal value[SINEW_SPECIES_MAX], rate = 0;

    for (PetscInt c = 0; c < s->species; c++) value[c] = w[c][i];
    for (PetscInt c = 0; c < s->species; c++) {
      /* what can go wrong went wrong when the formula was compiled */
      if (s->rate[c] && !SinewExpressionEvaluateWith(s->rate[c], x, row->t, value, &rate)) r[c][i] += rate;
    }
  }
}

void SinewReactionSource(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                         PetscReal *const r[])
{
  const SinewReaction *s = (const SinewReaction *)context;
  const PetscReal *restrict u = w[0], *restrict v = w[s->species > 1];
  const PetscReal feed = s->feed, loss = s->feed + s->kill, k = s->k, growth = s->growth;
  PetscReal *restrict ru = r[0], *restrict rv = r[s->species > 1];

  switch (s->kind) {
  case SINEW_GRAY_SCOTT:
#pragma omp simd
    for (PetscInt i = 0; i < n; i++) {
      const PetscReal turned = u[i] * v[i] * v[i];

      ru[i] += feed * (1 - u[i]) - turned;
      rv[i] += turned - loss * v[i];
    }
    break;
  case SINEW_FITZHUGH_NAGUMO:
#pragma omp simd
    for (PetscInt i = 0; i < n; i++) {
      ru[i] += (u[i] - u[i] * u[i] * u[i]) - (v[i] + k);
      rv[i] += u[i] - v[i];
    }
    break;
  case SINEW_ALLEN_CAHN:
#pragma omp simd
    for (PetscInt i = 0; i < n; i++) ru[i] += u[i] - u[i] * u[i] * u[i];
    break;
  case SINEW_CAHN_HILLIARD: /* constraint 0 = mu - (u^3 - u) + width^2 Laplace u */
#pragma omp simd
    for (PetscInt i = 0; i < n; i++) rv[i] += v[i] - (u[i] * u[i] * u[i] - u[i]);
    break;
  case SINEW_FISHER_KPP:
#pragma omp simd
    for (PetscInt i = 0; i < n; i++) ru[i] += growth * u[i] * (1 - u[i]);
    break;
  default: formulas(s, row, n, w, r); break;
  }
}
