#ifndef SINEW_IO_PROGRESS_H
#define SINEW_IO_PROGRESS_H
/*
  How far a run has come, in one line:

    step 1200  t 0.423 / 1.0 (42 %)  dt 3.5e-4  16.3 Mcells/s  elapsed 0:12  ETA 0:18

  On a terminal the line is updated in place, at most five times a second; in a log one line is
  added every interval. Speed and ETA come from an exponential mean over the last 30 seconds or so
  of wall time, so that an output or a checkpoint does not make them jump; a pause of the process
  (suspended, or a laptop asleep) is left out.

    SinewProgressCreate(comm, stdout, 30, 0, 1, 65536, &progress);
    SinewProgressUpdate(progress, step, t, dt, MPI_Wtime());   (every step; the first starts the clock)
    SinewProgressFinish(progress);          (erases the line; also before printing something else)
    SinewProgressDestroy(&progress);

  Rank 0 alone prints; nothing here communicates, and an update that prints nothing costs a few
  nanoseconds.
*/
#include "error.h"
#include <stdio.h>

typedef struct _p_SinewProgress *SinewProgress;

/*
  SinewProgressCreate - begins a report. Not collective.

  out           [in]  where to; not owned; NULL: the means are kept, nothing is printed. Its being a terminal is found out here, also behind mpirun
                      (which gives rank 0 a pseudo-terminal even when its own output is a file)
  interval      [in]  seconds between the lines of a log, PETSC_DEFAULT for 30
  t_begin       [in]  time that counts as 0 %
  t_end         [in]  time that counts as 100 %; PETSC_MAX_REAL when only steps end the run
  cells         [in]  cells updated in a step, 0 to leave the speed out
*/
PETSC_EXTERN PetscErrorCode SinewProgressCreate(MPI_Comm comm, FILE *out, PetscReal interval, PetscReal t_begin,
                                                PetscReal t_end, double cells, SinewProgress *progress);
/* Other words for t and dt ("epoch", "loss"), which must outlive the report. Not collective. */
PETSC_EXTERN PetscErrorCode SinewProgressSetWords(SinewProgress progress, const char t[], const char dt[]);
/* Reports a step; now is a clock in seconds. Not collective. */
PETSC_EXTERN PetscErrorCode SinewProgressUpdate(SinewProgress progress, PetscInt step, PetscReal t, PetscReal dt,
                                                double now);
/* Erases the line on a terminal; the next update draws it again. Not collective. */
PETSC_EXTERN PetscErrorCode SinewProgressFinish(SinewProgress progress);
PETSC_EXTERN PetscErrorCode SinewProgressDestroy(SinewProgress *progress);

/* Steps a second, by the same mean; 0 while unknown. Not collective. */
PETSC_EXTERN double SinewProgressRate(SinewProgress progress);
/* Expected seconds to the end, negative while unknown. Not collective. */
PETSC_EXTERN double SinewProgressRemaining(SinewProgress progress);
/* A duration for people: 0:07, 12:34, 5:06:07, 2d 03:04:05; "-" when negative or not finite. */
PETSC_EXTERN void SinewFormatDuration(double seconds, size_t size, char text[]);

#endif
