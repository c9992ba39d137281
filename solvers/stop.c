#define _POSIX_C_SOURCE 200809L
#include "solvers/stop.h"

#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t requested; /* signals have no other place to leave word */

static void hear(int signal_number)
{
  if (signal_number == SIGINT && requested) {
    (void)signal(SIGINT, SIG_DFL);
    (void)raise(SIGINT);
  }
  requested = 1;
}

PetscErrorCode SinewStopInstall(void)
{
  const int signals[] = {SIGUSR1, SIGTERM, SIGINT};
  struct sigaction action;

  PetscFunctionBeginUser;
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

/* ---- from outside ---- */

PetscErrorCode SinewStopClockStart(SinewStopClock *clock, double wall_time)
{
  PetscFunctionBeginUser;
  *clock = (SinewStopClock){.wall_time = wall_time};
  clock->begin = clock->step = clock->looked = MPI_Wtime();
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscBool SinewStopClockDue(SinewStopClock *c, const char directory[])
{
  const double now = MPI_Wtime();
  double reserve;
  char path[PETSC_MAX_PATH_LEN + 8];

  c->slowest_step = PetscMax(c->slowest_step, now - c->step);
  c->step = now;
  reserve = 1.5 * c->slowest_step + 2 * c->slowest_save + 1;
  if (c->wall_time > 0 && now - c->begin + reserve > c->wall_time) return PETSC_TRUE;
  if (now - c->looked < 0.5) return PETSC_FALSE;
  c->looked = now;
  (void)PetscSNPrintf(path, sizeof(path), "%s/stop", directory);
  return (PetscBool)(!access(path, F_OK) && !unlink(path));
}

PetscErrorCode SinewStopClockSaved(SinewStopClock *clock, double seconds)
{
  PetscFunctionBeginUser;
  clock->slowest_save = PetscMax(clock->slowest_save, seconds);
  PetscFunctionReturn(PETSC_SUCCESS);
}
