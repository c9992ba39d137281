#include "io/arrays_private.h"
#include <stdlib.h>
#include <string.h>

/* What stands in a file: types, shapes and addresses of arrays, and their names. */

#define LEAST_BYTES_OF_GROUP 64 /* its header and the link to it */

static const size_t dtype_size[] = {8, 4, 8, 4, 1};

size_t SinewDtypeSize(SinewDtype dtype)
{
  return dtype_size[dtype];
}

hid_t SinewDtypeH5_Private(SinewDtype dtype)
{
  switch (dtype) {
  case SINEW_FLOAT64: return H5T_NATIVE_DOUBLE;
  case SINEW_FLOAT32: return H5T_NATIVE_FLOAT;
  case SINEW_INT64: return H5T_NATIVE_INT64;
  case SINEW_INT32: return H5T_NATIVE_INT32;
  default: return H5T_NATIVE_UINT8;
  }
}

PetscInt64 SinewArrayElements_Private(int rank, const PetscInt64 extent[])
{
  PetscInt64 n = 1;

  for (int d = 0; d < rank; d++) n *= extent[d];
  return n;
}

/* ---- one array ---- */
/* The narrowest of our types that holds all values of a type; false when none does. */
static PetscBool dtype_holding(hid_t type, SinewDtype *dtype)
{
  const H5T_class_t class = H5Tget_class(type);
  const size_t size = H5Tget_size(type);

  if (size > 8) return PETSC_FALSE;
  if (class == H5T_FLOAT) {
    *dtype = size > 4 ? SINEW_FLOAT64 : SINEW_FLOAT32;
  } else if (class == H5T_INTEGER) {
    const PetscBool sign = (PetscBool)(H5Tget_sign(type) != H5T_SGN_NONE);

    if (size == 1 && !sign)
      *dtype = SINEW_UINT8;
    else
      *dtype = size < 4 || (size == 4 && sign) ? SINEW_INT32 : SINEW_INT64;
  } else
    return PETSC_FALSE;
  return PETSC_TRUE;
}

static PetscBool look_at_type(hid_t set, Stored *stored)
{
  hid_t type = H5Dget_type(set);
  PetscBool good = PETSC_FALSE;

  if (type < 0) return PETSC_FALSE;
  stored->type_size = H5Tget_size(type);
  stored->encoded_size = sizeof(stored->encoded);
  if (dtype_holding(type, &stored->dtype) && H5Tencode(type, stored->encoded, &stored->encoded_size) >= 0)
    good = PETSC_TRUE;
  H5Tclose(type);
  return good;
}

static PetscBool look_at_shape(hid_t set, Stored *stored)
{
  hsize_t shape[H5S_MAX_RANK];
  hid_t space = H5Dget_space(set);
  PetscBool good = PETSC_FALSE;

  if (space < 0) return PETSC_FALSE;
  if (H5Sget_simple_extent_type(space) != H5S_NULL) {
    stored->rank = H5Sget_simple_extent_dims(space, shape, NULL);
    good = (PetscBool)(stored->rank >= 0 && stored->rank <= SINEW_ARRAY_RANK_MAX);
  }
  stored->elements = 1;
  for (int d = 0; good && d < stored->rank; d++) { /* bytes, too, must have a number */
    good = (PetscBool)(!shape[d] || (hsize_t)stored->elements <= (hsize_t)(INT64_MAX / 16) / shape[d]);
    stored->shape[d] = (PetscInt64)shape[d];
    stored->elements *= good ? stored->shape[d] : 0;
  }
  H5Sclose(space);
  return good;
}

/* Where the bytes lie in the file; of a safetensors file HDF5 knows them as another file's. */
static haddr_t offset_of(SinewFile file, hid_t set, hid_t plist)
{
  off_t offset;
  hsize_t bytes;

  if (!file->foreign) return H5Dget_offset(set);
  if (plist < 0 || H5Pget_external(plist, 0, 0, NULL, &offset, &bytes) < 0) return HADDR_UNDEF;
  return (haddr_t)offset;
}

static void look_at_place(SinewFile file, hid_t set, Stored *stored)
{
  hid_t plist = H5Dget_create_plist(set);
  const haddr_t offset = offset_of(file, set, plist);

  stored->contiguous = (PetscBool)(plist >= 0 && H5Pget_layout(plist) == H5D_CONTIGUOUS && offset != HADDR_UNDEF &&
                                   !(stored->type_size & (stored->type_size - 1)) /* whole elements in a chunk */);
  stored->offset = stored->contiguous ? (PetscInt64)offset : 0;
  if (plist >= 0) H5Pclose(plist);
}

/* Deflate makes at most 1032 bytes of one; what was never written has no bytes and reads as zeros, which is fine as
 * long as there are not many. */
static PetscBool is_hollow(hid_t set, const Stored *stored)
{
  const PetscInt64 bytes = stored->elements * (PetscInt64)stored->type_size;

  return (PetscBool)(bytes > 1 << 20 && (hsize_t)(bytes / 1032) > H5Dget_storage_size(set));
}

/* Whether a checksum that is there can be read. */
static PetscBool look_at_checksum(hid_t set, Stored *stored)
{
  const htri_t there = H5Aexists(set, "crc32c");
  PetscBool good = (PetscBool)(there >= 0);
  hid_t attribute, space;

  if (there <= 0) return good;
  attribute = H5Aopen(set, "crc32c", H5P_DEFAULT);
  space = attribute < 0 ? -1 : H5Aget_space(attribute);
  good = (PetscBool)(space >= 0 && H5Sget_simple_extent_npoints(space) == 1 &&
                     H5Aread(attribute, H5T_NATIVE_UINT32, &stored->crc) >= 0);
  stored->has_crc = good;
  if (space >= 0) H5Sclose(space);
  if (attribute >= 0) H5Aclose(attribute);
  return good;
}

/* Whether there is a link of that name: 1, 0, or negative when a group on the way cannot be read. */
htri_t SinewFileLinked_Private(SinewFile file, const char name[])
{
  char path[PETSC_MAX_PATH_LEN];
  htri_t there = 1;

  if (!strcmp(name, "/")) return 1;
  if (strlen(name) >= sizeof(path)) return 0;
  strcpy(path, name);
  for (char *c = path + (path[0] == '/'); there > 0; c++) {
    const char ends = *c;

    if (ends && ends != '/') continue;
    *c = 0;
    there = H5Lexists(file->h5, path, H5P_DEFAULT);
    *c = ends;
    if (!ends) break;
  }
  return there;
}

static void look_up(SinewFile file, const char name[], Stored *stored)
{
  const htri_t there = SinewFileLinked_Private(file, name);
  hid_t object;

  stored->damaged = (PetscBool)(there < 0);
  if (there <= 0) return;
  object = H5Oopen(file->h5, name, H5P_DEFAULT);
  stored->damaged = (PetscBool)(object < 0);
  if (object < 0) return;
  stored->found = (PetscBool)(H5Iget_type(object) == H5I_DATASET);
  if (stored->found) {
    stored->readable = (PetscBool)(look_at_shape(object, stored) && look_at_type(object, stored));
    stored->damaged = (PetscBool)!look_at_checksum(object, stored);
    look_at_place(file, object, stored);
    stored->hollow = (PetscBool)(stored->readable && is_hollow(object, stored));
  }
  H5Oclose(object);
}

PetscErrorCode SinewFileLookUp_Private(SinewFile file, const char name[], Stored *stored)
{
  PetscFunctionBeginUser;
  PetscCall(PetscMemzero(stored, sizeof(*stored)));
  if (file->rank == 0) {
    Silence silence = SinewSilenceH5_Private();

    look_up(file, name, stored);
    SinewRestoreH5_Private(silence);
  }
  PetscCallMPI(MPI_Bcast(stored, (PetscMPIInt)sizeof(*stored), MPI_BYTE, 0, file->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Why an array cannot be read, in `verdict`. */
void SinewFileJudge_Private(SinewFile file, const char name[], const Stored *stored, Verdict *verdict)
{
  if (stored->damaged)
    SinewBlame_Private(verdict, "%s: array %s is damaged (its description cannot be read)", file->path, name);
  else if (!stored->found)
    SinewBlame_Private(verdict, "%s: no array %s", file->path, name);
  else if (!stored->readable)
    SinewBlame_Private(verdict, "%s: array %s is of a type or rank that Sinew does not read", file->path, name);
  else if (stored->hollow)
    SinewBlame_Private(verdict, "%s: array %s claims more values than the file holds", file->path, name);
}

PetscErrorCode SinewFileInquire(SinewFile file, const char name[], PetscBool *exists, SinewArray *array)
{
  Verdict verdict = VERDICT_GOOD;
  Stored stored;

  PetscFunctionBeginUser;
  PetscCall(SinewFileCheckAlive_Private(file, PETSC_FALSE));
  PetscCall(SinewFileLookUp_Private(file, name, &stored));
  *exists = stored.found;
  PetscCall(PetscMemzero(array, sizeof(*array)));
  if (!stored.found && !stored.damaged) PetscFunctionReturn(PETSC_SUCCESS);
  SinewFileJudge_Private(file, name, &stored, &verdict);
  PetscCall(SinewFileVerdict_Private(file, &verdict));
  array->name = name;
  array->dtype = stored.dtype;
  array->rank = stored.rank;
  PetscCall(PetscArraycpy(array->shape, stored.shape, SINEW_ARRAY_RANK_MAX));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- names ---- */
void SinewNamesAdd_Private(Names *names, const char name[])
{
  const size_t n = strlen(name) + 1;

  if (names->used + n > names->size) {
    const size_t size = 2 * names->size + n;
    char *grown = realloc(names->text, size);

    if (!grown) {
      names->failed = PETSC_TRUE;
      return;
    }
    names->text = grown;
    names->size = size;
  }
  memcpy(names->text + names->used, name, n);
  names->used += n;
  names->count++;
}

/* Undecided cases count: reading them says what is wrong. */
static PetscBool of_numbers(hid_t set)
{
  Stored stored = {.found = PETSC_TRUE};
  hid_t type = H5Dget_type(set);
  const H5T_class_t class = type < 0 ? H5T_FLOAT : H5Tget_class(type);

  if (type >= 0) H5Tclose(type);
  if (type < 0) return PETSC_TRUE;
  return (PetscBool)((class == H5T_FLOAT || class == H5T_INTEGER) && look_at_shape(set, &stored));
}

/* Links may close a circle, and two to each next group make a small file look endless: groups are entered by hard links
   alone (what others point to has a path of its own), and no more of them than a file of this size can hold. */
static PetscBool may_enter(hid_t parent, const char name[], Names *names)
{
  H5L_info_t link;

  if (H5Lget_info(parent, name, &link, H5P_DEFAULT) < 0 || link.type != H5L_TYPE_HARD) return PETSC_FALSE;
  if (names->groups-- > 0) return PETSC_TRUE;
  names->failed = PETSC_TRUE;
  return PETSC_FALSE;
}

static void names_below(hid_t file, const char group[], int depth, Names *names)
{
  const PetscBool root = (PetscBool)!group[strspn(group, "/")];
  hid_t id = H5Gopen2(file, group, H5P_DEFAULT);
  H5G_info_t info = {.nlinks = 0};

  if (id < 0 || H5Gget_info(id, &info) < 0) names->failed = PETSC_TRUE;
  for (hsize_t i = 0; !names->failed && i < info.nlinks && depth < 32; i++) {
    char path[PETSC_MAX_PATH_LEN];
    const size_t n = (size_t)snprintf(path, sizeof(path), "%s/", root ? "" : group);
    ssize_t m = n < sizeof(path) ? H5Lget_name_by_idx(id, ".", H5_INDEX_NAME, H5_ITER_INC, i, path + n,
                                                      sizeof(path) - n, H5P_DEFAULT)
                                 : -1;
    hid_t object;

    if (m < 0 || (size_t)m >= sizeof(path) - n) {
      names->failed = PETSC_TRUE;
      break;
    }
    object = H5Oopen(file, path, H5P_DEFAULT);
    /* What cannot be opened is listed: whoever reads it learns that it is damaged. */
    if (object < 0 || (H5Iget_type(object) == H5I_DATASET && of_numbers(object)))
      SinewNamesAdd_Private(names, path);
    else if (H5Iget_type(object) == H5I_GROUP && may_enter(id, path + n, names))
      names_below(file, path, depth + 1, names);
    if (object >= 0) H5Oclose(object);
  }
  if (id >= 0) H5Gclose(id);
}

static int by_name(const void *a, const void *b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

PetscErrorCode SinewNamesShare_Private(SinewFile file, const Verdict *verdict, Names *names, PetscInt *count,
                                       char ***out)
{
  PetscInt64 head[2] = {names->count, (PetscInt64)names->used};
  char *text, *at;

  PetscFunctionBeginUser;
  if (!verdict->ok) free(names->text);
  PetscCall(SinewFileVerdict_Private(file, verdict));
  PetscCallMPI(MPI_Bcast(head, 2, MPIU_INT64, 0, file->comm));
  PetscCall(PetscMalloc1((size_t)head[1] + 1, &text));
  if (names->used) memcpy(text, names->text, names->used);
  free(names->text);
  PetscCall(SinewFileSpread_Private(file, text, head[1]));
  PetscCall(PetscMalloc1((size_t)head[0] + 1, out));
  at = text;
  *count = (PetscInt)head[0];
  for (PetscInt i = 0; i < *count; i++) {
    PetscCall(PetscStrallocpy(at, &(*out)[i]));
    at += strlen(at) + 1;
  }
  PetscCall(PetscFree(text));
  qsort(*out, (size_t)*count, sizeof(**out), by_name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFileList(SinewFile file, const char group[], PetscInt *count, char ***out)
{
  Verdict verdict = VERDICT_GOOD;
  Names names = {0};

  PetscFunctionBeginUser;
  PetscCall(SinewFileCheckAlive_Private(file, PETSC_FALSE));
  if (file->rank == 0) {
    Silence silence = SinewSilenceH5_Private();
    const htri_t there = SinewFileLinked_Private(file, group);
    hsize_t bytes = 0;

    if (H5Fget_filesize(file->h5, &bytes) < 0) names.failed = PETSC_TRUE;
    names.groups = (PetscInt64)(bytes / LEAST_BYTES_OF_GROUP);
    if (there > 0) names_below(file->h5, group, 0, &names);
    if (there < 0 || names.failed)
      SinewBlame_Private(&verdict, "%s: group %s is damaged (it cannot be read)", file->path, group);
    SinewRestoreH5_Private(silence);
  }
  PetscCall(SinewNamesShare_Private(file, &verdict, &names, count, out));
  PetscFunctionReturn(PETSC_SUCCESS);
}
