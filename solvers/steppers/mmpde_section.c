/* `stepper: {type: mmpde, weights: FILE, ...}`: from keys to a forecast and its TS. */
#include <string.h>

#include "solvers/steppers/frames_private.h"
#include "solvers/steppers/mmpde.h"
#include "solvers/steppers/mmpde_private.h"
#include "solvers/steppers/sinenet.h"

typedef struct {
  SinewFramesValues frames;
  const char *mover;
  PetscInt precision, folded;
} Values;

typedef struct {
  Values v;
  char weights_path[PETSC_MAX_PATH_LEN], mover_path[PETSC_MAX_PATH_LEN];
  SinewMmpdeForecastOptions network;
  SinewForecastModel model;
  SinewForecastOptions options;
  SinewMmpdeForecast mmpde;
  SinewForecast forecast;
} Section;

static const char *const precisions[] = {"f32", "f64", NULL};
static const char *const foldings[] = {"stop", "damp", NULL};

const SinewKey SinewMmpdeKeys[] = {
    SINEW_FRAMES_KEYS(Values),
    {.name = "mover",
     .type = SINEW_KEY_STRING,
     .offset = offsetof(Values, mover),
     .doc = "file of the mesh mover's weights; standard: they are in the network's file",
     .change = SINEW_CHANGE_WARN},
    {.name = "folded",
     .type = SINEW_KEY_CHOICE,
     .offset = offsetof(Values, folded),
     .standard = "stop",
     .choices = foldings,
     .doc = "when the mover folds the mesh: stop, or damp its displacement until no cell is",
     .change = SINEW_CHANGE_WARN},
    {.name = "precision",
     .type = SINEW_KEY_CHOICE,
     .offset = offsetof(Values, precision),
     .standard = "f32",
     .choices = precisions,
     .doc = "arithmetic of the network; the mover's is f64",
     .change = SINEW_CHANGE_WARN},
    {.name = NULL}};

static PetscErrorCode read_section(const SinewStepperPlace *place, void **own)
{
  Section *s;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&s));
  *own = s;
  PetscCall(SinewDeckRead(place->deck, place->section, place->path, SinewMmpdeKeys, &s->v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(void *own)
{
  Section *s = (Section *)own;

  PetscFunctionBeginUser;
  PetscCall(SinewForecastDestroy(&s->forecast));
  PetscCall(SinewMmpdeForecastDestroy(&s->mmpde));
  PetscCall(PetscFree(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- what the deck as a whole must say ---- */

/* A plane of uniform cells, enough of them for every node's neighbours, that ends as in training. */
static PetscErrorCode check_grid(const Section *s, const SinewStepperPlace *place, const SinewGridOptions *grid)
{
  const SinewNode section = SinewNodeGet(place->deck, SinewDeckRoot(place->deck), "grid"),
                  cells = SinewNodeGet(place->deck, section, "cells");
  const SinewMmpdeModel *m = &s->network.model;
  const PetscInt least = m->moving ? PetscMax(m->neighbours + 1, m->interpolation) : m->neighbours + 1;

  PetscFunctionBeginUser;
  if (grid->dim != 2) {
    PetscCall(SinewDeckMistake(place->deck, cells, "grid.cells",
                               "expected 2 dimensions, which MM-PDE works in, found %" PetscInt_FMT, grid->dim));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (grid->cells[0] * grid->cells[1] < least || grid->cells[0] < 2 || grid->cells[1] < 2)
    PetscCall(SinewDeckMistake(place->deck, cells, "grid.cells",
                               "expected at least %" PetscInt_FMT " cells, of which each has %" PetscInt_FMT
                               " neighbours, found %" PetscInt_FMT,
                               least, m->neighbours, grid->cells[0] * grid->cells[1]));
  for (int d = 0; d < 2; d++)
    if (grid->mapped[d])
      PetscCall(SinewDeckMistake(place->deck, SinewNodeGet(place->deck, section, "stretch"), "grid.stretch",
                                 "expected uniform cells, which MM-PDE is trained on"));
  if (m->periodic && (!grid->periodic[0] || !grid->periodic[1]))
    MISTAKE(place, "weights", "%s was trained on a torus: expected a grid that is periodic along x and y",
            s->v.frames.weights);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The mover's weights: in the file that the deck names, or in the network's. */
static PetscErrorCode check_mover(Section *s, MPI_Comm comm, const SinewStepperPlace *place)
{
  SinewFile file;
  SinewArray array;
  SinewFramesValues mover = {.weights = s->v.mover};
  PetscBool there = PETSC_TRUE;

  PetscFunctionBeginUser;
  if (!s->network.model.moving || s->network.model.classical) {
    if (s->v.mover)
      MISTAKE(place, "mover", "the network of %s %s", s->v.frames.weights,
              s->network.model.moving ? "moves nodes by a solver" : "moves no mesh");
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (s->v.mover) {
    PetscCall(SinewFramesFind(&mover, comm, place, "mover", sizeof(s->mover_path), s->mover_path, &there));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(SinewFileOpen(comm, s->weights_path, &file));
  PetscCall(SinewFileInquire(file, "/weights/mover/branch.layers.0.weight", &there, &array));
  PetscCall(SinewFileClose(&file));
  if (!there) MISSING(place, "missing mover: %s has no weights of a mesh mover", s->v.frames.weights);
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
  PetscCall(SinewMmpdeForecastRead(comm, s->weights_path, &s->network.model, &s->model));
  PetscCall(SinewFramesCheck(&s->v.frames, place, equation, &s->model, &s->options));
  PetscCall(check_grid(s, place, grid));
  PetscCall(check_mover(s, comm, place));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the TS ---- */

static PetscReal model_step(const void *own)
{
  return ((const Section *)own)->model.time_step;
}

static PetscErrorCode create(void *own, const SinewProblem *problem, TS ts)
{
  Section *s = (Section *)own;

  PetscFunctionBeginUser;
  s->network.path = s->weights_path;
  s->network.mover = s->v.mover ? s->mover_path : NULL;
  s->network.dtype = s->v.precision ? SINEW_FLOAT64 : SINEW_FLOAT32;
  s->network.damp = (PetscBool)(s->v.folded == 1);
  PetscCall(SinewMmpdeForecastCreate(problem->grid, &s->network, &s->mmpde, &s->options.engine));
  s->options.model = &s->model;
  s->options.path = s->weights_path;
  s->options.name = "mmpde";
  PetscCall(SinewForecastCreate(problem, &s->options, &s->forecast));
  PetscCall(TSSinewSinenetRegister());
  PetscCall(TSSetType(ts, TSSINEWSINENET));
  PetscCall(TSSinewSinenetSet(ts, s->forecast, model_step(s), NULL, PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscInt max_steps(const void *own)
{
  return ((const Section *)own)->v.frames.max_steps;
}

static PetscErrorCode save(void *own, TS ts, SinewFile file)
{
  PetscFunctionBeginUser;
  (void)ts;
  PetscCall(SinewForecastSave(((Section *)own)->forecast, file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode load(void *own, TS ts, SinewFile file)
{
  PetscFunctionBeginUser;
  (void)ts;
  PetscCall(SinewForecastLoad(((Section *)own)->forecast, file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode plan(void *own, MPI_Comm comm, FILE *out)
{
  const Section *s = (const Section *)own;
  const SinewMmpdeModel *m = &s->network.model;
  const SinewMmpde network = SinewMmpdeForecastNetwork(s->mmpde);
  char step[32];

  PetscFunctionBeginUser;
  (void)snprintf(step, sizeof(step), "%g", (double)model_step(s)); /* PETSc would write "1." */
  PetscCall(PetscFPrintf(comm, out, "network   %s\n", s->weights_path));
  PetscCall(
      PetscFPrintf(comm, out,
                   "          %s of %" PetscInt_FMT " layers of %" PetscInt_FMT " features on graphs of %" PetscInt_FMT
                   " neighbours, %" PetscInt_FMT " parameters trained, %.3g GFLOP a step, %s\n",
                   m->moving ? "two solvers" : "one solver", m->layers, m->hidden, m->neighbours,
                   SinewMmpdeParameterCount(network), 1e-9 * SinewMmpdeFlops(network), precisions[s->v.precision]));
  PetscCall(PetscFPrintf(comm, out, "          steps of %s%s%s\n", step, m->moving ? ", nodes moved by " : "",
                         !m->moving     ? ""
                         : m->classical ? "the Monge-Ampere solver"
                         : s->v.mover   ? s->mover_path
                                        : "the mover in the same file"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const SinewStepperHooks SinewMmpdeHooks = {.read = read_section,
                                           .destroy = destroy,
                                           .prepare = prepare,
                                           .create = create,
                                           .max_steps = max_steps,
                                           .step = model_step,
                                           .save = save,
                                           .load = load,
                                           .plan = plan};
