#include "solvers/steppers/ssp.h"

#include <petsc/private/tsimpl.h>
#include <petscdm.h>

#include "io/error.h"

typedef struct {
  char scheme[16];
  PetscInt stages, order;
  SinewStage *stage;
  void *context;
  Vec work[3], S; /* two or three that take turns, one saved combination */
  Vec last;       /* the one of them that a step's candidate comes to stand in */
  Vec Y, Z;       /* the two: a stage reads Y and writes Z */
  Vec U, V;       /* the solution and the work vector that hold each other's array, or NULL */
  PetscReal rate;
  PetscBool rated;
} SSP;

static PetscErrorCode default_stage(TS ts, PetscReal t, Vec Y, PetscReal a, Vec A, PetscReal b, PetscReal c, Vec out)
{
  PetscFunctionBeginUser;
  PetscCall(TSComputeRHSFunction(ts, t, Y, out));
  if (A)
    PetscCall(VecAXPBYPCZ(out, a, b, c, A, Y));
  else
    PetscCall(VecAXPBY(out, b, c, Y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode stage(TS ts, PetscReal t, PetscReal to, Vec Y, PetscReal a, Vec A, PetscReal b, PetscReal c,
                            Vec out, PetscBool last)
{
  SSP *s = (SSP *)ts->data;

  PetscFunctionBeginUser;
  PetscCall(TSPreStage(ts, t));
  if (s->stage) {
    PetscCall((*s->stage)(s->context, t, to, Y, a, A, b, c, out, last ? &s->rate : NULL));
    if (last) s->rated = PETSC_TRUE;
  } else
    PetscCall(default_stage(ts, t, Y, a, A, b, c, out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Gives U and V each other's array, or their own back. */
static PetscErrorCode exchange(SSP *s, Vec U, Vec V)
{
  PetscScalar *u, *v;

  PetscFunctionBeginUser;
  if (s->U) {
    PetscCall(VecResetArray(s->U));
    PetscCall(VecResetArray(s->V));
    PetscCall(VecDestroy(&s->U));
    PetscCall(VecDestroy(&s->V));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(VecGetArray(U, &u));
  PetscCall(VecGetArray(V, &v));
  {
    PetscScalar *const of_u = u, *const of_v = v;

    PetscCall(VecRestoreArray(U, &u));
    PetscCall(VecRestoreArray(V, &v));
    PetscCall(VecPlaceArray(U, of_v));
    PetscCall(VecPlaceArray(V, of_u));
  }
  PetscCall(PetscObjectReference((PetscObject)U));
  PetscCall(PetscObjectReference((PetscObject)V));
  s->U = U;
  s->V = V;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The solution in its own array again. */
static PetscErrorCode settle(SSP *s)
{
  Vec U = s->U, V = s->V;

  PetscFunctionBeginUser;
  if (!U) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscObjectReference((PetscObject)U));
  PetscCall(PetscObjectReference((PetscObject)V));
  PetscCall(exchange(s, U, V));
  PetscCall(VecCopy(V, U));
  PetscCall(VecDestroy(&U));
  PetscCall(VecDestroy(&V));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void swap(Vec *a, Vec *b)
{
  Vec c = *a;

  *a = *b;
  *b = c;
}

/* `count` forward Euler steps of c = dt / r, from Y (the solution itself before the first) into Y. *i counts stages. */
static PetscErrorCode euler_steps(TS ts, PetscReal h, PetscReal dt, PetscInt count, PetscInt *i, PetscBool last)
{
  SSP *s = (SSP *)ts->data;

  PetscFunctionBeginUser;
  for (PetscInt m = 0; m < count; m++, (*i)++) {
    Vec from = *i ? s->Y : ts->vec_sol;

    PetscCall(stage(ts, ts->ptime + (PetscReal)*i * h, ts->ptime + (PetscReal)(*i + 1) * h, from, 0, NULL, 1, dt, s->Z,
                    (PetscBool)(last && m == count - 1)));
    swap(&s->Y, &s->Z);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode step_rks2(TS ts, PetscReal dt)
{
  SSP *s = (SSP *)ts->data;
  const PetscInt n = s->stages;
  const PetscReal h = n > 1 ? dt / (PetscReal)(n - 1) : dt, w = 1 / (PetscReal)n;
  PetscInt i = 0;

  PetscFunctionBeginUser;
  PetscCall(euler_steps(ts, h, h, PetscMax(1, n - 1), &i, (PetscBool)(n == 1)));
  if (n == 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(stage(ts, ts->ptime + dt, ts->ptime + dt, s->Y, w, ts->vec_sol, 1 - w, (1 - w) * h, s->Z, PETSC_TRUE));
  swap(&s->Y, &s->Z);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode step_rks3(TS ts, PetscReal dt)
{
  SSP *s = (SSP *)ts->data;
  const PetscInt n = (PetscInt)(PetscSqrtReal((PetscReal)s->stages) + 0.5), r = s->stages - n;
  const PetscReal h = dt / (PetscReal)r, w = (PetscReal)n / (PetscReal)(2 * n - 1);
  PetscInt i = 0;
  Vec saved;

  PetscFunctionBeginUser;
  PetscCall(euler_steps(ts, h, h, (n - 1) * (n - 2) / 2, &i, PETSC_FALSE));
  saved = i ? s->S : ts->vec_sol;
  if (i) PetscCall(VecCopy(s->Y, s->S));
  PetscCall(euler_steps(ts, h, h, n * (n + 1) / 2 - 1 - i, &i, PETSC_FALSE));
  PetscCall(stage(ts, ts->ptime + (PetscReal)i * h, ts->ptime + (PetscReal)(i + 1 - n) * h, s->Y, w, saved, 1 - w,
                  (1 - w) * h, s->Z, PETSC_FALSE));
  swap(&s->Y, &s->Z);
  /* the stage times go back: n (n+1) / 2 stages have advanced n (n-1) / 2 steps h */
  for (PetscInt m = n * (n + 1) / 2; m < s->stages; m++) {
    PetscCall(stage(ts, ts->ptime + (PetscReal)(m - n) * h, ts->ptime + (PetscReal)(m + 1 - n) * h, s->Y, 0, NULL, 1, h,
                    s->Z, (PetscBool)(m == s->stages - 1)));
    swap(&s->Y, &s->Z);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode step_rk104(TS ts, PetscReal dt)
{
  SSP *s = (SSP *)ts->data;
  const PetscReal h = dt / 6;
  PetscInt i = 0;

  PetscFunctionBeginUser;
  PetscCall(euler_steps(ts, h, h, 5, &i, PETSC_FALSE));
  PetscCall(VecCopy(s->Y, s->S));
  PetscCall(VecAXPBY(s->S, 1. / 25, 9. / 25, ts->vec_sol));
  PetscCall(VecAXPBY(s->Y, 15, -5, s->S)); /* now at t + dt / 3 */
  for (PetscInt m = 0; m < 4; m++) {
    PetscCall(stage(ts, ts->ptime + dt / 3 + (PetscReal)m * h, ts->ptime + dt / 3 + (PetscReal)(m + 1) * h, s->Y, 0,
                    NULL, 1, h, s->Z, PETSC_FALSE));
    swap(&s->Y, &s->Z);
  }
  PetscCall(stage(ts, ts->ptime + dt, ts->ptime + dt, s->Y, 1, s->S, 0.6, 0.6 * h, s->Z, PETSC_TRUE));
  swap(&s->Y, &s->Z);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* (j - 1) (j + 2) / (2 j (j + 1)), with the first three alike: what makes damped Legendre polynomials second order */
static PetscReal legendre_weight(PetscInt j)
{
  return j < 2 ? 1. / 3 : (PetscReal)((j - 1) * (j + 2)) / (PetscReal)(2 * j * (j + 1));
}

/* With w = 4 / (s^2 + s - 2): Y_j = mu Y_j-1 + nu Y_j-2 + (1 - mu - nu) U + mu w dt L(Y_j-1) - (1 - b_j-1) mu w dt
   L(U), and Y_j is where the solution would be at the fraction (j^2 + j - 2) / (s^2 + s - 2) of the step. */
static PetscErrorCode step_rkl2(TS ts, PetscReal dt)
{
  SSP *s = (SSP *)ts->data;
  const PetscReal w = 4 / (PetscReal)(s->stages * s->stages + s->stages - 2);
  PetscReal at = w / 3;

  PetscFunctionBeginUser;
  PetscCall(stage(ts, ts->ptime, ts->ptime, ts->vec_sol, 0, NULL, 0, dt, s->S, PETSC_FALSE)); /* dt L(U) */
  PetscCall(VecWAXPY(s->work[0], w / 3, s->S, ts->vec_sol));
  for (PetscInt j = 2; j <= s->stages; j++) {
    const PetscReal b = legendre_weight(j), mu = (PetscReal)(2 * j - 1) / (PetscReal)j * b / legendre_weight(j - 1),
                    nu = -(PetscReal)(j - 1) / (PetscReal)j * b / legendre_weight(j - 2),
                    gamma = -(1 - legendre_weight(j - 1)) * mu * w, next = (PetscReal)((j - 1) * (j + 2)) * w / 4;
    Vec before = s->work[(j - 2) % 3], A = s->work[j % 3], out = s->work[(j - 1) % 3];

    if (j == 2) PetscCall(VecCopy(ts->vec_sol, A)); /* A holds Y_j-2 */
    PetscCall(VecAXPBYPCZ(A, 1 - mu - nu, gamma, nu, ts->vec_sol, s->S));
    PetscCall(stage(ts, ts->ptime + at * dt, ts->ptime + next * dt, before, 1, A, mu, mu * w * dt, out,
                    (PetscBool)(j == s->stages)));
    at = next;
  }
  s->Y = s->last;
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef struct {
  const char *name;
  PetscInt stages, order;
  PetscErrorCode (*step)(TS, PetscReal);
} Scheme;

static const Scheme schemes[] = {
    {"euler", 1, 1, step_rks2},   {"rks2", 2, 2, step_rks2}, {"rks3", 4, 3, step_rks3},
    {"rk104", 10, 4, step_rk104}, {"rkl2", 5, 2, step_rkl2},
};

static PetscErrorCode find(TS ts, const char name[], const Scheme **scheme)
{
  PetscBool same = PETSC_FALSE;

  PetscFunctionBeginUser;
  for (size_t k = 0; k < sizeof(schemes) / sizeof(schemes[0]) && !same; k++) {
    *scheme = &schemes[k];
    PetscCall(PetscStrcmp(name, schemes[k].name, &same));
  }
  PetscCheck(same, PetscObjectComm((PetscObject)ts), PETSC_ERR_ARG_UNKNOWN_TYPE, "unknown scheme %s", name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Asks the adaptor about the candidate, which it looks at as the solution; afterwards the solution is the candidate if
   it was accepted, and what it was before, bit for bit, if not. */
static PetscErrorCode judge(TS ts, PetscReal *next, PetscBool *accept)
{
  SSP *s = (SSP *)ts->data;

  PetscFunctionBeginUser;
  PetscCall(exchange(s, ts->vec_sol, s->Y));
  PetscCall(TSAdaptCandidatesClear(ts->adapt));
  PetscCall(TSAdaptCandidateAdd(ts->adapt, NULL, s->order, 1, 1, (PetscReal)s->stages, PETSC_TRUE));
  PetscCall(TSAdaptChoose(ts->adapt, ts, ts->time_step, NULL, next, accept));
  if (!*accept) PetscCall(exchange(s, ts->vec_sol, s->Y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode step(TS ts)
{
  SSP *s = (SSP *)ts->data;
  PetscReal next = ts->time_step;
  PetscBool accept = PETSC_FALSE;
  const Scheme *scheme;

  PetscFunctionBeginUser;
  PetscCall(find(ts, s->scheme, &scheme));
  /* the candidate comes to stand in the same vector in every step of a scheme; it is its array that may be exchanged */
  s->last = s->work[scheme->step == step_rkl2 ? (s->stages - 1) % 3 : s->stages % 2];
  if (s->U && (s->U != ts->vec_sol || s->V != s->last)) PetscCall(settle(s));
  while (!accept && !ts->reason) {
    s->rated = PETSC_FALSE;
    s->Y = s->work[0];
    s->Z = s->work[1];
    PetscCall((*scheme->step)(ts, ts->time_step));
    PetscCall(TSPostStage(ts, ts->ptime, 0, &s->Y));
    PetscCall(judge(ts, &next, &accept));
    if (accept)
      ts->ptime += ts->time_step;
    else
      ts->reject++;
    ts->time_step = next;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode set_up(TS ts)
{
  SSP *s = (SSP *)ts->data;
  const Scheme *scheme;

  PetscFunctionBeginUser;
  PetscCall(find(ts, s->scheme, &scheme));
  for (int k = 0; k < (scheme->step == step_rkl2 ? 3 : 2); k++) PetscCall(VecDuplicate(ts->vec_sol, &s->work[k]));
  if (scheme->step == step_rkl2 || s->order == 4 || (s->order == 3 && s->stages > 4))
    PetscCall(VecDuplicate(ts->vec_sol, &s->S));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode reset(TS ts)
{
  SSP *s = (SSP *)ts->data;

  PetscFunctionBeginUser;
  PetscCall(settle(s));
  for (int k = 0; k < 3; k++) PetscCall(VecDestroy(&s->work[k]));
  PetscCall(VecDestroy(&s->S));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(TS ts)
{
  PetscFunctionBeginUser;
  PetscCall(reset(ts));
  PetscCall(PetscFree(ts->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create(TS ts)
{
  SSP *s;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&s));
  ts->data = s;
  ts->ops->setup = set_up;
  ts->ops->step = step;
  ts->ops->reset = reset;
  ts->ops->destroy = destroy;
  ts->default_adapt_type = TSADAPTNONE;
  PetscCall(TSSinewSSPSetScheme(ts, "rks2", 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSSinewSSPRegister(void)
{
  PetscFunctionBeginUser;
  PetscCall(TSRegister(TSSINEWSSP, create));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSSinewSSPSetScheme(TS ts, const char name[], PetscInt stages)
{
  SSP *s = (SSP *)ts->data;
  const Scheme *scheme;

  PetscFunctionBeginUser;
  PetscCall(find(ts, name, &scheme));
  if (!stages) stages = scheme->stages;
  if (scheme->order == 3) {
    const PetscInt n = (PetscInt)(PetscSqrtReal((PetscReal)stages) + 0.5);

    PetscCheck(n > 1 && n * n == stages, PetscObjectComm((PetscObject)ts), PETSC_ERR_ARG_OUTOFRANGE,
               "rks3 takes 4, 9, 16, ... stages, not %" PetscInt_FMT, stages);
  } else
    PetscCheck(scheme->step == step_rkl2 ? stages >= 3 && stages % 2
               : scheme->order == 2      ? stages >= 2
                                         : stages == scheme->stages,
               PetscObjectComm((PetscObject)ts), PETSC_ERR_ARG_OUTOFRANGE, "%s does not take %" PetscInt_FMT " stages",
               name, stages);
  PetscCall(PetscStrncpy(s->scheme, name, sizeof(s->scheme)));
  s->stages = stages;
  s->order = scheme->order;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSSinewSSPSetStage(TS ts, SinewStage *stage_function, void *context)
{
  SSP *s = (SSP *)ts->data;

  PetscFunctionBeginUser;
  s->stage = stage_function;
  s->context = context;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSSinewSSPGetRate(TS ts, PetscReal *rate, PetscBool *known)
{
  SSP *s;
  PetscBool ours;

  PetscFunctionBeginUser;
  PetscCall(PetscObjectTypeCompare((PetscObject)ts, TSSINEWSSP, &ours));
  s = ours ? (SSP *)ts->data : NULL;
  *known = (PetscBool)(s && s->rated);
  if (*known) *rate = s->rate;
  PetscFunctionReturn(PETSC_SUCCESS);
}
