// RANKS 1 2 4
// TIMEOUT 400
/* The INSR stepper through decks: accuracy and order of its schemes, the same numbers on any number of ranks, restart
   to the bit, fits from fields on a grid, its columns of the history, its refusals. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "neural/insr.h"
#include "tests/solvers/decks.h"

#define SMALL "network: {width: 10, depth: 2, omega: 3}, fit: {adam: 300}"
#define DECK(equation, grid, initial, stepper, end)                                                          \
  "equation: {" equation "}\ngrid: {" grid "}\ninitial: {" initial "}\nstepper: {type: insr, " stepper "}\n" \
  "time: {end: " #end "}\n"

/* ---- accuracy ---- */

static void schemes_show_their_order_against_the_exact_solution(void **state)
{
  static const struct {
    const char *name;
    double dt, order;
  } cases[] = {{"euler", 0.05, 1}, {"midpoint", 0.1, 2}, {"trapezoidal", 0.1, 2}, {"sdirk", 0.3, 4}};
  static const char deck[] =
      DECK("type: advection, velocity: 0.5, diffusivity: 0.01", "cells: [64]", "type: sine, offset: 1",
           "dt: 1, solver: {tolerance: 1e-9, iterations: 60, stagnation: 0.005}, " SMALL, 0.6) NO_FILES;

  (void)state;
  for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
    char scheme[64], step[2][64];
    const char *const coarse[] = {scheme, step[0], NULL}, *const fine[] = {scheme, step[1], NULL};
    double error[2], order;

    snprintf(scheme, sizeof(scheme), "stepper.scheme=%s", cases[k].name);
    for (int i = 0; i < 2; i++) snprintf(step[i], sizeof(step[i]), "stepper.dt=%g", cases[k].dt / (1 << i));
    error[0] = l1_error(deck, coarse, 0);
    error[1] = l1_error(deck, fine, 0);
    order = log2(error[0] / error[1]);
    print_message("  %-12s %.2e %.2e order %.2f\n", cases[k].name, error[0], error[1], order);
    check_close(order, cases[k].order, 0.35);
  }
}

/* What enters through a side is the exact solution's; the outflow side needs no condition. */
static void inflow_brings_the_exact_solution(void **state)
{
  static const struct {
    const char *scheme, *dt;
    double most;
  } cases[] = {{"stepper.scheme=midpoint", "stepper.dt=0.0125", 1.5e-3}, /* omega^3 dt^2 / 12 t = 1.4e-3 of phase */
               {"stepper.scheme=gauss", "stepper.dt=0.05", 2e-4},
               {"stepper.scheme=semi_lagrangian", "stepper.dt=0.05", 2e-4}};
  static const char deck[] = DECK(
      "type: advection, velocity: 1",
      "cells: [64], boundary: {x: {lower: {type: inflow, values: {u: \"sin(6 * t)\"}}, upper: outflow}}",
      "type: expression, u: \"sin(-6 * x)\"",
      "dt: 0.05, network: {width: 12, depth: 2, omega: 5}, fit: {adam: 300}, solver: {iterations: 40, tolerance: 1e-8}",
      0.5) NO_FILES;

  (void)state;
  for (int k = 0; k < 3; k++) {
    const char *const overrides[] = {cases[k].scheme, cases[k].dt, NULL};
    Run r = run_deck(PETSC_COMM_WORLD, deck, overrides);
    const SinewAxis *a = SinewGridAxis(r.grid, 0);
    const PetscReal *u;
    PetscReal error = 0;

    assert_int_equal(r.code, 0);
    check_call(VecGetArrayRead(r.U, &u));
    for (PetscInt i = 0; i < a->count; i++)
      error = PetscMax(error, PetscAbsReal(u[i] - PetscSinReal(6 * (0.5 - a->center[i + a->ghosts]))));
    check_call(VecRestoreArrayRead(r.U, &u));
    MPI_Allreduce(MPI_IN_PLACE, &error, 1, MPIU_REAL, MPI_MAX, PETSC_COMM_WORLD);
    print_message("  %-32s %.2e\n", cases[k].scheme, (double)error);
    check_all(error < cases[k].most);
    end_run(&r);
  }
}

/* Walls of diffusion by a factor of the network and by rows, anisotropy, a variable coefficient, Burgers' equation:
   against the same deck with a classical stepper on a fine grid, one line apart. */
static void one_changed_line_solves_the_same_problem(void **state)
{
#define BOX "boundary: {x: {type: dirichlet, values: {u: 0}}}"
  static const struct {
    const char *name, *deck, *more;
    double most;
  } cases[] = {
      {"dirichlet by a factor",
       DECK("type: diffusion, diffusivity: 0.1", "cells: [128], " BOX, "type: expression, u: \"sin(pi*x) + x*(1-x)\"",
            "dt: 0.05, " SMALL, 0.4) NO_FILES,
       NULL, 2e-4},
      {"dirichlet by rows",
       DECK("type: diffusion, diffusivity: 0.1", "cells: [128], " BOX, "type: expression, u: \"sin(pi*x) + x*(1-x)\"",
            "dt: 0.05, " SMALL, 0.4) NO_FILES,
       "stepper.network.factors=false", 2e-4},
      {"walls, variable coefficient",
       DECK("type: diffusion, diffusivity: \"0.05 * (1 + x)\"", "cells: [128], boundary: {x: wall}",
            "type: expression, u: \"cos(pi*x)\"", "dt: 0.05, " SMALL, 0.4) NO_FILES,
       NULL, 2e-4},
      {"burgers",
       DECK("type: burgers, viscosity: 0.05", "cells: [256]", "type: sine, amplitude: 0.5",
            "dt: 0.02, network: {width: 12, depth: 2, omega: 3}, fit: {adam: 300}", 0.3) NO_FILES,
       NULL, 3e-4},
      {"allen-cahn",
       DECK("type: diffusion, diffusivity: 0.01, reaction: [1, 0, -1]", "cells: [128], boundary: {x: wall}",
            "type: expression, u: \"0.5 * cos(pi*x)\"", "dt: 0.05, " SMALL, 0.5) NO_FILES,
       NULL, 2e-4},
      {"full tensor, 2D",
       DECK("type: advection, velocity: [1, 0.5], diffusivity: [0.02, 0.01, 0.005]", "cells: [64, 64]", "type: sine",
            "dt: 0.0125, network: {width: 14, depth: 2, omega: 2}, fit: {adam: 300, limit: 0.05}", 0.1) NO_FILES,
       NULL, 2e-3},
  };

  (void)state;
  for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
    const char *const insr[] = {cases[k].more, NULL}, *const classical[] = {
                                                          "stepper={type: ssp, scheme: rks3, reconstruction: weno5}",
                                                          NULL};
    Run a = run_deck(PETSC_COMM_WORLD, cases[k].deck, insr), b = run_deck(PETSC_COMM_WORLD, cases[k].deck, classical);
    PetscReal l1[1], l2[1], linf[1];

    check_call(SinewDifference(a.equation, a.U, b.U, l1, l2, linf));
    print_message("  %-30s %.2e\n", cases[k].name, (double)l1[0]);
    check_all(l1[0] < cases[k].most);
    end_run(&a);
    end_run(&b);
  }
}

/* The original's optimiser and a quasi-Newton method find what Levenberg-Marquardt finds. */
static void other_optimisers_get_there(void **state)
{
  static const struct {
    const char *method;
    double most;
  } cases[] = {{"stepper.solver={method: lbfgs, iterations: 400, tolerance: 1e-4}", 2e-3},
               {"stepper.solver={method: adam, iterations: 3000, rate: 1e-4, tolerance: 3e-4}", 1e-2}};
  static const char deck[] = DECK("type: advection, velocity: 0.5, diffusivity: 0.01", "cells: [64]",
                                  "type: sine, offset: 1", "dt: 0.05, " SMALL, 0.1) NO_FILES;

  (void)state;
  for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
    const char *const overrides[] = {cases[k].method, NULL};
    PetscReal l1[1], l2[1], linf[1];
    PetscBool known;
    Run r = run_deck(PETSC_COMM_WORLD, deck, overrides);

    assert_int_equal(r.code, 0);
    check_call(SinewSimulationErrors(r.simulation, &known, l1, l2, linf));
    print_message("  %-70s error %.2e\n", cases[k].method, (double)l1[0]);
    check_all(l1[0] < cases[k].most);
    end_run(&r);
  }
}

/* ---- ranks and restart ---- */

static const char periodic[] = DECK("type: advection, velocity: 0.5, diffusivity: 0.01", "cells: [48]",
                                    "type: sine, offset: 1", "dt: 0.02, " SMALL, 0.2);

static void ranks_do_not_change_the_field(void **state)
{
  Run all =
      run_deck(PETSC_COMM_WORLD, periodic,
               (const char *const[]){"output={series: false, history_every: 0}", "checkpoint={at_end: false}", NULL});
  Run one =
      run_deck(PETSC_COMM_SELF, periodic,
               (const char *const[]){"output={series: false, history_every: 0}", "checkpoint={at_end: false}", NULL});

  (void)state;
  check_all(all.code == 0 && one.code == 0);
  check_close(distance_from_alone(&all, &one), 0, 1e-10);
  end_run(&all);
  end_run(&one);
}

static void scratch(char name[], size_t size)
{
  int rank;

  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  snprintf(name, size, "/tmp/sinew_insr_XXXXXX");
  if (!rank) assert_non_null(mkdtemp(name));
  MPI_Bcast(name, (int)size, MPI_CHAR, 0, PETSC_COMM_WORLD);
}

static void clear(const char name[])
{
  int rank;
  char command[300];

  MPI_Barrier(PETSC_COMM_WORLD);
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  snprintf(command, sizeof(command), "rm -r %s", name);
  if (!rank) assert_int_equal(system(command), 0);
}

static Run run_from(MPI_Comm comm, const char text[], const char restart[], PetscInt allowed_count,
                    const char *const allowed[], const char *const overrides[])
{
  SinewSimulationOptions options = {
      .name = "test", .quiet = PETSC_TRUE, .restart = restart, .allowed_count = allowed_count, .allowed = allowed};
  PetscInt count = 0;
  Run r = {0};

  while (overrides[count]) count++;
  check_call(SinewDeckCreateFromText(comm, "test.yaml", text, count, overrides, &r.deck));
  check_call(SinewSimulationCreate(comm, r.deck, &options, &r.simulation));
  check_call(SinewSimulationSetUp(r.simulation));
  check_call(SinewSimulationRun(r.simulation, &r.code));
  check_call(SinewSimulationGet(r.simulation, &r.equation, &r.grid, NULL, &r.ts, &r.U));
  return r;
}

static void restarts_are_exact(void **state)
{
  static const char *const steppers[] = {"stepper.scheme=midpoint", "stepper.sampling=adaptive",
                                         "stepper={type: insr, scheme: sdirk, control: error, dt: 0.01, " SMALL "}"};

  (void)state;
  for (int k = 0; k < 3; k++) {
    char name[64], directory[128];
    const char *const whole[] = {steppers[k], "output={series: false, history_every: 0}", "checkpoint={at_end: false}",
                                 NULL};
    const char *const part[] = {steppers[k], directory, "stepper.max_steps=4", NULL};
    const char *const rest[] = {steppers[k], directory, NULL};
    Run a = run_deck(PETSC_COMM_WORLD, periodic, whole), b, c;

    scratch(name, sizeof(name));
    snprintf(directory, sizeof(directory), "output={directory: %s, series: false, history_every: 1}", name);
    b = run_from(PETSC_COMM_WORLD, periodic, NULL, 0, NULL, part);
    end_run(&b);
    c = run_from(PETSC_COMM_WORLD, periodic, "auto", 0, NULL, rest);
    check_all(checksum_of(&a) == checksum_of(&c));
    end_run(&a);
    end_run(&c);
    clear(name);
  }
}

/* A field that another stepper left on the grid is fitted: the run goes on within the interpolation's error. */
static void other_steppers_fields_are_taken_over(void **state)
{
  static const char *const allowed[] = {"stepper"};
  char name[64], directory[128];
  const char *const first[] = {"stepper={type: ssp, scheme: rks3, reconstruction: weno5, max_steps: 6}", directory,
                               NULL};
  const char *const second[] = {directory, NULL};
  PetscReal l1[1], l2[1], linf[1];
  PetscBool known;
  Run a, b;

  (void)state;
  scratch(name, sizeof(name));
  snprintf(directory, sizeof(directory), "output={directory: %s, series: false, history_every: 0}", name);
  a = run_from(PETSC_COMM_WORLD, periodic, NULL, 0, NULL, first);
  end_run(&a);
  b = run_from(PETSC_COMM_WORLD, periodic, "auto", 1, allowed, second);
  assert_int_equal(b.code, 0);
  check_call(SinewSimulationErrors(b.simulation, &known, l1, l2, linf));
  assert_true(known && l1[0] < 1e-3);
  end_run(&b);
  clear(name);
}

/* ---- the section ---- */

static void standards_are_the_library_s(void **state)
{
  const PetscReal lower[1] = {0}, upper[1] = {1};
  const SinewPointwise equation = {.dim = 1, .unknowns = 1, .evolved = 1};
  const SinewInsrOptions o = SinewInsrDefaults(&equation, lower, upper);
  SinewDeck deck;
  SinewSimulation s;
  SinewSimulationOptions options = {.name = "test", .quiet = PETSC_TRUE};
  const char *effective;
  char line[128];

  (void)state;
  check_call(SinewDeckCreateFromText(PETSC_COMM_WORLD, "test.yaml",
                                     DECK("type: advection", "cells: 16", "type: sine", "dt: 1", 1) NO_FILES, 0, NULL,
                                     &deck));
  check_call(SinewSimulationCreate(PETSC_COMM_WORLD, deck, &options, &s));
  effective = SinewDeckEffective(deck);
#define SAYS(format, ...)                                                           \
  snprintf(line, sizeof(line), format, __VA_ARGS__);                                \
  if (!strstr(effective, line)) print_error("not among the standards: %s\n", line); \
  assert_non_null(strstr(effective, line))
  SAYS("stepper.network.width: %d", (int)o.network.width);
  SAYS("stepper.network.depth: %d", (int)o.network.layers);
  SAYS("stepper.network.omega: %g", (double)o.network.omega);
  SAYS("stepper.fit.adam: %d", (int)o.fit_adam);
  SAYS("stepper.fit.iterations: %d", (int)o.fit.iterations);
  SAYS("stepper.solver.iterations: %d", (int)o.step.iterations);
  SAYS("stepper.held_out: %g", (double)o.held_out);
  SAYS("stepper.step_limit: %g", (double)o.step_limit);
  SAYS("stepper.fit.limit: %g", (double)o.fit_limit);
#undef SAYS
  assert_true(o.step.tolerance == 1e-7 && o.fit.tolerance == 1e-7 && o.step.stagnation == 0.02 &&
              o.fit.stagnation == 0);
  assert_true(o.step.damping == 1e-5 && o.fit.damping == 1e-3 && o.fit.damping_least == 1e-14 &&
              o.step.damping_least == 1e-9 && o.step.damping_most == 1e10);
  check_call(SinewSimulationDestroy(&s));
  check_call(SinewDeckDestroy(&deck));
}

/* Words of the deck are the library's, in its order. */
static void words_are_the_library_s(void **state)
{
  char text[600], word[64];
  SinewSimulationOptions options = {.name = "test", .quiet = PETSC_TRUE};

  (void)state;
  for (int k = 0; SinewInsrSchemes[k]; k++) {
    SinewSimulation s;
    SinewDeck deck;

    snprintf(word, sizeof(word), "%s", SinewInsrSchemes[k]);
    snprintf(text, sizeof(text),
             k == SINEW_INSR_VARIATIONAL
                 ? DECK("type: elasticity", "cells: [4, 4]", "type: undeformed", "dt: 1, scheme: %s, sampling: %s", 1)
                       NO_FILES
                 : DECK("type: advection", "cells: 16", "type: sine", "dt: 1, scheme: %s, sampling: %s", 1) NO_FILES,
             word, SinewInsrSamplings[k % 5]);
    check_call(SinewDeckCreateFromText(PETSC_COMM_WORLD, "test.yaml", text, 0, NULL, &deck));
    check_call(SinewSimulationCreate(PETSC_COMM_WORLD, deck, &options, &s));
    assert_non_null(strstr(SinewDeckEffective(deck), word));
    check_call(SinewSimulationDestroy(&s));
    check_call(SinewDeckDestroy(&deck));
  }
}

SINEW_TEST_MAIN(cmocka_unit_test(schemes_show_their_order_against_the_exact_solution),
                cmocka_unit_test(inflow_brings_the_exact_solution),
                cmocka_unit_test(one_changed_line_solves_the_same_problem),
                cmocka_unit_test(other_optimisers_get_there), cmocka_unit_test(ranks_do_not_change_the_field),
                cmocka_unit_test(restarts_are_exact), cmocka_unit_test(other_steppers_fields_are_taken_over),
                cmocka_unit_test(standards_are_the_library_s), cmocka_unit_test(words_are_the_library_s))
