/* Losses. Outputs have few channels, so plain loops do. */
#include "neural/loss.h"
#include "neural/tensor_private.h"
#include <math.h>

const char *const SinewLossKinds[] = {"scaledl2", "mse", "relative_l1", NULL};

static PetscInt index_of(SinewTensor t, PetscInt b, PetscInt y, PetscInt x, PetscInt c)
{
  const SinewBox box = t->layout->box;
  const PetscInt h = t->halo;

  return ((b * (box.ny + 2 * h) + y + h) * (box.nx + 2 * h) + x + h) * t->channels + c;
}

static double get(SinewTensor t, PetscInt b, PetscInt y, PetscInt x, PetscInt c)
{
  const PetscInt k = index_of(t, b, y, x, c);

  return t->dtype == SINEW_FLOAT32 ? (double)((const float *)t->data)[k] : ((const double *)t->data)[k];
}

static void set(SinewTensor t, PetscInt b, PetscInt y, PetscInt x, PetscInt c, double value)
{
  const PetscInt k = index_of(t, b, y, x, c);

  if (t->dtype == SINEW_FLOAT32)
    ((float *)t->data)[k] = (float)value;
  else
    ((double *)t->data)[k] = value;
}

static PetscErrorCode check(SinewTensor prediction, SinewTensor target)
{
  PetscFunctionBeginUser;
  PetscCheck(prediction->layout == target->layout && prediction->batch == target->batch &&
                 prediction->channels == target->channels,
             prediction->layout->comm, PETSC_ERR_ARG_SIZ, "prediction and target differ in shape");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Sums of |p - y|^power and |y|^power over the map, power 1 or 2, for each sample and channel:
 * sums[2 (b channels + c)], ... + 1. */
static PetscErrorCode add_up(SinewTensor p, SinewTensor t, int power, double sums[])
{
  const SinewBox box = p->layout->box;
  PetscMPIInt count;

  PetscFunctionBeginUser;
  for (PetscInt b = 0; b < p->batch; ++b)
    for (PetscInt c = 0; c < p->channels; ++c) {
      double *s = sums + 2 * (b * p->channels + c);

      s[0] = s[1] = 0;
      for (PetscInt y = 0; y < box.ny; ++y)
        for (PetscInt x = 0; x < box.nx; ++x) {
          const double want = get(t, b, y, x, c), d = get(p, b, y, x, c) - want;

          s[0] += power == 2 ? d * d : fabs(d);
          s[1] += power == 2 ? want * want : fabs(want);
        }
    }
  PetscCall(PetscMPIIntCast(2 * p->batch * p->channels, &count));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sums, count, MPI_DOUBLE, MPI_SUM, p->layout->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static double sign(double x)
{
  return x > 0 ? 1 : x < 0 ? -1 : 0;
}

/* gradient = factor[b][c] (p - y), of power 2, or of its sign */
static void set_gradient(SinewTensor p, SinewTensor t, int power, const double factor[], SinewTensor gradient)
{
  const SinewBox box = p->layout->box;

  for (PetscInt b = 0; b < p->batch; ++b)
    for (PetscInt y = 0; y < box.ny; ++y)
      for (PetscInt x = 0; x < box.nx; ++x)
        for (PetscInt c = 0; c < p->channels; ++c) {
          const double d = get(p, b, y, x, c) - get(t, b, y, x, c);

          set(gradient, b, y, x, c, factor[b * p->channels + c] * (power == 2 ? d : sign(d)));
        }
}

/* What one channel of one sample adds to a loss, and the factor of its gradient, from its two sums (add_up). */
typedef void Share(const double sums[2], double channels, double values, double *loss, double *factor);

static void share_mean_square(const double sums[2], double channels, double values, double *loss, double *factor)
{
  (void)channels;
  *loss = sums[0] / values;
  *factor = 2 / values;
}

static void share_scaled_l2(const double sums[2], double channels, double values, double *loss, double *factor)
{
  (void)values;
  *loss = sqrt(sums[0] / sums[1]) / channels;
  *factor = sums[0] > 0 ? 1 / (sqrt(sums[0]) * sqrt(sums[1]) * channels) : 0;
}

static void share_relative_l1(const double sums[2], double channels, double values, double *loss, double *factor)
{
  (void)values;
  *loss = sums[0] / sums[1] / channels;
  *factor = sums[0] > 0 ? 1 / (sums[1] * channels) : 0;
}

static PetscErrorCode measure(SinewTensor p, SinewTensor t, int power, Share *share, double *loss, SinewTensor gradient)
{
  const PetscInt n = p->batch * p->channels;
  const double values = (double)n * (double)p->layout->ny * (double)p->layout->nx;
  double *sums, *factor;

  PetscFunctionBeginUser;
  PetscCall(check(p, t));
  PetscCall(PetscMalloc2((size_t)(2 * n), &sums, (size_t)n, &factor));
  PetscCall(add_up(p, t, power, sums));
  *loss = 0;
  for (PetscInt k = 0; k < n; ++k) {
    double part;

    (*share)(sums + 2 * k, (double)n, values, &part, &factor[k]);
    *loss += part;
  }
  if (gradient) set_gradient(p, t, power, factor, gradient);
  PetscCall(PetscFree2(sums, factor));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewLossMeanSquare(SinewTensor p, SinewTensor t, double *loss, SinewTensor gradient)
{
  PetscFunctionBeginUser;
  PetscCall(measure(p, t, 2, share_mean_square, loss, gradient));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewLossScaledL2(SinewTensor p, SinewTensor t, double *loss, SinewTensor gradient)
{
  PetscFunctionBeginUser;
  PetscCall(measure(p, t, 2, share_scaled_l2, loss, gradient));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewLossRelativeL1(SinewTensor p, SinewTensor t, double *loss, SinewTensor gradient)
{
  PetscFunctionBeginUser;
  PetscCall(measure(p, t, 1, share_relative_l1, loss, gradient));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewLoss(SinewLossKind kind, SinewTensor p, SinewTensor t, double *loss, SinewTensor gradient)
{
  static PetscErrorCode (*const functions[])(SinewTensor, SinewTensor, double *, SinewTensor) = {
      SinewLossScaledL2, SinewLossMeanSquare, SinewLossRelativeL1};

  PetscFunctionBeginUser;
  PetscCall((*functions[kind])(p, t, loss, gradient));
  PetscFunctionReturn(PETSC_SUCCESS);
}
