#ifndef SINEW_NEURAL_SEGMENTS_PRIVATE_H
#define SINEW_NEURAL_SEGMENTS_PRIVATE_H
/*
  Memory that the ranks of a node share: each has a segment, which all read and write. What one writes the others read
  where it is, once instead of the three times of a message, and nobody reads before it is there:

    SegmentsPossible, SegmentsCreate;
    write; SegmentsFence; read (or SegmentsOffer, other work, SegmentsAccept);
    SegmentsDestroy.

  A segment that was read must not be written again before its readers are done, which they are when they have come to
  the next fence: two halves in turn need no other. Ranks that send each other messages anyway may do without fences
  (SegmentsSync).

  Source: MPI 4.0, section 12.4 (a unified memory model; windows locked by all, MPI_Win_sync on both sides of a
  barrier). Collective on comm where nothing else is said.
*/
#include "io/arrays.h"

typedef struct {
  MPI_Comm comm;
  PetscMPIInt size, rank;
  MPI_Win window;
  char **segment; /* by rank, on cache lines; NULL: there are none */
} Segments;

/* The ranks of comm, which is PETSc's, on this one's node (PetscShmCommGet; not to be freed), where they are several and
 * have room for so many bytes of this one and what the others ask for; else, and with the PETSc option
 * -sinew_share_memory false, MPI_COMM_NULL. */
PETSC_INTERN PetscErrorCode SegmentsNode(MPI_Comm comm, size_t bytes, MPI_Comm *node);
/* Whether these are all ranks of comm. */
PETSC_INTERN PetscErrorCode SegmentsPossible(MPI_Comm comm, size_t bytes, PetscBool *possible);
/* comm must live as long; bytes: of this rank's. */
PETSC_INTERN PetscErrorCode SegmentsCreate(MPI_Comm comm, size_t bytes, Segments *segments);
PETSC_INTERN PetscErrorCode SegmentsDestroy(Segments *segments);
PETSC_INTERN PetscErrorCode SegmentsFence(const Segments *segments);
PETSC_INTERN PetscErrorCode SegmentsOffer(const Segments *segments, MPI_Request *request);
PETSC_INTERN PetscErrorCode SegmentsAccept(const Segments *segments, MPI_Request *request);
/* For those who tell each other by messages of their own: after writing and before the message, and again after it and
 * before reading. Local. */
PETSC_INTERN PetscErrorCode SegmentsSync(const Segments *segments);
/* The sum of all ranks' n numbers that lie `at` bytes into their segments, in the order of ranks. Local. */
PETSC_INTERN void SegmentsSum(const Segments *segments, SinewDtype dtype, size_t n, size_t at, void *sum);

#endif
