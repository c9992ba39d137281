#include "operators/boundary.h"

/* The columns of ghost cells behind one side, over the transverse cells of this rank (ghosts
 * included). */
typedef struct {
  PetscBool here;     /* this rank touches the side */
  PetscBool physical; /* the side is not periodic */
  PetscBool timed;    /* some prescribed value depends on time */
  PetscBool placed;   /* or on place */
  PetscInt a, b;      /* transverse axes, a < b */
  PetscInt na, nb;
  signed char *rule; /* piece that rules a column */
  PetscReal *value;  /* [layer][column][component], or NULL when nothing is prescribed */
} Side;

struct _p_SinewBoundary {
  SinewGrid grid;
  PetscInt dim, components, velocity;
  SinewBoundarySide given[6];
  Side side[6];
  SinewBoundaryPlace *place; /* NULL: the grid's */
  void *place_context;
};

static PetscBool prescribes(const SinewBoundaryPiece *p, PetscInt c)
{
  if (p->kind == SINEW_BOUNDARY_EXACT) return PETSC_TRUE;
  if (p->kind != SINEW_BOUNDARY_INFLOW && p->kind != SINEW_BOUNDARY_DIRICHLET) return PETSC_FALSE;
  return (PetscBool)(p->value[c] || p->table_value[c]);
}

static PetscReal interpolate(const SinewBoundaryPiece *p, PetscInt c, PetscReal at)
{
  const PetscReal *s = p->table_position, *v = p->table_value[c];
  PetscInt lo = 0, hi = p->table_size - 1;

  if (at <= s[0]) return v[0];
  if (at >= s[hi]) return v[hi];
  while (hi - lo > 1) {
    const PetscInt mid = (lo + hi) / 2;

    if (s[mid] <= at)
      lo = mid;
    else
      hi = mid;
  }
  return v[lo] + (v[hi] - v[lo]) * (at - s[lo]) / (s[hi] - s[lo]);
}

static PetscErrorCode prescribed(const SinewBoundaryPiece *p, PetscInt c, const PetscReal x[3], PetscReal t,
                                 PetscReal *value)
{
  PetscFunctionBeginUser;
  if (p->value[c])
    PetscCall(SinewExpressionEvaluate(p->value[c], x[0], x[1], x[2], t, value));
  else
    *value = interpolate(p, c, p->table_variable == 't' ? t : x[p->table_variable - 'x']);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The first piece whose `where` is positive; the last one when none is. */
static PetscErrorCode ruling_piece(const SinewBoundarySide *side, const PetscReal x[3], PetscInt *piece)
{
  PetscReal where = 1;
  PetscInt p = 0;

  PetscFunctionBeginUser;
  for (; p < side->pieces - 1; p++) {
    if (!side->piece[p].where) break;
    PetscCall(SinewExpressionEvaluate(side->piece[p].where, x[0], x[1], x[2], 0, &where));
    if (where > 0) break;
  }
  *piece = p;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What a piece prescribes at a point; other components of w are left. */
static PetscErrorCode prescribed_state(const SinewBoundaryPiece *p, PetscInt components, const PetscReal x[3],
                                       PetscReal t, PetscReal w[])
{
  PetscFunctionBeginUser;
  if (p->kind == SINEW_BOUNDARY_EXACT) {
    PetscCall((*p->state)(p->state_context, x, t, w));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (PetscInt c = 0; c < components; c++) {
    if (prescribes(p, c)) PetscCall(prescribed(p, c, x, t, &w[c]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewBoundarySideEvaluate(const SinewBoundarySide *side, PetscInt components, const PetscReal x[3],
                                         PetscReal t, SinewBoundaryKind *kind, PetscBool given[], PetscReal w[])
{
  const SinewBoundaryPiece *p;
  PetscInt index = 0;

  PetscFunctionBeginUser;
  PetscCall(ruling_piece(side, x, &index));
  p = &side->piece[index];
  *kind = p->kind;
  for (PetscInt c = 0; c < components; c++) given[c] = prescribes(p, c);
  PetscCall(prescribed_state(p, components, x, t, w));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewBoundarySideIsZero(const SinewBoundarySide *side, PetscInt components, PetscBool *zero)
{
  PetscFunctionBeginUser;
  *zero = (PetscBool)(side->pieces == 1 && side->piece[0].kind == SINEW_BOUNDARY_DIRICHLET);
  for (PetscInt c = 0; c < components && *zero; c++) {
    const SinewExpression g = side->piece[0].value[c];
    PetscBool used = PETSC_FALSE;
    PetscReal value = 1;

    if (g) PetscCall(SinewExpressionUsesAny(g, "xyzt", &used));
    if (g) PetscCall(SinewExpressionEvaluate(g, 0, 0, 0, 0, &value));
    *zero = (PetscBool)(!used && value == 0);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscInt clipped(const SinewAxis *a, PetscInt i)
{
  return a->ghosts ? PetscMax(a->start - 1, PetscMin(i, a->start + a->count)) : i;
}

/* Centre of the ghost cell in `layer` of a column; for `on_side`, the point of the side itself. */
static PetscErrorCode column_point(SinewBoundary b, PetscInt s, PetscInt column, PetscInt layer, PetscBool on_side,
                                   PetscReal x[3])
{
  const Side *side = &b->side[s];
  const SinewAxis *d = SinewGridAxis(b->grid, s / 2), *a = SinewGridAxis(b->grid, side->a),
                  *c = SinewGridAxis(b->grid, side->b);
  const PetscInt ghost = s % 2 ? d->cells + layer : -1 - layer;

  PetscFunctionBeginUser;
  if (b->place) {
    PetscInt cell[3];

    cell[s / 2] = ghost;
    cell[side->a] = clipped(a, a->first + column % side->na);
    cell[side->b] = clipped(c, c->first + column / side->na);
    PetscCall((*b->place)(b->place_context, s / 2, cell, on_side, x));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  x[side->a] = a->center[column % side->na];
  x[side->b] = c->center[column / side->na];
  x[s / 2] = on_side ? (s % 2 ? d->upper : d->lower) : d->center[ghost - d->first];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode evaluate_side(SinewBoundary b, PetscInt s, PetscReal t)
{
  Side *side = &b->side[s];
  const PetscInt layers = SinewGridAxis(b->grid, s / 2)->ghosts, columns = side->na * side->nb;

  PetscFunctionBeginUser;
  for (PetscInt layer = 0; layer < layers; layer++) {
    for (PetscInt column = 0; column < columns; column++) {
      const SinewBoundaryPiece *p = &b->given[s].piece[side->rule[column]];
      PetscReal x[3];

      PetscCall(column_point(b, s, column, layer, (PetscBool)(p->kind == SINEW_BOUNDARY_DIRICHLET), x));
      PetscCall(prescribed_state(p, b->components, x, t, &side->value[(layer * columns + column) * b->components]));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode rule_columns(SinewBoundary b, PetscInt s)
{
  Side *side = &b->side[s];

  PetscFunctionBeginUser;
  for (PetscInt column = 0; column < side->na * side->nb; column++) {
    PetscReal x[3];
    PetscInt p = 0;

    PetscCall(column_point(b, s, column, 0, PETSC_TRUE, x));
    PetscCall(ruling_piece(&b->given[s], x, &p));
    side->rule[column] = (signed char)p;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Pieces that take turns along a side make its values depend on place. */
static PetscErrorCode depends_on_place(const SinewBoundaryPiece *piece, PetscInt c, PetscBool *placed)
{
  PetscFunctionBeginUser;
  *placed = (PetscBool)(piece->where || piece->kind == SINEW_BOUNDARY_EXACT ||
                        (!piece->value[c] && piece->table_variable != 't'));
  if (!*placed && piece->value[c]) PetscCall(SinewExpressionUsesAny(piece->value[c], "xyz", placed));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_side(SinewBoundary b, PetscInt s)
{
  Side *side = &b->side[s];
  const SinewAxis *d = SinewGridAxis(b->grid, s / 2);
  PetscBool any = PETSC_FALSE;

  PetscFunctionBeginUser;
  side->physical = (PetscBool)(s / 2 < b->dim && !d->periodic);
  side->here = (PetscBool)(side->physical && (s % 2 ? d->start + d->count == d->cells : d->start == 0));
  if (!side->here) PetscFunctionReturn(PETSC_SUCCESS);
  side->a = s / 2 == 0 ? 1 : 0;
  side->b = s / 2 == 2 ? 1 : 2;
  side->na = SinewGridAxis(b->grid, side->a)->count + 2 * SinewGridAxis(b->grid, side->a)->ghosts;
  side->nb = SinewGridAxis(b->grid, side->b)->count + 2 * SinewGridAxis(b->grid, side->b)->ghosts;
  PetscCall(PetscCalloc1((size_t)(side->na * side->nb), &side->rule));
  PetscCall(rule_columns(b, s));
  for (PetscInt p = 0; p < b->given[s].pieces; p++) {
    for (PetscInt c = 0; c < b->components; c++) {
      const SinewBoundaryPiece *piece = &b->given[s].piece[p];
      PetscBool timed = PETSC_FALSE, placed;

      if (!prescribes(piece, c)) continue;
      any = PETSC_TRUE;
      if (piece->value[c])
        PetscCall(SinewExpressionUses(piece->value[c], 't', &timed));
      else
        timed = (PetscBool)(piece->table_variable == 't' || piece->kind == SINEW_BOUNDARY_EXACT);
      if (timed) side->timed = PETSC_TRUE;
      PetscCall(depends_on_place(piece, c, &placed));
      if (placed) side->placed = PETSC_TRUE;
    }
  }
  if (any) {
    PetscCall(PetscCalloc1((size_t)(d->ghosts * side->na * side->nb * b->components), &side->value));
    PetscCall(evaluate_side(b, s, 0));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewBoundaryCreate(SinewGrid grid, PetscInt components, PetscInt velocity,
                                   const SinewBoundarySide side[6], SinewBoundary *boundary)
{
  SinewBoundary b;

  PetscFunctionBeginUser;
  PetscCheck(components <= SINEW_BOUNDARY_COMPONENTS, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "at most %d components", SINEW_BOUNDARY_COMPONENTS);
  PetscCall(PetscNew(&b));
  b->grid = grid;
  b->dim = SinewGridDim(grid);
  b->components = components;
  b->velocity = velocity;
  PetscCall(PetscArraycpy(b->given, side, 6));
  for (PetscInt s = 0; s < 6; s++) PetscCall(create_side(b, s));
  *boundary = b;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewBoundaryDestroy(SinewBoundary *boundary)
{
  SinewBoundary b = *boundary;

  PetscFunctionBeginUser;
  if (!b) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt s = 0; s < 6; s++) {
    PetscCall(PetscFree(b->side[s].rule));
    PetscCall(PetscFree(b->side[s].value));
    for (PetscInt p = 0; p < b->given[s].pieces; p++) {
      PetscCall(PetscFree(b->given[s].piece[p].table_position));
      for (PetscInt c = 0; c < SINEW_BOUNDARY_COMPONENTS; c++)
        PetscCall(PetscFree(b->given[s].piece[p].table_value[c]));
    }
  }
  PetscCall(PetscFree(b));
  *boundary = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewBoundarySetPlaces(SinewBoundary boundary, SinewBoundaryPlace *place, void *context)
{
  PetscFunctionBeginUser;
  boundary->place = place;
  boundary->place_context = context;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewBoundaryPrepare(SinewBoundary boundary, PetscReal t)
{
  PetscFunctionBeginUser;
  for (PetscInt s = 0; s < 6; s++) {
    const Side *side = &boundary->side[s];

    if (boundary->place && side->here && boundary->given[s].pieces > 1) PetscCall(rule_columns(boundary, s));
    if (side->timed || (boundary->place && side->value && side->placed)) PetscCall(evaluate_side(boundary, s, t));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One component of n neighbouring columns in one layer. */
static void fill_columns(SinewBoundary b, PetscInt s, PetscInt c, PetscInt column, PetscInt layer, PetscInt n,
                         const PetscReal nearest[], const PetscReal mirror[], PetscReal ghost[])
{
  const Side *side = &b->side[s];
  const PetscInt axis = s / 2, v = c - b->velocity;
  const PetscBool normal = (PetscBool)(b->velocity >= 0 && v == axis);
  const PetscBool velocity = (PetscBool)(b->velocity >= 0 && v >= 0 && v < b->dim);
  const PetscReal *value =
      side->value ? side->value + ((layer * side->na * side->nb) + column) * b->components + c : NULL;

  for (PetscInt i = 0; i < n; i++) {
    const SinewBoundaryPiece *p = &b->given[s].piece[side->rule[column + i]];
    const PetscBool given = (PetscBool)(c < b->components && prescribes(p, c));

    if (p->kind == SINEW_BOUNDARY_REFLECT)
      ghost[i] = normal ? -mirror[i] : mirror[i];
    else if (p->kind == SINEW_BOUNDARY_NO_SLIP)
      ghost[i] = velocity ? -mirror[i] : mirror[i];
    else if (given && p->kind != SINEW_BOUNDARY_DIRICHLET)
      ghost[i] = value[i * b->components];
    else if (given)
      ghost[i] = 2 * value[i * b->components] - mirror[i];
    else
      ghost[i] = nearest[i];
  }
}

typedef struct {
  const PetscInt *start, *count;
  PetscInt ghosts[3], pitch, rows, components;
  PetscReal *w;
} Patch;

static PetscReal *cell(const Patch *p, PetscInt c, const PetscInt at[3])
{
  const PetscInt i = at[0] - p->start[0] + p->ghosts[0], j = at[1] - p->start[1] + p->ghosts[1],
                 k = at[2] - p->start[2] + p->ghosts[2];

  return p->w + ((k * p->rows + j) * p->components + c) * p->pitch + i;
}

/* All ghosts behind one side; `from`, `to`: the patch's range of cells along each transverse axis.
 */
static void fill_side(SinewBoundary b, PetscInt s, const Patch *patch, const PetscInt from[3], const PetscInt to[3])
{
  const Side *side = &b->side[s];
  const PetscInt d = s / 2;
  const SinewAxis *axis = SinewGridAxis(b->grid, d), *a = SinewGridAxis(b->grid, side->a),
                  *e = SinewGridAxis(b->grid, side->b);
  const PetscBool rows = (PetscBool)(side->a == 0); /* columns along a lie next to each other in memory */
  PetscInt near[3], mirror[3], ghost[3];

  for (PetscInt q = from[side->b]; q < to[side->b]; q++) {
    near[side->b] = mirror[side->b] = ghost[side->b] = q;
    for (PetscInt p = from[side->a]; p < to[side->a]; p += rows ? to[side->a] - from[side->a] : 1) {
      const PetscInt column = (q - e->first) * side->na + (p - a->first), n = rows ? to[side->a] - from[side->a] : 1;

      near[side->a] = mirror[side->a] = ghost[side->a] = p;
      near[d] = s % 2 ? axis->cells - 1 : 0;
      for (PetscInt layer = 0; layer < axis->ghosts; layer++) {
        mirror[d] = s % 2 ? axis->cells - 1 - layer : layer;
        ghost[d] = s % 2 ? axis->cells + layer : -1 - layer;
        for (PetscInt c = 0; c < patch->components; c++)
          fill_columns(b, s, c, column, layer, n, cell(patch, c, near), cell(patch, c, mirror), cell(patch, c, ghost));
      }
    }
  }
}

PetscErrorCode SinewBoundaryFill(SinewBoundary b, const PetscInt start[3], const PetscInt count[3], PetscInt pitch,
                                 PetscInt rows, PetscInt extras, PetscReal w[])
{
  Patch patch = {start, count, {0, 0, 0}, pitch, rows, b->components + extras, w};

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < 3; d++) patch.ghosts[d] = SinewGridAxis(b->grid, d)->ghosts;
  for (PetscInt s = 0; s < 6; s++) {
    const PetscInt d = s / 2;
    const SinewAxis *axis = SinewGridAxis(b->grid, d);
    PetscInt from[3], to[3];

    if (!b->side[s].here || (s % 2 ? start[d] + count[d] < axis->cells : start[d] > 0)) continue;
    /* sides are filled in the order x, y, z: later axes stay inside the domain, earlier ones bring
     * their ghosts along */
    for (PetscInt e = 0; e < 3; e++) {
      const SinewAxis *other = SinewGridAxis(b->grid, e);

      from[e] = start[e] - patch.ghosts[e];
      to[e] = start[e] + count[e] + patch.ghosts[e];
      if (e > d && !other->periodic) from[e] = PetscMax(from[e], 0), to[e] = PetscMin(to[e], other->cells);
    }
    fill_side(b, s, &patch, from, to);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
