/* make_checkpoint FILE VERSION: a checkpoint of the format VERSION, in place of what stood there. */
#include "io/checkpoint.h"

int main(int argc, char **argv)
{
  const PetscInt64 version = argc == 3 ? strtoll(argv[2], NULL, 10) : 0;
  int nothing = 1;
  SinewFile file;

  PetscFunctionBeginUser;
  if (argc != 3) return 2;
  PetscCall(PetscInitialize(&nothing, &argv, NULL, NULL));
  PetscCall(SinewFileCreate(PETSC_COMM_SELF, argv[1], &file));
  PetscCall(SinewFileWriteString(file, "/", "format", SINEW_CHECKPOINT_FORMAT));
  PetscCall(SinewFileWriteInts(file, "/", "format_version", 1, &version));
  PetscCall(SinewFilePublish(&file));
  return PetscFinalize() ? 1 : 0;
}
