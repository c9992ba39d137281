#ifndef SINEW_NEURAL_DMM_GRADIENT_H
#define SINEW_NEURAL_DMM_GRADIENT_H
/*
  What a mesh network is trained on without data (dmm.h), and its gradient with respect to all parameters.

  For fields u and points xi in the square, x = xi + grad phi(xi; u):

    loss_in      mean of (m det(I + D^2 phi) / R - 1)^2,  m = 1 + |J^T D(x)| / (0.01 alpha), J = I + D^2 phi
    loss_bound   mean over the four sides of the mean of (normal derivative of phi)^2
    loss_convex  mean of min(0, 1 + phi_xx)^2 + min(0, 1 + phi_yy)^2
    loss         loss_in + 1000 loss_bound + loss_convex

  as the original has it: D are forward differences of u, D_1 along the first axis of the array, interpolated by weights
  exp(-s |x - x_k|) over all nodes, normalised; alpha = sum |D| / (s-1)^2 and R = sum (1 + |D| / (0.01 alpha)) /
  (s-1)^2. D_1 is paired with phi_xx although x is the array's last axis: the original swaps the components here,
  harmless where phi_xx ~ phi_yy, and kept so that its trained networks and this loss belong together.

  Derivatives of phi up to the second are closed forms, so that the gradient takes one reverse pass. Serial.
*/
#include "dmm.h"

typedef struct {
  PetscInt fields, points;    /* points a field */
  const double *u, *xi;       /* [fields][s][s], [fields][points][2] */
  PetscInt border;            /* points a side, the same for every field */
  const double *border_xi[4]; /* sides x = 0, x = 1, y = 0, y = 1: [border][2] */
  const double *border_u[4];  /* [fields][s][s] */
} SinewDMMSample;

typedef struct {
  double in, bound, convex, total, side[4];
} SinewDMMLoss;

/* gradient: NULL, or as many numbers as there are parameters, in the order of SinewDMMGetParameter (overwritten). */
PETSC_EXTERN PetscErrorCode SinewDMMEvaluateLoss(SinewDMM dmm, const SinewDMMSample *sample, SinewDMMLoss *loss,
                                                 double gradient[]);

#endif
