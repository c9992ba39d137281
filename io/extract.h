#ifndef SINEW_IO_EXTRACT_H
#define SINEW_IO_EXTRACT_H
/*
  One array of a file, of which every rank reads the boxes it wants, when it wants them: data sets larger than memory.
  (SinewFileRead is for arrays that all ranks read together.)

  Life-cycle
    SinewFileOpen; SinewExtractCreate for each array (collective: rank 0 looks it up and tells the others);
    SinewFileClose; then on any rank at any time SinewExtractAdvise and SinewExtractRead, which open the file on this
    rank when they need it; SinewExtractRest closes it until the next read; SinewExtractDestroy.

  A contiguous array is read by pread past HDF5: lines of a box that lie close together as one span, others one by one.
  Chunked and compressed arrays go through HDF5's serial driver, one hyperslab a box. Neither involves MPI. Values are
  converted to double. Checksums are not looked at: they cover whole arrays.
*/
#include "arrays.h"

typedef struct _p_SinewExtract *SinewExtract;

/* Collective on the file. Raises SINEW_ERR_INPUT when there is no such array, when it does not hold real numbers, or
 * when the file ends before the array does. The name may be changed afterwards. */
PETSC_EXTERN PetscErrorCode SinewExtractCreate(SinewFile file, const char name[], SinewExtract *extract);
PETSC_EXTERN PetscErrorCode SinewExtractDestroy(SinewExtract *extract);

PETSC_EXTERN int SinewExtractRank(SinewExtract extract);
PETSC_EXTERN const PetscInt64 *SinewExtractShape(SinewExtract extract);
PETSC_EXTERN const char *SinewExtractPath(SinewExtract extract); /* of the file */
PETSC_EXTERN const char *SinewExtractName(SinewExtract extract); /* in the file */

/*
  SinewExtractRead - reads the box start, count (rank numbers each) into data, in C order. Not collective.

  ok, why [out]  a file that cannot be read is a result here, no error, for the caller to agree on with other ranks; why
                 has size bytes and is a whole line
*/
PETSC_EXTERN PetscErrorCode SinewExtractRead(SinewExtract extract, const PetscInt64 start[], const PetscInt64 count[],
                                             double data[], PetscBool *ok, size_t size, char why[]);
/* The box will be read soon: the system may fetch it meanwhile (posix_fadvise). Chunked arrays: nothing. Not
 * collective. */
PETSC_EXTERN PetscErrorCode SinewExtractAdvise(SinewExtract extract, const PetscInt64 start[],
                                               const PetscInt64 count[]);
/* Closes the file on this rank until it is needed again. Not collective. */
PETSC_EXTERN PetscErrorCode SinewExtractRest(SinewExtract extract);

#endif
