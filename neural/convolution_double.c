/* Convolutions in double: a register-blocked kernel forward, plain loops for the adjoints. */
#include "neural/convolution_private.h"
#include <stdlib.h>
#include <string.h>

#define LANES  8           /* of a vector */
#define BLOCK  (2 * LANES) /* output channels worked on at once */
#define PIXELS 6           /* output cells worked on at once: 12 vectors of sums */

typedef double Vector __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double)), may_alias));

struct _p_Convolution {
  ConvolutionShape s;
  PetscInt blocks, taps;
  double *forward; /* [block][tap][in][BLOCK] */
  double *adjoint; /* [tap][out][in], then the same of gradients; training only */
  double *gradient;
};

static PetscErrorCode create_engine(ConvolutionEngine *engine)
{
  PetscFunctionBeginUser;
  *engine = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create(ConvolutionEngine engine, const ConvolutionShape *shape, Convolution *out)
{
  Convolution c;
  size_t size;

  PetscFunctionBeginUser;
  (void)engine;
  PetscCall(PetscNew(&c));
  c->s = *shape;
  c->taps = shape->kernel * shape->kernel;
  c->blocks = (shape->out + BLOCK - 1) / BLOCK;
  PetscCall(NeuralAlloc((size_t)(c->blocks * c->taps * shape->in * BLOCK) * sizeof(double), (void **)&c->forward));
  size = (size_t)(c->taps * shape->out * shape->in);
  if (shape->training) PetscCall(PetscMalloc2(size, &c->adjoint, size, &c->gradient));
  *out = c;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(Convolution *convolution)
{
  Convolution c = *convolution;

  PetscFunctionBeginUser;
  *convolution = NULL;
  if (!c) PetscFunctionReturn(PETSC_SUCCESS);
  free(c->forward);
  PetscCall(PetscFree2(c->adjoint, c->gradient));
  PetscCall(PetscFree(c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode pack(Convolution c, const void *weight)
{
  const ConvolutionShape *s = &c->s;
  const double *w = weight;

  PetscFunctionBeginUser;
  for (PetscInt o = 0; o < s->out; ++o)
    for (PetscInt i = 0; i < s->in; ++i)
      for (PetscInt t = 0; t < c->taps; ++t) {
        const double value = w[(o * s->channels + s->slice + i) * c->taps + t];

        c->forward[(((o / BLOCK) * c->taps + t) * s->in + i) * BLOCK + o % BLOCK] = value;
        if (c->adjoint) c->adjoint[(t * s->out + o) * s->in + i] = value;
      }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscInt padded_width(const ConvolutionShape *s)
{
  return s->nx + s->dilation * (s->kernel - 1);
}

/* The cell of a framed array under tap t of cell (b, y, x) of a box. */
static PetscInt framed_cell(const ConvolutionShape *s, PetscInt t, PetscInt b, PetscInt y, PetscInt x)
{
  const PetscInt rows = s->ny + s->dilation * (s->kernel - 1);

  return (b * rows + y + s->dilation * (t / s->kernel)) * padded_width(s) + x + s->dilation * (t % s->kernel);
}

/* Sums of `pixels` (a constant) neighbouring cells and one block of channels, into sum[pixels][BLOCK]. */
static inline __attribute__((always_inline)) void block_sums(const Convolution c, const double *x, PetscInt b,
                                                             PetscInt j, PetscInt i, PetscInt block, const int pixels,
                                                             double *sum)
{
  const PetscInt in = c->s.in;
  const double *w = c->forward + block * c->taps * in * BLOCK;
  Vector low[PIXELS], high[PIXELS];

  for (int p = 0; p < pixels; ++p) {
    low[p] = *(const Vector *)(sum + p * BLOCK);
    high[p] = *(const Vector *)(sum + p * BLOCK + LANES);
  }
  for (PetscInt t = 0; t < c->taps; ++t) {
    const double *cell = x + framed_cell(&c->s, t, b, j, i) * in;

    for (PetscInt k = 0; k < in; ++k, w += BLOCK) {
      const Vector w0 = *(const Vector *)w, w1 = *(const Vector *)(w + LANES);

      for (int p = 0; p < pixels; ++p) {
        low[p] += w0 * cell[p * in + k];
        high[p] += w1 * cell[p * in + k];
      }
    }
  }
  for (int p = 0; p < pixels; ++p) {
    *(Vector *)(sum + p * BLOCK) = low[p];
    *(Vector *)(sum + p * BLOCK + LANES) = high[p];
  }
}

static void forward_cells(const Convolution c, const double *x, const double *bias, double *y, PetscInt b, PetscInt j,
                          PetscInt i, PetscInt block, int pixels)
{
  const PetscInt out = c->s.out, o = block * BLOCK, n = PetscMin(BLOCK, out - o);
  double sum[PIXELS * BLOCK], *cell = y + ((b * c->s.ny + j) * c->s.nx + i) * out + o;

  memset(sum, 0, sizeof(sum));
  for (int p = 0; p < pixels; ++p)
    for (PetscInt k = 0; k < n; ++k)
      sum[p * BLOCK + k] = c->s.accumulate ? cell[p * out + k] : (bias ? bias[o + k] : 0);
  if (pixels == PIXELS)
    block_sums(c, x, b, j, i, block, PIXELS, sum);
  else
    for (int p = 0; p < pixels; ++p) block_sums(c, x, b, j, i + p, block, 1, sum + p * BLOCK);
  for (int p = 0; p < pixels; ++p)
    for (PetscInt k = 0; k < n; ++k) cell[p * out + k] = sum[p * BLOCK + k];
}

static PetscErrorCode forward(Convolution c, const void *x, const void *bias, void *y)
{
  PetscFunctionBeginUser;
  for (PetscInt block = 0; block < c->blocks; ++block)
    for (PetscInt b = 0; b < c->s.batch; ++b)
      for (PetscInt j = 0; j < c->s.ny; ++j)
        for (PetscInt i = 0; i < c->s.nx; i += PIXELS)
          forward_cells(c, x, bias, y, b, j, i, block, (int)PetscMin(PIXELS, c->s.nx - i));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* y[0..n-1] += sum over rows o of a[o] w[o][0..n-1] */
static void add_rows(PetscInt rows, PetscInt n, const double *a, const double *w, double *restrict y)
{
  for (PetscInt o = 0; o < rows; ++o) {
    const double *restrict row = w + o * n;

#pragma omp simd
    for (PetscInt i = 0; i < n; ++i) y[i] += a[o] * row[i];
  }
}

/* w[o][0..n-1] += a[o] x[0..n-1] */
static void add_outer(PetscInt rows, PetscInt n, const double *a, const double *restrict x, double *w)
{
  for (PetscInt o = 0; o < rows; ++o) {
    double *restrict row = w + o * n;

#pragma omp simd
    for (PetscInt i = 0; i < n; ++i) row[i] += a[o] * x[i];
  }
}

/* The filter turned around. */
static PetscErrorCode backward_data(Convolution c, const void *gy, void *gx)
{
  const ConvolutionShape *s = &c->s;

  PetscFunctionBeginUser;
  memset(gx, 0, (size_t)(s->batch * s->ny * s->nx * s->in) * sizeof(double));
  for (PetscInt t = 0; t < c->taps; ++t)
    for (PetscInt b = 0; b < s->batch; ++b)
      for (PetscInt j = 0; j < s->ny; ++j)
        for (PetscInt i = 0; i < s->nx; ++i)
          add_rows(s->out, s->in, (const double *)gy + framed_cell(s, c->taps - 1 - t, b, j, i) * s->out,
                   c->adjoint + t * s->out * s->in, (double *)gx + ((b * s->ny + j) * s->nx + i) * s->in);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The cell of a framed gradient that is cell (b, y, x) of the output. */
static PetscInt slope_cell(const Convolution c, PetscInt b, PetscInt y, PetscInt x)
{
  return framed_cell(&c->s, c->taps / 2, b, y, x);
}

static void sum_bias(const Convolution c, const double *gy, double *gbias)
{
  const ConvolutionShape *s = &c->s;

  for (PetscInt o = 0; o < s->out; ++o) gbias[o] = 0;
  for (PetscInt b = 0; b < s->batch; ++b)
    for (PetscInt j = 0; j < s->ny; ++j)
      for (PetscInt i = 0; i < s->nx; ++i)
        for (PetscInt o = 0; o < s->out; ++o) gbias[o] += gy[slope_cell(c, b, j, i) * s->out + o];
}

static PetscErrorCode backward_weights(Convolution c, const void *x, const void *gy, void *gweight, void *gbias)
{
  const ConvolutionShape *s = &c->s;

  PetscFunctionBeginUser;
  PetscCall(PetscArrayzero(c->gradient, (size_t)(c->taps * s->out * s->in))); /* a slice may have no outputs */
  for (PetscInt t = 0; t < c->taps; ++t)
    for (PetscInt b = 0; b < s->batch; ++b)
      for (PetscInt j = 0; j < s->ny; ++j)
        for (PetscInt i = 0; i < s->nx; ++i)
          add_outer(s->out, s->in, (const double *)gy + slope_cell(c, b, j, i) * s->out,
                    (const double *)x + framed_cell(s, t, b, j, i) * s->in, c->gradient + t * s->out * s->in);
  for (PetscInt o = 0; o < s->out; ++o)
    for (PetscInt i = 0; i < s->in; ++i)
      for (PetscInt t = 0; t < c->taps; ++t)
        ((double *)gweight)[(o * s->channels + s->slice + i) * c->taps + t] = c->gradient[(t * s->out + o) * s->in + i];
  if (gbias) sum_bias(c, gy, gbias);
  PetscFunctionReturn(PETSC_SUCCESS);
}

const ConvolutionMethods ConvolutionDouble = {create_engine, create_engine, create,        destroy,
                                              pack,          forward,       backward_data, backward_weights};
