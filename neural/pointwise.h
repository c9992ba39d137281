#ifndef SINEW_NEURAL_POINTWISE_H
#define SINEW_NEURAL_POINTWISE_H
/*
  Equations as they are asked at points: what a field that is known everywhere (a point network, neural/jet.h) must
  obey there. No grid, no stencil, no communication; the physics stands elsewhere (solvers/pointwise.h), steppers of
  such fields (neural/insr.h) see this interface only.

  Form. The network gives the unknowns u with the derivatives that `order` asks for, their jet. An evolving equation is

      d q(u) / dt = f(t, x, u),

  with the evolved quantities q linear in the jet: u itself (density NULL), or, for nonlocal unknowns, for example the
  velocity (psi_y, -psi_x) of a stream function psi. Second order in time is a system of first order (the wave
  equation: u_t = v, v_t = c^2 lap u). A steady equation (steady) is 0 = f. `projected` says that q's image is a
  subspace and only f's L2-projection on it counts (velocities are solenoidal, f lacks the pressure gradient, which is
  orthogonal to them; Chorin 1968): least squares does the projection, f is never made implicit, and the residual does
  not vanish.

  Boundaries. Periodic axes (Fourier features) and values that vanish on a face (hard factors) belong to the network;
  everything else is a face: rows r(t, x, u) = 0 at points of that face (soft conditions), weighted against the
  interior. Schemes that apply the operator twice (`second`) need as many conditions as its square has.

  Maps. All callbacks share one form: f [rows][n] and, unless df is NULL, its derivatives with respect to the jet,
  df [rows][unknowns][channels][n], zero on entry: set what is not zero. Jets have at least the channels of the
  equation's order, in that order's layout; `channels` tells how many. Callbacks must not communicate, must depend on
  their arguments alone and may be called at any points of the box, also by several ranks for the same points.

  Optional offers to particular schemes
    second    the second time derivative of q along solutions, d f / dt (for linear f = L u: L L u; needs jets of
              second_order, of whose layout order's is a prefix): fourth-order Gauss in Pade form
    velocity  with it f = -(velocity . grad) u + remainder: semi-Lagrangian. remainder NULL: zero
    outside   q outside of the box, where characteristics come from; NULL: feet are moved to the box's nearest point
    observe   the fields that people look at, from the jet (velocity and vorticity of a stream function); NULL: q

  Potentials. An equation of second order in time may instead say what a step makes small (step, with step_rows): rows
  whose sum of squares, averaged over the points, is the incremental potential of the step; then there is no rate, q is
  u, and the scheme is VARIATIONAL. Where it is no sum of squares, or Newton's method is asked for, there is the
  potential itself with two derivatives instead (potential, of every face too; neural/energy.h). Such equations may
  report integrals and extremes of the new level (integrand), and the rate of q at the start (start_rate; NULL: zero).

  Obstacles. What a face must not enter (depth) is asked where it is deepest: every point of the face is chosen among
  candidates that cover its share of it, edges, corners and vertices of meshes included, and VARIATIONAL solves again
  when a solution turns out to be deeper elsewhere.

  Domains. Points and faces are those of the box unless `domain` places them: then `face` has conditions on the parts of
  the domain's boundary, and their axis and side mean nothing.

  Ownership. The struct and its ctx belong to their maker and must outlive every object that was created with them.
*/
#include "jet.h"

#define SINEW_POINTWISE_FIELDS_MAX    8
#define SINEW_POINTWISE_INTEGRALS_MAX 12
#define SINEW_POINTWISE_FACES_MAX     (2 * SINEW_JET_DIM_MAX)

typedef struct {
  PetscReal t;
  PetscInt n, channels;
  const PetscReal *x; /* [n][dim] */
  const PetscReal *u; /* [unknowns][channels][n] */
} SinewPoints;

typedef PetscErrorCode SinewPointMap(const void *ctx, const SinewPoints *at, PetscReal f[], PetscReal df[]);
/* values [components][n] at points x [n][dim] and time t */
typedef PetscErrorCode SinewPointFunction(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[],
                                          PetscReal values[]);

/* A step from the old level: q there, and q + dt dq/dt, of the same points, [evolved] rows of n at distance stride. */
typedef struct {
  PetscReal dt;
  PetscInt stride;
  const PetscReal *old, *inertial;
  PetscReal soft; /* in [0, 1): obstacles yield as if 1 - soft times as stiff as they are */
} SinewPointStep;

typedef PetscErrorCode SinewPointStepMap(const void *ctx, const SinewPoints *at, const SinewPointStep *step,
                                         PetscReal f[], PetscReal df[]);

/*
  The incremental potential e [n] and, unless de is NULL, its derivatives by the jet, de [unknowns][channels][n] and
  d2e [unknowns channels][unknowns channels][n], zero on entry. Of faces (per area) the step has dt and soft alone.
*/
typedef PetscErrorCode SinewPointStepPotential(const void *ctx, const SinewPoints *at, const SinewPointStep *step,
                                               PetscReal e[], PetscReal de[], PetscReal d2e[]);

/* Points of a body: those from first to first + count - 1 of n, x [count][dim], as functions of seed, stream and index.
   part -1 is the inside, part k that of face k. Every point stands for the same volume or area. */
typedef PetscErrorCode SinewPointPlacement(const void *ctx, PetscInt part, PetscInt64 seed, PetscInt64 stream,
                                           PetscInt n, PetscInt first, PetscInt count, PetscReal x[]);

typedef enum { SINEW_INTEGRAL_MEAN, SINEW_INTEGRAL_MIN, SINEW_INTEGRAL_MAX } SinewIntegralKind;

/* Conditions on one face of the box. */
typedef struct {
  PetscInt axis, side; /* side 0: lower, 1: upper */
  PetscInt rows;       /* conditions at a point */
  SinewJetOrder order; /* of the jets that they need; its own layout */
  PetscReal weight;    /* of their mean square against the interior's */
  SinewPointMap *residual;
  SinewPointStepPotential *potential; /* where the equation has one */
  SinewPointMap *depth; /* [1][n] of u alone: how far points are where they must not be (negative: outside) */
  PetscInt deepest;     /* with depth: the integral, a MAX, to which it counts */
  const void *ctx;      /* of all three; NULL: the equation's */
} SinewPointwiseFace;

typedef struct {
  const char *name;
  PetscInt dim;                /* 1 to SINEW_JET_DIM_MAX */
  PetscInt unknowns;           /* outputs of the network */
  PetscInt evolved;            /* components of q (rows of a steady equation) */
  SinewJetOrder order;         /* of the jets that rate, remainder and observe need */
  SinewJetOrder density_order; /* of those that density and velocity need, a prefix of order; VALUE without density */
  PetscBool linear;            /* f is affine in the jet */
  PetscBool steady;            /* 0 = f */
  PetscBool projected;         /* see above */
  const void *ctx;             /* of all callbacks */
  SinewPointMap *density, *rate;

  SinewPointMap *second;
  SinewJetOrder second_order;
  SinewPointFunction *outside;
  SinewPointMap *remainder;
  /* a [dim][n], without derivatives (df is NULL) */
  SinewPointMap *velocity;

  PetscInt step_rows;
  SinewPointStepMap *step;            /* NULL: no sum of squares */
  SinewPointStepPotential *potential; /* NULL: rows alone */
  SinewPointFunction *start_rate;     /* [evolved] */
  const char *nowhere;                /* what it means that rows of a step are not numbers, a clause; may be NULL */
  PetscInt integrals;                 /* of integrand */
  const char *integral[SINEW_POINTWISE_INTEGRALS_MAX];
  SinewIntegralKind integral_kind[SINEW_POINTWISE_INTEGRALS_MAX];
  SinewPointStepMap *integrand; /* values [integrals][n], without derivatives */

  SinewPointPlacement *domain; /* NULL: the box */
  const void *domain_ctx;

  PetscInt faces;
  SinewPointwiseFace face[SINEW_POINTWISE_FACES_MAX];

  PetscInt fields; /* of observe; 0: the evolved quantities */
  const char *field[SINEW_POINTWISE_FIELDS_MAX];
  SinewPointMap *observe; /* values [fields][n], without derivatives */
} SinewPointwise;

/* SinewPointwiseDensity - q and dq, also where density is NULL. */
PETSC_EXTERN PetscErrorCode SinewPointwiseDensity(const SinewPointwise *equation, const SinewPoints *at, PetscReal q[],
                                                  PetscReal dq[]);

/* SinewPointwiseVariational - whether a step of the equation makes a potential small. */
PETSC_EXTERN PetscBool SinewPointwiseVariational(const SinewPointwise *equation);

/* SinewPointwiseCheck - SINEW_ERR_INPUT with the reason when the struct contradicts itself. */
PETSC_EXTERN PetscErrorCode SinewPointwiseCheck(const SinewPointwise *equation);

#endif
