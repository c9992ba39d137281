// RANKS 1 2 4
// TIMEOUT 120
/* Semi-Lagrangian steps of navier_stokes: exact shifts over many cells, order, the flux form's flow, ranks. */
#include "tests/solvers/orders.h"

#define TWO_PI "6.283185307179586"

/* Uniform flow by 7 and -5 cells a step: what it carries is the same, elsewhere. */
static void carries_over_any_distance(void **state)
{
  static const char text[] =
      "equation: {type: navier_stokes, scalars: [dye], advection: semi_lagrangian}\n"
      "grid: {cells: [16, 12], upper: [16, 12]}\n"
      "initial: {type: expression, velocity_x: 7, velocity_y: -5, dye: \"sin(x) + cos(2*y) + 0.1*x\"}\n"
      "stepper: {type: euler, dt: 1}\ntime: {end: 3}\n" NO_FILES;
  Run r = run_deck(PETSC_COMM_WORLD, text, NULL);
  const SinewAxis *ax = SinewGridAxis(r.grid, 0), *ay = SinewGridAxis(r.grid, 1);
  const PetscReal *u;
  double worst = 0;

  (void)state;
  assert_int_equal(r.code, 0);
  check_call(VecGetArrayRead(r.U, &u));
  for (PetscInt n = 0; n < ax->count * ay->count; n++) {
    const int i = (int)(ax->start + n % ax->count), j = (int)(ay->start + n / ax->count);
    const double x = (i - 21 + 32) % 16 + 0.5, y = (j + 15) % 12 + 0.5;

    worst = fmax(worst, fabs(u[3 * n + 2] - (sin(x) + cos(2 * y) + 0.1 * x)));
    worst = fmax(worst, fmax(fabs(u[3 * n] - 7), fabs(u[3 * n + 1] + 5)));
  }
  check_call(VecRestoreArrayRead(r.U, &u));
  check_close(worst, 0, 1e-11);
  end_run(&r);
}

/* First order when steps and cells are refined together, at a CFL number of 3. */
static void is_of_first_order(void **state)
{
  static const char text[] = "equation: {type: navier_stokes, viscosity: 0.01, advection: semi_lagrangian}\n"
                             "grid: {cells: [32, 32], upper: [" TWO_PI ", " TWO_PI "]}\n"
                             "initial: {type: taylor_green}\n"
                             "stepper: {type: euler, dt: 0.5}\ntime: {end: 2}\n" NO_FILES;
  static const char *const walls[] = {"grid.boundary={x: wall, y: wall}", "grid.boundary={x: periodic, y: periodic}"};

  (void)state;
  for (int k = 0; k < 2; k++) {
    const char *const coarse[] = {"grid.cells=[64,64]", "stepper.dt=0.25", walls[k], NULL}, *const fine[] = {
                                                                                                "grid.cells=[128,128]",
                                                                                                "stepper.dt=0.125",
                                                                                                walls[k], NULL};
    const double before = l1_error(text, coarse, 0), after = l1_error(text, fine, 0);

    print_message("  %s: %.3e -> %.3e: order %.2f\n", walls[k], before, after, log2(before / after));
    check_close(log2(before / after), 1, 0.15);
  }
}

static const char smoke[] =
    "equation: {type: navier_stokes, viscosity: 0.02, scalars: [smoke], buoyancy: [0, 0.5], advection: "
    "semi_lagrangian}\n"
    "grid: {cells: [32, 32], upper: [8, 8], boundary: {x: no_slip, y: no_slip}}\n"
    "initial: {type: smoke, seed: 5}\n"
    "stepper: {type: euler, dt: 0.25}\ntime: {end: 2}\n" NO_FILES;

/* The L1 difference of smooth smoke from the flux form's at the same cells. */
static double difference(const char cells[], const char dt[], double *size)
{
  static const char puff[] = "initial={type: expression, smoke: \"gauss((x - 4.3) / 1.5) * gauss((y - 3) / 1.5)\"}";
  static const char scheme[] = "stepper={type: ssp, scheme: rks2, reconstruction: plm_mc}";
  const char *const leap[] = {cells, dt, puff, NULL};
  const char *const flux[] = {cells, "equation.advection=flux", puff, scheme, NULL};
  PetscReal l1[SINEW_COMPONENTS_MAX], l2[SINEW_COMPONENTS_MAX], linf[SINEW_COMPONENTS_MAX];
  Run a = run_deck(PETSC_COMM_WORLD, smoke, leap), b = run_deck(PETSC_COMM_WORLD, smoke, flux);
  double error;

  assert_int_equal(a.code, 0);
  assert_int_equal(b.code, 0);
  check_call(SinewDifference(a.equation, a.U, b.U, l1, l2, linf));
  error = l1[2];
  check_call(VecSet(a.U, 0));
  check_call(SinewDifference(a.equation, a.U, b.U, l1, l2, linf));
  *size = l1[2];
  end_run(&a);
  end_run(&b);
  return error;
}

/* The two forms have nothing in common but the projection: they must come to the same flow. */
static void comes_to_the_flux_form(void **state)
{
  double size[2];
  const double coarse = difference("grid.cells=[32,32]", "stepper.dt=0.1", &size[0]),
               fine = difference("grid.cells=[64,64]", "stepper.dt=0.05", &size[1]);

  (void)state;
  print_message("  relative difference %.3e -> %.3e: order %.2f\n", coarse / size[0], fine / size[1],
                log2(coarse / fine));
  check_all(fine / size[1] < 0.03);
  check_all(log2(coarse / fine) > 0.8);
}

static void ranks_agree(void **state)
{
  static const char *const overrides[] = {"stepper.dt=0.5", NULL};
  Run all = run_deck(PETSC_COMM_WORLD, smoke, overrides), one = run_deck(PETSC_COMM_SELF, smoke, overrides);

  (void)state;
  check_all(all.code == 0 && one.code == 0);
  check_close(distance_from_alone(&all, &one), 0, 1e-11);
  end_run(&all);
  end_run(&one);
}

/* The smoke is never more or less than it was anywhere, and nothing flows through the walls. */
static void makes_no_new_extremum(void **state)
{
  Run r = run_deck(PETSC_COMM_WORLD, smoke, NULL);
  PetscReal total[3], low[3], high[3], first[3];

  (void)state;
  check_call(SinewDiagnose(r.equation, r.U, total, low, high));
  check_call(SinewEquationInitial(r.equation, r.U));
  check_call(SinewDiagnose(r.equation, r.U, total, first, total));
  check_all(low[2] >= first[2] - 1e-12 && high[2] <= total[2] + 1e-12 && high[0] > 0.01);
  end_run(&r);
}

SINEW_TEST_MAIN(cmocka_unit_test(carries_over_any_distance), cmocka_unit_test(is_of_first_order),
                cmocka_unit_test(comes_to_the_flux_form), cmocka_unit_test(ranks_agree),
                cmocka_unit_test(makes_no_new_extremum))
