#ifndef SINEW_NEURAL_LEAST_SQUARES_H
#define SINEW_NEURAL_LEAST_SQUARES_H
/*
  Nonlinear least squares, min over w of |r(w)|^2, for a few hundred to a few ten thousand weights and many
  more rows spread over the ranks; weights are replicated.

  Method. Levenberg-Marquardt: (J'J + mu D) d = -J'r, with D the mean of the diagonal of J'J times the
  identity (Levenberg 1944) or the diagonal itself (Marquardt 1963); mu from the gain ratio (Nielsen 1999,
  IMM-REP-1999-05, equation 2.4), kept within [damping_least, damping_most] and, by the caller's `damping`,
  carried from solve to solve. Options:
    acceleration  geodesic: d + a / 2 with (J'J + mu D) a = -J' r''[d, d], taken when it is short
                  (Transtrum & Sethna 2012, arXiv 1201.5885, equation 11; r'' by a difference)
    reuse         after an accepted step, up to that many further steps with the same Jacobian and factor and
                  the new residual, while each lowers |r| well (Shamanskii 1967: one adjoint pass and two
                  triangular solves instead of a Gram matrix and its factor)
    subset        a part of the weights, drawn anew every iteration (seed), moves; the matrix shrinks by its
                  square (Finzi et al. 2023, arXiv 2304.14994)
  Linear solvers
    SINEW_LS_NORMAL  J'J and J'r by BLAS-3 in blocks of rows, summed over the ranks, Cholesky on every rank.
                     The work-horse: with damping the squared condition number is harmless, because every
                     iteration refines the last
    SINEW_LS_QR      R of [J r] by QR in blocks of rows and over the ranks (TSQR: Demmel et al. 2012, SIAM J.
                     Sci. Comput. 34), then of [R; sqrt(mu D)]: for damping below 1e-12; 5 to 10 times dearer
    SINEW_LS_LSQR    LSQR (Paige & Saunders 1982), J v and J'y only, columns scaled to norm one: more than 5000
                     weights
    SINEW_LS_AUTO    NORMAL up to 5000 weights, LSQR above
  For comparison, without Jacobians: SINEW_LS_LBFGS and SINEW_LS_ADAM make Solve call SinewLeastSquaresLBFGS, and
  SinewLeastSquaresAdam with the original's standards and the options' rate; `iterations` and `tolerance` hold for them.

  Rows come in blocks (some hundred rows; whose Jacobian is asked for at once) and blocks in parts. Sums are
  made part by part and then in a binary tree over the parts, across ranks too. Hence the same bits on 1, 2, 4
  ranks when the parts are the same (their number a power of two divisible by that of the ranks, at most 8
  ranks); else the sums agree up to rounding.

  Memory: a few matrices of the weights, and the Jacobian where it has at most four rows a weight (over all ranks),
  which spares acceleration and reuse an adjoint pass; else 512 rows of it.

  A solve ends when |r| <= tolerance ("residual"), when a step lowers |r| by less than the fraction stagnation
  ("stagnation"), when the residual at held-out points has grown for three accepted steps in turn ("held-out":
  the weights of the best are returned), after `iterations` steps, or when no damping up to
  damping_most lowers |r| ("damping"). |r| is the 2-norm over all rows; weigh rows so that it is a mean or a
  quadrature.

  Life-cycle. Create for a problem (all memory is allocated here), Solve as often as needed (w in and out),
  Destroy. Collective on comm. Errors. SINEW_ERR_BREAKDOWN when the residual is NaN at the first guess (w
  is untouched); a step to NaN is only a rejected step. Too few rows for the weights are reported by
  report->rows and report->parameters: 1.2 rows a weight is the least to trust.
*/
#include "../io/error.h"

typedef struct {
  void *ctx;
  PetscInt parameters;         /* the same on every rank */
  PetscInt parts;              /* this rank's */
  const PetscInt *part_block;  /* [parts + 1] first block of each part */
  const PetscInt *block_start; /* [blocks + 1] first row of each block, this rank's rows from 0 */
  /* Rows below are this rank's; none of these is collective. */
  PetscErrorCode (*residual)(void *ctx, const PetscReal w[], PetscReal r[]);
  /* J[column[k] * ld + i] = d r_i / d w_k for the rows of one block and the weights whose column is not negative;
     column NULL: k itself */
  PetscErrorCode (*rows)(void *ctx, const PetscReal w[], PetscInt block, const PetscInt column[], PetscReal J[],
                         PetscInt ld);
  PetscErrorCode (*apply)(void *ctx, const PetscReal w[], const PetscReal v[], PetscReal y[]); /* y = J v */
  /* g += J' y over the rows of one part */
  PetscErrorCode (*transpose)(void *ctx, const PetscReal w[], PetscInt part, const PetscReal y[], PetscReal g[]);
  /* sum of squares at this rank's held-out points; NULL without them */
  PetscErrorCode (*held_out)(void *ctx, const PetscReal w[], PetscReal *sum);
} SinewLeastSquaresProblem;

typedef enum {
  SINEW_LS_AUTO,
  SINEW_LS_NORMAL,
  SINEW_LS_QR,
  SINEW_LS_LSQR,
  SINEW_LS_LBFGS,
  SINEW_LS_ADAM,
  SINEW_LS_NEWTON, /* of energies (energy.h), not of rows */
  SINEW_LS_NEWTON_CG
} SinewLeastSquaresSolver;
typedef enum { SINEW_LS_LEVENBERG, SINEW_LS_MARQUARDT } SinewLeastSquaresScaling;

typedef struct {
  SinewLeastSquaresSolver solver;
  SinewLeastSquaresScaling scaling;
  PetscInt iterations;
  PetscReal tolerance;  /* on |r| */
  PetscReal stagnation; /* least relative decrease of |r| a step */
  PetscReal damping, damping_least, damping_most;
  PetscBool acceleration;
  PetscInt reuse;
  PetscReal subset; /* fraction of the weights that moves in an iteration, 1 for all; NORMAL only */
  PetscInt64 seed;
  PetscInt krylov_iterations;
  PetscReal krylov_tolerance; /* relative, on |J'(J d + r)| */
  PetscReal rate;             /* ADAM's first */
  /* called on every rank after each accepted step; NULL for silence */
  PetscErrorCode (*monitor)(void *ctx, PetscInt iteration, PetscReal residual, PetscReal damping);
  void *monitor_ctx;
} SinewLeastSquaresOptions;

typedef struct {
  PetscInt iterations;                           /* accepted steps, those on a reused matrix included */
  PetscInt matrices;                             /* Gram matrices (or QR factors) formed */
  PetscInt evaluations;                          /* residuals */
  PetscInt krylov;                               /* LSQR iterations in all */
  PetscReal first, residual, held_out, gradient; /* |r| at the start and at the end; |r| held out; |J'r| last seen */
  PetscReal damping;                             /* to pass on to the next solve */
  PetscReal condition; /* lower bound for that of J'J + mu D, from the last factor's diagonal; 0 for LSQR */
  PetscInt64 rows, parameters;
  const char *reason; /* residual, stagnation, held-out, iterations, damping (no step lowers |r|), singular */
} SinewLeastSquaresReport;

typedef struct _p_SinewLeastSquares *SinewLeastSquares;

/* SinewLeastSquaresDefaults - AUTO, Levenberg, 100 iterations, damping 1e-3 in [1e-9, 1e10], no extras. */
PETSC_EXTERN SinewLeastSquaresOptions SinewLeastSquaresDefaults(void);

/* SinewLeastSquaresCreate - the problem's struct is copied, its arrays and ctx are referred to. */
PETSC_EXTERN PetscErrorCode SinewLeastSquaresCreate(MPI_Comm comm, const SinewLeastSquaresProblem *problem,
                                                    const SinewLeastSquaresOptions *options, SinewLeastSquares *ls);
PETSC_EXTERN PetscErrorCode SinewLeastSquaresDestroy(SinewLeastSquares *ls);
/* Options may change between solves, except for the solver. */
PETSC_EXTERN SinewLeastSquaresOptions *SinewLeastSquaresGetOptions(SinewLeastSquares ls);

PETSC_EXTERN PetscErrorCode SinewLeastSquaresSolve(SinewLeastSquares ls, PetscReal w[],
                                                   SinewLeastSquaresReport *report);
/* SinewLeastSquaresSolveFrom - the same from the best of several guesses [n] (NULL: none; w may be one of them).
 *best is its number, or -1, and w untouched, when none has a residual that is a number, which is no error here. */
PETSC_EXTERN PetscErrorCode SinewLeastSquaresSolveFrom(SinewLeastSquares ls, PetscInt n, const PetscReal *const guess[],
                                                       PetscReal w[], PetscInt *best, SinewLeastSquaresReport *report);

/*
  SinewLeastSquaresLinear - d = argmin |J d + r|^2 with J and r at w, once: damped by mu D, or, with cut > 0 (NORMAL
  only), without the directions whose singular value is below cut times the largest. *ok is false when r is not a number
  or the matrix is singular. Collective.
*/
PETSC_EXTERN PetscErrorCode SinewLeastSquaresLinear(SinewLeastSquares ls, const PetscReal w[], PetscReal mu,
                                                    PetscReal cut, PetscReal d[], PetscBool *ok);

/* SinewLeastSquaresNorm - |r(w)| over all ranks. */
PETSC_EXTERN PetscErrorCode SinewLeastSquaresNorm(SinewLeastSquares ls, const PetscReal w[], PetscReal *norm);

/* SinewLeastSquaresCondition - condition of the last factored J'J + mu D in the 2-norm, by power iteration with the
   matrix and with its inverse (NORMAL and QR only; an estimate from below, good to some percent). */
PETSC_EXTERN PetscErrorCode SinewLeastSquaresCondition(SinewLeastSquares ls, PetscReal *condition);

/*
  Adam for comparison, in PyTorch's arithmetic (torch.optim.Adam, no weight decay; Kingma & Ba 2015), on the loss
  |r|^2, with torch's ReduceLROnPlateau (mode min, relative threshold 1e-4) as the original INSR code uses both.
  resample(ctx, iteration) is called before every iteration unless NULL.
*/
typedef struct {
  PetscInt iterations;
  PetscReal rate, beta1, beta2, epsilon;
  PetscReal factor, rate_least; /* plateau: rate *= factor, not below rate_least; factor 1 for a constant rate */
  PetscInt patience;
  PetscReal rate_stop; /* ends when the rate is at or below; 0 for never */
  PetscReal tolerance; /* or when |r| is */
  PetscErrorCode (*resample)(void *ctx, PetscInt iteration);
  void *resample_ctx;
} SinewAdamOptions;

typedef struct {
  PetscInt iterations;
  PetscReal first, residual, rate; /* |r| before the first and before the last iteration */
} SinewAdamReport;

/*
  SinewLeastSquaresLBFGS - limited-memory BFGS (PETSc's TAOLMVM, options with prefix -insr_tao_) on |r|^2 until
  `iterations` or |r| <= tolerance of the options: for comparison. Collective; w is replicated as everywhere.
*/
PETSC_EXTERN PetscErrorCode SinewLeastSquaresLBFGS(SinewLeastSquares ls, PetscReal w[],
                                                   SinewLeastSquaresReport *report);

/* SinewAdamDefaults - the original's: rate 1e-4, 20000 iterations, plateau of 500, factor 0.1, stop at 1.1e-8. */
PETSC_EXTERN SinewAdamOptions SinewAdamDefaults(void);
PETSC_EXTERN PetscErrorCode SinewLeastSquaresAdam(SinewLeastSquares ls, const SinewAdamOptions *options, PetscReal w[],
                                                  SinewAdamReport *report);
#endif
