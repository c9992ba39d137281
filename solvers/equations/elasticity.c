/*
  Elastic bodies that deform as far as they like, for stepper insr: the components are displacements D of the points X
  of the grid's box, which is the body at rest. See solvers/pointwise/elasticity.h for the mechanics.

  Sides of the box: outflow is a free surface; dirichlet holds the displacements that it names, at values that may
  depend on place and time; wall puts it on rollers (the normal displacement is zero); periodic axes are that.
*/
#include "solvers/pointwise/elasticity.h"

#include "solvers/equations/elasticity_clamps.h"
#include "solvers/equations/keys.h"
#include "solvers/pointwise.h"
#include "solvers/pointwise/deformation.h"

typedef struct {
  PetscInt material;
  PetscReal stiffness, volume, young, poisson, density, force_end, contact, clamp;
  SinewExpressionList force, traction, velocity;
  SinewNode obstacles, clamps;
  const char *mesh;
} Parameters;

/* What the equation keeps for its points. */
typedef struct {
  const Parameters *p;
  const SinewDomain *domain;
  SinewElasticity body;
  SinewPointwise *equation;
  SinewSimplices *mesh; /* NULL: the body is the box */
  SinewElasticClamps clamps;
} Elastic;

static const char *const materials[] = {"arap", "neo_hookean", "linear", NULL};
static const SinewKey keys[] = {
    KEY_CHOICE(Parameters, material, "arap", materials,
               "energy: as rigid as possible, Neo-Hookean, or linear (small strains)"),
    KEY_SIZE(Parameters, stiffness, "1",
             "arap: factor of |F - R|^2, R the nearest rotation; Lame's mu for small strains"),
    KEY_SIZE(Parameters, volume, "1", "arap: factor of (det F - 1)^2; half of Lame's lambda for small strains"),
    KEY_POSITIVE(Parameters, young, "1", "others: Young's modulus"),
    {.name = "poisson",
     .type = SINEW_KEY_REAL,
     .offset = offsetof(Parameters, poisson),
     .standard = "0.3",
     .min = 0,
     .max = 0.499999,
     .doc = "others: Poisson's ratio (in two dimensions of plane strain)",
     .change = SINEW_CHANGE_FROZEN},
    KEY_SIZE(Parameters, density, "1", "mass per volume at rest; 0: equilibrium at every time"),
    KEY_EXPRESSIONS(Parameters, force, NULL, 3, "force per volume at rest, by component; standard: none"),
    KEY_EXPRESSIONS(Parameters, traction, NULL, 3,
                    "force per area at rest on the surface, where it is not held, by component; standard: none"),
    {.name = "force_end",
     .type = SINEW_KEY_REAL,
     .offset = offsetof(Parameters, force_end),
     .standard = "1e30",
     .doc = "force and traction end after this time",
     .change = SINEW_CHANGE_FROZEN},
    KEY_EXPRESSIONS(Parameters, velocity, NULL, 3, "velocity at the start, by component; standard: rest"),
    KEY_SIZE(Parameters, contact, "1e5",
             "stiffness k of obstacles, k/2 depth^2 per volume, and per area of the surface"),
    KEY_SIZE(Parameters, clamp, "1e4", "stiffness of held sides, k |D - target|^2 per area"),
    {.name = "obstacles",
     .type = SINEW_KEY_NODE,
     .offset = offsetof(Parameters, obstacles),
     .doc = "a list: {type: plane, point, normal}, {type: sphere, center, radius}, {type: box, lower, upper}",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "clamps",
     .type = SINEW_KEY_NODE,
     .offset = offsetof(Parameters, clamps),
     .doc =
         "of a mesh: a list of {label, where, displacement_x, displacement_y, displacement_z}, what is held and where",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "mesh",
     .type = SINEW_KEY_STRING,
     .offset = offsetof(Parameters, mesh),
     .doc = "the body, triangles or tetrahedra in Medit's format, inside of the grid's box; standard: the box itself",
     .change = SINEW_CHANGE_FROZEN},
    KEY_END};

/* ---- obstacles ---- */

typedef struct {
  SinewRealList point, normal, center, lower, upper;
  PetscReal radius;
} Obstacle;

static const char *const obstacle_names[] = {"plane", "sphere", "box"};
#define PLACE(member, text)                                                                                \
  {                                                                                                        \
    .name = #member, .type = SINEW_KEY_REALS, .offset = offsetof(Obstacle, member), .least = 2, .most = 3, \
    .required = PETSC_TRUE, .doc = text, .change = SINEW_CHANGE_FROZEN                                     \
  }
static const SinewKey plane_keys[] = {PLACE(point, "a point of the plane"), PLACE(normal, "out of the obstacle"),
                                      KEY_END};
static const SinewKey sphere_keys[] = {PLACE(center, "of the sphere"),
                                       {.name = "radius",
                                        .type = SINEW_KEY_REAL,
                                        .offset = offsetof(Obstacle, radius),
                                        .required = PETSC_TRUE,
                                        .max = 1e30,
                                        .above_min = PETSC_TRUE,
                                        .doc = "of the sphere",
                                        .change = SINEW_CHANGE_FROZEN},
                                       KEY_END};
static const SinewKey box_keys[] = {PLACE(lower, "corner"), PLACE(upper, "corner"), KEY_END};
static const SinewKey *const obstacle_keys[] = {plane_keys, sphere_keys, box_keys};

static const SinewVariant variants[] = {{"obstacles: plane", "a half space that cannot be entered", plane_keys},
                                        {"obstacles: sphere", "a ball (in two dimensions a disc)", sphere_keys},
                                        {"obstacles: box", "a box along the axes", box_keys},
                                        {"clamps", "of a body from a file", SinewElasticClampKeys},
                                        {NULL, NULL, NULL}};

/* The list has as many entries as there are dimensions. */
static PetscErrorCode take_place(SinewEquation e, SinewDeck deck, SinewNode node, const SinewRealList *list,
                                 const char name[], PetscReal to[3])
{
  PetscFunctionBeginUser;
  if (list->n && list->n != e->dim)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, node, name), "equation.obstacles",
                               "expected %" PetscInt_FMT " coordinates of %s, found %" PetscInt_FMT, e->dim, name,
                               list->n));
  for (PetscInt d = 0; d < e->dim && d < list->n; d++) to[d] = list->value[d];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode take_plane(SinewEquation e, SinewDeck deck, SinewNode node, const Obstacle *in, SinewObstacle *o)
{
  PetscReal length = 0;

  PetscFunctionBeginUser;
  PetscCall(take_place(e, deck, node, &in->point, "point", o->point));
  PetscCall(take_place(e, deck, node, &in->normal, "normal", o->normal));
  for (PetscInt d = 0; d < 3; d++) length += PetscSqr(o->normal[d]);
  if (in->normal.n && length <= 0)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, node, "normal"), "equation.obstacles",
                               "expected a normal that is not zero"));
  for (PetscInt d = 0; d < 3 && length > 0; d++) o->normal[d] /= PetscSqrtReal(length);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode take_box(SinewEquation e, SinewDeck deck, SinewNode node, const Obstacle *in, SinewObstacle *o)
{
  PetscReal lower[3] = {0}, upper[3] = {0};

  PetscFunctionBeginUser;
  PetscCall(take_place(e, deck, node, &in->lower, "lower", lower));
  PetscCall(take_place(e, deck, node, &in->upper, "upper", upper));
  for (PetscInt d = 0; d < e->dim; d++) {
    if (in->lower.n > d && in->upper.n > d && lower[d] >= upper[d])
      PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, node, "lower"), "equation.obstacles",
                                 "expected lower below upper, found %g and %g", (double)lower[d], (double)upper[d]));
    o->point[d] = 0.5 * (lower[d] + upper[d]);
    o->half[d] = 0.5 * (upper[d] - lower[d]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_obstacle(SinewEquation e, SinewDeck deck, SinewNode node, SinewElasticity *body)
{
  SinewObstacle *o = &body->obstacle[body->obstacles];
  Obstacle in = {.radius = 0};
  PetscInt kind;

  PetscFunctionBeginUser;
  if (body->obstacles == SINEW_OBSTACLES_MAX) {
    PetscCall(SinewDeckMistake(deck, node, "equation.obstacles", "expected at most %d obstacles", SINEW_OBSTACLES_MAX));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(SinewDeckReadName(deck, node, "equation.obstacles", "type", 3, obstacle_names, -1, &kind));
  if (kind < 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewDeckRead(deck, node, "equation.obstacles", obstacle_keys[kind], &in));
  o->kind = (SinewObstacleKind)kind;
  o->radius = in.radius;
  if (o->kind == SINEW_OBSTACLE_PLANE) PetscCall(take_plane(e, deck, node, &in, o));
  if (o->kind == SINEW_OBSTACLE_SPHERE) PetscCall(take_place(e, deck, node, &in.center, "center", o->point));
  if (o->kind == SINEW_OBSTACLE_BOX) PetscCall(take_box(e, deck, node, &in, o));
  body->obstacles++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_clamp(SinewEquation e, SinewDeck deck, SinewNode node, SinewElasticity *body)
{
  PetscFunctionBeginUser;
  (void)body;
  PetscCall(SinewElasticClampsRead(&((Elastic *)e->data)->clamps, e->dim, deck, node));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A list of maps, or one of them. */
static PetscErrorCode read_each(SinewEquation e, SinewDeck deck, SinewNode node, const char path[],
                                PetscErrorCode (*read)(SinewEquation, SinewDeck, SinewNode, SinewElasticity *),
                                SinewElasticity *body)
{
  PetscFunctionBeginUser;
  if (node == SINEW_NODE_NONE) PetscFunctionReturn(PETSC_SUCCESS);
  if (SinewNodeGetKind(deck, node) == SINEW_NODE_MAP) PetscCall((*read)(e, deck, node, body));
  for (PetscInt i = 0; SinewNodeGetKind(deck, node) == SINEW_NODE_LIST && i < SinewNodeCount(deck, node); i++)
    PetscCall((*read)(e, deck, SinewNodeEntry(deck, node, i), body));
  if (SinewNodeGetKind(deck, node) == SINEW_NODE_SCALAR)
    PetscCall(SinewDeckMistake(deck, node, path, "expected a list of %s", strchr(path, '.') + 1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- forces, velocities and sides ---- */

static PetscErrorCode vector_of(const SinewExpressionList *list, PetscInt dim, PetscReal t, PetscInt n,
                                const PetscReal x[], PetscReal values[])
{
  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < dim; d++) {
    for (PetscInt p = 0; p < n; p++) {
      const PetscReal *at = x + p * dim;

      values[d * n + p] = 0;
      if (d < list->n)
        PetscCall(SinewExpressionEvaluate(list->value[d], at[0], at[1], dim > 2 ? at[2] : 0, t, &values[d * n + p]));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode force(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal f[])
{
  const Elastic *s = (const Elastic *)ctx;

  PetscFunctionBeginUser;
  PetscCall(vector_of(&s->p->force, s->body.dim, t, n, x, f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode traction(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal f[])
{
  const Elastic *s = (const Elastic *)ctx;

  PetscFunctionBeginUser;
  PetscCall(vector_of(&s->p->traction, s->body.dim, t, n, x, f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode velocity(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal v[])
{
  const Elastic *s = (const Elastic *)ctx;

  PetscFunctionBeginUser;
  PetscCall(vector_of(&s->p->velocity, s->body.dim, t, n, x, v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode condition(const void *ctx, PetscInt face, const PetscReal x[3], PetscReal t, PetscBool held[3],
                                PetscReal target[3])
{
  const Elastic *s = (const Elastic *)ctx;
  SinewBoundaryKind kind;

  PetscFunctionBeginUser;
  if (s->mesh) {
    PetscCall(SinewElasticClampsEvaluate(&s->clamps, face, s->body.dim, x, t, held, target));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(SinewBoundarySideEvaluate(&s->domain->side[face], s->body.dim, x, t, &kind, held, target));
  if (kind == SINEW_BOUNDARY_REFLECT) held[face / 2] = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether `where` is positive anywhere on a side, as far as a grid of points tells. */
static PetscErrorCode touches(const SinewDomain *domain, PetscInt face, SinewExpression where, PetscBool *yes)
{
  const PetscInt m = domain->dim > 2 ? 48 : 512;

  PetscFunctionBeginUser;
  *yes = PETSC_FALSE;
  for (PetscInt k = 0; k < (domain->dim > 2 ? m * m : m) && !*yes; k++) {
    PetscReal x[3] = {0}, value;

    for (PetscInt d = 0, rest = k; d < domain->dim; d++) {
      if (d == face / 2) {
        x[d] = face % 2 ? domain->upper[d] : domain->lower[d];
        continue;
      }
      x[d] = domain->lower[d] + (domain->upper[d] - domain->lower[d]) * ((PetscReal)(rest % m) + 0.5) / (PetscReal)m;
      rest /= m;
    }
    PetscCall(SinewExpressionEvaluate(where, x[0], x[1], x[2], 0, &value));
    *yes = (PetscBool)(value > 0);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_side(SinewDeck deck, const SinewDomain *domain, PetscInt face, PetscBool *held)
{
  static const char *const axes[] = {"x", "y", "z"};
  const SinewBoundarySide *side = &domain->side[face];
  const SinewNode grid = SinewNodeGet(deck, SinewDeckRoot(deck), "grid");
  const SinewNode node = SinewNodeGet(deck, SinewNodeGet(deck, grid, "boundary"), axes[face / 2]);
  char path[32];

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(path, sizeof(path), "grid.boundary.%s", axes[face / 2]));
  for (PetscInt k = 0; k < side->pieces; k++) {
    const SinewBoundaryPiece *piece = &side->piece[k];
    PetscBool somewhere = PETSC_TRUE;

    if (piece->kind == SINEW_BOUNDARY_INFLOW || piece->kind == SINEW_BOUNDARY_EXACT)
      PetscCall(SinewDeckMistake(deck, node, path,
                                 "expected outflow (a free surface), dirichlet (held), wall (rollers) or periodic for "
                                 "elasticity"));
    if (piece->where) PetscCall(touches(domain, face, piece->where, &somewhere));
    if (!somewhere)
      PetscCall(SinewDeckMistake(deck, node, path, "the %s side of the body has no point where %s is positive",
                                 face % 2 ? "upper" : "lower", SinewExpressionText(piece->where)));
    if (piece->kind != SINEW_BOUNDARY_OUTFLOW) *held = PETSC_TRUE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the equation ---- */

static PetscErrorCode check_list(SinewEquation e, SinewDeck deck, SinewNode section, const char name[],
                                 const SinewExpressionList *list)
{
  char path[32];

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(path, sizeof(path), "equation.%s", name));
  if (list->n && list->n != e->dim)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, section, name), path,
                               "expected %" PetscInt_FMT " components, found %" PetscInt_FMT, e->dim, list->n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void copy(const void *context, PetscInt n, const PetscReal *const in[], PetscReal *const out[])
{
  const PetscInt dim = ((const Elastic *)context)->body.dim;

  for (PetscInt c = 0; c < dim; c++) (void)PetscArraycpy(out[c], in[c], n);
}

static void set_material(const Parameters *p, SinewElasticity *b)
{
  b->material = (SinewElasticMaterial)p->material;
  b->arap = p->stiffness;
  b->volume = p->volume;
  b->mu = 0.5 * p->young / (1 + p->poisson);
  b->lambda = p->young * p->poisson / ((1 + p->poisson) * (1 - 2 * p->poisson));
  b->density = p->density;
  b->force_end = p->force_end;
  b->contact = p->contact;
  b->clamp = p->clamp;
}

static PetscErrorCode create(SinewEquation e, SinewDeck deck, SinewNode section)
{
  const Parameters *p = (const Parameters *)e->parameters;
  Elastic *s;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&s));
  e->data = s;
  s->p = p;
  s->body.dim = e->dim;
  set_material(p, &s->body);
  PetscCall(check_list(e, deck, section, "force", &p->force));
  PetscCall(check_list(e, deck, section, "traction", &p->traction));
  PetscCall(check_list(e, deck, section, "velocity", &p->velocity));
  PetscCall(read_each(e, deck, p->obstacles, "equation.obstacles", read_obstacle, &s->body));
  PetscCall(read_each(e, deck, p->clamps, "equation.clamps", read_clamp, &s->body));
  if (s->clamps.n && !p->mesh)
    PetscCall(SinewDeckMistake(deck, p->clamps, "equation.clamps",
                               "clamps are for a body from a file: the sides of a box are held by grid.boundary"));
  if (p->force.n) s->body.force = force;
  if (p->traction.n) s->body.traction = traction;
  if (p->velocity.n) s->body.velocity = velocity;
  s->body.force_ctx = s->body.traction_ctx = s->body.velocity_ctx = s->body.condition_ctx = s;
  s->body.condition = condition;
  e->components = e->dim;
  e->displaced = PETSC_TRUE;
  PetscCall(SinewEquationNameVector(e, 0, "displacement", "displacement"));
  e->kernels.context = s;
  e->kernels.primitive = copy;
  e->kernels.conserved = copy;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode load(SinewEquation e, MPI_Comm comm, SinewDeck deck)
{
  Elastic *s = (Elastic *)e->data;
  char path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  if (!s->p->mesh) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewDeckResolve(deck, s->p->mesh, sizeof(path), path));
  PetscCall(SinewSimplicesCreate(comm, path, &s->mesh));
  e->body = s->body.shape = s->mesh;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(SinewEquation e)
{
  Elastic *s = (Elastic *)e->data;

  PetscFunctionBeginUser;
  PetscCall(SinewElasticClampsDestroy(&s->clamps));
  PetscCall(SinewSimplicesDestroy(&s->mesh));
  PetscCall(SinewPointwiseDestroy(&s->equation));
  PetscCall(PetscFree(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check(SinewEquation e, SinewDeck deck, const SinewGridOptions *grid,
                            const SinewBoundarySide side[6])
{
  const SinewNode stepper = SinewNodeGet(deck, SinewDeckRoot(deck), "stepper");
  const SinewNode type = SinewNodeGet(deck, stepper, "type");
  PetscBool same, spectral; /* of which the stepper itself says that it cannot */

  PetscFunctionBeginUser;
  (void)e;
  (void)grid;
  (void)side;
  PetscCall(PetscStrcmp(SinewNodeText(deck, type), "insr", &same));
  PetscCall(PetscStrcmp(SinewNodeText(deck, type), "spectral", &spectral));
  if (!same && !spectral)
    PetscCall(SinewDeckMistake(deck, type, "stepper.type", "expected insr, the stepper of elasticity, found %s",
                               SinewNodeText(deck, type)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A body from a file lies in the box, whose sides it does not touch. */
static PetscErrorCode check_mesh(SinewEquation e, SinewDeck deck, const SinewDomain *domain)
{
  const Elastic *s = (const Elastic *)e->data;
  const SinewNode section = SinewNodeGet(deck, SinewDeckRoot(deck), "equation");
  const SinewNode node = SinewNodeGet(deck, section, "mesh");
  const SinewSimplices *mesh = s->mesh;
  PetscBool open = PETSC_TRUE;

  PetscFunctionBeginUser;
  if (mesh->dim != e->dim) {
    PetscCall(SinewDeckMistake(deck, node, "equation.mesh",
                               "expected a mesh of as many dimensions as the grid has, %" PetscInt_FMT
                               ", found %" PetscInt_FMT,
                               e->dim, mesh->dim));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (PetscInt d = 0; d < e->dim; d++) {
    if (mesh->lower[d] < domain->lower[d] || mesh->upper[d] > domain->upper[d])
      PetscCall(SinewDeckMistake(deck, node, "equation.mesh",
                                 "expected a body inside of the grid's box: along %c it reaches from %g to %g",
                                 (int)('x' + d), (double)mesh->lower[d], (double)mesh->upper[d]));
    open = (PetscBool)(open && !domain->periodic[d] && !s->body.held[2 * d] && !s->body.held[2 * d + 1]);
  }
  if (!open)
    PetscCall(SinewDeckMistake(deck, node, "equation.mesh",
                               "expected outflow on all sides of the grid: the body's own surface is free, or held by "
                               "clamps"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An equilibrium of loads needs what bears them. */
static PetscErrorCode check_loads(SinewDeck deck, const SinewElasticity *b)
{
  const SinewNode section = SinewNodeGet(deck, SinewDeckRoot(deck), "equation");
  PetscBool borne = (PetscBool)(b->obstacles > 0 || b->clamps > 0);

  PetscFunctionBeginUser;
  for (PetscInt face = 0; face < 2 * b->dim; face++) borne = (PetscBool)(borne || b->held[face]);
  if (b->density <= 0 && (b->force || b->traction) && !borne)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, section, "density"), "equation.density",
                               "nothing bears the load of a body without inertia: expected a side that is held, an "
                               "obstacle, or a density above 0"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode pointwise(SinewEquation e, SinewDeck deck, const SinewDomain *domain, SinewPointwise *p,
                                PetscBool zero[6])
{
  Elastic *s = (Elastic *)e->data;
  SinewElasticity *b = &s->body;

  PetscFunctionBeginUser;
  (void)zero;
  s->domain = domain;
  for (PetscInt face = 0; face < 2 * e->dim; face++) {
    b->bounded[face] = (PetscBool)!domain->periodic[face / 2];
    b->extent[face / 2] = domain->upper[face / 2] - domain->lower[face / 2];
    if (b->bounded[face]) PetscCall(check_side(deck, domain, face, &b->held[face]));
  }
  if (s->mesh) PetscCall(check_mesh(e, deck, domain));
  if (s->mesh && s->mesh->dim == e->dim && s->clamps.n) {
    PetscCall(SinewElasticClampsPlace(&s->clamps, s->mesh, deck));
    b->clamps = s->clamps.n;
    b->patch = s->clamps.patch;
  }
  PetscCall(check_loads(deck, b));
  PetscCall(SinewPointwiseElasticity(b, &s->equation));
  *p = *s->equation;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- fields ---- */

/* dD/dx along axis d at cell `at` of a local array [k][j][i][c], one-sided at the ends of bounded axes. */
static void difference(SinewEquation e, const PetscReal *const *const *const *D, const PetscInt at[3], PetscInt d,
                       PetscReal slope[3])
{
  const SinewAxis *a = SinewGridAxis(e->grid, d);
  PetscInt below[3] = {at[0], at[1], at[2]}, above[3] = {at[0], at[1], at[2]};
  PetscReal width;

  if (a->periodic || at[d] > 0) below[d]--;
  if (a->periodic || at[d] < a->cells - 1) above[d]++;
  width = a->center[above[d] - a->start + a->ghosts] - a->center[below[d] - a->start + a->ghosts];
  for (PetscInt c = 0; c < e->dim; c++)
    slope[c] = width != 0 ? (D[above[2]][above[1]][above[0]][c] - D[below[2]][below[1]][below[0]][c]) / width : 0;
}

/* det F or W of the owned cells, of displacements differenced on the grid. */
static PetscErrorCode box_field(SinewEquation e, Vec U, PetscBool energy, PetscReal value[])
{
  const SinewElasticity *b = &((const Elastic *)e->data)->body;
  const SinewAxis *a[3] = {SinewGridAxis(e->grid, 0), SinewGridAxis(e->grid, 1), SinewGridAxis(e->grid, 2)};
  const PetscInt dim = e->dim;
  PetscReal ****D;
  Vec local;
  DM dm;

  PetscFunctionBeginUser;
  PetscCall(SinewGridGetDM(e->grid, &dm));
  PetscCall(DMGetLocalVector(dm, &local));
  PetscCall(DMGlobalToLocal(dm, U, INSERT_VALUES, local));
  if (dim == 3)
    PetscCall(DMDAVecGetArrayDOFRead(dm, local, (void *)&D));
  else {
    PetscCall(PetscMalloc1(1, &D));
    PetscCall(DMDAVecGetArrayDOFRead(dm, local, (void *)&D[0]));
  }
  for (PetscInt n = 0; n < a[0]->count * a[1]->count * a[2]->count; n++) {
    const PetscInt at[3] = {a[0]->start + n % a[0]->count, a[1]->start + n / a[0]->count % a[1]->count,
                            dim == 3 ? a[2]->start + n / a[0]->count / a[1]->count : 0};
    PetscReal u[12] = {0}, F[9], x[3] = {0}, slope[3];
    const SinewPoints points = {.n = 1, .channels = 1 + dim, .x = x, .u = u};

    for (PetscInt d = 0; d < dim; d++) {
      difference(e, (const PetscReal *const *const *const *)D, at, d, slope);
      for (PetscInt c = 0; c < dim; c++) {
        u[c * (1 + dim) + 1 + d] = slope[c];
        F[c * dim + d] = (c == d) + slope[c];
      }
    }
    value[n] = SinewDeformVolume(dim, F, NULL);
    if (energy)
      PetscCall(
          SinewElasticityEnergy(b, SINEW_ELASTIC_STRAIN | SINEW_ELASTIC_VOLUME, &points, NULL, &value[n], NULL, NULL));
  }
  if (dim == 3)
    PetscCall(DMDAVecRestoreArrayDOFRead(dm, local, (void *)&D));
  else {
    PetscCall(DMDAVecRestoreArrayDOFRead(dm, local, (void *)&D[0]));
    PetscCall(PetscFree(D));
  }
  PetscCall(DMRestoreLocalVector(dm, &local));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode volume_ratio(SinewEquation e, Vec U, PetscReal value[])
{
  PetscFunctionBeginUser;
  PetscCall(box_field(e, U, PETSC_FALSE, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode strain_energy(SinewEquation e, Vec U, PetscReal value[])
{
  PetscFunctionBeginUser;
  PetscCall(box_field(e, U, PETSC_TRUE, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const SinewDerived derived[] = {
    {.name = "volume_ratio", .doc = "det F, by differences of the displacement", .box = volume_ratio},
    {.name = "strain_energy", .doc = "W per volume at rest, by differences of the displacement", .box = strain_energy},
    {.name = NULL}};

/* ---- initial conditions ---- */

static PetscErrorCode at_rest(SinewEquation e, const void *parameters, const PetscReal x[3], PetscReal t, PetscReal w[])
{
  PetscFunctionBeginUser;
  (void)parameters;
  (void)x;
  (void)t;
  for (PetscInt c = 0; c < e->components; c++) w[c] = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const SinewInitialType initials[] = {{"undeformed", "no displacement", 2, 3, PETSC_FALSE, NULL, 0, at_rest},
                                            {NULL, NULL, 0, 0, PETSC_FALSE, NULL, 0, NULL}};

const SinewEquationType SinewElasticBodies = {
    .name = "elasticity",
    .doc = "elastic bodies, large deformations, contact with obstacles (stepper insr)",
    .dim_min = 2,
    .dim_max = 3,
    .keys = keys,
    .size = sizeof(Parameters),
    .create = create,
    .load = load,
    .check = check,
    .destroy = destroy,
    .pointwise = pointwise,
    .initials = initials,
    .derived = derived,
    .variants = variants,
};
