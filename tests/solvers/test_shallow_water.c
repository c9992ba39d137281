// RANKS 1 2 4
// TIMEOUT 180
/* Shallow water: lakes at rest, dam breaks, sloshing with moving shores, vortices, conservation, rank invariance. */
#include "tests/solvers/orders.h"

/* Islands that stand out of the water, a bank just below the surface, a slope into it; a wall, a shore on an open side,
   a periodic axis. */
static const char lake[] = "equation: {type: shallow_water, bathymetry: \"1.3*exp(-30*((x-0.3)^2+(y-0.4)^2)) + "
                           "0.9*exp(-40*((x-0.8)^2+(y-0.7)^2)) "
                           "+ 0.2*sin(2*pi*y)*x\", coriolis: 0.5, manning: 0.03}\n"
                           "grid: {cells: [29, 24], boundary: {x: {lower: wall, upper: outflow}}}\n"
                           "initial: {type: surface, level: 1}\n"
                           "stepper: {type: ssp, cfl: 0.4}\n"
                           "time: {end: 1}\n" NO_FILES;

static void lakes_stay_at_rest(void **state)
{
  static const char *const schemes[] = {"stepper.reconstruction=plm_mc",     "stepper.reconstruction=constant",
                                        "stepper.reconstruction=plm_minmod", "stepper.reconstruction=plm_vanleer",
                                        "stepper.reconstruction=ppm",        "grid.boundary.y=wall"};

  (void)state;
  for (size_t k = 0; k < sizeof(schemes) / sizeof(schemes[0]); k++) {
    const char *const overrides[] = {schemes[k], NULL};
    Run r = run_deck(PETSC_COMM_WORLD, lake, overrides);
    PetscReal total[3], min[3], max[3], moved, still[3], moving[3];
    Vec initial;

    assert_int_equal(r.code, 0);
    check_call(VecDuplicate(r.U, &initial));
    check_call(SinewEquationInitial(r.equation, initial));
    check_call(SinewDiagnose(r.equation, initial, total, still, max));
    assert_true(still[0] == 0 && max[0] > 0.9); /* there is dry ground */
    check_call(SinewDiagnose(r.equation, r.U, total, moving, max));
    check_call(VecAXPY(initial, -1, r.U));
    check_call(VecNorm(initial, NORM_INFINITY, &moved));
    for (int c = 1; c < 3; c++) min[c] = fmax(fabs(moving[c]), fabs(max[c]));
    print_message("  %-36s depth, discharge %.1e, velocity %.1e %.1e\n", schemes[k], (double)moved, (double)min[1],
                  (double)min[2]);
    check_close(moved, 0, 1e-14);
    for (int c = 1; c < 3; c++) check_close(min[c], 0, 1e-14);
    check_call(VecDestroy(&initial));
    end_run(&r);
  }
}

static void lakes_over_steps_on_a_line_stay_at_rest(void **state)
{
  static const char text[] =
      "equation: {type: shallow_water, bathymetry: \"x > 0.4 && x < 0.6 ? 0.7 : x > 0.8 ? 1.2 : 0\"}\n"
      "grid: {cells: [50], boundary: {x: wall}}\n"
      "initial: {type: surface, level: 1}\n"
      "stepper: {type: ssp, cfl: 0.4}\n"
      "time: {end: 5}\n" NO_FILES;
  Run r = run_deck(PETSC_COMM_WORLD, text, NULL);
  PetscReal total[2], min[2], max[2];

  (void)state;
  check_call(SinewDiagnose(r.equation, r.U, total, min, max));
  check_close(max[1], 0, 1e-14);
  check_close(min[1], 0, 1e-14);
  end_run(&r);
}

static const char dam[] = "equation: {type: shallow_water, gravity: 9.81}\n"
                          "grid: {cells: [200], lower: -5, upper: 5, boundary: {x: outflow}}\n"
                          "initial: {type: stoker, left: 1, right: 0.1}\n"
                          "stepper: {type: ssp, cfl: 0.45}\n"
                          "time: {end: 1}\n" NO_FILES;

static void dam_breaks_follow_stoker_and_ritter(void **state)
{
  static const char *const mirrored[] = {"initial={type: stoker, left: 0.1, right: 1}", NULL},
                           *const dry[] = {"initial={type: stoker, left: 1, right: 0}", NULL};
  double wet, reverse;

  (void)state;
  assert_true(order(dam, 1, 200, 0, NULL) >= 0.8); /* a bore allows first order */
  wet = l1_error(dam, NULL, 0);
  reverse = l1_error(dam, mirrored, 0);
  print_message("  L1 error of depth, 200 cells: %.5f, mirrored %.5f\n", wet, reverse);
  assert_true(wet < 4e-3);
  check_close(wet, reverse, 1e-13);
  assert_true(order(dam, 1, 200, 0, dry) >= 0.8);
  assert_true(l1_error(dam, dry, 0) < 4e-3);
}

static const char bowl[] = "equation: {type: shallow_water, gravity: 9.81, bathymetry: \"0.1*(x^2+y^2-1)\"}\n"
                           "grid: {cells: [50, 50], lower: -1.8, upper: 1.8, boundary: {x: wall, y: wall}}\n"
                           "initial: {type: thacker, depth: 0.1, radius: 1, shift: 0.5}\n"
                           "stepper: {type: ssp, cfl: 0.45}\n"
                           "time: {end: 1.1214}\n" NO_FILES;

/* Half a turn of the lake, its shore running over dry ground; friction and rotation have exact solutions as well. */
static void lakes_slosh_as_thacker_says(void **state)
{
  static const char *const damped[] = {"equation.damping=0.3", "equation.coriolis=0.4", NULL};

  (void)state;
  assert_true(order(bowl, 2, 24, 0, NULL) >= 1.2);
  assert_true(order(bowl, 2, 24, 0, damped) >= 1.2);
}

/* Shores come and go at first order, what lies between them at second. */
static void lakes_slosh_in_a_parabolic_valley(void **state)
{
  static const char text[] = "equation: {type: shallow_water, bathymetry: \"x^2-1\", damping: 0.2}\n"
                             "grid: {cells: [100], lower: -2, upper: 2, boundary: {x: outflow}}\n"
                             "initial: {type: thacker, depth: 1, radius: 1, shift: 0.4}\n"
                             "stepper: {type: ssp, cfl: 0.45}\n"
                             "time: {end: 3}\n" NO_FILES;

  (void)state;
  assert_true(order(text, 1, 100, 0, NULL) + order(text, 1, 200, 0, NULL) >= 2.2);
}

static const char vortex[] = "equation: {type: shallow_water, gravity: 1}\n"
                             "grid: {cells: [32, 32], upper: [14, 14]}\n"
                             "initial: {type: vortex, velocity: [1, 0.5]}\n"
                             "stepper: {type: ssp}\n"
                             "time: {end: 2}\n" NO_FILES;

static void vortices_converge(void **state)
{
  static const char *const turning[] = {"equation.coriolis=1", "initial={type: vortex, depth: 3}", NULL},
                           *const weno[] = {
                               "stepper={type: rk, scheme: 5dp, reconstruction: weno5, control: cfl, cfl: 0.5}", NULL};

  (void)state;
  assert_true(order(vortex, 2, 32, 0, NULL) >= 1.9);
  assert_true(order(vortex, 2, 32, 0, turning) >= 1.9);
  assert_true(order(vortex, 2, 28, 0, weno) >= 4.5);
}

/* A uniform stream on a beta plane, held by a surface that falls as g h' = -(f + beta y) u says, stays as it is: its
   depth is a parabola, which the scheme differences exactly. With another beta it turns. */
static void streams_are_in_balance_on_beta_planes(void **state)
{
  static const char text[] = "equation: {type: shallow_water, gravity: 10, coriolis: 1, beta: 2}\n"
                             "grid: {cells: [4, 32], boundary: {y: exact}}\n"
                             "initial: {type: expression, h: \"1 - 0.05*(y + y^2)\", velocity_x: 0.5}\n"
                             "stepper: {type: ssp, scheme: rks3}\ntime: {end: 1}\n" NO_FILES;
  static const char *const planes[][2] = {{"equation.beta=2", NULL}, {"equation.beta=1.9", NULL}};

  (void)state;
  for (int k = 0; k < 2; k++) {
    Run r = run_deck(PETSC_COMM_WORLD, text, planes[k]);
    PetscReal total[3], min[3], max[3];

    assert_int_equal(r.code, 0);
    check_call(SinewDiagnose(r.equation, r.U, total, min, max));
    print_message("  %s: velocity across the stream %.1e\n", planes[k][0], (double)max[2]);
    check_all(k ? max[2] > 1e-3 : max[2] < 1e-13 && min[2] > -1e-13);
    if (!k) check_close(max[1], 0.5, 1e-13);
    end_run(&r);
  }
}

/* Water runs over islands and through a closed basin: its volume stays, and depths do not become negative. */
static const char flood[] = "equation: {type: shallow_water, bathymetry: \"0.4*sin(7*x)*sin(5*y)\", manning: 0.02, "
                            "dry: 1e-3, beta: 1, coriolis: 0.1}\n"
                            "grid: {cells: [28, 24], lower: -2.5, upper: 2.5, boundary: {x: wall, y: wall}}\n"
                            "initial: {type: dam_break, inside: 1, outside: 0, radius: 0.8, spread: 0.2, seed: 3}\n"
                            "stepper: {type: ssp, cfl: 0.45}\n"
                            "time: {end: 2}\n" NO_FILES;

static void floods_keep_their_water(void **state)
{
  Run r = run_deck(PETSC_COMM_WORLD, flood, NULL);
  PetscReal before[3], after[3], min[3], max[3];
  Vec initial;

  (void)state;
  assert_int_equal(r.code, 0);
  check_call(VecDuplicate(r.U, &initial));
  check_call(SinewEquationInitial(r.equation, initial));
  check_call(SinewDiagnose(r.equation, initial, before, min, max));
  check_call(SinewDiagnose(r.equation, r.U, after, min, max));
  print_message("  volume %.15g -> %.15g, least depth %g\n", (double)before[0], (double)after[0], (double)min[0]);
  check_close(after[0], before[0], 1e-13 * before[0]);
  assert_true(min[0] > -1e-13);
  check_call(VecDestroy(&initial));
  end_run(&r);
}

/* A uniform flow under quadratic friction and Manning's: v' = -k v^2, k = drag / h + g n^2 / h^(4/3). */
static void friction_brakes_uniform_flows(void **state)
{
  static const char text[] = "equation: {type: shallow_water, drag: 0.05, manning: 0.1}\n"
                             "grid: {cells: [4, 4]}\n"
                             "initial: {type: expression, h: 0.5, velocity_x: 1.2, velocity_y: -1.6}\n"
                             "stepper: {type: ssp, scheme: rks3}\n"
                             "time: {end: 3}\n" NO_FILES;
  const double k = 0.05 / 0.5 + 9.81 * 0.01 * pow(0.5, -4. / 3), speed = 2 / (1 + k * 2 * 3);
  Run r = run_deck(PETSC_COMM_WORLD, text, NULL);
  PetscReal total[3], min[3], max[3];

  (void)state;
  check_call(SinewDiagnose(r.equation, r.U, total, min, max));
  check_close(max[1], 0.6 * speed, 1e-5);
  check_close(min[2], -0.8 * speed, 1e-5);
  end_run(&r);
}

static void ranks_do_not_change_bits(void **state)
{
  static const char *const jets[] = {
      "equation={type: shallow_water, gravity: 1, coriolis: 5, bathymetry: \"0.1*sin(2*pi*x/5)\"}",
      "grid={cells: [28, 24], upper: [5, 5]}", "initial={type: jets, seed: 7}",
      "stepper={type: ssp, scheme: rks3, reconstruction: ppm}", NULL};
  const char *const *const variants[] = {NULL, jets};

  (void)state;
  for (int v = 0; v < 2; v++) {
    Run all = run_deck(PETSC_COMM_WORLD, flood, variants[v]), one = run_deck(PETSC_COMM_SELF, flood, variants[v]);

    check_all(all.code == 0 && one.code == 0);
    check_all(checksum_of(&all) == checksum_of(&one));
    end_run(&all);
    end_run(&one);
  }
}

SINEW_TEST_MAIN(cmocka_unit_test(lakes_stay_at_rest), cmocka_unit_test(lakes_over_steps_on_a_line_stay_at_rest),
                cmocka_unit_test(dam_breaks_follow_stoker_and_ritter), cmocka_unit_test(lakes_slosh_as_thacker_says),
                cmocka_unit_test(lakes_slosh_in_a_parabolic_valley), cmocka_unit_test(vortices_converge),
                cmocka_unit_test(streams_are_in_balance_on_beta_planes), cmocka_unit_test(floods_keep_their_water),
                cmocka_unit_test(friction_brakes_uniform_flows), cmocka_unit_test(ranks_do_not_change_bits))
