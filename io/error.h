#ifndef SINEW_IO_ERROR_H
#define SINEW_IO_ERROR_H
/*
  Errors that belong to the user, and the exit codes they end in.

  Sinew raises PETSc errors. Three extra codes mark errors that need one clear line instead of a
  stack trace, because the cause is outside the code:

    SINEW_ERR_INPUT      a deck, a command line, a weights or restart file is wrong; nothing was run
    SINEW_ERR_BREAKDOWN  the solution broke down (NaN, negative density); the last good state was saved
    SINEW_ERR_OUTPUT     an output or a checkpoint could not be written

  Raise them collectively, after all ranks agree (SinewAgree), by

    SETERRQ(comm, SINEW_ERR_INPUT, "weights.h5: parameter wave_0.conv.weight has shape ...");

  The message is the whole line that the user will read. A program that wants the short form pushes
  SinewErrorHandler with PetscPushErrorHandler; without it PETSc prints the message with its usual
  trace.
*/
#include "petsc_versions.h"

#define SINEW_ERR_INPUT     ((PetscErrorCode)(PETSC_ERR_MAX_VALUE + 1002))
#define SINEW_ERR_BREAKDOWN ((PetscErrorCode)(PETSC_ERR_MAX_VALUE + 1003))
#define SINEW_ERR_OUTPUT    ((PetscErrorCode)(PETSC_ERR_MAX_VALUE + 1004))

/* Exit codes of the program (PETSc's own errors leave with 55 to 101, signals with more than 128).
 */
typedef enum {
  SINEW_EXIT_DONE = 0,
  SINEW_EXIT_INPUT = 2,
  SINEW_EXIT_BREAKDOWN = 3,
  SINEW_EXIT_OUTPUT = 4,
  SINEW_EXIT_STOPPED = 10 /* stopped early on request with a good checkpoint: resubmit */
} SinewExit;

/*
  SinewErrorHandler - prints the one line of a user error once (rank 0 of PETSC_COMM_WORLD), leaves
  every other error to PetscTraceBackErrorHandler. Pass to PetscPushErrorHandler with a NULL
  context.
*/
PETSC_EXTERN PetscErrorCode SinewErrorHandler(MPI_Comm, int line, const char *func, const char *file, PetscErrorCode,
                                              PetscErrorType, const char *message, void *ctx);

/* SinewExitCode - the exit code for an error returned by a Sinew function (0 for PETSC_SUCCESS). */
PETSC_EXTERN int SinewExitCode(PetscErrorCode);

/*
  SinewAgree - makes a local verdict a collective one. Collective (one MPI_Allreduce, one MPI_Bcast
  on failure).

  ok       [in]  whether this rank succeeded
  message  [in]  this rank's explanation when not ok (else ignored)
  failed   [out] whether any rank failed
  why      [out] with size bytes: the message of the lowest rank that failed; empty when none did
*/
PETSC_EXTERN PetscErrorCode SinewAgree(MPI_Comm comm, PetscBool ok, const char *message, PetscBool *failed, size_t size,
                                       char why[]);

#endif
