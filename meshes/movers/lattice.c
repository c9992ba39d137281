#include "meshes/movers/lattice.h"

#include "io/error.h"
#include "meshes/grid.h"

/* Vertices by rank along an axis: those of the cells, and the last one of a box with the last rank. */
static PetscErrorCode vertex_ranges(const SinewLatticeOptions *o, PetscInt d, PetscInt **own)
{
  PetscFunctionBeginUser;
  *own = NULL;
  if (!o->own[d]) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1(o->ranks[d], own));
  PetscCall(PetscArraycpy(*own, o->own[d], o->ranks[d]));
  if (!o->periodic[d]) (*own)[o->ranks[d] - 1]++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_dm(SinewLattice *l, const SinewLatticeOptions *o)
{
  DMBoundaryType type[3];
  PetscInt *own[3] = {NULL, NULL, NULL};

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < 3; d++)
    type[d] = d >= l->dim ? DM_BOUNDARY_NONE : l->periodic[d] ? DM_BOUNDARY_PERIODIC : DM_BOUNDARY_GHOSTED;
  PetscCall(DMDACreate(l->comm, &l->dm));
  PetscCall(DMSetDimension(l->dm, l->dim));
  PetscCall(DMDASetSizes(l->dm, l->nodes[0], l->nodes[1], l->nodes[2]));
  PetscCall(DMDASetBoundaryType(l->dm, type[0], type[1], type[2]));
  PetscCall(DMDASetDof(l->dm, 1));
  PetscCall(DMDASetStencilType(l->dm, DMDA_STENCIL_BOX));
  PetscCall(DMDASetStencilWidth(l->dm, 1));
  PetscCall(DMDASetNumProcs(l->dm, o->ranks[0] ? (PetscMPIInt)o->ranks[0] : PETSC_DECIDE,
                            o->ranks[1] ? (PetscMPIInt)o->ranks[1] : PETSC_DECIDE,
                            o->ranks[2] ? (PetscMPIInt)o->ranks[2] : PETSC_DECIDE));
  for (PetscInt d = 0; d < l->dim; d++) PetscCall(vertex_ranges(o, d, &own[d]));
  PetscCall(DMDASetOwnershipRanges(l->dm, own[0], own[1], own[2]));
  for (PetscInt d = 0; d < 3; d++) PetscCall(PetscFree(own[d]));
  PetscCall(DMSetUp(l->dm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewLatticeCreate(MPI_Comm comm, const SinewLatticeOptions *o, SinewLattice **lattice)
{
  SinewLattice *l;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&l));
  *lattice = l;
  l->comm = comm;
  l->dim = o->dim;
  l->local = 1;
  for (PetscInt d = 0; d < 3; d++) {
    const PetscBool used = (PetscBool)(d < o->dim);

    l->cells[d] = used ? o->cells[d] : 1;
    l->periodic[d] = (PetscBool)(used && o->periodic[d]);
    l->nodes[d] = l->cells[d] + (used && !l->periodic[d]);
    l->lower[d] = used ? o->lower[d] : 0;
    l->upper[d] = used ? o->upper[d] : 1;
    l->h[d] = (l->upper[d] - l->lower[d]) / (PetscReal)l->cells[d];
    l->ghosts[d] = (PetscInt)used;
  }
  PetscCall(create_dm(l, o));
  PetscCall(DMDAGetCorners(l->dm, &l->start[0], &l->start[1], &l->start[2], &l->count[0], &l->count[1], &l->count[2]));
  PetscCall(DMDAGetInfo(l->dm, NULL, NULL, NULL, NULL, &l->ranks[0], &l->ranks[1], &l->ranks[2], NULL, NULL, NULL, NULL,
                        NULL, NULL));
  PetscCall(DMDAGetOwnershipRanges(l->dm, &l->own[0], &l->own[1], &l->own[2]));
  for (PetscInt d = 0; d < 3; d++) {
    l->pitch[d] = l->count[d] + 2 * l->ghosts[d];
    l->stride[d] = d ? l->stride[d - 1] * l->pitch[d - 1] : 1;
    l->local *= l->count[d];
  }
  PetscCall(DMCreateLocalVector(l->dm, &l->ghosted));
  PetscCall(SinewGhostScatterCreate(l->dm, &l->ghosts_from));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewLatticeDestroy(SinewLattice **lattice)
{
  PetscFunctionBeginUser;
  if (!*lattice) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecDestroy(&(*lattice)->ghosted));
  PetscCall(VecScatterDestroy(&(*lattice)->ghosts_from));
  PetscCall(DMDestroy(&(*lattice)->dm));
  PetscCall(PetscFree(*lattice));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Copies the layers inside the walls to those outside, axis by axis, so that edges and corners come right as well. */
static void mirror(const SinewLattice *l, PetscReal *a)
{
  for (PetscInt d = 0; d < l->dim; d++) {
    const PetscInt e = (d + 1) % 3, f = (d + 2) % 3, s = l->stride[d];

    if (l->periodic[d]) continue;
    for (int side = 0; side < 2; side++) {
      const PetscInt ghost = side ? l->pitch[d] - 1 : 0, from = side ? l->pitch[d] - 3 : 2;

      if (side ? l->start[d] + l->count[d] < l->nodes[d] : l->start[d] > 0) continue;
      for (PetscInt q = 0; q < l->pitch[f]; q++)
        for (PetscInt p = 0; p < l->pitch[e]; p++) {
          const PetscInt line = p * l->stride[e] + q * l->stride[f];

          a[line + ghost * s] = a[line + from * s];
        }
    }
  }
}

PetscErrorCode SinewLatticeGhosts(SinewLattice *l, Vec values, const PetscReal **array)
{
  PetscReal *a;

  PetscFunctionBeginUser;
  PetscCall(SinewGhostFill(l->dm, l->ghosts_from, values, l->ghosted));
  PetscCall(VecGetArray(l->ghosted, &a));
  mirror(l, a);
  PetscCall(VecRestoreArray(l->ghosted, &a));
  PetscCall(VecGetArrayRead(l->ghosted, array));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewLatticeRestore(SinewLattice *l, const PetscReal **array)
{
  PetscFunctionBeginUser;
  PetscCall(VecRestoreArrayRead(l->ghosted, array));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscReal SinewLatticeRowSum(const SinewLattice *l, PetscInt j, PetscInt k, const PetscReal *restrict row, int power)
{
  const PetscInt n = l->count[0], last = l->start[0] + n - 1;
  PetscReal sum = 0, ends = 0;

  if (power == 1)
#pragma omp simd reduction(+ : sum)
    for (PetscInt i = 0; i < n; i++) sum += row[i];
  else
#pragma omp simd reduction(+ : sum)
    for (PetscInt i = 0; i < n; i++) sum += row[i] * row[i];
  if (!l->periodic[0]) {
    if (l->start[0] == 0) ends += power == 1 ? row[0] : row[0] * row[0];
    if (last == l->cells[0]) ends += power == 1 ? row[n - 1] : row[n - 1] * row[n - 1];
  }
  return (sum - 0.5 * ends) * (SinewLatticeWeight(l, 1 - l->start[0], j, k));
}

void SinewLatticeExtremes(PetscInt n, const PetscReal *restrict v, PetscReal *least, PetscReal *most)
{
  PetscReal a = PETSC_MAX_REAL, b = PETSC_MIN_REAL;

#pragma omp simd reduction(min : a) reduction(max : b)
  for (PetscInt i = 0; i < n; i++) {
    a = v[i] < a ? v[i] : a;
    b = v[i] > b ? v[i] : b;
  }
  *least = a;
  *most = b;
}

PetscErrorCode SinewLatticeMean(SinewLattice *l, Vec values, PetscReal *mean)
{
  const PetscReal *v;
  PetscReal sum = 0;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(values, &v));
  for (PetscInt k = 0; k < l->count[2]; k++)
    for (PetscInt j = 0; j < l->count[1]; j++)
      sum += SinewLatticeRowSum(l, j, k, v + (k * l->count[1] + j) * l->count[0], 1);
  PetscCall(VecRestoreArrayRead(values, &v));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPIU_REAL, MPIU_SUM, l->comm));
  *mean = sum;
  for (PetscInt d = 0; d < 3; d++) *mean /= (PetscReal)l->cells[d];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A DMDA numbers its vertices rank by rank, ranks and the vertices of each x fastest; so what comes before a rank's box
   are full planes, then full rows of its planes, then boxes of its rows. */
PetscInt SinewLatticeIndex(const SinewLattice *l, PetscInt i, PetscInt j, PetscInt k)
{
  const PetscInt at[3] = {i, j, k};
  PetscInt begin[3], size[3];

  for (PetscInt d = 0; d < 3; d++) {
    PetscInt r = 0;

    begin[d] = 0;
    size[d] = 1;
    if (d >= l->dim) continue;
    while (at[d] >= begin[d] + l->own[d][r]) begin[d] += l->own[d][r++];
    size[d] = l->own[d][r];
  }
  return (begin[2] * l->nodes[1] + begin[1] * size[2]) * l->nodes[0] + begin[0] * size[1] * size[2] +
         ((k - begin[2]) * size[1] + (j - begin[1])) * size[0] + (i - begin[0]);
}

/* The vertex whose value stands at position i of the continued axis. */
static PetscInt fold(const SinewLattice *l, PetscInt d, PetscInt i)
{
  const PetscInt n = l->cells[d], period = l->periodic[d] ? n : 2 * n;

  if (l->nodes[d] == 1) return 0;
  i = (i % period + period) % period;
  return i > n ? period - i : i;
}

PetscErrorCode SinewLatticeBoxCreate(SinewLattice *l, const PetscInt first[3], const PetscInt size[3],
                                     SinewLatticeBox *box)
{
  PetscInt *index, n = 0;
  Vec global;

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < 3; d++) {
    box->first[d] = first[d];
    box->size[d] = size[d];
  }
  PetscCall(PetscMalloc1((size_t)(size[0] * size[1] * size[2]), &index));
  for (PetscInt k = 0; k < size[2]; k++)
    for (PetscInt j = 0; j < size[1]; j++)
      for (PetscInt i = 0; i < size[0]; i++)
        index[n++] = SinewLatticeIndex(l, fold(l, 0, first[0] + i), fold(l, 1, first[1] + j), fold(l, 2, first[2] + k));
  PetscCall(ISCreateGeneral(l->comm, n, index, PETSC_OWN_POINTER, &box->from));
  PetscCall(VecCreateSeq(PETSC_COMM_SELF, n, &box->values));
  PetscCall(DMGetGlobalVector(l->dm, &global));
  PetscCall(VecScatterCreate(global, box->from, box->values, NULL, &box->scatter));
  PetscCall(DMRestoreGlobalVector(l->dm, &global));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewLatticeBoxFetch(SinewLatticeBox *box, Vec values)
{
  PetscFunctionBeginUser;
  PetscCall(VecScatterBegin(box->scatter, values, box->values, INSERT_VALUES, SCATTER_FORWARD));
  PetscCall(VecScatterEnd(box->scatter, values, box->values, INSERT_VALUES, SCATTER_FORWARD));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewLatticeBoxDestroy(SinewLatticeBox *box)
{
  PetscFunctionBeginUser;
  PetscCall(ISDestroy(&box->from));
  PetscCall(VecDestroy(&box->values));
  PetscCall(VecScatterDestroy(&box->scatter));
  PetscFunctionReturn(PETSC_SUCCESS);
}
