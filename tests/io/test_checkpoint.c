// RANKS 1 2 4
#include "io/checkpoint.h"
#include "tests/harness.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CELLS 1000

static char directory[PETSC_MAX_PATH_LEN], message[1024];
static PetscMPIInt me;

/* ---- a directory for each test ---- */

static int set_up(void **state)
{
  (void)state;
  MPI_Comm_rank(PETSC_COMM_WORLD, &me);
  (void)snprintf(directory, sizeof(directory), "/tmp/sinew_checkpoint_XXXXXX");
  if (!me && !mkdtemp(directory)) return 1;
  check_call(MPI_Bcast(directory, sizeof(directory), MPI_CHAR, 0, PETSC_COMM_WORLD));
  strcat(directory, "/store");
  return 0;
}

static int tear_down(void **state)
{
  char command[PETSC_MAX_PATH_LEN + 16];

  (void)state;
  MPI_Barrier(PETSC_COMM_WORLD);
  *strrchr(directory, '/') = 0;
  (void)snprintf(command, sizeof(command), "rm -rf '%s'", directory);
  return me ? 0 : system(command);
}

static const char *path_of(const char name[])
{
  static char path[2 * PETSC_MAX_PATH_LEN];

  (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
  return path;
}

static int exists(const char name[])
{
  return !access(path_of(name), F_OK);
}

/* ---- writing and damaging ---- */

static SinewCheckpoints new_store(PetscInt keep)
{
  SinewCheckpoints store;

  check_call(SinewCheckpointsCreate(PETSC_COMM_WORLD, directory, keep, &store));
  return store;
}

static SinewArray field_array(double data[])
{
  PetscMPIInt size;
  SinewArray array = {.name = "/fields/u", .dtype = SINEW_FLOAT64, .rank = 1, .shape = {CELLS}};

  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  array.distributed = PETSC_TRUE;
  array.start[0] = CELLS * me / size;
  array.count[0] = CELLS * (me + 1) / size - array.start[0];
  array.data = data;
  return array;
}

static void write_step(SinewCheckpoints store, PetscInt64 step)
{
  double data[CELLS];
  SinewArray array = field_array(data);
  SinewFile file;

  for (PetscInt64 i = 0; i < array.count[0]; ++i) data[i] = (double)(step + array.start[0] + i);
  check_call(SinewCheckpointsBegin(store, step, &file));
  check_call(SinewFileWrite(file, &array));
  check_call(SinewFileWriteInts(file, "/", "step", 1, &step));
  check_call(SinewCheckpointsEnd(store, &file));
  assert_null(file);
}

static void write_steps(PetscInt keep, PetscInt64 first, PetscInt64 last)
{
  SinewCheckpoints store = new_store(keep);

  for (PetscInt64 step = first; step <= last; step += 10) write_step(store, step);
  check_call(SinewCheckpointsDestroy(&store));
}

static void flip_bit(const char name[])
{
  /* a value of the field that is nowhere else in the file */
  double data[4] = {500, 501, 502, 503}, seen[4];
  FILE *stream = fopen(path_of(name), "r+b");
  long at = 0;
  int byte;
  char step[8] = "";

  assert_non_null(stream);
  memcpy(step, name, 7);
  for (int i = 0; i < 4; ++i) data[i] += atof(step);
  while (fseek(stream, at, SEEK_SET) == 0 && fread(seen, sizeof(seen), 1, stream) == 1 &&
         memcmp(seen, data, sizeof(data)))
    ++at;
  (void)fseek(stream, at, SEEK_SET);
  byte = fgetc(stream);
  assert_true(byte != EOF);
  (void)fseek(stream, at, SEEK_SET);
  (void)fputc(byte ^ 4, stream);
  (void)fclose(stream);
}

static void shorten(const char name[])
{
  struct stat status;

  assert_int_equal(stat(path_of(name), &status), 0);
  assert_int_equal(truncate(path_of(name), status.st_size / 2), 0);
}

static void fill_with_text(const char name[])
{
  FILE *stream = fopen(path_of(name), "w");

  assert_non_null(stream);
  for (int i = 0; i < 1000; ++i) (void)fputs("this is no checkpoint\n", stream);
  (void)fclose(stream);
}

static void empty(const char name[])
{
  assert_int_equal(truncate(path_of(name), 0), 0);
}

/* Rank 0 does it; everyone waits. */
static void damage(void (*how)(const char name[]), const char name[])
{
  if (!me) how(name);
  MPI_Barrier(PETSC_COMM_WORLD);
}

static void write_other_format(const char name[], const char format[], PetscInt64 version)
{
  SinewFile file;

  check_call(SinewFileCreate(PETSC_COMM_WORLD, path_of(name), &file));
  if (format) check_call(SinewFileWriteString(file, "/", "format", format));
  check_call(SinewFileWriteInts(file, "/", "format_version", 1, &version));
  check_call(SinewFilePublish(&file));
}

/* ---- reading ---- */

static PetscErrorCode keep_message(MPI_Comm comm, int line, const char *func, const char *source, PetscErrorCode code,
                                   PetscErrorType type, const char *text, void *context)
{
  (void)comm, (void)line, (void)func, (void)source, (void)context;
  if (type == PETSC_ERROR_INITIAL) (void)snprintf(message, sizeof(message), "%s", text);
  return code;
}

/* Opens; the step of what was opened, -1 when there was none, -2 after SINEW_ERR_INPUT. */
static PetscInt64 open_step(SinewCheckpoints store, const char which[])
{
  SinewFile file;
  PetscBool found;
  PetscInt64 step = -1;
  PetscInt n;
  PetscErrorCode code;
  double data[CELLS];
  SinewArray array = field_array(data);

  message[0] = 0;
  (void)PetscPushErrorHandler(keep_message, NULL);
  code = SinewCheckpointsOpen(store, which, &file, &found);
  (void)PetscPopErrorHandler();
  check_all(code == PETSC_SUCCESS || code == SINEW_ERR_INPUT);
  check_all((file != NULL) == (found && !code));
  if (code) return -2;
  if (!found) return -1;
  check_call(SinewFileReadInts(file, "/", "step", 1, &n, &step));
  check_call(SinewFileRead(file, &array));
  check_all(data[0] == (double)(step + array.start[0]));
  check_call(SinewFileClose(&file));
  return step;
}

/* ---- what is said on stderr ---- */

static int saved_stderr;

static void start_listening(void)
{
  (void)fflush(stderr);
  saved_stderr = dup(2);
  if (!me) assert_non_null(freopen(path_of("../stderr"), "w+", stderr));
}

static void stop_listening(size_t size, char text[])
{
  FILE *stream;
  size_t n = 0;

  (void)fflush(stderr);
  (void)dup2(saved_stderr, 2);
  (void)close(saved_stderr);
  if (!me) {
    stream = fopen(path_of("../stderr"), "r");
    if (stream) n = fread(text, 1, size - 1, stream);
    if (stream) (void)fclose(stream);
    text[n] = 0;
  }
  check_call(MPI_Bcast(text, (int)size, MPI_CHAR, 0, PETSC_COMM_WORLD));
}

static int lines_in(const char text[])
{
  int n = 0;

  for (; *text; ++text) n += *text == '\n';
  return n;
}

/* ---- tests ---- */

static void keeps_the_newest(void **state)
{
  SinewCheckpoints store = new_store(3);

  (void)state;
  check_all(!exists("")); /* nothing is made before it is needed */
  assert_string_equal(SinewCheckpointsLastPath(store), "");
  for (PetscInt64 step = 0; step <= 50; step += 10) write_step(store, step);
  assert_string_equal(SinewCheckpointsLastPath(store), path_of("0000050.h5"));
  check_all(exists("0000050.h5") && exists("0000040.h5") && exists("0000030.h5"));
  check_all(!exists("0000020.h5") && !exists("0000000.h5"));
  assert_int_equal(open_step(store, "auto"), 50);
  check_call(SinewCheckpointsDestroy(&store));
  assert_null(store);
}

static void needs_two(void **state)
{
  SinewCheckpoints store;

  (void)state;
  (void)PetscPushErrorHandler(keep_message, NULL);
  check_all(SinewCheckpointsCreate(PETSC_COMM_WORLD, directory, 1, &store) == SINEW_ERR_INPUT);
  (void)PetscPopErrorHandler();
}

static void steps_beyond_seven_digits_are_newer(void **state)
{
  SinewCheckpoints store = new_store(2);

  (void)state;
  write_step(store, 9999999);
  write_step(store, 10000000);
  check_all(exists("10000000.h5"));
  assert_int_equal(open_step(store, "auto"), 10000000);
  check_call(SinewCheckpointsDestroy(&store));
}

static void nothing_there_is_no_error(void **state)
{
  SinewCheckpoints store = new_store(2);

  (void)state;
  assert_int_equal(open_step(store, "auto"), -1);
  check_call(SinewCheckpointsDestroy(&store));
}

static void other_files_are_left_alone(void **state)
{
  static const char *const names[] = {"0000099.h5.part", "99.h5", "0000098.h5x", "notes.txt", "00000097.h5"};
  SinewCheckpoints store = new_store(2);

  (void)state;
  write_step(store, 10);
  for (int i = 0; i < 5; ++i) damage(fill_with_text, names[i]);
  assert_int_equal(open_step(store, "auto"), 10);
  for (PetscInt64 step = 20; step <= 40; step += 10) write_step(store, step);
  for (int i = 0; i < 5; ++i) check_all(exists(names[i]));
  check_call(SinewCheckpointsDestroy(&store));
}

static void an_abandoned_one_leaves_no_trace(void **state)
{
  SinewCheckpoints store = new_store(2);
  SinewFile file;

  (void)state;
  write_step(store, 10);
  check_call(SinewCheckpointsBegin(store, 20, &file));
  check_call(SinewFileClose(&file));
  MPI_Barrier(PETSC_COMM_WORLD); /* rank 0 removes it */
  check_all(!exists("0000020.h5") && !exists("0000020.h5.part"));
  assert_int_equal(open_step(store, "auto"), 10);
  check_call(SinewCheckpointsDestroy(&store));
}

static void damaged_ones_are_passed_over(void **state)
{
  SinewCheckpoints store;
  char said[4096];

  (void)state;
  write_steps(9, 0, 60);
  damage(flip_bit, "0000010.h5");
  damage(shorten, "0000020.h5");
  damage(fill_with_text, "0000030.h5");
  damage(empty, "0000040.h5");
  write_other_format("0000050.h5", SINEW_CHECKPOINT_FORMAT, 2);
  write_other_format("0000060.h5", "something else", 1);
  write_other_format("0000070.h5", NULL, 1);
  store = new_store(2);
  start_listening();
  assert_int_equal(open_step(store, "auto"), 0);
  stop_listening(sizeof(said), said);
  assert_int_equal(lines_in(said), 7);
  assert_non_null(strstr(said, "0000050.h5: written by a newer Sinew (format 2, this one reads up to 1)\n"));
  assert_non_null(strstr(said, "0000010.h5: array /fields/u is damaged"));
  assert_non_null(strstr(said, "0000020.h5"));
  assert_non_null(strstr(said, "0000060.h5: not a checkpoint"));
  check_call(SinewCheckpointsDestroy(&store));
}

static void all_damaged_is_an_error(void **state)
{
  SinewCheckpoints store = new_store(2);

  (void)state;
  write_step(store, 10);
  write_step(store, 20);
  damage(shorten, "0000010.h5");
  damage(flip_bit, "0000020.h5");
  assert_int_equal(open_step(store, "auto"), -2);
  assert_non_null(strstr(message, "none of its 2 checkpoints can be used"));
  assert_null(strchr(message, '\n'));
  check_call(SinewCheckpointsDestroy(&store));
}

static void a_named_file_must_be_good(void **state)
{
  SinewCheckpoints store = new_store(4);
  char missing[PETSC_MAX_PATH_LEN * 2];

  (void)state;
  for (PetscInt64 step = 10; step <= 40; step += 10) write_step(store, step);
  assert_int_equal(open_step(store, path_of("0000020.h5")), 20);
  (void)snprintf(missing, sizeof(missing), "%s", path_of("0000021.h5"));
  assert_int_equal(open_step(store, missing), -2);
  assert_non_null(strstr(message, missing));
  assert_null(strchr(message, '\n'));
  damage(flip_bit, "0000020.h5");
  assert_int_equal(open_step(store, path_of("0000020.h5")), -2);
  assert_non_null(strstr(message, "is damaged"));
  write_other_format("0000030.h5", SINEW_CHECKPOINT_FORMAT, 7);
  assert_int_equal(open_step(store, path_of("0000030.h5")), -2);
  assert_non_null(strstr(message, "written by a newer Sinew (format 7"));
  check_call(SinewCheckpointsDestroy(&store));
}

/* 20 is good, 30 and 40 are not: neither may push 20 out before there are two others. */
static void the_good_one_outlives_damaged_ones(void **state)
{
  SinewCheckpoints store;

  (void)state;
  write_steps(9, 10, 40);
  damage(shorten, "0000030.h5");
  damage(shorten, "0000040.h5");
  store = new_store(2);
  assert_int_equal(open_step(store, "auto"), 20);
  write_step(store, 35);
  check_all(exists("0000020.h5") && exists("0000035.h5"));
  check_all(exists("0000040.h5.old") && !exists("0000040.h5"));
  check_all(!exists("0000010.h5"));
  write_step(store, 45);
  check_all(!exists("0000020.h5") && exists("0000035.h5") && exists("0000045.h5") && !exists("0000030.h5"));
  assert_int_equal(open_step(store, "auto"), 45);
  check_call(SinewCheckpointsDestroy(&store));
}

/* The one that was named counts as good even where later ones exist. */
static void going_back_sets_the_future_aside(void **state)
{
  SinewCheckpoints store;

  (void)state;
  write_steps(9, 10, 50);
  store = new_store(2);
  assert_int_equal(open_step(store, path_of("0000020.h5")), 20);
  write_step(store, 45);
  check_all(exists("0000020.h5") && exists("0000045.h5") && exists("0000050.h5.old"));
  assert_int_equal(open_step(store, "auto"), 45);
  check_call(SinewCheckpointsDestroy(&store));
}

static void a_store_that_cannot_be_written(void **state)
{
  SinewCheckpoints store;
  SinewFile file = NULL;
  PetscErrorCode code;

  (void)state;
  if (!me) {
    FILE *stream = fopen(directory, "w"); /* a file where the directory should be */

    if (stream) (void)fclose(stream);
  }
  MPI_Barrier(PETSC_COMM_WORLD);
  store = new_store(2);
  (void)PetscPushErrorHandler(keep_message, NULL);
  code = SinewCheckpointsBegin(store, 1, &file);
  (void)PetscPopErrorHandler();
  check_all(code == SINEW_ERR_OUTPUT);
  check_call(SinewFileClose(&file));
  check_call(SinewCheckpointsDestroy(&store));
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

SINEW_TEST_MAIN(in_directory(keeps_the_newest), in_directory(needs_two),
                in_directory(steps_beyond_seven_digits_are_newer), in_directory(nothing_there_is_no_error),
                in_directory(other_files_are_left_alone), in_directory(an_abandoned_one_leaves_no_trace),
                in_directory(damaged_ones_are_passed_over), in_directory(all_damaged_is_an_error),
                in_directory(a_named_file_must_be_good), in_directory(the_good_one_outlives_damaged_ones),
                in_directory(going_back_sets_the_future_aside), in_directory(a_store_that_cannot_be_written))
