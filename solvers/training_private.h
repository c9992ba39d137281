#ifndef SINEW_SOLVERS_TRAINING_PRIVATE_H
#define SINEW_SOLVERS_TRAINING_PRIVATE_H
/* The parts of a training, for training_section.c (keys), training.c (set-up), training_run.c (epochs) and
   training_files.c (checkpoints, weights, pictures) and training_status.c. */
#include "io/checkpoint.h"
#include "io/history.h"
#include "io/progress.h"
#include "io/status.h"
#include "solvers/checkpoint_section.h"
#include "solvers/provenance.h"
#include "solvers/stop.h"
#include "solvers/training.h"
#include "solvers/training_type.h"

/* The keys of `train` that all types have and the trainings themselves look at; place has the others. */
typedef struct {
  PetscInt validate_every;
  PetscReal limit;
  const char *initial;
} TrainSection;

typedef struct {
  const char *directory, *picture;
  PetscInt colormap;
  PetscReal status;
} TrainOutputSection;

/* A line of the history, and a point of the curves. */
typedef struct {
  double epoch, rate, loss, norm, error[2];
} TrainPoint;
#define TRAIN_COLUMNS 5 /* after the epoch */

struct _p_SinewTraining {
  MPI_Comm comm;
  SinewDeck deck; /* not owned */
  SinewSimulationOptions options;
  const char *title;
  SinewDataSection data_section;
  SinewCheckpointSection checkpoint;
  TrainSection section;
  TrainOutputSection output;
  char directory[PETSC_MAX_PATH_LEN], checkpoint_directory[PETSC_MAX_PATH_LEN];
  SinewProvenance provenance;

  const SinewTrainingType *type;
  SinewTrainingPlace place;
  SinewTrainingData data;
  void *own; /* of the type */
  SinewCheckpoints checkpoints;
  SinewHistory history;
  SinewProgress progress;
  SinewStatus status;
  PetscInt picture; /* component that is painted */
  PetscBool restarted;

  /* the state, beside the type's own */
  double loss_sum, norm_sum; /* of the epoch so far */
  double best;               /* validation error of best.h5; infinite: none yet */
  PetscInt points, room;
  TrainPoint *point;

  /* the run */
  SinewStopClock clock;
  double checkpoint_clock;
  PetscInt64 first_step;
  PetscReal checkpoint_epoch;
  PetscInt64 checkpoint_step;
  char last_checkpoint[PETSC_MAX_PATH_LEN];
  double status_clock, memory; /* of the last line; bytes of the fullest rank at its peak */
};

/* Reads `network` and `train`, chooses the type; records mistakes. */
PETSC_INTERN PetscErrorCode TrainingSectionRead(SinewTraining t);

/* The component of the data that is called so, or a mistake at a node (path: of it). */
PETSC_INTERN PetscErrorCode TrainingFindComponent(const SinewTrainingPlace *place, SinewNode node, const char path[],
                                                  const char name[], PetscInt *component);

/* Steps taken, those of the whole training; epochs done, with their fraction. */
static inline PetscInt64 TrainingStep(SinewTraining t)
{
  return t->type->steps(t->own);
}
static inline PetscInt64 TrainingSteps(SinewTraining t)
{
  return (PetscInt64)t->place.epochs * t->type->epoch(t->own);
}
static inline PetscReal TrainingEpoch(SinewTraining t)
{
  return (PetscReal)TrainingStep(t) / (PetscReal)t->type->epoch(t->own);
}

PETSC_INTERN PetscErrorCode TrainingAddPoint(SinewTraining t, const TrainPoint *point);
PETSC_INTERN PetscErrorCode TrainingSave(SinewTraining t);
PETSC_INTERN PetscErrorCode TrainingLoad(SinewTraining t);
/* What was trained as a file for runs: DIRECTORY/NAME. */
PETSC_INTERN PetscErrorCode TrainingExport(SinewTraining t, const char name[]);
PETSC_INTERN PetscErrorCode TrainingPaint(SinewTraining t);

/* Lines of status.jsonl: at the beginning; after a step, where one is due; at the end. */
PETSC_INTERN PetscErrorCode TrainingStatusOpen(SinewTraining t);
PETSC_INTERN PetscErrorCode TrainingStatusStep(SinewTraining t, double loss);
PETSC_INTERN PetscErrorCode TrainingStatusEnd(SinewTraining t, const char how[], int code, double loss);

#endif
