/* PETSc's quasi-Newton method on the same loss, for comparison. */
#include "least_squares_private.h"
#include <petsctao.h>

/* |r|^2 and 2 J'r: reductions over the ranks inside, so that every rank's own Tao sees the same numbers. */
static PetscErrorCode loss(Tao tao, Vec x, PetscReal *value, Vec gradient, void *ctx)
{
  SinewLeastSquares ls = ctx;
  const PetscScalar *w;
  PetscScalar *g;

  PetscFunctionBegin;
  (void)tao;
  PetscCall(VecGetArrayRead(x, &w));
  PetscCall(ls->problem.residual(ls->problem.ctx, w, ls->r));
  PetscCall(SinewLeastSquaresSquares(ls, ls->r, value));
  PetscCall(SinewLeastSquaresTranspose(ls, w, ls->r, ls->g));
  PetscCall(VecRestoreArrayRead(x, &w));
  PetscCall(VecGetArrayWrite(gradient, &g));
  for (PetscInt k = 0; k < ls->P; k++) g[k] = 2 * ls->g[k];
  PetscCall(VecRestoreArrayWrite(gradient, &g));
  ls->report.evaluations++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewLeastSquaresLBFGS(SinewLeastSquares ls, PetscReal w[], SinewLeastSquaresReport *report)
{
  const SinewLeastSquaresOptions *o = &ls->options;
  PetscReal value;
  Tao tao;
  Vec x;

  PetscFunctionBegin;
  ls->report = (SinewLeastSquaresReport){
      .rows = ls->all_rows, .parameters = ls->P, .damping = o->damping, .reason = "iterations"};
  PetscCall(SinewLeastSquaresNorm(ls, w, &ls->report.first));
  PetscCheck(!PetscIsInfOrNanReal(ls->report.first), ls->comm, SINEW_ERR_BREAKDOWN,
             "least squares: the residual of the first guess is not a number");
  PetscCall(VecCreateSeqWithArray(PETSC_COMM_SELF, 1, ls->P, w, &x));
  PetscCall(TaoCreate(PETSC_COMM_SELF, &tao));
  PetscCall(TaoSetType(tao, TAOLMVM));
  PetscCall(TaoSetObjectiveAndGradient(tao, NULL, loss, ls));
  PetscCall(TaoSetMaximumIterations(tao, o->iterations));
  PetscCall(TaoSetMaximumFunctionEvaluations(tao, 4 * o->iterations));
  PetscCall(TaoSetFunctionLowerBound(tao, PetscSqr(o->tolerance)));
  PetscCall(TaoSetTolerances(tao, 0, 0, 0));
  PetscCall(TaoSetOptionsPrefix(tao, "insr_"));
  PetscCall(TaoSetFromOptions(tao));
  PetscCall(TaoSetSolution(tao, x));
  PetscCall(TaoSolve(tao));
  PetscCall(TaoGetSolutionStatus(tao, &ls->report.iterations, &value, &ls->report.gradient, NULL, NULL, NULL));
  ls->report.residual = PetscSqrtReal(value);
  if (ls->report.residual <= o->tolerance) ls->report.reason = "residual";
  PetscCall(TaoDestroy(&tao));
  PetscCall(VecDestroy(&x));
  *report = ls->report;
  PetscFunctionReturn(PETSC_SUCCESS);
}
