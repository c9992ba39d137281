/*
  Fields as network weights against the original's optimiser and against grids.
    insr [-case a|b|c|d|e] [-scheme WORD] [-verbose] [options of network.c]
  Errors, seconds and kilobytes of each case.
*/
#include "bench.h"
#include <string.h>

static PetscErrorCode print(const BenchLine *line)
{
  PetscFunctionBeginUser;
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "  %-34s %9.2e %9.2e %9.2f %9.2f %9.2f  %s\n", line->what,
                        (double)line->error, (double)line->relative, (double)line->seconds, (double)line->cpu,
                        (double)line->kilobytes, line->remark));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run(const BenchCase *c, const char only[])
{
  PetscFunctionBeginUser;
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "(%s) %s\n", c->key, c->title));
  for (int k = 0; c->schemes[k]; k++) {
    BenchLine line = {.what = ""};

    if (only[0] && strcmp(only, c->schemes[k]) != 0) continue;
    PetscCall(BenchInsr(c, c->schemes[k], &line));
    PetscCall(print(&line));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  char key[16] = "", scheme[32] = "";

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(PetscOptionsGetString(NULL, NULL, "-case", key, sizeof(key), NULL));
  PetscCall(PetscOptionsGetString(NULL, NULL, "-scheme", scheme, sizeof(scheme), NULL));
  for (PetscInt k = 0; k < BenchCaseCount; k++)
    if (!key[0] || strcmp(key, BenchCases[k].key) == 0) PetscCall(run(&BenchCases[k], scheme));
  PetscCall(PetscFinalize());
  return 0;
}
