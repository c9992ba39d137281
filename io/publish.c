#include "io/publish.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int sync_name(const char path[], int flags)
{
  int fd = open(path, flags | O_CLOEXEC), code = 0;

  if (fd < 0) return errno;
  if (fsync(fd)) code = errno;
  if (close(fd) && !code) code = errno;
  return code;
}

/* The rename itself must reach the disk; some file systems cannot sync a directory and say so. */
static int sync_parent(const char path[])
{
  char parent[PETSC_MAX_PATH_LEN];
  char *slash;
  int code;

  snprintf(parent, sizeof(parent), "%s", path);
  slash = strrchr(parent, '/');
  if (!slash)
    snprintf(parent, sizeof(parent), ".");
  else if (slash == parent)
    slash[1] = 0;
  else
    *slash = 0;
  code = sync_name(parent, O_RDONLY | O_DIRECTORY);
  return code == EINVAL || code == ENOTSUP ? 0 : code;
}

int SinewPublishName(const char part[], const char path[])
{
  int code = sync_name(part, O_RDONLY);

  if (code) return code;
  if (rename(part, path)) return errno;
  return sync_parent(path);
}

int SinewSetAsideName(const char path[])
{
  char aside[PETSC_MAX_PATH_LEN];
  struct stat status;

  if (lstat(path, &status)) return errno == ENOENT ? 0 : errno;
  for (int n = 1;; n++) {
    if ((size_t)snprintf(aside, sizeof(aside), "%s.%d", path, n) >= sizeof(aside)) return ENAMETOOLONG;
    if (lstat(aside, &status)) return rename(path, aside) ? errno : 0;
  }
}

static int write_text(const char part[], const char text[])
{
  FILE *out = fopen(part, "w");
  int code = 0;

  if (!out) return errno;
  if (fputs(text, out) < 0 || fflush(out)) code = errno;
  if (fclose(out) && !code) code = errno;
  return code;
}

static int publish_text(const char path[], const char text[])
{
  char part[PETSC_MAX_PATH_LEN];
  int code;

  if ((size_t)snprintf(part, sizeof(part), "%s.part", path) >= sizeof(part)) return ENAMETOOLONG;
  code = write_text(part, text);
  if (!code) code = SinewPublishName(part, path);
  if (code) unlink(part);
  return code;
}

static int make_directory(const char directory[])
{
  char path[PETSC_MAX_PATH_LEN];
  struct stat status;

  if ((size_t)snprintf(path, sizeof(path), "%s", directory) >= sizeof(path)) return ENAMETOOLONG;
  for (char *c = path + 1; *path && *c; c++) {
    if (*c != '/') continue;
    *c = 0;
    if (mkdir(path, 0777) && errno != EEXIST) return errno;
    *c = '/';
  }
  if (mkdir(path, 0777) && errno != EEXIST) return errno;
  if (stat(path, &status)) return errno;
  if (!S_ISDIR(status.st_mode)) return ENOTDIR;
  return access(path, W_OK | X_OK) ? errno : 0;
}

/* Rank 0's errno becomes everybody's error. */
static PetscErrorCode raise_together(MPI_Comm comm, const char path[], int code)
{
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Bcast(&code, 1, MPI_INT, 0, comm));
  PetscCheck(!code, comm, SINEW_ERR_OUTPUT, "cannot write %s: %s", path, strerror(code));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewPublishText(MPI_Comm comm, const char path[], const char text[])
{
  PetscMPIInt rank;
  int code = 0;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (rank == 0) code = publish_text(path, text);
  PetscCall(raise_together(comm, path, code));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMakeDirectory(MPI_Comm comm, const char directory[])
{
  PetscMPIInt rank;
  int code = 0;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (rank == 0) code = make_directory(directory);
  PetscCall(raise_together(comm, directory, code));
  PetscFunctionReturn(PETSC_SUCCESS);
}
