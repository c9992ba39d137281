#ifndef SINEW_OPERATORS_FINITE_VOLUME_PRIVATE_H
#define SINEW_OPERATORS_FINITE_VOLUME_PRIVATE_H
/*
  What the parts of the finite volumes share: finite_volume.c makes them and goes from tile to tile,
  finite_volume_patch.c loads the primitives of a tile, finite_volume_sweep.c goes from there to fluxes and back to
  vectors.
*/
#include "operators/finite_volume.h"
#include "operators/finite_volume_kernels.h"

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

typedef struct {
  PetscLogEvent halo, load, boundary, sweep, store;
} FVEvents;

struct _p_SinewFV {
  FVEvents event;
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

#define CONST_ROWS(r) ((const PetscReal *const *)(r).row)

static inline void shift(const Rows *rows, PetscInt by, Rows *shifted)
{
  for (PetscInt c = 0; c < SINEW_COMPONENTS_MAX; c++) shifted->row[c] = rows->row[c] + by;
}

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

/* Interlaced cells (i, j, k) of the owned box, or of the box with ghosts. */
static inline PetscInt owned_index(const SinewFV fv, PetscInt i, PetscInt j, PetscInt k)
{
  const SinewAxis *x = fv->axis[0], *y = fv->axis[1], *z = fv->axis[2];

  return (((k - z->start) * y->count + (j - y->start)) * x->count + (i - x->start)) * fv->nc;
}

static inline PetscBool owns(const SinewAxis *a, PetscInt i)
{
  return (PetscBool)(i >= a->start && i < a->start + a->count);
}

/* Description of n lower faces, or of cells, beginning at tile cell (i, j, k). */
static inline SinewRow describe(const SinewFV fv, const Task *task, PetscInt axis, PetscBool faces, PetscInt i,
                                PetscInt j, PetscInt k)
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

static inline PetscBool transports(const SinewFV fv, const Task *task)
{
  return (PetscBool)((task->parts & SINEW_FV_FLUX) && fv->k.flux);
}

/* Loads what a tile's patch does not take over from the tile below it, boundaries and extra rows included. */
PETSC_INTERN PetscErrorCode SinewFVLoadPatch(SinewFV fv, const Task *task);
/* Moves the rows or planes that a patch shares with that of the tile below, if they are needed again. */
PETSC_INTERN void SinewFVRoll(SinewFV fv, const Task *task, PetscReal *patch);
/* From a tile's patch to its cells of task->out, and to task->rate where it is wanted. */
PETSC_INTERN void SinewFVUpdateTile(SinewFV fv, Task *task);
/* Rates of the n cells of row (j, k), with primitives w, into fv->rates; NaN where they are not admissible. */
PETSC_INTERN void SinewFVRowRates(SinewFV fv, const Task *task, PetscInt n, PetscInt j, PetscInt k, const Rows *w);

#endif
