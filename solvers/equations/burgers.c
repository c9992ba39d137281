/* Burgers' equation for a scalar: u_t + sum_d (u^2/2)_{x_d} = nu Laplace u + s. */
#include "solvers/equations/scalar.h"

typedef struct {
  SinewExpressionList viscosity;
  SinewExpression source;
} Parameters;

#define PARAMETER(member) offsetof(Parameters, member)
static const SinewKey keys[] = {{.name = "viscosity",
                                 .type = SINEW_KEY_EXPRESSIONS,
                                 .offset = PARAMETER(viscosity),
                                 .standard = "0",
                                 .least = 1,
                                 .most = 1,
                                 .doc = "viscosity nu; 0: inviscid",
                                 .change = SINEW_CHANGE_FROZEN},
                                {.name = "source",
                                 .type = SINEW_KEY_EXPRESSION,
                                 .offset = PARAMETER(source),
                                 .doc = "source s(x, y, z, t)",
                                 .change = SINEW_CHANGE_FROZEN},
                                {.name = NULL}};

static PetscErrorCode create(SinewEquation e, SinewDeck deck, SinewNode section)
{
  const Parameters *p = (const Parameters *)e->parameters;
  SinewScalar *scalar;

  PetscFunctionBeginUser;
  (void)deck;
  (void)section;
  PetscCall(SinewScalarCreate(e, PETSC_TRUE, NULL, &p->viscosity, p->source, &scalar));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const SinewEquationType SinewBurgers = {
    .name = "burgers",
    .doc = "Burgers' equation for a scalar, with viscosity and a source",
    .dim_min = 1,
    .dim_max = 3,
    .keys = keys,
    .size = sizeof(Parameters),
    .create = create,
    .attach = SinewScalarAttach,
    .destroy = SinewScalarDestroy,
    .pointwise = SinewScalarPointwise,
    .initials = SinewScalarInitials,
};
