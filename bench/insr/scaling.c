/*
  How a step's work divides: the same step of many weights and points by one rank alone and by all ranks. Processor time
  and time inside MPI are taken apart, so that a busy machine still tells what idle cores would do.
*/
#include "bench.h"
#include <time.h>
#include <unistd.h>

#define SIDE  253 /* points an axis: 64,009 */
#define WIDTH 39  /* 3 x 39 in two dimensions: 3277 weights */

/* ---- time inside MPI: this program's own functions stand before the library's ---- */

typedef struct {
  PetscReal wall, cpu;
} Clock;

static Clock inside;

static Clock now(void)
{
  struct timespec t;

  (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (Clock){BenchSeconds(), (PetscReal)t.tv_sec + 1e-9 * (PetscReal)t.tv_nsec};
}

static int leave(Clock begin, int code)
{
  const Clock end = now();

  inside.wall += end.wall - begin.wall;
  inside.cpu += end.cpu - begin.cpu;
  return code;
}

#undef MPI_Sendrecv
#undef MPI_Allreduce
#undef MPI_Bcast

int MPI_Sendrecv(const void *out, int count, MPI_Datatype type, int to, int tag, void *in, int in_count,
                 MPI_Datatype in_type, int from, int in_tag, MPI_Comm comm, MPI_Status *status)
{
  const Clock begin = now();

  return leave(begin, PMPI_Sendrecv(out, count, type, to, tag, in, in_count, in_type, from, in_tag, comm, status));
}

int MPI_Allreduce(const void *out, void *in, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm)
{
  const Clock begin = now();

  return leave(begin, PMPI_Allreduce(out, in, count, type, op, comm));
}

int MPI_Bcast(void *data, int count, MPI_Datatype type, int root, MPI_Comm comm)
{
  const Clock begin = now();

  return leave(begin, PMPI_Bcast(data, count, type, root, comm));
}

/* ---- the step ---- */

typedef struct {
  PetscReal wall, work, waiting; /* wall clock, processor time outside and wall clock inside of MPI */
} Cost;

static PetscErrorCode step(MPI_Comm comm, PetscInt iterations, Cost *cost)
{
  const SinewTransport terms = {.dim = 2, .velocity = {1, 0.5}, .viscosity = 0.01};
  const PetscReal lower[2] = {0, 0}, upper[2] = {1, 1};
  SinewPointwise *equation;
  SinewInsrOptions o;
  SinewInsrReport report;
  SinewInsr insr;
  Clock begin, end;

  PetscFunctionBeginUser;
  PetscCall(SinewPointwiseTransport(&terms, &equation));
  o = SinewInsrDefaults(equation, lower, upper);
  o.network.width = WIDTH;
  o.points = SIDE * SIDE;
  o.held_out = 0;
  o.step_limit = 0;
  o.step.iterations = iterations;
  o.step.tolerance = o.step.stagnation = 0;
  o.step.acceleration = PETSC_FALSE;
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-width", &o.network.width, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-points", &o.points, NULL));
  PetscCall(SinewInsrCreate(comm, equation, &o, &insr));
  PetscCall(SinewJetInitialise(SinewInsrGetJet(insr), 1, SinewInsrWeights(insr)));
  PetscCallMPI(MPI_Barrier(comm));
  inside = (Clock){0, 0};
  begin = now();
  PetscCall(SinewInsrStep(insr, 0, 0.01, &report));
  end = now();
  *cost = (Cost){end.wall - begin.wall, end.cpu - begin.cpu - inside.cpu, inside.wall};
  PetscCall(PetscPrintf(comm, "  %" PetscInt_FMT " weights, %" PetscInt_FMT " points, %" PetscInt_FMT " matrices\n",
                        SinewJetSize(SinewInsrGetJet(insr)), SinewInsrGetOptions(insr)->points, report.solve.matrices));
  PetscCall(SinewInsrDestroy(&insr));
  PetscCall(SinewPointwiseDestroy(&equation));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Waits for rank 0 without using its processor. */
static PetscErrorCode rest_until(MPI_Request *request)
{
  int done = 0;

  PetscFunctionBeginUser;
  while (!done) {
    PetscCallMPI(MPI_Test(request, &done, MPI_STATUS_IGNORE));
    if (!done) (void)usleep(20000);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode BenchScaling(void)
{
  PetscInt iterations = 1;
  PetscReal most[3];
  Cost alone, all;
  MPI_Request request;
  PetscMPIInt rank, size;

  PetscFunctionBeginUser;
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-iterations", &iterations, NULL));
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "one midpoint step of 2D advection and diffusion; %d ranks against one\n",
                        (int)size));
  if (!rank) PetscCall(step(PETSC_COMM_SELF, iterations, &alone));
  PetscCallMPI(MPI_Ibarrier(PETSC_COMM_WORLD, &request));
  PetscCall(rest_until(&request));
  PetscCall(step(PETSC_COMM_WORLD, iterations, &all));
  most[0] = all.wall, most[1] = all.work, most[2] = -all.waiting;
  PetscCallMPI(PMPI_Allreduce(MPI_IN_PLACE, most, 3, MPIU_REAL, MPI_MAX, PETSC_COMM_WORLD));
  if (rank) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscPrintf(PETSC_COMM_SELF, "  one rank    %7.2f s wall clock %7.2f s of processor time\n",
                        (double)alone.wall, (double)alone.work));
  PetscCall(
      PetscPrintf(PETSC_COMM_SELF,
                  "  %d ranks     %7.2f s wall clock %7.2f s of processor time on the busiest, at least %.2f s in "
                  "MPI\n",
                  (int)size, (double)most[0], (double)most[1], (double)-most[2]));
  PetscCall(PetscPrintf(PETSC_COMM_SELF, "  speed-up    %7.2f by wall clock %4.2f by processor time and MPI\n",
                        (double)(alone.wall / most[0]), (double)(alone.work / (most[1] - most[2]))));
  PetscFunctionReturn(PETSC_SUCCESS);
}
