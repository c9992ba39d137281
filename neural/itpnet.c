#include "neural/itpnet_private.h"

#include <stdlib.h>

#include "neural/blas.h"
#include "neural/tensor_private.h"

PetscLogEvent ITPNET_Interpolate, ITPNET_Cut;

ItpnetOptions ItpnetDefaults(void)
{
  return (ItpnetOptions){.fields = 1, .neighbours = 30, .hidden = {128, 64}, .channels = {4, 16, 4}};
}

static PetscErrorCode register_events(void)
{
  PetscClassId id;

  PetscFunctionBeginUser;
  if (ITPNET_Cut) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscClassIdRegister("SinewItpnet", &id));
  PetscCall(PetscLogEventRegister("ItpInterpolate", id, &ITPNET_Interpolate));
  PetscCall(PetscLogEventRegister("ItpCut", id, &ITPNET_Cut));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- parameters ---- */

static PetscErrorCode declare_way(Itpnet n, const char prefix[], int way)
{
  ItpnetWay *w = &n->way[way];

  PetscFunctionBeginUser;
  w->width[0] = 2 * n->o.neighbours + 2;
  w->width[1] = n->o.hidden[0];
  w->width[2] = n->o.hidden[1];
  w->width[3] = n->o.neighbours;
  for (int c = 0; c < 3; c++) {
    const PetscInt64 shape[2] = {w->width[c + 1], w->width[c]};
    const double bound = 1 / PetscSqrtReal((double)w->width[c]);

    PetscCall(ParameterTableDeclare(n->table, PETSC_TRUE, 2, shape, bound, 0, &w->weight[c], "%slayers%s.%d.weight",
                                    prefix, way ? "2" : "", c));
    PetscCall(ParameterTableDeclare(n->table, PETSC_TRUE, 1, shape, bound, 0, &w->bias[c], "%slayers%s.%d.bias", prefix,
                                    way ? "2" : "", c));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode declare_cut(Itpnet n, const char prefix[])
{
  PetscFunctionBeginUser;
  for (int c = 0; c <= ITPNET_CONVOLUTIONS; c++)
    n->channels[c] = c % ITPNET_CONVOLUTIONS ? n->o.channels[c - 1] : n->o.fields;
  for (int c = 0; c < ITPNET_CONVOLUTIONS; c++) {
    const PetscInt64 shape[4] = {n->channels[c + 1], n->channels[c], ITPNET_KERNEL, ITPNET_KERNEL};
    const double bound = 1 / PetscSqrtReal((double)(n->channels[c] * ITPNET_KERNEL * ITPNET_KERNEL));

    PetscCall(ParameterTableDeclare(n->table, PETSC_TRUE, 4, shape, bound, 0, &n->weight[c], "%sdown.%d.weight", prefix,
                                    2 * c));
    PetscCall(
        ParameterTableDeclare(n->table, PETSC_TRUE, 1, shape, bound, 0, &n->bias[c], "%sdown.%d.bias", prefix, 2 * c));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_maps(Itpnet n)
{
  const SinewBox box = SinewLayoutBox(n->layout);
  const size_t bytes = SinewDtypeSize(n->table->dtype);
  PetscInt most = 0;

  PetscFunctionBeginUser;
  for (int c = 0; c <= ITPNET_CONVOLUTIONS; c++) {
    const PetscInt halo = c < ITPNET_CONVOLUTIONS ? ITPNET_HALO : 0;

    most = PetscMax(most, n->channels[c]);
    PetscCall(SinewTensorCreate(n->layout, n->table->dtype, n->batch, n->channels[c], halo, NULL, &n->map[c]));
    if (n->training)
      PetscCall(SinewTensorCreate(n->layout, n->table->dtype, n->batch, n->channels[c], halo, NULL, &n->slope[c]));
  }
  for (int k = 0; k < 2; k++)
    PetscCall(NeuralAlloc((size_t)(box.nx * most * ITPNET_KERNEL * ITPNET_KERNEL) * bytes, &n->patches[k]));
  PetscCall(NeuralAlloc((size_t)(box.nx * most) * bytes, &n->row));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ItpnetCreate(SinewLayout layout, PetscInt batch, ParameterTable *table, const char prefix[],
                            const ItpnetOptions *options, PetscBool training, Itpnet *itpnet)
{
  Itpnet n;

  PetscFunctionBeginUser;
  PetscCall(SinewBlasTune());
  PetscCall(register_events());
  PetscCall(PetscNew(&n));
  *itpnet = n;
  PetscCall(SinewLayoutReference(layout));
  n->layout = layout;
  n->batch = batch;
  n->table = table;
  n->o = *options;
  n->training = training;
  n->methods = table->dtype == SINEW_FLOAT32 ? &ItpnetMethodsFloat : &ItpnetMethodsDouble;
  for (int way = 0; way < 2; way++) PetscCall(declare_way(n, prefix, way));
  if (!n->o.channels[0]) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(declare_cut(n, prefix));
  PetscCall(create_maps(n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void free_way(ItpnetWay *w)
{
  void **const all[] = {&w->x[0], &w->x[1], &w->x[2], &w->x[3], &w->d[0], &w->d[1], &w->values, &w->dvalues};

  for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
    free(*all[i]);
    *all[i] = NULL;
  }
}

PetscErrorCode ItpnetDestroy(Itpnet *itpnet)
{
  Itpnet n = *itpnet;

  PetscFunctionBeginUser;
  *itpnet = NULL;
  if (!n) PetscFunctionReturn(PETSC_SUCCESS);
  for (int way = 0; way < 2; way++) free_way(&n->way[way]);
  for (int c = 0; c <= ITPNET_CONVOLUTIONS; c++) {
    if (n->map[c]) PetscCall(SinewTensorDestroy(&n->map[c]));
    if (n->slope[c]) PetscCall(SinewTensorDestroy(&n->slope[c]));
  }
  for (int k = 0; k < 2; k++) free(n->patches[k]);
  free(n->row);
  PetscCall(SinewLayoutDestroy(&n->layout));
  PetscCall(PetscFree(n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- running ---- */

/* Arrays for at least as many queries and rows as the graph has. */
static PetscErrorCode reserve(Itpnet n, ItpnetWay *w)
{
  const PetscInt queries = SinewNeighboursQueries(w->graph), rows = SinewNeighboursRows(w->graph);
  const size_t bytes = SinewDtypeSize(n->table->dtype);
  PetscInt most = 0;

  PetscFunctionBeginUser;
  if (w->x[0] && queries <= w->query_room && rows <= w->row_room) PetscFunctionReturn(PETSC_SUCCESS);
  free_way(w);
  w->query_room = PetscMax(queries, w->query_room);
  w->row_room = rows + rows / 8;
  for (int c = 0; c < 4; c++) {
    if (c) most = PetscMax(most, w->width[c]);
    PetscCall(NeuralAlloc((size_t)(w->query_room * w->width[c]) * bytes, &w->x[c]));
  }
  PetscCall(NeuralAlloc((size_t)(w->row_room * n->o.fields) * bytes, &w->values));
  if (!n->training) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NeuralAlloc((size_t)(w->row_room * n->o.fields) * bytes, &w->dvalues));
  for (int k = 0; k < 2; k++) PetscCall(NeuralAlloc((size_t)(w->query_room * most) * bytes, &w->d[k]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ItpnetInterpolate(Itpnet n, int way, SinewNeighbours graph, const double at[], const void *values,
                                 void *out)
{
  ItpnetWay *w = &n->way[way];

  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(ITPNET_Interpolate, 0, 0, 0, 0));
  w->graph = graph;
  w->at = at;
  PetscCall(reserve(n, w));
  PetscCall((*n->methods->interpolate)(n, w, values, out));
  PetscCall(PetscLogEventEnd(ITPNET_Interpolate, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ItpnetInterpolateAdjoint(Itpnet n, int way, const void *dout, void *dvalues)
{
  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(ITPNET_Interpolate, 0, 0, 0, 0));
  PetscCall((*n->methods->interpolate_adjoint)(n, &n->way[way], dout, dvalues));
  PetscCall(PetscLogEventEnd(ITPNET_Interpolate, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ItpnetCut(Itpnet n, const void *u, void *out)
{
  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(ITPNET_Cut, 0, 0, 0, 0));
  PetscCall((*n->methods->cut)(n, u, out));
  PetscCall(PetscLogEventEnd(ITPNET_Cut, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ItpnetCutAdjoint(Itpnet n, const void *dout, void *du)
{
  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(ITPNET_Cut, 0, 0, 0, 0));
  PetscCall((*n->methods->cut_adjoint)(n, dout, du));
  PetscCall(PetscLogEventEnd(ITPNET_Cut, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}
