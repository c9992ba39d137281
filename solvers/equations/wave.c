/*
  Acoustic waves in a medium at rest whose speed of sound varies:  p_t + c^2 div v = -s p,  v_t + grad p = -s v.

  Upwind fluxes take the impedances of both sides into account, so that waves are reflected and transmitted at jumps of
  c as they should be; central fluxes with `constant` reconstruction conserve the energy, the integral of (p^2 / c^2 +
  v^2) / 2, to the accuracy of the steps in time (take rk or rk104). The sponge s absorbs waves without reflecting those
  that its slow rise lets in; behind an `outflow` side upwind fluxes let waves that run straight at it leave.
*/
#include "solvers/equations/wave.h"

#include "solvers/equations/keys.h"

typedef struct {
  SinewExpression speed, sponge;
  PetscInt flux;
} Parameters;

static const char *const fluxes[] = {"upwind", "central", NULL};
static const SinewKey keys[] = {
    KEY_EXPRESSION(Parameters, speed, "1", "speed of sound c(x, y, z)"),
    KEY_EXPRESSION(Parameters, sponge, NULL, "rate s(x, y, z) at which waves are absorbed; standard: nowhere"),
    KEY_CHOICE(Parameters, flux, "upwind", fluxes, "between cells"), KEY_END};

/* ---- initial conditions and exact solutions ---- */

typedef struct {
  PetscReal amplitude, width;
  SinewRealList center;
} Pulse;
static const SinewKey pulse_keys[] = {KEY_REAL(Pulse, amplitude, "1", "height of the pressure"),
                                      KEY_POSITIVE(Pulse, width, "0.05", "radius w of exp(-r^2/w^2)"),
                                      KEY_REALS(Pulse, center, NULL, "centre (standard: the domain's)"), KEY_END};

static PetscErrorCode pulse(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t, PetscReal w[])
{
  const Pulse *p = (const Pulse *)parameters;
  PetscReal d[3];

  PetscFunctionBeginUser;
  (void)t;
  w[0] = p->amplitude * PetscExpReal(-SinewEquationDisplacement(e, x, &p->center, d) / (p->width * p->width));
  for (PetscInt k = 0; k < e->dim; k++) w[1 + k] = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A pulse that runs along x: p = v_x c = f(x - c t). */
static PetscErrorCode plane(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t, PetscReal w[])
{
  const Pulse *p = (const Pulse *)parameters;
  const PetscReal c = ((const SinewWave *)e->data)->speed.constant, moved[3] = {x[0] - c * t, x[1], x[2]};
  PetscReal d[3];

  PetscFunctionBeginUser;
  (void)SinewEquationDisplacement(e, moved, &p->center, d);
  w[0] = p->amplitude * PetscExpReal(-d[0] * d[0] / (p->width * p->width));
  w[1] = w[0] / c;
  for (PetscInt k = 1; k < e->dim; k++) w[1 + k] = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef struct {
  SinewRealList waves;
} Standing;
static const SinewKey standing_keys[] = {KEY_REALS(Standing, waves, "2", "half waves in the domain along each axis"),
                                         KEY_END};

/* An eigenmode of a closed box: p = cos(omega t) prod cos(k_d x_d); with even numbers of half waves of a periodic one.
 */
static PetscErrorCode standing(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t,
                               PetscReal w[])
{
  const Standing *p = (const Standing *)parameters;
  PetscReal k[3], phase[3], square = 0, omega;

  PetscFunctionBeginUser;
  w[0] = 1;
  for (PetscInt d = 0; d < e->dim; d++) {
    const SinewAxis *a = SinewGridAxis(e->grid, d);

    k[d] = PETSC_PI * p->waves.value[PetscMin(d, p->waves.n - 1)] / (a->upper - a->lower);
    phase[d] = k[d] * (x[d] - a->lower);
    square += k[d] * k[d];
    w[0] *= PetscCosReal(phase[d]);
  }
  omega = ((const SinewWave *)e->data)->speed.constant * PetscSqrtReal(square);
  for (PetscInt d = 0; d < e->dim; d++) {
    w[1 + d] = omega > 0 ? k[d] / omega * PetscSinReal(phase[d]) * PetscSinReal(omega * t) : 0;
    for (PetscInt o = 0; o < e->dim; o++) w[1 + d] *= o == d ? 1 : PetscCosReal(phase[o]);
  }
  w[0] *= PetscCosReal(omega * t);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const SinewInitialType initials[] = {
    {"pulse", "a pulse of pressure", 1, 3, PETSC_FALSE, pulse_keys, sizeof(Pulse), pulse},
    {"plane", "a plane pulse running along x", 1, 3, PETSC_TRUE, pulse_keys, sizeof(Pulse), plane},
    {"standing", "a standing wave of a closed box", 1, 3, PETSC_TRUE, standing_keys, sizeof(Standing), standing},
    {NULL, NULL, 0, 0, PETSC_FALSE, NULL, 0, NULL}};

/* ---- output ---- */

static void energy(SinewEquation e, const SinewRow *row, PetscInt n, const PetscReal *const w[], PetscReal value[])
{
  const SinewCoefficientLine c = SinewCoefficientInCells(&((const SinewWave *)e->data)->speed, row);

  for (PetscInt i = 0; i < n; i++) {
    const PetscReal q = w[0][i] / c.value[i * c.stride];

    value[i] = 0.5 * q * q;
    for (PetscInt d = 0; d < e->dim; d++) value[i] += 0.5 * w[1 + d][i] * w[1 + d][i];
  }
}

static void speed(SinewEquation e, const SinewRow *row, PetscInt n, const PetscReal *const w[], PetscReal value[])
{
  const SinewCoefficientLine c = SinewCoefficientInCells(&((const SinewWave *)e->data)->speed, row);

  (void)w;
  for (PetscInt i = 0; i < n; i++) value[i] = c.value[i * c.stride];
}

static const SinewDerived derived[] = {{.name = "energy", .doc = "(p^2/c^2 + v^2) / 2", .at = energy},
                                       {.name = "speed", .doc = "speed of sound c", .at = speed},
                                       {.name = NULL}};

/* ---- the equation ---- */

static PetscErrorCode check_constant_in_time(const SinewCoefficient *c, SinewDeck deck, SinewNode section,
                                             const char name[])
{
  char path[32];

  PetscFunctionBeginUser;
  if (!c->timed) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscSNPrintf(path, sizeof(path), "equation.%s", name));
  PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, section, name), path, "expected a formula in x, y, z, found t"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create(SinewEquation e, SinewDeck deck, SinewNode section)
{
  const Parameters *p = (const Parameters *)e->parameters;
  SinewFVKernels *k = &e->kernels;
  PetscBool absorbs;
  SinewWave *s;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&s));
  e->data = s;
  s->dim = e->dim;
  s->central = (PetscBool)(p->flux == 1);
  PetscCall(SinewCoefficientSet(&s->speed, p->speed, NULL));
  PetscCall(SinewCoefficientSet(&s->sponge, p->sponge, &absorbs));
  PetscCall(check_constant_in_time(&s->speed, deck, section, "speed"));
  PetscCall(check_constant_in_time(&s->sponge, deck, section, "sponge"));
  if (!s->speed.expression && !(s->speed.constant > 0))
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, section, "speed"), "equation.speed",
                               "expected a positive speed, found %g", (double)s->speed.constant));
  e->components = e->dim + 1;
  PetscCall(SinewEquationName(e, 0, "p", "p"));
  PetscCall(SinewEquationNameVector(e, 1, "velocity", "velocity"));
  e->inexact = (PetscBool)(absorbs || s->speed.expression);
  k->context = s;
  k->velocity = 1;
  k->primitive = SinewWaveCopy;
  k->conserved = SinewWaveCopy;
  k->flux = SinewWaveFlux;
  k->physical_flux = SinewWavePhysicalFlux;
  k->rate = SinewWaveRate;
  if (s->speed.expression) k->sides = SinewWaveSides;
  if (absorbs) k->source = SinewWaveSource;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode attach(SinewEquation e, SinewGrid grid)
{
  SinewWave *s = (SinewWave *)e->data;

  PetscFunctionBeginUser;
  PetscCall(SinewCoefficientTabulate(&s->speed, grid, SINEW_COEFFICIENT_CENTERS | SINEW_COEFFICIENT_WRAPPED));
  PetscCall(SinewCoefficientTabulate(&s->sponge, grid, SINEW_COEFFICIENT_CENTERS | SINEW_COEFFICIENT_WRAPPED));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(SinewEquation e)
{
  SinewWave *s = (SinewWave *)e->data;

  PetscFunctionBeginUser;
  PetscCall(SinewCoefficientClear(&s->speed));
  PetscCall(SinewCoefficientClear(&s->sponge));
  PetscCall(SinewPointwiseDestroy(&s->points));
  PetscCall(PetscFree(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const SinewEquationType SinewWaves = {
    .name = "wave",
    .doc = "acoustic waves: variable speed of sound, sponges",
    .dim_min = 1,
    .dim_max = 3,
    .keys = keys,
    .size = sizeof(Parameters),
    .create = create,
    .attach = attach,
    .destroy = destroy,
    .pointwise = SinewWavePointwise,
    .initials = initials,
    .derived = derived,
};
