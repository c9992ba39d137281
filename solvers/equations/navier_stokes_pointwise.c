/*
  Incompressible flow in two dimensions at points, through a stream function (solvers/pointwise/flow.c).

  Sides hold what they hold on staggered cells (navier_stokes_sides.c): the normal velocity, and the tangential one
  where it matters, on no_slip and prescribed sides of a viscous fluid and where an inviscid one comes in; outflow holds
  nothing. Where no side lets anything through, the stream function is zero on all of them by a factor of the network,
  but for a channel whose sides hold the fluid back: its flux is free, so that one side must be. All else are rows.
*/
#include "neural/sampling.h"
#include "solvers/equations/navier_stokes.h"

#define SIDE_WEIGHT 1e4 /* of a side's mean square against the interior's, which the pressure gradient pulls at */
#define BALANCE     64  /* points of a side's flux */

static PetscErrorCode force(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal values[])
{
  const SinewFlowParameters *p = (const SinewFlowParameters *)((SinewEquation)ctx)->parameters;

  PetscFunctionBeginUser;
  for (int c = 0; c < 2; c++) {
    for (PetscInt i = 0; i < n; i++)
      PetscCall(SinewExpressionEvaluate(p->force.value[c], x[2 * i], x[2 * i + 1], 0, t, &values[c * n + i]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- sides ---- */

/* The velocity that a side gives at a point of it, zero where it gives none. */
static PetscErrorCode side_velocity(const SinewFlowData *flow, PetscInt face, const PetscReal x[2], PetscReal t,
                                    SinewBoundaryKind *kind, PetscReal v[2])
{
  const PetscReal at[3] = {x[0], x[1], 0};
  PetscBool given[2];

  PetscFunctionBeginUser;
  v[0] = v[1] = 0;
  PetscCall(SinewBoundarySideEvaluate(&flow->domain->side[face], 2, at, t, kind, given, v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* velocity_x = U + psi_y, velocity_y = V - psi_x */
static PetscErrorCode face_rows(const void *ctx, PetscInt face, PetscReal t, PetscInt n, const PetscReal x[],
                                PetscReal c[], PetscReal g[])
{
  const SinewEquation e = (SinewEquation)ctx;
  const SinewFlowParameters *p = (const SinewFlowParameters *)e->parameters;
  const SinewFlowData *flow = (const SinewFlowData *)e->data;
  const PetscInt normal = face / 2;

  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < n; i++) {
    SinewBoundaryKind kind;
    PetscReal v[2], inward;

    PetscCall(side_velocity(flow, face, x + 2 * i, t, &kind, v));
    inward = face % 2 ? -v[normal] : v[normal];
    for (PetscInt row = 0; row < flow->side_rows[face]; row++) {
      const PetscInt k = flow->side_component[face][row];

      if (kind == SINEW_BOUNDARY_OUTFLOW) continue;
      if (k != normal && (kind == SINEW_BOUNDARY_REFLECT || (p->viscosity == 0 && inward <= 0))) continue;
      c[(3 * row + 2 - k) * n + i] = k ? -1 : 1;
      g[row * n + i] = v[k] - p->mean.value[k];
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether a side prescribes no velocity through it, everywhere and always. */
static PetscErrorCode is_closed(const SinewBoundarySide *side, PetscInt normal, PetscBool *closed)
{
  PetscFunctionBeginUser;
  *closed = PETSC_TRUE;
  for (PetscInt k = 0; k < side->pieces && *closed; k++) {
    const SinewBoundaryPiece *piece = &side->piece[k];
    const SinewExpression g = piece->value[normal];
    PetscBool used = PETSC_FALSE;
    PetscReal value = 0;

    if (g) PetscCall(SinewExpressionUsesAny(g, "xyzt", &used));
    if (g && !used) PetscCall(SinewExpressionEvaluate(g, 0, 0, 0, 0, &value));
    *closed = (PetscBool)(piece->kind != SINEW_BOUNDARY_OUTFLOW && piece->kind != SINEW_BOUNDARY_EXACT &&
                          !piece->table_size && !used && value == 0);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether a side has something to say about the velocity along it. */
static PetscBool holds_along(const SinewFlowParameters *p, const SinewBoundarySide *side, PetscBool closed)
{
  PetscBool holds = PETSC_FALSE;

  for (PetscInt k = 0; k < side->pieces; k++)
    if (side->piece[k].kind != SINEW_BOUNDARY_REFLECT && side->piece[k].kind != SINEW_BOUNDARY_OUTFLOW)
      holds = (PetscBool)(holds || p->viscosity > 0 || !closed);
  return holds;
}

static PetscBool is_open(const SinewBoundarySide *side)
{
  PetscBool open = PETSC_TRUE;

  for (PetscInt k = 0; k < side->pieces; k++) open = (PetscBool)(open && side->piece[k].kind == SINEW_BOUNDARY_OUTFLOW);
  return open;
}

/* Which sides are the network's factor, and the rows of the others. */
static PetscErrorCode set_sides(SinewEquation e, SinewFaces *faces, PetscBool zero[6])
{
  const SinewFlowParameters *p = (const SinewFlowParameters *)e->parameters;
  SinewFlowData *flow = (SinewFlowData *)e->data;
  const SinewDomain *domain = flow->domain;
  PetscBool closed[4], along[4], all_closed = PETSC_TRUE, any_along = PETSC_FALSE, channel;

  PetscFunctionBeginUser;
  for (PetscInt face = 0; face < 4; face++) {
    if (domain->periodic[face / 2]) continue;
    PetscCall(is_closed(&domain->side[face], face / 2, &closed[face]));
    along[face] = holds_along(p, &domain->side[face], closed[face]);
    all_closed = (PetscBool)(all_closed && closed[face]);
    any_along = (PetscBool)(any_along || along[face]);
  }
  channel = (PetscBool)(any_along && (domain->periodic[0] || domain->periodic[1]));
  *faces = (SinewFaces){.weight = SIDE_WEIGHT, .function = face_rows};
  for (PetscInt face = 0; face < 4; face++) {
    PetscInt rows = 0;

    if (domain->periodic[face / 2]) continue;
    zero[face] = (PetscBool)(all_closed && !(channel && face % 2));
    if (!zero[face] && !is_open(&domain->side[face])) flow->side_component[face][rows++] = face / 2;
    if (along[face]) flow->side_component[face][rows++] = 1 - face / 2;
    faces->rows[face] = flow->side_rows[face] = rows;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- mistakes ---- */

static PetscErrorCode side_mistake(SinewDeck deck, PetscInt axis, const char text[])
{
  static const char *const name[] = {"x", "y"};
  const SinewNode boundary = SinewNodeGet(deck, SinewNodeGet(deck, SinewDeckRoot(deck), "grid"), "boundary");
  char path[64];

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(path, sizeof(path), "grid.boundary.%s", name[axis]));
  PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, boundary, name[axis]), path, "%s", text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Net flux through the sides, and its modulus, at the time zero; known only if every side gives formulas. */
static PetscErrorCode flux(const SinewFlowData *flow, PetscReal sum[2], PetscBool *known)
{
  const SinewDomain *domain = flow->domain;

  PetscFunctionBeginUser;
  sum[0] = sum[1] = 0;
  *known = PETSC_TRUE;
  for (PetscInt face = 0; face < 4; face++) {
    const PetscInt d = face / 2, along = 1 - d;
    PetscReal node[BALANCE], weight[BALANCE], x[2];

    if (domain->periodic[d]) continue;
    for (PetscInt k = 0; k < domain->side[face].pieces; k++) {
      const SinewBoundaryKind kind = domain->side[face].piece[k].kind;

      if (kind == SINEW_BOUNDARY_OUTFLOW || kind == SINEW_BOUNDARY_EXACT) *known = PETSC_FALSE;
    }
    if (!*known) break;
    PetscCall(SinewGaussLegendre(BALANCE, domain->lower[along], domain->upper[along], node, weight));
    x[d] = face % 2 ? domain->upper[d] : domain->lower[d];
    for (PetscInt k = 0; k < BALANCE; k++) {
      SinewBoundaryKind kind;
      PetscReal v[2];

      x[along] = node[k];
      PetscCall(side_velocity(flow, face, x, 0, &kind, v));
      sum[0] += (face % 2 ? 1 : -1) * weight[k] * v[d];
      sum[1] += weight[k] * PetscAbsReal(v[d]);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_sides(SinewEquation e, SinewDeck deck, const PetscBool zero[6])
{
  const SinewFlowParameters *p = (const SinewFlowParameters *)e->parameters;
  const SinewFlowData *flow = (const SinewFlowData *)e->data;
  PetscReal sum[2];
  PetscBool known;
  char text[160];

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < 2; d++) {
    if ((!zero[2 * d] && !zero[2 * d + 1]) || p->mean.value[d] == 0) continue;
    PetscCall(PetscSNPrintf(text, sizeof(text),
                            "equation.mean goes through closed sides: expected 0 along %s, found %g", d ? "y" : "x",
                            (double)p->mean.value[d]));
    PetscCall(side_mistake(deck, d, text));
  }
  PetscCall(flux(flow, sum, &known));
  if (!known || PetscAbsReal(sum[0]) <= 1e-4 * sum[1]) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscSNPrintf(text, sizeof(text),
                          "the flow through the sides does not balance (net %g of %g): an incompressible fluid without "
                          "an outflow side cannot",
                          (double)sum[0], (double)sum[1]));
  PetscCall(side_mistake(deck, flow->domain->periodic[0] ? 1 : 0, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The original's splitting, and what it cannot do. */
static PetscErrorCode split(SinewEquation e, SinewDeck deck, SinewPointwise **points)
{
  const SinewFlowParameters *p = (const SinewFlowParameters *)e->parameters;
  const SinewDomain *domain = ((const SinewFlowData *)e->data)->domain;
  const SinewNode root = SinewDeckRoot(deck);
  const SinewSplitting none = {.dt = 0};

  PetscFunctionBeginUser;
  if (p->viscosity > 0 || p->force.n || p->mean.value[0] != 0 || p->mean.value[1] != 0)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, root, "equation"), "equation",
                               "formulation splitting is without viscosity, force and mean flow"));
  for (PetscInt d = 0; d < 2; d++) {
    PetscBool walls = (PetscBool)!domain->periodic[d];

    for (PetscInt side = 0; side < 2 && walls; side++) {
      const SinewBoundarySide *at = &domain->side[2 * d + side];

      walls = (PetscBool)(at->pieces == 1 && at->piece[0].kind == SINEW_BOUNDARY_REFLECT);
    }
    if (!walls) PetscCall(side_mistake(deck, d, "formulation splitting stands between walls: expected wall"));
  }
  PetscCall(SinewPointwiseSplitting(&none, SINEW_SPLITTING_FIELD, points));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the equation ---- */

PetscErrorCode SinewFlowPointwise(SinewEquation e, SinewDeck deck, const SinewDomain *domain, SinewPointwise *p,
                                  PetscBool zero[6])
{
  const SinewFlowParameters *parameters = (const SinewFlowParameters *)e->parameters;
  SinewFlowData *data = (SinewFlowData *)e->data;
  SinewFlowTerms flow = {.viscosity = parameters->viscosity,
                         .mean = {parameters->mean.value[0], parameters->mean.value[1]},
                         .force = parameters->force.n ? force : NULL,
                         .ctx = e};

  PetscFunctionBeginUser;
  if (data->cells_only) {
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, SinewDeckRoot(deck), "equation"), "equation",
                               "insr does navier_stokes in 2 dimensions, without scalars, drag, hyperviscosity and "
                               "stirring"));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  data->domain = domain;
  if (domain->split) {
    PetscCall(split(e, deck, &data->points));
  } else {
    PetscCall(set_sides(e, &flow.faces, zero));
    PetscCall(check_sides(e, deck, zero));
    PetscCall(SinewPointwiseFlow(&flow, &data->points));
  }
  *p = *data->points;
  p->name = e->type->name;
  PetscFunctionReturn(PETSC_SUCCESS);
}
