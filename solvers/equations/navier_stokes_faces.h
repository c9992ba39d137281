#ifndef SINEW_SOLVERS_EQUATIONS_NAVIER_STOKES_FACES_H
#define SINEW_SOLVERS_EQUATIONS_NAVIER_STOKES_FACES_H
/* The staggered form of the Navier-Stokes equations, for the files that make steps of it; private to them. */
#include "operators/fast_poisson.h"
#include "operators/interpolation.h"
#include "solvers/equations/navier_stokes.h"

/* Where a side holds a component: nowhere, or at a value for each place of the side. */
typedef struct {
  PetscReal *value; /* over the patch's transverse cells, ghosts included; NULL: zero gradient */
  PetscBool timed;  /* depends on time */
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
  PetscBool timed;                /* something held depends on time */
  PetscReal time;                 /* that the values are for */
  PetscBool open[6];              /* outflow sides */
  PetscBool opened, opened_above; /* there are some; upper ones */
  PetscReal *through[6];          /* of upper outflow sides: velocities through them of a vector that is made */
  PetscReal *outlet[6];           /* of outflow sides: pressure times c (SinewFlowFacesStage) */
  PetscBool forced;               /* the force depends on time */
  PetscReal force_time;           /* that it is for */
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

/* ---- sides (navier_stokes_sides.c) ---- */

/* Columns of cells that end at a side, one for each transverse place of the patch, ghosts included. */
typedef struct {
  PetscInt side, axis[3];     /* the side's own axis, and the two along it, in order */
  PetscInt count, cell, step; /* columns; the last owned cell of the first one; from there outwards */
} SinewFlowColumns;

PETSC_INTERN SinewFlowColumns SinewFlowSidesColumns(SinewFlowFaces f, PetscInt side);
/* Place in the patch of a column's last owned cell, and whether the column is this rank's own. */
PETSC_INTERN PetscInt SinewFlowSidesCell(SinewFlowFaces f, const SinewFlowColumns *s, PetscInt column);
PETSC_INTERN PetscBool SinewFlowSidesOwn(SinewFlowFaces f, const SinewFlowColumns *s, PetscInt column);
/* Whether this rank's box ends at a side that is not periodic. */
PETSC_INTERN PetscBool SinewFlowFacesOnSide(SinewFlowFaces f, PetscInt side);
/* Normal velocity a cell beyond an outflow side, from that through the side and the one inside. */
PETSC_INTERN PetscReal SinewFlowSidesBeyond(PetscInt side, PetscReal through, PetscReal inside);
/* Raises SINEW_ERR_INPUT when velocities do not balance, as SinewFlowSidesEnter does. Collective. */
PETSC_INTERN PetscErrorCode SinewFlowSidesCreate(SinewFlowFaces f);
PETSC_INTERN PetscErrorCode SinewFlowSidesDestroy(SinewFlowFaces f);
/* The values that sides hold become those of time t. Collective. */
PETSC_INTERN PetscErrorCode SinewFlowSidesEnter(SinewFlowFaces f, PetscReal t);
/* Ghosts of the patch beyond physical sides. Not collective. */
PETSC_INTERN void SinewFlowSidesFill(SinewFlowFaces f, PetscInt components);

/* ---- the patch (navier_stokes_staggered.c) ---- */

/* The force becomes that of time t. Not collective. */
PETSC_INTERN PetscErrorCode SinewFlowFacesForce(SinewFlowFaces f, PetscReal t);

/* The patch of a state with all its ghosts; only the first components are wanted. Collective. */
PETSC_INTERN PetscErrorCode SinewFlowFacesLoad(SinewFlowFaces f, Vec U, PetscInt components);

#endif
