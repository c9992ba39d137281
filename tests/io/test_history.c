// RANKS 1 2
/* Lines are whole, survive a restart, and no earlier file is lost. */
#include "io/history.h"
#include "tests/harness.h"
#include <string.h>
#include <unistd.h>

static const char *const names[] = {"mass", "energy"};
static const char *const others[] = {"mass", "enstrophy"};
static char folder[64], path[96];

static PetscBool first(void)
{
  PetscMPIInt rank;

  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  return (PetscBool)(rank == 0);
}

static int enter(void **state)
{
  (void)state;
  if (first()) {
    strcpy(folder, "/tmp/sinew_history_XXXXXX");
    if (!mkdtemp(folder)) return 1;
  }
  MPI_Bcast(folder, (int)sizeof(folder), MPI_CHAR, 0, PETSC_COMM_WORLD);
  (void)snprintf(path, sizeof(path), "%s/history.csv", folder);
  return 0;
}

static int leave(void **state)
{
  char command[128];

  (void)state;
  MPI_Barrier(PETSC_COMM_WORLD);
  (void)snprintf(command, sizeof(command), "rm -r %s", folder);
  return first() ? system(command) : 0;
}

/* Rank 0 compares the whole file; all ranks hear the verdict. */
static void check_file(const char *name, const char *expected)
{
  char text[1024] = "";
  int same = 1;

  if (first()) {
    FILE *file = fopen(name, "r");

    if (file) {
      text[fread(text, 1, sizeof(text) - 1, file)] = 0;
      fclose(file);
    }
    same = file && !strcmp(text, expected);
    if (!same) print_error("%s holds:\n%s", name, text);
  }
  check_all(same);
}

static void write_text(const char *name, const char *text)
{
  if (first()) {
    FILE *file = fopen(name, "w");

    if (file) {
      fputs(text, file);
      fclose(file);
    }
  }
  MPI_Barrier(PETSC_COMM_WORLD);
}

static SinewHistory make(const char *const columns[], PetscBool append)
{
  SinewHistory history = NULL;

  check_call(SinewHistoryCreate(PETSC_COMM_WORLD, path, 2, columns, append, &history));
  return history;
}

static void put(SinewHistory history, PetscInt step, PetscReal t)
{
  PetscReal values[2] = {1. / 3, (PetscReal)step};

  check_call(SinewHistoryWrite(history, step, t, values));
}

static void lines_are_flushed_and_exact(void **state)
{
  SinewHistory history = make(names, PETSC_FALSE);

  (void)state;
  check_file(path, "step,t,mass,energy\n");
  put(history, 0, 0);
  put(history, 7, 0.1);
  check_file(path, "step,t,mass,energy\n0,0,0.33333333333333331,0\n7,0.10000000000000001,0.33333333333333331,7\n");
  check_call(SinewHistoryDestroy(&history));
  check_all(!history);
  check_call(SinewHistoryDestroy(&history));
}

static void restart_forgets_what_comes_after_and_what_is_cut_off(void **state)
{
  SinewHistory history;

  (void)state;
  write_text(path, "step,t,mass,energy\n0,0,1,1\n5,0.5,1,1\n10,1,1,1\n15,1.");
  history = make(names, PETSC_TRUE);
  check_file(path, "step,t,mass,energy\n0,0,1,1\n5,0.5,1,1\n10,1,1,1\n");
  check_call(SinewHistoryTruncate(history, 5));
  put(history, 6, 0.5);
  check_call(SinewHistoryDestroy(&history));
  check_file(path, "step,t,mass,energy\n0,0,1,1\n5,0.5,1,1\n6,0.5,0.33333333333333331,6\n");
}

static void earlier_files_are_set_aside(void **state)
{
  SinewHistory history;
  char aside[128];

  (void)state;
  write_text(path, "step,t,mass,energy\n1,1,1,1\n");
  history = make(names, PETSC_FALSE); /* a fresh run */
  check_call(SinewHistoryDestroy(&history));
  history = make(others, PETSC_TRUE); /* other columns */
  check_call(SinewHistoryDestroy(&history));
  check_file(path, "step,t,mass,enstrophy\n");
  (void)snprintf(aside, sizeof(aside), "%s.1", path);
  check_file(aside, "step,t,mass,energy\n1,1,1,1\n");
  (void)snprintf(aside, sizeof(aside), "%s.2", path);
  check_file(aside, "step,t,mass,energy\n");
}

#define LINE(step) #step ",0.5,0.33333333333333331," #step "\n"

static void a_file_that_goes_comes_again(void **state)
{
  SinewHistory history = make(names, PETSC_FALSE);
  char away[128];

  (void)state;
  put(history, 1, 0.5);
  if (first()) assert_int_equal(unlink(path), 0);
  MPI_Barrier(PETSC_COMM_WORLD);
  put(history, 2, 0.5);
  check_file(path, "step,t,mass,energy\n" LINE(1) LINE(2));
  (void)snprintf(away, sizeof(away), "%s.away", folder); /* with its directory */
  if (first()) assert_int_equal(rename(folder, away), 0);
  MPI_Barrier(PETSC_COMM_WORLD);
  put(history, 3, 0.5);
  put(history, 4, 0.5);
  check_file(path, "step,t,mass,energy\n" LINE(1) LINE(2) LINE(3) LINE(4));
  if (first()) assert_int_equal(unlink(path), 0); /* another one in its place is not overwritten */
  write_text(path, "mine\n");
  put(history, 5, 0.5);
  check_file(path, "step,t,mass,energy\n" LINE(1) LINE(2) LINE(3) LINE(4) LINE(5));
  check_call(SinewHistoryDestroy(&history));
  (void)snprintf(away, sizeof(away), "%s.1", path);
  check_file(away, "mine\n");
  (void)snprintf(away, sizeof(away), "%s.away/history.csv", folder);
  check_file(away, "step,t,mass,energy\n" LINE(1) LINE(2));
  (void)snprintf(away, sizeof(away), "rm -r %s.away", folder);
  assert_int_equal(first() ? system(away) : 0, 0);
}

static void output_errors_reach_all_ranks(void **state)
{
  SinewHistory history = NULL;

  (void)state;
  check_call(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  check_all(SinewHistoryCreate(PETSC_COMM_WORLD, "/nonexistent/history.csv", 2, names, PETSC_FALSE, &history) ==
            SINEW_ERR_OUTPUT);
  check_all(!history);
  check_all(SinewHistoryCreate(PETSC_COMM_WORLD, "/dev/full", 2, names, PETSC_FALSE, &history) == SINEW_ERR_OUTPUT);
  check_call(PetscPopErrorHandler());
  history = make(names, PETSC_FALSE);
  check_call(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  if (first()) unlink(path);
  check_all(SinewHistoryTruncate(history, 0) == SINEW_ERR_OUTPUT);
  check_all(SinewHistoryTruncate(history, 0) == SINEW_ERR_OUTPUT); /* again: nothing hangs or is freed twice */
  check_call(PetscPopErrorHandler());
  check_call(SinewHistoryDestroy(&history));
}

SINEW_TEST_MAIN(cmocka_unit_test_setup_teardown(lines_are_flushed_and_exact, enter, leave),
                cmocka_unit_test_setup_teardown(restart_forgets_what_comes_after_and_what_is_cut_off, enter, leave),
                cmocka_unit_test_setup_teardown(earlier_files_are_set_aside, enter, leave),
                cmocka_unit_test_setup_teardown(a_file_that_goes_comes_again, enter, leave),
                cmocka_unit_test_setup_teardown(output_errors_reach_all_ranks, enter, leave))
