// RANKS 1 2
/* Verdicts agree on all ranks; user errors map to their exit codes. */
#include "io/error.h"
#include "tests/harness.h"

static void agree_takes_the_lowest_failing_rank(void **state)
{
  PetscMPIInt rank, size;
  PetscBool failed;
  char why[64];

  (void)state;
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  check_call(SinewAgree(PETSC_COMM_WORLD, PETSC_TRUE, "", &failed, sizeof(why), why));
  check_all(!failed && why[0] == 0);
  check_call(SinewAgree(PETSC_COMM_WORLD, (PetscBool)(rank != size - 1), "the last rank", &failed, sizeof(why), why));
  check_all(failed && !strcmp(why, "the last rank"));
}

static void exit_codes(void **state)
{
  (void)state;
  assert_int_equal(SinewExitCode(PETSC_SUCCESS), 0);
  assert_int_equal(SinewExitCode(SINEW_ERR_INPUT), 2);
  assert_int_equal(SinewExitCode(SINEW_ERR_BREAKDOWN), 3);
  assert_int_equal(SinewExitCode(SINEW_ERR_OUTPUT), 4);
  assert_int_equal(SinewExitCode(PETSC_ERR_ARG_SIZ), PETSC_ERR_ARG_SIZ);
}

SINEW_TEST_MAIN(cmocka_unit_test(agree_takes_the_lowest_failing_rank), cmocka_unit_test(exit_codes))
