#include "operators/spectral.h"

#include <fftw3-mpi.h>

#include "io/error.h"

/* An axis of n cells of which the modes |m| <= K are kept; half: only those with m >= 0. */
typedef struct {
  PetscInt n, K, kept;
  PetscBool half;
} Axis;

struct _p_SinewSpectral {
  SinewSlab slab;
  SinewModes modes;
  PetscReal *wave[3]; /* of modes.wave, for all outer modes of this rank */
  PetscReal scale;
  Axis slow, mid, fast;  /* mid: y in 3D; in 2D it has one cell */
  PetscInt planes;       /* of the slab */
  PetscInt outer, block; /* the outer modes of this rank; numbers at each place of the transposed matrix */
  PetscComplex *lines, *packed, *columns;
  fftw_plan forward_fast, inverse_fast, forward_mid, inverse_mid, forward_slow, inverse_slow, there, back;
};

static PetscLogEvent event_transform = -1, event_transpose = -1;

static PetscErrorCode start_fftw(void)
{
  static PetscBool started = PETSC_FALSE;

  PetscFunctionBeginUser;
  if (started) PetscFunctionReturn(PETSC_SUCCESS);
  started = PETSC_TRUE;
  fftw_mpi_init();
  PetscCall(PetscLogEventRegister("SinewTransform", PETSC_OBJECT_CLASSID, &event_transform));
  PetscCall(PetscLogEventRegister("SinewTranspose", PETSC_OBJECT_CLASSID, &event_transpose));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static Axis make_axis(PetscInt n, PetscReal keep, PetscBool half)
{
  Axis a = {.n = n, .half = half};

  a.K = (PetscInt)PetscCeilReal(keep * (PetscReal)n / 2 - 1e-9) - 1;
  a.kept = half ? a.K + 1 : 2 * a.K + 1;
  return a;
}

/* ---- between all modes of an axis and those kept ---- */

/* Copies `runs` kept modes of `width` numbers each; the negative ones stand at the end of the full axis. */
static void keep_modes(const Axis *a, PetscInt width, const PetscComplex full[], PetscComplex kept[], PetscReal scale)
{
  const PetscInt upper = a->half ? 0 : a->K, first = (a->K + 1) * width, last = upper * width;
  const PetscReal *f = (const PetscReal *)full, *g = (const PetscReal *)(full + (a->n - upper) * width);
  PetscReal *k = (PetscReal *)kept;

  for (PetscInt i = 0; i < 2 * first; i++) k[i] = scale * f[i];
  k += 2 * first;
  for (PetscInt i = 0; i < 2 * last; i++) k[i] = scale * g[i];
}

static PetscErrorCode spread_modes(const Axis *a, PetscInt places, PetscInt width, const PetscComplex kept[],
                                   PetscComplex full[])
{
  const PetscInt upper = a->half ? 0 : a->K;

  PetscFunctionBegin;
  PetscCall(PetscArraycpy(full, kept, (a->K + 1) * width));
  PetscCall(PetscArrayzero(full + (a->K + 1) * width, (places - a->kept) * width));
  PetscCall(PetscArraycpy(full + (places - upper) * width, kept + (a->K + 1) * width, upper * width));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- transforms ---- */

PetscErrorCode SinewSpectralForward(SinewSpectral s, const PetscReal values[], PetscComplex modes[])
{
  const PetscInt half = s->fast.n / 2 + 1, lines = s->planes * s->mid.n, width = s->mid.n > 1 ? s->fast.kept : 1;

  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(event_transform, 0, 0, 0, 0));
  PetscCheck(!lines || fftw_alignment_of((double *)values) == 0, PETSC_COMM_SELF, PETSC_ERR_ARG_WRONG,
             "values are not aligned");
  if (lines) fftw_execute_dft_r2c(s->forward_fast, (double *)values, s->lines);
  if (s->forward_mid && lines) fftw_execute(s->forward_mid);
  for (PetscInt k = 0; k < s->planes; k++) {
    PetscComplex *to = s->packed + k * s->mid.kept * s->fast.kept;

    for (PetscInt m = 0; m < s->mid.kept; m++) {
      const PetscInt j = m <= s->mid.K ? m : s->mid.n - s->mid.kept + m;

      PetscCall(PetscArraycpy(to + m * s->fast.kept, s->lines + (k * s->mid.n + j) * half, s->fast.kept));
    }
  }
  PetscCall(PetscLogEventBegin(event_transpose, 0, 0, 0, 0));
  fftw_execute(s->there);
  PetscCall(PetscLogEventEnd(event_transpose, 0, 0, 0, 0));
  if (s->outer) fftw_execute(s->forward_slow);
  for (PetscInt d = 0; d < s->outer; d++)
    keep_modes(&s->slow, width, s->columns + d * s->slow.n * width, modes + d * s->slow.kept * width, s->scale);
  PetscCall(PetscLogEventEnd(event_transform, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSpectralInverse(SinewSpectral s, const PetscComplex modes[], PetscReal values[])
{
  const PetscInt half = s->fast.n / 2 + 1, lines = s->planes * s->mid.n, width = s->mid.n > 1 ? s->fast.kept : 1;

  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(event_transform, 0, 0, 0, 0));
  for (PetscInt d = 0; d < s->outer; d++)
    PetscCall(
        spread_modes(&s->slow, s->slow.n, width, modes + d * s->slow.kept * width, s->columns + d * s->slow.n * width));
  if (s->outer) fftw_execute(s->inverse_slow);
  PetscCall(PetscLogEventBegin(event_transpose, 0, 0, 0, 0));
  fftw_execute(s->back);
  PetscCall(PetscLogEventEnd(event_transpose, 0, 0, 0, 0));
  for (PetscInt k = 0; k < s->planes; k++) {
    const PetscComplex *from = s->packed + k * s->mid.kept * s->fast.kept;

    for (PetscInt j = 0; j < s->mid.n; j++) {
      PetscComplex *line = s->lines + (k * s->mid.n + j) * half;
      const PetscInt m = j <= s->mid.K ? j : j - s->mid.n + s->mid.kept;

      if (j > s->mid.K && j < s->mid.n - s->mid.K)
        PetscCall(PetscArrayzero(line, s->fast.kept));
      else
        PetscCall(PetscArraycpy(line, from + m * s->fast.kept, s->fast.kept));
      PetscCall(PetscArrayzero(line + s->fast.kept, half - s->fast.kept));
    }
  }
  if (s->inverse_mid && lines) fftw_execute(s->inverse_mid);
  PetscCheck(!lines || fftw_alignment_of(values) == 0, PETSC_COMM_SELF, PETSC_ERR_ARG_WRONG, "values are not aligned");
  if (lines) fftw_execute_dft_c2r(s->inverse_fast, s->lines, values);
  PetscCall(PetscLogEventEnd(event_transform, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- set-up ---- */

/* The caller's arrays are aligned as PetscMalloc does (16 bytes), which is what FFTW's vector instructions ask for. */
static void plan_fast(SinewSpectral s)
{
  const int n = (int)s->fast.n, half = n / 2 + 1, many = (int)(s->planes * s->mid.n);
  PetscReal *values = many ? fftw_alloc_real((size_t)many * (size_t)n) : NULL;

  if (!many) return;
  s->forward_fast = fftw_plan_many_dft_r2c(1, &n, many, values, NULL, 1, n, s->lines, NULL, 1, half,
                                           FFTW_ESTIMATE | FFTW_PRESERVE_INPUT);
  s->inverse_fast = fftw_plan_many_dft_c2r(1, &n, many, s->lines, NULL, 1, half, values, NULL, 1, n,
                                           FFTW_ESTIMATE | FFTW_DESTROY_INPUT);
  fftw_free(values);
}

/* Along y of a slab in 3D, the kept x modes only, in place. */
static void plan_mid(SinewSpectral s)
{
  const int half = (int)s->fast.n / 2 + 1, n = (int)s->mid.n;
  const fftw_iodim axis = {n, half, half};
  const fftw_iodim many[2] = {{(int)s->planes, n * half, n * half}, {(int)s->fast.kept, 1, 1}};

  if (n == 1 || !s->planes) return;
  s->forward_mid = fftw_plan_guru_dft(1, &axis, 2, many, s->lines, s->lines, FFTW_FORWARD, FFTW_ESTIMATE);
  s->inverse_mid = fftw_plan_guru_dft(1, &axis, 2, many, s->lines, s->lines, FFTW_BACKWARD, FFTW_ESTIMATE);
}

static void plan_slow(SinewSpectral s)
{
  const int n = (int)s->slow.n, width = s->mid.n > 1 ? (int)s->fast.kept : 1;
  const fftw_iodim axis = {n, width, width};
  const fftw_iodim many[2] = {{(int)s->outer, n * width, n * width}, {width, 1, 1}};

  if (!s->outer) return;
  s->forward_slow = fftw_plan_guru_dft(1, &axis, 2, many, s->columns, s->columns, FFTW_FORWARD, FFTW_ESTIMATE);
  s->inverse_slow = fftw_plan_guru_dft(1, &axis, 2, many, s->columns, s->columns, FFTW_BACKWARD, FFTW_ESTIMATE);
}

/* The matrix slow x outer of blocks of numbers, distributed by rows, becomes outer x slow. */
static PetscErrorCode plan_transposition(SinewSpectral s, MPI_Comm comm, ptrdiff_t outer, ptrdiff_t *start)
{
  const ptrdiff_t n[2] = {s->slow.n, outer}, block = s->block;
  ptrdiff_t rows, first, columns, size;

  PetscFunctionBeginUser;
  size = fftw_mpi_local_size_many_transposed(2, n, block, FFTW_MPI_DEFAULT_BLOCK, FFTW_MPI_DEFAULT_BLOCK, comm, &rows,
                                             &first, &columns, start);
  PetscCheck(rows == s->planes, PETSC_COMM_SELF, PETSC_ERR_PLIB, "FFTW's slabs are not ours");
  s->outer = (PetscInt)columns;
  s->packed = fftw_alloc_complex((size_t)size / 2 + 1);
  s->columns = fftw_alloc_complex((size_t)size / 2 + 1);
  s->lines = fftw_alloc_complex((size_t)(s->planes * s->mid.n * (s->fast.n / 2 + 1)) + 1);
  PetscCheck(s->packed && s->columns && s->lines, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory for transforms");
  s->there = fftw_mpi_plan_many_transpose(n[0], n[1], block, FFTW_MPI_DEFAULT_BLOCK, FFTW_MPI_DEFAULT_BLOCK,
                                          (double *)s->packed, (double *)s->columns, comm, FFTW_MEASURE);
  s->back = fftw_mpi_plan_many_transpose(n[1], n[0], block, FFTW_MPI_DEFAULT_BLOCK, FFTW_MPI_DEFAULT_BLOCK,
                                         (double *)s->columns, (double *)s->packed, comm, FFTW_MEASURE);
  PetscCheck(s->there && s->back, PETSC_COMM_SELF, PETSC_ERR_LIB, "FFTW cannot plan a transposition");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Wavenumbers of the modes start .. start + count - 1 of an axis. */
static PetscErrorCode wavenumbers(const Axis *a, PetscReal length, PetscInt start, PetscInt count, PetscReal **wave)
{
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)count, wave));
  for (PetscInt i = 0; i < count; i++) {
    const PetscInt m = start + i <= a->K ? start + i : start + i - a->kept;

    (*wave)[i] = 2 * PETSC_PI * (PetscReal)m / length;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode describe_modes(SinewSpectral s, SinewGrid grid, PetscInt start)
{
  const PetscInt dim = SinewGridDim(grid);
  const Axis single = {.n = 1, .K = 0, .kept = 1};
  const Axis *axis[3] = {dim == 3 ? &s->mid : &single, dim == 3 ? &s->slow : &s->fast, dim == 3 ? &s->fast : &s->slow};
  const PetscInt of_space[3] = {dim == 3 ? 1 : 2, dim == 3 ? 2 : 0, dim == 3 ? 0 : 1}, cut = dim == 3 ? 0 : 1;
  SinewModes *m = &s->modes;

  PetscFunctionBeginUser;
  m->modes = 1;
  for (int a = 0; a < 3; a++) {
    const SinewAxis *x = SinewGridAxis(grid, of_space[a]);

    m->axis[a] = of_space[a];
    m->count[a] = a == cut ? s->outer : axis[a]->kept;
    m->modes *= m->count[a];
    PetscCall(wavenumbers(axis[a], x->upper - x->lower, a == cut ? start : 0, m->count[a], &s->wave[a]));
    m->wave[a] = s->wave[a];
  }
  m->zero = s->outer && start == 0 ? 0 : -1;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSpectralCreate(SinewGrid grid, PetscInt components, PetscReal keep, SinewSpectral *spectral)
{
  const PetscInt dim = SinewGridDim(grid);
  const SinewAxis *x = SinewGridAxis(grid, 0), *y = SinewGridAxis(grid, 1), *z = SinewGridAxis(grid, 2);
  SinewSpectral s;
  ptrdiff_t start;
  DM dm;

  PetscFunctionBeginUser;
  PetscCall(SinewGridGetDM(grid, &dm));
  PetscCall(start_fftw());
  PetscCall(PetscNew(&s));
  *spectral = s;
  PetscCheck(dim > 1, PetscObjectComm((PetscObject)dm), PETSC_ERR_ARG_OUTOFRANGE, "a grid of 2 or 3 dimensions");
  for (PetscInt d = 0; d < dim; d++)
    PetscCheck(SinewGridAxis(grid, d)->periodic && SinewGridAxis(grid, d)->uniform, PetscObjectComm((PetscObject)dm),
               PETSC_ERR_ARG_WRONG, "Fourier modes need periodic, uniform axes");
  PetscCall(SinewSlabCreate(grid, components, &s->slab));
  s->planes = SinewSlabGetBlock(s->slab)->count;
  s->fast = make_axis(x->cells, keep, PETSC_TRUE);
  s->mid = make_axis(dim == 3 ? y->cells : 1, keep, PETSC_FALSE);
  s->slow = make_axis(dim == 3 ? z->cells : y->cells, keep, PETSC_FALSE);
  s->scale = 1 / ((PetscReal)x->cells * (PetscReal)y->cells * (PetscReal)z->cells);
  s->block = 2 * (dim == 3 ? s->fast.kept : 1);
  PetscCall(plan_transposition(s, PetscObjectComm((PetscObject)dm), dim == 3 ? s->mid.kept : s->fast.kept, &start));
  plan_fast(s);
  plan_mid(s);
  plan_slow(s);
  PetscCall(describe_modes(s, grid, (PetscInt)start));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSpectralDestroy(SinewSpectral *spectral)
{
  SinewSpectral s = *spectral;

  PetscFunctionBeginUser;
  if (!s) PetscFunctionReturn(PETSC_SUCCESS);
  {
    const fftw_plan plans[] = {s->forward_fast, s->inverse_fast, s->forward_mid, s->inverse_mid,
                               s->forward_slow, s->inverse_slow, s->there,       s->back};

    for (size_t p = 0; p < sizeof(plans) / sizeof(plans[0]); p++) {
      if (plans[p]) fftw_destroy_plan(plans[p]);
    }
  }
  fftw_free(s->lines);
  fftw_free(s->packed);
  fftw_free(s->columns);
  for (int a = 0; a < 3; a++) PetscCall(PetscFree(s->wave[a]));
  PetscCall(SinewSlabDestroy(&s->slab));
  PetscCall(PetscFree(s));
  *spectral = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

SinewSlab SinewSpectralGetSlab(SinewSpectral spectral)
{
  return spectral->slab;
}

const SinewModes *SinewSpectralGetModes(SinewSpectral spectral)
{
  return &spectral->modes;
}

void SinewSpectralRow(SinewSpectral s, PetscInt r, PetscReal *const k[3])
{
  const SinewModes *m = &s->modes;
  const PetscReal outer = m->wave[0][r / m->count[1]], middle = m->wave[1][r % m->count[1]];

  for (PetscInt i = 0; i < m->count[2]; i++) {
    k[m->axis[0]][i] = outer;
    k[m->axis[1]][i] = middle;
    k[m->axis[2]][i] = m->wave[2][i];
  }
}
