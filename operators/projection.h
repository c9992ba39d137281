#ifndef SINEW_OPERATORS_PROJECTION_H
#define SINEW_OPERATORS_PROJECTION_H
/*
  Projection of a velocity onto fields without divergence (Chorin 1968):  v <- v - grad p,  div grad p = div v,
  with no flow through sides that are not periodic.

  Where the velocity stands
    faces    component d of a cell is the flow through its lower face along d, as on staggered grids (Harlow & Welch
             1965) and in PDEArena's data. Divergence, gradient and the Laplacian of poisson.h belong together: what
             comes back has no discrete divergence, up to the solver's tolerance, and a second projection changes
             nothing. The flow through upper walls is zero and not stored, that through lower walls is set to zero.
    centers  all components at the cells' centres. Velocities are averaged to faces, projected there, and corrected by
             the averaged face gradients: an approximate projection (Almgren, Bell & Szymczak 1996), which leaves a
             divergence of second order in the cells' width but does not split the grid into checkerboards, as the exact
             one does.

  Life-cycle: SinewProjectionCreate, SinewProjectionApply any number of times, SinewProjectionDestroy.
  Communication per application: one Poisson solve, and two halos of one cell.
*/
#include "poisson.h"

typedef enum { SINEW_VELOCITY_CENTERS, SINEW_VELOCITY_FACES } SinewVelocityPlace;

typedef struct _p_SinewProjection *SinewProjection;

/* Collective. The grid (not owned) must outlive it. */
PETSC_EXTERN PetscErrorCode SinewProjectionCreate(SinewGrid grid, SinewVelocityPlace place,
                                                  SinewProjection *projection);
PETSC_EXTERN PetscErrorCode SinewProjectionDestroy(SinewProjection *projection);
/* A DMDA of dim components on the grid's boxes, for the velocity. Not owned by the caller. */
PETSC_EXTERN PetscErrorCode SinewProjectionGetDM(SinewProjection projection, DM *dm);
PETSC_EXTERN PetscErrorCode SinewProjectionApply(SinewProjection projection, Vec v); /* Collective. */
/* Largest |div v| over all cells, of the face velocities that the projection works on. Collective. */
PETSC_EXTERN PetscErrorCode SinewProjectionDivergence(SinewProjection projection, Vec v, PetscReal *largest);

#endif
