// RANKS 1 2 4
// TIMEOUT 120
/* Fits of point networks, on any number of ranks alike. */
#include "neural/collocation.h"
#include "neural/sampling.h"
#include "tests/harness.h"

#define POINTS 400
#define PARTS  4

typedef struct {
  SinewJet jet;
  SinewCollocation collocation;
  SinewLeastSquaresProblem problem;
  SinewLeastSquares ls;
  PetscInt P, first, count;
  double *w, *x;
} Fit;

static double target(double x)
{
  return exp(-8 * x * x) + 0.3 * sin(3 * x);
}

static PetscErrorCode misfit(void *ctx, PetscInt first, PetscInt n, const PetscReal x[], const PetscReal u[],
                             PetscReal r[], PetscReal dr[])
{
  (void)ctx, (void)first;
  for (PetscInt p = 0; p < n; p++) {
    r[p] = u[p] - target(x[p]);
    if (dr) dr[p] = 1;
  }
  return PETSC_SUCCESS;
}

/* u_xx + sin(u): nonlinear in the jet too */
static PetscErrorCode pendulum(void *ctx, PetscInt first, PetscInt n, const PetscReal x[], const PetscReal u[],
                               PetscReal r[], PetscReal dr[])
{
  (void)ctx, (void)first, (void)x;
  for (PetscInt p = 0; p < n; p++) {
    r[p] = 0.01 * (u[2 * n + p] + sin(u[p]));
    if (dr) dr[p] = 0.01 * cos(u[p]);
    if (dr) dr[2 * n + p] = 0.01;
  }
  return PETSC_SUCCESS;
}

static Fit make(const SinewLeastSquaresOptions *options, PetscBool two_terms)
{
  const SinewJetOptions network = {
      .dim = 1, .outputs = 1, .width = 10, .layers = 2, .activation = SINEW_SINE, .omega = 6};
  const double lower = -1, upper = 1;
  PetscInt term;
  Fit f;

  check_call(SinewJetCreate(&network, 64, &f.jet));
  check_call(SinewCollocationCreate(PETSC_COMM_WORLD, f.jet, PARTS, &f.collocation));
  check_call(SinewCollocationRange(f.collocation, POINTS, &f.first, &f.count));
  check_call(PetscCalloc1((size_t)f.count, &f.x));
  check_call(SinewSamplePoints(SINEW_SAMPLE_STRATIFIED, 1, 0, 1, &lower, &upper, POINTS, f.first, f.count, f.x));
  check_call(SinewCollocationAddTerm(f.collocation, SINEW_JET_VALUE, POINTS, 1, misfit, NULL, &term));
  check_call(SinewCollocationSetPoints(f.collocation, term, f.x, NULL));
  if (two_terms) {
    check_call(SinewCollocationAddTerm(f.collocation, SINEW_JET_LAPLACIAN, POINTS, 1, pendulum, NULL, &term));
    check_call(SinewCollocationSetPoints(f.collocation, term, f.x, NULL));
  }
  check_call(SinewCollocationProblem(f.collocation, &f.problem));
  check_call(SinewLeastSquaresCreate(PETSC_COMM_WORLD, &f.problem, options, &f.ls));
  f.P = SinewJetSize(f.jet);
  check_call(PetscCalloc1((size_t)f.P, &f.w));
  check_call(SinewJetInitialise(f.jet, 2, f.w));
  return f;
}

static void destroy(Fit *f)
{
  check_call(SinewLeastSquaresDestroy(&f->ls));
  check_call(SinewCollocationDestroy(&f->collocation));
  check_call(SinewJetDestroy(&f->jet));
  check_call(PetscFree(f->w));
  check_call(PetscFree(f->x));
}

/* The same problem on this rank alone must come to the same weights: rank invariance, to the bit. */
static double solve_alone(const SinewLeastSquaresOptions *options, PetscBool two_terms, const double w[], PetscInt P)
{
  const SinewJetOptions network = {
      .dim = 1, .outputs = 1, .width = 10, .layers = 2, .activation = SINEW_SINE, .omega = 6};
  const double lower = -1, upper = 1;
  SinewLeastSquaresProblem problem;
  SinewLeastSquaresReport report;
  SinewCollocation collocation;
  SinewLeastSquares ls;
  SinewJet jet;
  PetscInt term;
  double x[POINTS], *alone, difference = 0;

  check_call(SinewJetCreate(&network, 64, &jet));
  check_call(SinewCollocationCreate(PETSC_COMM_SELF, jet, PARTS, &collocation));
  check_call(SinewSamplePoints(SINEW_SAMPLE_STRATIFIED, 1, 0, 1, &lower, &upper, POINTS, 0, POINTS, x));
  check_call(SinewCollocationAddTerm(collocation, SINEW_JET_VALUE, POINTS, 1, misfit, NULL, &term));
  check_call(SinewCollocationSetPoints(collocation, term, x, NULL));
  if (two_terms) {
    check_call(SinewCollocationAddTerm(collocation, SINEW_JET_LAPLACIAN, POINTS, 1, pendulum, NULL, &term));
    check_call(SinewCollocationSetPoints(collocation, term, x, NULL));
  }
  check_call(SinewCollocationProblem(collocation, &problem));
  check_call(SinewLeastSquaresCreate(PETSC_COMM_SELF, &problem, options, &ls));
  check_call(PetscCalloc1((size_t)P, &alone));
  check_call(SinewJetInitialise(jet, 2, alone));
  check_call(SinewLeastSquaresSolve(ls, alone, &report));
  for (PetscInt k = 0; k < P; k++) difference = fmax(difference, fabs(alone[k] - w[k]));
  check_call(PetscFree(alone));
  check_call(SinewLeastSquaresDestroy(&ls));
  check_call(SinewCollocationDestroy(&collocation));
  check_call(SinewJetDestroy(&jet));
  return difference;
}

static void check_fit(const SinewLeastSquaresOptions *options, PetscBool two_terms, double residual, double agreement)
{
  Fit f = make(options, two_terms);
  SinewLeastSquaresReport report;
  double difference;

  check_call(SinewLeastSquaresSolve(f.ls, f.w, &report));
  difference = solve_alone(options, two_terms, f.w, f.P);
  printf("  %d steps, %d matrices, |r| %.3e -> %.3e, damping %.1e, condition %.1e, %s; ranks differ by %.1e\n",
         (int)report.iterations, (int)report.matrices, report.first, report.residual, report.damping, report.condition,
         report.reason, difference);
  assert_int_equal(report.rows, POINTS * (two_terms ? 2 : 1));
  check_all(report.residual <= residual);
  check_close(difference, 0, agreement);
  destroy(&f);
}

static void test_levenberg(void **state)
{
  SinewLeastSquaresOptions options = SinewLeastSquaresDefaults();

  (void)state;
  options.iterations = 60;
  options.tolerance = 1e-6;
  check_fit(&options, PETSC_FALSE, 1e-5, 0);
  options.acceleration = PETSC_TRUE;
  check_fit(&options, PETSC_FALSE, 1e-6, 0);
  options.scaling = SINEW_LS_MARQUARDT;
  check_fit(&options, PETSC_FALSE, 1e-6, 0);
}

static void test_reuse_and_subset(void **state)
{
  SinewLeastSquaresOptions options = SinewLeastSquaresDefaults();

  (void)state;
  options.iterations = 120;
  options.tolerance = 1e-5;
  options.reuse = 4;
  check_fit(&options, PETSC_FALSE, 1e-5, 0);
  options.subset = 0.5;
  check_fit(&options, PETSC_FALSE, 1e-4, 0);
}

static void test_nonzero_residual(void **state)
{
  SinewLeastSquaresOptions options = SinewLeastSquaresDefaults();

  (void)state;
  options.stagnation = 1e-6;
  options.iterations = 200;
  check_fit(&options, PETSC_TRUE, 0.1, 0);
}

static void test_qr(void **state)
{
  SinewLeastSquaresOptions options = SinewLeastSquaresDefaults();

  (void)state;
  options.solver = SINEW_LS_QR;
  options.iterations = 6; /* sums over ranks agree up to rounding only */
  options.damping_least = 1e-4;
  check_fit(&options, PETSC_FALSE, 1, 1e-10);
  options.iterations = 60;
  options.tolerance = 1e-7;
  options.damping_least = 1e-14;
  options.acceleration = PETSC_TRUE;
  check_fit(&options, PETSC_FALSE, 1e-7, 1e3);
}

static void test_lsqr(void **state)
{
  SinewLeastSquaresOptions options = SinewLeastSquaresDefaults();

  (void)state;
  options.solver = SINEW_LS_LSQR;
  options.iterations = 6;
  options.damping_least = 1e-4;
  check_fit(&options, PETSC_FALSE, 1, 0);
}

/* One step of each solver from the same weights at the same damping is the same step. */
static void test_solvers_agree(void **state)
{
  const SinewLeastSquaresSolver solvers[3] = {SINEW_LS_NORMAL, SINEW_LS_QR, SINEW_LS_LSQR};
  double residual[3];

  (void)state;
  for (int s = 0; s < 3; s++) {
    SinewLeastSquaresOptions options = SinewLeastSquaresDefaults();
    SinewLeastSquaresReport report;
    double condition;
    Fit f;

    options.solver = solvers[s];
    options.iterations = 1;
    options.krylov_tolerance = 1e-12;
    options.krylov_iterations = 2000;
    f = make(&options, PETSC_TRUE);
    check_call(SinewLeastSquaresSolve(f.ls, f.w, &report));
    residual[s] = report.residual;
    if (s < 2) {
      check_call(SinewLeastSquaresCondition(f.ls, &condition));
      check_all(condition >= 0.5 * report.condition && condition < 1e6 && condition > 1e3);
    }
    destroy(&f);
  }
  check_close(residual[1], residual[0], 1e-9 * residual[0]);
  check_close(residual[2], residual[0], 1e-8 * residual[0]);
}

static PetscErrorCode rising(void *ctx, const PetscReal w[], PetscReal *sum)
{
  int *calls = ctx;

  (void)w;
  *sum = 1 + *calls;
  (*calls)++;
  return PETSC_SUCCESS;
}

/* Held-out points whose residual only rises: the first weights seen come back. */
static PetscErrorCode held_out_wrapper(void *ctx, const PetscReal w[], PetscReal *sum)
{
  static int calls;

  (void)ctx;
  return rising(&calls, w, sum);
}

static void test_held_out(void **state)
{
  SinewLeastSquaresOptions options = SinewLeastSquaresDefaults();
  SinewLeastSquaresReport report;
  Fit f = make(&options, PETSC_FALSE);
  double norm;

  (void)state;
  check_call(SinewLeastSquaresDestroy(&f.ls));
  f.problem.held_out = held_out_wrapper;
  check_call(SinewLeastSquaresCreate(PETSC_COMM_WORLD, &f.problem, &options, &f.ls));
  check_call(SinewLeastSquaresSolve(f.ls, f.w, &report));
  assert_string_equal(report.reason, "held-out");
  assert_int_equal(report.iterations, 4);
  check_call(SinewLeastSquaresNorm(f.ls, f.w, &norm));
  check_close(norm, report.residual, 1e-14);
  destroy(&f);
}

static void test_adam(void **state)
{
  SinewLeastSquaresOptions options = SinewLeastSquaresDefaults();
  SinewAdamOptions adam = SinewAdamDefaults();
  SinewAdamReport report;
  Fit f = make(&options, PETSC_FALSE);

  (void)state;
  adam.iterations = 300;
  adam.rate = 1e-2;
  check_call(SinewLeastSquaresAdam(f.ls, &adam, f.w, &report));
  assert_int_equal(report.iterations, 300);
  check_all(report.residual < 0.05 * report.first);
  destroy(&f);
}

static void test_breakdown(void **state)
{
  SinewLeastSquaresOptions options = SinewLeastSquaresDefaults();
  SinewLeastSquaresReport report;
  Fit f = make(&options, PETSC_FALSE);

  (void)state;
  f.w[3] = NAN;
  check_call(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  assert_int_equal(SinewLeastSquaresSolve(f.ls, f.w, &report), SINEW_ERR_BREAKDOWN);
  check_call(PetscPopErrorHandler());
  destroy(&f);
}

/* Quasi-Newton lowers the same loss by orders, and on any number of ranks to the same end. */
static void test_lbfgs(void **state)
{
  SinewLeastSquaresOptions options = SinewLeastSquaresDefaults();
  SinewLeastSquaresReport report;
  double sum = 0, all;
  Fit f;

  (void)state;
  options.iterations = 300;
  options.tolerance = 3e-3;
  f = make(&options, PETSC_FALSE);
  check_call(SinewLeastSquaresLBFGS(f.ls, f.w, &report));
  print_message("L-BFGS: |r| %.2e -> %.2e in %d iterations (%s)\n", report.first, report.residual,
                (int)report.iterations, report.reason);
  check_all(report.residual < 0.02 * report.first);
  for (PetscInt k = 0; k < f.P; k++) sum += f.w[k];
  MPI_Allreduce(&sum, &all, 1, MPI_DOUBLE, MPI_MAX, PETSC_COMM_WORLD);
  check_all(sum == all);
  destroy(&f);
}

SINEW_TEST_MAIN(cmocka_unit_test(test_lbfgs), cmocka_unit_test(test_levenberg), cmocka_unit_test(test_reuse_and_subset),
                cmocka_unit_test(test_nonzero_residual), cmocka_unit_test(test_qr), cmocka_unit_test(test_lsqr),
                cmocka_unit_test(test_solvers_agree), cmocka_unit_test(test_held_out), cmocka_unit_test(test_adam),
                cmocka_unit_test(test_breakdown))
