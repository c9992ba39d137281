/* Steps that are the minimum of an incremental potential, and what is reported of the new level. */
#include "insr_private.h"
#include "least_squares_private.h"

#define CONTACT_PASSES 7
#define ROUGHLY        1e-2 /* stagnation of solves that are not the last */
#define DEEPER         1.2  /* than at the points of the solve: then these were not the deepest */

/* ---- levels ---- */

/* Slots BASE = q of the old level, TARGET = q* = q + dt dq/dt, by the level before or by the rate at the start. */
static PetscErrorCode fill_levels(SinewInsr insr, PetscReal t, PetscReal dt)
{
  const SinewPointwise *e = insr->equation;
  const PetscBool started = (PetscBool)(insr->scalars[LEVELS] > 0);
  const PetscReal only_density[3] = {1, 0, 0}, none[1] = {0}, s = started ? dt / insr->scalars[LAST_DT] : 0;
  const InsrLevels old = {.w = {insr->w}, .c = {1}};
  const InsrLevels inertial = {.w = {insr->w, insr->previous}, .c = {1 + s, -s}};
  PetscReal with_rate[INSR_SLOTS] = {0};

  PetscFunctionBegin;
  PetscCall(SinewInsrCombine(&insr->step, 1, none, BASE));
  PetscCall(SinewInsrAccumulateSlot(&insr->step, &old, t, only_density, BASE));
  PetscCall(SinewInsrCombine(&insr->step, 1, none, TARGET));
  if (started) {
    PetscCall(SinewInsrAccumulateSlot(&insr->step, &inertial, t, only_density, TARGET));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  with_rate[BASE] = 1;
  with_rate[TARGET] = dt;
  for (PetscInt k = 0; e->start_rate && k < insr->step.sets; k++) {
    const InsrSet *set = &insr->step.set[k];

    PetscCall(e->start_rate(e->ctx, t, set->count, set->x, set->slot[TARGET]));
  }
  PetscCall(SinewInsrCombine(&insr->step, TARGET + BASE + 1, with_rate, TARGET));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the original's way ---- */

typedef struct {
  SinewInsr insr;
  PetscReal t, dt;
} Resampling;

static PetscErrorCode resample(void *ctx, PetscInt iteration)
{
  const Resampling *r = ctx;
  const SinewInsr insr = r->insr;
  const PetscInt number = ((PetscInt)insr->scalars[STEPS] + 1) * insr->options.adam.iterations + iteration;

  PetscFunctionBegin;
  if (insr->options.sampling == SINEW_INSR_QUADRATURE) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewInsrPlace(&insr->step.set[0], insr->options.sampling, number, r->t, insr->w, NULL, NULL));
  for (PetscInt k = 0; k < insr->equation->faces; k++) PetscCall(SinewInsrPlaceFace(&insr->step, k, number, NULL));
  PetscCall(fill_levels(insr, r->t, r->dt));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode minimise_by_adam(SinewInsr insr, PetscReal t, PetscReal dt, SinewInsrReport *report)
{
  Resampling resampling = {insr, t, dt};
  SinewAdamOptions adam = insr->options.adam;
  SinewAdamReport done;

  PetscFunctionBegin;
  adam.resample = resample;
  adam.resample_ctx = &resampling;
  PetscCall(PetscArraycpy(insr->stage_w, insr->w, insr->P));
  PetscCall(SinewLeastSquaresAdam(insr->step.ls, &adam, insr->stage_w, &done));
  report->solves = 1;
  report->solve.iterations = report->solve.evaluations = done.iterations;
  report->solve.first = done.first;
  PetscCall(SinewLeastSquaresNorm(insr->step.ls, insr->stage_w, &report->solve.residual));
  report->reason = "adam";
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the new level ---- */

/* Integrands of one block into values [integrals][count]. */
static PetscErrorCode integrands(const InsrSet *set, PetscReal t, PetscReal dt, PetscReal values[])
{
  const SinewInsr insr = set->insr;
  const SinewPointwise *e = insr->equation;
  const PetscInt channels = SinewJetChannels(insr->dim, e->order), block = SinewJetBlock(insr->jet);
  PetscReal *out;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1((size_t)(e->integrals * block), &out));
  for (PetscInt first = 0; first < set->count; first += block) {
    const PetscInt n = PetscMin(block, set->count - first);
    const SinewPoints at = {
        .t = t + dt, .n = n, .channels = channels, .x = set->x + first * insr->dim, .u = insr->mixed};
    const SinewPointStep step = {
        .dt = dt, .stride = set->count, .old = set->slot[BASE] + first, .inertial = set->slot[TARGET] + first};

    PetscCall(SinewJetForward(insr->jet, insr->stage_w, e->order, n, at.x, insr->mixed));
    PetscCall(e->integrand(e->ctx, &at, &step, out, NULL));
    for (PetscInt k = 0; k < e->integrals; k++)
      PetscCall(PetscArraycpy(values + k * set->count + first, out + k * n, n));
  }
  PetscCall(PetscFree(out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode report_integrals(SinewInsr insr, PetscReal t, PetscReal dt, SinewInsrReport *report)
{
  const SinewPointwise *e = insr->equation;
  const InsrSet *set = &insr->step.set[0];
  PetscReal *values, extreme[SINEW_POINTWISE_INTEGRALS_MAX], *mean = report->integral;

  PetscFunctionBegin;
  if (!e->integrals) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1((size_t)(e->integrals * set->count) + 1, &values));
  PetscCall(integrands(set, t, dt, values));
  for (PetscInt k = 0; k < e->integrals; k++) {
    const PetscReal sign = e->integral_kind[k] == SINEW_INTEGRAL_MIN ? -1 : 1;

    mean[k] = 0;
    extreme[k] = -PETSC_MAX_REAL;
    for (PetscInt p = 0; p < set->count; p++) {
      mean[k] += PetscSqr(set->scale[p]) * values[k * set->count + p];
      extreme[k] = PetscMax(extreme[k], sign * values[k * set->count + p]);
    }
  }
  for (PetscInt k = 0; k < e->faces; k++)
    if (e->face[k].depth)
      extreme[e->face[k].deepest] = PetscMax(extreme[e->face[k].deepest], insr->step.face[k].deepest);
  PetscCall(PetscFree(values));
  PetscCall(SinewLeastSquaresSumRanks(insr->step.ls, e->integrals, mean));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, extreme, (PetscMPIInt)e->integrals, MPIU_REAL, MPIU_MAX, insr->comm));
  for (PetscInt k = 0; k < e->integrals; k++) {
    if (e->integral_kind[k] == SINEW_INTEGRAL_MAX) mean[k] = extreme[k];
    if (e->integral_kind[k] == SINEW_INTEGRAL_MIN) mean[k] = -extreme[k];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- contact ---- */

/* Chooses the points of faces by the new level; how deep it is at all candidates and where it was asked. */
static PetscErrorCode look_again(SinewInsr insr, PetscReal *deepest, PetscReal *asked)
{
  const InsrLevels level = {.w = {insr->stage_w}, .c = {1}};
  const PetscInt step = (PetscInt)insr->scalars[STEPS];
  PetscReal depth[2] = {-PETSC_MAX_REAL, -PETSC_MAX_REAL};

  PetscFunctionBegin;
  for (PetscInt k = 0; k < insr->equation->faces; k++) {
    InsrFace *face = &insr->step.face[k];

    if (!insr->equation->face[k].depth) continue;
    PetscCall(SinewInsrPlaceFace(&insr->step, k, step, &level));
    depth[0] = PetscMax(depth[0], face->deepest);
    depth[1] = PetscMax(depth[1], face->asked);
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, depth, 2, MPIU_REAL, MPIU_MAX, insr->comm));
  *deepest = depth[0];
  *asked = depth[1];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool may_touch(const SinewPointwise *e)
{
  for (PetscInt k = 0; k < e->faces; k++)
    if (e->face[k].depth) return PETSC_TRUE;
  return PETSC_FALSE;
}

/*
  Obstacles harden from solve to solve: the linear model of a step knows only what is in contact already, so that what
  is about to touch a hard one stops it at once; behind a soft one it is seen in time. The last solve is repeated while
  the body is deeper elsewhere than where it was asked.
*/
static PetscErrorCode minimise(SinewInsr insr, PetscReal dt, SinewInsrReport *report)
{
  static const PetscReal softness[] = {0.999, 0.99, 0.9};
  const PetscInt hard = may_touch(insr->equation) ? 3 : 0;
  const PetscReal *candidates[2] = {insr->w, SinewInsrExtrapolate(insr, dt)};
  SinewLeastSquaresOptions *options = SinewLeastSquaresGetOptions(insr->step.ls);
  PetscReal deepest, asked;

  PetscFunctionBegin;
  for (PetscInt pass = 0; pass < CONTACT_PASSES; pass++) {
    insr->step.stage.soft = pass < hard ? softness[pass] : 0;
    if (pass) candidates[0] = insr->stage_w, candidates[1] = NULL;
    options->stagnation =
        pass < hard ? PetscMax(insr->options.step.stagnation, ROUGHLY) : insr->options.step.stagnation;
    PetscCall(SinewInsrSolve(&insr->step, 2, candidates, insr->stage_w, report));
    if (report->failed) break;
    PetscCall(look_again(insr, &deepest, &asked));
    if (pass >= hard && deepest <= PetscMax(0, DEEPER * asked)) break;
    if (pass < hard && deepest <= 0) pass = hard - 1; /* nothing to soften */
  }
  insr->step.stage.soft = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewInsrAdvanceVariational(SinewInsr insr, PetscReal t, PetscReal dt, SinewInsrReport *report)
{
  PetscFunctionBegin;
  PetscCall(fill_levels(insr, t, dt));
  insr->step.stage = (InsrStage){.t = t + dt, .step = dt, .faces = PETSC_TRUE};
  if (insr->options.adam.iterations > 0)
    PetscCall(minimise_by_adam(insr, t, dt, report));
  else
    PetscCall(minimise(insr, dt, report));
  if (report->failed && !report->solves && insr->equation->nowhere) report->reason = insr->equation->nowhere;
  if (!report->failed) PetscCall(report_integrals(insr, t, dt, report));
  PetscFunctionReturn(PETSC_SUCCESS);
}
