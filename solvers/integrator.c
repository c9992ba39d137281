#include "solvers/integrator.h"

#include <math.h>

struct _p_SinewIntegrator {
  SinewStepper stepper;
  SinewProblem problem; /* with an fv of its own */
  TS ts;
  Vec good; /* last accepted state, kept for steppers that overwrite theirs before a step is accepted */
  PetscReal nominal, target;
};

/* ---- reading ---- */

PetscErrorCode SinewIntegratorCreate(SinewDeck deck, SinewNode section, const char path[], const char prefix[],
                                     SinewIntegrator *integrator)
{
  SinewStepper stepper;

  PetscFunctionBeginUser;
  *integrator = NULL;
  PetscCall(SinewStepperCreateAt(deck, section, path, prefix, &stepper));
  if (!stepper) PetscFunctionReturn(PETSC_SUCCESS);
  if (!SinewStepperIsClassical(stepper))
    PetscCall(
        SinewDeckMistake(deck, section, path, "expected a classical stepper, found %s", SinewStepperName(stepper)));
  if (SinewStepperMaxSteps(stepper))
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, section, "max_steps"), path,
                               "max_steps is for the run's own stepper"));
  PetscCall(PetscNew(integrator));
  (*integrator)->stepper = stepper;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewIntegratorSetDomain(SinewIntegrator i, SinewDeck deck, SinewEquation equation,
                                        const SinewGridSection *grid)
{
  PetscFunctionBeginUser;
  if (i && equation && SinewStepperIsClassical(i->stepper))
    PetscCall(SinewStepperSetDomain(i->stepper, deck, equation, grid));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewIntegratorDestroy(SinewIntegrator *integrator)
{
  SinewIntegrator i = *integrator;

  PetscFunctionBeginUser;
  if (!i) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(TSDestroy(&i->ts));
  PetscCall(VecDestroy(&i->good));
  PetscCall(SinewFVDestroy(&i->problem.fv));
  PetscCall(SinewStepperDestroy(&i->stepper));
  PetscCall(PetscFree(i));
  *integrator = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- what step control asks ---- */

static PetscErrorCode next_event(void *context, PetscReal t, PetscReal *event)
{
  PetscFunctionBeginUser;
  (void)t;
  *event = ((SinewIntegrator)context)->target;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode largest_rate(void *context, TS ts, PetscReal *rate)
{
  SinewIntegrator i = (SinewIntegrator)context;
  PetscReal mine[2], all[2], local;

  PetscFunctionBeginUser;
  PetscCall(SinewStepperRate(i->stepper, ts, &local));
  mine[1] = PetscIsInfOrNanReal(local);
  mine[0] = mine[1] > 0 ? 0 : local;
  PetscCallMPI(MPI_Allreduce(mine, all, 2, MPIU_REAL, MPIU_MAX, PetscObjectComm((PetscObject)ts)));
  *rate = all[1] > 0 ? (PetscReal)NAN : all[0];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode after_step(TS ts)
{
  SinewIntegrator i;
  PetscReal t, before;
  Vec U;

  PetscFunctionBeginUser;
  PetscCall(TSGetApplicationContext(ts, &i));
  PetscCall(TSGetTime(ts, &t));
  PetscCall(TSGetPrevTime(ts, &before));
  if (PetscAbsReal(t - i->target) <= 1e-8 * (t - before)) { /* whatever rounding made of t + dt */
    t = i->target;
    PetscCall(TSSetTime(ts, t));
  }
  PetscCall(SinewStepControlGetNominal(ts, &i->nominal));
  PetscCall(SinewStepControlSetNominal(ts, i->nominal)); /* the next step from (t, nominal) alone */
  if (i->good) {
    PetscCall(TSGetSolution(ts, &U));
    PetscCall(VecCopy(U, i->good));
  }
  if (t >= i->target) PetscCall(TSSetConvergedReason(ts, TS_CONVERGED_TIME));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* PETSc's methods undo a step by arithmetic, which NaN survives. */
static PetscErrorCode before_stage(TS ts, PetscReal t)
{
  SinewIntegrator i;
  PetscBool inadmissible;
  Vec U;

  PetscFunctionBeginUser;
  (void)t;
  PetscCall(TSGetApplicationContext(ts, &i));
  PetscCall(SinewStepControlGetRejections(ts, NULL, &inadmissible));
  if (!inadmissible || !i->good) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(TSGetSolution(ts, &U));
  PetscCall(VecCopy(i->good, U));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- advancing ---- */

PetscErrorCode SinewIntegratorSetUp(SinewIntegrator i, const SinewProblem *problem)
{
  const SinewSpace *space = SinewStepperSpace(i->stepper);
  DM dm;

  PetscFunctionBeginUser;
  i->problem = *problem;
  i->problem.fv = NULL;
  PetscCall(SinewFVCreate(problem->grid, &problem->equation->kernels, space->reconstruction, space->characteristic,
                          problem->boundary, &i->problem.fv));
  PetscCall(SinewGridGetDM(problem->grid, &dm));
  PetscCall(SinewStepperCreateTS(i->stepper, PetscObjectComm((PetscObject)dm), &i->problem, next_event, largest_rate, i,
                                 &i->ts));
  PetscCall(TSSetApplicationContext(i->ts, i));
  PetscCall(TSSetMaxTime(i->ts, PETSC_MAX_REAL)); /* after_step ends it */
  PetscCall(TSSetPostStep(i->ts, after_step));
  PetscCall(TSSetPreStage(i->ts, before_stage));
  if (SinewStepperOverwrites(i->stepper)) PetscCall(DMCreateGlobalVector(dm, &i->good));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewIntegratorAdvance(SinewIntegrator i, PetscReal from, PetscReal to, Vec U, PetscBool *done)
{
  TSConvergedReason reason;

  PetscFunctionBeginUser;
  *done = PETSC_TRUE;
  if (to <= from) PetscFunctionReturn(PETSC_SUCCESS);
  i->target = to;
  PetscCall(TSSetSolution(i->ts, U));
  PetscCall(TSSetTime(i->ts, from));
  if (i->good) PetscCall(VecCopy(U, i->good));
  if (i->nominal > 0)
    PetscCall(SinewStepControlSetNominal(i->ts, i->nominal));
  else
    PetscCall(SinewStepControlStart(i->ts));
  PetscCall(TSSolve(i->ts, U));
  PetscCall(TSGetConvergedReason(i->ts, &reason));
  *done = (PetscBool)(reason > 0);
  if (!*done && i->good) PetscCall(VecCopy(i->good, U));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- getters ---- */

PetscReal SinewIntegratorGetNominal(SinewIntegrator i)
{
  return i->nominal;
}

PetscErrorCode SinewIntegratorSetNominal(SinewIntegrator i, PetscReal nominal)
{
  PetscFunctionBeginUser;
  i->nominal = nominal;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewIntegratorForget(SinewIntegrator i)
{
  PetscFunctionBeginUser;
  PetscCall(SinewStepperForget(i->stepper, i->ts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt SinewIntegratorGhosts(SinewIntegrator i)
{
  return SinewStepperGhosts(i->stepper);
}

const char *SinewIntegratorName(SinewIntegrator i)
{
  return SinewStepperName(i->stepper);
}
