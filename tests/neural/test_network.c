// RANKS 1 2 4 6
// TIMEOUT 200
/*
  What golden files do not reach: halos and their sums on odd cuts, gradients of every activation and
  pooling against differences, dilation, the registry's numbers of parameters, equal results on any
  number of ranks, and what is said about wrong weights and grids.
*/
#include "neural/ode_private.h"
#include "neural/sinenet.h"
#include "tests/harness.h"
#include <string.h>

static double wave(PetscInt seed, PetscInt64 k)
{
  return sin(1.7 * (double)k + 0.31 * (double)seed) + 0.3 * cos(0.6 * (double)k);
}

/* Element (b, c, y, x) of a map gets a value that depends on its place only. */
static void fill(SinewTensor t, PetscInt seed)
{
  const SinewBox box = SinewLayoutBox(SinewTensorLayout(t)), map = SinewLayoutMap(SinewTensorLayout(t));
  const PetscInt planes = SinewTensorBatch(t) * SinewTensorChannels(t);
  double *values = malloc((size_t)(planes * box.ny * box.nx) * sizeof(double) + 1), *v = values;

  for (PetscInt p = 0; p < planes; p++)
    for (PetscInt y = 0; y < box.ny; y++)
      for (PetscInt x = 0; x < box.nx; x++) *v++ = wave(seed, (p * map.ny + box.y + y) * map.nx + box.x + x);
  check_call(SinewTensorSetPlanes(t, values));
  free(values);
}

/* Sum of the products of two tensors' boxes over all ranks; u NULL: with its own fill of that seed. */
static double dot_with_fill(SinewTensor t, PetscInt seed)
{
  const SinewBox box = SinewLayoutBox(SinewTensorLayout(t)), map = SinewLayoutMap(SinewTensorLayout(t));
  const PetscInt planes = SinewTensorBatch(t) * SinewTensorChannels(t);
  double *values = malloc((size_t)(planes * box.ny * box.nx) * sizeof(double) + 1), *v = values, sum = 0;

  check_call(SinewTensorGetPlanes(t, values));
  for (PetscInt p = 0; p < planes; p++)
    for (PetscInt y = 0; y < box.ny; y++)
      for (PetscInt x = 0; x < box.nx; x++) sum += *v++ * wave(seed, (p * map.ny + box.y + y) * map.nx + box.x + x);
  free(values);
  MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD);
  return sum;
}

/* ---- tensors ---- */

static PetscInt wrap(PetscInt k, PetscInt n)
{
  return (k % n + n) % n;
}

/* Fills a tensor's box anew and exchanges its halo; returns how many values are not what they should be. */
static int wrong_values(SinewTensor t, PetscInt seed)
{
  const SinewLayout layout = SinewTensorLayout(t);
  const SinewBox box = SinewLayoutBox(layout), map = SinewLayoutMap(layout);
  const PetscInt h = SinewTensorHalo(t), channels = SinewTensorChannels(t);
  const double *v = SinewTensorData(t);
  int wrong = 0;

  fill(t, seed);
  check_call(SinewTensorHaloBegin(t));
  check_call(SinewTensorHaloEnd(t));
  for (PetscInt y = box.y - h; y < box.y + box.ny + h; y++)
    for (PetscInt x = box.x - h; x < box.x + box.nx + h; x++)
      for (PetscInt c = 0; c < channels; c++) {
        const int outside = y < 0 || x < 0 || y >= map.ny || x >= map.nx;
        const PetscInt cell = (c * map.ny + wrap(y, map.ny)) * map.nx + wrap(x, map.nx);

        wrong += *v++ != (outside && !SinewLayoutPeriodic(layout) ? 0 : wave(seed, cell));
      }
  return wrong;
}

/* One exchange serves tensors of several widths, again and again. */
static void check_halo(PetscBool periodic, PetscInt ny, PetscInt nx, PetscInt halo)
{
  SinewLayout layout;
  SinewTensor t, wide;
  int wrong = 0;

  check_call(SinewLayoutCreate(PETSC_COMM_WORLD, ny, nx, periodic, 1, &layout));
  check_call(SinewTensorCreate(layout, SINEW_FLOAT64, 1, 1, halo, NULL, &t));
  for (PetscInt seed = 1; seed <= 3; seed++) wrong += wrong_values(t, seed);
  check_call(SinewTensorCreate(layout, SINEW_FLOAT64, 1, 5, halo, NULL, &wide));
  for (PetscInt seed = 1; seed <= 3; seed++) wrong += wrong_values(wide, seed) + wrong_values(t, seed);
  check_all(!wrong);
  check_call(SinewTensorDestroy(&t));
  check_call(SinewTensorDestroy(&wide));
  check_call(SinewLayoutDestroy(&layout));
}

static void halos(void **state)
{
  (void)state;
  for (PetscInt halo = 1; halo <= 4; halo++) {
    check_halo(PETSC_TRUE, 12, 14, halo);
    check_halo(PETSC_FALSE, 14, 12, halo);
  }
}

/* A map that goes from boxes to everyone and back onto boxes is what it was, halos included; the adjoint of the way
 * leaves each cell the sum of what its copies in padded boxes say. */
static void sharing(void **state)
{
  const PetscInt n = 12;

  (void)state;
  for (int periodic = 0; periodic < 2; periodic++) {
    SinewLayout layout, shared;
    PetscInt in, everywhere, back;
    SinewBox box;
    double *v, left = 0, right;
    size_t values;
    Graph g;
    int wrong = 0;

    check_call(SinewLayoutCreate(PETSC_COMM_WORLD, n, n, (PetscBool)periodic, 1, &layout));
    check_call(SinewLayoutShare(layout, &shared));
    check_call(GraphCreate(PETSC_COMM_WORLD, SINEW_FLOAT64, 2, PETSC_TRUE, PETSC_FALSE, &g));
    check_call(LayerInput(g, layout, 3, 1, &in));
    check_call(LayerMove(g, in, shared, 2, &everywhere));
    check_call(LayerMove(g, everywhere, layout, 2, &back));
    check_call(GraphKeep(g, everywhere));
    check_call(GraphKeep(g, back));
    check_call(GraphRim(g, back));
    check_call(GraphSetup(g));
    fill(GraphValue(g, in), 1);
    check_call(GraphForward(g, 0, g->ops));
    box = SinewLayoutBox(shared);
    check_all(box.y == 0 && box.x == 0 && box.ny == n && box.nx == n);
    v = SinewTensorData(GraphValue(g, everywhere));
    for (PetscInt b = 0, i = 0; b < 2; b++)
      for (PetscInt y = -2; y < n + 2; y++)
        for (PetscInt x = -2; x < n + 2; x++)
          for (PetscInt c = 0; c < 3; c++, i++) {
            const int outside = y < 0 || x < 0 || y >= n || x >= n;

            wrong += v[i] != (outside && !periodic ? 0 : wave(1, ((b * 3 + c) * n + wrap(y, n)) * n + wrap(x, n)));
          }
    check_all(!wrong);
    values = SinewTensorBytes(layout, SINEW_FLOAT64, 2, 3, 2) / sizeof(double);
    for (size_t k = 0; k < values; k++) {
      ((double *)SinewTensorData(GraphGradient(g, back)))[k] = wave(5, (PetscInt64)k);
      left += ((double *)SinewTensorData(GraphValue(g, back)))[k] * wave(5, (PetscInt64)k);
    }
    MPI_Allreduce(MPI_IN_PLACE, &left, 1, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD);
    check_call(GraphBackward(g));
    right = dot_with_fill(GraphGradient(g, in), 1);
    check_close(left, right, 1e-10);
    check_call(GraphDestroy(&g));
    check_call(SinewLayoutDestroy(&layout));
    check_call(SinewLayoutDestroy(&shared));
  }
}

/* Every cell is counted once by each padded box that holds a copy of it. */
static void halo_sums(void **state)
{
  SinewLayout layout;
  SinewTensor t, u;
  double left = 0, right = 0;
  size_t n;

  (void)state;
  check_call(SinewLayoutCreate(PETSC_COMM_WORLD, 12, 12, PETSC_TRUE, 1, &layout));
  check_call(SinewTensorCreate(layout, SINEW_FLOAT64, 2, 3, 2, NULL, &t));
  check_call(SinewTensorCreate(layout, SINEW_FLOAT64, 2, 3, 2, NULL, &u));
  n = SinewTensorBytes(layout, SINEW_FLOAT64, 2, 3, 2) / sizeof(double);
  fill(t, 1);
  check_call(SinewTensorHaloBegin(t));
  check_call(SinewTensorHaloEnd(t));
  for (size_t k = 0; k < n; k++) {
    ((double *)SinewTensorData(u))[k] = wave(5, (PetscInt64)k);
    left += ((double *)SinewTensorData(t))[k] * ((double *)SinewTensorData(u))[k];
  }
  MPI_Allreduce(MPI_IN_PLACE, &left, 1, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD);
  check_call(SinewTensorHaloSum(u));
  right = dot_with_fill(u, 1);
  check_close(left, right, 1e-10);
  check_call(SinewTensorDestroy(&t));
  check_call(SinewTensorDestroy(&u));
  check_call(SinewLayoutDestroy(&layout));
}

/* Without memory that ranks share. */
static void by_messages(void **state)
{
  check_call(PetscOptionsSetValue(NULL, "-sinew_share_memory", "false"));
  halos(state);
  halo_sums(state);
  sharing(state);
  check_call(PetscOptionsClearValue(NULL, "-sinew_share_memory"));
}

/* ---- gradients ---- */

static SinewSinenetOptions small(SinewDtype dtype)
{
  SinewSinenetOptions o;

  check_call(SinewSinenetDefaults(&o));
  o.inputs = 3;
  o.outputs = 2;
  o.hidden = 4;
  o.mult = 1.2;
  o.dtype = dtype;
  o.batch = 2;
  return o;
}

static void make(const SinewSinenetOptions *o, PetscInt ny, PetscInt nx, SinewLayout *layout, SinewNetwork *network)
{
  const double time[] = {3, 17}, z[] = {0.2, 0.45};

  check_call(SinewLayoutCreate(PETSC_COMM_WORLD, ny, nx, o->periodic, SINEW_SINENET_LEVELS, layout));
  check_call(SinewSinenetCreate(*layout, o, network));
  check_call(SinewNetworkInitialize(*network, 7));
  check_call(SinewNetworkSetCondition(*network, time, z));
  fill(SinewNetworkInput(*network), 3);
}

/* Moves all parameters by `step` along a fixed direction; returns <gradient, direction>. */
static double move(SinewNetwork network, double step)
{
  const SinewParameter *p;
  PetscInt count;
  double sum = 0;

  check_call(SinewNetworkGetParameters(network, &count, &p));
  for (PetscInt k = 0; k < count; k++)
    for (size_t i = 0; i < p[k].size; i++) {
      const double d = wave(k, (PetscInt64)i);

      ((double *)p[k].value)[i] += step * d;
      sum += ((double *)p[k].gradient)[i] * d;
    }
  check_call(SinewNetworkUpdate(network));
  return sum;
}

static double objective(SinewNetwork network)
{
  check_call(SinewNetworkForward(network));
  return dot_with_fill(SinewNetworkOutput(network), 9);
}

/* The input's values, plus `step` times a fixed direction. */
static void move_input(SinewNetwork network, double step)
{
  const SinewTensor t = SinewNetworkInput(network);
  const SinewBox box = SinewLayoutBox(SinewTensorLayout(t));
  const size_t n = (size_t)(SinewTensorBatch(t) * SinewTensorChannels(t) * box.ny * box.nx);
  double *values = malloc(n * sizeof(double) + 1), *direction = malloc(n * sizeof(double) + 1);

  fill(t, 11);
  check_call(SinewTensorGetPlanes(t, direction));
  fill(t, 3);
  check_call(SinewTensorGetPlanes(t, values));
  for (size_t k = 0; k < n; k++) values[k] += step * direction[k];
  check_call(SinewTensorSetPlanes(t, values));
  free(values);
  free(direction);
}

static void check_input_gradient(SinewNetwork network, double tolerance)
{
  const double step = 1e-7, slope = dot_with_fill(SinewNetworkInputGradient(network), 11);
  double above, below;

  move_input(network, step);
  above = objective(network);
  move_input(network, -step);
  below = objective(network);
  move_input(network, 0);
  check_close((above - below) / (2 * step), slope, tolerance * fmax(1, fabs(slope)));
}

static void check_gradient(const SinewSinenetOptions *given, double tolerance)
{
  SinewSinenetOptions o = *given;
  const double step = 1e-7; /* small: kinks of relu lie close by */
  SinewLayout layout;
  SinewNetwork network;
  double slope, above, below;

  o.training = PETSC_TRUE;
  make(&o, 32, 48, &layout, &network);
  (void)objective(network);
  fill(SinewNetworkOutputGradient(network), 9);
  check_call(SinewNetworkBackward(network));
  if (network->ode) {
    check_all(network->ode->steps > (o.tolerance < 1e-3 ? 1 : 0));
    OdeFreeze(network->ode, PETSC_TRUE);
  }
  check_input_gradient(network, tolerance);
  slope = move(network, step);
  above = objective(network);
  (void)move(network, -2 * step);
  below = objective(network);
  check_close((above - below) / (2 * step), slope, tolerance * fmax(1, fabs(slope)));
  check_call(SinewNetworkDestroy(&network));
  check_call(SinewLayoutDestroy(&layout));
}

/* From here on small maps are shared, or (as is usual for networks of so few weights) not. */
static void share_maps(PetscBool shared)
{
  if (shared)
    check_call(PetscOptionsSetValue(NULL, "-sinew_shared_cells", "256"));
  else
    check_call(PetscOptionsClearValue(NULL, "-sinew_shared_cells"));
}

/* Gradients of all parameters and of the input, after two passes of a network of its own. */
static double *found_gradients(size_t *count)
{
  SinewSinenetOptions o = small(SINEW_FLOAT32);
  SinewLayout layout;
  SinewNetwork network;
  const float *g;
  double *all;

  o.training = PETSC_TRUE;
  make(&o, 64, 32, &layout, &network);
  for (int pass = 0; pass < 2; pass++) {
    check_call(SinewNetworkForward(network));
    fill(SinewNetworkOutputGradient(network), 9 + pass);
    check_call(SinewNetworkBackward(network));
  }
  g = network->graph->gradients;
  *count = network->graph->gradient_count;
  all = malloc((*count + 1) * sizeof(double));
  for (size_t k = 0; k < *count; k++) all[k] = (double)g[k];
  all[*count] = dot_with_fill(SinewNetworkInputGradient(network), 11);
  ++*count;
  check_call(SinewNetworkDestroy(&network));
  check_call(SinewLayoutDestroy(&layout));
  return all;
}

/* Messages are under way while gradients are found, in many buckets or few: the bits are those of any other run. */
static void reproducible(void **state)
{
  static const char *const bucket[] = {"1", "100000"};

  (void)state;
  for (int k = 0; k < 4; k++) {
    size_t n, m;
    double *want;

    share_maps((PetscBool)(k / 2));
    check_call(PetscOptionsSetValue(NULL, "-sinew_gradient_bucket", bucket[k % 2]));
    want = found_gradients(&n);
    for (int i = 0; i < 2; i++) {
      double *have = found_gradients(&m);

      check_all(m == n && !memcmp(have, want, n * sizeof(double)));
      free(have);
    }
    free(want);
  }
  check_call(PetscOptionsClearValue(NULL, "-sinew_gradient_bucket"));
  share_maps(PETSC_FALSE);
}

static void gradients(void **state)
{
  static const char *const activations[] = {"gelu", "relu", "silu", "tanh", "sigmoid"};
  SinewSinenetOptions o = small(SINEW_FLOAT64);

  (void)state;
  for (size_t k = 0; k < sizeof(activations) / sizeof(activations[0]); k++) {
    share_maps((PetscBool)(k != 1 && k != 2));
    strcpy(o.activation, activations[k]);
    o.periodic = (PetscBool)(k % 2);
    o.maximum = (PetscBool)(k == 2);
    o.waves = o.blocks = k == 3 ? 2 : 1;
    o.kind = k == 4 ? SINEW_SINENET_CONDITIONAL : SINEW_SINENET_PLAIN;
    o.scale_shift = (PetscBool)(k == 4);
    check_gradient(&o, strcmp(activations[k], "relu") ? 1e-6 : 1e-3);
  }
  share_maps(PETSC_FALSE);
}

/* The adjoint of the integrator: of several steps, with an end within the last one. */
static void ode_gradients(void **state)
{
  SinewSinenetOptions o = small(SINEW_FLOAT64);

  (void)state;
  o.kind = SINEW_SINENET_ODE;
  o.tolerance = 1e-4;
  check_gradient(&o, 1e-6);
  o.tolerance = 0.05;
  o.periodic = PETSC_TRUE;
  check_gradient(&o, 1e-6);
}

/* ---- super-resolution ---- */

/* Cell (y, x) of channel c in a map of n x n; with `blocks`, the same on blocks of 4 x 4. */
static double fine(PetscInt c, PetscInt y, PetscInt x, PetscInt n, PetscBool blocks)
{
  return blocks ? wave(3, (c * n / 4 + y / 4) * n / 4 + x / 4) : wave(3, (c * n + y) * n + x);
}

/* Sub-lattices as samples. */
static void fill_lattices(SinewTensor t, PetscInt n, PetscBool blocks)
{
  const SinewBox box = SinewLayoutBox(SinewTensorLayout(t));
  const PetscInt batch = SinewTensorBatch(t), channels = SinewTensorChannels(t);
  double *values = malloc((size_t)(batch * channels * box.ny * box.nx) * sizeof(double) + 1), *v = values;

  for (PetscInt a = 0; a < batch; a++)
    for (PetscInt c = 0; c < channels; c++)
      for (PetscInt y = 0; y < box.ny; y++)
        for (PetscInt x = 0; x < box.nx; x++)
          *v++ =
              fine(c, 4 * (box.y + y) + (batch > 1 ? a / 4 : 0), 4 * (box.x + x) + (batch > 1 ? a % 4 : 0), n, blocks);
  check_call(SinewTensorSetPlanes(t, values));
  free(values);
}

/* A map that is the same on blocks of 4 x 4 becomes what the coarse map becomes. */
static void super_resolution_of_blocks(void **state)
{
  SinewSinenetOptions o = small(SINEW_FLOAT64);
  double *have[2];
  size_t n = 0;
  int wrong = 0;

  (void)state;
  o.periodic = PETSC_TRUE;
  for (int k = 0; k < 2; k++) {
    SinewLayout layout;
    SinewNetwork network;
    SinewBox box;

    o.lattice = k ? 4 : 1;
    o.batch = k ? 16 : 1;
    check_call(SinewLayoutCreate(PETSC_COMM_WORLD, 32, 32, PETSC_TRUE, SINEW_SINENET_LEVELS, &layout));
    check_call(SinewSinenetCreate(layout, &o, &network));
    check_call(SinewNetworkInitialize(network, 7));
    fill_lattices(SinewNetworkInput(network), 128, PETSC_TRUE);
    check_call(SinewNetworkForward(network));
    box = SinewLayoutBox(layout);
    n = (size_t)(o.outputs * box.ny * box.nx);
    have[k] = malloc((size_t)o.batch * n * sizeof(double) + 1);
    check_call(SinewTensorGetPlanes(SinewNetworkOutput(network), have[k]));
    check_call(SinewNetworkDestroy(&network));
    check_call(SinewLayoutDestroy(&layout));
  }
  for (size_t i = 0; i < 16 * n; i++) wrong += !(fabs(have[1][i] - have[0][i % n]) < 1e-12);
  check_all(!wrong);
  free(have[0]);
  free(have[1]);
}

/* Convolution and norm of sub-lattices against a dilated convolution and a norm over the whole map. */
static void super_resolution_is_dilation(void **state)
{
  const PetscInt n = 64;
  SinewLayout layout;
  SinewBox box;
  double *planes[2];
  int wrong = 0;

  (void)state;
  for (int k = 0; k < 2; k++) {
    const PointwiseLayer how = {.norm = "n", .activation = ACTIVATION_GELU};
    const PetscInt step = k ? 4 : 1; /* between cells of this network's map */
    PetscInt in, out;
    Graph g;

    check_call(SinewLayoutCreate(PETSC_COMM_WORLD, n / step, n / step, PETSC_TRUE, k ? 2 : 4, &layout));
    check_call(GraphCreate(PETSC_COMM_WORLD, SINEW_FLOAT64, step * step, PETSC_FALSE, PETSC_FALSE, &g));
    g->together = step * step;
    check_call(LayerInput(g, layout, 3, k ? 1 : 4, &in));
    check_call(LayerConvolution(g, "c", 1, &in, 3, k ? 1 : 4, 0, 5, &out));
    check_call(LayerPointwise(g, &how, out, 0, &out));
    check_call(GraphKeep(g, out));
    check_call(GraphSetup(g));
    for (PetscInt p = 0; p < g->parameters; p++)
      for (size_t i = 0; i < g->parameter[p].size; i++) ((double *)g->parameter[p].value)[i] = wave(p, (PetscInt64)i);
    check_call(GraphPack(g));
    if (k)
      fill_lattices(GraphValue(g, in), n, PETSC_FALSE);
    else
      fill(GraphValue(g, in), 3);
    check_call(GraphForward(g, 0, g->ops));
    box = SinewLayoutBox(layout);
    planes[k] = malloc((size_t)(step * step * 5 * box.ny * box.nx) * sizeof(double) + 1);
    check_call(SinewTensorGetPlanes(GraphValue(g, out), planes[k]));
    check_call(GraphDestroy(&g));
    check_call(SinewLayoutDestroy(&layout));
  }
  for (PetscInt a = 0, i = 0; a < 16; a++) /* box is of the sub-lattices */
    for (PetscInt c = 0; c < 5; c++)
      for (PetscInt y = 0; y < box.ny; y++)
        for (PetscInt x = 0; x < box.nx; x++, i++)
          wrong +=
              !(fabs(planes[1][i] - planes[0][(c * 4 * box.ny + 4 * y + a / 4) * 4 * box.nx + 4 * x + a % 4]) < 1e-12);
  check_all(!wrong);
  free(planes[0]);
  free(planes[1]);
}

/* A dilated convolution against one written out. */
static void dilation(void **state)
{
  const PetscInt d = 2, n = 12;
  SinewLayout layout;
  Graph g;
  PetscInt in, out;
  SinewBox box;
  double *y, most = 0;
  const double *w;

  (void)state;
  for (int periodic = 0; periodic < 2; periodic++) {
    check_call(SinewLayoutCreate(PETSC_COMM_WORLD, n, n, (PetscBool)periodic, 1, &layout));
    check_call(GraphCreate(PETSC_COMM_WORLD, SINEW_FLOAT64, 1, PETSC_FALSE, PETSC_FALSE, &g));
    check_call(LayerInput(g, layout, 1, d, &in));
    check_call(LayerConvolution(g, "c", 1, &in, 3, d, 0, 1, &out));
    check_call(GraphKeep(g, out));
    check_call(GraphSetup(g));
    for (int k = 0; k < 9; k++) ((double *)g->parameter[0].value)[k] = wave(2, k);
    w = g->parameter[0].value;
    check_call(GraphPack(g));
    fill(GraphValue(g, in), 1);
    check_call(GraphForward(g, 0, g->ops));
    box = SinewLayoutBox(layout);
    y = SinewTensorData(GraphValue(g, out));
    for (PetscInt j = box.y; j < box.y + box.ny; j++)
      for (PetscInt i = box.x; i < box.x + box.nx; i++) {
        double sum = 0;

        for (int k = 0; k < 9; k++) {
          const PetscInt r = j + d * (k / 3 - 1), c = i + d * (k % 3 - 1);

          if (periodic || (r >= 0 && c >= 0 && r < n && c < n)) sum += w[k] * wave(1, wrap(r, n) * n + wrap(c, n));
        }
        most = fmax(most, fabs(sum - *y++));
      }
    check_all(most < 1e-13);
    check_call(GraphDestroy(&g));
    check_call(SinewLayoutDestroy(&layout));
  }
}

/* ---- ranks, precisions, memory ---- */

/* The output's fingerprint, as computed once on one rank (float and double agree to 1e-5). */
static void any_ranks(void **state)
{
  double sums[2];

  (void)state;
  for (int precision = 0; precision < 2; precision++) {
    SinewSinenetOptions o = small(precision ? SINEW_FLOAT32 : SINEW_FLOAT64);
    SinewLayout layout, own;
    SinewNetwork network, alone;
    double here;

    share_maps((PetscBool)precision);
    o.waves = 2;
    o.lean = PETSC_TRUE;
    make(&o, 48, 80, &layout, &network);
    sums[precision] = objective(network);
    /* every rank by itself */
    check_call(SinewLayoutCreate(PETSC_COMM_SELF, 48, 80, o.periodic, SINEW_SINENET_LEVELS, &own));
    check_call(SinewSinenetCreate(own, &o, &alone));
    check_call(SinewNetworkInitialize(alone, 7));
    fill(SinewNetworkInput(alone), 3);
    check_call(SinewNetworkForward(alone));
    here = dot_with_fill(SinewNetworkOutput(alone), 9);
    {
      PetscMPIInt size;

      MPI_Comm_size(PETSC_COMM_WORLD, &size);
      check_close(here / size, sums[precision], precision ? 1e-2 : 1e-9);
    }
    check_call(SinewNetworkDestroy(&network));
    check_call(SinewNetworkDestroy(&alone));
    check_call(SinewLayoutDestroy(&layout));
    check_call(SinewLayoutDestroy(&own));
  }
  share_maps(PETSC_FALSE);
  check_close(sums[0], sums[1], 1e-2);
}

/* The registry's table: incompressible flow (4 frames of 3 components; conditional: 1 frame), and for some compressible
 * flow (10 of 4) and shallow water (2 of 3). */
static void registry(void **state)
{
  static const struct {
    const char *name;
    PetscInt inputs, parameters;
  } known[] = {{"sinenet8-dual", 12, 35490219},      {"sinenet8-dual-circ", 40, 35506924},
               {"sinenet8-dual", 6, 35486763},       {"sinenet6-dual", 12, 35475499},
               {"sinenet4-dual", 12, 35493699},      {"sinenet2-dual-circ", 12, 35499989},
               {"sinenet1-dual-circ", 12, 33788099}, {"sinenet1-dual-circ", 40, 33804804},
               {"sinenet1-dual-128", 12, 135094659}, {"sinenet-neural-ODE", 12, 12739395},
               {"sinenet-neural-ODE", 6, 12735939},  {"sinenet8-dual-tangle", 12, 32831403},
               {"deeper_unet8-dual", 12, 28628084},  {"deeper_unet8-dual-circ", 40, 28644789},
               {"sinenet8-add", 3, 37987571},        {"sinenet8-adagn", 3, 40325243}};
  PetscMPIInt size;

  (void)state;
  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  if (size > 1) skip();
  for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++) {
    SinewSinenetOptions o;
    SinewLayout layout;
    SinewNetwork network;
    PetscBool found;

    check_call(SinewSinenetDefaults(&o));
    check_call(SinewSinenetVariant(known[k].name, &o, &found));
    assert_true(found);
    o.inputs = known[k].inputs;
    o.outputs = o.inputs == 40 ? 4 : 3;
    check_call(SinewLayoutCreate(PETSC_COMM_WORLD, 32, 32, o.periodic, SINEW_SINENET_LEVELS, &layout));
    check_call(SinewSinenetCreate(layout, &o, &network));
    assert_int_equal(SinewNetworkParameterCount(network), known[k].parameters);
    check_call(SinewNetworkDestroy(&network));
    check_call(SinewLayoutDestroy(&layout));
  }
}

/* ---- what is wrong is named ---- */

static char said[1024];

static PetscErrorCode listen(MPI_Comm comm, int line, const char *function, const char *file, PetscErrorCode code,
                             PetscErrorType type, const char *message, void *context)
{
  (void)comm, (void)line, (void)function, (void)file, (void)context;
  if (type == PETSC_ERROR_INITIAL) snprintf(said, sizeof(said), "%s", message);
  return code;
}

static void write_weights(SinewNetwork network, const char *drop, const char *reshape, const char *extra,
                          const char *poison)
{
  const SinewParameter *p;
  PetscInt count;
  SinewFile file;
  char name[128];

  check_call(SinewNetworkGetParameters(network, &count, &p));
  check_call(SinewFileCreate(PETSC_COMM_WORLD, "test_network.h5", &file));
  for (PetscInt k = 0; k <= count; k++) {
    const SinewParameter *q = &p[k < count ? k : 0];
    SinewArray array = {.name = name, .dtype = SINEW_FLOAT64, .rank = q->rank, .data = q->value};
    const double old = *(double *)q->value;

    if (k == count && !extra) continue;
    if (drop && !strcmp(drop, q->name)) continue;
    snprintf(name, sizeof(name), "/weights/%s", k < count ? q->name : extra);
    memcpy(array.shape, q->shape, sizeof(q->shape));
    if (reshape && !strcmp(reshape, q->name)) array.shape[0]--;
    if (poison && !strcmp(poison, q->name)) *(double *)q->value = NAN;
    check_call(SinewFileWrite(file, &array));
    *(double *)q->value = old;
  }
  check_call(SinewFilePublish(&file));
}

static void expect(SinewNetwork network, const char *message)
{
  SinewFile file;
  PetscErrorCode code;

  said[0] = 0;
  check_call(SinewFileOpen(PETSC_COMM_WORLD, "test_network.h5", &file));
  check_call(PetscPushErrorHandler(listen, NULL));
  code = SinewNetworkLoad(network, file, "w.h5", "/weights");
  check_call(PetscPopErrorHandler());
  check_call(SinewFileClose(&file));
  check_all(code == (message ? SINEW_ERR_INPUT : PETSC_SUCCESS));
  if (message) {
    if (!strstr(said, message)) print_error("'%s' has no '%s'\n", said, message);
    check_all(strstr(said, message) != NULL);
  }
}

static void wrong_weights(void **state)
{
  SinewSinenetOptions o = small(SINEW_FLOAT64);
  SinewLayout layout;
  SinewNetwork network;

  (void)state;
  make(&o, 32, 32, &layout, &network);
  write_weights(network, NULL, NULL, NULL, NULL);
  expect(network, NULL);
  write_weights(network, "up.0.3.conv.0.norm2.bias", NULL, NULL, NULL);
  expect(network, "w.h5: parameter up.0.3.conv.0.norm2.bias is missing");
  write_weights(network, NULL, "final.weight", NULL, NULL);
  expect(network, "w.h5: parameter final.weight has shape (1, 4, 3, 3), the network needs (2, 4, 3, 3)");
  write_weights(network, NULL, NULL, "down.1.0.shortcut.weight", NULL);
  expect(network, "w.h5: parameter down.1.0.shortcut.weight is none of this network's");
  write_weights(network, NULL, NULL, NULL, "image_proj.bias");
  expect(network, "w.h5: parameter image_proj.bias is not finite at entry 0");
  check_call(SinewNetworkDestroy(&network));
  check_call(SinewLayoutDestroy(&layout));
}

static void wrong_grids(void **state)
{
  SinewLayout layout = NULL;
  PetscErrorCode code;

  (void)state;
  check_call(PetscPushErrorHandler(listen, NULL));
  code = SinewLayoutCreate(PETSC_COMM_WORLD, 40, 64, PETSC_FALSE, 4, &layout);
  check_call(PetscPopErrorHandler());
  check_all(code == SINEW_ERR_INPUT && strstr(said, "40 x 64") && strstr(said, "multiples of 16"));
}

SINEW_TEST_MAIN(cmocka_unit_test(halos), cmocka_unit_test(halo_sums), cmocka_unit_test(sharing),
                cmocka_unit_test(by_messages), cmocka_unit_test(gradients), cmocka_unit_test(reproducible),
                cmocka_unit_test(ode_gradients), cmocka_unit_test(super_resolution_of_blocks),
                cmocka_unit_test(super_resolution_is_dilation), cmocka_unit_test(dilation), cmocka_unit_test(any_ranks),
                cmocka_unit_test(registry), cmocka_unit_test(wrong_weights), cmocka_unit_test(wrong_grids))
