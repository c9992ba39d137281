/* The time loop of a simulation: TSSolve with what happens after every step, and the ways in which a run ends. */
#include <math.h>
#include <stdio.h>

#include "io/publish.h"
#include "solvers/diagnostics.h"
#include "solvers/simulation_private.h"

/* The last frame at or before t, from -1. */
static PetscInt observed_frame(const SinewObserver *o, PetscReal t)
{
  return t < o->first - 1e-9 * o->every ? -1 : (PetscInt)PetscFloorReal((t - o->first) / o->every + 1e-9);
}

static PetscReal observed_time(const SinewObserver *o, PetscInt frame)
{
  return o->first + (PetscReal)frame * o->every;
}

/* Shows the state when t is a frame's time. */
static PetscErrorCode observe(SinewSimulation s, PetscReal t)
{
  const SinewObserver *o = s->options.observer;
  const PetscInt frame = observed_frame(o, t);

  PetscFunctionBeginUser;
  if (frame >= 0 && PetscAbsReal(t - observed_time(o, frame)) <= 1e-9 * o->every)
    PetscCall((*o->call)(o->context, frame, s->U));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSimulationEvent(void *context, PetscReal t, PetscReal *event)
{
  SinewSimulation s = (SinewSimulation)context;

  PetscFunctionBeginUser;
  *event = s->options.observer ? observed_time(s->options.observer, observed_frame(s->options.observer, t) + 1)
                               : SinewOutputsNext(s->outputs, t);
  if (s->end - t > 1e-12 * PetscMax(PetscAbsReal(t), s->end)) *event = PetscMin(*event, s->end);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What rank 0 sees. */
static void look_outside(SinewSimulation s, SinewStopReason *stop, PetscBool *save)
{
  if (SinewStopClockDue(&s->clock, s->options.observer ? NULL : SinewOutputsDirectory(s->outputs)))
    *stop = s->clock.reason;
  else if (!s->options.observer && SinewOutputsFull(s->outputs))
    *stop = SINEW_STOP_SIZE;
  *save = s->clock.save;
  s->clock.save = PETSC_FALSE;
}

/* Where a candidate broke down, on the lowest rank that saw it. */
static PetscErrorCode locate(SinewSimulation s)
{
  PetscMPIInt rank, size, first;
  PetscBool here;
  Vec U, averages = NULL;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(s->comm, &rank));
  PetscCallMPI(MPI_Comm_size(s->comm, &size));
  PetscCall(TSGetSolution(s->ts, &U));
  if (s->motion) {
    PetscCall(VecDuplicate(U, &averages));
    PetscCall(SinewMeshMotionAverages(s->motion, U, averages));
  }
  PetscCall(SinewFVFindBad(s->fv, s->motion ? averages : U, &here, s->bad_cell, s->bad_value));
  PetscCall(VecDestroy(&averages));
  first = here ? rank : size;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, s->comm));
  s->found = (PetscBool)(first < size);
  if (!s->found) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Bcast(s->bad_cell, 3, MPIU_INT, first, s->comm));
  PetscCallMPI(MPI_Bcast(s->bad_value, (PetscMPIInt)s->equation->components, MPIU_REAL, first, s->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSimulationRate(void *context, TS ts, PetscReal *rate)
{
  SinewSimulation s = (SinewSimulation)context;
  SinewStopReason stop = SINEW_STOP_NO;
  PetscBool save = PETSC_FALSE;
  PetscReal mine[5], all[5], local;
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(s->comm, &rank));
  PetscCall(SinewStepperRate(s->stepper, ts, &local));
  mine[1] = PetscIsInfOrNanReal(local);
  mine[0] = mine[1] > 0 ? 0 : local;
  if (rank == 0) look_outside(s, &stop, &save);
  mine[2] = SinewStopRequested() ? SINEW_STOP_SIGNAL : stop;
  mine[3] = SinewStopTakeCheckpoint() || save;
  mine[4] = SinewMemoryPeak();
  PetscCallMPI(MPI_Allreduce(mine, all, 5, MPIU_REAL, MPIU_MAX, s->comm));
  s->stop = PetscMax(s->stop, (SinewStopReason)all[2]);
  s->save = (PetscBool)(s->save || all[3] > 0);
  s->memory = all[4];
  *rate = all[0];
  if (all[1] > 0) {
    *rate = (PetscReal)NAN;
    PetscCall(locate(s));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0's clock decides for all; the word travels with a broadcast every few steps at most. */
static PetscErrorCode clock_due(SinewSimulation s, PetscInt step, PetscBool *due)
{
  int yes = 0;

  PetscFunctionBeginUser;
  *due = PETSC_FALSE;
  if (s->checkpoint.every_wall <= 0 || step % 16) PetscFunctionReturn(PETSC_SUCCESS);
  yes = MPI_Wtime() - s->checkpoint_clock > s->checkpoint.every_wall;
  PetscCallMPI(MPI_Bcast(&yes, 1, MPI_INT, 0, s->comm));
  *due = (PetscBool)yes;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode advance_reference(SinewSimulation s, PetscReal t)
{
  PetscBool done = PETSC_TRUE;

  PetscFunctionBeginUser;
  if (s->reference) PetscCall(SinewReferenceAdvance(s->reference, t, &done));
  s->lost = (PetscBool)!done;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode before_step(TS ts)
{
  SinewSimulation s;
  PetscReal t, dt;

  PetscFunctionBeginUser;
  PetscCall(TSGetApplicationContext(ts, &s));
  PetscCall(TSGetTime(ts, &t));
  PetscCall(TSGetTimeStep(ts, &dt));
  PetscCall(SinewMeshMotionBegin(s->motion, t, dt, s->U));
  if (s->good) PetscCall(VecCopy(s->U, s->good)); /* contents, until the step has ended */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Outputs and checkpoints after a step. */
static PetscErrorCode keep_files(SinewSimulation s, PetscInt step, PetscInt rejections, PetscReal t, PetscReal dt,
                                 PetscBool finished)
{
  const double begin = MPI_Wtime();
  double seconds;
  PetscBool due;

  PetscFunctionBeginUser;
  PetscCall(SinewOutputsStep(s->outputs, step, t, dt, rejections, s->U, finished, begin));
  seconds = MPI_Wtime() - begin;
  s->io_seconds += seconds;
  if (s->checkpoint_step == s->first_step) PetscCall(SinewStopClockSaved(&s->clock, seconds));
  PetscCall(clock_due(s, step, &due));
  if (due || SinewCheckpointSectionDue(&s->checkpoint, step, t, s->checkpoint_time) ||
      (finished && s->checkpoint.at_end) || s->stop || s->save)
    PetscCall(SinewSimulationSave(s));
  s->save = PETSC_FALSE;
  s->last_step = dt;
  PetscCall(SinewSimulationStatusStep(s, step, t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode after_step(TS ts)
{
  SinewSimulation s;
  PetscReal t, before, event, nominal;
  PetscInt step, rejections, most;
  PetscBool last, finished;

  PetscFunctionBeginUser;
  PetscCall(TSGetApplicationContext(ts, &s));
  PetscCall(TSGetTime(ts, &t));
  PetscCall(TSGetPrevTime(ts, &before));
  if (s->motion) PetscCall(SinewMeshMotionEnd(s->motion, s->U));
  PetscCall(TSGetStepNumber(ts, &step));
  PetscCall(SinewSimulationEvent(s, 0.5 * (before + t), &event));
  if (PetscAbsReal(t - event) <=
      1e-8 * (t - before)) { /* landed: to the last digit, whatever rounding made of t + dt */
    t = event;
    PetscCall(TSSetTime(ts, t));
  }
  PetscCall(SinewStepControlGetNominal(ts, &nominal));
  PetscCall(SinewStepControlSetNominal(ts, nominal)); /* the next step from (t, nominal) alone, as a restart would */
  PetscCall(SinewStepControlGetRejections(ts, &rejections, NULL));
  PetscCall(advance_reference(s, t));
  if (s->lost) {
    PetscCall(TSSetConvergedReason(ts, TS_DIVERGED_STEP_REJECTED));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  most = SinewStepperMaxSteps(s->stepper);
  finished = (PetscBool)(t >= s->end || (most && step >= most));
  last = (PetscBool)(finished || s->stop);
  if (s->options.observer)
    PetscCall(observe(s, t));
  else
    PetscCall(keep_files(s, step, rejections, t, t - before, finished));
  if (s->good) PetscCall(VecCopy(s->U, s->good));
  if (last) PetscCall(TSSetConvergedReason(ts, finished ? TS_CONVERGED_TIME : TS_CONVERGED_USER));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* PETSc's methods undo a step by arithmetic, which NaN survives: put the last good state back before the next attempt.
 */
static PetscErrorCode before_stage(TS ts, PetscReal t)
{
  SinewSimulation s;
  PetscBool inadmissible;
  Vec U;

  PetscFunctionBeginUser;
  (void)t;
  PetscCall(TSGetApplicationContext(ts, &s));
  PetscCall(SinewStepControlGetRejections(ts, NULL, &inadmissible));
  if (!inadmissible || !s->good) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(TSGetSolution(ts, &U));
  PetscCall(VecCopy(s->good, U));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- endings ---- */

static PetscErrorCode report_breakdown(SinewSimulation s, TSConvergedReason reason)
{
  PetscReal t, dt;
  PetscInt step;
  const char *failure = SinewStepperFailure(s->stepper);
  char where[512]; /* by snprintf: PETSc's own writes 0.5e-3 as 0.0005 and 1 as 1. */
  int used;

  PetscFunctionBeginUser;
  PetscCall(TSGetTime(s->ts, &t));
  PetscCall(TSGetTimeStep(s->ts, &dt));
  PetscCall(TSGetStepNumber(s->ts, &step));
  snprintf(where, sizeof(where), "%s", failure ? failure : "the solver did not converge");
  if (s->lost)
    snprintf(where, sizeof(where), "the reference broke down, not the run");
  else if (s->found) {
    used = snprintf(where, sizeof(where), "not admissible in cell (%d, %d, %d):", (int)s->bad_cell[0],
                    (int)s->bad_cell[1], (int)s->bad_cell[2]);
    for (PetscInt c = 0; c < s->equation->components; c++)
      used += snprintf(where + used, sizeof(where) - (size_t)used, "%s %s = %g", c ? "," : "",
                       s->equation->component[c], (double)s->bad_value[c]);
  }
  snprintf(s->failure, sizeof(s->failure), "the solution broke down in step %d from t = %g (dt down to %g): %s (%s)",
           (int)step + 1, (double)t, (double)dt, where, TSConvergedReasons[reason]);
  if (!s->options.observer)
    PetscCall(PetscFPrintf(s->comm, stderr, "%s\nthe last good state is in %s\n", s->failure, s->last_checkpoint));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode report_errors(SinewSimulation s)
{
  PetscReal l1[SINEW_COMPONENTS_MAX], l2[SINEW_COMPONENTS_MAX], linf[SINEW_COMPONENTS_MAX];
  PetscBool known;

  PetscFunctionBeginUser;
  PetscCall(SinewSimulationErrors(s, &known, l1, l2, linf));
  for (PetscInt c = 0; c < s->equation->components && known; c++)
    PetscCall(PetscPrintf(s->comm, "error     %-12s L1 %.6e  L2 %.6e  Linf %.6e\n", s->equation->primitive[c],
                          (double)l1[c], (double)l2[c], (double)linf[c]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode report_reference(SinewSimulation s)
{
  PetscReal l1[SINEW_COMPONENTS_MAX], l2[SINEW_COMPONENTS_MAX], linf[SINEW_COMPONENTS_MAX];
  PetscBool known;

  PetscFunctionBeginUser;
  PetscCall(SinewSimulationCompare(s, &known, l1, l2, linf));
  for (PetscInt c = 0; c < s->equation->components && known; c++)
    PetscCall(PetscPrintf(s->comm, "reference %-12s L1 %.6e  L2 %.6e  Linf %.6e\n", s->equation->primitive[c],
                          (double)l1[c], (double)l2[c], (double)linf[c]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode report(SinewSimulation s)
{
  const double seconds = MPI_Wtime() - s->clock.begin;
  double cells = 1, updates;
  PetscInt step;
  PetscMPIInt ranks;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(s->comm, &ranks));
  PetscCall(TSGetStepNumber(s->ts, &step));
  for (PetscInt d = 0; d < 3; d++) cells *= (double)SinewGridAxis(s->grid, d)->cells;
  updates = cells * (double)(step - s->first_step) / PetscMax(seconds - s->io_seconds, 1e-9);
  PetscCall(PetscPrintf(s->comm,
                        "speed     %" PetscInt_FMT
                        " steps in %.2f s, %.2f s of it for files: %.2f million cells a second, %.2f a rank\n",
                        step - s->first_step, seconds, s->io_seconds, 1e-6 * updates, 1e-6 * updates / ranks));
  PetscCall(report_errors(s));
  PetscCall(report_reference(s));
  PetscCall(SinewOutputsSummary(s->outputs, stdout));
  if (s->last_checkpoint[0]) PetscCall(PetscPrintf(s->comm, "restart   %s\n", s->last_checkpoint));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool goes_on(SinewSimulation s)
{
  const PetscInt most = SinewStepperMaxSteps(s->stepper);

  return (PetscBool)(s->first_time < s->end && (!most || s->first_step < most));
}

static PetscErrorCode open_files(SinewSimulation s)
{
  const double opening = MPI_Wtime();

  PetscFunctionBeginUser;
  if (!s->restarted)
    PetscCall(SinewCheckpointsSetAside(s->comm, s->checkpoint_directory, s->options.quiet ? NULL : stdout));
  PetscCall(SinewMakeDirectory(s->comm, s->checkpoint_directory)); /* better now than after hours */
  PetscCall(SinewOutputsOpen(s->outputs, s->comm, s->restarted, goes_on(s), s->options.quiet, s->first_step,
                             s->first_time, s->end, s->provenance.pair));
  if (!s->restarted) PetscCall(SinewOutputsStep(s->outputs, 0, 0, 0, 0, s->U, PETSC_FALSE, s->clock.begin));
  PetscCall(SinewSimulationStatusOpen(s));
  s->io_seconds = MPI_Wtime() - opening;
  PetscCall(SinewStopClockSaved(&s->clock, s->io_seconds));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode begin(SinewSimulation s)
{
  char note[512];

  PetscFunctionBeginUser;
  PetscCall(SinewStopClockStart(&s->clock, s->options.wall_time));
  PetscCall(SinewStopClockSaved(&s->clock, s->load_seconds)); /* until one has been written */
  s->checkpoint_clock = s->clock.begin;
  PetscCall(TSGetStepNumber(s->ts, &s->first_step));
  PetscCall(TSGetTime(s->ts, &s->first_time));
  s->checkpoint_step = s->first_step;
  s->checkpoint_time = s->first_time;
  PetscCall(SinewStepperStart(s->stepper, s->ts, (PetscBool)!s->restarted, sizeof(note), note));
  if (note[0] && !s->options.quiet) PetscCall(PetscPrintf(s->comm, "%s\n", note));
  if (s->options.observer)
    PetscCall(observe(s, s->first_time));
  else
    PetscCall(open_files(s));
  if (s->motion) PetscCall(TSSetPreStep(s->ts, before_step));
  PetscCall(TSSetPostStep(s->ts, after_step));
  PetscCall(TSSetPreStage(s->ts, before_stage));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSimulationRun(SinewSimulation s, int *code)
{
  TSConvergedReason reason = TS_CONVERGED_TIME;
  const char *how;
  PetscReal t;
  PetscInt step;

  PetscFunctionBeginUser;
  PetscCall(begin(s));
  if (goes_on(s)) {
    PetscCall(TSSolve(s->ts, s->U));
    PetscCall(TSGetConvergedReason(s->ts, &reason));
  }
  *code = reason < 0 ? SINEW_EXIT_BREAKDOWN : reason == TS_CONVERGED_USER ? SINEW_EXIT_STOPPED : SINEW_EXIT_DONE;
  if (reason < 0) {
    if (s->good) PetscCall(VecCopy(s->good, s->U));
    if (s->motion) PetscCall(SinewMeshMotionAbandon(s->motion, s->U));
    if (!s->options.observer) PetscCall(SinewSimulationSave(s));
    PetscCall(report_breakdown(s, reason));
  }
  how = *code == SINEW_EXIT_STOPPED ? "stopped" : *code == SINEW_EXIT_DONE ? "done" : "breakdown";
  if (*code == SINEW_EXIT_STOPPED && !s->options.quiet)
    PetscCall(PetscPrintf(s->comm, "stopped   by %s\n", SinewStopReasons[s->stop]));
  if (!s->options.quiet) PetscCall(report(s));
  if (!s->options.observer) PetscCall(SinewSimulationStatusEnd(s, how, *code));
  PetscCall(TSGetTime(s->ts, &t));
  PetscCall(TSGetStepNumber(s->ts, &step));
  if (!s->options.quiet)
    PetscCall(PetscPrintf(s->comm, "RESULT status=%s code=%d step=%" PetscInt_FMT " t=%.17g checkpoint=%s\n", how,
                          *code, step, (double)t, s->last_checkpoint));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const char *SinewSimulationFailure(SinewSimulation s)
{
  return s->failure;
}

PetscErrorCode SinewSimulationErrors(SinewSimulation s, PetscBool *known, PetscReal l1[], PetscReal l2[],
                                     PetscReal linf[])
{
  PetscReal t;
  Vec exact;

  PetscFunctionBeginUser;
  PetscCall(TSGetTime(s->ts, &t));
  PetscCall(VecDuplicate(s->U, &exact));
  PetscCall(SinewEquationExact(s->equation, t, exact, known));
  if (*known) PetscCall(SinewDifference(s->equation, s->U, exact, l1, l2, linf));
  PetscCall(VecDestroy(&exact));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSimulationCompare(SinewSimulation s, PetscBool *known, PetscReal l1[], PetscReal l2[],
                                      PetscReal linf[])
{
  PetscFunctionBeginUser;
  *known = (PetscBool)(s->reference != NULL);
  if (*known) PetscCall(SinewDifference(s->equation, s->U, SinewReferenceState(s->reference), l1, l2, linf));
  PetscFunctionReturn(PETSC_SUCCESS);
}
