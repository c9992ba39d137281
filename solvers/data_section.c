#include "solvers/data_section.h"
#include <string.h>

#define AT(member) offsetof(SinewDataSection, member)

const char *const SinewDataAxes[] = {"xy", "yx", NULL};
static const char *const position_names[] = {"centers", "faces", NULL};

/* What a checkpoint of a training was trained on is frozen. */
const SinewKey SinewDataKeys[] = {
    {.name = "files",
     .type = SINEW_KEY_STRINGS,
     .offset = AT(files),
     .required = PETSC_TRUE,
     .doc = "HDF5 files of trajectories: names or patterns like \"smoke_*.h5\"; relative ones are looked for in the "
            "deck's folder, then in the current one",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "scalars",
     .type = SINEW_KEY_STRINGS,
     .offset = AT(scalars),
     .doc = "arrays of the scalars; \"data[1]\" is element 1 along a last axis",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "vectors",
     .type = SINEW_KEY_STRINGS,
     .offset = AT(vectors),
     .doc = "arrays of the vectors: x then y component of each",
     .change = SINEW_CHANGE_FROZEN},
    SINEW_DATA_AXES_KEY(SinewDataSection),
    {.name = "positions",
     .type = SINEW_KEY_CHOICE,
     .offset = AT(positions),
     .standard = "centers",
     .choices = position_names,
     .doc = "where vectors' components stand: centers of cells, or their lower faces along each component's axis",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "split",
     .type = SINEW_KEY_REALS,
     .offset = AT(split),
     .least = 3,
     .most = 3,
     .max = 1,
     .doc = "fractions of the trajectories for train, valid and test, dealt out by `seed`; absent: groups or files "
            "called train, valid, test",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "seed",
     .type = SINEW_KEY_INT,
     .offset = AT(seed),
     .standard = "0",
     .min = 0,
     .max = 2e9,
     .doc = "of the split",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "skip",
     .type = SINEW_KEY_INT,
     .offset = AT(skip),
     .standard = "0",
     .min = 0,
     .max = 1e6,
     .doc = "frames left out at the beginning of each trajectory",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "every",
     .type = SINEW_KEY_INT,
     .offset = AT(every),
     .standard = "1",
     .min = 1,
     .max = 1e6,
     .doc = "then every so many frames are taken (4 for NavierStokes2D of PDEArena)",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "step",
     .type = SINEW_KEY_REAL,
     .offset = AT(step),
     .standard = "0",
     .max = 1e30,
     .doc = "time between frames of the files; 0: what they say (t, t-coordinate or dt)",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "parameter",
     .type = SINEW_KEY_STRING,
     .offset = AT(parameter),
     .doc = "array with one number a trajectory, for conditional networks (buo_y)",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "mean",
     .type = SINEW_KEY_REALS,
     .offset = AT(mean),
     .doc = "of each component, scalars first; absent: over the training part",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "sd",
     .type = SINEW_KEY_REALS,
     .offset = AT(sd),
     .above_min = PETSC_TRUE,
     .max = 1e30,
     .doc = "standard deviation of each component; with `mean`",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "shift",
     .type = SINEW_KEY_STRINGS,
     .offset = AT(shift),
     .most = 2,
     .doc = "periodic axes around which samples are shifted at random in training: x, y",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "flip",
     .type = SINEW_KEY_STRINGS,
     .offset = AT(flip),
     .most = 2,
     .doc = "axes along which half of the samples are reflected in training, those under which the problem is "
            "symmetric: x, y",
     .change = SINEW_CHANGE_FROZEN},
    {.name = NULL}};

static PetscErrorCode check_axes(SinewDeck deck, SinewNode map, const char key[], const SinewStringList *list)
{
  char path[32];

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(path, sizeof(path), "data.%s", key));
  for (PetscInt k = 0; k < list->n; k++)
    if (strcmp(list->value[k], "x") && strcmp(list->value[k], "y"))
      PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, map, key), path, "expected x, y or both, found %s",
                                 list->value[k]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check(SinewDeck deck, SinewNode map, const SinewDataSection *s)
{
  const PetscInt components = s->scalars.n + s->vectors.n;
  PetscReal sum = 0;

  PetscFunctionBeginUser;
  if (!components) PetscCall(SinewDeckMistake(deck, map, "data", "expected scalars or vectors, found neither"));
  if (s->vectors.n % 2)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, map, "vectors"), "data.vectors",
                               "expected x and y component of each vector, found %" PetscInt_FMT " names",
                               s->vectors.n));
  if (s->mean.n != s->sd.n || (s->mean.n && s->mean.n != components))
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, map, "mean"), "data.mean",
                               "expected mean and sd with %" PetscInt_FMT " numbers each, found %" PetscInt_FMT
                               " and %" PetscInt_FMT,
                               components, s->mean.n, s->sd.n));
  for (PetscInt k = 0; k < s->split.n; k++) sum += s->split.value[k];
  if (s->split.n && (sum > 1 + 1e-9 || !(s->split.value[0] > 0)))
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, map, "split"), "data.split",
                               "expected fractions with a sum of at most 1, the first above 0, found a sum of %g",
                               (double)sum));
  PetscCall(check_axes(deck, map, "shift", &s->shift));
  PetscCall(check_axes(deck, map, "flip", &s->flip));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDataSectionRead(SinewDeck deck, SinewDataSection *section)
{
  const SinewNode map = SinewNodeGet(deck, SinewDeckRoot(deck), "data");

  PetscFunctionBeginUser;
  PetscCall(PetscMemzero(section, sizeof(*section)));
  PetscCall(SinewDeckRead(deck, map, "data", SinewDataKeys, section));
  PetscCall(check(deck, map, section));
  PetscCall(SinewDeckResolve(deck, ".", sizeof(section->folder), section->folder));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDataSectionOpen(MPI_Comm comm, const SinewDataSection *s, SinewPart part, PetscInt least,
                                    SinewDataset *dataset)
{
  static const char *const names[] = {"train", "valid", "test"};
  SinewDatasetOptions options = {.files = s->files.n,
                                 .file = s->files.value,
                                 .folder = s->folder,
                                 .scalars = s->scalars.n,
                                 .vectors = s->vectors.n / 2,
                                 .scalar = s->scalars.value,
                                 .vector = s->vectors.value,
                                 .seed = s->seed,
                                 .axes_yx = (PetscBool)(s->axes == 1),
                                 .faces = (PetscBool)(s->positions == 1),
                                 .skip = s->skip,
                                 .every = s->every,
                                 .least = least,
                                 .step = s->step,
                                 .parameter = s->parameter};

  PetscFunctionBeginUser;
  if (s->split.n) {
    for (int p = 0; p < (int)part; p++) options.from += s->split.value[p];
    options.to = options.from + s->split.value[part];
  } else
    options.part = names[part];
  PetscCall(SinewDatasetOpen(comm, &options, dataset));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDataSectionMoments(MPI_Comm comm, const SinewDataSection *s, SinewDataset training,
                                       PetscReal mean[], PetscReal sd[])
{
  PetscFunctionBeginUser;
  if (!s->mean.n) PetscCall(SinewDatasetMoments(training, comm, mean, sd));
  for (PetscInt c = 0; c < s->mean.n; c++) {
    mean[c] = s->mean.value[c];
    sd[c] = s->sd.value[c];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

SinewAugmentation SinewDataSectionAugmentation(const SinewDataSection *s)
{
  SinewAugmentation a = {{PETSC_FALSE, PETSC_FALSE}, {PETSC_FALSE, PETSC_FALSE}};

  for (PetscInt k = 0; k < s->shift.n; k++) a.shift[s->shift.value[k][0] == 'x'] = PETSC_TRUE;
  for (PetscInt k = 0; k < s->flip.n; k++) a.flip[s->flip.value[k][0] == 'x'] = PETSC_TRUE;
  return a;
}
