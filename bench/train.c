/*
  One training step of a SineNet (forward, loss, backward, AdamW), batch 1, as bench/train runs it.
    train -model MODEL.h5 [-steps 3] [-recompute]      a file of bench/sinenet -make
  Prints one line of `key value` pairs: seconds of a step (median, least; cpu: least processor time of a step on the
  rank that needs most), of which cpu of forward, backward and optimiser on rank 0, the largest peak memory of a rank in
  MB, and the loss after the steps.
*/
#include "io/environment.h"
#include "neural/loss.h"
#include "neural/optimizer.h"
#include "neural/sinenet.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#define STEPS_MAX 100

static double inside; /* processor time of the optimiser in Backward */

static double cpu_seconds(void)
{
  return (double)clock() / CLOCKS_PER_SEC;
}

static double most(double mine)
{
  double all;

  MPI_Allreduce(&mine, &all, 1, MPI_DOUBLE, MPI_MAX, PETSC_COMM_WORLD);
  return all;
}

static int ascending(const void *a, const void *b)
{
  const double *x = a, *y = b;

  return *x < *y ? -1 : *x > *y;
}

/* The same smooth fields on PyTorch's side (bench/train.py). */
static PetscErrorCode fill(SinewTensor tensor, double phase)
{
  const SinewLayout layout = SinewTensorLayout(tensor);
  const SinewBox box = SinewLayoutBox(layout);
  const double a = 2 * M_PI / (double)SinewLayoutMap(layout).nx;
  const PetscInt channels = SinewTensorChannels(tensor);
  double *planes;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)(channels * box.ny * box.nx), &planes));
  for (PetscInt c = 0, k = 0; c < channels; ++c)
    for (PetscInt y = box.y; y < box.y + box.ny; ++y)
      for (PetscInt x = box.x; x < box.x + box.nx; ++x)
        planes[k++] = sin(a * (double)((c % 4 + 1) * x) + phase) * cos(a * (double)((c / 4 + 1) * y) + 0.5 * (double)c);
  PetscCall(SinewTensorSetPlanes(tensor, planes));
  PetscCall(PetscFree(planes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The optimiser takes gradients as they come, as in a training without clipping. */
static PetscErrorCode consume(void *optimizer, PetscInt count, const PetscInt parameters[])
{
  const double start = cpu_seconds();

  PetscFunctionBeginUser;
  PetscCall(SinewOptimizerApply((SinewOptimizer)optimizer, count, parameters));
  inside += cpu_seconds() - start;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run(const char path[], PetscInt steps, PetscBool recompute)
{
  double wall[STEPS_MAX], cpu[STEPS_MAX], part[3] = {0}, loss = 0;
  SinewSinenetModel model;
  SinewOptimizerOptions options;
  SinewOptimizer optimizer;
  SinewNetwork network;
  SinewTensor target;
  SinewLayout layout;
  SinewFile file;
  const SinewParameter *parameter;
  struct rusage usage;
  PetscMPIInt ranks;
  PetscInt count;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &ranks));
  PetscCall(SinewFileOpen(PETSC_COMM_WORLD, path, &file));
  PetscCall(SinewSinenetReadModel(file, path, &model));
  model.options.training = PETSC_TRUE;
  model.options.recompute = recompute;
  model.options.stream = model.options.divided = PETSC_TRUE;
  PetscCall(
      SinewLayoutCreate(PETSC_COMM_WORLD, model.ny, model.nx, model.options.periodic, SINEW_SINENET_LEVELS, &layout));
  PetscCall(SinewSinenetCreate(layout, &model.options, &network));
  PetscCall(SinewNetworkShareMemory(network, PETSC_COMM_WORLD));
  PetscCall(SinewNetworkLoad(network, file, path, "/weights"));
  PetscCall(SinewFileClose(&file));
  PetscCall(SinewTensorCreate(layout, SINEW_FLOAT32, 1, model.options.outputs, 0, NULL, &target));
  PetscCall(SinewNetworkGetParameters(network, &count, &parameter));
  PetscCall(SinewOptimizerDefaults(&options));
  PetscCall(SinewOptimizerCreate(SINEW_FLOAT32, count, parameter, &options, &optimizer));
  PetscCall(SinewOptimizerSetComm(optimizer, PETSC_COMM_WORLD));
  PetscCall(SinewNetworkSetConsumer(network, consume, optimizer));
  PetscCall(fill(SinewNetworkInput(network), 0));
  PetscCall(fill(target, 0.1));
  for (PetscInt k = 0; k <= steps; ++k) { /* the first one warms up */
    const double begin = MPI_Wtime(), start = cpu_seconds();
    double forward, backward, end;

    inside = 0;
    PetscCall(SinewOptimizerBegin(optimizer, 2e-4));
    PetscCall(SinewNetworkForward(network));
    PetscCall(SinewLossScaledL2(SinewNetworkOutput(network), target, &loss, SinewNetworkOutputGradient(network)));
    forward = cpu_seconds();
    PetscCall(SinewNetworkBackward(network));
    backward = cpu_seconds() - inside;
    PetscCall(SinewOptimizerEnd(optimizer, NULL));
    PetscCall(SinewNetworkUpdate(network));
    end = cpu_seconds();
    if (!k) continue;
    wall[k - 1] = most(MPI_Wtime() - begin);
    cpu[k - 1] = most(end - start);
    part[0] += (forward - start) / (double)steps;
    part[1] += (backward - forward) / (double)steps;
    part[2] += (end - backward) / (double)steps;
  }
  qsort(wall, (size_t)steps, sizeof(*wall), ascending);
  qsort(cpu, (size_t)steps, sizeof(*cpu), ascending);
  getrusage(RUSAGE_SELF, &usage);
  PetscCall(PetscPrintf(PETSC_COMM_WORLD,
                        "ranks %d seconds %.4f least %.4f cpu %.4f forward %.4f backward %.4f optimizer %.4f memory "
                        "%.0f network %.0f loss %.8f\n",
                        (int)ranks, wall[steps / 2], wall[0], cpu[0], part[0], part[1], part[2],
                        most((double)usage.ru_maxrss / 1024),
                        1e-6 * most((double)(SinewNetworkMemory(network) + SinewOptimizerMemory(optimizer))), loss));
  PetscCall(SinewOptimizerDestroy(&optimizer));
  PetscCall(SinewNetworkDestroy(&network));
  PetscCall(SinewTensorDestroy(&target));
  PetscCall(SinewLayoutDestroy(&layout));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  char model[PETSC_MAX_PATH_LEN] = "model.h5";
  PetscBool recompute = PETSC_FALSE;
  PetscInt steps = 3;

  SinewSetEnvironment();
  if (PetscInitialize(&argc, &argv, NULL, NULL)) return 1;
  PetscCall(PetscOptionsGetString(NULL, NULL, "-model", model, sizeof(model), NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-steps", &steps, NULL));
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-recompute", &recompute, NULL));
  PetscCall(run(model, PetscMax(1, PetscMin(steps, STEPS_MAX)), recompute));
  return PetscFinalize() ? 1 : 0;
}
