#ifndef SINEW_NEURAL_JET_PRIVATE_H
#define SINEW_NEURAL_JET_PRIVATE_H
#include "neural/jet.h"

#define JET_PAIRS_MAX      (SINEW_JET_DIM_MAX * (SINEW_JET_DIM_MAX + 1) / 2)
#define JET_CHANNELS_MAX   (1 + 2 * SINEW_JET_DIM_MAX + JET_PAIRS_MAX)
#define JET_DERIVATIVES    4 /* of the activation: third-order jets need four in their adjoint */
#define JET_HIDDEN_MAX     32
#define JET_PARAMETER_NAME 32

struct _p_SinewJet {
  SinewJetOptions options;
  PetscInt linear;                   /* number of linear maps, hidden layers + 1 */
  PetscInt size[JET_HIDDEN_MAX + 2]; /* size[l] inputs and size[l + 1] outputs of linear map l */
  PetscInt weight[JET_HIDDEN_MAX + 1], bias[JET_HIDDEN_MAX + 1]; /* offsets into the weights */
  PetscInt parameters, block, widest;
  PetscBool walls;
  char (*names)[JET_PARAMETER_NAME];
  /* the block of the last forward pass */
  PetscInt n, channels;
  SinewJetOrder order;
  PetscReal *w;                     /* copy of the weights */
  PetscReal *h[JET_HIDDEN_MAX + 1]; /* inputs of the linear maps, [size[l]][channels][n] */
  PetscReal *z[JET_HIDDEN_MAX];     /* what the activations are applied to, [width][channels][n] */
  PetscReal *f[JET_HIDDEN_MAX];     /* derivatives 1 to 4 of the activations, [width][4][n] */
  PetscReal *a, *b;                 /* work, [widest][channels][n] */
  /* tangents of h and z of orders VALUE and GRADIENT, those of their adjoints, and of the raw outputs' adjoint */
  PetscReal *dh[JET_HIDDEN_MAX + 1], *dz[JET_HIDDEN_MAX], *da, *db, *draw;
  PetscReal *out;                   /* outputs of a block, for SinewJetEvaluate */
  PetscReal *raw;                   /* outputs or their adjoint before the wall factor, [outputs][channels][n] */
  PetscReal *factor;                /* jet of the wall factor, [channels][n] */
};

/* Kernels of one unit, rows of n points: from the jet z and the activation's derivatives f to the jet h
   (whose channel 0 is there already); its tangent; its adjoint. */
typedef void JetForwardRow(PetscInt n, const PetscReal z[], const PetscReal f[], PetscReal h[]);
typedef void JetTangentRow(PetscInt n, const PetscReal z[], const PetscReal f[], const PetscReal dz[], PetscReal dh[]);
typedef void JetAdjointRow(PetscInt n, const PetscReal z[], const PetscReal f[], const PetscReal ah[], PetscReal az[]);

typedef struct {
  JetForwardRow *forward;
  JetTangentRow *tangent;
  JetAdjointRow *adjoint;
} JetKernels;

PETSC_INTERN JetKernels SinewJetKernels(PetscInt dim, SinewJetOrder order);

/* h = f(z) and at least so many of the first four derivatives, f [4][n]. */
typedef void JetActivationRow(PetscInt n, PetscReal omega, PetscInt derivatives, const PetscReal z[], PetscReal h[],
                              PetscReal f[]);
PETSC_INTERN JetActivationRow *SinewJetActivationKernel(SinewJetActivation activation);

/* Sines and cosines of n numbers (also large ones and NaN), within 2 ulp up to a million. */
PETSC_INTERN void SinewSinCos(PetscInt n, const PetscReal x[], PetscReal s[], PetscReal c[]);

/* Jets of the input features and of the wall factor at the points. */
PETSC_INTERN void SinewJetFeatures(SinewJet jet, const PetscReal x[], PetscReal h[]);
PETSC_INTERN void SinewJetFactor(SinewJet jet, const PetscReal x[], PetscReal factor[]);
/* Jet of factor times raw, and its transpose; both [outputs][channels][n]. */
PETSC_INTERN void SinewJetTimesFactor(SinewJet jet, const PetscReal raw[], PetscReal u[]);
PETSC_INTERN void SinewJetTimesFactorTranspose(SinewJet jet, const PetscReal au[], PetscReal araw[]);

/* position of (i, j), i <= j, among the second derivatives */
static inline PetscInt jet_pair(PetscInt d, PetscInt i, PetscInt j)
{
  return i <= j ? i * d - i * (i - 1) / 2 + j - i : j * d - j * (j - 1) / 2 + i - j;
}

#endif
