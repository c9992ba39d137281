// RANKS 1 2 4
// TIMEOUT 120
/* Flow on staggered cells: order, divergence, what closed boxes keep, ranks, mistakes. */
#include "tests/solvers/decks.h"

#define TWO_PI "6.283185307179586"
static const char vortices[] = "equation: {type: navier_stokes, viscosity: 0.05, mean: [0.5, 0.25]}\n"
                               "grid: {cells: [16, 16], upper: [" TWO_PI ", " TWO_PI "]}\n"
                               "initial: {type: taylor_green}\n"
                               "stepper: {type: ssp, scheme: rks3}\ntime: {end: 1}\n" NO_FILES;

/* In a frame that moves across periodic cells, and between slip walls, which the vortices do not feel. */
static void errors_fall_by_four(void **state)
{
  static const char *const kinds[2][2] = {{"grid.boundary=periodic", "equation.mean=[0.5,0.25]"},
                                          {"grid.boundary={x: wall, y: wall}", "equation.mean=[0,0]"}};

  (void)state;
  for (int k = 0; k < 2; k++) {
    const char *coarse[] = {k ? kinds[k][0] : "time.end=1", kinds[k][1], "grid.cells=[16,16]", NULL},
               *fine[] = {k ? kinds[k][0] : "time.end=1", kinds[k][1], "grid.cells=[32,32]", NULL};

    for (PetscInt c = 0; c < 2; c++) {
      const double order = log2(l1_error(vortices, coarse, c) / l1_error(vortices, fine, c));

      print_message("  %s: order %.2f\n", kinds[k][0], order);
      check_close(order, 2, 0.1);
    }
  }
}

/* The scheme in time alone: the same grid, steps halved, against steps so small that they do not count. */
static void stages_keep_the_order_in_time(void **state)
{
  static const char *const schemes[] = {"stepper.scheme=rks2", "stepper.scheme=rks3"};
  static const char *const boxed[] = {"equation.viscosity=0.01", "initial={type: shear_layers, thickness: 0.1}",
                                      "grid.boundary={x: no_slip, y: no_slip}"};

  (void)state;
  for (int s = 0; s < 2; s++) {
    static const char *const steps[] = {"stepper.dt=0.1", "stepper.dt=0.05", "stepper.dt=0.005"};
    PetscReal norm[2];
    Run r[3];

    for (int k = 0; k < 3; k++) {
      const char *const overrides[] = {schemes[s], steps[k], boxed[0], boxed[1], boxed[2], NULL};

      r[k] = run_deck(PETSC_COMM_WORLD, vortices, overrides);
      assert_int_equal(r[k].code, 0);
    }
    for (int k = 0; k < 2; k++) {
      check_call(VecAXPY(r[k].U, -1, r[2].U));
      check_call(VecNorm(r[k].U, NORM_2, &norm[k]));
    }
    print_message("  %s: %.2e, %.2e, order %.2f\n", schemes[s], norm[0], norm[1], log2(norm[0] / norm[1]));
    check_all(log2(norm[0] / norm[1]) > s + 1.85);
    for (int k = 0; k < 3; k++) end_run(&r[k]);
  }
}

/* Sides that move: vortices carried through the box by exact velocities on its sides, which depend on time. */
static void moving_sides_keep_second_order(void **state)
{
  static const char *const steps[] = {"stepper.dt=0.04", "stepper.dt=0.02", "stepper.dt=0.0025"};
  static const char *const sides = "grid.boundary={x: exact, y: exact}";
  PetscReal norm[2];
  double error[2];
  Run r[3];

  (void)state;
  for (int k = 0; k < 2; k++) {
    const char *const overrides[] = {sides, k ? "grid.cells=[32,32]" : "grid.cells=[16,16]", NULL};

    error[k] = l1_error(vortices, overrides, 0);
  }
  print_message("  in space: order %.2f\n", log2(error[0] / error[1]));
  check_close(log2(error[0] / error[1]), 2, 0.15);
  for (int k = 0; k < 3; k++) {
    const char *const overrides[] = {sides, "stepper={type: ssp, scheme: rks2}", steps[k], NULL};

    r[k] = run_deck(PETSC_COMM_WORLD, vortices, overrides);
    assert_int_equal(r[k].code, 0);
  }
  for (int k = 0; k < 2; k++) {
    check_call(VecAXPY(r[k].U, -1, r[2].U));
    check_call(VecNorm(r[k].U, NORM_2, &norm[k]));
  }
  print_message("  in time: %.2e, %.2e, order %.2f\n", norm[0], norm[1], log2(norm[0] / norm[1]));
  check_all(log2(norm[0] / norm[1]) > 1.9);
  for (int k = 0; k < 3; k++) end_run(&r[k]);
}

/* A uniform force that depends on time, on fluid that fills a periodic box. */
static void forces_follow_time(void **state)
{
  static const char *const overrides[] = {"equation={type: navier_stokes, force: [\"cos(3*t)\", \"t\"]}",
                                          "initial={type: expression}", "stepper={type: ssp, scheme: rks3, dt: 0.01}",
                                          NULL};
  Run r = run_deck(PETSC_COMM_WORLD, vortices, overrides);
  const PetscReal *u;

  (void)state;
  check_call(VecGetArrayRead(r.U, &u));
  check_close(u[0], sin(3.) / 3, 1e-7);
  check_close(u[1], 0.5, 1e-12);
  check_call(VecRestoreArrayRead(r.U, &u));
  end_run(&r);
}

/* L1 distance of a velocity component from 4 s (1 - s) times sign, s the coordinate across; faces on sides left out. */
static double parabola_error(const char *grid, PetscInt c, double sign)
{
  const char *const overrides[] = {grid,
                                   "equation={type: navier_stokes, viscosity: 0.2}",
                                   c          ? sign > 0 ? "initial={type: expression, velocity_y: 0.7}"
                                                         : "initial={type: expression, velocity_y: -0.7}"
                                   : sign > 0 ? "initial={type: expression, velocity_x: 0.7}"
                                              : "initial={type: expression, velocity_x: -0.7}",
                                   "stepper={type: ssp, scheme: rks2, stages: 6}",
                                   "time.end=2.5",
                                   NULL};
  Run r = run_deck(PETSC_COMM_WORLD, vortices, overrides);
  const SinewAxis *x = SinewGridAxis(r.grid, 0), *y = SinewGridAxis(r.grid, 1);
  const PetscReal *u;
  double sum = 0;

  assert_int_equal(r.code, 0);
  check_call(VecGetArrayRead(r.U, &u));
  for (PetscInt n = 0; n < x->count * y->count; n++) {
    const double s = c ? x->center[n % x->count + x->ghosts] : y->center[n / x->count + y->ghosts];

    if ((c ? y->start + n / x->count : x->start + n % x->count) == 0) continue;
    sum += fabs(u[2 * n + c] - sign * 4 * s * (1 - s)) / (double)(x->cells * y->cells);
  }
  check_call(VecRestoreArrayRead(r.U, &u));
  MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD);
  end_run(&r);
  return sum;
}

/* A parabola that enters a channel leaves it, whichever way the channel lies; between, Poiseuille's flow. */
static void channels_let_out_what_comes_in(void **state)
{
  static const char *const grids[4][2] = {
      {"grid={cells: [16, 8], upper: [2, 1], boundary: {x: {lower: {type: inflow, values: {velocity_x: "
       "\"4*y*(1-y)\"}}, "
       "upper: outflow}, y: no_slip}}",
       "grid={cells: [32, 16], upper: [2, 1], boundary: {x: {lower: {type: inflow, values: {velocity_x: "
       "\"4*y*(1-y)\"}}, upper: outflow}, y: no_slip}}"},
      {"grid={cells: [16, 8], upper: [2, 1], boundary: {x: {upper: {type: inflow, values: {velocity_x: "
       "\"-4*y*(1-y)\"}}, lower: outflow}, y: no_slip}}",
       NULL},
      {"grid={cells: [8, 16], upper: [1, 2], boundary: {y: {lower: {type: inflow, values: {velocity_y: "
       "\"4*x*(1-x)\"}}, "
       "upper: outflow}, x: no_slip}}",
       NULL},
      {"grid={cells: [8, 16], upper: [1, 2], boundary: {y: {upper: {type: inflow, values: {velocity_y: "
       "\"-4*x*(1-x)\"}}, lower: outflow}, x: no_slip}}",
       NULL}};
  double coarse = 0;

  (void)state;
  for (int k = 0; k < 4; k++) {
    const double error = parabola_error(grids[k][0], k / 2, k % 2 ? -1 : 1);

    if (k == 0) {
      const double fine = parabola_error(grids[k][1], 0, 1);

      coarse = error;
      print_message("  %.2e, %.2e, order %.2f\n", coarse, fine, log2(coarse / fine));
      check_close(log2(coarse / fine), 2, 0.15);
    }
    check_close(error, coarse, 1e-10);
  }
}

/* A vortex that a stream carries out: when half of it is out, the rest is as in a channel twice as long. */
static void vortices_leave(void **state)
{
  static const char *const grids[] = {
      "grid={cells: [32, 32], lower: [0, -1], upper: [2, 1], boundary: {x: {lower: {type: inflow, values: {velocity_x: "
      "1}}, upper: outflow}, y: periodic}}",
      "grid={cells: [64, 32], lower: [0, -1], upper: [4, 1], boundary: {x: {lower: {type: inflow, values: {velocity_x: "
      "1}}, upper: outflow}, y: periodic}}"};
  PetscReal *u[2];
  double sum[2] = {0, 0};

  (void)state;
  for (int k = 0; k < 2; k++) {
    const char *const overrides[] = {
        grids[k], "equation={type: navier_stokes, viscosity: 1e-3}",
        "initial={type: expression, velocity_x: \"1 - 4*y*exp(-20*((x-1)^2 + y^2))\", velocity_y: "
        "\"4*(x-1)*exp(-20*((x-1)^2 + y^2))\"}",
        "stepper={type: ssp, scheme: rks3, dt: 0.02}", NULL};
    Run r = run_deck(PETSC_COMM_SELF, vortices, overrides);
    const PetscReal *array;
    PetscInt n;

    assert_int_equal(r.code, 0);
    check_call(VecGetLocalSize(r.U, &n));
    check_call(PetscMalloc1((size_t)n, &u[k]));
    check_call(VecGetArrayRead(r.U, &array));
    check_call(PetscArraycpy(u[k], array, n));
    check_call(VecRestoreArrayRead(r.U, &array));
    end_run(&r);
  }
  for (int n = 0; n < 32 * 32; n++) {
    const int m = n / 32 * 64 + n % 32;

    for (int c = 0; c < 2; c++) {
      const double rest = u[1][2 * m + c] - (c ? 0 : 1);

      sum[0] += (u[0][2 * n + c] - u[1][2 * m + c]) * (u[0][2 * n + c] - u[1][2 * m + c]);
      sum[1] += rest * rest;
    }
  }
  print_message("  differs by %.3f of the vortex\n", sqrt(sum[0] / sum[1]));
  check_all(sum[1] > 1 && sqrt(sum[0] / sum[1]) < 0.15);
  for (int k = 0; k < 2; k++) check_call(PetscFree(u[k]));
}

static const char *const decks[] = {
    "equation: {type: navier_stokes, viscosity: 0.01, scalars: [heat, dye], scalar_diffusivity: 0.005, buoyancy: [0.1, "
    "1], drag: 0.1, force: [\"sin(y)\", 0]}\n"
    "grid: {cells: [24, 20], boundary: {x: no_slip, y: {lower: wall, upper: {type: dirichlet, values: {velocity_x: "
    "\"sin(pi*x)\"}}}}}\n"
    "initial: {type: expression, velocity_x: \"x*(1-x)\", heat: \"y>0.5\", dye: \"gauss((x-0.5)/0.1)\"}\n"
    "stepper: {type: ssp}\ntime: {end: 0.3}\n" NO_FILES,
    "equation: {type: navier_stokes, viscosity: 0.01, scalars: [heat], scalar_diffusivity: 0.01, buoyancy: [0, 0, 1]}\n"
    "grid: {cells: [12, 10, 14], boundary: {x: periodic, y: wall, z: {lower: {type: dirichlet, values: {heat: 1}}, "
    "upper: no_slip}}}\n"
    "initial: {type: turbulence, peak: 2, velocity: 0.5}\nstepper: {type: ssp, scheme: rks3}\ntime: {end: "
    "0.2}\n" NO_FILES,
    "equation: {type: navier_stokes, viscosity: 0.01, scalars: [dye], force: [\"sin(t)\", 0], buoyancy: [0.1, 0.3]}\n"
    "grid: {cells: [20, 16], boundary: {x: {lower: {type: inflow, values: {velocity_x: \"y*(1+t)\", dye: 1}}, upper: "
    "outflow}, y: outflow}}\n"
    "initial: {type: turbulence, peak: 2, velocity: 0.5}\nstepper: {type: ssp, scheme: rk104}\ntime: {end: "
    "0.3}\n" NO_FILES,
    "equation: {type: navier_stokes, viscosity: 0.01}\n"
    "grid: {cells: [10, 12, 14], boundary: {x: outflow, y: {lower: no_slip, upper: {type: inflow, values: {velocity_y: "
    "-1}}}, z: {lower: wall, upper: outflow}}}\n"
    "initial: {type: turbulence, peak: 2, velocity: 0.5}\nstepper: {type: ssp, scheme: rks3, stages: 9}\ntime: {end: "
    "0.1}\n" NO_FILES};

static void ranks_agree(void **state)
{
  (void)state;
  for (size_t d = 0; d < sizeof(decks) / sizeof(decks[0]); d++) {
    Run all = run_deck(PETSC_COMM_WORLD, decks[d], NULL), one = run_deck(PETSC_COMM_SELF, decks[d], NULL);

    check_all(all.code == 0 && one.code == 0);
    check_close(distance_from_alone(&all, &one), 0, 1e-12);
    end_run(&all);
    end_run(&one);
  }
}

/* In a closed box scalars keep their integral and stay within their bounds, and every cell's faces balance. */
static void closed_boxes_keep_scalars(void **state)
{
  static const char *const overrides[] = {"equation.scalar_diffusivity=0", NULL};
  Run r = run_deck(PETSC_COMM_WORLD, decks[0], overrides);
  PetscReal before[4], after[4], min[4], max[4];
  const PetscReal *u;
  double worst = 0;
  Vec initial, local;
  DM dm;

  (void)state;
  check_call(VecDuplicate(r.U, &initial));
  check_call(SinewEquationInitial(r.equation, initial));
  check_call(SinewDiagnose(r.equation, initial, before, min, max));
  check_call(SinewDiagnose(r.equation, r.U, after, min, max));
  for (int c = 2; c < 4; c++) {
    check_close(after[c], before[c], 1e-14);
    check_all(min[c] > -1e-3 && max[c] < 1 + 1e-3);
  }
  check_call(SinewGridGetDM(r.grid, &dm));
  check_call(DMGetLocalVector(dm, &local));
  check_call(DMGlobalToLocal(dm, r.U, INSERT_VALUES, local));
  check_call(VecGetArrayRead(local, &u));
  {
    const SinewAxis *x = SinewGridAxis(r.grid, 0), *y = SinewGridAxis(r.grid, 1);
    const PetscInt width = x->count + 2 * x->ghosts;

    for (PetscInt n = 0; n < x->count * y->count; n++) {
      const PetscInt i = n % x->count, j = n / x->count, at = (j + y->ghosts) * width + i + x->ghosts;
      const double right = x->start + i + 1 < x->cells ? u[4 * (at + 1)] : 0,
                   top = y->start + j + 1 < y->cells ? u[4 * (at + width) + 1] : 0;

      worst = fmax(worst, fabs((right - u[4 * at]) * x->inverse[0] + (top - u[4 * at + 1]) * y->inverse[0]));
    }
  }
  check_call(VecRestoreArrayRead(local, &u));
  check_call(DMRestoreLocalVector(dm, &local));
  check_close(worst, 0, 1e-12);
  check_call(VecDestroy(&initial));
  end_run(&r);
}

/* Between walls at rest the scheme's energy falls by the dissipation that the history shows, and by nothing else: one
   short step, in a box with walls of both kinds, in a periodic one, in 3D. */
static void energy_falls_by_the_dissipation(void **state)
{
  static const char *const kinds[][3] = {
      {"grid={cells: [24, 20], boundary: {x: no_slip, y: {lower: wall, upper: no_slip}}}", "initial={type: turbulence}",
       "equation={type: navier_stokes, viscosity: 0.01, drag: 0.3}"},
      {"grid={cells: [24, 20]}", "initial={type: turbulence}", "equation={type: navier_stokes, viscosity: 0.01}"},
      {"grid={cells: [12, 10, 14], boundary: {x: periodic, y: wall, z: no_slip}}",
       "initial={type: turbulence, peak: 2}", "equation={type: navier_stokes, viscosity: 0.01}"}};

  (void)state;
  for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
    PetscReal value[2][SINEW_MEASURES_MAX];

    for (int step = 0; step < 2; step++) {
      const char *const overrides[] = {kinds[k][0],
                                       kinds[k][1],
                                       kinds[k][2],
                                       "stepper={type: euler, dt: 1e-7}",
                                       step ? "time.end=2e-7" : "time.end=1e-7",
                                       NULL};
      Run r = run_deck(PETSC_COMM_WORLD, vortices, overrides);

      assert_int_equal(r.code, 0);
      check_call((*r.equation->type->measure)(r.equation, r.U, value[step]));
      end_run(&r);
    }
    print_message("  %.3e of %.3e\n", (value[0][0] - value[1][0]) / 1e-7, value[0][2]);
    check_close((value[0][0] - value[1][0]) / 1e-7 / value[0][2], 1, 1e-5);
  }
}

static void mistakes_are_named(void **state)
{
  static const struct {
    const char *boundary, *line;
  } cases[] = {
      {"grid.boundary={x: [{type: wall, where: \"y\"}, no_slip]}",
       "command line: grid.boundary.x: navier_stokes takes one condition a side, by formulas"},
      {"equation.hyperviscosity=1", "command line: equation.hyperviscosity: only with stepper.type spectral"},
      {"grid.boundary={x: {lower: {type: inflow, values: {velocity_x: 1}}, upper: no_slip}}", NULL},
      {"grid.boundary={x: {lower: {type: inflow, values: {velocity_x: \"1+t\"}}, upper: no_slip}}", NULL},
  };

  (void)state;
  for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
    const char *const overrides[] = {cases[k].boundary, NULL};

    expect_refusal(vortices, overrides, cases[k].line);
  }
}

SINEW_TEST_MAIN(cmocka_unit_test(errors_fall_by_four), cmocka_unit_test(stages_keep_the_order_in_time),
                cmocka_unit_test(moving_sides_keep_second_order), cmocka_unit_test(forces_follow_time),
                cmocka_unit_test(channels_let_out_what_comes_in), cmocka_unit_test(vortices_leave),
                cmocka_unit_test(ranks_agree), cmocka_unit_test(closed_boxes_keep_scalars),
                cmocka_unit_test(energy_falls_by_the_dissipation), cmocka_unit_test(mistakes_are_named))
