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
  const SinewStringList *list[] = {&t->data_section.scalars, &t->data_section.vectors};
  const SinewNode map = SinewNodeGet(t->deck, SinewDeckRoot(t->deck), "output");
  PetscInt at = 0;

  PetscFunctionBeginUser;
  PetscCall(SinewDeckRead(t->deck, map, "output", SinewTrainOutputKeys, &t->output));
  if (t->output.directory)
    PetscCall(PetscStrncpy(t->directory, t->output.directory, sizeof(t->directory)));
  else
    PetscCall(PetscSNPrintf(t->directory, sizeof(t->directory), "out/%s", t->options.name));
  if (!t->output.picture) PetscFunctionReturn(PETSC_SUCCESS);
  t->picture = -1;
  for (int l = 0; l < 2; l++)
    for (PetscInt k = 0; k < list[l]->n; k++, at++) {
      PetscBool same;

      PetscCall(PetscStrcmp(list[l]->value[k], t->output.picture, &same));
      if (same) t->picture = at;
    }
  if (t->picture < 0)
    PetscCall(SinewDeckMistake(t->deck, SinewNodeGet(t->deck, map, "picture"), "output.picture",
                               "expected a scalar or vector component of the section data, found \"%s\"",
                               t->output.picture));
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
  PetscCall(SinewDeckCheck(deck));
  PetscCall(SinewCheckpointSectionDirectory(&t->checkpoint, t->directory, sizeof(t->checkpoint_directory),
                                            t->checkpoint_directory));
  PetscCall(SinewProvenanceCollect(comm, deck, t->title, options->command_line, &t->provenance));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the objects ---- */

static PetscErrorCode open_data(SinewTraining t)
{
  const SinewTrainerOptions *o = &t->trainer_options;
  const SinewDataSection *s = &t->data_section;
  const PetscBool judges = (PetscBool)(!s->split.n || s->split.value[1] > 0);

  PetscFunctionBeginUser;
  PetscCall(SinewDataSectionOpen(t->comm, s, SINEW_PART_TRAIN, o->history + o->unroll, &t->training));
  if (judges) PetscCall(SinewDataSectionOpen(t->comm, s, SINEW_PART_VALID, o->history + 1, &t->validation));
  PetscCall(SinewDataSectionMoments(t->comm, s, t->training, t->model.mean, t->model.sd));
  PetscCall(SinewDatasetNormalize(t->training, t->model.mean, t->model.sd));
  if (t->validation) PetscCall(SinewDatasetNormalize(t->validation, t->model.mean, t->model.sd));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode describe_model(SinewTraining t)
{
  SinewDatasetShape shape;

  PetscFunctionBeginUser;
  PetscCall(SinewDatasetGetShape(t->training, &shape));
  t->model.network = SinewTrainerModel(t->trainer);
  t->model.time_step = shape.step;
  t->model.normalised = PETSC_TRUE;
  t->model.fields = shape.components;
  for (PetscInt c = 0; c < shape.components; c++)
    PetscCall(PetscStrncpy(t->model.field[c], t->fields.n ? t->fields.value[c] : SinewDatasetComponent(t->training, c),
                           sizeof(t->model.field[c])));
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
  PetscCall(SinewTrainerLoadWeights(t->trainer, file, path));
  PetscCall(SinewFileClose(&file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewTrainingSetUp(SinewTraining t)
{
  PetscFunctionBeginUser;
  PetscCall(open_data(t));
  PetscCall(SinewTrainerCreate(t->comm, &t->trainer_options, t->training, &t->trainer));
  PetscCall(describe_model(t));
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
  PetscCall(SinewCheckpointsDestroy(&t->checkpoints));
  PetscCall(SinewTrainerDestroy(&t->trainer));
  if (t->training) PetscCall(SinewDatasetClose(&t->training));
  if (t->validation) PetscCall(SinewDatasetClose(&t->validation));
  PetscCall(PetscFree(t->point));
  PetscCall(PetscFree(t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the plan ---- */

PetscErrorCode SinewTrainingPlan(SinewTraining t, FILE *out)
{
  const SinewTrainerOptions *o = &t->trainer_options;
  const SinewNetwork network = SinewTrainerNetwork(t->trainer);
  double mine = (double)SinewTrainerMemory(t->trainer), largest;
  SinewDatasetShape shape, other = {0};
  PetscMPIInt ranks;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(t->comm, &ranks));
  PetscCallMPI(MPI_Allreduce(&mine, &largest, 1, MPI_DOUBLE, MPI_MAX, t->comm));
  PetscCall(SinewDatasetGetShape(t->training, &shape));
  if (t->validation) PetscCall(SinewDatasetGetShape(t->validation, &other));
  if (t->title) PetscCall(PetscFPrintf(t->comm, out, "%s\n", t->title));
  PetscCall(PetscFPrintf(t->comm, out,
                         "data      %" PetscInt_FMT " trajectories of %" PetscInt_FMT " frames, %" PetscInt_FMT
                         " components on %" PetscInt_FMT " x %" PetscInt_FMT " cells; %" PetscInt_FMT
                         " for validation\n",
                         shape.trajectories, shape.frames, shape.components, shape.nx, shape.ny, other.trajectories));
  for (PetscInt c = 0; c < shape.components; c++)
    PetscCall(PetscFPrintf(t->comm, out, "          %-12s mean %.6g, sd %.6g\n", SinewDatasetComponent(t->training, c),
                           (double)t->model.mean[c], (double)t->model.sd[c]));
  PetscCall(PetscFPrintf(
      t->comm, out,
      "network   %" PetscInt_FMT " wave%s of %" PetscInt_FMT " channels, %" PetscInt_FMT
      " parameters, %.3g GFLOP a forward sample\n",
      o->network.waves, o->network.waves == 1 ? "" : "s", o->network.hidden, SinewNetworkParameterCount(network),
      1e-9 * (double)SinewNetworkFlops(network) / (double)SinewTrainerModel(t->trainer).options.batch));
  PetscCall(PetscFPrintf(t->comm, out,
                         "training  %" PetscInt_FMT " epochs of %" PetscInt64_FMT " steps of %" PetscInt_FMT
                         " samples; %s, %s\n",
                         t->section.epochs, SinewTrainerEpoch(t->trainer), o->batch,
                         SinewOptimizerKinds[o->optimizer.kind], SinewLossKinds[o->loss]));
  PetscCall(PetscFPrintf(t->comm, out, "ranks     %d in %" PetscInt_FMT " group%s\n", (int)ranks, o->groups,
                         o->groups == 1 ? "" : "s"));
  PetscCall(
      PetscFPrintf(t->comm, out, "memory    %.0f MB for network and optimiser on the fullest rank\n", 1e-6 * largest));
  PetscCall(PetscFPrintf(t->comm, out, "output    %s\n", t->directory));
  PetscFunctionReturn(PETSC_SUCCESS);
}
