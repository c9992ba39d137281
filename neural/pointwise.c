#include "pointwise.h"
#include "../io/error.h"

/* q = u: every unknown's channel 0. */
static void identity(const SinewPointwise *e, const SinewPoints *at, PetscReal q[], PetscReal dq[])
{
  const PetscInt n = at->n;

  for (PetscInt k = 0; k < e->unknowns; k++) {
    for (PetscInt p = 0; p < n; p++) q[k * n + p] = at->u[k * at->channels * n + p];
    for (PetscInt p = 0; dq && p < n; p++) dq[(k * e->unknowns + k) * at->channels * n + p] = 1;
  }
}

PetscErrorCode SinewPointwiseDensity(const SinewPointwise *e, const SinewPoints *at, PetscReal q[], PetscReal dq[])
{
  PetscFunctionBegin;
  if (e->density)
    PetscCall(e->density(e->ctx, at, q, dq));
  else
    identity(e, at, q, dq);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscBool SinewPointwiseVariational(const SinewPointwise *e)
{
  return (PetscBool)(e->step || e->potential);
}

/* Whether the layout of channels `a` begins that of `b`. */
static PetscBool prefix(PetscInt dim, SinewJetOrder a, SinewJetOrder b)
{
  if (a == SINEW_JET_LAPLACIAN && b > a && dim > 1) return PETSC_FALSE;
  return (PetscBool)(a <= b);
}

static PetscErrorCode check_faces(const SinewPointwise *e)
{
  PetscFunctionBegin;
  PetscCheck(e->faces >= 0 && e->faces <= SINEW_POINTWISE_FACES_MAX, PETSC_COMM_SELF, SINEW_ERR_INPUT,
             "%s: %" PetscInt_FMT " conditions on faces, at most %d are possible", e->name, e->faces,
             SINEW_POINTWISE_FACES_MAX);
  for (PetscInt k = 0; k < e->faces; k++) {
    const SinewPointwiseFace *face = &e->face[k];

    PetscCheck(face->axis >= 0 && face->axis < e->dim && (face->side == 0 || face->side == 1), PETSC_COMM_SELF,
               SINEW_ERR_INPUT, "%s: a condition on side %" PetscInt_FMT " of axis %" PetscInt_FMT, e->name, face->side,
               face->axis);
    PetscCheck(!e->potential || face->potential, PETSC_COMM_SELF, SINEW_ERR_INPUT,
               "%s: a condition on a face without a potential, which the equation has", e->name);
    PetscCheck(face->rows >= 1 && face->residual && face->weight > 0, PETSC_COMM_SELF, SINEW_ERR_INPUT,
               "%s: a condition on a face needs rows, a residual and a positive weight", e->name);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewPointwiseCheck(const SinewPointwise *e)
{
  PetscFunctionBegin;
  PetscCheck(e->dim >= 1 && e->dim <= SINEW_JET_DIM_MAX, PETSC_COMM_SELF, SINEW_ERR_INPUT,
             "%s: 1 to %d coordinates, not %" PetscInt_FMT, e->name, SINEW_JET_DIM_MAX, e->dim);
  PetscCheck(e->unknowns >= 1 && e->evolved >= 1 && (e->density || e->steady || e->evolved == e->unknowns),
             PETSC_COMM_SELF, SINEW_ERR_INPUT,
             "%s: %" PetscInt_FMT " evolved quantities from %" PetscInt_FMT " unknowns need a density", e->name,
             e->evolved, e->unknowns);
  PetscCheck(e->rate || (SinewPointwiseVariational(e) && e->step_rows > 0), PETSC_COMM_SELF, SINEW_ERR_INPUT,
             "%s: the rate is missing, or what a step makes small", e->name);
  PetscCheck(e->integrals >= 0 && e->integrals <= SINEW_POINTWISE_INTEGRALS_MAX && (!e->integrals || e->integrand),
             PETSC_COMM_SELF, SINEW_ERR_INPUT, "%s: %" PetscInt_FMT " integrals, of 0 to %d, and their integrand",
             e->name, e->integrals, SINEW_POINTWISE_INTEGRALS_MAX);
  PetscCheck(prefix(e->dim, e->density_order, e->order), PETSC_COMM_SELF, SINEW_ERR_INPUT,
             "%s: the density's jets are not among the rate's", e->name);
  PetscCheck(!e->second || prefix(e->dim, e->order, e->second_order), PETSC_COMM_SELF, SINEW_ERR_INPUT,
             "%s: the rate's jets are not among those of its second derivative", e->name);
  PetscCheck(e->fields >= 0 && e->fields <= SINEW_POINTWISE_FIELDS_MAX && (!e->fields || e->observe), PETSC_COMM_SELF,
             SINEW_ERR_INPUT, "%s: %" PetscInt_FMT " fields, of 0 to %d, and a function that observes them", e->name,
             e->fields, SINEW_POINTWISE_FIELDS_MAX);
  PetscCall(check_faces(e));
  PetscFunctionReturn(PETSC_SUCCESS);
}
