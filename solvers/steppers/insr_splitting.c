/*
  The original INSR's step of an inviscid flow (solvers/pointwise.h, splitting): velocity and pressure are two networks,
  and a step is three steady solves: the velocity towards what characteristics carry here, the pressure of its
  divergence, the velocity towards what is left without the pressure's gradient. First order. The stepper's own network
  is the velocity's.
*/
#include "io/error.h"
#include "solvers/pointwise.h"
#include "solvers/steppers/insr_private.h"

#define PHASES 3

struct _p_SinewInsrSplit {
  MPI_Comm comm;
  SinewInsrOptions options;
  SinewSplitting terms;
  SinewPointwise *equation[PHASES];
  SinewInsr phase[PHASES];
  PetscReal *start, *saved_w, *saved_p; /* velocity that a phase starts from; for Revert */
  PetscInt P, Q;                        /* weights of the velocity, of the pressure */
};

static PetscErrorCode create_phase(SinewInsrSplit s, SinewSplittingPhase phase)
{
  PetscFunctionBeginUser;
  PetscCall(SinewPointwiseSplitting(&s->terms, phase, &s->equation[phase]));
  PetscCall(SinewInsrCreate(s->comm, s->equation[phase], &s->options, &s->phase[phase]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy_phase(SinewInsrSplit s, SinewSplittingPhase phase)
{
  PetscFunctionBeginUser;
  PetscCall(SinewInsrDestroy(&s->phase[phase]));
  PetscCall(SinewPointwiseDestroy(&s->equation[phase]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The networks that phases look at, of their own: see SinewSplitting. */
static PetscErrorCode create_networks(SinewInsrSplit s)
{
  SinewJetOptions network = s->options.network;

  PetscFunctionBeginUser;
  network.dim = 2;
  network.outputs = 2;
  PetscCall(SinewJetCreate(&network, s->options.block, &s->terms.velocity));
  network.outputs = 1;
  PetscCall(SinewJetCreate(&network, s->options.block, &s->terms.pressure));
  s->P = SinewJetSize(s->terms.velocity);
  s->Q = SinewJetSize(s->terms.pressure);
  PetscCall(PetscCalloc3((size_t)s->P, &s->start, (size_t)s->P, &s->saved_w, (size_t)s->Q, &s->saved_p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewInsrSplitCreate(MPI_Comm comm, const SinewInsrOptions *options, SinewInsrSplit *split)
{
  SinewInsrSplit s;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(split));
  s = *split;
  s->comm = comm;
  s->options = *options;
  s->options.fit = options->step;
  s->options.warm_start = PETSC_TRUE;
  PetscCall(create_networks(s));
  s->terms.u = s->start;
  for (int i = 0; i < 2; i++) {
    s->terms.lower[i] = options->network.lower[i];
    s->terms.upper[i] = options->network.upper[i];
  }
  PetscCall(create_phase(s, SINEW_SPLITTING_PRESSURE));
  s->terms.p = SinewInsrWeights(s->phase[SINEW_SPLITTING_PRESSURE]);
  PetscCall(create_phase(s, SINEW_SPLITTING_PROJECT));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewInsrSplitDestroy(SinewInsrSplit *split)
{
  const SinewInsrSplit s = *split;

  PetscFunctionBeginUser;
  if (!s) PetscFunctionReturn(PETSC_SUCCESS);
  for (int k = 0; k < PHASES; k++) PetscCall(destroy_phase(s, (SinewSplittingPhase)k));
  PetscCall(SinewJetDestroy(&s->terms.velocity));
  PetscCall(SinewJetDestroy(&s->terms.pressure));
  PetscCall(PetscFree3(s->start, s->saved_w, s->saved_p));
  PetscCall(PetscFree(*split));
  PetscFunctionReturn(PETSC_SUCCESS);
}

SinewInsr SinewInsrSplitPressure(SinewInsrSplit s)
{
  return s->phase[SINEW_SPLITTING_PRESSURE];
}

/* The first pressure comes from nothing, by Adam's detour; zero weights are those of no pressure yet. */
static PetscErrorCode first_pressure(SinewInsrSplit s, PetscReal t)
{
  PetscReal *p = SinewInsrWeights(s->phase[SINEW_SPLITTING_PRESSURE]), size = 0;
  SinewInsrOptions options = s->options;
  SinewInsrReport report;
  SinewInsr insr;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < s->Q; k++) size += PetscAbsReal(p[k]);
  if (size > 0) PetscFunctionReturn(PETSC_SUCCESS);
  options.warm_start = PETSC_FALSE;
  PetscCall(SinewInsrCreate(s->comm, s->equation[SINEW_SPLITTING_PRESSURE], &options, &insr));
  PetscCall(SinewInsrSteady(insr, t, &report));
  PetscCall(PetscArraycpy(p, SinewInsrWeights(insr), s->Q));
  PetscCall(SinewInsrDestroy(&insr));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One solve; what it counts is added to the report, whose residual is the largest against its size. */
static PetscErrorCode solve(SinewInsrSplit s, SinewSplittingPhase phase, PetscReal t, SinewInsrReport *report)
{
  const PetscReal before = report->size > 0 ? report->solve.residual / report->size : 0;
  SinewInsrReport one;

  PetscFunctionBeginUser;
  PetscCall(SinewInsrSteady(s->phase[phase], t, &one));
  one.solve.iterations += report->solve.iterations;
  one.solve.matrices += report->solve.matrices;
  one.solve.evaluations += report->solve.evaluations;
  one.solves += report->solves;
  if (phase == SINEW_SPLITTING_PRESSURE || one.solve.residual <= before * one.size) { /* divergences are small */
    one.solve.residual = report->solve.residual;
    one.size = report->size;
  }
  *report = one;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode velocity_phase(SinewInsrSplit s, SinewSplittingPhase phase, PetscReal t, SinewInsrReport *report)
{
  PetscFunctionBeginUser;
  PetscCall(PetscArraycpy(SinewInsrWeights(s->phase[phase]), s->start, s->P));
  PetscCall(solve(s, phase, t, report));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewInsrSplitStep(SinewInsrSplit s, PetscReal t, PetscReal dt, PetscReal w[], SinewInsrReport *report)
{
  PetscFunctionBeginUser;
  *report = (SinewInsrReport){.error = -1, .reason = ""};
  PetscCall(PetscArraycpy(s->saved_w, w, s->P));
  PetscCall(PetscArraycpy(s->saved_p, s->terms.p, s->Q));
  if (!s->phase[SINEW_SPLITTING_ADVECT] || s->terms.dt != dt) {
    PetscCall(destroy_phase(s, SINEW_SPLITTING_ADVECT));
    s->terms.dt = dt;
    PetscCall(create_phase(s, SINEW_SPLITTING_ADVECT));
  }
  PetscCall(PetscArraycpy(s->start, w, s->P));
  PetscCall(velocity_phase(s, SINEW_SPLITTING_ADVECT, t, report));
  PetscCall(PetscArraycpy(s->start, SinewInsrWeights(s->phase[SINEW_SPLITTING_ADVECT]), s->P));
  PetscCall(first_pressure(s, t));
  PetscCall(solve(s, SINEW_SPLITTING_PRESSURE, t, report));
  PetscCall(velocity_phase(s, SINEW_SPLITTING_PROJECT, t, report));
  PetscCall(PetscArraycpy(w, SinewInsrWeights(s->phase[SINEW_SPLITTING_PROJECT]), s->P));
  if (s->options.step_limit > 0 && !(report->solve.residual <= s->options.step_limit * report->size)) {
    report->failed = PETSC_TRUE;
    report->reason = "the residual stays above step_limit";
    PetscCall(SinewInsrSplitRevert(s, w));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewInsrSplitRevert(SinewInsrSplit s, PetscReal w[])
{
  PetscFunctionBeginUser;
  PetscCall(PetscArraycpy(w, s->saved_w, s->P));
  PetscCall(PetscArraycpy(SinewInsrWeights(s->phase[SINEW_SPLITTING_PRESSURE]), s->saved_p, s->Q));
  PetscFunctionReturn(PETSC_SUCCESS);
}
