#define _GNU_SOURCE /* memfd_create */
#include "io/arrays_private.h"
#include "io/crc32c.h"
#include "io/publish.h"
#include "io/safetensors_private.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- verdicts, silence, events ---- */
void SinewBlame_Private(Verdict *verdict, const char format[], ...)
{
  va_list list;

  if (!verdict->ok) return;
  verdict->ok = PETSC_FALSE;
  va_start(list, format);
  vsnprintf(verdict->why, sizeof(verdict->why), format, list);
  va_end(list);
}

Silence SinewSilenceH5_Private(void)
{
  Silence silence;

  H5Eget_auto2(H5E_DEFAULT, &silence.print, &silence.context);
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  return silence;
}

void SinewRestoreH5_Private(Silence silence)
{
  H5Eset_auto2(H5E_DEFAULT, silence.print, silence.context);
}

PetscErrorCode SinewFileEvent_Private(FileEvent which, PetscLogEvent *event)
{
  static const char *const names[EVENT_COUNT] = {"SinewFileWrite", "SinewFileRead", "SinewFilePublish",
                                                 "SinewFileVerify"};
  static PetscLogEvent events[EVENT_COUNT];
  static PetscBool registered = PETSC_FALSE;
  PetscClassId class;

  PetscFunctionBeginUser;
  if (!registered) {
    PetscCall(PetscClassIdRegister("Sinew files", &class));
    for (int i = 0; i < EVENT_COUNT; i++) PetscCall(PetscLogEventRegister(names[i], class, &events[i]));
    registered = PETSC_TRUE;
  }
  *event = events[which];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- opening ---- */
static PetscErrorCode file_new(MPI_Comm comm, const char path[], PetscBool writing, SinewFile *out)
{
  SinewFile file;
  size_t length;

  PetscFunctionBeginUser;
  PetscCall(PetscStrlen(path, &length));
  PetscCheck(length + 6 < sizeof(file->disk), comm, writing ? SINEW_ERR_OUTPUT : SINEW_ERR_INPUT, "%s: %s", path,
             strerror(ENAMETOOLONG));
  PetscCall(PetscNew(&file));
  PetscCall(PetscCommDuplicate(comm, &file->comm, &file->tag));
  PetscCallMPI(MPI_Comm_rank(file->comm, &file->rank));
  PetscCallMPI(MPI_Comm_size(file->comm, &file->size));
  snprintf(file->path, sizeof(file->path), "%s", path);
  snprintf(file->disk, sizeof(file->disk), "%s%s", path, writing ? ".part" : "");
  file->writing = writing;
  file->h5 = H5I_INVALID_HID;
  file->fd = file->memory = -1;
  *out = file;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Closes whatever is open on this rank. */
static void file_shut(SinewFile file)
{
  Silence silence = SinewSilenceH5_Private();

  if (file->h5 >= 0) H5Fclose(file->h5);
  SinewRestoreH5_Private(silence);
  if (file->fd >= 0) close(file->fd);
  if (file->memory >= 0) close(file->memory);
  file->h5 = H5I_INVALID_HID;
  file->fd = file->memory = -1;
}

static PetscErrorCode file_free(SinewFile *file)
{
  PetscFunctionBeginUser;
  file_shut(*file);
  free((*file)->region);
  PetscCall(PetscCommDestroy(&(*file)->comm));
  PetscCall(PetscFree(*file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

hid_t SinewAccessList_Private(void)
{
  hid_t list = H5Pcreate(H5P_FILE_ACCESS);

  /* Objects of version 1.8: checksums over all metadata, and attributes beyond 64 KiB. */
  H5Pset_libver_bounds(list, H5F_LIBVER_V18, H5F_LIBVER_LATEST);
  /* Large arrays start on a page. */
  H5Pset_alignment(list, 65536, 4096);
#if H5_VERSION_GE(1, 10, 7) && !(H5_VERS_MAJOR == 1 && H5_VERS_MINOR == 12 && H5_VERS_RELEASE == 0)
  /* Files are published whole, so locks guard nothing; parallel file systems often lack them. */
  H5Pset_file_locking(list, 0, 1);
#endif
  return list;
}

/* Rank 0: HDF5's view of a new file, in memory. */
static void create_view(SinewFile file, Verdict *verdict)
{
  Silence silence = SinewSilenceH5_Private();
  hid_t list = SinewAccessList_Private();
  char name[64];

  file->memory = memfd_create("sinew", MFD_CLOEXEC);
  if (file->memory < 0) {
    SinewBlame_Private(verdict, "cannot write %s: %s", file->path, strerror(errno));
  } else {
    snprintf(name, sizeof(name), "/proc/self/fd/%d", file->memory);
    H5Pset_fapl_stdio(list); /* the others resolve the link, which leads nowhere */
    file->h5 = H5Fcreate(name, H5F_ACC_TRUNC, H5P_DEFAULT, list);
    if (file->h5 < 0) SinewBlame_Private(verdict, "cannot write %s: HDF5 cannot lay it out", file->path);
  }
  H5Pclose(list);
  SinewRestoreH5_Private(silence);
}

PetscErrorCode SinewFileCreate(MPI_Comm comm, const char path[], SinewFile *out)
{
  Verdict verdict = VERDICT_GOOD;
  PetscBool failed;
  char why[sizeof(verdict.why)];
  SinewFile file;

  PetscFunctionBeginUser;
  *out = NULL;
  PetscCall(file_new(comm, path, PETSC_TRUE, &file));
  if (file->rank == 0) {
    file->fd = open(file->disk, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file->fd < 0)
      SinewBlame_Private(&verdict, "cannot write %s: %s", path, strerror(errno));
    else
      create_view(file, &verdict);
  }
  PetscCall(SinewAgree(file->comm, verdict.ok, verdict.why, &failed, sizeof(why), why));
  if (failed) {
    if (file->fd >= 0) unlink(file->disk);
    PetscCall(file_free(&file));
  }
  PetscCheck(!failed, comm, SINEW_ERR_OUTPUT, "%s", why);
  *out = file;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: HDF5 sees the file if it is what was sealed, or has no seal. */
static void open_view(SinewFile file, Verdict *verdict)
{
  PetscBool sealed;

  SinewSealCheck_Private(file, &sealed, verdict);
  if (!verdict->ok) return;
  if (SinewFileOpenH5_Private(file) < 0)
    SinewBlame_Private(verdict, "%s: not an HDF5 file or truncated", file->path);
  else if (!sealed)
    SinewSealMissing_Private(file, verdict);
}

PetscErrorCode SinewFileOpen(MPI_Comm comm, const char path[], SinewFile *out)
{
  Verdict verdict = VERDICT_GOOD;
  PetscBool failed;
  char why[sizeof(verdict.why)];
  SinewFile file;

  PetscFunctionBeginUser;
  *out = NULL;
  PetscCall(file_new(comm, path, PETSC_FALSE, &file));
  if (file->rank == 0) {
    int code = SinewFileDescriptor_Private(file);

    if (code)
      SinewBlame_Private(&verdict, "%s: %s", path, strerror(code));
    else if (SinewSafetensorsIs_Private(file))
      SinewSafetensorsOpen_Private(file, &verdict);
    else
      open_view(file, &verdict);
  }
  PetscCall(SinewAgree(file->comm, verdict.ok, verdict.why, &failed, sizeof(why), why));
  if (failed) PetscCall(file_free(&file));
  PetscCheck(!failed, comm, SINEW_ERR_INPUT, "%s", why);
  *out = file;
  PetscFunctionReturn(PETSC_SUCCESS);
}

hid_t SinewFileOpenH5_Private(SinewFile file)
{
  Silence silence = SinewSilenceH5_Private();

  if (file->h5 < 0) {
    hid_t list = SinewAccessList_Private();

    file->h5 = H5Fopen(file->disk, H5F_ACC_RDONLY, list);
    H5Pclose(list);
  }
  SinewRestoreH5_Private(silence);
  return file->h5;
}

int SinewFileDescriptor_Private(SinewFile file)
{
  if (file->fd < 0) file->fd = open(file->disk, (file->writing ? O_RDWR : O_RDONLY) | O_CLOEXEC);
  return file->fd < 0 ? errno : 0;
}

/* ---- closing ---- */
/* Collective when writing: no rank may hold the file when it goes. */
static PetscErrorCode file_discard(SinewFile file)
{
  PetscFunctionBeginUser;
  file_shut(file);
  if (file->writing && !file->dead) {
    PetscCallMPI(MPI_Barrier(file->comm));
    if (file->rank == 0) unlink(file->disk);
  }
  file->dead = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFileClose(SinewFile *file)
{
  PetscFunctionBeginUser;
  if (!*file) PetscFunctionReturn(PETSC_SUCCESS);
  if ((*file)->writing) PetscCall(file_discard(*file));
  PetscCall(file_free(file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFileVerdict_Private(SinewFile file, const Verdict *verdict)
{
  PetscBool failed;
  char why[sizeof(verdict->why)];

  PetscFunctionBeginUser;
  PetscCall(SinewAgree(file->comm, verdict->ok, verdict->why, &failed, sizeof(why), why));
  if (failed && file->writing) PetscCall(file_discard(file));
  PetscCheck(!failed, file->comm, file->writing ? SINEW_ERR_OUTPUT : SINEW_ERR_INPUT, "%s", why);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFileCheckAlive_Private(SinewFile file, PetscBool writing)
{
  PetscFunctionBeginUser;
  PetscCheck(!file->dead, file->comm, SINEW_ERR_OUTPUT, "cannot write %s: an earlier write failed", file->path);
  PetscCheck(file->writing == writing, file->comm, PETSC_ERR_FILE_UNEXPECTED, "%s was opened for %s", file->path,
             file->writing ? "writing" : "reading");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- publishing ---- */
static int by_offset(const void *a, const void *b)
{
  PetscInt64 x = ((const Region *)a)->offset, y = ((const Region *)b)->offset;

  return (x > y) - (x < y);
}

/* *crc goes on with what is copied. */
static int copy_bytes(int from, int to, PetscInt64 begin, PetscInt64 end, uint32_t *crc)
{
  char block[65536];

  while (begin < end) {
    PetscInt64 left = end - begin;
    size_t n = left < (PetscInt64)sizeof(block) ? (size_t)left : sizeof(block);
    int code = SinewReadBytes_Private(from, block, n, begin);

    if (!code) code = SinewWriteBytes_Private(to, block, n, begin);
    if (code) return code;
    *crc = SinewCrc32c(*crc, block, n);
    begin += (PetscInt64)n;
  }
  return 0;
}

/* Copies HDF5's view into the file, all but the arrays, and seals it: 0, an errno, or -1 when HDF5 fails. */
static int write_view(SinewFile file)
{
  Silence silence = SinewSilenceH5_Private();
  PetscInt64 done = 0;
  struct stat status;
  uint32_t crc = 0;
  int code = H5Fclose(file->h5) < 0 ? -1 : 0;

  SinewRestoreH5_Private(silence);
  file->h5 = H5I_INVALID_HID;
  if (code || fstat(file->memory, &status)) return code ? code : errno;
  if (ftruncate(file->fd, status.st_size)) return errno;
  if (file->regions) qsort(file->region, file->regions, sizeof(Region), by_offset);
  for (size_t i = 0; i < file->regions && !code; i++) {
    code = copy_bytes(file->memory, file->fd, done, file->region[i].offset, &crc);
    done = file->region[i].offset + file->region[i].bytes;
  }
  if (!code) code = copy_bytes(file->memory, file->fd, done, status.st_size, &crc);
  return code ? code : SinewSealWrite_Private(file, status.st_size, crc);
}

/* Forces this rank's bytes to disk: on some file systems only the writer can, and only here errors
 * show. */
static int sync_rank(SinewFile file)
{
  int code = 0;

  if (file->fd < 0) return 0;
  if (fsync(file->fd)) code = errno;
  if (close(file->fd) && !code) code = errno;
  file->fd = -1;
  return code;
}

static void blame_code(SinewFile file, int code, Verdict *verdict)
{
  if (code)
    SinewBlame_Private(verdict, "cannot write %s: %s", file->path,
                       code > 0 ? strerror(code) : "HDF5 cannot lay it out");
}

PetscErrorCode SinewFilePublish(SinewFile *out)
{
  Verdict verdict = VERDICT_GOOD;
  SinewFile file = *out;
  PetscLogEvent event;
  PetscBool failed;
  char why[sizeof(verdict.why)];

  PetscFunctionBeginUser;
  PetscCheck(file->writing, file->comm, PETSC_ERR_FILE_UNEXPECTED, "%s was opened for reading", file->path);
  PetscCall(SinewFileEvent_Private(EVENT_PUBLISH, &event));
  PetscCall(PetscLogEventBegin(event, 0, 0, 0, 0));
  if (file->dead)
    SinewBlame_Private(&verdict, "cannot write %s: an earlier write failed", file->path);
  else if (file->rank == 0)
    blame_code(file, write_view(file), &verdict);
  blame_code(file, sync_rank(file), &verdict);
  PetscCall(SinewAgree(file->comm, verdict.ok, verdict.why, &failed, sizeof(why), why));
  if (!failed) {
    if (file->rank == 0) blame_code(file, SinewPublishName(file->disk, file->path), &verdict);
    PetscCall(SinewAgree(file->comm, verdict.ok, verdict.why, &failed, sizeof(why), why));
  }
  if (failed) PetscCall(file_discard(file));
  PetscCall(file_free(out));
  PetscCall(PetscLogEventEnd(event, 0, 0, 0, 0));
  PetscCheck(!failed, PETSC_COMM_WORLD /* the file's own may be gone */, SINEW_ERR_OUTPUT, "%s", why);
  PetscFunctionReturn(PETSC_SUCCESS);
}

const char *SinewFilePath(SinewFile file)
{
  return file->path;
}

MPI_Comm SinewFileComm(SinewFile file)
{
  return file->comm;
}
