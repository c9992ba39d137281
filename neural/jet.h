#ifndef SINEW_NEURAL_JET_H
#define SINEW_NEURAL_JET_H
/*
  Point networks with coordinate derivatives: the value, gradient, Hessian or Laplacian (and the
  gradient of the Laplacian) of a multi-layer perceptron u(x; w) at a set of points, and everything
  that optimisation needs of them: the adjoint, rows of the Jacobian with respect to the weights,
  Jacobian times vector and its transpose. Serial (no communicator), double precision.

  The network. h = features(x); for every hidden layer h = f(W h + b); N = W h + b; u = B(x) N.
    f         sin(omega z) (SIREN: Sitzmann et al. 2020, arXiv 2006.09661, equation 5), tanh, GELU
  (exact, with erf), swish z / (1 + exp(-z)); omega serves the sine only features  x itself, axis by
  axis; an axis with harmonics K > 0 enters as cos(2 pi k s), sin(2 pi k s), k = 1..K, s = (x -
  lower) / (upper - lower): u is then exactly periodic along it B         hard boundary factor, a
  product over the axes: SINEW_WALL_BOTH 4 s (1 - s), SINEW_WALL_LOWER s, SINEW_WALL_UPPER 1 - s,
  SINEW_WALL_NONE 1. u vanishes exactly on those faces. (Coordinates are not scaled otherwise:
  s serves features and factors only.)

  A jet is what is known about u at a point, a number of channels: by order
    SINEW_JET_VALUE      u
    SINEW_JET_GRADIENT   u, u_0 .. u_{d-1}
    SINEW_JET_LAPLACIAN  u, gradient, Laplacian
    SINEW_JET_HESSIAN    u, gradient, u_ij with i <= j, ordered (0,0), (0,1), .., (1,1), ..
    SINEW_JET_THIRD      u, gradient, Hessian, gradient of the Laplacian
  All channels go through a layer in one matrix product: [unit][channel][point] arrays, Z = W H for
  a whole block of points, then the activation by the chain rule (forward Laplacian: Li et al. 2023,
  arXiv 2307.08214, where no Hessian is asked for).

  Weights are one array owned by the caller, W_0 (row-major, [out][in]), b_0, W_1, b_1, ... Names
  are those of the original INSR code's state_dict (net.0.weight, net.0.bias, net.2.weight, ...),
  see SinewJetGetParameter.

  Life-cycle. Create for a network and a largest block of points (nothing is allocated afterwards);
  SinewJetForward at a block; then any number of Adjoint, Rows, Tangent calls, which refer to that
  block and to the weights as they were then; Destroy. One jet serves one thread; several jets may
  share nothing or be created for the same network. SinewJetEvaluate takes any number of points and
  leaves no block behind.

  Shapes. points [n][dim]; jets and seeds [outputs][channels][n]; all contiguous, C order.
  Errors. SINEW_ERR_INPUT for options outside their range, PETSC_ERR_ARG_OUTOFRANGE for a block
  that is too large, PETSC_ERR_ORDER for an adjoint without a forward.
*/
#include "../io/arrays.h"

#define SINEW_JET_DIM_MAX 4

typedef enum { SINEW_SINE, SINEW_TANH, SINEW_GELU, SINEW_SWISH } SinewJetActivation;
typedef enum { SINEW_WALL_NONE, SINEW_WALL_LOWER, SINEW_WALL_UPPER, SINEW_WALL_BOTH } SinewJetWall;
typedef enum {
  SINEW_JET_VALUE,
  SINEW_JET_GRADIENT,
  SINEW_JET_LAPLACIAN,
  SINEW_JET_HESSIAN,
  SINEW_JET_THIRD
} SinewJetOrder;

typedef struct {
  PetscInt dim;           /* coordinates, 1 to SINEW_JET_DIM_MAX */
  PetscInt outputs;       /* components of u */
  PetscInt width, layers; /* units of a hidden layer, number of hidden layers (all activated) */
  SinewJetActivation activation;
  PetscReal omega; /* of the sine */
  PetscInt harmonics[SINEW_JET_DIM_MAX];
  SinewJetWall wall[SINEW_JET_DIM_MAX];
  PetscReal lower[SINEW_JET_DIM_MAX], upper[SINEW_JET_DIM_MAX]; /* the box; needed with harmonics or walls only */
} SinewJetOptions;

typedef struct {
  const char *name; /* owned by the jet */
  PetscInt rank, shape[2], offset;
} SinewJetParameter;

typedef struct _p_SinewJet *SinewJet;

/* SinewJetCreate - block is the most points that one forward pass will take (64 to 256 fit a cache). */
PETSC_EXTERN PetscErrorCode SinewJetCreate(const SinewJetOptions *options, PetscInt block, SinewJet *jet);
PETSC_EXTERN PetscErrorCode SinewJetDestroy(SinewJet *jet);

PETSC_EXTERN const SinewJetOptions *SinewJetGetOptions(SinewJet jet);
PETSC_EXTERN PetscInt SinewJetSize(SinewJet jet);  /* number of weights */
PETSC_EXTERN PetscInt SinewJetBlock(SinewJet jet); /* the block it was created for */
PETSC_EXTERN PetscInt SinewJetChannels(PetscInt dim, SinewJetOrder order);
PETSC_EXTERN PetscInt SinewJetHessianChannel(PetscInt dim, PetscInt i, PetscInt j);

/* The parameters' table: arrays 0 .. count-1 of the weights. */
PETSC_EXTERN PetscInt SinewJetParameterCount(SinewJet jet);
PETSC_EXTERN PetscErrorCode SinewJetGetParameter(SinewJet jet, PetscInt index, SinewJetParameter *parameter);

/*
  SinewJetInitialise - random weights, a function of seed and index alone. Sine: the original's rule
  (W_0 uniform within 1 / fan_in, the others within sqrt(6 / fan_in) / omega); other activations:
  Glorot's uniform rule for W. Biases uniform within 1 / sqrt(fan_in) (PyTorch's default), always.
*/
PETSC_EXTERN PetscErrorCode SinewJetInitialise(SinewJet jet, PetscInt64 seed, PetscReal w[]);

/* SinewJetWrite, SinewJetRead - weights into and from group/net.0.weight, ... of a file. Collective on the file. */
PETSC_EXTERN PetscErrorCode SinewJetWrite(SinewJet jet, SinewFile file, const char group[], const PetscReal w[]);
PETSC_EXTERN PetscErrorCode SinewJetRead(SinewJet jet, SinewFile file, const char group[], PetscReal w[]);

/* SinewJetEvaluate - jets u [outputs][channels][n] at any number of points. */
PETSC_EXTERN PetscErrorCode SinewJetEvaluate(SinewJet jet, const PetscReal w[], SinewJetOrder order, PetscInt n,
                                             const PetscReal x[], PetscReal u[]);

/* SinewJetForward - the same for a block of n <= SinewJetBlock points, which the calls below refer to. */
PETSC_EXTERN PetscErrorCode SinewJetForward(SinewJet jet, const PetscReal w[], SinewJetOrder order, PetscInt n,
                                            const PetscReal x[], PetscReal u[]);

/* SinewJetTangent - du [outputs][channels][n] = (d u / d w) v. */
PETSC_EXTERN PetscErrorCode SinewJetTangent(SinewJet jet, const PetscReal v[], PetscReal du[]);

/* SinewJetAdjoint - adds sum over points, outputs and channels of seed (d u / d w) to g. */
PETSC_EXTERN PetscErrorCode SinewJetAdjoint(SinewJet jet, const PetscReal seed[], PetscReal g[]);

/*
  SinewJetAdjointTangent - adds the derivative of the adjoint along v of the last SinewJetTangent, where the seed
  changes by dseed, to h. With seed = e'(u) and dseed = e''(u) du this is a Hessian times v, of the sum of e(u) over the
  points (Pearlmutter 1994, Neural Computation 6). Orders VALUE and GRADIENT.
*/
PETSC_EXTERN PetscErrorCode SinewJetAdjointTangent(SinewJet jet, const PetscReal v[], const PetscReal seed[],
                                                   const PetscReal dseed[], PetscReal h[]);

/*
  SinewJetRows - one row a point: J[column[k] * ld + p] = sum over outputs and channels of seed(p) d u(p) /
  d w_k. J is column-major, leading dimension ld >= n, so that a column is one weight's derivative at
  all points, as BLAS wants it. Weights whose column is negative are left out; column NULL: k itself.
*/
PETSC_EXTERN PetscErrorCode SinewJetRows(SinewJet jet, const PetscReal seed[], const PetscInt column[], PetscReal J[],
                                         PetscInt ld);

#endif
