#ifndef SINEW_SOLVERS_STEPPERS_INTEGRATING_FACTOR_KERNELS_H
#define SINEW_SOLVERS_STEPPERS_INTEGRATING_FACTOR_KERNELS_H
/* Loops of the integrating-factor stepper; private to it. */
#include <petscsys.h>

/* sum over terms of factor E^(levels - level) N, ordered by level; complex numbers as pairs of reals. */
typedef struct {
  PetscInt count, levels, level[4];
  PetscReal factor[4];
  const PetscReal *N[4];
} SinewIFTerms;

/* factor = exp(h D) */
PETSC_INTERN void SinewIFFactors(PetscInt n, PetscReal h, const PetscReal D[], PetscReal factor[]);
/* out = E^levels v + terms for the n modes from `first`; E may be NULL: all ones */
PETSC_INTERN void SinewIFCombine(const SinewIFTerms *terms, PetscInt first, PetscInt n, const PetscReal E[],
                                 const PetscReal v[], PetscReal out[]);

#endif
