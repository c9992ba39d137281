#ifndef SINEW_NEURAL_DMM_PRIVATE_H
#define SINEW_NEURAL_DMM_PRIVATE_H
/* What inference (dmm.c) and gradients (dmm_gradient.c) of the mesh network share. */
#include "neural/dmm.h"

#include <petscblaslapack.h>

#define BLOCK    64 /* points at a time: all arrays of a block stay in the second-level cache */
#define KERNEL   5
#define PADDING  2
#define CHANNELS 16    /* of the widest convolution */
#define PATCHES  65536 /* numbers of unfolded inputs at a time: half a megabyte, as much for their adjoints */

enum {
  CONV0_W,
  CONV0_B,
  CONV1_W,
  CONV1_B,
  CONV2_W,
  CONV2_B,
  CONV3_W,
  CONV3_B,
  FC2_W,
  FC2_B,
  FC3_W,
  FC3_B,
  TRUNK0_W,
  TRUNK0_B,
  TRUNK1_W,
  TRUNK1_B,
  OUT0_W,
  OUT0_B,
  OUT1_W,
  OUT1_B,
  PARAMETERS
};

typedef struct {
  PetscInt in, out, stride;
} Convolution;

extern const Convolution SinewDMMConvolutions_Private[4];

struct _p_SinewDMM {
  PetscInt size, half, quarter;            /* nodes a side of the field and after each stride */
  PetscInt dense, features, trunk, hidden; /* F2, Fb, K, H */
  PetscBool walls;
  double *parameter[PARAMETERS], *memory;
  SinewArray shape[PARAMETERS];
  double *A;          /* H x K */
  double *c0;         /* Wt b1 + bo */
  double *plane[4];   /* activations of the convolutions */
  double *patches[2]; /* a strip of unfolded inputs, and their adjoints */
  double *fc2;
  double *z, *dz, *d[2]; /* block x K */
  double *h, *g, *v[2];  /* block x H */
  double *s;             /* block x K */
};

/* C (m x n) = A (m x k) B^T or A B, all row-major with leading dimensions; beta as in GEMM. */
PETSC_INTERN PetscErrorCode SinewDMMMultiply_Private(PetscBool transposed, PetscInt m, PetscInt n, PetscInt k,
                                                     const double A[], PetscInt lda, const double B[], PetscInt ldb,
                                                     double beta, double C[], PetscInt ldc);
/* Convolution k of the branch without its bias: adds to out, from planes in, zeros beyond them. */
PETSC_INTERN PetscErrorCode SinewDMMConvolve_Private(SinewDMM dmm, int k, PetscInt size, const double in[],
                                                     PetscInt size_out, double out[]);
/* Adds to the adjoints of weights, bias and, unless NULL, inputs. */
PETSC_INTERN PetscErrorCode SinewDMMConvolveAdjoint_Private(SinewDMM dmm, int k, PetscInt size, const double in[],
                                                            PetscInt size_out, const double out_bar[], double W_bar[],
                                                            double b_bar[], double in_bar[]);
/* What the trunk sees of a coordinate: value, first and second derivative. */
static inline void SinewDMMFeature_Private(const struct _p_SinewDMM *dmm, double xi, double f[3])
{
  f[0] = dmm->walls ? PetscCosReal(PETSC_PI * xi) : xi;
  f[1] = dmm->walls ? -PETSC_PI * PetscSinReal(PETSC_PI * xi) : 1;
  f[2] = dmm->walls ? -PETSC_PI * PETSC_PI * f[0] : 0;
}

/* z, dz, dz W0_a of n points whose features are seen; then phi, h and g of a block of points. */
PETSC_INTERN void SinewDMMTrunk_Private(SinewDMM dmm, PetscInt n, const double seen[]);
PETSC_INTERN PetscErrorCode SinewDMMDecoder_Private(SinewDMM dmm, const double c[], PetscInt n, double phi[]);

#endif
