#include "deformation.h"

#include <petscblaslapack.h>

#define CLOSE 1e-5 /* of singular values: below, a divided difference is the mean of the slopes (error CLOSE^2) */

/* ---- factors ---- */

static void flip(PetscInt dim, PetscReal M[])
{
  for (PetscInt i = 0; i < dim; i++) M[i * dim + dim - 1] = -M[i * dim + dim - 1];
}

PetscErrorCode SinewDeform(PetscInt dim, const PetscReal F[], SinewDeformation *d)
{
  PetscBLASInt n = (PetscBLASInt)dim, lwork = 64, info;
  PetscReal A[9], Vt[9], Ut[9], work[64];

  PetscFunctionBegin;
  d->dim = dim;
  for (PetscInt i = 0; i < dim * dim; i++) A[i] = F[i];
  /* row-major F is F' to LAPACK, whose factors are then V and U' by columns: V' and U by rows */
  PetscCallBLAS("LAPACKgesvd", LAPACKgesvd_("A", "A", &n, &n, A, &n, d->s, Vt, &n, Ut, &n, work, &lwork, &info));
  PetscCheck(!info, PETSC_COMM_SELF, PETSC_ERR_LIB, "singular values of a deformation gradient: info %d", (int)info);
  for (PetscInt i = 0; i < dim; i++) {
    for (PetscInt j = 0; j < dim; j++) {
      d->U[i * dim + j] = Ut[i * dim + j];
      d->V[i * dim + j] = Vt[j * dim + i];
    }
  }
  for (int side = 0; side < 2; side++) {
    PetscReal *M = side ? d->V : d->U;

    if (SinewDeformVolume(dim, M, NULL) > 0) continue;
    flip(dim, M);
    d->s[dim - 1] = -d->s[dim - 1];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscReal SinewDeformVolume(PetscInt dim, const PetscReal F[], PetscReal C[])
{
  PetscReal cofactor[9], J = 0;

  if (dim == 2) {
    cofactor[0] = F[3];
    cofactor[1] = -F[2];
    cofactor[2] = -F[1];
    cofactor[3] = F[0];
  } else {
    for (PetscInt i = 0; i < 3; i++) {
      for (PetscInt j = 0; j < 3; j++) {
        const PetscInt a = (i + 1) % 3, b = (i + 2) % 3, k = (j + 1) % 3, l = (j + 2) % 3;

        cofactor[3 * i + j] = F[3 * a + k] * F[3 * b + l] - F[3 * a + l] * F[3 * b + k];
      }
    }
  }
  for (PetscInt j = 0; j < dim; j++) J += F[j] * cofactor[j];
  for (PetscInt k = 0; C && k < dim * dim; k++) C[k] = cofactor[k];
  return J;
}

void SinewDeformVolumeSecond(PetscInt dim, const PetscReal F[], PetscReal factor, PetscReal H[])
{
  if (dim == 2) {
    H[0 * 4 + 3] += factor;
    H[3 * 4 + 0] += factor;
    H[1 * 4 + 2] -= factor;
    H[2 * 4 + 1] -= factor;
    return;
  }
  for (PetscInt i = 0; i < 3; i++) {
    for (PetscInt j = 0; j < 3; j++) {
      const PetscInt a = (i + 1) % 3, b = (i + 2) % 3, k = (j + 1) % 3, l = (j + 2) % 3;
      PetscReal *row = H + 9 * (3 * i + j);

      row[3 * a + k] += factor * F[3 * b + l];
      row[3 * b + l] += factor * F[3 * a + k];
      row[3 * a + l] -= factor * F[3 * b + k];
      row[3 * b + k] -= factor * F[3 * a + l];
    }
  }
}

/* ---- functions ---- */

/* out = A B or A B' */
static void product(PetscInt dim, const PetscReal A[], const PetscReal B[], PetscBool transposed, PetscReal out[])
{
  for (PetscInt i = 0; i < dim; i++) {
    for (PetscInt j = 0; j < dim; j++) {
      PetscReal sum = 0;

      for (PetscInt k = 0; k < dim; k++) sum += A[i * dim + k] * B[transposed ? j * dim + k : k * dim + j];
      out[i * dim + j] = sum;
    }
  }
}

/* out = A M B' */
static void conjugate(PetscInt dim, const PetscReal A[], const PetscReal M[], const PetscReal B[], PetscReal out[])
{
  PetscReal half[9];

  product(dim, A, M, PETSC_FALSE, half);
  product(dim, half, B, PETSC_TRUE, out);
}

/* s_i + s_j, which is not negative, off zero */
static PetscReal sum_of(const SinewDeformation *d, PetscInt i, PetscInt j)
{
  return PetscMax(d->s[i] + d->s[j], SINEW_DEFORMATION_FLOOR);
}

/* Entry (i, j) of W for a variation of entry `entry` of F. */
static PetscReal rotated(const SinewDeformation *d, PetscInt entry, PetscInt i, PetscInt j)
{
  const PetscInt dim = d->dim;

  return d->U[entry / dim * dim + i] * d->V[entry % dim * dim + j];
}

void SinewDeformRotation(const SinewDeformation *d, PetscReal R[], PetscReal (*dR)[9])
{
  const PetscReal unit[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, unit2[4] = {1, 0, 0, 1};
  const PetscInt dim = d->dim;

  conjugate(dim, d->U, dim == 2 ? unit2 : unit, d->V, R);
  for (PetscInt entry = 0; dR && entry < dim * dim; entry++) {
    PetscReal O[9];

    for (PetscInt i = 0; i < dim; i++)
      for (PetscInt j = 0; j < dim; j++)
        O[i * dim + j] = i == j ? 0 : (rotated(d, entry, i, j) - rotated(d, entry, j, i)) / sum_of(d, i, j);
    conjugate(dim, d->U, O, d->V, dR[entry]);
  }
}

void SinewDeformFunction(const SinewDeformation *d, const PetscReal g[], const PetscReal slope[], PetscReal G[],
                         PetscReal (*dG)[9])
{
  const PetscInt dim = d->dim;
  PetscReal K[9] = {0}, M[9] = {0};

  for (PetscInt i = 0; i < dim; i++) {
    for (PetscInt j = 0; j < dim; j++) {
      const PetscReal apart = d->s[i] - d->s[j], scale = PetscMax(PetscAbsReal(d->s[i]), 1);

      M[i * dim + j] = i == j ? g[i] : 0;
      K[i * dim + j] = PetscAbsReal(apart) > CLOSE * scale ? (g[i] - g[j]) / apart : 0.5 * (slope[i] + slope[j]);
    }
  }
  conjugate(dim, d->V, M, d->V, G);
  for (PetscInt entry = 0; dG && entry < dim * dim; entry++) {
    for (PetscInt i = 0; i < dim; i++)
      for (PetscInt j = 0; j < dim; j++)
        M[i * dim + j] =
            K[i * dim + j] *
            (i == j ? rotated(d, entry, i, i)
                    : (d->s[i] * rotated(d, entry, i, j) + d->s[j] * rotated(d, entry, j, i)) / sum_of(d, i, j));
    conjugate(dim, d->V, M, d->V, dG[entry]);
  }
}
