/* Neural Galerkin: the field's rate, projected on what moving weights can do, integrated in the weights. */
#include "insr_private.h"

/* slope = argmin |J_q(w) slope - f(t, w)|^2 */
static PetscErrorCode slope_at(SinewInsr insr, PetscReal t, const PetscReal w[], PetscReal slope[],
                               SinewInsrReport *report)
{
  PetscBool ok;

  PetscFunctionBegin;
  insr->step.stage = (InsrStage){.t = t, .density = 1, .gamma = 1, .frozen = PETSC_TRUE, .faces = PETSC_TRUE};
  PetscCall(
      SinewLeastSquaresLinear(insr->step.ls, w, insr->options.step.damping, insr->options.truncation, slope, &ok));
  report->failed = (PetscBool)!ok;
  report->reason = ok ? "linear" : "the tangent problem is singular or not a number";
  report->solves++;
  report->solve.matrices++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode embedded_error(SinewInsr insr, PetscReal dt, SinewInsrReport *report)
{
  const PetscReal none[1] = {0}, only_density[3] = {1, 0, 0};
  const InsrLevels level = {.w = {insr->guess}, .c = {1}};

  PetscFunctionBegin;
  if (!insr->options.estimate) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt k = 0; k < insr->P; k++) insr->guess[k] = insr->w[k] + dt * insr->slope[1][k];
  PetscCall(SinewInsrCombine(&insr->step, 1, none, BASE));
  PetscCall(SinewInsrAccumulateSlot(&insr->step, &level, 0, only_density, BASE));
  PetscCall(SinewInsrDistance(&insr->step, insr->stage_w, BASE, &report->error));
  report->error_order = 3;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewInsrAdvanceGalerkin(SinewInsr insr, PetscReal t, PetscReal dt, SinewInsrReport *report)
{
  const PetscReal c[4] = {0, 0.5, 0.5, 1}, b[4] = {1. / 6, 1. / 3, 1. / 3, 1. / 6}, none[1] = {0};
  PetscReal *w = insr->stage_w;

  PetscFunctionBegin;
  PetscCall(SinewInsrCombine(&insr->step, 1, none, TARGET));
  for (int k = 0; k < 4; k++) {
    for (PetscInt i = 0; i < insr->P; i++) w[i] = insr->w[i] + (k ? c[k] * dt * insr->slope[k - 1][i] : 0);
    PetscCall(slope_at(insr, t + c[k] * dt, w, insr->slope[k], report));
    if (report->failed) PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (PetscInt i = 0; i < insr->P; i++) {
    w[i] = insr->w[i];
    for (int k = 0; k < 4; k++) w[i] += dt * b[k] * insr->slope[k][i];
  }
  PetscCall(embedded_error(insr, dt, report));
  PetscFunctionReturn(PETSC_SUCCESS);
}
