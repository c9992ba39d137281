#include "solvers/steppers/sinenet.h"

#include <petsc/private/tsimpl.h>
#include <petscdm.h>

#include "io/error.h"

typedef struct {
  SinewForecast forecast;  /* not owned */
  SinewIntegrator warm_up; /* not owned */
  PetscBool joined;        /* it makes the variables that the network does not know */
  PetscReal step;
  Vec candidate;
} Sinenet;

/* The time one step on: multiples of the step, where the time is one, so that rounding does not accumulate. */
static PetscReal next_time(const Sinenet *s, PetscReal t)
{
  const PetscReal after = PetscFloorReal(t / s->step + 0.5) + 1;

  return PetscAbsReal(t + s->step - after * s->step) < 1e-6 * s->step ? after * s->step : t + s->step;
}

static PetscErrorCode check_length(TS ts)
{
  const Sinenet *s = (const Sinenet *)ts->data;
  char text[128];

  PetscFunctionBeginUser;
  if (PetscAbsReal(ts->time_step - s->step) <= 1e-6 * s->step) PetscFunctionReturn(PETSC_SUCCESS);
  (void)snprintf(text, sizeof(text), "%s takes steps of %g only; from t = %g the next due time is %g away",
                 SinewForecastName(s->forecast), (double)s->step, (double)ts->ptime, (double)ts->time_step);
  SETERRQ(PetscObjectComm((PetscObject)ts), SINEW_ERR_INPUT, "%s", text);
}

/* The candidate, by the network or by the warm-up. */
static PetscErrorCode advance(TS ts, PetscBool *done)
{
  Sinenet *s = (Sinenet *)ts->data;

  PetscFunctionBeginUser;
  *done = PETSC_TRUE;
  PetscCall(SinewForecastSee(s->forecast, ts->vec_sol));
  PetscCall(VecCopy(ts->vec_sol, s->candidate));
  if (!SinewForecastMissing(s->forecast)) {
    if (s->joined)
      PetscCall(SinewIntegratorAdvance(s->warm_up, ts->ptime, next_time(s, ts->ptime), s->candidate, done));
    if (*done) PetscCall(SinewForecastPredict(s->forecast, ts->ptime, ts->vec_sol, s->candidate));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCheck(s->warm_up, PetscObjectComm((PetscObject)ts), SINEW_ERR_INPUT,
             "%s: %" PetscInt_FMT " frames of the past are missing, and there is no warm_up to make them",
             SinewForecastName(s->forecast), SinewForecastMissing(s->forecast));
  PetscCall(SinewIntegratorAdvance(s->warm_up, ts->ptime, next_time(s, ts->ptime), s->candidate, done));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void swap(Vec *a, Vec *b)
{
  Vec c = *a;

  *a = *b;
  *b = c;
}

/* The adaptor looks at the candidate as the solution; the vector that the caller holds stays the solution. */
static PetscErrorCode judge(TS ts, PetscReal *next, PetscBool *accept)
{
  Sinenet *s = (Sinenet *)ts->data;

  PetscFunctionBeginUser;
  swap(&ts->vec_sol, &s->candidate);
  PetscCall(TSAdaptCandidatesClear(ts->adapt));
  PetscCall(TSAdaptCandidateAdd(ts->adapt, NULL, 1, 1, 1, 1, PETSC_TRUE));
  PetscCall(TSAdaptChoose(ts->adapt, ts, ts->time_step, NULL, next, accept));
  swap(&ts->vec_sol, &s->candidate);
  if (*accept) PetscCall(VecCopy(s->candidate, ts->vec_sol));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode step(TS ts)
{
  Sinenet *s = (Sinenet *)ts->data;
  PetscReal next = ts->time_step;
  PetscBool done, accept = PETSC_FALSE;

  PetscFunctionBeginUser;
  PetscCall(check_length(ts));
  PetscCall(TSPreStage(ts, ts->ptime));
  PetscCall(advance(ts, &done));
  PetscCall(TSPostStage(ts, ts->ptime, 0, &s->candidate));
  if (done) PetscCall(judge(ts, &next, &accept));
  if (!accept) {
    ts->reject++;
    PetscCall(TSSetConvergedReason(ts, TS_DIVERGED_STEP_REJECTED));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(SinewForecastKeep(s->forecast));
  ts->ptime = next_time(s, ts->ptime);
  ts->time_step = next;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode set_up(TS ts)
{
  Sinenet *s = (Sinenet *)ts->data;

  PetscFunctionBeginUser;
  PetscCheck(s->forecast, PetscObjectComm((PetscObject)ts), PETSC_ERR_ORDER, "TSSinewSinenetSet has not been called");
  PetscCall(VecDuplicate(ts->vec_sol, &s->candidate));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode reset(TS ts)
{
  PetscFunctionBeginUser;
  PetscCall(VecDestroy(&((Sinenet *)ts->data)->candidate));
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
  Sinenet *s;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&s));
  ts->data = s;
  ts->ops->setup = set_up;
  ts->ops->step = step;
  ts->ops->reset = reset;
  ts->ops->destroy = destroy;
  ts->default_adapt_type = TSADAPTNONE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSSinewSinenetRegister(void)
{
  PetscFunctionBeginUser;
  PetscCall(TSRegister(TSSINEWSINENET, create));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSSinewSinenetSet(TS ts, SinewForecast forecast, PetscReal length, SinewIntegrator warm_up,
                                 PetscBool joined)
{
  Sinenet *s = (Sinenet *)ts->data;

  PetscFunctionBeginUser;
  s->forecast = forecast;
  s->step = length;
  s->warm_up = warm_up;
  s->joined = joined;
  PetscFunctionReturn(PETSC_SUCCESS);
}
