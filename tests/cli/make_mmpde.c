/* Writes networks of MM-PDE into the current folder, right ones and wrong ones, for test_mmpde.sh, and mesh movers for
   test_mesh_network.sh. */
#include "solvers/steppers/forecast_model.h"
#include "tests/neural/mmpde_random.h"

typedef enum { WHOLE, NO_MOVER, MISSING, NOT_A_NUMBER } Fault;

static void spoil(SinewMmpde network, Fault fault, SinewFile file)
{
  const SinewParameter *p;
  PetscInt count;

  check_call(SinewMmpdeGetParameters(network, &count, &p));
  for (PetscInt k = 0; k < count; k++) {
    char name[128];
    SinewArray array = {.name = name, .dtype = SINEW_FLOAT64, .rank = p[k].rank, .data = p[k].value};

    if (k == count / 2 && fault == MISSING) continue;
    if (k == count / 2 && fault == NOT_A_NUMBER) ((double *)p[k].value)[0] = NAN;
    for (int d = 0; d < p[k].rank; d++) array.shape[d] = p[k].shape[d];
    snprintf(name, sizeof(name), "/weights/%s", p[k].name);
    check_call(SinewFileWrite(file, &array));
  }
}

static void make(const char path[], SinewMmpdeModel model, double strength, Fault fault)
{
  const SinewMmpdeOptions options = {.dtype = SINEW_FLOAT64, .batch = 1};
  SinewForecastModel frames = {.time_step = 0.05, .fields = model.fields, .field = {"u"}};
  SinewDMM mover = random_mover(16, strength);
  SinewLayout layout;
  SinewMmpde network;
  SinewFile file;

  frames.network.components = model.fields;
  check_call(SinewLayoutCreate(PETSC_COMM_WORLD, 16, 16, model.periodic, 0, &layout));
  check_call(SinewMmpdeCreate(layout, &model, &options, mover, &network));
  random_parameters(network, SINEW_FLOAT64);
  check_call(SinewFileCreate(PETSC_COMM_WORLD, path, &file));
  check_call(SinewMmpdeWriteModel(file, &model));
  check_call(SinewForecastModelWriteFrames(file, &frames));
  spoil(network, fault, file);
  if (model.moving && fault != NO_MOVER) store_mover(mover, file, "/weights/mover");
  check_call(SinewFilePublish(&file));
  check_call(SinewMmpdeDestroy(&network));
  check_call(SinewLayoutDestroy(&layout));
  check_call(SinewDMMDestroy(&mover));
}

static void make_mover(const char path[], double strength)
{
  SinewDMM mover = random_mover(16, strength);
  SinewFile file;

  check_call(SinewFileCreate(PETSC_COMM_WORLD, path, &file));
  store_mover(mover, file, "/weights");
  check_call(SinewFilePublish(&file));
  check_call(SinewDMMDestroy(&mover));
}

int main(int argc, char **argv)
{
  SinewMmpdeModel model = random_mmpde_model(1), still = model, torus = model;

  if (PetscInitialize(&argc, &argv, NULL, NULL)) return 1;
  still.moving = PETSC_FALSE;
  torus.periodic = PETSC_TRUE;
  make("good.h5", model, 0.02, WHOLE);
  make("still.h5", still, 0.02, WHOLE);
  make("torus.h5", torus, 0.01, WHOLE);
  make("folds.h5", model, 5, WHOLE);
  make("nomover.h5", model, 0.02, NO_MOVER);
  make("missing.h5", model, 0.02, MISSING);
  make("nan.h5", model, 0.02, NOT_A_NUMBER);
  make_mover("mover.h5", 0.02);
  make_mover("strong.h5", 5);
  make_mover("nanmover.h5", NAN);
  return PetscFinalize();
}
