#ifndef SINEW_SOLVERS_STEPPERS_FORECAST_H
#define SINEW_SOLVERS_STEPPERS_FORECAST_H
/*
  A forecast: a trained network that turns the fields of a grid at some times into those one model step later.

  Between the vectors of a run (double, conserved variables, interlaced) and the network (float, normalised, channels
  fastest) stand three maps: conserved variables to the fields that the network knows and back, normalisation by the
  means and standard deviations of its training, and the history: the network reads the newest frame and history - 1
  older ones, which the forecast keeps, normalised, in double.

    frame(U)_c = (field_c(U) - mean_c) / sd_c,    next frame = network(oldest frame, ..., frame(U))

  Two corrections of what comes out, each off by default: the velocity is projected onto fields without divergence
  (operators/projection.h), and then the integrals of chosen conserved variables are restored to what they were before
  the step, by adding a constant. Neither changes what the network is shown of earlier frames.

  Life-cycle
    SinewForecastCreate
    for each step: SinewForecastSee(U), SinewForecastPredict(U, V), and when V is accepted SinewForecastKeep.
      While SinewForecastMissing is not 0, frames are made by other means: SinewForecastSee, SinewForecastKeep
    SinewForecastDestroy

  The boxes of the grid are those of the network's tensors. Communication per prediction: that of the network
  (neural/network.h), of the projection, and one reduction of two numbers a restored field. Nothing is allocated in a
  step. Source: Zhang et al., "SineNet", ICLR 2024 (arXiv 2403.19507), sections on data and roll-out.
*/
#include "../../operators/projection.h"
#include "../stepper.h"
#include "forecast_model.h"

typedef struct _p_SinewForecast *SinewForecast;

/* A network of another kind than SineNet: from a frame [line][cell][channel] of this rank's box, normalised, at time t,
   to the next. Collective. */
typedef struct {
  void *context; /* not owned */
  PetscErrorCode (*predict)(void *context, PetscReal t, const PetscReal frame[], PetscReal next[]);
} SinewForecastEngine;

typedef struct {
  const SinewForecastModel *model;                  /* complete: with fields and normalisation; copied */
  const char *path;                                 /* of the file with the weights */
  const char *precision;                            /* of the network's arithmetic: see SinewSinenetPrecision */
  PetscBool conserved;                              /* the network knows conserved variables, not primitives */
  PetscBool partial;                                /* it knows some of them only: see SinewForecastPredict */
  PetscInt component[SINEW_COMPONENTS_MAX];         /* of the equation, for each channel of a frame */
  PetscReal lead, parameter;                        /* what a conditional network is told: frames ahead, and a number */
  PetscInt restored, restore[SINEW_COMPONENTS_MAX]; /* components whose integrals stay what they are */
  PetscBool project;
  SinewVelocityPlace place; /* of the velocity that is projected */
  const char *name;         /* of the stepper, in messages and checkpoints; NULL: sinenet. Must outlive the forecast */
  SinewForecastEngine engine; /* predict NULL: the SineNet of the file */
} SinewForecastOptions;

/* Collective. The parts of the problem (not owned; fv is not used) must outlive the forecast. Reads the weights; raises
 * SINEW_ERR_INPUT with one line when they do not fit. */
PETSC_EXTERN PetscErrorCode SinewForecastCreate(const SinewProblem *problem, const SinewForecastOptions *options,
                                                SinewForecast *forecast);
PETSC_EXTERN PetscErrorCode SinewForecastDestroy(SinewForecast *forecast);

/* Takes U as the newest frame. Not collective. */
PETSC_EXTERN PetscErrorCode SinewForecastSee(SinewForecast forecast, Vec U);
/* V is what follows U, which was the last one seen, at time t; of a partial network, the variables that it knows, the
   others are V's own. Collective. */
PETSC_EXTERN PetscErrorCode SinewForecastPredict(SinewForecast forecast, PetscReal t, Vec U, Vec V);
/* The newest frame becomes one of the past. Not collective. */
PETSC_EXTERN PetscErrorCode SinewForecastKeep(SinewForecast forecast);
/* How many older frames are still missing before a prediction can be made. Not collective. */
PETSC_EXTERN PetscInt SinewForecastMissing(SinewForecast forecast);

/* The older frames, to and from a checkpoint at /stepper/NAME; a file without any leaves all missing. Collective. */
PETSC_EXTERN PetscErrorCode SinewForecastSave(SinewForecast forecast, SinewFile file);
PETSC_EXTERN PetscErrorCode SinewForecastLoad(SinewForecast forecast, SinewFile file);

PETSC_EXTERN SinewNetwork SinewForecastNetwork(SinewForecast forecast); /* not to be destroyed; NULL: an engine */
PETSC_EXTERN const char *SinewForecastName(SinewForecast forecast);
/* The boxes of a plane grid, for tensors; the caller destroys the layout. Collective. */
PETSC_EXTERN PetscErrorCode SinewForecastLayout(SinewGrid grid, PetscBool periodic, SinewLayout *layout);

#endif
