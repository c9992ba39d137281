/* Semi-Lagrangian steps: the old level is read where the characteristics come from (Staniforth & Cote 1991). */
#include "insr_private.h"

/* a [dim][n] at points y of one block and time s, extrapolated from the two levels where it depends on the field */
static PetscErrorCode velocity(SinewInsr insr, PetscReal t, PetscReal s, PetscInt n, const PetscReal y[], PetscReal a[])
{
  const SinewPointwise *e = insr->equation;
  const PetscReal ahead = insr->scalars[LEVELS] > 0 ? (s - t) / insr->scalars[LAST_DT] : 0;
  const SinewPoints at = {
      .t = s, .n = n, .channels = SinewJetChannels(insr->dim, e->density_order), .x = y, .u = insr->mixed};

  PetscFunctionBegin;
  PetscCall(SinewJetForward(insr->jet, insr->w, e->density_order, n, y, insr->mixed));
  PetscCall(e->velocity(e->ctx, &at, a, NULL));
  if (ahead == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewJetForward(insr->jet, insr->previous, e->density_order, n, y, insr->mixed));
  PetscCall(e->velocity(e->ctx, &at, insr->velocity_old, NULL));
  for (PetscInt i = 0; i < insr->dim * n; i++) a[i] += ahead * (a[i] - insr->velocity_old[i]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Feet at t of the characteristics through x at t + dt: dy/ds = a backwards by the classical Runge-Kutta method. */
static PetscErrorCode block_feet(SinewInsr insr, PetscReal t, PetscReal dt, PetscInt n, const PetscReal x[],
                                 PetscReal foot[], PetscReal y[])
{
  const PetscReal back[4] = {0, 0.5, 0.5, 1}, weight[4] = {1. / 6, 1. / 3, 1. / 3, 1. / 6};
  const PetscInt dim = insr->dim;
  PetscReal *a = insr->velocity;

  PetscFunctionBegin;
  PetscCall(PetscArraycpy(foot, x, n * dim));
  for (int k = 0; k < 4; k++) {
    for (PetscInt p = 0; p < n; p++)
      for (PetscInt i = 0; i < dim; i++) y[p * dim + i] = x[p * dim + i] - (k ? back[k] * dt * a[i * n + p] : 0);
    PetscCall(velocity(insr, t, t + (1 - back[k]) * dt, n, y, a));
    for (PetscInt p = 0; p < n; p++)
      for (PetscInt i = 0; i < dim; i++) foot[p * dim + i] -= weight[k] * dt * a[i * n + p];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether a foot lies outside; moves it to the box's nearest point where nothing is known there. */
static PetscBool leaves(SinewInsr insr, PetscReal foot[])
{
  const SinewJetOptions *box = &insr->options.network;
  PetscBool out = PETSC_FALSE;

  for (PetscInt i = 0; i < insr->dim; i++) {
    if (box->harmonics[i] || (foot[i] >= box->lower[i] && foot[i] <= box->upper[i])) continue;
    out = PETSC_TRUE;
    if (!insr->equation->outside) foot[i] = PetscMin(PetscMax(foot[i], box->lower[i]), box->upper[i]);
  }
  return out;
}

/* q of the points that came in from outside takes the place of the network's. */
static PetscErrorCode from_outside(InsrSet *set, PetscReal t, PetscReal slot[])
{
  const SinewInsr insr = set->insr;
  const SinewPointwise *e = insr->equation;
  PetscReal q[SINEW_POINTWISE_FIELDS_MAX];

  PetscFunctionBegin;
  for (PetscInt p = 0; p < set->count; p++) {
    if (!leaves(insr, set->foot + p * insr->dim) || !e->outside) continue;
    PetscCall(e->outside(e->ctx, t, 1, set->foot + p * insr->dim, q));
    for (PetscInt k = 0; k < insr->evolved; k++) slot[k * set->count + p] = q[k];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* slot = q + c times the remainder of the old level at the feet */
static PetscErrorCode read_old(InsrSet *set, PetscReal t, PetscReal c, PetscReal slot[])
{
  const SinewInsr insr = set->insr;
  const InsrLevels level = {.w = {insr->w}, .c = {1}};
  const PetscReal weights[3] = {1, insr->equation->remainder ? c : 0, 0};

  PetscFunctionBegin;
  PetscCall(PetscArrayzero(slot, insr->evolved * set->count));
  for (PetscInt p = 0; p < set->count; p++) leaves(insr, set->foot + p * insr->dim);
  PetscCall(SinewInsrAccumulate(insr, &level, t, weights, insr->equation->remainder, set, set->count, set->foot, slot));
  PetscCall(from_outside(set, t, slot));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewInsrAdvanceLagrange(SinewInsr insr, PetscReal t, PetscReal dt, SinewInsrReport *report)
{
  const SinewPointwise *e = insr->equation;
  const PetscReal *candidates[2] = {insr->w, SinewInsrExtrapolate(insr, dt)};
  const PetscInt dim = insr->dim;
  InsrSystem *system = &insr->step;

  PetscFunctionBegin;
  for (PetscInt s = 0; s < system->sets; s++) {
    InsrSet *set = &system->set[s];

    for (PetscInt first = 0, n; first < set->count; first += n) {
      n = SinewCollocationBlock(set->collocation, set->n, first);
      PetscCall(block_feet(insr, t, dt, n, set->x + first * dim, set->foot + first * dim, insr->jets));
    }
    PetscCall(read_old(set, t, 0.5 * dt, set->slot[TARGET]));
  }
  system->stage = (InsrStage){.t = t + dt, .density = 1, .faces = PETSC_TRUE};
  if (e->remainder) {
    system->stage.gamma = 0.5 * dt;
    system->stage.map = e->remainder;
  }
  PetscCall(SinewInsrSolve(system, 2, candidates, insr->stage_w, report));
  if (report->failed || !insr->options.estimate || !e->remainder) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(read_old(&system->set[0], t, dt, system->set[0].slot[BASE])); /* explicit Euler along the path */
  PetscCall(SinewInsrDistance(system, insr->stage_w, BASE, &report->error));
  report->error_order = 2;
  PetscFunctionReturn(PETSC_SUCCESS);
}
