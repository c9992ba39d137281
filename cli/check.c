#include "cli/command.h"
#include "cli/deck_words.h"

PetscErrorCode CommandCheck(int argc, char **argv, int *code)
{
  DeckWords words;
  SinewDeck deck;
  SinewSimulation simulation;

  PetscFunctionBeginUser;
  PetscCall(ReadDeckWords(argc, argv, PETSC_FALSE, &words));
  PetscCall(SinewDeckCreate(PETSC_COMM_WORLD, words.file, words.count, words.overrides, &deck));
  PetscCall(SinewSimulationCreate(PETSC_COMM_WORLD, deck, &words.options, &simulation));
  PetscCall(SinewSimulationSetUp(simulation));
  PetscCall(SinewSimulationPlan(simulation, stdout));
  PetscCall(SinewSimulationDestroy(&simulation));
  PetscCall(SinewDeckDestroy(&deck));
  *code = SINEW_EXIT_DONE;
  PetscFunctionReturn(PETSC_SUCCESS);
}
