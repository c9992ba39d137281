#include "solvers/equations/scalar.h"
#include "solvers/equations/keys.h"

/* Constant velocity and constant diagonal diffusivity, under which Gaussians and sines keep their form. */
static PetscBool constant_coefficients(const SinewScalar *s)
{
  PetscBool constant = PETSC_TRUE;

  for (PetscInt d = 0; d < 3; d++) {
    if (s->velocity[d].expression) constant = PETSC_FALSE;
  }
  for (PetscInt m = 0; m < s->tensors; m++) {
    if (s->diffusivity[m].expression || (m >= s->dim && s->diffusivity[m].constant != 0)) constant = PETSC_FALSE;
  }
  return constant;
}

/* ---- coefficients where a moving mesh asks for them ---- */

static PetscErrorCode velocity_at(const void *context, PetscInt n, const PetscReal x[], PetscReal t,
                                  PetscReal *const velocity[3])
{
  const SinewScalar *s = (const SinewScalar *)context;

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < s->dim; d++) PetscCall(SinewCoefficientAt(&s->velocity[d], t, s->dim, n, x, velocity[d]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode diffusivity_at(const void *context, PetscInt n, const PetscReal x[], PetscReal t,
                                     PetscReal diffusivity[])
{
  const SinewScalar *s = (const SinewScalar *)context;

  PetscFunctionBeginUser;
  PetscCall(SinewCoefficientAt(&s->diffusivity[0], t, s->dim, n, x, diffusivity));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode source_at(const void *context, PetscInt n, const PetscReal x[], PetscReal t, PetscReal source[])
{
  const SinewScalar *s = (const SinewScalar *)context;

  PetscFunctionBeginUser;
  PetscCall(SinewCoefficientAt(&s->source, t, s->dim, n, x, source));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Diffusivities of several entries are left where the uniform mesh has them: those that are formulas cannot move. */
static void place(SinewEquation e, SinewScalar *s)
{
  static const PetscReal one = 1;

  for (PetscInt d = 0; d < 3; d++)
    if (s->velocity[d].expression) s->placed = PETSC_TRUE;
  if (s->placed) e->kernels.velocity_at = velocity_at;
  if (s->source.expression) e->kernels.source_at = source_at;
  if (s->tensors == 1 && s->diffused) {
    e->kernels.laplacian = s->diffusivity[0].expression ? &one : &s->diffusivity[0].constant;
    if (s->diffusivity[0].expression) e->kernels.diffusivity_at = diffusivity_at;
  }
  for (PetscInt m = 0; m < s->tensors && s->tensors > 1; m++)
    if (s->diffusivity[m].expression) e->place_dependent = PETSC_TRUE;
}

/* ---- the equation ---- */

PetscErrorCode SinewScalarCreate(SinewEquation e, PetscBool burgers, const SinewExpressionList *velocity,
                                 const SinewExpressionList *diffusivity, SinewExpression source, SinewScalar **scalar)
{
  SinewScalar *s;
  SinewFVKernels *k = &e->kernels;
  PetscBool present;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&s));
  s->equation = e;
  s->dim = e->dim;
  s->burgers = burgers;
  s->transported = burgers;
  for (PetscInt d = 0; velocity && d < velocity->n; d++) {
    PetscCall(SinewCoefficientSet(&s->velocity[d], velocity->value[d], &present));
    s->transported = PETSC_TRUE;
  }
  for (PetscInt m = 0; diffusivity && m < diffusivity->n; m++) {
    PetscCall(SinewCoefficientSet(&s->diffusivity[m], diffusivity->value[m], &present));
    if (s->diffusivity[m].expression || s->diffusivity[m].constant != 0) s->diffused = PETSC_TRUE;
  }
  s->tensors = diffusivity ? diffusivity->n : 0;
  PetscCall(SinewCoefficientSet(&s->source, source, &s->sourced));
  e->data = s;
  e->components = 1;
  PetscCall(SinewEquationName(e, 0, "u", "u"));
  e->linear_diffusion = PETSC_TRUE;
  k->context = s;
  k->primitive = SinewScalarCopy;
  k->conserved = SinewScalarCopy;
  k->prepare = SinewScalarPrepare;
  if (s->transported) {
    k->flux = burgers ? SinewBurgersGodunov : SinewScalarUpwind;
    k->physical_flux = burgers ? SinewBurgersPhysicalFlux : SinewScalarPhysicalFlux;
    k->rate = burgers ? SinewBurgersRate : SinewScalarRate;
    k->normal_speed = SinewScalarNormalSpeed;
    k->normal_flux = SinewScalarNormalFlux;
  }
  if (s->diffused) {
    k->diffusive_flux = SinewScalarDiffusiveFlux;
    k->diffusive_rate = SinewScalarDiffusiveRate;
  }
  if (s->sourced) k->source = SinewScalarSource;
  place(e, s);
  e->inexact = (PetscBool)(burgers || s->sourced || !constant_coefficients(s));
  *scalar = s;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewScalarReact(SinewEquation e, const SinewRealList *reaction)
{
  SinewScalar *s = (SinewScalar *)e->data;

  PetscFunctionBeginUser;
  PetscCall(PetscArraycpy(s->polynomial, reaction->value, reaction->n));
  for (int k = 0; k < 3; k++) {
    if (s->polynomial[k] != 0) s->reacting = s->sourced = PETSC_TRUE;
  }
  if (!s->reacting) PetscFunctionReturn(PETSC_SUCCESS);
  e->kernels.source = SinewScalarSource;
  e->source_kind = SINEW_SOURCE_MILD;
  e->inexact = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* All coefficients, for loops. */
static PetscInt coefficients(SinewScalar *s, SinewCoefficient *list[])
{
  PetscInt n = 0;

  for (PetscInt d = 0; d < 3; d++) list[n++] = &s->velocity[d];
  for (PetscInt m = 0; m < SINEW_TENSOR_MAX; m++) list[n++] = &s->diffusivity[m];
  list[n++] = &s->source;
  list[n++] = &s->reaction;
  return n;
}

#define COEFFICIENTS_MAX (5 + SINEW_TENSOR_MAX)

PetscErrorCode SinewScalarAttach(SinewEquation e, SinewGrid grid)
{
  SinewScalar *s = (SinewScalar *)e->data;
  SinewCoefficient *list[COEFFICIENTS_MAX];
  const PetscInt count = coefficients(s, list);

  PetscFunctionBeginUser;
  for (PetscInt m = 0; m < count; m++)
    PetscCall(SinewCoefficientTabulate(list[m], grid, SINEW_COEFFICIENT_CENTERS | SINEW_COEFFICIENT_FACES));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewScalarPrepare(const void *context, PetscReal t)
{
  SinewScalar *s = (SinewScalar *)(uintptr_t)context;
  SinewCoefficient *list[COEFFICIENTS_MAX];
  const PetscInt count = coefficients(s, list);

  PetscFunctionBeginUser;
  for (PetscInt m = 0; m < count && !s->equation->geometry; m++) PetscCall(SinewCoefficientUpdate(list[m], t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewScalarDestroy(SinewEquation e)
{
  SinewScalar *s = (SinewScalar *)e->data;
  SinewCoefficient *list[COEFFICIENTS_MAX];
  const PetscInt count = coefficients(s, list);

  PetscFunctionBeginUser;
  for (PetscInt m = 0; m < count; m++) PetscCall(SinewCoefficientClear(list[m]));
  PetscCall(SinewPointwiseDestroy(&s->points));
  PetscCall(PetscFree(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Constant velocity, no diffusion, no source: the solution is carried along straight lines. */
PetscErrorCode SinewScalarTrace(SinewEquation e, const PetscReal x[3], PetscReal t, PetscReal foot[3], PetscBool *known)
{
  const SinewScalar *s = (const SinewScalar *)e->data;

  PetscFunctionBeginUser;
  *known = (PetscBool)(!s->burgers && !s->diffused && !s->sourced);
  for (PetscInt d = 0; d < 3; d++) {
    if (s->velocity[d].expression) *known = PETSC_FALSE;
    foot[d] = x[d] - s->velocity[d].constant * t;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- initial conditions ---- */

typedef struct {
  PetscReal amplitude, offset, width;
  SinewRealList center, waves;
} Shape;
static const SinewKey gaussian_keys[] = {KEY_REAL(Shape, amplitude, "1", "height"),
                                         KEY_REAL(Shape, offset, "0", "added everywhere"),
                                         KEY_REAL(Shape, width, "0.1", "radius w of exp(-r^2/w^2)"),
                                         KEY_REALS(Shape, center, NULL, "centre (standard: the domain's)"), KEY_END};
static const SinewKey square_keys[] = {KEY_REAL(Shape, amplitude, "1", "height"),
                                       KEY_REAL(Shape, offset, "0", "added everywhere"),
                                       KEY_REAL(Shape, width, "0.25", "half width along each axis"),
                                       KEY_REALS(Shape, center, NULL, "centre (standard: the domain's)"), KEY_END};
static const SinewKey sine_keys[] = {
    KEY_REAL(Shape, amplitude, "1", "height"), KEY_REAL(Shape, offset, "0", "added everywhere"),
    KEY_REALS(Shape, waves, "1", "wavelengths in the domain along each axis"), KEY_END};

static PetscReal entry_constant(const SinewScalar *s, PetscInt axis)
{
  return s->tensors ? s->diffusivity[s->tensors == 1 ? 0 : axis].constant : 0;
}

/* Heat kernel: a Gaussian stays one, each axis spreading by its own diffusivity, exact while its tail is inside the
 * domain. */
static PetscErrorCode gaussian(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t,
                               PetscReal w[])
{
  const Shape *p = (const Shape *)parameters;
  const SinewScalar *s = (const SinewScalar *)e->data;
  PetscReal moved[3], d[3], exponent = 0, height = p->amplitude;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < 3; k++) moved[k] = x[k] - s->velocity[k].constant * t;
  (void)SinewEquationDisplacement(e, moved, &p->center, d);
  for (PetscInt k = 0; k < e->dim; k++) {
    const PetscReal square = p->width * p->width + 4 * entry_constant(s, k) * t;

    exponent -= d[k] * d[k] / square;
    height *= p->width / PetscSqrtReal(square);
  }
  w[0] = p->offset + height * PetscExpReal(exponent);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A product of sines over the domain: an eigenfunction, carried and damped. */
static PetscErrorCode sine(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t, PetscReal w[])
{
  const Shape *p = (const Shape *)parameters;
  const SinewScalar *s = (const SinewScalar *)e->data;
  PetscReal value = p->amplitude;

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < e->dim; d++) {
    const SinewAxis *a = SinewGridAxis(e->grid, d);
    const PetscReal k = 2 * PETSC_PI * p->waves.value[PetscMin(d, p->waves.n - 1)] / (a->upper - a->lower);

    value *= PetscSinReal(k * (x[d] - s->velocity[d].constant * t - a->lower)) *
             PetscExpReal(-entry_constant(s, d) * k * k * t);
  }
  w[0] = p->offset + value;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode square(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t, PetscReal w[])
{
  const Shape *p = (const Shape *)parameters;
  PetscReal d[3];
  PetscBool inside = PETSC_TRUE;

  PetscFunctionBeginUser;
  (void)t;
  (void)SinewEquationDisplacement(e, x, &p->center, d);
  for (PetscInt k = 0; k < e->dim; k++) {
    if (PetscAbsReal(d[k]) >= p->width) inside = PETSC_FALSE;
  }
  w[0] = p->offset + (inside ? p->amplitude : 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

const SinewInitialType SinewScalarInitials[] = {
    {"gaussian", "a Gaussian hill", 1, 3, PETSC_TRUE, gaussian_keys, sizeof(Shape), gaussian},
    {"sine", "a product of sines over the domain", 1, 3, PETSC_TRUE, sine_keys, sizeof(Shape), sine},
    {"square", "a block (interval, square, cube)", 1, 3, PETSC_FALSE, square_keys, sizeof(Shape), square},
    {NULL, NULL, 0, 0, PETSC_FALSE, NULL, 0, NULL}};
