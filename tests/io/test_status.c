// RANKS 1 2
/* Lines are whole objects, for a reader at any moment and after any accident. */
#include "io/publish.h"
#include "io/status.h"
#include "tests/io/files.h"
#include <jansson.h>
#include <sys/mount.h>

static SinewStatus open_status(const char *path, PetscBool append)
{
  SinewStatus status;

  check_call(SinewStatusCreate(PETSC_COMM_WORLD, path, append, &status));
  return status;
}

static void write_line(SinewStatus status, PetscInt step, const char *word)
{
  check_call(SinewStatusBegin(status, "step"));
  check_call(SinewStatusInt(status, "step", step));
  check_call(SinewStatusReal(status, "t", 0.1 * (double)step));
  check_call(SinewStatusReal(status, "eta", HUGE_VAL));
  check_call(SinewStatusText(status, "word", word));
  check_call(SinewStatusEnd(status));
}

/* Rank 0 parses all lines and hands their number to all; -1 when one is no object, crosses a page, or is not ended. */
static int count_lines(const char *path)
{
  int lines = 0;

  MPI_Barrier(PETSC_COMM_WORLD);
  if (my_rank() == 0) {
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    long begin = 0;

    assert_non_null(file);
    for (; lines >= 0 && (length = getline(&line, &size, file)) > 0; begin += length) {
      json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

      lines = json_is_object(object) && line[length - 1] == '\n' ? lines + 1 : -1;
      if (length <= 1536 && begin / 4096 != (begin + length - 1) / 4096) lines = -1;
      json_decref(object);
    }
    free(line);
    fclose(file);
  }
  (void)MPI_Bcast(&lines, 1, MPI_INT, 0, PETSC_COMM_WORLD);
  return lines;
}

static void lines_are_whole(void **state)
{
  const char *directory = scratch(), *path = in(directory, "status.jsonl");
  char word[1300] = "";
  SinewStatus status = open_status(path, PETSC_FALSE);

  (void)state;
  for (PetscInt k = 0; k < 100; k++) {
    memset(word, 'a', (size_t)(13 * k));
    write_line(status, k, word);
    check_all(count_lines(path) == k + 1);
  }
  write_line(status, 100, "\xff is no UTF-8");
  write_line(status, 101, "a \"quoted\"\nword");
  check_call(SinewStatusDestroy(&status));
  check_all(count_lines(path) == 102);
  scratch_remove(directory);
}

static void half_a_line_is_cut_and_an_earlier_run_set_aside(void **state)
{
  const char *directory = scratch(), *path = in(directory, "status.jsonl");
  SinewStatus status = open_status(path, PETSC_TRUE);

  (void)state;
  write_line(status, 1, "x");
  check_call(SinewStatusDestroy(&status));
  if (my_rank() == 0) {
    FILE *file = fopen(path, "a");

    fputs("{\"event\":\"step\",\"wa", file);
    fclose(file);
  }
  MPI_Barrier(PETSC_COMM_WORLD);
  status = open_status(path, PETSC_TRUE);
  check_all(count_lines(path) == 1);
  write_line(status, 2, "y");
  check_call(SinewStatusDestroy(&status));
  check_all(count_lines(path) == 2);
  status = open_status(path, PETSC_FALSE);
  write_line(status, 3, "z");
  check_call(SinewStatusDestroy(&status));
  check_all(count_lines(path) == 1 && count_lines(in(directory, "status.jsonl.1")) == 2);
  check_error(SinewStatusCreate(PETSC_COMM_WORLD, in(directory, "none/status.jsonl"), PETSC_TRUE, &status),
              SINEW_ERR_OUTPUT, "none/status.jsonl: No such file");
  scratch_remove(directory);
}

static void a_file_that_goes_comes_again(void **state)
{
  const char *directory = scratch(), *path = in(directory, "deep/status.jsonl"), *deep = in(directory, "deep"),
             *away = in(directory, "away");
  SinewStatus status;

  (void)state;
  check_call(SinewMakeDirectory(PETSC_COMM_WORLD, deep));
  status = open_status(path, PETSC_FALSE);
  for (PetscInt k = 0; k < 50; k++) write_line(status, k, "before");
  if (my_rank() == 0) assert_int_equal(rename(deep, away), 0);
  write_line(status, 50, "after");
  write_line(status, 51, "after");
  check_call(SinewStatusDestroy(&status));
  check_all(count_lines(path) == 52 && count_lines(in(directory, "away/status.jsonl")) == 50);
  scratch_remove(directory);
}

/* A full disk costs lines, not the run, and leaves none in half. */
static void full_disk(void **state)
{
  const char *directory = scratch(), *path = in(directory, "status.jsonl");
  int ok = 1, lines;
  SinewStatus status;

  (void)state;
  if (my_rank() == 0) ok = mount("tmpfs", directory, "tmpfs", 0, "size=8k") == 0;
  (void)MPI_Bcast(&ok, 1, MPI_INT, 0, PETSC_COMM_WORLD);
  if (!ok) {
    scratch_remove(directory);
    skip();
  }
  status = open_status(path, PETSC_FALSE);
  for (PetscInt k = 0; k < 200; k++) write_line(status, k, "some words to fill the disk");
  check_call(SinewStatusDestroy(&status));
  lines = count_lines(path);
  check_all(lines > 20 && lines < 200);
  MPI_Barrier(PETSC_COMM_WORLD);
  if (my_rank() == 0) assert_int_equal(umount2(directory, MNT_DETACH), 0);
  scratch_remove(directory);
}

SINEW_TEST_MAIN(cmocka_unit_test(lines_are_whole), cmocka_unit_test(half_a_line_is_cut_and_an_earlier_run_set_aside),
                cmocka_unit_test(a_file_that_goes_comes_again), cmocka_unit_test(full_disk))
