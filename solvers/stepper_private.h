#ifndef SINEW_SOLVERS_STEPPER_PRIVATE_H
#define SINEW_SOLVERS_STEPPER_PRIVATE_H
/*
  For implementors of steppers that have more than a row of keys in the table of stepper_types.c: an object of their own
  with the life-cycle of a deck, and private state that checkpoints keep. `own` is what `read` made; hooks that are NULL
  have nothing to do.
*/
#include "io/arrays.h"
#include "solvers/stepper.h"

/* What a deck said, with its place, for hooks that find mistakes late. */
typedef struct {
  SinewDeck deck;
  SinewNode section;
  const char *path; /* of the section: "stepper" */
} SinewStepperPlace;

typedef struct {
  /* Reads the section's keys into an object of its own; records mistakes. REQUIRED, not collective. */
  PetscErrorCode (*read)(const SinewStepperPlace *place, void **own);
  PetscErrorCode (*destroy)(void *own); /* REQUIRED */
  /* Reads files, and checks the deck as a whole once all its sections are read; records mistakes. Collective. */
  PetscErrorCode (*prepare)(void *own, MPI_Comm comm, const SinewStepperPlace *place, SinewEquation equation,
                            const SinewGridOptions *grid);
  /* Sets the type of the TS and what it works with. REQUIRED, collective. */
  PetscErrorCode (*create)(void *own, const SinewProblem *problem, TS ts);
  /* What it asks of the grid and of the deck, after prepare; 0: nothing. Not collective. */
  PetscInt (*ghosts)(const void *own), (*align)(const void *own), (*max_steps)(const void *own);
  PetscReal (*step)(const void *own);
  /* Private state, at /stepper/NAME of a checkpoint. Collective. */
  PetscErrorCode (*save)(void *own, TS ts, SinewFile file);
  PetscErrorCode (*load)(void *own, TS ts, SinewFile file);
  PetscErrorCode (*forget)(void *own);
  PetscErrorCode (*plan)(void *own, MPI_Comm comm, FILE *out); /* lines of a plan; collective */
  /* See SinewStepperSetDomain, Start, Sample, Columns, Failure. */
  PetscErrorCode (*domain)(void *own, const SinewStepperPlace *place, SinewEquation equation,
                           const SinewGridSection *grid);
  PetscErrorCode (*start)(void *own, TS ts, PetscBool fresh, size_t size, char note[]);
  PetscErrorCode (*sample)(void *own, TS ts);
  /* Of equations whose components are displacements: where points x [n][3] are now, in place. Not collective. */
  PetscErrorCode (*move)(void *own, PetscInt n, PetscReal x[]);
  void (*columns)(void *own, PetscInt *count, const char *const **names, const PetscReal **values);
  const char *(*failure)(const void *own);
  /* Step control as the stepper's own keys say. */
  void (*control)(const void *own, SinewStepControl *control, PetscReal *rtol, PetscReal *atol);
} SinewStepperHooks;

#endif
