#include "operators/fast_poisson.h"

#include <complex.h>
#include <fftw3-mpi.h>

#include "io/error.h"

struct _p_SinewFastPoisson {
  SinewSlab slab;
  PetscReal *values;  /* slab, then modes, in place */
  PetscReal *inverse; /* of the eigenvalue, with the transforms' factor; in the order of the modes */
  PetscInt modes;     /* of this rank */
  fftw_plan forward, backward;
};

/* Transforms of an axis, and its eigenvalues -(2 - 2 cos theta_m) / dx^2. */
typedef struct {
  fftw_r2r_kind forward, backward;
  PetscReal shift, factor; /* theta = factor pi (m + shift) / n; transforms there and back multiply by length */
  PetscBool periodic;
} Kind;

static Kind kind_of(const SinewAxis *a, SinewFastSide lower, SinewFastSide upper)
{
  if (a->periodic) return (Kind){FFTW_R2HC, FFTW_HC2R, 0, 2, PETSC_TRUE};
  if (lower == SINEW_FAST_NEUMANN && upper == SINEW_FAST_NEUMANN)
    return (Kind){FFTW_REDFT10, FFTW_REDFT01, 0, 1, PETSC_FALSE};
  if (lower == SINEW_FAST_DIRICHLET && upper == SINEW_FAST_DIRICHLET)
    return (Kind){FFTW_RODFT10, FFTW_RODFT01, 1, 1, PETSC_FALSE};
  if (lower == SINEW_FAST_NEUMANN) return (Kind){FFTW_REDFT11, FFTW_REDFT11, 0.5, 1, PETSC_FALSE};
  return (Kind){FFTW_RODFT11, FFTW_RODFT11, 0.5, 1, PETSC_FALSE};
}

/* Halfcomplex order stores m and n - m, which have the same eigenvalue; so this serves all kinds. */
static PetscReal eigenvalue(const Kind *k, const SinewAxis *a, PetscInt m)
{
  const PetscReal n = (PetscReal)a->cells, dx = (a->upper - a->lower) / n,
                  half = PetscSinReal(0.5 * k->factor * PETSC_PI * ((PetscReal)m + k->shift) / n);

  return -4 * half * half / (dx * dx);
}

/* What the transforms of an axis there and back multiply by. */
static PetscReal gain(const Kind *k, const SinewAxis *a)
{
  return (k->periodic ? 1 : 2) * (PetscReal)a->cells;
}

/* Modes are transposed: the first two axes of space, from the slowest, have changed places, and the new first one is
   cut. */
static PetscErrorCode tabulate(SinewFastPoisson p, SinewGrid grid, const Kind kind[3], PetscInt start, PetscInt count)
{
  const PetscInt dim = SinewGridDim(grid), outer = dim - 2, middle = dim - 1, inner = dim == 3 ? 0 : 2;
  const SinewAxis *a[3];
  PetscReal scale = 1;
  PetscInt n = 0;

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < 3; d++) {
    a[d] = SinewGridAxis(grid, d);
    if (d < dim) scale /= gain(&kind[d], a[d]);
  }
  p->modes = count * a[middle]->cells * a[inner]->cells;
  PetscCall(PetscMalloc1((size_t)p->modes, &p->inverse));
  for (PetscInt i = start; i < start + count; i++) {
    for (PetscInt j = 0; j < a[middle]->cells; j++) {
      for (PetscInt k = 0; k < a[inner]->cells; k++) {
        PetscReal sum = eigenvalue(&kind[outer], a[outer], i) + eigenvalue(&kind[middle], a[middle], j);

        if (dim == 3) sum += eigenvalue(&kind[inner], a[inner], k);
        p->inverse[n++] = sum < 0 ? scale / sum : 0;
      }
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFastPoissonCreate(SinewGrid grid, const SinewFastSide side[6], SinewFastPoisson *poisson)
{
  const int dim = (int)SinewGridDim(grid);
  ptrdiff_t n[3], rows, first, columns, start, size;
  fftw_r2r_kind forward[3], backward[3];
  SinewFastPoisson p;
  MPI_Comm comm;
  Kind kind[3];
  DM dm;

  PetscFunctionBeginUser;
  PetscCall(SinewGridGetDM(grid, &dm));
  comm = PetscObjectComm((PetscObject)dm);
  fftw_mpi_init();
  PetscCall(PetscNew(&p));
  *poisson = p;
  PetscCheck(dim > 1, comm, PETSC_ERR_ARG_OUTOFRANGE, "a grid of 2 or 3 dimensions");
  for (int d = 0; d < dim; d++) {
    const SinewAxis *a = SinewGridAxis(grid, d);

    PetscCheck(a->uniform, comm, PETSC_ERR_ARG_WRONG, "sines and cosines need uniform axes");
    kind[d] = kind_of(a, side[2 * d], side[2 * d + 1]);
    n[dim - 1 - d] = a->cells;
    forward[dim - 1 - d] = kind[d].forward;
    backward[dim - 1 - d] = kind[d].backward;
  }
  PetscCall(SinewSlabCreate(grid, 1, &p->slab));
  size = fftw_mpi_local_size_many_transposed(dim, n, 1, FFTW_MPI_DEFAULT_BLOCK, FFTW_MPI_DEFAULT_BLOCK, comm, &rows,
                                             &first, &columns, &start);
  PetscCheck(rows == SinewSlabGetBlock(p->slab)->count, PETSC_COMM_SELF, PETSC_ERR_PLIB, "FFTW's slabs are not ours");
  p->values = fftw_alloc_real((size_t)size + 1);
  PetscCheck(p->values, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory for transforms");
  p->forward = fftw_mpi_plan_r2r(dim, n, p->values, p->values, comm, forward, FFTW_ESTIMATE | FFTW_MPI_TRANSPOSED_OUT);
  p->backward = fftw_mpi_plan_r2r(dim, n, p->values, p->values, comm, backward, FFTW_ESTIMATE | FFTW_MPI_TRANSPOSED_IN);
  PetscCheck(p->forward && p->backward, PETSC_COMM_SELF, PETSC_ERR_LIB, "FFTW cannot plan the transforms");
  PetscCall(tabulate(p, grid, kind, (PetscInt)start, (PetscInt)columns));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFastPoissonDestroy(SinewFastPoisson *poisson)
{
  SinewFastPoisson p = *poisson;

  PetscFunctionBeginUser;
  if (!p) PetscFunctionReturn(PETSC_SUCCESS);
  if (p->forward) fftw_destroy_plan(p->forward);
  if (p->backward) fftw_destroy_plan(p->backward);
  fftw_free(p->values);
  PetscCall(PetscFree(p->inverse));
  PetscCall(SinewSlabDestroy(&p->slab));
  PetscCall(PetscFree(p));
  *poisson = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFastPoissonSolve(SinewFastPoisson p, Vec f, Vec u)
{
  PetscFunctionBeginUser;
  PetscCall(SinewSlabLoad(p->slab, f, &p->values));
  fftw_execute(p->forward);
  for (PetscInt i = 0; i < p->modes; i++) p->values[i] *= p->inverse[i];
  fftw_execute(p->backward);
  PetscCall(SinewSlabStore(p->slab, (const PetscReal *const *)&p->values, u));
  PetscFunctionReturn(PETSC_SUCCESS);
}
