#ifndef SINEW_SOLVERS_MESH_NETWORK_H
#define SINEW_SOLVERS_MESH_NETWORK_H
/*
  A trained mesh network (neural/dmm.h) as the mover of a distributed mesh: from the field that counts, on any mesh, the
  potential at a lattice's vertices. Two dimensions, square domains.

    restrict   every cell spreads its value over the network's s x s uniform nodes, with hat functions and as many
  points as it takes to leave no node out; one reduction of 2 s^2 numbers, then all ranks hold the field evaluate   each
  rank its own vertices, in the network's collapsed form: no halo, no global solve make fit   the network was trained to
  slide along sides within a few thousandths. What is left is taken away by cubics that live between two opposite sides:
  the slope normal to a side, and on periodic axes the jump across it. Points stay on sides, corners stay, periodic
  meshes close; the map remains a gradient

  x = xi + grad phi holds in the unit square; a domain of side L has the potential L^2 phi in its own coordinates.
  Whether the mesh is fit to compute on (no folded cell) is for the caller to see (SinewGeometryPlace).

  An attribute /weights.normalised = 1 in the file says that the network wants fields between 0 and 1.
*/
#include "../meshes/geometry.h"
#include "../neural/dmm.h"

typedef struct _p_SinewMeshNetwork *SinewMeshNetwork;

/* Reads the weights. Raises SINEW_ERR_INPUT with one line where they are no mesh network. The lattice must outlive it.
   Collective. */
PETSC_EXTERN PetscErrorCode SinewMeshNetworkCreate(const char path[], SinewLattice *lattice, SinewMeshNetwork *network);
PETSC_EXTERN PetscErrorCode SinewMeshNetworkDestroy(SinewMeshNetwork *network);
/* phi for cell values u (with one layer of ghosts, as geometry->centre) on the mesh at the beginning of the step.
   Raises SINEW_ERR_INPUT where it is not finite. Collective. */
PETSC_EXTERN PetscErrorCode SinewMeshNetworkPotential(SinewMeshNetwork network, const SinewGeometry *geometry,
                                                      const PetscReal u[], Vec phi);

#endif
