#include "meshes/grid.h"
#include "io/error.h"

struct _p_SinewGrid {
  MPI_Comm comm;
  SinewGridOptions options;
  PetscInt components;
  DM dm;
  SinewAxis axis[3];
  VecScatter frame; /* global -> ghost cells of a local vector */
};

/* Distributes `blocks` blocks of `align` cells over `ranks` ranks, as evenly as the DMDA does. */
static PetscErrorCode cut_axis(PetscInt cells, PetscInt align, PetscInt ranks, PetscInt **sizes)
{
  const PetscInt blocks = cells / align;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(ranks, sizes));
  for (PetscInt r = 0; r < ranks; r++) (*sizes)[r] = align * (blocks / ranks + (r < blocks % ranks));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_alignment(MPI_Comm comm, const SinewGridOptions *o)
{
  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < o->dim; d++) {
    const PetscInt below = o->cells[d] / o->align * o->align;

    if (below != o->cells[d])
      SETERRQ(comm, SINEW_ERR_INPUT,
              "grid.cells: %" PetscInt_FMT " cells along %c; the stepper needs a multiple of %" PetscInt_FMT
              ": %" PetscInt_FMT " or %" PetscInt_FMT,
              o->cells[d], (char)('x' + d), o->align, PetscMax(below, o->align), below + o->align);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The least cells along an axis that p ranks can share: each at least the halo, in whole blocks. */
static PetscInt least_cells(const SinewGridOptions *o, PetscInt p)
{
  const PetscInt align = PetscMax(1, o->align);

  return p * align * PetscMax(1, (o->ghosts + align - 1) / align);
}

/*
  Chooses the process grid: the factorisation of the number of ranks with the smallest cut surface,
  x cut last, because rows along x are what kernels and messages like long. Costs a few divisions,
  no memory. ranks[0] is 0 when none fits; nearest: the cells of the smallest larger grid that would.
*/
static void find_ranks(PetscMPIInt size, const SinewGridOptions *o, PetscInt ranks[3], PetscInt nearest[3])
{
  PetscReal best = PETSC_MAX_REAL, smallest = PETSC_MAX_REAL;
  const PetscReal volume = (PetscReal)o->cells[0] * (PetscReal)o->cells[1] * (PetscReal)o->cells[2];

  ranks[0] = nearest[0] = 0;
  for (PetscInt a = 1; a <= size; a++) {
    if (size % a) continue;
    for (PetscInt b = 1; b <= size / a; b++) {
      const PetscInt cut[3] = {a, b, size / a / b};
      PetscInt cells[3];
      PetscReal surface = 0, enlarged = 1;
      PetscBool legal = (PetscBool)((size / a) % b == 0), fits;

      for (PetscInt d = 0; d < 3 && legal; d++) {
        if (d >= o->dim ? cut[d] > 1 : o->ranks[d] && cut[d] != o->ranks[d]) legal = PETSC_FALSE;
        cells[d] = d < o->dim ? PetscMax(o->cells[d], least_cells(o, cut[d])) : 1;
        enlarged *= (PetscReal)cells[d];
        surface += (PetscReal)(cut[d] - 1) * volume / (PetscReal)o->cells[d];
      }
      if (!legal) continue;
      fits = (PetscBool)(enlarged == volume);
      surface *= 1 + 1e-3 * (PetscReal)(a - 1); /* between equals, leave x whole */
      if (fits && surface < best) {
        best = surface;
        for (PetscInt d = 0; d < 3; d++) ranks[d] = cut[d];
      }
      if (enlarged < smallest) {
        smallest = enlarged;
        for (PetscInt d = 0; d < 3; d++) nearest[d] = cells[d];
      }
    }
  }
}

static PetscErrorCode print_cells(PetscInt dim, const PetscInt cells[3], size_t size, char text[])
{
  char part[32];

  PetscFunctionBeginUser;
  text[0] = 0;
  for (PetscInt d = 0; d < dim; d++) {
    PetscCall(PetscSNPrintf(part, sizeof(part), "%s%" PetscInt_FMT, d ? " x " : "", cells[d]));
    PetscCall(PetscStrlcat(text, part, size));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode choose_ranks(MPI_Comm comm, const SinewGridOptions *o, PetscInt ranks[3])
{
  PetscInt nearest[3];
  PetscMPIInt size;
  char have[96], want[96], least[64] = "", where[64] = "";

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(comm, &size));
  find_ranks(size, o, ranks, nearest);
  if (ranks[0]) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(print_cells(o->dim, o->cells, sizeof(have), have));
  PetscCall(print_cells(o->dim, nearest, sizeof(want), want));
  PetscCall(PetscSNPrintf(least, sizeof(least), " of at least %" PetscInt_FMT " cells along each axis", o->ghosts));
  if (o->align > 1)
    PetscCall(PetscSNPrintf(where, sizeof(where), " that start on multiples of %" PetscInt_FMT, o->align));
  SETERRQ(comm, SINEW_ERR_INPUT, "grid.cells: %s cells cannot be cut into %d boxes%s%s: use fewer ranks%s%s", have,
          (int)size, least, where, nearest[0] ? ", or at least " : "", nearest[0] ? want : "");
}

/* Cells of the largest box. */
static PetscReal largest_box(const SinewGridOptions *o, const PetscInt ranks[3])
{
  PetscReal volume = 1;

  for (PetscInt d = 0; d < o->dim; d++) {
    const PetscInt blocks = o->cells[d] / o->align;

    volume *= (PetscReal)((blocks + ranks[d] - 1) / ranks[d] * o->align);
  }
  return volume;
}

PetscErrorCode SinewGridBestAlign(MPI_Comm comm, const SinewGridOptions *options, PetscInt most, PetscInt *align)
{
  SinewGridOptions o = *options;
  PetscInt ranks[3], nearest[3];
  PetscMPIInt size;
  PetscReal least;

  PetscFunctionBeginUser;
  *align = 0;
  if (most <= 1) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt d = o.dim; d < 3; d++) o.cells[d] = 1;
  PetscCallMPI(MPI_Comm_size(comm, &size));
  o.align = most;
  PetscCall(check_alignment(comm, &o));
  o.align = 2; /* boxes of odd sizes cannot be halved once */
  PetscCall(choose_ranks(comm, &o, ranks));
  least = largest_box(&o, ranks);
  *align = 2;
  for (PetscInt unit = most; unit > 2 && *align == 2; unit /= 2) {
    o.align = unit;
    find_ranks(size, &o, ranks, nearest);
    if (ranks[0] && largest_box(&o, ranks) <= 1.2 * least) *align = unit;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_dm(MPI_Comm comm, const SinewGridOptions *o, const PetscInt ranks[3],
                                PetscInt *const sizes[3], PetscInt components, PetscInt ghosts, DM *dm)
{
  DMBoundaryType type[3];

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < 3; d++)
    type[d] = d >= o->dim ? DM_BOUNDARY_NONE : o->periodic[d] ? DM_BOUNDARY_PERIODIC : DM_BOUNDARY_GHOSTED;
  PetscCall(DMDACreate(comm, dm));
  PetscCall(DMSetDimension(*dm, o->dim));
  PetscCall(DMDASetSizes(*dm, o->cells[0], o->cells[1], o->cells[2]));
  PetscCall(DMDASetNumProcs(*dm, (PetscMPIInt)ranks[0], (PetscMPIInt)ranks[1], (PetscMPIInt)ranks[2]));
  PetscCall(DMDASetBoundaryType(*dm, type[0], type[1], type[2]));
  PetscCall(DMDASetDof(*dm, (int)components));
  PetscCall(DMDASetStencilType(*dm, DMDA_STENCIL_BOX));
  PetscCall(DMDASetStencilWidth(*dm, (PetscInt)ghosts));
  PetscCall(DMDASetOwnershipRanges(*dm, sizes[0], o->dim > 1 ? sizes[1] : NULL, o->dim > 2 ? sizes[2] : NULL));
  PetscCall(DMSetUp(*dm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Position of face i of the whole axis, also beyond its ends: periodic images, or mirror images of
 * the interior. */
static PetscErrorCode face_positions(SinewGrid g, PetscInt d, PetscInt n, PetscReal face[])
{
  const SinewGridOptions *o = &g->options;
  const SinewAxis *a = &g->axis[d];
  const PetscReal width = a->upper - a->lower;
  PetscReal *s, *shift, *sign;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc3(n, &s, n, &shift, n, &sign));
  for (PetscInt k = 0; k < n; k++) {
    PetscInt i = a->first + k;

    shift[k] = 0;
    sign[k] = 1;
    if (i < 0 && a->periodic)
      shift[k] = -width, i += a->cells;
    else if (i > a->cells && a->periodic)
      shift[k] = width, i -= a->cells;
    else if (i < 0)
      shift[k] = 2 * a->lower, sign[k] = -1, i = -i;
    else if (i > a->cells)
      shift[k] = 2 * a->upper, sign[k] = -1, i = 2 * a->cells - i;
    /* the same expression on every rank, exact at both ends */
    s[k] = (a->lower * (PetscReal)(a->cells - i) + a->upper * (PetscReal)i) / (PetscReal)a->cells;
  }
  if (a->uniform)
    PetscCall(PetscArraycpy(face, s, n));
  else
    PetscCall((*o->map)(o->map_context, d, n, s, face));
  for (PetscInt k = 0; k < n; k++) face[k] = shift[k] + sign[k] * face[k];
  PetscCall(PetscFree3(s, shift, sign));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_axis(SinewGrid g, PetscInt d, PetscInt start, PetscInt count)
{
  const SinewGridOptions *o = &g->options;
  SinewAxis *a = &g->axis[d];
  const PetscBool used = (PetscBool)(d < o->dim);
  PetscBool ok = PETSC_TRUE, failed;
  char why[128];
  PetscInt n;

  PetscFunctionBeginUser;
  a->cells = o->cells[d];
  a->start = start;
  a->count = count;
  a->ghosts = used ? o->ghosts : 0;
  a->first = start - a->ghosts;
  a->periodic = (PetscBool)(used && o->periodic[d]);
  a->uniform = (PetscBool) !(used && o->map && o->mapped[d]);
  a->lower = used ? o->lower[d] : -0.5;
  a->upper = used ? o->upper[d] : 0.5;
  n = count + 2 * a->ghosts;
  PetscCall(PetscMalloc4(n + 1, &a->face, n, &a->center, n, &a->width, n, &a->inverse));
  PetscCall(face_positions(g, d, n + 1, a->face));
  for (PetscInt k = 0; k < n; k++) {
    a->center[k] = 0.5 * (a->face[k] + a->face[k + 1]);
    a->width[k] = a->uniform ? (a->upper - a->lower) / (PetscReal)a->cells : a->face[k + 1] - a->face[k];
    a->inverse[k] = 1 / a->width[k];
    if (!(a->width[k] > 0)) ok = PETSC_FALSE;
  }
  PetscCall(SinewAgree(g->comm, ok, "", &failed, sizeof(why), why));
  if (failed)
    SETERRQ(g->comm, SINEW_ERR_INPUT, "grid.stretch.%c: the map does not increase from cell to cell", (char)('x' + d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The ghost cells of a local vector that have an owner, as block indices. */
static PetscErrorCode create_scatter(DM dm, PetscBool foreign, VecScatter *scatter)
{
  ISLocalToGlobalMapping mapping;
  const PetscInt *owner;
  PetscInt xs, ys, zs, xm, ym, zm, gx, gy, gz, mx, my, mz, dof, n = 0, first, last, *from, *to;
  IS is_from, is_to;
  Vec global, local;

  PetscFunctionBeginUser;
  PetscCall(DMDAGetInfo(dm, NULL, NULL, NULL, NULL, NULL, NULL, NULL, &dof, NULL, NULL, NULL, NULL, NULL));
  PetscCall(DMDAGetCorners(dm, &xs, &ys, &zs, &xm, &ym, &zm));
  PetscCall(DMDAGetGhostCorners(dm, &gx, &gy, &gz, &mx, &my, &mz));
  PetscCall(DMGetLocalToGlobalMapping(dm, &mapping));
  PetscCall(ISLocalToGlobalMappingGetBlockIndices(mapping, &owner));
  PetscCall(DMGetGlobalVector(dm, &global));
  PetscCall(VecGetOwnershipRange(global, &first, &last));
  PetscCall(PetscMalloc2((size_t)(mx * my * mz), &from, (size_t)(mx * my * mz), &to));
  for (PetscInt k = gz; k < gz + mz; k++) {
    for (PetscInt j = gy; j < gy + my; j++) {
      const PetscBool inside = (PetscBool)(k >= zs && k < zs + zm && j >= ys && j < ys + ym);

      for (PetscInt i = gx; i < gx + mx; i++) {
        const PetscInt here = ((k - gz) * my + (j - gy)) * mx + (i - gx);

        if ((inside && i >= xs && i < xs + xm) || owner[here] < 0) continue;
        if (foreign && owner[here] >= first / dof && owner[here] < last / dof) continue;
        from[n] = owner[here];
        to[n++] = here;
      }
    }
  }
  PetscCall(ISLocalToGlobalMappingRestoreBlockIndices(mapping, &owner));
  PetscCall(ISCreateBlock(PetscObjectComm((PetscObject)dm), dof, n, from, PETSC_COPY_VALUES, &is_from));
  PetscCall(ISCreateBlock(PETSC_COMM_SELF, dof, n, to, PETSC_COPY_VALUES, &is_to));
  PetscCall(PetscFree2(from, to));
  PetscCall(DMGetLocalVector(dm, &local));
  PetscCall(VecScatterCreate(global, is_from, local, is_to, scatter));
  PetscCall(DMRestoreGlobalVector(dm, &global));
  PetscCall(DMRestoreLocalVector(dm, &local));
  PetscCall(ISDestroy(&is_from));
  PetscCall(ISDestroy(&is_to));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewGhostScatterCreate(DM dm, VecScatter *scatter)
{
  PetscFunctionBeginUser;
  PetscCall(create_scatter(dm, PETSC_FALSE, scatter));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewForeignScatterCreate(DM dm, VecScatter *scatter)
{
  PetscFunctionBeginUser;
  PetscCall(create_scatter(dm, PETSC_TRUE, scatter));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewGhostFill(DM dm, VecScatter scatter, Vec global, Vec local)
{
  PetscInt xs, ys, zs, xm, ym, zm, gx, gy, gz, mx, my, mz, dof;
  const PetscReal *from;
  PetscReal *to;

  PetscFunctionBeginUser;
  PetscCall(DMDAGetInfo(dm, NULL, NULL, NULL, NULL, NULL, NULL, NULL, &dof, NULL, NULL, NULL, NULL, NULL));
  PetscCall(DMDAGetCorners(dm, &xs, &ys, &zs, &xm, &ym, &zm));
  PetscCall(DMDAGetGhostCorners(dm, &gx, &gy, &gz, &mx, &my, &mz));
  PetscCall(VecScatterBegin(scatter, global, local, INSERT_VALUES, SCATTER_FORWARD));
  PetscCall(VecScatterEnd(scatter, global, local, INSERT_VALUES, SCATTER_FORWARD));
  PetscCall(VecGetArrayRead(global, &from));
  PetscCall(VecGetArray(local, &to));
  for (PetscInt k = 0; k < zm; k++)
    for (PetscInt j = 0; j < ym; j++)
      PetscCall(PetscArraycpy(to + (((k + zs - gz) * my + j + ys - gy) * mx + xs - gx) * dof,
                              from + (k * ym + j) * xm * dof, xm * dof));
  PetscCall(VecRestoreArray(local, &to));
  PetscCall(VecRestoreArrayRead(global, &from));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Everything but the decisions; what a failure leaves is for SinewGridDestroy. */
static PetscErrorCode build(SinewGrid g)
{
  SinewGridOptions *o = &g->options;
  PetscInt *sizes[3], start[3], count[3];

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < 3; d++) PetscCall(cut_axis(o->cells[d], d < o->dim ? o->align : 1, o->ranks[d], &sizes[d]));
  PetscCall(create_dm(g->comm, o, o->ranks, sizes, g->components, o->ghosts, &g->dm));
  for (PetscInt d = 0; d < 3; d++) PetscCall(PetscFree(sizes[d]));
  PetscCall(DMDAGetCorners(g->dm, &start[0], &start[1], &start[2], &count[0], &count[1], &count[2]));
  for (PetscInt d = 0; d < 3; d++) PetscCall(create_axis(g, d, start[d], count[d]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewGridCreate(MPI_Comm comm, const SinewGridOptions *options, PetscInt components, SinewGrid *grid)
{
  SinewGridOptions o = *options;
  PetscInt ranks[3];
  PetscErrorCode error;

  PetscFunctionBeginUser;
  for (PetscInt d = o.dim; d < 3; d++) o.cells[d] = 1;
  o.align = PetscMax(1, o.align);
  PetscCall(check_alignment(comm, &o));
  PetscCall(choose_ranks(comm, &o, ranks));
  PetscCall(PetscArraycpy(o.ranks, ranks, 3));
  PetscCall(PetscNew(grid));
  (*grid)->comm = comm;
  (*grid)->options = o;
  (*grid)->components = components;
  error = build(*grid);
  if (error) PetscCall(SinewGridDestroy(grid));
  PetscFunctionReturn(error);
}

PetscErrorCode SinewGridDestroy(SinewGrid *grid)
{
  SinewGrid g = *grid;

  PetscFunctionBeginUser;
  if (!g) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt d = 0; d < 3; d++)
    PetscCall(PetscFree4(g->axis[d].face, g->axis[d].center, g->axis[d].width, g->axis[d].inverse));
  PetscCall(VecScatterDestroy(&g->frame));
  PetscCall(DMDestroy(&g->dm));
  PetscCall(PetscFree(g));
  *grid = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewGridGetDM(SinewGrid grid, DM *dm)
{
  PetscFunctionBeginUser;
  *dm = grid->dm;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt SinewGridDim(SinewGrid grid)
{
  return grid->options.dim;
}

const SinewAxis *SinewGridAxis(SinewGrid grid, PetscInt axis)
{
  return &grid->axis[axis];
}

PetscErrorCode SinewGridCreateDM(SinewGrid grid, PetscInt components, PetscInt ghosts, DM *dm)
{
  const PetscInt *own[3];
  PetscInt *sizes[3] = {NULL, NULL, NULL};

  PetscFunctionBeginUser;
  PetscCall(DMDAGetOwnershipRanges(grid->dm, &own[0], &own[1], &own[2]));
  for (PetscInt d = 0; d < grid->options.dim; d++) {
    PetscCall(PetscMalloc1(grid->options.ranks[d], &sizes[d]));
    PetscCall(PetscArraycpy(sizes[d], own[d], grid->options.ranks[d]));
  }
  PetscCall(create_dm(grid->comm, &grid->options, grid->options.ranks, sizes, components, ghosts, dm));
  for (PetscInt d = 0; d < 3; d++) PetscCall(PetscFree(sizes[d]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewGridGhostsBegin(SinewGrid grid, Vec global, Vec local)
{
  PetscFunctionBeginUser;
  if (!grid->frame) PetscCall(SinewGhostScatterCreate(grid->dm, &grid->frame));
  PetscCall(VecScatterBegin(grid->frame, global, local, INSERT_VALUES, SCATTER_FORWARD));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewGridGhostsEnd(SinewGrid grid, Vec global, Vec local)
{
  PetscFunctionBeginUser;
  PetscCall(VecScatterEnd(grid->frame, global, local, INSERT_VALUES, SCATTER_FORWARD));
  PetscFunctionReturn(PETSC_SUCCESS);
}
