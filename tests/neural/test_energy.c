// RANKS 1 2 4
/*
  Energies of point networks: gradients and Hessians by differences and dot products, the metric where it is the
  Hessian, and minima that are known, the same on every number of ranks.
*/
#include "tests/harness.h"
/* the harness first */
#include "neural/collocation.h"
#include "neural/sampling.h"

#define POINTS 90
#define EDGE   20

typedef struct {
  SinewJet jet;
  SinewCollocation collocation;
  SinewLeastSquares metric;
  SinewEnergyProblem energy;
  PetscInt P;
  PetscReal *w;
} Case;

/* e = exp(a.u) + cos(u_x) v_y + (u - x)^2 (v + 1/2)^2: no sum of squares, of indefinite curvature */
static PetscErrorCode wild(void *ctx, PetscInt first, PetscInt n, const PetscReal x[], const PetscReal u[],
                           PetscReal e[], PetscReal de[], PetscReal d2e[])
{
  (void)ctx;
  (void)first;
  for (PetscInt p = 0; p < n; p++) {
    const PetscReal a = u[p], ax = u[n + p], b = u[3 * n + p], by = u[5 * n + p], c = a - x[2 * p], d = b + 0.5;
    const PetscReal grown = PetscExpReal(0.4 * a - 0.3 * by);

    e[p] = grown + PetscCosReal(ax) * by + c * c * d * d;
    if (!de) continue;
    de[p] = 0.4 * grown + 2 * c * d * d;
    de[n + p] = -PetscSinReal(ax) * by;
    de[3 * n + p] = 2 * c * c * d;
    de[5 * n + p] = -0.3 * grown + PetscCosReal(ax);
    d2e[p] = 0.16 * grown + 2 * d * d;
    d2e[(0 * 6 + 5) * n + p] = d2e[(5 * 6 + 0) * n + p] = -0.12 * grown;
    d2e[(0 * 6 + 3) * n + p] = d2e[(3 * 6 + 0) * n + p] = 4 * c * d;
    d2e[(1 * 6 + 1) * n + p] = -PetscCosReal(ax) * by;
    d2e[(1 * 6 + 5) * n + p] = d2e[(5 * 6 + 1) * n + p] = -PetscSinReal(ax);
    d2e[(3 * 6 + 3) * n + p] = 2 * c * c;
    d2e[(5 * 6 + 5) * n + p] = 0.09 * grown;
  }
  return PETSC_SUCCESS;
}

/* On the edge: (u^2 - v)^2 - v, values alone. */
static PetscErrorCode edge(void *ctx, PetscInt first, PetscInt n, const PetscReal x[], const PetscReal u[],
                           PetscReal e[], PetscReal de[], PetscReal d2e[])
{
  (void)ctx;
  (void)first;
  (void)x;
  for (PetscInt p = 0; p < n; p++) {
    const PetscReal a = u[p], s = a * a - u[n + p];

    e[p] = s * s - u[n + p];
    if (!de) continue;
    de[p] = 4 * a * s;
    de[n + p] = -2 * s - 1;
    d2e[p] = 4 * s + 8 * a * a;
    d2e[n + p] = d2e[2 * n + p] = -4 * a;
    d2e[3 * n + p] = 2;
  }
  return PETSC_SUCCESS;
}

/* cosh(u - x + y) + cosh(v - x / 2) - 6, least and -4 where u and v are that */
static PetscErrorCode valley(void *ctx, PetscInt first, PetscInt n, const PetscReal x[], const PetscReal u[],
                             PetscReal e[], PetscReal de[], PetscReal d2e[])
{
  (void)ctx;
  (void)first;
  for (PetscInt p = 0; p < n; p++) {
    const PetscReal wanted[2] = {x[2 * p] - x[2 * p + 1], 0.5 * x[2 * p]};

    e[p] = 0;
    for (PetscInt k = 0; k < 2; k++) {
      const PetscReal s = u[3 * k * n + p] - wanted[k];

      e[p] += PetscCoshReal(s) - 3;
      if (!de) continue;
      de[3 * k * n + p] = PetscSinhReal(s);
      d2e[(3 * k * 6 + 3 * k) * n + p] = PetscCoshReal(s);
    }
  }
  return PETSC_SUCCESS;
}

static Case make(SinewPointPotential *inside, SinewPointPotential *at_edge)
{
  const SinewJetOptions options = {
      .dim = 2, .outputs = 2, .width = 7, .layers = 2, .activation = SINEW_SINE, .omega = 2};
  SinewLeastSquaresOptions solver = SinewLeastSquaresDefaults();
  SinewLeastSquaresProblem problem;
  PetscReal x[2 * POINTS], lower[2] = {-1, -1}, upper[2] = {1, 1};
  PetscInt term, first, count;
  Case c;

  check_call(SinewJetCreate(&options, 16, &c.jet));
  c.P = SinewJetSize(c.jet);
  check_call(PetscMalloc1((size_t)c.P, &c.w));
  check_call(SinewJetInitialise(c.jet, 3, c.w));
  check_call(SinewCollocationCreate(PETSC_COMM_WORLD, c.jet, 4, &c.collocation));
  for (int k = 0; k < (at_edge ? 2 : 1); k++) {
    const PetscInt n = k ? EDGE : POINTS;

    if (k) upper[0] = lower[0];
    check_call(SinewCollocationAddPotential(c.collocation, k ? SINEW_JET_VALUE : SINEW_JET_GRADIENT, n,
                                            k ? at_edge : inside, NULL, &term));
    check_call(SinewCollocationRange(c.collocation, n, &first, &count));
    check_call(SinewSamplePoints(SINEW_SAMPLE_STRATIFIED, 7, k, 2, lower, upper, n, first, count, x));
    check_call(SinewCollocationSetPoints(c.collocation, term, x, NULL));
  }
  check_call(SinewCollocationProblem(c.collocation, &problem));
  check_call(SinewCollocationEnergy(c.collocation, &c.energy));
  solver.solver = SINEW_LS_NORMAL;
  solver.tolerance = 1e-8;
  solver.acceleration = PETSC_TRUE;
  check_call(SinewLeastSquaresCreate(PETSC_COMM_WORLD, &problem, &solver, &c.metric));
  return c;
}

static void destroy(Case *c)
{
  check_call(SinewLeastSquaresDestroy(&c->metric));
  check_call(SinewCollocationDestroy(&c->collocation));
  check_call(SinewJetDestroy(&c->jet));
  check_call(PetscFree(c->w));
}

static PetscReal dot(PetscInt n, const PetscReal a[], const PetscReal b[])
{
  PetscReal sum = 0;

  for (PetscInt k = 0; k < n; k++) sum += a[k] * b[k];
  return sum;
}

static void derivatives(void **state)
{
  const PetscReal h = 1e-4;
  Case c = make(wild, edge);
  PetscReal *v, *g, *Hv, *w, *above, *below, up[2], down[2], size;

  (void)state;
  check_call(PetscMalloc6(c.P, &v, c.P, &g, c.P, &Hv, c.P, &w, c.P, &above, c.P, &below));
  for (PetscInt k = 0; k < c.P; k++) v[k] = 2 * SinewUniform(5, 1, k) - 1;
  check_call(SinewEnergyProducts(c.metric, &c.energy, c.w, v, g, Hv));
  for (int side = 0; side < 2; side++) {
    for (PetscInt k = 0; k < c.P; k++) w[k] = c.w[k] + (side ? -h : h) * v[k];
    check_call(SinewEnergyValue(c.metric, &c.energy, w, side ? down : up));
    check_call(SinewEnergyProducts(c.metric, &c.energy, w, NULL, side ? below : above, NULL));
  }
  check_close((up[0] - down[0]) / (2 * h), dot(c.P, g, v), 1e-5 * PetscAbsReal(dot(c.P, g, v)));
  size = PetscSqrtReal(dot(c.P, Hv, Hv));
  for (PetscInt k = 0; k < c.P; k++) check_close((above[k] - below[k]) / (2 * h), Hv[k], 1e-6 * size);
  for (PetscInt k = 0; k < c.P; k++) w[k] = 2 * SinewUniform(5, 2, k) - 1; /* symmetric */
  check_call(SinewEnergyProducts(c.metric, &c.energy, c.w, w, g, above));
  check_close(dot(c.P, w, Hv), dot(c.P, v, above), 1e-12 * size * PetscSqrtReal(dot(c.P, w, w)));
  check_call(PetscFree6(v, g, Hv, w, above, below));
  destroy(&c);
}

/* The least energy -4 is that of u = (x - y, x / 2), to which the network comes as close as it can. */
static void find_minimum(SinewLeastSquaresSolver method, PetscReal excess)
{
  Case c = make(valley, NULL);
  SinewLeastSquaresReport report;
  PetscReal sum[2];
  const PetscReal *guess[2] = {NULL, c.w};
  PetscInt best;

  check_call(SinewEnergyMinimise(c.metric, &c.energy, method, 2, guess, c.w, &best, &report));
  check_call(SinewEnergyValue(c.metric, &c.energy, c.w, sum));
  print_message("%.1e above the minimum after %d steps, %d products with the Hessian, decrement %.1e (%s)\n",
                (double)sum[0] + 4, (int)report.iterations, (int)report.krylov, (double)report.residual, report.reason);
  check_all(best == 1);
  check_close(sum[0], -4, excess);
  check_close(sum[1], 4, excess);
  destroy(&c);
}

static void minima_are_found(void **state)
{
  (void)state;
  find_minimum(SINEW_LS_NEWTON, 1e-10);
  find_minimum(SINEW_LS_NEWTON_CG, 1e-5);
}

static PetscErrorCode nowhere(void *ctx, PetscInt first, PetscInt n, const PetscReal x[], const PetscReal u[],
                              PetscReal e[], PetscReal de[], PetscReal d2e[])
{
  (void)ctx, (void)first, (void)x, (void)u, (void)de, (void)d2e;
  for (PetscInt p = 0; p < n; p++) e[p] = (PetscReal)NAN;
  return PETSC_SUCCESS;
}

static void no_guess_is_told(void **state)
{
  Case c = make(nowhere, NULL);
  SinewLeastSquaresReport report;
  const PetscReal *guess[1] = {c.w};
  PetscInt best;

  (void)state;
  check_call(SinewEnergyMinimise(c.metric, &c.energy, SINEW_LS_NEWTON, 1, guess, c.w, &best, &report));
  check_all(best == -1);
  destroy(&c);
}

SINEW_TEST_MAIN(cmocka_unit_test(derivatives), cmocka_unit_test(minima_are_found), cmocka_unit_test(no_guess_is_told))
