#ifndef SINEW_SOLVERS_EQUATIONS_NAVIER_STOKES_H
#define SINEW_SOLVERS_EQUATIONS_NAVIER_STOKES_H
/* Shared by the files of the incompressible Navier-Stokes equations; private to them. */
#include "operators/spectral.h"
#include "solvers/equation.h"

typedef struct {
  PetscReal power, wavenumber, width;
  PetscInt seed;
} SinewFlowStirring;

typedef struct {
  PetscReal viscosity, hyperviscosity, drag, dealias, scalar_diffusivity;
  PetscInt hyperviscosity_order;
  SinewStringList scalars;
  SinewRealList buoyancy;
  SinewExpressionList forcing;
  SinewFlowStirring stirring;
} SinewFlowParameters;

typedef struct _SinewFlowModes *SinewFlowModes;

/* What SinewEquation.data points to. */
typedef struct {
  PetscInt components; /* first: what the copying kernel reads */
  PetscInt scalars;
  SinewFlowModes modes; /* the pseudo-spectral form, while a stepper has it; not owned */
  PetscInt waves;       /* of the random initial velocity: amplitude cos(k.x + phase) */
  PetscReal (*wave)[7]; /* k, amplitude, phase */
} SinewFlow;

PETSC_INTERN const SinewInitialType SinewFlowInitials[];

/* ---- pseudo-spectral, periodic (navier_stokes_spectral.c) ---- */

/* SinewEquationType.semilinear. */
PETSC_INTERN PetscErrorCode SinewFlowSemilinear(SinewEquation e, SinewSemilinear *problem);
/* The vorticity of a state (in 3D its magnitude) in all owned cells. Collective. */
PETSC_INTERN PetscErrorCode SinewFlowModesVorticity(SinewFlowModes modes, Vec U, PetscReal value[]);

#endif
