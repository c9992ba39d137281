/* Epochs, and the ways in which a training ends. */
#include <math.h>
#include <stdio.h>

#include "io/publish.h"
#include "solvers/training_private.h"

static PetscErrorCode begin(SinewTraining t)
{
  const char *const columns[TRAIN_COLUMNS] = {"rate", "loss", "gradient", t->type->error[0].column,
                                              t->type->error[1].column};
  char path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  PetscCall(SinewStopClockStart(&t->clock, t->options.wall_time));
  t->checkpoint_clock = t->clock.begin;
  t->first_step = TrainingStep(t);
  t->checkpoint_epoch = TrainingEpoch(t);
  if (!t->restarted)
    PetscCall(SinewCheckpointsSetAside(t->comm, t->checkpoint_directory, t->options.quiet ? NULL : stdout));
  PetscCall(SinewMakeDirectory(t->comm, t->directory));
  PetscCall(SinewMakeDirectory(t->comm, t->checkpoint_directory));
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/history.csv", t->directory));
  PetscCall(SinewHistoryCreate(t->comm, path, TRAIN_COLUMNS, columns, t->restarted, &t->history));
  if (t->restarted) PetscCall(SinewHistoryTruncate(t->history, (PetscInt)t->first_step));
  PetscCall(TrainingStatusOpen(t));
  if (t->options.quiet) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewProgressCreate(t->comm, stdout, PETSC_DEFAULT, TrainingEpoch(t), (PetscReal)t->place.epochs,
                                t->type->work(t->own), &t->progress));
  PetscCall(SinewProgressSetWords(t->progress, "epoch", "loss"));
  PetscCall(SinewProgressUpdate(t->progress, (PetscInt)t->first_step, TrainingEpoch(t), 0, MPI_Wtime()));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- an epoch ---- */

static PetscErrorCode validate(SinewTraining t, PetscInt epoch, TrainPoint *point)
{
  PetscFunctionBeginUser;
  point->error[0] = point->error[1] = NAN;
  if (!t->data.validation || (epoch % t->section.validate_every && epoch != t->place.epochs))
    PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(t->type->validate(t->own, point->error));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode say(SinewTraining t, const TrainPoint *p)
{
  PetscFunctionBeginUser;
  if (t->options.quiet) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewProgressFinish(t->progress));
  PetscCall(PetscPrintf(t->comm, "epoch %.0f  rate %.3g  loss %.4g", p->epoch, p->rate, p->loss));
  for (int e = 0; e < 2 && isfinite(p->error[0]); e++)
    PetscCall(PetscPrintf(t->comm, "  %s %.3f %%", t->type->error[e].label, 100 * p->error[e]));
  PetscCall(PetscPrintf(t->comm, "\n"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode end_epoch(SinewTraining t, double rate)
{
  const PetscInt64 step = TrainingStep(t);
  const PetscInt epoch = (PetscInt)(step / t->type->epoch(t->own));
  const double n = (double)t->type->epoch(t->own);
  TrainPoint point = {.epoch = (double)epoch, .rate = rate, .loss = t->loss_sum / n, .norm = t->norm_sum / n};

  PetscFunctionBeginUser;
  PetscCall(validate(t, epoch, &point));
  PetscCall(TrainingAddPoint(t, &point));
  PetscCall(SinewHistoryWrite(t->history, (PetscInt)step, (PetscReal)epoch, (const PetscReal *)&point.rate));
  PetscCall(say(t, &point));
  PetscCall(TrainingPaint(t));
  t->loss_sum = t->norm_sum = 0;
  if (point.error[1] < t->best) {
    t->best = point.error[1];
    PetscCall(TrainingExport(t, "best.h5"));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What rank 0 sees and everyone hears, agreed on: [0] stop, [1] a checkpoint is due by the clock or was asked for. */
static PetscErrorCode look_outside(SinewTraining t, PetscBool due[2])
{
  double mine[3], all[3];
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(t->comm, &rank));
  mine[0] = SinewStopRequested() || (rank == 0 && SinewStopClockDue(&t->clock, t->directory));
  mine[1] = SinewStopTakeCheckpoint() || t->clock.save ||
            (rank == 0 && t->checkpoint.every_wall > 0 && MPI_Wtime() - t->checkpoint_clock > t->checkpoint.every_wall);
  mine[2] = SinewMemoryPeak();
  PetscCallMPI(MPI_Allreduce(mine, all, 3, MPI_DOUBLE, MPI_MAX, t->comm));
  due[0] = (PetscBool)(all[0] > 0);
  due[1] = (PetscBool)(all[1] > 0);
  t->memory = all[2];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One step with all that follows it; *code other than done ends the training. */
static PetscErrorCode advance(SinewTraining t, double *loss, int *code)
{
  const PetscInt64 before = TrainingStep(t), length = t->type->epoch(t->own);
  const double rate = t->type->rate ? t->type->rate(t->own) : SinewScheduleAt(&t->place.schedule, before, length);
  PetscInt64 step;
  double norm;
  PetscBool due[2];

  PetscFunctionBeginUser;
  PetscCall(t->type->step(t->own, rate, loss, &norm));
  step = TrainingStep(t);
  if (step == before || *loss > t->section.limit) {
    *code = SINEW_EXIT_BREAKDOWN;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  t->loss_sum += *loss;
  t->norm_sum += norm;
  if (t->progress)
    PetscCall(SinewProgressUpdate(t->progress, (PetscInt)step, TrainingEpoch(t), (PetscReal)*loss, MPI_Wtime()));
  if (step % length == 0) PetscCall(end_epoch(t, rate));
  PetscCall(look_outside(t, due));
  if (due[0] && step < TrainingSteps(t)) *code = SINEW_EXIT_STOPPED;
  if (*code == SINEW_EXIT_STOPPED || due[1] || (step == TrainingSteps(t) && t->checkpoint.at_end) ||
      SinewCheckpointSectionDue(&t->checkpoint, (PetscInt)step, TrainingEpoch(t), t->checkpoint_epoch))
    PetscCall(TrainingSave(t));
  PetscCall(TrainingStatusStep(t, *loss));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- endings ---- */

static PetscErrorCode report_breakdown(SinewTraining t, double loss)
{
  char line[256]; /* PETSc's own format writes 1 as 1. */

  PetscFunctionBeginUser;
  (void)snprintf(line, sizeof(line), "the training diverged in step %lld, epoch %.6g: the loss is %g",
                 (long long)TrainingStep(t) + 1, (double)TrainingEpoch(t), loss);
  if (t->last_checkpoint[0])
    PetscCall(PetscFPrintf(t->comm, stderr, "%s\nthe last good state is in %s\n", line, t->last_checkpoint));
  else
    PetscCall(PetscFPrintf(t->comm, stderr, "%s\nno checkpoint had been written yet\n", line));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode report(SinewTraining t)
{
  const double seconds = MPI_Wtime() - t->clock.begin;
  const PetscInt64 steps = TrainingStep(t) - t->first_step;

  PetscFunctionBeginUser;
  PetscCall(SinewProgressFinish(t->progress));
  PetscCall(PetscPrintf(t->comm, "speed     %lld steps in %.2f s: %.3f s a step\n", (long long)steps, seconds,
                        steps ? seconds / (double)steps : 0.));
  PetscCall(PetscPrintf(t->comm, "history   %s/history.csv\npictures  %s/loss.png%s%s%s\n", t->directory, t->directory,
                        t->data.validation ? ", " : "", t->data.validation ? t->directory : "",
                        t->data.validation ? "/validation.png" : ""));
  if (isfinite(t->best))
    PetscCall(PetscPrintf(t->comm, "best      %s/best.h5, %s error %.3f %%\n", t->directory, t->type->error[1].label,
                          100 * t->best));
  if (t->last_checkpoint[0]) PetscCall(PetscPrintf(t->comm, "restart   %s\n", t->last_checkpoint));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewTrainingRun(SinewTraining t, int *code)
{
  static const char *const status[] = {"done", "", "", "breakdown"};
  double loss = 0;

  PetscFunctionBeginUser;
  *code = SINEW_EXIT_DONE;
  PetscCall(begin(t));
  while (*code == SINEW_EXIT_DONE && TrainingStep(t) < TrainingSteps(t)) PetscCall(advance(t, &loss, code));
  if (*code == SINEW_EXIT_BREAKDOWN) {
    if (t->progress) PetscCall(SinewProgressFinish(t->progress));
    PetscCall(report_breakdown(t, loss));
  } else
    PetscCall(TrainingExport(t, "last.h5"));
  PetscCall(TrainingStatusEnd(t, *code == SINEW_EXIT_STOPPED ? "stopped" : status[*code], *code, loss));
  if (t->options.quiet) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(report(t));
  PetscCall(PetscPrintf(t->comm, "RESULT status=%s code=%d step=%lld t=%.17g checkpoint=%s\n",
                        *code == SINEW_EXIT_STOPPED ? "stopped" : status[*code], *code, (long long)TrainingStep(t),
                        (double)TrainingEpoch(t), t->last_checkpoint));
  PetscFunctionReturn(PETSC_SUCCESS);
}
