#ifndef SINEW_SOLVERS_TRAININGS_FRAMES_H
#define SINEW_SOLVERS_TRAININGS_FRAMES_H
/* What trainings of networks that turn frames into the next have in common: keys, names of the fields, the description
   in their files, the picture of a roll-out. */
#include "solvers/training_type.h"

/* clang-format off */
/* Of structs with a member of that name. */
#define TRAINING_FIELDS_KEY(Struct) \
    SINEW_TRAINING_KEY(Struct, fields, "fields", SINEW_KEY_STRINGS, \
                       .doc = "names of the components for the stepper that will use the network; standard: those of " \
                              "the data", SINEW_FROZEN)
#define TRAINING_VALIDATE_STEPS_KEY(Struct) \
    SINEW_TRAINING_KEY(Struct, validate_steps, "validate_steps", SINEW_KEY_INT, .standard = "10", \
                       .max = SINEW_ROLLOUT_MAX, \
                       .doc = "length of the roll-outs of a validation; their mean error decides what is best", \
                       SINEW_WARN)
/* clang-format on */

/* Records a mistake unless there are none or as many names (`network.fields`) as components. Not collective. */
PETSC_INTERN PetscErrorCode TrainingFieldsCheck(const SinewTrainingPlace *place, const SinewStringList *fields);
/* Names, normalisation and time step of the data's frames. Not collective. */
PETSC_INTERN PetscErrorCode TrainingFramesDescribe(const SinewTrainingData *data, const SinewStringList *fields,
                                                   SinewForecastModel *model);
/* The frame `steps` steps after the first ones of the first validation trajectory: truth and prediction of a component,
   [ny][nx] of this rank's box, normalised. `own` is the type's. Collective. */
typedef PetscErrorCode TrainingRollout(void *own, PetscInt steps, PetscInt component, double truth[],
                                       double prediction[]);
/*
  TrainingFramesPaint - truth, prediction and their difference at the end of that roll-out. Collective on comm.

  box      [in]  this rank's; first: whether its group is the one that paints
  steps    [in]  at least 1 is taken, at most what the trajectory has after `history` frames
*/
PETSC_INTERN PetscErrorCode TrainingFramesPaint(MPI_Comm comm, const SinewTrainingPicture *picture,
                                                const SinewTrainingData *data, SinewBox box, PetscBool first,
                                                PetscInt steps, PetscInt history, TrainingRollout *rollout, void *own);

#endif
