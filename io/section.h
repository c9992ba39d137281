#ifndef SINEW_IO_SECTION_H
#define SINEW_IO_SECTION_H
/*
  A curve or a plane cut out of a field that stands in a Sinew file, ready for SinewImageCurves or
  SinewImageField.

  The file has arrays /fields/<name> of shape (z,y,x) or (z,y,x,components), and root attributes
  mesh_kind ("uniform" or "nodes") and, optionally, time and step. A uniform mesh has the root
  attributes mesh_lower and mesh_upper (x,y,z); a mesh of nodes the array /mesh/nodes (z,y,x,3), with
  one node more than cells along an axis (or one node along an axis of one cell), in the same file or
  in the one that the root attribute mesh_file names, relative to the folder of the first.

  Cuts go along layers of cells: the layer is the one that holds the wanted coordinate on the mesh
  line through the middle of the other axes. Where a moving mesh bends, so does the cut; what comes
  back are the cells' own values, never interpolated ones, and corners averaged over the layer's two
  sides.

  The section is distributed in pieces of equal size along its slowest axis; a rank reads its piece
  and no more, and holds nothing else. Errors of the request or of the file raise SINEW_ERR_INPUT with
  one line that names the file.
*/
#include "error.h"

enum { SINEW_COMPONENT_DEFAULT = -2, SINEW_COMPONENT_MAGNITUDE = -1 }; /* or 0, 1, 2 */

typedef struct {
  const char *field; /* NULL: rho or u where there is one, else the first */
  int component;     /* default: the value of a scalar, the magnitude of a vector */
  PetscBool cut[3];  /* axes (x, y, z) held at the coordinate `at` */
  PetscReal at[3];
  PetscBool curve; /* hold further axes, slowest first, in the middle, until one remains */
} SinewSectionRequest;

typedef struct {
  int dim;          /* 1: a curve; 2: a plane */
  int axis[2];      /* the axes that remain (0: x, ...), fastest first */
  PetscInt n[2];    /* this rank's cells along them; n[1] is 1 for curves */
  PetscReal *x, *y; /* corners of a plane, (n[1]+1) x (n[0]+1); of a curve, x: cell centres, y: NULL */
  PetscReal *value; /* n[1] x n[0] */
  char name[128];   /* of what is shown: "rho", "|velocity|", "velocity x" */
  char where[96];   /* the cuts made: "z = 0.5"; empty without */
  PetscBool has_time;
  PetscReal time;
} SinewSection;

/*
  SinewSectionRead - reads a section of a stored field. Collective. A mesh with three axes longer than
  a cell and no cut is cut in the middle of z. The caller destroys the section.
*/
PETSC_EXTERN PetscErrorCode SinewSectionRead(MPI_Comm comm, const char path[], const SinewSectionRequest *request,
                                             SinewSection *section);
PETSC_EXTERN PetscErrorCode SinewSectionDestroy(SinewSection *section);

#endif
