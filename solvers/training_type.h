#ifndef SINEW_SOLVERS_TRAINING_TYPE_H
#define SINEW_SOLVERS_TRAINING_TYPE_H
/*
  For implementors of trainings: what is trained, and how one step of it is taken. All else that makes a training is
  written once, for all types (training*.c): epochs and their learning rate, history, curves, validation and what is
  best, checkpoints, stops, restarts, endings.

  A type is a table of constants and functions in a file of solvers/trainings/ and a line in training_section.c; decks
  choose it by `network.type`. `own` is what `read` made. A function that is NULL has nothing to do; those marked
  REQUIRED must be there. Except where it says otherwise they are collective on place->comm.

    read, destroy      of a deck's life: reads the type's keys, records mistakes; allocates nothing but `own`
    frames             how long trajectories must be
    create             after the deck was found right and the data were opened: networks, optimisers, initial parameters
    restore | begin    from a checkpoint | from a file of weights (train.initial)
    step ...           each one step of the optimiser, as a function of seed and number of steps alone; at the end of
                       an epoch validate and paint, export where it is the best
    store              everything that goes on with the same bits
    export             a file that runs read

  Keys. The section `train` has keys of all types (training_section.c) beside the type's own; `standards` names those
  whose standard is another one for this type.

  Errors that validations find are relative numbers, 0 for perfect: type->error names the two of them. The second one
  decides what is best.
*/
#include "io/arrays.h"
#include "io/deck.h"
#include "neural/dataset.h"
#include "neural/optimizer.h"
#include "neural/schedule.h"
#include "solvers/data_section.h"
#include "solvers/steppers/forecast_model.h"

/* What the deck said. */
typedef struct {
  MPI_Comm comm;
  SinewDeck deck;
  SinewNode network, train; /* the sections */
  const SinewDataSection *data;
  PetscInt components; /* of a frame */
  /* of the common keys, those that types look at */
  PetscInt epochs, batch;
  PetscInt64 seed;        /* of initial parameters and samples */
  PetscReal decay;        /* of weights */
  SinewSchedule schedule; /* of the learning rate over epochs */
  PetscInt judged;        /* trajectories to validate on; 0: all */
} SinewTrainingPlace;

/* Open data sets, which hand out (value - mean) / sd; they outlive `own`. */
typedef struct {
  SinewDataset training, validation; /* validation NULL: none */
  SinewDatasetShape shape;           /* of training */
  PetscReal mean[SINEW_FORECAST_FIELDS_MAX], sd[SINEW_FORECAST_FIELDS_MAX];
} SinewTrainingData;

/* Where a picture goes. */
typedef struct {
  const char *path, *colormap;
  PetscInt component; /* of a frame */
  PetscReal epoch;
} SinewTrainingPicture;

typedef struct {
  const char *name, *standard;
} SinewStandard;

typedef struct {
  const char *name, *doc;
  const SinewKey *network, *train; /* the type's own keys of the two sections; NULL: none */
  const SinewStandard *standards;  /* ends with a name NULL; NULL: none */
  struct {
    const char *label, *column; /* in words; in history.csv */
  } error[2];

  /* Not collective, the same on all ranks. REQUIRED. */
  PetscErrorCode (*read)(const SinewTrainingPlace *place, void **own);
  PetscErrorCode (*destroy)(void *own);
  /* Frames that a trajectory must have for a sample, and to be judged on. Not collective. REQUIRED. */
  void (*frames)(const void *own, PetscInt *sample, PetscInt *judged);
  PetscErrorCode (*create)(void *own, const SinewTrainingPlace *place, const SinewTrainingData *data); /* REQUIRED */

  /* Steps taken, and those of an epoch. Not collective. REQUIRED. */
  PetscInt64 (*steps)(const void *own);
  PetscInt64 (*epoch)(const void *own);
  /* The learning rate of the next step; NULL: that of the schedule. Not collective. */
  double (*rate)(const void *own);
  /* One step. loss: before it; norm: of the gradient. Where one is not finite the count of steps stays. REQUIRED. */
  PetscErrorCode (*step)(void *own, double rate, double *loss, double *norm);
  /* REQUIRED, where there is data->validation. */
  PetscErrorCode (*validate)(void *own, double error[2]);
  PetscErrorCode (*paint)(void *own, const SinewTrainingPicture *picture);

  /* All state: /weights, /optimizer, /training; and back. REQUIRED. */
  PetscErrorCode (*store)(void *own, SinewFile file);
  PetscErrorCode (*restore)(void *own, SinewFile file);
  /* Parameters from a file of any kind that has them; a complete file for runs. REQUIRED. */
  PetscErrorCode (*begin)(void *own, SinewFile file, const char path[]);
  PetscErrorCode (*export)(void *own, SinewFile file);

  /* Lines of a plan: network, training, ranks. REQUIRED. */
  PetscErrorCode (*plan)(const void *own, FILE *out);
  /* Bytes of networks and optimisers on this rank; values that a step works on over all ranks. Not collective.
     REQUIRED. */
  size_t (*memory)(const void *own);
  double (*work)(const void *own);
} SinewTrainingType;

PETSC_INTERN const SinewTrainingType SinewTrainingSinenet, SinewTrainingMmpde, SinewTrainingDmm;

/* The component of the data that `network.KEY` names; NULL: 0. Records a mistake. Not collective. */
PETSC_INTERN PetscErrorCode SinewTrainingComponent(const SinewTrainingPlace *place, const char key[], const char name[],
                                                   PetscInt *component);

/* ---- keys that several types have ---- */

typedef struct {
  PetscInt kind;
  PetscReal beta1, beta2, eps, clip;
} SinewOptimizerValues;

#define SINEW_TRAINING_KEY(Struct, member, key, kind, ...)                     \
  {                                                                            \
    .name = key, .type = kind, .offset = offsetof(Struct, member), __VA_ARGS__ \
  }
#define SINEW_FROZEN .change = SINEW_CHANGE_FROZEN
#define SINEW_WARN   .change = SINEW_CHANGE_WARN
#define SINEW_FREE   .change = SINEW_CHANGE_FREE

/* clang-format off */
/* Of a struct with a member `optimizer` of that type. */
#define SINEW_OPTIMIZER_KEYS(Struct) \
    SINEW_TRAINING_KEY(Struct, optimizer.kind, "optimizer", SINEW_KEY_CHOICE, .standard = "adamw", \
                       .choices = SinewOptimizerKinds, .doc = "neural/optimizer.h", SINEW_FROZEN), \
    SINEW_TRAINING_KEY(Struct, optimizer.beta1, "beta1", SINEW_KEY_REAL, .standard = "0.9", .max = 0.999999, \
                       .doc = "memory of the gradient", SINEW_WARN), \
    SINEW_TRAINING_KEY(Struct, optimizer.beta2, "beta2", SINEW_KEY_REAL, .standard = "0.999", .max = 0.999999999, \
                       .doc = "memory of its square", SINEW_WARN), \
    SINEW_TRAINING_KEY(Struct, optimizer.eps, "eps", SINEW_KEY_REAL, .standard = "1e-8", .max = 1, \
                       .above_min = PETSC_TRUE, .doc = "added to the root of that", SINEW_WARN), \
    SINEW_TRAINING_KEY(Struct, optimizer.clip, "clip", SINEW_KEY_REAL, .standard = "0", .max = 1e30, \
                       .doc = "largest norm of the gradient; 0: any", SINEW_WARN)
/* clang-format on */
/* The rest of `optimizer` is as SinewOptimizerDefaults left it. */
PETSC_INTERN void SinewOptimizerValuesSet(const SinewOptimizerValues *values, PetscReal decay,
                                          SinewOptimizerOptions *optimizer);

#endif
