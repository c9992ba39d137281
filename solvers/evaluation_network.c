/* Evaluations: the network that is judged, a SineNet or MM-PDE. */
#include <string.h>

#include "solvers/evaluation_private.h"
#include "solvers/steppers/mmpde.h"

/* ---- SineNet ---- */

static PetscErrorCode read_sinenet(Evaluation *e)
{
  SinewSinenetOptions *o = &e->model.network.options;
  PetscBool known;

  PetscFunctionBeginUser;
  PetscCall(SinewForecastModelRead(e->comm, e->weights, &e->model));
  PetscCheck(e->section.lead == 1 || o->kind == SINEW_SINENET_CONDITIONAL, e->comm, SINEW_ERR_INPUT,
             "%s: no conditional network: evaluate.lead must be 1", e->weights);
  PetscCheck(o->kind != SINEW_SINENET_CONDITIONAL || !o->scalar || e->data_section.parameter, e->comm, SINEW_ERR_INPUT,
             "%s: the network is conditioned on a scalar: data.parameter must name it", e->weights);
  PetscCheck(e->model.normalised, e->comm, SINEW_ERR_INPUT, "%s: has no normalisation (/mean and /sd)", e->weights);
  PetscCall(SinewSinenetPrecision(e->section.precision, o, &known));
  PetscCheck(known, e->comm, SINEW_ERR_INPUT, "evaluate.precision: expected f32, bf16 or f64, found %s",
             e->section.precision);
  e->periodic = o->periodic;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_sinenet(Evaluation *e)
{
  SinewSinenetOptions *o = &e->model.network.options;
  SinewFile file;

  PetscFunctionBeginUser;
  PetscCall(SinewLayoutCreate(e->comm, e->shape.ny, e->shape.nx, o->periodic, SINEW_SINENET_LEVELS, &e->layout));
  o->batch = 1;
  o->training = PETSC_FALSE;
  o->lean = PETSC_TRUE;
  PetscCall(SinewSinenetCreate(e->layout, o, &e->sinenet));
  PetscCall(SinewFileOpen(e->comm, e->weights, &file));
  PetscCall(SinewNetworkLoad(e->sinenet, file, e->weights, "/weights"));
  PetscCall(SinewFileClose(&file));
  e->parameters = SinewNetworkParameterCount(e->sinenet);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode EvaluateNetworkCondition(Evaluation *e, PetscInt trajectory)
{
  const double ahead = (double)e->section.lead, parameter = (double)SinewDatasetParameter(e->data, trajectory);

  PetscFunctionBeginUser;
  if (e->sinenet)
    PetscCall(SinewNetworkSetCondition(e->sinenet, &ahead, e->model.network.options.scalar ? &parameter : NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode apply_sinenet(Evaluation *e, double out[])
{
  PetscFunctionBeginUser;
  PetscCall(SinewTensorSetPlanes(SinewNetworkInput(e->sinenet), e->input));
  PetscCall(SinewNetworkForward(e->sinenet));
  PetscCall(SinewTensorGetPlanes(SinewNetworkOutput(e->sinenet), out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- MM-PDE ---- */

struct _p_EvaluateMmpde {
  SinewMmpdeModel model;
  SinewDtype dtype;
  SinewDMM mover;
  SinewMmpde network;
  void *u, *y; /* channels last */
};

static PetscErrorCode read_mmpde(Evaluation *e)
{
  const PetscBool wide = (PetscBool)!strcmp(e->section.precision, "f64");

  PetscFunctionBeginUser;
  PetscCheck(e->section.lead == 1, e->comm, SINEW_ERR_INPUT, "%s: no conditional network: evaluate.lead must be 1",
             e->weights);
  PetscCheck(wide || !strcmp(e->section.precision, "f32"), e->comm, SINEW_ERR_INPUT,
             "evaluate.precision: expected f32 or f64, which MM-PDE has, found %s", e->section.precision);
  PetscCall(PetscNew(&e->mmpde));
  PetscCall(SinewMmpdeForecastRead(e->comm, e->weights, &e->mmpde->model, &e->model));
  e->mmpde->dtype = wide ? SINEW_FLOAT64 : SINEW_FLOAT32;
  e->periodic = e->mmpde->model.periodic;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_mmpde(Evaluation *e)
{
  struct _p_EvaluateMmpde *m = e->mmpde;
  const SinewMmpdeOptions options = {.dtype = m->dtype, .batch = 1};
  size_t bytes;
  SinewFile file;
  SinewBox box;

  PetscFunctionBeginUser;
  PetscCall(SinewLayoutCreate(e->comm, e->shape.ny, e->shape.nx, e->periodic, 0, &e->layout));
  box = SinewLayoutBox(e->layout);
  bytes = (size_t)(box.ny * box.nx * e->shape.components) * SinewDtypeSize(m->dtype);
  if (m->model.moving && !m->model.classical)
    PetscCall(SinewMmpdeMoverOpen(e->comm, e->weights, "/weights/mover", e->shape.ny, e->shape.nx, &m->mover,
                                  &m->model.mover_normalised));
  PetscCall(SinewMmpdeCreate(e->layout, &m->model, &options, m->mover, &m->network));
  PetscCall(SinewFileOpen(e->comm, e->weights, &file));
  PetscCall(SinewMmpdeLoad(m->network, file, e->weights, "/weights"));
  PetscCall(SinewFileClose(&file));
  PetscCall(PetscMalloc2(bytes + 1, (char **)&m->u, bytes + 1, (char **)&m->y));
  e->parameters = SinewMmpdeParameterCount(m->network);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Channels of a node are `stride` apart in planes, and beside each other here. */
static void turn(const Evaluation *e, double planes[], PetscBool back)
{
  const struct _p_EvaluateMmpde *m = e->mmpde;
  const size_t nc = (size_t)e->shape.components;
  void *values = back ? m->y : m->u;

  for (size_t i = 0; i < e->plane; i++)
    for (size_t c = 0; c < nc; c++) {
      double *plane = planes + c * e->plane + i;
      const size_t at = i * nc + c;

      if (m->dtype == SINEW_FLOAT64 && back) *plane = ((double *)values)[at];
      if (m->dtype == SINEW_FLOAT64 && !back) ((double *)values)[at] = *plane;
      if (m->dtype == SINEW_FLOAT32 && back) *plane = (double)((float *)values)[at];
      if (m->dtype == SINEW_FLOAT32 && !back) ((float *)values)[at] = (float)*plane;
    }
}

static PetscErrorCode apply_mmpde(Evaluation *e, double t, double out[])
{
  struct _p_EvaluateMmpde *m = e->mmpde;
  SinewMmpdeMesh mesh;

  PetscFunctionBeginUser;
  turn(e, e->input, PETSC_FALSE);
  PetscCall(SinewMmpdeMove(m->network, m->u, PETSC_TRUE, &mesh));
  PetscCall(SinewMmpdeForward(m->network, SINEW_MMPDE_STEP, &t, m->u, PETSC_FALSE, m->y));
  turn(e, out, PETSC_TRUE);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- either ---- */

PetscErrorCode EvaluateNetworkRead(Evaluation *e)
{
  PetscBool graphs;
  SinewArray array;
  SinewFile file;

  PetscFunctionBeginUser;
  PetscCall(SinewFileOpen(e->comm, e->weights, &file));
  PetscCall(SinewFileInquire(file, "/weights/solver_a/embedding_mlp.0.weight", &graphs, &array));
  PetscCall(SinewFileClose(&file));
  PetscCall(graphs ? read_mmpde(e) : read_sinenet(e));
  e->history = e->model.network.history;
  e->time_step = (PetscReal)e->section.lead * e->model.time_step;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode EvaluateNetworkCreate(Evaluation *e)
{
  PetscFunctionBeginUser;
  PetscCall(e->mmpde ? create_mmpde(e) : create_sinenet(e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode EvaluateNetworkApply(Evaluation *e, PetscInt frame, double out[])
{
  const double step = e->shape.step > 0 ? (double)e->shape.step : 1;

  PetscFunctionBeginUser;
  PetscCall(e->mmpde ? apply_mmpde(e, (double)frame * step, out) : apply_sinenet(e, out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode EvaluateNetworkDestroy(Evaluation *e)
{
  PetscFunctionBeginUser;
  PetscCall(SinewNetworkDestroy(&e->sinenet));
  if (e->mmpde) {
    PetscCall(SinewMmpdeDestroy(&e->mmpde->network));
    PetscCall(SinewDMMDestroy(&e->mmpde->mover));
    PetscCall(PetscFree2(e->mmpde->u, e->mmpde->y));
    PetscCall(PetscFree(e->mmpde));
  }
  PetscCall(SinewLayoutDestroy(&e->layout));
  PetscFunctionReturn(PETSC_SUCCESS);
}
