/*
  Layer: convolution of the concatenation of up to four nodes, one primitive for each, no copy. On a shared map a rank
  computes a slice of the output's channels, and all gather the slices.
*/
#include "neural/graph_private.h"
#include "neural/parameters_private.h"
#include <stdlib.h>
#include <string.h>

typedef struct {
  PetscInt weight, bias, kernel, dilation;
  PetscBool sliced;
  PetscInt first, count; /* this rank's channels of the output, sliced or all */
  PetscInt halo;         /* of what is computed: the output's, cheaper than another exchange */
  PetscInt cells;        /* of the output, and of its gradient with the rim */
  PetscInt rimmed;
  Convolution part[OP_INPUTS_MAX];
} Layer;

static PetscInt cells_of(Graph g, const Node *node, PetscInt frame)
{
  const SinewBox box = node->layout->box;

  return box.ny && box.nx ? g->batch * (box.ny + 2 * frame) * (box.nx + 2 * frame) : 0;
}

/* Whether the convolution takes the box of an input that has a halo: as a copy. */
static PetscBool is_copied(const Layer *layer, const Node *in)
{
  return (PetscBool)(layer->kernel == 1 && in->halo != layer->halo);
}

/* Whether it computes an input's gradient where that is to be; else in scratch, to be added. */
static PetscBool is_direct(const Layer *layer, const Node *in, PetscBool fresh)
{
  return (PetscBool)(fresh && in->rim == layer->halo);
}

/* Whether this rank gives all of its rows of the weights a gradient. */
static PetscBool writes_all(Graph g, const Layer *layer)
{
  const SinewParameter *weight = &g->parameter[layer->weight];

  return (PetscBool)(layer->cells > 0 && layer->count > 0 && (weight->part || layer->count == weight->shape[0]));
}

static PetscErrorCode setup(Graph g, Op *op)
{
  Layer *layer = op->data;
  const Node *out = &g->node[op->output];
  const SinewBox box = out->layout->box;
  PetscInt at = 0;

  PetscFunctionBeginUser;
  layer->cells = cells_of(g, out, layer->halo);
  layer->rimmed = cells_of(g, out, out->rim);
  if (layer->sliced) GraphReserveChannels(g, (size_t)(layer->rimmed * out->channels));
  g->written[layer->weight] = g->written[layer->bias] = writes_all(g, layer);
  for (PetscInt k = 0; k < op->inputs; ++k) {
    const Node *in = &g->node[op->input[k]];
    const ConvolutionShape shape = {.batch = g->batch,
                                    .ny = layer->count && box.ny ? box.ny + 2 * layer->halo : 0,
                                    .nx = box.nx ? box.nx + 2 * layer->halo : 0,
                                    .in = in->channels,
                                    .out = layer->count,
                                    .kernel = layer->kernel,
                                    .dilation = layer->dilation,
                                    .slice = at,
                                    .channels = (PetscInt)g->parameter[layer->weight].shape[1],
                                    .accumulate = (PetscBool)(k > 0),
                                    .training = g->training,
                                    .bf16 = g->bf16};

    PetscCall((*g->convolution->create)(g->engine, &shape, &layer->part[k]));
    if (is_copied(layer, in) || (g->training && !is_direct(layer, in, op->fresh[k])))
      GraphScratch(g, (size_t)(layer->cells * in->channels) * g->value_size);
    if (layer->sliced && g->training) GraphReserveChannels(g, (size_t)(layer->cells * in->channels));
    at += in->channels;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where this rank's rows of a parameter's values or gradient begin. */
static void *own_rows(Graph g, const Layer *layer, PetscInt parameter, void *values)
{
  const SinewParameter *p = &g->parameter[parameter];

  return p->part ? values : (char *)values + (size_t)layer->first * ParameterRow(p) * g->value_size;
}

static PetscErrorCode pack(Graph g, Op *op)
{
  Layer *layer = op->data;
  SinewParameter *weight = &g->parameter[layer->weight];

  PetscFunctionBeginUser;
  PetscCheck(weight->value, g->comm, PETSC_ERR_ORDER, "%s was released after the first update", weight->name);
  for (PetscInt k = 0; k < op->inputs; ++k)
    PetscCall((*g->convolution->pack)(layer->part[k], own_rows(g, layer, layer->weight, weight->value)));
  if (g->lean) GraphReleaseParameter(g, layer->weight);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An input as the convolution takes it. */
static const void *taken(Graph g, const Layer *layer, const Node *in)
{
  const SinewBox box = in->layout->box;
  const size_t row = (size_t)(box.nx * in->channels) * g->value_size;
  char *to = g->scratch;

  if (!is_copied(layer, in)) return in->value->data;
  for (PetscInt b = 0; b < g->batch; ++b)
    for (PetscInt y = 0; y < box.ny; ++y, to += row) memcpy(to, TensorCell(in->value, b, y, 0), row);
  return g->scratch;
}

static PetscErrorCode forward(Graph g, Op *op)
{
  Layer *layer = op->data;
  const PetscInt channels = g->node[op->output].channels;
  const void *bias = own_rows(g, layer, layer->bias, g->parameter[layer->bias].value);
  void *y = GraphValue(g, op->output)->data;
  void *own = layer->sliced ? GraphOwnChannels(g, layer->cells, channels) : y;

  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(NEURAL_Convolution, 0, 0, 0, 0));
  for (PetscInt k = 0; k < op->inputs; ++k)
    PetscCall((*g->convolution->forward)(layer->part[k], taken(g, layer, &g->node[op->input[k]]), bias, own));
  PetscCall(PetscLogEventEnd(NEURAL_Convolution, 0, 0, 0, 0));
  if (layer->sliced) PetscCall(GraphGatherChannels(g, layer->cells, channels, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- back ---- */

/* Adds what is in scratch to an input's gradient. */
static void add_scratch(Graph g, const Layer *layer, const Node *in, size_t count)
{
  struct _p_SinewTensor scratch = *in->gradient;

  if (in->rim == layer->halo) {
    (*g->kernels->sum)(count, g->scratch, in->gradient->data, in->gradient->data);
    return;
  }
  scratch.halo = layer->halo;
  scratch.data = g->scratch;
  for (PetscInt b = 0; b < g->batch; ++b) (*g->kernels->add)(&scratch, in->gradient, b);
}

/* This rank's channels of the output's gradient, rim included. */
static const void *own_slope(Graph g, const Op *op)
{
  const Layer *layer = op->data;
  const PetscInt channels = g->node[op->output].channels;
  const void *all = GraphGradient(g, op->output)->data;

  return layer->sliced ? GraphTakeChannels(g, layer->rimmed, channels, all) : all;
}

/* The gradients of weights, which need no rim. */
static PetscErrorCode backward_weights(Graph g, const Op *op, PetscInt k, const void *gy)
{
  const Layer *layer = op->data;
  const void *x = taken(g, layer, &g->node[op->input[k]]);
  void *weight = own_rows(g, layer, layer->weight, g->parameter[layer->weight].gradient);
  void *bias = k ? NULL : own_rows(g, layer, layer->bias, g->parameter[layer->bias].gradient);

  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(NEURAL_Convolution, 0, 0, 0, 0));
  PetscCall((*g->convolution->backward_weights)(layer->part[k], x, gy, weight, bias));
  PetscCall(PetscLogEventEnd(NEURAL_Convolution, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where an input's gradient is found. */
static void *data_of(Graph g, const Op *op, PetscInt k)
{
  const Node *in = &g->node[op->input[k]];

  return is_direct(op->data, in, op->fresh[k]) ? in->gradient->data : g->scratch;
}

/* What the slice of the output says about an input; of a shared one, what all slices say. */
static PetscErrorCode backward_data(Graph g, const Op *op, PetscInt k, const void *gy, MPI_Request *request)
{
  const Layer *layer = op->data;
  const Node *in = &g->node[op->input[k]];
  const size_t count = (size_t)(layer->cells * in->channels);
  void *sum = data_of(g, op, k), *gx = layer->sliced ? GraphSummand(g, sum) : sum;

  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(NEURAL_Convolution, 0, 0, 0, 0));
  if (!layer->count) memset(gx, 0, count * g->value_size);
  PetscCall((*g->convolution->backward_data)(layer->part[k], gy, gx));
  PetscCall(PetscLogEventEnd(NEURAL_Convolution, 0, 0, 0, 0));
  if (layer->sliced) PetscCall(GraphSumSharedBegin(g, count, gx, request));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Puts that where it belongs, once all slices have been heard. */
static PetscErrorCode finish_data(Graph g, const Op *op, PetscInt k, MPI_Request *request)
{
  const Layer *layer = op->data;
  const Node *in = &g->node[op->input[k]];
  const size_t count = (size_t)(layer->cells * in->channels);

  PetscFunctionBeginUser;
  if (layer->sliced) PetscCall(GraphSumSharedEnd(g, count, data_of(g, op, k), request));
  if (is_direct(layer, in, op->fresh[k])) PetscFunctionReturn(PETSC_SUCCESS);
  if (op->fresh[k]) GraphClear(g, op->input[k]);
  add_scratch(g, layer, in, count);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Gradients of weights are found while the rim is under way; those of slices while ranks add up what their slices say
 * about an input, but for 1x1 convolutions, whose input may be a copy in the scratch that is added up. */
static PetscErrorCode backward(Graph g, Op *op)
{
  const Layer *layer = op->data;
  const SinewTensor all = GraphGradient(g, op->output);
  const PetscBool rim = (PetscBool)(layer->kernel > 1);
  const void *gy;
  MPI_Request request;

  PetscFunctionBeginUser;
  if (rim) PetscCall(SinewTensorHaloBegin(all));
  for (PetscInt k = 0; k < op->inputs && !layer->sliced; ++k) PetscCall(backward_weights(g, op, k, all->data));
  if (rim) PetscCall(SinewTensorHaloEnd(all));
  gy = own_slope(g, op);
  for (PetscInt k = 0; k < op->inputs; ++k) {
    if (layer->sliced && !rim) PetscCall(backward_weights(g, op, k, gy));
    PetscCall(backward_data(g, op, k, gy, &request));
    if (layer->sliced && rim) PetscCall(backward_weights(g, op, k, gy));
    PetscCall(finish_data(g, op, k, &request));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(Graph g, Op *op)
{
  Layer *layer = op->data;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < op->inputs; ++k) PetscCall((*g->convolution->destroy)(&layer->part[k]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* On a shared map: this rank's channels, and if so wished their parameters alone. */
static PetscErrorCode slice(Graph g, SinewLayout layout, PetscInt channels, Layer *layer)
{
  PetscFunctionBeginUser;
  layer->sliced = layout->shared;
  layer->count = channels;
  if (!layer->sliced) PetscFunctionReturn(PETSC_SUCCESS);
  GraphSlice(g, channels, g->rank, &layer->first, &layer->count);
  if (!g->divided) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(GraphDivide(g, layer->weight, layer->first, layer->count));
  PetscCall(GraphDivide(g, layer->bias, layer->first, layer->count));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const OpMethods methods = {"convolution", setup, pack, forward, backward, destroy};

PetscErrorCode LayerConvolution(Graph g, const char name[], PetscInt sources, const PetscInt source[], PetscInt kernel,
                                PetscInt dilation, PetscInt halo, PetscInt channels, PetscInt *out)
{
  Layer *layer;
  const SinewLayout layout = g->node[source[0]].layout;
  PetscInt in = 0, input[OP_INPUTS_MAX]; /* a copy: out may point to a source */
  double bound;

  PetscFunctionBeginUser;
  PetscCheck(sources <= OP_INPUTS_MAX, g->comm, PETSC_ERR_PLIB, "%s: too many sources", name);
  for (PetscInt k = 0; k < sources; ++k) {
    const Node *node = &g->node[input[k] = source[k]];

    PetscCheck(kernel == 1 ? !halo || node->halo == halo : !halo && node->halo == dilation, g->comm, PETSC_ERR_PLIB,
               "%s: halo does not fit", name);
    PetscCheck(node->layout == layout, g->comm, PETSC_ERR_PLIB, "%s: maps do not fit", name);
    in += node->channels;
    PetscCall(GraphReread(g, input[k]));
    if (halo) PetscCall(GraphRim(g, input[k]));
  }
  PetscCall(PetscNew(&layer));
  layer->kernel = kernel;
  layer->dilation = dilation;
  layer->halo = halo;
  bound = 1 / PetscSqrtReal((PetscReal)(in * kernel * kernel));
  PetscCall(
      GraphParameter(g, &layer->weight, 4, (PetscInt64[]){channels, in, kernel, kernel}, bound, 0, "%s.weight", name));
  PetscCall(GraphParameter(g, &layer->bias, 1, (PetscInt64[]){channels}, bound, 0, "%s.bias", name));
  PetscCall(slice(g, layout, channels, layer));
  PetscCall(GraphNode(g, layout, channels, halo, PETSC_FALSE, out));
  g->node[*out].rim = kernel == 1 ? halo : dilation;
  PetscCall(GraphOp(g, &methods, sources, input, *out, layer));
  g->flops += 2. * (double)(g->batch * layout->ny * layout->nx) * (double)(in * kernel * kernel * channels);
  PetscFunctionReturn(PETSC_SUCCESS);
}
