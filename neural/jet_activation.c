#include "jet_private.h"

/* Nearest integer by the rounding of an addition (round to nearest, |x| < 2^51). */
static inline PetscReal nearest(PetscReal x)
{
  const PetscReal shift = 6755399441055744.0; /* 1.5 * 2^52 */

  return (x + shift) - shift;
}

/* Kernels of fdlibm (k_sin.c, k_cos.c: Sun Microsystems 1993) on |r| <= pi / 4. */
static inline PetscReal sine_kernel(PetscReal r)
{
  const PetscReal q = r * r;

  return r + r * q *
                 (-1.66666666666666324348e-01 +
                  q * (8.33333333332248946124e-03 +
                       q * (-1.98412698298579493134e-04 +
                            q * (2.75573137070700676789e-06 +
                                 q * (-2.50507602534068634195e-08 + q * 1.58969099521155010221e-10)))));
}

static inline PetscReal cosine_kernel(PetscReal r)
{
  const PetscReal q = r * r;

  return 1 - 0.5 * q +
         q * q *
             (4.16666666666666019037e-02 +
              q * (-1.38888888888741095749e-03 +
                   q * (2.48015872894767294178e-05 +
                        q * (-2.75573143513906633035e-07 +
                             q * (2.08757232129817482790e-09 + q * -1.13596475577881948265e-11)))));
}

/* Reduction by Cody & Waite: the first two parts of pi / 2 have 33 bits, hence exact products. */
void SinewSinCos(PetscInt n, const PetscReal *restrict x, PetscReal *restrict s, PetscReal *restrict c)
{
  PetscReal largest = 0;

#pragma omp simd reduction(max : largest)
  for (PetscInt p = 0; p < n; p++) {
    const PetscReal t = x[p], k = nearest(t * 0.63661977236758134308);
    const PetscReal r =
        ((t - k * 1.57079632673412561417) - k * 6.07710050630396597660e-11) - k * 2.02226624879595063154e-21;
    const PetscReal turn = k - 4 * nearest(0.25 * k - 0.375), sr = sine_kernel(r), cr = cosine_kernel(r);
    const PetscReal even_s = turn > 1.5 ? -sr : sr, odd_s = turn > 2.5 ? -cr : cr;
    const PetscReal even_c = turn > 1.5 ? -cr : cr, odd_c = turn > 2.5 ? sr : -sr;
    const int odd = (turn > 0.5 && turn < 1.5) || turn > 2.5;
    const PetscReal size = t < 0 ? -t : t;

    s[p] = odd ? odd_s : even_s;
    c[p] = odd ? odd_c : even_c;
    largest = size > largest ? size : largest;
  }
  if (largest < 1e6) return;
  for (PetscInt p = 0; p < n; p++) {
    s[p] = PetscSinReal(x[p]);
    c[p] = PetscCosReal(x[p]);
  }
}

static void sine(PetscInt n, PetscReal omega, PetscInt derivatives, const PetscReal *restrict z, PetscReal *restrict h,
                 PetscReal *restrict f)
{
  PetscReal *restrict phase = f + 3 * n, *restrict cosine = f + 2 * n;
  const PetscReal o2 = omega * omega;

  for (PetscInt p = 0; p < n; p++) phase[p] = omega * z[p];
  SinewSinCos(n, phase, h, cosine);
#pragma omp simd
  for (PetscInt p = 0; p < n; p++) {
    f[p] = omega * cosine[p];
    f[n + p] = -o2 * h[p];
  }
  if (derivatives < 3) return;
#pragma omp simd
  for (PetscInt p = 0; p < n; p++) {
    cosine[p] *= -o2 * omega; /* the third, which lies there */
    f[3 * n + p] = o2 * o2 * h[p];
  }
}

static void hyperbolic_tangent(PetscInt n, PetscReal omega, PetscInt derivatives, const PetscReal z[], PetscReal h[],
                               PetscReal f[])
{
  (void)omega, (void)derivatives;
  for (PetscInt p = 0; p < n; p++) {
    const PetscReal t = PetscTanhReal(z[p]), q = t * t, d = 1 - q;

    h[p] = t;
    f[p] = d;
    f[n + p] = -2 * t * d;
    f[2 * n + p] = d * (6 * q - 2);
    f[3 * n + p] = 8 * t * d * (2 - 3 * q);
  }
}

static void gelu(PetscInt n, PetscReal omega, PetscInt derivatives, const PetscReal z[], PetscReal h[], PetscReal f[])
{
  (void)omega, (void)derivatives;
  for (PetscInt p = 0; p < n; p++) {
    const PetscReal t = z[p], q = t * t, below = 0.5 * erfc(-t * PETSC_SQRT2 / 2);
    const PetscReal bell = PetscExpReal(-0.5 * q) / PetscSqrtReal(2 * PETSC_PI);

    h[p] = t * below;
    f[p] = below + t * bell;
    f[n + p] = bell * (2 - q);
    f[2 * n + p] = bell * t * (q - 4);
    f[3 * n + p] = bell * (q * (7 - q) - 4);
  }
}

static void swish(PetscInt n, PetscReal omega, PetscInt derivatives, const PetscReal z[], PetscReal h[], PetscReal f[])
{
  (void)omega, (void)derivatives;
  for (PetscInt p = 0; p < n; p++) {
    const PetscReal t = z[p], s = 1 / (1 + PetscExpReal(-t)), s1 = s * (1 - s), s2 = s1 * (1 - 2 * s);
    const PetscReal s3 = s1 * (1 - 6 * s1), s4 = s2 * (1 - 12 * s1);

    h[p] = t * s;
    f[p] = s + t * s1;
    f[n + p] = 2 * s1 + t * s2;
    f[2 * n + p] = 3 * s2 + t * s3;
    f[3 * n + p] = 4 * s3 + t * s4;
  }
}

JetActivationRow *SinewJetActivationKernel(SinewJetActivation activation)
{
  JetActivationRow *const table[] = {sine, hyperbolic_tangent, gelu, swish};

  return table[activation];
}
