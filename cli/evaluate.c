/* sinew evaluate: a trained network against trajectories. */
#include "cli/command.h"
#include "cli/deck_words.h"
#include "solvers/evaluation.h"

PetscErrorCode CommandEvaluate(int argc, char **argv, int *code)
{
  DeckWords words;
  SinewDeck deck;

  PetscFunctionBeginUser;
  PetscCall(ReadDeckWords(argc, argv, PETSC_FALSE, &words));
  PetscCall(SinewDeckCreate(PETSC_COMM_WORLD, words.file, words.count, words.overrides, &deck));
  PetscCall(SinewEvaluate(PETSC_COMM_WORLD, deck, &words.options));
  PetscCall(SinewDeckDestroy(&deck));
  *code = SINEW_EXIT_DONE;
  PetscFunctionReturn(PETSC_SUCCESS);
}
