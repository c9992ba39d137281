// Data-free mesh mover: potential, derivatives and inner values against the original's.
#include "neural/dmm_gradient.h"

#include "tests/neural/golden.h"

#define GROUP_WEIGHTS "/weights"

/* SplitMix64 (Steele, Lea & Flood 2014). */
static uint64_t split_mix(uint64_t *state)
{
  uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);

  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

/* Weights by the file's rule: a stream a parameter, numbered in its list, scaled by the fan-in. */
static void fill(SinewFile file, SinewDMM m)
{
  PetscInt64 seed;
  PetscInt n;
  double scale;
  char *order;

  check_call(SinewFileReadInts(file, "/", "seed", 1, &n, &seed));
  check_call(SinewFileReadReals(file, "/", "last_layer_scale", 1, &n, &scale));
  check_call(SinewFileReadString(file, "/", "weights_order", &order));
  for (PetscInt i = 0;; i++) {
    SinewArray a;
    uint64_t q = 0, state;
    PetscInt64 size, fan = 1;
    double factor = 1;

    check_call(SinewDMMGetParameter(m, i, &a));
    if (!a.name) break;
    assert_non_null(strstr(order, a.name));
    for (const char *c = order; c < strstr(order, a.name); c++) q += *c == ',';
    size = SinewArraySize(&a);
    for (int k = 1; k < a.rank; k++) fan *= a.shape[k];
    if (a.rank == 1) fan = a.shape[0];
    if (!strcmp(a.name, "trunk.layers.0.weight")) factor = 4;
    if (!strcmp(a.name, "trunk.layers.0.bias")) factor = 2;
    if (!strcmp(a.name, "out_nn.layers.1.weight")) factor = scale;
    state = 1000 * (uint64_t)seed + q;
    for (PetscInt64 k = 0; k < size; k++)
      ((double *)a.data)[k] = ((double)(split_mix(&state) >> 11) * 0x1p-52 - 1) / sqrt((double)fan) * factor;
  }
  check_call(PetscFree(order));
  check_call(SinewDMMCollapse(m));
}

static void compare(SinewFile file, const char *name, PetscInt64 n, const double value[], double tolerance)
{
  PetscInt64 size;
  double *wanted, largest = 0, worst = 0;

  if (!golden_has(file, name)) return;
  wanted = golden_array(file, name, &size);
  assert_int_equal((int)size, (int)n);
  for (PetscInt64 k = 0; k < n; k++) {
    largest = PetscMax(largest, fabs(wanted[k]));
    worst = PetscMax(worst, fabs(wanted[k] - value[k]));
  }
  check_close(worst, 0, tolerance * largest);
  golden_compared++;
  free(wanted);
}

/* Losses, and gradients: whole, or their heads and norms where the file holds no more. */
static void losses(SinewFile file, SinewDMM m, PetscInt fields, PetscInt points, const double *u, const double *xi)
{
  SinewDMMSample sample = {.fields = fields, .points = points, .u = u, .xi = xi};
  SinewDMMLoss loss;
  PetscInt64 n = 0;
  double *gradient, *first;
  SinewArray a;
  char name[128];

  for (int side = 0; side < 4; side++) {
    snprintf(name, sizeof(name), "/in/bound%d_points", side + 1);
    sample.border_xi[side] = golden_array(file, name, &n);
    snprintf(name, sizeof(name), "/in/bound%d_u", side + 1);
    sample.border_u[side] = golden_array(file, name, NULL);
  }
  sample.border = (PetscInt)n / 2;
  check_call(SinewDMMGetParameter(m, 0, &a));
  first = a.data;
  gradient = malloc(sizeof(double) * 2000000);
  check_call(SinewDMMEvaluateLoss(m, &sample, &loss, gradient));
  compare(file, "/out/loss_in", 1, &loss.in, 1e-10);
  compare(file, "/out/loss_bound", 1, &loss.bound, 1e-10);
  compare(file, "/out/loss_bound_sides", 4, loss.side, 1e-10);
  compare(file, "/out/loss_convex", 1, &loss.convex, 1e-10);
  compare(file, "/out/loss", 1, &loss.total, 1e-10);
  for (PetscInt i = 0;; i++) {
    const double *mine;
    double norm = 0;
    PetscInt64 size;

    check_call(SinewDMMGetParameter(m, i, &a));
    if (!a.name) break;
    size = SinewArraySize(&a);
    mine = gradient + ((double *)a.data - first);
    for (PetscInt64 k = 0; k < size; k++) norm += mine[k] * mine[k];
    norm = sqrt(norm);
    snprintf(name, sizeof(name), "/grad/%s", a.name);
    compare(file, name, size, mine, 1e-9);
    snprintf(name, sizeof(name), "/grad_head/%s", a.name);
    compare(file, name, size < 16 ? size : 16, mine, 1e-9);
    snprintf(name, sizeof(name), "/grad_norm/%s", a.name);
    compare(file, name, 1, &norm, 1e-9);
  }
  for (int side = 0; side < 4; side++) {
    free((void *)(uintptr_t)sample.border_xi[side]);
    free((void *)(uintptr_t)sample.border_u[side]);
  }
  free(gradient);
}

static void golden_file(const char *path)
{
  SinewFile file;
  SinewDMM m;
  PetscInt64 s, fields, points, nxi;
  PetscInt n;
  double *u, *xi, *c, *branch, *phi, *g[2], *h[3];

  check_call(SinewFileOpen(PETSC_COMM_WORLD, path, &file));
  check_call(SinewFileReadInts(file, "/", "s", 1, &n, &s));
  check_call(SinewFileReadInts(file, "/", "nu", 1, &n, &fields));
  if (golden_has(file, "/weights/branch.fc2.weight")) {
    check_call(SinewDMMCreate(file, GROUP_WEIGHTS, &m));
    check_call(SinewDMMSetSize(m, (PetscInt)s));
  } else {
    check_call(SinewDMMCreateEmpty((PetscInt)s, 1024, 512, 32, 512, &m));
    fill(file, m);
  }
  u = golden_array(file, "/in/u", NULL);
  xi = golden_array(file, "/in/xi", &nxi);
  points = nxi / 2 / fields;
  c = malloc(sizeof(double) * (size_t)SinewDMMHidden(m));
  branch = malloc(sizeof(double) * (size_t)(fields * SinewDMMFeatures(m)));
  phi = malloc(sizeof(double) * (size_t)nxi);
  for (int k = 0; k < 2; k++) g[k] = malloc(sizeof(double) * (size_t)nxi);
  for (int k = 0; k < 3; k++) h[k] = malloc(sizeof(double) * (size_t)nxi);
  for (PetscInt64 f = 0; f < fields; f++) {
    double *const gradient[2] = {g[0] + f * points, g[1] + f * points};
    double *const hessian[3] = {h[0] + f * points, h[1] + f * points, h[2] + f * points};

    check_call(SinewDMMField(m, u + f * s * s, c, branch + f * SinewDMMFeatures(m)));
    check_call(SinewDMMEvaluate(m, c, (PetscInt)points, xi + 2 * f * points, phi + f * points, gradient, hessian));
  }
  compare(file, "/out/branch", fields * SinewDMMFeatures(m), branch, 1e-11);
  compare(file, "/out/phi", fields * points, phi, 1e-11);
  compare(file, "/out/phix", fields * points, g[0], 1e-11);
  compare(file, "/out/phiy", fields * points, g[1], 1e-11);
  compare(file, "/out/phixx", fields * points, h[0], 1e-11);
  compare(file, "/out/phixy", fields * points, h[1], 1e-11);
  compare(file, "/out/phiyx", fields * points, h[1], 1e-11);
  compare(file, "/out/phiyy", fields * points, h[2], 1e-11);
  losses(file, m, (PetscInt)fields, (PetscInt)points, u, xi);
  check_call(SinewFileClose(&file));
  check_call(SinewDMMDestroy(&m));
  for (int k = 0; k < 2; k++) free(g[k]);
  for (int k = 0; k < 3; k++) free(h[k]);
  free(phi);
  free(branch);
  free(c);
  free(xi);
  free(u);
}

static void golden(void **state)
{
  static const char *const prefixes[] = {"dmm", NULL};

  (void)state;
  if (golden_missing("mesh")) skip();
  golden_each("mesh", prefixes, golden_file);
  assert_true(golden_compared > 0);
}

/* Without golden files: derivatives against finite differences, at more points than a block holds. */
static void derivatives(void **state)
{
  enum { N = 100 };
  const double step = 1e-5;
  SinewDMM m;
  double u[20 * 20], c[10], xi[2 * N], phi[N], moved[2][N], x[N], y[N], xx[N], xy[N], yy[N], mx[2][N], my[2][N];
  uint64_t random = 1;

  (void)state;
  check_call(SinewDMMCreateEmpty(20, 7, 6, 5, 10, &m));
  for (PetscInt i = 0;; i++) {
    SinewArray a;
    PetscInt64 size;

    check_call(SinewDMMGetParameter(m, i, &a));
    if (!a.name) break;
    size = SinewArraySize(&a);
    for (PetscInt64 k = 0; k < size; k++) ((double *)a.data)[k] = (double)(split_mix(&random) >> 11) * 0x1p-52 - 1;
  }
  check_call(SinewDMMCollapse(m));
  for (int k = 0; k < 400; k++) u[k] = (double)(split_mix(&random) >> 11) * 0x1p-53;
  for (int k = 0; k < 2 * N; k++) xi[k] = (double)(split_mix(&random) >> 11) * 0x1p-53;
  check_call(SinewDMMField(m, u, c, NULL));
  check_call(SinewDMMEvaluate(m, c, N, xi, phi, (double *[]){x, y}, (double *[]){xx, xy, yy}));
  for (int a = 0; a < 2; a++) {
    for (int side = 0; side < 2; side++) {
      for (int p = 0; p < N; p++) xi[2 * p + a] += (side ? 2 : -1) * step;
      check_call(SinewDMMEvaluate(m, c, N, xi, moved[side], (double *[]){mx[side], my[side]}, NULL));
    }
    for (int p = 0; p < N; p++) {
      xi[2 * p + a] -= step;
      check_close((moved[1][p] - moved[0][p]) / (2 * step), a ? y[p] : x[p], 1e-8);
      check_close((mx[1][p] - mx[0][p]) / (2 * step), a ? xy[p] : xx[p], 1e-8);
      check_close((my[1][p] - my[0][p]) / (2 * step), a ? yy[p] : xy[p], 1e-8);
    }
  }
  check_call(SinewDMMDestroy(&m));
}

SINEW_TEST_MAIN(cmocka_unit_test(golden), cmocka_unit_test(derivatives))
