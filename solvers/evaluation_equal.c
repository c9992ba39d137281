/* What an evaluation says about the classical solver at equal error: lines of its table, equal_error.csv and .png. */
#include "io/image.h"
#include "solvers/evaluation_private.h"
#include <math.h>

static double grid_error(const Evaluation *e, const EvaluateGrid *grid, PetscInt which)
{
  double sum = 0;

  for (PetscInt c = 0; c < e->shape.components; c++) sum += grid->error[which][c];
  return sum / (double)(e->shape.components * e->trajectories);
}

/* Of a step of the network. */
static double grid_seconds(const Evaluation *e, const EvaluateGrid *grid)
{
  return grid->seconds / (double)(e->trajectories * e->steps);
}

static PetscInt step_of(const Evaluation *e, PetscInt which)
{
  return which ? e->steps - 1 : 0;
}

/* A roll-out of one step has its first one alone. */
static PetscInt ends(const Evaluation *e)
{
  return e->steps > 1 ? 2 : 1;
}

/* ---- at equal error ---- */

typedef enum { EQUAL_BETWEEN, EQUAL_LESS, EQUAL_AT_MOST, EQUAL_NOWHERE } EqualKind;

/* The solver where it is as wrong as the network. */
typedef struct {
  EqualKind kind;
  const EvaluateGrid *grid; /* the coarsest that is as exact; the finest where none is; NULL: all broke down */
  double seconds, cells;    /* of a step; along x */
} Equal;

/* Where the line through two grids, of logarithms, has an error; share 0: at a, 1: at b, more: beyond. */
static void follow(const Evaluation *e, const EvaluateGrid *a, const EvaluateGrid *b, double share, Equal *q)
{
  q->seconds = grid_seconds(e, a) * pow(grid_seconds(e, b) / grid_seconds(e, a), share);
  q->cells = (double)a->nx * pow((double)b->nx / (double)a->nx, share);
}

/*
  Between a grid that is worse than the network and the next that is not. Where that is the data's own it may well be
  what made the data, whose error is none at all and says nothing of the grids between: then the two grids before tell
  how errors fall, unless the line to the data's own grid is the dearer one.
*/
static void place_between(const Evaluation *e, PetscInt which, const EvaluateGrid *const last[3], Equal *q)
{
  const double wanted = EvaluateMeanError(e, step_of(e, which));
  const Equal finest = *q;
  double error[3];
  Equal other = *q;

  for (PetscInt k = 0; k < 3; k++) error[k] = last[k] ? fmax(grid_error(e, last[k], which), 1e-16) : HUGE_VAL;
  q->kind = EQUAL_BETWEEN;
  follow(e, last[1], last[2], log(error[1] / wanted) / log(error[1] / error[2]), q);
  if (last[2]->divisor > 1) return;
  if (!last[0] || error[0] <= error[1]) {
    *q = finest;
    q->kind = EQUAL_AT_MOST;
    return;
  }
  follow(e, last[0], last[1], log(error[0] / wanted) / log(error[0] / error[1]), &other);
  q->seconds = fmin(finest.seconds, fmax(q->seconds, other.seconds));
  q->cells = fmin(finest.cells, fmax(q->cells, other.cells));
}

static Equal find_equal(const Evaluation *e, PetscInt which)
{
  const double wanted = EvaluateMeanError(e, step_of(e, which));
  const EvaluateGrid *last[3] = {NULL, NULL, NULL};
  Equal q = {EQUAL_NOWHERE, NULL, 0, 0};

  for (PetscInt g = 0; g < e->grids; g++) {
    const EvaluateGrid *grid = &e->grid[g];

    if (grid->broken) continue;
    last[0] = last[1];
    last[1] = last[2];
    last[2] = grid;
    q = (Equal){EQUAL_NOWHERE, grid, grid_seconds(e, grid), (double)grid->nx};
    if (grid_error(e, grid, which) > wanted) continue;
    q.kind = EQUAL_LESS;
    if (last[1]) place_between(e, which, last, &q);
    break;
  }
  return q;
}

/* ---- the table ---- */

/* bound: the solver may need less than these seconds. */
static PetscErrorCode say_times(const Evaluation *e, double seconds, PetscBool bound, EvaluateText *t)
{
  const PetscBool slower = (PetscBool)(e->network_seconds > seconds);
  const double times = slower ? e->network_seconds / seconds : seconds / e->network_seconds;
  const char *const how = !bound ? "" : slower ? "at least " : "at most ";

  PetscFunctionBeginUser;
  PetscCall(EvaluateSay(t, "the network is %s%.3g times %s\n", how, times, slower ? "slower" : "faster"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode say_equal(const Evaluation *e, PetscInt which, EvaluateText *t)
{
  static const char *const limit[] = {[EQUAL_BETWEEN] = "", [EQUAL_LESS] = "less than ", [EQUAL_AT_MOST] = "at most "};
  const double wanted = 100 * EvaluateMeanError(e, step_of(e, which));
  const Equal q = find_equal(e, which);

  PetscFunctionBeginUser;
  PetscCall(EvaluateSay(t, "%.3g %% after %d: the solver ", wanted, (int)step_of(e, which) + 1));
  if (!q.grid)
    PetscCall(EvaluateSay(t, "broke down on all grids\n"));
  else if (q.kind == EQUAL_NOWHERE)
    PetscCall(EvaluateSay(t, "reaches it on none of these grids (%.3g %% on %d x %d)\n",
                          100 * grid_error(e, q.grid, which), (int)q.grid->nx, (int)q.grid->ny));
  else {
    PetscCall(EvaluateSay(t, "needs %s%.3g s a step, on %s%.0f x %.0f cells: ", limit[q.kind], q.seconds,
                          q.kind == EQUAL_BETWEEN ? "some " : limit[q.kind], q.cells,
                          q.cells * (double)e->shape.ny / (double)e->shape.nx));
    PetscCall(say_times(e, q.seconds, (PetscBool)(q.kind != EQUAL_BETWEEN), t));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode EvaluateEqualTable(const Evaluation *e, EvaluateText *t)
{
  const double n = (double)e->steps;

  PetscFunctionBeginUser;
  PetscCall(EvaluateSay(t, "\ncost at equal error: %s of %s from the same frames, compared on the data's cells\n",
                        e->solver, e->section.classical));
  PetscCall(EvaluateSay(t, "%-14s %12s %9s %-2d %17s %d", "", "s a step", "s for", (int)e->steps, "% after",
                        (int)step_of(e, 0) + 1));
  if (ends(e) > 1) PetscCall(EvaluateSay(t, " %13s %d", "% after", (int)e->steps));
  PetscCall(EvaluateSay(t, "\n%-14s %12.3g %12.3g", "network", e->network_seconds, n * e->network_seconds));
  for (PetscInt w = 0; w < ends(e); w++)
    PetscCall(EvaluateSay(t, " %*.3f", w ? 16 : 19, 100 * EvaluateMeanError(e, step_of(e, w))));
  for (PetscInt g = 0; g < e->grids; g++) {
    const EvaluateGrid *grid = &e->grid[g];
    const double seconds = grid_seconds(e, grid);

    PetscCall(EvaluateSay(t, "\n%5d x %-6d", (int)grid->nx, (int)grid->ny));
    if (grid->broken) {
      PetscCall(EvaluateSay(t, " %12s", "broke down"));
      continue;
    }
    PetscCall(EvaluateSay(t, " %12.3g %12.3g", seconds, n * seconds));
    for (PetscInt w = 0; w < ends(e); w++)
      PetscCall(EvaluateSay(t, " %*.3g", w ? 16 : 19, 100 * grid_error(e, grid, w)));
  }
  PetscCall(EvaluateSay(t, "\n"));
  for (PetscInt w = 0; w < ends(e); w++) PetscCall(say_equal(e, w, t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the files ---- */

static PetscErrorCode write_line(const Evaluation *e, const char who[], double cells, double seconds, EvaluateText *t)
{
  PetscFunctionBeginUser;
  PetscCall(EvaluateSay(t, "%s,%.6g,%.6g,%.6g,%.6g", who, cells, cells * (double)e->shape.ny / (double)e->shape.nx,
                        seconds, (double)e->steps * seconds));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A line for the network, one for each grid, and the solver at the network's error after the first and last step where
   it lies between two grids. */
static PetscErrorCode write_costs(Evaluation *e)
{
  static const char *const when[] = {"first", "last"}, *const equal[] = {"equal_first", "equal_last"};
  const PetscInt nc = e->shape.components;
  EvaluateText t = {NULL, 0, 0};

  PetscFunctionBeginUser;
  PetscCall(EvaluateSay(&t, "solver,nx,ny,seconds_step,seconds"));
  for (PetscInt w = 0; w < ends(e); w++) {
    for (PetscInt c = 0; c < nc; c++) PetscCall(EvaluateSay(&t, ",%s_%s", when[w], SinewDatasetComponent(e->data, c)));
    PetscCall(EvaluateSay(&t, ",%s_mean", when[w]));
  }
  PetscCall(EvaluateSay(&t, "\n"));
  PetscCall(write_line(e, "network", (double)e->shape.nx, e->network_seconds, &t));
  for (PetscInt w = 0; w < ends(e); w++) {
    const PetscInt k = step_of(e, w);

    for (PetscInt c = 0; c < nc; c++)
      PetscCall(EvaluateSay(&t, ",%.9g", e->step[k].error[c] / (double)e->trajectories));
    PetscCall(EvaluateSay(&t, ",%.9g", EvaluateMeanError(e, k)));
  }
  for (PetscInt g = 0; g < e->grids; g++) {
    const EvaluateGrid *grid = &e->grid[g];

    if (grid->broken) continue;
    PetscCall(EvaluateSay(&t, "\n"));
    PetscCall(write_line(e, "classical", (double)grid->nx, grid_seconds(e, grid), &t));
    for (PetscInt w = 0; w < ends(e); w++) {
      for (PetscInt c = 0; c < nc; c++)
        PetscCall(EvaluateSay(&t, ",%.9g", grid->error[w][c] / (double)e->trajectories));
      PetscCall(EvaluateSay(&t, ",%.9g", grid_error(e, grid, w)));
    }
  }
  for (PetscInt w = 0; w < ends(e); w++) {
    const Equal q = find_equal(e, w);

    if (q.kind != EQUAL_BETWEEN) continue;
    PetscCall(EvaluateSay(&t, "\n"));
    PetscCall(write_line(e, equal[w], q.cells, q.seconds, &t));
    for (PetscInt k = 0; k < ends(e); k++) {
      for (PetscInt c = 0; c < nc; c++) PetscCall(EvaluateSay(&t, ","));
      PetscCall(EvaluateSay(&t, ","));
      if (k == w) PetscCall(EvaluateSay(&t, "%.9g", EvaluateMeanError(e, step_of(e, w))));
    }
  }
  PetscCall(EvaluateSay(&t, "\n"));
  PetscCall(EvaluatePublish(e, "equal_error.csv", &t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Error over cost, logarithms to base 10. */
static PetscErrorCode paint_costs(Evaluation *e)
{
  static const char *const labels[] = {"solver, first step", "network, first step", "solver, last step",
                                       "network, last step"};
  const SinewImageStyle style = {.title = "error and cost"};
  PetscReal x[4][SINEW_LIST_MAX], y[4][SINEW_LIST_MAX];
  SinewCurve curve[4];
  char path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  for (PetscInt w = 0; w < ends(e); w++) {
    PetscInt n = 0;

    for (PetscInt g = 0; g < e->grids; g++) {
      if (e->grid[g].broken) continue;
      x[2 * w][n] = (PetscReal)log10(fmax(grid_seconds(e, &e->grid[g]), 1e-9));
      y[2 * w][n++] = (PetscReal)log10(fmax(grid_error(e, &e->grid[g], w), 1e-16));
    }
    x[2 * w + 1][0] = (PetscReal)log10(fmax(e->network_seconds, 1e-9));
    y[2 * w + 1][0] = (PetscReal)log10(fmax(EvaluateMeanError(e, step_of(e, w)), 1e-16));
    for (PetscInt k = 2 * w; k < 2 * w + 2; k++)
      curve[k] = (SinewCurve){.label = labels[k],
                              .n = e->rank ? 0
                                   : k % 2 ? 1
                                           : n,
                              .x = x[k],
                              .y = y[k],
                              .dots = (PetscBool)(k % 2 || e->grids == 1)};
  }
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/equal_error.png", e->directory));
  PetscCall(SinewImageCurves(e->comm, path, 2 * ends(e), curve, "log10 of seconds a step",
                             "log10 of the relative error", &style));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode EvaluateEqualFiles(Evaluation *e)
{
  PetscFunctionBeginUser;
  PetscCall(write_costs(e));
  PetscCall(paint_costs(e));
  PetscFunctionReturn(PETSC_SUCCESS);
}
