/*
  Gradients of parameters: where they lie, and how they are summed over the ranks.

  They lie in the order in which Backward finishes them, cut into buckets of whole layers. A bucket is summed over the
  ranks as soon as its last layer has gone back, while others go on. Streamed, buckets take turns in two places in
  memory: before a bucket is begun the one that had its place is waited for and handed to the consumer.

  Parameters in parts come after all others, in buckets and places of their own: each rank has all that is to be known
  about its part, so they are summed over data-parallel groups only.

  Buckets in shared memory (graph_share.c) are summed by rows: each rank adds up its own of all ranks, and the consumer
  has these alone. So a bucket is offered, taken while the next but one is made, and its place is free for the one after
  that.
*/
#include "neural/graph_private.h"
#include "neural/parameters_private.h"
#include <stdlib.h>
#include <string.h>

#define BUCKET (1 << 18) /* numbers that are worth a message of their own */
#define PLACES 2
#define SHARED 3 /* places of shared buckets: one is made, one offered, and one read by other ranks */

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
      *b = (struct GraphBucket){.part = p->part,
                                .turn = turn,
                                .parameter = k,
                                .begin = layer,
                                .request = MPI_REQUEST_NULL,
                                .others = MPI_REQUEST_NULL};
    }
    b->parameters++;
    b->end = layer;
    b->count += p->size;
    g->gradient_count += p->size;
    if (!p->part) g->whole_count += p->size;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool is_shared(Graph g, const struct GraphBucket *b)
{
  return (PetscBool)(g->share && !b->part);
}

/* Numbers of the widest bucket of a kind, and of so many places for them. */
static size_t widest_of(Graph g, PetscBool part, size_t places, size_t *all)
{
  size_t widest = 0, buckets = 0;

  for (PetscInt k = 0; k < g->buckets; ++k) {
    if (g->bucket[k].part != part) continue;
    ++buckets;
    widest = PetscMax(widest, g->bucket[k].count);
  }
  *all = PetscMin(places, buckets) * widest;
  return widest;
}

/* Numbers of a bucket that are this rank's to sum. */
static size_t own_count(Graph g, const struct GraphBucket *b)
{
  size_t count = 0;

  for (PetscInt k = b->parameter; k < b->parameter + b->parameters; ++k) count += g->own[g->order[k]].size;
  return count;
}

static size_t widest_sum(Graph g)
{
  size_t widest = 0;

  for (PetscInt k = 0; k < g->buckets; ++k)
    if (!g->bucket[k].part) widest = PetscMax(widest, own_count(g, &g->bucket[k]));
  return widest;
}

size_t GraphGradientsShared(Graph g, PetscBool sums)
{
  size_t places;

  if (sums) return PLACES * widest_sum(g) * g->value_size;
  (void)widest_of(g, PETSC_FALSE, SHARED, &places);
  return places * g->value_size;
}

/* The gradients of a bucket's parameters, one after the other; those of all, or of this rank's rows. */
static void point(Graph g, const struct GraphBucket *b, SinewParameter *table, char *next)
{
  for (PetscInt k = b->parameter; k < b->parameter + b->parameters; ++k) {
    SinewParameter *p = &table[g->order[k]];

    p->gradient = next;
    next += p->size * g->value_size;
  }
}

PetscErrorCode GraphGradientsPlace(Graph g, void *shared, void *sums)
{
  size_t places[2], widest[2], numbers, at = 0, turns = PLACES;
  const size_t row = shared ? widest_sum(g) : 0;
  PetscMPIInt ranks = 0;

  PetscFunctionBeginUser;
  if (g->reduction != MPI_COMM_NULL) PetscCallMPI(MPI_Comm_size(g->reduction, &ranks));
  if (ranks == 1) turns = 1; /* a bucket is summed before the next one begins */
  widest[0] = widest_of(g, PETSC_FALSE, shared ? SHARED : turns, &places[0]);
  widest[1] = widest_of(g, PETSC_TRUE, turns, &places[1]);
  free(g->gradients);
  if (shared) places[0] = 0;
  numbers = g->stream ? places[0] + places[1] : g->gradient_count;
  PetscCall(NeuralAlloc(numbers * g->value_size, &g->gradients));
  g->bytes += numbers * g->value_size - g->gradient_bytes;
  g->gradient_bytes = numbers * g->value_size;
  for (PetscInt k = 0; k < g->buckets; ++k) {
    struct GraphBucket *b = &g->bucket[k];
    const size_t turn = (size_t)b->turn, width = widest[b->part ? 1 : 0];

    if (shared && !b->part) {
      b->values = (char *)shared + turn % SHARED * width * g->value_size;
      b->sums = (char *)sums + turn % PLACES * row * g->value_size;
    } else {
      const size_t taken = (b->part ? places[0] : 0) + turn % turns * width;

      b->sums = b->values = (char *)g->gradients + (g->stream ? taken : at) * g->value_size;
    }
    at += b->count;
    point(g, b, g->parameter, b->values);
    if (g->share) point(g, b, g->own, b->sums);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphGradientsCreate(Graph g)
{
  PetscFunctionBeginUser;
  PetscCall(sort(g));
  PetscCall(cut(g));
  PetscCall(GraphGradientsPlace(g, NULL, NULL));
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

static PetscErrorCode wait(MPI_Request *request)
{
  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(NEURAL_Reduce, 0, 0, 0, 0));
  PetscCallMPI(MPI_Wait(request, MPI_STATUS_IGNORE));
  PetscCall(PetscLogEventEnd(NEURAL_Reduce, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The sum of a bucket is there: to whom it may concern. */
static PetscErrorCode finish(Graph g, struct GraphBucket *b)
{
  PetscFunctionBeginUser;
  if (b->stage == BUCKET_CLOSED) PetscFunctionReturn(PETSC_SUCCESS);
  b->stage = BUCKET_CLOSED;
  PetscCall(wait(&b->request));
  if (g->stream) PetscCall((*g->consumer)(g->consumer_context, b->parameters, g->order + b->parameter));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Begins the sum of `count` numbers over comm; over one rank it is there. */
static PetscErrorCode sum(Graph g, struct GraphBucket *b, MPI_Comm comm, size_t count, void *values)
{
  PetscMPIInt n, size;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(comm, &size));
  if (size == 1) {
    PetscCall(finish(g, b));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(PetscMPIIntCast((PetscInt)count, &n));
  PetscCallMPI(MPI_Iallreduce(MPI_IN_PLACE, values, n, g->dtype == SINEW_FLOAT32 ? MPI_FLOAT : MPI_DOUBLE, MPI_SUM,
                              comm, &b->request));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode send(Graph g, struct GraphBucket *b)
{
  PetscFunctionBeginUser;
  if (g->reduction == MPI_COMM_NULL) PetscFunctionReturn(PETSC_SUCCESS);
  b->stage = BUCKET_SENT;
  if (is_shared(g, b))
    PetscCall(GraphShareOffer(g, &b->others));
  else
    PetscCall(sum(g, b, b->part ? g->across : g->reduction, b->count, b->values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* This rank's rows of a shared bucket, over its group and then over groups. */
static PetscErrorCode take(Graph g, struct GraphBucket *b)
{
  PetscFunctionBeginUser;
  if (b->stage != BUCKET_SENT || !is_shared(g, b)) PetscFunctionReturn(PETSC_SUCCESS);
  b->stage = BUCKET_TAKEN;
  PetscCall(PetscLogEventBegin(NEURAL_Reduce, 0, 0, 0, 0));
  PetscCall(GraphShareTake(g, b->parameters, g->order + b->parameter, &b->others));
  PetscCall(PetscLogEventEnd(NEURAL_Reduce, 0, 0, 0, 0));
  PetscCall(sum(g, b, g->across, own_count(g, b), b->sums));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Makes room for a bucket where earlier ones of its kind have been. */
static PetscErrorCode make_room(Graph g, struct GraphBucket *b)
{
  PetscFunctionBeginUser;
  if (is_shared(g, b)) {
    if (b->turn >= SHARED) {
      PetscCall(finish(g, b - SHARED));
      PetscCall(wait(&(b - SHARED)->others));
    }
    if (b->turn >= SHARED - 1) PetscCall(take(g, b - SHARED + 1));
  } else if (b->turn >= PLACES)
    PetscCall(finish(g, b - PLACES));
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
    g->bucket[k].stage = BUCKET_CLOSED;
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
    b->stage = BUCKET_OPEN;
    if (!g->stream) continue;
    PetscCall(make_room(g, b));
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
  for (PetscInt k = 0; k < g->buckets && g->reduction != MPI_COMM_NULL; ++k) {
    PetscCall(take(g, &g->bucket[k]));
    PetscCall(finish(g, &g->bucket[k]));
    PetscCall(wait(&g->bucket[k].others));
  }
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
