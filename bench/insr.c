/*
  Fields as network weights, advanced by Levenberg-Marquardt: error and seconds of the original's test cases.
    insr -case midpoint|lagrange|pade [-steps 240] [-points N] [-tolerance T] [-subset F] [-reuse K] [-omega 30]
  1D advection u_t + v u_x = 0 on [-2, 2], v = 0.25, u0 = exp(-(x + 1.5)^2 / 0.02), dt 0.05, 901 weights
  (specs: the original's setting). lagrange: u(x) = u_n(x - v dt). pade: Gauss-4 for this linear problem,
  u + a u_x + a^2/3 u_xx at the new level equals u_n - a u_n,x + a^2/3 u_n,xx at the old, a = v dt / 2.
*/
#include "neural/collocation.h"
#include "neural/sampling.h"
#include <petscsys.h>
#include <petsctime.h>
#include <time.h>

#define SPEED 0.25
#define LEFT  -2.
#define RIGHT 2.

typedef struct {
  SinewJetOrder order;
  PetscReal old[3], new[3]; /* residual: sum of new[c] u_c at the new level - sum of old[c] u_c at the old */
  PetscReal shift;          /* old level taken at x - shift */
} Scheme;

typedef struct {
  char name[16];
  PetscInt steps, points, fit_adam, fit_iterations, iterations, reuse;
  PetscReal dt, tolerance, stagnation, subset, omega, damping_least;
  PetscBool acceleration;
} Settings;

typedef struct {
  Settings set;
  Scheme scheme;
  SinewJet jet;
  SinewCollocation interior, fit;
  SinewLeastSquares solver, fitter;
  PetscInt P, first, count, fit_first, fit_count;
  PetscReal *w, *old, *guess, *x, *target, *jets;
  PetscReal time, damping;
  PetscReal inflow[2]; /* u and u_x that belong at x = LEFT */
  PetscInt iterations, matrices;
} Run;

static PetscReal pulse(PetscReal x)
{
  return PetscExpReal(-PetscSqr(x + 1.5) / 0.02);
}

static PetscErrorCode read_settings(Settings *s)
{
  PetscBool lagrange, pade;

  PetscFunctionBeginUser;
  *s = (Settings){.name = "midpoint",
                  .steps = 240,
                  .dt = 0.05,
                  .fit_adam = 2000,
                  .fit_iterations = 100,
                  .omega = 30,
                  .subset = 1,
                  .iterations = 12,
                  .stagnation = 0.02,
                  .damping_least = 1e-9};
  PetscCall(PetscOptionsGetString(NULL, NULL, "-case", s->name, sizeof(s->name), NULL));
  PetscCall(PetscStrcmp(s->name, "lagrange", &lagrange));
  PetscCall(PetscStrcmp(s->name, "pade", &pade));
  s->points = lagrange || pade ? 2000 : 1200;
  s->tolerance = lagrange ? 1e-7 : pade ? 1e-7 : 3e-6;
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-steps", &s->steps, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-points", &s->points, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-fit_adam", &s->fit_adam, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-fit_iterations", &s->fit_iterations, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-iterations", &s->iterations, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-reuse", &s->reuse, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-dt", &s->dt, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-tolerance", &s->tolerance, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-stagnation", &s->stagnation, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-subset", &s->subset, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-omega", &s->omega, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-damping_least", &s->damping_least, NULL));
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-acceleration", &s->acceleration, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static Scheme scheme_of(const Settings *s)
{
  const PetscReal a = 0.5 * SPEED * s->dt;

  switch (s->name[0]) {
  case 'l': return (Scheme){SINEW_JET_VALUE, {1}, {1}, 2 * a};
  case 'p': return (Scheme){SINEW_JET_HESSIAN, {1, -a, a * a / 3}, {1, a, a * a / 3}, 0};
  default: return (Scheme){SINEW_JET_GRADIENT, {1, -a}, {1, a}, 0};
  }
}

/* ---- residuals ---- */

static PetscErrorCode step_residual(void *ctx, PetscInt first, PetscInt n, const PetscReal x[], const PetscReal u[],
                                    PetscReal r[], PetscReal dr[])
{
  const Run *run = ctx;
  const PetscInt channels = SinewJetChannels(1, run->scheme.order);

  (void)x;
  for (PetscInt p = 0; p < n; p++) r[p] = -run->target[first + p];
  for (PetscInt c = 0; c < channels; c++) {
    for (PetscInt p = 0; p < n; p++) {
      r[p] += run->scheme.new[c] * u[c * n + p];
      if (dr) dr[c * n + p] = run->scheme.new[c];
    }
  }
  return PETSC_SUCCESS;
}

/* u and u_x at the inflow; u_x counts with the pulse's width. Implicit schemes of order two in x need both. */
static PetscErrorCode inflow_residual(void *ctx, PetscInt first, PetscInt n, const PetscReal x[], const PetscReal u[],
                                      PetscReal r[], PetscReal dr[])
{
  const Run *run = ctx;

  (void)x, (void)first;
  for (PetscInt p = 0; p < n; p++) {
    r[p] = u[p] - run->inflow[0];
    r[n + p] = 0.1 * (u[n + p] - run->inflow[1]);
    if (dr) dr[p] = 1;
    if (dr) dr[3 * n + p] = 0.1;
  }
  return PETSC_SUCCESS;
}

static PetscErrorCode fit_residual(void *ctx, PetscInt first, PetscInt n, const PetscReal x[], const PetscReal u[],
                                   PetscReal r[], PetscReal dr[])
{
  (void)ctx, (void)first;
  for (PetscInt p = 0; p < n; p++) {
    r[p] = u[p] - pulse(x[p]);
    if (dr) dr[p] = 1;
  }
  return PETSC_SUCCESS;
}

/* ---- set-up ---- */

static PetscErrorCode create_fit(Run *run)
{
  const PetscReal lower = LEFT, upper = RIGHT;
  const PetscInt points = 2000;
  SinewLeastSquaresOptions options = SinewLeastSquaresDefaults();
  SinewLeastSquaresProblem problem;
  PetscInt term;
  PetscReal *x;

  PetscFunctionBeginUser;
  PetscCall(SinewCollocationCreate(PETSC_COMM_WORLD, run->jet, 4, &run->fit));
  PetscCall(SinewCollocationAddTerm(run->fit, SINEW_JET_VALUE, points, 1, fit_residual, run, &term));
  PetscCall(SinewCollocationRange(run->fit, points, &run->fit_first, &run->fit_count));
  PetscCall(PetscMalloc1((size_t)run->fit_count, &x));
  PetscCall(SinewSample(SINEW_SAMPLE_STRATIFIED, 1, -1, 1, &lower, &upper, points, run->fit_first, run->fit_count, x));
  PetscCall(SinewCollocationSetPoints(run->fit, term, x, NULL));
  PetscCall(PetscFree(x));
  PetscCall(SinewCollocationProblem(run->fit, &problem));
  options.iterations = run->set.fit_iterations;
  options.tolerance = 1e-8;
  options.damping_least = 1e-14;
  options.acceleration = PETSC_TRUE;
  options.scaling = SINEW_LS_MARQUARDT;
  PetscCall(SinewLeastSquaresCreate(PETSC_COMM_WORLD, &problem, &options, &run->fitter));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_step(Run *run)
{
  const Settings *s = &run->set;
  const PetscReal left = LEFT, one = 1;
  SinewLeastSquaresOptions options = SinewLeastSquaresDefaults();
  SinewLeastSquaresProblem problem;
  PetscInt term;

  PetscFunctionBeginUser;
  PetscCall(SinewCollocationCreate(PETSC_COMM_WORLD, run->jet, 4, &run->interior));
  PetscCall(SinewCollocationAddTerm(run->interior, run->scheme.order, s->points, 1, step_residual, run, &term));
  PetscCall(SinewCollocationAddTerm(run->interior, SINEW_JET_GRADIENT, 1, 2, inflow_residual, run, &term));
  PetscCall(SinewCollocationSetPoints(run->interior, term, &left, &one));
  PetscCall(SinewCollocationRange(run->interior, s->points, &run->first, &run->count));
  PetscCall(SinewCollocationProblem(run->interior, &problem));
  options.iterations = s->iterations;
  options.tolerance = s->tolerance;
  options.stagnation = s->stagnation;
  options.subset = s->subset;
  options.reuse = s->reuse;
  options.acceleration = s->acceleration;
  options.damping_least = s->damping_least;
  PetscCall(SinewLeastSquaresCreate(PETSC_COMM_WORLD, &problem, &options, &run->solver));
  run->damping = 1e-7;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create(Run *run)
{
  SinewJetOptions network = {.dim = 1, .outputs = 1, .width = 20, .layers = 3, .activation = SINEW_SINE};
  size_t P, count;

  PetscFunctionBeginUser;
  PetscCall(read_settings(&run->set));
  run->scheme = scheme_of(&run->set);
  network.omega = run->set.omega;
  PetscCall(SinewJetCreate(&network, 128, &run->jet));
  PetscCall(create_fit(run));
  PetscCall(create_step(run));
  run->P = SinewJetSize(run->jet);
  P = (size_t)run->P;
  count = (size_t)run->count;
  PetscCall(PetscMalloc3(P, &run->w, P, &run->old, P, &run->guess));
  PetscCall(PetscMalloc3(count, &run->x, count, &run->target, 3 * count, &run->jets));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(Run *run)
{
  PetscFunctionBeginUser;
  PetscCall(SinewLeastSquaresDestroy(&run->solver));
  PetscCall(SinewLeastSquaresDestroy(&run->fitter));
  PetscCall(SinewCollocationDestroy(&run->interior));
  PetscCall(SinewCollocationDestroy(&run->fit));
  PetscCall(SinewJetDestroy(&run->jet));
  PetscCall(PetscFree3(run->w, run->old, run->guess));
  PetscCall(PetscFree3(run->x, run->target, run->jets));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the run ---- */

static PetscErrorCode fit_initial(Run *run)
{
  SinewAdamOptions adam = SinewAdamDefaults();
  SinewAdamReport adam_report;
  SinewLeastSquaresReport report;
  PetscLogDouble start, middle, end;

  PetscFunctionBeginUser;
  PetscCall(PetscTime(&start));
  PetscCall(SinewJetInitialise(run->jet, 1, run->w));
  adam.iterations = run->set.fit_adam;
  adam.rate = 1e-3;
  adam.patience = 100;
  PetscCall(SinewLeastSquaresAdam(run->fitter, &adam, run->w, &adam_report));
  PetscCall(PetscTime(&middle));
  PetscCall(SinewLeastSquaresSolve(run->fitter, run->w, &report));
  PetscCall(PetscTime(&end));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "initial fit: Adam %d its %.2f s rms %.2e; LM %d its %.2f s rms %.2e (%s)\n",
                        (int)adam_report.iterations, middle - start, (double)adam_report.residual,
                        (int)report.iterations, end - middle, (double)report.residual, report.reason));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* New points and what the old level says there. */
static PetscErrorCode prepare(Run *run, PetscInt step)
{
  const PetscReal lower = LEFT, upper = RIGHT, entered = LEFT - SPEED * (run->time + run->set.dt);
  const PetscInt channels = SinewJetChannels(1, run->scheme.order), n = run->count;

  PetscFunctionBeginUser;
  PetscCall(SinewSample(SINEW_SAMPLE_STRATIFIED, 1, step, 1, &lower, &upper, run->set.points, run->first, n, run->x));
  PetscCall(SinewCollocationSetPoints(run->interior, 0, run->x, NULL));
  for (PetscInt p = 0; p < n; p++) run->x[p] -= run->scheme.shift;
  PetscCall(SinewJetEvaluate(run->jet, run->w, run->scheme.order, n, run->x, run->jets));
  for (PetscInt p = 0; p < n; p++) {
    run->target[p] = 0;
    for (PetscInt c = 0; c < channels; c++) run->target[p] += run->scheme.old[c] * run->jets[c * n + p];
    if (run->x[p] < LEFT) run->target[p] = pulse(run->x[p] - SPEED * run->time); /* came in during the step */
  }
  run->inflow[0] = pulse(entered);
  run->inflow[1] = -(entered + 1.5) / 0.01 * run->inflow[0];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The better of the old weights and their linear extrapolation. */
static PetscErrorCode first_guess(Run *run, PetscInt step)
{
  PetscReal still, moved;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < run->P; k++) run->guess[k] = 2 * run->w[k] - run->old[k];
  PetscCall(PetscArraycpy(run->old, run->w, run->P));
  if (step == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewLeastSquaresNorm(run->solver, run->w, &still));
  PetscCall(SinewLeastSquaresNorm(run->solver, run->guess, &moved));
  if (moved < still) PetscCall(PetscArraycpy(run->w, run->guess, run->P));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode errors(Run *run, PetscReal *mean, PetscReal *relative)
{
  const PetscInt n = 4000;
  PetscReal *x, *u, square = 0, size = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2((size_t)n, &x, (size_t)n, &u));
  for (PetscInt p = 0; p < n; p++) x[p] = LEFT + (RIGHT - LEFT) * ((PetscReal)p + 0.5) / (PetscReal)n;
  PetscCall(SinewJetEvaluate(run->jet, run->w, SINEW_JET_VALUE, n, x, u));
  *mean = 0;
  for (PetscInt p = 0; p < n; p++) {
    const PetscReal exact = pulse(x[p] - SPEED * run->time);

    *mean += PetscAbsReal(u[p] - exact) / (PetscReal)n;
    square += PetscSqr(u[p] - exact);
    size += PetscSqr(exact);
  }
  *relative = PetscSqrtReal(square / size);
  PetscCall(PetscFree2(x, u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode advance(Run *run, PetscInt step, SinewLeastSquaresReport *report)
{
  SinewLeastSquaresOptions *options = SinewLeastSquaresGetOptions(run->solver);

  PetscFunctionBeginUser;
  PetscCall(prepare(run, step));
  PetscCall(first_guess(run, step));
  options->damping = PetscMin(1e-5, 3 * run->damping);
  options->seed = step;
  PetscCall(SinewLeastSquaresSolve(run->solver, run->w, report));
  run->damping = report->damping;
  run->time = (PetscReal)(step + 1) * run->set.dt;
  run->iterations += report->iterations;
  run->matrices += report->matrices;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* of this rank: what a shared machine leaves comparable */
static PetscReal cpu_seconds(void)
{
  return (PetscReal)clock() / CLOCKS_PER_SEC;
}

int main(int argc, char **argv)
{
  Run run = {.time = 0};
  SinewLeastSquaresReport report = {.reason = ""};
  PetscLogDouble start, end;
  PetscReal cpu_start, cpu, mean = 0, relative = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(create(&run));
  PetscCall(fit_initial(&run));
  PetscCall(PetscTime(&start));
  cpu_start = cpu_seconds();
  for (PetscInt step = 0; step < run.set.steps; step++) {
    PetscCall(advance(&run, step, &report));
    if ((step + 1) % 20) continue;
    PetscCall(errors(&run, &mean, &relative));
    PetscCall(PetscTime(&end));
    cpu = cpu_seconds();
    PetscCall(PetscPrintf(PETSC_COMM_WORLD,
                          "t %5.2f  MAE %.3e  relative L2 %.3e  |r| %.1e -> %.1e (%d, %s) mu %.0e  its/step %.2f  "
                          "matrices/step %.2f  %.2f s (%.2f CPU)\n",
                          (double)run.time, (double)mean, (double)relative, (double)report.first,
                          (double)report.residual, (int)report.iterations, report.reason, (double)report.damping,
                          (double)run.iterations / (double)(step + 1), (double)run.matrices / (double)(step + 1),
                          end - start, (double)(cpu - cpu_start)));
  }
  PetscCall(destroy(&run));
  PetscCall(PetscFinalize());
  return 0;
}
