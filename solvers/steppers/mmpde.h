#ifndef SINEW_SOLVERS_STEPPERS_MMPDE_H
#define SINEW_SOLVERS_STEPPERS_MMPDE_H
/*
  MM-PDE as the network of a forecast (forecast.h): `stepper: {type: mmpde, weights: FILE}`. It is advanced by the TS of
  steppers/sinenet.h, which knows no network but through the forecast, and looks back at no frame.

  The file has what neural/mmpde.h describes, the mover's weights among it (/weights/mover) or in a file of their own
  (`mover: FILE`, /weights there), and, as forecast_model.h says, time_step, fields, /mean and /sd; where it has no
  normalisation there is none, as in the original.

  A mesh that the mover folds raises SINEW_ERR_INPUT with one line, or is damped (`folded: damp`).
*/
#include "../../neural/mmpde.h"
#include "forecast.h"

typedef struct _p_SinewMmpdeForecast *SinewMmpdeForecast;

typedef struct {
  const char *path, *mover; /* files; mover NULL: that of path */
  SinewDtype dtype;
  PetscBool damp;
  SinewMmpdeModel model;
} SinewMmpdeForecastOptions;

/* A mover from /GROUP of a file, for grids of ny x nx nodes; whether it wants its fields between 0 and 1. Collective.
 */
PETSC_EXTERN PetscErrorCode SinewMmpdeMoverOpen(MPI_Comm comm, const char path[], const char group[], PetscInt ny,
                                                PetscInt nx, SinewDMM *mover, PetscBool *normalised);
/* What a file says: the network, and the frames it turns into the next. Raises SINEW_ERR_INPUT with one line. */
PETSC_EXTERN PetscErrorCode SinewMmpdeForecastRead(MPI_Comm comm, const char path[], SinewMmpdeModel *model,
                                                   SinewForecastModel *frames);
/* Reads all weights; for the boxes of a plane grid. *engine is for SinewForecastCreate. Collective. */
PETSC_EXTERN PetscErrorCode SinewMmpdeForecastCreate(SinewGrid grid, const SinewMmpdeForecastOptions *options,
                                                     SinewMmpdeForecast *mmpde, SinewForecastEngine *engine);
PETSC_EXTERN PetscErrorCode SinewMmpdeForecastDestroy(SinewMmpdeForecast *mmpde);
PETSC_EXTERN SinewMmpde SinewMmpdeForecastNetwork(SinewMmpdeForecast mmpde); /* not to be destroyed */

#endif
