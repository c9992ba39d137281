/*
  Sums whose bits do not depend on the number of ranks: within a rank part by part in the order of a binary counter
  (level k holds the sum of 2^k parts), between ranks by recursive doubling over neighbours first, lower ranks' sums
  on the left. With a power of two of parts and of ranks both walk one binary tree.
*/
#include "least_squares_private.h"

PetscErrorCode SinewLeastSquaresSumRanks(SinewLeastSquares ls, PetscInt n, PetscReal x[])
{
  PetscFunctionBegin;
  if (ls->size == 1) PetscFunctionReturn(PETSC_SUCCESS);
  if (!ls->tree) {
    PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, x, (PetscMPIInt)n, MPIU_REAL, MPI_SUM, ls->comm));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (PetscMPIInt step = 1; step < ls->size; step *= 2) {
    const PetscMPIInt partner = ls->rank ^ step;

    PetscCallMPI(MPI_Sendrecv(x, (PetscMPIInt)n, MPIU_REAL, partner, 0, ls->received, (PetscMPIInt)n, MPIU_REAL,
                              partner, 0, ls->comm, MPI_STATUS_IGNORE));
    for (PetscInt i = 0; i < n; i++) x[i] += ls->received[i]; /* commutative to the bit */
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Carries of the binary counter after leaf `part`: how many levels below are complete. */
static PetscInt carries(PetscInt part)
{
  PetscInt k = 0;

  while ((part >> k) & 1) k++;
  return k;
}

/* Leaf sums of n numbers lie at partial[0]; folds them upwards. The last levels are gathered by finish. */
void SinewLeastSquaresFold(SinewLeastSquares ls, PetscInt part, PetscInt n)
{
  const PetscInt up = carries(part), stride = ls->P + 1;
  PetscReal *leaf = ls->partial;

  for (PetscInt k = 0; k < up; k++) {
    const PetscReal *left = ls->partial + (k + 1) * stride;

    for (PetscInt i = 0; i < n; i++) leaf[i] = left[i] + leaf[i];
  }
  PetscArraycpy(ls->partial + (up + 1) * stride, leaf, n);
}

PetscErrorCode SinewLeastSquaresFinish(SinewLeastSquares ls, PetscInt n, PetscReal x[])
{
  PetscBool none = PETSC_TRUE;

  PetscFunctionBegin;
  for (PetscInt k = 0; (ls->problem.parts >> k) > 0; k++) {
    const PetscReal *level = ls->partial + (k + 1) * (ls->P + 1);

    if (!((ls->problem.parts >> k) & 1)) continue;
    for (PetscInt i = 0; i < n; i++) x[i] = none ? level[i] : level[i] + x[i];
    none = PETSC_FALSE;
  }
  for (PetscInt i = 0; none && i < n; i++) x[i] = 0;
  PetscCall(SinewLeastSquaresSumRanks(ls, n, x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewLeastSquaresTranspose(SinewLeastSquares ls, const PetscReal w[], const PetscReal y[], PetscReal g[])
{
  const SinewLeastSquaresProblem *p = &ls->problem;

  PetscFunctionBegin;
  for (PetscInt part = 0; part < p->parts; part++) {
    PetscCall(PetscArrayzero(ls->partial, ls->P));
    PetscCall(p->transpose(p->ctx, w, part, y, ls->partial));
    SinewLeastSquaresFold(ls, part, ls->P);
  }
  PetscCall(SinewLeastSquaresFinish(ls, ls->P, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewLeastSquaresSquares(SinewLeastSquares ls, const PetscReal y[], PetscReal *sum)
{
  const SinewLeastSquaresProblem *p = &ls->problem;

  PetscFunctionBegin;
  for (PetscInt part = 0; part < p->parts; part++) {
    ls->partial[0] = 0;
    for (PetscInt i = p->block_start[p->part_block[part]]; i < p->block_start[p->part_block[part + 1]]; i++)
      ls->partial[0] += y[i] * y[i];
    SinewLeastSquaresFold(ls, part, 1);
  }
  PetscCall(SinewLeastSquaresFinish(ls, 1, sum));
  PetscFunctionReturn(PETSC_SUCCESS);
}
