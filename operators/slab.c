#include "operators/slab.h"

#include "io/error.h"

struct _p_SinewSlab {
  SinewSlabBlock block;
  PetscInt components;
  VecScatter scatter; /* from the grid's order to the slab's; NULL where they agree */
  Vec cells;          /* the slab, components interlaced; with scatter */
};

PetscErrorCode SinewSlabRanks(MPI_Comm comm, const SinewGridOptions *o, PetscInt ghosts, PetscInt ranks[3])
{
  const PetscInt cells = o->cells[o->dim - 1];
  PetscMPIInt size;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(comm, &size));
  for (PetscInt d = 0; d < 3; d++) ranks[d] = 0;
  if (cells % size || cells / size < ghosts) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt d = 0; d < 3; d++) ranks[d] = d == o->dim - 1 ? size : 1;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  Number of cell (i, j, k) in the DMDA's order: boxes by rank, x fastest, each box x fastest. The cells before a box are
  those of the whole layers of boxes below it, of the rows of boxes before it in its layer, and of the boxes before it
  in its row. start[d], size[d]: of the box along axis d that holds the cell.
*/
static PetscInt position(const PetscInt cells[3], const PetscInt cell[3], const PetscInt start[3],
                         const PetscInt size[3])
{
  const PetscInt before = cells[0] * cells[1] * start[2] + cells[0] * start[1] * size[2] + start[0] * size[1] * size[2];

  return before + ((cell[2] - start[2]) * size[1] + (cell[1] - start[1])) * size[0] + (cell[0] - start[0]);
}

/* The numbers, in the grid's order, of the slab's cells: row by row, one run for each box that a row crosses. */
static PetscErrorCode number_cells(SinewSlab s, DM dm, const PetscInt cells[3], PetscInt number[])
{
  const PetscInt *own[3], one[1] = {1};
  PetscInt dim, boxes[3], n = 0, first[3] = {0, 0, 0}, count[3];

  PetscFunctionBeginUser;
  PetscCall(
      DMDAGetInfo(dm, &dim, NULL, NULL, NULL, &boxes[0], &boxes[1], &boxes[2], NULL, NULL, NULL, NULL, NULL, NULL));
  PetscCall(DMDAGetOwnershipRanges(dm, &own[0], &own[1], &own[2]));
  for (PetscInt d = dim; d < 3; d++) own[d] = one;
  PetscCall(PetscArraycpy(count, cells, 3));
  first[s->block.axis] = s->block.start;
  count[s->block.axis] = s->block.count;
  for (PetscInt k = first[2]; k < first[2] + count[2]; k++) {
    for (PetscInt j = first[1]; j < first[1] + count[1]; j++) {
      const PetscInt at[3] = {0, j, k};
      PetscInt box[3] = {0, 0, 0}, start[3] = {0, 0, 0};

      for (PetscInt d = 1; d < 3; d++) {
        while (start[d] + own[d][box[d]] <= at[d]) start[d] += own[d][box[d]++];
      }
      for (box[0] = 0; box[0] < boxes[0]; start[0] += own[0][box[0]++]) {
        const PetscInt size[3] = {own[0][box[0]], own[1][box[1]], own[2][box[2]]}, cell[3] = {start[0], j, k};
        const PetscInt here = position(cells, cell, start, size);

        for (PetscInt i = 0; i < size[0]; i++) number[n++] = here + i;
      }
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_scatter(SinewSlab s, SinewGrid grid, DM dm)
{
  const PetscInt cells[3] = {SinewGridAxis(grid, 0)->cells, SinewGridAxis(grid, 1)->cells,
                             SinewGridAxis(grid, 2)->cells};
  const MPI_Comm comm = PetscObjectComm((PetscObject)dm);
  PetscInt *number;
  IS from;
  Vec U;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)s->block.cells, &number));
  PetscCall(number_cells(s, dm, cells, number));
  PetscCall(ISCreateBlock(comm, s->components, s->block.cells, number, PETSC_OWN_POINTER, &from));
  PetscCall(VecCreateMPI(comm, s->components * s->block.cells, PETSC_DETERMINE, &s->cells));
  PetscCall(DMCreateGlobalVector(dm, &U));
  PetscCall(VecScatterCreate(U, from, s->cells, NULL, &s->scatter));
  PetscCall(VecDestroy(&U));
  PetscCall(ISDestroy(&from));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSlabCreate(SinewGrid grid, PetscInt components, SinewSlab *slab)
{
  const PetscInt axis = SinewGridDim(grid) - 1;
  const SinewAxis *a = SinewGridAxis(grid, axis);
  PetscMPIInt rank, size;
  PetscInt block, plane = 1;
  PetscBool same = PETSC_TRUE;
  SinewSlab s;
  MPI_Comm comm;
  DM dm, own;

  PetscFunctionBeginUser;
  PetscCall(SinewGridGetDM(grid, &own));
  comm = PetscObjectComm((PetscObject)own);
  PetscCall(PetscNew(&s));
  s->components = components;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Comm_size(comm, &size));
  block = (a->cells + size - 1) / size;
  for (PetscInt d = 0; d < axis; d++) plane *= SinewGridAxis(grid, d)->cells;
  s->block.axis = axis;
  s->block.start = PetscMin(a->cells, block * rank);
  s->block.count = PetscMin(a->cells, block * (rank + 1)) - s->block.start;
  s->block.cells = s->block.count * plane;
  same = (PetscBool)(s->block.start == a->start && s->block.count == a->count);
  for (PetscInt d = 0; d < axis; d++) {
    if (SinewGridAxis(grid, d)->count != SinewGridAxis(grid, d)->cells) same = PETSC_FALSE;
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &same, 1, SINEW_MPI_BOOL, MPI_LAND, comm));
  if (!same) {
    PetscCall(SinewGridCreateDM(grid, components, 0, &dm));
    PetscCall(create_scatter(s, grid, dm));
    PetscCall(DMDestroy(&dm));
  }
  *slab = s;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSlabDestroy(SinewSlab *slab)
{
  PetscFunctionBeginUser;
  if (!*slab) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecScatterDestroy(&(*slab)->scatter));
  PetscCall(VecDestroy(&(*slab)->cells));
  PetscCall(PetscFree(*slab));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const SinewSlabBlock *SinewSlabGetBlock(SinewSlab slab)
{
  return &slab->block;
}

PetscErrorCode SinewSlabLoad(SinewSlab s, Vec U, PetscReal *const values[])
{
  const PetscInt nc = s->components;
  const Vec from = s->scatter ? s->cells : U;
  const PetscReal *u;

  PetscFunctionBeginUser;
  if (s->scatter) {
    PetscCall(VecScatterBegin(s->scatter, U, s->cells, INSERT_VALUES, SCATTER_FORWARD));
    PetscCall(VecScatterEnd(s->scatter, U, s->cells, INSERT_VALUES, SCATTER_FORWARD));
  }
  PetscCall(VecGetArrayRead(from, &u));
  for (PetscInt c = 0; c < nc; c++) {
    for (PetscInt i = 0; i < s->block.cells; i++) values[c][i] = u[i * nc + c];
  }
  PetscCall(VecRestoreArrayRead(from, &u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSlabStore(SinewSlab s, const PetscReal *const values[], Vec U)
{
  const PetscInt nc = s->components;
  const Vec to = s->scatter ? s->cells : U;
  PetscReal *u;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayWrite(to, &u));
  for (PetscInt c = 0; c < nc; c++) {
    for (PetscInt i = 0; i < s->block.cells; i++) u[i * nc + c] = values[c][i];
  }
  PetscCall(VecRestoreArrayWrite(to, &u));
  if (s->scatter) {
    PetscCall(VecScatterBegin(s->scatter, s->cells, U, INSERT_VALUES, SCATTER_REVERSE));
    PetscCall(VecScatterEnd(s->scatter, s->cells, U, INSERT_VALUES, SCATTER_REVERSE));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
