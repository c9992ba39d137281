#include "meshes/movers/cosine.h"

#include <fftw3.h>

#include "io/error.h"

#define FACTORS 4 /* functions whose factors are kept */

typedef struct {
  SinewCosineKind kind;
  PetscReal a, b, *value; /* one for each coefficient */
} Factor;

struct _p_SinewCosine {
  SinewLattice *lattice;
  PetscInt layouts;         /* 1 on one rank, else dim: in layout d, lines along axis d are whole */
  Vec line[3];              /* vectors of the layouts; line[0] is in natural order on one rank */
  VecScatter forth[3];      /* into layout d, from the lattice or layout d - 1 */
  PetscInt lines[3];        /* of this rank */
  PetscReal *buffer;        /* what the transforms work on */
  fftw_complex *modes;      /* of a periodic lattice on one rank: half of its Fourier coefficients; else NULL */
  fftw_complex *lines_of_x; /* in two dimensions: between the transforms along x and y; the modes are then [x][y] */
  fftw_plan forward[3], backward[3];
  PetscReal *lambda[3]; /* eigenvalues of one axis, by position in its transform */
  PetscReal scale;      /* of forward and backward together */
  Factor factor[FACTORS];
  PetscInt used, size; /* functions in use, the last ones asked for first; coefficients of the last layout */
};

static PetscLogEvent event_apply;

/* Vertex indices of entry n of layout d: axis d fastest, the others in their order. */
static void place(const SinewLattice *l, PetscInt d, PetscInt n, PetscInt at[3])
{
  const PetscInt e = d == 0 ? 1 : 0, f = d == 2 ? 1 : 2;

  at[d] = n % l->nodes[d];
  n /= l->nodes[d];
  at[e] = n % l->nodes[e];
  at[f] = n / l->nodes[e];
}

static PetscInt entry(const SinewLattice *l, PetscInt d, const PetscInt at[3])
{
  const PetscInt e = d == 0 ? 1 : 0, f = d == 2 ? 1 : 2;

  return (at[f] * l->nodes[e] + at[e]) * l->nodes[d] + at[d];
}

static PetscErrorCode create_layout(SinewCosine c, PetscInt d)
{
  const SinewLattice *l = c->lattice;
  PetscInt lines = l->nodes[0] * l->nodes[1] * l->nodes[2] / l->nodes[d], first, last, *from;
  IS is;
  Vec before;

  PetscFunctionBeginUser;
  c->lines[d] = PETSC_DECIDE;
  PetscCall(PetscSplitOwnership(l->comm, &c->lines[d], &lines));
  PetscCall(VecCreateMPI(l->comm, c->lines[d] * l->nodes[d], PETSC_DETERMINE, &c->line[d]));
  PetscCall(VecGetOwnershipRange(c->line[d], &first, &last));
  PetscCall(PetscMalloc1((size_t)(last - first), &from));
  for (PetscInt n = first; n < last; n++) {
    PetscInt at[3];

    place(l, d, n, at);
    from[n - first] = d ? entry(l, d - 1, at) : SinewLatticeIndex(l, at[0], at[1], at[2]);
  }
  PetscCall(ISCreateGeneral(l->comm, last - first, from, PETSC_OWN_POINTER, &is));
  if (d)
    before = c->line[d - 1];
  else
    PetscCall(DMGetGlobalVector(l->dm, &before));
  PetscCall(VecScatterCreate(before, is, c->line[d], NULL, &c->forth[d]));
  if (!d) PetscCall(DMRestoreGlobalVector(l->dm, &before));
  PetscCall(ISDestroy(&is));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Of a plane: along x into half-complex lines, then along y, turned so that these lines are contiguous. Up to 1.8 times
   faster than FFTW's own plan for both axes, made without measuring, which has strides of a whole line. */
static void create_turned_plans(SinewCosine c)
{
  const int x = (int)c->lattice->nodes[0], y = (int)c->lattice->nodes[1], half = x / 2 + 1;
  fftw_complex *lines = c->lines_of_x;

  c->forward[0] = fftw_plan_many_dft_r2c(1, &x, y, c->buffer, NULL, 1, x, lines, NULL, 1, half, FFTW_ESTIMATE);
  c->forward[1] =
      fftw_plan_many_dft(1, &y, half, lines, NULL, half, 1, c->modes, NULL, 1, y, FFTW_FORWARD, FFTW_ESTIMATE);
  c->backward[1] =
      fftw_plan_many_dft(1, &y, half, c->modes, NULL, 1, y, lines, NULL, half, 1, FFTW_BACKWARD, FFTW_ESTIMATE);
  c->backward[0] = fftw_plan_many_dft_c2r(1, &x, y, lines, NULL, 1, half, c->buffer, NULL, 1, x, FFTW_ESTIMATE);
}

static PetscErrorCode create_plans(SinewCosine c)
{
  const SinewLattice *l = c->lattice;
  fftw_r2r_kind forward[3], backward[3];
  int n[3];

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < l->dim; d++) { /* slowest first for FFTW */
    n[l->dim - 1 - d] = (int)l->nodes[d];
    forward[l->dim - 1 - d] = l->periodic[d] ? FFTW_R2HC : FFTW_REDFT00;
    backward[l->dim - 1 - d] = l->periodic[d] ? FFTW_HC2R : FFTW_REDFT00;
  }
  if (c->lines_of_x) {
    create_turned_plans(c);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (c->modes) {
    c->forward[0] = fftw_plan_dft_r2c((int)l->dim, n, c->buffer, c->modes, FFTW_ESTIMATE);
    c->backward[0] = fftw_plan_dft_c2r((int)l->dim, n, c->modes, c->buffer, FFTW_ESTIMATE);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (c->layouts == 1) {
    c->forward[0] = fftw_plan_r2r((int)l->dim, n, c->buffer, c->buffer, forward, FFTW_ESTIMATE);
    c->backward[0] = fftw_plan_r2r((int)l->dim, n, c->buffer, c->buffer, backward, FFTW_ESTIMATE);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (PetscInt d = 0; d < l->dim; d++) {
    const int m = (int)l->nodes[d], lines = (int)c->lines[d];

    if (!lines) continue;
    c->forward[d] = fftw_plan_many_r2r(1, &m, lines, c->buffer, NULL, 1, m, c->buffer, NULL, 1, m,
                                       &forward[l->dim - 1 - d], FFTW_ESTIMATE);
    c->backward[d] = fftw_plan_many_r2r(1, &m, lines, c->buffer, NULL, 1, m, c->buffer, NULL, 1, m,
                                        &backward[l->dim - 1 - d], FFTW_ESTIMATE);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode eigenvalues(SinewCosine c, PetscInt d)
{
  const SinewLattice *l = c->lattice;
  const PetscInt n = l->nodes[d];

  PetscFunctionBeginUser;
  PetscCall(PetscCalloc1(n, &c->lambda[d]));
  for (PetscInt i = 0; i < n && d < l->dim; i++) {
    const PetscInt k = l->periodic[d] && 2 * i > n ? n - i : i; /* imaginary parts come last, backwards */
    const PetscReal s = PetscSinReal((l->periodic[d] ? 1 : 0.5) * PETSC_PI * (PetscReal)k / (PetscReal)l->cells[d]);

    c->lambda[d][i] = 4 * s * s / (l->h[d] * l->h[d]);
  }
  if (d < l->dim) c->scale /= (PetscReal)((l->periodic[d] ? 1 : 2) * l->cells[d]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewCosineCreate(SinewLattice *lattice, SinewCosine *cosine)
{
  SinewCosine c;
  PetscMPIInt size;
  PetscInt most = lattice->local;
  PetscBool periodic = PETSC_TRUE;
  static PetscBool registered = PETSC_FALSE;
  PetscClassId id;

  PetscFunctionBeginUser;
  if (!registered) {
    PetscCall(PetscClassIdRegister("Sinew mesh", &id));
    PetscCall(PetscLogEventRegister("SinewCosine", id, &event_apply));
    registered = PETSC_TRUE;
  }
  PetscCall(PetscNew(&c));
  *cosine = c;
  c->lattice = lattice;
  c->scale = 1;
  PetscCallMPI(MPI_Comm_size(lattice->comm, &size));
  c->layouts = size > 1 ? lattice->dim : 1;
  for (PetscInt d = 0; d < c->layouts && size > 1; d++) {
    PetscCall(create_layout(c, d));
    most = PetscMax(most, c->lines[d] * lattice->nodes[d]);
  }
  for (PetscInt d = 0; d < 3; d++) {
    PetscCall(eigenvalues(c, d));
    periodic = (PetscBool)(periodic && (d >= lattice->dim || lattice->periodic[d]));
  }
  c->size = size > 1 ? c->lines[lattice->dim - 1] * lattice->nodes[lattice->dim - 1] : lattice->local;
  if (size == 1 && periodic) {
    c->size = lattice->local / lattice->nodes[0] * (lattice->nodes[0] / 2 + 1);
    c->modes = fftw_alloc_complex((size_t)c->size);
    if (lattice->dim == 2) c->lines_of_x = fftw_alloc_complex((size_t)c->size);
    PetscCheck(c->modes && (lattice->dim != 2 || c->lines_of_x), PETSC_COMM_SELF, PETSC_ERR_MEM,
               "no memory for transforms");
  }
  c->buffer = (PetscReal *)fftw_malloc(sizeof(PetscReal) * (size_t)PetscMax(most, 1));
  PetscCheck(c->buffer, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory for transforms");
  PetscCall(create_plans(c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewCosineDestroy(SinewCosine *cosine)
{
  SinewCosine c = *cosine;

  PetscFunctionBeginUser;
  if (!c) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt d = 0; d < 3; d++) {
    PetscCall(VecDestroy(&c->line[d]));
    PetscCall(VecScatterDestroy(&c->forth[d]));
    PetscCall(PetscFree(c->lambda[d]));
    if (c->forward[d]) fftw_destroy_plan(c->forward[d]);
    if (c->backward[d]) fftw_destroy_plan(c->backward[d]);
  }
  fftw_free(c->buffer);
  fftw_free(c->modes);
  fftw_free(c->lines_of_x);
  for (PetscInt k = 0; k < c->used; k++) PetscCall(PetscFree(c->factor[k].value));
  PetscCall(PetscFree(c));
  *cosine = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscReal function(const SinewCosine c, const Factor *f, const PetscInt at[3])
{
  const SinewLattice *l = c->lattice;
  PetscReal sum = 0, product = 1;

  for (PetscInt d = 0; d < l->dim; d++) {
    const PetscReal lambda = c->lambda[d][at[d]];

    sum += lambda;
    product *= 1 - lambda * l->h[d] * l->h[d] / 6;
  }
  switch (f->kind) {
  case SINEW_COSINE_HELMHOLTZ: sum = f->a + f->b * sum; return sum > 0 ? 1 / sum : 0;
  case SINEW_COSINE_GAUSSIAN: return PetscExpReal(-0.5 * f->a * f->a * sum);
  default: return 1 / product;
  }
}

static PetscErrorCode fill_factor(SinewCosine c, Factor *f)
{
  const SinewLattice *l = c->lattice;
  const PetscInt d = c->layouts == 1 ? 0 : c->layouts - 1, half = l->nodes[0] / 2 + 1;
  PetscInt first = 0, last;

  PetscFunctionBeginUser;
  if (c->layouts > 1) PetscCall(VecGetOwnershipRange(c->line[d], &first, &last));
  for (PetscInt n = 0; n < c->size; n++) {
    PetscInt at[3] = {n % half, n / half % l->nodes[1], n / half / l->nodes[1]};

    if (c->lines_of_x) {
      at[0] = n / l->nodes[1];
      at[1] = n % l->nodes[1];
    }
    if (!c->modes) place(l, d, first + n, at);
    f->value[n] = c->scale * function(c, f, at);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The factors of a function, from the store or made anew in the place of the one that was not asked for longest. */
static PetscErrorCode find_factor(SinewCosine c, SinewCosineKind kind, PetscReal a, PetscReal b,
                                  const PetscReal **value)
{
  Factor f;
  PetscInt k = 0;

  PetscFunctionBeginUser;
  while (k < c->used && (c->factor[k].kind != kind || c->factor[k].a != a || c->factor[k].b != b)) k++;
  if (k == c->used) {
    if (c->used < FACTORS) {
      PetscCall(PetscMalloc1(PetscMax(c->size, 1), &c->factor[k].value));
      c->used++;
    } else
      k--;
    f = (Factor){kind, a, b, c->factor[k].value};
    PetscCall(fill_factor(c, &f));
  } else
    f = c->factor[k];
  for (; k > 0; k--) c->factor[k] = c->factor[k - 1];
  c->factor[0] = f;
  *value = f.value;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Transforms the lines of a vector in place, through the aligned buffer. */
static PetscErrorCode transform(const SinewCosine c, const fftw_plan plan, Vec v, const PetscReal factor[])
{
  PetscReal *a;
  PetscInt n;

  PetscFunctionBeginUser;
  PetscCall(VecGetLocalSize(v, &n));
  PetscCall(VecGetArray(v, &a));
  PetscCall(PetscArraycpy(c->buffer, a, n));
  if (plan) fftw_execute(plan);
  for (PetscInt i = 0; i < n; i++) a[i] = factor ? factor[i] * c->buffer[i] : c->buffer[i];
  PetscCall(VecRestoreArray(v, &a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode apply_alone(SinewCosine c, const PetscReal *restrict factor, Vec in, Vec out)
{
  const PetscInt n = c->lattice->local;
  const PetscReal *from;
  PetscReal *to;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(in, &from));
  PetscCall(PetscArraycpy(c->buffer, from, n));
  PetscCall(VecRestoreArrayRead(in, &from));
  fftw_execute(c->forward[0]);
  if (c->lines_of_x) fftw_execute(c->forward[1]);
  if (c->modes) {
    PetscReal *restrict m = (PetscReal *)c->modes;

    for (PetscInt i = 0; i < c->size; i++) {
      m[2 * i] *= factor[i];
      m[2 * i + 1] *= factor[i];
    }
  } else
    for (PetscInt i = 0; i < n; i++) c->buffer[i] *= factor[i];
  if (c->lines_of_x) fftw_execute(c->backward[1]);
  fftw_execute(c->backward[0]);
  PetscCall(VecGetArrayWrite(out, &to));
  PetscCall(PetscArraycpy(to, c->buffer, n));
  PetscCall(VecRestoreArrayWrite(out, &to));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewCosineApply(SinewCosine c, SinewCosineKind kind, PetscReal a, PetscReal b, Vec in, Vec out)
{
  const PetscReal *factor = NULL;

  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(event_apply, 0, 0, 0, 0));
  PetscCall(find_factor(c, kind, a, b, &factor));
  if (!c->line[0])
    PetscCall(apply_alone(c, factor, in, out));
  else {
    for (PetscInt d = 0; d < c->layouts; d++) {
      PetscCall(VecScatterBegin(c->forth[d], d ? c->line[d - 1] : in, c->line[d], INSERT_VALUES, SCATTER_FORWARD));
      PetscCall(VecScatterEnd(c->forth[d], d ? c->line[d - 1] : in, c->line[d], INSERT_VALUES, SCATTER_FORWARD));
      PetscCall(transform(c, c->forward[d], c->line[d], d == c->layouts - 1 ? factor : NULL));
    }
    for (PetscInt d = c->layouts - 1; d >= 0; d--) {
      PetscCall(transform(c, c->backward[d], c->line[d], NULL));
      PetscCall(VecScatterBegin(c->forth[d], c->line[d], d ? c->line[d - 1] : out, INSERT_VALUES, SCATTER_REVERSE));
      PetscCall(VecScatterEnd(c->forth[d], c->line[d], d ? c->line[d - 1] : out, INSERT_VALUES, SCATTER_REVERSE));
    }
  }
  PetscCall(PetscLogEventEnd(event_apply, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}
