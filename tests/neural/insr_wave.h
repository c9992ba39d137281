#ifndef SINEW_TESTS_NEURAL_INSR_WAVE_H
#define SINEW_TESTS_NEURAL_INSR_WAVE_H
/* A carried wave that Burgers' equation with its source keeps, for tests of moving weights. */
#include "tests/harness.h"

#include "io/error.h"
#include "neural/insr.h"
#include "solvers/pointwise.h"

/* ---- a smooth wave on the unit circle, exact for transport with the source that belongs to it ---- */

typedef struct {
  PetscReal mean, amplitude, speed, viscosity;
  PetscBool burgers;
} Wave;

#define K (2 * PETSC_PI)

static inline PetscReal exact(const Wave *wave, PetscReal t, PetscReal x)
{
  return wave->mean + wave->amplitude * PetscSinReal(K * (x - wave->speed * t));
}

static inline PetscErrorCode initial(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal u[])
{
  for (PetscInt p = 0; p < n; p++) u[p] = exact(ctx, t, x[p]);
  return PETSC_SUCCESS;
}

/* u_t + u u_x - nu u_xx of the exact wave */
static inline PetscErrorCode source(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal s[])
{
  const Wave *wave = ctx;

  for (PetscInt p = 0; p < n; p++) {
    const PetscReal phase = K * (x[p] - wave->speed * t), u = exact(wave, t, x[p]);

    s[p] = K * wave->amplitude * PetscCosReal(phase) * (u - wave->speed) +
           wave->viscosity * K * K * wave->amplitude * PetscSinReal(phase);
  }
  return PETSC_SUCCESS;
}

static inline SinewInsrOptions circle_options(const SinewPointwise *equation, SinewInsrScheme scheme)
{
  const PetscReal lower = 0, upper = 1;
  SinewInsrOptions o = SinewInsrDefaults(equation, &lower, &upper);

  o.scheme = scheme;
  o.network.width = 8;
  o.network.layers = 2;
  o.network.omega = 1.5;
  o.network.harmonics[0] = 1;
  o.points = 4 * 113;
  o.fit_adam = 300;
  o.fit.tolerance = 1e-11;
  o.step.tolerance = 1e-11;
  o.step.iterations = 20;
  o.step.stagnation = 1e-3;
  o.step.damping_least = 1e-14;
  o.seed = 3;
  return o;
}

static const Wave burgers_wave = {.mean = 0.3, .amplitude = 0.5, .speed = 1, .viscosity = 0.02, .burgers = PETSC_TRUE};
static const SinewTransport burgers = {
    .dim = 1, .viscosity = 0.02, .burgers = PETSC_TRUE, .source = source, .ctx = &burgers_wave};

#endif
