#ifndef SINEW_SOLVERS_STEP_CONTROL_H
#define SINEW_SOLVERS_STEP_CONTROL_H
/*
  SINEWADAPT, a TSAdapt that chooses steps for every kind of stepper in one place, so that all of them share its
  promises:

    - a candidate that is not admissible (NaN, negative density) is rejected and tried again with half the step, at most
      `rejections` times in a row; then the stepper gives up with the last good state in place;
    - output times are hit exactly, without a sliver of a step before them (a remainder below two steps is halved);
    - the sequence of steps depends on nothing but the state, `nominal` and the events ahead: a run that restarts with
  both repeats it bit for bit, on any number of ranks (only maxima are reduced).

  Modes: fixed step; CFL (dt = cfl / rate, the rate from a callback); error (the stepper's embedded estimate in the
  maximum norm, optionally bounded by the CFL step).
*/
#include <petscts.h>

#define SINEWADAPT "sinew"

typedef enum { SINEW_STEP_FIXED, SINEW_STEP_CFL, SINEW_STEP_ERROR } SinewStepMode;

/* The largest rate 1/dt of the candidate over all ranks (0: unlimited), NaN when it is not admissible. Collective. */
typedef PetscErrorCode SinewStepRate(void *context, TS ts, PetscReal *rate);
/* The first event (output, end) after time t. Not collective, the same on all ranks. */
typedef PetscErrorCode SinewStepEvent(void *context, PetscReal t, PetscReal *event);

typedef struct {
  SinewStepMode mode;
  PetscReal dt;        /* fixed mode: the step; error mode: the first step */
  PetscReal cfl;       /* 0: no CFL limit (error mode) */
  PetscReal dt_max;    /* 0: none */
  PetscReal growth;    /* largest ratio of successive nominal steps */
  PetscInt rejections; /* in a row */
  SinewStepRate *rate;
  SinewStepEvent *event;
  void *context;
} SinewStepControl;

/* Whether a time is a whole number of steps, to rounding. */
PETSC_EXTERN PetscBool SinewIsMultiple(PetscReal t, PetscReal step);

/* Registers the type (once) and makes it the TS's adaptor. Collective. */
PETSC_EXTERN PetscErrorCode SinewStepControlSet(TS ts, const SinewStepControl *control);
/* Chooses the first step from the initial state, given its rate. Collective. */
PETSC_EXTERN PetscErrorCode SinewStepControlStart(TS ts);
/* The nominal step (before landing on events): all the memory there is between steps, for checkpoints. Not collective.
 */
PETSC_EXTERN PetscErrorCode SinewStepControlGetNominal(TS ts, PetscReal *nominal);
/* Restores it and sets the TS's next step accordingly. Not collective. */
PETSC_EXTERN PetscErrorCode SinewStepControlSetNominal(TS ts, PetscReal nominal);
/* Restores it where the deck may have changed: no larger than the deck's own fixed step, dt_max, or ratio to the CFL
   number that it was chosen by (0: none). Not collective. */
PETSC_EXTERN PetscErrorCode SinewStepControlResume(TS ts, PetscReal nominal, PetscReal cfl);
PETSC_EXTERN PetscErrorCode SinewStepControlGetCFL(TS ts, PetscReal *cfl);
/* Goes on counting rejections from here, as a restart does. Not collective. */
PETSC_EXTERN PetscErrorCode SinewStepControlSetRejections(TS ts, PetscInt total);
/* Rejections so far, and whether the last candidate was not admissible. Not collective. */
PETSC_EXTERN PetscErrorCode SinewStepControlGetRejections(TS ts, PetscInt *total, PetscBool *inadmissible);

#endif
