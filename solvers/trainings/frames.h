#ifndef SINEW_SOLVERS_TRAININGS_FRAMES_H
#define SINEW_SOLVERS_TRAININGS_FRAMES_H
/* What trainings of networks that turn frames into the next have in common: names of the fields, the description in
   their files, the picture of a roll-out. */
#include "solvers/training_type.h"

/* Records a mistake unless there are none or as many names (`network.fields`) as components. Not collective. */
PETSC_INTERN PetscErrorCode TrainingFieldsCheck(const SinewTrainingPlace *place, const SinewStringList *fields);
/* Names, normalisation and time step of the data's frames. Not collective. */
PETSC_INTERN PetscErrorCode TrainingFramesDescribe(const SinewTrainingData *data, const SinewStringList *fields,
                                                   SinewForecastModel *model);
/*
  TrainingFramesPaint - truth, prediction and their difference. Collective on comm.

  box               [in] this rank's; first: whether its group is the one that paints
  truth, prediction [in] [box.ny][box.nx] of a component, normalised; steps: after so many
*/
PETSC_INTERN PetscErrorCode TrainingFramesPaint(MPI_Comm comm, const SinewTrainingPicture *picture,
                                                const SinewTrainingData *data, SinewBox box, PetscBool first,
                                                PetscInt steps, const double truth[], const double prediction[]);

#endif
