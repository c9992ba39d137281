/* The section `ensemble`: what members have in common, and what is drawn for each. */
#include "io/random.h"
#include "solvers/ensemble_private.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define STREAM_INITIAL 0x696e6974 /* "init" */
#define STREAM_FORMULA 0x666f726d /* "form" */
#define SEEDS          1999999999 /* initial conditions know seeds up to 2e9 */

static const char *const layouts[] = {"pdearena", "pdebench", NULL}, *const precisions[] = {"double", "single", NULL};

#define AT(member) offsetof(EnsembleSection, member)
const SinewKey SinewEnsembleKeys[] = {
    {.name = "members",
     .type = SINEW_KEY_INT,
     .offset = AT(members),
     .required = PETSC_TRUE,
     .min = 1,
     .max = 999999,
     .doc = "how many runs; more can be added later",
     .change = SINEW_CHANGE_FREE},
    {.name = "seed",
     .type = SINEW_KEY_INT,
     .offset = AT(seed),
     .standard = "1",
     .min = 0,
     .max = 2e9,
     .doc = "of everything that members draw",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "every",
     .type = SINEW_KEY_REAL,
     .offset = AT(every),
     .required = PETSC_TRUE,
     .above_min = PETSC_TRUE,
     .max = 1e30,
     .doc = "time between frames, which the steps hit exactly",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "first",
     .type = SINEW_KEY_REAL,
     .offset = AT(first),
     .standard = "0",
     .max = 1e30,
     .doc = "time of the first frame",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "fields",
     .type = SINEW_KEY_NODE,
     .offset = AT(fields),
     .doc = "what frames hold: {NAME-IN-THE-FILE: primitive or output field, ...}; standard: all primitives",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "draw",
     .type = SINEW_KEY_NODE,
     .offset = AT(draw),
     .doc = "numbers of each member: {NAME: formula of random(stream), member and the names before, ...}; formulas and "
            "numbers of the deck may use them, and the file keeps them",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "stride",
     .type = SINEW_KEY_INT,
     .offset = AT(stride),
     .standard = "1",
     .min = 1,
     .max = 1000,
     .doc = "frames keep every so-many-th cell along each axis, from the first (PDEBench: 4)",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "layout",
     .type = SINEW_KEY_CHOICE,
     .offset = AT(layout),
     .standard = "pdearena",
     .choices = layouts,
     .doc = "of the file: SPLIT/NAME [trajectory][frame][x][y], or SPLIT/SEED/NAME with an axis of 1 at the end",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "split",
     .type = SINEW_KEY_STRING,
     .offset = AT(split),
     .standard = "train",
     .doc = "group of the file: train, valid or test",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "precision",
     .type = SINEW_KEY_CHOICE,
     .offset = AT(precision),
     .standard = "double",
     .choices = precisions,
     .doc = "of the numbers in the file",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "groups",
     .type = SINEW_KEY_INT,
     .offset = AT(groups),
     .standard = "0",
     .min = 0,
     .max = 1e9,
     .doc = "of ranks that run members side by side; 0: as many as ranks, or members if these are fewer",
     .change = SINEW_CHANGE_FREE},
    {.name = "file",
     .type = SINEW_KEY_STRING,
     .offset = AT(file),
     .doc = "the data set; standard: NAME-OF-THE-DECK_SPLIT.h5 in output.directory",
     .change = SINEW_CHANGE_FREE},
    {.name = NULL}};

PetscInt64 EnsembleInitialSeed(PetscInt seed, PetscInt member)
{
  return 1 + SinewPermute(seed, STREAM_INITIAL, SEEDS, member);
}

PetscInt64 EnsembleFormulaSeed(PetscInt seed, PetscInt member)
{
  return (PetscInt64)SinewRandomBits(seed, STREAM_FORMULA, member);
}

/* ---- numbers that are drawn ---- */

static PetscBool is_name(const char text[])
{
  if (!isalpha((unsigned char)text[0])) return PETSC_FALSE;
  for (const char *c = text; *c; c++)
    if (!isalnum((unsigned char)*c) && *c != '_') return PETSC_FALSE;
  return PETSC_TRUE;
}

/* The number of one formula, which knows those before it. */
static PetscErrorCode draw_one(SinewDeck deck, SinewNode node, const SinewDefinitions *known, PetscReal *value)
{
  char message[200] = "";
  SinewExpression e = NULL;
  PetscBool uses = PETSC_FALSE;

  PetscFunctionBeginUser;
  *value = 0;
  if (SinewNodeGetKind(deck, node) == SINEW_NODE_SCALAR)
    PetscCall(SinewExpressionCreateDefined(SinewNodeText(deck, node), known, 0, NULL, sizeof(message), message, &e));
  if (!e) {
    PetscCall(SinewDeckMistake(deck, node, "ensemble.draw", "expected a formula of random, member and names before%s%s",
                               message[0] ? ": " : "", message));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(SinewExpressionUses(e, 't', &uses));
  PetscCall(SinewExpressionEvaluate(e, 0, 0, 0, 0, value));
  if (uses || PetscIsInfOrNanReal(*value))
    PetscCall(SinewDeckMistake(deck, node, "ensemble.draw", "expected a finite number that does not depend on t"));
  PetscCall(SinewExpressionDestroy(&e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode draw_all(SinewEnsemble e, SinewDeck deck, PetscInt member)
{
  const SinewNode map = e->section.draw;
  const PetscInt count = SinewNodeCount(deck, map);
  const char *names[ENSEMBLE_DRAWS_MAX + 1] = {"member"};
  PetscReal values[ENSEMBLE_DRAWS_MAX + 1] = {(PetscReal)member};
  SinewDefinitions known = {1, names, values, EnsembleFormulaSeed(e->section.seed, member)};

  PetscFunctionBeginUser;
  if (map != SINEW_NODE_NONE && (SinewNodeGetKind(deck, map) != SINEW_NODE_MAP || count > ENSEMBLE_DRAWS_MAX))
    PetscCall(SinewDeckMistake(deck, map, "ensemble.draw", "expected a map of at most %d names to formulas",
                               ENSEMBLE_DRAWS_MAX));
  for (PetscInt k = 0; k < PetscMin(count, ENSEMBLE_DRAWS_MAX) && SinewNodeGetKind(deck, map) == SINEW_NODE_MAP; k++) {
    const SinewNode node = SinewNodeEntry(deck, map, k);

    e->draw[k] = names[known.count] = SinewNodeEntryKey(deck, map, k);
    if (!is_name(e->draw[k]))
      PetscCall(SinewDeckMistake(deck, node, "ensemble.draw", "expected names of letters, digits and underscores"));
    PetscCall(draw_one(deck, node, &known, &e->drawn[k]));
    values[known.count++] = e->drawn[k];
    e->draws = k + 1;
  }
  PetscCall(SinewDeckDefine(deck, &known));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewEnsembleCreate(SinewDeck deck, PetscInt member, SinewEnsemble *ensemble)
{
  const SinewNode map = SinewNodeGet(deck, SinewDeckRoot(deck), "ensemble");
  SinewEnsemble e;

  PetscFunctionBeginUser;
  *ensemble = NULL;
  if (map == SINEW_NODE_NONE) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscNew(&e));
  PetscCall(SinewDeckRead(deck, map, "ensemble", SinewEnsembleKeys, &e->section));
  PetscCall(draw_all(e, deck, member));
  *ensemble = e;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewEnsembleDestroy(SinewEnsemble *ensemble)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(*ensemble));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt SinewEnsembleMembers(SinewEnsemble e)
{
  return e ? e->section.members : 0;
}

/* ---- against the rest of the deck ---- */

/* What the archives call a primitive. */
static const char *name_in_file(EnsembleLayout layout, const char primitive[])
{
  static const char *const names[][3] = {{"velocity_x", "vx", "Vx"},
                                         {"velocity_y", "vy", "Vy"},
                                         {"velocity_z", "vz", "Vz"},
                                         {"rho", "rho", "D"},
                                         {"p", "p", "P"}};

  for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
    if (!strcmp(primitive, names[k][0])) return names[k][1 + layout];
  return primitive;
}

static PetscErrorCode add_field(SinewEnsemble e, SinewDeck deck, SinewNode node, SinewEquation equation,
                                const char name[], const char field[])
{
  const char *known[64], *near;
  PetscInt count = 0;

  PetscFunctionBeginUser;
  for (PetscInt c = 0; c < equation->components; c++) known[count++] = equation->primitive[c];
  for (const SinewDerived *d = equation->type->derived; d && d->name && count < 64; d++) known[count++] = d->name;
  for (PetscInt k = 0; k < count; k++) {
    if (strcmp(known[k], field)) continue;
    PetscCall(PetscStrncpy(e->name[e->fields], name, sizeof(e->name[0])));
    e->field[e->fields++] = known[k];
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  near = SinewNearestName(field, count, known);
  PetscCall(SinewDeckMistake(deck, node, "ensemble.fields", "%s has no field \"%s\"%s%s%s", equation->type->name, field,
                             near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : ""));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_fields(SinewEnsemble e, SinewDeck deck, SinewEquation equation)
{
  const SinewNode map = e->section.fields;
  const PetscInt count = SinewNodeCount(deck, map);

  PetscFunctionBeginUser;
  if (map != SINEW_NODE_NONE && (SinewNodeGetKind(deck, map) != SINEW_NODE_MAP || count > ENSEMBLE_FIELDS_MAX)) {
    PetscCall(SinewDeckMistake(deck, map, "ensemble.fields", "expected a map of at most %d names to fields",
                               ENSEMBLE_FIELDS_MAX));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (PetscInt k = 0; k < count; k++)
    PetscCall(add_field(e, deck, SinewNodeEntry(deck, map, k), equation, SinewNodeEntryKey(deck, map, k),
                        SinewNodeText(deck, SinewNodeEntry(deck, map, k))));
  for (PetscInt c = 0; map == SINEW_NODE_NONE && c < PetscMin(equation->components, ENSEMBLE_FIELDS_MAX); c++)
    PetscCall(add_field(e, deck, map, equation, name_in_file((EnsembleLayout)e->section.layout, equation->primitive[c]),
                        equation->primitive[c]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool has_word(const char text[], const char word[])
{
  const size_t n = strlen(word);

  for (const char *at = text; (at = strstr(at, word)); at += n) {
    if ((at == text || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)at[n])) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

/* Members that nothing tells apart. */
static PetscBool all_alike(SinewEnsemble e, SinewDeck deck, SinewEquation equation)
{
  const SinewInitialType *initial = equation->initial;

  for (const SinewKey *k = initial ? initial->keys : NULL; k && k->name; k++)
    if (!strcmp(k->name, "seed")) return PETSC_FALSE;
  return (PetscBool)(e->section.members > 1 && !e->draws && !has_word(SinewDeckText(deck), "random") &&
                     !has_word(SinewDeckText(deck), "member") && !has_word(SinewDeckOverrides(deck), "random") &&
                     !has_word(SinewDeckOverrides(deck), "member"));
}

void EnsembleKept(const EnsembleSection *section, const SinewAxis *axis, PetscInt *start, PetscInt *count)
{
  const PetscInt stride = section->stride;

  *start = (axis->start + stride - 1) / stride;
  *count = (axis->start + axis->count + stride - 1) / stride - *start;
}

PetscErrorCode SinewEnsembleCheck(SinewEnsemble e, SinewDeck deck, SinewEquation equation, const SinewGridOptions *grid,
                                  PetscReal end, PetscReal step)
{
  const SinewNode map = SinewNodeGet(deck, SinewDeckRoot(deck), "ensemble");
  const EnsembleSection *s = &e->section;

  PetscFunctionBeginUser;
  if (!equation || !(s->every > 0)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(read_fields(e, deck, equation));
  e->frames = s->first > end * (1 + 1e-12) ? 0 : 1 + (PetscInt)PetscFloorReal((end - s->first) / s->every + 1e-9);
  if (e->frames < 1)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, map, "first"), "ensemble.first",
                               "expected a time before the end, %g, found %g", (double)end, (double)s->first));
  for (PetscInt d = 0; d < grid->dim; d++) {
    if (grid->cells[d] % s->stride == 0) continue;
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, map, "stride"), "ensemble.stride",
                               "expected a divisor of the cells along %c, %" PetscInt_FMT ", found %" PetscInt_FMT,
                               (char)('x' + d), grid->cells[d], s->stride));
    break;
  }
  if (step > 0 && (!SinewIsMultiple(s->every, step) || (s->first > 0 && !SinewIsMultiple(s->first, step))))
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, map, "every"), "ensemble.every",
                               "expected multiples of %.12g, the only step of the stepper, for every and first",
                               (double)step));
  if (all_alike(e, deck, equation))
    PetscCall(SinewDeckMistake(deck, map, "ensemble",
                               "members would be the same: the initial condition has no seed, and no formula draws "
                               "random numbers"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewEnsemblePlan(SinewEnsemble e, MPI_Comm comm, FILE *out)
{
  PetscFunctionBeginUser;
  if (e)
    PetscCall(PetscFPrintf(comm, out,
                           "ensemble  %" PetscInt_FMT " members (shown is the first), %" PetscInt_FMT
                           " frames of %" PetscInt_FMT " fields each\n",
                           e->section.members, e->frames, e->fields));
  PetscFunctionReturn(PETSC_SUCCESS);
}
