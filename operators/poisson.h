#ifndef SINEW_OPERATORS_POISSON_H
#define SINEW_OPERATORS_POISSON_H
/*
  Poisson's equation on a grid of cells:  div grad u = f,  u and f at the cells' centres.

  Finite volumes on the compact stencil of 3, 5 or 7 cells, of second order on uniform and smoothly stretched grids:
  the flux through a face is the difference of its two cells over the distance of their centres. Periodic axes of the
  grid wrap around; every other side has du/dn = 0 or u = 0 on the side itself (inhomogeneous values belong into f).
  Multiplied by minus the cells' volumes the matrix is symmetric and positive (semi-)definite, so the solver is
  conjugate gradients with algebraic multigrid (PCGAMG), to a relative residual of 1e-10; PETSc options with the prefix
  poisson_ (-poisson_pc_type hypre) have the last word. Where no side fixes u, f must have mean zero; its mean is
  removed, and u comes back with mean zero.

  Life-cycle: SinewPoissonCreate, SinewPoissonSolve any number of times, SinewPoissonDestroy. The preconditioner is made
  once, and every solve starts from zero, so that equal right-hand sides give equal bits; other numbers of ranks
  give the same to the solver's tolerance. Communication: that of a Krylov solver, one halo of a cell and two
  reductions an iteration, and 10 to 20 iterations.
*/
#include "../meshes/grid.h"

typedef enum { SINEW_POISSON_NEUMANN, SINEW_POISSON_DIRICHLET } SinewPoissonSide;

typedef struct _p_SinewPoisson *SinewPoisson;

/*
  SinewPoissonCreate - Collective. The grid (not owned) must outlive it.

  side  [in]  of the grid's axes: 2 * axis is the lower, 2 * axis + 1 the upper one; periodic axes are passed over.
              NULL: Neumann everywhere
*/
PETSC_EXTERN PetscErrorCode SinewPoissonCreate(SinewGrid grid, const SinewPoissonSide side[6], SinewPoisson *poisson);
PETSC_EXTERN PetscErrorCode SinewPoissonDestroy(SinewPoisson *poisson);
/* A DMDA of one component on the grid's boxes, with a halo of one cell, for f and u. Not owned by the caller. */
PETSC_EXTERN PetscErrorCode SinewPoissonGetDM(SinewPoisson poisson, DM *dm);
/*
  SinewPoissonSolve - Collective. f is overwritten. Raises PETSC_ERR_NOT_CONVERGED when the tolerance is not reached.
  iterations may be NULL.
*/
PETSC_EXTERN PetscErrorCode SinewPoissonSolve(SinewPoisson poisson, Vec f, Vec u, PetscInt *iterations);

#endif
