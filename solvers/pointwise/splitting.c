/*
  The original's operator splitting of inviscid flow in a box (Chen et al. 2023, after Chorin 1968 and Stam 1999): two
  networks, velocity and pressure, and three steady problems a step. What a phase takes from other networks is evaluated
  where the points are.
*/
#include "../../io/error.h"
#include "../pointwise.h"

typedef struct {
  SinewPointwise equation;
  SinewSplitting p;
} Splitting;

/* x - dt u, moved to the box's nearest point */
static void backtrace(const SinewSplitting *p, PetscInt n, const PetscReal u[], PetscReal x[])
{
  for (PetscInt k = 0; k < n; k++)
    for (PetscInt i = 0; i < 2; i++)
      x[2 * k + i] = PetscMin(p->upper[i], PetscMax(p->lower[i], x[2 * k + i] - p->dt * u[i * n + k]));
}

/* f = a - u with a [2][n] */
static void towards(const SinewPoints *at, const PetscReal a[], PetscReal f[], PetscReal df[])
{
  for (PetscInt i = 0; i < 2; i++) {
    for (PetscInt k = 0; k < at->n; k++) f[i * at->n + k] = a[i * at->n + k] - at->u[i * at->channels * at->n + k];
    for (PetscInt k = 0; df && k < at->n; k++) df[3 * i * at->channels * at->n + k] = -1;
  }
}

/* Velocity towards u_prev(x - dt u_prev(x)). */
static PetscErrorCode advect(const void *ctx, const SinewPoints *at, PetscReal f[], PetscReal df[])
{
  const SinewSplitting *p = ctx;
  PetscReal *x, *a;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2((size_t)(2 * at->n), &x, (size_t)(2 * at->n), &a));
  PetscCall(PetscArraycpy(x, at->x, 2 * at->n));
  PetscCall(SinewJetEvaluate(p->velocity, p->u, SINEW_JET_VALUE, at->n, x, a));
  backtrace(p, at->n, a, x);
  PetscCall(SinewJetEvaluate(p->velocity, p->u, SINEW_JET_VALUE, at->n, x, a));
  towards(at, a, f, df);
  PetscCall(PetscFree2(x, a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Pressure (times dt over the density): div u - lap p. */
static PetscErrorCode pressure(const void *ctx, const SinewPoints *at, PetscReal f[], PetscReal df[])
{
  const SinewSplitting *p = ctx;
  const PetscInt n = at->n, lap = 3;
  PetscReal *u;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1((size_t)(6 * n), &u));
  PetscCall(SinewJetEvaluate(p->velocity, p->u, SINEW_JET_GRADIENT, n, at->x, u));
  for (PetscInt k = 0; k < n; k++) f[k] = u[n + k] + u[5 * n + k] - at->u[lap * n + k];
  for (PetscInt k = 0; df && k < n; k++) df[lap * n + k] = -1;
  PetscCall(PetscFree(u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Velocity towards u_prev - grad p. */
static PetscErrorCode project(const void *ctx, const SinewPoints *at, PetscReal f[], PetscReal df[])
{
  const SinewSplitting *p = ctx;
  PetscReal *a, *gradient;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2((size_t)(2 * at->n), &a, (size_t)(3 * at->n), &gradient));
  PetscCall(SinewJetEvaluate(p->velocity, p->u, SINEW_JET_VALUE, at->n, at->x, a));
  PetscCall(SinewJetEvaluate(p->pressure, p->p, SINEW_JET_GRADIENT, at->n, at->x, gradient));
  for (PetscInt k = 0; k < 2 * at->n; k++) a[k] -= gradient[at->n + k];
  towards(at, a, f, df);
  PetscCall(PetscFree2(a, gradient));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The field has no rate. */
static PetscErrorCode no_rate(const void *ctx, const SinewPoints *at, PetscReal f[], PetscReal df[])
{
  PetscFunctionBegin;
  (void)ctx, (void)df;
  PetscCall(PetscArrayzero(f, 2 * at->n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode observe(const void *ctx, const SinewPoints *at, PetscReal values[], PetscReal derivatives[])
{
  const PetscInt n = at->n;
  const PetscReal *u = at->u, *v = at->u + at->channels * n;

  PetscFunctionBegin;
  (void)ctx, (void)derivatives;
  PetscCall(PetscArraycpy(values, u, n));
  PetscCall(PetscArraycpy(values + n, v, n));
  for (PetscInt k = 0; k < n; k++) values[2 * n + k] = v[n + k] - u[2 * n + k];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* u . n = 0: component `axis` of the velocity */
static PetscErrorCode no_flow(PetscInt axis, const SinewPoints *at, PetscReal r[], PetscReal dr[])
{
  for (PetscInt k = 0; k < at->n; k++) r[k] = at->u[axis * at->channels * at->n + k];
  for (PetscInt k = 0; dr && k < at->n; k++) dr[axis * at->channels * at->n + k] = 1;
  return PETSC_SUCCESS;
}

static PetscErrorCode no_flow_x(const void *ctx, const SinewPoints *at, PetscReal r[], PetscReal dr[])
{
  (void)ctx;
  return no_flow(0, at, r, dr);
}

static PetscErrorCode no_flow_y(const void *ctx, const SinewPoints *at, PetscReal r[], PetscReal dr[])
{
  (void)ctx;
  return no_flow(1, at, r, dr);
}

/* dp/dn = 0 */
static PetscErrorCode no_slope(PetscInt axis, const SinewPoints *at, PetscReal r[], PetscReal dr[])
{
  const PetscInt c = 1 + axis;

  for (PetscInt k = 0; k < at->n; k++) r[k] = at->u[c * at->n + k];
  for (PetscInt k = 0; dr && k < at->n; k++) dr[c * at->n + k] = 1;
  return PETSC_SUCCESS;
}

static PetscErrorCode no_slope_x(const void *ctx, const SinewPoints *at, PetscReal r[], PetscReal dr[])
{
  (void)ctx;
  return no_slope(0, at, r, dr);
}

static PetscErrorCode no_slope_y(const void *ctx, const SinewPoints *at, PetscReal r[], PetscReal dr[])
{
  (void)ctx;
  return no_slope(1, at, r, dr);
}

PetscErrorCode SinewPointwiseSplitting(const SinewSplitting *parameters, SinewSplittingPhase phase,
                                       SinewPointwise **equation)
{
  static SinewPointMap *const rate[4] = {advect, pressure, project, no_rate};
  static SinewPointMap *const wall[2][2] = {{no_flow_x, no_flow_y}, {no_slope_x, no_slope_y}};
  const PetscBool scalar = (PetscBool)(phase == SINEW_SPLITTING_PRESSURE);
  Splitting *splitting;
  SinewPointwise *e;

  PetscFunctionBegin;
  PetscCheck(phase >= SINEW_SPLITTING_ADVECT && phase <= SINEW_SPLITTING_FIELD, PETSC_COMM_SELF, SINEW_ERR_INPUT,
             "a splitting has three phases and a field");
  PetscCall(PetscNew(&splitting));
  splitting->p = *parameters;
  e = &splitting->equation;
  *e = (SinewPointwise){.name = "splitting",
                        .dim = 2,
                        .unknowns = scalar ? 1 : 2,
                        .evolved = scalar ? 1 : 2,
                        .order = scalar ? SINEW_JET_LAPLACIAN : SINEW_JET_VALUE,
                        .density_order = SINEW_JET_VALUE,
                        .linear = PETSC_TRUE,
                        .steady = PETSC_TRUE,
                        .ctx = &splitting->p,
                        .rate = rate[phase],
                        .faces = 4};
  for (PetscInt k = 0; k < 4; k++) /* both walls of an axis share one mean of squares of weight one */
    e->face[k] = (SinewPointwiseFace){.axis = k / 2,
                                      .side = k % 2,
                                      .rows = 1,
                                      .order = scalar ? SINEW_JET_GRADIENT : SINEW_JET_VALUE,
                                      .weight = 0.5,
                                      .residual = wall[scalar][k / 2]};
  if (phase == SINEW_SPLITTING_FIELD) {
    e->steady = PETSC_FALSE;
    e->order = SINEW_JET_GRADIENT;
    e->faces = 0;
    e->fields = 3;
    e->field[0] = "velocity_x";
    e->field[1] = "velocity_y";
    e->field[2] = "vorticity";
    e->observe = observe;
  }
  *equation = e;
  PetscFunctionReturn(PETSC_SUCCESS);
}
