/* Graphs of layers: parameters, nodes, running forth and back. Memory is planned in graph_memory.c. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "neural/graph_private.h"
#include "neural/parameters_private.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

PETSC_INTERN PetscErrorCode GraphPlanMemory(Graph graph);

PetscErrorCode GraphCreate(MPI_Comm comm, SinewDtype dtype, PetscInt batch, PetscBool training, PetscBool lean,
                           Graph *graph)
{
  Graph g;

  PetscFunctionBeginUser;
  PetscCall(NeuralEvents());
  PetscCall(PetscNew(&g));
  PetscCall(PetscCommDuplicate(comm, &g->comm, &g->tag));
  PetscCallMPI(MPI_Comm_size(g->comm, &g->size));
  PetscCallMPI(MPI_Comm_rank(g->comm, &g->rank));
  g->reduction = g->comm;
  g->across = MPI_COMM_SELF;
  g->dtype = dtype;
  g->value_size = SinewDtypeSize(dtype);
  g->batch = batch;
  g->together = 1;
  g->training = training;
  g->lean = (PetscBool)(lean && !training);
  g->kernels = KernelsOf(dtype);
  g->convolution = dtype == SINEW_FLOAT32 ? &ConvolutionFloat : &ConvolutionDouble;
  PetscCall((*g->convolution->create_engine)(&g->engine));
  *graph = g;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy_nodes(Graph g)
{
  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < g->nodes; ++k) {
    PetscCall(SinewTensorDestroy(&g->node[k].value));
    PetscCall(SinewTensorDestroy(&g->node[k].gradient));
    PetscCall(SinewLayoutDestroy(&g->node[k].layout));
  }
  free(g->maps);
  free(g->map_gradients);
  PetscCall(PetscFree(g->node));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphDestroy(Graph *graph)
{
  Graph g = *graph;

  PetscFunctionBeginUser;
  *graph = NULL;
  if (!g) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(GraphTimesDestroy(g));
  for (PetscInt k = 0; k < g->ops; ++k) {
    if (g->op[k].methods->destroy) PetscCall((*g->op[k].methods->destroy)(g, &g->op[k]));
    PetscCall(PetscFree(g->op[k].data));
  }
  PetscCall(ConditionDestroy(g));
  for (PetscInt k = 0; k < g->exchanges; ++k) PetscCall(ExchangeDestroy(&g->exchange[k].exchange));
  PetscCall(destroy_nodes(g));
  for (PetscInt k = 0; k < g->parameters; ++k) GraphReleaseParameter(g, k);
  PetscCall(GraphShareDestroy(g));
  free(g->values);
  PetscCall(GraphGradientsDestroy(g));
  free(g->row);
  free(g->scratch);
  PetscCall(GraphChannelsDestroy(g));
  PetscCall((*g->convolution->destroy_engine)(&g->engine));
  PetscCall(PetscFree(g->op));
  PetscCall(PetscFree(g->segment));
  PetscCall(PetscFree(g->last_layer));
  PetscCall(PetscFree(g->parameter));
  PetscCall(PetscFree(g->written));
  PetscCall(PetscFree(g->exchange));
  PetscCall(PetscFree(g->sums));
  PetscCall(PetscCommDestroy(&g->comm));
  PetscCall(PetscFree(g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- building ---- */

/* Room for one more entry of `size` bytes in a list. */
static PetscErrorCode grow(PetscInt used, PetscInt *room, size_t size, void *list)
{
  char **entries = list, *grown;

  PetscFunctionBeginUser;
  if (used < *room) PetscFunctionReturn(PETSC_SUCCESS);
  *room = *room ? 2 * *room : 32;
  PetscCall(PetscCalloc1((size_t)*room * size, &grown));
  if (used) PetscCall(PetscMemcpy(grown, *entries, (size_t)used * size));
  PetscCall(PetscFree(*entries));
  *entries = grown;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static size_t value_bytes(Graph g, const SinewParameter *p)
{
  return p->size * g->value_size;
}

static PetscErrorCode map_pages(size_t bytes, void **memory)
{
  PetscFunctionBeginUser;
  *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (*memory == MAP_FAILED) *memory = NULL;
  PetscCheck(*memory, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory for %zu bytes", bytes);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Values lie side by side. But what a lean network releases must go back to the system at once, where holes in the heap
 * would stay: so each has pages of its own. */
static PetscErrorCode allocate_values(Graph g)
{
  size_t bytes = 0;
  char *next;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < g->parameters; ++k) bytes += NeuralRoom(value_bytes(g, &g->parameter[k]));
  if (g->stream)
    PetscCall(NeuralReserve(bytes, &g->values)); /* they may move before anything is there (GraphShare) */
  else if (!g->lean)
    PetscCall(NeuralAlloc(bytes, &g->values));
  next = g->values;
  for (PetscInt k = 0; k < g->parameters; ++k) {
    SinewParameter *p = &g->parameter[k];

    if (g->lean)
      PetscCall(map_pages(NeuralRoom(value_bytes(g, p)), &p->value));
    else {
      p->value = next;
      NeuralGuard(next, value_bytes(g, p));
      next += NeuralRoom(value_bytes(g, p));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

void GraphReleaseParameter(Graph g, PetscInt id)
{
  SinewParameter *p = &g->parameter[id];

  if (g->lean && p->value) (void)munmap(p->value, NeuralRoom(value_bytes(g, p)));
  p->value = NULL;
}

PetscErrorCode GraphParameter(Graph g, PetscInt *id, int rank, const PetscInt64 shape[], double bound, double constant,
                              const char format[], ...)
{
  SinewParameter *p;
  char name[sizeof(p->name)];
  va_list words;
  int length;

  PetscFunctionBeginUser;
  va_start(words, format);
  length = vsnprintf(name, sizeof(name), format, words);
  va_end(words);
  PetscCheck(length > 0 && (size_t)length < sizeof(name), g->comm, PETSC_ERR_PLIB, "parameter name too long");
  for (*id = 0; *id < g->parameters && strcmp(g->parameter[*id].name, name); ++*id)
    ;
  if (*id < g->parameters) {
    p = &g->parameter[*id];
    PetscCheck(p->rank == rank && !memcmp(p->shape, shape, (size_t)rank * sizeof(*shape)), g->comm, PETSC_ERR_PLIB,
               "%s was declared with another shape", name);
    if (g->last_layer[*id] < 0) g->last_layer[*id] = g->ops; /* asked for by the layer that comes next */
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(grow(g->parameters, &g->parameter_room, sizeof(*g->parameter), &g->parameter));
  PetscCall(grow(g->parameters, &g->last_room, sizeof(*g->last_layer), &g->last_layer));
  g->last_layer[g->parameters] = -1;
  p = &g->parameter[g->parameters];
  memcpy(p->name, name, sizeof(name));
  p->rank = rank;
  p->size = 1;
  for (int k = 0; k < rank; ++k) p->size *= (size_t)(p->shape[k] = shape[k]);
  p->bound = bound;
  p->constant = constant;
  ++g->parameters;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphDivide(Graph g, PetscInt parameter, PetscInt row, PetscInt rows)
{
  SinewParameter *p = &g->parameter[parameter];

  PetscFunctionBeginUser;
  PetscCheck(!p->part, g->comm, PETSC_ERR_PLIB, "%s is in parts already", p->name);
  p->part = PETSC_TRUE;
  p->row = row;
  p->rows = rows;
  p->size = ParameterRow(p) * (size_t)rows;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphNode(Graph g, SinewLayout layout, PetscInt channels, PetscInt halo, PetscBool exchanged,
                         PetscInt *id)
{
  PetscFunctionBeginUser;
  PetscCall(grow(g->nodes, &g->node_room, sizeof(*g->node), &g->node));
  g->node[g->nodes] =
      (Node){.layout = layout, .channels = channels, .halo = halo, .first = -1, .last = -1, .writer = -1};
  g->node[g->nodes].segment = g->open ? g->segments - 1 : -1;
  g->node[g->nodes].exchanged = (PetscBool)(exchanged && halo > 0);
  PetscCall(SinewLayoutReference(layout));
  *id = g->nodes++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphOp(Graph g, const OpMethods *methods, PetscInt inputs, const PetscInt input[], PetscInt output,
                       void *data)
{
  Op *op;

  PetscFunctionBeginUser;
  PetscCheck(inputs <= OP_INPUTS_MAX, g->comm, PETSC_ERR_PLIB, "too many inputs");
  PetscCall(grow(g->ops, &g->op_room, sizeof(*g->op), &g->op));
  op = &g->op[g->ops];
  *op = (Op){.methods = methods, .index = g->ops, .inputs = inputs, .output = output, .data = data};
  for (PetscInt k = 0; k < inputs; ++k) {
    Node *node = &g->node[input[k]];

    op->input[k] = input[k];
    node->last = node->writer = op->index;
  }
  if (output >= 0) g->node[output].first = g->node[output].last = op->index;
  ++g->ops;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphKeep(Graph g, PetscInt node)
{
  PetscFunctionBeginUser;
  g->node[node].keep = g->node[node].keep_value = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphKeepValue(Graph g, PetscInt node)
{
  PetscFunctionBeginUser;
  g->node[node].keep_value = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphReread(Graph g, PetscInt node)
{
  PetscFunctionBeginUser;
  g->node[node].reread = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphRim(Graph g, PetscInt node)
{
  PetscFunctionBeginUser;
  g->node[node].rim = PetscMax(g->node[node].rim, g->node[node].halo);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphSegmentBegin(Graph g)
{
  PetscFunctionBeginUser;
  PetscCall(grow(g->segments, &g->segment_room, sizeof(*g->segment), &g->segment));
  g->segment[g->segments++] = (struct GraphSegment){g->ops, g->ops};
  g->open = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphSegmentEnd(Graph g)
{
  PetscFunctionBeginUser;
  g->segment[g->segments - 1].end = g->ops;
  g->open = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphExchange(Graph g, SinewLayout from, SinewLayout to, PetscInt halo, PetscInt channels,
                             Exchange *exchange)
{
  PetscInt k = 0;

  PetscFunctionBeginUser;
  while (k < g->exchanges && (g->exchange[k].from != from || g->exchange[k].to != to || g->exchange[k].halo != halo))
    ++k;
  if (k == g->exchanges) {
    PetscCall(grow(g->exchanges, &g->exchange_room, sizeof(*g->exchange), &g->exchange));
    PetscCall(ExchangeCreate(from, to, halo, &g->exchange[k].exchange));
    g->exchange[k].from = from;
    g->exchange[k].to = to;
    g->exchange[k].halo = halo;
    ++g->exchanges;
  }
  *exchange = g->exchange[k].exchange;
  PetscCall(ExchangeReserve(*exchange, (size_t)(g->batch * channels) * g->value_size));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- setting up ---- */

/* Who writes each gradient first, running backwards. */
static PetscErrorCode mark_fresh(Graph g)
{
  PetscBool *written;

  PetscFunctionBeginUser;
  PetscCall(PetscCalloc1((size_t)g->nodes, &written));
  for (PetscInt k = g->ops - 1; k >= 0; --k)
    for (PetscInt i = 0; i < g->op[k].inputs; ++i) {
      g->op[k].fresh[i] = (PetscBool)!written[g->op[k].input[i]];
      written[g->op[k].input[i]] = PETSC_TRUE;
    }
  PetscCall(PetscFree(written));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_scratch(Graph g)
{
  size_t widest = 0;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < g->nodes; ++k) {
    const Node *node = &g->node[k];

    widest = PetscMax(widest, (size_t)(node->channels * (node->layout->box.nx + 4)));
    g->sum_count = PetscMax(g->sum_count, (size_t)(g->batch * node->channels));
  }
  g->row_bytes = widest * g->value_size;
  PetscCall(NeuralAlloc(g->row_bytes, &g->row));
  g->sum_count = 4 * g->sum_count + 4 * (size_t)g->batch;
  PetscCall(PetscMalloc1(g->sum_count, &g->sums));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void GraphScratch(Graph g, size_t bytes)
{
  g->scratch_bytes = PetscMax(g->scratch_bytes, bytes);
}

PetscErrorCode GraphSetup(Graph g)
{
  PetscFunctionBeginUser;
  PetscCall(PetscCalloc1((size_t)g->parameters, &g->written));
  PetscCall(allocate_values(g));
  g->own = g->parameter;
  for (PetscInt k = 0; k < g->parameters; ++k) g->bytes += g->parameter[k].size * g->value_size;
  if (g->training) {
    PetscCall(GraphGradientsCreate(g));
    PetscCall(mark_fresh(g));
  }
  PetscCall(GraphPlanMemory(g));
  PetscCall(create_scratch(g));
  PetscCall(GraphTimesCreate(g));
  for (PetscInt k = 0; k < g->ops; ++k)
    if (g->op[k].methods->setup) PetscCall((*g->op[k].methods->setup)(g, &g->op[k]));
  PetscCall(NeuralAlloc(g->scratch_bytes, &g->scratch)); /* once: what grows leaves holes */
  PetscCall(GraphChannelsCreate(g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphPack(Graph g)
{
  PetscFunctionBeginUser;
  PetscCall(GraphShareFence(g));
  for (PetscInt k = 0; k < g->ops; ++k)
    if (g->op[k].methods->pack) PetscCall((*g->op[k].methods->pack)(g, &g->op[k]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- running ---- */

PetscErrorCode GraphForward(Graph g, PetscInt begin, PetscInt end)
{
  double since = 0;

  PetscFunctionBeginUser;
  for (PetscInt k = begin; k < end; ++k) {
    PetscCall(GraphTimesBegin(g, &since));
    PetscCall((*g->op[k].methods->forward)(g, &g->op[k]));
    GraphTimesEnd(g, k, PETSC_FALSE, since);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphFill(Graph g, Op *op, PetscLogEvent event, GraphMake *make)
{
  const Node *node = &g->node[op->output];
  const SinewBox box = node->layout->box;
  const PetscInt h = node->exchanged ? node->halo : 0, ny = box.ny, nx = box.nx;
  const PetscBool split = (PetscBool)(h && ny > 2 * h && nx > 2 * h);
  PetscBool side[4] = {PETSC_FALSE};
  PetscInt low, high, left, right; /* of what is no rim */

  PetscFunctionBeginUser;
  if (split) ExchangeSides(node->layout->exchanges[h - 1], box, h, side);
  low = side[0] ? h : 0;
  high = side[1] ? ny - h : ny;
  left = side[2] ? h : 0;
  right = side[3] ? nx - h : nx;
  PetscCall(PetscLogEventBegin(event, 0, 0, 0, 0));
  for (PetscInt b = 0; b < g->batch; ++b) {
    if (!split && ny && nx) (*make)(g, op, b, (SinewBox){0, 0, ny, nx});
    if (side[0]) (*make)(g, op, b, (SinewBox){0, 0, h, nx});
    if (side[1]) (*make)(g, op, b, (SinewBox){ny - h, 0, h, nx});
    if (side[2]) (*make)(g, op, b, (SinewBox){low, 0, high - low, h});
    if (side[3]) (*make)(g, op, b, (SinewBox){low, nx - h, high - low, h});
  }
  PetscCall(PetscLogEventEnd(event, 0, 0, 0, 0));
  if (h) PetscCall(SinewTensorHaloBegin(node->value));
  if (split) {
    PetscCall(PetscLogEventBegin(event, 0, 0, 0, 0));
    for (PetscInt b = 0; b < g->batch; ++b) (*make)(g, op, b, (SinewBox){low, left, high - low, right - left});
    PetscCall(PetscLogEventEnd(event, 0, 0, 0, 0));
  }
  if (h) PetscCall(SinewTensorHaloEnd(node->value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void GraphClear(Graph g, PetscInt node)
{
  const Node *n = &g->node[node];

  memset(n->gradient->data, 0, SinewTensorBytes(n->layout, g->dtype, g->batch, n->channels, n->rim));
}

/* Gradients of a layer's inputs start from zero where it is the first to add to them. */
void GraphClearInputs(Graph g, const Op *op)
{
  for (PetscInt i = 0; i < op->inputs; ++i)
    if (op->fresh[i]) GraphClear(g, op->input[i]);
}

/* What copies of a node's cells say. */
static PetscErrorCode sum_rim(const Node *node)
{
  PetscFunctionBeginUser;
  if (node->exchanged && node->rim) PetscCall(SinewTensorHaloSum(node->gradient));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphBackwardRange(Graph g, PetscInt begin, PetscInt end)
{
  double since = 0;

  PetscFunctionBeginUser;
  for (PetscInt k = end - 1; k >= begin; --k) {
    Op *op = &g->op[k];

    PetscCall(GraphTimesBegin(g, &since));
    if (op->output >= 0) PetscCall(sum_rim(&g->node[op->output]));
    PetscCall(GraphGradientsBefore(g, k));
    PetscCall((*op->methods->backward)(g, op));
    PetscCall(GraphGradientsAfter(g, k));
    GraphTimesEnd(g, k, PETSC_TRUE, since);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The values of the last segment are still there; those of the others have been overwritten. */
static PetscErrorCode backward_segments(Graph g)
{
  PetscInt end = g->ops;

  PetscFunctionBeginUser;
  for (PetscInt k = g->segments - 1; k >= 0; --k) {
    const struct GraphSegment s = g->segment[k];

    PetscCall(GraphBackwardRange(g, s.end, end));
    if (k < g->segments - 1) PetscCall(GraphForward(g, s.begin, s.end));
    end = s.end;
    PetscCall(GraphBackwardRange(g, s.begin, end));
    end = s.begin;
  }
  PetscCall(GraphBackwardRange(g, 0, end));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphBackward(Graph g)
{
  PetscFunctionBeginUser;
  PetscCall(GraphGradientsBegin(g));
  PetscCall(backward_segments(g));
  PetscCall(GraphGradientsBefore(g, -1)); /* what the conditions are computed by */
  PetscCall(ConditionBackward(g));
  PetscCall(GraphGradientsAfter(g, -1));
  PetscCall(GraphGradientsEnd(g));
  PetscFunctionReturn(PETSC_SUCCESS);
}
