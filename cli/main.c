/*
  sinew: runs input decks. `sinew help` lists the subcommands; each is a file of this folder.
  Words after `--` go to PETSc unchanged.
*/
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "io/environment.h"

typedef struct {
  const char *name, *usage, *doc;
  SinewCommand *function;
  int helps; /* --help is its own */
} Command;

static const Command commands[] = {
    {"run", "DECK [key=value ...] [--restart auto|FILE] [--wall-time H:MM:SS] [--allow-change KEY]", "run a deck",
     CommandRun, 0},
    {"train", "DECK [key=value ...] [--restart auto|FILE] [--wall-time H:MM:SS] [--allow-change KEY]",
     "train the network that a deck describes", CommandTrain, 0},
    {"evaluate", "DECK [key=value ...]", "errors of a trained network on trajectories, and its cost", CommandEvaluate,
     0},
    {"check", "DECK [key=value ...]", "check a deck and print the plan, without running", CommandCheck, 0},
    {"list", "[equations|steppers|NAME]", "all keys of a deck, or of one section, equation or stepper", CommandList, 0},
    {"info", "FILE", "what a Sinew file holds", CommandInfo, 1},
    {"compare", "A B [--tolerance X] [--norm l1|l2|linf] [--relative] [--fields a,b]", "differences between two files",
     CommandCompare, 1},
    {"plot", "FILE... [-o out.png] [--field NAME] [--slice z=0.5] [--line y=0.5] ...", "a picture of a field",
     CommandPlot, 0},
    {"sample", "CHECKPOINT -o OUT.h5 [grid.cells=[...]] [key=value ...]", "the field of a network on any grid",
     CommandSample, 1},
    {"predict", "MODEL INPUT -o OUTPUT [--precision f32|bf16|f64]", "apply a network to the inputs of a file",
     CommandPredict, 1},
    {"convert", "FROM TO", "a network's file between HDF5 and safetensors", CommandConvert, 1},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int usage(FILE *out)
{
  fprintf(out, "usage: sinew COMMAND ... [-- PETSc options]\n\n");
  for (size_t k = 0; k < COMMANDS; k++)
    fprintf(out, "  %-8s %s\n           %s\n", commands[k].name, commands[k].usage, commands[k].doc);
  return out == stdout ? SINEW_EXIT_DONE : SINEW_EXIT_INPUT;
}

static const Command *find(const char name[])
{
  for (size_t k = 0; k < COMMANDS; k++) {
    if (!strcmp(name, commands[k].name)) return &commands[k];
  }
  return NULL;
}

/* Runs inside PETSc; user errors come back as codes without a trace. */
static PetscErrorCode dispatch(const Command *command, int argc, char **argv, int *code)
{
  PetscErrorCode error;

  PetscFunctionBeginUser;
  PetscCall(PetscPushErrorHandler(SinewErrorHandler, NULL));
  error = (*command->function)(argc, argv, code);
  PetscCall(PetscPopErrorHandler());
  if (error) *code = SinewExitCode(error);
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  const Command *command;
  int own = argc, code = 0, petsc_argc;
  char **petsc_argv;

  for (int k = 1; k < argc && own == argc; k++) {
    if (!strcmp(argv[k], "--")) own = k;
  }
  if (own < 2 || !strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
    return usage(own < 2 ? stderr : stdout);
  command = find(argv[1]);
  if (!command) {
    fprintf(stderr, "sinew: no command %s\n", argv[1]);
    return usage(stderr);
  }
  if (own == 3 && !command->helps && (!strcmp(argv[2], "--help") || !strcmp(argv[2], "-h"))) {
    printf("usage: sinew %s %s\n\n%s\n", command->name, command->usage, command->doc);
    return SINEW_EXIT_DONE;
  }
  SinewSetEnvironment();
  /* PETSc sees the program's name and what follows `--` */
  petsc_argc = own < argc ? argc - own : 1;
  petsc_argv = argv + (own < argc ? own : 0);
  if (own < argc) petsc_argv[0] = argv[0];
  if (PetscInitialize(&petsc_argc, &petsc_argv, NULL, NULL)) return SINEW_EXIT_INPUT;
  if (dispatch(command, own - 1, argv + 1, &code)) return SINEW_EXIT_INPUT;
  /* after an error other ranks may be in another collective call: PETSc's own errors end all of them at once */
  if (code > SINEW_EXIT_STOPPED) MPI_Abort(MPI_COMM_WORLD, code);
  if (PetscFinalize()) return SINEW_EXIT_INPUT;
  return code;
}
