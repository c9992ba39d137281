#include "io/error.h"

static PetscBool is_user_error(PetscErrorCode code)
{
  return (PetscBool)(code == SINEW_ERR_INPUT || code == SINEW_ERR_BREAKDOWN || code == SINEW_ERR_OUTPUT);
}

PetscErrorCode SinewErrorHandler(MPI_Comm comm, int line, const char *func, const char *file, PetscErrorCode code,
                                 PetscErrorType type, const char *message, void *ctx)
{
  if (!is_user_error(code)) return PetscTraceBackErrorHandler(comm, line, func, file, code, type, message, ctx);
  if (type == PETSC_ERROR_INITIAL) {
    PetscMPIInt rank = 0;

    MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
    if (rank == 0) {
      fflush(stdout);
      fprintf(stderr, "%s\n", message);
    }
  }
  return code;
}

int SinewExitCode(PetscErrorCode code)
{
  if (!code) return SINEW_EXIT_DONE;
  if (code == SINEW_ERR_INPUT) return SINEW_EXIT_INPUT;
  if (code == SINEW_ERR_BREAKDOWN) return SINEW_EXIT_BREAKDOWN;
  if (code == SINEW_ERR_OUTPUT) return SINEW_EXIT_OUTPUT;
  return (int)code;
}

PetscErrorCode SinewAgree(MPI_Comm comm, PetscBool ok, const char *message, PetscBool *failed, size_t size, char why[])
{
  PetscMPIInt rank, ranks, mine, first;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Comm_size(comm, &ranks));
  mine = ok ? ranks : rank;
  PetscCallMPI(MPI_Allreduce(&mine, &first, 1, MPI_INT, MPI_MIN, comm));
  *failed = (PetscBool)(first < ranks);
  why[0] = 0;
  if (*failed) {
    if (rank == first) PetscCall(PetscStrncpy(why, message, size));
    PetscCallMPI(MPI_Bcast(why, (PetscMPIInt)size, MPI_CHAR, first, comm));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
