#ifndef SINEW_SOLVERS_MESH_MOTION_H
#define SINEW_SOLVERS_MESH_MOTION_H
/*
  Moving meshes: the section `mesh_motion` of a deck, and what moves the mesh while a stepper advances the fields.

    mesh_motion: {type: monge_ampere, field: u, share: 0.7, power: 0.5, smoothing: 0.02, relaxation: 0.005, every: 1}

  The mesh is x = xi + grad phi (meshes/movers/monge_ampere.h). At t = 0 the initial condition is sampled on the moving
  mesh until the mesh fits it. Afterwards, every few steps, the monitor of the current state is taken at the vertices
  and smoothed over a fixed length of the computational domain, and parabolic relaxation says how phi moves in the next
  steps; or, with `solver: newton`, a solve of the Monge-Ampere equation, whose solution phi follows within
  `relaxation`. In these steps every node moves on a straight line at constant speed. A move that would bring the
  smallest corner Jacobian below `jacobian` is shortened; if need be the mesh rests. No cell is ever folded, and points
  of walls stay on them.

  With `weights` of a trained network the first of these solves, at t = 0, begins with the network's mesh and not on
  coarser lattices; later ones begin with the mesh that there is, which is nearer. What solves find does not depend on
  it, beyond their tolerance.

  Type dmm: a trained network says where the nodes go (solvers/mesh_network.h); they follow within `relaxation`, by the
  same guarded moves.

  Between steps the TS's solution holds cell averages, as everywhere; within a step, from SinewMeshMotionBegin to
  SinewMeshMotionEnd, contents (operators/moving_volume.h), which any Runge-Kutta method integrates with the geometric
  conservation law holding exactly. So do pairs of explicit and implicit methods whose stages stand at the same times in
  both: diffusion may be implicit.

  State for restarts: phi, its rate, steps since the rate was chosen, and Newton iterations so far. Communication beyond
  the finite volumes': one exchange of phi a step, and every few steps the transforms of two to ten Helmholtz solves.
*/
#include "../io/arrays.h"
#include "../meshes/movers/monge_ampere.h"
#include "../operators/moving_volume.h"
#include "grid_section.h"
#include <petscts.h>

typedef struct _p_SinewMeshMotion *SinewMeshMotion;

PETSC_EXTERN const SinewKey SinewMeshMotionKeys[];

/* Reads the section; *motion is NULL when the deck has none. Mistakes are recorded in the deck. Not collective. */
PETSC_EXTERN PetscErrorCode SinewMeshMotionCreate(SinewDeck deck, SinewEquation equation,
                                                  const SinewGridSection *section, SinewMeshMotion *motion);
PETSC_EXTERN PetscErrorCode SinewMeshMotionDestroy(SinewMeshMotion *motion);
/* Makes lattice, geometry and operators, and tells the equation where its cells are. Collective. */
PETSC_EXTERN PetscErrorCode SinewMeshMotionSetUp(SinewMeshMotion motion, SinewGrid grid,
                                                 const SinewReconstruction *reconstruction, SinewBoundary boundary);
/* Fits the mesh to the initial condition and fills U with it. Collective. */
PETSC_EXTERN PetscErrorCode SinewMeshMotionInitial(SinewMeshMotion motion, Vec U);

/* The step from t of length dt begins: chooses where the mesh goes, turns U to contents. Collective. */
PETSC_EXTERN PetscErrorCode SinewMeshMotionBegin(SinewMeshMotion motion, PetscReal t, PetscReal dt, Vec U);
/* A stage of the step from t0 of length dt (which may differ from that of Begin: a rejected step is tried again
   shorter). See SinewMovingFVApply. Collective. */
PETSC_EXTERN PetscErrorCode SinewMeshMotionStage(SinewMeshMotion motion, PetscReal t0, PetscReal dt, SinewFVParts parts,
                                                 PetscReal t, Vec Y, PetscReal a, Vec A, PetscReal b, PetscReal c,
                                                 Vec out, PetscReal *rate);
/* J at time t of the step from t0 of length dt, by which contents are divided to give averages. See
   SinewMovingFVVolumes. Collective. */
PETSC_EXTERN PetscErrorCode SinewMeshMotionVolumes(SinewMeshMotion motion, PetscReal t0, PetscReal dt, PetscReal t,
                                                   Vec J);
/* The step is accepted: the mesh is where it led, U holds averages again. Collective. */
PETSC_EXTERN PetscErrorCode SinewMeshMotionEnd(SinewMeshMotion motion, Vec U);
/* The step was given up: the mesh stays, U (contents of its beginning) holds averages again. Not collective. */
PETSC_EXTERN PetscErrorCode SinewMeshMotionAbandon(SinewMeshMotion motion, Vec U);
/* Averages of a candidate (contents at the end of the step) into V. Not collective. */
PETSC_EXTERN PetscErrorCode SinewMeshMotionAverages(SinewMeshMotion motion, Vec U, Vec V);
/* See SinewFVSetLimits. Not collective. */
PETSC_EXTERN PetscErrorCode SinewMeshMotionSetLimits(SinewMeshMotion motion, PetscReal advection, PetscReal diffusion);
/* This rank's rate of the given parts: of averages U between steps, of a candidate (contents at the end of the step)
   within one. Not collective. */
PETSC_EXTERN PetscErrorCode SinewMeshMotionRate(SinewMeshMotion motion, SinewFVParts parts, Vec U, PetscReal *rate);

/* Quality of the mesh with the monitor of averages U at time t. Collective. */
PETSC_EXTERN PetscErrorCode SinewMeshMotionQuality(SinewMeshMotion motion, PetscReal t, Vec U,
                                                   SinewMeshQuality *quality);
/* Whether Newton's method chooses meshes; iterations of all solves so far, over all lattices (may be NULL). Not
   collective. */
PETSC_EXTERN PetscBool SinewMeshMotionSolves(SinewMeshMotion motion, PetscInt64 *newton);
/* What a restart needs, below /mesh. Collective. */
PETSC_EXTERN PetscErrorCode SinewMeshMotionSave(SinewMeshMotion motion, SinewFile file);
PETSC_EXTERN PetscErrorCode SinewMeshMotionLoad(SinewMeshMotion motion, SinewFile file);

#endif
