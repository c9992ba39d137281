/*
  Incompressible flow at points, for the stepper insr: in two dimensions, through a stream function, in a frame where
  `mean` is the velocity's mean (solvers/pointwise.h).
*/
#include "solvers/equations/navier_stokes.h"
#include "solvers/pointwise.h"

static PetscErrorCode force(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal values[])
{
  const SinewFlowParameters *p = (const SinewFlowParameters *)ctx;

  PetscFunctionBeginUser;
  for (int c = 0; c < 2; c++) {
    for (PetscInt i = 0; i < n; i++)
      PetscCall(SinewExpressionEvaluate(p->forcing.value[c], x[2 * i], x[2 * i + 1], 0, t, &values[c * n + i]));
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

/* What the stream function cannot say. */
static PetscErrorCode check_terms(SinewEquation e, SinewDeck deck)
{
  const SinewFlowParameters *p = (const SinewFlowParameters *)e->parameters;
  const SinewNode section = SinewNodeGet(deck, SinewDeckRoot(deck), "equation");
  const struct {
    const char *key;
    PetscBool given;
  } terms[] = {{"scalars", (PetscBool)(p->scalars.n > 0)},
               {"drag", (PetscBool)(p->drag > 0)},
               {"hyperviscosity", (PetscBool)(p->hyperviscosity > 0)},
               {"stirring", (PetscBool)(p->stirring.power > 0)}};

  PetscFunctionBeginUser;
  for (size_t k = 0; k < sizeof(terms) / sizeof(terms[0]); k++) {
    char path[64];

    if (!terms[k].given) continue;
    PetscCall(PetscSNPrintf(path, sizeof(path), "equation.%s", terms[k].key));
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, section, terms[k].key), path, "not with stepper.type insr"));
  }
  if (e->dim != 2)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, section, "type"), "equation.type",
                               "insr does navier_stokes in two dimensions, by a stream function"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewFlowPointwise(SinewEquation e, SinewDeck deck, const SinewDomain *domain, SinewPointwise *p,
                                  PetscBool zero[6])
{
  const SinewFlowParameters *parameters = (const SinewFlowParameters *)e->parameters;
  SinewFlow *data = (SinewFlow *)e->data;
  SinewFlowTerms flow = {.viscosity = parameters->viscosity,
                         .mean = {parameters->mean.value[0], parameters->mean.value[1]},
                         .force = parameters->forcing.n ? force : NULL,
                         .ctx = parameters};

  PetscFunctionBeginUser;
  PetscCall(check_terms(e, deck));
  if (e->dim != 2) PetscFunctionReturn(PETSC_SUCCESS);
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
