#ifndef SINEW_SOLVERS_EQUATION_H
#define SINEW_SOLVERS_EQUATION_H
/*
  Equations: what the fields obey. One file an equation (solvers/equations/), one line in the registry (equation.c).

  For users
    An equation is created from the `equation` section of a deck, attached to a grid, and asked for its terms through
  the finite-volume kernels, its initial and exact solutions, and its output fields. Fields come in two guises: the
  *components* that are advanced (conserved variables, in the grid's vectors) and the *primitives* that people think in
  (in decks, pictures and output files). There are as many of one as of the other.

  For implementors
    Fill a SinewEquationType: a schema for the parameters, a `create` that sets names and kernels from them, and a table
  of initial conditions. Everything else (decks, grids, boundaries, steppers, output, checkpoints, errors) follows. Keep
  kernels in a file of their own, NAME_kernels.c, which is compiled for elementwise arithmetic.
*/
#include "../io/deck.h"
#include "../meshes/geometry.h"
#include "../meshes/simplices.h"
#include "../neural/pointwise.h"
#include "../operators/finite_volume.h"
#include "frame.h"
#include "semilinear.h"

typedef struct _p_SinewEquation *SinewEquation;

/* An initial condition. evaluate: primitives at a point. With `exact` it holds for all t: the equation's solution on an
   unbounded or periodic domain. */
typedef struct {
  const char *name, *doc;
  PetscInt dim_min, dim_max;
  PetscBool exact;
  const SinewKey *keys; /* parameters, read into a struct of `size` bytes; NULL: none */
  size_t size;
  PetscErrorCode (*evaluate)(SinewEquation equation, const void *parameters, const PetscReal x[3], PetscReal t,
                             PetscReal w[]);
} SinewInitialType;

/* A scalar field derived from primitives, for output: cell by cell (`row`, or `at` where it depends on the place), or,
   where neighbours matter, in all owned cells from a state (`box`, collective). */
typedef struct {
  const char *name, *doc;
  void (*row)(SinewEquation equation, PetscInt n, const PetscReal *const w[], PetscReal value[]);
  void (*at)(SinewEquation equation, const SinewRow *row, PetscInt n, const PetscReal *const w[], PetscReal value[]);
  PetscErrorCode (*box)(SinewEquation equation, Vec U, PetscReal value[]);
} SinewDerived;

/* The box of a problem without its cells: what a method that lives on points needs to know of the `grid` section. */
typedef struct {
  PetscInt dim;
  PetscReal lower[3], upper[3];
  PetscBool periodic[3];
  const SinewBoundarySide *side; /* [6], conditions on the faces of the other axes; not owned */
  PetscBool factors;             /* conditions u = 0 may be left to a factor of the network */
  PetscBool squared;             /* the scheme applies the operator twice and needs the conditions of its square */
  PetscBool split;               /* velocity and pressure are networks of their own */
} SinewDomain;
/* A choice within an equation that brings keys of its own, for `sinew list`. */
typedef struct {
  const char *choice, *doc; /* "reaction: gray_scott" */
  const SinewKey *keys;
} SinewVariant;

typedef struct {
  const char *name, *doc;
  PetscInt dim_min, dim_max;
  const SinewKey *keys; /* parameters in the `equation` section */
  size_t size;          /* of the struct they are read into */
  PetscBool steady;     /* without a time derivative at points (see pointwise); cells approach the steady state */
  /* Sets components, names, kernels and flags from equation->parameters; records mistakes in the deck. REQUIRED */
  PetscErrorCode (*create)(SinewEquation equation, SinewDeck deck, SinewNode section);
  /* Reads the files that the section names, right after create. Optional. Collective. */
  PetscErrorCode (*load)(SinewEquation equation, MPI_Comm comm, SinewDeck deck);
  /* Records mistakes of the sides and of the grid, once the stepper is known. Optional. */
  PetscErrorCode (*check)(SinewEquation equation, SinewDeck deck, const SinewGridOptions *grid,
                          const SinewBoundarySide side[6]);
  /* Called when the grid is there (tables of coefficients). Optional. */
  PetscErrorCode (*attach)(SinewEquation equation, SinewGrid grid);
  PetscErrorCode (*destroy)(SinewEquation equation);
  /* Foot of the characteristic through (x, t), where the solution is its initial value there. Optional; *known may be
   * false. */
  PetscErrorCode (*trace)(SinewEquation equation, const PetscReal x[3], PetscReal t, PetscReal foot[3],
                          PetscBool *known);
  /*
    The equation at points, for steppers of point networks; the evolved quantities are the components, in their order.
    The domain outlives the equation's use. zero [2 axis + side] says where a factor of the network is to fulfil the
    condition (u = 0), which then is no face. Combinations that cannot be done are recorded as mistakes of the deck.
    Called before the grid is there. Optional.
  */
  PetscErrorCode (*pointwise)(SinewEquation equation, SinewDeck deck, const SinewDomain *domain, SinewPointwise *p,
                              PetscBool zero[6]);
  /* The equation as a semilinear problem, for the stepper `spectral`: fills *problem, which the stepper destroys.
     Collective; after attach, on a grid of periodic and uniform axes. Optional. */
  PetscErrorCode (*semilinear)(SinewEquation equation, SinewSemilinear *problem);
  /* A stage of a Runge-Kutta method as a whole, out = a A + b Y + c L(Y) and what the equation asks of every state, for
     the steppers `ssp` and `euler`: Y is a state at time t, out one at time `to` (rates come from `rate`). Optional.
     Collective. */
  PetscErrorCode (*stage)(SinewEquation equation, PetscReal t, PetscReal to, Vec Y, PetscReal a, Vec A, PetscReal b,
                          PetscReal c, Vec out);
  /* Makes an initial state one that stages could have left. Optional, with stage. Collective. */
  PetscErrorCode (*settle)(SinewEquation equation, Vec U);
  /* This rank's largest rate 1/dt of a state (NaN: not admissible), for equations without row kernels for it. Optional;
     not collective. */
  PetscErrorCode (*rate)(SinewEquation equation, Vec U, PetscReal *rate);
  /* The numbers that equation->measures names, of a state. With measures. Collective. */
  PetscErrorCode (*measure)(SinewEquation equation, Vec U, PetscReal value[]);
  const SinewInitialType *initials; /* ended by a NULL name; expressions are always possible */
  const SinewDerived *derived;      /* ended by a NULL name; may be NULL */
  const SinewVariant *variants;     /* ended by a NULL choice; may be NULL. Their keys are read by create */
} SinewEquationType;

#define SINEW_MEASURES_MAX 8

/* What a source is to implicit steppers: given by place and time; of the state, and explicit under IMEX; or stiff. */
typedef enum { SINEW_SOURCE_GIVEN, SINEW_SOURCE_MILD, SINEW_SOURCE_STIFF } SinewSourceKind;

struct _p_SinewEquation {
  const SinewEquationType *type;
  PetscInt dim;
  PetscInt components;
  char component[SINEW_COMPONENTS_MAX][32], primitive[SINEW_COMPONENTS_MAX][32];
  void *parameters; /* owned */
  void *data;       /* the type's own; freed by its destroy */
  SinewFVKernels kernels;
  PetscBool linear_diffusion; /* the diffusive term is affine in u: its Jacobian is constant in u */
  SinewSourceKind source_kind;
  PetscBool linear_source;                     /* and the source, where it is of the state */
  PetscBool constrained[SINEW_COMPONENTS_MAX]; /* components c without a time derivative: their terms are
                                                  w_c + g(the others), and 0 */
  const SinewSimplices *body;                  /* what of the grid's box there is, not owned; NULL: all */
  PetscBool displaced;                         /* components are displacements: outputs show where points have gone */
  PetscBool staggered;                         /* velocities stand on the lower faces of the cells, normal to them */
  PetscBool placed;                            /* a classical stepper has decided about that */
  const SinewBoundarySide *side;               /* six of them, not owned; set before attach */
  const char *const *measures; /* names of numbers that type->measure tells of a state, for the history: set by attach,
                                  or by a form that a stepper makes; ended by NULL, at most SINEW_MEASURES_MAX; NULL:
                                  none */
  PetscBool inexact;           /* parameters spoil the exactness of `exact` initial conditions */
  PetscBool place_dependent;   /* coefficients depend on place or time and are known on the uniform mesh only */
  SinewGrid grid;              /* not owned, after attach */
  const SinewGeometry *geometry; /* not owned; where the cells are now when the mesh moves, else NULL */
  const SinewInitialType *initial;
  void *initial_parameters;                         /* owned */
  SinewExpression expression[SINEW_COMPONENTS_MAX]; /* not owned: the deck's */
  SinewFrame frame;                                 /* owned; NULL: the initial state is a formula */
  /* A stepper whose state knows more than its cells answers for derived fields of that state, in all owned cells;
   *known is false where it does not. Not owned. */
  PetscErrorCode (*observe)(void *observer, Vec U, const char name[], PetscReal value[], PetscBool *known);
  void *observer;
};

/* All equations, ended by NULL. */
PETSC_EXTERN const SinewEquationType *const SinewEquationTypes[];

/*
  SinewEquationCreate - reads the sections `equation` and `initial` of a deck. Not collective; mistakes are recorded in
  the deck. *equation is NULL when the type is not known. The deck must outlive it.
*/
PETSC_EXTERN PetscErrorCode SinewEquationCreate(SinewDeck deck, PetscInt dim, SinewEquation *equation);
PETSC_EXTERN PetscErrorCode SinewEquationDestroy(SinewEquation *equation);
PETSC_EXTERN PetscErrorCode SinewEquationAttach(SinewEquation equation, SinewGrid grid);

/* Whether some component is constrained. */
PETSC_EXTERN PetscBool SinewEquationConstrained(SinewEquation equation);
/* Fills U (components, a global vector of the grid) with the initial state. Collective where the equation settles it.
 */
PETSC_EXTERN PetscErrorCode SinewEquationInitial(SinewEquation equation, Vec U);
/*
  SinewEquationPast - the state `age` steps of the given length before the initial one, where that is a frame of a data
  set with so many before it; *known false (U untouched) otherwise. Raises SINEW_ERR_INPUT when the frames are not one
  step apart. Collective.
*/
PETSC_EXTERN PetscErrorCode SinewEquationPast(SinewEquation equation, PetscReal step, PetscInt age, Vec U,
                                              PetscBool *known);
/* Primitives that the initial condition's formula gives at a point and time (t > 0 where the formula knows time);
 * raises SINEW_ERR_INPUT where it is no formula. Not collective. */
PETSC_EXTERN PetscErrorCode SinewEquationInitialPoint(SinewEquation equation, const PetscReal x[3], PetscReal t,
                                                      PetscReal w[]);
/* Exact primitives at time t as components in U; *known false (U untouched) when there is no exact solution. Not
 * collective. */
PETSC_EXTERN PetscErrorCode SinewEquationExact(SinewEquation equation, PetscReal t, Vec U, PetscBool *known);
/* The named rows (primitive, vector "velocity" or derived) of all owned cells: scalars (z,y,x), vectors (z,y,x,3).
 * Collective for derived fields that are. */
PETSC_EXTERN PetscErrorCode SinewEquationField(SinewEquation equation, Vec U, const char name[], PetscInt *components,
                                               PetscReal values[]);
/* Names that SinewEquationField knows, in order of importance; *standard of them are written unless a deck says
   otherwise. Not collective; the strings belong to the equation. */
PETSC_EXTERN PetscErrorCode SinewEquationFields(SinewEquation equation, PetscInt most, const char *names[],
                                                PetscInt *count, PetscInt *standard);

/* For implementors: names of vector components, "velocity_x" and so on. */
PETSC_EXTERN PetscErrorCode SinewEquationName(SinewEquation equation, PetscInt c, const char component[],
                                              const char primitive[]);
PETSC_EXTERN PetscErrorCode SinewEquationNameVector(SinewEquation equation, PetscInt first, const char component[],
                                                    const char primitive[]);
/* d = x - center, on periodic axes to the nearest image; 0 beyond the dimension. center may be shorter than dim (then
   the domain's middle). Returns |d|^2. */
PETSC_EXTERN PetscReal SinewEquationDisplacement(SinewEquation equation, const PetscReal x[3],
                                                 const SinewRealList *center, PetscReal d[3]);

#endif
