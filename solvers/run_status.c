/* status.jsonl of a run: what each line holds. Keys are described in docs/files.md. */
#include <math.h>

#include "solvers/simulation_private.h"

static PetscErrorCode add_provenance(SinewSimulation s)
{
  PetscFunctionBeginUser;
  PetscCall(SinewStatusText(s->status, "deck", SinewDeckFile(s->deck)));
  PetscCall(SinewStatusText(s->status, "equation", s->equation->type->name));
  PetscCall(SinewStatusText(s->status, "stepper", SinewStepperName(s->stepper)));
  PetscCall(SinewProvenanceStatus(&s->provenance, s->status));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_state(SinewSimulation s, PetscInt step, PetscReal t)
{
  const SinewProgress progress = SinewOutputsProgress(s->outputs);
  const double rate = SinewProgressRate(progress), eta = SinewProgressRemaining(progress);
  double cells = 1;

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < 3; d++) cells *= (double)SinewGridAxis(s->grid, d)->cells;
  PetscCall(SinewStatusInt(s->status, "step", step));
  PetscCall(SinewStatusReal(s->status, "t", (double)t));
  PetscCall(SinewStatusReal(s->status, "t_end", s->end < PETSC_MAX_REAL ? (double)s->end : HUGE_VAL));
  PetscCall(SinewStatusReal(s->status, "dt", s->last_step > 0 ? (double)s->last_step : HUGE_VAL));
  PetscCall(SinewStatusReal(s->status, "elapsed", MPI_Wtime() - s->clock.born));
  PetscCall(SinewStatusReal(s->status, "steps_per_second", rate > 0 ? rate : HUGE_VAL));
  PetscCall(SinewStatusReal(s->status, "cells_per_second", rate > 0 ? rate * cells : HUGE_VAL));
  PetscCall(SinewStatusReal(s->status, "eta", eta >= 0 ? eta : HUGE_VAL));
  PetscCall(SinewStatusInt(s->status, "memory", (PetscInt64)s->memory));
  PetscCall(SinewStatusInt(s->status, "output", (PetscInt64)SinewOutputsBytes(s->outputs)));
  PetscCall(SinewStatusReal(s->status, "reserve", SinewStopClockReserve(&s->clock)));
  PetscCall(SinewStatusText(s->status, "checkpoint", s->last_checkpoint[0] ? s->last_checkpoint : NULL));
  if (s->last_checkpoint[0]) PetscCall(SinewStatusInt(s->status, "checkpoint_step", s->checkpoint_step));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSimulationStatusOpen(SinewSimulation s)
{
  char path[PETSC_MAX_PATH_LEN + 16];

  PetscFunctionBeginUser;
  if (SinewOutputsStatusEvery(s->outputs) <= 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/status.jsonl", SinewOutputsDirectory(s->outputs)));
  PetscCall(SinewStatusCreate(s->comm, path, s->restarted, &s->status));
  s->status_clock = MPI_Wtime();
  PetscCall(SinewStatusBegin(s->status, "start"));
  PetscCall(SinewStatusText(s->status, "restart", s->restarted ? s->last_checkpoint : NULL));
  PetscCall(SinewStatusInt(s->status, "step", s->first_step));
  PetscCall(SinewStatusReal(s->status, "t", (double)s->first_time));
  PetscCall(add_provenance(s));
  PetscCall(SinewStatusEnd(s->status));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSimulationStatusStep(SinewSimulation s, PetscInt step, PetscReal t)
{
  const double now = MPI_Wtime();

  PetscFunctionBeginUser;
  if (!s->status || now - s->status_clock < SinewOutputsStatusEvery(s->outputs)) PetscFunctionReturn(PETSC_SUCCESS);
  s->status_clock = now;
  PetscCall(SinewStatusBegin(s->status, "step"));
  PetscCall(add_state(s, step, t));
  PetscCall(SinewStatusEnd(s->status));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSimulationStatusEnd(SinewSimulation s, const char how[], int code)
{
  PetscReal t;
  PetscInt step;

  PetscFunctionBeginUser;
  if (!s->status) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(TSGetTime(s->ts, &t));
  PetscCall(TSGetStepNumber(s->ts, &step));
  PetscCall(SinewStatusBegin(s->status, "end"));
  PetscCall(SinewStatusText(s->status, "status", how));
  PetscCall(SinewStatusInt(s->status, "code", code));
  PetscCall(add_state(s, step, t));
  PetscCall(SinewStatusInt(s->status, "steps", step - s->first_step));
  PetscCall(add_provenance(s));
  PetscCall(SinewStatusEnd(s->status));
  PetscFunctionReturn(PETSC_SUCCESS);
}
