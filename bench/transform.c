/*
  How far Sinew's transforms are from FFTW's own: milliseconds of processor time, least of many, of a forward and an
  inverse transform of n^2 reals with two thirds of the modes kept, and of FFTW's in-memory r2c and c2r of the same
  array, planned with and without timing. One rank.

    transform [-n 256] [-rounds 200]
*/
#include <complex.h>
#include <fftw3.h>
#include <time.h>

#include "io/error.h"
#include "operators/spectral.h"

typedef struct {
  SinewSpectral spectral;
  PetscReal *values;
  PetscComplex *modes;
  fftw_plan forward, inverse;
} Transform;

static double processor_seconds(void)
{
  struct timespec t;

  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static PetscErrorCode run(Transform *t, PetscBool inverse)
{
  PetscFunctionBeginUser;
  if (t->spectral && inverse)
    PetscCall(SinewSpectralInverse(t->spectral, t->modes, t->values));
  else if (t->spectral)
    PetscCall(SinewSpectralForward(t->spectral, t->values, t->modes));
  else
    fftw_execute(inverse ? t->inverse : t->forward);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode measure(const char name[], Transform *t, PetscInt rounds)
{
  double least[2] = {1e30, 1e30};

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < rounds; k++)
    for (int inverse = 0; inverse < 2; inverse++) {
      const double begin = processor_seconds();

      PetscCall(run(t, (PetscBool)inverse));
      least[inverse] = PetscMin(least[inverse], processor_seconds() - begin);
    }
  PetscCall(
      PetscPrintf(PETSC_COMM_WORLD, "%-14s forward %.3f ms, inverse %.3f ms\n", name, 1e3 * least[0], 1e3 * least[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode measure_sinew(PetscInt n, PetscInt rounds)
{
  SinewGridOptions o = {
      .dim = 2, .cells = {n, n, 1}, .upper = {1, 1, 1}, .ghosts = 1, .periodic = {PETSC_TRUE, PETSC_TRUE, PETSC_FALSE}};
  const SinewSlabBlock *block;
  Transform t = {0};
  SinewGrid grid;

  PetscFunctionBeginUser;
  PetscCall(SinewSlabRanks(PETSC_COMM_WORLD, &o, 1, o.ranks));
  PetscCall(SinewGridCreate(PETSC_COMM_WORLD, &o, 2, &grid));
  PetscCall(SinewSpectralCreate(grid, 2, 2. / 3, &t.spectral));
  block = SinewSlabGetBlock(SinewSpectralGetSlab(t.spectral));
  PetscCall(PetscCalloc2(block->cells + 1, &t.values, SinewSpectralGetModes(t.spectral)->modes + 1, &t.modes));
  PetscCall(measure("sinew", &t, rounds));
  PetscCall(PetscFree2(t.values, t.modes));
  PetscCall(SinewSpectralDestroy(&t.spectral));
  PetscCall(SinewGridDestroy(&grid));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode measure_fftw(const char name[], unsigned flags, PetscInt n, PetscInt rounds)
{
  Transform t = {0};
  double *values = fftw_alloc_real((size_t)(n * n));
  fftw_complex *modes = fftw_alloc_complex((size_t)(n * (n / 2 + 1)));

  PetscFunctionBeginUser;
  t.forward = fftw_plan_dft_r2c_2d((int)n, (int)n, values, modes, flags);
  t.inverse = fftw_plan_dft_c2r_2d((int)n, (int)n, modes, values, flags);
  for (PetscInt i = 0; i < n * n; i++) values[i] = 0;
  for (PetscInt i = 0; i < n * (n / 2 + 1); i++) modes[i] = 0;
  PetscCall(measure(name, &t, rounds));
  fftw_destroy_plan(t.forward);
  fftw_destroy_plan(t.inverse);
  fftw_free(values);
  fftw_free(modes);
  PetscFunctionReturn(PETSC_SUCCESS);
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscInt n = 256, rounds = 200;

  if (PetscInitialize(&argc, &argv, NULL, NULL)) return 1;
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-n", &n, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-rounds", &rounds, NULL));
  PetscCall(measure_sinew(n, rounds));
  PetscCall(measure_fftw("fftw measured", FFTW_MEASURE, n, rounds));
  PetscCall(measure_fftw("fftw estimated", FFTW_ESTIMATE, n, rounds));
  return PetscFinalize() ? 1 : 0;
}
