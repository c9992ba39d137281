// RANKS 1
/* Reconstructions: exact for the polynomials they should be exact for, of the order they claim, bounded where they say
 * so. */
#include "operators/reconstruction.h"
#include "tests/harness.h"

enum { N = 64, G = 3 };

static const SinewReconstruction *find(const char *name)
{
  const SinewReconstruction *s = SinewReconstructions;

  while (s->name && strcmp(s->name, name)) s++;
  assert_non_null(s->name);
  return s;
}

/* Cell averages (or point values) of sin(x) on n cells of [0, 2 pi], and the error of the upper face values. */
static PetscReal face_error(const SinewReconstruction *s, int n)
{
  PetscReal *q = calloc((size_t)n + 2 * G, sizeof(*q)), *lower = calloc((size_t)n, sizeof(*q)),
            *upper = calloc((size_t)n, sizeof(*q)), error = 0;
  const double h = 2 * PETSC_PI / n;

  for (int i = 0; i < n + 2 * G; i++) {
    const double a = h * (i - G), b = a + h;

    q[i] = s->pointwise ? sin(0.5 * (a + b)) : (cos(a) - cos(b)) / h;
  }
  s->row(n, 1, q + G, lower, upper);
  for (int i = 0; i < n; i++) error += fabs(upper[i] - sin(h * (i + 1))) / n + fabs(lower[i] - sin(h * i)) / n;
  free(q);
  free(lower);
  free(upper);
  return error;
}

static void orders(void **state)
{
  const struct {
    const char *name;
    double least;
  } expected[] = {{"constant", 0.95},   {"plm_minmod", 1.4}, {"plm_mc", 1.9},
                  {"plm_vanleer", 1.9}, {"ppm", 2.4},        {"weno5", 4.8}};

  (void)state;
  for (size_t k = 0; k < sizeof(expected) / sizeof(expected[0]); k++) {
    const SinewReconstruction *s = find(expected[k].name);
    const double order = log2(face_error(s, 64) / face_error(s, 128));

    print_message("%-12s order of face values in L1: %.2f\n", s->name, order);
    assert_true(order > expected[k].least);
  }
}

static void linear_data_are_exact_above_first_order(void **state)
{
  PetscReal q[N + 2 * G], lower[N], upper[N];

  (void)state;
  for (int i = 0; i < N + 2 * G; i++) q[i] = 3 + 0.25 * i;
  for (const SinewReconstruction *s = SinewReconstructions; s->name; s++) {
    s->row(N, 1, q + G, lower, upper);
    for (int i = 0; i < N && s->order > 1; i++) {
      check_close(lower[i], q[i + G] - 0.125, 1e-13);
      check_close(upper[i], q[i + G] + 0.125, 1e-13);
    }
  }
}

static void bounded_schemes_stay_between_neighbours(void **state)
{
  PetscReal q[N + 2 * G], lower[N], upper[N];

  (void)state;
  srand(7);
  for (int i = 0; i < N + 2 * G; i++) q[i] = (double)rand() / RAND_MAX;
  for (const SinewReconstruction *s = SinewReconstructions; s->name; s++) {
    if (!s->bounded) continue;
    s->row(N, 1, q + G, lower, upper);
    for (int i = 0; i < N; i++) {
      const double least = fmin(q[i + G - 1], fmin(q[i + G], q[i + G + 1])),
                   most = fmax(q[i + G - 1], fmax(q[i + G], q[i + G + 1]));

      assert_true(lower[i] >= least - 1e-15 && lower[i] <= most + 1e-15);
      assert_true(upper[i] >= least - 1e-15 && upper[i] <= most + 1e-15);
    }
  }
}

/* Any stride gives the bits of stride one: axes are treated alike. */
static void strides_do_not_change_bits(void **state)
{
  PetscReal q[(N + 2 * G) * 5], line[N + 2 * G], lower[N], upper[N], l, u;

  (void)state;
  srand(11);
  for (int i = 0; i < N + 2 * G; i++) q[5 * i] = line[i] = (double)rand() / RAND_MAX;
  for (const SinewReconstruction *s = SinewReconstructions; s->name; s++) {
    s->row(N, 1, line + G, lower, upper);
    for (int i = 0; i < N; i++) {
      s->row(1, 5, q + 5 * (i + G), &l, &u);
      assert_memory_equal(&l, &lower[i], sizeof(l));
      assert_memory_equal(&u, &upper[i], sizeof(u));
    }
  }
}

/* f = g at faces plus correction, differenced, is a sixth-order derivative of g. */
static double derivative_error(int n)
{
  PetscReal *g = calloc((size_t)n + 2 * G + 1, sizeof(*g)), *f = calloc((size_t)n + 1, sizeof(*f)),
            *keep = calloc((size_t)n + 1, sizeof(*f));
  const double h = 2 * PETSC_PI / n;
  double error = 0;

  for (int i = 0; i < n + 2 * G + 1; i++) g[i] = sin(h * (i - G + 0.5));
  for (int i = 0; i <= n; i++) {
    f[i] = sin(h * i);
    keep[i] = 1;
  }
  SinewFluxCorrection(n + 1, 1, g + G, keep, f);
  for (int i = 0; i < n; i++) error = fmax(error, fabs((f[i + 1] - f[i]) / h - cos(h * (i + 0.5))));
  free(g);
  free(f);
  free(keep);
  return error;
}

static void flux_correction_is_sixth_order(void **state)
{
  const double order = log2(derivative_error(32) / derivative_error(64));

  (void)state;
  print_message("flux correction: order %.2f\n", order);
  assert_true(order > 5.8);
}

SINEW_TEST_MAIN(cmocka_unit_test(orders), cmocka_unit_test(linear_data_are_exact_above_first_order),
                cmocka_unit_test(bounded_schemes_stay_between_neighbours), cmocka_unit_test(strides_do_not_change_bits),
                cmocka_unit_test(flux_correction_is_sixth_order))
