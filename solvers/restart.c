/* Checkpoints of a simulation: what is written, and what a restart reads back. */
#include "solvers/simulation_private.h"

#include <stdio.h>

#define FIELDS    "/fields"
#define REFERENCE "/reference"

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

static PetscErrorCode write_state(SinewSimulation s, SinewFile file, const char group[], Vec U)
{
  const PetscInt n = owned(s), nc = s->equation->components;
  const PetscReal *u;
  PetscReal *data;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)n, &data));
  PetscCall(VecGetArrayRead(U, &u));
  for (PetscInt c = 0; c < nc; c++) {
    char name[64];
    SinewArray array;

    for (PetscInt i = 0; i < n; i++) data[i] = u[i * nc + c];
    PetscCall(PetscSNPrintf(name, sizeof(name), "%s/%s", group, s->equation->component[c]));
    describe(s, name, data, &array);
    PetscCall(SinewFileWrite(file, &array));
  }
  PetscCall(VecRestoreArrayRead(U, &u));
  PetscCall(PetscFree(data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_state(SinewSimulation s, SinewFile file, const char group[], Vec U)
{
  const PetscInt n = owned(s), nc = s->equation->components;
  PetscReal *u, *data;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)n, &data));
  PetscCall(VecGetArrayWrite(U, &u));
  for (PetscInt c = 0; c < nc; c++) {
    char name[64];
    SinewArray array;

    PetscCall(PetscSNPrintf(name, sizeof(name), "%s/%s", group, s->equation->component[c]));
    describe(s, name, data, &array);
    PetscCall(SinewFileRead(file, &array));
    for (PetscInt i = 0; i < n; i++) u[i * nc + c] = data[i];
  }
  PetscCall(VecRestoreArrayWrite(U, &u));
  PetscCall(PetscFree(data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_reference(SinewSimulation s, SinewFile file)
{
  const SinewReference r = s->reference;
  PetscReal value[2];

  PetscFunctionBeginUser;
  if (!r) PetscFunctionReturn(PETSC_SUCCESS);
  value[0] = SinewReferenceGetTime(r);
  value[1] = SinewReferenceGetNominal(r);
  PetscCall(write_state(s, file, REFERENCE, SinewReferenceState(r)));
  PetscCall(SinewFileWriteReals(file, REFERENCE, "time_and_nominal_step", 2, value));
  PetscCall(SinewReferenceForget(r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_reference(SinewSimulation s, SinewFile file)
{
  const SinewReference r = s->reference;
  PetscReal value[2];
  PetscInt n;

  PetscFunctionBeginUser;
  if (!r) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewFileReadReals(file, REFERENCE, "time_and_nominal_step", 2, &n, value));
  if (n != 2)
    SETERRQ(s->comm, SINEW_ERR_INPUT, "%s: has no reference, which the deck asks for: it must run from the beginning",
            SinewFilePath(file));
  PetscCall(read_state(s, file, REFERENCE, SinewReferenceState(r)));
  PetscCall(SinewReferenceStart(r, value[0], SinewReferenceState(r)));
  PetscCall(SinewReferenceSetNominal(r, value[1]));
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

    array.shape[d] =
        a->cells + (used ? 1 : 0); /* of an axis that is not used the lower layer alone, which comes first */
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
  PetscCall(write_state(s, file, FIELDS, s->U));
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
  PetscCall(SinewProvenanceWrite(&s->provenance, file));
  PetscCall(SinewStepperSave(s->stepper, s->ts, file));
  PetscCall(write_reference(s, file));
  PetscCall(SinewCheckpointsEnd(s->checkpoints, &file));
  PetscCall(PetscStrncpy(s->last_checkpoint, SinewCheckpointsLastPath(s->checkpoints), sizeof(s->last_checkpoint)));
  PetscCall(SinewStepperForget(s->stepper, s->ts));
  s->checkpoint_step = step;
  s->checkpoint_time = t;
  s->checkpoint_clock = MPI_Wtime();
  PetscCall(SinewStopClockSaved(&s->clock, s->checkpoint_clock - begin));
  s->io_seconds += s->checkpoint_clock - begin;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether the checkpoint is one of this deck's problem. */
static PetscErrorCode check_deck(SinewSimulation s, SinewFile file, PetscInt allowed_count, const char *const allowed[])
{
  char *equation, *effective;
  PetscBool same;

  PetscFunctionBeginUser;
  PetscCall(SinewFileReadString(file, "/", "equation", &equation));
  PetscCall(SinewFileReadString(file, "/", "effective_deck", &effective));
  PetscCall(PetscStrcmp(equation ? equation : "", s->equation->type->name, &same));
  if (!same)
    SETERRQ(s->comm, SINEW_ERR_INPUT, "%s: a checkpoint of %s, the deck is for %s", SinewFilePath(file),
            equation ? equation : "another program", s->equation->type->name);
  if (effective)
    PetscCall(SinewDeckCompareEffective(s->deck, effective, allowed_count, allowed, s->options.quiet ? NULL : stdout));
  PetscCall(SinewDeckCheck(s->deck));
  PetscCall(PetscFree(equation));
  PetscCall(PetscFree(effective));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode load(SinewSimulation s, SinewFile file)
{
  PetscInt n;
  PetscInt64 step, rejected;
  PetscReal t, nominal = 0, cfl = 0;

  PetscFunctionBeginUser;
  PetscCall(check_deck(s, file, s->options.allowed_count, s->options.allowed));
  PetscCall(read_state(s, file, FIELDS, s->U));
  if (s->motion) PetscCall(SinewMeshMotionLoad(s->motion, file));
  PetscCall(SinewFileReadReals(file, "/", "time", 1, &n, &t));
  if (n == 1) PetscCall(SinewFileReadInts(file, "/", "step", 1, &n, &step));
  if (n == 1) PetscCall(SinewFileReadReals(file, "/", "nominal_step", 1, &n, &nominal));
  if (n != 1) SETERRQ(s->comm, SINEW_ERR_INPUT, "%s: time, step or nominal_step is missing", SinewFilePath(file));
  PetscCall(SinewStepperLoad(s->stepper, s->ts, file));
  PetscCall(read_reference(s, file));
  PetscCall(TSSetTime(s->ts, t));
  PetscCall(TSSetStepNumber(s->ts, (PetscInt)step));
  PetscCall(SinewFileReadReals(file, "/", "cfl", 1, &n, &cfl));
  PetscCall(SinewStepControlResume(s->ts, nominal, cfl));
  PetscCall(SinewFileReadInts(file, "/", "rejections", 1, &n, &rejected));
  if (n == 1) PetscCall(SinewStepControlSetRejections(s->ts, (PetscInt)rejected));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSimulationLoad(SinewSimulation s)
{
  const double begin = MPI_Wtime();
  SinewFile file = NULL;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(SinewCheckpointsOpen(s->checkpoints, s->options.restart, &file, &s->restarted));
  if (!s->restarted) {
    if (!s->options.quiet)
      PetscCall(PetscPrintf(s->comm, "restart   no checkpoint in %s: starting afresh\n", s->checkpoint_directory));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  code = load(s, file);
  if (code) PetscCall(SinewFileClose(&file)); /* whoever goes on after the error shall not hold it */
  PetscCall(code);
  if (!s->options.quiet) PetscCall(PetscPrintf(s->comm, "restart   from %s\n", SinewFilePath(file)));
  PetscCall(PetscStrncpy(s->last_checkpoint, SinewFilePath(file), sizeof(s->last_checkpoint)));
  PetscCall(SinewFileClose(&file));
  s->load_seconds = MPI_Wtime() - begin;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSimulationSample(SinewSimulation s, SinewFile checkpoint, const char path[])
{
  static const char *const allowed[] = {"grid.cells", "grid.stretch"};
  PetscInt64 step = 0;
  PetscReal t;
  PetscInt n;

  PetscFunctionBeginUser;
  if (!SinewStepperSamples(s->stepper))
    SETERRQ(s->comm, SINEW_ERR_INPUT, "%s: a checkpoint of the stepper %s, whose fields are known in its cells alone",
            SinewFilePath(checkpoint), SinewStepperName(s->stepper));
  PetscCall(check_deck(s, checkpoint, (PetscInt)(sizeof(allowed) / sizeof(allowed[0])), allowed));
  PetscCall(SinewFileReadReals(checkpoint, "/", "time", 1, &n, &t));
  if (n == 1) PetscCall(SinewFileReadInts(checkpoint, "/", "step", 1, &n, &step));
  if (n != 1) SETERRQ(s->comm, SINEW_ERR_INPUT, "%s: time or step is missing", SinewFilePath(checkpoint));
  PetscCall(TSSetTime(s->ts, t));
  PetscCall(SinewStepperLoad(s->stepper, s->ts, checkpoint));
  PetscCall(SinewStepperSample(s->stepper, s->ts));
  PetscCall(SinewOutputsSingle(s->outputs, s->comm, path, (PetscInt)step, t, s->U, s->provenance.pair));
  PetscFunctionReturn(PETSC_SUCCESS);
}
