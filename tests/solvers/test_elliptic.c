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

SINEW_TEST_MAIN(cmocka_unit_test(poisson_is_second_order), cmocka_unit_test(helmholtz_is_second_order),
                cmocka_unit_test(uneven_media_are_second_order), cmocka_unit_test(singular_problems_are_solved),
                cmocka_unit_test(iterations_do_not_grow_with_the_grid))
