/*
  Acoustic waves at points (solvers/pointwise/wave.c). One condition a face: what is prescribed of pressure and normal
  velocity (of both: what they bring in), no normal velocity at walls, nothing that comes in at `outflow`, which is
  exact for waves that run straight at it. Schemes that apply the operator twice need its time derivative besides, which
  the equation turns into one of derivatives in space.
*/
#include "solvers/equations/wave.h"

static PetscErrorCode medium(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], PetscReal value[])
{
  const SinewWave *s = (const SinewWave *)ctx;

  PetscFunctionBeginUser;
  PetscCall(SinewCoefficientAt(&s->speed, t, s->dim, n, x, value));
  PetscCall(SinewCoefficientAt(&s->sponge, t, s->dim, n, x, value + n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* d/dt (alpha p + beta v_n) = -alpha c^2 div v - beta dp/dn, a sponge's share being zero with the condition itself;
   times a length over c. */
static void squared_row(const SinewWave *s, PetscInt axis, PetscReal alpha, PetscReal beta, PetscInt n, PetscReal c[])
{
  const PetscReal speed = s->speed.constant;
  const PetscReal scale = -0.05 * (s->domain->upper[axis] - s->domain->lower[axis]) / speed;
  const PetscInt channels = 1 + s->dim;

  for (PetscInt d = 0; d < s->dim; d++) c[((1 + d) * channels + 1 + d) * n] = scale * alpha * speed * speed;
  c[(1 + axis) * n] = scale * beta;
}

static PetscErrorCode face_rows(const void *ctx, PetscInt face, PetscReal t, PetscInt n, const PetscReal x[],
                                PetscReal c[], PetscReal g[])
{
  const SinewWave *s = (const SinewWave *)ctx;
  const PetscInt axis = face / 2, channels = 1 + s->dim, jets = (1 + s->dim) * channels;

  PetscFunctionBeginUser;
  for (PetscInt p = 0; p < n; p++) {
    PetscReal at[3] = {0, 0, 0}, w[4] = {0, 0, 0, 0}, alpha, beta, speed;
    PetscBool given[4] = {PETSC_FALSE, PETSC_FALSE, PETSC_FALSE, PETSC_FALSE}, incoming;
    SinewBoundaryKind kind;

    PetscCall(PetscArraycpy(at, x + p * s->dim, s->dim));
    PetscCall(SinewBoundarySideEvaluate(&s->domain->side[face], 1 + s->dim, at, t, &kind, given, w));
    PetscCall(SinewCoefficientAt(&s->speed, t, 3, 1, at, &speed));
    incoming = (PetscBool)(given[0] ? given[1 + axis] : !given[1 + axis] && kind == SINEW_BOUNDARY_OUTFLOW);
    alpha = given[0] || incoming;
    beta = incoming ? (face % 2 ? -speed : speed) : !given[0];
    c[p] = alpha;
    c[(1 + axis) * channels * n + p] = beta;
    g[p] = (given[0] ? alpha * w[0] : 0) + (given[1 + axis] ? beta * w[1 + axis] : 0);
    if (s->domain->squared) squared_row(s, axis, alpha, beta, n, c + jets * n + p);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_side(SinewDeck deck, const SinewDomain *domain, PetscInt face)
{
  static const char *const axis[] = {"x", "y", "z"};
  const SinewNode boundary = SinewNodeGet(deck, SinewNodeGet(deck, SinewDeckRoot(deck), "grid"), "boundary");
  const SinewBoundarySide *side = &domain->side[face];
  char path[64];

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(path, sizeof(path), "grid.boundary.%s", axis[face / 2]));
  for (PetscInt k = 0; k < side->pieces; k++) {
    if (side->piece[k].kind == SINEW_BOUNDARY_OUTFLOW || side->piece[k].kind == SINEW_BOUNDARY_REFLECT) continue;
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, boundary, axis[face / 2]), path,
                               "insr's scheme gauss does waves between periodic sides, wall and outflow; other sides "
                               "want scheme sdirk or midpoint"));
    break;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewWavePointwise(SinewEquation e, SinewDeck deck, const SinewDomain *domain, SinewPointwise *p,
                                  PetscBool zero[6])
{
  SinewWave *s = (SinewWave *)e->data;
  SinewWaveTerms terms = {.dim = s->dim,
                          .speed = s->speed.constant,
                          .sponge = s->sponge.constant,
                          .medium = s->speed.expression || s->sponge.expression ? medium : NULL,
                          .faces = {.function = face_rows},
                          .ctx = s};

  PetscFunctionBeginUser;
  (void)zero; /* a factor of the network would hold for the pressure too */
  s->domain = domain;
  for (PetscInt face = 0; face < 2 * s->dim; face++) {
    if (domain->periodic[face / 2]) continue;
    terms.faces.rows[face] = domain->squared ? 2 : 1;
    if (domain->squared) PetscCall(check_side(deck, domain, face));
  }
  PetscCall(SinewPointwiseDestroy(&s->points));
  PetscCall(SinewPointwiseWave(&terms, &s->points));
  *p = *s->points;
  PetscFunctionReturn(PETSC_SUCCESS);
}
