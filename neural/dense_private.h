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
#endif
