#ifndef SINEW_SOLVERS_POINTWISE_H
#define SINEW_SOLVERS_POINTWISE_H
/*
  The equations of neural/pointwise.h, made from parameters. Each maker returns a SinewPointwise that owns a copy of its
  parameters (functions' ctx are referred to); SinewPointwiseDestroy frees it. No communication.

    transport  u_t + a . grad u [+ u (u_x + u_y + ..)] = nu lap u + c0 + c1 u + c2 u^2 + c3 u^3 + s(x, t), 1 to 3
               coordinates: advection, advection-diffusion, Burgers, diffusion, Allen-Cahn (c1 = 1, c3 = -1); steady:
               the same without u_t (Poisson: nu = 1, s = the right-hand side with its sign changed)
    wave       u_t = v, v_t = c^2 lap u, unknowns u and v
    flow       incompressible flow in two dimensions by a stream function psi, velocity U + (psi_y, -psi_x):
               velocity_t = -(velocity . grad) velocity + nu lap velocity + force - grad p; nu = 0: Euler. The pressure
               drops out by projection. Walls: hard factors (psi = 0), slip; periodic: Fourier features, the mean flow U
               apart
  Initial data for SinewInsrFit are u; u and v; the velocity (2 components), respectively.
*/
#include "../neural/pointwise.h"

typedef enum {
  SINEW_CONDITION_NONE,
  SINEW_CONDITION_VALUE, /* u = data */
  SINEW_CONDITION_SLOPE, /* du/dx_axis = data's */
  SINEW_CONDITION_BOTH,  /* the two: inflow for schemes that apply the operator twice */
} SinewCondition;

typedef struct {
  PetscInt dim;
  PetscReal velocity[3], viscosity, reaction[4]; /* a, nu, c0 .. c3 */
  PetscBool burgers, steady;
  SinewPointFunction *velocity_function; /* [dim], instead of the constant; NULL: constant */
  SinewPointFunction *source;            /* [1]; NULL: none */
  SinewPointFunction *boundary;   /* u and its gradient, [1 + dim], on the faces and outside of the box; NULL: zero */
  const void *ctx;                /* of the functions */
  SinewCondition condition[3][2]; /* by axis and side */
  PetscReal slope_scale;          /* length that slopes are multiplied by; 0: 1 */
  PetscReal boundary_weight;      /* 0: 1 */
} SinewTransport;

typedef struct {
  PetscInt dim;
  PetscReal speed;
} SinewWave;

typedef struct {
  PetscReal viscosity, mean[2];
  SinewPointFunction *force; /* [2]; NULL: none */
  const void *ctx;
} SinewFlow;

PETSC_EXTERN PetscErrorCode SinewPointwiseTransport(const SinewTransport *parameters, SinewPointwise **equation);
PETSC_EXTERN PetscErrorCode SinewPointwiseWave(const SinewWave *parameters, SinewPointwise **equation);
PETSC_EXTERN PetscErrorCode SinewPointwiseFlow(const SinewFlow *parameters, SinewPointwise **equation);
PETSC_EXTERN PetscErrorCode SinewPointwiseDestroy(SinewPointwise **equation);

#endif
