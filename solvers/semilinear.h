#ifndef SINEW_SOLVERS_SEMILINEAR_H
#define SINEW_SOLVERS_SEMILINEAR_H
/*
  A semilinear problem: after a change of basis, which an equation knows, the fields obey

    v' = N(v, t) - D v,     D diagonal, D >= 0

  (Fourier modes of a viscous flow). The stepper `spectral` (steppers/integrating_factor.h) treats D exactly. v is
  `fields` arrays of `modes` complex numbers on each rank, one behind the other. All functions are collective.
*/
#include <petscvec.h>

#define SINEW_SEMILINEAR_FIELDS_MAX 12

typedef struct {
  PetscInt fields, modes;
  const PetscReal *decay[SINEW_SEMILINEAR_FIELDS_MAX]; /* D of each field, one number a mode; NULL: zero. Not owned */
  void *context;
  /* v from the solution vector; parts that the basis cannot hold are dropped. */
  PetscErrorCode (*load)(void *context, Vec U, PetscComplex v[]);
  /* The solution vector from v. */
  PetscErrorCode (*store)(void *context, const PetscComplex v[], Vec U);
  /* N(v, t). stored: v is what the last call of `store` was given, whose intermediate results may be used. */
  PetscErrorCode (*nonlinear)(void *context, PetscReal t, const PetscComplex v[], PetscBool stored, PetscComplex N[]);
  /* Random forcing of the step that led to time t with number `step`: adds to v. Optional. */
  PetscErrorCode (*kick)(void *context, PetscInt step, PetscReal h, PetscComplex v[]);
  PetscErrorCode (*destroy)(void *context);
} SinewSemilinear;

#endif
