#include "meshes/geometry_kernels.h"

#include <math.h>

#define LOOP(n) _Pragma("omp simd") for (PetscInt i = 0; i < (n); i++)

static inline PetscReal smaller(PetscReal a, PetscReal b)
{
  return a < b ? a : b;
}

static inline PetscReal larger(PetscReal a, PetscReal b)
{
  return a > b ? a : b;
}

void GeometryNodes(PetscInt n, const PetscReal *restrict xi, PetscInt stride, const PetscReal *restrict p, PetscInt s,
                   PetscReal factor, PetscReal *restrict x)
{
  if (stride)
    LOOP(n) x[i] = xi[i] + (p[i + s] - p[i - s]) * factor;
  else
    LOOP(n) x[i] = xi[0] + (p[i + s] - p[i - s]) * factor;
}

PetscReal GeometryVolumes2D(PetscInt n, PetscInt up, const PetscReal *restrict x, const PetscReal *restrict y,
                            PetscReal least, PetscReal *restrict volume)
{
  const PetscReal *restrict X = x + up, *restrict Y = y + up;

#pragma omp simd reduction(min : least)
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal bx = x[i + 1] - x[i], by = y[i + 1] - y[i], tx = X[i + 1] - X[i], ty = Y[i + 1] - Y[i];
    const PetscReal lx = X[i] - x[i], ly = Y[i] - y[i], rx = X[i + 1] - x[i + 1], ry = Y[i + 1] - y[i + 1];
    const PetscReal v = 0.5 * ((X[i + 1] - x[i]) * (Y[i] - y[i + 1]) - (Y[i + 1] - y[i]) * (X[i] - x[i + 1]));
    const PetscReal below = smaller(bx * ly - by * lx, bx * ry - by * rx),
                    above = smaller(tx * ly - ty * lx, tx * ry - ty * rx);

    volume[i] = v;
    least = smaller(least, smaller(v, smaller(below, above)));
  }
  return least;
}

void GeometryEdges2D(PetscInt n, PetscInt to, PetscReal sign, const PetscReal *const from[2],
                     const PetscReal *const at[2], PetscReal *const area[2], PetscReal *restrict swept)
{
  const PetscReal *restrict x0 = from[0], *restrict y0 = from[1], *restrict x1 = at[0], *restrict y1 = at[1];
  PetscReal *restrict a = area[0], *restrict b = area[1];

  LOOP(n)
  {
    const PetscReal ex = 0.5 * ((x0[i + to] - x0[i]) + (x1[i + to] - x1[i])),
                    ey = 0.5 * ((y0[i + to] - y0[i]) + (y1[i + to] - y1[i])),
                    vx = 0.5 * ((x1[i] - x0[i]) + (x1[i + to] - x0[i + to])),
                    vy = 0.5 * ((y1[i] - y0[i]) + (y1[i + to] - y0[i + to]));

    a[i] = sign * ey;
    b[i] = -sign * ex;
    swept[i] = a[i] * vx + b[i] * vy;
  }
}

void GeometryCentres(PetscInt n, PetscInt up, PetscInt planes, PetscInt over, const PetscReal *restrict from,
                     const PetscReal *restrict to, PetscReal *restrict c)
{
  if (planes == 1) LOOP(n)
  c[i] = 0.125 * (((from[i] + to[i]) + (from[i + 1] + to[i + 1])) +
                  ((from[i + up] + to[i + up]) + (from[i + up + 1] + to[i + up + 1])));
  else LOOP(n) c[i] =
      0.0625 * ((((from[i] + to[i]) + (from[i + 1] + to[i + 1])) +
                 ((from[i + up] + to[i + up]) + (from[i + up + 1] + to[i + up + 1]))) +
                (((from[i + over] + to[i + over]) + (from[i + over + 1] + to[i + over + 1])) +
                 ((from[i + over + up] + to[i + over + up]) + (from[i + over + up + 1] + to[i + over + up + 1]))));
}

/* The mean over the cells around a vertex, whose last is at p, of differences along the axis of stride s. */
static inline PetscReal difference(const int dim, const PetscReal *p, PetscInt s, PetscInt e, PetscInt f)
{
  if (dim == 2) return 0.5 * ((p[0] - p[-s]) + (p[-e] - p[-e - s]));
  return 0.25 * (((p[0] - p[-s]) + (p[-e] - p[-e - s])) + ((p[-f] - p[-f - s]) + (p[-e - f] - p[-e - f - s])));
}

static void gradient_2d(PetscInt n, PetscInt s, const PetscReal *restrict x, const PetscReal *restrict y,
                        const PetscReal *restrict u, PetscReal *restrict g)
{
  LOOP(n)
  {
    const PetscReal xa = difference(2, x + i, 1, s, 0), xb = difference(2, x + i, s, 1, 0),
                    ya = difference(2, y + i, 1, s, 0), yb = difference(2, y + i, s, 1, 0),
                    ua = difference(2, u + i, 1, s, 0), ub = difference(2, u + i, s, 1, 0);
    const PetscReal gx = ua * yb - ub * ya, gy = ub * xa - ua * xb;

    g[i] = sqrt(gx * gx + gy * gy) / fabs(xa * yb - xb * ya);
  }
}

static void gradient_3d(PetscInt n, PetscInt s, PetscInt t, const PetscReal *restrict x, const PetscReal *restrict y,
                        const PetscReal *restrict z, const PetscReal *restrict u, PetscReal *restrict g)
{
  LOOP(n)
  {
    const PetscReal xa = difference(3, x + i, 1, s, t), xb = difference(3, x + i, s, t, 1),
                    xc = difference(3, x + i, t, 1, s), ya = difference(3, y + i, 1, s, t),
                    yb = difference(3, y + i, s, t, 1), yc = difference(3, y + i, t, 1, s),
                    za = difference(3, z + i, 1, s, t), zb = difference(3, z + i, s, t, 1),
                    zc = difference(3, z + i, t, 1, s), ua = difference(3, u + i, 1, s, t),
                    ub = difference(3, u + i, s, t, 1), uc = difference(3, u + i, t, 1, s);
    const PetscReal gx = ua * (yb * zc - yc * zb) + ub * (yc * za - ya * zc) + uc * (ya * zb - yb * za),
                    gy = ua * (zb * xc - zc * xb) + ub * (zc * xa - za * xc) + uc * (za * xb - zb * xa),
                    gz = ua * (xb * yc - xc * yb) + ub * (xc * ya - xa * yc) + uc * (xa * yb - xb * ya);
    const PetscReal det = xa * (yb * zc - yc * zb) + xb * (yc * za - ya * zc) + xc * (ya * zb - yb * za);

    g[i] = sqrt(gx * gx + gy * gy + gz * gz) / fabs(det);
  }
}

void GeometryGradient(PetscInt dim, PetscInt n, const PetscInt stride[3], const PetscReal *const c[3],
                      const PetscReal u[], PetscReal g[])
{
  if (dim == 2)
    gradient_2d(n, stride[1], c[0], c[1], u, g);
  else
    gradient_3d(n, stride[1], stride[2], c[0], c[1], c[2], u, g);
}

void GeometryLoads(PetscInt n, PetscInt next, PetscInt over, const PetscReal *restrict m,
                   const PetscReal *restrict volume, GeometryCensus *c)
{
  PetscReal sum = c->sum, squares = c->squares, most = c->most, least = c->least;
  const PetscReal *restrict above = m + next, *restrict behind = m + over, *restrict corner = m + over + next;
  const PetscReal part = over ? 0.125 : 0.25;
  const PetscReal third = over ? 1 : 0;

#pragma omp simd reduction(+ : sum, squares) reduction(max : most) reduction(min : least)
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal front = (m[i] + m[i + 1]) + (above[i] + above[i + 1]),
                    back = (behind[i] + behind[i + 1]) + (corner[i] + corner[i + 1]),
                    load = part * (front + third * back) * volume[i];

    sum += load;
    squares += load * load;
    most = larger(most, load);
    least = smaller(least, load);
  }
  c->sum = sum;
  c->squares = squares;
  c->most = most;
  c->least = least;
}

static inline PetscReal square(const PetscReal *x, PetscInt from, PetscInt to)
{
  return (x[to] - x[from]) * (x[to] - x[from]);
}

void GeometryDiagonals(PetscInt n, PetscInt next, PetscInt over, const PetscReal *restrict x,
                       const PetscReal *restrict y, const PetscReal *restrict z, GeometryCensus *c)
{
  PetscReal skew = c->skew;

  if (!over)
#pragma omp simd reduction(max : skew)
    for (PetscInt i = 0; i < n; i++) {
      const PetscReal rising = square(x, i, i + next + 1) + square(y, i, i + next + 1),
                      falling = square(x, i + next, i + 1) + square(y, i + next, i + 1);

      skew = larger(skew, larger(rising, falling) / smaller(rising, falling));
    }
  else
    for (PetscInt i = 0; i < n; i++) {
      const PetscInt from[4] = {0, next, over, over + next}, to[4] = {over + next + 1, over + 1, next + 1, 1};
      PetscReal most = 0, least = PETSC_MAX_REAL;

      for (int d = 0; d < 4; d++) {
        const PetscReal length =
            square(x, i + from[d], i + to[d]) + square(y, i + from[d], i + to[d]) + square(z, i + from[d], i + to[d]);

        most = larger(most, length);
        least = smaller(least, length);
      }
      skew = larger(skew, most / least);
    }
  c->skew = skew;
}
