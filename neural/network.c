/* Networks: their parameters, files, and running them. */
#include "neural/network_private.h"
#include "neural/ode_private.h"
#include "neural/parameters_private.h"

PetscErrorCode SinewNetworkDestroy(SinewNetwork *network)
{
  SinewNetwork n = *network;

  PetscFunctionBeginUser;
  *network = NULL;
  if (!n) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(OdeDestroy(&n->ode));
  PetscCall(GraphDestroy(&n->graph));
  PetscCall(PetscFree(n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- parameters ---- */

PetscErrorCode SinewNetworkGetParameters(SinewNetwork network, PetscInt *count, const SinewParameter **parameters)
{
  PetscFunctionBeginUser;
  *count = network->graph->parameters;
  *parameters = network->graph->own;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewNetworkUpdate(SinewNetwork network)
{
  PetscFunctionBeginUser;
  PetscCall(GraphPack(network->graph));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewNetworkInitialize(SinewNetwork network, PetscInt64 seed)
{
  const Graph g = network->graph;

  PetscFunctionBeginUser;
  PetscCall(GraphShareFence(g)); /* who is still reading */
  ParametersInitialize(g->dtype, g->parameters, g->own, seed);
  PetscCall(SinewNetworkUpdate(network));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewNetworkLoad(SinewNetwork network, SinewFile file, const char path[], const char group[])
{
  const Graph g = network->graph;

  PetscFunctionBeginUser;
  PetscCall(GraphShareFence(g));
  PetscCall(ParametersLoad(g->comm, g->dtype, g->parameters, g->own, file, path, group, NULL));
  PetscCall(SinewNetworkUpdate(network));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewNetworkStore(SinewNetwork network, SinewFile file, const char group[])
{
  const Graph g = network->graph;

  PetscFunctionBeginUser;
  PetscCall(ParametersStore(g->comm, g->dtype, g->parameters, g->own, file, group));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewNetworkShareMemory(SinewNetwork network, MPI_Comm comm)
{
  PetscFunctionBeginUser;
  PetscCheck(network->graph->stream, network->graph->comm, PETSC_ERR_ORDER, "the network keeps its gradients");
  PetscCall(GraphShare(network->graph, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- running ---- */

PetscErrorCode SinewNetworkSetEmbedding(SinewNetwork network, const double time[], const double parameter[])
{
  PetscFunctionBeginUser;
  if (network->features) PetscCall(ConditionSetEmbedding(network->graph, time, parameter));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewNetworkSetCondition(SinewNetwork network, const double time[], const double parameter[])
{
  const PetscInt n = network->features, batch = network->graph->batch;
  double *first, *second;

  PetscFunctionBeginUser;
  if (!n) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc2((size_t)(n * batch), &first, (size_t)(n * batch), &second));
  for (PetscInt b = 0; b < batch; ++b) {
    ConditionEmbed(n, time[b], first + n * b);
    if (parameter) ConditionEmbed(n, parameter[b], second + n * b);
  }
  PetscCall(SinewNetworkSetEmbedding(network, first, parameter ? second : NULL));
  PetscCall(PetscFree2(first, second));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewNetworkForward(SinewNetwork network)
{
  const Graph g = network->graph;

  PetscFunctionBeginUser;
  if (network->ode)
    PetscCall(OdeForward(g, network->ode));
  else {
    PetscCall(ConditionForward(g));
    PetscCall(GraphForward(g, 0, g->ops));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewNetworkBackward(SinewNetwork network)
{
  PetscFunctionBeginUser;
  PetscCheck(network->graph->training, network->graph->comm, PETSC_ERR_ORDER, "the network was made for inference");
  if (network->ode)
    PetscCall(OdeBackward(network->graph, network->ode));
  else
    PetscCall(GraphBackward(network->graph));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewNetworkSetReduction(SinewNetwork network, MPI_Comm comm, MPI_Comm across)
{
  const Graph g = network->graph;
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  g->reduction = comm;
  g->across = across;
  if (g->stream && !g->share) PetscCall(GraphGradientsPlace(g, NULL, NULL));
  PetscCallMPI(MPI_Comm_rank(across, &rank));
  for (PetscInt k = 0; k < g->parameters; ++k) g->own[k].spare = (PetscBool)(g->own[k].part && rank > 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewNetworkSumGradients(SinewNetwork network, MPI_Comm comm)
{
  const Graph g = network->graph;
  const MPI_Comm before = g->reduction;

  PetscFunctionBeginUser;
  PetscCheck(!g->stream, g->comm, PETSC_ERR_ORDER, "the network keeps no gradients");
  g->reduction = comm;
  PetscCall(GraphReduceGradients(g));
  g->reduction = before;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewNetworkSetConsumer(SinewNetwork network, SinewGradientConsumer *consumer, void *context)
{
  PetscFunctionBeginUser;
  PetscCheck(network->graph->stream, network->graph->comm, PETSC_ERR_ORDER, "the network keeps its gradients");
  network->graph->consumer = consumer;
  network->graph->consumer_context = context;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- getters ---- */

PetscErrorCode SinewNetworkGetGradients(SinewNetwork network, size_t *count, void **gradients)
{
  PetscFunctionBeginUser;
  PetscCheck(!network->graph->stream, network->graph->comm, PETSC_ERR_ORDER, "the network keeps no gradients");
  *count = network->graph->gradient_count;
  *gradients = network->graph->gradients;
  PetscFunctionReturn(PETSC_SUCCESS);
}

SinewDtype SinewNetworkDtype(SinewNetwork network)
{
  return network->graph->dtype;
}

SinewTensor SinewNetworkInput(SinewNetwork network)
{
  return GraphValue(network->graph, network->input);
}

SinewTensor SinewNetworkOutput(SinewNetwork network)
{
  return GraphValue(network->graph, network->output);
}

SinewTensor SinewNetworkOutputGradient(SinewNetwork network)
{
  return GraphGradient(network->graph, network->output);
}

SinewTensor SinewNetworkInputGradient(SinewNetwork network)
{
  return GraphGradient(network->graph, network->input);
}

PetscInt SinewNetworkParameterCount(SinewNetwork network)
{
  const Graph g = network->graph;
  PetscInt count = 0;

  for (PetscInt k = 0; k < g->parameters; ++k)
    count += (PetscInt)g->parameter[k].shape[0] * (PetscInt)ParameterRow(&g->parameter[k]);
  return count;
}

PetscReal SinewNetworkFlops(SinewNetwork network)
{
  return network->graph->flops;
}

size_t SinewNetworkMemory(SinewNetwork network)
{
  return network->graph->bytes;
}
