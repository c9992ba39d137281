#ifndef SINEW_SOLVERS_CHECKPOINT_SECTION_H
#define SINEW_SOLVERS_CHECKPOINT_SECTION_H
/* The section `checkpoint` of a deck: when runs and trainings save their state, and where; and the section `petsc`. */
#include "../io/deck.h"

typedef struct {
  PetscReal every, every_wall;
  PetscInt every_steps, keep;
  PetscBool at_end;
  const char *directory;
} SinewCheckpointSection;

PETSC_EXTERN const SinewKey SinewCheckpointKeys[];

PETSC_EXTERN PetscErrorCode SinewCheckpointSectionRead(SinewDeck deck, SinewCheckpointSection *section);
/* Where checkpoints go: the section's directory, else `checkpoints` in that of the output. */
PETSC_EXTERN PetscErrorCode SinewCheckpointSectionDirectory(const SinewCheckpointSection *section, const char output[],
                                                            size_t size, char directory[]);
/* Whether one is due by steps or by time after a step that led to t, the last one having been made at `saved`. */
PETSC_EXTERN PetscBool SinewCheckpointSectionDue(const SinewCheckpointSection *section, PetscInt step, PetscReal t,
                                                 PetscReal saved);

/* Gives what the section `petsc` says to PETSc's options; the command line has precedence. */
PETSC_EXTERN PetscErrorCode SinewPetscSectionRead(SinewDeck deck);

#endif
