#ifndef SINEW_MESHES_MOVERS_COSINE_H
#define SINEW_MESHES_MOVERS_COSINE_H
/*
  Functions of the discrete Laplacian on a lattice, by real trigonometric transforms.

  The three-point Laplacian of a lattice (periodic, or even across walls) is diagonal in products of sines and cosines:
  sum_d (2 - 2 cos k_d h_d) / h_d^2 =: lambda. A transform along each axis (FFTW: real-to-half-complex on periodic axes,
  DCT-I between walls), a factor for each coefficient and the transforms back solve Poisson and Helmholtz problems,
  smooth, and fit splines to rounding, in any dimension and on any mixture of axes.

  On one rank it is one FFTW plan (periodic lattices: complex coefficients); on more, lines along one axis at a time are
  whole on a rank, and vectors travel between the layouts 2 dim times an application, each time all of the rank's
  values, O(values per rank) memory. Plans are FFTW_ESTIMATE: those of FFTW_MEASURE depend on the moment, and a
  restarted run would not repeat its bits.
*/
#include "lattice.h"

typedef struct _p_SinewCosine *SinewCosine;

typedef enum {
  SINEW_COSINE_HELMHOLTZ, /* 1 / (a + b lambda); its zero mode is 0 when a is 0 */
  SINEW_COSINE_GAUSSIAN,  /* exp(-a^2 lambda / 2): smoothing over the length a */
  SINEW_COSINE_SPLINE /* coefficients of the cubic B-spline that interpolates: 1 / prod_d (1 - lambda_d h_d^2 / 6) */
} SinewCosineKind;

/* Collective. The lattice must outlive it. */
PETSC_EXTERN PetscErrorCode SinewCosineCreate(SinewLattice *lattice, SinewCosine *cosine);
PETSC_EXTERN PetscErrorCode SinewCosineDestroy(SinewCosine *cosine);
/* out = function(-Laplace) in; out may be in. Collective. */
PETSC_EXTERN PetscErrorCode SinewCosineApply(SinewCosine cosine, SinewCosineKind kind, PetscReal a, PetscReal b, Vec in,
                                             Vec out);

#endif
