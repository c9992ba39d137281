#ifndef SINEW_IO_MOSAIC_PRIVATE_H
#define SINEW_IO_MOSAIC_PRIVATE_H
/*
  Painting the cells of a distributed mesh into a raster (private to io/image.c).

  Every rank adds its cells to a mosaic of the picture's size: value times covered area, and area,
  a pixel. SinewMosaicReduce sums the mosaics to rank 0. Pixels that hold several cells, or parts of
  them, become the average; memory and communication are bounded by the picture.

  All sums are integers (corners on a grid of 1/256 pixel, values on one of 2^-20 of the colour
  range), so the picture is the same, bit for bit, on any number of ranks and in any order.

  Where the edges of all cells are parallel to the axes (`upright`), a cell is added by the exact area
  that it covers. Otherwise every cell is cut into two triangles, which are sampled at 4 x 4 points a
  pixel; a point on a common edge belongs to one of them. Both ways leave no seams, a mixture would.
  Cells with a corner that is not finite are left out; values that are not finite mark their pixels.

  Life-cycle: set the public numbers, Create, (Upright,) Cells, Edges, Reduce, Sample, Destroy.
  Collective: Upright and Reduce. The mosaic owns its arrays.
*/
#include "raster_private.h"

typedef struct {
  int width, height;        /* pixels */
  double low[2], high[2];   /* coordinates of the edges; row 0 is at high[1] */
  double least, most;       /* colour range */
  PetscBool upright;        /* false paints every mesh right, true is fast */
  PetscInt64 *value, *area; /* sums, height x width */
  PetscInt64 *bad;          /* area of values that are not finite */
  SinewInk edges;           /* of the cells */
} SinewMosaic;

PETSC_EXTERN PetscErrorCode SinewMosaicCreate(SinewMosaic *mosaic);
PETSC_EXTERN PetscErrorCode SinewMosaicDestroy(SinewMosaic *mosaic);

/* Collective. Sets `upright` from the cells of all ranks. Arguments as in SinewImageField. */
PETSC_EXTERN PetscErrorCode SinewMosaicUpright(MPI_Comm comm, SinewMosaic *mosaic, PetscInt nx, PetscInt ny,
                                               const PetscReal nodes_x[], const PetscReal nodes_y[]);

PETSC_EXTERN void SinewMosaicCells(SinewMosaic *mosaic, PetscInt nx, PetscInt ny, const PetscReal nodes_x[],
                                   const PetscReal nodes_y[], const PetscReal value[]);
PETSC_EXTERN void SinewMosaicEdges(SinewMosaic *mosaic, PetscInt nx, PetscInt ny, const PetscReal nodes_x[],
                                   const PetscReal nodes_y[]);

/* Collective. The sums are valid on rank 0 afterwards. */
PETSC_EXTERN PetscErrorCode SinewMosaicReduce(MPI_Comm comm, SinewMosaic *mosaic);

/* The place of a pixel in the colour range (0 to 1; NaN when a value is not finite) and the share
 * of it that is covered by cells. */
PETSC_EXTERN double SinewMosaicSample(const SinewMosaic *mosaic, int x, int y, double *share);

#endif
