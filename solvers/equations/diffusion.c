/* Diffusion of a scalar: u_t = div(D(x, t) grad u) + s, D scalar, diagonal or a full symmetric tensor. */
#include "solvers/equations/scalar.h"

typedef struct {
  SinewExpressionList diffusivity;
  SinewExpression source;
} Parameters;

#define PARAMETER(member) offsetof(Parameters, member)
static const SinewKey keys[] = {{.name = "diffusivity",
                                 .type = SINEW_KEY_EXPRESSIONS,
                                 .offset = PARAMETER(diffusivity),
                                 .standard = "1",
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
  if (n != 1 && n != e->dim && n != full)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, section, "diffusivity"), "equation.diffusivity",
                               "expected 1, %" PetscInt_FMT " or %" PetscInt_FMT " entries, found %" PetscInt_FMT,
                               e->dim, full, n));
  PetscCall(SinewScalarCreate(e, PETSC_FALSE, NULL, &p->diffusivity, p->source, &scalar));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const SinewEquationType SinewDiffusion = {
    .name = "diffusion",
    .doc = "diffusion of a scalar, constant or variable, anisotropic, with a source",
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
