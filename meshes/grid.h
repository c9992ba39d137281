#ifndef SINEW_MESHES_GRID_H
#define SINEW_MESHES_GRID_H
/*
  A distributed, logically rectangular grid of cells in one, two or three dimensions, on a PETSc
  DMDA.

  Unknowns are cell-centred, components interlaced, in the DMDA's global vectors. Each axis is
  uniform or stretched by a monotone map; the boxes that ranks own come from the DMDA, cut on
  multiples of `align` where a stepper asks for it. Beyond non-periodic sides lie ghost cells whose
  widths mirror the interior; beyond periodic sides, those of the other end.

  Memory is that of the rank's own box and its ghosts. Creation is collective; the getters are not.
*/
#include <petscdmda.h>

typedef struct _p_SinewGrid *SinewGrid;

/* One axis as a rank sees it. Cell i (global index) is at [i - first]; cells start-ghosts ..
 * start+count+ghosts-1 are there. */
typedef struct {
  PetscInt cells;        /* global */
  PetscInt start, count; /* owned by this rank */
  PetscInt ghosts;       /* on each side; 0 for an axis beyond the grid's dimension */
  PetscInt first;        /* start - ghosts */
  PetscBool periodic, uniform;
  PetscReal lower, upper;
  PetscReal *face;    /* lower faces of the cells, count + 2 ghosts + 1 of them */
  PetscReal *center;  /* midpoints */
  PetscReal *width;   /* cell widths */
  PetscReal *inverse; /* 1 / width */
} SinewAxis;

/* From n uniform positions s to positions x along an axis; monotone, keeps the ends. NULL: uniform.
 */
typedef PetscErrorCode SinewGridMap(void *context, PetscInt axis, PetscInt n, const PetscReal s[], PetscReal x[]);

typedef struct {
  PetscInt dim, cells[3];
  PetscReal lower[3], upper[3];
  PetscBool periodic[3];
  PetscInt ghosts;   /* width of the halo */
  PetscInt align;    /* boxes start and end on multiples of this; 0 or 1: anywhere */
  PetscInt ranks[3]; /* ranks along each axis; 0: PETSc decides */
  SinewGridMap *map;
  void *map_context;
  PetscBool mapped[3];
} SinewGridOptions;

/*
  SinewGridCreate - Collective. components: unknowns a cell. Raises SINEW_ERR_INPUT with one line
  when the grid cannot be cut as asked (too few cells a rank for the halo, cells no multiple of
  align) or a map is not monotone.
*/
PETSC_EXTERN PetscErrorCode SinewGridCreate(MPI_Comm comm, const SinewGridOptions *options, PetscInt components,
                                            SinewGrid *grid);
PETSC_EXTERN PetscErrorCode SinewGridDestroy(SinewGrid *grid);
/*
  SinewGridBestAlign - how boxes should be aligned for something that works on ever coarser grids: *align is the largest
  power of two, up to `most` itself (a power of two, or 0: then 0), on which the ranks' boxes can be cut without making
  the largest a fifth larger than it must be. The grid's cells must be multiples of `most`; options->align is ignored.
  Raises as SinewGridCreate when the grid cannot be cut at all. Deterministic, no communication.
*/
PETSC_EXTERN PetscErrorCode SinewGridBestAlign(MPI_Comm comm, const SinewGridOptions *options, PetscInt most,
                                               PetscInt *align);

/* The DMDA (not owned by the caller). */
PETSC_EXTERN PetscErrorCode SinewGridGetDM(SinewGrid grid, DM *dm);
PETSC_EXTERN PetscInt SinewGridDim(SinewGrid grid);
PETSC_EXTERN const SinewAxis *SinewGridAxis(SinewGrid grid, PetscInt axis);
/* A DMDA with the same boxes, other components and halo; the caller destroys it. Collective. */
PETSC_EXTERN PetscErrorCode SinewGridCreateDM(SinewGrid grid, PetscInt components, PetscInt ghosts, DM *dm);

/*
  SinewGridGhosts - Collective. Updates the ghost cells that belong to other ranks or to the other
  end of a periodic axis (corners included) in a local vector of the grid's DMDA, and nothing else:
  the owned part of `local` is not touched, which saves the copy that DMGlobalToLocal spends most of
  its time on. Ghosts beyond a physical side are left alone. Per call: one message to each
  neighbouring rank (at most 3^dim - 1), halo cells x components x 8 bytes in all.
*/
PETSC_EXTERN PetscErrorCode SinewGridGhostsBegin(SinewGrid grid, Vec global, Vec local);
PETSC_EXTERN PetscErrorCode SinewGridGhostsEnd(SinewGrid grid, Vec global, Vec local);

/* What fills the ghosts of a DMDA's local vectors, and only them: own values are copied by rows, or read where they
   are. Both collective; the caller destroys the scatter. */
PETSC_EXTERN PetscErrorCode SinewGhostScatterCreate(DM dm, VecScatter *scatter);
/* The same of the ghosts that belong to other ranks alone, for those who read the others where they are. */
PETSC_EXTERN PetscErrorCode SinewForeignScatterCreate(DM dm, VecScatter *scatter);
PETSC_EXTERN PetscErrorCode SinewGhostFill(DM dm, VecScatter scatter, Vec global, Vec local);

#endif
