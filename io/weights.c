/* Files of networks from one format to the other. */
#include "io/weights.h"
#include "io/safetensors.h"
#include "io/safetensors_private.h"
#include <string.h>

PetscBool SinewWeightsArray_Private(const char name[])
{
  for (int k = 0; k < SAFETENSORS_NORMALISERS; ++k)
    if (!strcmp(name, SafetensorsNormalisers[k].array)) return PETSC_TRUE;
  return (PetscBool)!strncmp(name, WEIGHTS_GROUP, sizeof(WEIGHTS_GROUP) - 1);
}

/* Calls a reader of attributes of one type; `good` tells whether the attribute is of that. */
#define TRY(call, good)                                              \
  do {                                                               \
    PetscErrorCode code_;                                            \
    PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL)); \
    code_ = (call);                                                  \
    PetscCall(PetscPopErrorHandler());                               \
    (good) = (PetscBool)!code_;                                      \
    if (code_ != SINEW_ERR_INPUT) PetscCall(code_);                  \
  } while (0)

PetscErrorCode SinewAttributeRead_Private(SinewFile file, const char name[], const char key[], Attribute *a)
{
  PetscBool good;

  PetscFunctionBeginUser;
  a->kind = ATTRIBUTE_TEXT;
  TRY(SinewFileReadString(file, name, key, &a->text), good);
  if (good) PetscFunctionReturn(PETSC_SUCCESS);
  a->text = NULL;
  a->kind = ATTRIBUTE_INTS;
  TRY(SinewFileReadInts(file, name, key, ATTRIBUTE_MAX, &a->n, a->integer), good);
  if (good) PetscFunctionReturn(PETSC_SUCCESS);
  a->kind = ATTRIBUTE_REALS;
  TRY(SinewFileReadReals(file, name, key, ATTRIBUTE_MAX, &a->n, a->real), good);
  PetscCheck(good, file->comm, SINEW_ERR_INPUT, "%s: attribute %s of %s is neither a text nor at most %d numbers",
             file->path, key, name, ATTRIBUTE_MAX);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode copy_attribute(SinewFile from, SinewFile to, const char key[])
{
  Attribute a;

  PetscFunctionBeginUser;
  PetscCall(SinewAttributeRead_Private(from, "/config", key, &a));
  switch (a.kind) {
  case ATTRIBUTE_TEXT: PetscCall(SinewFileWriteString(to, "/config", key, a.text)); break;
  case ATTRIBUTE_INTS: PetscCall(SinewFileWriteInts(to, "/config", key, a.n, a.integer)); break;
  case ATTRIBUTE_REALS: PetscCall(SinewFileWriteReals(to, "/config", key, a.n, a.real)); break;
  }
  PetscCall(PetscFree(a.text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode copy_attributes(SinewFile from, SinewFile to)
{
  PetscInt count;
  char **keys;

  PetscFunctionBeginUser;
  PetscCall(SinewFileListAttributes(from, "/config", &count, &keys));
  for (PetscInt k = 0; k < count; ++k) {
    PetscCall(copy_attribute(from, to, keys[k]));
    PetscCall(PetscFree(keys[k]));
  }
  PetscCall(PetscFree(keys));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode copy_array(SinewFile from, SinewFile to, const char name[])
{
  SinewArray array;
  PetscBool exists;
  size_t n;

  PetscFunctionBeginUser;
  PetscCall(SinewFileInquire(from, name, &exists, &array));
  n = (size_t)SinewArrayElements_Private(array.rank, array.shape);
  PetscCall(PetscMalloc(n * SinewDtypeSize(array.dtype) + 1, &array.data));
  PetscCall(SinewFileRead(from, &array));
  PetscCall(SinewFileWrite(to, &array));
  PetscCall(PetscFree(array.data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Counts what a file of a network holds; copies it unless `to` is NULL. */
static PetscErrorCode visit(SinewFile from, SinewFile to, SinewWeightsSize *size)
{
  PetscInt count;
  char **names;

  PetscFunctionBeginUser;
  *size = (SinewWeightsSize){0};
  PetscCall(SinewFileList(from, "/", &count, &names));
  for (PetscInt k = 0; k < count; ++k) {
    if (SinewWeightsArray_Private(names[k])) {
      SinewArray array;
      PetscBool exists;

      PetscCall(SinewFileInquire(from, names[k], &exists, &array));
      size->arrays++;
      size->values += SinewArrayElements_Private(array.rank, array.shape);
      if (to) PetscCall(copy_array(from, to, names[k]));
    }
    PetscCall(PetscFree(names[k]));
  }
  PetscCall(PetscFree(names));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_hdf5(SinewFile from, SinewFile *to, SinewWeightsSize *size)
{
  PetscFunctionBeginUser;
  PetscCall(copy_attributes(from, *to));
  PetscCall(visit(from, *to, size));
  PetscCall(SinewFilePublish(to));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_copy(SinewFile from, const char to[], SinewWeightsSize *size)
{
  SinewFile target = NULL;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(visit(from, NULL, size));
  PetscCheck(size->arrays, from->comm, SINEW_ERR_INPUT, "%s: has no arrays in /weights", from->path);
  if (SinewSafetensorsName(to)) {
    PetscCall(SinewSafetensorsWrite(from, to));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(SinewFileCreate(from->comm, to, &target));
  code = write_hdf5(from, &target, size);
  PetscCall(SinewFileClose(&target));
  PetscFunctionReturn(code);
}

PetscErrorCode SinewWeightsConvert(MPI_Comm comm, const char from[], const char to[], SinewWeightsSize *size)
{
  PetscErrorCode code;
  SinewFile source;

  PetscFunctionBeginUser;
  PetscCall(SinewFileOpen(comm, from, &source));
  code = write_copy(source, to, size); /* a mistake leaves nothing open */
  PetscCall(SinewFileClose(&source));
  PetscFunctionReturn(code);
}
