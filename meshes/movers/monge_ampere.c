#include "meshes/movers/monge_ampere.h"

#include <petscksp.h>

#include "io/error.h"
#include "meshes/movers/monge_ampere_kernels.h"

#define LEVELS_MAX    16
#define COARSEST      32 /* cells along the shortest axis below which no level goes */
#define LINE_SEARCHES 8
#define TAU_LEAST     (1. / 64)

/* One lattice and what Newton's method needs on it. */
typedef struct {
  SinewLattice *lattice;
  SinewCosine cosine;
  PetscBool own;                        /* lattice and cosine are ours: a coarser level */
  PetscReal *coefficient[COEFFICIENTS]; /* of the linearisation; NULL: not in this dimension */
  PetscReal *x[3], *m, *gradient[3];
  PetscReal *before, *after; /* scalings of the preconditioner */
  MapStencil stencil;
  Vec F, step, trial;
  KSP ksp;
  Mat J;
} Level;

struct _p_SinewMongeAmpere {
  Level level[LEVELS_MAX];
  PetscInt levels; /* built */
  PetscReal tolerance;
  PetscInt most;
  SinewMonitor *monitor; /* of the solve in hand */
  void *context;
  PetscReal tau; /* the monitor is raised to this power */
};

static PetscLogEvent event_newton, event_residual, event_jacobian, event_relax;

/* ---- nodes ---- */

PetscErrorCode SinewMongeAmpereNodes(SinewLattice *l, Vec phi, PetscReal *const x[3])
{
  const PetscReal *p;
  PetscInt n = 0;

  PetscFunctionBeginUser;
  PetscCall(SinewLatticeGhosts(l, phi, &p));
  for (PetscInt k = 0; k < l->count[2]; k++)
    for (PetscInt j = 0; j < l->count[1]; j++)
      for (PetscInt i = 0; i < l->count[0]; i++, n++) {
        const PetscInt at[3] = {i + l->start[0], j + l->start[1], k + l->start[2]};
        const PetscReal *q = p + SinewLatticeAt(l, i, j, k);

        for (PetscInt d = 0; d < l->dim; d++)
          x[d][n] = (l->lower[d] * (PetscReal)(l->cells[d] - at[d]) + l->upper[d] * (PetscReal)at[d]) /
                        (PetscReal)l->cells[d] +
                    (q[l->stride[d]] - q[-l->stride[d]]) / (2 * l->h[d]);
      }
  PetscCall(SinewLatticeRestore(l, &p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- residual and linearisation ---- */

typedef struct {
  PetscBool convex, positive;
  PetscReal rms;      /* of F */
  PetscReal residual; /* max |m det / theta - 1| */
  PetscReal theta, jacobian;
  PetscReal spread; /* root mean square of m det / theta - 1 */
} State;

/* Whether all monitor values are positive and finite. */
static PetscBool all_positive(PetscInt n, const PetscReal m[])
{
  int wrong = 0;

#pragma omp simd reduction(| : wrong)
  for (PetscInt i = 0; i < n; i++) wrong |= !(m[i] > 0 && m[i] <= PETSC_MAX_REAL);
  return (PetscBool)!wrong;
}

/* What the ranks find out together about densities rho = m det: sums over vertices, and largest values. */
typedef struct {
  PetscReal sum, squares;
  PetscReal most, minus_least, minus_det, trouble; /* trouble: 1 not convex, 2 not positive */
} Census;

static PetscErrorCode agree(const Level *v, Census *c)
{
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &c->sum, 2, MPIU_REAL, MPIU_SUM, v->lattice->comm));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &c->most, 4, MPIU_REAL, MPIU_MAX, v->lattice->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* rho into F, given m at the moved vertices; its sums and extremes into s. With `linearise` the coefficients of F' as
   well. Collective. */
static PetscErrorCode density_of(Level *v, Vec phi, PetscReal tau, PetscBool linearise, State *s)
{
  const SinewLattice *l = v->lattice;
  Census c = {.most = PETSC_MIN_REAL, .minus_least = PETSC_MIN_REAL};
  MapExtremes extremes = {PETSC_MAX_REAL, PETSC_MAX_REAL};
  const PetscReal *p;
  PetscReal *rho, volume = 1;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayWrite(v->F, &rho));
  PetscCall(SinewLatticeGhosts(v->lattice, phi, &p));
  if (tau == 1)
    PetscCall(PetscArraycpy(rho, v->m, l->local));
  else
    for (PetscInt i = 0; i < l->local; i++) rho[i] = PetscPowReal(v->m[i], tau);
  for (PetscInt k = 0; k < l->count[2]; k++)
    for (PetscInt j = 0; j < l->count[1]; j++) {
      const PetscInt row = (k * l->count[1] + j) * l->count[0];
      const PetscReal *q = p + SinewLatticeAt(l, 0, j, k);
      PetscReal *gradient[3], *coefficient[COEFFICIENTS];

      MapDensity(&v->stencil, l->count[0], q, rho + row, rho + row, &extremes);
      c.sum += SinewLatticeRowSum(l, j, k, rho + row, 1);
      c.squares += SinewLatticeRowSum(l, j, k, rho + row, 2);
      if (!linearise) continue;
      for (PetscInt d = 0; d < 3; d++) gradient[d] = v->gradient[d] + row;
      for (PetscInt d = 0; d < COEFFICIENTS; d++) coefficient[d] = v->coefficient[d] ? v->coefficient[d] + row : NULL;
      MapLinearise(&v->stencil, l->count[0], q, tau, v->m + row, rho + row, gradient, coefficient, v->before + row,
                   v->after + row);
    }
  PetscCall(SinewLatticeRestore(v->lattice, &p));
  SinewLatticeExtremes(l->local, rho, &c.minus_least, &c.most);
  c.minus_least = -c.minus_least;
  c.minus_det = -extremes.least;
  c.trouble = all_positive(l->local, v->m) ? !(extremes.convex > 0) : 2;
  PetscCall(VecRestoreArrayWrite(v->F, &rho));
  PetscCall(agree(v, &c));
  for (PetscInt d = 0; d < 3; d++) volume *= (PetscReal)l->cells[d];
  *s = (State){.convex = (PetscBool)(c.trouble < 1), .positive = (PetscBool)(c.trouble < 2), .jacobian = -c.minus_det};
  s->rms = s->residual = s->spread = PETSC_MAX_REAL;
  if (!s->convex) PetscFunctionReturn(PETSC_SUCCESS);
  s->theta = c.sum / volume;
  s->spread = PetscSqrtReal(PetscMax(0, c.squares / volume / (s->theta * s->theta) - 1));
  s->residual = PetscMax(c.most / s->theta - 1, 1 + c.minus_least / s->theta);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* F(phi) = log rho - <log rho> into v->F and its size. Collective. */
static PetscErrorCode residual_of(Level *v, Vec phi, PetscReal tau, PetscBool linearise, State *s)
{
  const SinewLattice *l = v->lattice;
  PetscReal *f, mean, square = 0;

  PetscFunctionBeginUser;
  PetscCall(density_of(v, phi, tau, linearise, s));
  if (!s->convex) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecGetArray(v->F, &f));
  for (PetscInt i = 0; i < l->local; i++) f[i] = PetscLogReal(f[i]);
  PetscCall(VecRestoreArray(v->F, &f));
  PetscCall(SinewLatticeMean(v->lattice, v->F, &mean));
  PetscCall(VecShift(v->F, -mean));
  PetscCall(VecGetArray(v->F, &f));
  for (PetscInt k = 0; k < l->count[2]; k++)
    for (PetscInt j = 0; j < l->count[1]; j++)
      square += SinewLatticeRowSum(l, j, k, f + (k * l->count[1] + j) * l->count[0], 2);
  PetscCall(VecRestoreArray(v->F, &f));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &square, 1, MPIU_REAL, MPIU_SUM, l->comm));
  for (PetscInt d = 0; d < 3; d++) square /= (PetscReal)l->cells[d];
  s->rms = PetscSqrtReal(square);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode evaluate(SinewMongeAmpere ma, Level *v, Vec phi, PetscBool linearise, State *s)
{
  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(event_residual, 0, 0, 0, 0));
  PetscCall(SinewMongeAmpereNodes(v->lattice, phi, v->x));
  PetscCall((*ma->monitor)(ma->context, v->lattice->local, v->x, v->m, linearise ? v->gradient : NULL));
  PetscCall(residual_of(v, phi, ma->tau, linearise, s));
  PetscCall(PetscLogEventEnd(event_residual, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode apply_jacobian(Mat J, Vec q, Vec out)
{
  Level *v;
  SinewLattice *l;
  const PetscReal *a;
  PetscReal *y, mean, *c[COEFFICIENTS];

  PetscFunctionBeginUser;
  PetscCall(MatShellGetContext(J, &v));
  PetscCall(PetscLogEventBegin(event_jacobian, 0, 0, 0, 0));
  l = v->lattice;
  PetscCall(SinewLatticeGhosts(l, q, &a));
  PetscCall(VecGetArrayWrite(out, &y));
  for (PetscInt k = 0; k < l->count[2]; k++)
    for (PetscInt j = 0; j < l->count[1]; j++) {
      const PetscInt row = (k * l->count[1] + j) * l->count[0];
      const PetscReal *p = a + SinewLatticeAt(l, 0, j, k);

      for (PetscInt d = 0; d < COEFFICIENTS; d++) c[d] = v->coefficient[d] ? v->coefficient[d] + row : NULL;
      MapJacobian(&v->stencil, l->count[0], p, c, y + row);
    }
  PetscCall(VecRestoreArrayWrite(out, &y));
  PetscCall(SinewLatticeRestore(l, &a));
  PetscCall(SinewLatticeMean(l, out, &mean)); /* F has none */
  PetscCall(VecShift(out, -mean));
  PetscCall(PetscLogEventEnd(event_jacobian, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* out = scale * in */
static PetscErrorCode scale_by(const Level *v, PetscReal sign, const PetscReal scale[], Vec in, Vec out)
{
  const PetscReal *a;
  PetscReal *b;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(in, &a));
  PetscCall(VecGetArrayWrite(out, &b));
  for (PetscInt i = 0; i < v->lattice->local; i++) b[i] = sign * scale[i] * a[i];
  PetscCall(VecRestoreArrayWrite(out, &b));
  PetscCall(VecRestoreArrayRead(in, &a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* With rho = m det and a = trace (I + D^2 phi)^-1 / dim, F' is about rho^-1 div(rho a grad) where the map stretches
   alike in all directions, and that (a / rho)^(1/2) Laplace (rho a)^(1/2) where rho a varies slowly: a Poisson solve
   between two scalings. Away from there it is still a good preconditioner: iterations halve against the bare Poisson
   solve. */
static PetscErrorCode apply_poisson(PC pc, Vec in, Vec out)
{
  Level *v;

  PetscFunctionBeginUser;
  PetscCall(PCShellGetContext(pc, &v));
  PetscCall(scale_by(v, -1, v->before, in, v->trial));
  PetscCall(SinewCosineApply(v->cosine, SINEW_COSINE_HELMHOLTZ, 0, 1, v->trial, v->trial));
  PetscCall(scale_by(v, 1, v->after, v->trial, out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- levels ---- */

static PetscErrorCode create_solver(Level *v)
{
  const PetscInt n = v->lattice->local;
  PC pc;

  PetscFunctionBeginUser;
  PetscCall(MatCreateShell(v->lattice->comm, n, n, PETSC_DETERMINE, PETSC_DETERMINE, v, &v->J));
  PetscCall(MatShellSetOperation(v->J, MATOP_MULT, (void (*)(void))apply_jacobian));
  PetscCall(KSPCreate(v->lattice->comm, &v->ksp));
  PetscCall(KSPSetOptionsPrefix(v->ksp, "mesh_"));
  PetscCall(KSPSetOperators(v->ksp, v->J, v->J));
  PetscCall(KSPSetType(v->ksp, KSPGMRES));
  PetscCall(KSPGMRESSetRestart(v->ksp, 40));
  PetscCall(KSPSetPCSide(v->ksp, PC_RIGHT));
  PetscCall(KSPGetPC(v->ksp, &pc));
  PetscCall(PCSetType(pc, PCSHELL));
  PetscCall(PCShellSetApply(pc, apply_poisson));
  PetscCall(PCShellSetContext(pc, v));
  PetscCall(KSPSetFromOptions(v->ksp));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void set_stencil(Level *v)
{
  const SinewLattice *l = v->lattice;

  v->stencil.dim = l->dim;
  for (PetscInt d = 0; d < 3; d++) {
    v->stencil.stride[d] = l->stride[d];
    v->stencil.second[d] = 1 / (l->h[d] * l->h[d]);
    v->stencil.central[d] = 1 / (2 * l->h[d]);
  }
  for (PetscInt d = 0; d < 2; d++)
    for (PetscInt e = d + 1; e < 3; e++) v->stencil.mixed[d + e - 1] = 1 / (4 * l->h[d] * l->h[e]);
}

static PetscErrorCode create_level(SinewLattice *lattice, SinewCosine cosine, PetscBool own, Level *v)
{
  const size_t n = (size_t)lattice->local;

  PetscFunctionBeginUser;
  v->lattice = lattice;
  v->cosine = cosine;
  v->own = own;
  set_stencil(v);
  for (PetscInt d = 0; d < COEFFICIENTS; d++) {
    static const PetscInt needs[COEFFICIENTS] = {1, 2, 3, 2, 3, 3, 1, 2, 3};

    v->coefficient[d] = NULL;
    if (lattice->dim >= needs[d]) PetscCall(PetscMalloc1(n, &v->coefficient[d]));
  }
  for (PetscInt d = 0; d < 3; d++) PetscCall(PetscCalloc2(n, &v->x[d], n, &v->gradient[d]));
  PetscCall(PetscMalloc3(n, &v->m, n, &v->before, n, &v->after));
  PetscCall(DMCreateGlobalVector(lattice->dm, &v->F));
  PetscCall(VecDuplicate(v->F, &v->step));
  PetscCall(VecDuplicate(v->F, &v->trial));
  PetscCall(create_solver(v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy_level(Level *v)
{
  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < COEFFICIENTS; d++) PetscCall(PetscFree(v->coefficient[d]));
  for (PetscInt d = 0; d < 3; d++) PetscCall(PetscFree2(v->x[d], v->gradient[d]));
  PetscCall(PetscFree3(v->m, v->before, v->after));
  PetscCall(VecDestroy(&v->F));
  PetscCall(VecDestroy(&v->step));
  PetscCall(VecDestroy(&v->trial));
  PetscCall(KSPDestroy(&v->ksp));
  PetscCall(MatDestroy(&v->J));
  if (v->own) {
    PetscCall(SinewCosineDestroy(&v->cosine));
    PetscCall(SinewLatticeDestroy(&v->lattice));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Coarser lattices, as long as every rank keeps two vertices an axis. */
static PetscErrorCode build_levels(SinewMongeAmpere ma)
{
  PetscFunctionBeginUser;
  while (ma->levels < LEVELS_MAX) {
    const SinewLattice *fine = ma->level[ma->levels - 1].lattice;
    SinewLatticeOptions o = {.dim = fine->dim};
    SinewLattice *coarse;
    SinewCosine cosine;

    for (PetscInt d = 0; d < 3; d++) {
      o.cells[d] = fine->cells[d] / 2;
      o.lower[d] = fine->lower[d];
      o.upper[d] = fine->upper[d];
      o.periodic[d] = fine->periodic[d];
      o.ranks[d] = fine->ranks[d];
      if (d < fine->dim && (fine->cells[d] % 2 || o.cells[d] < COARSEST || o.cells[d] < 2 * fine->ranks[d]))
        PetscFunctionReturn(PETSC_SUCCESS);
    }
    PetscCall(SinewLatticeCreate(fine->comm, &o, &coarse));
    PetscCall(SinewCosineCreate(coarse, &cosine));
    PetscCall(create_level(coarse, cosine, PETSC_TRUE, &ma->level[ma->levels++]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* phi of the coarser lattice on the finer one, by cubic interpolation: its second derivatives are what counts. */
static PetscErrorCode prolong(SinewLattice *coarse, Vec from, SinewLattice *fine, Vec to)
{
  static const PetscReal odd[4] = {-1. / 16, 9. / 16, 9. / 16, -1. / 16}, even[4] = {0, 1, 0, 0},
                         none[4] = {1, 0, 0, 0};
  SinewLatticeBox box;
  PetscInt first[3], size[3], n = 0;
  const PetscReal *c;
  PetscReal *f;

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < 3; d++) {
    first[d] = d < fine->dim ? fine->start[d] / 2 - 1 : 0;
    size[d] = d < fine->dim ? (fine->start[d] + fine->count[d] - 1) / 2 + 3 - first[d] : 1;
  }
  PetscCall(SinewLatticeBoxCreate(coarse, first, size, &box));
  PetscCall(SinewLatticeBoxFetch(&box, from));
  PetscCall(VecGetArrayRead(box.values, &c));
  PetscCall(VecGetArrayWrite(to, &f));
  for (PetscInt k = 0; k < fine->count[2]; k++)
    for (PetscInt j = 0; j < fine->count[1]; j++)
      for (PetscInt i = 0; i < fine->count[0]; i++, n++) {
        const PetscInt at[3] = {i + fine->start[0], j + fine->start[1], k + fine->start[2]};
        const PetscReal *w[3];
        PetscInt base[3], width[3];

        for (PetscInt d = 0; d < 3; d++) {
          w[d] = d >= fine->dim ? none : at[d] % 2 ? odd : even;
          base[d] = d < fine->dim ? at[d] / 2 - 1 - first[d] : 0;
          width[d] = d < fine->dim ? 4 : 1;
        }
        f[n] = 0;
        for (PetscInt r = 0; r < width[2]; r++)
          for (PetscInt q = 0; q < width[1]; q++)
            for (PetscInt p = 0; p < width[0]; p++) {
              const PetscReal weight = w[0][p] * w[1][q] * w[2][r];

              if (weight != 0) f[n] += weight * c[((base[2] + r) * size[1] + base[1] + q) * size[0] + base[0] + p];
            }
      }
  PetscCall(VecRestoreArrayWrite(to, &f));
  PetscCall(VecRestoreArrayRead(box.values, &c));
  PetscCall(SinewLatticeBoxDestroy(&box));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Newton ---- */

/* Halves the step until it keeps convexity and reduces |F|; phi and the state are those of the last accepted point. */
static PetscErrorCode line_search(SinewMongeAmpere ma, Level *v, Vec phi, State *s, PetscBool *found)
{
  PetscReal length = 1;

  PetscFunctionBeginUser;
  *found = PETSC_FALSE;
  for (PetscInt k = 0; k < LINE_SEARCHES && !*found; k++, length *= 0.5) {
    State next;

    PetscCall(VecWAXPY(v->trial, length, v->step, phi));
    PetscCall(evaluate(ma, v, v->trial, PETSC_TRUE, &next));
    *found = (PetscBool)(next.convex && next.rms < (1 - 1e-4 * length) * s->rms);
    if (!*found) continue;
    PetscCall(VecCopy(v->trial, phi));
    *s = next;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Newton's method on one level, from a convex phi, to `tolerance`. s->residual tells how far it came. */
static PetscErrorCode newton(SinewMongeAmpere ma, Level *v, PetscReal tolerance, Vec phi, State *s,
                             SinewMongeAmpereReport *report)
{
  PetscBool found = PETSC_TRUE;

  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(event_newton, 0, 0, 0, 0));
  PetscCall(evaluate(ma, v, phi, PETSC_TRUE, s));
  if (!s->positive)
    SETERRQ(v->lattice->comm, SINEW_ERR_INPUT, "mesh_motion.monitor: not positive and finite everywhere");
  for (PetscInt it = 0; it < ma->most && s->convex && found && s->residual > tolerance; it++) {
    PetscInt krylov;
    PetscReal mean, forcing;
    KSPConvergedReason reason;

    /* as small as |F| keeps the convergence quadratic (Dembo, Eisenstat & Steihaug 1982); no better than asked for */
    forcing = PetscMax(3e-4, PetscMin(0.3, s->rms));
    forcing = PetscMax(forcing, PetscMin(0.3, 0.3 * tolerance / s->residual));
    PetscCall(KSPSetTolerances(v->ksp, forcing, 1e-50, PETSC_DEFAULT, 200));
    PetscCall(VecScale(v->F, -1));
    PetscCall(KSPSolve(v->ksp, v->F, v->step));
    PetscCall(KSPGetIterationNumber(v->ksp, &krylov));
    report->newton++;
    report->krylov += krylov;
    PetscCall(KSPGetConvergedReason(v->ksp, &reason));
    found = (PetscBool)(reason >
                        0); /* nearly singular: the lattice does not resolve the monitor, go there by smaller steps */
    if (!found) break;
    PetscCall(SinewLatticeMean(v->lattice, v->step, &mean));
    PetscCall(VecShift(v->step, -mean));
    PetscCall(line_search(ma, v, phi, s, &found));
  }
  PetscCall(PetscLogEventEnd(event_newton, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* From the uniform mesh: m^tau, tau from 0 to 1 in steps that Newton's method can take. */
static PetscErrorCode continuation(SinewMongeAmpere ma, Level *v, PetscReal tolerance, Vec phi, State *s,
                                   SinewMongeAmpereReport *report)
{
  PetscReal done = 0, step = 1;
  Vec kept;

  PetscFunctionBeginUser;
  PetscCall(VecSet(phi, 0));
  PetscCall(VecDuplicate(phi, &kept));
  while (done < 1 && step >= TAU_LEAST) {
    PetscCall(VecCopy(phi, kept));
    ma->tau = PetscMin(1, done + step);
    PetscCall(newton(ma, v, ma->tau < 1 ? 1e-2 : tolerance, phi, s, report));
    if (s->convex && s->residual <= (ma->tau < 1 ? 1e-2 : tolerance)) {
      done = ma->tau;
      step *= 2;
    } else {
      PetscCall(VecCopy(kept, phi));
      step *= 0.5;
    }
  }
  ma->tau = 1;
  if (done < 1) PetscCall(evaluate(ma, v, phi, PETSC_FALSE, s));
  PetscCall(VecDestroy(&kept));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A prolonged potential need not be convex on the finer lattice: smooths it until it is. */
static PetscErrorCode make_convex(SinewMongeAmpere ma, Level *v, Vec phi)
{
  PetscReal length = 0;
  State s;

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < v->lattice->dim; d++) length = PetscMax(length, v->lattice->h[d]);
  PetscCall(VecCopy(phi, v->step));
  for (PetscInt k = 0; k < 12; k++, length *= 1.5) {
    PetscCall(evaluate(ma, v, phi, PETSC_FALSE, &s));
    if (s.convex) PetscFunctionReturn(PETSC_SUCCESS);
    PetscCall(SinewCosineApply(v->cosine, SINEW_COSINE_GAUSSIAN, length, 0, v->step, phi));
  }
  PetscCall(VecSet(phi, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode nested(SinewMongeAmpere ma, Vec phi, State *s, SinewMongeAmpereReport *report)
{
  Vec coarse, fine;

  PetscFunctionBeginUser;
  PetscCall(build_levels(ma));
  PetscCall(DMCreateGlobalVector(ma->level[ma->levels - 1].lattice->dm, &coarse));
  PetscCall(continuation(ma, &ma->level[ma->levels - 1], ma->levels > 1 ? 1e-2 : ma->tolerance, coarse, s, report));
  for (PetscInt k = ma->levels - 2; k >= 0; k--) {
    PetscCall(VecDuplicate(ma->level[k].F, &fine));
    PetscCall(prolong(ma->level[k + 1].lattice, coarse, ma->level[k].lattice, fine));
    PetscCall(VecDestroy(&coarse));
    coarse = fine;
    PetscCall(make_convex(ma, &ma->level[k], coarse));
    PetscCall(newton(ma, &ma->level[k], k ? 1e-2 : ma->tolerance, coarse, s, report));
    if (k == 0 && s->residual > ma->tolerance)
      PetscCall(continuation(ma, &ma->level[0], ma->tolerance, coarse, s, report));
  }
  PetscCall(VecCopy(coarse, phi));
  PetscCall(VecDestroy(&coarse));
  report->levels = ma->levels;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the object ---- */

static PetscErrorCode register_events(void)
{
  static PetscBool done = PETSC_FALSE;
  PetscClassId id;

  PetscFunctionBeginUser;
  if (done) PetscFunctionReturn(PETSC_SUCCESS);
  done = PETSC_TRUE;
  PetscCall(PetscClassIdRegister("Sinew Monge-Ampere", &id));
  PetscCall(PetscLogEventRegister("SinewMANewton", id, &event_newton));
  PetscCall(PetscLogEventRegister("SinewMAResidual", id, &event_residual));
  PetscCall(PetscLogEventRegister("SinewMAJacobian", id, &event_jacobian));
  PetscCall(PetscLogEventRegister("SinewMARelax", id, &event_relax));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMongeAmpereCreate(SinewLattice *lattice, SinewCosine cosine, SinewMongeAmpere *newma)
{
  SinewMongeAmpere ma;

  PetscFunctionBeginUser;
  PetscCall(register_events());
  PetscCall(PetscNew(&ma));
  *newma = ma;
  ma->tolerance = 1e-8;
  ma->most = 50;
  ma->tau = 1;
  ma->levels = 1;
  PetscCall(create_level(lattice, cosine, PETSC_FALSE, &ma->level[0]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMongeAmpereDestroy(SinewMongeAmpere *ma)
{
  PetscFunctionBeginUser;
  if (!*ma) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt k = 0; k < (*ma)->levels; k++) PetscCall(destroy_level(&(*ma)->level[k]));
  PetscCall(PetscFree(*ma));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMongeAmpereSetTolerance(SinewMongeAmpere ma, PetscReal tolerance, PetscInt most)
{
  PetscFunctionBeginUser;
  ma->tolerance = tolerance;
  ma->most = most;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void fill_report(const State *s, PetscReal tolerance, SinewMongeAmpereReport *report)
{
  report->converged = (PetscBool)(s->convex && s->residual <= tolerance);
  report->residual = s->residual;
  report->rms = s->spread;
  report->theta = s->theta;
  report->jacobian = s->jacobian;
}

PetscErrorCode SinewMongeAmpereSolve(SinewMongeAmpere ma, SinewMonitor *monitor, void *context, PetscBool warm, Vec phi,
                                     SinewMongeAmpereReport *report)
{
  State s = {.residual = PETSC_MAX_REAL};

  PetscFunctionBeginUser;
  *report = (SinewMongeAmpereReport){.levels = 1};
  ma->monitor = monitor;
  ma->context = context;
  ma->tau = 1;
  if (warm) PetscCall(newton(ma, &ma->level[0], ma->tolerance, phi, &s, report));
  if (s.residual > ma->tolerance) PetscCall(nested(ma, phi, &s, report));
  fill_report(&s, ma->tolerance, report);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMongeAmpereRelax(SinewMongeAmpere ma, Vec m, PetscReal gamma, PetscReal dt, Vec phi,
                                     SinewMongeAmpereReport *report)
{
  Level *v = &ma->level[0];
  const PetscReal *values;
  PetscReal *f, mean;
  State s;

  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(event_relax, 0, 0, 0, 0));
  PetscCall(VecGetArrayRead(m, &values));
  PetscCall(PetscArraycpy(v->m, values, v->lattice->local));
  PetscCall(VecRestoreArrayRead(m, &values));
  PetscCall(density_of(v, phi, 1, PETSC_FALSE, &s));
  *report = (SinewMongeAmpereReport){.levels = 1};
  fill_report(&s, ma->tolerance, report);
  if (!s.positive)
    SETERRQ(v->lattice->comm, SINEW_ERR_INPUT, "mesh_motion.monitor: not positive and finite everywhere");
  if (s.convex) {
    PetscCall(VecGetArray(v->F, &f));
    MapRoot(v->lattice->dim, v->lattice->local, 1 / s.theta, f, f);
    PetscCall(VecRestoreArray(v->F, &f));
    PetscCall(SinewLatticeMean(v->lattice, v->F, &mean));
    PetscCall(VecGetArray(v->F, &f)); /* VecShift goes one by one */
    for (PetscInt i = 0; i < v->lattice->local; i++) f[i] -= mean;
    PetscCall(VecRestoreArray(v->F, &f));
    PetscCall(SinewCosineApply(v->cosine, SINEW_COSINE_HELMHOLTZ, 1, gamma, v->F, v->step));
    PetscCall(VecAXPY(phi, dt, v->step));
  }
  PetscCall(PetscLogEventEnd(event_relax, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}
