/* The Gram matrix of [J r], its Cholesky factor, and solves with it. */
#include "dense_private.h"
#include "least_squares_private.h"
#include "sampling.h"

#define KEPT_ROWS 4 /* a weight: J is then no larger than a few matrices */

PetscReal SinewLeastSquaresScale(SinewLeastSquares ls, PetscInt k)
{
  const PetscReal mean = ls->diagonal[ls->P]; /* kept behind the diagonal */

  return ls->options.scaling == SINEW_LS_LEVENBERG ? mean : PetscMax(ls->diagonal[k], 1e-12 * mean);
}

PetscErrorCode SinewLeastSquaresAllocateMatrix(SinewLeastSquares ls)
{
  const size_t n = (size_t)ls->P + 1;

  PetscFunctionBegin;
  ls->kept = (PetscBool)(ls->solver == SINEW_LS_NORMAL && ls->all_rows <= KEPT_ROWS * (PetscInt64)ls->P);
  ls->ld = ls->kept ? PetscMax(ls->rows, 1) : ls->chunk;
  PetscCall(PetscMalloc1((size_t)ls->ld * n, &ls->J));
  PetscCall(PetscMalloc1(n * n, &ls->matrix)); /* by itself: sums of parts exchange it with a level */
  PetscCall(PetscMalloc1(n * n, &ls->factor));
  if (ls->size > 1) {
    PetscCall(PetscFree(ls->received));
    PetscCall(PetscMalloc1(n * (n + 1) / 2, &ls->received));
  }
  for (int k = 0; ls->solver == SINEW_LS_NORMAL && ls->tree && ls->problem.parts >> (k + 1); k++)
    PetscCall(PetscMalloc1(n * n, &ls->level[k]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A random half (say) of the weights: those with the smallest of P random keys would need a sort; here every weight
   draws by itself against what is still needed (Knuth's selection sampling, algorithm S). */
static void draw_moving(SinewLeastSquares ls, PetscInt iteration)
{
  const PetscReal part = ls->solver == SINEW_LS_NORMAL ? ls->options.subset : 1;
  const PetscInt wanted = part < 1 ? (PetscInt)PetscCeilReal(part * (PetscReal)ls->P) : ls->P;

  ls->active = 0;
  for (PetscInt k = 0; k < ls->P; k++) {
    const PetscReal u = wanted < ls->P ? SinewUniform(ls->options.seed, iteration, k) : 0;

    ls->column[k] = u * (PetscReal)(ls->P - k) < (PetscReal)(wanted - ls->active) ? ls->active : -1;
    if (ls->column[k] >= 0) ls->moving[ls->active++] = k;
  }
}

PetscErrorCode SinewLeastSquaresChunk(SinewLeastSquares ls, const PetscReal w[], PetscInt end, PetscInt *b,
                                      PetscReal **J, PetscInt *rows)
{
  const SinewLeastSquaresProblem *p = &ls->problem;
  const PetscInt first = p->block_start[*b];

  PetscFunctionBegin;
  *J = ls->J + (ls->kept ? first : 0);
  for (*rows = 0; *b < end && p->block_start[*b + 1] - first <= ls->chunk; (*b)++) {
    PetscCall(p->rows(p->ctx, w, *b, ls->column, *J + *rows, ls->ld));
    *rows = p->block_start[*b + 1] - first;
  }
  PetscCall(PetscArraycpy(*J + ls->active * ls->ld, ls->r + first, *rows));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewLeastSquaresTransposeAssembled(SinewLeastSquares ls, const PetscReal y[], PetscReal g[])
{
  const SinewLeastSquaresProblem *p = &ls->problem;
  PetscReal *x = ls->y_weights;

  PetscFunctionBegin;
  if (!ls->kept) {
    PetscCall(SinewLeastSquaresTranspose(ls, ls->origin, y, g));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (PetscInt part = 0; part < p->parts; part++) {
    const PetscInt first = p->block_start[p->part_block[part]], end = p->block_start[p->part_block[part + 1]];

    PetscCall(PetscArrayzero(ls->partial, ls->active));
    SinewGemv('T', end - first, ls->active, 1, ls->J + first, ls->ld, y + first, 1, ls->partial);
    SinewLeastSquaresFold(ls, part, ls->active);
  }
  PetscCall(SinewLeastSquaresFinish(ls, ls->active, x));
  for (PetscInt k = 0; k < ls->P; k++) g[k] = ls->column[k] < 0 ? 0 : x[ls->column[k]];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void add_triangle(PetscInt n, const PetscReal from[], PetscReal into[])
{
  for (PetscInt j = 0; j < n; j++) {
#pragma omp simd
    for (PetscInt i = 0; i <= j; i++) into[j * n + i] += from[j * n + i];
  }
}

/* The part's sum lies in the matrix; see least_squares_sum.c for the order. */
static PetscErrorCode fold_part(SinewLeastSquares ls, PetscInt part, PetscInt n)
{
  const PetscBool last = (PetscBool)(part == ls->problem.parts - 1);
  int k = 0;

  PetscFunctionBegin;
  for (; part >> k; k++) {
    if ((part >> k) & 1)
      add_triangle(n, ls->level[k], ls->matrix);
    else if (!last)
      break;
  }
  if (!last) {
    PetscReal *swap = ls->level[k];

    ls->level[k] = ls->matrix;
    ls->matrix = swap;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode sum_matrix(SinewLeastSquares ls, PetscInt n)
{
  PetscReal *packed = ls->factor;
  PetscInt count = 0;

  PetscFunctionBegin;
  if (ls->size == 1) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt j = 0; j < n; count += ++j) PetscCall(PetscArraycpy(packed + count, ls->matrix + j * n, j + 1));
  PetscCall(SinewLeastSquaresSumRanks(ls, count, packed));
  count = 0;
  for (PetscInt j = 0; j < n; count += ++j) PetscCall(PetscArraycpy(ls->matrix + j * n, packed + count, j + 1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode assemble_gram(SinewLeastSquares ls, const PetscReal w[])
{
  const SinewLeastSquaresProblem *p = &ls->problem;
  const PetscInt n = ls->active + 1;
  PetscReal *J;
  PetscInt rows;

  PetscFunctionBegin;
  if (!ls->tree || p->parts == 0) PetscCall(PetscArrayzero(ls->matrix, n * n));
  for (PetscInt part = 0; part < p->parts; part++) {
    PetscReal beta = ls->tree ? 0 : 1;

    for (PetscInt b = p->part_block[part]; b < p->part_block[part + 1]; beta = 1) {
      PetscCall(SinewLeastSquaresChunk(ls, w, p->part_block[part + 1], &b, &J, &rows));
      SinewGram(n, rows, J, ls->ld, beta, ls->matrix, n);
    }
    if (ls->tree && p->part_block[part] == p->part_block[part + 1]) PetscCall(PetscArrayzero(ls->matrix, n * n));
    if (ls->tree) PetscCall(fold_part(ls, part, n));
  }
  PetscCall(sum_matrix(ls, n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* J'r and the diagonal of J'J from the matrix. */
static void read_matrix(SinewLeastSquares ls)
{
  const PetscInt n = ls->active + 1;
  PetscReal sum = 0;

  for (PetscInt k = 0; k < ls->P; k++) ls->g[k] = ls->diagonal[k] = 0;
  for (PetscInt k = 0; k < ls->active; k++) {
    const PetscReal *column = ls->matrix + k * n, *last = ls->matrix + ls->active * n;
    PetscReal square = column[k], product = last[k];

    if (ls->solver == SINEW_LS_QR) {
      square = product = 0;
      for (PetscInt i = 0; i <= k; i++) {
        square += column[i] * column[i];
        product += column[i] * last[i];
      }
    }
    ls->diagonal[ls->moving[k]] = square;
    ls->g[ls->moving[k]] = product;
    sum += square;
  }
  ls->diagonal[ls->P] = sum / (PetscReal)PetscMax(ls->active, 1);
}

PetscErrorCode SinewLeastSquaresAssemble(SinewLeastSquares ls, const PetscReal w[], PetscInt iteration)
{
  PetscFunctionBegin;
  draw_moving(ls, iteration);
  ls->report.matrices++;
  if (ls->solver == SINEW_LS_LSQR) {
    PetscCall(SinewLeastSquaresDiagonal(ls, w));
    PetscCall(SinewLeastSquaresTranspose(ls, w, ls->r, ls->g));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (ls->solver == SINEW_LS_QR)
    PetscCall(SinewLeastSquaresAssembleQR(ls, w));
  else
    PetscCall(assemble_gram(ls, w));
  read_matrix(ls);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* (largest / smallest pivot)^2, never above the true condition number */
static PetscReal pivots(SinewLeastSquares ls)
{
  PetscReal least = PETSC_MAX_REAL, most = 0;

  for (PetscInt k = 0; k < ls->active; k++) {
    const PetscReal pivot = PetscAbsReal(ls->factor[k * (ls->active + 2)]);

    least = PetscMin(least, pivot);
    most = PetscMax(most, pivot);
  }
  return least > 0 ? PetscSqr(most / least) : PETSC_MAX_REAL;
}

PetscErrorCode SinewLeastSquaresFactor(SinewLeastSquares ls, PetscReal mu, PetscBool *ok)
{
  const PetscInt n = ls->active + 1;

  PetscFunctionBegin;
  *ok = PETSC_TRUE;
  if (ls->solver == SINEW_LS_LSQR) PetscFunctionReturn(PETSC_SUCCESS);
  if (ls->solver == SINEW_LS_QR) {
    PetscCall(SinewLeastSquaresFactorQR(ls, mu));
  } else {
    for (PetscInt k = 0; k < ls->active; k++) {
      PetscCall(PetscArraycpy(ls->factor + k * n, ls->matrix + k * n, k + 1));
      ls->factor[k * n + k] += mu * SinewLeastSquaresScale(ls, ls->moving[k]);
    }
    *ok = SinewCholesky(ls->active, ls->factor, n);
  }
  if (*ok) ls->report.condition = pivots(ls);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewLeastSquaresBackSolve(SinewLeastSquares ls, const PetscReal g[], PetscReal d[])
{
  const PetscInt n = ls->active + 1;
  PetscReal *x = ls->y_weights;

  PetscFunctionBegin;
  for (PetscInt k = 0; k < ls->active; k++) x[k] = g[ls->moving[k]];
  if (ls->solver == SINEW_LS_QR && g == ls->g && ls->fresh) {
    PetscCall(PetscArraycpy(x, ls->factor + ls->active * n, ls->active)); /* Q'r, not squared */
  } else {
    SinewTriangularSolve('T', ls->active, ls->factor, n, x);
  }
  SinewTriangularSolve('N', ls->active, ls->factor, n, x);
  PetscCall(PetscArrayzero(d, ls->P));
  for (PetscInt k = 0; k < ls->active; k++) d[ls->moving[k]] = -x[k];
  PetscFunctionReturn(PETSC_SUCCESS);
}
