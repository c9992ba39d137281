#ifndef SINEW_MESHES_GEOMETRY_H
#define SINEW_MESHES_GEOMETRY_H
/*
  Metric terms of a mesh that moves from one place to another within a time step, in two or three dimensions.

  Nodes are x = xi + grad phi for a potential phi on the vertices of a lattice (meshes/movers/lattice.h) that has the
  cells of a grid; they move on straight lines from their places at the beginning of a step (0) to those at its end (1).
  Everything that finite volumes need is exact for that motion:

    volume[0], volume[1]   of the cells (quadrilaterals; hexahedra with bilinear faces)
    area[d]                vectors of the lower faces normal to axis d, at mid-step: those of a cell sum to zero
    swept[d]               volume that these faces sweep in the step, positive towards larger indices: over the faces of
                           a cell they sum to volume[1] - volume[0], which is the geometric conservation law
                           (Thomas & Lombard 1979; Farhat, Geuzaine & Grandmont 2001)
    centre                 means of the cells' corners at mid-step, with one layer of ghosts

  Beyond walls the mesh is the mirror image, beyond periodic sides the other end, shifted. Nodes on walls stay on them
  to the last bit, because phi is even there.

  Communication: one exchange of phi (three layers) a placement. Memory: about 30 numbers a cell in 2D, 50 in 3D.
*/
#include "grid.h"
#include "movers/lattice.h"

typedef struct {
  PetscInt dim, count[3];
  const SinewAxis *axis[3];
  PetscReal *x[2][3];    /* nodes -1 .. count + 1 of each axis in use */
  PetscReal *xi[3];      /* where the uniform mesh has them along an axis */
  PetscReal *volume[2];  /* owned cells, x fastest */
  PetscReal *area[3][3]; /* of faces of axis d: dim components */
  PetscReal *swept[3];
  PetscReal *centre[3];                 /* cells -1 .. count */
  PetscReal cell;                       /* volume of a cell of the uniform mesh */
  PetscInt node[3], face[3], padded[3]; /* sizes of arrays of nodes, faces, cells with ghosts */
  SinewLattice *lattice;                /* not owned */
  DM dm;
  Vec potential; /* local, three layers of ghosts */
  VecScatter ghosts;
} SinewGeometry;

/* Collective. The lattice must have the cells and the cut of the grid; both must outlive it. Raises SINEW_ERR_INPUT
   where a rank has fewer than 3 cells along an axis. Both ends of the step are the uniform mesh. */
PETSC_EXTERN PetscErrorCode SinewGeometryCreate(SinewGrid grid, SinewLattice *lattice, SinewGeometry **geometry);
PETSC_EXTERN PetscErrorCode SinewGeometryDestroy(SinewGeometry **geometry);

/* Places the nodes at the beginning (0) or the end (1) of the step, with volumes. *least: over all ranks, the smallest
   Jacobian at a corner of a cell (the volume its edges span there), over that of the uniform mesh; <= 0: folded or not
   convex. Collective. */
PETSC_EXTERN PetscErrorCode SinewGeometryPlace(SinewGeometry *geometry, int end, Vec phi, PetscReal *least);
/* The second half of that, for nodes that the caller has put into x[end], ghosts included. Collective. */
PETSC_EXTERN PetscErrorCode SinewGeometryMeasure(SinewGeometry *geometry, int end, PetscReal *least);
/* Faces, swept volumes and centres of the step between the two places. Not collective. */
PETSC_EXTERN PetscErrorCode SinewGeometrySweep(SinewGeometry *geometry);
/* The end of a step is the beginning of the next; centres are those of the mesh there. Not collective. */
PETSC_EXTERN PetscErrorCode SinewGeometryAdvance(SinewGeometry *geometry);

/*
  Quality of the mesh at one end with the monitor m at the vertices (a vector of the lattice): over cells, m V divided
  by its mean has standard deviation `std` and spread `range`; `least` as above; `skew` is the largest ratio of a
  cell's diagonals, 1 for rectangles. Collective: two reductions.
*/
typedef struct {
  PetscReal std, range, least, skew;
} SinewMeshQuality;
PETSC_EXTERN PetscErrorCode SinewGeometryQuality(SinewGeometry *geometry, int end, Vec m, SinewMeshQuality *quality);

/* |grad u| at the owned vertices, of cell values u with one layer of ghosts (as in `centre`, which is used). Not
   collective. */
PETSC_EXTERN PetscErrorCode SinewGeometryGradient(const SinewGeometry *geometry, const PetscReal u[], PetscReal out[]);

/* The gradient in owned cells of the same u, dim arrays, from differences over both neighbours. Not collective. */
PETSC_EXTERN PetscErrorCode SinewGeometryCellGradient(const SinewGeometry *geometry, const PetscReal u[],
                                                      PetscReal *const out[3]);

/* Corners of the owned cells at the beginning of the step, as io/series.h takes nodes: (z, y, x, 3), lower corners and,
   on the last box of an axis, upper ones. The caller frees it. Not collective. */
PETSC_EXTERN PetscErrorCode SinewGeometryCorners(const SinewGeometry *geometry, PetscReal **nodes);

static inline PetscInt SinewGeometryNode(const SinewGeometry *g, PetscInt i, PetscInt j, PetscInt k)
{
  return ((g->dim > 2 ? k + 1 : 0) * g->node[1] + j + 1) * g->node[0] + i + 1;
}

static inline PetscInt SinewGeometryFace(const SinewGeometry *g, PetscInt i, PetscInt j, PetscInt k)
{
  return (k * g->face[1] + j) * g->face[0] + i;
}

static inline PetscInt SinewGeometryPadded(const SinewGeometry *g, PetscInt i, PetscInt j, PetscInt k)
{
  return ((g->dim > 2 ? k + 1 : 0) * g->padded[1] + j + 1) * g->padded[0] + i + 1;
}

#endif
