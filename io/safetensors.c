/*
  Reading safetensors: the header becomes an HDF5 file in memory whose arrays lie outside of it, in
  the safetensors file. So everything behind io/arrays.h works on it as on a file of our own.
*/
#include "io/safetensors.h"
#include "io/safetensors_private.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define HEADER_MAX ((uint64_t)100000000) /* the format's own limit */
#define LENGTH     8                     /* bytes of the header's length */

typedef struct {
  const char *name; /* owned by the header */
  const SafetensorsDtype *dtype;
  int rank;
  hsize_t shape[H5S_MAX_RANK];
  PetscInt64 begin, end; /* bytes, from the first tensor's */
} Tensor;

typedef struct {
  const char *path;
  Verdict *verdict;
  json_t *header;
  PetscInt64 data, bytes; /* where the tensors' bytes begin in the file, and how many there are */
  size_t count;
  Tensor *tensor;
  PetscBool prefixed; /* all names begin with "model." */
} Reader;

#define blame(r, ...) SinewBlame_Private((r)->verdict, __VA_ARGS__)

const SafetensorsDtype SafetensorsDtypes[] = {
    {"F64", 8, SAFETENSORS_FLOAT, 11},   {"F32", 4, SAFETENSORS_FLOAT, 8},   {"F16", 2, SAFETENSORS_FLOAT, 5},
    {"BF16", 2, SAFETENSORS_FLOAT, 8},   {"I64", 8, SAFETENSORS_SIGNED, 0},  {"I32", 4, SAFETENSORS_SIGNED, 0},
    {"I16", 2, SAFETENSORS_SIGNED, 0},   {"I8", 1, SAFETENSORS_SIGNED, 0},   {"U32", 4, SAFETENSORS_UNSIGNED, 0},
    {"U16", 2, SAFETENSORS_UNSIGNED, 0}, {"U8", 1, SAFETENSORS_UNSIGNED, 0}, {"BOOL", 1, SAFETENSORS_UNSIGNED, 0},
    {NULL, 0, SAFETENSORS_UNSIGNED, 0},
};

const struct SafetensorsNormaliser SafetensorsNormalisers[SAFETENSORS_NORMALISERS] = {
    {"normalizer.mean", "/mean"},
    {"normalizer.sd", "/sd"},
};

PetscBool SinewSafetensorsName(const char path[])
{
  static const char ending[] = ".safetensors";
  const size_t n = strlen(path), m = sizeof(ending) - 1;

  return (PetscBool)(n >= m && !strcmp(path + n - m, ending));
}

PetscBool SinewSafetensorsIs_Private(SinewFile file)
{
  static const unsigned char hdf5[] = {0x89, 'H', 'D', 'F'};
  unsigned char first[LENGTH + 1];

  if (SinewReadBytes_Private(file->fd, first, sizeof(first), 0)) return SinewSafetensorsName(file->path);
  if (!memcmp(first, hdf5, sizeof(hdf5))) return PETSC_FALSE;
  return (PetscBool)(SinewSafetensorsName(file->path) || first[LENGTH] == '{');
}

/* ---- the header ---- */

static uint64_t little_endian(const unsigned char bytes[LENGTH])
{
  uint64_t value = 0;

  for (int k = LENGTH - 1; k >= 0; --k) value = value << 8 | bytes[k];
  return value;
}

static void read_header(Reader *r, int fd)
{
  unsigned char first[LENGTH];
  struct stat status;
  json_error_t error;
  uint64_t length;
  char *text;

  if (fstat(fd, &status) || status.st_size < LENGTH || SinewReadBytes_Private(fd, first, LENGTH, 0)) {
    blame(r, "%s: not a safetensors file or truncated", r->path);
    return;
  }
  length = little_endian(first);
  if (length > HEADER_MAX || length > (uint64_t)status.st_size - LENGTH) {
    blame(r, "%s: header of %llu bytes in a file of %lld: truncated, or not a safetensors file", r->path,
          (unsigned long long)length, (long long)status.st_size);
    return;
  }
  r->data = LENGTH + (PetscInt64)length;
  r->bytes = (PetscInt64)status.st_size - r->data;
  text = malloc((size_t)length + 1);
  if (!text || SinewReadBytes_Private(fd, text, (size_t)length, LENGTH))
    blame(r, "%s: header cannot be read", r->path);
  else {
    r->header = json_loadb(text, (size_t)length, JSON_REJECT_DUPLICATES, &error);
    if (!r->header)
      blame(r, "%s: header is no JSON: %s at its byte %d", r->path, error.text, error.position);
    else if (!json_is_object(r->header))
      blame(r, "%s: header is no JSON object", r->path);
  }
  free(text);
}

/* ---- tensors ---- */

static const SafetensorsDtype *dtype_named(const char *name)
{
  for (const SafetensorsDtype *d = SafetensorsDtypes; name && d->name; ++d)
    if (!strcmp(d->name, name)) return d;
  return NULL;
}

/* A count or an offset: a non-negative integer. */
static PetscBool natural(const json_t *value, PetscInt64 *out)
{
  if (!json_is_integer(value) || json_integer_value(value) < 0) return PETSC_FALSE;
  *out = (PetscInt64)json_integer_value(value);
  return PETSC_TRUE;
}

/* Reads the shape; *bytes is what it takes, no more than `most` + 1. */
static PetscBool read_shape(const json_t *shape, Tensor *t, PetscInt64 most, PetscInt64 *bytes)
{
  PetscInt64 n = (PetscInt64)t->dtype->size, extent;
  PetscBool empty = PETSC_FALSE;

  if (!json_is_array(shape) || json_array_size(shape) > H5S_MAX_RANK) return PETSC_FALSE;
  t->rank = (int)json_array_size(shape);
  for (int d = 0; d < t->rank; ++d) {
    if (!natural(json_array_get(shape, (size_t)d), &extent)) return PETSC_FALSE;
    t->shape[d] = (hsize_t)extent;
    if (!extent) empty = PETSC_TRUE;
    if (extent && n <= most) n = extent > most / n ? most + 1 : n * extent;
  }
  *bytes = empty ? 0 : n;
  return PETSC_TRUE;
}

static void read_tensor(Reader *r, const char *name, const json_t *entry, Tensor *t)
{
  const char *dtype = json_string_value(json_object_get(entry, "dtype"));
  const json_t *offsets = json_object_get(entry, "data_offsets");
  PetscInt64 bytes = 0;

  *t = (Tensor){.name = name, .dtype = dtype_named(dtype)};
  if (!t->dtype)
    blame(r, "%s: tensor %s is of dtype %s, which is not read (F64, F32, F16, BF16, BOOL and integers are)", r->path,
          name, dtype ? dtype : "(none)");
  else if (!read_shape(json_object_get(entry, "shape"), t, r->bytes, &bytes))
    blame(r, "%s: tensor %s has no valid shape", r->path, name);
  else if (json_array_size(offsets) != 2 || !natural(json_array_get(offsets, 0), &t->begin) ||
           !natural(json_array_get(offsets, 1), &t->end) || t->begin > t->end)
    blame(r, "%s: tensor %s has no valid data_offsets", r->path, name);
  else if (t->end > r->bytes)
    blame(r, "%s: tensor %s ends %lld bytes after the end of the file", r->path, name, (long long)(t->end - r->bytes));
  else if (t->end - t->begin != bytes)
    blame(r, "%s: tensor %s has %lld bytes, and its shape does not need as many", r->path, name,
          (long long)(t->end - t->begin));
}

static int by_begin(const void *a, const void *b)
{
  const Tensor *x = a, *y = b;

  if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
  return (x->end > y->end) - (x->end < y->end);
}

/* Each byte belongs to one tensor. */
static void check_places(Reader *r)
{
  PetscInt64 done = 0;

  for (size_t k = 0; k < r->count; ++k) {
    const Tensor *t = &r->tensor[k];

    if (t->begin < done)
      blame(r, "%s: tensors %s and %s overlap", r->path, r->tensor[k - 1].name, t->name);
    else if (t->begin > done)
      blame(r, "%s: %lld bytes before tensor %s belong to none", r->path, (long long)(t->begin - done), t->name);
    done = t->end;
  }
  if (done < r->bytes) blame(r, "%s: the last %lld bytes belong to no tensor", r->path, (long long)(r->bytes - done));
}

static void read_tensors(Reader *r)
{
  const char *name;
  json_t *entry;

  r->tensor = calloc(json_object_size(r->header) + 1, sizeof(*r->tensor));
  if (!r->tensor) {
    blame(r, "%s: out of memory", r->path);
    return;
  }
  r->prefixed = PETSC_TRUE;
  json_object_foreach(r->header, name, entry)
  {
    if (!strcmp(name, SAFETENSORS_METADATA)) continue;
    read_tensor(r, name, entry, &r->tensor[r->count++]);
    if (strncmp(name, "normalizer.", 11) && strncmp(name, "model.", 6)) r->prefixed = PETSC_FALSE;
  }
  qsort(r->tensor, r->count, sizeof(*r->tensor), by_begin);
  if (r->verdict->ok) check_places(r);
}

/* ---- the view ---- */

/* IEEE-like floats with `exponent` bits of exponent; the caller closes. */
static hid_t type_of(const SafetensorsDtype *d)
{
  const size_t bits = 8 * d->size, mantissa = bits - 1 - (size_t)d->exponent;
  hid_t type;

  if (d->class != SAFETENSORS_FLOAT) {
    type = H5Tcopy(d->class == SAFETENSORS_SIGNED ? H5T_STD_I64LE : H5T_STD_U64LE);
    H5Tset_size(type, d->size);
    return type;
  }
  type = H5Tcopy(H5T_IEEE_F64LE);
  H5Tset_fields(type, bits - 1, mantissa, (size_t)d->exponent, 0, mantissa);
  H5Tset_size(type, d->size);
  H5Tset_ebias(type, ((size_t)1 << (d->exponent - 1)) - 1);
  return type;
}

/* The name in the view, and one axis instead of several for a normaliser. */
static void place_of(const Reader *r, Tensor *t, size_t size, char name[])
{
  const char *stem = r->prefixed && !strncmp(t->name, "model.", 6) ? t->name + 6 : t->name;

  for (int k = 0; k < SAFETENSORS_NORMALISERS; ++k)
    if (!strcmp(t->name, SafetensorsNormalisers[k].tensor)) {
      const hsize_t n = (hsize_t)(t->end - t->begin) / t->dtype->size;

      (void)snprintf(name, size, "%s", SafetensorsNormalisers[k].array);
      t->rank = 1;
      t->shape[0] = n;
      return;
    }
  (void)snprintf(name, size, "/weights/%s", stem);
}

static void make_array(Reader *r, hid_t h5, Tensor *t)
{
  hid_t links = H5Pcreate(H5P_LINK_CREATE), plist = H5Pcreate(H5P_DATASET_CREATE), type = type_of(t->dtype), space, set;
  char name[PETSC_MAX_PATH_LEN];

  place_of(r, t, sizeof(name), name);
  H5Pset_create_intermediate_group(links, 1);
  if (t->end > t->begin) H5Pset_external(plist, r->path, (off_t)(r->data + t->begin), (hsize_t)(t->end - t->begin));
  space = t->rank ? H5Screate_simple(t->rank, t->shape, NULL) : H5Screate(H5S_SCALAR);
  set = H5Dcreate2(h5, name, type, space, links, plist, H5P_DEFAULT);
  if (set < 0)
    blame(r, "%s: tensor %s cannot be shown as array %s", r->path, t->name, name);
  else
    H5Dclose(set);
  H5Sclose(space);
  H5Tclose(type);
  H5Pclose(plist);
  H5Pclose(links);
}

/* The numbers that make up a text, at most `most`; 0 when there is anything else. Integers only: *whole. */
static size_t numbers_in(const char *text, size_t most, double real[], long long integer[], PetscBool *whole)
{
  size_t n = 0;

  for (*whole = PETSC_TRUE; *text; ++n) {
    char *end, *end_of_integer;

    if (n == most || strspn(text, "0123456789+-.eE ") != strlen(text)) return 0;
    real[n] = strtod(text, &end);
    integer[n] = strtoll(text, &end_of_integer, 10);
    if (end == text || !isfinite(real[n])) return 0;
    if (end != end_of_integer) *whole = PETSC_FALSE;
    if (*end && *end != ' ') return 0;
    text = end + strspn(end, " ");
  }
  return n;
}

static void make_attribute(Reader *r, hid_t group, const char *key, const char *text)
{
  double real[ATTRIBUTE_MAX];
  long long integer[ATTRIBUTE_MAX];
  PetscBool whole;
  const size_t n = numbers_in(text, ATTRIBUTE_MAX, real, integer, &whole);
  const hsize_t length = n;
  hid_t type = H5Tcopy(n ? whole ? H5T_NATIVE_LLONG : H5T_NATIVE_DOUBLE : H5T_C_S1), attribute;
  hid_t space = n > 1 ? H5Screate_simple(1, &length, NULL) : H5Screate(H5S_SCALAR);
  const void *value = n ? whole ? (const void *)integer : real : &text;

  if (!n) {
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
  }
  attribute = H5Acreate2(group, key, type, space, H5P_DEFAULT, H5P_DEFAULT);
  if (attribute < 0 || H5Awrite(attribute, type, value) < 0)
    blame(r, "%s: %s entry %s cannot be shown as an attribute", r->path, SAFETENSORS_METADATA, key);
  if (attribute >= 0) H5Aclose(attribute);
  H5Sclose(space);
  H5Tclose(type);
}

static void make_attributes(Reader *r, hid_t h5)
{
  json_t *metadata = json_object_get(r->header, SAFETENSORS_METADATA), *value;
  hid_t group = H5Gcreate2(h5, "/config", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  hid_t root = H5Gopen2(h5, "/", H5P_DEFAULT);
  const char *key;

  make_attribute(r, root, "format", "safetensors");
  if (metadata && !json_is_object(metadata)) blame(r, "%s: %s is no object of texts", r->path, SAFETENSORS_METADATA);
  json_object_foreach(metadata, key, value)
  {
    if (!json_is_string(value))
      blame(r, "%s: %s entry %s is no text", r->path, SAFETENSORS_METADATA, key);
    else
      make_attribute(r, group, key, json_string_value(value));
  }
  H5Gclose(root);
  H5Gclose(group);
}

static hid_t make_view(Reader *r)
{
  hid_t list = H5Pcreate(H5P_FILE_ACCESS), h5;

  H5Pset_libver_bounds(list, H5F_LIBVER_V18, H5F_LIBVER_LATEST);
  H5Pset_fapl_core(list, 1 << 20, 0);
  h5 = H5Fcreate(r->path, H5F_ACC_TRUNC, H5P_DEFAULT, list); /* in memory alone: the name is but a name */
  H5Pclose(list);
  if (h5 < 0) {
    blame(r, "%s: HDF5 cannot make a view of it", r->path);
    return h5;
  }
  make_attributes(r, h5);
  for (size_t k = 0; k < r->count && r->verdict->ok; ++k) make_array(r, h5, &r->tensor[k]);
  return h5;
}

void SinewSafetensorsOpen_Private(SinewFile file, Verdict *verdict)
{
  Reader r = {.path = file->path, .verdict = verdict};
  Silence silence = SinewSilenceH5_Private();

  read_header(&r, file->fd);
  if (verdict->ok) read_tensors(&r);
  if (verdict->ok) file->h5 = make_view(&r);
  file->foreign = PETSC_TRUE;
  free(r.tensor);
  json_decref(r.header);
  SinewRestoreH5_Private(silence);
}
