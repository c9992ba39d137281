/* Minimal filtering on channels-last maps; see winograd_private.h. */
#include "neural/bfloat16_private.h"
#include "neural/winograd_private.h"
#include "neural/winograd_tiles_private.h"
#include <dnnl.h>
#include <stdlib.h>

#define TILES_MIN 32 /* fewer are not worth as many products and larger weights */
/* Pairs of channels for a cell of the map above which small tiles' smaller weights win: of weights that inference
 * keeps, and of those that training makes anew each time. */
#define KEPT_MAX 8
#define MADE_MAX 48
#define BLOCK    (5 << 19) /* bytes of transformed tiles that stay in the cache */
#define LANE     WINOGRAD_LANE
#define AHEAD    3 /* filters, between those that are asked for and those that are used */

typedef float Eight __attribute__((vector_size(8 * sizeof(float)), aligned(sizeof(float)), may_alias));

struct _p_Winograd {
  ConvolutionShape s;
  WinogradTile tile;
  PetscInt across, down;    /* tiles; the last ones overlap where the map is no multiple of them */
  PetscInt rows;            /* of tiles, in a block */
  PetscInt in_row, out_row; /* channels, padded: rows of matrices start on cache lines */
  /* values between the points of a tile, of transformed weights and of their gradient */
  PetscInt in_plane, out_plane, weight_plane;
  float *zeros; /* a bias of none */
};

/* Parts of `size` that n things make, the last one perhaps smaller. */
static PetscInt parts(PetscInt n, PetscInt size)
{
  return (n + size - 1) / size;
}

static PetscInt padded(PetscInt n)
{
  return parts(n, LANE) * LANE;
}

static PetscBool fits(const ConvolutionShape *s, PetscInt m)
{
  const PetscBool whole = (PetscBool)(s->ny % m == 0 && s->nx % m == 0);

  if (s->kernel != 3 || s->dilation != 1 || s->in < 8 || s->out < LANE || s->ny < m || s->nx < m) return PETSC_FALSE;
  if (!whole && (s->accumulate || s->training)) return PETSC_FALSE; /* the last tiles overlap */
  return (PetscBool)(s->ny * s->nx >= m * m * TILES_MIN);
}

static const WinogradTile *choose(const ConvolutionShape *s)
{
  const PetscInt most = s->training ? MADE_MAX : KEPT_MAX;

  if (fits(s, 4) && most * s->ny * s->nx >= s->in * s->out) return &WinogradTile4;
  return fits(s, 2) ? &WinogradTile2 : NULL;
}

PetscBool WinogradFits(const ConvolutionShape *s)
{
  return (PetscBool)(choose(s) != NULL);
}

PetscErrorCode WinogradCreate(const ConvolutionShape *s, Winograd *out)
{
  Winograd w;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&w));
  w->s = *s;
  w->tile = *choose(s);
  w->across = parts(s->nx, w->tile.outputs);
  w->down = parts(s->ny, w->tile.outputs);
  w->in_row = padded(s->in);
  w->out_row = padded(s->out);
  w->rows = BLOCK / ((PetscInt)sizeof(float) * w->tile.points * (w->in_row + w->out_row) * w->across);
  w->rows = PetscMax(1, PetscMin(w->rows, w->down));
  w->rows = parts(w->down, parts(w->down, w->rows)); /* as equal as may be */
  /* a cache line more than a power of two: planes of one tile must not share the sets of a cache */
  w->in_plane = w->rows * w->across * w->in_row + LANE;
  w->out_plane = w->rows * w->across * w->out_row + LANE;
  w->weight_plane = s->in * w->out_row + LANE;
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
  return (size_t)(w->tile.points * (w->in_plane + w->out_plane)) * sizeof(float);
}

size_t WinogradPackedBytes(Winograd w)
{
  return (size_t)(w->tile.points * w->weight_plane) * sizeof(float);
}

/*
  Maps and weights come from memory in pieces that processors do not foresee: a few cells of every row, a filter of
  every output. So the lines that a loop comes to next are asked for; past the end of a map nothing happens. One rank
  gains 6 % of a training step by that, two that share a memory 7 %.
*/

/* LANE channels of `rows` x `cells` cells. */
static void fetch(const float *first, PetscInt rows, PetscInt cells, PetscInt row, PetscInt cell)
{
  for (PetscInt y = 0; y < rows; ++y)
    for (PetscInt x = 0; x < cells; ++x)
      PetscPrefetchBlock(first + y * row + x * cell, LANE, 0, PETSC_PREFETCH_HINT_T0);
}

/* LANE filters, `step` values apart. */
static void fetch_filters(const float *first, PetscInt step)
{
  for (PetscInt l = 0; l < LANE; ++l) PetscPrefetchBlock(first + l * step, 9, 0, PETSC_PREFETCH_HINT_T0);
}

/*
  Transformed weights that inference keeps are too many to stay in a cache. A product of few tiles waits for them
  (64 x 185 by 185 x 96: 382 microseconds instead of 321 for the 16 points of a tile), so they are asked for while
  tiles are transformed, `lines` cache lines a call.
*/
static void fetch_weights(const float *first, PetscInt lines)
{
  PetscPrefetchBlock(first, LANE * lines, 0, PETSC_PREFETCH_HINT_T2);
}

/* ---- filters ---- */

/* Filters are transformed for LANE consecutive outputs at a time, which are consecutive in transformed weights. */

/* Where lanes from channel c begin: the last ones take some of those before again, so that they are full. */
static PetscInt full_lanes(PetscInt c, PetscInt channels)
{
  return PetscMax(0, PetscMin(c, channels - LANE));
}

/* Eight rows of eight values to eight columns; rows are `step` apart, columns `to_step`. */
static void transpose(const float *from, PetscInt step, float *to, PetscInt to_step)
{
  Eight r[8], t[8];

  for (int k = 0; k < 8; ++k) r[k] = *(const Eight *)(from + k * step);
  for (int k = 0; k < 8; k += 2) {
    t[k] = __builtin_shufflevector(r[k], r[k + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    t[k + 1] = __builtin_shufflevector(r[k], r[k + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  for (int k = 0; k < 8; k += 4)
    for (int i = 0; i < 2; ++i) {
      r[k + 2 * i] = __builtin_shufflevector(t[k + i], t[k + i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
      r[k + 2 * i + 1] = __builtin_shufflevector(t[k + i], t[k + i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
  for (int k = 0; k < 4; ++k) {
    *(Eight *)(to + k * to_step) = __builtin_shufflevector(r[k], r[k + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    *(Eight *)(to + (k + 4) * to_step) = __builtin_shufflevector(r[k], r[k + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

/* Filters of nine, `step` apart, side by side; turned around: last value first. */
static void gather_filters(const float *from, PetscInt step, PetscBool turned, float g[9][LANE])
{
  float *first = turned ? g[8] : g[0], *last = turned ? g[0] : g[8];

  for (PetscInt l = 0; l < LANE; l += 8) transpose(from + l * step, step, first + l, turned ? -LANE : LANE);
  for (PetscInt l = 0; l < LANE; ++l) last[l] = from[l * step + 8];
}

void WinogradPack(Winograd w, PetscBool adjoint, const float weight[], float packed[])
{
  const PetscInt in = w->s.in, out = w->s.out, across = adjoint ? 9 : 9 * w->s.channels,
                 along = adjoint ? 9 * w->s.channels : 9;
  float g[9][LANE];

  for (PetscInt c = 0; c < in; ++c) /* rows of matrices one after the other: their cache lines are written once */
    for (PetscInt first = 0; first < out; first += LANE) {
      const PetscInt o = full_lanes(first, out);
      const float *from = weight + 9 * w->s.slice + o * across + c * along;

      fetch_filters(from + AHEAD * along, across);
      gather_filters(from, across, adjoint, g);
      for (int k = 0; k < 9 && w->s.bf16; ++k)
        for (int l = 0; l < LANE; ++l) g[k][l] = Bfloat16Round(g[k][l]);
      (*w->tile.filter)(g, packed + c * w->out_row + o, w->weight_plane);
    }
}

/* ---- tiles ---- */

/* The cell of the map where tile t begins, and in a row of tiles from `first`. */
static PetscInt tile_row(const Winograd w, PetscInt first, PetscInt t)
{
  return PetscMin(w->tile.outputs * (first + t / w->across), w->s.ny - w->tile.outputs);
}

static PetscInt tile_column(const Winograd w, PetscInt t)
{
  return PetscMin(w->tile.outputs * (t % w->across), w->s.nx - w->tile.outputs);
}

/* `weights`: that come next and are to be fetched, or NULL. */
static void transform_inputs(Winograd w, PetscInt first, PetscInt count, const float *x, const float *weights, float *v)
{
  const PetscInt in = w->s.in, row = (w->s.nx + 2) * in, n = PetscMin(LANE, in), m = w->tile.outputs;
  const PetscInt lines = parts(w->tile.points * w->weight_plane, LANE * count * w->across * parts(in, LANE));

  for (PetscInt t = 0; t < count * w->across; ++t) {
    const float *tile = x + tile_row(w, first, t) * row + tile_column(w, t) * in;

    for (PetscInt c = 0; c < in; c += LANE) {
      const PetscInt at = full_lanes(c, in);

      fetch(tile + at + (m + 2) * in, m + 2, m, row, in);
      if (weights) {
        fetch_weights(weights, lines);
        weights += LANE * lines;
      }
      (*w->tile.input)(n, w->s.bf16, tile + at, row, in, v + t * w->in_row + at, w->in_plane);
    }
  }
}

/* Plus the bias, or (if that is NULL) plus what is there, in which case no lane comes twice. */
static void transform_outputs(Winograd w, PetscInt first, PetscInt count, const float *m, const float *bias, float *y)
{
  const PetscInt out = w->s.out, row = w->s.nx * out, side = w->tile.outputs;

  for (PetscInt t = 0; t < count * w->across; ++t) {
    float *tile = y + tile_row(w, first, t) * row + tile_column(w, t) * out;

    for (PetscInt c = 0; c < out; c += LANE) {
      const PetscInt at = bias ? full_lanes(c, out) : c, n = PetscMin(LANE, out - at);
      const float *added = bias ? bias + at : NULL;

      fetch(tile + at + side * out, side, side, row, out);
      (*w->tile.output)(n, m + t * w->out_row + at, w->out_plane, added, tile + at, row, out);
    }
  }
}

/* `count` rows of tiles from row `first` of one sample; x and y point to the sample. cold: weights are in no cache. */
static PetscErrorCode forward_block(Winograd w, PetscInt first, PetscInt count, PetscBool cold, const float *packed,
                                    const float *x, const float *bias, float *y, float *v, float *m)
{
  const PetscInt in = w->s.in, out = w->s.out;

  PetscFunctionBeginUser;
  transform_inputs(w, first, count, x, cold ? packed : NULL, v);
  for (PetscInt p = 0; p < w->tile.points; ++p) {
    const dnnl_status_t status =
        dnnl_sgemm('N', 'N', count * w->across, out, in, 1, v + p * w->in_plane, w->in_row,
                   packed + p * w->weight_plane, w->out_row, 0, m + p * w->out_plane, w->out_row);

    PetscCheck(status == dnnl_success, PETSC_COMM_SELF, PETSC_ERR_LIB, "oneDNN error %d in sgemm", (int)status);
  }
  transform_outputs(w, first, count, m, bias, y);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode WinogradForward(Winograd w, const float packed[], const float x[], const float bias[], float y[],
                               void *scratch)
{
  const PetscInt ny = w->s.ny, nx = w->s.nx, down = w->down;
  const float *added = w->s.accumulate ? NULL : bias ? bias : w->zeros;
  float *v = scratch, *m = v + w->tile.points * w->in_plane;

  PetscFunctionBeginUser;
  for (PetscInt b = 0; b < w->s.batch; ++b)
    for (PetscInt first = 0; first < down; first += w->rows)
      PetscCall(forward_block(w, first, PetscMin(w->rows, down - first), (PetscBool)(!w->s.training && !b && !first),
                              packed, x + b * (ny + 2) * (nx + 2) * w->s.in, added, y + b * ny * nx * w->s.out, v, m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- gradient of the filter ---- */

static void transform_slopes(Winograd w, PetscInt first, PetscInt count, const float *gy, float *m)
{
  const PetscInt out = w->s.out, row = (w->s.nx + 2) * out, side = w->tile.outputs;

  for (PetscInt t = 0; t < count * w->across; ++t) {
    const float *tile = gy + (1 + tile_row(w, first, t)) * row + (1 + tile_column(w, t)) * out;

    for (PetscInt c = 0; c < out; c += LANE) {
      const PetscInt at = full_lanes(c, out);

      fetch(tile + at + side * out, side, side, row, out);
      (*w->tile.slope)(tile + at, row, out, m + t * w->out_row + at, w->out_plane);
    }
  }
}

/* Adds V .* (A dy A') of a block of tiles to `sum` [points][in][out_row]; the first block overwrites it. */
static PetscErrorCode gradient_block(Winograd w, PetscInt first, PetscInt count, const float *x, const float *gy,
                                     PetscBool fresh, float *sum, float *v, float *m)
{
  const PetscInt in = w->s.in, out = w->s.out;

  PetscFunctionBeginUser;
  transform_inputs(w, first, count, x, NULL, v);
  transform_slopes(w, first, count, gy, m);
  for (PetscInt p = 0; p < w->tile.points; ++p) {
    const dnnl_status_t status =
        dnnl_sgemm('T', 'N', in, out, count * w->across, 1, v + p * w->in_plane, w->in_row, m + p * w->out_plane,
                   w->out_row, fresh ? 0 : 1, sum + p * w->weight_plane, w->out_row);

    PetscCheck(status == dnnl_success, PETSC_COMM_SELF, PETSC_ERR_LIB, "oneDNN error %d in sgemm", (int)status);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void finish_gradient(const Winograd w, const float sum[], float gweight[])
{
  const PetscInt in = w->s.in, out = w->s.out;
  float g[9][LANE];

  for (PetscInt c = 0; c < in; ++c) /* as in WinogradPack: rows one after the other */
    for (PetscInt first = 0; first < out; first += LANE) {
      fetch_filters(gweight + (first * w->s.channels + w->s.slice + c + AHEAD) * 9, w->s.channels * 9);
      (*w->tile.filter_slope)(sum + c * w->out_row + first, w->weight_plane, g);
      for (PetscInt o = first; o < PetscMin(first + LANE, out); ++o)
        for (int k = 0; k < 9; ++k) gweight[(o * w->s.channels + w->s.slice + c) * 9 + k] = g[k][o - first];
    }
}

PetscErrorCode WinogradGradient(Winograd w, const float x[], const float gy[], float gweight[], void *scratch)
{
  const PetscInt cells = (w->s.ny + 2) * (w->s.nx + 2), down = w->down, in = w->s.in, out = w->s.out;
  float *v = scratch, *m = v + w->tile.points * w->in_plane, *sum = m + w->tile.points * w->out_plane;

  PetscFunctionBeginUser;
  for (PetscInt b = 0; b < w->s.batch; ++b)
    for (PetscInt first = 0; first < down; first += w->rows)
      PetscCall(gradient_block(w, first, PetscMin(w->rows, down - first), x + b * cells * in, gy + b * cells * out,
                               (PetscBool)(b == 0 && first == 0), sum, v, m));
  finish_gradient(w, sum, gweight);
  PetscFunctionReturn(PETSC_SUCCESS);
}
