#ifndef SINEW_IO_DECK_H
#define SINEW_IO_DECK_H
/*
  Input decks: YAML text, checked against schema tables, with every mistake reported in one run.

  Life-cycle
    SinewDeckCreate      reads the file on rank 0, broadcasts the text, parses it on every rank,
  applies overrides SinewDeckRoot / SinewNodeGet / ...   walk the tree SinewDeckRead        copies
  the keys of one map into a struct, as a table says SinewDeckCheck       after all readers have
  run: keys nobody asked for are mistakes; if there were any mistakes, prints them all (rank 0, at
  most 20, `file:line:column: path: expected ..., found ...`) and raises SINEW_ERR_INPUT
    SinewDeckDestroy     frees the tree, the strings, and the expressions that were read

  A reader never stops at a mistake: it records it and leaves the default in place, so that one run
  finds them all. Therefore nothing may be allocated from a deck, and no simulation built, before
  SinewDeckCheck has passed.

  The YAML accepted is the part that surprises nobody: block and flow maps and lists, plain and
  quoted scalars, comments. Anchors, aliases, tags, merge keys, several documents and duplicate keys
  are mistakes. Booleans are `true` and `false`. Numbers must be whole tokens and finite: `1_000`,
  `1e400`, `10O`, `nan` are mistakes. Whatever was set on the command line is reported as `command
  line: path: ...`.

  All functions are deterministic and return the same on every rank; those marked Collective
  communicate.
*/
#include "expression.h"
#include <stdio.h>

typedef struct _p_SinewDeck *SinewDeck;
typedef int SinewNode; /* a place in the deck's tree; SINEW_NODE_NONE where there is nothing */
#define SINEW_NODE_NONE (-1)

typedef enum { SINEW_NODE_ABSENT, SINEW_NODE_SCALAR, SINEW_NODE_LIST, SINEW_NODE_MAP } SinewNodeKind;

/* What a key holds, and the C type at its offset in the reader's struct. */
typedef enum {
  SINEW_KEY_BOOL,        /* PetscBool */
  SINEW_KEY_INT,         /* PetscInt */
  SINEW_KEY_REAL,        /* PetscReal */
  SINEW_KEY_STRING,      /* const char *, owned by the deck; NULL when absent without default */
  SINEW_KEY_CHOICE,      /* PetscInt: index into choices */
  SINEW_KEY_DURATION,    /* PetscReal, seconds of wall clock: 90, 45s, 30min, 2h, 1:30:00 */
  SINEW_KEY_BYTES,       /* PetscReal, bytes: 1000, 20MB, 4GiB */
  SINEW_KEY_EXPRESSION,  /* SinewExpression, owned by the deck; NULL when absent without default; a
                            number is one too */
  SINEW_KEY_INTS,        /* SinewIntList: one number, or a list */
  SINEW_KEY_REALS,       /* SinewRealList: one number, or a list */
  SINEW_KEY_STRINGS,     /* SinewStringList: one word, or a list */
  SINEW_KEY_EXPRESSIONS, /* SinewExpressionList: one expression, or a list */
  SINEW_KEY_SECTION,     /* a nested struct at the offset, read by the table `section`; what that requires is
                            required only where the section is given */
  SINEW_KEY_NODE         /* SinewNode: a sub-tree that its owner reads by hand */
} SinewKeyType;

#define SINEW_LIST_MAX 16
typedef struct {
  PetscInt n, value[SINEW_LIST_MAX];
} SinewIntList;
typedef struct {
  PetscInt n;
  PetscReal value[SINEW_LIST_MAX];
} SinewRealList;
typedef struct {
  PetscInt n;
  const char *value[SINEW_LIST_MAX];
} SinewStringList;
typedef struct {
  PetscInt n;
  SinewExpression value[SINEW_LIST_MAX];
} SinewExpressionList;

/* What may happen to a key between a checkpoint and its restart (specs: free / warn / frozen). */
typedef enum { SINEW_CHANGE_FREE, SINEW_CHANGE_WARN, SINEW_CHANGE_FROZEN } SinewChange;

/* One key of a map. A table ends with a key whose name is NULL. */
typedef struct _SinewKey {
  const char *name;
  SinewKeyType type;
  size_t offset;                   /* of the value in the reader's struct */
  const char *standard;            /* default, as YAML text; NULL: absent is a mistake if required, else zero / NULL */
  const char *doc;                 /* one line for `sinew list` */
  const char *unit;                /* NULL: dimensionless or the equation's own */
  double min, max;                 /* closed range; both 0: unbounded; max < min: no maximum. For lists: every entry.
                                      A default may lie outside, to mean "off" */
  PetscBool above_min;             /* the minimum itself is excluded */
  PetscInt least, most;            /* lists: number of entries; both 0: 1 to SINEW_LIST_MAX */
  const char *const *choices;      /* NULL-terminated, for SINEW_KEY_CHOICE */
  const struct _SinewKey *section; /* for SINEW_KEY_SECTION */
  PetscBool required;
  SinewChange change;
} SinewKey;

/* Collective. overrides: `path=value` with value as YAML flow text, for example
 * "grid.cells=[512,512]". */
PETSC_EXTERN PetscErrorCode SinewDeckCreate(MPI_Comm comm, const char file[], PetscInt count,
                                            const char *const overrides[], SinewDeck *deck);
/* Collective. The same from text in memory; name is what mistakes are reported under. */
PETSC_EXTERN PetscErrorCode SinewDeckCreateFromText(MPI_Comm comm, const char name[], const char text[], PetscInt count,
                                                    const char *const overrides[], SinewDeck *deck);
PETSC_EXTERN PetscErrorCode SinewDeckDestroy(SinewDeck *deck);

/* The name given to Create; owned by the deck. */
PETSC_EXTERN const char *SinewDeckFile(SinewDeck deck);
PETSC_EXTERN SinewNode SinewDeckRoot(SinewDeck deck);
/* A file that the deck names: relative names count from the deck's own folder, wherever the program was started. */
PETSC_EXTERN PetscErrorCode SinewDeckResolve(SinewDeck deck, const char file[], size_t size, char path[]);
/* The value of a key of a map, which counts as asked for; SINEW_NODE_NONE when map is none, no map,
 * or lacks the key. */
PETSC_EXTERN SinewNode SinewNodeGet(SinewDeck deck, SinewNode map, const char key[]);
PETSC_EXTERN SinewNodeKind SinewNodeGetKind(SinewDeck deck, SinewNode node);
/* Entries of a list, keys of a map, 0 otherwise. */
PETSC_EXTERN PetscInt SinewNodeCount(SinewDeck deck, SinewNode node);
PETSC_EXTERN SinewNode SinewNodeEntry(SinewDeck deck, SinewNode node,
                                      PetscInt i); /* list entry or map value (asked for) */
PETSC_EXTERN const char *SinewNodeEntryKey(SinewDeck deck, SinewNode node,
                                           PetscInt i); /* key of a map's entry; owned by the deck */
PETSC_EXTERN const char *SinewNodeText(SinewDeck deck,
                                       SinewNode node); /* scalar as written, else ""; owned by the deck */
PETSC_EXTERN const char *SinewNodePath(SinewDeck deck, SinewNode node); /* "grid.boundary.x[1]"; owned by the deck */

/*
  SinewDeckDefine - constants that every formula read from now on may use, and the seed of its `random`. Numbers (keys
  of reals) may then be formulas too, of these constants and random(stream). Names are letters, digits and underscores;
  everything is copied. Not collective, the same on all ranks.
*/
PETSC_EXTERN PetscErrorCode SinewDeckDefine(SinewDeck deck, const SinewDefinitions *definitions);

/* Reads the keys of `map` (which may be none: then all defaults) into `target`. Several tables may
 * read one map. */
PETSC_EXTERN PetscErrorCode SinewDeckRead(SinewDeck deck, SinewNode map, const char path[], const SinewKey keys[],
                                          void *target);
/* Reads one scalar or list node as if it were the key `key`. After a mistake, without a default, the target is left. */
PETSC_EXTERN PetscErrorCode SinewDeckReadNode(SinewDeck deck, SinewNode node, const SinewKey *key, void *target);
/* Reads the key `key` (usually "type") of `map` as one of names; *index is -1 after a mistake,
 * `standard` (may be -1: required) when absent. */
PETSC_EXTERN PetscErrorCode SinewDeckReadName(SinewDeck deck, SinewNode map, const char path[], const char key[],
                                              PetscInt count, const char *const names[], PetscInt standard,
                                              PetscInt *index);
/* Reads a map from names to expressions, for example {rho: 1, velocity_x: "sin(x)"}; absent names
 * leave NULL. */
PETSC_EXTERN PetscErrorCode SinewDeckReadExpressions(SinewDeck deck, SinewNode map, const char path[], PetscInt count,
                                                     const char *const names[], SinewExpression values[]);

/* Records a mistake at a node (or at path when node is none): "expected ..., found ..." in the
 * caller's words. */
PETSC_EXTERN PetscErrorCode SinewDeckMistake(SinewDeck deck, SinewNode node, const char path[], const char format[],
                                             ...) PETSC_ATTRIBUTE_FORMAT(4, 5);
PETSC_EXTERN PetscInt SinewDeckMistakes(SinewDeck deck);
/* The i-th mistake's line in the order of printing, NULL when there are not so many; owned by the deck. */
PETSC_EXTERN const char *SinewDeckMistakeText(SinewDeck deck, PetscInt i);
/* Collective. See the top of the file. */
PETSC_EXTERN PetscErrorCode SinewDeckCheck(SinewDeck deck);

/* The deck as given, the overrides (one a line), and the effective deck: every key that was read
   with its value and its change class, one `path: value` a line, sorted. Owned by the deck. */
PETSC_EXTERN const char *SinewDeckText(SinewDeck deck);
PETSC_EXTERN const char *SinewDeckOverrides(SinewDeck deck);
PETSC_EXTERN const char *SinewDeckEffective(SinewDeck deck);
/*
  SinewDeckSetChange - what may happen on restart to a path that has been read. For names read by SinewDeckReadName and
  formulas read by SinewDeckReadExpressions: they are frozen, or of the class of the SINEW_KEY_NODE they lie in.
*/
PETSC_EXTERN PetscErrorCode SinewDeckSetChange(SinewDeck deck, const char path[], SinewChange change);
/*
  SinewDeckCompareEffective - what changed between the deck of a checkpoint and this one. Frozen
  keys that differ are recorded as mistakes naming both values (unless allowed), warn keys are
  printed on rank 0 to `log`. An allowed path allows all that is below it. A key that the checkpoint does not know
  counts only if it is given: its default is what the old run did.
*/
PETSC_EXTERN PetscErrorCode SinewDeckCompareEffective(SinewDeck deck, const char stored[], PetscInt allowed_count,
                                                      const char *const allowed[], FILE *log);

/* Prints a table for people (`sinew list`): path, type, default, range, unit, help. Not collective.
 */
PETSC_EXTERN PetscErrorCode SinewKeysPrint(FILE *out, const char path[], const SinewKey keys[]);
/* The name among `names` nearest to `word`, or NULL when none is near enough to be a typo. */
PETSC_EXTERN const char *SinewNearestName(const char word[], PetscInt count, const char *const names[]);

#endif
