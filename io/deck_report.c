#include "io/deck_private.h"

#define SHOW_MAX 20 /* mistakes printed in one run */

/* ---- recording ---- */

DeckPlace DeckPlaceOf(SinewDeck deck, SinewNode node)
{
  return node == SINEW_NODE_NONE ? (DeckPlace){PETSC_FALSE, 0, 0} : deck->node[node].place;
}

static PetscErrorCode print_place(DeckBuffer *buffer, SinewDeck deck, DeckPlace place, const char path[])
{
  PetscFunctionBeginUser;
  if (place.override)
    PetscCall(DeckAppend(buffer, "command line: "));
  else if (place.line)
    PetscCall(DeckPrint(buffer, "%s:%d:%d: ", deck->name, place.line, place.column));
  else
    PetscCall(DeckPrint(buffer, "%s: ", deck->name));
  if (path && *path) PetscCall(DeckPrint(buffer, "%s: ", path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Takes the line over. Two readers of one map find the same mistake: it is kept once. */
static PetscErrorCode keep(SinewDeck deck, DeckPlace place, DeckBuffer *line)
{
  DeckMistake *m;

  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < deck->mistakes; i++)
    if (!strcmp(deck->mistake[i].text, line->text)) {
      PetscCall(PetscFree(line->text));
      PetscFunctionReturn(PETSC_SUCCESS);
    }
  PetscCall(DeckGrow(deck->mistakes, sizeof(*deck->mistake), &deck->mistakes_capacity, &deck->mistake));
  m = &deck->mistake[deck->mistakes];
  m->place = place;
  m->order = deck->mistakes++;
  m->text = line->text;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode record(SinewDeck deck, DeckPlace place, const char path[], const char format[], va_list arguments)
{
  DeckBuffer line = {NULL, 0, 0};
  va_list again;
  char *text;
  int n;

  PetscFunctionBeginUser;
  if (deck->silent) PetscFunctionReturn(PETSC_SUCCESS);
  if (deck->mistakes >= DECK_KEEP_MAX) {
    deck->dropped++;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  va_copy(again, arguments);
  n = vsnprintf(NULL, 0, format, again);
  va_end(again);
  PetscCheck(n >= 0, PETSC_COMM_SELF, PETSC_ERR_LIB, "vsnprintf cannot print \"%s\"", format);
  PetscCall(PetscMalloc1((size_t)n + 1, &text));
  (void)vsnprintf(text, (size_t)n + 1, format, arguments);
  PetscCall(print_place(&line, deck, place, path));
  PetscCall(DeckAppend(&line, text));
  PetscCall(PetscFree(text));
  PetscCall(keep(deck, place, &line));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DeckMistakeAt(SinewDeck deck, DeckPlace place, const char path[], const char format[], ...)
{
  va_list arguments;

  PetscFunctionBeginUser;
  va_start(arguments, format);
  PetscCall(record(deck, place, path, format, arguments));
  va_end(arguments);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DeckWarn(SinewDeck deck, DeckPlace place, const char path[], const char text[], FILE *log)
{
  DeckBuffer line = {NULL, 0, 0};

  PetscFunctionBeginUser;
  PetscCall(print_place(&line, deck, place, path));
  fprintf(log, "%s%s\n", line.text, text);
  PetscCall(PetscFree(line.text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDeckMistake(SinewDeck deck, SinewNode node, const char path[], const char format[], ...)
{
  const char *shown = node == SINEW_NODE_NONE ? path : SinewNodePath(deck, node);
  va_list arguments;

  PetscFunctionBeginUser;
  va_start(arguments, format);
  PetscCall(record(deck, DeckPlaceOf(deck, node), shown && *shown ? shown : path, format, arguments));
  va_end(arguments);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt SinewDeckMistakes(SinewDeck deck)
{
  return deck->mistakes + deck->dropped;
}

/* The deck as a whole, then line by line, then the command line. */
static int compare_mistakes(const void *first, const void *second)
{
  const DeckMistake *a = (const DeckMistake *)first, *b = (const DeckMistake *)second;

  if (a->place.override != b->place.override) return a->place.override ? 1 : -1;
  if (a->place.line != b->place.line) return a->place.line < b->place.line ? -1 : 1;
  if (a->place.column != b->place.column) return a->place.column < b->place.column ? -1 : 1;
  return a->order < b->order ? -1 : a->order > b->order;
}

const char *SinewDeckMistakeText(SinewDeck deck, PetscInt i)
{
  if (i < 0 || i >= deck->mistakes) return NULL;
  qsort(deck->mistake, (size_t)deck->mistakes, sizeof(*deck->mistake), compare_mistakes);
  return deck->mistake[i].text;
}

/* ---- unknown keys ---- */

PetscErrorCode DeckPrintHint(DeckBuffer *buffer, const char word[], PetscInt count, const char *const names[])
{
  const char *near = SinewNearestName(word, count, names);

  PetscFunctionBeginUser;
  if (near) PetscCall(DeckPrint(buffer, "; did you mean \"%s\"?", near));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode report_unknown(SinewDeck deck, SinewNode map, SinewNode node)
{
  const DeckNode *m = &deck->node[map];
  const char *const *names = (const char *const *)m->name, *key = deck->node[node].key;
  DeckBuffer hint = {NULL, 0, 0};

  PetscFunctionBeginUser;
  /* a bad `type` hides whole sections from their readers: only what looks like a typo is told */
  if (map == deck->root && deck->skipped && !SinewNearestName(key, m->names, names)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(DeckAppend(&hint, ""));
  PetscCall(DeckPrintHint(&hint, key, m->names, names));
  if (m->names && m->names <= DECK_KNOWN_MAX) {
    PetscCall(DeckAppend(&hint, " (keys here: "));
    PetscCall(DeckPrintNames(&hint, m->names, names, ", "));
    PetscCall(DeckAppend(&hint, ")"));
  }
  PetscCall(DeckMistakeAt(deck, deck->node[node].key_place, SinewNodePath(deck, node), "unknown key%s", hint.text));
  PetscCall(PetscFree(hint.text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode find_unknown(SinewDeck deck, SinewNode node)
{
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < deck->node[node].count; i++) {
    const DeckNode *n = &deck->node[node];
    const SinewNode child = n->child[i];

    if (n->kind == SINEW_NODE_MAP && n->read && !n->broken && !deck->node[child].asked_for)
      PetscCall(report_unknown(deck, node, child));
    PetscCall(find_unknown(deck, child));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDeckCheck(SinewDeck deck)
{
  const char *first;
  char why[1024];
  PetscMPIInt rank;
  PetscBool failed;
  PetscInt count;

  PetscFunctionBeginUser;
  PetscCall(find_unknown(deck, deck->root));
  count = SinewDeckMistakes(deck);
  first = SinewDeckMistakeText(deck, 0);
  PetscCallMPI(MPI_Comm_rank(deck->comm, &rank));
  PetscCall(SinewAgree(deck->comm, (PetscBool)!count, first ? first : "", &failed, sizeof(why), why));
  if (!failed) PetscFunctionReturn(PETSC_SUCCESS);
  if (!rank) {
    fflush(stdout);
    for (PetscInt i = 0; i < PetscMin(deck->mistakes, SHOW_MAX); i++)
      fprintf(stderr, "%s\n", SinewDeckMistakeText(deck, i));
    if (!count) fprintf(stderr, "%s\n", why); /* found elsewhere, perhaps in a file that rank 0 sees otherwise */
    fflush(stderr);
  }
  PetscCallMPI(MPI_Bcast(&count, 1, MPIU_INT, 0, deck->comm));
  if (count > SHOW_MAX)
    SETERRQ(deck->comm, SINEW_ERR_INPUT, "%s: %" PetscInt_FMT " mistakes, the first %d are shown", deck->name, count,
            SHOW_MAX);
  PetscFunctionReturn(SINEW_ERR_INPUT); /* the lines have said everything */
}
