// RANKS 1 2 4
// TIMEOUT 240
/* Fields as moving weights: order of every scheme, error estimates, restarts, rank invariance, what is said of
 * mistakes. */
#include "tests/harness.h"

#include <string.h>

#include "io/error.h"
#include "neural/insr.h"
#include "solvers/pointwise.h"

/* ---- a smooth wave on the unit circle, exact for transport with the source that belongs to it ---- */

typedef struct {
  PetscReal mean, amplitude, speed, viscosity;
  PetscBool burgers;
} Wave;

#define K (2 * PETSC_PI)

static PetscReal exact(const Wave *wave, PetscReal t, PetscReal x)
{
  return wave->mean + wave->amplitude * PetscSinReal(K * (x - wave->speed * t));
}

static PetscErrorCode initial(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal u[])
{
  for (PetscInt p = 0; p < n; p++) u[p] = exact(ctx, t, x[p]);
  return PETSC_SUCCESS;
}

/* u_t + u u_x - nu u_xx of the exact wave */
static PetscErrorCode source(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal s[])
{
  const Wave *wave = ctx;

  for (PetscInt p = 0; p < n; p++) {
    const PetscReal phase = K * (x[p] - wave->speed * t), u = exact(wave, t, x[p]);

    s[p] = K * wave->amplitude * PetscCosReal(phase) * (u - wave->speed) +
           wave->viscosity * K * K * wave->amplitude * PetscSinReal(phase);
  }
  return PETSC_SUCCESS;
}

static SinewInsrOptions circle_options(const SinewPointwise *equation, SinewInsrScheme scheme)
{
  const PetscReal lower = 0, upper = 1;
  SinewInsrOptions o = SinewInsrDefaults(equation, &lower, &upper);

  o.scheme = scheme;
  o.network.width = 8;
  o.network.layers = 2;
  o.network.omega = 1.5;
  o.network.harmonics[0] = 1;
  o.points = 4 * 113;
  o.fit_adam = 300;
  o.fit.tolerance = 1e-11;
  o.step.tolerance = 1e-11;
  o.step.iterations = 20;
  o.step.stagnation = 1e-3;
  o.step.damping_least = 1e-14;
  o.seed = 3;
  return o;
}

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

static const Wave burgers_wave = {.mean = 0.3, .amplitude = 0.5, .speed = 1, .viscosity = 0.02, .burgers = PETSC_TRUE};
static const SinewTransport burgers = {
    .dim = 1, .viscosity = 0.02, .burgers = PETSC_TRUE, .source = source, .ctx = &burgers_wave};
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

/* ---- ranks, restarts, rejected steps ---- */

static SinewInsr create(MPI_Comm comm, const SinewPointwise *equation, SinewInsrSampling sampling)
{
  SinewInsrOptions o = circle_options(equation, SINEW_INSR_MIDPOINT);
  SinewInsr insr;

  o.sampling = sampling;
  o.step.subset = 0.7;
  o.step.acceleration = PETSC_TRUE;
  o.step.tolerance = 1e-7;
  o.estimate = PETSC_TRUE;
  check_call(SinewInsrCreate(comm, equation, &o, &insr));
  return insr;
}

static void steps(SinewInsr insr, PetscInt first, PetscInt count)
{
  SinewInsrReport report;

  for (PetscInt k = first; k < first + count; k++) {
    check_call(SinewInsrStep(insr, 0.03 * (PetscReal)k, 0.03, &report));
    assert_false(report.failed);
  }
}

static void same_bits(SinewInsr a, SinewInsr b)
{
  PetscInt different = 0;

  for (PetscInt k = 0; k < SinewInsrStateCount(a); k++) {
    SinewInsrState one, two;

    check_call(SinewInsrGetState(a, k, &one));
    check_call(SinewInsrGetState(b, k, &two));
    assert_string_equal(one.name, two.name);
    for (PetscInt i = 0; i < one.shape[0] * one.shape[1]; i++) different += one.data[i] != two.data[i];
  }
  check_all(different == 0);
}

static void ranks_do_not_change_the_bits(void **state)
{
  SinewPointwise *equation;
  SinewInsrReport report;

  (void)state;
  check_call(SinewPointwiseTransport(&burgers, &equation));
  for (int k = SINEW_INSR_STRATIFIED; k <= SINEW_INSR_ADAPTIVE; k++) {
    SinewInsr all = create(PETSC_COMM_WORLD, equation, (SinewInsrSampling)k);
    SinewInsr alone = create(PETSC_COMM_SELF, equation, (SinewInsrSampling)k);

    check_call(SinewInsrFit(all, 0, initial, &burgers_wave, &report));
    check_call(SinewInsrFit(alone, 0, initial, &burgers_wave, &report));
    steps(all, 0, 3);
    steps(alone, 0, 3);
    same_bits(all, alone);
    check_call(SinewInsrDestroy(&all));
    check_call(SinewInsrDestroy(&alone));
  }
  check_call(SinewPointwiseDestroy(&equation));
}

static void state_arrays_restart_to_the_bit(void **state)
{
  SinewPointwise *equation;
  SinewInsrReport report;
  SinewInsr a, b;

  (void)state;
  check_call(SinewPointwiseTransport(&burgers, &equation));
  a = create(PETSC_COMM_WORLD, equation, SINEW_INSR_ADAPTIVE);
  b = create(PETSC_COMM_WORLD, equation, SINEW_INSR_ADAPTIVE);
  check_call(SinewInsrFit(a, 0, initial, &burgers_wave, &report));
  steps(a, 0, 3);
  for (PetscInt k = 0; k < SinewInsrStateCount(a); k++) {
    SinewInsrState from, to;

    check_call(SinewInsrGetState(a, k, &from));
    check_call(SinewInsrGetState(b, k, &to));
    check_call(PetscArraycpy(to.data, from.data, from.shape[0] * from.shape[1]));
  }
  steps(a, 3, 3);
  steps(b, 3, 3);
  same_bits(a, b);
  check_call(SinewInsrStep(b, 0.18, 0.07, &report)); /* a step that is taken back leaves nothing behind */
  check_call(SinewInsrRevert(b));
  same_bits(a, b);
  check_call(SinewInsrDestroy(&a));
  check_call(SinewInsrDestroy(&b));
  check_call(SinewPointwiseDestroy(&equation));
}

/* ---- points ---- */

/* Quadrature weights of every kind of points sum to one: the size of a constant is that constant. */
static PetscErrorCode constant(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal u[])
{
  (void)ctx, (void)t, (void)x;
  for (PetscInt p = 0; p < n; p++) u[p] = 0.7;
  return PETSC_SUCCESS;
}

static void weights_of_points_sum_to_one(void **state)
{
  (void)state;
  for (PetscInt dim = 1; dim <= 3; dim++) {
    const SinewTransport p = {.dim = dim, .velocity = {1, 1, 1}};
    const PetscReal lower[3] = {-1, 0, 2}, upper[3] = {1, 3, 2.5};
    SinewPointwise *equation;

    check_call(SinewPointwiseTransport(&p, &equation));
    for (int k = SINEW_INSR_STRATIFIED; k <= SINEW_INSR_ADAPTIVE; k++) {
      SinewInsrOptions o = SinewInsrDefaults(equation, lower, upper);
      SinewInsrReport report;
      SinewInsr insr;

      o.sampling = (SinewInsrSampling)k;
      o.network.width = 8;
      o.network.layers = 1;
      o.network.omega = 1;
      o.points = 150;
      o.fit_adam = 100;
      check_call(SinewInsrCreate(PETSC_COMM_WORLD, equation, &o, &insr));
      check_call(SinewInsrFit(insr, 0, constant, NULL, &report));
      check_close(report.size, 0.7, 1e-14);
      check_call(SinewInsrStep(insr, 0, 0.01, &report));
      check_close(report.size, 0.7, 1e-5);
      check_call(SinewInsrDestroy(&insr));
    }
    check_call(SinewPointwiseDestroy(&equation));
  }
}

/* ---- mistakes ---- */

static PetscErrorCode keep(MPI_Comm comm, int line, const char *func, const char *file, PetscErrorCode code,
                           PetscErrorType type, const char *message, void *ctx)
{
  (void)comm, (void)line, (void)func, (void)file;
  if (type == PETSC_ERROR_INITIAL) snprintf(ctx, 512, "%s", message);
  return code;
}

static void says(PetscErrorCode code, PetscErrorCode expected, const char message[], const char part[])
{
  assert_int_equal((int)code, (int)expected);
  if (!strstr(message, part)) print_error("\"%s\" does not say \"%s\"\n", message, part);
  assert_non_null(strstr(message, part));
}

static PetscErrorCode nan_after_a_while(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal s[])
{
  (void)ctx, (void)x;
  for (PetscInt p = 0; p < n; p++) s[p] = t > 0.05 ? NAN : 0;
  return PETSC_SUCCESS;
}

static PetscErrorCode not_a_number(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal s[])
{
  return nan_after_a_while(ctx, t + 1, n, x, s);
}

static void mistakes_are_named(void **state)
{
  char message[512] = "";
  SinewPointwise *equation;
  SinewInsrReport report;
  SinewInsrOptions o;
  SinewInsr insr;
  PetscErrorCode code;

  (void)state;
  check_call(SinewPointwiseTransport(&burgers, &equation));
  o = circle_options(equation, SINEW_INSR_GAUSS);
  check_call(PetscPushErrorHandler(keep, message));
  code = SinewInsrCreate(PETSC_COMM_WORLD, equation, &o, &insr);
  says(code, SINEW_ERR_INPUT, message, "does not offer the second time derivative that scheme gauss needs");
  o.scheme = SINEW_INSR_MIDPOINT;
  o.points = 90;
  o.fit_adam = 0;
  o.fit.iterations = 1;
  check_call(SinewInsrCreate(PETSC_COMM_WORLD, equation, &o, &insr));
  says(0, 0, SinewInsrWarning(insr), "90 points give 90 equations for 105 weights");
  code = SinewInsrFit(insr, 0, initial, &burgers_wave, &report);
  says(code, SINEW_ERR_INPUT, message, "misses the initial field by");
  says(code, SINEW_ERR_INPUT, message, "enlarge width, layers, omega");
  code = SinewInsrFit(insr, 0, not_a_number, NULL, &report);
  says(code, SINEW_ERR_INPUT, message, "the initial field is not a number somewhere");
  check_call(PetscPopErrorHandler());
  check_call(SinewInsrDestroy(&insr));
  check_call(SinewPointwiseDestroy(&equation));
}

/* A step that fails says why and leaves the state as it was. */
static void failed_steps_change_nothing(void **state)
{
  SinewTransport p = burgers;
  SinewPointwise *equation, *other;
  SinewInsrReport report;
  SinewInsr insr, copy;

  (void)state;
  p.source = nan_after_a_while;
  check_call(SinewPointwiseTransport(&p, &equation));
  check_call(SinewPointwiseTransport(&burgers, &other));
  insr = create(PETSC_COMM_WORLD, equation, SINEW_INSR_STRATIFIED);
  copy = create(PETSC_COMM_WORLD, other, SINEW_INSR_STRATIFIED);
  check_call(SinewInsrFit(insr, 0, initial, &burgers_wave, &report));
  check_call(SinewInsrFit(copy, 0, initial, &burgers_wave, &report));
  check_call(SinewInsrStep(insr, 0.1, 0.01, &report));
  assert_true(report.failed);
  says(0, 0, report.reason, "not a number");
  same_bits(insr, copy);
  check_call(SinewInsrDestroy(&insr));
  check_call(SinewInsrDestroy(&copy));
  check_call(SinewPointwiseDestroy(&equation));
  check_call(SinewPointwiseDestroy(&other));
}

SINEW_TEST_MAIN(cmocka_unit_test(implicit_schemes_have_their_order),
                cmocka_unit_test(fourth_order_schemes_have_their_order),
                cmocka_unit_test(explicit_schemes_have_their_order),
                cmocka_unit_test(truncated_singular_values_serve_as_well), cmocka_unit_test(estimates_tell_the_error),
                cmocka_unit_test(embedded_estimates_have_their_order), cmocka_unit_test(ranks_do_not_change_the_bits),
                cmocka_unit_test(state_arrays_restart_to_the_bit), cmocka_unit_test(weights_of_points_sum_to_one),
                cmocka_unit_test(mistakes_are_named), cmocka_unit_test(failed_steps_change_nothing))
