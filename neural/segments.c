/* Memory that the ranks of a node share; see segments_private.h. */
#define _DEFAULT_SOURCE /* statvfs */
#include "neural/kernels_private.h"
#include "neural/memory_private.h"
#include "neural/segments_private.h"
#include <stdint.h>
#include <sys/statvfs.h>

/* MPI's segments are files there, and what does not fit is found out when it is written. */
static PetscBool has_room(double bytes)
{
  struct statvfs s;

  return (PetscBool)(!statvfs("/dev/shm", &s) && (double)s.f_bavail * (double)s.f_frsize > 2 * bytes);
}

PetscErrorCode SegmentsNode(MPI_Comm comm, size_t bytes, MPI_Comm *node)
{
  PetscBool wanted = PETSC_TRUE;
  PetscShmComm near;
  PetscMPIInt size;
  double all = (double)bytes;
  int possible;

  PetscFunctionBeginUser;
  *node = MPI_COMM_NULL;
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-sinew_share_memory", &wanted, NULL));
  PetscCallMPI(MPI_Comm_size(comm, &size));
  if (!wanted || size == 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscShmCommGet(comm, &near));
  PetscCall(PetscShmCommGetMpiShmComm(near, node));
  PetscCallMPI(MPI_Comm_size(*node, &size));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_DOUBLE, MPI_SUM, *node));
  possible = size > 1 && has_room(all);
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &possible, 1, MPI_INT, MPI_MIN, *node));
  if (!possible) *node = MPI_COMM_NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A node that has all ranks is the only one: they agree. */
PetscErrorCode SegmentsPossible(MPI_Comm comm, size_t bytes, PetscBool *possible)
{
  PetscMPIInt size, near = 0;
  MPI_Comm node;

  PetscFunctionBeginUser;
  PetscCall(SegmentsNode(comm, bytes, &node));
  PetscCallMPI(MPI_Comm_size(comm, &size));
  if (node != MPI_COMM_NULL) PetscCallMPI(MPI_Comm_size(node, &near));
  *possible = (PetscBool)(near == size);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* On the same bytes of a cache line on all ranks, since windows begin on pages. */
static char *aligned(char *memory)
{
  return memory + (CACHE_LINE - (uintptr_t)memory % CACHE_LINE) % CACHE_LINE;
}

PetscErrorCode SegmentsCreate(MPI_Comm comm, size_t bytes, Segments *s)
{
  MPI_Aint length;
  char *base;
  int unit;

  PetscFunctionBeginUser;
  s->comm = comm;
  PetscCallMPI(MPI_Comm_size(comm, &s->size));
  PetscCallMPI(MPI_Comm_rank(comm, &s->rank));
  PetscCallMPI(MPI_Win_allocate_shared((MPI_Aint)(bytes + 2 * CACHE_LINE), 1, MPI_INFO_NULL, comm, &base, &s->window));
  PetscCallMPI(MPI_Win_lock_all(MPI_MODE_NOCHECK, s->window));
  PetscCall(PetscMalloc1((size_t)s->size, &s->segment));
  for (PetscMPIInt r = 0; r < s->size; ++r) {
    PetscCallMPI(MPI_Win_shared_query(s->window, r, &length, &unit, &base));
    s->segment[r] = aligned(base);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SegmentsDestroy(Segments *s)
{
  PetscFunctionBeginUser;
  if (!s->segment) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Win_unlock_all(s->window));
  PetscCallMPI(MPI_Win_free(&s->window));
  PetscCall(PetscFree(s->segment));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SegmentsSync(const Segments *s)
{
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Win_sync(s->window));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SegmentsFence(const Segments *s)
{
  PetscFunctionBeginUser;
  PetscCall(SegmentsSync(s));
  PetscCallMPI(MPI_Barrier(s->comm));
  PetscCall(SegmentsSync(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SegmentsOffer(const Segments *s, MPI_Request *request)
{
  PetscFunctionBeginUser;
  PetscCall(SegmentsSync(s));
  PetscCallMPI(MPI_Ibarrier(s->comm, request));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SegmentsAccept(const Segments *s, MPI_Request *request)
{
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Wait(request, MPI_STATUS_IGNORE));
  PetscCall(SegmentsSync(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void SegmentsSum(const Segments *s, SinewDtype dtype, size_t n, size_t at, void *sum)
{
  for (PetscMPIInt r = 1; r < s->size; ++r)
    (*KernelsOf(dtype)->sum)(n, r == 1 ? s->segment[0] + at : sum, s->segment[r] + at, sum);
}
