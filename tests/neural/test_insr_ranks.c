// RANKS 1 2 4
// TIMEOUT 240
/* Fields as moving weights: bits that no rank and no restart changes, points, what is said of mistakes. */
#include "tests/neural/insr_wave.h"

#include <string.h>

/* ---- ranks, restarts, rejected steps ---- */

static SinewInsr create_with(MPI_Comm comm, const SinewPointwise *equation, SinewInsrScheme scheme,
                             SinewInsrSampling sampling)
{
  SinewInsrOptions o = circle_options(equation, scheme);
  SinewInsr insr;

  o.sampling = sampling;
  o.step.subset = 0.7;
  o.step.acceleration = PETSC_TRUE;
  o.step.tolerance = 1e-5;
  o.fit.tolerance = 1e-5;
  o.points = 250;
  o.estimate = PETSC_TRUE;
  check_call(SinewInsrCreate(comm, equation, &o, &insr));
  return insr;
}

static SinewInsr create(MPI_Comm comm, const SinewPointwise *equation, SinewInsrSampling sampling)
{
  return create_with(comm, equation, SINEW_INSR_MIDPOINT, sampling);
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

static void ranks_agree(const SinewPointwise *equation, SinewInsrScheme scheme, SinewInsrSampling sampling)
{
  SinewInsr all = create_with(PETSC_COMM_WORLD, equation, scheme, sampling);
  SinewInsr alone = create_with(PETSC_COMM_SELF, equation, scheme, sampling);
  SinewInsrReport report;

  check_call(SinewInsrFit(all, 0, initial, &burgers_wave, &report));
  check_call(SinewInsrFit(alone, 0, initial, &burgers_wave, &report));
  steps(all, 0, 3);
  steps(alone, 0, 3);
  same_bits(all, alone);
  check_call(SinewInsrDestroy(&all));
  check_call(SinewInsrDestroy(&alone));
}

static void ranks_do_not_change_the_bits(void **state)
{
  SinewPointwise *equation;

  (void)state;
  check_call(SinewPointwiseTransport(&burgers, &equation));
  for (int k = SINEW_INSR_STRATIFIED; k <= SINEW_INSR_PANELS; k++)
    ranks_agree(equation, SINEW_INSR_MIDPOINT, (SinewInsrSampling)k);
  ranks_agree(equation, SINEW_INSR_LAGRANGE, SINEW_INSR_STRATIFIED);
  ranks_agree(equation, SINEW_INSR_SDIRK, SINEW_INSR_STRATIFIED);
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
    for (int k = SINEW_INSR_STRATIFIED; k <= SINEW_INSR_PANELS; k++) {
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

/* ---- singular systems ---- */

/* q = 1 whatever the network does: no weight matters. */
static PetscErrorCode deaf(const void *ctx, const SinewPoints *at, PetscReal q[], PetscReal dq[])
{
  (void)ctx, (void)dq;
  for (PetscInt p = 0; p < at->n; p++) q[p] = 1;
  return PETSC_SUCCESS;
}

/* sqrt|u - u(0)|, say: f is a number, its derivative is none. */
static PetscErrorCode steep(const void *ctx, const SinewPoints *at, PetscReal f[], PetscReal df[])
{
  (void)ctx;
  for (PetscInt p = 0; p < at->n; p++) f[p] = 1;
  for (PetscInt p = 0; df && p < at->n; p++) df[p] = PETSC_INFINITY;
  return PETSC_SUCCESS;
}

static void singular_systems_change_nothing(void **state)
{
  const SinewPointwise equations[2] = {
      {.name = "deaf", .dim = 1, .unknowns = 1, .evolved = 1, .density = deaf, .rate = deaf},
      {.name = "steep", .dim = 1, .unknowns = 1, .evolved = 1, .rate = steep}};

  (void)state;
  for (int k = 0; k < 2; k++) {
    for (int solver = SINEW_LS_NORMAL; solver <= SINEW_LS_QR; solver++) {
      SinewInsrOptions o = circle_options(&equations[k], SINEW_INSR_EULER);
      SinewInsrReport report;
      SinewInsr insr, copy;
      char message[512] = "";

      o.network.width = 4;
      o.points = 64;
      o.fit_adam = 0;
      o.fit_limit = 10;
      o.step.solver = (SinewLeastSquaresSolver)solver;
      check_call(SinewInsrCreate(PETSC_COMM_WORLD, &equations[k], &o, &insr));
      check_call(SinewInsrCreate(PETSC_COMM_WORLD, &equations[k], &o, &copy));
      check_call(SinewInsrFit(insr, 0, initial, &burgers_wave, &report));
      check_call(SinewInsrFit(copy, 0, initial, &burgers_wave, &report));
      if (!k) says(0, 0, report.reason, "singular");
      check_call(PetscPushErrorHandler(keep, message));
      check_call(SinewInsrStep(insr, 0, 0.1, &report));
      check_call(PetscPopErrorHandler());
      check_all(report.failed);
      says(0, 0, report.reason, "no damping makes the system of equations solvable");
      same_bits(insr, copy);
      check_call(SinewInsrDestroy(&insr));
      check_call(SinewInsrDestroy(&copy));
    }
  }
}

SINEW_TEST_MAIN(cmocka_unit_test(ranks_do_not_change_the_bits), cmocka_unit_test(state_arrays_restart_to_the_bit),
                cmocka_unit_test(weights_of_points_sum_to_one), cmocka_unit_test(mistakes_are_named),
                cmocka_unit_test(failed_steps_change_nothing), cmocka_unit_test(singular_systems_change_nothing))
