#include "io/deck_private.h"
#include <math.h>

PetscInt DeckCountNames(const char *const names[])
{
  PetscInt n = 0;

  while (names && names[n]) n++;
  return n;
}

PetscErrorCode DeckPrintNames(DeckBuffer *buffer, PetscInt count, const char *const names[], const char last[])
{
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < count; i++)
    PetscCall(DeckPrint(buffer, "%s%s", !i ? "" : i < count - 1 ? ", " : last, names[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscBool DeckIsList(SinewKeyType type)
{
  return (PetscBool)(type == SINEW_KEY_INTS || type == SINEW_KEY_REALS || type == SINEW_KEY_STRINGS ||
                     type == SINEW_KEY_EXPRESSIONS);
}

SinewKeyType DeckEntryType(SinewKeyType type)
{
  switch (type) {
  case SINEW_KEY_INTS: return SINEW_KEY_INT;
  case SINEW_KEY_REALS: return SINEW_KEY_REAL;
  case SINEW_KEY_STRINGS: return SINEW_KEY_STRING;
  case SINEW_KEY_EXPRESSIONS: return SINEW_KEY_EXPRESSION;
  default: return type;
  }
}

void DeckListLimits(const SinewKey *key, PetscInt *least, PetscInt *most)
{
  *least = key->least;
  *most = key->most ? PetscMin(key->most, SINEW_LIST_MAX) : SINEW_LIST_MAX;
  if (!key->least && !key->most) *least = 1;
}

/* A maximum below the minimum was left out of the table. */
void DeckBounds(const SinewKey *key, double *lower, double *upper)
{
  const PetscBool none = (PetscBool)(key->min == 0 && key->max == 0);

  *lower = none && !key->above_min ? -HUGE_VAL : key->min;
  *upper = none || key->max < key->min ? HUGE_VAL : key->max;
}

/* ---- what a key expects ---- */

static PetscErrorCode print_range(DeckBuffer *buffer, const SinewKey *key, PetscBool whole, const char noun[],
                                  PetscBool one)
{
  const double endless = whole ? DECK_INT_ENDLESS : DECK_REAL_ENDLESS;
  double lower, upper;
  PetscBool positive;

  PetscFunctionBeginUser;
  DeckBounds(key, &lower, &upper);
  positive = (PetscBool)(upper >= endless && ((lower == 0 && key->above_min) || (whole && lower == 1)));
  if (one) PetscCall(DeckAppend(buffer, positive ? "a " : whole ? "an " : "a "));
  PetscCall(DeckPrint(buffer, "%s%s", positive ? "positive " : "", noun));
  if (positive || (lower <= -endless && upper >= endless)) PetscFunctionReturn(PETSC_SUCCESS);
  if (lower > -endless) {
    PetscCall(DeckAppend(buffer, key->above_min ? " greater than " : upper < endless ? " from " : " not below "));
    PetscCall(DeckPrintReal(buffer, lower));
  }
  if (upper >= endless) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(DeckAppend(buffer, lower <= -endless ? " up to " : key->above_min ? " and up to " : " to "));
  PetscCall(DeckPrintReal(buffer, upper));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Durations and sizes are never negative: only a stricter bound is worth a word. */
static PetscErrorCode print_amount(DeckBuffer *buffer, const SinewKey *key, const char what[])
{
  double lower, upper;

  PetscFunctionBeginUser;
  DeckBounds(key, &lower, &upper);
  PetscCall(DeckAppend(buffer, what));
  if (lower > 0 || key->above_min) {
    PetscCall(DeckAppend(buffer, key->above_min ? ", more than " : ", at least "));
    PetscCall(DeckPrintReal(buffer, lower));
  }
  if (upper < DECK_REAL_ENDLESS) {
    PetscCall(DeckAppend(buffer, ", at most "));
    PetscCall(DeckPrintReal(buffer, upper));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode print_one(DeckBuffer *buffer, const SinewKey *key, SinewKeyType type, PetscBool one)
{
  PetscFunctionBeginUser;
  switch (type) {
  case SINEW_KEY_BOOL: PetscCall(DeckAppend(buffer, "true or false")); break;
  case SINEW_KEY_INT: PetscCall(print_range(buffer, key, PETSC_TRUE, one ? "integer" : "integers", one)); break;
  case SINEW_KEY_REAL: PetscCall(print_range(buffer, key, PETSC_FALSE, one ? "number" : "numbers", one)); break;
  case SINEW_KEY_STRING: PetscCall(DeckAppend(buffer, one ? "text" : "words")); break;
  case SINEW_KEY_CHOICE: PetscCall(DeckPrintNames(buffer, DeckCountNames(key->choices), key->choices, " or ")); break;
  case SINEW_KEY_DURATION:
    PetscCall(print_amount(buffer, key, "a duration such as 90, 45s, 30min, 2h or 1:30:00"));
    break;
  case SINEW_KEY_BYTES: PetscCall(print_amount(buffer, key, "a size such as 1000, 20MB or 4GiB")); break;
  case SINEW_KEY_EXPRESSION:
    PetscCall(DeckAppend(buffer, one ? "a number or a formula" : "numbers or formulas"));
    break;
  case SINEW_KEY_SECTION: PetscCall(DeckAppend(buffer, "a map of keys")); break;
  default: PetscCall(DeckAppend(buffer, "a value")); break;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DeckPrintExpected(DeckBuffer *buffer, const SinewKey *key, PetscBool entry)
{
  PetscInt least, most;

  PetscFunctionBeginUser;
  DeckListLimits(key, &least, &most);
  if (!DeckIsList(key->type) || entry || (least == 1 && most == 1)) {
    PetscCall(print_one(buffer, key, DeckEntryType(key->type), PETSC_TRUE));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (least == most)
    PetscCall(DeckPrint(buffer, "%" PetscInt_FMT " ", least));
  else
    PetscCall(
        DeckPrint(buffer, "%" PetscInt_FMT " %s %" PetscInt_FMT " ", least, most == least + 1 ? "or" : "to", most));
  PetscCall(print_one(buffer, key, DeckEntryType(key->type), PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DeckPrintFound(DeckBuffer *buffer, SinewDeck deck, SinewNode node)
{
  const DeckNode *n = &deck->node[node];
  double number;

  PetscFunctionBeginUser;
  if (n->kind == SINEW_NODE_MAP)
    PetscCall(DeckAppend(buffer, "a map"));
  else if (n->kind == SINEW_NODE_LIST)
    PetscCall(n->count ? DeckPrint(buffer, "a list of %" PetscInt_FMT, n->count) : DeckAppend(buffer, "an empty list"));
  else if (DeckIsNothing(deck, node))
    PetscCall(DeckAppend(buffer, "nothing"));
  else if (!n->quoted && strlen(n->text) < DECK_SHOWN_MAX && DeckParseReal(n->text, &number))
    PetscCall(DeckAppend(buffer, n->text));
  else {
    if (n->quoted && DeckParseReal(n->text, &number)) PetscCall(DeckAppend(buffer, "the text "));
    PetscCall(DeckPrintShown(buffer, n->text));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
