// RANKS 1 2 3
/*
  Super-resolution from files: a map that is the same on blocks of 4 x 4 cells becomes, block by block, what the coarse
  map becomes; and what is said about maps and models that do not fit.
*/
#include "neural/predict.h"
#include "tests/io/files.h"

#define COARSE 32
#define FINE   (4 * COARSE)

static double coarse_value(PetscInt c, PetscInt y, PetscInt x)
{
  const PetscInt k = (c * COARSE + y) * COARSE + x;

  return sin(1.7 * (double)k) + 0.3 * cos(0.6 * (double)k);
}

/* A model with seeded weights and an input of n x n cells, `step` of which are one of the coarse map. */
static void write_file(const char path[], const char model[], PetscBool periodic, PetscInt n, PetscInt step)
{
  const double mult = 1.2;
  const PetscInt64 hidden = 4, components = 1, size = n;
  double *input = malloc((size_t)(3 * n * n) * sizeof(double));
  SinewArray array = {.name = "/input", .dtype = SINEW_FLOAT64, .rank = 5, .shape = {1, 1, 3, n, n}, .data = input};
  SinewSinenetOptions o;
  SinewLayout layout;
  SinewNetwork network;
  SinewFile file;

  check_call(SinewSinenetDefaults(&o));
  o.inputs = o.outputs = 3;
  o.hidden = 4;
  o.mult = mult;
  check_call(SinewLayoutCreate(PETSC_COMM_WORLD, 32, 32, PETSC_FALSE, SINEW_SINENET_LEVELS, &layout));
  check_call(SinewSinenetCreate(layout, &o, &network));
  check_call(SinewNetworkInitialize(network, 7));
  check_call(SinewFileCreate(PETSC_COMM_WORLD, path, &file));
  check_call(SinewFileWriteString(file, "/config", "model", model));
  check_call(SinewFileWriteString(file, "/config", "padding_mode", periodic ? "circular" : "zeros"));
  check_call(SinewFileWriteReals(file, "/config", "mult", 1, &mult));
  check_call(SinewFileWriteInts(file, "/config", "hidden_channels", 1, &hidden));
  check_call(SinewFileWriteInts(file, "/config", "n_input_scalar_components", 1, &components));
  check_call(SinewFileWriteInts(file, "/config", "n_input_vector_components", 1, &components));
  check_call(SinewFileWriteInts(file, "/config", "n_output_scalar_components", 1, &components));
  check_call(SinewFileWriteInts(file, "/config", "n_output_vector_components", 1, &components));
  check_call(SinewFileWriteInts(file, "/config", "H", 1, &size));
  check_call(SinewFileWriteInts(file, "/config", "W", 1, &size));
  check_call(SinewNetworkStore(network, file, "/weights"));
  for (PetscInt c = 0, k = 0; c < 3; c++)
    for (PetscInt y = 0; y < n; y++)
      for (PetscInt x = 0; x < n; x++) input[k++] = coarse_value(c, y / step, x / step);
  check_call(SinewFileWrite(file, &array));
  check_call(SinewFilePublish(&file));
  check_call(SinewNetworkDestroy(&network));
  check_call(SinewLayoutDestroy(&layout));
  free(input);
}

static double *read_output(const char path[], PetscInt n)
{
  SinewArray array;
  PetscBool exists;
  SinewFile file;

  check_call(SinewFileOpen(PETSC_COMM_WORLD, path, &file));
  check_call(SinewFileInquire(file, "/output", &exists, &array));
  assert_true(exists && array.rank == 5 && array.shape[2] == 3 && array.shape[3] == n && array.shape[4] == n);
  array.data = malloc((size_t)(3 * n * n) * sizeof(double));
  check_call(SinewFileRead(file, &array));
  check_call(SinewFileClose(&file));
  return array.data;
}

static void blocks(void **state)
{
  const char *directory;
  double *coarse, *fine;
  int wrong = 0;

  (void)state;
  directory = scratch();
  write_file(in(directory, "coarse.h5"), "sinenet", PETSC_TRUE, COARSE, 1);
  write_file(in(directory, "fine.h5"), "sinenet_SR", PETSC_TRUE, FINE, 4);
  check_call(SinewPredict(PETSC_COMM_WORLD, in(directory, "coarse.h5"), in(directory, "coarse.h5"),
                          in(directory, "coarse_out.h5"), "f64", NULL));
  check_call(SinewPredict(PETSC_COMM_WORLD, in(directory, "fine.h5"), in(directory, "fine.h5"),
                          in(directory, "fine_out.h5"), "f64", NULL));
  coarse = read_output(in(directory, "coarse_out.h5"), COARSE);
  fine = read_output(in(directory, "fine_out.h5"), FINE);
  for (PetscInt c = 0, k = 0; c < 3; c++)
    for (PetscInt y = 0; y < FINE; y++)
      for (PetscInt x = 0; x < FINE; x++, k++)
        wrong += !(fabs(fine[k] - coarse[(c * COARSE + y / 4) * COARSE + x / 4]) < 1e-12);
  check_all(!wrong);
  free(coarse);
  free(fine);
  scratch_remove(directory);
}

static void misfits(void **state)
{
  const char *directory, *path;

  (void)state;
  directory = scratch();
  path = in(directory, "odd.h5");
  write_file(path, "sinenet_SR", PETSC_TRUE, FINE - 32, 4); /* 24 x 24 sub-lattices */
  check_error(SinewPredict(PETSC_COMM_WORLD, path, path, in(directory, "out.h5"), "f32", NULL), SINEW_ERR_INPUT,
              "super-resolution needs a map in multiples of 64, not 96 x 96");
  path = in(directory, "zeros.h5");
  write_file(path, "sinenet_SR", PETSC_FALSE, FINE, 4);
  check_error(SinewPredict(PETSC_COMM_WORLD, path, path, in(directory, "out.h5"), "f32", NULL), SINEW_ERR_INPUT,
              "super-resolution needs circular padding");
  scratch_remove(directory);
}

SINEW_TEST_MAIN(cmocka_unit_test(blocks), cmocka_unit_test(misfits))
