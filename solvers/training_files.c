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
  const PetscInt64 step = SinewTrainerSteps(t->trainer);
  const PetscReal epoch = TrainingEpoch(t);
  SinewFile file;

  PetscFunctionBeginUser;
  PetscCall(SinewCheckpointsBegin(t->checkpoints, step, &file));
  PetscCall(SinewForecastModelWrite(file, &t->model));
  PetscCall(SinewTrainerStore(t->trainer, file));
  PetscCall(SinewFileWriteReals(file, GROUP, "loss_norm_best", 3, state));
  if (t->points) PetscCall(SinewFileWrite(file, &points));
  PetscCall(SinewFileWriteReals(file, "/", "time", 1, &epoch));
  PetscCall(SinewFileWriteInts(file, "/", "step", 1, &step));
  PetscCall(SinewFileWriteString(file, "/", "effective_deck", SinewDeckEffective(t->deck)));
  PetscCall(SinewProvenanceWrite(&t->provenance, file));
  PetscCall(SinewCheckpointsEnd(t->checkpoints, &file));
  PetscCall(PetscStrncpy(t->last_checkpoint, SinewCheckpointsLastPath(t->checkpoints), sizeof(t->last_checkpoint)));
  t->checkpoint_epoch = epoch;
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
  PetscCall(SinewTrainerLoad(t->trainer, file));
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
  PetscCall(SinewFileClose(&file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the network ---- */

PetscErrorCode TrainingExport(SinewTraining t, const char name[])
{
  const PetscReal epoch = TrainingEpoch(t);
  char path[PETSC_MAX_PATH_LEN];
  SinewFile file;

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/%s", t->directory, name));
  PetscCall(SinewFileCreate(t->comm, path, &file));
  PetscCall(SinewForecastModelWrite(file, &t->model));
  PetscCall(SinewTrainerStoreWeights(t->trainer, file));
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
  SinewCurve curve[3] = {{.label = "training loss"}, {.label = "one step"}, {.label = "roll-out"}};
  char path[PETSC_MAX_PATH_LEN];
  PetscReal *x, *y[3];
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(t->comm, &rank));
  PetscCall(PetscMalloc4((size_t)n, &x, (size_t)n, &y[0], (size_t)n, &y[1], (size_t)n, &y[2]));
  for (PetscInt k = 0; k < n; k++) {
    x[k] = (PetscReal)t->point[k].epoch;
    y[0][k] = (PetscReal)log10(t->point[k].loss);
    y[1][k] = (PetscReal)log10(t->point[k].one_step);
    y[2][k] = (PetscReal)log10(t->point[k].rollout);
  }
  for (int c = 0; c < 3; c++) {
    curve[c].n = rank ? 0 : n;
    curve[c].x = x;
    curve[c].y = y[c];
  }
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/loss.png", t->directory));
  PetscCall(SinewImageCurves(t->comm, path, t->validation ? 3 : 1, curve, "epoch", "log10 of relative errors", &style));
  PetscCall(PetscFree4(x, y[0], y[1], y[2]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Corners of this rank's cells, in cells; none outside the first group, so that every cell is painted once. */
static void set_corners(SinewBox box, PetscReal x[], PetscReal y[])
{
  for (PetscInt j = 0; j <= box.ny; j++)
    for (PetscInt i = 0; i <= box.nx; i++) {
      x[j * (box.nx + 1) + i] = (PetscReal)(box.x + i);
      y[j * (box.nx + 1) + i] = (PetscReal)(box.y + j);
    }
}

/* Truth, prediction and their difference at the end of the first validation trajectory's roll-out. */
static PetscErrorCode paint_rollout(SinewTraining t)
{
  const SinewBox box = SinewLayoutBox(SinewTrainerLayout(t->trainer));
  const size_t cells = (size_t)(box.ny * box.nx), corners = (size_t)((box.ny + 1) * (box.nx + 1));
  const PetscBool first = (PetscBool)(SinewTrainerGroup(t->trainer) == 0);
  const PetscReal mean = t->model.mean[t->picture], sd = t->model.sd[t->picture];
  const char *map = SinewColormaps[t->output.colormap];
  char title[3][96], path[PETSC_MAX_PATH_LEN];
  SinewDatasetShape shape;
  PetscReal *x, *y, *value[3], range[2] = {-PETSC_MAX_REAL, -PETSC_MAX_REAL};
  PetscInt steps;

  PetscFunctionBeginUser;
  PetscCall(SinewDatasetGetShape(t->validation, &shape));
  steps = PetscMin(PetscMax(t->section.validate_steps, 1), shape.frames - t->trainer_options.history);
  PetscCall(PetscMalloc5(corners, &x, corners, &y, cells, &value[0], cells, &value[1], cells, &value[2]));
  PetscCall(SinewTrainerRollout(t->trainer, t->validation, 0, steps, t->picture, value[0], value[1]));
  for (size_t i = 0; i < cells; i++) {
    value[0][i] = value[0][i] * sd + mean;
    value[1][i] = value[1][i] * sd + mean;
    value[2][i] = value[1][i] - value[0][i];
    range[0] = PetscMax(range[0], value[0][i]);
    range[1] = PetscMax(range[1], -value[0][i]);
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, range, 2, MPIU_REAL, MPIU_MAX, t->comm));
  set_corners(box, x, y);
  (void)snprintf(title[0], sizeof(title[0]), "%s, step %d, truth", SinewDatasetComponent(t->validation, t->picture),
                 (int)steps);
  (void)snprintf(title[1], sizeof(title[1]), "prediction, epoch %.4g", (double)TrainingEpoch(t));
  (void)snprintf(title[2], sizeof(title[2]), "difference");
  {
    const SinewImageStyle style[3] = {
        {.title = title[0], .colormap = map, .min = -range[1], .max = range[0], .width = 384},
        {.title = title[1], .colormap = map, .min = -range[1], .max = range[0], .width = 384},
        {.title = title[2], .colormap = "coolwarm", .width = 384}};

    PetscCall(PetscSNPrintf(path, sizeof(path), "%s/validation.png", t->directory));
    PetscCall(SinewImagePanels(t->comm, path, 3, first ? box.nx : 0, first ? box.ny : 0, x, y,
                               (const PetscReal *const *)value, style));
  }
  PetscCall(PetscFree5(x, y, value[0], value[1], value[2]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TrainingPaint(SinewTraining t)
{
  PetscFunctionBeginUser;
  if (t->points) PetscCall(paint_losses(t));
  if (t->validation) PetscCall(paint_rollout(t));
  PetscFunctionReturn(PETSC_SUCCESS);
}
