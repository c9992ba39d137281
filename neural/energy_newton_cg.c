/* Newton's method in a trust region with exact products of the Hessian, by TAO. */
#include "energy_private.h"
#include <petsctao.h>

#define PREFIX        "insr_newton_"
#define FIRST_RADIUS  4    /* Newton decrements */
#define LINEAR        1e-2 /* relative accuracy of a Newton step: two digits an iteration, four of the energy */
#define REFUSALS_MOST 40   /* regions that shrink in turn */

typedef struct {
  EnergySolve *e;
  PetscReal before; /* energy before the last step */
  PetscInt refused;
  PetscBool again; /* whether another region may gain more */
  PetscBool moved; /* a gradient was asked for since the last test: the step was accepted */
} NewtonCG;

static PetscErrorCode objective(Tao tao, Vec x, PetscReal *value, void *ctx)
{
  NewtonCG *s = (NewtonCG *)ctx;
  const PetscScalar *w;
  PetscReal sum[2];

  PetscFunctionBegin;
  (void)tao;
  PetscCall(VecGetArrayRead(x, &w));
  PetscCall(SinewEnergyValue(s->e->metric, s->e->problem, w, sum));
  PetscCall(VecRestoreArrayRead(x, &w));
  *value = sum[0];
  if (!PetscIsInfOrNanReal(sum[1])) s->e->size = sum[1];
  s->e->report->evaluations++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode gradient(Tao tao, Vec x, Vec g, void *ctx)
{
  NewtonCG *s = (NewtonCG *)ctx;
  const PetscScalar *w;
  PetscScalar *to;

  PetscFunctionBegin;
  (void)tao;
  PetscCall(VecGetArrayRead(x, &w));
  PetscCall(SinewEnergyProducts(s->e->metric, s->e->problem, w, NULL, s->e->g, NULL));
  PetscCall(VecRestoreArrayRead(x, &w));
  PetscCall(VecGetArrayWrite(g, &to));
  PetscCall(PetscArraycpy(to, s->e->g, s->e->metric->P));
  PetscCall(VecRestoreArrayWrite(g, &to));
  s->moved = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode objective_and_gradient(Tao tao, Vec x, PetscReal *value, Vec g, void *ctx)
{
  PetscFunctionBegin;
  PetscCall(objective(tao, x, value, ctx));
  PetscCall(gradient(tao, x, g, ctx));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode hessian(Tao tao, Vec x, Mat H, Mat P, void *ctx)
{
  NewtonCG *s = (NewtonCG *)ctx;
  const PetscScalar *w;
  PetscBool same;

  PetscFunctionBegin;
  (void)tao;
  (void)P;
  PetscCall(VecGetArrayRead(x, &w));
  PetscCall(PetscArraycmp(w, s->e->metric->origin, s->e->metric->P, &same));
  if (!same) PetscCall(SinewEnergyAssemble(s->e, w));
  if (!same) PetscCall(SinewEnergyFactor(s->e));
  PetscCall(VecRestoreArrayRead(x, &w));
  PetscCall(MatAssemblyBegin(H, MAT_FINAL_ASSEMBLY)); /* it is another one now */
  PetscCall(MatAssemblyEnd(H, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode hessian_times(Mat H, Vec x, Vec y)
{
  const PetscScalar *v;
  PetscScalar *h;
  NewtonCG *s;

  PetscFunctionBegin;
  PetscCall(MatShellGetContext(H, &s));
  PetscCall(VecGetArrayRead(x, &v));
  PetscCall(VecGetArrayWrite(y, &h));
  PetscCall(SinewEnergyCurvature(s->e, s->e->metric->origin, v, h));
  PetscCall(VecRestoreArrayWrite(y, &h));
  PetscCall(VecRestoreArrayRead(x, &v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode metric_solve(PC pc, Vec x, Vec y)
{
  const PetscScalar *r;
  PetscScalar *z;
  NewtonCG *s;

  PetscFunctionBegin;
  PetscCall(PCShellGetContext(pc, &s));
  PetscCall(VecGetArrayRead(x, &r));
  PetscCall(VecGetArrayWrite(y, &z));
  PetscCall(SinewEnergyPrecondition(s->e, r, z));
  PetscCall(VecRestoreArrayWrite(y, &z));
  PetscCall(VecRestoreArrayRead(x, &r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Called after every step, accepted or refused. */
static PetscErrorCode test(Tao tao, void *ctx)
{
  NewtonCG *s = (NewtonCG *)ctx;
  const SinewLeastSquaresOptions *o = &s->e->metric->options;
  const PetscReal close = PetscMax(o->tolerance, PetscSqrtReal(ENERGY_ROUNDING)) * PetscSqrtReal(s->e->size);
  TaoConvergedReason reason = TAO_CONTINUE_ITERATING;
  PetscReal value;
  PetscInt iteration;

  PetscFunctionBegin;
  PetscCall(TaoGetSolutionStatus(tao, &iteration, &value, NULL, NULL, NULL, NULL));
  if (s->moved) {
    PetscCall(SinewEnergyDecrement(s->e));
    if (s->e->decrement <= close) {
      reason = TAO_CONVERGED_GATOL;
      s->e->report->reason = "residual";
    } else if (iteration > 0 && s->before - value <= SinewEnergyLeastGain(s->e)) {
      reason = TAO_CONVERGED_USER;
      s->e->report->reason = "stagnation";
      s->again = PETSC_TRUE;
    }
    if (iteration > 0) s->e->report->iterations++;
    s->before = value;
    s->refused = 0;
    s->moved = PETSC_FALSE;
  } else if (++s->refused > REFUSALS_MOST) {
    reason = TAO_DIVERGED_LS_FAILURE;
    s->e->report->reason = "damping";
    s->again = PETSC_TRUE;
  }
  if (!reason && s->e->report->iterations >= o->iterations) reason = TAO_DIVERGED_MAXITS;
  PetscCall(TaoSetConvergedReason(tao, reason));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- a solve ---- */

static PetscErrorCode set_up_linear(Tao tao, NewtonCG *s)
{
  KSP ksp;
  PC pc;

  PetscFunctionBegin;
  PetscCall(TaoGetKSP(tao, &ksp));
  if (!ksp) PetscFunctionReturn(PETSC_SUCCESS); /* another method, by an option */
  PetscCall(KSPSetTolerances(ksp, LINEAR, 0, PETSC_DEFAULT, s->e->metric->options.krylov_iterations));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCSetType(pc, PCSHELL));
  PetscCall(PCShellSetContext(pc, s));
  PetscCall(PCShellSetApply(pc, metric_solve));
  PetscCall(PCShellSetName(pc, "metric"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_tao(NewtonCG *s, Mat H, Vec x, Tao *tao)
{
  PetscBool given;

  PetscFunctionBegin;
  PetscCall(PetscOptionsHasName(NULL, PREFIX, "-tao_ntr_init_type", &given)); /* else by a search that is not needed */
  if (!given) PetscCall(PetscOptionsSetValue(NULL, "-" PREFIX "tao_ntr_init_type", "constant"));
  PetscCall(TaoCreate(PETSC_COMM_SELF, tao));
  PetscCall(TaoSetType(*tao, TAONTR));
  PetscCall(TaoSetOptionsPrefix(*tao, PREFIX));
  PetscCall(TaoSetObjective(*tao, objective, s));
  PetscCall(TaoSetGradient(*tao, NULL, gradient, s));
  PetscCall(TaoSetObjectiveAndGradient(*tao, NULL, objective_and_gradient, s));
  PetscCall(TaoSetHessian(*tao, H, H, hessian, s));
  PetscCall(TaoSetInitialTrustRegionRadius(*tao, FIRST_RADIUS * s->e->decrement));
  PetscCall(TaoSetMaximumIterations(*tao, PETSC_MAX_INT));
  PetscCall(TaoSetMaximumFunctionEvaluations(*tao, PETSC_MAX_INT));
  PetscCall(TaoSetFromOptions(*tao));
  PetscCall(TaoSetConvergenceTest(*tao, test, s));
  PetscCall(set_up_linear(*tao, s));
  PetscCall(TaoSetSolution(*tao, x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve(NewtonCG *s, PetscReal w[])
{
  const PetscInt P = s->e->metric->P;
  Tao tao;
  Mat H;
  Vec x;

  PetscFunctionBegin;
  PetscCall(VecCreateSeqWithArray(PETSC_COMM_SELF, 1, P, w, &x));
  PetscCall(MatCreateShell(PETSC_COMM_SELF, P, P, P, P, s, &H));
  PetscCall(MatShellSetOperation(H, MATOP_MULT, (void (*)(void))hessian_times));
  PetscCall(MatSetOption(H, MAT_SYMMETRIC, PETSC_TRUE));
  PetscCall(create_tao(s, H, x, &tao));
  PetscCall(TaoSolve(tao));
  PetscCall(TaoDestroy(&tao));
  PetscCall(MatDestroy(&H));
  PetscCall(VecDestroy(&x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* From region to region: one that shrank where the curvature is slightly negative is opened again as long as that gains
   something. */
PetscErrorCode SinewEnergyNewtonCG(EnergySolve *e, PetscReal w[])
{
  NewtonCG s = {.e = e};
  PetscReal last;

  PetscFunctionBegin;
  PetscCall(SinewEnergyProducts(e->metric, e->problem, w, NULL, e->g, NULL));
  PetscCall(SinewEnergyAssemble(e, w));
  PetscCall(SinewEnergyFactor(e));
  PetscCall(SinewEnergyDecrement(e));
  e->report->first = e->decrement;
  do {
    last = e->energy;
    e->report->reason = NULL;
    s.refused = 0;
    s.moved = s.again = PETSC_FALSE;
    PetscCall(solve(&s, w));
    e->energy = s.before;
    if (!e->report->reason) e->report->reason = "iterations";
  } while (s.again && last - e->energy > SinewEnergyLeastGain(e));
  PetscFunctionReturn(PETSC_SUCCESS);
}
