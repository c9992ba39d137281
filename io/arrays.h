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
  and cover it; collective, no gather). When reading, boxes may overlap or leave gaps. Every array carries the CRC-32C
  of its bytes in file order as attribute "crc32c", computed in parallel from the ranks' boxes, hence independent of the
  partition; reading a whole array verifies it. Not verified are reads of small parts (the rest would have to be read
  too) and those of arrays without a checksum.

  What is not an array (attributes, names, structure) is covered by a checksum behind HDF5's last byte, checked before
  HDF5 sees the file (arrays_seal.c): opening a damaged file raises SINEW_ERR_INPUT. A file changed by other programs
  has lost it and is read without.

  Files of the safetensors format are opened for reading like HDF5 files (io/safetensors.h).

  HDF5 lays a file out but the ranks write their bytes themselves, and nothing of HDF5's is on disk
  before the file is published (arrays_private.h says why): a .part is no HDF5 file.

  Errors. A file that cannot be written raises SINEW_ERR_OUTPUT, one that cannot be read or is
  damaged SINEW_ERR_INPUT, each with one line naming file and array, on all ranks. HDF5's own error
  stack is silenced. All functions are collective on the file's communicator unless they say
  otherwise.

  After SINEW_ERR_OUTPUT the .part is gone, the old file stands, and SinewFileClose is all that may
  still be called. Sizes are 64-bit throughout: arrays of any size per rank.
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

/* SinewArraySize - numbers of the whole array, over all ranks. Not collective. */
static inline PetscInt64 SinewArraySize(const SinewArray *array)
{
  PetscInt64 n = 1;

  for (int k = 0; k < array->rank; k++) n *= array->shape[k];
  return n;
}

PETSC_EXTERN PetscErrorCode SinewFileCreate(MPI_Comm comm, const char path[], SinewFile *file);
PETSC_EXTERN PetscErrorCode SinewFileOpen(MPI_Comm comm, const char path[], SinewFile *file); /* read only */
/* Written file: to disk, under its name. The file is gone afterwards (*file NULL), published or discarded. */
PETSC_EXTERN PetscErrorCode SinewFilePublish(SinewFile *file);
PETSC_EXTERN PetscErrorCode SinewFileClose(SinewFile *file); /* read file; a written one is discarded */
/* The name given to Create or Open; valid as long as the file. Not collective. */
PETSC_EXTERN const char *SinewFilePath(SinewFile file);
/* The file's own duplicate of the communicator. Not collective. */
PETSC_EXTERN MPI_Comm SinewFileComm(SinewFile file);

PETSC_EXTERN PetscErrorCode SinewFileWrite(SinewFile file, const SinewArray *array);
/*
  An array in parts: rows of its first axis, in any order, each row once; for arrays larger than memory.

  SinewPartsCreate lays the array out (its data and boxes are not looked at); SinewPartsWrite writes the rows from `row`
  on, an array of its own whose shape is the whole's but for the number of rows, distributed or not; SinewPartsFinish
  notes the checksum. Several arrays may be under way. Collective.
*/
typedef struct _p_SinewParts *SinewParts;
PETSC_EXTERN PetscErrorCode SinewPartsCreate(SinewFile file, const SinewArray *whole, SinewParts *parts);
PETSC_EXTERN PetscErrorCode SinewPartsWrite(SinewParts parts, PetscInt64 row, const SinewArray *part);
PETSC_EXTERN PetscErrorCode SinewPartsFinish(SinewParts *parts);
/* Shape and dtype of an array in a file; *exists false when there is none of that name. */
PETSC_EXTERN PetscErrorCode SinewFileInquire(SinewFile file, const char name[], PetscBool *exists, SinewArray *array);
/* Reads into array->data; shape and rank must agree with the file, dtype is converted; verifies the
 * checksum where it covers. */
PETSC_EXTERN PetscErrorCode SinewFileRead(SinewFile file, SinewArray *array);
/* Names of the arrays below a group (recursively, sorted; of numbers only; not through soft or external
 * links to groups), with what is there but cannot be opened; the caller frees each and the list with PetscFree. */
PETSC_EXTERN PetscErrorCode SinewFileList(SinewFile file, const char group[], PetscInt *count, char ***names);

/*
  SinewFileVerify      - reads every array and compares checksums, whatever its layout on ranks was
  SinewFileVerifyArray - one array: SINEW_UNVERIFIED when it has no checksum

  Bytes are dealt out over the ranks and pass through a few MiB of memory on each.

  ok, result  [out]  damage is a result here, no error
  why         [out]  with size bytes: what is damaged, a whole line with file and array; else empty
*/
typedef enum { SINEW_UNVERIFIED, SINEW_VERIFIED, SINEW_DAMAGED } SinewVerdict;
PETSC_EXTERN PetscErrorCode SinewFileVerify(SinewFile file, PetscBool *ok, size_t size, char why[]);
PETSC_EXTERN PetscErrorCode SinewFileVerifyArray(SinewFile file, const char name[], SinewVerdict *result, size_t size,
                                                 char why[]);

/* Names of the attributes of an object, sorted; freed like those of SinewFileList. */
PETSC_EXTERN PetscErrorCode SinewFileListAttributes(SinewFile file, const char name[], PetscInt *count, char ***keys);

/* Attributes of the object `name` ("/" for the file; a group is made where there is nothing). Rank 0's values
 * count. Strings are UTF-8, variable length on reading; free with PetscFree. Of an attribute that is absent *n is 0;
 * one with more than `most` entries is an error. */
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
