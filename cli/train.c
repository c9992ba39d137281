#include "cli/command.h"
#include "cli/deck_words.h"
#include "solvers/stop.h"
#include "solvers/training.h"

PetscErrorCode CommandTrain(int argc, char **argv, int *code)
{
  DeckWords words;
  SinewDeck deck;
  SinewTraining training;

  PetscFunctionBeginUser;
  PetscCall(ReadDeckWords(argc, argv, PETSC_TRUE, &words));
  PetscCall(SinewStopInstall());
  PetscCall(SinewDeckCreate(PETSC_COMM_WORLD, words.file, words.count, words.overrides, &deck));
  PetscCall(SinewTrainingCreate(PETSC_COMM_WORLD, deck, &words.options, &training));
  PetscCall(SinewTrainingSetUp(training));
  if (!words.options.quiet) PetscCall(SinewTrainingPlan(training, stdout));
  PetscCall(SinewTrainingRun(training, code));
  PetscCall(SinewTrainingDestroy(&training));
  PetscCall(SinewDeckDestroy(&deck));
  PetscFunctionReturn(PETSC_SUCCESS);
}
