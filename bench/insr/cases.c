/* The problems: equations, exact solutions, options that were found to be good. */
#include "bench.h"
#include "neural/sampling.h"

/* ---- (a) 1D advection, the original's setting ---- */

#define SPEED 0.25

static PetscReal pulse(PetscReal x)
{
  return PetscExpReal(-PetscSqr(x + 1.5) / 0.02);
}

static PetscErrorCode pulse_exact(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal u[])
{
  (void)ctx;
  for (PetscInt p = 0; p < n; p++) u[p] = pulse(x[p] - SPEED * t);
  return PETSC_SUCCESS;
}

static PetscErrorCode pulse_data(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal values[])
{
  (void)ctx;
  for (PetscInt p = 0; p < n; p++) {
    const PetscReal y = x[p] - SPEED * t;

    values[p] = pulse(y);
    values[n + p] = -(y + 1.5) / 0.01 * values[p];
  }
  return PETSC_SUCCESS;
}

/* Both value and slope (times a length) at the inflow: schemes of order 4 apply the operator twice. */
static PetscErrorCode inflow(const void *ctx, PetscInt face, PetscReal t, PetscInt n, const PetscReal x[],
                             PetscReal c[], PetscReal g[])
{
  const PetscReal length = 0.1;

  PetscFunctionBegin;
  (void)face;
  PetscCall(pulse_data(ctx, t, n, x, g));
  for (PetscInt p = 0; p < n; p++) {
    c[p] = 1;
    c[3 * n + p] = length; /* of row 1, the gradient's */
    g[n + p] *= length;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode advection(SinewPointwise **equation)
{
  const SinewTransport p = {
      .dim = 1, .velocity = {SPEED}, .outside = pulse_exact, .faces = {.rows = {2}, .function = inflow}};

  return SinewPointwiseTransport(&p, equation);
}

static void advection_options(const char scheme[], SinewInsrOptions *o)
{
  const PetscBool second_order = (PetscBool)(scheme[0] == 't');

  o->network.omega = 30;
  o->points = second_order ? 950 : 2000;
  o->fit.tolerance = second_order ? 2e-6 : 5e-8;
  o->fit.subset = 0.7;
  o->step.tolerance = second_order ? 3.5e-5 : 1.5e-6;
  o->fit_adam = 700;
  o->held_out = 0.1;
  o->step.subset = second_order ? 0.4 : 0.5;
  o->step.acceleration = PETSC_TRUE;
}

/* ---- (b) Taylor-Green vortices in a closed box: steady ---- */

static void vortex(PetscReal x, PetscReal y, PetscReal size, PetscReal v[2])
{
  const PetscReal X = PETSC_PI * (x + 1), Y = PETSC_PI * (y + 1);

  v[0] = size * PetscSinReal(X) * PetscCosReal(Y) / PETSC_PI;
  v[1] = -size * PetscCosReal(X) * PetscSinReal(Y) / PETSC_PI;
}

static PetscErrorCode box_exact(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal q[])
{
  (void)ctx, (void)t;
  for (PetscInt p = 0; p < n; p++) {
    PetscReal v[2];

    vortex(x[2 * p], x[2 * p + 1], 1, v);
    q[p] = v[0];
    q[n + p] = v[1];
  }
  return PETSC_SUCCESS;
}

static PetscErrorCode inviscid(SinewPointwise **equation)
{
  return SinewPointwiseFlow(&(SinewFlowTerms){.viscosity = 0}, equation);
}

static void box_options(const char scheme[], SinewInsrOptions *o)
{
  (void)scheme;
  o->network.wall[0] = o->network.wall[1] = SINEW_WALL_BOTH;
  o->points = 28 * 28;
  o->held_out = 0;
  o->fit_adam = 300;
  o->fit.tolerance = 1e-6;
  o->step.iterations = 1;
  o->step.tolerance = 0; /* what remains is dt grad p, whatever the fit */
  o->step.subset = 0.5;
}

/* ---- (c) the same, carried by a mean flow and decaying, periodic ---- */

#define VISCOSITY 0.01
static const PetscReal mean_flow[2] = {1, 0.5};

static PetscErrorCode periodic_exact(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal q[])
{
  const PetscReal size = PetscExpReal(-2 * VISCOSITY * PETSC_PI * PETSC_PI * t);

  (void)ctx;
  for (PetscInt p = 0; p < n; p++) {
    PetscReal v[2];

    vortex(x[2 * p] - mean_flow[0] * t, x[2 * p + 1] - mean_flow[1] * t, size, v);
    q[p] = mean_flow[0] + v[0];
    q[n + p] = mean_flow[1] + v[1];
  }
  return PETSC_SUCCESS;
}

static PetscErrorCode viscous(SinewPointwise **equation)
{
  return SinewPointwiseFlow(&(SinewFlowTerms){.viscosity = VISCOSITY, .mean = {1, 0.5}}, equation);
}

static void periodic_options(const char scheme[], SinewInsrOptions *o)
{
  (void)scheme;
  o->network.harmonics[0] = o->network.harmonics[1] = 1;
  o->network.omega = 3;
  o->network.width = 16;
  o->points = 24 * 24;
  o->held_out = 0;
  o->fit_adam = 300;
  o->fit.tolerance = 1e-8;
  o->step.iterations = 2;
  o->step.tolerance = 0;
  o->step.stagnation = 0;
  o->step.acceleration = PETSC_TRUE;
}

/* ---- (e) vortices of two sizes in a closed box ---- */

#define FINE 767 /* nodes an axis of the reference */

/* A vortex squeezed into the square of side `side` whose lower corner is (corner, corner), linearly faded to zero
   within `fade` outside. */
static void squeezed(PetscReal corner, PetscReal side, PetscReal fade, const PetscReal x[2], PetscReal v[2])
{
  const PetscReal s = 2 * (x[0] - corner) / side - 1, t = 2 * (x[1] - corner) / side - 1;
  const PetscReal away = PetscMax(PetscMax(PetscAbsReal(s), PetscAbsReal(t)) - 1, 0) * side / 2;
  const PetscReal weight = PetscMax(0, 1 - away / fade), X = PETSC_PI * (s + 1), Y = PETSC_PI * (t + 1);

  v[0] += weight * PetscSinReal(X) * PetscCosReal(Y);
  v[1] -= weight * PetscCosReal(X) * PetscSinReal(Y);
}

static PetscErrorCode multi_initial(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal q[])
{
  (void)ctx, (void)t;
  for (PetscInt p = 0; p < n; p++) {
    PetscReal v[2] = {0, 0};

    squeezed(-1, 1, 0.05, x + 2 * p, v);
    squeezed(0.75, 0.25, 0.0125, x + 2 * p, v);
    q[p] = v[0];
    q[n + p] = v[1];
  }
  return PETSC_SUCCESS;
}

/* Its solenoidal part, which is what flows (the released code's first projection takes the rest away), and where that
   goes: on a fine grid. */
static PetscErrorCode multi_reference(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal q[])
{
  PetscFunctionBeginUser;
  (void)ctx;
  PetscCall(BenchVorticityAt(&BenchCases[BenchCaseCount - 1], FINE, t, n, x, q));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void multi_options(const char scheme[], SinewInsrOptions *o)
{
  (void)scheme;
  o->network.wall[0] = o->network.wall[1] = SINEW_WALL_BOTH;
  o->network.width = 32;
  o->network.omega = 30;
  o->sampling = SINEW_INSR_PANELS;
  o->points = 80 * 80;
  o->held_out = 0;
  o->fit_adam = 2000;
  o->fit.iterations = 30;
  o->fit.subset = 0.5;
  o->fit_limit = 0.05; /* the fades are hardly resolved */
  o->step.iterations = 1;
  o->step.tolerance = 0;
  o->step.subset = 0.5;
}

/* ---- (d) Burgers, nu = 0.01 / pi, exact by Cole and Hopf ---- */

#define BURGERS_VISCOSITY (0.01 / PETSC_PI)
#define NODES             1200
#define FARTHEST          20. /* beyond, exp(-z^2) times the rest is below rounding */

/* u = -int sin(pi y) e / int e, y = x - sqrt(4 nu t) z, e = exp(-z^2 - cos(pi y) / (2 pi nu)), by the trapezoidal rule,
   which converges exponentially for such integrands. */
static PetscErrorCode burgers_exact(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal u[])
{
  const PetscReal nu = BURGERS_VISCOSITY, reach = PetscSqrtReal(4 * nu * t);

  (void)ctx;
  for (PetscInt p = 0; p < n; p++) {
    PetscReal exponent[NODES], sine[NODES], largest = -PETSC_MAX_REAL, above = 0, below = 0;

    for (int i = 0; i < NODES; i++) {
      const PetscReal z = FARTHEST * (2 * ((PetscReal)i + 0.5) / NODES - 1), y = PETSC_PI * (x[p] - reach * z);

      exponent[i] = -z * z - PetscCosReal(y) / (2 * PETSC_PI * nu);
      sine[i] = PetscSinReal(y);
      largest = PetscMax(largest, exponent[i]);
    }
    for (int i = 0; i < NODES; i++) {
      const PetscReal e = PetscExpReal(exponent[i] - largest);

      above += e * sine[i];
      below += e;
    }
    u[p] = -above / below;
  }
  return PETSC_SUCCESS;
}

static PetscErrorCode burgers(SinewPointwise **equation)
{
  return SinewPointwiseTransport(&(SinewTransport){.dim = 1, .viscosity = BURGERS_VISCOSITY, .burgers = PETSC_TRUE},
                                 equation);
}

static void burgers_options(const char scheme[], SinewInsrOptions *o)
{
  (void)scheme;
  o->network.wall[0] = SINEW_WALL_BOTH;
  o->network.omega = 20;
  o->points = 2000;
  o->fit_adam = 500;
  o->fit.tolerance = 1e-7;
  o->step.tolerance = 1e-6;
  o->step.subset = 0.5;
  o->step.acceleration = PETSC_TRUE;
}

const BenchCase BenchCases[] = {
    {.key = "a",
     .title = "1D advection of a pulse, 240 steps of 0.05",
     .norm = "mean |u - exact| at t = 12",
     .dim = 1,
     .components = 1,
     .lower = {-2},
     .upper = {2},
     .dt = 0.05,
     .steps = 240,
     .initial = pulse_exact,
     .exact = pulse_exact,
     .equation = advection,
     .options = advection_options,
     .schemes = {"trapezoidal", "gauss", "semi_lagrangian"},
     .adam_points = 5000,
     .adam_iterations = {6477}},
    {.key = "b",
     .title = "Taylor-Green in a closed box, inviscid, 100 steps of 0.05",
     .norm = "mean square of the velocity's error at t = 5",
     .dim = 2,
     .components = 2,
     .lower = {-1, -1},
     .upper = {1, 1},
     .dt = 0.05,
     .steps = 100,
     .speed = 1 / PETSC_PI,
     .initial = box_exact,
     .exact = box_exact,
     .mean_square = PETSC_TRUE,
     .equation = inviscid,
     .options = box_options,
     .schemes = {"midpoint"},
     .adam_points = 16384,
     .adam_iterations = {2622, 14944, 8864}},
    {.key = "c",
     .title = "Taylor-Green, periodic, carried and decaying, 80 steps of 0.0125",
     .norm = "mean square of the velocity's error at t = 1",
     .dim = 2,
     .components = 2,
     .lower = {-1, -1},
     .upper = {1, 1},
     .mean = {1, 0.5},
     .dt = 0.0125,
     .steps = 80,
     .periodic = PETSC_TRUE,
     .viscosity = VISCOSITY,
     .speed = 1.6,
     .initial = periodic_exact,
     .exact = periodic_exact,
     .mean_square = PETSC_TRUE,
     .equation = viscous,
     .options = periodic_options,
     .schemes = {"rk4"},
     .adam_points = 16384,
     .adam_iterations = {2622, 14944, 8864}},
    {.key = "d",
     .title = "Burgers, viscosity 0.01/pi, 200 steps of 0.005",
     .norm = "mean |u - exact| at t = 1",
     .dim = 1,
     .components = 1,
     .lower = {-1},
     .upper = {1},
     .dt = 0.005,
     .steps = 200,
     .initial = burgers_exact,
     .exact = burgers_exact,
     .equation = burgers,
     .options = burgers_options,
     .schemes = {"midpoint"},
     .adam_points = 5000,
     .adam_iterations = {6477}},
    {.key = "e",
     .title = "vortices of two sizes in a closed box, inviscid, 40 steps of 1/160",
     .norm = "mean square of the velocity's difference from 767^2 nodes at t = 0.25",
     .dim = 2,
     .components = 2,
     .lower = {-1, -1},
     .upper = {1, 1},
     .dt = 0.00625,
     .steps = 40,
     .speed = 1.2,
     .initial = multi_initial,
     .start = multi_reference,
     .exact = multi_reference,
     .mean_square = PETSC_TRUE,
     .equation = inviscid,
     .options = multi_options,
     .schemes = {"rk4"},
     .adam_points = 16384,
     .adam_iterations = {2622, 14944, 8864}},
};
const PetscInt BenchCaseCount = sizeof(BenchCases) / sizeof(BenchCases[0]);
