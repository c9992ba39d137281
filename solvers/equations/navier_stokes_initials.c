/* Initial conditions and exact solutions of the incompressible Navier-Stokes equations; each with its source. */
#include "io/random.h"
#include "solvers/equations/keys.h"
#include "solvers/equations/navier_stokes.h"

static PetscReal length_of(SinewEquation e, PetscInt d)
{
  const SinewAxis *a = SinewGridAxis(e->grid, d);

  return a->upper - a->lower;
}

static void clear(SinewEquation e, PetscReal w[])
{
  for (PetscInt c = 0; c < e->components; c++) w[c] = 0;
}

/* ---- Taylor-Green vortices ---- */

typedef struct {
  PetscReal amplitude;
  SinewRealList waves;
} TaylorGreen;
static const SinewKey taylor_green_keys[] = {KEY_REAL(TaylorGreen, amplitude, "1", "largest velocity_x"),
                                             {.name = "waves",
                                              .type = SINEW_KEY_REALS,
                                              .offset = offsetof(TaylorGreen, waves),
                                              .standard = "2",
                                              .least = 1,
                                              .most = 3,
                                              .min = 1,
                                              .max = 1000,
                                              .doc = "half waves along each axis: vortices; even on periodic axes",
                                              .change = SINEW_CHANGE_FROZEN},
                                             KEY_END};

/*
  2D: u = U sin(kx x) cos(ky y) e^(-nu (kx^2 + ky^2) t) moving with the mean flow, v = -kx/ky U cos sin: an exact
  solution, periodic or between slip walls (Taylor & Green 1937, section 2). 3D: u = U sin cos cos, v = -U cos sin cos,
  w = 0, which breaks up.
*/
static PetscErrorCode taylor_green(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t,
                                   PetscReal w[])
{
  const TaylorGreen *v = (const TaylorGreen *)parameters;
  const SinewFlowParameters *p = (const SinewFlowParameters *)e->parameters;
  PetscReal k[3], phase[3], mean[3], height;

  PetscFunctionBeginUser;
  clear(e, w);
  for (PetscInt d = 0; d < 3; d++) {
    mean[d] = d < p->mean.n && d < e->dim ? p->mean.value[d] : 0;
    k[d] = PETSC_PI * v->waves.value[PetscMin(d, v->waves.n - 1)] / length_of(e, d);
    phase[d] = k[d] * (x[d] - mean[d] * t - SinewGridAxis(e->grid, d)->lower);
  }
  height = v->amplitude * PetscExpReal(-p->viscosity * (k[0] * k[0] + k[1] * k[1]) * t);
  if (e->dim == 3) height *= PetscCosReal(phase[2]);
  w[0] = height * PetscSinReal(phase[0]) * PetscCosReal(phase[1]);
  w[1] = -height * k[0] / k[1] * PetscCosReal(phase[0]) * PetscSinReal(phase[1]);
  for (PetscInt d = 0; d < e->dim; d++) w[d] += mean[d];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- double shear layer ---- */

typedef struct {
  PetscReal velocity, thickness, perturbation;
} ShearLayers;
static const SinewKey shear_keys[] = {
    KEY_REAL(ShearLayers, velocity, "1", "of the stream"),
    KEY_REAL(ShearLayers, thickness, "0.0333333333333333333", "of the layers, in lengths of y"),
    KEY_REAL(ShearLayers, perturbation, "0.05", "velocity along y, over that of the stream"), KEY_END};

/* Bell, Colella & Glaz (J. Comput. Phys. 85, 1989), section 5: two tanh layers, a sine across; the first scalar marks
   the stream. */
static PetscErrorCode shear_layers(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t,
                                   PetscReal w[])
{
  const ShearLayers *p = (const ShearLayers *)parameters;
  const PetscReal sx = (x[0] - SinewGridAxis(e->grid, 0)->lower) / length_of(e, 0),
                  sy = (x[1] - SinewGridAxis(e->grid, 1)->lower) / length_of(e, 1),
                  from = sy <= 0.5 ? sy - 0.25 : 0.75 - sy;

  PetscFunctionBeginUser;
  (void)t;
  clear(e, w);
  w[0] = p->velocity * PetscTanhReal(from / p->thickness);
  w[1] = p->velocity * p->perturbation * PetscSinReal(2 * PETSC_PI * sx);
  for (PetscInt c = e->dim; c < e->components; c++) w[c] = 0.5 + 0.5 * PetscTanhReal(from / p->thickness);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- random velocity ---- */

typedef struct {
  PetscReal velocity, peak;
  PetscInt seed;
} Turbulence;
static const SinewKey turbulence_keys[] = {
    KEY_REAL(Turbulence, velocity, "1", "root mean square of the velocity"),
    KEY_REAL(Turbulence, peak, "4", "periods along x of the most energetic waves"),
    KEY_INT(Turbulence, seed, "1", 0, 2e9, "of the random phases"), KEY_END};

/* Direction of wave number m across k, at random; unit length. */
static void polarise(PetscInt dim, PetscInt64 seed, PetscInt64 m, const PetscReal k[3], PetscReal a[3])
{
  const PetscReal z = 2 * SinewUniform(seed, 1, m) - 1, angle = 2 * PETSC_PI * SinewUniform(seed, 2, m),
                  r = PetscSqrtReal(1 - z * z), d[3] = {r * PetscCosReal(angle), r * PetscSinReal(angle), z};
  PetscReal length = 0;

  if (dim == 2) {
    a[0] = -k[1], a[1] = k[0], a[2] = 0;
  } else {
    a[0] = k[1] * d[2] - k[2] * d[1], a[1] = k[2] * d[0] - k[0] * d[2], a[2] = k[0] * d[1] - k[1] * d[0];
  }
  for (int c = 0; c < 3; c++) length += a[c] * a[c];
  for (int c = 0; c < 3; c++) a[c] /= PetscSqrtReal(length);
}

/*
  Gaussian-like field with the spectrum E(k) ~ k^4 exp(-2 (k / peak)^2) up to 2.5 peak (Orszag & Patterson 1972), as a
  sum of waves with random phases and directions: of wave vectors k and -k one stands for both.
*/
static PetscErrorCode make_waves(SinewEquation e, const Turbulence *p)
{
  SinewFlowData *flow = (SinewFlowData *)e->data;
  const PetscReal unit = 2 * PETSC_PI / length_of(e, 0), most = 2.5 * p->peak * unit;
  PetscInt reach[3], n = 0;
  PetscReal energy = 0;

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < 3; d++) reach[d] = d < e->dim ? (PetscInt)(most * length_of(e, d) / (2 * PETSC_PI)) : 0;
  PetscCall(PetscMalloc1((size_t)((reach[0] + 1) * (2 * reach[1] + 1) * (2 * reach[2] + 1)), &flow->wave));
  for (PetscInt l = -reach[2]; l <= reach[2]; l++) {
    for (PetscInt j = -reach[1]; j <= reach[1]; j++) {
      for (PetscInt i = 0; i <= reach[0]; i++) {
        PetscReal *wave = flow->wave[n], square = 0, density;

        if (i == 0 && (j < 0 || (j == 0 && l <= 0))) continue;
        for (PetscInt d = 0; d < 3; d++) {
          wave[d] = d < e->dim ? 2 * PETSC_PI * (PetscReal)(d == 0 ? i : d == 1 ? j : l) / length_of(e, d) : 0;
          square += wave[d] * wave[d];
        }
        if (square > most * most) continue;
        density = square * square * PetscExpReal(-2 * square / (p->peak * p->peak * unit * unit)) /
                  (e->dim == 2 ? PetscSqrtReal(square) : square);
        polarise(e->dim, p->seed, n, wave, wave + 3);
        for (int d = 0; d < 3; d++) wave[3 + d] *= PetscSqrtReal(density);
        wave[6] = 2 * PETSC_PI * SinewUniform(p->seed, 0, n);
        energy += 0.5 * density;
        n++;
      }
    }
  }
  for (PetscInt m = 0; m < n; m++) {
    for (int d = 3; d < 6; d++) flow->wave[m][d] *= p->velocity / PetscSqrtReal(energy);
  }
  flow->waves = n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode turbulence(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t,
                                 PetscReal w[])
{
  SinewFlowData *flow = (SinewFlowData *)e->data;

  PetscFunctionBeginUser;
  (void)t;
  if (!flow->wave) PetscCall(make_waves(e, (const Turbulence *)parameters));
  clear(e, w);
  for (PetscInt m = 0; m < flow->waves; m++) {
    const PetscReal *wave = flow->wave[m], c = PetscCosReal(wave[0] * x[0] + wave[1] * x[1] + wave[2] * x[2] + wave[6]);

    for (PetscInt d = 0; d < e->dim; d++) w[d] += wave[3 + d] * c;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- smoke ------------------------------------------------------------------------------------------------------- */

typedef struct {
  PetscReal scale, smoothness;
  PetscInt seed;
} Smoke;
static const SinewKey smoke_keys[] = {KEY_REAL(Smoke, scale, "11", "of the noise: wavenumbers count 11 / length"),
                                      KEY_REAL(Smoke, smoothness, "6", "amplitude falls as |k|^(-2 smoothness)"),
                                      KEY_INT(Smoke, seed, "1", 0, 2e9, "of the random amplitudes"), KEY_END};

/* A normal number, by Box & Muller. */
static PetscReal normal(PetscInt64 seed, PetscInt64 stream, PetscInt64 index)
{
  return PetscSqrtReal(-2 * PetscLogReal(1 - SinewUniform(seed, stream, index))) *
         PetscCosReal(2 * PETSC_PI * SinewUniform(seed, stream + 1, index));
}

#define SMOKE_REACH 3 /* waves beyond have amplitudes below 1e-5 of the longest, at the standard smoothness */

/*
  Fluid at rest, and in the first scalar the absolute value of smooth noise with mean 0 and variance 1: complex white
  noise in Fourier space times |k|^(-2 smoothness), k = scale (m_1, m_2) / length, real part (the set-up of PDEArena's
  smoke: Gupta & Brandstetter 2022).
*/
static PetscErrorCode make_smoke(SinewEquation e, const Smoke *p)
{
  SinewFlowData *flow = (SinewFlowData *)e->data;
  const PetscInt reach = SMOKE_REACH, top = e->dim == 3 ? reach : 0;
  PetscReal variance = 0;
  PetscInt n = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)((2 * reach + 1) * (2 * reach + 1) * (2 * top + 1)), &flow->wave));
  for (PetscInt l = -top; l <= top; l++) {
    for (PetscInt j = -reach; j <= reach; j++) {
      for (PetscInt i = -reach; i <= reach; i++) {
        const PetscInt m[3] = {i, j, l};
        PetscReal *wave = flow->wave[n], square = 0;

        for (PetscInt d = 0; d < 3; d++) {
          const PetscReal k = d < e->dim ? p->scale * (PetscReal)m[d] / length_of(e, d) : 0;

          wave[d] = d < e->dim ? 2 * PETSC_PI * (PetscReal)m[d] / length_of(e, d) : 0;
          square += k * k;
        }
        if (i == 0 && j == 0 && l == 0) continue;
        wave[3] = PetscPowReal(square, -p->smoothness) * normal(p->seed, 0, n);
        wave[4] = PetscPowReal(square, -p->smoothness) * normal(p->seed, 2, n);
        n++;
      }
    }
  }
  flow->waves = n;
  for (PetscInt a = 0; a < n; a++) { /* waves m and -m interfere: the places of a pair are a and n - 1 - a */
    const PetscReal *u = flow->wave[a], *v = flow->wave[n - 1 - a];

    variance += 0.25 * ((u[3] + v[3]) * (u[3] + v[3]) + (u[4] - v[4]) * (u[4] - v[4]));
  }
  for (PetscInt a = 0; a < n; a++) {
    flow->wave[a][3] /= PetscSqrtReal(variance);
    flow->wave[a][4] /= PetscSqrtReal(variance);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode smoke(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t, PetscReal w[])
{
  SinewFlowData *flow = (SinewFlowData *)e->data;
  PetscReal sum = 0;

  PetscFunctionBeginUser;
  (void)t;
  if (!flow->wave) PetscCall(make_smoke(e, (const Smoke *)parameters));
  clear(e, w);
  for (PetscInt m = 0; m < flow->waves; m++) {
    const PetscReal *wave = flow->wave[m], phase = wave[0] * x[0] + wave[1] * x[1] + wave[2] * x[2];

    sum += wave[3] * PetscCosReal(phase) - wave[4] * PetscSinReal(phase);
  }
  if (e->components > e->dim) w[e->dim] = PetscAbsReal(sum);
  PetscFunctionReturn(PETSC_SUCCESS);
}

const SinewInitialType SinewFlowInitials[] = {
    {"taylor_green", "Taylor-Green vortices; in 2D they decay exactly", 2, 3, PETSC_TRUE, taylor_green_keys,
     sizeof(TaylorGreen), taylor_green},
    {"shear_layers", "two tanh shear layers that roll up", 2, 3, PETSC_FALSE, shear_keys, sizeof(ShearLayers),
     shear_layers},
    {"turbulence", "random velocity with a peaked spectrum", 2, 3, PETSC_FALSE, turbulence_keys, sizeof(Turbulence),
     turbulence},
    {"smoke", "fluid at rest with smooth random smoke", 2, 3, PETSC_FALSE, smoke_keys, sizeof(Smoke), smoke},
    {NULL, NULL, 0, 0, PETSC_FALSE, NULL, 0, NULL}};
