#include "operators/moving_volume_kernels.h"

#include <math.h>

#define LOOP(n) _Pragma("omp simd") for (PetscInt i = 0; i < (n); i++)

void MovingMetric2D(PetscInt axis, PetscInt n, const PetscReal *const S[3], const PetscReal *const lower[3],
                    const PetscReal *const upper[3], PetscReal *const metric[3][3])
{
  const PetscReal *restrict Sx = S[0], *restrict Sy = S[1], *restrict lx = lower[0], *restrict ly = lower[1],
                            *restrict ux = upper[0], *restrict uy = upper[1];
  PetscReal *restrict mx = metric[axis][0], *restrict my = metric[axis][1], *restrict tx = metric[1 - axis][0],
                      *restrict ty = metric[1 - axis][1];
  const PetscReal sign = axis ? -1 : 1;

  LOOP(n)
  {
    const PetscReal x = ux[i] - lx[i], y = uy[i] - ly[i], r = 1 / (x * Sx[i] + y * Sy[i]);

    mx[i] = Sx[i] * r;
    my[i] = Sy[i] * r;
    tx[i] = -sign * y * r;
    ty[i] = sign * x * r;
  }
}

/* Mean over both ends of the step of the edges of faces along d, on both sides of the face along the other axis. */
static void mean_edge(PetscInt n, const PetscReal *restrict x0, const PetscReal *restrict x1, PetscInt d,
                      PetscInt other, PetscReal *restrict edge)
{
  LOOP(n)
  edge[i] = 0.25 * (((x0[i + d] - x0[i]) + (x1[i + d] - x1[i])) +
                    ((x0[i + d + other] - x0[i + other]) + (x1[i + d + other] - x1[i + other])));
}

void MovingMetric3D(PetscInt axis, PetscInt n, const PetscReal *const S[3], const PetscReal *const lower[3],
                    const PetscReal *const upper[3], const PetscReal *const x0[3], const PetscReal *const x1[3],
                    const PetscInt stride[3], PetscReal *const metric[3][3])
{
  const PetscInt e = (axis + 1) % 3, f = (axis + 2) % 3;
  PetscReal *restrict mx = metric[axis][0], *restrict my = metric[axis][1], *restrict mz = metric[axis][2];
  PetscReal *restrict ex = metric[f][0], *restrict ey = metric[f][1], *restrict ez = metric[f][2];
  PetscReal *restrict fx = metric[e][0], *restrict fy = metric[e][1], *restrict fz = metric[e][2];

  for (int a = 0; a < 3; a++) {
    mean_edge(n, x0[a], x1[a], stride[e], stride[f], metric[f][a]);
    mean_edge(n, x0[a], x1[a], stride[f], stride[e], metric[e][a]);
  }
  LOOP(n)
  {
    const PetscReal x = upper[0][i] - lower[0][i], y = upper[1][i] - lower[1][i], z = upper[2][i] - lower[2][i];
    const PetscReal r = 1 / (x * S[0][i] + y * S[1][i] + z * S[2][i]);
    const PetscReal e0 = ex[i], e1 = ey[i], e2 = ez[i], f0 = fx[i], f1 = fy[i], f2 = fz[i];

    mx[i] = S[0][i] * r;
    my[i] = S[1][i] * r;
    mz[i] = S[2][i] * r;
    fx[i] = (f1 * z - f2 * y) * r; /* f x A belongs to the difference along e */
    fy[i] = (f2 * x - f0 * z) * r;
    fz[i] = (f0 * y - f1 * x) * r;
    ex[i] = (y * e2 - z * e1) * r; /* A x e to that along f */
    ey[i] = (z * e0 - x * e2) * r;
    ez[i] = (x * e1 - y * e0) * r;
  }
}

static void gradient_2d(PetscInt n, const PetscReal *restrict l, const PetscReal *restrict r, PetscInt s,
                        PetscReal *const across[3], PetscReal *const along[3], PetscReal *restrict gx,
                        PetscReal *restrict gy)
{
  const PetscReal *restrict ax = across[0], *restrict ay = across[1], *restrict tx = along[0], *restrict ty = along[1];

  LOOP(n)
  {
    const PetscReal d = r[i] - l[i], t = 0.25 * ((r[i + s] - r[i - s]) + (l[i + s] - l[i - s]));

    gx[i] = d * ax[i] + t * tx[i];
    gy[i] = d * ay[i] + t * ty[i];
  }
}

static void gradient_3d(PetscInt n, const PetscReal *restrict l, const PetscReal *restrict r, PetscInt s, PetscInt q,
                        const PetscReal *restrict across, const PetscReal *restrict first,
                        const PetscReal *restrict second, PetscReal *restrict g)
{
  LOOP(n)
  {
    const PetscReal d = r[i] - l[i], t = 0.25 * ((r[i + s] - r[i - s]) + (l[i + s] - l[i - s])),
                    u = 0.25 * ((r[i + q] - r[i - q]) + (l[i + q] - l[i - q]));

    g[i] = d * across[i] + t * first[i] + u * second[i];
  }
}

void MovingGradient(PetscInt dim, PetscInt axis, PetscInt n, const PetscReal *l, const PetscReal *r,
                    const PetscInt stride[3], PetscReal *const metric[3][3], PetscReal *const gradient[3])
{
  const PetscInt e = (axis + 1) % 3, f = (axis + 2) % 3;

  if (dim == 2)
    gradient_2d(n, l, r, stride[1 - axis], metric[axis], metric[1 - axis], gradient[0], gradient[1]);
  else
    for (int a = 0; a < 3; a++)
      gradient_3d(n, l, r, stride[e], stride[f], metric[axis][a], metric[e][a], metric[f][a], gradient[a]);
}

void MovingConductances(PetscInt dim, PetscInt n, const PetscReal *const S[3], PetscReal *const metric[3][3],
                        PetscReal *const conductance[3])
{
  for (PetscInt d = 0; d < dim; d++) {
    const PetscReal *restrict x = metric[d][0], *restrict y = metric[d][1], *restrict z = metric[d][2];
    PetscReal *restrict c = conductance[d];

    if (dim == 2)
      LOOP(n) c[i] = S[0][i] * x[i] + S[1][i] * y[i];
    else
      LOOP(n) c[i] = S[0][i] * x[i] + S[1][i] * y[i] + S[2][i] * z[i];
  }
}

void MovingConduct(PetscInt dim, PetscInt axis, PetscInt n, PetscReal nu, const PetscReal *l, const PetscReal *r,
                   const PetscInt stride[3], const PetscReal *const conductance[3], PetscReal *restrict f)
{
  const PetscInt e = dim == 2 ? 1 - axis : (axis + 1) % 3, h = (axis + 2) % 3, s = stride[e], q = stride[h];
  const PetscReal *restrict a = conductance[axis], *restrict b = conductance[e], *restrict c = conductance[h];

  if (dim == 2) LOOP(n)
  f[i] -= nu * ((r[i] - l[i]) * a[i] + 0.25 * ((r[i + s] - r[i - s]) + (l[i + s] - l[i - s])) * b[i]);
  else LOOP(n) f[i] -= nu * ((r[i] - l[i]) * a[i] + 0.25 * ((r[i + s] - r[i - s]) + (l[i + s] - l[i - s])) * b[i] +
                             0.25 * ((r[i + q] - r[i - q]) + (l[i + q] - l[i - q])) * c[i]);
}

void MovingAddProduct(PetscInt n, PetscReal factor, const PetscReal *restrict a, const PetscReal *restrict b,
                      PetscReal *restrict out)
{
  LOOP(n) out[i] += factor * (a[i] * b[i]);
}

void MovingRusanov(PetscInt n, const PetscReal *restrict swept, const PetscReal *restrict one,
                   const PetscReal *restrict other, const PetscReal *restrict ul, const PetscReal *restrict ur,
                   PetscReal *restrict f)
{
  LOOP(n)
  {
    const PetscReal speed = one[i] > other[i] ? one[i] : other[i];

    f[i] -= 0.5 * (swept[i] * (ul[i] + ur[i]) + speed * (ur[i] - ul[i]));
  }
}

void MovingVolume(PetscInt n, PetscReal fraction, PetscReal scale, const PetscReal *restrict a,
                  const PetscReal *restrict b, PetscReal *restrict J)
{
  LOOP(n) J[i] = (a[i] + fraction * (b[i] - a[i])) * scale;
}

void MovingContents(PetscInt components, PetscInt n, const PetscReal *restrict J, const PetscReal *from, PetscReal *to)
{
  if (components == 1)
    LOOP(n) to[i] = from[i] * J[i];
  else
    for (PetscInt i = 0; i < n; i++)
      for (PetscInt c = 0; c < components; c++) to[i * components + c] = from[i * components + c] * J[i];
}

void MovingAverages(PetscInt components, PetscInt n, const PetscReal *restrict J, const PetscReal *from, PetscReal *to)
{
  if (components == 1)
    LOOP(n) to[i] = from[i] / J[i];
  else
    for (PetscInt i = 0; i < n; i++)
      for (PetscInt c = 0; c < components; c++) to[i * components + c] = from[i * components + c] / J[i];
}

void MovingCellFaces(PetscInt dim, PetscInt n, const PetscReal *const S[3], PetscInt next,
                     const PetscReal *restrict swept, const PetscReal *restrict inverse_volume,
                     PetscReal *const area[3], PetscReal *restrict mean, PetscReal *restrict thickness)
{
  for (PetscInt d = 0; d < dim; d++) {
    const PetscReal *restrict s = S[d];
    PetscReal *restrict a = area[d];

    if (d == 0) LOOP(n)
      {
        a[i] = 0.5 * (s[i] + s[i + next]);
        thickness[i] = a[i] * a[i];
      }
    else
      LOOP(n)
      {
        a[i] = 0.5 * (s[i] + s[i + next]);
        thickness[i] += a[i] * a[i];
      }
  }
  LOOP(n)
  {
    mean[i] = 0.5 * (swept[i] + swept[i + next]);
    thickness[i] = sqrt(thickness[i]) * inverse_volume[i];
  }
}

void MovingDiffusiveRate(PetscInt n, const PetscReal *restrict D, const PetscReal *restrict thickness,
                         PetscReal *restrict rate)
{
  LOOP(n) rate[i] += 2 * fabs(D[i]) * (thickness[i] * thickness[i]);
}

void MovingScale(PetscInt n, PetscReal factor, const PetscReal *a, PetscReal *out)
{
  LOOP(n) out[i] = factor * a[i];
}

void MovingInvert(PetscInt n, PetscReal factor, const PetscReal *a, PetscReal *out)
{
  LOOP(n) out[i] = factor / a[i];
}
