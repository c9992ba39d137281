/* Minimal filtering F(2x2, 3x3) on channels-last maps; see winograd_private.h. */
#include "neural/bfloat16_private.h"
#include "neural/winograd_private.h"
#include <dnnl.h>
#include <stdlib.h>
#include <string.h>

#define POINTS    16        /* of a transformed tile */
#define TILES_MIN 32        /* fewer are not worth 16 products and larger weights */
#define BLOCK     (5 << 18) /* bytes of transformed tiles that stay in the cache */
#define LANE      16        /* rows of matrices start on cache lines */

struct _p_Winograd {
  ConvolutionShape s;
  PetscInt rows;                /* of tiles, in a block */
  PetscInt tiles;               /* in a block */
  PetscInt in_row, out_row;     /* channels, padded */
  PetscInt in_plane, out_plane; /* values between the points of a tile */
  float *zeros;                 /* a bias of none */
};

static PetscInt padded(PetscInt n)
{
  return (n + LANE - 1) / LANE * LANE;
}

PetscBool WinogradFits(const ConvolutionShape *s)
{
  return (PetscBool)(s->kernel == 3 && s->dilation == 1 && s->ny % 2 == 0 && s->nx % 2 == 0 &&
                     s->ny * s->nx >= 4 * TILES_MIN && s->in >= 8 && s->out >= LANE);
}

PetscErrorCode WinogradCreate(const ConvolutionShape *s, Winograd *out)
{
  Winograd w;
  PetscInt across = s->nx / 2, down = s->ny / 2;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&w));
  w->s = *s;
  w->in_row = padded(s->in);
  w->out_row = padded(s->out);
  w->rows = BLOCK / ((PetscInt)sizeof(float) * POINTS * (w->in_row + w->out_row) * across);
  w->rows = PetscMax(1, PetscMin(w->rows, down));
  w->tiles = w->rows * across;
  /* a cache line more than a power of two: planes of one tile must not share the sets of a cache */
  w->in_plane = w->tiles * w->in_row + LANE;
  w->out_plane = w->tiles * w->out_row + LANE;
  PetscCall(NeuralAlloc((size_t)w->out_row * sizeof(float), (void **)&w->zeros));
  *out = w;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode WinogradDestroy(Winograd *w)
{
  PetscFunctionBeginUser;
  if (!*w) PetscFunctionReturn(PETSC_SUCCESS);
  free((*w)->zeros);
  PetscCall(PetscFree(*w));
  PetscFunctionReturn(PETSC_SUCCESS);
}

size_t WinogradScratch(Winograd w)
{
  return POINTS * (size_t)(w->in_plane + w->out_plane) * sizeof(float);
}

size_t WinogradPackedBytes(Winograd w)
{
  return (size_t)(POINTS * w->s.in * w->out_row) * sizeof(float);
}

size_t WinogradScratchGradient(Winograd w)
{
  return WinogradScratch(w) + WinogradPackedBytes(w);
}

/* Filters are transformed for LANE consecutive outputs at a time, which are consecutive in transformed weights. */

/* G g G' with G = (1 0 0; 1/2 1/2 1/2; 1/2 -1/2 1/2; 0 0 1) */
static void transform_filters(float g[9][LANE], float u[POINTS][LANE])
{
  double t[4][3][LANE];

  for (int j = 0; j < 3; ++j)
#pragma omp simd
    for (int l = 0; l < LANE; ++l) {
      const double a = g[j][l], b = g[3 + j][l], c = g[6 + j][l];

      t[0][j][l] = a;
      t[1][j][l] = 0.5 * (a + b + c);
      t[2][j][l] = 0.5 * (a - b + c);
      t[3][j][l] = c;
    }
  for (int i = 0; i < 4; ++i)
#pragma omp simd
    for (int l = 0; l < LANE; ++l) {
      const double a = t[i][0][l], b = t[i][1][l], c = t[i][2][l];

      u[4 * i][l] = (float)a;
      u[4 * i + 1][l] = (float)(0.5 * (a + b + c));
      u[4 * i + 2][l] = (float)(0.5 * (a - b + c));
      u[4 * i + 3][l] = (float)c;
    }
}

/* n filters of nine, `step` apart, side by side; turned around: last value first. */
static void gather_filters(PetscInt n, const float *from, PetscInt step, PetscBool turned, float g[9][LANE])
{
  for (PetscInt l = 0; l < n; ++l, from += step)
    if (turned)
      for (int k = 0; k < 9; ++k) g[8 - k][l] = from[k];
    else
      for (int k = 0; k < 9; ++k) g[k][l] = from[k];
}

void WinogradPack(Winograd w, PetscBool adjoint, const float weight[], float packed[])
{
  const PetscInt in = w->s.in, out = w->s.out, across = adjoint ? 9 : 9 * w->s.channels,
                 along = adjoint ? 9 * w->s.channels : 9;
  float g[9][LANE] = {{0}}, u[POINTS][LANE];

  for (PetscInt first = 0; first < out; first += LANE)
    for (PetscInt c = 0; c < in; ++c) {
      float *to = packed + c * w->out_row + first;

      gather_filters(PetscMin(LANE, out - first), weight + 9 * w->s.slice + first * across + c * along, across, adjoint,
                     g);
      for (int k = 0; k < 9 && w->s.bf16; ++k)
        for (int l = 0; l < LANE; ++l) g[k][l] = Bfloat16Round(g[k][l]);
      transform_filters(g, u);
      for (int p = 0; p < POINTS; ++p, to += in * w->out_row) memcpy(to, u[p], sizeof(u[p]));
    }
}

/* v = B' d B, B' = (1 0 -1 0; 0 1 1 0; 0 -1 1 0; 0 1 0 -1), for n channels of one tile; row: values from one map row to
 * the next, cell: from one cell to the next, plane: from one point to the next. */
static inline void transform_input(PetscInt n, PetscBool bf16, const float *restrict d, PetscInt row, PetscInt cell,
                                   float *restrict v, PetscInt plane)
{
#pragma omp simd
  for (PetscInt c = 0; c < n; ++c) {
    float t[4][4];

    for (int j = 0; j < 4; ++j) {
      float d0 = d[j * cell + c], d1 = d[row + j * cell + c], d2 = d[2 * row + j * cell + c],
            d3 = d[3 * row + j * cell + c];

      if (bf16) {
        d0 = Bfloat16Round(d0);
        d1 = Bfloat16Round(d1);
        d2 = Bfloat16Round(d2);
        d3 = Bfloat16Round(d3);
      }

      t[0][j] = d0 - d2;
      t[1][j] = d1 + d2;
      t[2][j] = d2 - d1;
      t[3][j] = d1 - d3;
    }
    for (int i = 0; i < 4; ++i) {
      float *out = v + 4 * i * plane + c;

      out[0] = t[i][0] - t[i][2];
      out[plane] = t[i][1] + t[i][2];
      out[2 * plane] = t[i][2] - t[i][1];
      out[3 * plane] = t[i][1] - t[i][3];
    }
  }
}

/* y = A' m A, A' = (1 1 1 0; 0 1 -1 -1), plus the bias, or (without it) plus what is there. */
static inline void transform_output(PetscInt n, const float *restrict m, PetscInt plane, const float *restrict bias,
                                    float *restrict y, PetscInt row, PetscInt cell)
{
#pragma omp simd
  for (PetscInt c = 0; c < n; ++c) {
    float t[2][4];

    for (int j = 0; j < 4; ++j) {
      const float m0 = m[j * plane + c], m1 = m[(4 + j) * plane + c], m2 = m[(8 + j) * plane + c],
                  m3 = m[(12 + j) * plane + c];

      t[0][j] = m0 + m1 + m2;
      t[1][j] = m1 - m2 - m3;
    }
    for (int i = 0; i < 2; ++i) {
      float *out = y + i * row + c;
      const float left = t[i][0] + t[i][1] + t[i][2], right = t[i][1] - t[i][2] - t[i][3];

      out[0] = left + (bias ? bias[c] : out[0]);
      out[cell] = right + (bias ? bias[c] : out[cell]);
    }
  }
}

static void transform_inputs(Winograd w, PetscInt first, PetscInt count, const float *x, float *v)
{
  const PetscInt in = w->s.in, nx = w->s.nx, across = nx / 2;

  for (PetscInt t = 0; t < count * across; ++t) {
    const PetscInt j = 2 * (first + t / across), i = 2 * (t % across);
    const float *tile = x + (j * (nx + 2) + i) * in;

    if (w->s.bf16) /* a constant: two loops */
      transform_input(in, PETSC_TRUE, tile, (nx + 2) * in, in, v + t * w->in_row, w->in_plane);
    else
      transform_input(in, PETSC_FALSE, tile, (nx + 2) * in, in, v + t * w->in_row, w->in_plane);
  }
}

/* `count` rows of tiles from row `first` of one sample; x and y point to the sample. */
static PetscErrorCode forward_block(Winograd w, PetscInt first, PetscInt count, const float *packed, const float *x,
                                    const float *bias, float *y, float *v, float *m)
{
  const PetscInt in = w->s.in, out = w->s.out, nx = w->s.nx, across = nx / 2, tiles = count * across;

  PetscFunctionBeginUser;
  transform_inputs(w, first, count, x, v);
  for (PetscInt p = 0; p < POINTS; ++p) {
    const dnnl_status_t status =
        dnnl_sgemm('N', 'N', tiles, out, in, 1, v + p * w->in_plane, w->in_row, packed + p * in * w->out_row,
                   w->out_row, 0, m + p * w->out_plane, w->out_row);

    PetscCheck(status == dnnl_success, PETSC_COMM_SELF, PETSC_ERR_LIB, "oneDNN error %d in sgemm", (int)status);
  }
  for (PetscInt t = 0; t < tiles; ++t) {
    const PetscInt j = 2 * (first + t / across), i = 2 * (t % across);

    transform_output(out, m + t * w->out_row, w->out_plane, bias, y + (j * nx + i) * out, nx * out, out);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode WinogradForward(Winograd w, const float packed[], const float x[], const float bias[], float y[],
                               void *scratch)
{
  const PetscInt ny = w->s.ny, nx = w->s.nx, down = ny / 2;
  const float *added = w->s.accumulate ? NULL : bias ? bias : w->zeros;
  float *v = scratch, *m = v + POINTS * w->in_plane;

  PetscFunctionBeginUser;
  for (PetscInt b = 0; b < w->s.batch; ++b)
    for (PetscInt first = 0; first < down; first += w->rows)
      PetscCall(forward_block(w, first, PetscMin(w->rows, down - first), packed, x + b * (ny + 2) * (nx + 2) * w->s.in,
                              added, y + b * ny * nx * w->s.out, v, m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- gradient of the filter ---- */

/* m = A dy A', A = (1 0; 1 1; 1 -1; 0 -1), for n channels of one tile. */
static inline void transform_slope(PetscInt n, const float *restrict dy, PetscInt row, PetscInt cell, float *restrict m,
                                   PetscInt plane)
{
#pragma omp simd
  for (PetscInt c = 0; c < n; ++c) {
    float t[4][2];

    for (int j = 0; j < 2; ++j) {
      const float d0 = dy[j * cell + c], d1 = dy[row + j * cell + c];

      t[0][j] = d0;
      t[1][j] = d0 + d1;
      t[2][j] = d0 - d1;
      t[3][j] = -d1;
    }
    for (int i = 0; i < 4; ++i) {
      float *out = m + 4 * i * plane + c;

      out[0] = t[i][0];
      out[plane] = t[i][0] + t[i][1];
      out[2 * plane] = t[i][0] - t[i][1];
      out[3 * plane] = -t[i][1];
    }
  }
}

/* Adds V .* (A dy A') of a block of tiles to `sum` [POINTS][in][out_row]; the first block overwrites it. */
static PetscErrorCode gradient_block(Winograd w, PetscInt first, PetscInt count, const float *x, const float *gy,
                                     PetscBool fresh, float *sum, float *v, float *m)
{
  const PetscInt in = w->s.in, out = w->s.out, nx = w->s.nx, across = nx / 2, tiles = count * across;

  PetscFunctionBeginUser;
  transform_inputs(w, first, count, x, v);
  for (PetscInt t = 0; t < tiles; ++t) {
    const PetscInt j = 2 * (first + t / across), i = 2 * (t % across);

    transform_slope(out, gy + (j * nx + i) * out, nx * out, out, m + t * w->out_row, w->out_plane);
  }
  for (PetscInt p = 0; p < POINTS; ++p) {
    const dnnl_status_t status =
        dnnl_sgemm('T', 'N', in, out, tiles, 1, v + p * w->in_plane, w->in_row, m + p * w->out_plane, w->out_row,
                   fresh ? 0 : 1, sum + p * in * w->out_row, w->out_row);

    PetscCheck(status == dnnl_success, PETSC_COMM_SELF, PETSC_ERR_LIB, "oneDNN error %d in sgemm", (int)status);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* dg = G' u G */
static void filter_gradients(const float *sum, PetscInt plane, float g[9][LANE])
{
  float r[3][4][LANE];

  for (int j = 0; j < 4; ++j) {
    const float *u0 = sum + j * plane, *u1 = u0 + 4 * plane, *u2 = u0 + 8 * plane, *u3 = u0 + 12 * plane;

#pragma omp simd
    for (int l = 0; l < LANE; ++l) {
      r[0][j][l] = u0[l] + 0.5f * (u1[l] + u2[l]);
      r[1][j][l] = 0.5f * (u1[l] - u2[l]);
      r[2][j][l] = u3[l] + 0.5f * (u1[l] + u2[l]);
    }
  }
  for (int a = 0; a < 3; ++a)
#pragma omp simd
    for (int l = 0; l < LANE; ++l) {
      const float r0 = r[a][0][l], r1 = r[a][1][l], r2 = r[a][2][l], r3 = r[a][3][l];

      g[3 * a][l] = r0 + 0.5f * (r1 + r2);
      g[3 * a + 1][l] = 0.5f * (r1 - r2);
      g[3 * a + 2][l] = r3 + 0.5f * (r1 + r2);
    }
}

static void finish_gradient(const Winograd w, const float sum[], float gweight[])
{
  const PetscInt in = w->s.in, out = w->s.out;
  float g[9][LANE];

  for (PetscInt first = 0; first < out; first += LANE)
    for (PetscInt c = 0; c < in; ++c) {
      filter_gradients(sum + c * w->out_row + first, in * w->out_row, g);
      for (PetscInt o = first; o < PetscMin(first + LANE, out); ++o)
        for (int k = 0; k < 9; ++k) gweight[(o * w->s.channels + w->s.slice + c) * 9 + k] = g[k][o - first];
    }
}

PetscErrorCode WinogradGradient(Winograd w, const float x[], const float gy[], float gweight[], void *scratch)
{
  const PetscInt ny = w->s.ny, nx = w->s.nx, down = ny / 2, in = w->s.in, out = w->s.out;
  float *v = scratch, *m = v + POINTS * w->in_plane, *sum = m + POINTS * w->out_plane;

  PetscFunctionBeginUser;
  for (PetscInt b = 0; b < w->s.batch; ++b)
    for (PetscInt first = 0; first < down; first += w->rows)
      PetscCall(gradient_block(w, first, PetscMin(w->rows, down - first), x + b * (ny + 2) * (nx + 2) * in,
                               gy + b * ny * nx * out, (PetscBool)(b == 0 && first == 0), sum, v, m));
  finish_gradient(w, sum, gweight);
  PetscFunctionReturn(PETSC_SUCCESS);
}
