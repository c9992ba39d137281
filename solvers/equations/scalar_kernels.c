#include "solvers/equations/scalar.h"

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
  const SinewCoefficientLine a = SinewCoefficientOnFaces(&s->velocity[row->axis], row);
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
  const SinewCoefficientLine a = SinewCoefficientInCells(&s->velocity[row->axis], row);

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
    const SinewCoefficientLine a = SinewCoefficientInCells(&s->velocity[d], row);

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

/* Per face: the flux's derivative along S for u = 1, which is a . S or the sum of S's components. */
static inline PetscReal along(const int dim, const PetscReal a[3], const PetscReal *restrict Sx,
                              const PetscReal *restrict Sy, const PetscReal *restrict Sz, PetscInt i)
{
  PetscReal sum = a[0] * Sx[i];

  if (dim > 1) sum += a[1] * Sy[i];
  if (dim > 2) sum += a[2] * Sz[i];
  return sum;
}

static inline void directions(const SinewScalar *s, PetscReal a[3])
{
  for (PetscInt d = 0; d < 3; d++) a[d] = s->burgers ? 1 : s->placed ? 0 : s->velocity[d].constant;
}

static inline __attribute__((always_inline)) void normal_speed(const int dim, const int burgers, const PetscReal a[3],
                                                               PetscInt n, const PetscReal *restrict u,
                                                               const PetscReal *const S[3],
                                                               const PetscReal *restrict swept,
                                                               PetscReal *restrict speed)
{
  const PetscReal *restrict x = S[0], *restrict y = S[1], *restrict z = S[2];

#pragma omp simd
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal sum = along(dim, a, x, y, z, i);

    speed[i] = magnitude((burgers ? u[i] * sum : sum) - swept[i]);
  }
}

void SinewScalarNormalSpeed(const void *context, PetscInt n, const PetscReal *const w[], const PetscReal *const S[3],
                            const PetscReal swept[], PetscReal speed[])
{
  const SinewScalar *s = (const SinewScalar *)context;
  PetscReal a[3];

  directions(s, a);
  switch (2 * s->dim + (s->burgers ? 1 : 0)) {
  case 4: normal_speed(2, 0, a, n, w[0], S, swept, speed); break;
  case 5: normal_speed(2, 1, a, n, w[0], S, swept, speed); break;
  case 6: normal_speed(3, 0, a, n, w[0], S, swept, speed); break;
  default: normal_speed(3, 1, a, n, w[0], S, swept, speed); break;
  }
}

static inline __attribute__((always_inline)) void normal_flux(const int dim, const int burgers, const PetscReal a[3],
                                                              PetscInt n, const PetscReal *const S[3],
                                                              const PetscReal *restrict swept,
                                                              const PetscReal *restrict l, const PetscReal *restrict r,
                                                              PetscReal *restrict f)
{
  const PetscReal *restrict x = S[0], *restrict y = S[1], *restrict z = S[2];

#pragma omp simd
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal ul = l[i], ur = r[i], w = swept[i], sum = along(dim, a, x, y, z, i);
    const PetscReal one = magnitude((burgers ? ul * sum : sum) - w), other = magnitude((burgers ? ur * sum : sum) - w);
    const PetscReal speed = greater(one, other);

    f[i] = (burgers ? 0.25 * sum * (ul * ul + ur * ur) : 0.5 * sum * (ul + ur)) -
           0.5 * (w * (ul + ur) + speed * (ur - ul));
  }
}

/* Rusanov's flux, which for one scalar with a linear flux is upwinding. */
void SinewScalarNormalFlux(const void *context, PetscInt n, const PetscReal *const S[3], const PetscReal swept[],
                           const PetscReal *const l[], const PetscReal *const r[], PetscReal *const f[])
{
  const SinewScalar *s = (const SinewScalar *)context;
  PetscReal a[3];

  directions(s, a);
  switch (2 * s->dim + (s->burgers ? 1 : 0)) {
  case 4: normal_flux(2, 0, a, n, S, swept, l[0], r[0], f[0]); break;
  case 5: normal_flux(2, 1, a, n, S, swept, l[0], r[0], f[0]); break;
  case 6: normal_flux(3, 0, a, n, S, swept, l[0], r[0], f[0]); break;
  default: normal_flux(3, 1, a, n, S, swept, l[0], r[0], f[0]); break;
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
      const SinewCoefficientLine d = SinewCoefficientOnFaces(&s->diffusivity[m], row);
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
      const SinewCoefficientLine d = SinewCoefficientInCells(&s->diffusivity[m], row);

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
  const SinewCoefficientLine q = SinewCoefficientInCells(&s->source, row);
  const PetscBool moved = (PetscBool)(s->equation->geometry && s->source.expression); /* source_at brings it */

  if (!moved)
#pragma omp simd
    for (PetscInt i = 0; i < n; i++) r[0][i] += q.value[i * q.stride];
  if (!s->reacting) return;
#pragma omp simd
  for (PetscInt i = 0; i < n; i++)
    r[0][i] += w[0][i] * (s->polynomial[0] + w[0][i] * (s->polynomial[1] + w[0][i] * s->polynomial[2]));
}

void SinewScalarReactionSource(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                               PetscReal *const r[])
{
  const SinewScalar *s = (const SinewScalar *)context;
  const SinewCoefficientLine q = SinewCoefficientInCells(&s->source, row),
                             a = SinewCoefficientInCells(&s->reaction, row);

#pragma omp simd
  for (PetscInt i = 0; i < n; i++) r[0][i] += q.value[i * q.stride] - a.value[i * a.stride] * w[0][i];
}
