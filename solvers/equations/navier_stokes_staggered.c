/*
  Incompressible flow on staggered cells (Harlow & Welch, Phys. Fluids 8, 1965): velocity_x of cell (i, j, k) lives on
  its lower x face, velocity_y on its lower y face, scalars at its centre. Second order in space, on uniform axes.

  Transport of momentum is central in divergence form, which adds no dissipation; scalars have limited linear
  reconstruction (PLM, monotonised central) and upwind fluxes, so that they make no new extremum. Terms are explicit;
  each stage of a Runge-Kutta method is projected,

    out = a A + b Y + c L(Y),   lap phi = div out,   out -= grad phi

  which keeps the order of the method in the velocities for sides that do not depend on time (half-explicit Runge-Kutta:
  Hairer, Lubich & Roche 1989; Sanderse & Koren, J. Comput. Phys. 231, 2012), and leaves no pressure to restart from.

  Sides: wall (no flow through, none held), no_slip, dirichlet and inflow (velocities as given, else 0; scalars as
  given, else no flux). Faces on a lower side are cells' own and hold the side's velocity; those on an upper side are
  ghosts.

  Per stage: two halo exchanges of the state, one of phi, and the Poisson solver's two all-to-alls.
*/
#include "io/error.h"
#include "solvers/equations/navier_stokes_faces.h"
#include "solvers/equations/navier_stokes_kernels.h"

/* ---- sides ---- */

PetscBool SinewFlowFacesOnSide(SinewFlowFaces f, PetscInt side)
{
  const SinewAxis *a = f->axis[side / 2];

  if (side / 2 >= f->dim || a->periodic) return PETSC_FALSE;
  return (PetscBool)(side % 2 ? a->start + a->count == a->cells : a->start == 0);
}

/*
  Ghosts of component c behind one side, column by column. The normal velocity sits on the side and continues by
  reflection about its value; everything else is centred half a cell inside, and continues as 2 value - mirror, or as
  the mirror image.
*/
static void fill_column(SinewFlowFaces f, PetscInt side, PetscInt c, PetscInt first, PetscInt column)
{
  const SinewAxis *a = f->axis[side / 2];
  const PetscInt step = side % 2 ? f->stride[side / 2] : -f->stride[side / 2], g = a->ghosts;
  const PetscReal *value = f->held[side][c].value;
  PetscReal *w = f->w[c];

  if (c == side / 2) {
    const PetscInt face = side % 2 ? first + step : first; /* first: the owned cell next to the side */

    w[face] = value[column];
    for (PetscInt l = 1; l <= g - side % 2; l++) w[face + l * step] = 2 * value[column] - w[face - l * step];
    return;
  }
  for (PetscInt l = 1; l <= g; l++) {
    const PetscReal mirror = w[first - (l - 1) * step];

    w[first + l * step] = value ? 2 * value[column] - mirror : mirror;
  }
}

static void fill_sides(SinewFlowFaces f, PetscInt components)
{
  for (PetscInt side = 0; side < 2 * f->dim; side++) {
    const PetscInt d = side / 2, p = d == 0 ? 1 : 0, q = d == 2 ? 1 : 2;
    const PetscInt at = f->axis[d]->ghosts + (side % 2 ? f->axis[d]->count - 1 : 0);

    if (!SinewFlowFacesOnSide(f, side)) continue;
    for (PetscInt c = 0; c < components; c++) {
      for (PetscInt column = 0; column < f->size[p] * f->size[q]; column++)
        fill_column(f, side, c,
                    at * f->stride[d] + column % f->size[p] * f->stride[p] + column / f->size[p] * f->stride[q],
                    column);
    }
  }
}

PetscErrorCode SinewFlowFacesLoad(SinewFlowFaces f, Vec U, PetscInt components)
{
  const PetscReal *u;
  Vec local;

  PetscFunctionBegin;
  PetscCall(DMGetLocalVector(f->dm, &local));
  PetscCall(DMGlobalToLocal(f->dm, U, INSERT_VALUES, local));
  PetscCall(VecGetArrayRead(local, &u));
  for (PetscInt c = 0; c < components; c++) {
    for (PetscInt i = 0; i < f->cells; i++) f->w[c][i] = u[i * f->nc + c];
  }
  PetscCall(VecRestoreArrayRead(local, &u));
  PetscCall(DMRestoreLocalVector(f->dm, &local));
  fill_sides(f, components);
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

/* Velocities on lower sides are the side's. */
static void hold_faces(SinewFlowFaces f, PetscReal out[])
{
  const PetscInt *size = f->size;

  for (PetscInt d = 0; d < f->dim; d++) {
    const PetscInt p = d == 0 ? 1 : 0, q = d == 2 ? 1 : 2;
    const PetscInt stride[3] = {1, f->axis[0]->count, f->axis[0]->count * f->axis[1]->count};

    if (!SinewFlowFacesOnSide(f, 2 * d)) continue;
    for (PetscInt k = 0; k < f->axis[q]->count; k++) {
      for (PetscInt j = 0; j < f->axis[p]->count; j++)
        out[(j * stride[p] + k * stride[q]) * f->nc + d] =
            f->held[2 * d][d].value[(k + f->axis[q]->ghosts) * size[p] + j + f->axis[p]->ghosts];
    }
  }
}

/* ---- projection ---- */

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
  PetscCall(VecRestoreArrayWrite(div, &out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Subtracts grad phi on all faces but those on physical sides. */
static PetscErrorCode subtract_gradient(SinewFlowFaces f, Vec U)
{
  const PetscInt n = f->axis[0]->count, width[3] = {n + 2, f->axis[1]->count + 2, 1};
  const PetscInt stride[3] = {1, width[0], width[0] * width[1]};
  const PetscReal *phi;
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
  PetscCall(VecRestoreArray(U, &u));
  PetscCall(VecRestoreArrayRead(local, &phi));
  PetscCall(DMRestoreLocalVector(f->scalar_dm, &local));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFlowFacesProject(SinewFlowFaces f, Vec U)
{
  PetscReal *u;

  PetscFunctionBegin;
  PetscCall(VecGetArray(U, &u));
  hold_faces(f, u);
  PetscCall(VecRestoreArray(U, &u));
  PetscCall(SinewFlowFacesLoad(f, U, f->dim));
  PetscCall(divergence(f, f->phi));
  PetscCall(SinewFastPoissonSolve(f->poisson, f->phi, f->phi));
  PetscCall(subtract_gradient(f, U));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFlowFacesStage(SinewFlowFaces f, Vec Y, PetscReal a, Vec A, PetscReal b, PetscReal c, Vec out)
{
  const PetscInt n = f->axis[0]->count, nc = f->nc;
  const PetscReal *y, *x;
  PetscReal *to;

  PetscFunctionBegin;
  PetscCall(SinewFlowFacesLoad(f, Y, nc));
  tendencies(f);
  PetscCall(VecGetArrayRead(Y, &y));
  x = y;
  if (A && A != Y) PetscCall(VecGetArrayRead(A, &x));
  PetscCall(VecGetArrayWrite(out, &to));
  for (PetscInt k = 0; k < f->axis[2]->count; k++) {
    for (PetscInt j = 0; j < f->axis[1]->count; j++) {
      const PetscInt at = SinewFlowFacesRow(f, j, k), row = (k * f->axis[1]->count + j) * n;

      for (PetscInt m = 0; m < nc; m++) {
        for (PetscInt i = 0; i < n; i++) {
          const PetscInt here = (row + i) * nc + m;

          to[here] = (A ? a * x[here] : 0) + b * y[here] + c * f->tendency[m][at + i];
        }
      }
    }
  }
  PetscCall(VecRestoreArrayWrite(out, &to));
  if (A && A != Y) PetscCall(VecRestoreArrayRead(A, &x));
  PetscCall(VecRestoreArrayRead(Y, &y));
  PetscCall(SinewFlowFacesProject(f, out));
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

/* A formula at the transverse places of a side where component c lives; x[d] is the side itself. */
static PetscErrorCode tabulate_side(SinewFlowFaces f, PetscInt side, PetscInt c, SinewExpression formula)
{
  const PetscInt d = side / 2, p = d == 0 ? 1 : 0, q = d == 2 ? 1 : 2;
  PetscReal x[3];

  PetscFunctionBegin;
  PetscCall(PetscCalloc1((size_t)(f->size[p] * f->size[q]), &f->held[side][c].value));
  if (!formula) PetscFunctionReturn(PETSC_SUCCESS);
  x[d] = side % 2 ? f->axis[d]->upper : f->axis[d]->lower;
  for (PetscInt k = 0; k < f->size[q]; k++) {
    for (PetscInt j = 0; j < f->size[p]; j++) {
      x[p] = c == p ? f->axis[p]->face[j] : f->axis[p]->center[j];
      x[q] = c == q ? f->axis[q]->face[k] : f->axis[q]->center[k];
      PetscCall(SinewExpressionEvaluate(formula, x[0], x[1], x[2], 0, &f->held[side][c].value[k * f->size[p] + j]));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_side(SinewFlowFaces f, PetscInt side, const SinewBoundaryPiece *piece)
{
  PetscFunctionBegin;
  for (PetscInt c = 0; c < f->nc; c++) {
    const PetscBool velocity = (PetscBool)(c < f->dim);

    if (piece->value[c])
      PetscCall(tabulate_side(f, side, c, piece->value[c]));
    else if (velocity && (c == side / 2 || piece->kind != SINEW_BOUNDARY_REFLECT))
      PetscCall(tabulate_side(f, side, c, NULL));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What flows through the sides must balance, or no pressure keeps the flow free of divergence. */
static PetscErrorCode check_balance(SinewFlowFaces f)
{
  const MPI_Comm comm = PetscObjectComm((PetscObject)f->dm);
  PetscReal sum[2] = {0, 0}; /* net, and without signs */

  PetscFunctionBegin;
  for (PetscInt side = 0; side < 2 * f->dim; side++) {
    const PetscInt d = side / 2, p = d == 0 ? 1 : 0, q = d == 2 ? 1 : 2;

    for (PetscInt k = 0; k < f->axis[q]->count && SinewFlowFacesOnSide(f, side); k++) {
      for (PetscInt j = 0; j < f->axis[p]->count; j++) {
        const PetscReal v =
            f->held[side][d].value[(k + f->axis[q]->ghosts) * f->size[p] + j + f->axis[p]->ghosts] * f->inverse[d];

        sum[0] += side % 2 ? v : -v;
        sum[1] += PetscAbsReal(v);
      }
    }
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sum, 2, MPIU_REAL, MPIU_SUM, comm));
  if (PetscAbsReal(sum[0]) > 1e-10 * sum[1])
    SETERRQ(comm, SINEW_ERR_INPUT,
            "grid.boundary: the flow through the sides does not balance (net %g of %g): an incompressible fluid cannot",
            (double)sum[0], (double)sum[1]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_force(SinewFlowFaces f)
{
  const SinewExpressionList *list = &f->parameters->force;

  PetscFunctionBegin;
  for (PetscInt a = 0; a < f->dim && list->n; a++) {
    PetscCall(PetscMalloc1((size_t)f->cells, &f->force[a]));
    for (PetscInt i = 0; i < f->cells; i++) {
      const PetscInt at[3] = {i % f->size[0], i / f->size[0] % f->size[1], i / f->size[0] / f->size[1]};
      PetscReal x[3];

      for (PetscInt d = 0; d < 3; d++) x[d] = a == d ? f->axis[d]->face[at[d]] : f->axis[d]->center[at[d]];
      PetscCall(SinewExpressionEvaluate(list->value[a], x[0], x[1], x[2], 0, &f->force[a][i]));
    }
  }
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
  SinewFastSide neumann[6] = {SINEW_FAST_NEUMANN};
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
  for (PetscInt side = 0; side < 2 * f->dim; side++) {
    if (!f->axis[side / 2]->periodic) PetscCall(read_side(f, side, &e->side[side].piece[0]));
  }
  PetscCall(check_balance(f));
  PetscCall(create_force(f));
  PetscCall(SinewGridCreateDM(e->grid, 1, 1, &f->scalar_dm));
  PetscCall(DMCreateGlobalVector(f->scalar_dm, &f->phi));
  PetscCall(SinewFastPoissonCreate(e->grid, neumann, &f->poisson));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFlowFacesDestroy(SinewFlowFaces *faces)
{
  SinewFlowFaces f = *faces;

  PetscFunctionBegin;
  if (!f) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt c = 0; c < f->nc; c++) {
    PetscCall(PetscFree2(f->w[c], f->tendency[c]));
    for (int side = 0; side < 6; side++) PetscCall(PetscFree(f->held[side][c].value));
  }
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
