#ifndef SINEW_IO_SERIES_H
#define SINEW_IO_SERIES_H
/*
  Time series for ParaView, h5py and xarray: one HDF5 file an output (DIR/NAME_000012.h5 with /mesh
  and /fields/<name>) and one XDMF temporal collection DIR/NAME.xmf, each published by rename, so
  that the series is whole at every moment of a run. Only the XDMF subset that ParaView's readers
  load right: 3DCoRectMesh for uniform grids, 3DSMesh with interleaved XYZ nodes otherwise,
  cell-centred scalars and 3-vectors, whole arrays. A static stretched mesh is written once
  (DIR/NAME_mesh.h5) and referenced; a moving mesh writes its nodes in every file. Every HDF5 file
  says what made it (attributes time, step, and those of SinewSeriesProvenance) and on which mesh
  (mesh_kind "uniform" or "nodes", mesh_dim, and in x y z order mesh_cells, mesh_lower, mesh_upper; mesh_file
  names the file of a static mesh that is not uniform, relative to the directory).

  Series of a restarted run: SinewSeriesTruncate drops the entries after the restart time from the
  collection and numbering goes on from there; HDF5 files that are no longer referenced are
  overwritten by their successors, never deleted.
*/
#include "arrays.h"

/* A logically rectangular mesh of cells. Axis order (x, y, z) here; files hold (z, y, x). Unused
 * axes have 1 cell. */
typedef struct {
  PetscInt dim;
  PetscInt cells[3];           /* global */
  PetscInt start[3], count[3]; /* this rank's box of cells */
  PetscBool uniform;
  PetscReal lower[3], upper[3]; /* extents, when uniform */
  PetscBool moving;             /* nodes change from output to output */
  const PetscReal *nodes;       /* otherwise: (z, y, x, 3) coordinates of this rank's nodes: its cells'
                                   lower corners, and the upper ones on the last box of an axis (of unused
                                   axes too; files hold only the lower layer of those) */
} SinewMesh;

/* A cell-centred output field. data: this rank's box, (z, y, x) for a scalar, (z, y, x, 3) for a
 * vector. */
typedef struct {
  const char *name;
  PetscInt components; /* 1 or 3 */
  SinewDtype dtype;    /* SINEW_FLOAT32 or SINEW_FLOAT64 */
  const void *data;
} SinewSeriesField;

typedef struct _p_SinewSeries *SinewSeries;

/* Collective. Makes the directory when it is missing; refuses one that cannot be written
 * (SINEW_ERR_OUTPUT). */
PETSC_EXTERN PetscErrorCode SinewSeriesCreate(MPI_Comm comm, const char directory[], const char name[],
                                              SinewSeries *series);
/* Collective. A series of one state, under a name of its own: PATH/NAME.h5 and PATH/NAME.xmf (and NAME_mesh.h5 for a
 * static mesh that is not uniform). Raises SINEW_ERR_INPUT when the path does not end in .h5. */
PETSC_EXTERN PetscErrorCode SinewSeriesCreateSingle(MPI_Comm comm, const char path[], SinewSeries *series);
PETSC_EXTERN PetscErrorCode SinewSeriesDestroy(SinewSeries *series);
/* A key and a value that every file of the series carries as attribute (deck, versions, command
 * line). Not collective. */
PETSC_EXTERN PetscErrorCode SinewSeriesProvenance(SinewSeries series, const char key[], const char value[]);
/* Collective. Reads an existing collection and keeps the entries with time <= t (plus a rounding
 * margin); the shorter one is on disk when this returns. Without it the first SinewSeriesWrite starts anew and removes
 * the collection of an older run. */
PETSC_EXTERN PetscErrorCode SinewSeriesTruncate(SinewSeries series, PetscReal t);
/* Collective. */
PETSC_EXTERN PetscErrorCode SinewSeriesWrite(SinewSeries series, PetscInt step, PetscReal t, const SinewMesh *mesh,
                                             PetscInt count, const SinewSeriesField fields[]);
/*
  A body of triangles (corners 3) or tetrahedra (4) where it is now. Ranks give contiguous parts of its vertices and
  cells, in their order: first ones, and how many.
*/
typedef struct {
  PetscInt corners;
  PetscInt vertices, first_vertex, vertex_count;
  PetscInt cells, first_cell, cell_count;
  const PetscReal *place, *displacement; /* [vertex_count][3] */
  const PetscInt *cell;                  /* [cell_count][corners] */
} SinewSeriesBody;

/* Collective. A state as unstructured cells with the vector field `displacement` on their nodes (mesh_kind
   "simplices"): /mesh/nodes, /mesh/cells, /fields/displacement. */
PETSC_EXTERN PetscErrorCode SinewSeriesWriteBody(SinewSeries series, PetscInt step, PetscReal t,
                                                 const SinewSeriesBody *body);
/* Path of the collection, of the newest HDF5 file, number of entries, bytes written so far by this
 * object. Not collective. */
PETSC_EXTERN const char *SinewSeriesPath(SinewSeries series);
PETSC_EXTERN const char *SinewSeriesLastFile(SinewSeries series);
PETSC_EXTERN PetscInt SinewSeriesCount(SinewSeries series);
PETSC_EXTERN double SinewSeriesBytes(SinewSeries series);

#endif
