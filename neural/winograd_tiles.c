/* Transforms of minimal filtering; see winograd_tiles_private.h. Each is one in one dimension (a Line), done twice. */
#include "neural/bfloat16_private.h"
#include "neural/winograd_tiles_private.h"

#define LANE WINOGRAD_LANE
#define SIDE 6 /* of the largest transformed tile */
/* Lines and counts are constants once inlined: loops unroll, and channels fill registers. */
#define INLINE static inline __attribute__((always_inline))

/* Of n lanes, whose values are `from` apart in `in` and `to` apart in `out`. */
typedef void (*Line)(PetscInt n, const float *in, PetscInt from, float *out, PetscInt to);

/* From `before` x `before` values to `after` x `after`. */
INLINE void transform(PetscInt n, Line line, PetscInt before, PetscInt after, const float *in, PetscInt in_row,
                      PetscInt in_cell, float *out, PetscInt out_row, PetscInt out_cell)
{
  float t[SIDE][SIDE * LANE];

  for (PetscInt j = 0; j < before; ++j) line(n, in + j * in_cell, in_row, &t[0][j * LANE], SIDE * LANE);
  for (PetscInt i = 0; i < after; ++i) line(n, t[i], LANE, out + i * out_row, out_cell);
}

INLINE void transform_input(PetscInt n, Line line, PetscInt side, PetscBool rounded, const float *d, PetscInt row,
                            PetscInt cell, float *v, PetscInt plane)
{
  float near[SIDE * SIDE * LANE];

  if (!rounded) {
    transform(n, line, side, side, d, row, cell, v, side * plane, plane);
    return;
  }
  for (PetscInt k = 0; k < side * side; ++k) {
    const float *at = d + k / side * row + k % side * cell;

#pragma omp simd
    for (PetscInt l = 0; l < n; ++l) near[k * LANE + l] = Bfloat16Round(at[l]);
  }
  transform(n, line, side, side, near, side * LANE, LANE, v, side * plane, plane);
}

INLINE void transform_output(PetscInt n, Line line, PetscInt outputs, const float *m, PetscInt plane, const float *bias,
                             float *y, PetscInt row, PetscInt cell)
{
  const PetscInt side = outputs + 2;
  float near[SIDE * SIDE * LANE];

  transform(n, line, side, outputs, m, side * plane, plane, near, outputs * LANE, LANE);
  for (PetscInt k = 0; k < outputs * outputs; ++k) {
    float *to = y + k / outputs * row + k % outputs * cell;

    if (bias)
#pragma omp simd
      for (PetscInt l = 0; l < n; ++l) to[l] = near[k * LANE + l] + bias[l];
    else
#pragma omp simd
      for (PetscInt l = 0; l < n; ++l) to[l] += near[k * LANE + l];
  }
}

/* ---- m = 2 ---- */

INLINE void input2(PetscInt n, const float *restrict d, PetscInt from, float *restrict v, PetscInt to)
{
#pragma omp simd
  for (PetscInt l = 0; l < n; ++l) {
    const float d0 = d[l], d1 = d[from + l], d2 = d[2 * from + l], d3 = d[3 * from + l];

    v[l] = d0 - d2;
    v[to + l] = d1 + d2;
    v[2 * to + l] = d2 - d1;
    v[3 * to + l] = d1 - d3;
  }
}

INLINE void output2(PetscInt n, const float *restrict m, PetscInt from, float *restrict y, PetscInt to)
{
#pragma omp simd
  for (PetscInt l = 0; l < n; ++l) {
    const float m1 = m[from + l], m2 = m[2 * from + l];

    y[l] = m[l] + m1 + m2;
    y[to + l] = m1 - m2 - m[3 * from + l];
  }
}

INLINE void slope2(PetscInt n, const float *restrict dy, PetscInt from, float *restrict m, PetscInt to)
{
#pragma omp simd
  for (PetscInt l = 0; l < n; ++l) {
    const float d0 = dy[l], d1 = dy[from + l];

    m[l] = d0;
    m[to + l] = d0 + d1;
    m[2 * to + l] = d0 - d1;
    m[3 * to + l] = -d1;
  }
}

INLINE void filter2(PetscInt n, const float *restrict g, PetscInt from, float *restrict u, PetscInt to)
{
#pragma omp simd
  for (PetscInt l = 0; l < n; ++l) {
    const float ends = g[l] + g[2 * from + l], middle = g[from + l];

    u[l] = g[l];
    u[to + l] = 0.5f * (ends + middle);
    u[2 * to + l] = 0.5f * (ends - middle);
    u[3 * to + l] = g[2 * from + l];
  }
}

INLINE void filter_slope2(PetscInt n, const float *restrict u, PetscInt from, float *restrict g, PetscInt to)
{
#pragma omp simd
  for (PetscInt l = 0; l < n; ++l) {
    const float u1 = u[from + l], u2 = u[2 * from + l];

    g[l] = u[l] + 0.5f * (u1 + u2);
    g[to + l] = 0.5f * (u1 - u2);
    g[2 * to + l] = u[3 * from + l] + 0.5f * (u1 + u2);
  }
}

/* ---- m = 4 ---- */

#define A  0.70710678f /* the points +-a and +-b; a^2 = 1/2, b^2 = 2 */
#define B  1.41421356f
#define CA (-2.f / 3) /* 1 / (2 a^2 (a^2 - b^2)) */
#define CB (1.f / 6)  /* 1 / (2 b^2 (b^2 - a^2)) */

INLINE void input4(PetscInt n, const float *restrict d, PetscInt from, float *restrict v, PetscInt to)
{
#pragma omp simd
  for (PetscInt l = 0; l < n; ++l) {
    const float d1 = d[from + l], d2 = d[2 * from + l], d3 = d[3 * from + l], d4 = d[4 * from + l];
    const float even_a = d4 - 2 * d2, odd_a = A * (d3 - 2 * d1), even_b = d4 - 0.5f * d2, odd_b = B * (d3 - 0.5f * d1);

    v[l] = d[l] - 2.5f * d2 + d4;
    v[to + l] = even_a + odd_a;
    v[2 * to + l] = even_a - odd_a;
    v[3 * to + l] = even_b + odd_b;
    v[4 * to + l] = even_b - odd_b;
    v[5 * to + l] = d1 - 2.5f * d3 + d[5 * from + l];
  }
}

INLINE void output4(PetscInt n, const float *restrict m, PetscInt from, float *restrict y, PetscInt to)
{
#pragma omp simd
  for (PetscInt l = 0; l < n; ++l) {
    const float m1 = m[from + l], m2 = m[2 * from + l], m3 = m[3 * from + l], m4 = m[4 * from + l];
    const float even_a = m1 + m2, odd_a = A * (m1 - m2), even_b = m3 + m4, odd_b = B * (m3 - m4);

    y[l] = m[l] + even_a + even_b;
    y[to + l] = odd_a + odd_b;
    y[2 * to + l] = 0.5f * even_a + 2 * even_b;
    y[3 * to + l] = 0.5f * odd_a + 2 * odd_b + m[5 * from + l];
  }
}

INLINE void slope4(PetscInt n, const float *restrict dy, PetscInt from, float *restrict m, PetscInt to)
{
#pragma omp simd
  for (PetscInt l = 0; l < n; ++l) {
    const float d0 = dy[l], d1 = dy[from + l], d2 = dy[2 * from + l], d3 = dy[3 * from + l];
    const float even_a = d0 + 0.5f * d2, odd_a = A * (d1 + 0.5f * d3), even_b = d0 + 2 * d2, odd_b = B * (d1 + 2 * d3);

    m[l] = d0;
    m[to + l] = even_a + odd_a;
    m[2 * to + l] = even_a - odd_a;
    m[3 * to + l] = even_b + odd_b;
    m[4 * to + l] = even_b - odd_b;
    m[5 * to + l] = d3;
  }
}

INLINE void filter4(PetscInt n, const float *restrict g, PetscInt from, float *restrict u, PetscInt to)
{
#pragma omp simd
  for (PetscInt l = 0; l < n; ++l) {
    const float g0 = g[l], g1 = g[from + l], g2 = g[2 * from + l];
    const float even_a = CA * (g0 + 0.5f * g2), odd_a = CA * A * g1, even_b = CB * (g0 + 2 * g2), odd_b = CB * B * g1;

    u[l] = g0;
    u[to + l] = even_a + odd_a;
    u[2 * to + l] = even_a - odd_a;
    u[3 * to + l] = even_b + odd_b;
    u[4 * to + l] = even_b - odd_b;
    u[5 * to + l] = g2;
  }
}

INLINE void filter_slope4(PetscInt n, const float *restrict u, PetscInt from, float *restrict g, PetscInt to)
{
#pragma omp simd
  for (PetscInt l = 0; l < n; ++l) {
    const float u1 = u[from + l], u2 = u[2 * from + l], u3 = u[3 * from + l], u4 = u[4 * from + l];
    const float even_a = CA * (u1 + u2), even_b = CB * (u3 + u4);

    g[l] = u[l] + even_a + even_b;
    g[to + l] = CA * A * (u1 - u2) + CB * B * (u3 - u4);
    g[2 * to + l] = 0.5f * even_a + 2 * even_b + u[5 * from + l];
  }
}

/* ---- tiles ---- */

/* Full lanes, which nearly all are, have loops of constant length. */
#define TILE(m, side)                                                                                                \
  static void filter_tile##m(float g[9][LANE], float *u, PetscInt plane)                                             \
  {                                                                                                                  \
    transform(LANE, filter##m, 3, side, g[0], 3 * LANE, LANE, u, (side)*plane, plane);                               \
  }                                                                                                                  \
  static void input_tile##m(PetscInt n, PetscBool rounded, const float *d, PetscInt row, PetscInt cell, float *v,    \
                            PetscInt plane)                                                                          \
  {                                                                                                                  \
    if (n == LANE)                                                                                                   \
      transform_input(LANE, input##m, side, rounded, d, row, cell, v, plane);                                        \
    else                                                                                                             \
      transform_input(n, input##m, side, rounded, d, row, cell, v, plane);                                           \
  }                                                                                                                  \
  static void output_tile##m(PetscInt n, const float *in, PetscInt plane, const float *bias, float *y, PetscInt row, \
                             PetscInt cell)                                                                          \
  {                                                                                                                  \
    if (n == LANE)                                                                                                   \
      transform_output(LANE, output##m, m, in, plane, bias, y, row, cell);                                           \
    else                                                                                                             \
      transform_output(n, output##m, m, in, plane, bias, y, row, cell);                                              \
  }                                                                                                                  \
  static void slope_tile##m(PetscInt n, const float *dy, PetscInt row, PetscInt cell, float *out, PetscInt plane)    \
  {                                                                                                                  \
    if (n == LANE)                                                                                                   \
      transform(LANE, slope##m, m, side, dy, row, cell, out, (side)*plane, plane);                                   \
    else                                                                                                             \
      transform(n, slope##m, m, side, dy, row, cell, out, (side)*plane, plane);                                      \
  }                                                                                                                  \
  static void filter_slope_tile##m(const float *u, PetscInt plane, float g[9][LANE])                                 \
  {                                                                                                                  \
    transform(LANE, filter_slope##m, side, 3, u, (side)*plane, plane, g[0], 3 * LANE, LANE);                         \
  }                                                                                                                  \
  const WinogradTile WinogradTile##m = {                                                                             \
      m, (side) * (side), filter_tile##m, input_tile##m, output_tile##m, slope_tile##m, filter_slope_tile##m}

TILE(2, 4);
TILE(4, 6);
