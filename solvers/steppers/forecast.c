#include "solvers/steppers/forecast.h"

struct _p_SinewForecast {
  SinewProblem problem;
  SinewForecastModel model;
  SinewForecastOptions o;
  SinewLayout layout;
  SinewNetwork network;
  SinewProjection projection;
  Vec velocity;
  PetscInt kept;     /* older frames that there are */
  PetscReal *next;   /* what an engine predicts: [cell][channel] */
  PetscReal **frame; /* [age][cell][channel]: 0 is the newest, 1 .. history - 1 the older ones */
  PetscReal *rows, *u[SINEW_COMPONENTS_MAX], *w[SINEW_COMPONENTS_MAX]; /* one line of cells */
};

static PetscLogEvent forecast_frames;

static PetscInt line_cells(SinewForecast f)
{
  return SinewGridAxis(f->problem.grid, 0)->count;
}

static PetscInt lines(SinewForecast f)
{
  return SinewGridAxis(f->problem.grid, 1)->count;
}

/* ---- making ---- */

PetscErrorCode SinewForecastLayout(SinewGrid grid, PetscBool periodic, SinewLayout *layout)
{
  const PetscInt *columns, *rows;
  PetscInt rx, ry;
  DM dm;

  PetscFunctionBeginUser;
  PetscCall(SinewGridGetDM(grid, &dm));
  PetscCall(DMDAGetInfo(dm, NULL, NULL, NULL, NULL, &rx, &ry, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  PetscCall(DMDAGetOwnershipRanges(dm, &columns, &rows, NULL));
  PetscCall(SinewLayoutCreateCuts(PetscObjectComm((PetscObject)dm), periodic, ry, rows, rx, columns, layout));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_network(SinewForecast f)
{
  SinewSinenetOptions *o = &f->model.network.options;
  SinewFile file;
  PetscBool known;
  MPI_Comm comm;

  PetscFunctionBeginUser;
  PetscCall(SinewForecastLayout(f->problem.grid, o->periodic, &f->layout));
  comm = SinewLayoutComm(f->layout);
  o->batch = 1;
  PetscCall(SinewSinenetPrecision(f->o.precision, o, &known));
  PetscCheck(known, comm, PETSC_ERR_ARG_UNKNOWN_TYPE, "unknown precision %s", f->o.precision);
  o->training = PETSC_FALSE;
  o->lean = PETSC_TRUE;
  PetscCall(SinewSinenetCreate(f->layout, o, &f->network));
  PetscCall(SinewFileOpen(comm, f->o.path, &file));
  PetscCall(SinewNetworkLoad(f->network, file, f->o.path, "/weights"));
  PetscCall(SinewFileClose(&file));
  if (o->kind == SINEW_SINENET_CONDITIONAL)
    PetscCall(SinewNetworkSetCondition(f->network, &f->o.lead, o->scalar ? &f->o.parameter : NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_memory(SinewForecast f)
{
  const PetscInt nc = f->problem.equation->components, n = line_cells(f), history = f->model.network.history;
  const size_t frame = (size_t)(n * lines(f) * f->model.network.components);

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(history, &f->frame));
  for (PetscInt age = 0; age < history; age++) PetscCall(PetscCalloc1(frame, &f->frame[age]));
  if (f->o.engine.predict) PetscCall(PetscCalloc1(frame, &f->next));
  PetscCall(PetscMalloc1((size_t)(2 * nc * n), &f->rows));
  for (PetscInt c = 0; c < nc; c++) {
    f->u[c] = f->rows + c * n;
    f->w[c] = f->rows + (nc + c) * n;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewForecastCreate(const SinewProblem *problem, const SinewForecastOptions *options,
                                   SinewForecast *forecast)
{
  SinewForecast f;
  DM dm;

  PetscFunctionBeginUser;
  if (!forecast_frames) PetscCall(PetscLogEventRegister("ForecastFrames", TS_CLASSID, &forecast_frames));
  PetscCall(PetscNew(&f));
  *forecast = f;
  f->problem = *problem;
  f->model = *options->model;
  f->o = *options;
  f->o.model = NULL;
  if (!f->o.name) f->o.name = "sinenet";
  if (!f->o.engine.predict) PetscCall(create_network(f));
  f->o.path = f->o.precision = NULL;
  PetscCall(create_memory(f));
  if (!f->o.project) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewProjectionCreate(problem->grid, f->o.place, &f->projection));
  PetscCall(SinewProjectionGetDM(f->projection, &dm));
  PetscCall(DMCreateGlobalVector(dm, &f->velocity));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewForecastDestroy(SinewForecast *forecast)
{
  SinewForecast f = *forecast;

  PetscFunctionBeginUser;
  if (!f) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewNetworkDestroy(&f->network));
  if (f->layout) PetscCall(SinewLayoutDestroy(&f->layout));
  PetscCall(SinewProjectionDestroy(&f->projection));
  PetscCall(VecDestroy(&f->velocity));
  for (PetscInt age = 0; f->frame && age < f->model.network.history; age++) PetscCall(PetscFree(f->frame[age]));
  PetscCall(PetscFree(f->frame));
  PetscCall(PetscFree(f->next));
  PetscCall(PetscFree(f->rows));
  PetscCall(PetscFree(f));
  *forecast = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- from states to frames and back ---- */

static void load_line(SinewForecast f, const PetscReal u[], PetscInt line)
{
  const PetscInt n = line_cells(f), nc = f->problem.equation->components;

  for (PetscInt i = 0; i < n; i++)
    for (PetscInt c = 0; c < nc; c++) f->u[c][i] = u[(line * n + i) * nc + c];
}

static void store_line(SinewForecast f, PetscReal u[], PetscInt line)
{
  const PetscInt n = line_cells(f), nc = f->problem.equation->components;

  for (PetscInt i = 0; i < n; i++)
    for (PetscInt c = 0; c < nc; c++) u[(line * n + i) * nc + c] = f->u[c][i];
}

static void to_primitives(SinewForecast f)
{
  const SinewFVKernels *k = &f->problem.equation->kernels;

  (*k->primitive)(k->context, line_cells(f), (const PetscReal *const *)f->u, f->w);
}

static void to_conserved(SinewForecast f)
{
  const SinewFVKernels *k = &f->problem.equation->kernels;

  (*k->conserved)(k->context, line_cells(f), (const PetscReal *const *)f->w, f->u);
}

PetscErrorCode SinewForecastSee(SinewForecast f, Vec U)
{
  const PetscInt n = line_cells(f), channels = f->model.network.components;
  PetscReal *const *field = f->o.conserved ? f->u : f->w;
  const PetscReal *u;

  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(forecast_frames, U, 0, 0, 0));
  PetscCall(VecGetArrayRead(U, &u));
  for (PetscInt line = 0; line < lines(f); line++) {
    PetscReal *frame = f->frame[0] + line * n * channels;

    load_line(f, u, line);
    if (!f->o.conserved) to_primitives(f);
    for (PetscInt k = 0; k < channels; k++) {
      const PetscReal *row = field[f->o.component[k]];

      for (PetscInt i = 0; i < n; i++) frame[i * channels + k] = (row[i] - f->model.mean[k]) / f->model.sd[k];
    }
  }
  PetscCall(VecRestoreArrayRead(U, &u));
  PetscCall(PetscLogEventEnd(forecast_frames, U, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The first value of a line of the box inside a padded tensor. */
static size_t line_offset(SinewTensor tensor, PetscInt line)
{
  const PetscInt halo = SinewTensorHalo(tensor), nx = SinewLayoutBox(SinewTensorLayout(tensor)).nx;

  return (size_t)(((line + halo) * (nx + 2 * halo) + halo) * SinewTensorChannels(tensor));
}

/* All frames side by side as channels, the oldest first. */
static void fill_input(SinewForecast f)
{
  const PetscInt n = line_cells(f), channels = f->model.network.components, history = f->model.network.history;
  const PetscInt all = history * channels;
  const SinewTensor input = SinewNetworkInput(f->network);

  for (PetscInt line = 0; line < lines(f); line++) {
    float *narrow = (float *)SinewTensorData(input) + line_offset(input, line);
    double *wide = (double *)SinewTensorData(input) + line_offset(input, line);

    for (PetscInt t = 0; t < history; t++) {
      const PetscReal *frame = f->frame[history - 1 - t] + line * n * channels;

      for (PetscInt i = 0; i < n; i++)
        for (PetscInt k = 0; k < channels; k++)
          if (f->model.network.options.dtype == SINEW_FLOAT32)
            narrow[i * all + t * channels + k] = (float)frame[i * channels + k];
          else
            wide[i * all + t * channels + k] = frame[i * channels + k];
    }
  }
}

/* One line of the prediction, the same out of a network's tensor or out of an engine's frame: value of cell i, channel
 * k */
static PetscReal predicted(SinewForecast f, PetscInt line, PetscInt i, PetscInt k)
{
  const PetscInt channels = f->model.network.components;
  SinewTensor output;
  size_t at;

  if (f->next) return f->next[(line * line_cells(f) + i) * channels + k];
  output = SinewNetworkOutput(f->network);
  at = line_offset(output, line) + (size_t)(i * channels + k);
  return f->model.network.options.dtype == SINEW_FLOAT32 ? (PetscReal)((const float *)SinewTensorData(output))[at]
                                                         : ((const double *)SinewTensorData(output))[at];
}

static PetscErrorCode read_output(SinewForecast f, Vec V)
{
  const PetscInt n = line_cells(f), channels = f->model.network.components;
  PetscReal *const *field = f->o.conserved ? f->u : f->w;
  PetscReal *v;

  PetscFunctionBeginUser;
  PetscCall(VecGetArray(V, &v));
  for (PetscInt line = 0; line < lines(f); line++) {
    if (f->o.partial) load_line(f, v, line);
    if (f->o.partial && !f->o.conserved) to_primitives(f);
    for (PetscInt k = 0; k < channels; k++) {
      PetscReal *row = field[f->o.component[k]];

      for (PetscInt i = 0; i < n; i++) row[i] = predicted(f, line, i, k) * f->model.sd[k] + f->model.mean[k];
    }
    if (!f->o.conserved) to_conserved(f);
    store_line(f, v, line);
  }
  PetscCall(VecRestoreArray(V, &v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- corrections ---- */

/* Between the primitives' velocity in V and the vector that is projected: out of V, or back into it. */
static PetscErrorCode move_velocity(SinewForecast f, Vec V, PetscBool back)
{
  const PetscInt n = line_cells(f), dim = SinewGridDim(f->problem.grid);
  PetscReal *const *w = f->w + f->problem.equation->kernels.velocity;
  PetscReal *v, *velocity;

  PetscFunctionBeginUser;
  PetscCall(VecGetArray(V, &v));
  PetscCall(VecGetArray(f->velocity, &velocity));
  for (PetscInt line = 0; line < lines(f); line++) {
    PetscReal *row = velocity + line * n * dim;

    load_line(f, v, line);
    to_primitives(f);
    for (PetscInt i = 0; i < n; i++)
      for (PetscInt d = 0; d < dim; d++)
        if (back)
          w[d][i] = row[i * dim + d];
        else
          row[i * dim + d] = w[d][i];
    if (!back) continue;
    to_conserved(f);
    store_line(f, v, line);
  }
  PetscCall(VecRestoreArray(f->velocity, &velocity));
  PetscCall(VecRestoreArray(V, &v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Cells are of equal size: integrals are sums. */
static PetscErrorCode restore_integrals(SinewForecast f, Vec U, Vec V)
{
  const PetscInt nc = f->problem.equation->components, cells = line_cells(f) * lines(f);
  const SinewAxis *x = SinewGridAxis(f->problem.grid, 0), *y = SinewGridAxis(f->problem.grid, 1);
  PetscReal lost[SINEW_COMPONENTS_MAX] = {0}, *v;
  const PetscReal *u;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(U, &u));
  PetscCall(VecGetArray(V, &v));
  for (PetscInt k = 0; k < f->o.restored; k++)
    for (PetscInt i = 0; i < cells; i++) lost[k] += u[i * nc + f->o.restore[k]] - v[i * nc + f->o.restore[k]];
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, lost, (PetscMPIInt)f->o.restored, MPIU_REAL, MPIU_SUM,
                             PetscObjectComm((PetscObject)V)));
  for (PetscInt k = 0; k < f->o.restored; k++)
    for (PetscInt i = 0; i < cells; i++)
      v[i * nc + f->o.restore[k]] += lost[k] / ((PetscReal)x->cells * (PetscReal)y->cells);
  PetscCall(VecRestoreArrayRead(U, &u));
  PetscCall(VecRestoreArray(V, &v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewForecastPredict(SinewForecast f, PetscReal t, Vec U, Vec V)
{
  PetscMPIInt ranks;

  PetscFunctionBeginUser;
  PetscCheck(!SinewForecastMissing(f), PetscObjectComm((PetscObject)U), PETSC_ERR_ORDER, "frames are missing");
  if (f->next)
    PetscCall((*f->o.engine.predict)(f->o.engine.context, t, f->frame[0], f->next));
  else {
    fill_input(f);
    PetscCall(SinewNetworkForward(f->network));
  }
  PetscCall(read_output(f, V));
  if (f->o.project) {
    PetscCall(move_velocity(f, V, PETSC_FALSE));
    PetscCall(SinewProjectionApply(f->projection, f->velocity));
    PetscCall(move_velocity(f, V, PETSC_TRUE));
  }
  if (f->o.restored) PetscCall(restore_integrals(f, U, V));
  if (f->next) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Comm_size(PetscObjectComm((PetscObject)U), &ranks));
  PetscCall(PetscLogFlops((PetscLogDouble)SinewNetworkFlops(f->network) / ranks));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- history ---- */

PetscErrorCode SinewForecastKeep(SinewForecast f)
{
  const PetscInt last = f->model.network.history - 1;
  PetscReal *oldest = f->frame[last];

  PetscFunctionBeginUser;
  for (PetscInt age = last; age > 0; age--) f->frame[age] = f->frame[age - 1];
  f->frame[0] = oldest;
  f->kept = PetscMin(f->kept + 1, last);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt SinewForecastMissing(SinewForecast f)
{
  return f->model.network.history - 1 - f->kept;
}

/* A frame as an array (y, x, channel). */
static void describe_frame(SinewForecast f, const char name[], PetscReal data[], SinewArray *array)
{
  const SinewAxis *axis[2] = {SinewGridAxis(f->problem.grid, 1), SinewGridAxis(f->problem.grid, 0)};

  *array = (SinewArray){.name = name, .dtype = SINEW_FLOAT64, .rank = 3, .distributed = PETSC_TRUE, .data = data};
  for (int d = 0; d < 2; d++) {
    array->shape[d] = axis[d]->cells;
    array->start[d] = axis[d]->start;
    array->count[d] = axis[d]->count;
  }
  array->shape[2] = array->count[2] = f->model.network.components;
}

static PetscErrorCode frame_name(SinewForecast f, PetscInt age, size_t size, char name[])
{
  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(name, size, "/stepper/%s/frame_%02" PetscInt_FMT, f->o.name, age));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewForecastSave(SinewForecast f, SinewFile file)
{
  const PetscInt64 kept = f->kept, checksum = f->model.checksum;
  char group[64];

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(group, sizeof(group), "/stepper/%s", f->o.name));
  PetscCall(SinewFileWriteInts(file, group, "frames", 1, &kept));
  PetscCall(SinewFileWriteInts(file, group, "weights_crc32c", 1, &checksum));
  for (PetscInt age = 1; age <= f->kept; age++) {
    char name[64];
    SinewArray array;

    PetscCall(frame_name(f, age, sizeof(name), name));
    describe_frame(f, name, f->frame[age], &array);
    PetscCall(SinewFileWrite(file, &array));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewForecastLoad(SinewForecast f, SinewFile file)
{
  PetscInt64 kept = 0, checksum = f->model.checksum;
  char group[64];
  PetscInt n;
  DM dm;

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(group, sizeof(group), "/stepper/%s", f->o.name));
  PetscCall(SinewGridGetDM(f->problem.grid, &dm));
  PetscCall(SinewFileReadInts(file, group, "frames", 1, &n, &kept));
  f->kept = PetscMin((PetscInt)kept, f->model.network.history - 1);
  for (PetscInt age = 1; age <= f->kept; age++) {
    char name[64];
    SinewArray array;

    PetscCall(frame_name(f, age, sizeof(name), name));
    describe_frame(f, name, f->frame[age], &array);
    PetscCall(SinewFileRead(file, &array));
  }
  PetscCall(SinewFileReadInts(file, group, "weights_crc32c", 1, &n, &checksum));
  if (checksum != (PetscInt64)f->model.checksum)
    PetscCall(PetscFPrintf(PetscObjectComm((PetscObject)dm), stderr,
                           "note      the weights are not those that %s was made with\n", SinewFilePath(file)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

SinewNetwork SinewForecastNetwork(SinewForecast f)
{
  return f->network;
}

const char *SinewForecastName(SinewForecast f)
{
  return f->o.name;
}
