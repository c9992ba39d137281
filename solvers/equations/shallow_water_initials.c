/* Initial conditions and exact solutions of the shallow-water equations; each with its source. */
#include <complex.h>

#include "io/random.h"
#include "solvers/equations/keys.h"
#include "solvers/equations/shallow_water.h"

static const SinewShallow *water(SinewEquation e)
{
  return (const SinewShallow *)e->data;
}

static void set(SinewEquation e, PetscReal h, PetscReal u, PetscReal v, PetscReal w[])
{
  w[0] = h;
  w[1] = h > 0 ? u : 0;
  if (e->dim > 1) w[2] = h > 0 ? v : 0;
}

/* Depth below a surface at height `level`: zero on dry ground. */
static PetscErrorCode depth_below(SinewEquation e, PetscReal level, const PetscReal x[3], PetscReal *h)
{
  PetscReal b = water(e)->bathymetry.constant;

  PetscFunctionBeginUser;
  if (water(e)->bathymetry.expression)
    PetscCall(SinewExpressionEvaluate(water(e)->bathymetry.expression, x[0], x[1], x[2], 0, &b));
  *h = PetscMax(SinewShallowHeight(water(e), level) - SinewShallowHeight(water(e), b), 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- a surface ---- */
typedef struct {
  SinewExpression level;
  SinewExpressionList velocity;
} Surface;
static const SinewKey surface_keys[] = {
    KEY_EXPRESSION(Surface, level, "1", "height of the surface; ground above it is dry"),
    KEY_EXPRESSIONS(Surface, velocity, "0", 2, "velocity, one formula an axis"), KEY_END};

static PetscErrorCode surface(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t, PetscReal w[])
{
  const Surface *p = (const Surface *)parameters;
  PetscReal level, h = 0, v[2] = {0, 0};

  PetscFunctionBeginUser;
  PetscCall(SinewExpressionEvaluate(p->level, x[0], x[1], x[2], t, &level));
  for (PetscInt d = 0; d < PetscMin(p->velocity.n, 2); d++)
    PetscCall(SinewExpressionEvaluate(p->velocity.value[d], x[0], x[1], x[2], t, &v[d]));
  PetscCall(depth_below(e, level, x, &h));
  set(e, h, v[0], v[1], w);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- dam breaks ---- */
typedef struct {
  PetscReal left, right, x0;
} Stoker;
static const SinewKey stoker_keys[] = {KEY_SIZE(Stoker, left, "1", "depth on the left"),
                                       KEY_SIZE(Stoker, right, "0.1", "depth on the right; 0: dry ground"),
                                       KEY_REAL(Stoker, x0, "0", "position of the dam"), KEY_END};

/* Depth between rarefaction and bore: the velocities behind both agree. The difference falls with h: bisection. */
static PetscReal bore_depth(PetscReal g, PetscReal deep, PetscReal shallow)
{
  PetscReal low = shallow, high = deep;

  for (int k = 0; k < 200 && high - low > 1e-16 * deep; k++) {
    const PetscReal h = 0.5 * (low + high), fan = 2 * (PetscSqrtReal(g * deep) - PetscSqrtReal(g * h)),
                    bore = (h - shallow) * PetscSqrtReal(0.5 * g * (h + shallow) / (h * shallow));

    if (fan > bore)
      low = h;
    else
      high = h;
  }
  return 0.5 * (low + high);
}

/* Deep water on the left, on the ray x / t = s: J. J. Stoker, Water Waves (1957), section 10.8; onto dry ground
   A. Ritter, Z. VDI 36 (1892) 947. */
static void dam_break_on_ray(PetscReal g, PetscReal deep, PetscReal shallow, PetscReal s, PetscReal *h, PetscReal *u)
{
  const PetscReal c = PetscSqrtReal(g * deep), middle = shallow > 0 ? bore_depth(g, deep, shallow) : 0,
                  cm = PetscSqrtReal(g * middle), um = 2 * (c - cm),
                  front = shallow > 0 ? middle * um / (middle - shallow) : um;

  if (s <= -c)
    *h = deep, *u = 0;
  else if (s <= um - cm)
    *h = (2 * c - s) * (2 * c - s) / (9 * g), *u = 2 * (c + s) / 3;
  else if (s <= front)
    *h = middle, *u = um;
  else
    *h = shallow, *u = 0;
}

static PetscErrorCode stoker(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t, PetscReal w[])
{
  const Stoker *p = (const Stoker *)parameters;
  const PetscReal g = water(e)->gravity, s = t > 0          ? (x[0] - p->x0) / t
                                             : x[0] < p->x0 ? -PETSC_MAX_REAL
                                                            : PETSC_MAX_REAL;
  PetscReal h = p->left, u = 0;

  PetscFunctionBeginUser;
  if (p->left > p->right)
    dam_break_on_ray(g, p->left, p->right, s, &h, &u);
  else if (p->left < p->right) {
    dam_break_on_ray(g, p->right, p->left, -s, &h, &u);
    u = -u;
  }
  set(e, h, u, 0, w);
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef struct {
  PetscReal inside, outside, radius, spread;
  PetscInt seed;
  SinewRealList center;
} Dam;
static const SinewKey dam_keys[] = {
    KEY_SIZE(Dam, inside, "2", "depth inside the circle"),
    KEY_SIZE(Dam, outside, "1", "depth outside"),
    KEY_SIZE(Dam, radius, "0.5", "radius of the circle"),
    KEY_SIZE(Dam, spread, "0", "the radius is drawn from radius -+ spread (PDEBench: 0.5 -+ 0.2)"),
    KEY_INT(Dam, seed, "0", 0, 2e9, "of the draw"),
    KEY_REALS(Dam, center, NULL, "centre (standard: the domain's)"),
    KEY_END};

/* M. Takamoto et al., PDEBench (2022), appendix D.7: a column of water on [-2.5, 2.5]^2 falls in. */
static PetscErrorCode radial_dam_break(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t,
                                       PetscReal w[])
{
  const Dam *p = (const Dam *)parameters;
  const PetscReal r = p->radius + p->spread * (2 * SinewUniform(p->seed, 0, 0) - 1);
  PetscReal d[3];

  PetscFunctionBeginUser;
  (void)t;
  set(e, SinewEquationDisplacement(e, x, &p->center, d) < r * r ? p->inside : p->outside, 0, 0, w);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Thacker's bowl ---- */
typedef struct {
  PetscReal depth, radius, shift;
} Bowl;
static const SinewKey bowl_keys[] = {KEY_POSITIVE(Bowl, depth, "0.1", "depth D at the bowl's middle"),
                                     KEY_POSITIVE(Bowl, radius, "1", "radius a of the shore of the lake at rest"),
                                     KEY_REAL(Bowl, shift, "0.5", "first displacement of the lake's middle along x"),
                                     KEY_END};

/*
  W. C. Thacker, J. Fluid Mech. 107 (1981) 499: a plane surface sloshes in the bowl b = -D (1 - r^2 / a^2), which
  equation.bathymetry must say. The lake h = D (1 - |x - X|^2 / a^2) moves as a whole with velocity X'. Its middle, as
  the complex number Z = X + i Y, obeys Z'' + (damping + i f) Z' + omega^2 Z = 0 with omega^2 = 2 g D / a^2; it begins
  at the shift, at rest in one dimension (as with J. Sampson et al., ANZIAM J. 47 (2006) C373), else turning with omega.
*/
static PetscErrorCode thacker(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t, PetscReal w[])
{
  const Bowl *p = (const Bowl *)parameters;
  const SinewShallow *s = water(e);
  const double a2 = p->radius * p->radius, square = 2 * s->gravity * p->depth / a2;
  const double complex k = s->damping + I * s->coriolis, root = csqrt(k * k - 4 * square), one = 0.5 * (root - k),
                       two = -0.5 * (root + k), z0 = p->shift, v0 = e->dim > 1 ? I * sqrt(square) * p->shift : 0;
  const double complex first = (v0 - two * z0) / (one - two), second = z0 - first;
  const double complex z = first * cexp(one * t) + second * cexp(two * t),
                       v = one * first * cexp(one * t) + two * second * cexp(two * t);
  const PetscReal dx = x[0] - creal(z), dy = e->dim > 1 ? x[1] - cimag(z) : 0;

  PetscFunctionBeginUser;
  set(e, PetscMax(0, p->depth * (1 - (dx * dx + dy * dy) / a2)), creal(v), cimag(v), w);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- vortices and jets ---- */
typedef struct {
  PetscReal depth, speed, radius;
  SinewRealList velocity, center;
} Vortex;
static const SinewKey vortex_keys[] = {
    KEY_POSITIVE(Vortex, depth, "1", "depth far away"),
    KEY_REAL(Vortex, speed, "0.5", "largest velocity, anticlockwise"),
    KEY_POSITIVE(Vortex, radius, "1", "where it is reached"),
    KEY_REALS(Vortex, velocity, "0", "of a mean flow that carries the vortex; 0 on a turning plane"),
    KEY_REALS(Vortex, center, NULL, "centre at t = 0 (standard: the domain's)"),
    KEY_END};

/* Gradient wind: v^2/r + f v = g h_r holds for v = V (r/R) exp((1 - r^2/R^2)/2), integrated by hand. Steady on an f
   plane, carried unchanged by a uniform flow where there is no rotation. */
static PetscErrorCode vortex(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t, PetscReal w[])
{
  const Vortex *p = (const Vortex *)parameters;
  const SinewShallow *s = water(e);
  const PetscReal u0 = p->velocity.value[0], v0 = p->velocity.value[p->velocity.n > 1 ? 1 : 0];
  const PetscReal moved[3] = {x[0] - u0 * t, x[1] - v0 * t, 0};
  PetscReal d[3], swirl;

  PetscFunctionBeginUser;
  (void)SinewEquationDisplacement(e, moved, &p->center, d);
  swirl = p->speed * PetscExpReal(0.5 * (1 - (d[0] * d[0] + d[1] * d[1]) / (p->radius * p->radius)));
  set(e, p->depth - (0.5 * swirl * swirl + s->coriolis * p->radius * swirl) / s->gravity, u0 - swirl * d[1] / p->radius,
      v0 + swirl * d[0] / p->radius, w);
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef struct {
  PetscReal depth, amplitude, perturbation;
  PetscInt modes, seed;
} Jets;
static const SinewKey jets_keys[] = {
    KEY_POSITIVE(Jets, depth, "1", "mean depth"),
    KEY_SIZE(Jets, amplitude, "0.1", "of the waves in depth that carry the jets"),
    KEY_SIZE(Jets, perturbation, "1e-3", "amplitude of waves in depth along x and y that disturb them"),
    KEY_INT(Jets, modes, "4", 1, 64, "waves along y"),
    KEY_INT(Jets, seed, "0", 0, 2e9, "of amplitudes and phases"),
    KEY_END};

static PetscReal phase_along(SinewEquation e, PetscInt axis, const PetscReal x[3])
{
  const SinewAxis *a = SinewGridAxis(e->grid, axis);

  return 2 * PETSC_PI * (x[axis] - a->lower) / (a->upper - a->lower);
}

/* Zonal jets in geostrophic balance, f u = -g h_y, for a depth of random waves along y whose amplitudes fall like 1/m,
   and 16 weak waves across that balance nothing. Periodic. */
static PetscErrorCode jets(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t, PetscReal w[])
{
  const Jets *p = (const Jets *)parameters;
  const SinewShallow *s = water(e);
  const SinewAxis *ay = SinewGridAxis(e->grid, 1);
  const PetscReal px = phase_along(e, 0, x), py = phase_along(e, 1, x), unit = 2 * PETSC_PI / (ay->upper - ay->lower);
  PetscReal h = p->depth, slope = 0;
  DM dm;

  PetscFunctionBeginUser;
  (void)t;
  PetscCall(SinewGridGetDM(e->grid, &dm));
  PetscCheck(s->coriolis != 0, PetscObjectComm((PetscObject)dm), SINEW_ERR_INPUT,
             "initial.type: jets are balanced by rotation: equation.coriolis must not be 0");
  for (PetscInt m = 1; m <= p->modes; m++) {
    const PetscReal size = p->amplitude * (2 * SinewUniform(p->seed, 0, m) - 1) / (PetscReal)m,
                    phase = (PetscReal)m * py + 2 * PETSC_PI * SinewUniform(p->seed, 1, m);

    h += size * PetscSinReal(phase);
    slope += size * (PetscReal)m * unit * PetscCosReal(phase);
  }
  for (PetscInt m = 0; m < 16; m++)
    h += p->perturbation / 4 *
         PetscSinReal((PetscReal)(1 + m % 4) * px + (PetscReal)(m / 4 - 2) * py +
                      2 * PETSC_PI * SinewUniform(p->seed, 2, m));
  set(e, h, -s->gravity / s->coriolis * slope, 0, w);
  PetscFunctionReturn(PETSC_SUCCESS);
}

const SinewInitialType SinewShallowInitials[] = {
    {"surface", "a surface over the bottom, with a velocity", 1, 2, PETSC_FALSE, surface_keys, sizeof(Surface),
     surface},
    {"stoker", "dam break along x on level ground, wet or dry", 1, 2, PETSC_TRUE, stoker_keys, sizeof(Stoker), stoker},
    {"dam_break", "a column of water falls in (PDEBench: [-2.5, 2.5]^2)", 1, 2, PETSC_FALSE, dam_keys, sizeof(Dam),
     radial_dam_break},
    {"thacker", "a lake sloshes in Thacker's bowl b = -D (1 - r^2/a^2)", 1, 2, PETSC_TRUE, bowl_keys, sizeof(Bowl),
     thacker},
    {"vortex", "vortex in gradient-wind balance", 2, 2, PETSC_TRUE, vortex_keys, sizeof(Vortex), vortex},
    {"jets", "random zonal jets in geostrophic balance, periodic", 2, 2, PETSC_FALSE, jets_keys, sizeof(Jets), jets},
    {NULL, NULL, 0, 0, PETSC_FALSE, NULL, 0, NULL}};
