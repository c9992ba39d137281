#ifndef SINEW_SOLVERS_STEPPERS_MMPDE_PRIVATE_H
#define SINEW_SOLVERS_STEPPERS_MMPDE_PRIVATE_H
/* The deck's side of the MM-PDE stepper, for the table in solvers/stepper.c. */
#include "solvers/stepper_private.h"

PETSC_INTERN const SinewKey SinewMmpdeKeys[];
PETSC_INTERN const SinewStepperHooks SinewMmpdeHooks;

#endif
