#ifndef SINEW_TESTS_FUZZ_H
#define SINEW_TESTS_FUZZ_H
/*
  What the fuzzers share. Each is a program of libFuzzer (tests/fuzz/README.md) whose property is the same for all: a
  hostile file ends in one of Sinew's own errors, or is read; never in a crash, a sanitizer's report, a hang, an error
  that is no user error, or memory that the file's size does not justify.

  Files of HDF5 are not mutated as bytes, since HDF5 1.10 itself fails on many: the input is a short program for
  FuzzBuild, which lays out a valid file of hostile content. Bytes are flipped in sealed files alone (io/arrays_seal.c),
  which are refused before HDF5 sees them.
*/
#include "io/arrays.h"
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is left behind on the way to an error is no leak: PETSc's error handling unwinds without freeing. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
  return "allocator_may_return_null=1:detect_leaks=0";
}

typedef struct {
  const uint8_t *data;
  size_t size;
} Input;

/* The next byte, 0 behind the end. */
static inline unsigned take(Input *in)
{
  if (!in->size) return 0;
  in->size--;
  return *in->data++;
}

static char fuzz_line[1024]; /* the last error's */

static PetscErrorCode fuzz_note(MPI_Comm comm, int line, const char *function, const char *file, PetscErrorCode code,
                                PetscErrorType type, const char *message, void *context)
{
  (void)comm, (void)context;
  if (type == PETSC_ERROR_INITIAL)
    snprintf(fuzz_line, sizeof(fuzz_line), "%s:%d %s: %s", file, line, function, message ? message : "");
  return code;
}

/* Every file is in a directory of memory that goes with the process. */
static const char *fuzz_path(const char *name)
{
  static char path[4][256];
  static int next;
  char *p = path[next++ % 4];

  snprintf(p, sizeof(path[0]), "/dev/shm/sinew_fuzz.%ld.%s", (long)getpid(), name);
  return p;
}

static void fuzz_end(void)
{
  const char *const names[] = {"x.h5", "x.safetensors", "y.h5", "base.0.h5", "base.1.h5", "base.2.h5"};

  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) (void)unlink(fuzz_path(names[i]));
}

static inline void fuzz_begin(int *argc, char ***argv)
{
  setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
  setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
  setenv("OMP_NUM_THREADS", "1", 0);
  setenv("OMPI_MCA_opal_signal", "", 1); /* libFuzzer's: it keeps the input that aborted */
  setenv("PETSC_OPTIONS", "-no_signal_handler", 1);
  int one = 1;
  if (PetscInitialize(&one, argv, NULL, NULL)) abort();
  (void)argc;
  (void)PetscPushErrorHandler(fuzz_note, NULL);
  (void)H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  atexit(fuzz_end);
}

/* Nothing but success and the user's errors may come back. */
static inline void fuzz_verdict(PetscErrorCode code)
{
  if (!code || code == SINEW_ERR_INPUT || code == SINEW_ERR_OUTPUT || code == SINEW_ERR_BREAKDOWN) return;
  fprintf(stderr, "not a user's error: %d at %s\n", (int)code, fuzz_line);
  abort();
}

static inline void fuzz_write(const char *path, const uint8_t *data, size_t size)
{
  FILE *file = fopen(path, "wb");

  if (!file || (size && fwrite(data, size, 1, file) != 1) || fclose(file)) abort();
}

/* ---- files of HDF5 ---- */

static inline hid_t fuzz_type(unsigned which)
{
  switch (which % 12) {
  case 0:
  case 1: return H5T_IEEE_F64LE;
  case 2:
  case 3: return H5T_IEEE_F32LE;
  case 4: return H5T_STD_I64LE;
  case 5: return H5T_STD_I32BE;
  case 6: return H5T_STD_U8LE;
  case 7: return H5T_STD_U64LE;
  case 8: return H5T_IEEE_F64BE;
  case 9: return H5T_C_S1;
  case 10: return H5T_STD_REF_OBJ;
  default: return H5T_STD_B32LE;
  }
}

/* A shape of up to 8 axes, as a rule short ones. */
static inline hid_t fuzz_space(Input *in, int *rank, hsize_t shape[8])
{
  static const hsize_t hostile[] = {0, 1, 65536, (hsize_t)1 << 31, (hsize_t)1 << 40, (hsize_t)1 << 62};
  const unsigned kind = take(in);

  *rank = (int)(kind & 7);
  if (kind == 255) return H5Screate(H5S_NULL);
  if (!*rank) return H5Screate(H5S_SCALAR);
  for (int d = 0; d < *rank; d++) {
    const unsigned n = take(in);

    shape[d] = n < 250 ? n % 12 : hostile[n - 250];
  }
  return H5Screate_simple(*rank, shape, NULL);
}

static inline hsize_t fuzz_count(int rank, const hsize_t shape[])
{
  hsize_t n = 1;

  for (int d = 0; d < rank; d++) n = shape[d] && n > 100000 / shape[d] ? 100001 : n * shape[d];
  return n;
}

static inline void fuzz_values(Input *in, double values[], size_t n)
{
  static const double odd[] = {0, -1, 1e300, -1e300, HUGE_VAL, NAN, 2147483648., 4.5e15};

  for (size_t i = 0; i < n; i++) {
    const unsigned v = i < 24 ? take(in) : 3;

    values[i] = v < 248 ? (double)v / 8 : odd[v - 248];
  }
}

static inline void fuzz_array(Input *in, hid_t file, const char *name)
{
  int rank;
  hsize_t shape[8], n;
  const unsigned how = take(in);
  hid_t space = fuzz_space(in, &rank, shape), type = fuzz_type(take(in)), plist = H5Pcreate(H5P_DATASET_CREATE), set;
  hid_t links = H5Pcreate(H5P_LINK_CREATE);

  H5Pset_create_intermediate_group(links, 1);
  if (how & 1 && rank > 0) {
    hsize_t chunk[8];

    for (int d = 0; d < rank; d++) chunk[d] = shape[d] > 3 ? 3 : shape[d] ? shape[d] : 1;
    H5Pset_chunk(plist, rank, chunk);
    if (how & 2) H5Pset_fletcher32(plist);
  } else if (how & 4)
    H5Pset_layout(plist, H5D_COMPACT);
  set = H5Dcreate2(file, name, type, space, links, plist, H5P_DEFAULT);
  n = fuzz_count(rank, shape);
  if (set >= 0 && n <= 4096 && n && !(how & 8)) {
    double *values = malloc((size_t)n * sizeof(*values));

    fuzz_values(in, values, (size_t)n);
    (void)H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    free(values);
  }
  if (set >= 0) H5Dclose(set);
  H5Pclose(plist);
  H5Pclose(links);
  H5Sclose(space);
}

static inline void fuzz_text_attribute(Input *in, hid_t object, const char *key)
{
  char text[256] = "";
  const char *given = text;
  const unsigned kind = take(in), n = take(in) % 200;
  hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR), attribute;

  for (unsigned i = 0; i < n; i++) text[i] = (char)take(in);
  H5Tset_size(type, kind & 1 ? H5T_VARIABLE : n + 1);
  if (kind & 2) H5Tset_cset(type, H5T_CSET_UTF8);
  attribute = H5Acreate2(object, key, type, space, H5P_DEFAULT, H5P_DEFAULT);
  if (attribute >= 0) {
    (void)H5Awrite(attribute, type, kind & 1 ? (const void *)&given : text);
    H5Aclose(attribute);
  }
  H5Sclose(space);
  H5Tclose(type);
}

static inline void fuzz_attribute(Input *in, hid_t object, const char *key)
{
  int rank;
  hsize_t shape[8], n;
  double values[512];
  hid_t space, attribute;

  if (H5Aexists(object, key) > 0) H5Adelete(object, key);
  if (take(in) % 3 == 0) {
    fuzz_text_attribute(in, object, key);
    return;
  }
  space = fuzz_space(in, &rank, shape);
  n = fuzz_count(rank, shape);
  if (n <= 512) {
    attribute = H5Acreate2(object, key, fuzz_type(take(in)), space, H5P_DEFAULT, H5P_DEFAULT);
    fuzz_values(in, values, (size_t)n);
    if (attribute >= 0) {
      if (n) (void)H5Awrite(attribute, H5T_NATIVE_DOUBLE, values);
      H5Aclose(attribute);
    }
  }
  H5Sclose(space);
}

/* Runs the program on an open file: arrays and attributes of these names come, go, or change. */
static inline void FuzzBuild(Input *in, hid_t file, size_t arrays, const char *const array[], size_t keys,
                             const char *const key[])
{
  for (int steps = 0; in->size && steps < 64; steps++) {
    const unsigned what = take(in);
    const char *name = array[take(in) % arrays];
    hid_t object;

    switch (what % 6) {
    case 0:
    case 1:
      (void)H5Ldelete(file, name, H5P_DEFAULT);
      fuzz_array(in, file, name);
      break;
    case 2: (void)H5Ldelete(file, name, H5P_DEFAULT); break;
    case 3: (void)H5Lcreate_soft(array[take(in) % arrays], file, name, H5P_DEFAULT, H5P_DEFAULT); break;
    default:
      object = what & 8 ? H5Oopen(file, name, H5P_DEFAULT) : H5Oopen(file, "/", H5P_DEFAULT);
      if (object >= 0) {
        fuzz_attribute(in, object, key[take(in) % keys]);
        H5Oclose(object);
      }
    }
  }
}

#endif
