/* Advection (and diffusion) of a scalar by a prescribed velocity: u_t + div(a(x, t) u) = div(D grad u) + s. */
#include "solvers/equations/scalar.h"

typedef struct {
  SinewExpressionList velocity, diffusivity;
  SinewExpression source;
} Parameters;

#define PARAMETER(member) offsetof(Parameters, member)
static const SinewKey keys[] = {{.name = "velocity",
                                 .type = SINEW_KEY_EXPRESSIONS,
                                 .offset = PARAMETER(velocity),
                                 .standard = "1",
                                 .least = 1,
                                 .most = 3,
                                 .doc = "velocity, a number or formula in x, y, z, t an axis",
                                 .change = SINEW_CHANGE_FROZEN},
                                {.name = "diffusivity",
                                 .type = SINEW_KEY_EXPRESSIONS,
                                 .offset = PARAMETER(diffusivity),
                                 .standard = "0",
                                 .least = 1,
                                 .most = 6,
                                 .doc = "D: one entry, the diagonal, or xx, yy, zz, xy, xz, yz (of the axes in use)",
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
  const PetscInt full = e->dim * (e->dim + 1) / 2, n = p->diffusivity.n;
  SinewScalar *scalar;

  PetscFunctionBeginUser;
  if (p->velocity.n != e->dim)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, section, "velocity"), "equation.velocity",
                               "expected %" PetscInt_FMT " entries, found %" PetscInt_FMT, e->dim, p->velocity.n));
  if (n != 1 && n != e->dim && n != full)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, section, "diffusivity"), "equation.diffusivity",
                               "expected 1, %" PetscInt_FMT " or %" PetscInt_FMT " entries, found %" PetscInt_FMT,
                               e->dim, full, n));
  PetscCall(SinewScalarCreate(e, PETSC_FALSE, &p->velocity, &p->diffusivity, p->source, &scalar));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const SinewEquationType SinewAdvection = {
    .name = "advection",
    .doc = "a scalar carried by a prescribed velocity, with diffusion and a source",
    .dim_min = 1,
    .dim_max = 3,
    .keys = keys,
    .size = sizeof(Parameters),
    .create = create,
    .attach = SinewScalarAttach,
    .destroy = SinewScalarDestroy,
    .pointwise = SinewScalarPointwise,
    .trace = SinewScalarTrace,
    .initials = SinewScalarInitials,
};
