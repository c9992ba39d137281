/*
  Advection, diffusion, Burgers' and elliptic equations at points (solvers/pointwise/transport.c), from what a deck
  says: formulas of coefficients, tensors, the conservative form with its divergences carried out.

  Formulas know no derivatives: div a and div D are differences over a thousandth of the box.

  Conditions on faces: prescribed values u = g wherever something may come in (on the whole face under diffusion, else
  where the velocity points inwards); zero gradient under diffusion for `outflow`, and for `wall` always. Schemes that
  square the operator L of pure advection get L u = dg/dt beside u = g.
*/
#include "solvers/equations/scalar.h"

static PetscReal spacing(const SinewScalar *s, PetscInt d)
{
  return 1e-3 * (s->domain->upper[d] - s->domain->lower[d]);
}

/* ---- coefficients ---- */

static PetscErrorCode velocity(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal a[])
{
  const SinewScalar *s = (const SinewScalar *)ctx;

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < s->dim; d++) PetscCall(SinewCoefficientAt(&s->velocity[d], t, s->dim, n, x, a + d * n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* div[b] += dD/dx_a, where D is the entry (a, b) */
static PetscErrorCode add_slope(const SinewScalar *s, const SinewCoefficient *D, PetscInt a, PetscInt b, PetscReal t,
                                PetscInt n, const PetscReal x[], PetscReal slope[], PetscReal divergence[])
{
  PetscFunctionBeginUser;
  PetscCall(SinewCoefficientSlopeAt(D, t, s->dim, n, x, a, spacing(s, a), slope));
  for (PetscInt p = 0; p < n; p++) divergence[b * n + p] += slope[p];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscInt entries(const SinewScalar *s)
{
  return s->tensors == 1 ? 1 : s->dim * (s->dim + 1) / 2;
}

static PetscErrorCode diffusivity(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal D[])
{
  const SinewScalar *s = (const SinewScalar *)ctx;
  PetscReal *divergence = D + entries(s) * n, *slope;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)n, &slope));
  PetscCall(PetscArrayzero(D, (entries(s) + s->dim) * n));
  for (PetscInt a = 0; a < s->dim; a++) {
    for (PetscInt b = a; b < s->dim; b++) {
      const PetscInt m = SinewScalarTensorEntry(s, a, b);
      const PetscInt to =
          s->tensors == 1 ? 0 : SinewJetHessianChannel(s->dim, a, b) - SinewJetHessianChannel(s->dim, 0, 0);

      if (m < 0) continue;
      PetscCall(SinewCoefficientAt(&s->diffusivity[m], t, s->dim, n, x, D + to * n));
      PetscCall(add_slope(s, &s->diffusivity[m], a, b, t, n, x, slope, divergence));
      if (a != b) PetscCall(add_slope(s, &s->diffusivity[m], b, a, t, n, x, slope, divergence));
    }
  }
  PetscCall(PetscFree(slope));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* -div a, and the elliptic equation's reaction */
static PetscErrorCode growth(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal g[])
{
  const SinewScalar *s = (const SinewScalar *)ctx;
  PetscReal *slope;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)n, &slope));
  PetscCall(SinewCoefficientAt(&s->reaction, t, s->dim, n, x, g));
  for (PetscInt p = 0; p < n; p++) g[p] = -g[p];
  for (PetscInt d = 0; d < s->dim; d++) {
    if (!s->velocity[d].expression) continue;
    PetscCall(SinewCoefficientSlopeAt(&s->velocity[d], t, s->dim, n, x, d, spacing(s, d), slope));
    for (PetscInt p = 0; p < n; p++) g[p] -= slope[p];
  }
  PetscCall(PetscFree(slope));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode source(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal value[])
{
  const SinewScalar *s = (const SinewScalar *)ctx;

  PetscFunctionBeginUser;
  PetscCall(SinewCoefficientAt(&s->source, t, s->dim, n, x, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- faces ---- */

/* What a side prescribes at a point of it. */
static PetscErrorCode side_state(const SinewScalar *s, PetscInt face, const PetscReal x[3], PetscReal t,
                                 SinewBoundaryKind *kind, PetscBool *given, PetscReal *g)
{
  PetscFunctionBeginUser;
  *g = 0;
  PetscCall(SinewBoundarySideEvaluate(&s->domain->side[face], 1, x, t, kind, given, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Velocity at a point towards the inside of a face, when u is g there. */
static PetscErrorCode inward_velocity(const SinewScalar *s, PetscInt face, const PetscReal x[3], PetscReal t,
                                      PetscReal g, PetscReal *inward)
{
  PetscFunctionBeginUser;
  *inward = g;
  if (!s->burgers) PetscCall(SinewCoefficientAt(&s->velocity[face / 2], t, 3, 1, x, inward));
  if (face % 2) *inward *= -1;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* a . grad u - c1 u = c0 - dg/dt at an inflow of pure advection, times a length over the velocity: a twentieth of the
   box. c and g are the row's, of n points. */
static PetscErrorCode squared_row(const SinewScalar *s, PetscInt face, const PetscReal x[3], PetscReal t,
                                  PetscReal inward, PetscInt n, PetscReal c[], PetscReal *g)
{
  const PetscReal length = 0.05 * (s->domain->upper[face / 2] - s->domain->lower[face / 2]), scale = length / inward;
  const PetscReal h = 1e-3 * scale; /* time in which nothing much can happen */

  PetscFunctionBeginUser;
  *g = scale * s->source.constant;
  for (int k = 1; k <= 3; k++) {
    for (int side = -1; side <= 1; side += 2) {
      SinewBoundaryKind kind;
      PetscBool given;
      PetscReal value;

      PetscCall(side_state(s, face, x, t + side * k * h, &kind, &given, &value));
      *g -= scale * side * SinewCoefficientDifference[k - 1] / h * value;
    }
  }
  c[0] = -scale * s->polynomial[0];
  for (PetscInt d = 0; d < s->dim; d++) c[(1 + d) * n] = scale * s->velocity[d].constant;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode face_rows(const void *ctx, PetscInt face, PetscReal t, PetscInt n, const PetscReal x[],
                                PetscReal c[], PetscReal g[])
{
  const SinewScalar *s = (const SinewScalar *)ctx;
  const PetscReal length = s->domain->upper[face / 2] - s->domain->lower[face / 2];

  PetscFunctionBeginUser;
  for (PetscInt p = 0; p < n; p++) {
    PetscReal at[3] = {0, 0, 0}, value, inward;
    SinewBoundaryKind kind;
    PetscBool given;

    PetscCall(PetscArraycpy(at, x + p * s->dim, s->dim));
    PetscCall(side_state(s, face, at, t, &kind, &given, &value));
    PetscCall(inward_velocity(s, face, at, t, value, &inward));
    if (given && (s->diffused || inward > 0)) {
      c[p] = 1;
      g[p] = value;
      if (s->domain->squared) PetscCall(squared_row(s, face, at, t, inward, n, c + (1 + s->dim) * n + p, &g[n + p]));
    } else if (!given && (s->diffused || kind == SINEW_BOUNDARY_REFLECT)) {
      c[(1 + face / 2) * n + p] = length;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* u outside of the box, where a characteristic comes from: what the face gave when it passed, later than t. Exact for
   constant velocities. */
static PetscErrorCode outside(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal value[])
{
  const SinewScalar *s = (const SinewScalar *)ctx;
  const SinewDomain *domain = s->domain;

  PetscFunctionBeginUser;
  for (PetscInt p = 0; p < n; p++) {
    PetscReal at[3] = {0, 0, 0}, a[3] = {0, 0, 0}, wait = 0;
    PetscInt face = -1;
    SinewBoundaryKind kind;
    PetscBool given;

    for (PetscInt d = 0; d < s->dim; d++) {
      const PetscReal y = at[d] = x[p * s->dim + d];
      const PetscReal beyond = domain->periodic[d]    ? 0
                               : y < domain->lower[d] ? domain->lower[d] - y
                               : y > domain->upper[d] ? domain->upper[d] - y
                                                      : 0;

      a[d] = s->velocity[d].constant;
      if (beyond != 0 && a[d] != 0 && beyond / a[d] > wait) {
        wait = beyond / a[d];
        face = 2 * d + (beyond < 0);
      }
    }
    for (PetscInt d = 0; d < s->dim; d++) {
      at[d] += wait * a[d];
      if (!domain->periodic[d]) at[d] = PetscClipInterval(at[d], domain->lower[d], domain->upper[d]);
    }
    value[p] = 0;
    if (face >= 0) PetscCall(side_state(s, face, at, t + wait, &kind, &given, &value[p]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the equation ---- */

static PetscErrorCode set_faces(const SinewScalar *s, SinewFaces *faces, PetscBool zero[6])
{
  PetscFunctionBeginUser;
  faces->function = face_rows;
  for (PetscInt face = 0; face < 2 * s->dim; face++) {
    const SinewBoundarySide *side;
    PetscBool free = (PetscBool)!s->diffused; /* nothing is asked of any point */

    if (s->domain->periodic[face / 2]) continue;
    side = &s->domain->side[face];
    if (s->diffused && s->domain->factors) PetscCall(SinewBoundarySideIsZero(side, 1, &zero[face]));
    for (PetscInt k = 0; k < side->pieces && free; k++)
      free = (PetscBool)(side->piece[k].kind == SINEW_BOUNDARY_OUTFLOW);
    if (!zero[face] && !free) faces->rows[face] = s->domain->squared ? 2 : 1;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A steady residual is D u / length^2 in size, its conditions are u. */
static PetscErrorCode steady_weight(const SinewScalar *s, PetscReal *weight)
{
  PetscReal middle[3] = {0, 0, 0}, D, size = 0;

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < s->dim; d++) middle[d] = 0.5 * (s->domain->lower[d] + s->domain->upper[d]);
  for (PetscInt d = 0; d < s->dim; d++) {
    PetscCall(SinewCoefficientAt(&s->diffusivity[PetscMax(SinewScalarTensorEntry(s, d, d), 0)], 0, 3, 1, middle, &D));
    size += D * PetscSqr(PETSC_PI / (s->domain->upper[d] - s->domain->lower[d]));
  }
  *weight = size * size;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode set_terms(const SinewScalar *s, PetscBool steady, SinewTransport *p)
{
  PetscFunctionBeginUser;
  *p = (SinewTransport){.dim = s->dim, .burgers = s->burgers, .steady = steady, .ctx = s};
  for (PetscInt d = 0; d < s->dim && s->transported && !s->burgers; d++) {
    p->velocity[d] = s->velocity[d].constant;
    if (s->velocity[d].expression) p->velocity_function = velocity;
  }
  if (p->velocity_function || s->reaction.expression || s->reaction.constant != 0) p->growth = growth;
  p->reaction[0] = s->source.constant;
  if (s->source.expression) {
    p->reaction[0] = 0;
    p->source = source;
  }
  for (int k = 0; k < 3; k++) p->reaction[1 + k] = s->polynomial[k];
  if (!s->diffused) PetscFunctionReturn(PETSC_SUCCESS);
  p->viscosity = s->diffusivity[0].constant;
  p->entries = entries(s);
  if (s->tensors > 1 || s->diffusivity[0].expression) p->diffusivity = diffusivity;
  if (steady) PetscCall(steady_weight(s, &p->faces.weight));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewScalarPointwise(SinewEquation e, SinewDeck deck, const SinewDomain *domain, SinewPointwise *p,
                                    PetscBool zero[6])
{
  SinewScalar *s = (SinewScalar *)e->data;
  SinewTransport terms;

  PetscFunctionBeginUser;
  (void)deck;
  s->domain = domain;
  PetscCall(set_terms(s, e->type->steady, &terms));
  PetscCall(set_faces(s, &terms.faces, zero));
  if (!terms.burgers && !terms.velocity_function) terms.outside = outside;
  PetscCall(SinewPointwiseDestroy(&s->points));
  PetscCall(SinewPointwiseTransport(&terms, &s->points));
  *p = *s->points;
  p->name = e->type->name;
  PetscFunctionReturn(PETSC_SUCCESS);
}
