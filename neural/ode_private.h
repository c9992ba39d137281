#ifndef SINEW_NEURAL_ODE_PRIVATE_H
#define SINEW_NEURAL_ODE_PRIVATE_H
/*
  A network whose middle part is integrated in time: layers [0, lift) make the initial state, layers
  [lift, project) are the right-hand side f(y, t), conditioned on t, and the rest projects the state
  at t = 1.

  Dormand-Prince 5(4) with Shampine's error coefficients and quartic dense output, local
  extrapolation, root-mean-square error norm over the whole batch and map, first step after Hairer,
  Norsett & Wanner, section II.4: the controller of torchdiffeq's dopri5, so that the same steps are
  taken. The last step may pass t = 1; the value there is interpolated. States are kept in double.
*/
#include "neural/network_private.h"

typedef struct {
  PetscInt lift, project; /* first layers of the second and third part */
  PetscInt initial;       /* node made by the first part */
  PetscInt state, slope;  /* nodes in and out of the second */
  PetscInt final;         /* node that the third starts from */
  PetscInt features;
  PetscReal tolerance;
} OdeParts;

PETSC_EXTERN PetscErrorCode OdeCreate(Graph graph, const OdeParts *parts, Ode *ode);
PETSC_EXTERN PetscErrorCode OdeDestroy(Ode *ode);
PETSC_EXTERN PetscErrorCode OdeForward(Graph graph, Ode ode);
PETSC_EXTERN const OdeParts *OdeGetParts(Ode ode);
/* Evaluations of the right-hand side in the last Forward, and their times (at most `most`). */
PETSC_EXTERN PetscInt OdeEvaluations(Ode ode, PetscInt most, double times[]);
/* f(y, t) for the state that the first part made: for tests. Result in node `slope`. */
PETSC_EXTERN PetscErrorCode OdeSlope(Graph graph, Ode ode, double t);

#endif
