/*
  The original's way: Adam on a fresh Monte-Carlo estimate of the loss in every iteration, 5000 points in 1D and 128^2
  in 2D. One phase for a scalar; for flows three, velocity towards the carried velocity, pressure, velocity towards
  its projection. Some iterations are timed; a step's seconds are those times the iterations that the original's own
  runs took on average.
*/
#include "bench.h"
#include "neural/collocation.h"
#include "neural/sampling.h"

#define TIMED 20

typedef struct {
  const BenchCase *c;
  SinewJet jet;
  SinewCollocation collocation;
  SinewJetOrder order;
  PetscInt n, first, count, outputs;
  PetscReal *x, *jets, *target, *w;
} Phase;

/* The rows' common shape: a linear map of the jet minus a target. u - target; with a gradient (1D) the midpoint rule's
   u / dt + v u_x / 2; with a Laplacian -lap p. */
static PetscErrorCode residual(void *ctx, PetscInt first, PetscInt n, const PetscReal x[], const PetscReal u[],
                               PetscReal r[], PetscReal dr[])
{
  const Phase *p = ctx;
  const PetscInt channels = SinewJetChannels(p->c->dim, p->order), last = channels - 1;
  const PetscReal a = p->order == SINEW_JET_VALUE ? 1 : p->c->dim == 1 ? 1 / p->c->dt : 0, b = channels > 1 ? 0.125 : 0;

  (void)x;
  for (PetscInt o = 0; o < p->outputs; o++) {
    for (PetscInt k = 0; k < n; k++) {
      r[o * n + k] = a * u[o * channels * n + k] - p->target[o * p->count + first + k];
      if (b != 0) r[o * n + k] += b * u[(o * channels + last) * n + k];
      if (!dr) continue;
      dr[(o * p->outputs + o) * channels * n + k] = a;
      if (b != 0) dr[((o * p->outputs + o) * channels + last) * n + k] = b;
    }
  }
  return PETSC_SUCCESS;
}

/* New points, and the old level there, which costs as much as a forward pass. */
static PetscErrorCode resample(void *ctx, PetscInt iteration)
{
  Phase *p = ctx;
  const PetscInt channels = SinewJetChannels(p->c->dim, p->order);

  PetscFunctionBeginUser;
  PetscCall(SinewSamplePoints(SINEW_SAMPLE_UNIFORM, 1, iteration, p->c->dim, p->c->lower, p->c->upper, p->n, p->first,
                              p->count, p->x));
  PetscCall(SinewCollocationSetPoints(p->collocation, 0, p->x, NULL));
  PetscCall(SinewJetEvaluate(p->jet, p->w, p->order, p->count, p->x, p->jets));
  for (PetscInt o = 0; o < p->outputs; o++)
    PetscCall(PetscArraycpy(p->target + o * p->count, p->jets + o * channels * p->count, p->count));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Seconds of one iteration of one phase. */
static PetscErrorCode time_phase(const BenchCase *c, PetscInt outputs, SinewJetOrder order, PetscReal *seconds,
                                 PetscReal *cpu)
{
  const SinewJetOptions network = {
      .dim = c->dim, .outputs = outputs, .width = c->dim == 1 ? 20 : 32, .layers = c->dim == 1 ? 3 : 4, .omega = 30};
  SinewLeastSquaresOptions options = SinewLeastSquaresDefaults();
  SinewLeastSquaresProblem problem;
  SinewLeastSquares ls;
  SinewAdamOptions adam = SinewAdamDefaults();
  SinewAdamReport report;
  Phase p = {.c = c, .order = order, .n = c->adam_points, .outputs = outputs};
  PetscInt term;
  PetscReal *w;

  PetscFunctionBeginUser;
  PetscCall(SinewJetCreate(&network, 128, &p.jet));
  PetscCall(SinewCollocationCreate(PETSC_COMM_WORLD, p.jet, 4, &p.collocation));
  PetscCall(SinewCollocationAddTerm(p.collocation, order, p.n, outputs, residual, &p, &term));
  PetscCall(SinewCollocationRange(p.collocation, p.n, &p.first, &p.count));
  PetscCall(PetscMalloc5(
      (size_t)(p.count * c->dim), &p.x, (size_t)(p.count * outputs * SinewJetChannels(c->dim, order)), &p.jets,
      (size_t)(p.count * outputs), &p.target, (size_t)SinewJetSize(p.jet), &p.w, (size_t)SinewJetSize(p.jet), &w));
  PetscCall(SinewJetInitialise(p.jet, 1, p.w));
  PetscCall(SinewJetInitialise(p.jet, 2, w));
  PetscCall(SinewCollocationProblem(p.collocation, &problem));
  options.solver = SINEW_LS_LSQR; /* no matrix is ever needed */
  PetscCall(SinewLeastSquaresCreate(PETSC_COMM_WORLD, &problem, &options, &ls));
  adam.iterations = TIMED;
  adam.resample = resample;
  adam.resample_ctx = &p;
  *seconds = -BenchSeconds();
  *cpu = -BenchCpu();
  PetscCall(SinewLeastSquaresAdam(ls, &adam, w, &report));
  *seconds = (*seconds + BenchSeconds()) / TIMED;
  *cpu = (*cpu + BenchCpu()) / TIMED;
  PetscCall(SinewLeastSquaresDestroy(&ls));
  PetscCall(SinewCollocationDestroy(&p.collocation));
  PetscCall(SinewJetDestroy(&p.jet));
  PetscCall(PetscFree5(p.x, p.jets, p.target, p.w, w));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode BenchAdam(const BenchCase *c, BenchLine *line)
{
  const SinewJetOrder order[3] = {c->dim == 1 ? SINEW_JET_GRADIENT : SINEW_JET_VALUE, SINEW_JET_LAPLACIAN,
                                  SINEW_JET_VALUE};
  const PetscInt outputs[3] = {c->components, 1, 2};
  PetscReal step = 0, cpu_step = 0;
  PetscInt iterations = 0;

  PetscFunctionBeginUser;
  for (int k = 0; k < 3 && c->adam_iterations[k]; k++) {
    PetscReal seconds, cpu;

    PetscCall(time_phase(c, outputs[k], order[k], &seconds, &cpu));
    step += seconds * (PetscReal)c->adam_iterations[k];
    cpu_step += cpu * (PetscReal)c->adam_iterations[k];
    iterations += c->adam_iterations[k];
  }
  line->error = line->relative = -1;
  line->seconds = step * (PetscReal)c->steps;
  line->cpu = cpu_step * (PetscReal)c->steps;
  line->kilobytes = c->dim == 1 ? 901. * 8 / 1024 : 6627. * 8 / 1024;
  PetscCall(PetscSNPrintf(line->what, sizeof(line->what), "Adam, the original's"));
  PetscCall(PetscSNPrintf(line->remark, sizeof(line->remark),
                          "extrapolated: %d its x %.1f ms = %.1f s a step; INSR needs 1 to 10 its", (int)iterations,
                          (double)(1e3 * step / (PetscReal)iterations), (double)step));
  PetscFunctionReturn(PETSC_SUCCESS);
}
