/* Kernels for float: the Gaussian error function as a polynomial, so that loops vectorise. */
#define REAL  float
#define TABLE KernelsFloat
#include <string.h>

#include "neural/kernels_private.h"

#define EDGE 5.5f /* beyond it the normal distribution function is 0 or 1 to 2e-8 */

/*
  The normal distribution function as 1/2 + x g(x^2), g a polynomial of degree 16 in
  s = 2 x^2 / EDGE^2 - 1 (our own Chebyshev fit on |x| <= EDGE, largest error of g 1.1e-9).
*/
static inline float normal_cdf(float x)
{
  const float z = x > EDGE ? EDGE : x < -EDGE ? -EDGE : x;
  const float s = z * z * (2 / (EDGE * EDGE)) - 1;
  float g = 0.000113726127364f;

  g = g * s - 0.000285286397213f;
  g = g * s + 0.000201298719782f;
  g = g * s - 0.000358214071022f;
  g = g * s + 0.00137924307659f;
  g = g * s - 0.00265651798038f;
  g = g * s + 0.00409791574898f;
  g = g * s - 0.00665234268631f;
  g = g * s + 0.0104575211102f;
  g = g * s - 0.0150618452597f;
  g = g * s + 0.0203101361449f;
  g = g * s - 0.0260362934886f;
  g = g * s + 0.0320765586091f;
  g = g * s - 0.0387937808147f;
  g = g * s + 0.0477373512555f;
  g = g * s - 0.064172315017f;
  g = g * s + 0.128551932862f;
  return 0.5f + z * g;
}

/* exp(x) for -80 <= x <= 0: a power of two and a Taylor polynomial on |r| <= ln(2)/2. */
static inline float exponential(float x)
{
  const int k = (int)(x * 1.44269504f - 0.5f);
  const float r = (x - (float)k * 0.693359375f) + (float)k * 2.12194440e-4f;
  const float p = 1 + r * (1 + r * (1 / 2.f + r * (1 / 6.f + r * (1 / 24.f + r * (1 / 120.f + r * (1 / 720.f))))));
  const int bits = (k + 127) << 23;
  float power;

  memcpy(&power, &bits, sizeof(power));
  return p * power;
}

/* |x|, at most `most`, by their bits, which compare like integers: for a choice between floats gcc makes branches,
 * whose constants it folds through all that follows, and does not vectorise. */
static inline float bounded_magnitude(float x, float most)
{
  int bits, limit;

  memcpy(&bits, &x, sizeof(bits));
  memcpy(&limit, &most, sizeof(limit));
  bits &= 0x7fffffff;
  bits = bits < limit ? bits : limit;
  memcpy(&x, &bits, sizeof(x));
  return x;
}

static inline float gelu(float x)
{
  return x * normal_cdf(x);
}

static inline float gelu_slope(float x, float *value)
{
  const float cdf = normal_cdf(x), z = bounded_magnitude(x, 12.6f); /* exp(-z^2 / 2) is 3e-35 there */

  *value = x * cdf;
  return cdf + x * 0.398942280f * exponential(-0.5f * z * z);
}

#include "neural/kernels_template_private.h"
