// RANKS 1 2 4 6
// TIMEOUT 300
/*
  The original's numbers, from every golden file of a network: outputs, losses, gradients, three steps
  of AdamW; in double to rounding, in float within ten times of what the original loses in float.
*/
#include "neural/loss.h"
#include "neural/ode_private.h"
#include "neural/optimizer.h"
#include "neural/sinenet.h"
#include "tests/neural/golden.h"

typedef struct {
  const char *path, *precision;
  SinewFile file;
  SinewSinenetModel model;
  SinewLayout layout;
  SinewNetwork network;
  SinewTensor target;
} Case;

static int exact(const Case *c)
{
  return c->model.options.dtype == SINEW_FLOAT64;
}

/* The file's own float against double difference, ten times; in double a given bound. */
static double tolerance(const Case *c, const char *name, const char *key, double otherwise)
{
  if (exact(c)) return otherwise;
  return 10 * golden_real(c->file, name, key, 1e-6);
}

static void check_case(const Case *c, const char *what, double error, double bound)
{
  char text[128];

  snprintf(text, sizeof(text), "%s %s", c->precision, what);
  golden_check(c->path, text, error, bound);
}

/* ---- set up ---- */

static void set_embedding(Case *c, int with_parameter)
{
  double *time, *z;

  if (!golden_has(c->file, "/emb_time_f32")) return;
  time = golden_array(c->file, "/emb_time_f32", NULL);
  z = golden_has(c->file, "/emb_z_f32") && with_parameter ? golden_array(c->file, "/emb_z_f32", NULL) : NULL;
  check_call(SinewNetworkSetEmbedding(c->network, time, z));
  free(time);
  free(z);
}

static void fill(SinewFile file, const char *name, SinewTensor tensor)
{
  double *box = golden_box(file, name, SinewTensorLayout(tensor));

  check_call(SinewTensorSetPlanes(tensor, box));
  free(box);
}

static void open_case(const char *path, SinewDtype dtype, Case *c)
{
  SinewSinenetOptions *o = &c->model.options;

  c->path = path;
  c->precision = dtype == SINEW_FLOAT32 ? "f32" : "f64";
  check_call(SinewFileOpen(PETSC_COMM_WORLD, path, &c->file));
  check_call(SinewSinenetReadModel(c->file, path, &c->model));
  o->dtype = dtype;
  o->training = (PetscBool)(o->kind != SINEW_SINENET_ODE);
  check_call(
      SinewLayoutCreate(PETSC_COMM_WORLD, c->model.ny, c->model.nx, o->periodic, SINEW_SINENET_LEVELS, &c->layout));
  check_call(SinewSinenetCreate(c->layout, o, &c->network));
  check_call(SinewNetworkLoad(c->network, c->file, path, "/weights"));
  check_call(SinewTensorCreate(c->layout, dtype, o->batch, o->outputs, 0, NULL, &c->target));
  if (golden_has(c->file, "/input")) fill(c->file, "/input", SinewNetworkInput(c->network));
  if (golden_has(c->file, "/target")) fill(c->file, "/target", c->target);
  set_embedding(c, 1);
}

static void close_case(Case *c)
{
  check_call(SinewTensorDestroy(&c->target));
  check_call(SinewNetworkDestroy(&c->network));
  check_call(SinewLayoutDestroy(&c->layout));
  check_call(SinewFileClose(&c->file));
}

static size_t box_values(const Case *c, PetscInt channels)
{
  const SinewBox box = SinewLayoutBox(c->layout);

  return (size_t)(c->model.options.batch * channels * box.ny * box.nx);
}

/* ---- outputs ---- */

static void compare_output(const Case *c, const char *name)
{
  double *have = golden_planes(SinewNetworkOutput(c->network)), *want = golden_box(c->file, name, c->layout);
  const GoldenError e = golden_error(box_values(c, c->model.options.outputs), have, want);
  char what[80];

  snprintf(what, sizeof(what), "%s relative l2", name + 1);
  check_case(c, what, e.l2 / e.norm, tolerance(c, name, "rel_l2_f32_vs_f64", 1e-12));
  snprintf(what, sizeof(what), "%s largest", name + 1);
  check_case(c, what, e.most,
             exact(c) ? 1e-12 * fmax(1, e.largest) : 10 * golden_real(c->file, name, "max_abs_f32_vs_f64", 1e-6));
  free(have);
  free(want);
}

/* Fingerprints of an array: sum, l2 norm, dot product with cos(0.7 k + 0.3). */
static void compare_fingerprint(const Case *c, const char *what, const double have[3], const double want[3], size_t n,
                                double relative)
{
  const double bound = relative * fmax(want[1], 1e-300) * (exact(c) ? 1 : sqrt((double)n));
  const double error = fmax(fabs(have[0] - want[0]), fmax(fabs(have[1] - want[1]), fabs(have[2] - want[2])));

  if (error > bound || !what[0]) check_case(c, what, error, bound);
  golden_compared++;
}

static double value_of(const Case *c, const void *values, size_t k)
{
  return exact(c) ? ((const double *)values)[k] : (double)((const float *)values)[k];
}

/* The output of the n-th norm and activation (the first is the lifted input's copy) against /layers/NAME, of sample 0.
 */
static void compare_layer(const Case *c, PetscInt n, const char *layer)
{
  const Graph g = c->network->graph;
  char name[64];
  double *have, *want;
  SinewTensor t;
  SinewBox box;
  GoldenError e;
  PetscInt k = 0, node;

  snprintf(name, sizeof(name), "/layers/%s", layer);
  if (!golden_has(c->file, name)) return;
  for (; k < g->ops; k++)
    if (!strcmp(g->op[k].methods->name, "pointwise") && n-- == 0) break;
  assert_true(k < g->ops);
  node = g->op[k].output;
  for (; k < g->ops && !g->node[node].reread; k++) /* where it only moves on its memory is used again */
    if (!strcmp(g->op[k].methods->name, "move") && g->op[k].input[0] == node) node = g->op[k].output;
  t = GraphValue(g, node);
  box = SinewLayoutBox(SinewTensorLayout(t));
  have = golden_planes(t);
  want = golden_box(c->file, name, SinewTensorLayout(t));
  e = golden_error((size_t)(SinewTensorChannels(t) * box.ny * box.nx), have, want);
  check_case(c, name + 1, e.l2 / e.norm, exact(c) ? 1e-7 : 1e-5);
  free(have);
  free(want);
}

/* Each level has two norms; the last Up of a wave has the wave's residual added already. */
static void compare_layers(const Case *c)
{
  char name[32];

  if (c->model.options.blocks > 1 || !c->model.options.training) return;
  compare_layer(c, 0, "image_proj");
  for (int i = 0; i < SINEW_SINENET_LEVELS; i++) {
    snprintf(name, sizeof(name), "wave0/down%d_h", i);
    compare_layer(c, 2 + 2 * i, name);
    snprintf(name, sizeof(name), "wave0/up%d", i);
    if (i < SINEW_SINENET_LEVELS - 1) compare_layer(c, 10 + 2 * i, name);
  }
  compare_layer(c, 16, "wave1_input");
}

/* ---- gradients ---- */

static void compare_parameter_gradients(const Case *c, const char *group)
{
  const SinewParameter *p;
  PetscInt count;
  PetscInt64 rows;
  char name[64];
  double *want, relative, worst = 0;

  snprintf(name, sizeof(name), "/%s/grad_checks", group);
  want = golden_array(c->file, name, &rows);
  snprintf(name, sizeof(name), "/%s", group);
  relative = tolerance(c, name, "grad_max_tensor_rel_f32_vs_f64", 1e-10);
  check_call(SinewNetworkGetParameters(c->network, &count, &p));
  assert_int_equal(rows, 3 * count);
  for (PetscInt k = 0; k < count; k++) {
    double have[3] = {0};

    for (size_t i = 0; i < p[k].size; i++) {
      const double g = value_of(c, p[k].gradient, i);

      have[0] += g;
      have[1] += g * g;
      have[2] += g * cos(0.7 * (double)i + 0.3);
    }
    have[1] = sqrt(have[1]);
    compare_fingerprint(c, p[k].name, have, want + 3 * k, p[k].size, relative);
    worst = fmax(worst, fabs(have[1] - want[3 * k + 1]) / want[3 * k + 1]);
  }
  snprintf(name, sizeof(name), "%s gradient norms", group);
  check_case(c, name, worst, relative);
  free(want);
}

static void compare_flat_gradients(const Case *c, const char *group)
{
  const SinewParameter *p;
  PetscInt count;
  PetscInt64 n;
  SinewArray array;
  PetscBool exists;
  char name[64];
  double *want, sums[2] = {0};
  size_t at = 0;

  snprintf(name, sizeof(name), "/%s/grad_flat", group);
  check_call(SinewFileInquire(c->file, name, &exists, &array));
  if (!exists) return;
  want = golden_array(c->file, name, &n);
  check_call(SinewNetworkGetParameters(c->network, &count, &p));
  for (PetscInt k = 0; k < count; k++)
    for (size_t i = 0; i < p[k].size; i++, at++) {
      const double d = value_of(c, p[k].gradient, i) - want[at];

      sums[0] += d * d;
      sums[1] += want[at] * want[at];
    }
  assert_int_equal(at, n);
  snprintf(name, sizeof(name), "/%s", group);
  check_case(c, array.dtype == SINEW_FLOAT64 ? "all gradients" : "all gradients (stored f32)", sqrt(sums[0] / sums[1]),
             tolerance(c, name, "grad_rel_l2_f32_vs_f64", array.dtype == SINEW_FLOAT64 ? 1e-12 : 1e-7));
  free(want);
}

/* Values are spread over the ranks, numbered in the order of the whole array. */
static void compare_input_gradient(const Case *c, const char *group)
{
  const SinewBox box = SinewLayoutBox(c->layout);
  const PetscInt planes = c->model.options.batch * c->model.options.inputs;
  double *have = golden_planes(SinewNetworkInputGradient(c->network)), *want, sums[3] = {0};
  char name[64];

  for (PetscInt p = 0; p < planes; p++)
    for (PetscInt y = 0; y < box.ny; y++)
      for (PetscInt x = 0; x < box.nx; x++) {
        const double g = have[(p * box.ny + y) * box.nx + x];
        const PetscInt k = (p * c->model.ny + box.y + y) * c->model.nx + box.x + x;

        sums[0] += g;
        sums[1] += g * g;
        sums[2] += g * cos(0.7 * (double)k + 0.3);
      }
  MPI_Allreduce(MPI_IN_PLACE, sums, 3, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD);
  sums[1] = sqrt(sums[1]);
  snprintf(name, sizeof(name), "/%s/grad_input_checks", group);
  want = golden_array(c->file, name, NULL);
  snprintf(name, sizeof(name), "/%s", group);
  compare_fingerprint(c, "gradient of the input", sums, want, (size_t)(planes * c->model.ny * c->model.nx),
                      tolerance(c, name, "grad_max_tensor_rel_f32_vs_f64", 1e-10));
  free(want);
  snprintf(name, sizeof(name), "/%s/grad_input0", group);
  if (golden_has(c->file, name)) {
    GoldenError e;

    want = golden_box(c->file, name, c->layout);
    e = golden_error(box_values(c, c->model.options.inputs) / (size_t)c->model.options.batch, have, want);
    snprintf(name, sizeof(name), "/%s", group);
    check_case(c, "gradient of the first input", e.l2 / e.norm,
               tolerance(c, name, "grad_max_tensor_rel_f32_vs_f64", 1e-7));
    free(want);
  }
  free(have);
}

static double loss_and_gradient(const Case *c, const char *group)
{
  double loss;

  if (!strcmp(group, "mse"))
    check_call(
        SinewLossMeanSquare(SinewNetworkOutput(c->network), c->target, &loss, SinewNetworkOutputGradient(c->network)));
  else
    check_call(
        SinewLossScaledL2(SinewNetworkOutput(c->network), c->target, &loss, SinewNetworkOutputGradient(c->network)));
  return loss;
}

static void compare_training(const Case *c, const char *group)
{
  char name[64];
  double *want, loss;

  snprintf(name, sizeof(name), "/%s/grad_checks", group);
  if (!golden_has(c->file, name)) return;
  loss = loss_and_gradient(c, group);
  snprintf(name, sizeof(name), "/%s/loss", group);
  want = golden_array(c->file, name, NULL);
  check_case(c, name + 1, fabs(loss - *want) / *want, exact(c) ? 1e-12 : 3e-6);
  free(want);
  check_call(SinewNetworkBackward(c->network));
  compare_parameter_gradients(c, group);
  compare_flat_gradients(c, group);
  compare_input_gradient(c, group);
}

/* ---- AdamW ---- */

/* Every single change, where the file keeps them (in single precision). */
static void compare_flat_deltas(const Case *c, const double *before)
{
  const SinewParameter *p;
  PetscInt count;
  double *want, sums[2] = {0};
  size_t at = 0;

  if (!golden_has(c->file, "/adamw/delta_flat")) return;
  want = golden_array(c->file, "/adamw/delta_flat", NULL);
  check_call(SinewNetworkGetParameters(c->network, &count, &p));
  for (PetscInt k = 0; k < count; k++)
    for (size_t i = 0; i < p[k].size; i++, at++) {
      const double d = value_of(c, p[k].value, i) - before[at] - want[at];

      sums[0] += d * d;
      sums[1] += want[at] * want[at];
    }
  check_case(c, "AdamW changes, value by value", sqrt(sums[0] / sums[1]),
             tolerance(c, "/adamw", "delta_rel_l2_f32_vs_f64", 1e-7));
  free(want);
}

static void compare_deltas(const Case *c, const double *before)
{
  const SinewParameter *p;
  PetscInt count;
  PetscInt64 rows;
  double *want = golden_array(c->file, "/adamw/delta_checks", &rows), worst = 0, sums[2] = {0};

  check_call(SinewNetworkGetParameters(c->network, &count, &p));
  assert_int_equal(rows, 3 * count);
  for (PetscInt k = 0; k < count; k++) {
    double norm = 0;

    for (size_t i = 0; i < p[k].size; i++, before++) {
      const double d = value_of(c, p[k].value, i) - *before;

      norm += d * d;
    }
    worst = fmax(worst, fabs(sqrt(norm) - want[3 * k + 1]) / want[3 * k + 1]);
    sums[0] += (sqrt(norm) - want[3 * k + 1]) * (sqrt(norm) - want[3 * k + 1]);
    sums[1] += want[3 * k + 1] * want[3 * k + 1];
  }
  check_case(c, "AdamW changes, tensor by tensor", worst, exact(c) ? 1e-7 : 1e-3);
  check_case(c, "AdamW changes", sqrt(sums[0] / sums[1]), tolerance(c, "/adamw", "delta_rel_l2_f32_vs_f64", 1e-7));
  free(want);
}

static void compare_adamw(const Case *c)
{
  const int steps = (int)golden_real(c->file, "/adamw", "steps", 3);
  const size_t n = (size_t)SinewNetworkParameterCount(c->network);
  const double rate = golden_real(c->file, "/adamw", "lr", 0);
  SinewOptimizerOptions options;
  SinewOptimizer optimizer;
  double *before, *losses, worst = 0;
  const SinewParameter *p;
  PetscInt count;
  size_t at = 0;

  if (!golden_has(c->file, "/adamw/losses")) return;
  losses = golden_array(c->file, "/adamw/losses", NULL);
  before = calloc(n, sizeof(*before));
  check_call(SinewNetworkGetParameters(c->network, &count, &p));
  check_call(SinewOptimizerDefaults(&options));
  options.decay = golden_real(c->file, "/adamw", "weight_decay", 0);
  options.beta1 = golden_real(c->file, "/adamw", "beta1", 0);
  options.beta2 = golden_real(c->file, "/adamw", "beta2", 0);
  options.eps = golden_real(c->file, "/adamw", "eps", 0);
  check_call(SinewOptimizerCreate(c->model.options.dtype, count, p, &options, &optimizer));
  for (PetscInt k = 0; k < count; k++)
    for (size_t i = 0; i < p[k].size; i++) before[at++] = value_of(c, p[k].value, i);
  for (int step = 0; step <= steps; step++) {
    check_call(SinewNetworkForward(c->network));
    worst = fmax(worst, fabs(loss_and_gradient(c, "scaledl2") - losses[step]) / losses[step]);
    if (step == steps) break;
    check_call(SinewNetworkBackward(c->network));
    check_call(SinewOptimizerStep(optimizer, rate, NULL));
    check_call(SinewNetworkUpdate(c->network));
  }
  check_case(c, "AdamW losses", worst, exact(c) ? 1e-8 : 1e-5);
  compare_deltas(c, before);
  compare_flat_deltas(c, before);
  check_call(SinewOptimizerDestroy(&optimizer));
  free(before);
  free(losses);
}

/* ---- neural ODE ---- */

/* The right-hand side at one time, and how many evaluations the integrator made. */
static void compare_slope(const Case *c)
{
  const Graph g = c->network->graph;
  const OdeParts *parts = OdeGetParts(c->network->ode);
  double *have, *want, times[256];
  GoldenError e;

  check_call(SinewNetworkForward(c->network));
  check_case(c, "evaluations",
             fabs((double)OdeEvaluations(c->network->ode, 256, times) - golden_real(c->file, "/output", "nfe", -1)), 0);
  if (!golden_has(c->file, "/odefunc_at_t")) return;
  check_call(OdeSlope(g, c->network->ode, golden_real(c->file, "/odefunc_at_t", "t", 0)));
  have = golden_planes(GraphValue(g, parts->slope));
  want = golden_box(c->file, "/odefunc_at_t", c->layout);
  e = golden_error(box_values(c, c->model.options.hidden), have, want);
  check_case(c, "right-hand side relative l2", e.l2 / e.norm, exact(c) ? 1e-12 : 1e-5);
  free(have);
  free(want);
}

/* ---- the files ---- */

/* On shared maps in one precision, on cut ones in the other; six ranks send slices as messages. */
static void run_network(const char *path, SinewDtype dtype)
{
  PetscMPIInt size;
  Case c;

  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  check_call(
      PetscOptionsSetValue(NULL, "-sinew_shared_cells", (dtype == SINEW_FLOAT64) == (size % 4 != 0) ? "256" : "0"));
  check_call(PetscOptionsSetValue(NULL, "-sinew_share_memory", size < 6 ? "true" : "false"));
  open_case(path, dtype, &c);
  check_call(SinewNetworkForward(c.network));
  if (c.network->ode) compare_slope(&c);
  if (c.network->ode) check_call(SinewNetworkForward(c.network));
  if (golden_has(c.file, "/output")) compare_output(&c, "/output");
  compare_layers(&c);
  if (c.model.options.training) {
    compare_training(&c, "mse");
    compare_training(&c, "scaledl2");
  }
  if (golden_has(c.file, "/output_z_none")) {
    set_embedding(&c, 0);
    check_call(SinewNetworkForward(c.network));
    compare_output(&c, "/output_z_none");
    set_embedding(&c, 1);
  }
  if (c.model.options.training) compare_adamw(&c);
  close_case(&c);
}

static void network_file(const char *path)
{
  run_network(path, SINEW_FLOAT64);
  run_network(path, SINEW_FLOAT32);
}

static void networks(void **state)
{
  (void)state;
  golden_each("sinenet", (const char *const[]){"zeros_", "circ_", "cond_", "node_", NULL}, network_file);
  check_all(golden_compared > 0);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(networks)};

  if (golden_missing("sinenet")) return 77;
  return run_group(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
