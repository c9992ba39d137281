#ifndef SINEW_MESHES_MOVERS_MONITOR_H
#define SINEW_MESHES_MOVERS_MONITOR_H
/*
  Monitor functions: the density of mesh points that is asked for, m(x) > 0. Only its ratios count.

  A monitor is a function of place that also knows its gradient (Newton's method wants it), or a table of nodal values
  made into such a function by the interpolating cubic B-spline, twice continuously differentiable.

  From a feature strength G >= 0 (the gradient or curvature of a field) the monitor is
      m = 1 + beta / (1 - beta) (G / <G^p>^(1/p))^p,
  so that about the share beta of all points goes to the feature, whatever its height and units (bulk normalisation:
  Beckett & Mackenzie 2000), and the floor is 1.
*/
#include "cosine.h"

/* m and its gradient (NULL: not wanted; else dim rows) at n points, x by axis. Points may lie a little outside the
 * domain. Collective. */
typedef PetscErrorCode SinewMonitor(void *context, PetscInt n, PetscReal *const x[3], PetscReal m[],
                                    PetscReal *const gradient[3]);

/* Turns feature strengths G (overwritten) into a monitor, see above; 0 <= beta < 1. A feature that is zero everywhere
   gives m = 1. Collective: one reduction. */
PETSC_EXTERN PetscErrorCode SinewMonitorNormalise(SinewLattice *lattice, PetscReal beta, PetscReal power, Vec G);

typedef struct _p_SinewMonitorTable *SinewMonitorTable;
/* Both collective. The table copies what it needs of the values, one per vertex of the lattice. */
PETSC_EXTERN PetscErrorCode SinewMonitorTableCreate(SinewLattice *lattice, SinewCosine cosine, Vec values,
                                                    SinewMonitorTable *table);
PETSC_EXTERN PetscErrorCode SinewMonitorTableDestroy(SinewMonitorTable *table);
/* A SinewMonitor; context: the table. The spline through positive values is kept above a thousandth of the smallest
   one, which it may undercut between nodes. A rank holds the box of coefficients that its own points lie in. */
PETSC_EXTERN SinewMonitor SinewMonitorTableEvaluate;

#endif
