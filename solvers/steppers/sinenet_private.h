#ifndef SINEW_SOLVERS_STEPPERS_SINENET_PRIVATE_H
#define SINEW_SOLVERS_STEPPERS_SINENET_PRIVATE_H
/* The deck's side of the SineNet stepper, for the table in solvers/stepper.c. */
#include "solvers/stepper_private.h"

PETSC_INTERN const SinewKey SinewSinenetKeys[];
PETSC_INTERN const SinewStepperHooks SinewSinenetHooks;

#endif
