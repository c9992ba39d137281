// RANKS 1
// TIMEOUT 240
/* Fields as moving weights: the order of every scheme, and error estimates that tell the error. */
#include "tests/neural/insr_wave.h"

static PetscReal largest_error(SinewInsr insr, const Wave *wave, PetscReal t)
{
  PetscReal x[64], u[64], largest = 0;

  for (PetscInt p = 0; p < 64; p++) x[p] = ((PetscReal)p + 0.5) / 64;
  check_call(SinewInsrFields(insr, t, 64, x, u));
  for (PetscInt p = 0; p < 64; p++) {
    const PetscReal difference = PetscAbsReal(u[p] - exact(wave, t, x[p]));

    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

static PetscReal run(SinewInsr insr, const Wave *wave, PetscReal end, PetscInt steps, SinewInsrReport *report)
{
  const PetscReal dt = end / (PetscReal)steps;

  check_call(SinewInsrFit(insr, 0, initial, wave, report));
  for (PetscInt k = 0; k < steps; k++) {
    check_call(SinewInsrStep(insr, (PetscReal)k * dt, dt, report));
    if (report->failed) print_error("step %d: %s\n", (int)k, report->reason);
    check_all(!report->failed);
  }
  return largest_error(insr, wave, end);
}

/* Errors with `steps` and twice as many steps fall like 2^order. */
static void converges(const SinewTransport *p, const Wave *wave, SinewInsrScheme scheme, PetscReal end, PetscInt steps,
                      PetscReal order)
{
  SinewPointwise *equation;
  SinewInsrReport report;
  SinewInsr insr;
  SinewInsrOptions o;
  PetscReal coarse, fine;

  check_call(SinewPointwiseTransport(p, &equation));
  o = circle_options(equation, scheme);
  if (scheme == SINEW_INSR_GALERKIN) o.step.damping = 1e-9; /* less, and the weights run away */
  check_call(SinewInsrCreate(PETSC_COMM_WORLD, equation, &o, &insr));
  coarse = run(insr, wave, end, steps, &report);
  fine = run(insr, wave, end, 2 * steps, &report);
  print_message("%-16s errors %.2e %.2e: order %.2f; residual %.1e, %d its\n", SinewInsrSchemes[scheme], (double)coarse,
                (double)fine, (double)PetscLog2Real(coarse / fine), (double)report.solve.residual,
                (int)report.solve.iterations);
  check_close(PetscLog2Real(coarse / fine), order, 0.25);
  check_call(SinewInsrDestroy(&insr));
  check_call(SinewPointwiseDestroy(&equation));
}

static const Wave advected = {.amplitude = 1, .speed = 1};
static const SinewTransport advection = {.dim = 1, .velocity = {1}};

static void implicit_schemes_have_their_order(void **state)
{
  (void)state;
  converges(&burgers, &burgers_wave, SINEW_INSR_EULER, 0.2, 8, 1);
  converges(&burgers, &burgers_wave, SINEW_INSR_MIDPOINT, 0.4, 4, 2);
  converges(&burgers, &burgers_wave, SINEW_INSR_TRAPEZOIDAL, 0.4, 4, 2);
  converges(&burgers, &burgers_wave, SINEW_INSR_LAGRANGE, 0.2, 4, 2);
}

static void fourth_order_schemes_have_their_order(void **state)
{
  (void)state;
  converges(&burgers, &burgers_wave, SINEW_INSR_SDIRK, 0.4, 2, 4);
  converges(&advection, &advected, SINEW_INSR_GAUSS, 0.5, 3, 4);
}

static void explicit_schemes_have_their_order(void **state)
{
  (void)state;
  converges(&burgers, &burgers_wave, SINEW_INSR_RK4, 0.4, 6, 4);
  converges(&burgers, &burgers_wave, SINEW_INSR_GALERKIN, 0.4, 12, 4);
}

/* Cutting small singular values instead of damping all: what is cut bounds the error, whatever the step. */
static void truncated_singular_values_serve_as_well(void **state)
{
  SinewPointwise *equation;
  SinewInsrReport report;
  SinewInsrOptions o;
  SinewInsr insr;
  PetscReal error;

  (void)state;
  check_call(SinewPointwiseTransport(&burgers, &equation));
  o = circle_options(equation, SINEW_INSR_GALERKIN);
  o.truncation = 3e-5;
  check_call(SinewInsrCreate(PETSC_COMM_WORLD, equation, &o, &insr));
  error = run(insr, &burgers_wave, 0.4, 20, &report);
  check_all(error < 4e-5);
  check_call(SinewInsrDestroy(&insr));
  check_call(SinewPointwiseDestroy(&equation));
}

/* ---- error estimates ---- */

/* On a carried wave the errors of steps add up, so that their estimate times their number is the error at the end. */
static void estimate_is_true(SinewInsrScheme scheme, PetscInt steps, PetscReal tolerance)
{
  const PetscReal dt = 0.3 / (PetscReal)steps;
  SinewPointwise *equation;
  SinewInsrReport report;
  SinewInsrOptions o;
  SinewInsr insr;
  PetscReal x[64], u[64], square = 0, ratio;

  check_call(SinewPointwiseTransport(&advection, &equation));
  o = circle_options(equation, scheme);
  o.estimate = PETSC_TRUE;
  check_call(SinewInsrCreate(PETSC_COMM_WORLD, equation, &o, &insr));
  check_call(SinewInsrFit(insr, 0, initial, &advected, &report));
  check_all(report.error < 0);
  for (PetscInt k = 0; k < steps; k++) check_call(SinewInsrStep(insr, (PetscReal)k * dt, dt, &report));
  for (PetscInt p = 0; p < 64; p++) x[p] = ((PetscReal)p + 0.5) / 64;
  check_call(SinewInsrFields(insr, 0.3, 64, x, u));
  for (PetscInt p = 0; p < 64; p++) square += PetscSqr(u[p] - exact(&advected, 0.3, x[p])) / 64;
  ratio = (PetscReal)steps * report.error / PetscSqrtReal(square);
  print_message("%-16s estimate over error %.3f, order %d\n", SinewInsrSchemes[scheme], (double)ratio,
                (int)report.error_order);
  check_close(ratio, 1, tolerance);
  check_call(SinewInsrDestroy(&insr));
  check_call(SinewPointwiseDestroy(&equation));
}

static void estimates_tell_the_error(void **state)
{
  (void)state;
  estimate_is_true(SINEW_INSR_EULER, 24, 0.15);
  estimate_is_true(SINEW_INSR_MIDPOINT, 12, 0.1);
  estimate_is_true(SINEW_INSR_TRAPEZOIDAL, 12, 0.1);
  estimate_is_true(SINEW_INSR_GAUSS, 3, 0.3);
}

/* Those of an embedded method fall with its order. */
static void embedded_estimates_have_their_order(void **state)
{
  const SinewInsrScheme schemes[3] = {SINEW_INSR_SDIRK, SINEW_INSR_RK4, SINEW_INSR_LAGRANGE};

  (void)state;
  for (int k = 0; k < 3; k++) {
    SinewPointwise *equation;
    SinewInsrReport report;
    SinewInsrOptions o;
    SinewInsr insr;
    PetscReal error[2];

    check_call(SinewPointwiseTransport(&burgers, &equation));
    o = circle_options(equation, schemes[k]);
    o.estimate = PETSC_TRUE;
    check_call(SinewInsrCreate(PETSC_COMM_WORLD, equation, &o, &insr));
    for (int half = 0; half < 2; half++) {
      check_call(SinewInsrFit(insr, 0, initial, &burgers_wave, &report));
      check_call(SinewInsrStep(insr, 0, half ? 0.04 : 0.08, &report));
      error[half] = report.error;
    }
    print_message("%-16s estimates %.2e %.2e\n", SinewInsrSchemes[schemes[k]], (double)error[0], (double)error[1]);
    check_close(PetscLog2Real(error[0] / error[1]), report.error_order, 0.3);
    check_call(SinewInsrDestroy(&insr));
    check_call(SinewPointwiseDestroy(&equation));
  }
}

SINEW_TEST_MAIN(cmocka_unit_test(implicit_schemes_have_their_order),
                cmocka_unit_test(fourth_order_schemes_have_their_order),
                cmocka_unit_test(explicit_schemes_have_their_order),
                cmocka_unit_test(truncated_singular_values_serve_as_well), cmocka_unit_test(estimates_tell_the_error),
                cmocka_unit_test(embedded_estimates_have_their_order))
