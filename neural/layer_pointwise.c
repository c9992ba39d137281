/*
  Layer: norm over channels and the whole map, activation, conditioning, residuals, in one pass.
  The norm is that of Wu & He (2018) with one group; variance biased, 1e-5 added.
*/
#include "neural/graph_private.h"
#include <string.h>

#define EPSILON 1e-5

typedef struct {
  PointwiseLayer how;
  PetscBool norm, condition;
  PetscInt weight, bias;               /* parameters of the norm */
  PetscInt linear_weight, linear_bias; /* of the conditioning */
  void *scale, *offset, *gain, *shift; /* [batch][channels] */
  double *mean, *rstd;                 /* [batch] */
  double *linear;                      /* [batch][channels or twice as many] */
  PetscInt width;
} Layer;

static double get(Graph g, const void *values, size_t k)
{
  return g->dtype == SINEW_FLOAT32 ? (double)((const float *)values)[k] : ((const double *)values)[k];
}

static void set(Graph g, void *values, size_t k, double value)
{
  if (g->dtype == SINEW_FLOAT32)
    ((float *)values)[k] = (float)value;
  else
    ((double *)values)[k] = value;
}

static PetscErrorCode setup(Graph g, Op *op)
{
  Layer *layer = op->data;
  const size_t n = (size_t)(g->batch * g->node[op->output].channels), bytes = n * g->value_size;
  char *memory;

  PetscFunctionBeginUser;
  PetscCheck(!g->training || op->fresh[0] || !(layer->norm || layer->condition || layer->how.activation), g->comm,
             PETSC_ERR_PLIB, "the input of an activation has another reader");
  PetscCall(PetscCalloc1(4 * bytes, &memory));
  layer->scale = memory;
  layer->offset = memory + bytes;
  layer->gain = memory + 2 * bytes;
  layer->shift = memory + 3 * bytes;
  PetscCall(PetscCalloc3((size_t)g->batch, &layer->mean, (size_t)g->batch, &layer->rstd,
                         (size_t)(g->batch * layer->width), &layer->linear));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(Graph g, Op *op)
{
  Layer *layer = op->data;

  PetscFunctionBeginUser;
  (void)g;
  PetscCall(PetscFree(layer->scale));
  PetscCall(PetscFree3(layer->mean, layer->rstd, layer->linear));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- statistics ---- */

static PetscErrorCode reduce(SinewLayout layout, PetscInt n, double sums[])
{
  PetscFunctionBeginUser;
  if (layout->active == MPI_COMM_NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscLogEventBegin(NEURAL_Reduce, 0, 0, 0, 0));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sums, (PetscMPIInt)n, MPI_DOUBLE, MPI_SUM, layout->active));
  PetscCall(PetscLogEventEnd(NEURAL_Reduce, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  Mean and 1/sqrt(variance + eps) of each sample, or of those together. Sums are in double: for float input one sweep
  about zero is exact enough, for double input a second one about the mean follows.
*/
static PetscErrorCode statistics(Graph g, const Layer *layer, const Node *in)
{
  const PetscInt groups = g->batch / g->together;
  const double count = (double)(g->together * in->channels) * (double)in->layout->ny * (double)in->layout->nx;
  double *sums = g->sums, own[2];

  PetscFunctionBeginUser;
  for (PetscInt b = 0; b < g->batch; ++b) layer->mean[b] = 0;
  for (int sweep = 0; sweep < (g->dtype == SINEW_FLOAT32 ? 1 : 2); ++sweep) {
    PetscCall(PetscLogEventBegin(NEURAL_Norm, 0, 0, 0, 0));
    for (PetscInt k = 0; k < 2 * groups; ++k) sums[k] = 0;
    for (PetscInt b = 0; b < g->batch; ++b) {
      (*g->kernels->moments)(in->value, b, layer->mean[b], own);
      sums[2 * (b / g->together)] += own[0];
      sums[2 * (b / g->together) + 1] += own[1];
    }
    PetscCall(PetscLogEventEnd(NEURAL_Norm, 0, 0, 0, 0));
    PetscCall(reduce(in->layout, 2 * groups, sums));
    for (PetscInt b = 0; b < g->batch; ++b) {
      const double *sum = sums + 2 * (b / g->together);
      const double shift = sum[0] / count, variance = sum[1] / count - shift * shift;

      layer->mean[b] += shift;
      layer->rstd[b] = 1 / sqrt(PetscMax(variance, 0) + EPSILON);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void set_norm(Graph g, const Layer *layer, PetscInt channels)
{
  for (PetscInt b = 0; b < g->batch; ++b)
    for (PetscInt c = 0; c < channels; ++c) {
      const double scale = get(g, g->parameter[layer->weight].value, (size_t)c) * layer->rstd[b];

      set(g, layer->scale, (size_t)(b * channels + c), scale);
      set(g, layer->offset, (size_t)(b * channels + c),
          get(g, g->parameter[layer->bias].value, (size_t)c) - layer->mean[b] * scale);
    }
}

static PetscErrorCode set_condition(Graph g, const Layer *layer, PetscInt channels)
{
  const PetscInt first = layer->how.scale_shift ? channels : 0; /* where the shifts start */

  PetscFunctionBeginUser;
  PetscCall(ConditionLinear(g, layer->linear_weight, layer->linear_bias, layer->linear));
  for (PetscInt b = 0; b < g->batch; ++b)
    for (PetscInt c = 0; c < channels; ++c) {
      const double *s = layer->linear + b * layer->width;

      set(g, layer->gain, (size_t)(b * channels + c), layer->how.scale_shift ? s[c] : 0);
      set(g, layer->shift, (size_t)(b * channels + c), s[first + c]);
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- forth and back ---- */

static Pointwise describe(Graph g, const Op *op)
{
  const Layer *layer = op->data;
  Pointwise p = {.x = GraphValue(g, op->input[0]),
                 .y = GraphValue(g, op->output),
                 .residuals = layer->how.residuals,
                 .activation = layer->how.activation,
                 .scale = layer->norm ? layer->scale : NULL,
                 .offset = layer->offset,
                 .gain = layer->condition ? layer->gain : NULL,
                 .shift = layer->shift};

  for (int k = 0; k < p.residuals; ++k) p.residual[k] = GraphValue(g, op->input[1 + k]);
  return p;
}

static void make(Graph g, Op *op, PetscInt b, SinewBox r)
{
  const Pointwise p = describe(g, op);

  (*g->kernels->pointwise)(&p, b, r);
}

static PetscErrorCode forward(Graph g, Op *op)
{
  Layer *layer = op->data;
  const Node *in = &g->node[op->input[0]];

  PetscFunctionBeginUser;
  if (layer->norm) {
    PetscCall(statistics(g, layer, in));
    set_norm(g, layer, in->channels);
  }
  if (layer->condition) PetscCall(set_condition(g, layer, in->channels));
  PetscCall(GraphFill(g, op, NEURAL_Norm, make));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Adds what the samples' sums say to the parameters' gradients, where they count; per-sample sums of the norm's adjoint
 * into means. */
static void norm_gradients(Graph g, const Layer *layer, PetscInt channels, PetscBool leads, const ChannelSums *sums,
                           double means[])
{
  SinewParameter *weight = &g->parameter[layer->weight], *bias = &g->parameter[layer->bias];

  for (PetscInt b = 0; b < g->batch; ++b) {
    means[2 * b] = means[2 * b + 1] = 0;
    for (PetscInt c = 0; c < channels; ++c) {
      const double gamma = get(g, weight->value, (size_t)c), dw = sums->weight[b * channels + c],
                   db = sums->bias[b * channels + c];

      means[2 * b] += gamma * db;
      means[2 * b + 1] += gamma * dw;
      if (!leads) continue;
      set(g, weight->gradient, (size_t)c, get(g, weight->gradient, (size_t)c) + dw);
      set(g, bias->gradient, (size_t)c, get(g, bias->gradient, (size_t)c) + db);
    }
  }
}

static PetscErrorCode finish_norm(Graph g, const Op *op, const Pointwise *p, const ChannelSums *sums)
{
  const Layer *layer = op->data;
  const Node *in = &g->node[op->input[0]];
  const double count = (double)in->channels * (double)in->layout->ny * (double)in->layout->nx;
  double *means = g->sums + g->sum_count - 2 * (size_t)g->batch;

  PetscFunctionBeginUser;
  norm_gradients(g, layer, in->channels, in->layout->leads, sums, means);
  PetscCall(reduce(in->layout, 2 * g->batch, means));
  for (PetscInt b = 0; b < g->batch; ++b) {
    const double r = layer->rstd[b], m1 = means[2 * b] / count, m2 = means[2 * b + 1] / count;

    (*g->kernels->norm_adjoint)(p, b, in->gradient, -r * r * m2, layer->mean[b] * r * r * m2 - r * m1);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode condition_gradients(Graph g, const Layer *layer, PetscInt channels, const ChannelSums *sums)
{
  const PetscInt first = layer->how.scale_shift ? channels : 0;

  PetscFunctionBeginUser;
  for (PetscInt b = 0; b < g->batch; ++b)
    for (PetscInt c = 0; c < channels; ++c) {
      double *s = layer->linear + b * layer->width;

      if (layer->how.scale_shift) s[c] = sums->gain[b * channels + c];
      s[first + c] = sums->shift[b * channels + c];
    }
  PetscCall(ConditionLinearAdjoint(g, layer->linear_weight, layer->linear_bias, layer->linear));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Not just a sum. */
static PetscBool is_active(const Layer *layer)
{
  return (PetscBool)(layer->norm || layer->condition || layer->how.activation);
}

static PetscErrorCode activated_backward(Graph g, Op *op)
{
  Layer *layer = op->data;
  const PetscInt channels = g->node[op->output].channels;
  const size_t n = (size_t)(g->batch * channels);
  const Pointwise p = describe(g, op);
  const ChannelSums sums = {g->sums, g->sums + n, g->sums + 2 * n, g->sums + 3 * n};

  PetscFunctionBeginUser;
  memset(g->sums, 0, 4 * n * sizeof(double));
  for (PetscInt b = 0; b < g->batch; ++b) {
    const PetscInt k = b * channels;
    const ChannelSums own = {layer->norm ? sums.weight + k : NULL, sums.bias + k,
                             layer->condition ? sums.gain + k : NULL, sums.shift + k};

    (*g->kernels->pointwise_adjoint)(&p, b, GraphGradient(g, op->output), GraphGradient(g, op->input[0]),
                                     layer->mean[b], layer->rstd[b], &own);
  }
  if (layer->condition && p.x->layout->leads) PetscCall(condition_gradients(g, layer, channels, &sums));
  if (layer->norm) PetscCall(finish_norm(g, op, &p, &sums));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The output's gradient to a summand. */
static void hand_on(Graph g, const Op *op, PetscInt i)
{
  const SinewTensor from = GraphGradient(g, op->output), to = GraphGradient(g, op->input[i]);

  if (op->fresh[i] && !from->halo && !to->halo) {
    memcpy(to->data, from->data, SinewTensorBytes(to->layout, g->dtype, g->batch, to->channels, 0));
    return;
  }
  if (op->fresh[i]) GraphClear(g, op->input[i]);
  for (PetscInt b = 0; b < g->batch; ++b) (*g->kernels->add)(from, to, b);
}

static PetscErrorCode backward(Graph g, Op *op)
{
  Layer *layer = op->data;
  const PetscBool active = is_active(layer);

  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(NEURAL_Norm, 0, 0, 0, 0));
  for (PetscInt i = active ? 1 : 0; i < op->inputs; ++i) hand_on(g, op, i);
  if (active) PetscCall(activated_backward(g, op));
  PetscCall(PetscLogEventEnd(NEURAL_Norm, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const OpMethods methods = {"pointwise", setup, NULL, forward, backward, destroy};

PetscErrorCode LayerPointwise(Graph g, const PointwiseLayer *how, PetscInt source, PetscInt halo, PetscInt *out)
{
  const PetscInt channels = g->node[source].channels;
  PetscInt inputs[1 + RESIDUALS_MAX] = {source};
  Layer *layer;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&layer));
  layer->how = *how;
  layer->norm = (PetscBool) !!how->norm;
  layer->condition = (PetscBool) !!how->condition;
  layer->width = how->scale_shift ? 2 * channels : channels;
  if (how->norm) {
    PetscCall(GraphParameter(g, &layer->weight, 1, (PetscInt64[]){channels}, 0, 1, "%s.weight", how->norm));
    PetscCall(GraphParameter(g, &layer->bias, 1, (PetscInt64[]){channels}, 0, 0, "%s.bias", how->norm));
  }
  if (how->condition) {
    const PetscInt features = ConditionFeatures(g);
    const double bound = 1 / sqrt((double)features);

    PetscCall(GraphParameter(g, &layer->linear_weight, 2, (PetscInt64[]){layer->width, features}, bound, 0, "%s.weight",
                             how->condition));
    PetscCall(
        GraphParameter(g, &layer->linear_bias, 1, (PetscInt64[]){layer->width}, bound, 0, "%s.bias", how->condition));
  }
  for (int k = 0; k < how->residuals; ++k) {
    const Node *node = &g->node[how->residual[k]];

    PetscCheck(node->layout == g->node[source].layout && node->channels == channels, g->comm, PETSC_ERR_PLIB,
               "residual does not fit");
    inputs[1 + k] = how->residual[k];
  }
  if (is_active(layer)) PetscCall(GraphReread(g, source));
  PetscCall(GraphNode(g, g->node[source].layout, channels, halo, PETSC_TRUE, out));
  PetscCall(GraphOp(g, &methods, 1 + how->residuals, inputs, *out, layer));
  PetscFunctionReturn(PETSC_SUCCESS);
}
