#ifndef SINEW_SOLVERS_EQUATIONS_NAVIER_STOKES_H
#define SINEW_SOLVERS_EQUATIONS_NAVIER_STOKES_H
/* Shared by the files of the incompressible Navier-Stokes equations; private to them. */
#include "operators/spectral.h"
#include "solvers/equation.h"
#include "solvers/pointwise.h"

typedef struct {
  PetscReal power, wavenumber, width;
  PetscInt seed;
} SinewFlowStirring;

typedef struct {
  PetscReal viscosity, hyperviscosity, drag, dealias, scalar_diffusivity;
  PetscInt hyperviscosity_order, advection;
  SinewStringList scalars;
  SinewRealList buoyancy, mean;
  SinewExpressionList force;
  SinewFlowStirring stirring;
} SinewFlowParameters;

typedef enum { SINEW_FLOW_FLUX, SINEW_FLOW_SEMI_LAGRANGIAN } SinewFlowAdvection;

typedef struct _SinewFlowModes *SinewFlowModes;
typedef struct _SinewFlowFaces *SinewFlowFaces;

/* What SinewEquation.data points to. */
typedef struct {
  PetscInt components; /* first: what the copying kernel reads */
  PetscInt scalars;
  SinewFlowModes modes;                        /* the pseudo-spectral form, while a stepper has it; not owned */
  SinewFlowFaces faces;                        /* the staggered form, where the equation is staggered; owned */
  PetscInt waves;                              /* of the random initial velocity: amplitude cos(k.x + phase) */
  PetscReal (*wave)[7];                        /* k, amplitude, phase */
  SinewPointwise *points;                      /* the form at points; owned */
  const SinewDomain *domain;                   /* of that; not owned */
  PetscInt side_rows[4], side_component[4][2]; /* velocities that rows hold on its faces */
  PetscBool cells_only;                        /* has terms that the form at points lacks */
} SinewFlowData;

PETSC_INTERN const SinewInitialType SinewFlowInitials[];

/*
  Numbers for the history, means over the domain: energy |v|^2 / 2, enstrophy |curl v|^2 / 2, and dissipation, what
  viscosity, hyperviscosity and drag take from the energy (nu |grad v|^2 and so on, with each form's own differences),
  so that d(energy)/dt = -dissipation + what forces and moving sides put in.
*/
typedef enum { SINEW_FLOW_ENERGY, SINEW_FLOW_ENSTROPHY, SINEW_FLOW_DISSIPATION, SINEW_FLOW_MEASURES } SinewFlowMeasure;
PETSC_INTERN const char *const SinewFlowMeasureNames[];

/* ---- pseudo-spectral, periodic (navier_stokes_spectral.c) ---- */

/* SinewEquationType.semilinear. */
PETSC_INTERN PetscErrorCode SinewFlowSemilinear(SinewEquation e, SinewSemilinear *problem);
/* The vorticity of a state (in 3D its magnitude) in all owned cells. Collective. */
PETSC_INTERN PetscErrorCode SinewFlowModesVorticity(SinewFlowModes modes, Vec U, PetscReal value[]);
/* SinewEquationType.measure. Collective. */
PETSC_INTERN PetscErrorCode SinewFlowModesMeasure(SinewFlowModes modes, Vec U, PetscReal value[]);

/* ---- at points (navier_stokes_pointwise.c): SinewEquationType.pointwise ---- */
PETSC_INTERN PetscErrorCode SinewFlowPointwise(SinewEquation e, SinewDeck deck, const SinewDomain *domain,
                                               SinewPointwise *p, PetscBool zero[6]);

/* ---- staggered, any sides (navier_stokes_staggered.c); all collective ---- */

/* Raises SINEW_ERR_INPUT when the sides' velocities do not balance. */
PETSC_INTERN PetscErrorCode SinewFlowFacesCreate(SinewEquation e, SinewFlowFaces *faces);
PETSC_INTERN PetscErrorCode SinewFlowFacesDestroy(SinewFlowFaces *faces);
/* out, at time `to`, = projection of a A + b Y + c L(Y), Y at time t; A may be NULL or Y. */
PETSC_INTERN PetscErrorCode SinewFlowFacesStage(SinewFlowFaces faces, PetscReal t, PetscReal to, Vec Y, PetscReal a,
                                                Vec A, PetscReal b, PetscReal c, Vec out);
/* Makes the velocity free of divergence, with the sides' own on their faces. */
PETSC_INTERN PetscErrorCode SinewFlowFacesProject(SinewFlowFaces faces, Vec U);
/* A semi-Lagrangian step of length dt from Y, at time t, to out, another vector (navier_stokes_lagrange.c). */
PETSC_INTERN PetscErrorCode SinewFlowFacesLeap(SinewFlowFaces faces, PetscReal t, Vec Y, PetscReal dt, Vec out);
PETSC_INTERN PetscErrorCode SinewFlowFacesVorticity(SinewFlowFaces faces, Vec U, PetscReal value[]);
/* SinewEquationType.measure (navier_stokes_measures.c). */
PETSC_INTERN PetscErrorCode SinewFlowFacesMeasure(SinewFlowFaces faces, Vec U, PetscReal value[]);

#endif
