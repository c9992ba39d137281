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

  A network with walls (dmm.h) has no loss_bound.

  Derivatives of phi up to the second are closed forms, so that the gradient takes one reverse pass. Serial.

  SinewDMMMonitor says what is to be done better than the original, whose floor of 0.01 leaves cells almost without
  area. |J^T D| is the slope in the square that the mesh is made from, so that equidistribution of it compresses with
  the root of a slope: a floor of 0.2 to 0.5 gives the meshes of a classical mover with power 1/2.
*/
#include "dmm.h"

/* Zeros: the original's. */
typedef struct {
  double floor;       /* m = 1 + |J^T D| / (floor alpha); 0: 0.01 */
  PetscBool straight; /* D_1 = du/dx goes with phi_xx, D_2 = du/dy with phi_yy */
  PetscInt window;    /* D is interpolated over so many nodes to either side; 0: over all */
} SinewDMMMonitor;

typedef struct {
  PetscInt fields, points;    /* points a field */
  const double *u, *xi;       /* [fields][s][s], [fields][points][2] */
  PetscInt border;            /* points a side, the same for every field */
  const double *border_xi[4]; /* sides x = 0, x = 1, y = 0, y = 1: [border][2] */
  const double *border_u[4];  /* [fields][s][s]; NULL: u, at a fifth of the cost */
  SinewDMMMonitor monitor;
} SinewDMMSample;

typedef struct {
  double in, bound, convex, total, side[4];
} SinewDMMLoss;

/* gradient: NULL, or as many numbers as there are parameters, in the order of SinewDMMGetParameter (overwritten). */
PETSC_EXTERN PetscErrorCode SinewDMMEvaluateLoss(SinewDMM dmm, const SinewDMMSample *sample, SinewDMMLoss *loss,
                                                 double gradient[]);

#endif
