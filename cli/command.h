#ifndef SINEW_CLI_COMMAND_H
#define SINEW_CLI_COMMAND_H
/*
  One file a subcommand: each defines a function that takes its own words (argv[0] is the
  subcommand's name), calls the library and prints. PETSc is initialised; options after `--` have
  gone to PETSc. *code is the exit code of a run that ended without an error (see SinewExit). Wrong
  words raise SINEW_ERR_INPUT with one line.
*/
#include "io/error.h"

typedef PetscErrorCode SinewCommand(int argc, char **argv, int *code);

SinewCommand CommandRun, CommandTrain, CommandEvaluate, CommandCheck, CommandList, CommandInfo, CommandCompare,
    CommandPlot, CommandSample, CommandPredict, CommandConvert;

#endif
