#include "io/deck_private.h"
#include <errno.h>
#include <sys/stat.h>

/* ---- nodes ---- */

PetscErrorCode DeckAddNode(SinewDeck deck, SinewNode parent, const char key[], SinewNode *node)
{
  DeckNode *n;

  PetscFunctionBeginUser;
  PetscCall(DeckGrow(deck->nodes, sizeof(*deck->node), &deck->nodes_capacity, &deck->node));
  *node = (SinewNode)deck->nodes++;
  n = &deck->node[*node];
  PetscCall(PetscMemzero(n, sizeof(*n)));
  n->kind = SINEW_NODE_SCALAR;
  n->parent = parent;
  PetscCall(PetscStrallocpy(key, &n->key));
  PetscCall(PetscStrallocpy("", &n->text));
  if (parent != SINEW_NODE_NONE) {
    DeckNode *p = &deck->node[parent];

    PetscCall(DeckGrow(p->count, sizeof(*p->child), &p->capacity, &p->child));
    n->index = p->count;
    p->child[p->count++] = *node;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DeckSetText(SinewDeck deck, SinewNode node, const char text[], PetscBool quoted)
{
  DeckNode *n = &deck->node[node];

  PetscFunctionBeginUser;
  PetscCall(PetscFree(n->text));
  PetscCall(PetscStrallocpy(text, &n->text));
  n->quoted = quoted;
  n->kind = SINEW_NODE_SCALAR;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The children stay in the array, unreachable: their strings are freed with the deck. */
PetscErrorCode DeckClearNode(SinewDeck deck, SinewNode node)
{
  DeckNode *n = &deck->node[node];

  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < n->count; i++) deck->node[n->child[i]].parent = SINEW_NODE_NONE;
  n->count = 0;
  n->broken = PETSC_FALSE;
  PetscCall(DeckSetText(deck, node, "", PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

SinewNode DeckFind(SinewDeck deck, SinewNode map, const char key[])
{
  const DeckNode *n = &deck->node[map];

  if (n->kind != SINEW_NODE_MAP) return SINEW_NODE_NONE;
  for (PetscInt i = 0; i < n->count; i++)
    if (!strcmp(deck->node[n->child[i]].key, key)) return n->child[i];
  return SINEW_NODE_NONE;
}

PetscBool DeckIsNothing(SinewDeck deck, SinewNode node)
{
  static const char *const nothing[] = {"", "~", "null", "Null", "NULL"};
  const DeckNode *n = &deck->node[node];

  if (n->kind != SINEW_NODE_SCALAR || n->quoted) return PETSC_FALSE;
  for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++)
    if (!strcmp(n->text, nothing[i])) return PETSC_TRUE;
  return PETSC_FALSE;
}

PetscInt DeckDepth(SinewDeck deck, SinewNode node)
{
  PetscInt depth = 0;

  for (node = deck->node[node].parent; node != SINEW_NODE_NONE; node = deck->node[node].parent) depth++;
  return depth;
}

/* ---- life-cycle ---- */

/* On failure *text is NULL and why says it. */
static PetscErrorCode read_file(const char file[], char **text, size_t *length, size_t size, char why[])
{
  struct stat status;
  FILE *f;

  PetscFunctionBeginUser;
  *text = NULL;
  *length = 0;
  f = stat(file, &status) ? NULL : fopen(file, "rb");
  if (!f) {
    PetscCall(PetscSNPrintf(why, size, "%s: cannot read the deck: %s", file, strerror(errno)));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (S_ISDIR(status.st_mode)) {
    PetscCall(PetscSNPrintf(why, size, "%s: cannot read the deck: it is a directory", file));
    fclose(f);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(PetscMalloc1(DECK_TEXT_MAX + 2, text));
  *length = fread(*text, 1, DECK_TEXT_MAX + 1, f);
  (*text)[*length] = 0;
  if (ferror(f))
    PetscCall(PetscSNPrintf(why, size, "%s: cannot read the deck: %s", file, strerror(errno)));
  else if (*length > DECK_TEXT_MAX)
    PetscCall(PetscSNPrintf(why, size, "%s: more than %d bytes: not a deck", file, DECK_TEXT_MAX));
  if (ferror(f) || *length > DECK_TEXT_MAX) PetscCall(PetscFree(*text));
  fclose(f);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Takes the text over. */
static PetscErrorCode create(MPI_Comm comm, const char name[], char *text, size_t length, PetscInt count,
                             const char *const overrides[], SinewDeck *deck)
{
  SinewDeck d;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&d));
  d->comm = comm;
  d->text = text;
  d->length = length;
  PetscCall(PetscStrallocpy(name, &d->name));
  PetscCall(DeckAppend(&d->overrides, ""));
  PetscCall(DeckAddNode(d, SINEW_NODE_NONE, NULL, &d->root));
  d->node[d->root].kind = SINEW_NODE_MAP;
  PetscCall(DeckLoad(d));
  for (PetscInt i = 0; i < count; i++) PetscCall(DeckOverride(d, overrides[i]));
  *deck = d;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDeckCreate(MPI_Comm comm, const char file[], PetscInt count, const char *const overrides[],
                               SinewDeck *deck)
{
  char mine[PETSC_MAX_PATH_LEN] = "", why[PETSC_MAX_PATH_LEN], *text = NULL;
  unsigned long long bytes = 0;
  size_t length = 0;
  PetscMPIInt rank;
  PetscBool failed;

  PetscFunctionBeginUser;
  *deck = NULL;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (!rank) PetscCall(read_file(file, &text, &length, sizeof(mine), mine));
  PetscCall(SinewAgree(comm, (PetscBool)(rank || text), mine, &failed, sizeof(why), why));
  PetscCheck(!failed, comm, SINEW_ERR_INPUT, "%s", why);
  bytes = length;
  PetscCallMPI(MPI_Bcast(&bytes, 1, MPI_UNSIGNED_LONG_LONG, 0, comm));
  length = (size_t)bytes;
  if (rank) PetscCall(PetscMalloc1(length + 1, &text));
  PetscCallMPI(MPI_Bcast(text, (PetscMPIInt)(length + 1), MPI_CHAR, 0, comm));
  PetscCall(create(comm, file, text, length, count, overrides, deck));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDeckCreateFromText(MPI_Comm comm, const char name[], const char text[], PetscInt count,
                                       const char *const overrides[], SinewDeck *deck)
{
  char *copy;

  PetscFunctionBeginUser;
  *deck = NULL;
  PetscCheck(strlen(text) <= DECK_TEXT_MAX, comm, SINEW_ERR_INPUT, "%s: more than %d bytes: not a deck", name,
             DECK_TEXT_MAX);
  PetscCall(PetscStrallocpy(text, &copy));
  PetscCall(create(comm, name, copy, strlen(copy), count, overrides, deck));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode free_node(DeckNode *n)
{
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < n->names; i++) PetscCall(PetscFree(n->name[i]));
  PetscCall(PetscFree(n->name));
  PetscCall(PetscFree(n->key));
  PetscCall(PetscFree(n->text));
  PetscCall(PetscFree(n->path));
  PetscCall(PetscFree(n->child));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode forget_definitions(SinewDeck deck)
{
  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < deck->definitions.count; k++) PetscCall(PetscFree(((char **)deck->definitions.name)[k]));
  PetscCall(PetscFree(deck->definitions.name));
  PetscCall(PetscFree(deck->definitions.value));
  deck->definitions.count = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDeckDestroy(SinewDeck *deck)
{
  SinewDeck d = *deck;

  PetscFunctionBeginUser;
  if (!d) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt i = 0; i < d->nodes; i++) PetscCall(free_node(&d->node[i]));
  for (PetscInt i = 0; i < d->mistakes; i++) PetscCall(PetscFree(d->mistake[i].text));
  for (PetscInt i = 0; i < d->entries; i++) {
    PetscCall(PetscFree(d->entry[i].path));
    PetscCall(PetscFree(d->entry[i].value));
  }
  for (PetscInt i = 0; i < d->expressions; i++) PetscCall(SinewExpressionDestroy(&d->expression[i]));
  PetscCall(forget_definitions(d));
  PetscCall(PetscFree(d->node));
  PetscCall(PetscFree(d->mistake));
  PetscCall(PetscFree(d->entry));
  PetscCall(PetscFree(d->expression));
  PetscCall(PetscFree(d->overrides.text));
  PetscCall(PetscFree(d->effective.text));
  PetscCall(PetscFree(d->name));
  PetscCall(PetscFree(d->text));
  PetscCall(PetscFree(*deck));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDeckResolve(SinewDeck deck, const char file[], size_t size, char path[])
{
  const char *slash = strrchr(deck->name, '/');

  PetscFunctionBeginUser;
  if (file[0] == '/' || !slash)
    PetscCall(PetscStrncpy(path, file, size));
  else
    PetscCall(PetscSNPrintf(path, size, "%.*s%s", (int)(slash + 1 - deck->name), deck->name, file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDeckDefine(SinewDeck deck, const SinewDefinitions *definitions)
{
  char **name;
  PetscReal *value;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)definitions->count + 1, &name));
  PetscCall(PetscMalloc1((size_t)definitions->count + 1, &value));
  for (PetscInt k = 0; k < definitions->count; k++) {
    PetscCall(PetscStrallocpy(definitions->name[k], &name[k]));
    value[k] = definitions->value[k];
  }
  PetscCall(forget_definitions(deck));
  deck->defined = PETSC_TRUE;
  deck->definitions = (SinewDefinitions){definitions->count, (const char *const *)name, value, definitions->seed};
  PetscFunctionReturn(PETSC_SUCCESS);
}

const char *SinewDeckFile(SinewDeck deck)
{
  return deck->name;
}

const char *SinewDeckText(SinewDeck deck)
{
  return deck->text;
}

const char *SinewDeckOverrides(SinewDeck deck)
{
  return deck->overrides.text;
}

/* ---- walking the tree ---- */

SinewNode SinewDeckRoot(SinewDeck deck)
{
  return deck->root;
}

SinewNodeKind SinewNodeGetKind(SinewDeck deck, SinewNode node)
{
  return node == SINEW_NODE_NONE ? SINEW_NODE_ABSENT : deck->node[node].kind;
}

/* Remembers that a reader knows the key: the unknown ones are told these. */
static PetscErrorCode remember_name(SinewDeck deck, SinewNode map, const char key[])
{
  DeckNode *n = &deck->node[map];

  PetscFunctionBeginUser;
  n->read = PETSC_TRUE;
  for (PetscInt i = 0; i < n->names; i++)
    if (!strcmp(n->name[i], key)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(DeckGrow(n->names, sizeof(*n->name), &n->names_capacity, &n->name));
  PetscCall(PetscStrallocpy(key, &n->name[n->names++]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

SinewNode SinewNodeGet(SinewDeck deck, SinewNode map, const char key[])
{
  SinewNode node;

  if (SinewNodeGetKind(deck, map) != SINEW_NODE_MAP) return SINEW_NODE_NONE;
  PetscCallAbort(PETSC_COMM_SELF, remember_name(deck, map, key));
  node = DeckFind(deck, map, key);
  if (node != SINEW_NODE_NONE) deck->node[node].asked_for = PETSC_TRUE;
  return node;
}

PetscInt SinewNodeCount(SinewDeck deck, SinewNode node)
{
  return node == SINEW_NODE_NONE ? 0 : deck->node[node].count;
}

SinewNode SinewNodeEntry(SinewDeck deck, SinewNode node, PetscInt i)
{
  SinewNode entry;

  if (i < 0 || i >= SinewNodeCount(deck, node)) return SINEW_NODE_NONE;
  entry = deck->node[node].child[i];
  deck->node[entry].asked_for = PETSC_TRUE;
  return entry;
}

const char *SinewNodeEntryKey(SinewDeck deck, SinewNode node, PetscInt i)
{
  if (i < 0 || i >= SinewNodeCount(deck, node) || deck->node[node].kind != SINEW_NODE_MAP) return "";
  return deck->node[deck->node[node].child[i]].key;
}

const char *SinewNodeText(SinewDeck deck, SinewNode node)
{
  return node == SINEW_NODE_NONE ? "" : deck->node[node].text;
}

static PetscErrorCode make_path(SinewDeck deck, SinewNode node)
{
  const SinewNode parent = deck->node[node].parent;
  DeckBuffer path = {NULL, 0, 0};

  PetscFunctionBeginUser;
  PetscCall(DeckAppend(&path, ""));
  if (parent != SINEW_NODE_NONE) {
    const char *before = SinewNodePath(deck, parent); /* at most DECK_DEPTH_MAX deep */
    const DeckNode *n = &deck->node[node];

    PetscCall(DeckAppend(&path, before));
    if (deck->node[parent].kind == SINEW_NODE_LIST)
      PetscCall(DeckPrint(&path, "[%" PetscInt_FMT "]", n->index));
    else
      PetscCall(DeckPrint(&path, "%s%s", *before ? "." : "", n->key ? n->key : ""));
  }
  deck->node[node].path = path.text;
  PetscFunctionReturn(PETSC_SUCCESS);
}

const char *SinewNodePath(SinewDeck deck, SinewNode node)
{
  if (node == SINEW_NODE_NONE) return "";
  if (!deck->node[node].path) PetscCallAbort(PETSC_COMM_SELF, make_path(deck, node));
  return deck->node[node].path;
}
