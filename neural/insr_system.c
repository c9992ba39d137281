/* Least-squares problems of pointwise equations: residuals of time schemes at sets of points. */
#include "insr_private.h"
#include "least_squares_private.h"

#define DAMPING_GROWTH 3 /* of what the last solve ended with: points and problem are new */

/* ---- residuals ---- */

/* r += c f and dr += c (d f / d u) s: a map of the equation at one block. */
static PetscErrorCode add_map(SinewInsr insr, SinewPointMap *map, const SinewPoints *at, PetscReal c, PetscReal s,
                              PetscReal r[], PetscReal dr[])
{
  const PetscInt rows = insr->evolved * at->n, all = rows * insr->unknowns * at->channels;

  PetscFunctionBegin;
  if (dr) PetscCall(PetscArrayzero(insr->df, all));
  PetscCall(map(insr->equation->ctx, at, insr->f, dr ? insr->df : NULL));
  for (PetscInt i = 0; i < rows; i++) r[i] += c * insr->f[i];
  for (PetscInt i = 0; dr && i < all; i++) dr[i] += c * s * insr->df[i];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* mixed = mean * old + (1 - mean) * u at points first .. first + n - 1 of a set */
static void mix_old(const InsrSet *set, PetscReal mean, PetscInt first, PetscInt n, PetscInt jets, const PetscReal u[],
                    PetscReal mixed[])
{
  for (PetscInt j = 0; j < jets; j++)
    for (PetscInt p = 0; p < n; p++)
      mixed[j * n + p] = mean * set->old[j * set->count + first + p] + (1 - mean) * u[j * n + p];
}

/* The step from the points first and after of a set. */
static SinewPointStep step_from(const InsrSet *set, PetscInt first)
{
  return (SinewPointStep){.dt = set->system->stage.step,
                          .stride = set->count,
                          .soft = set->system->stage.soft,
                          .old = set->slot[BASE] + first,
                          .inertial = set->slot[TARGET] + first};
}

/* The rows that the equation itself makes of a step. */
static PetscErrorCode potential_rows(const InsrSet *set, PetscInt first, const SinewPoints *at, PetscReal r[],
                                     PetscReal dr[])
{
  const SinewPointStep step = step_from(set, first);

  PetscFunctionBegin;
  PetscCall(set->insr->equation->step(set->insr->equation->ctx, at, &step, r, dr));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode interior_residual(void *ctx, PetscInt first, PetscInt n, const PetscReal x[], const PetscReal u[],
                                        PetscReal r[], PetscReal dr[])
{
  const InsrSet *set = ctx;
  const SinewInsr insr = set->insr;
  const InsrStage *stage = &set->system->stage;
  const PetscInt channels = SinewJetChannels(insr->dim, set->system->order);
  SinewPoints at = {.t = stage->t, .n = n, .channels = channels, .x = x, .u = u};
  PetscReal *dmap = stage->frozen ? NULL : dr;

  PetscFunctionBegin;
  if (stage->step > 0) {
    PetscCall(potential_rows(set, first, &at, r, dr));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (stage->density != 0) PetscCall(SinewPointwiseDensity(insr->equation, &at, r, dr));
  for (PetscInt k = 0; k < insr->evolved; k++)
    for (PetscInt p = 0; p < n; p++)
      r[k * n + p] =
          (stage->density != 0 && !stage->frozen ? r[k * n + p] : 0) - set->slot[TARGET][k * set->count + first + p];
  if (stage->delta != 0) PetscCall(add_map(insr, insr->equation->second, &at, stage->delta, 1, r, dmap));
  if (stage->gamma != 0) {
    if (stage->mean != 0) {
      mix_old(set, stage->mean, first, n, insr->unknowns * channels, u, insr->mixed);
      at.u = insr->mixed;
    }
    PetscCall(
        add_map(insr, stage->map ? stage->map : insr->equation->rate, &at, -stage->gamma, 1 - stage->mean, r, dmap));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* r = sum of data[k] r(start + k dt / 2), whose derivatives are those of one: conditions are linear in u. */
static PetscErrorCode combined_data(const InsrStage *stage, const SinewPointwiseFace *face, const void *ctx,
                                    SinewPoints at, PetscReal r[], PetscReal dr[])
{
  const PetscInt rows = face->rows * at.n;
  PetscReal *one;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1((size_t)rows, &one));
  PetscCall(PetscArrayzero(r, rows));
  for (int k = 0; k < 3; k++) {
    at.t = stage->start + 0.5 * k * stage->dt;
    if (k < 2 && stage->data[k] == 0) continue;
    PetscCall(face->residual(ctx, &at, one, k == 2 ? dr : NULL));
    for (PetscInt i = 0; i < rows; i++) r[i] += stage->data[k] * one[i];
  }
  PetscCall(PetscFree(one));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode face_residual(void *ctx, PetscInt first, PetscInt n, const PetscReal x[], const PetscReal u[],
                                    PetscReal r[], PetscReal dr[])
{
  const InsrFace *at_face = ctx;
  const SinewPointwise *equation = at_face->system->set[0].insr->equation;
  const SinewPointwiseFace *face = &equation->face[at_face->index];
  const InsrStage *stage = &at_face->system->stage;
  /* conditions hold for the new level, also where f is taken at the mean of the levels and at its time */
  const SinewPoints at = {.t = stage->t + stage->mean * stage->gamma,
                          .n = n,
                          .channels = SinewJetChannels(equation->dim, face->order),
                          .x = x,
                          .u = u};

  const void *face_ctx = face->ctx ? face->ctx : equation->ctx;
  const PetscBool combined = (PetscBool)(stage->data[0] != 0 || stage->data[1] != 0 || stage->data[2] != 0);

  PetscFunctionBegin;
  (void)first;
  if (stage->faces && combined)
    PetscCall(combined_data(stage, face, face_ctx, at, r, dr));
  else if (stage->faces)
    PetscCall(face->residual(face_ctx, &at, r, dr));
  /* Neural Galerkin leaves what is prescribed on a face as it is: J d = 0 */
  if (!stage->faces || stage->frozen) PetscCall(PetscArrayzero(r, face->rows * n));
  if (face->depth && stage->soft > 0) {
    const PetscReal yields = PetscSqrtReal(1 - stage->soft);

    for (PetscInt i = 0; i < face->rows * n; i++) r[i] *= yields;
    for (PetscInt i = 0; dr && i < face->rows * equation->unknowns * at.channels * n; i++) dr[i] *= yields;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- potentials ---- */

static PetscErrorCode interior_potential(void *ctx, PetscInt first, PetscInt n, const PetscReal x[],
                                         const PetscReal u[], PetscReal e[], PetscReal de[], PetscReal d2e[])
{
  const InsrSet *set = ctx;
  const SinewPointwise *equation = set->insr->equation;
  const SinewPointStep step = step_from(set, first);
  const SinewPoints at = {.t = set->system->stage.t,
                          .n = n,
                          .channels = SinewJetChannels(equation->dim, set->system->order),
                          .x = x,
                          .u = u};

  PetscFunctionBegin;
  PetscCall(equation->potential(equation->ctx, &at, &step, e, de, d2e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode face_potential(void *ctx, PetscInt first, PetscInt n, const PetscReal x[], const PetscReal u[],
                                     PetscReal e[], PetscReal de[], PetscReal d2e[])
{
  const InsrFace *at_face = ctx;
  const SinewPointwise *equation = at_face->system->set[0].insr->equation;
  const SinewPointwiseFace *face = &equation->face[at_face->index];
  const SinewPointStep step = {.dt = at_face->system->stage.step, .soft = at_face->system->stage.soft};
  const SinewPoints at = {
      .t = at_face->system->stage.t, .n = n, .channels = SinewJetChannels(equation->dim, face->order), .x = x, .u = u};

  PetscFunctionBegin;
  (void)first;
  PetscCall(face->potential(face->ctx ? face->ctx : equation->ctx, &at, &step, e, de, d2e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscBool SinewInsrByNewton(const SinewPointwise *e, const SinewInsrOptions *o)
{
  return (PetscBool)(e->potential && (!e->step || o->step.solver >= SINEW_LS_NEWTON));
}

/* ---- set-up ---- */

static PetscErrorCode create_set(InsrSystem *system, SinewInsr insr, PetscInt index, PetscInt n, PetscInt slots)
{
  InsrSet *set = &system->set[index];
  const PetscInt jets = insr->unknowns * SinewJetChannels(insr->dim, system->order);
  PetscInt term;
  size_t count;

  PetscFunctionBegin;
  *set = (InsrSet){.insr = insr, .system = system, .stream = index, .n = n};
  PetscCall(SinewCollocationCreate(insr->comm, insr->jet, insr->options.parts, &set->collocation));
  if (system->rows)
    PetscCall(SinewCollocationAddTerm(set->collocation, system->order, n, system->rows, interior_residual, set, &term));
  else
    PetscCall(SinewCollocationAddPotential(set->collocation, system->order, n, interior_potential, set, &term));
  PetscCall(SinewCollocationRange(set->collocation, n, &set->first, &set->count));
  count = (size_t)set->count;
  PetscCall(PetscMalloc4(count * (size_t)insr->dim, &set->x, count, &set->scale, count * (size_t)jets, &set->old,
                         count * (size_t)insr->dim, &set->foot));
  for (PetscInt k = 0; k < slots; k++) PetscCall(PetscCalloc1(count * (size_t)insr->evolved, &set->slot[k]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewInsrCreateSystem(SinewInsr insr, SinewJetOrder order, PetscInt rows, PetscInt points,
                                     PetscInt held_out, PetscInt slots, PetscBool faces,
                                     const SinewLeastSquaresOptions *options, InsrSystem *system)
{
  SinewLeastSquaresOptions solver = *options;
  SinewLeastSquaresProblem problem;
  PetscInt term;

  PetscFunctionBegin;
  if (!rows) solver.solver = SINEW_LS_NORMAL; /* of the metric */
  *system = (InsrSystem){.order = order, .rows = rows, .sets = held_out > 0 ? 2 : 1, .stage = {.density = 1}};
  PetscCall(create_set(system, insr, 0, points, slots));
  for (PetscInt k = 0; faces && k < insr->equation->faces; k++) {
    const SinewPointwiseFace *face = &insr->equation->face[k];

    system->face[k] = (InsrFace){.system = system, .index = k, .deepest = -PETSC_MAX_REAL};
    if (rows)
      PetscCall(SinewCollocationAddTerm(system->set[0].collocation, face->order, insr->options.face_points, face->rows,
                                        face_residual, &system->face[k], &term));
    else
      PetscCall(SinewCollocationAddPotential(system->set[0].collocation, face->order, insr->options.face_points,
                                             face_potential, &system->face[k], &term));
  }
  if (held_out > 0) {
    PetscCall(create_set(system, insr, 1, held_out, slots));
    PetscCall(SinewCollocationHoldOut(system->set[0].collocation, system->set[1].collocation));
  }
  PetscCall(SinewCollocationProblem(system->set[0].collocation, &problem));
  if (!rows) PetscCall(SinewCollocationEnergy(system->set[0].collocation, &system->energy));
  PetscCall(SinewLeastSquaresCreate(insr->comm, &problem, &solver, &system->ls));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewInsrDestroySystem(InsrSystem *system)
{
  PetscFunctionBegin;
  PetscCall(SinewLeastSquaresDestroy(&system->ls));
  for (PetscInt k = 0; k < SINEW_POINTWISE_FACES_MAX; k++) PetscCall(PetscFree(system->face[k].x));
  for (PetscInt s = 0; s < system->sets; s++) {
    InsrSet *set = &system->set[s];

    PetscCall(SinewCollocationDestroy(&set->collocation));
    PetscCall(PetscFree4(set->x, set->scale, set->old, set->foot));
    for (PetscInt k = 0; k < INSR_SLOTS; k++) PetscCall(PetscFree(set->slot[k]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- quantities at points ---- */

/* Combined jets of the levels at one block, in insr->mixed. */
static PetscErrorCode mixed_jets(SinewInsr insr, const InsrLevels *levels, SinewJetOrder order, PetscInt n,
                                 const PetscReal x[])
{
  const PetscInt all = insr->unknowns * SinewJetChannels(insr->dim, order) * n;

  PetscFunctionBegin;
  PetscCall(SinewJetForward(insr->jet, levels->w[0], order, n, x, insr->mixed));
  if (!levels->w[1] && levels->c[0] == 1) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt i = 0; i < all; i++) insr->mixed[i] *= levels->c[0];
  if (!levels->w[1]) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewJetForward(insr->jet, levels->w[1], order, n, x, insr->jets));
  for (PetscInt i = 0; i < all; i++) insr->mixed[i] += levels->c[1] * insr->jets[i];
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewInsrAccumulate(SinewInsr insr, const InsrLevels *levels, PetscReal t, const PetscReal c[3],
                                   SinewPointMap *map, const InsrSet *set, PetscInt n, const PetscReal x[],
                                   PetscReal out[])
{
  const SinewPointwise *e = insr->equation;
  const SinewJetOrder order = c[2] != 0 ? e->second_order : c[1] != 0 ? e->order : e->density_order;
  const PetscInt block = SinewJetBlock(insr->jet);

  PetscFunctionBegin;
  for (PetscInt first = 0, count; first < n; first += count) {
    count = set ? SinewCollocationBlock(set->collocation, set->n, first) : PetscMin(block, n - first);

    const SinewPoints at = {.t = t,
                            .n = count,
                            .channels = SinewJetChannels(insr->dim, order),
                            .x = x + first * insr->dim,
                            .u = insr->mixed};

    PetscCall(mixed_jets(insr, levels, order, count, at.x));
    for (int k = 0; k < 3; k++) {
      if (c[k] == 0) continue;
      if (k == 0) PetscCall(SinewPointwiseDensity(e, &at, insr->f, NULL));
      if (k == 1) PetscCall((map ? map : e->rate)(e->ctx, &at, insr->f, NULL));
      if (k == 2) PetscCall(e->second(e->ctx, &at, insr->f, NULL));
      for (PetscInt row = 0; row < insr->evolved; row++)
        for (PetscInt p = 0; p < count; p++) out[row * n + first + p] += c[k] * insr->f[row * count + p];
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewInsrAccumulateSlot(InsrSystem *system, const InsrLevels *levels, PetscReal t, const PetscReal c[3],
                                       PetscInt slot)
{
  PetscFunctionBegin;
  for (PetscInt s = 0; s < system->sets; s++) {
    InsrSet *set = &system->set[s];

    PetscCall(SinewInsrAccumulate(set->insr, levels, t, c, NULL, set, set->count, set->x, set->slot[slot]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewInsrCombine(InsrSystem *system, PetscInt slots, const PetscReal c[], PetscInt to)
{
  PetscFunctionBegin;
  for (PetscInt s = 0; s < system->sets; s++) {
    InsrSet *set = &system->set[s];

    for (PetscInt i = 0; i < set->insr->evolved * set->count; i++) {
      PetscReal sum = 0;

      for (PetscInt k = 0; k < slots; k++)
        if (c[k] != 0) sum += c[k] * set->slot[k][i];
      set->slot[to][i] = sum;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Norm of density q - slot, by the sums of the least squares, whose bits do not depend on the ranks. */
static PetscErrorCode distance(InsrSystem *system, const PetscReal w[], PetscReal target[], PetscReal *norm)
{
  const InsrStage kept = system->stage;
  PetscReal *kept_target = system->set[0].slot[TARGET];

  PetscFunctionBegin;
  system->stage = (InsrStage){.t = kept.t, .density = 1};
  system->set[0].slot[TARGET] = target;
  PetscCall(SinewLeastSquaresNorm(system->ls, w, norm));
  system->stage = kept;
  system->set[0].slot[TARGET] = kept_target;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewInsrDistance(InsrSystem *system, const PetscReal w[], PetscInt slot, PetscReal *norm)
{
  return distance(system, w, system->set[0].slot[slot], norm);
}

PetscErrorCode SinewInsrTargetSize(InsrSystem *system, PetscReal *size)
{
  const InsrSet *set = &system->set[0];

  PetscFunctionBegin;
  PetscCall(SinewCollocationSquares(set->collocation, set->n, set->insr->evolved, set->scale, set->slot[TARGET], size));
  PetscCall(SinewLeastSquaresSumRanks(system->ls, 1, size));
  *size = PetscSqrtReal(*size);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- solves ---- */

static void count(const SinewLeastSquaresReport *solve, SinewInsrReport *report)
{
  SinewLeastSquaresReport sum = *solve;

  sum.iterations += report->solve.iterations;
  sum.matrices += report->solve.matrices;
  sum.evaluations += report->solve.evaluations;
  sum.krylov += report->solve.krylov;
  report->solve = sum;
  report->reason = solve->reason;
  report->solves++;
}

/* What tolerances are relative to: the size of q, or, of a potential, its root at the old level. */
static PetscErrorCode scale_of(InsrSystem *system, PetscReal size, PetscReal *scale)
{
  PetscFunctionBegin;
  *scale = size;
  if (system->stage.step > 0) PetscCall(SinewLeastSquaresNorm(system->ls, system->set[0].insr->w, scale));
  if (!(*scale > 0)) *scale = 1; /* nor NaN */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The same by energies, whose tolerance is relative anyway. */
static PetscErrorCode solve_energy(InsrSystem *system, PetscInt candidates, const PetscReal *candidate[], PetscReal w[],
                                   SinewInsrReport *report)
{
  const SinewInsr insr = system->set[0].insr;
  SinewLeastSquaresOptions *options = SinewLeastSquaresGetOptions(system->ls);
  SinewLeastSquaresReport solve;
  PetscInt best;

  PetscFunctionBegin;
  options->tolerance = insr->options.step.tolerance;
  options->damping = PetscMin(insr->options.step.damping, DAMPING_GROWTH * insr->scalars[DAMPING]);
  PetscCall(SinewEnergyMinimise(system->ls, &system->energy, insr->options.step.solver, candidates, candidate, w, &best,
                                &solve));
  report->failed = (PetscBool)(best < 0);
  if (report->failed) report->reason = "the energy of the first guess is not a number";
  if (report->failed) PetscFunctionReturn(PETSC_SUCCESS);
  report->extrapolated = (PetscBool)(best > 0);
  if (insr->options.step.solver != SINEW_LS_NEWTON_CG) insr->scalars[DAMPING] = solve.damping;
  count(&solve, report);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewInsrSolve(InsrSystem *system, PetscInt candidates, const PetscReal *candidate[], PetscReal w[],
                              SinewInsrReport *report)
{
  const SinewInsr insr = system->set[0].insr;
  const PetscReal tolerance = insr->options.step.tolerance, damping = insr->options.step.damping;
  SinewLeastSquaresOptions *options = SinewLeastSquaresGetOptions(system->ls);
  SinewLeastSquaresReport solve;
  PetscReal scale;
  PetscInt best;
  PetscBool singular;

  PetscFunctionBegin;
  PetscCall(SinewInsrTargetSize(system, &report->size));
  if (!system->rows) {
    PetscCall(solve_energy(system, candidates, candidate, w, report));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(scale_of(system, report->size, &scale));
  options->tolerance = tolerance * scale;
  options->damping = PetscMin(damping, DAMPING_GROWTH * insr->scalars[DAMPING]);
  options->seed = insr->options.seed + (PetscInt64)insr->scalars[STEPS] * 64 + insr->solves++;
  PetscCall(SinewLeastSquaresSolveFrom(system->ls, candidates, candidate, w, &best, &solve));
  if (best < 0) {
    report->failed = PETSC_TRUE;
    report->reason = "the residual of the first guess is not a number";
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  report->extrapolated = (PetscBool)(best > 0);
  insr->scalars[DAMPING] = solve.damping;
  count(&solve, report);
  PetscCall(PetscStrcmp(solve.reason, "singular", &singular));
  if (solve.iterations == 0 && singular) {
    report->failed = PETSC_TRUE;
    report->reason = "no damping makes the system of equations solvable";
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
