#ifndef SINEW_SOLVERS_TRAINING_PRIVATE_H
#define SINEW_SOLVERS_TRAINING_PRIVATE_H
/* The parts of a training, for training_section.c (keys), training.c (set-up), training_run.c (epochs) and
   training_files.c (checkpoints, weights, pictures). */
#include "io/checkpoint.h"
#include "io/history.h"
#include "io/progress.h"
#include "neural/schedule.h"
#include "neural/trainer.h"
#include "solvers/checkpoint_section.h"
#include "solvers/data_section.h"
#include "solvers/provenance.h"
#include "solvers/steppers/forecast_model.h"
#include "solvers/stop.h"
#include "solvers/training.h"

/* The section `train` beside what goes into SinewTrainerOptions. */
typedef struct {
  PetscInt epochs, validate_every, validate_steps, validate_trajectories;
  PetscReal limit;
  const char *initial;
  SinewSchedule schedule;
} TrainSection;

typedef struct {
  const char *directory, *picture;
  PetscInt colormap;
} TrainOutputSection;

/* A line of the history, and a point of the curves. */
typedef struct {
  double epoch, rate, loss, norm, one_step, rollout;
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
  SinewTrainerOptions trainer_options;
  SinewStringList fields; /* of the network's file; standard: the data's names */
  char directory[PETSC_MAX_PATH_LEN], checkpoint_directory[PETSC_MAX_PATH_LEN];
  SinewProvenance provenance;

  SinewDataset training, validation; /* validation NULL: none */
  SinewForecastModel model;
  SinewTrainer trainer;
  SinewCheckpoints checkpoints;
  SinewHistory history;
  SinewProgress progress;
  PetscInt picture; /* component that is painted */
  PetscBool restarted;

  /* the state, beside the trainer's */
  double loss_sum, norm_sum; /* of the epoch so far */
  double best;               /* validation error of best.h5; infinite: none yet */
  PetscInt points, room;
  TrainPoint *point;

  /* the run */
  SinewStopClock clock;
  double checkpoint_clock;
  PetscInt64 first_step;
  PetscReal checkpoint_epoch;
  char last_checkpoint[PETSC_MAX_PATH_LEN];
};

/* Reads `network` and `train`, records mistakes. */
PETSC_INTERN PetscErrorCode TrainingSectionRead(SinewTraining t);

/* Steps of the whole training; epochs done, with their fraction. */
static inline PetscInt64 TrainingSteps(SinewTraining t)
{
  return (PetscInt64)t->section.epochs * SinewTrainerEpoch(t->trainer);
}
static inline PetscReal TrainingEpoch(SinewTraining t)
{
  return (PetscReal)SinewTrainerSteps(t->trainer) / (PetscReal)SinewTrainerEpoch(t->trainer);
}

PETSC_INTERN PetscErrorCode TrainingAddPoint(SinewTraining t, const TrainPoint *point);
PETSC_INTERN PetscErrorCode TrainingSave(SinewTraining t);
PETSC_INTERN PetscErrorCode TrainingLoad(SinewTraining t);
/* The network as a file that steppers read: DIRECTORY/NAME. */
PETSC_INTERN PetscErrorCode TrainingExport(SinewTraining t, const char name[]);
PETSC_INTERN PetscErrorCode TrainingPaint(SinewTraining t);

#endif
