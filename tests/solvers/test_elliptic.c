// RANKS 1 2 4
// TIMEOUT 120
/* Elliptic problems: second order against manufactured solutions, iterations that do not grow with the grid, singular
   problems. */
#include "tests/solvers/orders.h"

#define STEADY "stepper: {type: steady}\ntime: {end: 1}\n" NO_FILES

static const char poisson[] = "equation: {type: elliptic, source: \"5*pi^2*sin(pi*x)*sin(2*pi*y)\"}\n"
                              "grid: {cells: [16, 16], boundary: {x: {type: dirichlet, values: {u: 0}}, "
                              "y: {type: dirichlet, values: {u: 0}}}}\n"
                              "initial: {type: solution, u: \"sin(pi*x)*sin(2*pi*y)\"}\n" STEADY;

static void poisson_is_second_order(void **state)
{
  (void)state;
  assert_true(fabs(order(poisson, 2, 16, 0, NULL) - 2) < 0.1);
}

/* -u'' - 20 u = s: indefinite below and above an eigenvalue. */
static void helmholtz_is_second_order(void **state)
{
  static const char text[] =
      "equation: {type: elliptic, reaction: -20, source: \"(pi^2*9/4 - 20)*cos(1.5*pi*x)\"}\n"
      "grid: {cells: [32], boundary: {x: {lower: wall, upper: {type: dirichlet, values: {u: 0}}}}}\n"
      "initial: {type: solution, u: \"cos(1.5*pi*x)\"}\n" STEADY;

  (void)state;
  assert_true(fabs(order(text, 1, 32, 0, NULL) - 2) < 0.15);
}

/* D = 1 + x y, a = 1 + x, u = exp(x) cos(y), values given on all sides. */
static void uneven_media_are_second_order(void **state)
{
  static const char text[] = "equation: {type: elliptic, diffusivity: \"1+x*y\", reaction: \"1+x\", source: "
                             "\"-exp(x)*(y*cos(y) - x*sin(y)) + (1+x)*exp(x)*cos(y)\"}\n"
                             "grid: {cells: [16, 16], boundary: {x: {type: dirichlet, values: {u: \"exp(x)*cos(y)\"}}, "
                             "y: {type: dirichlet, values: {u: \"exp(x)*cos(y)\"}}}}\n"
                             "initial: {type: solution, u: \"exp(x)*cos(y)\"}\n" STEADY;

  (void)state;
  assert_true(fabs(order(text, 2, 16, 0, NULL) - 2) < 0.2);
}

/* Nothing fixes u in a periodic box: the solution is the one that has the guess's mean. */
static void singular_problems_are_solved(void **state)
{
  static const char text[] = "equation: {type: elliptic, source: \"4*pi^2*sin(2*pi*x)\"}\n"
                             "grid: {cells: [24, 12]}\n"
                             "initial: {type: solution, u: \"sin(2*pi*x)\"}\n" STEADY;

  (void)state;
  assert_true(fabs(order(text, 2, 16, 0, NULL) - 2) < 0.1);
}

static void iterations_do_not_grow_with_the_grid(void **state)
{
  PetscInt iterations[2];

  (void)state;
  for (int k = 0; k < 2; k++) {
    const char *const overrides[] = {k ? "grid.cells=[128,128]" : "grid.cells=[32,32]", NULL};
    Run r = run_deck(PETSC_COMM_WORLD, poisson, overrides);

    assert_int_equal(r.code, 0);
    check_call(TSGetKSPIterations(r.ts, &iterations[k]));
    end_run(&r);
  }
  print_message("  Krylov iterations: %d with 32^2, %d with 128^2\n", (int)iterations[0], (int)iterations[1]);
  assert_true(iterations[0] > 0 && 10 * iterations[1] <= 14 * iterations[0]);
}

/* Krylov iterations of a problem under the transforms, and its largest error. */
static PetscInt transformed(const char *grid, const char *equation, const char *initial, double *error)
{
  const char *const overrides[] = {grid, equation, initial, NULL};
  PetscReal l1[SINEW_COMPONENTS_MAX], l2[SINEW_COMPONENTS_MAX], linf[SINEW_COMPONENTS_MAX];
  PetscInt iterations;
  PetscBool known;
  Run r = run_deck(PETSC_COMM_WORLD, poisson, overrides);

  assert_int_equal(r.code, 0);
  check_call(TSGetKSPIterations(r.ts, &iterations));
  check_call(SinewSimulationErrors(r.simulation, &known, l1, l2, linf));
  assert_true(known);
  *error = linf[0];
  end_run(&r);
  return iterations;
}

/* Constant coefficients: one iteration, whatever the sides, the axes' lengths and numbers. Others: as many on any grid.
 */
static void transforms_precondition(void **state)
{
  static const char *const sides[] = {
      "grid={cells: [20, 15], upper: [2, 1], boundary: {x: {lower: wall, upper: {type: dirichlet, values: {u: 0}}}, y: "
      "periodic}}",
      "grid={cells: [20, 14, 9], upper: [2, 1, 1], boundary: {x: {lower: wall, upper: {type: dirichlet, values: {u: "
      "0}}}, y: periodic, z: wall}}"};
  PetscInt iterations[2];
  double error[2];

  (void)state;
  check_call(PetscOptionsSetValue(NULL, "-pc_type", "sinew_fft"));
  check_call(PetscOptionsSetValue(NULL, "-ksp_type", "cg"));
  for (int k = 0; k < 2; k++) {
    iterations[0] = transformed(sides[k], "equation={type: elliptic, reaction: 2, source: \"(2+pi^2/16)*cos(pi*x/4)\"}",
                                "initial={type: solution, u: \"cos(pi*x/4)\"}", &error[0]);
    print_message("  %d iterations, error %.1e\n", (int)iterations[0], error[0]);
    assert_int_equal(iterations[0], 1);
    assert_true(error[0] < 1e-3);
  }
  for (int k = 0; k < 2; k++)
    iterations[k] = transformed(
        k ? "grid.cells=[96,96]" : "grid.cells=[24,24]",
        "equation={type: elliptic, diffusivity: \"1+x*y\", source: "
        "\"5*pi^2*(1+x*y)*sin(pi*x)*sin(2*pi*y) - pi*y*cos(pi*x)*sin(2*pi*y) - 2*pi*x*sin(pi*x)*cos(2*pi*y)\"}",
        "initial={type: solution, u: \"sin(pi*x)*sin(2*pi*y)\"}", &error[k]);
  print_message("  %d iterations with 24^2, %d with 96^2; order %.2f\n", (int)iterations[0], (int)iterations[1],
                log2(error[0] / error[1]) / 2);
  assert_true(iterations[0] > 2 && iterations[1] <= iterations[0] + 2);
  check_close(log2(error[0] / error[1]) / 2, 2, 0.1);
  check_call(PetscOptionsClearValue(NULL, "-pc_type"));
  check_call(PetscOptionsClearValue(NULL, "-ksp_type"));
}

SINEW_TEST_MAIN(cmocka_unit_test(poisson_is_second_order), cmocka_unit_test(helmholtz_is_second_order),
                cmocka_unit_test(uneven_media_are_second_order), cmocka_unit_test(singular_problems_are_solved),
                cmocka_unit_test(iterations_do_not_grow_with_the_grid), cmocka_unit_test(transforms_precondition))
