/*
  Incompressible flow on staggered cells (Harlow & Welch, Phys. Fluids 8, 1965): velocity_x of cell (i, j, k) lives on
  its lower x face, velocity_y on its lower y face, scalars at its centre. Second order in space, on uniform axes.

  Transport of momentum is central in divergence form, which adds no dissipation; scalars have limited linear
  reconstruction (PLM, monotonised central) and upwind fluxes, so that they make no new extremum. Terms are explicit;
  each stage of a Runge-Kutta method is projected,

    out = a A + b Y + c L(Y),   lap phi = div out,   out -= grad phi

  which keeps the order of the method in the velocities for sides that do not depend on time, and order 2 for those that
  do (half-explicit Runge-Kutta: Hairer, Lubich & Roche 1989; Sanderse & Koren, J. Comput. Phys. 231, 2012), and leaves
  no pressure to restart from. Sides: navier_stokes_sides.c.

  Per stage: two halo exchanges of the state (three in those with A, where an upper side is an outflow), one of phi, the
  Poisson solver's two all-to-alls, and where velocities through sides depend on time a reduction of two numbers.
*/
#include "io/error.h"
#include "solvers/equations/navier_stokes_faces.h"
#include "solvers/equations/navier_stokes_kernels.h"

/* ---- the patch ---- */

/* The patch of `factor` times a vector. */
static PetscErrorCode load(SinewFlowFaces f, Vec U, PetscReal factor, PetscInt components)
{
  const PetscReal *u;
  Vec local;

  PetscFunctionBegin;
  PetscCall(DMGetLocalVector(f->dm, &local));
  PetscCall(DMGlobalToLocal(f->dm, U, INSERT_VALUES, local));
  PetscCall(VecGetArrayRead(local, &u));
  for (PetscInt c = 0; c < components; c++) {
    for (PetscInt i = 0; i < f->cells; i++) f->w[c][i] = factor * u[i * f->nc + c];
  }
  PetscCall(VecRestoreArrayRead(local, &u));
  PetscCall(DMRestoreLocalVector(f->dm, &local));
  SinewFlowSidesFill(f, components);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFlowFacesLoad(SinewFlowFaces f, Vec U, PetscInt components)
{
  PetscFunctionBegin;
  PetscCall(load(f, U, 1, components));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the right-hand side ---- */

static void momentum_row(SinewFlowFaces f, PetscInt a, PetscInt at, PetscReal out[])
{
  const PetscInt n = f->axis[0]->count;
  const SinewRealList *b = &f->parameters->buoyancy;

  for (PetscInt i = 0; i < n; i++) out[i] = f->force[a] ? f->force[a][at + i] : 0;
  for (PetscInt d = 0; d < f->dim; d++)
    SinewFlowMomentum(n, a == d, f->stride[a], f->stride[d], f->inverse[d], f->parameters->viscosity, f->w[a] + at,
                      f->w[d] + at, out);
  SinewFlowAdd(n, -f->parameters->drag, f->w[a] + at, out);
  if (b->n && b->value[a] != 0) SinewFlowLift(n, f->stride[a], 0.5 * b->value[a], f->w[f->dim] + at, out);
}

/* Tendency of scalar c: face values, fluxes and their differences along one axis after the other. */
static void transport_scalar(SinewFlowFaces f, PetscInt c)
{
  /* plm_mc; first order where the stepper asked for a single ghost */
  SinewReconstructRow *const reconstruct = SinewReconstructions[f->axis[0]->ghosts > 1 ? 2 : 0].row;
  const PetscInt n = f->axis[0]->count;
  const PetscReal *w = f->w[c];

  for (PetscInt d = 0; d < f->dim; d++) {
    const PetscInt s = f->stride[d], wide = d == 0;

    for (PetscInt k = -(d == 2); k <= f->axis[2]->count - (d != 2); k++) {
      for (PetscInt j = -(d == 1); j <= f->axis[1]->count - (d != 1); j++) {
        const PetscInt at = SinewFlowFacesRow(f, j, k) - wide;

        (*reconstruct)(n + 2 * wide, s, w + at, f->lower + at, f->upper + at);
      }
    }
    for (PetscInt k = 0; k <= f->axis[2]->count - (d != 2); k++) {
      for (PetscInt j = 0; j <= f->axis[1]->count - (d != 1); j++) {
        const PetscInt at = SinewFlowFacesRow(f, j, k);

        SinewFlowScalarFlux(n + wide, s, f->parameters->scalar_diffusivity * f->inverse[d], w + at, f->w[d] + at,
                            f->lower + at, f->upper + at, f->flux + at);
      }
    }
    for (PetscInt k = 0; k < f->axis[2]->count; k++) {
      for (PetscInt j = 0; j < f->axis[1]->count; j++) {
        const PetscInt at = SinewFlowFacesRow(f, j, k);

        SinewFlowScalarTendency(n, s, f->inverse[d], d, f->flux + at, f->tendency[c] + at);
      }
    }
  }
}

static void tendencies(SinewFlowFaces f)
{
  for (PetscInt a = 0; a < f->dim; a++) {
    for (PetscInt k = 0; k < f->axis[2]->count; k++) {
      for (PetscInt j = 0; j < f->axis[1]->count; j++) {
        const PetscInt at = SinewFlowFacesRow(f, j, k);

        momentum_row(f, a, at, f->tendency[a] + at);
      }
    }
  }
  for (PetscInt c = f->dim; c < f->nc; c++) transport_scalar(f, c);
}

/* ---- upper outflow sides: velocities through them, which no cell owns ---- */

/* Face of a column on its side. */
static PetscInt face_of(SinewFlowFaces f, const SinewFlowColumns *s, PetscInt column)
{
  const PetscInt cell = SinewFlowSidesCell(f, s, column);

  return s->side % 2 ? cell + s->step : cell;
}

/* The rate of change of the velocity through an upper side, but for the pressure. */
static PetscReal side_tendency(SinewFlowFaces f, const SinewFlowColumns *s, PetscInt face)
{
  const PetscInt d = s->axis[0], step = f->stride[d];
  const SinewRealList *b = &f->parameters->buoyancy;
  const PetscReal *v = f->w[d] + face;
  const PetscReal beyond = SinewFlowSidesBeyond(s->side, v[0], v[-step]), above = v[0] + beyond,
                  below = v[-step] + v[0];
  PetscReal rate = (f->force[d] ? f->force[d][face] : 0) - f->parameters->drag * v[0];

  rate += f->inverse[d] * (f->parameters->viscosity * f->inverse[d] * (beyond - 2 * v[0] + v[-step]) -
                           0.25 * (above * above - below * below));
  for (PetscInt k = 1; k < f->dim; k++) {
    const PetscInt p = s->axis[k];

    SinewFlowMomentum(1, PETSC_FALSE, step, f->stride[p], f->inverse[p], f->parameters->viscosity, v, f->w[p] + face,
                      &rate);
  }
  if (b->n && b->value[d] != 0) SinewFlowLift(1, step, 0.5 * b->value[d], f->w[f->dim] + face, &rate);
  return rate;
}

/* through = keep * through + factor * (the patch's velocity through the side) + c * (its tendency). */
static void accumulate_through(SinewFlowFaces f, PetscReal keep, PetscReal factor, PetscReal c)
{
  for (PetscInt side = 1; side < 2 * f->dim; side += 2) {
    const SinewFlowColumns s = SinewFlowSidesColumns(f, side);
    PetscReal *through = f->through[side];

    for (PetscInt column = 0; column < s.count && f->open[side] && SinewFlowFacesOnSide(f, side); column++) {
      const PetscInt face = face_of(f, &s, column);

      if (!SinewFlowSidesOwn(f, &s, column)) continue;
      through[column] = (keep != 0 ? keep * through[column] : 0) + factor * f->w[side / 2][face];
      if (c != 0) through[column] += c * side_tendency(f, &s, face);
    }
  }
}

/* Pressure times c on outflow sides, from the patch: 0, or that of fluid that has come from rest. */
static void set_outlets(SinewFlowFaces f, PetscReal c)
{
  for (PetscInt side = 0; side < 2 * f->dim; side++) {
    const SinewFlowColumns s = SinewFlowSidesColumns(f, side);

    for (PetscInt column = 0; column < s.count && f->open[side] && SinewFlowFacesOnSide(f, side); column++) {
      const PetscReal v = f->w[side / 2][face_of(f, &s, column)], in = PetscMin(0, side % 2 ? v : -v);

      f->outlet[side][column] = -0.5 * c * in * in;
    }
  }
}

/* Velocities on lower sides are the side's. */
static void hold_faces(SinewFlowFaces f, PetscReal out[])
{
  const PetscInt *size = f->size;

  for (PetscInt d = 0; d < f->dim; d++) {
    const PetscInt p = d == 0 ? 1 : 0, q = d == 2 ? 1 : 2;
    const PetscInt stride[3] = {1, f->axis[0]->count, f->axis[0]->count * f->axis[1]->count};

    if (f->open[2 * d] || !SinewFlowFacesOnSide(f, 2 * d)) continue;
    for (PetscInt k = 0; k < f->axis[q]->count; k++) {
      for (PetscInt j = 0; j < f->axis[p]->count; j++)
        out[(j * stride[p] + k * stride[q]) * f->nc + d] =
            f->held[2 * d][d].value[(k + f->axis[q]->ghosts) * size[p] + j + f->axis[p]->ghosts];
    }
  }
}

/* ---- projection ---- */

/* The places of outflow sides where the pressure is given: of their columns' last cells in a box of one component. */
static PetscInt owned_cell(SinewFlowFaces f, const SinewFlowColumns *s, PetscInt column)
{
  PetscInt at[3];

  at[s->axis[0]] = s->side % 2 ? f->axis[s->axis[0]]->count - 1 : 0;
  at[s->axis[1]] = column % f->size[s->axis[1]] - f->axis[s->axis[1]]->ghosts;
  at[s->axis[2]] = column / f->size[s->axis[1]] - f->axis[s->axis[2]]->ghosts;
  return at[0] + f->axis[0]->count * (at[1] + f->axis[1]->count * at[2]);
}

/* The divergence of the patch, less what given pressures on sides contribute to the Laplacian. */
static PetscErrorCode divergence(SinewFlowFaces f, Vec div)
{
  const PetscInt n = f->axis[0]->count;
  PetscReal *out;

  PetscFunctionBegin;
  PetscCall(VecGetArrayWrite(div, &out));
  for (PetscInt k = 0; k < f->axis[2]->count; k++) {
    for (PetscInt j = 0; j < f->axis[1]->count; j++) {
      PetscReal *row = out + (k * f->axis[1]->count + j) * n;
      const PetscInt at = SinewFlowFacesRow(f, j, k);

      for (PetscInt d = 0; d < f->dim; d++)
        SinewFlowFaceDivergence(n, d, f->stride[d], f->inverse[d], f->w[d] + at, row);
    }
  }
  for (PetscInt side = 0; side < 2 * f->dim; side++) {
    const SinewFlowColumns s = SinewFlowSidesColumns(f, side);

    for (PetscInt column = 0; column < s.count && f->open[side] && SinewFlowFacesOnSide(f, side); column++) {
      if (SinewFlowSidesOwn(f, &s, column))
        out[owned_cell(f, &s, column)] -= 2 * PetscSqr(f->inverse[side / 2]) * f->outlet[side][column];
    }
  }
  PetscCall(VecRestoreArrayWrite(div, &out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* On lower outflow sides the pressure is given half a cell from the centre. */
static void subtract_at_outlets(SinewFlowFaces f, const PetscReal phi[], PetscReal u[])
{
  for (PetscInt side = 0; side < 2 * f->dim; side += 2) {
    const SinewFlowColumns s = SinewFlowSidesColumns(f, side);

    for (PetscInt column = 0; column < s.count && f->open[side] && SinewFlowFacesOnSide(f, side); column++) {
      const PetscInt cell = owned_cell(f, &s, column);

      if (!SinewFlowSidesOwn(f, &s, column)) continue;
      u[cell * f->nc + side / 2] -= 2 * f->inverse[side / 2] * (phi[cell] - f->outlet[side][column]);
    }
  }
}

/* Subtracts grad phi on all faces but those that closed sides hold. */
static PetscErrorCode subtract_gradient(SinewFlowFaces f, Vec U)
{
  const PetscInt n = f->axis[0]->count, width[3] = {n + 2, f->axis[1]->count + 2, 1};
  const PetscInt stride[3] = {1, width[0], width[0] * width[1]};
  const PetscReal *phi, *owned;
  PetscReal *u;
  Vec local;

  PetscFunctionBegin;
  PetscCall(DMGetLocalVector(f->scalar_dm, &local));
  PetscCall(DMGlobalToLocal(f->scalar_dm, f->phi, INSERT_VALUES, local));
  PetscCall(VecGetArrayRead(local, &phi));
  PetscCall(VecGetArray(U, &u));
  for (PetscInt k = 0; k < f->axis[2]->count; k++) {
    for (PetscInt j = 0; j < f->axis[1]->count; j++) {
      const PetscReal *row = phi + 1 + (j + 1) * stride[1] + (f->dim == 3 ? (k + 1) * stride[2] : 0);
      PetscReal *to = u + (k * f->axis[1]->count + j) * n * f->nc;
      const PetscInt at[3] = {0, j, k};

      for (PetscInt d = 0; d < f->dim; d++) {
        const PetscBool held = SinewFlowFacesOnSide(f, 2 * d);
        const PetscInt begin = d == 0 && held ? 1 : 0;

        if (d > 0 && held && at[d] == 0) continue;
        for (PetscInt i = begin; i < n; i++) to[i * f->nc + d] -= f->inverse[d] * (row[i] - row[i - stride[d]]);
      }
    }
  }
  PetscCall(VecRestoreArrayRead(local, &phi));
  PetscCall(DMRestoreLocalVector(f->scalar_dm, &local));
  if (f->opened) {
    PetscCall(VecGetArrayRead(f->phi, &owned));
    subtract_at_outlets(f, owned, u);
    PetscCall(VecRestoreArrayRead(f->phi, &owned));
  }
  PetscCall(VecRestoreArray(U, &u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* U, whose velocities through upper outflow sides are `through`, becomes free of divergence. */
static PetscErrorCode project(SinewFlowFaces f, Vec U)
{
  PetscReal *u;

  PetscFunctionBegin;
  PetscCall(VecGetArray(U, &u));
  hold_faces(f, u);
  PetscCall(VecRestoreArray(U, &u));
  PetscCall(load(f, U, 1, f->dim));
  for (PetscInt side = 1; side < 2 * f->dim; side += 2) {
    const SinewFlowColumns s = SinewFlowSidesColumns(f, side);

    for (PetscInt column = 0; column < s.count && f->open[side] && SinewFlowFacesOnSide(f, side); column++) {
      if (SinewFlowSidesOwn(f, &s, column)) f->w[side / 2][face_of(f, &s, column)] = f->through[side][column];
    }
  }
  PetscCall(divergence(f, f->phi));
  PetscCall(SinewFastPoissonSolve(f->poisson, f->phi, f->phi));
  PetscCall(subtract_gradient(f, U));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Nothing is known of the flow through upper outflow sides: it is what comes to them. */
PetscErrorCode SinewFlowFacesProject(SinewFlowFaces f, Vec U)
{
  PetscFunctionBegin;
  if (f->opened) {
    PetscCall(load(f, U, 1, f->dim));
    for (PetscInt side = 0; side < 2 * f->dim; side++) {
      const SinewFlowColumns s = SinewFlowSidesColumns(f, side);

      for (PetscInt column = 0; column < s.count && f->open[side]; column++) {
        f->outlet[side][column] = 0;
        f->through[side][column] = f->w[side / 2][SinewFlowSidesCell(f, &s, column)];
      }
    }
  }
  PetscCall(project(f, U));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- stages ---- */

/* The force at the faces, row by row. */
static PetscErrorCode evaluate_force(SinewFlowFaces f, PetscReal t)
{
  const PetscInt n = f->size[0];
  PetscReal *y, *z;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2((size_t)n, &y, (size_t)n, &z));
  for (PetscInt a = 0; a < f->dim; a++) {
    const PetscReal *x[3];

    for (PetscInt d = 0; d < 3; d++) x[d] = a == d ? f->axis[d]->face : f->axis[d]->center;
    for (PetscInt row = 0; row < f->size[1] * f->size[2]; row++) {
      for (PetscInt i = 0; i < n; i++) {
        y[i] = x[1][row % f->size[1]];
        z[i] = x[2][row / f->size[1]];
      }
      PetscCall(SinewExpressionEvaluateRow(f->parameters->force.value[a], n, x[0], y, z, t, f->force[a] + row * n));
    }
  }
  PetscCall(PetscFree2(y, z));
  f->force_time = t;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFlowFacesForce(SinewFlowFaces f, PetscReal t)
{
  PetscFunctionBegin;
  if (f->forced && t != f->force_time) PetscCall(evaluate_force(f, t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  What flows through upper outflow sides after a stage. A is a combination of states of weight (1 - b) / a, together at
  the time that makes the result's time `to`.
*/
static PetscErrorCode begin_through(SinewFlowFaces f, PetscReal t, PetscReal to, PetscReal a, Vec A, PetscReal b,
                                    PetscReal c)
{
  PetscFunctionBegin;
  if (!f->opened_above) PetscFunctionReturn(PETSC_SUCCESS);
  if (!A || b == 1) {
    accumulate_through(f, 0, 0, 0);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(SinewFlowSidesEnter(f, (to - b * t - c) / (1 - b)));
  PetscCall(load(f, A, a / (1 - b), f->dim));
  accumulate_through(f, 0, 1 - b, 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFlowFacesStage(SinewFlowFaces f, PetscReal t, PetscReal to, Vec Y, PetscReal a, Vec A, PetscReal b,
                                   PetscReal c, Vec out)
{
  const PetscInt n = f->axis[0]->count, nc = f->nc;
  const PetscReal *y, *x;
  PetscReal *u;

  PetscFunctionBegin;
  PetscCall(begin_through(f, t, to, a, A, b, c));
  PetscCall(SinewFlowSidesEnter(f, t));
  PetscCall(SinewFlowFacesForce(f, t));
  PetscCall(SinewFlowFacesLoad(f, Y, nc));
  accumulate_through(f, 1, b, c);
  set_outlets(f, c);
  tendencies(f);
  PetscCall(VecGetArrayRead(Y, &y));
  x = y;
  if (A && A != Y) PetscCall(VecGetArrayRead(A, &x));
  PetscCall(VecGetArrayWrite(out, &u));
  for (PetscInt k = 0; k < f->axis[2]->count; k++) {
    for (PetscInt j = 0; j < f->axis[1]->count; j++) {
      const PetscInt at = SinewFlowFacesRow(f, j, k), row = (k * f->axis[1]->count + j) * n;

      for (PetscInt m = 0; m < nc; m++) {
        for (PetscInt i = 0; i < n; i++) {
          const PetscInt here = (row + i) * nc + m;

          u[here] = (A ? a * x[here] : 0) + b * y[here] + c * f->tendency[m][at + i];
        }
      }
    }
  }
  PetscCall(VecRestoreArrayWrite(out, &u));
  if (A && A != Y) PetscCall(VecRestoreArrayRead(A, &x));
  PetscCall(VecRestoreArrayRead(Y, &y));
  PetscCall(SinewFlowSidesEnter(f, to));
  PetscCall(project(f, out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* dv/dx - du/dy at the cells' lower corners; in 3D the length of the vector of the three lower edges. */
PetscErrorCode SinewFlowFacesVorticity(SinewFlowFaces f, Vec U, PetscReal value[])
{
  const PetscInt n = f->axis[0]->count, parts = f->dim == 2 ? 1 : 3;

  PetscFunctionBegin;
  PetscCall(SinewFlowFacesLoad(f, U, f->dim));
  for (PetscInt row = 0; row < f->axis[1]->count * f->axis[2]->count; row++) {
    const PetscInt at = SinewFlowFacesRow(f, row % f->axis[1]->count, row / f->axis[1]->count);

    for (PetscInt i = at; i < at + n; i++) {
      PetscReal sum = 0, w = 0;

      for (PetscInt p = 0; p < parts; p++) {
        const PetscInt d = p, e = (p + 1) % 3;

        w = f->inverse[d] * (f->w[e][i] - f->w[e][i - f->stride[d]]) -
            f->inverse[e] * (f->w[d][i] - f->w[d][i - f->stride[e]]);
        sum += w * w;
      }
      value[row * n + i - at] = parts == 1 ? w : PetscSqrtReal(sum);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- set-up ---- */

static PetscErrorCode create_force(SinewFlowFaces f)
{
  const SinewExpressionList *list = &f->parameters->force;

  PetscFunctionBegin;
  if (!list->n) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt a = 0; a < f->dim; a++) {
    PetscBool timed;

    PetscCall(PetscMalloc1((size_t)f->cells, &f->force[a]));
    PetscCall(SinewExpressionUses(list->value[a], 't', &timed));
    if (timed) f->forced = PETSC_TRUE;
  }
  PetscCall(evaluate_force(f, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode allocate(SinewFlowFaces f)
{
  PetscFunctionBegin;
  for (PetscInt d = 0; d < 3; d++) {
    f->axis[d] = SinewGridAxis(f->e->grid, d);
    f->size[d] = f->axis[d]->count + 2 * f->axis[d]->ghosts;
    f->stride[d] = d == 0 ? 1 : f->stride[d - 1] * f->size[d - 1];
    f->inverse[d] = f->axis[d]->inverse[0];
  }
  f->cells = f->size[0] * f->size[1] * f->size[2];
  for (PetscInt c = 0; c < f->nc; c++)
    PetscCall(PetscCalloc2((size_t)f->cells, &f->w[c], (size_t)f->cells, &f->tendency[c]));
  PetscCall(PetscMalloc3((size_t)f->cells, &f->lower, (size_t)f->cells, &f->upper, (size_t)f->cells, &f->flux));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFlowFacesCreate(SinewEquation e, SinewFlowFaces *faces)
{
  SinewFastSide pressure[6];
  SinewFlowFaces f;

  PetscFunctionBegin;
  PetscCall(PetscNew(&f));
  *faces = f;
  f->e = e;
  f->parameters = (const SinewFlowParameters *)e->parameters;
  f->dim = e->dim;
  f->nc = e->components;
  PetscCall(SinewGridGetDM(e->grid, &f->dm));
  PetscCall(allocate(f));
  PetscCall(SinewFlowSidesCreate(f));
  for (int side = 0; side < 6; side++) pressure[side] = f->open[side] ? SINEW_FAST_DIRICHLET : SINEW_FAST_NEUMANN;
  PetscCall(create_force(f));
  PetscCall(SinewGridCreateDM(e->grid, 1, 1, &f->scalar_dm));
  PetscCall(DMCreateGlobalVector(f->scalar_dm, &f->phi));
  PetscCall(SinewFastPoissonCreate(e->grid, pressure, &f->poisson));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFlowFacesDestroy(SinewFlowFaces *faces)
{
  SinewFlowFaces f = *faces;

  PetscFunctionBegin;
  if (!f) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt c = 0; c < f->nc; c++) PetscCall(PetscFree2(f->w[c], f->tendency[c]));
  PetscCall(SinewFlowSidesDestroy(f));
  PetscCall(PetscFree3(f->lower, f->upper, f->flux));
  for (int d = 0; d < 3; d++) PetscCall(PetscFree(f->force[d]));
  PetscCall(SinewFastPoissonDestroy(&f->poisson));
  PetscCall(SinewInterpolationDestroy(&f->feet));
  PetscCall(VecDestroy(&f->phi));
  PetscCall(DMDestroy(&f->scalar_dm));
  PetscCall(PetscFree(f));
  *faces = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}
