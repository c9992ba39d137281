/* Trainings of SineNet: keys, and the calls of neural/trainer.h. */
#include "neural/trainer.h"
#include "solvers/trainings/frames.h"

typedef struct {
  const char *variant, *activation;
  PetscInt hidden, waves, blocks, padding;
  PetscReal mult;
  PetscBool disentangle;
  SinewStringList fields;
} Network;

typedef struct {
  SinewOptimizerValues optimizer;
  PetscInt accumulate, groups, history, unroll, loss, precision, recompute, validate_steps, lead;
  PetscBool push_forward;
  PetscReal average, noise;
} Train;

typedef struct {
  Network network;
  Train train;
  SinewTrainerOptions options;
  const SinewTrainingData *data;
  SinewForecastModel model;
  SinewTrainer trainer;
  MPI_Comm comm;
  PetscInt epochs, judged;
} Sinenet;

/* ---- keys ---- */

static const char *const paddings[] = {"zeros", "circular", NULL};
static const char *const recomputed[] = {"none", "waves", NULL};
static const char *const precisions[] = {"f32", "f64", NULL};

#define KEY(Struct, member, kind, ...) SINEW_TRAINING_KEY(Struct, member, #member, kind, __VA_ARGS__)

static const SinewKey network_keys[] = {
    KEY(Network, variant, SINEW_KEY_STRING,
        .doc = "of the original's registry: sinenet8-dual, sinenet4-dual-circ, ...; the other keys change it",
        SINEW_FROZEN),
    KEY(Network, hidden, SINEW_KEY_INT, .standard = "0", .max = 4096, .doc = "channels of the finest level",
        SINEW_FROZEN),
    KEY(Network, waves, SINEW_KEY_INT, .standard = "0", .max = 256, .doc = "U-shaped parts one after the other",
        SINEW_FROZEN),
    KEY(Network, mult, SINEW_KEY_REAL, .standard = "0", .max = 8,
        .doc = "channels of level k are hidden mult^k, rounded down", SINEW_FROZEN),
    KEY(Network, blocks, SINEW_KEY_INT, .standard = "0", .max = 64, .doc = "pairs of convolutions a level; 0: 1",
        SINEW_FROZEN),
    KEY(Network, disentangle, SINEW_KEY_BOOL, .standard = "true",
        .doc = "a pooled copy of a wave's input joins every level (\"dual\")", SINEW_FROZEN),
    KEY(Network, padding, SINEW_KEY_CHOICE, .standard = "zeros", .choices = paddings,
        .doc = "circular: both axes are periodic", SINEW_FROZEN),
    KEY(Network, activation, SINEW_KEY_STRING, .standard = "gelu", .doc = "gelu, relu, silu, tanh or sigmoid",
        SINEW_FROZEN),
    TRAINING_FIELDS_KEY(Network),
    {.name = NULL}};

static const SinewKey train_keys[] = {
    KEY(Train, accumulate, SINEW_KEY_INT, .standard = "1", .min = 1, .max = 1e6,
        .doc = "parts of the batch that a group works on one after the other: less memory", SINEW_WARN),
    KEY(Train, groups, SINEW_KEY_INT, .standard = "1", .min = 1, .max = 1e6,
        .doc = "data-parallel groups of ranks, each space-parallel inside", SINEW_FREE),
    KEY(Train, recompute, SINEW_KEY_CHOICE, .standard = "none", .choices = recomputed,
        .doc = "waves: keep only what goes into them and compute the rest again on the way back; same bits, less "
               "memory, a third more work",
        SINEW_FREE),
    KEY(Train, history, SINEW_KEY_INT, .standard = "1", .min = 1, .max = 64, .doc = "frames that the network reads",
        SINEW_FROZEN),
    KEY(Train, unroll, SINEW_KEY_INT, .standard = "1", .min = 1, .max = 64,
        .doc = "steps that the network takes from its own predictions before the loss is taken", SINEW_FROZEN),
    KEY(Train, push_forward, SINEW_KEY_BOOL, .standard = "false",
        .doc =
            "the loss of the last of these alone, the others taken as given; else the mean, differentiated through all",
        SINEW_FROZEN),
    KEY(Train, loss, SINEW_KEY_CHOICE, .standard = "scaledl2", .choices = SinewLossKinds,
        .doc = "of normalised fields (neural/loss.h)", SINEW_FROZEN),
    KEY(Train, lead, SINEW_KEY_INT, .standard = "1", .min = 1, .max = 1e6,
        .doc = "conditional networks (variant sinenet8-add or -adagn): frames that one step may go ahead",
        SINEW_FROZEN),
    KEY(Train, noise, SINEW_KEY_REAL, .standard = "0", .max = 1e3,
        .doc = "standard deviation of white noise on the normalised frames that go in", SINEW_FROZEN),
    SINEW_OPTIMIZER_KEYS(Train),
    KEY(Train, average, SINEW_KEY_REAL, .standard = "0", .max = 0.9999999,
        .doc = "memory of an exponential average of weights, which is then judged and exported; 0: none", SINEW_FROZEN),
    KEY(Train, precision, SINEW_KEY_CHOICE, .standard = "f32", .choices = precisions,
        .doc = "of network and optimiser; f64 is slow", SINEW_FROZEN),
    TRAINING_VALIDATE_STEPS_KEY(Train),
    {.name = NULL}};

/* ---- reading ---- */

static PetscErrorCode read_variant(const SinewTrainingPlace *place, const char name[], SinewSinenetOptions *o)
{
  const char *nearest;
  PetscBool known;
  PetscInt count = 0;

  PetscFunctionBeginUser;
  if (!name) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewSinenetVariant(name, o, &known));
  if (known) PetscFunctionReturn(PETSC_SUCCESS);
  while (SinewSinenetVariants[count]) count++;
  nearest = SinewNearestName(name, count, SinewSinenetVariants);
  PetscCall(SinewDeckMistake(place->deck, SinewNodeGet(place->deck, place->network, "variant"), "network.variant",
                             "expected a variant of SineNet, also with -circ (sinenet8-dual, ...), found \"%s\"%s%s%s",
                             name, nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : ""));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_network(const SinewTrainingPlace *place, Sinenet *s)
{
  SinewSinenetOptions *o = &s->options.network;
  Network *v = &s->network;

  PetscFunctionBeginUser;
  PetscCall(SinewSinenetDefaults(o));
  PetscCall(SinewDeckRead(place->deck, place->network, "network", network_keys, v));
  PetscCall(read_variant(place, v->variant, o));
  if (v->hidden) o->hidden = v->hidden;
  if (v->waves) o->waves = v->waves;
  if (v->blocks) o->blocks = v->blocks;
  if (v->mult > 0) o->mult = v->mult;
  if (!v->variant || SinewNodeGet(place->deck, place->network, "disentangle") != SINEW_NODE_NONE)
    o->disentangle = v->disentangle;
  if (!v->variant || SinewNodeGet(place->deck, place->network, "padding") != SINEW_NODE_NONE)
    o->periodic = (PetscBool)(v->padding == 1);
  if (v->activation) PetscCall(PetscStrncpy(o->activation, v->activation, sizeof(o->activation)));
  o->scalar = (PetscBool) !!place->data->parameter;
  PetscCall(TrainingFieldsCheck(place, &v->fields));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode set_trainer(const SinewTrainingPlace *place, const Train *v, SinewTrainerOptions *o)
{
  PetscFunctionBeginUser;
  PetscCall(SinewOptimizerDefaults(&o->optimizer));
  SinewOptimizerValuesSet(&v->optimizer, place->decay, &o->optimizer);
  o->optimizer.average = (double)v->average;
  o->history = v->history;
  o->unroll = v->unroll;
  o->push_forward = v->push_forward;
  o->lead = v->lead;
  o->noise = (double)v->noise;
  o->groups = v->groups;
  o->batch = place->batch;
  o->accumulate = v->accumulate;
  o->loss = (SinewLossKind)v->loss;
  o->seed = place->seed;
  o->augment = SinewDataSectionAugmentation(place->data);
  o->network.dtype = v->precision ? SINEW_FLOAT64 : SINEW_FLOAT32;
  o->network.recompute = (PetscBool)(v->recompute == 1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Ranks in groups, batches in parts. */
static PetscErrorCode check_shares(const SinewTrainingPlace *place, const Train *v)
{
  PetscMPIInt ranks;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(place->comm, &ranks));
  if (v->groups < 1 || v->accumulate < 1) PetscFunctionReturn(PETSC_SUCCESS);
  if (ranks % v->groups)
    PetscCall(SinewDeckMistake(place->deck, SinewNodeGet(place->deck, place->train, "groups"), "train.groups",
                               "expected a divisor of the number of ranks (%d), found %" PetscInt_FMT, (int)ranks,
                               v->groups));
  if (place->batch % (v->groups * v->accumulate))
    PetscCall(SinewDeckMistake(place->deck, SinewNodeGet(place->deck, place->train, "batch"), "train.batch",
                               "expected a multiple of groups x accumulate (%" PetscInt_FMT "), found %" PetscInt_FMT,
                               v->groups * v->accumulate, place->batch));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Conditional networks go from one frame to another one, the others by one. */
static PetscErrorCode check_lead(const SinewTrainingPlace *place, const Sinenet *s)
{
  const PetscBool conditional = (PetscBool)(s->options.network.kind == SINEW_SINENET_CONDITIONAL);

  PetscFunctionBeginUser;
  if (!conditional && s->train.lead > 1)
    PetscCall(SinewDeckMistake(
        place->deck, SinewNodeGet(place->deck, place->train, "lead"), "train.lead",
        "expected 1, or a conditional network (network.variant: sinenet8-add), found %" PetscInt_FMT, s->train.lead));
  if (conditional && (s->train.history != 1 || s->train.unroll != 1))
    PetscCall(SinewDeckMistake(place->deck, SinewNodeGet(place->deck, place->network, "variant"), "network.variant",
                               "expected history and unroll 1 with a conditional network"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_section(const SinewTrainingPlace *place, void **own)
{
  Sinenet *s;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&s));
  *own = s;
  s->comm = place->comm;
  s->epochs = place->epochs;
  s->judged = place->judged;
  PetscCall(read_network(place, s));
  PetscCall(SinewDeckRead(place->deck, place->train, "train", train_keys, &s->train));
  PetscCall(set_trainer(place, &s->train, &s->options));
  PetscCall(check_shares(place, &s->train));
  PetscCall(check_lead(place, s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- life ---- */

static void frames(const void *own, PetscInt *sample, PetscInt *judged)
{
  const SinewTrainerOptions *o = &((const Sinenet *)own)->options;

  *sample = o->history + o->unroll;
  *judged = o->history + 1;
}

static PetscErrorCode create(void *own, const SinewTrainingPlace *place, const SinewTrainingData *data)
{
  Sinenet *s = (Sinenet *)own;

  PetscFunctionBeginUser;
  s->data = data;
  PetscCall(SinewTrainerCreate(place->comm, &s->options, data->training, &s->trainer));
  s->model.network = SinewTrainerModel(s->trainer);
  PetscCall(TrainingFramesDescribe(data, &s->network.fields, &s->model));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(void *own)
{
  Sinenet *s = (Sinenet *)own;

  PetscFunctionBeginUser;
  PetscCall(SinewTrainerDestroy(&s->trainer));
  PetscCall(PetscFree(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- work ---- */

static PetscInt64 steps(const void *own)
{
  return SinewTrainerSteps(((const Sinenet *)own)->trainer);
}

static PetscInt64 epoch(const void *own)
{
  return SinewTrainerEpoch(((const Sinenet *)own)->trainer);
}

static PetscErrorCode step(void *own, double rate, double *loss, double *norm)
{
  PetscFunctionBeginUser;
  PetscCall(SinewTrainerStep(((Sinenet *)own)->trainer, rate, loss, norm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode validate(void *own, double error[2])
{
  Sinenet *s = (Sinenet *)own;
  SinewTrainerErrors errors;

  PetscFunctionBeginUser;
  PetscCall(SinewTrainerValidate(s->trainer, s->data->validation, s->data->mean, s->data->sd, s->train.validate_steps,
                                 s->judged, &errors));
  error[0] = errors.one_step;
  error[1] = errors.mean;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode roll_out(void *own, PetscInt count, PetscInt component, double truth[], double prediction[])
{
  Sinenet *s = (Sinenet *)own;

  PetscFunctionBeginUser;
  PetscCall(SinewTrainerRollout(s->trainer, s->data->validation, 0, count, component, truth, prediction));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode paint(void *own, const SinewTrainingPicture *picture)
{
  Sinenet *s = (Sinenet *)own;

  PetscFunctionBeginUser;
  PetscCall(TrainingFramesPaint(s->comm, picture, s->data, SinewLayoutBox(SinewTrainerLayout(s->trainer)),
                                (PetscBool)(SinewTrainerGroup(s->trainer) == 0), s->train.validate_steps,
                                s->options.history, roll_out, own));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- files ---- */

static PetscErrorCode store(void *own, SinewFile file)
{
  Sinenet *s = (Sinenet *)own;

  PetscFunctionBeginUser;
  PetscCall(SinewForecastModelWrite(file, &s->model));
  PetscCall(SinewTrainerStore(s->trainer, file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode restore(void *own, SinewFile file)
{
  PetscFunctionBeginUser;
  PetscCall(SinewTrainerLoad(((Sinenet *)own)->trainer, file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode begin(void *own, SinewFile file, const char path[])
{
  PetscFunctionBeginUser;
  PetscCall(SinewTrainerLoadWeights(((Sinenet *)own)->trainer, file, path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode export_weights(void *own, SinewFile file)
{
  Sinenet *s = (Sinenet *)own;

  PetscFunctionBeginUser;
  PetscCall(SinewForecastModelWrite(file, &s->model));
  PetscCall(SinewTrainerStoreWeights(s->trainer, file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the plan ---- */

static PetscErrorCode plan(const void *own, FILE *out)
{
  const Sinenet *s = (const Sinenet *)own;
  const SinewTrainerOptions *o = &s->options;
  const SinewNetwork network = SinewTrainerNetwork(s->trainer);
  PetscMPIInt ranks;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(s->comm, &ranks));
  PetscCall(PetscFPrintf(s->comm, out,
                         "network   %" PetscInt_FMT " wave%s of %" PetscInt_FMT " channels, %" PetscInt_FMT
                         " parameters, %.3g GFLOP a forward sample\n",
                         o->network.waves, o->network.waves == 1 ? "" : "s", o->network.hidden,
                         SinewNetworkParameterCount(network),
                         1e-9 * (double)SinewNetworkFlops(network) / (double)s->model.network.options.batch));
  PetscCall(PetscFPrintf(
      s->comm, out,
      "training  %" PetscInt_FMT " epochs of %" PetscInt64_FMT " steps of %" PetscInt_FMT " samples; %s, %s\n",
      s->epochs, epoch(own), o->batch, SinewOptimizerKinds[o->optimizer.kind], SinewLossKinds[o->loss]));
  PetscCall(PetscFPrintf(s->comm, out, "ranks     %d in %" PetscInt_FMT " group%s\n", (int)ranks, o->groups,
                         o->groups == 1 ? "" : "s"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static size_t memory(const void *own)
{
  return SinewTrainerMemory(((const Sinenet *)own)->trainer);
}

static double work(const void *own)
{
  const Sinenet *s = (const Sinenet *)own;

  return (double)(s->options.batch * s->options.unroll * s->data->shape.ny * s->data->shape.nx);
}

const SinewTrainingType SinewTrainingSinenet = {
    .name = "sinenet",
    .doc = "U-shaped networks on grids that turn frames into the next (neural/trainer.h)",
    .network = network_keys,
    .train = train_keys,
    .error = {{"one step", "valid_one_step"}, {"roll-out", "valid_rollout"}},
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
