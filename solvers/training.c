/* Trainings: from a deck to objects. Epochs are in training_run.c, files in training_files.c. */
#include <math.h>

#include "io/image.h"
#include "solvers/training_private.h"

#define OUTPUT(member) offsetof(TrainOutputSection, member)
const SinewKey SinewTrainOutputKeys[] = {{.name = "directory",
                                          .type = SINEW_KEY_STRING,
                                          .offset = OUTPUT(directory),
                                          .doc = "standard: out/NAME-OF-THE-DECK",
                                          .change = SINEW_CHANGE_FREE},
                                         {.name = "picture",
                                          .type = SINEW_KEY_STRING,
                                          .offset = OUTPUT(picture),
                                          .doc = "component of the data in validation.png; standard: the first",
                                          .change = SINEW_CHANGE_FREE},
                                         {.name = "colormap",
                                          .type = SINEW_KEY_CHOICE,
                                          .offset = OUTPUT(colormap),
                                          .standard = "viridis",
                                          .choices = SinewColormaps,
                                          .doc = "of that picture",
                                          .change = SINEW_CHANGE_FREE},
                                         {.name = "status",
                                          .type = SINEW_KEY_DURATION,
                                          .offset = OUTPUT(status),
                                          .standard = "30s",
                                          .min = 0,
                                          .max = 1e9,
                                          .doc = "wall-clock time between lines of status.jsonl; 0: none",
                                          .change = SINEW_CHANGE_FREE},
                                         {.name = NULL}};

PetscBool SinewTrainingWanted(SinewDeck deck)
{
  return (PetscBool)(SinewNodeGet(deck, SinewDeckRoot(deck), "train") != SINEW_NODE_NONE);
}

/* ---- the deck ---- */

typedef struct {
  const char *title;
  PetscInt version;
} Top;

static PetscErrorCode read_output(SinewTraining t)
{
  const SinewNode map = SinewNodeGet(t->deck, SinewDeckRoot(t->deck), "output");

  PetscFunctionBeginUser;
  PetscCall(SinewDeckRead(t->deck, map, "output", SinewTrainOutputKeys, &t->output));
  if (t->output.directory)
    PetscCall(PetscStrncpy(t->directory, t->output.directory, sizeof(t->directory)));
  else
    PetscCall(PetscSNPrintf(t->directory, sizeof(t->directory), "out/%s", t->options.name));
  if (t->output.picture)
    PetscCall(TrainingFindComponent(&t->place, SinewNodeGet(t->deck, map, "picture"), "output.picture",
                                    t->output.picture, &t->picture));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewTrainingCreate(MPI_Comm comm, SinewDeck deck, const SinewSimulationOptions *options,
                                   SinewTraining *training)
{
  SinewTraining t;
  Top top = {NULL, 1};

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&t));
  *training = t;
  t->comm = comm;
  t->deck = deck;
  t->options = *options;
  t->best = INFINITY;
  PetscCall(SinewDeckRead(deck, SinewDeckRoot(deck), "", SinewTopKeys, &top));
  t->title = top.title;
  PetscCall(SinewDataSectionRead(deck, &t->data_section));
  PetscCall(TrainingSectionRead(t));
  PetscCall(read_output(t));
  PetscCall(SinewCheckpointSectionRead(deck, &t->checkpoint));
  PetscCall(SinewPetscSectionRead(deck));
  (void)SinewNodeGet(deck, SinewDeckRoot(deck), "evaluate"); /* of sinew evaluate */
  PetscCall(SinewDeckCheck(deck));
  PetscCall(SinewCheckpointSectionDirectory(&t->checkpoint, t->directory, sizeof(t->checkpoint_directory),
                                            t->checkpoint_directory));
  PetscCall(SinewProvenanceCollect(comm, deck, t->title, options->command_line, &t->provenance));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the objects ---- */

static PetscErrorCode open_data(SinewTraining t)
{
  const SinewDataSection *s = &t->data_section;
  const PetscBool judges = (PetscBool)(!s->split.n || s->split.value[1] > 0);
  SinewTrainingData *d = &t->data;
  PetscInt sample, judged;

  PetscFunctionBeginUser;
  t->type->frames(t->own, &sample, &judged);
  PetscCall(SinewDataSectionOpen(t->comm, s, SINEW_PART_TRAIN, sample, &d->training));
  if (judges) PetscCall(SinewDataSectionOpen(t->comm, s, SINEW_PART_VALID, judged, &d->validation));
  PetscCall(SinewDatasetGetShape(d->training, &d->shape));
  PetscCall(SinewDataSectionMoments(t->comm, s, d->training, d->mean, d->sd));
  PetscCall(SinewDatasetNormalize(d->training, d->mean, d->sd));
  if (d->validation) PetscCall(SinewDatasetNormalize(d->validation, d->mean, d->sd));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode load_initial(SinewTraining t)
{
  char path[PETSC_MAX_PATH_LEN];
  SinewFile file;

  PetscFunctionBeginUser;
  if (!t->section.initial || t->restarted) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewDeckResolve(t->deck, t->section.initial, sizeof(path), path));
  PetscCall(SinewFileOpen(t->comm, path, &file));
  PetscCall(t->type->begin(t->own, file, path));
  PetscCall(SinewFileClose(&file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewTrainingSetUp(SinewTraining t)
{
  PetscFunctionBeginUser;
  PetscCall(open_data(t));
  PetscCall(t->type->create(t->own, &t->place, &t->data));
  PetscCall(SinewCheckpointsCreate(t->comm, t->checkpoint_directory, t->checkpoint.keep, &t->checkpoints));
  if (t->options.restart) PetscCall(TrainingLoad(t));
  PetscCall(load_initial(t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewTrainingDestroy(SinewTraining *training)
{
  SinewTraining t = *training;

  PetscFunctionBeginUser;
  *training = NULL;
  if (!t) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewProgressDestroy(&t->progress));
  if (t->history) PetscCall(SinewHistoryDestroy(&t->history));
  if (t->status) PetscCall(SinewStatusDestroy(&t->status));
  PetscCall(SinewCheckpointsDestroy(&t->checkpoints));
  if (t->own) PetscCall(t->type->destroy(t->own));
  if (t->data.training) PetscCall(SinewDatasetClose(&t->data.training));
  if (t->data.validation) PetscCall(SinewDatasetClose(&t->data.validation));
  PetscCall(PetscFree(t->point));
  PetscCall(PetscFree(t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the plan ---- */

PetscErrorCode SinewTrainingPlan(SinewTraining t, FILE *out)
{
  const SinewTrainingData *d = &t->data;
  double mine = (double)t->type->memory(t->own), largest;
  SinewDatasetShape other = {0};

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Allreduce(&mine, &largest, 1, MPI_DOUBLE, MPI_MAX, t->comm));
  if (d->validation) PetscCall(SinewDatasetGetShape(d->validation, &other));
  if (t->title) PetscCall(PetscFPrintf(t->comm, out, "%s\n", t->title));
  PetscCall(PetscFPrintf(
      t->comm, out,
      "data      %" PetscInt_FMT " trajectories of %" PetscInt_FMT " frames, %" PetscInt_FMT
      " components on %" PetscInt_FMT " x %" PetscInt_FMT " cells; %" PetscInt_FMT " for validation\n",
      d->shape.trajectories, d->shape.frames, d->shape.components, d->shape.nx, d->shape.ny, other.trajectories));
  for (PetscInt c = 0; c < d->shape.components; c++)
    PetscCall(PetscFPrintf(t->comm, out, "          %-12s mean %.6g, sd %.6g\n", SinewDatasetComponent(d->training, c),
                           (double)d->mean[c], (double)d->sd[c]));
  PetscCall(t->type->plan(t->own, out));
  PetscCall(
      PetscFPrintf(t->comm, out, "memory    %.0f MB for network and optimiser on the fullest rank\n", 1e-6 * largest));
  PetscCall(PetscFPrintf(t->comm, out, "output    %s\n", t->directory));
  PetscFunctionReturn(PETSC_SUCCESS);
}
