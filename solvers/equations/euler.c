/*
  Euler and compressible Navier-Stokes equations of an ideal gas, with gravity and passive scalars.

    rho_t + div(rho v) = 0
    (rho v)_t + div(rho v v + p) = div tau + rho g
    E_t + div((E + p) v) = div(tau v + kappa grad T) + rho v.g,     E = p/(gamma-1) + rho v^2/2,  T = p/rho
    (rho Y)_t + div(rho v Y) = div(rho D grad Y)

  tau = mu (grad v + grad v^T - 2/3 div v), kappa = mu gamma / ((gamma-1) Pr): the gas constant is 1.
*/
#include "solvers/equations/euler.h"

static const char *const fluxes[] = {"hllc", "hll", "rusanov", NULL};

#define PARAMETER(member) offsetof(SinewEulerParameters, member)
static const SinewKey keys[] = {{.name = "gamma",
                                 .type = SINEW_KEY_REAL,
                                 .offset = PARAMETER(gamma),
                                 .standard = "1.4",
                                 .min = 1,
                                 .max = 10,
                                 .above_min = PETSC_TRUE,
                                 .doc = "ratio of specific heats",
                                 .change = SINEW_CHANGE_FROZEN},
                                {.name = "flux",
                                 .type = SINEW_KEY_CHOICE,
                                 .offset = PARAMETER(flux),
                                 .standard = "hllc",
                                 .choices = fluxes,
                                 .doc = "Riemann solver",
                                 .change = SINEW_CHANGE_WARN},
                                {.name = "gravity",
                                 .type = SINEW_KEY_REALS,
                                 .offset = PARAMETER(gravity),
                                 .least = 1,
                                 .most = 3,
                                 .doc = "acceleration, one number an axis",
                                 .change = SINEW_CHANGE_FROZEN},
                                {.name = "viscosity",
                                 .type = SINEW_KEY_REAL,
                                 .offset = PARAMETER(viscosity),
                                 .standard = "0",
                                 .min = 0,
                                 .max = 1e30,
                                 .doc = "dynamic viscosity mu; 0: inviscid",
                                 .change = SINEW_CHANGE_FROZEN},
                                {.name = "prandtl",
                                 .type = SINEW_KEY_REAL,
                                 .offset = PARAMETER(prandtl),
                                 .standard = "0.72",
                                 .min = 0,
                                 .max = 1e30,
                                 .above_min = PETSC_TRUE,
                                 .doc = "Prandtl number: sets heat conduction",
                                 .change = SINEW_CHANGE_FROZEN},
                                {.name = "scalars",
                                 .type = SINEW_KEY_STRINGS,
                                 .offset = PARAMETER(scalars),
                                 .least = 1,
                                 .most = 6,
                                 .doc = "names of passive scalars (mass fractions)",
                                 .change = SINEW_CHANGE_FROZEN},
                                {.name = "scalar_diffusivity",
                                 .type = SINEW_KEY_REAL,
                                 .offset = PARAMETER(scalar_diffusivity),
                                 .standard = "0",
                                 .min = 0,
                                 .max = 1e30,
                                 .doc = "diffusivity of the scalars",
                                 .change = SINEW_CHANGE_FROZEN},
                                {.name = NULL}};

static void temperature(SinewEquation e, PetscInt n, const PetscReal *const w[], PetscReal value[])
{
  for (PetscInt i = 0; i < n; i++) value[i] = w[e->dim + 1][i] / w[0][i];
}

static void mach(SinewEquation e, PetscInt n, const PetscReal *const w[], PetscReal value[])
{
  const PetscReal gamma = ((const SinewEulerParameters *)e->parameters)->gamma;

  for (PetscInt i = 0; i < n; i++) {
    PetscReal square = 0;

    for (PetscInt d = 0; d < e->dim; d++) square += w[1 + d][i] * w[1 + d][i];
    value[i] = PetscSqrtReal(square * w[0][i] / (gamma * w[e->dim + 1][i]));
  }
}

static void entropy(SinewEquation e, PetscInt n, const PetscReal *const w[], PetscReal value[])
{
  const PetscReal gamma = ((const SinewEulerParameters *)e->parameters)->gamma;

  for (PetscInt i = 0; i < n; i++) value[i] = PetscLogReal(w[e->dim + 1][i]) - gamma * PetscLogReal(w[0][i]);
}

static const SinewDerived derived[] = {{"temperature", "p / rho", .row = temperature},
                                       {"mach", "Mach number", .row = mach},
                                       {"entropy", "log(p / rho^gamma)", .row = entropy},
                                       {.name = NULL}};

static PetscErrorCode create(SinewEquation e, SinewDeck deck, SinewNode section)
{
  SinewEulerParameters *p = (SinewEulerParameters *)e->parameters;
  SinewFVKernels *k = &e->kernels;
  SinewEulerGas *gas;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&gas));
  e->data = gas;
  gas->dim = e->dim;
  gas->gamma = p->gamma;
  gas->scalars = p->scalars.n;
  gas->viscosity = p->viscosity;
  gas->conduction = p->viscosity * p->gamma / ((p->gamma - 1) * p->prandtl);
  gas->diffusivity = p->scalar_diffusivity;
  for (PetscInt d = 0; d < 3; d++) gas->gravity[d] = d < p->gravity.n ? p->gravity.value[d] : 0;
  e->components = e->dim + 2 + p->scalars.n;
  if (p->gravity.n > e->dim)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, section, "gravity"), "equation.gravity",
                               "expected at most %" PetscInt_FMT " numbers, found %" PetscInt_FMT, e->dim,
                               p->gravity.n));
  PetscCall(SinewEquationName(e, 0, "rho", "rho"));
  PetscCall(SinewEquationNameVector(e, 1, "momentum", "velocity"));
  PetscCall(SinewEquationName(e, e->dim + 1, "energy", "p"));
  for (PetscInt s = 0; s < p->scalars.n; s++) {
    char name[32];

    PetscCall(PetscSNPrintf(name, sizeof(name), "rho_%s", p->scalars.value[s]));
    PetscCall(SinewEquationName(e, e->dim + 2 + s, name, p->scalars.value[s]));
  }
  k->context = gas;
  k->velocity = 1;
  k->positives = 2;
  k->positive[0] = 0;
  k->positive[1] = e->dim + 1;
  k->primitive = SinewEulerPrimitive;
  k->conserved = SinewEulerConserved;
  k->flux = p->flux == 0 ? SinewEulerHLLC : p->flux == 1 ? SinewEulerHLL : SinewEulerRusanov;
  k->normal_flux = p->flux == 0 ? SinewEulerNormalHLLC : p->flux == 1 ? SinewEulerNormalHLL : SinewEulerNormalRusanov;
  k->normal_speed = SinewEulerNormalSpeed;
  k->physical_flux = SinewEulerPhysicalFlux;
  k->rate = SinewEulerRate;
  k->to_characteristic = SinewEulerToCharacteristic;
  k->from_characteristic = SinewEulerFromCharacteristic;
  if (p->viscosity > 0 || p->scalar_diffusivity > 0) {
    k->diffusive_flux = SinewEulerDiffusiveFlux;
    k->diffusive_rate = SinewEulerDiffusiveRate;
  }
  if (p->gravity.n) k->source = SinewEulerGravity;
  e->inexact = (PetscBool)(p->gravity.n || k->diffusive_flux);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(SinewEquation e)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(e->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const SinewEquationType SinewEuler = {
    .name = "euler",
    .doc = "compressible flow of an ideal gas: Euler, Navier-Stokes with viscosity, gravity, passive scalars",
    .dim_min = 1,
    .dim_max = 3,
    .keys = keys,
    .size = sizeof(SinewEulerParameters),
    .create = create,
    .destroy = destroy,
    .initials = SinewEulerInitials,
    .derived = derived,
};
