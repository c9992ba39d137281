#ifndef SINEW_SOLVERS_POINTWISE_H
#define SINEW_SOLVERS_POINTWISE_H
/*
  The equations of neural/pointwise.h, made from parameters. Each maker returns a SinewPointwise that owns a copy of its
  parameters (functions' ctx are referred to); SinewPointwiseDestroy frees it. No communication.

    transport  u_t + a . grad u [+ u (u_x + u_y + ..)] = D : grad grad u + (div D) . grad u + c0 + (c1 + g) u + c2 u^2 +
               c3 u^3 + s, 1 to 3 coordinates: advection, advection-diffusion, Burgers, diffusion; with g = -div a the
               conservative form. Steady: the same without u_t (Poisson: D = 1, s = the right-hand side with its sign
               changed)
    wave       p_t = -c^2 div v - s p, v_t = -grad p - s v, unknowns p and v: acoustic waves, a sponge s
    reaction   u_k,t = D_k lap u_k + r_k(x, t, u), species k: Gray-Scott, Allen-Cahn (r = u - u^3), ..
    flow       incompressible flow in two dimensions by a stream function psi, velocity U + (psi_y, -psi_x):
               velocity_t = -(velocity . grad) velocity + nu lap velocity + force - grad p; nu = 0: Euler. The pressure
               drops out by projection. Walls: hard factors (psi = 0), slip; periodic: Fourier features, the mean flow U
               apart. Velocities held on faces are rows (of psi's gradient), and the projection is Galerkin's onto what
               vanishes there; a face without any is open: no pressure stands on it
  Initial data for SinewInsrFit are u; p and v; u_k; the velocity (2 components), respectively.
*/
#include "../neural/pointwise.h"

#define SINEW_POINTWISE_SPECIES_MAX 8

/*
  Linear conditions on a face, sum over unknowns of c u + C . grad u = g, at n points of it: c [rows][unknowns][1 +
  dim][n] (the value's factor, then the gradient's) and g [rows][n], zero on entry. face: 2 axis + side.
*/
typedef PetscErrorCode SinewFaceFunction(const void *ctx, PetscInt face, PetscReal t, PetscInt n, const PetscReal x[],
                                         PetscReal c[], PetscReal g[]);

typedef struct {
  PetscInt rows[6]; /* conditions at a point of every face; 0: none */
  PetscReal weight; /* of their mean square against the interior's; 0: 1 */
  SinewFaceFunction *function;
} SinewFaces;

typedef struct {
  PetscInt dim;
  PetscReal velocity[3], viscosity, reaction[4]; /* a, D (isotropic), c0 .. c3 */
  PetscBool burgers, steady;
  SinewPointFunction *velocity_function; /* [dim], a instead of the constant; NULL: constant */
  SinewPointFunction *diffusivity;       /* [entries + dim], D and div D instead of the constant; NULL: constant */
  PetscInt entries;                      /* of D: 1 (isotropic), or the tensor's D_ij, i <= j, in the Hessian's order */
  SinewPointFunction *growth, *source;   /* g, s; NULL: none */
  SinewPointFunction *outside;           /* u beyond the faces, where characteristics come from; NULL: unknown */
  SinewFaces faces;
  const void *ctx; /* of the functions */
} SinewTransport;

typedef struct {
  PetscInt dim;
  PetscReal speed, sponge;
  SinewPointFunction *medium; /* [2], c and s instead of the constants; NULL: constants */
  SinewFaces faces;
  const void *ctx;
} SinewWaveTerms;

/* Rates r [species][n] of u [species][n], and unless dr is NULL dr [species][species][n] = d r / d u. */
typedef PetscErrorCode SinewReactionFunction(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[],
                                             const PetscReal u[], PetscReal r[], PetscReal dr[]);

typedef struct {
  PetscInt dim, species;
  PetscReal diffusivity[SINEW_POINTWISE_SPECIES_MAX];
  SinewReactionFunction *reaction;
  SinewFaces faces;
  const void *ctx;
} SinewReactionTerms;

typedef struct {
  PetscReal viscosity, mean[2];
  SinewPointFunction *force; /* [2]; NULL: none */
  SinewFaces faces;          /* of psi; velocity_x - U is its y-derivative, velocity_y - V minus its x-derivative */
  const void *ctx;           /* of the functions */
} SinewFlowTerms;

PETSC_EXTERN PetscErrorCode SinewPointwiseTransport(const SinewTransport *parameters, SinewPointwise **equation);
PETSC_EXTERN PetscErrorCode SinewPointwiseWave(const SinewWaveTerms *parameters, SinewPointwise **equation);
PETSC_EXTERN PetscErrorCode SinewPointwiseReaction(const SinewReactionTerms *parameters, SinewPointwise **equation);
PETSC_EXTERN PetscErrorCode SinewPointwiseFlow(const SinewFlowTerms *parameters, SinewPointwise **equation);
/*
  The original INSR's splitting of inviscid flow in a box (first order; for comparison): each phase is a steady problem,
  solved from the weights at hand (SinewInsrOptions.warm_start), 0 = u_prev(x - dt u_prev(x)) - u, 0 = div u - lap p
  with dp/dn = 0, and 0 = u_prev - grad p - u, both velocities with u . n = 0. u holds the velocity that a phase starts
  from, p the pressure; networks and weights are referred to and must stay as they are during a solve (copy the
  weights).
*/
typedef enum {
  SINEW_SPLITTING_ADVECT,
  SINEW_SPLITTING_PRESSURE,
  SINEW_SPLITTING_PROJECT,
  SINEW_SPLITTING_FIELD /* no phase, but the velocity to be fitted and looked at; needs no parameters, knows no steps */
} SinewSplittingPhase;

typedef struct {
  SinewJet velocity, pressure; /* not those that a SinewInsr owns: each call leaves other points in them */
  const PetscReal *u, *p;
  PetscReal dt, lower[2], upper[2];
} SinewSplitting;

PETSC_EXTERN PetscErrorCode SinewPointwiseSplitting(const SinewSplitting *parameters, SinewSplittingPhase phase,
                                                    SinewPointwise **equation);

PETSC_EXTERN PetscErrorCode SinewPointwiseDestroy(SinewPointwise **equation);

#endif
