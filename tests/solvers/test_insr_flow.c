// RANKS 1 2
// TIMEOUT 240
/* Incompressible flow as network weights: sides that hold velocities, the splitting, against exact solutions. */
#include "tests/solvers/decks.h"

#define DECK(equation, grid, initial, stepper, end)                                                                 \
  "equation: {type: navier_stokes, " equation "}\ngrid: {" grid "}\ninitial: {" initial "}\nstepper: {type: insr, " \
  "held_out: 0, " stepper "}\ntime: {end: " #end "}\n" NO_FILES

typedef void Exact(const PetscReal x[2], PetscReal v[2]);

/* Largest error of the velocity at the cells' centres. */
static PetscReal worst(const char deck[], Exact *exact)
{
  Run r = run_deck(PETSC_COMM_WORLD, deck, NULL);
  const SinewAxis *a = SinewGridAxis(r.grid, 0), *b = SinewGridAxis(r.grid, 1);
  const PetscReal *u;
  PetscReal largest = 0;

  assert_int_equal(r.code, 0);
  check_call(VecGetArrayRead(r.U, &u));
  for (PetscInt j = 0; j < b->count; j++) {
    for (PetscInt i = 0; i < a->count; i++) {
      const PetscReal x[2] = {a->center[i + a->ghosts], b->center[j + b->ghosts]};
      PetscReal v[2];

      exact(x, v);
      for (int c = 0; c < 2; c++) largest = PetscMax(largest, PetscAbsReal(u[2 * (j * a->count + i) + c] - v[c]));
    }
  }
  check_call(VecRestoreArrayRead(r.U, &u));
  end_run(&r);
  MPI_Allreduce(MPI_IN_PLACE, &largest, 1, MPIU_REAL, MPI_MAX, PETSC_COMM_WORLD);
  return largest;
}

/* ---- sides ---- */

/* Vortices that decay and leave a box whose sides know the exact solution: data that move, in and out of all sides. */
static void moving_data(void **state)
{
  static const char deck[] =
      DECK("viscosity: 0.02, mean: [1, 0.5]", "cells: [16, 16], boundary: {x: exact, y: exact}",
           "type: taylor_green, waves: 1.5",
           "dt: 0.02, points: 400, network: {width: 14, depth: 2, omega: 4}, fit: {adam: 500, iterations: 80}, solver: "
           "{iterations: 2, stagnation: 0}",
           0.1);

  static const char *const none[] = {NULL};
  double error;

  (void)state;
  error = l1_error(deck, none, 1);
  print_message("  exact sides: %.2e\n", error);
  check_all(error < 1e-4);
}

/* Kovasznay (Proc. Camb. Phil. Soc. 44, 1948), behind a grid, Re 40: steady. */
#define LAMBDA "0.96374054419576697"
#define KOVASZNAY                                               \
  "values: {velocity_x: \"1-exp(-" LAMBDA "*x)*cos(2*pi*y)\", " \
  "velocity_y: \"-" LAMBDA "/(2*pi)*exp(-" LAMBDA "*x)*sin(2*pi*y)\"}"

static void kovasznay(const PetscReal x[2], PetscReal v[2])
{
  const PetscReal lambda = 0.96374054419576697, e = PetscExpReal(-lambda * x[0]);

  v[0] = 1 - e * PetscCosReal(2 * PETSC_PI * x[1]);
  v[1] = -lambda / (2 * PETSC_PI) * e * PetscSinReal(2 * PETSC_PI * x[1]);
}

/* u = y + sin(pi y) exp(-nu pi^2 t) / 2 under a lid that moves with 1, nu 0.1, t 0.2. */
static void couette(const PetscReal x[2], PetscReal v[2])
{
  v[0] = x[1] + 0.5 * PetscSinReal(PETSC_PI * x[1]) * PetscExpReal(-0.02 * PetscSqr(PETSC_PI));
  v[1] = 0;
}

static void poiseuille(const PetscReal x[2], PetscReal v[2])
{
  v[0] = 4 * x[1] * (1 - x[1]);
  v[1] = 0;
}

static void held_velocities(void **state)
{
  static const char wake[] =
      DECK("viscosity: 0.025",
           "cells: [16, 16], lower: [-0.5, -0.5], upper: [1, 0.5], boundary: {x: {lower: {type: inflow, " KOVASZNAY
           "}, upper: {type: dirichlet, " KOVASZNAY "}}, y: {type: dirichlet, " KOVASZNAY "}}",
           "type: expression, velocity_x: \"1-exp(-" LAMBDA "*x)*cos(2*pi*y)\", velocity_y: \"-" LAMBDA
           "/(2*pi)*exp(-" LAMBDA "*x)*sin(2*pi*y)\"",
           "dt: 0.02, points: 400, network: {width: 14, depth: 2, omega: 3}, fit: {adam: 500, iterations: 80}, solver: "
           "{iterations: 2, stagnation: 0}",
           0.1);
  static const char lid[] =
      DECK("viscosity: 0.1",
           "cells: [8, 16], boundary: {x: periodic, y: {lower: no_slip, upper: {type: dirichlet, values: {velocity_x: "
           "1}}}}",
           "type: expression, velocity_x: \"y + 0.5*sin(pi*y)\", velocity_y: 0",
           "dt: 0.02, points: 256, network: {width: 10, depth: 2, omega: 3}, fit: {adam: 300, iterations: 60}", 0.2);
  static const char pipe[] =
      DECK("viscosity: 0.1",
           "cells: [16, 16], upper: [2, 1], boundary: {x: {lower: {type: inflow, values: {velocity_x: \"4*y*(1-y)\"}}, "
           "upper: outflow}, y: no_slip}",
           "type: expression, velocity_x: \"4*y*(1-y)\", velocity_y: 0",
           "dt: 0.02, points: 256, network: {width: 10, depth: 2, omega: 2}, fit: {adam: 300, iterations: 100}, "
           "solver: {iterations: 3, stagnation: 0}",
           0.1);
  const PetscReal error[] = {worst(wake, kovasznay), worst(lid, couette), worst(pipe, poiseuille)};

  (void)state;
  print_message("  Kovasznay %.2e, under a lid %.2e, through a pipe %.2e\n", (double)error[0], (double)error[1],
                (double)error[2]);
  check_all(error[0] < 1e-3 && error[1] < 1e-4 && error[2] < 1e-4);
}

/* ---- the original's splitting ---- */

static PetscReal split_error(const char dt[])
{
  static const char deck[] =
      DECK("viscosity: 0", "cells: [24, 24], lower: [-1, -1], upper: [1, 1], boundary: {x: wall, y: wall}",
           "type: taylor_green, amplitude: 0.318309886183790672",
           "formulation: splitting, dt: 0.1, points: 400, network: {width: 14, depth: 2, omega: 6}, fit: {adam: 500, "
           "iterations: 80}, solver: {iterations: 20, stagnation: 1e-3}",
           0.2);
  const char *const more[] = {dt, NULL};
  PetscReal l1[2], l2[2], linf[2];
  PetscBool known;
  Run r = run_deck(PETSC_COMM_WORLD, deck, more);

  assert_int_equal(r.code, 0);
  check_call(SinewSimulationErrors(r.simulation, &known, l1, l2, linf));
  assert_true(known);
  end_run(&r);
  return l2[0];
}

/*
  Vortices at rest, which a step of u <- P u(x - dt u) changes by dt^2 / 2 P (u u : grad grad u) and terms of dt^3. With
  u = A sin X cos Y, v = -A cos X sin Y, X = k x, that is (A k)^2 A dt^2 / 8 times -2 (sin X cos Y, -cos X sin Y) +
  (-0.2 sin 3X cos Y, 0.6 cos 3X sin Y) + (-0.6 sin X cos 3Y, 0.2 cos X sin 3Y): here A k = 1.
*/
static void splitting(void **state)
{
  const PetscReal A = 1 / PETSC_PI, size = A / 8 * 0.5 * PetscSqrtReal(4 + 0.04 + 0.36);
  const PetscReal error[] = {split_error("stepper.dt=0.1"), split_error("stepper.dt=0.05")};

  (void)state;
  print_message("  splitting: %.3e %.3e, expected %.3e %.3e\n", (double)error[0], (double)error[1],
                (double)(size * 0.1 * 0.2), (double)(size * 0.05 * 0.2));
  check_close(error[0] / (size * 0.1 * 0.2), 1, 0.1);
  check_close(error[1] / (size * 0.05 * 0.2), 1, 0.05);
}

SINEW_TEST_MAIN(cmocka_unit_test(moving_data), cmocka_unit_test(held_velocities), cmocka_unit_test(splitting))
