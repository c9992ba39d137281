/* Which nodes share which memory: a node's buffer is free for another one after its last use. */
#include "neural/graph_private.h"
#include <stdlib.h>

PETSC_INTERN PetscErrorCode GraphPlanMemory(Graph graph);

typedef struct {
  PetscInt begin, end; /* steps of the run between which it is in use, both included */
  size_t bytes;
  PetscBool alone; /* never shared */
  PetscInt buffer;
  void *memory;
} Use;

typedef struct {
  size_t bytes, offset;
  PetscInt end; /* last step of its present use */
} Buffer;

/* The buffer to take: the tightest free one that is large enough, else the largest free one, else a new one. */
static PetscInt choose(PetscInt n, const Buffer buffer[], const Use *use)
{
  PetscInt best = n;

  if (use->alone) return n;
  for (PetscInt k = 0; k < n; ++k) {
    if (buffer[k].end >= use->begin) continue;
    if (best == n)
      best = k;
    else {
      const PetscBool fits = (PetscBool)(buffer[k].bytes >= use->bytes),
                      best_fits = (PetscBool)(buffer[best].bytes >= use->bytes);

      if (fits ? !best_fits || buffer[k].bytes < buffer[best].bytes
               : !best_fits && buffer[k].bytes > buffer[best].bytes)
        best = k;
    }
  }
  return best;
}

static int by_begin(const void *a, const void *b)
{
  const Use *const *x = a, *const *y = b;

  return (*x)->begin < (*y)->begin ? -1 : (*x)->begin > (*y)->begin;
}

/* Assigns buffers, which lie side by side in memory. */
static PetscErrorCode assign(Graph g, PetscInt n, Use use[], void **memory)
{
  Use **order;
  Buffer *buffer;
  PetscInt buffers = 0;
  size_t bytes = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2((size_t)n, &order, (size_t)n, &buffer));
  for (PetscInt k = 0; k < n; ++k) order[k] = &use[k];
  qsort(order, (size_t)n, sizeof(*order), by_begin);
  for (PetscInt k = 0; k < n; ++k) {
    const PetscInt b = choose(buffers, buffer, order[k]);

    if (b == buffers) buffer[buffers++].bytes = 0;
    buffer[b].bytes = PetscMax(buffer[b].bytes, order[k]->bytes);
    buffer[b].end = order[k]->alone ? PETSC_MAX_INT : order[k]->end;
    order[k]->buffer = b;
  }
  for (PetscInt b = 0; b < buffers; ++b) {
    buffer[b].offset = bytes;
    bytes += NeuralRoom(buffer[b].bytes);
  }
  PetscCall(NeuralAlloc(bytes, memory));
  for (PetscInt b = 0; b < buffers; ++b) NeuralGuard((char *)*memory + buffer[b].offset, buffer[b].bytes);
  g->bytes += bytes;
  for (PetscInt k = 0; k < n; ++k) use[k].memory = (char *)*memory + buffer[use[k].buffer].offset;
  PetscCall(PetscFree2(order, buffer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode plan(Graph g, PetscBool gradients)
{
  Use *use;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)g->nodes, &use));
  for (PetscInt k = 0; k < g->nodes; ++k) {
    const Node *node = &g->node[k];
    const size_t bytes =
        SinewTensorBytes(node->layout, g->dtype, g->batch, node->channels, gradients ? node->rim : node->halo);

    use[k] = (Use){.bytes = bytes};
    if (gradients) { /* time runs backwards */
      use[k].begin = -node->writer;
      use[k].end = -node->first;
      use[k].alone = node->keep;
    } else if (g->training && node->reread && node->segment >= 0 && !node->keep_value) {
      use[k].begin = g->segment[node->segment].begin; /* all the time that the segment runs, both ways */
      use[k].end = g->segment[node->segment].end - 1;
    } else {
      use[k].begin = node->first;
      use[k].end = node->last;
      use[k].alone = (PetscBool)(node->keep_value || (g->training && node->reread));
    }
  }
  PetscCall(assign(g, g->nodes, use, gradients ? &g->map_gradients : &g->maps));
  for (PetscInt k = 0; k < g->nodes; ++k) {
    Node *node = &g->node[k];

    PetscCall(SinewTensorCreate(node->layout, g->dtype, g->batch, node->channels, gradients ? node->rim : node->halo,
                                use[k].memory, gradients ? &node->gradient : &node->value));
  }
  PetscCall(PetscFree(use));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphPlanMemory(Graph g)
{
  PetscFunctionBeginUser;
  PetscCall(plan(g, PETSC_FALSE));
  if (g->training) PetscCall(plan(g, PETSC_TRUE));
  PetscFunctionReturn(PETSC_SUCCESS);
}
