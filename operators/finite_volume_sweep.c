#include "operators/finite_volume_private.h"

/* ---- from primitives to fluxes ---- */

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

  for (PetscInt d = 0; d < fv->dim; d++) SinewFVRoll(fv, task, fv->g[d]);
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

/* Into fv->rates, the rates of n cells with primitives w. */
void SinewFVRowRates(SinewFV fv, const Task *task, PetscInt n, PetscInt j, PetscInt k, const Rows *w)
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
  (void)PetscLogEventBegin(fv->event.store, 0, 0, 0, 0);
  for (PetscInt i = 0; i < n; i += BLOCK) {
    const PetscInt m = PetscMin(BLOCK, n - i), from = first + i * fv->nc;
    Rows r;

    shift(&fv->r, i, &r);
    CellsFromRows(fv->nc, m, CONST_ROWS(r), fv->cells);
    RowCombine(m * fv->nc, task->a, task->A + from, task->b, task->U + from, task->c, fv->cells, task->out + from);
  }
  (void)PetscLogEventEnd(fv->event.store, 0, 0, 0, 0);
  if (!task->want_rate) return;
  RowsFromCells(fv->nc, n, task->out + first, fv->u.row);
  (*fv->k.primitive)(fv->k.context, n, CONST_ROWS(fv->u), fv->v.row);
  SinewFVRowRates(fv, task, n, j, k, &fv->v);
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

void SinewFVUpdateTile(SinewFV fv, Task *task)
{
  if (fv->scheme->pointwise && transports(fv, task)) physical_fluxes(fv, task);
  if (fv->dim > 2 && !task->below) start_column(fv, task);
  for (PetscInt k = 0; k < task->count[2]; k++) update_plane(fv, task, k);
}
