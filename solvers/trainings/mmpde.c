/* Trainings of MM-PDE: keys, and the calls of neural/mmpde_trainer.h. */
#include "solvers/steppers/mmpde.h"
#include "neural/mmpde_trainer.h"
#include "solvers/trainings/frames.h"

typedef struct {
  SinewIntList kernel, channels, weights, cut;
  PetscInt hidden, layers, neighbours, interpolation;
  PetscReal output_scale, time_scale, offset, share, power, smoothing;
  PetscBool periodic, mirrored, unprojected, skip;
  const char *mover, *mover_field;
  SinewStringList fields;
} Network;

typedef struct {
  SinewOptimizerValues optimizer;
  PetscInt identity, tail, precision, validate_steps, folded;
  PetscBool decay_at_start;
} Train;

typedef struct {
  Network network;
  Train train;
  SinewMmpdeTrainerOptions options;
  MPI_Comm comm;
  PetscInt epochs, judged;
  char mover_path[PETSC_MAX_PATH_LEN];
  const SinewTrainingData *data;
  SinewForecastModel model;
  SinewDMM mover; /* NULL: no mesh moves */
  SinewMmpdeTrainer trainer;
} Mmpde;

/* ---- keys ---- */

static const char *const precisions[] = {"f32", "f64", NULL};
static const char *const foldings[] = {"damp", "stop", NULL};

#define KEY(Struct, member, kind, ...) SINEW_TRAINING_KEY(Struct, member, #member, kind, __VA_ARGS__)

static const SinewKey network_keys[] = {
    KEY(Network, mover, SINEW_KEY_STRING, .standard = "none",
        .doc =
            "file of a trained mesh mover (network.type: dmm), monge_ampere: meshes are solved for, or none: one graph "
            "network on the grid's own nodes",
        SINEW_FROZEN),
    KEY(Network, share, SINEW_KEY_REAL, .standard = "0.7", .max = 0.99, .above_min = PETSC_TRUE,
        .doc = "mover monge_ampere: part of the nodes that goes to where the field is steep", SINEW_FROZEN),
    KEY(Network, power, SINEW_KEY_REAL, .standard = "0.5", .max = 4, .above_min = PETSC_TRUE,
        .doc = "mover monge_ampere: of the slope in the density of nodes", SINEW_FROZEN),
    KEY(Network, smoothing, SINEW_KEY_REAL, .standard = "0.03", .max = 1, .above_min = PETSC_TRUE,
        .doc = "mover monge_ampere: length over which that is smoothed, in sides of the box", SINEW_FROZEN),
    KEY(Network, mover_field, SINEW_KEY_STRING, .doc = "component that the mover looks at; standard: the first",
        SINEW_FROZEN),
    KEY(Network, hidden, SINEW_KEY_INT, .standard = "128", .min = 1, .max = 4096, .doc = "features of a node",
        SINEW_FROZEN),
    KEY(Network, layers, SINEW_KEY_INT, .standard = "6", .min = 1, .max = 256, .doc = "of message passing",
        SINEW_FROZEN),
    KEY(Network, neighbours, SINEW_KEY_INT, .standard = "35", .min = 1, .max = 1000, .doc = "of a node in the graphs",
        SINEW_FROZEN),
    KEY(Network, interpolation, SINEW_KEY_INT, .standard = "30", .min = 1, .max = 1000,
        .doc = "nodes that an interpolated value is made from", SINEW_FROZEN),
    KEY(Network, kernel, SINEW_KEY_INTS, .standard = "[16, 12, 8]", .least = 3, .most = 3, .min = 1, .max = 4096,
        .doc = "widths of the decoder's convolutions over features, whose strides are 3, 3 and 2", SINEW_FROZEN),
    KEY(Network, channels, SINEW_KEY_INTS, .standard = "[4, 8]", .least = 2, .most = 2, .min = 1, .max = 4096,
        .doc = "between them", SINEW_FROZEN),
    KEY(Network, weights, SINEW_KEY_INTS, .standard = "[128, 64]", .least = 2, .most = 2, .min = 1, .max = 4096,
        .doc = "units of the interpolation's hidden layers", SINEW_FROZEN),
    KEY(Network, cut, SINEW_KEY_INTS, .standard = "[4, 16, 4]", .least = 3, .most = 3, .min = 1, .max = 4096,
        .doc = "channels of the residual cut", SINEW_FROZEN),
    KEY(Network, output_scale, SINEW_KEY_REAL, .standard = "0.1", .max = 1e6, .above_min = PETSC_TRUE,
        .doc = "factor of the decoders' output", SINEW_FROZEN),
    KEY(Network, time_scale, SINEW_KEY_REAL, .standard = "1", .max = 1e30, .above_min = PETSC_TRUE,
        .doc = "times enter as t / time_scale", SINEW_FROZEN),
    KEY(Network, periodic, SINEW_KEY_BOOL, .standard = "false", .doc = "both axes are periodic", SINEW_FROZEN),
    KEY(Network, mirrored, SINEW_KEY_BOOL, .standard = "false",
        .doc = "x and y of moved nodes are exchanged, as in the original", SINEW_FROZEN),
    KEY(Network, unprojected, SINEW_KEY_BOOL, .standard = "false",
        .doc = "moved nodes may leave the square, as in the original", SINEW_FROZEN),
    KEY(Network, skip, SINEW_KEY_BOOL, .standard = "false",
        .doc = "networks make increments: the field itself goes past them, in place of the original's residual cut; "
               "learns several times faster",
        SINEW_FROZEN),
    KEY(Network, offset, SINEW_KEY_REAL, .standard = "0", .max = 1e6,
        .doc = "factor of differences of positions in messages and interpolation, best about the cells along an axis; "
               "0: positions as the original sees them",
        SINEW_FROZEN),
    TRAINING_FIELDS_KEY(Network),
    {.name = NULL}};

static const SinewKey train_keys[] = {
    KEY(Train, identity, SINEW_KEY_INT, .standard = "1", .max = 1e6,
        .doc = "epochs in which the interpolation alone learns to give back what it is given; of networks with a mover",
        SINEW_FROZEN),
    KEY(Train, tail, SINEW_KEY_INT, .standard = "0", .max = 1e6, .doc = "frames at the end that are not drawn",
        SINEW_FROZEN),
    KEY(Train, folded, SINEW_KEY_CHOICE, .standard = "damp", .choices = foldings,
        .doc = "meshes that the mover folds: damped until they do not, or the end with code 2", SINEW_WARN),
    KEY(Train, decay_at_start, SINEW_KEY_BOOL, .standard = "false",
        .doc = "the rate is multiplied by factor from the start, as in the original", SINEW_WARN),
    SINEW_OPTIMIZER_KEYS(Train),
    KEY(Train, precision, SINEW_KEY_CHOICE, .standard = "f32", .choices = precisions,
        .doc = "of network and optimiser; the mover's is f64", SINEW_FROZEN),
    TRAINING_VALIDATE_STEPS_KEY(Train),
    {.name = NULL}};

/* ---- reading ---- */

/* Features after the decoder's convolutions, which must end in one. */
static PetscInt decoded(const Network *v)
{
  static const PetscInt stride[3] = {3, 3, 2};
  PetscInt n = v->hidden;

  for (int c = 0; c < 3; c++) n = n < v->kernel.value[c] ? 0 : (n - v->kernel.value[c]) / stride[c] + 1;
  return n;
}

static PetscErrorCode set_model(const SinewTrainingPlace *place, const Network *v, SinewMmpdeModel *model)
{
  PetscFunctionBeginUser;
  PetscCall(SinewMmpdeDefaults(model));
  model->fields = place->components;
  model->hidden = v->hidden;
  model->layers = v->layers;
  model->neighbours = v->neighbours;
  model->interpolation = v->interpolation;
  for (int c = 0; c < 3; c++) model->kernel[c] = v->kernel.value[c];
  for (int c = 0; c < 2; c++) model->channels[c] = v->channels.value[c];
  for (int c = 0; c < 2; c++) model->weights[c] = v->weights.value[c];
  for (int c = 0; c < 3; c++) model->cut[c] = v->cut.value[c];
  model->output_scale = (double)v->output_scale;
  model->time_scale = (double)v->time_scale;
  model->periodic = v->periodic;
  model->mirrored = v->mirrored;
  model->unprojected = v->unprojected;
  model->skip = v->skip;
  model->offset = (double)v->offset;
  model->share = (double)v->share;
  model->power = (double)v->power;
  model->smoothing = (double)v->smoothing;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode set_trainer(const SinewTrainingPlace *place, const Train *v, SinewMmpdeTrainerOptions *o)
{
  PetscFunctionBeginUser;
  PetscCall(SinewOptimizerDefaults(&o->optimizer));
  SinewOptimizerValuesSet(&v->optimizer, place->decay, &o->optimizer);
  o->dtype = v->precision ? SINEW_FLOAT64 : SINEW_FLOAT32;
  o->batch = place->batch;
  o->identity = v->identity;
  o->tail = v->tail;
  o->seed = place->seed;
  o->schedule = place->schedule;
  if (o->model.moving) o->schedule.total = PetscMax(o->schedule.total - v->identity, 1);
  o->decay_at_start = v->decay_at_start;
  o->damp = (PetscBool)(v->folded == 0);
  o->augment = SinewDataSectionAugmentation(place->data);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_section(const SinewTrainingPlace *place, void **own)
{
  const SinewNode kernel = SinewNodeGet(place->deck, place->network, "kernel");
  Mmpde *m;
  PetscBool none;
  PetscInt left;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&m));
  *own = m;
  m->comm = place->comm;
  m->epochs = place->epochs;
  m->judged = place->judged;
  PetscCall(SinewDeckRead(place->deck, place->network, "network", network_keys, &m->network));
  PetscCall(SinewDeckRead(place->deck, place->train, "train", train_keys, &m->train));
  PetscCall(set_model(place, &m->network, &m->options.model));
  PetscCall(PetscStrcmp(m->network.mover, "none", &none));
  PetscCall(PetscStrcmp(m->network.mover, "monge_ampere", &m->options.model.classical));
  m->options.model.moving = (PetscBool)!none;
  if (!none && !m->options.model.classical)
    PetscCall(SinewDeckResolve(place->deck, m->network.mover, sizeof(m->mover_path), m->mover_path));
  PetscCall(SinewTrainingComponent(place, "mover_field", m->network.mover_field, &m->options.model.mover_field));
  PetscCall(set_trainer(place, &m->train, &m->options));
  PetscCall(TrainingFieldsCheck(place, &m->network.fields));
  left = decoded(&m->network);
  if (m->network.kernel.n == 3 && left != 1)
    PetscCall(SinewDeckMistake(place->deck, kernel, "network.kernel",
                               "expected widths that leave 1 of %" PetscInt_FMT " features, these leave %" PetscInt_FMT,
                               m->network.hidden, left));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void frames(const void *own, PetscInt *sample, PetscInt *judged)
{
  *sample = 2 + ((const Mmpde *)own)->options.tail;
  *judged = 2;
}

/* ---- life ---- */

static PetscErrorCode create(void *own, const SinewTrainingPlace *place, const SinewTrainingData *data)
{
  Mmpde *m = (Mmpde *)own;

  PetscFunctionBeginUser;
  m->data = data;
  if (m->options.model.moving && !m->options.model.classical)
    PetscCall(SinewMmpdeMoverOpen(place->comm, m->mover_path, "/weights", data->shape.ny, data->shape.nx, &m->mover,
                                  &m->options.model.mover_normalised));
  PetscCall(SinewMmpdeTrainerCreate(place->comm, &m->options, data->training, m->mover, &m->trainer));
  m->model.network.components = data->shape.components;
  PetscCall(TrainingFramesDescribe(data, &m->network.fields, &m->model));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(void *own)
{
  Mmpde *m = (Mmpde *)own;

  PetscFunctionBeginUser;
  PetscCall(SinewMmpdeTrainerDestroy(&m->trainer));
  PetscCall(SinewDMMDestroy(&m->mover));
  PetscCall(PetscFree(m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- work ---- */

static PetscInt64 steps(const void *own)
{
  return SinewMmpdeTrainerSteps(((const Mmpde *)own)->trainer);
}

static PetscInt64 epoch(const void *own)
{
  return SinewMmpdeTrainerEpoch(((const Mmpde *)own)->trainer);
}

static double rate(const void *own)
{
  return SinewMmpdeTrainerRate(((const Mmpde *)own)->trainer);
}

static PetscErrorCode step(void *own, double learning, double *loss, double *norm)
{
  PetscFunctionBeginUser;
  PetscCall(SinewMmpdeTrainerStep(((Mmpde *)own)->trainer, learning, loss, norm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode validate(void *own, double error[2])
{
  Mmpde *m = (Mmpde *)own;
  SinewTrainerErrors errors;

  PetscFunctionBeginUser;
  PetscCall(SinewMmpdeTrainerValidate(m->trainer, m->data->validation, m->data->mean, m->data->sd,
                                      m->train.validate_steps, m->judged, &errors));
  error[0] = errors.one_step;
  error[1] = errors.mean;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode roll_out(void *own, PetscInt count, PetscInt component, double truth[], double prediction[])
{
  Mmpde *m = (Mmpde *)own;

  PetscFunctionBeginUser;
  PetscCall(SinewMmpdeTrainerRollout(m->trainer, m->data->validation, 0, count, component, truth, prediction));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode paint(void *own, const SinewTrainingPicture *picture)
{
  Mmpde *m = (Mmpde *)own;

  PetscFunctionBeginUser;
  PetscCall(TrainingFramesPaint(m->comm, picture, m->data, SinewLayoutBox(SinewMmpdeTrainerLayout(m->trainer)),
                                PETSC_TRUE, m->train.validate_steps, 1, roll_out, own));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- files ---- */

static PetscErrorCode store(void *own, SinewFile file)
{
  PetscFunctionBeginUser;
  PetscCall(SinewMmpdeTrainerStore(((Mmpde *)own)->trainer, file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode restore(void *own, SinewFile file)
{
  PetscFunctionBeginUser;
  PetscCall(SinewMmpdeTrainerLoad(((Mmpde *)own)->trainer, file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode begin(void *own, SinewFile file, const char path[])
{
  PetscFunctionBeginUser;
  PetscCall(SinewMmpdeTrainerLoadWeights(((Mmpde *)own)->trainer, file, path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode export_model(void *own, SinewFile file)
{
  Mmpde *m = (Mmpde *)own;

  PetscFunctionBeginUser;
  PetscCall(SinewMmpdeTrainerStoreModel(m->trainer, file));
  PetscCall(SinewForecastModelWriteFrames(file, &m->model));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the plan ---- */

static PetscErrorCode plan(const void *own, FILE *out)
{
  const Mmpde *m = (const Mmpde *)own;
  const SinewMmpdeModel *o = &m->options.model;
  const SinewMmpde network = SinewMmpdeTrainerNetwork(m->trainer);
  PetscMPIInt ranks;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(m->comm, &ranks));
  PetscCall(
      PetscFPrintf(m->comm, out,
                   "network   %s of %" PetscInt_FMT " layers of %" PetscInt_FMT " features on graphs of %" PetscInt_FMT
                   " neighbours, %" PetscInt_FMT " parameters, %.3g GFLOP a forward sample\n",
                   o->moving ? "two solvers" : "one solver", o->layers, o->hidden, o->neighbours,
                   SinewMmpdeParameterCount(network), 1e-9 * SinewMmpdeFlops(network) / (double)m->options.batch));
  PetscCall(PetscFPrintf(m->comm, out, "          %s%s%s\n", o->moving ? "nodes moved by " : "no mesh moves",
                         o->classical ? "the Monge-Ampere solver"
                         : o->moving  ? m->mover_path
                                      : "",
                         o->mirrored ? ", mirrored" : ""));
  PetscCall(PetscFPrintf(m->comm, out,
                         "training  %" PetscInt_FMT " epochs of %" PetscInt64_FMT " steps of %" PetscInt_FMT
                         " samples; %s, mse; %" PetscInt_FMT " epochs of the identity first\n",
                         m->epochs, epoch(own), m->options.batch, SinewOptimizerKinds[m->options.optimizer.kind],
                         o->moving ? m->options.identity : 0));
  PetscCall(PetscFPrintf(m->comm, out, "ranks     %d in 1 group\n", (int)ranks));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static size_t memory(const void *own)
{
  return SinewMmpdeTrainerMemory(((const Mmpde *)own)->trainer);
}

static double work(const void *own)
{
  const Mmpde *m = (const Mmpde *)own;

  return (double)(m->options.batch * m->data->shape.ny * m->data->shape.nx);
}

/* The original's for Burgers' equation. */
static const SinewStandard standards[] = {
    {"epochs", "80"},  {"batch", "6"},    {"rate", "6e-4"}, {"schedule", "milestones"}, {"milestones", "[30, 50, 70]"},
    {"factor", "0.4"}, {"decay", "0.01"}, {NULL, NULL}};

const SinewTrainingType SinewTrainingMmpde = {
    .name = "mmpde",
    .doc = "graph networks on still and moved nodes that turn frames into the next (neural/mmpde_trainer.h)",
    .network = network_keys,
    .train = train_keys,
    .standards = standards,
    .error = {{"one step", "valid_one_step"}, {"roll-out", "valid_rollout"}},
    .read = read_section,
    .destroy = destroy,
    .frames = frames,
    .create = create,
    .steps = steps,
    .epoch = epoch,
    .rate = rate,
    .step = step,
    .validate = validate,
    .paint = paint,
    .store = store,
    .restore = restore,
    .begin = begin,
    .export = export_model,
    .plan = plan,
    .memory = memory,
    .work = work};
