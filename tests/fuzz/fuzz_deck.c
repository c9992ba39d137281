/* Decks: any text is read by all sections and ends in a plan or in mistakes with a place. */
#include "tests/fuzz/fuzz.h"

#include "solvers/simulation.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
  fuzz_begin(argc, argv);
  return 0;
}

static PetscErrorCode read_deck(const char text[])
{
  static const SinewSimulationOptions options = {.name = "fuzz", .quiet = PETSC_TRUE};
  SinewDeck deck = NULL;
  SinewSimulation simulation = NULL;
  PetscErrorCode code = SinewDeckCreateFromText(PETSC_COMM_SELF, "fuzz.yaml", text, 0, NULL, &deck);

  if (!code) code = SinewSimulationCreate(PETSC_COMM_SELF, deck, &options, &simulation);
  (void)SinewSimulationDestroy(&simulation);
  (void)SinewDeckDestroy(&deck);
  (void)PetscOptionsClear(NULL); /* of the section petsc */
  return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  char *text = malloc(size + 1);

  memcpy(text, data, size);
  text[size] = 0;
  fuzz_verdict(read_deck(text));
  free(text);
  return 0;
}
