/* Damped Newton with the convex part of the Hessian, and what all methods for energies share. */
#include "energy_private.h"

#define RIDGE_GROWTH  10   /* of damping that leaves a matrix indefinite */
#define LONGEST_CURVE 0.75 /* |a| / 2 against |d|: Transtrum & Sethna 2012, equation 15 */

typedef struct {
  PetscReal nu;              /* Nielsen's factor of the next refusal */
  PetscReal *d, *bent, *end; /* [P] the step, what accelerates it, where it ends */
} Step;

/* ---- sums over parts and ranks ---- */

PetscErrorCode SinewEnergyValue(SinewLeastSquares ls, const SinewEnergyProblem *p, const PetscReal w[],
                                PetscReal sum[2])
{
  PetscFunctionBegin;
  for (PetscInt part = 0; part < ls->problem.parts; part++) {
    PetscCall(p->energy(p->ctx, w, part, ls->partial));
    SinewLeastSquaresFold(ls, part, 2);
  }
  PetscCall(SinewLeastSquaresFinish(ls, 2, sum));
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef enum { GRADIENT, CURVATURE, BEND } Derivative;

/* Over all points: the gradient, the Hessian times v where the energy is linearised, or what bends along v. */
static PetscErrorCode sum_of(SinewLeastSquares ls, const SinewEnergyProblem *p, Derivative which, const PetscReal w[],
                             const PetscReal v[], PetscReal sum[])
{
  PetscFunctionBegin;
  for (PetscInt part = 0; part < ls->problem.parts; part++) {
    PetscCall(PetscArrayzero(ls->partial, ls->P));
    if (which == GRADIENT)
      PetscCall(p->gradient(p->ctx, w, part, ls->partial));
    else
      PetscCall((which == CURVATURE ? p->curvature : p->bend)(p->ctx, w, v, part, ls->partial));
    SinewLeastSquaresFold(ls, part, ls->P);
  }
  PetscCall(SinewLeastSquaresFinish(ls, ls->P, sum));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewEnergyProducts(SinewLeastSquares ls, const SinewEnergyProblem *p, const PetscReal w[],
                                   const PetscReal v[], PetscReal g[], PetscReal h[])
{
  PetscFunctionBegin;
  PetscCall(p->linearise(p->ctx, w));
  PetscCall(sum_of(ls, p, GRADIENT, w, NULL, g));
  if (v) PetscCall(sum_of(ls, p, CURVATURE, w, v, h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewEnergyCurvature(EnergySolve *s, const PetscReal w[], const PetscReal v[], PetscReal h[])
{
  PetscFunctionBegin;
  PetscCall(sum_of(s->metric, s->problem, CURVATURE, w, v, h));
  s->report->krylov++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the metric ---- */

PetscErrorCode SinewEnergyAssemble(EnergySolve *s, const PetscReal w[])
{
  SinewLeastSquares ls = s->metric;

  PetscFunctionBegin;
  PetscCall(PetscArraycpy(ls->origin, w, ls->P));
  PetscCall(PetscArrayzero(ls->r, ls->rows));
  PetscCall(SinewLeastSquaresAssemble(ls, w, 0));
  s->report->matrices++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewEnergyFactor(EnergySolve *s)
{
  SinewLeastSquares ls = s->metric;
  PetscBool ok;

  PetscFunctionBegin;
  PetscCall(SinewLeastSquaresFactor(ls, s->mu, &ok));
  while (!ok && s->mu < ls->options.damping_most) {
    s->mu = PetscMax(s->mu, 1e-15) * RIDGE_GROWTH;
    PetscCall(SinewLeastSquaresFactor(ls, s->mu, &ok));
  }
  PetscCheck(ok, ls->comm, SINEW_ERR_BREAKDOWN, "the energy has no second derivatives that are numbers");
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewEnergyPrecondition(EnergySolve *s, const PetscReal r[], PetscReal z[])
{
  SinewLeastSquares ls = s->metric;

  PetscFunctionBegin;
  PetscCall(SinewLeastSquaresBackSolve(ls, r, z));
  for (PetscInt k = 0; k < ls->P; k++) z[k] = -z[k];
  if (ls->size > 1) PetscCallMPI(MPI_Bcast(z, (PetscMPIInt)ls->P, MPIU_REAL, 0, ls->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscReal dot(PetscInt n, const PetscReal x[], const PetscReal y[])
{
  PetscReal sum = 0;

  for (PetscInt k = 0; k < n; k++) sum += x[k] * y[k];
  return sum;
}

PetscErrorCode SinewEnergyDecrement(EnergySolve *s)
{
  PetscFunctionBegin;
  PetscCall(SinewEnergyPrecondition(s, s->g, s->z));
  s->decrement = PetscSqrtReal(PetscMax(dot(s->metric->P, s->g, s->z), 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscReal SinewEnergyLeastGain(const EnergySolve *s)
{
  const SinewLeastSquaresOptions *o = &s->metric->options;

  return PetscMax(PetscSqr(PetscMax(o->tolerance, o->stagnation)), ENERGY_ROUNDING) * s->size;
}

/* ---- steps ---- */

/* Geodesic acceleration of the step d: half of a, (J'J + mu D) a = - J' e'' u'', where it is short. */
static PetscErrorCode accelerate(EnergySolve *s, const PetscReal w[], Step *step)
{
  SinewLeastSquares ls = s->metric;

  PetscFunctionBegin;
  PetscCall(sum_of(ls, s->problem, BEND, w, step->d, step->bent));
  PetscCall(SinewEnergyPrecondition(s, step->bent, step->end));
  if (dot(ls->P, step->end, step->end) <= PetscSqr(2 * LONGEST_CURVE) * dot(ls->P, step->d, step->d))
    for (PetscInt k = 0; k < ls->P; k++) step->d[k] -= 0.5 * step->end[k];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A step at this damping; *gain is its share of what the linear model promises, negative where the energy rises. */
static PetscErrorCode attempt(EnergySolve *s, const PetscReal w[], Step *step, PetscReal sum[2], PetscReal *gain)
{
  SinewLeastSquares ls = s->metric;
  PetscReal promise = 0;

  PetscFunctionBegin;
  PetscCall(SinewEnergyFactor(s));
  PetscCall(SinewEnergyDecrement(s));
  for (PetscInt k = 0; k < ls->P; k++) step->d[k] = -s->z[k];
  for (PetscInt k = 0; k < ls->P; k++) /* -g d - d J'J d / 2 with J'J d = -g - mu D d */
    promise += 0.5 * step->d[k] * (s->mu * SinewLeastSquaresScale(ls, k) * step->d[k] - s->g[k]);
  if (ls->options.acceleration) PetscCall(accelerate(s, w, step));
  for (PetscInt k = 0; k < ls->P; k++) step->end[k] = w[k] + step->d[k];
  PetscCall(SinewEnergyValue(ls, s->problem, step->end, sum));
  s->report->evaluations++;
  *gain = promise > 0 && sum[0] < s->energy ? (s->energy - sum[0]) / promise : -1; /* NaN: -1 */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Raises the damping until a step lowers the energy; *done when none does that would matter. */
static PetscErrorCode damped_step(EnergySolve *s, PetscReal w[], Step *step, PetscBool *done)
{
  const SinewLeastSquaresOptions *o = &s->metric->options;
  PetscReal sum[2], gain = -1, cubed;

  PetscFunctionBegin;
  *done = PETSC_FALSE;
  for (;;) {
    PetscCall(attempt(s, w, step, sum, &gain));
    if (s->report->matrices == 1 && step->nu <= 2) s->report->first = s->decrement;
    if (gain > 0) break;
    s->mu = PetscMax(s->mu, 1e-15) * step->nu;
    step->nu *= 2;
    *done = (PetscBool)(s->mu > o->damping_most || PetscSqr(s->decrement) <= ENERGY_ROUNDING * s->size);
    if (*done) PetscFunctionReturn(PETSC_SUCCESS);
  }
  cubed = 2 * PetscMin(gain, 1) - 1;
  s->mu = PetscMax(o->damping_least, s->mu * PetscMax(0.2, 1 - cubed * cubed * cubed));
  step->nu = 2;
  PetscCall(PetscArraycpy(w, step->end, s->metric->P));
  s->energy = sum[0];
  s->size = sum[1];
  s->report->iterations++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode iterate(EnergySolve *s, PetscReal w[])
{
  const size_t P = (size_t)s->metric->P;
  const SinewLeastSquaresOptions *o = &s->metric->options;
  Step step = {.nu = 2};
  PetscBool done = PETSC_FALSE;

  PetscFunctionBegin;
  PetscCall(PetscMalloc3(P, &step.d, P, &step.bent, P, &step.end));
  while (!done && s->report->iterations < o->iterations) {
    const PetscReal before = s->energy;

    PetscCall(SinewEnergyProducts(s->metric, s->problem, w, NULL, s->g, NULL));
    PetscCall(SinewEnergyAssemble(s, w));
    PetscCall(damped_step(s, w, &step, &done));
    if (done) {
      s->report->reason = s->mu > o->damping_most ? "damping" : "stagnation";
    } else if (s->decrement <= o->tolerance * PetscSqrtReal(s->size)) {
      s->report->reason = "residual";
      done = PETSC_TRUE;
    } else if (before - s->energy <= SinewEnergyLeastGain(s)) {
      s->report->reason = "stagnation";
      done = PETSC_TRUE;
    }
  }
  PetscCall(PetscFree3(step.d, step.bent, step.end));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- a solve ---- */

/* The guess of least energy into w. */
static PetscErrorCode choose(EnergySolve *s, PetscInt n, const PetscReal *const guess[], PetscReal w[], PetscInt *best)
{
  PetscReal sum[2];

  PetscFunctionBegin;
  *best = -1;
  s->energy = PETSC_MAX_REAL;
  for (PetscInt k = 0; k < n; k++) {
    if (!guess[k]) continue;
    PetscCall(SinewEnergyValue(s->metric, s->problem, guess[k], sum));
    s->report->evaluations++;
    if (!(sum[0] < s->energy)) continue; /* nor NaN */
    s->energy = sum[0];
    s->size = sum[1];
    *best = k;
  }
  if (*best >= 0 && guess[*best] != w) PetscCall(PetscArraycpy(w, guess[*best], s->metric->P));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewEnergyMinimise(SinewLeastSquares ls, const SinewEnergyProblem *problem,
                                   SinewLeastSquaresSolver method, PetscInt n, const PetscReal *const guess[],
                                   PetscReal w[], PetscInt *best, SinewLeastSquaresReport *report)
{
  EnergySolve s = {.metric = ls, .problem = problem, .report = report};

  PetscFunctionBegin;
  PetscCheck(ls->solver == SINEW_LS_NORMAL && ls->options.subset == 1, ls->comm, PETSC_ERR_SUP,
             "the metric of an energy is a whole Gram matrix");
  *report = (SinewLeastSquaresReport){.rows = ls->all_rows, .parameters = ls->P, .reason = "iterations"};
  s.mu = report->damping = PetscMax(ls->options.damping_least, PetscMin(ls->options.damping, ls->options.damping_most));
  PetscCall(choose(&s, n, guess, w, best));
  if (*best < 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscCalloc2((size_t)ls->P, &s.g, (size_t)ls->P, &s.z));
  PetscCall(method == SINEW_LS_NEWTON_CG ? SinewEnergyNewtonCG(&s, w) : iterate(&s, w));
  report->residual = report->gradient = s.decrement;
  report->damping = s.mu;
  report->condition = ls->report.condition;
  PetscCall(PetscFree2(s.g, s.z));
  PetscFunctionReturn(PETSC_SUCCESS);
}
