// RANKS 1 2
/* The line, its rhythm and its forecast, with a clock of the test's own. */
#define _GNU_SOURCE
#include "io/progress.h"
#include "tests/harness.h"
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void check_text(const char *expected, const char *actual)
{
  PetscMPIInt rank;

  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  if (rank) expected = "";
  if (strcmp(expected, actual)) print_error("expected '%s'\ngot      '%s'\n", expected, actual);
  check_all(!strcmp(expected, actual));
}

static void check_duration(double seconds, const char *expected)
{
  char text[32];

  SinewFormatDuration(seconds, sizeof(text), text);
  assert_string_equal(text, expected);
}

static void durations(void **state)
{
  (void)state;
  check_duration(0, "0:00");
  check_duration(12.3, "0:12");
  check_duration(59.6, "1:00");
  check_duration(3599, "59:59");
  check_duration(3600, "1:00:00");
  check_duration(86399.6, "1d 00:00:00");
  check_duration(183845, "2d 03:04:05");
  check_duration(-1, "-");
  check_duration((double)NAN, "-");
  check_duration((double)INFINITY, "-");
}

static void a_log_gets_one_line_an_interval(void **state)
{
  SinewProgress progress;
  char text[1024] = "";
  FILE *out = fmemopen(text, sizeof(text), "w");

  (void)state;
  check_call(SinewProgressCreate(PETSC_COMM_WORLD, out, 10, 0, 1, 100000, &progress));
  for (PetscInt step = 0; step <= 2400; ++step) {
    check_call(SinewProgressUpdate(progress, step, step * 3.5e-4, 3.5e-4, 1000 + step * 0.01));
  }
  check_call(SinewProgressDestroy(&progress));
  fclose(out);
  check_text("step 1000  t 0.35 / 1.0 (35 %)  dt 3.5e-4  10 Mcells/s  elapsed 0:10  ETA 0:19\n"
             "step 2000  t 0.7 / 1.0 (70 %)  dt 3.5e-4  10 Mcells/s  elapsed 0:20  ETA 0:09\n",
             text);
}

static void no_end_and_no_cells(void **state)
{
  SinewProgress progress;
  char text[256] = "";
  FILE *out = fmemopen(text, sizeof(text), "w");

  (void)state;
  check_call(SinewProgressCreate(PETSC_COMM_WORLD, out, 1, 0, PETSC_MAX_REAL, 0, &progress));
  check_call(SinewProgressUpdate(progress, 5, 0, 0.25, 0));
  check_call(SinewProgressUpdate(progress, 6, 12345.6, 0.25, 4000));
  check_call(SinewProgressDestroy(&progress));
  fclose(out);
  check_text("step 6  t 1.235e4  dt 0.25  elapsed 1:06:40\n", text);
}

static void forecast_follows_the_last_half_minute(void **state)
{
  SinewProgress progress;
  double now = 0, t = 0;

  (void)state;
  check_call(SinewProgressCreate(PETSC_COMM_WORLD, stdout, 1e9, 0, 1000, 0, &progress));
  check_call(SinewProgressUpdate(progress, 0, 0, 1, now));
  check_all(SinewProgressRemaining(progress) < 0);
  for (PetscInt step = 1; step <= 100; ++step) check_call(SinewProgressUpdate(progress, step, t += 1, 1, now += 1));
  check_close(SinewProgressRemaining(progress), 900, 1e-9);
  check_call(SinewProgressUpdate(progress, 101, t += 1, 1, now += 3600)); /* suspended for an hour */
  check_close(SinewProgressRemaining(progress), 899, 1e-9);
  check_call(SinewProgressUpdate(progress, 102, t += 1, 1, now += 5)); /* a checkpoint */
  check_all(SinewProgressRemaining(progress) < 1.25 * 898);
  for (PetscInt step = 1; step <= 400; ++step) check_call(SinewProgressUpdate(progress, step, t += 1, 1, now += 0.5));
  check_close(SinewProgressRemaining(progress), 249, 2); /* twice as fast since then */
  check_call(SinewProgressUpdate(progress, 503, 1000, 1, now += 1));
  check_close(SinewProgressRemaining(progress), 0, 0);
  check_call(SinewProgressDestroy(&progress));
}

/* A terminal of the test's own, 60 columns wide; returns the end that the test reads, or -1 where there is none to
   have, as in a bare chroot. */
static int open_terminal(FILE **out)
{
  struct winsize window = {.ws_row = 24, .ws_col = 60};
  int fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK), have = 0, all;

  *out = fd >= 0 && !grantpt(fd) && !unlockpt(fd) ? fopen(ptsname(fd), "w") : NULL;
  have = *out && !ioctl(fileno(*out), TIOCSWINSZ, &window);
  MPI_Allreduce(&have, &all, 1, MPI_INT, MPI_MIN, PETSC_COMM_WORLD);
  if (!all && *out) fclose(*out);
  if (!all && fd >= 0) close(fd);
  return all ? fd : -1;
}

/* What was written arrives in pieces, and later: reads until nothing has come for a while. */
static void read_terminal(int fd, size_t size, char text[])
{
  struct pollfd ready = {.fd = fd, .events = POLLIN};
  size_t length = 0;
  ssize_t more;

  while (length + 1 < size && poll(&ready, 1, 300) > 0 && (more = read(fd, text + length, size - 1 - length)) > 0)
    length += (size_t)more;
  text[length] = 0;
}

static void a_terminal_gets_one_line_in_place(void **state)
{
  SinewProgress progress;
  char text[512];
  FILE *out;
  int fd = open_terminal(&out);

  (void)state;
  if (fd < 0) skip();
  setenv("TERM", "xterm", 1);
  check_call(SinewProgressCreate(PETSC_COMM_WORLD, out, 30, 0, 8, 0, &progress));
  check_call(SinewProgressUpdate(progress, 0, 0, 1, 0));
  check_call(SinewProgressUpdate(progress, 1, 1, 1, 0.125)); /* too soon to draw */
  check_call(SinewProgressUpdate(progress, 2, 2, 1, 0.25));
  check_call(SinewProgressUpdate(progress, 3, 4, 1.125, 0.5));
  check_call(SinewProgressUpdate(progress, 4, 5, 1, 3600.5)); /* as wide as the terminal allows */
  check_call(SinewProgressFinish(progress));
  check_call(SinewProgressDestroy(&progress));
  read_terminal(fd, sizeof(text), text);
  check_text("\rstep 2  t 2.0 / 8.0 (25 %)  dt 1  elapsed 0:00  ETA 0:01"
             "\rstep 3  t 4.0 / 8.0 (50 %)  dt 1.12  elapsed 0:01  ETA 0:01"
             "\rstep 4  t 5.0 / 8.0 (62 %)  dt 1  elapsed 1:00:01  ETA 0:00"
             "\r                                                           \r",
             text);
  fclose(out);
  close(fd);
}

SINEW_TEST_MAIN(cmocka_unit_test(durations), cmocka_unit_test(a_log_gets_one_line_an_interval),
                cmocka_unit_test(no_end_and_no_cells), cmocka_unit_test(forecast_follows_the_last_half_minute),
                cmocka_unit_test(a_terminal_gets_one_line_in_place))
