/* Advection, diffusion, Burgers, Poisson: one unknown that is carried, spreads and reacts. */
#include "../../io/error.h"
#include "faces_private.h"

#define CHUNK       64 /* points at a time, on the stack */
#define ENTRIES_MAX 6

typedef struct {
  PointwiseFaces faces;
  SinewTransport p;
} Context;

typedef struct {
  SinewPointwise equation;
  Context context;
} Transport;

/* Points first .. first + n - 1 of the caller's arrays, and what is summed there; df may be NULL. */
typedef struct {
  const SinewPoints *at;
  PetscInt first, n;
  const PetscReal *x;
  PetscReal *f, *df;
} Chunk;

/* ---- terms ---- */

/* f += factor c u_channel */
static void add_term(const Chunk *k, PetscInt channel, PetscReal factor, const PetscReal c[])
{
  const PetscInt start = channel * k->at->n + k->first;

  for (PetscInt p = 0; p < k->n; p++) k->f[k->first + p] += factor * c[p] * k->at->u[start + p];
  for (PetscInt p = 0; k->df && p < k->n; p++) k->df[start + p] += factor * c[p];
}

/* a [dim][n] of any points */
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

static PetscErrorCode add_advection(const SinewTransport *p, const Chunk *k)
{
  const PetscReal *u = k->at->u + k->first;
  PetscReal a[3 * CHUNK], slopes[CHUNK] = {0};

  PetscFunctionBegin;
  PetscCall(carried_by(p, k->at->t, k->n, k->x, a));
  for (PetscInt i = 0; i < p->dim; i++) {
    for (PetscInt q = 0; p->burgers && q < k->n; q++) {
      a[i * k->n + q] += u[q];
      slopes[q] += u[(1 + i) * k->at->n + q];
    }
    add_term(k, 1 + i, -1, a + i * k->n);
  }
  for (PetscInt q = 0; p->burgers && k->df && q < k->n; q++) k->df[k->first + q] -= slopes[q];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* D lap u: the Laplacian's channel, or those that it is the sum of */
static void add_laplacian(const SinewTransport *p, const Chunk *k, const PetscReal D[])
{
  if (k->at->channels == SinewJetChannels(p->dim, SINEW_JET_LAPLACIAN))
    add_term(k, 1 + p->dim, 1, D);
  else
    for (PetscInt i = 0; i < p->dim; i++) add_term(k, SinewJetHessianChannel(p->dim, i, i), 1, D);
}

static PetscErrorCode add_diffusion(const SinewTransport *p, const Chunk *k)
{
  PetscReal D[(ENTRIES_MAX + 3) * CHUNK];

  PetscFunctionBegin;
  if (!p->diffusivity) {
    for (PetscInt q = 0; q < k->n; q++) D[q] = p->viscosity;
    add_laplacian(p, k, D);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(p->diffusivity(p->ctx, k->at->t, k->n, k->x, D));
  if (p->entries == 1) add_laplacian(p, k, D);
  for (PetscInt i = 0, m = 0; p->entries > 1 && i < p->dim; i++)
    for (PetscInt j = i; j < p->dim; j++, m++)
      add_term(k, SinewJetHessianChannel(p->dim, i, j), i == j ? 1 : 2, D + m * k->n);
  for (PetscInt i = 0; i < p->dim; i++) add_term(k, 1 + i, 1, D + (p->entries + i) * k->n);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_reaction(const SinewTransport *p, const Chunk *k)
{
  const PetscReal *c = p->reaction, *u = k->at->u + k->first;
  PetscReal *f = k->f + k->first, *df = k->df ? k->df + k->first : NULL, g[CHUNK];

  PetscFunctionBegin;
  for (PetscInt q = 0; q < k->n; q++) f[q] += c[0] + u[q] * (c[1] + u[q] * (c[2] + u[q] * c[3]));
  for (PetscInt q = 0; df && q < k->n; q++) df[q] += c[1] + u[q] * (2 * c[2] + u[q] * 3 * c[3]);
  if (p->growth) {
    PetscCall(p->growth(p->ctx, k->at->t, k->n, k->x, g));
    add_term(k, 0, 1, g);
  }
  if (p->source) {
    PetscCall(p->source(p->ctx, k->at->t, k->n, k->x, g));
    for (PetscInt q = 0; q < k->n; q++) f[q] += g[q];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool is_carried(const SinewTransport *p)
{
  return (PetscBool)(p->burgers || p->velocity_function || p->velocity[0] != 0 || p->velocity[1] != 0 ||
                     p->velocity[2] != 0);
}

static PetscBool spreads(const SinewTransport *p)
{
  return (PetscBool)(p->viscosity != 0 || p->diffusivity);
}

static PetscBool reacts(const SinewTransport *p)
{
  const PetscReal *c = p->reaction;

  return (PetscBool)(c[0] != 0 || c[1] != 0 || c[2] != 0 || c[3] != 0 || p->growth || p->source);
}

/* ---- maps ---- */

/* Everything, or all that is not carried. */
static PetscErrorCode right_hand_side(const SinewTransport *p, PetscBool carried, const SinewPoints *at, PetscReal f[],
                                      PetscReal df[])
{
  PetscFunctionBegin;
  PetscCall(PetscArrayzero(f, at->n));
  for (PetscInt first = 0; first < at->n; first += CHUNK) {
    const Chunk k = {at, first, PetscMin(CHUNK, at->n - first), at->x + first * p->dim, f, df};

    if (carried) PetscCall(add_advection(p, &k));
    if (spreads(p)) PetscCall(add_diffusion(p, &k));
    if (reacts(p)) PetscCall(add_reaction(p, &k));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode rate(const void *ctx, const SinewPoints *at, PetscReal f[], PetscReal df[])
{
  const SinewTransport *p = &((const Context *)ctx)->p;

  return right_hand_side(p, is_carried(p), at, f, df);
}

static PetscErrorCode not_carried(const void *ctx, const SinewPoints *at, PetscReal f[], PetscReal df[])
{
  return right_hand_side(&((const Context *)ctx)->p, PETSC_FALSE, at, f, df);
}

/* For f = L u + c0, L = c1 - a . grad with constant coefficients: L L u = c1^2 u - 2 c1 a . grad u + a a : Hessian, and
   what c0 adds, c1 c0. */
static PetscErrorCode second(const void *ctx, const SinewPoints *at, PetscReal g[], PetscReal dg[])
{
  const SinewTransport *p = &((const Context *)ctx)->p;
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
  const SinewTransport *p = &((const Context *)ctx)->p;

  PetscFunctionBegin;
  (void)da;
  PetscCall(carried_by(p, at->t, at->n, at->x, a));
  for (PetscInt i = 0; p->burgers && i < p->dim; i++)
    for (PetscInt k = 0; k < at->n; k++) a[i * at->n + k] += at->u[k];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode outside(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal values[])
{
  const SinewTransport *p = &((const Context *)ctx)->p;

  return p->outside(p->ctx, t, n, x, values);
}

/* ---- the equation ---- */

static PetscErrorCode check(const SinewTransport *p)
{
  const PetscInt full = p->dim * (p->dim + 1) / 2;

  PetscFunctionBegin;
  PetscCheck(p->dim >= 1 && p->dim <= 3, PETSC_COMM_SELF, SINEW_ERR_INPUT,
             "transport has 1 to 3 coordinates, not %" PetscInt_FMT, p->dim);
  PetscCheck(!p->diffusivity || p->entries == 1 || p->entries == full, PETSC_COMM_SELF, SINEW_ERR_INPUT,
             "a diffusivity has 1 or %" PetscInt_FMT " entries, not %" PetscInt_FMT, full, p->entries);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewPointwiseTransport(const SinewTransport *p, SinewPointwise **equation)
{
  const PetscBool nonlinear = (PetscBool)(p->burgers || p->reaction[2] != 0 || p->reaction[3] != 0);
  const PetscBool functions = (PetscBool)(p->velocity_function || p->growth || p->source);
  Transport *transport;
  SinewPointwise *e;

  PetscFunctionBegin;
  PetscCall(check(p));
  PetscCall(PetscNew(&transport));
  transport->context.p = *p;
  transport->context.faces = (PointwiseFaces){p->dim, 1, p->faces, p->ctx};
  e = &transport->equation;
  *e = (SinewPointwise){.name = "transport",
                        .dim = p->dim,
                        .unknowns = 1,
                        .evolved = 1,
                        .order = !spreads(p)                          ? SINEW_JET_GRADIENT
                                 : !p->diffusivity || p->entries == 1 ? SINEW_JET_LAPLACIAN
                                                                      : SINEW_JET_HESSIAN,
                        .density_order = SINEW_JET_VALUE,
                        .linear = (PetscBool)!nonlinear,
                        .steady = p->steady,
                        .ctx = &transport->context,
                        .rate = rate};
  if (is_carried(p)) {
    e->velocity = velocity;
    if (spreads(p) || reacts(p)) e->remainder = not_carried;
    if (p->outside) e->outside = outside;
  }
  if (is_carried(p) && !spreads(p) && !nonlinear && !functions) {
    e->second = second;
    e->second_order = SINEW_JET_HESSIAN;
  }
  SinewPointwiseAddFaces(&transport->context.faces, e);
  *equation = e;
  PetscFunctionReturn(PETSC_SUCCESS);
}
