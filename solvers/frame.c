#include "solvers/frame.h"
#include "io/error.h"
#include "neural/dataset.h"
#include "solvers/data_section.h"

typedef struct {
  SinewStringList files, arrays;
  PetscInt part, trajectory, frame, every, axes;
} Values;

struct _p_SinewFrame {
  Values v;
  PetscInt count;
  char folder[PETSC_MAX_PATH_LEN];
  SinewDataset dataset; /* NULL before the first read */
};

static const char *const parts[] = {"all", "train", "valid", "test", NULL};

#define AT(member) offsetof(Values, member)
const SinewKey SinewFrameKeys[] = {
    {.name = "files",
     .type = SINEW_KEY_STRINGS,
     .offset = AT(files),
     .required = PETSC_TRUE,
     .doc = "HDF5 files of trajectories, names or patterns; relative ones are looked for in the deck's folder, then in "
            "the current one",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "arrays",
     .type = SINEW_KEY_STRINGS,
     .offset = AT(arrays),
     .doc = "one for each primitive, in their order; standard: of the same names",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "part",
     .type = SINEW_KEY_CHOICE,
     .offset = AT(part),
     .standard = "all",
     .choices = parts,
     .doc = "the part of the data set that `trajectory` counts in",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "trajectory",
     .type = SINEW_KEY_INT,
     .offset = AT(trajectory),
     .standard = "0",
     .max = 2e9,
     .doc = "which one, from 0",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "frame",
     .type = SINEW_KEY_INT,
     .offset = AT(frame),
     .standard = "0",
     .max = 2e9,
     .doc = "which one is the state at t = 0, from 0; a network's past are those before it",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "every",
     .type = SINEW_KEY_INT,
     .offset = AT(every),
     .standard = "1",
     .min = 1,
     .max = 1e6,
     .doc = "only every so many frames of the files count",
     .change = SINEW_CHANGE_FROZEN},
    SINEW_DATA_AXES_KEY(Values),
    {.name = NULL}};

PetscErrorCode SinewFrameCreate(SinewDeck deck, SinewNode section, PetscInt dim, PetscInt count,
                                const char *const primitives[], SinewFrame *frame)
{
  SinewFrame f;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&f));
  *frame = f;
  f->count = count;
  PetscCall(SinewDeckRead(deck, section, "initial", SinewFrameKeys, &f->v));
  PetscCall(SinewDeckResolve(deck, ".", sizeof(f->folder), f->folder));
  if (dim != 2)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, section, "type"), "initial.type",
                               "frames are there for 2 dimensions, the grid has %" PetscInt_FMT, dim));
  if (!f->v.arrays.n)
    for (PetscInt c = 0; c < count; c++) f->v.arrays.value[f->v.arrays.n++] = primitives[c];
  else if (f->v.arrays.n != count)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, section, "arrays"), "initial.arrays",
                               "expected %" PetscInt_FMT " names, one for each primitive, found %" PetscInt_FMT, count,
                               f->v.arrays.n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFrameDestroy(SinewFrame *frame)
{
  PetscFunctionBeginUser;
  if (!*frame) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewDatasetClose(&(*frame)->dataset));
  PetscCall(PetscFree(*frame));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt SinewFramePast(SinewFrame f)
{
  return f->v.frame;
}

static PetscErrorCode open_dataset(SinewFrame f, MPI_Comm comm)
{
  const SinewDatasetOptions options = {.files = f->v.files.n,
                                       .file = f->v.files.value,
                                       .folder = f->folder,
                                       .scalars = f->count,
                                       .scalar = f->v.arrays.value,
                                       .part = f->v.part ? parts[f->v.part] : NULL,
                                       .axes_yx = (PetscBool)(f->v.axes == 1),
                                       .every = f->v.every,
                                       .least = f->v.frame + 1};
  SinewDatasetShape shape;

  PetscFunctionBeginUser;
  PetscCall(SinewDatasetOpen(comm, &options, &f->dataset));
  PetscCall(SinewDatasetGetShape(f->dataset, &shape));
  PetscCheck(f->v.trajectory < shape.trajectories, comm, SINEW_ERR_INPUT,
             "initial.trajectory: expected a number below %" PetscInt_FMT
             ", the trajectories of %s, found %" PetscInt_FMT,
             shape.trajectories, f->v.files.value[0], f->v.trajectory);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFrameRead(SinewFrame f, SinewGrid grid, PetscInt age, PetscReal planes[], PetscReal *step)
{
  const SinewAxis *x = SinewGridAxis(grid, 0), *y = SinewGridAxis(grid, 1);
  const SinewBox box = {y->start, x->start, y->count, x->count};
  const SinewSample sample = {.trajectory = f->v.trajectory, .first = f->v.frame - age, .count = 1};
  SinewDatasetShape shape;
  MPI_Comm comm;
  DM dm;

  PetscFunctionBeginUser;
  PetscCall(SinewGridGetDM(grid, &dm));
  PetscCall(PetscObjectGetComm((PetscObject)dm, &comm));
  if (!f->dataset) PetscCall(open_dataset(f, comm));
  PetscCall(SinewDatasetGetShape(f->dataset, &shape));
  PetscCheck(shape.nx == x->cells && shape.ny == y->cells, comm, SINEW_ERR_INPUT,
             "grid.cells: expected [%" PetscInt_FMT ", %" PetscInt_FMT "], the cells of the frames in %s, found "
             "[%" PetscInt_FMT ", %" PetscInt_FMT "]",
             shape.nx, shape.ny, f->v.files.value[0], x->cells, y->cells);
  PetscCall(SinewDatasetRead(f->dataset, comm, box, 1, &sample, planes));
  if (step) *step = shape.step;
  PetscFunctionReturn(PETSC_SUCCESS);
}
