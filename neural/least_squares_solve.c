/* The Levenberg-Marquardt iteration. */
#include "least_squares_private.h"

#define HELD_OUT_PATIENCE 3
#define PROBE             0.1  /* of the step: where the second derivative is probed */
#define LONGEST_CURVE     0.75 /* |a| / 2 against |d|: Transtrum & Sethna 2012, equation 15 */
#define GOOD_CHORD        0.7  /* a reused matrix goes on as long as it lowers |r| to this fraction */

typedef struct {
  PetscReal norm, nu; /* |r|; Nielsen's factor of the next rejection */
  PetscReal held_out, held_out_best;
  PetscInt held_out_bad;
} State;

static PetscReal dot(PetscInt n, const PetscReal x[], const PetscReal y[])
{
  PetscReal sum = 0;

  for (PetscInt k = 0; k < n; k++) sum += x[k] * y[k];
  return sum;
}

/* |r| at ls->w_new, r in ls->r_new. All ranks take rank 0's weights: machines may differ in the last bit. */
static PetscErrorCode evaluate_new(SinewLeastSquares ls, PetscReal *norm)
{
  PetscFunctionBegin;
  if (ls->size > 1) PetscCallMPI(MPI_Bcast(ls->w_new, (PetscMPIInt)ls->P, MPIU_REAL, 0, ls->comm));
  PetscCall(SinewLeastSquaresNorm(ls, ls->w_new, norm));
  ls->report.evaluations++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode accept(SinewLeastSquares ls, PetscReal norm, PetscReal w[], State *state)
{
  PetscReal *swap = ls->r;

  PetscFunctionBegin;
  PetscCall(PetscArraycpy(w, ls->w_new, ls->P));
  ls->r = ls->r_new;
  ls->r_new = swap;
  state->norm = norm;
  ls->report.iterations++;
  if (ls->options.monitor)
    PetscCall(ls->options.monitor(ls->options.monitor_ctx, ls->report.iterations, norm, ls->report.damping));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  Geodesic acceleration: adds a / 2 to the step when it is short. With y = r(w + h d) - r and
  (J'J + mu D) d = -g, J' r'' = 2 / h (J'y / h - J'J d), and J'J d = -g - mu D d costs nothing.
*/
static PetscErrorCode accelerate(SinewLeastSquares ls, const PetscReal w[], PetscReal mu)
{
  PetscReal *curve = ls->w_new, probed;

  PetscFunctionBegin;
  for (PetscInt k = 0; k < ls->P; k++) ls->w_new[k] = w[k] + PROBE * ls->d[k];
  PetscCall(evaluate_new(ls, &probed));
  if (PetscIsInfOrNanReal(probed)) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt i = 0; i < ls->rows; i++) ls->y[i] = ls->r_new[i] - ls->r[i];
  PetscCall(SinewLeastSquaresTransposeAssembled(ls, ls->y, ls->a));
  for (PetscInt k = 0; k < ls->P; k++) {
    const PetscReal Jd = -ls->g[k] - mu * SinewLeastSquaresScale(ls, k) * ls->d[k];

    ls->a[k] = 2 / PROBE * (ls->a[k] / PROBE - Jd);
  }
  PetscCall(SinewLeastSquaresBackSolve(ls, ls->a, curve));
  if (dot(ls->P, curve, curve) <= PetscSqr(2 * LONGEST_CURVE) * dot(ls->P, ls->d, ls->d))
    for (PetscInt k = 0; k < ls->P; k++) ls->d[k] += 0.5 * curve[k];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What the linear model promises for the plain step: d'(mu D d - g). */
static PetscReal promised(SinewLeastSquares ls, PetscReal mu)
{
  PetscReal sum = 0;

  for (PetscInt k = 0; k < ls->P; k++) sum += ls->d[k] * (mu * SinewLeastSquaresScale(ls, k) * ls->d[k] - ls->g[k]);
  return sum;
}

/* One factorisation at damping mu and the step that follows; *gain is minus one where there is none. */
static PetscErrorCode attempt(SinewLeastSquares ls, const PetscReal w[], PetscReal mu, const State *state,
                              PetscReal *gain, PetscReal *norm)
{
  PetscReal promise;
  PetscBool ok;

  PetscFunctionBegin;
  *gain = -1;
  PetscCall(SinewLeastSquaresFactor(ls, mu, &ok));
  if (!ok) PetscFunctionReturn(PETSC_SUCCESS);
  if (ls->solver == SINEW_LS_LSQR)
    PetscCall(SinewLeastSquaresKrylov(ls, w, mu, ls->d));
  else
    PetscCall(SinewLeastSquaresBackSolve(ls, ls->g, ls->d));
  promise = promised(ls, mu);
  if (ls->options.acceleration && ls->solver != SINEW_LS_LSQR) PetscCall(accelerate(ls, w, mu));
  for (PetscInt k = 0; k < ls->P; k++) ls->w_new[k] = w[k] + ls->d[k];
  PetscCall(evaluate_new(ls, norm));
  if (*norm < state->norm && promise > 0) *gain = (PetscSqr(state->norm) - PetscSqr(*norm)) / promise;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Raises the damping until a step lowers |r|; *done when none does. */
static PetscErrorCode damped_step(SinewLeastSquares ls, PetscReal w[], State *state, PetscBool *done)
{
  const SinewLeastSquaresOptions *o = &ls->options;
  PetscReal *mu = &ls->report.damping, gain, norm = 0, cubed;

  PetscFunctionBegin;
  *done = PETSC_FALSE;
  ls->fresh = PETSC_TRUE;
  for (;;) {
    PetscCall(attempt(ls, w, *mu, state, &gain, &norm));
    if (gain > 0) break;
    *mu = PetscMax(*mu, 1e-15) * state->nu;
    state->nu *= 2;
    if (*mu > o->damping_most) {
      *mu = o->damping_most;
      *done = PETSC_TRUE;
      PetscFunctionReturn(PETSC_SUCCESS);
    }
  }
  cubed = 2 * PetscMin(gain, 1) - 1;
  *mu = PetscMax(o->damping_least, *mu * PetscMax(0.2, 1 - cubed * cubed * cubed));
  state->nu = 2;
  PetscCall(accept(ls, norm, w, state));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Steps on the factor and with the Jacobian at hand: a fresh J' would have components where the old J'J is blind, and
   1 / mu would blow them up. */
static PetscErrorCode chords(SinewLeastSquares ls, PetscReal w[], State *state)
{
  const SinewLeastSquaresOptions *o = &ls->options;

  PetscFunctionBegin;
  if (ls->solver == SINEW_LS_LSQR) PetscFunctionReturn(PETSC_SUCCESS);
  ls->fresh = PETSC_FALSE;
  for (PetscInt k = 0; k < o->reuse && state->norm > o->tolerance && ls->report.iterations < o->iterations; k++) {
    const PetscReal before = state->norm;
    PetscReal norm;

    PetscCall(SinewLeastSquaresTransposeAssembled(ls, ls->r, ls->g));
    PetscCall(SinewLeastSquaresBackSolve(ls, ls->g, ls->d));
    for (PetscInt i = 0; i < ls->P; i++) ls->w_new[i] = w[i] + ls->d[i];
    PetscCall(evaluate_new(ls, &norm));
    if (!(norm < before)) break;
    PetscCall(accept(ls, norm, w, state));
    if (norm > GOOD_CHORD * before) break;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Keeps the best weights at the held-out points; true when they have grown worse too often. */
static PetscErrorCode check_held_out(SinewLeastSquares ls, PetscReal w[], State *state, PetscBool *stop)
{
  PetscReal sum = 0;

  PetscFunctionBegin;
  *stop = PETSC_FALSE;
  if (!ls->problem.held_out) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ls->problem.held_out(ls->problem.ctx, w, &sum));
  PetscCall(SinewLeastSquaresSumRanks(ls, 1, &sum));
  state->held_out = PetscSqrtReal(sum);
  if (state->held_out < state->held_out_best) {
    state->held_out_best = state->held_out;
    state->held_out_bad = 0;
    PetscCall(PetscArraycpy(ls->best, w, ls->P));
  } else if (++state->held_out_bad >= HELD_OUT_PATIENCE) {
    *stop = PETSC_TRUE;
    PetscCall(PetscArraycpy(w, ls->best, ls->P));
    PetscCall(SinewLeastSquaresNorm(ls, w, &state->norm));
    state->held_out = state->held_out_best;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The guess with the least |r| into w, its residual into ls->r. */
static PetscErrorCode choose(SinewLeastSquares ls, PetscInt n, const PetscReal *const guess[], PetscReal w[],
                             State *state, PetscInt *best)
{
  PetscFunctionBegin;
  *best = -1;
  state->norm = PETSC_MAX_REAL;
  for (PetscInt k = 0; k < n; k++) {
    PetscReal norm, *swap = ls->r;

    if (!guess[k]) continue;
    PetscCall(PetscArraycpy(ls->w_new, guess[k], ls->P));
    PetscCall(evaluate_new(ls, &norm));
    if (!(norm < state->norm)) continue; /* nor NaN */
    state->norm = norm;
    *best = k;
    PetscCall(PetscArraycpy(ls->best, ls->w_new, ls->P));
    ls->r = ls->r_new;
    ls->r_new = swap;
  }
  if (*best >= 0) PetscCall(PetscArraycpy(w, ls->best, ls->P));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether no damping made a factor: derivatives that are all zero, or not numbers. */
static PetscBool singular(SinewLeastSquares ls)
{
  const PetscReal condition = ls->report.condition;

  return (PetscBool)(ls->solver != SINEW_LS_LSQR &&
                     (condition == 0 || PetscIsInfOrNanReal(condition) || condition >= PETSC_MAX_REAL));
}

/* One matrix and all the steps taken with it; sets report.reason and *done at the end. */
static PetscErrorCode iterate(SinewLeastSquares ls, PetscReal w[], State *state, PetscBool *done)
{
  const PetscReal before = state->norm;
  PetscBool stop;

  PetscFunctionBegin;
  PetscCall(PetscArraycpy(ls->origin, w, ls->P));
  PetscCall(SinewLeastSquaresAssemble(ls, w, ls->report.matrices));
  ls->report.gradient = PetscSqrtReal(dot(ls->P, ls->g, ls->g));
  PetscCall(damped_step(ls, w, state, done));
  if (*done) {
    ls->report.reason = singular(ls) ? "singular" : "damping";
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(chords(ls, w, state));
  PetscCall(check_held_out(ls, w, state, &stop));
  if (state->norm <= ls->options.tolerance) {
    *done = PETSC_TRUE;
    ls->report.reason = "residual";
  } else if (stop) {
    *done = PETSC_TRUE;
    ls->report.reason = "held-out";
  } else if (before - state->norm < ls->options.stagnation * before) {
    *done = PETSC_TRUE;
    ls->report.reason = "stagnation";
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The original's optimiser. */
static PetscErrorCode by_adam(SinewLeastSquares ls, PetscReal w[], SinewLeastSquaresReport *report)
{
  SinewAdamOptions o = SinewAdamDefaults();
  SinewAdamReport adam;

  PetscFunctionBegin;
  o.iterations = ls->options.iterations;
  o.rate = ls->options.rate;
  o.tolerance = ls->options.tolerance;
  PetscCall(SinewLeastSquaresAdam(ls, &o, w, &adam));
  *report = (SinewLeastSquaresReport){.iterations = adam.iterations,
                                      .evaluations = adam.iterations,
                                      .first = adam.first,
                                      .damping = ls->options.damping,
                                      .rows = ls->all_rows,
                                      .parameters = ls->P,
                                      .reason = "iterations"};
  PetscCall(SinewLeastSquaresNorm(ls, w, &report->residual));
  if (report->residual <= o.tolerance) report->reason = "residual";
  if (o.rate_stop > 0 && adam.rate <= o.rate_stop) report->reason = "stagnation";
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The reports of methods without a Jacobian are their own. */
static PetscErrorCode other_method(SinewLeastSquares ls, PetscReal w[], SinewLeastSquaresReport *report)
{
  PetscFunctionBegin;
  if (ls->solver == SINEW_LS_ADAM)
    PetscCall(by_adam(ls, w, report));
  else
    PetscCall(SinewLeastSquaresLBFGS(ls, w, report));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewLeastSquaresSolveFrom(SinewLeastSquares ls, PetscInt n, const PetscReal *const guess[],
                                          PetscReal w[], PetscInt *best, SinewLeastSquaresReport *out)
{
  SinewLeastSquaresReport *report = &ls->report;
  State state = {.nu = 2, .held_out_best = PETSC_MAX_REAL};
  PetscBool done = PETSC_FALSE;

  PetscFunctionBegin;
  *report = (SinewLeastSquaresReport){.rows = ls->all_rows, .parameters = ls->P, .reason = "iterations"};
  report->damping = PetscMax(ls->options.damping_least, PetscMin(ls->options.damping, ls->options.damping_most));
  PetscCall(choose(ls, n, guess, w, &state, best));
  if (*best < 0) PetscFunctionReturn(PETSC_SUCCESS);
  if (ls->solver == SINEW_LS_LBFGS || ls->solver == SINEW_LS_ADAM) {
    PetscCall(other_method(ls, w, out));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  report->first = state.norm;
  if (state.norm <= ls->options.tolerance) {
    done = PETSC_TRUE;
    report->reason = "residual";
  }
  while (!done && report->iterations < ls->options.iterations) PetscCall(iterate(ls, w, &state, &done));
  report->residual = state.norm;
  report->held_out = state.held_out;
  *out = *report;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewLeastSquaresSolve(SinewLeastSquares ls, PetscReal w[], SinewLeastSquaresReport *report)
{
  const PetscReal *const guess[1] = {w};
  PetscInt best;

  PetscFunctionBegin;
  PetscCall(SinewLeastSquaresSolveFrom(ls, 1, guess, w, &best, report));
  PetscCheck(best == 0, ls->comm, SINEW_ERR_BREAKDOWN,
             "least squares: the residual of the first guess is not a number");
  PetscFunctionReturn(PETSC_SUCCESS);
}
