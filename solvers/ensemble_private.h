#ifndef SINEW_SOLVERS_ENSEMBLE_PRIVATE_H
#define SINEW_SOLVERS_ENSEMBLE_PRIVATE_H
/* The parts of an ensemble, for ensemble.c (the section), ensemble_run.c (members) and ensemble_files.c. */
#include "solvers/ensemble.h"
#include "solvers/simulation_private.h"

#define ENSEMBLE_FIELDS_MAX 16
#define ENSEMBLE_DRAWS_MAX  16

typedef enum { LAYOUT_PDEARENA, LAYOUT_PDEBENCH } EnsembleLayout;

typedef struct {
  PetscInt members, seed, groups, layout, precision, stride;
  const char *file, *split;
  PetscReal every, first;
  SinewNode fields, draw;
} EnsembleSection;

struct _p_SinewEnsemble {
  EnsembleSection section;
  PetscInt fields, draws, frames;
  char name[ENSEMBLE_FIELDS_MAX][64];     /* in the file */
  const char *field[ENSEMBLE_FIELDS_MAX]; /* of the equation; the deck's or the equation's */
  const char *draw[ENSEMBLE_DRAWS_MAX];   /* the deck's */
  PetscReal drawn[ENSEMBLE_DRAWS_MAX];
};

/* What the ranks of a group know while they run members, and all of them at the end. */
typedef struct {
  MPI_Comm world, comm; /* all, and this rank's group */
  PetscInt groups, group;
  SinewDeck deck;         /* as given: member 0's */
  SinewSimulation sample; /* of that deck, not set up */
  const SinewSimulationOptions *options;
  SinewEnsemble ensemble; /* the sample's */
  char file[PETSC_MAX_PATH_LEN], folder[PETSC_MAX_PATH_LEN];
} EnsembleRun;

/* The cells of this rank that frames keep along an axis: every stride-th of all, counted among those kept. */
PETSC_INTERN void EnsembleKept(const EnsembleSection *section, const SinewAxis *axis, PetscInt *start, PetscInt *count);
/* Where a member's file is. */
PETSC_INTERN PetscErrorCode EnsemblePath(const EnsembleRun *run, PetscInt member, size_t size, char path[]);
/* Seeds of a member: of its initial condition, and of random in its formulas. */
PETSC_INTERN PetscInt64 EnsembleInitialSeed(PetscInt seed, PetscInt member);
PETSC_INTERN PetscInt64 EnsembleFormulaSeed(PetscInt seed, PetscInt member);

/*
  EnsembleWriteMember - one file, by the group's ranks. data: this rank's box of each field, frames [x][y][z], or NULL
  of a member that broke down for the reason `failure`.
*/
PETSC_INTERN PetscErrorCode EnsembleWriteMember(const EnsembleRun *run, SinewSimulation simulation, PetscInt member,
                                                PetscReal *const data[], const char failure[]);
/* Which members have files already; raises SINEW_ERR_INPUT when they are another ensemble's. Collective on world. */
PETSC_INTERN PetscErrorCode EnsembleFindDone(const EnsembleRun *run, PetscBool done[]);
/* All members' files into one, which then are removed. *good: how many did not break down. Collective on world. */
PETSC_INTERN PetscErrorCode EnsembleCollect(const EnsembleRun *run, PetscInt *good);

#endif
