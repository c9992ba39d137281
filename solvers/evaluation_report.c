/* What an evaluation leaves: a table, two CSV files, pictures. */
#include "io/image.h"
#include "io/publish.h"
#include "solvers/evaluation_private.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- numbers ---- */

static double mean_error(const Evaluation *e, PetscInt step, PetscInt c)
{
  return e->step[step].error[c] / (double)e->trajectories;
}

/* Over trajectories; 0 of a single one. */
static double spread(const Evaluation *e, PetscInt step, PetscInt c)
{
  const double n = (double)e->trajectories, mean = mean_error(e, step, c);

  return n > 1 ? sqrt(fmax(0, (e->step[step].square[c] - n * mean * mean) / (n - 1))) : 0;
}

double EvaluateMeanError(const Evaluation *e, PetscInt step)
{
  double sum = 0;

  for (PetscInt c = 0; c < e->shape.components; c++) sum += mean_error(e, step, c);
  return sum / (double)e->shape.components;
}

static double one_step_mean(const Evaluation *e)
{
  double sum = 0;

  for (PetscInt c = 0; c < e->shape.components; c++) sum += e->one_step[c];
  return sum / (double)e->shape.components;
}

/* ---- text that grows ---- */

PetscErrorCode EvaluateSay(EvaluateText *t, const char format[], ...)
{
  va_list list;
  int n;

  PetscFunctionBeginUser;
  va_start(list, format);
  n = vsnprintf(NULL, 0, format, list);
  va_end(list);
  if (t->used + (size_t)n + 1 > t->size) {
    t->size = 2 * t->size + (size_t)n + 1024;
    PetscCall(PetscRealloc(t->size, &t->text));
  }
  va_start(list, format);
  vsnprintf(t->text + t->used, t->size - t->used, format, list);
  va_end(list);
  t->used += (size_t)n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode EvaluatePublish(Evaluation *e, const char name[], EvaluateText *t)
{
  char path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/%s", e->directory, name));
  PetscCall(SinewPublishText(e->comm, path, t->text));
  PetscCall(PetscFree(t->text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the table and the CSV files ---- */

static PetscErrorCode make_table(Evaluation *e, EvaluateText *t)
{
  const PetscInt nc = e->shape.components;
  const char *const kind = e->section.precision;

  PetscFunctionBeginUser;
  PetscCall(EvaluateSay(t, "network   %s, %d parameters, %s\n", e->weights, (int)e->parameters, kind));
  PetscCall(EvaluateSay(t, "data      %d trajectories of %d frames, %d components on %d x %d cells\n",
                        (int)e->trajectories, (int)e->shape.frames, (int)nc, (int)e->shape.nx, (int)e->shape.ny));
  PetscCall(EvaluateSay(t, "\nrelative errors in percent, of each component and of their mean\n%-14s", ""));
  for (PetscInt c = 0; c < nc; c++) PetscCall(EvaluateSay(t, " %16s", SinewDatasetComponent(e->data, c)));
  PetscCall(EvaluateSay(t, " %10s\n%-14s", "mean", "one step"));
  for (PetscInt c = 0; c < nc; c++) PetscCall(EvaluateSay(t, " %16.3f", 100 * e->one_step[c]));
  PetscCall(EvaluateSay(t, " %10.3f\n", 100 * one_step_mean(e)));
  for (PetscInt k = 0; k < e->steps; k++) {
    PetscCall(EvaluateSay(t, "step %-9d", (int)k + 1));
    for (PetscInt c = 0; c < nc; c++)
      PetscCall(EvaluateSay(t, " %8.3f +- %-4.2f", 100 * mean_error(e, k, c), 100 * spread(e, k, c)));
    PetscCall(EvaluateSay(t, " %10.3f\n", 100 * EvaluateMeanError(e, k)));
  }
  PetscCall(EvaluateSay(t, "\ndrift of integrals after %d steps, in standard deviations:", (int)e->steps));
  for (PetscInt c = 0; c < nc; c++)
    PetscCall(EvaluateSay(t, "  %s %.3e", SinewDatasetComponent(e->data, c),
                          e->step[e->steps - 1].drift[c] / (double)e->trajectories));
  PetscCall(EvaluateSay(t, "\ncost of a step: network %.3g s", e->network_seconds));
  if (e->classical_seconds > 0)
    PetscCall(EvaluateSay(t, ", classical solver %.3g s: %.3g times", e->classical_seconds,
                          e->classical_seconds / fmax(e->network_seconds, 1e-12)));
  PetscCall(EvaluateSay(t, ", on %d ranks\n", (int)e->size));
  if (e->grids) PetscCall(EvaluateEqualTable(e, t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Line 0 is the one-step error, with the mean square error in place of the spread. */
static PetscErrorCode write_errors(Evaluation *e)
{
  const PetscInt nc = e->shape.components;
  EvaluateText t = {NULL, 0, 0};

  PetscFunctionBeginUser;
  PetscCall(EvaluateSay(&t, "step,time"));
  for (PetscInt c = 0; c < nc; c++) {
    const char *name = SinewDatasetComponent(e->data, c);

    PetscCall(EvaluateSay(&t, ",error_%s,spread_%s,drift_%s,mse_%s", name, name, name, name));
  }
  PetscCall(EvaluateSay(&t, ",error_mean\n0,0"));
  for (PetscInt c = 0; c < nc; c++) PetscCall(EvaluateSay(&t, ",%.9g,,,%.9g", e->one_step[c], e->mse[c]));
  PetscCall(EvaluateSay(&t, ",%.9g\n", one_step_mean(e)));
  for (PetscInt k = 0; k < e->steps; k++) {
    PetscCall(EvaluateSay(&t, "%d,%.9g", (int)k + 1, (double)(k + 1) * (double)e->shape.step));
    for (PetscInt c = 0; c < nc; c++)
      PetscCall(EvaluateSay(&t, ",%.9g,%.9g,%.9g,", mean_error(e, k, c), spread(e, k, c),
                            e->step[k].drift[c] / (double)e->trajectories));
    PetscCall(EvaluateSay(&t, ",%.9g\n", EvaluateMeanError(e, k)));
  }
  PetscCall(EvaluatePublish(e, "evaluation.csv", &t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_spectra(Evaluation *e)
{
  EvaluateText t = {NULL, 0, 0};

  PetscFunctionBeginUser;
  PetscCall(EvaluateSay(&t, "ring"));
  for (PetscInt c = 0; c < e->shape.components; c++) {
    const char *n = SinewDatasetComponent(e->data, c);

    PetscCall(EvaluateSay(&t, ",%s_first_truth,%s_first_prediction,%s_last_truth,%s_last_prediction", n, n, n, n));
  }
  PetscCall(EvaluateSay(&t, "\n"));
  for (PetscInt r = 0; r < e->rings; r++) {
    PetscCall(EvaluateSay(&t, "%d", (int)r));
    for (PetscInt c = 0; c < e->shape.components; c++)
      for (PetscInt w = 0; w < 4; w++) PetscCall(EvaluateSay(&t, ",%.9g", EvaluateRings(e, w / 2, w % 2, c)[r]));
    PetscCall(EvaluateSay(&t, "\n"));
  }
  PetscCall(EvaluatePublish(e, "spectra.csv", &t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- pictures ---- */

static PetscErrorCode paint_errors(Evaluation *e)
{
  const PetscInt nc = e->shape.components;
  SinewCurve curve[EVALUATE_COMPONENTS + 1];
  SinewImageStyle style = {.title = "roll-out"};
  char path[PETSC_MAX_PATH_LEN];
  PetscReal *x, *y;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2((size_t)e->steps, &x, (size_t)((nc + 1) * e->steps), &y));
  for (PetscInt k = 0; k < e->steps; k++) {
    x[k] = (PetscReal)(k + 1);
    for (PetscInt c = 0; c < nc; c++) y[c * e->steps + k] = 100 * mean_error(e, k, c);
    y[nc * e->steps + k] = 100 * EvaluateMeanError(e, k);
  }
  for (PetscInt c = 0; c <= nc; c++)
    curve[c] = (SinewCurve){.label = c < nc ? SinewDatasetComponent(e->data, c) : "mean",
                            .n = e->rank ? 0 : e->steps,
                            .x = x,
                            .y = y + c * e->steps,
                            .dots = (PetscBool)(e->steps == 1)};
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/rollout.png", e->directory));
  PetscCall(SinewImageCurves(e->comm, path, nc + 1, curve, "steps", "relative error in percent", &style));
  PetscCall(PetscFree2(x, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Logarithms to base 10; rings without power are left out. */
static PetscErrorCode paint_spectrum(Evaluation *e, PetscInt c)
{
  static const char *const labels[] = {"truth, first step", "prediction, first step", "truth, last step",
                                       "prediction, last step"};
  SinewCurve curve[4];
  char path[PETSC_MAX_PATH_LEN], title[128];
  SinewImageStyle style = {.title = title};
  PetscReal *x, *y;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2((size_t)(4 * e->rings), &x, (size_t)(4 * e->rings), &y));
  for (PetscInt w = 0; w < 4; w++) {
    PetscInt n = 0;

    for (PetscInt r = 1; r < e->rings && !e->rank; r++) {
      const double power = EvaluateRings(e, w / 2, w % 2, c)[r];

      if (!(power > 1e-30)) continue;
      x[w * e->rings + n] = log10((double)r);
      y[w * e->rings + n++] = log10(power);
    }
    curve[w] = (SinewCurve){.label = labels[w], .n = n, .x = x + w * e->rings, .y = y + w * e->rings};
  }
  PetscCall(PetscSNPrintf(title, sizeof(title), "spectrum of %s", SinewDatasetComponent(e->data, c)));
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/spectrum_%" PetscInt_FMT ".png", e->directory, c));
  PetscCall(SinewImageCurves(e->comm, path, 4, curve, "log10 of the wavenumber", "log10 of the mean square", &style));
  PetscCall(PetscFree2(x, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode EvaluatePaint(Evaluation *e)
{
  const PetscInt nx = e->box.nx, ny = e->box.ny;
  const double *y = e->truth + (size_t)(e->history + e->steps - 1) * e->frame,
               *p = e->predicted + (size_t)(e->steps - 1) * e->frame;
  const double mean = (double)e->model.mean[0], sd = (double)e->model.sd[0];
  PetscReal *node_x, *node_y, *value,
      range[3] = {PETSC_MAX_REAL, PETSC_MAX_REAL, 0}; /* of truth, of -truth, -|error| */
  char path[PETSC_MAX_PATH_LEN], title[3][128];
  SinewImageStyle style[3];

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc3((size_t)((nx + 1) * (ny + 1)), &node_x, (size_t)((nx + 1) * (ny + 1)), &node_y,
                         3 * e->plane + 1, &value));
  for (PetscInt k = 0; k < (nx + 1) * (ny + 1); k++) {
    node_x[k] = (PetscReal)(e->box.x + k % (nx + 1));
    node_y[k] = (PetscReal)(e->box.y + k / (nx + 1));
  }
  for (size_t i = 0; i < e->plane; i++) {
    value[i] = y[i] * sd + mean;
    value[e->plane + i] = p[i] * sd + mean;
    value[2 * e->plane + i] = (p[i] - y[i]) * sd;
    range[0] = PetscMin(range[0], value[i]);
    range[1] = PetscMin(range[1], -value[i]);
    range[2] = PetscMin(range[2], -PetscAbsReal(value[2 * e->plane + i]));
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, range, 3, MPIU_REAL, MPIU_MIN, e->comm));
  for (int k = 0; k < 3; k++) {
    static const char *const what[] = {"truth", "prediction", "error"};

    PetscCall(PetscSNPrintf(title[k], sizeof(title[k]), "%s: %s after %" PetscInt_FMT " steps",
                            SinewDatasetComponent(e->data, 0), what[k], e->steps));
    style[k] = (SinewImageStyle){.title = title[k], .colormap = k < 2 ? "viridis" : "coolwarm", .width = 384};
    style[k].min = k < 2 ? range[0] : range[2];
    style[k].max = k < 2 ? -range[1] : -range[2];
  }
  {
    const PetscReal *const panel[3] = {value, value + e->plane, value + 2 * e->plane};

    PetscCall(PetscSNPrintf(path, sizeof(path), "%s/frame.png", e->directory));
    PetscCall(SinewImagePanels(e->comm, path, 3, nx, ny, node_x, node_y, panel, style));
  }
  PetscCall(PetscFree3(node_x, node_y, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode EvaluateReport(Evaluation *e)
{
  EvaluateText table = {NULL, 0, 0};

  PetscFunctionBeginUser;
  PetscCall(make_table(e, &table));
  PetscCall(PetscPrintf(e->comm, "%s", "")); /* flushes in order */
  if (!e->rank) fputs(table.text, stdout);
  PetscCall(PetscFree(table.text));
  PetscCall(write_errors(e));
  PetscCall(write_spectra(e));
  PetscCall(paint_errors(e));
  for (PetscInt c = 0; c < e->shape.components; c++) PetscCall(paint_spectrum(e, c));
  if (e->grids) PetscCall(EvaluateEqualFiles(e));
  PetscCall(PetscPrintf(e->comm,
                        "\noutput    %s: evaluation.csv, spectra.csv, %srollout.png, spectrum_*.png, frame.png\n",
                        e->directory, e->grids ? "equal_error.csv, equal_error.png, " : ""));
  PetscCall(PetscPrintf(e->comm, "RESULT status=done code=0 one_step=%.6g rollout=%.6g steps=%" PetscInt_FMT "\n",
                        one_step_mean(e), EvaluateMeanError(e, e->steps - 1), e->steps));
  PetscFunctionReturn(PETSC_SUCCESS);
}
