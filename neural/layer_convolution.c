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
  PetscInt cells;        /* of the output, halo included when it is computed there too */
  Convolution part[OP_INPUTS_MAX];
} Layer;

/* Numbers of an input's gradient. */
static size_t values_of(Graph g, const Node *in)
{
  return SinewTensorBytes(in->layout, g->dtype, g->batch, in->channels, in->halo) / g->value_size;
}

static PetscErrorCode setup(Graph g, Op *op)
{
  Layer *layer = op->data;
  const Node *out = &g->node[op->output];
  /* a 1x1 convolution works on the halo too: cheaper than another exchange */
  const PetscInt rim = layer->kernel == 1 ? out->halo : 0;
  const SinewBox box = out->layout->box;
  const PetscInt ny = box.ny ? box.ny + 2 * rim : 0, nx = box.nx ? box.nx + 2 * rim : 0;
  PetscInt at = 0;

  PetscFunctionBeginUser;
  layer->cells = g->batch * ny * nx;
  if (layer->sliced) PetscCall(GraphReserveChannels(g, (size_t)(layer->cells * out->channels)));
  for (PetscInt k = 0; k < op->inputs; ++k) {
    const Node *in = &g->node[op->input[k]];
    const ConvolutionShape shape = {.batch = g->batch,
                                    .ny = layer->count ? ny : 0,
                                    .nx = nx,
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
    if (g->training && !op->fresh[k]) PetscCall(GraphScratch(g, values_of(g, in) * g->value_size));
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
    PetscCall((*g->convolution->forward)(layer->part[k], GraphValue(g, op->input[k])->data, bias, own));
  PetscCall(PetscLogEventEnd(NEURAL_Convolution, 0, 0, 0, 0));
  if (layer->sliced) PetscCall(GraphGatherChannels(g, layer->cells, channels, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What the slice of the output says about an input; of a shared one, what all slices say. */
static PetscErrorCode backward_data(Graph g, const Layer *layer, Convolution part, const Node *in, const void *gy,
                                    PetscBool fresh)
{
  const size_t count = values_of(g, in);
  void *gx = fresh ? in->gradient->data : g->scratch;

  PetscFunctionBeginUser;
  if (!layer->count) memset(gx, 0, count * g->value_size);
  PetscCall((*g->convolution->backward_data)(part, gy, gx));
  if (layer->sliced) PetscCall(GraphSumShared(g, count, gx));
  if (!fresh) (*g->kernels->add_all)(count, g->scratch, in->gradient->data);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode backward(Graph g, Op *op)
{
  Layer *layer = op->data;
  const PetscInt channels = g->node[op->output].channels;
  const void *all = GraphGradient(g, op->output)->data;
  void *own = layer->sliced ? GraphOwnChannels(g, layer->cells, channels) : NULL;
  const void *gy = layer->sliced ? own : all;
  void *weight = own_rows(g, layer, layer->weight, g->parameter[layer->weight].gradient);
  void *bias = own_rows(g, layer, layer->bias, g->parameter[layer->bias].gradient);

  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(NEURAL_Convolution, 0, 0, 0, 0));
  if (layer->sliced) GraphTakeChannels(g, layer->cells, channels, all, own);
  for (PetscInt k = 0; k < op->inputs; ++k) {
    const Node *in = &g->node[op->input[k]];

    PetscCall((*g->convolution->backward_weights)(layer->part[k], in->value->data, gy, weight, k ? NULL : bias));
    PetscCall(backward_data(g, layer, layer->part[k], in, gy, op->fresh[k]));
  }
  PetscCall(PetscLogEventEnd(NEURAL_Convolution, 0, 0, 0, 0));
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
                                PetscInt dilation, PetscInt channels, PetscInt *out)
{
  Layer *layer;
  const PetscInt halo = g->node[source[0]].halo;
  const SinewLayout layout = g->node[source[0]].layout;
  PetscInt in = 0, input[OP_INPUTS_MAX]; /* a copy: out may point to a source */
  double bound;

  PetscFunctionBeginUser;
  PetscCheck(sources <= OP_INPUTS_MAX, g->comm, PETSC_ERR_PLIB, "%s: too many sources", name);
  for (PetscInt k = 0; k < sources; ++k) {
    const Node *node = &g->node[input[k] = source[k]];

    PetscCheck(kernel == 1 ? node->halo == halo : node->halo == dilation, g->comm, PETSC_ERR_PLIB,
               "%s: halo does not fit", name);
    PetscCheck(node->layout == layout, g->comm, PETSC_ERR_PLIB, "%s: maps do not fit", name);
    in += node->channels;
    PetscCall(GraphReread(g, input[k]));
  }
  PetscCall(PetscNew(&layer));
  layer->kernel = kernel;
  layer->dilation = dilation;
  bound = 1 / PetscSqrtReal((PetscReal)(in * kernel * kernel));
  PetscCall(
      GraphParameter(g, &layer->weight, 4, (PetscInt64[]){channels, in, kernel, kernel}, bound, 0, "%s.weight", name));
  PetscCall(GraphParameter(g, &layer->bias, 1, (PetscInt64[]){channels}, bound, 0, "%s.bias", name));
  PetscCall(slice(g, layout, channels, layer));
  PetscCall(GraphNode(g, layout, channels, kernel == 1 ? halo : 0, PETSC_FALSE, out));
  PetscCall(GraphOp(g, &methods, sources, input, *out, layer));
  g->flops += 2. * (double)(g->batch * layout->ny * layout->nx) * (double)(in * kernel * kernel * channels);
  PetscFunctionReturn(PETSC_SUCCESS);
}
