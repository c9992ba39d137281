/* What a file says about its network: attributes of /config, as the golden files have them. */
#include "neural/sinenet.h"
#include <string.h>

#define GROUP "/config"

static PetscErrorCode read_int(SinewFile file, const char key[], PetscInt *value)
{
  PetscInt64 stored;
  PetscInt n;

  PetscFunctionBeginUser;
  PetscCall(SinewFileReadInts(file, GROUP, key, 1, &n, &stored));
  if (n == 1) *value = (PetscInt)stored;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode need_int(MPI_Comm comm, SinewFile file, const char path[], const char key[], PetscInt *value)
{
  PetscFunctionBeginUser;
  *value = -1;
  PetscCall(read_int(file, key, value));
  PetscCheck(*value > 0, comm, SINEW_ERR_INPUT, "%s: %s has no positive %s", path, GROUP, key);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_bool(SinewFile file, const char key[], PetscBool *value)
{
  PetscInt stored = (PetscInt)*value;

  PetscFunctionBeginUser;
  PetscCall(read_int(file, key, &stored));
  *value = (PetscBool)(stored != 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_real(SinewFile file, const char key[], PetscReal *value)
{
  double stored;
  PetscInt n;

  PetscFunctionBeginUser;
  PetscCall(SinewFileReadReals(file, GROUP, key, 1, &n, &stored));
  if (n == 1) *value = stored;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_kind(MPI_Comm comm, SinewFile file, const char path[], SinewSinenetOptions *o)
{
  char *text, model[32] = "";

  PetscFunctionBeginUser;
  PetscCall(SinewFileReadString(file, GROUP, "model", &text));
  if (text) PetscCall(PetscStrncpy(model, text, sizeof(model)));
  PetscCall(PetscFree(text));
  PetscCheck(model[0], comm, SINEW_ERR_INPUT, "%s: %s has no model: not a file of a network", path, GROUP);
  PetscCheck(!strncmp(model, "sinenet", 7), comm, SINEW_ERR_INPUT, "%s: model '%s' is no SineNet", path, model);
  o->kind = strstr(model, "cond")   ? SINEW_SINENET_CONDITIONAL
            : strstr(model, "node") ? SINEW_SINENET_ODE
                                    : SINEW_SINENET_PLAIN;
  if (strstr(model, "SR")) o->lattice = 4;
  PetscCall(SinewFileReadString(file, GROUP, "param_conditioning", &text));
  o->scalar = (PetscBool)(text && !strcmp(text, "scalar"));
  PetscCall(PetscFree(text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_words(MPI_Comm comm, SinewFile file, const char path[], SinewSinenetOptions *o)
{
  char *text;

  PetscFunctionBeginUser;
  PetscCall(SinewFileReadString(file, GROUP, "padding_mode", &text));
  PetscCheck(!text || !strcmp(text, "zeros") || !strcmp(text, "circular"), comm, SINEW_ERR_INPUT,
             "%s: padding_mode '%s' is neither zeros nor circular", path, text);
  o->periodic = (PetscBool)(text && !strcmp(text, "circular"));
  PetscCall(PetscFree(text));
  PetscCall(SinewFileReadString(file, GROUP, "activation", &text));
  if (text) PetscCall(PetscStrncpy(o->activation, text, sizeof(o->activation)));
  PetscCall(PetscFree(text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_components(SinewFile file, const char way[], PetscInt *components)
{
  PetscInt scalars = 0, vectors = 0;
  char key[64];

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(key, sizeof(key), "n_%s_scalar_components", way));
  PetscCall(read_int(file, key, &scalars));
  PetscCall(PetscSNPrintf(key, sizeof(key), "n_%s_vector_components", way));
  PetscCall(read_int(file, key, &vectors));
  *components = scalars + 2 * vectors;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_sizes(MPI_Comm comm, SinewFile file, const char path[], SinewSinenetModel *model)
{
  SinewSinenetOptions *o = &model->options;
  PetscInt components, future = 1;

  PetscFunctionBeginUser;
  PetscCall(need_int(comm, file, path, "hidden_channels", &o->hidden));
  o->waves = o->blocks = model->history = 1;
  PetscCall(read_int(file, "num_waves", &o->waves));
  PetscCall(read_int(file, "num_blocks", &o->blocks));
  PetscCall(read_int(file, "time_history", &model->history));
  PetscCall(read_int(file, "time_future", &future));
  PetscCall(read_int(file, "batch", &o->batch));
  PetscCall(need_int(comm, file, path, "H", &model->ny));
  PetscCall(need_int(comm, file, path, "W", &model->nx));
  PetscCall(read_components(file, "input", &model->components));
  PetscCall(read_components(file, "output", &components));
  PetscCheck(model->components > 0 && components > 0, comm, SINEW_ERR_INPUT, "%s: %s has no numbers of components",
             path, GROUP);
  o->inputs = model->history * model->components;
  o->outputs = future * components;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSinenetReadModel(SinewFile file, const char path[], SinewSinenetModel *model)
{
  const MPI_Comm comm = PETSC_COMM_WORLD;
  SinewSinenetOptions *o = &model->options;

  PetscFunctionBeginUser;
  *model = (SinewSinenetModel){0};
  PetscCall(SinewSinenetDefaults(o));
  PetscCall(read_kind(comm, file, path, o));
  PetscCall(read_words(comm, file, path, o));
  PetscCall(read_sizes(comm, file, path, model));
  PetscCall(read_real(file, "mult", &o->mult));
  PetscCall(read_real(file, "tol", &o->tolerance));
  PetscCall(read_bool(file, "disentangle", &o->disentangle));
  PetscCall(read_bool(file, "use_scale_shift_norm", &o->scale_shift));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- writing ---- */

static PetscErrorCode write_int(SinewFile file, const char key[], PetscInt value)
{
  const PetscInt64 wide = value;

  PetscFunctionBeginUser;
  PetscCall(SinewFileWriteInts(file, GROUP, key, 1, &wide));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSinenetWriteModel(SinewFile file, const SinewSinenetModel *model)
{
  static const char *const kinds[] = {"sinenet", "sinenet_cond", "sinenet_node"};
  const SinewSinenetOptions *o = &model->options;

  PetscFunctionBeginUser;
  PetscCall(SinewFileWriteString(file, GROUP, "model", kinds[o->kind]));
  PetscCall(SinewFileWriteString(file, GROUP, "padding_mode", o->periodic ? "circular" : "zeros"));
  PetscCall(SinewFileWriteString(file, GROUP, "activation", o->activation));
  PetscCall(SinewFileWriteString(file, GROUP, "param_conditioning", o->scalar ? "scalar" : "none"));
  PetscCall(write_int(file, "hidden_channels", o->hidden));
  PetscCall(write_int(file, "num_waves", o->waves));
  PetscCall(write_int(file, "num_blocks", o->blocks));
  PetscCall(write_int(file, "time_history", model->history));
  PetscCall(write_int(file, "time_future", o->outputs / model->components));
  PetscCall(write_int(file, "n_input_scalar_components", model->components));
  PetscCall(write_int(file, "n_output_scalar_components", model->components));
  PetscCall(write_int(file, "disentangle", (PetscInt)o->disentangle));
  PetscCall(write_int(file, "use_scale_shift_norm", (PetscInt)o->scale_shift));
  PetscCall(write_int(file, "batch", o->batch));
  PetscCall(write_int(file, "H", model->ny));
  PetscCall(write_int(file, "W", model->nx));
  PetscCall(SinewFileWriteReals(file, GROUP, "mult", 1, &o->mult));
  PetscCall(SinewFileWriteReals(file, GROUP, "tol", 1, &o->tolerance));
  PetscFunctionReturn(PETSC_SUCCESS);
}
