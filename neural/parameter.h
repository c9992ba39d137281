#ifndef SINEW_NEURAL_PARAMETER_H
#define SINEW_NEURAL_PARAMETER_H
/*
  A trainable array: what networks of any kind hand to optimisers and files. A table of these is a view of memory that
  its network owns. Every rank holds all of it, with equal values.
*/
#include "../io/arrays.h"

typedef struct {
  char name[80];
  int rank;
  PetscInt64 shape[4];
  size_t size;            /* number of values */
  void *value, *gradient; /* float or double, C order; value NULL once released, gradient NULL for inference */
  double bound;           /* initial values are uniform in (-bound, bound); where bound is 0: all equal to `constant` */
  double constant;
} SinewParameter;

#endif
