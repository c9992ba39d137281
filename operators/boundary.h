#ifndef SINEW_OPERATORS_BOUNDARY_H
#define SINEW_OPERATORS_BOUNDARY_H
/*
  Conditions on the non-periodic sides of a grid, as values of ghost cells.

  A side is cut into pieces: the first piece whose `where` is positive (or that has none) rules a
  ghost cell's column. Kinds, for the ghost at distance l behind the side and its mirror cell
  inside:

    outflow    the value of the outermost cell inside (zero gradient)
    reflect    the mirror value, normal velocity with its sign changed (slip wall, symmetry)
    no_slip    the mirror value, all velocities with their sign changed
    inflow     a prescribed state at the ghost cell's centre
    exact      the state that a function of the caller gives at the ghost cell's centre (exact solutions, moving shocks)
    dirichlet  the prescribed state *on the side*: ghost = 2 prescribed - mirror

  Prescribed states are formulas in x, y, z, t or tables; primitives without a formula behave as
  under outflow. What does not depend on time is evaluated once, unless points move (SinewBoundarySetPlaces).
*/
#include "../io/expression.h"
#include "../meshes/grid.h"

typedef enum {
  SINEW_BOUNDARY_OUTFLOW,
  SINEW_BOUNDARY_REFLECT,
  SINEW_BOUNDARY_NO_SLIP,
  SINEW_BOUNDARY_INFLOW,
  SINEW_BOUNDARY_DIRICHLET,
  SINEW_BOUNDARY_EXACT
} SinewBoundaryKind;

/* Primitives at a point and a time. */
typedef PetscErrorCode SinewBoundaryState(void *context, const PetscReal x[3], PetscReal t, PetscReal w[]);

#define SINEW_BOUNDARY_PIECES_MAX 8
#define SINEW_BOUNDARY_COMPONENTS 12
typedef struct {
  SinewBoundaryKind kind;
  SinewExpression where;                                              /* not owned; NULL: everywhere */
  SinewExpression value[SINEW_BOUNDARY_COMPONENTS];                   /* not owned; NULL: none */
  PetscReal *table_position, *table_value[SINEW_BOUNDARY_COMPONENTS]; /* owned after SinewBoundaryCreate */
  PetscInt table_size;
  char table_variable;
  SinewBoundaryState *state; /* for SINEW_BOUNDARY_EXACT */
  void *state_context;
} SinewBoundaryPiece;

typedef struct {
  PetscInt pieces;
  SinewBoundaryPiece piece[SINEW_BOUNDARY_PIECES_MAX];
} SinewBoundarySide;

typedef struct _p_SinewBoundary *SinewBoundary;

/* side[2 * axis] is the lower, side[2 * axis + 1] the upper side; periodic axes are ignored.
 * velocity as in SinewFVKernels. */
PETSC_EXTERN PetscErrorCode SinewBoundaryCreate(SinewGrid grid, PetscInt components, PetscInt velocity,
                                                const SinewBoundarySide side[6], SinewBoundary *boundary);
PETSC_EXTERN PetscErrorCode SinewBoundaryDestroy(SinewBoundary *boundary);
/*
  SinewBoundarySetPlaces - on a mesh that moves: where ghost cells and sides are, instead of where the grid has them.
  place: the point that cell (global indices, beyond one side along `axis`; clipped to the neighbours of this rank's
  cells along the other axes) stands for: its centre, or the middle of its face on the side. Whatever depends on place,
  which piece rules a column included, is then evaluated in every SinewBoundaryPrepare. Not collective.
*/
typedef PetscErrorCode SinewBoundaryPlace(void *context, PetscInt axis, const PetscInt cell[3], PetscBool on_side,
                                          PetscReal x[3]);
PETSC_EXTERN PetscErrorCode SinewBoundarySetPlaces(SinewBoundary boundary, SinewBoundaryPlace *place, void *context);
/* Evaluates what depends on time, and on places that move. Not collective. */
PETSC_EXTERN PetscErrorCode SinewBoundaryPrepare(SinewBoundary boundary, PetscReal t);

/*
  SinewBoundarySideEvaluate - the condition at a point of a side, for methods without cells. Not collective.

  kind   [out]  of the piece that rules the point
  given  [out]  which primitives it prescribes
  w      [out]  those primitives at the point and the time; the others are left
*/
PETSC_EXTERN PetscErrorCode SinewBoundarySideEvaluate(const SinewBoundarySide *side, PetscInt components,
                                                      const PetscReal x[3], PetscReal t, SinewBoundaryKind *kind,
                                                      PetscBool given[], PetscReal w[]);

/* SinewBoundarySideIsZero - whether a side prescribes that all components vanish on it, everywhere and always. */
PETSC_EXTERN PetscErrorCode SinewBoundarySideIsZero(const SinewBoundarySide *side, PetscInt components,
                                                    PetscBool *zero);

/*
  SinewBoundaryFill - sets the ghost cells of a patch of primitives that lie beyond physical sides;
  those of periodic sides and of other ranks must be there already. Not collective.

  start, count  the patch's cells without ghosts (global index of the first)
  rows          rows a plane of the patch has in memory (at least count[1] and its ghosts)
  extras        components beyond those of the boundary: mirrored under reflect and no_slip, else the outermost value
  w             component c of cell (i, j, k) is w[((k' * rows + j') * (components + extras) + c) * pitch +
  i'], primes counting from the first ghost
*/
PETSC_EXTERN PetscErrorCode SinewBoundaryFill(SinewBoundary boundary, const PetscInt start[3], const PetscInt count[3],
                                              PetscInt pitch, PetscInt rows, PetscInt extras, PetscReal w[]);

#endif
