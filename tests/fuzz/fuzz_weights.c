/* Networks' files: safetensors as bytes, HDF5 as programs, sealed HDF5 with flipped bytes. */
#define _GNU_SOURCE /* memmem */
#include "tests/fuzz/fuzz.h"

#include "io/safetensors.h"
#include "io/weights.h"
#include "neural/sinenet.h"

static uint8_t *sealed; /* a file of ours */
static size_t sealed_size;

static PetscErrorCode make_sealed(const char path[])
{
  double values[30];
  SinewArray array = {
      .name = "/weights/conv.weight", .dtype = SINEW_FLOAT64, .rank = 2, .shape = {5, 6}, .data = values};
  SinewFile file;

  PetscFunctionBeginUser;
  for (int i = 0; i < 30; i++) values[i] = i;
  PetscCall(SinewFileCreate(PETSC_COMM_SELF, path, &file));
  PetscCall(SinewFileWrite(file, &array));
  PetscCall(SinewFileWriteString(file, "/config", "architecture", "sinenet"));
  PetscCall(SinewFileWriteReals(file, "/config", "step", 1, (double[]){0.5}));
  PetscCall(SinewFilePublish(&file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
  const char *path = fuzz_path("x.h5");
  FILE *file;

  fuzz_begin(argc, argv);
  fuzz_verdict(make_sealed(path));
  file = fopen(path, "rb");
  sealed = malloc(1 << 20);
  sealed_size = fread(sealed, 1, 1 << 20, file);
  fclose(file);
  return 0;
}

/* All that can be asked of an open file. */
static PetscErrorCode read_all(SinewFile file)
{
  PetscInt count, n;
  char **names, **keys, *text, why[512];
  double reals[64];
  PetscInt64 ints[64];
  PetscBool ok;

  PetscFunctionBeginUser;
  PetscCall(SinewFileList(file, "/", &count, &names));
  for (PetscInt i = 0; i < count; i++) {
    SinewArray array;
    PetscBool exists;
    PetscInt64 elements = 1;

    if (!SinewFileInquire(file, names[i], &exists, &array) && exists) {
      for (int d = 0; d < array.rank; d++)
        elements = array.shape[d] && elements > 100000 / array.shape[d] ? 100001 : elements * array.shape[d];
      if (elements <= 100000) {
        array.name = names[i];
        array.data = malloc((size_t)elements * 8 + 1);
        fuzz_verdict(SinewFileRead(file, &array));
        free(array.data);
      }
    }
    if (!SinewFileListAttributes(file, names[i], &n, &keys)) {
      for (PetscInt k = 0; k < n; k++) {
        PetscInt got;

        if (!SinewFileReadString(file, names[i], keys[k], &text)) PetscCall(PetscFree(text));
        fuzz_verdict(SinewFileReadReals(file, names[i], keys[k], 64, &got, reals));
        fuzz_verdict(SinewFileReadInts(file, names[i], keys[k], 64, &got, ints));
        PetscCall(PetscFree(keys[k]));
      }
      PetscCall(PetscFree(keys));
    }
    PetscCall(PetscFree(names[i]));
  }
  PetscCall(PetscFree(names));
  PetscCall(SinewFileVerify(file, &ok, sizeof(why), why));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void read_file(const char path[])
{
  SinewSinenetModel model;
  SinewWeightsSize size;
  SinewFile file;
  const PetscErrorCode code = SinewFileOpen(PETSC_COMM_SELF, path, &file);

  fuzz_verdict(code);
  if (code) return;
  fuzz_verdict(read_all(file));
  fuzz_verdict(SinewSinenetReadModel(file, path, &model));
  fuzz_verdict(SinewFileClose(&file));
  fuzz_verdict(SinewWeightsConvert(PETSC_COMM_SELF, path, fuzz_path("y.h5"), &size));
}

/* Whatever byte of a sealed file changes is found out. */
static void flip_bytes(Input in)
{
  const char *path = fuzz_path("x.h5");
  uint8_t *copy = malloc(sealed_size);
  SinewFile file;
  char why[512];
  PetscBool ok = PETSC_FALSE;

  memcpy(copy, sealed, sealed_size);
  while (in.size >= 4) {
    size_t at = take(&in);

    at = (at << 8 | take(&in)) << 8;
    at |= take(&in);
    copy[at % sealed_size] ^= (uint8_t)take(&in);
  }
  fuzz_write(path, copy, sealed_size);
  if (!SinewFileOpen(PETSC_COMM_SELF, path, &file)) {
    fuzz_verdict(SinewFileVerify(file, &ok, sizeof(why), why));
    fuzz_verdict(SinewFileClose(&file));
  }
  if (ok != !memcmp(copy, sealed, sealed_size)) abort();
  free(copy);
}

static void build(Input in)
{
  static const char *const arrays[] = {
      "/weights/conv.weight", "/weights/conv.bias", "/weights", "/mean", "/sd", "/config", "/"};
  static const char *const keys[] = {"model", "crc32c",       "hidden",      "step",      "batch",       "H",
                                     "W",     "time_history", "time_future", "num_waves", "padding_mode"};
  const char *path = fuzz_path("x.h5");
  hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);

  FuzzBuild(&in, file, sizeof(arrays) / sizeof(arrays[0]), arrays, sizeof(keys) / sizeof(keys[0]), keys);
  H5Fclose(file);
  read_file(path);
}

static const uint8_t signature[] = {0x89, 'H', 'D', 'F'};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  Input in = {data, size};
  const unsigned kind = take(&in) % 3;

  if (kind == 0) {
    const char *path = fuzz_path("x.safetensors");

    if (memmem(data, size, signature, sizeof(signature))) return -1; /* HDF5's own affair */
    fuzz_write(path, in.data, in.size);
    read_file(path);
  } else if (kind == 1)
    build(in);
  else
    flip_bytes(in);
  return 0;
}
