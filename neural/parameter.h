#ifndef SINEW_NEURAL_PARAMETER_H
#define SINEW_NEURAL_PARAMETER_H
/*
  A trainable array: what networks of any kind hand to optimisers and files. A table of these is a view of memory that
  its network owns. Every rank holds all of it, with equal values; or, where the network says so (`part`), some rows of
  its first axis, which lie one after the other.
*/
#include "../io/arrays.h"

typedef struct {
  char name[80];
  int rank;
  PetscInt64 shape[4];
  size_t size;            /* number of values that this rank holds */
  PetscBool part;         /* `rows` rows of the first axis, from `row` on, and nothing of the others */
  PetscBool spare;        /* a part that another rank holds too, and writes to files */
  PetscInt64 row, rows;   /* of a part */
  void *value, *gradient; /* float or double, C order; value NULL once released, gradient NULL for inference */
  double bound;           /* initial values are uniform in (-bound, bound); where bound is 0: all equal to `constant` */
  double constant;
} SinewParameter;

#endif
