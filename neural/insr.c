#include "insr_private.h"

const char *const SinewInsrSchemes[] = {"euler",           "midpoint", "trapezoidal",     "gauss",       "sdirk",
                                        "semi_lagrangian", "rk4",      "neural_galerkin", "variational", NULL};
const char *const SinewInsrSamplings[] = {"stratified", "sobol", "uniform", "quadrature", "adaptive", "panels", NULL};

#define FIRST_DAMPING 1e-7 /* of a step, before any solve told more */
#define ROWS_LEAST    1.2  /* rows a weight that can be trusted: fewer fit the points and not the field */

SinewInsrOptions SinewInsrDefaults(const SinewPointwise *equation, const PetscReal lower[], const PetscReal upper[])
{
  SinewInsrOptions o = {.scheme = SinewPointwiseVariational(equation) ? SINEW_INSR_VARIATIONAL
                                  : equation->projected               ? SINEW_INSR_RK4
                                                                      : SINEW_INSR_MIDPOINT,
                        .network = {.width = 20, .layers = 3, .activation = SINEW_SINE, .omega = 10},
                        .block = 128,
                        .parts = 4,
                        .seed = 1,
                        .sampling = equation->projected ? SINEW_INSR_QUADRATURE : SINEW_INSR_STRATIFIED,
                        .face_points = equation->dim > 1 ? 64 : 1,
                        .held_out = 0.25,
                        .fit = SinewLeastSquaresDefaults(),
                        .step = SinewLeastSquaresDefaults(),
                        .fit_adam = 2000,
                        .fit_limit = 1e-2,
                        .step_limit = 1e-2,
                        .passes = 1};

  for (PetscInt i = 0; i < equation->dim; i++) {
    o.network.lower[i] = lower[i];
    o.network.upper[i] = upper[i];
  }
  o.fit.scaling = SINEW_LS_MARQUARDT;
  o.fit.acceleration = PETSC_TRUE;
  o.fit.iterations = 200;
  o.fit.tolerance = 1e-7;
  o.fit.damping_least = 1e-14;
  o.step.iterations = 12;
  o.step.tolerance = 1e-7;
  o.step.stagnation = 0.02;
  o.step.damping = 1e-5;
  o.step.acceleration = (PetscBool)!equation->projected; /* without it some solves creep, which looks like stagnation */
  return o;
}

/* ---- checks ---- */

static PetscErrorCode check_scheme(MPI_Comm comm, const SinewPointwise *e, const SinewInsrOptions *o)
{
  const char *scheme;

  PetscFunctionBegin;
  PetscCheck(o->scheme >= SINEW_INSR_EULER && o->scheme <= SINEW_INSR_VARIATIONAL, comm, SINEW_ERR_INPUT,
             "insr: unknown scheme %d", (int)o->scheme);
  scheme = SinewInsrSchemes[o->scheme];
  PetscCheck((o->scheme == SINEW_INSR_VARIATIONAL) == SinewPointwiseVariational(e), comm, SINEW_ERR_INPUT,
             "insr: scheme %s is not for %s: variational is for equations that are the minimum of a potential, and "
             "these know no other",
             scheme, e->name);
  PetscCheck(o->scheme != SINEW_INSR_GAUSS || e->second, comm, SINEW_ERR_INPUT,
             "insr: %s does not offer the second time derivative that scheme %s needs; sdirk is of order 4 too",
             e->name, scheme);
  PetscCheck(o->scheme != SINEW_INSR_LAGRANGE || e->velocity, comm, SINEW_ERR_INPUT,
             "insr: %s has no characteristics, which scheme %s follows", e->name, scheme);
  PetscCheck(!e->projected || o->scheme == SINEW_INSR_MIDPOINT || o->scheme == SINEW_INSR_RK4 ||
                 o->scheme == SINEW_INSR_GALERKIN,
             comm, SINEW_ERR_INPUT,
             "insr: %s is projected, which scheme %s cannot do; take midpoint, rk4 or neural_galerkin", e->name,
             scheme);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rows or energies. */
static PetscErrorCode check_solver(MPI_Comm comm, const SinewPointwise *e, const SinewInsrOptions *o)
{
  const PetscBool newton = SinewInsrByNewton(e, o);

  PetscFunctionBegin;
  PetscCheck(o->fit.solver < SINEW_LS_NEWTON && (e->potential || o->step.solver < SINEW_LS_NEWTON), comm,
             SINEW_ERR_INPUT, "insr: newton is for the steps of equations with a potential");
  PetscCheck(!newton || o->step.solver == SINEW_LS_AUTO || o->step.solver >= SINEW_LS_NEWTON, comm, SINEW_ERR_INPUT,
             "insr: this potential of %s is no sum of squares, which newton alone can do", e->name);
  PetscCheck(!newton || o->adam.iterations < 1, comm, SINEW_ERR_INPUT,
             "insr: Adam is there for sums of squares, not where newton solves");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_options(MPI_Comm comm, const SinewPointwise *e, const SinewInsrOptions *o)
{
  PetscFunctionBegin;
  PetscCall(SinewPointwiseCheck(e));
  if (!e->steady) PetscCall(check_scheme(comm, e, o));
  PetscCall(check_solver(comm, e, o));
  for (PetscInt i = 0; i < e->dim; i++)
    PetscCheck(o->network.upper[i] > o->network.lower[i], comm, SINEW_ERR_INPUT,
               "insr: the box has lower >= upper along axis %" PetscInt_FMT, i);
  for (PetscInt k = 0; k < e->faces; k++)
    PetscCheck(!o->network.harmonics[e->face[k].axis], comm, SINEW_ERR_INPUT,
               "insr: axis %" PetscInt_FMT " of the network is periodic, the equation has a condition on its face",
               e->face[k].axis);
  PetscCheck(o->sampling >= SINEW_INSR_STRATIFIED && o->sampling <= SINEW_INSR_PANELS, comm, SINEW_ERR_INPUT,
             "insr: unknown sampling %d", (int)o->sampling);
  PetscCheck(e->rate || o->sampling != SINEW_INSR_ADAPTIVE, comm, SINEW_ERR_INPUT,
             "insr: adaptive sampling goes by the rate, which %s does not have", e->name);
  PetscCheck(o->points >= 0 && o->face_points >= 1 && o->held_out >= 0 && o->passes >= 1 && o->block >= 1 &&
                 o->parts >= 1,
             comm, SINEW_ERR_INPUT, "insr: points, passes, blocks and parts are counts of something");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode warn(SinewInsr insr)
{
  const SinewInsrOptions *o = &insr->options;
  const PetscInt each = SinewPointwiseVariational(insr->equation) ? insr->equation->step_rows : insr->evolved,
                 rows = o->points * each;

  PetscFunctionBegin;
  if ((PetscReal)rows < ROWS_LEAST * (PetscReal)insr->P)
    PetscCall(PetscSNPrintf(insr->warning, sizeof(insr->warning),
                            "%" PetscInt_FMT " points give %" PetscInt_FMT " equations for %" PetscInt_FMT
                            " weights: the field may be wrong between the points; take at least %" PetscInt_FMT,
                            o->points, rows, insr->P,
                            (PetscInt)PetscCeilReal((PetscReal)ROWS_LEAST * (PetscReal)insr->P / (PetscReal)each)));
  else if (insr->equation->projected && o->sampling != SINEW_INSR_QUADRATURE && o->sampling != SINEW_INSR_PANELS)
    PetscCall(PetscSNPrintf(insr->warning, sizeof(insr->warning),
                            "%s leaves a residual (the pressure gradient) that random points turn into noise; take "
                            "sampling quadrature or panels",
                            insr->equation->name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- set-up ---- */

static PetscErrorCode allocate(SinewInsr insr)
{
  const size_t P = (size_t)insr->P, block = (size_t)insr->options.block, rows = (size_t)insr->evolved * block;
  const size_t jets = (size_t)(insr->unknowns * SinewJetChannels(insr->dim, SINEW_JET_THIRD)) * block;
  const size_t vector = PetscMax((size_t)insr->dim * block, jets);

  PetscFunctionBegin;
  PetscCall(PetscCalloc6(P, &insr->w, P, &insr->previous, P, &insr->saved_w, P, &insr->saved_previous, P, &insr->guess,
                         P, &insr->stage_w));
  if (insr->options.scheme == SINEW_INSR_GALERKIN)
    for (int k = 0; k < 4; k++) PetscCall(PetscCalloc1(P, &insr->slope[k]));
  PetscCall(PetscMalloc6(vector, &insr->jets, jets, &insr->mixed, rows, &insr->f, (size_t)insr->evolved * jets,
                         &insr->df, vector, &insr->velocity, vector, &insr->velocity_old));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_step(SinewInsr insr)
{
  const SinewInsrOptions *o = &insr->options;
  const SinewJetOrder order = SinewInsrStepOrder(insr->equation, o->scheme);
  const PetscBool newton = SinewInsrByNewton(insr->equation, o);
  const PetscInt held_out = newton ? 0 : (PetscInt)(o->held_out * (PetscReal)o->points);
  const PetscInt rows = newton ? 0 : insr->equation->step ? insr->equation->step_rows : insr->evolved;

  PetscFunctionBegin;
  if (insr->equation->steady) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewInsrCreateSystem(insr, order, rows, o->points,
                                  SinewInsrCountPoints(SINEW_INSR_STRATIFIED, insr->dim, held_out), INSR_SLOTS,
                                  PETSC_TRUE, &o->step, &insr->step));
  if (o->sampling == SINEW_INSR_ADAPTIVE) PetscCall(SinewInsrAllocateCells(insr));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewInsrCreate(MPI_Comm comm, const SinewPointwise *equation, const SinewInsrOptions *options,
                               SinewInsr *out)
{
  SinewInsr insr;

  PetscFunctionBegin;
  PetscCall(check_options(comm, equation, options));
  PetscCall(PetscNew(out));
  insr = *out;
  PetscCallMPI(MPI_Comm_dup(comm, &insr->comm));
  PetscCallMPI(MPI_Comm_rank(comm, &insr->rank));
  insr->equation = equation;
  insr->options = *options;
  insr->dim = insr->options.network.dim = equation->dim;
  insr->unknowns = insr->options.network.outputs = equation->unknowns;
  insr->evolved = equation->evolved;
  PetscCall(SinewJetCreate(&insr->options.network, insr->options.block, &insr->jet));
  insr->P = SinewJetSize(insr->jet);
  if (!insr->options.points) insr->options.points = 2 * insr->P / insr->evolved;
  insr->options.points = SinewInsrCountPoints(insr->options.sampling, insr->dim, insr->options.points);
  if (SinewInsrFaceRule(insr))
    insr->options.face_points = SinewInsrCountPoints(SINEW_INSR_QUADRATURE, insr->dim - 1, insr->options.face_points);
  PetscCall(allocate(insr));
  PetscCall(create_step(insr));
  insr->scalars[DAMPING] = FIRST_DAMPING;
  PetscCall(warn(insr));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewInsrDestroy(SinewInsr *out)
{
  SinewInsr insr = *out;

  PetscFunctionBegin;
  if (!insr) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewInsrDestroySystem(&insr->step));
  PetscCall(SinewJetDestroy(&insr->jet));
  PetscCall(PetscFree6(insr->w, insr->previous, insr->saved_w, insr->saved_previous, insr->guess, insr->stage_w));
  for (int k = 0; k < 4; k++) PetscCall(PetscFree(insr->slope[k]));
  PetscCall(PetscFree6(insr->jets, insr->mixed, insr->f, insr->df, insr->velocity, insr->velocity_old));
  PetscCall(PetscFree3(insr->cell_start, insr->cell_x, insr->monitor));
  PetscCallMPI(MPI_Comm_free(&insr->comm));
  PetscCall(PetscFree(*out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const char *SinewInsrWarning(SinewInsr insr)
{
  return insr->warning[0] ? insr->warning : NULL;
}

const SinewInsrOptions *SinewInsrGetOptions(SinewInsr insr)
{
  return &insr->options;
}

const SinewPointwise *SinewInsrGetEquation(SinewInsr insr)
{
  return insr->equation;
}

SinewJet SinewInsrGetJet(SinewInsr insr)
{
  return insr->jet;
}

PetscReal *SinewInsrWeights(SinewInsr insr)
{
  return insr->w;
}

/* ---- steps ---- */

static PetscErrorCode save(SinewInsr insr)
{
  PetscFunctionBegin;
  PetscCall(PetscArraycpy(insr->saved_w, insr->w, insr->P));
  PetscCall(PetscArraycpy(insr->saved_previous, insr->previous, insr->P));
  PetscCall(PetscArraycpy(insr->saved_scalars, insr->scalars, SCALARS));
  insr->revertible = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewInsrRevert(SinewInsr insr)
{
  PetscFunctionBegin;
  PetscCheck(insr->revertible, insr->comm, PETSC_ERR_ORDER, "there is no step to revert");
  PetscCall(PetscArraycpy(insr->w, insr->saved_w, insr->P));
  PetscCall(PetscArraycpy(insr->previous, insr->saved_previous, insr->P));
  PetscCall(PetscArraycpy(insr->scalars, insr->saved_scalars, SCALARS));
  insr->revertible = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode place_step(SinewInsr insr, PetscReal t, PetscReal dt)
{
  const PetscInt step = (PetscInt)insr->scalars[STEPS];
  const PetscBool fixed = (PetscBool)(insr->options.sampling == SINEW_INSR_QUADRATURE);
  const PetscReal s = insr->scalars[LEVELS] > 0 ? dt / insr->scalars[LAST_DT] : 0;
  const InsrLevels coming = {.w = {insr->w, s > 0 ? insr->previous : NULL}, .c = {1 + s, -s}};

  PetscFunctionBegin;
  PetscCall(SinewInsrPlace(&insr->step.set[0], insr->options.sampling, fixed ? 0 : step, t, insr->w, NULL, NULL));
  if (insr->step.sets > 1)
    PetscCall(SinewInsrPlace(&insr->step.set[1], SINEW_INSR_STRATIFIED, step, t, NULL, NULL, NULL));
  for (PetscInt k = 0; k < insr->equation->faces; k++) PetscCall(SinewInsrPlaceFace(&insr->step, k, step, &coming));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A solve that ended well may still have left too much: fewer digits than asked for are no digits. */
static void judge(SinewInsr insr, SinewInsrReport *report)
{
  const PetscReal limit = insr->options.step_limit;

  if (report->failed || insr->equation->projected || SinewPointwiseVariational(insr->equation) || limit <= 0 ||
      report->size <= 0)
    return;
  if (report->solve.residual <= limit * report->size) return; /* false for NaN */
  report->failed = PETSC_TRUE;
  report->reason = "the residual stays above step_limit";
}

PetscErrorCode SinewInsrStep(SinewInsr insr, PetscReal t, PetscReal dt, SinewInsrReport *report)
{
  PetscFunctionBegin;
  PetscCheck(!insr->equation->steady, insr->comm, PETSC_ERR_ORDER, "%s is steady: it has no steps",
             insr->equation->name);
  *report = (SinewInsrReport){.error = -1, .reason = "", .solve = {.parameters = insr->P}};
  PetscCall(save(insr));
  insr->solves = 0;
  PetscCall(place_step(insr, t, dt));
  PetscCall(SinewInsrAdvance(insr, t, dt, report));
  judge(insr, report);
  if (report->failed) {
    PetscCall(SinewInsrRevert(insr));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(PetscArraycpy(insr->previous, insr->saved_w, insr->P));
  PetscCall(PetscArraycpy(insr->w, insr->stage_w, insr->P));
  insr->scalars[LAST_DT] = dt;
  insr->scalars[STEPS] += 1;
  insr->scalars[LEVELS] = 1;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- reading the field ---- */

PetscErrorCode SinewInsrEvaluate(SinewInsr insr, SinewJetOrder order, PetscInt n, const PetscReal x[], PetscReal u[])
{
  PetscFunctionBegin;
  PetscCall(SinewJetEvaluate(insr->jet, insr->w, order, n, x, u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewInsrFields(SinewInsr insr, PetscReal t, PetscInt n, const PetscReal x[], PetscReal values[])
{
  const SinewPointwise *e = insr->equation;
  const SinewJetOrder order = e->observe ? e->order : e->density_order;
  const PetscInt rows = e->observe ? e->fields : e->unknowns, block = insr->options.block;
  PetscReal *out = insr->velocity;

  PetscFunctionBegin;
  for (PetscInt first = 0; first < n; first += block) {
    const PetscInt count = PetscMin(block, n - first);
    const SinewPoints at = {.t = t,
                            .n = count,
                            .channels = SinewJetChannels(insr->dim, order),
                            .x = x + first * insr->dim,
                            .u = insr->mixed};

    PetscCall(SinewJetForward(insr->jet, insr->w, order, count, at.x, insr->mixed));
    if (e->observe)
      PetscCall(e->observe(e->ctx, &at, out, NULL));
    else
      PetscCall(SinewPointwiseDensity(e, &at, out, NULL));
    for (PetscInt k = 0; k < rows; k++) PetscCall(PetscArraycpy(values + k * n + first, out + k * count, count));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- state ---- */

PetscInt SinewInsrStateCount(SinewInsr insr)
{
  return 2 * SinewJetParameterCount(insr->jet) + 1;
}

PetscErrorCode SinewInsrGetState(SinewInsr insr, PetscInt index, SinewInsrState *state)
{
  const PetscInt count = SinewJetParameterCount(insr->jet), level = index / count;
  SinewJetParameter parameter;

  PetscFunctionBegin;
  PetscCheck(index >= 0 && index <= 2 * count, insr->comm, PETSC_ERR_ARG_OUTOFRANGE, "no such array of the state");
  PetscCall(PetscMemzero(state, sizeof(*state)));
  if (level == 2) {
    *state = (SinewInsrState){.name = "scalars", .rank = 1, .shape = {SCALARS, 1}, .data = insr->scalars};
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(SinewJetGetParameter(insr->jet, index % count, &parameter));
  PetscCall(PetscSNPrintf(state->name, sizeof(state->name), "%s/%s", level ? "previous" : "weights", parameter.name));
  state->rank = parameter.rank;
  state->shape[0] = parameter.shape[0];
  state->shape[1] = parameter.shape[1];
  state->data = (level ? insr->previous : insr->w) + parameter.offset;
  PetscFunctionReturn(PETSC_SUCCESS);
}
