/* Checkpoints of a simulation: what is written, and what a restart reads back. */
#include "solvers/simulation_private.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORMAT_NAME "/fields/%s"

static void describe(SinewSimulation s, const char name[], PetscReal data[], SinewArray *array)
{
  const SinewAxis *axis[3] = {SinewGridAxis(s->grid, 2), SinewGridAxis(s->grid, 1), SinewGridAxis(s->grid, 0)};

  *array = (SinewArray){.name = name, .dtype = SINEW_FLOAT64, .rank = 3, .distributed = PETSC_TRUE, .data = data};
  for (int d = 0; d < 3; d++) {
    array->shape[d] = axis[d]->cells;
    array->start[d] = axis[d]->start;
    array->count[d] = axis[d]->count;
  }
}

static PetscInt owned(SinewSimulation s)
{
  return SinewGridAxis(s->grid, 0)->count * SinewGridAxis(s->grid, 1)->count * SinewGridAxis(s->grid, 2)->count;
}

static PetscErrorCode write_fields(SinewSimulation s, SinewFile file)
{
  const PetscInt n = owned(s), nc = s->equation->components;
  const PetscReal *u;
  PetscReal *data;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)n, &data));
  PetscCall(VecGetArrayRead(s->U, &u));
  for (PetscInt c = 0; c < nc; c++) {
    char name[64];
    SinewArray array;

    for (PetscInt i = 0; i < n; i++) data[i] = u[i * nc + c];
    PetscCall(PetscSNPrintf(name, sizeof(name), FORMAT_NAME, s->equation->component[c]));
    describe(s, name, data, &array);
    PetscCall(SinewFileWrite(file, &array));
  }
  PetscCall(VecRestoreArrayRead(s->U, &u));
  PetscCall(PetscFree(data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_fields(SinewSimulation s, SinewFile file)
{
  const PetscInt n = owned(s), nc = s->equation->components;
  PetscReal *u, *data;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)n, &data));
  PetscCall(VecGetArrayWrite(s->U, &u));
  for (PetscInt c = 0; c < nc; c++) {
    char name[64];
    SinewArray array;

    PetscCall(PetscSNPrintf(name, sizeof(name), FORMAT_NAME, s->equation->component[c]));
    describe(s, name, data, &array);
    PetscCall(SinewFileRead(file, &array));
    for (PetscInt i = 0; i < n; i++) u[i * nc + c] = data[i];
  }
  PetscCall(VecRestoreArrayWrite(s->U, &u));
  PetscCall(PetscFree(data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The mesh as series files describe it, so that whatever opens those opens a checkpoint. */
static PetscErrorCode write_mesh(SinewSimulation s, SinewFile file)
{
  PetscInt64 dim = SinewGridDim(s->grid), cells[3];
  PetscReal lower[3], upper[3];

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < 3; d++) {
    const SinewAxis *a = SinewGridAxis(s->grid, d);

    cells[d] = a->cells;
    lower[d] = a->lower;
    upper[d] = a->upper;
  }
  PetscCall(SinewFileWriteString(file, "/", "mesh_kind", s->motion ? "nodes" : "uniform"));
  PetscCall(SinewFileWriteInts(file, "/", "mesh_dim", 1, &dim));
  PetscCall(SinewFileWriteInts(file, "/", "mesh_cells", 3, cells));
  PetscCall(SinewFileWriteReals(file, "/", "mesh_lower", 3, lower));
  PetscCall(SinewFileWriteReals(file, "/", "mesh_upper", 3, upper));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where the nodes are, for people, and what they come from. */
static PetscErrorCode write_moving_mesh(SinewSimulation s, SinewFile file)
{
  SinewArray array = {.name = "/mesh/nodes", .dtype = SINEW_FLOAT64, .rank = 4, .distributed = PETSC_TRUE};
  PetscReal *nodes;

  PetscFunctionBeginUser;
  PetscCall(SinewGeometryCorners(s->equation->geometry, &nodes));
  for (int d = 0; d < 3; d++) {
    const SinewAxis *a = SinewGridAxis(s->grid, 2 - d);
    const PetscBool used = (PetscBool)(2 - d < SinewGridDim(s->grid));

    array.shape[d] = a->cells + (used ? 1 : 0); /* of an axis that is not used the lower layer alone, which comes first */
    array.start[d] = a->start;
    array.count[d] = a->count + (used && a->start + a->count == a->cells);
  }
  array.shape[3] = array.count[3] = 3;
  array.data = nodes;
  PetscCall(SinewFileWrite(file, &array));
  PetscCall(PetscFree(nodes));
  PetscCall(SinewMeshMotionSave(s->motion, file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSimulationSave(SinewSimulation s)
{
  const double begin = MPI_Wtime();
  SinewFile file;
  PetscInt step, rejections;
  PetscInt64 wide, rejected;
  PetscReal t, nominal, cfl;

  PetscFunctionBeginUser;
  PetscCall(TSGetStepNumber(s->ts, &step));
  PetscCall(TSGetTime(s->ts, &t));
  PetscCall(SinewStepControlGetNominal(s->ts, &nominal));
  PetscCall(SinewStepControlGetCFL(s->ts, &cfl));
  PetscCall(SinewStepControlGetRejections(s->ts, &rejections, NULL));
  wide = step;
  rejected = rejections;
  PetscCall(SinewCheckpointsBegin(s->checkpoints, wide, &file));
  PetscCall(write_fields(s, file));
  PetscCall(write_mesh(s, file));
  if (s->motion) PetscCall(write_moving_mesh(s, file));
  PetscCall(SinewFileWriteReals(file, "/", "time", 1, &t));
  PetscCall(SinewFileWriteInts(file, "/", "step", 1, &wide));
  PetscCall(SinewFileWriteReals(file, "/", "nominal_step", 1, &nominal));
  PetscCall(SinewFileWriteReals(file, "/", "cfl", 1, &cfl));
  PetscCall(SinewFileWriteInts(file, "/", "rejections", 1, &rejected));
  PetscCall(SinewFileWriteString(file, "/", "equation", s->equation->type->name));
  PetscCall(SinewFileWriteString(file, "/", "stepper", SinewStepperName(s->stepper)));
  PetscCall(SinewFileWriteString(file, "/", "effective_deck", SinewDeckEffective(s->deck)));
  for (PetscInt k = 0; s->provenance[k]; k += 2)
    PetscCall(SinewFileWriteString(file, "/", s->provenance[k], s->provenance[k + 1]));
  PetscCall(SinewCheckpointsEnd(s->checkpoints, &file));
  PetscCall(PetscStrncpy(s->last_checkpoint, SinewCheckpointsLastPath(s->checkpoints), sizeof(s->last_checkpoint)));
  PetscCall(SinewStepperForget(s->stepper, s->ts));
  s->checkpoint_step = step;
  s->checkpoint_time = t;
  s->checkpoint_clock = MPI_Wtime();
  s->slowest_checkpoint = PetscMax(s->slowest_checkpoint, s->checkpoint_clock - begin);
  s->io_seconds += s->checkpoint_clock - begin;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode load(SinewSimulation s, SinewFile file)
{
  char *equation, *effective;
  PetscBool same;
  PetscInt n;
  PetscInt64 step, rejected;
  PetscReal t, nominal, cfl = 0;

  PetscFunctionBeginUser;
  PetscCall(SinewFileReadString(file, "/", "equation", &equation));
  PetscCall(SinewFileReadString(file, "/", "effective_deck", &effective));
  PetscCall(PetscStrcmp(equation ? equation : "", s->equation->type->name, &same));
  if (!same)
    SETERRQ(s->comm, SINEW_ERR_INPUT, "%s: a checkpoint of %s, the deck is for %s", SinewFilePath(file),
            equation ? equation : "another program", s->equation->type->name);
  if (effective)
    PetscCall(SinewDeckCompareEffective(s->deck, effective, s->options.allowed_count, s->options.allowed,
                                        s->options.quiet ? NULL : stdout));
  PetscCall(SinewDeckCheck(s->deck));
  PetscCall(read_fields(s, file));
  if (s->motion) PetscCall(SinewMeshMotionLoad(s->motion, file));
  PetscCall(SinewFileReadReals(file, "/", "time", 1, &n, &t));
  if (n == 1) PetscCall(SinewFileReadInts(file, "/", "step", 1, &n, &step));
  if (n == 1) PetscCall(SinewFileReadReals(file, "/", "nominal_step", 1, &n, &nominal));
  if (n != 1) SETERRQ(s->comm, SINEW_ERR_INPUT, "%s: time, step or nominal_step is missing", SinewFilePath(file));
  PetscCall(TSSetTime(s->ts, t));
  PetscCall(TSSetStepNumber(s->ts, (PetscInt)step));
  PetscCall(SinewFileReadReals(file, "/", "cfl", 1, &n, &cfl));
  PetscCall(SinewStepControlResume(s->ts, nominal, cfl));
  PetscCall(SinewFileReadInts(file, "/", "rejections", 1, &n, &rejected));
  if (n == 1) PetscCall(SinewStepControlSetRejections(s->ts, (PetscInt)rejected));
  PetscCall(PetscFree(equation));
  PetscCall(PetscFree(effective));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSimulationLoad(SinewSimulation s)
{
  SinewFile file = NULL;

  PetscFunctionBeginUser;
  PetscCall(SinewCheckpointsOpen(s->checkpoints, s->options.restart, &file, &s->restarted));
  if (!s->restarted) {
    if (!s->options.quiet)
      PetscCall(PetscPrintf(s->comm, "restart   no checkpoint in %s: starting afresh\n", s->checkpoint_directory));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(load(s, file));
  if (!s->options.quiet) PetscCall(PetscPrintf(s->comm, "restart   from %s\n", SinewFilePath(file)));
  PetscCall(PetscStrncpy(s->last_checkpoint, SinewFilePath(file), sizeof(s->last_checkpoint)));
  PetscCall(SinewFileClose(&file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSimulationSetAside(SinewSimulation s)
{
  PetscMPIInt rank;
  struct stat status;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(s->comm, &rank));
  if (rank == 0 && rmdir(s->checkpoint_directory) && !stat(s->checkpoint_directory, &status)) { /* not even empty */
    char aside[PETSC_MAX_PATH_LEN + 16];

    for (int k = 1; k < 10000; k++) {
      PetscCall(PetscSNPrintf(aside, sizeof(aside), "%s.%d", s->checkpoint_directory, k));
      if (stat(aside, &status)) break;
    }
    if (!rename(s->checkpoint_directory, aside) && !s->options.quiet)
      PetscCall(PetscPrintf(PETSC_COMM_SELF, "note      checkpoints of an earlier run are now in %s\n", aside));
  }
  PetscCallMPI(MPI_Barrier(s->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}
