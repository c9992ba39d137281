/* Elastic bodies as equations: the step's rows, those of faces, and what the history is told. */
#include "elasticity_private.h"

/* strain rows: entries (i, j), i <= j, of a symmetric matrix, those off the diagonal times sqrt 2 */
#define SQRT2 1.4142135623730950488

typedef struct Body Body;
typedef struct {
  const Body *body;
  PetscInt index; /* of the face: 2 axis + side */
} Face;

struct Body {
  SinewPointwise equation;
  SinewElasticity b;
  Face face[6];
  PetscReal extent; /* volume of the body */
};

/* What the history is told. */
static const char *const integral_names[] = {"kinetic_energy", "elastic_energy", "contact_energy", "least_det_F",
                                             "deepest",        "momentum_x",     "momentum_y",     "momentum_z"};
enum { KINETIC, ELASTIC, CONTACT, DET, DEEPEST, MOMENTUM };

/* Rows at one point, and where their derivatives go. */
typedef struct {
  const SinewElasticity *b;
  const SinewPoints *at;
  PetscInt p, row;
  PetscReal *r, *dr;
} Rows;

static void set(const Rows *rows, PetscInt component, PetscInt channel, PetscReal value)
{
  const PetscInt n = rows->at->n, channels = rows->at->channels;

  if (rows->dr) rows->dr[((rows->row * rows->b->dim + component) * channels + channel) * n + rows->p] = value;
}

/* Ends a row. */
static void put(Rows *rows, PetscReal value)
{
  rows->r[rows->row * rows->at->n + rows->p] = value;
  rows->row++;
}

/* ---- materials ---- */

/* sign(s - 1) sqrt(s^2 - 1 - 2 ln s) and its slope; by series about 1 */
static PetscReal hookean_stretch(PetscReal s, PetscReal *slope)
{
  const PetscReal x = s - 1, near = 1e-3;
  PetscReal g;

  if (PetscAbsReal(x) < near) {
    const PetscReal h = 2 + x * (-2. / 3 + x * (1. / 2 + x * (-2. / 5 + x / 3)));
    const PetscReal dh = -2. / 3 + x * (1 + x * (-6. / 5 + x * 4. / 3)), root = PetscSqrtReal(h);

    *slope = root + 0.5 * x * dh / root;
    return x * root;
  }
  g = (x > 0 ? 1 : -1) * PetscSqrtReal(x * (2 + x) - 2 * log1p(x)); /* NaN for s <= 0 */
  *slope = (s - 1 / s) / g;
  return g;
}

/* |G(T)|^2 with G = s - 1 or the Neo-Hookean's */
static PetscErrorCode stretch_rows(Rows *rows, const PetscReal F[])
{
  const SinewElasticity *b = rows->b;
  const PetscBool arap = (PetscBool)(b->material == SINEW_ELASTIC_ARAP);
  const PetscReal c = PetscSqrtReal(arap ? b->arap : 0.5 * b->mu);
  const PetscInt dim = b->dim;
  PetscReal g[3], slope[3] = {1, 1, 1}, G[9], dG[9][9];
  SinewDeformation d;

  PetscFunctionBegin;
  PetscCall(SinewDeform(dim, F, &d));
  for (PetscInt i = 0; i < dim; i++) g[i] = arap ? d.s[i] - 1 : hookean_stretch(d.s[i], &slope[i]);
  SinewDeformFunction(&d, g, slope, G, rows->dr ? dG : NULL);
  for (PetscInt i = 0; i < dim; i++) {
    for (PetscInt j = i; j < dim; j++) {
      const PetscReal factor = i == j ? c : SQRT2 * c;

      for (PetscInt k = 0; rows->dr && k < dim * dim; k++) set(rows, k / dim, 1 + k % dim, factor * dG[k][i * dim + j]);
      put(rows, factor * G[i * dim + j]);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void volume_row(Rows *rows, const PetscReal F[])
{
  const SinewElasticity *b = rows->b;
  const PetscBool arap = (PetscBool)(b->material == SINEW_ELASTIC_ARAP);
  const PetscReal c = PetscSqrtReal(arap ? b->volume : 0.5 * b->lambda);
  PetscReal C[9], J = SinewDeformVolume(b->dim, F, C);

  for (PetscInt k = 0; k < b->dim * b->dim; k++) set(rows, k / b->dim, 1 + k % b->dim, c * C[k] / (arap ? 1 : J));
  put(rows, c * (arap ? J - 1 : J > 0 ? PetscLogReal(J) : (PetscReal)NAN));
}

static void linear_rows(Rows *rows, const PetscReal F[])
{
  const SinewElasticity *b = rows->b;
  const PetscReal c = PetscSqrtReal(b->mu), trace_factor = PetscSqrtReal(0.5 * b->lambda);
  PetscReal trace = 0;

  for (PetscInt i = 0; i < b->dim; i++) {
    trace += F[i * b->dim + i] - 1;
    for (PetscInt j = i; j < b->dim; j++) {
      const PetscReal e = 0.5 * (F[i * b->dim + j] + F[j * b->dim + i]) - (i == j);

      set(rows, i, 1 + j, c * (i == j ? 1 : 0.5 * SQRT2));
      if (i != j) set(rows, j, 1 + i, c * 0.5 * SQRT2);
      put(rows, c * (i == j ? 1 : SQRT2) * e);
    }
  }
  for (PetscInt i = 0; i < b->dim; i++) set(rows, i, 1 + i, trace_factor);
  put(rows, trace_factor * trace);
}

/* ---- inertia, load and contact ---- */

/* sqrt(density / 2) (q - q* - dt^2 f / density) / dt */
static void inertia_rows(Rows *rows, const SinewPointStep *step, const PetscReal q[], const PetscReal f[],
                         PetscInt stride)
{
  const SinewElasticity *b = rows->b;
  const PetscReal c = PetscSqrtReal(0.5 * b->density) / step->dt;

  for (PetscInt i = 0; i < b->dim; i++) {
    const PetscReal pushed = step->dt * step->dt * f[i * stride] / b->density;

    set(rows, i, 0, c);
    put(rows, c * (q[i] - inertial_place(rows->at, step, b->dim, rows->p, i) - pushed));
  }
}

static void contact_rows(Rows *rows, PetscReal soft, const PetscReal q[])
{
  const SinewElasticity *b = rows->b;
  const PetscReal c = PetscSqrtReal(0.5 * b->contact * (1 - soft));

  for (PetscInt k = 0; k < b->obstacles; k++) {
    PetscReal slope[3];
    const PetscReal depth = SinewObstacleDepth(&b->obstacle[k], b->dim, q, slope);

    for (PetscInt i = 0; i < b->dim && depth > 0; i++) set(rows, i, 0, c * slope[i]);
    put(rows, depth > 0 ? c * depth : 0);
  }
}

static PetscInt count_rows(const SinewElasticity *b)
{
  return b->dim * (b->dim + 1) / 2 + 1 + (b->density > 0 ? b->dim : 0) + b->obstacles;
}

static PetscErrorCode step_rows(const void *ctx, const SinewPoints *at, const SinewPointStep *step, PetscReal r[],
                                PetscReal dr[])
{
  const SinewElasticity *b = &((const Body *)ctx)->b;
  PetscReal f[3 * BLOCK_MAX], F[9], q[3];

  PetscFunctionBegin;
  for (PetscInt first = 0, count; first < at->n; first += count) {
    count = PetscMin(BLOCK_MAX, at->n - first);
    PetscCall(loads(b, at->t, count, at->x + first * b->dim, f));
    for (PetscInt p = first; p < first + count; p++) {
      Rows rows = {.b = b, .at = at, .p = p, .r = r, .dr = dr};

      place(b, at, p, F, q);
      if (b->material == SINEW_ELASTIC_LINEAR) {
        linear_rows(&rows, F);
      } else {
        PetscCall(stretch_rows(&rows, F));
        volume_row(&rows, F);
      }
      if (b->density > 0) inertia_rows(&rows, step, q, f + p - first, count);
      contact_rows(&rows, step->soft, q);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The incremental potential itself. */
static PetscErrorCode step_potential(const void *ctx, const SinewPoints *at, const SinewPointStep *step, PetscReal e[],
                                     PetscReal de[], PetscReal d2e[])
{
  const SinewElasticity *b = &((const Body *)ctx)->b;
  const int always = SINEW_ELASTIC_STRAIN | SINEW_ELASTIC_VOLUME | SINEW_ELASTIC_LOAD | SINEW_ELASTIC_CONTACT;

  PetscFunctionBegin;
  PetscCall(SinewElasticityEnergy(b, b->density > 0 ? always | SINEW_ELASTIC_INERTIA : always, at, step, e, de, d2e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- faces ---- */

/* Which components of point p are held, and where; whether any is. */
static PetscErrorCode holds(const Face *face, const SinewPoints *at, PetscInt p, PetscBool held[3], PetscReal target[3],
                            PetscBool *any)
{
  const SinewElasticity *b = &face->body->b;
  PetscReal x[3] = {0};

  PetscFunctionBegin;
  for (PetscInt i = 0; i < 3; i++) {
    held[i] = PETSC_FALSE;
    target[i] = 0;
  }
  for (PetscInt i = 0; i < b->dim; i++) x[i] = at->x[p * b->dim + i];
  if (b->condition && b->held[face->index])
    PetscCall(b->condition(b->condition_ctx, face->index, x, at->t, held, target));
  *any = (PetscBool)(held[0] || held[1] || held[2]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* sqrt(clamp) (D - target) of components that are held, and contact of points that are not */
static PetscErrorCode face_rows(const void *ctx, const SinewPoints *at, PetscReal r[], PetscReal dr[])
{
  const Face *face = ctx;
  const SinewElasticity *b = &face->body->b;
  const PetscReal c = PetscSqrtReal(b->clamp);

  PetscFunctionBegin;
  for (PetscInt p = 0; p < at->n; p++) {
    PetscBool held[3], any;
    PetscReal q[3], target[3];
    Rows rows = {.b = b, .at = at, .p = p, .r = r, .dr = dr};

    PetscCall(holds(face, at, p, held, target, &any));
    for (PetscInt i = 0; i < b->dim; i++) {
      const PetscReal D = at->u[i * at->channels * at->n + p];

      q[i] = at->x[p * b->dim + i] + D;
      if (held[i]) set(&rows, i, 0, c);
      put(&rows, held[i] ? c * (D - target[i]) : 0);
    }
    if (!any) contact_rows(&rows, 0, q); /* a face yields as a whole */
    for (; rows.row < b->dim + b->obstacles;) put(&rows, 0);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* clamp |D - target|^2, or the obstacles' energy, and what tractions [dim][n] add to it, at point p of a face */
static PetscErrorCode face_point(const Face *face, const SinewPoints *at, const SinewPointStep *step, PetscInt p,
                                 const PetscReal traction[], PetscReal *e, PetscReal g[3], PetscReal H[9])
{
  const SinewElasticity *b = &face->body->b;
  PetscReal q[3], target[3];
  PetscBool held[3], any;

  PetscFunctionBegin;
  PetscCall(holds(face, at, p, held, target, &any));
  *e = 0;
  for (PetscInt i = 0; i < b->dim; i++) {
    const PetscReal D = at->u[i * at->channels * at->n + p], t = traction[i * at->n + p];

    q[i] = at->x[p * b->dim + i] + D;
    *e += held[i] ? b->clamp * PetscSqr(D - target[i]) : -t * D;
    g[i] += held[i] ? 2 * b->clamp * (D - target[i]) : -t;
    H[i * b->dim + i] += held[i] ? 2 * b->clamp : 0;
  }
  if (!any) *e += SinewElasticityPressed(b, step->soft, q, g, H);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode face_potential(const void *ctx, const SinewPoints *at, const SinewPointStep *step, PetscReal e[],
                                     PetscReal de[], PetscReal d2e[])
{
  const Face *face = ctx;
  const SinewElasticity *b = &face->body->b;
  const PetscInt n = at->n, channels = at->channels, jets = b->dim * channels;
  PetscReal *traction;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1((size_t)(b->dim * n), &traction));
  if (b->traction && loaded(b, at->t)) PetscCall(b->traction(b->traction_ctx, at->t, n, at->x, traction));
  for (PetscInt p = 0; p < n; p++) {
    PetscReal g[3] = {0}, H[9] = {0};

    PetscCall(face_point(face, at, step, p, traction, &e[p], g, H));
    for (PetscInt i = 0; de && i < b->dim; i++) {
      de[i * channels * n + p] = g[i];
      for (PetscInt j = 0; j < b->dim; j++) d2e[(i * channels * jets + j * channels) * n + p] = H[i * b->dim + j];
    }
  }
  PetscCall(PetscFree(traction));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Of the deepest obstacle. */
static PetscErrorCode face_depth(const void *ctx, const SinewPoints *at, PetscReal depth[], PetscReal none[])
{
  const SinewElasticity *b = &((const Face *)ctx)->body->b;

  PetscFunctionBegin;
  (void)none;
  for (PetscInt p = 0; p < at->n; p++) {
    PetscReal q[3];

    for (PetscInt i = 0; i < b->dim; i++) q[i] = at->x[p * b->dim + i] + at->u[i * at->channels * at->n + p];
    depth[p] = -PETSC_MAX_REAL;
    for (PetscInt k = 0; k < b->obstacles; k++)
      depth[p] = PetscMax(depth[p], SinewObstacleDepth(&b->obstacle[k], b->dim, q, NULL));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode place_points(const void *ctx, PetscInt part, PetscInt64 seed, PetscInt64 stream, PetscInt n,
                                   PetscInt first, PetscInt count, PetscReal x[])
{
  const SinewElasticity *b = &((const Body *)ctx)->b;
  const SinewSimplicesPart kind = part < 0           ? SINEW_SIMPLICES_INSIDE
                                  : part < b->clamps ? SINEW_SIMPLICES_BOUNDARY
                                                     : SINEW_SIMPLICES_CORNERS;

  PetscFunctionBegin;
  PetscCall(SinewSimplicesSample(b->shape, kind, part >= 0 && b->clamps ? &b->patch[part] : NULL, seed, stream, n,
                                 first, count, x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The surface of a body that is no box: what is held, and the rest, which meets obstacles and tractions. */
static void add_surface(Body *body)
{
  const SinewElasticity *b = &body->b;
  SinewPointwise *e = &body->equation;

  e->domain = place_points;
  e->domain_ctx = body;
  for (PetscInt k = 0; k <= b->clamps; k++) {
    const PetscBool rest = (PetscBool)(k == b->clamps);
    const PetscReal area = b->clamps ? b->patch[k].area : b->shape->area;

    body->b.held[k] = (PetscBool)!rest;
    body->face[k] = (Face){body, k};
    if (rest && (area <= 0 || !(b->obstacles || b->traction))) continue;
    e->face[e->faces++] = (SinewPointwiseFace){.rows = b->dim + b->obstacles,
                                               .order = SINEW_JET_VALUE,
                                               .weight = area / b->shape->volume,
                                               .residual = face_rows,
                                               .potential = face_potential,
                                               .depth = rest && b->obstacles ? face_depth : NULL,
                                               .deepest = DEEPEST,
                                               .ctx = &body->face[k]};
  }
}

static void add_faces(Body *body)
{
  const SinewElasticity *b = &body->b;
  SinewPointwise *e = &body->equation;

  for (PetscInt k = 0; k < 2 * b->dim; k++) {
    if (!b->bounded[k] || !(b->obstacles || b->traction || (b->condition && b->held[k]))) continue;
    body->face[k] = (Face){body, k};
    e->face[e->faces++] = (SinewPointwiseFace){.axis = k / 2,
                                               .side = k % 2,
                                               .rows = b->dim + b->obstacles,
                                               .order = SINEW_JET_VALUE,
                                               .weight = 1 / b->extent[k / 2], /* area over volume */
                                               .residual = face_rows,
                                               .potential = face_potential,
                                               .depth = b->obstacles && !b->held[k] ? face_depth : NULL,
                                               .deepest = DEEPEST,
                                               .ctx = &body->face[k]};
  }
}

/* ---- the history ---- */

static PetscErrorCode integrand(const void *ctx, const SinewPoints *at, const SinewPointStep *step, PetscReal f[],
                                PetscReal df[])
{
  const Body *body = ctx;
  const SinewElasticity *b = &body->b;
  const PetscInt n = at->n;

  PetscFunctionBegin;
  (void)df;
  PetscCall(
      SinewElasticityEnergy(b, SINEW_ELASTIC_STRAIN | SINEW_ELASTIC_VOLUME, at, step, f + ELASTIC * n, NULL, NULL));
  PetscCall(SinewElasticityEnergy(b, SINEW_ELASTIC_CONTACT, at, step, f + CONTACT * n, NULL, NULL));
  for (PetscInt p = 0; p < n; p++) {
    PetscReal F[9], q[3], square = 0;

    place(b, at, p, F, q);
    for (PetscInt i = 0; i < b->dim; i++) {
      const PetscReal v = (q[i] - old_place(at, step, b->dim, p, i)) / step->dt;

      square += v * v;
      f[(MOMENTUM + i) * n + p] = body->extent * b->density * v;
    }
    f[KINETIC * n + p] = 0.5 * body->extent * b->density * square;
    f[ELASTIC * n + p] *= body->extent;
    f[CONTACT * n + p] *= body->extent;
    f[DET * n + p] = SinewDeformVolume(b->dim, F, NULL);
    f[DEEPEST * n + p] = 0;
    for (PetscInt k = 0; k < b->obstacles; k++)
      f[DEEPEST * n + p] = PetscMax(f[DEEPEST * n + p], SinewObstacleDepth(&b->obstacle[k], b->dim, q, NULL));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void add_integrals(Body *body)
{
  SinewPointwise *e = &body->equation;

  e->integrals = MOMENTUM + body->b.dim;
  e->integrand = integrand;
  for (PetscInt k = 0; k < e->integrals; k++) e->integral[k] = integral_names[k];
  e->integral_kind[DET] = SINEW_INTEGRAL_MIN;
  e->integral_kind[DEEPEST] = SINEW_INTEGRAL_MAX;
}

/* ---- the equation ---- */

static PetscErrorCode start_velocity(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal v[])
{
  const SinewElasticity *b = &((const Body *)ctx)->b;

  PetscFunctionBegin;
  PetscCall(b->velocity(b->velocity_ctx, t, n, x, v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check(const SinewElasticity *b)
{
  PetscFunctionBegin;
  PetscCheck(b->dim == 2 || b->dim == 3, PETSC_COMM_SELF, SINEW_ERR_INPUT,
             "elasticity: bodies have 2 or 3 dimensions, not %" PetscInt_FMT, b->dim);
  PetscCheck(!b->original, PETSC_COMM_SELF, SINEW_ERR_INPUT,
             "elasticity: the energies of the released code are for comparison, not for steps");
  PetscCheck(b->arap >= 0 && b->volume >= 0 && b->mu >= 0 && b->lambda >= 0 && b->density >= 0 && b->contact >= 0 &&
                 b->clamp >= 0,
             PETSC_COMM_SELF, SINEW_ERR_INPUT, "elasticity: moduli, density and stiffnesses are not negative");
  PetscCheck(b->clamps >= 0 && b->clamps <= SINEW_CLAMPS_MAX && (!b->clamps || (b->shape && b->patch)), PETSC_COMM_SELF,
             SINEW_ERR_INPUT, "elasticity: %" PetscInt_FMT " clamps of a shape, at most %d", b->clamps,
             SINEW_CLAMPS_MAX);
  PetscCheck(b->obstacles >= 0 && b->obstacles <= SINEW_OBSTACLES_MAX, PETSC_COMM_SELF, SINEW_ERR_INPUT,
             "elasticity: %" PetscInt_FMT " obstacles, at most %d", b->obstacles, SINEW_OBSTACLES_MAX);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether a force is but a shift of the inertial place. */
static PetscBool sum_of_squares(const SinewElasticity *b)
{
  return (PetscBool)(!b->traction && (!b->force || b->density > 0));
}

PetscErrorCode SinewPointwiseElasticity(const SinewElasticity *parameters, SinewPointwise **equation)
{
  Body *body;

  PetscFunctionBegin;
  PetscCall(check(parameters));
  PetscCall(PetscNew(&body));
  body->b = *parameters;
  body->extent = 1;
  for (PetscInt d = 0; d < parameters->dim; d++) body->extent *= parameters->extent[d];
  body->equation = (SinewPointwise){.name = "elasticity",
                                    .dim = parameters->dim,
                                    .unknowns = parameters->dim,
                                    .evolved = parameters->dim,
                                    .order = SINEW_JET_GRADIENT,
                                    .density_order = SINEW_JET_VALUE,
                                    .ctx = body,
                                    .step_rows = count_rows(parameters),
                                    .step = sum_of_squares(parameters) ? step_rows : NULL,
                                    .potential = step_potential,
                                    .nowhere = "the body is inside out somewhere, which this material cannot be",
                                    .start_rate = parameters->velocity ? start_velocity : NULL};
  if (parameters->shape) {
    body->extent = parameters->shape->volume;
    add_surface(body);
  } else
    add_faces(body);
  add_integrals(body);
  *equation = &body->equation;
  PetscFunctionReturn(PETSC_SUCCESS);
}
