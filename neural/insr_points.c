/* Where the residual is asked for: sets of points and their weights, the same on any number of ranks. */
#include "insr_private.h"
#include "sampling.h"

#define POINTS_PER_CELL 4 /* ADAPTIVE: on average */
#define STREAMS_A_STEP  64
#define CANDIDATES      16 /* for a point of a face that may enter something */

PetscInt SinewInsrPower(PetscInt m, PetscInt dim)
{
  PetscInt product = 1;

  for (PetscInt i = 0; i < dim; i++) product *= m;
  return product;
}

PetscInt SinewInsrPerAxis(PetscInt dim, PetscInt n)
{
  PetscInt m = PetscMax(1, (PetscInt)PetscPowReal((PetscReal)n, 1 / (PetscReal)dim));

  while (SinewInsrPower(m + 1, dim) <= n) m++;
  return m;
}

PetscInt SinewInsrCountPoints(SinewInsrSampling kind, PetscInt dim, PetscInt n)
{
  if (n < 1) return 0;
  if (kind == SINEW_INSR_PANELS) return SinewInsrCountPanels(dim, n);
  if (kind == SINEW_INSR_STRATIFIED || kind == SINEW_INSR_QUADRATURE)
    return SinewInsrPower(SinewInsrPerAxis(dim, n), dim);
  return n;
}

/* ---- quadrature ---- */

/* Nodes and weights of one axis, weights with sum one. */
static PetscErrorCode axis_rule(SinewInsr insr, PetscInt axis, PetscInt m, PetscReal x[], PetscReal weight[])
{
  const SinewJetOptions *box = &insr->options.network;
  const PetscReal lower = box->lower[axis], upper = box->upper[axis];

  PetscFunctionBegin;
  if (box->harmonics[axis]) {
    for (PetscInt i = 0; i < m; i++) {
      x[i] = lower + (upper - lower) * ((PetscReal)i + 0.5) / (PetscReal)m;
      weight[i] = 1 / (PetscReal)m;
    }
  } else {
    PetscCall(SinewGaussLegendre(m, lower, upper, x, weight));
    for (PetscInt i = 0; i < m; i++) weight[i] /= upper - lower;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The rule of the box or, with a face, of that, m points an axis: those from first on, and the roots of their weights.
 */
static PetscErrorCode place_rule(SinewInsr insr, const SinewPointwiseFace *face, PetscInt m, PetscInt first,
                                 PetscInt count, PetscReal x[], PetscReal scale[])
{
  const SinewJetOptions *box = &insr->options.network;
  const PetscInt dim = insr->dim;
  PetscReal *node, *weight;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2((size_t)(dim * m), &node, (size_t)(dim * m), &weight));
  for (PetscInt i = 0; i < dim; i++) PetscCall(axis_rule(insr, i, m, node + i * m, weight + i * m));
  for (PetscInt p = 0; p < count; p++) {
    PetscReal product = 1;

    for (PetscInt i = 0, rest = first + p; i < dim; i++) {
      if (face && i == face->axis) {
        x[p * dim + i] = face->side ? box->upper[i] : box->lower[i];
        continue;
      }
      x[p * dim + i] = node[i * m + rest % m];
      product *= weight[i * m + rest % m];
      rest /= m;
    }
    scale[p] = PetscSqrtReal(product);
  }
  PetscCall(PetscFree2(node, weight));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- adaptive ---- */

PetscErrorCode SinewInsrAllocateCells(SinewInsr insr)
{
  const PetscInt dim = insr->dim;

  PetscFunctionBegin;
  insr->cells_axis = SinewInsrPerAxis(dim, PetscMax(1, insr->options.points / POINTS_PER_CELL));
  insr->cells = SinewInsrPower(insr->cells_axis, dim);
  PetscCall(PetscMalloc3((size_t)insr->cells + 1, &insr->cell_start, (size_t)(insr->cells * dim), &insr->cell_x,
                         (size_t)(insr->cells * insr->evolved), &insr->monitor));
  for (PetscInt k = 0; k < insr->cells; k++) {
    for (PetscInt i = 0, rest = k; i < dim; i++, rest /= insr->cells_axis) {
      const PetscReal s = ((PetscReal)(rest % insr->cells_axis) + 0.5) / (PetscReal)insr->cells_axis;

      insr->cell_x[k * dim + i] =
          insr->options.network.lower[i] + s * (insr->options.network.upper[i] - insr->options.network.lower[i]);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  Half of the points evenly, half in proportion to |f| at the cells' centres: the running sum of what a cell is
  entitled to, rounded down, is where its points begin. Every rank finds this by itself (weights are replicated, cells
  are fewer than points); all take rank 0's, whose arithmetic might differ in the last bit.
*/
static PetscErrorCode share_out(SinewInsr insr, PetscInt n, PetscReal t, const PetscReal w[])
{
  const PetscReal only_rate[3] = {0, 1, 0};
  const InsrLevels level = {.w = {w}, .c = {1}};
  PetscReal total = 0, sum = 0;

  PetscFunctionBegin;
  PetscCall(PetscArrayzero(insr->monitor, insr->cells * insr->evolved));
  if (w)
    PetscCall(SinewInsrAccumulate(insr, &level, t, only_rate, NULL, NULL, insr->cells, insr->cell_x, insr->monitor));
  for (PetscInt k = 0; k < insr->cells; k++) {
    PetscReal square = 0;

    for (PetscInt c = 0; c < insr->evolved; c++) square += PetscSqr(insr->monitor[c * insr->cells + k]);
    total += insr->monitor[k] = PetscSqrtReal(square);
  }
  insr->cell_start[0] = 0;
  for (PetscInt k = 0; k < insr->cells; k++) {
    const PetscReal even = (PetscReal)(k + 1) / (PetscReal)insr->cells;

    sum += insr->monitor[k];
    insr->cell_start[k + 1] = (PetscInt)((PetscReal)n * (total > 0 ? 0.5 * (even + sum / total) : even));
  }
  insr->cell_start[insr->cells] = n;
  PetscCallMPI(MPI_Bcast(insr->cell_start, (PetscMPIInt)insr->cells + 1, MPIU_INT, 0, insr->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A point of cell k: the l-th of `of`, in its l-th slice along axis 0. */
static void place_in_cell(InsrSet *set, PetscInt64 stream, PetscInt p, PetscInt k, PetscInt l, PetscInt of)
{
  const SinewInsr insr = set->insr;
  const SinewJetOptions *box = &insr->options.network;
  const PetscInt dim = insr->dim;

  for (PetscInt i = 0, rest = k; i < dim; i++, rest /= insr->cells_axis) {
    const PetscReal h = (box->upper[i] - box->lower[i]) / (PetscReal)insr->cells_axis;
    PetscReal s = SinewUniform(insr->options.seed, stream, (PetscInt64)(set->first + p) * dim + i);

    if (i == 0) s = ((PetscReal)l + s) / (PetscReal)of;
    set->x[p * dim + i] = box->lower[i] + h * ((PetscReal)(rest % insr->cells_axis) + s);
  }
  set->scale[p] = 1 / PetscSqrtReal((PetscReal)(insr->cells * of));
}

static PetscErrorCode place_adaptive(InsrSet *set, PetscInt64 stream, PetscReal t, const PetscReal w[])
{
  const SinewInsr insr = set->insr;
  PetscInt k = 0;

  PetscFunctionBegin;
  PetscCall(share_out(insr, set->n, t, w));
  for (PetscInt p = 0; p < set->count; p++) {
    while (insr->cell_start[k + 1] <= set->first + p) k++;
    place_in_cell(set, stream, p, k, set->first + p - insr->cell_start[k],
                  insr->cell_start[k + 1] - insr->cell_start[k]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- all kinds ---- */

static SinewSampleKind sample_kind(SinewInsrSampling kind, PetscInt dim)
{
  switch (kind) {
  case SINEW_INSR_SOBOL: return SINEW_SAMPLE_SOBOL;
  case SINEW_INSR_UNIFORM: return SINEW_SAMPLE_UNIFORM;
  default: return dim > 1 ? SINEW_SAMPLE_GRID : SINEW_SAMPLE_STRATIFIED;
  }
}

static PetscErrorCode monitored(const InsrMonitor *m, PetscInt n, const PetscReal x[], PetscReal q[])
{
  const PetscReal only_density[3] = {1, 0, 0};
  const InsrLevels level = {.w = {m->w}, .c = {1}};

  PetscFunctionBegin;
  if (m->function)
    PetscCall(m->function(m->ctx, m->t, n, x, q));
  else
    PetscCall(SinewInsrAccumulate(m->insr, &level, m->t, only_density, NULL, NULL, n, x, q));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewInsrPlace(InsrSet *set, SinewInsrSampling kind, PetscInt step, PetscReal t, const PetscReal w[],
                              SinewPointFunction *function, const void *ctx)
{
  const SinewInsr insr = set->insr;
  const SinewJetOptions *box = &insr->options.network;
  const PetscInt64 stream = (PetscInt64)step * STREAMS_A_STEP + set->stream;

  PetscFunctionBegin;
  if (insr->equation->domain) {
    PetscCall(insr->equation->domain(insr->equation->domain_ctx, -1, insr->options.seed, stream, set->n, set->first,
                                     set->count, set->x));
    for (PetscInt p = 0; p < set->count; p++) set->scale[p] = 1 / PetscSqrtReal((PetscReal)set->n);
  } else if (kind == SINEW_INSR_QUADRATURE) {
    PetscCall(place_rule(insr, NULL, SinewInsrPerAxis(insr->dim, set->n), set->first, set->count, set->x, set->scale));
  } else if (kind == SINEW_INSR_PANELS) {
    const InsrMonitor monitor = {monitored, insr, t, w, function, ctx};

    PetscCall(SinewInsrPlacePanels(set, w || function ? &monitor : NULL));
  } else if (kind == SINEW_INSR_ADAPTIVE) {
    PetscCall(place_adaptive(set, stream, t, w));
  } else {
    PetscCall(SinewSamplePoints(sample_kind(kind, insr->dim), insr->options.seed, stream, insr->dim, box->lower,
                                box->upper, set->n, set->first, set->count, set->x));
    for (PetscInt p = 0; p < set->count; p++) set->scale[p] = 1 / PetscSqrtReal((PetscReal)set->n);
  }
  PetscCall(SinewCollocationSetPoints(set->collocation, 0, set->x, set->scale));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- faces ---- */

PetscBool SinewInsrFaceRule(SinewInsr insr)
{
  return (PetscBool)(insr->options.sampling == SINEW_INSR_QUADRATURE && insr->dim > 1 && !insr->equation->domain);
}

/* Candidate k of point p of n: a lattice over the point's cell of the face, its ends included. */
static void box_candidate(SinewInsr insr, const SinewPointwiseFace *face, PetscInt n, PetscInt p, PetscInt k,
                          PetscReal x[])
{
  const SinewJetOptions *box = &insr->options.network;
  const PetscInt axes = PetscMax(insr->dim - 1, 1), m = SinewInsrPerAxis(axes, n),
                 fine = SinewInsrPerAxis(axes, CANDIDATES);

  for (PetscInt i = 0; i < insr->dim; i++) {
    const PetscReal within = (PetscReal)(k % fine) / (PetscReal)(fine - 1);

    x[i] = face->side ? box->upper[i] : box->lower[i];
    if (i == face->axis) continue;
    x[i] = box->lower[i] + (box->upper[i] - box->lower[i]) * ((PetscReal)(p % m) + within) / (PetscReal)m;
    p /= m;
    k /= fine;
  }
}

/* Depths at up to a block of points x. */
static PetscErrorCode depths(const InsrSystem *system, const SinewPointwiseFace *face, const InsrLevels *levels,
                             PetscInt n, const PetscReal x[], PetscReal q[], PetscReal depth[])
{
  const SinewInsr insr = system->set[0].insr;
  const PetscReal only_density[3] = {1, 0, 0};
  const SinewPoints at = {.t = system->stage.t, .n = n, .channels = 1, .x = x, .u = q};

  PetscFunctionBegin;
  PetscCall(PetscArrayzero(q, insr->evolved * n));
  PetscCall(SinewInsrAccumulate(insr, levels, at.t, only_density, NULL, NULL, n, x, q));
  PetscCall(face->depth(face->ctx ? face->ctx : insr->equation->ctx, &at, depth, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The deepest candidates of points first .. first + count - 1 (this rank's), block by block. */
static PetscErrorCode choose_deepest(InsrSystem *system, PetscInt index, PetscInt64 stream, const InsrLevels *levels,
                                     PetscInt first, PetscInt count)
{
  const SinewInsr insr = system->set[0].insr;
  const SinewPointwise *e = insr->equation;
  const SinewPointwiseFace *face = &e->face[index];
  const PetscInt dim = insr->dim, n = insr->options.face_points, block = SinewJetBlock(insr->jet);
  InsrFace *chosen = &system->face[index];
  PetscReal *y, *q, *depth, *best;

  PetscFunctionBegin;
  PetscCall(PetscMalloc4((size_t)(block * dim), &y, (size_t)(block * insr->evolved), &q, (size_t)block, &depth,
                         (size_t)block, &best));
  chosen->deepest = chosen->asked = -PETSC_MAX_REAL;
  for (PetscInt p = 0, some; p < count; p += some) {
    PetscReal *x = chosen->x + p * dim;

    some = SinewCollocationBlock(system->set[0].collocation, n, p);
    PetscCall(depths(system, face, levels, some, x, q, depth));
    for (PetscInt j = 0; j < some; j++) {
      chosen->asked = PetscMax(chosen->asked, depth[j]);
      best[j] = -PETSC_MAX_REAL;
    }
    for (PetscInt k = 0; k < CANDIDATES; k++) {
      for (PetscInt j = 0; j < some; j++) {
        const PetscInt all = first + p + j;

        if (e->domain)
          PetscCall(e->domain(e->domain_ctx, index, insr->options.seed, stream, n * CANDIDATES, all * CANDIDATES + k, 1,
                              y + j * dim));
        else
          box_candidate(insr, face, n, all, k, y + j * dim);
      }
      PetscCall(depths(system, face, levels, some, y, q, depth));
      for (PetscInt j = 0; j < some; j++) {
        if (!(depth[j] > best[j])) continue;
        best[j] = depth[j];
        PetscCall(PetscArraycpy(x + j * dim, y + j * dim, dim));
      }
    }
    for (PetscInt j = 0; j < some; j++) chosen->deepest = PetscMax(chosen->deepest, best[j]);
  }
  PetscCall(PetscFree4(y, q, depth, best));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Points anywhere on the face. */
static PetscErrorCode draw_on_face(SinewInsr insr, PetscInt index, PetscInt64 stream, PetscInt first, PetscInt count,
                                   PetscReal x[])
{
  const SinewPointwiseFace *face = &insr->equation->face[index];
  const SinewJetOptions *box = &insr->options.network;
  const PetscInt dim = insr->dim, n = insr->options.face_points;
  PetscReal lower[SINEW_JET_DIM_MAX], upper[SINEW_JET_DIM_MAX];

  PetscFunctionBegin;
  if (insr->equation->domain) {
    PetscCall(
        insr->equation->domain(insr->equation->domain_ctx, index, insr->options.seed, stream, n, first, count, x));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(PetscArraycpy(lower, box->lower, dim));
  PetscCall(PetscArraycpy(upper, box->upper, dim));
  lower[face->axis] = upper[face->axis] = face->side ? box->upper[face->axis] : box->lower[face->axis];
  PetscCall(
      SinewSamplePoints(SINEW_SAMPLE_STRATIFIED, insr->options.seed, stream, dim, lower, upper, n, first, count, x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewInsrPlaceFace(InsrSystem *system, PetscInt index, PetscInt step, const InsrLevels *levels)
{
  const SinewInsr insr = system->set[0].insr;
  const SinewCollocation collocation = system->set[0].collocation;
  const SinewPointwiseFace *face = &insr->equation->face[index];
  const PetscInt64 stream = (PetscInt64)step * STREAMS_A_STEP + 2 + index;
  const PetscInt dim = insr->dim, n = insr->options.face_points;
  PetscReal **x = &system->face[index].x, *scale;
  PetscInt first, count;

  PetscFunctionBegin;
  PetscCall(SinewCollocationRange(collocation, n, &first, &count));
  PetscCall(PetscMalloc1((size_t)count, &scale));
  if (!*x) PetscCall(PetscCalloc1((size_t)(count * dim), x));
  for (PetscInt p = 0; p < count; p++) scale[p] = 1 / PetscSqrtReal((PetscReal)n);
  if (face->depth && levels)
    PetscCall(choose_deepest(system, index, stream, levels, first, count));
  else if (SinewInsrFaceRule(insr))
    PetscCall(place_rule(insr, face, SinewInsrPerAxis(dim - 1, n), first, count, *x, scale));
  else
    PetscCall(draw_on_face(insr, index, stream, first, count, *x));
  for (PetscInt p = 0; p < count; p++) scale[p] *= PetscSqrtReal(face->weight);
  PetscCall(SinewCollocationSetPoints(collocation, 1 + index, *x, scale));
  PetscCall(PetscFree(scale));
  PetscFunctionReturn(PETSC_SUCCESS);
}
