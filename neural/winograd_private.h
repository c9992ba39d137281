#ifndef SINEW_NEURAL_WINOGRAD_PRIVATE_H
#define SINEW_NEURAL_WINOGRAD_PRIVATE_H
/*
  3x3 convolutions of floats by minimal filtering, F(m x m, 3x3): a tile of m x m outputs from (m+2) x (m+2) inputs
  costs (m+2)^2 multiplications a pair of channels: 4 an output with m = 2, 2.25 with m = 4, instead of 9. With the
  tile's input d, the filter g and small constant matrices A, B, G (winograd_tiles_private.h),

    y = A' [ sum over channels of (G g G') .* (B' d B) ] A,

  so that, gathered over tiles, the sums are (m+2)^2 products of matrices (tiles x in) (in x out), left to oneDNN's
  sgemm. A block of tile rows is transformed, multiplied and transformed back while it is in the cache. Rounding: where
  numbers are random, errors are those of direct sums (1.2 times with m = 4); where they are smooth, m = 4 errs by up to
  four times more. Of a whole SineNet, 84 GFLOP, either is off by 2.5e-6 of the output.

  Both adjoints go the same way. That of the input is a convolution with the filter turned around, of the output's
  gradient in its frame. That of the filter, from y = A' (U .* V) A with U = G g G', V = B' d B, is

    dg = G' [ sum over tiles of V .* (A dy A') ] G:  again as many products, (in x tiles) (tiles x out).

  Transformed weights take 16/9 (m = 2) or 4 (m = 4) times the plain ones' memory. So m = 4 is for fine maps with few
  channels (in training, which keeps no transformed weights, also for less fine ones), m = 2 for coarser ones, and the
  coarsest, where weights outweigh everything and their traffic the arithmetic, are left to direct convolution.

  Source: Lavin & Gray, "Fast algorithms for convolutional neural networks", CVPR 2016; Winograd,
  "Arithmetic complexity of computations", SIAM 1980.
*/
#include "neural/convolution_private.h"

typedef struct _p_Winograd *Winograd;

/* Whether the method is to be preferred for a convolution. */
PETSC_INTERN PetscBool WinogradFits(const ConvolutionShape *shape);
PETSC_INTERN PetscErrorCode WinogradCreate(const ConvolutionShape *shape, Winograd *winograd);
PETSC_INTERN PetscErrorCode WinogradDestroy(Winograd *winograd);
/* Bytes that the functions below need, each by itself, 64-byte aligned. */
PETSC_INTERN size_t WinogradScratch(Winograd winograd);
/* Bytes of transformed weights; Pack makes them in `packed`, for Forward with the filter or (adjoint: the shape is that
   of the adjoint, in and out exchanged) with the filter turned around. */
PETSC_INTERN size_t WinogradPackedBytes(Winograd winograd);
PETSC_INTERN void WinogradPack(Winograd winograd, PetscBool adjoint, const float weight[], float packed[]);
/* bias NULL and not accumulating: 0. */
PETSC_INTERN PetscErrorCode WinogradForward(Winograd winograd, const float packed[], const float x[],
                                            const float bias[], float y[], void *scratch);
/* x and gy in frames of one cell; overwrites the slice of gweight. scratch: the bytes of scratch and of transformed
   weights, one after the other. */
PETSC_INTERN PetscErrorCode WinogradGradient(Winograd winograd, const float x[], const float gy[], float gweight[],
                                             void *scratch);

#endif
