/* sinew sample: the field that a checkpoint of an INSR run holds as weights, on a grid of any resolution. */
#include <string.h>

#include "cli/command.h"
#include "solvers/simulation.h"

#define WORDS_MAX 256

static const char usage[] =
    "sinew sample CHECKPOINT -o OUT.h5 [key=value ...]\n"
    "\n"
    "Evaluates the network of a checkpoint (stepper insr) in the cells of a grid and writes OUT.h5 with OUT.xmf for\n"
    "ParaView; sinew plot, info and compare take OUT.h5.\n"
    "\n"
    "  -o OUT.h5              the file to write\n"
    "  grid.cells=[1024,512]  cells, instead of the run's; grid.stretch={x: ...} likewise\n"
    "  output.fields=[...]    fields, instead of the run's; output.precision=single likewise\n"
    "\n"
    "Exit code: 0 done, 2 a checkpoint without a network or words that change the problem, 4 output that could not be\n"
    "written.\n";

typedef struct {
  const char *checkpoint, *output;
  const char *override[WORDS_MAX];
  PetscInt count; /* of overrides: those of the run first */
  PetscBool help;
} Words;

static PetscErrorCode read_words(int argc, char **argv, Words *w)
{
  PetscFunctionBeginUser;
  for (int i = 1; i < argc; i++) {
    const char *word = argv[i];

    if (!strcmp(word, "--help") || !strcmp(word, "-h"))
      w->help = PETSC_TRUE;
    else if (!strcmp(word, "-o")) {
      PetscCheck(i + 1 < argc, PETSC_COMM_WORLD, SINEW_ERR_INPUT, "sample: -o needs a value");
      w->output = argv[++i];
    } else {
      PetscCheck(word[0] != '-', PETSC_COMM_WORLD, SINEW_ERR_INPUT, "sample: no option %s", word);
      if (!w->checkpoint)
        w->checkpoint = word;
      else {
        PetscCheck(w->count < WORDS_MAX, PETSC_COMM_WORLD, SINEW_ERR_INPUT, "sample: more than %d words", WORDS_MAX);
        w->override[w->count++] = word;
      }
    }
  }
  PetscCheck(w->help || (w->checkpoint && w->output), PETSC_COMM_WORLD, SINEW_ERR_INPUT,
             "sample: needs CHECKPOINT and -o OUT.h5 (sinew sample --help)");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The overrides that the run was started with, one a line of `text` (which is cut up), come before those given now. */
static PetscErrorCode prepend_overrides(char text[], Words *w)
{
  const char *first[WORDS_MAX];
  PetscInt n = 0;
  char *rest;

  PetscFunctionBeginUser;
  for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
    PetscCheck(n + w->count < WORDS_MAX, PETSC_COMM_WORLD, SINEW_ERR_INPUT, "sample: more than %d words", WORDS_MAX);
    first[n++] = line;
  }
  PetscCall(PetscArraymove(w->override + n, w->override, w->count));
  PetscCall(PetscArraycpy(w->override, first, n));
  w->count += n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode sample(Words *w)
{
  const SinewSimulationOptions options = {.name = "sample", .quiet = PETSC_TRUE};
  SinewSimulation simulation;
  char *text, *overrides;
  SinewDeck deck;
  SinewFile file;

  PetscFunctionBeginUser;
  PetscCall(SinewFileOpen(PETSC_COMM_WORLD, w->checkpoint, &file));
  PetscCall(SinewFileReadString(file, "/", "deck", &text));
  PetscCall(SinewFileReadString(file, "/", "overrides", &overrides));
  PetscCheck(text, PETSC_COMM_WORLD, SINEW_ERR_INPUT, "%s: not a checkpoint, it holds no deck", w->checkpoint);
  if (overrides) PetscCall(prepend_overrides(overrides, w));
  PetscCall(SinewDeckCreateFromText(PETSC_COMM_WORLD, w->checkpoint, text, w->count, w->override, &deck));
  PetscCall(SinewSimulationCreate(PETSC_COMM_WORLD, deck, &options, &simulation));
  PetscCall(SinewSimulationSetUp(simulation));
  PetscCall(SinewSimulationSample(simulation, file, w->output));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s\n", w->output));
  PetscCall(SinewSimulationDestroy(&simulation));
  PetscCall(SinewDeckDestroy(&deck));
  PetscCall(PetscFree(text));
  PetscCall(PetscFree(overrides));
  PetscCall(SinewFileClose(&file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode CommandSample(int argc, char **argv, int *code)
{
  Words words = {.output = NULL};

  PetscFunctionBeginUser;
  *code = SINEW_EXIT_DONE;
  PetscCall(read_words(argc, argv, &words));
  if (words.help)
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s", usage));
  else
    PetscCall(sample(&words));
  PetscFunctionReturn(PETSC_SUCCESS);
}
