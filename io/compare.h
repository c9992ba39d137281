#ifndef SINEW_IO_COMPARE_H
#define SINEW_IO_COMPARE_H
/*
  How far the fields of two files (outputs or checkpoints) are apart, and the range of one array.

  A field is an array below /fields, (z, y, x) or fewer axes for a scalar, (z, y, x, components) with
  four. Names that begin with / are those of any array; of two files without fields (data sets, weights) all arrays are
  compared. Two fields of different resolution are compared on the coarser cells: along each axis the
  finer one must have a whole multiple of the other's cells, of which blocks are averaged. On uniform
  grids that is the conservative restriction; on stretched ones the blocks' cells weigh alike, which
  it is not.

  With d = a - b over all N coarse cells and components

    mean |d| = sum |d| / N,  rms d = sqrt(sum d^2 / N),  max |d|

  Ranks share the slowest axis that has more than one cell; each reads slabs of at most 64 MiB a file,
  whatever the size of the array. Sums are kept in long double, so that the numbers hardly depend on
  the number of ranks. Everything here is collective on comm, on which the files
  were opened. Errors of the files,
  damage included, are SINEW_ERR_INPUT with one line.
*/
#include "arrays.h"

typedef struct {
  double mean, rms, max;
} SinewNorms; /* of absolute values; NaN when there is a NaN anywhere */

typedef struct {
  char name[128]; /* without /fields/ */
  int rank;
  PetscInt64 shape[SINEW_ARRAY_RANK_MAX]; /* on which it was compared */
  PetscBool averaged;                     /* resolutions differed */
  SinewNorms difference, reference;       /* of a - b and of b, both on that shape */
} SinewComparison;

/*
  SinewCompareFields - compares fields of the open files a and b.

  count   [in]   number of names; 0 for all fields that both files have
  names   [in]   fields, without /fields/
  n       [out]  number of results
  result  [out]  one a field, in the order of names, or alphabetic; free with PetscFree

  Raises SINEW_ERR_INPUT when a named field is missing, when there is no common one, when shapes do
  not divide, or when either file is damaged.
*/
PETSC_EXTERN PetscErrorCode SinewCompareFields(MPI_Comm comm, SinewFile a, SinewFile b, PetscInt count,
                                               const char *const names[], PetscInt *n, SinewComparison **result);

/* SinewArrayRange - least, greatest and mean value of an array of any shape; NaN when it holds one. */
PETSC_EXTERN PetscErrorCode SinewArrayRange(MPI_Comm comm, SinewFile file, const char name[], double *least,
                                            double *greatest, double *mean);

#endif
