#ifndef SINEW_TESTS_IO_FILES_H
#define SINEW_TESTS_IO_FILES_H
/* Scratch directories, boxes and expected errors for tests of files. */
#include "io/arrays.h"
#include "tests/harness.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char last_message[2048];

static PetscErrorCode keep_message(MPI_Comm comm, int line, const char *func, const char *file, PetscErrorCode code,
                                   PetscErrorType type, const char *message, void *context)
{
  (void)comm, (void)line, (void)func, (void)file, (void)context;
  if (type == PETSC_ERROR_INITIAL) snprintf(last_message, sizeof(last_message), "%s", message);
  return code;
}

/* The call raises this error on all ranks, and its line holds this text. */
#define check_error(call, code, text)                                                          \
  do {                                                                                         \
    last_message[0] = 0;                                                                       \
    PetscPushErrorHandler(keep_message, NULL);                                                 \
    PetscErrorCode raised_ = (call);                                                           \
    PetscPopErrorHandler();                                                                    \
    if (raised_ != (code) || !strstr(last_message, text))                                      \
      print_error("code %d, message '%s', expected '%s'\n", (int)raised_, last_message, text); \
    check_all(raised_ == (code) && strstr(last_message, text));                                \
  } while (0)

static inline int my_rank(void)
{
  int rank;

  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  return rank;
}

static inline int all_ranks(void)
{
  int size;

  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  return size;
}

/* A fresh directory, the same on all ranks; removed by scratch_remove. */
static inline const char *scratch(void)
{
  static char directory[256];

  if (my_rank() == 0) {
    snprintf(directory, sizeof(directory), "scratch_XXXXXX");
    if (!mkdtemp(directory)) directory[0] = 0;
  }
  (void)MPI_Bcast(directory, sizeof(directory), MPI_CHAR, 0, PETSC_COMM_WORLD);
  return directory;
}

static inline void scratch_remove(const char *directory)
{
  char command[300];

  MPI_Barrier(PETSC_COMM_WORLD);
  snprintf(command, sizeof(command), "rm -rf '%s'", directory);
  if (my_rank() == 0 && !strncmp(directory, "scratch_", 8)) check_call(system(command));
  MPI_Barrier(PETSC_COMM_WORLD);
}

/* directory/name, in one of a few buffers */
static inline const char *in(const char *directory, const char *name)
{
  static char paths[8][512];
  static int next;
  char *path = paths[next++ % 8];

  snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
  return path;
}

static inline int there_is(const char *path)
{
  MPI_Barrier(PETSC_COMM_WORLD);
  return access(path, F_OK) == 0;
}

/* Cuts an axis evenly over the ranks. */
static inline void split(SinewArray *array, int axis)
{
  const PetscInt64 n = array->shape[axis], size = all_ranks(), rank = my_rank();

  array->distributed = PETSC_TRUE;
  for (int d = 0; d < array->rank; d++) {
    array->start[d] = 0;
    array->count[d] = array->shape[d];
  }
  array->start[axis] = n * rank / size;
  array->count[axis] = n * (rank + 1) / size - array->start[axis];
}

static inline PetscInt64 elements(const SinewArray *array)
{
  PetscInt64 n = 1;

  for (int d = 0; d < array->rank; d++) n *= array->distributed ? array->count[d] : array->shape[d];
  return n;
}

/* Index in the global array of the box's i-th element. */
static inline PetscInt64 global_index(const SinewArray *array, PetscInt64 i)
{
  PetscInt64 index = 0, stride = 1;

  for (int d = array->rank - 1; d >= 0; d--) {
    const PetscInt64 count = array->distributed ? array->count[d] : array->shape[d];

    index += stride * (i % count + (array->distributed ? array->start[d] : 0));
    i /= count;
    stride *= array->shape[d];
  }
  return index;
}

static inline double value_at(PetscInt64 global)
{
  return sin(1e-3 * (double)global) + 1e-6 * (double)global;
}

/* Allocates the box and fills it with a function of the global index; free with free(). */
static inline double *fill(SinewArray *array)
{
  const PetscInt64 n = elements(array);
  double *data = malloc((size_t)(n + 1) * sizeof(*data));

  for (PetscInt64 i = 0; i < n; i++) data[i] = value_at(global_index(array, i));
  array->dtype = SINEW_FLOAT64;
  array->data = data;
  return data;
}

static inline void write_one(const char *path, SinewArray *array)
{
  SinewFile file;

  check_call(SinewFileCreate(PETSC_COMM_WORLD, path, &file));
  check_call(SinewFileWrite(file, array));
  check_call(SinewFilePublish(&file));
}

/* Rank 0 turns one bit of the file. */
static inline void flip(const char *path, long at)
{
  MPI_Barrier(PETSC_COMM_WORLD);
  if (my_rank() == 0) {
    int fd = open(path, O_RDWR);
    unsigned char byte;

    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 4;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
  }
  MPI_Barrier(PETSC_COMM_WORLD);
}

#endif
