// The message-passing solver against its formulas, edge by edge and with tangents: values and adjoints.
// RANKS 1 2 4
#include <string.h>

#include "io/random.h"
#include "neural/message_private.h"
#include "tests/harness.h"

enum { NODES = 60, SAMPLES = 2, ALL = NODES * SAMPLES, K = 5, F = 2, H = 12, LAYERS = 2 };

static const MessageOptions small = {
    .fields = F, .hidden = H, .layers = LAYERS, .kernel = {4, 2, 1}, .channels = {3, 2}, .scale = 0.3, .offset = 2.5};
static const double times[SAMPLES] = {0.2, 0.7};

/* ---- points, of which a rank owns those of its strip ---- */

static double at(PetscInt i, int d)
{
  return SinewUniform(1, d, i);
}

static double field(PetscInt i, PetscInt f)
{
  return SinewUniform(2, f, i) - 0.5;
}

static double direction(PetscInt stream, PetscInt i)
{
  return SinewUniform(3, stream, i) - 0.5;
}

typedef struct {
  SinewNeighbours graph;
  PetscInt count, number[ALL];
} Part;

/* The same number of nodes in each sample: a rank's share is by number. */
static Part make_part(double period)
{
  const double periods[2] = {period, period};
  PetscInt64 number[ALL];
  PetscInt sample[ALL];
  double place[2 * ALL];
  Part p = {0};
  int rank, ranks;

  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  MPI_Comm_size(PETSC_COMM_WORLD, &ranks);
  for (PetscInt i = 0; i < ALL; i++) {
    if ((i % NODES) * ranks / NODES != rank) continue;
    number[p.count] = p.number[p.count] = i;
    sample[p.count] = i / NODES;
    for (int d = 0; d < 2; d++) place[2 * p.count + d] = at(i, d);
    p.count++;
  }
  check_call(SinewNeighboursCreate(PETSC_COMM_WORLD, K, periods, PETSC_FALSE, &p.graph));
  const SinewNodes points = {.count = p.count, .at = place, .number = number, .sample = sample};
  check_call(SinewNeighboursFind(p.graph, SAMPLES, &points, &points));
  return p;
}

/* ---- numbers with a tangent ---- */

typedef struct {
  double v, d;
} Dual;

static Dual add(Dual a, Dual b)
{
  return (Dual){a.v + b.v, a.d + b.d};
}

static Dual times_(Dual a, Dual b)
{
  return (Dual){a.v * b.v, a.d * b.v + a.v * b.d};
}

static Dual scaled(Dual a, double s)
{
  return (Dual){a.v * s, a.d * s};
}

static Dual rectified(Dual a)
{
  return a.v > 0 ? a : (Dual){0, 0};
}

/* ---- the network, written down as the formulas say ---- */

typedef struct {
  const ParameterTable *table;
  PetscBool tangents;
} Reference;

static Dual parameter(const Reference *r, const char *name, PetscInt i)
{
  for (PetscInt k = 0; k < r->table->count; k++)
    if (!strcmp(r->table->entry[k].name, name))
      return (Dual){((double *)r->table->entry[k].value)[i], direction(100 + k, i)};
  fail_msg("no parameter %s", name);
  return (Dual){0, 0};
}

static void dense(const Reference *r, const char *name, PetscInt in, PetscInt out, const Dual *x, Dual *y)
{
  char weight[96], bias[96];

  snprintf(weight, sizeof(weight), "%s.weight", name);
  snprintf(bias, sizeof(bias), "%s.bias", name);
  for (PetscInt o = 0; o < out; o++) {
    y[o] = parameter(r, bias, o);
    for (PetscInt i = 0; i < in; i++) y[o] = add(y[o], times_(parameter(r, weight, o * in + i), x[i]));
  }
}

static void rectify(PetscInt n, Dual *x)
{
  for (PetscInt i = 0; i < n; i++) x[i] = rectified(x[i]);
}

static void batch_norm(const Reference *r, const char *name, PetscBool statistics, Dual h[ALL][H])
{
  char part[4][96];
  const char *const parts[4] = {"weight", "bias", "running_mean", "running_var"};

  for (int k = 0; k < 4; k++) snprintf(part[k], sizeof(part[k]), "%s.%s", name, parts[k]);
  for (PetscInt j = 0; j < H; j++) {
    Dual mean = {parameter(r, part[2], j).v, 0}, variance = {parameter(r, part[3], j).v, 0}, spread;

    if (statistics) {
      mean = variance = (Dual){0, 0};
      for (PetscInt i = 0; i < ALL; i++) mean = add(mean, scaled(h[i][j], 1. / ALL));
      for (PetscInt i = 0; i < ALL; i++) {
        const Dual d = add(h[i][j], scaled(mean, -1));

        variance = add(variance, scaled(times_(d, d), 1. / ALL));
      }
    }
    spread.v = 1 / sqrt(variance.v + 1e-5);
    spread.d = -0.5 * spread.v * spread.v * spread.v * variance.d;
    for (PetscInt i = 0; i < ALL; i++)
      h[i][j] = add(times_(parameter(r, part[0], j), times_(add(h[i][j], scaled(mean, -1)), spread)),
                    parameter(r, part[1], j));
  }
}

static double difference(double a, double b, double period)
{
  const double d = a - b;

  return period > 0 ? d - period * nearbyint(d / period) : d;
}

/* The K nearest of a node's sample, by search. */
static void nearest(PetscInt i, double period, PetscInt found[K])
{
  double best[K];

  for (PetscInt j = 0; j < K; j++) best[j] = INFINITY;
  for (PetscInt s = i / NODES * NODES; s < (i / NODES + 1) * NODES; s++) {
    const double dx = difference(at(i, 0), at(s, 0), period), dy = difference(at(i, 1), at(s, 1), period);
    PetscInt p = K;

    if (s == i || dx * dx + dy * dy >= best[K - 1]) continue;
    for (p = K - 1; p > 0 && best[p - 1] > dx * dx + dy * dy; p--) {
      best[p] = best[p - 1];
      found[p] = found[p - 1];
    }
    best[p] = dx * dx + dy * dy;
    found[p] = s;
  }
}

static void message_layer(const Reference *r, PetscInt l, double period, PetscBool statistics, Dual u[ALL][F],
                          Dual h[ALL][H])
{
  static Dual next[ALL][H];
  char name[4][96];
  const char *const part[4] = {"message_net_1.0", "message_net_2.0", "update_net_1.0", "update_net_2.0"};

  for (int k = 0; k < 4; k++) snprintf(name[k], sizeof(name[k]), "net.gnn_layers.%d.%s", (int)l, part[k]);
  for (PetscInt i = 0; i < ALL; i++) {
    Dual x[2 * H + F + 3], y[H], mean[H] = {{0, 0}}, update[2 * H + 1];
    PetscInt found[K];

    nearest(i, period, found);
    for (PetscInt e = 0; e < K; e++) {
      const PetscInt s = found[e];

      memcpy(x, h[i], sizeof(h[i]));
      memcpy(x + H, h[s], sizeof(h[s]));
      for (PetscInt f = 0; f < F; f++) x[2 * H + f] = add(u[i][f], scaled(u[s][f], -1));
      for (int d = 0; d < 2; d++) x[2 * H + F + d] = (Dual){small.offset * difference(at(i, d), at(s, d), period), 0};
      x[2 * H + F + 2] = (Dual){times[i / NODES], 0};
      dense(r, name[0], 2 * H + F + 3, H, x, y);
      rectify(H, y);
      dense(r, name[1], H, H, y, x);
      rectify(H, x);
      for (PetscInt j = 0; j < H; j++) mean[j] = add(mean[j], scaled(x[j], 1. / K));
    }
    memcpy(update, h[i], sizeof(h[i]));
    memcpy(update + H, mean, sizeof(mean));
    update[2 * H] = (Dual){times[i / NODES], 0};
    dense(r, name[2], 2 * H + 1, H, update, y);
    rectify(H, y);
    dense(r, name[3], H, H, y, next[i]);
    rectify(H, next[i]);
    for (PetscInt j = 0; j < H; j++) next[i][j] = add(next[i][j], h[i][j]);
  }
  memcpy(h, next, sizeof(next));
  snprintf(name[0], sizeof(name[0]), "net.gnn_layers.%d.norm.module", (int)l);
  batch_norm(r, name[0], statistics, h);
}

/* channels, length -> channels, length of a convolution along the features */
static void convolve(const Reference *r, int c, PetscInt in, PetscInt length, PetscInt out, PetscInt stride,
                     const Dual *x, Dual *y)
{
  const PetscInt size = small.kernel[c], to = (length - size) / stride + 1;
  char weight[96], bias[96];

  snprintf(weight, sizeof(weight), "net.output_mlp.%d.weight", 2 * c);
  snprintf(bias, sizeof(bias), "net.output_mlp.%d.bias", 2 * c);
  for (PetscInt o = 0; o < out; o++)
    for (PetscInt p = 0; p < to; p++) {
      Dual sum = parameter(r, bias, o);

      for (PetscInt i = 0; i < in; i++)
        for (PetscInt q = 0; q < size; q++)
          sum = add(sum, times_(parameter(r, weight, (o * in + i) * size + q), x[i * length + p * stride + q]));
      y[o * to + p] = sum;
    }
}

static void reference(const ParameterTable *table, double period, PetscBool statistics, Dual y[ALL][F])
{
  static Dual h[ALL][H], u[ALL][F];
  const Reference r = {.table = table};

  for (PetscInt i = 0; i < ALL; i++) {
    Dual x[F + 3];

    for (PetscInt f = 0; f < F; f++) x[f] = u[i][f] = (Dual){field(i, f), direction(f, i)};
    for (int d = 0; d < 2; d++) x[F + d] = (Dual){at(i, d), 0};
    x[F + 2] = (Dual){times[i / NODES], 0};
    dense(&r, "net.embedding_mlp.0", F + 3, H, x, h[i]);
  }
  batch_norm(&r, "net.embedding_mlp.1", statistics, h);
  for (PetscInt i = 0; i < ALL; i++) {
    Dual z[H];

    rectify(H, h[i]);
    dense(&r, "net.embedding_mlp.3", H, H, h[i], z);
    memcpy(h[i], z, sizeof(z));
  }
  batch_norm(&r, "net.embedding_mlp.4", statistics, h);
  for (PetscInt l = 0; l < LAYERS; l++) message_layer(&r, l, period, statistics, u, h);
  for (PetscInt i = 0; i < ALL; i++) {
    Dual a[3 * H], b[3 * H];

    convolve(&r, 0, 1, H, 3, 3, h[i], a); /* 12 -> 3 x 3 */
    rectify(9, a);
    convolve(&r, 1, 3, 3, 2, 3, a, b); /* -> 2 x 1 */
    rectify(2, b);
    convolve(&r, 2, 2, 1, F, 2, b, y[i]);
    for (PetscInt f = 0; f < F; f++) y[i][f] = scaled(y[i][f], small.scale);
  }
}

/* ---- tests ---- */

/* Parameters that keep statistics positive, norms away from 1, and the last rectifiers open here and there. */
static void fill(ParameterTable *table)
{
  for (PetscInt k = 0; k < table->count; k++) {
    const char *name = table->entry[k].name;
    double *value = (double *)table->entry[k].value;

    for (size_t i = 0; i < table->entry[k].size; i++)
      value[i] = strstr(name, "running_var") ? 0.5 + SinewUniform(7, k, (PetscInt64)i)
                                             : 1.2 * (SinewUniform(7, k, (PetscInt64)i) - 0.45);
  }
}

static void check_case(double period, PetscBool statistics)
{
  static Dual wanted[ALL][F];
  ParameterTable table = {.dtype = SINEW_FLOAT64};
  Part part = make_part(period);
  double u[ALL * F], y[ALL * F], ybar[ALL * F], ubar[ALL * F] = {0}, sums[3] = {0}, worst = 0, largest = 0;
  Message m;

  check_call(MessageCreate(PETSC_COMM_WORLD, &table, "net.", &small, PETSC_TRUE, &m));
  check_call(ParameterTableAllocate(&table, PETSC_TRUE));
  fill(&table);
  reference(&table, period, statistics, wanted);
  for (PetscInt i = 0; i < part.count * F; i++) {
    u[i] = field(part.number[i / F], i % F);
    ybar[i] = direction(50 + i % F, part.number[i / F]);
  }
  check_call(MessageForward(m, part.graph, SAMPLES, times, u, statistics, y));
  check_call(MessageBackward(m, ybar, ubar));
  for (PetscInt i = 0; i < part.count * F; i++) {
    const Dual w = wanted[part.number[i / F]][i % F];

    worst = PetscMax(worst, fabs(y[i] - w.v));
    largest = PetscMax(largest, fabs(w.v));
    sums[0] += ybar[i] * w.d;
    sums[1] += ubar[i] * direction(i % F, part.number[i / F]);
    sums[2] += fabs(ybar[i] * w.d);
  }
  for (PetscInt k = 0; k < table.count; k++)
    for (size_t i = 0; table.entry[k].gradient && i < table.entry[k].size; i++)
      sums[1] += ((double *)table.entry[k].gradient)[i] * direction(100 + k, (PetscInt)i);
  MPI_Allreduce(MPI_IN_PLACE, sums, 3, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD);
  check_close(worst, 0, 1e-12 * PetscMax(largest, 1));
  check_all(sums[2] > 1e-3);
  check_close(sums[0], sums[1], 1e-11 * sums[2]);
  check_call(MessageDestroy(&m));
  check_call(ParameterTableDestroy(&table));
  check_call(SinewNeighboursDestroy(&part.graph));
}

static void equals_its_formulas(void **state)
{
  (void)state;
  check_case(0, PETSC_FALSE);
  check_case(0, PETSC_TRUE);
}

static void equals_its_formulas_around_a_torus(void **state)
{
  (void)state;
  check_case(1, PETSC_FALSE);
  check_case(1, PETSC_TRUE);
}

/* Inference shares memory between layers; single precision is its own code path. */
static void inference_and_single_precision(void **state)
{
  ParameterTable table[3] = {{.dtype = SINEW_FLOAT64}, {.dtype = SINEW_FLOAT64}, {.dtype = SINEW_FLOAT32}};
  Part part = make_part(0);
  double u[ALL * F], y[2][ALL * F], worst = 0;
  float narrow[ALL * F], z[ALL * F], g[ALL * F] = {0};

  (void)state;
  for (PetscInt i = 0; i < part.count * F; i++) narrow[i] = (float)(u[i] = field(part.number[i / F], i % F));
  for (int c = 0; c < 3; c++) {
    Message m;

    check_call(MessageCreate(PETSC_COMM_WORLD, &table[c], "net.", &small, (PetscBool)(c != 1), &m));
    check_call(ParameterTableAllocate(&table[c], (PetscBool)(c != 1)));
    ParametersInitialize(table[c].dtype, table[c].count, table[c].entry, 5);
    if (c < 2) {
      for (int again = 0; again < 2; again++)
        check_call(MessageForward(m, part.graph, SAMPLES, times, u, PETSC_FALSE, y[c]));
    } else {
      check_call(MessageForward(m, part.graph, SAMPLES, times, narrow, PETSC_FALSE, z));
      check_call(MessageBackward(m, z, g));
    }
    check_call(MessageDestroy(&m));
    check_call(ParameterTableDestroy(&table[c]));
  }
  for (PetscInt i = 0; i < part.count * F; i++) {
    check_all(isfinite(g[i]));
    worst = PetscMax(worst, fabs(y[0][i] - y[1][i]));
  }
  check_close(worst, 0, 0);
  for (PetscInt i = 0; i < part.count * F; i++) worst = PetscMax(worst, fabs(y[0][i] - (double)z[i]));
  check_close(worst, 0, 1e-6);
  check_call(SinewNeighboursDestroy(&part.graph));
}

static void running_statistics_move(void **state)
{
  ParameterTable table = {.dtype = SINEW_FLOAT64};
  Part part = make_part(0);
  double u[ALL * F], y[ALL * F], mean = 0, square = 0;
  Message m;

  (void)state;
  for (PetscInt i = 0; i < part.count * F; i++) u[i] = field(part.number[i / F], i % F);
  check_call(MessageCreate(PETSC_COMM_WORLD, &table, "net.", &small, PETSC_TRUE, &m));
  check_call(ParameterTableAllocate(&table, PETSC_TRUE));
  ParametersInitialize(table.dtype, table.count, table.entry, 5);
  check_call(MessageForward(m, part.graph, SAMPLES, times, u, PETSC_TRUE, y));
  for (PetscInt i = 0; i < ALL; i++) { /* the first feature of the first dense layer */
    const double *w = (double *)table.entry[0].value;
    double x = *(double *)table.entry[1].value + w[F + 2] * times[i / NODES];

    for (PetscInt f = 0; f < F; f++) x += w[f] * field(i, f);
    for (int d = 0; d < 2; d++) x += w[F + d] * at(i, d);
    mean += x / ALL;
    square += x * x / ALL;
  }
  assert_string_equal(table.entry[4].name, "net.embedding_mlp.1.running_mean");
  check_close(*(double *)table.entry[4].value, 0.1 * mean, 1e-14);
  check_close(*(double *)table.entry[5].value, 0.9 + 0.1 * (square - mean * mean) * ALL / (ALL - 1), 1e-13);
  check_close(*(double *)table.entry[6].value, 1, 0);
  check_call(MessageDestroy(&m));
  check_call(ParameterTableDestroy(&table));
  check_call(SinewNeighboursDestroy(&part.graph));
}

SINEW_TEST_MAIN(cmocka_unit_test(equals_its_formulas), cmocka_unit_test(equals_its_formulas_around_a_torus),
                cmocka_unit_test(inference_and_single_precision), cmocka_unit_test(running_statistics_move))
