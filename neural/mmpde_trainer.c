/* Training of MM-PDE: batches, the two tasks, their optimisers, judgement. */
#include "neural/mmpde_trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neural/tensor_private.h"

#define GROUP "/training"

struct _p_SinewMmpdeTrainer {
  SinewMmpdeTrainerOptions o;
  MPI_Comm comm;
  SinewDataset data;
  SinewDatasetShape shape;
  SinewDMM mover;
  SinewLayout layout;
  SinewMmpde network;
  SinewOptimizer all, identity;
  PetscInt64 steps;
  PetscInt nodes; /* of this rank, in one sample */
  SinewSample *sample;
  double *planes, *t;   /* [batch][2][fields][ny][nx] as read; times */
  void *u, *target, *y; /* [batch][ny][nx][fields] */
};

PetscErrorCode SinewMmpdeTrainerDefaults(SinewMmpdeTrainerOptions *o)
{
  PetscFunctionBeginUser;
  PetscCall(PetscMemzero(o, sizeof(*o)));
  PetscCall(SinewMmpdeDefaults(&o->model));
  PetscCall(SinewOptimizerDefaults(&o->optimizer));
  o->dtype = SINEW_FLOAT32;
  o->batch = 6;
  o->identity = 1;
  o->optimizer.decay = 0.01;
  o->schedule = (SinewSchedule){
      .kind = SINEW_RATE_MILESTONES, .base = 6e-4, .factor = 0.4, .milestones = 3, .milestone = {30, 50, 70}};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- creation ---- */

static PetscErrorCode check(SinewMmpdeTrainer t)
{
  const SinewDatasetShape *s = &t->shape;
  const PetscInt least = 2 + t->o.tail;

  PetscFunctionBeginUser;
  PetscCheck(s->components == t->o.model.fields, t->comm, SINEW_ERR_INPUT,
             "training: the data set has %" PetscInt_FMT " components a frame, the model %" PetscInt_FMT " fields",
             s->components, t->o.model.fields);
  PetscCheck(s->frames >= least, t->comm, SINEW_ERR_INPUT,
             "training: trajectories have %" PetscInt_FMT " frames, %" PetscInt_FMT " are needed", s->frames, least);
  PetscCheck(t->o.batch > 0 && SinewMmpdeTrainerEpoch(t) > 0, t->comm, SINEW_ERR_INPUT,
             "training: an epoch of %" PetscInt_FMT " samples does not fill a batch of %" PetscInt_FMT,
             s->trajectories * s->frames, t->o.batch);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An optimiser of the parameters with a gradient whose names begin with a word. */
static PetscErrorCode create_optimizer(SinewMmpdeTrainer t, const char word[], SinewOptimizer *optimizer)
{
  const SinewParameter *all;
  SinewParameter *some;
  PetscInt count, chosen = 0;

  PetscFunctionBeginUser;
  PetscCall(SinewMmpdeGetParameters(t->network, &count, &all));
  PetscCall(PetscMalloc1(count, &some));
  for (PetscInt k = 0; k < count; k++)
    if (all[k].gradient && !strncmp(all[k].name, word, strlen(word))) some[chosen++] = all[k];
  PetscCall(SinewOptimizerCreate(t->o.dtype, chosen, some, &t->o.optimizer, optimizer));
  PetscCall(PetscFree(some));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_memory(SinewMmpdeTrainer t)
{
  const SinewBox box = SinewLayoutBox(t->layout);
  size_t values;

  PetscFunctionBeginUser;
  t->nodes = box.ny * box.nx;
  values = (size_t)(t->o.batch * t->nodes * t->o.model.fields);
  PetscCall(PetscMalloc2(t->o.batch, &t->sample, t->o.batch, &t->t));
  PetscCall(PetscMalloc1(2 * values, &t->planes));
  PetscCall(NeuralAlloc(values * SinewDtypeSize(t->o.dtype), &t->u));
  PetscCall(NeuralAlloc(values * SinewDtypeSize(t->o.dtype), &t->target));
  PetscCall(NeuralAlloc(values * SinewDtypeSize(t->o.dtype), &t->y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMmpdeTrainerCreate(MPI_Comm comm, const SinewMmpdeTrainerOptions *options, SinewDataset data,
                                       SinewDMM mover, SinewMmpdeTrainer *trainer)
{
  const SinewMmpdeOptions network = {.dtype = options->dtype, .batch = options->batch, .training = PETSC_TRUE};
  SinewMmpdeTrainer t;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&t));
  *trainer = t;
  t->o = *options;
  t->comm = comm;
  t->data = data;
  t->mover = mover;
  PetscCall(SinewDatasetGetShape(data, &t->shape));
  PetscCall(check(t));
  PetscCall(SinewLayoutCreate(comm, t->shape.ny, t->shape.nx, options->model.periodic, 0, &t->layout));
  PetscCall(SinewMmpdeCreate(t->layout, &options->model, &network, mover, &t->network));
  PetscCall(SinewMmpdeInitialize(t->network, options->seed));
  PetscCall(create_optimizer(t, "", &t->all));
  if (options->model.moving) PetscCall(create_optimizer(t, "itpnet/", &t->identity));
  PetscCall(create_memory(t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMmpdeTrainerDestroy(SinewMmpdeTrainer *trainer)
{
  SinewMmpdeTrainer t = *trainer;

  PetscFunctionBeginUser;
  *trainer = NULL;
  if (!t) PetscFunctionReturn(PETSC_SUCCESS);
  if (t->all) PetscCall(SinewOptimizerDestroy(&t->all));
  if (t->identity) PetscCall(SinewOptimizerDestroy(&t->identity));
  PetscCall(SinewMmpdeDestroy(&t->network));
  if (t->layout) PetscCall(SinewLayoutDestroy(&t->layout));
  PetscCall(PetscFree2(t->sample, t->t));
  PetscCall(PetscFree(t->planes));
  free(t->u);
  free(t->target);
  free(t->y);
  PetscCall(PetscFree(t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- where in the training ---- */

PetscInt64 SinewMmpdeTrainerEpoch(SinewMmpdeTrainer t)
{
  return (PetscInt64)t->shape.trajectories * t->shape.frames / t->o.batch;
}

PetscInt64 SinewMmpdeTrainerSteps(SinewMmpdeTrainer t)
{
  return t->steps;
}

static PetscInt64 identity_epochs(SinewMmpdeTrainer t)
{
  return t->o.model.moving ? t->o.identity : 0;
}

PetscBool SinewMmpdeTrainerIdentity(SinewMmpdeTrainer t)
{
  return (PetscBool)(t->steps < identity_epochs(t) * SinewMmpdeTrainerEpoch(t));
}

double SinewMmpdeTrainerRate(SinewMmpdeTrainer t)
{
  const PetscInt64 length = SinewMmpdeTrainerEpoch(t);
  const double rate = SinewScheduleAt(&t->o.schedule, PetscMax(t->steps - identity_epochs(t) * length, 0), length);

  return t->o.decay_at_start ? t->o.schedule.factor * rate : rate;
}

/* ---- batches ---- */

static void put(SinewMmpdeTrainer t, void *values, PetscInt i, double value)
{
  if (t->o.dtype == SINEW_FLOAT32)
    ((float *)values)[i] = (float)value;
  else
    ((double *)values)[i] = value;
}

static double get(SinewMmpdeTrainer t, const void *values, PetscInt i)
{
  return t->o.dtype == SINEW_FLOAT32 ? (double)((const float *)values)[i] : ((const double *)values)[i];
}

/* The two frames of each of t->sample into u and target, channels last; times. */
static PetscErrorCode read_batch(SinewMmpdeTrainer t, SinewDataset data)
{
  const PetscInt F = t->o.model.fields, n = t->nodes;

  PetscFunctionBeginUser;
  PetscCall(SinewDatasetRead(data, t->comm, SinewLayoutBox(t->layout), t->o.batch, t->sample, t->planes));
  for (PetscInt b = 0; b < t->o.batch; b++) {
    t->t[b] = (double)t->sample[b].first * (t->shape.step > 0 ? t->shape.step : 1);
    for (PetscInt i = 0; i < n; i++)
      for (PetscInt f = 0; f < F; f++) {
        put(t, t->u, (b * n + i) * F + f, t->planes[(2 * b * F + f) * n + i]);
        put(t, t->target, (b * n + i) * F + f, t->planes[((2 * b + 1) * F + f) * n + i]);
      }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode move(SinewMmpdeTrainer t)
{
  SinewMmpdeMesh mesh;

  PetscFunctionBeginUser;
  PetscCall(SinewMmpdeMove(t->network, t->u, t->o.damp, &mesh));
  PetscCheck(!mesh.folded, t->comm, SINEW_ERR_INPUT,
             "training: the mover folds the mesh in %lld cells of a batch: train it further, or damp it",
             (long long)mesh.folded);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Sum over this rank's values of (y - target)^2 of the first `samples`; y becomes its derivative times `factor`, when
   that is not 0. */
static double difference(SinewMmpdeTrainer t, const void *target, PetscInt samples, double factor)
{
  double sum = 0;

  for (PetscInt i = 0; i < samples * t->nodes * t->o.model.fields; i++) {
    const double d = get(t, t->y, i) - get(t, target, i);

    sum += d * d;
    if (factor != 0) put(t, t->y, i, 2 * factor * d);
  }
  return sum;
}

/* ---- a step ---- */

PetscErrorCode SinewMmpdeTrainerStep(SinewMmpdeTrainer t, double rate, double *loss, double *norm)
{
  const PetscInt64 epoch = SinewMmpdeTrainerEpoch(t), place = t->steps % epoch;
  const PetscBool identity = SinewMmpdeTrainerIdentity(t);
  const double all = (double)t->o.batch * (double)t->shape.ny * (double)t->shape.nx * (double)t->o.model.fields;
  const SinewOptimizer optimizer = identity ? t->identity : t->all;
  const PetscInt64 before = SinewOptimizerCount(optimizer);

  PetscFunctionBeginUser;
  for (PetscInt b = 0; b < t->o.batch; b++) {
    PetscCall(SinewDatasetDraw(t->data, t->o.seed, t->steps / epoch, place * t->o.batch + b, 2 + t->o.tail,
                               &t->o.augment, &t->sample[b]));
    t->sample[b].count = 2;
  }
  PetscCall(read_batch(t, t->data));
  PetscCall(move(t));
  PetscCall(
      SinewMmpdeForward(t->network, identity ? SINEW_MMPDE_IDENTITY : SINEW_MMPDE_STEP, t->t, t->u, PETSC_TRUE, t->y));
  *loss = difference(t, identity ? t->u : t->target, t->o.batch, 1 / all) / all;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, loss, 1, MPI_DOUBLE, MPI_SUM, t->comm));
  PetscCall(SinewMmpdeBackward(t->network, t->y, NULL));
  PetscCall(SinewOptimizerStep(optimizer, rate, norm));
  t->steps += SinewOptimizerCount(optimizer) - before;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- judgement ---- */

/* What is summed over samples: mean squares of what is read, or relative errors in fields' own units. */
typedef struct {
  const PetscReal *mean, *sd; /* NULL: squares */
  double *sums;               /* [batch][fields][2] */
} Measure;

static double square(SinewMmpdeTrainer t, PetscInt samples)
{
  return difference(t, t->target, samples, 0) / (double)t->shape.ny / (double)t->shape.nx / (double)t->o.model.fields;
}

/* The mean over fields of ||p - y|| / ||y||. */
static PetscErrorCode relative(SinewMmpdeTrainer t, const Measure *m, PetscInt samples, double *sum)
{
  const PetscInt F = t->o.model.fields;

  PetscFunctionBeginUser;
  PetscCall(PetscArrayzero(m->sums, 2 * samples * F));
  for (PetscInt i = 0; i < samples * t->nodes * F; i++) {
    const PetscInt f = i % F, b = i / (t->nodes * F);
    const double y = get(t, t->target, i), d = (get(t, t->y, i) - y) * (double)m->sd[f],
                 v = y * (double)m->sd[f] + (double)m->mean[f];

    m->sums[2 * (b * F + f)] += d * d;
    m->sums[2 * (b * F + f) + 1] += v * v;
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, m->sums, (PetscMPIInt)(2 * samples * F), MPI_DOUBLE, MPI_SUM, t->comm));
  for (PetscInt k = 0; k < samples * F; k++) *sum += sqrt(m->sums[2 * k] / m->sums[2 * k + 1]) / (double)F;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Adds what the first `samples` predictions amount to. Collective. */
static PetscErrorCode measure(SinewMmpdeTrainer t, const Measure *m, PetscInt samples, double *sum)
{
  double own;

  PetscFunctionBeginUser;
  if (m->mean) {
    PetscCall(relative(t, m, samples, sum));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  own = square(t, samples);
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &own, 1, MPI_DOUBLE, MPI_SUM, t->comm));
  *sum += own;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The k-th window of two frames (modulo their number) as sample b. */
static void window(SinewMmpdeTrainer t, const SinewDatasetShape *shape, PetscInt64 k, PetscInt b)
{
  const PetscInt64 each = shape->frames - 1;

  t->sample[b] = (SinewSample){
      .trajectory = (PetscInt)(k / each % shape->trajectories), .first = (PetscInt)(k % each), .count = 2};
}

static PetscErrorCode predict(SinewMmpdeTrainer t)
{
  PetscFunctionBeginUser;
  PetscCall(move(t));
  PetscCall(SinewMmpdeForward(t->network, SINEW_MMPDE_STEP, t->t, t->u, PETSC_FALSE, t->y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode judge_steps(SinewMmpdeTrainer t, SinewDataset data, const SinewDatasetShape *shape,
                                  const Measure *m, double *mean)
{
  const PetscInt64 all = (PetscInt64)shape->trajectories * (shape->frames - 1);

  PetscFunctionBeginUser;
  *mean = 0;
  for (PetscInt64 k = 0; k < all; k += t->o.batch) {
    for (PetscInt b = 0; b < t->o.batch; b++) window(t, shape, k + b, b);
    PetscCall(read_batch(t, data));
    PetscCall(predict(t));
    PetscCall(measure(t, m, (PetscInt)PetscMin(t->o.batch, all - k), mean));
  }
  *mean /= (double)all;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Trajectories first .. first + batch - 1 from their first frames on; the last prediction stays in t->y. */
static PetscErrorCode judge_rollout(SinewMmpdeTrainer t, SinewDataset data, const SinewDatasetShape *shape,
                                    PetscInt first, PetscInt steps, const Measure *m, double sums[])
{
  const size_t bytes = (size_t)(t->o.batch * t->nodes * t->o.model.fields) * SinewDtypeSize(t->o.dtype);

  PetscFunctionBeginUser;
  for (PetscInt s = 0; s < steps; s++) {
    void *state = t->y; /* what was predicted becomes what is seen */

    for (PetscInt b = 0; b < t->o.batch; b++) window(t, shape, (PetscInt64)(first + b) * (shape->frames - 1) + s, b);
    PetscCall(read_batch(t, data));
    if (s) memcpy(t->u, state, bytes);
    PetscCall(predict(t));
    if (m) PetscCall(measure(t, m, PetscMin(t->o.batch, shape->trajectories - first), &sums[s]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode judge_rollouts(SinewMmpdeTrainer t, SinewDataset data, const SinewDatasetShape *shape,
                                     PetscInt steps, const Measure *m, double means[])
{
  PetscFunctionBeginUser;
  PetscCall(PetscArrayzero(means, steps));
  for (PetscInt first = 0; first < shape->trajectories && steps; first += t->o.batch)
    PetscCall(judge_rollout(t, data, shape, first, steps, m, means));
  for (PetscInt s = 0; s < steps; s++) means[s] /= (double)shape->trajectories;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode get_shape(SinewMmpdeTrainer t, SinewDataset data, PetscInt trajectories, SinewDatasetShape *shape)
{
  PetscFunctionBeginUser;
  PetscCall(SinewDatasetGetShape(data, shape));
  PetscCheck(shape->ny == t->shape.ny && shape->nx == t->shape.nx && shape->components == t->shape.components, t->comm,
             SINEW_ERR_INPUT, "training: the data set to judge on has other frames than the one to train on");
  if (trajectories) shape->trajectories = PetscMin(shape->trajectories, trajectories);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMmpdeTrainerJudge(SinewMmpdeTrainer t, SinewDataset data, PetscInt steps, double *one_step,
                                      double rollout[])
{
  const Measure squares = {NULL, NULL, NULL};
  SinewDatasetShape shape;

  PetscFunctionBeginUser;
  PetscCall(get_shape(t, data, 0, &shape));
  PetscCheck(steps < shape.frames, t->comm, SINEW_ERR_INPUT,
             "training: a roll-out of %" PetscInt_FMT " steps needs more than the %" PetscInt_FMT " frames there are",
             steps, shape.frames);
  PetscCall(judge_steps(t, data, &shape, &squares, one_step));
  PetscCall(judge_rollouts(t, data, &shape, steps, &squares, rollout));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMmpdeTrainerValidate(SinewMmpdeTrainer t, SinewDataset data, const PetscReal mean[],
                                         const PetscReal sd[], PetscInt steps, PetscInt trajectories,
                                         SinewTrainerErrors *errors)
{
  Measure m = {mean, sd, NULL};
  SinewDatasetShape shape;

  PetscFunctionBeginUser;
  PetscCall(get_shape(t, data, trajectories, &shape));
  PetscCall(PetscMalloc1((size_t)(2 * t->o.batch * t->o.model.fields), &m.sums));
  errors->steps = PetscMin(PetscMin(steps, shape.frames - 1), SINEW_ROLLOUT_MAX);
  PetscCall(judge_steps(t, data, &shape, &m, &errors->one_step));
  PetscCall(judge_rollouts(t, data, &shape, errors->steps, &m, errors->rollout));
  errors->mean = errors->steps ? 0 : errors->one_step;
  for (PetscInt s = 0; s < errors->steps; s++) errors->mean += errors->rollout[s] / (double)errors->steps;
  PetscCall(PetscFree(m.sums));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMmpdeTrainerRollout(SinewMmpdeTrainer t, SinewDataset data, PetscInt trajectory, PetscInt steps,
                                        PetscInt field, double truth[], double prediction[])
{
  const PetscInt F = t->o.model.fields;
  SinewDatasetShape shape;

  PetscFunctionBeginUser;
  PetscCall(get_shape(t, data, 0, &shape));
  PetscCall(judge_rollout(t, data, &shape, trajectory, PetscMin(steps, shape.frames - 1), NULL, NULL));
  for (PetscInt i = 0; i < t->nodes; i++) {
    truth[i] = get(t, t->target, i * F + field);
    prediction[i] = get(t, t->y, i * F + field);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- files ---- */

PetscErrorCode SinewMmpdeTrainerStore(SinewMmpdeTrainer t, SinewFile file)
{
  PetscFunctionBeginUser;
  PetscCall(SinewMmpdeStore(t->network, file, "/weights"));
  PetscCall(SinewOptimizerStore(t->all, file, "/optimizer"));
  if (t->identity) PetscCall(SinewOptimizerStore(t->identity, file, "/identity"));
  PetscCall(SinewFileWriteInts(file, GROUP, "steps", 1, &t->steps));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMmpdeTrainerLoad(SinewMmpdeTrainer t, SinewFile file)
{
  PetscInt n;

  PetscFunctionBeginUser;
  PetscCall(SinewMmpdeLoad(t->network, file, SinewFilePath(file), "/weights"));
  PetscCall(SinewOptimizerLoad(t->all, file, "/optimizer"));
  if (t->identity) PetscCall(SinewOptimizerLoad(t->identity, file, "/identity"));
  PetscCall(SinewFileReadInts(file, GROUP, "steps", 1, &n, &t->steps));
  PetscCheck(n == 1 && t->steps >= 0, t->comm, SINEW_ERR_INPUT, "%s: no training of MM-PDE: steps of %s is missing",
             SinewFilePath(file), GROUP);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMmpdeTrainerLoadWeights(SinewMmpdeTrainer t, SinewFile file, const char path[])
{
  PetscFunctionBeginUser;
  PetscCall(SinewMmpdeLoad(t->network, file, path, "/weights"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMmpdeTrainerStoreModel(SinewMmpdeTrainer t, SinewFile file)
{
  const PetscInt64 walls = t->mover && SinewDMMWalls(t->mover);
  char name[128];
  SinewArray array;

  PetscFunctionBeginUser;
  PetscCall(SinewMmpdeWriteModel(file, &t->o.model));
  PetscCall(SinewMmpdeStore(t->network, file, "/weights"));
  for (PetscInt i = 0; t->mover; i++) {
    PetscCall(SinewDMMGetParameter(t->mover, i, &array));
    if (!array.name) break;
    PetscCall(PetscSNPrintf(name, sizeof(name), "/weights/mover/%s", array.name));
    array.name = name;
    PetscCall(SinewFileWrite(file, &array));
  }
  if (t->mover) PetscCall(SinewFileWriteInts(file, "/weights/mover", "walls", 1, &walls));
  PetscFunctionReturn(PETSC_SUCCESS);
}

SinewMmpde SinewMmpdeTrainerNetwork(SinewMmpdeTrainer t)
{
  return t->network;
}

SinewLayout SinewMmpdeTrainerLayout(SinewMmpdeTrainer t)
{
  return t->layout;
}

size_t SinewMmpdeTrainerMemory(SinewMmpdeTrainer t)
{
  const size_t gradients = 2 * (size_t)SinewMmpdeParameterCount(t->network) * SinewDtypeSize(t->o.dtype);

  return gradients + SinewOptimizerMemory(t->all) + (t->identity ? SinewOptimizerMemory(t->identity) : 0);
}
