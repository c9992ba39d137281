/* The sections `network` and `train`: the type, and the keys that all types have. */
#include <stdio.h>
#include <string.h>

#include "solvers/training_private.h"

static const SinewTrainingType *const types[] = {&SinewTrainingSinenet, &SinewTrainingMmpde, &SinewTrainingDmm, NULL};
#define TYPES_MAX 8

typedef struct {
  PetscBool smooth;
  PetscInt epochs, batch, schedule, warm_up, seed, validate_every, validate_trajectories;
  PetscReal rate, start_rate, final_rate, factor, decay, limit;
  SinewRealList milestones;
  const char *initial;
} Train;

#define KEY(member, kind, ...) SINEW_TRAINING_KEY(Train, member, #member, kind, __VA_ARGS__)
static const SinewKey common_keys[] = {
    KEY(epochs, SINEW_KEY_INT, .standard = "50", .min = 1, .max = 1e6,
        .doc = "passes; in one every trajectory is visited as often as it has frames", SINEW_WARN),
    KEY(batch, SINEW_KEY_INT, .standard = "8", .min = 1, .max = 1e6, .doc = "samples a step, over all ranks",
        SINEW_FROZEN),
    KEY(rate, SINEW_KEY_REAL, .standard = "2e-4", .max = 1e3, .doc = "learning rate after the warm-up", SINEW_WARN),
    KEY(schedule, SINEW_KEY_CHOICE, .standard = "cosine", .choices = SinewScheduleKinds,
        .doc = "of the rate over epochs (neural/schedule.h)", SINEW_WARN),
    KEY(smooth, SINEW_KEY_BOOL, .standard = "false",
        .doc = "the rate follows its schedule with every step and not with every epoch; for trainings of few epochs",
        SINEW_WARN),
    KEY(warm_up, SINEW_KEY_INT, .standard = "0", .max = 1e6, .doc = "epochs of linear increase", SINEW_WARN),
    KEY(start_rate, SINEW_KEY_REAL, .standard = "1e-7", .max = 1e3, .doc = "rate of the first epoch of warm-up",
        SINEW_WARN),
    KEY(final_rate, SINEW_KEY_REAL, .standard = "1e-7", .max = 1e3, .doc = "rate at the end of cosine", SINEW_WARN),
    KEY(milestones, SINEW_KEY_REALS, .max = 1e6, .doc = "epochs at which the rate is multiplied by factor", SINEW_WARN),
    KEY(factor, SINEW_KEY_REAL, .standard = "0.1", .max = 1, .doc = "see milestones", SINEW_WARN),
    KEY(decay, SINEW_KEY_REAL, .standard = "1e-5", .max = 1e3, .doc = "of weights", SINEW_WARN),
    KEY(seed, SINEW_KEY_INT, .standard = "0", .max = 2e9, .doc = "of initial weights, order and augmentation",
        SINEW_FROZEN),
    KEY(initial, SINEW_KEY_STRING, .doc = "file of weights to begin with; relative to the deck's folder", SINEW_WARN),
    KEY(limit, SINEW_KEY_REAL, .standard = "100", .max = 1e30, .above_min = PETSC_TRUE,
        .doc = "a loss above it ends the training as diverged (code 3)", SINEW_FREE),
    KEY(validate_every, SINEW_KEY_INT, .standard = "1", .min = 1, .max = 1e6,
        .doc = "epochs between validations; the last epoch has one", SINEW_WARN),
    KEY(validate_trajectories, SINEW_KEY_INT, .standard = "0", .max = 1e9,
        .doc = "of the part called valid, the first so many; 0: all", SINEW_WARN),
    {.name = NULL}};
#define COMMON (sizeof(common_keys) / sizeof(common_keys[0]))

/* The common keys, with the standards of a type. */
static void set_standards(const SinewTrainingType *type, SinewKey keys[COMMON])
{
  memcpy(keys, common_keys, sizeof(common_keys));
  for (const SinewStandard *s = type->standards; s && s->name; s++)
    for (SinewKey *k = keys; k->name; k++)
      if (!strcmp(k->name, s->name)) k->standard = s->standard;
}

/* ---- reading ---- */

void SinewOptimizerValuesSet(const SinewOptimizerValues *v, PetscReal decay, SinewOptimizerOptions *o)
{
  o->kind = (SinewOptimizerKind)v->kind;
  o->beta1 = (double)v->beta1;
  o->beta2 = (double)v->beta2;
  o->eps = (double)v->eps;
  o->clip = (double)v->clip;
  o->decay = (double)decay;
}

static void set_schedule(const Train *v, SinewSchedule *s)
{
  *s = (SinewSchedule){.kind = (SinewScheduleKind)v->schedule,
                       .base = (double)v->rate,
                       .start = (double)v->start_rate,
                       .final = (double)v->final_rate,
                       .factor = (double)v->factor,
                       .warm_up = v->warm_up,
                       .total = v->epochs,
                       .milestones = v->milestones.n,
                       .smooth = v->smooth};
  for (PetscInt k = 0; k < v->milestones.n; k++) s->milestone[k] = (double)v->milestones.value[k];
}

/* The type stays the first one where the deck names none or a wrong one: its keys tell more mistakes. */
static PetscErrorCode read_type(SinewTraining t)
{
  const char *names[TYPES_MAX];
  PetscInt count = 0, index;

  PetscFunctionBeginUser;
  for (; types[count]; count++) names[count] = types[count]->name;
  PetscCall(SinewDeckReadName(t->deck, t->place.network, "network", "type", count, names, 0, &index));
  t->type = types[PetscMax(index, 0)];
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode TrainingSectionRead(SinewTraining t)
{
  const SinewNode root = SinewDeckRoot(t->deck);
  SinewTrainingPlace *p = &t->place;
  SinewKey keys[COMMON];
  Train v = {0};

  PetscFunctionBeginUser;
  p->comm = t->comm;
  p->deck = t->deck;
  p->network = SinewNodeGet(t->deck, root, "network");
  p->train = SinewNodeGet(t->deck, root, "train");
  p->data = &t->data_section;
  p->components = t->data_section.scalars.n + t->data_section.vectors.n;
  PetscCall(read_type(t));
  set_standards(t->type, keys);
  PetscCall(SinewDeckRead(t->deck, p->train, "train", keys, &v));
  set_schedule(&v, &p->schedule);
  p->epochs = v.epochs;
  p->batch = v.batch;
  p->seed = v.seed;
  p->decay = v.decay;
  p->judged = v.validate_trajectories;
  t->section = (TrainSection){.validate_every = v.validate_every, .limit = v.limit, .initial = v.initial};
  PetscCall(t->type->read(p, &t->own));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- components ---- */

PetscErrorCode TrainingFindComponent(const SinewTrainingPlace *place, SinewNode node, const char path[],
                                     const char name[], PetscInt *component)
{
  const SinewStringList *list[] = {&place->data->scalars, &place->data->vectors};
  PetscInt at = 0;

  PetscFunctionBeginUser;
  for (int l = 0; l < 2; l++)
    for (PetscInt k = 0; k < list[l]->n; k++, at++) {
      if (strcmp(list[l]->value[k], name)) continue;
      *component = at;
      PetscFunctionReturn(PETSC_SUCCESS);
    }
  PetscCall(SinewDeckMistake(place->deck, node, path,
                             "expected a scalar or vector component of the section data, found \"%s\"", name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewTrainingComponent(const SinewTrainingPlace *place, const char key[], const char name[],
                                      PetscInt *component)
{
  char path[64];

  PetscFunctionBeginUser;
  *component = 0;
  if (!name) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscSNPrintf(path, sizeof(path), "network.%s", key));
  PetscCall(TrainingFindComponent(place, SinewNodeGet(place->deck, place->network, key), path, name, component));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- for people ---- */

static PetscErrorCode list_type(FILE *out, const SinewTrainingType *type, PetscBool network, PetscBool train)
{
  PetscFunctionBeginUser;
  fprintf(out, "\nnetwork.type: %s    %s\n", type->name, type->doc);
  if (network && type->network) PetscCall(SinewKeysPrint(out, "  network", type->network));
  if (!train) PetscFunctionReturn(PETSC_SUCCESS);
  if (type->train) PetscCall(SinewKeysPrint(out, "  train", type->train));
  if (type->standards) fprintf(out, "  standards of train:");
  for (const SinewStandard *s = type->standards; s && s->name; s++) fprintf(out, " %s %s", s->name, s->standard);
  if (type->standards) fprintf(out, "\n");
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewTrainingList(FILE *out, const char *word, PetscBool *found)
{
  const PetscBool network = (PetscBool)(!word || !strcmp(word, "network")),
                  train = (PetscBool)(!word || !strcmp(word, "train"));

  PetscFunctionBeginUser;
  if (train) PetscCall(SinewKeysPrint(out, "train", common_keys));
  for (const SinewTrainingType *const *type = types; *type; type++) {
    const PetscBool this = (PetscBool)(word && !strcmp(word, (*type)->name));

    if (!network && !train && !this) continue;
    PetscCall(list_type(out, *type, (PetscBool)(network || this), (PetscBool)(train || this)));
    *found = PETSC_TRUE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
