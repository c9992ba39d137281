/* Species that spread and react: u_k,t = D_k lap u_k + r_k(x, t, u). */
#include "../../io/error.h"
#include "faces_private.h"

typedef struct {
  PointwiseFaces faces;
  SinewReactionTerms p;
} Context;

typedef struct {
  SinewPointwise equation;
  Context context;
} Reaction;

/* f [k] += r_k, df [k][c][value] += d r_k / d u_c */
static PetscErrorCode add_reaction(const SinewReactionTerms *p, const SinewPoints *at, PetscReal f[], PetscReal df[])
{
  const PetscInt n = at->n, species = p->species, size = species * n;
  PetscReal *u, *r, *dr;

  PetscFunctionBegin;
  PetscCall(PetscMalloc3((size_t)size, &u, (size_t)size, &r, (size_t)(species * size), &dr));
  for (PetscInt c = 0; c < species; c++) PetscCall(PetscArraycpy(u + c * n, at->u + c * at->channels * n, n));
  PetscCall(p->reaction(p->ctx, at->t, n, at->x, u, r, df ? dr : NULL));
  for (PetscInt i = 0; i < size; i++) f[i] += r[i];
  for (PetscInt k = 0; df && k < species * species; k++)
    for (PetscInt q = 0; q < n; q++) df[k * at->channels * n + q] += dr[k * n + q];
  PetscCall(PetscFree3(u, r, dr));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode rate(const void *ctx, const SinewPoints *at, PetscReal f[], PetscReal df[])
{
  const SinewReactionTerms *p = &((const Context *)ctx)->p;
  const PetscInt n = at->n, jet = at->channels * n, lap = (1 + p->dim) * n;

  PetscFunctionBegin;
  for (PetscInt k = 0; k < p->species; k++) {
    for (PetscInt q = 0; q < n; q++) f[k * n + q] = p->diffusivity[k] * at->u[k * jet + lap + q];
    for (PetscInt q = 0; df && q < n; q++) df[(k * p->species + k) * jet + lap + q] = p->diffusivity[k];
  }
  PetscCall(add_reaction(p, at, f, df));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewPointwiseReaction(const SinewReactionTerms *p, SinewPointwise **equation)
{
  Reaction *reaction;

  PetscFunctionBegin;
  PetscCheck(p->dim >= 1 && p->dim <= 3 && p->species >= 1 && p->species <= SINEW_POINTWISE_SPECIES_MAX,
             PETSC_COMM_SELF, SINEW_ERR_INPUT,
             "reaction: 1 to 3 coordinates and 1 to %d species, not %" PetscInt_FMT " and %" PetscInt_FMT,
             SINEW_POINTWISE_SPECIES_MAX, p->dim, p->species);
  PetscCall(PetscNew(&reaction));
  reaction->context.p = *p;
  reaction->context.faces = (PointwiseFaces){p->dim, p->species, p->faces, p->ctx};
  reaction->equation = (SinewPointwise){.name = "reaction",
                                        .dim = p->dim,
                                        .unknowns = p->species,
                                        .evolved = p->species,
                                        .order = SINEW_JET_LAPLACIAN,
                                        .density_order = SINEW_JET_VALUE,
                                        .ctx = &reaction->context,
                                        .rate = rate};
  SinewPointwiseAddFaces(&reaction->context.faces, &reaction->equation);
  *equation = &reaction->equation;
  PetscFunctionReturn(PETSC_SUCCESS);
}
