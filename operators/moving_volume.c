#include "operators/moving_volume.h"

#include "operators/finite_volume_kernels.h"

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
  PetscInt pitch, stride[3]; /* of the patch of primitives: [k][j][component][i] with ghosts */
  PetscReal *w, *r;          /* primitives; sums of fluxes, [k][j][component][i] of owned cells */
  PetscReal *memory;
  States sx, s[2];
  Rows f, ul, ur, v, u, gradient[3];
  PetscReal *speed[2], *swept, *keep, *rates, *cells, *volume, *metric[3][3], *area[3];
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
  PetscReal **const single[] = {&fv->speed[0], &fv->speed[1], &fv->swept,   &fv->keep,   &fv->rates,
                                &fv->volume,   &fv->area[0],  &fv->area[1], &fv->area[2]};
  const SinewAxis *const *a = fv->axis;
  size_t used = 0;

  fv->w = take(memory, &used, fv->stride[2] * (a[2]->count + 2 * a[2]->ghosts));
  fv->r = take(memory, &used, fv->nc * a[0]->count * a[1]->count * a[2]->count);
  for (size_t n = 0; n < sizeof(rows) / sizeof(rows[0]); n++)
    for (PetscInt c = 0; c < fv->nc; c++) rows[n]->row[c] = take(memory, &used, fv->pitch);
  for (size_t n = 0; n < sizeof(single) / sizeof(single[0]); n++) *single[n] = take(memory, &used, fv->pitch);
  for (int d = 0; d < 3; d++)
    for (int e = 0; e < 3; e++) fv->metric[d][e] = take(memory, &used, fv->pitch);
  fv->cells = take(memory, &used, fv->pitch * fv->nc);
  return used;
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
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMovingFVDestroy(SinewMovingFV *fv)
{
  PetscFunctionBeginUser;
  if (!*fv) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree((*fv)->memory));
  PetscCall(PetscFree(*fv));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMovingFVSetStep(SinewMovingFV fv, PetscReal t, PetscReal dt)
{
  PetscFunctionBeginUser;
  fv->t = t;
  fv->dt = dt;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- contents and averages ---- */

/* J of owned cells of a row at a fraction of the step. */
static void row_volumes(const SinewMovingFV fv, PetscReal fraction, PetscInt j, PetscInt k, PetscReal out[])
{
  const PetscInt n = fv->axis[0]->count, first = (k * fv->axis[1]->count + j) * n;
  const PetscReal *restrict a = fv->g->volume[0] + first, *restrict b = fv->g->volume[1] + first,
                            scale = 1 / fv->g->cell;

#pragma omp simd
  for (PetscInt i = 0; i < n; i++) out[i] = (a[i] + fraction * (b[i] - a[i])) * scale;
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
      for (PetscInt i = 0; i < n; i++)
        for (PetscInt c = 0; c < fv->nc; c++)
          to[first + i * fv->nc + c] =
              multiply ? from[first + i * fv->nc + c] * fv->volume[i] : from[first + i * fv->nc + c] / fv->volume[i];
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
  PetscReal *to;
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
  PetscCall(DMGlobalToLocal(fv->dm, averages, INSERT_VALUES, local));
  PetscCall(PetscLogEventEnd(event_halo, 0, 0, 0, 0));
  PetscCall(PetscLogEventBegin(event_load, 0, 0, 0, 0));
  PetscCall(VecGetArrayRead(local, &from));
  for (PetscInt k = -z->ghosts; k < z->count + z->ghosts; k++)
    for (PetscInt j = -y->ghosts; j < y->count + y->ghosts; j++) {
      const PetscInt first = ((k + z->ghosts) * (y->count + 2 * y->ghosts) + j + y->ghosts) * width * fv->nc;
      const PetscInt lower = beyond_side(x, -1) ? x->ghosts : 0, upper = beyond_side(x, x->count) ? x->ghosts : 0;
      Rows w = rows_at(fv, at(fv, lower - x->ghosts, j, k));

      if (beyond_side(y, j) || beyond_side(z, k)) continue;
      RowsFromCells(fv->nc, width - lower - upper, from + first + lower * fv->nc, fv->u.row);
      (*fv->k.primitive)(fv->k.context, width - lower - upper, CONST_ROWS(fv->u), w.row);
    }
  PetscCall(VecRestoreArrayRead(local, &from));
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

static void add_scaled(PetscInt n, PetscReal factor, const PetscReal *restrict a, const PetscReal *restrict b,
                       PetscReal *restrict out)
{
#pragma omp simd
  for (PetscInt i = 0; i < n; i++) out[i] += factor * (a[i] * b[i]);
}

/* Rusanov's flux through n faces with area vectors S that sweep fv->swept a time:
   f = (F(l) + F(r)) . S / 2 - swept (u_l + u_r) / 2 - speed (u_r - u_l) / 2. */
static void transport(const SinewMovingFV fv, SinewRow row, PetscInt n, const PetscReal *const S[3], const Rows *l,
                      const Rows *r)
{
  const Rows *const side[2] = {l, r};
  const PetscReal *restrict swept = fv->swept, *restrict one = fv->speed[0], *restrict other = fv->speed[1];

  for (PetscInt c = 0; c < fv->nc; c++) (void)PetscArrayzero(fv->f.row[c], n);
  for (int e = 0; e < 2; e++) {
    for (PetscInt d = 0; d < fv->dim; d++) {
      row.axis = d;
      (*fv->k.physical_flux)(fv->k.context, &row, n, CONST_ROWS(*side[e]), fv->v.row);
      for (PetscInt c = 0; c < fv->nc; c++) add_scaled(n, 0.5, S[d], fv->v.row[c], fv->f.row[c]);
    }
    (*fv->k.conserved)(fv->k.context, n, CONST_ROWS(*side[e]), e ? fv->ur.row : fv->ul.row);
    (*fv->k.normal_speed)(fv->k.context, n, CONST_ROWS(*side[e]), S, fv->swept, fv->speed[e]);
  }
  for (PetscInt c = 0; c < fv->nc; c++) {
    const PetscReal *restrict ul = fv->ul.row[c], *restrict ur = fv->ur.row[c];
    PetscReal *restrict f = fv->f.row[c];

#pragma omp simd
    for (PetscInt i = 0; i < n; i++) {
      const PetscReal speed = one[i] > other[i] ? one[i] : other[i];

      f[i] -= 0.5 * (swept[i] * (ul[i] + ur[i]) + speed * (ur[i] - ul[i]));
    }
  }
}

/* Mean of the edges along d of the face normal to `axis` whose lowest node is (i, j, k), at mid-step: component a. */
static inline PetscReal face_edge(const SinewGeometry *g, PetscInt axis, PetscInt d, PetscInt a, PetscInt i, PetscInt j,
                                  PetscInt k)
{
  const PetscInt stride[3] = {1, g->node[0], g->node[0] * g->node[1]}, p = SinewGeometryNode(g, i, j, k),
                 q = g->dim > 2 ? p + stride[3 - axis - d] : p;
  const PetscReal *x0 = g->x[0][a], *x1 = g->x[1][a];

  return 0.25 * (((x0[p + stride[d]] - x0[p]) + (x1[p + stride[d]] - x1[p])) +
                 ((x0[q + stride[d]] - x0[q]) + (x1[q + stride[d]] - x1[q])));
}

/* The rows xi_{d,a} of the inverse of the differences of place that belong to differences of values across a face
   (between centres) and along it (between the means around its corners: the face's edges). */
static void face_metric(const SinewMovingFV fv, PetscInt axis, PetscInt n, PetscInt i, PetscInt j, PetscInt k)
{
  const SinewGeometry *g = fv->g;
  const PetscInt stride[3] = {1, g->padded[0], g->padded[0] * g->padded[1]}, upper = SinewGeometryPadded(g, i, j, k),
                 lower = upper - stride[axis];

  for (PetscInt m = 0; m < n; m++) {
    PetscReal D[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, det; /* D[a][d] = dx_a / dxi_d */

    for (PetscInt a = 0; a < fv->dim; a++)
      for (PetscInt d = 0; d < fv->dim; d++)
        D[a][d] = d == axis ? g->centre[a][upper + m] - g->centre[a][lower + m] : face_edge(g, axis, d, a, i + m, j, k);
    det = D[0][0] * (D[1][1] * D[2][2] - D[1][2] * D[2][1]) - D[0][1] * (D[1][0] * D[2][2] - D[1][2] * D[2][0]) +
          D[0][2] * (D[1][0] * D[2][1] - D[1][1] * D[2][0]);
    for (int d = 0; d < 3; d++)
      for (int a = 0; a < 3; a++) {
        const int e = (d + 1) % 3, f = (d + 2) % 3, b = (a + 1) % 3, c = (a + 2) % 3;

        fv->metric[d][a][m] = (D[b][e] * D[c][f] - D[b][f] * D[c][e]) / det;
      }
  }
}

/* Adds the diffusive flux through n faces whose upper cells begin at (i, j, k). */
static void diffuse(const SinewMovingFV fv, SinewRow row, PetscInt axis, PetscInt n, PetscInt i, PetscInt j, PetscInt k,
                    const PetscReal *const S[3])
{
  const PetscReal *gradient[3][SINEW_COMPONENTS_MAX];
  const PetscReal *upper = at(fv, i, j, k), *lower = upper - fv->stride[axis];

  face_metric(fv, axis, n, i, j, k);
  for (PetscInt c = 0; c < fv->nc; c++) {
    const PetscReal *r = upper + c * fv->pitch, *l = lower + c * fv->pitch;

    RowMean(n, l, r, fv->v.row[c]);
    for (PetscInt a = 0; a < 3; a++) {
      gradient[a][c] = fv->gradient[a].row[c];
      (void)PetscArrayzero(fv->gradient[a].row[c], n);
    }
    for (PetscInt d = 0; d < fv->dim; d++) {
      const PetscInt s = fv->stride[d];
      PetscReal *restrict delta = fv->keep;

      for (PetscInt m = 0; m < n; m++)
        delta[m] = d == axis ? r[m] - l[m] : 0.25 * ((r[m + s] - r[m - s]) + (l[m + s] - l[m - s]));
      for (PetscInt a = 0; a < fv->dim; a++) add_scaled(n, 1, delta, fv->metric[d][a], fv->gradient[a].row[c]);
    }
  }
  for (PetscInt d = 0; d < fv->dim; d++) {
    for (PetscInt c = 0; c < fv->nc; c++) (void)PetscArrayzero(fv->u.row[c], n);
    row.axis = d;
    (*fv->k.diffusive_flux)(fv->k.context, &row, n, CONST_ROWS(fv->v),
                            (const PetscReal *const(*)[SINEW_COMPONENTS_MAX])gradient, fv->u.row);
    for (PetscInt c = 0; c < fv->nc; c++) add_scaled(n, 1, S[d], fv->u.row[c], fv->f.row[c]);
  }
}

/* Fluxes through the lower faces along `axis` of n cells beginning at (i, j, k), into fv->f. */
static void face_fluxes(const SinewMovingFV fv, PetscReal t, PetscInt axis, PetscInt n, PetscInt i, PetscInt j,
                        PetscInt k, const Rows *l, const Rows *r)
{
  const PetscInt first = SinewGeometryFace(fv->g, i, j, k);
  const PetscReal *S[3] = {NULL, NULL, NULL}, inverse = 1 / fv->dt;
  const SinewRow row = describe(fv, axis, t, i, j, k);

  for (PetscInt d = 0; d < fv->dim; d++) S[d] = fv->g->area[axis][d] + first;
  for (PetscInt m = 0; m < n; m++) fv->swept[m] = fv->g->swept[axis][first + m] * inverse;
  if (fv->k.normal_flux)
    (*fv->k.normal_flux)(fv->k.context, n, S, fv->swept, CONST_ROWS(*l), CONST_ROWS(*r), fv->f.row);
  else if (fv->k.flux)
    transport(fv, row, n, S, l, r);
  else
    for (PetscInt c = 0; c < fv->nc; c++) {
      PetscReal *f = fv->f.row[c];

      for (PetscInt m = 0; m < n; m++) f[m] = -0.5 * fv->swept[m] * (l->row[c][m] + r->row[c][m]);
    }
  if (fv->k.diffusive_flux) diffuse(fv, row, axis, n, i, j, k, S);
}

/* ---- a right-hand side ---- */

static inline PetscReal *sums(const SinewMovingFV fv, PetscInt c, PetscInt j, PetscInt k)
{
  return fv->r + ((k * fv->axis[1]->count + j) * fv->nc + c) * fv->axis[0]->count;
}

static void sweep_x(const SinewMovingFV fv, PetscReal t)
{
  const PetscInt n = fv->axis[0]->count;

  for (PetscInt k = 0; k < fv->axis[2]->count; k++)
    for (PetscInt j = 0; j < fv->axis[1]->count; j++) {
      Rows right;

      face_states(fv, 0, n + 2, at(fv, -1, j, k), &fv->sx);
      right = shifted(fv, &fv->sx.lower, 1);
      face_fluxes(fv, t, 0, n + 1, 0, j, k, &fv->sx.upper, &right);
      for (PetscInt c = 0; c < fv->nc; c++) {
        const PetscReal *restrict f = fv->f.row[c];
        PetscReal *restrict r = sums(fv, c, j, k);

#pragma omp simd
        for (PetscInt i = 0; i < n; i++) r[i] = f[i] - f[i + 1];
      }
    }
}

/* Along y or z: marches over planes, with the states of the plane before in hand. */
static void sweep_across(const SinewMovingFV fv, PetscInt axis, PetscReal t)
{
  const PetscInt n = fv->axis[0]->count, other = 3 - axis;

  for (PetscInt q = 0; q < fv->axis[other]->count; q++)
    for (PetscInt p = -1; p <= fv->axis[axis]->count; p++) {
      const PetscInt j = axis == 1 ? p : q, k = axis == 1 ? q : p;
      States *now = &fv->s[(p + 1) % 2], *before = &fv->s[(p + 2) % 2];

      face_states(fv, axis, n, at(fv, 0, j, k), now);
      if (p < 0) continue;
      face_fluxes(fv, t, axis, n, 0, j, k, &before->upper, &now->lower);
      for (PetscInt c = 0; c < fv->nc; c++) {
        if (p > 0)
          RowDifference(n, sums(fv, c, j - (axis == 1), k - (axis == 2)), fv->f.row[c],
                        sums(fv, c, j - (axis == 1), k - (axis == 2)));
        if (p < fv->axis[axis]->count) RowAdd(n, fv->f.row[c], sums(fv, c, j, k));
      }
    }
}

static void add_sources(const SinewMovingFV fv, PetscReal t, PetscReal fraction)
{
  const PetscInt n = fv->axis[0]->count;

  for (PetscInt k = 0; k < fv->axis[2]->count; k++)
    for (PetscInt j = 0; j < fv->axis[1]->count; j++) {
      const SinewRow row = describe(fv, 0, t, 0, j, k);
      const Rows w = rows_at(fv, at(fv, 0, j, k));

      for (PetscInt c = 0; c < fv->nc; c++) (void)PetscArrayzero(fv->u.row[c], n);
      (*fv->k.source)(fv->k.context, &row, n, CONST_ROWS(w), fv->u.row);
      row_volumes(fv, fraction, j, k, fv->volume);
      for (PetscInt c = 0; c < fv->nc; c++) add_scaled(n, fv->g->cell, fv->volume, fv->u.row[c], sums(fv, c, j, k));
    }
}

PetscErrorCode SinewMovingFVApply(SinewMovingFV fv, PetscReal t, Vec Y, PetscReal a, Vec A, PetscReal b, PetscReal c,
                                  Vec out, PetscReal *rate)
{
  const PetscReal fraction = PetscClipInterval((t - fv->t) / fv->dt, 0, 1);
  const PetscInt n = fv->axis[0]->count;
  const PetscReal *y, *base = NULL;
  PetscReal *to;

  PetscFunctionBeginUser;
  PetscCheck(out != Y && out != A, PETSC_COMM_SELF, PETSC_ERR_ARG_IDN,
             "the result may not overwrite a state it is computed from");
  if (fv->k.prepare) PetscCall((*fv->k.prepare)(fv->k.context, t));
  if (fv->boundary) PetscCall(SinewBoundaryPrepare(fv->boundary, t));
  PetscCall(load(fv, Y, fraction));
  PetscCall(PetscLogEventBegin(event_sweep, 0, 0, 0, 0));
  sweep_x(fv, t);
  sweep_across(fv, 1, t);
  if (fv->dim > 2) sweep_across(fv, 2, t);
  if (fv->k.source) add_sources(fv, t, fraction);
  PetscCall(VecGetArrayRead(Y, &y));
  if (A) PetscCall(VecGetArrayRead(A, &base));
  PetscCall(VecGetArrayWrite(out, &to));
  for (PetscInt k = 0; k < fv->axis[2]->count; k++)
    for (PetscInt j = 0; j < fv->axis[1]->count; j++) {
      const PetscInt first = (k * fv->axis[1]->count + j) * n * fv->nc;
      const PetscReal *r[SINEW_COMPONENTS_MAX];

      for (PetscInt m = 0; m < fv->nc; m++) r[m] = sums(fv, m, j, k);
      CellsFromRows(fv->nc, n, r, fv->cells);
      RowCombine(n * fv->nc, A ? a : 0, A ? base + first : y + first, b, y + first, c / fv->g->cell, fv->cells,
                 to + first);
    }
  PetscCall(VecRestoreArrayWrite(out, &to));
  if (A) PetscCall(VecRestoreArrayRead(A, &base));
  PetscCall(VecRestoreArrayRead(Y, &y));
  PetscCall(PetscLogEventEnd(event_sweep, 0, 0, 0, 0));
  if (rate) PetscCall(SinewMovingFVRate(fv, out, rate));
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
  const PetscReal *S[3] = {fv->area[0], fv->area[1], fv->area[2]}, inverse = 1 / fv->dt;
  SinewRow row = describe(fv, axis, fv->t + fv->dt, 0, j, k);

  for (PetscInt i = 0; i < n; i++) {
    PetscReal square = 0;

    for (PetscInt d = 0; d < fv->dim; d++) {
      fv->area[d][i] = 0.5 * (g->area[axis][d][first + i] + g->area[axis][d][first + i + next]);
      square += fv->area[d][i] * fv->area[d][i];
    }
    fv->swept[i] = 0.5 * inverse * (g->swept[axis][first + i] + g->swept[axis][first + i + next]);
    fv->keep[i] = PetscSqrtReal(square) * inverse_volume[i];
  }
  if (fv->k.flux) {
    (*fv->k.normal_speed)(fv->k.context, n, CONST_ROWS(*w), S, fv->swept, fv->speed[0]);
    add_scaled(n, 1, fv->speed[0], inverse_volume, fv->rates);
  }
  if (fv->k.diffusive_flux) (*fv->k.diffusive_rate)(fv->k.context, &row, n, CONST_ROWS(*w), 1, fv->keep, fv->rates);
}

PetscErrorCode SinewMovingFVRate(SinewMovingFV fv, Vec Q, PetscReal *rate)
{
  const PetscInt n = fv->axis[0]->count;
  const PetscReal *q;

  PetscFunctionBeginUser;
  *rate = 0;
  PetscCall(VecGetArrayRead(Q, &q));
  for (PetscInt k = 0; k < fv->axis[2]->count; k++)
    for (PetscInt j = 0; j < fv->axis[1]->count; j++) {
      RowsFromCells(fv->nc, n, q + (k * fv->axis[1]->count + j) * n * fv->nc, fv->u.row);
      row_volumes(fv, 1, j, k, fv->volume);
      for (PetscInt c = 0; c < fv->nc; c++)
        for (PetscInt i = 0; i < n; i++) fv->u.row[c][i] /= fv->volume[i];
      for (PetscInt i = 0; i < n; i++) fv->volume[i] = 1 / (fv->volume[i] * fv->g->cell);
      (*fv->k.primitive)(fv->k.context, n, CONST_ROWS(fv->u), fv->v.row);
      (void)PetscArrayzero(fv->rates, n);
      for (PetscInt d = 0; d < fv->dim; d++) row_rates(fv, d, n, j, k, &fv->v, fv->volume);
      for (PetscInt c = 0; c < fv->nc; c++) RowSpoilNaN(n, fv->v.row[c], fv->rates);
      for (PetscInt p = 0; p < fv->k.positives; p++)
        RowSpoil(n, fv->k.least[p], fv->v.row[fv->k.positive[p]], fv->rates);
      *rate = RowMaximum(n, fv->rates, *rate);
    }
  PetscCall(VecRestoreArrayRead(Q, &q));
  PetscFunctionReturn(PETSC_SUCCESS);
}
