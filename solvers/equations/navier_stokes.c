/*
  Incompressible flow in two dimensions, density 1: v_t + (v . grad) v = nu lap v - grad p + f, div v = 0, in a frame
  where `mean` is the velocity's mean. Known at points alone, through a stream function (solvers/pointwise/flow.c);
  there are no terms for cells.
*/
#include "solvers/equation.h"
#include "solvers/pointwise.h"

typedef struct {
  PetscReal viscosity;
  SinewRealList mean;
  SinewExpressionList force;
} Parameters;

typedef struct {
  SinewPointwise *flow;
} Data;

#define PARAMETER(member) offsetof(Parameters, member)
static const SinewKey keys[] = {{.name = "viscosity",
                                 .type = SINEW_KEY_REAL,
                                 .offset = PARAMETER(viscosity),
                                 .standard = "0",
                                 .min = 0,
                                 .max = 1e30,
                                 .doc = "kinematic viscosity nu; 0: Euler's equations",
                                 .change = SINEW_CHANGE_FROZEN},
                                {.name = "mean",
                                 .type = SINEW_KEY_REALS,
                                 .offset = PARAMETER(mean),
                                 .standard = "[0, 0]",
                                 .least = 2,
                                 .most = 2,
                                 .doc = "mean velocity; 0 across walls",
                                 .change = SINEW_CHANGE_FROZEN},
                                {.name = "force",
                                 .type = SINEW_KEY_EXPRESSIONS,
                                 .offset = PARAMETER(force),
                                 .least = 2,
                                 .most = 2,
                                 .doc = "force, a formula in x, y, t an axis",
                                 .change = SINEW_CHANGE_FROZEN},
                                {.name = NULL}};

static void copy(const void *context, PetscInt n, const PetscReal *const from[], PetscReal *const to[])
{
  (void)context;
  for (int c = 0; c < 2; c++) {
    for (PetscInt i = 0; i < n; i++) to[c][i] = from[c][i];
  }
}

static PetscErrorCode create(SinewEquation e, SinewDeck deck, SinewNode section)
{
  const Parameters *p = (const Parameters *)e->parameters;
  Data *data;

  PetscFunctionBeginUser;
  (void)deck;
  (void)section;
  PetscCall(PetscNew(&data));
  e->data = data;
  e->components = 2;
  PetscCall(SinewEquationNameVector(e, 0, "velocity", "velocity"));
  e->kernels.velocity = 0;
  e->kernels.primitive = e->kernels.conserved = copy;
  e->gridless = PETSC_TRUE;
  e->inexact = (PetscBool)(p->force.n > 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(SinewEquation e)
{
  Data *data = (Data *)e->data;

  PetscFunctionBeginUser;
  if (data) PetscCall(SinewPointwiseDestroy(&data->flow));
  PetscCall(PetscFree(e->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- at points ---- */

static PetscErrorCode force(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal values[])
{
  const Parameters *p = (const Parameters *)ctx;

  PetscFunctionBeginUser;
  for (int c = 0; c < 2; c++) {
    for (PetscInt i = 0; i < n; i++)
      PetscCall(SinewExpressionEvaluate(p->force.value[c], x[2 * i], x[2 * i + 1], 0, t, &values[c * n + i]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_face(SinewEquation e, SinewDeck deck, const SinewDomain *domain, PetscInt face)
{
  const Parameters *p = (const Parameters *)e->parameters;
  const SinewBoundarySide *side = &domain->side[face];
  const SinewNode boundary = SinewNodeGet(deck, SinewNodeGet(deck, SinewDeckRoot(deck), "grid"), "boundary");
  static const char *const axis[] = {"x", "y"};
  char path[64];

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(path, sizeof(path), "grid.boundary.%s", axis[face / 2]));
  if (side->pieces != 1 || side->piece[0].kind != SINEW_BOUNDARY_REFLECT)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, boundary, axis[face / 2]), path,
                               "insr does navier_stokes between periodic sides and slip walls: expected periodic or "
                               "wall"));
  else if (p->mean.value[face / 2] != 0)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, boundary, axis[face / 2]), path,
                               "equation.mean goes through this wall: expected 0 along %s, found %g", axis[face / 2],
                               (double)p->mean.value[face / 2]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode pointwise(SinewEquation e, SinewDeck deck, const SinewDomain *domain, SinewPointwise *p,
                                PetscBool zero[6])
{
  const Parameters *parameters = (const Parameters *)e->parameters;
  Data *data = (Data *)e->data;
  SinewFlow flow = {.viscosity = parameters->viscosity,
                    .mean = {parameters->mean.value[0], parameters->mean.value[1]},
                    .force = parameters->force.n ? force : NULL,
                    .ctx = parameters};

  PetscFunctionBeginUser;
  for (PetscInt face = 0; face < 4; face++) {
    if (domain->periodic[face / 2]) continue;
    zero[face] = PETSC_TRUE; /* of the stream function: no flow through the wall */
    if (face % 2 == 0) PetscCall(check_face(e, deck, domain, face));
  }
  PetscCall(SinewPointwiseFlow(&flow, &data->flow));
  *p = *data->flow;
  p->name = e->type->name;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- initial conditions ---- */

typedef struct {
  PetscReal amplitude;
  SinewRealList waves;
} Vortices;
#define VORTICES(member) offsetof(Vortices, member)
static const SinewKey taylor_green_keys[] = {{.name = "amplitude",
                                              .type = SINEW_KEY_REAL,
                                              .offset = VORTICES(amplitude),
                                              .standard = "1",
                                              .doc = "largest velocity_x",
                                              .change = SINEW_CHANGE_FROZEN},
                                             {.name = "waves",
                                              .type = SINEW_KEY_REALS,
                                              .offset = VORTICES(waves),
                                              .standard = "2",
                                              .least = 1,
                                              .most = 2,
                                              .min = 1,
                                              .max = 1000,
                                              .doc = "half waves along each axis: vortices; even on periodic axes",
                                              .change = SINEW_CHANGE_FROZEN},
                                             {.name = NULL}};

/* A lattice of vortices, carried by the mean flow and damped by viscosity (Taylor & Green 1937, section 2). */
static PetscErrorCode taylor_green(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t,
                                   PetscReal w[])
{
  const Vortices *v = (const Vortices *)parameters;
  const Parameters *p = (const Parameters *)e->parameters;
  PetscReal k[2], phase[2], height;

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < 2; d++) {
    const SinewAxis *a = SinewGridAxis(e->grid, d);

    k[d] = PETSC_PI * v->waves.value[PetscMin(d, v->waves.n - 1)] / (a->upper - a->lower);
    phase[d] = k[d] * (x[d] - p->mean.value[d] * t - a->lower);
  }
  height = v->amplitude * PetscExpReal(-p->viscosity * (k[0] * k[0] + k[1] * k[1]) * t);
  w[0] = p->mean.value[0] + height * PetscSinReal(phase[0]) * PetscCosReal(phase[1]);
  w[1] = p->mean.value[1] - height * k[0] / k[1] * PetscCosReal(phase[0]) * PetscSinReal(phase[1]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const SinewInitialType initials[] = {{"taylor_green", "a lattice of vortices between walls or periodic sides", 2,
                                             2, PETSC_TRUE, taylor_green_keys, sizeof(Vortices), taylor_green},
                                            {NULL, NULL, 0, 0, PETSC_FALSE, NULL, 0, NULL}};

static void speed(SinewEquation e, PetscInt n, const PetscReal *const w[], PetscReal value[])
{
  (void)e;
  for (PetscInt i = 0; i < n; i++) value[i] = PetscSqrtReal(w[0][i] * w[0][i] + w[1][i] * w[1][i]);
}

static const SinewDerived derived[] = {{"speed", "|velocity|", speed}, {NULL, NULL, NULL}};

const SinewEquationType SinewNavierStokes = {
    .name = "navier_stokes",
    .doc = "incompressible flow, by its stream function: stepper insr",
    .dim_min = 2,
    .dim_max = 2,
    .keys = keys,
    .size = sizeof(Parameters),
    .create = create,
    .destroy = destroy,
    .pointwise = pointwise,
    .initials = initials,
    .derived = derived,
};
