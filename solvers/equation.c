#include "solvers/equation.h"

PETSC_EXTERN const SinewEquationType SinewAdvection, SinewBurgers, SinewDiffusion, SinewEuler, SinewShallowWater,
    SinewReactionDiffusion, SinewWaves, SinewElliptic, SinewNavierStokes, SinewElasticBodies;

const SinewEquationType *const SinewEquationTypes[] = {&SinewAdvection,
                                                       &SinewBurgers,
                                                       &SinewDiffusion,
                                                       &SinewEuler,
                                                       &SinewShallowWater,
                                                       &SinewReactionDiffusion,
                                                       &SinewWaves,
                                                       &SinewElliptic,
                                                       &SinewNavierStokes,
                                                       &SinewElasticBodies,
                                                       NULL};

#define NAMES_MAX 64

/* ---- reading ---- */

static PetscErrorCode read_initial_type(SinewEquation e, SinewDeck deck, SinewNode section, PetscInt index)
{
  const SinewInitialType *initial = &e->type->initials[index];

  PetscFunctionBeginUser;
  if (e->dim < initial->dim_min || e->dim > initial->dim_max)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, section, "type"), "initial.type",
                               "%s is there for %" PetscInt_FMT " to %" PetscInt_FMT
                               " dimensions, the grid has %" PetscInt_FMT,
                               initial->name, initial->dim_min, initial->dim_max, e->dim));
  e->initial = initial;
  if (!initial->keys) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscCalloc1(initial->size, (char **)&e->initial_parameters));
  PetscCall(SinewDeckRead(deck, section, "initial", initial->keys, e->initial_parameters));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* `initial: {type: sod, ...}`, a frame of a data set, or `initial: {type: expression, rho: ..., p: ...}`; primitives
 * without a formula are zero. */
static PetscErrorCode read_initial(SinewEquation e, SinewDeck deck)
{
  const SinewNode section = SinewNodeGet(deck, SinewDeckRoot(deck), "initial");
  const char *names[NAMES_MAX], *primitives[SINEW_COMPONENTS_MAX];
  PetscInt count = 0, index;

  PetscFunctionBeginUser;
  for (const SinewInitialType *i = e->type->initials; i->name; i++) names[count++] = i->name;
  names[count] = "expression";
  names[count + 1] = "frame";
  PetscCall(SinewDeckReadName(deck, section, "initial", "type", count + 2, names, -1, &index));
  for (PetscInt c = 0; c < e->components; c++) primitives[c] = e->primitive[c];
  if (index >= 0 && index < count)
    PetscCall(read_initial_type(e, deck, section, index));
  else if (index == count + 1)
    PetscCall(SinewFrameCreate(deck, section, e->dim, e->components, primitives, &e->frame));
  else if (index == count) {
    PetscCall(SinewDeckReadExpressions(deck, section, "initial", e->components, primitives, e->expression));
    for (PetscInt p = 0; p < e->kernels.positives; p++) {
      const PetscInt c = e->kernels.positive[p];

      if (!e->expression[c])
        PetscCall(SinewDeckMistake(deck, section, "initial", "missing %s, which must be positive everywhere",
                                   e->primitive[c]));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewEquationCreate(SinewDeck deck, PetscInt dim, SinewEquation *equation)
{
  const SinewNode section = SinewNodeGet(deck, SinewDeckRoot(deck), "equation");
  const char *names[NAMES_MAX];
  PetscInt count = 0, index;
  SinewEquation e;

  PetscFunctionBeginUser;
  *equation = NULL;
  while (SinewEquationTypes[count]) {
    names[count] = SinewEquationTypes[count]->name;
    count++;
  }
  PetscCall(SinewDeckReadName(deck, section, "equation", "type", count, names, -1, &index));
  if (index < 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscNew(&e));
  e->type = SinewEquationTypes[index];
  e->dim = dim;
  if (dim < e->type->dim_min || dim > e->type->dim_max)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, section, "type"), "equation.type",
                               "%s is there for %" PetscInt_FMT " to %" PetscInt_FMT
                               " dimensions, the grid has %" PetscInt_FMT,
                               e->type->name, e->type->dim_min, e->type->dim_max, dim));
  PetscCall(PetscCalloc1(PetscMax(e->type->size, 1), (char **)&e->parameters));
  if (e->type->keys) PetscCall(SinewDeckRead(deck, section, "equation", e->type->keys, e->parameters));
  e->kernels.velocity = -1;
  PetscCall((*e->type->create)(e, deck, section));
  e->kernels.components = e->components;
  PetscCall(read_initial(e, deck));
  *equation = e;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewEquationDestroy(SinewEquation *equation)
{
  SinewEquation e = *equation;

  PetscFunctionBeginUser;
  if (!e) PetscFunctionReturn(PETSC_SUCCESS);
  if (e->type->destroy) PetscCall((*e->type->destroy)(e));
  PetscCall(PetscFree(e->parameters));
  PetscCall(PetscFree(e->initial_parameters));
  PetscCall(SinewFrameDestroy(&e->frame));
  PetscCall(PetscFree(e));
  *equation = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewEquationAttach(SinewEquation equation, SinewGrid grid)
{
  DM dm;

  PetscFunctionBeginUser;
  equation->grid = grid;
  PetscCall(SinewGridGetDM(grid, &dm));
  for (PetscInt c = 0; c < equation->components; c++) PetscCall(DMDASetFieldName(dm, c, equation->component[c]));
  if (equation->type->attach) PetscCall((*equation->type->attach)(equation, grid));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewEquationName(SinewEquation e, PetscInt c, const char component[], const char primitive[])
{
  PetscFunctionBeginUser;
  PetscCall(PetscStrncpy(e->component[c], component, sizeof(e->component[c])));
  PetscCall(PetscStrncpy(e->primitive[c], primitive, sizeof(e->primitive[c])));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewEquationNameVector(SinewEquation e, PetscInt first, const char component[], const char primitive[])
{
  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < e->dim; d++) {
    PetscCall(PetscSNPrintf(e->component[first + d], sizeof(e->component[0]), "%s_%c", component, (char)('x' + d)));
    PetscCall(PetscSNPrintf(e->primitive[first + d], sizeof(e->primitive[0]), "%s_%c", primitive, (char)('x' + d)));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscBool SinewEquationConstrained(SinewEquation e)
{
  for (PetscInt c = 0; c < e->components; c++) {
    if (e->constrained[c]) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

PetscReal SinewEquationDisplacement(SinewEquation e, const PetscReal x[3], const SinewRealList *center, PetscReal d[3])
{
  PetscReal square = 0;

  for (PetscInt k = 0; k < 3; k++) {
    const SinewAxis *a = SinewGridAxis(e->grid, k);
    const PetscReal l = a->upper - a->lower;
    const PetscReal origin = center && k < center->n ? center->value[k] : 0.5 * (a->lower + a->upper);

    d[k] = k < e->dim ? x[k] - origin : 0;
    if (a->periodic) d[k] -= l * PetscFloorReal(d[k] / l + 0.5);
    square += d[k] * d[k];
  }
  return square;
}

/* ---- states ---- */

PetscErrorCode SinewEquationInitialPoint(SinewEquation e, const PetscReal x[3], PetscReal t, PetscReal w[])
{
  PetscFunctionBeginUser;
  PetscCheck(!e->frame, PETSC_COMM_SELF, SINEW_ERR_INPUT,
             "initial.type: expected a formula, which boundaries of type exact and moving meshes need, found a frame");
  if (e->initial)
    PetscCall((*e->initial->evaluate)(e, e->initial_parameters, x, t, w));
  else
    for (PetscInt c = 0; c < e->components; c++) {
      w[c] = 0;
      if (e->expression[c]) PetscCall(SinewExpressionEvaluate(e->expression[c], x[0], x[1], x[2], t, &w[c]));
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Moves a point by whole periods into the domain. */
static void wrap(SinewGrid grid, PetscReal x[3])
{
  for (PetscInt d = 0; d < SinewGridDim(grid); d++) {
    const SinewAxis *a = SinewGridAxis(grid, d);
    const PetscReal l = a->upper - a->lower;

    if (a->periodic) x[d] -= l * PetscFloorReal((x[d] - a->lower) / l);
  }
}

typedef PetscErrorCode PointFunction(SinewEquation e, const PetscReal x[3], PetscReal t, PetscReal w[]);

/* Replaces velocities at the centre x of a cell by those on its lower faces. */
static PetscErrorCode move_to_faces(SinewEquation e, const PetscReal x[3], const PetscReal face[3], PetscReal t,
                                    PointFunction *point, PetscReal w[])
{
  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < e->dim; d++) {
    PetscReal v[SINEW_COMPONENTS_MAX], at[3] = {x[0], x[1], x[2]};

    at[d] = face[d];
    PetscCall((*point)(e, at, t, v));
    w[e->kernels.velocity + d] = v[e->kernels.velocity + d];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode fill(SinewEquation e, PetscReal t, PointFunction *point, Vec U)
{
  const SinewAxis *ax = SinewGridAxis(e->grid, 0), *ay = SinewGridAxis(e->grid, 1), *az = SinewGridAxis(e->grid, 2);
  PetscReal *u, w[SINEW_COMPONENTS_MAX];

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayWrite(U, &u));
  for (PetscInt n = 0; n < ax->count * ay->count * az->count; n++) {
    const PetscInt i = n % ax->count, j = n / ax->count % ay->count, k = n / ax->count / ay->count;
    const PetscReal face[3] = {ax->face[i + ax->ghosts], ay->face[j + ay->ghosts], az->face[k + az->ghosts]};
    PetscReal x[3] = {ax->center[i + ax->ghosts], ay->center[j + ay->ghosts], az->center[k + az->ghosts]};
    const PetscReal *in[SINEW_COMPONENTS_MAX];
    PetscReal *out[SINEW_COMPONENTS_MAX];

    for (PetscInt d = 0; e->geometry && d < e->dim; d++)
      x[d] = e->geometry->centre[d][SinewGeometryPadded(e->geometry, i, j, k)];
    PetscCall((*point)(e, x, t, w));
    if (e->staggered) PetscCall(move_to_faces(e, x, face, t, point, w));
    for (PetscInt c = 0; c < e->components; c++) {
      in[c] = &w[c];
      out[c] = &u[n * e->components + c];
    }
    (*e->kernels.conserved)(e->kernels.context, 1, in, out);
  }
  PetscCall(VecRestoreArrayWrite(U, &u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The state `age` frames before the initial one; *step: between them, 0: unknown. */
static PetscErrorCode read_frame(SinewEquation e, PetscInt age, Vec U, PetscReal *step)
{
  const PetscInt nx = SinewGridAxis(e->grid, 0)->count, ny = SinewGridAxis(e->grid, 1)->count;
  PetscReal *planes, *u, *row[SINEW_COMPONENTS_MAX];
  const PetscReal *in[SINEW_COMPONENTS_MAX];

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)(e->components * nx * (ny + 1)), &planes));
  PetscCall(SinewFrameRead(e->frame, e->grid, age, planes, step));
  PetscCall(VecGetArrayWrite(U, &u));
  for (PetscInt j = 0; j < ny; j++) {
    for (PetscInt c = 0; c < e->components; c++) {
      in[c] = planes + (c * ny + j) * nx;
      row[c] = planes + (e->components * ny + c) * nx;
    }
    (*e->kernels.conserved)(e->kernels.context, nx, in, row);
    for (PetscInt i = 0; i < nx; i++)
      for (PetscInt c = 0; c < e->components; c++) u[(j * nx + i) * e->components + c] = row[c][i];
  }
  PetscCall(VecRestoreArrayWrite(U, &u));
  PetscCall(PetscFree(planes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewEquationPast(SinewEquation e, PetscReal step, PetscInt age, Vec U, PetscBool *known)
{
  PetscReal stored;

  PetscFunctionBeginUser;
  *known = (PetscBool)(e->frame && SinewFramePast(e->frame) >= age);
  if (!*known) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(read_frame(e, age, U, &stored));
  PetscCheck(stored <= 0 || PetscAbsReal(stored - step) <= 1e-6 * step, PetscObjectComm((PetscObject)U),
             SINEW_ERR_INPUT, "initial.every: expected frames %g apart, the network's step, found %g", (double)step,
             (double)stored);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewEquationInitial(SinewEquation equation, Vec U)
{
  PetscFunctionBeginUser;
  if (equation->frame && !equation->geometry)
    PetscCall(read_frame(equation, 0, U, NULL));
  else
    PetscCall(fill(equation, 0, SinewEquationInitialPoint, U));
  if (equation->type->settle) PetscCall((*equation->type->settle)(equation, U));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode traced_point(SinewEquation e, const PetscReal x[3], PetscReal t, PetscReal w[])
{
  PetscReal foot[3];
  PetscBool known;

  PetscFunctionBeginUser;
  PetscCall((*e->type->trace)(e, x, t, foot, &known));
  wrap(e->grid, foot);
  PetscCall(SinewEquationInitialPoint(e, foot, 0, w));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewEquationExact(SinewEquation e, PetscReal t, Vec U, PetscBool *known)
{
  PetscFunctionBeginUser;
  *known = (PetscBool)(e->initial && e->initial->exact && !e->inexact);
  if (*known) {
    PetscCall(fill(e, t, SinewEquationInitialPoint, U));
  } else if (e->type->trace && !e->frame) {
    const PetscReal origin[3] = {0, 0, 0};
    PetscReal foot[3];

    PetscCall((*e->type->trace)(e, origin, t, foot, known));
    if (*known) PetscCall(fill(e, t, traced_point, U));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- fields for output ---- */

static PetscBool in_velocity(SinewEquation e, PetscInt c)
{
  return (PetscBool)(e->kernels.velocity >= 0 && c >= e->kernels.velocity && c < e->kernels.velocity + e->dim);
}

PetscErrorCode SinewEquationFields(SinewEquation e, PetscInt most, const char *names[], PetscInt *count,
                                   PetscInt *standard)
{
  PetscInt n = 0;

  PetscFunctionBeginUser;
  for (PetscInt c = 0; c < e->components && n < most; c++) {
    if (c == e->kernels.velocity)
      names[n++] = "velocity";
    else if (!in_velocity(e, c))
      names[n++] = e->primitive[c];
  }
  *standard = n;
  for (const SinewDerived *d = e->type->derived; d && d->name && n < most; d++) names[n++] = d->name;
  for (PetscInt c = 0; c < e->components && n < most; c++) {
    if (in_velocity(e, c)) names[n++] = e->primitive[c];
  }
  *count = n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What a name stands for: a primitive (>= 0), the velocity vector, or a derived field. */
typedef struct {
  PetscInt primitive;
  PetscBool vector;
  const SinewDerived *derived;
} Meaning;

static PetscErrorCode look_up(SinewEquation e, const char name[], Meaning *m)
{
  PetscBool same = PETSC_FALSE;

  PetscFunctionBeginUser;
  *m = (Meaning){-1, PETSC_FALSE, NULL};
  PetscCall(PetscStrcmp(name, "velocity", &same));
  m->vector = (PetscBool)(same && e->kernels.velocity >= 0);
  for (PetscInt c = 0; c < e->components; c++) {
    PetscCall(PetscStrcmp(name, e->primitive[c], &same));
    if (same) m->primitive = c;
  }
  for (const SinewDerived *d = e->type->derived; d && d->name; d++) {
    PetscCall(PetscStrcmp(name, d->name, &same));
    if (same) m->derived = d;
  }
  PetscCheck(m->vector || m->primitive >= 0 || m->derived, PETSC_COMM_SELF, PETSC_ERR_ARG_WRONG, "%s has no field %s",
             e->type->name, name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where the r-th line of owned cells lies. */
static SinewRow row_of_line(SinewEquation e, PetscInt r)
{
  const SinewAxis *x = SinewGridAxis(e->grid, 0), *y = SinewGridAxis(e->grid, 1), *z = SinewGridAxis(e->grid, 2);
  const PetscInt j = r % y->count, k = r / y->count;

  return (SinewRow){.i = x->start,
                    .j = y->start + j,
                    .k = z->start + k,
                    .x = x->center + x->ghosts,
                    .y = y->center[y->ghosts + j],
                    .z = z->center[z->ghosts + k]};
}

PetscErrorCode SinewEquationField(SinewEquation e, Vec U, const char name[], PetscInt *components, PetscReal values[])
{
  const PetscInt nx = SinewGridAxis(e->grid, 0)->count,
                 rows = SinewGridAxis(e->grid, 1)->count * SinewGridAxis(e->grid, 2)->count, nc = e->components;
  const PetscReal *u;
  PetscReal *memory, *in[SINEW_COMPONENTS_MAX], *out[SINEW_COMPONENTS_MAX];
  Meaning m;

  PetscFunctionBeginUser;
  PetscCall(look_up(e, name, &m));
  *components = m.vector ? 3 : 1;
  if (m.derived && e->observe) {
    PetscBool known;

    PetscCall((*e->observe)(e->observer, U, name, values, &known));
    if (known) PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (m.derived && m.derived->box) {
    PetscCall((*m.derived->box)(e, U, values));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(PetscMalloc1((size_t)(2 * nc * nx), &memory));
  for (PetscInt c = 0; c < nc; c++) {
    in[c] = memory + c * nx;
    out[c] = memory + (nc + c) * nx;
  }
  PetscCall(VecGetArrayRead(U, &u));
  for (PetscInt r = 0; r < rows; r++) {
    PetscReal *v = values + r * nx * *components;

    for (PetscInt i = 0; i < nx; i++) {
      for (PetscInt c = 0; c < nc; c++) in[c][i] = u[(r * nx + i) * nc + c];
    }
    (*e->kernels.primitive)(e->kernels.context, nx, (const PetscReal *const *)in, out);
    if (m.derived && m.derived->at) {
      const SinewRow row = row_of_line(e, r);

      (*m.derived->at)(e, &row, nx, (const PetscReal *const *)out, v);
    } else if (m.derived)
      (*m.derived->row)(e, nx, (const PetscReal *const *)out, v);
    else if (!m.vector)
      PetscCall(PetscArraycpy(v, out[m.primitive], nx));
    else
      for (PetscInt i = 0; i < nx; i++) {
        for (PetscInt d = 0; d < 3; d++) v[3 * i + d] = d < e->dim ? out[e->kernels.velocity + d][i] : 0;
      }
  }
  PetscCall(VecRestoreArrayRead(U, &u));
  PetscCall(PetscFree(memory));
  PetscFunctionReturn(PETSC_SUCCESS);
}
