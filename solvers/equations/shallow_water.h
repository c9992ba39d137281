#ifndef SINEW_SOLVERS_EQUATIONS_SHALLOW_WATER_H
#define SINEW_SOLVERS_EQUATIONS_SHALLOW_WATER_H
/* Shared by the files of the shallow-water equations; private to them. */
#include "solvers/equations/shallow_water_kernels.h"

/* The nearest height that a bottom may have. */
PETSC_INTERN PetscReal SinewShallowHeight(const SinewShallow *s, PetscReal height);

PETSC_INTERN const SinewInitialType SinewShallowInitials[];

#endif
