/*
  Incompressible flow in two dimensions by its stream function: velocity U + (psi_y, -psi_x), evolved without pressure.
  Every function of this form is solenoidal and, where psi is constant on walls, tangential; gradients are orthogonal
  to all of them, so that least squares over stream functions is the projection of Chorin (1968) without a pressure.
*/
#include "faces_private.h"

typedef struct {
  PointwiseFaces faces; /* first: see faces_private.h */
  SinewFlowTerms p;
} Context;

typedef struct {
  SinewPointwise equation;
  Context context;
} Flow;

/* channels of the jet of psi: value, x, y, xx, xy, yy, (lap psi)_x, (lap psi)_y */
enum { PSI, PX, PY, PXX, PXY, PYY, LX, LY };

static PetscErrorCode density(const void *ctx, const SinewPoints *at, PetscReal q[], PetscReal dq[])
{
  const SinewFlowTerms *p = &((const Context *)ctx)->p;
  const PetscInt n = at->n;

  for (PetscInt k = 0; k < n; k++) {
    q[k] = p->mean[0] + at->u[PY * n + k];
    q[n + k] = p->mean[1] - at->u[PX * n + k];
  }
  for (PetscInt k = 0; dq && k < n; k++) {
    dq[PY * n + k] = 1;
    dq[(at->channels + PX) * n + k] = -1;
  }
  return PETSC_SUCCESS;
}

/* f_x = -(u u_x + v u_y), u_x = psi_xy, u_y = psi_yy; f_y = -(u v_x + v v_y), v_x = -psi_xx, v_y = -psi_xy */
static void advection(const SinewFlowTerms *p, const SinewPoints *at, PetscReal f[], PetscReal df[])
{
  const PetscInt n = at->n;
  const PetscReal *psi = at->u;
  PetscReal *dx = df, *dy = df ? df + at->channels * n : NULL;

  for (PetscInt k = 0; k < n; k++) {
    const PetscReal u = p->mean[0] + psi[PY * n + k], v = p->mean[1] - psi[PX * n + k];
    const PetscReal xx = psi[PXX * n + k], xy = psi[PXY * n + k], yy = psi[PYY * n + k];

    f[k] = -(u * xy + v * yy);
    f[n + k] = u * xx + v * xy;
    if (!df) continue;
    dx[PY * n + k] = -xy;
    dx[PX * n + k] = yy;
    dx[PXY * n + k] = -u;
    dx[PYY * n + k] = -v;
    dy[PY * n + k] = xx;
    dy[PX * n + k] = -xy;
    dy[PXX * n + k] = u;
    dy[PXY * n + k] = v;
  }
}

static PetscErrorCode rate(const void *ctx, const SinewPoints *at, PetscReal f[], PetscReal df[])
{
  const SinewFlowTerms *p = &((const Context *)ctx)->p;
  const PetscInt n = at->n;

  PetscFunctionBegin;
  advection(p, at, f, df);
  if (p->viscosity != 0) { /* lap (psi_y, -psi_x) */
    for (PetscInt k = 0; k < n; k++) {
      f[k] += p->viscosity * at->u[LY * n + k];
      f[n + k] -= p->viscosity * at->u[LX * n + k];
    }
    for (PetscInt k = 0; df && k < n; k++) {
      df[LY * n + k] = p->viscosity;
      df[(at->channels + LX) * n + k] = -p->viscosity;
    }
  }
  if (p->force) {
    PetscReal *force;

    PetscCall(PetscMalloc1((size_t)(2 * n), &force));
    PetscCall(p->force(p->ctx, at->t, n, at->x, force));
    for (PetscInt k = 0; k < 2 * n; k++) f[k] += force[k];
    PetscCall(PetscFree(force));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode observe(const void *ctx, const SinewPoints *at, PetscReal values[], PetscReal derivatives[])
{
  const PetscInt n = at->n;

  PetscFunctionBegin;
  (void)derivatives;
  PetscCall(density(ctx, at, values, NULL));
  for (PetscInt k = 0; k < n; k++) {
    values[2 * n + k] = -(at->u[PXX * n + k] + at->u[PYY * n + k]);
    values[3 * n + k] = at->u[PSI * n + k];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewPointwiseFlow(const SinewFlowTerms *parameters, SinewPointwise **equation)
{
  Flow *flow;

  PetscFunctionBegin;
  PetscCall(PetscNew(&flow));
  flow->context = (Context){.faces = {2, 1, parameters->faces, parameters->ctx}, .p = *parameters};
  flow->equation = (SinewPointwise){.name = "flow",
                                    .dim = 2,
                                    .unknowns = 1,
                                    .evolved = 2,
                                    .order = parameters->viscosity != 0 ? SINEW_JET_THIRD : SINEW_JET_HESSIAN,
                                    .density_order = SINEW_JET_GRADIENT,
                                    .projected = PETSC_TRUE,
                                    .ctx = &flow->context,
                                    .density = density,
                                    .rate = rate,
                                    .fields = 4,
                                    .field = {"velocity_x", "velocity_y", "vorticity", "stream_function"},
                                    .observe = observe};
  SinewPointwiseAddFaces(&flow->context.faces, &flow->equation);
  *equation = &flow->equation;
  PetscFunctionReturn(PETSC_SUCCESS);
}
