// RANKS 1 2
// TIMEOUT 240
/* Decks of equations that other files write for cells, with `stepper: insr`: against exact solutions. */
#include "tests/solvers/decks.h"

#define DECK(equation, grid, initial, stepper, end)                                                          \
  "equation: {" equation "}\ngrid: {" grid "}\ninitial: {" initial "}\nstepper: {type: insr, " stepper "}\n" \
  "time: {end: " #end "}\n" NO_FILES

typedef struct {
  const char *name, *deck, *more;
  PetscInt component;
  double most;
} Case;

static void check(const Case cases[], size_t count)
{
  for (size_t k = 0; k < count; k++) {
    const char *const more[] = {cases[k].more, NULL};
    const double error = l1_error(cases[k].deck, more, cases[k].component);

    print_message("  %-40s %.2e\n", cases[k].name, error);
    check_all(error < cases[k].most);
  }
}
#define CHECK(cases) check(cases, sizeof(cases) / sizeof((cases)[0]))

/* ---- waves ---- */

/* Standing between walls; a pulse that comes in on one side, a periodic one that crosses the box. */
static void waves(void **state)
{
  static const char standing[] =
      DECK("type: wave", "cells: [64], boundary: {x: wall}", "type: standing, waves: 2",
           "scheme: gauss, dt: 0.1, network: {width: 12, depth: 2, omega: 10}, fit: {adam: 500}", 0.5);
  static const char square[] =
      DECK("type: wave, speed: 2", "cells: [32, 32], boundary: {y: wall}", "type: standing, waves: [2, 1]",
           "scheme: gauss, dt: 0.05, network: {width: 14, depth: 2, omega: 3}, fit: {adam: 300}", 0.2);
  static const char sponge[] = DECK("type: wave, sponge: 0.5", "cells: [64]", "type: standing, waves: 2",
                                    "scheme: gauss, dt: 0.1, network: {width: 10, depth: 2, omega: 3}", 0.5);
  static const Case cases[] = {
      {"between walls, gauss", standing, NULL, 0, 1e-4}, /* (k dt)^4 / 720 * k t = 4e-5 */
      {"between walls, midpoint", standing, "stepper={type: insr, dt: 0.02, network: {width: 12, depth: 2, omega: 10}}",
       0, 1e-4},
      {"2D, walls and periodic", square, NULL, 0, 1e-3},
  };
  Run r;
  const PetscReal *u;
  const SinewAxis *a;
  PetscReal error = 0;

  (void)state;
  CHECK(cases);
  r = run_deck(PETSC_COMM_WORLD, sponge, NULL); /* p'' + 2 s p' + s^2 p = -k^2 p: the same, damped by exp(-s t) */
  a = SinewGridAxis(r.grid, 0);
  check_call(VecGetArrayRead(r.U, &u));
  for (PetscInt i = 0; i < a->count; i++) {
    const PetscReal k = 2 * PETSC_PI,
                    exact = PetscExpReal(-0.25) * PetscCosReal(0.5 * k) * PetscCosReal(k * a->center[i + a->ghosts]);

    error = PetscMax(error, PetscAbsReal(u[2 * i] - exact));
  }
  check_call(VecRestoreArrayRead(r.U, &u));
  print_message("  %-40s %.2e\n", "with a sponge", (double)error);
  check_all(error < 1e-3);
  end_run(&r);
}

/* A pulse leaves through an open side and enters through one that prescribes it. */
static void sides_of_waves(void **state)
{
  static const char leaving[] =
      DECK("type: wave", "cells: [64], boundary: {x: outflow}", "type: plane, width: 0.15, center: 0.6",
           "scheme: gauss, dt: 0.05, network: {width: 16, depth: 2, omega: 12}, points: 600", 1);
  static const char entering[] = DECK(
      "type: wave",
      "cells: [64], boundary: {x: {lower: {type: inflow, values: {p: \"sin(6 * t)\", velocity_x: \"sin(6 * t)\"}}, "
      "upper: outflow}}",
      "type: expression, p: \"sin(-6 * x)\", velocity_x: \"sin(-6 * x)\"",
      "scheme: midpoint, dt: 0.025, network: {width: 14, depth: 2, omega: 8}", 0.5);
  PetscReal largest[2] = {0, 0};

  (void)state;
  for (int k = 0; k < 2; k++) {
    Run r = run_deck(PETSC_COMM_WORLD, k ? entering : leaving, NULL);
    const SinewAxis *a = SinewGridAxis(r.grid, 0);
    const PetscReal *u;

    assert_int_equal(r.code, 0);
    check_call(VecGetArrayRead(r.U, &u));
    for (PetscInt i = 0; i < a->count; i++) {
      const PetscReal exact = k ? PetscSinReal(6 * (0.5 - a->center[i + a->ghosts])) : 0;

      for (int c = 0; c < 2; c++) largest[k] = PetscMax(largest[k], PetscAbsReal(u[2 * i + c] - exact));
    }
    check_call(VecRestoreArrayRead(r.U, &u));
    end_run(&r);
  }
  MPI_Allreduce(MPI_IN_PLACE, largest, 2, MPIU_REAL, MPI_MAX, PETSC_COMM_WORLD);
  print_message("  a pulse left %.2e of itself; one that came in is wrong by %.2e\n", (double)largest[0],
                (double)largest[1]);
  check_all(largest[0] < 1e-5);
  check_all(largest[1] < 7e-3); /* of second order: 2.2e-2 at twice the step */
}

/* ---- steady states ---- */

static void elliptic(void **state)
{
  static const char uneven[] =
      DECK("type: elliptic, diffusivity: \"1+x*y\", reaction: \"1+x\", source: "
           "\"-exp(x)*(y*cos(y) - x*sin(y)) + (1+x)*exp(x)*cos(y)\"",
           "cells: [24, 24], boundary: {x: {type: dirichlet, values: {u: \"exp(x)*cos(y)\"}}, "
           "y: {type: dirichlet, values: {u: \"exp(x)*cos(y)\"}}}",
           "type: solution, u: \"exp(x)*cos(y)\"", "network: {width: 12, depth: 2, omega: 3}", 1);
  static const char poisson[] =
      DECK("type: elliptic, source: \"5*pi^2*sin(pi*x)*sin(2*pi*y)\"",
           "cells: [24, 24], boundary: {x: {type: dirichlet, values: {u: 0}}, y: {type: dirichlet, values: {u: 0}}}",
           "type: solution, u: \"sin(pi*x)*sin(2*pi*y)\"", "network: {width: 12, depth: 2, omega: 5}", 1);
  static const char tensor[] = DECK(
      "type: elliptic, diffusivity: [2, 1, 0.5], source: \"pi^2*(3*cos(pi*x)*cos(pi*y) - sin(pi*x)*sin(pi*y))\"",
      "cells: [24, 24], boundary: {x: {type: dirichlet, values: {u: \"cos(pi*x)*cos(pi*y)\"}}, y: {type: dirichlet, "
      "values: {u: \"cos(pi*x)*cos(pi*y)\"}}}",
      "type: solution, u: \"cos(pi*x)*cos(pi*y)\"", "network: {width: 12, depth: 2, omega: 5}", 1);
  static const char helmholtz[] =
      DECK("type: elliptic, reaction: -20, source: \"(pi^2*9/4 - 20)*cos(1.5*pi*x)\"",
           "cells: [32], boundary: {x: {lower: wall, upper: {type: dirichlet, values: {u: 0}}}}",
           "type: solution, u: \"cos(1.5*pi*x)\"", "network: {width: 10, depth: 2, omega: 5}", 1);
  static const Case cases[] = {{"uneven medium", uneven, NULL, 0, 5e-7},
                               {"Poisson, values by a factor", poisson, NULL, 0, 5e-7},
                               {"Poisson, values by rows", poisson, "stepper.network.factors=false", 0, 5e-7},
                               {"full tensor", tensor, NULL, 0, 5e-7},
                               {"Helmholtz, wall", helmholtz, NULL, 0, 5e-7}};

  (void)state;
  CHECK(cases);
}

/* ---- reactions ---- */

static void reactions(void **state)
{
  static const char fisher[] = DECK("type: reaction_diffusion, reaction: fisher_kpp",
                                    "cells: [64], lower: [-15], upper: [25], boundary: {x: wall}", "type: wave",
                                    "scheme: sdirk, dt: 0.5, network: {width: 12, depth: 2, omega: 1}", 2);
  static const char front[] =
      DECK("type: reaction_diffusion, reaction: allen_cahn, width: 0.1", "cells: [64], boundary: {x: wall}",
           "type: interface, x0: 0.5", "dt: 0.25, network: {width: 12, depth: 2, omega: 10}", 2);
  static const Case cases[] = {{"Fisher's wave", fisher, NULL, 0, 2e-4},
                               {"Allen-Cahn, a front at rest", front, NULL, 0, 1e-3}};

  (void)state;
  CHECK(cases);
}

/* Two species that turn round each other while they spread: (u, v) = exp(-D k^2 t) cos(k x) (cos t, sin t). Rates as
   formulas; with the same kernels' rates of Gray and Scott the cells agree (below). */
static void species(void **state)
{
  static const char turning[] =
      DECK("type: reaction_diffusion, reaction: formulas, species: [u, v], diffusivity: 0.01, rates: [\"-v\", \"u\"]",
           "cells: [64]", "type: expression, u: \"cos(2*pi*x)\", v: 0",
           "scheme: sdirk, dt: 0.25, network: {width: 10, depth: 2, omega: 3}", 1);
  static const char gray_scott[] =
      DECK("type: reaction_diffusion, reaction: gray_scott, diffusivity: [0.002, 0.001]", "cells: [256]",
           "type: expression, u: \"1 - 0.5*exp(-50*(x-0.5)^2)\", v: \"0.25*exp(-50*(x-0.5)^2)\"",
           "scheme: sdirk, dt: 1, network: {width: 14, depth: 2, omega: 3}", 4);
  static const char *const cells[] = {"stepper={type: ssp, scheme: rks3}", NULL};
  PetscReal l1[2], l2[2], linf[2], error = 0;
  const PetscReal *u;
  const SinewAxis *a;
  Run r, s;

  (void)state;
  r = run_deck(PETSC_COMM_WORLD, turning, NULL);
  a = SinewGridAxis(r.grid, 0);
  check_call(VecGetArrayRead(r.U, &u));
  for (PetscInt i = 0; i < a->count; i++) {
    const PetscReal k = 2 * PETSC_PI, size = PetscExpReal(-0.01 * k * k) * PetscCosReal(k * a->center[i + a->ghosts]);

    error = PetscMax(error, PetscAbsReal(u[2 * i] - size * PetscCosReal(1)));
    error = PetscMax(error, PetscAbsReal(u[2 * i + 1] - size * PetscSinReal(1)));
  }
  check_call(VecRestoreArrayRead(r.U, &u));
  end_run(&r);
  print_message("  %-40s %.2e\n", "two species by formulas", (double)error);
  check_all(error < 3e-5);
  r = run_deck(PETSC_COMM_WORLD, gray_scott, NULL);
  s = run_deck(PETSC_COMM_WORLD, gray_scott, cells);
  check_call(SinewDifference(r.equation, r.U, s.U, l1, l2, linf));
  print_message("  %-40s %.2e %.2e\n", "Gray-Scott against cells", (double)l1[0], (double)l1[1]);
  check_all(l1[0] < 5e-5 && l1[1] < 5e-5);
  end_run(&r);
  end_run(&s);
}

SINEW_TEST_MAIN(cmocka_unit_test(waves), cmocka_unit_test(sides_of_waves), cmocka_unit_test(elliptic),
                cmocka_unit_test(reactions), cmocka_unit_test(species))
