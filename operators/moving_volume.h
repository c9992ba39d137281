#ifndef SINEW_OPERATORS_MOVING_VOLUME_H
#define SINEW_OPERATORS_MOVING_VOLUME_H
/*
  Finite volumes on a moving mesh (arbitrary Lagrangian-Eulerian), without physics. The content of cell i obeys

      d/dt (V_i u_i) = - sum_faces [ F(u) . S - u s - (diffusive flux) . S ] + V_i source,

  S the face's area vector at mid-step and s the volume that it sweeps a time, constant within a step, so that volumes
  grow linearly and any Runge-Kutta method integrates them exactly: at every stage V is the volume that the method
  itself would find. A uniform state stays uniform to rounding (free stream), and sums of content change through walls
  only. Exact metric terms come from meshes/geometry.h.

  Vectors hold J u, J = V / (volume of a cell of the uniform mesh): contents, of the size of u. SinewMovingFVScale turns
  averages into contents and back.

  Face states: the one-dimensional reconstruction of reconstruction.h along mesh lines (second order on smooth meshes).
  Numerical flux: Rusanov's, unless the equation has one for any normal. Gradients at faces: the difference of
  the two cells over that of their centres, and differences of the means around the face's corners over its edges (the
  diamond around the face), second order on smooth meshes.

  The whole box of a rank is one patch, marched through row by row. Communication per application: one halo exchange.
  The driver for meshes at rest (finite_volume.h) is three times faster a cell; this one spends its time where cells are
  few.
*/
#include "../meshes/geometry.h"
#include "finite_volume.h"

typedef struct _p_SinewMovingFV *SinewMovingFV;

/* Collective. Nothing is owned; grid, boundary (may be NULL) and geometry must outlive it. The kernels need
   normal_speed and physical_flux where they have a flux. */
PETSC_EXTERN PetscErrorCode SinewMovingFVCreate(SinewGrid grid, const SinewFVKernels *kernels,
                                                const SinewReconstruction *reconstruction, SinewBoundary boundary,
                                                SinewGeometry *geometry, SinewMovingFV *fv);
PETSC_EXTERN PetscErrorCode SinewMovingFVDestroy(SinewMovingFV *fv);
/* The geometry's sweep belongs to the step from t of length dt > 0. Coefficients that depend on place are taken where
   faces and cells are in the middle of the step, then. Not collective. */
PETSC_EXTERN PetscErrorCode SinewMovingFVSetStep(SinewMovingFV fv, PetscReal t, PetscReal dt);
/* out = a A + b Y + c L(Y), all contents, Y at time t of the step; A may be NULL. What the mesh sweeps belongs to the
   part SINEW_FV_FLUX, also of equations without transport: an integrator that splits L must weigh that part with the
   abscissae by which its stages know their times. rate: see SinewFVApply, of the result taken as a state at the end of
   the step. Collective. */
PETSC_EXTERN PetscErrorCode SinewMovingFVApply(SinewMovingFV fv, SinewFVParts parts, PetscReal t, Vec Y, PetscReal a,
                                               Vec A, PetscReal b, PetscReal c, Vec out, PetscReal *rate);
/* This rank's rate of contents at the end of the step, of the given parts, mesh velocity included; NaN: not
   admissible. Not collective. */
PETSC_EXTERN PetscErrorCode SinewMovingFVRate(SinewMovingFV fv, SinewFVParts parts, Vec Q, PetscReal *rate);
/* See SinewFVSetLimits. Not collective. */
PETSC_EXTERN PetscErrorCode SinewMovingFVSetLimits(SinewMovingFV fv, PetscReal advection, PetscReal diffusion);
/* J of every component of every cell at time t of the step, into a vector like the solution. Not collective. */
PETSC_EXTERN PetscErrorCode SinewMovingFVVolumes(SinewMovingFV fv, PetscReal t, Vec J);
/* Averages to contents (multiply) or back, with the volumes of the beginning (0) or the end (1) of the step. */
PETSC_EXTERN PetscErrorCode SinewMovingFVScale(SinewMovingFV fv, int end, PetscBool multiply, Vec U);

#endif
