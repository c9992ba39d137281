#ifndef SINEW_SOLVERS_STEPPERS_FRAMES_PRIVATE_H
#define SINEW_SOLVERS_STEPPERS_FRAMES_PRIVATE_H
/*
  What decks say about the frames that a network turns into the next, whatever network it is: the file, the channels and
  their normalisation, the time step, the corrections. A stepper's own struct has a member `frames`, its table begins
  with SINEW_FRAMES_KEYS; then, in `prepare`: SinewFramesFind, reading the model, SinewFramesCheck.
*/
#include "solvers/stepper_private.h"
#include "solvers/steppers/forecast.h"

typedef struct {
  const char *weights;
  SinewStringList fields, restore_mean;
  SinewRealList mean, sd;
  PetscReal dt;
  PetscInt project, max_steps;
} SinewFramesValues;

PETSC_INTERN const char *const SinewFramesProjections[];

/* clang-format off */
#define SINEW_FRAMES_KEYS(Values)  \
    {.name = "weights", \
     .type = SINEW_KEY_STRING, \
     .offset = offsetof(Values, frames.weights), \
     .required = PETSC_TRUE, \
     .doc = "HDF5 or safetensors file of the network; relative to the deck's folder", \
     .change = SINEW_CHANGE_WARN}, \
    {.name = "fields", \
     .type = SINEW_KEY_STRINGS, \
     .offset = offsetof(Values, frames.fields), \
     .least = 1, \
     .most = SINEW_LIST_MAX, \
     .doc = "the channels of a frame, in order: all primitives, or all conserved variables; standard: the file's", \
     .change = SINEW_CHANGE_FROZEN}, \
    {.name = "dt", \
     .type = SINEW_KEY_REAL, \
     .offset = offsetof(Values, frames.dt), \
     .standard = "0", \
     .min = 0, \
     .max = 1e30, \
     .doc = "the network's time step, when its file does not say; 0: the file's", \
     .change = SINEW_CHANGE_FROZEN}, \
    {.name = "mean", \
     .type = SINEW_KEY_REALS, \
     .offset = offsetof(Values, frames.mean), \
     .doc = "mean of each channel in the training data; standard: the file's", \
     .change = SINEW_CHANGE_FROZEN}, \
    {.name = "sd", \
     .type = SINEW_KEY_REALS, \
     .offset = offsetof(Values, frames.sd), \
     .min = 0, \
     .max = 1e30, \
     .above_min = PETSC_TRUE, \
     .doc = "standard deviation of each channel; standard: the file's", \
     .change = SINEW_CHANGE_FROZEN}, \
    {.name = "restore_mean", \
     .type = SINEW_KEY_STRINGS, \
     .offset = offsetof(Values, frames.restore_mean), \
     .least = 1, \
     .most = SINEW_LIST_MAX, \
     .doc = "conserved variables whose integral a step leaves as it was", \
     .change = SINEW_CHANGE_WARN}, \
    {.name = "project", \
     .type = SINEW_KEY_CHOICE, \
     .offset = offsetof(Values, frames.project), \
     .standard = "none", \
     .choices = SinewFramesProjections, \
     .doc = "make the velocity free of divergence; it stands at the cells' centers or on their lower faces", \
     .change = SINEW_CHANGE_WARN}, \
    {.name = "max_steps", \
     .type = SINEW_KEY_INT, \
     .offset = offsetof(Values, frames.max_steps), \
     .standard = "0", \
     .min = 0, \
     .max = 2e9, \
     .doc = "stop after so many steps; 0: no limit", \
     .change = SINEW_CHANGE_FREE}
/* clang-format on */

/* A mistake at a key of the section that is there or has a default, and one at the section that lacks it. */
#define MISTAKE(place, key, ...)                                                                                  \
  do {                                                                                                            \
    char path_[96];                                                                                               \
    PetscCall(PetscSNPrintf(path_, sizeof(path_), "%s.%s", (place)->path, key));                                  \
    PetscCall(                                                                                                    \
        SinewDeckMistake((place)->deck, SinewNodeGet((place)->deck, (place)->section, key), path_, __VA_ARGS__)); \
  } while (0)
#define MISSING(place, ...) PetscCall(SinewDeckMistake((place)->deck, (place)->section, (place)->path, __VA_ARGS__))

/* The path of the file of values->weights, which the deck names under `key`; a mistake when it cannot be read.
   Collective. */
PETSC_INTERN PetscErrorCode SinewFramesFind(const SinewFramesValues *values, MPI_Comm comm,
                                            const SinewStepperPlace *place, const char key[], size_t size, char path[],
                                            PetscBool *there);
/* Completes model and options by what the deck says; mistakes where they do not fit each other or the equation. */
PETSC_INTERN PetscErrorCode SinewFramesCheck(const SinewFramesValues *values, const SinewStepperPlace *place,
                                             SinewEquation equation, SinewForecastModel *model,
                                             SinewForecastOptions *options);

#endif
