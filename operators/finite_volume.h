#ifndef SINEW_OPERATORS_FINITE_VOLUME_H
#define SINEW_OPERATORS_FINITE_VOLUME_H
/*
  Finite volumes on a grid, without physics:  L(u) = -sum_d [F_d]/dx_d + source,  F = numerical flux
  - diffusive flux.

  The physics comes as row kernels (SinewFVKernels): functions on structure-of-arrays rows of cells
  or faces along x, one pointer a component. A row is as long as a tile, so the call costs nothing
  and the inner loops vectorise. Everything between the PETSc vectors happens tile by tile, in
  buffers that fit the second-level cache:

    ghosts (one message a neighbour)  ->  rows of primitives  ->  physical boundaries  ->  face
  states  ->  fluxes
      ->  differences and sources  ->  interlaced again, combined with the integrator's vectors in
  the same pass.

  Balance laws whose terms nearly cancel (a lake over an uneven bottom) and laws in media that vary
  from cell to cell need more than a flux a face. For them an equation may name *extra rows* that
  are reconstructed along with the primitives (fields of the place, combinations with primitives),
  and *two-sided fluxes*: what the cells on both sides of a face see may differ. An equation without
  them pays nothing.

  Arithmetic is elementwise, in an order that does not depend on the partition, and compiled without
  contraction: the result is the same bits on any number of ranks, and symmetric under exchange of x
  and y.

  Communication per application: one exchange of other ranks' ghosts (SinewForeignScatter); one reduction only when a
  rate is asked for, and that is the caller's (SinewFVRate is local).
*/
#include "../meshes/grid.h"
#include "boundary.h"
#include "reconstruction.h"

#define SINEW_COMPONENTS_MAX 12

/* Where a row lies: n cells (or lower faces of cells) of one line along x. */
typedef struct {
  PetscInt axis;      /* the axis that the faces are normal to (for cell rows: 0) */
  PetscInt i, j, k;   /* global index of the first cell */
  const PetscReal *x; /* cell centres; for faces along x, face positions */
  PetscReal y, z;
  PetscReal t;
} SinewRow;

/* Kernels of an equation. w: primitives, u: conserved variables, f: fluxes of the conserved
 * variables. REQUIRED unless said. */
typedef struct {
  PetscInt components;
  PetscInt positives, positive[SINEW_COMPONENTS_MAX]; /* primitives that must stay positive ... */
  PetscReal least[SINEW_COMPONENTS_MAX];              /* ... or above this; standard 0 */
  PetscInt extras;     /* rows w[components], ... beside the primitives; components + extras is bounded too */
  PetscInt velocity;   /* first of dim velocity primitives, which walls reflect; -1: none */
  const void *context; /* first argument of all */

  void (*primitive)(const void *context, PetscInt n, const PetscReal *const u[], PetscReal *const w[]);
  void (*conserved)(const void *context, PetscInt n, const PetscReal *const w[], PetscReal *const u[]);
  /* Numerical flux between left and right face states. Optional: no transport. */
  void (*flux)(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const l[],
               const PetscReal *const r[], PetscReal *const f[]);
  /* Extra rows, by two hooks (with extras). `place` fills them in cells inside the domain with a field of the place
     alone, on a periodic axis the same one period on; ghosts behind sides then get the mirror image where the condition
     mirrors, else the outermost value. `complete` makes of them, given the primitives too, what is to be reconstructed.
   */
  void (*place)(const void *context, const SinewRow *row, PetscInt n, PetscReal *const w[]);
  void (*complete)(const void *context, PetscInt n, PetscReal *const w[]);
  /* Two-sided fluxes: turns the numerical flux f between the face states l and r into what the cell below the face
     sees (f) and what the cell above sees (g); below and above are the states of these cells. Optional. */
  void (*sides)(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const below[],
                const PetscReal *const l[], const PetscReal *const r[], const PetscReal *const above[],
                PetscReal *const f[], PetscReal *const g[]);
  /* Flux of one state. Optional: needed by pointwise reconstructions. */
  void (*physical_flux)(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                        PetscReal *const f[]);
  /* rate = sum over axes of the largest signal speed times inverse[axis][i * stride[axis]]. row->axis is 0. With flux.
   */
  void (*rate)(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
               const PetscInt stride[3], const PetscReal *const inverse[3], PetscReal rate[]);
  /* Variations dw of primitives about the state w to characteristic variables along row->axis, and
   * back. Optional. */
  void (*to_characteristic)(const void *context, PetscInt axis, PetscInt n, const PetscReal *const w[],
                            const PetscReal *const v[], PetscReal *const q[]);
  void (*from_characteristic)(const void *context, PetscInt axis, PetscInt n, const PetscReal *const w[],
                              const PetscReal *const q[], PetscReal *const v[]);
  /* Subtracts the diffusive flux from f, given the face state and its gradient (dim x components
   * rows). Optional. */
  void (*diffusive_flux)(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                         const PetscReal *const gradient[3][SINEW_COMPONENTS_MAX], PetscReal *const f[]);
  /* Adds to rate 2 nu inverse^2 for the largest diffusivity along row->axis. With diffusive_flux.
   */
  void (*diffusive_rate)(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                         PetscInt stride, const PetscReal inverse[], PetscReal rate[]);
  /* For moving meshes. S: area vectors of n faces (dim rows), swept: the volume that they sweep a time. speed: the
     largest |eigenvalue of the flux's derivative along S, minus swept|. Needed there with flux. */
  void (*normal_speed)(const void *context, PetscInt n, const PetscReal *const w[], const PetscReal *const S[3],
                       const PetscReal swept[], PetscReal speed[]);
  /* Numerical flux F.S - swept u. Optional: Rusanov's flux from physical_flux and normal_speed. */
  void (*normal_flux)(const void *context, PetscInt n, const PetscReal *const S[3], const PetscReal swept[],
                      const PetscReal *const l[], const PetscReal *const r[], PetscReal *const f[]);
  /* Diffusive fluxes that are nothing but -laplacian[c] grad w[c], constants of all components: moving meshes then
     keep two or three numbers a face instead of taking gradients apart. Optional; with diffusive_flux. */
  const PetscReal *laplacian;
  /* Coefficients that depend on place, on moving meshes: at n points x [n][dim] at time t. velocity_at: what carries
     all components along, dim rows; normal_speed and normal_flux then hold what there is besides. diffusivity_at: what
     `laplacian` is multiplied by. source_at: of the first component, beside `source`. Optional. */
  PetscErrorCode (*velocity_at)(const void *context, PetscInt n, const PetscReal x[], PetscReal t,
                                PetscReal *const velocity[3]);
  PetscErrorCode (*diffusivity_at)(const void *context, PetscInt n, const PetscReal x[], PetscReal t,
                                   PetscReal diffusivity[]);
  PetscErrorCode (*source_at)(const void *context, PetscInt n, const PetscReal x[], PetscReal t, PetscReal source[]);
  /* Adds sources to r. Optional. */
  void (*source)(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                 PetscReal *const r[]);
  /* Called before each application at time t (tables that depend on time). Optional. */
  PetscErrorCode (*prepare)(const void *context, PetscReal t);
} SinewFVKernels;

/* Which terms an application holds (an IMEX integrator splits them). */
typedef enum {
  SINEW_FV_NONE = 0,
  SINEW_FV_FLUX = 1,
  SINEW_FV_DIFFUSION = 2,
  SINEW_FV_SOURCE = 4,
  SINEW_FV_ALL = 7
} SinewFVParts;

typedef struct _p_SinewFV *SinewFV;

/*
  SinewFVCreate - Collective. The grid (not owned, must outlive it) needs SinewFVGhosts() ghosts.
  boundary: conditions of the non-periodic sides (not owned; may be NULL when all are periodic).
  characteristic: reconstruct characteristic variables.
*/
PETSC_EXTERN PetscErrorCode SinewFVCreate(SinewGrid grid, const SinewFVKernels *kernels,
                                          const SinewReconstruction *reconstruction, PetscBool characteristic,
                                          SinewBoundary boundary, SinewFV *fv);
PETSC_EXTERN PetscErrorCode SinewFVDestroy(SinewFV *fv);
/* Width of the halo that a reconstruction needs. Not collective. */
PETSC_EXTERN PetscInt SinewFVGhosts(const SinewReconstruction *reconstruction);

/*
  SinewFVApply - out = a A + b U + c L(U) at time t. Collective.

  A may be NULL (a ignored) or U; out is neither. rate, if not NULL, receives this rank's largest
  advective-plus-diffusive rate 1/dt of the *result*, for the next step: max over cells of sum_d (speed_d / dx_d + 2 nu
  / dx_d^2), or NaN when a cell of the result is not admissible.
*/
PETSC_EXTERN PetscErrorCode SinewFVApply(SinewFV fv, SinewFVParts parts, PetscReal t, Vec U, PetscReal a, Vec A,
                                         PetscReal b, PetscReal c, Vec out, PetscReal *rate);
/*
  For methods that bear much more diffusion in a step than advection: from now on rates are the larger one of
  advective rate / advection and diffusive rate / diffusion, in each cell, instead of their sum. Not collective.
*/
PETSC_EXTERN PetscErrorCode SinewFVSetLimits(SinewFV fv, PetscReal advection, PetscReal diffusion);
/* This rank's rate of a state, as above, of the given parts. Not collective (prepare apart). */
PETSC_EXTERN PetscErrorCode SinewFVRate(SinewFV fv, SinewFVParts parts, PetscReal t, Vec U, PetscReal *rate);
/* First cell of this rank (lowest global index) whose state is not admissible; *found false when
 * all are. Not collective. */
PETSC_EXTERN PetscErrorCode SinewFVFindBad(SinewFV fv, Vec U, PetscBool *found, PetscInt cell[3], PetscReal u[]);

#endif
