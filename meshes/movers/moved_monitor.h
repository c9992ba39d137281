#ifndef SINEW_MESHES_MOVERS_MOVED_MONITOR_H
#define SINEW_MESHES_MOVERS_MOVED_MONITOR_H
/*
  A monitor that is known where the vertices of a mesh x = xi + grad phi are, as the function of place that Newton's
  method asks for: m(x) = M(xi(x)), with the cubic spline M through the nodal values and xi(x) the inverse of the mesh.

  The mesh between its vertices is xi + (S(xi + h) - S(xi - h)) / (2 h) along each axis, S the spline through phi: it
  goes through the vertices and is periodic, or even across walls, as they are. xi(x) is the minimum of a convex
  function, found by Newton's method with bounded steps from where the point was found last.

  Communication: that of 2 dim + 1 tables (monitor.h) for each of the two to four iterations of an evaluation.
*/
#include "monitor.h"

typedef struct _p_SinewMovedMonitor *SinewMovedMonitor;

/* phi: of the mesh; values: at its vertices, positive. Both are copied. Collective. */
PETSC_EXTERN PetscErrorCode SinewMovedMonitorCreate(SinewLattice *lattice, SinewCosine cosine, Vec phi, Vec values,
                                                    SinewMovedMonitor *monitor);
PETSC_EXTERN PetscErrorCode SinewMovedMonitorDestroy(SinewMovedMonitor *monitor);
/* A SinewMonitor; context: the object. */
PETSC_EXTERN SinewMonitor SinewMovedMonitorEvaluate;

#endif
