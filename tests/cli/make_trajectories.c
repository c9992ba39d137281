/* Writes small data sets into the current folder, right ones and wrong ones, for test_train.sh. */
#include "io/arrays.h"
#include "tests/harness.h"
#include <string.h>

#define TRAJECTORIES 8
#define FRAMES       7

/* Waves that travel, u [trajectory][frame][x][y]. */
static void make(const char *path, const char *name, int n, int bad)
{
  const size_t size = (size_t)(TRAJECTORIES * FRAMES * n * n);
  double *u = malloc(size * sizeof(double)), t[TRAJECTORIES * FRAMES], *at = u;
  const SinewArray field = {
      .name = name, .dtype = SINEW_FLOAT64, .rank = 4, .shape = {TRAJECTORIES, FRAMES, n, n}, .data = u};
  const SinewArray times = {
      .name = "/t", .dtype = SINEW_FLOAT64, .rank = 2, .shape = {TRAJECTORIES, FRAMES}, .data = t};
  SinewFile file;

  for (int k = 0; k < TRAJECTORIES; k++)
    for (int f = 0; f < FRAMES; f++) {
      t[k * FRAMES + f] = 0.05 * f;
      for (int x = 0; x < n; x++)
        for (int y = 0; y < n; y++)
          *at++ = 0.3 + (0.4 + 0.1 * k) * sin(2 * M_PI * (x + 0.5) / n + k - 0.3 * f) * cos(2 * M_PI * y / n + 0.5 * k);
    }
  if (bad) u[size / 2] = NAN;
  check_call(SinewFileCreate(PETSC_COMM_WORLD, path, &file));
  check_call(SinewFileWrite(file, &field));
  check_call(SinewFileWrite(file, &times));
  check_call(SinewFilePublish(&file));
  free(u);
}

int main(int argc, char **argv)
{
  if (PetscInitialize(&argc, &argv, NULL, NULL)) return 1;
  make("waves.h5", "/u", 16, 0);
  make("nan.h5", "/u", 16, 1);
  make("wide.h5", "/u", 32, 0);
  make("other.h5", "/w", 16, 0);
  return PetscFinalize() ? 1 : 0;
}
