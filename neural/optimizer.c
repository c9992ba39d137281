/* Optimisers: state, clipping, files. */
#include "neural/optimizer.h"
#include "neural/memory_private.h"
#include "neural/optimizer_private.h"
#include "neural/parameters_private.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const SinewOptimizerKinds[] = {"adamw", "adam", "adamp", NULL};

enum { FIRST, SECOND, AVERAGE, STATES };
static const char *const state_names[STATES] = {"m", "v", "average"};

struct _p_SinewOptimizer {
  SinewDtype dtype;
  SinewOptimizerOptions options;
  const OptimizerKernels *kernels;
  PetscInt count;
  SinewParameter *parameter;
  PetscInt64 steps;
  void *memory[STATES]; /* of all parameters, one after the other; AVERAGE NULL without one */
  size_t *offset;       /* of each parameter in these, in bytes */
  size_t bytes;         /* of one of these */

  /* the step under way */
  MPI_Comm comm; /* of the ranks that together hold parameters of which each has a part */
  OptimizerStep step;
  double keep;      /* of the average */
  double *square;   /* of each gradient, in a step in parts */
  PetscInt applied; /* parameters that have had their turn */
  PetscBool bad;
};

PetscErrorCode SinewOptimizerDefaults(SinewOptimizerOptions *options)
{
  PetscFunctionBeginUser;
  *options = (SinewOptimizerOptions){
      .kind = SINEW_ADAMW, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .decay = 1e-5, .delta = 0.1, .ratio = 0.1};
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewOptimizerCreate(SinewDtype dtype, PetscInt count, const SinewParameter parameters[],
                                    const SinewOptimizerOptions *options, SinewOptimizer *optimizer)
{
  SinewOptimizer o;

  PetscFunctionBeginUser;
  PetscCheck(dtype == SINEW_FLOAT32 || dtype == SINEW_FLOAT64, PETSC_COMM_SELF, PETSC_ERR_ARG_WRONG,
             "optimisers work on floats and doubles");
  PetscCall(PetscNew(&o));
  o->comm = MPI_COMM_SELF;
  o->dtype = dtype;
  o->options = *options;
  o->kernels = dtype == SINEW_FLOAT32 ? &OptimizerFloat : &OptimizerDouble;
  o->count = count;
  PetscCall(PetscMalloc3((size_t)count, &o->parameter, (size_t)count, &o->offset, (size_t)count, &o->square));
  PetscCall(PetscArraycpy(o->parameter, parameters, (size_t)count));
  for (PetscInt k = 0; k < count; ++k) {
    PetscCheck(parameters[k].value && parameters[k].gradient, PETSC_COMM_SELF, PETSC_ERR_ARG_NULL,
               "%s has no value or no gradient: the network was made for inference", parameters[k].name);
    PetscCheck(!parameters[k].part || options->kind != SINEW_ADAMP, PETSC_COMM_SELF, PETSC_ERR_SUP,
               "adamp looks at whole parameters, %s is in parts", parameters[k].name);
    o->offset[k] = o->bytes;
    o->bytes += parameters[k].size * SinewDtypeSize(dtype);
  }
  for (int k = 0; k < STATES; ++k) {
    if (k == AVERAGE && options->average <= 0) continue;
    PetscCall(NeuralAlloc(o->bytes, &o->memory[k]));
  }
  *optimizer = o;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewOptimizerDestroy(SinewOptimizer *optimizer)
{
  SinewOptimizer o = *optimizer;

  PetscFunctionBeginUser;
  *optimizer = NULL;
  if (!o) PetscFunctionReturn(PETSC_SUCCESS);
  for (int k = 0; k < STATES; ++k) free(o->memory[k]);
  PetscCall(PetscFree3(o->parameter, o->offset, o->square));
  PetscCall(PetscFree(o));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void *state_of(SinewOptimizer o, int which, PetscInt k)
{
  return (char *)o->memory[which] + o->offset[k];
}

/* ---- steps ---- */

/* The norm of the gradient, from each parameter's square; of parts, over all of them. */
static PetscErrorCode sum_up(SinewOptimizer o, double *norm)
{
  double whole = 0, parts = 0;
  PetscBool some = PETSC_FALSE;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < o->count; ++k) {
    *(o->parameter[k].part ? &parts : &whole) += o->square[k];
    if (o->parameter[k].part) some = PETSC_TRUE;
  }
  if (some) PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &parts, 1, MPI_DOUBLE, MPI_SUM, o->comm));
  *norm = sqrt(whole + parts);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode clip(SinewOptimizer o, double *norm)
{
  double factor;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < o->count; ++k)
    o->square[k] = (*o->kernels->square)(o->parameter[k].size, o->parameter[k].gradient);
  PetscCall(sum_up(o, norm));
  if (o->options.clip <= 0 || !isfinite(*norm)) PetscFunctionReturn(PETSC_SUCCESS);
  factor = o->options.clip / (*norm + 1e-6);
  for (PetscInt k = 0; k < o->count && factor < 1; ++k)
    (*o->kernels->scale)(o->parameter[k].size, factor, o->parameter[k].gradient);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void begin(SinewOptimizer o, double rate)
{
  const SinewOptimizerOptions *a = &o->options;
  const PetscBool l2 = (PetscBool)(a->kind == SINEW_ADAM);
  const double t = (double)(o->steps + 1);

  o->keep = t <= 1 ? 0 : fmin(a->average, (1 + t) / (10 + t));
  o->step = (OptimizerStep){.beta1 = a->beta1,
                            .beta2 = a->beta2,
                            .eps = a->eps,
                            .size = rate / (1 - pow(a->beta1, t)),
                            .root = sqrt(1 - pow(a->beta2, t)),
                            .decay = l2 ? 0 : rate * a->decay,
                            .inside = l2 ? a->decay : 0,
                            .delta = a->delta,
                            .ratio = a->ratio,
                            .project = (PetscBool)(a->kind == SINEW_ADAMP)};
}

static void advance(SinewOptimizer o, PetscInt k)
{
  const SinewParameter *p = &o->parameter[k];

  (*o->kernels->step)(&o->step, p, state_of(o, FIRST, k), state_of(o, SECOND, k));
  if (o->memory[AVERAGE]) (*o->kernels->average)(p->size, o->keep, p->value, state_of(o, AVERAGE, k));
}

PetscErrorCode SinewOptimizerStep(SinewOptimizer o, double rate, double *norm)
{
  double length;

  PetscFunctionBeginUser;
  PetscCall(clip(o, &length));
  if (norm) *norm = length;
  if (!isfinite(length)) PetscFunctionReturn(PETSC_SUCCESS);
  begin(o, rate);
  for (PetscInt k = 0; k < o->count; ++k) advance(o, k);
  o->steps++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewOptimizerSetComm(SinewOptimizer o, MPI_Comm comm)
{
  PetscFunctionBeginUser;
  o->comm = comm;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewOptimizerBegin(SinewOptimizer o, double rate)
{
  PetscFunctionBeginUser;
  PetscCheck(o->options.clip <= 0, PETSC_COMM_SELF, PETSC_ERR_SUP, "clipping needs all gradients at once");
  begin(o, rate);
  o->applied = 0;
  o->bad = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewOptimizerApply(SinewOptimizer o, PetscInt count, const PetscInt parameters[])
{
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < count; ++i) {
    const PetscInt k = parameters[i];

    o->square[k] = (*o->kernels->square)(o->parameter[k].size, o->parameter[k].gradient);
    if (!isfinite(o->square[k])) o->bad = PETSC_TRUE;
  }
  for (PetscInt i = 0; i < count && !o->bad; ++i) advance(o, parameters[i]);
  o->applied += count;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewOptimizerEnd(SinewOptimizer o, double *norm)
{
  double length;

  PetscFunctionBeginUser;
  PetscCheck(o->applied == o->count, PETSC_COMM_SELF, PETSC_ERR_ORDER,
             "%" PetscInt_FMT " of %" PetscInt_FMT " parameters had a gradient in this step", o->applied, o->count);
  PetscCall(sum_up(o, &length));
  if (norm) *norm = length;
  if (isfinite(length)) o->steps++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewOptimizerSwap(SinewOptimizer o)
{
  PetscFunctionBeginUser;
  if (!o->memory[AVERAGE] || !o->steps) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt k = 0; k < o->count; ++k)
    (*o->kernels->swap)(o->parameter[k].size, o->parameter[k].value, state_of(o, AVERAGE, k));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt64 SinewOptimizerCount(SinewOptimizer o)
{
  return o->steps;
}

size_t SinewOptimizerMemory(SinewOptimizer o)
{
  return o->bytes * (o->memory[AVERAGE] ? 3 : 2);
}

/* ---- files ---- */

static PetscErrorCode name_state(SinewOptimizer o, const char group[], int which, PetscInt k, size_t size, char name[])
{
  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(name, size, "%s/%s/%s", group, state_names[which], o->parameter[k].name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewOptimizerStore(SinewOptimizer o, SinewFile file, const char group[])
{
  char name[256];
  SinewArray array;

  PetscFunctionBeginUser;
  PetscCall(SinewFileWriteString(file, group, "kind", SinewOptimizerKinds[o->options.kind]));
  PetscCall(SinewFileWriteInts(file, group, "steps", 1, &o->steps));
  for (int which = 0; which < STATES; ++which)
    for (PetscInt k = 0; k < o->count && o->memory[which]; ++k) {
      PetscCall(name_state(o, group, which, k, sizeof(name), name));
      ParameterArrayToWrite(&o->parameter[k], o->dtype, name, state_of(o, which, k), &array);
      PetscCall(SinewFileWrite(file, &array));
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_kind(SinewOptimizer o, SinewFile file, const char group[])
{
  const char *want = SinewOptimizerKinds[o->options.kind];
  PetscBool same;
  char *kind;

  PetscFunctionBeginUser;
  PetscCall(SinewFileReadString(file, group, "kind", &kind));
  PetscCheck(kind, PETSC_COMM_WORLD, SINEW_ERR_INPUT, "%s: no state of an optimiser under %s", SinewFilePath(file),
             group);
  same = (PetscBool)!strcmp(kind, want);
  PetscCall(PetscFree(kind));
  PetscCheck(same, PETSC_COMM_WORLD, SINEW_ERR_INPUT, "%s: %s is not the state of %s", SinewFilePath(file), group,
             want);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewOptimizerLoad(SinewOptimizer o, SinewFile file, const char group[])
{
  char name[256];
  SinewArray array, stored;
  PetscBool exists;
  PetscInt n;

  PetscFunctionBeginUser;
  PetscCall(check_kind(o, file, group));
  PetscCall(SinewFileReadInts(file, group, "steps", 1, &n, &o->steps));
  PetscCheck(n == 1, PETSC_COMM_WORLD, SINEW_ERR_INPUT, "%s: %s has no steps", SinewFilePath(file), group);
  for (int which = 0; which < STATES; ++which)
    for (PetscInt k = 0; k < o->count && o->memory[which]; ++k) {
      PetscCall(name_state(o, group, which, k, sizeof(name), name));
      ParameterArray(&o->parameter[k], o->dtype, name, state_of(o, which, k), &array);
      PetscCall(SinewFileInquire(file, name, &exists, &stored));
      PetscCheck(exists, PETSC_COMM_WORLD, SINEW_ERR_INPUT, "%s: %s is missing", SinewFilePath(file), name);
      PetscCheck(
          stored.rank == array.rank && !memcmp(stored.shape, array.shape, (size_t)array.rank * sizeof(PetscInt64)),
          PETSC_COMM_WORLD, SINEW_ERR_INPUT, "%s: %s has another shape than its parameter", SinewFilePath(file), name);
      PetscCall(SinewFileRead(file, &array));
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}
