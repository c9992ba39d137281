#include "solvers/equations/wave.h"

/* Rows: pressure p, then velocity. */

void SinewWaveCopy(const void *context, PetscInt n, const PetscReal *const u[], PetscReal *const w[])
{
  const SinewWave *s = (const SinewWave *)context;

  for (PetscInt c = 0; c <= s->dim; c++) (void)PetscArraycpy(w[c], u[c], n);
}

/* Speeds of sound of the cells above the row's faces, and of those below. */
static SinewCoefficientLine speed_above(const SinewWave *s, const SinewRow *row)
{
  return SinewCoefficientInCells(&s->speed, row);
}

static SinewCoefficientLine speed_below(const SinewWave *s, const SinewRow *row)
{
  const PetscInt *pitch = s->speed.pitch, back[3] = {1, pitch[0], pitch[0] * pitch[1]};
  SinewCoefficientLine line = SinewCoefficientInCells(&s->speed, row);

  if (line.stride) line.value -= back[row->axis];
  return line;
}

/*
  The pressure and velocity between two media of impedances c_l and c_r (the density is 1), from the characteristics
  p + c v and p - c v that arrive (LeVeque 2002, section 9.9); or the mean of both sides, which conserves energy.
*/
void SinewWaveFlux(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const l[],
                   const PetscReal *const r[], PetscReal *const f[])
{
  const SinewWave *s = (const SinewWave *)context;
  const SinewCoefficientLine a = speed_below(s, row), b = speed_above(s, row);
  const PetscReal *restrict pl = l[0], *restrict vl = l[1 + row->axis], *restrict pr = r[0],
                            *restrict vr = r[1 + row->axis];
  const PetscReal scale = s->speed.expression ? 1 : s->speed.constant * s->speed.constant;
  PetscReal *restrict fp = f[0], *restrict fv = f[1 + row->axis];

  for (PetscInt d = 0; d < s->dim; d++) (void)PetscArrayzero(f[1 + d], n);
  if (s->central) {
#pragma omp simd
    for (PetscInt i = 0; i < n; i++) {
      fp[i] = scale * (0.5 * (vl[i] + vr[i]));
      fv[i] = 0.5 * (pl[i] + pr[i]);
    }
    return;
  }
#pragma omp simd
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal cl = a.value[i * a.stride], cr = b.value[i * b.stride], inverse = 1 / (cl + cr);

    fp[i] = scale * ((cl * vl[i] + cr * vr[i]) + (pl[i] - pr[i])) * inverse;
    fv[i] = ((cr * pl[i] + cl * pr[i]) + cl * cr * (vl[i] - vr[i])) * inverse;
  }
}

/* Where the speed varies: p_t = -c^2 div v is no conservation law, and each cell sees the flux with its own c^2. */
void SinewWaveSides(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const below[],
                    const PetscReal *const l[], const PetscReal *const r[], const PetscReal *const above[],
                    PetscReal *const f[], PetscReal *const g[])
{
  const SinewWave *s = (const SinewWave *)context;
  const SinewCoefficientLine a = speed_below(s, row), b = speed_above(s, row);
  PetscReal *restrict fp = f[0], *restrict gp = g[0];

  (void)below;
  (void)l;
  (void)r;
  (void)above;
#pragma omp simd
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal cl = a.value[i * a.stride], cr = b.value[i * b.stride], v = fp[i];

    fp[i] = cl * cl * v;
    gp[i] = cr * cr * v;
  }
  for (PetscInt c = 1; c <= s->dim; c++) (void)PetscArraycpy(g[c], f[c], n);
}

/* For a uniform medium. */
void SinewWavePhysicalFlux(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                           PetscReal *const f[])
{
  const SinewWave *s = (const SinewWave *)context;
  const PetscReal square = s->speed.constant * s->speed.constant;

  for (PetscInt d = 0; d < s->dim; d++) (void)PetscArrayzero(f[1 + d], n);
  for (PetscInt i = 0; i < n; i++) {
    f[0][i] = square * w[1 + row->axis][i];
    f[1 + row->axis][i] = w[0][i];
  }
}

void SinewWaveRate(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                   const PetscInt stride[3], const PetscReal *const inverse[3], PetscReal rate[])
{
  const SinewWave *s = (const SinewWave *)context;
  const SinewCoefficientLine c = speed_above(s, row), sponge = SinewCoefficientInCells(&s->sponge, row);

  (void)w;
  for (PetscInt i = 0; i < n; i++) rate[i] = sponge.value[i * sponge.stride];
  for (PetscInt d = 0; d < s->dim; d++) {
#pragma omp simd
    for (PetscInt i = 0; i < n; i++) rate[i] += c.value[i * c.stride] * inverse[d][i * stride[d]];
  }
}

void SinewWaveSource(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                     PetscReal *const r[])
{
  const SinewWave *s = (const SinewWave *)context;
  const SinewCoefficientLine sponge = SinewCoefficientInCells(&s->sponge, row);

  for (PetscInt c = 0; c <= s->dim; c++) {
    const PetscReal *restrict q = w[c];
    PetscReal *restrict rc = r[c];

#pragma omp simd
    for (PetscInt i = 0; i < n; i++) rc[i] -= sponge.value[i * sponge.stride] * q[i];
  }
}
