#ifndef SINEW_OPERATORS_RECONSTRUCTION_H
#define SINEW_OPERATORS_RECONSTRUCTION_H
/*
  One-dimensional reconstruction on rows: from a cell's stencil to the values at its lower and upper
  face.

  A kernel treats n cells at once. Neighbours along the axis of reconstruction lie `stride` values
  away, so the same loop serves every axis: along x the stride is 1, along y and z it is the
  distance of rows, and the loop always runs over x. No branches inside, no dependence between
  cells, elementwise arithmetic only (the file is compiled without contraction to fused
  multiply-adds), hence the same bits wherever a row starts and on whatever rank it lies.

  Schemes
    constant            first order
    plm_minmod, plm_mc, plm_vanleer   piecewise linear (van Leer 1979; monotonised central: van Leer
  1977), second order ppm                 piecewise parabolic (Colella & Woodward 1984) with the
  limiter of Colella & Sekora (2008) in its simple, extremum-clipping form (their equations 1.6
  to 1.10) weno5               fifth-order WENO-Z *interpolation* of point values (Borges et al.
  2008 weights; Jiang, Shu & Zhang 2013 for its use in a finite-difference scheme with an arbitrary
  Riemann solver). Where it is used, the flux needs SinewFluxCorrection.
*/
#include <petscsys.h>

typedef void SinewReconstructRow(PetscInt n, PetscInt stride, const PetscReal q[], PetscReal lower[],
                                 PetscReal upper[]);

typedef struct {
  const char *name;
  const char *doc;
  PetscInt order;      /* formal order in smooth one-dimensional flow */
  PetscInt reach;      /* cells needed on each side of a cell for its face values */
  PetscBool bounded;   /* face values lie between neighbouring cells' values: positivity is kept */
  PetscBool pointwise; /* works on point values and needs the flux correction */
  SinewReconstructRow *row;
} SinewReconstruction;

/* All schemes, ended by one whose name is NULL. */
PETSC_EXTERN const SinewReconstruction SinewReconstructions[];

/*
  SinewFluxCorrection - adds to numerical fluxes f at lower faces of n cells the terms -1/24 dx^2
  f_xx + 7/5760 dx^4 f_xxxx, from point values g of the physical flux (stride as above; reach 3),
  which make the divided difference of face fluxes a sixth-order derivative (Jiang, Shu & Zhang
  2013, section 2). keep[i] (0 or 1) switches the correction off at a face.
*/
PETSC_EXTERN void SinewFluxCorrection(PetscInt n, PetscInt stride, const PetscReal g[], const PetscReal keep[],
                                      PetscReal f[]);

#endif
