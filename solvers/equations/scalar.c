#include "solvers/equations/scalar.h"

/* ---- coefficients ---- */

static PetscErrorCode take_expression(SinewCoefficient *c, SinewExpression expression, PetscBool *present)
{
  PetscBool used = PETSC_FALSE;

  PetscFunctionBeginUser;
  *present = (PetscBool)(expression != NULL);
  if (!expression) PetscFunctionReturn(PETSC_SUCCESS);
  for (const char *v = "xyzt"; *v && !used; v++) PetscCall(SinewExpressionUses(expression, *v, &used));
  PetscCall(SinewExpressionUses(expression, 't', &c->timed));
  PetscCall(SinewExpressionEvaluate(expression, 0, 0, 0, 0, &c->constant));
  c->expression = used ? expression : NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

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

PetscErrorCode SinewScalarCreate(SinewEquation e, PetscBool burgers, const SinewExpressionList *velocity,
                                 const SinewExpressionList *diffusivity, SinewExpression source, SinewScalar **scalar)
{
  SinewScalar *s;
  SinewFVKernels *k = &e->kernels;
  PetscBool present;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&s));
  s->dim = e->dim;
  s->burgers = burgers;
  s->transported = burgers;
  for (PetscInt d = 0; velocity && d < velocity->n; d++) {
    PetscCall(take_expression(&s->velocity[d], velocity->value[d], &present));
    s->transported = PETSC_TRUE;
  }
  for (PetscInt m = 0; diffusivity && m < diffusivity->n; m++) {
    PetscCall(take_expression(&s->diffusivity[m], diffusivity->value[m], &present));
    if (s->diffusivity[m].expression || s->diffusivity[m].constant != 0) s->diffused = PETSC_TRUE;
  }
  s->tensors = diffusivity ? diffusivity->n : 0;
  PetscCall(take_expression(&s->source, source, &s->sourced));
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
  }
  if (s->diffused) {
    k->diffusive_flux = SinewScalarDiffusiveFlux;
    k->diffusive_rate = SinewScalarDiffusiveRate;
  }
  if (s->sourced) k->source = SinewScalarSource;
  e->inexact = (PetscBool)(burgers || s->sourced || !constant_coefficients(s));
  *scalar = s;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* All tabulated coefficients, for loops. */
static PetscInt coefficients(SinewScalar *s, SinewCoefficient *list[])
{
  PetscInt n = 0;

  for (PetscInt d = 0; d < 3; d++) list[n++] = &s->velocity[d];
  for (PetscInt m = 0; m < SINEW_TENSOR_MAX; m++) list[n++] = &s->diffusivity[m];
  list[n++] = &s->source;
  return n;
}

#define COEFFICIENTS_MAX (4 + SINEW_TENSOR_MAX)

/* One table: at cell centres (axis < 0), or at lower faces along an axis. */
static PetscErrorCode tabulate(SinewScalar *s, SinewExpression expression, PetscInt axis, PetscReal t,
                               PetscReal table[])
{
  const SinewAxis *a[3];

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < 3; d++) a[d] = SinewGridAxis(s->grid, d);
  for (PetscInt k = 0; k < s->pitch[2]; k++) {
    for (PetscInt j = 0; j < s->pitch[1]; j++) {
      for (PetscInt i = 0; i < s->pitch[0]; i++) {
        const PetscInt at[3] = {i, j, k};
        PetscReal x[3];

        for (PetscInt d = 0; d < 3; d++) x[d] = d == axis ? a[d]->face[at[d]] : a[d]->center[at[d]];
        PetscCall(
            SinewExpressionEvaluate(expression, x[0], x[1], x[2], t, &table[(k * s->pitch[1] + j) * s->pitch[0] + i]));
      }
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode tabulate_coefficient(SinewScalar *s, SinewCoefficient *c, PetscReal t)
{
  PetscFunctionBeginUser;
  PetscCall(tabulate(s, c->expression, -1, t, c->center));
  for (PetscInt d = 0; d < s->dim; d++) PetscCall(tabulate(s, c->expression, d, t, c->face[d]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewScalarAttach(SinewEquation e, SinewGrid grid)
{
  SinewScalar *s = (SinewScalar *)e->data;
  SinewCoefficient *list[COEFFICIENTS_MAX];
  const PetscInt count = coefficients(s, list);

  PetscFunctionBeginUser;
  s->grid = grid;
  for (PetscInt d = 0; d < 3; d++) {
    const SinewAxis *a = SinewGridAxis(grid, d);

    s->first[d] = a->first;
    s->pitch[d] = a->count + 2 * a->ghosts;
  }
  for (PetscInt m = 0; m < count; m++) {
    const size_t n = (size_t)(s->pitch[0] * s->pitch[1] * s->pitch[2]);

    if (!list[m]->expression) continue;
    PetscCall(PetscMalloc1(n, &list[m]->center));
    for (PetscInt d = 0; d < s->dim; d++) PetscCall(PetscMalloc1(n, &list[m]->face[d]));
    PetscCall(tabulate_coefficient(s, list[m], 0));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewScalarPrepare(const void *context, PetscReal t)
{
  SinewScalar *s = (SinewScalar *)(uintptr_t)context;
  SinewCoefficient *list[COEFFICIENTS_MAX];
  const PetscInt count = coefficients(s, list);

  PetscFunctionBeginUser;
  for (PetscInt m = 0; m < count; m++) {
    if (list[m]->expression && list[m]->timed) PetscCall(tabulate_coefficient(s, list[m], t));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewScalarDestroy(SinewEquation e)
{
  SinewScalar *s = (SinewScalar *)e->data;
  SinewCoefficient *list[COEFFICIENTS_MAX];
  const PetscInt count = coefficients(s, list);

  PetscFunctionBeginUser;
  for (PetscInt m = 0; m < count; m++) {
    PetscCall(PetscFree(list[m]->center));
    for (PetscInt d = 0; d < 3; d++) PetscCall(PetscFree(list[m]->face[d]));
  }
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

#define REAL(Struct, member, value, text)                                                                        \
  {                                                                                                              \
    .name = #member, .type = SINEW_KEY_REAL, .offset = offsetof(Struct, member), .standard = value, .doc = text, \
    .change = SINEW_CHANGE_FROZEN                                                                                \
  }
#define REALS(Struct, member, value, text)                                                                      \
  {                                                                                                             \
    .name = #member, .type = SINEW_KEY_REALS, .offset = offsetof(Struct, member), .standard = value, .most = 3, \
    .least = 1, .doc = text, .change = SINEW_CHANGE_FROZEN                                                      \
  }
#define END      \
  {              \
    .name = NULL \
  }

typedef struct {
  PetscReal amplitude, offset, width;
  SinewRealList center, waves;
} Shape;
static const SinewKey gaussian_keys[] = {REAL(Shape, amplitude, "1", "height"),
                                         REAL(Shape, offset, "0", "added everywhere"),
                                         REAL(Shape, width, "0.1", "radius w of exp(-r^2/w^2)"),
                                         REALS(Shape, center, NULL, "centre (standard: the domain's)"), END};
static const SinewKey square_keys[] = {REAL(Shape, amplitude, "1", "height"),
                                       REAL(Shape, offset, "0", "added everywhere"),
                                       REAL(Shape, width, "0.25", "half width along each axis"),
                                       REALS(Shape, center, NULL, "centre (standard: the domain's)"), END};
static const SinewKey sine_keys[] = {REAL(Shape, amplitude, "1", "height"),
                                     REAL(Shape, offset, "0", "added everywhere"),
                                     REALS(Shape, waves, "1", "wavelengths in the domain along each axis"), END};

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
