// RANKS 1 2
// TIMEOUT 240
/* Every pointwise equation against an exact solution, with moving weights. */
#include "tests/harness.h"

#include "neural/insr.h"
#include "solvers/pointwise.h"

#define K (2 * PETSC_PI)

typedef struct {
  SinewPointwise *equation;
  SinewPointFunction *exact; /* of q */
  SinewInsrOptions options;
} Case;

static Case begin(SinewPointwise *equation, SinewPointFunction *exact, PetscInt points, PetscReal low)
{
  const PetscReal lower[3] = {low, low, low}, upper[3] = {1, 1, 1};
  Case c = {equation, exact, SinewInsrDefaults(equation, lower, upper)};

  c.options.network.width = 10;
  c.options.network.layers = 2;
  c.options.network.omega = 2;
  c.options.points = points;
  c.options.fit_adam = 200;
  c.options.fit.tolerance = 1e-9;
  c.options.step.tolerance = 1e-9;
  c.options.step.damping_least = 1e-13;
  c.options.step.stagnation = 1e-3;
  c.options.step.acceleration = PETSC_TRUE;
  c.options.step.iterations = 30;
  return c;
}

/* Largest error of the evolved quantities after `steps` steps, and of the equation's fields where they begin with
   them; destroys the case's equation. */
static PetscReal error_of(Case *c, PetscReal end, PetscInt steps)
{
  const PetscInt dim = c->equation->dim, n = 200, rows = c->equation->evolved;
  const PetscReal dt = end / (PetscReal)PetscMax(steps, 1), *lower = c->options.network.lower;
  SinewInsr insr;
  SinewInsrReport report;
  PetscReal x[600], values[800], exact[400], largest = 0;

  check_call(SinewInsrCreate(PETSC_COMM_WORLD, c->equation, &c->options, &insr));
  if (c->equation->steady)
    check_call(SinewInsrSteady(insr, 0, &report));
  else
    check_call(SinewInsrFit(insr, 0, c->exact, NULL, &report));
  for (PetscInt k = 0; k < steps; k++) {
    check_call(SinewInsrStep(insr, (PetscReal)k * dt, dt, &report));
    if (report.failed) print_error("step %d: %s\n", (int)k, report.reason);
    check_all(!report.failed);
  }
  for (PetscInt p = 0; p < n * dim; p++)
    x[p] = lower[0] + (1 - lower[0]) * (0.5 + 0.499 * PetscSinReal((PetscReal)(3 * p * p + 1)));
  check_call(SinewInsrFields(insr, end, n, x, values));
  check_call(c->exact(NULL, end, n, x, exact));
  for (PetscInt i = 0; i < rows * n; i++) {
    const PetscReal difference = PetscAbsReal(values[i] - exact[i]);

    if (!(difference <= largest)) largest = difference;
  }
  check_call(SinewInsrDestroy(&insr));
  check_call(SinewPointwiseDestroy(&c->equation));
  return largest;
}

/* ---- advection and diffusion in one, two and three dimensions ---- */

#define SPREAD 0.01

static PetscReal carried(PetscInt dim, PetscReal t, const PetscReal x[])
{
  PetscReal phase = 0;

  for (PetscInt i = 0; i < dim; i++) phase += K * (x[i] - 0.5 * (PetscReal)(i + 1) * t);
  return PetscExpReal(-SPREAD * K * K * (PetscReal)dim * t) * PetscSinReal(phase);
}

#define CARRIED(dim)                                                                                                \
  static PetscErrorCode carried_##dim(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal u[]) \
  {                                                                                                                 \
    (void)ctx;                                                                                                      \
    for (PetscInt p = 0; p < n; p++) u[p] = carried(dim, t, x + p * dim);                                           \
    return PETSC_SUCCESS;                                                                                           \
  }
CARRIED(1)
CARRIED(2)
CARRIED(3)

static void advection_diffusion_in_all_dimensions(void **state)
{
  SinewPointFunction *const exact[3] = {carried_1, carried_2, carried_3};

  (void)state;
  for (PetscInt dim = 1; dim <= 3; dim++) {
    const SinewTransport p = {.dim = dim, .velocity = {0.5, 1, 1.5}, .viscosity = SPREAD};
    PetscReal error[2];

    for (int k = 0; k < 2; k++) {
      SinewPointwise *equation;
      Case c;

      check_call(SinewPointwiseTransport(&p, &equation));
      c = begin(equation, exact[dim - 1], dim == 1 ? 400 : dim == 2 ? 500 : 730, 0);
      for (PetscInt i = 0; i < dim; i++) c.options.network.harmonics[i] = 1;
      error[k] = error_of(&c, 0.04, k ? 4 : 2);
    }
    print_message("%d dimensions: errors %.2e %.2e\n", (int)dim, (double)error[0], (double)error[1]);
    check_close(error[0] / error[1], 4, 0.7);
  }
}

/* ---- Allen-Cahn: u' = u - u^3 where u is the same everywhere ---- */

static PetscErrorCode reacting(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal u[])
{
  (void)ctx, (void)x;
  for (PetscInt p = 0; p < n; p++) u[p] = 1 / PetscSqrtReal(1 + 3 * PetscExpReal(-2 * t));
  return PETSC_SUCCESS;
}

static void allen_cahn_follows_its_reaction(void **state)
{
  const SinewTransport p = {.dim = 1, .viscosity = 1e-2, .reaction = {0, 1, 0, -1}};
  SinewPointwise *equation;
  PetscReal error;
  Case c;

  (void)state;
  check_call(SinewPointwiseTransport(&p, &equation));
  c = begin(equation, reacting, 300, 0);
  c.options.network.harmonics[0] = 1;
  c.options.scheme = SINEW_INSR_SDIRK;
  error = error_of(&c, 1, 4);
  print_message("Allen-Cahn: %.2e\n", (double)error);
  check_all(error < 2e-5);
}

/* ---- waves ---- */

#define SPEED 1.5

static PetscErrorCode standing(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal q[])
{
  (void)ctx;
  for (PetscInt p = 0; p < n; p++) {
    q[p] = PetscCosReal(PETSC_PI * x[p]) * PetscCosReal(PETSC_PI * SPEED * t);
    q[n + p] = PetscSinReal(PETSC_PI * x[p]) * PetscSinReal(PETSC_PI * SPEED * t) / SPEED;
  }
  return PETSC_SUCCESS;
}

/* v = 0 at both ends, and for schemes that apply the operator twice dp/dx = 0 (times a length) */
static PetscErrorCode walls(const void *ctx, PetscInt face, PetscReal t, PetscInt n, const PetscReal x[], PetscReal c[],
                            PetscReal g[])
{
  (void)face, (void)t, (void)x, (void)g;
  for (PetscInt p = 0; p < n; p++) {
    c[2 * n + p] = 1;
    if (ctx) c[5 * n + p] = 0.1;
  }
  return PETSC_SUCCESS;
}

static void waves_stand_between_walls(void **state)
{
  const SinewInsrScheme schemes[2] = {SINEW_INSR_MIDPOINT, SINEW_INSR_GAUSS};
  const PetscReal order[2] = {2, 4}, dt[2] = {0.1, 0.2};

  (void)state;
  for (int s = 0; s < 2; s++) {
    PetscReal error[2];

    for (int k = 0; k < 2; k++) {
      SinewPointwise *equation;
      Case c;

      check_call(SinewPointwiseWave(
          &(SinewWaveTerms){
              .dim = 1, .speed = SPEED, .faces = {.rows = {1 + s, 1 + s}, .function = walls}, .ctx = s ? &order : NULL},
          &equation));
      c = begin(equation, standing, 300, 0);
      c.options.network.omega = 4;
      c.options.step.iterations = 60;
      c.options.scheme = schemes[s];
      error[k] = error_of(&c, 3 * dt[s], k ? 6 : 3);
    }
    print_message("wave, %s: errors %.2e %.2e\n", SinewInsrSchemes[schemes[s]], (double)error[0], (double)error[1]);
    check_close(PetscLog2Real(error[0] / error[1]), order[s], 0.3);
  }
}

/* ---- flow ---- */

#define NU 0.02

static PetscErrorCode vortices(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal q[])
{
  (void)ctx;
  for (PetscInt p = 0; p < n; p++) {
    const PetscReal X = PETSC_PI * (x[2 * p] - 0.6 * t), Y = PETSC_PI * (x[2 * p + 1] + 0.3 * t);
    const PetscReal size = PetscExpReal(-2 * NU * PETSC_PI * PETSC_PI * t);

    q[p] = 0.6 + size * PetscSinReal(X) * PetscCosReal(Y);
    q[n + p] = -0.3 - size * PetscCosReal(X) * PetscSinReal(Y);
  }
  return PETSC_SUCCESS;
}

static PetscReal flow_error(SinewInsrScheme scheme, PetscInt passes, PetscInt steps)
{
  SinewPointwise *equation;
  Case c;

  check_call(SinewPointwiseFlow(&(SinewFlowTerms){.viscosity = NU, .mean = {0.6, -0.3}}, &equation));
  c = begin(equation, vortices, 400, -1);
  c.options.network.harmonics[0] = c.options.network.harmonics[1] = 1;
  c.options.scheme = scheme;
  c.options.passes = passes;
  c.options.step.iterations = 5;
  c.options.step.acceleration = PETSC_FALSE;
  c.options.step.stagnation = 0;
  return error_of(&c, 0.2, steps);
}

static void flow_is_projected(void **state)
{
  PetscReal coarse, fine;

  (void)state;
  coarse = flow_error(SINEW_INSR_RK4, 1, 1);
  fine = flow_error(SINEW_INSR_RK4, 1, 2);
  print_message("flow, rk4: errors %.2e %.2e\n", (double)coarse, (double)fine);
  check_close(PetscLog2Real(coarse / fine), 4, 0.5);
  coarse = flow_error(SINEW_INSR_MIDPOINT, 3, 4);
  fine = flow_error(SINEW_INSR_MIDPOINT, 3, 8);
  print_message("flow, midpoint: errors %.2e %.2e\n", (double)coarse, (double)fine);
  check_close(PetscLog2Real(coarse / fine), 2, 0.3);
}

/* ---- Poisson: 0 = lap u + s, walls, and conditions by rows ---- */

static PetscErrorCode bump(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal u[])
{
  (void)ctx, (void)t;
  for (PetscInt p = 0; p < n; p++) u[p] = PetscSinReal(PETSC_PI * x[2 * p]) * PetscSinReal(PETSC_PI * x[2 * p + 1]);
  return PETSC_SUCCESS;
}

static PetscErrorCode load(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal s[])
{
  (void)bump(ctx, t, n, x, s);
  for (PetscInt p = 0; p < n; p++) s[p] *= 2 * PETSC_PI * PETSC_PI;
  return PETSC_SUCCESS;
}

static PetscErrorCode nothing(const void *ctx, PetscInt face, PetscReal t, PetscInt n, const PetscReal x[],
                              PetscReal c[], PetscReal g[])
{
  (void)ctx, (void)face, (void)t, (void)x, (void)g;
  for (PetscInt p = 0; p < n; p++) c[p] = 1;
  return PETSC_SUCCESS;
}

static void poisson_is_solved(void **state)
{
  (void)state;
  for (int soft = 0; soft < 2; soft++) {
    SinewTransport p = {
        .dim = 2, .viscosity = 1, .source = load, .steady = PETSC_TRUE, .faces = {.weight = 100, .function = nothing}};
    SinewPointwise *equation;
    PetscReal error;
    Case c;

    for (int face = 0; soft && face < 4; face++) p.faces.rows[face] = 1;
    check_call(SinewPointwiseTransport(&p, &equation));
    c = begin(equation, bump, 400, 0);
    if (!soft) c.options.network.wall[0] = c.options.network.wall[1] = SINEW_WALL_BOTH;
    c.options.fit.tolerance = 1e-7;
    error = error_of(&c, 0, 0);
    print_message("Poisson, %s: %.2e\n", soft ? "rows" : "walls", (double)error);
    check_all(error < (soft ? 1e-5 : 1e-6));
  }
}

/* ---- the original's splitting ---- */

static PetscErrorCode resting_vortex(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal q[])
{
  (void)ctx, (void)t;
  for (PetscInt p = 0; p < n; p++) {
    const PetscReal X = PETSC_PI * x[2 * p], Y = PETSC_PI * x[2 * p + 1];

    q[p] = PetscSinReal(X) * PetscCosReal(Y);
    q[n + p] = -PetscCosReal(X) * PetscSinReal(Y);
  }
  return PETSC_SUCCESS;
}

static SinewInsr phase_solver(SinewPointwise *equation, PetscBool warm)
{
  Case c = begin(equation, NULL, 400, -1);
  SinewInsr insr;

  c.options.network.width = 12;
  c.options.warm_start = warm;
  c.options.face_points = 40;
  c.options.fit.iterations = 40;
  check_call(SinewInsrCreate(PETSC_COMM_WORLD, equation, &c.options, &insr));
  return insr;
}

/* One step of the three phases; the mean square of what it does to a vortex that ought to rest. */
static PetscReal splitting_error(PetscReal dt)
{
  SinewSplitting p = {.dt = dt, .lower = {-1, -1}, .upper = {1, 1}};
  SinewPointwise *equation[3];
  SinewInsr velocity[2], pressure;
  SinewInsrReport report;
  PetscReal *u, *pw, x[400], values[400], exact[400], sum = 0;
  SinewJetOptions network;

  for (int k = 0; k < 2; k++) { /* the networks' sizes come from solvers that are made first */
    check_call(SinewPointwiseSplitting(&p, SINEW_SPLITTING_ADVECT, &equation[0]));
    velocity[0] = phase_solver(equation[0], PETSC_FALSE);
    network = *SinewJetGetOptions(SinewInsrGetJet(velocity[0]));
    if (k == 1) break;
    check_call(SinewInsrDestroy(&velocity[0]));
    check_call(SinewPointwiseDestroy(&equation[0]));
    check_call(SinewJetCreate(&network, 128, &p.velocity));
    network.outputs = 1;
    check_call(SinewJetCreate(&network, 128, &p.pressure));
    check_call(PetscMalloc2((size_t)SinewJetSize(p.velocity), &u, (size_t)SinewJetSize(p.pressure), &pw));
    p.u = u;
    p.p = pw;
  }
  check_call(SinewInsrFit(velocity[0], 0, resting_vortex, NULL, &report));
  check_call(PetscArraycpy(u, SinewInsrWeights(velocity[0]), SinewJetSize(p.velocity)));
  check_call(SinewInsrSteady(velocity[0], 0, &report)); /* advect */
  check_call(PetscArraycpy(u, SinewInsrWeights(velocity[0]), SinewJetSize(p.velocity)));
  check_call(SinewPointwiseSplitting(&p, SINEW_SPLITTING_PRESSURE, &equation[1]));
  pressure = phase_solver(equation[1], PETSC_FALSE);
  check_call(SinewInsrSteady(pressure, 0, &report));
  check_call(PetscArraycpy(pw, SinewInsrWeights(pressure), SinewJetSize(p.pressure)));
  check_call(SinewPointwiseSplitting(&p, SINEW_SPLITTING_PROJECT, &equation[2]));
  velocity[1] = phase_solver(equation[2], PETSC_TRUE);
  check_call(PetscArraycpy(SinewInsrWeights(velocity[1]), u, SinewJetSize(p.velocity)));
  check_call(SinewInsrSteady(velocity[1], 0, &report));
  for (PetscInt i = 0; i < 400; i++) x[i] = PetscSinReal((PetscReal)(3 * i * i + 1));
  check_call(SinewInsrFields(velocity[1], 0, 200, x, values));
  check_call(resting_vortex(NULL, 0, 200, x, exact));
  for (PetscInt i = 0; i < 400; i++) sum += PetscSqr(values[i] - exact[i]) / 200;
  check_call(SinewInsrDestroy(&velocity[0]));
  check_call(SinewInsrDestroy(&velocity[1]));
  check_call(SinewInsrDestroy(&pressure));
  for (int k = 0; k < 3; k++) check_call(SinewPointwiseDestroy(&equation[k]));
  check_call(SinewJetDestroy(&p.velocity));
  check_call(SinewJetDestroy(&p.pressure));
  check_call(PetscFree2(u, pw));
  return sum;
}

static void the_originals_splitting_is_of_first_order(void **state)
{
  const PetscReal coarse = splitting_error(0.04), fine = splitting_error(0.02);

  (void)state;
  print_message("splitting: mean squares %.2e %.2e\n", (double)coarse, (double)fine);
  check_close(PetscLog2Real(PetscSqrtReal(coarse / fine)), 1.8, 0.5); /* dt^2 in one step, and some noise of fits */
}

SINEW_TEST_MAIN(cmocka_unit_test(advection_diffusion_in_all_dimensions),
                cmocka_unit_test(allen_cahn_follows_its_reaction), cmocka_unit_test(waves_stand_between_walls),
                cmocka_unit_test(flow_is_projected), cmocka_unit_test(poisson_is_solved),
                cmocka_unit_test(the_originals_splitting_is_of_first_order))
