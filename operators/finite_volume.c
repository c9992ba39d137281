#include "operators/finite_volume.h"
#include "io/error.h"
#include "operators/finite_volume_kernels.h"

#include <math.h>

/* Cells to the left of a tile in every row of a patch: room for ghosts, and cell 0 of a row on a 64-byte boundary. */
#define LEAD 16
/* The sweep along x starts this many cells early (their states are thrown away), so that its rows are aligned as well.
 */
#define EARLY 8
/* Cells that go back to the vectors at once: few enough that they wait in the first-level cache. */
#define BLOCK 64

/* A pointer a component. */
typedef struct {
  PetscReal *row[SINEW_COMPONENTS_MAX];
} Rows;

/* Fluxes through a row of faces as the cells below and above see them: the same rows where they agree. */
typedef struct {
  Rows below, above;
} Faces;

/* The two face values of a row of cells, and whether the reconstruction was kept (1) or fell back
 * to first order (0). */
typedef struct {
  Rows lower, upper;
  PetscReal *keep;
} States;

/* Where a march along y or z stands: face values of a row of cells, and the fluxes through its lower faces. */
typedef struct {
  States states;
  Faces fluxes;
} Front;

/* The owned box, the part of it in work, and the vectors' arrays. */
typedef struct {
  PetscInt start[3], count[3]; /* tile, without ghosts */
  PetscInt below;              /* count along the last axis of the tile done before if it lies just below, else 0 */
  PetscReal t;
  const PetscReal *U, *ghost, *A;
  PetscReal *out;
  PetscReal a, b, c;
  SinewFVParts parts;
  PetscBool want_rate;
  PetscReal rate;
} Task;

struct _p_SinewFV {
  DM dm;
  VecScatter foreign;     /* ghosts that belong to other ranks */
  PetscInt dim, nc, rows; /* rows: components and extras */
  const SinewAxis *axis[3];
  SinewFVKernels k;
  const SinewReconstruction *scheme;
  PetscBool characteristic, fall_back;
  PetscBool watched[SINEW_COMPONENTS_MAX]; /* whose NaN neither a speed nor a sign would show */
  SinewBoundary boundary;                  /* not owned */
  PetscInt tile[3], tiles[3];              /* largest tile, their number */
  PetscInt pitch;                          /* distance of component rows in a patch */
  PetscInt stride[3];                      /* distance of neighbouring cells along an axis in a patch */
  PetscReal *memory;
  PetscReal *w;          /* patch of primitives: tile and ghosts, [k][j][component][i] */
  PetscReal *g[3];       /* patches of physical fluxes, for pointwise schemes */
  States x, left, right; /* of a row along x; the same from the cells on both sides of its faces on */
  Faces fx;
  Front *y, *y_before, **z, *spare; /* of this row and the one before; of row j of a plane, spare taking turns */
  Front *fronts;                    /* all of them */
  const PetscReal *ahead;           /* values that the next tile will load, */
  PetscInt left_ahead, at_once;     /* how many of them are left to fetch, and how many go at once */
  Rows u, r, v, gradient[3], *stencil;
  PetscReal *mask, *cells, *rates, *diffusive;
  PetscReal limit[2];    /* of advection and diffusion; 0: rates are sums */
  PetscReal *between[3]; /* 1 / distance of cell centres across lower faces */
  PetscReal *across[3];  /* 1 / distance of the two neighbours' centres */
};

static PetscLogEvent event_halo, event_load, event_boundary, event_sweep, event_store;

static PetscErrorCode register_events(void)
{
  static PetscBool done = PETSC_FALSE;
  PetscClassId id;

  PetscFunctionBeginUser;
  if (done) PetscFunctionReturn(PETSC_SUCCESS);
  done = PETSC_TRUE;
  PetscCall(PetscClassIdRegister("Sinew FV", &id));
  PetscCall(PetscLogEventRegister("SinewFVHalo", id, &event_halo));
  PetscCall(PetscLogEventRegister("SinewFVLoad", id, &event_load));
  PetscCall(PetscLogEventRegister("SinewFVBoundary", id, &event_boundary));
  PetscCall(PetscLogEventRegister("SinewFVSweep", id, &event_sweep));
  PetscCall(PetscLogEventRegister("SinewFVStore", id, &event_store));
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

static inline void shift(const Rows *rows, PetscInt by, Rows *shifted)
{
  for (PetscInt c = 0; c < SINEW_COMPONENTS_MAX; c++) shifted->row[c] = rows->row[c] + by;
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
  PetscCall(register_events());
  PetscCall(PetscNew(&fv));
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

/* ---- from vectors to a patch of primitives ---- */

/* Component 0 of tile cell (i, j, k), which may be a ghost, in a patch. */
static inline PetscReal *at(const SinewFV fv, PetscReal *patch, PetscInt i, PetscInt j, PetscInt k)
{
  return patch + (k + fv->axis[2]->ghosts) * fv->stride[2] + (j + fv->axis[1]->ghosts) * fv->stride[1] + i + LEAD;
}

static inline Rows rows_at(const SinewFV fv, PetscReal *first)
{
  Rows r;

  for (PetscInt c = 0; c < SINEW_COMPONENTS_MAX; c++) r.row[c] = first + PetscMin(c, fv->rows - 1) * fv->pitch;
  return r;
}

#define CONST_ROWS(r) ((const PetscReal *const *)(r).row)

/* Interlaced cells (i, j, k) of the owned box, or of the box with ghosts. */
static inline PetscInt owned_index(const SinewFV fv, PetscInt i, PetscInt j, PetscInt k)
{
  const SinewAxis *x = fv->axis[0], *y = fv->axis[1], *z = fv->axis[2];

  return (((k - z->start) * y->count + (j - y->start)) * x->count + (i - x->start)) * fv->nc;
}

static inline PetscInt ghosted_index(const SinewFV fv, PetscInt i, PetscInt j, PetscInt k)
{
  const SinewAxis *x = fv->axis[0], *y = fv->axis[1], *z = fv->axis[2];

  return (((k - z->first) * (y->count + 2 * y->ghosts) + (j - y->first)) * (x->count + 2 * x->ghosts) +
          (i - x->first)) *
         fv->nc;
}

static inline PetscBool owns(const SinewAxis *a, PetscInt i)
{
  return (PetscBool)(i >= a->start && i < a->start + a->count);
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

/* Description of n lower faces, or of cells, beginning at tile cell (i, j, k). */
static SinewRow describe(const SinewFV fv, const Task *task, PetscInt axis, PetscBool faces, PetscInt i, PetscInt j,
                         PetscInt k)
{
  const SinewAxis *x = fv->axis[0], *y = fv->axis[1], *z = fv->axis[2];
  SinewRow row;

  row.axis = axis;
  row.i = task->start[0] + i;
  row.j = task->start[1] + j;
  row.k = task->start[2] + k;
  row.x = (faces && axis == 0 ? x->face : x->center) + row.i - x->first;
  row.y = (faces && axis == 1 ? y->face : y->center)[row.j - y->first];
  row.z = (faces && axis == 2 ? z->face : z->center)[row.k - z->first];
  row.t = task->t;
  return row;
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

/* The axis along which tiles roll. */
static inline PetscInt last_axis(const SinewFV fv)
{
  return fv->dim - 1;
}

/* First row (axis 1) or plane (axis 2) of a tile's patch that the tile below has not loaded. */
static inline PetscInt first_new(const SinewFV fv, const Task *task, PetscInt axis)
{
  return task->below && axis == last_axis(fv) ? fv->axis[axis]->ghosts : -fv->axis[axis]->ghosts;
}

/* Moves the rows or planes that a patch shares with that of the tile below, if they are needed again. Behind its first
   one, of which the states are in hand, those are what the next one's states reach, gradients along the axis, and the
   corrections of pointwise schemes. */
static void roll(const SinewFV fv, const Task *task, PetscReal *patch)
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

static PetscErrorCode load_patch(const SinewFV fv, const Task *task)
{
  const PetscInt gy = fv->axis[1]->ghosts, gz = fv->axis[2]->ghosts;

  PetscFunctionBegin;
  PetscCall(PetscLogEventBegin(event_load, 0, 0, 0, 0));
  roll(fv, task, fv->w);
  for (PetscInt k = first_new(fv, task, 2); k < task->count[2] + gz; k++) {
    if (beyond_side(fv->axis[2], task->start[2] + k)) continue;
    for (PetscInt j = first_new(fv, task, 1); j < task->count[1] + gy; j++) {
      if (!beyond_side(fv->axis[1], task->start[1] + j)) load_row(fv, task, j, k);
    }
  }
  PetscCall(PetscLogEventEnd(event_load, 0, 0, 0, 0));
  if (fv->boundary) {
    PetscCall(PetscLogEventBegin(event_boundary, 0, 0, 0, 0));
    PetscCall(SinewBoundaryFill(fv->boundary, task->start, task->count, fv->pitch, fv->stride[2] / fv->stride[1],
                                fv->k.extras, fv->w + LEAD - fv->axis[0]->ghosts));
    PetscCall(PetscLogEventEnd(event_boundary, 0, 0, 0, 0));
  }
  if (fv->k.complete) complete_patch(fv, task);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- from primitives to fluxes ---- */

static inline PetscBool transports(const SinewFV fv, const Task *task)
{
  return (PetscBool)((task->parts & SINEW_FV_FLUX) && fv->k.flux);
}

static void characteristic_states(const SinewFV fv, PetscInt axis, PetscInt n, PetscReal *q, States *s)
{
  const PetscInt reach = fv->scheme->reach,
                 apart = reach ? (PetscInt)(fv->stencil[1].row[0] - fv->stencil[0].row[0]) : 0;
  Rows w = rows_at(fv, q);

  for (PetscInt m = -reach; m <= reach; m++) {
    Rows neighbour;

    shift(&w, m * fv->stride[axis], &neighbour);
    (*fv->k.to_characteristic)(fv->k.context, axis, n, CONST_ROWS(w), CONST_ROWS(neighbour),
                               fv->stencil[m + reach].row);
  }
  for (PetscInt c = 0; c < fv->nc; c++)
    (*fv->scheme->row)(n, apart, fv->stencil[reach].row[c], fv->v.row[c], fv->r.row[c]);
  (*fv->k.from_characteristic)(fv->k.context, axis, n, CONST_ROWS(w), CONST_ROWS(fv->v), s->lower.row);
  (*fv->k.from_characteristic)(fv->k.context, axis, n, CONST_ROWS(w), CONST_ROWS(fv->r), s->upper.row);
}

/* Cells that the next tile of a column will load come towards the second-level cache while this one is in work: as many
   as row (j, k) has, a few lines before each reconstruction, since a burst of them would hold up everything else. */
static void look_ahead(SinewFV fv, const Task *task, PetscInt j, PetscInt k)
{
  const PetscInt along = last_axis(fv), by = task->count[along] + fv->axis[along]->ghosts,
                 cell[3] = {task->start[0], task->start[1] + j + (along == 1 ? by : 0),
                            task->start[2] + k + (along == 2 ? by : 0)};

  fv->left_ahead = 0;
  if (!owns(fv->axis[1], cell[1]) || !owns(fv->axis[2], cell[2])) return;
  fv->ahead = task->U + owned_index(fv, cell[0], cell[1], cell[2]);
  fv->left_ahead = task->count[0] * fv->nc;
  fv->at_once = (fv->left_ahead / (fv->dim * fv->rows) + 7) / 8 * 8;
}

static inline void fetch(SinewFV fv)
{
  const PetscInt n = PetscMin(fv->left_ahead, fv->at_once);

  if (!n) return;
  PetscPrefetchBlock(fv->ahead, n, 0, PETSC_PREFETCH_HINT_T1);
  fv->ahead += n;
  fv->left_ahead -= n;
}

/* Face values of n cells beginning at q; first order where a positive primitive would lose its
 * sign. */
static void face_states(const SinewFV fv, PetscInt axis, PetscInt n, PetscReal *q, States *s)
{
  if (fv->characteristic)
    characteristic_states(fv, axis, n, q, s);
  else
    for (PetscInt c = 0; c < fv->rows; c++) {
      fetch(fv);
      (*fv->scheme->row)(n, fv->stride[axis], q + c * fv->pitch, s->lower.row[c], s->upper.row[c]);
    }
  for (PetscInt i = 0; i < n && (fv->fall_back || fv->scheme->pointwise); i++) s->keep[i] = 1;
  if (!fv->fall_back) return;
  for (PetscInt p = 0; p < fv->k.positives; p++)
    RowKeepAbove(n, fv->k.least[p], s->lower.row[fv->k.positive[p]], s->upper.row[fv->k.positive[p]], s->keep);
  for (PetscInt c = 0; c < fv->rows; c++) RowFallBack(n, s->keep, q + c * fv->pitch, s->lower.row[c], s->upper.row[c]);
}

static void diffusive_fluxes(const SinewFV fv, const SinewRow *row, PetscInt n, const PetscReal *q, Rows *f)
{
  const PetscInt d = row->axis, back = fv->stride[d],
                 index[3] = {row->i - fv->axis[0]->first, row->j - fv->axis[1]->first, row->k - fv->axis[2]->first};
  const PetscReal *gradient[3][SINEW_COMPONENTS_MAX];

  for (PetscInt c = 0; c < fv->nc; c++) {
    const PetscReal *r = q + c * fv->pitch, *l = r - back;

    RowMean(n, l, r, fv->v.row[c]);
    for (PetscInt e = 0; e < 3; e++) {
      const PetscReal *inverse = (e == d ? fv->between : fv->across)[e] + index[e];

      gradient[e][c] = fv->gradient[e].row[c];
      if (e >= fv->dim) continue;
      if (e == d)
        RowNormalGradient(n, l, r, e == 0, inverse, fv->gradient[e].row[c]);
      else
        RowTransverseGradient(n, l, r, fv->stride[e], e == 0, inverse, fv->gradient[e].row[c]);
    }
  }
  (*fv->k.diffusive_flux)(fv->k.context, row, n, CONST_ROWS(fv->v),
                          (const PetscReal *const(*)[SINEW_COMPONENTS_MAX])gradient, f->row);
}

/* What the cells beginning at q see of the fluxes through their lower faces, and the cells before them. */
static void take_sides(const SinewFV fv, const Task *task, const SinewRow *row, PetscInt n, PetscReal *q, const Rows *l,
                       const Rows *r, Faces *f)
{
  const Rows above = rows_at(fv, q), below = rows_at(fv, q - fv->stride[row->axis]);

  if (transports(fv, task))
    (*fv->k.sides)(fv->k.context, row, n, CONST_ROWS(below), CONST_ROWS(*l), CONST_ROWS(*r), CONST_ROWS(above),
                   f->below.row, f->above.row);
  else
    for (PetscInt c = 0; c < fv->nc; c++) (void)PetscArraycpy(f->above.row[c], f->below.row[c], n);
}

/* Fluxes through the lower faces of n cells beginning at tile cell (0, j, k): `below` and `above` are the states on
   both sides. */
static void face_fluxes(const SinewFV fv, const Task *task, PetscInt axis, PetscInt n, PetscInt j, PetscInt k,
                        const States *below, const States *above, Faces *faces)
{
  const SinewRow row = describe(fv, task, axis, PETSC_TRUE, 0, j, k);
  const Rows *l = &below->upper, *r = &above->lower;
  Rows *f = &faces->below;

  if (transports(fv, task)) {
    (*fv->k.flux)(fv->k.context, &row, n, CONST_ROWS(*l), CONST_ROWS(*r), f->row);
    if (fv->scheme->pointwise) {
      RowProduct(n, below->keep, above->keep, fv->mask);
      for (PetscInt c = 0; c < fv->nc; c++)
        SinewFluxCorrection(n, fv->stride[axis], at(fv, fv->g[axis], 0, j, k) + c * fv->pitch, fv->mask, f->row[c]);
    }
  } else
    for (PetscInt c = 0; c < fv->nc; c++) (void)PetscArrayzero(f->row[c], n);
  if ((task->parts & SINEW_FV_DIFFUSION) && fv->k.diffusive_flux)
    diffusive_fluxes(fv, &row, n, at(fv, fv->w, 0, j, k), f);
  if (fv->k.sides) take_sides(fv, task, &row, n, at(fv, fv->w, 0, j, k), l, r, faces);
}

/* Point values of the physical flux, in every cell that a correction reaches. */
static void physical_fluxes(const SinewFV fv, const Task *task)
{
  const PetscInt n = task->count[0] + 2 * fv->axis[0]->ghosts;

  for (PetscInt d = 0; d < fv->dim; d++) roll(fv, task, fv->g[d]);
  for (PetscInt k = first_new(fv, task, 2); k < task->count[2] + fv->axis[2]->ghosts; k++) {
    for (PetscInt j = first_new(fv, task, 1); j < task->count[1] + fv->axis[1]->ghosts; j++) {
      for (PetscInt d = 0; d < fv->dim; d++) {
        const SinewRow row = describe(fv, task, d, PETSC_FALSE, -fv->axis[0]->ghosts, j, k);
        const Rows w = rows_at(fv, at(fv, fv->w, -fv->axis[0]->ghosts, j, k)),
                   g = rows_at(fv, at(fv, fv->g[d], -fv->axis[0]->ghosts, j, k));

        (*fv->k.physical_flux)(fv->k.context, &row, n, CONST_ROWS(w), g.row);
      }
    }
  }
}

/* ---- from fluxes back to vectors ---- */

/* Adds to fv->rates the rates of n cells with primitives w. */
static void row_rates(const SinewFV fv, const Task *task, PetscInt n, PetscInt j, PetscInt k, const Rows *w)
{
  const PetscInt index[3] = {task->start[0] - fv->axis[0]->first, task->start[1] + j - fv->axis[1]->first,
                             task->start[2] + k - fv->axis[2]->first};
  const PetscBool apart = (PetscBool)(fv->limit[0] > 0);
  PetscReal *diffusive = apart ? fv->diffusive : fv->rates;

  if (apart) (void)PetscArrayzero(diffusive, n);
  if (transports(fv, task)) {
    const SinewRow row = describe(fv, task, 0, PETSC_FALSE, 0, j, k);
    const PetscInt stride[3] = {1, 0, 0};
    const PetscReal *inverse[3];

    for (PetscInt d = 0; d < 3; d++) inverse[d] = fv->axis[d]->inverse + index[d];
    (*fv->k.rate)(fv->k.context, &row, n, CONST_ROWS(*w), stride, inverse, fv->rates);
  } else
    (void)PetscArrayzero(fv->rates, n);
  for (PetscInt d = 0; d < fv->dim && (task->parts & SINEW_FV_DIFFUSION) && fv->k.diffusive_flux; d++) {
    const SinewRow row = describe(fv, task, d, PETSC_FALSE, 0, j, k);

    (*fv->k.diffusive_rate)(fv->k.context, &row, n, CONST_ROWS(*w), d == 0, fv->axis[d]->inverse + index[d], diffusive);
  }
  if (apart) RowLarger(n, 1 / fv->limit[0], 1 / fv->limit[1], diffusive, fv->rates);
  for (PetscInt c = 0; c < fv->nc; c++) {
    if (fv->watched[c]) RowSpoilNaN(n, w->row[c], fv->rates);
  }
  for (PetscInt p = 0; p < fv->k.positives; p++) RowSpoil(n, fv->k.least[p], w->row[fv->k.positive[p]], fv->rates);
}

static void finish_row(const SinewFV fv, Task *task, PetscInt j, PetscInt k)
{
  const PetscInt n = task->count[0], first = owned_index(fv, task->start[0], task->start[1] + j, task->start[2] + k);

  if ((task->parts & SINEW_FV_SOURCE) && fv->k.source) {
    const SinewRow row = describe(fv, task, 0, PETSC_FALSE, 0, j, k);
    const Rows w = rows_at(fv, at(fv, fv->w, 0, j, k));

    (*fv->k.source)(fv->k.context, &row, n, CONST_ROWS(w), fv->r.row);
  }
  (void)PetscLogEventBegin(event_store, 0, 0, 0, 0);
  for (PetscInt i = 0; i < n; i += BLOCK) {
    const PetscInt m = PetscMin(BLOCK, n - i), from = first + i * fv->nc;
    Rows r;

    shift(&fv->r, i, &r);
    CellsFromRows(fv->nc, m, CONST_ROWS(r), fv->cells);
    RowCombine(m * fv->nc, task->a, task->A + from, task->b, task->U + from, task->c, fv->cells, task->out + from);
  }
  (void)PetscLogEventEnd(event_store, 0, 0, 0, 0);
  if (!task->want_rate) return;
  RowsFromCells(fv->nc, n, task->out + first, fv->u.row);
  (*fv->k.primitive)(fv->k.context, n, CONST_ROWS(fv->u), fv->v.row);
  row_rates(fv, task, n, j, k, &fv->v);
  task->rate = RowMaximum(n, fv->rates, task->rate);
}

static void swap(Front **a, Front **b)
{
  Front *c = *a;

  *a = *b;
  *b = c;
}

/* Row (j, k), as seen from the one before along an axis: its states, and the fluxes through its lower faces. */
static void advance(const SinewFV fv, const Task *task, PetscInt axis, PetscInt j, PetscInt k, const Front *before,
                    Front *front)
{
  const PetscInt n = task->count[0];

  if (transports(fv, task)) face_states(fv, axis, n, at(fv, fv->w, 0, j, k), &front->states);
  face_fluxes(fv, task, axis, n, j, k, &before->states, &front->states, &front->fluxes);
}

/* Row (j, k): fluxes along x and to the plane above, then the sum of differences along x, y, z in this order, on every
   rank the same. y0 and y1: fluxes through the lower and the upper y faces. */
static void update_row(const SinewFV fv, Task *task, PetscInt j, PetscInt k, const Faces *y0, const Faces *y1)
{
  const PetscInt n = task->count[0],
                 index[3] = {task->start[0] - fv->axis[0]->first, task->start[1] + j - fv->axis[1]->first,
                             task->start[2] + k - fv->axis[2]->first};

  look_ahead(fv, task, j, k);
  if (transports(fv, task)) face_states(fv, 0, n + 1 + EARLY, at(fv, fv->w, -EARLY, j, k), &fv->x);
  face_fluxes(fv, task, 0, n + 1, j, k, &fv->left, &fv->right, &fv->fx);
  if (fv->dim > 2) advance(fv, task, 2, j, k + 1, fv->z[j], fv->spare);
  for (PetscInt c = 0; c < fv->nc; c++) {
    const PetscReal *x[2] = {fv->fx.above.row[c], fv->fx.below.row[c] + 1}, *y[2] = {NULL, NULL}, *z[2] = {NULL, NULL};

    if (fv->dim > 1) y[0] = y0->above.row[c], y[1] = y1->below.row[c];
    if (fv->dim > 2) z[0] = fv->z[j]->fluxes.above.row[c], z[1] = fv->spare->fluxes.below.row[c];
    RowDivergence(n, x, fv->axis[0]->inverse + index[0], y, fv->axis[1]->inverse[index[1]], z,
                  fv->axis[2]->inverse[index[2]], fv->r.row[c]);
  }
  if (fv->dim > 2) swap(&fv->z[j], &fv->spare);
  finish_row(fv, task, j, k);
}

/* Plane k: marches along y with the front of the row before in hand, so that each face is computed once; where tiles
   roll along y, from tile to tile. */
static void update_plane(const SinewFV fv, Task *task, PetscInt k)
{
  if (fv->dim < 2) {
    update_row(fv, task, 0, k, NULL, NULL);
    return;
  }
  if (fv->dim > 2 || !task->below) {
    if (transports(fv, task)) face_states(fv, 1, task->count[0], at(fv, fv->w, 0, -1, k), &fv->y_before->states);
    advance(fv, task, 1, 0, k, fv->y_before, fv->y);
    swap(&fv->y, &fv->y_before);
  }
  for (PetscInt j = 0; j < task->count[1]; j++) {
    advance(fv, task, 1, j + 1, k, fv->y_before, fv->y);
    update_row(fv, task, j, k, &fv->y_before->fluxes, &fv->y->fluxes);
    swap(&fv->y, &fv->y_before);
  }
}

/* The front of the plane at the bottom of a column of tiles. */
static void start_column(const SinewFV fv, const Task *task)
{
  for (PetscInt j = 0; j < task->count[1]; j++) {
    if (transports(fv, task)) face_states(fv, 2, task->count[0], at(fv, fv->w, 0, j, -1), &fv->z[j]->states);
    advance(fv, task, 2, j, 0, fv->z[j], fv->spare);
    swap(&fv->z[j], &fv->spare);
  }
}

static void update_tile(const SinewFV fv, Task *task)
{
  if (fv->scheme->pointwise && transports(fv, task)) physical_fluxes(fv, task);
  if (fv->dim > 2 && !task->below) start_column(fv, task);
  for (PetscInt k = 0; k < task->count[2]; k++) update_plane(fv, task, k);
}

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
  PetscCall(load_patch(fv, task));
  PetscCall(PetscLogEventBegin(event_sweep, 0, 0, 0, 0));
  update_tile(fv, task);
  PetscCall(PetscLogEventEnd(event_sweep, 0, 0, 0, 0));
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
  PetscCall(PetscLogEventBegin(event_halo, 0, 0, 0, 0));
  PetscCall(VecScatterBegin(fv->foreign, U, local, INSERT_VALUES, SCATTER_FORWARD));
  PetscCall(VecScatterEnd(fv->foreign, U, local, INSERT_VALUES, SCATTER_FORWARD));
  PetscCall(PetscLogEventEnd(event_halo, 0, 0, 0, 0));
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
      row_rates(fv, task, task->count[0], j, k, &fv->v);
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
