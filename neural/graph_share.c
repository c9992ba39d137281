/*
  One copy of the parameters' values for the ranks of a node, and gradients that each rank sums, and turns into new
  values, for its own rows: nothing is sent, and nothing is computed twice.

  A segment holds places for the buckets of its rank's gradients, the first one the values behind them. A bucket is
  offered when it is complete, and once more when its sum has been taken: then its place is free.
*/
#include "neural/graph_private.h"
#include "neural/memory_private.h"
#include "neural/parameters_private.h"
#include "neural/segments_private.h"
#include <stdlib.h>

struct GraphShare {
  Segments segments;
  void *sums; /* of own rows, for two buckets in turn */
};

/* Bytes of whole parameters' values. */
static size_t whole_bytes(Graph g)
{
  size_t bytes = 0;

  for (PetscInt k = 0; k < g->parameters; ++k)
    if (!g->parameter[k].part) bytes += NeuralRoom(g->parameter[k].size * g->value_size);
  return bytes;
}

/* Places for gradients, the first one the values behind them. */
static size_t segment_bytes(Graph g)
{
  return GraphGradientsShared(g, PETSC_FALSE) + (g->rank ? 0 : whole_bytes(g));
}

/* Whether all ranks of all groups can, and want to. Collective on comm. */
static PetscErrorCode decide(Graph g, MPI_Comm comm, PetscBool *share)
{
  int all;

  PetscFunctionBeginUser;
  PetscCall(SegmentsPossible(g->comm, segment_bytes(g), share));
  all = (int)*share;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_INT, MPI_MIN, comm));
  *share = (PetscBool)all;
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

/* Values in this rank's memory and, of what is whole, in the common one. */
static PetscErrorCode place_values(Graph g, char *common)
{
  size_t parts = 0;
  char *own;

  PetscFunctionBeginUser;
  free(g->values);
  for (PetscInt k = 0; k < g->parameters; ++k)
    if (g->parameter[k].part) parts += NeuralRoom(g->parameter[k].size * g->value_size);
  PetscCall(NeuralAlloc(parts, &g->values));
  own = g->values;
  for (PetscInt k = 0; k < g->parameters; ++k) {
    SinewParameter *p = &g->parameter[k];
    const size_t bytes = p->size * g->value_size, first = ParameterFirst(&g->own[k]) - ParameterFirst(p);
    char **next = p->part ? &own : &common;

    p->value = *next;
    if (p->part) NeuralGuard(*next, bytes);
    g->own[k].value = *next + first * g->value_size;
    g->bytes -= bytes - g->own[k].size * g->value_size;
    *next += NeuralRoom(bytes);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphShare(Graph g, MPI_Comm comm)
{
  struct GraphShare *s;
  size_t places, sums;
  PetscBool share;

  PetscFunctionBeginUser;
  PetscCall(decide(g, comm, &share));
  if (!share) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscNew(&g->share));
  s = g->share;
  PetscCall(deal_out(g));
  places = GraphGradientsShared(g, PETSC_FALSE);
  sums = GraphGradientsShared(g, PETSC_TRUE);
  PetscCall(SegmentsCreate(g->comm, segment_bytes(g), &s->segments));
  PetscCall(NeuralAlloc(sums, &s->sums));
  g->bytes += places + sums;
  PetscCall(place_values(g, s->segments.segment[0] + places));
  PetscCall(GraphGradientsPlace(g, s->segments.segment[g->rank], s->sums));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphShareDestroy(Graph g)
{
  struct GraphShare *s = g->share;

  PetscFunctionBeginUser;
  if (!s) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SegmentsDestroy(&s->segments));
  free(s->sums);
  PetscCall(PetscFree(g->own));
  PetscCall(PetscFree(g->share));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- in use ---- */

PetscErrorCode GraphShareFence(Graph g)
{
  PetscFunctionBeginUser;
  if (g->share) PetscCall(SegmentsFence(&g->share->segments));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphShareOffer(Graph g, MPI_Request *others)
{
  PetscFunctionBeginUser;
  PetscCall(SegmentsOffer(&g->share->segments, others));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphShareTake(Graph g, PetscInt count, const PetscInt parameters[], MPI_Request *others)
{
  const Segments *s = &g->share->segments;

  PetscFunctionBeginUser;
  PetscCall(SegmentsAccept(s, others));
  for (PetscInt k = 0; k < count; ++k) {
    const SinewParameter *own = &g->own[parameters[k]];
    const size_t place = (size_t)((char *)g->parameter[parameters[k]].gradient - s->segment[g->rank]);

    SegmentsSum(s, g->dtype, own->size, place + ParameterFirst(own) * g->value_size, own->gradient);
  }
  PetscCall(SegmentsOffer(s, others));
  PetscFunctionReturn(PETSC_SUCCESS);
}
