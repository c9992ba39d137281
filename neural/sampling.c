#include "sampling.h"
#include <petscdt.h>

/* Cells an axis of the largest grid with at most n cells. */
static PetscInt cells(PetscInt dim, PetscInt n)
{
  PetscInt m = 0;

  for (;;) {
    PetscInt product = 1;

    for (PetscInt i = 0; i < dim; i++) product *= m + 1;
    if (product > n) return m;
    m++;
  }
}

PetscInt SinewSampleCount(SinewSampleKind kind, PetscInt dim, PetscInt n)
{
  PetscInt product = 1;

  if (kind != SINEW_SAMPLE_GRID) return n;
  for (PetscInt i = 0, m = cells(dim, n); i < dim; i++) product *= m;
  return product;
}

/* A permutation of 0 .. n-1, evaluated at one index: four rounds of a Feistel network on the next even power
   of two, walked until it falls below n (Black & Rogaway 2002). */
static PetscInt permuted(PetscInt64 seed, PetscInt64 stream, PetscInt n, PetscInt index)
{
  int half = 1;
  uint64_t value = (uint64_t)index, mask;

  while (((uint64_t)1 << (2 * half)) < (uint64_t)n) half++;
  mask = ((uint64_t)1 << half) - 1;
  do {
    uint64_t left = value >> half, right = value & mask;

    for (int round = 0; round < 4; round++) {
      const uint64_t next =
          left ^ (SinewRandomBits(seed, stream + ((PetscInt64)round << 48), (PetscInt64)right) & mask);

      left = right;
      right = next;
    }
    value = (left << half) | right;
  } while (value >= (uint64_t)n);
  return (PetscInt)value;
}

/* Coordinate `axis` of Sobol' point `index`, 32 bits (primitive polynomials and initial numbers of Joe & Kuo 2008). */
static uint32_t sobol(PetscInt axis, uint32_t index)
{
  static const struct {
    uint32_t degree, polynomial, m[3];
  } table[] = {{1, 0, {1, 0, 0}}, {2, 1, {1, 3, 0}}, {3, 1, {1, 3, 1}}};
  uint32_t v[32], x = 0;

  for (uint32_t k = 0; k < 32; k++) {
    if (axis == 0) {
      v[k] = (uint32_t)1 << (31 - k);
    } else {
      const uint32_t s = table[axis - 1].degree, a = table[axis - 1].polynomial;

      if (k < s) {
        v[k] = table[axis - 1].m[k] << (31 - k);
      } else {
        v[k] = v[k - s] ^ (v[k - s] >> s);
        for (uint32_t j = 1; j < s; j++) v[k] ^= ((a >> (s - 1 - j)) & 1) * v[k - j];
      }
    }
    if ((index >> k) & 1) x ^= v[k];
  }
  return x;
}

/* A point of the unit box; streams of one set are kept apart by the axis in the index. */
static PetscReal coordinate(SinewSampleKind kind, PetscInt64 seed, PetscInt64 stream, PetscInt dim, PetscInt n,
                            PetscInt index, PetscInt axis)
{
  const PetscReal jitter = SinewUniform(seed, stream, (PetscInt64)index * dim + axis);
  PetscInt m, cell = index;
  PetscReal t;

  switch (kind) {
  case SINEW_SAMPLE_STRATIFIED:
    if (dim > 1) cell = permuted(seed, stream + ((PetscInt64)(axis + 1) << 56), n, index);
    return ((PetscReal)cell + jitter) / (PetscReal)n;
  case SINEW_SAMPLE_GRID:
    m = cells(dim, n);
    for (PetscInt i = 0; i < axis; i++) cell /= m;
    return ((PetscReal)(cell % m) + jitter) / (PetscReal)m;
  case SINEW_SAMPLE_SOBOL:
    t = sobol(axis, (uint32_t)index) * 0x1p-32 + SinewUniform(seed, stream, -1 - axis);
    return t < 1 ? t : t - 1;
  case SINEW_SAMPLE_UNIFORM: break;
  }
  return jitter;
}

PetscErrorCode SinewSamplePoints(SinewSampleKind kind, PetscInt64 seed, PetscInt64 stream, PetscInt dim,
                                 const PetscReal lower[], const PetscReal upper[], PetscInt n, PetscInt first,
                                 PetscInt count, PetscReal x[])
{
  PetscFunctionBegin;
  PetscCheck(kind != SINEW_SAMPLE_SOBOL || dim <= 4, PETSC_COMM_SELF, PETSC_ERR_SUP,
             "Sobol' points have at most 4 coordinates");
  for (PetscInt p = 0; p < count; p++)
    for (PetscInt i = 0; i < dim; i++)
      x[p * dim + i] = lower[i] + (upper[i] - lower[i]) * coordinate(kind, seed, stream, dim, n, first + p, i);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewGaussLegendre(PetscInt n, PetscReal lower, PetscReal upper, PetscReal x[], PetscReal w[])
{
  PetscFunctionBegin;
  PetscCall(PetscDTGaussQuadrature(n, lower, upper, x, w));
  PetscFunctionReturn(PETSC_SUCCESS);
}
