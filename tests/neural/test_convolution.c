// RANKS 1 2 4
/*
  Convolutions in single precision against those in double, which golden files hold to the last digits: minimal
  filtering and oneDNN, odd channels, several sources, samples, strides of dilation; and bfloat16 against double
  operands that were rounded before. Their adjoints: linear maps and their transposes have equal products, in double;
  single precision against double.
*/
#include "neural/bfloat16_private.h"
#include "neural/graph_private.h"
#include "tests/harness.h"

#define SOURCES_MAX 2
#define ROUNDING    5e-6 /* of gradients, relative: sums over thousands of cells that cancel */

typedef struct {
  PetscInt ny, nx, batch, kernel, dilation, sources, in[SOURCES_MAX], out;
  PetscBool periodic;
  double near;           /* rounding of F(4x4) reaches four times that of F(2x2) where numbers are smooth */
  PetscInt around, halo; /* kernel 1: of the sources, and of the output */
} Case;

typedef enum { FLOATS, ROUNDED, NATIVE } Precision;

static double value_at(PetscInt64 k, PetscBool rounded)
{
  const double v = sin(1.7 * (double)k + 0.3) + 0.4 * cos(0.61 * (double)k);

  return rounded ? (double)Bfloat16Round((float)v) : (double)(float)v;
}

static void fill(SinewTensor t, PetscInt seed, PetscBool rounded)
{
  const SinewBox box = SinewLayoutBox(SinewTensorLayout(t)), map = SinewLayoutMap(SinewTensorLayout(t));
  const PetscInt planes = SinewTensorBatch(t) * SinewTensorChannels(t);
  double *values = malloc((size_t)(planes * box.ny * box.nx) * sizeof(double) + 1), *v = values;

  for (PetscInt p = 0; p < planes; p++)
    for (PetscInt y = 0; y < box.ny; y++)
      for (PetscInt x = 0; x < box.nx; x++)
        *v++ = value_at(seed + ((PetscInt64)p * map.ny + box.y + y) * map.nx + box.x + x, rounded);
  check_call(SinewTensorSetPlanes(t, values));
  free(values);
}

typedef struct {
  SinewLayout layout;
  Graph g;
  PetscInt source[SOURCES_MAX], out;
} Network;

static size_t values_of(const SinewTensor t)
{
  const SinewBox box = SinewLayoutBox(SinewTensorLayout(t));

  return (size_t)(SinewTensorBatch(t) * SinewTensorChannels(t) * box.ny * box.nx);
}

/* The box as planes; free() it. */
static double *planes_of(SinewTensor t)
{
  double *planes = malloc(values_of(t) * sizeof(double) + 1);

  check_call(SinewTensorGetPlanes(t, planes));
  return planes;
}

static double get(const Graph g, const void *values, size_t k)
{
  return g->dtype == SINEW_FLOAT32 ? (double)((const float *)values)[k] : ((const double *)values)[k];
}

static void set_parameters(Graph g, PetscBool rounded, double bias)
{
  for (PetscInt k = 0; k < g->parameters; k++) {
    const PetscBool weight = (PetscBool)(g->parameter[k].rank > 1);

    for (size_t i = 0; i < g->parameter[k].size; i++) {
      const double v =
          (weight ? 1 : bias) * value_at(7 * (PetscInt64)i + k, (PetscBool)(rounded && weight)) / 64; /* exactly */

      if (g->dtype == SINEW_FLOAT32)
        ((float *)g->parameter[k].value)[i] = (float)v;
      else
        ((double *)g->parameter[k].value)[i] = v;
    }
  }
  check_call(GraphPack(g));
}

static void create(const Case *c, SinewDtype dtype, PetscBool bf16, PetscBool training, Network *n)
{
  const PetscInt halo = c->kernel == 1 ? c->around : c->dilation;

  check_call(SinewLayoutCreate(PETSC_COMM_WORLD, c->ny, c->nx, c->periodic, 2, &n->layout));
  check_call(GraphCreate(PETSC_COMM_WORLD, dtype, c->batch, training, PETSC_FALSE, &n->g));
  n->g->bf16 = bf16;
  for (PetscInt k = 0; k < c->sources; k++) check_call(LayerInput(n->g, n->layout, c->in[k], halo, &n->source[k]));
  check_call(LayerConvolution(n->g, "c", c->sources, n->source, c->kernel, c->dilation, c->halo, c->out, &n->out));
  check_call(GraphKeep(n->g, n->out));
  check_call(GraphSetup(n->g));
}

static void run(const Case *c, Network *n, PetscBool rounded, double bias)
{
  set_parameters(n->g, rounded, bias);
  for (PetscInt k = 0; k < c->sources; k++) fill(GraphValue(n->g, n->source[k]), 1000 * k, rounded);
  check_call(GraphForward(n->g, 0, n->g->ops));
}

static void destroy(Network *n)
{
  check_call(GraphDestroy(&n->g));
  check_call(SinewLayoutDestroy(&n->layout));
}

/* The output's box as planes; free() it. */
static double *convolve(const Case *c, SinewDtype dtype, PetscBool bf16, PetscBool rounded, size_t *count)
{
  Network n;
  double *planes;

  create(c, dtype, bf16, PETSC_FALSE, &n);
  run(c, &n, rounded, 1);
  planes = planes_of(GraphValue(n.g, n.out));
  *count = values_of(GraphValue(n.g, n.out));
  destroy(&n);
  return planes;
}

static double summed(double own)
{
  MPI_Allreduce(MPI_IN_PLACE, &own, 1, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD);
  return own;
}

/* Relative, in the mean over all ranks' numbers. */
static void check_near(size_t n, const double have[], const double want[], double near)
{
  double off = 0, all = 0;

  for (size_t k = 0; k < n; k++) {
    off += (have[k] - want[k]) * (have[k] - want[k]);
    all += want[k] * want[k];
  }
  check_close(sqrt(summed(off) / summed(all)), 0, near);
}

static void check_case(const Case *c, Precision precision)
{
  size_t n;
  double *exact = convolve(c, SINEW_FLOAT64, PETSC_FALSE, (PetscBool)(precision != FLOATS), &n), *single;

  check_call(PetscOptionsSetValue(NULL, "-sinew_bf16_native", precision == NATIVE ? "true" : "false"));
  single = convolve(c, SINEW_FLOAT32, (PetscBool)(precision != FLOATS), PETSC_FALSE, &n);
  check_call(PetscOptionsClearValue(NULL, "-sinew_bf16_native"));
  check_near(n, single, exact, c->near);
  free(exact);
  free(single);
}

static const Case cases[] = {
    {64, 64, 1, 3, 1, 1, {16}, 24, PETSC_FALSE, 2e-6, 0, 0},     /* F(4x4) on any number of ranks */
    {64, 48, 2, 3, 1, 2, {13, 19}, 37, PETSC_TRUE, 2e-6, 0, 0},  /* odd channels: rows of matrices are padded */
    {96, 64, 1, 3, 1, 1, {64}, 64, PETSC_FALSE, 5e-6, 0, 0},     /* several blocks of tiles */
    {32, 32, 1, 3, 1, 2, {96, 23}, 96, PETSC_FALSE, 2e-6, 0, 0}, /* many channels, few cells: F(2x2) */
    {60, 44, 1, 3, 1, 1, {19}, 40, PETSC_TRUE, 2e-6, 0, 0},      /* tiles that overlap on two ranks and four */
    {16, 16, 1, 3, 1, 2, {21, 5}, 17, PETSC_FALSE, 1e-6, 0, 0},  /* too small for either */
    {64, 64, 1, 3, 4, 1, {16}, 24, PETSC_TRUE, 1e-6, 0, 0},      /* dilation */
    {32, 64, 2, 1, 1, 1, {19}, 33, PETSC_FALSE, 1e-6, 0, 0},     /* 1x1 */
    {32, 32, 2, 1, 1, 2, {7, 9}, 8, PETSC_TRUE, 1e-6, 1, 0},     /* of boxes inside halos */
    {32, 32, 1, 1, 1, 1, {8}, 24, PETSC_TRUE, 1e-6, 2, 2},       /* of halos as well */
};

static void check_all_cases(Precision precision)
{
  for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) check_case(&cases[k], precision);
}

static void in_single_precision(void **state)
{
  (void)state;
  check_all_cases(FLOATS);
}

static void of_rounded_floats(void **state)
{
  (void)state;
  check_all_cases(ROUNDED);
}

static void of_native_bfloat16(void **state)
{
  (void)state;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx512bf16")) skip(); /* oneDNN has no such primitive then */
  check_all_cases(NATIVE);
#else
  skip();
#endif
}

/* ---- adjoints ---- */

static double product(SinewTensor a, SinewTensor b)
{
  double *x = planes_of(a), *y = planes_of(b), sum = 0;

  for (size_t k = 0; k < values_of(a); k++) sum += x[k] * y[k];
  free(x);
  free(y);
  return summed(sum);
}

static void back(Network *n)
{
  GraphClear(n->g, n->out);
  fill(GraphGradient(n->g, n->out), 77, PETSC_FALSE);
  check_call(GraphBackward(n->g));
}

/* <gy, y> = sum over inputs of <gx, x> = <gw, w>, without bias. Gradients of weights are complete on every rank. */
static void check_products(const Case *c, Network *n)
{
  const SinewParameter *w = &n->g->parameter[0];
  const double left = product(GraphGradient(n->g, n->out), GraphValue(n->g, n->out));
  double inputs = 0, weights = 0;

  for (PetscInt k = 0; k < c->sources; k++)
    inputs += product(GraphGradient(n->g, n->source[k]), GraphValue(n->g, n->source[k]));
  for (size_t i = 0; i < w->size; i++) weights += get(n->g, w->value, i) * get(n->g, w->gradient, i);
  check_close(inputs, left, 1e-11 * fabs(left));
  check_close(weights, left, 1e-11 * fabs(left));
}

/* A parameter's gradient; free() it. */
static double *numbers_of(const Graph g, const SinewParameter *p)
{
  double *numbers = malloc(p->size * sizeof(double) + 1);

  for (size_t i = 0; i < p->size; i++) numbers[i] = get(g, p->gradient, i);
  return numbers;
}

static void check_gradients(const Case *c, const Network *have, const Network *want)
{
  for (PetscInt k = 0; k < c->sources; k++) {
    const SinewTensor t = GraphGradient(want->g, want->source[k]);
    double *x = planes_of(GraphGradient(have->g, have->source[k])), *y = planes_of(t);

    check_near(values_of(t), x, y, ROUNDING);
    free(x);
    free(y);
  }
  for (PetscInt p = 0; p < want->g->parameters; p++) {
    double *x = numbers_of(have->g, &have->g->parameter[p]), *y = numbers_of(want->g, &want->g->parameter[p]);

    check_near(want->g->parameter[p].size, x, y, ROUNDING);
    free(x);
    free(y);
  }
}

static void adjoints(void **state)
{
  (void)state;
  for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
    Network exact, single;

    create(&cases[k], SINEW_FLOAT64, PETSC_FALSE, PETSC_TRUE, &exact);
    create(&cases[k], SINEW_FLOAT32, PETSC_FALSE, PETSC_TRUE, &single);
    run(&cases[k], &exact, PETSC_FALSE, 0);
    run(&cases[k], &single, PETSC_FALSE, 0);
    back(&exact);
    back(&single);
    check_products(&cases[k], &exact);
    check_gradients(&cases[k], &single, &exact);
    destroy(&exact);
    destroy(&single);
  }
}

/* What convolutions hand to each other: a halo that was convolved rather than exchanged, an output that others read as
 * it is, and a gradient that two of them add to. */
static void chains(void **state)
{
  SinewLayout layout;
  PetscInt in, a, b, c, out;
  double left;
  Graph g;

  (void)state;
  check_call(SinewLayoutCreate(PETSC_COMM_WORLD, 32, 24, PETSC_TRUE, 1, &layout));
  check_call(GraphCreate(PETSC_COMM_WORLD, SINEW_FLOAT64, 2, PETSC_TRUE, PETSC_FALSE, &g));
  check_call(LayerInput(g, layout, 3, 1, &in));
  check_call(LayerConvolution(g, "a", 1, &in, 1, 1, 1, 5, &a));
  check_call(LayerConvolution(g, "b", 1, &a, 3, 1, 0, 4, &b));
  check_call(LayerConvolution(g, "c", 1, &b, 1, 1, 0, 6, &c));
  check_call(LayerConvolution(g, "d", 2, (PetscInt[]){b, c}, 1, 1, 0, 2, &out));
  check_call(GraphKeep(g, out));
  check_call(GraphSetup(g));
  set_parameters(g, PETSC_FALSE, 0);
  fill(GraphValue(g, in), 3, PETSC_FALSE);
  check_call(GraphForward(g, 0, g->ops));
  fill(GraphGradient(g, out), 77, PETSC_FALSE);
  check_call(GraphBackward(g));
  left = product(GraphGradient(g, out), GraphValue(g, out));
  check_close(product(GraphGradient(g, in), GraphValue(g, in)), left, 1e-11 * fabs(left));
  check_call(GraphDestroy(&g));
  check_call(SinewLayoutDestroy(&layout));
}

static void rounding(void **state)
{
  (void)state;
  assert_true(Bfloat16Round(1.f) == 1.f && Bfloat16Round(-0.f) == 0.f);
  assert_true(Bfloat16Round(1.f + 0x1p-8f) == 1.f);                /* a tie, to even */
  assert_true(Bfloat16Round(1.f + 0x3p-8f) == 1.f + 0x1p-6f);      /* a tie, to even */
  assert_true(Bfloat16Round(1.f + 0x1.0002p-8f) == 1.f + 0x1p-7f); /* just above a tie */
  assert_true(Bfloat16Round(-1.f - 0x1.8p-7f) == -1.f - 0x1p-6f);  /* carries into the next digit */
  assert_true(Bfloat16Round((float)INFINITY) == (float)INFINITY);
}

SINEW_TEST_MAIN(cmocka_unit_test(in_single_precision), cmocka_unit_test(of_rounded_floats),
                cmocka_unit_test(of_native_bfloat16), cmocka_unit_test(adjoints), cmocka_unit_test(chains),
                cmocka_unit_test(rounding))
