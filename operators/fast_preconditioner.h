#ifndef SINEW_OPERATORS_FAST_PRECONDITIONER_H
#define SINEW_OPERATORS_FAST_PRECONDITIONER_H
/*
  PCSINEWFFT: a preconditioner for matrices of differential operators of second order with the compact stencil on
  uniform grids of two or three dimensions, systems included. Sines and cosines (fast_poisson.h) make the operator with
  constant coefficients that is nearest to the matrix block-diagonal, one small block a mode, and the blocks are
  inverted: exact for constant coefficients (one iteration), and with coefficients that vary by bounded factors a number
  of iterations that does not depend on the grid.

    P ~ A + sum_d B_d (-second difference along d),   A, B_d: components x components

  A and B_d are means over inner cells of what the matrix does to constants and to fields that alternate along an axis,
  so that they come from any matrix, whoever assembled it: dim + 1 products for each component at every set-up. Modes
  whose block is singular (the constants, where no side fixes them) are dropped.

    SinewFastPreconditionerRegister();
    SinewFastPreconditionerAttach(P, grid, components, side);    the matrix says what grid it lives on
    -pc_type sinew_fft

  Communication of an application: two all-to-alls a component, and a scatter each way where the grid's boxes are no
  slabs. Memory: the slabs, and components^2 numbers a mode.
*/
#include "fast_poisson.h"

#define PCSINEWFFT "sinew_fft"

PETSC_EXTERN PetscErrorCode SinewFastPreconditionerRegister(void);
/* side: as in SinewFastPoissonCreate, one condition for all components. The grid must outlive the matrix. Logically
 * collective. */
PETSC_EXTERN PetscErrorCode SinewFastPreconditionerAttach(Mat P, SinewGrid grid, PetscInt components,
                                                          const SinewFastSide side[6]);

#endif
