#ifndef SINEW_SOLVERS_STOP_H
#define SINEW_SOLVERS_STOP_H
/*
  Requests to end a run early with a good checkpoint: signals (SIGUSR1, SIGTERM, SIGINT; a second SIGINT kills), a
  wall-clock limit, a file named `stop` in the run's directory. Any rank may be the one that hears; the run agrees on it
  in a reduction that it makes anyway. The handlers set a flag and nothing else.
*/
#include "../io/error.h"

/* Installs the handlers (after PetscInitialize). Not collective. */
PETSC_EXTERN PetscErrorCode SinewStopInstall(void);
/* Whether this rank heard a signal since installation. Not collective. */
PETSC_EXTERN PetscBool SinewStopRequested(void);

#endif
