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

static void parent_of(const char path[], char parent[PETSC_MAX_PATH_LEN])
{
  char *slash;

  snprintf(parent, PETSC_MAX_PATH_LEN, "%s", path);
  slash = strrchr(parent, '/');
  if (!slash)
    snprintf(parent, PETSC_MAX_PATH_LEN, ".");
  else if (slash == parent)
    slash[1] = 0;
  else
    *slash = 0;
}

/* The rename itself must reach the disk; some file systems cannot sync a directory and say so. */
static int sync_parent(const char path[])
{
  char parent[PETSC_MAX_PATH_LEN];
  int code;

  parent_of(path, parent);
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

/* ---- files that stay open ---- */

static int copy_bytes(int from, int to, off_t size)
{
  char block[8192];

  for (off_t at = 0; at < size;) {
    const size_t want = size - at < (off_t)sizeof(block) ? (size_t)(size - at) : sizeof(block);
    const ssize_t got = pread(from, block, want, at);

    if (got <= 0) return got < 0 ? errno : EIO;
    for (ssize_t put = 0, n; put < got; put += n) {
      n = write(to, block + put, (size_t)(got - put));
      if (n <= 0) return n < 0 ? errno : ENOSPC;
    }
    at += got;
  }
  return 0;
}

/* Whether the name is the open file's; *there: whether it is any file's. */
static int has_name(const char path[], const struct stat *open_file, PetscBool *has, PetscBool *there)
{
  struct stat named;

  *has = *there = PETSC_FALSE;
  if (stat(path, &named)) return errno == ENOENT ? 0 : errno;
  *there = PETSC_TRUE;
  *has = (PetscBool)(named.st_dev == open_file->st_dev && named.st_ino == open_file->st_ino);
  return 0;
}

/* The copy takes over the descriptor, whose number its owner goes on with. */
static int replace_by_copy(const char path[], const char part[], int fd, off_t size)
{
  const int flags = fcntl(fd, F_GETFD), to = open(part, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
  int code;

  if (to < 0) return errno;
  code = copy_bytes(fd, to, size);
  if (!code) code = SinewPublishName(part, path);
  if (!code && (dup2(to, fd) < 0 || fcntl(fd, F_SETFD, flags) < 0)) code = errno;
  (void)close(to);
  if (code) (void)unlink(part);
  return code;
}

int SinewKeepName(const char path[], int fd)
{
  char parent[PETSC_MAX_PATH_LEN], part[PETSC_MAX_PATH_LEN];
  struct stat open_file;
  PetscBool has, there;
  int code;

  if (fstat(fd, &open_file)) return errno;
  code = has_name(path, &open_file, &has, &there);
  if (code || has) return code;
  if ((size_t)snprintf(part, sizeof(part), "%s.part", path) >= sizeof(part)) return ENAMETOOLONG;
  if (there) code = SinewSetAsideName(path);
  parent_of(path, parent);
  if (!code) code = make_directory(parent);
  return code ? code : replace_by_copy(path, part, fd, open_file.st_size);
}

/* ---- on all ranks ---- */

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
