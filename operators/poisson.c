#include "operators/poisson.h"

#include <petscksp.h>

#include "io/error.h"

struct _p_SinewPoisson {
  SinewGrid grid;
  SinewPoissonSide side[6];
  DM dm;
  KSP ksp;
  Vec volume;         /* of the cells */
  PetscReal total;    /* of all */
  PetscBool floating; /* no side fixes u */
};

/* Distance of the centres of cells i - 1 and i; at a side without a cell behind it, that of the first centre from it.
 */
static PetscReal distance(const SinewAxis *a, PetscInt i)
{
  const PetscInt k = i - a->first;

  if (!a->periodic && i == 0) return a->center[k] - a->face[k];
  if (!a->periodic && i == a->cells) return a->face[k] - a->center[k - 1];
  return a->center[k] - a->center[k - 1];
}

static PetscBool outside(const SinewAxis *a, PetscInt i)
{
  return (PetscBool)(!a->periodic && (i < 0 || i >= a->cells));
}

/* The row of one cell: minus its volume times div grad. */
static PetscErrorCode set_row(SinewPoisson p, const PetscInt cell[3], Mat A)
{
  const PetscInt dim = SinewGridDim(p->grid);
  MatStencil row = {.i = cell[0], .j = cell[1], .k = cell[2]}, column[7];
  PetscReal value[7], volume = 1, width[3];
  PetscInt n = 1;

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < 3; d++) {
    const SinewAxis *a = SinewGridAxis(p->grid, d);

    width[d] = a->width[cell[d] - a->first];
    volume *= width[d];
  }
  column[0] = row;
  value[0] = 0;
  for (PetscInt d = 0; d < dim; d++) {
    const SinewAxis *a = SinewGridAxis(p->grid, d);

    for (PetscInt s = 0; s < 2; s++) {
      const PetscInt next = cell[d] + (s ? 1 : -1);
      const PetscReal c = volume / width[d] / distance(a, cell[d] + s);

      if (outside(a, next)) {
        if (p->side[2 * d + s] == SINEW_POISSON_DIRICHLET) value[0] += c;
        continue;
      }
      value[0] += c;
      column[n] = row;
      if (d == 0) column[n].i = next;
      if (d == 1) column[n].j = next;
      if (d == 2) column[n].k = next;
      value[n++] = -c;
    }
  }
  PetscCall(
      MatSetValuesStencil(A, 1, &row, n, column, value, ADD_VALUES)); /* two cells may neighbour each other twice */
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode assemble(SinewPoisson p, Mat *A)
{
  PetscInt s[3], n[3], cell[3], at = 0;
  PetscReal *volume;

  PetscFunctionBeginUser;
  PetscCall(DMSetMatrixPreallocateOnly(p->dm, PETSC_TRUE)); /* rows of a star, not of a box */
  PetscCall(DMCreateMatrix(p->dm, A));
  PetscCall(DMDAGetCorners(p->dm, &s[0], &s[1], &s[2], &n[0], &n[1], &n[2]));
  PetscCall(VecGetArrayWrite(p->volume, &volume));
  for (cell[2] = s[2]; cell[2] < s[2] + n[2]; cell[2]++)
    for (cell[1] = s[1]; cell[1] < s[1] + n[1]; cell[1]++)
      for (cell[0] = s[0]; cell[0] < s[0] + n[0]; cell[0]++) {
        volume[at] = 1;
        for (PetscInt d = 0; d < 3; d++) {
          const SinewAxis *a = SinewGridAxis(p->grid, d);

          volume[at] *= a->width[cell[d] - a->first];
        }
        at++;
        PetscCall(set_row(p, cell, *A));
      }
  PetscCall(VecRestoreArrayWrite(p->volume, &volume));
  PetscCall(MatAssemblyBegin(*A, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(*A, MAT_FINAL_ASSEMBLY));
  PetscCall(MatSetOption(*A, MAT_SYMMETRIC, PETSC_TRUE));
  PetscCall(MatSetOption(*A, MAT_SPD, (PetscBool)!p->floating));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_solver(SinewPoisson p)
{
  const MPI_Comm comm = PetscObjectComm((PetscObject)p->dm);
  MatNullSpace constants;
  Mat A;
  PC pc;

  PetscFunctionBeginUser;
  PetscCall(assemble(p, &A));
  if (p->floating) {
    PetscCall(MatNullSpaceCreate(comm, PETSC_TRUE, 0, NULL, &constants));
    PetscCall(MatSetNullSpace(A, constants));
    PetscCall(MatNullSpaceDestroy(&constants));
  }
  PetscCall(KSPCreate(comm, &p->ksp));
  PetscCall(KSPSetOptionsPrefix(p->ksp, "poisson_"));
  PetscCall(KSPSetOperators(p->ksp, A, A));
  PetscCall(MatDestroy(&A));
  PetscCall(KSPSetType(p->ksp, KSPCG));
  PetscCall(KSPSetNormType(p->ksp, KSP_NORM_UNPRECONDITIONED)); /* the divergence that a projection leaves */
  PetscCall(KSPSetTolerances(p->ksp, 1e-10, PETSC_DEFAULT, PETSC_DEFAULT, 1000));
  PetscCall(KSPGetPC(p->ksp, &pc));
  PetscCall(PCSetType(pc, PCGAMG));
  PetscCall(KSPSetFromOptions(p->ksp));
  PetscCall(KSPSetUp(p->ksp));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewPoissonCreate(SinewGrid grid, const SinewPoissonSide side[6], SinewPoisson *poisson)
{
  SinewPoisson p;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&p));
  *poisson = p;
  p->grid = grid;
  p->floating = PETSC_TRUE;
  for (PetscInt k = 0; k < 2 * SinewGridDim(grid); k++) {
    p->side[k] = side ? side[k] : SINEW_POISSON_NEUMANN;
    if (!SinewGridAxis(grid, k / 2)->periodic && p->side[k] == SINEW_POISSON_DIRICHLET) p->floating = PETSC_FALSE;
  }
  PetscCall(SinewGridCreateDM(grid, 1, 1, &p->dm));
  PetscCall(DMCreateGlobalVector(p->dm, &p->volume));
  PetscCall(create_solver(p));
  PetscCall(VecSum(p->volume, &p->total));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewPoissonDestroy(SinewPoisson *poisson)
{
  SinewPoisson p = *poisson;

  PetscFunctionBeginUser;
  if (!p) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(KSPDestroy(&p->ksp));
  PetscCall(VecDestroy(&p->volume));
  PetscCall(DMDestroy(&p->dm));
  PetscCall(PetscFree(p));
  *poisson = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewPoissonGetDM(SinewPoisson poisson, DM *dm)
{
  PetscFunctionBeginUser;
  *dm = poisson->dm;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewPoissonSolve(SinewPoisson p, Vec f, Vec u, PetscInt *iterations)
{
  KSPConvergedReason reason;
  PetscReal mean;

  PetscFunctionBeginUser;
  PetscCall(VecPointwiseMult(f, f, p->volume));
  PetscCall(VecScale(f, -1));
  if (p->floating) { /* what the range of the matrix can hold */
    PetscCall(VecSum(f, &mean));
    PetscCall(VecAXPY(f, -mean / p->total, p->volume));
  }
  PetscCall(KSPSolve(p->ksp, f, u));
  PetscCall(KSPGetConvergedReason(p->ksp, &reason));
  PetscCheck(reason > 0, PetscObjectComm((PetscObject)p->dm), PETSC_ERR_NOT_CONVERGED,
             "Poisson's equation was not solved: %s", KSPConvergedReasons[reason]);
  if (p->floating) {
    PetscCall(VecDot(u, p->volume, &mean));
    PetscCall(VecShift(u, -mean / p->total));
  }
  if (iterations) PetscCall(KSPGetIterationNumber(p->ksp, iterations));
  PetscFunctionReturn(PETSC_SUCCESS);
}
