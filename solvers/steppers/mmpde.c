#include "solvers/steppers/mmpde.h"

#include <string.h>

struct _p_SinewMmpdeForecast {
  SinewMmpdeForecastOptions o;
  MPI_Comm comm;
  SinewLayout layout;
  SinewDMM mover;
  SinewMmpde network;
  size_t values;   /* of a frame, here */
  float *in, *out; /* single precision */
};

PetscErrorCode SinewMmpdeForecastRead(MPI_Comm comm, const char path[], SinewMmpdeModel *model,
                                      SinewForecastModel *frames)
{
  SinewFile file;

  PetscFunctionBeginUser;
  PetscCall(PetscMemzero(frames, sizeof(*frames)));
  PetscCall(SinewFileOpen(comm, path, &file));
  PetscCall(SinewMmpdeReadModel(file, path, model));
  frames->network.components = model->fields;
  frames->network.history = 1;
  PetscCall(SinewForecastModelReadFrames(comm, file, path, frames));
  PetscCall(SinewFileClose(&file));
  PetscCall(SinewForecastModelReadChecksum(comm, path, frames));
  for (PetscInt k = 0; k < model->fields && !frames->normalised; k++) frames->sd[k] = 1;
  frames->normalised = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- prediction ---- */

static PetscErrorCode check_mesh(SinewMmpdeForecast f, PetscReal t, const SinewMmpdeMesh *mesh)
{
  char text[256];

  PetscFunctionBeginUser;
  if (!mesh->folded) PetscFunctionReturn(PETSC_SUCCESS);
  (void)snprintf(text, sizeof(text),
                 "mmpde: at t = %g the mover folds the mesh in %lld cells, worst at (%.3g, %.3g) of the unit square: "
                 "train the mover further, or set stepper.folded: damp",
                 (double)t, (long long)mesh->folded, mesh->at[0], mesh->at[1]);
  SETERRQ(f->comm, SINEW_ERR_INPUT, "%s", text);
}

static PetscErrorCode predict(void *context, PetscReal t, const PetscReal frame[], PetscReal next[])
{
  SinewMmpdeForecast f = (SinewMmpdeForecast)context;
  const PetscBool narrow = (PetscBool)(f->o.dtype == SINEW_FLOAT32);
  const void *u = narrow ? (const void *)f->in : (const void *)frame;
  SinewMmpdeMesh mesh;

  PetscFunctionBeginUser;
  for (size_t i = 0; narrow && i < f->values; i++) f->in[i] = (float)frame[i];
  PetscCall(SinewMmpdeMove(f->network, u, f->o.damp, &mesh));
  PetscCall(check_mesh(f, t, &mesh));
  PetscCall(
      SinewMmpdeForward(f->network, SINEW_MMPDE_STEP, &t, u, PETSC_FALSE, narrow ? (void *)f->out : (void *)next));
  for (size_t i = 0; narrow && i < f->values; i++) next[i] = (PetscReal)f->out[i];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- life ---- */

PetscErrorCode SinewMmpdeMoverOpen(MPI_Comm comm, const char path[], const char group[], PetscInt ny, PetscInt nx,
                                   SinewDMM *mover, PetscBool *normalised)
{
  PetscInt64 stored = 0;
  PetscInt n;
  SinewFile file;

  PetscFunctionBeginUser;
  PetscCall(SinewFileOpen(comm, path, &file));
  PetscCall(SinewDMMCreate(file, group, mover));
  PetscCall(SinewFileReadInts(file, group, "normalised", 1, &n, &stored));
  if (stored) *normalised = PETSC_TRUE;
  PetscCall(SinewFileClose(&file));
  /* the weights fit fields of four sizes: the grid's own, where it is one of them */
  if (ny == nx && nx <= SinewDMMSize(*mover) && nx > SinewDMMSize(*mover) - 4) PetscCall(SinewDMMSetSize(*mover, nx));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_mover(SinewMmpdeForecast f)
{
  const SinewBox map = SinewLayoutMap(f->layout);

  PetscFunctionBeginUser;
  if (f->o.model.moving && !f->o.model.classical)
    PetscCall(SinewMmpdeMoverOpen(f->comm, f->o.mover ? f->o.mover : f->o.path,
                                  f->o.mover ? "/weights" : "/weights/mover", map.ny, map.nx, &f->mover,
                                  &f->o.model.mover_normalised));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMmpdeForecastCreate(SinewGrid grid, const SinewMmpdeForecastOptions *options,
                                        SinewMmpdeForecast *mmpde, SinewForecastEngine *engine)
{
  const SinewMmpdeOptions network = {.dtype = options->dtype, .batch = 1};
  SinewMmpdeForecast f;
  SinewFile file;
  SinewBox box;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&f));
  *mmpde = f;
  f->o = *options;
  PetscCall(SinewForecastLayout(grid, options->model.periodic, &f->layout));
  f->comm = SinewLayoutComm(f->layout);
  box = SinewLayoutBox(f->layout);
  f->values = (size_t)(box.ny * box.nx * options->model.fields);
  PetscCall(create_mover(f));
  PetscCall(SinewMmpdeCreate(f->layout, &f->o.model, &network, f->mover, &f->network));
  PetscCall(SinewFileOpen(f->comm, options->path, &file));
  PetscCall(SinewMmpdeLoad(f->network, file, options->path, "/weights"));
  PetscCall(SinewFileClose(&file));
  if (options->dtype == SINEW_FLOAT32) PetscCall(PetscMalloc2(f->values, &f->in, f->values, &f->out));
  f->o.path = f->o.mover = NULL;
  *engine = (SinewForecastEngine){f, predict};
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMmpdeForecastDestroy(SinewMmpdeForecast *mmpde)
{
  SinewMmpdeForecast f = *mmpde;

  PetscFunctionBeginUser;
  *mmpde = NULL;
  if (!f) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewMmpdeDestroy(&f->network));
  PetscCall(SinewDMMDestroy(&f->mover));
  if (f->layout) PetscCall(SinewLayoutDestroy(&f->layout));
  PetscCall(PetscFree2(f->in, f->out));
  PetscCall(PetscFree(f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

SinewMmpde SinewMmpdeForecastNetwork(SinewMmpdeForecast mmpde)
{
  return mmpde->network;
}
