/*
  Means over FACTOR x FACTOR cells of an array [trajectory][frame][x][y] of a data set: what a coarse grid would hold of
  the solutions of a fine one.

    coarsen IN OUT ARRAY FACTOR

  ARRAY is a path in IN (train/u); in OUT its last part stands at the root, so that decks deal it out by `data.split`.
  All of the array is in memory, on one rank. Times between frames are not copied: `data.step` of a deck says them.
*/
#include <petscsys.h>
#include <stdlib.h>
#include <string.h>

#include "io/arrays.h"

/* The mean of factor x factor numbers of lines `width` long. */
static double mean_of(const double *from, PetscInt width, PetscInt factor)
{
  double sum = 0;

  for (PetscInt j = 0; j < factor; j++)
    for (PetscInt i = 0; i < factor; i++) sum += from[j * width + i];
  return sum / (double)(factor * factor);
}

static void coarsen(PetscInt rows, PetscInt columns, PetscInt factor, const double fine[], double coarse[])
{
  for (PetscInt j = 0; j < rows; j++)
    for (PetscInt i = 0; i < columns; i++)
      coarse[j * columns + i] = mean_of(fine + (j * columns * factor + i) * factor, columns * factor, factor);
}

static PetscErrorCode coarsen_file(SinewFile in, SinewFile out, const char name[], PetscInt factor)
{
  PetscInt64 frames, frame;
  SinewArray array;
  PetscBool exists;
  double *fine, *coarse;

  PetscFunctionBeginUser;
  PetscCall(SinewFileInquire(in, name, &exists, &array));
  PetscCheck(exists && array.rank == 4 && array.shape[2] % factor == 0 && array.shape[3] % factor == 0,
             PETSC_COMM_WORLD, SINEW_ERR_INPUT, "%s: no array %s of four axes whose cells can be dealt out",
             SinewFilePath(in), name);
  frames = array.shape[0] * array.shape[1];
  frame = array.shape[2] * array.shape[3];
  PetscCall(PetscMalloc2((size_t)(frames * frame), &fine, (size_t)(frames * frame / factor / factor), &coarse));
  array.name = name;
  array.dtype = SINEW_FLOAT64;
  array.data = fine;
  PetscCall(SinewFileRead(in, &array));
  for (int d = 2; d < 4; d++) array.shape[d] /= factor;
  for (PetscInt64 f = 0; f < frames; f++)
    coarsen((PetscInt)array.shape[2], (PetscInt)array.shape[3], factor, fine + f * frame,
            coarse + f * frame / factor / factor);
  array.name = strrchr(name, '/') ? strrchr(name, '/') : name;
  array.data = coarse;
  PetscCall(SinewFileWrite(out, &array));
  PetscCall(PetscFree2(fine, coarse));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  SinewFile in, out;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCheck(argc == 5 && atoi(argv[4]) > 0, PETSC_COMM_WORLD, PETSC_ERR_USER, "usage: coarsen IN OUT ARRAY FACTOR");
  PetscCall(SinewFileOpen(PETSC_COMM_WORLD, argv[1], &in));
  PetscCall(SinewFileCreate(PETSC_COMM_WORLD, argv[2], &out));
  PetscCall(coarsen_file(in, out, argv[3], (PetscInt)atoi(argv[4])));
  PetscCall(SinewFilePublish(&out));
  PetscCall(SinewFileClose(&in));
  PetscCall(PetscFinalize());
  return 0;
}
