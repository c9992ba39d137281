#include "solvers/steppers/insr.h"

#include <petsc/private/tsimpl.h>
#include <string.h>

#include "operators/interpolation.h"
#include "solvers/steppers/insr_private.h"

#define CELLS 1024 /* cells that the network is asked about at a time */

static const char *const column_names[] = {"insr_iterations", "insr_matrices",  "insr_residual", "insr_held_out",
                                           "insr_damping",    "insr_condition", "insr_error_rms"};
#define COLUMNS     ((PetscInt)(sizeof(column_names) / sizeof(column_names[0])))
#define COLUMNS_ALL (COLUMNS + SINEW_POINTWISE_INTEGRALS_MAX)

/* The stepper, and the TS's private data. */
typedef struct {
  SinewInsrSection section;
  SinewProblem problem; /* not owned, like the rest of it */
  TS ts;                /* not owned */
  SinewInsr insr;
  SinewInsrSplit split; /* with formulation: splitting */
  SinewInsrReport report;
  PetscInt field[SINEW_COMPONENTS_MAX]; /* of the network's fields, which one is a component */
  PetscReal column[COLUMNS_ALL];        /* of solves, and the equation's integrals */
  const char *column_name[COLUMNS_ALL];
  PetscBool placed; /* the weights are a state */
  char failure[256];
  Vec candidate;
} Insr;

/* ---- the view ---- */

/* The equation's components are fields of the network under the same names, or in the same order without names. */
static PetscErrorCode map_fields(Insr *s)
{
  const SinewPointwise *p = &s->section.pointwise;
  const SinewEquation e = s->problem.equation;

  PetscFunctionBeginUser;
  for (PetscInt c = 0; c < e->components; c++) {
    PetscBool same = (PetscBool)(p->fields == 0);

    s->field[c] = c;
    for (PetscInt f = 0; f < p->fields && !same; f++) {
      PetscCall(PetscStrcmp(p->field[f], e->component[c], &same));
      s->field[c] = f;
    }
    PetscCheck(same, PETSC_COMM_SELF, PETSC_ERR_PLIB, "%s at points has no field %s", e->type->name, e->component[c]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void cell_center(SinewGrid grid, PetscInt n, PetscReal x[])
{
  const SinewAxis *a[3] = {SinewGridAxis(grid, 0), SinewGridAxis(grid, 1), SinewGridAxis(grid, 2)};
  const PetscInt at[3] = {n % a[0]->count, n / a[0]->count % a[1]->count, n / a[0]->count / a[1]->count};

  for (PetscInt d = 0; d < SinewGridDim(grid); d++) x[d] = a[d]->center[at[d] + a[d]->ghosts];
}

/* Some of the network's fields at the owned cells' centres, out [cells][count]. */
static PetscErrorCode look(Insr *s, PetscReal t, PetscInt count, const PetscInt field[], PetscReal out[])
{
  const SinewGrid grid = s->problem.grid;
  const PetscInt dim = SinewGridDim(grid), fields = PetscMax(s->section.pointwise.fields, s->section.pointwise.evolved);
  PetscReal *x, *value;
  PetscInt cells = 1;

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < 3; d++) cells *= SinewGridAxis(grid, d)->count;
  PetscCall(PetscMalloc2((size_t)(CELLS * dim), &x, (size_t)(CELLS * fields), &value));
  for (PetscInt first = 0; first < cells; first += CELLS) {
    const PetscInt n = PetscMin(CELLS, cells - first);

    for (PetscInt i = 0; i < n; i++) cell_center(grid, first + i, &x[i * dim]);
    PetscCall(SinewInsrFields(s->insr, t, n, x, value));
    for (PetscInt i = 0; i < n; i++) {
      for (PetscInt c = 0; c < count; c++) out[(first + i) * count + c] = value[field[c] * n + i];
    }
  }
  PetscCall(PetscFree2(x, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode view(Insr *s, PetscReal t, Vec U)
{
  PetscReal *u;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayWrite(U, &u));
  PetscCall(look(s, t, s->problem.equation->components, s->field, u));
  PetscCall(VecRestoreArrayWrite(U, &u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A derived field that the network knows without differences between cells, of the weights at hand. */
static PetscErrorCode observe(void *observer, Vec U, const char name[], PetscReal value[], PetscBool *known)
{
  Insr *s = (Insr *)observer;
  const SinewPointwise *p = &s->section.pointwise;

  PetscFunctionBeginUser;
  *known = PETSC_FALSE;
  if (!s->placed || U != s->ts->vec_sol) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt f = 0; f < p->fields && !*known; f++) {
    PetscCall(PetscStrcmp(p->field[f], name, known));
    if (*known) PetscCall(look(s, s->ts->ptime, 1, &f, value));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the state at the start ---- */

/* Components as the initial condition has them at points. */
static PetscErrorCode initial_values(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal value[])
{
  const SinewEquation e = ((const Insr *)ctx)->problem.equation;
  const PetscInt dim = SinewGridDim(e->grid);

  PetscFunctionBeginUser;
  for (PetscInt p = 0; p < n; p++) {
    PetscReal at[3], w[SINEW_COMPONENTS_MAX], u[SINEW_COMPONENTS_MAX];
    const PetscReal *in[SINEW_COMPONENTS_MAX];
    PetscReal *out[SINEW_COMPONENTS_MAX];

    for (PetscInt d = 0; d < 3; d++) { /* beyond the grid's dimension the one cell is centred on zero */
      const SinewAxis *a = SinewGridAxis(e->grid, d);

      at[d] = d < dim ? x[p * dim + d] : 0.5 * (a->lower + a->upper);
    }
    PetscCall(SinewEquationInitialPoint(e, at, t, w));
    for (PetscInt c = 0; c < e->components; c++) {
      in[c] = &w[c];
      out[c] = &u[c];
    }
    (*e->kernels.conserved)(e->kernels.context, 1, in, out);
    for (PetscInt c = 0; c < e->components; c++) value[c * n + p] = u[c];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Components as a field on the grid has them between its cells. Collective, unlike the one above. */
static PetscErrorCode field_values(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal value[])
{
  const SinewInterpolation *it = (const SinewInterpolation *)ctx;
  PetscReal *interlaced;
  PetscInt nc;

  PetscFunctionBeginUser;
  (void)t;
  nc = SinewInterpolationComponents(*it);
  PetscCall(PetscMalloc1((size_t)(n * nc), &interlaced));
  PetscCall(SinewInterpolationEvaluate(*it, n, x, interlaced));
  for (PetscInt p = 0; p < n; p++) {
    for (PetscInt c = 0; c < nc; c++) value[c * n + p] = interlaced[p * nc + c];
  }
  PetscCall(PetscFree(interlaced));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode fit_field(Insr *s, PetscReal t, Vec U)
{
  SinewInterpolation it;

  PetscFunctionBeginUser;
  PetscCall(SinewInterpolationCreate(s->problem.grid, s->problem.equation->components, &it));
  PetscCall(SinewInterpolationSetField(it, U));
  PetscCall(SinewInsrFit(s->insr, t, field_values, &it, &s->report));
  PetscCall(SinewInterpolationDestroy(&it));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The numbers of the last solve, for the history. */
static void take_columns(Insr *s)
{
  const SinewInsrReport *r = &s->report;
  const PetscReal value[] = {(PetscReal)r->solve.iterations,
                             (PetscReal)r->solve.matrices,
                             r->solve.residual,
                             r->solve.held_out,
                             r->solve.damping,
                             r->solve.condition,
                             r->error};

  for (PetscInt k = 0; k < COLUMNS; k++) s->column[k] = value[k];
  for (PetscInt k = 0; k < s->section.pointwise.integrals; k++) s->column[COLUMNS + k] = r->integral[k];
}

static PetscErrorCode start(void *own, TS ts, PetscBool fresh, size_t size, char note[])
{
  Insr *s = (Insr *)own;
  const char *warning = SinewInsrWarning(s->insr);
  PetscReal t;
  Vec U;

  PetscFunctionBeginUser;
  if (warning)
    PetscCall(PetscFPrintf(PetscObjectComm((PetscObject)ts), stderr, "warning: stepper insr: %s\n", warning));
  if (s->placed) PetscFunctionReturn(PETSC_SUCCESS);
  if (s->section.pointwise.steady) { /* the solve makes its own weights; until then cells show the guess */
    s->placed = PETSC_TRUE;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(TSGetTime(ts, &t));
  PetscCall(TSGetSolution(ts, &U));
  if (fresh && !s->problem.equation->frame)
    PetscCall(SinewInsrFit(s->insr, t, initial_values, s, &s->report));
  else
    PetscCall(fit_field(s, t, U));
  s->placed = PETSC_TRUE;
  take_columns(s);
  PetscCall(view(s, t, U));
  (void)snprintf(note, size, "fit       residual %.2g of %.3g (root mean squares) after %d iterations: %s",
                 (double)s->report.solve.residual, (double)s->report.size, (int)s->report.solve.iterations,
                 s->report.reason);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode sample(void *own, TS ts)
{
  PetscReal t;
  Vec U;

  PetscFunctionBeginUser;
  PetscCheck(((Insr *)own)->placed, PetscObjectComm((PetscObject)ts), SINEW_ERR_INPUT,
             "the checkpoint holds no weights of a network");
  PetscCall(TSGetTime(ts, &t));
  PetscCall(TSGetSolution(ts, &U));
  PetscCall(view((Insr *)own, t, U));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- checkpoints ---- */

/* Weights are where everybody's are, /weights/EQUATION; the rest is the stepper's own. */
static PetscErrorCode state_name(const Insr *s, const SinewInsrState *state, size_t size, char name[])
{
  static const char weights[] = "weights/";
  PetscBool public;

  PetscFunctionBeginUser;
  PetscCall(PetscStrncmp(state->name, weights, sizeof(weights) - 1, &public));
  if (public)
    PetscCall(
        PetscSNPrintf(name, size, "/weights/%s/%s", s->section.pointwise.name, state->name + sizeof(weights) - 1));
  else
    PetscCall(PetscSNPrintf(name, size, "/stepper/insr/%s", state->name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Arrays of a checkpoint: the network's state, and of a splitting the pressure's weights, which come first in its. */
static PetscInt state_count(const Insr *s)
{
  return SinewInsrStateCount(s->insr) + (s->split ? SinewInsrStateCount(SinewInsrSplitPressure(s->split)) / 2 : 0);
}

static PetscErrorCode describe_state(const Insr *s, PetscInt index, size_t size, char name[], SinewArray *array)
{
  const PetscInt own = SinewInsrStateCount(s->insr);
  SinewInsrState state;

  PetscFunctionBeginUser;
  if (index < own) {
    PetscCall(SinewInsrGetState(s->insr, index, &state));
    PetscCall(state_name(s, &state, size, name));
  } else {
    PetscCall(SinewInsrGetState(SinewInsrSplitPressure(s->split), index - own, &state));
    PetscCall(PetscSNPrintf(name, size, "/stepper/insr/pressure/%s", state.name));
  }
  *array = (SinewArray){.name = name,
                        .dtype = SINEW_FLOAT64,
                        .rank = (int)state.rank,
                        .shape = {state.shape[0], state.shape[1]},
                        .data = state.data};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What a reader without the deck needs to build the network. */
static PetscErrorCode write_network(const Insr *s, SinewFile file)
{
  const SinewJetOptions *o = SinewJetGetOptions(SinewInsrGetJet(s->insr));
  const PetscInt64 shape[4] = {o->dim, o->outputs, o->width, o->layers};
  PetscInt64 harmonics[SINEW_JET_DIM_MAX], wall[SINEW_JET_DIM_MAX];
  char group[64];

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(group, sizeof(group), "/weights/%s", s->section.pointwise.name));
  for (PetscInt d = 0; d < o->dim; d++) {
    harmonics[d] = o->harmonics[d];
    wall[d] = (PetscInt64)o->wall[d];
  }
  PetscCall(SinewFileWriteInts(file, group, "inputs_outputs_width_layers", 4, shape));
  PetscCall(SinewFileWriteString(file, group, "activation", SinewInsrSectionActivation(&s->section)));
  PetscCall(SinewFileWriteReals(file, group, "omega", 1, &o->omega));
  PetscCall(SinewFileWriteInts(file, group, "harmonics", o->dim, harmonics));
  PetscCall(SinewFileWriteInts(file, group, "wall", o->dim, wall));
  PetscCall(SinewFileWriteReals(file, group, "lower", o->dim, o->lower));
  PetscCall(SinewFileWriteReals(file, group, "upper", o->dim, o->upper));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode save(void *own, TS ts, SinewFile file)
{
  Insr *s = (Insr *)own;

  PetscFunctionBeginUser;
  (void)ts;
  for (PetscInt k = 0; k < state_count(s); k++) {
    SinewArray array;
    char name[128];

    PetscCall(describe_state(s, k, sizeof(name), name, &array));
    PetscCall(SinewFileWrite(file, &array));
  }
  PetscCall(write_network(s, file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode load(void *own, TS ts, SinewFile file)
{
  Insr *s = (Insr *)own;
  SinewArray array, stored;
  char name[128];

  PetscFunctionBeginUser;
  (void)ts;
  PetscCall(describe_state(s, 0, sizeof(name), name, &array));
  PetscCall(SinewFileInquire(file, name, &s->placed, &stored));
  for (PetscInt k = 0; k < state_count(s) && s->placed; k++) {
    PetscCall(describe_state(s, k, sizeof(name), name, &array));
    PetscCall(SinewFileRead(file, &array));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the TS ---- */

/* Asks the adaptor about the candidate, which it looks at as the solution. */
static PetscErrorCode judge(TS ts, Insr *s, PetscReal *next, PetscBool *accept)
{
  Vec solution = ts->vec_sol;

  PetscFunctionBeginUser;
  if (!s->report.failed) ts->vec_sol = s->candidate;
  PetscCall(TSAdaptCandidatesClear(ts->adapt));
  PetscCall(TSAdaptCandidateAdd(ts->adapt, NULL, PetscMax(1, s->report.error_order), 1, 1, 1, PETSC_TRUE));
  PetscCall(TSAdaptChoose(ts->adapt, ts, ts->time_step, NULL, next, accept));
  ts->vec_sol = solution;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The solution of a steady equation: no other step would find another. */
static PetscErrorCode leap(TS ts, Insr *s)
{
  const PetscReal limit = s->section.options.fit_limit;
  PetscReal next = ts->time_step;
  PetscBool accept = PETSC_FALSE;
  SinewInsrReport *r = &s->report;

  PetscFunctionBeginUser;
  PetscCall(SinewInsrSteady(s->insr, ts->ptime, r));
  r->failed = (PetscBool) !(r->solve.residual <= limit * r->size); /* NaN too */
  if (r->failed) {
    (void)snprintf(s->failure, sizeof(s->failure),
                   "the network misses the equation by %.1e of its size after %d iterations (%s), stepper.fit.limit is "
                   "%g: enlarge width, depth, omega or fit.iterations",
                   (double)(r->solve.residual / r->size), (int)r->solve.iterations, r->reason, (double)limit);
    r->reason = s->failure;
    ts->reason = TS_DIVERGED_NONLINEAR_SOLVE;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(view(s, ts->ptime, s->candidate));
  PetscCall(TSPostStage(ts, ts->ptime, 0, &s->candidate));
  PetscCall(judge(ts, s, &next, &accept));
  if (!accept) {
    ts->reason = TS_DIVERGED_STEP_REJECTED;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(VecCopy(s->candidate, ts->vec_sol));
  take_columns(s);
  ts->ptime += ts->time_step;
  ts->time_step = next;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Moves the weights; a step that fails leaves them. */
static PetscErrorCode move_weights(Insr *s, PetscReal t, PetscReal dt)
{
  PetscFunctionBeginUser;
  if (s->split)
    PetscCall(SinewInsrSplitStep(s->split, t, dt, SinewInsrWeights(s->insr), &s->report));
  else
    PetscCall(SinewInsrStep(s->insr, t, dt, &s->report));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode revert(Insr *s)
{
  PetscFunctionBeginUser;
  if (s->split)
    PetscCall(SinewInsrSplitRevert(s->split, SinewInsrWeights(s->insr)));
  else
    PetscCall(SinewInsrRevert(s->insr));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode advance(TS ts, Insr *s)
{
  PetscReal next = ts->time_step;
  PetscBool accept = PETSC_FALSE;

  PetscFunctionBeginUser;
  while (!accept && !ts->reason) {
    const PetscReal t = ts->ptime + ts->time_step;

    PetscCall(TSPreStage(ts, ts->ptime));
    PetscCall(move_weights(s, ts->ptime, ts->time_step));
    if (!s->report.failed) PetscCall(view(s, t, s->candidate));
    PetscCall(TSPostStage(ts, t, 0, &s->candidate));
    PetscCall(judge(ts, s, &next, &accept));
    if (accept) {
      PetscCall(VecCopy(s->candidate, ts->vec_sol));
      ts->ptime = t;
      take_columns(s);
    } else {
      if (!s->report.failed) PetscCall(revert(s));
      ts->reject++;
    }
    ts->time_step = next;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode step(TS ts)
{
  Insr *s = (Insr *)ts->data;

  PetscFunctionBeginUser;
  PetscCall((s->section.pointwise.steady ? leap : advance)(ts, s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The estimate is a root mean square over the points, whatever norm is asked for; no other is known without cells. */
static PetscErrorCode weighted_error(TS ts, NormType norm, PetscInt *order, PetscReal *error)
{
  const SinewInsrReport *r = &((Insr *)ts->data)->report;

  PetscFunctionBeginUser;
  (void)norm;
  *order = r->error_order;
  *error = r->error < 0 ? -1 : r->error / (ts->atol + ts->rtol * r->size);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode set_up(TS ts)
{
  PetscFunctionBeginUser;
  PetscCall(VecDuplicate(ts->vec_sol, &((Insr *)ts->data)->candidate));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode reset(TS ts)
{
  PetscFunctionBeginUser;
  if (ts->data) PetscCall(VecDestroy(&((Insr *)ts->data)->candidate));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The data is the stepper's, which outlives the TS. */
static PetscErrorCode destroy_ts(TS ts)
{
  PetscFunctionBeginUser;
  PetscCall(reset(ts));
  ts->data = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_ts(TS ts)
{
  PetscFunctionBeginUser;
  ts->ops->setup = set_up;
  ts->ops->step = step;
  ts->ops->evaluatewlte = weighted_error;
  ts->ops->reset = reset;
  ts->ops->destroy = destroy_ts;
  ts->default_adapt_type = TSADAPTNONE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- hooks ---- */

static PetscErrorCode read_section(const SinewStepperPlace *place, void **own)
{
  Insr *s;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&s));
  *own = s;
  PetscCall(SinewInsrSectionRead(place, &s->section));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(void *own)
{
  Insr *s = (Insr *)own;

  PetscFunctionBeginUser;
  if (s->ts) s->problem.equation->observe = NULL;
  PetscCall(SinewInsrDestroy(&s->insr));
  PetscCall(SinewInsrSplitDestroy(&s->split));
  PetscCall(PetscFree(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode set_domain(void *own, const SinewStepperPlace *place, SinewEquation equation,
                                 const SinewGridSection *grid)
{
  PetscFunctionBeginUser;
  PetscCall(SinewInsrSectionDomain(&((Insr *)own)->section, place, equation, grid));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create(void *own, const SinewProblem *problem, TS ts)
{
  Insr *s = (Insr *)own;

  PetscFunctionBeginUser;
  PetscCall(TSRegister(TSSINEWINSR, create_ts));
  PetscCall(TSSetType(ts, TSSINEWINSR));
  ts->data = s;
  s->problem = *problem;
  s->ts = ts;
  problem->equation->observe = observe;
  problem->equation->observer = s;
  PetscCall(SinewInsrCreate(PetscObjectComm((PetscObject)ts), &s->section.pointwise, &s->section.options, &s->insr));
  if (s->section.domain.split)
    PetscCall(SinewInsrSplitCreate(PetscObjectComm((PetscObject)ts), SinewInsrGetOptions(s->insr), &s->split));
  PetscCall(map_fields(s));
  for (PetscInt k = 0; k < COLUMNS; k++) s->column_name[k] = column_names[k];
  for (PetscInt k = 0; k < s->section.pointwise.integrals; k++)
    s->column_name[COLUMNS + k] = s->section.pointwise.integral[k];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void control(const void *own, SinewStepControl *c, PetscReal *rtol, PetscReal *atol)
{
  const SinewInsrSection *s = &((const Insr *)own)->section;

  c->mode = s->control ? SINEW_STEP_ERROR : SINEW_STEP_FIXED;
  c->dt = s->dt;
  c->dt_max = s->dt_max;
  c->rejections = s->rejections;
  *rtol = s->rtol;
  *atol = s->atol;
}

static PetscInt max_steps(const void *own)
{
  return ((const Insr *)own)->section.max_steps;
}

static void columns(void *own, PetscInt *count, const char *const **names, const PetscReal **values)
{
  Insr *s = (Insr *)own;

  *count = COLUMNS + s->section.pointwise.integrals;
  *names = s->column_name;
  *values = s->column;
}

static const char *failure(const void *own)
{
  const SinewInsrReport *r = &((const Insr *)own)->report;

  return r->failed ? r->reason : NULL;
}

/* Points where the network's displacements, its unknowns, carry them. */
static PetscErrorCode move(void *own, PetscInt n, PetscReal x[])
{
  Insr *s = (Insr *)own;
  const PetscInt dim = s->section.pointwise.dim;
  PetscReal at[CELLS * 3], u[CELLS * 3];

  PetscFunctionBeginUser;
  for (PetscInt first = 0; first < n; first += CELLS) {
    const PetscInt count = PetscMin(CELLS, n - first);

    for (PetscInt p = 0; p < count; p++)
      for (PetscInt d = 0; d < dim; d++) at[p * dim + d] = x[3 * (first + p) + d];
    PetscCall(SinewInsrEvaluate(s->insr, SINEW_JET_VALUE, count, at, u));
    for (PetscInt p = 0; p < count; p++)
      for (PetscInt d = 0; d < dim; d++) x[3 * (first + p) + d] += u[d * count + p];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode plan(void *own, MPI_Comm comm, FILE *out)
{
  const Insr *s = (const Insr *)own;
  const SinewInsrOptions *o = SinewInsrGetOptions(s->insr);

  PetscFunctionBeginUser;
  PetscCall(PetscFPrintf(comm, out, "scheme    %s, at %" PetscInt_FMT " %s points\n",
                         s->section.pointwise.steady ? "one solve"
                         : s->split                  ? "advection, pressure, correction"
                                                     : SinewInsrSchemes[o->scheme],
                         o->points, SinewInsrSamplings[o->sampling]));
  PetscCall(PetscFPrintf(
      comm, out, "network   %" PetscInt_FMT " weights (%" PetscInt_FMT " x %" PetscInt_FMT ", %s), %.1f KB\n",
      SinewJetSize(SinewInsrGetJet(s->insr)), o->network.layers, o->network.width,
      SinewInsrSectionActivation(&s->section), 8e-3 * (double)SinewJetSize(SinewInsrGetJet(s->insr))));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const SinewStepperHooks SinewInsrHooks = {.read = read_section,
                                          .destroy = destroy,
                                          .domain = set_domain,
                                          .create = create,
                                          .control = control,
                                          .max_steps = max_steps,
                                          .start = start,
                                          .sample = sample,
                                          .move = move,
                                          .columns = columns,
                                          .failure = failure,
                                          .save = save,
                                          .load = load,
                                          .plan = plan};
