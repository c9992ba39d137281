/*
  Incompressible flow in Fourier modes (Canuto, Hussaini, Quarteroni & Zang 2007, section 3.3).

  2D: the vorticity w, whose mode k = 0 is zero: its place holds the mean velocity U + i V instead. The nonlinear term
  in Basdevant's form (J. Comput. Phys. 50, 1983) takes two inverse and two forward transforms, not five:

    w_t + (d_xx - d_yy)(u v) - 2 d_xy (u^2 - v^2)/2 = D w + curl f

  3D: the velocity, u_t = P(u x w + f) + D u in rotational form, nine transforms; P projects on divergence-free fields.
  Scalars: s_t = -div(u s) + kappa lap s, one transform more, and one each axis.

  D = nu lap - nu_p (-lap)^p - drag is diagonal. All products are quadratic and all modes beyond two thirds absent, so
  that nothing is aliased and energy (in 2D also enstrophy) is conserved by the terms of transport, to rounding.
*/
#include <math.h>

#include "io/random.h"
#include "solvers/equations/navier_stokes.h"
#include "solvers/equations/navier_stokes_kernels.h"

struct _SinewFlowModes {
  SinewEquation e;
  const SinewFlowParameters *parameters;
  PetscInt dim, scalars, momenta; /* momenta: fields of the state before the scalars: 1 in 2D, 3 in 3D */
  SinewSpectral spectral;
  const SinewModes *m;
  SinewSlab slab;
  PetscInt rows, cells;
  PetscReal *inverse, *decay[2];                       /* 1 / k^2 (0 at 0); of velocity and scalars */
  PetscReal *k[3];                                     /* one row of wavenumbers */
  PetscReal *value[SINEW_COMPONENTS_MAX], *product[3]; /* cells of the slab */
  PetscComplex *u[3], *work[3];                        /* velocity modes (2D), anything */
  PetscComplex *force[3];                              /* NULL: none */
  PetscBool timed;
  PetscBool filled; /* value[] is what the last call of `store` put there */
  PetscReal ring;   /* modes that are stirred, of all ranks */
};

#define REALS(modes) ((PetscReal *)(modes))

/* ---- velocity and vorticity ---- */

/* For row r: its wavenumbers in f->k; returns the place of its first mode. */
static PetscInt enter_row(SinewFlowModes f, PetscInt r)
{
  SinewSpectralRow(f->spectral, r, f->k);
  return r * f->m->count[2];
}

/* Velocity modes of a state: in 3D they are the state. */
static void velocity_modes(SinewFlowModes f, const PetscComplex v[], PetscComplex *u[])
{
  if (f->dim == 3) {
    for (int d = 0; d < 3; d++) u[d] = (PetscComplex *)v + d * f->m->modes;
    return;
  }
  for (PetscInt r = 0; r < f->rows; r++) {
    const PetscInt at = enter_row(f, r);
    PetscReal *const out[2] = {REALS(f->u[0] + at), REALS(f->u[1] + at)};

    SinewFlowVelocity2D(f->m->count[2], f->k, f->inverse + at, (const PetscReal *)(v + at), out);
  }
  for (int d = 0; d < 2; d++) u[d] = f->u[d];
  if (f->m->zero < 0) return;
  u[0][f->m->zero] = PetscRealPartComplex(v[f->m->zero]);
  u[1][f->m->zero] = PetscImaginaryPartComplex(v[f->m->zero]);
}

/* The fields that are advanced, from dim arrays that need not be free of divergence: 2D w += curl u, 3D w += u. */
static void add_momentum(SinewFlowModes f, PetscComplex *const u[], PetscComplex w[])
{
  const PetscInt n = f->m->count[2];

  if (f->dim == 3) {
    for (int d = 0; d < 3; d++) SinewFlowAdd(2 * f->m->modes, 1, (const PetscReal *)u[d], REALS(w + d * f->m->modes));
    return;
  }
  for (PetscInt r = 0; r < f->rows; r++) {
    const PetscInt at = enter_row(f, r);
    const PetscReal *const in[2] = {(const PetscReal *)(u[0] + at), (const PetscReal *)(u[1] + at)};

    SinewFlowCurl2D(n, f->k, in, REALS(f->work[2]));
    SinewFlowAdd(2 * n, 1, REALS(f->work[2]), REALS(w + at));
  }
  if (f->m->zero >= 0)
    w[f->m->zero] += PetscCMPLX(PetscRealPartComplex(u[0][f->m->zero]), PetscRealPartComplex(u[1][f->m->zero]));
}

static void project(SinewFlowModes f, PetscComplex w[])
{
  for (PetscInt r = 0; r < f->rows && f->dim == 3; r++) {
    const PetscInt at = enter_row(f, r), n = f->m->modes;
    PetscReal *const u[3] = {REALS(w + at), REALS(w + n + at), REALS(w + 2 * n + at)};

    SinewFlowProject3D(f->m->count[2], f->k, f->inverse + at, u);
  }
}

/* ---- between vectors and modes ---- */

static PetscErrorCode load(void *context, Vec U, PetscComplex v[])
{
  SinewFlowModes f = (SinewFlowModes)context;

  PetscFunctionBeginUser;
  f->filled = PETSC_FALSE;
  PetscCall(SinewSlabLoad(f->slab, U, f->value));
  PetscCall(PetscArrayzero(v, f->momenta * f->m->modes));
  for (PetscInt d = 0; d < f->dim; d++) PetscCall(SinewSpectralForward(f->spectral, f->value[d], f->u[d]));
  add_momentum(f, f->u, v);
  project(f, v);
  for (PetscInt s = 0; s < f->scalars; s++)
    PetscCall(SinewSpectralForward(f->spectral, f->value[f->dim + s], v + (f->momenta + s) * f->m->modes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Velocities and scalars in the slab's cells. */
static PetscErrorCode fill_cells(SinewFlowModes f, const PetscComplex v[])
{
  PetscComplex *u[3];

  PetscFunctionBeginUser;
  velocity_modes(f, v, u);
  for (PetscInt d = 0; d < f->dim; d++) PetscCall(SinewSpectralInverse(f->spectral, u[d], f->value[d]));
  for (PetscInt s = 0; s < f->scalars; s++)
    PetscCall(SinewSpectralInverse(f->spectral, v + (f->momenta + s) * f->m->modes, f->value[f->dim + s]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode store(void *context, const PetscComplex v[], Vec U)
{
  SinewFlowModes f = (SinewFlowModes)context;

  PetscFunctionBeginUser;
  PetscCall(fill_cells(f, v));
  f->filled = PETSC_TRUE;
  PetscCall(SinewSlabStore(f->slab, (const PetscReal *const *)f->value, U));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFlowModesVorticity(SinewFlowModes f, Vec U, PetscReal value[])
{
  const PetscInt parts = f->dim == 2 ? 1 : 3, n = f->m->modes;
  PetscComplex *v;
  const PetscReal *w;
  PetscInt cells;
  Vec W;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)((f->momenta + f->scalars) * n), &v));
  PetscCall(load(f, U, v));
  for (PetscInt r = 0; r < f->rows && f->dim == 3; r++) {
    const PetscInt at = enter_row(f, r);
    const PetscReal *const u[3] = {REALS(v + at), REALS(v + n + at), REALS(v + 2 * n + at)};
    PetscReal *const out[3] = {REALS(f->work[0] + at), REALS(f->work[1] + at), REALS(f->work[2] + at)};

    SinewFlowCurl3D(f->m->count[2], f->k, u, out);
  }
  if (f->dim == 2 && f->m->zero >= 0) v[f->m->zero] = 0;
  for (PetscInt d = 0; d < parts; d++)
    PetscCall(SinewSpectralInverse(f->spectral, f->dim == 2 ? v : f->work[d], f->product[d]));
  for (PetscInt i = 0; i < f->cells; i++)
    f->value[0][i] = f->dim == 2
                         ? f->product[0][i]
                         : PetscSqrtReal(f->product[0][i] * f->product[0][i] + f->product[1][i] * f->product[1][i] +
                                         f->product[2][i] * f->product[2][i]);
  PetscCall(VecDuplicate(U, &W));
  PetscCall(SinewSlabStore(f->slab, (const PetscReal *const *)f->value, W));
  PetscCall(VecGetLocalSize(W, &cells));
  PetscCall(VecGetArrayRead(W, &w));
  for (PetscInt i = 0; i < cells / f->e->components; i++) value[i] = w[i * f->e->components];
  PetscCall(VecRestoreArrayRead(W, &w));
  PetscCall(VecDestroy(&W));
  PetscCall(PetscFree(v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Sums over modes; of those with kx > 0 the conjugates are not stored. */
PetscErrorCode SinewFlowModesMeasure(SinewFlowModes f, Vec U, PetscReal value[])
{
  const PetscInt n = f->m->modes;
  PetscReal sum[SINEW_FLOW_MEASURES] = {0};
  PetscComplex *v, *u[3];

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)((f->momenta + f->scalars) * n), &v));
  PetscCall(load(f, U, v));
  velocity_modes(f, v, u);
  for (PetscInt r = 0; r < f->rows; r++) {
    const PetscInt at = enter_row(f, r);
    PetscReal row[SINEW_FLOW_MEASURES] = {0};

    for (PetscInt i = 0; i < f->m->count[2]; i++) {
      const PetscReal weight = f->k[0][i] > 0 ? 1 : 0.5,
                      k2 = f->k[0][i] * f->k[0][i] + f->k[1][i] * f->k[1][i] + f->k[2][i] * f->k[2][i];
      PetscReal square = 0;

      for (PetscInt d = 0; d < f->dim; d++)
        square += PetscSqr(PetscRealPartComplex(u[d][at + i])) + PetscSqr(PetscImaginaryPartComplex(u[d][at + i]));
      row[SINEW_FLOW_ENERGY] += weight * square;
      row[SINEW_FLOW_ENSTROPHY] += weight * k2 * square;
      row[SINEW_FLOW_DISSIPATION] += 2 * weight * f->decay[0][at + i] * square;
    }
    for (int k = 0; k < SINEW_FLOW_MEASURES; k++) sum[k] += row[k];
  }
  PetscCall(PetscFree(v));
  PetscCallMPI(MPI_Allreduce(sum, value, SINEW_FLOW_MEASURES, MPIU_REAL, MPIU_SUM, PetscObjectComm((PetscObject)U)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the right-hand side ---- */

static PetscErrorCode transport_2d(SinewFlowModes f, PetscComplex N[])
{
  PetscFunctionBeginUser;
  SinewFlowProducts2D(f->cells, f->value[0], f->value[1], f->product[0], f->product[1]);
  for (int d = 0; d < 2; d++) PetscCall(SinewSpectralForward(f->spectral, f->product[d], f->work[d]));
  for (PetscInt r = 0; r < f->rows; r++) {
    const PetscInt at = enter_row(f, r);

    SinewFlowStress2D(f->m->count[2], f->k, REALS(f->work[0] + at), REALS(f->work[1] + at), REALS(N + at));
  }
  if (f->m->zero >= 0) N[f->m->zero] = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode transport_3d(SinewFlowModes f, const PetscComplex v[], PetscComplex N[])
{
  const PetscInt n = f->m->modes;

  PetscFunctionBeginUser;
  for (PetscInt r = 0; r < f->rows; r++) {
    const PetscInt at = enter_row(f, r);
    const PetscReal *const u[3] = {(const PetscReal *)(v + at), (const PetscReal *)(v + n + at),
                                   (const PetscReal *)(v + 2 * n + at)};
    PetscReal *const w[3] = {REALS(f->work[0] + at), REALS(f->work[1] + at), REALS(f->work[2] + at)};

    SinewFlowCurl3D(f->m->count[2], f->k, u, w);
  }
  for (int d = 0; d < 3; d++) PetscCall(SinewSpectralInverse(f->spectral, f->work[d], f->product[d]));
  SinewFlowCross3D(f->cells, (const PetscReal *const *)f->value, f->product);
  for (int d = 0; d < 3; d++) {
    PetscCall(SinewSpectralForward(f->spectral, f->product[d], N + d * n));
    if (f->m->zero >= 0) N[d * n + f->m->zero] = 0;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode transport_scalar(SinewFlowModes f, const PetscReal value[], PetscComplex N[])
{
  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < f->dim; d++) {
    SinewFlowMultiply(f->cells, f->value[d], value, f->product[0]);
    PetscCall(SinewSpectralForward(f->spectral, f->product[0], f->work[0]));
    for (PetscInt r = 0; r < f->rows; r++) {
      const PetscInt at = enter_row(f, r);

      SinewFlowDivergence(f->m->count[2], d, f->k[d], REALS(f->work[0] + at), REALS(N + at));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The formulas of the forcing in the slab's cells, as modes. */
static PetscErrorCode evaluate_force(SinewFlowModes f, PetscReal t)
{
  const SinewExpressionList *list = &f->parameters->force;
  const SinewSlabBlock *block = SinewSlabGetBlock(f->slab);
  const SinewAxis *a[3];
  PetscReal *x, width[3];

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < 3; d++) {
    a[d] = SinewGridAxis(f->e->grid, d);
    width[d] = (a[d]->upper - a[d]->lower) / (PetscReal)a[d]->cells;
  }
  PetscCall(PetscMalloc1((size_t)(3 * a[0]->cells), &x));
  for (PetscInt i = 0; i < a[0]->cells; i++) x[i] = a[0]->lower + ((PetscReal)i + 0.5) * width[0];
  for (PetscInt d = 0; d < f->dim; d++) {
    for (PetscInt line = 0; line < f->cells / a[0]->cells; line++) {
      const PetscInt j = f->dim == 2 ? block->start + line : line % a[1]->cells,
                     k = f->dim == 2 ? 0 : block->start + line / a[1]->cells;
      PetscReal *y = x + a[0]->cells, *z = y + a[0]->cells;

      for (PetscInt i = 0; i < a[0]->cells; i++) {
        y[i] = a[1]->lower + ((PetscReal)j + 0.5) * width[1];
        z[i] = a[2]->lower + ((PetscReal)k + 0.5) * width[2];
      }
      PetscCall(
          SinewExpressionEvaluateRow(list->value[d], a[0]->cells, x, y, z, t, f->product[0] + line * a[0]->cells));
    }
    PetscCall(SinewSpectralForward(f->spectral, f->product[0], f->force[d]));
  }
  PetscCall(PetscFree(x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Prescribed forces; and buoyancy, whose mean the pressure balances. */
static PetscErrorCode add_forces(SinewFlowModes f, PetscReal t, const PetscComplex v[], PetscComplex N[])
{
  const SinewRealList *b = &f->parameters->buoyancy;
  const PetscComplex *scalar = v + f->momenta * f->m->modes;

  PetscFunctionBeginUser;
  if (f->timed) PetscCall(evaluate_force(f, t));
  if (f->force[0]) add_momentum(f, f->force, N);
  if (!b->n) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt d = 0; d < f->dim; d++) {
    PetscCall(PetscArrayzero(f->u[d], f->m->modes));
    SinewFlowAdd(2 * f->m->modes, b->value[d], (const PetscReal *)scalar, REALS(f->u[d]));
    if (f->m->zero >= 0) f->u[d][f->m->zero] = 0;
  }
  add_momentum(f, f->u, N);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode nonlinear(void *context, PetscReal t, const PetscComplex v[], PetscBool stored, PetscComplex N[])
{
  SinewFlowModes f = (SinewFlowModes)context;

  PetscFunctionBeginUser;
  if (!stored || !f->filled) PetscCall(fill_cells(f, v));
  f->filled = PETSC_FALSE;
  if (f->dim == 2)
    PetscCall(transport_2d(f, N));
  else
    PetscCall(transport_3d(f, v, N));
  PetscCall(add_forces(f, t, v, N));
  project(f, N);
  for (PetscInt s = 0; s < f->scalars; s++)
    PetscCall(transport_scalar(f, f->value[f->dim + s], N + (f->momenta + s) * f->m->modes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- stirring ---- */

static PetscBool in_ring(const SinewFlowStirring *s, PetscReal k)
{
  return (PetscBool)(k > 0 && PetscAbsReal(k - s->wavenumber) <= 0.5 * s->width);
}

/* What a wave vector and its opposite share: which of the two is the first, and a number of the pair. */
typedef struct {
  PetscReal sign, k[3];
  PetscInt64 number;
} Pair;

static Pair pair_of(const PetscReal k[3], const PetscReal unit[3])
{
  Pair p = {.sign = k[0] > 0 || (k[0] == 0 && (k[1] > 0 || (k[1] == 0 && k[2] > 0))) ? 1 : -1, .number = 0};

  for (int d = 0; d < 3; d++) {
    p.k[d] = p.sign * k[d];
    p.number = 2097152 * p.number + 1048576 + (PetscInt64)llround(p.k[d] / unit[d]);
  }
  return p;
}

/* A unit vector across k: `tilt` turns it about k from the one that is across an axis of space too. */
static void across(const PetscReal k[3], PetscReal length, PetscReal tilt, PetscReal a[3])
{
  const PetscReal c[3] = {k[0] / length, k[1] / length, k[2] / length};
  const int d = c[0] * c[0] < 0.4 ? 0 : c[1] * c[1] < 0.4 ? 1 : 2, e = (d + 1) % 3, f = (d + 2) % 3;
  const PetscReal r = PetscSqrtReal(c[e] * c[e] + c[f] * c[f]), cosine = PetscCosReal(tilt), sine = PetscSinReal(tilt);

  a[d] = sine * r;
  a[e] = (-cosine * c[f] - sine * c[d] * c[e]) / r;
  a[f] = (cosine * c[e] - sine * c[d] * c[f]) / r;
}

/*
  White noise in time on a ring of wavenumbers, with one amplitude for all its M modes: a kick of sqrt(2 power h / M)
  adds power h to the mean energy (Lilly 1969). Phase and direction belong to seed, step and wave vector; opposite wave
  vectors are kicked as a real field asks for.
*/
static PetscErrorCode kick(void *context, PetscInt step, PetscReal h, PetscComplex v[])
{
  SinewFlowModes f = (SinewFlowModes)context;
  const SinewFlowStirring *s = &f->parameters->stirring;
  const PetscReal amplitude = PetscSqrtReal(2 * s->power * h / f->ring);
  PetscReal unit[3], direction[3];

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < 3; d++) {
    const SinewAxis *a = SinewGridAxis(f->e->grid, d);

    unit[d] = 2 * PETSC_PI / (a->upper - a->lower);
  }
  for (PetscInt r = 0; r < f->rows; r++) {
    const PetscInt at = enter_row(f, r);

    for (PetscInt i = 0; i < f->m->count[2]; i++) {
      const PetscReal k[3] = {f->k[0][i], f->k[1][i], f->k[2][i]},
                      length = PetscSqrtReal(k[0] * k[0] + k[1] * k[1] + k[2] * k[2]);
      PetscReal phase, tilt;
      Pair pair;

      if (!in_ring(s, length)) continue;
      pair = pair_of(k, unit);
      phase = 2 * PETSC_PI * SinewUniform(s->seed, 2 * (PetscInt64)step, pair.number);
      tilt = 2 * PETSC_PI * SinewUniform(s->seed, 2 * (PetscInt64)step + 1, pair.number);
      across(pair.k, length, tilt, direction);
      for (PetscInt d = 0; d < f->momenta; d++)
        v[d * f->m->modes + at + i] += amplitude * (f->dim == 2 ? length : direction[d]) *
                                       PetscCMPLX(PetscCosReal(phase), pair.sign * PetscSinReal(phase));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- set-up ---- */

static PetscErrorCode tabulate(SinewFlowModes f)
{
  const SinewFlowParameters *p = f->parameters;
  PetscReal ring = 0;
  DM dm;

  PetscFunctionBeginUser;
  PetscCall(SinewGridGetDM(f->e->grid, &dm));
  for (PetscInt r = 0; r < f->rows; r++) {
    const PetscInt at = enter_row(f, r);

    for (PetscInt i = 0; i < f->m->count[2]; i++) {
      const PetscReal square = f->k[0][i] * f->k[0][i] + f->k[1][i] * f->k[1][i] + f->k[2][i] * f->k[2][i];

      f->inverse[at + i] = square > 0 ? 1 / square : 0;
      f->decay[0][at + i] = p->viscosity * square + p->drag +
                            p->hyperviscosity * PetscPowReal(square, (PetscReal)p->hyperviscosity_order);
      f->decay[1][at + i] = p->scalar_diffusivity * square;
      if (in_ring(&p->stirring, PetscSqrtReal(square))) ring += f->k[0][i] > 0 ? 2 : 1;
    }
  }
  PetscCallMPI(MPI_Allreduce(&ring, &f->ring, 1, MPIU_REAL, MPIU_SUM, PetscObjectComm((PetscObject)dm)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode allocate(SinewFlowModes f)
{
  const size_t n = (size_t)f->m->modes, cells = (size_t)f->cells, longest = (size_t)f->m->count[2];

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc3(n, &f->inverse, n, &f->decay[0], n, &f->decay[1]));
  PetscCall(PetscMalloc3(longest, &f->k[0], longest, &f->k[1], longest, &f->k[2]));
  for (PetscInt c = 0; c < f->dim + f->scalars; c++) PetscCall(PetscMalloc1(cells, &f->value[c]));
  for (int d = 0; d < 3; d++) {
    PetscCall(PetscMalloc1(cells, &f->product[d]));
    PetscCall(PetscMalloc2(n, &f->u[d], PetscMax(n, longest), &f->work[d]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_force(SinewFlowModes f)
{
  const SinewExpressionList *list = &f->parameters->force;

  PetscFunctionBeginUser;
  if (!list->n) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt d = 0; d < f->dim; d++) {
    PetscBool timed;

    PetscCall(PetscMalloc1((size_t)f->m->modes, &f->force[d]));
    PetscCall(SinewExpressionUses(list->value[d], 't', &timed));
    if (timed) f->timed = PETSC_TRUE;
  }
  PetscCall(evaluate_force(f, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(void *context)
{
  SinewFlowModes f = (SinewFlowModes)context;

  PetscFunctionBeginUser;
  ((SinewFlowData *)f->e->data)->modes = NULL;
  PetscCall(PetscFree3(f->inverse, f->decay[0], f->decay[1]));
  PetscCall(PetscFree3(f->k[0], f->k[1], f->k[2]));
  for (int c = 0; c < SINEW_COMPONENTS_MAX; c++) PetscCall(PetscFree(f->value[c]));
  for (int d = 0; d < 3; d++) {
    PetscCall(PetscFree(f->product[d]));
    PetscCall(PetscFree2(f->u[d], f->work[d]));
    PetscCall(PetscFree(f->force[d]));
  }
  PetscCall(SinewSpectralDestroy(&f->spectral));
  PetscCall(PetscFree(f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFlowSemilinear(SinewEquation e, SinewSemilinear *problem)
{
  SinewFlowData *flow = (SinewFlowData *)e->data;
  SinewFlowModes f;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&f));
  f->e = e;
  f->parameters = (const SinewFlowParameters *)e->parameters;
  f->dim = e->dim;
  f->scalars = flow->scalars;
  f->momenta = e->dim == 2 ? 1 : 3;
  PetscCall(SinewSpectralCreate(e->grid, e->components, f->parameters->dealias, &f->spectral));
  f->m = SinewSpectralGetModes(f->spectral);
  f->slab = SinewSpectralGetSlab(f->spectral);
  f->cells = SinewSlabGetBlock(f->slab)->cells;
  f->rows = f->m->count[0] * f->m->count[1];
  PetscCall(allocate(f));
  PetscCall(tabulate(f));
  PetscCall(create_force(f));
  flow->modes = f;
  e->measures = SinewFlowMeasureNames;
  *problem = (SinewSemilinear){.fields = f->momenta + f->scalars,
                               .modes = f->m->modes,
                               .context = f,
                               .load = load,
                               .store = store,
                               .nonlinear = nonlinear,
                               .kick = f->parameters->stirring.power > 0 ? kick : NULL,
                               .destroy = destroy};
  for (PetscInt c = 0; c < problem->fields; c++) problem->decay[c] = f->decay[c >= f->momenta];
  PetscFunctionReturn(PETSC_SUCCESS);
}
