/* Optimisers for float. */
#define REAL  float
#define TABLE OptimizerFloat
#define ROOT  sqrtf
#ifdef FP_FAST_FMAF
#  define FMA fmaf
#else /* a library call a value is not worth a bit */
#  define FMA(a, b, c) ((a) * (b) + (c))
#endif

#include "neural/optimizer_template_private.h"
