#include "io/checkpoint.h"
#include "io/publish.h"
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WHY_SIZE 1024

struct _p_SinewCheckpoints {
  MPI_Comm comm;
  PetscMPIInt rank;
  char *directory;
  PetscInt keep, written; /* written: by this store */
  PetscInt64 step;        /* of the one being written, then of the last one written */
  PetscInt64 good;        /* the one that Open returned, -1 when it is none of this directory */
  PetscInt damaged_count; /* those that Open passed over */
  PetscInt64 *damaged;
  char last[PETSC_MAX_PATH_LEN];
};

static PetscErrorCode checkpoint_path(SinewCheckpoints store, PetscInt64 step, size_t size, char path[])
{
  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(path, size, "%s/%07lld.h5", store->directory, (long long)step));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The step in the name NNNNNNN.h5, or -1 for a name that this store would not have given. */
static PetscInt64 step_of_name(const char name[])
{
  char again[32];
  long long step;

  if (name[0] < '0' || name[0] > '9') return -1;
  errno = 0;
  step = strtoll(name, NULL, 10);
  if (errno) return -1;
  (void)snprintf(again, sizeof(again), "%07lld.h5", step);
  return strcmp(again, name) ? -1 : (PetscInt64)step;
}

/* ---- the directory ---- */

static int newest_first(const void *a, const void *b)
{
  PetscInt64 x = *(const PetscInt64 *)a, y = *(const PetscInt64 *)b;

  return (x < y) - (x > y);
}

/* The steps of the checkpoints in the directory, newest first. Not collective. Returns an errno; a
 * directory that is not there has no checkpoints. */
static int list_local(const char directory[], PetscInt *count, PetscInt64 **steps)
{
  DIR *stream = opendir(directory);
  struct dirent *entry;
  size_t n = 0, room = 0;

  *count = 0;
  *steps = NULL;
  if (!stream) return errno == ENOENT ? 0 : errno;
  while ((errno = 0, entry = readdir(stream))) {
    PetscInt64 step = step_of_name(entry->d_name), *more;

    if (step < 0) continue;
    if (n == room) {
      room = room ? 2 * room : 16;
      more = realloc(*steps, room * sizeof(**steps));
      if (!more) break;
      *steps = more;
    }
    (*steps)[n++] = step;
  }
  *count = (PetscInt)n;
  if (errno) {
    int failure = errno;

    (void)closedir(stream);
    return failure;
  }
  (void)closedir(stream);
  if (n) qsort(*steps, n, sizeof(**steps), newest_first);
  return 0;
}

/* The same, rank 0's view, on all ranks; free with PetscFree. Collective. */
static PetscErrorCode list_checkpoints(SinewCheckpoints store, PetscInt *count, PetscInt64 **steps)
{
  PetscInt64 *mine = NULL;
  PetscInt n = 0;
  int failure = 0;

  PetscFunctionBeginUser;
  if (!store->rank) failure = list_local(store->directory, &n, &mine);
  PetscCallMPI(MPI_Bcast(&failure, 1, MPI_INT, 0, store->comm));
  if (failure) {
    free(mine);
    SETERRQ(store->comm, SINEW_ERR_INPUT, "%s: cannot list checkpoints: %s", store->directory, strerror(failure));
  }
  PetscCallMPI(MPI_Bcast(&n, 1, MPIU_INT, 0, store->comm));
  PetscCall(PetscMalloc1((size_t)n, steps));
  if (!store->rank && n) memcpy(*steps, mine, (size_t)n * sizeof(*mine));
  free(mine);
  PetscCallMPI(MPI_Bcast(*steps, (PetscMPIInt)n, MPIU_INT64, 0, store->comm));
  *count = n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the store ---- */

PetscErrorCode SinewCheckpointsCreate(MPI_Comm comm, const char directory[], PetscInt keep, SinewCheckpoints *store)
{
  SinewCheckpoints s;
  size_t length;

  PetscFunctionBeginUser;
  PetscCheck(keep >= 2, comm, SINEW_ERR_INPUT, "%s: keep at least 2 checkpoints, not %" PetscInt_FMT, directory, keep);
  PetscCall(PetscStrlen(directory, &length));
  PetscCheck(length && length < PETSC_MAX_PATH_LEN - 64, comm, SINEW_ERR_INPUT, "'%.64s': %s as a directory", directory,
             length ? "too long" : "empty");
  PetscCall(PetscNew(&s));
  s->comm = comm;
  s->keep = keep;
  s->good = s->step = -1;
  PetscCallMPI(MPI_Comm_rank(comm, &s->rank));
  PetscCall(PetscStrallocpy(directory, &s->directory));
  while (length > 1 && s->directory[length - 1] == '/') s->directory[--length] = 0;
  *store = s;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewCheckpointsDestroy(SinewCheckpoints *store)
{
  PetscFunctionBeginUser;
  if (!*store) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree((*store)->damaged));
  PetscCall(PetscFree((*store)->directory));
  PetscCall(PetscFree(*store));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const char *SinewCheckpointsLastPath(SinewCheckpoints store)
{
  return store->last;
}

/* ---- writing ---- */

static PetscBool is_damaged(SinewCheckpoints store, PetscInt64 step)
{
  for (PetscInt i = 0; i < store->damaged_count; ++i)
    if (store->damaged[i] == step) return PETSC_TRUE;
  return PETSC_FALSE;
}

static void forget_damage(SinewCheckpoints store, PetscInt64 step)
{
  PetscInt n = 0;

  for (PetscInt i = 0; i < store->damaged_count; ++i)
    if (store->damaged[i] != step) store->damaged[n++] = store->damaged[i];
  store->damaged_count = n;
}

/* Whatever goes wrong here the new checkpoint stands, so it is only reported. Not collective. */
static PetscErrorCode drop_one(SinewCheckpoints store, PetscInt64 step, PetscBool rename_it)
{
  char path[PETSC_MAX_PATH_LEN], aside[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  PetscCall(checkpoint_path(store, step, sizeof(path), path));
  PetscCall(PetscSNPrintf(aside, sizeof(aside), "%s.old", path));
  if ((rename_it ? rename(path, aside) : unlink(path)) && errno != ENOENT)
    fprintf(stderr, "%s: old checkpoint cannot be %s: %s\n", path, rename_it ? "renamed" : "deleted", strerror(errno));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* After the checkpoint store->step has been published. Rank 0's business. */
static PetscErrorCode prune(SinewCheckpoints store)
{
  PetscInt64 *steps;
  PetscInt n, kept = 0;
  int failure = list_local(store->directory, &n, &steps);

  PetscFunctionBeginUser;
  if (failure)
    fprintf(stderr, "%s: old checkpoints cannot be deleted: %s\n", store->directory, strerror(failure));
  else
    for (PetscInt i = 0; i < n; ++i) {
      PetscInt64 step = steps[i];

      if (step > store->step)
        PetscCall(drop_one(store, step, PETSC_TRUE));
      else if (kept < store->keep)
        kept += !is_damaged(store, step);
      else if (step != store->good || store->written >= store->keep)
        PetscCall(drop_one(store, step, PETSC_FALSE));
    }
  free(steps);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewCheckpointsBegin(SinewCheckpoints store, PetscInt64 step, SinewFile *file)
{
  char path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  PetscCheck(step >= 0, store->comm, PETSC_ERR_ARG_OUTOFRANGE, "Step %lld is negative", (long long)step);
  PetscCall(SinewMakeDirectory(store->comm, store->directory));
  PetscCall(checkpoint_path(store, step, sizeof(path), path));
  PetscCall(SinewFileCreate(store->comm, path, file));
  store->step = step;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewCheckpointsEnd(SinewCheckpoints store, SinewFile *file)
{
  const PetscInt64 version = SINEW_CHECKPOINT_VERSION;

  PetscFunctionBeginUser;
  PetscCall(SinewFileWriteString(*file, "/", "format", SINEW_CHECKPOINT_FORMAT));
  PetscCall(SinewFileWriteInts(*file, "/", "format_version", 1, &version));
  PetscCall(SinewFilePublish(file));
  store->written += 1;
  forget_damage(store, store->step);
  PetscCall(checkpoint_path(store, store->step, sizeof(store->last), store->last));
  if (!store->rank) PetscCall(prune(store));
  PetscCallMPI(MPI_Barrier(store->comm)); /* what End leaves in the directory is there when it returns */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- reading ---- */

/* Takes a user error's one line down instead of printing it: here a file that cannot be read is a
 * reason to try the next one. */
static PetscErrorCode note_error(MPI_Comm comm, int line, const char *func, const char *file, PetscErrorCode code,
                                 PetscErrorType type, const char *message, void *ctx)
{
  if (code != SINEW_ERR_INPUT) return SinewErrorHandler(comm, line, func, file, code, type, message, NULL);
  if (type == PETSC_ERROR_INITIAL) (void)snprintf(ctx, WHY_SIZE, "%s", message);
  return code;
}

/* Whether an open file is a checkpoint that this version reads; why[] says why not. */
static PetscErrorCode check_format(SinewFile file, const char path[], char why[])
{
  char *format = NULL;
  PetscInt64 version = 0;
  PetscInt n = 0;
  PetscBool same;

  PetscFunctionBeginUser;
  why[0] = 0;
  PetscCall(SinewFileReadString(file, "/", "format", &format));
  PetscCall(PetscStrcmp(format, SINEW_CHECKPOINT_FORMAT, &same));
  PetscCall(PetscFree(format));
  if (same) PetscCall(SinewFileReadInts(file, "/", "format_version", 1, &n, &version));
  if (!same || n != 1 || version < 1)
    PetscCall(PetscSNPrintf(why, WHY_SIZE, "%s: not a checkpoint of Sinew", path));
  else if (version > SINEW_CHECKPOINT_VERSION)
    PetscCall(PetscSNPrintf(why, WHY_SIZE, "%s: written by a newer Sinew (format %lld, this one reads up to %d)", path,
                            (long long)version, SINEW_CHECKPOINT_VERSION));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode open_and_check(SinewCheckpoints store, const char path[], SinewFile *file, char why[])
{
  PetscBool ok = PETSC_TRUE;
  char array[WHY_SIZE / 2];

  PetscFunctionBeginUser;
  PetscCall(SinewFileOpen(store->comm, path, file));
  PetscCall(check_format(*file, path, why));
  if (why[0]) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewFileVerify(*file, &ok, sizeof(array), array));
  if (!ok) PetscCall(PetscStrncpy(why, array, WHY_SIZE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Opens a checkpoint; *file is NULL and why[] one line when it cannot be used. Collective. */
static PetscErrorCode try_open(SinewCheckpoints store, const char path[], SinewFile *file, char why[])
{
  char noted[WHY_SIZE] = "";
  PetscErrorCode code;

  PetscFunctionBeginUser;
  *file = NULL;
  why[0] = 0;
  PetscCall(PetscPushErrorHandler(note_error, noted));
  code = open_and_check(store, path, file, why);
  PetscCall(PetscPopErrorHandler());
  if (code == SINEW_ERR_INPUT)
    PetscCall(PetscStrncpy(why, noted, WHY_SIZE));
  else
    PetscCall(code);
  if (why[0] && *file) PetscCall(SinewFileClose(file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode open_newest(SinewCheckpoints store, SinewFile *file, PetscBool *found)
{
  char path[PETSC_MAX_PATH_LEN], why[WHY_SIZE];
  PetscInt64 *steps;
  PetscInt n = 0, tried = 0;

  PetscFunctionBeginUser;
  *found = PETSC_FALSE;
  PetscCall(list_checkpoints(store, &n, &steps));
  for (; tried < n && !*file; ++tried) {
    PetscCall(checkpoint_path(store, steps[tried], sizeof(path), path));
    PetscCall(try_open(store, path, file, why));
    if (*file) break;
    if (!store->rank) fprintf(stderr, "checkpoint passed over: %s\n", why);
  }
  /* steps is sorted: what was passed over comes first, and the list can be taken over */
  PetscCall(PetscFree(store->damaged));
  store->damaged = steps;
  store->damaged_count = tried;
  *found = (PetscBool)(*file != NULL);
  store->good = *file ? steps[tried] : -1;
  PetscCheck(*file || !n, store->comm, SINEW_ERR_INPUT, "%s: none of its %" PetscInt_FMT " checkpoints can be used",
             store->directory, n);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The step of the checkpoint `path` when that is a file of this store, else -1. */
static PetscErrorCode step_in_store(SinewCheckpoints store, const char path[], PetscInt64 *step)
{
  const char *slash = strrchr(path, '/');
  char own[PETSC_MAX_PATH_LEN];
  struct stat a, b;

  PetscFunctionBeginUser;
  *step = step_of_name(slash ? slash + 1 : path);
  if (!store->rank && *step >= 0) {
    PetscCall(checkpoint_path(store, *step, sizeof(own), own));
    if (stat(path, &a) || stat(own, &b) || a.st_dev != b.st_dev || a.st_ino != b.st_ino) *step = -1;
  }
  PetscCallMPI(MPI_Bcast(step, 1, MPIU_INT64, 0, store->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewCheckpointsOpen(SinewCheckpoints store, const char which[], SinewFile *file, PetscBool *found)
{
  char why[WHY_SIZE];
  PetscBool newest;

  PetscFunctionBeginUser;
  *file = NULL;
  *found = PETSC_FALSE;
  PetscCall(PetscStrcmp(which, "auto", &newest));
  if (newest) {
    PetscCall(open_newest(store, file, found));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(try_open(store, which, file, why));
  PetscCheck(*file, store->comm, SINEW_ERR_INPUT, "%s", why);
  *found = PETSC_TRUE;
  PetscCall(step_in_store(store, which, &store->good));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- earlier runs ---- */

PetscErrorCode SinewCheckpointsSetAside(MPI_Comm comm, const char directory[], FILE *note)
{
  PetscMPIInt rank;
  struct stat status;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (rank == 0 && rmdir(directory) && !stat(directory, &status)) { /* not even empty */
    char aside[PETSC_MAX_PATH_LEN + 16];

    for (int k = 1; k < 10000; k++) {
      PetscCall(PetscSNPrintf(aside, sizeof(aside), "%s.%d", directory, k));
      if (stat(aside, &status)) break;
    }
    if (!rename(directory, aside) && note)
      PetscCall(PetscFPrintf(PETSC_COMM_SELF, note, "note      checkpoints of an earlier run are now in %s\n", aside));
  }
  PetscCallMPI(MPI_Barrier(comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}
