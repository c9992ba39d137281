/* Time schemes: which targets and residuals follow one another in a step. */
#include "insr_private.h"

#define STAGES_MAX 5

/* Runge-Kutta methods whose stages follow one another. */
typedef struct {
  PetscInt stages, order;
  PetscBool stiffly_accurate; /* the last stage is the new level */
  PetscReal a[STAGES_MAX][STAGES_MAX], b[STAGES_MAX], c[STAGES_MAX];
  PetscReal embedded[STAGES_MAX]; /* all zero: none */
  PetscInt embedded_order;
  PetscReal data[STAGES_MAX][3]; /* of a stage: see InsrStage */
} Tableau;

static const Tableau euler = {1, 1, PETSC_TRUE, {{1}}, {1}, {1}, {0}, 0, {{0}}};
static const Tableau trapezoidal = {2, 2, PETSC_TRUE, {{0}, {0.5, 0.5}}, {0.5, 0.5}, {0, 1}, {0}, 0, {{0}}};
/* Its stages hold on faces what Runge-Kutta makes of g' there, not g of their times, which would lower the order to two
   (Carpenter, Gottlieb, Abarbanel & Don 1995, SIAM J. Sci. Comput. 16); g' by the parabola through t, t + dt/2, t + dt.
 */
static const Tableau classical = {4,
                                  4,
                                  PETSC_FALSE,
                                  {{0}, {0.5}, {0, 0.5}, {0, 0, 1}},
                                  {1. / 6, 1. / 3, 1. / 3, 1. / 6},
                                  {0, 0.5, 0.5, 1},
                                  {0, 1},
                                  2,
                                  {{0}, {-0.5, 2, -0.5}, {0.5, 0, 0.5}, {0}}};
/* Hairer & Wanner 1996, Solving Ordinary Differential Equations II, table IV.6.5, gamma = 1/4, order 4(3), L-stable */
static const Tableau sdirk = {5,
                              4,
                              PETSC_TRUE,
                              {{0.25},
                               {0.5, 0.25},
                               {17. / 50, -1. / 25, 0.25},
                               {371. / 1360, -137. / 2720, 15. / 544, 0.25},
                               {25. / 24, -49. / 48, 125. / 16, -85. / 12, 0.25}},
                              {25. / 24, -49. / 48, 125. / 16, -85. / 12, 0.25},
                              {0.25, 0.75, 11. / 20, 0.5, 1},
                              {59. / 48, -17. / 96, 225. / 32, -85. / 12, 0},
                              3,
                              {{0}}};

static const PetscReal only_density[3] = {1, 0, 0}, only_rate[3] = {0, 1, 0};

SinewJetOrder SinewInsrStepOrder(const SinewPointwise *e, SinewInsrScheme scheme)
{
  switch (scheme) {
  case SINEW_INSR_GAUSS: return e->second_order;
  case SINEW_INSR_RK4: return e->density_order;
  case SINEW_INSR_LAGRANGE: return e->remainder ? e->order : e->density_order;
  case SINEW_INSR_MIDPOINT: return e->projected ? e->density_order : e->order;
  default: return e->order;
  }
}

const PetscReal *SinewInsrExtrapolate(SinewInsr insr, PetscReal dt)
{
  const PetscReal s = dt / insr->scalars[LAST_DT];

  if (insr->scalars[LEVELS] < 1) return NULL;
  for (PetscInt k = 0; k < insr->P; k++) insr->guess[k] = (1 + s) * insr->w[k] - s * insr->previous[k];
  return insr->guess;
}

/* slot = q[0] q + q[1] f + q[2] f' of one level */
static PetscErrorCode fill(InsrSystem *system, const PetscReal w[], PetscReal t, const PetscReal q[3], PetscInt slot)
{
  const InsrLevels level = {.w = {w}, .c = {1}};
  const PetscReal none[1] = {0};

  PetscFunctionBegin;
  PetscCall(SinewInsrCombine(system, 1, none, slot)); /* zero */
  PetscCall(SinewInsrAccumulateSlot(system, &level, t, q, slot));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Runge-Kutta ---- */

/* target = base + dt sum of b_j rate_j; slots: TARGET, BASE, RATE + j */
static PetscErrorCode stage_target(InsrSystem *system, PetscReal dt, PetscInt stages, const PetscReal b[], PetscInt to)
{
  PetscReal c[INSR_SLOTS] = {0};

  PetscFunctionBegin;
  c[BASE] = 1;
  for (PetscInt j = 0; j < stages; j++) c[RATE + j] = dt * b[j];
  PetscCall(SinewInsrCombine(system, RATE + stages, c, to));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rate of stage i: f where the stage is explicit, else from its equation, (q - target) / (dt a_ii), which does not
   differentiate what the fit left over (Hairer & Wanner 1996, section IV.8). */
static PetscErrorCode stage_rate(InsrSystem *system, const Tableau *tableau, PetscInt i, PetscReal t, PetscReal dt,
                                 const PetscReal w[])
{
  const PetscReal a = tableau->a[i][i];
  PetscReal c[INSR_SLOTS] = {0};

  PetscFunctionBegin;
  if (a == 0) {
    PetscCall(fill(system, w, t, only_rate, RATE + i));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(fill(system, w, t, only_density, RATE + i));
  c[RATE + i] = 1 / (dt * a);
  c[TARGET] = -c[RATE + i];
  PetscCall(SinewInsrCombine(system, RATE + i + 1, c, RATE + i));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode embedded_error(SinewInsr insr, const Tableau *tableau, PetscReal dt, SinewInsrReport *report)
{
  PetscFunctionBegin;
  if (!insr->options.estimate || !tableau->embedded_order) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(stage_target(&insr->step, dt, tableau->stages, tableau->embedded, TARGET));
  PetscCall(SinewInsrDistance(&insr->step, insr->stage_w, TARGET, &report->error));
  report->error_order = tableau->embedded_order + 1;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The new level in insr->stage_w. */
static PetscErrorCode runge_kutta(SinewInsr insr, const Tableau *tableau, PetscReal t, PetscReal dt,
                                  SinewInsrReport *report)
{
  InsrSystem *system = &insr->step;
  PetscReal *w = insr->stage_w;

  PetscFunctionBegin;
  PetscCall(fill(system, insr->w, t, only_density, BASE));
  PetscCall(PetscArraycpy(w, insr->w, insr->P));
  for (PetscInt i = 0; i <= tableau->stages; i++) {
    const PetscBool last = (PetscBool)(i == tableau->stages);
    const PetscReal *b = last ? tableau->b : tableau->a[i], c = last ? 1 : tableau->c[i];

    if (last && tableau->stiffly_accurate) break;
    if (last || c > 0) { /* an explicit first stage is the old level */
      const PetscReal *candidates[3] = {w, report->solves ? insr->w : NULL, SinewInsrExtrapolate(insr, c * dt)};

      PetscCall(stage_target(system, dt, i, b, TARGET));
      system->stage = (InsrStage){.t = t + c * dt, .density = 1, .faces = PETSC_TRUE};
      system->stage.start = t;
      system->stage.dt = dt;
      if (!last) {
        system->stage.gamma = dt * tableau->a[i][i];
        PetscCall(PetscArraycpy(system->stage.data, tableau->data[i], 3));
      }
      PetscCall(SinewInsrSolve(system, 3, candidates, w, report));
      if (report->failed) PetscFunctionReturn(PETSC_SUCCESS);
    }
    if (!last && (i < tableau->stages - 1 || !tableau->stiffly_accurate || insr->options.estimate))
      PetscCall(stage_rate(system, tableau, i, t + c * dt, dt, w));
  }
  PetscCall(embedded_error(insr, tableau, dt, report));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the implicit midpoint rule ---- */

static PetscErrorCode keep_old_jets(SinewInsr insr)
{
  const SinewJetOrder order = insr->step.order;
  const PetscInt jets = insr->unknowns * SinewJetChannels(insr->dim, order);

  PetscFunctionBegin;
  for (PetscInt s = 0; s < insr->step.sets; s++) {
    InsrSet *set = &insr->step.set[s];

    for (PetscInt first = 0, n; first < set->count; first += n) {
      n = SinewCollocationBlock(set->collocation, set->n, first);
      PetscCall(SinewJetForward(insr->jet, insr->w, order, n, set->x + first * insr->dim, insr->jets));
      for (PetscInt j = 0; j < jets; j++)
        PetscCall(PetscArraycpy(set->old + j * set->count + first, insr->jets + j * n, n));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode midpoint(SinewInsr insr, PetscReal t, PetscReal dt, SinewInsrReport *report)
{
  InsrSystem *system = &insr->step;
  const PetscReal *candidates[2] = {insr->w, SinewInsrExtrapolate(insr, dt)};

  PetscFunctionBegin;
  PetscCall(keep_old_jets(insr));
  PetscCall(fill(system, insr->w, t, only_density, TARGET));
  system->stage = (InsrStage){.t = t + 0.5 * dt, .density = 1, .gamma = dt, .mean = 0.5, .faces = PETSC_TRUE};
  PetscCall(SinewInsrSolve(system, 2, candidates, insr->stage_w, report));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The same with f frozen at the mean of the old level and the last guess, first the extrapolation: for projections. */
static PetscErrorCode frozen_midpoint(SinewInsr insr, PetscReal t, PetscReal dt, SinewInsrReport *report)
{
  InsrSystem *system = &insr->step;
  const PetscReal *guess = SinewInsrExtrapolate(insr, dt);
  const PetscReal s = guess ? 0.5 * dt / insr->scalars[LAST_DT] : 0, both[3] = {0, dt, 0};
  InsrLevels mean = {.w = {insr->w, guess ? insr->previous : NULL}, .c = {1 + s, -s}};

  PetscFunctionBegin;
  system->stage = (InsrStage){.t = t + dt, .density = 1, .faces = PETSC_TRUE};
  for (PetscInt pass = 0; pass < insr->options.passes; pass++) {
    const PetscReal *candidates[2] = {pass ? insr->stage_w : insr->w, pass ? NULL : guess};

    PetscCall(fill(system, insr->w, t, only_density, TARGET));
    PetscCall(SinewInsrAccumulateSlot(system, &mean, t + 0.5 * dt, both, TARGET));
    PetscCall(SinewInsrSolve(system, 2, candidates, insr->stage_w, report));
    if (report->failed) PetscFunctionReturn(PETSC_SUCCESS);
    mean = (InsrLevels){.w = {insr->w, insr->stage_w}, .c = {0.5, 0.5}};
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Gauss of order 4 for linear f, as Pade(2,2) ---- */

static PetscErrorCode gauss(SinewInsr insr, PetscReal t, PetscReal dt, SinewInsrReport *report)
{
  InsrSystem *system = &insr->step;
  const PetscReal *candidates[2] = {insr->w, SinewInsrExtrapolate(insr, dt)};
  const PetscReal old[3] = {1, 0.5 * dt, dt * dt / 12};

  PetscFunctionBegin;
  PetscCall(fill(system, insr->w, t, old, TARGET));
  system->stage = (InsrStage){.t = t + dt, .density = 1, .gamma = 0.5 * dt, .delta = dt * dt / 12, .faces = PETSC_TRUE};
  PetscCall(SinewInsrSolve(system, 2, candidates, insr->stage_w, report));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Milne's error estimate ---- */

/*
  Weights of an explicit predictor q + dt (old[1] f + old[2] dt f' + previous[1] f_- + previous[2] dt f'_-) and the
  factor that turns corrector minus predictor into the corrector's error; r = last dt / dt.
    Euler against explicit Euler:       errors -1/2 and 1/2 of dt^2 q''
    order 2 against Adams-Bashforth 2:  -1/12 and 1/6 + r/4 of dt^3 q'''
    Gauss against the integral of Hermite's cubic through f, f' of two levels: 1/720 and
    (1/5 + r/2 + r^2/3) / 24 of dt^5 q^(5)
*/
static PetscReal predictor(SinewInsrScheme scheme, PetscReal r, PetscReal old[3], PetscReal previous[3])
{
  const PetscReal A = 1 / (r * r) + 1 / (2 * r * r * r), B = 1 / (3 * r) + 1 / (4 * r * r);

  old[0] = 1;
  previous[0] = 0;
  if (scheme == SINEW_INSR_EULER) {
    old[1] = 1;
    old[2] = previous[1] = previous[2] = 0;
    return 0.5;
  }
  if (scheme == SINEW_INSR_GAUSS) {
    old[1] = 1 - A;
    old[2] = 0.5 + r * A - B;
    previous[1] = A;
    previous[2] = B;
    return 1 / (30 * (0.2 + 0.5 * r + r * r / 3) - 1);
  }
  old[1] = 1 + 1 / (2 * r);
  previous[1] = -1 / (2 * r);
  old[2] = previous[2] = 0;
  return 1 / (3 + 3 * r);
}

static PetscErrorCode milne_error(SinewInsr insr, PetscReal t, PetscReal dt, SinewInsrReport *report)
{
  const SinewInsrScheme scheme = insr->options.scheme;
  const PetscReal last = insr->scalars[LAST_DT];
  const InsrLevels level = {.w = {insr->previous}, .c = {1}};
  PetscReal old[3], previous[3], factor;

  PetscFunctionBegin;
  if (!insr->options.estimate || (scheme != SINEW_INSR_EULER && insr->scalars[LEVELS] < 1))
    PetscFunctionReturn(PETSC_SUCCESS);
  factor = predictor(scheme, scheme == SINEW_INSR_EULER ? 1 : last / dt, old, previous);
  for (int k = 1; k < 3; k++) {
    old[k] *= k == 1 ? dt : dt * dt;
    previous[k] *= k == 1 ? dt : dt * dt;
  }
  PetscCall(fill(&insr->step, insr->w, t, old, BASE));
  if (scheme != SINEW_INSR_EULER) PetscCall(SinewInsrAccumulateSlot(&insr->step, &level, t - last, previous, BASE));
  PetscCall(SinewInsrDistance(&insr->step, insr->stage_w, BASE, &report->error));
  report->error *= factor;
  report->error_order = scheme == SINEW_INSR_EULER ? 2 : scheme == SINEW_INSR_GAUSS ? 5 : 3;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- all schemes ---- */

PetscErrorCode SinewInsrAdvance(SinewInsr insr, PetscReal t, PetscReal dt, SinewInsrReport *report)
{
  const SinewInsrScheme scheme = insr->options.scheme;

  PetscFunctionBegin;
  switch (scheme) {
  case SINEW_INSR_EULER: PetscCall(runge_kutta(insr, &euler, t, dt, report)); break;
  case SINEW_INSR_TRAPEZOIDAL: PetscCall(runge_kutta(insr, &trapezoidal, t, dt, report)); break;
  case SINEW_INSR_SDIRK: PetscCall(runge_kutta(insr, &sdirk, t, dt, report)); break;
  case SINEW_INSR_RK4: PetscCall(runge_kutta(insr, &classical, t, dt, report)); break;
  case SINEW_INSR_MIDPOINT:
    PetscCall((insr->equation->projected ? frozen_midpoint : midpoint)(insr, t, dt, report));
    break;
  case SINEW_INSR_GAUSS: PetscCall(gauss(insr, t, dt, report)); break;
  case SINEW_INSR_LAGRANGE: PetscCall(SinewInsrAdvanceLagrange(insr, t, dt, report)); break;
  case SINEW_INSR_VARIATIONAL: PetscCall(SinewInsrAdvanceVariational(insr, t, dt, report)); break;
  case SINEW_INSR_GALERKIN: PetscCall(SinewInsrAdvanceGalerkin(insr, t, dt, report)); break;
  }
  if (!report->failed && (scheme == SINEW_INSR_EULER || scheme == SINEW_INSR_TRAPEZOIDAL ||
                          scheme == SINEW_INSR_MIDPOINT || scheme == SINEW_INSR_GAUSS))
    PetscCall(milne_error(insr, t, dt, report));
  PetscFunctionReturn(PETSC_SUCCESS);
}
