/* Pointwise equations: derivatives of every map against differences, and rates against the fields they come from. */
#include "tests/harness.h"

#include "neural/sampling.h"
#include "solvers/pointwise.h"

#define N 7 /* points: more than none, fewer than a block */

static PetscReal uniform(PetscInt stream, PetscInt index)
{
  return 2 * SinewUniform(5, stream, index) - 1;
}

/* ---- functions that equations may carry ---- */

static PetscErrorCode swirl(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal a[])
{
  const PetscInt dim = *(const PetscInt *)ctx;

  for (PetscInt i = 0; i < dim; i++)
    for (PetscInt p = 0; p < n; p++) a[i * n + p] = PetscSinReal(x[p * dim + i] + t) + (PetscReal)i;
  return PETSC_SUCCESS;
}

static PetscErrorCode push(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal s[])
{
  const PetscInt dim = *(const PetscInt *)ctx;

  for (PetscInt p = 0; p < n; p++) s[p] = PetscCosReal(x[p * dim] - t);
  return PETSC_SUCCESS;
}

static PetscErrorCode force(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal s[])
{
  (void)ctx;
  for (PetscInt p = 0; p < n; p++) {
    s[p] = x[2 * p] * t;
    s[n + p] = x[2 * p + 1];
  }
  return PETSC_SUCCESS;
}

/* D as a full tensor, its divergence, made up (no map differentiates them) */
static PetscErrorCode tensor(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal D[])
{
  const PetscInt dim = *(const PetscInt *)ctx;

  for (PetscInt i = 0; i < dim * (dim + 1) / 2 + dim; i++)
    for (PetscInt p = 0; p < n; p++) D[i * n + p] = PetscCosReal(x[p * dim] + t + (PetscReal)i);
  return PETSC_SUCCESS;
}

/* Two rows of everything on lower faces, one on upper ones; the number of unknowns is in the context's second place. */
static PetscErrorCode conditions(const void *ctx, PetscInt face, PetscReal t, PetscInt n, const PetscReal x[],
                                 PetscReal c[], PetscReal g[])
{
  const PetscInt dim = *(const PetscInt *)ctx, unknowns = ((const PetscInt *)ctx)[1], rows = 2 - face % 2;

  for (PetscInt p = 0; p < n; p++) {
    for (PetscInt j = 0; j < rows * unknowns * (1 + dim); j++)
      c[j * n + p] = PetscSinReal((PetscReal)(3 * j) + x[p * dim]);
    for (PetscInt row = 0; row < rows; row++) g[row * n + p] = t + x[p * dim];
  }
  return PETSC_SUCCESS;
}

#define FACES                                                                               \
  {                                                                                         \
    .rows = {2, 1, dim > 1 ? 2 : 0, dim > 1 ? 1 : 0}, .weight = 0.5, .function = conditions \
  }

static PetscErrorCode medium(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal values[])
{
  const PetscInt dim = *(const PetscInt *)ctx;

  (void)t;
  for (PetscInt p = 0; p < n; p++) {
    values[p] = 1.5 + PetscSinReal(x[p * dim]);
    values[n + p] = 0.2 * x[p * dim];
  }
  return PETSC_SUCCESS;
}

/* r = u v, v - u^2 */
static PetscErrorCode react(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], const PetscReal u[],
                            PetscReal r[], PetscReal dr[])
{
  (void)ctx, (void)t, (void)x;
  for (PetscInt p = 0; p < n; p++) {
    const PetscReal U = u[p], V = u[n + p];

    r[p] = U * V;
    r[n + p] = V - U * U;
    if (!dr) continue;
    dr[p] = V;
    dr[n + p] = U;
    dr[2 * n + p] = -2 * U;
    dr[3 * n + p] = 1;
  }
  return PETSC_SUCCESS;
}

/* dimension and unknowns, for functions that must know */
static const PetscInt scalars[4][2] = {{0}, {1, 1}, {2, 1}, {3, 1}}, vectors[4][2] = {{0}, {1, 2}, {2, 3}, {3, 4}},
                      pairs[4][2] = {{0}, {1, 2}, {2, 2}, {3, 2}};

static SinewPointwise *transport(PetscInt dim, PetscInt kind)
{
  SinewTransport p = {.dim = dim, .velocity = {0.7, -0.4, 0.9}, .faces = FACES, .ctx = scalars[dim]};
  SinewPointwise *equation;

  if (kind >= 1) p.reaction[1] = 0.3; /* kind 0: pure advection */
  if (kind >= 2) {
    p.viscosity = 0.2;
    p.reaction[0] = -0.1;
    p.reaction[2] = 0.5;
    p.reaction[3] = -1;
    p.burgers = PETSC_TRUE;
  }
  if (kind == 3) {
    p.velocity_function = swirl;
    p.source = push;
    p.growth = push;
  }
  if (kind == 4) {
    p.diffusivity = tensor;
    p.entries = dim * (dim + 1) / 2;
  }
  check_call(SinewPointwiseTransport(&p, &equation));
  return equation;
}

static SinewPointwise *wave(PetscInt dim, PetscBool varies)
{
  const SinewWaveTerms p = {
      .dim = dim, .speed = 1.3, .sponge = 0.4, .medium = varies ? medium : NULL, .faces = FACES, .ctx = vectors[dim]};
  SinewPointwise *equation;

  check_call(SinewPointwiseWave(&p, &equation));
  return equation;
}

static SinewPointwise *reaction(PetscInt dim)
{
  const SinewReactionTerms p = {
      .dim = dim, .species = 2, .diffusivity = {0.3, 0.7}, .reaction = react, .faces = FACES, .ctx = pairs[dim]};
  SinewPointwise *equation;

  check_call(SinewPointwiseReaction(&p, &equation));
  return equation;
}

static SinewPointwise *flow(PetscReal viscosity)
{
  SinewPointwise *equation;

  check_call(
      SinewPointwiseFlow(&(SinewFlowTerms){.viscosity = viscosity, .mean = {0.5, -0.2}, .force = force}, &equation));
  return equation;
}

/* ---- derivatives of maps with respect to the jet ---- */

static void derivatives_match(const SinewPointwise *e, SinewPointMap *map, PetscInt rows, SinewJetOrder order)
{
  const PetscInt channels = SinewJetChannels(e->dim, order), jets = e->unknowns * channels * N;
  const PetscReal h = 1e-5;
  PetscReal *u, *f, *g, *df, x[N * 3];
  SinewPoints at = {.t = 0.4, .n = N, .channels = channels, .x = x};

  check_call(
      PetscMalloc4((size_t)jets, &u, (size_t)(rows * N), &f, (size_t)(rows * N), &g, (size_t)(rows * jets), &df));
  for (PetscInt i = 0; i < jets; i++) u[i] = uniform(1, i);
  for (PetscInt i = 0; i < N * 3; i++) x[i] = uniform(2, i);
  at.u = u;
  check_call(PetscArrayzero(df, rows * jets));
  check_call(map(e->ctx, &at, f, df));
  for (PetscInt j = 0; j < jets; j++) {
    const PetscReal kept = u[j];

    u[j] = kept + h;
    check_call(map(e->ctx, &at, f, NULL));
    u[j] = kept - h;
    check_call(map(e->ctx, &at, g, NULL));
    u[j] = kept;
    for (PetscInt row = 0; row < rows; row++)
      for (PetscInt p = 0; p < N; p++) {
        const PetscReal expected = p == j % N ? df[(row * jets / N + j / N) * N + p] : 0;

        check_close((f[row * N + p] - g[row * N + p]) / (2 * h), expected, 1e-8);
      }
  }
  check_call(PetscFree4(u, f, g, df));
}

static void all_derivatives_match(SinewPointwise *e)
{
  check_call(SinewPointwiseCheck(e));
  derivatives_match(e, e->rate, e->evolved, e->order);
  if (e->density) derivatives_match(e, e->density, e->evolved, e->density_order);
  if (e->density) derivatives_match(e, e->density, e->evolved, e->order);
  if (e->second) derivatives_match(e, e->second, e->evolved, e->second_order);
  if (e->second) derivatives_match(e, e->rate, e->evolved, e->second_order);
  if (e->remainder) derivatives_match(e, e->remainder, e->evolved, e->order);
  for (PetscInt k = 0; k < e->faces; k++) derivatives_match(e, e->face[k].residual, e->face[k].rows, e->face[k].order);
  check_call(SinewPointwiseDestroy(&e));
}

static void derivatives_are_those_of_differences(void **state)
{
  (void)state;
  for (PetscInt dim = 1; dim <= 3; dim++) {
    for (PetscInt kind = 0; kind < 5; kind++) all_derivatives_match(transport(dim, kind));
    all_derivatives_match(wave(dim, PETSC_FALSE));
    all_derivatives_match(wave(dim, PETSC_TRUE));
    all_derivatives_match(reaction(dim));
  }
  all_derivatives_match(flow(0));
  all_derivatives_match(flow(0.1));
}

/* ---- rates of plane exponentials, whose derivatives are factors ---- */

static void jet_of_exponential(PetscInt dim, const PetscReal s[], PetscReal size, PetscInt n, const PetscReal x[],
                               PetscReal u[])
{
  for (PetscInt p = 0; p < n; p++) {
    PetscReal phase = 0;

    for (PetscInt i = 0; i < dim; i++) phase += s[i] * x[p * dim + i];
    u[p] = size * PetscExpReal(phase);
    for (PetscInt i = 0; i < dim; i++) {
      u[(1 + i) * n + p] = s[i] * u[p];
      for (PetscInt j = i; j < dim; j++) u[SinewJetHessianChannel(dim, i, j) * n + p] = s[i] * s[j] * u[p];
    }
  }
}

static void the_operator_applied_twice(void **state)
{
  const PetscReal s[3] = {0.3, -0.8, 0.5}, a[3] = {0.7, -0.4, 0.9};

  (void)state;
  for (PetscInt dim = 1; dim <= 3; dim++) {
    SinewPointwise *e = transport(dim, 1);
    PetscReal x[N * 3], u[N * 10], g[N], factor = 0.3;
    const SinewPoints at = {.n = N, .channels = SinewJetChannels(dim, SINEW_JET_HESSIAN), .x = x, .u = u};

    for (PetscInt i = 0; i < N * 3; i++) x[i] = uniform(3, i);
    for (PetscInt i = 0; i < dim; i++) factor -= a[i] * s[i];
    jet_of_exponential(dim, s, 1, N, x, u);
    check_call(e->rate(e->ctx, &at, g, NULL));
    for (PetscInt p = 0; p < N; p++) check_close(g[p], factor * u[p], 1e-14);
    check_call(e->second(e->ctx, &at, g, NULL));
    for (PetscInt p = 0; p < N; p++) check_close(g[p], factor * factor * u[p], 1e-14);
    check_call(SinewPointwiseDestroy(&e));
  }
}

/* The same for waves: with the jet of w exp(s . x) the rate is a matrix times w exp(s . x), the second derivative its
   square. */
static void waves_applied_twice(void **state)
{
  const PetscReal s[3] = {0.3, -0.8, 0.5}, w[4] = {1, 0.4, -0.3, 0.8};

  (void)state;
  for (PetscInt dim = 1; dim <= 3; dim++) {
    const PetscInt channels = SinewJetChannels(dim, SINEW_JET_HESSIAN), unknowns = 1 + dim;
    SinewPointwise *e = wave(dim, PETSC_FALSE);
    PetscReal x[N * 3], u[N * 40], f[N * 4], again[N * 4], g[N * 4], first;
    SinewPoints at = {.n = N, .channels = channels, .x = x, .u = u};

    for (PetscInt i = 0; i < N * 3; i++) x[i] = uniform(3, i);
    for (PetscInt k = 0; k < unknowns; k++) jet_of_exponential(dim, s, w[k], N, x, u + k * channels * N);
    check_call(e->rate(e->ctx, &at, f, NULL));
    check_call(e->second(e->ctx, &at, g, NULL));
    first = u[0]; /* w[0] is 1 */
    for (PetscInt k = 0; k < unknowns; k++) jet_of_exponential(dim, s, f[k * N] / first, N, x, u + k * channels * N);
    check_call(e->rate(e->ctx, &at, again, NULL));
    for (PetscInt i = 0; i < unknowns * N; i++) check_close(g[i], again[i], 1e-13);
    check_call(SinewPointwiseDestroy(&e));
  }
}

/* f = -(a . grad) u + remainder by its own pieces */
static void characteristics_and_remainder_make_the_rate(void **state)
{
  (void)state;
  for (PetscInt dim = 1; dim <= 3; dim++) {
    SinewPointwise *e = transport(dim, 3);
    PetscReal x[N * 3], u[N * 10], f[N], rest[N], a[3 * N];
    const SinewPoints at = {.t = 0.2, .n = N, .channels = SinewJetChannels(dim, e->order), .x = x, .u = u};

    for (PetscInt i = 0; i < N * 3; i++) x[i] = uniform(4, i);
    for (PetscInt i = 0; i < N * 10; i++) u[i] = uniform(5, i);
    check_call(e->rate(e->ctx, &at, f, NULL));
    check_call(e->remainder(e->ctx, &at, rest, NULL));
    check_call(e->velocity(e->ctx, &at, a, NULL));
    for (PetscInt p = 0; p < N; p++) {
      for (PetscInt i = 0; i < dim; i++) rest[p] -= a[i * N + p] * u[(1 + i) * N + p];
      check_close(f[p], rest[p], 1e-14);
    }
    check_call(SinewPointwiseDestroy(&e));
  }
}

/* ---- flow: the rate against differences in space of its own velocity ---- */

static void velocity_at(const SinewPointwise *e, SinewJet jet, const PetscReal w[], PetscReal x, PetscReal y,
                        PetscReal v[2])
{
  const PetscReal at_x[2] = {x, y};
  PetscReal u[3];
  const SinewPoints at = {.n = 1, .channels = 3, .x = at_x, .u = u};

  check_call(SinewJetEvaluate(jet, w, SINEW_JET_GRADIENT, 1, at_x, u));
  check_call(e->density(e->ctx, &at, v, NULL));
}

static void momentum_is_that_of_differences(void **state)
{
  const SinewJetOptions network = {.dim = 2, .outputs = 1, .width = 6, .layers = 2, .omega = 2};
  const PetscReal h = 1e-3, nu = 0.1, x = 0.3, y = -0.2, point[2] = {x, y};
  SinewPointwise *e = flow(nu);
  SinewJet jet;
  PetscReal *w, u[8], f[2], c[2], l[2], r[2], d[2], up[2];
  const SinewPoints at = {.n = 1, .channels = 8, .x = point, .u = u};

  (void)state;
  check_call(SinewJetCreate(&network, 4, &jet));
  check_call(PetscMalloc1((size_t)SinewJetSize(jet), &w));
  check_call(SinewJetInitialise(jet, 2, w));
  check_call(SinewJetEvaluate(jet, w, SINEW_JET_THIRD, 1, point, u));
  check_call(e->rate(e->ctx, &at, f, NULL));
  velocity_at(e, jet, w, x, y, c);
  velocity_at(e, jet, w, x - h, y, l);
  velocity_at(e, jet, w, x + h, y, r);
  velocity_at(e, jet, w, x, y - h, d);
  velocity_at(e, jet, w, x, y + h, up);
  check_close((r[0] - l[0] + up[1] - d[1]) / (2 * h), 0, 1e-6); /* solenoidal */
  for (int k = 0; k < 2; k++) {
    const PetscReal carried = -c[0] * (r[k] - l[k]) / (2 * h) - c[1] * (up[k] - d[k]) / (2 * h);
    const PetscReal spread = nu * (l[k] + r[k] + d[k] + up[k] - 4 * c[k]) / (h * h);

    check_close(f[k], carried + spread + (k ? y : 0), 1e-5); /* the force at t = 0 is (0, y) */
  }
  check_call(PetscFree(w));
  check_call(SinewJetDestroy(&jet));
  check_call(SinewPointwiseDestroy(&e));
}

SINEW_TEST_MAIN(cmocka_unit_test(derivatives_are_those_of_differences), cmocka_unit_test(the_operator_applied_twice),
                cmocka_unit_test(waves_applied_twice), cmocka_unit_test(characteristics_and_remainder_make_the_rate),
                cmocka_unit_test(momentum_is_that_of_differences))
