/* R of [J r] by QR in blocks of rows, over the ranks, and with the damping underneath. */
#include "dense_private.h"
#include "least_squares_private.h"

PetscErrorCode SinewLeastSquaresAllocateQR(SinewLeastSquares ls)
{
  const size_t n = (size_t)ls->P + 1, below = PetscMax((size_t)ls->chunk, n);

  PetscFunctionBegin;
  ls->lwork = 64 * (ls->P + 1);
  PetscCall(PetscMalloc4((n + below) * n, &ls->qr, n * n, &ls->stacked, n, &ls->tau, 64 * n, &ls->work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Stacks m more rows (columns of leading dimension ld) under the triangle R (n x n, zero below) and triangularises. */
static PetscErrorCode stack(SinewLeastSquares ls, PetscInt n, PetscInt m, const PetscReal rows[], PetscInt ld,
                            PetscReal R[])
{
  const PetscInt height = n + m;

  PetscFunctionBegin;
  for (PetscInt j = 0; j < n; j++) {
    PetscReal *column = ls->qr + j * height;

    PetscCall(PetscArrayzero(column, n));
    PetscCall(PetscArraycpy(column, R + j * n, j + 1));
    PetscCall(PetscArraycpy(column + n, rows + j * ld, m));
  }
  SinewQR(height, n, ls->qr, height, ls->tau, ls->work, ls->lwork);
  for (PetscInt j = 0; j < n; j++) PetscCall(PetscArraycpy(R + j * n, ls->qr + j * height, j + 1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Every rank stacks the others' triangles in the order of ranks, hence all have the same bits. */
static PetscErrorCode stack_ranks(SinewLeastSquares ls, PetscInt n)
{
  PetscReal *all = ls->factor; /* the triangle so far */

  PetscFunctionBegin;
  if (ls->size == 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscArrayzero(all, n * n));
  for (PetscMPIInt rank = 0; rank < ls->size; rank++) {
    PetscReal *theirs = ls->stacked;

    if (rank == ls->rank) PetscCall(PetscArraycpy(theirs, ls->matrix, n * n));
    PetscCallMPI(MPI_Bcast(theirs, (PetscMPIInt)(n * n), MPIU_REAL, rank, ls->comm));
    PetscCall(stack(ls, n, n, theirs, n, all));
  }
  PetscCall(PetscArraycpy(ls->matrix, all, n * n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewLeastSquaresAssembleQR(SinewLeastSquares ls, const PetscReal w[])
{
  const PetscInt n = ls->active + 1, blocks = ls->problem.part_block[ls->problem.parts];
  PetscReal *J;
  PetscInt rows;

  PetscFunctionBegin;
  PetscCall(PetscArrayzero(ls->matrix, n * n));
  for (PetscInt b = 0; b < blocks;) {
    PetscCall(SinewLeastSquaresChunk(ls, w, blocks, &b, &J, &rows));
    PetscCall(stack(ls, n, rows, J, ls->ld, ls->matrix));
  }
  PetscCall(stack_ranks(ls, n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewLeastSquaresFactorQR(SinewLeastSquares ls, PetscReal mu)
{
  const PetscInt n = ls->active + 1;

  PetscFunctionBegin;
  PetscCall(PetscArraycpy(ls->factor, ls->matrix, n * n));
  PetscCall(PetscArrayzero(ls->stacked, n * n));
  for (PetscInt k = 0; k < ls->active; k++)
    ls->stacked[k * n + k] = PetscSqrtReal(mu * SinewLeastSquaresScale(ls, ls->moving[k]));
  PetscCall(stack(ls, n, n, ls->stacked, n, ls->factor));
  PetscFunctionReturn(PETSC_SUCCESS);
}
