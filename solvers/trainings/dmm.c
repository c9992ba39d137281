/*
  Trainings of a Data-free Mesh Mover: keys, fields, and the calls of neural/dmm_training.h.

  The frames of the training part are its fields, each scaled to lie between 0 and 1 and read at `size` x `size` nodes
  of the unit square, which spans the centres of the first and last cells, or the period. Every rank holds all of them:
  8 size^2 bytes each; where axes are periodic (`data.shift`) each is shifted by some cells. A validation judges some
  fields of the part called valid, evenly chosen.
*/
#include <math.h>

#include "io/image.h"
#include "io/random.h"
#include "neural/dmm_training.h"
#include "solvers/training_type.h"

#define WEIGHTS "/weights"
#define WINDOW  12 /* nodes to either side: beyond, the interpolation's weights are below 1e-5 */
#define JUDGED  16 /* fields of a validation */

typedef struct {
  PetscInt size, dense, features, trunk, hidden;
  const char *field;
  PetscBool periodic;
} Network;

typedef struct {
  PetscInt points, border, rounds, iterations;
  PetscReal floor;
  PetscBool compatible;
} Train;

typedef struct {
  PetscInt count, size;
  double *u; /* [count][size][size] */
} Fields;

typedef struct {
  Network network;
  Train train;
  MPI_Comm comm;
  PetscInt epochs, batch, judged, component;
  PetscInt64 seed;
  Fields fields, judge;
  SinewDMM dmm;
  SinewDMMTrainer trainer;
} Mover;

/* ---- keys ---- */

#define KEY(Struct, member, kind, ...) SINEW_TRAINING_KEY(Struct, member, #member, kind, __VA_ARGS__)

static const SinewKey network_keys[] = {
    KEY(Network, size, SINEW_KEY_INT, .standard = "0", .max = 1024,
        .doc = "nodes a side of the fields that it looks at; 0: as many as the data have cells", SINEW_FROZEN),
    KEY(Network, dense, SINEW_KEY_INT, .standard = "1024", .min = 1, .max = 65536,
        .doc = "units of the branch's dense layer", SINEW_FROZEN),
    KEY(Network, features, SINEW_KEY_INT, .standard = "512", .min = 1, .max = 65536,
        .doc = "numbers in which branch and trunk end", SINEW_FROZEN),
    KEY(Network, trunk, SINEW_KEY_INT, .standard = "32", .min = 1, .max = 65536, .doc = "units of the trunk",
        SINEW_FROZEN),
    KEY(Network, hidden, SINEW_KEY_INT, .standard = "512", .min = 1, .max = 65536, .doc = "units of the decoder",
        SINEW_FROZEN),
    KEY(Network, field, SINEW_KEY_STRING, .doc = "component of the data that it looks at; standard: the first",
        SINEW_FROZEN),
    KEY(Network, periodic, SINEW_KEY_BOOL, .standard = "false", .doc = "the data's axes are periodic", SINEW_FROZEN),
    {.name = NULL}};

static const SinewKey train_keys[] = {
    KEY(Train, points, SINEW_KEY_INT, .standard = "120", .min = 1, .max = 1e6, .doc = "places in each field of a step",
        SINEW_FROZEN),
    KEY(Train, border, SINEW_KEY_INT, .standard = "30", .min = 1, .max = 1e6, .doc = "places on each side",
        SINEW_FROZEN),
    KEY(Train, floor, SINEW_KEY_REAL, .standard = "0.3", .max = 1e3, .above_min = PETSC_TRUE,
        .doc = "density of points is 1 + |slope| / (floor mean): 0.3 gives three of four points to the features",
        SINEW_FROZEN),
    KEY(Train, compatible, SINEW_KEY_BOOL, .standard = "false",
        .doc = "the original's network, which only punishes motion through sides, and losses: floor 0.01, exchanged "
               "components of slopes; five times the cost",
        SINEW_FROZEN),
    KEY(Train, rounds, SINEW_KEY_INT, .standard = "5", .max = 1e4,
        .doc = "of the random-feature stage after the last step", SINEW_WARN),
    KEY(Train, iterations, SINEW_KEY_INT, .standard = "50", .min = 1, .max = 1e5, .doc = "at most, of a round",
        SINEW_WARN),
    {.name = NULL}};

/* ---- reading ---- */

static PetscErrorCode read_section(const SinewTrainingPlace *place, void **own)
{
  PetscMPIInt ranks;
  Mover *m;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&m));
  *own = m;
  m->comm = place->comm;
  m->epochs = place->epochs;
  m->batch = place->batch;
  m->judged = place->judged;
  m->seed = place->seed;
  PetscCall(SinewDeckRead(place->deck, place->network, "network", network_keys, &m->network));
  PetscCall(SinewDeckRead(place->deck, place->train, "train", train_keys, &m->train));
  PetscCall(SinewTrainingComponent(place, "field", m->network.field, &m->component));
  if (m->network.size && m->network.size < 8)
    PetscCall(SinewDeckMistake(place->deck, SinewNodeGet(place->deck, place->network, "size"), "network.size",
                               "expected 8 nodes or more, found %" PetscInt_FMT, m->network.size));
  PetscCallMPI(MPI_Comm_size(place->comm, &ranks));
  if (place->batch % ranks)
    PetscCall(SinewDeckMistake(place->deck, SinewNodeGet(place->deck, place->train, "batch"), "train.batch",
                               "expected a multiple of the number of ranks (%d), found %" PetscInt_FMT, (int)ranks,
                               place->batch));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void frames(const void *own, PetscInt *sample, PetscInt *judged)
{
  (void)own;
  *sample = *judged = 1;
}

/* ---- fields ---- */

/* A cell below a node, the one above it, and how far beyond. */
static void locate(PetscInt k, PetscInt size, PetscInt cells, PetscBool periodic, PetscInt cell[2], double *beyond)
{
  const double p = (double)k * (double)(periodic ? cells : cells - 1) / (double)(size - 1);

  cell[0] = periodic ? (PetscInt)p : PetscMin((PetscInt)p, cells - 2);
  *beyond = p - (double)cell[0];
  cell[0] %= cells;
  cell[1] = (cell[0] + 1) % cells;
}

static void sample_frame(const SinewDatasetShape *shape, PetscBool periodic, const double frame[], PetscInt size,
                         double u[])
{
  double least = PETSC_MAX_REAL, most = PETSC_MIN_REAL;

  for (PetscInt j = 0; j < size; j++)
    for (PetscInt i = 0; i < size; i++) {
      PetscInt x[2], y[2];
      double a, b, value;

      locate(i, size, shape->nx, periodic, x, &a);
      locate(j, size, shape->ny, periodic, y, &b);
      value = (1 - b) * ((1 - a) * frame[y[0] * shape->nx + x[0]] + a * frame[y[0] * shape->nx + x[1]]) +
              b * ((1 - a) * frame[y[1] * shape->nx + x[0]] + a * frame[y[1] * shape->nx + x[1]]);
      u[j * size + i] = value;
      least = PetscMin(least, value);
      most = PetscMax(most, value);
    }
  for (PetscInt n = 0; n < size * size; n++) u[n] = most > least ? (u[n] - least) / (most - least) : 0;
}

/* At most `most` frames of the first `trajectories`, evenly chosen; 0: all. shift: each by some cells of its own. */
static PetscErrorCode read_fields(Mover *m, SinewDataset data, PetscInt trajectories, PetscInt most, PetscInt size,
                                  const PetscBool shift[2], Fields *f)
{
  const PetscInt64 stream = -1; /* samples of steps have those from 0 on */
  SinewDatasetShape shape;
  SinewBox box = {0};
  double *frame;
  PetscInt all;

  PetscFunctionBeginUser;
  PetscCall(SinewDatasetGetShape(data, &shape));
  all = (trajectories ? PetscMin(trajectories, shape.trajectories) : shape.trajectories) * shape.frames;
  *f = (Fields){.count = most ? PetscMin(most, all) : all, .size = size};
  box.nx = shape.nx;
  box.ny = shape.ny;
  PetscCall(PetscMalloc1((size_t)(f->count * size * size), &f->u));
  PetscCall(PetscMalloc1((size_t)(shape.components * shape.ny * shape.nx), &frame));
  for (PetscInt k = 0; k < f->count; k++) {
    const PetscInt at = (PetscInt)(((PetscInt64)k * all + all / 2) / f->count);
    SinewSample sample = {.trajectory = at / shape.frames, .first = at % shape.frames, .count = 1};

    for (int d = 0; d < 2 && shift; d++)
      if (shift[d])
        sample.shift[d] = (PetscInt)(SinewUniform(m->seed, stream, 2 * k + d) * (double)(d ? shape.nx : shape.ny));
    PetscCall(SinewDatasetRead(data, m->comm, box, 1, &sample, frame));
    sample_frame(&shape, m->network.periodic, frame + m->component * shape.ny * shape.nx, size, f->u + k * size * size);
  }
  PetscCall(PetscFree(frame));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- life ---- */

static PetscErrorCode create(void *own, const SinewTrainingPlace *place, const SinewTrainingData *data)
{
  Mover *m = (Mover *)own;
  const Network *n = &m->network;
  const PetscInt size = n->size ? n->size : data->shape.nx;
  const SinewAugmentation augment = SinewDataSectionAugmentation(place->data);
  SinewDMMTrainerOptions o;

  PetscFunctionBeginUser;
  PetscCheck(n->size || (data->shape.ny == size && size >= 8), m->comm, SINEW_ERR_INPUT,
             "network.size: the data have %" PetscInt_FMT " x %" PetscInt_FMT
             " cells; a mesh network looks at 8 x 8 nodes or more, as many along y as along x",
             data->shape.nx, data->shape.ny);
  PetscCall(SinewDMMTrainerDefaults(&o));
  o.fields = place->batch;
  o.points = m->train.points;
  o.border = m->train.border;
  o.decay = (double)place->decay;
  o.seed = place->seed;
  o.joint = (PetscBool)!m->train.compatible;
  if (o.joint) o.monitor = (SinewDMMMonitor){.floor = m->train.floor, .straight = PETSC_TRUE, .window = WINDOW};
  PetscCall(read_fields(m, data->training, 0, 0, size, augment.shift, &m->fields));
  PetscCheck(m->fields.count >= place->batch, m->comm, SINEW_ERR_INPUT,
             "training: an epoch of %" PetscInt_FMT " fields does not fill a batch of %" PetscInt_FMT, m->fields.count,
             place->batch);
  if (data->validation) PetscCall(read_fields(m, data->validation, m->judged, JUDGED, size, NULL, &m->judge));
  PetscCall(SinewDMMCreateEmpty(size, n->dense, n->features, n->trunk, n->hidden, &m->dmm));
  PetscCall(SinewDMMSetWalls(m->dmm, o.joint));
  PetscCall(SinewDMMTrainerInitialise(m->dmm, place->seed));
  PetscCall(SinewDMMTrainerCreate(m->comm, m->dmm, m->fields.count, m->fields.u, &o, &m->trainer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(void *own)
{
  Mover *m = (Mover *)own;

  PetscFunctionBeginUser;
  PetscCall(SinewDMMTrainerDestroy(&m->trainer));
  PetscCall(SinewDMMDestroy(&m->dmm));
  PetscCall(PetscFree(m->fields.u));
  PetscCall(PetscFree(m->judge.u));
  PetscCall(PetscFree(m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- work ---- */

static PetscInt64 steps(const void *own)
{
  return SinewDMMTrainerSteps(((const Mover *)own)->trainer);
}

static PetscInt64 epoch(const void *own)
{
  return ((const Mover *)own)->fields.count / ((const Mover *)own)->batch;
}

/* The random-feature stage belongs to the last step. */
static PetscErrorCode step(void *own, double rate, double *loss, double *norm)
{
  Mover *m = (Mover *)own;
  SinewDMMLoss losses;
  PetscBool kept;

  PetscFunctionBeginUser;
  PetscCall(SinewDMMTrainerStep(m->trainer, rate, &losses, norm));
  *loss = losses.total;
  if (steps(own) < m->epochs * epoch(own)) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt k = 0; k < m->train.rounds; k++)
    PetscCall(SinewDMMTrainerFeatures(m->trainer, m->train.iterations, &kept));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode validate(void *own, double error[2])
{
  Mover *m = (Mover *)own;
  SinewDMMLoss loss;

  PetscFunctionBeginUser;
  PetscCall(SinewDMMTrainerJudge(m->trainer, m->judge.count, m->judge.u, &loss));
  error[0] = sqrt(loss.in);
  error[1] = sqrt(loss.total);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A field on its mesh, and how its nodes have moved; rank 0's cells, all of them. */
static PetscErrorCode paint(void *own, const SinewTrainingPicture *p)
{
  Mover *m = (Mover *)own;
  const PetscInt s = m->judge.size, nodes = s * s, cells = (s - 1) * (s - 1);
  const double *u = m->judge.u + m->judge.count / 2 * nodes;
  const SinewImageStyle style = {
      .title = "a field of the part called valid", .colormap = p->colormap, .lines = PETSC_TRUE};
  double *c, *xi, *phi, *gradient[2], *value;
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(m->comm, &rank));
  PetscCall(PetscMalloc6((size_t)SinewDMMHidden(m->dmm), &c, (size_t)(2 * nodes), &xi, (size_t)nodes, &phi,
                         (size_t)nodes, &gradient[0], (size_t)nodes, &gradient[1], (size_t)cells, &value));
  for (PetscInt n = 0; n < nodes; n++) {
    xi[2 * n] = (double)(n % s) / (double)(s - 1);
    xi[2 * n + 1] = (double)(n / s) / (double)(s - 1);
  }
  PetscCall(SinewDMMField(m->dmm, u, c, NULL));
  PetscCall(SinewDMMEvaluate(m->dmm, c, nodes, xi, phi, gradient, NULL));
  for (PetscInt n = 0; n < nodes; n++)
    for (int d = 0; d < 2; d++) gradient[d][n] += xi[2 * n + d];
  for (PetscInt n = 0; n < cells; n++) {
    const PetscInt at = n / (s - 1) * s + n % (s - 1);
    double x[2] = {0, 0}, a, b;
    PetscInt i, j;

    for (int k = 0; k < 4; k++)
      for (int d = 0; d < 2; d++)
        x[d] += 0.25 * PetscClipInterval(gradient[d][at + k % 2 + k / 2 * s], 0, 1) * (double)(s - 1);
    i = PetscMin((PetscInt)x[0], s - 2);
    j = PetscMin((PetscInt)x[1], s - 2);
    a = x[0] - (double)i;
    b = x[1] - (double)j;
    value[n] = (1 - b) * ((1 - a) * u[j * s + i] + a * u[j * s + i + 1]) +
               b * ((1 - a) * u[(j + 1) * s + i] + a * u[(j + 1) * s + i + 1]);
  }
  PetscCall(
      SinewImageField(m->comm, p->path, rank ? 0 : s - 1, rank ? 0 : s - 1, gradient[0], gradient[1], value, &style));
  PetscCall(PetscFree6(c, xi, phi, gradient[0], gradient[1], value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- files ---- */

static PetscErrorCode store(void *own, SinewFile file)
{
  PetscFunctionBeginUser;
  PetscCall(SinewDMMTrainerStore(((Mover *)own)->trainer, file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode restore(void *own, SinewFile file)
{
  PetscFunctionBeginUser;
  PetscCall(SinewDMMTrainerLoad(((Mover *)own)->trainer, file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode begin(void *own, SinewFile file, const char path[])
{
  const PetscBool walls = SinewDMMWalls(((Mover *)own)->dmm);
  PetscInt64 stored = 0;
  PetscInt n;

  PetscFunctionBeginUser;
  PetscCall(SinewFileReadInts(file, WEIGHTS, "walls", 1, &n, &stored));
  PetscCheck((n && stored) == walls, ((Mover *)own)->comm, SINEW_ERR_INPUT,
             "%s: weights of a mover that %s its nodes to sides: train.compatible must be %s", path,
             walls ? "does not bind" : "binds", walls ? "true" : "false");
  PetscCall(SinewDMMTrainerLoadWeights(((Mover *)own)->trainer, file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode export_weights(void *own, SinewFile file)
{
  const PetscInt64 normalised = 1, walls = SinewDMMWalls(((Mover *)own)->dmm);

  PetscFunctionBeginUser;
  PetscCall(SinewDMMTrainerStoreWeights(((Mover *)own)->trainer, file));
  PetscCall(SinewFileWriteInts(file, WEIGHTS, "normalised", 1, &normalised));
  PetscCall(SinewFileWriteInts(file, WEIGHTS, "walls", 1, &walls));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the plan ---- */

static PetscInt64 parameters(const Mover *m)
{
  PetscInt64 sum = 0;

  for (PetscInt i = 0;; i++) {
    SinewArray array;

    if (SinewDMMGetParameter(m->dmm, i, &array) || !array.name) return sum;
    sum += SinewArraySize(&array);
  }
}

static PetscErrorCode plan(const void *own, FILE *out)
{
  const Mover *m = (const Mover *)own;
  PetscMPIInt ranks;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(m->comm, &ranks));
  PetscCall(PetscFPrintf(
      m->comm, out, "network   mesh mover for fields of %" PetscInt_FMT " x %" PetscInt_FMT " nodes, %lld parameters\n",
      m->fields.size, m->fields.size, (long long)parameters(m)));
  PetscCall(PetscFPrintf(m->comm, out,
                         "training  %" PetscInt_FMT " epochs of %" PetscInt64_FMT " steps of %" PetscInt_FMT
                         " fields, %" PetscInt_FMT " points each; adam; then %" PetscInt_FMT
                         " rounds of random features\n",
                         m->epochs, epoch(own), m->batch, m->train.points, m->train.rounds));
  PetscCall(PetscFPrintf(m->comm, out, "ranks     %d, which share the fields of a step\n", (int)ranks));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static size_t memory(const void *own)
{
  const Mover *m = (const Mover *)own;

  return (size_t)(4 * parameters(m) + (PetscInt64)m->fields.count * m->fields.size * m->fields.size) * sizeof(double);
}

static double work(const void *own)
{
  const Mover *m = (const Mover *)own;

  return (double)(m->batch * m->train.points);
}

static const SinewStandard standards[] = {{"batch", "16"}, {"rate", "5e-4"}, {NULL, NULL}};

const SinewTrainingType SinewTrainingDmm = {
    .name = "dmm",
    .doc = "mesh movers that learn without meshes (Data-free Mesh Mover, neural/dmm_training.h)",
    .network = network_keys,
    .train = train_keys,
    .standards = standards,
    .error = {{"residual", "valid_residual"}, {"whole loss", "valid_loss"}},
    .read = read_section,
    .destroy = destroy,
    .frames = frames,
    .create = create,
    .steps = steps,
    .epoch = epoch,
    .step = step,
    .validate = validate,
    .paint = paint,
    .store = store,
    .restore = restore,
    .begin = begin,
    .export = export_weights,
    .plan = plan,
    .memory = memory,
    .work = work};
