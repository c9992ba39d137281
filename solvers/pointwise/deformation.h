#ifndef SINEW_SOLVERS_POINTWISE_DEFORMATION_H
#define SINEW_SOLVERS_POINTWISE_DEFORMATION_H
/*
  Deformation gradients F at a point: rotations, stretches, isotropic functions of them, and all their derivatives.
  Matrices are row-major, dim x dim, dim 2 or 3. Local, without allocation.

    F = U diag(s) V'      det U = det V = 1, s[0] >= s[1] >= |s[2]|: the last s has the sign of det F, so that an
  inverted element is told from a compressed one (Irving, Teran & Fedkiw 2004) R = U V'              the rotation
  nearest to F, T = V diag(s) V' the stretch, F = R T

  Derivatives along a variation dF, with W = U' dF V:
    dT = V D V',  D_ij = (s_i W_ij + s_j W_ji) / (s_i + s_j);    dR = U O V',  O_ij = (W_ij - W_ji) / (s_i + s_j)
  and for an isotropic function G = V diag(g(s)) V' (Daleckii & Krein 1965):
    dG = V (K o D) V',  K_ij = (g_i - g_j) / (s_i - s_j), where these are equal g'.
  All are smooth where singular values repeat. Where s_i + s_j = 0 (an element turned inside out along one axis by just
  as much as it is stretched along another) R jumps; the denominator then has a floor, SINEW_DEFORMATION_FLOOR.
*/
#include "../../io/error.h"

#define SINEW_DEFORMATION_FLOOR 1e-4

typedef struct {
  PetscInt dim;
  PetscReal U[9], s[3], V[9];
} SinewDeformation;

/* SinewDeform - the factors of F. */
PETSC_EXTERN PetscErrorCode SinewDeform(PetscInt dim, const PetscReal F[], SinewDeformation *d);
/* R, and unless dR is NULL dR[k][9] = d R / d F_k for the entries k = dim i + j of F. */
PETSC_EXTERN void SinewDeformRotation(const SinewDeformation *d, PetscReal R[], PetscReal (*dR)[9]);
/* G = g(T), given g and g' at the singular values, and unless dG is NULL dG[k][9] = d G / d F_k. */
PETSC_EXTERN void SinewDeformFunction(const SinewDeformation *d, const PetscReal g[], const PetscReal slope[],
                                      PetscReal G[], PetscReal (*dG)[9]);
/* det F, and unless C is NULL its derivative by F, the cofactors. */
PETSC_EXTERN PetscReal SinewDeformVolume(PetscInt dim, const PetscReal F[], PetscReal C[]);
/* H += factor times the second derivative of det F, H[dim^2][dim^2]. */
PETSC_EXTERN void SinewDeformVolumeSecond(PetscInt dim, const PetscReal F[], PetscReal factor, PetscReal H[]);

#endif
