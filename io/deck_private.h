#ifndef SINEW_IO_DECK_PRIVATE_H
#define SINEW_IO_DECK_PRIVATE_H
/*
  Inside of the deck: a tree of nodes in one array (a node is named by its index, since the array
  moves when it grows), a list of mistakes, and a list of what readers have read.

    deck.c            life-cycle, walking the tree
    deck_tree.c       YAML text -> nodes
    deck_override.c   path=value -> nodes
    deck_text.c       growing strings, numbers, quoting, nearest names
    deck_schema.c     nodes -> structs, by tables
    deck_phrase.c     what a key expects, in words
    deck_list.c       `sinew list`
    deck_report.c     mistakes, unknown keys
    deck_effective.c  what was read, and what changed since a checkpoint
*/
#include "io/deck.h"

#define DECK_TEXT_MAX  (1 << 20) /* bytes: a deck is written by hand */
#define DECK_DEPTH_MAX 32        /* maps in maps; bounds every recursion over the tree */
#define DECK_KEY_MAX   100       /* bytes in a key */
#define DECK_NODE_MAX  100000
#define DECK_KEYS_MAX  1000 /* keys in one map */
#define DECK_KEEP_MAX  1000 /* mistakes kept; more are only counted */
#define DECK_SHOWN_MAX 60   /* bytes of a value shown in a message */
#define DECK_KNOWN_MAX 12   /* legal keys listed in a message */

/* Beyond these a bound is there for the machine, and people need not read of it. */
#define DECK_INT_ENDLESS  1e9
#define DECK_REAL_ENDLESS 1e30

typedef struct {
  char *text; /* NULL or terminated */
  size_t length, capacity;
} DeckBuffer;

typedef struct {
  PetscBool override;
  int line, column; /* 1-based; 0: the deck as a whole */
} DeckPlace;

typedef struct {
  SinewNodeKind kind;
  SinewNode parent;
  PetscInt index;          /* among the parent's children */
  char *key, *text, *path; /* key in a map, scalar's text, path once asked for */
  DeckPlace place, key_place;
  SinewNode *child;
  PetscInt count, capacity;
  char **name; /* of a map: the names that readers asked for */
  PetscInt names, names_capacity;
  PetscBool quoted;    /* scalar in quotes or a block: text, never a number */
  PetscBool broken;    /* holds a mistake already reported: no more about it */
  PetscBool asked_for; /* some reader asked for this key */
  PetscBool recorded;  /* stands in the effective deck under its own path */
  PetscBool tree;      /* handed out as a whole to a reader that walks it by hand */
  SinewChange change;  /* of a tree, for what is read in it by hand */
  PetscBool read;      /* a map that some reader asked for keys: it must know all of them */
} DeckNode;

typedef struct {
  DeckPlace place;
  PetscInt order;
  char *text;
} DeckMistake;

typedef struct {
  char *path, *value;
  SinewChange change;
  SinewNode node;
  PetscBool tree; /* a whole sub-tree: without what its owner read by tables */
} DeckEntry;

/* What any key may hold. */
typedef union {
  PetscBool flag;
  PetscInt integer;
  PetscReal real;
  const char *string;
  SinewExpression expression;
  SinewNode node;
  SinewIntList integers;
  SinewRealList reals;
  SinewStringList strings;
  SinewExpressionList expressions;
} DeckValue;

struct _p_SinewDeck {
  MPI_Comm comm;
  char *name, *text;
  size_t length;
  SinewNode root;
  DeckNode *node;
  PetscInt nodes, nodes_capacity;
  DeckMistake *mistake;
  PetscInt mistakes, mistakes_capacity, dropped;
  DeckEntry *entry;
  PetscInt entries, entries_capacity;
  SinewExpression *expression;
  PetscInt expressions, expressions_capacity;
  PetscBool defined; /* formulas know `definitions`, whose arrays are the deck's, and numbers may be formulas */
  SinewDefinitions definitions;
  DeckBuffer overrides, effective;
  PetscBool silent;  /* the text could not be parsed: what readers miss now is no news */
  PetscBool skipped; /* a bad `type` kept some reader from asking for its keys and sections */
};

/* deck_text.c */
PETSC_INTERN PetscErrorCode DeckGrow(PetscInt count, size_t size, PetscInt *capacity, void *array);
PETSC_INTERN PetscErrorCode DeckAppend(DeckBuffer *buffer, const char text[]);
PETSC_INTERN PetscErrorCode DeckPrint(DeckBuffer *buffer, const char format[], ...) PETSC_ATTRIBUTE_FORMAT(2, 3);
PETSC_INTERN PetscErrorCode DeckPrintReal(DeckBuffer *buffer, double value);
/* Text as a YAML flow scalar that reads back as the same text. */
PETSC_INTERN PetscErrorCode DeckPrintText(DeckBuffer *buffer, const char text[]);
/* The same cut to DECK_SHOWN_MAX bytes and always in quotes: for messages. */
PETSC_INTERN PetscErrorCode DeckPrintShown(DeckBuffer *buffer, const char text[]);
/* Cuts what follows `start` to DECK_SHOWN_MAX bytes. */
PETSC_INTERN PetscErrorCode DeckShorten(DeckBuffer *buffer, size_t start);
PETSC_INTERN PetscBool DeckParseReal(const char text[], double *value);
PETSC_INTERN PetscBool DeckParseInt(const char text[], PetscInt *value);
PETSC_INTERN PetscBool DeckParseDuration(const char text[], double *seconds);
PETSC_INTERN PetscBool DeckParseBytes(const char text[], double *bytes);

/* deck.c */
PETSC_INTERN PetscErrorCode DeckAddNode(SinewDeck deck, SinewNode parent, const char key[], SinewNode *node);
PETSC_INTERN PetscErrorCode DeckSetText(SinewDeck deck, SinewNode node, const char text[], PetscBool quoted);
PETSC_INTERN SinewNode DeckFind(SinewDeck deck, SinewNode map, const char key[]);
/* Nothing written: an empty plain scalar, ~ or null. */
PETSC_INTERN PetscBool DeckIsNothing(SinewDeck deck, SinewNode node);
/* Drops what a node holds; its key and place stay. */
PETSC_INTERN PetscErrorCode DeckClearNode(SinewDeck deck, SinewNode node);
/* Maps and lists around a node. */
PETSC_INTERN PetscInt DeckDepth(SinewDeck deck, SinewNode node);

/* deck_tree.c */
PETSC_INTERN PetscErrorCode DeckLoad(SinewDeck deck);
/* A value of the command line or a table's default into an empty node, whose place and path mistakes
 * go under. */
PETSC_INTERN PetscErrorCode DeckLoadValue(SinewDeck deck, SinewNode node, const char text[]);
PETSC_INTERN PetscBool DeckIsKey(const char text[], size_t length);
/* deck_override.c */
PETSC_INTERN PetscErrorCode DeckOverride(SinewDeck deck, const char text[]);

/* deck_phrase.c */
PETSC_INTERN PetscErrorCode DeckPrintExpected(DeckBuffer *buffer, const SinewKey *key, PetscBool entry);
PETSC_INTERN PetscErrorCode DeckPrintNames(DeckBuffer *buffer, PetscInt count, const char *const names[],
                                           const char last[]);
PETSC_INTERN SinewKeyType DeckEntryType(SinewKeyType type);
PETSC_INTERN PetscBool DeckIsList(SinewKeyType type);
PETSC_INTERN void DeckListLimits(const SinewKey *key, PetscInt *least, PetscInt *most);
PETSC_INTERN void DeckBounds(const SinewKey *key, double *lower, double *upper);
PETSC_INTERN PetscInt DeckCountNames(const char *const names[]);
PETSC_INTERN PetscErrorCode DeckPrintFound(DeckBuffer *buffer, SinewDeck deck, SinewNode node);

/* deck_report.c */
PETSC_INTERN DeckPlace DeckPlaceOf(SinewDeck deck, SinewNode node);
PETSC_INTERN PetscErrorCode DeckMistakeAt(SinewDeck deck, DeckPlace place, const char path[], const char format[], ...)
    PETSC_ATTRIBUTE_FORMAT(4, 5);
/* A line of the same form, printed at once. */
PETSC_INTERN PetscErrorCode DeckWarn(SinewDeck deck, DeckPlace place, const char path[], const char text[], FILE *log);
PETSC_INTERN PetscErrorCode DeckPrintHint(DeckBuffer *buffer, const char word[], PetscInt count,
                                          const char *const names[]);

/* deck_effective.c */
PETSC_INTERN PetscErrorCode DeckPrintValue(DeckBuffer *buffer, const SinewKey *key, const DeckValue *value);
PETSC_INTERN PetscErrorCode DeckRecord(SinewDeck deck, const char path[], const char value[], SinewChange change,
                                       SinewNode node, PetscBool tree);
#endif
