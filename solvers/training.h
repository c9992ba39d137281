#ifndef SINEW_SOLVERS_TRAINING_H
#define SINEW_SOLVERS_TRAINING_H
/*
  A training run: what a deck with the sections `data`, `network` and `train` describes. Life-cycle, stops, checkpoints
  and endings are those of a simulation (simulation.h). What is trained, and how a step of it is taken, is the business
  of a type (training_type.h), chosen by `network.type`: sinenet (neural/trainer.h), mmpde (neural/mmpde_trainer.h), dmm
  (neural/dmm_training.h).

    SinewTrainingCreate   reads every section; raises SINEW_ERR_INPUT after reporting all mistakes
    SinewTrainingSetUp    opens the data, makes the network; initial parameters, those of a file, or restart
    SinewTrainingPlan     prints what a training would do
    SinewTrainingRun      epochs to the end, with validation, pictures, checkpoints and early stops
    SinewTrainingDestroy

  In the output directory: history.csv (a line an epoch), loss.png, validation.png (truth, prediction, error), best.h5
  and last.h5 for runs (`stepper: {type: sinenet, weights: ...}`, `mesh_motion: {type: dmm, weights: ...}`),
  status.jsonl; checkpoints/ holds full states.

  A loss that is not finite, or above train.limit, ends the training with code 3: parameters of that moment are not
  saved, checkpoints and best.h5 stay. Everything is collective.
*/
#include "simulation.h"

typedef struct _p_SinewTraining *SinewTraining;

/* Keys of `output` in such decks, for `sinew list`. */
PETSC_EXTERN const SinewKey SinewTrainOutputKeys[];
/* Prints keys of `network` and `train` for people: those that `word` asks for (a section or a type; NULL: all), and
   says whether there were any. Not collective. */
PETSC_EXTERN PetscErrorCode SinewTrainingList(FILE *out, const char *word, PetscBool *found);

/* Whether a deck describes a training. Not collective. */
PETSC_EXTERN PetscBool SinewTrainingWanted(SinewDeck deck);
/* The deck must outlive the training. options: as for simulations. */
PETSC_EXTERN PetscErrorCode SinewTrainingCreate(MPI_Comm comm, SinewDeck deck, const SinewSimulationOptions *options,
                                                SinewTraining *training);
PETSC_EXTERN PetscErrorCode SinewTrainingSetUp(SinewTraining training);
PETSC_EXTERN PetscErrorCode SinewTrainingPlan(SinewTraining training, FILE *out);
/* *code: how it ended (SinewExit). */
PETSC_EXTERN PetscErrorCode SinewTrainingRun(SinewTraining training, int *code);
PETSC_EXTERN PetscErrorCode SinewTrainingDestroy(SinewTraining *training);

#endif
