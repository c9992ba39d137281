// RANKS 1 2
/* PDEBench's random states of the Euler equations: what is drawn lies where it should, and seeds are other states. */
#include "tests/solvers/decks.h"

static const char text[] = "equation: {type: euler, gamma: 1.6666666666666667}\n"
                           "grid: {cells: [128, 128], upper: [2, 1]}\n"
                           "initial: {type: random_modes, mach: 0.1, window: 0}\n"
                           "stepper: {type: euler, dt: 1e-12}\ntime: {end: 1e-12}\n" NO_FILES;

/* Means over all cells of rho, p, |v|, |rho / rho_0 - 1|, |p / p_0 - 1| with given rho_0, p_0. */
static void means(const Run *r, double rho0, double p0, double mean[5])
{
  const PetscInt n = SinewGridAxis(r->grid, 0)->count * SinewGridAxis(r->grid, 1)->count;
  const char *const names[] = {"rho", "p", "velocity_x", "velocity_y"};
  PetscReal *w[4];
  PetscInt components;

  for (int q = 0; q < 4; q++) {
    w[q] = malloc(sizeof(PetscReal) * (size_t)n);
    check_call(SinewEquationField(r->equation, r->U, names[q], &components, w[q]));
  }
  memset(mean, 0, 5 * sizeof(double));
  for (PetscInt i = 0; i < n; i++) {
    const double m[5] = {w[0][i], w[1][i], hypot(w[2][i], w[3][i]), fabs(w[0][i] / rho0 - 1), fabs(w[1][i] / p0 - 1)};

    for (int k = 0; k < 5; k++) mean[k] += m[k] / (128 * 128);
  }
  MPI_Allreduce(MPI_IN_PLACE, mean, 5, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD);
  for (int q = 0; q < 4; q++) free(w[q]);
}

static void draws_lie_in_their_ranges(void **state)
{
  double before = 0;

  (void)state;
  for (int seed = 0; seed < 4; seed++) {
    char word[32];
    const char *const overrides[] = {word, NULL};
    double m[5], rho0, p0;
    Run r;

    snprintf(word, sizeof(word), "initial.seed=%d", seed);
    r = run_deck(PETSC_COMM_WORLD, text, overrides);
    assert_int_equal(r.code, 0);
    means(&r, 1, 1, m);
    rho0 = m[0]; /* waves have no mean */
    p0 = m[1];
    means(&r, rho0, p0, m);
    print_message("  rho %.3f, p %.3f, Mach %.6f, waves of %.3f and %.3f\n", rho0, p0, m[2] / sqrt(5. / 3 * p0 / rho0),
                  m[3], m[4]);
    check_all(rho0 > 0.1 && rho0 < 10 && p0 / rho0 > 0.1 && p0 / rho0 < 10);
    check_close(m[2] / sqrt(5. / 3 * p0 / rho0), 0.1, 1e-6);
    check_all(m[3] > 0.01 && m[3] < 0.2 && m[4] > 0.01 && m[4] < 0.2);
    check_all(fabs(rho0 - before) > 1e-3);
    before = rho0;
    end_run(&r);
  }
}

/* Far from the window the gas is at rest; inside it moves. */
static void windows_leave_the_rest_at_rest(void **state)
{
  static const char *const overrides[] = {"initial.window=1", "initial.seed=5", NULL};
  Run r = run_deck(PETSC_COMM_WORLD, text, overrides);
  PetscReal total[4], low[4], high[4], w[4], rest[4], x[3] = {0.01, 0.005, 0};

  (void)state;
  assert_int_equal(r.code, 0);
  check_call(SinewDiagnose(r.equation, r.U, total, low, high));
  check_call(SinewEquationInitialPoint(r.equation, x, 0, w));
  x[0] = 1.99;
  x[1] = 0.995;
  check_call(SinewEquationInitialPoint(r.equation, x, 0, rest));
  check_close(w[0], rest[0], 1e-6 * rest[0]);
  check_close(w[3], rest[3], 1e-6 * rest[3]);
  check_close(hypot(w[1], w[2]), 0, 1e-6);
  check_all(high[1] > 0.05 && low[1] < -0.05);
  end_run(&r);
}

SINEW_TEST_MAIN(cmocka_unit_test(draws_lie_in_their_ranges), cmocka_unit_test(windows_leave_the_rest_at_rest))
