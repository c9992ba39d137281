/*
  Steady states: -div(D grad u) + a u = s, that is Poisson's equation (D = 1, a = 0), Helmholtz's (a a number of either
  sign) and diffusion in uneven media. As u_t = div(D grad u) - a u + s it is for `stepper: {type: steady}`, and for the
  others, which approach the same state in time where a >= 0.
*/
#include "solvers/equations/keys.h"
#include "solvers/equations/scalar.h"

typedef struct {
  SinewExpressionList diffusivity;
  SinewExpression source, reaction;
} Parameters;

static const SinewKey keys[] = {
    KEY_EXPRESSIONS(Parameters, diffusivity, "1", 6,
                    "D: one entry, the diagonal, or xx, yy, zz, xy, xz, yz (of the axes in use)"),
    KEY_EXPRESSION(Parameters, reaction, "0", "a(x, y, z)"), KEY_EXPRESSION(Parameters, source, "0", "s(x, y, z)"),
    KEY_END};

typedef struct {
  SinewExpression u;
} Solution;
static const SinewKey solution_keys[] = {{.name = "u",
                                          .type = SINEW_KEY_EXPRESSION,
                                          .offset = offsetof(Solution, u),
                                          .required = PETSC_TRUE,
                                          .doc = "the solution",
                                          .change = SINEW_CHANGE_FROZEN},
                                         KEY_END};

static PetscErrorCode zero(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t, PetscReal w[])
{
  PetscFunctionBeginUser;
  (void)e;
  (void)parameters;
  (void)x;
  (void)t;
  w[0] = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The guess is zero; afterwards the formula is what errors are measured against. */
static PetscErrorCode solution(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t,
                               PetscReal w[])
{
  PetscFunctionBeginUser;
  (void)e;
  w[0] = 0;
  if (t > 0) PetscCall(SinewExpressionEvaluate(((const Solution *)parameters)->u, x[0], x[1], x[2], t, &w[0]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const SinewInitialType initials[] = {{"zero", "guess 0", 1, 3, PETSC_FALSE, NULL, 0, zero},
                                            {"solution", "guess 0; the formula is the solution, for errors", 1, 3,
                                             PETSC_TRUE, solution_keys, sizeof(Solution), solution},
                                            {NULL, NULL, 0, 0, PETSC_FALSE, NULL, 0, NULL}};

static PetscErrorCode create(SinewEquation e, SinewDeck deck, SinewNode section)
{
  const Parameters *p = (const Parameters *)e->parameters;
  const PetscInt full = e->dim * (e->dim + 1) / 2, n = p->diffusivity.n;
  SinewScalar *s;
  PetscBool present;

  PetscFunctionBeginUser;
  if (n != 1 && n != e->dim && n != full)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, section, "diffusivity"), "equation.diffusivity",
                               "expected 1, %" PetscInt_FMT " or %" PetscInt_FMT " entries, found %" PetscInt_FMT,
                               e->dim, full, n));
  PetscCall(SinewScalarCreate(e, PETSC_FALSE, NULL, &p->diffusivity, p->source, &s));
  PetscCall(SinewCoefficientSet(&s->reaction, p->reaction, &present));
  e->kernels.source_at = NULL; /* the source below has it, on meshes at rest */
  e->place_dependent = (PetscBool)(s->source.expression || s->reaction.expression || e->place_dependent);
  if (!s->diffused)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, section, "diffusivity"), "equation.diffusivity",
                               "expected diffusion, found none"));
  e->kernels.source = SinewScalarReactionSource;
  e->source_kind = SINEW_SOURCE_STIFF;
  e->linear_source = PETSC_TRUE;
  e->inexact = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

const SinewEquationType SinewElliptic = {
    .name = "elliptic",
    .doc = "steady diffusion: Poisson, Helmholtz, uneven and anisotropic media",
    .dim_min = 1,
    .dim_max = 3,
    .keys = keys,
    .size = sizeof(Parameters),
    .steady = PETSC_TRUE,
    .create = create,
    .attach = SinewScalarAttach,
    .destroy = SinewScalarDestroy,
    .pointwise = SinewScalarPointwise,
    .initials = initials,
};
