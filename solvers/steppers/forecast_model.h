#ifndef SINEW_SOLVERS_STEPPERS_FORECAST_MODEL_H
#define SINEW_SOLVERS_STEPPERS_FORECAST_MODEL_H
/*
  What a file says about a network that advances fields, beside the network itself (neural/sinenet.h):

    /config        attributes of the network; also, where the file knows them,
      time_step    real: the time that one application advances
      fields       string: names of a frame's channels, separated by blanks, in their order
    /mean, /sd     (channels of a frame): a channel c enters the network as (c - mean) / sd, and leaves it so
    /weights/...   the parameters

  `sinew check` reads all but the weights.
*/
#include "../../neural/sinenet.h"

#define SINEW_FORECAST_FIELDS_MAX 16

typedef struct {
  SinewSinenetModel network;
  PetscReal time_step; /* 0: the file does not say */
  PetscInt fields;     /* 0: the file does not say */
  char field[SINEW_FORECAST_FIELDS_MAX][32];
  PetscBool normalised; /* whether the file has mean and sd */
  PetscReal mean[SINEW_FORECAST_FIELDS_MAX], sd[SINEW_FORECAST_FIELDS_MAX];
  unsigned checksum; /* CRC-32C of the file's bytes */
} SinewForecastModel;

/* Raises SINEW_ERR_INPUT with one line that names the file. Collective. */
PETSC_EXTERN PetscErrorCode SinewForecastModelRead(MPI_Comm comm, const char path[], SinewForecastModel *model);
/* The parts of that which are not the network's own, of an open file whose model->network.components is known: time
   step, names, normalisation; and the checksum of the file's bytes. For networks of other kinds. */
PETSC_EXTERN PetscErrorCode SinewForecastModelReadFrames(MPI_Comm comm, SinewFile file, const char path[],
                                                         SinewForecastModel *model);
PETSC_EXTERN PetscErrorCode SinewForecastModelReadChecksum(MPI_Comm comm, const char path[], SinewForecastModel *model);
PETSC_EXTERN PetscErrorCode SinewForecastModelWriteFrames(SinewFile file, const SinewForecastModel *model);
/* Writes all but the weights: attributes and normalisation of an open file. Collective. */
PETSC_EXTERN PetscErrorCode SinewForecastModelWrite(SinewFile file, const SinewForecastModel *model);

#endif
