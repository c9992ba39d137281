#ifndef SINEW_NEURAL_KERNELS_PRIVATE_H
#define SINEW_NEURAL_KERNELS_PRIVATE_H
/*
  What happens between convolutions, one table for each element type. A kernel works on sample b and
  a rectangle of the box (so that a box's rim can be made, and sent, before its interior). Adjoints
  add to the gradients they are handed. No kernel allocates or communicates.
*/
#include "neural/tensor_private.h"

typedef enum {
  ACTIVATION_NONE,
  ACTIVATION_GELU,
  ACTIVATION_RELU,
  ACTIVATION_SILU,
  ACTIVATION_TANH,
  ACTIVATION_SIGMOID,
  ACTIVATIONS
} Activation;
PETSC_INTERN const char *const ActivationNames[ACTIVATIONS];
PETSC_INTERN PetscBool ActivationFind(const char name[], Activation *activation);

#define RESIDUALS_MAX 2

/*
  y = act(scale x + offset) (1 + gain) + shift + sum of residuals. The coefficients are per sample
  and channel, [batch][channels] of the element type; scale and gain may be NULL (then offset and
  shift are not used either).
*/
typedef struct {
  SinewTensor x, y;
  int residuals;
  SinewTensor residual[RESIDUALS_MAX];
  Activation activation;
  const void *scale, *offset, *gain, *shift;
} Pointwise;

/* Sums over the rectangle for the adjoint of a normalised pointwise layer, per channel of a sample. */
typedef struct {
  double *weight,
      *bias; /* of the norm: sum of gn xhat, sum of gn, where gn is the gradient at the activation's argument */
  double *gain, *shift; /* of the conditioning; NULL without */
} ChannelSums;

typedef struct {
  /* sums of x - centre and of its square over the box of sample b, in double */
  void (*moments)(SinewTensor x, PetscInt b, double centre, double sum[2]);
  void (*pointwise)(const Pointwise *p, PetscInt b, SinewBox r);
  /* gx = gradient at the activation's argument (overwritten), from gy; mean, rstd of sample b; sums are added to */
  void (*pointwise_adjoint)(const Pointwise *p, PetscInt b, SinewTensor gy, SinewTensor gx, double mean, double rstd,
                            const ChannelSums *sums);
  /* gx = scale gx + slope x + constant: the rest of the norm's adjoint */
  void (*norm_adjoint)(const Pointwise *p, PetscInt b, SinewTensor gx, double slope, double constant);
  void (*add)(SinewTensor from, SinewTensor to, PetscInt b); /* box to box */
  void (*sum)(size_t n, const void *a, const void *b, void *sum); /* of n values; sum may be one of them */
  void (*pool)(SinewTensor x, SinewTensor y, PetscBool maximum, PetscInt b, SinewBox r);
  void (*pool_adjoint)(SinewTensor x, SinewTensor gy, PetscBool maximum, PetscInt b, SinewTensor gx);
  /* bicubic, twice as fine; row: scratch for a padded row of x */
  void (*upsample)(SinewTensor x, SinewTensor y, PetscInt b, SinewBox r, void *row);
  void (*upsample_adjoint)(SinewTensor gy, PetscInt b, SinewTensor gx, void *row);
} Kernels;

PETSC_INTERN const Kernels KernelsFloat, KernelsDouble;

static inline const Kernels *KernelsOf(SinewDtype dtype)
{
  return dtype == SINEW_FLOAT32 ? &KernelsFloat : &KernelsDouble;
}

#endif
