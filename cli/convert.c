/* sinew convert: a network's file from HDF5 to safetensors or back. */
#include "cli/command.h"
#include "io/weights.h"
#include <string.h>

static const char usage[] =
    "sinew convert FROM TO\n"
    "\n"
    "Copies a network's parameters, normalisation and configuration from one file to another: as safetensors\n"
    "when TO ends in .safetensors, else as HDF5. FROM may be either. tools/checkpoint_to_sinew.py makes such a\n"
    "file from a PyTorch checkpoint.\n"
    "\n"
    "Exit code: 0 done, 2 FROM is no such file, 4 TO could not be written.\n";

PetscErrorCode CommandConvert(int argc, char **argv, int *code)
{
  SinewWeightsSize size;

  PetscFunctionBeginUser;
  *code = SINEW_EXIT_DONE;
  if (argc > 1 && (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"))) {
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s", usage));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (int i = 1; i < argc; ++i)
    PetscCheck(argv[i][0] != '-', PETSC_COMM_WORLD, SINEW_ERR_INPUT, "convert: no option %s", argv[i]);
  PetscCheck(argc == 3, PETSC_COMM_WORLD, SINEW_ERR_INPUT, "convert: needs FROM and TO (sinew convert --help)");
  PetscCall(SinewWeightsConvert(PETSC_COMM_WORLD, argv[1], argv[2], &size));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s: %" PetscInt_FMT " arrays of %lld numbers\n", argv[2], size.arrays,
                        (long long)size.values));
  PetscFunctionReturn(PETSC_SUCCESS);
}
