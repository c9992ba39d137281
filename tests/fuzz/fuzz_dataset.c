/* Data sets: shapes, types and names that fit no archive. */
#include "tests/fuzz/fuzz.h"

#include "neural/dataset.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
  fuzz_begin(argc, argv);
  return 0;
}

static PetscErrorCode read_samples(SinewDataset dataset)
{
  SinewDatasetShape shape;
  PetscReal mean[8], sd[8];
  SinewAugmentation augment = {{PETSC_TRUE, PETSC_TRUE}, {PETSC_TRUE, PETSC_TRUE}};

  PetscFunctionBeginUser;
  PetscCall(SinewDatasetGetShape(dataset, &shape));
  if (shape.components > 8 || (double)shape.ny * (double)shape.nx * (double)shape.frames > 1e5)
    PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt64 k = 0; k < 4; k++) {
    SinewSample sample;
    double *planes;
    PetscErrorCode code;

    PetscCall(SinewDatasetDraw(dataset, 1, 0, k, 1, &augment, &sample));
    planes = malloc((size_t)(shape.components * shape.ny * shape.nx) * sizeof(*planes) + 1);
    code = SinewDatasetRead(dataset, PETSC_COMM_SELF, (SinewBox){0, 0, shape.ny, shape.nx}, 1, &sample, planes);
    free(planes);
    PetscCall(code);
  }
  if (shape.trajectories <= 1000) PetscCall(SinewDatasetMoments(dataset, PETSC_COMM_SELF, mean, sd));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const char *const arrays[] = {"/train/u", "/train/vx", "/train/vy", "/train", "/u", "/vx",
                                       "/vy",      "/0/u",      "/0/vx",     "/0/vy",  "/t", "/train/t"};
  static const char *const keys[] = {"dt", "crc32c", "x"}, *const scalar[] = {"u"}, *const vector[] = {"vx", "vy"};
  Input in = {data, size};
  const unsigned flags = take(&in);
  const char *path = fuzz_path("x.h5");
  const SinewDatasetOptions options = {.files = 1,
                                       .file = &path,
                                       .scalars = 1,
                                       .vectors = flags & 1,
                                       .scalar = scalar,
                                       .vector = vector,
                                       .part = flags & 2 ? "train" : NULL,
                                       .to = flags & 4 ? 0.7 : 0,
                                       .seed = 1,
                                       .axes_yx = (PetscBool)(flags >> 3 & 1),
                                       .skip = flags >> 4 & 1,
                                       .every = 1 + (flags >> 5 & 1),
                                       .parameter = flags & 64 ? "t" : NULL};
  hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  SinewDataset dataset = NULL;
  PetscErrorCode code;

  FuzzBuild(&in, file, sizeof(arrays) / sizeof(arrays[0]), arrays, sizeof(keys) / sizeof(keys[0]), keys);
  H5Fclose(file);
  code = SinewDatasetOpen(PETSC_COMM_SELF, &options, &dataset);
  fuzz_verdict(code);
  if (code) return 0;
  fuzz_verdict(read_samples(dataset));
  fuzz_verdict(SinewDatasetClose(&dataset));
  return 0;
}
