/* One linear least-squares problem: the tangent space's best direction. */
#include "dense_private.h"
#include "least_squares_private.h"

/* d = -V diag(1 / lambda) V'g over the eigenvalues of J'J above cut^2 of the largest. */
static PetscErrorCode truncated(SinewLeastSquares ls, PetscReal cut, PetscReal d[], PetscBool *ok)
{
  const PetscInt n = ls->active, ld = n + 1, lwork = 34 * n;
  PetscReal *values, *work, *x = ls->y_weights, *projected = ls->a;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2((size_t)n, &values, (size_t)lwork, &work));
  for (PetscInt k = 0; k < n; k++) {
    PetscCall(PetscArraycpy(ls->factor + k * ld, ls->matrix + k * ld, k + 1));
    x[k] = ls->g[ls->moving[k]];
  }
  *ok = SinewEigen(n, ls->factor, ld, values, work, lwork);
  SinewGemv('T', n, n, 1, ls->factor, ld, x, 0, projected);
  for (PetscInt k = 0; k < n; k++) projected[k] = values[k] > cut * cut * values[n - 1] ? -projected[k] / values[k] : 0;
  SinewGemv('N', n, n, 1, ls->factor, ld, projected, 0, x);
  PetscCall(PetscArrayzero(d, ls->P));
  for (PetscInt k = 0; k < n; k++) d[ls->moving[k]] = x[k];
  PetscCall(PetscFree2(values, work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewLeastSquaresLinear(SinewLeastSquares ls, const PetscReal w[], PetscReal mu, PetscReal cut,
                                       PetscReal d[], PetscBool *ok)
{
  PetscReal norm;

  PetscFunctionBegin;
  PetscCheck(cut <= 0 || ls->solver == SINEW_LS_NORMAL, ls->comm, SINEW_ERR_INPUT,
             "truncated singular values need the solver that forms the matrix");
  PetscCall(ls->problem.residual(ls->problem.ctx, w, ls->r));
  PetscCall(SinewLeastSquaresSquares(ls, ls->r, &norm));
  *ok = (PetscBool)!PetscIsInfOrNanReal(norm);
  if (!*ok) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewLeastSquaresAssemble(ls, w, 0));
  ls->fresh = PETSC_TRUE;
  if (cut > 0) {
    PetscCall(truncated(ls, cut, d, ok));
  } else if (ls->solver == SINEW_LS_LSQR) {
    PetscCall(SinewLeastSquaresKrylov(ls, w, mu, d));
  } else {
    PetscCall(SinewLeastSquaresFactor(ls, mu, ok));
    if (*ok) PetscCall(SinewLeastSquaresBackSolve(ls, ls->g, d));
  }
  if (ls->size > 1) {
    PetscCallMPI(MPI_Bcast(ok, 1, SINEW_MPI_BOOL, 0, ls->comm));
    PetscCallMPI(MPI_Bcast(d, (PetscMPIInt)ls->P, MPIU_REAL, 0, ls->comm));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
