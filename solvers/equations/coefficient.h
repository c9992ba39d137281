#ifndef SINEW_SOLVERS_EQUATIONS_COEFFICIENT_H
#define SINEW_SOLVERS_EQUATIONS_COEFFICIENT_H
/*
  A coefficient of an equation that a deck gives as a formula: a constant, or tables over a rank's box and its ghosts.

    SinewCoefficientSet        from the formula; a formula without variables is a constant and needs no table
    SinewCoefficientTabulate   allocates and fills the tables that kernels ask for, at t = 0
    SinewCoefficientUpdate     fills them again where the formula depends on time
    SinewCoefficientClear      frees them
    SinewCoefficientAt         values at any points, without tables
    SinewCoefficientSlopeAt    their derivatives along an axis: a formula knows none, so central differences of sixth
                               order

  Kernels read a line of one by SinewCoefficientInCells or SinewCoefficientOnFaces: value[i * stride], i from the row's
  first cell (or lower face) on; indices reach as far as the grid's ghosts. Ghosts lie where the grid says, beyond the
  domain; with SINEW_COEFFICIENT_WRAPPED those behind a periodic side take the value one period on. Nothing is
  collective. Private to equations.
*/
#include "solvers/equation.h"

typedef enum {
  SINEW_COEFFICIENT_CENTERS = 1,
  SINEW_COEFFICIENT_FACES = 2,
  SINEW_COEFFICIENT_WRAPPED = 4
} SinewCoefficientPlaces;

typedef struct {
  PetscReal constant;
  SinewExpression expression; /* not owned; NULL: constant */
  PetscBool timed;
  int places;
  SinewGrid grid;
  PetscInt first[3], pitch[2]; /* of the tables, x fastest */
  PetscReal *center, *face[3]; /* owned */
} SinewCoefficient;

typedef struct {
  const PetscReal *value;
  PetscInt stride; /* 0: constant */
} SinewCoefficientLine;

/* *present: whether there is a formula at all; without one the coefficient stays as it is. */
PETSC_INTERN PetscErrorCode SinewCoefficientSet(SinewCoefficient *c, SinewExpression expression, PetscBool *present);
PETSC_INTERN PetscErrorCode SinewCoefficientTabulate(SinewCoefficient *c, SinewGrid grid, int places);
PETSC_INTERN PetscErrorCode SinewCoefficientUpdate(SinewCoefficient *c, PetscReal t);
PETSC_INTERN PetscErrorCode SinewCoefficientClear(SinewCoefficient *c);
/* value, slope [n] at points x [n][dim]; h: the differences' spacing. */
PETSC_INTERN PetscErrorCode SinewCoefficientAt(const SinewCoefficient *c, PetscReal t, PetscInt dim, PetscInt n,
                                               const PetscReal x[], PetscReal value[]);
PETSC_INTERN PetscErrorCode SinewCoefficientSlopeAt(const SinewCoefficient *c, PetscReal t, PetscInt dim, PetscInt n,
                                                    const PetscReal x[], PetscInt axis, PetscReal h, PetscReal slope[]);
/* Sixth-order central difference: weights of f(x + k h) - f(x - k h), k = 1, 2, 3, times h. */
PETSC_INTERN const PetscReal SinewCoefficientDifference[3];

static inline SinewCoefficientLine SinewCoefficientRow(const SinewCoefficient *c, const PetscReal *table,
                                                       const SinewRow *row)
{
  if (!c->expression) return (SinewCoefficientLine){&c->constant, 0};
  return (SinewCoefficientLine){table + ((row->k - c->first[2]) * c->pitch[1] + (row->j - c->first[1])) * c->pitch[0] +
                                    (row->i - c->first[0]),
                                1};
}

static inline SinewCoefficientLine SinewCoefficientInCells(const SinewCoefficient *c, const SinewRow *row)
{
  return SinewCoefficientRow(c, c->center, row);
}

/* Lower faces along row->axis. */
static inline SinewCoefficientLine SinewCoefficientOnFaces(const SinewCoefficient *c, const SinewRow *row)
{
  return SinewCoefficientRow(c, c->face[row->axis], row);
}

#endif
