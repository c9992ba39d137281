// RANKS 1
// TIMEOUT 600
/*
  Steps of elastic bodies against what the discrete equations say exactly: free flight, and a standing wave along one
  axis, whose amplitude obeys a (1 + dt^2 c^2 k^2) = 2 a_old - a_older; the rate of a start; contact that holds.
*/
#include "tests/harness.h"
/* the harness first */
#include "neural/insr.h"
#include "solvers/pointwise.h"
#include "solvers/pointwise/elasticity.h"

static SinewInsrOptions options_of(const SinewPointwise *e, PetscInt width, PetscReal omega)
{
  const PetscReal lower[3] = {-1, -1, -1}, upper[3] = {1, 1, 1};
  SinewInsrOptions o = SinewInsrDefaults(e, lower, upper);

  o.network.width = width;
  o.network.layers = 2;
  o.network.omega = omega;
  o.sampling = SINEW_INSR_QUADRATURE;
  o.held_out = 0; /* the rule integrates what random points would only guess */
  o.step.iterations = 30;
  o.step.stagnation = 1e-13; /* of the root of an energy, whose excess is the square of an error */
  o.step.damping = 1e-6;
  o.step.damping_least = 1e-16;
  return o;
}

static SinewElasticity box_of(PetscInt dim)
{
  SinewElasticity b = {.dim = dim, .density = 2, .arap = 1, .force_end = 1e30, .clamp = 100, .extent = {2, 2, 2}};

  for (PetscInt k = 0; k < 2 * dim; k++) b.bounded[k] = PETSC_TRUE;
  return b;
}

static PetscErrorCode rest(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal u[])
{
  const PetscInt dim = *(const PetscInt *)ctx;

  (void)t;
  (void)x;
  for (PetscInt k = 0; k < dim * n; k++) u[k] = 0;
  return PETSC_SUCCESS;
}

/* Root mean square over a grid of displacement minus what is exact, relative to that. */
static PetscReal distance(SinewInsr insr, PetscInt dim, PetscReal t, SinewPointFunction *exact, const void *ctx)
{
  enum { M = 9, N = M * M * M };
  static PetscReal x[3 * N], u[3 * N], v[3 * N];
  PetscInt n = 1;
  PetscReal far = 0, size = 0;

  for (PetscInt i = 0; i < dim; i++) n *= M;
  for (PetscInt p = 0; p < n; p++)
    for (PetscInt i = 0, rest_of = p; i < dim; i++, rest_of /= M)
      x[p * dim + i] = -1 + 2 * (PetscReal)(rest_of % M) / (M - 1);
  check_call(SinewInsrFields(insr, t, n, x, u));
  check_call(exact(ctx, t, n, x, v));
  for (PetscInt k = 0; k < dim * n; k++) {
    far += PetscSqr(u[k] - v[k]);
    size += PetscSqr(v[k]);
  }
  return PetscSqrtReal(far / size);
}

/* ---- free flight ---- */

typedef struct {
  PetscInt dim;
  PetscReal f[3], dt, density;
  PetscReal start[3]; /* velocity */
} Flight;

static PetscErrorCode pull(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal f[])
{
  const Flight *flight = ctx;

  (void)t;
  (void)x;
  for (PetscInt i = 0; i < flight->dim; i++)
    for (PetscInt p = 0; p < n; p++) f[i * n + p] = flight->f[i];
  return PETSC_SUCCESS;
}

static PetscErrorCode start(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal v[])
{
  const Flight *flight = ctx;

  (void)t;
  (void)x;
  for (PetscInt i = 0; i < flight->dim; i++)
    for (PetscInt p = 0; p < n; p++) v[i * n + p] = flight->start[i];
  return PETSC_SUCCESS;
}

static PetscErrorCode flown(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal u[])
{
  const Flight *l = ctx;
  const PetscReal steps = PetscFloorReal(t / l->dt + 0.5);

  (void)x;
  for (PetscInt i = 0; i < l->dim; i++)
    for (PetscInt p = 0; p < n; p++)
      u[i * n + p] = l->start[i] * t + l->dt * l->dt * l->f[i] / l->density * steps * (steps + 1) / 2;
  return PETSC_SUCCESS;
}

static void free_flight(PetscInt dim)
{
  Flight flight = {.dim = dim, .f = {1.5, -20, 4}, .dt = 0.1, .density = 2, .start = {0.3, 0.1, -0.2}};
  SinewElasticity b = box_of(dim);
  SinewInsrReport report;
  SinewPointwise *e;
  SinewInsrOptions o;
  SinewInsr insr;
  PetscReal error;

  b.volume = 1;
  b.force = pull;
  b.force_ctx = b.velocity_ctx = &flight;
  b.velocity = start;
  check_call(SinewPointwiseElasticity(&b, &e));
  o = options_of(e, 10, 3);
  check_call(SinewInsrCreate(PETSC_COMM_WORLD, e, &o, &insr));
  check_call(SinewInsrFit(insr, 0, rest, &dim, &report));
  for (PetscInt k = 0; k < 4; k++) {
    check_call(SinewInsrStep(insr, (PetscReal)k * flight.dt, flight.dt, &report));
    check_all(!report.failed);
  }
  error = distance(insr, dim, 4 * flight.dt, flown, &flight);
  print_message(
      "free flight %dD: relative error %.2e, %d its in the last step, kinetic %.6g elastic %.2e momentum %.6g\n",
      (int)dim, (double)error, (int)report.solve.iterations, (double)report.integral[0], (double)report.integral[1],
      (double)report.integral[6]);
  check_all(error < 1e-5);
  /* momentum: density times volume times velocity */
  check_close(report.integral[6], 2 * (dim == 2 ? 4 : 8) * (0.1 - 4 * 0.1 * 10), 1e-4);
  check_call(SinewInsrDestroy(&insr));
  check_call(SinewPointwiseDestroy(&e));
}

static void bodies_fly(void **state)
{
  (void)state;
  free_flight(2);
  free_flight(3);
}

/* ---- a standing wave ---- */

typedef struct {
  PetscInt dim;
  PetscReal amplitude;
} Standing;

static PetscErrorCode standing(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal u[])
{
  const Standing *s = ctx;

  (void)t;
  for (PetscInt k = n; k < s->dim * n; k++) u[k] = 0;
  for (PetscInt p = 0; p < n; p++) u[p] = s->amplitude * PetscCosReal(PETSC_PI * (x[p * s->dim] + 1) / 2);
  return PETSC_SUCCESS;
}

static void standing_wave(PetscInt dim, PetscReal volume, SinewLeastSquaresSolver solver, PetscReal limit)
{
  const PetscReal dt = 0.1, k = PETSC_PI / 2;
  Standing now = {dim, 0.3};
  PetscReal before = 0.3, error, c2;
  SinewElasticity b = box_of(dim);
  SinewInsrReport report;
  SinewPointwise *e;
  SinewInsrOptions o;
  SinewInsr insr;

  b.volume = volume;
  c2 = 2 * (b.arap + b.volume) / b.density;
  check_call(SinewPointwiseElasticity(&b, &e));
  o = options_of(e, dim == 2 ? 20 : 16, 2);
  o.fit.tolerance = 1e-8;
  o.points = dim == 2 ? 400 : 1000;
  o.step.solver = solver;
  if (solver) o.step.tolerance = o.step.stagnation = 1e-8;                     /* of an energy: of its root */
  for (PetscInt d = 1; d < dim && volume > 0; d++) o.network.harmonics[d] = 1; /* sides that are no ends: periodic */
  check_call(SinewInsrCreate(PETSC_COMM_WORLD, e, &o, &insr));
  check_call(SinewInsrFit(insr, 0, standing, &now, &report));
  for (PetscInt n = 0; n < 4; n++) {
    const PetscReal next = (2 * now.amplitude - before) / (1 + dt * dt * c2 * k * k);

    check_call(SinewInsrStep(insr, (PetscReal)n * dt, dt, &report));
    check_all(!report.failed);
    before = now.amplitude;
    now.amplitude = next;
  }
  error = distance(insr, dim, 4 * dt, standing, &now);
  print_message("standing wave %dD, volume %g: relative error %.2e, %d its in the last step (%s), %d weights\n",
                (int)dim, (double)volume, (double)error, (int)report.solve.iterations, report.reason,
                (int)report.solve.parameters);
  check_all(error < limit);
  check_call(SinewInsrDestroy(&insr));
  check_call(SinewPointwiseDestroy(&e));
}

static void waves_stand(void **state)
{
  (void)state;
  standing_wave(2, 0, SINEW_LS_AUTO, 1e-5);
  standing_wave(2, 2, SINEW_LS_AUTO, 1e-5);
  standing_wave(2, 2, SINEW_LS_NEWTON, 1e-5);
  standing_wave(3, 0, SINEW_LS_AUTO, 1e-5);
}

/* ---- contact ---- */

/* The deepest of many points of the surface that no solve knew. */
static PetscReal deepest_of(SinewInsr insr, const SinewObstacle *o)
{
  enum { M = 1500 };
  static PetscReal x[8 * M], u[8 * M];
  PetscReal deepest = -PETSC_MAX_REAL;

  for (PetscInt p = 0; p < 4 * M; p++) {
    const PetscReal side = p / M % 2 ? 1 : -1, along = -1 + 2 * (PetscReal)(p % M) / (M - 1);

    x[2 * p] = p / M < 2 ? side : along;
    x[2 * p + 1] = p / M < 2 ? along : side;
  }
  check_call(SinewInsrFields(insr, 0, 4 * M, x, u));
  for (PetscInt p = 0; p < 4 * M; p++) {
    const PetscReal q[2] = {x[2 * p] + u[p], x[2 * p + 1] + u[4 * M + p]};

    deepest = PetscMax(deepest, SinewObstacleDepth(o, 2, q, NULL));
  }
  return deepest;
}

/* A square that flies at a disc and, with a corner, at a floor. */
static void contact_holds(void **state)
{
  const SinewObstacle disc = {.kind = SINEW_OBSTACLE_SPHERE, .point = {0.3, -2}, .radius = 0.9};
  const SinewObstacle floor_ = {.kind = SINEW_OBSTACLE_PLANE, .point = {0, -1.5}, .normal = {0.6, 0.8}};
  const PetscReal dt = 0.05;
  Flight flight = {.dim = 2, .start = {0, -4}};
  const PetscInt dim = 2;

  (void)state;
  for (int k = 0; k < 2; k++) {
    SinewElasticity b = box_of(2);
    PetscReal deepest, worst = 0;
    SinewInsrReport report;
    SinewPointwise *e;
    SinewInsrOptions o;
    SinewInsr insr;

    b.arap = 20;
    b.volume = 20;
    b.contact = 1e5;
    b.obstacles = 1;
    b.obstacle[0] = k ? floor_ : disc;
    b.velocity = start;
    b.velocity_ctx = &flight;
    check_call(SinewPointwiseElasticity(&b, &e));
    o = options_of(e, 8, 2);
    o.points = 196;
    o.face_points = 32;
    o.step.stagnation = 1e-4;
    check_call(SinewInsrCreate(PETSC_COMM_WORLD, e, &o, &insr));
    check_call(SinewInsrFit(insr, 0, rest, &dim, &report));
    for (PetscInt n = 0; n < 5; n++) {
      check_call(SinewInsrStep(insr, (PetscReal)n * dt, dt, &report));
      check_all(!report.failed);
      deepest = deepest_of(insr, &b.obstacle[0]);
      worst = PetscMax(worst, deepest);
      if (deepest > 0) check_close(report.integral[4], deepest, 0.2 * deepest + 1e-4);
    }
    print_message("%s: never deeper than %.2e, energies %.3g kinetic %.3g elastic, momentum %.3g\n",
                  k ? "corner on a floor" : "side on a disc", (double)worst, (double)report.integral[0],
                  (double)report.integral[1], (double)report.integral[6]);
    check_all(worst > 0 && worst < 1e-3 * 2);
    check_all(report.integral[6] > -8 * 4 * 0.8); /* it was stopped in part */
    check_call(SinewInsrDestroy(&insr));
    check_call(SinewPointwiseDestroy(&e));
  }
}

SINEW_TEST_MAIN(cmocka_unit_test(bodies_fly), cmocka_unit_test(waves_stand), cmocka_unit_test(contact_holds))
