#include "history.h"
#include "publish.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct _p_SinewHistory {
  MPI_Comm comm;
  PetscMPIInt rank;
  PetscInt columns;
  char *path, *header; /* the header ends with a line break */
  FILE *file;          /* rank 0, NULL elsewhere */
  char why[PETSC_MAX_PATH_LEN + 256];
};

/* ---- what rank 0 does: true, or false with history->why filled ---- */

static PetscBool fail(SinewHistory history, const char *doing)
{
  (void)snprintf(history->why, sizeof(history->why), "%s: cannot %s: %s", history->path, doing,
                 errno ? strerror(errno) : "output error");
  return PETSC_FALSE;
}

static PetscBool same_header(SinewHistory history)
{
  FILE *file = fopen(history->path, "r");
  char *line = NULL;
  size_t size = 0;
  PetscBool same = PETSC_FALSE;

  if (!file) return PETSC_FALSE;
  if (getline(&line, &size, file) > 0) same = (PetscBool)!strcmp(line, history->header);
  free(line);
  fclose(file);
  return same;
}

static PetscBool set_aside(SinewHistory history)
{
  errno = SinewSetAsideName(history->path);
  return errno ? fail(history, "set the earlier file aside") : PETSC_TRUE;
}

static PetscBool open_file(SinewHistory history)
{
  errno = 0;
  history->file = fopen(history->path, "a+"); /* readable, so that it can be copied (SinewKeepName) */
  return history->file ? PETSC_TRUE : fail(history, "open for writing");
}

/* fclose can be the first to hear of a full disk */
static PetscBool close_file(SinewHistory history)
{
  FILE *file = history->file;

  history->file = NULL;
  errno = 0;
  if (file && fclose(file)) return fail(history, "write");
  return PETSC_TRUE;
}

/* Whether a line is complete and belongs to a step up to the given one. */
static PetscBool keeps(const char line[], PetscInt columns, PetscInt step)
{
  char *end;
  long long number = strtoll(line, &end, 10);
  PetscInt commas = 0;

  if (end == line || *end != ',' || number > step) return PETSC_FALSE;
  for (; *end && *end != '\n'; ++end) commas += *end == ',';
  return (PetscBool)(*end == '\n' && commas == columns + 1);
}

static PetscBool copy_kept(SinewHistory history, PetscInt step, FILE *from, FILE *to)
{
  char *line = NULL;
  size_t size = 0;

  fputs(history->header, to);
  while (getline(&line, &size, from) > 0)
    if (keeps(line, history->columns, step)) fputs(line, to);
  free(line);
  return (PetscBool)(!ferror(from) && !fflush(to) && !ferror(to) && !fsync(fileno(to)));
}

static PetscBool cut(SinewHistory history, PetscInt step)
{
  char part[PETSC_MAX_PATH_LEN];
  FILE *from, *to;
  PetscBool ok;

  errno = ENAMETOOLONG;
  if (snprintf(part, sizeof(part), "%s.part", history->path) >= (int)sizeof(part)) return fail(history, "truncate");
  errno = 0;
  from = fopen(history->path, "r");
  if (!from) return fail(history, "read");
  to = fopen(part, "w");
  ok = (PetscBool)(to && copy_kept(history, step, from, to));
  if (to && fclose(to)) ok = PETSC_FALSE;
  fclose(from);
  if (!ok || rename(part, history->path)) {
    (void)fail(history, "truncate");
    (void)unlink(part);
    return PETSC_FALSE;
  }
  return PETSC_TRUE;
}

static PetscBool begin(SinewHistory history, PetscBool append)
{
  struct stat info;
  PetscBool fresh = PETSC_TRUE;

  if (!stat(history->path, &info) && S_ISREG(info.st_mode) && info.st_size > 0) {
    fresh = (PetscBool)(!append || !same_header(history));
    if (fresh && !set_aside(history)) return PETSC_FALSE;
    if (!fresh && !cut(history, PETSC_MAX_INT)) return PETSC_FALSE;
  }
  if (!open_file(history)) return PETSC_FALSE;
  if (fresh && (fputs(history->header, history->file) < 0 || fflush(history->file))) return fail(history, "write");
  return PETSC_TRUE;
}

static PetscBool put_line(SinewHistory history, PetscInt step, PetscReal t, const PetscReal values[])
{
  errno = EBADF;
  if (!history->file) return fail(history, "write"); /* an earlier failure was overlooked */
  errno = SinewKeepName(history->path, fileno(history->file));
  if (errno) return fail(history, "write");
  (void)fprintf(history->file, "%" PetscInt_FMT ",%.17g", step, (double)t);
  for (PetscInt i = 0; i < history->columns; ++i) (void)fprintf(history->file, ",%.17g", (double)values[i]);
  (void)fputc('\n', history->file);
  if (fflush(history->file) || ferror(history->file)) return fail(history, "write");
  return PETSC_TRUE;
}

/* ---- what all ranks do ---- */

/* Shares rank 0's verdict: one small broadcast, a second one on failure. */
static PetscErrorCode share(SinewHistory history, PetscBool ok)
{
  int good = (int)ok;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Bcast(&good, 1, MPI_INT, 0, history->comm));
  if (!good) {
    PetscCallMPI(MPI_Bcast(history->why, (PetscMPIInt)sizeof(history->why), MPI_CHAR, 0, history->comm));
    SETERRQ(history->comm, SINEW_ERR_OUTPUT, "%s", history->why);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode make_header(SinewHistory history, const char *const names[])
{
  size_t size = sizeof("step,t\n"), length;

  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < history->columns; ++i) {
    PetscCheck(!strpbrk(names[i], ",\"\r\n"), history->comm, PETSC_ERR_ARG_WRONG, "Column name '%s' does not fit a CSV",
               names[i]);
    PetscCall(PetscStrlen(names[i], &length));
    size += length + 1;
  }
  PetscCall(PetscMalloc1(size, &history->header));
  PetscCall(PetscStrncpy(history->header, "step,t", size));
  for (PetscInt i = 0; i < history->columns; ++i) {
    PetscCall(PetscStrlcat(history->header, ",", size));
    PetscCall(PetscStrlcat(history->header, names[i], size));
  }
  PetscCall(PetscStrlcat(history->header, "\n", size));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode release(SinewHistory *history)
{
  MPI_Comm comm = (*history)->comm;

  PetscFunctionBeginUser;
  if ((*history)->file) (void)fclose((*history)->file);
  PetscCall(PetscFree((*history)->path));
  PetscCall(PetscFree((*history)->header));
  PetscCall(PetscFree(*history));
  PetscCall(PetscCommDestroy(&comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewHistoryCreate(MPI_Comm comm, const char path[], PetscInt columns, const char *const names[],
                                  PetscBool append, SinewHistory *history)
{
  SinewHistory made;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  *history = NULL;
  PetscCall(PetscNew(&made));
  PetscCall(PetscCommDuplicate(comm, &made->comm, NULL));
  PetscCallMPI(MPI_Comm_rank(made->comm, &made->rank));
  made->columns = columns;
  PetscCall(PetscStrallocpy(path, &made->path));
  PetscCall(make_header(made, names));
  code = share(made, made->rank ? PETSC_TRUE : begin(made, append));
  if (code) PetscCall(release(&made));
  PetscCall(code);
  *history = made;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewHistoryWrite(SinewHistory history, PetscInt step, PetscReal t, const PetscReal values[])
{
  PetscFunctionBeginUser;
  PetscCall(share(history, history->rank ? PETSC_TRUE : put_line(history, step, t, values)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewHistoryTruncate(SinewHistory history, PetscInt step)
{
  PetscBool ok = PETSC_TRUE;

  PetscFunctionBeginUser;
  if (history->rank == 0) ok = (PetscBool)(close_file(history) && cut(history, step) && open_file(history));
  PetscCall(share(history, ok));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewHistoryDestroy(SinewHistory *history)
{
  PetscErrorCode code;

  PetscFunctionBeginUser;
  if (!*history) PetscFunctionReturn(PETSC_SUCCESS);
  code = share(*history, (*history)->rank ? PETSC_TRUE : close_file(*history));
  PetscCall(release(history));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}
