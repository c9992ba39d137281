#ifndef SINEW_IO_PUBLISH_H
#define SINEW_IO_PUBLISH_H
/*
  Files that are either whole or not there. A file is written under a temporary name (FILE.part) and
  published: its bytes forced to disk, renamed, and the rename forced to disk. A reader, or a process
  killed at any instant, sees the old file or the new one.
*/
#include "error.h"

/*
  SinewPublishName - forces `part` to disk and gives it the name `path`. Not collective.
  Returns 0 or the errno of what failed; then `part` still stands.
*/
PETSC_EXTERN int SinewPublishName(const char part[], const char path[]);

/*
  SinewSetAsideName - renames what stands at `path`, if anything, to path.1 or the next free number. Not collective.
  Returns 0 or an errno.
*/
PETSC_EXTERN int SinewSetAsideName(const char path[]);

/*
  SinewKeepName - makes sure that what is appended to an open file ends up at `path`. Not collective.

  Where somebody removed, moved or replaced the file since it was opened (with its directory, as a rule), its content is
  copied there again, the directory made, and what stands in the way set aside. One call of stat where nothing happened.

  fd  [in]  opened for reading and appending; afterwards it is the copy's

  Returns 0 or an errno; then the descriptor is what it was.
*/
PETSC_EXTERN int SinewKeepName(const char path[], int fd);

/*
  SinewPublishText - makes `path` hold `text` (rank 0's) and nothing else. Collective.
  Raises SINEW_ERR_OUTPUT, "cannot write PATH: reason", and leaves an old file as it was.
*/
PETSC_EXTERN PetscErrorCode SinewPublishText(MPI_Comm comm, const char path[], const char text[]);

/*
  SinewMakeDirectory - makes a directory and those above it when they are missing. Collective.
  Raises SINEW_ERR_OUTPUT when that fails or when files cannot be made in it.
*/
PETSC_EXTERN PetscErrorCode SinewMakeDirectory(MPI_Comm comm, const char directory[]);

#endif
