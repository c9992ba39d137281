/*
  Random initial states of the Euler equations: what the compressible data set of PDEBench begins with (Takamoto et al.,
  NeurIPS Datasets and Benchmarks 2022), from the description of its physics.

  Density and temperature of the gas at rest, d0 and T0, are uniform in [0.1, 10]; p0 = d0 T0. For the wave vectors
  k = 2 pi (i / L_x, j / L_y), 0 < |i|, |j| <= modes, the sums

    f(x) = sum_k (i^2 + j^2)^(-1/4) sin(k.x + phase)

  with phases of their own give the velocity, scaled to a mean speed of `mach` speeds of sound, and density and pressure

    rho = d0 (1 + a_d f / mean|f|),    p = p0 (1 + a_p f / mean|f|),    a_d, a_p uniform in [0.01, 0.2].

  With probability `window` a smooth rectangle of 0.45 of each side cuts a patch out, outside of which the gas is at
  rest. Means are taken over 128 x 128 points, whatever the grid.
*/
#include "solvers/equations/euler_random.h"
#include "io/random.h"
#include "solvers/equations/keys.h"

#define MODES_MAX SINEW_EULER_RANDOM_MODES
#define LATTICE   128
#define FIELDS    SINEW_EULER_RANDOM_FIELDS
#define SIDE      0.45 /* of a window, and of nothing else */
#define EDGE      0.01

/* Numbers that are drawn once. */
enum { DRAW_DENSITY, DRAW_TEMPERATURE, DRAW_DENSITY_SIZE, DRAW_PRESSURE_SIZE, DRAW_WINDOW, DRAW_LEFT, DRAW_BOTTOM };
#define STREAM_PHASES 1 /* and one a field; stream 0 has the single numbers */

typedef SinewEulerRandomModes RandomModes;

const SinewKey SinewEulerRandomKeys[] = {
    KEY_POSITIVE(RandomModes, mach, "0.1", "mean speed over the speed of sound of the gas at rest"),
    {.name = "window",
     .type = SINEW_KEY_REAL,
     .offset = offsetof(RandomModes, window),
     .standard = "0.5",
     .max = 1,
     .doc = "probability that only a patch is in motion",
     .change = SINEW_CHANGE_FROZEN},
    KEY_INT(RandomModes, modes, "4", 1, MODES_MAX, "largest number of waves along each axis"),
    KEY_INT(RandomModes, seed, "0", 0, 2e9, "of everything"),
    KEY_END};

static PetscReal uniform(const RandomModes *r, PetscInt64 draw, PetscReal low, PetscReal high)
{
  return low + (high - low) * SinewUniform(r->seed, 0, draw);
}

/* The sums of all fields at a point, given in units of the sides. */
static void sum_waves(const RandomModes *r, const PetscReal x[2], PetscReal f[FIELDS])
{
  const PetscInt n = r->modes;
  PetscReal c[2][MODES_MAX + 1], s[2][MODES_MAX + 1];
  PetscInt m = 0;

  for (int d = 0; d < 2; d++) {
    c[d][0] = 1;
    s[d][0] = 0;
    c[d][1] = PetscCosReal(2 * PETSC_PI * x[d]);
    s[d][1] = PetscSinReal(2 * PETSC_PI * x[d]);
    for (PetscInt k = 2; k <= n; k++) {
      c[d][k] = c[d][k - 1] * c[d][1] - s[d][k - 1] * s[d][1];
      s[d][k] = s[d][k - 1] * c[d][1] + c[d][k - 1] * s[d][1];
    }
  }
  for (int q = 0; q < FIELDS; q++) f[q] = 0;
  for (PetscInt j = -n; j <= n; j++) {
    for (PetscInt i = -n; i <= n; i++) {
      const PetscInt a = PetscAbsInt(i), b = PetscAbsInt(j);
      const PetscReal sx = i < 0 ? -s[0][a] : s[0][a], sy = j < 0 ? -s[1][b] : s[1][b];
      const PetscReal cosine = c[0][a] * c[1][b] - sx * sy, sine = sx * c[1][b] + c[0][a] * sy;

      if (!i || !j) continue;
      for (int q = 0; q < FIELDS; q++) f[q] += r->phase[m][q][0] * sine + r->phase[m][q][1] * cosine;
      m++;
    }
  }
}

static PetscErrorCode draw_phases(RandomModes *r)
{
  const PetscInt n = r->modes;
  PetscInt m = 0;

  PetscFunctionBeginUser;
  for (PetscInt j = -n; j <= n; j++) {
    for (PetscInt i = -n; i <= n; i++) {
      const PetscReal amplitude = PetscPowReal((PetscReal)(i * i + j * j), -0.25);

      if (!i || !j) continue;
      for (int q = 0; q < FIELDS; q++) {
        const PetscReal phase = 2 * PETSC_PI * SinewUniform(r->seed, STREAM_PHASES + q, m);

        r->phase[m][q][0] = amplitude * PetscCosReal(phase);
        r->phase[m][q][1] = amplitude * PetscSinReal(phase);
      }
      m++;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Everything but the sums at a point. */
static PetscErrorCode draw(RandomModes *r, PetscReal gamma)
{
  const PetscReal temperature = uniform(r, DRAW_TEMPERATURE, 0.1, 10);
  PetscReal speed = 0, mean[FIELDS] = {0};

  PetscFunctionBeginUser;
  r->ready = PETSC_TRUE;
  r->density = uniform(r, DRAW_DENSITY, 0.1, 10);
  r->pressure = r->density * temperature;
  r->windowed = (PetscBool)(uniform(r, DRAW_WINDOW, 0, 1) < r->window);
  for (int d = 0; d < 2; d++) r->left[d] = uniform(r, DRAW_LEFT + d, 0.1, 0.45);
  PetscCall(draw_phases(r));
  for (PetscInt k = 0; k < LATTICE * LATTICE; k++) {
    const PetscReal x[2] = {((PetscReal)(k % LATTICE) + 0.5) / LATTICE, ((PetscReal)(k / LATTICE) + 0.5) / LATTICE};
    PetscReal f[FIELDS];

    sum_waves(r, x, f);
    speed += PetscSqrtReal(f[0] * f[0] + f[1] * f[1]) / (LATTICE * LATTICE);
    for (int q = 2; q < FIELDS; q++) mean[q] += PetscAbsReal(f[q]) / (LATTICE * LATTICE);
  }
  r->scale[0] = r->scale[1] = r->mach * PetscSqrtReal(gamma * temperature) / speed;
  r->scale[2] = uniform(r, DRAW_DENSITY_SIZE, 0.01, 0.2) / mean[2];
  r->scale[3] = uniform(r, DRAW_PRESSURE_SIZE, 0.01, 0.2) / mean[3];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* 1 inside of the window, 0 outside. */
static PetscReal inside(const RandomModes *r, const PetscReal x[2])
{
  PetscReal product = 1;

  for (int d = 0; d < 2 && r->windowed; d++)
    product *= 0.5 * (PetscTanhReal((x[d] - r->left[d]) / EDGE) - PetscTanhReal((x[d] - r->left[d] - SIDE) / EDGE));
  return product;
}

PetscErrorCode SinewEulerRandom(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t,
                                PetscReal w[])
{
  RandomModes *r = (RandomModes *)parameters; /* the equation's own memory: what is drawn is kept there */
  PetscReal at[2], f[FIELDS], part;

  PetscFunctionBeginUser;
  (void)t;
  if (!r->ready) PetscCall(draw(r, ((const SinewEulerParameters *)e->parameters)->gamma));
  for (int d = 0; d < 2; d++) {
    const SinewAxis *a = SinewGridAxis(e->grid, d);

    at[d] = (x[d] - a->lower) / (a->upper - a->lower);
  }
  sum_waves(r, at, f);
  part = inside(r, at);
  for (PetscInt c = 0; c < e->components; c++) w[c] = 0;
  w[0] = r->density * (1 + part * r->scale[2] * f[2]);
  for (int d = 0; d < 2; d++) w[1 + d] = part * r->scale[d] * f[d];
  w[3] = r->pressure * (1 + part * r->scale[3] * f[3]);
  PetscFunctionReturn(PETSC_SUCCESS);
}
