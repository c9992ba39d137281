#ifndef SINEW_TESTS_HARNESS_H
#define SINEW_TESTS_HARNESS_H
/*
  A unit test is a cmocka program under MPI. SINEW_TEST_MAIN(test_a, test_b, ...) defines main. An
  assertion that holds on one rank only would hang the others in their next collective call, so what
  may differ between ranks is asserted with check_all, which agrees first. Only rank 0 reports. Exit
  code 77 means "skipped".
*/
#include "io/environment.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <math.h>
#include <petscsys.h>

#define check_call(call)     assert_int_equal((int)(call), 0)
#define check_all(condition) check_all_(!!(condition), #condition, __FILE__, __LINE__)
#define check_close(a, b, tolerance) \
  check_close_((double)(a), (double)(b), (double)(tolerance), #a " ~ " #b, __FILE__, __LINE__)

#ifdef __SANITIZE_ADDRESS__
/* A plugin of Open MPI that is gone from memory could not be named in a leak's trace, nor forgiven by lsan.supp. */
__attribute__((weak, visibility("default"))) int dlclose(void *handle)
{
  (void)handle;
  return 0;
}
#endif

static inline void check_all_(int ok, const char *text, const char *file, int line)
{
  int all = 0;

  MPI_Allreduce(&ok, &all, 1, MPI_INT, MPI_MIN, PETSC_COMM_WORLD);
  if (!all) {
    print_error("%s:%d: not on all ranks: %s\n", file, line, text);
    _fail(file, line);
  }
}

static inline void check_close_(double a, double b, double tolerance, const char *text, const char *file, int line)
{
  int ok = fabs(a - b) <= tolerance; /* false for NaN */

  if (!ok)
    print_error("%s:%d: %s: %.17g against %.17g, difference %g > %g\n", file, line, text, a, b, fabs(a - b), tolerance);
  check_all_(ok, text, file, line);
}

static inline int run_group_with(int argc, char **argv, const struct CMUnitTest *tests, size_t count,
                                 CMFixtureFunction begin, CMFixtureFunction end)
{
  int failed, rank;

  setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 0);
  SinewSetEnvironment();
  if (PetscInitialize(&argc, &argv, NULL, NULL)) return 1;
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  if (rank) (void)!freopen("/dev/null", "w", stdout);
  failed = _cmocka_run_group_tests(argv[0], tests, count, begin, end);
  if (PetscFinalize()) return 1;
  return failed;
}

static inline int run_group(int argc, char **argv, const struct CMUnitTest *tests, size_t count)
{
  return run_group_with(argc, argv, tests, count, NULL, NULL);
}

#define SINEW_TEST_MAIN(...)                                               \
  int main(int argc, char **argv)                                          \
  {                                                                        \
    const struct CMUnitTest tests[] = {__VA_ARGS__};                       \
    return run_group(argc, argv, tests, sizeof(tests) / sizeof(tests[0])); \
  }

#endif
