#ifndef SINEW_IO_WEIGHTS_H
#define SINEW_IO_WEIGHTS_H
/*
  Files of networks from one format to the other: HDF5 (io/arrays.h) and safetensors (io/safetensors.h).

  A network's file holds /weights, optionally /mean and /sd, and the attributes of /config.
*/
#include "arrays.h"

typedef struct {
  PetscInt arrays;
  PetscInt64 values;
} SinewWeightsSize;

/*
  SinewWeightsConvert - copies these from one file to another, as safetensors when the new one's name
  ends so, else as HDF5. Values keep their bits; halves and bfloat16 become floats. Collective. Errors:
  those of SinewFileOpen, of a file without /weights (SINEW_ERR_INPUT), and SINEW_ERR_OUTPUT.
*/
PETSC_EXTERN PetscErrorCode SinewWeightsConvert(MPI_Comm comm, const char from[], const char to[],
                                                SinewWeightsSize *size);

#endif
