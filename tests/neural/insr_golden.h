#ifndef SINEW_TESTS_NEURAL_INSR_GOLDEN_H
#define SINEW_TESTS_NEURAL_INSR_GOLDEN_H
/* Finding golden files, reading their arrays, comparing with them. To be included first, with _GNU_SOURCE for nftw. */
#include "tests/harness.h"
/* the harness first */
#include "neural/jet.h"
#include <ftw.h>
#include <string.h>

#define TOLERANCE 1e-11
#define FILES_MAX 256

typedef struct {
  PetscInt64 shape[SINEW_ARRAY_RANK_MAX], count;
  double *data;
} Numbers;

static char paths[FILES_MAX][PETSC_MAX_PATH_LEN];
static int files, compared, skipped;
static double worst_of_group;

static int note_file(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
  const char *name = path + ftw->base;
  const size_t length = strlen(name);

  (void)status;
  if (type == FTW_F && !strncmp(name, "insr_", 5) && length > 3 && !strcmp(name + length - 3, ".h5") &&
      files < FILES_MAX)
    snprintf(paths[files++], PETSC_MAX_PATH_LEN, "%s", path);
  return 0;
}

static void find_files(void)
{
  const char *folder = getenv("SINEW_GOLDEN"), *source = getenv("SINEW_SOURCE");
  char fallback[PETSC_MAX_PATH_LEN];

  if (!folder) {
    snprintf(fallback, sizeof(fallback), "%s/../shared/golden", source ? source : ".");
    folder = fallback;
  }
  nftw(folder, note_file, 16, FTW_PHYS);
  if (files) return;
  printf("no insr_*.h5 below %s: skipped\n", folder);
  PetscFinalize();
  exit(77);
}

/* n zeros; free with PetscFree */
static double *reals(PetscInt n)
{
  double *x;

  check_call(PetscCalloc1((size_t)n, &x));
  return x;
}

/* An array of the file; data is NULL when there is none of that name. Free with PetscFree. */
static Numbers get(SinewFile file, const char group[], const char name[])
{
  char path[PETSC_MAX_PATH_LEN];
  PetscBool exists;
  SinewArray array;
  Numbers numbers = {.count = 1};

  snprintf(path, sizeof(path), "%s/%s", group, name);
  check_call(SinewFileInquire(file, path, &exists, &array));
  if (!exists) return numbers;
  for (int d = 0; d < array.rank; d++) {
    numbers.shape[d] = array.shape[d];
    numbers.count *= array.shape[d];
  }
  numbers.data = reals((PetscInt)numbers.count);
  array.name = path;
  array.dtype = SINEW_FLOAT64;
  array.data = numbers.data;
  check_call(SinewFileRead(file, &array));
  return numbers;
}

static double attribute(SinewFile file, const char group[], const char key[], double otherwise)
{
  double value = otherwise;
  PetscInt n;

  check_call(SinewFileReadReals(file, group, key, 1, &n, &value));
  return n ? value : otherwise;
}

/* Compares count numbers, mine[i * stride], with array `name`, relative to its largest. */
static void compare_strided(SinewFile file, const char group[], const char name[], PetscInt64 count, PetscInt64 stride,
                            const double mine[])
{
  Numbers golden = get(file, group, name);
  double largest = 0, worst = 0;

  if (!golden.data) {
    skipped++;
    return;
  }
  assert_true(golden.count == count);
  for (PetscInt64 i = 0; i < count; i++) largest = fmax(largest, fabs(golden.data[i]));
  for (PetscInt64 i = 0; i < count; i++) {
    const double difference = fabs(golden.data[i] - mine[i * stride]);

    if (!(difference <= worst)) worst = difference; /* NaN stays */
  }
  worst /= largest > 0 ? largest : 1;
  if (!(worst <= TOLERANCE)) print_error("%s/%s: relative difference %g\n", group, name, worst);
  assert_true(worst <= TOLERANCE);
  worst_of_group = fmax(worst_of_group, worst);
  compared++;
  check_call(PetscFree(golden.data));
}

static void compare(SinewFile file, const char group[], const char name[], PetscInt64 count, const double mine[])
{
  compare_strided(file, group, name, count, 1, mine);
}

/* The network of a group, its sizes read from W0, W1, ...; NULL when there is none. */
static SinewJet network_of(SinewFile file, const char group[], const char parent[])
{
  SinewJetOptions options = {.layers = -1, .activation = SINEW_SINE};
  SinewJet jet;

  for (int l = 0;; l++) {
    char name[16];
    Numbers W;

    snprintf(name, sizeof(name), "W%d", l);
    W = get(file, group, name);
    if (!W.data) break;
    if (l == 0) {
      options.dim = (PetscInt)W.shape[1];
      options.width = (PetscInt)W.shape[0];
    }
    options.outputs = (PetscInt)W.shape[0];
    options.layers = l;
    check_call(PetscFree(W.data));
  }
  if (options.layers < 1) return NULL;
  options.omega = attribute(file, group, "omega", attribute(file, parent, "omega", 30));
  check_call(SinewJetCreate(&options, 16, &jet)); /* blocks smaller than the sets of points */
  return jet;
}

#endif
