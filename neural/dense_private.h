#ifndef SINEW_NEURAL_DENSE_PRIVATE_H
#define SINEW_NEURAL_DENSE_PRIVATE_H
/* The few BLAS and LAPACK calls of point networks and least squares, all column-major, double precision. */
#include <petscsys.h>

/* C (m x n) = alpha op(A) op(B) + beta C; ta, tb are 'N' or 'T' */
PETSC_INTERN void SinewGemm(char ta, char tb, PetscInt m, PetscInt n, PetscInt k, PetscReal alpha, const PetscReal A[],
                            PetscInt lda, const PetscReal B[], PetscInt ldb, PetscReal beta, PetscReal C[],
                            PetscInt ldc);
/* y = alpha op(A) x + beta y, A is m x n */
PETSC_INTERN void SinewGemv(char t, PetscInt m, PetscInt n, PetscReal alpha, const PetscReal A[], PetscInt lda,
                            const PetscReal x[], PetscReal beta, PetscReal y[]);
/* C (n x n, upper triangle) = A' A + beta C, A is k x n */
PETSC_INTERN void SinewGram(PetscInt n, PetscInt k, const PetscReal A[], PetscInt lda, PetscReal beta, PetscReal C[],
                            PetscInt ldc);
/* Cholesky of the upper triangle, A = U'U; false when A is not positive definite */
PETSC_INTERN PetscBool SinewCholesky(PetscInt n, PetscReal A[], PetscInt lda);
/* Eigenvalues (ascending) and vectors (in A's columns) of the upper triangle of a symmetric A; work of 34 n */
PETSC_INTERN PetscBool SinewEigen(PetscInt n, PetscReal A[], PetscInt lda, PetscReal values[], PetscReal work[],
                                  PetscInt lwork);
/* x = U^{-1} x or U^{-T} x */
PETSC_INTERN void SinewTriangularSolve(char t, PetscInt n, const PetscReal U[], PetscInt ldu, PetscReal x[]);
/* R of A (m x n, m >= n) into A's upper triangle (what is below is destroyed); work of at least 64 n */
PETSC_INTERN void SinewQR(PetscInt m, PetscInt n, PetscReal A[], PetscInt lda, PetscReal tau[], PetscReal work[],
                          PetscInt lwork);
#endif
