#include "operators/fast_poisson.h"

#include <complex.h>
#include <fftw3-mpi.h>

#include "io/error.h"

struct _p_SinewFast {
  SinewSlab slab;
  PetscInt components;
  PetscReal *value[SINEW_FAST_COMPONENTS_MAX]; /* slabs, then modes, in place */
  PetscReal *eigenvalue[3];                    /* for each of the three indices of a mode, slowest first */
  PetscInt axis[3], count[3];                  /* of space, that each index runs along; how many this rank has */
  PetscReal gain;                              /* of the transforms there and back */
  fftw_plan forward, backward;
};

struct _p_SinewFastPoisson {
  SinewFast fast;
  PetscReal *inverse; /* of the eigenvalue, with the transforms' factor */
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
static PetscErrorCode tabulate(SinewFast f, SinewGrid grid, const Kind kind[3], PetscInt start, PetscInt count)
{
  const PetscInt dim = SinewGridDim(grid), axis[3] = {dim - 2, dim - 1, dim == 3 ? 0 : 2};

  PetscFunctionBeginUser;
  f->gain = 1;
  for (int k = 0; k < 3; k++) {
    const SinewAxis *a = SinewGridAxis(grid, axis[k]);

    f->axis[k] = axis[k];
    f->count[k] = k ? a->cells : count;
    PetscCall(PetscCalloc1((size_t)f->count[k], &f->eigenvalue[k]));
    if (axis[k] >= dim) continue; /* of a plane: the third axis has one cell and no eigenvalue */
    f->gain *= gain(&kind[axis[k]], a);
    for (PetscInt m = 0; m < f->count[k]; m++) f->eigenvalue[k][m] = eigenvalue(&kind[axis[k]], a, k ? m : start + m);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFastCreate(SinewGrid grid, PetscInt components, const SinewFastSide side[6], SinewFast *fast)
{
  const int dim = (int)SinewGridDim(grid);
  ptrdiff_t n[3], rows, first, columns, start, size;
  fftw_r2r_kind forward[3], backward[3];
  MPI_Comm comm;
  Kind kind[3];
  SinewFast f;
  DM dm;

  PetscFunctionBeginUser;
  PetscCall(SinewGridGetDM(grid, &dm));
  comm = PetscObjectComm((PetscObject)dm);
  fftw_mpi_init();
  PetscCall(PetscNew(&f));
  *fast = f;
  PetscCheck(dim > 1, comm, PETSC_ERR_ARG_OUTOFRANGE, "a grid of 2 or 3 dimensions");
  PetscCheck(components <= SINEW_FAST_COMPONENTS_MAX, comm, PETSC_ERR_ARG_OUTOFRANGE, "at most %d components",
             SINEW_FAST_COMPONENTS_MAX);
  for (int d = 0; d < dim; d++) {
    const SinewAxis *a = SinewGridAxis(grid, d);

    PetscCheck(a->uniform, comm, PETSC_ERR_ARG_WRONG, "sines and cosines need uniform axes");
    kind[d] = kind_of(a, side[2 * d], side[2 * d + 1]);
    n[dim - 1 - d] = a->cells;
    forward[dim - 1 - d] = kind[d].forward;
    backward[dim - 1 - d] = kind[d].backward;
  }
  f->components = components;
  PetscCall(SinewSlabCreate(grid, components, &f->slab));
  size = fftw_mpi_local_size_many_transposed(dim, n, 1, FFTW_MPI_DEFAULT_BLOCK, FFTW_MPI_DEFAULT_BLOCK, comm, &rows,
                                             &first, &columns, &start);
  PetscCheck(rows == SinewSlabGetBlock(f->slab)->count, PETSC_COMM_SELF, PETSC_ERR_PLIB, "FFTW's slabs are not ours");
  for (PetscInt c = 0; c < components; c++) {
    f->value[c] = fftw_alloc_real((size_t)size + 1);
    PetscCheck(f->value[c], PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory for transforms");
  }
  f->forward =
      fftw_mpi_plan_r2r(dim, n, f->value[0], f->value[0], comm, forward, FFTW_ESTIMATE | FFTW_MPI_TRANSPOSED_OUT);
  f->backward =
      fftw_mpi_plan_r2r(dim, n, f->value[0], f->value[0], comm, backward, FFTW_ESTIMATE | FFTW_MPI_TRANSPOSED_IN);
  PetscCheck(f->forward && f->backward, PETSC_COMM_SELF, PETSC_ERR_LIB, "FFTW cannot plan the transforms");
  PetscCall(tabulate(f, grid, kind, (PetscInt)start, (PetscInt)columns));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFastDestroy(SinewFast *fast)
{
  SinewFast f = *fast;

  PetscFunctionBeginUser;
  if (!f) PetscFunctionReturn(PETSC_SUCCESS);
  if (f->forward) fftw_destroy_plan(f->forward);
  if (f->backward) fftw_destroy_plan(f->backward);
  for (PetscInt c = 0; c < f->components; c++) fftw_free(f->value[c]);
  for (int k = 0; k < 3; k++) PetscCall(PetscFree(f->eigenvalue[k]));
  PetscCall(SinewSlabDestroy(&f->slab));
  PetscCall(PetscFree(f));
  *fast = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFastForward(SinewFast f, Vec U, PetscReal *const **modes)
{
  PetscFunctionBeginUser;
  PetscCall(SinewSlabLoad(f->slab, U, f->value));
  for (PetscInt c = 0; c < f->components; c++) fftw_mpi_execute_r2r(f->forward, f->value[c], f->value[c]);
  *modes = f->value;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFastBackward(SinewFast f, Vec U)
{
  PetscFunctionBeginUser;
  for (PetscInt c = 0; c < f->components; c++) fftw_mpi_execute_r2r(f->backward, f->value[c], f->value[c]);
  PetscCall(SinewSlabStore(f->slab, (const PetscReal *const *)f->value, U));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt SinewFastModes(SinewFast f, PetscReal *gain_of_both)
{
  *gain_of_both = f->gain;
  return f->count[0] * f->count[1] * f->count[2];
}

void SinewFastEigenvalues(SinewFast f, PetscInt mode, PetscReal eigenvalues[3])
{
  const PetscInt at[3] = {mode / f->count[2] / f->count[1], mode / f->count[2] % f->count[1], mode % f->count[2]};

  for (int k = 0; k < 3; k++) eigenvalues[f->axis[k]] = f->eigenvalue[k][at[k]];
}

/* ---- Poisson's equation ---- */

PetscErrorCode SinewFastPoissonCreate(SinewGrid grid, const SinewFastSide side[6], SinewFastPoisson *poisson)
{
  SinewFastPoisson p;
  PetscReal factor;
  PetscInt modes;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&p));
  *poisson = p;
  PetscCall(SinewFastCreate(grid, 1, side, &p->fast));
  modes = SinewFastModes(p->fast, &factor);
  PetscCall(PetscMalloc1((size_t)modes, &p->inverse));
  for (PetscInt i = 0; i < modes; i++) {
    PetscReal e[3], sum;

    SinewFastEigenvalues(p->fast, i, e);
    sum = e[SinewGridDim(grid) - 2] + e[SinewGridDim(grid) - 1] + (SinewGridDim(grid) == 3 ? e[0] : 0);
    p->inverse[i] = sum < 0 ? 1 / factor / sum : 0;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFastPoissonDestroy(SinewFastPoisson *poisson)
{
  PetscFunctionBeginUser;
  if (!*poisson) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewFastDestroy(&(*poisson)->fast));
  PetscCall(PetscFree((*poisson)->inverse));
  PetscCall(PetscFree(*poisson));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFastPoissonSolve(SinewFastPoisson p, Vec f, Vec u)
{
  PetscReal *const *value;
  PetscReal factor;
  const PetscInt modes = SinewFastModes(p->fast, &factor);

  PetscFunctionBeginUser;
  PetscCall(SinewFastForward(p->fast, f, &value));
  for (PetscInt i = 0; i < modes; i++) value[0][i] *= p->inverse[i];
  PetscCall(SinewFastBackward(p->fast, u));
  PetscFunctionReturn(PETSC_SUCCESS);
}
