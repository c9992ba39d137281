#define _POSIX_C_SOURCE 200809L
#include "solvers/stop.h"

#include <signal.h>

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
