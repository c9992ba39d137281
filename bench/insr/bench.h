#ifndef SINEW_BENCH_INSR_H
#define SINEW_BENCH_INSR_H
/* What the files of the INSR bench share: cases, their runs, lines of the table. */
#include "neural/insr.h"
#include "solvers/pointwise.h"

/* One row of the table. */
typedef struct {
  char what[48];
  PetscReal error, relative; /* the case's own norm; relative L2 (negative: not measured) */
  PetscReal seconds, cpu;    /* of all steps and the initial fit; wall clock and this process's */
  PetscReal kilobytes;       /* of one level: weights in double precision, or the grid's values */
  char remark[96];
} BenchLine;

/* A problem of the bench. Values are those of the equation's q, points are [n][dim]. */
typedef struct {
  const char *key, *title, *norm; /* "a", ..; what the column of errors holds */
  PetscInt dim, components;
  PetscReal lower[2], upper[2], dt;
  PetscReal mean[2]; /* not counted in the size of q */
  PetscInt steps;
  SinewPointFunction *initial;
  SinewPointFunction *start;  /* what networks are fitted to; NULL: initial */
  SinewPointFunction *exact;  /* or, where there is none, a fine grid's solution at the end */
  PetscBool periodic;         /* flows: the box, else slip walls */
  PetscReal viscosity, speed; /* flows: for the rival on a grid, with the largest speed */
  PetscBool mean_square;      /* the error is the mean square of the vector; else the mean modulus */
  PetscErrorCode (*equation)(SinewPointwise **equation);
  void (*options)(const char scheme[], SinewInsrOptions *options);
  const char *schemes[4];                   /* ended by NULL */
  PetscInt adam_points, adam_iterations[3]; /* the original's: points an iteration; iterations of a step's phases */
} BenchCase;

extern const BenchCase BenchCases[];
extern const PetscInt BenchCaseCount;

/* Error of values [components][n] at points. */
PetscErrorCode BenchError(const BenchCase *c, PetscReal t, PetscInt n, const PetscReal x[], const PetscReal values[],
                          BenchLine *line);
/* n^dim cell centres, n by the case; the caller frees x. */
PetscErrorCode BenchGrid(const BenchCase *c, PetscInt *n, PetscReal **x);

/* The case by INSR with a scheme, by the original's Adam (a few steps, extrapolated), on a grid. */
PetscErrorCode BenchInsr(const BenchCase *c, const char scheme[], BenchLine *line);
PetscErrorCode BenchAdam(const BenchCase *c, BenchLine *line);
PetscErrorCode BenchVorticity(const BenchCase *c, PetscInt nodes, BenchLine *line); /* flows on a grid */
/* The same flow at time t, velocity [2][n] at points. */
PetscErrorCode BenchVorticityAt(const BenchCase *c, PetscInt nodes, PetscReal t, PetscInt n, const PetscReal x[],
                                PetscReal v[]);
PetscErrorCode BenchReference(const BenchCase *c); /* a flow on finer and finer grids, one against the other */
PetscErrorCode BenchOnGrid(const BenchCase *c, PetscInt cells, BenchLine *line);

PetscErrorCode BenchScaling(void); /* collective */

PetscReal BenchSeconds(void); /* wall clock */
PetscReal BenchCpu(void);     /* of this process */

#endif
