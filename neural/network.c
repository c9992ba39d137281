/* Networks: their parameters, files, and running them. */
#include "io/random.h"
#include "neural/network_private.h"
#include "neural/ode_private.h"
#include <stdlib.h>
#include <string.h>

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
  *parameters = network->graph->parameter;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewNetworkUpdate(SinewNetwork network)
{
  PetscFunctionBeginUser;
  PetscCall(GraphPack(network->graph));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A number in [-1, 1) that depends on seed, stream and index alone. */
static double uniform(PetscInt64 seed, PetscInt64 stream, PetscInt64 index)
{
  const uint64_t key = (uint64_t)seed * 0xd1342543de82ef95u + (uint64_t)stream * 0x2545f4914f6cdd1du + (uint64_t)index;

  return (double)(SinewRandomMix(SinewRandomMix(key)) >> 11) * 0x1p-52 - 1;
}

PetscErrorCode SinewNetworkInitialize(SinewNetwork network, PetscInt64 seed)
{
  const Graph g = network->graph;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < g->parameters; ++k) {
    const SinewParameter *p = &g->parameter[k];

    for (size_t i = 0; i < p->size; ++i) {
      const double value = p->bound > 0 ? p->bound * uniform(seed, k, (PetscInt64)i) : p->constant;

      if (g->dtype == SINEW_FLOAT32)
        ((float *)p->value)[i] = (float)value;
      else
        ((double *)p->value)[i] = value;
    }
  }
  PetscCall(SinewNetworkUpdate(network));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- files ---- */

static void print_shape(int rank, const PetscInt64 shape[], size_t size, char text[])
{
  size_t used = 1;

  (void)snprintf(text, size, "(");
  for (int k = 0; k < rank && used < size; ++k)
    used += (size_t)snprintf(text + used, size - used, "%s%lld", k ? ", " : "", (long long)shape[k]);
  if (used < size) (void)snprintf(text + used, size - used, ")");
}

static PetscErrorCode check_shape(MPI_Comm comm, const char path[], const SinewParameter *p, const SinewArray *array)
{
  char have[128], want[128];

  PetscFunctionBeginUser;
  if (array->rank == p->rank && !memcmp(array->shape, p->shape, (size_t)p->rank * sizeof(*p->shape)))
    PetscFunctionReturn(PETSC_SUCCESS);
  print_shape(array->rank, array->shape, sizeof(have), have);
  print_shape(p->rank, p->shape, sizeof(want), want);
  SETERRQ(comm, SINEW_ERR_INPUT, "%s: parameter %s has shape %s, the network needs %s", path, p->name, have, want);
}

static PetscErrorCode check_finite(Graph g, const char path[], const SinewParameter *p)
{
  PetscFunctionBeginUser;
  for (size_t i = 0; i < p->size; ++i) {
    const double value =
        g->dtype == SINEW_FLOAT32 ? (double)((const float *)p->value)[i] : ((const double *)p->value)[i];

    PetscCheck(isfinite(value), g->comm, SINEW_ERR_INPUT, "%s: parameter %s is not finite at entry %zu", path, p->name,
               i);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode load_one(Graph g, SinewFile file, const char path[], const char group[], SinewParameter *p)
{
  char name[256];
  SinewArray array;
  PetscBool exists;

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(name, sizeof(name), "%s/%s", group, p->name));
  PetscCall(SinewFileInquire(file, name, &exists, &array));
  PetscCheck(exists, g->comm, SINEW_ERR_INPUT, "%s: parameter %s is missing", path, p->name);
  PetscCall(check_shape(g->comm, path, p, &array));
  array.name = name;
  array.dtype = g->dtype;
  array.data = p->value;
  PetscCall(SinewFileRead(file, &array));
  PetscCall(check_finite(g, path, p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool known(Graph g, const char name[])
{
  for (PetscInt k = 0; k < g->parameters; ++k)
    if (!strcmp(g->parameter[k].name, name)) return PETSC_TRUE;
  return PETSC_FALSE;
}

static PetscErrorCode check_extra(Graph g, SinewFile file, const char path[], const char group[])
{
  const size_t stem = strlen(group) + 1;
  PetscInt count;
  char **names, extra[256] = "";

  PetscFunctionBeginUser;
  PetscCall(SinewFileList(file, group, &count, &names));
  for (PetscInt k = 0; k < count; ++k) {
    if (!extra[0] && strlen(names[k]) > stem && !known(g, names[k] + stem))
      (void)snprintf(extra, sizeof(extra), "%s", names[k] + stem);
    PetscCall(PetscFree(names[k]));
  }
  PetscCall(PetscFree(names));
  PetscCheck(!extra[0], g->comm, SINEW_ERR_INPUT, "%s: parameter %s is none of this network's", path, extra);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewNetworkLoad(SinewNetwork network, SinewFile file, const char path[], const char group[])
{
  const Graph g = network->graph;

  PetscFunctionBeginUser;
  PetscCall(check_extra(g, file, path, group));
  for (PetscInt k = 0; k < g->parameters; ++k) PetscCall(load_one(g, file, path, group, &g->parameter[k]));
  PetscCall(SinewNetworkUpdate(network));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewNetworkStore(SinewNetwork network, SinewFile file, const char group[])
{
  const Graph g = network->graph;
  char name[256];

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < g->parameters; ++k) {
    const SinewParameter *p = &g->parameter[k];
    SinewArray array = {.name = name, .dtype = g->dtype, .rank = p->rank, .data = p->value};

    PetscCheck(p->value, g->comm, PETSC_ERR_ORDER, "%s was released after the first update", p->name);
    PetscCall(PetscSNPrintf(name, sizeof(name), "%s/%s", group, p->name));
    PetscCall(PetscArraycpy(array.shape, p->shape, p->rank));
    PetscCall(SinewFileWrite(file, &array));
  }
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

PetscErrorCode SinewNetworkSetReduction(SinewNetwork network, MPI_Comm comm)
{
  PetscFunctionBeginUser;
  network->graph->reduction = comm;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- getters ---- */

PetscErrorCode SinewNetworkGetGradients(SinewNetwork network, size_t *count, void **gradients)
{
  PetscFunctionBeginUser;
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
  PetscInt count = 0;

  for (PetscInt k = 0; k < network->graph->parameters; ++k) count += (PetscInt)network->graph->parameter[k].size;
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
