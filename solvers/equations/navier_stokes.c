/*
  Incompressible Navier-Stokes equations with passive or buoyant scalars.

    v_t + (v.grad) v = -grad p + nu lap v - nu_p (-lap)^p v - drag v + f + s_1 b,     div v = 0
    (s_i)_t + v.grad s_i = kappa lap s_i

  The density is 1; the first scalar pushes with the acceleration b (Boussinesq). The stepper decides the
  discretisation: `spectral` works in Fourier modes on periodic grids (navier_stokes_spectral.c), `ssp` and `euler` on
  staggered cells with any sides (navier_stokes_staggered.c), `insr` on points by a stream function
  (navier_stokes_pointwise.c).
*/
#include "solvers/equations/navier_stokes.h"
#include "solvers/equations/keys.h"

#include <math.h>
#include <string.h>

#include "solvers/equations/navier_stokes_kernels.h"

#define STIRRING(member) offsetof(SinewFlowStirring, member)
static const SinewKey stirring_keys[] = {{.name = "power",
                                          .type = SINEW_KEY_REAL,
                                          .offset = STIRRING(power),
                                          .standard = "0",
                                          .min = 0,
                                          .max = 1e30,
                                          .doc = "mean energy a unit of time and mass",
                                          .change = SINEW_CHANGE_FROZEN},
                                         {.name = "wavenumber",
                                          .type = SINEW_KEY_REAL,
                                          .offset = STIRRING(wavenumber),
                                          .standard = "1",
                                          .min = 0,
                                          .max = 1e30,
                                          .above_min = PETSC_TRUE,
                                          .doc = "radius of the ring of stirred wavenumbers, 2 pi / length",
                                          .change = SINEW_CHANGE_FROZEN},
                                         {.name = "width",
                                          .type = SINEW_KEY_REAL,
                                          .offset = STIRRING(width),
                                          .standard = "1",
                                          .min = 0,
                                          .max = 1e30,
                                          .above_min = PETSC_TRUE,
                                          .doc = "of the ring",
                                          .change = SINEW_CHANGE_FROZEN},
                                         {.name = "seed",
                                          .type = SINEW_KEY_INT,
                                          .offset = STIRRING(seed),
                                          .standard = "1",
                                          .min = 0,
                                          .max = 2e9,
                                          .doc = "of the random phases",
                                          .change = SINEW_CHANGE_FROZEN},
                                         {.name = NULL}};

static const char *const advections[] = {"flux", "semi_lagrangian", NULL};

#define PARAMETER(member) offsetof(SinewFlowParameters, member)
static const SinewKey keys[] = {
    KEY_SIZE(SinewFlowParameters, viscosity, "0", "kinematic viscosity nu"),
    KEY_SIZE(SinewFlowParameters, hyperviscosity, "0", "nu_p of nu_p (-lap)^p; spectral stepper only"),
    {.name = "hyperviscosity_order",
     .type = SINEW_KEY_INT,
     .offset = PARAMETER(hyperviscosity_order),
     .standard = "4",
     .min = 2,
     .max = 16,
     .doc = "p",
     .change = SINEW_CHANGE_FROZEN},
    KEY_SIZE(SinewFlowParameters, drag, "0", "linear friction"),
    {.name = "scalars",
     .type = SINEW_KEY_STRINGS,
     .offset = PARAMETER(scalars),
     .least = 1,
     .most = 6,
     .doc = "names of scalars that the flow carries",
     .change = SINEW_CHANGE_FROZEN},
    KEY_SIZE(SinewFlowParameters, scalar_diffusivity, "0", "diffusivity kappa of the scalars"),
    {.name = "buoyancy",
     .type = SINEW_KEY_REALS,
     .offset = PARAMETER(buoyancy),
     .least = 2,
     .most = 3,
     .doc = "acceleration a unit of the first scalar, one number an axis; on periodic grids without its mean",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "mean",
     .type = SINEW_KEY_REALS,
     .offset = PARAMETER(mean),
     .standard = "[0, 0]",
     .least = 2,
     .most = 3,
     .doc = "mean velocity, of initial conditions and of insr; 0 across walls",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "force",
     .type = SINEW_KEY_EXPRESSIONS,
     .offset = PARAMETER(force),
     .least = 2,
     .most = 3,
     .doc = "force, a formula in x, y, z, t an axis",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "stirring",
     .type = SINEW_KEY_SECTION,
     .offset = PARAMETER(stirring),
     .section = stirring_keys,
     .doc = "random forcing, white in time, on a ring of wavenumbers; spectral stepper only",
     .change = SINEW_CHANGE_FROZEN},
    KEY_CHOICE(SinewFlowParameters, advection, "flux", advections,
               "transport on staggered cells: by fluxes, or along characteristics (semi_lagrangian, with stepper euler "
               "and a dt of any size)"),
    {.name = "dealias",
     .type = SINEW_KEY_REAL,
     .offset = PARAMETER(dealias),
     .standard = "0.66666666666666667",
     .min = 0.1,
     .max = 1,
     .doc = "fraction of wavenumbers kept by the spectral stepper; beyond 2/3 products are aliased",
     .change = SINEW_CHANGE_FROZEN},
    {.name = NULL}};

/* ---- fields for output ---- */

static PetscErrorCode vorticity(SinewEquation e, Vec U, PetscReal value[])
{
  const SinewFlowData *flow = (const SinewFlowData *)e->data;

  PetscFunctionBeginUser;
  PetscCheck(flow->faces || flow->modes, PETSC_COMM_SELF, PETSC_ERR_SUP,
             "the vorticity is there with the steppers spectral, ssp, euler and insr");
  if (flow->faces)
    PetscCall(SinewFlowFacesVorticity(flow->faces, U, value));
  else
    PetscCall(SinewFlowModesVorticity(flow->modes, U, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void speed(SinewEquation e, PetscInt n, const PetscReal *const w[], PetscReal value[])
{
  for (PetscInt i = 0; i < n; i++) {
    PetscReal square = 0;

    for (PetscInt d = 0; d < e->dim; d++) square += w[d][i] * w[d][i];
    value[i] = PetscSqrtReal(square);
  }
}

static const SinewDerived derived[] = {{"vorticity", "curl of the velocity; in 3D its magnitude", .box = vorticity},
                                       {"speed", "magnitude of the velocity", .row = speed},
                                       {.name = NULL}};

/* ---- numbers for the history ---- */

const char *const SinewFlowMeasureNames[] = {"energy_mean", "enstrophy_mean", "dissipation_mean", NULL};

static PetscErrorCode measure(SinewEquation e, Vec U, PetscReal value[])
{
  const SinewFlowData *flow = (const SinewFlowData *)e->data;

  PetscFunctionBeginUser;
  if (flow->faces)
    PetscCall(SinewFlowFacesMeasure(flow->faces, U, value));
  else
    PetscCall(SinewFlowModesMeasure(flow->modes, U, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- steps ---- */

/* By the exponent's bits: sums and maxima of floating-point numbers would need an order, this vectorises. */
static PetscBool all_finite(PetscInt n, const PetscReal u[])
{
  const uint64_t exponent = 0x7ff0000000000000u;
  uint64_t bad = 0;

  for (PetscInt i = 0; i < n; i++) {
    uint64_t bits;

    memcpy(&bits, &u[i], sizeof(bits));
    bad |= (uint64_t)((bits & exponent) == exponent);
  }
  return (PetscBool)!bad;
}

static PetscErrorCode rate(SinewEquation e, Vec U, PetscReal *largest)
{
  const SinewFlowParameters *p = (const SinewFlowParameters *)e->parameters;
  PetscReal inverse[3];
  const PetscReal *u;
  PetscInt n;

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < 3; d++) inverse[d] = SinewGridAxis(e->grid, d)->inverse[0];
  PetscCall(VecGetLocalSize(U, &n));
  PetscCall(VecGetArrayRead(U, &u));
  *largest = !all_finite(n, u) ? (PetscReal)NAN
             : p->advection == SINEW_FLOW_SEMI_LAGRANGIAN && e->staggered
                 ? 0
                 : SinewFlowSpeed(n / e->components, e->components, e->dim, inverse, u);
  PetscCall(VecRestoreArrayRead(U, &u));
  for (PetscInt d = 0; d < e->dim && e->staggered; d++)
    *largest += 2 * PetscMax(p->viscosity, p->scalar_diffusivity) * inverse[d] * inverse[d];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode stage(SinewEquation e, PetscReal t, PetscReal to, Vec Y, PetscReal a, Vec A, PetscReal b,
                            PetscReal c, Vec out)
{
  PetscFunctionBeginUser;
  if (((const SinewFlowParameters *)e->parameters)->advection == SINEW_FLOW_SEMI_LAGRANGIAN) {
    PetscCheck((!A || a == 0) && b == 1, PETSC_COMM_SELF, PETSC_ERR_SUP, "semi-Lagrangian steps are no stages");
    PetscCall(SinewFlowFacesLeap(((SinewFlowData *)e->data)->faces, t, Y, c, out));
  } else
    PetscCall(SinewFlowFacesStage(((SinewFlowData *)e->data)->faces, t, to, Y, a, A, b, c, out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode settle(SinewEquation e, Vec U)
{
  PetscFunctionBeginUser;
  if (e->staggered) PetscCall(SinewFlowFacesProject(((SinewFlowData *)e->data)->faces, U));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the equation ---- */

static PetscErrorCode check_lengths(SinewEquation e, SinewDeck deck, SinewNode section)
{
  const SinewFlowParameters *p = (const SinewFlowParameters *)e->parameters;

  PetscFunctionBeginUser;
  if (p->buoyancy.n && p->buoyancy.n != e->dim)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, section, "buoyancy"), "equation.buoyancy",
                               "expected %" PetscInt_FMT " numbers, found %" PetscInt_FMT, e->dim, p->buoyancy.n));
  if (p->buoyancy.n && !p->scalars.n)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, section, "buoyancy"), "equation.buoyancy",
                               "missing equation.scalars: the first of them pushes"));
  if (p->force.n && p->force.n != e->dim)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, section, "force"), "equation.force",
                               "expected %" PetscInt_FMT " formulas, found %" PetscInt_FMT, e->dim, p->force.n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Semi-Lagrangian steps are forward Euler's, of a length that nobody can guess, between walls that are at rest. */
static PetscErrorCode check_leaps(SinewEquation e, SinewDeck deck, const SinewGridOptions *grid,
                                  const SinewBoundarySide side[6])
{
  const SinewFlowParameters *p = (const SinewFlowParameters *)e->parameters;
  const SinewNode root = SinewDeckRoot(deck), stepper = SinewNodeGet(deck, root, "stepper");

  PetscFunctionBeginUser;
  if (p->advection != SINEW_FLOW_SEMI_LAGRANGIAN) PetscFunctionReturn(PETSC_SUCCESS);
  if (strcmp(SinewNodeText(deck, SinewNodeGet(deck, stepper, "type")), "euler") ||
      SinewNodeGet(deck, stepper, "dt") == SINEW_NODE_NONE)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, stepper, "type"), "stepper.type",
                               "equation.advection semi_lagrangian takes stepper: {type: euler, dt: ...}"));
  for (PetscInt s = 0; s < 2 * grid->dim; s++) {
    const PetscInt kind = side[s].pieces ? (PetscInt)side[s].piece[0].kind : -1;

    if (!grid->periodic[s / 2] && kind != SINEW_BOUNDARY_REFLECT && kind != SINEW_BOUNDARY_NO_SLIP) {
      PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, SinewNodeGet(deck, root, "grid"), "boundary"),
                                 "grid.boundary", "expected periodic, wall or no_slip for semi_lagrangian"));
      break;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A side of staggered cells is one piece, of formulas. */
static PetscErrorCode check_side(SinewDeck deck, SinewNode node, const char path[], const SinewBoundarySide *side)
{
  const SinewBoundaryPiece *piece = &side->piece[0];

  PetscFunctionBeginUser;
  if (side->pieces != 1 || piece->where || piece->table_size)
    PetscCall(SinewDeckMistake(deck, node, path, "navier_stokes takes one condition a side, by formulas"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_staggered(SinewEquation e, SinewDeck deck, SinewNode section, const SinewGridOptions *grid)
{
  static const char *const only[] = {"stirring", "hyperviscosity"};
  const SinewFlowParameters *p = (const SinewFlowParameters *)e->parameters;
  const PetscBool wanted[] = {(PetscBool)(p->stirring.power > 0), (PetscBool)(p->hyperviscosity > 0)};
  char path[64];

  PetscFunctionBeginUser;
  for (int k = 0; k < 2; k++) {
    PetscCall(PetscSNPrintf(path, sizeof(path), "equation.%s", only[k]));
    if (wanted[k])
      PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, section, only[k]), path, "only with stepper.type spectral"));
  }
  for (PetscInt d = 0; d < grid->dim; d++) {
    if (grid->mapped[d])
      PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, SinewNodeGet(deck, SinewDeckRoot(deck), "grid"), "stretch"),
                                 "grid.stretch", "navier_stokes needs uniform axes"));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check(SinewEquation e, SinewDeck deck, const SinewGridOptions *grid,
                            const SinewBoundarySide side[6])
{
  static const char *const axes[] = {"x", "y", "z"};
  const SinewNode root = SinewDeckRoot(deck),
                  boundary = SinewNodeGet(deck, SinewNodeGet(deck, root, "grid"), "boundary");

  PetscFunctionBeginUser;
  if (!e->staggered) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(check_staggered(e, deck, SinewNodeGet(deck, root, "equation"), grid));
  PetscCall(check_leaps(e, deck, grid, side));
  for (PetscInt d = 0; d < grid->dim; d++) {
    char path[32];

    PetscCall(PetscSNPrintf(path, sizeof(path), "grid.boundary.%s", axes[d]));
    for (int s = 0; s < 2 && !grid->periodic[d]; s++)
      PetscCall(check_side(deck, SinewNodeGet(deck, boundary, axes[d]), path, &side[2 * d + s]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create(SinewEquation e, SinewDeck deck, SinewNode section)
{
  const SinewFlowParameters *p = (const SinewFlowParameters *)e->parameters;
  SinewFlowData *flow;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&flow));
  e->data = flow;
  flow->scalars = p->scalars.n;
  flow->components = e->components = e->dim + p->scalars.n;
  PetscCall(check_lengths(e, deck, section));
  PetscCall(SinewEquationNameVector(e, 0, "velocity", "velocity"));
  for (PetscInt s = 0; s < p->scalars.n; s++)
    PetscCall(SinewEquationName(e, e->dim + s, p->scalars.value[s], p->scalars.value[s]));
  e->kernels.context = flow;
  e->kernels.velocity = 0;
  e->kernels.primitive = SinewFlowCopy;
  e->kernels.conserved = SinewFlowCopy;
  flow->cells_only =
      (PetscBool)(e->dim != 2 || p->scalars.n || p->drag > 0 || p->hyperviscosity > 0 || p->stirring.power > 0);
  e->inexact = (PetscBool)(e->dim == 3 || p->force.n || p->buoyancy.n || p->stirring.power > 0 || p->drag > 0 ||
                           p->hyperviscosity > 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode attach(SinewEquation e, SinewGrid grid)
{
  PetscFunctionBeginUser;
  (void)grid;
  if (!e->staggered) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewFlowFacesCreate(e, &((SinewFlowData *)e->data)->faces));
  e->measures = SinewFlowMeasureNames;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(SinewEquation e)
{
  SinewFlowData *flow = (SinewFlowData *)e->data;

  PetscFunctionBeginUser;
  PetscCall(SinewFlowFacesDestroy(&flow->faces));
  PetscCall(SinewPointwiseDestroy(&flow->points));
  PetscCall(PetscFree(flow->wave));
  PetscCall(PetscFree(e->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const SinewEquationType SinewNavierStokes = {
    .name = "navier_stokes",
    .doc = "incompressible flow with scalars, buoyancy and forcing",
    .dim_min = 2,
    .dim_max = 3,
    .keys = keys,
    .size = sizeof(SinewFlowParameters),
    .create = create,
    .check = check,
    .attach = attach,
    .destroy = destroy,
    .pointwise = SinewFlowPointwise,
    .stage = stage,
    .settle = settle,
    .semilinear = SinewFlowSemilinear,
    .rate = rate,
    .measure = measure,
    .initials = SinewFlowInitials,
    .derived = derived,
};
