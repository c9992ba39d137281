#include "io/arrays_private.h"
#include "io/crc32c.h"
#include <stdlib.h>
#include <string.h>

/* Writing, reading and verifying arrays. */

#define BLOCK ((PetscInt64)4 << 20)

PetscErrorCode SinewFileSpread_Private(SinewFile file, void *data, PetscInt64 bytes)
{
  PetscFunctionBeginUser;
  for (PetscInt64 done = 0; done < bytes; done += 1 << 30) {
    const PetscInt64 n = PetscMin(bytes - done, 1 << 30);

    PetscCallMPI(MPI_Bcast((char *)data + done, (PetscMPIInt)n, MPI_BYTE, 0, file->comm));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The box that this rank moves; of a replicated array rank 0 moves all. */
static PetscErrorCode box_moved(SinewFile file, const SinewArray *array, SinewArray *box)
{
  PetscBool good = PETSC_TRUE, failed;
  char why[256];

  PetscFunctionBeginUser;
  PetscCheck(array->rank >= 0 && array->rank <= SINEW_ARRAY_RANK_MAX, file->comm, PETSC_ERR_ARG_OUTOFRANGE,
             "%s: array %s has rank %d", file->path, array->name, array->rank);
  *box = *array;
  for (int d = 0; d < array->rank; d++) {
    if (!array->distributed) {
      box->start[d] = 0;
      box->count[d] = file->rank == 0 ? array->shape[d] : 0;
    }
    if (box->start[d] < 0 || box->count[d] < 0 || box->start[d] + box->count[d] > array->shape[d]) good = PETSC_FALSE;
  }
  /* Where there are no axes, no count says that the others hold nothing: they lend one of zero. */
  if (array->rank == 0) {
    box->rank = 1;
    box->shape[0] = 1;
    box->start[0] = 0;
    box->count[0] = file->rank == 0;
  }
  PetscCall(SinewAgree(file->comm, good, "box outside of the array", &failed, sizeof(why), why));
  PetscCheck(!failed, file->comm, PETSC_ERR_ARG_OUTOFRANGE, "%s: array %s: %s", file->path, array->name, why);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- writing ---- */
static hid_t make_dataset(hid_t file, const SinewArray *array)
{
  hid_t links = H5Pcreate(H5P_LINK_CREATE), plist = H5Pcreate(H5P_DATASET_CREATE), space, set;
  hsize_t shape[SINEW_ARRAY_RANK_MAX];

  for (int d = 0; d < array->rank; d++) shape[d] = (hsize_t)array->shape[d];
  H5Pset_create_intermediate_group(links, 1);
  H5Pset_layout(plist, H5D_CONTIGUOUS);
  H5Pset_alloc_time(plist, H5D_ALLOC_TIME_EARLY);
  H5Pset_fill_time(plist, H5D_FILL_TIME_NEVER);
  space = array->rank ? H5Screate_simple(array->rank, shape, NULL) : H5Screate(H5S_SCALAR);
  set = H5Dcreate2(file, array->name, SinewDtypeH5_Private(array->dtype), space, links, plist, H5P_DEFAULT);
  H5Sclose(space);
  H5Pclose(plist);
  H5Pclose(links);
  return set;
}

static void remember_region(SinewFile file, PetscInt64 offset, PetscInt64 bytes, Verdict *verdict)
{
  if (file->regions == file->regions_size) {
    const size_t size = 2 * file->regions_size + 16;
    Region *grown = realloc(file->region, size * sizeof(Region));

    if (!grown) {
      SinewBlame_Private(verdict, "cannot write %s: out of memory", file->path);
      return;
    }
    file->region = grown;
    file->regions_size = size;
  }
  file->region[file->regions++] = (Region){offset, bytes};
}

/* Rank 0: makes the array in HDF5's view; where its bytes go. */
static void lay_out(SinewFile file, const SinewArray *array, PetscInt64 bytes, PetscInt64 *offset, Verdict *verdict)
{
  Silence silence = SinewSilenceH5_Private();
  hid_t set = make_dataset(file->h5, array);
  haddr_t address = set < 0 ? HADDR_UNDEF : H5Dget_offset(set);

  *offset = 0;
  if (set < 0 || (bytes && address == HADDR_UNDEF))
    SinewBlame_Private(verdict, "cannot write %s: array %s cannot be made (is it there already?)", file->path,
                       array->name);
  else if (bytes) {
    *offset = (PetscInt64)address;
    remember_region(file, *offset, bytes, verdict);
  }
  if (set >= 0) H5Dclose(set);
  SinewRestoreH5_Private(silence);
}

static void write_checksum(SinewFile file, const char name[], uint32_t crc, Verdict *verdict)
{
  Silence silence = SinewSilenceH5_Private();
  hid_t set = H5Dopen2(file->h5, name, H5P_DEFAULT), space = H5Screate(H5S_SCALAR), attribute;

  attribute = H5Acreate2(set, "crc32c", H5T_STD_U32LE, space, H5P_DEFAULT, H5P_DEFAULT);
  if (attribute < 0 || H5Awrite(attribute, H5T_NATIVE_UINT32, &crc) < 0)
    SinewBlame_Private(verdict, "cannot write %s: HDF5 cannot note the checksum of %s", file->path, name);
  if (attribute >= 0) H5Aclose(attribute);
  H5Sclose(space);
  if (set >= 0) H5Dclose(set);
  SinewRestoreH5_Private(silence);
}

PetscErrorCode SinewFileWrite(SinewFile file, const SinewArray *array)
{
  Verdict verdict = VERDICT_GOOD;
  const size_t size = SinewDtypeSize(array->dtype);
  PetscInt64 offset = 0;
  PetscLogEvent event;
  PetscBool whole;
  uint32_t crc;
  SinewArray box;

  PetscFunctionBeginUser;
  PetscCall(SinewFileCheckAlive_Private(file, PETSC_TRUE));
  PetscCall(box_moved(file, array, &box));
  PetscCall(SinewFileEvent_Private(EVENT_WRITE, &event));
  PetscCall(PetscLogEventBegin(event, 0, 0, 0, 0));
  if (file->rank == 0)
    lay_out(file, array, SinewArrayElements_Private(array->rank, array->shape) * (PetscInt64)size, &offset, &verdict);
  PetscCall(SinewFileVerdict_Private(file, &verdict));
  PetscCallMPI(MPI_Bcast(&offset, 1, MPIU_INT64, 0, file->comm));
  PetscCall(SinewFileTransfer_Private(file, TRANSFER_WRITE, &box, size, offset, array->data, &crc, &whole, &verdict));
  if (file->rank == 0) write_checksum(file, array->name, crc, &verdict);
  PetscCall(PetscLogEventEnd(event, 0, 0, 0, 0));
  PetscCall(SinewFileVerdict_Private(file, &verdict));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- in parts ---- */
struct _p_SinewParts {
  SinewFile file;
  SinewArray whole;
  char name[PETSC_MAX_PATH_LEN];
  PetscInt64 offset, row_bytes, rows; /* rows written */
  uint32_t crc;
};

PetscErrorCode SinewPartsCreate(SinewFile file, const SinewArray *whole, SinewParts *parts)
{
  Verdict verdict = VERDICT_GOOD;
  SinewParts p;

  PetscFunctionBeginUser;
  PetscCall(SinewFileCheckAlive_Private(file, PETSC_TRUE));
  PetscCheck(whole->rank > 0 && whole->shape[0] > 0, file->comm, PETSC_ERR_ARG_OUTOFRANGE, "%s: array %s has no rows",
             file->path, whole->name);
  PetscCall(PetscNew(&p));
  p->file = file;
  p->whole = *whole;
  PetscCall(PetscStrncpy(p->name, whole->name, sizeof(p->name)));
  p->whole.name = p->name;
  p->row_bytes =
      SinewArrayElements_Private(whole->rank - 1, whole->shape + 1) * (PetscInt64)SinewDtypeSize(whole->dtype);
  *parts = p;
  if (file->rank == 0) lay_out(file, &p->whole, whole->shape[0] * p->row_bytes, &p->offset, &verdict);
  PetscCall(SinewFileVerdict_Private(file, &verdict));
  PetscCallMPI(MPI_Bcast(&p->offset, 1, MPIU_INT64, 0, file->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewPartsWrite(SinewParts p, PetscInt64 row, const SinewArray *part)
{
  Verdict verdict = VERDICT_GOOD;
  const PetscInt64 after = p->whole.shape[0] - row - part->shape[0];
  PetscBool same = (PetscBool)(part->rank == p->whole.rank && part->dtype == p->whole.dtype && row >= 0 && after >= 0);
  PetscLogEvent event;
  PetscBool all;
  uint32_t crc;
  SinewArray box;

  PetscFunctionBeginUser;
  PetscCall(SinewFileCheckAlive_Private(p->file, PETSC_TRUE));
  for (int d = 1; same && d < part->rank; d++) same = (PetscBool)(part->shape[d] == p->whole.shape[d]);
  PetscCheck(same, p->file->comm, PETSC_ERR_ARG_SIZ, "%s: the part does not fit into array %s", p->file->path, p->name);
  PetscCall(box_moved(p->file, part, &box));
  PetscCall(SinewFileEvent_Private(EVENT_WRITE, &event));
  PetscCall(PetscLogEventBegin(event, 0, 0, 0, 0));
  PetscCall(SinewFileTransfer_Private(p->file, TRANSFER_WRITE, &box, SinewDtypeSize(part->dtype),
                                      p->offset + row * p->row_bytes, part->data, &crc, &all, &verdict));
  PetscCall(PetscLogEventEnd(event, 0, 0, 0, 0));
  p->crc ^= SinewCrc32cShift(crc, (uint64_t)(after * p->row_bytes));
  p->rows += part->shape[0];
  PetscCall(SinewFileVerdict_Private(p->file, &verdict));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewPartsFinish(SinewParts *parts)
{
  Verdict verdict = VERDICT_GOOD;
  SinewParts p = *parts;

  PetscFunctionBeginUser;
  PetscCheck(p->rows == p->whole.shape[0], p->file->comm, PETSC_ERR_ORDER,
             "%s: %" PetscInt64_FMT " of %" PetscInt64_FMT " rows of array %s were written", p->file->path, p->rows,
             p->whole.shape[0], p->name);
  if (p->file->rank == 0) write_checksum(p->file, p->name, p->crc, &verdict);
  PetscCall(SinewFileVerdict_Private(p->file, &verdict));
  PetscCall(PetscFree(*parts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- through HDF5: layouts that are not ours ---- */
static void read_through_h5(SinewFile file, const char name[], const SinewArray *box, hid_t type, void *data,
                            Verdict *verdict)
{
  Silence silence = SinewSilenceH5_Private();
  hsize_t start[SINEW_ARRAY_RANK_MAX], count[SINEW_ARRAY_RANK_MAX];
  hid_t set = SinewFileOpenH5_Private(file) < 0 ? -1 : H5Dopen2(file->h5, name, H5P_DEFAULT);
  hid_t space = set < 0 ? -1 : H5Dget_space(set), memory = H5I_INVALID_HID;

  for (int d = 0; d < box->rank; d++) {
    start[d] = (hsize_t)box->start[d];
    count[d] = (hsize_t)box->count[d];
  }
  if (space >= 0) {
    const int rank = H5Sget_simple_extent_ndims(space);

    memory = rank ? H5Screate_simple(rank, count, NULL) : H5Screate(H5S_SCALAR);
    if (rank) H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL);
  }
  if (memory < 0 || H5Dread(set, type, memory, space, H5P_DEFAULT, data) < 0)
    SinewBlame_Private(verdict, "%s: array %s is damaged (HDF5 cannot read it)", file->path, name);
  if (memory >= 0) H5Sclose(memory);
  if (space >= 0) H5Sclose(space);
  if (set >= 0) H5Dclose(set);
  SinewRestoreH5_Private(silence);
}

/* Rank 0: the checksum, rows at a time. */
static void sum_through_h5(SinewFile file, const char name[], const Stored *stored, uint32_t *crc, Verdict *verdict)
{
  SinewArray box = {.rank = stored->rank};
  const PetscInt64 rows = stored->rank ? stored->shape[0] : 1, row = stored->elements / PetscMax(rows, 1);
  const PetscInt64 bytes = row * (PetscInt64)stored->type_size;
  PetscInt64 most = PetscMax(1, BLOCK / PetscMax(bytes, 1));
  hid_t type = H5Tdecode(stored->encoded);
  char *block;

  most = PetscMin(most, PetscMax(rows, 1));
  block = malloc((size_t)(most * bytes) + 1);
  if (!block) SinewBlame_Private(verdict, "%s: out of memory", file->path);
  *crc = 0;
  for (int d = 0; d < stored->rank; d++) box.count[d] = stored->shape[d];
  for (PetscInt64 at = 0; verdict->ok && stored->elements && at < rows; at += most) {
    box.start[0] = at;
    box.count[0] = PetscMin(most, rows - at);
    read_through_h5(file, name, &box, type, block, verdict);
    *crc = SinewCrc32c(*crc, block, (size_t)(box.count[0] * bytes));
  }
  free(block);
  H5Tclose(type);
}

/* ---- reading ---- */
static void shape_text(int rank, const PetscInt64 shape[], size_t size, char text[])
{
  size_t n = 0;

  text[0] = 0;
  for (int d = 0; d < rank && n < size; d++)
    n += (size_t)snprintf(text + n, size - n, "%s%lld", d ? "x" : "", (long long)shape[d]);
  if (!rank) snprintf(text, size, "() (a single number)");
}

static void judge_shape(SinewFile file, const SinewArray *array, const Stored *stored, Verdict *verdict)
{
  char here[160], there[160];
  PetscBool same = (PetscBool)(array->rank == stored->rank);

  for (int d = 0; same && d < array->rank; d++) same = (PetscBool)(array->shape[d] == stored->shape[d]);
  if (same) return;
  shape_text(stored->rank, stored->shape, sizeof(there), there);
  shape_text(array->rank, array->shape, sizeof(here), here);
  SinewBlame_Private(verdict, "%s: array %s has shape %s, expected %s", file->path, array->name, there, here);
}

static void judge_checksum(SinewFile file, const char name[], const Stored *stored, uint32_t crc, Verdict *verdict)
{
  if (stored->has_crc && stored->crc != crc)
    SinewBlame_Private(verdict, "%s: array %s is damaged (checksum 0x%08x stored, 0x%08x read)", file->path, name,
                       stored->crc, crc);
}

/* An array in our layout: the box in the file's type, verified, then converted. */
static PetscErrorCode read_box(SinewFile file, const SinewArray *array, const SinewArray *box, const Stored *stored,
                               Verdict *verdict)
{
  const size_t n = (size_t)SinewArrayElements_Private(box->rank, box->count), size = SinewDtypeSize(array->dtype);
  hid_t stored_type = H5Tdecode(stored->encoded), type = SinewDtypeH5_Private(array->dtype);
  const PetscBool same = (PetscBool)(H5Tequal(stored_type, type) > 0);
  void *raw = array->data;
  PetscBool whole;
  uint32_t crc;

  PetscFunctionBeginUser;
  if (!same) PetscCall(PetscMalloc(n * PetscMax(size, stored->type_size) + 1, &raw));
  PetscCall(SinewFileTransfer_Private(file, TRANSFER_READ, box, stored->type_size, stored->offset, raw, &crc, &whole,
                                      verdict));
  if (whole) judge_checksum(file, array->name, stored, crc, verdict);
  if (!same) {
    if (n && H5Tconvert(stored_type, type, n, raw, NULL, H5P_DEFAULT) < 0)
      SinewBlame_Private(verdict, "%s: array %s cannot be converted", file->path, array->name);
    else if (n)
      memcpy(array->data, raw, n * size);
    PetscCall(PetscFree(raw));
  }
  H5Tclose(stored_type);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_foreign(SinewFile file, const SinewArray *array, const SinewArray *box, const Stored *stored,
                                   Verdict *verdict)
{
  PetscInt64 mine = SinewArrayElements_Private(box->rank, box->count), all;
  uint32_t crc;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Allreduce(&mine, &all, 1, MPIU_INT64, MPI_SUM, file->comm));
  if (mine) read_through_h5(file, array->name, box, SinewDtypeH5_Private(array->dtype), array->data, verdict);
  if (file->rank == 0 && stored->has_crc && all >= stored->elements && verdict->ok) {
    sum_through_h5(file, array->name, stored, &crc, verdict);
    judge_checksum(file, array->name, stored, crc, verdict);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFileRead(SinewFile file, SinewArray *array)
{
  Verdict verdict = VERDICT_GOOD;
  PetscLogEvent event;
  SinewArray box;
  Stored stored;

  PetscFunctionBeginUser;
  PetscCall(SinewFileCheckAlive_Private(file, PETSC_FALSE));
  PetscCall(SinewFileLookUp_Private(file, array->name, &stored));
  SinewFileJudge_Private(file, array->name, &stored, &verdict);
  judge_shape(file, array, &stored, &verdict);
  PetscCall(SinewFileVerdict_Private(file, &verdict));
  PetscCall(box_moved(file, array, &box));
  PetscCall(SinewFileEvent_Private(EVENT_READ, &event));
  PetscCall(PetscLogEventBegin(event, 0, 0, 0, 0));
  if (stored.contiguous)
    PetscCall(read_box(file, array, &box, &stored, &verdict));
  else
    PetscCall(read_foreign(file, array, &box, &stored, &verdict));
  PetscCall(PetscLogEventEnd(event, 0, 0, 0, 0));
  PetscCall(SinewFileVerdict_Private(file, &verdict));
  if (!array->distributed)
    PetscCall(SinewFileSpread_Private(file, array->data, stored.elements * (PetscInt64)SinewDtypeSize(array->dtype)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- verifying ---- */
static PetscErrorCode verify_stored(SinewFile file, const char name[], const Stored *stored, Verdict *verdict)
{
  SinewArray shape = {.name = name, .rank = stored->rank};
  PetscBool whole;
  uint32_t crc = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscArraycpy(shape.shape, stored->shape, SINEW_ARRAY_RANK_MAX));
  if (stored->contiguous) {
    PetscCall(SinewFileTransfer_Private(file, TRANSFER_VERIFY, &shape, stored->type_size, stored->offset, NULL, &crc,
                                        &whole, verdict));
    if (whole) judge_checksum(file, name, stored, crc, verdict);
  } else if (file->rank == 0) {
    sum_through_h5(file, name, stored, &crc, verdict);
    judge_checksum(file, name, stored, crc, verdict);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFileVerifyArray(SinewFile file, const char name[], SinewVerdict *result, size_t size, char why[])
{
  Verdict verdict = VERDICT_GOOD;
  char line[sizeof(verdict.why)];
  PetscLogEvent event;
  PetscBool failed;
  Stored stored;

  PetscFunctionBeginUser;
  PetscCall(SinewFileCheckAlive_Private(file, PETSC_FALSE));
  PetscCall(SinewFileEvent_Private(EVENT_VERIFY, &event));
  PetscCall(PetscLogEventBegin(event, 0, 0, 0, 0));
  PetscCall(SinewFileLookUp_Private(file, name, &stored));
  if (stored.damaged || !stored.found || stored.hollow)
    SinewFileJudge_Private(file, name, &stored, &verdict);
  else if (stored.readable && stored.has_crc)
    PetscCall(verify_stored(file, name, &stored, &verdict));
  PetscCall(SinewAgree(file->comm, verdict.ok, verdict.why, &failed, sizeof(line), line));
  PetscCall(PetscLogEventEnd(event, 0, 0, 0, 0));
  if (failed)
    *result = SINEW_DAMAGED;
  else
    *result = stored.readable && stored.has_crc ? SINEW_VERIFIED : SINEW_UNVERIFIED;
  PetscCall(PetscStrncpy(why, line, size));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The names below /, or the reason why there are none. */
static PetscErrorCode list_all(SinewFile file, PetscInt *count, char ***names, PetscBool *failed, size_t size,
                               char why[])
{
  PetscErrorCode code;

  PetscFunctionBeginUser;
  *failed = PETSC_FALSE;
  PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  code = SinewFileList(file, "/", count, names);
  PetscCall(PetscPopErrorHandler());
  if (code == SINEW_ERR_INPUT) {
    *failed = PETSC_TRUE;
    PetscCall(PetscSNPrintf(why, size, "%s: damaged (its groups cannot be read)", file->path));
  } else
    PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFileVerify(SinewFile file, PetscBool *ok, size_t size, char why[])
{
  SinewVerdict result = SINEW_VERIFIED;
  PetscInt count = 0;
  char **names = NULL;
  PetscBool failed;

  PetscFunctionBeginUser;
  PetscCall(SinewFileCheckAlive_Private(file, PETSC_FALSE));
  why[0] = 0;
  PetscCall(list_all(file, &count, &names, &failed, size, why));
  for (PetscInt i = 0; i < count; i++) {
    if (result != SINEW_DAMAGED) PetscCall(SinewFileVerifyArray(file, names[i], &result, size, why));
    PetscCall(PetscFree(names[i]));
  }
  PetscCall(PetscFree(names));
  *ok = (PetscBool)(!failed && result != SINEW_DAMAGED);
  PetscFunctionReturn(PETSC_SUCCESS);
}
