/*
  Channels of shared maps, dealt out over the ranks: who computes which, and how all of them get everywhere. A few ranks
  of one node write into memory that all of them read, in two halves in turn; others send messages.
*/
#include "neural/graph_private.h"
#include "neural/memory_private.h"
#include <stdlib.h>
#include <string.h>

#define NEAR 8  /* most ranks that read each other's memory: a sum reads that of all */
#define UNIT 16 /* channels that kernels like to work on together */

/* Whole units, as long as there are enough of them to keep all ranks busy. */
void GraphSlice(Graph g, PetscInt channels, PetscMPIInt rank, PetscInt *first, PetscInt *count)
{
  PetscInt unit = UNIT, units;

  while (unit > 1 && (channels + unit - 1) / unit < g->size) unit /= 2;
  units = (channels + unit - 1) / unit;
  *first = PetscMin(channels, units * rank / g->size * unit);
  *count = PetscMin(channels, units * (rank + 1) / g->size * unit) - *first;
}

/* ---- room ---- */

void GraphReserveChannels(Graph g, size_t values)
{
  g->gathered_bytes = PetscMax(g->gathered_bytes, (values * g->value_size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
}

PetscErrorCode GraphChannelsCreate(Graph g)
{
  PetscBool possible = PETSC_FALSE;

  PetscFunctionBeginUser;
  if (!g->gathered_bytes) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NeuralAlloc(g->gathered_bytes, &g->gathered));
  PetscCall(PetscMalloc1(2 * (size_t)g->size, &g->request));
  if (g->size <= NEAR) PetscCall(SegmentsPossible(g->comm, 2 * g->gathered_bytes, &possible));
  if (possible) PetscCall(SegmentsCreate(g->comm, 2 * g->gathered_bytes, &g->near));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphChannelsDestroy(Graph g)
{
  PetscFunctionBeginUser;
  PetscCall(SegmentsDestroy(&g->near));
  PetscCall(PetscFree(g->request));
  free(g->gathered);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void next_half(Graph g)
{
  g->half = g->gathered_bytes - g->half;
}

/* ---- slices ---- */

/* [cells][its channels], in a rank's segment; those of messages lie one after the other. */
static char *slice_of(Graph g, PetscInt cells, PetscInt channels, PetscMPIInt rank, PetscInt *first, PetscInt *count)
{
  GraphSlice(g, channels, rank, first, count);
  if (g->near.segment) return g->near.segment[rank] + g->half;
  return (char *)g->gathered + (size_t)(cells * *first) * g->value_size;
}

void *GraphOwnChannels(Graph g, PetscInt cells, PetscInt channels)
{
  PetscInt first, count;

  return slice_of(g, cells, channels, g->rank, &first, &count);
}

/* Copies `count` channels of every cell between arrays of different widths. */
static void copy_channels(PetscInt cells, size_t bytes, const char *from, size_t from_cell, char *to, size_t to_cell)
{
  for (PetscInt k = 0; k < cells; ++k, from += from_cell, to += to_cell) memcpy(to, from, bytes);
}

/* Slices are small: one message to everyone is over before the second hop of a ring. */
static PetscErrorCode exchange_slices(Graph g, PetscInt cells, PetscInt channels)
{
  PetscInt first, count;
  PetscMPIInt requests = 0, bytes, own_bytes;
  char *own = slice_of(g, cells, channels, g->rank, &first, &count);

  PetscFunctionBeginUser;
  PetscCall(PetscMPIIntCast(cells * count * (PetscInt)g->value_size, &own_bytes));
  for (PetscMPIInt k = 1; k < g->size; ++k) {
    const PetscMPIInt r = (g->rank + k) % g->size;
    char *slice = slice_of(g, cells, channels, r, &first, &count);

    PetscCall(PetscMPIIntCast(cells * count * (PetscInt)g->value_size, &bytes));
    if (bytes) PetscCallMPI(MPI_Irecv(slice, bytes, MPI_BYTE, r, g->tag, g->comm, &g->request[requests++]));
    if (own_bytes) PetscCallMPI(MPI_Isend(own, own_bytes, MPI_BYTE, r, g->tag, g->comm, &g->request[requests++]));
  }
  PetscCallMPI(MPI_Waitall(requests, g->request, MPI_STATUSES_IGNORE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphGatherChannels(Graph g, PetscInt cells, PetscInt channels, void *all)
{
  const size_t size = g->value_size;
  PetscInt first, count;

  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(NEURAL_Halo, 0, 0, 0, 0));
  if (g->near.segment)
    PetscCall(SegmentsFence(&g->near));
  else
    PetscCall(exchange_slices(g, cells, channels));
  for (PetscMPIInt r = 0; r < g->size; ++r) {
    const char *slice = slice_of(g, cells, channels, r, &first, &count);

    copy_channels(cells, (size_t)count * size, slice, (size_t)count * size, (char *)all + (size_t)first * size,
                  (size_t)channels * size);
  }
  if (g->near.segment) next_half(g);
  PetscCall(PetscLogEventEnd(NEURAL_Halo, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const void *GraphTakeChannels(Graph g, PetscInt cells, PetscInt channels, const void *all)
{
  const size_t size = g->value_size;
  PetscInt first, count;

  GraphSlice(g, channels, g->rank, &first, &count);
  copy_channels(cells, (size_t)count * size, (const char *)all + (size_t)first * size, (size_t)channels * size,
                g->gathered, (size_t)count * size);
  return g->gathered;
}

/* ---- sums ---- */

void *GraphSummand(Graph g, void *sum)
{
  return g->near.segment ? g->near.segment[g->rank] + g->half : sum;
}

PetscErrorCode GraphSumSharedBegin(Graph g, size_t count, void *values, MPI_Request *request)
{
  PetscMPIInt n;

  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(NEURAL_Halo, 0, 0, 0, 0));
  PetscCall(PetscMPIIntCast((PetscInt)count, &n));
  if (g->near.segment)
    PetscCall(SegmentsOffer(&g->near, request));
  else
    PetscCallMPI(MPI_Iallreduce(MPI_IN_PLACE, values, n, g->dtype == SINEW_FLOAT32 ? MPI_FLOAT : MPI_DOUBLE, MPI_SUM,
                                g->comm, request));
  PetscCall(PetscLogEventEnd(NEURAL_Halo, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphSumSharedEnd(Graph g, size_t count, void *sum, MPI_Request *request)
{
  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(NEURAL_Halo, 0, 0, 0, 0));
  if (g->near.segment) {
    PetscCall(SegmentsAccept(&g->near, request));
    SegmentsSum(&g->near, g->dtype, count, g->half, sum);
    next_half(g);
  } else
    PetscCallMPI(MPI_Wait(request, MPI_STATUS_IGNORE));
  PetscCall(PetscLogEventEnd(NEURAL_Halo, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}
