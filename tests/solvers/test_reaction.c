// RANKS 1 2
// TIMEOUT 180
/* Reaction-diffusion: exact waves and interfaces, equilibria, growth rates, explicit against implicit, rank invariance.
 */
#include "tests/solvers/orders.h"

#define EQUATION "equation: {type: reaction_diffusion, reaction: "

static void fisher_waves_converge(void **state)
{
  static const char text[] = EQUATION "fisher_kpp, diffusivity: 0.5, growth: 2}\n"
                                      "grid: {cells: [40], lower: -10, upper: 15, boundary: {x: exact}}\n"
                                      "initial: {type: wave}\n"
                                      "stepper: {type: arkimex, scheme: 4, rtol: 1e-7, atol: 1e-7}\n"
                                      "time: {end: 1.5}\n" NO_FILES;
  static const char *const others[][2] = {{"equation.stiff=true", NULL},
                                          {"stepper={type: bdf, order: 4, rtol: 1e-7, atol: 1e-7}", NULL},
                                          {"stepper={type: ssp, scheme: rks3}", NULL}};

  (void)state;
  assert_true(fabs(order(text, 1, 80, 0, NULL) - 2) < 0.1);
  for (int k = 0; k < 3; k++) assert_true(fabs(order(text, 1, 40, 0, others[k]) - 2) < 0.15);
}

/* The discrete interface differs from the exact one at second order. */
static void interfaces_rest(void **state)
{
  static const char text[] = EQUATION "allen_cahn, width: 0.1}\n"
                                      "grid: {cells: [40], lower: -1, upper: 1, boundary: {x: wall}}\n"
                                      "initial: {type: interface}\n"
                                      "stepper: {type: arkimex, rtol: 1e-7, atol: 1e-7, scheme: 4}\n"
                                      "time: {end: 2}\n" NO_FILES;
  static const char *const separating[] = {"equation={type: reaction_diffusion, reaction: cahn_hilliard, width: 0.1}",
                                           "stepper={type: bdf, rtol: 1e-5, atol: 1e-5}",
                                           "petsc={pc_type: lu, pc_factor_mat_solver_type: mumps}", NULL};

  (void)state;
  assert_true(fabs(order(text, 1, 40, 0, NULL) - 2) < 0.15);
  assert_true(fabs(order(text, 1, 40, 0, separating) - 2) < 0.25);
}

/* A disc of one phase shrinks by its curvature: R^2 falls at the rate 2 width^2 (sharp-interface limit of
   u_t = width^2 Lap u + u - u^3). */
static void discs_shrink_by_curvature(void **state)
{
  static const char text[] = EQUATION "allen_cahn, width: 0.03}\n"
                                      "grid: {cells: [60, 60], lower: -0.6, upper: 0.6, boundary: {x: wall, y: wall}}\n"
                                      "initial: {type: disc, radius: 0.4}\n"
                                      "stepper: {type: ssp}\n"
                                      "time: {end: 40}\n" NO_FILES;
  Run r = run_deck(PETSC_COMM_WORLD, text, NULL);
  PetscReal total[1], min[1], max[1];
  double square;

  (void)state;
  check_call(SinewDiagnose(r.equation, r.U, total, min, max));
  square = (total[0] + 1.44) / (2 * PETSC_PI);
  print_message("  R^2 = %.5f, sharp interface %.5f\n", square, 0.16 - 2 * 0.0009 * 40);
  check_close(square, 0.16 - 2 * 0.0009 * 40, 0.005);
  end_run(&r);
}

/* Small waves in a uniform mixture grow at the rate k^2 (1 - width^2 k^2); the mean stays. */
static void mixtures_separate_at_the_rate_of_linear_theory(void **state)
{
  static const char text[] = EQUATION "cahn_hilliard, width: 0.05}\n"
                                      "grid: {cells: [128]}\n"
                                      "initial: {type: expression, u: \"1e-4*cos(4*pi*x)\"}\n"
                                      "stepper: {type: bdf, order: 3, rtol: 1e-8, atol: 1e-10}\n"
                                      "time: {end: 0.02}\n"
                                      "petsc: {pc_type: lu, pc_factor_mat_solver_type: mumps}\n" NO_FILES;
  const double k2 = 16 * PETSC_PI * PETSC_PI, rate = k2 * (1 - 0.0025 * k2);
  Run r = run_deck(PETSC_COMM_WORLD, text, NULL);
  PetscReal total[2], min[2], max[2];
  double grown;

  (void)state;
  assert_int_equal(r.code, 0);
  check_call(SinewDiagnose(r.equation, r.U, total, min, max));
  grown = log((double)max[0] / (1e-4 * cos(PETSC_PI / 64))) / 0.02;
  print_message("  rate %.3f, linear theory %.3f, mean %.1e\n", grown, rate, (double)total[0]);
  check_close(grown, rate, 5e-3 * rate);
  check_close(total[0], 0, 1e-12);
  end_run(&r);
  check_call(PetscOptionsClearValue(NULL, "-pc_type"));
  check_call(PetscOptionsClearValue(NULL, "-pc_factor_mat_solver_type"));
}

/* Phase and chemical potential together: the transforms need as few iterations on fine grids as on coarse ones. */
static void mixtures_separate_without_factorisations(void **state)
{
  static const char text[] = EQUATION "cahn_hilliard, width: 0.05}\n"
                                      "grid: {cells: [24, 24], boundary: {x: wall}}\n"
                                      "initial: {type: expression, u: \"0.1*cos(2*pi*x)*cos(4*pi*y)\"}\n"
                                      "stepper: {type: beuler, dt: 5e-4}\ntime: {end: 5e-3}\n" NO_FILES;
  static const char *const runs[][2] = {{"grid.cells=[24,24]", "petsc={pc_type: lu, pc_factor_mat_solver_type: mumps}"},
                                        {"grid.cells=[24,24]", "petsc={pc_type: sinew_fft}"},
                                        {"grid.cells=[64,64]", "petsc={pc_type: sinew_fft}"}};
  PetscInt krylov[3], newton[3];
  PetscReal norm;
  Run r[3];

  (void)state;
  for (int k = 0; k < 3; k++) {
    const char *const overrides[] = {runs[k][0], runs[k][1], NULL};

    r[k] = run_deck(PETSC_COMM_WORLD, text, overrides);
    assert_int_equal(r[k].code, 0);
    check_call(TSGetKSPIterations(r[k].ts, &krylov[k]));
    check_call(TSGetSNESIterations(r[k].ts, &newton[k]));
    check_call(PetscOptionsClearValue(NULL, "-pc_type")); /* what is set already has the last word */
    check_call(PetscOptionsClearValue(NULL, "-pc_factor_mat_solver_type"));
    print_message("  %s: %d Krylov in %d Newton iterations\n", runs[k][1], (int)krylov[k], (int)newton[k]);
  }
  check_call(VecAXPY(r[1].U, -1, r[0].U));
  check_call(VecNorm(r[1].U, NORM_INFINITY, &norm));
  check_close(norm, 0, 1e-7);
  assert_true(krylov[2] * newton[1] < 2 * newton[2] * krylov[1]);
  assert_true(krylov[2] < 8 * newton[2]);
  for (int k = 0; k < 3; k++) end_run(&r[k]);
}

/* Equilibria that can be computed by hand are left alone. */
static void equilibria_stay(void **state)
{
  /* Gray-Scott: u = (1 - sqrt(1 - 4 g^2 F)) / 2, v = (1 - u) / g with g = (F + k) / F; FitzHugh-Nagumo: u^3 = -k */
  const double F = 0.04, k = 0.06, g = (F + k) / F, u = 0.5 * (1 - sqrt(1 - 4 * g * g * F)), v = (1 - u) / g;
  const struct {
    const char *reaction;
    double u, v;
  } cases[] = {{"gray_scott, feed: 0.04, kill: 0.06", u, v}, {"fitzhugh_nagumo, k: 0.008", -0.2, -0.2}};

  (void)state;
  if (4 * g * g * F > 1) print_message("  no second equilibrium\n");
  for (int c = 0; c < 2; c++) {
    char text[1024];
    PetscReal total[2], min[2], max[2];
    Run r;

    snprintf(text, sizeof(text),
             EQUATION "%s}\ngrid: {cells: [6, 6]}\ninitial: {type: expression, u: %.17g, v: %.17g}\n"
                      "stepper: {type: rk, rtol: 1e-9, atol: 1e-9}\ntime: {end: 0.5}\n" NO_FILES,
             cases[c].reaction, cases[c].u, cases[c].v);
    r = run_deck(PETSC_COMM_WORLD, text, NULL);
    check_call(SinewDiagnose(r.equation, r.U, total, min, max));
    check_close(max[0], cases[c].u, 1e-12);
    check_close(min[1], cases[c].v, 1e-12);
    end_run(&r);
  }
}

/* Rates by formula: two species that turn into each other while they spread, a = exp(-D k^2 t) cos(t) sin(k x). */
static void formulas_are_rates(void **state)
{
  static const char text[] = EQUATION "formulas, species: [a, b], rates: [\"b + 0*x\", \"-a\"], diffusivity: 0.01}\n"
                                      "grid: {cells: [64]}\n"
                                      "initial: {type: expression, a: \"sin(2*pi*x)\", b: 0}\n"
                                      "stepper: {type: arkimex, scheme: 4, rtol: 1e-8, atol: 1e-8}\n"
                                      "time: {end: 1}\n" NO_FILES;
  static const char *const implicit[] = {"stepper={type: bdf, order: 3, rtol: 1e-7, atol: 1e-7}", NULL};
  const double decay = exp(-0.01 * 4 * PETSC_PI * PETSC_PI), top = cos(PETSC_PI / 64);

  (void)state;
  for (int k = 0; k < 2; k++) {
    Run r = run_deck(PETSC_COMM_WORLD, text, k ? implicit : NULL);
    PetscReal total[2], min[2], max[2];

    check_call(SinewDiagnose(r.equation, r.U, total, min, max));
    check_close(max[0], decay * cos(1) * top, 5e-4);
    check_close(max[1], decay * sin(1) * top, 5e-4);
    end_run(&r);
  }
}

/* Gray-Scott by an explicit method, IMEX, IMEX with a stiff reaction, and implicitly: the same solution. */
static const char spots[] = EQUATION "gray_scott}\n"
                                     "grid: {cells: [24, 20], upper: [0.5, 0.4]}\n"
                                     "initial: {type: patches, count: 2, radius: 0.06, seed: 2}\n"
                                     "stepper: {type: rk, scheme: 5dp, rtol: 1e-8, atol: 1e-8}\n"
                                     "time: {end: 6}\n" NO_FILES;

static void steppers_agree(void **state)
{
  static const char *const others[][3] = {
      {"stepper={type: arkimex, scheme: 4, rtol: 1e-7, atol: 1e-7}", NULL, NULL},
      {"stepper={type: arkimex, scheme: 4, rtol: 1e-7, atol: 1e-7}", "equation.stiff=true", NULL},
      {"stepper={type: bdf, order: 4, rtol: 1e-7, atol: 1e-7}", NULL, NULL}};
  Run a = run_deck(PETSC_COMM_WORLD, spots, NULL);

  (void)state;
  for (int k = 0; k < 3; k++) {
    Run b = run_deck(PETSC_COMM_WORLD, spots, others[k]);
    PetscReal difference;

    assert_int_equal(b.code, 0);
    check_call(VecAXPY(b.U, -1, a.U));
    check_call(VecNorm(b.U, NORM_INFINITY, &difference));
    print_message("  %s: %.1e\n", others[k][0], (double)difference);
    check_close(difference, 0, 1e-5);
    end_run(&b);
  }
  end_run(&a);
}

static void ranks_do_not_change_bits(void **state)
{
  static const char *const noise[] = {"equation={type: reaction_diffusion, reaction: fitzhugh_nagumo}",
                                      "initial={type: noise, seed: 5}", "time.end=0.2", NULL};
  const char *const *const variants[] = {NULL, noise};

  (void)state;
  for (int v = 0; v < 2; v++) {
    Run all = run_deck(PETSC_COMM_WORLD, spots, variants[v]), one = run_deck(PETSC_COMM_SELF, spots, variants[v]);

    check_all(checksum_of(&all) == checksum_of(&one));
    end_run(&all);
    end_run(&one);
  }
}

SINEW_TEST_MAIN(cmocka_unit_test(fisher_waves_converge), cmocka_unit_test(interfaces_rest),
                cmocka_unit_test(discs_shrink_by_curvature),
                cmocka_unit_test(mixtures_separate_at_the_rate_of_linear_theory),
                cmocka_unit_test(mixtures_separate_without_factorisations), cmocka_unit_test(equilibria_stay),
                cmocka_unit_test(formulas_are_rates), cmocka_unit_test(steppers_agree),
                cmocka_unit_test(ranks_do_not_change_bits))
