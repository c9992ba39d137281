/* Incompressible flow in two dimensions at points, through a stream function (solvers/pointwise/flow.c). */
#include "solvers/equations/navier_stokes.h"

static PetscErrorCode force(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal values[])
{
  const SinewFlowParameters *p = (const SinewFlowParameters *)ctx;

  PetscFunctionBeginUser;
  for (int c = 0; c < 2; c++) {
    for (PetscInt i = 0; i < n; i++)
      PetscCall(SinewExpressionEvaluate(p->force.value[c], x[2 * i], x[2 * i + 1], 0, t, &values[c * n + i]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_face(SinewEquation e, SinewDeck deck, const SinewDomain *domain, PetscInt face)
{
  const SinewFlowParameters *p = (const SinewFlowParameters *)e->parameters;
  const SinewBoundarySide *side = &domain->side[face];
  const SinewNode boundary = SinewNodeGet(deck, SinewNodeGet(deck, SinewDeckRoot(deck), "grid"), "boundary");
  static const char *const axis[] = {"x", "y"};
  char path[64];

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(path, sizeof(path), "grid.boundary.%s", axis[face / 2]));
  if (side->pieces != 1 || side->piece[0].kind != SINEW_BOUNDARY_REFLECT)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, boundary, axis[face / 2]), path,
                               "insr does navier_stokes between periodic sides and slip walls: expected periodic or "
                               "wall"));
  else if (p->mean.value[face / 2] != 0)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, boundary, axis[face / 2]), path,
                               "equation.mean goes through this wall: expected 0 along %s, found %g", axis[face / 2],
                               (double)p->mean.value[face / 2]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFlowPointwise(SinewEquation e, SinewDeck deck, const SinewDomain *domain, SinewPointwise *p,
                                  PetscBool zero[6])
{
  const SinewFlowParameters *parameters = (const SinewFlowParameters *)e->parameters;
  SinewFlowData *data = (SinewFlowData *)e->data;
  SinewFlowTerms flow = {.viscosity = parameters->viscosity,
                         .mean = {parameters->mean.value[0], parameters->mean.value[1]},
                         .force = parameters->force.n ? force : NULL,
                         .ctx = parameters};

  PetscFunctionBeginUser;
  if (data->cells_only) {
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, SinewDeckRoot(deck), "equation"), "equation",
                               "insr does navier_stokes in 2 dimensions, without scalars, drag, hyperviscosity and "
                               "stirring"));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (PetscInt face = 0; face < 4; face++) {
    if (domain->periodic[face / 2]) continue;
    zero[face] = PETSC_TRUE; /* of the stream function: no flow through the wall */
    if (face % 2 == 0) PetscCall(check_face(e, deck, domain, face));
  }
  PetscCall(SinewPointwiseFlow(&flow, &data->points));
  *p = *data->points;
  p->name = e->type->name;
  PetscFunctionReturn(PETSC_SUCCESS);
}
