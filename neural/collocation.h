#ifndef SINEW_NEURAL_COLLOCATION_H
#define SINEW_NEURAL_COLLOCATION_H
/*
  A point network and pointwise residuals make a least-squares problem: rows are scale(p) R_k(x_p, jet of u
  at x_p), for points p spread over the ranks and residual components k. Several terms (interior, boundary,
  data), each with its own points, order of jet and function.

  Or the terms are potentials, energies e_p of the jet whose sum over the points, times scale^2, is to be made small
  (neural/energy.h). The rows of such a term are a metric: J'J is the Gauss-Newton part of the Hessian with the
  absolute values of the eigenvalues of every point's second derivative (as Teran et al. 2005, SCA, project them away),
  and there is no residual. Memory: (jets + 1) jets numbers a point.

  Points have global indices 0 .. n-1 in every term, cut into `parts` contiguous parts; a rank owns whole
  parts (SinewCollocationRange says which points those are, so that each rank makes its own, for example by
  SinewSample). The number of parts, not of ranks, decides the order of sums; see least_squares.h.

  Life-cycle. Create with a jet (referred to, not owned); AddTerm for each term (allocates); SetPoints when
  points or their scale change (copied, no allocation); hand SinewCollocationProblem to
  SinewLeastSquaresCreate after all terms are there; Destroy after the least squares. Create and AddTerm are
  collective in the sense that all ranks must call them alike; nothing communicates.
*/
#include "energy.h"
#include "jet.h"
#include "least_squares.h"

/*
  SinewPointResidual - r [residuals][n] at n points (this rank's points first .. first + n - 1 of the term),
  given x [n][dim] and jets u [outputs][channels][n]; unless dr is NULL also dr [residuals][outputs][channels][n]
  = d r / d u, zero on entry: set what is not zero.
*/
typedef PetscErrorCode SinewPointResidual(void *ctx, PetscInt first, PetscInt n, const PetscReal x[],
                                          const PetscReal u[], PetscReal r[], PetscReal dr[]);

/*
  SinewPointPotential - energies e [n] at n points as above, and unless de is NULL their derivatives by the jets,
  de [outputs][channels][n] and d2e [outputs channels][outputs channels][n], symmetric; both zero on entry.
*/
typedef PetscErrorCode SinewPointPotential(void *ctx, PetscInt first, PetscInt n, const PetscReal x[],
                                           const PetscReal u[], PetscReal e[], PetscReal de[], PetscReal d2e[]);

typedef struct _p_SinewCollocation *SinewCollocation;

/* SinewCollocationCreate - parts is rounded up to a multiple of the number of ranks. */
PETSC_EXTERN PetscErrorCode SinewCollocationCreate(MPI_Comm comm, SinewJet jet, PetscInt parts, SinewCollocation *);
PETSC_EXTERN PetscErrorCode SinewCollocationDestroy(SinewCollocation *);

/* SinewCollocationRange - this rank's points of n. */
PETSC_EXTERN PetscErrorCode SinewCollocationRange(SinewCollocation, PetscInt n, PetscInt *first, PetscInt *count);

/* SinewCollocationBlock - how many of this rank's points of n, from its point `first` on, belong to one block. Whoever
   evaluates something at the points by himself goes from block to block by it: BLAS and vector loops round the last
   points of a call otherwise than those before, so that only calls of the same blocks give the same bits on any
   number of ranks. */
PETSC_EXTERN PetscInt SinewCollocationBlock(SinewCollocation, PetscInt n, PetscInt first);

/* SinewCollocationAddTerm - a term with n points in all; returns its index. */
PETSC_EXTERN PetscErrorCode SinewCollocationAddTerm(SinewCollocation, SinewJetOrder order, PetscInt n,
                                                    PetscInt residuals, SinewPointResidual *function, void *ctx,
                                                    PetscInt *term);

/* SinewCollocationAddPotential - the same for a potential; order VALUE or GRADIENT. */
PETSC_EXTERN PetscErrorCode SinewCollocationAddPotential(SinewCollocation, SinewJetOrder order, PetscInt n,
                                                         SinewPointPotential *function, void *ctx, PetscInt *term);

/* SinewCollocationSetPoints - this rank's points x [count][dim] of a term, and the factors of their rows (NULL: all
   1 / sqrt(n), so that |r|^2 is the mean of squares). */
PETSC_EXTERN PetscErrorCode SinewCollocationSetPoints(SinewCollocation, PetscInt term, const PetscReal x[],
                                                      const PetscReal scale[]);

/* SinewCollocationSquares - this rank's sum of squares of scale(p) y [rows][count] at its points of n, in the order in
   which least squares sums (the reduction over ranks is the caller's). */
PETSC_EXTERN PetscErrorCode SinewCollocationSquares(SinewCollocation, PetscInt n, PetscInt rows,
                                                    const PetscReal scale[], const PetscReal y[], PetscReal *sum);

/* SinewCollocationHoldOut - the rows of another collocation over the same jet (referred to) are the held-out ones. */
PETSC_EXTERN PetscErrorCode SinewCollocationHoldOut(SinewCollocation, SinewCollocation held_out);

/* SinewCollocationProblem - filled in; valid until the next AddTerm or Destroy. */
PETSC_EXTERN PetscErrorCode SinewCollocationProblem(SinewCollocation, SinewLeastSquaresProblem *problem);

/* SinewCollocationEnergy - the same for a collocation of potentials, whose SinewCollocationProblem is the metric. */
PETSC_EXTERN PetscErrorCode SinewCollocationEnergy(SinewCollocation, SinewEnergyProblem *problem);

#endif
