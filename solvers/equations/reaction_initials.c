/* Initial conditions and exact solutions of reaction-diffusion equations. */
#include <string.h>

#include "io/random.h"
#include "solvers/equations/keys.h"
#include "solvers/equations/reaction.h"

static const SinewReaction *reaction(SinewEquation e)
{
  return (const SinewReaction *)e->data;
}

static PetscErrorCode need(SinewEquation e, PetscBool suits, const char name[], const char whom[])
{
  DM dm;

  PetscFunctionBeginUser;
  if (suits) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewGridGetDM(e->grid, &dm));
  SETERRQ(PetscObjectComm((PetscObject)dm), SINEW_ERR_INPUT, "initial.type: %s is there for %s", name, whom);
}

/* ---- noise ---- */
typedef struct {
  SinewRealList mean, amplitude;
  PetscInt distribution, seed;
} Noise;
static const char *const distributions[] = {"normal", "uniform", NULL};
static const SinewKey noise_keys[] = {
    {.name = "mean",
     .type = SINEW_KEY_REALS,
     .offset = offsetof(Noise, mean),
     .standard = "0",
     .least = 1,
     .most = SINEW_SPECIES_MAX,
     .doc = "one for all species, or one each",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "amplitude",
     .type = SINEW_KEY_REALS,
     .offset = offsetof(Noise, amplitude),
     .standard = "1",
     .least = 1,
     .most = SINEW_SPECIES_MAX,
     .doc = "standard deviation, or half the range",
     .change = SINEW_CHANGE_FROZEN},
    KEY_CHOICE(Noise, distribution, "normal", distributions, "of the numbers, independent in every cell"),
    KEY_INT(Noise, seed, "0", 0, 2e9, "of the numbers"),
    KEY_END};

/* A number of the bits of a place, for the index of its random numbers. */
static PetscInt place_index(const PetscReal x[3])
{
  uint64_t h = 0;

  for (int d = 0; d < 3; d++) {
    const double v = x[d] == 0 ? 0 : (double)x[d];
    uint64_t bits;

    memcpy(&bits, &v, sizeof(bits));
    h = SinewRandomMix(h ^ bits);
  }
  return (PetscInt)(h & 0x7fffffff);
}

static PetscErrorCode noise(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t, PetscReal w[])
{
  const Noise *p = (const Noise *)parameters;
  const PetscInt index = place_index(x);

  PetscFunctionBeginUser;
  (void)t;
  for (PetscInt c = 0; c < e->components; c++) {
    const PetscReal a = SinewUniform(p->seed, 2 * c, index), b = SinewUniform(p->seed, 2 * c + 1, index);
    const PetscReal number = p->distribution ? 2 * a - 1
                                             : PetscSqrtReal(-2 * PetscLogReal(1 - a)) *
                                                   PetscCosReal(2 * PETSC_PI * b); /* Box & Muller 1958 */

    w[c] = p->mean.value[PetscMin(c, p->mean.n - 1)] + p->amplitude.value[PetscMin(c, p->amplitude.n - 1)] * number;
    if (e->constrained[c]) w[c] = 0;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Gray-Scott: patches of v ---- */
typedef struct {
  PetscInt count, seed;
  PetscReal radius;
} Patches;
static const SinewKey patches_keys[] = {KEY_INT(Patches, count, "12", 1, 100000, "number of patches"),
                                        KEY_POSITIVE(Patches, radius, "0.04", "their radius"),
                                        KEY_INT(Patches, seed, "0", 0, 2e9, "of their places"), KEY_END};

/* After Pearson (1993): (u, v) = (1, 0), and (1/2, 1/4) in patches, here discs in random places. */
static PetscErrorCode patches(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t, PetscReal w[])
{
  const Patches *p = (const Patches *)parameters;
  PetscBool inside = PETSC_FALSE;

  PetscFunctionBeginUser;
  (void)t;
  PetscCall(need(e, (PetscBool)(reaction(e)->kind == SINEW_GRAY_SCOTT), "patches", "gray_scott"));
  for (PetscInt k = 0; k < p->count && !inside; k++) {
    SinewRealList center = {.n = 3};
    PetscReal d[3];

    for (PetscInt a = 0; a < 3; a++) {
      const SinewAxis *axis = SinewGridAxis(e->grid, a);

      center.value[a] = axis->lower + (axis->upper - axis->lower) * SinewUniform(p->seed, a, k);
    }
    inside = (PetscBool)(SinewEquationDisplacement(e, x, &center, d) < p->radius * p->radius);
  }
  w[0] = inside ? 0.5 : 1;
  w[1] = inside ? 0.25 : 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Fisher-KPP: a wave ---- */
typedef struct {
  PetscReal x0;
} Wave;
static const SinewKey wave_keys[] = {KEY_REAL(Wave, x0, "0", "where the front is at t = 0"), KEY_END};

/* M. Ablowitz and A. Zeppetella, Bull. Math. Biol. 41 (1979) 835: u = (1 + exp(z))^-2 with
   z = (x - x0) sqrt(r / (6 D)) - 5 r t / 6. */
static PetscErrorCode wave(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t, PetscReal w[])
{
  const SinewReaction *s = reaction(e);
  PetscReal z, root;

  PetscFunctionBeginUser;
  PetscCall(need(e, (PetscBool)(s->kind == SINEW_FISHER_KPP && s->growth > 0 && s->diffusivity[0] > 0), "wave",
                 "fisher_kpp with growth and diffusion"));
  z = (x[0] - ((const Wave *)parameters)->x0) * PetscSqrtReal(s->growth / (6 * s->diffusivity[0])) -
      5 * s->growth * t / 6;
  root = 1 / (1 + PetscExpReal(PetscMin(z, 700)));
  w[0] = root * root;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Allen-Cahn and Cahn-Hilliard: interfaces ---- */
typedef struct {
  PetscReal x0;
} Interface;
static const SinewKey interface_keys[] = {KEY_REAL(Interface, x0, "0", "where u = 0"), KEY_END};

static PetscErrorCode need_phases(SinewEquation e, const char name[])
{
  const SinewReactionKind kind = reaction(e)->kind;

  PetscFunctionBeginUser;
  PetscCall(need(e, (PetscBool)(kind == SINEW_ALLEN_CAHN || kind == SINEW_CAHN_HILLIARD), name,
                 "allen_cahn and cahn_hilliard"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The flat interface u = tanh(x / (sqrt(2) width)), at rest, mu = 0. */
static PetscErrorCode interface(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t,
                                PetscReal w[])
{
  PetscFunctionBeginUser;
  (void)t;
  PetscCall(need_phases(e, "interface"));
  w[0] = PetscTanhReal((x[0] - ((const Interface *)parameters)->x0) / (PetscSqrtReal(2) * reaction(e)->width));
  if (e->components > 1) w[1] = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef struct {
  PetscReal radius;
  SinewRealList center;
} Disc;
static const SinewKey disc_keys[] = {KEY_POSITIVE(Disc, radius, "0.25", "of the disc (ball) where u = 1"),
                                     KEY_REALS(Disc, center, NULL, "centre (standard: the domain's)"), KEY_END};

static PetscErrorCode disc(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t, PetscReal w[])
{
  const Disc *p = (const Disc *)parameters;
  PetscReal d[3];

  PetscFunctionBeginUser;
  (void)t;
  PetscCall(need_phases(e, "disc"));
  w[0] = PetscTanhReal((p->radius - PetscSqrtReal(SinewEquationDisplacement(e, x, &p->center, d))) /
                       (PetscSqrtReal(2) * reaction(e)->width));
  if (e->components > 1) w[1] = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

const SinewInitialType SinewReactionInitials[] = {
    {"noise", "random numbers in every cell", 1, 3, PETSC_FALSE, noise_keys, sizeof(Noise), noise},
    {"patches", "gray_scott: discs of v in random places", 1, 3, PETSC_FALSE, patches_keys, sizeof(Patches), patches},
    {"wave", "fisher_kpp: a travelling wave", 1, 3, PETSC_TRUE, wave_keys, sizeof(Wave), wave},
    {"interface", "allen_cahn, cahn_hilliard: a flat interface at rest", 1, 3, PETSC_TRUE, interface_keys,
     sizeof(Interface), interface},
    {"disc", "allen_cahn, cahn_hilliard: a disc of one phase", 1, 3, PETSC_FALSE, disc_keys, sizeof(Disc), disc},
    {NULL, NULL, 0, 0, PETSC_FALSE, NULL, 0, NULL}};
