#include "solvers/trainings/frames.h"

#include <stdio.h>

#include "io/image.h"

PetscErrorCode TrainingFieldsCheck(const SinewTrainingPlace *place, const SinewStringList *fields)
{
  PetscFunctionBeginUser;
  if (fields->n && fields->n != place->components)
    PetscCall(SinewDeckMistake(place->deck, SinewNodeGet(place->deck, place->network, "fields"), "network.fields",
                               "expected %" PetscInt_FMT " names, one a component of the data, found %" PetscInt_FMT,
                               place->components, fields->n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TrainingFramesDescribe(const SinewTrainingData *data, const SinewStringList *fields,
                                      SinewForecastModel *model)
{
  const PetscInt n = data->shape.components;

  PetscFunctionBeginUser;
  model->time_step = data->shape.step;
  model->normalised = PETSC_TRUE;
  model->fields = n;
  PetscCall(PetscArraycpy(model->mean, data->mean, n));
  PetscCall(PetscArraycpy(model->sd, data->sd, n));
  for (PetscInt c = 0; c < n; c++)
    PetscCall(PetscStrncpy(model->field[c], fields->n ? fields->value[c] : SinewDatasetComponent(data->training, c),
                           sizeof(model->field[c])));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the picture ---- */

/* Corners of this rank's cells, in cells. */
static void set_corners(SinewBox box, PetscReal x[], PetscReal y[])
{
  for (PetscInt j = 0; j <= box.ny; j++)
    for (PetscInt i = 0; i <= box.nx; i++) {
      x[j * (box.nx + 1) + i] = (PetscReal)(box.x + i);
      y[j * (box.nx + 1) + i] = (PetscReal)(box.y + j);
    }
}

/* In the field's own units; *least and *most over all ranks. */
static PetscErrorCode set_values(MPI_Comm comm, const SinewTrainingData *data, PetscInt component, size_t cells,
                                 const double truth[], const double prediction[], PetscReal *const value[3],
                                 PetscReal *least, PetscReal *most)
{
  const PetscReal mean = data->mean[component], sd = data->sd[component];
  PetscReal range[2] = {-PETSC_MAX_REAL, -PETSC_MAX_REAL};

  PetscFunctionBeginUser;
  for (size_t i = 0; i < cells; i++) {
    value[0][i] = (PetscReal)truth[i] * sd + mean;
    value[1][i] = (PetscReal)prediction[i] * sd + mean;
    value[2][i] = value[1][i] - value[0][i];
    range[0] = PetscMax(range[0], -value[0][i]);
    range[1] = PetscMax(range[1], value[0][i]);
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, range, 2, MPIU_REAL, MPIU_MAX, comm));
  *least = -range[0];
  *most = range[1];
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TrainingFramesPaint(MPI_Comm comm, const SinewTrainingPicture *p, const SinewTrainingData *data,
                                   SinewBox box, PetscBool first, PetscInt steps, PetscInt history,
                                   TrainingRollout *rollout, void *own)
{
  const size_t cells = (size_t)(box.ny * box.nx), corners = (size_t)((box.ny + 1) * (box.nx + 1));
  char title[2][96];
  PetscReal *x, *y, *value[3], least = 0, most = 0;
  SinewDatasetShape shape;
  double *truth, *prediction;
  PetscInt last;

  PetscFunctionBeginUser;
  PetscCall(SinewDatasetGetShape(data->validation, &shape));
  last = PetscMin(PetscMax(steps, 1), shape.frames - history);
  PetscCall(PetscMalloc2(cells, &truth, cells, &prediction));
  PetscCall((*rollout)(own, last, p->component, truth, prediction));
  PetscCall(PetscMalloc5(corners, &x, corners, &y, cells, &value[0], cells, &value[1], cells, &value[2]));
  PetscCall(set_values(comm, data, p->component, cells, truth, prediction, value, &least, &most));
  set_corners(box, x, y);
  (void)snprintf(title[0], sizeof(title[0]), "%s, step %d, truth", SinewDatasetComponent(data->training, p->component),
                 (int)last);
  (void)snprintf(title[1], sizeof(title[1]), "prediction, epoch %.4g", (double)p->epoch);
  {
    const SinewImageStyle style[3] = {
        {.title = title[0], .colormap = p->colormap, .min = least, .max = most, .width = 384},
        {.title = title[1], .colormap = p->colormap, .min = least, .max = most, .width = 384},
        {.title = "difference", .colormap = "coolwarm", .width = 384}};

    PetscCall(SinewImagePanels(comm, p->path, 3, first ? box.nx : 0, first ? box.ny : 0, x, y,
                               (const PetscReal *const *)value, style));
  }
  PetscCall(PetscFree5(x, y, value[0], value[1], value[2]));
  PetscCall(PetscFree2(truth, prediction));
  PetscFunctionReturn(PETSC_SUCCESS);
}
