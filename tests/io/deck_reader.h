#ifndef SINEW_TESTS_DECK_READER_H
#define SINEW_TESTS_DECK_READER_H
/* A reader with every type of key, for the tests of decks. */
#include "io/deck.h"
#include "io/error.h"
#include "tests/harness.h"

typedef struct {
  PetscReal level;
  PetscInt depth;
} Inner;

typedef struct {
  PetscBool flag;
  PetscInt count, kind;
  PetscReal cfl, wall, memory, real;
  const char *name;
  SinewExpression formula;
  SinewIntList cells;
  SinewRealList lower;
  SinewStringList fields;
  SinewExpressionList speed;
  Inner inner;
  SinewNode free;
} Values;

static const char *const kinds[] = {"hllc", "hll", "rusanov", NULL};

#define INNER(member) offsetof(Inner, member)
static const SinewKey inner_keys[] = {
    {.name = "level", .type = SINEW_KEY_REAL, .offset = INNER(level), .standard = "3"},
    {.name = "depth", .type = SINEW_KEY_INT, .offset = INNER(depth), .required = PETSC_TRUE},
    {.name = NULL}};

#define VALUE(member) offsetof(Values, member)
static const SinewKey keys[] = {
    {.name = "flag", .type = SINEW_KEY_BOOL, .offset = VALUE(flag), .standard = "true"},
    {.name = "count", .type = SINEW_KEY_INT, .offset = VALUE(count), .standard = "7", .min = 1, .max = 100},
    {.name = "kind", .type = SINEW_KEY_CHOICE, .offset = VALUE(kind), .standard = "hll", .choices = kinds},
    {.name = "cfl",
     .type = SINEW_KEY_REAL,
     .offset = VALUE(cfl),
     .standard = "0.4",
     .max = 1,
     .above_min = PETSC_TRUE,
     .doc = "Courant number",
     .change = SINEW_CHANGE_WARN},
    {.name = "real", .type = SINEW_KEY_REAL, .offset = VALUE(real)},
    {.name = "wall", .type = SINEW_KEY_DURATION, .offset = VALUE(wall), .standard = "30min", .unit = "s"},
    {.name = "memory", .type = SINEW_KEY_BYTES, .offset = VALUE(memory), .standard = "4GiB"},
    {.name = "name", .type = SINEW_KEY_STRING, .offset = VALUE(name)},
    {.name = "formula", .type = SINEW_KEY_EXPRESSION, .offset = VALUE(formula), .standard = "sin(x)"},
    {.name = "cells",
     .type = SINEW_KEY_INTS,
     .offset = VALUE(cells),
     .standard = "[8, 8]",
     .min = 1,
     .max = 1e9,
     .least = 2,
     .most = 3,
     .change = SINEW_CHANGE_FROZEN},
    {.name = "lower", .type = SINEW_KEY_REALS, .offset = VALUE(lower), .standard = "0"},
    {.name = "fields", .type = SINEW_KEY_STRINGS, .offset = VALUE(fields)},
    {.name = "speed", .type = SINEW_KEY_EXPRESSIONS, .offset = VALUE(speed), .least = 1, .most = 3},
    {.name = "inner", .type = SINEW_KEY_SECTION, .offset = VALUE(inner), .section = inner_keys},
    {.name = "free", .type = SINEW_KEY_NODE, .offset = VALUE(free)},
    {.name = NULL}};

static inline SinewDeck open_deck(const char text[], PetscInt count, const char *const overrides[], Values *v)
{
  SinewDeck deck;

  memset(v, 0x55, sizeof(*v)); /* whatever the reader's memory holds */
  check_call(SinewDeckCreateFromText(PETSC_COMM_WORLD, "deck.yaml", text, count, overrides, &deck));
  check_call(SinewDeckRead(deck, SinewNodeGet(deck, SinewDeckRoot(deck), "grid"), "grid", keys, v));
  return deck;
}

static inline SinewNode top(SinewDeck deck, const char key[])
{
  return SinewNodeGet(deck, SinewDeckRoot(deck), key);
}

#endif
