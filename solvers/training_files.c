/* What a training leaves behind: checkpoints, files of the network, pictures. */
#include <math.h>
#include <stdio.h>

#include "io/image.h"
#include "solvers/training_private.h"

#define GROUP  "/training"
#define POINTS "/training/points"

PetscErrorCode TrainingAddPoint(SinewTraining t, const TrainPoint *point)
{
  PetscFunctionBeginUser;
  if (t->points == t->room) {
    t->room = 2 * t->room + 16;
    PetscCall(PetscRealloc((size_t)t->room * sizeof(*t->point), &t->point));
  }
  t->point[t->points++] = *point;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- checkpoints ---- */

static SinewArray describe_points(SinewTraining t)
{
  return (SinewArray){.name = POINTS,
                      .dtype = SINEW_FLOAT64,
                      .rank = 2,
                      .shape = {t->points, (PetscInt64)(sizeof(TrainPoint) / sizeof(double))},
                      .data = t->point};
}

PetscErrorCode TrainingSave(SinewTraining t)
{
  const double begin = MPI_Wtime(), state[] = {t->loss_sum, t->norm_sum, t->best};
  const SinewArray points = describe_points(t);
  const PetscInt64 step = TrainingStep(t);
  const PetscReal epoch = TrainingEpoch(t);
  SinewFile file;

  PetscFunctionBeginUser;
  PetscCall(SinewCheckpointsBegin(t->checkpoints, step, &file));
  PetscCall(t->type->store(t->own, file));
  PetscCall(SinewFileWriteReals(file, GROUP, "loss_norm_best", 3, state));
  if (t->points) PetscCall(SinewFileWrite(file, &points));
  PetscCall(SinewFileWriteReals(file, "/", "time", 1, &epoch));
  PetscCall(SinewFileWriteInts(file, "/", "step", 1, &step));
  PetscCall(SinewFileWriteString(file, "/", "effective_deck", SinewDeckEffective(t->deck)));
  PetscCall(SinewProvenanceWrite(&t->provenance, file));
  PetscCall(SinewCheckpointsEnd(t->checkpoints, &file));
  PetscCall(PetscStrncpy(t->last_checkpoint, SinewCheckpointsLastPath(t->checkpoints), sizeof(t->last_checkpoint)));
  t->checkpoint_epoch = epoch;
  t->checkpoint_step = step;
  t->clock.save = PETSC_FALSE;
  t->checkpoint_clock = MPI_Wtime();
  PetscCall(SinewStopClockSaved(&t->clock, t->checkpoint_clock - begin));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_deck(SinewTraining t, SinewFile file)
{
  char *effective;

  PetscFunctionBeginUser;
  PetscCall(SinewFileReadString(file, "/", "effective_deck", &effective));
  if (effective)
    PetscCall(SinewDeckCompareEffective(t->deck, effective, t->options.allowed_count, t->options.allowed,
                                        t->options.quiet ? NULL : stdout));
  PetscCall(SinewDeckCheck(t->deck));
  PetscCall(PetscFree(effective));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode load_points(SinewTraining t, SinewFile file)
{
  PetscBool exists;
  SinewArray array;

  PetscFunctionBeginUser;
  PetscCall(SinewFileInquire(file, POINTS, &exists, &array));
  if (!exists) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCheck(array.rank == 2 && array.shape[1] == (PetscInt64)(sizeof(TrainPoint) / sizeof(double)), t->comm,
             SINEW_ERR_INPUT, "%s: %s has another shape", SinewFilePath(file), POINTS);
  t->points = t->room = (PetscInt)array.shape[0];
  PetscCall(PetscRealloc((size_t)t->room * sizeof(*t->point), &t->point));
  array = describe_points(t);
  PetscCall(SinewFileRead(file, &array));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode load(SinewTraining t, SinewFile file)
{
  double state[3];
  PetscInt n;

  PetscFunctionBeginUser;
  PetscCall(check_deck(t, file));
  PetscCall(SinewFileReadReals(file, GROUP, "loss_norm_best", 3, &n, state));
  PetscCheck(n == 3, t->comm, SINEW_ERR_INPUT, "%s: is no checkpoint of a training", SinewFilePath(file));
  t->loss_sum = state[0];
  t->norm_sum = state[1];
  t->best = state[2];
  PetscCall(t->type->restore(t->own, file));
  PetscCall(load_points(t, file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TrainingLoad(SinewTraining t)
{
  SinewFile file = NULL;

  PetscFunctionBeginUser;
  PetscCall(SinewCheckpointsOpen(t->checkpoints, t->options.restart, &file, &t->restarted));
  if (!t->restarted) {
    if (!t->options.quiet)
      PetscCall(PetscPrintf(t->comm, "restart   no checkpoint in %s: starting afresh\n", t->checkpoint_directory));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(load(t, file));
  if (!t->options.quiet) PetscCall(PetscPrintf(t->comm, "restart   from %s\n", SinewFilePath(file)));
  PetscCall(PetscStrncpy(t->last_checkpoint, SinewFilePath(file), sizeof(t->last_checkpoint)));
  t->checkpoint_step = TrainingStep(t);
  PetscCall(SinewFileClose(&file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- files for runs ---- */

PetscErrorCode TrainingExport(SinewTraining t, const char name[])
{
  const PetscReal epoch = TrainingEpoch(t);
  char path[PETSC_MAX_PATH_LEN];
  SinewFile file;

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/%s", t->directory, name));
  PetscCall(SinewFileCreate(t->comm, path, &file));
  PetscCall(t->type->export(t->own, file));
  PetscCall(SinewFileWriteReals(file, GROUP, "epoch", 1, &epoch));
  PetscCall(SinewProvenanceWrite(&t->provenance, file));
  PetscCall(SinewFilePublish(&file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- pictures ---- */

/* Losses over epochs, as decimal logarithms: they fall by orders of magnitude. */
static PetscErrorCode paint_losses(SinewTraining t)
{
  const SinewImageStyle style = {.title = t->title ? t->title : "training"};
  const PetscInt n = t->points;
  SinewCurve curve[3] = {
      {.label = "training loss"}, {.label = t->type->error[0].label}, {.label = t->type->error[1].label}};
  char path[PETSC_MAX_PATH_LEN];
  PetscReal *x, *y[3];
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(t->comm, &rank));
  PetscCall(PetscMalloc4((size_t)n, &x, (size_t)n, &y[0], (size_t)n, &y[1], (size_t)n, &y[2]));
  for (PetscInt k = 0; k < n; k++) {
    x[k] = (PetscReal)t->point[k].epoch;
    y[0][k] = (PetscReal)log10(t->point[k].loss);
    y[1][k] = (PetscReal)log10(t->point[k].error[0]);
    y[2][k] = (PetscReal)log10(t->point[k].error[1]);
  }
  for (int c = 0; c < 3; c++) {
    curve[c].n = rank ? 0 : n;
    curve[c].x = x;
    curve[c].y = y[c];
  }
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/loss.png", t->directory));
  PetscCall(
      SinewImageCurves(t->comm, path, t->data.validation ? 3 : 1, curve, "epoch", "log10 of relative errors", &style));
  PetscCall(PetscFree4(x, y[0], y[1], y[2]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TrainingPaint(SinewTraining t)
{
  char path[PETSC_MAX_PATH_LEN];
  const SinewTrainingPicture picture = {
      .path = path, .colormap = SinewColormaps[t->output.colormap], .component = t->picture, .epoch = TrainingEpoch(t)};

  PetscFunctionBeginUser;
  if (t->points) PetscCall(paint_losses(t));
  if (!t->data.validation || !t->type->paint) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/validation.png", t->directory));
  PetscCall(t->type->paint(t->own, &picture));
  PetscFunctionReturn(PETSC_SUCCESS);
}
