#ifndef SINEW_NEURAL_CONVOLUTION_PRIVATE_H
#define SINEW_NEURAL_CONVOLUTION_PRIVATE_H
/*
  One convolution on one rank: dense NHWC arrays, the input in a frame of dilation (kernel-1) / 2 cells, so that an
  output of ny x nx cells reads (ny + dilation (kernel-1)) x (nx + dilation (kernel-1)) of them. Cross-correlation:

    y[j][i][o] = bias[o] + sum_{u,v,c} w[o][c][u][v] x[j + dilation u][i + dilation v][c].

  For the adjoints the output's gradient is in such a frame too, which holds what neighbours have there (zeros beyond a
  border), and the input's is not: so each of its cells is complete, where sums over a frame would have to be added to
  those of the neighbours, and costs as much as one of the output.

  float runs through oneDNN (primitives and blocked weights made once) or minimal filtering, double
  through a plain kernel of our own. The channels may be a slice of a wider weight, and the result may be added to
  what is there: so a concatenation is never made, its parts are convolved in turn.

  Nothing is communicated. On a rank without cells (ny or nx zero) every call does nothing.
*/
#include "neural/tensor_private.h"

typedef struct _p_ConvolutionEngine *ConvolutionEngine; /* what convolutions of a network share */
typedef struct _p_Convolution *Convolution;

typedef struct {
  PetscInt batch, ny, nx; /* of the output */
  PetscInt in, out;       /* channels */
  PetscInt kernel, dilation;
  PetscInt slice,
      channels;         /* weights are [out][channels][kernel][kernel]; this one reads channels slice .. slice+in-1 */
  PetscBool accumulate; /* add to y, without bias; else overwrite it */
  PetscBool training;
  PetscBool bf16; /* float, inference: w and x are rounded to bfloat16 (8 bits), sums are of floats */
} ConvolutionShape;

typedef struct {
  PetscErrorCode (*create_engine)(ConvolutionEngine *engine);
  PetscErrorCode (*destroy_engine)(ConvolutionEngine *engine);
  PetscErrorCode (*create)(ConvolutionEngine engine, const ConvolutionShape *shape, Convolution *c);
  PetscErrorCode (*destroy)(Convolution *c);
  PetscErrorCode (*pack)(Convolution c, const void *weight); /* takes over new weights; the array is not needed after */
  PetscErrorCode (*forward)(Convolution c, const void *x, const void *bias, void *y);
  PetscErrorCode (*backward_data)(Convolution c, const void *gy, void *gx); /* gy framed, gx not; overwrites gx */
  PetscErrorCode (*backward_weights)(Convolution c, const void *x, const void *gy, void *gweight,
                                     void *gbias); /* both framed; overwrites its slice, and gbias unless NULL */
} ConvolutionMethods;

PETSC_INTERN const ConvolutionMethods ConvolutionFloat, ConvolutionDouble;

#endif
