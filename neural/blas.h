#ifndef SINEW_NEURAL_BLAS_H
#define SINEW_NEURAL_BLAS_H
/*
  The right BLAS kernels. OpenBLAS picks its kernels by the processor's model number; one that it does not know
  (0.3.21 on Sapphire Rapids in a virtual machine) gets those of Prescott (2004), a fifth of the speed. Where that
  happened on a processor with AVX-512 or AVX2, SinewBlasTune has OpenBLAS choose again, as the environment variable
  OPENBLAS_CORETYPE=SkylakeX (or Haswell) would have; a variable that the user set is respected, and any other
  BLAS is left alone. SinewJetCreate and SinewLeastSquaresCreate call it; a program may call it earlier. It acts once a
  process, not collective, to be called while no other thread is in BLAS. Matrix products after it differ from
  those before in the last bits.
*/
#include "../io/error.h"

PETSC_EXTERN PetscErrorCode SinewBlasTune(void);

#endif
