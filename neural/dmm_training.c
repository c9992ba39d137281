#include "neural/dmm_training.h"

#include <petsctao.h>

#include "io/error.h"
#include "io/random.h"
#include "neural/dmm_private.h"
#include "neural/optimizer.h"

struct _p_SinewDMMTrainer {
  MPI_Comm comm;
  PetscMPIInt rank, size;
  SinewDMM dmm;
  PetscInt count, numbers; /* of fields; of parameters */
  const double *u;
  SinewDMMTrainerOptions o;
  SinewOptimizer optimizer;
  PetscInt64 draws; /* samples drawn */
  double *gradient; /* [numbers] */
  double *sums;     /* [count][(s-1)^2], of the monitor over the cells of a field */
  double *batch, *xi, *border_u[4], *border_xi[4];
  SinewDMMSample sample;
};

/* ---- parameters ---- */

PetscErrorCode SinewDMMTrainerInitialise(SinewDMM dmm, PetscInt64 seed)
{
  PetscInt64 fan = 1;

  PetscFunctionBeginUser;
  for (PetscInt p = 0; p < PARAMETERS; p++) {
    const SinewArray *a = &dmm->shape[p];
    double *value = dmm->parameter[p];

    if (a->rank > 1) fan = (PetscInt)SinewArraySize(a) / (PetscInt)a->shape[0]; /* biases come after their weights */
    for (PetscInt i = 0; i < (PetscInt)SinewArraySize(a); i++)
      value[i] = (2 * SinewUniform(seed, p, i) - 1) / PetscSqrtReal((PetscReal)fan);
  }
  PetscCall(SinewDMMCollapse(dmm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- creation ---- */

PetscErrorCode SinewDMMTrainerDefaults(SinewDMMTrainerOptions *options)
{
  PetscFunctionBeginUser;
  *options = (SinewDMMTrainerOptions){.fields = 16, .points = 120, .border = 30, .decay = 1e-5};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Running sums over cells of 1 + G / (floor mean G). */
static void sum_monitor(PetscInt s, double floor, const double u[], double sums[])
{
  double mean = 0, sum = 0;

  for (int pass = 0; pass < 2; pass++)
    for (PetscInt j = 0; j < s - 1; j++)
      for (PetscInt i = 0; i < s - 1; i++) {
        const double a = u[j * s + i + 1] - u[j * s + i], b = u[(j + 1) * s + i] - u[j * s + i],
                     g = PetscSqrtReal(a * a + b * b);

        if (pass == 0)
          mean += g / (double)((s - 1) * (s - 1));
        else
          sums[j * (s - 1) + i] = sum += 1 + (mean > 0 ? g / (floor * mean) : 0);
      }
}

static PetscErrorCode create_optimizer(SinewDMMTrainer t)
{
  SinewParameter table[PARAMETERS] = {{.rank = 0}};
  SinewOptimizerOptions o;
  PetscInt at = 0;

  PetscFunctionBeginUser;
  for (int p = 0; p < PARAMETERS; p++) {
    const SinewArray *a = &t->dmm->shape[p];

    PetscCall(PetscStrncpy(table[p].name, a->name, sizeof(table[p].name)));
    table[p].rank = a->rank;
    for (int k = 0; k < a->rank; k++) table[p].shape[k] = a->shape[k];
    table[p].size = (size_t)SinewArraySize(a);
    table[p].value = t->dmm->parameter[p];
    table[p].gradient = t->gradient + at;
    at += (PetscInt)SinewArraySize(a);
  }
  PetscCall(SinewOptimizerDefaults(&o));
  o.kind = SINEW_ADAM;
  o.decay = t->o.decay;
  PetscCall(SinewOptimizerCreate(SINEW_FLOAT64, PARAMETERS, table, &o, &t->optimizer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDMMTrainerCreate(MPI_Comm comm, SinewDMM dmm, PetscInt count, const double u[],
                                     const SinewDMMTrainerOptions *options, SinewDMMTrainer *trainer)
{
  const PetscInt s = SinewDMMSize(dmm), area = s * s, cells = (s - 1) * (s - 1);
  SinewDMMTrainer t;
  PetscInt mine;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&t));
  *trainer = t;
  t->comm = comm;
  t->dmm = dmm;
  t->count = count;
  t->u = u;
  t->o = *options;
  PetscCallMPI(MPI_Comm_rank(comm, &t->rank));
  PetscCallMPI(MPI_Comm_size(comm, &t->size));
  PetscCheck(count > 0 && t->o.fields > 0 && t->o.fields % t->size == 0, comm, PETSC_ERR_ARG_OUTOFRANGE,
             "the fields of a step must be a multiple of the number of ranks");
  mine = t->o.fields / t->size;
  for (int p = 0; p < PARAMETERS; p++) t->numbers += (PetscInt)SinewArraySize(&dmm->shape[p]);
  PetscCall(PetscMalloc4((size_t)t->numbers, &t->gradient, (size_t)(count * cells), &t->sums, (size_t)(mine * area),
                         &t->batch, (size_t)(2 * mine * t->o.points), &t->xi));
  for (int side = 0; side < 4; side++)
    PetscCall(PetscMalloc2((size_t)(mine * area), &t->border_u[side], (size_t)(2 * t->o.border), &t->border_xi[side]));
  for (PetscInt f = 0; f < count; f++)
    sum_monitor(s, t->o.monitor.floor > 0 ? t->o.monitor.floor : 0.01, u + f * area, t->sums + f * cells);
  t->sample = (SinewDMMSample){.fields = mine,
                               .points = t->o.points,
                               .u = t->batch,
                               .xi = t->xi,
                               .border = t->o.border,
                               .monitor = t->o.monitor};
  for (int side = 0; side < 4; side++) {
    t->sample.border_u[side] = t->o.joint ? NULL : t->border_u[side];
    t->sample.border_xi[side] = t->border_xi[side];
  }
  PetscCall(create_optimizer(t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDMMTrainerDestroy(SinewDMMTrainer *trainer)
{
  SinewDMMTrainer t = *trainer;

  PetscFunctionBeginUser;
  if (!t) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewOptimizerDestroy(&t->optimizer));
  PetscCall(PetscFree4(t->gradient, t->sums, t->batch, t->xi));
  for (int side = 0; side < 4; side++) PetscCall(PetscFree2(t->border_u[side], t->border_xi[side]));
  PetscCall(PetscFree(t));
  *trainer = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- samples ---- */

/* The first running sum above a part of the last one. */
static PetscInt find_cell(PetscInt n, const double sums[], double part)
{
  const double wanted = part * sums[n - 1];
  PetscInt low = 0, high = n - 1;

  while (low < high) {
    const PetscInt middle = (low + high) / 2;

    if (sums[middle] > wanted)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

/* The next sample; streams of random numbers are counted by samples, places in them by what is drawn. */
static PetscErrorCode draw(SinewDMMTrainer t)
{
  const PetscInt s = SinewDMMSize(t->dmm), area = s * s, cells = (s - 1) * (s - 1), mine = t->sample.fields,
                 first = t->rank * mine;
  const PetscInt64 each = 3 * (PetscInt64)t->o.points + 5;

  PetscFunctionBeginUser;
  for (PetscInt f = 0; f < mine; f++) {
    const PetscInt64 base = (first + f) * each;
    const PetscInt which = (PetscInt)(SinewUniform(t->o.seed, t->draws, base) * (double)t->count);

    PetscCall(PetscArraycpy(t->batch + f * area, t->u + which * area, area));
    for (int side = 0; side < 4; side++)
      PetscCall(PetscArraycpy(
          t->border_u[side] + f * area,
          t->u + (PetscInt)(SinewUniform(t->o.seed, t->draws, base + 1 + side) * (double)t->count) * area, area));
    for (PetscInt p = 0; p < t->o.points; p++) {
      const PetscInt64 at = base + 5 + 3 * p;
      const PetscInt cell = find_cell(cells, t->sums + which * cells, SinewUniform(t->o.seed, t->draws, at));
      double *xi = t->xi + 2 * (f * t->o.points + p);

      xi[0] = ((double)(cell % (s - 1)) + SinewUniform(t->o.seed, t->draws, at + 1)) / (double)(s - 1);
      xi[1] = ((double)(cell / (s - 1)) + SinewUniform(t->o.seed, t->draws, at + 2)) / (double)(s - 1);
    }
  }
  for (int side = 0; side < 4; side++)
    for (PetscInt p = 0; p < t->o.border; p++) {
      t->border_xi[side][2 * p + side / 2] = side % 2;
      t->border_xi[side][2 * p + 1 - side / 2] = t->o.border > 1 ? (double)p / (double)(t->o.border - 1) : 0.5;
    }
  t->draws++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Sums over ranks, times `share`. Collective. */
static PetscErrorCode sum_losses(SinewDMMTrainer t, double share, SinewDMMLoss *loss)
{
  double *part[] = {&loss->in,      &loss->bound,   &loss->convex,  &loss->total,
                    &loss->side[0], &loss->side[1], &loss->side[2], &loss->side[3]},
         sum[8];

  PetscFunctionBeginUser;
  for (int k = 0; k < 8; k++) sum[k] = share * *part[k];
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sum, 8, MPI_DOUBLE, MPI_SUM, t->comm));
  for (int k = 0; k < 8; k++) *part[k] = sum[k];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Loss and, if wanted, its gradient on the sample in hand, means over ranks. Collective. */
static PetscErrorCode evaluate(SinewDMMTrainer t, PetscBool differentiate, SinewDMMLoss *loss)
{
  PetscFunctionBeginUser;
  PetscCall(SinewDMMEvaluateLoss(t->dmm, &t->sample, loss, differentiate ? t->gradient : NULL));
  if (t->size == 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(sum_losses(t, 1. / t->size, loss));
  if (!differentiate) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, t->gradient, (PetscMPIInt)t->numbers, MPI_DOUBLE, MPI_SUM, t->comm));
  for (PetscInt i = 0; i < t->numbers; i++) t->gradient[i] /= t->size;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDMMTrainerStep(SinewDMMTrainer t, double rate, SinewDMMLoss *loss, double *norm)
{
  PetscFunctionBeginUser;
  PetscCall(draw(t));
  PetscCall(evaluate(t, PETSC_TRUE, loss));
  PetscCall(SinewOptimizerStep(t->optimizer, rate, norm));
  PetscCall(SinewDMMCollapse(t->dmm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt64 SinewDMMTrainerSteps(SinewDMMTrainer t)
{
  return SinewOptimizerCount(t->optimizer);
}

/* ---- judgement ---- */

/* Centres of cells; nodes of the four sides. */
static void place_judges(PetscInt s, double *xi, double *const border[4])
{
  for (PetscInt n = 0; n < (s - 1) * (s - 1); n++) {
    xi[2 * n] = ((double)(n % (s - 1)) + 0.5) / (double)(s - 1);
    xi[2 * n + 1] = ((double)(n / (s - 1)) + 0.5) / (double)(s - 1);
  }
  for (int side = 0; side < 4; side++)
    for (PetscInt p = 0; p < s; p++) {
      border[side][2 * p + side / 2] = side % 2;
      border[side][2 * p + 1 - side / 2] = (double)p / (double)(s - 1);
    }
}

PetscErrorCode SinewDMMTrainerJudge(SinewDMMTrainer t, PetscInt count, const double u[], SinewDMMLoss *loss)
{
  const PetscInt s = SinewDMMSize(t->dmm);
  double *xi, *border[4];
  SinewDMMSample sample = {.fields = 1, .points = (s - 1) * (s - 1), .border = s, .monitor = t->o.monitor};

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc5((size_t)(2 * sample.points), &xi, (size_t)(2 * s), &border[0], (size_t)(2 * s), &border[1],
                         (size_t)(2 * s), &border[2], (size_t)(2 * s), &border[3]));
  place_judges(s, xi, border);
  sample.xi = xi;
  for (int side = 0; side < 4; side++) sample.border_xi[side] = border[side];
  *loss = (SinewDMMLoss){0};
  for (PetscInt f = t->rank; f < count; f += t->size) {
    SinewDMMLoss one;

    sample.u = u + f * s * s;
    PetscCall(SinewDMMEvaluateLoss(t->dmm, &sample, &one, NULL));
    loss->in += one.in;
    loss->bound += one.bound;
    loss->convex += one.convex;
    loss->total += one.total;
  }
  PetscCall(sum_losses(t, 1. / (double)count, loss));
  PetscCall(PetscFree5(xi, border[0], border[1], border[2], border[3]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- random features ---- */

/* Where w2 is among the parameters. */
static PetscInt last_row(const SinewDMMTrainer t)
{
  PetscInt at = 0;

  for (int p = 0; p < OUT1_W; p++) at += (PetscInt)SinewArraySize(&t->dmm->shape[p]);
  return at;
}

static PetscErrorCode feature_loss(Tao tao, Vec w, PetscReal *value, Vec g, void *context)
{
  SinewDMMTrainer t = (SinewDMMTrainer)context;
  const PetscReal *from;
  PetscReal *to;
  SinewDMMLoss loss;

  PetscFunctionBeginUser;
  (void)tao;
  PetscCall(VecGetArrayRead(w, &from));
  PetscCall(PetscArraycpy(t->dmm->parameter[OUT1_W], from, t->dmm->hidden));
  PetscCall(VecRestoreArrayRead(w, &from));
  PetscCall(evaluate(t, PETSC_TRUE, &loss));
  PetscCall(VecGetArrayWrite(g, &to));
  PetscCall(PetscArraycpy(to, t->gradient + last_row(t), t->dmm->hidden));
  PetscCall(VecRestoreArrayWrite(g, &to));
  *value = loss.total;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Minimises over w2 on the sample in hand, from where it is. */
static PetscErrorCode minimise(SinewDMMTrainer t, PetscInt most)
{
  const PetscInt n = t->dmm->hidden;
  Tao tao;
  Vec w;
  PetscReal *a;

  PetscFunctionBeginUser;
  PetscCall(VecCreateSeq(PETSC_COMM_SELF, n, &w));
  PetscCall(VecGetArrayWrite(w, &a));
  PetscCall(PetscArraycpy(a, t->dmm->parameter[OUT1_W], n));
  PetscCall(VecRestoreArrayWrite(w, &a));
  PetscCall(TaoCreate(PETSC_COMM_SELF, &tao)); /* every rank runs the same one: losses are equal */
  PetscCall(TaoSetOptionsPrefix(tao, "mesh_network_"));
  PetscCall(TaoSetType(tao, TAOLMVM));
  PetscCall(TaoSetSolution(tao, w));
  PetscCall(TaoSetObjectiveAndGradient(tao, NULL, feature_loss, t));
  PetscCall(TaoSetMaximumIterations(tao, most));
  PetscCall(TaoSetTolerances(tao, 0, 1e-6, 0));
  PetscCall(TaoSetFromOptions(tao));
  PetscCall(TaoSolve(tao));
  PetscCall(VecGetArray(w, &a));
  PetscCall(PetscArraycpy(t->dmm->parameter[OUT1_W], a, n));
  PetscCall(VecRestoreArray(w, &a));
  PetscCall(TaoDestroy(&tao));
  PetscCall(VecDestroy(&w));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDMMTrainerFeatures(SinewDMMTrainer t, PetscInt most, PetscBool *kept)
{
  const PetscInt n = t->dmm->hidden;
  SinewDMMLoss before, after;
  double *old, *found;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2((size_t)n, &old, (size_t)n, &found));
  PetscCall(PetscArraycpy(old, t->dmm->parameter[OUT1_W], n));
  PetscCall(draw(t));
  PetscCall(minimise(t, most));
  PetscCall(PetscArraycpy(found, t->dmm->parameter[OUT1_W], n));
  PetscCall(draw(t));
  PetscCall(evaluate(t, PETSC_FALSE, &after));
  PetscCall(PetscArraycpy(t->dmm->parameter[OUT1_W], old, n));
  PetscCall(evaluate(t, PETSC_FALSE, &before));
  *kept = (PetscBool)(after.total < before.total);
  if (*kept) PetscCall(PetscArraycpy(t->dmm->parameter[OUT1_W], found, n));
  PetscCall(PetscFree2(old, found));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- files ---- */

static PetscErrorCode transfer_weights(SinewDMMTrainer t, SinewFile file, PetscBool read)
{
  PetscFunctionBeginUser;
  for (int p = 0; p < PARAMETERS; p++) {
    SinewArray a = t->dmm->shape[p];
    char name[128];

    PetscCall(PetscSNPrintf(name, sizeof(name), "/weights/%s", a.name));
    a.name = name;
    PetscCall(read ? SinewFileRead(file, &a) : SinewFileWrite(file, &a));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDMMTrainerStoreWeights(SinewDMMTrainer t, SinewFile file)
{
  PetscFunctionBeginUser;
  PetscCall(transfer_weights(t, file, PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDMMTrainerLoadWeights(SinewDMMTrainer t, SinewFile file)
{
  PetscFunctionBeginUser;
  PetscCall(transfer_weights(t, file, PETSC_TRUE));
  PetscCall(SinewDMMCollapse(t->dmm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDMMTrainerStore(SinewDMMTrainer t, SinewFile file)
{
  PetscFunctionBeginUser;
  PetscCall(SinewDMMTrainerStoreWeights(t, file));
  PetscCall(SinewOptimizerStore(t->optimizer, file, "/training"));
  PetscCall(SinewFileWriteInts(file, "/training", "draws", 1, &t->draws));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDMMTrainerLoad(SinewDMMTrainer t, SinewFile file)
{
  PetscInt n;

  PetscFunctionBeginUser;
  PetscCall(SinewDMMTrainerLoadWeights(t, file));
  PetscCall(SinewOptimizerLoad(t->optimizer, file, "/training"));
  PetscCall(SinewFileReadInts(file, "/training", "draws", 1, &n, &t->draws));
  if (n != 1) SETERRQ(t->comm, SINEW_ERR_INPUT, "%s: no state of a training of mesh networks", SinewFilePath(file));
  PetscFunctionReturn(PETSC_SUCCESS);
}
