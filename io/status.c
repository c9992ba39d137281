#include "io/status.h"

#include "io/publish.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAGE    4096
#define RESERVE 1536

struct _p_SinewStatus {
  char path[PETSC_MAX_PATH_LEN];
  int fd;        /* rank 0, else -1 */
  json_t *line;  /* the one being made */
  PetscBool bad; /* writing failed, which has been said */
};

/* ---- the file: 0 or an errno ---- */

/* Where the last whole line ends. */
static int find_end(int fd, off_t size, off_t *end)
{
  char block[PAGE];

  for (*end = size; *end > 0;) {
    const size_t n = *end < PAGE ? (size_t)*end : PAGE;
    ssize_t got = pread(fd, block, n, *end - (off_t)n);

    if (got != (ssize_t)n) return got < 0 ? errno : EIO;
    for (; got > 0; got--, (*end)--) {
      if (block[got - 1] == '\n') return 0;
    }
  }
  return 0;
}

/* Cuts off what is left of a line that was never finished; *end is the size then. */
static int cut(int fd, off_t *end)
{
  struct stat status;
  int code;

  if (fstat(fd, &status)) return errno;
  code = find_end(fd, status.st_size, end);
  if (code || *end == status.st_size) return code;
  return ftruncate(fd, *end) ? errno : 0;
}

/* text has room for RESERVE bytes more than its length. */
static int append(int fd, char text[], size_t length)
{
  size_t left;
  off_t end;
  ssize_t done;
  int code = cut(fd, &end);

  if (code) return code;
  left = PAGE - ((size_t)end + length + 1) % PAGE;
  if (left < RESERVE) { /* too little for the next line, which shall not cross into another page */
    memset(text + length, ' ', left);
    length += left;
  }
  text[length++] = '\n';
  done = write(fd, text, length);
  if (done == (ssize_t)length) return 0;
  code = done < 0 ? errno : ENOSPC;
  (void)!ftruncate(fd, end);
  return code;
}

static int open_file(SinewStatus status, PetscBool append_to)
{
  int code = append_to ? 0 : SinewSetAsideName(status->path);
  off_t end;

  if (code) return code;
  status->fd = open(status->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  return status->fd < 0 ? errno : cut(status->fd, &end);
}

/* ---- the life of a status ---- */

PetscErrorCode SinewStatusCreate(MPI_Comm comm, const char path[], PetscBool append_to, SinewStatus *status)
{
  PetscMPIInt rank;
  int code = 0;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(PetscNew(status));
  PetscCall(PetscStrncpy((*status)->path, path, sizeof((*status)->path)));
  (*status)->fd = -1;
  if (rank == 0) code = open_file(*status, append_to);
  PetscCallMPI(MPI_Bcast(&code, 1, MPI_INT, 0, comm));
  if (code) PetscCall(SinewStatusDestroy(status));
  PetscCheck(!code, comm, SINEW_ERR_OUTPUT, "cannot write %s: %s", path, strerror(code));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewStatusDestroy(SinewStatus *status)
{
  PetscFunctionBeginUser;
  if (!*status) PetscFunctionReturn(PETSC_SUCCESS);
  json_decref((*status)->line);
  if ((*status)->fd >= 0) (void)close((*status)->fd);
  PetscCall(PetscFree(*status));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- a line ---- */

PetscErrorCode SinewStatusBegin(SinewStatus status, const char event[])
{
  const time_t now = time(NULL);
  struct tm utc;
  char text[32] = "";

  PetscFunctionBeginUser;
  if (status->fd < 0) PetscFunctionReturn(PETSC_SUCCESS);
  if (gmtime_r(&now, &utc)) (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
  status->line = json_object();
  PetscCall(SinewStatusText(status, "event", event));
  PetscCall(SinewStatusText(status, "wall", text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode set(SinewStatus status, const char key[], json_t *value)
{
  PetscFunctionBeginUser;
  PetscCheck(!json_object_set_new(status->line, key, value ? value : json_null()), PETSC_COMM_SELF, PETSC_ERR_MEM,
             "no memory for the status %s", key);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewStatusInt(SinewStatus status, const char key[], PetscInt64 value)
{
  PetscFunctionBeginUser;
  if (status->fd >= 0) PetscCall(set(status, key, json_integer(value)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewStatusReal(SinewStatus status, const char key[], double value)
{
  PetscFunctionBeginUser;
  if (status->fd >= 0) PetscCall(set(status, key, isfinite(value) ? json_real(value) : NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewStatusText(SinewStatus status, const char key[], const char value[])
{
  PetscFunctionBeginUser;
  if (status->fd >= 0) PetscCall(set(status, key, value ? json_string(value) : NULL)); /* NULL too if it is no UTF-8 */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewStatusEnd(SinewStatus status)
{
  const size_t flags = JSON_COMPACT | JSON_REAL_PRECISION(12);
  size_t length;
  char *text;
  int code;

  PetscFunctionBeginUser;
  if (status->fd < 0) PetscFunctionReturn(PETSC_SUCCESS);
  length = json_dumpb(status->line, NULL, 0, flags);
  PetscCall(PetscMalloc1(length + RESERVE + 1, &text));
  length = json_dumpb(status->line, text, length, flags);
  json_decref(status->line);
  status->line = NULL;
  code = SinewKeepName(status->path, status->fd);
  if (!code) code = append(status->fd, text, length);
  if (code && !status->bad) (void)fprintf(stderr, "note: cannot write %s: %s\n", status->path, strerror(code));
  status->bad = (PetscBool)(code != 0);
  PetscCall(PetscFree(text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

double SinewMemoryPeak(void)
{
  struct rusage usage;

  return getrusage(RUSAGE_SELF, &usage) ? 0 : 1024. * (double)usage.ru_maxrss;
}
