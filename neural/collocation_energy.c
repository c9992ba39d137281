/* Potentials at points: their sums, gradients, Hessians times vectors, and their metric. */
#include "collocation_private.h"
#include "dense_private.h"

#define JETS_MAX   (SINEW_JET_DIM_MAX * (1 + SINEW_JET_DIM_MAX)) /* of a point */
#define PROBE      0.1 /* of a step: where the second derivative along it is probed */
#define WORK_EIGEN (34 * JETS_MAX)

PetscErrorCode SinewCollocationAddPotential(SinewCollocation c, SinewJetOrder order, PetscInt n,
                                            SinewPointPotential *function, void *ctx, PetscInt *index)
{
  const CollocationTerm given = {.order = order, .n = n, .potential = function, .ctx = ctx};
  CollocationTerm *term;

  PetscFunctionBegin;
  PetscCheck(order <= SINEW_JET_GRADIENT, PETSC_COMM_SELF, PETSC_ERR_SUP, "potentials of values and gradients only");
  PetscCall(SinewCollocationAllocateTerm(c, &given, index));
  term = &c->term[*index];
  PetscCheck(term->residuals <= JETS_MAX, PETSC_COMM_SELF, PETSC_ERR_SUP, "potentials of at most %d numbers a point",
             (int)JETS_MAX);
  PetscCall(PetscCalloc2((size_t)(term->count * term->residuals), &term->slope,
                         (size_t)(term->count * term->residuals * term->residuals), &term->curve));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- a block ---- */

/* Its jets in c->u, its energies in c->r. */
static PetscErrorCode potential_of(SinewCollocation c, const PetscReal w[], const CollocationBlock *block,
                                   PetscReal slope[], PetscReal curve[])
{
  const CollocationTerm *term = &c->term[block->term];
  const PetscReal *x = term->x + block->first * SinewJetGetOptions(c->jet)->dim;

  PetscFunctionBegin;
  PetscCall(SinewJetForward(c->jet, w, term->order, block->n, x, c->u));
  PetscCall(term->potential(term->ctx, block->first, block->n, x, c->u, c->r, slope, curve));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscReal *slope_of(const CollocationTerm *term, const CollocationBlock *block)
{
  return term->slope + block->first * term->residuals;
}

static PetscReal *curve_of(const CollocationTerm *term, const CollocationBlock *block)
{
  return term->curve + block->first * term->residuals * term->residuals;
}

/* to [jets][n] = scale^2 times what a block keeps */
static void scaled(const CollocationTerm *term, const CollocationBlock *block, const PetscReal from[], PetscReal to[])
{
  for (PetscInt j = 0; j < term->residuals; j++)
    for (PetscInt p = 0; p < block->n; p++)
      to[j * block->n + p] = PetscSqr(term->scale[block->first + p]) * from[j * block->n + p];
}

/* to [jets][n] = d2e from */
static void curved(const CollocationTerm *term, const CollocationBlock *block, const PetscReal from[], PetscReal to[])
{
  const PetscInt jets = term->residuals, n = block->n;
  const PetscReal *curve = curve_of(term, block);

  for (PetscInt j = 0; j < jets; j++) {
    for (PetscInt p = 0; p < n; p++) to[j * n + p] = 0;
    for (PetscInt k = 0; k < jets; k++)
      for (PetscInt p = 0; p < n; p++) to[j * n + p] += curve[(j * jets + k) * n + p] * from[k * n + p];
  }
}

/* Root of |d2e| at one point, by the eigenvectors: row k into root[(k jets + j) n]. */
static PetscErrorCode root_of(PetscInt jets, PetscInt n, const PetscReal curve[], PetscReal root[])
{
  PetscReal A[JETS_MAX * JETS_MAX], values[JETS_MAX], work[WORK_EIGEN];
  PetscBool found;

  PetscFunctionBegin;
  for (PetscInt k = 0; k < jets * jets; k++) A[k] = curve[k * n];
  found = SinewEigen(jets, A, jets, values, work, WORK_EIGEN);
  PetscCheck(found, PETSC_COMM_SELF, PETSC_ERR_LIB, "eigenvalues of a point's second derivatives were not found");
  for (PetscInt k = 0; k < jets; k++)
    for (PetscInt j = 0; j < jets; j++)
      root[(k * jets + j) * n] = PetscSqrtReal(PetscAbsReal(values[k])) * A[k * jets + j];
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewCollocationMetricRows(SinewCollocation c, const PetscReal w[], const CollocationBlock *block,
                                          const PetscInt column[], PetscReal J[], PetscInt ld)
{
  const CollocationTerm *term = &c->term[block->term];
  const PetscInt jets = term->residuals, n = block->n;

  PetscFunctionBegin;
  PetscCall(SinewJetForward(c->jet, w, term->order, n, term->x + block->first * SinewJetGetOptions(c->jet)->dim, c->u));
  for (PetscInt p = 0; p < n; p++) PetscCall(root_of(jets, n, curve_of(term, block) + p, c->dr + p));
  for (PetscInt k = 0; k < jets; k++) {
    for (PetscInt j = 0; j < jets; j++)
      for (PetscInt p = 0; p < n; p++)
        c->seed[j * n + p] = term->scale[block->first + p] * c->dr[(k * jets + j) * n + p];
    PetscCall(SinewJetRows(c->jet, c->seed, column, J + k * n, ld));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the problem ---- */

static PetscErrorCode energy(void *ctx, const PetscReal w[], PetscInt part, PetscReal sum[2])
{
  SinewCollocation c = ctx;

  PetscFunctionBegin;
  sum[0] = sum[1] = 0;
  for (PetscInt b = c->part_block[part]; b < c->part_block[part + 1]; b++) {
    const CollocationBlock *block = &c->block[b];
    const PetscReal *scale = c->term[block->term].scale + block->first;

    PetscCall(potential_of(c, w, block, NULL, NULL));
    for (PetscInt p = 0; p < block->n; p++) {
      sum[0] += scale[p] * scale[p] * c->r[p];
      sum[1] += scale[p] * scale[p] * PetscAbsReal(c->r[p]);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode linearise(void *ctx, const PetscReal w[])
{
  SinewCollocation c = ctx;

  PetscFunctionBegin;
  for (PetscInt b = 0; b < c->blocks; b++) {
    const CollocationBlock *block = &c->block[b];
    const CollocationTerm *term = &c->term[block->term];
    const PetscInt all = term->residuals * block->n;

    PetscCall(PetscArrayzero(slope_of(term, block), all));
    PetscCall(PetscArrayzero(curve_of(term, block), all * term->residuals));
    PetscCall(potential_of(c, w, block, slope_of(term, block), curve_of(term, block)));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode gradient(void *ctx, const PetscReal w[], PetscInt part, PetscReal g[])
{
  SinewCollocation c = ctx;
  const PetscInt dim = SinewJetGetOptions(c->jet)->dim;

  PetscFunctionBegin;
  for (PetscInt b = c->part_block[part]; b < c->part_block[part + 1]; b++) {
    const CollocationBlock *block = &c->block[b];
    const CollocationTerm *term = &c->term[block->term];

    PetscCall(SinewJetForward(c->jet, w, term->order, block->n, term->x + block->first * dim, c->u));
    scaled(term, block, slope_of(term, block), c->seed);
    PetscCall(SinewJetAdjoint(c->jet, c->seed, g));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* h += J' (d2e J v) + sum of de_j (d2 u_j / dw2) v */
static PetscErrorCode curvature(void *ctx, const PetscReal w[], const PetscReal v[], PetscInt part, PetscReal h[])
{
  SinewCollocation c = ctx;
  const PetscInt dim = SinewJetGetOptions(c->jet)->dim;

  PetscFunctionBegin;
  for (PetscInt b = c->part_block[part]; b < c->part_block[part + 1]; b++) {
    const CollocationBlock *block = &c->block[b];
    const CollocationTerm *term = &c->term[block->term];
    PetscReal *dseed = c->dr; /* large enough for a square of jets */

    PetscCall(SinewJetForward(c->jet, w, term->order, block->n, term->x + block->first * dim, c->u));
    PetscCall(SinewJetTangent(c->jet, v, c->du));
    curved(term, block, c->du, c->u);
    scaled(term, block, c->u, dseed);
    scaled(term, block, slope_of(term, block), c->seed);
    PetscCall(SinewJetAdjointTangent(c->jet, v, c->seed, dseed, h));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* g += J' d2e u'', u'' the second derivative of the jets along d, by a difference */
static PetscErrorCode bend(void *ctx, const PetscReal w[], const PetscReal d[], PetscInt part, PetscReal g[])
{
  SinewCollocation c = ctx;
  const PetscInt dim = SinewJetGetOptions(c->jet)->dim, P = SinewJetSize(c->jet);
  PetscReal *moved;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1((size_t)P, &moved));
  for (PetscInt k = 0; k < P; k++) moved[k] = w[k] + PROBE * d[k];
  for (PetscInt b = c->part_block[part]; b < c->part_block[part + 1]; b++) {
    const CollocationBlock *block = &c->block[b];
    const CollocationTerm *term = &c->term[block->term];
    const PetscInt jets = term->residuals, n = block->n;
    const PetscReal *x = term->x + block->first * dim;
    PetscReal *bent = c->dr;

    PetscCall(SinewJetForward(c->jet, moved, term->order, n, x, bent));
    PetscCall(SinewJetForward(c->jet, w, term->order, n, x, c->u));
    PetscCall(SinewJetTangent(c->jet, d, c->du));
    for (PetscInt j = 0; j < jets * n; j++) bent[j] = 2 / PROBE * ((bent[j] - c->u[j]) / PROBE - c->du[j]);
    curved(term, block, bent, c->u);
    scaled(term, block, c->u, c->seed);
    PetscCall(SinewJetAdjoint(c->jet, c->seed, g));
  }
  PetscCall(PetscFree(moved));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewCollocationEnergy(SinewCollocation c, SinewEnergyProblem *problem)
{
  PetscFunctionBegin;
  for (PetscInt t = 0; t < c->terms; t++)
    PetscCheck(c->term[t].potential, PETSC_COMM_SELF, PETSC_ERR_ARG_WRONGSTATE, "term %" PetscInt_FMT " has rows", t);
  *problem = (SinewEnergyProblem){
      .ctx = c, .energy = energy, .linearise = linearise, .gradient = gradient, .curvature = curvature, .bend = bend};
  PetscFunctionReturn(PETSC_SUCCESS);
}
