#include "operators/finite_volume_private.h"

static inline PetscInt ghosted_index(const SinewFV fv, PetscInt i, PetscInt j, PetscInt k)
{
  const SinewAxis *x = fv->axis[0], *y = fv->axis[1], *z = fv->axis[2];

  return (((k - z->first) * (y->count + 2 * y->ghosts) + (j - y->first)) * (x->count + 2 * x->ghosts) +
          (i - x->first)) *
         fv->nc;
}

/* Whether this rank has all cells of a periodic axis. */
static inline PetscBool whole(const SinewAxis *a)
{
  return (PetscBool)(a->periodic && a->count == a->cells);
}

/* The cell that a ghost is the image of, if that is surely this rank's; else the ghost itself. */
static inline PetscInt original(const SinewAxis *a, PetscInt i)
{
  return !whole(a) ? i : i < 0 ? i + a->cells : i >= a->cells ? i - a->cells : i;
}

/* n cells of a line from i on, from the global vector (owned) or the ghosted one, into rows from `to` on. */
static void load_cells(const SinewFV fv, const Task *task, PetscBool owned, PetscInt i, PetscInt j, PetscInt k,
                       PetscInt n, PetscInt to)
{
  const PetscReal *cells = owned ? task->U + owned_index(fv, i, j, k) : task->ghost + ghosted_index(fv, i, j, k);
  Rows u;

  if (n <= 0) return;
  shift(&fv->u, to, &u);
  RowsFromCells(fv->nc, n, cells, u.row);
}

/* Extra rows of n cells from the first ghost of row (j, k) on; ghosts behind a side along x are overwritten later. */
static void place_row(const SinewFV fv, const Task *task, PetscInt n, PetscInt j, PetscInt k, Rows *w)
{
  const SinewRow row = describe(fv, task, 0, PETSC_FALSE, -fv->axis[0]->ghosts, j, k);

  (*fv->k.place)(fv->k.context, &row, n, w->row);
}

static void load_row(const SinewFV fv, const Task *task, PetscInt j, PetscInt k)
{
  const SinewAxis *x = fv->axis[0];
  const PetscInt from = task->start[0] - x->ghosts, to = task->start[0] + task->count[0] + x->ghosts,
                 gj = original(fv->axis[1], task->start[1] + j), gk = original(fv->axis[2], task->start[2] + k);
  Rows w = rows_at(fv, at(fv, fv->w, -x->ghosts, j, k));

  if (owns(fv->axis[1], gj) && owns(fv->axis[2], gk)) {
    const PetscInt first = PetscMax(from, x->start), last = PetscMin(to, x->start + x->count);

    load_cells(fv, task, whole(x), original(x, from), gj, gk, first - from, 0);
    load_cells(fv, task, PETSC_TRUE, first, gj, gk, last - first, first - from);
    load_cells(fv, task, whole(x), original(x, last), gj, gk, to - last, last - from);
  } else
    load_cells(fv, task, PETSC_FALSE, from, gj, gk, to - from, 0);
  (*fv->k.primitive)(fv->k.context, to - from, CONST_ROWS(fv->u), w.row);
  if (fv->k.place) place_row(fv, task, to - from, j, k, &w);
}

static PetscBool beyond_side(const SinewAxis *a, PetscInt i)
{
  return (PetscBool)(!a->periodic && (i < 0 || i >= a->cells));
}

/* Moves the rows or planes that a patch shares with that of the tile below, if they are needed again. Behind its first
   one, of which the states are in hand, those are what the next one's states reach, gradients along the axis, and the
   corrections of pointwise schemes. */
void SinewFVRoll(SinewFV fv, const Task *task, PetscReal *patch)
{
  const PetscInt along = last_axis(fv), ghosts = fv->axis[along]->ghosts,
                 before =
                     fv->scheme->pointwise ? ghosts : PetscMax(fv->scheme->reach - 1, fv->k.diffusive_flux ? 1 : 0);
  PetscReal *first =
      patch + (along < 2 ? fv->axis[2]->ghosts * fv->stride[2] : 0) + (ghosts - before) * fv->stride[along];

  if (task->below)
    (void)PetscArraymove(first, first + task->below * fv->stride[along], (ghosts + before) * fv->stride[along]);
}

static void complete_patch(const SinewFV fv, const Task *task)
{
  const PetscInt gx = fv->axis[0]->ghosts, gy = fv->axis[1]->ghosts, gz = fv->axis[2]->ghosts;

  for (PetscInt k = -gz; k < task->count[2] + gz; k++) {
    for (PetscInt j = -gy; j < task->count[1] + gy; j++) {
      Rows w = rows_at(fv, at(fv, fv->w, -gx, j, k));

      (*fv->k.complete)(fv->k.context, task->count[0] + 2 * gx, w.row);
    }
  }
}

PetscErrorCode SinewFVLoadPatch(SinewFV fv, const Task *task)
{
  const PetscInt gy = fv->axis[1]->ghosts, gz = fv->axis[2]->ghosts;

  PetscFunctionBegin;
  PetscCall(PetscLogEventBegin(fv->event.load, 0, 0, 0, 0));
  SinewFVRoll(fv, task, fv->w);
  for (PetscInt k = first_new(fv, task, 2); k < task->count[2] + gz; k++) {
    if (beyond_side(fv->axis[2], task->start[2] + k)) continue;
    for (PetscInt j = first_new(fv, task, 1); j < task->count[1] + gy; j++) {
      if (!beyond_side(fv->axis[1], task->start[1] + j)) load_row(fv, task, j, k);
    }
  }
  PetscCall(PetscLogEventEnd(fv->event.load, 0, 0, 0, 0));
  if (fv->boundary) {
    PetscCall(PetscLogEventBegin(fv->event.boundary, 0, 0, 0, 0));
    PetscCall(SinewBoundaryFill(fv->boundary, task->start, task->count, fv->pitch, fv->stride[2] / fv->stride[1],
                                fv->k.extras, fv->w + LEAD - fv->axis[0]->ghosts));
    PetscCall(PetscLogEventEnd(fv->event.boundary, 0, 0, 0, 0));
  }
  if (fv->k.complete) complete_patch(fv, task);
  PetscFunctionReturn(PETSC_SUCCESS);
}
