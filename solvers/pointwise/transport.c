/* Advection, diffusion, Burgers, Allen-Cahn, Poisson: one unknown that is carried, spreads and reacts. */
#include "../../io/error.h"
#include "../pointwise.h"

typedef struct {
  SinewPointwise equation;
  SinewTransport p;
} Transport;

/* a_i of the parameters at the points, [dim][n], into a; points come in blocks of at most BLOCK. */
#define BLOCK 64

static PetscErrorCode carried_by(const SinewTransport *p, PetscReal t, PetscInt n, const PetscReal x[], PetscReal a[])
{
  PetscFunctionBegin;
  if (p->velocity_function) {
    PetscCall(p->velocity_function(p->ctx, t, n, x, a));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (PetscInt i = 0; i < p->dim; i++)
    for (PetscInt k = 0; k < n; k++) a[i * n + k] = p->velocity[i];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* sum over axes of the second derivatives' channels: their number and which, from the layout */
static PetscInt laplacian_channels(PetscInt dim, PetscInt channels, PetscInt which[])
{
  PetscInt count = 0;

  if (channels == SinewJetChannels(dim, SINEW_JET_LAPLACIAN)) {
    which[count++] = 1 + dim;
  } else {
    for (PetscInt i = 0; i < dim; i++) which[count++] = SinewJetHessianChannel(dim, i, i);
  }
  return count;
}

static PetscReal polynomial(const PetscReal c[4], PetscReal u)
{
  return c[0] + u * (c[1] + u * (c[2] + u * c[3]));
}

static PetscReal slope(const PetscReal c[4], PetscReal u)
{
  return c[1] + u * (2 * c[2] + u * 3 * c[3]);
}

/* f = -(a + u) . grad u, of points first .. first + n - 1 with velocities a [dim][n] */
static void advect(const SinewTransport *p, const SinewPoints *at, PetscInt first, PetscInt n, const PetscReal a[],
                   PetscReal f[], PetscReal df[])
{
  const PetscReal *u = at->u;

  for (PetscInt k = 0; k < n; k++) {
    const PetscInt q = first + k;
    const PetscReal own = p->burgers ? u[q] : 0;
    PetscReal sum = 0, slopes = 0;

    for (PetscInt i = 0; i < p->dim; i++) {
      sum += (a[i * n + k] + own) * u[(1 + i) * at->n + q];
      slopes += u[(1 + i) * at->n + q];
      if (df) df[(1 + i) * at->n + q] = -(a[i * n + k] + own);
    }
    f[q] = -sum;
    if (df && p->burgers) df[q] = -slopes;
  }
}

static PetscErrorCode advection(const SinewTransport *p, const SinewPoints *at, PetscReal f[], PetscReal df[])
{
  PetscReal a[SINEW_JET_DIM_MAX * BLOCK];

  PetscFunctionBegin;
  for (PetscInt first = 0; first < at->n; first += BLOCK) {
    const PetscInt n = PetscMin(BLOCK, at->n - first);

    PetscCall(carried_by(p, at->t, n, at->x + first * p->dim, a));
    advect(p, at, first, n, a, f, df);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* f += nu lap u + c(u) + s */
static PetscErrorCode add_rest(const SinewTransport *p, const SinewPoints *at, PetscReal f[], PetscReal df[])
{
  PetscInt which[SINEW_JET_DIM_MAX], count = 0;
  PetscReal s[BLOCK];

  PetscFunctionBegin;
  if (p->viscosity != 0) count = laplacian_channels(p->dim, at->channels, which);
  for (PetscInt c = 0; c < count; c++) {
    for (PetscInt k = 0; k < at->n; k++) f[k] += p->viscosity * at->u[which[c] * at->n + k];
    for (PetscInt k = 0; df && k < at->n; k++) df[which[c] * at->n + k] = p->viscosity;
  }
  for (PetscInt k = 0; k < at->n; k++) {
    f[k] += polynomial(p->reaction, at->u[k]);
    if (df) df[k] += slope(p->reaction, at->u[k]);
  }
  for (PetscInt first = 0; p->source && first < at->n; first += BLOCK) {
    const PetscInt n = PetscMin(BLOCK, at->n - first);

    PetscCall(p->source(p->ctx, at->t, n, at->x + first * p->dim, s));
    for (PetscInt k = 0; k < n; k++) f[first + k] += s[k];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode rate(const void *ctx, const SinewPoints *at, PetscReal f[], PetscReal df[])
{
  const SinewTransport *p = ctx;

  PetscFunctionBegin;
  PetscCall(advection(p, at, f, df));
  PetscCall(add_rest(p, at, f, df));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode not_carried(const void *ctx, const SinewPoints *at, PetscReal f[], PetscReal df[])
{
  PetscFunctionBegin;
  PetscCall(PetscArrayzero(f, at->n));
  PetscCall(add_rest(ctx, at, f, df));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* For f = L u, L = c1 - a . grad with constant coefficients: L L u = c1^2 u - 2 c1 a . grad u + a a : Hessian, and what
   c0 adds, c1 c0. */
static PetscErrorCode second(const void *ctx, const SinewPoints *at, PetscReal g[], PetscReal dg[])
{
  const SinewTransport *p = ctx;
  const PetscReal c1 = p->reaction[1];

  for (PetscInt k = 0; k < at->n; k++) g[k] = c1 * (c1 * at->u[k] + p->reaction[0]);
  for (PetscInt k = 0; dg && k < at->n; k++) dg[k] = c1 * c1;
  for (PetscInt i = 0; i < p->dim; i++) {
    const PetscReal first = -2 * c1 * p->velocity[i];

    for (PetscInt k = 0; k < at->n; k++) g[k] += first * at->u[(1 + i) * at->n + k];
    for (PetscInt k = 0; dg && k < at->n; k++) dg[(1 + i) * at->n + k] = first;
    for (PetscInt j = i; j < p->dim; j++) {
      const PetscInt c = SinewJetHessianChannel(p->dim, i, j);
      const PetscReal factor = (i == j ? 1 : 2) * p->velocity[i] * p->velocity[j];

      for (PetscInt k = 0; k < at->n; k++) g[k] += factor * at->u[c * at->n + k];
      for (PetscInt k = 0; dg && k < at->n; k++) dg[c * at->n + k] = factor;
    }
  }
  return PETSC_SUCCESS;
}

static PetscErrorCode velocity(const void *ctx, const SinewPoints *at, PetscReal a[], PetscReal da[])
{
  const SinewTransport *p = ctx;

  PetscFunctionBegin;
  (void)da;
  PetscCall(carried_by(p, at->t, at->n, at->x, a));
  for (PetscInt i = 0; p->burgers && i < p->dim; i++)
    for (PetscInt k = 0; k < at->n; k++) a[i * at->n + k] += at->u[k];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- boundaries ---- */

static PetscErrorCode boundary_data(const SinewTransport *p, const SinewPoints *at, PetscReal data[])
{
  PetscFunctionBegin;
  PetscCall(PetscArrayzero(data, (1 + p->dim) * at->n));
  if (p->boundary) PetscCall(p->boundary(p->ctx, at->t, at->n, at->x, data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rows of a face whose axis is `axis`: value, slope, or both. */
static PetscErrorCode condition(const SinewTransport *p, PetscInt axis, SinewCondition kind, const SinewPoints *at,
                                PetscReal r[], PetscReal dr[])
{
  const PetscInt n = at->n;
  PetscReal *data, scale = p->slope_scale > 0 ? p->slope_scale : 1;
  PetscInt row = 0;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1((size_t)((1 + p->dim) * n), &data));
  PetscCall(boundary_data(p, at, data));
  if (kind != SINEW_CONDITION_SLOPE) {
    for (PetscInt k = 0; k < n; k++) r[k] = at->u[k] - data[k];
    for (PetscInt k = 0; dr && k < n; k++) dr[k] = 1;
    row = 1;
  }
  if (kind != SINEW_CONDITION_VALUE) {
    const PetscInt c = 1 + axis;

    for (PetscInt k = 0; k < n; k++) r[row * n + k] = scale * (at->u[c * n + k] - data[c * n + k]);
    for (PetscInt k = 0; dr && k < n; k++) dr[(row * at->channels + c) * n + k] = scale;
  }
  PetscCall(PetscFree(data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

#define CONDITION(axis, side)                                                                                         \
  static PetscErrorCode condition_##axis##side(const void *ctx, const SinewPoints *at, PetscReal r[], PetscReal dr[]) \
  {                                                                                                                   \
    const SinewTransport *p = ctx;                                                                                    \
                                                                                                                      \
    return condition(p, axis, p->condition[axis][side], at, r, dr);                                                   \
  }
CONDITION(0, 0)
CONDITION(0, 1)
CONDITION(1, 0)
CONDITION(1, 1)
CONDITION(2, 0)
CONDITION(2, 1)

static PetscErrorCode outside(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal values[])
{
  const SinewTransport *p = ctx;
  PetscReal data[1 + SINEW_JET_DIM_MAX];

  PetscFunctionBegin;
  for (PetscInt k = 0; k < n; k++) {
    PetscCall(p->boundary(p->ctx, t, 1, x + k * p->dim, data));
    values[k] = data[0];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void add_faces(const SinewTransport *p, SinewPointwise *e)
{
  static SinewPointMap *const map[3][2] = {
      {condition_00, condition_01}, {condition_10, condition_11}, {condition_20, condition_21}};

  for (PetscInt axis = 0; axis < p->dim; axis++) {
    for (PetscInt side = 0; side < 2; side++) {
      const SinewCondition kind = p->condition[axis][side];

      if (kind == SINEW_CONDITION_NONE) continue;
      e->face[e->faces++] =
          (SinewPointwiseFace){.axis = axis,
                               .side = side,
                               .rows = kind == SINEW_CONDITION_BOTH ? 2 : 1,
                               .order = kind == SINEW_CONDITION_VALUE ? SINEW_JET_VALUE : SINEW_JET_GRADIENT,
                               .weight = p->boundary_weight > 0 ? p->boundary_weight : 1,
                               .residual = map[axis][side]};
    }
  }
}

PetscErrorCode SinewPointwiseTransport(const SinewTransport *parameters, SinewPointwise **equation)
{
  const SinewTransport *p = parameters;
  const PetscBool reacts =
      (PetscBool)(p->reaction[0] != 0 || p->reaction[1] != 0 || p->reaction[2] != 0 || p->reaction[3] != 0);
  const PetscBool nonlinear = (PetscBool)(p->burgers || p->reaction[2] != 0 || p->reaction[3] != 0);
  Transport *transport;
  SinewPointwise *e;

  PetscFunctionBegin;
  PetscCheck(p->dim >= 1 && p->dim <= 3, PETSC_COMM_SELF, SINEW_ERR_INPUT,
             "transport has 1 to 3 coordinates, not %" PetscInt_FMT, p->dim);
  PetscCall(PetscNew(&transport));
  transport->p = *p;
  e = &transport->equation;
  e->name = "transport";
  e->dim = p->dim;
  e->unknowns = e->evolved = 1;
  e->density_order = SINEW_JET_VALUE;
  e->order = p->viscosity != 0 ? SINEW_JET_LAPLACIAN : SINEW_JET_GRADIENT;
  e->linear = (PetscBool)!nonlinear;
  e->steady = p->steady;
  e->ctx = &transport->p;
  e->rate = rate;
  e->velocity = velocity;
  if (p->viscosity != 0 || reacts || p->source) e->remainder = not_carried;
  if (p->boundary) e->outside = outside;
  if (p->viscosity == 0 && !nonlinear && !p->velocity_function && !p->source) {
    e->second = second;
    e->second_order = SINEW_JET_HESSIAN;
  }
  add_faces(p, e);
  *equation = e;
  PetscFunctionReturn(PETSC_SUCCESS);
}
