#include "io/arrays_private.h"
#include <stdlib.h>
#include <string.h>

/* Attributes. Rank 0 knows HDF5's view of the file, everybody learns what it found. */

/* ---- writing ---- */
/* The object, as a new group when it is not there. */
static hid_t object_for(SinewFile file, const char name[])
{
  hid_t links, object;

  if (SinewFileLinked_Private(file, name) > 0) return H5Oopen(file->h5, name, H5P_DEFAULT);
  links = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(links, 1);
  object = H5Gcreate2(file->h5, name, links, H5P_DEFAULT, H5P_DEFAULT);
  H5Pclose(links);
  return object;
}

/* n < 0: a single value, not an array of one. */
static PetscErrorCode write_attribute(SinewFile file, const char name[], const char key[], hid_t stored, hid_t memory,
                                      PetscInt n, const void *value)
{
  Verdict verdict = VERDICT_GOOD;

  PetscFunctionBeginUser;
  if (file->rank == 0) {
    Silence silence = SinewSilenceH5_Private();
    const hsize_t length = (hsize_t)PetscMax(n, 0);
    hid_t object = object_for(file, name), attribute = H5I_INVALID_HID;
    hid_t space = n < 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &length, NULL);

    if (object >= 0) {
      if (H5Aexists(object, key) > 0) H5Adelete(object, key);
      attribute = H5Acreate2(object, key, stored, space, H5P_DEFAULT, H5P_DEFAULT);
    }
    if (attribute < 0 || (n && H5Awrite(attribute, memory, value) < 0))
      SinewBlame_Private(&verdict, "cannot write %s: HDF5 cannot note the attribute %s of %s", file->path, key, name);
    if (attribute >= 0) H5Aclose(attribute);
    H5Sclose(space);
    if (object >= 0) H5Oclose(object);
    SinewRestoreH5_Private(silence);
  }
  PetscCall(SinewFileVerdict_Private(file, &verdict));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFileWriteReals(SinewFile file, const char name[], const char key[], PetscInt n,
                                   const double value[])
{
  PetscFunctionBeginUser;
  PetscCall(SinewFileCheckAlive_Private(file, PETSC_TRUE));
  PetscCall(write_attribute(file, name, key, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, n == 1 ? -1 : n, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFileWriteInts(SinewFile file, const char name[], const char key[], PetscInt n,
                                  const PetscInt64 value[])
{
  PetscFunctionBeginUser;
  PetscCall(SinewFileCheckAlive_Private(file, PETSC_TRUE));
  PetscCall(write_attribute(file, name, key, H5T_STD_I64LE, H5T_NATIVE_INT64, n == 1 ? -1 : n, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Variable length: that is what h5py takes for a str. */
PetscErrorCode SinewFileWriteString(SinewFile file, const char name[], const char key[], const char value[])
{
  hid_t type;

  PetscFunctionBeginUser;
  PetscCall(SinewFileCheckAlive_Private(file, PETSC_TRUE));
  type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  PetscCall(write_attribute(file, name, key, type, type, -1, &value));
  H5Tclose(type);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- reading ---- */
static void blame_attribute(SinewFile file, const char name[], const char key[], const char problem[], Verdict *verdict)
{
  SinewBlame_Private(verdict, "%s: attribute %s of %s %s", file->path, key, name, problem);
}

/* Rank 0: the attribute, or negative; *verdict says when it is there but unreadable. */
static hid_t attribute_open(SinewFile file, const char name[], const char key[], Verdict *verdict)
{
  htri_t there = SinewFileLinked_Private(file, name);
  hid_t attribute = H5I_INVALID_HID;

  if (there > 0) there = H5Aexists_by_name(file->h5, name, key, H5P_DEFAULT);
  if (there > 0) {
    attribute = H5Aopen_by_name(file->h5, name, key, H5P_DEFAULT, H5P_DEFAULT);
    if (attribute < 0) there = -1;
  }
  if (there < 0) blame_attribute(file, name, key, "is damaged", verdict);
  return attribute;
}

static void read_numbers(SinewFile file, const char name[], const char key[], H5T_class_t class, hid_t memory,
                         PetscInt most, PetscInt *n, void *value, Verdict *verdict)
{
  hid_t attribute = attribute_open(file, name, key, verdict), type, space;
  hssize_t count;
  char problem[80];

  if (attribute < 0) return;
  type = H5Aget_type(attribute);
  space = H5Aget_space(attribute);
  count = H5Sget_simple_extent_npoints(space);
  snprintf(problem, sizeof(problem), "has %lld entries, expected at most %lld", (long long)count, (long long)most);
  if (H5Tget_class(type) != H5T_INTEGER && H5Tget_class(type) != class)
    blame_attribute(file, name, key, class == H5T_FLOAT ? "is not made of numbers" : "is not made of integers",
                    verdict);
  else if (count > most)
    blame_attribute(file, name, key, problem, verdict);
  else if (count < 0 || (count && H5Aread(attribute, memory, value) < 0))
    blame_attribute(file, name, key, "is damaged", verdict);
  else
    *n = (PetscInt)count;
  H5Sclose(space);
  H5Tclose(type);
  H5Aclose(attribute);
}

PetscErrorCode SinewFileReadReals(SinewFile file, const char name[], const char key[], PetscInt most, PetscInt *n,
                                  double value[])
{
  Verdict verdict = VERDICT_GOOD;

  PetscFunctionBeginUser;
  PetscCall(SinewFileCheckAlive_Private(file, PETSC_FALSE));
  *n = 0;
  if (file->rank == 0) {
    Silence silence = SinewSilenceH5_Private();

    read_numbers(file, name, key, H5T_FLOAT, H5T_NATIVE_DOUBLE, most, n, value, &verdict);
    SinewRestoreH5_Private(silence);
  }
  PetscCall(SinewFileVerdict_Private(file, &verdict));
  PetscCallMPI(MPI_Bcast(n, 1, MPIU_INT, 0, file->comm));
  PetscCallMPI(MPI_Bcast(value, (PetscMPIInt)*n, MPI_DOUBLE, 0, file->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFileReadInts(SinewFile file, const char name[], const char key[], PetscInt most, PetscInt *n,
                                 PetscInt64 value[])
{
  Verdict verdict = VERDICT_GOOD;

  PetscFunctionBeginUser;
  PetscCall(SinewFileCheckAlive_Private(file, PETSC_FALSE));
  *n = 0;
  if (file->rank == 0) {
    Silence silence = SinewSilenceH5_Private();

    read_numbers(file, name, key, H5T_INTEGER, H5T_NATIVE_INT64, most, n, value, &verdict);
    SinewRestoreH5_Private(silence);
  }
  PetscCall(SinewFileVerdict_Private(file, &verdict));
  PetscCallMPI(MPI_Bcast(n, 1, MPIU_INT, 0, file->comm));
  PetscCallMPI(MPI_Bcast(value, (PetscMPIInt)*n, MPIU_INT64, 0, file->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: a single string of fixed or variable length, malloc'ed; NULL when absent. */
static char *read_text(SinewFile file, const char name[], const char key[], Verdict *verdict)
{
  hid_t attribute = attribute_open(file, name, key, verdict), type, memory, space;
  char *text = NULL, *lent = NULL;
  herr_t code;

  if (attribute < 0) return NULL;
  type = H5Aget_type(attribute);
  space = H5Aget_space(attribute);
  memory = H5Tcopy(H5T_C_S1);
  if (H5Tget_class(type) != H5T_STRING || H5Sget_simple_extent_npoints(space) != 1) {
    blame_attribute(file, name, key, "is not a string", verdict);
  } else if (H5Tis_variable_str(type) > 0) {
    H5Tset_size(memory, H5T_VARIABLE);
    H5Tset_cset(memory, H5Tget_cset(type));
    code = H5Aread(attribute, memory, &lent);
    if (code < 0)
      blame_attribute(file, name, key, "is damaged", verdict);
    else
      text = strdup(lent ? lent : "");
    if (lent) H5Dvlen_reclaim(memory, space, H5P_DEFAULT, &lent);
  } else {
    const size_t size = H5Tget_size(type) + 1;

    H5Tset_size(memory, size);
    H5Tset_cset(memory, H5Tget_cset(type));
    text = calloc(size, 1);
    if (!text || H5Aread(attribute, memory, text) < 0) blame_attribute(file, name, key, "is damaged", verdict);
  }
  H5Tclose(memory);
  H5Sclose(space);
  H5Tclose(type);
  H5Aclose(attribute);
  return text;
}

PetscErrorCode SinewFileReadString(SinewFile file, const char name[], const char key[], char **value)
{
  Verdict verdict = VERDICT_GOOD;
  PetscInt64 length = -1;
  char *text = NULL;

  PetscFunctionBeginUser;
  PetscCall(SinewFileCheckAlive_Private(file, PETSC_FALSE));
  *value = NULL;
  if (file->rank == 0) {
    Silence silence = SinewSilenceH5_Private();

    text = read_text(file, name, key, &verdict);
    SinewRestoreH5_Private(silence);
    if (text) length = (PetscInt64)strlen(text);
  }
  PetscCall(SinewFileVerdict_Private(file, &verdict));
  PetscCallMPI(MPI_Bcast(&length, 1, MPIU_INT64, 0, file->comm));
  if (length >= 0) {
    PetscCall(PetscMalloc1((size_t)length + 1, value));
    if (text) memcpy(*value, text, (size_t)length + 1);
    PetscCall(SinewFileSpread_Private(file, *value, length + 1));
  }
  free(text);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- names ---- */
static herr_t add_key(hid_t object, const char key[], const H5A_info_t *info, void *names)
{
  (void)object, (void)info;
  SinewNamesAdd_Private(names, key);
  return 0;
}

PetscErrorCode SinewFileListAttributes(SinewFile file, const char name[], PetscInt *count, char ***keys)
{
  Verdict verdict = VERDICT_GOOD;
  Names names = {0};

  PetscFunctionBeginUser;
  PetscCall(SinewFileCheckAlive_Private(file, PETSC_FALSE));
  if (file->rank == 0) {
    Silence silence = SinewSilenceH5_Private();
    htri_t there = SinewFileLinked_Private(file, name);

    if (there > 0)
      there = H5Aiterate_by_name(file->h5, name, H5_INDEX_NAME, H5_ITER_INC, NULL, add_key, &names, H5P_DEFAULT);
    if (there < 0 || names.failed)
      SinewBlame_Private(&verdict, "%s: %s is damaged (its attributes cannot be read)", file->path, name);
    SinewRestoreH5_Private(silence);
  }
  PetscCall(SinewNamesShare_Private(file, &verdict, &names, count, keys));
  PetscFunctionReturn(PETSC_SUCCESS);
}
