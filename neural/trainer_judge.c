/* How good a network is: one-step and roll-out errors, in the fields' own units. */
#include "neural/trainer_private.h"
#include <math.h>

typedef struct {
  const PetscReal *mean, *sd;
  PetscInt steps, frames, trajectories;
  double *window;    /* [part][frames] */
  double *predicted; /* [steps][part][frame] */
  double *sums;      /* [part][component][2] */
} Judge;

/* Adds the mean over components of ||p - y|| / ||y|| of each sample that counts. Collective on the group. */
static PetscErrorCode compare(SinewTrainer t, const Judge *judge, PetscInt frame, PetscInt used,
                              const double predicted[], double *sum)
{
  const PetscInt components = t->shape.components, part = t->part;
  const size_t cells = t->frame / (size_t)components;

  PetscFunctionBeginUser;
  for (PetscInt b = 0; b < part; ++b)
    for (PetscInt c = 0; c < components; ++c) {
      const double *p = predicted + (size_t)b * t->frame + (size_t)c * cells;
      const double *y = judge->window + (size_t)(b * judge->frames + frame) * t->frame + (size_t)c * cells;
      double *s = judge->sums + 2 * (b * components + c);

      s[0] = s[1] = 0;
      for (size_t i = 0; i < cells; ++i) {
        const double d = (p[i] - y[i]) * (double)judge->sd[c], v = y[i] * (double)judge->sd[c] + (double)judge->mean[c];

        s[0] += d * d;
        s[1] += v * v;
      }
    }
  PetscCallMPI(
      MPI_Allreduce(MPI_IN_PLACE, judge->sums, (PetscMPIInt)(2 * part * components), MPI_DOUBLE, MPI_SUM, t->inside));
  for (PetscInt k = 0; k < used * components; ++k)
    *sum += sqrt(judge->sums[2 * k] / judge->sums[2 * k + 1]) / (double)components;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Trajectories of this group in one round: group, group + groups, ...; those beyond the last are read but not counted.
 */
static PetscErrorCode read_round(SinewTrainer t, SinewDataset data, const Judge *judge, PetscInt round, PetscInt *used)
{
  PetscFunctionBeginUser;
  *used = 0;
  for (PetscInt b = 0; b < t->part; ++b) {
    const PetscInt k = (round * t->part + b) * t->options.groups + t->group;

    t->sample[b] = (SinewSample){.trajectory = PetscMin(k, judge->trajectories - 1), .count = judge->frames};
    if (k < judge->trajectories) ++*used;
  }
  PetscCall(SinewDatasetRead(data, t->comm, SinewLayoutBox(t->layout), t->part, t->sample, judge->window));
  PetscCall(TrainerCondition(t, data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* sums: [0] one step, [1..steps] the roll-out. */
static PetscErrorCode judge_round(SinewTrainer t, const Judge *judge, PetscInt used, double sums[])
{
  const PetscInt history = t->options.history, windows = judge->frames - history;
  const size_t n = (size_t)t->part * t->frame;

  PetscFunctionBeginUser;
  for (PetscInt j = 0; j < judge->steps; ++j) {
    double *out = judge->predicted + (size_t)j * n;

    PetscCall(TrainerForward(t, judge->window, judge->frames, j, judge->predicted, out));
    PetscCall(compare(t, judge, history + j, used, out, &sums[1 + j]));
  }
  for (PetscInt w = 0; w < windows; ++w) { /* windows of true frames: they begin at frame w */
    PetscCall(TrainerForward(t, judge->window + (size_t)w * t->frame, judge->frames, 0, NULL, t->output));
    PetscCall(compare(t, judge, history + w, used, t->output, &sums[0]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode gather(SinewTrainer t, const Judge *judge, double sums[], SinewTrainerErrors *errors)
{
  const double n = (double)judge->trajectories, windows = (double)(judge->frames - t->options.history);

  PetscFunctionBeginUser;
  if (t->within)
    for (PetscInt k = 0; k <= judge->steps; ++k) sums[k] = 0; /* all ranks of a group know the same */
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sums, (PetscMPIInt)(judge->steps + 1), MPI_DOUBLE, MPI_SUM, t->comm));
  errors->one_step = errors->mean = sums[0] / (n * windows);
  errors->steps = judge->steps;
  if (judge->steps) errors->mean = 0;
  for (PetscInt k = 0; k < judge->steps; ++k) {
    errors->rollout[k] = sums[1 + k] / n;
    errors->mean += errors->rollout[k] / (double)judge->steps;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode prepare(SinewTrainer t, SinewDataset data, PetscInt steps, Judge *judge)
{
  const PetscInt history = t->options.history;
  SinewDatasetShape shape;

  PetscFunctionBeginUser;
  PetscCall(SinewDatasetGetShape(data, &shape));
  PetscCheck(shape.ny == t->shape.ny && shape.nx == t->shape.nx && shape.components == t->shape.components, t->comm,
             SINEW_ERR_INPUT,
             "validation data have %" PetscInt_FMT " components on %" PetscInt_FMT " x %" PetscInt_FMT
             " cells, the training data %" PetscInt_FMT " on %" PetscInt_FMT " x %" PetscInt_FMT,
             shape.components, shape.ny, shape.nx, t->shape.components, t->shape.ny, t->shape.nx);
  PetscCheck(shape.frames > history, t->comm, SINEW_ERR_INPUT,
             "validation trajectories have %" PetscInt_FMT " frames, more than %" PetscInt_FMT " are needed",
             shape.frames, history);
  judge->frames = shape.frames;
  judge->trajectories = shape.trajectories;
  judge->steps = PetscMin(PetscMin(steps, shape.frames - history), SINEW_ROLLOUT_MAX);
  PetscCall(PetscMalloc3((size_t)(t->part * judge->frames) * t->frame, &judge->window,
                         (size_t)(t->part * PetscMax(judge->steps, 1)) * t->frame, &judge->predicted,
                         (size_t)(2 * t->part * t->shape.components), &judge->sums));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewTrainerValidate(SinewTrainer t, SinewDataset data, const PetscReal mean[], const PetscReal sd[],
                                    PetscInt steps, PetscInt trajectories, SinewTrainerErrors *errors)
{
  Judge judge = {.mean = mean, .sd = sd};
  double sums[SINEW_ROLLOUT_MAX + 1] = {0};
  PetscInt rounds, used;

  PetscFunctionBeginUser;
  PetscCall(prepare(t, data, steps, &judge));
  if (trajectories > 0) judge.trajectories = PetscMin(judge.trajectories, trajectories);
  rounds = (judge.trajectories + t->part * t->options.groups - 1) / (t->part * t->options.groups);
  PetscCall(TrainerSwap(t));
  for (PetscInt r = 0; r < rounds; ++r) {
    PetscCall(read_round(t, data, &judge, r, &used));
    PetscCall(judge_round(t, &judge, used, sums));
  }
  PetscCall(TrainerSwap(t));
  PetscCall(gather(t, &judge, sums, errors));
  PetscCall(PetscFree3(judge.window, judge.predicted, judge.sums));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewTrainerRollout(SinewTrainer t, SinewDataset data, PetscInt trajectory, PetscInt steps,
                                   PetscInt component, double truth[], double prediction[])
{
  const size_t cells = t->frame / (size_t)t->shape.components, n = (size_t)t->part * t->frame;
  Judge judge = {0};
  const double *last;

  PetscFunctionBeginUser;
  PetscCall(prepare(t, data, steps, &judge));
  for (PetscInt b = 0; b < t->part; ++b) t->sample[b] = (SinewSample){.trajectory = trajectory, .count = judge.frames};
  PetscCall(SinewDatasetRead(data, t->comm, SinewLayoutBox(t->layout), t->part, t->sample, judge.window));
  PetscCall(TrainerCondition(t, data));
  PetscCall(TrainerSwap(t));
  for (PetscInt j = 0; j < judge.steps; ++j)
    PetscCall(TrainerForward(t, judge.window, judge.frames, j, judge.predicted, judge.predicted + (size_t)j * n));
  PetscCall(TrainerSwap(t));
  last = judge.predicted + (size_t)(judge.steps - 1) * n + (size_t)component * cells;
  PetscCall(PetscArraycpy(prediction, last, cells));
  last = judge.window + (size_t)(t->options.history + judge.steps - 1) * t->frame + (size_t)component * cells;
  PetscCall(PetscArraycpy(truth, last, cells));
  PetscCall(PetscFree3(judge.window, judge.predicted, judge.sums));
  PetscFunctionReturn(PETSC_SUCCESS);
}
