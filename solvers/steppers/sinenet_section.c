/* `stepper: {type: sinenet, weights: FILE, ...}`: from keys to a forecast and its TS. */
#include <string.h>

#include "solvers/steppers/sinenet.h"
#include "solvers/steppers/sinenet_private.h"

typedef struct {
  const char *weights;
  SinewStringList fields, restore_mean;
  SinewRealList mean, sd, parameter;
  PetscReal dt, lead;
  PetscInt precision, project, max_steps;
  SinewNode warm_up;
} Values;

typedef struct {
  Values v;
  char warm_up_path[64], weights_path[PETSC_MAX_PATH_LEN];
  SinewForecastModel model;
  SinewForecastOptions options;
  SinewIntegrator warm_up;
  SinewForecast forecast;
  SinewEquation equation; /* not owned */
} Section;

static const char *const precisions[] = {"f32", "bf16", "f64", NULL};
static const char *const projections[] = {"none", "centers", "faces", NULL};

#define VALUE(member) offsetof(Values, member)
const SinewKey SinewSinenetKeys[] = {
    {.name = "weights",
     .type = SINEW_KEY_STRING,
     .offset = VALUE(weights),
     .required = PETSC_TRUE,
     .doc = "HDF5 or safetensors file of the network; relative to the deck's folder",
     .change = SINEW_CHANGE_WARN},
    {.name = "fields",
     .type = SINEW_KEY_STRINGS,
     .offset = VALUE(fields),
     .least = 1,
     .most = SINEW_LIST_MAX,
     .doc = "the channels of a frame, in order: all primitives, or all conserved variables; standard: the file's",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "dt",
     .type = SINEW_KEY_REAL,
     .offset = VALUE(dt),
     .standard = "0",
     .min = 0,
     .max = 1e30,
     .doc = "the network's time step, when its file does not say; 0: the file's",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "mean",
     .type = SINEW_KEY_REALS,
     .offset = VALUE(mean),
     .doc = "mean of each channel in the training data; standard: the file's",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "sd",
     .type = SINEW_KEY_REALS,
     .offset = VALUE(sd),
     .min = 0,
     .max = 1e30,
     .above_min = PETSC_TRUE,
     .doc = "standard deviation of each channel; standard: the file's",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "precision",
     .type = SINEW_KEY_CHOICE,
     .offset = VALUE(precision),
     .standard = "f32",
     .choices = precisions,
     .doc = "arithmetic of the network; bf16: of its convolutions; f64 is slow",
     .change = SINEW_CHANGE_WARN},
    {.name = "warm_up",
     .type = SINEW_KEY_NODE,
     .offset = VALUE(warm_up),
     .doc = "a classical stepper's section: makes the first frames of a network that looks back, where the initial "
            "state is no frame with a past",
     .change = SINEW_CHANGE_WARN},
    {.name = "restore_mean",
     .type = SINEW_KEY_STRINGS,
     .offset = VALUE(restore_mean),
     .least = 1,
     .most = SINEW_LIST_MAX,
     .doc = "conserved variables whose integral a step leaves as it was",
     .change = SINEW_CHANGE_WARN},
    {.name = "project",
     .type = SINEW_KEY_CHOICE,
     .offset = VALUE(project),
     .standard = "none",
     .choices = projections,
     .doc = "make the velocity free of divergence; it stands at the cells' centers or on their lower faces",
     .change = SINEW_CHANGE_WARN},
    {.name = "lead",
     .type = SINEW_KEY_REAL,
     .offset = VALUE(lead),
     .standard = "1",
     .min = 0,
     .max = 1e6,
     .above_min = PETSC_TRUE,
     .doc = "conditional networks: how many frames a step goes ahead",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "parameter",
     .type = SINEW_KEY_REALS,
     .offset = VALUE(parameter),
     .least = 1,
     .most = 1,
     .doc = "conditional networks: the scalar that they take",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "max_steps",
     .type = SINEW_KEY_INT,
     .offset = VALUE(max_steps),
     .standard = "0",
     .min = 0,
     .max = 2e9,
     .doc = "stop after so many steps; 0: no limit",
     .change = SINEW_CHANGE_FREE},
    {.name = NULL}};

static PetscErrorCode read_section(const SinewStepperPlace *place, void **own)
{
  Section *s;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&s));
  *own = s;
  s->v.warm_up = SINEW_NODE_NONE;
  PetscCall(SinewDeckRead(place->deck, place->section, place->path, SinewSinenetKeys, &s->v));
  PetscCall(PetscSNPrintf(s->warm_up_path, sizeof(s->warm_up_path), "%s.warm_up", place->path));
  if (s->v.warm_up != SINEW_NODE_NONE)
    PetscCall(SinewIntegratorCreate(place->deck, s->v.warm_up, s->warm_up_path, "warm_up_", &s->warm_up));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(void *own)
{
  Section *s = (Section *)own;

  PetscFunctionBeginUser;
  PetscCall(SinewForecastDestroy(&s->forecast));
  PetscCall(SinewIntegratorDestroy(&s->warm_up));
  PetscCall(PetscFree(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- what the deck as a whole must say ---- */

/* A mistake at a key of the section that is there or has a default, and one at the section that lacks it. */
#define MISTAKE(place, key, ...)                                                                                  \
  do {                                                                                                            \
    char path_[96];                                                                                               \
    PetscCall(PetscSNPrintf(path_, sizeof(path_), "%s.%s", (place)->path, key));                                  \
    PetscCall(                                                                                                    \
        SinewDeckMistake((place)->deck, SinewNodeGet((place)->deck, (place)->section, key), path_, __VA_ARGS__)); \
  } while (0)
#define MISSING(place, ...) PetscCall(SinewDeckMistake((place)->deck, (place)->section, (place)->path, __VA_ARGS__))

static PetscErrorCode check_step(Section *s, const SinewStepperPlace *place)
{
  const PetscReal given = s->v.dt, stored = s->model.time_step;

  PetscFunctionBeginUser;
  if (given <= 0 && stored <= 0)
    MISSING(place, "missing dt: %s does not say the network's time step", s->v.weights);
  else if (given > 0 && stored > 0 && PetscAbsReal(given - stored) > 1e-9 * stored)
    MISTAKE(place, "dt", "expected %.12g, the time step of %s, found %.12g", (double)stored, s->v.weights,
            (double)given);
  else
    s->model.time_step = stored > 0 ? stored : given;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscInt find(PetscInt count, char names[][32], const char name[])
{
  for (PetscInt k = 0; k < count; k++)
    if (!strcmp(names[k], name)) return k;
  return -1;
}

/* Every variable of the equation once: as primitives, else as conserved variables. */
static PetscBool map_fields(Section *s, PetscInt count, char names[][32])
{
  PetscBool taken[SINEW_COMPONENTS_MAX] = {PETSC_FALSE};

  for (PetscInt k = 0; k < s->model.fields; k++) {
    const PetscInt c = find(count, names, s->model.field[k]);

    if (c < 0 || taken[c]) return PETSC_FALSE;
    taken[c] = PETSC_TRUE;
    s->options.component[k] = c;
  }
  return (PetscBool)(s->model.fields == count);
}

static PetscErrorCode join(PetscInt count, char names[][32], size_t size, char text[])
{
  PetscFunctionBeginUser;
  text[0] = 0;
  for (PetscInt k = 0; k < count; k++) {
    PetscCall(PetscStrlcat(text, k ? ", " : "", size));
    PetscCall(PetscStrlcat(text, names[k], size));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_fields(Section *s, const SinewStepperPlace *place, SinewEquation e)
{
  char primitives[512], conserved[512], given[512];

  PetscFunctionBeginUser;
  if (s->v.fields.n) {
    s->model.fields = s->v.fields.n;
    for (PetscInt k = 0; k < s->v.fields.n; k++)
      PetscCall(PetscStrncpy(s->model.field[k], s->v.fields.value[k], sizeof(s->model.field[k])));
  }
  if (!s->model.fields) {
    MISSING(place, "missing fields: %s does not say what the channels of a frame are (%" PetscInt_FMT ")", s->v.weights,
            s->model.network.components);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (s->model.fields != s->model.network.components) {
    MISTAKE(place, "fields", "expected %" PetscInt_FMT " names, the channels of a frame in %s, found %" PetscInt_FMT,
            s->model.network.components, s->v.weights, s->model.fields);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (map_fields(s, e->components, e->primitive)) PetscFunctionReturn(PETSC_SUCCESS);
  s->options.conserved = map_fields(s, e->components, e->component);
  if (s->options.conserved) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(join(e->components, e->primitive, sizeof(primitives), primitives));
  PetscCall(join(e->components, e->component, sizeof(conserved), conserved));
  PetscCall(join(s->model.fields, s->model.field, sizeof(given), given));
  if (!strcmp(primitives, conserved))
    MISTAKE(place, "fields", "expected each of %s of %s once, found %s", primitives, e->type->name, given);
  else
    MISTAKE(place, "fields", "expected each of %s (or each of %s) of %s once, found %s", primitives, conserved,
            e->type->name, given);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_normalisation(Section *s, const SinewStepperPlace *place)
{
  const PetscInt n = s->model.network.components;
  const SinewRealList *list[] = {&s->v.mean, &s->v.sd};
  PetscReal *value[] = {s->model.mean, s->model.sd};
  const char *const key[] = {"mean", "sd"};

  PetscFunctionBeginUser;
  for (int k = 0; k < 2; k++) {
    if (!list[k]->n && !s->model.normalised)
      MISSING(place, "missing %s: %s has no /mean and /sd of its training data", key[k], s->v.weights);
    else if (list[k]->n && list[k]->n != n)
      MISTAKE(place, key[k], "expected %" PetscInt_FMT " numbers, one a channel, found %" PetscInt_FMT, n, list[k]->n);
    else
      PetscCall(PetscArraycpy(value[k], list[k]->value, list[k]->n));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What the network can be laid on: whole uniform cells of a plane that end as its training's did. */
static PetscErrorCode check_grid(const Section *s, const SinewStepperPlace *place, const SinewGridOptions *grid)
{
  const SinewNode section = SinewNodeGet(place->deck, SinewDeckRoot(place->deck), "grid"),
                  cells = SinewNodeGet(place->deck, section, "cells");
  const PetscBool periodic = s->model.network.options.periodic;
  const PetscInt unit = 1 << SINEW_SINENET_LEVELS;

  PetscFunctionBeginUser;
  if (grid->dim != 2) {
    PetscCall(SinewDeckMistake(place->deck, cells, "grid.cells",
                               "expected 2 dimensions, which a SineNet works in, found %" PetscInt_FMT, grid->dim));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (PetscInt d = 0; d < 2; d++) {
    const PetscInt below = PetscMax(grid->cells[d] / unit, 1) * unit;

    if (grid->cells[d] % unit)
      PetscCall(SinewDeckMistake(place->deck, cells, "grid.cells",
                                 "expected a multiple of %" PetscInt_FMT " along %c, which a SineNet halves %d times "
                                 "(nearest: %" PetscInt_FMT " or %" PetscInt_FMT "), found %" PetscInt_FMT,
                                 unit, (char)('x' + d), SINEW_SINENET_LEVELS, below, below + unit, grid->cells[d]));
    if (grid->mapped[d])
      PetscCall(SinewDeckMistake(place->deck, SinewNodeGet(place->deck, section, "stretch"), "grid.stretch",
                                 "expected uniform cells, which a SineNet is trained on"));
  }
  if (grid->periodic[0] != periodic || grid->periodic[1] != periodic)
    MISTAKE(place, "weights", "%s was trained with %s padding: expected a grid that is %s along x and y", s->v.weights,
            periodic ? "circular" : "zero", periodic ? "periodic" : "not periodic");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_corrections(Section *s, const SinewStepperPlace *place, SinewEquation e)
{
  char names[512];

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < s->v.restore_mean.n; k++) {
    const PetscInt c = find(e->components, e->component, s->v.restore_mean.value[k]);

    PetscCall(join(e->components, e->component, sizeof(names), names));
    if (c < 0)
      MISTAKE(place, "restore_mean", "expected conserved variables of %s (%s), found \"%s\"", e->type->name, names,
              s->v.restore_mean.value[k]);
    else if (s->options.restored < SINEW_COMPONENTS_MAX)
      s->options.restore[s->options.restored++] = c;
  }
  s->options.project = (PetscBool)(s->v.project != 0);
  s->options.place = s->v.project == 2 ? SINEW_VELOCITY_FACES : SINEW_VELOCITY_CENTERS;
  if (s->options.project && e->kernels.velocity < 0)
    MISTAKE(place, "project", "%s has no velocity to project", e->type->name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_past(const Section *s, const SinewStepperPlace *place, SinewEquation e)
{
  const PetscInt past = s->model.network.history - 1, given = e->frame ? SinewFramePast(e->frame) : 0;

  PetscFunctionBeginUser;
  if (past > given && !s->warm_up)
    MISSING(place,
            "missing warm_up: the network looks back %" PetscInt_FMT
            " steps; a classical stepper must make the first ones, or initial.frame be at least as large",
            past);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_condition(Section *s, const SinewStepperPlace *place)
{
  const SinewSinenetOptions *o = &s->model.network.options;
  const PetscBool conditional = (PetscBool)(o->kind == SINEW_SINENET_CONDITIONAL);

  PetscFunctionBeginUser;
  if (!conditional && s->v.lead != 1)
    MISTAKE(place, "lead", "%s is no conditional network: its steps have one length", s->v.weights);
  if (conditional && o->scalar && !s->v.parameter.n)
    MISSING(place, "missing parameter: the network of %s is conditioned on a scalar", s->v.weights);
  if (!(conditional && o->scalar) && s->v.parameter.n)
    MISTAKE(place, "parameter", "the network of %s takes no scalar", s->v.weights);
  s->options.lead = s->v.lead;
  s->options.parameter = s->v.parameter.n ? s->v.parameter.value[0] : 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether rank 0 can read the file. */
static PetscErrorCode readable(MPI_Comm comm, const char path[], PetscBool *yes)
{
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (rank == 0) PetscCall(PetscTestFile(path, 'r', yes));
  PetscCallMPI(MPI_Bcast(yes, 1, MPIU_BOOL, 0, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode prepare(void *own, MPI_Comm comm, const SinewStepperPlace *place, SinewEquation equation,
                              const SinewGridOptions *grid)
{
  Section *s = (Section *)own;
  PetscBool there = PETSC_FALSE;

  PetscFunctionBeginUser;
  PetscCall(SinewDeckResolve(place->deck, s->v.weights, sizeof(s->weights_path), s->weights_path));
  PetscCall(readable(comm, s->weights_path, &there));
  if (!there) {
    MISTAKE(place, "weights", "cannot read the file %s", s->weights_path);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(SinewForecastModelRead(comm, s->weights_path, &s->model));
  PetscCall(check_step(s, place));
  PetscCall(check_fields(s, place, equation));
  PetscCall(check_normalisation(s, place));
  PetscCall(check_grid(s, place, grid));
  PetscCall(check_corrections(s, place, equation));
  PetscCall(check_past(s, place, equation));
  PetscCall(check_condition(s, place));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the TS ---- */

static PetscReal model_step(const void *own)
{
  const Section *s = (const Section *)own;

  return s->v.lead * s->model.time_step;
}

static PetscErrorCode create(void *own, const SinewProblem *problem, TS ts)
{
  Section *s = (Section *)own;

  PetscFunctionBeginUser;
  s->equation = problem->equation;
  s->options.model = &s->model;
  s->options.path = s->weights_path;
  s->options.precision = precisions[s->v.precision];
  PetscCall(SinewForecastCreate(problem, &s->options, &s->forecast));
  if (s->warm_up) PetscCall(SinewIntegratorSetUp(s->warm_up, problem));
  PetscCall(TSSinewSinenetRegister());
  PetscCall(TSSetType(ts, TSSINEWSINENET));
  PetscCall(TSSinewSinenetSet(ts, s->forecast, model_step(s), s->warm_up));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscInt ghosts(const void *own)
{
  const Section *s = (const Section *)own;

  return s->warm_up ? SinewIntegratorGhosts(s->warm_up) : 0;
}

static PetscInt align(const void *own)
{
  (void)own;
  return 1 << SINEW_SINENET_LEVELS;
}

static PetscInt max_steps(const void *own)
{
  return ((const Section *)own)->v.max_steps;
}

/* The frames before the initial one, where a data set has them all, are the network's past. */
static PetscErrorCode start(void *own, TS ts, PetscBool fresh, size_t size, char note[])
{
  Section *s = (Section *)own;
  const PetscInt past = s->model.network.history - 1;
  PetscBool known = fresh;
  Vec U, V;

  PetscFunctionBeginUser;
  PetscCall(TSGetSolution(ts, &U));
  PetscCall(VecDuplicate(U, &V));
  for (PetscInt age = past; known && age > 0; age--) {
    PetscCall(SinewEquationPast(s->equation, model_step(s), age, V, &known));
    if (!known) break;
    PetscCall(SinewForecastSee(s->forecast, V));
    PetscCall(SinewForecastKeep(s->forecast));
  }
  PetscCall(VecDestroy(&V));
  if (known && past > 0)
    PetscCall(PetscSNPrintf(note, size, "past      %" PetscInt_FMT " frames of the data set", past));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- checkpoints ---- */

#define GROUP "/stepper/sinenet"

static PetscErrorCode save(void *own, TS ts, SinewFile file)
{
  Section *s = (Section *)own;
  const PetscReal nominal = s->warm_up ? SinewIntegratorGetNominal(s->warm_up) : 0;

  PetscFunctionBeginUser;
  (void)ts;
  PetscCall(SinewForecastSave(s->forecast, file));
  PetscCall(SinewFileWriteReals(file, GROUP, "warm_up_nominal_step", 1, &nominal));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode load(void *own, TS ts, SinewFile file)
{
  Section *s = (Section *)own;
  PetscReal nominal = 0;
  PetscInt n;

  PetscFunctionBeginUser;
  (void)ts;
  PetscCall(SinewForecastLoad(s->forecast, file));
  PetscCall(SinewFileReadReals(file, GROUP, "warm_up_nominal_step", 1, &n, &nominal));
  if (s->warm_up) PetscCall(SinewIntegratorSetNominal(s->warm_up, nominal));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode forget(void *own)
{
  Section *s = (Section *)own;

  PetscFunctionBeginUser;
  if (s->warm_up) PetscCall(SinewIntegratorForget(s->warm_up));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the plan ---- */

static PetscErrorCode plan(void *own, MPI_Comm comm, FILE *out)
{
  const Section *s = (const Section *)own;
  const SinewNetwork network = SinewForecastNetwork(s->forecast);
  const SinewSinenetOptions *o = &s->model.network.options;
  double mine = (double)SinewNetworkMemory(network), largest = 0;
  char work[64] = "", step[32];

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Allreduce(&mine, &largest, 1, MPI_DOUBLE, MPI_MAX, comm));
  (void)snprintf(step, sizeof(step), "%g", (double)model_step(s)); /* PETSc would write "1." */
  if (o->kind != SINEW_SINENET_ODE)                                /* that one decides about its own steps */
    (void)snprintf(work, sizeof(work), ", %.3g GFLOP a step", 1e-9 * (double)SinewNetworkFlops(network));
  PetscCall(PetscFPrintf(comm, out, "network   %s\n", s->weights_path));
  PetscCall(PetscFPrintf(comm, out,
                         "          %" PetscInt_FMT " wave%s of %" PetscInt_FMT " channels, %" PetscInt_FMT
                         " parameters%s, %.1f MB a rank, %s\n",
                         o->waves, o->waves == 1 ? "" : "s", o->hidden, SinewNetworkParameterCount(network), work,
                         1e-6 * largest, precisions[s->v.precision]));
  PetscCall(PetscFPrintf(comm, out, "          steps of %s from %" PetscInt_FMT " frame%s%s%s\n", step,
                         s->model.network.history, s->model.network.history == 1 ? "" : "s",
                         s->warm_up ? ", the first made by " : "", s->warm_up ? SinewIntegratorName(s->warm_up) : ""));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const SinewStepperHooks SinewSinenetHooks = {.read = read_section,
                                             .destroy = destroy,
                                             .prepare = prepare,
                                             .create = create,
                                             .ghosts = ghosts,
                                             .align = align,
                                             .max_steps = max_steps,
                                             .step = model_step,
                                             .start = start,
                                             .save = save,
                                             .load = load,
                                             .forget = forget,
                                             .plan = plan};
