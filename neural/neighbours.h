#ifndef SINEW_NEURAL_NEIGHBOURS_H
#define SINEW_NEURAL_NEIGHBOURS_H
/*
  The k nearest of a set of points in the plane, for each point of another set or of the same: the edges of a graph, and
  the halo that values on its nodes need.

  Points belong to ranks, in whatever way (moved nodes stay with the owner of their cell), carry a number that no other
  of their sample has, and a sample: neighbours are of the same sample. Distances are Euclidean, along a periodic axis
  to the nearest image. Of points equally far the one with the smaller number is nearer; distances count as equal when
  their squares, rounded to 37 bits, are, so that a lattice's ties are ties whatever the last bits of coordinates say.
  The answer is exact and the same on any number of ranks.

  Sources, seen from a rank, are rows: 0 .. owned-1 are its own in the caller's order, owned .. rows-1 the halo, points
  of other ranks that some query here has as a neighbour, ordered by (rank, row there).

  Life-cycle: Create, Find as often as the points move, getters and Gather / Scatter, Destroy.

  Method. Cells of about four points each cover the sources; a rectangle of cells is in the care of each rank (a
  directory). Sources are sent there; each rank asks for the cells that its queries lie in, with `rings` more around,
  and searches ring by ring until the k-th distance is nearer than what was not searched. Where that is beyond what it
  asked for, on any rank, rings are doubled and all ask again; the next Find starts with what this one needed.
  Queries never travel: where a mesh contracts, its owners' work does not grow. Communication of a Find: a few small
  reductions, each source once (48 bytes), each cell of halo once a rank that asks; neighbour to neighbour, nothing is
  of the size of the communicator. Of Gather and Scatter: halo rows x width values.

  Errors, collective: SINEW_ERR_INPUT when a sample has fewer sources than k (k + 1 where a point is not its own
  neighbour), SINEW_ERR_BREAKDOWN when a coordinate is not finite. All functions are collective but the getters.
*/
#include "../io/arrays.h"

typedef struct _p_SinewNeighbours *SinewNeighbours;

/* Points of this rank, not owned. */
typedef struct {
  PetscInt count;
  const double *at;         /* [count][2] */
  const PetscInt64 *number; /* [count] */
  const PetscInt *sample;   /* [count], 0 .. samples-1; NULL: all 0 */
} SinewNodes;

/* period: of each axis, 0 where it has none. itself: whether a query may have the source of its own number. */
PETSC_EXTERN PetscErrorCode SinewNeighboursCreate(MPI_Comm comm, PetscInt k, const double period[2], PetscBool itself,
                                                  SinewNeighbours *neighbours);
PETSC_EXTERN PetscErrorCode SinewNeighboursDestroy(SinewNeighbours *neighbours);
PETSC_EXTERN PetscErrorCode SinewNeighboursFind(SinewNeighbours neighbours, PetscInt samples, const SinewNodes *queries,
                                                const SinewNodes *sources);

PETSC_EXTERN PetscInt SinewNeighboursDegree(SinewNeighbours neighbours); /* k */
PETSC_EXTERN PetscInt SinewNeighboursQueries(SinewNeighbours neighbours);
PETSC_EXTERN PetscInt SinewNeighboursOwned(SinewNeighbours neighbours);
PETSC_EXTERN PetscInt SinewNeighboursRows(SinewNeighbours neighbours); /* owned and halo */
/* [queries][k], rows, the nearest first; valid until the next Find. */
PETSC_EXTERN const PetscInt *SinewNeighboursIndex(SinewNeighbours neighbours);
/* The vector from a neighbour's image that was meant to the neighbour itself, [queries][k][2]: multiples of the
   periods; NULL where nothing is periodic. */
PETSC_EXTERN const double *SinewNeighboursShift(SinewNeighbours neighbours);
/* Positions and numbers of the rows. */
PETSC_EXTERN const double *SinewNeighboursAt(SinewNeighbours neighbours);
PETSC_EXTERN const PetscInt64 *SinewNeighboursNumber(SinewNeighbours neighbours);

/* Values [rows][width], float or double, whose owned rows are there: fills the halo. */
PETSC_EXTERN PetscErrorCode SinewNeighboursGather(SinewNeighbours neighbours, SinewDtype dtype, PetscInt width,
                                                  void *values);
/* The adjoint: adds halo rows to the rows they are copies of. */
PETSC_EXTERN PetscErrorCode SinewNeighboursScatter(SinewNeighbours neighbours, SinewDtype dtype, PetscInt width,
                                                   void *values);

#endif
