#ifndef SINEW_SOLVERS_EQUATIONS_EULER_RANDOM_H
#define SINEW_SOLVERS_EQUATIONS_EULER_RANDOM_H
/* PDEBench's random initial states of the Euler equations, for their table of initial conditions. */
#include "solvers/equations/euler.h"

#define SINEW_EULER_RANDOM_FIELDS 4 /* two velocities, density, pressure */
#define SINEW_EULER_RANDOM_MODES  16

typedef struct {
  PetscReal mach, window;
  PetscInt modes, seed;
  /* filled at the first call */
  PetscBool ready;
  PetscReal density, pressure, scale[SINEW_EULER_RANDOM_FIELDS], left[2];
  PetscBool windowed;
  PetscReal phase[4 * SINEW_EULER_RANDOM_MODES * SINEW_EULER_RANDOM_MODES][SINEW_EULER_RANDOM_FIELDS]
                 [2]; /* amplitude times cosine and sine */
} SinewEulerRandomModes;

PETSC_INTERN const SinewKey SinewEulerRandomKeys[];
PETSC_INTERN PetscErrorCode SinewEulerRandom(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t,
                                             PetscReal w[]);

#endif
