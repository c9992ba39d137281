#ifndef SINEW_NEURAL_LOSS_H
#define SINEW_NEURAL_LOSS_H
/*
  Distances between a predicted and a true tensor (same layout, batch, channels; any element type),
  and their gradients with respect to the prediction. Sums are in double, over the whole map: every
  rank gets the same number. Collective: one reduction, of 2 batch x channels numbers at most.

    mean square   mean of (p - y)^2 over all values
    scaled l2     ||p - y|| / ||y|| over the map, averaged over samples and channels; a target of
                  zeros gives infinity; the gradient is zero where p equals y everywhere

  `gradient` (NULL: not wanted) has the prediction's shape; its box is overwritten.
*/
#include "tensor.h"

PETSC_EXTERN PetscErrorCode SinewLossMeanSquare(SinewTensor prediction, SinewTensor target, double *loss,
                                                SinewTensor gradient);
PETSC_EXTERN PetscErrorCode SinewLossScaledL2(SinewTensor prediction, SinewTensor target, double *loss,
                                              SinewTensor gradient);

#endif
