#ifndef SINEW_OPERATORS_SLAB_H
#define SINEW_OPERATORS_SLAB_H
/*
  Slabs: the cells of a grid cut along its slowest axis (y in 2D, z in 3D) into blocks of ceil(n / ranks) whole lines or
  planes, as FFTW's distributed transforms want them. Trailing ranks may have none.

  Between the grid's vectors (components interlaced, boxes of the DMDA) and slabs (one array a component, x fastest):
  where the boxes are the slabs, which SinewSlabRanks asks for, that is a copy within each rank; elsewhere one scatter
  of all components, at most one message to each rank whose box meets the slab. Nothing is gathered, and memory is that
  of the slab.
*/
#include "../meshes/grid.h"

typedef struct _p_SinewSlab *SinewSlab;

typedef struct {
  PetscInt axis;         /* that is cut */
  PetscInt start, count; /* of this rank along it */
  PetscInt cells;        /* of this rank: count times the plane */
} SinewSlabBlock;

/* Collective. components: of the vectors that will be moved. The grid must outlive the slab. */
PETSC_EXTERN PetscErrorCode SinewSlabCreate(SinewGrid grid, PetscInt components, SinewSlab *slab);
PETSC_EXTERN PetscErrorCode SinewSlabDestroy(SinewSlab *slab);
PETSC_EXTERN const SinewSlabBlock *SinewSlabGetBlock(SinewSlab slab);
/* values[c] (cells of the block, z, y, x slowest to fastest) from component c of U, and back. Collective. */
PETSC_EXTERN PetscErrorCode SinewSlabLoad(SinewSlab slab, Vec U, PetscReal *const values[]);
PETSC_EXTERN PetscErrorCode SinewSlabStore(SinewSlab slab, const PetscReal *const values[], Vec U);

/* Ranks along each axis that make the grid's boxes slabs, where the number of ranks divides the slowest axis and each
   keeps `ghosts` planes; else zeros (any). Not collective. */
PETSC_EXTERN PetscErrorCode SinewSlabRanks(MPI_Comm comm, const SinewGridOptions *options, PetscInt ghosts,
                                           PetscInt ranks[3]);

#endif
