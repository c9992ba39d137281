/* From files to files through a network. */
#include "neural/predict.h"
#include <petsctime.h>

typedef struct {
  MPI_Comm comm;
  const char *model_path, *input_path;
  SinewSinenetModel model;
  PetscInt samples, ny, nx, together; /* together: samples in one Forward */
  SinewFile file;                     /* the one that is read now */
  SinewLayout layout;
  SinewNetwork network;
  double *input, *output;   /* this rank's boxes of all samples, as planes */
  double *time, *parameter; /* per sample; or embeddings of `features` numbers a sample; or NULL */
  PetscBool embedded;
} Job;

/* ---- reading ---- */

static PetscErrorCode inquire_input(Job *job, SinewFile file, SinewArray *array)
{
  const SinewSinenetOptions *o = &job->model.options;
  PetscBool exists;
  PetscInt64 channels;

  PetscFunctionBeginUser;
  PetscCall(SinewFileInquire(file, "/input", &exists, array));
  PetscCheck(exists, job->comm, SINEW_ERR_INPUT, "%s: has no /input", job->input_path);
  PetscCheck(array->rank == 4 || array->rank == 5, job->comm, SINEW_ERR_INPUT,
             "%s: /input has %d dimensions, not 4 (samples, channels, H, W) or 5 (samples, history, components, H, W)",
             job->input_path, array->rank);
  channels = array->rank == 4 ? array->shape[1] : array->shape[1] * array->shape[2];
  PetscCheck(channels == o->inputs, job->comm, SINEW_ERR_INPUT,
             "%s: /input has %lld channels, the network of %s takes %" PetscInt_FMT " (%" PetscInt_FMT
             " frames of %" PetscInt_FMT ")",
             job->input_path, (long long)channels, job->model_path, o->inputs, job->model.history,
             job->model.components);
  job->samples = (PetscInt)array->shape[0];
  job->ny = (PetscInt)array->shape[array->rank - 2];
  job->nx = (PetscInt)array->shape[array->rank - 1];
  PetscCheck(job->samples > 0 && job->ny > 0 && job->nx > 0, job->comm, SINEW_ERR_INPUT, "%s: /input is empty",
             job->input_path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* This rank's box of the files' maps, of which the network's are sub-lattices. */
static SinewBox box_of(const Job *job)
{
  const SinewBox box = SinewLayoutBox(job->layout);
  const PetscInt l = job->model.options.lattice;

  return (SinewBox){l * box.y, l * box.x, l * box.ny, l * box.nx};
}

static void set_box(const Job *job, SinewArray *array)
{
  const SinewBox box = box_of(job);
  const int y = array->rank - 2, x = array->rank - 1;

  array->distributed = PETSC_TRUE;
  for (int k = 0; k < array->rank; ++k) {
    array->start[k] = 0;
    array->count[k] = array->shape[k];
  }
  array->start[y] = box.y;
  array->start[x] = box.x;
  array->count[y] = box.ny;
  array->count[x] = box.nx;
}

static size_t box_values(const Job *job, PetscInt channels)
{
  const SinewBox box = box_of(job);

  return (size_t)(channels * box.ny * box.nx);
}

static PetscErrorCode read_input(Job *job, SinewFile file, SinewArray *array)
{
  const size_t n = (size_t)job->samples * box_values(job, job->model.options.inputs);
  PetscBool finite = PETSC_TRUE, failed;
  char why[8];

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(n, &job->input));
  set_box(job, array);
  array->dtype = SINEW_FLOAT64;
  array->data = job->input;
  PetscCall(SinewFileRead(file, array));
  for (size_t k = 0; k < n; ++k)
    if (!isfinite(job->input[k])) finite = PETSC_FALSE;
  PetscCall(SinewAgree(job->comm, finite, "", &failed, sizeof(why), why));
  PetscCheck(!failed, job->comm, SINEW_ERR_INPUT, "%s: /input holds values that are not finite", job->input_path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An array of `width` numbers a sample, or NULL when there is none. */
static PetscErrorCode read_column(Job *job, SinewFile file, const char name[], PetscInt width, double **values)
{
  SinewArray array;
  PetscBool exists;
  PetscInt64 n;

  PetscFunctionBeginUser;
  *values = NULL;
  PetscCall(SinewFileInquire(file, name, &exists, &array));
  if (!exists) PetscFunctionReturn(PETSC_SUCCESS);
  n = SinewArraySize(&array);
  PetscCheck(n == job->samples * width, job->comm, SINEW_ERR_INPUT,
             "%s: %s has %lld numbers, not %" PetscInt_FMT " for each of %" PetscInt_FMT " samples", job->input_path,
             name, (long long)n, width, job->samples);
  PetscCall(PetscMalloc1((size_t)n, values));
  array.name = name;
  array.dtype = SINEW_FLOAT64;
  array.data = *values;
  PetscCall(SinewFileRead(file, &array));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_condition(Job *job, SinewFile file)
{
  const SinewSinenetOptions *o = &job->model.options;

  PetscFunctionBeginUser;
  if (o->kind != SINEW_SINENET_CONDITIONAL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(read_column(job, file, "/emb_time_f32", o->hidden, &job->time));
  job->embedded = (PetscBool) !!job->time;
  if (!job->embedded) PetscCall(read_column(job, file, "/time", 1, &job->time));
  PetscCheck(job->time, job->comm, SINEW_ERR_INPUT, "%s: has no /time, which the conditional network of %s needs",
             job->input_path, job->model_path);
  if (o->scalar)
    PetscCall(
        read_column(job, file, job->embedded ? "/emb_z_f32" : "/z", job->embedded ? o->hidden : 1, &job->parameter));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- running ---- */

static PetscErrorCode load_model(Job *job, const char precision[])
{
  SinewSinenetOptions *o = &job->model.options;
  const PetscInt unit = o->lattice << SINEW_SINENET_LEVELS;
  PetscBool known;

  PetscFunctionBeginUser;
  PetscCall(SinewSinenetPrecision(precision, o, &known));
  PetscCheck(known, job->comm, SINEW_ERR_INPUT, "precision '%s' is none of f32, bf16, f64", precision);
  PetscCheck(o->lattice == 1 || (job->ny % unit == 0 && job->nx % unit == 0), job->comm, SINEW_ERR_INPUT,
             "%s: super-resolution needs a map in multiples of %" PetscInt_FMT ", not %" PetscInt_FMT
             " x %" PetscInt_FMT,
             job->input_path, unit, job->ny, job->nx);
  PetscCall(SinewLayoutCreate(job->comm, job->ny / o->lattice, job->nx / o->lattice, o->periodic, SINEW_SINENET_LEVELS,
                              &job->layout));
  job->together = o->kind == SINEW_SINENET_ODE ? job->samples : 1;
  o->batch = job->together * o->lattice * o->lattice;
  o->lean = PETSC_TRUE;
  PetscCall(SinewSinenetCreate(job->layout, o, &job->network));
  PetscCall(SinewNetworkLoad(job->network, job->file, job->model_path, "/weights"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode set_condition(Job *job, PetscInt first)
{
  const PetscInt width = job->embedded ? job->model.options.hidden : 1;
  const double *time = job->time + first * width, *parameter = job->parameter ? job->parameter + first * width : NULL;

  PetscFunctionBeginUser;
  if (job->embedded)
    PetscCall(SinewNetworkSetEmbedding(job->network, time, parameter));
  else
    PetscCall(SinewNetworkSetCondition(job->network, time, parameter));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Between planes of the map's box and those of its sub-lattices, [row of first cell][column][channel][y][x]. */
static void exchange_lattices(const Job *job, PetscInt channels, double *map, double *lattices, PetscBool split)
{
  const SinewBox box = SinewLayoutBox(job->layout);
  const PetscInt l = job->model.options.lattice;

  for (PetscInt a = 0; a < l * l; ++a)
    for (PetscInt c = 0; c < channels; ++c)
      for (PetscInt y = 0; y < box.ny; ++y)
        for (PetscInt x = 0; x < box.nx; ++x, ++lattices) {
          double *value = map + ((c * l * box.ny + l * y + a / l) * l * box.nx + l * x + a % l);

          if (split)
            *lattices = *value;
          else
            *value = *lattices;
        }
}

static PetscErrorCode set_input(Job *job, double *planes, double *work)
{
  const SinewSinenetOptions *o = &job->model.options;

  PetscFunctionBeginUser;
  if (o->lattice > 1) exchange_lattices(job, o->inputs, planes, work, PETSC_TRUE);
  PetscCall(SinewTensorSetPlanes(SinewNetworkInput(job->network), o->lattice > 1 ? work : planes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode get_output(Job *job, double *planes, double *work)
{
  const SinewSinenetOptions *o = &job->model.options;

  PetscFunctionBeginUser;
  PetscCall(SinewTensorGetPlanes(SinewNetworkOutput(job->network), o->lattice > 1 ? work : planes));
  if (o->lattice > 1) exchange_lattices(job, o->outputs, planes, work, PETSC_FALSE);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run(Job *job, PetscReal *seconds)
{
  const SinewSinenetOptions *o = &job->model.options;
  const size_t in = box_values(job, o->inputs), out = box_values(job, o->outputs);
  PetscLogDouble begin, end;
  double *work;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(PetscMax(in, out), &work));
  PetscCall(PetscMalloc1((size_t)job->samples * out, &job->output));
  *seconds = 0;
  for (PetscInt s = 0; s < job->samples; s += job->together) {
    PetscCall(set_input(job, job->input + (size_t)s * in, work));
    if (job->time) PetscCall(set_condition(job, s));
    PetscCall(PetscTime(&begin));
    PetscCall(SinewNetworkForward(job->network));
    PetscCall(PetscTime(&end));
    *seconds += end - begin;
    PetscCall(get_output(job, job->output + (size_t)s * out, work));
  }
  PetscCall(PetscFree(work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- writing ---- */

static PetscErrorCode write_output(Job *job, const char path[])
{
  const SinewDtype dtype = job->model.options.dtype;
  const PetscInt components = job->model.components, channels = job->model.options.outputs;
  const PetscInt future = channels % components ? 1 : channels / components;
  const size_t n = (size_t)job->samples * box_values(job, channels);
  SinewArray array = {.name = "/output", .dtype = dtype, .rank = 5, .data = job->output};
  SinewFile file;

  PetscFunctionBeginUser;
  array.shape[0] = job->samples;
  array.shape[1] = future;
  array.shape[2] = channels / future;
  array.shape[3] = job->ny;
  array.shape[4] = job->nx;
  set_box(job, &array);
  if (dtype == SINEW_FLOAT32) {
    float *narrow = (float *)(void *)job->output; /* in place: entry k is read before anything is written there */

    for (size_t k = 0; k < n; ++k) {
      const float value = (float)job->output[k];

      PetscCall(PetscMemcpy(narrow + k, &value, sizeof(value)));
    }
  }
  PetscCall(SinewFileCreate(job->comm, path, &file));
  PetscCall(SinewFileWrite(file, &array));
  PetscCall(SinewFileWriteString(file, "/", "model", job->model_path));
  PetscCall(SinewFileWriteString(file, "/", "input", job->input_path));
  PetscCall(SinewFilePublish(&file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Opens a file of the job in the place of the one that was open; an empty path: none. */
static PetscErrorCode open_file(Job *job, const char path[])
{
  PetscFunctionBeginUser;
  PetscCall(SinewFileClose(&job->file));
  if (path[0]) PetscCall(SinewFileOpen(job->comm, path, &job->file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode predict(Job *job, const char output[], const char precision[], SinewPrediction *result)
{
  SinewArray array;
  PetscReal seconds = 0;

  PetscFunctionBeginUser;
  PetscCall(open_file(job, job->model_path));
  PetscCall(SinewSinenetReadModel(job->file, job->model_path, &job->model));
  PetscCall(open_file(job, job->input_path));
  PetscCall(inquire_input(job, job->file, &array));
  PetscCall(open_file(job, job->model_path));
  PetscCall(load_model(job, precision));
  PetscCall(open_file(job, job->input_path));
  PetscCall(read_input(job, job->file, &array));
  PetscCall(read_condition(job, job->file));
  PetscCall(open_file(job, ""));
  PetscCall(run(job, &seconds));
  PetscCall(write_output(job, output));
  if (result)
    *result =
        (SinewPrediction){.samples = job->samples,
                          .ny = job->ny,
                          .nx = job->nx,
                          .channels = job->model.options.outputs,
                          .parameters = SinewNetworkParameterCount(job->network),
                          .seconds = seconds,
                          .flops = job->model.options.kind == SINEW_SINENET_ODE
                                       ? 0
                                       : SinewNetworkFlops(job->network) * (PetscReal)(job->samples / job->together)};
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewPredict(MPI_Comm comm, const char model[], const char input[], const char output[],
                            const char precision[], SinewPrediction *result)
{
  Job job = {.comm = comm, .model_path = model, .input_path = input};
  PetscErrorCode code;

  PetscFunctionBeginUser;
  code = predict(&job, output, precision, result); /* a file that does not fit leaves nothing behind */
  PetscCall(SinewFileClose(&job.file));
  PetscCall(PetscFree(job.input));
  PetscCall(PetscFree(job.output));
  PetscCall(PetscFree(job.time));
  PetscCall(PetscFree(job.parameter));
  PetscCall(SinewNetworkDestroy(&job.network));
  PetscCall(SinewLayoutDestroy(&job.layout));
  PetscFunctionReturn(code);
}
