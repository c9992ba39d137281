#ifndef SINEW_IO_IMAGE_H
#define SINEW_IO_IMAGE_H
/*
  Quick-look pictures (PNG): a field on a plane with colour bar, title and axes; or curves over one
  axis. No display, no fonts, no Python. Published by temporary name and rename.

  Both functions are collective; every rank passes the same path and style (NULL: all defaults).
  Nothing that is passed is kept. A picture that cannot be written raises SINEW_ERR_OUTPUT, an
  unknown colour map SINEW_ERR_INPUT, each with one line on all ranks.

  The picture does not depend on the number of ranks, to the last bit: sums are integers, masks are
  joined by their maximum.

  A picture of a distributed field is made without gathering it: each rank paints its own cells into
  a raster of the picture's size (bounded, about 1000 pixels a side), and one reduction of that
  raster gives rank 0 the picture.
*/
#include "error.h"

typedef struct {
  const char *title;    /* "density, t = 1.25"; may be NULL */
  const char *colormap; /* viridis, inferno, magma, plasma, turbo, coolwarm, gray; NULL: viridis */
  PetscReal min, max;   /* colour range; equal: the data's own */
  PetscInt width;       /* pixels of the plot area along the longer side; 0: 768 */
  PetscBool lines;      /* draw the cell edges (moving meshes) */
} SinewImageStyle;

/*
  SinewImageField - paints a cell field. Collective.

  Axes have equal units, y upwards, unless the domain is longer than 6 : 1. Cells finer than a pixel
  are averaged; values that are not finite are magenta and do not count for the range.

  nx, ny   [in] this rank's cells (0 where it has none in the plane)
  nodes_x, nodes_y [in] coordinates of the cells' corners, (ny+1) x (nx+1), y slowest
  value    [in] ny x nx
*/
PETSC_EXTERN PetscErrorCode SinewImageField(MPI_Comm comm, const char path[], PetscInt nx, PetscInt ny,
                                            const PetscReal nodes_x[], const PetscReal nodes_y[],
                                            const PetscReal value[], const SinewImageStyle *style);

/*
  SinewImagePanels - several fields on the same cells side by side in one picture, each with its own title, colours and
  colour bar. Collective. value[count], style[count]; the other arguments as above.
*/
PETSC_EXTERN PetscErrorCode SinewImagePanels(MPI_Comm comm, const char path[], PetscInt count, PetscInt nx, PetscInt ny,
                                             const PetscReal nodes_x[], const PetscReal nodes_y[],
                                             const PetscReal *const value[], const SinewImageStyle style[]);

/* Triangles of a body where it is now, the same on all ranks: those of a plane, or the surface of a body in space. */
typedef struct {
  PetscInt dim, n;
  const PetscReal *corner;   /* [n][3][dim] */
  const PetscReal *value;    /* [n] */
  const unsigned char *edge; /* [n][3]: whether the edge opposite to a corner is drawn */
} SinewSurface;

/*
  SinewImageSurface - paints triangles, in space as an eye sees them that looks from above x and -y (parallel
  projection, shaded, what is nearer before what is behind). Collective; rank 0 paints. style->lines does not count: see
  edge.
*/
PETSC_EXTERN PetscErrorCode SinewImageSurface(MPI_Comm comm, const char path[], const SinewSurface *surface,
                                              const SinewImageStyle *style);

/* A curve: n points on this rank, joined in their order. The ranks' parts are joined as well where a
 * rank's first x is not before the last x of the ranks before it (a curve that is cut into boxes);
 * points that are not finite make a gap. */
typedef struct {
  const char *label;
  PetscInt n;
  const PetscReal *x, *y;
  PetscBool dots; /* markers instead of a line */
} SinewCurve;

/*
  SinewImageCurves - paints curves into one frame with axes and a legend. Collective.

  style->min and max, when they differ, are the range of the vertical axis; what leaves it is cut.
  style->width is that of the frame, whose height is two thirds of it. Every rank passes the same
  count and labels. Labels of axes and curves may be NULL.
*/
PETSC_EXTERN PetscErrorCode SinewImageCurves(MPI_Comm comm, const char path[], PetscInt count,
                                             const SinewCurve curves[], const char xlabel[], const char ylabel[],
                                             const SinewImageStyle *style);

/* Names of the colour maps, NULL-terminated, for schema tables. */
PETSC_EXTERN const char *const SinewColormaps[];

#endif
