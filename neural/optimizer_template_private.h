/*
  The arithmetic of optimizer.h for element type REAL. Included by optimizer_float.c and optimizer_double.c, which
  define REAL, FMA, ROOT and TABLE. Compiled without contraction: operations are fused where PyTorch fuses them, nowhere
  else.
*/
#include "neural/optimizer_private.h"
#include <math.h>

static double square(size_t n, const void *data)
{
  const REAL *g = data;
  double sum = 0;

#pragma omp simd reduction(+ : sum)
  for (size_t i = 0; i < n; i++) sum += (double)g[i] * (double)g[i];
  return sum;
}

static void scale(size_t n, double factor, void *data)
{
  const REAL f = (REAL)factor;
  REAL *g = data;

  for (size_t i = 0; i < n; i++) g[i] *= f;
}

/* ---- adamp ---- */

/* |cos| between rows of n values, and -1 for "too large": whether the rows may be projected. */
static PetscBool orthogonal(size_t rows, size_t n, const REAL *p, const REAL *g, double delta, double eps)
{
  const double bound = delta / sqrt((double)n);

  for (size_t r = 0; r < rows; r++, p += n, g += n) {
    double dot = 0;

    for (size_t i = 0; i < n; i++) dot += (double)p[i] * (double)g[i];
    if (fabs(dot) / ((sqrt(square(n, p)) + eps) * (sqrt(square(n, g)) + eps)) >= bound) return PETSC_FALSE;
  }
  return PETSC_TRUE;
}

/* How rows along which the step is projected lie in an array; none when it is not. */
static size_t rows_of(const OptimizerStep *s, const SinewParameter *p)
{
  const size_t rows = (size_t)p->shape[0];

  if (!s->project || p->rank < 2) return 0;
  if (orthogonal(rows, p->size / rows, p->value, p->gradient, s->delta, s->eps)) return rows;
  return orthogonal(1, p->size, p->value, p->gradient, s->delta, s->eps) ? 1 : 0;
}

static inline REAL direction(const OptimizerStep *s, REAL m, REAL v)
{
  return m / (ROOT(v) / (REAL)s->root + (REAL)s->eps);
}

/* p - size (u - n (n . u)) with n = p / |p|, by rows. */
static void project(const OptimizerStep *s, size_t rows, size_t n, REAL *p, const REAL *m, const REAL *v)
{
  const REAL size = (REAL)s->size, keep = (REAL)(1 - s->decay * s->ratio);

  for (size_t r = 0; r < rows; r++, p += n, m += n, v += n) {
    const double norm = sqrt(square(n, p)) + s->eps;
    double along = 0;

    for (size_t i = 0; i < n; i++) along += (double)p[i] / norm * (double)direction(s, m[i], v[i]);
    for (size_t i = 0; i < n; i++) {
      const REAL u = direction(s, m[i], v[i]) - (REAL)((double)p[i] / norm * along);

      p[i] = p[i] * keep - size * u;
    }
  }
}

/* ---- a step ---- */

static void moments(const OptimizerStep *s, const SinewParameter *p, REAL *restrict m, REAL *restrict v)
{
  const REAL b1 = (REAL)s->beta1, b2 = (REAL)s->beta2, a1 = (REAL)(1 - s->beta1), a2 = (REAL)(1 - s->beta2);
  const REAL inside = (REAL)s->inside;
  const REAL *restrict value = p->value, *restrict gradient = p->gradient;

  for (size_t i = 0; i < p->size; i++) {
    const REAL g = FMA(value[i], inside, gradient[i]);

    m[i] = FMA(g, a1, m[i] * b1);
    v[i] = FMA(a2 * g, g, v[i] * b2);
  }
}

static void step(const OptimizerStep *s, const SinewParameter *parameter, void *first, void *second)
{
  const size_t rows = rows_of(s, parameter);
  const REAL size = (REAL)-s->size, root = (REAL)s->root, eps = (REAL)s->eps, keep = (REAL)(1 - s->decay);
  REAL *restrict p = parameter->value, *restrict m = first, *restrict v = second;

  moments(s, parameter, m, v);
  if (rows) {
    project(s, rows, parameter->size / rows, p, m, v);
    return;
  }
  for (size_t i = 0; i < parameter->size; i++) p[i] = p[i] * keep + size * m[i] / (ROOT(v[i]) / root + eps);
}

/* ---- the average ---- */

static void average(size_t n, double keep, const void *value, void *mean)
{
  const REAL e = (REAL)keep, f = (REAL)(1 - keep);
  const REAL *p = value;
  REAL *a = mean;

  for (size_t i = 0; i < n; i++) a[i] = e * a[i] + f * p[i];
}

static void swap(size_t n, void *value, void *mean)
{
  REAL *p = value, *a = mean;

  for (size_t i = 0; i < n; i++) {
    const REAL old = p[i];

    p[i] = a[i];
    a[i] = old;
  }
}

const OptimizerKernels TABLE = {square, scale, step, average, swap};
