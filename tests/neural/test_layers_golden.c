// RANKS 1 2 4
// TIMEOUT 120
/*
  Single layers and losses with their adjoints against the original's numbers (ops*.h5). Maps that
  are too small for the ranks, or odd where a layer halves them, are skipped.
*/
#include "neural/graph_private.h"
#include "neural/loss.h"
#include "tests/neural/golden.h"

typedef struct {
  const char *path;
  SinewFile file;
  char group[64];
  SinewDtype dtype;
  PetscInt batch, channels, ny, nx;
  Graph graph;
  PetscInt in, out; /* nodes */
} Case;

static void name_in(const Case *op, const char *what, char name[128])
{
  snprintf(name, 128, "/%s/%s", op->group, what);
}

/* Sizes of the first input; false when there is no such case. */
static int find_case(Case *op, const char *kind, int k)
{
  SinewArray array;
  PetscBool exists;
  char name[128];

  snprintf(op->group, sizeof(op->group), "%s/%d", kind, k);
  name_in(op, "in0", name);
  check_call(SinewFileInquire(op->file, name, &exists, &array));
  if (!exists) return 0;
  op->batch = (PetscInt)array.shape[0];
  op->channels = 1;
  for (int i = 1; i < array.rank - 2; i++) op->channels *= (PetscInt)array.shape[i];
  op->ny = (PetscInt)array.shape[array.rank - 2];
  op->nx = (PetscInt)array.shape[array.rank - 1];
  return 1;
}

/* Whether a map can be cut for all ranks. */
static int fits(PetscInt ny, PetscInt nx)
{
  PetscMPIInt size;

  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  for (PetscInt ry = 1; ry <= size; ry++)
    if (size % ry == 0 && (size == 1 || (ny / 2 >= ry && nx / 2 >= size / ry))) return 1;
  return 0;
}

static void compare(const Case *op, const char *what, SinewTensor tensor)
{
  const SinewBox box = SinewLayoutBox(SinewTensorLayout(tensor));
  char name[128];
  double *have, *want;
  GoldenError e;

  name_in(op, what, name);
  have = golden_planes(tensor);
  want = golden_box(op->file, name, SinewTensorLayout(tensor));
  e = golden_error((size_t)(SinewTensorBatch(tensor) * SinewTensorChannels(tensor) * box.ny * box.nx), have, want);
  golden_check(op->path, name, e.most, (op->dtype == SINEW_FLOAT64 ? 1e-12 : 1e-5) * fmax(1, e.largest));
  free(have);
  free(want);
}

static void compare_parameter(const Case *op, const char *what, const SinewParameter *p)
{
  char name[128];
  double *want, most = 0, largest = 1;

  name_in(op, what, name);
  want = golden_array(op->file, name, NULL);
  for (size_t i = 0; i < p->size; i++) {
    const double have = op->dtype == SINEW_FLOAT64 ? ((double *)p->gradient)[i] : (double)((float *)p->gradient)[i];

    most = fmax(most, fabs(have - want[i]));
    largest = fmax(largest, fabs(want[i]));
  }
  golden_check(op->path, name, most, (op->dtype == SINEW_FLOAT64 ? 1e-12 : 1e-5) * largest);
  free(want);
}

static void fill(const Case *op, const char *what, SinewTensor tensor)
{
  char name[128];
  double *box;

  name_in(op, what, name);
  box = golden_box(op->file, name, SinewTensorLayout(tensor));
  check_call(SinewTensorSetPlanes(tensor, box));
  free(box);
}

static void fill_parameter(const Case *op, const char *what, const SinewParameter *p)
{
  char name[128];
  double *values;

  name_in(op, what, name);
  values = golden_array(op->file, name, NULL);
  for (size_t i = 0; i < p->size; i++) {
    if (op->dtype == SINEW_FLOAT64)
      ((double *)p->value)[i] = values[i];
    else
      ((float *)p->value)[i] = (float)values[i];
  }
  free(values);
}

static void begin(Case *op)
{
  check_call(GraphCreate(PETSC_COMM_WORLD, op->dtype, op->batch, PETSC_TRUE, PETSC_FALSE, &op->graph));
}

/* Runs the graph forth and back and compares everything the file has. */
static void finish(Case *op)
{
  Graph g = op->graph;

  check_call(GraphKeep(g, op->out));
  check_call(GraphSetup(g));
  for (PetscInt k = 0; k < g->parameters; k++) fill_parameter(op, k ? "in2" : "in1", &g->parameter[k]);
  check_call(GraphPack(g));
  fill(op, "in0", GraphValue(g, op->in));
  check_call(GraphForward(g, 0, g->ops));
  compare(op, "out", GraphValue(g, op->out));
  fill(op, "ct", GraphGradient(g, op->out));
  check_call(GraphBackward(g));
  compare(op, "grad_in0", GraphGradient(g, op->in));
  for (PetscInt k = 0; k < g->parameters; k++) compare_parameter(op, k ? "grad_in2" : "grad_in1", &g->parameter[k]);
  check_call(GraphDestroy(&op->graph));
}

/* ---- layers ---- */

static void convolution(Case *op, PetscInt kernel, PetscBool periodic)
{
  SinewLayout layout;
  SinewArray weight;
  PetscBool exists;
  char name[128];

  if (!fits(op->ny, op->nx)) return;
  name_in(op, "in1", name);
  check_call(SinewFileInquire(op->file, name, &exists, &weight));
  check_call(SinewLayoutCreate(PETSC_COMM_WORLD, op->ny, op->nx, periodic, 0, &layout));
  begin(op);
  check_call(LayerInput(op->graph, layout, op->channels, kernel / 2, &op->in));
  check_call(LayerConvolution(op->graph, "c", 1, &op->in, kernel, 1, 0, (PetscInt)weight.shape[0], &op->out));
  finish(op);
  check_call(SinewLayoutDestroy(&layout));
}

static void conv3x3_zeros(Case *op)
{
  convolution(op, 3, PETSC_FALSE);
}
static void conv3x3_circular(Case *op)
{
  convolution(op, 3, PETSC_TRUE);
}
static void conv1x1(Case *op)
{
  convolution(op, 1, PETSC_FALSE);
}

static void groupnorm1(Case *op)
{
  const PointwiseLayer norm = {.norm = "n", .activation = ACTIVATION_NONE};
  SinewLayout layout;

  if (!fits(op->ny, op->nx)) return;
  check_call(SinewLayoutCreate(PETSC_COMM_WORLD, op->ny, op->nx, PETSC_FALSE, 0, &layout));
  begin(op);
  check_call(LayerInput(op->graph, layout, op->channels, 0, &op->in));
  check_call(LayerPointwise(op->graph, &norm, op->in, 0, &op->out));
  finish(op);
  check_call(SinewLayoutDestroy(&layout));
}

static void avgpool2(Case *op)
{
  SinewLayout fine, halved, merged;

  if (op->ny % 2 || op->nx % 2 || !fits(op->ny, op->nx)) return;
  check_call(SinewLayoutCreate(PETSC_COMM_WORLD, op->ny, op->nx, PETSC_FALSE, 1, &fine));
  check_call(SinewLayoutCoarsen(fine, PETSC_FALSE, &halved, &merged));
  begin(op);
  check_call(LayerInput(op->graph, fine, op->channels, 0, &op->in));
  check_call(LayerPool(op->graph, PETSC_FALSE, op->in, halved, merged, 0, &op->out));
  finish(op);
  check_call(SinewLayoutDestroy(&fine));
  check_call(SinewLayoutDestroy(&halved));
  check_call(SinewLayoutDestroy(&merged));
}

static void upsample(Case *op, PetscBool periodic)
{
  SinewLayout fine, halved, merged;

  if (!fits(2 * op->ny, 2 * op->nx)) return;
  check_call(SinewLayoutCreate(PETSC_COMM_WORLD, 2 * op->ny, 2 * op->nx, periodic, 1, &fine));
  check_call(SinewLayoutCoarsen(fine, PETSC_FALSE, &halved, &merged));
  begin(op);
  check_call(LayerInput(op->graph, halved, op->channels, 2, &op->in));
  check_call(LayerUpsample(op->graph, op->in, fine, 0, &op->out));
  finish(op);
  check_call(SinewLayoutDestroy(&fine));
  check_call(SinewLayoutDestroy(&halved));
  check_call(SinewLayoutDestroy(&merged));
}

static void bicubic_up2_zeros(Case *op)
{
  upsample(op, PETSC_FALSE);
}
static void bicubic_up2_circular(Case *op)
{
  upsample(op, PETSC_TRUE);
}

/* ---- losses ---- */

/* factor: between our mean square and the file's */
static void loss(Case *op, PetscErrorCode (*function)(SinewTensor, SinewTensor, double *, SinewTensor), double factor)
{
  SinewLayout layout;
  SinewTensor p, t, g;
  char name[128];
  double *want, *ct, *have, *gradient, value;
  SinewBox box;
  size_t n;
  GoldenError e;

  if (!fits(op->ny, op->nx)) return;
  check_call(SinewLayoutCreate(PETSC_COMM_WORLD, op->ny, op->nx, PETSC_FALSE, 0, &layout));
  check_call(SinewTensorCreate(layout, op->dtype, op->batch, op->channels, 0, NULL, &p));
  check_call(SinewTensorCreate(layout, op->dtype, op->batch, op->channels, 0, NULL, &t));
  check_call(SinewTensorCreate(layout, op->dtype, op->batch, op->channels, 0, NULL, &g));
  fill(op, "in0", p);
  fill(op, "in1", t);
  check_call(function(p, t, &value, g));
  name_in(op, "out", name);
  want = golden_array(op->file, name, NULL);
  golden_check(op->path, name, fabs(value * factor - *want),
               (op->dtype == SINEW_FLOAT64 ? 1e-12 : 1e-5) * fmax(1, fabs(*want)));
  name_in(op, "ct", name);
  ct = golden_array(op->file, name, NULL);
  name_in(op, "grad_in0", name);
  gradient = golden_box(op->file, name, layout);
  have = golden_planes(g);
  box = SinewLayoutBox(layout);
  n = (size_t)(op->batch * op->channels * box.ny * box.nx);
  for (size_t k = 0; k < n; k++) have[k] *= factor * *ct;
  e = golden_error(n, have, gradient);
  golden_check(op->path, name, e.most, (op->dtype == SINEW_FLOAT64 ? 1e-12 : 1e-5) * fmax(1, e.largest));
  free(want);
  free(ct);
  free(gradient);
  free(have);
  check_call(SinewTensorDestroy(&p));
  check_call(SinewTensorDestroy(&t));
  check_call(SinewTensorDestroy(&g));
  check_call(SinewLayoutDestroy(&layout));
}

static void scaledl2(Case *op)
{
  loss(op, SinewLossScaledL2, 1);
}
static void custommse(Case *op)
{
  loss(op, SinewLossMeanSquare, (double)op->channels);
}

/* ---- embeddings, activation ---- */

static void embeddings(const char *path, SinewFile file)
{
  double t[64], have[256];
  PetscInt n;

  check_call(SinewFileReadReals(file, "/fourier_embedding", "t", 64, &n, t));
  for (PetscInt dim = 1; dim <= 256; dim++) {
    char name[64];
    double *want;
    int wrong = 0;

    snprintf(name, sizeof(name), "/fourier_embedding/dim%d", (int)dim);
    if (!golden_has(file, name)) continue;
    want = golden_array(file, name, NULL);
    for (PetscInt k = 0; k < n; k++) {
      ConditionEmbed(dim, t[k], have);
      for (PetscInt i = 0; i < dim; i++) wrong += have[i] != want[k * dim + i];
    }
    golden_check(path, name + 1, wrong, 0);
    free(want);
  }
}

/* A list of numbers on a map of one column for each. */
static void gelu(const char *path, SinewFile file, SinewDtype dtype)
{
  const PointwiseLayer layer = {.activation = ACTIVATION_GELU};
  PetscInt64 n;
  double *x, *y, *ct, *gx, worst = 0;
  PetscInt in, out;
  SinewLayout layout;
  Graph g;

  if (!golden_has(file, "/gelu/in0")) return;
  x = golden_array(file, "/gelu/in0", &n);
  y = golden_array(file, "/gelu/out", NULL);
  ct = golden_array(file, "/gelu/ct", NULL);
  gx = golden_array(file, "/gelu/grad_in0", NULL);
  check_call(SinewLayoutCreate(PETSC_COMM_SELF, 1, (PetscInt)n, PETSC_FALSE, 0, &layout));
  check_call(GraphCreate(PETSC_COMM_SELF, dtype, 1, PETSC_TRUE, PETSC_FALSE, &g));
  check_call(LayerInput(g, layout, 1, 0, &in));
  check_call(LayerPointwise(g, &layer, in, 0, &out));
  check_call(GraphKeep(g, out));
  check_call(GraphSetup(g));
  check_call(SinewTensorSetPlanes(GraphValue(g, in), x));
  check_call(GraphForward(g, 0, g->ops));
  check_call(SinewTensorSetPlanes(GraphGradient(g, out), ct));
  check_call(GraphBackward(g));
  check_call(SinewTensorGetPlanes(GraphValue(g, out), x));
  check_call(SinewTensorGetPlanes(GraphGradient(g, in), ct));
  for (PetscInt64 k = 0; k < n; k++)
    worst = fmax(worst, fmax(fabs(x[k] - y[k]), fabs(ct[k] - gx[k])) / fmax(1, fmax(fabs(y[k]), fabs(gx[k]))));
  golden_check(path, "gelu", worst, dtype == SINEW_FLOAT64 ? 1e-14 : 1e-6);
  check_call(GraphDestroy(&g));
  check_call(SinewLayoutDestroy(&layout));
  free(x);
  free(y);
  free(ct);
  free(gx);
}

/* ---- the files ---- */

static const struct {
  const char *name;
  void (*run)(Case *op);
} kinds[] = {{"conv3x3_zeros", conv3x3_zeros},
             {"conv3x3_circular", conv3x3_circular},
             {"conv1x1", conv1x1},
             {"groupnorm1", groupnorm1},
             {"avgpool2", avgpool2},
             {"bicubic_up2_zeros", bicubic_up2_zeros},
             {"scaledl2", scaledl2},
             {"custommse", custommse},
             {"bicubic_up2_circular", bicubic_up2_circular}};

static void file_of_ops(const char *path)
{
  Case op = {.path = path};

  check_call(SinewFileOpen(PETSC_COMM_WORLD, path, &op.file));
  for (int precision = 0; precision < 2; precision++) {
    op.dtype = precision ? SINEW_FLOAT32 : SINEW_FLOAT64;
    for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++)
      for (int k = 0; find_case(&op, kinds[kind].name, k); k++) kinds[kind].run(&op);
    gelu(path, op.file, op.dtype);
  }
  embeddings(path, op.file);
  check_call(SinewFileClose(&op.file));
}

static void single_layers(void **state)
{
  (void)state;
  golden_each("sinenet", (const char *const[]){"ops", NULL}, file_of_ops);
  check_all(golden_compared > 0);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(single_layers)};

  if (golden_missing("sinenet")) return 77;
  return run_group(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
