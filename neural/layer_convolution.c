/* Layer: convolution of the concatenation of up to four nodes, one primitive for each, no copy. */
#include "neural/graph_private.h"
#include <stdlib.h>

typedef struct {
  PetscInt weight, bias, kernel, dilation;
  Convolution part[OP_INPUTS_MAX];
} Layer;

static PetscErrorCode setup(Graph g, Op *op)
{
  Layer *layer = op->data;
  const Node *out = &g->node[op->output];
  /* a 1x1 convolution works on the halo too: cheaper than another exchange */
  const PetscInt rim = layer->kernel == 1 ? out->halo : 0;
  const SinewBox box = out->layout->box;
  PetscInt slice = 0;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < op->inputs; ++k) {
    const Node *in = &g->node[op->input[k]];
    const ConvolutionShape shape = {.batch = g->batch,
                                    .ny = box.ny ? box.ny + 2 * rim : 0,
                                    .nx = box.nx ? box.nx + 2 * rim : 0,
                                    .in = in->channels,
                                    .out = out->channels,
                                    .kernel = layer->kernel,
                                    .dilation = layer->dilation,
                                    .slice = slice,
                                    .channels = (PetscInt)g->parameter[layer->weight].shape[1],
                                    .accumulate = (PetscBool)(k > 0),
                                    .training = g->training,
                                    .bf16 = g->bf16};

    PetscCall((*g->convolution->create)(g->engine, &shape, &layer->part[k]));
    if (g->training && !op->fresh[k])
      PetscCall(GraphScratch(g, SinewTensorBytes(in->layout, g->dtype, g->batch, in->channels, in->halo)));
    slice += in->channels;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode pack(Graph g, Op *op)
{
  Layer *layer = op->data;
  SinewParameter *weight = &g->parameter[layer->weight];

  PetscFunctionBeginUser;
  PetscCheck(weight->value, g->comm, PETSC_ERR_ORDER, "%s was released after the first update", weight->name);
  for (PetscInt k = 0; k < op->inputs; ++k) PetscCall((*g->convolution->pack)(layer->part[k], weight->value));
  if (g->lean) GraphReleaseParameter(g, layer->weight);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode forward(Graph g, Op *op)
{
  Layer *layer = op->data;

  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(NEURAL_Convolution, 0, 0, 0, 0));
  for (PetscInt k = 0; k < op->inputs; ++k)
    PetscCall((*g->convolution->forward)(layer->part[k], GraphValue(g, op->input[k])->data,
                                         g->parameter[layer->bias].value, GraphValue(g, op->output)->data));
  PetscCall(PetscLogEventEnd(NEURAL_Convolution, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode backward(Graph g, Op *op)
{
  Layer *layer = op->data;
  const void *gy = GraphGradient(g, op->output)->data;
  SinewParameter *weight = &g->parameter[layer->weight], *bias = &g->parameter[layer->bias];

  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(NEURAL_Convolution, 0, 0, 0, 0));
  for (PetscInt k = 0; k < op->inputs; ++k) {
    const Node *in = &g->node[op->input[k]];
    const size_t bytes = SinewTensorBytes(in->layout, g->dtype, g->batch, in->channels, in->halo);

    PetscCall((*g->convolution->backward_weights)(layer->part[k], in->value->data, gy, weight->gradient,
                                                  k ? NULL : bias->gradient));
    PetscCall((*g->convolution->backward_data)(layer->part[k], gy, op->fresh[k] ? in->gradient->data : g->scratch));
    if (!op->fresh[k]) (*g->kernels->add_all)(bytes / g->value_size, g->scratch, in->gradient->data);
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
  PetscCall(GraphNode(g, layout, channels, kernel == 1 ? halo : 0, PETSC_FALSE, out));
  PetscCall(GraphOp(g, &methods, sources, input, *out, layer));
  g->flops += 2. * (double)(g->batch * layout->ny * layout->nx) * (double)(in * kernel * kernel * channels);
  PetscFunctionReturn(PETSC_SUCCESS);
}
