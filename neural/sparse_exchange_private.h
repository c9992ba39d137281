#ifndef SINEW_NEURAL_SPARSE_EXCHANGE_PRIVATE_H
#define SINEW_NEURAL_SPARSE_EXCHANGE_PRIVATE_H
/*
  Records of `size` bytes, each to a rank of its own: who receives does not know from whom, and nothing is of the size
  of the communicator. What arrives is ordered by the sender's rank, then as sent; from[received] (NULL: not wanted)
  says by whom. The caller frees data and from with PetscFree. tag and tag - 1 of a communicator by PetscCommDuplicate.
  Collective.
*/
#include "io/error.h"

PETSC_INTERN PetscErrorCode SinewSparseExchange(MPI_Comm comm, PetscMPIInt tag, size_t size, PetscInt count,
                                                const PetscMPIInt to[], const void *records, PetscInt *received,
                                                void **data, PetscMPIInt **from);

#endif
