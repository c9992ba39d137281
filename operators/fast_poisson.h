#ifndef SINEW_OPERATORS_FAST_POISSON_H
#define SINEW_OPERATORS_FAST_POISSON_H
/*
  Direct solver of Poisson's equation on a uniform grid of two or three dimensions:  lap_h u = f  at the cells' centres,
  lap_h the compact stencil of 5 or 7 cells. Each axis is periodic, or each of its sides has du/dn = 0 or u = 0 on the
  side itself. Sines and cosines of the matching parity are the eigenvectors (Buzbee, Golub & Nielson 1970): FFTW's
  real-to-real transforms forth, a division by the eigenvalue, and back. The result is exact to rounding.

    axis        periodic   N N       D D       N D       D N          (lower, upper side)
    transform   R2HC       REDFT10   RODFT10   REDFT11   RODFT11

  Where no side fixes u, the mean of f is dropped, and u has mean zero.

  Communication of a solve: two all-to-alls (transforms by FFTW-MPI with transposed output), one scatter each way where
  the grid's boxes are not slabs (slab.h). Planned without timing, so that every run does the same arithmetic.
*/
#include "slab.h"

typedef enum { SINEW_FAST_NEUMANN, SINEW_FAST_DIRICHLET } SinewFastSide;

/*
  The transforms alone, for operators with other symbols (fast_preconditioner.h): all components to modes, which the
  caller divides in place, and back. Modes have eigenvalues of the second differences along each axis, none positive.
  SinewFastModes: how many this rank has, and what the transforms there and back multiply by.
*/
typedef struct _p_SinewFast *SinewFast;
#define SINEW_FAST_COMPONENTS_MAX 12

PETSC_EXTERN PetscErrorCode SinewFastCreate(SinewGrid grid, PetscInt components, const SinewFastSide side[6],
                                            SinewFast *fast);
PETSC_EXTERN PetscErrorCode SinewFastDestroy(SinewFast *fast);
/* modes[c]: of component c of U; owned by the transforms, until Backward has put them back into U. Collective. */
PETSC_EXTERN PetscErrorCode SinewFastForward(SinewFast fast, Vec U, PetscReal *const **modes);
PETSC_EXTERN PetscErrorCode SinewFastBackward(SinewFast fast, Vec U);
PETSC_EXTERN PetscInt SinewFastModes(SinewFast fast, PetscReal *gain);
PETSC_EXTERN void SinewFastEigenvalues(SinewFast fast, PetscInt mode, PetscReal eigenvalues[3]);

typedef struct _p_SinewFastPoisson *SinewFastPoisson;

/* Collective. side: 2 * axis is the lower, 2 * axis + 1 the upper one; those of periodic axes are passed over. The grid
   must outlive the solver. */
PETSC_EXTERN PetscErrorCode SinewFastPoissonCreate(SinewGrid grid, const SinewFastSide side[6],
                                                   SinewFastPoisson *poisson);
PETSC_EXTERN PetscErrorCode SinewFastPoissonDestroy(SinewFastPoisson *poisson);
/* f and u: global vectors of one component on the grid's boxes (SinewGridCreateDM); they may be the same. Collective.
 */
PETSC_EXTERN PetscErrorCode SinewFastPoissonSolve(SinewFastPoisson poisson, Vec f, Vec u);

#endif
