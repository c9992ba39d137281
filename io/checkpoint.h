#ifndef SINEW_IO_CHECKPOINT_H
#define SINEW_IO_CHECKPOINT_H
/*
  A store of numbered checkpoints: the files DIR/NNNNNNN.h5 (the number is the step, seven digits or
  more), of which the newest `keep` stay.

  Writing. Begin opens the file of a step, the caller writes its arrays and attributes, End marks the
  file as a checkpoint (root attributes format = "sinew checkpoint", format_version = 1), publishes it
  (io/arrays.h: whole or not at all) and only then deletes what is older than the newest `keep`. Two
  rules guard against deleting the wrong ones: files that Open found damaged do not count among the
  newest, and the one that Open found good stays until `keep` others have been written.

  A checkpoint of a later step than the one just written belongs to a history that the run has left
  (it went back to an earlier checkpoint, or started anew). It is renamed to NNNNNNN.h5.old: were it
  to stay, the next automatic restart would take it for the newest.

  Reading. Open with "auto" takes the newest checkpoint (the highest number) that opens, is of a known
  version and whose checksums all hold; the ones it passes over are named on stderr with the reason,
  one line each. What a killed job left half-written (NNNNNNN.h5.part) is no checkpoint and ignored.

  The directory is listed by rank 0 and the list broadcast: ranks on machines whose file systems lag
  cannot disagree. Everything here is collective on the store's communicator.
*/
#include "arrays.h"
#include <stdio.h>

#define SINEW_CHECKPOINT_FORMAT  "sinew checkpoint"
#define SINEW_CHECKPOINT_VERSION 1

typedef struct _p_SinewCheckpoints *SinewCheckpoints;

/*
  SinewCheckpointsCreate - a store in a directory, which is made when the first checkpoint is written.

  keep  [in]  how many to keep: 2 or more, since one of them may turn out damaged
*/
PETSC_EXTERN PetscErrorCode SinewCheckpointsCreate(MPI_Comm comm, const char directory[], PetscInt keep,
                                                   SinewCheckpoints *store);
PETSC_EXTERN PetscErrorCode SinewCheckpointsDestroy(SinewCheckpoints *store);
/* Moves what an earlier run left in a directory to DIRECTORY.1, or the next free number; `note`, if not NULL, hears
 * about it. Collective. */
PETSC_EXTERN PetscErrorCode SinewCheckpointsSetAside(MPI_Comm comm, const char directory[], FILE *note);

/*
  SinewCheckpointsBegin - starts the checkpoint of a step; one at a time.
  SinewCheckpointsEnd   - publishes it and prunes the store. Closing the file with SinewFileClose
                          instead abandons it.

  Raise SINEW_ERR_OUTPUT when the directory or the file cannot be written; the older checkpoints are
  then all still there. An old one that cannot be deleted is a line on stderr, no error.
*/
PETSC_EXTERN PetscErrorCode SinewCheckpointsBegin(SinewCheckpoints store, PetscInt64 step, SinewFile *file);
PETSC_EXTERN PetscErrorCode SinewCheckpointsEnd(SinewCheckpoints store, SinewFile *file);

/* SinewCheckpointsLastPath - path of the last one this store wrote; "" when it wrote none. Not
 * collective; valid until the next End. */
PETSC_EXTERN const char *SinewCheckpointsLastPath(SinewCheckpoints store);

/*
  SinewCheckpointsOpen - opens a checkpoint to restart from.

  which  [in]   "auto", or the path of a file (which need not lie in the store's directory)
  file   [out]  the open file, for SinewFileClose; NULL when there is none
  found  [out]  whether there is one; false only for "auto" without any checkpoint

  Raises SINEW_ERR_INPUT when the named file cannot be used, and with "auto" when there are
  checkpoints but none can be used: to start anew then would be to throw away the run in silence.
*/
PETSC_EXTERN PetscErrorCode SinewCheckpointsOpen(SinewCheckpoints store, const char which[], SinewFile *file,
                                                 PetscBool *found);

#endif
