#ifndef SINEW_CLI_DECK_WORDS_H
#define SINEW_CLI_DECK_WORDS_H
/* The words of subcommands that take a deck: DECK [key=value ...] and options. */
#include "solvers/simulation.h"

#define WORDS_MAX 256

typedef struct {
  const char *file;
  const char *overrides[WORDS_MAX], *allowed[WORDS_MAX];
  PetscInt count;
  char name[256];          /* stem of the file's name */
  char command_line[2048]; /* provenance */
  SinewSimulationOptions options;
} DeckWords;

/* Raises SINEW_ERR_INPUT for words it does not know. running: --restart, --wall-time, --allow-change are allowed. */
PetscErrorCode ReadDeckWords(int argc, char **argv, PetscBool running, DeckWords *words);

#endif
