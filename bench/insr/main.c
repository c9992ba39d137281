/*
  Fields as network weights against the original's optimiser and against grids.
    insr [-case a|b|c|d|e] [-scheme WORD] [-rivals 0] [-verbose] [-target ERROR] [options of network.c]
  Errors, seconds and kilobytes of each case; with a target the rivals alone, and grids up to that error.
    insr -reference [-case e] [-nodes 95] [-finest 767] [-times 0.1,0.5]
  How far the grid that (e) is compared with agrees with coarser ones.
    mpirun -n 2 insr -scaling [-iterations 1] [-width 39] [-points 64009]
  How one large step scales, in a minute.
*/
#include "bench.h"
#include <string.h>

static PetscErrorCode print(const BenchLine *line)
{
  PetscFunctionBeginUser;
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "  %-34s %9.3e %9.3e %9.2f %9.2f %9.2f  %s\n", line->what,
                        (double)line->error, (double)line->relative, (double)line->seconds, (double)line->cpu,
                        (double)line->kilobytes, line->remark));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A grid with as many numbers as the network has, then finer ones until one is as good. */
static PetscErrorCode grids(const BenchCase *c, PetscReal weights, PetscReal target)
{
  PetscInt cells = (PetscInt)(c->dim == 1 ? weights : PetscSqrtReal(weights));
  const PetscInt most = c->dim == 1 ? 60000 : 256;

  PetscFunctionBeginUser;
  for (PetscBool first = PETSC_TRUE; cells <= most; first = PETSC_FALSE, cells *= 2) {
    BenchLine line = {.what = ""};

    PetscCall(BenchOnGrid(c, cells, &line));
    if (first) PetscCall(PetscSNPrintf(line.remark, sizeof(line.remark), "equal memory"));
    if (line.error <= target)
      PetscCall(PetscSNPrintf(line.remark, sizeof(line.remark), "%s",
                              first ? "equal memory, no greater error" : "equal error"));
    if (first || line.error <= target || 2 * cells > most) PetscCall(print(&line));
    if (line.error <= target) break;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode adam(const BenchCase *c)
{
  BenchLine line = {.what = ""};

  PetscFunctionBeginUser;
  PetscCall(BenchAdam(c, &line));
  PetscCall(print(&line));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Weights of the case's network. */
static PetscErrorCode count_weights(const BenchCase *c, PetscReal *weights)
{
  SinewPointwise *equation;
  SinewInsrOptions options;
  SinewJet jet;

  PetscFunctionBeginUser;
  PetscCall(c->equation(&equation));
  options = SinewInsrDefaults(equation, c->lower, c->upper);
  c->options(c->schemes[0], &options);
  options.network.dim = c->dim;
  options.network.outputs = equation->unknowns;
  PetscCall(SinewJetCreate(&options.network, 1, &jet));
  *weights = (PetscReal)SinewJetSize(jet);
  PetscCall(SinewJetDestroy(&jet));
  PetscCall(SinewPointwiseDestroy(&equation));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run(const BenchCase *c, const char only[], PetscBool rivals)
{
  PetscReal target = 0, weights = 0;
  PetscBool given;

  PetscFunctionBeginUser;
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "(%s) %s; error: %s\n", c->key, c->title, c->norm));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-target", &target, &given));
  if (given) PetscCall(count_weights(c, &weights));
  for (int k = 0; c->schemes[k] && !given; k++) {
    BenchLine line = {.what = ""};

    if (only[0] && strcmp(only, c->schemes[k]) != 0) continue;
    PetscCall(BenchInsr(c, c->schemes[k], &line));
    PetscCall(print(&line));
    target = target > 0 ? PetscMin(target, line.error) : line.error;
    weights = line.kilobytes * 1024 / (PetscReal)sizeof(PetscReal);
  }
  if (!rivals) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(adam(c));
  PetscCall(grids(c, weights, target));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  char key[16] = "", scheme[32] = "";
  PetscBool rivals = PETSC_TRUE, scaling = PETSC_FALSE, reference = PETSC_FALSE;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-scaling", &scaling, NULL));
  if (scaling) {
    PetscCall(BenchScaling());
    PetscCall(PetscFinalize());
    return 0;
  }
  PetscCall(PetscOptionsGetString(NULL, NULL, "-case", key, sizeof(key), NULL));
  PetscCall(PetscOptionsGetString(NULL, NULL, "-scheme", scheme, sizeof(scheme), NULL));
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-rivals", &rivals, NULL));
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-reference", &reference, NULL));
  PetscCall(
      PetscPrintf(PETSC_COMM_WORLD, "  %-34s %9s %9s %9s %9s %9s\n", "", "error", "rel. L2", "seconds", "CPU s", "KB"));
  for (PetscInt k = 0; k < BenchCaseCount; k++)
    if (reference ? !strcmp(key[0] ? key : "e", BenchCases[k].key) : !key[0] || !strcmp(key, BenchCases[k].key))
      PetscCall(reference ? BenchReference(&BenchCases[k]) : run(&BenchCases[k], scheme, rivals));
  PetscCall(PetscFinalize());
  return 0;
}
