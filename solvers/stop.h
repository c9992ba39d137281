#ifndef SINEW_SOLVERS_STOP_H
#define SINEW_SOLVERS_STOP_H
/*
  Requests from outside while a run goes on:

    SIGTERM, SIGUSR1, SIGINT   end early with a good checkpoint (a second SIGINT kills)
    SIGUSR2                    write a checkpoint and go on

  Any rank may be the one that hears; the run agrees on it in a reduction that it makes anyway. The handlers set a flag
  and nothing else. A limit of wall-clock time counts from the process's start: SinewStopAge.
*/
#include "../io/error.h"

/* Installs the handlers (after PetscInitialize). Not collective. */
PETSC_EXTERN PetscErrorCode SinewStopInstall(void);
/* Whether this rank heard a signal that ends the run since installation. Not collective. */
PETSC_EXTERN PetscBool SinewStopRequested(void);
/* Whether this rank heard a signal that asks for a checkpoint since the last call of this. Not collective. */
PETSC_EXTERN PetscBool SinewStopTakeCheckpoint(void);
/* Seconds since this process began (where the system does not say: since installation). Not collective. */
PETSC_EXTERN double SinewStopAge(void);

/* Why a run ends early. */
typedef enum {
  SINEW_STOP_NO,
  SINEW_STOP_SIZE,
  SINEW_STOP_CLOCK,
  SINEW_STOP_FILE,
  SINEW_STOP_SIGNAL,
  SINEW_STOP_COUNT
} SinewStopReason;
PETSC_EXTERN const char *const SinewStopReasons[SINEW_STOP_COUNT]; /* for people, after "stopped by" */

/* What rank 0 sees from outside: how long steps and checkpoints take beside what is left, and the files `stop` and
   `checkpoint`. */
typedef struct {
  double wall_time;   /* seconds of the process's life; 0: no limit */
  double born, begin; /* when the process began, and the steps */
  double step, looked, slowest_step, slowest_save;
  SinewStopReason reason; /* of the last Due that was true */
  PetscBool save;         /* a checkpoint was asked for by a file; whoever writes it resets this */
} SinewStopClock;

/* Steps begin now. Not collective. */
PETSC_EXTERN PetscErrorCode SinewStopClockStart(SinewStopClock *clock, double wall_time);
/* After every step, on rank 0: whether it must be the last, because another one and a checkpoint would not fit, or
   because there is a file DIRECTORY/stop (looked for at most twice a second, and removed; directory NULL: not looked
   for). */
PETSC_EXTERN PetscBool SinewStopClockDue(SinewStopClock *clock, const char directory[]);
/* A checkpoint took so many seconds, or something that is as slow before the first one. Not collective. */
PETSC_EXTERN PetscErrorCode SinewStopClockSaved(SinewStopClock *clock, double seconds);
/* Seconds that stopping may take, as measured so far. Not collective. */
PETSC_EXTERN double SinewStopClockReserve(const SinewStopClock *clock);

#endif
