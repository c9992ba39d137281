/*
  Work that no layer waits for, done while this rank waits for others.

  Backward is a chain: every layer needs the gradient of the one before, and with it halos and sums over ranks.
  Gradients of weights hang on it at the side: only the sum over ranks at the end needs them, and they are a third of
  all work. So where ranks are several a convolution puts them off (GraphPutOff), and a rank that waits (GraphWait)
  finds them meanwhile. Ranks that are disturbed, or slower, at different times then catch up with each other instead of
  adding up their delays: two ranks trained SineNet 5 % faster on cores that were taken away now and then.

  What a layer put off is done, in the order of layers, before the layer LATER_SPAN further back begins: until then
  memory keeps what it reads (graph_memory.c). When it is done depends on the clock, what comes out does not. As sums of
  gradients over ranks are begun then, they must not share a communicator with any other sum in Backward.
*/
#include "neural/graph_private.h"

#define FEW      8     /* ranks that tell each other a few numbers directly */
#define PATIENCE 50e-6 /* seconds that a message under way may take; what is begun instead takes a millisecond */

/* Gradients of all layers down to the first that has work left are complete. */
static PetscErrorCode report(Graph g)
{
  const PetscInt complete = g->dues ? g->due[0].layer + 1 : g->finished;

  PetscFunctionBeginUser;
  while (g->reported > complete) PetscCall(GraphGradientsAfter(g, --g->reported));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode do_one(Graph g)
{
  const PetscInt layer = g->due[0].layer, part = g->due[0].part;
  Op *op = &g->op[layer];

  PetscFunctionBeginUser;
  --g->dues;
  PetscCall(PetscArraymove(g->due, g->due + 1, g->dues));
  PetscCall((*op->methods->later)(g, op, part));
  PetscCall(report(g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphLaterCreate(Graph g)
{
  PetscFunctionBeginUser;
  g->patience = PATIENCE;
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-sinew_patience", &g->patience, NULL));
  PetscCall(PetscMalloc1(FEW * 2 * (size_t)g->batch, &g->told));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphLaterDestroy(Graph g)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(g->told));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void GraphLaterBegin(Graph g, PetscInt layer)
{
  g->finished = g->reported = layer + 1;
}

PetscErrorCode GraphLaterFinished(Graph g, PetscInt layer)
{
  PetscFunctionBeginUser;
  g->finished = layer;
  PetscCall(report(g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphPutOff(Graph g, Op *op)
{
  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < op->inputs; ++k) {
    if (g->size == 1 || g->times) /* alone, or each layer is to be timed with all of its work */
      PetscCall((*op->methods->later)(g, op, k));
    else
      g->due[g->dues++] = (struct GraphDue){op->index, k};
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphCatchUp(Graph g, PetscInt layer)
{
  PetscFunctionBeginUser;
  while (g->dues && g->due[0].layer >= layer) PetscCall(do_one(g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphWait(Graph g, PetscLogEvent event, PetscMPIInt requests, MPI_Request request[])
{
  int done = 0;

  PetscFunctionBeginUser;
  while (g->dues) {
    const double until = MPI_Wtime() + g->patience;

    do {
      PetscCallMPI(MPI_Testall(requests, request, &done, MPI_STATUSES_IGNORE));
      if (done) PetscFunctionReturn(PETSC_SUCCESS);
    } while (MPI_Wtime() < until);
    PetscCall(do_one(g));
  }
  PetscCall(PetscLogEventBegin(event, 0, 0, 0, 0));
  PetscCallMPI(MPI_Waitall(requests, request, MPI_STATUSES_IGNORE));
  PetscCall(PetscLogEventEnd(event, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Few ranks send their numbers to each other: the sum is there as soon as the last rank is, whatever the others do. */
static PetscErrorCode sum_directly(Graph g, MPI_Comm comm, PetscMPIInt size, PetscMPIInt n, double sums[])
{
  MPI_Request request;
  double *all = g->told;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Iallgather(sums, n, MPI_DOUBLE, all, n, MPI_DOUBLE, comm, &request));
  PetscCall(GraphWait(g, NEURAL_Reduce, 1, &request));
  for (PetscMPIInt k = 0; k < n; ++k) {
    sums[k] = 0;
    for (PetscMPIInt r = 0; r < size; ++r) sums[k] += all[r * n + k];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphSumMeanwhile(Graph g, SinewLayout layout, PetscInt count, double sums[])
{
  const MPI_Comm comm = layout->active;
  PetscMPIInt size, n;
  MPI_Request request;

  PetscFunctionBeginUser;
  if (comm == MPI_COMM_NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMPIIntCast(count, &n));
  PetscCallMPI(MPI_Comm_size(comm, &size));
  if (size == 1) PetscFunctionReturn(PETSC_SUCCESS);
  if (size <= FEW) {
    PetscCall(sum_directly(g, comm, size, n, sums));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCallMPI(MPI_Iallreduce(MPI_IN_PLACE, sums, n, MPI_DOUBLE, MPI_SUM, comm, &request));
  PetscCall(GraphWait(g, NEURAL_Reduce, 1, &request));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode wait_for(Graph g, Exchange exchange)
{
  MPI_Request *request;
  PetscMPIInt requests;

  PetscFunctionBeginUser;
  ExchangeRequests(exchange, &requests, &request);
  PetscCall(GraphWait(g, NEURAL_Halo, requests, request));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphSumHalo(Graph g, Exchange exchange, SinewTensor from, SinewTensor to)
{
  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(NEURAL_Halo, 0, 0, 0, 0));
  PetscCall(ExchangeAdjointBegin(exchange, from, to));
  PetscCall(PetscLogEventEnd(NEURAL_Halo, 0, 0, 0, 0));
  PetscCall(wait_for(g, exchange));
  PetscCall(PetscLogEventBegin(NEURAL_Halo, 0, 0, 0, 0));
  PetscCall(ExchangeAdjointEnd(exchange, from, to));
  PetscCall(PetscLogEventEnd(NEURAL_Halo, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphFillHalo(Graph g, SinewTensor tensor)
{
  PetscFunctionBeginUser;
  PetscCall(SinewTensorHaloBegin(tensor));
  PetscCall(wait_for(g, tensor->layout->exchanges[tensor->halo - 1]));
  PetscCall(SinewTensorHaloEnd(tensor));
  PetscFunctionReturn(PETSC_SUCCESS);
}
