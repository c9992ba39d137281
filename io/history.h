#ifndef SINEW_IO_HISTORY_H
#define SINEW_IO_HISTORY_H
/*
  The history of a run: a CSV file with one line a call, `step,t,<names>`, numbers with 17 digits so
  that reading them back gives the same bits. Every line is flushed: whatever happens to the run, the
  file holds all complete lines before it.

    SinewHistoryCreate(comm, "out/history.csv", 2, names, append, &history);
    SinewHistoryTruncate(history, step);              (restarts only: forget what comes after step)
    SinewHistoryWrite(history, step, t, values);      (any number of times)
    SinewHistoryDestroy(&history);

  Nothing is ever lost: a file in the way (of an earlier run, or with other columns) is renamed to
  history.csv.1, or the next free number; a file that somebody removed, alone or with its directory, is there again, whole,
  with the next line. Rank 0 alone touches files; the verdict is shared, so that
  a full disk ends in SINEW_ERR_OUTPUT with one line on all ranks. Values count on rank 0 only.
*/
#include "error.h"

typedef struct _p_SinewHistory *SinewHistory;

/*
  SinewHistoryCreate - opens the file and writes the header when it is new. Collective.

  columns  [in]  number of values in a line, after step and t
  names    [in]  their names, copied; no commas, quotes or line breaks
  append   [in]  continue an existing file with the same header (its last line is dropped when it was
                 cut off); otherwise an existing file is set aside
*/
PETSC_EXTERN PetscErrorCode SinewHistoryCreate(MPI_Comm comm, const char path[], PetscInt columns,
                                               const char *const names[], PetscBool append, SinewHistory *history);
/* Appends one line and flushes it. Collective (one small broadcast). */
PETSC_EXTERN PetscErrorCode SinewHistoryWrite(SinewHistory history, PetscInt step, PetscReal t,
                                              const PetscReal values[]);
/* Keeps the lines with a step up to the given one; the file is replaced by rename. Collective. */
PETSC_EXTERN PetscErrorCode SinewHistoryTruncate(SinewHistory history, PetscInt step);
/* Collective. */
PETSC_EXTERN PetscErrorCode SinewHistoryDestroy(SinewHistory *history);

#endif
