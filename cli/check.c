#include "cli/command.h"
#include "cli/deck_words.h"
#include "solvers/training.h"

static PetscErrorCode check_training(const DeckWords *words, SinewDeck deck)
{
  SinewTraining training;

  PetscFunctionBeginUser;
  PetscCall(SinewTrainingCreate(PETSC_COMM_WORLD, deck, &words->options, &training));
  PetscCall(SinewTrainingSetUp(training));
  PetscCall(SinewTrainingPlan(training, stdout));
  PetscCall(SinewTrainingDestroy(&training));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_simulation(const DeckWords *words, SinewDeck deck)
{
  SinewSimulation simulation;

  PetscFunctionBeginUser;
  PetscCall(SinewSimulationCreate(PETSC_COMM_WORLD, deck, &words->options, &simulation));
  PetscCall(SinewSimulationSetUp(simulation));
  PetscCall(SinewSimulationPlan(simulation, stdout));
  PetscCall(SinewSimulationDestroy(&simulation));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode CommandCheck(int argc, char **argv, int *code)
{
  DeckWords words;
  SinewDeck deck;

  PetscFunctionBeginUser;
  PetscCall(ReadDeckWords(argc, argv, PETSC_FALSE, &words));
  PetscCall(SinewDeckCreate(PETSC_COMM_WORLD, words.file, words.count, words.overrides, &deck));
  if (SinewTrainingWanted(deck))
    PetscCall(check_training(&words, deck));
  else
    PetscCall(check_simulation(&words, deck));
  PetscCall(SinewDeckDestroy(&deck));
  *code = SINEW_EXIT_DONE;
  PetscFunctionReturn(PETSC_SUCCESS);
}
