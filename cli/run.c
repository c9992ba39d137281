#include "cli/command.h"
#include "cli/deck_words.h"
#include "solvers/ensemble.h"
#include "solvers/stop.h"

PetscErrorCode CommandRun(int argc, char **argv, int *code)
{
  DeckWords words;
  SinewDeck deck;
  SinewSimulation simulation;

  PetscFunctionBeginUser;
  PetscCall(ReadDeckWords(argc, argv, PETSC_TRUE, &words));
  PetscCall(SinewStopInstall());
  PetscCall(SinewDeckCreate(PETSC_COMM_WORLD, words.file, words.count, words.overrides, &deck));
  if (SinewNodeGet(deck, SinewDeckRoot(deck), "ensemble") != SINEW_NODE_NONE) {
    PetscCall(SinewEnsembleRun(PETSC_COMM_WORLD, deck, &words.options, code));
    PetscCall(SinewDeckDestroy(&deck));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(SinewSimulationCreate(PETSC_COMM_WORLD, deck, &words.options, &simulation));
  PetscCall(SinewSimulationSetUp(simulation));
  if (!words.options.quiet) PetscCall(SinewSimulationPlan(simulation, stdout));
  PetscCall(SinewSimulationRun(simulation, code));
  PetscCall(SinewSimulationDestroy(&simulation));
  PetscCall(SinewDeckDestroy(&deck));
  PetscFunctionReturn(PETSC_SUCCESS);
}
