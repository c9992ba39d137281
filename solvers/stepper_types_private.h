#ifndef SINEW_SOLVERS_STEPPER_TYPES_PRIVATE_H
#define SINEW_SOLVERS_STEPPER_TYPES_PRIVATE_H
/* What stepper.c (reading, services) and stepper_types.c (the table of types, from keys to a TS) share. */
#include "solvers/stepper_private.h"

typedef enum {
  STEPPER_EULER,
  STEPPER_SSP,
  STEPPER_RKL,
  STEPPER_SPECTRAL,
  STEPPER_RK,
  STEPPER_ARKIMEX,
  STEPPER_BDF,
  STEPPER_CN,
  STEPPER_BEULER,
  STEPPER_STEADY,
  STEPPER_OWN, /* has hooks */
} StepperKind;

/* Of the common keys, and of the types' own. */
typedef struct {
  PetscReal dt, cfl, dt_max, growth, rtol, atol;
  PetscInt control, max_steps, rejections, reconstruction, variables;
  PetscInt scheme, stages, order;
} StepperValues;

typedef struct {
  const char *name, *doc;
  const SinewKey *keys;  /* beside the common ones */
  SinewStepMode control; /* standard when neither dt nor control is given */
  PetscBool implicit;    /* treats diffusion implicitly */
  PetscBool overwrites, history;
  const char *const *schemes; /* of values' `scheme`, or NULL */
  StepperKind kind;
  PetscErrorCode (*create)(SinewStepper stepper, TS ts);
  const SinewStepperHooks *hooks; /* NULL: the keys are all there is; else they alone are the keys */
} StepperType;

struct _p_SinewStepper {
  const StepperType *type;
  StepperValues v;
  SinewStepMode mode;
  SinewSpace space;
  SinewProblem problem;
  SinewFVParts explicit_parts;
  SinewNode section;
  const char *path, *prefix; /* not owned */
  void *own;                 /* of types with hooks */
  TS ts;                     /* not owned */
};

#define STEPPER_VALUE(member) offsetof(StepperValues, member)

#define STEPPER_TYPES 13
PETSC_INTERN const StepperType StepperTypes[STEPPER_TYPES];

#endif
