#include "blas.h"
#include "dense_private.h"
#include "least_squares_private.h"

#define TREE_RANKS_MAX 8 /* recursive doubling sends the whole matrix log2(ranks) times */
#define MATRIX_MOST    5000

SinewLeastSquaresOptions SinewLeastSquaresDefaults(void)
{
  return (SinewLeastSquaresOptions){.solver = SINEW_LS_AUTO,
                                    .scaling = SINEW_LS_LEVENBERG,
                                    .iterations = 100,
                                    .damping = 1e-3,
                                    .damping_least = 1e-9,
                                    .damping_most = 1e10,
                                    .subset = 1,
                                    .krylov_iterations = 500,
                                    .krylov_tolerance = 1e-6,
                                    .rate = 1e-4};
}

static PetscBool power_of_two(PetscInt n)
{
  return (PetscBool)(n > 0 && !(n & (n - 1)));
}

/* Rows of one chunk: at least the largest block. */
static PetscInt chunk_rows(const SinewLeastSquaresProblem *p, SinewLeastSquaresSolver solver)
{
  PetscInt largest = 1;

  for (PetscInt b = 0; b < p->part_block[p->parts]; b++)
    largest = PetscMax(largest, p->block_start[b + 1] - p->block_start[b]);
  return solver != SINEW_LS_NORMAL && solver != SINEW_LS_QR ? largest : PetscMax(largest, LS_CHUNK_ROWS);
}

/* Agrees on what all ranks must share: rows in all, whether sums can run over one tree. */
static PetscErrorCode survey(SinewLeastSquares ls)
{
  const PetscInt parts = ls->problem.parts;
  PetscInt64 mine = ls->rows;
  PetscInt range[2] = {parts, -parts}, widest[2];

  PetscFunctionBegin;
  PetscCallMPI(MPI_Allreduce(&mine, &ls->all_rows, 1, MPIU_INT64, MPI_SUM, ls->comm));
  PetscCallMPI(MPI_Allreduce(range, widest, 2, MPIU_INT, MPI_MAX, ls->comm));
  ls->tree = (PetscBool)(widest[0] == -widest[1] && power_of_two(parts) && power_of_two(ls->size) &&
                         ls->size <= TREE_RANKS_MAX);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode allocate(SinewLeastSquares ls)
{
  const size_t P = (size_t)ls->P, rows = (size_t)ls->rows;
  size_t levels = 2;

  PetscFunctionBegin;
  while (ls->problem.parts >> (levels - 1)) levels++;
  PetscCall(PetscMalloc1(rows, &ls->r)); /* by themselves: an accepted step exchanges the two */
  PetscCall(PetscMalloc1(rows, &ls->r_new));
  PetscCall(PetscMalloc1(rows, &ls->y));
  PetscCall(PetscMalloc7(P, &ls->g, P, &ls->d, P, &ls->a, P, &ls->w_new, P, &ls->best, P, &ls->y_weights, P + 1,
                         &ls->diagonal));
  PetscCall(PetscMalloc1(P, &ls->origin));
  PetscCall(PetscMalloc3((levels + 1) * (P + 1), &ls->partial, P, &ls->moving, P, &ls->column));
  if (ls->solver != SINEW_LS_NORMAL && ls->solver != SINEW_LS_QR) {
    PetscCall(SinewLeastSquaresAllocateKrylov(ls));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(SinewLeastSquaresAllocateMatrix(ls));
  if (ls->solver == SINEW_LS_QR) PetscCall(SinewLeastSquaresAllocateQR(ls));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewLeastSquaresCreate(MPI_Comm comm, const SinewLeastSquaresProblem *problem,
                                       const SinewLeastSquaresOptions *options, SinewLeastSquares *out)
{
  SinewLeastSquares ls;

  PetscFunctionBegin;
  PetscCheck(options->subset > 0 && options->subset <= 1, comm, SINEW_ERR_INPUT,
             "subset is a fraction of the weights in (0, 1], not %g", (double)options->subset);
  PetscCheck(options->solver < SINEW_LS_NEWTON, comm, SINEW_ERR_INPUT, "newton is for energies, not for rows");
  PetscCall(SinewBlasTune());
  PetscCall(PetscNew(out));
  ls = *out;
  PetscCallMPI(MPI_Comm_dup(comm, &ls->comm));
  PetscCallMPI(MPI_Comm_rank(comm, &ls->rank));
  PetscCallMPI(MPI_Comm_size(comm, &ls->size));
  ls->problem = *problem;
  ls->options = *options;
  ls->P = problem->parameters;
  ls->rows = problem->block_start[problem->part_block[problem->parts]];
  ls->solver = options->solver;
  if (ls->solver == SINEW_LS_AUTO) ls->solver = ls->P > MATRIX_MOST ? SINEW_LS_LSQR : SINEW_LS_NORMAL;
  ls->chunk = chunk_rows(problem, ls->solver);
  PetscCall(survey(ls));
  PetscCall(allocate(ls));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewLeastSquaresDestroy(SinewLeastSquares *out)
{
  SinewLeastSquares ls = *out;

  PetscFunctionBegin;
  if (!ls) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree(ls->r));
  PetscCall(PetscFree(ls->r_new));
  PetscCall(PetscFree(ls->y));
  PetscCall(PetscFree7(ls->g, ls->d, ls->a, ls->w_new, ls->best, ls->y_weights, ls->diagonal));
  PetscCall(PetscFree(ls->origin));
  PetscCall(PetscFree3(ls->partial, ls->moving, ls->column));
  PetscCall(PetscFree(ls->received));
  PetscCall(PetscFree(ls->J));
  PetscCall(PetscFree(ls->matrix));
  PetscCall(PetscFree(ls->factor));
  PetscCall(PetscFree4(ls->qr, ls->stacked, ls->tau, ls->work));
  PetscCall(PetscFree4(ls->krylov[0], ls->krylov[1], ls->krylov[2], ls->krylov[3]));
  for (int k = 0; k < LS_LEVELS_MAX; k++) PetscCall(PetscFree(ls->level[k]));
  PetscCallMPI(MPI_Comm_free(&ls->comm));
  PetscCall(PetscFree(*out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

SinewLeastSquaresOptions *SinewLeastSquaresGetOptions(SinewLeastSquares ls)
{
  return &ls->options;
}

PetscErrorCode SinewLeastSquaresNorm(SinewLeastSquares ls, const PetscReal w[], PetscReal *norm)
{
  PetscFunctionBegin;
  PetscCall(ls->problem.residual(ls->problem.ctx, w, ls->r_new));
  PetscCall(SinewLeastSquaresSquares(ls, ls->r_new, norm));
  *norm = PetscSqrtReal(*norm);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Largest eigenvalue of U'U or of its inverse by power iteration from a rough vector. */
static PetscReal power(SinewLeastSquares ls, PetscBool inverse)
{
  const PetscInt n = ls->active, ld = ls->active + 1;
  PetscReal *x = ls->y_weights, *y = ls->a, value = 0;

  for (PetscInt k = 0; k < n; k++) x[k] = 1 + 0.5 * PetscSinReal((PetscReal)(7 * k));
  for (int it = 0; it < 20; it++) {
    PetscReal norm = 0;

    for (PetscInt k = 0; k < n; k++) norm += x[k] * x[k];
    norm = PetscSqrtReal(norm);
    for (PetscInt k = 0; k < n; k++) x[k] /= norm;
    if (inverse) {
      SinewTriangularSolve('T', n, ls->factor, ld, x);
      SinewTriangularSolve('N', n, ls->factor, ld, x);
    } else {
      for (PetscInt i = 0; i < n; i++) y[i] = 0;
      for (PetscInt j = 0; j < n; j++)
        for (PetscInt i = 0; i <= j; i++) y[i] += ls->factor[j * ld + i] * x[j];
      for (PetscInt j = 0; j < n; j++) {
        x[j] = 0;
        for (PetscInt i = 0; i <= j; i++) x[j] += ls->factor[j * ld + i] * y[i];
      }
    }
    value = 0;
    for (PetscInt k = 0; k < n; k++) value += x[k] * x[k];
    value = PetscSqrtReal(value);
  }
  return value;
}

PetscErrorCode SinewLeastSquaresCondition(SinewLeastSquares ls, PetscReal *condition)
{
  PetscFunctionBegin;
  PetscCheck(ls->solver != SINEW_LS_LSQR, ls->comm, PETSC_ERR_SUP, "LSQR factors no matrix");
  PetscCheck(ls->report.matrices > 0, ls->comm, PETSC_ERR_ORDER, "nothing was solved yet");
  *condition = power(ls, PETSC_FALSE) * power(ls, PETSC_TRUE);
  PetscFunctionReturn(PETSC_SUCCESS);
}
