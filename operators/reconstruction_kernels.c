#include "operators/reconstruction.h"

/* Ternaries that compile to masked moves; libm's fmin / fmax would be calls that order NaNs. */
static inline PetscReal lesser(PetscReal a, PetscReal b)
{
  return a < b ? a : b;
}

static inline PetscReal greater(PetscReal a, PetscReal b)
{
  return a > b ? a : b;
}

static inline PetscReal magnitude(PetscReal a)
{
  return PetscAbsReal(a);
}

static void constant(PetscInt n, PetscInt stride, const PetscReal *restrict q, PetscReal *restrict lower,
                     PetscReal *restrict upper)
{
  (void)stride;
  for (PetscInt i = 0; i < n; i++) lower[i] = upper[i] = q[i];
}

/* Half the limited slope is what the faces need. Minmod of several arguments is their least where all are positive,
   their greatest where all are negative, else 0: one of them, clipped to what the others leave, needs no signs. */
typedef PetscReal Limiter(PetscReal left, PetscReal right);

static inline PetscReal half_minmod(PetscReal a, PetscReal b)
{
  return 0.5 * (greater(lesser(a, b), 0) + lesser(greater(a, b), 0));
}

static inline PetscReal half_mc(PetscReal a, PetscReal b)
{
  return lesser(greater(0.25 * (a + b), lesser(greater(a, b), 0)), greater(lesser(a, b), 0));
}

static inline PetscReal half_vanleer(PetscReal a, PetscReal b)
{
  const PetscReal ab = a * b;

  return ab > 0 ? ab / (a + b) : 0;
}

static inline __attribute__((always_inline)) void plm(Limiter half_slope, PetscInt n, PetscInt stride,
                                                      const PetscReal *restrict q, PetscReal *restrict lower,
                                                      PetscReal *restrict upper)
{
#pragma omp simd
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal h = half_slope(q[i] - q[i - stride], q[i + stride] - q[i]);

    lower[i] = q[i] - h;
    upper[i] = q[i] + h;
  }
}

static void plm_minmod(PetscInt n, PetscInt stride, const PetscReal q[], PetscReal lower[], PetscReal upper[])
{
  plm(half_minmod, n, stride, q, lower, upper);
}

static void plm_mc(PetscInt n, PetscInt stride, const PetscReal q[], PetscReal lower[], PetscReal upper[])
{
  plm(half_mc, n, stride, q, lower, upper);
}

static void plm_vanleer(PetscInt n, PetscInt stride, const PetscReal q[], PetscReal lower[], PetscReal upper[])
{
  plm(half_vanleer, n, stride, q, lower, upper);
}

/* Fourth-order face value between q0 and q1, with monotonised-central slopes so that it lies
 * between them. */
static inline PetscReal ppm_face(PetscReal q_1, PetscReal q0, PetscReal q1, PetscReal q2)
{
  const PetscReal d0 = 2 * half_mc(q0 - q_1, q1 - q0), d1 = 2 * half_mc(q1 - q0, q2 - q1);

  return 0.5 * (q0 + q1) - (d1 - d0) / 6;
}

static void ppm(PetscInt n, PetscInt stride, const PetscReal *restrict q, PetscReal *restrict lower,
                PetscReal *restrict upper)
{
#pragma omp simd
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal q0 = q[i], qm = q[i - stride], qp = q[i + stride];
    const PetscReal lo = ppm_face(q[i - 2 * stride], qm, q0, qp), hi = ppm_face(qm, q0, qp, q[i + 2 * stride]);
    const PetscReal width = hi - lo, bulge = 6 * (q0 - 0.5 * (lo + hi)), steep = width * bulge, limit = width * width;
    const PetscReal lo1 = steep > limit ? 3 * q0 - 2 * hi : lo, hi1 = steep < -limit ? 3 * q0 - 2 * lo : hi;
    const PetscBool extremum = (PetscBool)((hi - q0) * (q0 - lo) <= 0);

    lower[i] = extremum ? q0 : lo1;
    upper[i] = extremum ? q0 : hi1;
  }
}

/* WENO-Z interpolation to the upper face from (a, b, c, d, e) = q[-2..2]; the lower one follows by
 * reflection. */
static inline PetscReal weno5_upper(PetscReal a, PetscReal b, PetscReal c, PetscReal d, PetscReal e)
{
  const PetscReal tiny = 1e-40;
  const PetscReal s0 = a - 2 * b + c, s1 = b - 2 * c + d, s2 = c - 2 * d + e;
  const PetscReal g0 = a - 4 * b + 3 * c, g1 = b - d, g2 = 3 * c - 4 * d + e;
  const PetscReal b0 = 13. / 12 * (s0 * s0) + 0.25 * (g0 * g0) + tiny;
  const PetscReal b1 = 13. / 12 * (s1 * s1) + 0.25 * (g1 * g1) + tiny;
  const PetscReal b2 = 13. / 12 * (s2 * s2) + 0.25 * (g2 * g2) + tiny;
  const PetscReal tau = magnitude(b0 - b2), t2 = tau * tau;
  /* weights d_k (1 + (tau / b_k)^2), brought over the common denominator (b0 b1 b2)^2 would
   * overflow: three divisions */
  const PetscReal w0 = 1 * (1 + t2 / (b0 * b0)), w1 = 10 * (1 + t2 / (b1 * b1)), w2 = 5 * (1 + t2 / (b2 * b2));
  const PetscReal p0 = 3 * a - 10 * b + 15 * c, p1 = 6 * c + 3 * d - b, p2 = 3 * c + 6 * d - e;

  return (w0 * p0 + w1 * p1 + w2 * p2) / (8 * (w0 + w1 + w2));
}

static void weno5(PetscInt n, PetscInt stride, const PetscReal *restrict q, PetscReal *restrict lower,
                  PetscReal *restrict upper)
{
#pragma omp simd
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal a = q[i - 2 * stride], b = q[i - stride], c = q[i], d = q[i + stride], e = q[i + 2 * stride];

    lower[i] = weno5_upper(e, d, c, b, a);
    upper[i] = weno5_upper(a, b, c, d, e);
  }
}

const SinewReconstruction SinewReconstructions[] = {
    {"constant", "first order, piecewise constant", 1, 1, PETSC_TRUE, PETSC_FALSE, constant},
    {"plm_minmod", "second order, piecewise linear, minmod limiter (diffusive)", 2, 1, PETSC_TRUE, PETSC_FALSE,
     plm_minmod},
    {"plm_mc", "second order, piecewise linear, monotonised central limiter", 2, 1, PETSC_TRUE, PETSC_FALSE, plm_mc},
    {"plm_vanleer", "second order, piecewise linear, van Leer's harmonic limiter", 2, 1, PETSC_TRUE, PETSC_FALSE,
     plm_vanleer},
    {"ppm", "piecewise parabolic", 3, 2, PETSC_FALSE, PETSC_FALSE, ppm},
    {"weno5", "fifth order, WENO-Z interpolation and flux correction", 5, 2, PETSC_FALSE, PETSC_TRUE, weno5},
    {NULL, NULL, 0, 0, PETSC_FALSE, PETSC_FALSE, NULL}};

void SinewFluxCorrection(PetscInt n, PetscInt stride, const PetscReal *restrict g, const PetscReal *restrict keep,
                         PetscReal *restrict f)
{
  const PetscReal c0 = 34. / 1152 + 14. / 11520, c1 = -39. / 1152 - 21. / 11520, c2 = 5. / 1152 + 7. / 11520;

#pragma omp simd
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal near = g[i - stride] + g[i], mid = g[i - 2 * stride] + g[i + stride],
                    far = g[i - 3 * stride] + g[i + 2 * stride];

    f[i] += keep[i] * (c0 * near + c1 * mid + c2 * far);
  }
}
