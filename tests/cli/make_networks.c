/* Writes networks into the current folder, right ones and wrong ones, for test_sinenet.sh. */
#include "tests/solvers/networks.h"

typedef enum { WHOLE, MISSING, EXTRA, SHAPE, NOT_A_NUMBER, BARE } Fault;

/* The parameters with one fault, in place of SinewNetworkStore. */
static void store(SinewNetwork network, SinewFile file, Fault fault)
{
  const SinewParameter *p;
  PetscInt count;

  check_call(SinewNetworkGetParameters(network, &count, &p));
  for (PetscInt k = 0; k < count; k++) {
    char name[128];
    SinewArray array = {.name = name, .dtype = SINEW_FLOAT32, .rank = p[k].rank, .data = p[k].value};
    const PetscBool here = (PetscBool)(k == count / 2);

    if (here && fault == MISSING) continue;
    if (here && fault == NOT_A_NUMBER) ((float *)p[k].value)[0] = NAN;
    for (int d = 0; d < p[k].rank; d++) array.shape[d] = p[k].shape[d];
    if (here && fault == SHAPE) array.shape[0]--;
    snprintf(name, sizeof(name), "/weights/%s", p[k].name);
    check_call(SinewFileWrite(file, &array));
    if (!here || fault != EXTRA) continue;
    snprintf(name, sizeof(name), "/weights/down.7.0.shortcut.bias");
    check_call(SinewFileWrite(file, &array));
  }
}

static void make(const char path[], const RandomNetwork *random, Fault fault)
{
  SinewForecastModel model = random_model(random);
  SinewNetwork network;
  SinewLayout layout;
  SinewFile file;

  if (fault == BARE) { /* as the original's files are: nothing but the network */
    model.fields = 0;
    model.time_step = 0;
    model.normalised = PETSC_FALSE;
  }
  check_call(
      SinewLayoutCreate(PETSC_COMM_WORLD, 32, 32, model.network.options.periodic, SINEW_SINENET_LEVELS, &layout));
  check_call(SinewSinenetCreate(layout, &model.network.options, &network));
  check_call(SinewNetworkInitialize(network, random->seed));
  check_call(SinewFileCreate(PETSC_COMM_WORLD, path, &file));
  check_call(SinewForecastModelWrite(file, &model));
  store(network, file, fault);
  check_call(SinewFilePublish(&file));
  check_call(SinewNetworkDestroy(&network));
  check_call(SinewLayoutDestroy(&layout));
}

int main(int argc, char **argv)
{
  const RandomNetwork scalar = {
      .field = {"u", NULL}, .mean = {0.1}, .sd = {0.5}, .history = 1, .seed = 5, .time_step = 0.05};
  RandomNetwork back = scalar, walls = scalar, two = scalar;

  if (PetscInitialize(&argc, &argv, NULL, NULL)) return 1;
  back.history = 3;
  walls.walls = PETSC_TRUE;
  two.field[1] = "v";
  two.field[2] = NULL;
  two.sd[1] = 1;
  make("good.h5", &scalar, WHOLE);
  make("back.h5", &back, WHOLE);
  make("walls.h5", &walls, WHOLE);
  make("two.h5", &two, WHOLE);
  make("euler.h5", &euler_network, WHOLE);
  make("bare.h5", &scalar, BARE);
  make("missing.h5", &scalar, MISSING);
  make("extra.h5", &scalar, EXTRA);
  make("shape.h5", &scalar, SHAPE);
  make("nan.h5", &scalar, NOT_A_NUMBER);
  return PetscFinalize();
}
