/* The scalar cases by Sinew's finite volumes, as decks. */
#include "bench.h"
#include "solvers/simulation.h"
#include <string.h>

#define NO_FILES "output: {series: false, history_every: 0}\ncheckpoint: {at_end: false, every_wall: 0}\n"

static const char advection[] = "equation: {type: advection, velocity: [0.25]}\n"
                                "grid: {cells: [100], lower: [-2], upper: [2], boundary: {x: outflow}}\n"
                                "initial: {type: expression, u: \"exp(-(x+1.5)^2/0.02)\"}\n"
                                "stepper: {type: rk, scheme: 5dp, reconstruction: weno5, control: cfl, cfl: 0.5}\n"
                                "time: {end: 12}\n" NO_FILES;
static const char burgers[] = "equation: {type: burgers, viscosity: 0.00318309886183790672}\n"
                              "grid: {cells: [100], lower: [-1], upper: [1]}\n"
                              "initial: {type: expression, u: \"-sin(3.14159265358979324*x)\"}\n"
                              "stepper: {type: rk, scheme: 5dp, reconstruction: weno5, control: cfl, cfl: 0.4}\n"
                              "time: {end: 1}\n" NO_FILES;

/* Values at cell centres against the exact solution there. */
static PetscErrorCode measure(const BenchCase *c, PetscReal end, Vec U, BenchLine *line)
{
  const PetscScalar *u;
  PetscInt n;
  PetscReal *x;

  PetscFunctionBeginUser;
  PetscCall(VecGetLocalSize(U, &n));
  PetscCall(PetscMalloc1((size_t)n, &x));
  for (PetscInt p = 0; p < n; p++)
    x[p] = c->lower[0] + (c->upper[0] - c->lower[0]) * ((PetscReal)p + 0.5) / (PetscReal)n;
  PetscCall(VecGetArrayRead(U, &u));
  PetscCall(BenchError(c, end, n, x, u, line));
  PetscCall(VecRestoreArrayRead(U, &u));
  PetscCall(PetscFree(x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run_deck(const BenchCase *c, PetscInt cells, BenchLine *line)
{
  const PetscReal start = BenchSeconds(), cpu = BenchCpu();
  const SinewSimulationOptions options = {.name = "bench", .quiet = PETSC_TRUE};
  SinewSimulation simulation;
  SinewDeck deck;
  char override[64];
  const char *overrides[1] = {override};
  Vec U;
  int code;

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(override, sizeof(override), "grid.cells=[%" PetscInt_FMT "]", cells));
  PetscCall(SinewDeckCreateFromText(PETSC_COMM_SELF, "bench.yaml", c->key[0] == 'a' ? advection : burgers, 1, overrides,
                                    &deck));
  PetscCall(SinewSimulationCreate(PETSC_COMM_SELF, deck, &options, &simulation));
  PetscCall(SinewSimulationSetUp(simulation));
  PetscCall(SinewSimulationRun(simulation, &code));
  PetscCheck(code == 0, PETSC_COMM_SELF, SINEW_ERR_BREAKDOWN, "case %s on a grid ended with code %d", c->key, code);
  line->seconds = BenchSeconds() - start;
  line->cpu = BenchCpu() - cpu;
  line->kilobytes = (PetscReal)cells * (PetscReal)sizeof(PetscReal) / 1024;
  PetscCall(SinewSimulationGet(simulation, NULL, NULL, NULL, NULL, &U));
  PetscCall(measure(c, (PetscReal)c->steps * c->dt, U, line));
  PetscCall(PetscSNPrintf(line->what, sizeof(line->what), "finite volumes, WENO5, %" PetscInt_FMT " cells", cells));
  PetscCall(SinewSimulationDestroy(&simulation));
  PetscCall(SinewDeckDestroy(&deck));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode BenchOnGrid(const BenchCase *c, PetscInt cells, BenchLine *line)
{
  PetscFunctionBeginUser;
  if (c->dim == 1)
    PetscCall(run_deck(c, cells, line));
  else
    PetscCall(BenchVorticity(c, cells, line));
  PetscFunctionReturn(PETSC_SUCCESS);
}
