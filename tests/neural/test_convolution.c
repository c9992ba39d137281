// RANKS 1 2 4
/*
  Convolutions in single precision against those in double, which golden files hold to the last digits: minimal
  filtering and oneDNN, odd channels, several sources, samples, strides of dilation; and bfloat16 against double
  operands that were rounded before.
*/
#include "neural/bfloat16_private.h"
#include "neural/graph_private.h"
#include "tests/harness.h"

#define SOURCES_MAX 2

typedef struct {
  PetscInt ny, nx, batch, kernel, dilation, sources, in[SOURCES_MAX], out;
  PetscBool periodic;
  double near; /* rounding of F(4x4) reaches four times that of F(2x2) where numbers are smooth */
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

/* The output's box as planes; free() it. */
static double *convolve(const Case *c, SinewDtype dtype, PetscBool bf16, PetscBool rounded, size_t *count)
{
  SinewLayout layout;
  SinewBox box;
  Graph g;
  PetscInt source[SOURCES_MAX], out, in = 0;
  double *planes;

  check_call(SinewLayoutCreate(PETSC_COMM_WORLD, c->ny, c->nx, c->periodic, 2, &layout));
  check_call(GraphCreate(PETSC_COMM_WORLD, dtype, c->batch, PETSC_FALSE, PETSC_FALSE, &g));
  g->bf16 = bf16;
  for (PetscInt k = 0; k < c->sources; k++) {
    check_call(LayerInput(g, layout, c->in[k], c->kernel == 1 ? 0 : c->dilation, &source[k]));
    in += c->in[k];
  }
  check_call(LayerConvolution(g, "c", c->sources, source, c->kernel, c->dilation, c->out, &out));
  check_call(GraphKeep(g, out));
  check_call(GraphSetup(g));
  for (PetscInt k = 0; k < g->parameters; k++)
    for (size_t i = 0; i < g->parameter[k].size; i++) {
      const double v = value_at(7 * (PetscInt64)i + k, (PetscBool)(rounded && k == 0)) / 64; /* exactly */

      if (dtype == SINEW_FLOAT32)
        ((float *)g->parameter[k].value)[i] = (float)v;
      else
        ((double *)g->parameter[k].value)[i] = v;
    }
  check_call(GraphPack(g));
  for (PetscInt k = 0; k < c->sources; k++) fill(GraphValue(g, source[k]), 1000 * k, rounded);
  check_call(GraphForward(g, 0, g->ops));
  box = SinewLayoutBox(layout);
  *count = (size_t)(c->batch * c->out * box.ny * box.nx);
  planes = malloc(*count * sizeof(double) + 1);
  check_call(SinewTensorGetPlanes(GraphValue(g, out), planes));
  check_call(GraphDestroy(&g));
  check_call(SinewLayoutDestroy(&layout));
  return planes;
}

static void check_case(const Case *c, Precision precision)
{
  size_t n;
  double *exact = convolve(c, SINEW_FLOAT64, PETSC_FALSE, (PetscBool)(precision != FLOATS), &n), *single;
  double sums[2] = {0, 0};

  check_call(PetscOptionsSetValue(NULL, "-sinew_bf16_native", precision == NATIVE ? "true" : "false"));
  single = convolve(c, SINEW_FLOAT32, (PetscBool)(precision != FLOATS), PETSC_FALSE, &n);
  check_call(PetscOptionsClearValue(NULL, "-sinew_bf16_native"));
  for (size_t k = 0; k < n; k++) {
    sums[0] += (single[k] - exact[k]) * (single[k] - exact[k]);
    sums[1] += exact[k] * exact[k];
  }
  MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD);
  check_close(sqrt(sums[0] / sums[1]), 0, c->near);
  free(exact);
  free(single);
}

static const Case cases[] = {
    {64, 64, 1, 3, 1, 1, {16}, 24, PETSC_FALSE, 2e-6},     /* F(4x4) on any number of ranks */
    {64, 48, 2, 3, 1, 2, {13, 19}, 37, PETSC_TRUE, 2e-6},  /* odd channels: rows of matrices are padded */
    {96, 64, 1, 3, 1, 1, {64}, 64, PETSC_FALSE, 5e-6},     /* several blocks of tiles */
    {32, 32, 1, 3, 1, 2, {96, 23}, 96, PETSC_FALSE, 2e-6}, /* many channels, few cells: F(2x2) */
    {60, 44, 1, 3, 1, 1, {19}, 40, PETSC_TRUE, 2e-6},      /* tiles that overlap on two ranks and four */
    {16, 16, 1, 3, 1, 2, {21, 5}, 17, PETSC_FALSE, 1e-6},  /* too small for either */
    {64, 64, 1, 3, 4, 1, {16}, 24, PETSC_TRUE, 1e-6},      /* dilation */
    {32, 64, 2, 1, 1, 1, {19}, 33, PETSC_FALSE, 1e-6},     /* 1x1 */
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
                cmocka_unit_test(of_native_bfloat16), cmocka_unit_test(rounding))
