/* Transforms of minimal filtering; see winograd_tiles_private.h. Each is one in one dimension (a Line), done twice. */
#include "neural/bfloat16_private.h"
#include "neural/winograd_tiles_private.h"

#define LANE WINOGRAD_LANE
#define SIDE 6 /* of the largest transformed tile */
/* Lines, counts and groups are constants once inlined: loops unroll, and arrays are registers. */
#define INLINE     static inline __attribute__((always_inline))
#define EACH(i, n) _Pragma("GCC unroll 6") for (int i = 0; i < (n); ++i)

#if defined(__AVX512F__)
#  define WIDTH 16
#elif defined(__AVX__)
#  define WIDTH 8
#else
#  define WIDTH 4
#endif

typedef float Vector __attribute__((vector_size(WIDTH * sizeof(float)), aligned(sizeof(float)), may_alias));
typedef void (*Line)(const Vector *in, Vector *out);

/* Consecutive channels of a tile. */
typedef struct {
  float *first;
  PetscInt row, cell;
} View;

static const View nothing = {NULL, 0, 0};

INLINE Vector *lanes(View v, PetscInt i, PetscInt j, PetscInt which)
{
  return (Vector *)(v.first + i * v.row + j * v.cell + which * WIDTH);
}

/* From `before` x `before` values to `after` x `after`, plus (if so told) `added`: columns first, then rows. */
INLINE void transform(Line line, int before, int after, View in, PetscBool adding, View added, View out)
{
  Vector t[SIDE][LANE / WIDTH][SIDE], x[SIDE], y[SIDE];

  for (int j = 0; j < before; ++j)
    EACH (l, LANE / WIDTH) {
      EACH (i, before) x[i] = *lanes(in, i, j, l);
      line(x, y);
      EACH (i, after) t[i][l][j] = y[i];
    }
  for (int i = 0; i < after; ++i)
    EACH (l, LANE / WIDTH) {
      line(t[i][l], y);
      EACH (j, after) {
        if (adding) y[j] += *lanes(added, i, j, l);
        *lanes(out, i, j, l) = y[j];
      }
    }
}

/*
  The same from few values: rows of the result are made in groups of those that share arithmetic, one byte of `groups`
  for each with a bit for each of its rows. So what is between the passes stays in registers.
*/
INLINE void expand(Line line, unsigned groups, int before, int after, View in, View out)
{
  EACH (l, LANE / WIDTH) {
    EACH (g, 4) {
      Vector t[SIDE][SIDE], x[SIDE], y[SIDE];

      EACH (j, before) {
        EACH (i, before) x[i] = *lanes(in, i, j, l);
        line(x, y);
        EACH (i, after) t[i][j] = y[i];
      }
      EACH (i, after) {
        if (!(groups >> (8 * g + i) & 1)) continue;
        line(t[i], y);
        EACH (j, after) *lanes(out, i, j, l) = y[j];
      }
    }
  }
}

/* ---- m = 2 ---- */

#define ALL2 0x0f

INLINE void input2(const Vector *d, Vector *v)
{
  v[0] = d[0] - d[2];
  v[1] = d[1] + d[2];
  v[2] = d[2] - d[1];
  v[3] = d[1] - d[3];
}

INLINE void output2(const Vector *m, Vector *y)
{
  y[0] = m[0] + m[1] + m[2];
  y[1] = m[1] - m[2] - m[3];
}

INLINE void slope2(const Vector *dy, Vector *m)
{
  m[0] = dy[0];
  m[1] = dy[0] + dy[1];
  m[2] = dy[0] - dy[1];
  m[3] = -dy[1];
}

INLINE void filter2(const Vector *g, Vector *u)
{
  const Vector ends = g[0] + g[2];

  u[0] = g[0];
  u[1] = 0.5f * (ends + g[1]);
  u[2] = 0.5f * (ends - g[1]);
  u[3] = g[2];
}

INLINE void filter_slope2(const Vector *u, Vector *g)
{
  const Vector sum = 0.5f * (u[1] + u[2]);

  g[0] = u[0] + sum;
  g[1] = 0.5f * (u[1] - u[2]);
  g[2] = u[3] + sum;
}

/* ---- m = 4 ---- */

#define A  0.70710678f /* the points +-a and +-b; a^2 = 1/2, b^2 = 2 */
#define B  1.41421356f
#define CA (-2.f / 3) /* 1 / (2 a^2 (a^2 - b^2)) */
#define CB (1.f / 6)  /* 1 / (2 b^2 (b^2 - a^2)) */

#define PAIRS4 0x20180601 /* by points: 0; +-a; +-b; infinity */

/* Values at +-a and +-b, from what even and odd powers of the points give. */
INLINE void at_pairs(Vector even_a, Vector odd_a, Vector even_b, Vector odd_b, Vector *v)
{
  v[1] = even_a + odd_a;
  v[2] = even_a - odd_a;
  v[3] = even_b + odd_b;
  v[4] = even_b - odd_b;
}

INLINE void input4(const Vector *d, Vector *v)
{
  const Vector even_a = d[4] - 2 * d[2], odd_a = A * (d[3] - 2 * d[1]);
  const Vector even_b = d[4] - 0.5f * d[2], odd_b = B * (d[3] - 0.5f * d[1]);

  v[0] = d[0] - 2.5f * d[2] + d[4];
  at_pairs(even_a, odd_a, even_b, odd_b, v);
  v[5] = d[1] - 2.5f * d[3] + d[5];
}

INLINE void output4(const Vector *m, Vector *y)
{
  const Vector even_a = m[1] + m[2], odd_a = A * (m[1] - m[2]), even_b = m[3] + m[4], odd_b = B * (m[3] - m[4]);

  y[0] = m[0] + even_a + even_b;
  y[1] = odd_a + odd_b;
  y[2] = 0.5f * even_a + 2 * even_b;
  y[3] = 0.5f * odd_a + 2 * odd_b + m[5];
}

INLINE void slope4(const Vector *dy, Vector *m)
{
  const Vector even_a = dy[0] + 0.5f * dy[2], odd_a = A * (dy[1] + 0.5f * dy[3]);
  const Vector even_b = dy[0] + 2 * dy[2], odd_b = B * (dy[1] + 2 * dy[3]);

  m[0] = dy[0];
  at_pairs(even_a, odd_a, even_b, odd_b, m);
  m[5] = dy[3];
}

INLINE void filter4(const Vector *g, Vector *u)
{
  const Vector even_a = CA * (g[0] + 0.5f * g[2]), odd_a = CA * A * g[1];
  const Vector even_b = CB * (g[0] + 2 * g[2]), odd_b = CB * B * g[1];

  u[0] = g[0];
  at_pairs(even_a, odd_a, even_b, odd_b, u);
  u[5] = g[2];
}

INLINE void filter_slope4(const Vector *u, Vector *g)
{
  const Vector even_a = CA * (u[1] + u[2]), even_b = CB * (u[3] + u[4]);

  g[0] = u[0] + even_a + even_b;
  g[1] = CA * A * (u[1] - u[2]) + CB * B * (u[3] - u[4]);
  g[2] = 0.5f * even_a + 2 * even_b + u[5];
}

/* ---- tiles ---- */

/* Fewer channels than LANE, or rounded ones, are transformed from a copy. */
INLINE void transform_input(Line line, int side, PetscInt n, PetscBool rounded, const float *d, PetscInt row,
                            PetscInt cell, View v)
{
  float near[SIDE * SIDE * LANE];

  if (n == LANE && !rounded) {
    transform(line, side, side, (View){(float *)d, row, cell}, PETSC_FALSE, nothing, v);
    return;
  }
  for (PetscInt k = 0; k < side * side; ++k) {
    const float *from = d + k / side * row + k % side * cell;

    for (PetscInt l = 0; l < n; ++l) near[k * LANE + l] = rounded ? Bfloat16Round(from[l]) : from[l];
  }
  transform(line, side, side, (View){near, side * LANE, LANE}, PETSC_FALSE, nothing, v);
}

/* A bias has no rows and cells. Fewer channels than LANE are added one by one. */
INLINE void transform_output(Line line, int outputs, PetscInt n, const float *m, PetscInt plane, const float *bias,
                             float *y, PetscInt row, PetscInt cell)
{
  const View in = {(float *)m, (outputs + 2) * plane, plane}, out = {y, row, cell};
  float near[SIDE * SIDE * LANE];

  if (n == LANE) {
    transform(line, outputs + 2, outputs, in, PETSC_TRUE, bias ? (View){(float *)bias, 0, 0} : out, out);
    return;
  }
  transform(line, outputs + 2, outputs, in, PETSC_FALSE, nothing, (View){near, outputs * LANE, LANE});
  for (PetscInt k = 0; k < outputs * outputs; ++k)
    for (PetscInt l = 0; l < n; ++l) y[k / outputs * row + k % outputs * cell + l] += near[k * LANE + l];
}

#define TILE(m, side, groups)                                                                                        \
  static void filter_tile##m(float g[9][LANE], float *u, PetscInt plane)                                             \
  {                                                                                                                  \
    expand(filter##m, groups, 3, side, (View){g[0], 3 * LANE, LANE}, (View){u, (side)*plane, plane});                \
  }                                                                                                                  \
  static void input_tile##m(PetscInt n, PetscBool rounded, const float *d, PetscInt row, PetscInt cell, float *v,    \
                            PetscInt plane)                                                                          \
  {                                                                                                                  \
    transform_input(input##m, side, n, rounded, d, row, cell, (View){v, (side)*plane, plane});                       \
  }                                                                                                                  \
  static void output_tile##m(PetscInt n, const float *in, PetscInt plane, const float *bias, float *y, PetscInt row, \
                             PetscInt cell)                                                                          \
  {                                                                                                                  \
    transform_output(output##m, m, n, in, plane, bias, y, row, cell);                                                \
  }                                                                                                                  \
  static void slope_tile##m(const float *dy, PetscInt row, PetscInt cell, float *out, PetscInt plane)                \
  {                                                                                                                  \
    expand(slope##m, groups, m, side, (View){(float *)dy, row, cell}, (View){out, (side)*plane, plane});             \
  }                                                                                                                  \
  static void filter_slope_tile##m(const float *u, PetscInt plane, float g[9][LANE])                                 \
  {                                                                                                                  \
    transform(filter_slope##m, side, 3, (View){(float *)u, (side)*plane, plane}, PETSC_FALSE, nothing,               \
              (View){g[0], 3 * LANE, LANE});                                                                         \
  }                                                                                                                  \
  const WinogradTile WinogradTile##m = {                                                                             \
      m, (side) * (side), filter_tile##m, input_tile##m, output_tile##m, slope_tile##m, filter_slope_tile##m}

TILE(2, 4, ALL2);
TILE(4, 6, PAIRS4);
