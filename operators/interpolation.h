#ifndef SINEW_OPERATORS_INTERPOLATION_H
#define SINEW_OPERATORS_INTERPOLATION_H
/*
  Values of a cell-centred field at any points of the domain: tensor products of Lagrange polynomials through the six
  nearest centres of each axis (Berrut & Trefethen 2004, SIAM Review 46, section 2), so the error falls with the sixth
  power of the cell width where the field is smooth. Axes may be stretched. Near non-periodic sides the six centres are
  the outermost ones; points beyond such a side take the value on it, points beyond a periodic one that of their image.
  (Where some rank's box is only two cells or one wide along an axis, four centres or two take the place of six.)

    SinewInterpolationCreate(grid, components, &it);
    SinewInterpolationSetField(it, U);                    (halo of three cells)
    SinewInterpolationEvaluate(it, n, x, value);          (any number of times, any n on each rank)
    SinewInterpolationDestroy(&it);

  Points are sent to the rank whose box holds them and values come back: per Evaluate one message each way between
  ranks that have to do with each other, 8 dim + 8 components bytes a point; who those are is found by
  PetscCommBuildTwoSided, without arrays of the length of the communicator. Memory: the box with its halo, and the
  ends of the boxes along each axis. Values do not depend on the number of ranks. Everything is collective.
*/
#include "../meshes/grid.h"

typedef struct _p_SinewInterpolation *SinewInterpolation;

/* The grid is referred to and must outlive it. */
PETSC_EXTERN PetscErrorCode SinewInterpolationCreate(SinewGrid grid, PetscInt components,
                                                     SinewInterpolation *interpolation);
/* The same by the nearest two centres of each axis: bilinear, trilinear; no new extremum, a halo of one cell. */
PETSC_EXTERN PetscErrorCode SinewInterpolationCreateLinear(SinewGrid grid, PetscInt components,
                                                           SinewInterpolation *interpolation);
PETSC_EXTERN PetscErrorCode SinewInterpolationDestroy(SinewInterpolation *interpolation);
PETSC_EXTERN PetscInt SinewInterpolationComponents(SinewInterpolation interpolation);
/* U: a global vector with the boxes of the grid's DMDA and `components` components, interlaced; copied. */
PETSC_EXTERN PetscErrorCode SinewInterpolationSetField(SinewInterpolation interpolation, Vec U);
/* x [n][dim] in, value [n][components] out. */
PETSC_EXTERN PetscErrorCode SinewInterpolationEvaluate(SinewInterpolation interpolation, PetscInt n,
                                                       const PetscReal x[], PetscReal value[]);

#endif
