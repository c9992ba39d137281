#ifndef SINEW_MESHES_SIMPLICES_H
#define SINEW_MESHES_SIMPLICES_H
/*
  Bodies of triangles (2D) or tetrahedra (3D): where a mesh-free method draws its points, and what is shown of it.

  Files are Medit's text format (.mesh: MeshVersionFormatted, Dimension, Vertices, Triangles, Tetrahedra, End; comments
  with #; what else it knows of edges, corners and ridges is skipped). Rank 0 reads; every rank holds the whole body (a
  boundary description, a few MB). Cells are turned to positive volume. The boundary is found, not read: faces of one
  cell alone; faces that the file lists too (Edges in 2D, Triangles in 3D) have its reference numbers as labels.

  A patch is a part of the boundary.

  Points: of n, the i-th lies in the i-th of n equal parts of the volume (or the boundary's area), as the cells follow
  one another, at a uniformly random place of its cell: stratified by volume, functions of seed, stream and index alone.
  Those of the boundary or, with a patch, of that; CORNERS are those of the boundary with every second one at the
  nearest corner of its face, where a body touches first.

  Errors. SINEW_ERR_INPUT on all ranks with file, line and what was expected. Create is collective; Destroy and Sample
  are not.
*/
#include "../io/error.h"

typedef struct {
  PetscInt dim, vertices, cells, faces;
  PetscReal *vertex;              /* [vertices][dim] */
  PetscInt *cell;                 /* [cells][dim + 1] */
  PetscInt *face;                 /* [faces][dim] */
  PetscInt *face_cell, *label;    /* [faces] of which cell it is; the file's reference number, 0 where it has none */
  PetscReal *cell_sum, *face_sum; /* volumes and areas of the first ones up to and with each */
  PetscReal volume, area, lower[3], upper[3];
} SinewSimplices;

typedef struct {
  PetscInt n, *face; /* of the body */
  PetscReal *sum;    /* areas of the first ones up to and with each */
  PetscReal area;
} SinewSimplicesPatch;

typedef enum { SINEW_SIMPLICES_INSIDE, SINEW_SIMPLICES_BOUNDARY, SINEW_SIMPLICES_CORNERS } SinewSimplicesPart;

PETSC_EXTERN PetscErrorCode SinewSimplicesCreate(MPI_Comm comm, const char path[], SinewSimplices **body);
PETSC_EXTERN PetscErrorCode SinewSimplicesDestroy(SinewSimplices **body);
/* The faces that are members [faces]; may be none. */
PETSC_EXTERN PetscErrorCode SinewSimplicesPatchCreate(const SinewSimplices *body, const PetscBool member[],
                                                      SinewSimplicesPatch *patch);
PETSC_EXTERN PetscErrorCode SinewSimplicesPatchDestroy(SinewSimplicesPatch *patch);
/* Points first .. first + count - 1 of n, x [count][dim]. */
PETSC_EXTERN PetscErrorCode SinewSimplicesSample(const SinewSimplices *body, SinewSimplicesPart part,
                                                 const SinewSimplicesPatch *patch, PetscInt64 seed, PetscInt64 stream,
                                                 PetscInt n, PetscInt first, PetscInt count, PetscReal x[]);

#endif
