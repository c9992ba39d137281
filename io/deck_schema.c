#include "io/deck_private.h"

static size_t value_size(SinewKeyType type)
{
  switch (type) {
  case SINEW_KEY_BOOL: return sizeof(PetscBool);
  case SINEW_KEY_INT:
  case SINEW_KEY_CHOICE: return sizeof(PetscInt);
  case SINEW_KEY_REAL:
  case SINEW_KEY_DURATION:
  case SINEW_KEY_BYTES: return sizeof(PetscReal);
  case SINEW_KEY_STRING: return sizeof(const char *);
  case SINEW_KEY_EXPRESSION: return sizeof(SinewExpression);
  case SINEW_KEY_INTS: return sizeof(SinewIntList);
  case SINEW_KEY_REALS: return sizeof(SinewRealList);
  case SINEW_KEY_STRINGS: return sizeof(SinewStringList);
  case SINEW_KEY_EXPRESSIONS: return sizeof(SinewExpressionList);
  case SINEW_KEY_NODE: return sizeof(SinewNode);
  default: return 0;
  }
}

/* ---- one scalar ---- */

/* `expected ..., found ...` and what else there is to say. */
static PetscErrorCode report(SinewDeck deck, SinewNode node, const SinewKey *key, PetscBool entry, const char more[])
{
  DeckBuffer expected = {NULL, 0, 0}, found = {NULL, 0, 0};

  PetscFunctionBeginUser;
  PetscCall(DeckPrintExpected(&expected, key, entry));
  PetscCall(DeckPrintFound(&found, deck, node));
  PetscCall(DeckMistakeAt(deck, deck->node[node].place, SinewNodePath(deck, node), "expected %s, found %s%s",
                          expected.text, found.text, more));
  PetscCall(PetscFree(expected.text));
  PetscCall(PetscFree(found.text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool in_range(const SinewKey *key, double value)
{
  double lower, upper;

  DeckBounds(key, &lower, &upper);
  return (PetscBool)(value <= upper && (key->above_min ? value > lower : value >= lower));
}

static PetscErrorCode keep_expression(SinewDeck deck, SinewExpression e)
{
  PetscFunctionBeginUser;
  PetscCall(DeckGrow(deck->expressions, sizeof(*deck->expression), &deck->expressions_capacity, &deck->expression));
  deck->expression[deck->expressions++] = e;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_expression(SinewDeck deck, SinewNode node, const SinewKey *key, PetscBool entry,
                                      SinewExpression *value, PetscBool *ok)
{
  char message[200], more[220];

  PetscFunctionBeginUser;
  *value = NULL;
  *ok = PETSC_FALSE;
  if (DeckIsNothing(deck, node)) {
    PetscCall(report(deck, node, key, entry, ""));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(SinewExpressionCreateDefined(deck->node[node].text, deck->defined ? &deck->definitions : NULL, 0, NULL,
                                         sizeof(message), message, value));
  if (*value) {
    *ok = PETSC_TRUE;
    PetscCall(keep_expression(deck, *value));
  } else {
    PetscCall(PetscSNPrintf(more, sizeof(more), ": %s", message));
    PetscCall(report(deck, node, key, entry, more));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_choice(SinewDeck deck, SinewNode node, const SinewKey *key, PetscInt *value, PetscBool *ok)
{
  const PetscInt count = DeckCountNames(key->choices);
  DeckBuffer hint = {NULL, 0, 0};

  PetscFunctionBeginUser;
  *ok = PETSC_FALSE;
  for (PetscInt i = 0; i < count; i++)
    if (!strcmp(key->choices[i], deck->node[node].text)) {
      *value = i;
      *ok = PETSC_TRUE;
      PetscFunctionReturn(PETSC_SUCCESS);
    }
  PetscCall(DeckAppend(&hint, ""));
  PetscCall(DeckPrintHint(&hint, deck->node[node].text, count, key->choices));
  PetscCall(report(deck, node, key, PETSC_TRUE, hint.text));
  PetscCall(PetscFree(hint.text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Plain words of numbers and truth; quotes make text of them. */
static PetscBool parse_plain(const DeckNode *n, SinewKeyType type, DeckValue *value, double *size)
{
  PetscBool ok;

  *size = 0;
  if (type == SINEW_KEY_DURATION || type == SINEW_KEY_BYTES) {
    ok = type == SINEW_KEY_BYTES ? DeckParseBytes(n->text, size) : DeckParseDuration(n->text, size);
    value->real = (PetscReal)*size;
    return ok;
  }
  if (n->quoted) return PETSC_FALSE;
  if (type == SINEW_KEY_BOOL) {
    value->flag = (PetscBool)!strcmp(n->text, "true");
    return (PetscBool)(value->flag || !strcmp(n->text, "false"));
  }
  if (type == SINEW_KEY_INT) {
    ok = DeckParseInt(n->text, &value->integer);
    *size = ok ? (double)value->integer : 0;
    return ok;
  }
  ok = DeckParseReal(n->text, size);
  value->real = (PetscReal)*size;
  return ok;
}

/* A number as a formula of the deck's definitions. */
static PetscErrorCode read_constant(SinewDeck deck, const DeckNode *n, DeckValue *value, double *size, PetscBool *ok)
{
  const PetscBool random = (PetscBool)(strstr(n->text, "random") != NULL); /* counts as one of the place */
  char message[200];
  SinewExpression e;
  PetscBool uses;

  PetscFunctionBeginUser;
  *ok = PETSC_FALSE;
  PetscCall(SinewExpressionCreateDefined(n->text, &deck->definitions, 0, NULL, sizeof(message), message, &e));
  if (!e) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewExpressionUsesAny(e, random ? "t" : "xyzt", &uses));
  PetscCall(SinewExpressionEvaluate(e, 0, 0, 0, 0, &value->real));
  *size = (double)value->real;
  *ok = (PetscBool)(!uses && !PetscIsInfOrNanReal(value->real));
  PetscCall(SinewExpressionDestroy(&e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* `standard`: a table's default may lie outside of the range, to mean "off". */
static PetscErrorCode read_scalar(SinewDeck deck, SinewNode node, const SinewKey *key, PetscBool entry,
                                  PetscBool standard, DeckValue *value, PetscBool *ok)
{
  const DeckNode *n = &deck->node[node];
  const SinewKeyType type = DeckEntryType(key->type);
  double size;

  PetscFunctionBeginUser;
  *ok = PETSC_FALSE;
  if (n->broken) PetscFunctionReturn(PETSC_SUCCESS);
  if (n->kind != SINEW_NODE_SCALAR) {
    PetscCall(report(deck, node, key, entry, ""));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (type == SINEW_KEY_EXPRESSION) {
    PetscCall(read_expression(deck, node, key, entry, &value->expression, ok));
  } else if (type == SINEW_KEY_CHOICE) {
    PetscCall(read_choice(deck, node, key, &value->integer, ok));
  } else if (type == SINEW_KEY_STRING) {
    value->string = n->text;
    *ok = (PetscBool)!DeckIsNothing(deck, node);
    if (!*ok) PetscCall(report(deck, node, key, entry, ""));
  } else {
    *ok = parse_plain(n, type, value, &size);
    if (!*ok && deck->defined && type == SINEW_KEY_REAL) PetscCall(read_constant(deck, n, value, &size, ok));
    *ok = (PetscBool)(*ok && (standard || type == SINEW_KEY_BOOL || in_range(key, size)));
    if (!*ok) PetscCall(report(deck, node, key, entry, ""));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- lists ---- */

static void set_entry(SinewKeyType type, PetscInt i, const DeckValue *entry, DeckValue *list)
{
  switch (type) {
  case SINEW_KEY_INTS:
    list->integers.value[i] = entry->integer;
    list->integers.n = i + 1;
    break;
  case SINEW_KEY_REALS:
    list->reals.value[i] = entry->real;
    list->reals.n = i + 1;
    break;
  case SINEW_KEY_STRINGS:
    list->strings.value[i] = entry->string;
    list->strings.n = i + 1;
    break;
  default:
    list->expressions.value[i] = entry->expression;
    list->expressions.n = i + 1;
    break;
  }
}

static PetscErrorCode read_list(SinewDeck deck, SinewNode node, const SinewKey *key, PetscBool standard,
                                DeckValue *value, PetscBool *ok)
{
  const PetscBool single = (PetscBool)(deck->node[node].kind != SINEW_NODE_LIST);
  const PetscInt count = single ? 1 : deck->node[node].count;
  PetscInt least, most;

  PetscFunctionBeginUser;
  DeckListLimits(key, &least, &most);
  if (standard) least = 0;
  *ok = PETSC_FALSE;
  if (deck->node[node].broken) PetscFunctionReturn(PETSC_SUCCESS);
  if (count < least || count > most || (single && deck->node[node].kind != SINEW_NODE_SCALAR)) {
    PetscCall(report(deck, node, key, PETSC_FALSE, ""));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  *ok = PETSC_TRUE;
  for (PetscInt i = 0; i < count; i++) {
    DeckValue entry = {.node = 0};
    PetscBool fine;

    PetscCall(
        read_scalar(deck, single ? node : deck->node[node].child[i], key, (PetscBool)!single, standard, &entry, &fine));
    set_entry(key->type, i, &entry, value);
    if (!fine) *ok = PETSC_FALSE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- keys ---- */

static PetscErrorCode record_value(SinewDeck deck, SinewNode node, const char path[], const SinewKey *key,
                                   PetscBool given, const DeckValue *value)
{
  DeckBuffer b = {NULL, 0, 0};

  PetscFunctionBeginUser;
  if (given)
    PetscCall(DeckPrintValue(&b, key, value));
  else
    PetscCall(DeckAppend(&b, "null"));
  PetscCall(DeckRecord(deck, path, b.text, key->change, node, PETSC_FALSE));
  PetscCall(PetscFree(b.text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_value(SinewDeck deck, SinewNode node, const SinewKey *key, PetscBool standard,
                                 DeckValue *value, PetscBool *ok)
{
  PetscFunctionBeginUser;
  PetscCall(PetscMemzero(value, sizeof(*value)));
  if (DeckIsList(key->type))
    PetscCall(read_list(deck, node, key, standard, value, ok));
  else
    PetscCall(read_scalar(deck, node, key, PETSC_FALSE, standard, value, ok));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The default, from a node outside of the tree. */
static PetscErrorCode read_standard(SinewDeck deck, const char path[], const SinewKey *key, DeckValue *value,
                                    PetscBool *ok)
{
  SinewNode node;

  PetscFunctionBeginUser;
  PetscCall(DeckAddNode(deck, SINEW_NODE_NONE, NULL, &node));
  PetscCall(PetscStrallocpy(path, &deck->node[node].path));
  PetscCall(DeckLoadValue(deck, node, key->standard));
  PetscCall(read_value(deck, node, key, PETSC_TRUE, value, ok));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode report_missing(SinewDeck deck, SinewNode map, const char path[], const SinewKey *key)
{
  DeckBuffer expected = {NULL, 0, 0};

  PetscFunctionBeginUser;
  PetscCall(DeckPrintExpected(&expected, key, PETSC_FALSE));
  PetscCall(DeckMistakeAt(deck, DeckPlaceOf(deck, map), path, "missing, expected %s", expected.text));
  PetscCall(PetscFree(expected.text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One value of a node (perhaps none, of `map`), or the default, to `target`; `keep`: without either the
   target is left as it is. */
static PetscErrorCode read_simple(SinewDeck deck, SinewNode map, SinewNode node, const char path[], const SinewKey *key,
                                  PetscBool enforce, PetscBool keep, void *target)
{
  PetscBool ok = PETSC_FALSE, given = PETSC_FALSE;
  DeckValue value;

  PetscFunctionBeginUser;
  PetscCall(PetscMemzero(&value, sizeof(value)));
  if (node != SINEW_NODE_NONE) PetscCall(read_value(deck, node, key, PETSC_FALSE, &value, &ok));
  given = ok;
  if (node == SINEW_NODE_NONE && key->required && !key->standard) {
    if (enforce) PetscCall(report_missing(deck, map, path, key));
  } else if (node == SINEW_NODE_NONE)
    ok = PETSC_TRUE;
  if (!given && key->standard) PetscCall(read_standard(deck, path, key, &value, &given));
  if (!given && keep) PetscFunctionReturn(PETSC_SUCCESS);
  if (!given) PetscCall(PetscMemzero(&value, sizeof(value)));
  PetscCall(PetscMemcpy(target, &value, value_size(key->type)));
  if (ok) PetscCall(record_value(deck, node, path, key, given, &value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_node(SinewDeck deck, SinewNode map, SinewNode node, const char path[], const SinewKey *key,
                                PetscBool enforce, SinewNode *target)
{
  PetscFunctionBeginUser;
  *target = SINEW_NODE_NONE;
  if (node != SINEW_NODE_NONE && !DeckIsNothing(deck, node) && !deck->node[node].broken) {
    *target = node;
    deck->node[node].tree = PETSC_TRUE;
    deck->node[node].change = key->change;
  } else if (key->required && enforce)
    PetscCall(report_missing(deck, map, path, key));
  PetscCall(DeckRecord(deck, path, "null", key->change, *target, PETSC_TRUE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A map that can be read, or NONE: then *bad says whether a mistake is why. */
static PetscErrorCode usable_map(SinewDeck deck, SinewNode *map, PetscBool *bad)
{
  static const SinewKey section = {.name = "", .type = SINEW_KEY_SECTION};
  const SinewNode node = *map;

  PetscFunctionBeginUser;
  *bad = PETSC_FALSE;
  if (node == SINEW_NODE_NONE || deck->node[node].kind == SINEW_NODE_MAP) PetscFunctionReturn(PETSC_SUCCESS);
  *map = SINEW_NODE_NONE;
  if (DeckIsNothing(deck, node) && !deck->node[node].broken) PetscFunctionReturn(PETSC_SUCCESS);
  *bad = PETSC_TRUE;
  if (!deck->node[node].broken) PetscCall(report(deck, node, &section, PETSC_FALSE, ""));
  deck->node[node].broken = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode join(SinewDeck deck, SinewNode map, const char path[], const char name[], char **joined)
{
  const char *base = map == SINEW_NODE_NONE ? path : SinewNodePath(deck, map);
  DeckBuffer b = {NULL, 0, 0};

  PetscFunctionBeginUser;
  PetscCall(DeckPrint(&b, "%s%s%s", base, *base ? "." : "", name));
  *joined = b.text;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* `enforce`: keys that are required must be there. */
static PetscErrorCode read_map(SinewDeck deck, SinewNode map, const char path[], const SinewKey keys[],
                               PetscBool enforce, char *target)
{
  PetscBool bad;

  PetscFunctionBeginUser;
  PetscCall(usable_map(deck, &map, &bad));
  if (bad) enforce = PETSC_FALSE;
  for (const SinewKey *key = keys; key && key->name; key++) {
    const SinewNode node = SinewNodeGet(deck, map, key->name);
    char *joined;

    PetscCall(join(deck, map, path, key->name, &joined));
    if (key->type == SINEW_KEY_SECTION) {
      if (node == SINEW_NODE_NONE && key->required && enforce) PetscCall(report_missing(deck, map, joined, key));
      PetscCall(read_map(deck, node, joined, key->section, (PetscBool)(node != SINEW_NODE_NONE), target + key->offset));
    } else if (key->type == SINEW_KEY_NODE)
      PetscCall(read_node(deck, map, node, joined, key, enforce, (SinewNode *)(void *)(target + key->offset)));
    else
      PetscCall(read_simple(deck, map, node, joined, key, enforce, PETSC_FALSE, target + key->offset));
    PetscCall(PetscFree(joined));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- interface ---- */

PetscErrorCode SinewDeckRead(SinewDeck deck, SinewNode map, const char path[], const SinewKey keys[], void *target)
{
  PetscFunctionBeginUser;
  PetscCall(read_map(deck, map, path, keys, PETSC_TRUE, (char *)target));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDeckReadNode(SinewDeck deck, SinewNode node, const SinewKey *key, void *target)
{
  const char *path = node == SINEW_NODE_NONE ? key->name : SinewNodePath(deck, node);
  char *place = (char *)target + key->offset;

  PetscFunctionBeginUser;
  if (key->type == SINEW_KEY_SECTION)
    PetscCall(read_map(deck, node, path, key->section, PETSC_TRUE, place));
  else if (key->type == SINEW_KEY_NODE)
    PetscCall(read_node(deck, SINEW_NODE_NONE, node, path, key, PETSC_TRUE, (SinewNode *)(void *)place));
  else
    PetscCall(read_simple(deck, SINEW_NODE_NONE, node, path, key, PETSC_TRUE, PETSC_TRUE, place));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The change class of what is read by hand: that of the sub-tree it lies in, else frozen. */
static SinewChange inherited_change(SinewDeck deck, SinewNode node)
{
  for (; node != SINEW_NODE_NONE; node = deck->node[node].parent)
    if (deck->node[node].tree) return deck->node[node].change;
  return SINEW_CHANGE_FROZEN;
}

PetscErrorCode SinewDeckReadName(SinewDeck deck, SinewNode map, const char path[], const char key[], PetscInt count,
                                 const char *const names[], PetscInt standard, PetscInt *index)
{
  const SinewNode given = map;
  const char **choices;
  SinewKey table = {.name = key, .type = SINEW_KEY_CHOICE, .required = (PetscBool)(standard < 0)};
  PetscBool bad;
  char *joined;

  PetscFunctionBeginUser;
  *index = -1;
  PetscCall(usable_map(deck, &map, &bad));
  PetscCall(PetscMalloc1((size_t)count + 1, &choices));
  for (PetscInt i = 0; i < count; i++) choices[i] = names[i];
  choices[count] = NULL;
  table.choices = choices;
  table.change = inherited_change(deck, map);
  PetscCall(join(deck, map, path, key, &joined));
  PetscCall(read_simple(deck, map, SinewNodeGet(deck, map, key), joined, &table, (PetscBool)!bad, PETSC_TRUE, index));
  if (!bad && standard >= 0 && SinewNodeGet(deck, map, key) == SINEW_NODE_NONE) {
    *index = standard;
    PetscCall(DeckRecord(deck, joined, names[standard], table.change, SINEW_NODE_NONE, PETSC_FALSE));
  }
  if (*index < 0) {
    deck->skipped = PETSC_TRUE;
    if (given != SINEW_NODE_NONE) deck->node[given].broken = PETSC_TRUE; /* its keys are unknown, but no mistakes */
  }
  PetscCall(PetscFree(joined));
  PetscCall(PetscFree(choices));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDeckReadExpressions(SinewDeck deck, SinewNode map, const char path[], PetscInt count,
                                        const char *const names[], SinewExpression values[])
{
  PetscBool bad;

  PetscFunctionBeginUser;
  PetscCall(usable_map(deck, &map, &bad));
  for (PetscInt i = 0; i < count; i++) {
    const SinewNode node = SinewNodeGet(deck, map, names[i]);
    const SinewKey key = {.name = names[i], .type = SINEW_KEY_EXPRESSION, .change = inherited_change(deck, map)};
    char *joined;

    values[i] = NULL;
    if (node == SINEW_NODE_NONE) continue;
    PetscCall(join(deck, map, path, names[i], &joined));
    PetscCall(read_simple(deck, map, node, joined, &key, PETSC_TRUE, PETSC_TRUE, &values[i]));
    PetscCall(PetscFree(joined));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
