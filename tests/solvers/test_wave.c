// RANKS 1 2
// TIMEOUT 120
/* Waves: orders against exact solutions, energy, reflection at an interface, absorbing layers, rank invariance. */
#include "tests/solvers/orders.h"

static const char box[] = "equation: {type: wave, speed: 1.5}\n"
                          "grid: {cells: [16, 16], boundary: {x: wall, y: wall}}\n"
                          "initial: {type: standing, waves: [2, 1]}\n"
                          "stepper: {type: ssp}\n"
                          "time: {end: 0.5}\n" NO_FILES;

static void standing_waves_converge(void **state)
{
  static const char *const central[] = {"equation.flux=central",
                                        "stepper={type: rk, scheme: 5dp, reconstruction: constant}", NULL};
  static const char *const weno[] = {"stepper={type: rk, scheme: 5dp, reconstruction: weno5, control: cfl, cfl: 0.4}",
                                     NULL};

  (void)state;
  assert_true(order(box, 2, 48, 0, NULL) >= 1.8);
  assert_true(order(box, 2, 16, 0, central) >= 1.9);
  assert_true(order(box, 2, 12, 0, weno) >= 4.5);
}

/* The integral of the field `energy`. */
static double energy_of(Run *r)
{
  const SinewAxis *x = SinewGridAxis(r->grid, 0), *y = SinewGridAxis(r->grid, 1);
  const PetscInt n = x->count * y->count;
  PetscReal *value, sum = 0, all;
  PetscInt components;

  check_call(PetscMalloc1(n, &value));
  check_call(SinewEquationField(r->equation, r->U, "energy", &components, value));
  for (PetscInt i = 0; i < n; i++) sum += value[i] * x->width[x->ghosts] * y->width[y->ghosts];
  check_call(PetscFree(value));
  MPI_Allreduce(&sum, &all, 1, MPIU_REAL, MPI_SUM, PETSC_COMM_WORLD);
  return all;
}

/* In a closed box of an uneven medium. */
static const char uneven[] = "equation: {type: wave, speed: \"1 + 0.5*sin(5*x)*cos(3*y) + (x > 0.6)\"}\n"
                             "grid: {cells: [24, 20], boundary: {x: wall, y: wall}}\n"
                             "initial: {type: pulse, width: 0.15, center: [0.4, 0.45]}\n"
                             "stepper: {type: rk, scheme: 5dp, reconstruction: constant, rtol: 1e-10, atol: 1e-10}\n"
                             "time: {end: 1.5}\n" NO_FILES;

static void closed_boxes_keep_their_energy(void **state)
{
  static const char *const begin[] = {"equation.flux=central", "time.end=1e-9", NULL},
                           *const end[] = {"equation.flux=central", NULL},
                           *const upwind[] = {"stepper={type: ssp, scheme: rks3}", NULL};
  Run a = run_deck(PETSC_COMM_WORLD, uneven, begin), b = run_deck(PETSC_COMM_WORLD, uneven, end),
      c = run_deck(PETSC_COMM_WORLD, uneven, upwind);

  (void)state;
  print_message("  energy %.12f, central %.12f, upwind %.6f\n", energy_of(&a), energy_of(&b), energy_of(&c));
  check_close(energy_of(&b), energy_of(&a), 1e-8 * energy_of(&a));
  check_all(energy_of(&c) < energy_of(&a) && energy_of(&c) > 0.5 * energy_of(&a));
  end_run(&a);
  end_run(&b);
  end_run(&c);
}

/* At a jump of the speed from 1 to 3 a pressure pulse is reflected with (3 - 1) / (3 + 1) and passes with 2 * 3 / 4. */
static void interfaces_reflect_and_transmit(void **state)
{
  static const char text[] =
      "equation: {type: wave, speed: \"x < 0.5 ? 1 : 3\"}\n"
      "grid: {cells: [800], lower: -1, upper: 2, boundary: {x: outflow}}\n"
      "initial: {type: expression, p: \"gauss((x-0.1)/0.1)\", velocity_x: \"gauss((x-0.1)/0.1)\"}\n"
      "stepper: {type: ssp, scheme: rks3}\n"
      "time: {end: 0.7}\n" NO_FILES;
  Run r = run_deck(PETSC_COMM_SELF, text, NULL);
  const SinewAxis *x = SinewGridAxis(r.grid, 0);
  const PetscReal *u;
  PetscReal left = 0, right = 0;

  (void)state;
  check_call(VecGetArrayRead(r.U, &u));
  for (PetscInt i = 0; i < 800; i++) {
    if (x->center[i + x->ghosts] < 0.5)
      left = fmax(left, u[2 * i]);
    else
      right = fmax(right, u[2 * i]);
  }
  check_call(VecRestoreArrayRead(r.U, &u));
  print_message("  reflected %.4f, transmitted %.4f\n", (double)left, (double)right);
  check_close(left, 0.5, 5e-3);
  check_close(right, 1.5, 5e-3);
  end_run(&r);
}

/* What comes back after a round pulse has left: little through open sides, less through a sponge. */
static void open_sides_and_sponges_absorb(void **state)
{
  static const char text[] = "equation: {type: wave}\n"
                             "grid: {cells: [48, 48], lower: -1, upper: 1, boundary: {x: outflow, y: outflow}}\n"
                             "initial: {type: pulse, width: 0.2}\n"
                             "stepper: {type: ssp, scheme: rks3}\n"
                             "time: {end: 3}\n" NO_FILES;
  static const char *const begin[] = {"time.end=1e-9", NULL},
                           *const sponge[] = {
                               "equation={type: wave, sponge: \"30*(max(abs(x)-0.6,0)^2+max(abs(y)-0.6,0)^2)/0.16\"}",
                               NULL};
  Run a = run_deck(PETSC_COMM_WORLD, text, begin), b = run_deck(PETSC_COMM_WORLD, text, NULL),
      c = run_deck(PETSC_COMM_WORLD, text, sponge);

  (void)state;
  print_message("  energy left: open sides %.1e, with a sponge %.1e\n", energy_of(&b) / energy_of(&a),
                energy_of(&c) / energy_of(&a));
  check_all(energy_of(&b) < 1e-2 * energy_of(&a));
  check_all(energy_of(&c) < 0.1 * energy_of(&b));
  end_run(&a);
  end_run(&b);
  end_run(&c);
}

static void ranks_do_not_change_bits(void **state)
{
  static const char *const variants[][3] = {{"stepper={type: ssp, reconstruction: ppm, scheme: rks3}", NULL, NULL},
                                            {"stepper={type: ssp}", "grid.boundary.x=periodic", NULL}};

  (void)state;
  for (int v = 0; v < 2; v++) {
    Run all = run_deck(PETSC_COMM_WORLD, uneven, variants[v]), one = run_deck(PETSC_COMM_SELF, uneven, variants[v]);

    check_all(checksum_of(&all) == checksum_of(&one));
    end_run(&all);
    end_run(&one);
  }
}

SINEW_TEST_MAIN(cmocka_unit_test(standing_waves_converge), cmocka_unit_test(closed_boxes_keep_their_energy),
                cmocka_unit_test(interfaces_reflect_and_transmit), cmocka_unit_test(open_sides_and_sponges_absorb),
                cmocka_unit_test(ranks_do_not_change_bits))
