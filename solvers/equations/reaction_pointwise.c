/*
  Reaction and diffusion at points (solvers/pointwise/reaction.c). The rates are those of the kernels; their derivatives
  stand here, those of formulas as differences of sixth order. Conditions on faces: prescribed values, and no gradient
  where nothing is prescribed.
*/
#include "solvers/equations/coefficient.h"
#include "solvers/equations/reaction.h"

/* The kernel's rates at any points; it works on rows along x, so points go one by one where formulas know places. */
static void rates(const SinewReaction *s, PetscReal t, PetscInt n, const PetscReal x[], const PetscReal u[],
                  PetscReal r[])
{
  const PetscInt count = s->kind == SINEW_FORMULAS ? 1 : n;

  for (PetscInt i = 0; i < s->species * n; i++) r[i] = 0;
  for (PetscInt first = 0; first < n; first += count) {
    const PetscReal *in[SINEW_SPECIES_MAX], *at = x + first * s->dim;
    PetscReal *out[SINEW_SPECIES_MAX];
    const SinewRow row = {.x = at, .y = s->dim > 1 ? at[1] : 0, .z = s->dim > 2 ? at[2] : 0, .t = t};

    for (PetscInt c = 0; c < s->species; c++) {
      in[c] = u + c * n + first;
      out[c] = r + c * n + first;
    }
    SinewReactionSource(s, &row, count, in, out);
  }
}

/* dr [species][species][n] */
static void known_derivatives(const SinewReaction *s, PetscInt n, const PetscReal u[], PetscReal dr[])
{
  const PetscReal *v = u + (s->species > 1 ? n : 0);

  for (PetscInt i = 0; i < n; i++) {
    switch (s->kind) {
    case SINEW_GRAY_SCOTT:
      dr[i] = -s->feed - v[i] * v[i];
      dr[n + i] = -2 * u[i] * v[i];
      dr[2 * n + i] = v[i] * v[i];
      dr[3 * n + i] = 2 * u[i] * v[i] - s->feed - s->kill;
      break;
    case SINEW_FITZHUGH_NAGUMO:
      dr[i] = 1 - 3 * u[i] * u[i];
      dr[n + i] = -1;
      dr[2 * n + i] = 1;
      dr[3 * n + i] = -1;
      break;
    case SINEW_ALLEN_CAHN: dr[i] = 1 - 3 * u[i] * u[i]; break;
    case SINEW_FISHER_KPP: dr[i] = s->growth * (1 - 2 * u[i]); break;
    default: break;
    }
  }
}

static PetscErrorCode differences(const SinewReaction *s, PetscReal t, PetscInt n, const PetscReal x[],
                                  const PetscReal u[], PetscReal dr[])
{
  const PetscInt size = s->species * n;
  PetscReal *moved, *r;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2((size_t)size, &moved, (size_t)size, &r));
  PetscCall(PetscArrayzero(dr, s->species * size));
  for (PetscInt c = 0; c < s->species; c++) {
    for (int k = -3; k <= 3; k++) {
      if (!k) continue;
      PetscCall(PetscArraycpy(moved, u, size));
      for (PetscInt p = 0; p < n; p++) moved[c * n + p] += k * 1e-3 * (1 + PetscAbsReal(u[c * n + p]));
      rates(s, t, n, x, moved, r);
      for (PetscInt row = 0; row < s->species; row++)
        for (PetscInt p = 0; p < n; p++)
          dr[(row * s->species + c) * n + p] += (k > 0 ? 1 : -1) * SinewCoefficientDifference[PetscAbsInt(k) - 1] *
                                                r[row * n + p] / (1e-3 * (1 + PetscAbsReal(u[c * n + p])));
    }
  }
  PetscCall(PetscFree2(moved, r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode reaction(const void *ctx, PetscReal t, PetscInt n, const PetscReal x[], const PetscReal u[],
                               PetscReal r[], PetscReal dr[])
{
  const SinewReaction *s = (const SinewReaction *)ctx;

  PetscFunctionBeginUser;
  rates(s, t, n, x, u, r);
  if (dr && s->kind == SINEW_FORMULAS) PetscCall(differences(s, t, n, x, u, dr));
  if (dr && s->kind != SINEW_FORMULAS) known_derivatives(s, n, u, dr);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode face_rows(const void *ctx, PetscInt face, PetscReal t, PetscInt n, const PetscReal x[],
                                PetscReal c[], PetscReal g[])
{
  const SinewReaction *s = (const SinewReaction *)ctx;
  const PetscInt channels = 1 + s->dim;
  const PetscReal length = s->domain->upper[face / 2] - s->domain->lower[face / 2];

  PetscFunctionBeginUser;
  for (PetscInt p = 0; p < n; p++) {
    PetscReal at[3] = {0, 0, 0}, w[SINEW_SPECIES_MAX] = {0};
    PetscBool given[SINEW_SPECIES_MAX] = {PETSC_FALSE};
    SinewBoundaryKind kind;

    PetscCall(PetscArraycpy(at, x + p * s->dim, s->dim));
    PetscCall(SinewBoundarySideEvaluate(&s->domain->side[face], s->species, at, t, &kind, given, w));
    for (PetscInt k = 0; k < s->species; k++) {
      PetscReal *row = c + (k * s->species + k) * channels * n + p;

      if (s->diffusivity[k] == 0) continue; /* each point is alone */
      if (given[k]) {
        row[0] = 1;
        g[k * n + p] = w[k];
      } else {
        row[(1 + face / 2) * n] = length;
      }
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewReactionPointwise(SinewEquation e, SinewDeck deck, const SinewDomain *domain, SinewPointwise *p,
                                      PetscBool zero[6])
{
  SinewReaction *s = (SinewReaction *)e->data;
  SinewReactionTerms terms = {
      .dim = s->dim, .species = s->species, .reaction = reaction, .faces = {.function = face_rows}, .ctx = s};

  PetscFunctionBeginUser;
  s->domain = domain;
  if (s->kind == SINEW_CAHN_HILLIARD) {
    const SinewNode section = SinewNodeGet(deck, SinewDeckRoot(deck), "equation");

    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, section, "reaction"), "equation.reaction",
                               "insr has no fourth derivatives, which cahn_hilliard needs"));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(PetscArraycpy(terms.diffusivity, s->diffusivity, s->species));
  for (PetscInt face = 0; face < 2 * s->dim; face++) {
    if (domain->periodic[face / 2]) continue;
    if (domain->factors) PetscCall(SinewBoundarySideIsZero(&domain->side[face], s->species, &zero[face]));
    if (!zero[face]) terms.faces.rows[face] = s->species;
  }
  PetscCall(SinewPointwiseDestroy(&s->points));
  PetscCall(SinewPointwiseReaction(&terms, &s->points));
  *p = *s->points;
  p->name = e->type->name;
  PetscFunctionReturn(PETSC_SUCCESS);
}
