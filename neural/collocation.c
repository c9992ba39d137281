#include "collocation_private.h"

PetscErrorCode SinewCollocationCreate(MPI_Comm comm, SinewJet jet, PetscInt parts, SinewCollocation *collocation)
{
  SinewCollocation c;
  PetscMPIInt rank, size;

  PetscFunctionBegin;
  PetscCall(PetscNew(collocation));
  c = *collocation;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Comm_size(comm, &size));
  c->comm = comm;
  c->jet = jet;
  c->local_parts = (PetscMax(parts, 1) + size - 1) / size;
  c->parts = c->local_parts * size;
  c->first_part = c->local_parts * rank;
  PetscCall(PetscCalloc1((size_t)c->local_parts + 1, &c->part_block));
  PetscCall(PetscCalloc1(1, &c->block_start));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewCollocationDestroy(SinewCollocation *collocation)
{
  SinewCollocation c = *collocation;

  PetscFunctionBegin;
  if (!c) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt t = 0; t < c->terms; t++) {
    PetscCall(PetscFree2(c->term[t].x, c->term[t].scale));
    PetscCall(PetscFree2(c->term[t].slope, c->term[t].curve));
  }
  PetscCall(PetscFree(c->term));
  PetscCall(PetscFree(c->block));
  PetscCall(PetscFree(c->part_block));
  PetscCall(PetscFree(c->block_start));
  PetscCall(PetscFree(c->u));
  PetscCall(PetscFree(c->du));
  PetscCall(PetscFree(c->r));
  PetscCall(PetscFree(c->dr));
  PetscCall(PetscFree(c->seed));
  PetscCall(PetscFree(c->held_out_rows));
  PetscCall(PetscFree(*collocation));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* first point of a part */
static PetscInt cut(SinewCollocation c, PetscInt n, PetscInt part)
{
  return (PetscInt)((PetscInt64)n * part / c->parts);
}

PetscErrorCode SinewCollocationRange(SinewCollocation c, PetscInt n, PetscInt *first, PetscInt *count)
{
  PetscFunctionBegin;
  *first = cut(c, n, c->first_part);
  *count = cut(c, n, c->first_part + c->local_parts) - *first;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt SinewCollocationBlock(SinewCollocation c, PetscInt n, PetscInt first)
{
  const PetscInt start = cut(c, n, c->first_part);
  const PetscInt part = (PetscInt)(((PetscInt64)(start + first + 1) * c->parts - 1) / n); /* cut(part) <= point */
  const PetscInt before = (start + first - cut(c, n, part)) % SinewJetBlock(c->jet);

  return PetscMin(SinewJetBlock(c->jet) - before, cut(c, n, part + 1) - start - first);
}

/* Blocks of all parts; a block lies in one part and one term. Called twice: to count and to fill. */
static PetscInt make_blocks(SinewCollocation c, PetscBool fill)
{
  PetscInt blocks = 0, rows = 0;

  for (PetscInt part = 0; part < c->local_parts; part++) {
    if (fill) c->part_block[part] = blocks;
    for (PetscInt t = 0; t < c->terms; t++) {
      const CollocationTerm *term = &c->term[t];
      const PetscInt end = cut(c, term->n, c->first_part + part + 1) - term->first;

      for (PetscInt p = cut(c, term->n, c->first_part + part) - term->first, n; p < end; p += n) {
        n = SinewCollocationBlock(c, term->n, p);
        if (fill) {
          c->block[blocks] = (CollocationBlock){t, p, n};
          c->block_start[blocks] = rows;
        }
        blocks++;
        rows += n * term->residuals;
      }
    }
  }
  if (fill) {
    c->part_block[c->local_parts] = blocks;
    c->block_start[blocks] = rows;
  }
  return blocks;
}

static PetscErrorCode allocate_block(SinewCollocation c)
{
  size_t u = 0, r = 0, dr = 0;

  PetscFunctionBegin;
  for (PetscInt t = 0; t < c->terms; t++) {
    const size_t rows = (size_t)(c->term[t].residuals * SinewJetBlock(c->jet));
    const size_t jets = (size_t)(SinewJetGetOptions(c->jet)->outputs * c->term[t].channels * SinewJetBlock(c->jet));

    u = PetscMax(u, jets);
    r = PetscMax(r, rows);
    dr = PetscMax(dr, jets * (size_t)c->term[t].residuals);
  }
  PetscCall(PetscRealloc(u * sizeof(PetscReal), &c->u));
  PetscCall(PetscRealloc(u * sizeof(PetscReal), &c->du));
  PetscCall(PetscRealloc(u * sizeof(PetscReal), &c->seed));
  PetscCall(PetscRealloc(r * sizeof(PetscReal), &c->r));
  PetscCall(PetscRealloc(dr * sizeof(PetscReal), &c->dr));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewCollocationAllocateTerm(SinewCollocation c, const CollocationTerm *given, PetscInt *index)
{
  const PetscInt dim = SinewJetGetOptions(c->jet)->dim;
  CollocationTerm *term;

  PetscFunctionBegin;
  PetscCall(PetscRealloc((size_t)(c->terms + 1) * sizeof(CollocationTerm), &c->term));
  term = &c->term[c->terms];
  *index = c->terms++;
  *term = *given;
  term->channels = SinewJetChannels(dim, term->order);
  if (term->potential) term->residuals = SinewJetGetOptions(c->jet)->outputs * term->channels;
  PetscCall(SinewCollocationRange(c, term->n, &term->first, &term->count));
  PetscCall(PetscCalloc2((size_t)(term->count * dim), &term->x, (size_t)term->count, &term->scale));
  c->blocks = make_blocks(c, PETSC_FALSE);
  PetscCall(PetscRealloc((size_t)c->blocks * sizeof(CollocationBlock), &c->block));
  PetscCall(PetscRealloc(((size_t)c->blocks + 1) * sizeof(PetscInt), &c->block_start));
  make_blocks(c, PETSC_TRUE);
  PetscCall(allocate_block(c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewCollocationAddTerm(SinewCollocation c, SinewJetOrder order, PetscInt n, PetscInt residuals,
                                       SinewPointResidual *function, void *ctx, PetscInt *index)
{
  const CollocationTerm term = {.order = order, .n = n, .residuals = residuals, .function = function, .ctx = ctx};

  PetscFunctionBegin;
  PetscCall(SinewCollocationAllocateTerm(c, &term, index));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewCollocationSetPoints(SinewCollocation c, PetscInt index, const PetscReal x[],
                                         const PetscReal scale[])
{
  CollocationTerm *term = &c->term[index];

  PetscFunctionBegin;
  PetscCall(PetscArraycpy(term->x, x, term->count * SinewJetGetOptions(c->jet)->dim));
  if (scale) PetscCall(PetscArraycpy(term->scale, scale, term->count));
  for (PetscInt p = 0; !scale && p < term->count; p++) term->scale[p] = 1 / PetscSqrtReal((PetscReal)term->n);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Jets and residuals of a block, unscaled, in c->u, c->r and, with derivatives, c->dr. */
static PetscErrorCode evaluate(SinewCollocation c, const PetscReal w[], const CollocationBlock *block,
                               PetscBool derivatives)
{
  const CollocationTerm *term = &c->term[block->term];
  const PetscInt dim = SinewJetGetOptions(c->jet)->dim, outputs = SinewJetGetOptions(c->jet)->outputs;
  const PetscReal *x = term->x + block->first * dim;

  PetscFunctionBegin;
  PetscCall(SinewJetForward(c->jet, w, term->order, block->n, x, c->u));
  if (derivatives) PetscCall(PetscArrayzero(c->dr, term->residuals * outputs * term->channels * block->n));
  PetscCall(term->function(term->ctx, block->first, block->n, x, c->u, c->r, derivatives ? c->dr : NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* seed [outputs * channels][n] = factor(p) d r_k / d u */
static void scaled_seed(const CollocationBlock *block, PetscInt jets, const PetscReal dr[], const PetscReal factor[],
                        PetscBool add, PetscReal seed[])
{
  for (PetscInt j = 0; j < jets; j++) {
    for (PetscInt p = 0; p < block->n; p++) {
      const PetscReal s = factor[p] * dr[j * block->n + p];

      seed[j * block->n + p] = add ? seed[j * block->n + p] + s : s;
    }
  }
}

static PetscErrorCode residual(void *ctx, const PetscReal w[], PetscReal r[])
{
  SinewCollocation c = ctx;

  PetscFunctionBegin;
  for (PetscInt b = 0; b < c->blocks; b++) {
    const CollocationBlock *block = &c->block[b];
    const CollocationTerm *term = &c->term[block->term];
    PetscReal *to = r + c->block_start[b];

    if (term->potential) PetscCall(PetscArrayzero(to, term->residuals * block->n));
    if (term->potential) continue;
    PetscCall(evaluate(c, w, block, PETSC_FALSE));
    for (PetscInt k = 0; k < term->residuals; k++)
      for (PetscInt p = 0; p < block->n; p++)
        to[k * block->n + p] = term->scale[block->first + p] * c->r[k * block->n + p];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode rows(void *ctx, const PetscReal w[], PetscInt b, const PetscInt column[], PetscReal J[],
                           PetscInt ld)
{
  SinewCollocation c = ctx;
  const CollocationBlock *block = &c->block[b];
  const CollocationTerm *term = &c->term[block->term];
  const PetscInt jets = SinewJetGetOptions(c->jet)->outputs * term->channels;

  PetscFunctionBegin;
  if (term->potential) {
    PetscCall(SinewCollocationMetricRows(c, w, block, column, J, ld));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(evaluate(c, w, block, PETSC_TRUE));
  for (PetscInt k = 0; k < term->residuals; k++) {
    scaled_seed(block, jets, c->dr + k * jets * block->n, term->scale + block->first, PETSC_FALSE, c->seed);
    PetscCall(SinewJetRows(c->jet, c->seed, column, J + k * block->n, ld));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode apply(void *ctx, const PetscReal w[], const PetscReal v[], PetscReal y[])
{
  SinewCollocation c = ctx;

  PetscFunctionBegin;
  for (PetscInt b = 0; b < c->blocks; b++) {
    const CollocationBlock *block = &c->block[b];
    const CollocationTerm *term = &c->term[block->term];
    const PetscInt jets = SinewJetGetOptions(c->jet)->outputs * term->channels, n = block->n;

    PetscCall(evaluate(c, w, block, PETSC_TRUE));
    PetscCall(SinewJetTangent(c->jet, v, c->du));
    for (PetscInt k = 0; k < term->residuals; k++) {
      PetscReal *to = y + c->block_start[b] + k * n;

      for (PetscInt p = 0; p < n; p++) to[p] = 0;
      for (PetscInt j = 0; j < jets; j++)
        for (PetscInt p = 0; p < n; p++) to[p] += c->dr[(k * jets + j) * n + p] * c->du[j * n + p];
      for (PetscInt p = 0; p < n; p++) to[p] *= term->scale[block->first + p];
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode transpose(void *ctx, const PetscReal w[], PetscInt part, const PetscReal y[], PetscReal g[])
{
  SinewCollocation c = ctx;

  PetscFunctionBegin;
  for (PetscInt b = c->part_block[part]; b < c->part_block[part + 1]; b++) {
    const CollocationBlock *block = &c->block[b];
    const CollocationTerm *term = &c->term[block->term];
    const PetscInt jets = SinewJetGetOptions(c->jet)->outputs * term->channels, n = block->n;

    PetscCall(evaluate(c, w, block, PETSC_TRUE));
    for (PetscInt k = 0; k < term->residuals; k++) {
      const PetscReal *from = y + c->block_start[b] + k * n;

      for (PetscInt p = 0; p < n; p++) c->r[p] = from[p] * term->scale[block->first + p];
      scaled_seed(block, jets, c->dr + k * jets * n, c->r, (PetscBool)(k > 0), c->seed);
    }
    PetscCall(SinewJetAdjoint(c->jet, c->seed, g));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewCollocationHoldOut(SinewCollocation c, SinewCollocation held_out)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(c->held_out_rows));
  PetscCall(PetscMalloc1((size_t)held_out->block_start[held_out->blocks], &c->held_out_rows));
  c->held_out = held_out;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Parts first .. first + parts - 1 of this rank, each by itself and then in halves, the order of the sums over ranks.
 */
static PetscReal weighted_squares(SinewCollocation c, PetscInt n, PetscInt rows, const PetscReal scale[],
                                  const PetscReal y[], PetscInt first, PetscInt parts)
{
  const PetscInt start = cut(c, n, c->first_part), count = cut(c, n, c->first_part + c->local_parts) - start;
  PetscReal sum = 0;

  if (parts > 1)
    return weighted_squares(c, n, rows, scale, y, first, parts / 2) +
           weighted_squares(c, n, rows, scale, y, first + parts / 2, parts - parts / 2);
  for (PetscInt p = cut(c, n, c->first_part + first) - start; p < cut(c, n, c->first_part + first + 1) - start; p++)
    for (PetscInt k = 0; k < rows; k++) sum += PetscSqr(scale[p] * y[k * count + p]);
  return sum;
}

PetscErrorCode SinewCollocationSquares(SinewCollocation c, PetscInt n, PetscInt rows, const PetscReal scale[],
                                       const PetscReal y[], PetscReal *sum)
{
  PetscFunctionBegin;
  *sum = weighted_squares(c, n, rows, scale, y, 0, c->local_parts);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Squares of rows part by part and then in halves, the order of the sums over ranks. */
static PetscReal squares(SinewCollocation c, const PetscReal r[], PetscInt first, PetscInt parts)
{
  PetscReal sum = 0;

  if (parts > 1) return squares(c, r, first, parts / 2) + squares(c, r, first + parts / 2, parts - parts / 2);
  for (PetscInt i = c->block_start[c->part_block[first]]; i < c->block_start[c->part_block[first + 1]]; i++)
    sum += PetscSqr(r[i]);
  return sum;
}

static PetscErrorCode held_out(void *ctx, const PetscReal w[], PetscReal *sum)
{
  SinewCollocation c = ctx, other = c->held_out;

  PetscFunctionBegin;
  PetscCall(residual(other, w, c->held_out_rows));
  *sum = squares(other, c->held_out_rows, 0, other->local_parts);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewCollocationProblem(SinewCollocation c, SinewLeastSquaresProblem *problem)
{
  PetscFunctionBegin;
  *problem = (SinewLeastSquaresProblem){.ctx = c,
                                        .parameters = SinewJetSize(c->jet),
                                        .parts = c->local_parts,
                                        .part_block = c->part_block,
                                        .block_start = c->block_start,
                                        .residual = residual,
                                        .rows = rows,
                                        .apply = apply,
                                        .transpose = transpose,
                                        .held_out = c->held_out ? held_out : NULL};
  PetscFunctionReturn(PETSC_SUCCESS);
}
