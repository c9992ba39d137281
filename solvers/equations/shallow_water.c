/*
  Shallow-water (Saint-Venant) equations in one and two dimensions, with bathymetry, Coriolis force and bottom friction.

    h_t + div(h v) = 0
    (h v)_t + div(h v v) + grad(g h^2/2) = -g h grad b + f (h v, -h u) - k h v

  h depth, v velocity, b height of the bottom, f = coriolis + beta y,
  k = damping + drag |v| / h + g manning^2 |v| / h^(4/3).

  HLLC fluxes between hydrostatically reconstructed states (Audusse et al., SIAM J. Sci. Comput. 25 (2004) 2050): depth
  and surface h + b are reconstructed, the bottom at a face is their difference. Lakes at rest stay so to rounding, also
  between islands, and depths stay positive for cfl <= 0.5 with linear reconstructions and strong-stability-preserving
  steps. The bottom lies in a table; the state is depth and discharge alone.
*/
#include "solvers/equations/shallow_water.h"

#include "solvers/equations/keys.h"

typedef struct {
  PetscReal gravity, dry, coriolis, beta, damping, drag, manning;
  SinewExpression bathymetry;
} Parameters;

static const SinewKey keys[] = {
    KEY_POSITIVE(Parameters, gravity, "9.81", "acceleration of gravity g"),
    KEY_EXPRESSION(Parameters, bathymetry, NULL, "height of the bottom b(x, y); standard: level ground at 0"),
    KEY_REAL(Parameters, coriolis, "0", "Coriolis parameter f at y = 0"),
    KEY_REAL(Parameters, beta, "0", "its gradient along y (beta plane)"),
    KEY_SIZE(Parameters, damping, "0", "linear friction: rate"),
    KEY_SIZE(Parameters, drag, "0", "quadratic friction: drag coefficient of the bottom"),
    KEY_SIZE(Parameters, manning, "0", "Manning's roughness n, s m^(-1/3) in metres and seconds"),
    KEY_POSITIVE(Parameters, dry, "1e-6",
                 "depth below which velocities fade, and friction grows no more: sets the step of rough films"),
    KEY_END};

static void speed(SinewEquation e, PetscInt n, const PetscReal *const w[], PetscReal value[])
{
  for (PetscInt i = 0; i < n; i++) value[i] = PetscSqrtReal(w[1][i] * w[1][i] + (e->dim > 1 ? w[2][i] * w[2][i] : 0));
}

static void froude(SinewEquation e, PetscInt n, const PetscReal *const w[], PetscReal value[])
{
  const SinewShallow *s = (const SinewShallow *)e->data;

  speed(e, n, w, value);
  for (PetscInt i = 0; i < n; i++) value[i] /= PetscSqrtReal(s->gravity * PetscMax(w[0][i], s->dry));
}

static void bathymetry(SinewEquation e, const SinewRow *row, PetscInt n, const PetscReal *const w[], PetscReal value[])
{
  const SinewCoefficientLine b = SinewCoefficientInCells(&((const SinewShallow *)e->data)->bathymetry, row);

  (void)w;
  for (PetscInt i = 0; i < n; i++) value[i] = b.value[i * b.stride];
}

static void surface(SinewEquation e, const SinewRow *row, PetscInt n, const PetscReal *const w[], PetscReal value[])
{
  bathymetry(e, row, n, w, value);
  for (PetscInt i = 0; i < n; i++) value[i] += w[0][i];
}

static const SinewDerived derived[] = {
    {.name = "surface", .doc = "h + b: the water's surface, or dry ground", .at = surface},
    {.name = "bathymetry", .doc = "height of the bottom b", .at = bathymetry},
    {.name = "speed", .doc = "|v|", .row = speed},
    {.name = "froude", .doc = "Froude number |v| / sqrt(g h)", .row = froude},
    {.name = NULL}};

static PetscErrorCode check_plane(SinewEquation e, SinewDeck deck, SinewNode section)
{
  const Parameters *p = (const Parameters *)e->parameters;
  const char *const name = p->coriolis != 0 ? "coriolis" : "beta";

  PetscFunctionBeginUser;
  if (e->dim == 1 && (p->coriolis != 0 || p->beta != 0)) {
    char path[32];

    PetscCall(PetscSNPrintf(path, sizeof(path), "equation.%s", name));
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, section, name), path,
                               "expected 0 in one dimension: the Coriolis force turns flows out of a line"));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode set_bathymetry(SinewEquation e, SinewDeck deck, SinewNode section)
{
  SinewShallow *s = (SinewShallow *)e->data;
  SinewFVKernels *k = &e->kernels;

  PetscFunctionBeginUser;
  PetscCall(SinewCoefficientSet(&s->bathymetry, ((const Parameters *)e->parameters)->bathymetry, NULL));
  if (s->bathymetry.timed)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, section, "bathymetry"), "equation.bathymetry",
                               "expected a formula in x and y, found t"));
  s->uneven = (PetscBool)(s->bathymetry.expression != NULL); /* level ground at any height asks for nothing special */
  if (!s->uneven) PetscFunctionReturn(PETSC_SUCCESS);
  k->extras = 1;
  k->place = SinewShallowPlace;
  k->complete = SinewShallowComplete;
  k->flux = SinewShallowUnevenFlux;
  k->sides = SinewShallowSides;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create(SinewEquation e, SinewDeck deck, SinewNode section)
{
  const Parameters *p = (const Parameters *)e->parameters;
  SinewFVKernels *k = &e->kernels;
  SinewShallow *s;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&s));
  e->data = s;
  s->dim = e->dim;
  s->gravity = p->gravity;
  s->dry = p->dry;
  s->coriolis = p->coriolis;
  s->beta = p->beta;
  s->damping = p->damping;
  s->drag = p->drag;
  s->manning = p->manning;
  e->components = e->dim + 1;
  PetscCall(SinewEquationName(e, 0, "h", "h"));
  PetscCall(SinewEquationNameVector(e, 1, "discharge", "velocity"));
  PetscCall(check_plane(e, deck, section));
  k->context = s;
  k->velocity = 1;
  k->positives = 1;
  k->positive[0] = 0;
  k->least[0] = -1e-3 * p->dry; /* zero is a depth, and rounding may go below it */
  k->primitive = SinewShallowPrimitive;
  k->conserved = SinewShallowConserved;
  k->flux = SinewShallowFlux;
  k->physical_flux = SinewShallowPhysicalFlux;
  k->rate = SinewShallowRate;
  if (s->dim == 2) {
    k->normal_flux = SinewShallowNormalFlux;
    k->normal_speed = SinewShallowNormalSpeed;
  }
  if (s->coriolis != 0 || s->beta != 0 || s->damping > 0 || s->drag > 0 || s->manning > 0)
    k->source = SinewShallowSource;
  PetscCall(set_bathymetry(e, deck, section));
  e->place_dependent = (PetscBool)(s->uneven || s->beta != 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscReal SinewShallowHeight(const SinewShallow *s, PetscReal height)
{
  return s->quantum > 0 ? s->quantum * PetscFloorReal(height / s->quantum + 0.5) : height;
}

/*
  Heights are rounded to 2^-40 of the largest (a micron in the ocean): then the depth below a level surface and their
  sum, the surface, are exact, and a lake at rest has not even rounding errors to move it. Collective.
*/
static PetscErrorCode attach(SinewEquation e, SinewGrid grid)
{
  SinewShallow *s = (SinewShallow *)e->data;
  const SinewAxis *a[2] = {SinewGridAxis(grid, 0), SinewGridAxis(grid, 1)};
  const PetscInt n = (a[0]->count + 2 * a[0]->ghosts) * (a[1]->count + 2 * a[1]->ghosts);
  PetscReal *b, highest = 0;
  DM dm;
  int exponent;

  PetscFunctionBeginUser;
  if (!s->uneven) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewCoefficientTabulate(&s->bathymetry, grid, SINEW_COEFFICIENT_CENTERS | SINEW_COEFFICIENT_WRAPPED));
  b = s->bathymetry.center;
  for (PetscInt i = 0; i < n; i++) highest = PetscMax(highest, PetscAbsReal(b[i]));
  PetscCall(SinewGridGetDM(grid, &dm));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &highest, 1, MPIU_REAL, MPIU_MAX, PetscObjectComm((PetscObject)dm)));
  (void)frexp((double)highest, &exponent);
  s->quantum = (PetscReal)ldexp(1, exponent - 40);
  for (PetscInt i = 0; i < n; i++) b[i] = SinewShallowHeight(s, b[i]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(SinewEquation e)
{
  PetscFunctionBeginUser;
  PetscCall(SinewCoefficientClear(&((SinewShallow *)e->data)->bathymetry));
  PetscCall(PetscFree(e->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const SinewEquationType SinewShallowWater = {
    .name = "shallow_water",
    .doc = "shallow water: bathymetry, wetting and drying, Coriolis force, bottom friction",
    .dim_min = 1,
    .dim_max = 2,
    .keys = keys,
    .size = sizeof(Parameters),
    .create = create,
    .attach = attach,
    .destroy = destroy,
    .initials = SinewShallowInitials,
    .derived = derived,
};
