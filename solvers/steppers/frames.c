/* What decks say about frames, for the sections of steppers by networks. */
#include "solvers/steppers/frames_private.h"

#include <string.h>

const char *const SinewFramesProjections[] = {"none", "centers", "faces", NULL};

typedef struct {
  const SinewFramesValues *v;
  SinewForecastModel *model;
  SinewForecastOptions *options;
} Frames;

static PetscErrorCode check_step(Frames *s, const SinewStepperPlace *place)
{
  const PetscReal given = s->v->dt, stored = s->model->time_step;

  PetscFunctionBeginUser;
  if (given <= 0 && stored <= 0)
    MISSING(place, "missing dt: %s does not say the network's time step", s->v->weights);
  else if (given > 0 && stored > 0 && PetscAbsReal(given - stored) > 1e-9 * stored)
    MISTAKE(place, "dt", "expected %.12g, the time step of %s, found %.12g", (double)stored, s->v->weights,
            (double)given);
  else
    s->model->time_step = stored > 0 ? stored : given;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscInt find(PetscInt count, char names[][32], const char name[])
{
  for (PetscInt k = 0; k < count; k++)
    if (!strcmp(names[k], name)) return k;
  return -1;
}

/* Every variable of the equation once, of partial networks at most once: as primitives, else as conserved variables. */
static PetscBool map_fields(Frames *s, PetscInt count, char names[][32])
{
  PetscBool taken[SINEW_COMPONENTS_MAX] = {PETSC_FALSE};

  for (PetscInt k = 0; k < s->model->fields; k++) {
    const PetscInt c = find(count, names, s->model->field[k]);

    if (c < 0 || taken[c]) return PETSC_FALSE;
    taken[c] = PETSC_TRUE;
    s->options->component[k] = c;
  }
  return (PetscBool)(s->options->partial || s->model->fields == count);
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

static PetscErrorCode refuse_fields(Frames *s, const SinewStepperPlace *place, SinewEquation e)
{
  const char *each = s->options->partial ? "some" : "each";
  char primitives[512], conserved[512], given[512];

  PetscFunctionBeginUser;
  PetscCall(join(e->components, e->primitive, sizeof(primitives), primitives));
  PetscCall(join(e->components, e->component, sizeof(conserved), conserved));
  PetscCall(join(s->model->fields, s->model->field, sizeof(given), given));
  if (!strcmp(primitives, conserved))
    MISTAKE(place, "fields", "expected %s of %s of %s once, found %s", each, primitives, e->type->name, given);
  else
    MISTAKE(place, "fields", "expected %s of %s (or %s of %s) of %s once, found %s", each, primitives, each, conserved,
            e->type->name, given);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_fields(Frames *s, const SinewStepperPlace *place, SinewEquation e)
{
  PetscFunctionBeginUser;
  if (s->v->fields.n) {
    s->model->fields = s->v->fields.n;
    for (PetscInt k = 0; k < s->v->fields.n; k++)
      PetscCall(PetscStrncpy(s->model->field[k], s->v->fields.value[k], sizeof(s->model->field[k])));
  }
  if (!s->model->fields) {
    MISSING(place, "missing fields: %s does not say what the channels of a frame are (%" PetscInt_FMT ")",
            s->v->weights, s->model->network.components);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (s->model->fields != s->model->network.components) {
    MISTAKE(place, "fields", "expected %" PetscInt_FMT " names, the channels of a frame in %s, found %" PetscInt_FMT,
            s->model->network.components, s->v->weights, s->model->fields);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (map_fields(s, e->components, e->primitive)) PetscFunctionReturn(PETSC_SUCCESS);
  s->options->conserved = map_fields(s, e->components, e->component);
  if (!s->options->conserved) PetscCall(refuse_fields(s, place, e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_normalisation(Frames *s, const SinewStepperPlace *place)
{
  const PetscInt n = s->model->network.components;
  const SinewRealList *list[] = {&s->v->mean, &s->v->sd};
  PetscReal *value[] = {s->model->mean, s->model->sd};
  const char *const key[] = {"mean", "sd"};

  PetscFunctionBeginUser;
  for (int k = 0; k < 2; k++) {
    if (!list[k]->n && !s->model->normalised)
      MISSING(place, "missing %s: %s has no /mean and /sd of its training data", key[k], s->v->weights);
    else if (list[k]->n && list[k]->n != n)
      MISTAKE(place, key[k], "expected %" PetscInt_FMT " numbers, one a channel, found %" PetscInt_FMT, n, list[k]->n);
    else
      PetscCall(PetscArraycpy(value[k], list[k]->value, list[k]->n));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_corrections(Frames *s, const SinewStepperPlace *place, SinewEquation e)
{
  char names[512];

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < s->v->restore_mean.n; k++) {
    const PetscInt c = find(e->components, e->component, s->v->restore_mean.value[k]);

    PetscCall(join(e->components, e->component, sizeof(names), names));
    if (c < 0)
      MISTAKE(place, "restore_mean", "expected conserved variables of %s (%s), found \"%s\"", e->type->name, names,
              s->v->restore_mean.value[k]);
    else if (s->options->restored < SINEW_COMPONENTS_MAX)
      s->options->restore[s->options->restored++] = c;
  }
  s->options->project = (PetscBool)(s->v->project != 0);
  s->options->place = s->v->project == 2 ? SINEW_VELOCITY_FACES : SINEW_VELOCITY_CENTERS;
  if (s->options->project && e->kernels.velocity < 0)
    MISTAKE(place, "project", "%s has no velocity to project", e->type->name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether rank 0 can read the file. */
static PetscErrorCode readable(MPI_Comm comm, const char path[], PetscBool *yes)
{
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (rank == 0) PetscCall(PetscTestFile(path, 'r', yes));
  PetscCallMPI(MPI_Bcast(yes, 1, SINEW_MPI_BOOL, 0, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFramesFind(const SinewFramesValues *values, MPI_Comm comm, const SinewStepperPlace *place,
                               const char key[], size_t size, char path[], PetscBool *there)
{
  PetscFunctionBeginUser;
  PetscCall(SinewDeckResolve(place->deck, values->weights, size, path));
  PetscCall(readable(comm, path, there));
  if (!*there) MISTAKE(place, key, "cannot read the file %s", path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFramesCheck(const SinewFramesValues *values, const SinewStepperPlace *place, SinewEquation equation,
                                SinewForecastModel *model, SinewForecastOptions *options)
{
  Frames s = {values, model, options};

  PetscFunctionBeginUser;
  PetscCall(check_step(&s, place));
  PetscCall(check_fields(&s, place, equation));
  PetscCall(check_normalisation(&s, place));
  PetscCall(check_corrections(&s, place, equation));
  PetscFunctionReturn(PETSC_SUCCESS);
}
