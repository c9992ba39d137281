/* `stepper: {type: sinenet, weights: FILE, ...}`: from keys to a forecast and its TS. */
#include <string.h>

#include "solvers/steppers/frames_private.h"
#include "solvers/steppers/sinenet.h"
#include "solvers/steppers/sinenet_private.h"

typedef struct {
  SinewFramesValues frames;
  SinewRealList parameter;
  PetscReal lead;
  PetscInt precision, others;
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

/* Variables that are no channels of the network. */
typedef enum { OTHERS_NONE, OTHERS_HELD, OTHERS_WARM_UP } Others;
static const char *const others[] = {"none", "hold", "warm_up", NULL};

#define VALUE(member) offsetof(Values, member)
const SinewKey SinewSinenetKeys[] = {
    SINEW_FRAMES_KEYS(Values),
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
    {.name = "others",
     .type = SINEW_KEY_CHOICE,
     .offset = VALUE(others),
     .standard = "none",
     .choices = others,
     .doc = "variables that are no channels: there are none; they stay as they are; or they become what the stepper of "
            "warm_up makes of the whole state",
     .change = SINEW_CHANGE_FROZEN},
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
    MISTAKE(place, "weights", "%s was trained with %s padding: expected a grid that is %s along x and y",
            s->v.frames.weights, periodic ? "circular" : "zero", periodic ? "periodic" : "not periodic");
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

static PetscErrorCode check_others(const Section *s, const SinewStepperPlace *place, SinewEquation e)
{
  PetscFunctionBeginUser;
  if (s->v.others == OTHERS_WARM_UP && !s->warm_up) MISSING(place, "missing warm_up: others need a classical stepper");
  if (s->v.others != OTHERS_NONE && s->model.fields == e->components)
    MISTAKE(place, "others", "the network of %s predicts every variable of %s: none is left", s->v.frames.weights,
            e->type->name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_condition(Section *s, const SinewStepperPlace *place)
{
  const SinewSinenetOptions *o = &s->model.network.options;
  const PetscBool conditional = (PetscBool)(o->kind == SINEW_SINENET_CONDITIONAL);

  PetscFunctionBeginUser;
  if (!conditional && s->v.lead != 1)
    MISTAKE(place, "lead", "%s is no conditional network: its steps have one length", s->v.frames.weights);
  if (conditional && o->scalar && !s->v.parameter.n)
    MISSING(place, "missing parameter: the network of %s is conditioned on a scalar", s->v.frames.weights);
  if (!(conditional && o->scalar) && s->v.parameter.n)
    MISTAKE(place, "parameter", "the network of %s takes no scalar", s->v.frames.weights);
  s->options.lead = s->v.lead;
  s->options.parameter = s->v.parameter.n ? s->v.parameter.value[0] : 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode domain(void *own, const SinewStepperPlace *place, SinewEquation equation,
                             const SinewGridSection *grid)
{
  PetscFunctionBeginUser;
  PetscCall(SinewIntegratorSetDomain(((Section *)own)->warm_up, place->deck, equation, grid));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode prepare(void *own, MPI_Comm comm, const SinewStepperPlace *place, SinewEquation equation,
                              const SinewGridOptions *grid)
{
  Section *s = (Section *)own;
  PetscBool there = PETSC_FALSE;

  PetscFunctionBeginUser;
  PetscCall(SinewFramesFind(&s->v.frames, comm, place, "weights", sizeof(s->weights_path), s->weights_path, &there));
  if (!there) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewForecastModelRead(comm, s->weights_path, &s->model));
  s->options.partial = (PetscBool)(s->v.others != OTHERS_NONE);
  PetscCall(SinewFramesCheck(&s->v.frames, place, equation, &s->model, &s->options));
  PetscCall(check_others(s, place, equation));
  PetscCall(check_grid(s, place, grid));
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
  PetscCall(TSSinewSinenetSet(ts, s->forecast, model_step(s), s->warm_up, (PetscBool)(s->v.others == OTHERS_WARM_UP)));
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
  return ((const Section *)own)->v.frames.max_steps;
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
                                             .domain = domain,
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
