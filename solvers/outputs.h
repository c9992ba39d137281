#ifndef SINEW_SOLVERS_OUTPUTS_H
#define SINEW_SOLVERS_OUTPUTS_H
/*
  What a run leaves behind, as the section `output` of a deck says: a ParaView series, a history of integrals and
  extrema, pictures, and lines for whoever watches.

    output:
      directory: out/kh
      every: 0.1                     # series; 0: first and last state only
      fields: [rho, velocity]
      image: {field: rho, every: 0.1, colormap: viridis}     # or a list of such maps

  With a reference (reference.h) all of them hold its fields and the differences too.

  The object knows the times at which something is due (SinewOutputsNext), which step control hits exactly.
*/
#include "../io/progress.h"
#include "mesh_motion.h"
#include "picture.h"

typedef struct _p_SinewOutputs *SinewOutputs;

PETSC_EXTERN const SinewKey SinewOutputKeys[]; /* and SinewPictureKeys, of output.image */

/* Reads the section; equation may be NULL after a mistake. name: stem of the standard directory. reference: what the
 * run is compared with, not owned, or NULL. Not collective. */
PETSC_EXTERN PetscErrorCode SinewOutputsCreate(SinewDeck deck, SinewEquation equation, const char name[],
                                               SinewReference reference, SinewOutputs *outputs);
/* Records the times at which something is due that are no multiples of a stepper's only step. Not collective. */
PETSC_EXTERN PetscErrorCode SinewOutputsCheckStep(SinewOutputs outputs, SinewDeck deck, const char stepper[],
                                                  PetscReal step);
PETSC_EXTERN PetscErrorCode SinewOutputsDestroy(SinewOutputs *outputs);
PETSC_EXTERN const char *SinewOutputsDirectory(SinewOutputs outputs);

/* Series and pictures show cells whose corners are moved so. Before SinewOutputsOpen; not collective. */
PETSC_EXTERN PetscErrorCode SinewOutputsSetMove(SinewOutputs outputs, SinewMove *move, void *context);

/* History and files describe the mesh that this moves. Before SinewOutputsOpen; not owned. */
PETSC_EXTERN PetscErrorCode SinewOutputsSetMotion(SinewOutputs outputs, SinewMeshMotion motion);

/*
  SinewOutputsColumns - further columns of the history, at most SINEW_COLUMNS_MAX; before Open. names and values are
  referred to; values are read whenever a line is written. Not collective.
*/
#define SINEW_COLUMNS_MAX 24
PETSC_EXTERN PetscErrorCode SinewOutputsColumns(SinewOutputs outputs, PetscInt count, const char *const names[],
                                                const PetscReal values[]);

/*
  SinewOutputsOpen - makes the directory and the files, collective. restart: the run goes on from (step, begin): entries
  after it are dropped; so is the last state of the earlier run, unless an uninterrupted one would have written it or
  goes_on is false (no step will follow). quiet: no progress lines. provenance: pairs of key and value, NULL-terminated,
  that every file carries.
*/
PETSC_EXTERN PetscErrorCode SinewOutputsOpen(SinewOutputs outputs, MPI_Comm comm, PetscBool restart, PetscBool goes_on,
                                             PetscBool quiet, PetscInt step, PetscReal begin, PetscReal end,
                                             const char *const provenance[]);
/* The first time after t at which something is due (PETSC_MAX_REAL: never). Not collective. */
PETSC_EXTERN PetscReal SinewOutputsNext(SinewOutputs outputs, PetscReal t);
/* Writes what is due after a step (or before the first: step 0). Collective. last: the run ends here. clock: seconds.
 */
PETSC_EXTERN PetscErrorCode SinewOutputsStep(SinewOutputs outputs, PetscInt step, PetscReal t, PetscReal dt,
                                             PetscInt rejections, Vec U, PetscBool last, double clock);
/* Writes one state, with the fields and the precision of the section, under a name of its own: see
   SinewSeriesCreateSingle. Without Open. Collective. */
PETSC_EXTERN PetscErrorCode SinewOutputsSingle(SinewOutputs outputs, MPI_Comm comm, const char path[], PetscInt step,
                                               PetscReal t, Vec U, const char *const provenance[]);
/*
  The size of what the run has written, series and pictures, against output.max_size. SinewOutputsFull says on rank 0
  whether another entry like the largest one would exceed it (elsewhere, and without a limit: false); a restart that has
  no room left is refused by SinewOutputsOpen (SINEW_ERR_OUTPUT). Not collective.
*/
PETSC_EXTERN PetscBool SinewOutputsFull(SinewOutputs outputs);
PETSC_EXTERN double SinewOutputsBytes(SinewOutputs outputs);
/* Speed and what is left, after Open; not owned. Seconds between lines of status.jsonl, 0: none. Not collective. */
PETSC_EXTERN SinewProgress SinewOutputsProgress(SinewOutputs outputs);
PETSC_EXTERN PetscReal SinewOutputsStatusEvery(SinewOutputs outputs);
/* Prints where the files are, rank 0. */
PETSC_EXTERN PetscErrorCode SinewOutputsSummary(SinewOutputs outputs, FILE *out);

#endif
