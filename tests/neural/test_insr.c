// RANKS 1 2 4
// TIMEOUT 240
/* Fields as moving weights: order of every scheme, error estimates, restarts, rank invariance, what is said of
 * mistakes. */
#include "tests/harness.h"

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
  if (scheme == SINEW_INSR_GALERKIN) o.step.damping = 1e-12;
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
  converges(&burgers, &burgers_wave, SINEW_INSR_GALERKIN, 0.4, 6, 4);
}

SINEW_TEST_MAIN(cmocka_unit_test(implicit_schemes_have_their_order),
                cmocka_unit_test(fourth_order_schemes_have_their_order),
                cmocka_unit_test(explicit_schemes_have_their_order))
