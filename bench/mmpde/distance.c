/*
  Relative L2 distances of an array [trajectory][frame][x][y] of one data set from that of another, over frames: what a
  solver on a coarse grid loses against the means of fine solutions.

    distance FILE ARRAY TRUTH ARRAY

  Prints means over all trajectories after 1, 5, 10, ... frames from the first one.
*/
#include <math.h>
#include <petscsys.h>

#include "io/arrays.h"

static PetscErrorCode read_array(const char path[], const char name[], SinewArray *array)
{
  SinewFile file;
  PetscBool exists;
  PetscInt64 count = 1;

  PetscFunctionBeginUser;
  PetscCall(SinewFileOpen(PETSC_COMM_SELF, path, &file));
  PetscCall(SinewFileInquire(file, name, &exists, array));
  PetscCheck(exists && array->rank == 4, PETSC_COMM_SELF, SINEW_ERR_INPUT, "%s: no array %s of four axes", path, name);
  for (int d = 0; d < 4; d++) count *= array->shape[d];
  array->name = name;
  array->dtype = SINEW_FLOAT64;
  PetscCall(PetscMalloc1((size_t)count, (double **)&array->data));
  PetscCall(SinewFileRead(file, array));
  PetscCall(SinewFileClose(&file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static double distance(PetscInt64 cells, const double *a, const double *truth)
{
  double difference = 0, size = 0;

  for (PetscInt64 i = 0; i < cells; i++) {
    difference += (a[i] - truth[i]) * (a[i] - truth[i]);
    size += truth[i] * truth[i];
  }
  return sqrt(difference / size);
}

int main(int argc, char **argv)
{
  SinewArray a, truth;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCheck(argc == 5, PETSC_COMM_SELF, PETSC_ERR_USER, "usage: distance FILE ARRAY TRUTH ARRAY");
  PetscCall(read_array(argv[1], argv[2], &a));
  PetscCall(read_array(argv[3], argv[4], &truth));
  for (int d = 0; d < 4; d++)
    PetscCheck(a.shape[d] == truth.shape[d], PETSC_COMM_SELF, SINEW_ERR_INPUT, "%s and %s have other shapes", argv[1],
               argv[3]);
  for (PetscInt64 f = 1; f < a.shape[1]; f += f == 1 ? 4 : 5) {
    const PetscInt64 cells = a.shape[2] * a.shape[3];
    double sum = 0;

    for (PetscInt64 t = 0; t < a.shape[0]; t++) {
      const PetscInt64 at = (t * a.shape[1] + f) * cells;

      sum += distance(cells, (double *)a.data + at, (double *)truth.data + at);
    }
    printf("after %2d frames %.3f %%\n", (int)f, 100 * sum / (double)a.shape[0]);
  }
  PetscCall(PetscFree(a.data));
  PetscCall(PetscFree(truth.data));
  PetscCall(PetscFinalize());
  return 0;
}
