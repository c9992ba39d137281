#ifndef SINEW_MESHES_GEOMETRY_KERNELS_H
#define SINEW_MESHES_GEOMETRY_KERNELS_H
/* Row loops of meshes/geometry.c, private to it: vectorised, elementwise, compiled without contraction. Rows of nodes
   begin at the lowest node of the first cell or face; `up` leads to the next row. */
#include <petscsys.h>

/* x = xi + (p[i + s] - p[i - s]) factor; xi: a row (stride 1) or one number (stride 0) */
void GeometryNodes(PetscInt n, const PetscReal xi[], PetscInt stride, const PetscReal p[], PetscInt s, PetscReal factor,
                   PetscReal x[]);
/* Volumes of quadrilaterals. Returns the smaller of `least` and the smallest of them and of the Jacobians at corners.
 */
PetscReal GeometryVolumes2D(PetscInt n, PetscInt up, const PetscReal x[], const PetscReal y[], PetscReal least,
                            PetscReal volume[]);
/* Area vectors sign * (e_y, -e_x) of the mean edges from a node to the one `to` further, between the nodes' places at
   two ends, and the area that the edges sweep. */
void GeometryEdges2D(PetscInt n, PetscInt to, PetscReal sign, const PetscReal *const from[2],
                     const PetscReal *const at[2], PetscReal *const area[2], PetscReal swept[]);
/* c = the mean of the four (eight: two planes, `over` apart) corners of cells at two ends */
void GeometryCentres(PetscInt n, PetscInt up, PetscInt planes, PetscInt over, const PetscReal from[],
                     const PetscReal to[], PetscReal c[]);
/* |grad u| at vertices from the cells around them, the last of which c and u point at: differences of their values over
   those of their centres, along each axis averaged over the others. stride: of cells with ghosts. */
void GeometryGradient(PetscInt dim, PetscInt n, const PetscInt stride[3], const PetscReal *const c[3],
                      const PetscReal u[], PetscReal g[]);

/* What is known of cells so far: sums and extremes of monitor times volume, the largest squared ratio of diagonals. */
typedef struct {
  PetscReal sum, squares, most, least, skew;
} GeometryCensus;
/* Adds cells whose lowest vertex has the monitor m[0]; over 0: flat. */
void GeometryLoads(PetscInt n, PetscInt next, PetscInt over, const PetscReal m[], const PetscReal volume[],
                   GeometryCensus *c);
void GeometryDiagonals(PetscInt n, PetscInt next, PetscInt over, const PetscReal x[], const PetscReal y[],
                       const PetscReal z[], GeometryCensus *c);

#endif
