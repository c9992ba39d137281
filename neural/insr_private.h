#ifndef SINEW_NEURAL_INSR_PRIVATE_H
#define SINEW_NEURAL_INSR_PRIVATE_H
#include "collocation.h"
#include "insr.h"

#define INSR_SLOTS 8 /* of quantities at the points that a step keeps */

/* One level, or a combination of jets of two. */
typedef struct {
  const PetscReal *w[2]; /* the second may be NULL */
  PetscReal c[2];
} InsrLevels;

/* The residual that a solve makes small: density q - gamma f + delta f' - target; f and f' at time t. */
typedef struct {
  PetscReal t, density, gamma, delta;
  PetscReal mean;     /* f at mean times the old jets plus (1 - mean) times the new ones */
  SinewPointMap *map; /* f; NULL: the equation's rate */
  PetscBool frozen;   /* derivatives are those of q alone: the linear problem of Neural Galerkin */
  PetscBool faces;    /* boundary rows count */
  PetscReal data[3];  /* their residual is combined from those at start, start + dt / 2, start + dt; zeros: at t */
  PetscReal start, dt;
  PetscReal soft; /* of obstacles, as SinewPointStep has it */
  PetscReal step; /* above 0: the equation's own rows for a step of this size; slots BASE and TARGET */
} InsrStage;

typedef struct InsrSystem InsrSystem;

/* Points of the interior that belong together, this rank's share; slots are [evolved][count]. */
typedef struct {
  SinewInsr insr;
  InsrSystem *system;
  SinewCollocation collocation;
  PetscInt64 stream; /* keeps its random numbers apart */
  PetscInt n, first, count;
  PetscReal *x, *scale, *old, *foot; /* old: jets of the old level (mean), foot [count][dim] */
  PetscReal *slot[INSR_SLOTS];
} InsrSet;

/* A least-squares problem at the points of set 0, checked at those of set 1 (where there are some). */
/* The rows of one face of the equation. */
typedef struct {
  InsrSystem *system;
  PetscInt index;
  PetscReal *x;             /* this rank's points */
  PetscReal deepest, asked; /* at the levels of the last choice: of all candidates, of the points before it */
} InsrFace;

struct InsrSystem {
  InsrStage stage;
  SinewJetOrder order; /* of the jets in the interior's residual */
  PetscInt rows;       /* of that at a point; 0: potentials, by Newton's method */
  PetscInt sets;
  InsrSet set[2];
  InsrFace face[SINEW_POINTWISE_FACES_MAX];
  SinewLeastSquares ls;      /* of the rows, or the metric of the energy */
  SinewEnergyProblem energy; /* of potentials */
};

/* Names of the slots that every scheme has. */
enum { TARGET, BASE, RATE };

enum { DAMPING, LAST_DT, STEPS, LEVELS, SCALARS };

struct _p_SinewInsr {
  MPI_Comm comm;
  PetscMPIInt rank;
  const SinewPointwise *equation;
  SinewInsrOptions options;
  SinewJet jet;
  PetscInt P, dim, unknowns, evolved;
  char warning[256];
  InsrSystem step;

  PetscReal *w, *previous, scalars[SCALARS]; /* the state */
  PetscReal *saved_w, *saved_previous, saved_scalars[SCALARS];
  PetscBool revertible;
  PetscReal *guess, *stage_w, *slope[4]; /* [P]; slopes of Neural Galerkin */
  PetscInt solves;                       /* of this step: their random numbers */

  /* one block of points, serial scratch */
  PetscReal *jets, *mixed, *f, *df, *velocity, *velocity_old;
  /* ADAPTIVE: cells an axis and in all, points before each cell, centres, monitor */
  PetscInt cells_axis, cells, *cell_start;
  PetscReal *cell_x, *monitor;
};

/* ---- points (insr_points.c, insr_panels.c) ---- */

/* What decides where panels are small: values [evolved][n] at points x, added to zeros. */
typedef struct InsrMonitor {
  PetscErrorCode (*values)(const struct InsrMonitor *monitor, PetscInt n, const PetscReal x[], PetscReal q[]);
  SinewInsr insr;
  PetscReal t;
  const PetscReal *w;           /* of the level to look at, or */
  SinewPointFunction *function; /* this one */
  const void *ctx;
} InsrMonitor;

typedef struct {
  PetscReal lower[SINEW_JET_DIM_MAX], size[SINEW_JET_DIM_MAX], score;
} InsrPanel;

PETSC_INTERN PetscInt SinewInsrPower(PetscInt m, PetscInt dim);
PETSC_INTERN PetscInt SinewInsrPerAxis(PetscInt dim, PetscInt n); /* the largest m, 1 at least, with m^dim <= n */
PETSC_INTERN PetscInt SinewInsrCountPanels(PetscInt dim, PetscInt n);
/* monitor NULL: any panels. Collective. */
PETSC_INTERN PetscErrorCode SinewInsrPlacePanels(InsrSet *set, const InsrMonitor *monitor);
PETSC_INTERN PetscInt SinewInsrCountPoints(SinewInsrSampling kind, PetscInt dim, PetscInt n);
/* Points of a set, with the random numbers of `step`; ADAPTIVE looks at the rate of weights w at t, PANELS at q of w
   (NULL: evenly), or at a function instead. */
PETSC_INTERN PetscErrorCode SinewInsrPlace(InsrSet *set, SinewInsrSampling kind, PetscInt step, PetscReal t,
                                           const PetscReal w[], SinewPointFunction *function, const void *ctx);
/* Points of a face: random, or, where its equation knows their depth, the deepest candidates at levels (unless NULL).
 */
PETSC_INTERN PetscErrorCode SinewInsrPlaceFace(InsrSystem *system, PetscInt face, PetscInt step,
                                               const InsrLevels *levels);
PETSC_INTERN PetscErrorCode SinewInsrAllocateCells(SinewInsr insr);
/* Whether the points of faces are a quadrature rule's. */
PETSC_INTERN PetscBool SinewInsrFaceRule(SinewInsr insr);

/* ---- least-squares problems (insr_system.c) ---- */
/* Whether a step's potential is made small by Newton's method, not by least squares. */
PETSC_INTERN PetscBool SinewInsrByNewton(const SinewPointwise *equation, const SinewInsrOptions *options);
PETSC_INTERN PetscErrorCode SinewInsrCreateSystem(SinewInsr insr, SinewJetOrder order, PetscInt rows, PetscInt points,
                                                  PetscInt held_out, PetscInt slots, PetscBool faces,
                                                  const SinewLeastSquaresOptions *options, InsrSystem *system);
PETSC_INTERN PetscErrorCode SinewInsrDestroySystem(InsrSystem *system);
/* out [evolved][n] += q[0] q + q[1] f + q[2] f' of the levels' combined jets at points x and time t; map as in
   InsrStage; the points belong to those of a set (NULL: to none). */
PETSC_INTERN PetscErrorCode SinewInsrAccumulate(SinewInsr insr, const InsrLevels *levels, PetscReal t,
                                                const PetscReal q[3], SinewPointMap *map, const InsrSet *set,
                                                PetscInt n, const PetscReal x[], PetscReal out[]);
/* The same at the points of all sets of the system, into a slot. */
PETSC_INTERN PetscErrorCode SinewInsrAccumulateSlot(InsrSystem *system, const InsrLevels *levels, PetscReal t,
                                                    const PetscReal q[3], PetscInt slot);
/* slot `to` = sum of c[k] times slot k, k < slots (to may be among them) */
PETSC_INTERN PetscErrorCode SinewInsrCombine(InsrSystem *system, PetscInt slots, const PetscReal c[], PetscInt to);
/* Root mean square of density q - slot at set 0's points, boundary rows left out. Collective. */
PETSC_INTERN PetscErrorCode SinewInsrDistance(InsrSystem *system, const PetscReal w[], PetscInt slot, PetscReal *norm);
/* Root mean square of the target at set 0's points, which is q up to what a step changes. Collective. */
PETSC_INTERN PetscErrorCode SinewInsrTargetSize(InsrSystem *system, PetscReal *size);
/* w from the best of the candidates (some may be NULL), for the system's stage and target; counts into the report. */
PETSC_INTERN PetscErrorCode SinewInsrSolve(InsrSystem *system, PetscInt candidates, const PetscReal *candidate[],
                                           PetscReal w[], SinewInsrReport *report);

/* ---- schemes (insr_schemes.c) ---- */
typedef PetscErrorCode InsrAdvance(SinewInsr insr, PetscReal t, PetscReal dt, SinewInsrReport *report);

PETSC_INTERN SinewJetOrder SinewInsrStepOrder(const SinewPointwise *equation, SinewInsrScheme scheme);
PETSC_INTERN InsrAdvance SinewInsrAdvance;
PETSC_INTERN InsrAdvance SinewInsrAdvanceGalerkin;    /* insr_galerkin.c */
PETSC_INTERN InsrAdvance SinewInsrAdvanceLagrange;    /* insr_lagrange.c */
PETSC_INTERN InsrAdvance SinewInsrAdvanceVariational; /* insr_variational.c */
/* guess = (1 + s) w - s previous at a fraction of the step; NULL where there is no previous level */
PETSC_INTERN const PetscReal *SinewInsrExtrapolate(SinewInsr insr, PetscReal dt);

#endif
