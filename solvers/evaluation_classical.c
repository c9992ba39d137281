/*
  Evaluations: what a classical solver costs. By itself, a run of its deck as it stands; at equal error, runs from the
  data's own frames on grids that are coarser than theirs.

  A frame comes to a coarser grid, and a state of that grid back to the data's, without an error that would be the
  transfer's and not the solver's (evaluation_transfer.c): steppers of Fourier modes get and give the modes; all others
  get averages of conserved variables (of fluxes, where velocities stand on faces), and give the smooth function that
  has these averages.
*/
#include "solvers/evaluation_private.h"
#include "solvers/simulation_private.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define RUNS        2 /* of each trajectory and grid; the faster one counts */
#define LEAST_CELLS 4 /* of an axis */

/* ---- a solver, from its deck ---- */

typedef struct {
  SinewDeck deck;
  SinewSimulation simulation;
} Solver;

static PetscReal step_length(const Evaluation *e)
{
  return e->time_step > 0 ? e->time_step : e->shape.step;
}

static PetscErrorCode open_solver(const Evaluation *e, PetscInt count, const char *const overrides[],
                                  SinewSimulationOptions *options, Solver *solver)
{
  char path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  PetscCheck(step_length(e) > 0, e->comm, SINEW_ERR_INPUT,
             "evaluate.classical: neither the network's file nor the data say how long a step is: give data.step");
  options->name = e->options->name;
  options->quiet = PETSC_TRUE;
  PetscCall(SinewDeckResolve(e->deck, e->section.classical, sizeof(path), path));
  PetscCall(SinewDeckCreate(e->comm, path, count, overrides, &solver->deck));
  PetscCall(SinewSimulationCreate(e->comm, solver->deck, options, &solver->simulation));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode close_solver(Solver *solver)
{
  PetscFunctionBeginUser;
  PetscCall(SinewSimulationDestroy(&solver->simulation));
  PetscCall(SinewDeckDestroy(&solver->deck));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- its deck as it stands ---- */

typedef struct {
  double begin, seconds; /* of the first frame, to the last */
  PetscInt frames;
} Cost;

static PetscErrorCode note_time(void *context, PetscInt frame, Vec U)
{
  Cost *c = (Cost *)context;

  PetscFunctionBeginUser;
  (void)frame, (void)U;
  if (!c->frames++) c->begin = MPI_Wtime();
  c->seconds = MPI_Wtime() - c->begin;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode EvaluateClassical(Evaluation *e)
{
  Cost cost = {0, 0, 0};
  SinewObserver observer = {0, step_length(e), note_time, &cost};
  SinewSimulationOptions options = {.observer = &observer};
  Solver solver;
  int code;

  PetscFunctionBeginUser;
  if (!e->section.classical) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(open_solver(e, 0, NULL, &options, &solver));
  PetscCall(SinewSimulationSetUp(solver.simulation));
  PetscCall(SinewSimulationRun(solver.simulation, &code));
  PetscCheck(code == SINEW_EXIT_DONE && cost.frames > 1, e->comm, SINEW_ERR_INPUT,
             "%s: %s; a run over two steps of the network (%g) or more is needed to measure its cost",
             SinewDeckFile(solver.deck), code ? "broke down" : "too short", (double)observer.every);
  e->classical_seconds = cost.seconds / (double)(cost.frames - 1);
  PetscCall(close_solver(&solver));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- a run from a frame on a grid ---- */

typedef struct {
  Evaluation *e;
  EvaluateGrid *grid;
  SinewSimulation simulation;
  const double *start; /* the data's first frame, whole maps in the fields' own units */
  double error[2][EVALUATE_COMPONENTS], mark, seconds;
  PetscInt frames;
} GridRun;

/* Where primitive p stands along an axis. */
static EvaluateAxis place_of(const GridRun *r, PetscInt p, PetscInt d)
{
  const SinewSimulation s = r->simulation;
  const SinewBoundarySide *far = &s->section.side[2 * d + 1];
  const SinewBoundaryKind kind = far->pieces ? far->piece[0].kind : SINEW_BOUNDARY_OUTFLOW;
  EvaluateAxis axis = {EVALUATE_AVERAGES, s->section.options.periodic[d],
                       (PetscBool)(kind == SINEW_BOUNDARY_REFLECT || kind == SINEW_BOUNDARY_NO_SLIP)};

  if (SinewStepperTransforms(s->stepper))
    axis.place = EVALUATE_FOURIER;
  else if (s->equation->staggered && p == s->equation->kernels.velocity + d)
    axis.place = EVALUATE_FACES;
  return axis;
}

/* A map of one grid, into a box of the other; y, x: start and count of the box. */
static PetscErrorCode transfer(const GridRun *r, PetscInt p, const PetscInt from[2], const double map[],
                               const PetscInt to[2], SinewBox box, double out[])
{
  const EvaluateAxis x = place_of(r, p, 0), y = place_of(r, p, 1);
  double *wx, *wy, *work;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc3((size_t)(box.nx * from[0]) + 1, &wx, (size_t)(box.ny * from[1]) + 1, &wy,
                         (size_t)(box.ny * from[0]) + 1, &work));
  EvaluateTransfer(&x, from[0], to[0], box.x, box.nx, wx);
  EvaluateTransfer(&y, from[1], to[1], box.y, box.ny, wy);
  EvaluateTransferMap(from[1], from[0], map, box.ny, box.nx, wy, wx, work, out);
  PetscCall(PetscFree3(wx, wy, work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static SinewBox owned_box(SinewSimulation s)
{
  const SinewAxis *x = SinewGridAxis(s->grid, 0), *y = SinewGridAxis(s->grid, 1);

  return (SinewBox){y->start, x->start, y->count, x->count};
}

/* The start of a simulation: the frame's conserved variables, on this grid. */
static PetscErrorCode fill(void *context, SinewSimulation s, Vec U)
{
  GridRun *r = (GridRun *)context;
  const Evaluation *e = r->e;
  const PetscInt data[2] = {e->shape.nx, e->shape.ny}, cells[2] = {r->grid->nx, r->grid->ny}, nc = e->shape.components,
                 n = data[0] * data[1];
  const SinewBox box = owned_box(s);
  const PetscInt owned = box.nx * box.ny;
  const double *in[EVALUATE_COMPONENTS];
  double *conserved, *values, *out[EVALUATE_COMPONENTS];
  PetscReal *u;

  PetscFunctionBeginUser;
  r->simulation = s;
  PetscCall(PetscMalloc2((size_t)(nc * n), &conserved, (size_t)owned + 1, &values));
  for (PetscInt p = 0; p < nc; p++) {
    in[p] = r->start + e->component[p] * n;
    out[p] = conserved + p * n;
  }
  (*s->equation->kernels.conserved)(s->equation->kernels.context, n, in, out);
  PetscCall(VecGetArrayWrite(U, &u));
  for (PetscInt p = 0; p < nc; p++) {
    PetscCall(transfer(r, p, data, out[p], cells, box, values));
    for (PetscInt k = 0; k < owned; k++) u[k * nc + p] = values[k];
  }
  PetscCall(VecRestoreArrayWrite(U, &u));
  PetscCall(PetscFree2(conserved, values));
  if (s->equation->type->settle) PetscCall((*s->equation->type->settle)(s->equation, U));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The state's errors on the data's cells, against the frame `step` steps after the start. */
static PetscErrorCode judge_state(GridRun *r, PetscInt step, Vec U, double error[])
{
  const Evaluation *e = r->e;
  const SinewSimulation s = r->simulation;
  const PetscInt data[2] = {e->shape.nx, e->shape.ny}, cells[2] = {r->grid->nx, r->grid->ny};
  const SinewBox box = owned_box(s);
  double sums[EVALUATE_COMPONENTS][3], *values, *map, *fine;
  PetscInt scalar;

  PetscFunctionBeginUser;
  PetscCall(
      PetscMalloc3((size_t)(box.nx * box.ny) + 1, &values, (size_t)(cells[0] * cells[1]), &map, e->frame + 1, &fine));
  for (PetscInt p = 0; p < e->shape.components; p++) {
    const PetscInt c = e->component[p];
    double *plane = fine + (size_t)c * e->plane;

    PetscCall(SinewEquationField(s->equation, U, s->equation->primitive[p], &scalar, values));
    PetscCall(EvaluateWholeMaps(e->comm, EVALUATE_ALL, 1, box, values, cells[1], cells[0], map));
    PetscCall(transfer(r, p, cells, map, data, e->box, plane));
    for (size_t i = 0; i < e->plane; i++) plane[i] = (plane[i] - (double)e->model.mean[c]) / (double)e->model.sd[c];
  }
  PetscCall(EvaluateMeasure(e, fine, e->truth + (size_t)(e->history + step - 1) * e->frame, sums));
  for (PetscInt c = 0; c < e->shape.components; c++) error[c] = sqrt(sums[c][0] / sums[c][1]);
  PetscCall(PetscFree3(values, map, fine));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Observer; its own work is not the solver's. */
static PetscErrorCode look(void *context, PetscInt frame, Vec U)
{
  GridRun *r = (GridRun *)context;

  PetscFunctionBeginUser;
  if (frame) r->seconds += MPI_Wtime() - r->mark;
  if (frame == 1) PetscCall(judge_state(r, 1, U, r->error[0]));
  if (frame == r->e->steps) PetscCall(judge_state(r, frame, U, r->error[1]));
  r->frames = frame;
  r->mark = MPI_Wtime();
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the deck on a coarser grid ---- */

/* A step that the deck gives grows with the cells, as those of a CFL number do, up to the network's. */
static PetscErrorCode fixed_step(const Solver *solver, PetscReal *dt)
{
  const SinewNode section = SinewNodeGet(solver->deck, SinewDeckRoot(solver->deck), "stepper");
  const SinewKey keys[] = {{.name = "dt", .type = SINEW_KEY_REAL, .offset = 0, .standard = "0"}, {.name = NULL}};

  PetscFunctionBeginUser;
  PetscCall(SinewDeckRead(solver->deck, section, "stepper", keys, dt));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode open_grid(const Evaluation *e, const EvaluateGrid *grid, PetscReal dt,
                                SinewSimulationOptions *options, Solver *solver)
{
  char cells[64], end[64], step[64];
  const char *const overrides[] = {cells, end, step};

  PetscFunctionBeginUser;
  (void)snprintf(cells, sizeof(cells), "grid.cells=[%d,%d]", (int)grid->nx, (int)grid->ny);
  (void)snprintf(end, sizeof(end), "time.end=%.17g", (double)((PetscReal)e->steps * step_length(e)));
  (void)snprintf(step, sizeof(step), "stepper.dt=%.17g",
                 (double)PetscMin((PetscReal)grid->divisor * dt, step_length(e)));
  PetscCall(open_solver(e, dt > 0 ? 3 : 2, overrides, options, solver));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run_once(GridRun *r, PetscInt trajectory, int *code)
{
  Evaluation *e = r->e;
  const char *const name = e->data_section.parameter;
  const PetscReal value = SinewDatasetParameter(e->data, trajectory);
  const SinewDefinitions definitions = {name ? 1 : 0, &name, &value, 0};
  const SinewStart start = {&definitions, fill, r};
  SinewObserver observer = {0, step_length(e), look, r};
  SinewSimulationOptions options = {.observer = &observer, .start = &start};
  Solver solver;

  PetscFunctionBeginUser;
  r->seconds = 0;
  r->frames = 0;
  PetscCall(open_grid(e, r->grid, e->solver_step, &options, &solver));
  PetscCall(SinewSimulationSetUp(solver.simulation));
  PetscCall(SinewSimulationRun(solver.simulation, code));
  PetscCheck(*code == SINEW_EXIT_BREAKDOWN || r->frames == e->steps, e->comm, SINEW_ERR_INPUT,
             "%s: the run ended before the frames that evaluate.equal_error asks for were there",
             SinewDeckFile(solver.deck));
  PetscCall(close_solver(&solver));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode EvaluateGridsRun(Evaluation *e, PetscInt trajectory)
{
  const PetscInt nc = e->shape.components, n = e->shape.ny * e->shape.nx;
  double *start;

  PetscFunctionBeginUser;
  if (!e->grids) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1((size_t)(nc * n), &start));
  PetscCall(EvaluateWholeMaps(e->comm, EVALUATE_ALL, nc, e->box, e->truth + (size_t)(e->history - 1) * e->frame,
                              e->shape.ny, e->shape.nx, start));
  for (PetscInt k = 0; k < nc * n; k++) start[k] = start[k] * (double)e->model.sd[k / n] + (double)e->model.mean[k / n];
  for (PetscInt g = 0; g < e->grids; g++) {
    EvaluateGrid *grid = &e->grid[g];
    GridRun r = {.e = e, .grid = grid, .start = start};
    double least = HUGE_VAL;
    int code = SINEW_EXIT_DONE;

    for (PetscInt k = 0; k < RUNS && !grid->broken; k++) {
      PetscCall(run_once(&r, trajectory, &code));
      grid->broken = (PetscBool)(code == SINEW_EXIT_BREAKDOWN);
      least = fmin(least, r.seconds);
    }
    if (grid->broken) continue;
    PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &least, 1, MPI_DOUBLE, MPI_MAX, e->comm));
    grid->seconds += least;
    for (PetscInt w = 0; w < 2; w++)
      for (PetscInt c = 0; c < nc; c++) grid->error[w][c] += r.error[w][c];
  }
  PetscCall(PetscFree(start));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- mistakes ---- */

/* Coarsest grid first. */
static PetscErrorCode plan_grids(Evaluation *e)
{
  const SinewNode section = SinewNodeGet(e->deck, SinewDeckRoot(e->deck), "evaluate"),
                  node = SinewNodeGet(e->deck, section, "equal_error");
  const SinewIntList *list = &e->section.equal_error;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < list->n; k++) {
    const PetscInt divisor = list->value[k], nx = e->shape.nx / divisor, ny = e->shape.ny / divisor;
    PetscInt at = e->grids++;

    if (nx * divisor != e->shape.nx || ny * divisor != e->shape.ny || PetscMin(nx, ny) < LEAST_CELLS)
      PetscCall(SinewDeckMistake(e->deck, node, "evaluate.equal_error",
                                 "expected divisors of %" PetscInt_FMT " x %" PetscInt_FMT
                                 ", the data's cells, that leave %d or more, found %" PetscInt_FMT,
                                 e->shape.nx, e->shape.ny, LEAST_CELLS, divisor));
    for (; at > 0 && e->grid[at - 1].divisor < divisor; at--) e->grid[at] = e->grid[at - 1];
    e->grid[at] = (EvaluateGrid){.divisor = divisor, .nx = nx, .ny = ny};
  }
  PetscCall(SinewDeckCheck(e->deck));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What the solver's deck must not have. */
static PetscErrorCode check_solver(const Solver *solver)
{
  const SinewSimulation s = solver->simulation;
  const SinewNode root = SinewDeckRoot(solver->deck);
  const SinewGridOptions *grid = &s->section.options;

  PetscFunctionBeginUser;
  if (!SinewStepperIsClassical(s->stepper))
    PetscCall(SinewDeckMistake(
        solver->deck, SinewNodeGet(solver->deck, SinewNodeGet(solver->deck, root, "stepper"), "type"), "stepper.type",
        "expected a classical stepper, whose cost at equal error is asked for, found %s",
        SinewStepperName(s->stepper)));
  if (s->motion)
    PetscCall(SinewDeckMistake(solver->deck, SinewNodeGet(solver->deck, root, "mesh_motion"), "mesh_motion",
                               "expected a mesh at rest, for runs from frames of a data set"));
  if (grid->mapped[0] || grid->mapped[1])
    PetscCall(SinewDeckMistake(solver->deck,
                               SinewNodeGet(solver->deck, SinewNodeGet(solver->deck, root, "grid"), "stretch"),
                               "grid.stretch", "expected uniform axes, for runs from frames of a data set"));
  if (s->reference)
    PetscCall(SinewDeckMistake(solver->deck, SinewNodeGet(solver->deck, root, "reference"), "reference",
                               "expected none: its steps would count as the solver's"));
  PetscCall(SinewDeckCheck(solver->deck));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const char *field_name(const Evaluation *e, PetscInt c)
{
  if (e->section.fields.n) return c < e->section.fields.n ? e->section.fields.value[c] : "";
  return e->model.fields ? e->model.field[c] : SinewDatasetComponent(e->data, c);
}

/* The data's component of each primitive. */
static PetscErrorCode match_fields(Evaluation *e, SinewEquation equation)
{
  const SinewNode section = SinewNodeGet(e->deck, SinewDeckRoot(e->deck), "evaluate");
  PetscBool all = (PetscBool)(equation->components == e->shape.components &&
                              (!e->section.fields.n || e->section.fields.n == e->shape.components));
  char wanted[256] = "", found[256] = "";

  PetscFunctionBeginUser;
  for (PetscInt p = 0; p < equation->components; p++) {
    PetscInt c = 0;

    while (c < e->shape.components && strcmp(field_name(e, c), equation->primitive[p])) c++;
    if (c == e->shape.components)
      all = PETSC_FALSE;
    else
      e->component[p] = c;
    PetscCall(PetscStrlcat(wanted, p ? ", " : "", sizeof(wanted)));
    PetscCall(PetscStrlcat(wanted, equation->primitive[p], sizeof(wanted)));
  }
  for (PetscInt c = 0; c < e->shape.components; c++) {
    PetscCall(PetscStrlcat(found, c ? ", " : "", sizeof(found)));
    PetscCall(PetscStrlcat(found, field_name(e, c), sizeof(found)));
  }
  if (!all)
    PetscCall(SinewDeckMistake(e->deck, SinewNodeGet(e->deck, section, "fields"), "evaluate.fields",
                               "expected %s, the fields of %s, as names of the data's components in their order, found "
                               "%s",
                               wanted, e->section.classical, found));
  PetscCall(SinewDeckCheck(e->deck));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode EvaluateGridsCheck(Evaluation *e)
{
  const char *const name = e->data_section.parameter;
  const PetscReal value = 0;
  const SinewDefinitions definitions = {name ? 1 : 0, &name, &value, 0};
  const SinewStart start = {&definitions, fill, NULL};
  SinewSimulationOptions options = {.start = &start};
  Solver solver;

  PetscFunctionBeginUser;
  if (!e->section.equal_error.n) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(plan_grids(e));
  PetscCall(open_grid(e, &e->grid[0], 0, &options, &solver));
  PetscCall(check_solver(&solver));
  PetscCall(match_fields(e, solver.simulation->equation));
  PetscCall(fixed_step(&solver, &e->solver_step));
  PetscCall(PetscStrncpy(e->solver, SinewStepperName(solver.simulation->stepper), sizeof(e->solver)));
  PetscCall(close_solver(&solver));
  PetscFunctionReturn(PETSC_SUCCESS);
}
