#ifndef SINEW_SOLVERS_EQUATIONS_NAVIER_STOKES_KERNELS_H
#define SINEW_SOLVERS_EQUATIONS_NAVIER_STOKES_KERNELS_H
/*
  Loops of the Navier-Stokes equations; private to them. Complex numbers are pairs of reals, k[d] rows of wavenumbers.
*/
#include <petscsys.h>

PETSC_INTERN void SinewFlowCopy(const void *context, PetscInt n, const PetscReal *const u[], PetscReal *const w[]);

/* ---- 2D: the vorticity w, u = (i ky, -i kx) w / k^2 ---- */
PETSC_INTERN void SinewFlowVelocity2D(PetscInt n, PetscReal *const k[3], const PetscReal inverse[], const PetscReal w[],
                                      PetscReal *const u[]);
/* w = i kx v - i ky u */
PETSC_INTERN void SinewFlowCurl2D(PetscInt n, PetscReal *const k[3], const PetscReal *const u[], PetscReal w[]);
/* N = (kx^2 - ky^2) b - 2 kx ky a, from a = (u^2 - v^2) / 2 and b = u v */
PETSC_INTERN void SinewFlowStress2D(PetscInt n, PetscReal *const k[3], const PetscReal a[], const PetscReal b[],
                                    PetscReal N[]);
/* a, b from u, v, in place of nothing */
PETSC_INTERN void SinewFlowProducts2D(PetscInt n, const PetscReal u[], const PetscReal v[], PetscReal a[],
                                      PetscReal b[]);

/* ---- 3D ---- */
/* w = i k x u */
PETSC_INTERN void SinewFlowCurl3D(PetscInt n, PetscReal *const k[3], const PetscReal *const u[], PetscReal *const w[]);
/* w = u x w in the cells */
PETSC_INTERN void SinewFlowCross3D(PetscInt n, const PetscReal *const u[], PetscReal *const w[]);
/* u -= k (k.u) / k^2 */
PETSC_INTERN void SinewFlowProject3D(PetscInt n, PetscReal *const k[3], const PetscReal inverse[],
                                     PetscReal *const u[]);

/* ---- scalars ---- */
/* N = -i k_d f, added where d > 0 */
PETSC_INTERN void SinewFlowDivergence(PetscInt n, PetscInt d, const PetscReal k[], const PetscReal f[], PetscReal N[]);
/* out += factor v */
PETSC_INTERN void SinewFlowAdd(PetscInt n, PetscReal factor, const PetscReal v[], PetscReal out[]);
PETSC_INTERN void SinewFlowMultiply(PetscInt n, const PetscReal a[], const PetscReal b[], PetscReal out[]);
/* The largest sum over axes of |u_d| inverse[d] of interlaced cells with nc components, dim velocities first. */
PETSC_INTERN PetscReal SinewFlowSpeed(PetscInt n, PetscInt nc, PetscInt dim, const PetscReal inverse[],
                                      const PetscReal u[]);

/* ---- staggered cells; s: distance of neighbours along the axis at hand ---- */
/*
  out -= d(u v)/dx_d - nu d2u/dx_d^2 for the velocity u along axis a, whose neighbours lie sa away, at its faces; v: the
  velocity along axis d, whose neighbours lie sd away.
*/
PETSC_INTERN void SinewFlowMomentum(PetscInt n, PetscBool same, PetscInt sa, PetscInt sd, PetscReal inverse,
                                    PetscReal nu, const PetscReal u[], const PetscReal v[], PetscReal out[]);
/* out += factor (q + q of the cell below) */
PETSC_INTERN void SinewFlowLift(PetscInt n, PetscInt s, PetscReal factor, const PetscReal q[], PetscReal out[]);
/* Upwind flux of q through lower faces, minus kappa_dx times the difference; lower, upper: q at the faces of cells. */
PETSC_INTERN void SinewFlowScalarFlux(PetscInt n, PetscInt s, PetscReal kappa_dx, const PetscReal q[],
                                      const PetscReal v[], const PetscReal lower[], const PetscReal upper[],
                                      PetscReal flux[]);
/* out = (d == 0: ) minus the difference of fluxes */
PETSC_INTERN void SinewFlowScalarTendency(PetscInt n, PetscInt s, PetscReal inverse, PetscInt d, const PetscReal flux[],
                                          PetscReal out[]);
/* out = (d == 0: ) dv/dx_d */
PETSC_INTERN void SinewFlowFaceDivergence(PetscInt n, PetscInt d, PetscInt s, PetscReal inverse, const PetscReal v[],
                                          PetscReal out[]);

#endif
