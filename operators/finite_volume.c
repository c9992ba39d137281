#include "operators/finite_volume.h"
#include "io/error.h"

#include <math.h>

#include "operators/finite_volume_private.h"

static PetscErrorCode get_events(FVEvents *e)
{
  static PetscBool done = PETSC_FALSE;
  static FVEvents events;
  PetscClassId id;

  PetscFunctionBeginUser;
  if (!done) {
    done = PETSC_TRUE;
    PetscCall(PetscClassIdRegister("Sinew FV", &id));
    PetscCall(PetscLogEventRegister("SinewFVHalo", id, &events.halo));
    PetscCall(PetscLogEventRegister("SinewFVLoad", id, &events.load));
    PetscCall(PetscLogEventRegister("SinewFVBoundary", id, &events.boundary));
    PetscCall(PetscLogEventRegister("SinewFVSweep", id, &events.sweep));
    PetscCall(PetscLogEventRegister("SinewFVStore", id, &events.store));
  }
  *e = events;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt SinewFVGhosts(const SinewReconstruction *reconstruction)
{
  return reconstruction->reach + 1; /* face states are needed one cell beyond the box */
}

/* ---- set-up ---- */

/* Hands out consecutive pieces of one allocation; with NULL memory it only counts. */
typedef struct {
  PetscReal *memory;
  size_t used;
} Arena;

static PetscReal *take(Arena *arena, PetscInt n)
{
  PetscReal *piece = arena->memory ? arena->memory + arena->used : NULL;

  arena->used += (size_t)((n + 7) / 8 * 8);
  return piece;
}

static void take_rows(Arena *arena, const SinewFV fv, Rows *rows)
{
  for (PetscInt c = 0; c < SINEW_COMPONENTS_MAX; c++)
    rows->row[c] = c < fv->rows ? take(arena, fv->pitch) : rows->row[0];
}

static void take_faces(Arena *arena, const SinewFV fv, Faces *f)
{
  take_rows(arena, fv, &f->below);
  if (fv->k.sides)
    take_rows(arena, fv, &f->above);
  else
    f->above = f->below;
}

static void take_states(Arena *arena, const SinewFV fv, States *s)
{
  take_rows(arena, fv, &s->lower);
  take_rows(arena, fv, &s->upper);
  s->keep = take(arena, fv->pitch);
}

/* Two along y; a plane of them, and one, along z. */
static inline PetscInt fronts(const SinewFV fv)
{
  return 2 + (fv->dim > 2 ? fv->tile[1] + 1 : 0);
}

/* Lower face values serve once, at once: all fronts share the same rows, which stay in the first-level cache. */
static void take_front(Arena *arena, const SinewFV fv, Front *front)
{
  front->states.lower = fv->x.lower;
  take_rows(arena, fv, &front->states.upper);
  front->states.keep = take(arena, fv->pitch);
  take_faces(arena, fv, &front->fluxes);
}

static void shift_states(const States *s, PetscInt by, States *shifted)
{
  shift(&s->lower, by, &shifted->lower);
  shift(&s->upper, by, &shifted->upper);
  shifted->keep = s->keep + by;
}

static void line_up(SinewFV fv)
{
  shift_states(&fv->x, EARLY - 1, &fv->left);
  shift_states(&fv->x, EARLY, &fv->right);
  fv->y = &fv->fronts[0];
  fv->y_before = &fv->fronts[1];
  for (PetscInt j = 0; j < fv->tile[1] && fv->dim > 2; j++) fv->z[j] = &fv->fronts[2 + j];
  fv->spare = &fv->fronts[fronts(fv) - 1];
}

static void lay_out(SinewFV fv, Arena *arena)
{
  const PetscInt patch = fv->stride[2] * (fv->tile[2] + 2 * fv->axis[2]->ghosts);

  fv->w = take(arena, patch);
  for (PetscInt d = 0; d < fv->dim; d++) fv->g[d] = fv->scheme->pointwise ? take(arena, patch) : NULL;
  take_states(arena, fv, &fv->x);
  take_faces(arena, fv, &fv->fx);
  for (PetscInt f = 0; f < fronts(fv); f++) take_front(arena, fv, &fv->fronts[f]);
  take_rows(arena, fv, &fv->u);
  take_rows(arena, fv, &fv->r);
  take_rows(arena, fv, &fv->v);
  for (int d = 0; d < 3; d++) take_rows(arena, fv, &fv->gradient[d]);
  for (PetscInt s = 0; s < 2 * fv->scheme->reach + 1 && fv->characteristic; s++) take_rows(arena, fv, &fv->stencil[s]);
  fv->mask = take(arena, fv->pitch);
  fv->rates = take(arena, fv->pitch);
  fv->diffusive = take(arena, fv->pitch);
  fv->cells = take(arena, BLOCK * fv->nc);
  for (PetscInt d = 0; d < 3; d++) {
    fv->between[d] = take(arena, fv->axis[d]->count + 2 * fv->axis[d]->ghosts);
    fv->across[d] = take(arena, fv->axis[d]->count + 2 * fv->axis[d]->ghosts);
  }
}

/* Tiles whose patch of primitives about fits the second-level cache, with rows long enough for vectors to pay, and in
   3D enough of them that few cells are loaded by two tiles. Along the last axis they roll: a tile takes over the rows
   or planes that the one below it has loaded, so that few are enough. Tiles of an axis differ by one cell at most, so
   that none is narrower than its ghosts. */
static void choose_tiles(SinewFV fv)
{
  const SinewAxis *const *a = fv->axis;
  const PetscInt values =
      (fv->dim > 2 ? 128 : 96) * 1024 / fv->rows / (fv->scheme->pointwise ? 2 : 1); /* a component */
  PetscInt largest[3], row;

  largest[0] = 512;
  row = PetscMin(a[0]->count, largest[0]) + 2 * a[0]->ghosts;
  largest[2] = 2 * a[2]->ghosts;
  largest[1] = values / row / (fv->dim > 2 ? largest[2] + 2 * a[2]->ghosts : 1) - 2 * a[1]->ghosts;
  largest[1] = PetscMax(largest[1], fv->dim > 2 ? 32 : 2 * a[1]->ghosts);
  for (PetscInt d = 0; d < 3; d++) {
    fv->tiles[d] = d < fv->dim ? (a[d]->count + largest[d] - 1) / largest[d] : 1;
    fv->tile[d] = (a[d]->count + fv->tiles[d] - 1) / fv->tiles[d];
  }
}

static void centre_distances(SinewFV fv)
{
  for (PetscInt d = 0; d < fv->dim; d++) {
    const SinewAxis *a = fv->axis[d];
    const PetscInt n = a->count + 2 * a->ghosts;

    for (PetscInt i = 0; i < n; i++) {
      const PetscReal below = i ? a->center[i] - a->center[i - 1] : a->width[0];
      const PetscReal above = i < n - 1 ? a->center[i + 1] - a->center[i] : a->width[n - 1];

      fv->between[d][i] = a->uniform ? a->inverse[i] : 1 / below;
      fv->across[d][i] = a->uniform ? 0.5 * a->inverse[i] : 1 / (below + above);
    }
  }
}

PetscErrorCode SinewFVCreate(SinewGrid grid, const SinewFVKernels *kernels, const SinewReconstruction *reconstruction,
                             PetscBool characteristic, SinewBoundary boundary, SinewFV *newfv)
{
  SinewFV fv;
  Arena arena = {NULL, 0};

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&fv));
  PetscCall(get_events(&fv->event));
  fv->k = *kernels;
  fv->nc = kernels->components;
  fv->rows = kernels->components + kernels->extras;
  fv->scheme = reconstruction;
  fv->characteristic = (PetscBool)(characteristic && kernels->to_characteristic);
  fv->fall_back = (PetscBool)(kernels->positives > 0 && (fv->characteristic || !reconstruction->bounded));
  fv->boundary = boundary;
  fv->dim = SinewGridDim(grid);
  PetscCall(SinewGridGetDM(grid, &fv->dm));
  PetscCall(SinewForeignScatterCreate(fv->dm, &fv->foreign));
  for (PetscInt d = 0; d < 3; d++) fv->axis[d] = SinewGridAxis(grid, d);
  PetscCheck(fv->rows <= SINEW_COMPONENTS_MAX, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "%" PetscInt_FMT " components and extra rows, at most %d", fv->rows, SINEW_COMPONENTS_MAX);
  PetscCheck(fv->axis[0]->ghosts >= SinewFVGhosts(reconstruction), PETSC_COMM_SELF, PETSC_ERR_ARG_SIZ,
             "the grid has %" PetscInt_FMT " ghosts, %s needs %" PetscInt_FMT, fv->axis[0]->ghosts,
             reconstruction->name, SinewFVGhosts(reconstruction));
  PetscCheck(!reconstruction->pointwise || !kernels->flux || kernels->physical_flux, PETSC_COMM_SELF, PETSC_ERR_SUP,
             "%s needs the physical flux", reconstruction->name);
  PetscCheck(!reconstruction->pointwise || !kernels->sides, PETSC_COMM_SELF, PETSC_ERR_SUP,
             "%s cannot correct two-sided fluxes", reconstruction->name);
  for (PetscInt c = 0; c < fv->nc; c++)
    fv->watched[c] = (PetscBool)(kernels->velocity < 0 || c < kernels->velocity || c >= kernels->velocity + fv->dim);
  for (PetscInt p = 0; p < kernels->positives; p++) fv->watched[kernels->positive[p]] = PETSC_FALSE;
  choose_tiles(fv);
  fv->pitch = (LEAD + fv->tile[0] + fv->axis[0]->ghosts + 7) / 8 * 8;
  fv->stride[0] = 1;
  fv->stride[1] = fv->rows * fv->pitch;
  fv->stride[2] = fv->stride[1] * (fv->tile[1] + 2 * fv->axis[1]->ghosts);
  PetscCall(PetscCalloc3((size_t)fronts(fv), &fv->fronts, (size_t)fv->tile[1], &fv->z,
                         2 * (size_t)reconstruction->reach + 1, &fv->stencil));
  lay_out(fv, &arena);
  PetscCall(PetscCalloc1(arena.used + 8, &fv->memory));
  arena = (Arena){(PetscReal *)(((size_t)fv->memory + 63) / 64 * 64), 0};
  lay_out(fv, &arena);
  line_up(fv);
  centre_distances(fv);
  *newfv = fv;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFVDestroy(SinewFV *pfv)
{
  SinewFV fv = *pfv;

  PetscFunctionBeginUser;
  if (!fv) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecScatterDestroy(&fv->foreign));
  PetscCall(PetscFree3(fv->fronts, fv->z, fv->stencil));
  PetscCall(PetscFree(fv->memory));
  PetscCall(PetscFree(fv));
  *pfv = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- from tile to tile ---- */

typedef PetscErrorCode TileFunction(const SinewFV fv, Task *task);

static PetscErrorCode for_each_tile(const SinewFV fv, Task *task, TileFunction *function)
{
  const PetscInt along = last_axis(fv), columns = fv->tiles[0] * fv->tiles[1] * fv->tiles[2] / fv->tiles[along];

  PetscFunctionBegin;
  for (PetscInt column = 0; column < columns; column++) {
    task->below = 0;
    for (PetscInt m = 0; m < fv->tiles[along]; m++) {
      PetscInt index[3] = {column % fv->tiles[0], column / fv->tiles[0], 0};

      index[along] = m;
      for (PetscInt d = 0; d < 3; d++) {
        const PetscInt from = fv->axis[d]->count * index[d] / fv->tiles[d];

        task->start[d] = fv->axis[d]->start + from;
        task->count[d] = fv->axis[d]->count * (index[d] + 1) / fv->tiles[d] - from;
      }
      PetscCall((*function)(fv, task));
      /* rows do not roll along themselves, and completed ones would be completed again */
      task->below = along == 0 || fv->k.complete ? 0 : task->count[along];
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode apply_tile(const SinewFV fv, Task *task)
{
  PetscFunctionBegin;
  PetscCall(SinewFVLoadPatch(fv, task));
  PetscCall(PetscLogEventBegin(fv->event.sweep, 0, 0, 0, 0));
  SinewFVUpdateTile(fv, task);
  PetscCall(PetscLogEventEnd(fv->event.sweep, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFVApply(SinewFV fv, SinewFVParts parts, PetscReal t, Vec U, PetscReal a, Vec A, PetscReal b,
                            PetscReal c, Vec out, PetscReal *rate)
{
  Task task = {
      .t = t, .a = A ? a : 0, .b = b, .c = c, .parts = parts, .want_rate = (PetscBool)(rate != NULL), .rate = 0};
  Vec local;

  PetscFunctionBeginUser;
  PetscCheck(out != U && out != A, PETSC_COMM_SELF, PETSC_ERR_ARG_IDN,
             "the result may not overwrite a state it is computed from");
  if (fv->k.prepare) PetscCall((*fv->k.prepare)(fv->k.context, t));
  if (fv->boundary) PetscCall(SinewBoundaryPrepare(fv->boundary, t));
  PetscCall(DMGetLocalVector(fv->dm, &local));
  PetscCall(PetscLogEventBegin(fv->event.halo, 0, 0, 0, 0));
  PetscCall(VecScatterBegin(fv->foreign, U, local, INSERT_VALUES, SCATTER_FORWARD));
  PetscCall(VecScatterEnd(fv->foreign, U, local, INSERT_VALUES, SCATTER_FORWARD));
  PetscCall(PetscLogEventEnd(fv->event.halo, 0, 0, 0, 0));
  PetscCall(VecGetArrayRead(U, &task.U));
  PetscCall(VecGetArrayRead(local, &task.ghost));
  PetscCall(VecGetArrayWrite(out, &task.out));
  if (A && A != U)
    PetscCall(VecGetArrayRead(A, &task.A));
  else
    task.A = task.U;
  PetscCall(for_each_tile(fv, &task, apply_tile));
  if (A && A != U) PetscCall(VecRestoreArrayRead(A, &task.A));
  PetscCall(VecRestoreArrayWrite(out, &task.out));
  PetscCall(VecRestoreArrayRead(local, &task.ghost));
  PetscCall(VecRestoreArrayRead(U, &task.U));
  PetscCall(DMRestoreLocalVector(fv->dm, &local));
  if (rate) *rate = task.rate;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode rate_tile(const SinewFV fv, Task *task)
{
  PetscFunctionBegin;
  for (PetscInt k = 0; k < task->count[2]; k++) {
    for (PetscInt j = 0; j < task->count[1]; j++) {
      RowsFromCells(fv->nc, task->count[0],
                    task->U + owned_index(fv, task->start[0], task->start[1] + j, task->start[2] + k), fv->u.row);
      (*fv->k.primitive)(fv->k.context, task->count[0], CONST_ROWS(fv->u), fv->v.row);
      SinewFVRowRates(fv, task, task->count[0], j, k, &fv->v);
      task->rate = RowMaximum(task->count[0], fv->rates, task->rate);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFVSetLimits(SinewFV fv, PetscReal advection, PetscReal diffusion)
{
  PetscFunctionBeginUser;
  fv->limit[0] = advection;
  fv->limit[1] = diffusion;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFVRate(SinewFV fv, SinewFVParts parts, PetscReal t, Vec U, PetscReal *rate)
{
  Task task = {.t = t, .parts = parts, .rate = 0};

  PetscFunctionBeginUser;
  if (fv->k.prepare) PetscCall((*fv->k.prepare)(fv->k.context, t));
  PetscCall(VecGetArrayRead(U, &task.U));
  PetscCall(for_each_tile(fv, &task, rate_tile));
  PetscCall(VecRestoreArrayRead(U, &task.U));
  *rate = task.rate;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFVFindBad(SinewFV fv, Vec U, PetscBool *found, PetscInt cell[3], PetscReal u[])
{
  const SinewAxis *x = fv->axis[0], *y = fv->axis[1], *z = fv->axis[2];
  const PetscReal *array;
  PetscReal w[SINEW_COMPONENTS_MAX], *rows[SINEW_COMPONENTS_MAX];
  const PetscReal *in[SINEW_COMPONENTS_MAX];

  PetscFunctionBeginUser;
  *found = PETSC_FALSE;
  PetscCall(VecGetArrayRead(U, &array));
  for (PetscInt n = 0; n < x->count * y->count * z->count && !*found; n++) {
    PetscBool good = PETSC_TRUE;

    for (PetscInt c = 0; c < fv->nc; c++) {
      u[c] = array[n * fv->nc + c];
      in[c] = &u[c];
      rows[c] = &w[c];
      if (!isfinite(u[c])) good = PETSC_FALSE;
    }
    (*fv->k.primitive)(fv->k.context, 1, in, rows);
    for (PetscInt p = 0; p < fv->k.positives; p++) {
      if (!(w[fv->k.positive[p]] > fv->k.least[p])) good = PETSC_FALSE;
    }
    if (good) continue;
    *found = PETSC_TRUE;
    cell[0] = x->start + n % x->count;
    cell[1] = y->start + n / x->count % y->count;
    cell[2] = z->start + n / x->count / y->count;
  }
  PetscCall(VecRestoreArrayRead(U, &array));
  PetscFunctionReturn(PETSC_SUCCESS);
}
