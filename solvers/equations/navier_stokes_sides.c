/*
  Sides of staggered cells: what stands on them and behind them.

    wall             nothing flows through, nothing else is held
    no_slip          velocities 0, scalars without flux
    dirichlet, inflow, exact   velocities and scalars as given, at the time of the state; velocities that are not are 0,
                     scalars that are not have no flux
    outflow          pressure 0 on the side; velocities obey their own equations there, with their second derivative
                     across the side left out (what flows out is differenced upwind), tangential ones and scalars with
  no gradient. Where fluid comes in it has come from rest: the pressure on the side is then -v_n^2 / 2, which lets no
  energy in (the directional do-nothing condition of Braack & Mucha, J. Comput. Math. 32, 2014)

  Faces on a lower side are cells' own, those on an upper side are ghosts. On an upper outflow side the velocity through
  it follows from the balance of the cell before it, so that it needs no place in a state; where several such sides
  meet, from that of the last axis.
*/
#include "io/error.h"
#include "solvers/equations/navier_stokes_faces.h"

PetscBool SinewFlowFacesOnSide(SinewFlowFaces f, PetscInt side)
{
  const SinewAxis *a = f->axis[side / 2];

  if (side / 2 >= f->dim || a->periodic) return PETSC_FALSE;
  return (PetscBool)(side % 2 ? a->start + a->count == a->cells : a->start == 0);
}

SinewFlowColumns SinewFlowSidesColumns(SinewFlowFaces f, PetscInt side)
{
  const PetscInt d = side / 2, p = d == 0 ? 1 : 0, q = d == 2 ? 1 : 2;
  const PetscInt last = f->axis[d]->ghosts + (side % 2 ? f->axis[d]->count - 1 : 0);

  return (SinewFlowColumns){.side = side,
                            .axis = {d, p, q},
                            .count = f->size[p] * f->size[q],
                            .cell = last * f->stride[d],
                            .step = side % 2 ? f->stride[d] : -f->stride[d]};
}

PetscInt SinewFlowSidesCell(SinewFlowFaces f, const SinewFlowColumns *s, PetscInt column)
{
  const PetscInt p = s->axis[1], q = s->axis[2];

  return s->cell + column % f->size[p] * f->stride[p] + column / f->size[p] * f->stride[q];
}

PetscBool SinewFlowSidesOwn(SinewFlowFaces f, const SinewFlowColumns *s, PetscInt column)
{
  const SinewAxis *p = f->axis[s->axis[1]], *q = f->axis[s->axis[2]];
  const PetscInt j = column % f->size[s->axis[1]] - p->ghosts, k = column / f->size[s->axis[1]] - q->ghosts;

  return (PetscBool)(j >= 0 && j < p->count && k >= 0 && k < q->count);
}

/* ---- ghosts of sides that hold something ---- */

/*
  The normal velocity sits on the side and continues by reflection about its value; everything else is centred half a
  cell inside, and continues as 2 value - mirror, or as the mirror image.
*/
static void fill_column(SinewFlowFaces f, PetscInt side, PetscInt c, PetscInt first, PetscInt step, PetscInt column)
{
  const PetscInt g = f->axis[side / 2]->ghosts;
  const PetscReal *value = f->held[side][c].value;
  PetscReal *w = f->w[c];

  if (c == side / 2) {
    const PetscInt face = side % 2 ? first + step : first; /* first: the owned cell next to the side */

    w[face] = value[column];
    for (PetscInt l = 1; l <= g - side % 2; l++) w[face + l * step] = 2 * value[column] - w[face - l * step];
    return;
  }
  for (PetscInt l = 1; l <= g; l++) {
    const PetscReal mirror = w[first - (l - 1) * step];

    w[first + l * step] = value ? 2 * value[column] - mirror : mirror;
  }
}

static void fill_held(SinewFlowFaces f, PetscInt components)
{
  for (PetscInt side = 0; side < 2 * f->dim; side++) {
    const SinewFlowColumns s = SinewFlowSidesColumns(f, side);

    if (f->open[side] || !SinewFlowFacesOnSide(f, side)) continue;
    for (PetscInt c = 0; c < components; c++) {
      for (PetscInt column = 0; column < s.count; column++)
        fill_column(f, side, c, SinewFlowSidesCell(f, &s, column), s.step, column);
    }
  }
}

/* ---- ghosts of outflow sides ---- */

PetscReal SinewFlowSidesBeyond(PetscInt side, PetscReal through, PetscReal inside)
{
  return (side % 2 ? through : -through) > 0 ? 2 * through - inside : inside;
}

/* Whether a column of an upper side ends at another upper outflow side, of a later axis, that balances its cell. */
static PetscBool yields(SinewFlowFaces f, const SinewFlowColumns *s, PetscInt column)
{
  const PetscInt at[3] = {0, column % f->size[s->axis[1]], column / f->size[s->axis[1]]};

  for (int k = 1; k < 3; k++) {
    const PetscInt p = s->axis[k];

    if (p > s->axis[0] && f->open[2 * p + 1] && SinewFlowFacesOnSide(f, 2 * p + 1) &&
        at[k] == f->axis[p]->ghosts + f->axis[p]->count - 1)
      return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

/* Velocity through the upper side that balances the cell before it; in the patch's outermost columns, which lack a
   neighbour, without gradient. */
static PetscReal balanced(SinewFlowFaces f, const SinewFlowColumns *s, PetscInt column, PetscInt cell)
{
  const PetscInt d = s->axis[0], at[3] = {0, column % f->size[s->axis[1]], column / f->size[s->axis[1]]};
  PetscReal v = f->w[d][cell];

  if (yields(f, s, column)) return v;
  for (int k = 1; k < f->dim; k++) {
    const PetscInt p = s->axis[k];

    if (at[k] == f->size[p] - 1) return f->w[d][cell];
    v -= f->inverse[p] / f->inverse[d] * (f->w[p][cell + f->stride[p]] - f->w[p][cell]);
  }
  return v;
}

static void fill_open(SinewFlowFaces f, PetscInt components)
{
  for (PetscInt side = 0; side < 2 * f->dim; side++) {
    const SinewFlowColumns s = SinewFlowSidesColumns(f, side);
    const PetscInt d = side / 2, g = f->axis[d]->ghosts;

    if (!f->open[side] || !SinewFlowFacesOnSide(f, side)) continue;
    for (PetscInt column = 0; column < s.count; column++) {
      const PetscInt cell = SinewFlowSidesCell(f, &s, column), face = side % 2 ? cell + s.step : cell;
      PetscReal *v = f->w[d];

      for (PetscInt c = 0; c < components; c++) {
        for (PetscInt l = 1; l <= g && c != d; l++) f->w[c][cell + l * s.step] = f->w[c][cell];
      }
      if (side % 2) v[face] = balanced(f, &s, column, cell);
      for (PetscInt l = 1; l <= g - side % 2; l++)
        v[face + l * s.step] = SinewFlowSidesBeyond(side, v[face], v[face - s.step]);
    }
  }
}

/* What outflow sides do depends on closed ones beside them, and ghosts in corners on both. */
void SinewFlowSidesFill(SinewFlowFaces f, PetscInt components)
{
  fill_held(f, components);
  if (!f->opened) return;
  fill_open(f, components);
  fill_held(f, components);
}

/* ---- values ---- */

static PetscErrorCode evaluate(const SinewBoundaryPiece *piece, PetscInt c, const PetscReal x[3], PetscReal t,
                               PetscReal *value)
{
  PetscFunctionBegin;
  if (piece->kind == SINEW_BOUNDARY_EXACT) {
    PetscReal w[SINEW_COMPONENTS_MAX];

    PetscCall((*piece->state)(piece->state_context, x, t, w));
    *value = w[c];
  } else
    PetscCall(SinewExpressionEvaluate(piece->value[c], x[0], x[1], x[2], t, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* At the transverse places of a side where component c lives; x[d] is the side itself. */
static PetscErrorCode tabulate(SinewFlowFaces f, PetscInt side, PetscInt c, PetscReal t)
{
  const PetscInt d = side / 2, p = d == 0 ? 1 : 0, q = d == 2 ? 1 : 2;
  Held *held = &f->held[side][c];
  PetscReal x[3];

  PetscFunctionBegin;
  x[d] = side % 2 ? f->axis[d]->upper : f->axis[d]->lower;
  for (PetscInt k = 0; k < f->size[q]; k++) {
    for (PetscInt j = 0; j < f->size[p]; j++) {
      x[p] = c == p ? f->axis[p]->face[j] : f->axis[p]->center[j];
      x[q] = c == q ? f->axis[q]->face[k] : f->axis[q]->center[k];
      PetscCall(evaluate(&f->e->side[side].piece[0], c, x, t, &held->value[k * f->size[p] + j]));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_side(SinewFlowFaces f, PetscInt side)
{
  const SinewBoundaryPiece *piece = &f->e->side[side].piece[0];
  const SinewFlowColumns s = SinewFlowSidesColumns(f, side);

  PetscFunctionBegin;
  f->open[side] = (PetscBool)(piece->kind == SINEW_BOUNDARY_OUTFLOW);
  if (f->open[side]) {
    f->opened = PETSC_TRUE;
    if (side % 2) f->opened_above = PETSC_TRUE;
    PetscCall(PetscCalloc2((size_t)s.count, &f->through[side], (size_t)s.count, &f->outlet[side]));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (PetscInt c = 0; c < f->nc; c++) {
    const PetscBool exact = (PetscBool)(piece->kind == SINEW_BOUNDARY_EXACT),
                    given = (PetscBool)(exact || piece->value[c]);
    Held *held = &f->held[side][c];

    if (!given && (c >= f->dim || (c != side / 2 && piece->kind == SINEW_BOUNDARY_REFLECT))) continue;
    PetscCall(PetscCalloc1((size_t)s.count, &held->value));
    if (!given) continue;
    held->timed = exact;
    if (!exact) PetscCall(SinewExpressionUses(piece->value[c], 't', &held->timed));
    if (held->timed) f->timed = PETSC_TRUE;
    PetscCall(tabulate(f, side, c, 0));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What flows through sides must balance, or no pressure keeps the flow free of divergence; outflow sides balance it. */
static PetscErrorCode check_balance(SinewFlowFaces f, PetscReal t)
{
  const MPI_Comm comm = PetscObjectComm((PetscObject)f->dm);
  PetscReal sum[2] = {0, 0}; /* net, and without signs */

  PetscFunctionBegin;
  if (f->opened) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt side = 0; side < 2 * f->dim; side++) {
    const SinewFlowColumns s = SinewFlowSidesColumns(f, side);

    for (PetscInt column = 0; column < s.count && SinewFlowFacesOnSide(f, side); column++) {
      const PetscReal v = f->held[side][side / 2].value[column] * f->inverse[side / 2];

      if (!SinewFlowSidesOwn(f, &s, column)) continue;
      sum[0] += side % 2 ? v : -v;
      sum[1] += PetscAbsReal(v);
    }
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sum, 2, MPIU_REAL, MPIU_SUM, comm));
  if (PetscAbsReal(sum[0]) > 1e-10 * sum[1])
    SETERRQ(comm, SINEW_ERR_INPUT,
            "grid.boundary: the flow through the sides does not balance at t = %g (net %g of %g): an incompressible "
            "fluid without an outflow side cannot",
            (double)t, (double)sum[0], (double)sum[1]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFlowSidesCreate(SinewFlowFaces f)
{
  PetscFunctionBegin;
  for (PetscInt side = 0; side < 2 * f->dim; side++) {
    if (!f->axis[side / 2]->periodic) PetscCall(read_side(f, side));
  }
  PetscCall(check_balance(f, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFlowSidesEnter(SinewFlowFaces f, PetscReal t)
{
  PetscFunctionBegin;
  if (!f->timed || t == f->time) PetscFunctionReturn(PETSC_SUCCESS);
  f->time = t;
  for (PetscInt side = 0; side < 2 * f->dim; side++) {
    for (PetscInt c = 0; c < f->nc; c++) {
      if (f->held[side][c].timed) PetscCall(tabulate(f, side, c, t));
    }
  }
  PetscCall(check_balance(f, t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFlowSidesDestroy(SinewFlowFaces f)
{
  PetscFunctionBegin;
  for (int side = 0; side < 6; side++) {
    for (PetscInt c = 0; c < f->nc; c++) PetscCall(PetscFree(f->held[side][c].value));
    PetscCall(PetscFree2(f->through[side], f->outlet[side]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
