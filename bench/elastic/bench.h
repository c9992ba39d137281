#ifndef SINEW_BENCH_ELASTIC_H
#define SINEW_BENCH_ELASTIC_H
#include "neural/insr.h"
#include "solvers/pointwise.h"
#include "solvers/pointwise/elasticity.h"

/* The stretched square's displacements at the nodes of an (n + 1)^2 grid over [-1, 1]^2, [2 node + component]. */
typedef struct {
  PetscInt n;
  PetscReal *u; /* free with PetscFree */
  PetscReal energy;
} Reference;

/* Q1 elements, from 32^2 by `refinements` halvings of their size; collective on PETSC_COMM_SELF. */
PETSC_INTERN PetscErrorCode reference_solve(const SinewElasticity *body, PetscReal stretch, PetscInt refinements,
                                            Reference *reference);
PETSC_INTERN double cpu_seconds(void);

#endif
