// TIMEOUT 120
/* Jets against finite differences and against each other; adjoints by dot products. */
#include "neural/jet.h"
#include "neural/sampling.h"
#include "tests/harness.h"
#include <unistd.h>

#define POINTS 7

typedef struct {
  SinewJet jet;
  const SinewJetOptions *options;
  PetscInt d, m, P;
  double *w, x[POINTS * SINEW_JET_DIM_MAX];
} Case;

static double *reals(PetscInt n)
{
  double *x;

  check_call(PetscCalloc1((size_t)n, &x));
  return x;
}

static void fill(PetscInt stream, PetscInt n, double x[])
{
  for (PetscInt k = 0; k < n; k++) x[k] = 2 * SinewUniform(5, stream, k) - 1;
}

static double dot(PetscInt n, const double a[], const double b[])
{
  double sum = 0;

  for (PetscInt k = 0; k < n; k++) sum += a[k] * b[k];
  return sum;
}

static double largest(PetscInt n, const double a[])
{
  double most = 0;

  for (PetscInt k = 0; k < n; k++) most = fmax(most, fabs(a[k]));
  return most;
}

static Case make(SinewJetActivation activation, PetscInt dim, PetscInt variant)
{
  SinewJetOptions options = {.dim = dim, .outputs = 2, .width = 9, .layers = 2, .activation = activation, .omega = 2.5};
  Case c = {.d = dim};

  for (PetscInt i = 0; i < dim; i++) {
    options.lower[i] = -1.5;
    options.upper[i] = 1.25;
    if (variant == 1) options.wall[i] = (SinewJetWall)(1 + (i + 2) % 3);
    if (variant == 2 && i % 2 == 0) options.harmonics[i] = 2;
  }
  check_call(SinewJetCreate(&options, POINTS, &c.jet));
  c.options = SinewJetGetOptions(c.jet);
  c.m = options.outputs;
  c.P = SinewJetSize(c.jet);
  c.w = reals(c.P);
  check_call(SinewJetInitialise(c.jet, 3, c.w));
  fill(1, POINTS * dim, c.x);
  return c;
}

static void destroy(Case *c)
{
  check_call(PetscFree(c->w));
  check_call(SinewJetDestroy(&c->jet));
}

/* A channel's derivative along an axis, by central differences of fourth order. */
static double difference(Case *c, PetscInt output, PetscInt channel, PetscInt axis, PetscInt p)
{
  const PetscInt C = SinewJetChannels(c->d, SINEW_JET_HESSIAN);
  const double h = 2e-3, at[4] = {-2 * h, -h, h, 2 * h}, weight[4] = {1. / 12, -2. / 3, 2. / 3, -1. / 12};
  double *u = reals(c->m * C), sum = 0;

  for (int k = 0; k < 4; k++) {
    double x[SINEW_JET_DIM_MAX];

    for (PetscInt i = 0; i < c->d; i++) x[i] = c->x[p * c->d + i] + (i == axis ? at[k] : 0);
    check_call(SinewJetEvaluate(c->jet, c->w, SINEW_JET_HESSIAN, 1, x, u));
    if (channel >= 0) {
      sum += weight[k] * u[output * C + channel];
    } else { /* the Laplacian */
      for (PetscInt i = 0; i < c->d; i++) sum += weight[k] * u[output * C + SinewJetHessianChannel(c->d, i, i)];
    }
  }
  check_call(PetscFree(u));
  return sum / h;
}

static void check_coordinates(Case *c)
{
  const PetscInt C = SinewJetChannels(c->d, SINEW_JET_THIRD), L = c->d + 2, pairs = c->d * (c->d + 1) / 2;
  double *u = reals(c->m * C * POINTS), *lap = reals(c->m * L * POINTS);
  const double tolerance = 2e-7;

  check_call(SinewJetEvaluate(c->jet, c->w, SINEW_JET_THIRD, POINTS, c->x, u));
  check_call(SinewJetEvaluate(c->jet, c->w, SINEW_JET_LAPLACIAN, POINTS, c->x, lap));
  for (PetscInt o = 0; o < c->m; o++) {
    for (PetscInt p = 0; p < POINTS; p++) {
      const double *at = u + o * C * POINTS + p;
      double trace = 0;

      for (PetscInt i = 0; i < c->d; i++) {
        const double third = at[(1 + c->d + pairs + i) * POINTS];

        check_close(at[(1 + i) * POINTS], difference(c, o, 0, i, p), tolerance);
        check_close(third, difference(c, o, -1, i, p), tolerance * (100 + fabs(third)));
        for (PetscInt j = i; j < c->d; j++) {
          const double second = at[SinewJetHessianChannel(c->d, i, j) * POINTS];

          check_close(second, difference(c, o, 1 + i, j, p), tolerance * (10 + fabs(second)));
        }
        trace += at[SinewJetHessianChannel(c->d, i, i) * POINTS];
      }
      check_close(trace, lap[(o * L + c->d + 1) * POINTS + p], 1e-11 * (1 + fabs(trace)));
      check_close(at[0], lap[o * L * POINTS + p], 1e-13);
    }
  }
  check_call(PetscFree(u));
  check_call(PetscFree(lap));
}

/* J v by differences in the weights */
static void check_tangent(Case *c, SinewJetOrder order, PetscInt jets, const double v[], const double du[])
{
  const double h = 1e-4, at[4] = {-2 * h, -h, h, 2 * h}, weight[4] = {1. / 12, -2. / 3, 2. / 3, -1. / 12};
  double *w = reals(c->P), *u = reals(jets), *sum = reals(jets);
  const double size = largest(jets, du);

  for (int k = 0; k < 4; k++) {
    for (PetscInt i = 0; i < c->P; i++) w[i] = c->w[i] + at[k] * v[i];
    check_call(SinewJetEvaluate(c->jet, w, order, POINTS, c->x, u));
    for (PetscInt i = 0; i < jets; i++) sum[i] += weight[k] / h * u[i];
  }
  for (PetscInt i = 0; i < jets; i++) check_close(sum[i], du[i], 1e-7 * size);
  check_call(PetscFree(w));
  check_call(PetscFree(u));
  check_call(PetscFree(sum));
}

static void check_weights(Case *c, SinewJetOrder order)
{
  const PetscInt jets = c->m * SinewJetChannels(c->d, order) * POINTS, ld = POINTS + 3;
  double *u = reals(jets), *du = reals(jets), *seed = reals(jets), *v = reals(c->P), *g = reals(c->P);
  double *J = reals(ld * c->P), forward, backward;

  fill(2, c->P, v);
  fill(3, jets, seed);
  check_call(SinewJetForward(c->jet, c->w, order, POINTS, c->x, u));
  check_call(SinewJetTangent(c->jet, v, du));
  check_call(SinewJetAdjoint(c->jet, seed, g));
  check_call(SinewJetRows(c->jet, seed, NULL, J, ld));
  forward = dot(jets, seed, du);
  backward = dot(c->P, g, v);
  check_close(forward, backward, 1e-12 * jets * largest(jets, du));
  for (PetscInt p = 0; p < POINTS; p++) {
    double row = 0, direct = 0;

    for (PetscInt k = 0; k < c->P; k++) row += J[k * ld + p] * v[k];
    for (PetscInt j = 0; j < jets / POINTS; j++) direct += seed[j * POINTS + p] * du[j * POINTS + p];
    check_close(row, direct, 1e-12 * jets * largest(jets, du));
  }
  for (PetscInt k = 0; k < c->P; k++) {
    double sum = 0;

    for (PetscInt p = 0; p < POINTS; p++) sum += J[k * ld + p];
    check_close(sum, g[k], 1e-12 * (1 + fabs(g[k])) * jets);
  }
  check_tangent(c, order, jets, v, du);
  check_call(PetscFree(u));
  check_call(PetscFree(du));
  check_call(PetscFree(seed));
  check_call(PetscFree(v));
  check_call(PetscFree(g));
  check_call(PetscFree(J));
}

/* Gradient of the sum of c sin(u) over jets and points. */
static void gradient(Case *c, SinewJetOrder order, PetscInt jets, const double w[], const double factor[], double g[])
{
  double *u = reals(jets), *seed = reals(jets);

  check_call(SinewJetForward(c->jet, w, order, POINTS, c->x, u));
  for (PetscInt j = 0; j < jets; j++) seed[j] = factor[j] * cos(u[j]);
  for (PetscInt k = 0; k < c->P; k++) g[k] = 0;
  check_call(SinewJetAdjoint(c->jet, seed, g));
  check_call(PetscFree(u));
  check_call(PetscFree(seed));
}

/* Its Hessian times v. */
static void curvature(Case *c, SinewJetOrder order, PetscInt jets, const double v[], const double factor[], double h[])
{
  double *u = reals(jets), *du = reals(jets), *seed = reals(jets), *dseed = reals(jets);

  check_call(SinewJetForward(c->jet, c->w, order, POINTS, c->x, u));
  check_call(SinewJetTangent(c->jet, v, du));
  for (PetscInt j = 0; j < jets; j++) {
    seed[j] = factor[j] * cos(u[j]);
    dseed[j] = -factor[j] * sin(u[j]) * du[j];
  }
  for (PetscInt k = 0; k < c->P; k++) h[k] = 0;
  check_call(SinewJetAdjointTangent(c->jet, v, seed, dseed, h));
  check_call(PetscFree(u));
  check_call(PetscFree(du));
  check_call(PetscFree(seed));
  check_call(PetscFree(dseed));
}

/* Hessians by differences of gradients, and by their symmetry. */
static void check_curvature(Case *c, SinewJetOrder order)
{
  const double step = 1e-4, at[4] = {-2 * step, -step, step, 2 * step},
               weight[4] = {1. / 12, -2. / 3, 2. / 3, -1. / 12};
  const PetscInt jets = c->m * SinewJetChannels(c->d, order) * POINTS;
  double *v = reals(c->P), *other = reals(c->P), *h = reals(c->P), *back = reals(c->P), *w = reals(c->P);
  double *g = reals(c->P), *sum = reals(c->P), *factor = reals(jets);

  fill(2, c->P, v);
  fill(4, c->P, other);
  fill(3, jets, factor);
  curvature(c, order, jets, v, factor, h);
  curvature(c, order, jets, other, factor, back);
  check_close(dot(c->P, other, h), dot(c->P, v, back), 1e-12 * (double)c->P * largest(c->P, h));
  for (int k = 0; k < 4; k++) {
    for (PetscInt i = 0; i < c->P; i++) w[i] = c->w[i] + at[k] * v[i];
    gradient(c, order, jets, w, factor, g);
    for (PetscInt i = 0; i < c->P; i++) sum[i] += weight[k] / step * g[i];
  }
  for (PetscInt i = 0; i < c->P; i++) check_close(sum[i], h[i], 1e-7 * largest(c->P, h));
  check_call(PetscFree(v));
  check_call(PetscFree(other));
  check_call(PetscFree(h));
  check_call(PetscFree(back));
  check_call(PetscFree(w));
  check_call(PetscFree(g));
  check_call(PetscFree(sum));
  check_call(PetscFree(factor));
}

static void test_derivatives(void **state)
{
  (void)state;
  for (int activation = SINEW_SINE; activation <= SINEW_SWISH; activation++) {
    for (PetscInt dim = 1; dim <= 4; dim++) {
      for (PetscInt variant = 0; variant < 3; variant++) {
        Case c = make((SinewJetActivation)activation, dim, variant);

        check_coordinates(&c);
        for (int order = SINEW_JET_VALUE; order <= SINEW_JET_THIRD; order++) check_weights(&c, (SinewJetOrder)order);
        check_curvature(&c, SINEW_JET_VALUE);
        check_curvature(&c, SINEW_JET_GRADIENT);
        destroy(&c);
      }
    }
  }
}

static void test_walls_and_periods(void **state)
{
  SinewJetOptions options = {.dim = 2, .outputs = 1, .width = 8, .layers = 2, .activation = SINEW_TANH};
  const double points[] = {-1, 0.3, 3, -0.2, 0.4, 0, 0.4, 2, 0.5, 0.25, 0.5, 2.25};
  double u[6 * 3];
  SinewJet jet;
  double *w;

  (void)state;
  options.lower[0] = -1;
  options.upper[0] = 3;
  options.wall[0] = SINEW_WALL_BOTH;
  options.lower[1] = 0;
  options.upper[1] = 2;
  options.harmonics[1] = 3;
  check_call(SinewJetCreate(&options, 4, &jet)); /* more points than one block */
  w = reals(SinewJetSize(jet));
  check_call(SinewJetInitialise(jet, 1, w));
  check_call(SinewJetEvaluate(jet, w, SINEW_JET_GRADIENT, 6, points, u));
  check_close(u[0], 0, 0);
  check_close(u[1], 0, 0);
  for (int c = 0; c < 3; c++) {
    check_close(u[c * 6 + 2], u[c * 6 + 3], 1e-13);
    check_close(u[c * 6 + 4], u[c * 6 + 5], 1e-13);
  }
  check_call(PetscFree(w));
  check_call(SinewJetDestroy(&jet));
}

static void test_parameters(void **state)
{
  const SinewJetOptions options = {
      .dim = 1, .outputs = 1, .width = 20, .layers = 3, .activation = SINEW_SINE, .omega = 30};
  const char *path = "test_jet_weights.h5";
  SinewJetParameter parameter;
  SinewFile file;
  SinewJet jet;
  double *w, *back;

  (void)state;
  check_call(SinewJetCreate(&options, 8, &jet));
  assert_int_equal(SinewJetSize(jet), 901);
  assert_int_equal(SinewJetParameterCount(jet), 8);
  check_call(SinewJetGetParameter(jet, 3, &parameter));
  assert_string_equal(parameter.name, "net.2.bias");
  assert_int_equal(parameter.offset, 440);
  w = reals(901);
  back = reals(901);
  check_call(SinewJetInitialise(jet, 9, w));
  check_close(largest(20, w), 1, 0.2); /* W0 within 1 / fan_in */
  assert_true(largest(400, w + 40) <= sqrt(6. / 20) / 30);
  check_call(SinewFileCreate(PETSC_COMM_WORLD, path, &file));
  check_call(SinewJetWrite(jet, file, "/weights/u", w));
  check_call(SinewFilePublish(&file));
  check_call(SinewFileOpen(PETSC_COMM_WORLD, path, &file));
  check_call(SinewJetRead(jet, file, "/weights/u", back));
  check_call(SinewFileClose(&file));
  assert_memory_equal(w, back, 901 * sizeof(double));
  unlink(path);
  check_call(PetscFree(w));
  check_call(PetscFree(back));
  check_call(SinewJetDestroy(&jet));
}

static void test_mistakes(void **state)
{
  SinewJetOptions options = {.dim = 5, .outputs = 1, .width = 4, .layers = 1, .activation = SINEW_SINE, .omega = 1};
  double w[64] = {0}, x[8] = {0}, u[8];
  SinewJet jet;

  (void)state;
  check_call(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  assert_int_equal(SinewJetCreate(&options, 4, &jet), SINEW_ERR_INPUT);
  options.dim = 1;
  options.omega = 0;
  assert_int_equal(SinewJetCreate(&options, 4, &jet), SINEW_ERR_INPUT);
  options.omega = 1;
  options.harmonics[0] = 1;
  assert_int_equal(SinewJetCreate(&options, 4, &jet), SINEW_ERR_INPUT);
  options.harmonics[0] = 0;
  check_call(SinewJetCreate(&options, 4, &jet));
  assert_int_equal(SinewJetTangent(jet, w, u), PETSC_ERR_ORDER);
  assert_int_equal(SinewJetForward(jet, w, SINEW_JET_VALUE, 5, x, u), PETSC_ERR_ARG_OUTOFRANGE);
  check_call(SinewJetForward(jet, w, SINEW_JET_LAPLACIAN, 1, x, u));
  assert_int_equal(SinewJetAdjointTangent(jet, w, u, u, w), PETSC_ERR_SUP);
  check_call(PetscPopErrorHandler());
  check_call(SinewJetDestroy(&jet));
}

SINEW_TEST_MAIN(cmocka_unit_test(test_derivatives), cmocka_unit_test(test_walls_and_periods),
                cmocka_unit_test(test_parameters), cmocka_unit_test(test_mistakes))
