#include "solvers/steppers/steady.h"

#include <petsc/private/tsimpl.h>

#include "io/error.h" /* PETSC_SUCCESS where PETSc has none yet */

typedef struct {
  Vec U, zero; /* the candidate; no time derivative */
  PetscBool tested;
} Steady;

static PetscErrorCode residual(SNES snes, Vec U, Vec F, TS ts)
{
  Steady *s = (Steady *)ts->data;

  PetscFunctionBeginUser;
  (void)snes;
  PetscCall(TSComputeIFunction(ts, ts->ptime + ts->time_step, U, s->zero, F, PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Without a condition that fixes a value, constants are in the kernel; Krylov methods need to know. */
static PetscErrorCode find_kernel(Steady *s, Mat A, Mat P)
{
  MatNullSpace constants;
  PetscBool inside;

  PetscFunctionBeginUser;
  if (s->tested) PetscFunctionReturn(PETSC_SUCCESS);
  s->tested = PETSC_TRUE;
  PetscCall(MatNullSpaceCreate(PetscObjectComm((PetscObject)P), PETSC_TRUE, 0, NULL, &constants));
  PetscCall(MatNullSpaceTest(constants, P, &inside));
  if (inside) {
    PetscCall(MatSetNullSpace(P, constants));
    PetscCall(MatSetNullSpace(A, constants));
  }
  PetscCall(MatNullSpaceDestroy(&constants));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode jacobian(SNES snes, Vec U, Mat A, Mat P, TS ts)
{
  Steady *s = (Steady *)ts->data;

  PetscFunctionBeginUser;
  (void)snes;
  PetscCall(TSComputeIJacobian(ts, ts->ptime + ts->time_step, U, s->zero, 0, A, P, PETSC_FALSE));
  PetscCall(find_kernel(s, A, P));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode step(TS ts)
{
  Steady *s = (Steady *)ts->data;
  SNESConvergedReason reason;
  PetscReal next = ts->time_step;
  PetscBool accept = PETSC_FALSE;
  PetscInt newton, krylov;

  PetscFunctionBeginUser;
  PetscCall(VecCopy(ts->vec_sol, s->U));
  PetscCall(SNESSolve(ts->snes, NULL, s->U));
  PetscCall(SNESGetConvergedReason(ts->snes, &reason));
  PetscCall(SNESGetIterationNumber(ts->snes, &newton));
  PetscCall(SNESGetLinearSolveIterations(ts->snes, &krylov));
  ts->snes_its += newton;
  ts->ksp_its += krylov;
  if (reason < 0) {
    ts->reason = TS_DIVERGED_NONLINEAR_SOLVE;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(VecCopy(s->U, ts->vec_sol));
  PetscCall(TSPostStage(ts, ts->ptime, 0, &s->U));
  PetscCall(TSAdaptCandidatesClear(ts->adapt));
  PetscCall(TSAdaptCandidateAdd(ts->adapt, NULL, 1, 1, 1, 1, PETSC_TRUE));
  PetscCall(TSAdaptChoose(ts->adapt, ts, ts->time_step, NULL, &next, &accept));
  if (!accept) {
    ts->reason = TS_DIVERGED_STEP_REJECTED; /* no other step would find another steady state */
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  ts->ptime += ts->time_step;
  ts->time_step = next;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode set_up(TS ts)
{
  Steady *s = (Steady *)ts->data;

  PetscFunctionBeginUser;
  PetscCall(VecDuplicate(ts->vec_sol, &s->U));
  PetscCall(VecDuplicate(ts->vec_sol, &s->zero));
  PetscCall(VecSet(s->zero, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode reset(TS ts)
{
  Steady *s = (Steady *)ts->data;

  PetscFunctionBeginUser;
  PetscCall(VecDestroy(&s->U));
  PetscCall(VecDestroy(&s->zero));
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
  Steady *s;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&s));
  ts->data = s;
  ts->ops->setup = set_up;
  ts->ops->step = step;
  ts->ops->reset = reset;
  ts->ops->destroy = destroy;
  ts->ops->snesfunction = residual;
  ts->ops->snesjacobian = jacobian;
  ts->usessnes = PETSC_TRUE;
  ts->default_adapt_type = TSADAPTNONE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TSSinewSteadyRegister(void)
{
  PetscFunctionBeginUser;
  PetscCall(TSRegister(TSSINEWSTEADY, create));
  PetscFunctionReturn(PETSC_SUCCESS);
}
