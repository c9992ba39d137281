#ifndef SINEW_SOLVERS_GRID_SECTION_H
#define SINEW_SOLVERS_GRID_SECTION_H
/*
  The `grid` section of a deck: cells, extents, stretching and boundary conditions.

    grid:
      cells: [256, 128]               # 1 to 3 numbers: the dimension
      lower: [0, 0]                   # standard 0
      upper: [2, 1]                   # standard 1
      stretch: {y: "tanh(...)"}       # position of a uniform coordinate, by axis; keeps the ends
      boundary:
        x: periodic                   # both sides; periodic is the standard
        y: {lower: wall, upper: {type: inflow, values: {rho: 1, velocity_y: "-sin(x)"}}}

  A side may also be a list of pieces, each with a `where` (positive where the piece rules); the first that applies
  rules. Kinds: outflow, wall, no_slip, inflow, dirichlet (values on the side itself), exact (the initial condition's
  own formula at the time), table (values from a CSV file, named relative to the deck's folder, whose first column is t,
  x, y or z and whose others are primitives).
*/
#include "equation.h"

typedef struct {
  SinewGridOptions options; /* ghosts, align, map_context are left to the caller */
  SinewExpression stretch[3];
  SinewBoundarySide side[6];
  PetscBool bounded; /* some axis is not periodic */
} SinewGridSection;

PETSC_EXTERN const SinewKey SinewGridKeys[];

/* Reads cells, extents and stretching. Mistakes are recorded in the deck; dim is 0 when cells could not be read. */
PETSC_EXTERN PetscErrorCode SinewGridSectionRead(SinewDeck deck, SinewGridSection *section);
/* Reads the boundaries, for an equation whose primitives they may prescribe (may be NULL after a mistake). Collective
 * (tables). */
PETSC_EXTERN PetscErrorCode SinewGridSectionReadBoundary(MPI_Comm comm, SinewDeck deck, SinewEquation equation,
                                                         SinewGridSection *section);
/* A SinewGridMap that evaluates section->stretch; context: the section. */
PETSC_EXTERN SinewGridMap SinewGridSectionMap;

#endif
