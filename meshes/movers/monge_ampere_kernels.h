#ifndef SINEW_MESHES_MOVERS_MONGE_AMPERE_KERNELS_H
#define SINEW_MESHES_MOVERS_MONGE_AMPERE_KERNELS_H
/* Row loops of the Monge-Ampere solver, private to it: vectorised, one to three dimensions. Potentials come with
   ghosts; p and q point at the row's first vertex. */
#include <petscsys.h>

#define COEFFICIENTS 9 /* of the linearisation: xx, yy, zz, xy, xz, yz of second order, x, y, z of first */

typedef struct {
  PetscInt dim, stride[3];
  PetscReal second[3];  /* 1 / h_d^2 */
  PetscReal mixed[3];   /* 1 / (4 h_d h_e): xy, xz, yz */
  PetscReal central[3]; /* 1 / (2 h_d) */
} MapStencil;

typedef struct {
  PetscReal least; /* smallest det, smallest of it and of 1 + phi_dd: convex while positive */
  PetscReal convex;
} MapExtremes;

/* density = m det(I + D^2 phi); m may be density. Extremes are updated. */
void MapDensity(const MapStencil *stencil, PetscInt n, const PetscReal p[], const PetscReal m[], PetscReal density[],
                MapExtremes *extremes);
/* Coefficients of d log(m^tau det) for the differences that MapJacobian takes, and the scalings of the preconditioner
   with rho = m^tau det, a = trace (I + D^2 phi)^-1 / dim: before = sqrt(rho / a), after = 1 / sqrt(rho a). */
void MapLinearise(const MapStencil *stencil, PetscInt n, const PetscReal p[], PetscReal tau, const PetscReal m[],
                  const PetscReal density[], PetscReal *const gradient[3], PetscReal *const coefficient[COEFFICIENTS],
                  PetscReal before[], PetscReal after[]);
void MapJacobian(const MapStencil *stencil, PetscInt n, const PetscReal q[], PetscReal *const coefficient[COEFFICIENTS],
                 PetscReal y[]);
/* out = (density factor)^(1 / dim) */
void MapRoot(PetscInt dim, PetscInt n, PetscReal factor, const PetscReal density[], PetscReal out[]);

#endif
