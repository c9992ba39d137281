/*
  Reaction and diffusion of up to eight species:  w_t = div(D grad w) + R(w, x, t).

    gray_scott        u_t = Du Lap u - u v^2 + feed (1 - u),  v_t = Dv Lap v + u v^2 - (feed + kill) v
                      (J. E. Pearson, Science 261 (1993) 189)
    fitzhugh_nagumo   u_t = Du Lap u + u - u^3 - v - k,  v_t = Dv Lap v + u - v  (PDEBench, NeurIPS 2022, appendix D.6)
    allen_cahn        u_t = width^2 Lap u + u - u^3
    cahn_hilliard     u_t = D Lap mu,  mu = u^3 - u - width^2 Lap u
    fisher_kpp        u_t = D Lap u + growth u (1 - u)
    formulas          rates written in the species' names, x, y, z and t

  IMEX steppers (arkimex) treat diffusion implicitly and reactions explicitly, or both implicitly with `stiff`; bdf, cn
  and beuler are implicit in both, with the Jacobian of both. Cahn-Hilliard's fourth-order equation is split into two of
  second order, the chemical potential mu being a component without a time derivative: for bdf and beuler.
*/
#include "solvers/equations/keys.h"
#include "solvers/equations/reaction.h"

typedef struct {
  PetscInt reaction;
  PetscBool stiff;
  SinewRealList diffusivity;
  PetscReal feed, kill, k, growth, width, mobility;
  SinewStringList species, rates;
} Parameters;

static const char *const reactions[] = {"gray_scott", "fitzhugh_nagumo", "allen_cahn", "cahn_hilliard",
                                        "fisher_kpp", "formulas",        NULL};

static const SinewKey keys[] = {{.name = "reaction",
                                 .type = SINEW_KEY_CHOICE,
                                 .offset = offsetof(Parameters, reaction),
                                 .required = PETSC_TRUE,
                                 .choices = reactions,
                                 .doc = "which one; each has keys of its own",
                                 .change = SINEW_CHANGE_FROZEN},
                                {.name = "stiff",
                                 .type = SINEW_KEY_BOOL,
                                 .offset = offsetof(Parameters, stiff),
                                 .standard = "false",
                                 .doc = "IMEX steppers treat reactions implicitly too",
                                 .change = SINEW_CHANGE_WARN},
                                KEY_END};

#define KEY_DIFFUSIVITY(value, least_count, most_count, text)                                                       \
  {                                                                                                                 \
    .name = "diffusivity", .type = SINEW_KEY_REALS, .offset = offsetof(Parameters, diffusivity), .standard = value, \
    .max = 1e30, .least = least_count, .most = most_count, .doc = text, .change = SINEW_CHANGE_FROZEN               \
  }
static const SinewKey gray_scott_keys[] = {
    KEY_DIFFUSIVITY("[2e-5, 1e-5]", 2, 2, "of u and v"),
    KEY_SIZE(Parameters, feed, "0.04", "rate at which u is fed and all washed out"),
    KEY_SIZE(Parameters, kill, "0.06", "rate at which v decays"), KEY_END};
static const SinewKey fitzhugh_keys[] = {KEY_DIFFUSIVITY("[1e-3, 5e-3]", 2, 2, "of u and v"),
                                         KEY_REAL(Parameters, k, "5e-3", "threshold"), KEY_END};
static const SinewKey allen_cahn_keys[] = {KEY_POSITIVE(Parameters, width, "0.02", "of interfaces"), KEY_END};
static const SinewKey cahn_hilliard_keys[] = {KEY_POSITIVE(Parameters, width, "0.02", "of interfaces"),
                                              KEY_POSITIVE(Parameters, mobility, "1", "D"), KEY_END};
static const SinewKey fisher_keys[] = {KEY_DIFFUSIVITY("1", 1, 1, "D"),
                                       KEY_SIZE(Parameters, growth, "1", "rate of growth"), KEY_END};
#define KEY_STRINGS(member, text)                                                                   \
  {                                                                                                 \
    .name = #member, .type = SINEW_KEY_STRINGS, .offset = offsetof(Parameters, member), .least = 1, \
    .most = SINEW_SPECIES_MAX, .required = PETSC_TRUE, .doc = text, .change = SINEW_CHANGE_FROZEN   \
  }
static const SinewKey formulas_keys[] = {KEY_STRINGS(species, "names of the species"),
                                         KEY_STRINGS(rates, "one formula a species, in their names, x, y, z, t"),
                                         KEY_DIFFUSIVITY("0", 1, SINEW_SPECIES_MAX, "one for all species, or one each"),
                                         KEY_END};

static const SinewVariant variants[] = {{"reaction: gray_scott", "spots, stripes, replicating blobs", gray_scott_keys},
                                        {"reaction: fitzhugh_nagumo", "activator and inhibitor", fitzhugh_keys},
                                        {"reaction: allen_cahn", "phases that vanish by curvature", allen_cahn_keys},
                                        {"reaction: cahn_hilliard", "phases that separate", cahn_hilliard_keys},
                                        {"reaction: fisher_kpp", "a population that spreads", fisher_keys},
                                        {"reaction: formulas", "yours", formulas_keys},
                                        {NULL, NULL, NULL}};

static PetscErrorCode name_species(SinewEquation e, PetscInt count, const char *const names[])
{
  PetscFunctionBeginUser;
  e->components = count;
  for (PetscInt c = 0; c < count; c++) PetscCall(SinewEquationName(e, c, names[c], names[c]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_formulas(SinewEquation e, SinewDeck deck, SinewNode section)
{
  const Parameters *p = (const Parameters *)e->parameters;
  SinewReaction *s = (SinewReaction *)e->data;
  const SinewNode rates = SinewNodeGet(deck, section, "rates");
  const PetscInt n = p->species.n;

  PetscFunctionBeginUser;
  PetscCall(name_species(e, PetscMax(n, 1), n ? p->species.value : (const char *const[]){"u"}));
  if (n && p->rates.n && p->rates.n != n)
    PetscCall(SinewDeckMistake(deck, rates, "equation.rates",
                               "expected %" PetscInt_FMT " formulas, one a species, found %" PetscInt_FMT, n,
                               p->rates.n));
  for (PetscInt c = 0; c < PetscMin(n, p->rates.n); c++) {
    char message[256];

    PetscCall(SinewExpressionCreateWith(p->rates.value[c], n, p->species.value, sizeof(message), message, &s->rate[c]));
    if (!s->rate[c])
      PetscCall(SinewDeckMistake(deck, rates, "equation.rates", "expected a formula, found \"%s\": %s",
                                 p->rates.value[c], message));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_kind(SinewEquation e, SinewDeck deck, SinewNode section)
{
  static const char *const pair[] = {"u", "v"}, *const phase[] = {"u", "mu"};
  Parameters *p = (Parameters *)e->parameters;
  SinewReaction *s = (SinewReaction *)e->data;

  PetscFunctionBeginUser;
  PetscCall(SinewDeckRead(deck, section, "equation", variants[s->kind].keys, p));
  switch (s->kind) {
  case SINEW_FORMULAS: PetscCall(read_formulas(e, deck, section)); break;
  case SINEW_CAHN_HILLIARD:
    PetscCall(name_species(e, 2, phase));
    s->diffusivity[0] = p->mobility;
    s->diffusivity[1] = p->width * p->width;
    s->carrier[0] = 1;
    s->carrier[1] = 0;
    e->constrained[1] = PETSC_TRUE;
    break;
  case SINEW_ALLEN_CAHN:
    PetscCall(name_species(e, 1, pair));
    s->diffusivity[0] = p->width * p->width;
    break;
  default: PetscCall(name_species(e, s->kind == SINEW_FISHER_KPP ? 1 : 2, pair)); break;
  }
  if (p->diffusivity.n > 1 && p->diffusivity.n != e->components)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, section, "diffusivity"), "equation.diffusivity",
                               "expected 1 or %" PetscInt_FMT " numbers, found %" PetscInt_FMT, e->components,
                               p->diffusivity.n));
  for (PetscInt c = 0; c < e->components && p->diffusivity.n; c++)
    s->diffusivity[c] = p->diffusivity.value[PetscMin(c, p->diffusivity.n - 1)];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create(SinewEquation e, SinewDeck deck, SinewNode section)
{
  Parameters *p = (Parameters *)e->parameters;
  SinewFVKernels *k = &e->kernels;
  SinewReaction *s;
  PetscReal largest = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&s));
  e->data = s;
  s->dim = e->dim;
  s->kind = (SinewReactionKind)p->reaction;
  for (PetscInt c = 0; c < SINEW_SPECIES_MAX; c++) s->carrier[c] = c;
  PetscCall(read_kind(e, deck, section));
  s->species = e->components;
  s->feed = p->feed;
  s->kill = p->kill;
  s->k = p->k;
  s->growth = p->growth;
  s->width = p->width;
  for (PetscInt c = 0; c < s->species; c++) largest = PetscMax(largest, s->diffusivity[c]);
  e->linear_diffusion = PETSC_TRUE;
  e->source_kind = p->stiff || s->kind == SINEW_CAHN_HILLIARD ? SINEW_SOURCE_STIFF : SINEW_SOURCE_MILD;
  k->context = s;
  k->primitive = SinewReactionCopy;
  k->conserved = SinewReactionCopy;
  k->source = SinewReactionSource;
  if (largest > 0) {
    k->diffusive_flux = SinewReactionFlux;
    k->diffusive_rate = SinewReactionRate;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(SinewEquation e)
{
  SinewReaction *s = (SinewReaction *)e->data;

  PetscFunctionBeginUser;
  for (PetscInt c = 0; c < SINEW_SPECIES_MAX; c++) PetscCall(SinewExpressionDestroy(&s->rate[c]));
  PetscCall(SinewPointwiseDestroy(&s->points));
  PetscCall(PetscFree(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const SinewEquationType SinewReactionDiffusion = {
    .name = "reaction_diffusion",
    .doc = "reaction and diffusion: Gray-Scott, FitzHugh-Nagumo, Allen-Cahn, Cahn-Hilliard, Fisher-KPP, formulas",
    .dim_min = 1,
    .dim_max = 3,
    .keys = keys,
    .size = sizeof(Parameters),
    .create = create,
    .destroy = destroy,
    .pointwise = SinewReactionPointwise,
    .initials = SinewReactionInitials,
    .variants = variants,
};
