#include "neural/message_private.h"

#include <stdlib.h>

#include "neural/blas.h"
#include "neural/tensor_private.h"

PetscLogEvent MESSAGE_Edges, MESSAGE_Nodes, MESSAGE_EdgesAdjoint, MESSAGE_NodesAdjoint;

const PetscInt MessageStrides[3] = {3, 3, 2};

MessageOptions MessageDefaults(void)
{
  return (MessageOptions){
      .fields = 1, .hidden = 128, .layers = 6, .kernel = {16, 12, 8}, .channels = {4, 8}, .scale = 0.1};
}

static PetscErrorCode register_events(void)
{
  PetscClassId id;

  PetscFunctionBeginUser;
  if (MESSAGE_Edges) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscClassIdRegister("SinewMessage", &id));
  PetscCall(PetscLogEventRegister("MessageEdges", id, &MESSAGE_Edges));
  PetscCall(PetscLogEventRegister("MessageNodes", id, &MESSAGE_Nodes));
  PetscCall(PetscLogEventRegister("MessageEdgesAdj", id, &MESSAGE_EdgesAdjoint));
  PetscCall(PetscLogEventRegister("MessageNodesAdj", id, &MESSAGE_NodesAdjoint));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- parameters ---- */

/* PREFIX NAME.weight (out, in) and .bias (out), with PyTorch's initial bounds */
static PetscErrorCode declare_dense(ParameterTable *table, const char prefix[], const char name[], PetscInt index,
                                    const char more[], PetscInt in, PetscInt out, MessageDense *dense)
{
  const PetscInt64 shape[2] = {out, in};
  const double bound = 1 / PetscSqrtReal((double)in);

  PetscFunctionBeginUser;
  dense->in = in;
  dense->out = out;
  PetscCall(ParameterTableDeclare(table, PETSC_TRUE, 2, shape, bound, 0, &dense->weight,
                                  "%s%s.%" PetscInt_FMT "%s.weight", prefix, name, index, more));
  PetscCall(ParameterTableDeclare(table, PETSC_TRUE, 1, shape, bound, 0, &dense->bias, "%s%s.%" PetscInt_FMT "%s.bias",
                                  prefix, name, index, more));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode declare_norm(Message m, const char prefix[], const char name[], PetscInt index, const char more[],
                                   MessageNorm *norm)
{
  const PetscInt64 shape[1] = {m->o.hidden};
  const char *const part[5] = {"weight", "bias", "running_mean", "running_var", "num_batches_tracked"};
  PetscInt *const id[5] = {&norm->weight, &norm->bias, &norm->mean, &norm->variance, &norm->count};

  PetscFunctionBeginUser;
  for (int k = 0; k < 5; k++)
    PetscCall(ParameterTableDeclare(m->table, (PetscBool)(k < 2), k < 4, shape, 0, k == 0 || k == 3, id[k],
                                    "%s%s.%" PetscInt_FMT "%s.%s", prefix, name, index, more, part[k]));
  PetscCall(PetscMalloc1(m->o.hidden, &norm->spread));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* In the order of the original's state_dict. */
static PetscErrorCode declare(Message m, const char prefix[])
{
  const PetscInt H = m->o.hidden, F = m->o.fields;

  PetscFunctionBeginUser;
  for (int k = 0; k < 2; k++) {
    PetscCall(declare_dense(m->table, prefix, "embedding_mlp", 3 * k, "", k ? H : F + 3, H, &m->embedding[k]));
    PetscCall(declare_norm(m, prefix, "embedding_mlp", 3 * k + 1, "", &m->embedding_norm[k]));
  }
  for (PetscInt l = 0; l < m->o.layers; l++) {
    MessageLayer *layer = &m->layer[l];

    PetscCall(
        declare_dense(m->table, prefix, "gnn_layers", l, ".message_net_1.0", 2 * H + F + 3, H, &layer->message[0]));
    PetscCall(declare_dense(m->table, prefix, "gnn_layers", l, ".message_net_2.0", H, H, &layer->message[1]));
    PetscCall(declare_dense(m->table, prefix, "gnn_layers", l, ".update_net_1.0", 2 * H + 1, H, &layer->update[0]));
    PetscCall(declare_dense(m->table, prefix, "gnn_layers", l, ".update_net_2.0", H, H, &layer->update[1]));
    PetscCall(declare_norm(m, prefix, "gnn_layers", l, ".norm.module", &layer->norm));
  }
  for (int c = 0; c < 3; c++) {
    const PetscInt in = m->width[c] / m->length[c], out = m->width[c + 1] / m->length[c + 1];
    const PetscInt64 shape[3] = {out, in, m->o.kernel[c]};
    const double bound = 1 / PetscSqrtReal((double)(in * m->o.kernel[c]));

    PetscCall(ParameterTableDeclare(m->table, PETSC_TRUE, 3, shape, bound, 0, &m->decoder_weight[c],
                                    "%soutput_mlp.%d.weight", prefix, 2 * c));
    PetscCall(ParameterTableDeclare(m->table, PETSC_TRUE, 1, shape, bound, 0, &m->decoder_bias[c],
                                    "%soutput_mlp.%d.bias", prefix, 2 * c));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode size_decoder(Message m)
{
  const PetscInt channels[4] = {1, m->o.channels[0], m->o.channels[1], m->o.fields};

  PetscFunctionBeginUser;
  m->length[0] = m->o.hidden;
  for (int c = 0; c < 3; c++) {
    const PetscInt rest = m->length[c] - m->o.kernel[c];

    m->length[c + 1] = rest < 0 ? 0 : rest / MessageStrides[c] + 1;
  }
  for (int c = 0; c < 4; c++) m->width[c] = channels[c] * m->length[c];
  PetscCheck(m->length[3] == 1, m->comm, SINEW_ERR_INPUT,
             "a decoder with kernels %" PetscInt_FMT ", %" PetscInt_FMT ", %" PetscInt_FMT " turns %" PetscInt_FMT
             " features into %" PetscInt_FMT " values a field, expected 1",
             m->o.kernel[0], m->o.kernel[1], m->o.kernel[2], m->o.hidden, m->length[3]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode MessageCreate(MPI_Comm comm, ParameterTable *table, const char prefix[], const MessageOptions *options,
                             PetscBool training, Message *message)
{
  Message m;

  PetscFunctionBeginUser;
  PetscCall(SinewBlasTune());
  PetscCall(register_events());
  PetscCall(PetscNew(&m));
  *message = m;
  m->comm = comm;
  m->table = table;
  m->o = *options;
  if (!(m->o.offset > 0)) m->o.offset = 1;
  m->training = training;
  m->methods = table->dtype == SINEW_FLOAT32 ? &MessageMethodsFloat : &MessageMethodsDouble;
  PetscCall(PetscCalloc1(m->o.layers, &m->layer));
  PetscCall(size_decoder(m));
  PetscCall(declare(m, prefix));
  PetscCall(PetscMalloc1((size_t)(2 * m->o.hidden), &m->sums));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- memory ---- */

static PetscErrorCode grow(Message m, PetscInt rows, PetscInt width, void **memory)
{
  PetscFunctionBeginUser;
  free(*memory);
  PetscCall(NeuralAlloc((size_t)rows * (size_t)width * SinewDtypeSize(m->table->dtype), memory));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Inference keeps one layer: all share the arrays of the first, and h is overwritten. */
static PetscErrorCode grow_layer(Message m, PetscInt k)
{
  const PetscInt H = m->o.hidden, n = m->node_room;
  MessageLayer *l = &m->layer[k];

  PetscFunctionBeginUser;
  if (k && !m->training) {
    l->h = m->layer[0].h;
    l->P = m->layer[0].P;
    l->Q = m->layer[0].Q;
    l->M = m->layer[0].M;
    l->U1 = m->layer[0].U1;
    l->U2 = m->layer[0].U2;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(grow(m, n, H, &l->h));
  PetscCall(grow(m, n, H, &l->P));
  PetscCall(grow(m, m->row_room, H, &l->Q));
  PetscCall(grow(m, n, H, &l->M));
  PetscCall(grow(m, n, H, &l->U1));
  PetscCall(grow(m, n, H, &l->U2));
  if (!m->training) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(grow(m, n, H, &l->norm.normal));
  free(l->open);
  PetscCall(NeuralAlloc((size_t)n * (size_t)m->k * (size_t)H, (void **)&l->open));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode grow_adjoints(Message m)
{
  const PetscInt n = m->node_room, F = m->o.fields;
  PetscInt most = m->o.hidden;

  PetscFunctionBeginUser;
  for (int c = 0; c < 4; c++) most = PetscMax(most, m->width[c]);
  for (int k = 0; k < 2; k++) PetscCall(grow(m, n, m->o.hidden, &m->embedding_norm[k].normal));
  PetscCall(grow(m, n, most, &m->g));
  PetscCall(grow(m, n, most, &m->dM));
  PetscCall(grow(m, n, most, &m->dP));
  PetscCall(grow(m, n, most, &m->dE));
  PetscCall(grow(m, n, F + 3, &m->dK));
  PetscCall(grow(m, m->row_room, m->o.hidden, &m->dQ));
  for (int c = 0; c < 3; c++) {
    PetscCall(grow(m, m->width[c + 1], m->width[c], &m->matrix_gradient[c]));
    PetscCall(grow(m, m->width[c + 1], 1, &m->bias_gradient[c]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Arrays for at least as many nodes and rows as the graph has; halos change from step to step, hence some more. */
static PetscErrorCode reserve(Message m)
{
  const PetscInt H = m->o.hidden, edges = PetscMax(m->k, MESSAGE_BLOCK);

  PetscFunctionBeginUser;
  if (m->node_room >= m->nodes && m->row_room >= m->rows) PetscFunctionReturn(PETSC_SUCCESS);
  m->node_room = PetscMax(m->node_room, m->nodes);
  m->row_room = m->rows > m->nodes ? m->rows + (m->rows - m->nodes) / 4 : m->rows;
  for (PetscInt k = 0; k < m->o.layers; k++) PetscCall(grow_layer(m, k));
  if (m->training)
    PetscCall(grow(m, m->node_room, H, &m->last));
  else
    m->last = m->layer[0].h;
  PetscCall(grow(m, m->node_room, m->o.fields + 3, &m->K));
  PetscCall(grow(m, m->node_room, m->o.fields + 3, &m->C));
  PetscCall(grow(m, m->node_room, H, &m->E));
  for (int c = 0; c < 2; c++) PetscCall(grow(m, m->node_room, m->width[c + 1], &m->D[c]));
  for (int c = 0; c < 3; c++) {
    PetscCall(grow(m, m->width[c + 1], m->width[c], &m->matrix[c])); /* zero between the bands */
    PetscCall(grow(m, m->width[c + 1], 1, &m->matrix_bias[c]));
    PetscCall(grow(m, edges, H, &m->edge[c]));
  }
  if (m->training) PetscCall(grow_adjoints(m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void free_layer(Message m, PetscInt k)
{
  MessageLayer *l = &m->layer[k];
  void *const all[] = {l->h, l->P, l->Q, l->M, l->U1, l->U2, l->norm.normal, l->open};

  for (size_t i = 0; (k == 0 || m->training) && i < sizeof(all) / sizeof(all[0]); i++) free(all[i]);
}

PetscErrorCode MessageDestroy(Message *message)
{
  Message m = *message;

  PetscFunctionBeginUser;
  *message = NULL;
  if (!m) PetscFunctionReturn(PETSC_SUCCESS);
  if (m->training) free(m->last);
  for (PetscInt k = 0; k < m->o.layers; k++) {
    free_layer(m, k);
    PetscCall(PetscFree(m->layer[k].norm.spread));
  }
  for (int c = 0; c < 3; c++) {
    void *const all[] = {m->matrix[c], m->matrix_bias[c], m->matrix_gradient[c], m->bias_gradient[c], m->edge[c]};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) free(all[i]);
  }
  for (int k = 0; k < 2; k++) {
    free(m->D[k]);
    free(m->embedding_norm[k].normal);
    PetscCall(PetscFree(m->embedding_norm[k].spread));
  }
  void *const rest[] = {m->K, m->C, m->E, m->g, m->dM, m->dP, m->dQ, m->dK, m->dE};
  for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]); i++) free(rest[i]);
  PetscCall(PetscFree(m->layer));
  PetscCall(PetscFree(m->sums));
  PetscCall(PetscFree(m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- running ---- */

PetscErrorCode MessageForward(Message m, SinewNeighbours graph, PetscInt samples, const double t[], const void *u,
                              PetscBool statistics, void *y)
{
  PetscInt64 total;

  PetscFunctionBeginUser;
  m->graph = graph;
  m->samples = samples;
  m->t = t;
  m->statistics = statistics;
  m->nodes = SinewNeighboursOwned(graph);
  m->rows = SinewNeighboursRows(graph);
  m->k = SinewNeighboursDegree(graph);
  total = m->nodes;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &total, 1, MPIU_INT64, MPI_SUM, m->comm));
  m->total = (double)total;
  PetscCall(reserve(m));
  PetscCall((*m->methods->forward)(m, u, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode MessageBackward(Message m, const void *dy, void *du)
{
  PetscFunctionBeginUser;
  PetscCheck(m->training && m->graph, m->comm, PETSC_ERR_ORDER,
             "no forward of a network made for training before this");
  PetscCall((*m->methods->backward)(m, dy, du));
  PetscFunctionReturn(PETSC_SUCCESS);
}

double MessageFlops(Message m, PetscInt k)
{
  const double H = (double)m->o.hidden, layers = (double)m->o.layers;
  double node = H * (double)(m->o.fields + 3) + H * H + layers * 6 * H * H;

  for (int c = 0; c < 3; c++) node += (double)m->width[c] * (double)m->width[c + 1];
  return 2 * (node + layers * (double)k * H * H);
}
