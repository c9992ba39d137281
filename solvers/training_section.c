/* The sections `network` and `train`: what is trained, and how. */
#include <math.h>
#include <string.h>

#include "solvers/training_private.h"

typedef struct {
  const char *variant, *activation;
  PetscInt hidden, waves, blocks, padding;
  PetscReal mult;
  PetscBool disentangle;
  SinewStringList fields;
} Network;

typedef struct {
  PetscInt epochs, batch, accumulate, groups, history, unroll, loss, optimizer, schedule, warm_up, precision, seed;
  PetscInt recompute;
  PetscInt validate_every, validate_steps, validate_trajectories;
  PetscBool push_forward;
  PetscReal rate, start_rate, final_rate, factor, decay, beta1, beta2, eps, clip, average, limit;
  SinewRealList milestones;
  const char *initial;
} Train;

static const char *const paddings[] = {"zeros", "circular", NULL};
static const char *const recomputed[] = {"none", "waves", NULL};
static const char *const precisions[] = {"f32", "f64", NULL};

#define KEY(Struct, member, kind, ...)                                             \
  {                                                                                \
    .name = #member, .type = kind, .offset = offsetof(Struct, member), __VA_ARGS__ \
  }
#define FROZEN .change = SINEW_CHANGE_FROZEN
#define WARN   .change = SINEW_CHANGE_WARN
#define FREE   .change = SINEW_CHANGE_FREE

const SinewKey SinewNetworkKeys[] = {
    KEY(Network, variant, SINEW_KEY_STRING,
        .doc = "of the original's registry: sinenet8-dual, sinenet4-dual-circ, ...; the other keys change it", FROZEN),
    KEY(Network, hidden, SINEW_KEY_INT, .standard = "0", .max = 4096, .doc = "channels of the finest level", FROZEN),
    KEY(Network, waves, SINEW_KEY_INT, .standard = "0", .max = 256, .doc = "U-shaped parts one after the other",
        FROZEN),
    KEY(Network, mult, SINEW_KEY_REAL, .standard = "0", .max = 8,
        .doc = "channels of level k are hidden mult^k, rounded down", FROZEN),
    KEY(Network, blocks, SINEW_KEY_INT, .standard = "0", .max = 64, .doc = "pairs of convolutions a level; 0: 1",
        FROZEN),
    KEY(Network, disentangle, SINEW_KEY_BOOL, .standard = "true",
        .doc = "a pooled copy of a wave's input joins every level (\"dual\")", FROZEN),
    KEY(Network, padding, SINEW_KEY_CHOICE, .standard = "zeros", .choices = paddings,
        .doc = "circular: both axes are periodic", FROZEN),
    KEY(Network, activation, SINEW_KEY_STRING, .standard = "gelu", .doc = "gelu, relu, silu, tanh or sigmoid", FROZEN),
    KEY(Network, fields, SINEW_KEY_STRINGS,
        .doc = "names of the components for the stepper that will use the network; standard: those of the data",
        FROZEN),
    {.name = NULL}};

const SinewKey SinewTrainKeys[] = {
    KEY(Train, epochs, SINEW_KEY_INT, .standard = "50", .min = 1, .max = 1e6,
        .doc = "passes; in one every trajectory is visited as often as it has frames", WARN),
    KEY(Train, batch, SINEW_KEY_INT, .standard = "8", .min = 1, .max = 1e6, .doc = "samples a step, over all ranks",
        FROZEN),
    KEY(Train, accumulate, SINEW_KEY_INT, .standard = "1", .min = 1, .max = 1e6,
        .doc = "parts of the batch that a group works on one after the other: less memory", WARN),
    KEY(Train, groups, SINEW_KEY_INT, .standard = "1", .min = 1, .max = 1e6,
        .doc = "data-parallel groups of ranks, each space-parallel inside", FREE),
    KEY(Train, recompute, SINEW_KEY_CHOICE, .standard = "none", .choices = recomputed,
        .doc =
            "waves: keep only what goes into them and compute the rest again on the way back; same bits, less memory, "
            "a third more work",
        FREE),
    KEY(Train, history, SINEW_KEY_INT, .standard = "1", .min = 1, .max = 64, .doc = "frames that the network reads",
        FROZEN),
    KEY(Train, unroll, SINEW_KEY_INT, .standard = "1", .min = 1, .max = 64,
        .doc = "steps that the network takes from its own predictions before the loss is taken", FROZEN),
    KEY(Train, push_forward, SINEW_KEY_BOOL, .standard = "false",
        .doc =
            "the loss of the last of these alone, the others taken as given; else the mean, differentiated through all",
        FROZEN),
    KEY(Train, loss, SINEW_KEY_CHOICE, .standard = "scaledl2", .choices = SinewLossKinds,
        .doc = "of normalised fields (neural/loss.h)", FROZEN),
    KEY(Train, optimizer, SINEW_KEY_CHOICE, .standard = "adamw", .choices = SinewOptimizerKinds,
        .doc = "neural/optimizer.h", FROZEN),
    KEY(Train, rate, SINEW_KEY_REAL, .standard = "2e-4", .max = 1e3, .doc = "learning rate after the warm-up", WARN),
    KEY(Train, schedule, SINEW_KEY_CHOICE, .standard = "cosine", .choices = SinewScheduleKinds,
        .doc = "of the rate over epochs (neural/schedule.h)", WARN),
    KEY(Train, warm_up, SINEW_KEY_INT, .standard = "0", .max = 1e6, .doc = "epochs of linear increase", WARN),
    KEY(Train, start_rate, SINEW_KEY_REAL, .standard = "1e-7", .max = 1e3, .doc = "rate of the first epoch of warm-up",
        WARN),
    KEY(Train, final_rate, SINEW_KEY_REAL, .standard = "1e-7", .max = 1e3, .doc = "rate at the end of cosine", WARN),
    KEY(Train, milestones, SINEW_KEY_REALS, .max = 1e6, .doc = "epochs at which the rate is multiplied by factor",
        WARN),
    KEY(Train, factor, SINEW_KEY_REAL, .standard = "0.1", .max = 1, .doc = "see milestones", WARN),
    KEY(Train, decay, SINEW_KEY_REAL, .standard = "1e-5", .max = 1e3, .doc = "of weights", WARN),
    KEY(Train, beta1, SINEW_KEY_REAL, .standard = "0.9", .max = 0.999999, .doc = "memory of the gradient", WARN),
    KEY(Train, beta2, SINEW_KEY_REAL, .standard = "0.999", .max = 0.999999999, .doc = "memory of its square", WARN),
    KEY(Train, eps, SINEW_KEY_REAL, .standard = "1e-8", .max = 1, .above_min = PETSC_TRUE,
        .doc = "added to the root of that", WARN),
    KEY(Train, clip, SINEW_KEY_REAL, .standard = "0", .max = 1e30, .doc = "largest norm of the gradient; 0: any", WARN),
    KEY(Train, average, SINEW_KEY_REAL, .standard = "0", .max = 0.9999999,
        .doc = "memory of an exponential average of weights, which is then judged and exported; 0: none", FROZEN),
    KEY(Train, precision, SINEW_KEY_CHOICE, .standard = "f32", .choices = precisions,
        .doc = "of network and optimiser; f64 is slow", FROZEN),
    KEY(Train, seed, SINEW_KEY_INT, .standard = "0", .max = 2e9, .doc = "of initial weights, order and augmentation",
        FROZEN),
    KEY(Train, initial, SINEW_KEY_STRING, .doc = "file of weights to begin with; relative to the deck's folder", WARN),
    KEY(Train, limit, SINEW_KEY_REAL, .standard = "100", .max = 1e30, .above_min = PETSC_TRUE,
        .doc = "a loss above it ends the training as diverged (code 3)", FREE),
    KEY(Train, validate_every, SINEW_KEY_INT, .standard = "1", .min = 1, .max = 1e6,
        .doc = "epochs between validations; the last epoch has one", WARN),
    KEY(Train, validate_steps, SINEW_KEY_INT, .standard = "10", .max = SINEW_ROLLOUT_MAX,
        .doc = "length of the roll-outs of a validation; their mean error decides what is best", WARN),
    KEY(Train, validate_trajectories, SINEW_KEY_INT, .standard = "0", .max = 1e9,
        .doc = "of the part called valid, the first so many; 0: all", WARN),
    {.name = NULL}};

static PetscErrorCode read_variant(SinewTraining t, SinewNode map, const char name[], SinewSinenetOptions *o)
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
  PetscCall(SinewDeckMistake(t->deck, SinewNodeGet(t->deck, map, "variant"), "network.variant",
                             "expected a variant of SineNet, also with -circ (sinenet8-dual, ...), found \"%s\"%s%s%s",
                             name, nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : ""));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_network(SinewTraining t)
{
  const SinewNode root = SinewDeckRoot(t->deck), map = SinewNodeGet(t->deck, root, "network");
  const PetscInt components = t->data_section.scalars.n + t->data_section.vectors.n;
  SinewSinenetOptions *o = &t->trainer_options.network;
  Network v = {0};

  PetscFunctionBeginUser;
  PetscCall(SinewSinenetDefaults(o));
  PetscCall(SinewDeckRead(t->deck, map, "network", SinewNetworkKeys, &v));
  PetscCall(read_variant(t, map, v.variant, o));
  if (v.hidden) o->hidden = v.hidden;
  if (v.waves) o->waves = v.waves;
  if (v.blocks) o->blocks = v.blocks;
  if (v.mult > 0) o->mult = v.mult;
  if (!v.variant || SinewNodeGet(t->deck, map, "disentangle") != SINEW_NODE_NONE) o->disentangle = v.disentangle;
  if (!v.variant || SinewNodeGet(t->deck, map, "padding") != SINEW_NODE_NONE) o->periodic = (PetscBool)(v.padding == 1);
  if (v.activation) PetscCall(PetscStrncpy(o->activation, v.activation, sizeof(o->activation)));
  if (o->kind == SINEW_SINENET_CONDITIONAL)
    PetscCall(SinewDeckMistake(t->deck, SinewNodeGet(t->deck, map, "variant"), "network.variant",
                               "expected a plain network or a neural ODE: conditional ones are not trained yet"));
  t->fields = v.fields;
  if (v.fields.n && v.fields.n != components)
    PetscCall(SinewDeckMistake(t->deck, SinewNodeGet(t->deck, map, "fields"), "network.fields",
                               "expected %" PetscInt_FMT " names, one a component of the data, found %" PetscInt_FMT,
                               components, v.fields.n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void set_trainer(const Train *v, SinewTrainerOptions *o)
{
  o->history = v->history;
  o->unroll = v->unroll;
  o->push_forward = v->push_forward;
  o->groups = v->groups;
  o->batch = v->batch;
  o->accumulate = v->accumulate;
  o->loss = (SinewLossKind)v->loss;
  o->seed = v->seed;
  o->network.dtype = v->precision ? SINEW_FLOAT64 : SINEW_FLOAT32;
  o->network.recompute = (PetscBool)(v->recompute == 1);
  o->optimizer.kind = (SinewOptimizerKind)v->optimizer;
  o->optimizer.beta1 = (double)v->beta1;
  o->optimizer.beta2 = (double)v->beta2;
  o->optimizer.eps = (double)v->eps;
  o->optimizer.decay = (double)v->decay;
  o->optimizer.clip = (double)v->clip;
  o->optimizer.average = (double)v->average;
}

static void set_schedule(const Train *v, SinewSchedule *s)
{
  *s = (SinewSchedule){.kind = (SinewScheduleKind)v->schedule,
                       .base = (double)v->rate,
                       .start = (double)v->start_rate,
                       .final = (double)v->final_rate,
                       .factor = (double)v->factor,
                       .warm_up = v->warm_up,
                       .total = v->epochs,
                       .milestones = v->milestones.n};
  for (PetscInt k = 0; k < v->milestones.n; k++) s->milestone[k] = (double)v->milestones.value[k];
}

PetscErrorCode TrainingSectionRead(SinewTraining t)
{
  const SinewNode map = SinewNodeGet(t->deck, SinewDeckRoot(t->deck), "train");
  PetscMPIInt ranks;
  Train v = {0};

  PetscFunctionBeginUser;
  PetscCall(read_network(t));
  PetscCall(SinewDeckRead(t->deck, map, "train", SinewTrainKeys, &v));
  PetscCall(SinewOptimizerDefaults(&t->trainer_options.optimizer));
  set_trainer(&v, &t->trainer_options);
  t->trainer_options.augment = SinewDataSectionAugmentation(&t->data_section);
  set_schedule(&v, &t->section.schedule);
  t->section.epochs = v.epochs;
  t->section.limit = v.limit;
  t->section.initial = v.initial;
  t->section.validate_every = v.validate_every;
  t->section.validate_steps = v.validate_steps;
  t->section.validate_trajectories = v.validate_trajectories;
  PetscCallMPI(MPI_Comm_size(t->comm, &ranks));
  if (v.groups < 1 || v.accumulate < 1) PetscFunctionReturn(PETSC_SUCCESS);
  if (ranks % v.groups)
    PetscCall(SinewDeckMistake(t->deck, SinewNodeGet(t->deck, map, "groups"), "train.groups",
                               "expected a divisor of the number of ranks (%d), found %" PetscInt_FMT, (int)ranks,
                               v.groups));
  if (v.batch % (v.groups * v.accumulate))
    PetscCall(SinewDeckMistake(t->deck, SinewNodeGet(t->deck, map, "batch"), "train.batch",
                               "expected a multiple of groups x accumulate (%" PetscInt_FMT "), found %" PetscInt_FMT,
                               v.groups * v.accumulate, v.batch));
  PetscFunctionReturn(PETSC_SUCCESS);
}
