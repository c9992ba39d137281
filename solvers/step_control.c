#include "solvers/step_control.h"

#include <petsc/private/tsimpl.h>
#include <petscdm.h>

#include "io/error.h"

typedef struct {
  SinewStepControl c;
  PetscReal nominal;
  PetscInt in_a_row, total;
  PetscBool inadmissible;
} Adapt;

PetscBool SinewIsMultiple(PetscReal t, PetscReal step)
{
  const PetscReal steps = t / step;

  return (PetscBool)(PetscAbsReal(steps - PetscFloorReal(steps + 0.5)) < 1e-9 * PetscMax(1, steps));
}

/* The step from t that a nominal step becomes, with the next event in sight. */
static PetscErrorCode land(const Adapt *a, PetscReal t, PetscReal nominal, PetscReal *step)
{
  PetscReal event, left;

  PetscFunctionBeginUser;
  *step = nominal;
  if (!a->c.event) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall((*a->c.event)(a->c.context, t, &event));
  left = event - t;
  if (nominal >= left * (1 - 1e-9))
    *step = left;
  else if (nominal > 0.5 * left && a->c.mode != SINEW_STEP_FIXED)
    *step = 0.5 * left;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The error estimate of the step in hand, weighted by the tolerances, in the maximum norm (no sums over ranks): as
   TSADAPTBASIC asks for it. -1 where the method has none at this step. */
static PetscErrorCode error_norm(TSAdapt adapt, TS ts, PetscInt *order, PetscReal *wlte)
{
  Vec embedded;
  PetscReal absolute, relative;

  PetscFunctionBeginUser;
  *order = adapt->candidates.order[0];
  *wlte = -1;
  if (ts->ops->evaluatewlte)
    PetscCall(TSEvaluateWLTE(ts, NORM_INFINITY, order, wlte));
  else if (ts->ops->evaluatestep) {
    PetscCall(DMGetGlobalVector(ts->dm, &embedded));
    PetscCall(TSEvaluateStep(ts, *order - 1, embedded, NULL));
    PetscCall(TSErrorWeightedNorm(ts, ts->vec_sol, embedded, NORM_INFINITY, wlte, &absolute, &relative));
    PetscCall(DMRestoreGlobalVector(ts->dm, &embedded));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Step-size controller of the embedded pair: safety * error^(-1/order), bounded (Hairer, Norsett & Wanner 1993, II.4).
 */
static PetscErrorCode error_factor(TSAdapt adapt, TS ts, PetscReal *wlte, PetscReal *factor, PetscBool *accept)
{
  PetscInt order;

  PetscFunctionBeginUser;
  PetscCall(error_norm(adapt, ts, &order, wlte));
  *factor = 1;
  *accept = PETSC_TRUE;
  if (*wlte < 0) PetscFunctionReturn(PETSC_SUCCESS);
  *accept = (PetscBool)(*wlte <= 1);
  *factor = PetscClipInterval(0.9 * PetscPowReal(PetscMax(*wlte, 1e-10), -1 / (PetscReal)order), 0.1, 5);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscReal limited(const Adapt *a, PetscReal step, PetscReal rate)
{
  if (a->c.cfl > 0 && rate > 0) step = PetscMin(step, a->c.cfl / rate);
  return a->c.dt_max > 0 ? PetscMin(step, a->c.dt_max) : step;
}

static PetscErrorCode reject(TSAdapt adapt, TS ts, PetscReal next, PetscReal *next_h, PetscBool *accept)
{
  Adapt *a = (Adapt *)adapt->data;

  PetscFunctionBeginUser;
  *accept = PETSC_FALSE;
  *next_h = next;
  a->total++;
  if (++a->in_a_row > a->c.rejections) PetscCall(TSSetConvergedReason(ts, TS_DIVERGED_STEP_REJECTED));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode choose(TSAdapt adapt, TS ts, PetscReal h, PetscInt *next_scheme, PetscReal *next_h,
                             PetscBool *accept, PetscReal *wlte, PetscReal *wltea, PetscReal *wlter)
{
  Adapt *a = (Adapt *)adapt->data;
  PetscReal rate = 0, factor = 1;

  PetscFunctionBeginUser;
  *next_scheme = 0;
  *wlte = *wltea = *wlter = -1;
  *accept = PETSC_TRUE;
  if (a->c.rate) PetscCall((*a->c.rate)(a->c.context, ts, &rate));
  a->inadmissible = PetscIsInfOrNanReal(rate);
  if (a->inadmissible) {
    PetscCall(reject(adapt, ts, 0.5 * h, next_h, accept));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (a->c.mode == SINEW_STEP_ERROR) {
    PetscCall(error_factor(adapt, ts, wlte, &factor, accept));
    if (!*accept) {
      a->in_a_row = 0; /* an error that is too large is no breakdown; PETSc bounds these rejections itself */
      a->total++;
      *next_h = h * PetscMin(factor, 0.9);
      PetscFunctionReturn(PETSC_SUCCESS);
    }
  }
  a->in_a_row = 0;
  switch (a->c.mode) {
  case SINEW_STEP_FIXED: a->nominal = a->c.dt; break;
  case SINEW_STEP_CFL: a->nominal = limited(a, a->c.growth * a->nominal, rate); break;
  case SINEW_STEP_ERROR:
    /* a step that was cut to land on an event says little about how far the next may go: never below the one that was
     * cut */
    a->nominal = limited(a, h < a->nominal ? PetscMax(h * factor, a->nominal * PetscMin(factor, 1)) : h * factor, rate);
    break;
  }
  PetscCall(land(a, ts->ptime + h, a->nominal, next_h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(TSAdapt adapt)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(adapt->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create(TSAdapt adapt)
{
  Adapt *a = NULL;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&a));
  adapt->data = a;
  adapt->ops->choose = choose;
  adapt->ops->destroy = destroy;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode get(TS ts, Adapt **a)
{
  TSAdapt adapt;
  PetscBool ours;

  PetscFunctionBeginUser;
  PetscCall(TSGetAdapt(ts, &adapt));
  PetscCall(PetscObjectTypeCompare((PetscObject)adapt, SINEWADAPT, &ours));
  PetscCheck(ours, PetscObjectComm((PetscObject)ts), PETSC_ERR_ARG_WRONGSTATE,
             "the time stepper's adaptor is not of type %s", SINEWADAPT);
  *a = (Adapt *)adapt->data;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewStepControlSet(TS ts, const SinewStepControl *control)
{
  TSAdapt adapt;
  Adapt *a = NULL;

  PetscFunctionBeginUser;
  PetscCall(TSAdaptRegister(SINEWADAPT, create));
  PetscCall(TSGetAdapt(ts, &adapt));
  PetscCall(TSAdaptSetType(adapt, SINEWADAPT));
  PetscCall(get(ts, &a));
  a->c = *control;
  if (a->c.growth <= 1) a->c.growth = 2;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewStepControlStart(TS ts)
{
  Adapt *a = NULL;
  PetscReal rate = 0;

  PetscFunctionBeginUser;
  PetscCall(get(ts, &a));
  if (a->c.rate && a->c.mode != SINEW_STEP_FIXED) PetscCall((*a->c.rate)(a->c.context, ts, &rate));
  a->nominal = a->c.mode == SINEW_STEP_CFL     ? limited(a, PETSC_MAX_REAL, rate)
               : a->c.mode == SINEW_STEP_ERROR ? limited(a, a->c.dt, rate)
                                               : a->c.dt;
  PetscCall(SinewStepControlSetNominal(ts, a->nominal));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewStepControlGetNominal(TS ts, PetscReal *nominal)
{
  Adapt *a = NULL;

  PetscFunctionBeginUser;
  PetscCall(get(ts, &a));
  *nominal = a->nominal;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewStepControlSetNominal(TS ts, PetscReal nominal)
{
  Adapt *a = NULL;
  PetscReal t, step;

  PetscFunctionBeginUser;
  PetscCall(get(ts, &a));
  a->nominal = nominal;
  PetscCall(TSGetTime(ts, &t));
  PetscCall(land(a, t, nominal, &step));
  PetscCall(TSSetTimeStep(ts, step));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewStepControlGetRejections(TS ts, PetscInt *total, PetscBool *inadmissible)
{
  Adapt *a = NULL;

  PetscFunctionBeginUser;
  PetscCall(get(ts, &a));
  if (total) *total = a->total;
  if (inadmissible) *inadmissible = a->inadmissible;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewStepControlSetRejections(TS ts, PetscInt total)
{
  Adapt *a = NULL;

  PetscFunctionBeginUser;
  PetscCall(get(ts, &a));
  a->total = total;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewStepControlResume(TS ts, PetscReal nominal, PetscReal cfl)
{
  Adapt *a = NULL;

  PetscFunctionBeginUser;
  PetscCall(get(ts, &a));
  if (a->c.mode == SINEW_STEP_FIXED) nominal = a->c.dt;
  if (cfl > 0 && a->c.cfl > 0 && a->c.cfl < cfl) nominal *= a->c.cfl / cfl;
  PetscCall(SinewStepControlSetNominal(ts, limited(a, nominal, 0)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewStepControlGetCFL(TS ts, PetscReal *cfl)
{
  Adapt *a = NULL;

  PetscFunctionBeginUser;
  PetscCall(get(ts, &a));
  *cfl = a->c.cfl;
  PetscFunctionReturn(PETSC_SUCCESS);
}
