/* Optimisers for double. */
#define REAL  double
#define TABLE OptimizerDouble
#define ROOT  sqrt
#ifdef FP_FAST_FMA
#  define FMA fma
#else
#  define FMA(a, b, c) ((a) * (b) + (c))
#endif

#include "neural/optimizer_template_private.h"
