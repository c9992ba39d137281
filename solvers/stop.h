#ifndef SINEW_SOLVERS_STOP_H
#define SINEW_SOLVERS_STOP_H
/*
  Requests to end a run early with a good checkpoint: signals (SIGUSR1, SIGTERM, SIGINT; a second SIGINT kills), a
  wall-clock limit, a file named `stop` in the run's directory. Any rank may be the one that hears; the run agrees on it
  in a reduction that it makes anyway. The handlers set a flag and nothing else.
*/
#include "../io/error.h"

/* Installs the handlers (after PetscInitialize). Not collective. */
PETSC_EXTERN PetscErrorCode SinewStopInstall(void);
/* Whether this rank heard a signal since installation. Not collective. */
PETSC_EXTERN PetscBool SinewStopRequested(void);

/* What rank 0 sees from outside: how long steps and checkpoints take beside what is left, and the file `stop`. */
typedef struct {
  double wall_time; /* seconds; 0: no limit */
  double begin, step, looked, slowest_step, slowest_save;
} SinewStopClock;

/* Begins now. Not collective. */
PETSC_EXTERN PetscErrorCode SinewStopClockStart(SinewStopClock *clock, double wall_time);
/* After every step, on rank 0: whether it must be the last, because another one and a checkpoint would not fit, or
   because there is a file DIRECTORY/stop (looked for at most twice a second, and removed). */
PETSC_EXTERN PetscBool SinewStopClockDue(SinewStopClock *clock, const char directory[]);
/* A checkpoint took so many seconds. Not collective. */
PETSC_EXTERN PetscErrorCode SinewStopClockSaved(SinewStopClock *clock, double seconds);

#endif
