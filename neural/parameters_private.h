#ifndef SINEW_NEURAL_PARAMETERS_PRIVATE_H
#define SINEW_NEURAL_PARAMETERS_PRIVATE_H
/*
  Tables of parameters: initial values, files, and the memory of networks that are not graphs of tensors. Collective
  where they read or write.
*/
#include "neural/network.h"

/* Seeded random values within the bounds: the same for both element types, up to rounding. */
PETSC_EXTERN void ParametersInitialize(SinewDtype dtype, PetscInt count, const SinewParameter table[], PetscInt64 seed);
/* Reads GROUP/NAME for each, checks shapes and that all is finite. Other arrays below GROUP are a mistake, except those
   that contain one of the words `spare` (NULL-ended; NULL: none). Raises SINEW_ERR_INPUT with one line. */
PETSC_EXTERN PetscErrorCode ParametersLoad(MPI_Comm comm, SinewDtype dtype, PetscInt count,
                                           const SinewParameter table[], SinewFile file, const char path[],
                                           const char group[], const char *const spare[]);
PETSC_EXTERN PetscErrorCode ParametersStore(MPI_Comm comm, SinewDtype dtype, PetscInt count,
                                            const SinewParameter table[], SinewFile file, const char group[]);

/* Values of a row of the first axis; the first value of the whole parameter that this rank holds. */
PETSC_INTERN size_t ParameterRow(const SinewParameter *p);
PETSC_INTERN size_t ParameterFirst(const SinewParameter *p);
/* The array in a file that has a parameter's shape; data: this rank's part of it, or all. */
PETSC_INTERN void ParameterArray(const SinewParameter *p, SinewDtype dtype, const char name[], void *data,
                                 SinewArray *array);
/* The same to be written: of a part that several ranks hold, one gives it. */
PETSC_INTERN void ParameterArrayToWrite(const SinewParameter *p, SinewDtype dtype, const char name[], void *data,
                                        SinewArray *array);

/* A table with memory of its own: declare all, allocate once. Statistics have no gradients (NULL). */
typedef struct {
  SinewDtype dtype;
  PetscInt count, room;
  SinewParameter *entry;
  void *values, *gradients;
  size_t trained; /* numbers with gradients, which lie one after the other */
} ParameterTable;

PETSC_EXTERN PetscErrorCode ParameterTableDeclare(ParameterTable *table, PetscBool trained, int rank,
                                                  const PetscInt64 shape[], double bound, double constant, PetscInt *id,
                                                  const char format[], ...) PETSC_ATTRIBUTE_FORMAT(8, 9);
/* gradients: whether there are any */
PETSC_EXTERN PetscErrorCode ParameterTableAllocate(ParameterTable *table, PetscBool gradients);
PETSC_EXTERN PetscErrorCode ParameterTableDestroy(ParameterTable *table);

#endif
