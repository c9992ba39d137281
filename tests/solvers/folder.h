#ifndef SINEW_TESTS_SOLVERS_FOLDER_H
#define SINEW_TESTS_SOLVERS_FOLDER_H
/* A folder of a test's own, the same on all ranks: fixtures of a group. */
#include "tests/harness.h"
#include <stdlib.h>
#include <unistd.h>

static char folder[64];

static inline int make_folder(void **state)
{
  PetscMPIInt rank;

  (void)state;
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  snprintf(folder, sizeof(folder), "/tmp/test_sinew_XXXXXX");
  if (rank == 0 && !mkdtemp(folder)) return 1;
  MPI_Bcast(folder, sizeof(folder), MPI_CHAR, 0, PETSC_COMM_WORLD);
  return 0;
}

static inline int remove_folder(void **state)
{
  char command[96];
  PetscMPIInt rank;

  (void)state;
  MPI_Barrier(PETSC_COMM_WORLD);
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  snprintf(command, sizeof(command), "rm -r %s", folder);
  return rank == 0 ? system(command) : 0;
}

#endif
