/*
  Gradients of parameters: where they lie, and how they are summed over the ranks.

  They lie in the order in which Backward finishes them, cut into buckets of whole layers. A bucket is summed over the
  ranks as soon as its last layer has gone back, while others go on. Streamed, buckets take turns in two places in
  memory: before a bucket is begun the one that had its place is waited for and handed to the consumer.

  Parameters in parts come after all others, in buckets and places of their own: each rank has all that is to be known
  about its part, so they are summed over data-parallel groups only.
*/
#include "neural/graph_private.h"
#include <stdlib.h>
#include <string.h>

#define BUCKET (1 << 18) /* numbers that are worth a message of their own */
#define PLACES 2

/* ---- creation ---- */

/* Whole ones, then those in parts, in the order in which Backward finishes them; those of unknown layers (conditions)
 * come last. */
static PetscErrorCode sort(Graph g)
{
  PetscInt n = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)g->parameters, &g->order));
  for (int part = 0; part < 2; ++part)
    for (PetscInt layer = g->ops - 1; layer >= -1; --layer)
      for (PetscInt k = 0; k < g->parameters; ++k)
        if (g->last_layer[k] == layer && (int)g->parameter[k].part == part) g->order[n++] = k;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode cut(Graph g)
{
  struct GraphBucket *b = NULL;
  PetscInt enough = BUCKET;

  PetscFunctionBeginUser;
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-sinew_gradient_bucket", &enough, NULL));
  PetscCall(PetscCalloc1((size_t)g->parameters, &g->bucket));
  for (PetscInt k = 0; k < g->parameters; ++k) {
    const SinewParameter *p = &g->parameter[g->order[k]];
    const PetscInt layer = g->last_layer[g->order[k]];

    if (!b || b->part != p->part || (layer != b->end && b->count >= (size_t)enough)) {
      const PetscInt turn = b && b->part == p->part ? b->turn + 1 : 0;

      b = &g->bucket[g->buckets++];
      *b = (struct GraphBucket){
          .part = p->part, .turn = turn, .parameter = k, .begin = layer, .request = MPI_REQUEST_NULL};
    }
    b->parameters++;
    b->end = layer;
    b->count += p->size;
    g->gradient_count += p->size;
    if (!p->part) g->whole_count += p->size;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Numbers of the widest bucket of a kind, and of all its places. */
static size_t widest_of(Graph g, PetscBool part, size_t *all)
{
  size_t widest = 0, buckets = 0;

  for (PetscInt k = 0; k < g->buckets; ++k) {
    if (g->bucket[k].part != part) continue;
    ++buckets;
    widest = PetscMax(widest, g->bucket[k].count);
  }
  *all = PetscMin(PLACES, buckets) * widest;
  return widest;
}

static PetscErrorCode place(Graph g)
{
  size_t places[2], numbers, at = 0;
  const size_t widest[] = {widest_of(g, PETSC_FALSE, &places[0]), widest_of(g, PETSC_TRUE, &places[1])};

  PetscFunctionBeginUser;
  numbers = g->stream ? places[0] + places[1] : g->gradient_count;
  PetscCall(NeuralAlloc(numbers * g->value_size, &g->gradients));
  g->bytes += numbers * g->value_size;
  for (PetscInt k = 0; k < g->buckets; ++k) {
    struct GraphBucket *b = &g->bucket[k];
    const size_t taken = (b->part ? places[0] : 0) + (size_t)(b->turn % PLACES) * widest[b->part ? 1 : 0];
    char *next;

    b->values = (char *)g->gradients + (g->stream ? taken : at) * g->value_size;
    at += b->count;
    next = b->values;
    for (PetscInt p = b->parameter; p < b->parameter + b->parameters; ++p) {
      g->parameter[g->order[p]].gradient = next;
      next += g->parameter[g->order[p]].size * g->value_size;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphGradientsCreate(Graph g)
{
  PetscFunctionBeginUser;
  PetscCall(sort(g));
  PetscCall(cut(g));
  PetscCall(place(g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphGradientsDestroy(Graph g)
{
  PetscFunctionBeginUser;
  free(g->gradients);
  PetscCall(PetscFree(g->bucket));
  PetscCall(PetscFree(g->order));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- in Backward ---- */

/* The sum of a bucket is there: to whom it may concern. */
static PetscErrorCode finish(Graph g, struct GraphBucket *b)
{
  PetscFunctionBeginUser;
  if (!b->open) PetscFunctionReturn(PETSC_SUCCESS);
  b->open = PETSC_FALSE;
  PetscCall(PetscLogEventBegin(NEURAL_Reduce, 0, 0, 0, 0));
  PetscCallMPI(MPI_Wait(&b->request, MPI_STATUS_IGNORE));
  PetscCall(PetscLogEventEnd(NEURAL_Reduce, 0, 0, 0, 0));
  if (g->stream) PetscCall((*g->consumer)(g->consumer_context, b->parameters, g->order + b->parameter));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode send(Graph g, struct GraphBucket *b)
{
  const MPI_Comm comm = b->part ? g->across : g->reduction;
  PetscMPIInt count, size;

  PetscFunctionBeginUser;
  if (g->reduction == MPI_COMM_NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Comm_size(comm, &size));
  if (size == 1) {
    PetscCall(finish(g, b));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(PetscMPIIntCast((PetscInt)b->count, &count));
  PetscCallMPI(MPI_Iallreduce(MPI_IN_PLACE, b->values, count, g->dtype == SINEW_FLOAT32 ? MPI_FLOAT : MPI_DOUBLE,
                              MPI_SUM, comm, &b->request));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What layers add to; the rest they write over. */
static void clear_bucket(Graph g, const struct GraphBucket *b)
{
  for (PetscInt k = b->parameter; k < b->parameter + b->parameters; ++k) {
    const SinewParameter *p = &g->parameter[g->order[k]];

    if (!g->written[g->order[k]]) memset(p->gradient, 0, p->size * g->value_size);
  }
}

PetscErrorCode GraphGradientsBegin(Graph g)
{
  PetscFunctionBeginUser;
  PetscCheck(!g->stream || (g->consumer && g->reduction != MPI_COMM_NULL), g->comm, PETSC_ERR_ORDER,
             "streamed gradients need a consumer, and are summed over ranks");
  for (PetscInt k = 0; k < g->buckets; ++k) {
    g->bucket[k].open = PETSC_FALSE;
    if (!g->stream) clear_bucket(g, &g->bucket[k]);
  }
  g->bucketing = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphGradientsBefore(Graph g, PetscInt layer)
{
  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < g->buckets && g->bucketing; ++k) {
    struct GraphBucket *b = &g->bucket[k];

    if (b->begin != layer) continue;
    b->open = PETSC_TRUE;
    if (!g->stream) continue;
    if (b->turn >= PLACES) PetscCall(finish(g, b - PLACES));
    clear_bucket(g, b);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphGradientsAfter(Graph g, PetscInt layer)
{
  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < g->buckets && g->bucketing; ++k)
    if (g->bucket[k].end == layer) PetscCall(send(g, &g->bucket[k]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphGradientsEnd(Graph g)
{
  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < g->buckets && g->reduction != MPI_COMM_NULL; ++k) PetscCall(finish(g, &g->bucket[k]));
  g->bucketing = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphReduceGradients(Graph g)
{
  const MPI_Datatype type = g->dtype == SINEW_FLOAT32 ? MPI_FLOAT : MPI_DOUBLE;
  PetscMPIInt count, parts;

  PetscFunctionBeginUser;
  if (g->reduction == MPI_COMM_NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscLogEventBegin(NEURAL_Reduce, 0, 0, 0, 0));
  PetscCall(PetscMPIIntCast((PetscInt)g->whole_count, &count));
  PetscCall(PetscMPIIntCast((PetscInt)(g->gradient_count - g->whole_count), &parts));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, g->gradients, count, type, MPI_SUM, g->reduction));
  if (parts)
    PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, (char *)g->gradients + g->whole_count * g->value_size, parts, type,
                               MPI_SUM, g->across));
  PetscCall(PetscLogEventEnd(NEURAL_Reduce, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}
