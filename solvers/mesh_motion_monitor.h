#ifndef SINEW_SOLVERS_MESH_MOTION_MONITOR_H
#define SINEW_SOLVERS_MESH_MOTION_MONITOR_H
/*
  Where a moving mesh wants its points: the monitor of a state, at the vertices of the mesh that the state lives on.

  Each of the fields has a strength G, |grad u| or the norm of the second derivatives, and from that a density
  r = share / (1 - share) G^power / <G^power> (meshes/movers/monitor.h); densities are averaged with the fields'
  weights, and the monitor is 1 + r, sqrt(1 + r^2), or a formula of place and time instead, smoothed over a fixed length
  of the computational domain. `original` is what the Data-free Mesh Mover asks for, 1 + G / (0.01 alpha) with alpha the
  sum of G over the product of vertices less one along each axis: meshes come near to singular.

  Private to mesh_motion.c. Communication: one exchange a field and two reductions (curvature: dim exchanges more), and
  the transforms of the smoothing.
*/
#include "../meshes/movers/monitor.h"
#include "equation.h"

typedef enum {
  SINEW_MESH_GRADIENT,
  SINEW_MESH_ARC_LENGTH,
  SINEW_MESH_FORMULA,
  SINEW_MESH_CURVATURE,
  SINEW_MESH_ORIGINAL
} SinewMeshMonitorKind;

typedef struct {
  PetscInt kind; /* SinewMeshMonitorKind */
  SinewStringList field;
  SinewRealList weight; /* of the fields; none: alike */
  PetscReal share, power, smoothing;
  SinewExpression formula;
} SinewMeshMonitorValues;

typedef struct {
  SinewMeshMonitorValues v;
  SinewEquation equation;
  SinewLattice *lattice; /* these three are not owned */
  SinewGeometry *geometry;
  SinewCosine cosine;
  PetscReal extent; /* shortest side of the domain */
  DM cells;         /* one number a cell, one layer of ghosts */
  Vec strength;     /* local: the field in hand */
  Vec sum;          /* at the vertices */
} SinewMeshMonitor;

/* Records mistakes in the values, which came from the section `mesh_motion`. Not collective. */
PETSC_INTERN PetscErrorCode SinewMeshMonitorCheck(SinewDeck deck, SinewNode section, SinewEquation equation,
                                                  SinewMeshMonitorValues *values);
/* Vectors, when lattice, geometry and cosine are set. Collective. */
PETSC_INTERN PetscErrorCode SinewMeshMonitorSetUp(SinewMeshMonitor *monitor, SinewGrid grid);
PETSC_INTERN PetscErrorCode SinewMeshMonitorClear(SinewMeshMonitor *monitor);
/* One of the fields of averages U with ghosts, the magnitude of a vector, into monitor->strength. Collective. */
PETSC_INTERN PetscErrorCode SinewMeshMonitorWatch(SinewMeshMonitor *monitor, const char field[], Vec U);
/* out = the monitor of averages U at the vertices; the geometry's centres must be those of the beginning of a step.
   Collective. */
PETSC_INTERN PetscErrorCode SinewMeshMonitorFind(SinewMeshMonitor *monitor, PetscReal t, Vec U, Vec out);

#endif
