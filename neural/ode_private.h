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

  Backward is the adjoint of the steps that Forward took (discretise, then optimise; the sizes of the
  steps count as given, as in torchdiffeq): the state before each accepted step is kept, the step's
  stages are computed again from it, and each stage once more before its adjoint. So memory grows by
  one state a step, and a step costs 12 evaluations and 6 adjoints of the right-hand side.
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
/* After OdeForward, with the gradient of the output set. Collective. */
PETSC_EXTERN PetscErrorCode OdeBackward(Graph graph, Ode ode);
/* For tests: Forward takes the steps of the last one again, so that it is a smooth function of everything. */
PETSC_EXTERN void OdeFreeze(Ode ode, PetscBool frozen);
PETSC_EXTERN const OdeParts *OdeGetParts(Ode ode);
/* Evaluations of the right-hand side in the last Forward, and their times (at most `most`). */
PETSC_EXTERN PetscInt OdeEvaluations(Ode ode, PetscInt most, double times[]);
/* f(y, t) for the state that the first part made: for tests. Result in node `slope`. */
PETSC_EXTERN PetscErrorCode OdeSlope(Graph graph, Ode ode, double t);

/* ---- shared by ode.c and ode_adjoint.c ---- */

#define ODE_STAGES    7
#define ODE_TIMES_MAX 256

struct _p_Ode {
  OdeParts parts;
  PetscInt n;   /* values of this rank's box */
  double total; /* of all */
  double *y, *next, *work, *middle, *k[ODE_STAGES];
  double *embedding; /* [batch][features] */
  PetscInt evaluations;
  double time[ODE_TIMES_MAX];
  PetscBool frozen;
  double fraction; /* of the last step, where t = 1 is */
  PetscInt steps, room;
  struct OdeStep {
    double t, h;
    double *y; /* the state before it; training only */
  } * step;    /* that were accepted */
  /* training */
  double *adjoint[ODE_STAGES], *ly, *lnext; /* of the slopes, of the states before and after a step */
  double *gradients;                        /* of all parameters so far */
};

PETSC_INTERN const double OdeNodeTime[ODE_STAGES];
PETSC_INTERN const double OdeStageWeight[ODE_STAGES][ODE_STAGES - 1];
PETSC_INTERN const double OdeMiddleWeight[ODE_STAGES];

PETSC_INTERN PetscErrorCode OdeEvaluate(Graph graph, Ode ode, double t, double y[],
                                        double slope[]); /* slope may be NULL */
PETSC_INTERN void OdeCombine(Ode ode, const double y[], double h, int stages, const double weight[], double out[]);
PETSC_INTERN void OdeCopy(SinewTensor tensor, double values[], PetscBool set); /* between a box and a vector */
PETSC_INTERN double OdeStageTime(double t, double h, int stage);

#endif
