#include "neural/mmpde_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neural/tensor_private.h"

static PetscLogEvent mmpde_move;

/* ---- making ---- */

/* Uniform nodes, sample after sample. */
static PetscErrorCode place_nodes(SinewMmpde m)
{
  const SinewBox box = SinewLayoutBox(m->layout), map = SinewLayoutMap(m->layout);
  const double length[2] = {(double)(m->model.periodic ? map.nx : map.nx - 1),
                            (double)(m->model.periodic ? map.ny : map.ny - 1)};

  PetscFunctionBeginUser;
  m->nodes = m->o.batch * box.ny * box.nx;
  PetscCall(PetscMalloc3(m->nodes, &m->number, m->nodes, &m->sample, (size_t)(2 * m->nodes), &m->xi));
  for (PetscInt i = 0; i < m->nodes; i++) {
    const PetscInt column = box.x + i % box.nx, row = box.y + i / box.nx % box.ny;

    m->number[i] = (PetscInt64)row * map.nx + column;
    m->sample[i] = i / (box.nx * box.ny);
    m->xi[2 * i] = (double)column / length[0];
    m->xi[2 * i + 1] = (double)row / length[1];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static SinewNodes points(SinewMmpde m, const double at[])
{
  return (SinewNodes){.count = m->nodes, .at = at, .number = m->number, .sample = m->sample};
}

static PetscErrorCode create_graphs(SinewMmpde m)
{
  const double period[2] = {m->model.periodic, m->model.periodic};
  const SinewNodes uniform = points(m, m->xi);

  PetscFunctionBeginUser;
  PetscCall(SinewNeighboursCreate(m->comm, m->model.neighbours, period, PETSC_FALSE, &m->uniform));
  PetscCall(SinewNeighboursFind(m->uniform, m->o.batch, &uniform, &uniform));
  if (!m->model.moving) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewNeighboursCreate(m->comm, m->model.neighbours, period, PETSC_FALSE, &m->moved));
  PetscCall(SinewNeighboursCreate(m->comm, m->model.interpolation, period, PETSC_TRUE, &m->to_moved));
  PetscCall(SinewNeighboursCreate(m->comm, m->model.interpolation, period, PETSC_TRUE, &m->to_uniform));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_networks(SinewMmpde m)
{
  const SinewMmpdeModel *o = &m->model;
  const MessageOptions solver = {.fields = o->fields,
                                 .hidden = o->hidden,
                                 .layers = o->layers,
                                 .kernel = {o->kernel[0], o->kernel[1], o->kernel[2]},
                                 .channels = {o->channels[0], o->channels[1]},
                                 .scale = o->output_scale,
                                 .offset = o->offset};
  ItpnetOptions itpnet = {.fields = o->fields,
                          .neighbours = o->interpolation,
                          .hidden = {o->weights[0], o->weights[1]},
                          .channels = {o->cut[0], o->cut[1], o->cut[2]},
                          .offset = o->offset};

  PetscFunctionBeginUser;
  if (o->skip) itpnet.channels[0] = 0;
  m->table.dtype = m->o.dtype;
  PetscCall(MessageCreate(m->comm, &m->table, "solver_a/", &solver, m->o.training, &m->solver[0]));
  if (o->moving) {
    PetscCall(MessageCreate(m->comm, &m->table, "solver_b/", &solver, m->o.training, &m->solver[1]));
    PetscCall(ItpnetCreate(m->layout, m->o.batch, &m->table, "itpnet/", &itpnet, m->o.training, &m->itpnet));
  }
  PetscCall(ParameterTableAllocate(&m->table, m->o.training));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_memory(SinewMmpde m)
{
  const SinewBox map = SinewLayoutMap(m->layout);
  const PetscInt area = m->mover ? SinewDMMSize(m->mover) * SinewDMMSize(m->mover) : map.ny * map.nx;
  const size_t bytes = (size_t)(m->nodes * m->model.fields) * SinewDtypeSize(m->o.dtype);
  void **const values[] = {&m->du, &m->v, &m->w, &m->dv, &m->dw};

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(m->o.batch, &m->t));
  for (int k = 0; k < (m->model.moving ? 5 : 1); k++) PetscCall(NeuralAlloc(bytes, values[k]));
  if (!m->model.moving) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewTensorCreate(m->layout, SINEW_FLOAT64, m->o.batch, 2, 1, NULL, &m->corner));
  PetscCall(PetscMalloc2((size_t)(2 * m->nodes), &m->x, (size_t)m->nodes, &m->phi));
  PetscCall(PetscMalloc2((size_t)m->nodes, &m->displacement[0], (size_t)m->nodes, &m->displacement[1]));
  PetscCall(
      PetscMalloc2((size_t)(m->o.batch * area), &m->field, (size_t)(m->mover ? SinewDMMHidden(m->mover) : 1), &m->c));
  if (m->model.classical) PetscCall(MmpdeClassicalCreate(m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMmpdeCreate(SinewLayout layout, const SinewMmpdeModel *model, const SinewMmpdeOptions *options,
                                SinewDMM mover, SinewMmpde *mmpde)
{
  SinewMmpde m;
  PetscClassId id;

  PetscFunctionBeginUser;
  if (!mmpde_move) {
    PetscCall(PetscClassIdRegister("SinewMmpde", &id));
    PetscCall(PetscLogEventRegister("MmpdeMove", id, &mmpde_move));
  }
  PetscCall(PetscNew(&m));
  *mmpde = m;
  m->model = *model;
  m->o = *options;
  m->comm = SinewLayoutComm(layout);
  PetscCall(SinewLayoutReference(layout));
  m->layout = layout;
  m->mover = model->moving && !model->classical ? mover : NULL;
  PetscCheck(!model->moving || model->classical || mover, m->comm, PETSC_ERR_ARG_NULL, "a moving model needs a mover");
  PetscCall(place_nodes(m));
  PetscCall(create_graphs(m));
  PetscCall(create_networks(m));
  PetscCall(create_memory(m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMmpdeDestroy(SinewMmpde *mmpde)
{
  SinewMmpde m = *mmpde;

  PetscFunctionBeginUser;
  *mmpde = NULL;
  if (!m) PetscFunctionReturn(PETSC_SUCCESS);
  for (int k = 0; k < 2; k++) PetscCall(MessageDestroy(&m->solver[k]));
  PetscCall(ItpnetDestroy(&m->itpnet));
  PetscCall(MmpdeClassicalDestroy(&m->classical));
  PetscCall(ParameterTableDestroy(&m->table));
  PetscCall(SinewNeighboursDestroy(&m->uniform));
  PetscCall(SinewNeighboursDestroy(&m->moved));
  PetscCall(SinewNeighboursDestroy(&m->to_moved));
  PetscCall(SinewNeighboursDestroy(&m->to_uniform));
  PetscCall(SinewTensorDestroy(&m->corner));
  PetscCall(PetscFree3(m->number, m->sample, m->xi));
  PetscCall(PetscFree2(m->x, m->phi));
  PetscCall(PetscFree2(m->displacement[0], m->displacement[1]));
  PetscCall(PetscFree2(m->field, m->c));
  PetscCall(PetscFree(m->t));
  free(m->v);
  free(m->w);
  free(m->dv);
  free(m->dw);
  free(m->du);
  PetscCall(SinewLayoutDestroy(&m->layout));
  PetscCall(PetscFree(m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- parameters ---- */

PetscErrorCode SinewMmpdeGetParameters(SinewMmpde m, PetscInt *count, const SinewParameter **parameters)
{
  PetscFunctionBeginUser;
  *count = m->table.count;
  *parameters = m->table.entry;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMmpdeInitialize(SinewMmpde m, PetscInt64 seed)
{
  PetscFunctionBeginUser;
  ParametersInitialize(m->o.dtype, m->table.count, m->table.entry, seed);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMmpdeLoad(SinewMmpde m, SinewFile file, const char path[], const char group[])
{
  const char *const spare[] = {"mover/", "itpnet/layers3.", NULL}; /* the original has layers3 and never uses them */

  PetscFunctionBeginUser;
  PetscCall(ParametersLoad(m->comm, m->o.dtype, m->table.count, m->table.entry, file, path, group, spare));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMmpdeStore(SinewMmpde m, SinewFile file, const char group[])
{
  PetscFunctionBeginUser;
  PetscCall(ParametersStore(m->comm, m->o.dtype, m->table.count, m->table.entry, file, group));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt SinewMmpdeParameterCount(SinewMmpde m)
{
  return (PetscInt)m->table.trained;
}

/* ---- running ---- */

PetscErrorCode SinewMmpdeMove(SinewMmpde m, const void *u, PetscBool damp, SinewMmpdeMesh *mesh)
{
  SinewMmpdeMesh found = {.least = 1, .scale = 1};

  PetscFunctionBeginUser;
  if (m->model.moving) {
    const SinewNodes uniform = points(m, m->xi), moved = points(m, m->x);

    PetscCall(PetscLogEventBegin(mmpde_move, 0, 0, 0, 0));
    PetscCall(MmpdeMoveNodes(m, u, damp, &found));
    PetscCall(PetscLogEventEnd(mmpde_move, 0, 0, 0, 0));
    PetscCall(SinewNeighboursFind(m->moved, m->o.batch, &moved, &moved));
    PetscCall(SinewNeighboursFind(m->to_moved, m->o.batch, &moved, &uniform));
    PetscCall(SinewNeighboursFind(m->to_uniform, m->o.batch, &uniform, &moved));
  }
  if (mesh) *mesh = found;
  PetscFunctionReturn(PETSC_SUCCESS);
}

const double *SinewMmpdeNodes(SinewMmpde m)
{
  return m->x;
}

static size_t value_bytes(SinewMmpde m)
{
  return (size_t)(m->nodes * m->model.fields) * SinewDtypeSize(m->o.dtype);
}

/* y += x */
static void add(SinewMmpde m, const void *x, void *y)
{
  const PetscInt n = m->nodes * m->model.fields;

  if (m->o.dtype == SINEW_FLOAT32)
    for (PetscInt i = 0; i < n; i++) ((float *)y)[i] += ((const float *)x)[i];
  else
    for (PetscInt i = 0; i < n; i++) ((double *)y)[i] += ((const double *)x)[i];
}

PetscErrorCode SinewMmpdeForward(SinewMmpde m, SinewMmpdeTask task, const double t[], const void *u,
                                 PetscBool statistics, void *out)
{
  const PetscBool step = (PetscBool)(task == SINEW_MMPDE_STEP);

  PetscFunctionBeginUser;
  m->task = task;
  PetscCheck(step || m->model.moving, m->comm, PETSC_ERR_ARG_WRONG, "without a mover there is nothing to interpolate");
  for (PetscInt b = 0; b < m->o.batch; b++) m->t[b] = t[b] / m->model.time_scale;
  if (step)
    PetscCall(MessageForward(m->solver[0], m->uniform, m->o.batch, m->t, u, statistics, out));
  else
    memset(out, 0, value_bytes(m));
  if (step && m->model.skip) add(m, u, out);
  if (!m->model.moving) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ItpnetInterpolate(m->itpnet, 0, m->to_moved, m->x, u, m->v));
  if (step) {
    PetscCall(MessageForward(m->solver[1], m->moved, m->o.batch, m->t, m->v, statistics, m->w));
    PetscCall(ItpnetInterpolate(m->itpnet, 1, m->to_uniform, m->xi, m->w, m->v));
  } else
    PetscCall(ItpnetInterpolate(m->itpnet, 1, m->to_uniform, m->xi, m->v, m->w));
  add(m, step ? m->v : m->w, out);
  if (!m->model.skip) PetscCall(ItpnetCut(m->itpnet, u, out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMmpdeBackward(SinewMmpde m, const void *dout, void *du)
{
  const PetscBool step = (PetscBool)(m->task == SINEW_MMPDE_STEP);
  void *d = du ? du : m->du;

  PetscFunctionBeginUser;
  PetscCheck(m->o.training, m->comm, PETSC_ERR_ORDER, "the network was made for inference");
  memset(m->table.gradients, 0, m->table.trained * SinewDtypeSize(m->o.dtype));
  memset(d, 0, value_bytes(m));
  if (step) PetscCall(MessageBackward(m->solver[0], dout, d));
  if (step && m->model.skip) add(m, dout, d);
  if (m->model.moving) {
    memset(m->dw, 0, value_bytes(m));
    memset(m->dv, 0, value_bytes(m));
    if (!m->model.skip) PetscCall(ItpnetCutAdjoint(m->itpnet, dout, d));
    PetscCall(ItpnetInterpolateAdjoint(m->itpnet, 1, dout, m->dw));
    if (step) PetscCall(MessageBackward(m->solver[1], m->dw, m->dv));
    PetscCall(ItpnetInterpolateAdjoint(m->itpnet, 0, step ? m->dv : m->dw, d));
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, m->table.gradients, (PetscMPIInt)m->table.trained,
                             m->o.dtype == SINEW_FLOAT32 ? MPI_FLOAT : MPI_DOUBLE, MPI_SUM, m->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

double SinewMmpdeFlops(SinewMmpde m)
{
  const SinewBox map = SinewLayoutMap(m->layout);
  const SinewMmpdeModel *o = &m->model;
  const double n = (double)m->o.batch * (double)map.ny * (double)map.nx;
  const double solver = MessageFlops(m->solver[0], o->neighbours) * n,
               weights = 2 * (double)(2 * o->interpolation + 2) * (double)o->weights[0] +
                         2 * (double)o->weights[0] * (double)o->weights[1] +
                         2 * (double)o->weights[1] * (double)o->interpolation,
               cut = o->skip ? 0
                             : 50 * ((double)(o->fields * (o->cut[0] + o->cut[2])) +
                                     (double)(o->cut[1] * (o->cut[0] + o->cut[2])));

  return o->moving ? 2 * solver + n * (2 * weights + cut) : solver;
}
