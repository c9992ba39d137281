#ifndef SINEW_NEURAL_INSR_H
#define SINEW_NEURAL_INSR_H
/*
  Fields as network weights that move in time: implicit neural spatial representations (Chen, Wu, Grinspun, Zheng &
  Chen 2023, arXiv 2210.00124), advanced by nonlinear least squares instead of stochastic gradients.

  A field lives in the weights w of one point network u(x; w) (neural/jet.h). A time step of a pointwise equation
  d q / dt = f (neural/pointwise.h) is min over w of the mean square, over points of the box, of the residual of a
  classical time scheme,

      R(w) = q(w) - gamma f(w) + delta f'(w) - target,

  solved by Levenberg-Marquardt (neural/least_squares.h) from the better of the old weights and their extrapolation.
  The weights are the same on every rank; points and Jacobian rows are spread over the ranks.

  Schemes (order in time; what they need)
    EULER        1  implicit Euler, the original's
    MIDPOINT     2  implicit midpoint rule, f at the mean of old and new jets. The default
    TRAPEZOIDAL  2  Crank-Nicolson (the original's advection example)
    GAUSS        4  q -+ dt/2 f + dt^2/12 f' at the two levels: the Pade(2,2) form of two-stage Gauss for linear f,
                    A-stable; needs the equation's `second` (and twice the boundary conditions)
    SDIRK        4  five-stage singly diagonally implicit, L-stable, with an embedded third order (Hairer & Wanner 1996,
                    Solving ODEs II, table IV.6.5): five solves, for any f
    LAGRANGE     2  semi-Lagrangian: target q(x - displacement) of the old level; feet by RK4, exact for pure
                    advection in so far as the feet are; what is not advection by the trapezoidal rule along the
                    path. Needs `velocity`. A velocity that depends on u is extrapolated to the half step
    RK4          4  Runge-Kutta in function space, every stage fitted: R = q(w) - target. Stable only where the
                    explicit scheme is, for the wavenumbers that the network can hold (take a low omega)
    VARIATIONAL  1  implicit Euler of second order in time as the minimum of an incremental potential, whose roots the
                    equation gives as rows (`step`): elastic bodies; for these equations alone, and they have no other.
                    Potentials that are no sum of squares (`potential`) are made small by Newton's method
                    (neural/energy.h), which step.solver SINEW_LS_NEWTON or _CG asks for elsewhere too
    GALERKIN     4  Runge-Kutta in the weights: dw/dt = argmin |J_q dw/dt - f|^2, damped by Tikhonov or by truncated
                    singular values (Bruna, Peherstorfer & Vanden-Eijnden 2024, arXiv 2203.01360)
  Equations that are `projected` are stepped by RK4, or by MIDPOINT with f frozen in `passes` fixed-point passes, the
  first of which extrapolates.
  Error estimates (`estimate`) are those of an embedded method (SDIRK order 3; RK4 and GALERKIN the explicit midpoint
  rule) or Milne's: the distance from an explicit predictor through the level before times a ratio of error constants
  (EULER, MIDPOINT, TRAPEZOIDAL, GAUSS); LAGRANGE has one where there is a remainder.

  Points. Drawn anew for every step and kept during it, by kind:
    STRATIFIED  one random point in each of n cells (several axes: the cells of a grid). The default
    SOBOL       scrambled low discrepancy;  UNIFORM  independent
    QUADRATURE  fixed: Gauss-Legendre on bounded axes, trapezoidal on periodic ones, with their weights. The rule for
                projected equations, whose residual does not vanish: random points would turn it into noise. Faces of
                the box have the rule too
    ADAPTIVE    stratified in cells that get points by a monitor, |f| of the old level (the residual of the old
                weights is dt f), at least half of them evenly; weights correct for it
    PANELS      a quadrature that is finer where q of the old level (of the initial field) varies more: for projected
                equations with layers
  Rows (points times evolved quantities) should be 1.2 to 2.5 times the weights; SinewInsrWarning tells. A second,
  stratified set of `held_out` points checks every solve and stops one that over-fits. All points are functions of
  seed, step and index: ranks and restarts do not change them.

  Errors. Mistakes in options, an unresolved initial fit (relative residual above fit_limit) and a residual that is
  not a number at the first guess raise SINEW_ERR_INPUT or SINEW_ERR_BREAKDOWN on all ranks with one line. A step that
  fails does not: its report says so (`failed`, `reason`), the weights are those before it, and a smaller dt may be
  tried.

  Life-cycle. Create (allocates what steps need; the equation is referred to), Fit or the state arrays of a checkpoint,
  Step as often as wanted, Destroy. Create, Fit, Steady, Step, Destroy are collective on comm. SinewInsrRevert undoes
  the last Step (a rejected error estimate, TSRollBack). Evaluate and Fields are local.

  State for checkpoints. SinewInsrStateCount arrays of reals, equal on all ranks: weights and the level before, layer by
  layer, and the scalars (damping, last dt, step counter, levels). SinewInsrGetState hands out the memory itself, to be
  read or filled in; with the same options a run goes on from them to the bit.

  Communication of a step: per LM iteration one reduction of P^2/2 + P doubles (P weights; see least_squares.h) and a
  few of P or of one; nothing depends on the number of ranks.
*/
#include "least_squares.h"
#include "pointwise.h"

typedef enum {
  SINEW_INSR_EULER,
  SINEW_INSR_MIDPOINT,
  SINEW_INSR_TRAPEZOIDAL,
  SINEW_INSR_GAUSS,
  SINEW_INSR_SDIRK,
  SINEW_INSR_LAGRANGE,
  SINEW_INSR_RK4,
  SINEW_INSR_GALERKIN,
  SINEW_INSR_VARIATIONAL
} SinewInsrScheme;

typedef enum {
  SINEW_INSR_STRATIFIED,
  SINEW_INSR_SOBOL,
  SINEW_INSR_UNIFORM,
  SINEW_INSR_QUADRATURE,
  SINEW_INSR_ADAPTIVE,
  SINEW_INSR_PANELS
} SinewInsrSampling;

/* Words for decks, in the order of the enums, ended by NULL. */
PETSC_EXTERN const char *const SinewInsrSchemes[];
PETSC_EXTERN const char *const SinewInsrSamplings[];

typedef struct {
  SinewInsrScheme scheme;
  SinewJetOptions network; /* lower and upper are the box, always; dim and outputs come from the equation */
  PetscInt block;          /* points of a pass through the network */
  PetscInt parts;          /* sums are cut so: the same bits on 1, 2, 4, .. ranks up to this many */
  PetscInt64 seed;         /* of weights and points */

  SinewInsrSampling sampling;
  PetscInt points;                    /* of the interior, in all; 0: twice the weights over the evolved quantities */
  PetscInt face_points;               /* of every face (one in 1D) */
  PetscReal held_out;                 /* held-out points against `points`; 0: none */
  SinewLeastSquaresOptions fit, step; /* of the initial fit (and of steady equations) and of a step's solves */
  PetscInt fit_adam;     /* Adam iterations that precede the initial fit: LM alone sticks at random weights */
  PetscBool warm_start;  /* Fit and Steady begin with the weights at hand, not with random ones and Adam */
  PetscReal fit_limit;   /* largest acceptable |residual| / |q| of the initial fit */
  PetscReal step_limit;  /* a step fails above this residual relative to |q|; 0: never */
  PetscBool estimate;    /* estimate the local error of every step */
  PetscInt passes;       /* fixed-point passes of projected equations */
  PetscReal truncation;  /* GALERKIN: singular values below this fraction are cut; 0: Tikhonov with step.damping */
  SinewAdamOptions adam; /* with iterations > 0: the original's way to solve a step, new points in every iteration */
} SinewInsrOptions;

typedef struct {
  SinewLeastSquaresReport solve; /* the last least-squares solve of the step, counts summed over all */
  PetscInt solves;
  PetscReal size;         /* root mean square of q */
  PetscReal error;        /* that of the estimated local error of q; negative: there is none for this step */
  PetscInt error_order;   /* error behaves like dt^error_order */
  PetscBool extrapolated; /* the first guess was the extrapolation */
  PetscReal integral[SINEW_POINTWISE_INTEGRALS_MAX]; /* of the new level, as the equation lists them */
  PetscBool failed;
  const char *reason; /* why the solve ended, or why the step failed: one clause */
} SinewInsrReport;

typedef struct {
  char name[64]; /* weights/net.0.weight, previous/net.0.weight, .., scalars */
  PetscInt rank, shape[2];
  PetscReal *data; /* the memory itself */
} SinewInsrState;

typedef struct _p_SinewInsr *SinewInsr;

/* SinewInsrDefaults - options for an equation on a box: SIREN 3 x 20 with omega 10, MIDPOINT (projected: RK4),
   STRATIFIED (projected: QUADRATURE). */
PETSC_EXTERN SinewInsrOptions SinewInsrDefaults(const SinewPointwise *equation, const PetscReal lower[],
                                                const PetscReal upper[]);

PETSC_EXTERN PetscErrorCode SinewInsrCreate(MPI_Comm comm, const SinewPointwise *equation,
                                            const SinewInsrOptions *options, SinewInsr *insr);
PETSC_EXTERN PetscErrorCode SinewInsrDestroy(SinewInsr *insr);
/* NULL, or one sentence about what is doubtful (too few rows for the weights, random points for a projection). */
PETSC_EXTERN const char *SinewInsrWarning(SinewInsr insr);
PETSC_EXTERN const SinewInsrOptions *SinewInsrGetOptions(SinewInsr insr); /* as completed by Create */
PETSC_EXTERN const SinewPointwise *SinewInsrGetEquation(SinewInsr insr);
PETSC_EXTERN SinewJet SinewInsrGetJet(SinewInsr insr);
PETSC_EXTERN PetscReal *SinewInsrWeights(SinewInsr insr); /* [SinewJetSize], the memory itself */

/*
  SinewInsrFit - new weights for an initial field, q [evolved][n] at points and time t as `initial` gives it. Forgets
  the levels before. report->solve.residual and ->size tell how good the fit is.
*/
PETSC_EXTERN PetscErrorCode SinewInsrFit(SinewInsr insr, PetscReal t, SinewPointFunction *initial, const void *ctx,
                                         SinewInsrReport *report);
/* SinewInsrSteady - weights that solve a steady equation. report->size is the residual of u = 0, to compare the
   solve's with. */
PETSC_EXTERN PetscErrorCode SinewInsrSteady(SinewInsr insr, PetscReal t, SinewInsrReport *report);

/* SinewInsrStep - from t to t + dt. */
PETSC_EXTERN PetscErrorCode SinewInsrStep(SinewInsr insr, PetscReal t, PetscReal dt, SinewInsrReport *report);
/* SinewInsrRevert - the state before the last Step, once. Not collective, but all ranks must call it. */
PETSC_EXTERN PetscErrorCode SinewInsrRevert(SinewInsr insr);

/* Jets u [unknowns][channels][n], and the equation's fields [fields or evolved][n], at any points. Local. */
PETSC_EXTERN PetscErrorCode SinewInsrEvaluate(SinewInsr insr, SinewJetOrder order, PetscInt n, const PetscReal x[],
                                              PetscReal u[]);
PETSC_EXTERN PetscErrorCode SinewInsrFields(SinewInsr insr, PetscReal t, PetscInt n, const PetscReal x[],
                                            PetscReal values[]);

PETSC_EXTERN PetscInt SinewInsrStateCount(SinewInsr insr);
PETSC_EXTERN PetscErrorCode SinewInsrGetState(SinewInsr insr, PetscInt index, SinewInsrState *state);

#endif
