/*
  Advection, diffusion and Burgers' equation at points, with the divergences of the conservative form carried out:

    u_t = -a . grad u - u div a + D : grad grad u + (div D) . grad u + s,    -u sum_d u_{x_d} for Burgers' equation.

  Formulas know no derivatives: div a and div D are central differences of sixth order, over a thousandth of the box.

  Conditions on faces, as rows of a least-squares problem: prescribed values u = g wherever something may come in (on
  the whole face under diffusion, else where the velocity points inwards); zero gradient under diffusion for `outflow`,
  and for `wall` always. Schemes that square the operator L of pure advection get L u = dg/dt beside u = g.
*/
#include "solvers/equations/scalar.h"

#define CHUNK 64 /* points at a time, on the stack */

/* Sixth-order central difference: weights of f(x + k h) - f(x - k h), times h. */
static const PetscReal difference[3] = {0.75, -0.15, 1. / 60};

static PetscReal spacing(const SinewDomain *domain, PetscInt d)
{
  return 1e-3 * (domain->upper[d] - domain->lower[d]);
}

/* ---- coefficients ---- */

/* Up to CHUNK points, axis by axis. */
typedef struct {
  PetscInt n;
  PetscReal t, x[3][CHUNK];
} Place;

static void take_points(const SinewScalar *s, const SinewPoints *at, PetscInt first, Place *place)
{
  place->n = PetscMin(CHUNK, at->n - first);
  place->t = at->t;
  for (PetscInt d = 0; d < 3; d++) {
    for (PetscInt p = 0; p < place->n; p++) place->x[d][p] = d < s->dim ? at->x[(first + p) * s->dim + d] : 0;
  }
}

static PetscErrorCode value_of(const SinewCoefficient *c, const Place *place, PetscReal value[])
{
  PetscFunctionBeginUser;
  if (c->expression)
    PetscCall(
        SinewExpressionEvaluateRow(c->expression, place->n, place->x[0], place->x[1], place->x[2], place->t, value));
  else
    for (PetscInt p = 0; p < place->n; p++) value[p] = c->constant;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Derivative of a coefficient along an axis. */
static PetscErrorCode slope_of(const SinewScalar *s, const SinewCoefficient *c, PetscInt axis, const Place *place,
                               PetscReal slope[])
{
  const PetscReal h = spacing(s->domain, axis);
  PetscReal value[CHUNK];
  Place moved = *place;

  PetscFunctionBeginUser;
  PetscCall(PetscArrayzero(slope, place->n));
  if (!c->expression) PetscFunctionReturn(PETSC_SUCCESS);
  for (int k = 1; k <= 3; k++) {
    for (int side = -1; side <= 1; side += 2) {
      for (PetscInt p = 0; p < place->n; p++) moved.x[axis][p] = place->x[axis][p] + side * k * h;
      PetscCall(value_of(c, &moved, value));
      for (PetscInt p = 0; p < place->n; p++) slope[p] += side * difference[k - 1] / h * value[p];
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- terms of the right-hand side, added to f [n] and df [channels][n] ---- */

typedef struct {
  PetscInt n, first; /* of the caller's arrays, and where the chunk begins in them */
  const PetscReal *u;
  PetscReal *f, *df; /* df may be NULL */
} Sum;

/* f += coefficient u_channel */
static void add_term(const Sum *sum, PetscInt channel, PetscInt count, PetscReal factor, const PetscReal coefficient[])
{
  const PetscInt at = channel * sum->n + sum->first;

  for (PetscInt p = 0; p < count; p++) {
    sum->f[sum->first + p] += factor * coefficient[p] * sum->u[at + p];
    if (sum->df) sum->df[at + p] += factor * coefficient[p];
  }
}

static PetscErrorCode add_transport(const SinewScalar *s, const Place *place, const Sum *sum)
{
  PetscReal c[CHUNK];

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < s->dim; d++) {
    PetscCall(value_of(&s->velocity[d], place, c));
    add_term(sum, 1 + d, place->n, -1, c);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* -u div a */
static PetscErrorCode add_dilation(const SinewScalar *s, const Place *place, const Sum *sum)
{
  PetscReal c[CHUNK];

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < s->dim; d++) {
    if (!s->velocity[d].expression) continue;
    PetscCall(slope_of(s, &s->velocity[d], d, place, c));
    add_term(sum, 0, place->n, -1, c);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void add_burgers(const SinewScalar *s, const Place *place, const Sum *sum)
{
  for (PetscInt d = 0; d < s->dim; d++) {
    for (PetscInt p = sum->first; p < sum->first + place->n; p++) {
      const PetscReal u = sum->u[p], slope = sum->u[(1 + d) * sum->n + p];

      sum->f[p] -= u * slope;
      if (sum->df) {
        sum->df[p] -= slope;
        sum->df[(1 + d) * sum->n + p] -= u;
      }
    }
  }
}

static PetscErrorCode add_diffusion(const SinewScalar *s, const Place *place, const Sum *sum)
{
  PetscReal c[CHUNK];

  PetscFunctionBeginUser;
  if (s->tensors == 1) {
    PetscCall(value_of(&s->diffusivity[0], place, c));
    add_term(sum, 1 + s->dim, place->n, 1, c); /* the Laplacian's channel */
  }
  for (PetscInt a = 0; a < s->dim; a++) {
    for (PetscInt b = 0; b < s->dim; b++) {
      const PetscInt m = SinewScalarTensorEntry(s, a, b);

      if (m < 0) continue;
      PetscCall(slope_of(s, &s->diffusivity[m], a, place, c));
      add_term(sum, 1 + b, place->n, 1, c);
      if (s->tensors == 1) continue;
      PetscCall(value_of(&s->diffusivity[m], place, c));
      add_term(sum, SinewJetHessianChannel(s->dim, PetscMin(a, b), PetscMax(a, b)), place->n, 1, c);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_source(const SinewScalar *s, const Place *place, const Sum *sum)
{
  PetscReal c[CHUNK];

  PetscFunctionBeginUser;
  PetscCall(value_of(&s->source, place, c));
  for (PetscInt p = 0; p < place->n; p++) sum->f[sum->first + p] += c[p];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Everything, or all that is not transport along the velocity (the semi-Lagrangian remainder). */
static PetscErrorCode right_hand_side(const void *ctx, PetscBool transport, const SinewPoints *at, PetscReal f[],
                                      PetscReal df[])
{
  const SinewScalar *s = (const SinewScalar *)ctx;
  Sum sum = {.n = at->n, .u = at->u, .f = f, .df = df};
  Place place;

  PetscFunctionBeginUser;
  PetscCall(PetscArrayzero(f, at->n));
  for (; sum.first < at->n; sum.first += place.n) {
    take_points(s, at, sum.first, &place);
    if (transport && s->burgers) add_burgers(s, &place, &sum);
    if (transport && s->transported && !s->burgers) PetscCall(add_transport(s, &place, &sum));
    if (s->transported && !s->burgers) PetscCall(add_dilation(s, &place, &sum));
    if (s->diffused) PetscCall(add_diffusion(s, &place, &sum));
    if (s->sourced) PetscCall(add_source(s, &place, &sum));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode rate(const void *ctx, const SinewPoints *at, PetscReal f[], PetscReal df[])
{
  PetscFunctionBeginUser;
  PetscCall(right_hand_side(ctx, PETSC_TRUE, at, f, df));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode remainder_rate(const void *ctx, const SinewPoints *at, PetscReal f[], PetscReal df[])
{
  PetscFunctionBeginUser;
  PetscCall(right_hand_side(ctx, PETSC_FALSE, at, f, df));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode velocity(const void *ctx, const SinewPoints *at, PetscReal a[], PetscReal da[])
{
  const SinewScalar *s = (const SinewScalar *)ctx;
  Place place;

  PetscFunctionBeginUser;
  (void)da;
  for (PetscInt d = 0; d < s->dim && s->burgers; d++) PetscCall(PetscArraycpy(a + d * at->n, at->u, at->n));
  for (PetscInt first = 0; first < at->n && !s->burgers; first += place.n) {
    take_points(s, at, first, &place);
    for (PetscInt d = 0; d < s->dim; d++) PetscCall(value_of(&s->velocity[d], &place, a + d * at->n + first));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* (a . grad)^2 u for constant a */
static PetscErrorCode squared_transport(const void *ctx, const SinewPoints *at, PetscReal f[], PetscReal df[])
{
  const SinewScalar *s = (const SinewScalar *)ctx;

  PetscFunctionBeginUser;
  PetscCall(PetscArrayzero(f, at->n));
  for (PetscInt a = 0; a < s->dim; a++) {
    for (PetscInt b = a; b < s->dim; b++) {
      const PetscReal c = (a == b ? 1 : 2) * s->velocity[a].constant * s->velocity[b].constant;
      const PetscInt channel = SinewJetHessianChannel(s->dim, a, b) * at->n;

      for (PetscInt p = 0; p < at->n; p++) {
        f[p] += c * at->u[channel + p];
        if (df) df[channel + p] = c;
      }
    }
  }
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
  const SinewCoefficient *c = &s->velocity[face / 2];

  PetscFunctionBeginUser;
  *inward = s->burgers ? g : c->constant;
  if (!s->burgers && c->expression) PetscCall(SinewExpressionEvaluate(c->expression, x[0], x[1], x[2], t, inward));
  if (face % 2) *inward *= -1;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* dg/dt - L u at an inflow of pure advection, as a length times a slope: a twentieth of the box. */
static PetscErrorCode add_squared_row(const SinewScalar *s, PetscInt face, const PetscReal x[3], const SinewPoints *at,
                                      PetscInt p, PetscReal inward, PetscReal f[], PetscReal df[])
{
  const PetscReal length = 0.05 * (s->domain->upper[face / 2] - s->domain->lower[face / 2]);
  const PetscReal h = 1e-3 * length / inward; /* time in which nothing much can happen */
  PetscReal *r = &f[at->n + p];

  PetscFunctionBeginUser;
  *r = 0;
  for (int k = 1; k <= 3; k++) {
    for (int side = -1; side <= 1; side += 2) {
      SinewBoundaryKind kind;
      PetscBool given;
      PetscReal g;

      PetscCall(side_state(s, face, x, at->t + side * k * h, &kind, &given, &g));
      *r += side * difference[k - 1] / h * g * length / inward;
    }
  }
  for (PetscInt d = 0; d < s->dim; d++) {
    const PetscReal c = s->velocity[d].constant * length / inward;

    *r += c * at->u[(1 + d) * at->n + p];
    if (df) df[(at->channels + 1 + d) * at->n + p] = c;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode face_rows(const void *ctx, PetscInt face, const SinewPoints *at, PetscReal f[], PetscReal df[])
{
  const SinewScalar *s = (const SinewScalar *)ctx;
  const PetscInt slope = 1 + face / 2;
  const PetscReal length = s->domain->upper[face / 2] - s->domain->lower[face / 2];

  PetscFunctionBeginUser;
  PetscCall(PetscArrayzero(f, at->n * (s->domain->squared ? 2 : 1)));
  for (PetscInt p = 0; p < at->n; p++) {
    PetscReal x[3] = {0, 0, 0}, g, inward;
    SinewBoundaryKind kind;
    PetscBool given;

    PetscCall(PetscArraycpy(x, at->x + p * s->dim, s->dim));
    PetscCall(side_state(s, face, x, at->t, &kind, &given, &g));
    PetscCall(inward_velocity(s, face, x, at->t, g, &inward));
    if (given && (s->diffused || inward > 0)) {
      f[p] = at->u[p] - g;
      if (df) df[p] = 1;
      if (s->domain->squared) PetscCall(add_squared_row(s, face, x, at, p, inward, f, df));
    } else if (!given && (s->diffused || kind == SINEW_BOUNDARY_REFLECT)) {
      f[p] = length * at->u[slope * at->n + p];
      if (df) df[slope * at->n + p] = length;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Callbacks of all faces share the context: one function a face. */
#define FACE(face)                                                                                         \
  static PetscErrorCode face_##face(const void *ctx, const SinewPoints *at, PetscReal f[], PetscReal df[]) \
  {                                                                                                        \
    PetscFunctionBeginUser;                                                                                \
    PetscCall(face_rows(ctx, face, at, f, df));                                                            \
    PetscFunctionReturn(PETSC_SUCCESS);                                                                    \
  }
FACE(0)
FACE(1)
FACE(2)
FACE(3)
FACE(4)
FACE(5)
static SinewPointMap *const face_functions[6] = {face_0, face_1, face_2, face_3, face_4, face_5};

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

/* Whether a side says u = 0 everywhere and at all times. */
static PetscErrorCode is_zero(const SinewBoundarySide *side, PetscBool *zero)
{
  const SinewExpression g = side->piece[0].value[0];
  PetscReal value;
  PetscBool used = PETSC_FALSE;

  PetscFunctionBeginUser;
  *zero = (PetscBool)(side->pieces == 1 && side->piece[0].kind == SINEW_BOUNDARY_DIRICHLET && g != NULL);
  if (!*zero) PetscFunctionReturn(PETSC_SUCCESS);
  for (const char *v = "xyzt"; *v && !used; v++) PetscCall(SinewExpressionUses(g, *v, &used));
  PetscCall(SinewExpressionEvaluate(g, 0, 0, 0, 0, &value));
  *zero = (PetscBool)(!used && value == 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_faces(const SinewScalar *s, SinewPointwise *p, PetscBool zero[6])
{
  PetscFunctionBeginUser;
  for (PetscInt face = 0; face < 2 * s->dim; face++) {
    const SinewBoundarySide *side = &s->domain->side[face];
    PetscBool free = (PetscBool)!s->diffused; /* nothing is asked of any point */

    if (s->domain->periodic[face / 2]) continue;
    if (s->diffused && s->domain->factors) PetscCall(is_zero(side, &zero[face]));
    for (PetscInt k = 0; k < side->pieces && free; k++)
      free = (PetscBool)(side->piece[k].kind == SINEW_BOUNDARY_OUTFLOW);
    if (zero[face] || free) continue;
    p->face[p->faces++] = (SinewPointwiseFace){.axis = face / 2,
                                               .side = face % 2,
                                               .rows = s->domain->squared ? 2 : 1,
                                               .order = SINEW_JET_GRADIENT,
                                               .weight = 1,
                                               .residual = face_functions[face]};
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewScalarPointwise(SinewEquation e, SinewDeck deck, const SinewDomain *domain, SinewPointwise *p,
                                    PetscBool zero[6])
{
  SinewScalar *s = (SinewScalar *)e->data;
  PetscBool steady_velocity = PETSC_TRUE;

  PetscFunctionBeginUser;
  (void)deck;
  s->domain = domain;
  for (PetscInt d = 0; d < s->dim; d++) {
    if (s->velocity[d].expression) steady_velocity = PETSC_FALSE;
  }
  *p = (SinewPointwise){.name = e->type->name,
                        .dim = s->dim,
                        .unknowns = 1,
                        .evolved = 1,
                        .order = !s->diffused      ? SINEW_JET_GRADIENT
                                 : s->tensors == 1 ? SINEW_JET_LAPLACIAN
                                                   : SINEW_JET_HESSIAN,
                        .linear = (PetscBool)!s->burgers,
                        .ctx = s,
                        .rate = rate};
  if (s->transported && !s->burgers && steady_velocity && !s->diffused && !s->sourced) {
    p->second = squared_transport;
    p->second_order = SINEW_JET_HESSIAN;
  }
  if (s->transported) {
    p->velocity = velocity;
    if (s->diffused || s->sourced || !steady_velocity) p->remainder = remainder_rate;
    if (!s->burgers && steady_velocity) p->outside = outside;
  }
  PetscCall(add_faces(s, p, zero));
  PetscFunctionReturn(PETSC_SUCCESS);
}
