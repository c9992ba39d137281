/* Training: batches, unrolled losses, gradients over groups. */
#include "neural/trainer.h"
#include "io/random.h"
#include "neural/memory_private.h"
#include "neural/trainer_private.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WEIGHTS   "/weights"
#define OPTIMIZER "/optimizer"
#define TRAINING  "/training"
#define NOISE     0x6e6f697365 /* stream of random numbers */

/* ---- creation ---- */

static PetscErrorCode check(SinewTrainer t)
{
  const SinewTrainerOptions *o = &t->options;
  PetscMPIInt size;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(t->comm, &size));
  PetscCheck(o->history > 0 && o->unroll > 0 && o->groups > 0 && o->batch > 0 && o->accumulate > 0, t->comm,
             SINEW_ERR_INPUT, "training: history, unroll, groups, batch and accumulate must be positive");
  PetscCheck(size % o->groups == 0, t->comm, SINEW_ERR_INPUT,
             "training: %d ranks cannot be split into %" PetscInt_FMT " groups", (int)size, o->groups);
  PetscCheck(o->batch % (o->groups * o->accumulate) == 0, t->comm, SINEW_ERR_INPUT,
             "training: a batch of %" PetscInt_FMT " cannot be dealt out to %" PetscInt_FMT " groups in %" PetscInt_FMT
             " parts each",
             o->batch, o->groups, o->accumulate);
  PetscCheck(t->shape.frames >= o->history + o->unroll, t->comm, SINEW_ERR_INPUT,
             "training: trajectories have %" PetscInt_FMT " frames, %" PetscInt_FMT " are needed", t->shape.frames,
             o->history + o->unroll);
  PetscCheck(SinewTrainerEpoch(t) > 0, t->comm, SINEW_ERR_INPUT,
             "training: an epoch of %" PetscInt_FMT " samples does not fill a batch of %" PetscInt_FMT,
             t->shape.trajectories * t->shape.frames, o->batch);
  PetscCheck(o->network.kind != SINEW_SINENET_CONDITIONAL || (o->history == 1 && o->unroll == 1), t->comm,
             SINEW_ERR_INPUT, "training: a conditional network goes from one frame to one other");
  PetscCheck(o->network.kind == SINEW_SINENET_CONDITIONAL || o->lead <= 1, t->comm, SINEW_ERR_INPUT,
             "training: only conditional networks go ahead by more than one frame");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Sums over samples that groups and parts have divided by their own number of them, into a mean. */
static void scale(const SinewTrainer t, size_t count, void *gradients)
{
  const double share = 1. / (double)(t->options.groups * t->options.accumulate);
  const PetscBool single = (PetscBool)(t->options.network.dtype == SINEW_FLOAT32);

  for (size_t i = 0; i < count && share < 1; ++i)
    if (single)
      ((float *)gradients)[i] *= (float)share;
    else
      ((double *)gradients)[i] *= share;
}

/* Gradients of several backward passes are added up first. */
static PetscBool summed_at_once(SinewTrainer t)
{
  const SinewTrainerOptions *o = &t->options;

  return (PetscBool)(o->accumulate > 1 || (o->unroll > 1 && !o->push_forward));
}

static PetscErrorCode create_network(SinewTrainer t)
{
  const SinewTrainerOptions *o = &t->options;
  SinewSinenetOptions *n = &t->options.network;
  const SinewParameter *parameter;
  PetscInt count;

  PetscFunctionBeginUser;
  n->inputs = o->history * t->shape.components;
  n->outputs = t->shape.components;
  n->batch = t->part;
  n->training = PETSC_TRUE;
  n->stream = t->stream;
  n->divided = (PetscBool)(o->optimizer.kind != SINEW_ADAMP);
  n->lean = n->bf16 = PETSC_FALSE;
  PetscCall(SinewLayoutCreate(t->inside, t->shape.ny, t->shape.nx, n->periodic, SINEW_SINENET_LEVELS, &t->layout));
  PetscCall(SinewSinenetCreate(t->layout, n, &t->network));
  if (t->stream && n->divided) PetscCall(SinewNetworkShareMemory(t->network, t->comm));
  PetscCall(SinewNetworkInitialize(t->network, o->seed));
  PetscCall(SinewNetworkSetReduction(t->network, summed_at_once(t) ? MPI_COMM_NULL : t->comm, t->across));
  PetscCall(SinewNetworkGetParameters(t->network, &count, &parameter));
  PetscCall(SinewOptimizerCreate(n->dtype, count, parameter, &o->optimizer, &t->optimizer));
  PetscCall(SinewOptimizerSetComm(t->optimizer, t->inside));
  PetscCall(SinewTensorCreate(t->layout, n->dtype, t->part, n->outputs, 0, NULL, &t->target));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The sum of a bucket of gradients over groups, to the optimiser. */
static PetscErrorCode consume(void *context, PetscInt count, const PetscInt parameters[])
{
  const SinewTrainer t = context;
  const SinewParameter *table;
  PetscInt n;

  PetscFunctionBeginUser;
  PetscCall(SinewNetworkGetParameters(t->network, &n, &table));
  for (PetscInt k = 0; k < count; ++k) scale(t, table[parameters[k]].size, table[parameters[k]].gradient);
  PetscCall(SinewOptimizerApply(t->optimizer, count, parameters));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_buffers(SinewTrainer t)
{
  const SinewTrainerOptions *o = &t->options;
  const SinewBox box = SinewLayoutBox(t->layout);
  const size_t part = (size_t)t->part;
  size_t count;
  void *gradients;

  PetscFunctionBeginUser;
  t->frame = (size_t)(t->shape.components * box.ny * box.nx);
  PetscCall(PetscMalloc3(part, &t->sample, part, &t->ahead, part, &t->parameter));
  PetscCall(PetscMalloc1(part * t->frame * (size_t)(o->history + o->unroll), &t->frames));
  PetscCall(PetscMalloc4(part * t->frame * (size_t)o->unroll, &t->predicted, part * t->frame * (size_t)o->unroll,
                         &t->slope, part * t->frame * (size_t)o->history, &t->input, part * t->frame, &t->output));
  if (t->stream) PetscCall(SinewNetworkSetConsumer(t->network, consume, t));
  if (!summed_at_once(t)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewNetworkGetGradients(t->network, &count, &gradients));
  PetscCall(NeuralAlloc(count * SinewDtypeSize(o->network.dtype), &t->sum));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewTrainerCreate(MPI_Comm comm, const SinewTrainerOptions *options, SinewDataset data,
                                  SinewTrainer *trainer)
{
  SinewTrainer t;
  PetscMPIInt size;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&t));
  *trainer = t;
  t->comm = comm;
  t->options = *options;
  t->data = data;
  t->inside = t->across = MPI_COMM_NULL;
  PetscCall(SinewDatasetGetShape(data, &t->shape));
  PetscCall(check(t));
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCallMPI(MPI_Comm_rank(comm, &t->rank));
  t->group = t->rank / (size / (PetscMPIInt)options->groups);
  PetscCallMPI(MPI_Comm_split(comm, (int)t->group, (int)t->rank, &t->inside));
  PetscCallMPI(MPI_Comm_rank(t->inside, &t->within));
  PetscCallMPI(MPI_Comm_split(comm, t->within, t->rank, &t->across));
  t->part = options->batch / (options->groups * options->accumulate);
  t->stream =
      (PetscBool)(!summed_at_once(t) && options->optimizer.clip <= 0 && options->network.kind != SINEW_SINENET_ODE);
  PetscCall(create_network(t));
  PetscCall(create_buffers(t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewTrainerDestroy(SinewTrainer *trainer)
{
  SinewTrainer t = *trainer;

  PetscFunctionBeginUser;
  *trainer = NULL;
  if (!t) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewOptimizerDestroy(&t->optimizer));
  PetscCall(SinewNetworkDestroy(&t->network));
  PetscCall(SinewTensorDestroy(&t->target));
  PetscCall(SinewLayoutDestroy(&t->layout));
  PetscCall(PetscFree3(t->sample, t->ahead, t->parameter));
  PetscCall(PetscFree(t->frames));
  PetscCall(PetscFree4(t->predicted, t->slope, t->input, t->output));
  free(t->sum);
  if (t->inside != MPI_COMM_NULL) PetscCallMPI(MPI_Comm_free(&t->inside));
  if (t->across != MPI_COMM_NULL) PetscCallMPI(MPI_Comm_free(&t->across));
  PetscCall(PetscFree(t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- a part of a batch ---- */

PetscErrorCode TrainerForward(SinewTrainer t, const double frames[], PetscInt stride, PetscInt j,
                              const double predicted[], double out[])
{
  const PetscInt history = t->options.history, part = t->part;
  const size_t n = t->frame;
  double *to = t->input;

  PetscFunctionBeginUser;
  for (PetscInt b = 0; b < part; ++b)
    for (PetscInt k = j; k < j + history; ++k, to += n) {
      const double *from =
          k < history ? frames + (size_t)(b * stride + k) * n : predicted + (size_t)((k - history) * part + b) * n;

      PetscCall(PetscArraycpy(to, from, n));
    }
  PetscCall(SinewTensorSetPlanes(SinewNetworkInput(t->network), t->input));
  PetscCall(SinewNetworkForward(t->network));
  PetscCall(SinewTensorGetPlanes(SinewNetworkOutput(t->network), out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The first sample of a part in its epoch. */
static PetscInt64 first_sample(SinewTrainer t, PetscInt64 step, PetscInt which)
{
  const SinewTrainerOptions *o = &t->options;

  return step % SinewTrainerEpoch(t) * o->batch + (t->group * o->accumulate + which) * t->part;
}

static PetscErrorCode draw(SinewTrainer t, PetscInt64 step, PetscInt which)
{
  const SinewTrainerOptions *o = &t->options;
  const PetscInt64 epoch = step / SinewTrainerEpoch(t), first = first_sample(t, step, which);

  PetscFunctionBeginUser;
  for (PetscInt b = 0; b < t->part; ++b)
    if (o->network.kind == SINEW_SINENET_CONDITIONAL)
      PetscCall(
          SinewDatasetDrawLead(t->data, o->seed, epoch, first + b, PetscMax(o->lead, 1), &o->augment, &t->sample[b]));
    else
      PetscCall(
          SinewDatasetDraw(t->data, o->seed, epoch, first + b, o->history + o->unroll, &o->augment, &t->sample[b]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TrainerCondition(SinewTrainer t, SinewDataset data)
{
  PetscFunctionBeginUser;
  for (PetscInt b = 0; b < t->part; ++b) {
    t->ahead[b] = (double)PetscMax(t->sample[b].stride, 1);
    t->parameter[b] = (double)SinewDatasetParameter(data, t->sample[b].trajectory);
  }
  PetscCall(SinewNetworkSetCondition(t->network, t->ahead, t->options.network.scalar ? t->parameter : NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A normal number (Box & Muller 1958). */
static double normal(PetscInt64 stream, PetscInt64 index)
{
  const double u = (double)SinewUniform(NOISE, stream, 2 * index),
               v = (double)SinewUniform(NOISE, stream, 2 * index + 1);

  return sqrt(-2 * log1p(-u)) * cos(2 * M_PI * v);
}

static void add_noise(SinewTrainer t, PetscInt64 step, PetscInt which)
{
  const SinewTrainerOptions *o = &t->options;
  const SinewBox box = SinewLayoutBox(t->layout);
  const PetscInt64 epoch = step / SinewTrainerEpoch(t), first = first_sample(t, step, which);
  const PetscInt frames = o->history + o->unroll, planes = o->history * t->shape.components;

  for (PetscInt b = 0; b < t->part && o->noise > 0; ++b) {
    const PetscInt64 stream = (PetscInt64)SinewRandomBits(o->seed, epoch, first + b);
    double *to = t->frames + (size_t)(b * frames) * t->frame;

    for (PetscInt p = 0; p < planes; ++p)
      for (PetscInt y = box.y; y < box.y + box.ny; ++y)
        for (PetscInt x = box.x; x < box.x + box.nx; ++x)
          *to++ += o->noise * normal(stream, ((PetscInt64)p * t->shape.ny + y) * t->shape.nx + x);
  }
}

static PetscErrorCode set_target(SinewTrainer t, PetscInt j)
{
  const PetscInt history = t->options.history, stride = history + t->options.unroll;

  PetscFunctionBeginUser;
  for (PetscInt b = 0; b < t->part; ++b)
    PetscCall(PetscArraycpy(t->output + (size_t)b * t->frame, t->frames + (size_t)(b * stride + history + j) * t->frame,
                            t->frame));
  PetscCall(SinewTensorSetPlanes(t->target, t->output));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* dLoss/d(prediction j): the loss's own, by `share`, and what later predictions say. */
static PetscErrorCode set_slope(SinewTrainer t, PetscInt j, double share)
{
  const size_t n = (size_t)t->part * t->frame;
  const double *later = t->slope + (size_t)j * n;
  const SinewTensor gradient = SinewNetworkOutputGradient(t->network);

  PetscFunctionBeginUser;
  if (t->options.push_forward || t->options.unroll == 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewTensorGetPlanes(gradient, t->output));
  for (size_t i = 0; i < n; ++i) t->output[i] = share * t->output[i] + later[i];
  PetscCall(SinewTensorSetPlanes(gradient, t->output));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* dLoss/d(earlier predictions), from that of the input of the j-th. */
static PetscErrorCode pass_on(SinewTrainer t, PetscInt j)
{
  const PetscInt history = t->options.history;
  const double *from = t->input;

  PetscFunctionBeginUser;
  if (j == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewTensorGetPlanes(SinewNetworkInputGradient(t->network), t->input));
  for (PetscInt b = 0; b < t->part; ++b)
    for (PetscInt k = j; k < j + history; ++k, from += t->frame) {
      double *to;

      if (k < history) continue;
      to = t->slope + (size_t)((k - history) * t->part + b) * t->frame;
      for (size_t i = 0; i < t->frame; ++i) to[i] += from[i];
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Adds the gradients of one backward pass to their sum. */
static PetscErrorCode collect(SinewTrainer t)
{
  size_t count;
  void *gradients;

  PetscFunctionBeginUser;
  if (!t->sum) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewNetworkGetGradients(t->network, &count, &gradients));
  if (t->options.network.dtype == SINEW_FLOAT32)
    for (size_t i = 0; i < count; ++i) ((float *)t->sum)[i] += ((const float *)gradients)[i];
  else
    for (size_t i = 0; i < count; ++i) ((double *)t->sum)[i] += ((const double *)gradients)[i];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The mean over the batch. */
static PetscErrorCode finish_loss(SinewTrainer t, double *loss)
{
  double own = t->within ? 0 : *loss / (double)(t->options.groups * t->options.accumulate);

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Allreduce(&own, loss, 1, MPI_DOUBLE, MPI_SUM, t->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode backward(SinewTrainer t, PetscInt j, double share, double *loss)
{
  double own;

  PetscFunctionBeginUser;
  PetscCall(set_target(t, j));
  PetscCall(SinewLoss(t->options.loss, SinewNetworkOutput(t->network), t->target, &own,
                      SinewNetworkOutputGradient(t->network)));
  *loss += share * own;
  if (t->stream) { /* the parameters change on the way back: everything before must be sound */
    PetscCall(finish_loss(t, loss));
    if (!isfinite(*loss)) PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(set_slope(t, j, share));
  PetscCall(SinewNetworkBackward(t->network));
  PetscCall(collect(t));
  if (!t->options.push_forward) PetscCall(pass_on(t, j));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The loss of a part and its gradients; frames have been read. All predictions, then back through them: the last one is
   in the network, earlier ones are computed once more. */
static PetscErrorCode learn(SinewTrainer t, double *loss)
{
  const SinewTrainerOptions *o = &t->options;
  const PetscInt stride = o->history + o->unroll, last = o->unroll - 1;
  const size_t n = (size_t)t->part * t->frame;

  PetscFunctionBeginUser;
  for (PetscInt j = 0; j <= last; ++j)
    PetscCall(TrainerForward(t, t->frames, stride, j, t->predicted, t->predicted + (size_t)j * n));
  if (o->push_forward) {
    PetscCall(backward(t, last, 1, loss));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(PetscArrayzero(t->slope, (size_t)o->unroll * n));
  for (PetscInt j = last; j >= 0; --j) {
    if (j < last) PetscCall(TrainerForward(t, t->frames, stride, j, t->predicted, t->output));
    PetscCall(backward(t, j, 1. / (double)o->unroll, loss));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- a step ---- */

/* The mean over the batch, in the network's gradients: over ranks, groups and parts. */
static PetscErrorCode finish_gradients(SinewTrainer t)
{
  const size_t size = SinewDtypeSize(t->options.network.dtype);
  size_t count;
  void *gradients;

  PetscFunctionBeginUser;
  PetscCall(SinewNetworkGetGradients(t->network, &count, &gradients));
  if (t->sum) {
    memcpy(gradients, t->sum, count * size);
    memset(t->sum, 0, count * size);
    PetscCall(SinewNetworkSumGradients(t->network, t->comm));
  }
  scale(t, count, gradients);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewTrainerStep(SinewTrainer t, double rate, double *loss, double *norm)
{
  const SinewBox box = SinewLayoutBox(t->layout);
  const PetscInt64 before = SinewOptimizerCount(t->optimizer);

  PetscFunctionBeginUser;
  *loss = 0;
  if (t->stream) PetscCall(SinewOptimizerBegin(t->optimizer, rate));
  for (PetscInt a = 0; a < t->options.accumulate; ++a) {
    PetscCall(draw(t, t->steps, a));
    PetscCall(SinewDatasetRead(t->data, t->comm, box, t->part, t->sample, t->frames));
    PetscCall(TrainerCondition(t, t->data));
    add_noise(t, t->steps, a);
    PetscCall(draw(t, t->steps + (a + 1) / t->options.accumulate, (a + 1) % t->options.accumulate));
    PetscCall(SinewDatasetAdvise(t->data, box, t->part, t->sample));
    PetscCall(learn(t, loss));
  }
  if (!t->stream) {
    PetscCall(finish_gradients(t));
    PetscCall(finish_loss(t, loss));
  }
  if (!isfinite(*loss)) {
    *norm = NAN;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (t->stream)
    PetscCall(SinewOptimizerEnd(t->optimizer, norm));
  else
    PetscCall(SinewOptimizerStep(t->optimizer, rate, norm));
  if (SinewOptimizerCount(t->optimizer) == before) {
    t->torn = t->stream;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(SinewNetworkUpdate(t->network));
  ++t->steps;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt64 SinewTrainerSteps(SinewTrainer t)
{
  return t->steps;
}

PetscInt64 SinewTrainerEpoch(SinewTrainer t)
{
  return (PetscInt64)t->shape.trajectories * t->shape.frames / t->options.batch;
}

/* ---- files ---- */

PetscErrorCode TrainerSwap(SinewTrainer t)
{
  PetscFunctionBeginUser;
  if (t->options.optimizer.average <= 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewNetworkUpdate(t->network)); /* nobody reads values that ranks share any more */
  PetscCall(SinewOptimizerSwap(t->optimizer));
  PetscCall(SinewNetworkUpdate(t->network));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode refuse(SinewTrainer t)
{
  PetscFunctionBeginUser;
  PetscCheck(!t->torn, t->comm, PETSC_ERR_ORDER, "a gradient was not finite in the middle of a step");
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewTrainerStore(SinewTrainer t, SinewFile file)
{
  PetscFunctionBeginUser;
  PetscCall(refuse(t));
  PetscCall(SinewNetworkStore(t->network, file, WEIGHTS));
  PetscCall(SinewOptimizerStore(t->optimizer, file, OPTIMIZER));
  PetscCall(SinewFileWriteInts(file, TRAINING, "steps", 1, &t->steps));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewTrainerLoad(SinewTrainer t, SinewFile file)
{
  PetscInt n;

  PetscFunctionBeginUser;
  PetscCall(SinewTrainerLoadWeights(t, file, SinewFilePath(file)));
  PetscCall(SinewOptimizerLoad(t->optimizer, file, OPTIMIZER));
  t->torn = PETSC_FALSE;
  PetscCall(SinewFileReadInts(file, TRAINING, "steps", 1, &n, &t->steps));
  PetscCheck(n == 1, t->comm, SINEW_ERR_INPUT, "%s: is no checkpoint of a training", SinewFilePath(file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewTrainerStoreWeights(SinewTrainer t, SinewFile file)
{
  PetscFunctionBeginUser;
  PetscCall(refuse(t));
  PetscCall(TrainerSwap(t));
  PetscCall(SinewNetworkStore(t->network, file, WEIGHTS));
  PetscCall(TrainerSwap(t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewTrainerLoadWeights(SinewTrainer t, SinewFile file, const char path[])
{
  PetscFunctionBeginUser;
  PetscCall(SinewNetworkLoad(t->network, file, path, WEIGHTS));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- getters ---- */

SinewSinenetModel SinewTrainerModel(SinewTrainer t)
{
  return (SinewSinenetModel){.options = t->options.network,
                             .ny = t->shape.ny,
                             .nx = t->shape.nx,
                             .history = t->options.history,
                             .components = t->shape.components};
}

SinewLayout SinewTrainerLayout(SinewTrainer t)
{
  return t->layout;
}

SinewNetwork SinewTrainerNetwork(SinewTrainer t)
{
  return t->network;
}

PetscInt SinewTrainerGroup(SinewTrainer t)
{
  return t->group;
}

size_t SinewTrainerMemory(SinewTrainer t)
{
  return SinewNetworkMemory(t->network) + SinewOptimizerMemory(t->optimizer);
}
