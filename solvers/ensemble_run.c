/* Ensembles: which ranks run which member. What members leave is in ensemble_files.c. */
#include "io/publish.h"
#include "solvers/ensemble_private.h"
#include "solvers/stop.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- one member ---- */

typedef struct {
  SinewSimulation simulation;
  PetscInt next; /* frame */
  PetscReal *data[ENSEMBLE_FIELDS_MAX];
  PetscReal *cells; /* a field as the equation gives it, [z][y][x] */
} Capture;

static PetscInt owned(SinewGrid grid)
{
  return SinewGridAxis(grid, 0)->count * SinewGridAxis(grid, 1)->count * SinewGridAxis(grid, 2)->count;
}

static PetscErrorCode open_capture(SinewSimulation s, Capture *c)
{
  PetscFunctionBeginUser;
  c->simulation = s;
  PetscCall(PetscMalloc1((size_t)owned(s->grid) + 1, &c->cells));
  for (PetscInt f = 0; f < s->ensemble->fields; f++)
    PetscCall(PetscMalloc1((size_t)(s->ensemble->frames * owned(s->grid)) + 1, &c->data[f]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode close_capture(Capture *c)
{
  PetscFunctionBeginUser;
  for (PetscInt f = 0; f < ENSEMBLE_FIELDS_MAX; f++) PetscCall(PetscFree(c->data[f]));
  PetscCall(PetscFree(c->cells));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Observer: keeps a frame, every stride-th cell of it, transposed to [x][y][z]. */
static PetscErrorCode keep_frame(void *context, PetscInt frame, Vec U)
{
  Capture *c = (Capture *)context;
  const SinewGrid grid = c->simulation->grid;
  const EnsembleSection *section = &c->simulation->ensemble->section;
  const PetscInt stride = section->stride;
  PetscInt components, first[3], kept[3];

  PetscFunctionBeginUser;
  if (frame != c->next || frame >= c->simulation->ensemble->frames) PetscFunctionReturn(PETSC_SUCCESS);
  c->next++;
  for (PetscInt d = 0; d < 3; d++) {
    EnsembleKept(section, SinewGridAxis(grid, d), &first[d], &kept[d]);
    first[d] = first[d] * stride - SinewGridAxis(grid, d)->start;
  }
  for (PetscInt f = 0; f < c->simulation->ensemble->fields; f++) {
    const PetscInt nx = SinewGridAxis(grid, 0)->count, ny = SinewGridAxis(grid, 1)->count;
    PetscReal *to = c->data[f] + frame * kept[0] * kept[1] * kept[2];

    PetscCall(SinewEquationField(c->simulation->equation, U, c->simulation->ensemble->field[f], &components, c->cells));
    for (PetscInt i = 0; i < kept[0]; i++)
      for (PetscInt j = 0; j < kept[1]; j++)
        for (PetscInt k = 0; k < kept[2]; k++)
          *to++ = c->cells[((first[2] + k * stride) * ny + first[1] + j * stride) * nx + first[0] + i * stride];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether the initial condition has a seed of its own. */
static PetscBool has_seed(SinewEquation e)
{
  for (const SinewKey *k = e->initial ? e->initial->keys : NULL; k && k->name; k++)
    if (!strcmp(k->name, "seed")) return PETSC_TRUE;
  return PETSC_FALSE;
}

/* The deck with the words of the command line and the member's seed. */
static PetscErrorCode member_deck(const EnsembleRun *run, PetscInt member, SinewDeck *deck)
{
  char *words, seed[64], *at;
  const char **override;
  PetscInt count = 0, lines = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscStrallocpy(SinewDeckOverrides(run->deck) ? SinewDeckOverrides(run->deck) : "", &words));
  for (at = words; *at; at++) lines += *at == '\n';
  PetscCall(PetscMalloc1((size_t)lines + 1, &override));
  for (at = words; *at; at += strlen(at) + 1) { /* each line ends in one */
    at[strcspn(at, "\n")] = 0;
    override[count++] = at;
  }
  PetscCall(PetscSNPrintf(seed, sizeof(seed), "initial.seed=%" PetscInt64_FMT,
                          EnsembleInitialSeed(run->ensemble->section.seed, member)));
  if (has_seed(run->sample->equation)) override[count++] = seed;
  PetscCall(
      SinewDeckCreateFromText(run->comm, SinewDeckFile(run->deck), SinewDeckText(run->deck), count, override, deck));
  PetscCall(PetscFree(override));
  PetscCall(PetscFree(words));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* *code: how the member ended; it has a file unless it was stopped. */
static PetscErrorCode run_member(const EnsembleRun *run, PetscInt member, int *code)
{
  SinewSimulationOptions options = *run->options;
  Capture capture = {0};
  SinewObserver observer = {run->ensemble->section.first, run->ensemble->section.every, keep_frame, &capture};
  const double begin = MPI_Wtime();
  SinewDeck deck;
  SinewSimulation s;

  PetscFunctionBeginUser;
  options.quiet = PETSC_TRUE;
  options.member = member;
  options.observer = &observer;
  PetscCall(member_deck(run, member, &deck));
  PetscCall(SinewSimulationCreate(run->comm, deck, &options, &s));
  PetscCall(SinewSimulationSetUp(s));
  PetscCall(open_capture(s, &capture));
  PetscCall(SinewSimulationRun(s, code));
  if (*code == SINEW_EXIT_DONE && capture.next < s->ensemble->frames)
    SETERRQ(run->comm, SINEW_ERR_INPUT,
            "stepper.max_steps ends a run before the frames that the section ensemble asks for are there");
  if (*code != SINEW_EXIT_STOPPED)
    PetscCall(EnsembleWriteMember(run, s, member, *code ? NULL : capture.data, SinewSimulationFailure(s)));
  if (*code == SINEW_EXIT_BREAKDOWN)
    PetscCall(PetscFPrintf(run->comm, stderr, "member %" PetscInt_FMT ": %s\n", member, SinewSimulationFailure(s)));
  else if (*code == SINEW_EXIT_DONE && !run->options->quiet)
    PetscCall(PetscPrintf(run->comm, "member    %" PetscInt_FMT " done in %.2f s\n", member, MPI_Wtime() - begin));
  PetscCall(close_capture(&capture));
  PetscCall(SinewSimulationDestroy(&s));
  PetscCall(SinewDeckDestroy(&deck));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- a group's members ---- */

/* User errors of a member are kept for all ranks to agree on: the others would wait for this group for ever. */
static PetscErrorCode hold_back(MPI_Comm comm, int line, const char *func, const char *file, PetscErrorCode code,
                                PetscErrorType type, const char *message, void *context)
{
  char *held = (char *)context;

  if (code != SINEW_ERR_INPUT && code != SINEW_ERR_OUTPUT)
    return PetscTraceBackErrorHandler(comm, line, func, file, code, type, message, NULL);
  if (type == PETSC_ERROR_INITIAL) snprintf(held, 512, "%s", message);
  return code;
}

/* What rank 0 of a group sees from outside is the group's. */
static PetscErrorCode should_stop(const EnsembleRun *run, PetscBool *stop)
{
  char path[PETSC_MAX_PATH_LEN + 8];
  int yes = 0, any;

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/stop", SinewOutputsDirectory(run->sample->outputs)));
  yes = SinewStopRequested() || !access(path, F_OK) ||
        (run->options->wall_time > 0 && SinewStopAge() > run->options->wall_time);
  PetscCallMPI(MPI_Allreduce(&yes, &any, 1, MPI_INT, MPI_MAX, run->comm));
  *stop = (PetscBool)(any != 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Every groups-th of the members that are not done. */
static PetscErrorCode run_members(const EnsembleRun *run, const PetscBool done[], PetscBool *stopped,
                                  PetscErrorCode *error, PetscInt *at)
{
  PetscInt place = 0;
  int code = SINEW_EXIT_DONE;

  PetscFunctionBeginUser;
  for (PetscInt m = 0; m < run->ensemble->section.members && !*stopped && !*error; m++) {
    if (done[m] || place++ % run->groups != run->group) continue;
    PetscCall(should_stop(run, stopped));
    if (*stopped) break;
    *at = m;
    *error = run_member(run, m, &code);
    if (!*error && code == SINEW_EXIT_STOPPED) *stopped = PETSC_TRUE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run_group(const EnsembleRun *run, const PetscBool done[], PetscBool *stopped)
{
  char held[512] = "", line[600], why[600];
  PetscErrorCode error = PETSC_SUCCESS;
  PetscInt at = 0;
  PetscBool failed;
  int worst[2], mine[2];

  PetscFunctionBeginUser;
  *stopped = PETSC_FALSE;
  PetscCall(PetscPushErrorHandler(hold_back, held));
  PetscCall(run_members(run, done, stopped, &error, &at));
  PetscCall(PetscPopErrorHandler());
  if (error && error != SINEW_ERR_INPUT && error != SINEW_ERR_OUTPUT) PetscCall(error); /* ends all ranks */
  PetscCall(PetscSNPrintf(line, sizeof(line), "member %" PetscInt_FMT ": %s", at, held));
  mine[0] = (int)*stopped;
  mine[1] = (int)error;
  PetscCallMPI(MPI_Allreduce(mine, worst, 2, MPI_INT, MPI_MAX, run->world));
  *stopped = (PetscBool)worst[0];
  PetscCall(SinewAgree(run->world, (PetscBool)!error, line, &failed, sizeof(why), why));
  if (failed) SETERRQ(run->world, (PetscErrorCode)worst[1], "%s", why);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- all ---- */

static PetscErrorCode split_ranks(EnsembleRun *run, PetscInt todo)
{
  PetscMPIInt rank, size;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(run->world, &rank));
  PetscCallMPI(MPI_Comm_size(run->world, &size));
  run->groups = run->ensemble->section.groups;
  if (!run->groups) run->groups = todo;
  run->groups = PetscMax(1, PetscMin(run->groups, (PetscInt)size));
  run->group = (PetscInt)((PetscInt64)rank * run->groups / size);
  PetscCallMPI(MPI_Comm_split(run->world, (int)run->group, rank, &run->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode name_files(EnsembleRun *run)
{
  const EnsembleSection *s = &run->ensemble->section;
  char folder[PETSC_MAX_PATH_LEN];
  char *slash;

  PetscFunctionBeginUser;
  if (s->file)
    PetscCall(PetscStrncpy(run->file, s->file, sizeof(run->file)));
  else
    PetscCall(PetscSNPrintf(run->file, sizeof(run->file), "%s/%s_%s.h5", SinewOutputsDirectory(run->sample->outputs),
                            run->options->name, s->split));
  PetscCall(PetscSNPrintf(run->folder, sizeof(run->folder), "%s.members", run->file));
  PetscCall(PetscStrncpy(folder, run->file, sizeof(folder)));
  slash = strrchr(folder, '/');
  if (slash) *slash = 0;
  if (slash && slash > folder) PetscCall(SinewMakeDirectory(run->world, folder));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode EnsemblePath(const EnsembleRun *run, PetscInt member, size_t size, char path[])
{
  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(path, size, "%s/%06" PetscInt_FMT ".h5", run->folder, member));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode forget_stop(const EnsembleRun *run)
{
  char path[PETSC_MAX_PATH_LEN + 8];
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Barrier(run->world));
  PetscCallMPI(MPI_Comm_rank(run->world, &rank));
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/stop", SinewOutputsDirectory(run->sample->outputs)));
  if (rank == 0) (void)unlink(path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Runs what is missing; then, unless it was stopped, makes the data set. */
static PetscErrorCode run_all(EnsembleRun *run, int *code)
{
  const PetscInt members = run->ensemble->section.members;
  PetscInt todo = 0, good = 0;
  PetscBool *done, stopped;

  PetscFunctionBeginUser;
  PetscCall(SinewMakeDirectory(run->world, run->folder));
  PetscCall(PetscMalloc1((size_t)members, &done));
  PetscCall(EnsembleFindDone(run, done));
  for (PetscInt m = 0; m < members; m++) todo += done[m] ? 0 : 1;
  PetscCall(split_ranks(run, todo));
  if (!run->options->quiet)
    PetscCall(PetscPrintf(run->world,
                          "ensemble  %" PetscInt_FMT " of %" PetscInt_FMT " members to run, in %" PetscInt_FMT
                          " groups of ranks; %" PetscInt_FMT " frames each\n",
                          todo, members, run->groups, run->ensemble->frames));
  PetscCall(run_group(run, done, &stopped));
  if (stopped) {
    PetscCall(forget_stop(run));
    PetscCall(EnsembleFindDone(run, done));
    for (PetscInt m = 0; m < members; m++) good += done[m] ? 1 : 0;
    *code = SINEW_EXIT_STOPPED;
  } else {
    PetscCall(EnsembleCollect(run, &good));
    *code = good ? SINEW_EXIT_DONE : SINEW_EXIT_BREAKDOWN;
  }
  PetscCall(PetscFree(done));
  if (!run->options->quiet)
    PetscCall(PetscPrintf(run->world,
                          "RESULT status=%s code=%d members=%" PetscInt_FMT " of=%" PetscInt_FMT " file=%s\n",
                          stopped ? "stopped"
                          : good  ? "done"
                                  : "breakdown",
                          *code, good, members, stopped ? run->folder : run->file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewEnsembleRun(MPI_Comm comm, SinewDeck deck, const SinewSimulationOptions *options, int *code)
{
  EnsembleRun run = {.world = comm, .comm = MPI_COMM_NULL, .deck = deck, .options = options};

  PetscFunctionBeginUser;
  PetscCall(SinewSimulationCreate(comm, deck, options, &run.sample)); /* finds the mistakes, once */
  run.ensemble = run.sample->ensemble;
  PetscCheck(run.ensemble, comm, PETSC_ERR_ARG_WRONG, "the deck has no section ensemble");
  PetscCall(name_files(&run));
  PetscCall(run_all(&run, code));
  PetscCallMPI(MPI_Comm_free(&run.comm));
  PetscCall(SinewSimulationDestroy(&run.sample));
  PetscFunctionReturn(PETSC_SUCCESS);
}
