#ifndef SINEW_TESTS_NEURAL_GOLDEN_H
#define SINEW_TESTS_NEURAL_GOLDEN_H
/*
  Golden files: where they are, which there are, their arrays as boxes of a layout, and comparisons
  that are counted. A test that compared nothing has failed; without the folder it is skipped (77).
*/
#include "neural/network.h"
#include "tests/harness.h"
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

static int golden_compared;

static inline const char *golden_folder(void)
{
  static char folder[PETSC_MAX_PATH_LEN];
  const char *given = getenv("SINEW_GOLDEN"), *source = getenv("SINEW_SOURCE");

  if (given)
    snprintf(folder, sizeof(folder), "%s", given);
  else
    snprintf(folder, sizeof(folder), "%s/../shared/golden", source ? source : ".");
  return folder;
}

static inline int golden_missing(const char *what)
{
  struct stat status;
  char path[PETSC_MAX_PATH_LEN + 32];

  snprintf(path, sizeof(path), "%s/%s", golden_folder(), what);
  if (!stat(path, &status)) return 0;
  printf("skipped: no folder %s (SINEW_GOLDEN says where golden files are)\n", path);
  return 1;
}

static int golden_by_name(const void *a, const void *b)
{
  return strcmp(a, b);
}

/* Runs `test` on every file of the folder whose name starts with one of the prefixes (NULL-ended). */
static inline void golden_each(const char *what, const char *const prefixes[], void (*test)(const char *path))
{
  char path[PETSC_MAX_PATH_LEN + 32];
  static char names[256][256];
  struct dirent *entry;
  int count = 0;
  DIR *folder;

  snprintf(path, sizeof(path), "%s/%s", golden_folder(), what);
  folder = opendir(path);
  assert_non_null(folder);
  while ((entry = readdir(folder)) && count < 256) {
    const size_t n = strlen(entry->d_name);
    int match = 0;

    for (int k = 0; prefixes[k]; k++) match |= !strncmp(entry->d_name, prefixes[k], strlen(prefixes[k]));
    if (match && n > 3 && !strcmp(entry->d_name + n - 3, ".h5"))
      snprintf(names[count++], sizeof(names[0]), "%s", entry->d_name);
  }
  closedir(folder);
  qsort(names, (size_t)count, sizeof(names[0]), golden_by_name);
  for (int k = 0; k < count; k++) {
    char file[PETSC_MAX_PATH_LEN + 512];

    snprintf(file, sizeof(file), "%.4096s/%.255s", path, names[k]);
    test(file);
  }
}

static inline PetscBool golden_has(SinewFile file, const char *name)
{
  SinewArray array;
  PetscBool exists;

  check_call(SinewFileInquire(file, name, &exists, &array));
  return exists;
}

/* A whole array in double; free() it. */
static inline double *golden_array(SinewFile file, const char *name, PetscInt64 *count)
{
  SinewArray array;
  PetscBool exists;
  PetscInt64 n = 1;

  check_call(SinewFileInquire(file, name, &exists, &array));
  assert_true(exists);
  for (int k = 0; k < array.rank; k++) n *= array.shape[k];
  array.name = name;
  array.dtype = SINEW_FLOAT64;
  array.data = malloc((size_t)n * sizeof(double) + 1);
  check_call(SinewFileRead(file, &array));
  if (count) *count = n;
  return array.data;
}

/* The rank's box of an array [...][ny][nx], in double. */
static inline double *golden_box(SinewFile file, const char *name, SinewLayout layout)
{
  const SinewBox box = SinewLayoutBox(layout);
  SinewArray array;
  PetscBool exists;
  size_t n = 1;

  check_call(SinewFileInquire(file, name, &exists, &array));
  assert_true(exists && array.rank >= 2);
  array.name = name;
  array.dtype = SINEW_FLOAT64;
  array.distributed = PETSC_TRUE;
  for (int k = 0; k < array.rank; k++) {
    array.start[k] = k == array.rank - 2 ? box.y : k == array.rank - 1 ? box.x : 0;
    array.count[k] = k == array.rank - 2 ? box.ny : k == array.rank - 1 ? box.nx : array.shape[k];
    n *= (size_t)array.count[k];
  }
  array.data = malloc(n * sizeof(double) + 1);
  check_call(SinewFileRead(file, &array));
  return array.data;
}

static inline double golden_real(SinewFile file, const char *name, const char *key, double absent)
{
  double value = absent;
  PetscInt n;

  check_call(SinewFileReadReals(file, name, key, 1, &n, &value));
  return n ? value : absent;
}

/* The box of a tensor as planes; free() it. */
static inline double *golden_planes(SinewTensor t)
{
  const SinewBox box = SinewLayoutBox(SinewTensorLayout(t));
  const size_t n = (size_t)(SinewTensorBatch(t) * SinewTensorChannels(t) * box.ny * box.nx);
  double *planes = malloc(n * sizeof(double) + 1);

  check_call(SinewTensorGetPlanes(t, planes));
  return planes;
}

typedef struct {
  double l2, most, norm, largest; /* of the difference; of the reference */
} GoldenError;

/* How far n values of this rank are from the reference, over all ranks. */
static inline GoldenError golden_error(size_t n, const double *have, const double *want)
{
  double sums[2] = {0}, most[2] = {0};

  for (size_t k = 0; k < n; k++) {
    const double d = fabs(have[k] - want[k]);

    sums[0] += d * d;
    sums[1] += want[k] * want[k];
    most[0] = d > most[0] || isnan(d) ? d : most[0];
    most[1] = fmax(most[1], fabs(want[k]));
  }
  MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD);
  MPI_Allreduce(MPI_IN_PLACE, most, 2, MPI_DOUBLE, MPI_MAX, PETSC_COMM_WORLD);
  return (GoldenError){sqrt(sums[0]), isnan(sums[0]) ? NAN : most[0], sqrt(sums[1]), most[1]};
}

static inline void golden_check(const char *file, const char *what, double error, double tolerance)
{
  const char *name = strrchr(file, '/');

  golden_compared++;
  PetscPrintf(PETSC_COMM_WORLD, "  %-24s %-34s %.2e of %.2e\n", name ? name + 1 : file, what, error, tolerance);
  if (!(error <= tolerance)) print_error("%s: %s: error %g > %g\n", file, what, error, tolerance);
  check_all(error <= tolerance);
}

#endif
