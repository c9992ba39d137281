#include "operators/moving_volume.h"

#include "operators/finite_volume_kernels.h"
#include "operators/moving_volume_kernels.h"

typedef struct {
  PetscReal *row[SINEW_COMPONENTS_MAX];
} Rows;

#define CONST_ROWS(r) ((const PetscReal *const *)(r).row)

typedef struct {
  Rows lower, upper;
} States;

struct _p_SinewMovingFV {
  SinewGrid grid;
  DM dm;
  PetscInt dim, nc;
  const SinewAxis *axis[3];
  SinewFVKernels k;
  const SinewReconstruction *scheme;
  SinewBoundary boundary;
  SinewGeometry *g;
  PetscReal t, dt;
  SinewFVParts parts;        /* of the application in hand */
  PetscReal fraction;        /* of the step at which it stands */
  PetscInt pitch, stride[3]; /* of the patch of primitives: [k][j][component][i] with ghosts */
  PetscReal *w, *r;          /* primitives; sums of fluxes, [k][j][component][i] of owned cells */
  PetscReal *memory;
  States sx, s[2], z[2]; /* of a row along x; of rows along y; of planes along z */
  Rows f, ul, ur, v, u, gradient[3];
  PetscReal *flow[3]; /* volumes that faces sweep a time in this step, less what velocity_at carries through them */
  PetscReal *spread, *given;     /* diffusivity_at and source_at in owned cells; NULL: without */
  PetscReal *conductance[3][3];  /* of faces along an axis, for differences along another; with kernels' laplacian */
  PetscReal limit[2];            /* of advection and diffusion in rates; 0: rates are sums */
  PetscReal *points, *placed[3]; /* of a row, for coefficients that depend on place */
  PetscReal *speed[2], *swept, *keep, *rates, *diffusive, *cells, *volume, *metric[3][3], *area[3];
};

static PetscLogEvent event_halo, event_load, event_sweep;

/* ---- set-up ---- */

static PetscErrorCode register_events(void)
{
  static PetscBool done = PETSC_FALSE;
  PetscClassId id;

  PetscFunctionBeginUser;
  if (done) PetscFunctionReturn(PETSC_SUCCESS);
  done = PETSC_TRUE;
  PetscCall(PetscClassIdRegister("Sinew moving FV", &id));
  PetscCall(PetscLogEventRegister("SinewMovHalo", id, &event_halo));
  PetscCall(PetscLogEventRegister("SinewMovLoad", id, &event_load));
  PetscCall(PetscLogEventRegister("SinewMovSweep", id, &event_sweep));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Hands out rows of one allocation; with NULL memory it only counts. */
static PetscReal *take(PetscReal *memory, size_t *used, PetscInt n)
{
  PetscReal *piece = memory ? memory + *used : NULL;

  *used += (size_t)((n + 7) / 8 * 8);
  return piece;
}

static size_t lay_out(SinewMovingFV fv, PetscReal *memory)
{
  Rows *const rows[] = {&fv->sx.lower,   &fv->sx.upper,    &fv->s[0].lower,  &fv->s[0].upper, &fv->s[1].lower,
                        &fv->s[1].upper, &fv->f,           &fv->ul,          &fv->ur,         &fv->v,
                        &fv->u,          &fv->gradient[0], &fv->gradient[1], &fv->gradient[2]};
  PetscReal **const single[] = {&fv->speed[0],  &fv->speed[1],  &fv->swept,    &fv->keep,    &fv->rates,
                                &fv->volume,    &fv->area[0],   &fv->area[1],  &fv->area[2], &fv->diffusive,
                                &fv->placed[0], &fv->placed[1], &fv->placed[2]};
  const SinewAxis *const *a = fv->axis;
  size_t used = 0;

  fv->w = take(memory, &used, fv->stride[2] * (a[2]->count + 2 * a[2]->ghosts));
  fv->r = take(memory, &used, fv->nc * a[0]->count * a[1]->count * a[2]->count);
  for (size_t n = 0; n < sizeof(rows) / sizeof(rows[0]); n++)
    for (PetscInt c = 0; c < fv->nc; c++) rows[n]->row[c] = take(memory, &used, fv->pitch);
  for (int p = 0; p < 2 && fv->dim > 2; p++)
    for (PetscInt c = 0; c < fv->nc; c++) {
      fv->z[p].lower.row[c] = take(memory, &used, fv->pitch * a[1]->count);
      fv->z[p].upper.row[c] = take(memory, &used, fv->pitch * a[1]->count);
    }
  for (size_t n = 0; n < sizeof(single) / sizeof(single[0]); n++) *single[n] = take(memory, &used, fv->pitch);
  for (int d = 0; d < 3; d++)
    for (int e = 0; e < 3; e++) fv->metric[d][e] = take(memory, &used, fv->pitch);
  fv->cells = take(memory, &used, fv->pitch * fv->nc);
  fv->points = take(memory, &used, 3 * fv->pitch);
  return used;
}

static PetscErrorCode create_faces(SinewMovingFV fv)
{
  const size_t n = (size_t)(fv->g->face[0] * fv->g->face[1] * fv->g->face[2]),
               cells = (size_t)(fv->axis[0]->count * fv->axis[1]->count * fv->axis[2]->count);

  PetscFunctionBeginUser;
  if (fv->k.diffusivity_at) PetscCall(PetscMalloc1(cells, &fv->spread));
  if (fv->k.source_at) PetscCall(PetscMalloc1(cells, &fv->given));
  for (PetscInt d = 0; d < fv->dim; d++) {
    PetscCall(PetscMalloc1(n, &fv->flow[d]));
    for (PetscInt e = 0; e < fv->dim && fv->k.laplacian; e++) PetscCall(PetscMalloc1(n, &fv->conductance[d][e]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where a cell's corner is now; nodes count from -1 to count + 1. */
static PetscReal corner(const SinewMovingFV fv, PetscInt d, const PetscInt node[3])
{
  const PetscInt n = SinewGeometryNode(fv->g, node[0], node[1], node[2]);
  const PetscReal from = fv->g->x[0][d][n];

  return from + fv->fraction * (fv->g->x[1][d][n] - from);
}

/* Middle of a ghost cell's face on the side, or its centre: the mirror image of that of the cell inside. */
static PetscErrorCode place_ghost(void *context, PetscInt axis, const PetscInt cell[3], PetscBool on_side,
                                  PetscReal x[3])
{
  const SinewMovingFV fv = (SinewMovingFV)context;
  const SinewAxis *a = fv->axis[axis];
  const PetscBool upper = (PetscBool)(cell[axis] >= a->cells);
  const PetscInt layer = upper ? cell[axis] - a->cells : -1 - cell[axis], corners = 1 << fv->dim;
  PetscInt low[3] = {0, 0, 0};

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < fv->dim; d++) low[d] = cell[d] - fv->axis[d]->start;
  low[axis] = upper ? a->count - 1 - layer : layer;
  x[0] = x[1] = x[2] = 0;
  for (PetscInt n = 0; n < corners; n++) {
    PetscInt node[3];

    for (PetscInt d = 0; d < 3; d++) node[d] = low[d] + (n >> d & 1);
    if (on_side) node[axis] = upper ? a->count : 0;
    for (PetscInt d = 0; d < fv->dim; d++) x[d] += corner(fv, d, node) / (PetscReal)corners;
  }
  if (!on_side) x[axis] = 2 * (upper ? a->upper : a->lower) - x[axis];
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMovingFVCreate(SinewGrid grid, const SinewFVKernels *kernels,
                                   const SinewReconstruction *reconstruction, SinewBoundary boundary,
                                   SinewGeometry *geometry, SinewMovingFV *newfv)
{
  SinewMovingFV fv;
  PetscReal *aligned;

  PetscFunctionBeginUser;
  PetscCall(register_events());
  PetscCheck(!reconstruction->pointwise, PETSC_COMM_SELF, PETSC_ERR_SUP, "%s is for meshes at rest",
             reconstruction->name);
  PetscCheck(!kernels->flux || (kernels->normal_speed && kernels->physical_flux), PETSC_COMM_SELF, PETSC_ERR_SUP,
             "the equation has no fluxes for moving meshes");
  PetscCall(PetscNew(&fv));
  *newfv = fv;
  fv->grid = grid;
  fv->k = *kernels;
  fv->nc = kernels->components;
  fv->scheme = reconstruction;
  fv->boundary = boundary;
  fv->g = geometry;
  fv->dim = SinewGridDim(grid);
  PetscCall(SinewGridGetDM(grid, &fv->dm));
  for (PetscInt d = 0; d < 3; d++) fv->axis[d] = SinewGridAxis(grid, d);
  fv->pitch = fv->axis[0]->count + 2 * fv->axis[0]->ghosts;
  fv->stride[0] = 1;
  fv->stride[1] = fv->nc * fv->pitch;
  fv->stride[2] = fv->stride[1] * (fv->axis[1]->count + 2 * fv->axis[1]->ghosts);
  PetscCall(PetscCalloc1(lay_out(fv, NULL) + 8, &fv->memory));
  aligned = (PetscReal *)(((size_t)fv->memory + 63) / 64 * 64);
  (void)lay_out(fv, aligned);
  fv->dt = 1;
  if (boundary) PetscCall(SinewBoundarySetPlaces(boundary, place_ghost, fv));
  PetscCall(create_faces(fv));
  PetscCall(SinewMovingFVSetStep(fv, 0, 1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMovingFVDestroy(SinewMovingFV *fv)
{
  PetscFunctionBeginUser;
  if (!*fv) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree((*fv)->memory));
  PetscCall(PetscFree((*fv)->spread));
  PetscCall(PetscFree((*fv)->given));
  for (PetscInt d = 0; d < 3; d++) {
    PetscCall(PetscFree((*fv)->flow[d]));
    for (PetscInt e = 0; e < 3; e++) PetscCall(PetscFree((*fv)->conductance[d][e]));
  }
  PetscCall(PetscFree(*fv));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- steps ---- */

/* What turns differences into gradients at n faces whose upper cells begin at (i, j, k). */
static void face_metric(const SinewMovingFV fv, PetscInt axis, PetscInt n, PetscInt i, PetscInt j, PetscInt k,
                        const PetscReal *const S[3])
{
  const SinewGeometry *g = fv->g;
  const PetscInt padded[3] = {1, g->padded[0], g->padded[0] * g->padded[1]},
                 stride[3] = {1, g->node[0], g->node[0] * g->node[1]}, cell = SinewGeometryPadded(g, i, j, k),
                 node = SinewGeometryNode(g, i, j, k);
  const PetscReal *lower[3], *upper[3], *x0[3], *x1[3];

  for (PetscInt a = 0; a < fv->dim; a++) {
    upper[a] = g->centre[a] + cell;
    lower[a] = upper[a] - padded[axis];
    x0[a] = g->x[0][a] + node;
    x1[a] = g->x[1][a] + node;
  }
  if (fv->dim == 2)
    MovingMetric2D(axis, n, S, lower, upper, fv->metric);
  else
    MovingMetric3D(axis, n, S, lower, upper, x0, x1, stride, fv->metric);
}

/* Middles of the faces of row (j, k) along an axis in the middle of the step, into fv->points [n][dim]. */
static void face_points(const SinewMovingFV fv, PetscInt axis, PetscInt n, PetscInt j, PetscInt k)
{
  const SinewGeometry *g = fv->g;
  const PetscInt stride[3] = {1, g->node[0], g->node[0] * g->node[1]}, first = SinewGeometryNode(g, 0, j, k),
                 e = fv->dim == 2 ? stride[1 - axis] : stride[(axis + 1) % 3],
                 f = fv->dim == 2 ? 0 : stride[(axis + 2) % 3];

  for (PetscInt d = 0; d < fv->dim; d++)
    for (PetscInt i = 0; i < n; i++) {
      PetscReal sum = 0;

      for (int end = 0; end < 2; end++) {
        const PetscReal *x = g->x[end][d] + first + i;

        sum += (x[0] + x[e]) + (x[f] + x[e + f]);
      }
      fv->points[i * fv->dim + d] = sum / 8;
    }
}

/* Coefficients that depend on place: what velocities carry through the faces, and what conductances are worth. */
static PetscErrorCode place_faces(SinewMovingFV fv, PetscInt axis, PetscInt n, PetscInt j, PetscInt k)
{
  const PetscInt first = SinewGeometryFace(fv->g, 0, j, k);
  const PetscReal t = fv->t + 0.5 * fv->dt;

  PetscFunctionBeginUser;
  face_points(fv, axis, n, j, k);
  if (fv->k.velocity_at) {
    PetscCall((*fv->k.velocity_at)(fv->k.context, n, fv->points, t, fv->placed));
    for (PetscInt d = 0; d < fv->dim; d++)
      MovingAddProduct(n, -1, fv->g->area[axis][d] + first, fv->placed[d], fv->flow[axis] + first);
  }
  if (fv->k.diffusivity_at) {
    PetscCall((*fv->k.diffusivity_at)(fv->k.context, n, fv->points, t, fv->placed[0]));
    for (PetscInt d = 0; d < fv->dim; d++)
      for (PetscInt i = 0; i < n; i++) fv->conductance[axis][d][first + i] *= fv->placed[0][i];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A coefficient in the middles of the owned cells in the middle of the step. */
static PetscErrorCode place_cells(SinewMovingFV fv,
                                  PetscErrorCode (*value_at)(const void *, PetscInt, const PetscReal *, PetscReal,
                                                             PetscReal *),
                                  PetscReal t, PetscReal out[])
{
  const PetscInt n = fv->axis[0]->count;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < fv->axis[2]->count; k++)
    for (PetscInt j = 0; j < fv->axis[1]->count; j++) {
      const PetscInt at = SinewGeometryPadded(fv->g, 0, j, k);

      for (PetscInt d = 0; d < fv->dim; d++)
        for (PetscInt i = 0; i < n; i++) fv->points[i * fv->dim + d] = fv->g->centre[d][at + i];
      PetscCall((*value_at)(fv->k.context, n, fv->points, t, out + (k * fv->axis[1]->count + j) * n));
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What a step keeps of the faces of row (j, k) along an axis. */
static void keep_faces(const SinewMovingFV fv, PetscInt axis, PetscInt j, PetscInt k)
{
  const PetscInt n = fv->axis[0]->count + (axis == 0), first = SinewGeometryFace(fv->g, 0, j, k);
  const PetscReal *S[3] = {NULL, NULL, NULL};
  PetscReal *conductance[3];

  MovingScale(n, 1 / fv->dt, fv->g->swept[axis] + first, fv->flow[axis] + first);
  if (!fv->k.laplacian) return;
  for (PetscInt d = 0; d < fv->dim; d++) {
    S[d] = fv->g->area[axis][d] + first;
    conductance[d] = fv->conductance[axis][d] + first;
  }
  face_metric(fv, axis, n, 0, j, k, S);
  MovingConductances(fv->dim, n, S, fv->metric, conductance);
}

PetscErrorCode SinewMovingFVSetStep(SinewMovingFV fv, PetscReal t, PetscReal dt)
{
  PetscFunctionBeginUser;
  fv->t = t;
  fv->dt = dt;
  for (PetscInt d = 0; d < fv->dim; d++)
    for (PetscInt k = 0; k < fv->axis[2]->count + (d == 2); k++)
      for (PetscInt j = 0; j < fv->axis[1]->count + (d == 1); j++) {
        keep_faces(fv, d, j, k);
        if (fv->k.velocity_at || fv->k.diffusivity_at)
          PetscCall(place_faces(fv, d, fv->axis[0]->count + (d == 0), j, k));
      }
  if (fv->spread) PetscCall(place_cells(fv, fv->k.diffusivity_at, t + 0.5 * dt, fv->spread));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- contents and averages ---- */

/* J of owned cells of a row at a fraction of the step. */
static void row_volumes(const SinewMovingFV fv, PetscReal fraction, PetscInt j, PetscInt k, PetscReal out[])
{
  const PetscInt n = fv->axis[0]->count, first = (k * fv->axis[1]->count + j) * n;

  MovingVolume(n, fraction, 1 / fv->g->cell, fv->g->volume[0] + first, fv->g->volume[1] + first, out);
}

static PetscReal fraction_at(const SinewMovingFV fv, PetscReal t)
{
  return PetscClipInterval((t - fv->t) / fv->dt, 0, 1);
}

static PetscErrorCode scale(SinewMovingFV fv, PetscReal fraction, PetscBool multiply, const PetscReal *from,
                            PetscReal *to)
{
  const PetscInt n = fv->axis[0]->count;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < fv->axis[2]->count; k++)
    for (PetscInt j = 0; j < fv->axis[1]->count; j++) {
      const PetscInt first = (k * fv->axis[1]->count + j) * n * fv->nc;

      row_volumes(fv, fraction, j, k, fv->volume);
      if (multiply)
        MovingContents(fv->nc, n, fv->volume, from + first, to + first);
      else
        MovingAverages(fv->nc, n, fv->volume, from + first, to + first);
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMovingFVScale(SinewMovingFV fv, int end, PetscBool multiply, Vec U)
{
  PetscReal *u;

  PetscFunctionBeginUser;
  PetscCall(VecGetArray(U, &u));
  PetscCall(scale(fv, (PetscReal)end, multiply, u, u));
  PetscCall(VecRestoreArray(U, &u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMovingFVVolumes(SinewMovingFV fv, PetscReal t, Vec J)
{
  PetscReal *a;

  PetscFunctionBeginUser;
  PetscCall(VecSet(J, 1));
  PetscCall(VecGetArray(J, &a));
  PetscCall(scale(fv, fraction_at(fv, t), PETSC_TRUE, a, a));
  PetscCall(VecRestoreArray(J, &a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- primitives ---- */

static inline PetscReal *at(const SinewMovingFV fv, PetscInt i, PetscInt j, PetscInt k)
{
  return fv->w + (k + fv->axis[2]->ghosts) * fv->stride[2] + (j + fv->axis[1]->ghosts) * fv->stride[1] + i +
         fv->axis[0]->ghosts;
}

static inline Rows rows_at(const SinewMovingFV fv, PetscReal *first)
{
  Rows r = {{NULL}};

  for (PetscInt c = 0; c < fv->nc; c++) r.row[c] = first + c * fv->pitch;
  return r;
}

static inline Rows shifted(const SinewMovingFV fv, const Rows *rows, PetscInt by)
{
  Rows r = {{NULL}};

  for (PetscInt c = 0; c < fv->nc; c++) r.row[c] = rows->row[c] + by;
  return r;
}

static PetscBool beyond_side(const SinewAxis *a, PetscInt i)
{
  return (PetscBool)(!a->periodic && (a->start + i < 0 || a->start + i >= a->cells));
}

/* The patch of primitives from contents at a fraction of the step. Ghosts travel as averages. Collective. */
static PetscErrorCode load(SinewMovingFV fv, Vec Y, PetscReal fraction)
{
  const SinewAxis *x = fv->axis[0], *y = fv->axis[1], *z = fv->axis[2];
  const PetscInt width = x->count + 2 * x->ghosts;
  const PetscInt start[3] = {x->start, y->start, z->start}, count[3] = {x->count, y->count, z->count};
  const PetscReal *from;
  PetscReal *to, *cells;
  Vec local, averages;

  PetscFunctionBeginUser;
  PetscCall(DMGetLocalVector(fv->dm, &local));
  PetscCall(DMGetGlobalVector(fv->dm, &averages));
  PetscCall(VecGetArrayRead(Y, &from));
  PetscCall(VecGetArrayWrite(averages, &to));
  PetscCall(scale(fv, fraction, PETSC_FALSE, from, to));
  PetscCall(VecRestoreArrayWrite(averages, &to));
  PetscCall(VecRestoreArrayRead(Y, &from));
  PetscCall(PetscLogEventBegin(event_halo, 0, 0, 0, 0));
  PetscCall(SinewGridGhostsBegin(fv->grid, averages, local));
  PetscCall(SinewGridGhostsEnd(fv->grid, averages, local));
  PetscCall(PetscLogEventEnd(event_halo, 0, 0, 0, 0));
  PetscCall(PetscLogEventBegin(event_load, 0, 0, 0, 0));
  PetscCall(VecGetArrayRead(averages, &from));
  PetscCall(VecGetArray(local, &cells));
  for (PetscInt k = -z->ghosts; k < z->count + z->ghosts; k++)
    for (PetscInt j = -y->ghosts; j < y->count + y->ghosts; j++) {
      const PetscInt first = ((k + z->ghosts) * (y->count + 2 * y->ghosts) + j + y->ghosts) * width * fv->nc;
      const PetscInt lower = beyond_side(x, -1) ? x->ghosts : 0, upper = beyond_side(x, x->count) ? x->ghosts : 0;
      Rows w = rows_at(fv, at(fv, lower - x->ghosts, j, k));

      if (beyond_side(y, j) || beyond_side(z, k)) continue;
      if (j >= 0 && j < y->count && k >= 0 && k < z->count)
        PetscCall(PetscArraycpy(cells + first + x->ghosts * fv->nc, from + (k * y->count + j) * x->count * fv->nc,
                                x->count * fv->nc));
      RowsFromCells(fv->nc, width - lower - upper, cells + first + lower * fv->nc, fv->u.row);
      (*fv->k.primitive)(fv->k.context, width - lower - upper, CONST_ROWS(fv->u), w.row);
    }
  PetscCall(VecRestoreArray(local, &cells));
  PetscCall(VecRestoreArrayRead(averages, &from));
  if (fv->boundary)
    PetscCall(SinewBoundaryFill(fv->boundary, start, count, fv->pitch, y->count + 2 * y->ghosts, 0, fv->w));
  PetscCall(PetscLogEventEnd(event_load, 0, 0, 0, 0));
  PetscCall(DMRestoreGlobalVector(fv->dm, &averages));
  PetscCall(DMRestoreLocalVector(fv->dm, &local));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- fluxes ---- */

static SinewRow describe(const SinewMovingFV fv, PetscInt axis, PetscReal t, PetscInt i, PetscInt j, PetscInt k)
{
  const SinewAxis *x = fv->axis[0], *y = fv->axis[1], *z = fv->axis[2];

  return (SinewRow){.axis = axis,
                    .i = x->start + i,
                    .j = y->start + j,
                    .k = z->start + k,
                    .x = x->center + i + x->ghosts,
                    .y = y->center[j + y->ghosts],
                    .z = z->center[k + z->ghosts],
                    .t = t};
}

/* Face values of n cells beginning at q; first order where a positive primitive would lose its sign. */
static void face_states(const SinewMovingFV fv, PetscInt axis, PetscInt n, PetscReal *q, States *s)
{
  for (PetscInt c = 0; c < fv->nc; c++)
    (*fv->scheme->row)(n, fv->stride[axis], q + c * fv->pitch, s->lower.row[c], s->upper.row[c]);
  if (fv->scheme->bounded || !fv->k.positives) return;
  for (PetscInt i = 0; i < n; i++) fv->keep[i] = 1;
  for (PetscInt p = 0; p < fv->k.positives; p++)
    RowKeepAbove(n, fv->k.least[p], s->lower.row[fv->k.positive[p]], s->upper.row[fv->k.positive[p]], fv->keep);
  for (PetscInt c = 0; c < fv->nc; c++) RowFallBack(n, fv->keep, q + c * fv->pitch, s->lower.row[c], s->upper.row[c]);
}

/* Rusanov's flux through n faces with area vectors S that sweep `swept` a time:
   f = (F(l) + F(r)) . S / 2 - swept (u_l + u_r) / 2 - speed (u_r - u_l) / 2. */
static void transport(const SinewMovingFV fv, SinewRow row, PetscInt n, const PetscReal *const S[3],
                      const PetscReal swept[], const Rows *l, const Rows *r)
{
  const Rows *const side[2] = {l, r}, *const conserved[2] = {&fv->ul, &fv->ur};

  for (PetscInt c = 0; c < fv->nc; c++) (void)PetscArrayzero(fv->f.row[c], n);
  for (int e = 0; e < 2; e++) {
    for (PetscInt d = 0; d < fv->dim; d++) {
      row.axis = d;
      (*fv->k.physical_flux)(fv->k.context, &row, n, CONST_ROWS(*side[e]), fv->v.row);
      for (PetscInt c = 0; c < fv->nc; c++) MovingAddProduct(n, 0.5, S[d], fv->v.row[c], fv->f.row[c]);
    }
    (*fv->k.conserved)(fv->k.context, n, CONST_ROWS(*side[e]), conserved[e]->row);
    (*fv->k.normal_speed)(fv->k.context, n, CONST_ROWS(*side[e]), S, swept, fv->speed[e]);
  }
  for (PetscInt c = 0; c < fv->nc; c++)
    MovingRusanov(n, swept, fv->speed[0], fv->speed[1], fv->ul.row[c], fv->ur.row[c], fv->f.row[c]);
}

/* Adds the diffusive flux through n faces whose upper cells begin at (i, j, k). */
static void diffuse(const SinewMovingFV fv, SinewRow row, PetscInt axis, PetscInt n, PetscInt i, PetscInt j, PetscInt k,
                    const PetscReal *const S[3])
{
  const PetscReal *gradient[3][SINEW_COMPONENTS_MAX];
  const PetscReal *upper = at(fv, i, j, k), *lower = upper - fv->stride[axis];

  face_metric(fv, axis, n, i, j, k, S);
  for (PetscInt c = 0; c < fv->nc; c++) {
    const PetscReal *r = upper + c * fv->pitch, *l = lower + c * fv->pitch;
    PetscReal *const rows[3] = {fv->gradient[0].row[c], fv->gradient[1].row[c], fv->gradient[2].row[c]};

    RowMean(n, l, r, fv->v.row[c]);
    MovingGradient(fv->dim, axis, n, l, r, fv->stride, fv->metric, rows);
    for (PetscInt a = 0; a < 3; a++) gradient[a][c] = rows[a];
  }
  for (PetscInt d = 0; d < fv->dim; d++) {
    for (PetscInt c = 0; c < fv->nc; c++) (void)PetscArrayzero(fv->u.row[c], n);
    row.axis = d;
    (*fv->k.diffusive_flux)(fv->k.context, &row, n, CONST_ROWS(fv->v),
                            (const PetscReal *const(*)[SINEW_COMPONENTS_MAX])gradient, fv->u.row);
    for (PetscInt c = 0; c < fv->nc; c++) MovingAddProduct(n, 1, S[d], fv->u.row[c], fv->f.row[c]);
  }
}

static void diffuse_simply(const SinewMovingFV fv, PetscInt axis, PetscInt n, PetscInt i, PetscInt j, PetscInt k)
{
  const PetscInt first = SinewGeometryFace(fv->g, i, j, k);
  const PetscReal *upper = at(fv, i, j, k), *conductance[3] = {NULL, NULL, NULL};

  for (PetscInt d = 0; d < fv->dim; d++) conductance[d] = fv->conductance[axis][d] + first;
  for (PetscInt c = 0; c < fv->nc; c++) {
    const PetscReal *r = upper + c * fv->pitch;

    MovingConduct(fv->dim, axis, n, fv->k.laplacian[c], r - fv->stride[axis], r, fv->stride, conductance, fv->f.row[c]);
  }
}

/* Fluxes through the lower faces along `axis` of n cells beginning at (i, j, k), into fv->f. */
static void face_fluxes(const SinewMovingFV fv, PetscReal t, PetscInt axis, PetscInt n, PetscInt i, PetscInt j,
                        PetscInt k, const Rows *l, const Rows *r)
{
  const PetscInt first = SinewGeometryFace(fv->g, i, j, k);
  const PetscReal *S[3] = {NULL, NULL, NULL}, *flow = fv->flow[axis] + first;
  const SinewRow row = describe(fv, axis, t, i, j, k);

  for (PetscInt d = 0; d < fv->dim; d++) S[d] = fv->g->area[axis][d] + first;
  if (!(fv->parts & SINEW_FV_FLUX))
    for (PetscInt c = 0; c < fv->nc; c++) (void)PetscArrayzero(fv->f.row[c], n);
  else if (fv->k.normal_flux)
    (*fv->k.normal_flux)(fv->k.context, n, S, flow, CONST_ROWS(*l), CONST_ROWS(*r), fv->f.row);
  else if (fv->k.flux)
    transport(fv, row, n, S, flow, l, r);
  else
    for (PetscInt c = 0; c < fv->nc; c++) {
      PetscReal *f = fv->f.row[c];

      for (PetscInt m = 0; m < n; m++) f[m] = -0.5 * flow[m] * (l->row[c][m] + r->row[c][m]);
    }
  if (!(fv->parts & SINEW_FV_DIFFUSION)) return;
  if (fv->k.laplacian)
    diffuse_simply(fv, axis, n, i, j, k);
  else if (fv->k.diffusive_flux)
    diffuse(fv, row, axis, n, i, j, k, S);
}

/* ---- a right-hand side ---- */

static inline PetscReal *sums(const SinewMovingFV fv, PetscInt c, PetscInt j, PetscInt k)
{
  return fv->r + ((k * fv->axis[1]->count + j) * fv->nc + c) * fv->axis[0]->count;
}

static void sweep_x(const SinewMovingFV fv, PetscReal t, PetscInt j, PetscInt k)
{
  const PetscInt n = fv->axis[0]->count;
  Rows right;

  if (fv->parts & SINEW_FV_FLUX) face_states(fv, 0, n + 2, at(fv, -1, j, k), &fv->sx);
  right = shifted(fv, &fv->sx.lower, 1);
  face_fluxes(fv, t, 0, n + 1, 0, j, k, &fv->sx.upper, &right);
  for (PetscInt c = 0; c < fv->nc; c++) {
    const PetscReal *f = fv->f.row[c];

    RowDifference(n, f, f + 1, sums(fv, c, j, k));
  }
}

/* The faces below row (j, k) along y or z, and the states of the row, which the next call takes as those before. */
static void sweep_across(const SinewMovingFV fv, PetscInt axis, PetscReal t, PetscInt j, PetscInt k,
                         const States *before, States *now)
{
  const PetscInt n = fv->axis[0]->count, p = axis == 1 ? j : k;

  if (fv->parts & SINEW_FV_FLUX) face_states(fv, axis, n, at(fv, 0, j, k), now);
  if (p < 0) return;
  face_fluxes(fv, t, axis, n, 0, j, k, &before->upper, &now->lower);
  for (PetscInt c = 0; c < fv->nc; c++) {
    if (p > 0) {
      PetscReal *r = sums(fv, c, j - (axis == 1), k - (axis == 2));

      RowDifference(n, r, fv->f.row[c], r);
    }
    if (p < fv->axis[axis]->count) RowAdd(n, fv->f.row[c], sums(fv, c, j, k));
  }
}

static States states_of_row(const SinewMovingFV fv, const States *plane, PetscInt j)
{
  return (States){.lower = shifted(fv, &plane->lower, j * fv->pitch),
                  .upper = shifted(fv, &plane->upper, j * fv->pitch)};
}

static void add_sources(const SinewMovingFV fv, PetscReal t, PetscReal fraction, PetscInt j, PetscInt k)
{
  const PetscInt n = fv->axis[0]->count;
  const SinewRow row = describe(fv, 0, t, 0, j, k);
  const Rows w = rows_at(fv, at(fv, 0, j, k));

  for (PetscInt c = 0; c < fv->nc; c++) (void)PetscArrayzero(fv->u.row[c], n);
  if (fv->k.source) (*fv->k.source)(fv->k.context, &row, n, CONST_ROWS(w), fv->u.row);
  if (fv->given) RowAdd(n, fv->given + (k * fv->axis[1]->count + j) * n, fv->u.row[0]);
  row_volumes(fv, fraction, j, k, fv->volume);
  for (PetscInt c = 0; c < fv->nc; c++) MovingAddProduct(n, fv->g->cell, fv->volume, fv->u.row[c], sums(fv, c, j, k));
}

/* out = a A + b Y + c L(Y), for rows whose fluxes are all summed. */
typedef struct {
  PetscReal t, fraction, a, b, c;
  const PetscReal *A, *Y;
  PetscReal *out;
} Combination;

static void finish_row(const SinewMovingFV fv, const Combination *m, PetscInt j, PetscInt k)
{
  const PetscInt n = fv->axis[0]->count, first = (k * fv->axis[1]->count + j) * n * fv->nc;
  const PetscReal *r[SINEW_COMPONENTS_MAX], *y = m->Y + first;

  if ((fv->parts & SINEW_FV_SOURCE) && (fv->k.source || fv->given)) add_sources(fv, m->t, m->fraction, j, k);
  for (PetscInt c = 0; c < fv->nc; c++) r[c] = sums(fv, c, j, k);
  if (fv->nc > 1) CellsFromRows(fv->nc, n, r, fv->cells);
  RowCombine(n * fv->nc, m->A ? m->a : 0, m->A ? m->A + first : y, m->b, y, m->c / fv->g->cell,
             fv->nc > 1 ? fv->cells : r[0], m->out + first);
}

/* One march over the rows of a plane, along x and y; rows of a flat mesh are finished while they are in the cache. */
static void march_plane(const SinewMovingFV fv, const Combination *m, PetscInt k)
{
  const PetscInt count = fv->axis[1]->count;

  for (PetscInt j = -1; j <= count; j++) {
    if (j >= 0 && j < count) sweep_x(fv, m->t, j, k);
    sweep_across(fv, 1, m->t, j, k, &fv->s[(j + 2) % 2], &fv->s[(j + 1) % 2]);
    if (fv->dim == 2 && j > 0) finish_row(fv, m, j - 1, k);
  }
}

static void march(const SinewMovingFV fv, const Combination *m)
{
  const PetscInt rows = fv->axis[1]->count, planes = fv->axis[2]->count;

  for (PetscInt k = fv->dim > 2 ? -1 : 0; k < planes + (fv->dim > 2); k++) {
    if (k >= 0 && k < planes) march_plane(fv, m, k);
    for (PetscInt j = 0; j < rows && fv->dim > 2; j++) {
      const States before = states_of_row(fv, &fv->z[(k + 2) % 2], j);
      States now = states_of_row(fv, &fv->z[(k + 1) % 2], j);

      sweep_across(fv, 2, m->t, j, k, &before, &now);
      if (k > 0) finish_row(fv, m, j, k - 1);
    }
  }
}

PetscErrorCode SinewMovingFVApply(SinewMovingFV fv, SinewFVParts parts, PetscReal t, Vec Y, PetscReal a, Vec A,
                                  PetscReal b, PetscReal c, Vec out, PetscReal *rate)
{
  Combination m = {.t = t, .fraction = fraction_at(fv, t), .a = a, .b = b, .c = c};

  PetscFunctionBeginUser;
  PetscCheck(out != Y && out != A, PETSC_COMM_SELF, PETSC_ERR_ARG_IDN,
             "the result may not overwrite a state it is computed from");
  fv->parts = parts;
  fv->fraction = m.fraction;
  if (fv->k.prepare) PetscCall((*fv->k.prepare)(fv->k.context, t));
  if (fv->given && (parts & SINEW_FV_SOURCE)) PetscCall(place_cells(fv, fv->k.source_at, t, fv->given));
  if (fv->boundary) PetscCall(SinewBoundaryPrepare(fv->boundary, t));
  PetscCall(load(fv, Y, m.fraction));
  PetscCall(PetscLogEventBegin(event_sweep, 0, 0, 0, 0));
  PetscCall(VecGetArrayRead(Y, &m.Y));
  if (A) PetscCall(VecGetArrayRead(A, &m.A));
  PetscCall(VecGetArrayWrite(out, &m.out));
  march(fv, &m);
  PetscCall(VecRestoreArrayWrite(out, &m.out));
  if (A) PetscCall(VecRestoreArrayRead(A, &m.A));
  PetscCall(VecRestoreArrayRead(Y, &m.Y));
  PetscCall(PetscLogEventEnd(event_sweep, 0, 0, 0, 0));
  if (rate) PetscCall(SinewMovingFVRate(fv, parts, out, rate));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- rates ---- */

/* Adds the rates of n cells of a row along one axis: speeds through the mean of their two faces, over the volume. */
static void row_rates(const SinewMovingFV fv, PetscInt axis, PetscInt n, PetscInt j, PetscInt k, const Rows *w,
                      const PetscReal inverse_volume[])
{
  const SinewGeometry *g = fv->g;
  const PetscInt first = SinewGeometryFace(g, 0, j, k), next = axis == 0   ? 1
                                                               : axis == 1 ? g->face[0]
                                                                           : g->face[0] * g->face[1];
  const PetscReal *S[3] = {fv->area[0], fv->area[1], fv->area[2]}, *faces[3] = {NULL, NULL, NULL};
  const SinewRow row = describe(fv, axis, fv->t + fv->dt, 0, j, k);
  PetscReal *diffusive = fv->limit[0] > 0 ? fv->diffusive : fv->rates;

  for (PetscInt d = 0; d < fv->dim; d++) faces[d] = g->area[axis][d] + first;
  MovingCellFaces(fv->dim, n, faces, next, fv->flow[axis] + first, inverse_volume, fv->area, fv->swept, fv->keep);
  if (fv->k.flux && (fv->parts & SINEW_FV_FLUX)) {
    (*fv->k.normal_speed)(fv->k.context, n, CONST_ROWS(*w), S, fv->swept, fv->speed[0]);
    MovingAddProduct(n, 1, fv->speed[0], inverse_volume, fv->rates);
  }
  if (!(fv->parts & SINEW_FV_DIFFUSION)) return;
  if (fv->spread)
    MovingDiffusiveRate(n, fv->spread + (k * fv->axis[1]->count + j) * n, fv->keep, diffusive);
  else if (fv->k.diffusive_flux)
    (*fv->k.diffusive_rate)(fv->k.context, &row, n, CONST_ROWS(*w), 1, fv->keep, diffusive);
}

PetscErrorCode SinewMovingFVSetLimits(SinewMovingFV fv, PetscReal advection, PetscReal diffusion)
{
  PetscFunctionBeginUser;
  fv->limit[0] = advection;
  fv->limit[1] = diffusion;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMovingFVRate(SinewMovingFV fv, SinewFVParts parts, Vec Q, PetscReal *rate)
{
  const PetscInt n = fv->axis[0]->count;
  const PetscReal *q;

  PetscFunctionBeginUser;
  fv->parts = parts;
  *rate = 0;
  PetscCall(VecGetArrayRead(Q, &q));
  for (PetscInt k = 0; k < fv->axis[2]->count; k++)
    for (PetscInt j = 0; j < fv->axis[1]->count; j++) {
      row_volumes(fv, 1, j, k, fv->volume);
      MovingAverages(fv->nc, n, fv->volume, q + (k * fv->axis[1]->count + j) * n * fv->nc, fv->cells);
      RowsFromCells(fv->nc, n, fv->cells, fv->u.row);
      MovingInvert(n, 1 / fv->g->cell, fv->volume, fv->volume);
      (*fv->k.primitive)(fv->k.context, n, CONST_ROWS(fv->u), fv->v.row);
      (void)PetscArrayzero(fv->rates, n);
      (void)PetscArrayzero(fv->diffusive, n);
      for (PetscInt d = 0; d < fv->dim && parts; d++) row_rates(fv, d, n, j, k, &fv->v, fv->volume);
      if (fv->limit[0] > 0 && parts) RowLarger(n, 1 / fv->limit[0], 1 / fv->limit[1], fv->diffusive, fv->rates);
      for (PetscInt c = 0; c < fv->nc; c++) RowSpoilNaN(n, fv->v.row[c], fv->rates);
      for (PetscInt p = 0; p < fv->k.positives; p++)
        RowSpoil(n, fv->k.least[p], fv->v.row[fv->k.positive[p]], fv->rates);
      *rate = RowMaximum(n, fv->rates, *rate);
    }
  PetscCall(VecRestoreArrayRead(Q, &q));
  PetscFunctionReturn(PETSC_SUCCESS);
}
