/*
  How long each layer takes, forth and back, at its least of all passes: what a network costs where nothing disturbs it.
  Ranks begin a layer together, and a layer lasts as long as its slowest rank needs.
*/
#include "io/publish.h"
#include "neural/graph_private.h"
#include <stdio.h>

/* Rows of the table: least seconds of every layer on this rank, 0: never run. */
struct GraphTimes {
  char path[PETSC_MAX_PATH_LEN];
  PetscInt layers;
  double *least[2];
};

PetscErrorCode GraphTimesCreate(Graph g)
{
  char path[PETSC_MAX_PATH_LEN];
  PetscBool wanted;

  PetscFunctionBeginUser;
  PetscCall(PetscOptionsGetString(NULL, NULL, "-sinew_layer_times", path, sizeof(path), &wanted));
  if (!wanted) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscNew(&g->times));
  PetscCall(PetscStrncpy(g->times->path, path, sizeof(g->times->path)));
  PetscCall(PetscCalloc2((size_t)g->ops, &g->times->least[0], (size_t)g->ops, &g->times->least[1]));
  g->times->layers = g->ops;
  PetscFunctionReturn(PETSC_SUCCESS);
}

#define LINE 160 /* bytes that a row has room for */

static PetscErrorCode write_table(Graph g)
{
  const size_t size = (size_t)(g->times->layers + 1) * LINE;
  size_t used;
  char *text;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(size, &text));
  used = (size_t)snprintf(text, size,
                          "layer,kind,rows,columns,channels_in,channels_out,shared,forward_seconds,backward_seconds\n");
  for (PetscInt k = 0; k < g->times->layers; ++k) {
    const Op *op = &g->op[k];
    const Node *out = &g->node[op->output >= 0 ? op->output : op->input[0]];

    used +=
        (size_t)snprintf(text + used, LINE, "%d,%s,%d,%d,%d,%d,%d,%.3e,%.3e\n", (int)k, op->methods->name,
                         (int)out->layout->ny, (int)out->layout->nx, (int)g->node[op->input[0]].channels,
                         (int)out->channels, (int)out->layout->shared, g->times->least[0][k], g->times->least[1][k]);
  }
  PetscCall(SinewPublishText(g->comm, g->times->path, text));
  PetscCall(PetscFree(text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphTimesDestroy(Graph g)
{
  PetscFunctionBeginUser;
  if (!g->times) PetscFunctionReturn(PETSC_SUCCESS);
  for (int back = 0; back < 2; ++back)
    PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, g->times->least[back], (PetscMPIInt)g->times->layers, MPI_DOUBLE, MPI_MAX,
                               g->comm));
  PetscCall(write_table(g));
  PetscCall(PetscFree2(g->times->least[0], g->times->least[1]));
  PetscCall(PetscFree(g->times));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode GraphTimesBegin(Graph g, double *since)
{
  PetscFunctionBeginUser;
  if (!g->times) PetscFunctionReturn(PETSC_SUCCESS);
  if (g->size > 1) PetscCallMPI(MPI_Barrier(g->comm));
  *since = MPI_Wtime();
  PetscFunctionReturn(PETSC_SUCCESS);
}

void GraphTimesEnd(Graph g, PetscInt layer, PetscBool back, double since)
{
  double *least, seconds;

  if (!g->times) return;
  seconds = MPI_Wtime() - since;
  least = &g->times->least[back ? 1 : 0][layer];
  if (*least == 0 || seconds < *least) *least = seconds;
}
