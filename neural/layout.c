/* Which rank owns which box of a map, at every level of coarsening. */
#include "neural/tensor_private.h"

#define CELLS_MIN 2 /* along each side of a box: narrower ones are merged */

static PetscErrorCode set_active(SinewLayout layout)
{
  PetscMPIInt size, rank;
  const PetscInt boxes = layout->ry * layout->rx;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(layout->comm, &size));
  PetscCallMPI(MPI_Comm_rank(layout->comm, &rank));
  layout->active = MPI_COMM_NULL;
  PetscCallMPI(
      MPI_Comm_split(layout->comm, layout->box.ny > 0 && boxes > 0 ? 0 : MPI_UNDEFINED, rank, &layout->active));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What all layouts have; no boxes yet. */
static PetscErrorCode begin(MPI_Comm comm, PetscBool periodic, PetscInt ry, PetscInt rx, PetscInt ny, PetscInt nx,
                            SinewLayout *out, PetscMPIInt *size, PetscMPIInt *rank)
{
  SinewLayout layout;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&layout));
  PetscCall(PetscCommDuplicate(comm, &layout->comm, NULL));
  PetscCallMPI(MPI_Comm_size(layout->comm, size));
  PetscCallMPI(MPI_Comm_rank(layout->comm, rank));
  layout->references = 1;
  layout->periodic = periodic;
  layout->ry = ry;
  layout->rx = rx;
  layout->ny = ny;
  layout->nx = nx;
  PetscCall(PetscCalloc1((size_t)*size, &layout->boxes));
  *out = layout;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Takes over cy, cx and owner. */
static PetscErrorCode create(MPI_Comm comm, PetscBool periodic, PetscInt ry, PetscInt *cy, PetscInt rx, PetscInt *cx,
                             PetscMPIInt *owner, SinewLayout *out)
{
  SinewLayout layout;
  PetscMPIInt size, rank;

  PetscFunctionBeginUser;
  PetscCall(begin(comm, periodic, ry, rx, cy[ry], cx[rx], &layout, &size, &rank));
  layout->cy = cy;
  layout->cx = cx;
  layout->owner = owner;
  for (PetscInt j = 0; j < ry; ++j)
    for (PetscInt i = 0; i < rx; ++i)
      layout->boxes[owner[j * rx + i]] = (SinewBox){cy[j], cx[i], cy[j + 1] - cy[j], cx[i + 1] - cx[i]};
  layout->box = layout->boxes[rank];
  layout->leads = PETSC_TRUE;
  PetscCall(set_active(layout));
  *out = layout;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_shared(MPI_Comm comm, PetscBool periodic, PetscInt ny, PetscInt nx, SinewLayout *out)
{
  SinewLayout layout;
  PetscMPIInt size, rank;

  PetscFunctionBeginUser;
  PetscCall(begin(comm, periodic, 1, 1, ny, nx, &layout, &size, &rank));
  layout->shared = PETSC_TRUE;
  layout->leads = (PetscBool)(rank == 0);
  layout->active = MPI_COMM_NULL;
  layout->box = (SinewBox){0, 0, ny, nx};
  for (PetscMPIInt r = 0; r < size; ++r) layout->boxes[r] = layout->box;
  *out = layout;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewLayoutShare(SinewLayout layout, SinewLayout *shared)
{
  PetscFunctionBeginUser;
  PetscCall(create_shared(layout->comm, layout->periodic, layout->ny, layout->nx, shared));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewLayoutReference(SinewLayout layout)
{
  PetscFunctionBeginUser;
  ++layout->references;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewLayoutDestroy(SinewLayout *layout)
{
  SinewLayout l = *layout;

  PetscFunctionBeginUser;
  *layout = NULL;
  if (!l || --l->references > 0) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt w = 0; w < l->widths; ++w) PetscCall(ExchangeDestroy(&l->exchanges[w]));
  if (l->active != MPI_COMM_NULL) PetscCallMPI(MPI_Comm_free(&l->active));
  PetscCall(PetscCommDestroy(&l->comm));
  PetscCall(PetscFree(l->exchanges));
  PetscCall(PetscFree(l->boxes));
  PetscCall(PetscFree(l->owner));
  PetscCall(PetscFree(l->cy));
  PetscCall(PetscFree(l->cx));
  PetscCall(PetscFree(l));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- how to cut ---- */

/* The widest box when n cells are cut for p ranks on multiples of unit; 0 when they cannot be. */
static PetscInt widest(PetscInt n, PetscInt p, PetscInt unit)
{
  if (n % unit || n / unit < p) return 0;
  return (n / unit + p - 1) / p * unit;
}

/* The coarsest unit of cutting whose widest box is within a fifth of the best possible. */
static PetscInt best_unit(PetscInt n, PetscInt p, PetscInt levels)
{
  PetscInt best = 0;

  for (PetscInt unit = 2; !best && unit > 0; --unit) best = widest(n, p, unit);
  for (PetscInt unit = (PetscInt)1 << levels; unit > 1; unit /= 2) {
    const PetscInt width = widest(n, p, unit);

    if (width && 5 * width <= 6 * best) return unit;
  }
  return 1;
}

static PetscErrorCode cut(PetscInt n, PetscInt p, PetscInt unit, PetscInt **cuts)
{
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)p + 1, cuts));
  for (PetscInt k = 0; k <= p; ++k) (*cuts)[k] = (n / unit * k) / p * unit;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Ranks along y: the factor of size that makes the largest box smallest, then its border shortest; 0 when none does. */
static PetscInt choose_rows(PetscInt size, PetscInt ny, PetscInt nx, PetscInt levels)
{
  PetscInt best = 0, best_area = PETSC_MAX_INT, best_border = PETSC_MAX_INT;

  for (PetscInt ry = 1; ry <= size; ++ry) {
    const PetscInt rx = size / ry;

    if (size % ry || ny / CELLS_MIN < ry || nx / CELLS_MIN < rx) continue;
    const PetscInt h = widest(ny, ry, best_unit(ny, ry, levels)), w = widest(nx, rx, best_unit(nx, rx, levels));
    const PetscInt border = (ry > 1 ? w : 0) + (rx > 1 ? h : 0);

    if (h * w > best_area || (h * w == best_area && border >= best_border)) continue;
    best = ry;
    best_area = h * w;
    best_border = border;
  }
  return best;
}

static PetscErrorCode identity_owners(PetscInt n, PetscMPIInt **owner)
{
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)n, owner));
  for (PetscInt k = 0; k < n; ++k) (*owner)[k] = (PetscMPIInt)k;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewLayoutCreate(MPI_Comm comm, PetscInt ny, PetscInt nx, PetscBool periodic, PetscInt levels,
                                 SinewLayout *layout)
{
  const PetscInt unit = (PetscInt)1 << levels;
  PetscInt ry, rx, *cy, *cx;
  PetscMPIInt size, *owner;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCheck(ny > 0 && nx > 0 && ny % unit == 0 && nx % unit == 0, comm, SINEW_ERR_INPUT,
             "a map of %" PetscInt_FMT " x %" PetscInt_FMT " cells cannot be coarsened %" PetscInt_FMT
             " times: both sizes must be multiples of %" PetscInt_FMT "; nearest: %" PetscInt_FMT " x %" PetscInt_FMT,
             ny, nx, levels, unit, PetscMax(1, (ny + unit / 2) / unit) * unit,
             PetscMax(1, (nx + unit / 2) / unit) * unit);
  ry = choose_rows(size, ny, nx, levels);
  PetscCheck(ry || size == 1, comm, SINEW_ERR_INPUT,
             "a map of %" PetscInt_FMT " x %" PetscInt_FMT
             " cells cannot be cut for %d ranks: each needs at least %d x %d",
             ny, nx, size, CELLS_MIN, CELLS_MIN);
  ry = PetscMax(ry, 1);
  rx = size / ry;
  PetscCall(cut(ny, ry, best_unit(ny, ry, levels), &cy));
  PetscCall(cut(nx, rx, best_unit(nx, rx, levels), &cx));
  PetscCall(identity_owners(size, &owner));
  PetscCall(create(comm, periodic, ry, cy, rx, cx, owner, layout));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode sum_up(PetscInt n, const PetscInt counts[], PetscInt **cuts)
{
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)n + 1, cuts));
  (*cuts)[0] = 0;
  for (PetscInt k = 0; k < n; ++k) (*cuts)[k + 1] = (*cuts)[k] + counts[k];
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewLayoutCreateCuts(MPI_Comm comm, PetscBool periodic, PetscInt ry, const PetscInt rows[], PetscInt rx,
                                     const PetscInt columns[], SinewLayout *layout)
{
  PetscInt *cy, *cx;
  PetscMPIInt size, *owner;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCheck(ry * rx == size, comm, PETSC_ERR_ARG_SIZ, "%" PetscInt_FMT " x %" PetscInt_FMT " boxes for %d ranks", ry,
             rx, size);
  PetscCall(sum_up(ry, rows, &cy));
  PetscCall(sum_up(rx, columns, &cx));
  PetscCall(identity_owners(size, &owner));
  PetscCall(create(comm, periodic, ry, cy, rx, cx, owner, layout));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- coarsening ---- */

/* Keeps the cuts that leave boxes of at least CELLS_MIN cells, on even cells if so asked. from[k]: which old box leads
 * new box k. */
static PetscErrorCode merge(PetscInt *boxes, const PetscInt cuts[], PetscBool even, PetscInt **kept, PetscInt **from)
{
  const PetscInt old = *boxes, n = cuts[old];
  PetscInt m = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2((size_t)old + 1, kept, (size_t)old + 1, from));
  (*kept)[0] = (*from)[0] = 0;
  for (PetscInt k = 1; k < old; ++k) {
    if (cuts[k] - (*kept)[m] < CELLS_MIN || n - cuts[k] < CELLS_MIN || (even && cuts[k] % 2)) continue;
    (*kept)[++m] = cuts[k];
    (*from)[m] = k;
  }
  *boxes = m + 1;
  (*kept)[m + 1] = n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode halve(PetscInt n, const PetscInt cuts[], PetscInt **half)
{
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)n + 1, half));
  for (PetscInt k = 0; k <= n; ++k) (*half)[k] = cuts[k] / 2;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_merged(SinewLayout halved, PetscBool more, SinewLayout *merged)
{
  PetscInt ry = halved->ry, rx = halved->rx, *ky, *kx, *fy, *fx, *cy, *cx;
  PetscMPIInt *owner;

  PetscFunctionBeginUser;
  PetscCall(merge(&ry, halved->cy, more, &ky, &fy));
  PetscCall(merge(&rx, halved->cx, more, &kx, &fx));
  if (ry == halved->ry && rx == halved->rx) {
    PetscCall(SinewLayoutReference(halved));
    *merged = halved;
  } else {
    PetscCall(PetscMalloc1((size_t)(ry * rx), &owner));
    PetscCall(PetscMalloc1((size_t)ry + 1, &cy));
    PetscCall(PetscMalloc1((size_t)rx + 1, &cx));
    PetscCall(PetscArraycpy(cy, ky, ry + 1));
    PetscCall(PetscArraycpy(cx, kx, rx + 1));
    for (PetscInt j = 0; j < ry; ++j)
      for (PetscInt i = 0; i < rx; ++i) owner[j * rx + i] = halved->owner[fy[j] * halved->rx + fx[i]];
    PetscCall(create(halved->comm, halved->periodic, ry, cy, rx, cx, owner, merged));
  }
  PetscCall(PetscFree2(ky, fy));
  PetscCall(PetscFree2(kx, fx));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The halves of what everyone has. */
static PetscErrorCode coarsen_shared(SinewLayout fine, SinewLayout *halved, SinewLayout *merged)
{
  PetscFunctionBeginUser;
  PetscCheck(fine->ny % 2 == 0 && fine->nx % 2 == 0, fine->comm, SINEW_ERR_INPUT,
             "a map of %" PetscInt_FMT " x %" PetscInt_FMT " cells cannot be coarsened", fine->ny, fine->nx);
  PetscCall(create_shared(fine->comm, fine->periodic, fine->ny / 2, fine->nx / 2, halved));
  PetscCall(SinewLayoutReference(*halved));
  *merged = *halved;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool cuts_are_even(PetscInt n, const PetscInt cuts[])
{
  for (PetscInt k = 0; k <= n; ++k)
    if (cuts[k] % 2) return PETSC_FALSE;
  return PETSC_TRUE;
}

PetscErrorCode SinewLayoutCoarsen(SinewLayout fine, PetscBool more, SinewLayout *halved, SinewLayout *merged)
{
  PetscInt *cy, *cx;
  PetscMPIInt *owner;
  const PetscInt boxes = fine->ry * fine->rx;

  PetscFunctionBeginUser;
  if (fine->shared) {
    PetscCall(coarsen_shared(fine, halved, merged));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCheck(cuts_are_even(fine->ry, fine->cy) && cuts_are_even(fine->rx, fine->cx), fine->comm, SINEW_ERR_INPUT,
             "a map of %" PetscInt_FMT " x %" PetscInt_FMT " cells is cut on odd cells and cannot be coarsened",
             fine->ny, fine->nx);
  PetscCall(halve(fine->ry, fine->cy, &cy));
  PetscCall(halve(fine->rx, fine->cx, &cx));
  PetscCall(PetscMalloc1((size_t)boxes, &owner));
  PetscCall(PetscArraycpy(owner, fine->owner, boxes));
  PetscCall(create(fine->comm, fine->periodic, fine->ry, cy, fine->rx, cx, owner, halved));
  PetscCall(create_merged(*halved, more, merged));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- getters ---- */

SinewBox SinewLayoutBox(SinewLayout layout)
{
  return layout->box;
}

SinewBox SinewLayoutMap(SinewLayout layout)
{
  return (SinewBox){0, 0, layout->ny, layout->nx};
}

PetscBool SinewLayoutPeriodic(SinewLayout layout)
{
  return layout->periodic;
}

MPI_Comm SinewLayoutComm(SinewLayout layout)
{
  return layout->comm;
}

MPI_Comm SinewLayoutActiveComm(SinewLayout layout)
{
  return layout->active;
}
