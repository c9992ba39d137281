#ifndef SINEW_NEURAL_OPTIMIZER_PRIVATE_H
#define SINEW_NEURAL_OPTIMIZER_PRIVATE_H
/* The arithmetic of optimisers, for each element type (optimizer_template_private.h). */
#include "neural/optimizer.h"

/* Scalars of one step, in double as PyTorch has them. */
typedef struct {
  double beta1, beta2, eps;
  double size;   /* rate / (1 - b1^t) */
  double root;   /* sqrt(1 - b2^t) */
  double decay;  /* rate * decay: what adamw and adamp take off the values */
  double inside; /* decay of adam, added to the gradient */
  double delta, ratio;
  PetscBool project;
} OptimizerStep;

typedef struct {
  double (*square)(size_t n, const void *g); /* sum of squares */
  void (*scale)(size_t n, double factor, void *g);
  void (*step)(const OptimizerStep *s, const SinewParameter *p, void *m, void *v);
  void (*average)(size_t n, double keep, const void *p, void *a);
  void (*swap)(size_t n, void *p, void *a);
} OptimizerKernels;

PETSC_INTERN const OptimizerKernels OptimizerFloat, OptimizerDouble;

#endif
