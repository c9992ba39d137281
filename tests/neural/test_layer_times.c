// RANKS 1 2
/* Times of layers: a line for each, all of some length, forth and back; and a place where nothing can be written. */
#include "neural/network_private.h"
#include "neural/sinenet.h"
#include "tests/io/files.h"

static PetscErrorCode pass(const char path[], PetscInt *layers)
{
  SinewSinenetOptions o;
  SinewLayout layout;
  SinewNetwork network;

  PetscFunctionBeginUser;
  PetscCall(SinewSinenetDefaults(&o));
  o.inputs = o.outputs = 2;
  o.hidden = 4;
  o.training = PETSC_TRUE;
  PetscCall(PetscOptionsSetValue(NULL, "-sinew_layer_times", path));
  PetscCall(SinewLayoutCreate(PETSC_COMM_WORLD, 32, 48, o.periodic, SINEW_SINENET_LEVELS, &layout));
  PetscCall(SinewSinenetCreate(layout, &o, &network));
  PetscCall(PetscOptionsClearValue(NULL, "-sinew_layer_times"));
  PetscCall(SinewNetworkInitialize(network, 7));
  for (int k = 0; k < 2; ++k) {
    PetscCall(SinewNetworkForward(network));
    PetscCall(SinewNetworkBackward(network));
  }
  *layers = network->graph->ops;
  PetscCall(SinewLayoutDestroy(&layout));
  PetscCall(SinewNetworkDestroy(&network));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void check_table(const char path[], PetscInt layers)
{
  char line[256];
  FILE *file = fopen(path, "r");
  PetscInt n = 0;

  assert_non_null(file);
  assert_non_null(fgets(line, sizeof(line), file));
  for (; fgets(line, sizeof(line), file); ++n) {
    int number;
    double forth, back;

    assert_int_equal(sscanf(line, "%d,%*[a-z],%*d,%*d,%*d,%*d,%*d,%lf,%lf", &number, &forth, &back), 3);
    assert_true(number == n && forth > 0 && forth < 10 && back > 0 && back < 10);
  }
  (void)fclose(file);
  assert_int_equal(n, layers);
}

static void table(void **state)
{
  const char *directory = scratch(), *path = in(directory, "times.csv");
  PetscInt layers;

  (void)state;
  check_call(pass(path, &layers));
  if (my_rank() == 0) check_table(path, layers);
  check_error(pass(in(directory, "nowhere/times.csv"), &layers), SINEW_ERR_OUTPUT, "times.csv");
  scratch_remove(directory);
}

SINEW_TEST_MAIN(cmocka_unit_test(table))
