/*
  The kernels of kernels_private.h for element type REAL. Included by kernels_float.c and
  kernels_double.c, which also define TABLE (the table's name) and gelu, gelu_slope (see there).

  Up-sampling: bicubic convolution with a = -0.75 at half-cell offsets (Keys, IEEE Trans. ASSP 29,
  1981): two phases, dyadic weights.
*/
#include "neural/kernels_private.h"
#include <math.h>

/* The first value of cell (y, x) of sample b. */
static inline REAL *at(SinewTensor t, PetscInt b, PetscInt y, PetscInt x)
{
  const PetscInt h = t->halo;

  return (REAL *)t->data +
         ((b * (t->layout->box.ny + 2 * h) + y + h) * (t->layout->box.nx + 2 * h) + x + h) * t->channels;
}

/* ---- activations: values, and slopes with the values on the way ---- */

static inline REAL none(REAL x)
{
  return x;
}
static inline REAL none_slope(REAL x, REAL *value)
{
  *value = x;
  return 1;
}
static inline REAL relu(REAL x)
{
  return x > 0 ? x : 0;
}
static inline REAL relu_slope(REAL x, REAL *value)
{
  *value = relu(x);
  return x > 0 ? 1 : 0;
}
static inline REAL sigmoid(REAL x)
{
  return (REAL)(1 / (1 + exp(-(double)x)));
}
static inline REAL sigmoid_slope(REAL x, REAL *value)
{
  const REAL s = sigmoid(x);

  *value = s;
  return s * (1 - s);
}
static inline REAL silu(REAL x)
{
  return x * sigmoid(x);
}
static inline REAL silu_slope(REAL x, REAL *value)
{
  const REAL s = sigmoid(x);

  *value = x * s;
  return s * (1 + x * (1 - s));
}
static inline REAL hyperbolic(REAL x)
{
  return (REAL)tanh((double)x);
}
static inline REAL hyperbolic_slope(REAL x, REAL *value)
{
  const REAL t = hyperbolic(x);

  *value = t;
  return 1 - t * t;
}

/* ---- norm, activation, conditioning, residuals ---- */

static inline const REAL *coefficients(const void *all, PetscInt b, PetscInt channels)
{
  return all ? (const REAL *)all + b * channels : NULL;
}

static void add_residual(SinewTensor from, SinewTensor to, PetscInt b, SinewBox r)
{
  for (PetscInt y = r.y; y < r.y + r.ny; ++y) {
    const REAL *x = at(from, b, y, r.x);
    REAL *out = at(to, b, y, r.x);

#pragma omp simd
    for (PetscInt i = 0; i < r.nx * to->channels; ++i) out[i] += x[i];
  }
}

#define POINTWISE(act)                                                                                           \
  static void pointwise_##act(const Pointwise *p, PetscInt b, SinewBox r)                                        \
  {                                                                                                              \
    const PetscInt n = p->x->channels;                                                                           \
    const REAL *scale = coefficients(p->scale, b, n), *offset = coefficients(p->offset, b, n);                   \
    const REAL *gain = coefficients(p->gain, b, n), *shift = coefficients(p->shift, b, n);                       \
                                                                                                                 \
    for (PetscInt y = r.y; y < r.y + r.ny; ++y) {                                                                \
      const REAL *restrict x = at(p->x, b, y, r.x);                                                              \
      REAL *restrict out = at(p->y, b, y, r.x);                                                                  \
                                                                                                                 \
      for (PetscInt k = 0; k < r.nx; ++k, x += n, out += n) {                                                    \
        if (!scale)                                                                                              \
          _Pragma("omp simd") for (PetscInt c = 0; c < n; ++c) out[c] = act(x[c]);                               \
        else if (!gain)                                                                                          \
          _Pragma("omp simd") for (PetscInt c = 0; c < n; ++c) out[c] = act(scale[c] * x[c] + offset[c]);        \
        else                                                                                                     \
          _Pragma("omp simd") for (PetscInt c = 0; c < n; ++c) out[c] =                                          \
              act(scale[c] * x[c] + offset[c]) * (1 + gain[c]) + shift[c];                                       \
      }                                                                                                          \
      for (int k = 0; k < p->residuals; ++k) add_residual(p->residual[k], p->y, b, (SinewBox){y, r.x, 1, r.nx}); \
    }                                                                                                            \
  }                                                                                                              \
  static void slopes_##act(PetscInt n, const REAL *restrict x, const REAL *scale, const REAL *offset,            \
                           REAL *restrict value, REAL *restrict slope)                                           \
  {                                                                                                              \
    if (scale)                                                                                                   \
      _Pragma("omp simd") for (PetscInt c = 0; c < n; ++c) slope[c] =                                            \
          act##_slope(scale[c] * x[c] + offset[c], &value[c]);                                                   \
    else                                                                                                         \
      _Pragma("omp simd") for (PetscInt c = 0; c < n; ++c) slope[c] = act##_slope(x[c], &value[c]);              \
  }

POINTWISE(none)
POINTWISE(gelu)
POINTWISE(relu)
POINTWISE(silu)
POINTWISE(hyperbolic)
POINTWISE(sigmoid)

typedef void PointwiseFunction(const Pointwise *, PetscInt, SinewBox);
typedef void SlopesFunction(PetscInt, const REAL *, const REAL *, const REAL *, REAL *, REAL *);

static PointwiseFunction *const pointwise_of[ACTIVATIONS] = {pointwise_none, pointwise_gelu,       pointwise_relu,
                                                             pointwise_silu, pointwise_hyperbolic, pointwise_sigmoid};
static SlopesFunction *const slopes_of[ACTIVATIONS] = {slopes_none, slopes_gelu,       slopes_relu,
                                                       slopes_silu, slopes_hyperbolic, slopes_sigmoid};

static void pointwise(const Pointwise *p, PetscInt b, SinewBox r)
{
  pointwise_of[p->activation](p, b, r);
}

static void moments(SinewTensor x, PetscInt b, double centre, double sum[2])
{
  const SinewBox box = x->layout->box;
  double first = 0, second = 0;

  for (PetscInt y = 0; y < box.ny; ++y) {
    const REAL *row = at(x, b, y, 0);
    double s = 0, q = 0;

#pragma omp simd reduction(+ : s, q)
    for (PetscInt i = 0; i < box.nx * x->channels; ++i) {
      const double d = (double)row[i] - centre;

      s += d;
      q += d * d;
    }
    first += s;
    second += q;
  }
  sum[0] = first;
  sum[1] = second;
}

#define CHUNK 64 /* channels worked on at once */

/* One cell, channels c0 .. c0+n-1 (all pointers are at c0 already). */
static void cell_adjoint(PetscInt n, const REAL *restrict x, const REAL *restrict gy, REAL *restrict gx,
                         const REAL *restrict value, const REAL *restrict slope, const REAL *gain, double mean,
                         double rstd, const ChannelSums *sums, PetscInt c0)
{
  if (sums->gain) {
    double *dg = sums->gain + c0, *ds = sums->shift + c0;

    for (PetscInt c = 0; c < n; ++c) {
      if (gain) dg[c] += (double)gy[c] * (double)value[c];
      ds[c] += (double)gy[c];
    }
  }
  for (PetscInt c = 0; c < n; ++c) gx[c] = gy[c] * slope[c] * (gain ? 1 + gain[c] : (REAL)1);
  if (sums->weight) {
    double *restrict dw = sums->weight + c0, *restrict db = sums->bias + c0;

    for (PetscInt c = 0; c < n; ++c) {
      dw[c] += (double)gx[c] * (((double)x[c] - mean) * rstd);
      db[c] += (double)gx[c];
    }
  }
}

static void pointwise_adjoint(const Pointwise *p, PetscInt b, SinewTensor gy, SinewTensor gx, double mean, double rstd,
                              const ChannelSums *sums)
{
  const SinewBox box = p->x->layout->box;
  const PetscInt channels = p->x->channels;
  const REAL *scale = coefficients(p->scale, b, channels), *offset = coefficients(p->offset, b, channels);
  const REAL *gain = coefficients(p->gain, b, channels);
  REAL value[CHUNK], slope[CHUNK];

  for (PetscInt y = 0; y < box.ny; ++y)
    for (PetscInt k = 0; k < box.nx; ++k)
      for (PetscInt c = 0; c < channels; c += CHUNK) {
        const PetscInt n = PetscMin(CHUNK, channels - c);
        const REAL *x = at(p->x, b, y, k) + c;

        slopes_of[p->activation](n, x, scale ? scale + c : NULL, scale ? offset + c : NULL, value, slope);
        cell_adjoint(n, x, at(gy, b, y, k) + c, at(gx, b, y, k) + c, value, slope, gain ? gain + c : NULL, mean, rstd,
                     sums, c);
      }
}

static void norm_adjoint(const Pointwise *p, PetscInt b, SinewTensor gx, double slope, double constant)
{
  const SinewBox box = gx->layout->box;
  const PetscInt n = gx->channels;
  const REAL *scale = coefficients(p->scale, b, n);
  const REAL q = (REAL)slope, k = (REAL)constant;

  for (PetscInt y = 0; y < box.ny; ++y)
    for (PetscInt i = 0; i < box.nx; ++i) {
      const REAL *restrict x = at(p->x, b, y, i);
      REAL *restrict g = at(gx, b, y, i);

#pragma omp simd
      for (PetscInt c = 0; c < n; ++c) g[c] = scale[c] * g[c] + (q * x[c] + k);
    }
}

static void add(SinewTensor from, SinewTensor to, PetscInt b)
{
  const SinewBox box = to->layout->box;

  add_residual(from, to, b, (SinewBox){0, 0, box.ny, box.nx});
}

static void sum_all(size_t n, const void *a, const void *b, void *sum)
{
  const REAL *x = a, *y = b;
  REAL *out = sum;

#pragma omp simd
  for (size_t i = 0; i < n; ++i) out[i] = x[i] + y[i];
}

/* ---- pooling ---- */

static void pool(SinewTensor x, SinewTensor y, PetscBool maximum, PetscInt b, SinewBox r)
{
  const PetscInt n = y->channels;

  for (PetscInt j = r.y; j < r.y + r.ny; ++j)
    for (PetscInt i = r.x; i < r.x + r.nx; ++i) {
      const REAL *restrict lower = at(x, b, 2 * j, 2 * i), *restrict upper = at(x, b, 2 * j + 1, 2 * i);
      REAL *restrict out = at(y, b, j, i);

      if (maximum)
        for (PetscInt c = 0; c < n; ++c)
          out[c] = PetscMax(PetscMax(lower[c], lower[c + n]), PetscMax(upper[c], upper[c + n]));
      else
#pragma omp simd
        for (PetscInt c = 0; c < n; ++c) out[c] = (REAL)0.25 * ((lower[c] + lower[c + n]) + (upper[c] + upper[c + n]));
    }
}

/* The gradient of a maximum goes to the first of the four cells that holds it. */
static void maximum_adjoint(SinewTensor x, PetscInt b, PetscInt j, PetscInt i, const REAL *g, SinewTensor gx)
{
  for (PetscInt c = 0; c < x->channels; ++c) {
    PetscInt best = 0;

    for (PetscInt k = 1; k < 4; ++k)
      if (at(x, b, 2 * j + k / 2, 2 * i + k % 2)[c] > at(x, b, 2 * j + best / 2, 2 * i + best % 2)[c]) best = k;
    at(gx, b, 2 * j + best / 2, 2 * i + best % 2)[c] += g[c];
  }
}

static void pool_adjoint(SinewTensor x, SinewTensor gy, PetscBool maximum, PetscInt b, SinewTensor gx)
{
  const SinewBox box = gy->layout->box;
  const PetscInt n = gy->channels;

  for (PetscInt j = 0; j < box.ny; ++j)
    for (PetscInt i = 0; i < box.nx; ++i) {
      const REAL *restrict g = at(gy, b, j, i);
      REAL *restrict lower = at(gx, b, 2 * j, 2 * i), *restrict upper = at(gx, b, 2 * j + 1, 2 * i);

      if (maximum)
        maximum_adjoint(x, b, j, i, g, gx);
      else
        for (PetscInt c = 0; c < n; ++c) {
          const REAL quarter = (REAL)0.25 * g[c];

          lower[c] += quarter;
          lower[c + n] += quarter;
          upper[c] += quarter;
          upper[c + n] += quarter;
        }
    }
}

/* ---- up-sampling ---- */

#define TAPS 4
static const REAL bicubic[2][TAPS] = {{(REAL)(-9. / 256), (REAL)(67. / 256), (REAL)(225. / 256), (REAL)(-27. / 256)},
                                      {(REAL)(-27. / 256), (REAL)(225. / 256), (REAL)(67. / 256), (REAL)(-9. / 256)}};

/* The coarse cells that fine cell k reads; without wrapping they stop at the map's border. Box coordinates. */
static void taps(PetscInt k, PetscBool periodic, PetscInt first, PetscInt cells, PetscInt tap[TAPS])
{
  for (PetscInt t = 0; t < TAPS; ++t) {
    const PetscInt i = k / 2 + k % 2 - 2 + t;

    tap[t] = periodic ? i : PetscMax(-first, PetscMin(cells - 1 - first, i));
  }
}

static void upsample(SinewTensor x, SinewTensor y, PetscInt b, SinewBox r, void *scratch)
{
  const SinewLayout l = x->layout;
  const PetscInt n = x->channels, first = r.x / 2 - 2, cells = (r.x + r.nx - 1) / 2 + 3 - first;
  REAL *restrict row = scratch;

  for (PetscInt j = r.y; j < r.y + r.ny; ++j) {
    const REAL *v = bicubic[j % 2], *in[TAPS];
    PetscInt ty[TAPS], tx[TAPS];

    taps(j, l->periodic, l->box.y, l->ny, ty);
    for (int t = 0; t < TAPS; ++t) in[t] = at(x, b, ty[t], first);
#pragma omp simd
    for (PetscInt i = 0; i < cells * n; ++i)
      row[i] = v[0] * in[0][i] + v[1] * in[1][i] + v[2] * in[2][i] + v[3] * in[3][i];
    for (PetscInt k = r.x; k < r.x + r.nx; ++k) {
      const REAL *w = bicubic[k % 2];
      REAL *restrict out = at(y, b, j, k);

      taps(k, l->periodic, l->box.x, l->nx, tx);
      for (int t = 0; t < TAPS; ++t) in[t] = row + (tx[t] - first) * n;
#pragma omp simd
      for (PetscInt c = 0; c < n; ++c) out[c] = w[0] * in[0][c] + w[1] * in[1][c] + w[2] * in[2][c] + w[3] * in[3][c];
    }
  }
}

/* Adds along a fine row to the scratch row (padded coarse cells). */
static void upsample_row_adjoint(SinewTensor gy, PetscInt b, PetscInt j, SinewLayout l, REAL *row)
{
  const PetscInt n = gy->channels;
  PetscInt tx[TAPS];

  for (PetscInt k = 0; k < gy->layout->box.nx; ++k) {
    const REAL *restrict g = at(gy, b, j, k);

    taps(k, l->periodic, l->box.x, l->nx, tx);
    for (int t = 0; t < TAPS; ++t) {
      REAL *restrict out = row + (tx[t] + 2) * n;
      const REAL w = bicubic[k % 2][t];

#pragma omp simd
      for (PetscInt c = 0; c < n; ++c) out[c] += w * g[c];
    }
  }
}

static void upsample_adjoint(SinewTensor gy, PetscInt b, SinewTensor gx, void *scratch)
{
  const SinewLayout l = gx->layout;
  const PetscInt n = (l->box.nx + 4) * gx->channels;
  REAL *restrict row = scratch;
  PetscInt ty[TAPS];

  for (PetscInt j = 0; j < gy->layout->box.ny; ++j) {
    for (PetscInt i = 0; i < n; ++i) row[i] = 0;
    upsample_row_adjoint(gy, b, j, l, row);
    taps(j, l->periodic, l->box.y, l->ny, ty);
    for (int t = 0; t < TAPS; ++t) {
      REAL *restrict out = at(gx, b, ty[t], -2);
      const REAL w = bicubic[j % 2][t];

#pragma omp simd
      for (PetscInt i = 0; i < n; ++i) out[i] += w * row[i];
    }
  }
}

const Kernels TABLE = {moments, pointwise, pointwise_adjoint, norm_adjoint, add,
                       sum_all, pool,      pool_adjoint,      upsample,     upsample_adjoint};
