#ifndef SINEW_IO_STATUS_H
#define SINEW_IO_STATUS_H
/*
  The state of a run for programs: a file of JSON lines (one object a line), for dashboards, watchdogs and job scripts.

    {"event": "step", "wall": "2026-01-31T12:00:00Z", "step": 1200, "t": 0.42, ...}

    SinewStatusCreate(comm, "out/kh/status.jsonl", append, &status);
    SinewStatusBegin(status, "step");               (an object with its event and the time of day)
    SinewStatusInt(status, "step", 1200);  SinewStatusReal(...);  SinewStatusText(...);
    SinewStatusEnd(status);                         (writes the line)
    SinewStatusDestroy(&status);

  Whoever reads the file while it grows sees whole lines only: a line goes out in one write, and blanks before line
  breaks keep a line of up to 1536 bytes from crossing a boundary of 4096, since a kernel makes a file longer a page at
  a time. What a killed process or a full disk left of a line is cut off before the next one is written.
  A file that somebody removed is there again, whole, with the next line.

  Rank 0 alone does something; the others' calls return at once, nothing communicates but Create. A line that cannot be
  written is a note on stderr (once) and no error: what a run computes does not depend on who watches it.
*/
#include "error.h"

typedef struct _p_SinewStatus *SinewStatus;

/*
  SinewStatusCreate - opens the file. Collective.

  append  [in]  go on after what an earlier part of the run wrote; otherwise an existing file is renamed to PATH.1, or
                the next free number

  Raises SINEW_ERR_OUTPUT when the file cannot be written.
*/
PETSC_EXTERN PetscErrorCode SinewStatusCreate(MPI_Comm comm, const char path[], PetscBool append, SinewStatus *status);
PETSC_EXTERN PetscErrorCode SinewStatusDestroy(SinewStatus *status);

/* Not collective. A key of this line; a number that is not finite and a text that is NULL become null. */
PETSC_EXTERN PetscErrorCode SinewStatusBegin(SinewStatus status, const char event[]);
PETSC_EXTERN PetscErrorCode SinewStatusInt(SinewStatus status, const char key[], PetscInt64 value);
PETSC_EXTERN PetscErrorCode SinewStatusReal(SinewStatus status, const char key[], double value);
PETSC_EXTERN PetscErrorCode SinewStatusText(SinewStatus status, const char key[], const char value[]);
PETSC_EXTERN PetscErrorCode SinewStatusEnd(SinewStatus status);

/* The largest resident set of this process so far, in bytes; 0 where the system does not say. Not collective. */
PETSC_EXTERN double SinewMemoryPeak(void);

#endif
