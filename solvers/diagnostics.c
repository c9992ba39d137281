#include "solvers/diagnostics.h"

#include <string.h>

/* Rows of primitives for one line of cells of U, and the line's cell volumes. */
typedef struct {
  const SinewAxis *x, *y, *z;
  PetscInt nc, lines;
  PetscReal *memory, *u[SINEW_COMPONENTS_MAX], *w[SINEW_COMPONENTS_MAX], *volume;
} Lines;

static PetscErrorCode create_lines(SinewEquation e, Lines *l)
{
  PetscFunctionBeginUser;
  l->x = SinewGridAxis(e->grid, 0);
  l->y = SinewGridAxis(e->grid, 1);
  l->z = SinewGridAxis(e->grid, 2);
  l->nc = e->components;
  l->lines = l->y->count * l->z->count;
  PetscCall(PetscMalloc1((size_t)((2 * l->nc + 1) * l->x->count), &l->memory));
  for (PetscInt c = 0; c < l->nc; c++) {
    l->u[c] = l->memory + c * l->x->count;
    l->w[c] = l->memory + (l->nc + c) * l->x->count;
  }
  l->volume = l->memory + 2 * l->nc * l->x->count;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void load_line(SinewEquation e, Lines *l, PetscInt line, const PetscReal array[])
{
  const PetscInt n = l->x->count;
  const PetscReal area =
      l->y->width[line % l->y->count + l->y->ghosts] * l->z->width[line / l->y->count + l->z->ghosts];

  for (PetscInt i = 0; i < n; i++) {
    for (PetscInt c = 0; c < l->nc; c++) l->u[c][i] = array[(line * n + i) * l->nc + c];
    l->volume[i] = e->geometry ? e->geometry->volume[0][line * n + i] : area * l->x->width[i + l->x->ghosts];
  }
  (*e->kernels.primitive)(e->kernels.context, n, (const PetscReal *const *)l->u, l->w);
}

PetscErrorCode SinewDiagnose(SinewEquation e, Vec U, PetscReal total[], PetscReal min[], PetscReal max[])
{
  const MPI_Comm comm = PetscObjectComm((PetscObject)U);
  PetscReal sum[SINEW_COMPONENTS_MAX] = {0}, extreme[2 * SINEW_COMPONENTS_MAX];
  const PetscReal *array;
  Lines l;

  PetscFunctionBeginUser;
  PetscCall(create_lines(e, &l));
  for (PetscInt c = 0; c < 2 * l.nc; c++) extreme[c] = PETSC_MIN_REAL;
  PetscCall(VecGetArrayRead(U, &array));
  for (PetscInt line = 0; line < l.lines; line++) {
    load_line(e, &l, line, array);
    for (PetscInt c = 0; c < l.nc; c++) {
      PetscReal part = 0; /* line by line: rounding grows with the square root of a line, not of the domain */

      for (PetscInt i = 0; i < l.x->count; i++) {
        part += l.u[c][i] * l.volume[i];
        extreme[c] = PetscMax(extreme[c], -l.w[c][i]);
        extreme[l.nc + c] = PetscMax(extreme[l.nc + c], l.w[c][i]);
      }
      sum[c] += part;
    }
  }
  PetscCall(VecRestoreArrayRead(U, &array));
  PetscCall(PetscFree(l.memory));
  PetscCallMPI(MPI_Allreduce(sum, total, (PetscMPIInt)l.nc, MPIU_REAL, MPIU_SUM, comm));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, extreme, (PetscMPIInt)(2 * l.nc), MPIU_REAL, MPIU_MAX, comm));
  for (PetscInt c = 0; c < l.nc; c++) {
    min[c] = -extreme[c];
    max[c] = extreme[l.nc + c];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDifference(SinewEquation e, Vec U, Vec V, PetscReal l1[], PetscReal l2[], PetscReal linf[])
{
  const MPI_Comm comm = PetscObjectComm((PetscObject)U);
  PetscReal sums[2 * SINEW_COMPONENTS_MAX + 1] = {0}, largest[SINEW_COMPONENTS_MAX] = {0};
  const PetscReal *au, *av;
  Lines a, b;

  PetscFunctionBeginUser;
  PetscCall(create_lines(e, &a));
  PetscCall(create_lines(e, &b));
  PetscCall(VecGetArrayRead(U, &au));
  PetscCall(VecGetArrayRead(V, &av));
  for (PetscInt line = 0; line < a.lines; line++) {
    load_line(e, &a, line, au);
    load_line(e, &b, line, av);
    for (PetscInt i = 0; i < a.x->count; i++) {
      for (PetscInt c = 0; c < a.nc; c++) {
        const PetscReal d = PetscAbsReal(a.w[c][i] - b.w[c][i]);

        sums[c] += d * a.volume[i];
        sums[a.nc + c] += d * d * a.volume[i];
        largest[c] = PetscMax(largest[c], d);
      }
      sums[2 * a.nc] += a.volume[i];
    }
  }
  PetscCall(VecRestoreArrayRead(U, &au));
  PetscCall(VecRestoreArrayRead(V, &av));
  PetscCall(PetscFree(a.memory));
  PetscCall(PetscFree(b.memory));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sums, (PetscMPIInt)(2 * a.nc + 1), MPIU_REAL, MPIU_SUM, comm));
  PetscCallMPI(MPI_Allreduce(largest, linf, (PetscMPIInt)a.nc, MPIU_REAL, MPIU_MAX, comm));
  for (PetscInt c = 0; c < a.nc; c++) {
    l1[c] = sums[c] / sums[2 * a.nc];
    l2[c] = PetscSqrtReal(sums[a.nc + c] / sums[2 * a.nc]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Finaliser of MurmurHash3 (Appleby, public domain): every bit of the input moves every bit of the output. */
static uint64_t mix(uint64_t h)
{
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccdULL;
  h ^= h >> 33;
  h *= 0xc4ceb9fe1a85ec53ULL;
  return h ^ (h >> 33);
}

PetscErrorCode SinewChecksum(SinewGrid grid, PetscInt components, Vec U, PetscInt64 *checksum)
{
  const SinewAxis *x = SinewGridAxis(grid, 0), *y = SinewGridAxis(grid, 1), *z = SinewGridAxis(grid, 2);
  const PetscReal *array;
  uint64_t sum = 0, all = 0;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(U, &array));
  for (PetscInt n = 0; n < x->count * y->count * z->count; n++) {
    const uint64_t i = (uint64_t)(x->start + n % x->count), j = (uint64_t)(y->start + n / x->count % y->count),
                   k = (uint64_t)(z->start + n / x->count / y->count);

    for (PetscInt c = 0; c < components; c++) {
      const uint64_t place =
          ((k * (uint64_t)y->cells + j) * (uint64_t)x->cells + i) * (uint64_t)components + (uint64_t)c;
      uint64_t bits;

      memcpy(&bits, &array[n * components + c], sizeof(bits));
      sum += mix(bits ^ mix(place + 1)); /* a sum of 64-bit integers does not depend on its order */
    }
  }
  PetscCall(VecRestoreArrayRead(U, &array));
  PetscCallMPI(MPI_Allreduce(&sum, &all, 1, MPI_UINT64_T, MPI_SUM, PetscObjectComm((PetscObject)U)));
  *checksum = (PetscInt64)all;
  PetscFunctionReturn(PETSC_SUCCESS);
}
