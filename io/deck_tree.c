#include "io/deck_private.h"
#include <ctype.h>
#include <yaml.h>

typedef struct {
  SinewDeck deck;
  yaml_parser_t parser;
  yaml_event_t event;
  PetscBool value; /* a value alone, not a deck: what goes wrong is reported at its node */
  PetscBool stop;  /* nothing more can be read */
  SinewNode top;
  PetscInt depth;
} Loader;

static PetscErrorCode load_node(Loader *l, SinewNode node);

static DeckPlace place_at(const Loader *l, yaml_mark_t mark)
{
  if (l->value) return l->deck->node[l->top].place;
  return (DeckPlace){PETSC_FALSE, (int)mark.line + 1, (int)mark.column + 1};
}

/* ---- syntax errors ---- */

/* Errors of the reader come with a byte offset only. */
static yaml_mark_t mark_at(const Loader *l, size_t offset)
{
  yaml_mark_t mark = {0, 0, 0};

  for (size_t i = 0; i < offset && i < l->deck->length; i++) {
    const unsigned char c = (unsigned char)l->deck->text[i];

    if (c == '\n') mark.line++;
    mark.column = c == '\n' ? 0 : mark.column + ((c & 0xC0) != 0x80);
  }
  return mark;
}

static PetscErrorCode report_syntax(Loader *l)
{
  const yaml_parser_t *p = &l->parser;
  const PetscBool reader = (PetscBool)(p->error == YAML_READER_ERROR);
  const DeckPlace place = place_at(l, reader && !l->value ? mark_at(l, p->problem_offset) : p->problem_mark);
  const char *path = l->value ? SinewNodePath(l->deck, l->top) : "", *problem = p->problem ? p->problem : "no memory";
  DeckBuffer b = {NULL, 0, 0};

  PetscFunctionBeginUser;
  PetscCall(DeckPrint(&b, "not YAML: %s", problem));
  if (p->context) PetscCall(DeckPrint(&b, " %s", p->context));
  if (p->context && !l->value) PetscCall(DeckPrint(&b, " from line %d", (int)p->context_mark.line + 1));
  if (strstr(problem, "mapping values")) PetscCall(DeckAppend(&b, "; text with a colon and a blank goes in quotes"));
  PetscCall(DeckMistakeAt(l->deck, place, path, "%s", b.text));
  PetscCall(PetscFree(b.text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode next(Loader *l)
{
  PetscFunctionBeginUser;
  yaml_event_delete(&l->event);
  if (!l->stop && !yaml_parser_parse(&l->parser, &l->event)) {
    l->stop = PETSC_TRUE;
    PetscCall(report_syntax(l));
  }
  if (l->stop) memset(&l->event, 0, sizeof(l->event));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* libyaml lets some tabs pass; people cannot see which. Those in comments do no harm. */
static PetscErrorCode report_tabs(SinewDeck deck, PetscBool *found)
{
  PetscBool comment = PETSC_FALSE, reported = PETSC_FALSE;
  int line = 1, column = 1;

  PetscFunctionBeginUser;
  *found = PETSC_FALSE;
  for (const char *c = deck->text; *c; c++) {
    if (*c == '#' && (column == 1 || c[-1] == ' ' || c[-1] == '\t')) comment = PETSC_TRUE;
    if (*c == '\t' && !comment && !reported) {
      PetscCall(DeckMistakeAt(deck, (DeckPlace){PETSC_FALSE, line, column}, "", "tab: decks are indented with blanks"));
      *found = reported = PETSC_TRUE;
    }
    if (((unsigned char)*c & 0xC0) != 0x80) column++;
    if (*c != '\n') continue;
    line++;
    column = 1;
    comment = reported = PETSC_FALSE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- nodes ---- */

static PetscErrorCode give_up(Loader *l, SinewNode node, const char what[])
{
  PetscFunctionBeginUser;
  PetscCall(DeckMistakeAt(l->deck, place_at(l, l->event.start_mark), SinewNodePath(l->deck, node), "%s", what));
  l->stop = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Anchors and tags: the value is kept, so that no second mistake follows from the first. */
static PetscErrorCode check_marks(Loader *l, SinewNode node, const yaml_char_t *anchor, const yaml_char_t *tag)
{
  const DeckPlace place = place_at(l, l->event.start_mark);
  const char *path = anchor || tag ? SinewNodePath(l->deck, node) : NULL;

  PetscFunctionBeginUser;
  if (anchor) PetscCall(DeckMistakeAt(l->deck, place, path, "anchors (&) are not for decks"));
  if (tag) PetscCall(DeckMistakeAt(l->deck, place, path, "tags (!) are not for decks"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode load_scalar(Loader *l, SinewNode node)
{
  const char *text = (const char *)l->event.data.scalar.value;
  const PetscBool plain = (PetscBool)(l->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE);

  PetscFunctionBeginUser;
  PetscCall(check_marks(l, node, l->event.data.scalar.anchor, l->event.data.scalar.tag));
  PetscCall(DeckSetText(l->deck, node, text, (PetscBool)!plain));
  if (strlen(text) != l->event.data.scalar.length) {
    PetscCall(DeckMistakeAt(l->deck, place_at(l, l->event.start_mark), SinewNodePath(l->deck, node),
                            "expected text, found a NUL character in it"));
    l->deck->node[node].broken = PETSC_TRUE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_child(Loader *l, SinewNode parent, const char key[], SinewNode *child)
{
  PetscFunctionBeginUser;
  *child = SINEW_NODE_NONE;
  if (l->deck->nodes >= DECK_NODE_MAX)
    PetscCall(give_up(l, l->top, "too many values: not a deck"));
  else
    PetscCall(DeckAddNode(l->deck, parent, key, child));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode load_list(Loader *l, SinewNode node)
{
  PetscFunctionBeginUser;
  PetscCall(check_marks(l, node, l->event.data.sequence_start.anchor, l->event.data.sequence_start.tag));
  l->deck->node[node].kind = SINEW_NODE_LIST;
  PetscCall(next(l));
  while (!l->stop && l->event.type != YAML_SEQUENCE_END_EVENT) {
    SinewNode child;

    PetscCall(add_child(l, node, NULL, &child));
    if (!l->stop) PetscCall(load_node(l, child));
    PetscCall(next(l));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Keys become paths, options of the command line and names in files. */
PetscBool DeckIsKey(const char text[], size_t length)
{
  if (!length || length > DECK_KEY_MAX) return PETSC_FALSE;
  for (size_t i = 0; i < length; i++)
    if ((unsigned char)text[i] > 126 || (!isalnum((unsigned char)text[i]) && !strchr("_-+/", text[i])))
      return PETSC_FALSE;
  return (PetscBool)(strlen(text) >= length);
}

/* What is wrong with the current event as a key of the map; NULL when it is fine. */
static const char *key_problem(const Loader *l, SinewNode map)
{
  const yaml_event_t *e = &l->event;
  const char *text = (const char *)e->data.scalar.value;

  if (e->type == YAML_ALIAS_EVENT) return "aliases (*) are not for decks";
  if (e->type != YAML_SCALAR_EVENT) return "expected a word as key, found a list or a map";
  if (e->data.scalar.anchor) return "anchors (&) are not for decks";
  if (e->data.scalar.tag) return "tags (!) are not for decks";
  if (!strcmp(text, "<<")) return "merge keys (<<) are not for decks";
  if (strlen(text) != e->data.scalar.length || !DeckIsKey(text, strlen(text)))
    return "expected a key of letters, digits, _ and -";
  if (DeckFind(l->deck, map, text) != SINEW_NODE_NONE) return "duplicate";
  return NULL;
}

static PetscErrorCode report_key(Loader *l, SinewNode map, const char problem[])
{
  const char *path = SinewNodePath(l->deck, map);
  const DeckPlace place = place_at(l, l->event.start_mark);
  DeckBuffer b = {NULL, 0, 0};

  PetscFunctionBeginUser;
  PetscCall(DeckAppend(&b, path));
  if (!strcmp(problem, "duplicate")) {
    const char *key = (const char *)l->event.data.scalar.value;
    const DeckPlace first = l->deck->node[DeckFind(l->deck, map, key)].key_place;

    PetscCall(DeckPrint(&b, "%s%s", *path ? "." : "", key));
    if (first.line)
      PetscCall(DeckMistakeAt(l->deck, place, b.text, "duplicate key, first on line %d", first.line));
    else
      PetscCall(DeckMistakeAt(l->deck, place, b.text, "duplicate key"));
  } else if (l->event.type == YAML_SCALAR_EVENT && l->event.data.scalar.value[0]) {
    DeckBuffer shown = {NULL, 0, 0};

    PetscCall(DeckPrintShown(&shown, (const char *)l->event.data.scalar.value));
    PetscCall(DeckMistakeAt(l->deck, place, b.text, "%s, found %s", problem, shown.text));
    PetscCall(PetscFree(shown.text));
  } else
    PetscCall(DeckMistakeAt(l->deck, place, b.text, "%s", problem));
  PetscCall(PetscFree(b.text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The node for the current event as a key; one outside of the tree when the key is no good. */
static PetscErrorCode load_key(Loader *l, SinewNode map, SinewNode *child)
{
  const char *problem = key_problem(l, map);
  const DeckPlace place = place_at(l, l->event.start_mark);

  PetscFunctionBeginUser;
  *child = SINEW_NODE_NONE;
  if (problem) {
    PetscCall(report_key(l, map, problem));
    PetscCall(add_child(l, SINEW_NODE_NONE, NULL, child));
    if (!l->stop && l->event.type != YAML_SCALAR_EVENT) PetscCall(load_node(l, *child));
    if (!l->stop) PetscCall(DeckClearNode(l->deck, *child));
  } else if (l->deck->node[map].count >= DECK_KEYS_MAX)
    PetscCall(give_up(l, map, "too many keys: not a deck"));
  else
    PetscCall(add_child(l, map, (const char *)l->event.data.scalar.value, child));
  if (!l->stop) l->deck->node[*child].key_place = place;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode load_map(Loader *l, SinewNode node)
{
  PetscFunctionBeginUser;
  PetscCall(check_marks(l, node, l->event.data.mapping_start.anchor, l->event.data.mapping_start.tag));
  l->deck->node[node].kind = SINEW_NODE_MAP;
  PetscCall(next(l));
  while (!l->stop && l->event.type != YAML_MAPPING_END_EVENT) {
    SinewNode child;

    PetscCall(load_key(l, node, &child));
    PetscCall(next(l));
    if (!l->stop) PetscCall(load_node(l, child));
    PetscCall(next(l));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool is_block(const yaml_event_t *e)
{
  if (e->type == YAML_SEQUENCE_START_EVENT)
    return (PetscBool)(e->data.sequence_start.style != YAML_FLOW_SEQUENCE_STYLE);
  return (PetscBool)(e->type == YAML_MAPPING_START_EVENT && e->data.mapping_start.style != YAML_FLOW_MAPPING_STYLE);
}

/* The current event, and all up to its end, into an empty node. */
static PetscErrorCode load_node(Loader *l, SinewNode node)
{
  PetscFunctionBeginUser;
  l->deck->node[node].place = place_at(l, l->event.start_mark);
  if (l->value && is_block(&l->event)) {
    PetscCall(give_up(l, node, "expected a value, [a, b] or {key: value}: other text goes in quotes"));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (l->event.type == YAML_SCALAR_EVENT) {
    PetscCall(load_scalar(l, node));
  } else if (l->event.type == YAML_ALIAS_EVENT) {
    PetscCall(DeckMistakeAt(l->deck, l->deck->node[node].place, SinewNodePath(l->deck, node),
                            "aliases (*) are not for decks"));
    l->deck->node[node].broken = PETSC_TRUE;
  } else if (++l->depth > DECK_DEPTH_MAX) {
    PetscCall(give_up(l, node, "nested too deep"));
  } else {
    if (l->event.type == YAML_SEQUENCE_START_EVENT)
      PetscCall(load_list(l, node));
    else
      PetscCall(load_map(l, node));
    l->depth--;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- documents ---- */

/* Stream start, one document or none, stream end. */
static PetscErrorCode load_document(Loader *l)
{
  PetscFunctionBeginUser;
  PetscCall(next(l));
  PetscCall(next(l));
  if (l->event.type != YAML_DOCUMENT_START_EVENT) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(next(l));
  if (!l->stop) PetscCall(load_node(l, l->top));
  PetscCall(next(l));
  PetscCall(next(l));
  if (!l->stop && l->event.type != YAML_STREAM_END_EVENT)
    PetscCall(give_up(l, l->top, l->value ? "expected one value" : "a second document: a deck is one"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode load(Loader *l, const char text[], size_t length)
{
  PetscFunctionBeginUser;
  memset(&l->event, 0, sizeof(l->event));
  PetscCheck(yaml_parser_initialize(&l->parser), PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory for libyaml");
  yaml_parser_set_encoding(&l->parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&l->parser, (const unsigned char *)text, length);
  PetscCall(load_document(l));
  yaml_event_delete(&l->event);
  yaml_parser_delete(&l->parser);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DeckLoad(SinewDeck deck)
{
  Loader l = {.deck = deck, .top = deck->root};
  PetscBool tabs;

  PetscFunctionBeginUser;
  PetscCall(report_tabs(deck, &tabs));
  if (!tabs) PetscCall(load(&l, deck->text, deck->length));
  if (!l.stop && deck->node[deck->root].kind != SINEW_NODE_MAP && !DeckIsNothing(deck, deck->root)) {
    PetscCall(DeckMistakeAt(deck, deck->node[deck->root].place, "", "expected sections, `name:` one a line"));
    l.stop = PETSC_TRUE;
  }
  if (deck->node[deck->root].kind != SINEW_NODE_MAP) PetscCall(DeckClearNode(deck, deck->root));
  deck->node[deck->root].kind = SINEW_NODE_MAP;
  deck->silent = (PetscBool)(tabs || l.stop);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DeckLoadValue(SinewDeck deck, SinewNode node, const char text[])
{
  Loader l = {.deck = deck, .top = node, .value = PETSC_TRUE, .depth = DeckDepth(deck, node)};

  PetscFunctionBeginUser;
  PetscCall(load(&l, text, strlen(text)));
  if (l.stop) deck->node[node].broken = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}
