/*
  Convolutions of the mesh network's branch and their adjoints: products with unfolded patches, a strip of rows at a
  time, whose patches stay in the second-level cache.

    out = W P,    W_bar = out_bar P^T,    P_bar = W^T out_bar

  with P (in 25 x places of the strip): what tap (b, a) of input plane p sees at each place.
*/
#include "neural/dmm_private.h"

typedef struct {
  const Convolution *c;
  PetscInt size, size_out; /* of a plane's sides */
  PetscInt taps;           /* rows of P */
  PetscInt first, rows;    /* the strip */
} Strip;

static PetscInt places(const Strip *s)
{
  return s->rows * s->size_out;
}

static Strip begin(const Convolution *c, PetscInt size, PetscInt size_out)
{
  const PetscInt taps = c->in * KERNEL * KERNEL;

  return (Strip){.c = c,
                 .size = size,
                 .size_out = size_out,
                 .taps = taps,
                 .rows = PetscMin(size_out, PetscMax(1, PATCHES / (taps * size_out)))};
}

/* The next strip; whether there is one. */
static PetscBool next(Strip *s)
{
  s->first += s->rows;
  s->rows = PetscMin(s->rows, s->size_out - s->first);
  return (PetscBool)(s->rows > 0);
}

/* The outputs x for which tap a of a row of inputs lies inside: low .. high - 1. */
static void find_inside(const Strip *s, PetscInt a, PetscInt *low, PetscInt *high)
{
  const PetscInt stride = s->c->stride;

  *low = PetscMax(0, (PADDING - a + stride - 1) / stride);
  *high = PetscMin(s->size_out, (s->size - 1 + PADDING - a) / stride + 1);
}

/* One tap in one row of a strip: patches from inputs, or inputs' adjoints from patches'. */
static void unfold_row(const Strip *s, PetscInt a, const double *restrict in, double *restrict patch)
{
  const PetscInt stride = s->c->stride;
  PetscInt low, high;

  find_inside(s, a, &low, &high);
  for (PetscInt x = 0; x < low; x++) patch[x] = 0;
  if (stride == 1)
    for (PetscInt x = low; x < high; x++) patch[x] = in[x + a - PADDING];
  else
    for (PetscInt x = low; x < high; x++) patch[x] = in[stride * x + a - PADDING];
  for (PetscInt x = high; x < s->size_out; x++) patch[x] = 0;
}

static void fold_row(const Strip *s, PetscInt a, const double *restrict patch, double *restrict in)
{
  const PetscInt stride = s->c->stride;
  PetscInt low, high;

  find_inside(s, a, &low, &high);
  if (stride == 1)
    for (PetscInt x = low; x < high; x++) in[x + a - PADDING] += patch[x];
  else
    for (PetscInt x = low; x < high; x++) in[stride * x + a - PADDING] += patch[x];
}

/* patches from in, or adds patches to in. */
static void transfer(const Strip *s, PetscBool back, double in[], double patches[])
{
  const PetscInt size = s->size, n = s->size_out;

  for (PetscInt t = 0; t < s->taps; t++)
    for (PetscInt y = 0; y < s->rows; y++) {
      const PetscInt p = t / (KERNEL * KERNEL), b = t / KERNEL % KERNEL, a = t % KERNEL,
                     row = (s->first + y) * s->c->stride + b - PADDING;
      double *patch = patches + t * places(s) + y * n, *from = in + (p * size + row) * size;
      const PetscBool inside = (PetscBool)(row >= 0 && row < size);

      if (back) {
        if (inside) fold_row(s, a, patch, from);
      } else if (inside)
        unfold_row(s, a, from, patch);
      else
        for (PetscInt x = 0; x < n; x++) patch[x] = 0;
    }
}

PetscErrorCode SinewDMMConvolve_Private(SinewDMM m, int k, PetscInt size, const double in[], PetscInt size_out,
                                        double out[])
{
  const Convolution *c = &SinewDMMConvolutions_Private[k];
  Strip s = begin(c, size, size_out);

  PetscFunctionBegin;
  do {
    transfer(&s, PETSC_FALSE, (double *)in, m->patches[0]);
    PetscCall(SinewDMMMultiply_Private(PETSC_FALSE, c->out, places(&s), s.taps, m->parameter[2 * k], s.taps,
                                       m->patches[0], places(&s), 1, out + s.first * size_out, size_out * size_out));
  } while (next(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* patches = W^T out_bar of a strip */
static PetscErrorCode spread(const Strip *s, const double W[], const double out_bar[], double patches[])
{
  const double one = 1, zero = 0;
  PetscBLASInt n, taps, out, plane;

  PetscFunctionBegin;
  PetscCall(PetscBLASIntCast(places(s), &n));
  PetscCall(PetscBLASIntCast(s->taps, &taps));
  PetscCall(PetscBLASIntCast(s->c->out, &out));
  PetscCall(PetscBLASIntCast(s->size_out * s->size_out, &plane));
  BLASgemm_("N", "T", &n, &taps, &out, &one, out_bar, &plane, W, &taps, &zero, patches, &n);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDMMConvolveAdjoint_Private(SinewDMM m, int k, PetscInt size, const double in[], PetscInt size_out,
                                               const double out_bar[], double W_bar[], double b_bar[], double in_bar[])
{
  const Convolution *c = &SinewDMMConvolutions_Private[k];
  const PetscInt plane = size_out * size_out;
  Strip s = begin(c, size, size_out);

  PetscFunctionBegin;
  for (PetscInt i = 0; i < c->out * plane; i++) b_bar[i / plane] += out_bar[i];
  do {
    const double *bar = out_bar + s.first * size_out;

    transfer(&s, PETSC_FALSE, (double *)in, m->patches[0]);
    PetscCall(SinewDMMMultiply_Private(PETSC_TRUE, c->out, s.taps, places(&s), bar, plane, m->patches[0], places(&s), 1,
                                       W_bar, s.taps));
    if (!in_bar) continue;
    PetscCall(spread(&s, m->parameter[2 * k], bar, m->patches[1]));
    transfer(&s, PETSC_TRUE, in_bar, m->patches[1]);
  } while (next(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}
