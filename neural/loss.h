#ifndef SINEW_NEURAL_LOSS_H
#define SINEW_NEURAL_LOSS_H
/*
  Distances between a predicted and a true tensor (same layout, batch, channels; any element type),
  and their gradients with respect to the prediction. Sums are in double, over the whole map: every
  rank gets the same number. Collective: one reduction, of 2 batch x channels numbers at most.

    mean square   mean of (p - y)^2 over all values
    scaled l2     ||p - y|| / ||y|| over the map, averaged over samples and channels; a target of
                  zeros gives infinity; the gradient is zero where p equals y everywhere
    relative l1   the same with sums of absolute values

  `gradient` (NULL: not wanted) has the prediction's shape; its box is overwritten.
*/
#include "tensor.h"

typedef enum { SINEW_LOSS_SCALED_L2, SINEW_LOSS_MEAN_SQUARE, SINEW_LOSS_RELATIVE_L1 } SinewLossKind;
/* "scaledl2", "mse", "relative_l1", NULL */
PETSC_EXTERN const char *const SinewLossKinds[];

PETSC_EXTERN PetscErrorCode SinewLoss(SinewLossKind kind, SinewTensor prediction, SinewTensor target, double *loss,
                                      SinewTensor gradient);
PETSC_EXTERN PetscErrorCode SinewLossMeanSquare(SinewTensor prediction, SinewTensor target, double *loss,
                                                SinewTensor gradient);
PETSC_EXTERN PetscErrorCode SinewLossScaledL2(SinewTensor prediction, SinewTensor target, double *loss,
                                              SinewTensor gradient);
PETSC_EXTERN PetscErrorCode SinewLossRelativeL1(SinewTensor prediction, SinewTensor target, double *loss,
                                                SinewTensor gradient);

#endif
