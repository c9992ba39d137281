// RANKS 1
// TIMEOUT 600
/*
  Equilibria of Neo-Hookean bodies under dead loads, by Newton's method, against what is known exactly.

  A block between rollers on its lower sides, pulled by a traction t per area at rest: F = diag(l, n, ..) with
  mu (n^2 - 1) + lambda ln det F = 0 and mu (l - 1 / l) + lambda ln(det F) / l = t; the rollers' penalty lets all of it
  go by t / (2 clamp). A bar that hangs or stands under its weight f between periodic sides: mu (l - 1 / l) + lambda
  ln(l) / l = f (top - y) for the stretch l(y).
*/
#include "tests/harness.h"
/* the harness first */
#include "neural/insr.h"
#include "solvers/pointwise.h"
#include "solvers/pointwise/elasticity.h"

#define YOUNG   10.
#define POISSON 0.3
#define CLAMP   1e4

typedef struct {
  PetscInt dim;
  PetscReal load, mu, lambda, stretch, across; /* l, n */
} Block;

static SinewElasticity body_of(Block *block)
{
  SinewElasticity b = {.dim = block->dim,
                       .material = SINEW_ELASTIC_NEO_HOOKEAN,
                       .mu = 0.5 * YOUNG / (1 + POISSON),
                       .lambda = YOUNG * POISSON / ((1 + POISSON) * (1 - 2 * POISSON)),
                       .force_end = 1e30,
                       .clamp = CLAMP,
                       .extent = {1, 1, 1}};

  block->mu = b.mu;
  block->lambda = b.lambda;
  for (PetscInt k = 0; k < 2 * b.dim; k++) b.bounded[k] = PETSC_TRUE;
  return b;
}

static SinewInsrOptions options_of(const SinewPointwise *e)
{
  const PetscReal lower[3] = {0, 0, 0}, upper[3] = {1, 1, 1};
  SinewInsrOptions o = SinewInsrDefaults(e, lower, upper);

  o.network.width = 8;
  o.network.layers = 2;
  o.network.omega = 1;
  o.sampling = SINEW_INSR_QUADRATURE;
  o.points = e->dim == 2 ? 100 : 216;
  o.face_points = e->dim == 2 ? 12 : 36;
  o.step.iterations = 300;
  o.step.tolerance = 1e-8;
  o.step.stagnation = 1e-8;
  o.step.damping = 1e-3;
  o.step.damping_least = 1e-14;
  return o;
}

static PetscErrorCode rest(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal u[])
{
  const PetscInt dim = *(const PetscInt *)ctx;

  (void)t;
  (void)x;
  for (PetscInt k = 0; k < dim * n; k++) u[k] = 0;
  return PETSC_SUCCESS;
}

/* Relative root mean square of what differs from the exact displacement, over a grid. */
static PetscReal distance(SinewInsr insr, const Block *block, SinewPointFunction *exact)
{
  enum { M = 9, N = M * M * M };
  static PetscReal x[3 * N], u[3 * N], v[3 * N];
  PetscReal far = 0, size = 0;
  PetscInt n = 1;

  for (PetscInt i = 0; i < block->dim; i++) n *= M;
  for (PetscInt p = 0; p < n; p++)
    for (PetscInt i = 0, left = p; i < block->dim; i++, left /= M)
      x[p * block->dim + i] = (PetscReal)(left % M) / (M - 1);
  check_call(SinewInsrFields(insr, 1, n, x, u));
  check_call(exact(block, 1, n, x, v));
  for (PetscInt k = 0; k < block->dim * n; k++) {
    far += PetscSqr(u[k] - v[k]);
    size += PetscSqr(v[k]);
  }
  return PetscSqrtReal(far / size);
}

/* The root of f between a and b. */
static PetscReal bisect(PetscReal (*f)(const Block *, PetscReal), const Block *block, PetscReal a, PetscReal b)
{
  for (int k = 0; k < 200; k++) {
    const PetscReal middle = 0.5 * (a + b);

    if ((f(block, a) < 0) == (f(block, middle) < 0))
      a = middle;
    else
      b = middle;
  }
  return a;
}

/* ---- a block that is pulled ---- */

static PetscReal stretch_of(const Block *block, PetscReal n)
{
  return PetscExpReal(-block->mu / block->lambda * (n * n - 1)) / PetscPowReal(n, (PetscReal)block->dim - 1);
}

static PetscReal imbalance(const Block *block, PetscReal n)
{
  const PetscReal l = stretch_of(block, n), volume = l * PetscPowReal(n, (PetscReal)block->dim - 1);

  return block->mu * (l - 1 / l) + block->lambda * PetscLogReal(volume) / l - block->load;
}

static PetscErrorCode rollers(const void *ctx, PetscInt face, const PetscReal x[3], PetscReal t, PetscBool held[3],
                              PetscReal target[3])
{
  (void)ctx;
  (void)x;
  (void)t;
  for (int i = 0; i < 3; i++) held[i] = (PetscBool)(face == 2 * i);
  target[0] = target[1] = target[2] = 0;
  return PETSC_SUCCESS;
}

static PetscErrorCode pull(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal f[])
{
  const Block *block = ctx;

  (void)t;
  for (PetscInt k = 0; k < block->dim * n; k++) f[k] = 0;
  for (PetscInt p = 0; p < n; p++) f[p] = x[p * block->dim] > 1 - 1e-9 ? block->load : 0;
  return PETSC_SUCCESS;
}

static PetscErrorCode pulled(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal u[])
{
  const Block *block = ctx;

  (void)t;
  for (PetscInt p = 0; p < n; p++) {
    u[p] = (block->stretch - 1) * x[p * block->dim] + block->load / (2 * CLAMP);
    for (PetscInt i = 1; i < block->dim; i++) u[i * n + p] = (block->across - 1) * x[p * block->dim + i];
  }
  return PETSC_SUCCESS;
}

static void pull_block(PetscInt dim, PetscReal load, SinewLeastSquaresSolver solver, PetscReal limit)
{
  Block block = {.dim = dim, .load = load};
  SinewElasticity b = body_of(&block);
  SinewInsrReport report;
  SinewPointwise *e;
  SinewInsrOptions o;
  SinewInsr insr;
  PetscReal error;

  block.across = bisect(imbalance, &block, 0.3, 1.5);
  block.stretch = stretch_of(&block, block.across);
  b.condition = rollers;
  for (PetscInt i = 0; i < dim; i++) b.held[2 * i] = PETSC_TRUE;
  b.traction = pull;
  b.traction_ctx = &block;
  check_call(SinewPointwiseElasticity(&b, &e));
  check_all(!e->step && e->potential);
  o = options_of(e);
  o.step.solver = solver;
  check_call(SinewInsrCreate(PETSC_COMM_WORLD, e, &o, &insr));
  check_call(SinewInsrFit(insr, 0, rest, &dim, &report));
  check_call(SinewInsrStep(insr, 0, 1, &report));
  error = distance(insr, &block, pulled);
  print_message("block %dD under %g: stretch %.6f, across %.6f; relative error %.1e after %d steps, %d products (%s)\n",
                (int)dim, (double)load, (double)block.stretch, (double)block.across, (double)error,
                (int)report.solve.iterations, (int)report.solve.krylov, report.reason);
  check_all(!report.failed && error < limit);
  check_call(SinewInsrDestroy(&insr));
  check_call(SinewPointwiseDestroy(&e));
}

static void blocks_are_pulled(void **state)
{
  (void)state;
  pull_block(2, 5, SINEW_LS_AUTO, 1e-5);
  pull_block(2, -2, SINEW_LS_AUTO, 1e-4); /* its free side is soft under pressure: solves creep */
  pull_block(2, 5, SINEW_LS_NEWTON_CG, 3e-3);
  pull_block(3, 5, SINEW_LS_AUTO, 3e-5);
}

/* ---- a bar and its weight ---- */

static PetscReal stress_above(const Block *block, PetscReal l) /* block->across: the stress wanted */
{
  return block->mu * (l - 1 / l) + block->lambda * PetscLogReal(l) / l - block->across;
}

static PetscErrorCode weigh(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal f[])
{
  (void)t;
  (void)x;
  for (PetscInt p = 0; p < n; p++) {
    f[p] = 0;
    f[n + p] = ((const Block *)ctx)->load;
  }
  return PETSC_SUCCESS;
}

static PetscErrorCode below(const void *ctx, PetscInt face, const PetscReal x[3], PetscReal t, PetscBool held[3],
                            PetscReal target[3])
{
  (void)ctx;
  (void)x;
  (void)t;
  held[0] = held[1] = (PetscBool)(face == 2);
  target[0] = target[1] = 0;
  return PETSC_SUCCESS;
}

/* The integral of l - 1 from the ground, by Simpson's rule. */
static PetscErrorCode stands(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal u[])
{
  enum { PIECES = 40 };
  Block block = *(const Block *)ctx;

  (void)t;
  for (PetscInt p = 0; p < n; p++) {
    const PetscReal y = x[2 * p + 1], h = y / PIECES;

    u[p] = 0;
    u[n + p] = block.load / (2 * CLAMP);
    for (int k = 0; k <= PIECES; k++) {
      const PetscReal weight = k == 0 || k == PIECES ? 1 : k % 2 ? 4 : 2;

      block.across = block.load * (1 - h * k);
      u[n + p] += h / 3 * weight * (bisect(stress_above, &block, 0.05, 5) - 1);
    }
  }
  return PETSC_SUCCESS;
}

static void bars_bear_their_weight(void **state)
{
  (void)state;
  for (int k = 0; k < 2; k++) {
    Block block = {.dim = 2, .load = k ? 4 : -6};
    SinewElasticity b = body_of(&block);
    SinewInsrReport report;
    SinewPointwise *e;
    SinewInsrOptions o;
    SinewInsr insr;
    PetscReal error;

    b.condition = below;
    b.held[2] = PETSC_TRUE;
    b.bounded[0] = b.bounded[1] = PETSC_FALSE;
    b.force = weigh;
    b.force_ctx = &block;
    check_call(SinewPointwiseElasticity(&b, &e));
    o = options_of(e);
    o.network.harmonics[0] = 1;
    check_call(SinewInsrCreate(PETSC_COMM_WORLD, e, &o, &insr));
    check_call(SinewInsrFit(insr, 0, rest, &block.dim, &report));
    check_call(SinewInsrStep(insr, 0, 1, &report));
    error = distance(insr, &block, stands);
    print_message("bar under %g: relative error %.1e after %d steps (%s), least det F %.3f\n", (double)block.load,
                  (double)error, (int)report.solve.iterations, report.reason, (double)report.integral[3]);
    check_all(!report.failed && error < 1e-5);
    check_call(SinewInsrDestroy(&insr));
    check_call(SinewPointwiseDestroy(&e));
  }
}

SINEW_TEST_MAIN(cmocka_unit_test(blocks_are_pulled), cmocka_unit_test(bars_bear_their_weight))
