#include "solvers/equations/scalar.h"

/* A coefficient along a row: its table and stride 1, or its constant and stride 0. */
typedef struct {
  const PetscReal *value;
  PetscInt stride;
} Line;

static Line line(const SinewScalar *s, const SinewCoefficient *c, const PetscReal *table, const SinewRow *row)
{
  if (!c->expression) return (Line){&c->constant, 0};
  return (Line){table + ((row->k - s->first[2]) * s->pitch[1] + (row->j - s->first[1])) * s->pitch[0] +
                    (row->i - s->first[0]),
                1};
}

static inline PetscReal greater(PetscReal a, PetscReal b)
{
  return a > b ? a : b;
}

static inline PetscReal magnitude(PetscReal a)
{
  return PetscAbsReal(a);
}

void SinewScalarCopy(const void *context, PetscInt n, const PetscReal *const u[], PetscReal *const w[])
{
  (void)context;
  (void)PetscArraycpy(w[0], u[0], n);
}

void SinewScalarUpwind(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const l[],
                       const PetscReal *const r[], PetscReal *const f[])
{
  const SinewScalar *s = (const SinewScalar *)context;
  const Line a = line(s, &s->velocity[row->axis], s->velocity[row->axis].face[row->axis], row);
  const PetscReal *restrict speed = a.value, *restrict ul = l[0], *restrict ur = r[0];
  PetscReal *restrict flux = f[0];

#pragma omp simd
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal v = speed[i * a.stride];

    flux[i] = v * (v >= 0 ? ul[i] : ur[i]);
  }
}

void SinewScalarPhysicalFlux(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                             PetscReal *const f[])
{
  const SinewScalar *s = (const SinewScalar *)context;
  const Line a = line(s, &s->velocity[row->axis], s->velocity[row->axis].center, row);

#pragma omp simd
  for (PetscInt i = 0; i < n; i++) f[0][i] = a.value[i * a.stride] * w[0][i];
}

void SinewScalarRate(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                     const PetscInt stride[3], const PetscReal *const inverse[3], PetscReal rate[])
{
  const SinewScalar *s = (const SinewScalar *)context;

  (void)w;
  (void)PetscArrayzero(rate, n);
  for (PetscInt d = 0; d < s->dim; d++) {
    const Line a = line(s, &s->velocity[d], s->velocity[d].center, row);

#pragma omp simd
    for (PetscInt i = 0; i < n; i++) rate[i] += magnitude(a.value[i * a.stride]) * inverse[d][i * stride[d]];
  }
}

/* Godunov's flux of u^2/2: the larger of the two upwind candidates; exact for shocks and transonic rarefactions. */
void SinewBurgersGodunov(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const l[],
                         const PetscReal *const r[], PetscReal *const f[])
{
  const PetscReal *restrict ul = l[0], *restrict ur = r[0];
  PetscReal *restrict flux = f[0];

  (void)context;
  (void)row;
#pragma omp simd
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal a = greater(ul[i], 0), b = ur[i] < 0 ? ur[i] : 0;

    flux[i] = 0.5 * greater(a * a, b * b);
  }
}

void SinewBurgersPhysicalFlux(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                              PetscReal *const f[])
{
  (void)context;
  (void)row;
#pragma omp simd
  for (PetscInt i = 0; i < n; i++) f[0][i] = 0.5 * (w[0][i] * w[0][i]);
}

void SinewBurgersRate(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                      const PetscInt stride[3], const PetscReal *const inverse[3], PetscReal rate[])
{
  const SinewScalar *s = (const SinewScalar *)context;
  const PetscReal *restrict u = w[0];

  (void)row;
  (void)PetscArrayzero(rate, n);
  for (PetscInt d = 0; d < s->dim; d++) {
#pragma omp simd
    for (PetscInt i = 0; i < n; i++) rate[i] += magnitude(u[i]) * inverse[d][i * stride[d]];
  }
}

PetscInt SinewScalarTensorEntry(const SinewScalar *s, PetscInt a, PetscInt b)
{
  if (a == b) return s->tensors == 1 ? 0 : a;
  return s->tensors <= s->dim ? -1 : s->dim + a + b - 1;
}

void SinewScalarDiffusiveFlux(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                              const PetscReal *const gradient[3][SINEW_COMPONENTS_MAX], PetscReal *const f[])
{
  const SinewScalar *s = (const SinewScalar *)context;

  (void)w;
  for (PetscInt b = 0; b < s->dim; b++) {
    const PetscInt m = SinewScalarTensorEntry(s, row->axis, b);

    if (m >= 0) {
      const Line d = line(s, &s->diffusivity[m], s->diffusivity[m].face[row->axis], row);
      const PetscReal *restrict g = gradient[b][0];
      PetscReal *restrict flux = f[0];

#pragma omp simd
      for (PetscInt i = 0; i < n; i++) flux[i] -= d.value[i * d.stride] * g[i];
    }
  }
}

/* The bound of an explicit scheme for the full tensor: |D_aa| + sum |D_ab| of Gershgorin's circle. */
void SinewScalarDiffusiveRate(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                              PetscInt stride, const PetscReal *restrict inverse, PetscReal *restrict rate)
{
  const SinewScalar *s = (const SinewScalar *)context;

  (void)w;
  for (PetscInt b = 0; b < s->dim; b++) {
    const PetscInt m = SinewScalarTensorEntry(s, row->axis, b);

    if (m >= 0) {
      const Line d = line(s, &s->diffusivity[m], s->diffusivity[m].center, row);

#pragma omp simd
      for (PetscInt i = 0; i < n; i++)
        rate[i] += 2 * magnitude(d.value[i * d.stride]) * inverse[i * stride] * inverse[i * stride];
    }
  }
}

void SinewScalarSource(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                       PetscReal *const r[])
{
  const SinewScalar *s = (const SinewScalar *)context;
  const Line q = line(s, &s->source, s->source.center, row);

  (void)w;
#pragma omp simd
  for (PetscInt i = 0; i < n; i++) r[0][i] += q.value[i * q.stride];
}
