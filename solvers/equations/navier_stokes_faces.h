#ifndef SINEW_SOLVERS_EQUATIONS_NAVIER_STOKES_FACES_H
#define SINEW_SOLVERS_EQUATIONS_NAVIER_STOKES_FACES_H
/* The staggered form of the Navier-Stokes equations, for the files that make steps of it; private to them. */
#include "operators/fast_poisson.h"
#include "operators/interpolation.h"
#include "solvers/equations/navier_stokes.h"

/* Where a side holds a component: nowhere, or at a value for each place of the side. */
typedef struct {
  PetscReal *value; /* over the patch's transverse cells, ghosts included; NULL: zero gradient */
} Held;

struct _SinewFlowFaces {
  SinewEquation e;
  const SinewFlowParameters *parameters;
  PetscInt dim, nc;
  const SinewAxis *axis[3];
  PetscInt size[3], stride[3], cells; /* of the patch: owned cells and ghosts, x fastest */
  PetscReal inverse[3];               /* 1 / dx */
  PetscReal *w[SINEW_COMPONENTS_MAX]; /* the patch, one array a component */
  PetscReal *lower, *upper, *flux;    /* of scalars, over the patch */
  PetscReal *tendency[SINEW_COMPONENTS_MAX], *force[3];
  Held held[6][SINEW_COMPONENTS_MAX];
  DM dm, scalar_dm;
  Vec phi;
  SinewFastPoisson poisson;
  SinewInterpolation feet; /* of characteristics; NULL before the first semi-Lagrangian step */
};

/* Place of the row's first owned cell in the patch. */
static inline PetscInt SinewFlowFacesRow(SinewFlowFaces f, PetscInt j, PetscInt k)
{
  return f->axis[0]->ghosts + (j + f->axis[1]->ghosts) * f->stride[1] + (k + f->axis[2]->ghosts) * f->stride[2];
}

/* Whether this rank's box ends at a side that is not periodic. */
PETSC_INTERN PetscBool SinewFlowFacesOnSide(SinewFlowFaces f, PetscInt side);
/* The patch of a state with all its ghosts; only the first components are wanted. Collective. */
PETSC_INTERN PetscErrorCode SinewFlowFacesLoad(SinewFlowFaces f, Vec U, PetscInt components);

#endif
