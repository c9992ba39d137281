#include "solvers/steppers/integrating_factor.h"

#include <petsc/private/tsimpl.h>

#include "io/error.h"
#include "solvers/steppers/integrating_factor_kernels.h"

#define STAGES_MAX 4

/* Nodes are multiples of 1 / levels; the last row of a is b. */
typedef struct {
  const char *name;
  PetscInt stages, order, levels, node[STAGES_MAX + 1];
  PetscReal a[STAGES_MAX + 1][STAGES_MAX];
} Scheme;

static const Scheme schemes[] = {
    {"rk2", 2, 2, 1, {0, 1, 1}, {{0}, {1}, {0.5, 0.5}}},
    {"rk3", 3, 3, 3, {0, 1, 2, 3}, {{0}, {1. / 3}, {0, 2. / 3}, {0.25, 0, 0.75}}},
    {"rk4", 4, 4, 2, {0, 1, 1, 2, 2}, {{0}, {0.5}, {0, 0.5}, {0, 0, 1}, {1. / 6, 1. / 3, 1. / 3, 1. / 6}}},
};

typedef struct {
  const Scheme *scheme;
  SinewSemilinear p;
  PetscComplex *v, *Y, *N[STAGES_MAX];
  PetscReal *factor[SINEW_SEMILINEAR_FIELDS_MAX]; /* exp(-D h / levels) of each field; shared where D is, NULL where it
                                                     is zero */
  PetscReal factor_step;                          /* the h they are for; 0: none */
  PetscBool stored;                               /* the problem's `store` saw v last */
  PetscObjectState state;
  Vec loaded; /* the solution as it was read, before the first step from it is accepted */
  PetscBool fresh;
} IF;

static PetscErrorCode compute_factors(IF *s, PetscReal h)
{
  PetscFunctionBegin;
  if (s->factor_step == h) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt f = 0; f < s->p.fields; f++) {
    if (!s->p.decay[f] || (f && s->p.decay[f] == s->p.decay[f - 1])) continue;
    SinewIFFactors(s->p.modes, -h / (PetscReal)s->scheme->levels, s->p.decay[f], s->factor[f]);
  }
  s->factor_step = h;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Y of stage i (stages: the new v): Horner's rule over the levels of nodes, one factor between two of them. */
static PetscErrorCode combine(IF *s, PetscReal h, PetscInt i, PetscComplex out[])
{
  const Scheme *c = s->scheme;
  SinewIFTerms terms = {.levels = c->node[i]};

  PetscFunctionBegin;
  for (PetscInt level = 0; level <= c->node[i]; level++) {
    for (PetscInt j = 0; j < i; j++) {
      if (c->node[j] != level || c->a[i][j] == 0) continue;
      terms.N[terms.count] = (const PetscReal *)s->N[j];
      terms.factor[terms.count] = h * c->a[i][j];
      terms.level[terms.count++] = level;
    }
  }
  for (PetscInt f = 0; f < s->p.fields; f++)
    SinewIFCombine(&terms, f * s->p.modes, s->p.modes, s->factor[f], (const PetscReal *)s->v, (PetscReal *)out);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One step from v: the candidate's modes in Y. */
static PetscErrorCode attempt(TS ts, PetscReal h)
{
  IF *s = (IF *)ts->data;
  const Scheme *c = s->scheme;

  PetscFunctionBegin;
  PetscCall(compute_factors(s, h));
  for (PetscInt i = 0; i < c->stages; i++) {
    const PetscReal t = ts->ptime + h * (PetscReal)c->node[i] / (PetscReal)c->levels;
    const PetscBool stored = (PetscBool)(!i && s->stored);
    const PetscComplex *at = s->v;

    PetscCall(TSPreStage(ts, t));
    if (i) {
      PetscCall(combine(s, h, i, s->Y));
      at = s->Y;
    }
    PetscCall((*s->p.nonlinear)(s->p.context, t, at, stored, s->N[i]));
  }
  PetscCall(combine(s, h, c->stages, s->Y));
  if (s->p.kick) PetscCall((*s->p.kick)(s->p.context, ts->steps, h, s->Y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode load(TS ts)
{
  IF *s = (IF *)ts->data;
  PetscObjectState state;

  PetscFunctionBegin;
  PetscCall(PetscObjectStateGet((PetscObject)ts->vec_sol, &state));
  if (!ts->steprestart && state == s->state) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall((*s->p.load)(s->p.context, ts->vec_sol, s->v));
  PetscCall(VecCopy(ts->vec_sol, s->loaded));
  s->fresh = PETSC_TRUE;
  s->stored = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The solution before the candidate. */
static PetscErrorCode take_back(TS ts)
{
  IF *s = (IF *)ts->data;

  PetscFunctionBegin;
  s->stored = (PetscBool)!s->fresh;
  if (s->fresh)
    PetscCall(VecCopy(s->loaded, ts->vec_sol));
  else
    PetscCall((*s->p.store)(s->p.context, s->v, ts->vec_sol));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode step(TS ts)
{
  IF *s = (IF *)ts->data;
  PetscReal next = ts->time_step;
  PetscBool accept = PETSC_FALSE;

  PetscFunctionBeginUser;
  PetscCall(load(ts));
  while (!accept && !ts->reason) {
    PetscCall(attempt(ts, ts->time_step));
    PetscCall((*s->p.store)(s->p.context, s->Y, ts->vec_sol));
    PetscCall(TSPostStage(ts, ts->ptime, 0, &ts->vec_sol));
    PetscCall(TSAdaptCandidatesClear(ts->adapt));
    PetscCall(TSAdaptCandidateAdd(ts->adapt, NULL, s->scheme->order, 1, 1, (PetscReal)s->scheme->stages, PETSC_TRUE));
    PetscCall(TSAdaptChoose(ts->adapt, ts, ts->time_step, NULL, &next, &accept));
    if (accept) {
      PetscComplex *v = s->v;

      s->v = s->Y;
      s->Y = v;
      s->stored = PETSC_TRUE;
      s->fresh = PETSC_FALSE;
      ts->ptime += ts->time_step;
    } else {
      PetscCall(take_back(ts));
      ts->reject++;
    }
    ts->time_step = next;
  }
  PetscCall(PetscObjectStateGet((PetscObject)ts->vec_sol, &s->state));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode set_up(TS ts)
{
  IF *s = (IF *)ts->data;
  const size_t n = (size_t)(s->p.fields * s->p.modes);

  PetscFunctionBeginUser;
  PetscCheck(s->p.nonlinear, PetscObjectComm((PetscObject)ts), PETSC_ERR_ARG_WRONGSTATE,
             "TSSinewIFSetProblem comes first");
  PetscCall(PetscMalloc1(n, &s->v));
  PetscCall(PetscMalloc1(n, &s->Y));
  for (PetscInt i = 0; i < s->scheme->stages; i++) PetscCall(PetscMalloc1(n, &s->N[i]));
  for (PetscInt f = 0; f < s->p.fields; f++) {
    if (!s->p.decay[f]) continue;
    if (f && s->p.decay[f] == s->p.decay[f - 1])
      s->factor[f] = s->factor[f - 1];
    else
      PetscCall(PetscMalloc1((size_t)s->p.modes, &s->factor[f]));
  }
  s->factor_step = 0;
  PetscCall(VecDuplicate(ts->vec_sol, &s->loaded));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode reset(TS ts)
{
  IF *s = (IF *)ts->data;

  PetscFunctionBeginUser;
  PetscCall(PetscFree(s->v));
  PetscCall(PetscFree(s->Y));
  for (int i = 0; i < STAGES_MAX; i++) PetscCall(PetscFree(s->N[i]));
  for (PetscInt f = s->p.fields - 1; f >= 0; f--) {
    if (f && s->factor[f] == s->factor[f - 1]) s->factor[f] = NULL;
    PetscCall(PetscFree(s->factor[f]));
  }
  PetscCall(VecDestroy(&s->loaded));
  s->state = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(TS ts)
{
  IF *s = (IF *)ts->data;

  PetscFunctionBeginUser;
  PetscCall(reset(ts));
  if (s->p.destroy) PetscCall((*s->p.destroy)(s->p.context));
  PetscCall(PetscFree(ts->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create(TS ts)
{
  IF *s;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&s));
  ts->data = s;
  s->scheme = &schemes[0];
  ts->ops->setup = set_up;
  ts->ops->step = step;
  ts->ops->reset = reset;
  ts->ops->destroy = destroy;
  ts->default_adapt_type = TSADAPTNONE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSSinewIFRegister(void)
{
  PetscFunctionBeginUser;
  PetscCall(TSRegister(TSSINEWIF, create));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSSinewIFSetProblem(TS ts, const SinewSemilinear *problem)
{
  PetscFunctionBeginUser;
  ((IF *)ts->data)->p = *problem;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSSinewIFSetScheme(TS ts, const char name[])
{
  PetscFunctionBeginUser;
  for (size_t k = 0; k < sizeof(schemes) / sizeof(schemes[0]); k++) {
    PetscBool same;

    PetscCall(PetscStrcmp(name, schemes[k].name, &same));
    if (!same) continue;
    ((IF *)ts->data)->scheme = &schemes[k];
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  SETERRQ(PetscObjectComm((PetscObject)ts), PETSC_ERR_ARG_UNKNOWN_TYPE, "unknown scheme %s", name);
}
