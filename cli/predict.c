/* sinew predict: applies a network in a file to inputs in a file. */
#include "neural/predict.h"
#include "cli/command.h"
#include <string.h>

static const char usage[] =
    "sinew predict MODEL INPUT -o OUTPUT [--precision f32|bf16|f64]\n"
    "\n"
    "Applies the network of MODEL (HDF5: attributes of /config, parameters in /weights) to /input of\n"
    "INPUT (samples, history, components, H, W; normalised) and writes /output to OUTPUT. INPUT may be\n"
    "the same file as MODEL; H and W, multiples of 16, need not be those of the training.\n"
    "\n"
    "  -o FILE        the file to write\n"
    "  --precision P  arithmetic: f32 (default), bf16 (convolutions of operands rounded to 8 bits),\n"
    "                 f64 (slow and exact)\n"
    "\n"
    "Exit code: 0 done, 2 files that do not fit, 4 output that could not be written.\n";

typedef struct {
  const char *path[2], *output;
  int paths;
  const char *precision;
  PetscBool help;
} Request;

/* The value of NAME VALUE or NAME=VALUE when argv[*i] is that option; else NULL in *value. */
static PetscErrorCode option_value(int argc, char **argv, int *i, const char name[], const char **value)
{
  const size_t length = strlen(name);

  PetscFunctionBeginUser;
  *value = NULL;
  if (strncmp(argv[*i], name, length)) PetscFunctionReturn(PETSC_SUCCESS);
  if (argv[*i][length] == '=')
    *value = argv[*i] + length + 1;
  else if (!argv[*i][length]) {
    PetscCheck(*i + 1 < argc, PETSC_COMM_WORLD, SINEW_ERR_INPUT, "predict: %s needs a value", name);
    *value = argv[++*i];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode parse_word(int argc, char **argv, int *i, Request *request)
{
  const char *value;

  PetscFunctionBeginUser;
  if (!strcmp(argv[*i], "-h") || !strcmp(argv[*i], "--help")) {
    request->help = PETSC_TRUE;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(option_value(argc, argv, i, "-o", &value));
  if (value) {
    request->output = value;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(option_value(argc, argv, i, "--precision", &value));
  if (value) {
    request->precision = value;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCheck(argv[*i][0] != '-', PETSC_COMM_WORLD, SINEW_ERR_INPUT, "predict: no option %s", argv[*i]);
  PetscCheck(request->paths < 2, PETSC_COMM_WORLD, SINEW_ERR_INPUT, "predict: one word too many: %s", argv[*i]);
  request->path[request->paths++] = argv[*i];
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode CommandPredict(int argc, char **argv, int *code)
{
  Request request = {.precision = "f32"};
  SinewPrediction done;

  PetscFunctionBeginUser;
  for (int i = 1; i < argc; ++i) PetscCall(parse_word(argc, argv, &i, &request));
  *code = SINEW_EXIT_DONE;
  if (request.help) {
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s", usage));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCheck(request.paths == 2 && request.output, PETSC_COMM_WORLD, SINEW_ERR_INPUT,
             "predict: needs MODEL, INPUT and -o OUTPUT (sinew predict --help)");
  PetscCall(SinewPredict(PETSC_COMM_WORLD, request.path[0], request.path[1], request.output, request.precision, &done));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD,
                        "%s: %" PetscInt_FMT " x %" PetscInt_FMT " channels of %" PetscInt_FMT " x %" PetscInt_FMT
                        " cells, %" PetscInt_FMT " parameters, %.3g s",
                        request.output, done.samples, done.channels, done.ny, done.nx, done.parameters, done.seconds));
  if (done.flops > 0) PetscCall(PetscPrintf(PETSC_COMM_WORLD, ", %.3g GFLOP/s", done.flops / done.seconds * 1e-9));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "\n"));
  PetscFunctionReturn(PETSC_SUCCESS);
}
