#include "io/deck_private.h"

static const char *const changes[] = {"free", "warn", "frozen"};

/* ---- values ---- */

static PetscErrorCode print_expression(DeckBuffer *b, SinewExpression e)
{
  double number;

  PetscFunctionBeginUser;
  if (!e)
    PetscCall(DeckAppend(b, "null"));
  else if (DeckParseReal(SinewExpressionText(e), &number))
    PetscCall(DeckPrintReal(b, number));
  else
    PetscCall(DeckPrintText(b, SinewExpressionText(e)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode print_list(DeckBuffer *b, SinewKeyType type, const DeckValue *v)
{
  const PetscInt n = v->integers.n; /* every list starts with it */

  PetscFunctionBeginUser;
  PetscCall(DeckAppend(b, "["));
  for (PetscInt i = 0; i < n; i++) {
    if (i) PetscCall(DeckAppend(b, ", "));
    if (type == SINEW_KEY_INTS)
      PetscCall(DeckPrint(b, "%" PetscInt_FMT, v->integers.value[i]));
    else if (type == SINEW_KEY_REALS)
      PetscCall(DeckPrintReal(b, (double)v->reals.value[i]));
    else if (type == SINEW_KEY_STRINGS)
      PetscCall(DeckPrintText(b, v->strings.value[i]));
    else
      PetscCall(print_expression(b, v->expressions.value[i]));
  }
  PetscCall(DeckAppend(b, "]"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DeckPrintValue(DeckBuffer *b, const SinewKey *key, const DeckValue *v)
{
  PetscFunctionBeginUser;
  switch (key->type) {
  case SINEW_KEY_BOOL: PetscCall(DeckAppend(b, v->flag ? "true" : "false")); break;
  case SINEW_KEY_INT: PetscCall(DeckPrint(b, "%" PetscInt_FMT, v->integer)); break;
  case SINEW_KEY_REAL:
  case SINEW_KEY_DURATION:
  case SINEW_KEY_BYTES: PetscCall(DeckPrintReal(b, (double)v->real)); break;
  case SINEW_KEY_STRING: PetscCall(v->string ? DeckPrintText(b, v->string) : DeckAppend(b, "null")); break;
  case SINEW_KEY_CHOICE: PetscCall(DeckPrintText(b, key->choices[v->integer])); break;
  case SINEW_KEY_EXPRESSION: PetscCall(print_expression(b, v->expression)); break;
  default: PetscCall(print_list(b, key->type, v)); break;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- recording ---- */

static DeckEntry *find_entry(SinewDeck deck, const char path[], size_t length)
{
  for (PetscInt i = 0; i < deck->entries; i++)
    if (!strncmp(deck->entry[i].path, path, length) && !deck->entry[i].path[length]) return &deck->entry[i];
  return NULL;
}

PetscErrorCode DeckRecord(SinewDeck deck, const char path[], const char value[], SinewChange change, SinewNode node,
                          PetscBool tree)
{
  DeckEntry *e = find_entry(deck, path, strlen(path));

  PetscFunctionBeginUser;
  if (!e) {
    PetscCall(DeckGrow(deck->entries, sizeof(*deck->entry), &deck->entries_capacity, &deck->entry));
    e = &deck->entry[deck->entries++];
    PetscCall(PetscMemzero(e, sizeof(*e)));
    PetscCall(PetscStrallocpy(path, &e->path));
  } else
    PetscCall(PetscFree(e->value));
  PetscCall(PetscStrallocpy(value, &e->value));
  e->change = change;
  e->node = node;
  e->tree = tree;
  if (node != SINEW_NODE_NONE && !tree) deck->node[node].recorded = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDeckSetChange(SinewDeck deck, const char path[], SinewChange change)
{
  DeckEntry *e = find_entry(deck, path, strlen(path));

  PetscFunctionBeginUser;
  if (e) e->change = change;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- printing ---- */

/* Whether all of a sub-tree stands under paths of its own. */
static PetscBool is_told(SinewDeck deck, SinewNode node)
{
  const DeckNode *n = &deck->node[node];

  if (n->recorded) return PETSC_TRUE;
  for (PetscInt i = 0; i < n->count; i++)
    if (!is_told(deck, n->child[i])) return PETSC_FALSE;
  return (PetscBool)(n->count > 0);
}

static PetscErrorCode print_scalar(SinewDeck deck, SinewNode node, DeckBuffer *buffer)
{
  const DeckNode *n = &deck->node[node];
  const PetscBool truth = (PetscBool)(!strcmp(n->text, "true") || !strcmp(n->text, "false"));
  double number;

  PetscFunctionBeginUser;
  if (DeckIsNothing(deck, node))
    PetscCall(DeckAppend(buffer, "null"));
  else if (!n->quoted && truth)
    PetscCall(DeckAppend(buffer, n->text));
  else if (!n->quoted && DeckParseReal(n->text, &number))
    PetscCall(DeckPrintReal(buffer, number));
  else
    PetscCall(DeckPrintText(buffer, n->text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Flow text of what is not told elsewhere. */
static PetscErrorCode print_node(SinewDeck deck, SinewNode node, DeckBuffer *buffer)
{
  const SinewNodeKind kind = deck->node[node].kind;
  PetscBool first = PETSC_TRUE;

  PetscFunctionBeginUser;
  if (kind == SINEW_NODE_SCALAR) {
    PetscCall(print_scalar(deck, node, buffer));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(DeckAppend(buffer, kind == SINEW_NODE_LIST ? "[" : "{"));
  for (PetscInt i = 0; i < deck->node[node].count; i++) {
    const SinewNode child = deck->node[node].child[i];

    if (is_told(deck, child)) continue;
    PetscCall(DeckPrint(buffer, "%s%s%s", first ? "" : ", ", kind == SINEW_NODE_MAP ? deck->node[child].key : "",
                        kind == SINEW_NODE_MAP ? ": " : ""));
    PetscCall(print_node(deck, child, buffer));
    first = PETSC_FALSE;
  }
  PetscCall(DeckAppend(buffer, kind == SINEW_NODE_LIST ? "]" : "}"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* *present is false for a sub-tree that has nothing left to tell. */
static PetscErrorCode print_entry(SinewDeck deck, const DeckEntry *e, DeckBuffer *buffer, PetscBool *present)
{
  PetscFunctionBeginUser;
  *present = PETSC_TRUE;
  if (!e->tree || e->node == SINEW_NODE_NONE)
    PetscCall(DeckAppend(buffer, e->value));
  else if (is_told(deck, e->node))
    *present = PETSC_FALSE;
  else
    PetscCall(print_node(deck, e->node, buffer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int compare_entries(const void *a, const void *b)
{
  return strcmp(((const DeckEntry *)a)->path, ((const DeckEntry *)b)->path);
}

static PetscErrorCode make_effective(SinewDeck deck)
{
  DeckBuffer *b = &deck->effective;

  PetscFunctionBeginUser;
  b->length = 0;
  PetscCall(DeckAppend(b, ""));
  if (deck->entries) qsort(deck->entry, (size_t)deck->entries, sizeof(*deck->entry), compare_entries);
  for (PetscInt i = 0; i < deck->entries; i++) {
    const DeckEntry *e = &deck->entry[i];
    const size_t start = b->length;
    PetscBool present;

    PetscCall(DeckPrint(b, "%s %s: ", changes[e->change], e->path));
    PetscCall(print_entry(deck, e, b, &present));
    if (present)
      PetscCall(DeckAppend(b, "\n"));
    else {
      b->length = start;
      b->text[start] = 0;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

const char *SinewDeckEffective(SinewDeck deck)
{
  PetscCallAbort(PETSC_COMM_SELF, make_effective(deck));
  return deck->effective.text;
}

/* ---- comparing with a checkpoint ---- */

/* One line `class path: value` of an effective deck. */
typedef struct {
  SinewChange change;
  const char *path, *value;
  size_t path_length, value_length;
} Line;

/* The cursor moves behind the line; false for one that is no such line. */
static PetscBool read_line(const char **cursor, Line *line)
{
  const char *start = *cursor, *end = start + strcspn(start, "\n");
  const char *blank = memchr(start, ' ', (size_t)(end - start));

  *cursor = *end ? end + 1 : end;
  if (!blank) return PETSC_FALSE;
  line->path = blank + 1;
  line->path_length = strcspn(line->path, ": \n");
  line->value = line->path + line->path_length + 2;
  if (line->value > end || strncmp(line->value - 2, ": ", 2)) return PETSC_FALSE;
  line->value_length = (size_t)(end - line->value);
  for (int c = 0; c < 3; c++)
    if (strlen(changes[c]) == (size_t)(blank - start) && !strncmp(start, changes[c], (size_t)(blank - start))) {
      line->change = (SinewChange)c;
      return PETSC_TRUE;
    }
  return PETSC_FALSE;
}

static PetscBool find_line(const char text[], const char path[], size_t length, Line *line)
{
  while (*text)
    if (read_line(&text, line) && line->path_length == length && !strncmp(line->path, path, length)) return PETSC_TRUE;
  return PETSC_FALSE;
}

/* An allowed path allows all that is below it. */
static PetscBool is_allowed(const char path[], PetscInt count, const char *const allowed[])
{
  for (PetscInt i = 0; i < count; i++) {
    const size_t n = strlen(allowed[i]);

    if (!strncmp(path, allowed[i], n) && strchr(".[", path[n])) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

static PetscErrorCode print_short(DeckBuffer *b, const Line *line)
{
  const size_t start = b->length;

  PetscFunctionBeginUser;
  PetscCall(DeckPrint(b, "%.*s", (int)PetscMin(line->value_length, 1000), line->value));
  PetscCall(DeckShorten(b, start));
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef struct {
  SinewDeck deck;
  PetscInt count;
  const char *const *allowed;
  FILE *log; /* NULL where nothing is printed */
} Comparison;

/* `now` or `then` is NULL where the key is not there. */
static PetscErrorCode report_change(const Comparison *c, const Line *now, const Line *then)
{
  const Line *line = now ? now : then;
  DeckBuffer text = {NULL, 0, 0};
  DeckPlace place = {PETSC_FALSE, 0, 0};
  const DeckEntry *entry = find_entry(c->deck, line->path, line->path_length);
  char *path;

  PetscFunctionBeginUser;
  if (line->change == SINEW_CHANGE_FREE) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1(line->path_length + 1, &path));
  PetscCall(PetscStrncpy(path, line->path, line->path_length + 1));
  if (entry) place = DeckPlaceOf(c->deck, entry->node);
  PetscCall(DeckAppend(&text, now ? "is " : "is not there"));
  if (now) PetscCall(print_short(&text, now));
  PetscCall(DeckAppend(&text, then ? ", the checkpoint has " : ", the checkpoint does not have it"));
  if (then) PetscCall(print_short(&text, then));
  if (line->change == SINEW_CHANGE_FROZEN && !is_allowed(path, c->count, c->allowed))
    PetscCall(DeckMistakeAt(c->deck, place, path, "%s, and it cannot change on restart", text.text));
  else if (c->log)
    PetscCall(DeckWarn(c->deck, place, path, text.text, c->log));
  PetscCall(PetscFree(text.text));
  PetscCall(PetscFree(path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A key that is new may come from a newer Sinew: its default is what the old run did. */
static PetscBool is_given(SinewDeck deck, const Line *line)
{
  const DeckEntry *e = find_entry(deck, line->path, line->path_length);

  return (PetscBool)(e && e->node != SINEW_NODE_NONE);
}

PetscErrorCode SinewDeckCompareEffective(SinewDeck deck, const char stored[], PetscInt allowed_count,
                                         const char *const allowed[], FILE *log)
{
  const char *effective = SinewDeckEffective(deck), *cursor;
  Comparison c = {deck, allowed_count, allowed, NULL};
  PetscMPIInt rank;
  Line now, then;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(deck->comm, &rank));
  if (!rank) c.log = log;
  for (cursor = effective; *cursor;) {
    if (!read_line(&cursor, &now)) continue;
    if (!find_line(stored, now.path, now.path_length, &then)) {
      if (is_given(deck, &now)) PetscCall(report_change(&c, &now, NULL));
    } else if (now.value_length != then.value_length || strncmp(now.value, then.value, now.value_length))
      PetscCall(report_change(&c, &now, &then));
  }
  for (cursor = stored; *cursor;)
    if (read_line(&cursor, &then) && !find_line(effective, then.path, then.path_length, &now) &&
        !(then.value_length == 4 && !strncmp(then.value, "null", 4)))
      PetscCall(report_change(&c, NULL, &then));
  PetscFunctionReturn(PETSC_SUCCESS);
}
