/* Layers that change the grid: inputs, pooling, up-sampling, moves between boxes. */
#include "neural/graph_private.h"

/* ---- input ---- */

typedef struct {
  PetscInt node;
} Input;

static PetscErrorCode input_forward(Graph g, Op *op)
{
  const SinewTensor value = GraphValue(g, ((Input *)op->data)->node);

  PetscFunctionBeginUser;
  PetscCall(SinewTensorHaloBegin(value));
  PetscCall(SinewTensorHaloEnd(value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode input_backward(Graph g, Op *op)
{
  PetscFunctionBeginUser;
  PetscCall(SinewTensorHaloSum(GraphGradient(g, ((Input *)op->data)->node)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const OpMethods input_methods = {"input", NULL, NULL, input_forward, input_backward, NULL};

PetscErrorCode LayerInput(Graph g, SinewLayout layout, PetscInt channels, PetscInt halo, PetscInt *out)
{
  Input *input;

  PetscFunctionBeginUser;
  PetscCall(GraphNode(g, layout, channels, halo, PETSC_FALSE, out));
  PetscCall(GraphKeep(g, *out));
  PetscCall(PetscNew(&input));
  input->node = *out;
  PetscCall(GraphOp(g, &input_methods, 0, NULL, -1, input));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- move ---- */

typedef struct {
  Exchange exchange, adjoint; /* the halo, and the rim, differ in width */
} Move;

static PetscErrorCode move_setup(Graph g, Op *op)
{
  const Node *in = &g->node[op->input[0]], *out = &g->node[op->output];
  Move *move = op->data;

  PetscFunctionBeginUser;
  PetscCall(GraphExchange(g, in->layout, out->layout, out->halo, out->channels, &move->exchange));
  if (g->training) PetscCall(GraphExchange(g, in->layout, out->layout, out->rim, out->channels, &move->adjoint));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode move_forward(Graph g, Op *op)
{
  const Exchange exchange = ((Move *)op->data)->exchange;
  const SinewTensor from = GraphValue(g, op->input[0]), to = GraphValue(g, op->output);

  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(NEURAL_Halo, 0, 0, 0, 0));
  TensorZeroBorder(to);
  PetscCall(ExchangeBegin(exchange, from, to));
  PetscCall(ExchangeEnd(exchange, from, to));
  PetscCall(PetscLogEventEnd(NEURAL_Halo, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode move_backward(Graph g, Op *op)
{
  PetscFunctionBeginUser;
  GraphClearInputs(g, op);
  PetscCall(PetscLogEventBegin(NEURAL_Halo, 0, 0, 0, 0));
  PetscCall(ExchangeAdjoint(((Move *)op->data)->adjoint, GraphGradient(g, op->input[0]), GraphGradient(g, op->output)));
  PetscCall(PetscLogEventEnd(NEURAL_Halo, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const OpMethods move_methods = {"move", move_setup, NULL, move_forward, move_backward, NULL};

PetscErrorCode LayerMove(Graph g, PetscInt source, SinewLayout to, PetscInt halo, PetscInt *out)
{
  Move *move;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&move));
  PetscCall(GraphNode(g, to, g->node[source].channels, halo, PETSC_FALSE, out));
  PetscCall(GraphOp(g, &move_methods, 1, &source, *out, move));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- pooling ---- */

typedef struct {
  PetscBool maximum;
} Pool;

static void pool(Graph g, Op *op, PetscInt b, SinewBox r)
{
  (*g->kernels->pool)(GraphValue(g, op->input[0]), GraphValue(g, op->output), ((Pool *)op->data)->maximum, b, r);
}

static PetscErrorCode pool_forward(Graph g, Op *op)
{
  PetscFunctionBeginUser;
  PetscCall(GraphFill(g, op, NEURAL_Sample, pool));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode pool_backward(Graph g, Op *op)
{
  PetscFunctionBeginUser;
  GraphClearInputs(g, op);
  for (PetscInt b = 0; b < g->batch; ++b)
    (*g->kernels->pool_adjoint)(GraphValue(g, op->input[0]), GraphGradient(g, op->output), ((Pool *)op->data)->maximum,
                                b, GraphGradient(g, op->input[0]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const OpMethods pool_methods = {"pool", NULL, NULL, pool_forward, pool_backward, NULL};

PetscErrorCode LayerPool(Graph g, PetscBool maximum, PetscInt source, SinewLayout halved, SinewLayout merged,
                         PetscInt halo, PetscInt *out)
{
  Pool *layer;
  const PetscBool moves = (PetscBool)(halved != merged);

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&layer));
  layer->maximum = maximum;
  if (maximum) PetscCall(GraphReread(g, source));
  PetscCall(GraphNode(g, halved, g->node[source].channels, moves ? 0 : halo, PETSC_TRUE, out));
  PetscCall(GraphOp(g, &pool_methods, 1, &source, *out, layer));
  if (moves) PetscCall(LayerMove(g, *out, merged, halo, out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- up-sampling ---- */

static void upsample(Graph g, Op *op, PetscInt b, SinewBox r)
{
  (*g->kernels->upsample)(GraphValue(g, op->input[0]), GraphValue(g, op->output), b, r, g->row);
}

static PetscErrorCode upsample_forward(Graph g, Op *op)
{
  PetscFunctionBeginUser;
  PetscCall(GraphFill(g, op, NEURAL_Sample, upsample));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode upsample_backward(Graph g, Op *op)
{
  PetscFunctionBeginUser;
  GraphClearInputs(g, op);
  for (PetscInt b = 0; b < g->batch; ++b)
    (*g->kernels->upsample_adjoint)(GraphGradient(g, op->output), b, GraphGradient(g, op->input[0]), g->row);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const OpMethods upsample_methods = {"upsample", NULL, NULL, upsample_forward, upsample_backward, NULL};

PetscErrorCode LayerUpsample(Graph g, PetscInt source, SinewLayout fine, PetscInt halo, PetscInt *out)
{
  const Node *in = &g->node[source];

  PetscFunctionBeginUser;
  PetscCheck(in->halo == 2 && 2 * in->layout->box.ny == fine->box.ny && 2 * in->layout->box.nx == fine->box.nx, g->comm,
             PETSC_ERR_PLIB, "up-sampling needs a halo of two and the halved boxes");
  PetscCall(GraphRim(g, source));
  PetscCall(GraphNode(g, fine, in->channels, halo, PETSC_TRUE, out));
  PetscCall(GraphOp(g, &upsample_methods, 1, &source, *out, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}
