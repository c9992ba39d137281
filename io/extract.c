#include "io/extract.h"
#include "io/arrays_private.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIEVE 4 /* lines of a box with gaps up to this many times their length are read as one span */

struct _p_SinewExtract {
  char *path, *name;
  Stored stored;
  int fd;    /* -1: closed */
  hid_t h5;  /* of arrays that are not contiguous; negative: closed */
  char *raw; /* what was read, before lines are picked and converted */
  size_t raw_size;
};

/* ---- making ---- */

/* Real numbers that are all there. */
static void judge(SinewFile file, const char name[], const Stored *stored, Verdict *verdict)
{
  struct stat status;
  const PetscInt64 end = stored->offset + stored->elements * (PetscInt64)stored->type_size;

  SinewFileJudge_Private(file, name, stored, verdict);
  if (!verdict->ok) return;
  if (stored->dtype != SINEW_FLOAT64 && stored->dtype != SINEW_FLOAT32)
    SinewBlame_Private(verdict, "%s: array %s: expected real numbers, found integers", file->path, name);
  else if (stored->contiguous && file->rank == 0 && !stat(file->path, &status) && (PetscInt64)status.st_size < end)
    SinewBlame_Private(verdict, "%s: truncated: array %s ends at byte %lld, the file at %lld", file->path, name,
                       (long long)end, (long long)status.st_size);
}

PetscErrorCode SinewExtractCreate(SinewFile file, const char name[], SinewExtract *extract)
{
  Verdict verdict = VERDICT_GOOD;
  Stored stored;
  SinewExtract x;

  PetscFunctionBeginUser;
  *extract = NULL;
  PetscCall(SinewFileCheckAlive_Private(file, PETSC_FALSE));
  PetscCall(SinewFileLookUp_Private(file, name, &stored));
  judge(file, name, &stored, &verdict);
  PetscCall(SinewFileVerdict_Private(file, &verdict));
  PetscCall(PetscNew(&x));
  PetscCall(PetscStrallocpy(file->path, &x->path));
  PetscCall(PetscStrallocpy(name, &x->name));
  x->stored = stored;
  x->fd = -1;
  x->h5 = H5I_INVALID_HID;
  *extract = x;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewExtractRest(SinewExtract x)
{
  PetscFunctionBeginUser;
  if (x->fd >= 0) close(x->fd);
  if (x->h5 >= 0) H5Fclose(x->h5);
  x->fd = -1;
  x->h5 = H5I_INVALID_HID;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewExtractDestroy(SinewExtract *extract)
{
  SinewExtract x = *extract;

  PetscFunctionBeginUser;
  if (!x) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewExtractRest(x));
  PetscCall(PetscFree(x->raw));
  PetscCall(PetscFree(x->path));
  PetscCall(PetscFree(x->name));
  PetscCall(PetscFree(*extract));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int SinewExtractRank(SinewExtract x)
{
  return x->stored.rank;
}

const PetscInt64 *SinewExtractShape(SinewExtract x)
{
  return x->stored.shape;
}

const char *SinewExtractPath(SinewExtract x)
{
  return x->path;
}

const char *SinewExtractName(SinewExtract x)
{
  return x->name;
}

/* ---- contiguous arrays ---- */

/* A box as it lies in the file: `lines` of `line` elements, `pitch` apart, repeated over the axes before `outer`. */
typedef struct {
  int outer; /* axes before it are looped over */
  PetscInt64 lines, line, pitch, stride[SINEW_ARRAY_RANK_MAX], first;
} Lines;

static Lines lines_of(const Stored *s, const PetscInt64 start[], const PetscInt64 count[])
{
  Lines l = {.outer = 0, .lines = 1, .line = 1, .pitch = 1};
  int d = s->rank - 1;

  for (PetscInt64 stride = 1, axis = s->rank - 1; axis >= 0; axis--) {
    l.stride[axis] = stride;
    l.first += start[axis] * stride;
    stride *= s->shape[axis];
  }
  while (d > 0 && count[d] == s->shape[d]) d--; /* axes after d are read whole */
  if (d < 0) return l;
  l.line = count[d] * l.stride[d];
  l.pitch = s->shape[d] * l.stride[d];
  if (d > 0) l.lines = count[d - 1];
  l.outer = PetscMax(d - 1, 0);
  return l;
}

static PetscErrorCode open_descriptor(SinewExtract x, int *code)
{
  PetscFunctionBeginUser;
  *code = 0;
  if (x->fd < 0) x->fd = open(x->path, O_RDONLY | O_CLOEXEC);
  if (x->fd < 0) *code = errno;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode reserve(SinewExtract x, size_t bytes)
{
  PetscFunctionBeginUser;
  if (bytes <= x->raw_size) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree(x->raw));
  PetscCall(PetscMalloc(bytes, &x->raw));
  x->raw_size = bytes;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The lines that begin at element `first`, one after the other, to `to`. */
static PetscErrorCode read_lines(SinewExtract x, const Lines *l, PetscInt64 first, char *to, int *code)
{
  const size_t size = x->stored.type_size, line = (size_t)l->line * size;
  const PetscInt64 at = x->stored.offset + first * (PetscInt64)size;

  PetscFunctionBeginUser;
  if (l->lines == 1 || l->pitch == l->line)
    *code = SinewReadBytes_Private(x->fd, to, line * (size_t)l->lines, at);
  else if (l->pitch <= SIEVE * l->line) {
    const size_t span = (size_t)((l->lines - 1) * l->pitch + l->line) * size;

    PetscCall(reserve(x, span));
    *code = SinewReadBytes_Private(x->fd, x->raw, span, at);
    for (PetscInt64 k = 0; !*code && k < l->lines; k++)
      memcpy(to + (size_t)k * line, x->raw + (size_t)(k * l->pitch) * size, line);
  } else {
    for (PetscInt64 k = 0; !*code && k < l->lines; k++)
      *code = SinewReadBytes_Private(x->fd, to + (size_t)k * line, line, at + k * l->pitch * (PetscInt64)size);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The next index of the axes before `outer`, as an odometer; false after the last. */
static PetscBool advance(int outer, const PetscInt64 count[], PetscInt64 index[])
{
  for (int d = outer - 1; d >= 0; d--) {
    if (++index[d] < count[d]) return PETSC_TRUE;
    index[d] = 0;
  }
  return PETSC_FALSE;
}

static PetscErrorCode read_contiguous(SinewExtract x, const PetscInt64 start[], const PetscInt64 count[], char *to,
                                      int *code)
{
  const Lines l = lines_of(&x->stored, start, count);
  PetscInt64 index[SINEW_ARRAY_RANK_MAX] = {0};

  PetscFunctionBeginUser;
  PetscCall(open_descriptor(x, code));
  if (*code) PetscFunctionReturn(PETSC_SUCCESS);
  do {
    PetscInt64 first = l.first;

    for (int d = 0; d < l.outer; d++) first += index[d] * l.stride[d];
    PetscCall(read_lines(x, &l, first, to, code));
    to += (size_t)(l.lines * l.line) * x->stored.type_size;
  } while (!*code && advance(l.outer, count, index));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewExtractAdvise(SinewExtract x, const PetscInt64 start[], const PetscInt64 count[])
{
  const PetscInt64 size = (PetscInt64)x->stored.type_size;
  PetscInt64 index[SINEW_ARRAY_RANK_MAX] = {0};
  Lines l;
  int code;

  PetscFunctionBeginUser;
  if (!x->stored.contiguous || !SinewArrayElements_Private(x->stored.rank, count)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(open_descriptor(x, &code));
  if (code) PetscFunctionReturn(PETSC_SUCCESS); /* the read will say so */
  l = lines_of(&x->stored, start, count);
  do {
    PetscInt64 first = l.first;

    for (int d = 0; d < l.outer; d++) first += index[d] * l.stride[d];
    (void)posix_fadvise(x->fd, (off_t)(x->stored.offset + first * size),
                        (off_t)(((l.lines - 1) * l.pitch + l.line) * size), POSIX_FADV_WILLNEED);
  } while (advance(l.outer, count, index));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* To doubles, in place. */
static PetscBool convert(SinewExtract x, size_t n, double data[])
{
  hid_t type = H5Tdecode(x->stored.encoded);
  PetscBool good = PETSC_TRUE;

  if (type < 0) return PETSC_FALSE;
  if (H5Tequal(type, H5T_NATIVE_DOUBLE) <= 0)
    good = (PetscBool)(H5Tconvert(type, H5T_NATIVE_DOUBLE, n, data, NULL, H5P_DEFAULT) >= 0);
  H5Tclose(type);
  return good;
}

/* ---- the others ---- */

static PetscBool read_slab(SinewExtract x, const PetscInt64 start[], const PetscInt64 count[], double data[])
{
  Silence silence = SinewSilenceH5_Private();
  hsize_t from[SINEW_ARRAY_RANK_MAX] = {0}, n[SINEW_ARRAY_RANK_MAX] = {0};
  const int rank = x->stored.rank;
  hid_t set, space, memory;
  herr_t code = -1;

  for (int d = 0; d < rank; d++) {
    from[d] = (hsize_t)start[d];
    n[d] = (hsize_t)count[d];
  }
  if (x->h5 < 0) {
    hid_t list = SinewAccessList_Private();

    x->h5 = H5Fopen(x->path, H5F_ACC_RDONLY, list);
    H5Pclose(list);
  }
  set = x->h5 < 0 ? H5I_INVALID_HID : H5Dopen2(x->h5, x->name, H5P_DEFAULT);
  space = set < 0 ? H5I_INVALID_HID : H5Dget_space(set);
  memory = rank ? H5Screate_simple(rank, n, NULL) : H5Screate(H5S_SCALAR);
  if (space >= 0 && (!rank || H5Sselect_hyperslab(space, H5S_SELECT_SET, from, NULL, n, NULL) >= 0))
    code = H5Dread(set, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, data);
  H5Sclose(memory);
  if (space >= 0) H5Sclose(space);
  if (set >= 0) H5Dclose(set);
  SinewRestoreH5_Private(silence);
  return (PetscBool)(code >= 0);
}

PetscErrorCode SinewExtractRead(SinewExtract x, const PetscInt64 start[], const PetscInt64 count[], double data[],
                                PetscBool *ok, size_t size, char why[])
{
  const size_t n = (size_t)SinewArrayElements_Private(x->stored.rank, count);
  PetscLogEvent event;
  int code = 0;

  PetscFunctionBeginUser;
  *ok = PETSC_TRUE;
  if (size) why[0] = 0;
  if (!n) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewFileEvent_Private(EVENT_READ, &event));
  PetscCall(PetscLogEventBegin(event, 0, 0, 0, 0));
  if (x->stored.contiguous) {
    PetscCall(read_contiguous(x, start, count, (char *)data, &code));
    *ok = (PetscBool)(!code && convert(x, n, data));
  } else
    *ok = read_slab(x, start, count, data);
  PetscCall(PetscLogEventEnd(event, 0, 0, 0, 0));
  if (*ok) PetscFunctionReturn(PETSC_SUCCESS);
  snprintf(why, size, "%s: array %s cannot be read: %s", x->path, x->name,
           code < 0 ? "the file ends too early"
           : code   ? strerror(code)
                    : "HDF5 says that it is damaged");
  PetscFunctionReturn(PETSC_SUCCESS);
}
