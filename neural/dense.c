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

void SinewGram(PetscInt n, PetscInt k, const PetscReal A[], PetscInt lda, PetscReal beta, PetscReal C[], PetscInt ldc)
{
  const PetscBLASInt bn = (PetscBLASInt)n, bk = (PetscBLASInt)k, la = (PetscBLASInt)lda, lc = (PetscBLASInt)ldc;
  const PetscReal one = 1;

  if (n > 0) BLASsyrk_("U", "T", &bn, &bk, &one, A, &la, &beta, C, &lc);
}

PetscBool SinewCholesky(PetscInt n, PetscReal A[], PetscInt lda)
{
  const PetscBLASInt bn = (PetscBLASInt)n, la = (PetscBLASInt)lda;
  PetscBLASInt info = 0;

  LAPACKpotrf_("U", &bn, A, &la, &info);
  return (PetscBool)(info == 0);
}

PetscBool SinewEigen(PetscInt n, PetscReal A[], PetscInt lda, PetscReal values[], PetscReal work[], PetscInt lwork)
{
  const PetscBLASInt bn = (PetscBLASInt)n, la = (PetscBLASInt)lda, lw = (PetscBLASInt)lwork;
  PetscBLASInt info = 0;

  LAPACKsyev_("V", "U", &bn, A, &la, values, work, &lw, &info);
  return (PetscBool)(info == 0);
}

void SinewTriangularSolve(char t, PetscInt n, const PetscReal U[], PetscInt ldu, PetscReal x[])
{
  const PetscBLASInt bn = (PetscBLASInt)n, lu = (PetscBLASInt)ldu, one = 1;
  PetscBLASInt info = 0;

  LAPACKtrtrs_("U", &t, "N", &bn, &one, U, &lu, x, &bn, &info);
}

void SinewQR(PetscInt m, PetscInt n, PetscReal A[], PetscInt lda, PetscReal tau[], PetscReal work[], PetscInt lwork)
{
  const PetscBLASInt bm = (PetscBLASInt)m, bn = (PetscBLASInt)n, la = (PetscBLASInt)lda, lw = (PetscBLASInt)lwork;
  PetscBLASInt info = 0;

  LAPACKgeqrf_(&bm, &bn, A, &la, tau, work, &lw, &info);
}
