#include "operators/fast_preconditioner.h"

#include <petsc/private/pcimpl.h>

#include "io/error.h"

#define MAX SINEW_FAST_COMPONENTS_MAX

/* What a matrix says of itself. */
typedef struct {
  SinewGrid grid;
  PetscInt components;
  SinewFastSide side[6];
} Place;

typedef struct {
  Place place;
  SinewFast fast;
  PetscReal symbol[4][MAX * MAX]; /* A, B_d: row-major blocks */
  PetscReal *inverse;             /* of each mode's block, over the transforms' gain */
} Fourier;

static const char key[] = "SinewFastPreconditioner";

/* ---- the matrix's place ---- */

static PetscErrorCode destroy_place(SinewContextToDestroy context)
{
  Place *place = (Place *)SINEW_CONTEXT_OF(context);

  PetscFunctionBeginUser;
  PetscCall(PetscFree(place));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFastPreconditionerAttach(Mat P, SinewGrid grid, PetscInt components, const SinewFastSide side[6])
{
  PetscContainer container;
  Place *place;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&place));
  place->grid = grid;
  place->components = components;
  for (int s = 0; s < 6; s++) place->side[s] = side[s];
  PetscCall(PetscContainerCreate(PetscObjectComm((PetscObject)P), &container));
  PetscCall(PetscContainerSetPointer(container, place));
  PetscCall(PetscContainerSetCtxDestroy(container, destroy_place));
  PetscCall(PetscObjectCompose((PetscObject)P, key, (PetscObject)container));
  PetscCall(PetscContainerDestroy(&container));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode find_place(PC pc, Place *place)
{
  const MPI_Comm comm = PetscObjectComm((PetscObject)pc);
  PetscContainer container;
  Place *found;

  PetscFunctionBeginUser;
  PetscCall(PetscObjectQuery((PetscObject)pc->pmat, key, (PetscObject *)&container));
  if (!container)
    SETERRQ(comm, SINEW_ERR_INPUT, "petsc.pc_type: %s is for diffusion that a stepper treats implicitly", PCSINEWFFT);
  PetscCall(PetscContainerGetPointer(container, (void **)&found));
  *place = *found;
  for (PetscInt d = 0; d < SinewGridDim(place->grid); d++) {
    if (SinewGridDim(place->grid) < 2 || !SinewGridAxis(place->grid, d)->uniform ||
        SinewGridAxis(place->grid, d)->cells < 4)
      SETERRQ(comm, SINEW_ERR_INPUT,
              "petsc.pc_type: %s needs two or three uniform axes of 4 cells or more; gamg and hypre do not",
              PCSINEWFFT);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the symbol ---- */

/* Cell n of this rank: whether the stencil there is that of inner cells; its sign in fields that alternate along d. */
static PetscBool enter_cell(const Place *p, PetscInt n, PetscReal sign[4])
{
  PetscBool inner = PETSC_TRUE;
  PetscInt rest = n;

  sign[3] = 1;
  for (PetscInt d = 0; d < 3; d++) {
    const SinewAxis *a = SinewGridAxis(p->grid, d);
    const PetscInt at = a->start + rest % a->count;

    rest /= a->count;
    sign[d] = at % 2 ? -1 : 1;
    if (d < SinewGridDim(p->grid) && (!a->periodic || a->cells % 2) && (at == 0 || at == a->cells - 1))
      inner = PETSC_FALSE;
  }
  return inner;
}

/* The mean response of every component to component c, alternating along d (3: constant). */
static PetscErrorCode respond(const Place *p, Mat P, PetscInt d, PetscInt c, Vec in, Vec out, PetscReal mean[])
{
  const PetscInt nc = p->components;
  PetscReal sum[MAX + 1] = {0}, sign[4], *v;
  const PetscReal *r;
  PetscInt local;

  PetscFunctionBeginUser;
  PetscCall(VecGetLocalSize(in, &local));
  PetscCall(VecSet(in, 0));
  PetscCall(VecGetArray(in, &v));
  for (PetscInt n = 0; n < local / nc; n++) {
    (void)enter_cell(p, n, sign);
    v[n * nc + c] = sign[d];
  }
  PetscCall(VecRestoreArray(in, &v));
  PetscCall(MatMult(P, in, out));
  PetscCall(VecGetArrayRead(out, &r));
  for (PetscInt n = 0; n < local / nc; n++) {
    if (!enter_cell(p, n, sign)) continue;
    for (PetscInt k = 0; k < nc; k++) sum[k] += sign[d] * r[n * nc + k];
    sum[nc] += 1;
  }
  PetscCall(VecRestoreArrayRead(out, &r));
  PetscCallMPI(
      MPI_Allreduce(MPI_IN_PLACE, sum, (PetscMPIInt)nc + 1, MPIU_REAL, MPIU_SUM, PetscObjectComm((PetscObject)P)));
  for (PetscInt k = 0; k < nc; k++) mean[k] = sum[k] / sum[nc];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Alternating fields have the eigenvalue 4 / dx^2 of minus the second difference. */
static PetscErrorCode measure_symbol(Fourier *f, Mat P)
{
  const PetscInt nc = f->place.components, dim = SinewGridDim(f->place.grid);
  Vec in, out;

  PetscFunctionBeginUser;
  PetscCall(MatCreateVecs(P, &in, &out));
  for (PetscInt c = 0; c < nc; c++) {
    PetscReal constant[MAX], alternating[MAX];

    PetscCall(respond(&f->place, P, 3, c, in, out, constant));
    for (PetscInt k = 0; k < nc; k++) f->symbol[3][k * nc + c] = constant[k];
    for (PetscInt d = 0; d < dim; d++) {
      const PetscReal inverse = SinewGridAxis(f->place.grid, d)->inverse[0];

      PetscCall(respond(&f->place, P, d, c, in, out, alternating));
      for (PetscInt k = 0; k < nc; k++)
        f->symbol[d][k * nc + c] = (alternating[k] - constant[k]) / (4 * inverse * inverse);
    }
  }
  PetscCall(VecDestroy(&in));
  PetscCall(VecDestroy(&out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- blocks ---- */

/* The inverse of a block by elimination with row pivots; 0 where it is singular against `size`. */
static void invert(PetscInt n, PetscReal size, PetscReal a[], PetscReal inverse[])
{
  for (PetscInt i = 0; i < n * n; i++) inverse[i] = i % (n + 1) ? 0 : 1;
  for (PetscInt k = 0; k < n; k++) {
    PetscInt pivot = k;

    for (PetscInt i = k + 1; i < n; i++) {
      if (PetscAbsReal(a[i * n + k]) > PetscAbsReal(a[pivot * n + k])) pivot = i;
    }
    if (PetscAbsReal(a[pivot * n + k]) <= 1e-12 * size) {
      for (PetscInt i = 0; i < n * n; i++) inverse[i] = 0;
      return;
    }
    for (PetscInt j = 0; j < n && pivot != k; j++) {
      const PetscReal x = a[k * n + j], y = inverse[k * n + j];

      a[k * n + j] = a[pivot * n + j];
      a[pivot * n + j] = x;
      inverse[k * n + j] = inverse[pivot * n + j];
      inverse[pivot * n + j] = y;
    }
    for (PetscInt i = 0; i < n; i++) {
      const PetscReal factor = i == k ? 0 : a[i * n + k] / a[k * n + k];

      for (PetscInt j = 0; j < n && i != k; j++) {
        a[i * n + j] -= factor * a[k * n + j];
        inverse[i * n + j] -= factor * inverse[k * n + j];
      }
    }
  }
  for (PetscInt i = 0; i < n * n; i++) inverse[i] /= a[i / n * (n + 1)];
}

static void invert_modes(Fourier *f)
{
  const PetscInt nc = f->place.components, dim = SinewGridDim(f->place.grid);
  PetscReal gain, size = 0;
  const PetscInt modes = SinewFastModes(f->fast, &gain);

  for (PetscInt i = 0; i < nc * nc; i++) {
    PetscReal most = PetscAbsReal(f->symbol[3][i]);

    for (PetscInt d = 0; d < dim; d++)
      most += 4 * PetscSqr(SinewGridAxis(f->place.grid, d)->inverse[0]) * PetscAbsReal(f->symbol[d][i]);
    size = PetscMax(size, most);
  }
  for (PetscInt m = 0; m < modes; m++) {
    PetscReal block[MAX * MAX], e[3], *inverse = f->inverse + m * nc * nc;

    SinewFastEigenvalues(f->fast, m, e);
    for (PetscInt i = 0; i < nc * nc; i++) {
      block[i] = f->symbol[3][i];
      for (PetscInt d = 0; d < dim; d++) block[i] -= e[d] * f->symbol[d][i];
    }
    invert(nc, size, block, inverse);
    for (PetscInt i = 0; i < nc * nc; i++) inverse[i] /= gain;
  }
}

/* ---- the PC ---- */

static PetscErrorCode set_up(PC pc)
{
  Fourier *f = (Fourier *)pc->data;
  PetscReal gain;

  PetscFunctionBeginUser;
  if (!f->fast) {
    PetscCall(find_place(pc, &f->place));
    PetscCall(SinewFastCreate(f->place.grid, f->place.components, f->place.side, &f->fast));
    PetscCall(PetscMalloc1((size_t)(SinewFastModes(f->fast, &gain) * f->place.components * f->place.components),
                           &f->inverse));
  }
  PetscCall(measure_symbol(f, pc->pmat));
  invert_modes(f);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode apply(PC pc, Vec x, Vec y)
{
  Fourier *f = (Fourier *)pc->data;
  const PetscInt nc = f->place.components;
  PetscReal *const *value;
  PetscReal gain;
  const PetscInt modes = SinewFastModes(f->fast, &gain);

  PetscFunctionBeginUser;
  PetscCall(SinewFastForward(f->fast, x, &value));
  for (PetscInt m = 0; m < modes; m++) {
    const PetscReal *inverse = f->inverse + m * nc * nc;
    PetscReal v[MAX];

    for (PetscInt c = 0; c < nc; c++) v[c] = value[c][m];
    for (PetscInt k = 0; k < nc; k++) {
      PetscReal sum = 0;

      for (PetscInt c = 0; c < nc; c++) sum += inverse[k * nc + c] * v[c];
      value[k][m] = sum;
    }
  }
  PetscCall(SinewFastBackward(f->fast, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode reset(PC pc)
{
  Fourier *f = (Fourier *)pc->data;

  PetscFunctionBeginUser;
  PetscCall(SinewFastDestroy(&f->fast));
  PetscCall(PetscFree(f->inverse));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(PC pc)
{
  PetscFunctionBeginUser;
  PetscCall(reset(pc));
  PetscCall(PetscFree(pc->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create(PC pc)
{
  Fourier *f;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&f));
  pc->data = f;
  pc->ops->setup = set_up;
  pc->ops->apply = apply;
  pc->ops->reset = reset;
  pc->ops->destroy = destroy;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFastPreconditionerRegister(void)
{
  PetscFunctionBeginUser;
  PetscCall(PCRegister(PCSINEWFFT, create));
  PetscFunctionReturn(PETSC_SUCCESS);
}
