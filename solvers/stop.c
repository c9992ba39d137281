#define _POSIX_C_SOURCE 200809L
#include "solvers/stop.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t requested, wants_checkpoint; /* signals have no other place to leave word */
static double installed;

static void hear(int signal_number)
{
  if (signal_number == SIGUSR2) {
    wants_checkpoint = 1;
    return;
  }
  if (signal_number == SIGINT && requested) {
    (void)signal(SIGINT, SIG_DFL);
    (void)raise(SIGINT);
  }
  requested = 1;
}

PetscErrorCode SinewStopInstall(void)
{
  const int signals[] = {SIGUSR1, SIGUSR2, SIGTERM, SIGINT};
  struct sigaction action;

  PetscFunctionBeginUser;
  installed = MPI_Wtime();
  PetscCall(PetscMemzero(&action, sizeof(action)));
  action.sa_handler = hear;
  action.sa_flags = SA_RESTART;
  (void)sigemptyset(&action.sa_mask);
  for (size_t s = 0; s < sizeof(signals) / sizeof(signals[0]); s++)
    PetscCheck(!sigaction(signals[s], &action, NULL), PETSC_COMM_SELF, PETSC_ERR_SYS, "sigaction failed");
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscBool SinewStopRequested(void)
{
  return (PetscBool)(requested != 0);
}

PetscBool SinewStopTakeCheckpoint(void)
{
  const PetscBool wanted = (PetscBool)(wants_checkpoint != 0);

  wants_checkpoint = 0;
  return wanted;
}

/* When Linux started this process, in seconds since the machine's start: field 22 of its stat, counted after the
   program's name, which may hold anything. */
static PetscBool process_start(double *seconds)
{
  unsigned long long ticks = 0;
  char line[1024], *at;
  FILE *file = fopen("/proc/self/stat", "r");
  PetscBool known = PETSC_FALSE;

  if (!file) return known;
  at = fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
  (void)fclose(file);
  for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
  if (at && sscanf(at, "%llu", &ticks) == 1) known = PETSC_TRUE;
  *seconds = (double)ticks / (double)sysconf(_SC_CLK_TCK);
  return known;
}

double SinewStopAge(void)
{
  double start;
#ifdef CLOCK_BOOTTIME
  struct timespec now;

  if (process_start(&start) && !clock_gettime(CLOCK_BOOTTIME, &now))
    return PetscMax(0, (double)now.tv_sec + 1e-9 * (double)now.tv_nsec - start);
#endif
  start = installed;
  return start > 0 ? MPI_Wtime() - start : 0;
}

/* ---- from outside ---- */

const char *const SinewStopReasons[SINEW_STOP_COUNT] = {"", "output.max_size: raise it to go on",
                                                        "the wall-clock limit is near", "the file stop", "a signal"};

PetscErrorCode SinewStopClockStart(SinewStopClock *clock, double wall_time)
{
  PetscFunctionBeginUser;
  *clock = (SinewStopClock){.wall_time = wall_time};
  clock->begin = clock->step = clock->looked = MPI_Wtime();
  clock->born = clock->begin - SinewStopAge();
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One more step may begin after this was asked; then the checkpoint follows, and the end. */
double SinewStopClockReserve(const SinewStopClock *c)
{
  return 1.5 * c->slowest_step + 2 * c->slowest_save + 1;
}

/* Whether a file of that name lies in the run's directory; then it is removed. */
static PetscBool take_file(const char directory[], const char name[])
{
  char path[PETSC_MAX_PATH_LEN + 16];

  (void)PetscSNPrintf(path, sizeof(path), "%s/%s", directory, name);
  return (PetscBool)(!access(path, F_OK) && !unlink(path));
}

PetscBool SinewStopClockDue(SinewStopClock *c, const char directory[])
{
  const double now = MPI_Wtime();

  c->slowest_step = PetscMax(c->slowest_step, now - c->step);
  c->step = now;
  c->reason = SINEW_STOP_NO;
  if (c->wall_time > 0 && now - c->born + SinewStopClockReserve(c) > c->wall_time) c->reason = SINEW_STOP_CLOCK;
  if (directory && now - c->looked >= 0.5) {
    c->looked = now;
    if (take_file(directory, "stop")) c->reason = SINEW_STOP_FILE;
    if (take_file(directory, "checkpoint")) c->save = PETSC_TRUE;
  }
  return (PetscBool)(c->reason != SINEW_STOP_NO);
}

PetscErrorCode SinewStopClockSaved(SinewStopClock *clock, double seconds)
{
  PetscFunctionBeginUser;
  clock->slowest_save = PetscMax(clock->slowest_save, seconds);
  PetscFunctionReturn(PETSC_SUCCESS);
}
