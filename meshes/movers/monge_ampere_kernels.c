#include "meshes/movers/monge_ampere_kernels.h"

#include <math.h>

#define INLINE static inline __attribute__((always_inline))

/* One loop body for every dimension: `dim` is a constant where these are called. */
#define FOR_DIMENSION(dim, call) \
  switch (dim) {                 \
  case 1: call(1); break;        \
  case 2: call(2); break;        \
  default: call(3); break;       \
  }

INLINE PetscReal smaller(PetscReal a, PetscReal b)
{
  return a < b ? a : b;
}

INLINE PetscReal second(const PetscReal *p, PetscInt s, PetscReal factor)
{
  return 1 + ((p[s] - p[0]) - (p[0] - p[-s])) * factor;
}

INLINE PetscReal mixed(const PetscReal *p, PetscInt s, PetscInt t, PetscReal factor)
{
  return ((p[s + t] - p[s - t]) - (p[t - s] - p[-s - t])) * factor;
}

/* det(I + D^2 phi) */
INLINE PetscReal determinant(const int dim, PetscReal xx, PetscReal yy, PetscReal zz, PetscReal xy, PetscReal xz,
                             PetscReal yz)
{
  if (dim == 1) return xx;
  if (dim == 2) return xx * yy - xy * xy;
  return xx * (yy * zz - yz * yz) - xy * (xy * zz - yz * xz) + xz * (xy * yz - yy * xz);
}

INLINE void density_row(const int dim, const MapStencil *t, PetscInt n, const PetscReal *restrict p, const PetscReal *m,
                        PetscReal *density, MapExtremes *extremes)
{
  const PetscInt sy = t->stride[1], sz = t->stride[2];
  const PetscReal hx = t->second[0], hy = t->second[1], hz = t->second[2], hxy = t->mixed[0], hxz = t->mixed[1],
                  hyz = t->mixed[2];
  PetscReal least = extremes->least, convex = extremes->convex;

#pragma omp simd reduction(min : least, convex)
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal *q = p + i;
    const PetscReal xx = second(q, 1, hx), yy = dim > 1 ? second(q, sy, hy) : 1, zz = dim > 2 ? second(q, sz, hz) : 1;
    const PetscReal xy = dim > 1 ? mixed(q, 1, sy, hxy) : 0, xz = dim > 2 ? mixed(q, 1, sz, hxz) : 0,
                    yz = dim > 2 ? mixed(q, sy, sz, hyz) : 0;
    const PetscReal det = determinant(dim, xx, yy, zz, xy, xz, yz);

    density[i] = m[i] * det;
    least = smaller(least, det);
    convex = smaller(convex, smaller(smaller(det, xx), smaller(yy, zz)));
  }
  extremes->least = least;
  extremes->convex = convex;
}

void MapDensity(const MapStencil *t, PetscInt n, const PetscReal p[], const PetscReal m[], PetscReal density[],
                MapExtremes *extremes){
#define CALL(dim) density_row(dim, t, n, p, m, density, extremes)
    FOR_DIMENSION(t->dim, CALL)
#undef CALL
}

INLINE void linearise_row(const int dim, const MapStencil *t, PetscInt n, const PetscReal *restrict p, PetscReal tau,
                          const PetscReal *restrict m, const PetscReal *restrict density, PetscReal *const g[3],
                          PetscReal *const c[COEFFICIENTS], PetscReal *restrict before, PetscReal *restrict after)
{
  const PetscInt sy = t->stride[1], sz = t->stride[2];
  const PetscReal hx = t->second[0], hy = t->second[1], hz = t->second[2], hxy = t->mixed[0], hxz = t->mixed[1],
                  hyz = t->mixed[2];
  const PetscReal gx = tau * t->central[0], gy = tau * t->central[1], gz = tau * t->central[2];

#pragma omp simd
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal *q = p + i;
    const PetscReal xx = second(q, 1, hx), yy = dim > 1 ? second(q, sy, hy) : 1, zz = dim > 2 ? second(q, sz, hz) : 1;
    const PetscReal xy = dim > 1 ? mixed(q, 1, sy, hxy) : 0, xz = dim > 2 ? mixed(q, 1, sz, hxz) : 0,
                    yz = dim > 2 ? mixed(q, sy, sz, hyz) : 0;
    const PetscReal r = 1 / determinant(dim, xx, yy, zz, xy, xz, yz), im = 1 / m[i];
    PetscReal trace = dim == 3 ? (yy * zz - yz * yz) * r : dim == 2 ? yy * r : r;

    c[0][i] = trace * hx;
    c[6][i] = g[0][i] * im * gx;
    if (dim > 1) {
      const PetscReal a = (dim > 2 ? xx * zz - xz * xz : xx) * r;

      trace += a;
      c[1][i] = a * hy;
      c[3][i] = 2 * (dim > 2 ? xz * yz - xy * zz : -xy) * r * hxy;
      c[7][i] = g[1][i] * im * gy;
    }
    if (dim > 2) {
      const PetscReal a = (xx * yy - xy * xy) * r;

      trace += a;
      c[2][i] = a * hz;
      c[4][i] = 2 * (xy * yz - xz * yy) * r * hxz;
      c[5][i] = 2 * (xy * xz - xx * yz) * r * hyz;
      c[8][i] = g[2][i] * im * gz;
    }
    trace /= dim;
    before[i] = sqrt(density[i] / trace);
    after[i] = 1 / sqrt(density[i] * trace);
  }
}

void MapLinearise(const MapStencil *t, PetscInt n, const PetscReal p[], PetscReal tau, const PetscReal m[],
                  const PetscReal density[], PetscReal *const gradient[3], PetscReal *const coefficient[COEFFICIENTS],
                  PetscReal before[], PetscReal after[]){
#define CALL(dim) linearise_row(dim, t, n, p, tau, m, density, gradient, coefficient, before, after)
    FOR_DIMENSION(t->dim, CALL)
#undef CALL
}

INLINE void jacobian_row(const int dim, PetscInt n, const PetscInt s[3], const PetscReal *restrict q,
                         PetscReal *const c[COEFFICIENTS], PetscReal *restrict y)
{
  const PetscInt sy = s[1], sz = s[2];

#pragma omp simd
  for (PetscInt i = 0; i < n; i++) {
    PetscReal sum = c[0][i] * (q[i + 1] - 2 * q[i] + q[i - 1]) + c[6][i] * (q[i + 1] - q[i - 1]);

    if (dim > 1)
      sum += c[1][i] * (q[i + sy] - 2 * q[i] + q[i - sy]) + c[7][i] * (q[i + sy] - q[i - sy]) +
             c[3][i] * (q[i + 1 + sy] - q[i + 1 - sy] - q[i - 1 + sy] + q[i - 1 - sy]);
    if (dim > 2)
      sum += c[2][i] * (q[i + sz] - 2 * q[i] + q[i - sz]) + c[8][i] * (q[i + sz] - q[i - sz]) +
             c[4][i] * (q[i + 1 + sz] - q[i + 1 - sz] - q[i - 1 + sz] + q[i - 1 - sz]) +
             c[5][i] * (q[i + sy + sz] - q[i + sy - sz] - q[i - sy + sz] + q[i - sy - sz]);
    y[i] = sum;
  }
}

void MapJacobian(const MapStencil *t, PetscInt n, const PetscReal q[], PetscReal *const coefficient[COEFFICIENTS],
                 PetscReal y[])
{
#define CALL(dim) jacobian_row(dim, n, t->stride, q, coefficient, y)
  FOR_DIMENSION(t->dim, CALL)
#undef CALL
}

void MapRoot(PetscInt dim, PetscInt n, PetscReal factor, const PetscReal *density, PetscReal *out)
{
  if (dim == 2)
#pragma omp simd
    for (PetscInt i = 0; i < n; i++) out[i] = sqrt(density[i] * factor);
  else
    for (PetscInt i = 0; i < n; i++) out[i] = dim == 1 ? density[i] * factor : cbrt(density[i] * factor);
}
