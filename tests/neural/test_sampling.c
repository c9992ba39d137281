/* Points that do not depend on who draws them, and that fill the box as they should. */
#include "neural/sampling.h"
#include "tests/harness.h"
#include <string.h>

#define N 256

static const double lower[4] = {-1, 0, 2, -3}, upper[4] = {1, 1, 5, -1};

static void test_pieces_are_the_whole(void **state)
{
  double whole[N * 4], piece[N * 4];

  (void)state;
  for (int kind = SINEW_SAMPLE_UNIFORM; kind <= SINEW_SAMPLE_SOBOL; kind++) {
    for (PetscInt dim = 1; dim <= 4; dim++) {
      const PetscInt n = SinewSampleCount((SinewSampleKind)kind, dim, N);

      check_call(SinewSamplePoints((SinewSampleKind)kind, 7, 3, dim, lower, upper, N, 0, n, whole));
      for (PetscInt first = 0; first < n; first += 100)
        check_call(SinewSamplePoints((SinewSampleKind)kind, 7, 3, dim, lower, upper, N, first, PetscMin(100, n - first),
                                     piece + first * dim));
      assert_memory_equal(whole, piece, (size_t)(n * dim) * sizeof(double));
      for (PetscInt p = 0; p < n; p++)
        for (PetscInt i = 0; i < dim; i++)
          assert_true(whole[p * dim + i] >= lower[i] && whole[p * dim + i] <= upper[i]);
      check_call(SinewSamplePoints((SinewSampleKind)kind, 7, 4, dim, lower, upper, N, 0, n, piece));
      assert_true(memcmp(whole, piece, (size_t)(n * dim) * sizeof(double)) != 0);
    }
  }
}

/* How many of N slabs of an axis hold no point, at most `allowed`. */
static void check_slabs(SinewSampleKind kind, PetscInt dim, int allowed)
{
  double x[N * 4];

  check_call(SinewSamplePoints(kind, 1, 0, dim, lower, upper, N, 0, N, x));
  for (PetscInt i = 0; i < dim; i++) {
    int seen[N] = {0}, empty = 0;

    for (PetscInt p = 0; p < N; p++)
      seen[(PetscInt)fmin(N - 1, N * (x[p * dim + i] - lower[i]) / (upper[i] - lower[i]))]++;
    for (int k = 0; k < N; k++) empty += !seen[k];
    assert_true(empty <= allowed);
  }
}

static void test_strata(void **state)
{
  (void)state;
  for (PetscInt dim = 1; dim <= 4; dim++) {
    check_slabs(SINEW_SAMPLE_STRATIFIED, dim, 0);
    check_slabs(SINEW_SAMPLE_SOBOL, dim, 1); /* rounding of the random shift */
  }
}

/* Random points would be wrong by 0.01. */
static void test_sobol_integrates(void **state)
{
  double x[4 * 4096], sum = 0;
  const double zero[4] = {0}, one[4] = {1, 1, 1, 1};

  (void)state;
  check_call(SinewSamplePoints(SINEW_SAMPLE_SOBOL, 3, 0, 4, zero, one, 4096, 0, 4096, x));
  for (int p = 0; p < 4096; p++) {
    double f = 1;

    for (int i = 0; i < 4; i++) f *= 1 + (x[4 * p + i] - 0.5);
    sum += f / 4096;
  }
  check_close(sum, 1, 2.5e-3);
}

static void test_gauss_legendre(void **state)
{
  double x[6], w[6], sum = 0;

  (void)state;
  check_call(SinewGaussLegendre(6, -1, 2, x, w));
  for (int k = 0; k < 6; k++) sum += w[k] * pow(x[k], 11);
  check_close(sum, (pow(2, 12) - 1) / 12, 1e-10);
}

SINEW_TEST_MAIN(cmocka_unit_test(test_pieces_are_the_whole), cmocka_unit_test(test_strata),
                cmocka_unit_test(test_sobol_integrates), cmocka_unit_test(test_gauss_legendre))
