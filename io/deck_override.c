#include "io/deck_private.h"
#include <ctype.h>

static const DeckPlace command_line = {PETSC_TRUE, 0, 0};

/* One step of a path: `key` or `[index]`. */
typedef struct {
  char key[DECK_KEY_MAX + 1];
  PetscInt index; /* -1: a key */
} Step;

/* The cursor moves behind the step, which ends at the path's end, at . or at [. */
static PetscBool read_step(const char **cursor, PetscBool first, Step *step)
{
  const char *c = *cursor;
  size_t n;

  step->index = -1;
  if (*c == '[') {
    n = strspn(c + 1, "0123456789");
    if (first || !n || n > 6 || c[1 + n] != ']') return PETSC_FALSE;
    step->index = (PetscInt)strtol(c + 1, NULL, 10);
    *cursor = c + n + 2;
    return (PetscBool)(!**cursor || strchr(".[", **cursor));
  }
  if (!first && *c++ != '.') return PETSC_FALSE;
  n = strcspn(c, ".[");
  if (!DeckIsKey(c, n)) return PETSC_FALSE;
  memcpy(step->key, c, n);
  step->key[n] = 0;
  *cursor = c + n;
  return PETSC_TRUE;
}

static PetscErrorCode step_into_list(SinewDeck deck, const char path[], PetscInt index, SinewNode *node)
{
  const DeckNode *n = &deck->node[*node];

  PetscFunctionBeginUser;
  if (n->kind == SINEW_NODE_LIST && index < n->count) {
    *node = n->child[index];
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (n->kind == SINEW_NODE_LIST)
    PetscCall(DeckMistakeAt(deck, command_line, path, "%s has entries [0] to [%" PetscInt_FMT "] only",
                            SinewNodePath(deck, *node), n->count - 1));
  else
    PetscCall(DeckMistakeAt(deck, command_line, path, "%s is not a list", SinewNodePath(deck, *node)));
  *node = SINEW_NODE_NONE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Makes a missing key, and a map of a key that holds nothing. */
static PetscErrorCode step_into_map(SinewDeck deck, const char path[], const char key[], SinewNode *node)
{
  SinewNode child;

  PetscFunctionBeginUser;
  if (DeckIsNothing(deck, *node)) deck->node[*node].kind = SINEW_NODE_MAP;
  if (deck->node[*node].kind != SINEW_NODE_MAP) {
    PetscCall(DeckMistakeAt(deck, command_line, path, "%s is not a map", SinewNodePath(deck, *node)));
    *node = SINEW_NODE_NONE;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  child = DeckFind(deck, *node, key);
  if (child == SINEW_NODE_NONE) {
    PetscCall(DeckAddNode(deck, *node, key, &child));
    deck->node[child].place = deck->node[child].key_place = command_line;
  }
  *node = child;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* NONE after a mistake. */
static PetscErrorCode walk(SinewDeck deck, const char path[], SinewNode *node)
{
  const char *cursor = path;
  PetscInt depth = 0;

  PetscFunctionBeginUser;
  *node = deck->root;
  do {
    Step step;

    if (!read_step(&cursor, (PetscBool)(cursor == path), &step) || ++depth > DECK_DEPTH_MAX) {
      PetscCall(DeckMistakeAt(deck, command_line, path, "expected a path such as grid.cells or a.b[1].c"));
      *node = SINEW_NODE_NONE;
    } else if (step.index >= 0)
      PetscCall(step_into_list(deck, path, step.index, node));
    else
      PetscCall(step_into_map(deck, path, step.key, node));
  } while (*node != SINEW_NODE_NONE && *cursor);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode set_value(SinewDeck deck, SinewNode node, const char text[])
{
  PetscFunctionBeginUser;
  PetscCall(DeckClearNode(deck, node));
  deck->node[node].place = deck->node[node].key_place = command_line;
  PetscCall(DeckLoadValue(deck, node, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool has_control(const char text[])
{
  for (; *text; text++)
    if (iscntrl((unsigned char)*text)) return PETSC_TRUE;
  return PETSC_FALSE;
}

PetscErrorCode DeckOverride(SinewDeck deck, const char text[])
{
  const char *equal = strchr(text, '=');
  char *path;
  SinewNode node;

  PetscFunctionBeginUser;
  if (!equal || equal == text || has_control(text) || strlen(text) > DECK_TEXT_MAX / 64) {
    DeckBuffer shown = {NULL, 0, 0};

    PetscCall(DeckPrintShown(&shown, text));
    PetscCall(DeckMistakeAt(deck, command_line, "", "expected path=value, found %s", shown.text));
    PetscCall(PetscFree(shown.text));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(DeckPrint(&deck->overrides, "%s\n", text));
  PetscCall(PetscStrallocpy(text, &path));
  path[equal - text] = 0;
  while (equal > text && path[equal - text - 1] == ' ') path[--equal - text] = 0;
  PetscCall(walk(deck, path, &node));
  if (node != SINEW_NODE_NONE) PetscCall(set_value(deck, node, strchr(text, '=') + 1));
  PetscCall(PetscFree(path));
  PetscFunctionReturn(PETSC_SUCCESS);
}
