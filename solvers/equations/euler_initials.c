/* Initial conditions and exact solutions of the Euler equations; each with its source. */
#include "solvers/equations/euler_random.h"
#include "solvers/equations/keys.h"

static PetscReal gamma_of(SinewEquation e)
{
  return ((const SinewEulerParameters *)e->parameters)->gamma;
}

/* Density, velocity, pressure; scalars zero. */
static void set(SinewEquation e, PetscReal rho, PetscReal u, PetscReal v, PetscReal vz, PetscReal p, PetscReal w[])
{
  const PetscReal velocity[3] = {u, v, vz};

  w[0] = rho;
  for (PetscInt d = 0; d < e->dim; d++) w[1 + d] = velocity[d];
  w[e->dim + 1] = p;
  for (PetscInt c = e->dim + 2; c < e->components; c++) w[c] = 0;
}

/* ---- Riemann problems along x ---- */
typedef struct {
  PetscReal x0;
} Shock;
static const SinewKey sod_keys[] = {KEY_REAL(Shock, x0, "0.5", "position of the membrane"), KEY_END};
static const SinewKey lax_keys[] = {KEY_REAL(Shock, x0, "0.5", "position of the membrane"), KEY_END};
static const SinewKey shu_keys[] = {KEY_REAL(Shock, x0, "-4", "position of the shock"), KEY_END};

static void riemann(SinewEquation e, PetscReal x, PetscReal t, SinewRiemannState l, SinewRiemannState r, PetscReal w[])
{
  const SinewRiemannState s = t > 0 ? SinewExactRiemann(gamma_of(e), l, r, x / t) : x < 0 ? l : r;

  set(e, s.rho, s.u, 0, 0, s.p, w);
}

static PetscErrorCode sod(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t, PetscReal w[])
{
  PetscFunctionBeginUser;
  riemann(e, x[0] - ((const Shock *)parameters)->x0, t, (SinewRiemannState){1, 0, 1},
          (SinewRiemannState){0.125, 0, 0.1}, w);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode lax(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t, PetscReal w[])
{
  PetscFunctionBeginUser;
  riemann(e, x[0] - ((const Shock *)parameters)->x0, t, (SinewRiemannState){0.445, 0.698, 3.528},
          (SinewRiemannState){0.5, 0, 0.571}, w);
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef struct {
  PetscReal x0;
  SinewRealList left, right;
} Riemann;
static const SinewKey riemann_keys[] = {KEY_REAL(Riemann, x0, "0", "position of the membrane"),
                                        {.name = "left",
                                         .type = SINEW_KEY_REALS,
                                         .offset = offsetof(Riemann, left),
                                         .standard = "[1, 0, 1]",
                                         .least = 3,
                                         .most = 3,
                                         .doc = "rho, velocity_x, p on the left",
                                         .change = SINEW_CHANGE_FROZEN},
                                        {.name = "right",
                                         .type = SINEW_KEY_REALS,
                                         .offset = offsetof(Riemann, right),
                                         .standard = "[0.125, 0, 0.1]",
                                         .least = 3,
                                         .most = 3,
                                         .doc = "rho, velocity_x, p on the right",
                                         .change = SINEW_CHANGE_FROZEN},
                                        KEY_END};

static PetscErrorCode any_riemann(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t,
                                  PetscReal w[])
{
  const Riemann *p = (const Riemann *)parameters;

  PetscFunctionBeginUser;
  riemann(e, x[0] - p->x0, t, (SinewRiemannState){p->left.value[0], p->left.value[1], p->left.value[2]},
          (SinewRiemannState){p->right.value[0], p->right.value[1], p->right.value[2]}, w);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Shu & Osher (1989), example 8: a Mach 3 shock runs into density waves. Domain [-5, 5], t = 1.8. */
static PetscErrorCode shu_osher(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t,
                                PetscReal w[])
{
  PetscFunctionBeginUser;
  (void)t;
  if (x[0] < ((const Shock *)parameters)->x0)
    set(e, 3.857143, 2.629369, 0, 0, 10.33333, w);
  else
    set(e, 1 + 0.2 * PetscSinReal(5 * x[0]), 0, 0, 0, 1, w);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- smooth flows ---- */
typedef struct {
  PetscReal strength;
  SinewRealList velocity, center;
} Vortex;
static const SinewKey vortex_keys[] = {KEY_REAL(Vortex, strength, "5", "circulation beta"),
                                       KEY_REALS(Vortex, velocity, "[1, 1]", "velocity of the mean flow"),
                                       KEY_REALS(Vortex, center, NULL, "centre at t = 0 (standard: the domain's)"),
                                       KEY_END};

/* Isentropic vortex (Shu 1998): carried unchanged by the mean flow. Periodic domain of length 10, then its tail is
 * 1e-11. */
static PetscErrorCode isentropic_vortex(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t,
                                        PetscReal w[])
{
  const Vortex *p = (const Vortex *)parameters;
  const PetscReal gamma = gamma_of(e), u0 = p->velocity.value[0], v0 = p->velocity.n > 1 ? p->velocity.value[1] : 0;
  const PetscReal moved[3] = {x[0] - u0 * t, x[1] - v0 * t, x[2]};
  PetscReal d[3], square, swirl, temperature, rho;

  PetscFunctionBeginUser;
  (void)SinewEquationDisplacement(e, moved, &p->center, d);
  square = d[0] * d[0] + d[1] * d[1];
  swirl = p->strength / (2 * PETSC_PI) * PetscExpReal(0.5 * (1 - square));
  temperature = 1 - (gamma - 1) / (2 * gamma) * swirl * swirl;
  rho = PetscPowReal(temperature, 1 / (gamma - 1));
  set(e, rho, u0 - swirl * d[1], v0 + swirl * d[0], 0, rho * temperature, w);
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef struct {
  PetscReal amplitude, width, pressure;
  SinewRealList velocity, center;
} Pulse;
static const SinewKey pulse_keys[] = {KEY_REAL(Pulse, amplitude, "1", "height above the density 1"),
                                      KEY_REAL(Pulse, width, "0.1", "radius w of exp(-r^2/w^2)"),
                                      KEY_REAL(Pulse, pressure, "1", "pressure, uniform"),
                                      KEY_REALS(Pulse, velocity, "1", "velocity, uniform"),
                                      KEY_REALS(Pulse, center, NULL, "centre at t = 0 (standard: the domain's)"),
                                      KEY_END};

/* A density pulse at uniform velocity and pressure is carried unchanged. */
static PetscErrorCode gaussian(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t,
                               PetscReal w[])
{
  const Pulse *p = (const Pulse *)parameters;
  PetscReal v[3] = {0, 0, 0}, moved[3], d[3], square;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < 3; k++) {
    if (k < p->velocity.n) v[k] = p->velocity.value[k];
    moved[k] = x[k] - v[k] * t;
  }
  square = SinewEquationDisplacement(e, moved, &p->center, d);
  set(e, 1 + p->amplitude * PetscExpReal(-square / (p->width * p->width)), v[0], v[1], v[2], p->pressure, w);
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef struct {
  PetscReal mach;
} TaylorGreen;
static const SinewKey taylor_green_keys[] = {
    KEY_REAL(TaylorGreen, mach, "0.1", "Mach number of the largest velocity (1)"), KEY_END};

/* Taylor & Green (1937) vortices, one period in the domain along each axis. */
static PetscErrorCode taylor_green(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t,
                                   PetscReal w[])
{
  const PetscReal mach = ((const TaylorGreen *)parameters)->mach, p0 = 1 / (gamma_of(e) * mach * mach);
  PetscReal a[3] = {0, 0, 0}, factor = 1, p;

  PetscFunctionBeginUser;
  (void)t;
  for (PetscInt d = 0; d < e->dim; d++) {
    const SinewAxis *axis = SinewGridAxis(e->grid, d);

    a[d] = 2 * PETSC_PI * (x[d] - axis->lower) / (axis->upper - axis->lower);
  }
  if (e->dim > 2) factor = PetscCosReal(a[2]);
  p = p0 + (PetscCosReal(2 * a[0]) + PetscCosReal(2 * a[1])) * (e->dim > 2 ? (PetscCosReal(2 * a[2]) + 2) / 16 : 0.25);
  set(e, 1, PetscSinReal(a[0]) * PetscCosReal(a[1]) * factor, -PetscCosReal(a[0]) * PetscSinReal(a[1]) * factor, 0, p,
      w);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- instabilities ---- */
typedef struct {
  PetscReal amplitude, width, ratio, waves;
} Shear;
static const SinewKey shear_keys[] = {KEY_REAL(Shear, amplitude, "0.01", "transverse velocity of the disturbance"),
                                      KEY_REAL(Shear, width, "0.01", "half width of the shear layers"),
                                      KEY_REAL(Shear, ratio, "2", "density of the inner stream over the outer's"),
                                      KEY_REAL(Shear, waves, "2", "wavelengths of the disturbance along x"), KEY_END};

/* Two shear layers at a quarter and three quarters of y, streams at +-1/2, smooth (McNally, Lyra & Passy 2012, in
 * spirit). */
static PetscErrorCode kelvin_helmholtz(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t,
                                       PetscReal w[])
{
  const Shear *p = (const Shear *)parameters;
  const SinewAxis *ax = SinewGridAxis(e->grid, 0), *ay = SinewGridAxis(e->grid, 1);
  const PetscReal l = ay->upper - ay->lower, low = x[1] - (ay->lower + 0.25 * l), high = x[1] - (ay->lower + 0.75 * l),
                  spread = 5 * p->width;
  const PetscReal inside = 0.5 * (PetscTanhReal(low / p->width) - PetscTanhReal(high / p->width));
  const PetscReal bump = PetscExpReal(-low * low / (spread * spread)) + PetscExpReal(-high * high / (spread * spread));
  const PetscReal phase = 2 * PETSC_PI * p->waves * (x[0] - ax->lower) / (ax->upper - ax->lower);

  PetscFunctionBeginUser;
  (void)t;
  set(e, 1 + (p->ratio - 1) * inside, inside - 0.5, p->amplitude * PetscSinReal(phase) * bump, 0, 2.5, w);
  for (PetscInt c = e->dim + 2; c < e->components; c++) w[c] = inside;
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef struct {
  PetscReal amplitude, ratio;
} Layers;
static const SinewKey layers_keys[] = {KEY_REAL(Layers, amplitude, "0.01", "velocity of the disturbance"),
                                       KEY_REAL(Layers, ratio, "2", "density above over density below (1)"), KEY_END};

/* Rayleigh-Taylor: heavy over light at the middle of y, hydrostatic under equation.gravity (Liska & Wendroff 2003,
 * section 4.6). */
static PetscErrorCode rayleigh_taylor(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t,
                                      PetscReal w[])
{
  const Layers *p = (const Layers *)parameters;
  const SinewAxis *ax = SinewGridAxis(e->grid, 0), *ay = SinewGridAxis(e->grid, 1);
  const PetscReal g = ((const SinewEulerGas *)e->data)->gravity[1], lx = ax->upper - ax->lower,
                  ly = ay->upper - ay->lower;
  const PetscReal cx = 2 * PETSC_PI * (x[0] - 0.5 * (ax->lower + ax->upper)) / lx,
                  y = x[1] - 0.5 * (ay->lower + ay->upper);
  const PetscReal rho = y > 0 ? p->ratio : 1;

  PetscFunctionBeginUser;
  (void)t;
  set(e, rho, 0, 0.25 * p->amplitude * (1 + PetscCosReal(cx)) * (1 + PetscCosReal(2 * PETSC_PI * y / ly)), 0,
      2.5 + g * rho * y, w);
  for (PetscInt c = e->dim + 2; c < e->components; c++) w[c] = y > 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- shocks in two and three dimensions ---- */

/* Woodward & Colella (1984): a Mach 10 shock at 60 degrees, incident at x = 1/6; the undisturbed shock at all t. gamma
 * = 1.4 */
static PetscErrorCode double_mach(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t,
                                  PetscReal w[])
{
  const PetscReal root3 = PetscSqrtReal(3.0), front = 1. / 6 + (x[1] + 20 * t) / root3;

  PetscFunctionBeginUser;
  (void)parameters;
  if (x[0] < front)
    set(e, 8, 8.25 * 0.5 * root3, -8.25 * 0.5, 0, 116.5, w);
  else
    set(e, 1.4, 0, 0, 0, 1, w);
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef struct {
  PetscReal energy, radius, pressure;
  SinewRealList center;
} Blast;
static const SinewKey blast_keys[] = {KEY_REAL(Blast, energy, "1", "energy in the ball"),
                                      KEY_REAL(Blast, radius, "0.05", "radius of the ball"),
                                      KEY_REAL(Blast, pressure, "1e-5", "pressure outside"),
                                      KEY_REALS(Blast, center, NULL, "centre (standard: the domain's)"), KEY_END};

/* Sedov-Taylor blast: the energy as pressure in a small ball (interval, disc) of gas at rest with density 1. */
static PetscErrorCode sedov(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t, PetscReal w[])
{
  const Blast *p = (const Blast *)parameters;
  const PetscReal r = p->radius, volume = e->dim == 1   ? 2 * r
                                          : e->dim == 2 ? PETSC_PI * r * r
                                                        : 4. / 3 * PETSC_PI * r * r * r;
  PetscReal d[3];

  PetscFunctionBeginUser;
  (void)t;
  set(e, 1, 0, 0, 0,
      SinewEquationDisplacement(e, x, &p->center, d) < r * r ? (gamma_of(e) - 1) * p->energy / volume : p->pressure, w);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Liska & Wendroff (2003), section 4.7: implosion in a closed square of side 0.3. Cells whose centre lies on the
 * membrane are all outside, whatever their coordinates round to. */
static PetscErrorCode implosion(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t,
                                PetscReal w[])
{
  PetscFunctionBeginUser;
  (void)parameters;
  (void)t;
  if (x[0] + x[1] < 0.15 - 1e-9)
    set(e, 0.125, 0, 0, 0, 0.14, w);
  else
    set(e, 1, 0, 0, 0, 1, w);
  PetscFunctionReturn(PETSC_SUCCESS);
}

const SinewInitialType SinewEulerInitials[] = {
    {"sod", "Sod's shock tube along x", 1, 3, PETSC_TRUE, sod_keys, sizeof(Shock), sod},
    {"lax", "Lax's shock tube along x", 1, 3, PETSC_TRUE, lax_keys, sizeof(Shock), lax},
    {"riemann", "two states along x", 1, 3, PETSC_TRUE, riemann_keys, sizeof(Riemann), any_riemann},
    {"shu_osher", "Mach 3 shock into density waves, [-5, 5]", 1, 3, PETSC_FALSE, shu_keys, sizeof(Shock), shu_osher},
    {"isentropic_vortex", "vortex carried by a uniform flow, periodic, side 10", 2, 3, PETSC_TRUE, vortex_keys,
     sizeof(Vortex), isentropic_vortex},
    {"gaussian", "density pulse carried by a uniform flow", 1, 3, PETSC_TRUE, pulse_keys, sizeof(Pulse), gaussian},
    {"taylor_green", "Taylor-Green vortices", 2, 3, PETSC_FALSE, taylor_green_keys, sizeof(TaylorGreen), taylor_green},
    {"kelvin_helmholtz", "two shear layers, periodic", 2, 3, PETSC_FALSE, shear_keys, sizeof(Shear), kelvin_helmholtz},
    {"rayleigh_taylor", "heavy over light fluid", 2, 3, PETSC_FALSE, layers_keys, sizeof(Layers), rayleigh_taylor},
    {"double_mach", "double Mach reflection, [0, 4] x [0, 1]", 2, 3, PETSC_FALSE, NULL, 0, double_mach},
    {"sedov", "point blast", 1, 3, PETSC_FALSE, blast_keys, sizeof(Blast), sedov},
    {"random_modes", "random waves of velocity, density and pressure (PDEBench's compressible data), periodic", 2, 2,
     PETSC_FALSE, SinewEulerRandomKeys, sizeof(SinewEulerRandomModes), SinewEulerRandom},
    {"lw_implosion", "Liska-Wendroff implosion, [0, 0.3]^2", 2, 3, PETSC_FALSE, NULL, 0, implosion},
    {NULL, NULL, 0, 0, PETSC_FALSE, NULL, 0, NULL}};
