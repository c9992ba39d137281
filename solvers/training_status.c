/* status.jsonl of a training: what each line holds. Keys are described in docs/files.md. */
#include <math.h>

#include "solvers/training_private.h"

static PetscErrorCode add_state(SinewTraining t, double loss)
{
  const double steps = (double)(TrainingStep(t) - t->first_step), left = (double)(TrainingSteps(t) - TrainingStep(t));
  const double rate = steps / (MPI_Wtime() - t->clock.begin);

  PetscFunctionBeginUser;
  PetscCall(SinewStatusInt(t->status, "step", TrainingStep(t)));
  PetscCall(SinewStatusReal(t->status, "t", (double)TrainingEpoch(t)));
  PetscCall(SinewStatusReal(t->status, "t_end", (double)t->place.epochs));
  PetscCall(SinewStatusReal(t->status, "loss", loss));
  PetscCall(SinewStatusReal(t->status, "best", t->best));
  PetscCall(SinewStatusReal(t->status, "elapsed", MPI_Wtime() - t->clock.born));
  PetscCall(SinewStatusReal(t->status, "steps_per_second", rate > 0 ? rate : HUGE_VAL));
  PetscCall(SinewStatusReal(t->status, "eta", rate > 0 ? left / rate : HUGE_VAL));
  PetscCall(SinewStatusInt(t->status, "memory", (PetscInt64)t->memory));
  PetscCall(SinewStatusReal(t->status, "reserve", SinewStopClockReserve(&t->clock)));
  PetscCall(SinewStatusText(t->status, "checkpoint", t->last_checkpoint[0] ? t->last_checkpoint : NULL));
  if (t->last_checkpoint[0]) PetscCall(SinewStatusInt(t->status, "checkpoint_step", t->checkpoint_step));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_provenance(SinewTraining t)
{
  PetscFunctionBeginUser;
  PetscCall(SinewStatusText(t->status, "deck", SinewDeckFile(t->deck)));
  PetscCall(SinewStatusText(t->status, "training", t->type->name));
  PetscCall(SinewProvenanceStatus(&t->provenance, t->status));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TrainingStatusOpen(SinewTraining t)
{
  char path[PETSC_MAX_PATH_LEN + 16];

  PetscFunctionBeginUser;
  if (t->output.status <= 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/status.jsonl", t->directory));
  PetscCall(SinewStatusCreate(t->comm, path, t->restarted, &t->status));
  t->status_clock = MPI_Wtime();
  PetscCall(SinewStatusBegin(t->status, "start"));
  PetscCall(SinewStatusText(t->status, "restart", t->restarted ? t->last_checkpoint : NULL));
  PetscCall(SinewStatusInt(t->status, "step", t->first_step));
  PetscCall(SinewStatusReal(t->status, "t", (double)TrainingEpoch(t)));
  PetscCall(add_provenance(t));
  PetscCall(SinewStatusEnd(t->status));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TrainingStatusStep(SinewTraining t, double loss)
{
  const double now = MPI_Wtime();

  PetscFunctionBeginUser;
  if (!t->status || now - t->status_clock < (double)t->output.status) PetscFunctionReturn(PETSC_SUCCESS);
  t->status_clock = now;
  PetscCall(SinewStatusBegin(t->status, "step"));
  PetscCall(add_state(t, loss));
  PetscCall(SinewStatusEnd(t->status));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TrainingStatusEnd(SinewTraining t, const char how[], int code, double loss)
{
  PetscFunctionBeginUser;
  if (!t->status) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewStatusBegin(t->status, "end"));
  PetscCall(SinewStatusText(t->status, "status", how));
  PetscCall(SinewStatusInt(t->status, "code", code));
  PetscCall(add_state(t, loss));
  PetscCall(SinewStatusInt(t->status, "steps", TrainingStep(t) - t->first_step));
  PetscCall(add_provenance(t));
  PetscCall(SinewStatusEnd(t->status));
  PetscFunctionReturn(PETSC_SUCCESS);
}
