/* Weights from nothing: the initial field, and steady equations. */
#include "insr_private.h"

#define ADAM_RATE     1e-3
#define ADAM_PATIENCE 100 /* iterations without gain before the rate falls */

/* What the two have in common: a residual and what fills in its target. */
typedef struct {
  InsrStage stage;
  SinewJetOrder order;
  PetscBool faces;
  SinewPointFunction *target; /* NULL: zero */
  const void *ctx;
} Problem;

static PetscErrorCode create(SinewInsr insr, const Problem *problem, PetscInt points, InsrSystem *system)
{
  const SinewInsrOptions *o = &insr->options;
  const SinewInsrSampling kind = o->sampling == SINEW_INSR_ADAPTIVE ? SINEW_INSR_STRATIFIED : o->sampling;
  const PetscInt held_out = (PetscInt)(o->held_out * (PetscReal)points);

  PetscFunctionBegin;
  PetscCall(SinewInsrCreateSystem(insr, problem->order, insr->evolved, SinewInsrCountPoints(kind, insr->dim, points),
                                  SinewInsrCountPoints(SINEW_INSR_STRATIFIED, insr->dim, held_out), TARGET + 1,
                                  problem->faces, &o->fit, system));
  system->stage = problem->stage;
  PetscCall(SinewInsrPlace(&system->set[0], kind, -1, problem->stage.t, NULL, problem->target, problem->ctx));
  if (system->sets > 1) PetscCall(SinewInsrPlace(&system->set[1], SINEW_INSR_STRATIFIED, -1, 0, NULL, NULL, NULL));
  for (PetscInt k = 0; problem->faces && k < insr->equation->faces; k++)
    PetscCall(SinewInsrPlaceFace(system, k, -1, NULL));
  for (PetscInt s = 0; problem->target && s < system->sets; s++) {
    const InsrSet *set = &system->set[s];

    PetscCall(problem->target(problem->ctx, problem->stage.t, set->count, set->x, set->slot[TARGET]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Adam leaves the neighbourhood of the random weights, where Levenberg-Marquardt would stick; few points will do. */
static PetscErrorCode warm_up(SinewInsr insr, const Problem *problem)
{
  SinewAdamOptions adam = SinewAdamDefaults();
  SinewAdamReport report;
  InsrSystem system;

  PetscFunctionBegin;
  if (insr->options.fit_adam < 1) PetscFunctionReturn(PETSC_SUCCESS);
  adam.iterations = insr->options.fit_adam;
  adam.rate = ADAM_RATE;
  adam.patience = ADAM_PATIENCE;
  PetscCall(create(insr, problem, insr->options.points / 4 + 1, &system));
  PetscCall(SinewLeastSquaresAdam(system.ls, &adam, insr->w, &report));
  PetscCall(SinewInsrDestroySystem(&system));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What the residual is compared with: the target, or where there is none the residual of no field at all, which weights
   that are all zero stand for. */
static PetscErrorCode measure(SinewInsr insr, const Problem *problem, InsrSystem *system, PetscReal *size)
{
  PetscFunctionBegin;
  if (problem->target) {
    PetscCall(SinewInsrTargetSize(system, size));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(PetscArrayzero(insr->guess, insr->P));
  PetscCall(SinewLeastSquaresNorm(system->ls, insr->guess, size));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve(SinewInsr insr, const Problem *problem, SinewInsrReport *report)
{
  InsrSystem system;
  SinewLeastSquaresOptions *options;

  PetscFunctionBegin;
  *report = (SinewInsrReport){.error = -1, .solves = 1};
  insr->scalars[LAST_DT] = insr->scalars[STEPS] = insr->scalars[LEVELS] = 0;
  insr->revertible = PETSC_FALSE;
  PetscCall(create(insr, problem, insr->options.points, &system));
  PetscCall(measure(insr, problem, &system, &report->size));
  if (PetscIsInfOrNanReal(report->size)) {
    PetscCall(SinewInsrDestroySystem(&system));
    SETERRQ(insr->comm, SINEW_ERR_INPUT, "insr: %s is not a number somewhere",
            problem->target ? "the initial field" : "the equation or a condition on its faces");
  }
  if (!insr->options.warm_start) {
    PetscCall(SinewJetInitialise(insr->jet, insr->options.seed, insr->w));
    if (!problem->target || report->size > 0) PetscCall(warm_up(insr, problem)); /* zero is near everything */
  }
  options = SinewLeastSquaresGetOptions(system.ls);
  options->tolerance *= report->size > 0 ? report->size : 1;
  PetscCall(SinewLeastSquaresSolve(system.ls, insr->w, &report->solve));
  report->reason = report->solve.reason;
  PetscCall(SinewInsrDestroySystem(&system));
  PetscCall(PetscArraycpy(insr->previous, insr->w, insr->P));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewInsrFit(SinewInsr insr, PetscReal t, SinewPointFunction *initial, const void *ctx,
                            SinewInsrReport *report)
{
  const Problem problem = {
      .stage = {.t = t, .density = 1}, .order = insr->equation->density_order, .target = initial, .ctx = ctx};
  const SinewJetOptions *network = &insr->options.network;
  PetscReal relative;

  PetscFunctionBegin;
  PetscCall(solve(insr, &problem, report));
  relative = report->solve.residual / (report->size > 0 ? report->size : 1);
  PetscCheck(
      relative <= insr->options.fit_limit, insr->comm, SINEW_ERR_INPUT,
      "insr: the network (%" PetscInt_FMT " x %" PetscInt_FMT ", omega %g) misses the initial field by %.1e of its "
      "size after %" PetscInt_FMT " iterations (%s), %.1e is allowed: enlarge width, layers, omega or the number "
      "of iterations",
      network->layers, network->width, (double)network->omega, (double)relative, report->solve.iterations,
      report->reason, (double)insr->options.fit_limit);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewInsrSteady(SinewInsr insr, PetscReal t, SinewInsrReport *report)
{
  const Problem problem = {
      .stage = {.t = t, .gamma = -1, .faces = PETSC_TRUE}, .order = insr->equation->order, .faces = PETSC_TRUE};

  PetscFunctionBegin;
  PetscCheck(insr->equation->steady, insr->comm, PETSC_ERR_ORDER, "%s is not steady: fit it and take steps",
             insr->equation->name);
  PetscCall(solve(insr, &problem, report));
  PetscFunctionReturn(PETSC_SUCCESS);
}
