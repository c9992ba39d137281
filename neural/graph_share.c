/*
  Memory that the ranks of a node share: one copy of the parameters' values for all of them, and gradients that each
  rank sums, and turns into new values, for its own rows. Nothing is sent, and nothing is computed twice.

  A segment a rank: the first holds the values, each holds places for the buckets of its rank's gradients. Between the
  writing on one rank and the reading on another lies a barrier (MPI 4.0, section 12.4: a unified memory model, windows
  locked by all, MPI_Win_sync before and after): one that ranks begin when a bucket is complete and end when they need
  it, and one that says that its place is free again.
*/
#define _DEFAULT_SOURCE /* statvfs */
#include "neural/graph_private.h"
#include "neural/memory_private.h"
#include "neural/parameters_private.h"
#include <stdlib.h>
#include <sys/statvfs.h>

struct GraphShare {
  MPI_Win window;
  char **segment; /* by rank: places of gradients */
  void *sums;     /* of own rows, for two buckets in turn */
};

/* Bytes of whole parameters' values. */
static size_t whole_bytes(Graph g)
{
  size_t bytes = 0;

  for (PetscInt k = 0; k < g->parameters; ++k)
    if (!g->parameter[k].part) bytes += NeuralRoom(g->parameter[k].size * g->value_size);
  return bytes;
}

/* MPI's segments are files there, and what does not fit is found out when it is written. */
static PetscBool has_room(size_t bytes)
{
  struct statvfs s;

  return (PetscBool)(!statvfs("/dev/shm", &s) && (double)s.f_bavail * (double)s.f_frsize > 2 * (double)bytes);
}

/* Whether all ranks of all groups can, and want to. Collective on comm. */
static PetscErrorCode decide(Graph g, MPI_Comm comm, PetscBool *share)
{
  MPI_Comm node;
  PetscMPIInt size;
  int all;

  PetscFunctionBeginUser;
  *share = PETSC_TRUE;
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-sinew_share_memory", share, NULL));
  PetscCallMPI(MPI_Comm_split_type(g->comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node));
  PetscCallMPI(MPI_Comm_size(node, &size));
  PetscCallMPI(MPI_Comm_free(&node));
  all = *share && size == g->size && size > 1 &&
        has_room(whole_bytes(g) + (size_t)g->size * GraphGradientsShared(g, PETSC_FALSE));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_INT, MPI_MIN, comm));
  *share = (PetscBool)all;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static char *aligned(char *memory)
{
  return memory + (CACHE_LINE - (uintptr_t)memory % CACHE_LINE) % CACHE_LINE;
}

/* Segments begin on the same bytes of a cache line on all ranks, since their mappings begin on pages. */
static PetscErrorCode allocate(Graph g, char **values)
{
  struct GraphShare *s = g->share;
  const size_t bytes = whole_bytes(g), place = GraphGradientsShared(g, PETSC_FALSE);
  char *base;
  MPI_Aint size;
  int unit;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Win_allocate_shared((MPI_Aint)((g->rank ? 0 : bytes) + place + 2 * CACHE_LINE), 1, MPI_INFO_NULL,
                                       g->comm, &base, &s->window));
  PetscCallMPI(MPI_Win_lock_all(MPI_MODE_NOCHECK, s->window));
  PetscCall(PetscMalloc1((size_t)g->size, &s->segment));
  for (PetscMPIInt r = 0; r < g->size; ++r) {
    PetscCallMPI(MPI_Win_shared_query(s->window, r, &size, &unit, &base));
    base = aligned(base);
    if (!r) *values = base;
    s->segment[r] = r ? base : base + bytes;
  }
  PetscCall(NeuralAlloc(GraphGradientsShared(g, PETSC_TRUE), &s->sums));
  g->bytes += place + GraphGradientsShared(g, PETSC_TRUE);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* This rank's rows of whole parameters; those in parts as they are. */
static PetscErrorCode deal_out(Graph g)
{
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)g->parameters, &g->own));
  for (PetscInt k = 0; k < g->parameters; ++k) {
    SinewParameter *p = &g->own[k];

    *p = g->parameter[k];
    if (p->part) continue;
    p->part = PETSC_TRUE;
    p->row = p->shape[0] * g->rank / g->size;
    p->rows = p->shape[0] * (g->rank + 1) / g->size - p->row;
    p->size = ParameterRow(p) * (size_t)p->rows;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Values move from this rank's memory into the common one, those in parts into a smaller one. */
static PetscErrorCode place_values(Graph g, char *common)
{
  size_t parts = 0;
  void *memory;
  char *next;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < g->parameters; ++k)
    if (g->parameter[k].part) parts += NeuralRoom(g->parameter[k].size * g->value_size);
  PetscCall(NeuralAlloc(parts, &memory));
  next = memory;
  for (PetscInt k = 0; k < g->parameters; ++k) {
    SinewParameter *p = &g->parameter[k];
    const size_t bytes = p->size * g->value_size;
    char **at = p->part ? &next : &common;

    PetscCall(PetscMemcpy(*at, p->value, bytes));
    p->value = *at;
    if (p->part) NeuralGuard(*at, bytes);
    g->bytes -= bytes - g->own[k].size * g->value_size;
    *at += NeuralRoom(bytes);
    g->own[k].value = (char *)p->value + (p->part ? 0 : ParameterFirst(&g->own[k]) * g->value_size);
  }
  free(g->values);
  g->values = memory;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphShare(Graph g, MPI_Comm comm)
{
  PetscBool share;
  char *values;

  PetscFunctionBeginUser;
  PetscCall(decide(g, comm, &share));
  if (!share) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscNew(&g->share));
  PetscCall(deal_out(g));
  PetscCall(allocate(g, &values));
  PetscCall(place_values(g, values));
  PetscCall(GraphGradientsPlace(g, g->share->segment[g->rank], g->share->sums));
  PetscCall(GraphShareFence(g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphShareDestroy(Graph g)
{
  struct GraphShare *s = g->share;

  PetscFunctionBeginUser;
  if (!s) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Win_unlock_all(s->window));
  PetscCallMPI(MPI_Win_free(&s->window));
  PetscCall(PetscFree(s->segment));
  free(s->sums);
  PetscCall(PetscFree(g->own));
  PetscCall(PetscFree(g->share));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- in use ---- */

PetscErrorCode GraphShareFence(Graph g)
{
  PetscFunctionBeginUser;
  if (!g->share) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Win_sync(g->share->window));
  PetscCallMPI(MPI_Barrier(g->comm));
  PetscCallMPI(MPI_Win_sync(g->share->window));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphShareOffer(Graph g, MPI_Request *others)
{
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Win_sync(g->share->window));
  PetscCallMPI(MPI_Ibarrier(g->comm, others));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* out = a + b */
static void add(SinewDtype dtype, size_t n, const void *a, const void *b, void *out)
{
  if (dtype == SINEW_FLOAT32)
    for (size_t i = 0; i < n; ++i) ((float *)out)[i] = ((const float *)a)[i] + ((const float *)b)[i];
  else
    for (size_t i = 0; i < n; ++i) ((double *)out)[i] = ((const double *)a)[i] + ((const double *)b)[i];
}

PetscErrorCode GraphShareTake(Graph g, PetscInt count, const PetscInt parameters[], MPI_Request *others)
{
  char *const *segment = g->share->segment;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Win_sync(g->share->window));
  for (PetscInt k = 0; k < count; ++k) {
    const SinewParameter *own = &g->own[parameters[k]];
    const size_t at =
        (size_t)((char *)g->parameter[parameters[k]].gradient - segment[g->rank]) + ParameterFirst(own) * g->value_size;

    for (PetscMPIInt r = 1; r < g->size; ++r)
      add(g->dtype, own->size, r == 1 ? segment[0] + at : own->gradient, segment[r] + at, own->gradient);
  }
  PetscCallMPI(MPI_Ibarrier(g->comm, others));
  PetscFunctionReturn(PETSC_SUCCESS);
}
