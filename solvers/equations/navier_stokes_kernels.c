#include "solvers/equations/navier_stokes_kernels.h"

void SinewFlowCopy(const void *context, PetscInt n, const PetscReal *const u[], PetscReal *const w[])
{
  const PetscInt components = *(const PetscInt *)context;

  for (PetscInt c = 0; c < components; c++) {
    for (PetscInt i = 0; i < n; i++) w[c][i] = u[c][i];
  }
}

void SinewFlowVelocity2D(PetscInt n, PetscReal *const k[3], const PetscReal inverse[], const PetscReal w[],
                         PetscReal *const u[])
{
  const PetscReal *kx = k[0], *ky = k[1];
  PetscReal *restrict ux = u[0], *restrict uy = u[1];

  for (PetscInt i = 0; i < n; i++) {
    const PetscReal a = ky[i] * inverse[i], b = kx[i] * inverse[i];

    ux[2 * i] = -a * w[2 * i + 1];
    ux[2 * i + 1] = a * w[2 * i];
    uy[2 * i] = b * w[2 * i + 1];
    uy[2 * i + 1] = -b * w[2 * i];
  }
}

void SinewFlowCurl2D(PetscInt n, PetscReal *const k[3], const PetscReal *const u[], PetscReal w[])
{
  for (PetscInt i = 0; i < n; i++) {
    w[2 * i] = k[1][i] * u[0][2 * i + 1] - k[0][i] * u[1][2 * i + 1];
    w[2 * i + 1] = k[0][i] * u[1][2 * i] - k[1][i] * u[0][2 * i];
  }
}

void SinewFlowStress2D(PetscInt n, PetscReal *const k[3], const PetscReal a[], const PetscReal b[], PetscReal N[])
{
  const PetscReal *kx = k[0], *ky = k[1];

  for (PetscInt i = 0; i < n; i++) {
    const PetscReal p = (kx[i] - ky[i]) * (kx[i] + ky[i]), q = 2 * kx[i] * ky[i];

    N[2 * i] = p * b[2 * i] - q * a[2 * i];
    N[2 * i + 1] = p * b[2 * i + 1] - q * a[2 * i + 1];
  }
}

void SinewFlowProducts2D(PetscInt n, const PetscReal u[], const PetscReal v[], PetscReal *restrict a,
                         PetscReal *restrict b)
{
  for (PetscInt i = 0; i < n; i++) {
    a[i] = 0.5 * (u[i] - v[i]) * (u[i] + v[i]);
    b[i] = u[i] * v[i];
  }
}

void SinewFlowCurl3D(PetscInt n, PetscReal *const k[3], const PetscReal *const u[], PetscReal *const w[])
{
  for (int d = 0; d < 3; d++) {
    const int e = (d + 1) % 3, f = (d + 2) % 3;
    const PetscReal *ke = k[e], *kf = k[f], *ue = u[e], *uf = u[f];
    PetscReal *restrict out = w[d];

    for (PetscInt i = 0; i < n; i++) {
      out[2 * i] = kf[i] * ue[2 * i + 1] - ke[i] * uf[2 * i + 1];
      out[2 * i + 1] = ke[i] * uf[2 * i] - kf[i] * ue[2 * i];
    }
  }
}

void SinewFlowCross3D(PetscInt n, const PetscReal *const u[], PetscReal *const w[])
{
  PetscReal *restrict wx = w[0], *restrict wy = w[1], *restrict wz = w[2];
  const PetscReal *ux = u[0], *uy = u[1], *uz = u[2];

  for (PetscInt i = 0; i < n; i++) {
    const PetscReal x = uy[i] * wz[i] - uz[i] * wy[i], y = uz[i] * wx[i] - ux[i] * wz[i],
                    z = ux[i] * wy[i] - uy[i] * wx[i];

    wx[i] = x;
    wy[i] = y;
    wz[i] = z;
  }
}

void SinewFlowProject3D(PetscInt n, PetscReal *const k[3], const PetscReal inverse[], PetscReal *const u[])
{
  PetscReal *restrict ux = u[0], *restrict uy = u[1], *restrict uz = u[2];
  const PetscReal *kx = k[0], *ky = k[1], *kz = k[2];

  for (PetscInt i = 0; i < n; i++) {
    for (PetscInt c = 2 * i; c < 2 * i + 2; c++) {
      const PetscReal s = inverse[i] * (kx[i] * ux[c] + ky[i] * uy[c] + kz[i] * uz[c]);

      ux[c] -= kx[i] * s;
      uy[c] -= ky[i] * s;
      uz[c] -= kz[i] * s;
    }
  }
}

void SinewFlowDivergence(PetscInt n, PetscInt d, const PetscReal k[], const PetscReal f[], PetscReal N[])
{
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal re = k[i] * f[2 * i + 1], im = -k[i] * f[2 * i];

    N[2 * i] = d ? N[2 * i] + re : re;
    N[2 * i + 1] = d ? N[2 * i + 1] + im : im;
  }
}

void SinewFlowAdd(PetscInt n, PetscReal factor, const PetscReal v[], PetscReal out[])
{
  for (PetscInt i = 0; i < n; i++) out[i] += factor * v[i];
}

void SinewFlowMultiply(PetscInt n, const PetscReal a[], const PetscReal b[], PetscReal out[])
{
  for (PetscInt i = 0; i < n; i++) out[i] = a[i] * b[i];
}

PetscReal SinewFlowSpeed(PetscInt n, PetscInt nc, PetscInt dim, const PetscReal inverse[], const PetscReal u[])
{
  PetscReal largest = 0;

  for (PetscInt i = 0; i < n; i++) {
    PetscReal rate = 0;

    for (PetscInt d = 0; d < dim; d++) rate += PetscAbsReal(u[i * nc + d]) * inverse[d];
    largest = largest > rate ? largest : rate;
  }
  return largest;
}

void SinewFlowMomentum(PetscInt n, PetscBool same, PetscInt sa, PetscInt sd, PetscReal inverse, PetscReal nu,
                       const PetscReal u[], const PetscReal v[], PetscReal *restrict out)
{
  const PetscReal quarter = 0.25 * inverse, diffuse = nu * inverse * inverse;

  for (PetscInt i = 0; i < n; i++) {
    const PetscReal above = u[i] + u[i + sd], below = u[i - sd] + u[i];
    /* at the centres of the cells on both sides of the face, or at the ends of the face */
    const PetscReal through = same ? above : v[i + sd] + v[i + sd - sa], from = same ? below : v[i] + v[i - sa];

    out[i] += diffuse * (u[i + sd] - 2 * u[i] + u[i - sd]) - quarter * (above * through - below * from);
  }
}

void SinewFlowLift(PetscInt n, PetscInt s, PetscReal factor, const PetscReal q[], PetscReal *restrict out)
{
  for (PetscInt i = 0; i < n; i++) out[i] += factor * (q[i] + q[i - s]);
}

void SinewFlowScalarFlux(PetscInt n, PetscInt s, PetscReal kappa_dx, const PetscReal q[], const PetscReal v[],
                         const PetscReal lower[], const PetscReal upper[], PetscReal *restrict flux)
{
  for (PetscInt i = 0; i < n; i++) flux[i] = v[i] * (v[i] > 0 ? upper[i - s] : lower[i]) - kappa_dx * (q[i] - q[i - s]);
}

void SinewFlowScalarTendency(PetscInt n, PetscInt s, PetscReal inverse, PetscInt d, const PetscReal flux[],
                             PetscReal *restrict out)
{
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal change = inverse * (flux[i] - flux[i + s]);

    out[i] = d ? out[i] + change : change;
  }
}

void SinewFlowFaceDivergence(PetscInt n, PetscInt d, PetscInt s, PetscReal inverse, const PetscReal v[],
                             PetscReal *restrict out)
{
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal change = inverse * (v[i + s] - v[i]);

    out[i] = d ? out[i] + change : change;
  }
}
