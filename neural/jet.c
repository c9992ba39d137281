#include "blas.h"
#include "jet_private.h"
#include "sampling.h"

PetscInt SinewJetChannels(PetscInt dim, SinewJetOrder order)
{
  const PetscInt pairs = dim * (dim + 1) / 2;

  switch (order) {
  case SINEW_JET_VALUE: return 1;
  case SINEW_JET_GRADIENT: return 1 + dim;
  case SINEW_JET_LAPLACIAN: return 2 + dim;
  case SINEW_JET_HESSIAN: return 1 + dim + pairs;
  case SINEW_JET_THIRD: return 1 + 2 * dim + pairs;
  }
  return 0;
}

PetscInt SinewJetHessianChannel(PetscInt dim, PetscInt i, PetscInt j)
{
  return 1 + dim + jet_pair(dim, i, j);
}

static PetscErrorCode check_options(const SinewJetOptions *o, PetscInt block)
{
  PetscFunctionBegin;
  PetscCheck(o->dim >= 1 && o->dim <= SINEW_JET_DIM_MAX, PETSC_COMM_SELF, SINEW_ERR_INPUT,
             "a point network has 1 to %d coordinates, not %" PetscInt_FMT, SINEW_JET_DIM_MAX, o->dim);
  PetscCheck(o->outputs >= 1 && o->width >= 1, PETSC_COMM_SELF, SINEW_ERR_INPUT,
             "a point network needs at least one output and a width of at least 1");
  PetscCheck(o->layers >= 1 && o->layers <= JET_HIDDEN_MAX, PETSC_COMM_SELF, SINEW_ERR_INPUT,
             "a point network has 1 to %d hidden layers, not %" PetscInt_FMT, JET_HIDDEN_MAX, o->layers);
  PetscCheck(o->activation >= SINEW_SINE && o->activation <= SINEW_SWISH, PETSC_COMM_SELF, SINEW_ERR_INPUT,
             "unknown activation %d", (int)o->activation);
  PetscCheck(o->activation != SINEW_SINE || o->omega > 0, PETSC_COMM_SELF, SINEW_ERR_INPUT,
             "omega must be positive, not %g", (double)o->omega);
  for (PetscInt i = 0; i < o->dim; i++) {
    PetscCheck(o->harmonics[i] >= 0, PETSC_COMM_SELF, SINEW_ERR_INPUT, "a negative number of harmonics");
    PetscCheck((!o->harmonics[i] && o->wall[i] == SINEW_WALL_NONE) || o->upper[i] > o->lower[i], PETSC_COMM_SELF,
               SINEW_ERR_INPUT, "coordinate %" PetscInt_FMT " is periodic or has walls: it needs lower < upper", i);
  }
  PetscCheck(block >= 1, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE, "a block has at least one point");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void lay_out(SinewJet jet)
{
  const SinewJetOptions *o = &jet->options;
  PetscInt offset = 0;

  for (PetscInt i = 0; i < o->dim; i++) {
    jet->size[0] += o->harmonics[i] ? 2 * o->harmonics[i] : 1;
    if (o->wall[i] != SINEW_WALL_NONE) jet->walls = PETSC_TRUE;
  }
  jet->linear = o->layers + 1;
  for (PetscInt l = 1; l <= o->layers; l++) jet->size[l] = o->width;
  jet->size[jet->linear] = o->outputs;
  for (PetscInt l = 0; l < jet->linear; l++) {
    jet->weight[l] = offset;
    jet->bias[l] = offset + jet->size[l] * jet->size[l + 1];
    offset = jet->bias[l] + jet->size[l + 1];
  }
  jet->parameters = offset;
  for (PetscInt l = 0; l <= jet->linear; l++) jet->widest = PetscMax(jet->widest, jet->size[l]);
}

static PetscErrorCode allocate(SinewJet jet)
{
  const size_t block = (size_t)jet->block, points = block * (size_t)SinewJetChannels(jet->options.dim, SINEW_JET_THIRD);
  const size_t first = block * (size_t)SinewJetChannels(jet->options.dim, SINEW_JET_GRADIENT);
  const size_t width = (size_t)jet->options.width, outputs = (size_t)jet->options.outputs;
  const size_t widest = (size_t)jet->widest;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1((size_t)jet->parameters, &jet->w));
  for (PetscInt l = 0; l < jet->linear; l++) PetscCall(PetscMalloc1((size_t)jet->size[l] * points, &jet->h[l]));
  for (PetscInt l = 0; l < jet->options.layers; l++)
    PetscCall(PetscMalloc2(width * points, &jet->z[l], width * JET_DERIVATIVES * block, &jet->f[l]));
  for (PetscInt l = 0; l < jet->options.layers; l++)
    PetscCall(PetscMalloc2(width * first, &jet->dz[l], width * first, &jet->dh[l + 1]));
  PetscCall(PetscMalloc2(widest * points, &jet->a, widest * points, &jet->b));
  PetscCall(PetscMalloc3(widest * first, &jet->da, widest * first, &jet->db, outputs * points, &jet->draw));
  PetscCall(PetscMalloc3(outputs * points, &jet->out, outputs * points, &jet->raw, points, &jet->factor));
  PetscCall(PetscMalloc1(2 * (size_t)jet->linear, &jet->names));
  for (PetscInt k = 0; k < 2 * jet->linear; k++)
    PetscCall(PetscSNPrintf(jet->names[k], sizeof(jet->names[k]), "net.%d.%s", (int)(2 * (k / 2)),
                            k % 2 ? "bias" : "weight"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewJetCreate(const SinewJetOptions *options, PetscInt block, SinewJet *jet)
{
  PetscFunctionBegin;
  PetscCall(check_options(options, block));
  PetscCall(SinewBlasTune());
  PetscCall(PetscNew(jet));
  (*jet)->options = *options;
  (*jet)->block = block;
  (*jet)->n = -1;
  lay_out(*jet);
  PetscCall(allocate(*jet));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewJetDestroy(SinewJet *jet)
{
  PetscFunctionBegin;
  if (!*jet) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt l = 0; l < (*jet)->linear; l++) PetscCall(PetscFree((*jet)->h[l]));
  for (PetscInt l = 0; l < (*jet)->options.layers; l++) PetscCall(PetscFree2((*jet)->z[l], (*jet)->f[l]));
  for (PetscInt l = 0; l < (*jet)->options.layers; l++) PetscCall(PetscFree2((*jet)->dz[l], (*jet)->dh[l + 1]));
  PetscCall(PetscFree2((*jet)->a, (*jet)->b));
  PetscCall(PetscFree3((*jet)->da, (*jet)->db, (*jet)->draw));
  PetscCall(PetscFree3((*jet)->out, (*jet)->raw, (*jet)->factor));
  PetscCall(PetscFree((*jet)->names));
  PetscCall(PetscFree((*jet)->w));
  PetscCall(PetscFree(*jet));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const SinewJetOptions *SinewJetGetOptions(SinewJet jet)
{
  return &jet->options;
}

PetscInt SinewJetSize(SinewJet jet)
{
  return jet->parameters;
}

PetscInt SinewJetBlock(SinewJet jet)
{
  return jet->block;
}

PetscInt SinewJetParameterCount(SinewJet jet)
{
  return 2 * jet->linear;
}

PetscErrorCode SinewJetGetParameter(SinewJet jet, PetscInt index, SinewJetParameter *parameter)
{
  const PetscInt l = index / 2;

  PetscFunctionBegin;
  PetscCheck(index >= 0 && index < 2 * jet->linear, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE, "no such parameter");
  parameter->name = jet->names[index];
  parameter->rank = index % 2 ? 1 : 2;
  parameter->shape[0] = jet->size[l + 1];
  parameter->shape[1] = index % 2 ? 1 : jet->size[l];
  parameter->offset = index % 2 ? jet->bias[l] : jet->weight[l];
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewJetInitialise(SinewJet jet, PetscInt64 seed, PetscReal w[])
{
  const PetscBool sine = (PetscBool)(jet->options.activation == SINEW_SINE);

  PetscFunctionBegin;
  for (PetscInt l = 0; l < jet->linear; l++) {
    const PetscReal in = (PetscReal)jet->size[l], out = (PetscReal)jet->size[l + 1];
    const PetscReal siren = l ? PetscSqrtReal(6 / in) / jet->options.omega : 1 / in;
    const PetscReal reach = sine ? siren : PetscSqrtReal(6 / (in + out));

    for (PetscInt k = jet->weight[l]; k < jet->bias[l]; k++) w[k] = reach * (2 * SinewUniform(seed, 0, k) - 1);
    for (PetscInt k = 0; k < jet->size[l + 1]; k++)
      w[jet->bias[l] + k] = (2 * SinewUniform(seed, 0, jet->bias[l] + k) - 1) / PetscSqrtReal(in);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The array of parameter `index` as the file knows it. */
static PetscErrorCode describe(SinewJet jet, PetscInt index, const char group[], size_t size, char path[],
                               SinewArray *array)
{
  SinewJetParameter parameter;

  PetscFunctionBegin;
  PetscCall(SinewJetGetParameter(jet, index, &parameter));
  PetscCall(PetscSNPrintf(path, size, "%s/%s", group, parameter.name));
  PetscCall(PetscMemzero(array, sizeof(*array)));
  array->name = path;
  array->dtype = SINEW_FLOAT64;
  array->rank = (int)parameter.rank;
  array->shape[0] = parameter.shape[0];
  array->shape[1] = parameter.shape[1];
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewJetWrite(SinewJet jet, SinewFile file, const char group[], const PetscReal w[])
{
  char path[PETSC_MAX_PATH_LEN];

  PetscFunctionBegin;
  for (PetscInt k = 0; k < 2 * jet->linear; k++) {
    SinewArray array;

    PetscCall(describe(jet, k, group, sizeof(path), path, &array));
    PetscCall(PetscArraycpy(jet->w, w, jet->parameters)); /* SinewArray's data is not const */
    array.data = jet->w + (k % 2 ? jet->bias[k / 2] : jet->weight[k / 2]);
    PetscCall(SinewFileWrite(file, &array));
  }
  jet->n = -1; /* the copied weights are no longer those of a forward pass */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewJetRead(SinewJet jet, SinewFile file, const char group[], PetscReal w[])
{
  char path[PETSC_MAX_PATH_LEN];

  PetscFunctionBegin;
  for (PetscInt k = 0; k < 2 * jet->linear; k++) {
    SinewArray array;

    PetscCall(describe(jet, k, group, sizeof(path), path, &array));
    array.data = w + (k % 2 ? jet->bias[k / 2] : jet->weight[k / 2]);
    PetscCall(SinewFileRead(file, &array));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
