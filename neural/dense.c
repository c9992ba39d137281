#include "dense_private.h"
#include <petscblaslapack.h>

void SinewGemm(char ta, char tb, PetscInt m, PetscInt n, PetscInt k, PetscReal alpha, const PetscReal A[], PetscInt lda,
               const PetscReal B[], PetscInt ldb, PetscReal beta, PetscReal C[], PetscInt ldc)
{
  const PetscBLASInt bm = (PetscBLASInt)m, bn = (PetscBLASInt)n, bk = (PetscBLASInt)k;
  const PetscBLASInt la = (PetscBLASInt)lda, lb = (PetscBLASInt)ldb, lc = (PetscBLASInt)ldc;

  if (m > 0 && n > 0) BLASREALgemm_(&ta, &tb, &bm, &bn, &bk, &alpha, A, &la, B, &lb, &beta, C, &lc);
}

void SinewGemv(char t, PetscInt m, PetscInt n, PetscReal alpha, const PetscReal A[], PetscInt lda, const PetscReal x[],
               PetscReal beta, PetscReal y[])
{
  const PetscBLASInt bm = (PetscBLASInt)m, bn = (PetscBLASInt)n, la = (PetscBLASInt)lda, one = 1;

  if (m > 0 && n > 0) BLASgemv_(&t, &bm, &bn, &alpha, A, &la, x, &one, &beta, y, &one);
}
