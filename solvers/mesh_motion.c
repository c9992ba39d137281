#include "solvers/mesh_motion.h"

#include "io/error.h"
#include "meshes/movers/moved_monitor.h"
#include "solvers/mesh_motion_monitor.h"
#include "solvers/mesh_network.h"

#define GAMMA       0.1 /* smoothing of the relaxation, in squared lengths of the domain */
#define LONGEST     0.5 /* of an explicit pseudo-step, in relaxation times: beyond it thin features lose convexity */
#define FITS        20  /* solves by Newton's method for the initial mesh */
#define DMM         1   /* of type_names */
#define NEWTON      1   /* of solvers */
#define BOLD        2.0 /* relaxation times between two looks at the initial condition, while that goes well */
#define PATIENCE    8   /* looks after which a fit that does not come closer by a fiftieth is over */
#define SHORTENINGS 24
#define SHORTEN     0.8

typedef struct {
  PetscInt type, solver, every, most;
  const char *weights;
  PetscReal relaxation, jacobian, fit;
  SinewMeshMonitorValues monitor;
} Values;

struct _p_SinewMeshMotion {
  Values v;
  SinewEquation equation;
  SinewLattice *lattice;
  SinewCosine cosine;
  SinewMongeAmpere ma;
  SinewMeshNetwork network; /* the mover, of type dmm, or Newton's first guess; else NULL */
  char path[PETSC_MAX_PATH_LEN];
  SinewGeometry *geometry;
  SinewMovingFV fv;
  SinewMeshMonitor monitor;
  Vec phi, rate, trial; /* potential, how it moves, scratch */
  Vec m;                /* monitor at the vertices */
  Vec contents;         /* scratch, like the solution */
  PetscReal extent;     /* shortest side of the domain */
  PetscReal t, dt;      /* the step that the geometry's sweep belongs to; dt 0: none */
  PetscInt since;       /* steps since the rate was chosen */
  PetscInt64 newton;    /* iterations of all solves */
  PetscReal placed;     /* the end of the step's nodes are phi + placed * rate; 0: they are not */
};

static const char *const type_names[] = {"monge_ampere", "dmm", NULL};
static const char *const solvers[] = {"relaxation", "newton", NULL};
static const char *const monitors[] = {"gradient", "arc_length", "formula", "curvature", "original", NULL};

#define VALUE(member) offsetof(Values, member)
const SinewKey SinewMeshMotionKeys[] = {
    {.name = "type",
     .type = SINEW_KEY_CHOICE,
     .offset = VALUE(type),
     .required = PETSC_TRUE,
     .choices = type_names,
     .doc =
         "what moves the mesh: optimal transport, tracked by parabolic relaxation; or a trained network of `weights`",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "weights",
     .type = SINEW_KEY_STRING,
     .offset = VALUE(weights),
     .doc = "file of a trained mesh network: what moves the mesh (dmm), or Newton's first guess at t = 0 (monge_ampere "
            "with solver newton); relative to the deck's folder",

     .change = SINEW_CHANGE_WARN},
    {.name = "solver",
     .type = SINEW_KEY_CHOICE,
     .offset = VALUE(solver),
     .standard = "relaxation",
     .choices = solvers,
     .doc = "how monge_ampere finds where the mesh goes: steps of relaxation, or a solve by Newton's method",
     .change = SINEW_CHANGE_WARN},
    {.name = "monitor",
     .type = SINEW_KEY_CHOICE,
     .offset = VALUE(monitor.kind),
     .standard = "gradient",
     .choices = monitors,
     .doc = "where points go: 1 + r, sqrt(1 + r^2) with r = share/(1-share) |grad|^power / mean, `formula`, 1 + r with "
            "second derivatives, or 1 + 100 |grad| / mean as the Data-free Mesh Mover has it",
     .change = SINEW_CHANGE_WARN},
    {.name = "field",
     .type = SINEW_KEY_STRINGS,
     .offset = VALUE(monitor.field),
     .doc = "the field whose gradient counts, or several; standard: the first",
     .change = SINEW_CHANGE_WARN},
    {.name = "field_weights",
     .type = SINEW_KEY_REALS,
     .offset = VALUE(monitor.weight),
     .min = 0,
     .max = 1e30,
     .doc = "how much each of several fields counts; standard: alike",
     .change = SINEW_CHANGE_WARN},
    {.name = "formula",
     .type = SINEW_KEY_EXPRESSION,
     .offset = VALUE(monitor.formula),
     .doc = "density of points in x, y, z, t, positive",
     .change = SINEW_CHANGE_WARN},
    {.name = "share",
     .type = SINEW_KEY_REAL,
     .offset = VALUE(monitor.share),
     .standard = "0.7",
     .min = 0,
     .max = 0.99,
     .doc = "share of all points that goes to the feature (0.5 to 0.8)",
     .change = SINEW_CHANGE_WARN},
    {.name = "power",
     .type = SINEW_KEY_REAL,
     .offset = VALUE(monitor.power),
     .standard = "0.5",
     .min = 0.1,
     .max = 2,
     .doc = "of the gradient",
     .change = SINEW_CHANGE_WARN},
    {.name = "smoothing",
     .type = SINEW_KEY_REAL,
     .offset = VALUE(monitor.smoothing),
     .standard = "0.02",
     .min = 0,
     .max = 0.5,
     .doc = "length over which the monitor is smoothed, in shortest sides of the domain",
     .change = SINEW_CHANGE_WARN},
    {.name = "relaxation",
     .type = SINEW_KEY_REAL,
     .offset = VALUE(relaxation),
     .standard = "0.005",
     .min = 0,
     .max = 1e30,
     .above_min = PETSC_TRUE,
     .doc = "time in which the mesh follows its monitor",
     .change = SINEW_CHANGE_WARN},
    {.name = "every",
     .type = SINEW_KEY_INT,
     .offset = VALUE(every),
     .standard = "1",
     .min = 1,
     .max = 1000,
     .doc = "steps between choices of where the mesh goes",
     .change = SINEW_CHANGE_WARN},
    {.name = "jacobian",
     .type = SINEW_KEY_REAL,
     .offset = VALUE(jacobian),
     .standard = "0.02",
     .min = 1e-6,
     .max = 0.5,
     .doc = "smallest Jacobian at a cell's corner, relative to the uniform mesh's, that a move may lead to",
     .change = SINEW_CHANGE_WARN},
    {.name = "fit",
     .type = SINEW_KEY_REAL,
     .offset = VALUE(fit),
     .standard = "0.05",
     .min = 1e-10,
     .max = 1e30,
     .doc = "root mean square of density times volume about its mean that ends the fit to the initial condition; "
            "newton: largest deviation that ends a solve",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "fit_steps",
     .type = SINEW_KEY_INT,
     .offset = VALUE(most),
     .standard = "1000",
     .min = 0,
     .max = 1e6,
     .doc = "most steps of that fit",
     .change = SINEW_CHANGE_FROZEN},
    {.name = NULL}};

/* ---- reading ---- */

/* A mesh network is for square domains of two dimensions and one field. */
static PetscErrorCode check_domain(SinewDeck deck, SinewNode node, const SinewGridSection *section, SinewMeshMotion m)
{
  const SinewGridOptions *o = &section->options;
  const SinewNode grid = SinewNodeGet(deck, SinewDeckRoot(deck), "grid");

  PetscFunctionBeginUser;
  if (o->dim == 3)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, grid, "cells"), "grid.cells",
                               "expected 2 axes: mesh networks are flat"));
  else if (o->dim == 2 && PetscAbsReal((o->upper[0] - o->lower[0]) - (o->upper[1] - o->lower[1])) >
                              1e-12 * PetscAbsReal(o->upper[0] - o->lower[0]))
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, grid, "upper"), "grid.upper",
                               "expected a square domain: mesh networks are trained on one"));
  if (m->v.monitor.field.n > 1)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, node, "field"), "mesh_motion.field",
                               "expected one: a mesh network looks at one field"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Weights are what a mover must have, and what Newton's method may begin with. */
static PetscErrorCode check_network(SinewDeck deck, SinewNode node, const SinewGridSection *section, SinewMeshMotion m)
{
  PetscBool there;

  PetscFunctionBeginUser;
  if (m->v.type != DMM && !m->v.weights) PetscFunctionReturn(PETSC_SUCCESS);
  if (m->v.type != DMM && m->v.solver != NEWTON) {
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, node, "weights"), "mesh_motion.weights",
                               "expected none: only type dmm and solver newton have a network"));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(check_domain(deck, node, section, m));
  if (!m->v.weights) {
    PetscCall(SinewDeckMistake(deck, node, "mesh_motion", "missing weights: type dmm is a trained network"));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(SinewDeckResolve(deck, m->v.weights, sizeof(m->path), m->path));
  PetscCall(PetscTestFile(m->path, 'r', &there));
  if (!there)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, node, "weights"), "mesh_motion.weights",
                               "cannot read the file %s", m->path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMeshMotionCreate(SinewDeck deck, SinewEquation equation, const SinewGridSection *section,
                                     SinewMeshMotion *motion)
{
  const SinewNode node = SinewNodeGet(deck, SinewDeckRoot(deck), "mesh_motion"),
                  grid = SinewNodeGet(deck, SinewDeckRoot(deck), "grid");
  SinewMeshMotion m;

  PetscFunctionBeginUser;
  *motion = NULL;
  if (node == SINEW_NODE_NONE) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscNew(&m));
  *motion = m;
  m->equation = equation;
  PetscCall(SinewDeckRead(deck, node, "mesh_motion", SinewMeshMotionKeys, &m->v));
  if (section->options.dim == 1)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, grid, "cells"), "grid.cells",
                               "expected 2 or 3 axes for a moving mesh, found 1"));
  for (PetscInt d = 0; d < section->options.dim; d++)
    if (section->options.mapped[d])
      PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, grid, "stretch"), "grid.stretch",
                                 "expected none: a moving mesh starts from a uniform one"));
  PetscCall(check_network(deck, node, section, m));
  PetscCall(SinewMeshMonitorCheck(deck, node, equation, &m->v.monitor));
  if (!equation) PetscFunctionReturn(PETSC_SUCCESS);
  if (equation->place_dependent)
    PetscCall(SinewDeckMistake(deck, node, "mesh_motion",
                               "coefficients of %s must be constant on a moving mesh, found formulas of place or time",
                               equation->type->name));
  if (equation->kernels.flux ? !equation->kernels.normal_speed
                             : !equation->kernels.diffusive_flux || SinewEquationConstrained(equation))
    PetscCall(SinewDeckMistake(deck, node, "mesh_motion", "%s has no fluxes for moving meshes", equation->type->name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMeshMotionDestroy(SinewMeshMotion *motion)
{
  SinewMeshMotion m = *motion;

  PetscFunctionBeginUser;
  if (!m) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewMovingFVDestroy(&m->fv));
  PetscCall(SinewGeometryDestroy(&m->geometry));
  PetscCall(SinewMongeAmpereDestroy(&m->ma));
  PetscCall(SinewMeshNetworkDestroy(&m->network));
  PetscCall(SinewCosineDestroy(&m->cosine));
  PetscCall(SinewMeshMonitorClear(&m->monitor));
  PetscCall(VecDestroy(&m->phi));
  PetscCall(VecDestroy(&m->rate));
  PetscCall(VecDestroy(&m->trial));
  PetscCall(VecDestroy(&m->m));
  PetscCall(VecDestroy(&m->contents));
  PetscCall(SinewLatticeDestroy(&m->lattice));
  PetscCall(PetscFree(m));
  *motion = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_lattice(SinewMeshMotion m, SinewGrid grid)
{
  SinewLatticeOptions o = {.dim = SinewGridDim(grid)};
  DM dm;

  PetscFunctionBeginUser;
  PetscCall(SinewGridGetDM(grid, &dm));
  PetscCall(DMDAGetInfo(dm, NULL, NULL, NULL, NULL, &o.ranks[0], &o.ranks[1], &o.ranks[2], NULL, NULL, NULL, NULL, NULL,
                        NULL));
  PetscCall(DMDAGetOwnershipRanges(dm, &o.own[0], &o.own[1], &o.own[2]));
  m->extent = PETSC_MAX_REAL;
  for (PetscInt d = 0; d < 3; d++) {
    const SinewAxis *a = SinewGridAxis(grid, d);

    o.cells[d] = a->cells;
    o.lower[d] = a->lower;
    o.upper[d] = a->upper;
    o.periodic[d] = a->periodic;
    if (d < o.dim) m->extent = PetscMin(m->extent, a->upper - a->lower);
  }
  PetscCall(SinewLatticeCreate(PetscObjectComm((PetscObject)dm), &o, &m->lattice));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMeshMotionSetUp(SinewMeshMotion m, SinewGrid grid, const SinewReconstruction *reconstruction,
                                    SinewBoundary boundary)
{
  DM dm;

  PetscFunctionBeginUser;
  PetscCall(create_lattice(m, grid));
  PetscCall(SinewGeometryCreate(grid, m->lattice, &m->geometry));
  PetscCall(SinewCosineCreate(m->lattice, &m->cosine));
  PetscCall(SinewMongeAmpereCreate(m->lattice, m->cosine, &m->ma));
  PetscCall(SinewMongeAmpereSetTolerance(m->ma, m->v.fit, 50));
  if (m->v.weights) PetscCall(SinewMeshNetworkCreate(m->path, m->lattice, &m->network));
  PetscCall(SinewMovingFVCreate(grid, &m->equation->kernels, reconstruction, boundary, m->geometry, &m->fv));
  m->monitor = (SinewMeshMonitor){.v = m->v.monitor,
                                  .equation = m->equation,
                                  .lattice = m->lattice,
                                  .geometry = m->geometry,
                                  .cosine = m->cosine,
                                  .extent = m->extent};
  PetscCall(SinewMeshMonitorSetUp(&m->monitor, grid));
  PetscCall(DMCreateGlobalVector(m->lattice->dm, &m->phi));
  PetscCall(VecDuplicate(m->phi, &m->rate));
  PetscCall(VecDuplicate(m->phi, &m->trial));
  PetscCall(VecDuplicate(m->phi, &m->m));
  PetscCall(SinewGridGetDM(grid, &dm));
  PetscCall(DMCreateGlobalVector(dm, &m->contents));
  m->equation->geometry = m->geometry;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- moves ---- */

/* Relaxation for so many of its times, in explicit pseudo-steps with the monitor frozen at the nodes, of m->trial,
   which is m->phi to begin with. A potential that is not convex at the vertices, though no cell is folded, goes back
   towards the uniform mesh's instead. report: of m->phi; rms PETSC_MAX_REAL where it is not convex. */
static PetscErrorCode relax(SinewMeshMotion m, PetscReal times, SinewMongeAmpereReport *report)
{
  const PetscReal square = m->extent * m->extent;
  const PetscInt steps = (PetscInt)PetscCeilReal(PetscMin(times, 20) / LONGEST);
  SinewMongeAmpereReport now;

  PetscFunctionBeginUser;
  for (PetscInt n = 0; n < steps; n++) {
    PetscCall(SinewMongeAmpereRelax(m->ma, m->m, GAMMA * square,
                                    GAMMA * square * PetscMin(times, 20) / (PetscReal)steps, m->trial, &now));
    if (n == 0) *report = now;
    if (now.rms == PETSC_MAX_REAL) break;
  }
  if (report->rms == PETSC_MAX_REAL) PetscCall(VecScale(m->trial, SHORTEN));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* phi + length * rate into m->trial and the nodes there to the end of the step. */
static PetscErrorCode place(SinewMeshMotion m, PetscReal length, PetscReal *least)
{
  PetscFunctionBeginUser;
  PetscCall(VecWAXPY(m->trial, length, m->rate, m->phi));
  PetscCall(SinewGeometryPlace(m->geometry, 1, m->trial, least));
  m->placed = length;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Shortens the rate until the mesh is sound after `length`; a mesh that would not be rests. */
static PetscErrorCode guard(SinewMeshMotion m, PetscReal length)
{
  PetscReal least;

  PetscFunctionBeginUser;
  if (m->placed == length) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(place(m, length, &least));
  for (PetscInt n = 0; n < SHORTENINGS && least < m->v.jacobian; n++) {
    PetscCall(VecScale(m->rate, n < SHORTENINGS - 1 ? SHORTEN : 0));
    PetscCall(place(m, length, &least));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where the network wants the mesh for averages U, into m->trial. */
static PetscErrorCode ask_network(SinewMeshMotion m, Vec U)
{
  const PetscReal *values;

  PetscFunctionBeginUser;
  PetscCall(SinewMeshMonitorWatch(&m->monitor, m->v.monitor.field.value[0], U));
  PetscCall(VecGetArrayRead(m->monitor.strength, &values));
  PetscCall(SinewMeshNetworkPotential(m->network, m->geometry, values, m->trial));
  PetscCall(VecRestoreArrayRead(m->monitor.strength, &values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The mesh that equidistributes the monitor in m->m, which is where the vertices of m->phi are, into m->trial, where a
   guess is if it is warm. A solve that fails leaves m->phi there. */
static PetscErrorCode solve(SinewMeshMotion m, PetscBool warm, SinewMongeAmpereReport *report)
{
  SinewMovedMonitor monitor;

  PetscFunctionBeginUser;
  PetscCall(SinewMovedMonitorCreate(m->lattice, m->cosine, m->phi, m->m, &monitor));
  PetscCall(SinewMongeAmpereSolve(m->ma, SinewMovedMonitorEvaluate, monitor, warm, m->trial, report));
  m->newton += report->newton;
  if (!report->converged) PetscCall(VecCopy(m->phi, m->trial));
  PetscCall(SinewMovedMonitorDestroy(&monitor));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where the mesh goes in the next `every` steps of about dt. */
static PetscErrorCode choose_rate(SinewMeshMotion m, PetscReal t, PetscReal dt, Vec U)
{
  const PetscReal horizon = dt * (PetscReal)m->v.every;
  SinewMongeAmpereReport report;
  PetscReal part = 1 - PetscExpReal(-horizon / m->v.relaxation);

  PetscFunctionBeginUser;
  if (m->v.type == DMM)
    PetscCall(ask_network(m, U));
  else {
    PetscCall(SinewMeshMonitorFind(&m->monitor, t, U, m->m));
    report.converged = PETSC_FALSE;
    PetscCall(VecCopy(m->phi, m->trial));
    if (m->v.solver == NEWTON) PetscCall(solve(m, PETSC_TRUE, &report));
    if (!report.converged) {
      PetscCall(relax(m, horizon / m->v.relaxation, &report));
      part = 1;
    }
  }
  PetscCall(VecWAXPY(m->rate, -1, m->phi, m->trial));
  PetscCall(VecScale(m->rate, part / horizon));
  m->placed = 0;
  PetscCall(guard(m, horizon));
  m->since = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode set_step(SinewMeshMotion m, PetscReal t, PetscReal dt)
{
  PetscFunctionBeginUser;
  PetscCall(guard(m, dt));
  PetscCall(SinewGeometrySweep(m->geometry));
  PetscCall(SinewMovingFVSetStep(m->fv, t, dt));
  m->t = t;
  m->dt = dt;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMeshMotionBegin(SinewMeshMotion m, PetscReal t, PetscReal dt, Vec U)
{
  PetscFunctionBeginUser;
  if (m->since == 0 || m->since >= m->v.every) PetscCall(choose_rate(m, t, dt, U));
  PetscCall(SinewMovingFVScale(m->fv, 0, PETSC_TRUE, U));
  PetscCall(set_step(m, t, dt));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMeshMotionStage(SinewMeshMotion m, PetscReal t0, PetscReal dt, SinewFVParts parts, PetscReal t,
                                    Vec Y, PetscReal a, Vec A, PetscReal b, PetscReal c, Vec out, PetscReal *rate)
{
  PetscFunctionBeginUser;
  if (t0 != m->t || dt != m->dt) PetscCall(set_step(m, t0, dt));
  PetscCall(SinewMovingFVApply(m->fv, parts, t, Y, a, A, b, c, out, rate));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMeshMotionVolumes(SinewMeshMotion m, PetscReal t0, PetscReal dt, PetscReal t, Vec J)
{
  PetscFunctionBeginUser;
  if (t0 != m->t || dt != m->dt) PetscCall(set_step(m, t0, dt));
  PetscCall(SinewMovingFVVolumes(m->fv, t, J));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMeshMotionEnd(SinewMeshMotion m, Vec U)
{
  PetscFunctionBeginUser;
  PetscCall(SinewMovingFVScale(m->fv, 1, PETSC_FALSE, U));
  PetscCall(VecCopy(m->trial, m->phi)); /* the very bits that the nodes come from */
  PetscCall(SinewGeometryAdvance(m->geometry));
  m->placed = 0;
  m->since++;
  m->dt = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMeshMotionAbandon(SinewMeshMotion m, Vec U)
{
  PetscFunctionBeginUser;
  if (m->dt > 0) PetscCall(SinewMovingFVScale(m->fv, 0, PETSC_FALSE, U));
  m->dt = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMeshMotionAverages(SinewMeshMotion m, Vec U, Vec V)
{
  PetscFunctionBeginUser;
  PetscCall(VecCopy(U, V));
  PetscCall(SinewMovingFVScale(m->fv, 1, PETSC_FALSE, V));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The mesh at rest at the beginning of the next step. */
static PetscErrorCode rest(SinewMeshMotion m)
{
  PetscReal least = 0;

  PetscFunctionBeginUser;
  for (int end = 0; end < 2; end++) PetscCall(SinewGeometryPlace(m->geometry, end, m->phi, &least));
  if (!(least > 0))
    SETERRQ(
        m->lattice->comm, SINEW_ERR_INPUT,
        "mesh_motion: the mesh to begin with is folded: smallest Jacobian at a cell's corner %g of the uniform mesh's",
        (double)least);
  PetscCall(SinewGeometrySweep(m->geometry));
  m->placed = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMeshMotionSetLimits(SinewMeshMotion m, PetscReal advection, PetscReal diffusion)
{
  PetscFunctionBeginUser;
  PetscCall(SinewMovingFVSetLimits(m->fv, advection, diffusion));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMeshMotionRate(SinewMeshMotion m, SinewFVParts parts, Vec U, PetscReal *rate)
{
  const PetscBool within = (PetscBool)(m->dt > 0);

  PetscFunctionBeginUser;
  if (!within) {
    PetscCall(VecCopy(U, m->contents));
    PetscCall(SinewMovingFVScale(m->fv, 1, PETSC_TRUE, m->contents));
  }
  PetscCall(SinewMovingFVRate(m->fv, parts, within ? U : m->contents, rate));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The mesh goes to m->trial, as far as it may, and takes the initial condition there. */
static PetscErrorCode settle(SinewMeshMotion m, Vec U)
{
  PetscFunctionBeginUser;
  PetscCall(VecWAXPY(m->rate, -1, m->phi, m->trial));
  m->placed = 0;
  PetscCall(guard(m, 1));
  PetscCall(VecAXPY(m->phi, 1, m->rate));
  PetscCall(rest(m));
  PetscCall(SinewEquationInitial(m->equation, U));
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef struct {
  PetscInt looks, idle; /* at the initial condition; of them since the fit last came closer */
  PetscReal best;       /* root mean square so far */
  PetscReal length;     /* relaxation times to the next look */
} Fit;

/* Whether the mesh fits the initial condition in U, or will not come closer; else m->trial is one that fits it better.
 */
static PetscErrorCode fit(SinewMeshMotion m, Vec U, Fit *f, PetscBool *done)
{
  const PetscBool first = (PetscBool)(f->looks++ == 0);
  SinewMongeAmpereReport report;

  PetscFunctionBeginUser;
  *done = PETSC_FALSE;
  if (m->v.type == DMM) {
    PetscCall(ask_network(m, U));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(SinewMeshMonitorFind(&m->monitor, 0, U, m->m));
  PetscCall(VecCopy(m->phi, m->trial));
  if (m->v.solver == NEWTON) {
    if (first && m->network) PetscCall(ask_network(m, U));
    PetscCall(solve(m, (PetscBool)(!first || m->network), &report));
    *done = (PetscBool)(report.converged && !report.newton);
    if (report.converged) PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(relax(m, f->length, &report));
  if (report.rms == PETSC_MAX_REAL) f->length = PetscMax(LONGEST, f->length / 2);
  f->idle = report.rms < 0.98 * f->best ? 0 : f->idle + 1;
  f->best = PetscMin(f->best, report.rms);
  *done = (PetscBool)(report.rms <= m->v.fit || f->idle >= PATIENCE);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The initial condition is taken anew on every mesh, until density times volume is even, or as even as it gets: the
   gradient of a jump grows with every look, and cells contract until the guard holds them back. A network sees it
   twice: from the uniform mesh and from its own. */
PetscErrorCode SinewMeshMotionInitial(SinewMeshMotion m, Vec U)
{
  const PetscInt most = PetscMin(m->v.most, m->v.type == DMM ? 2 : m->v.solver == NEWTON ? FITS : m->v.most);
  PetscBool done = PETSC_FALSE;
  Fit f = {.best = PETSC_MAX_REAL, .length = BOLD};

  PetscFunctionBeginUser;
  PetscCall(rest(m));
  PetscCall(SinewEquationInitial(m->equation, U));
  for (PetscInt n = 0; n < most && !done; n++) {
    PetscCall(fit(m, U, &f, &done));
    if (!done) PetscCall(settle(m, U));
  }
  PetscCall(SinewMovingFVSetStep(m->fv, 0, 1)); /* for rates before the first step */
  PetscCall(VecSet(m->rate, 0));
  m->since = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- quality and restart ---- */

PetscBool SinewMeshMotionSolves(SinewMeshMotion m, PetscInt64 *newton)
{
  if (newton) *newton = m->newton;
  return (PetscBool)(m->v.type != DMM && m->v.solver == NEWTON);
}

PetscErrorCode SinewMeshMotionQuality(SinewMeshMotion m, PetscReal t, Vec U, SinewMeshQuality *quality)
{
  PetscFunctionBeginUser;
  PetscCall(SinewMeshMonitorFind(&m->monitor, t, U, m->m));
  PetscCall(SinewGeometryQuality(m->geometry, 0, m->m, quality));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode transfer(SinewMeshMotion m, SinewFile file, const char name[], Vec v, PetscBool read)
{
  const SinewLattice *l = m->lattice;
  SinewArray array = {.name = name, .dtype = SINEW_FLOAT64, .rank = 3, .distributed = PETSC_TRUE};
  PetscReal *a;

  PetscFunctionBeginUser;
  for (int d = 0; d < 3; d++) {
    array.shape[d] = l->nodes[2 - d];
    array.start[d] = l->start[2 - d];
    array.count[d] = l->count[2 - d];
  }
  PetscCall(VecGetArray(v, &a));
  array.data = a;
  if (read)
    PetscCall(SinewFileRead(file, &array));
  else
    PetscCall(SinewFileWrite(file, &array));
  PetscCall(VecRestoreArray(v, &a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMeshMotionSave(SinewMeshMotion m, SinewFile file)
{
  PetscInt64 since = m->since;

  PetscFunctionBeginUser;
  PetscCall(transfer(m, file, "/mesh/potential", m->phi, PETSC_FALSE));
  PetscCall(transfer(m, file, "/mesh/potential_rate", m->rate, PETSC_FALSE));
  PetscCall(SinewFileWriteInts(file, "/", "mesh_since", 1, &since));
  PetscCall(SinewFileWriteInts(file, "/", "mesh_newton", 1, &m->newton));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMeshMotionLoad(SinewMeshMotion m, SinewFile file)
{
  PetscInt64 since = 0;
  PetscInt n;

  PetscFunctionBeginUser;
  PetscCall(transfer(m, file, "/mesh/potential", m->phi, PETSC_TRUE));
  PetscCall(transfer(m, file, "/mesh/potential_rate", m->rate, PETSC_TRUE));
  PetscCall(SinewFileReadInts(file, "/", "mesh_since", 1, &n, &since));
  m->since = (PetscInt)since;
  PetscCall(SinewFileReadInts(file, "/", "mesh_newton", 1, &n, &m->newton));
  PetscCall(rest(m));
  PetscFunctionReturn(PETSC_SUCCESS);
}
