// RANKS 1 2
/*
  Optimisers and schedules: PyTorch's numbers (golden in double; bits in float), the invariants of adamp, clipping,
  averages, and states that come back from a file with the same bits.
*/
#include "neural/optimizer.h"
#include "neural/schedule.h"
#include "tests/io/files.h"
#include "tests/neural/golden.h"
#include <unistd.h>

#define N 16

static SinewParameter view(const char *name, int rank, PetscInt64 rows, PetscInt64 columns, void *value, void *gradient)
{
  SinewParameter p = {.rank = rank, .shape = {rows, columns}, .size = (size_t)(rows * columns)};

  snprintf(p.name, sizeof(p.name), "%s", name);
  p.value = value;
  p.gradient = gradient;
  return p;
}

static SinewOptimizerOptions options_of(SinewOptimizerKind kind)
{
  SinewOptimizerOptions o;

  check_call(SinewOptimizerDefaults(&o));
  o.kind = kind;
  return o;
}

/* ---- PyTorch ---- */

static void golden_steps(SinewFile file, int k)
{
  SinewOptimizerOptions o = options_of(SINEW_ADAMW);
  SinewOptimizer optimizer;
  SinewParameter p;
  char group[32], name[64];
  double *value, *gradient, *want, g[7], worst = 0;

  snprintf(group, sizeof(group), "/adamw/%d", k);
  snprintf(name, sizeof(name), "%s/p0", group);
  value = golden_array(file, name, NULL);
  snprintf(name, sizeof(name), "%s/grads", group);
  gradient = golden_array(file, name, NULL);
  snprintf(name, sizeof(name), "%s/p", group);
  want = golden_array(file, name, NULL);
  o.decay = golden_real(file, group, "weight_decay", -1);
  p = view("p", 1, 7, 1, value, g);
  check_call(SinewOptimizerCreate(SINEW_FLOAT64, 1, &p, &o, &optimizer));
  for (int t = 0; t < 12; t++) {
    memcpy(g, gradient + 7 * t, sizeof(g));
    check_call(SinewOptimizerStep(optimizer, golden_real(file, group, "lr", -1), NULL));
    for (int i = 0; i < 7; i++) worst = fmax(worst, fabs(value[i] - want[7 * t + i]));
  }
  golden_check("ops.h5", group, worst, 1e-15);
  check_call(SinewOptimizerDestroy(&optimizer));
  free(value);
  free(gradient);
  free(want);
}

static void golden_rates(SinewFile file, int k)
{
  SinewSchedule s = {.kind = SINEW_RATE_COSINE};
  char name[32];
  double *want, worst = 0;
  PetscInt64 n;

  snprintf(name, sizeof(name), "/lr_schedule/%d", k);
  s.base = golden_real(file, name, "base_lr", -1);
  s.start = golden_real(file, name, "warmup_start_lr", -1);
  s.final = golden_real(file, name, "eta_min", -1);
  s.warm_up = (PetscInt)golden_real(file, name, "warmup_epochs", -1);
  s.total = (PetscInt)golden_real(file, name, "max_epochs", -1);
  want = golden_array(file, name, &n);
  for (PetscInt64 e = 0; e < n; e++) worst = fmax(worst, fabs(SinewScheduleRate(&s, (double)e) - want[e]) / s.base);
  golden_check("ops.h5", name, worst, 1e-15);
  free(want);
}

static void golden_numbers(void **state)
{
  char path[PETSC_MAX_PATH_LEN + 32];
  SinewFile file;

  (void)state;
  if (golden_missing("sinenet")) skip();
  snprintf(path, sizeof(path), "%s/sinenet/ops.h5", golden_folder());
  check_call(SinewFileOpen(PETSC_COMM_WORLD, path, &file));
  for (int k = 0; k < 2; k++) {
    golden_steps(file, k);
    golden_rates(file, k);
  }
  check_call(SinewFileClose(&file));
}

/* torch.optim 1.13 in float32 on a processor with fused multiply-adds: five steps of 0.003, decay 0.01. */
static void bits_of_pytorch(void **state)
{
  static const float want[][N] = {
      {0x1.e1993400p-1f, 0x1.11a9fa00p-1f, -0x1.0daec400p-3f, -0x1.77efdc00p-1f, -0x1.fab26600p-1f, -0x1.9c74ac00p-1f,
       -0x1.ba654e00p-3f, 0x1.dcb91600p-2f, 0x1.dca1ae00p-1f, 0x1.ecf83c00p-1f, 0x1.05c38400p-1f, -0x1.33432e00p-3f,
       -0x1.80bc4200p-1f, -0x1.fd791200p-1f, -0x1.88104600p-1f, -0x1.a87e6600p-3f},
      {0x1.e183a800p-1f, 0x1.11885400p-1f, -0x1.0d964c00p-3f, -0x1.77d9b200p-1f, -0x1.fab05800p-1f, -0x1.9c81b000p-1f,
       -0x1.ba5f8e00p-3f, 0x1.dca7a800p-2f, 0x1.dc9f4200p-1f, 0x1.ed053200p-1f, 0x1.05cd3c00p-1f, -0x1.3344fe00p-3f,
       -0x1.7f1f8800p-1f, -0x1.fd7e7200p-1f, -0x1.881ee600p-1f, -0x1.a88b5400p-3f}};
  const SinewOptimizerKind kinds[] = {SINEW_ADAMW, SINEW_ADAM};

  (void)state;
#ifndef FP_FAST_FMAF
  skip();
#endif
  for (int k = 0; k < 2; k++) {
    SinewOptimizerOptions o = options_of(kinds[k]);
    SinewOptimizer optimizer;
    float value[N], gradient[N];
    const SinewParameter p = view("p", 1, N, 1, value, gradient);

    o.decay = 0.01;
    for (int i = 0; i < N; i++) value[i] = (float)cos(0.7 * i + 0.3);
    check_call(SinewOptimizerCreate(SINEW_FLOAT32, 1, &p, &o, &optimizer));
    for (int t = 1; t <= 5; t++) {
      for (int i = 0; i < N; i++) gradient[i] = (float)(sin(1.3 * i * t + 0.1 * t) * 0.1 * (i + 1));
      check_call(SinewOptimizerStep(optimizer, 0.003, NULL));
    }
    assert_memory_equal(value, want[k], sizeof(value));
    check_call(SinewOptimizerDestroy(&optimizer));
  }
}

static void milestones(void **state)
{
  const SinewSchedule s = {.kind = SINEW_RATE_MILESTONES,
                           .base = 1,
                           .start = 0.1,
                           .factor = 0.5,
                           .warm_up = 4,
                           .milestones = 2,
                           .milestone = {10, 20}};
  const double at[] = {0, 3, 4, 9.5, 10, 19, 20, 100}, want[] = {0.1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25};

  (void)state;
  for (int k = 0; k < 8; k++) check_close(SinewScheduleRate(&s, at[k]), want[k], 0);
  check_close(SinewScheduleRate(&s, 1.5), 0.55, 1e-15);
  for (int smooth = 0; smooth < 2; smooth++) {
    SinewSchedule by = s;

    by.smooth = (PetscBool)smooth;
    check_close(SinewScheduleAt(&by, 17, 10), SinewScheduleRate(&s, smooth ? 1.7 : 1), 1e-15);
  }
}

/* ---- adamp ---- */

/* One step of each optimiser from the same values; what it moved. */
static void move(SinewOptimizerKind kind, double decay, int rank, const double *start, const double *slope,
                 double moved[N])
{
  SinewOptimizerOptions o = options_of(kind);
  SinewOptimizer optimizer;
  double value[N], gradient[N];
  const SinewParameter p = view("p", rank, rank == 1 ? N : 4, rank == 1 ? 1 : N / 4, value, gradient);

  o.decay = decay;
  memcpy(value, start, sizeof(value));
  memcpy(gradient, slope, sizeof(gradient));
  check_call(SinewOptimizerCreate(SINEW_FLOAT64, 1, &p, &o, &optimizer));
  check_call(SinewOptimizerStep(optimizer, 0.01, NULL));
  check_call(SinewOptimizerDestroy(&optimizer));
  for (int i = 0; i < N; i++) moved[i] = value[i] - start[i];
}

static double dot(int n, const double *a, const double *b)
{
  double sum = 0;

  for (int i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}

/* Where gradients are orthogonal to the weights (by row, or in all), so are the steps; elsewhere it is adamw. */
static void steps_keep_norms(void **state)
{
  double p[N], rows[N], whole[N], plain[N], g[N], q[N], radial = 0;

  (void)state;
  for (int i = 0; i < N; i++) {
    p[i] = 1 + 0.3 * sin(2.0 * i);
    g[i] = cos(3.0 * i);
  }
  for (int r = 0; r < 4; r++) { /* remove what lies along each row */
    const double along = dot(4, p + 4 * r, g + 4 * r) / dot(4, p + 4 * r, p + 4 * r);

    for (int i = 4 * r; i < 4 * r + 4; i++) g[i] -= along * p[i];
  }
  move(SINEW_ADAMP, 0, 2, p, g, rows);
  move(SINEW_ADAMW, 0, 2, p, g, plain);
  for (int r = 0; r < 4; r++) {
    check_close(dot(4, p + 4 * r, rows + 4 * r), 0, 1e-9);
    radial += fabs(dot(4, p + 4 * r, plain + 4 * r));
  }
  assert_true(radial > 1e-3);
  for (int i = 0; i < N; i++)
    q[i] = g[i] + (i < 4 ? 0.5 : i < 8 ? -0.5 * dot(4, p, p) / dot(4, p + 4, p + 4) : 0) * p[i];
  move(SINEW_ADAMP, 0, 2, p, q, whole); /* along two rows, in opposite ways: orthogonal in all */
  check_close(dot(N, p, whole), 0, 1e-9);
  assert_true(fabs(dot(4, p, whole)) > 1e-3);
  move(SINEW_ADAMP, 0.1, 2, p, p, rows); /* parallel: as adamw */
  move(SINEW_ADAMW, 0.1, 2, p, p, plain);
  assert_memory_equal(rows, plain, sizeof(rows));
  move(SINEW_ADAMP, 0.1, 1, p, g, rows); /* one axis: as adamw */
  move(SINEW_ADAMW, 0.1, 1, p, g, plain);
  assert_memory_equal(rows, plain, sizeof(rows));
  move(SINEW_ADAMP, 0.5, 2, p, g, rows); /* decay is a tenth */
  check_close(dot(N, p, rows), -0.01 * 0.5 * 0.1 * dot(N, p, p), 1e-9);
}

/* ---- clipping, average, files ---- */

static void slope(int t, double g[N])
{
  for (int i = 0; i < N; i++) g[i] = sin(1.3 * i * t + 0.1 * t) * 0.1 * (i + 1);
}

static void clipping(void **state)
{
  SinewOptimizerOptions o = options_of(SINEW_ADAMW);
  SinewOptimizer optimizer;
  double value[N] = {0}, gradient[N], before[N], norm;
  SinewParameter p[2];

  (void)state;
  o.clip = 0.25;
  p[0] = view("a", 1, N / 2, 1, value, gradient);
  p[1] = view("b", 1, N / 2, 1, value + N / 2, gradient + N / 2);
  check_call(SinewOptimizerCreate(SINEW_FLOAT64, 2, p, &o, &optimizer));
  slope(1, gradient);
  memcpy(before, gradient, sizeof(before));
  check_call(SinewOptimizerStep(optimizer, 0.1, &norm));
  check_close(norm, sqrt(dot(N, before, before)), 1e-14);
  for (int i = 0; i < N; i++) check_close(gradient[i], before[i] * 0.25 / (norm + 1e-6), 1e-15);
  memcpy(before, value, sizeof(before));
  gradient[3] = NAN; /* nothing moves, and the count stays */
  check_call(SinewOptimizerStep(optimizer, 0.1, &norm));
  assert_true(isnan(norm));
  assert_memory_equal(before, value, sizeof(before));
  assert_int_equal(SinewOptimizerCount(optimizer), 1);
  check_call(SinewOptimizerDestroy(&optimizer));
}

/* A step parameter by parameter, in any order: the same bits; one that is not finite is where it ends. */
static void steps_in_parts(void **state)
{
  SinewOptimizerOptions o = options_of(SINEW_ADAMW);
  SinewOptimizer optimizer[2];
  double value[2][N], gradient[N], norm[2];
  const PetscInt turn[] = {1, 0};
  SinewParameter p[2];

  (void)state;
  o.average = 0.9;
  for (int w = 0; w < 2; w++) {
    slope(7, value[w]);
    p[0] = view("a", 1, N / 2, 1, value[w], gradient);
    p[1] = view("b", 1, N / 2, 1, value[w] + N / 2, gradient + N / 2);
    check_call(SinewOptimizerCreate(SINEW_FLOAT64, 2, p, &o, &optimizer[w]));
  }
  for (int t = 0; t < 3; t++) {
    slope(t, gradient);
    check_call(SinewOptimizerStep(optimizer[0], 0.1, &norm[0]));
    check_call(SinewOptimizerBegin(optimizer[1], 0.1));
    check_call(SinewOptimizerApply(optimizer[1], 1, &turn[0]));
    check_call(SinewOptimizerApply(optimizer[1], 1, &turn[1]));
    check_call(SinewOptimizerEnd(optimizer[1], &norm[1]));
    assert_memory_equal(&norm[0], &norm[1], sizeof(norm[0]));
  }
  assert_memory_equal(value[0], value[1], sizeof(value[0]));
  for (int w = 0; w < 2; w++) check_call(SinewOptimizerSwap(optimizer[w]));
  assert_memory_equal(value[0], value[1], sizeof(value[0]));
  check_call(SinewOptimizerBegin(optimizer[1], 0.1));
  check_call(SinewOptimizerApply(optimizer[1], 1, turn));
  check_error(SinewOptimizerEnd(optimizer[1], NULL), PETSC_ERR_ORDER, "1 of 2 parameters");
  check_call(SinewOptimizerBegin(optimizer[1], 0.1));
  gradient[N / 2] = NAN;
  memcpy(value[0], value[1], sizeof(value[0]));
  check_call(SinewOptimizerApply(optimizer[1], 2, turn));
  check_call(SinewOptimizerEnd(optimizer[1], &norm[1]));
  assert_true(isnan(norm[1]));
  assert_memory_equal(value[0], value[1], sizeof(value[0]));
  assert_int_equal(SinewOptimizerCount(optimizer[1]), 3);
  for (int w = 0; w < 2; w++) check_call(SinewOptimizerDestroy(&optimizer[w]));
}

static void averages(void **state)
{
  SinewOptimizerOptions o = options_of(SINEW_ADAMW);
  SinewOptimizer optimizer;
  double value[N] = {0}, gradient[N], mean[N], keep[N];
  const SinewParameter p = view("p", 1, N, 1, value, gradient);

  (void)state;
  o.average = 0.5;
  check_call(SinewOptimizerCreate(SINEW_FLOAT64, 1, &p, &o, &optimizer));
  for (int t = 1; t <= 20; t++) {
    const double e = t == 1 ? 0 : fmin(0.5, (1. + t) / (10. + t));

    slope(t, gradient);
    check_call(SinewOptimizerStep(optimizer, 0.01, NULL));
    for (int i = 0; i < N; i++) mean[i] = (t == 1 ? 0 : e * mean[i]) + (1 - e) * value[i];
  }
  memcpy(keep, value, sizeof(keep));
  check_call(SinewOptimizerSwap(optimizer));
  for (int i = 0; i < N; i++) check_close(value[i], mean[i], 1e-15);
  check_call(SinewOptimizerSwap(optimizer));
  assert_memory_equal(keep, value, sizeof(keep));
  check_call(SinewOptimizerDestroy(&optimizer));
}

/* Steps 1..12 in one go, or with a detour through a file after step 5. */
static void run(const char *path, double value[N])
{
  SinewOptimizerOptions o = options_of(SINEW_ADAMP);
  SinewOptimizer optimizer;
  double gradient[N];
  const SinewParameter p = view("p", 2, 4, N / 4, value, gradient);
  SinewFile file;

  o.average = 0.9;
  for (int i = 0; i < N; i++) value[i] = cos(0.7 * i);
  check_call(SinewOptimizerCreate(SINEW_FLOAT64, 1, &p, &o, &optimizer));
  for (int t = 1; t <= 12; t++) {
    slope(t, gradient);
    check_call(SinewOptimizerStep(optimizer, 0.01, NULL));
    if (t != 5 || !path) continue;
    check_call(SinewFileCreate(PETSC_COMM_WORLD, path, &file));
    check_call(SinewOptimizerStore(optimizer, file, "/optimizer"));
    check_call(SinewFilePublish(&file));
    check_call(SinewOptimizerDestroy(&optimizer));
    check_call(SinewOptimizerCreate(SINEW_FLOAT64, 1, &p, &o, &optimizer));
    check_call(SinewFileOpen(PETSC_COMM_WORLD, path, &file));
    check_call(SinewOptimizerLoad(optimizer, file, "/optimizer"));
    check_call(SinewFileClose(&file));
    assert_int_equal(SinewOptimizerCount(optimizer), 5);
  }
  check_call(SinewOptimizerSwap(optimizer)); /* the average too */
  check_call(SinewOptimizerDestroy(&optimizer));
}

static void restart_to_the_bit(void **state)
{
  SinewOptimizerOptions o = options_of(SINEW_ADAMW);
  SinewOptimizer optimizer;
  SinewFile file;
  double value[N], again[N], gradient[N];
  SinewParameter p = view("p", 2, 4, N / 4, value, gradient);
  char path[64];
  PetscMPIInt size;

  (void)state;
  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  snprintf(path, sizeof(path), "test_optimizer_%d.h5", (int)size);
  run(NULL, value);
  run(path, again);
  assert_memory_equal(value, again, sizeof(value));

  check_call(SinewFileOpen(PETSC_COMM_WORLD, path, &file)); /* of another kind; of another shape */
  check_call(SinewOptimizerCreate(SINEW_FLOAT64, 1, &p, &o, &optimizer));
  check_call(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  assert_int_equal((int)SinewOptimizerLoad(optimizer, file, "/optimizer"), (int)SINEW_ERR_INPUT);
  check_call(SinewOptimizerDestroy(&optimizer));
  o.kind = SINEW_ADAMP;
  p = view("p", 2, 2, N / 2, value, gradient);
  check_call(SinewOptimizerCreate(SINEW_FLOAT64, 1, &p, &o, &optimizer));
  assert_int_equal((int)SinewOptimizerLoad(optimizer, file, "/optimizer"), (int)SINEW_ERR_INPUT);
  check_call(PetscPopErrorHandler());
  check_call(SinewOptimizerDestroy(&optimizer));
  check_call(SinewFileClose(&file));
}

SINEW_TEST_MAIN(cmocka_unit_test(golden_numbers), cmocka_unit_test(bits_of_pytorch), cmocka_unit_test(milestones),
                cmocka_unit_test(steps_keep_norms), cmocka_unit_test(clipping), cmocka_unit_test(steps_in_parts),
                cmocka_unit_test(averages), cmocka_unit_test(restart_to_the_bit))
