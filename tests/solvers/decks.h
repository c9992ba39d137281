#ifndef SINEW_TESTS_SOLVERS_DECKS_H
#define SINEW_TESTS_SOLVERS_DECKS_H
/* Runs decks from text inside a test, without files: the deck is the test. */
#include <math.h>
#include <string.h>

#include "io/error.h"
#include "solvers/diagnostics.h"
#include "solvers/simulation.h"
#include "tests/harness.h"

#define NO_FILES "output: {series: false, history_every: 0}\ncheckpoint: {at_end: false, every_wall: 0}\n"

typedef struct {
  SinewDeck deck;
  SinewSimulation simulation;
  SinewEquation equation;
  SinewGrid grid;
  TS ts;
  Vec U;
  int code;
} Run;

/* A name for the output directory that no other run has: tests run side by side in one folder, and so do runs of single
 * ranks inside a test of several. */
static inline const char *deck_name(MPI_Comm comm)
{
  static char name[128];
  char path[PETSC_MAX_PATH_LEN];
  const char *last;
  PetscMPIInt ranks, size, rank;

  check_call(PetscGetProgramName(path, sizeof(path)));
  MPI_Comm_size(PETSC_COMM_WORLD, &ranks);
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  MPI_Comm_size(comm, &size);
  last = strrchr(path, '/');
  snprintf(name, sizeof(name), "%.100s_%d_%d", last ? last + 1 : path, (int)ranks, size < ranks ? (int)rank : 0);
  return name;
}

/* Sets up and runs `text` plus printf-formatted overrides ("grid.cells=[64]"), NULL-terminated. */
static inline Run run_deck(MPI_Comm comm, const char text[], const char *const overrides[])
{
  SinewSimulationOptions options = {.name = deck_name(comm), .quiet = PETSC_TRUE};
  PetscInt count = 0;
  Run r = {0};

  while (overrides && overrides[count]) count++;
  check_call(SinewDeckCreateFromText(comm, "test.yaml", text, count, overrides, &r.deck));
  check_call(SinewSimulationCreate(comm, r.deck, &options, &r.simulation));
  check_call(SinewSimulationSetUp(r.simulation));
  check_call(SinewSimulationRun(r.simulation, &r.code));
  check_call(SinewSimulationGet(r.simulation, &r.equation, &r.grid, NULL, &r.ts, &r.U));
  return r;
}

static inline void end_run(Run *r)
{
  check_call(SinewSimulationDestroy(&r->simulation));
  check_call(SinewDeckDestroy(&r->deck));
}

/* Expects `text` with overrides to be refused with `line` as the first mistake, or where that names no place, as its
 * end (columns behind a path are not the same everywhere); where `line` is NULL, only when it is set up. */
static inline void expect_refusal(const char text[], const char *const overrides[], const char line[])
{
  SinewSimulationOptions options = {.name = deck_name(PETSC_COMM_WORLD), .quiet = PETSC_TRUE};
  PetscInt count = 0;
  PetscErrorCode error;
  SinewSimulation simulation;
  SinewDeck deck;

  while (overrides && overrides[count]) count++;
  check_call(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  check_call(SinewDeckCreateFromText(PETSC_COMM_WORLD, "test.yaml", text, count, overrides, &deck));
  error = SinewSimulationCreate(PETSC_COMM_WORLD, deck, &options, &simulation);
  if (line) {
    const char *found = error ? SinewDeckMistakeText(deck, 0) : "no mistake";
    const PetscBool placed = (PetscBool)(!strncmp(line, "test.yaml", 9) || !strncmp(line, "command line", 12));
    const size_t before = placed ? 0 : PetscMax(strlen(found), strlen(line)) - strlen(line);
    const PetscBool same = (PetscBool)!strcmp(found + before, line);

    if (!same) print_message("  %s\n", found);
    check_all(same);
  } else {
    check_all(!error);
    error = SinewSimulationSetUp(simulation);
  }
  check_call(PetscPopErrorHandler());
  check_all(error == SINEW_ERR_INPUT);
  check_call(SinewSimulationDestroy(&simulation));
  check_call(SinewDeckDestroy(&deck));
}

/* L1 error of a primitive against the exact solution at the end. */
static inline double l1_error(const char text[], const char *const overrides[], PetscInt c)
{
  PetscReal l1[SINEW_COMPONENTS_MAX], l2[SINEW_COMPONENTS_MAX], linf[SINEW_COMPONENTS_MAX];
  PetscBool known;
  Run r = run_deck(PETSC_COMM_WORLD, text, overrides);

  assert_int_equal(r.code, 0);
  check_call(SinewSimulationErrors(r.simulation, &known, l1, l2, linf));
  assert_true(known);
  end_run(&r);
  return l1[c];
}

static inline PetscInt64 checksum_of(Run *r)
{
  PetscInt64 sum;

  check_call(SinewChecksum(r->grid, r->equation->components, r->U, &sum));
  return sum;
}

/* Largest difference between this rank's cells of a run on all ranks and the same run alone. */
static inline double distance_from_alone(const Run *all, const Run *alone)
{
  const PetscInt nc = alone->equation->components;
  const SinewAxis *x = SinewGridAxis(all->grid, 0), *y = SinewGridAxis(all->grid, 1), *z = SinewGridAxis(all->grid, 2);
  const PetscReal *a, *b;
  double worst = 0;

  check_call(VecGetArrayRead(all->U, &a));
  check_call(VecGetArrayRead(alone->U, &b));
  for (PetscInt n = 0; n < x->count * y->count * z->count; n++) {
    const PetscInt i = x->start + n % x->count, j = y->start + n / x->count % y->count,
                   k = z->start + n / x->count / y->count, m = (k * y->cells + j) * x->cells + i;

    for (PetscInt c = 0; c < nc; c++) worst = fmax(worst, fabs(a[n * nc + c] - b[m * nc + c]));
  }
  check_call(VecRestoreArrayRead(all->U, &a));
  check_call(VecRestoreArrayRead(alone->U, &b));
  return worst;
}

#endif
