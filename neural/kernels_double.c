/* Kernels for double: exact, with the library's error function. */
#define REAL  double
#define TABLE KernelsDouble
#include <math.h>

#include "neural/kernels_private.h"

static inline double normal_cdf(double x)
{
  return 0.5 * (1 + erf(x * M_SQRT1_2));
}

static inline double gelu(double x)
{
  return x * normal_cdf(x);
}

static inline double gelu_slope(double x, double *value)
{
  const double cdf = normal_cdf(x);

  *value = x * cdf;
  return cdf + x * 0.398942280401432678 * exp(-0.5 * x * x);
}

#include "neural/kernels_template_private.h"
