#include "least_squares_private.h"

SinewAdamOptions SinewAdamDefaults(void)
{
  return (SinewAdamOptions){.iterations = 20000,
                            .rate = 1e-4,
                            .beta1 = 0.9,
                            .beta2 = 0.999,
                            .epsilon = 1e-8,
                            .factor = 0.1,
                            .rate_least = 1e-8,
                            .patience = 500,
                            .rate_stop = 1.1e-8};
}

/* torch.optim.lr_scheduler.ReduceLROnPlateau, mode min, threshold 1e-4 relative, eps 1e-8 */
typedef struct {
  PetscReal best;
  PetscInt bad;
} Plateau;

static PetscReal plateau_step(Plateau *plateau, const SinewAdamOptions *o, PetscReal loss, PetscReal rate)
{
  PetscReal lower;

  if (loss < plateau->best * (1 - 1e-4)) {
    plateau->best = loss;
    plateau->bad = 0;
    return rate;
  }
  if (++plateau->bad <= o->patience) return rate;
  plateau->bad = 0;
  lower = PetscMax(rate * o->factor, o->rate_least);
  return rate - lower > 1e-8 ? lower : rate;
}

/* m and v are in ls->d and ls->a, the gradient of |r|^2 is 2 g; t counts from 1. */
static void adam_step(SinewLeastSquares ls, const SinewAdamOptions *o, PetscReal rate, PetscInt t, PetscReal w[])
{
  const PetscReal correction1 = 1 - PetscPowReal(o->beta1, (PetscReal)t);
  const PetscReal correction2 = PetscSqrtReal(1 - PetscPowReal(o->beta2, (PetscReal)t));

  for (PetscInt k = 0; k < ls->P; k++) {
    const PetscReal g = 2 * ls->g[k];

    ls->d[k] = o->beta1 * ls->d[k] + (1 - o->beta1) * g;
    ls->a[k] = o->beta2 * ls->a[k] + (1 - o->beta2) * g * g;
    w[k] -= rate / correction1 * (ls->d[k] / (PetscSqrtReal(ls->a[k]) / correction2 + o->epsilon));
  }
}

PetscErrorCode SinewLeastSquaresAdam(SinewLeastSquares ls, const SinewAdamOptions *o, PetscReal w[],
                                     SinewAdamReport *report)
{
  Plateau plateau = {.best = PETSC_MAX_REAL};
  PetscReal rate = o->rate, loss;

  PetscFunctionBegin;
  *report = (SinewAdamReport){0};
  PetscCall(PetscArrayzero(ls->d, ls->P));
  PetscCall(PetscArrayzero(ls->a, ls->P));
  for (PetscInt it = 0; it < o->iterations; it++) {
    if (o->resample) PetscCall(o->resample(o->resample_ctx, it));
    PetscCall(ls->problem.residual(ls->problem.ctx, w, ls->r));
    PetscCall(SinewLeastSquaresSquares(ls, ls->r, &loss));
    PetscCheck(!PetscIsInfOrNanReal(loss), ls->comm, SINEW_ERR_BREAKDOWN,
               "Adam: the residual is not a number after %" PetscInt_FMT " iterations", it);
    if (it && PetscSqrtReal(loss) <= o->tolerance) break;
    PetscCall(SinewLeastSquaresTranspose(ls, w, ls->r, ls->g));
    adam_step(ls, o, rate, it + 1, w);
    if (o->factor < 1) rate = plateau_step(&plateau, o, loss, rate);
    if (it == 0) report->first = PetscSqrtReal(loss);
    report->residual = PetscSqrtReal(loss);
    report->iterations = it + 1;
    if (o->rate_stop > 0 && rate <= o->rate_stop) break;
  }
  report->rate = rate;
  PetscFunctionReturn(PETSC_SUCCESS);
}
