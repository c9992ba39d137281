#ifndef SINEW_NEURAL_WINOGRAD_TILES_PRIVATE_H
#define SINEW_NEURAL_WINOGRAD_TILES_PRIVATE_H
/*
  The transforms of minimal filtering F(m x m, 3x3), by tiles of m x m outputs from (m+2) x (m+2) inputs (winograd.c
  moves tiles and multiplies). They come from multiplying polynomials at points: 0, 1, -1 and infinity for m = 2;
  0, +-a, +-b and infinity for m = 4. In one dimension, with d inputs and g the filter, y = A' ((G g) .* (B' d)) where

    m = 2:  B' = ( 1  0 -1  0)   G = ( 1    0   0 )   A' = (1  1  1  0)
                 ( 0  1  1  0)       (1/2  1/2 1/2)        (0  1 -1 -1)
                 ( 0 -1  1  0)       (1/2 -1/2 1/2)
                 ( 0  1  0 -1)       ( 0    0   1 )

    m = 4:  B' = (a2 b2   0    -a2-b2    0     1 0)   G = 1/(a2 b2)        (1  0 0 )
                 (0    -+a b2   -b2    +-a     1 0)       1/2a2(a2-b2)     (1 +-a a2)
                 (0    -+b a2   -a2    +-b     1 0)       1/2b2(b2-a2)     (1 +-b b2)
                 (0     a2 b2    0    -a2-b2   0 1)                        (0  0 1 )

            A' = row k of four: (0^k, a^k, (-a)^k, b^k, (-b)^k, 1 if k = 3)

  with a2 = a^2 = 1/2, b2 = b^2 = 2. Rounding errors depend on the points: with these F(4x4) errs by 1.2 times what
  direct sums do (64 channels, random numbers), with the usual 1 and 2 by three times.

  All work on consecutive channels, LANE at most; `row`: values from one row of the map to the next, `cell`: from one
  cell to the next, `plane`: from one point of a transformed tile to the next.

  Source: Lavin & Gray, "Fast algorithms for convolutional neural networks", CVPR 2016; points: Barabasz, Anderson,
  Soodhalter & Gregg, "Error analysis and improving the accuracy of Winograd convolution for deep neural networks", ACM
  TOMS 2020.
*/
#include <petscsys.h>

#define WINOGRAD_LANE 16 /* floats of a cache line */

typedef struct {
  PetscInt outputs, points; /* m; (m+2)^2 */
  /* u = G g G' */
  void (*filter)(float g[9][WINOGRAD_LANE], float *u, PetscInt plane);
  /* v = B' d B, of numbers that are rounded to bfloat16 before, if so told */
  void (*input)(PetscInt n, PetscBool rounded, const float *d, PetscInt row, PetscInt cell, float *v, PetscInt plane);
  /* y = A' m A, plus the bias, or (if that is NULL) plus what is there */
  void (*output)(PetscInt n, const float *m, PetscInt plane, const float *bias, float *y, PetscInt row, PetscInt cell);
  /* m = A dy A': output's adjoint, of LANE channels */
  void (*slope)(const float *dy, PetscInt row, PetscInt cell, float *m, PetscInt plane);
  /* g = G' u G: filter's adjoint, of LANE channels */
  void (*filter_slope)(const float *u, PetscInt plane, float g[9][WINOGRAD_LANE]);
} WinogradTile;

PETSC_INTERN const WinogradTile WinogradTile2, WinogradTile4;

#endif
