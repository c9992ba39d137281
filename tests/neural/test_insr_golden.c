// TIMEOUT 120
/*
  The original's numbers: every file insr_*.h5 below $SINEW_GOLDEN, groups advect1d and fluid2d (those of elasticity
  are another matter). Sizes come from the file, what a file lacks is skipped, nothing compared is a failure.
*/
#define _GNU_SOURCE /* nftw */
#include "tests/neural/insr_golden.h"
/* the harness first */
#include "neural/collocation.h"
#include "solvers/pointwise.h"

/* ---- networks ---- */

/* ---- jets and the first Jacobian rows ---- */

static void check_derivative_rows(SinewFile file, const char group[], SinewJet jet, SinewJetOrder order,
                                  PetscInt channel, const char name[], const double w[], const double x[])
{
  const PetscInt P = SinewJetSize(jet), C = SinewJetChannels(SinewJetGetOptions(jet)->dim, order);
  const PetscInt outputs = SinewJetGetOptions(jet)->outputs;
  Numbers golden = get(file, group, name);
  double *u, *seed, *J, *row;
  PetscInt k;

  if (!golden.data) {
    skipped++;
    return;
  }
  k = (PetscInt)golden.shape[0];
  u = reals(outputs * C * k);
  seed = reals(outputs * C * k);
  J = reals(k * P);
  row = reals(k * P);
  check_call(SinewJetForward(jet, w, order, k, x, u));
  for (PetscInt p = 0; p < k; p++) seed[channel * k + p] = 1; /* of output 0 */
  check_call(SinewJetRows(jet, seed, NULL, J, k));
  for (PetscInt p = 0; p < k; p++)
    for (PetscInt i = 0; i < P; i++) row[p * P + i] = J[i * k + p];
  compare(file, group, name, k * P, row);
  check_call(PetscFree(u));
  check_call(PetscFree(seed));
  check_call(PetscFree(J));
  check_call(PetscFree(row));
  check_call(PetscFree(golden.data));
}

static void check_values(SinewFile file, const char group[], SinewJet jet, const double w[], Numbers points)
{
  const PetscInt d = SinewJetGetOptions(jet)->dim, m = SinewJetGetOptions(jet)->outputs;
  const PetscInt N = (PetscInt)points.shape[0], C = SinewJetChannels(d, SINEW_JET_HESSIAN);
  double *u, *lap, *value, *gradient, *hessian, *laplacian;

  u = reals(m * C * N);
  lap = reals(m * (d + 2) * N);
  value = reals(N * m);
  gradient = reals(N * m * d);
  hessian = reals(N * m * d * d);
  laplacian = reals(N * m);
  check_call(SinewJetEvaluate(jet, w, SINEW_JET_HESSIAN, N, points.data, u));
  check_call(SinewJetEvaluate(jet, w, SINEW_JET_LAPLACIAN, N, points.data, lap));
  for (PetscInt p = 0; p < N; p++) {
    for (PetscInt o = 0; o < m; o++) {
      value[p * m + o] = u[o * C * N + p];
      laplacian[p * m + o] = lap[(o * (d + 2) + d + 1) * N + p];
      for (PetscInt i = 0; i < d; i++) {
        gradient[(p * m + o) * d + i] = u[(o * C + 1 + i) * N + p];
        for (PetscInt j = 0; j < d; j++)
          hessian[((p * m + o) * d + i) * d + j] = u[(o * C + SinewJetHessianChannel(d, i, j)) * N + p];
      }
    }
  }
  compare(file, group, "value", N * m, value);
  compare(file, group, "gradient", N * m * d, gradient);
  compare(file, group, "hessian", N * m * d * d, hessian);
  compare(file, group, "laplacian", N * m, laplacian);
  check_call(PetscFree(u));
  check_call(PetscFree(lap));
  check_call(PetscFree(value));
  check_call(PetscFree(gradient));
  check_call(PetscFree(hessian));
  check_call(PetscFree(laplacian));
}

static void check_jets(SinewFile file, const char group[], SinewJet jet, const double w[])
{
  const PetscInt d = SinewJetGetOptions(jet)->dim;
  Numbers points = get(file, group, "points");

  if (!points.data) return;
  check_values(file, group, jet, w, points);
  check_derivative_rows(file, group, jet, SINEW_JET_VALUE, 0, "dvalue_dw", w, points.data);
  check_derivative_rows(file, group, jet, SINEW_JET_HESSIAN, 0, "dvalue_dw", w, points.data);
  for (PetscInt i = 0; i < d; i++) {
    char name[24];

    snprintf(name, sizeof(name), "dgrad%d_dw", (int)i);
    check_derivative_rows(file, group, jet, SINEW_JET_GRADIENT, 1 + i, name, w, points.data);
  }
  check_derivative_rows(file, group, jet, SINEW_JET_LAPLACIAN, 1 + d, "dlaplacian_dw", w, points.data);
  check_call(PetscFree(points.data));
}

/* ---- residuals and losses: mean squares of pointwise residuals ---- */

typedef struct {
  const double *target; /* [N][outputs] or [N] */
  PetscInt outputs, channels, component;
  double dt, velocity;
} Residual;

/* (u - u_prev) / dt + v (u_x + u_prev,x) / 2; target holds the part of the previous step */
static PetscErrorCode midpoint(void *ctx, PetscInt first, PetscInt n, const PetscReal x[], const PetscReal u[],
                               PetscReal r[], PetscReal dr[])
{
  const Residual *c = ctx;

  (void)x;
  for (PetscInt p = 0; p < n; p++) {
    r[p] = u[p] / c->dt + 0.5 * c->velocity * u[n + p] + c->target[first + p];
    if (dr) dr[p] = 1 / c->dt;
    if (dr) dr[n + p] = 0.5 * c->velocity;
  }
  return PETSC_SUCCESS;
}

/* u - target, all components */
static PetscErrorCode misfit(void *ctx, PetscInt first, PetscInt n, const PetscReal x[], const PetscReal u[],
                             PetscReal r[], PetscReal dr[])
{
  const Residual *c = ctx;

  (void)x;
  for (PetscInt o = 0; o < c->outputs; o++) {
    for (PetscInt p = 0; p < n; p++) {
      r[o * n + p] = u[o * n + p] - (c->target ? c->target[(first + p) * c->outputs + o] : 0);
      if (dr) dr[(o * c->outputs + o) * n + p] = 1;
    }
  }
  return PETSC_SUCCESS;
}

/* one channel of one component, less the target */
static PetscErrorCode channel(void *ctx, PetscInt first, PetscInt n, const PetscReal x[], const PetscReal u[],
                              PetscReal r[], PetscReal dr[])
{
  const Residual *c = ctx;

  (void)x;
  for (PetscInt p = 0; p < n; p++) {
    r[p] = u[c->component * n + p] - (c->target ? c->target[first + p] : 0);
    if (dr) dr[c->component * n + p] = 1;
  }
  return PETSC_SUCCESS;
}

typedef struct {
  SinewCollocation collocation;
  SinewLeastSquaresProblem problem;
  PetscInt rows;
} Loss;

/* mean over points of the squares, times weight */
static void add_term(Loss *loss, SinewJetOrder order, PetscInt n, const double x[], PetscInt residuals,
                     SinewPointResidual *function, void *ctx, double weight)
{
  PetscInt term;
  double *scale;

  check_call(SinewCollocationAddTerm(loss->collocation, order, n, residuals, function, ctx, &term));
  scale = reals(n);
  for (PetscInt p = 0; p < n; p++) scale[p] = sqrt(weight / n);
  check_call(SinewCollocationSetPoints(loss->collocation, term, x, scale));
  check_call(PetscFree(scale));
  check_call(SinewCollocationProblem(loss->collocation, &loss->problem));
  loss->rows = loss->problem.block_start[loss->problem.part_block[loss->problem.parts]];
}

static void loss_and_gradient(Loss *loss, const double w[], double *value, double g[])
{
  const SinewLeastSquaresProblem *p = &loss->problem;
  double *r;

  r = reals(loss->rows);
  check_call(p->residual(p->ctx, w, r));
  *value = 0;
  for (PetscInt i = 0; i < loss->rows; i++) *value += r[i] * r[i];
  for (PetscInt k = 0; k < p->parameters; k++) g[k] = 0;
  for (PetscInt part = 0; part < p->parts; part++) check_call(p->transpose(p->ctx, w, part, r, g));
  for (PetscInt k = 0; k < p->parameters; k++) g[k] *= 2;
  check_call(PetscFree(r));
}

static void check_loss(SinewFile file, const char group[], const char name[], Loss *loss, const double w[])
{
  char gradient[64];
  double value, *g;

  snprintf(gradient, sizeof(gradient), "grad_%s", name);
  g = reals(loss->problem.parameters);
  loss_and_gradient(loss, w, &value, g);
  compare(file, group, name, 1, &value);
  compare(file, group, gradient, loss->problem.parameters, g);
  check_call(PetscFree(g));
  check_call(SinewCollocationDestroy(&loss->collocation));
}

/* ---- group advect1d ---- */

/* J of the scaled rows, times sqrt(N): the golden J has no mean in it */
static void check_jacobian(SinewFile file, Loss *loss, const double w[])
{
  const SinewLeastSquaresProblem *problem = &loss->problem;
  const PetscInt N = loss->rows, P = problem->parameters, blocks = problem->part_block[problem->parts];
  Numbers v = get(file, "/advect1d", "gn_v"), rows = get(file, "/advect1d", "dresidual_dw");
  double *J, *y, *g, *row;

  J = reals(N * P);
  y = reals(N);
  g = reals(P);
  row = reals(N * P);
  for (PetscInt b = 0; b < blocks; b++)
    check_call(problem->rows(problem->ctx, w, b, NULL, J + problem->block_start[b], N));
  for (PetscInt p = 0; p < N; p++)
    for (PetscInt k = 0; k < P; k++) row[p * P + k] = sqrt(N) * J[k * N + p];
  if (rows.data) compare(file, "/advect1d", "dresidual_dw", rows.count, row);
  if (v.data) {
    check_call(problem->apply(problem->ctx, w, v.data, y));
    for (PetscInt k = 0; k < P; k++) g[k] = 0;
    for (PetscInt p = 0; p < N; p++) y[p] *= N; /* sqrt(N) for J, sqrt(N) for its transpose */
    check_call(problem->transpose(problem->ctx, w, 0, y, g));
    for (PetscInt p = 0; p < N; p++) y[p] /= sqrt(N);
    compare(file, "/advect1d", "gn_Jv", N, y);
    compare(file, "/advect1d", "gn_JtJv", P, g);
  }
  check_call(PetscFree(J));
  check_call(PetscFree(y));
  check_call(PetscFree(g));
  check_call(PetscFree(row));
  check_call(PetscFree(v.data));
  check_call(PetscFree(rows.data));
}

static void check_midpoint(SinewFile file, SinewJet jet, const double w[], Numbers points, Numbers previous)
{
  const PetscInt N = (PetscInt)points.shape[0];
  Residual c = {.dt = attribute(file, "/advect1d", "dt", 0), .velocity = attribute(file, "/advect1d", "vel", 0)};
  Loss loss;
  double *u, *old, *r;

  u = reals(2 * N);
  old = reals(N);
  r = reals(N);
  check_call(SinewJetEvaluate(jet, previous.data, SINEW_JET_GRADIENT, N, points.data, u));
  for (PetscInt p = 0; p < N; p++) old[p] = -u[p] / c.dt + 0.5 * c.velocity * u[N + p];
  c.target = old;
  check_call(SinewCollocationCreate(PETSC_COMM_SELF, jet, 1, &loss.collocation));
  add_term(&loss, SINEW_JET_GRADIENT, N, points.data, 1, midpoint, &c, 1);
  check_call(loss.problem.residual(loss.problem.ctx, w, r));
  for (PetscInt p = 0; p < N; p++) r[p] *= sqrt(N);
  compare(file, "/advect1d", "residual_midpoint", N, r);
  check_jacobian(file, &loss, w);
  check_loss(file, "/advect1d", "loss_main", &loss, w);
  check_call(PetscFree(u));
  check_call(PetscFree(old));
  check_call(PetscFree(r));
}

static void check_advection(SinewFile file)
{
  SinewJet jet = network_of(file, "/advect1d", "/advect1d");
  Numbers w = get(file, "/advect1d", "weights"), previous = get(file, "/advect1d", "weights_prev");
  Numbers points = get(file, "/advect1d", "points"), walls = get(file, "/advect1d", "boundary_points");
  Residual c = {.outputs = 1};
  Loss loss;

  if (!jet || !w.data) return;
  assert_true(w.count == SinewJetSize(jet));
  check_jets(file, "/advect1d", jet, w.data);
  if (points.data && previous.data) check_midpoint(file, jet, w.data, points, previous);
  if (walls.data) {
    check_call(SinewCollocationCreate(PETSC_COMM_SELF, jet, 1, &loss.collocation));
    add_term(&loss, SINEW_JET_VALUE, (PetscInt)walls.shape[0], walls.data, 1, misfit, &c, 1);
    check_loss(file, "/advect1d", "loss_bc", &loss, w.data);
  }
  check_call(PetscFree(w.data));
  check_call(PetscFree(previous.data));
  check_call(PetscFree(points.data));
  check_call(PetscFree(walls.data));
  check_call(SinewJetDestroy(&jet));
}

/* ---- group fluid2d ---- */

typedef struct {
  SinewFile file;
  SinewJet velocity, pressure;
  Numbers u, u_prev, p, points, x_walls, y_walls;
  PetscInt N;
  double dt;
} Fluid;

/* The library's phase of the splitting must have the loss and the gradient of the file: scale is the mean's. */
static PetscErrorCode phase_residual(void *ctx, PetscInt first, PetscInt n, const PetscReal x[], const PetscReal u[],
                                     PetscReal r[], PetscReal dr[])
{
  const SinewPointwise *e = ctx;
  const SinewPoints at = {.n = n, .channels = SinewJetChannels(2, e->order), .x = x, .u = u};

  (void)first;
  return e->rate(e->ctx, &at, r, dr);
}

static void check_phase(Fluid *f, SinewSplittingPhase phase, const char name[], const double u[])
{
  const PetscBool scalar = (PetscBool)(phase == SINEW_SPLITTING_PRESSURE);
  SinewSplitting p = {.u = u, .p = f->p.data, .dt = f->dt, .lower = {-1, -1}, .upper = {1, 1}};
  SinewPointwise *equation;
  Loss loss;

  check_call(SinewJetCreate(SinewJetGetOptions(f->velocity), 64, &p.velocity));
  check_call(SinewJetCreate(SinewJetGetOptions(f->pressure), 64, &p.pressure));
  check_call(SinewPointwiseSplitting(&p, phase, &equation));
  check_call(SinewCollocationCreate(PETSC_COMM_SELF, scalar ? f->pressure : f->velocity, 1, &loss.collocation));
  add_term(&loss, equation->order, f->N, f->points.data, equation->evolved, phase_residual, equation,
           scalar ? 1 : 0.5); /* mean over components too */
  check_loss(f->file, "/fluid2d", name, &loss, scalar ? f->p.data : f->u.data);
  check_call(SinewPointwiseDestroy(&equation));
  check_call(SinewJetDestroy(&p.velocity));
  check_call(SinewJetDestroy(&p.pressure));
}

/* values [N][2] of the velocity network */
static void velocity_at(Fluid *f, const double w[], const double x[], double v[])
{
  double *u;

  u = reals(2 * f->N);
  check_call(SinewJetEvaluate(f->velocity, w, SINEW_JET_VALUE, f->N, x, u));
  for (PetscInt p = 0; p < f->N; p++)
    for (PetscInt o = 0; o < 2; o++) v[2 * p + o] = u[o * f->N + p];
  check_call(PetscFree(u));
}

static void check_velocity_fit(Fluid *f, const char name[], const double target[])
{
  Residual c = {.outputs = 2, .target = target};
  Loss loss;

  check_call(SinewCollocationCreate(PETSC_COMM_SELF, f->velocity, 1, &loss.collocation));
  add_term(&loss, SINEW_JET_VALUE, f->N, f->points.data, 2, misfit, &c, 0.5); /* mean over components too */
  check_loss(f->file, "/fluid2d", name, &loss, f->u.data);
}

static void check_advect(Fluid *f)
{
  double *v, *x;

  if (!f->u_prev.data) return;
  v = reals(2 * f->N);
  x = reals(2 * f->N);
  velocity_at(f, f->u_prev.data, f->points.data, v);
  for (PetscInt k = 0; k < 2 * f->N; k++) x[k] = fmin(1, fmax(-1, f->points.data[k] - f->dt * v[k]));
  compare(f->file, "/fluid2d", "backtraced_points", 2 * f->N, x);
  velocity_at(f, f->u_prev.data, x, v);
  compare(f->file, "/fluid2d", "advected_velocity", 2 * f->N, v);
  check_velocity_fit(f, "loss_advect", v);
  check_phase(f, SINEW_SPLITTING_ADVECT, "loss_advect", f->u_prev.data);
  check_call(PetscFree(v));
  check_call(PetscFree(x));
}

static void check_pressure(Fluid *f)
{
  const PetscInt N = f->N;
  double *u, *divergence;
  Residual c = {.component = 3};
  Loss loss;

  if (!f->p.data) return;
  u = reals(6 * N);
  divergence = reals(N);
  check_call(SinewJetEvaluate(f->velocity, f->u.data, SINEW_JET_GRADIENT, N, f->points.data, u));
  for (PetscInt p = 0; p < N; p++) divergence[p] = u[N + p] + u[5 * N + p];
  compare(f->file, "/fluid2d", "divergence", N, divergence);
  c.target = divergence;
  check_call(SinewCollocationCreate(PETSC_COMM_SELF, f->pressure, 1, &loss.collocation));
  add_term(&loss, SINEW_JET_LAPLACIAN, N, f->points.data, 1, channel, &c, 1);
  check_loss(f->file, "/fluid2d", "loss_pressure", &loss, f->p.data);
  check_phase(f, SINEW_SPLITTING_PRESSURE, "loss_pressure", f->u.data);
  check_call(PetscFree(u));
  check_call(PetscFree(divergence));
}

static void check_projection(Fluid *f)
{
  const PetscInt N = f->N;
  double *p, *gradient, *target;

  if (!f->p.data || !f->u_prev.data) return;
  p = reals(3 * N);
  gradient = reals(2 * N);
  target = reals(2 * N);
  check_call(SinewJetEvaluate(f->pressure, f->p.data, SINEW_JET_GRADIENT, N, f->points.data, p));
  velocity_at(f, f->u_prev.data, f->points.data, target);
  for (PetscInt k = 0; k < N; k++) {
    for (PetscInt i = 0; i < 2; i++) {
      gradient[2 * k + i] = p[(1 + i) * N + k];
      target[2 * k + i] -= gradient[2 * k + i];
    }
  }
  compare(f->file, "/fluid2d", "grad_pressure", 2 * N, gradient);
  check_velocity_fit(f, "loss_projection", target);
  check_phase(f, SINEW_SPLITTING_PROJECT, "loss_projection", f->u_prev.data);
  check_call(PetscFree(p));
  check_call(PetscFree(gradient));
  check_call(PetscFree(target));
}

static void check_walls(Fluid *f)
{
  Residual u = {.component = 0}, v = {.component = 1}, px = {.component = 1}, py = {.component = 2};
  const PetscInt nx = (PetscInt)f->x_walls.shape[0], ny = (PetscInt)f->y_walls.shape[0];
  Loss loss;

  if (!f->x_walls.data || !f->y_walls.data) return;
  check_call(SinewCollocationCreate(PETSC_COMM_SELF, f->velocity, 1, &loss.collocation));
  add_term(&loss, SINEW_JET_VALUE, nx, f->x_walls.data, 1, channel, &u, 1);
  add_term(&loss, SINEW_JET_VALUE, ny, f->y_walls.data, 1, channel, &v, 1);
  check_loss(f->file, "/fluid2d", "loss_bc_velocity", &loss, f->u.data);
  if (!f->p.data) return;
  check_call(SinewCollocationCreate(PETSC_COMM_SELF, f->pressure, 1, &loss.collocation));
  add_term(&loss, SINEW_JET_GRADIENT, nx, f->x_walls.data, 1, channel, &px, 1);
  add_term(&loss, SINEW_JET_GRADIENT, ny, f->y_walls.data, 1, channel, &py, 1);
  check_loss(f->file, "/fluid2d", "loss_bc_pressure", &loss, f->p.data);
}

/* Points stand in whichever sub-group has them. */
static Numbers fluid_points(SinewFile file)
{
  const char *const groups[] = {"/fluid2d/velocity", "/fluid2d/pressure", "/fluid2d"};
  Numbers points = {.data = NULL};

  for (int k = 0; k < 3 && !points.data; k++) points = get(file, groups[k], "points");
  return points;
}

static void check_fluid(SinewFile file)
{
  Fluid f = {.file = file, .dt = attribute(file, "/fluid2d", "dt", 0)};

  f.velocity = network_of(file, "/fluid2d/velocity", "/fluid2d");
  f.pressure = network_of(file, "/fluid2d/pressure", "/fluid2d");
  f.u = get(file, "/fluid2d/velocity", "weights");
  f.p = get(file, "/fluid2d/pressure", "weights");
  f.u_prev = get(file, "/fluid2d", "velocity_weights_prev");
  f.x_walls = get(file, "/fluid2d", "boundary_points_x_walls");
  f.y_walls = get(file, "/fluid2d", "boundary_points_y_walls");
  f.points = fluid_points(file);
  f.N = (PetscInt)f.points.shape[0];
  if (f.velocity && f.u.data) check_jets(file, "/fluid2d/velocity", f.velocity, f.u.data);
  if (f.pressure && f.p.data) check_jets(file, "/fluid2d/pressure", f.pressure, f.p.data);
  if (f.velocity && f.u.data && f.points.data) {
    check_advect(&f);
    check_pressure(&f);
    check_projection(&f);
    check_walls(&f);
  }
  check_call(PetscFree(f.u.data));
  check_call(PetscFree(f.p.data));
  check_call(PetscFree(f.u_prev.data));
  check_call(PetscFree(f.points.data));
  check_call(PetscFree(f.x_walls.data));
  check_call(PetscFree(f.y_walls.data));
  check_call(SinewJetDestroy(&f.velocity));
  check_call(SinewJetDestroy(&f.pressure));
}

static void run_over_files(const char group[], void (*check)(SinewFile))
{
  compared = skipped = 0;
  worst_of_group = 0;
  find_files();
  for (int k = 0; k < files; k++) {
    SinewFile file;

    check_call(SinewFileOpen(PETSC_COMM_WORLD, paths[k], &file));
    check(file);
    check_call(SinewFileClose(&file));
  }
  printf("%s: %d arrays of %d files compared, %d absent, largest relative difference %.2e\n", group, compared, files,
         skipped, worst_of_group);
  files = 0;
  assert_true(compared > 0);
}

static void test_advect1d(void **state)
{
  (void)state;
  run_over_files("advect1d", check_advection);
}

static void test_fluid2d(void **state)
{
  (void)state;
  run_over_files("fluid2d", check_fluid);
}

SINEW_TEST_MAIN(cmocka_unit_test(test_advect1d), cmocka_unit_test(test_fluid2d))
