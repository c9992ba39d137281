/* Writing safetensors: the header from what a file holds, then its arrays one after the other. */
#include "io/publish.h"
#include "io/safetensors.h"
#include "io/safetensors_private.h"
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX 32

typedef struct {
  SinewFile from;
  MPI_Comm comm;
  const char *path;
  char part[PETSC_MAX_PATH_LEN];
  json_t *header;
  PetscInt64 bytes; /* of arrays so far */
  PetscInt count;
  char **names;
  FILE *out; /* rank 0 */
} Writer;

static const char *const dtype_names[] = {"F64", "F32", "I64", "I32", "U8"}; /* by SinewDtype */

/* The tensor that an array becomes. */
static const char *tensor_of(const char *array)
{
  for (int k = 0; k < SAFETENSORS_NORMALISERS; ++k)
    if (!strcmp(array, SafetensorsNormalisers[k].array)) return SafetensorsNormalisers[k].tensor;
  return array + sizeof(WEIGHTS_GROUP) - 1;
}

/* ---- header ---- */

static PetscErrorCode add_array(Writer *w, const char name[])
{
  json_t *entry, *shape;
  SinewArray array;
  PetscBool exists;
  PetscInt64 bytes;

  PetscFunctionBeginUser;
  PetscCall(SinewFileInquire(w->from, name, &exists, &array));
  bytes = SinewArrayElements_Private(array.rank, array.shape) * (PetscInt64)SinewDtypeSize(array.dtype);
  shape = json_array();
  for (int d = 0; d < array.rank; ++d) json_array_append_new(shape, json_integer(array.shape[d]));
  entry = json_pack("{s:s, s:o, s:[I, I]}", "dtype", dtype_names[array.dtype], "shape", shape, "data_offsets",
                    (json_int_t)w->bytes, (json_int_t)(w->bytes + bytes));
  PetscCheck(!json_object_set_new(w->header, tensor_of(name), entry), w->comm, SINEW_ERR_OUTPUT,
             "cannot write %s: array %s has no name that JSON can hold", w->path, name);
  w->bytes += bytes;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Numbers as a text that is read as the same numbers. */
static void numbers_text(const Attribute *a, size_t size, char text[])
{
  size_t used = 0;

  text[0] = 0;
  for (PetscInt k = 0; k < a->n; ++k) {
    char number[NUMBER_MAX];

    if (a->kind == ATTRIBUTE_INTS)
      (void)snprintf(number, sizeof(number), "%lld", (long long)a->integer[k]);
    else {
      (void)snprintf(number, sizeof(number) - 1, "%.17g", a->real[k]);
      if (!strpbrk(number, ".en")) (void)strcat(number, "."); /* a real remains one */
    }
    used += (size_t)snprintf(text + used, size - used, "%s%s", k ? " " : "", number);
  }
}

static PetscErrorCode add_attribute(Writer *w, json_t *metadata, const char key[])
{
  char numbers[NUMBER_MAX * ATTRIBUTE_MAX];
  Attribute a;
  int failed;

  PetscFunctionBeginUser;
  PetscCall(SinewAttributeRead_Private(w->from, "/config", key, &a));
  if (a.kind != ATTRIBUTE_TEXT) numbers_text(&a, sizeof(numbers), numbers);
  failed = json_object_set_new(metadata, key, json_string(a.kind == ATTRIBUTE_TEXT ? a.text : numbers));
  PetscCall(PetscFree(a.text));
  PetscCheck(!failed, w->comm, SINEW_ERR_INPUT, "%s: attribute %s of /config is no UTF-8", SinewFilePath(w->from), key);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_attributes(Writer *w)
{
  json_t *metadata = json_object();
  PetscInt count;
  char **keys;

  PetscFunctionBeginUser;
  json_object_set_new(w->header, SAFETENSORS_METADATA, metadata);
  PetscCall(SinewFileListAttributes(w->from, "/config", &count, &keys));
  for (PetscInt k = 0; k < count; ++k) {
    PetscCall(add_attribute(w, metadata, keys[k]));
    PetscCall(PetscFree(keys[k]));
  }
  PetscCall(PetscFree(keys));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode make_header(Writer *w)
{
  PetscFunctionBeginUser;
  w->header = json_object();
  PetscCall(add_attributes(w));
  PetscCall(SinewFileList(w->from, "/", &w->count, &w->names));
  for (PetscInt k = 0; k < w->count; ++k) {
    if (SinewWeightsArray_Private(w->names[k])) PetscCall(add_array(w, w->names[k]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- writing ---- */

/* All ranks learn whether rank 0's file is well; what is left of it goes if not. */
static PetscErrorCode agree(Writer *w, int code)
{
  PetscBool failed;
  char why[256];

  PetscFunctionBeginUser;
  PetscCall(SinewAgree(w->comm, (PetscBool)!code, code ? strerror(code) : "", &failed, sizeof(why), why));
  if (failed && w->out) {
    fclose(w->out);
    w->out = NULL;
    remove(w->part);
  }
  PetscCheck(!failed, w->comm, SINEW_ERR_OUTPUT, "cannot write %s: %s", w->path, why);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0: 0 or an errno. The header is padded so that the arrays after it are aligned. */
static int write_header(Writer *w)
{
  char *text = json_dumps(w->header, JSON_COMPACT);
  const size_t n = text ? strlen(text) : 0, padded = (n + 7) / 8 * 8;
  unsigned char length[8];
  int code = 0;

  if (!text) return ENOMEM;
  for (int k = 0; k < 8; ++k) length[k] = (unsigned char)((uint64_t)padded >> 8 * k & 0xff);
  w->out = fopen(w->part, "wb");
  if (!w->out || fwrite(length, 1, 8, w->out) != 8 || fprintf(w->out, "%-*s", (int)padded, text) < 0)
    code = errno ? errno : EIO;
  free(text);
  return code;
}

static PetscErrorCode write_array(Writer *w, const char name[])
{
  SinewArray array;
  PetscBool exists;
  size_t n, size;
  int code = 0;

  PetscFunctionBeginUser;
  PetscCall(SinewFileInquire(w->from, name, &exists, &array));
  n = (size_t)SinewArrayElements_Private(array.rank, array.shape);
  size = SinewDtypeSize(array.dtype);
  PetscCall(PetscMalloc(n * size + 1, &array.data));
  PetscCall(SinewFileRead(w->from, &array));
  errno = 0;
  if (w->out && fwrite(array.data, size, n, w->out) != n) code = errno ? errno : EIO;
  PetscCall(PetscFree(array.data));
  PetscCall(agree(w, code));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int publish(Writer *w)
{
  int code = fclose(w->out) ? errno : 0;

  w->out = NULL;
  if (!code) code = SinewPublishName(w->part, w->path);
  if (code) remove(w->part);
  return code;
}

PetscErrorCode SinewSafetensorsWrite(SinewFile from, const char path[])
{
  Writer w = {.from = from, .comm = from->comm, .path = path};
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  PetscCheck(strlen(path) + 6 < sizeof(w.part), w.comm, SINEW_ERR_OUTPUT, "cannot write %s: %s", path,
             strerror(ENAMETOOLONG));
  (void)snprintf(w.part, sizeof(w.part), "%s.part", path);
  PetscCallMPI(MPI_Comm_rank(w.comm, &rank));
  PetscCall(make_header(&w));
  PetscCall(agree(&w, rank ? 0 : write_header(&w)));
  for (PetscInt k = 0; k < w.count; ++k) {
    if (SinewWeightsArray_Private(w.names[k])) PetscCall(write_array(&w, w.names[k]));
    PetscCall(PetscFree(w.names[k]));
  }
  PetscCall(PetscFree(w.names));
  PetscCall(agree(&w, rank ? 0 : publish(&w)));
  json_decref(w.header);
  PetscFunctionReturn(PETSC_SUCCESS);
}
