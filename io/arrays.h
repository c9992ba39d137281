#ifndef SINEW_IO_ARRAYS_H
#define SINEW_IO_ARRAYS_H
/*
  Named n-dimensional arrays in HDF5: the one door through which fields, weights, optimiser moments
  and data sets go.

  A file is written under a temporary name (FILE.part) by all ranks of a communicator and published
  by SinewFilePublish: flush, close, fsync, rename, fsync of the directory. Until then whatever
  stood under FILE is untouched; a process killed at any instant leaves the old file or the new one,
  never half of one.

  An array is either replicated (every rank holds all of it; rank 0 writes, everyone reads) or
  distributed in boxes (each rank holds the box start, count of a global shape; boxes are disjoint
  and cover it; collective hyperslab I/O, no gather). Every array carries the CRC-32C of its bytes
  in file order as attribute "crc32c", computed in parallel from the ranks' boxes, hence independent
  of the partition; reading a whole array verifies it.

  Errors. A file that cannot be written raises SINEW_ERR_OUTPUT, one that cannot be read or is
  damaged SINEW_ERR_INPUT, each with one line naming file and array, on all ranks. HDF5's own error
  stack is silenced. All functions are collective on the file's communicator unless they say
  otherwise.
*/
#include "error.h"

typedef struct _p_SinewFile *SinewFile;

typedef enum { SINEW_FLOAT64, SINEW_FLOAT32, SINEW_INT64, SINEW_INT32, SINEW_UINT8 } SinewDtype;
#define SINEW_ARRAY_RANK_MAX 6

typedef struct {
  const char *name; /* HDF5 path, "/fields/rho"; groups are made as needed */
  SinewDtype dtype;
  int rank;
  PetscInt64 shape[SINEW_ARRAY_RANK_MAX]; /* global, slowest first (z, y, x) */
  PetscBool distributed;
  PetscInt64 start[SINEW_ARRAY_RANK_MAX], count[SINEW_ARRAY_RANK_MAX]; /* this rank's box, when distributed */
  void *data; /* this rank's box (or all), contiguous, C order; not owned */
} SinewArray;

PETSC_EXTERN size_t SinewDtypeSize(SinewDtype dtype);

PETSC_EXTERN PetscErrorCode SinewFileCreate(MPI_Comm comm, const char path[], SinewFile *file);
PETSC_EXTERN PetscErrorCode SinewFileOpen(MPI_Comm comm, const char path[], SinewFile *file); /* read only */
PETSC_EXTERN PetscErrorCode SinewFilePublish(SinewFile *file); /* written file: to disk, under its name */
PETSC_EXTERN PetscErrorCode SinewFileClose(SinewFile *file);   /* read file; a written one is discarded */

PETSC_EXTERN PetscErrorCode SinewFileWrite(SinewFile file, const SinewArray *array);
/* Shape and dtype of an array in a file; *exists false when there is none of that name. */
PETSC_EXTERN PetscErrorCode SinewFileInquire(SinewFile file, const char name[], PetscBool *exists, SinewArray *array);
/* Reads into array->data; shape and rank must agree with the file, dtype is converted; verifies the
 * checksum where it covers. */
PETSC_EXTERN PetscErrorCode SinewFileRead(SinewFile file, SinewArray *array);
/* Names of the arrays below a group (recursively, sorted); the caller frees each and the list with
 * PetscFree. */
PETSC_EXTERN PetscErrorCode SinewFileList(SinewFile file, const char group[], PetscInt *count, char ***names);

/* Attributes of the object `name` ("/" for the file). Strings are UTF-8, variable length on
 * reading; free with PetscFree. */
PETSC_EXTERN PetscErrorCode SinewFileWriteString(SinewFile file, const char name[], const char key[],
                                                 const char value[]);
PETSC_EXTERN PetscErrorCode SinewFileWriteReals(SinewFile file, const char name[], const char key[], PetscInt n,
                                                const double value[]);
PETSC_EXTERN PetscErrorCode SinewFileWriteInts(SinewFile file, const char name[], const char key[], PetscInt n,
                                               const PetscInt64 value[]);
PETSC_EXTERN PetscErrorCode SinewFileReadString(SinewFile file, const char name[], const char key[],
                                                char **value); /* NULL when absent */
PETSC_EXTERN PetscErrorCode SinewFileReadReals(SinewFile file, const char name[], const char key[], PetscInt most,
                                               PetscInt *n, double value[]);
PETSC_EXTERN PetscErrorCode SinewFileReadInts(SinewFile file, const char name[], const char key[], PetscInt most,
                                              PetscInt *n, PetscInt64 value[]);

#endif
