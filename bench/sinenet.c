/*
  One SineNet step: seconds, where they go, and the machine's peak beside them.
    sinenet -make MODEL.h5 [-variant sinenet8-dual] [-size 128]      seeded weights and an input
    sinenet -model MODEL [-precision f32|bf16|f64] [-forwards 5] [-output FILE] [-reference FILE]
  The second form prints one line of `key value` pairs: seconds of the forwards (median, least, mean; cpu: least
  processor time of a forward on the rank that needs most), and of all together the seconds per forward of each kind of
  work on rank 0, the largest peak memory of a rank, and the rate of sgemm (oneDNN's own, which knows the processor). On
  one rank -output writes the result as planes of doubles, and -reference prints the distance from such a file, relative
  in l2.
*/
#include "neural/sinenet.h"
#include "io/environment.h"
#include <dnnl.h>
#include <petsctime.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#define FORWARDS_MAX 100
#define COMPONENTS   3 /* of a frame, as in the original's incompressible data: one scalar, one vector */
#define HISTORY      4

typedef struct {
  char model[PETSC_MAX_PATH_LEN], make[PETSC_MAX_PATH_LEN], output[PETSC_MAX_PATH_LEN], reference[PETSC_MAX_PATH_LEN],
      variant[64], precision[8];
  PetscInt size, forwards;
} Settings;

static PetscErrorCode read_settings(Settings *s)
{
  PetscFunctionBeginUser;
  *s = (Settings){.variant = "sinenet8-dual", .precision = "f32", .size = 128, .forwards = 5};
  PetscCall(PetscOptionsGetString(NULL, NULL, "-model", s->model, sizeof(s->model), NULL));
  PetscCall(PetscOptionsGetString(NULL, NULL, "-make", s->make, sizeof(s->make), NULL));
  PetscCall(PetscOptionsGetString(NULL, NULL, "-output", s->output, sizeof(s->output), NULL));
  PetscCall(PetscOptionsGetString(NULL, NULL, "-reference", s->reference, sizeof(s->reference), NULL));
  PetscCall(PetscOptionsGetString(NULL, NULL, "-variant", s->variant, sizeof(s->variant), NULL));
  PetscCall(PetscOptionsGetString(NULL, NULL, "-precision", s->precision, sizeof(s->precision), NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-size", &s->size, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-forwards", &s->forwards, NULL));
  s->forwards = PetscMax(1, PetscMin(s->forwards, FORWARDS_MAX));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- a model ---- */

static PetscErrorCode write_config(SinewFile file, const SinewSinenetOptions *o, PetscInt size)
{
  const struct {
    const char *key;
    PetscInt64 value;
  } ints[] = {{"hidden_channels", o->hidden},
              {"num_waves", o->waves},
              {"num_blocks", o->blocks},
              {"disentangle", o->disentangle},
              {"time_history", HISTORY},
              {"time_future", 1},
              {"n_input_scalar_components", 1},
              {"n_input_vector_components", 1},
              {"n_output_scalar_components", 1},
              {"n_output_vector_components", 1},
              {"H", size},
              {"W", size}};

  PetscFunctionBeginUser;
  PetscCall(SinewFileWriteString(file, "/config", "model", "sinenet"));
  PetscCall(SinewFileWriteString(file, "/config", "padding_mode", o->periodic ? "circular" : "zeros"));
  PetscCall(SinewFileWriteString(file, "/config", "activation", o->activation));
  PetscCall(SinewFileWriteReals(file, "/config", "mult", 1, &o->mult));
  for (size_t k = 0; k < sizeof(ints) / sizeof(ints[0]); ++k)
    PetscCall(SinewFileWriteInts(file, "/config", ints[k].key, 1, &ints[k].value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A field that PyTorch's side can make as well: smooth, of order one, another in each channel. */
static double input_at(PetscInt channel, PetscInt y, PetscInt x, PetscInt size)
{
  const double a = 2 * M_PI / (double)size;

  return sin(a * (double)((channel % 4 + 1) * x)) * cos(a * (double)((channel / 4 + 1) * y) + 0.5 * (double)channel);
}

static PetscErrorCode make_model(const Settings *s)
{
  SinewSinenetOptions o;
  SinewLayout layout;
  SinewNetwork network;
  SinewFile file;
  PetscBool known;

  PetscFunctionBeginUser;
  PetscCall(SinewSinenetDefaults(&o));
  PetscCall(SinewSinenetVariant(s->variant, &o, &known));
  PetscCheck(known, PETSC_COMM_WORLD, SINEW_ERR_INPUT, "no variant %s", s->variant);
  o.inputs = HISTORY * COMPONENTS;
  o.outputs = COMPONENTS;
  PetscCall(SinewLayoutCreate(PETSC_COMM_WORLD, s->size, s->size, o.periodic, SINEW_SINENET_LEVELS, &layout));
  PetscCall(SinewSinenetCreate(layout, &o, &network));
  PetscCall(SinewNetworkInitialize(network, 42));
  PetscCall(SinewFileCreate(PETSC_COMM_WORLD, s->make, &file));
  PetscCall(write_config(file, &o, s->size));
  PetscCall(SinewNetworkStore(network, file, "/weights"));
  PetscCall(SinewFilePublish(&file));
  PetscCall(SinewNetworkDestroy(&network));
  PetscCall(SinewLayoutDestroy(&layout));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the machine ---- */

/* GFLOP/s of a product of n x n matrices of floats, best of a few. */
static PetscErrorCode sgemm_rate(double *rate)
{
  const int n = 1536;
  const size_t count = (size_t)n * (size_t)n;
  float *a, *b, *c;
  PetscLogDouble begin, end;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc3(count, &a, count, &b, count, &c));
  for (size_t k = 0; k < count; ++k) {
    a[k] = 1 / (float)(k % 97 + 1);
    b[k] = 1 / (float)(k % 89 + 1);
  }
  *rate = 0;
  for (int k = 0; k < 4; ++k) {
    PetscCall(PetscTime(&begin));
    PetscCheck(dnnl_sgemm('N', 'N', n, n, n, 1, a, n, b, n, 0, c, n) == dnnl_success, PETSC_COMM_SELF, PETSC_ERR_LIB,
               "sgemm");
    PetscCall(PetscTime(&end));
    *rate = PetscMax(*rate, 2e-9 * (double)n * (double)count / (end - begin));
  }
  PetscCall(PetscFree3(a, b, c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static double peak_megabytes(void)
{
  struct rusage usage;
  double mine, most;

  getrusage(RUSAGE_SELF, &usage);
  mine = (double)usage.ru_maxrss / 1024; /* Linux counts kilobytes */
  (void)MPI_Allreduce(&mine, &most, 1, MPI_DOUBLE, MPI_MAX, PETSC_COMM_WORLD);
  return most;
}

/* Of this process: what a shared machine leaves comparable. */
static double cpu_seconds(void)
{
  return (double)clock() / CLOCKS_PER_SEC;
}

/* ---- forwards ---- */

static PetscErrorCode set_input(SinewNetwork network)
{
  const SinewTensor input = SinewNetworkInput(network);
  const SinewLayout layout = SinewTensorLayout(input);
  const SinewBox box = SinewLayoutBox(layout);
  const PetscInt size = SinewLayoutMap(layout).nx, channels = SinewTensorChannels(input);
  double *planes;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)(channels * box.ny * box.nx), &planes));
  for (PetscInt c = 0, k = 0; c < channels; ++c)
    for (PetscInt y = 0; y < box.ny; ++y)
      for (PetscInt x = 0; x < box.nx; ++x) planes[k++] = input_at(c, box.y + y, box.x + x, size);
  PetscCall(SinewTensorSetPlanes(input, planes));
  PetscCall(PetscFree(planes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_planes(SinewNetwork network, const char path[])
{
  const SinewTensor output = SinewNetworkOutput(network);
  const SinewBox box = SinewLayoutBox(SinewTensorLayout(output));
  const size_t n = (size_t)(SinewTensorChannels(output) * box.ny * box.nx);
  double *planes;
  FILE *file = fopen(path, "wb");

  PetscFunctionBeginUser;
  PetscCheck(file, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "%s", path);
  PetscCall(PetscMalloc1(n, &planes));
  PetscCall(SinewTensorGetPlanes(output, planes));
  PetscCheck(fwrite(planes, sizeof(*planes), n, file) == n && !fclose(file), PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE,
             "%s", path);
  PetscCall(PetscFree(planes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode print_difference(SinewNetwork network, const char path[])
{
  const SinewTensor output = SinewNetworkOutput(network);
  const SinewBox box = SinewLayoutBox(SinewTensorLayout(output));
  const size_t n = (size_t)(SinewTensorChannels(output) * box.ny * box.nx);
  double *planes, *exact, square = 0, size = 0;
  FILE *file = fopen(path, "rb");

  PetscFunctionBeginUser;
  PetscCheck(file, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "%s", path);
  PetscCall(PetscMalloc2(n, &planes, n, &exact));
  PetscCheck(fread(exact, sizeof(*exact), n, file) == n && !fclose(file), PETSC_COMM_SELF, PETSC_ERR_FILE_READ, "%s",
             path);
  PetscCall(SinewTensorGetPlanes(output, planes));
  for (size_t k = 0; k < n; ++k) {
    square += PetscSqr(planes[k] - exact[k]);
    size += PetscSqr(exact[k]);
  }
  PetscCall(PetscFree2(planes, exact));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "difference %.2e ", sqrt(square / size)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int by_size(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

/* One line: what the forwards took, and rank 0's share of each kind of work. */
static PetscErrorCode report(const Settings *s, SinewNetwork network, PetscInt n, double seconds[], double cpu,
                             double memory, double rate)
{
  static const char *const events[][2] = {{"NetConvolution", "convolution"}, {"NetNorm", "norm_activation"},
                                          {"NetSample", "sampling"},         {"NetHalo", "halo"},
                                          {"NetReduce", "reduction"},        {"NetConvert", "conversion"}};
  double mean = 0;
  PetscLogEvent event;
  PetscEventPerfInfo info;
  PetscMPIInt ranks;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &ranks));
  for (PetscInt k = 0; k < n; ++k) mean += seconds[k] / (double)n;
  qsort(seconds, (size_t)n, sizeof(*seconds), by_size);
  PetscCall(
      PetscPrintf(PETSC_COMM_WORLD,
                  "precision %s ranks %d seconds %.4f least %.4f mean %.4f cpu %.4f gflops %.1f sgemm %.1f memory %.0f",
                  s->precision, (int)ranks, seconds[n / 2], seconds[0], mean, cpu,
                  1e-9 * SinewNetworkFlops(network) / seconds[n / 2], rate, memory));
  for (size_t k = 0; k < sizeof(events) / sizeof(events[0]); ++k) {
    PetscCall(PetscLogEventGetId(events[k][0], &event));
    PetscCall(PetscLogEventGetPerfInfo(PETSC_DETERMINE, event, &info));
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, " %s %.4f", events[k][1], info.time / (double)n));
  }
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "\n"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode load(const Settings *s, SinewNetwork *network)
{
  SinewSinenetModel model;
  SinewLayout layout;
  SinewFile file;
  PetscBool known;

  PetscFunctionBeginUser;
  PetscCall(SinewFileOpen(PETSC_COMM_WORLD, s->model, &file));
  PetscCall(SinewSinenetReadModel(file, s->model, &model));
  PetscCall(SinewSinenetPrecision(s->precision, &model.options, &known));
  PetscCheck(known, PETSC_COMM_WORLD, SINEW_ERR_INPUT, "no precision %s", s->precision);
  model.options.lean = PETSC_TRUE;
  PetscCall(
      SinewLayoutCreate(PETSC_COMM_WORLD, model.ny, model.nx, model.options.periodic, SINEW_SINENET_LEVELS, &layout));
  PetscCall(SinewSinenetCreate(layout, &model.options, network));
  PetscCall(SinewNetworkLoad(*network, file, s->model, "/weights"));
  PetscCall(SinewFileClose(&file));
  PetscCall(SinewLayoutDestroy(&layout));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What was logged so far is another stage's. */
static PetscErrorCode forget_times(void)
{
  PetscLogStage stage;

  PetscFunctionBeginUser;
  PetscCall(PetscLogStageRegister("forwards", &stage));
  PetscCall(PetscLogStagePush(stage));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run(const Settings *s)
{
  SinewNetwork network;
  double seconds[FORWARDS_MAX], cpu = PETSC_MAX_REAL, memory, rate = 0;
  double used;
  PetscLogDouble begin, end;

  PetscFunctionBeginUser;
  PetscCall(load(s, &network));
  PetscCall(set_input(network));
  PetscCall(SinewNetworkForward(network)); /* touches all memory once */
  PetscCall(forget_times());
  for (PetscInt k = 0; k < s->forwards; ++k) {
    PetscCall(set_input(network));
    PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
    PetscCall(PetscTime(&begin));
    used = cpu_seconds();
    PetscCall(SinewNetworkForward(network));
    used = cpu_seconds() - used;
    PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
    PetscCall(PetscTime(&end));
    seconds[k] = end - begin;
    PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &used, 1, MPI_DOUBLE, MPI_MAX, PETSC_COMM_WORLD));
    cpu = PetscMin(cpu, used);
  }
  memory = peak_megabytes(); /* before sgemm takes its own */
  PetscCall(sgemm_rate(&rate));
  if (s->output[0]) PetscCall(write_planes(network, s->output));
  if (s->reference[0]) PetscCall(print_difference(network, s->reference));
  PetscCall(report(s, network, s->forwards, seconds, cpu, memory, rate));
  PetscCall(SinewNetworkDestroy(&network));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  Settings settings;

  PetscFunctionBeginUser;
  SinewSetEnvironment();
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(PetscLogDefaultBegin());
  PetscCall(read_settings(&settings));
  if (settings.make[0]) PetscCall(make_model(&settings));
  if (settings.model[0]) PetscCall(run(&settings));
  PetscCall(PetscFinalize());
  return 0;
}
