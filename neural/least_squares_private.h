#ifndef SINEW_NEURAL_LEAST_SQUARES_PRIVATE_H
#define SINEW_NEURAL_LEAST_SQUARES_PRIVATE_H
#include "neural/least_squares.h"

#define LS_CHUNK_ROWS 512 /* rows of J at once: enough for BLAS-3, few enough for a cache */
#define LS_LEVELS_MAX 31

struct _p_SinewLeastSquares {
  MPI_Comm comm;
  PetscMPIInt rank, size;
  SinewLeastSquaresProblem problem;
  SinewLeastSquaresOptions options;
  SinewLeastSquaresSolver solver; /* never AUTO */
  PetscInt P, rows, chunk;        /* weights, this rank's rows, the largest number of rows in J */
  PetscInt64 all_rows;
  PetscBool tree; /* same bits on any number of ranks */

  PetscReal *r, *r_new, *y;                        /* rows */
  PetscReal *g, *d, *a, *w_new, *best, *y_weights; /* weights */
  PetscReal *origin;                               /* [P] where the matrix was formed */
  PetscReal *diagonal;                             /* [P + 1] of J'J, and its mean */
  PetscReal *partial;                              /* [levels][P + 1], of the tree's vector sums */
  PetscReal *received;                             /* the partner's sum */

  /* the moving weights of this iteration: moving[0..active-1], ascending */
  PetscInt active, *moving, *column; /* column[k]: where weight k is among them, or -1 */

  /* NORMAL: Gram matrix of [J r] ((active + 1)^2, upper triangle) and its factor. QR: R of [J r], and the damped one */
  PetscReal *J, *matrix, *factor;
  PetscInt ld;                          /* of J */
  PetscBool kept;                       /* J holds all rows, block_start by block_start; else one chunk at a time */
  PetscReal *level[LS_LEVELS_MAX];      /* partial matrices of the tree, allocated as needed */
  PetscReal *qr, *stacked, *tau, *work; /* QR: what is triangularised, what is stacked underneath */
  PetscInt lwork;
  PetscBool fresh; /* the factor is that of the matrix that g came from */

  PetscReal *krylov[4]; /* LSQR: three of weights, one of rows */
  SinewLeastSquaresReport report;
};

/* ---- sums over parts and ranks (least_squares_sum.c) ---- */
/* Sum over all ranks of x [n], in place. */
PETSC_INTERN PetscErrorCode SinewLeastSquaresSumRanks(SinewLeastSquares ls, PetscInt n, PetscReal x[]);
/* After the sum of n numbers over one part was put into ls->partial: folds it into the tree; after the last part
   the sum x over all parts of all ranks. */
PETSC_INTERN void SinewLeastSquaresFold(SinewLeastSquares ls, PetscInt part, PetscInt n);
PETSC_INTERN PetscErrorCode SinewLeastSquaresFinish(SinewLeastSquares ls, PetscInt n, PetscReal x[]);
/* g [P] = J' y over all rows */
PETSC_INTERN PetscErrorCode SinewLeastSquaresTranspose(SinewLeastSquares ls, const PetscReal w[], const PetscReal y[],
                                                       PetscReal g[]);
/* sum of squares of the rows y over all ranks */
PETSC_INTERN PetscErrorCode SinewLeastSquaresSquares(SinewLeastSquares ls, const PetscReal y[], PetscReal *sum);

/* ---- linear algebra of one iteration ---- */
/* Draws the moving weights; assembles the matrix at w, g = J'r (zero for weights at rest), and the diagonal of J'J. */
PETSC_INTERN PetscErrorCode SinewLeastSquaresAssemble(SinewLeastSquares ls, const PetscReal w[], PetscInt iteration);
/* Factors with damping mu; *ok is false when that fails. */
PETSC_INTERN PetscErrorCode SinewLeastSquaresFactor(SinewLeastSquares ls, PetscReal mu, PetscBool *ok);
/* d = -(J'J + mu D)^{-1} g, g and d [P] */
PETSC_INTERN PetscErrorCode SinewLeastSquaresBackSolve(SinewLeastSquares ls, const PetscReal g[], PetscReal d[]);
PETSC_INTERN PetscErrorCode SinewLeastSquaresAllocateMatrix(SinewLeastSquares ls);
/* QR's share of the above (least_squares_qr.c) */
PETSC_INTERN PetscErrorCode SinewLeastSquaresAllocateQR(SinewLeastSquares ls);
PETSC_INTERN PetscErrorCode SinewLeastSquaresAssembleQR(SinewLeastSquares ls, const PetscReal w[]);
PETSC_INTERN PetscErrorCode SinewLeastSquaresFactorQR(SinewLeastSquares ls, PetscReal mu);
/* LSQR (least_squares_krylov.c): d from the residual r at w, damped by mu; the diagonal is J'J's */
PETSC_INTERN PetscErrorCode SinewLeastSquaresAllocateKrylov(SinewLeastSquares ls);
PETSC_INTERN PetscErrorCode SinewLeastSquaresDiagonal(SinewLeastSquares ls, const PetscReal w[]);
PETSC_INTERN PetscErrorCode SinewLeastSquaresKrylov(SinewLeastSquares ls, const PetscReal w[], PetscReal mu,
                                                    PetscReal d[]);

/* weight k's entry of D */
PETSC_INTERN PetscReal SinewLeastSquaresScale(SinewLeastSquares ls, PetscInt k);
/* Rows of J (moving columns, r as the last one; leading dimension ls->ld) from block *b on, as many as fit below
   block `end`. */
PETSC_INTERN PetscErrorCode SinewLeastSquaresChunk(SinewLeastSquares ls, const PetscReal w[], PetscInt end, PetscInt *b,
                                                   PetscReal **J, PetscInt *rows);
/* g [P] = J'y with the Jacobian of the matrix; zero for weights at rest where J was kept */
PETSC_INTERN PetscErrorCode SinewLeastSquaresTransposeAssembled(SinewLeastSquares ls, const PetscReal y[],
                                                                PetscReal g[]);
#endif
