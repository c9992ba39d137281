#ifndef SINEW_MESHES_MOVERS_MONGE_AMPERE_H
#define SINEW_MESHES_MOVERS_MONGE_AMPERE_H
/*
  Meshes by optimal transport: the map x = xi + grad phi(xi) that equidistributes a monitor m and moves points as little
  as possible solves the Monge-Ampere equation

      m(x) det(I + D^2 phi) = theta,      theta: the constant that makes it solvable,

  on periodic axes and between walls, where phi is even: points slide on walls, corners stay, and no point leaves the
  domain. In one to three dimensions, on the vertices of a lattice, second order: three-point second derivatives, the
  four corners for mixed ones, central gradients.

  SinewMongeAmpereSolve: Newton's method on F = log(m det) - <log(m det)>. Its linearisation is
      F'[q] = (I + D^2 phi)^-1 : D^2 q + (grad m / m) . grad q  =  div(m cof(I + D^2 phi) grad q) / (m det),
  a diffusion whose conductivity is the inverse stretch of the mesh (self-adjoint in the weight m det): GMRES on the
  exact discrete operator, preconditioned by a transform-based Poisson solve (cosine.h) between scalings by the local
  conductivity, converges in a number of iterations that does not depend on the lattice. A line search rejects steps
  that lose convexity (det <= 0 or 1 + phi_dd <= 0) or do not reduce |F|. From afar: nested iteration over coarser
  lattices, and on the coarsest continuation from m^0 to m^1.

  SinewMongeAmpereRelax: one step of parabolic relaxation (Budd & Williams 2009),
      (1 - gamma Laplace) dphi = dt (s - <s>),   s = (m det / theta)^(1/dim),
  the cheap tracker for time stepping: m is needed where the vertices are, never in between.

  Communication: per Krylov iteration one halo exchange, the transforms of cosine.h and two reductions.

  References: Budd & Williams, SIAM J. Sci. Comput. 31 (2009); Delzanno, Chacon, Finn et al., J. Comput. Phys. 227
  (2008); McRae, Cotter & Budd, SIAM J. Sci. Comput. 40 (2018).
*/
#include "monitor.h"

typedef struct _p_SinewMongeAmpere *SinewMongeAmpere;

typedef struct {
  PetscBool converged;
  PetscInt newton, krylov, levels; /* iterations over all levels, and how many levels there were */
  PetscReal residual, rms;         /* max and root mean square of m det / theta - 1 */
  PetscReal theta, jacobian;       /* smallest det */
} SinewMongeAmpereReport;

/* Collective. Neither lattice nor cosine is owned. */
PETSC_EXTERN PetscErrorCode SinewMongeAmpereCreate(SinewLattice *lattice, SinewCosine cosine, SinewMongeAmpere *ma);
PETSC_EXTERN PetscErrorCode SinewMongeAmpereDestroy(SinewMongeAmpere *ma);
/* Largest |m det / theta - 1| that counts as converged (1e-8) and Newton iterations a level (50). Not collective. */
PETSC_EXTERN PetscErrorCode SinewMongeAmpereSetTolerance(SinewMongeAmpere ma, PetscReal tolerance, PetscInt most);

/*
  SinewMongeAmpereSolve - Collective.

  phi   [in, out] warm: the potential to start from (another mesh near by); else ignored, nested iteration. Out: the
                  best convex potential found, of zero mean, also when not converged
  Raises SINEW_ERR_INPUT when the monitor is not positive and finite.
*/
PETSC_EXTERN PetscErrorCode SinewMongeAmpereSolve(SinewMongeAmpere ma, SinewMonitor *monitor, void *context,
                                                  PetscBool warm, Vec phi, SinewMongeAmpereReport *report);
/* m: values at the moved vertices. report: of phi before the step (max and rms, theta, jacobian). Collective. */
PETSC_EXTERN PetscErrorCode SinewMongeAmpereRelax(SinewMongeAmpere ma, Vec m, PetscReal gamma, PetscReal dt, Vec phi,
                                                  SinewMongeAmpereReport *report);
/* Coordinates of the owned vertices, dim arrays of lattice->local values. Collective. */
PETSC_EXTERN PetscErrorCode SinewMongeAmpereNodes(SinewLattice *lattice, Vec phi, PetscReal *const x[3]);

#endif
