/* MM-PDE: what a file says about a network. */
#include "neural/mmpde.h"

#include <math.h>

#define CONFIG  "/config"
#define WEIGHTS "/weights/"

PetscErrorCode SinewMmpdeDefaults(SinewMmpdeModel *model)
{
  PetscFunctionBeginUser;
  *model = (SinewMmpdeModel){.fields = 1,
                             .hidden = 128,
                             .layers = 6,
                             .kernel = {16, 12, 8},
                             .channels = {4, 8},
                             .weights = {128, 64},
                             .cut = {4, 16, 4},
                             .neighbours = 35,
                             .interpolation = 30,
                             .output_scale = 0.1,
                             .time_scale = 1,
                             .moving = PETSC_TRUE,
                             .share = 0.7,
                             .power = 0.5,
                             .smoothing = 0.03};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- sizes from shapes ---- */

static PetscErrorCode shape_of(SinewFile file, const char path[], const char name[], int rank, PetscInt64 shape[])
{
  char full[128];
  SinewArray array;
  PetscBool exists;

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(full, sizeof(full), WEIGHTS "%s", name));
  PetscCall(SinewFileInquire(file, full, &exists, &array));
  PetscCheck(exists, PETSC_COMM_WORLD, SINEW_ERR_INPUT, "%s: parameter %s is missing: no network of MM-PDE", path,
             name);
  PetscCheck(array.rank == rank, PETSC_COMM_WORLD, SINEW_ERR_INPUT,
             "%s: parameter %s has %d axes, the network needs %d", path, name, array.rank, rank);
  PetscCall(PetscArraycpy(shape, array.shape, rank));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode there(SinewFile file, const char name[], PetscBool *exists)
{
  char full[128];
  SinewArray array;

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(full, sizeof(full), WEIGHTS "%s", name));
  PetscCall(SinewFileInquire(file, full, exists, &array));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_solver(SinewFile file, const char path[], SinewMmpdeModel *model)
{
  PetscInt64 shape[3];
  PetscBool more = PETSC_TRUE;
  char name[64];

  PetscFunctionBeginUser;
  PetscCall(shape_of(file, path, "solver_a/embedding_mlp.0.weight", 2, shape));
  PetscCheck(shape[1] > 3 && shape[1] < 20 && shape[0] < 100000, PETSC_COMM_WORLD, SINEW_ERR_INPUT,
             "%s: parameter solver_a/embedding_mlp.0.weight has shape (%lld, %lld), expected (features, fields + 3)",
             path, (long long)shape[0], (long long)shape[1]);
  model->hidden = (PetscInt)shape[0];
  model->fields = (PetscInt)shape[1] - 3;
  for (model->layers = 0; more && model->layers < 1000;) {
    PetscCall(PetscSNPrintf(name, sizeof(name), "solver_a/gnn_layers.%" PetscInt_FMT ".message_net_1.0.weight",
                            model->layers));
    PetscCall(there(file, name, &more));
    if (more) model->layers++;
  }
  PetscCheck(model->layers, PETSC_COMM_WORLD, SINEW_ERR_INPUT, "%s: solver_a has no gnn_layers", path);
  for (int c = 0; c < 3; c++) {
    PetscCall(PetscSNPrintf(name, sizeof(name), "solver_a/output_mlp.%d.weight", 2 * c));
    PetscCall(shape_of(file, path, name, 3, shape));
    model->kernel[c] = (PetscInt)shape[2];
    if (c < 2) model->channels[c] = (PetscInt)shape[0];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_itpnet(SinewFile file, const char path[], SinewMmpdeModel *model)
{
  PetscInt64 shape[4];
  char name[64];

  PetscFunctionBeginUser;
  for (int c = 0; c < 3; c++) {
    PetscCall(PetscSNPrintf(name, sizeof(name), "itpnet/layers.%d.weight", c));
    PetscCall(shape_of(file, path, name, 2, shape));
    if (c < 2)
      model->weights[c] = (PetscInt)shape[0];
    else
      model->interpolation = (PetscInt)shape[0];
    if (model->skip) continue;
    PetscCall(PetscSNPrintf(name, sizeof(name), "itpnet/down.%d.weight", 2 * c));
    PetscCall(shape_of(file, path, name, 4, shape));
    model->cut[c] = (PetscInt)shape[0];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- attributes ---- */

static PetscErrorCode read_int(SinewFile file, const char key[], PetscInt *value)
{
  PetscInt64 stored;
  PetscInt n;

  PetscFunctionBeginUser;
  PetscCall(SinewFileReadInts(file, CONFIG, key, 1, &n, &stored));
  if (n) *value = (PetscInt)stored;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_flag(SinewFile file, const char key[], PetscBool *value)
{
  PetscInt stored = (PetscInt)*value;

  PetscFunctionBeginUser;
  PetscCall(read_int(file, key, &stored));
  *value = (PetscBool)(stored != 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_scale(SinewFile file, const char path[], const char key[], double *value)
{
  PetscInt n;

  PetscFunctionBeginUser;
  PetscCall(SinewFileReadReals(file, CONFIG, key, 1, &n, value));
  PetscCheck(isfinite(*value) && *value > 0, PETSC_COMM_WORLD, SINEW_ERR_INPUT, "%s: %s of %s is not positive", path,
             key, CONFIG);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* 0 or positive */
static PetscErrorCode read_offset(SinewFile file, const char path[], double *value)
{
  PetscInt n;

  PetscFunctionBeginUser;
  PetscCall(SinewFileReadReals(file, CONFIG, "offset", 1, &n, value));
  PetscCheck(isfinite(*value) && *value >= 0, PETSC_COMM_WORLD, SINEW_ERR_INPUT, "%s: offset of %s is negative", path,
             CONFIG);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMmpdeReadModel(SinewFile file, const char path[], SinewMmpdeModel *model)
{
  PetscInt interpolation = 0;

  PetscFunctionBeginUser;
  PetscCall(SinewMmpdeDefaults(model));
  PetscCall(read_solver(file, path, model));
  PetscCall(read_flag(file, "skip", &model->skip));
  PetscCall(there(file, "itpnet/layers.0.weight", &model->moving));
  if (model->moving) PetscCall(read_itpnet(file, path, model));
  PetscCall(read_int(file, "neighbours", &model->neighbours));
  PetscCall(read_int(file, "interpolation_neighbours", &interpolation));
  PetscCheck(!model->moving || !interpolation || interpolation == model->interpolation, PETSC_COMM_WORLD,
             SINEW_ERR_INPUT,
             "%s: interpolation_neighbours of %s is %" PetscInt_FMT ", the weights of itpnet are for %" PetscInt_FMT,
             path, CONFIG, interpolation, model->interpolation);
  PetscCall(read_int(file, "mover_field", &model->mover_field));
  PetscCall(read_scale(file, path, "output_scale", &model->output_scale));
  PetscCall(read_scale(file, path, "time_scale", &model->time_scale));
  PetscCall(read_flag(file, "moving", &model->moving));
  PetscCall(read_flag(file, "periodic", &model->periodic));
  PetscCall(read_flag(file, "mirrored", &model->mirrored));
  PetscCall(read_flag(file, "unprojected", &model->unprojected));
  PetscCall(read_flag(file, "mover_normalised", &model->mover_normalised));
  PetscCall(read_flag(file, "classical", &model->classical));
  PetscCall(read_offset(file, path, &model->offset));
  PetscCall(read_scale(file, path, "share", &model->share));
  PetscCall(read_scale(file, path, "power", &model->power));
  PetscCall(read_scale(file, path, "smoothing", &model->smoothing));
  PetscCheck(model->share < 1, PETSC_COMM_WORLD, SINEW_ERR_INPUT, "%s: share of %s is not below 1", path, CONFIG);
  PetscCheck(model->neighbours > 0, PETSC_COMM_WORLD, SINEW_ERR_INPUT, "%s: neighbours of %s is not positive", path,
             CONFIG);
  PetscCheck(model->mover_field >= 0 && model->mover_field < model->fields, PETSC_COMM_WORLD, SINEW_ERR_INPUT,
             "%s: mover_field of %s is %" PetscInt_FMT ", there are %" PetscInt_FMT " fields", path, CONFIG,
             model->mover_field, model->fields);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMmpdeWriteModel(SinewFile file, const SinewMmpdeModel *model)
{
  const struct {
    const char *key;
    PetscInt64 value;
  } number[] = {{"neighbours", model->neighbours},   {"interpolation_neighbours", model->interpolation},
                {"mover_field", model->mover_field}, {"moving", model->moving},
                {"periodic", model->periodic},       {"mirrored", model->mirrored},
                {"unprojected", model->unprojected}, {"mover_normalised", model->mover_normalised},
                {"classical", model->classical},     {"skip", model->skip}};
  const struct {
    const char *key;
    double value;
  } real[] = {{"output_scale", model->output_scale},
              {"time_scale", model->time_scale},
              {"offset", model->offset},
              {"share", model->share},
              {"power", model->power},
              {"smoothing", model->smoothing}};

  PetscFunctionBeginUser;
  PetscCall(SinewFileWriteString(file, CONFIG, "model", "mmpde"));
  for (size_t k = 0; k < sizeof(number) / sizeof(number[0]); k++)
    PetscCall(SinewFileWriteInts(file, CONFIG, number[k].key, 1, &number[k].value));
  for (int k = 0; k < (model->classical ? 6 : 3); k++)
    PetscCall(SinewFileWriteReals(file, CONFIG, real[k].key, 1, &real[k].value));
  PetscFunctionReturn(PETSC_SUCCESS);
}
