// RANKS 1 2
/*
  Decks: what is read, the report of what is wrong, files.
*/
#include "tests/io/deck_reader.h"
#include <unistd.h>

static const char *const types[] = {"alpha", "beta"};

static void check_good(SinewDeck deck)
{
  for (PetscInt i = 0; i < SinewDeckMistakes(deck); i++) print_error("%s\n", SinewDeckMistakeText(deck, i));
  check_call(SinewDeckCheck(deck));
}

/* SinewDeckCheck prints to stderr and raises: both are kept quiet. The last line of what it printed stays in `last`. */
static int check_bad(SinewDeck deck, size_t size, char printed[])
{
  const int copy = dup(2);
  FILE *file = tmpfile();
  PetscErrorCode code;
  size_t n;

  fflush(stderr);
  dup2(fileno(file), 2);
  PetscPushErrorHandler(PetscReturnErrorHandler, NULL);
  code = SinewDeckCheck(deck);
  PetscPopErrorHandler();
  fflush(stderr);
  dup2(copy, 2);
  close(copy);
  rewind(file);
  n = fread(printed, 1, size - 1, file);
  printed[n] = 0;
  fclose(file);
  return (int)code;
}

/* ---- good decks ---- */

static void defaults(void **state)
{
  Values v;
  SinewDeck deck = open_deck("# nothing\n", 0, NULL, &v);

  (void)state;
  check_all(v.flag == PETSC_TRUE && v.count == 7 && v.kind == 1 && v.cfl == 0.4 && v.real == 0);
  check_all(v.wall == 1800 && v.memory == 4294967296.0 && !v.name);
  check_all(!strcmp(SinewExpressionText(v.formula), "sin(x)"));
  check_all(v.cells.n == 2 && v.cells.value[1] == 8 && v.lower.n == 1 && v.lower.value[0] == 0);
  check_all(v.fields.n == 0 && v.speed.n == 0 && v.inner.level == 3 && v.inner.depth == 0);
  check_all(v.free == SINEW_NODE_NONE);
  check_good(deck);
  check_call(SinewDeckDestroy(&deck));
  assert_null(deck);
}

static void every_type(void **state)
{
  const char *text = "grid:\n"
                     "  flag: false\n"
                     "  count: 1e2\n"
                     "  kind: \"rusanov\"\n"
                     "  cfl: 1\n"
                     "  real: -1.5e-300\n"
                     "  wall: 1:30:00\n"
                     "  memory: 20 MB\n"
                     "  name: 'caf\xc3\xa9: \"x\"'\n"
                     "  formula: 'x < 0.5 ? 1 : 0.125'\n"
                     "  cells: [512, 256, 128]\n"
                     "  lower: [-1, 0.25]\n"
                     "  fields: rho\n"
                     "  speed: [1, \"sin(y)\"]\n"
                     "  inner: {level: 5, depth: -2}\n"
                     "  free: {a: [1, two], b: {c: }}\n";
  Values v;
  SinewDeck deck = open_deck(text, 0, NULL, &v);
  SinewNode a;

  (void)state;
  check_all(v.flag == PETSC_FALSE && v.count == 100 && v.kind == 2 && v.cfl == 1 && v.real == -1.5e-300);
  check_all(v.wall == 5400 && v.memory == 2e7 && !strcmp(v.name, "caf\xc3\xa9: \"x\""));
  check_all(!strcmp(SinewExpressionText(v.formula), "x < 0.5 ? 1 : 0.125"));
  check_all(v.cells.n == 3 && v.cells.value[2] == 128 && v.lower.n == 2 && v.lower.value[1] == 0.25);
  check_all(v.fields.n == 1 && !strcmp(v.fields.value[0], "rho"));
  check_all(v.speed.n == 2 && !strcmp(SinewExpressionText(v.speed.value[1]), "sin(y)"));
  check_all(v.inner.level == 5 && v.inner.depth == -2);
  a = SinewNodeGet(deck, v.free, "a");
  check_all(SinewNodeGetKind(deck, v.free) == SINEW_NODE_MAP && SinewNodeCount(deck, v.free) == 2);
  check_all(SinewNodeGetKind(deck, a) == SINEW_NODE_LIST && SinewNodeCount(deck, a) == 2);
  check_all(!strcmp(SinewNodeEntryKey(deck, v.free, 1), "b") && !strcmp(SinewNodeEntryKey(deck, v.free, 2), ""));
  check_all(!strcmp(SinewNodeText(deck, SinewNodeEntry(deck, a, 1)), "two"));
  check_all(!strcmp(SinewNodePath(deck, SinewNodeEntry(deck, a, 1)), "grid.free.a[1]"));
  check_all(SinewNodeEntry(deck, a, 2) == SINEW_NODE_NONE && SinewNodeGet(deck, a, "x") == SINEW_NODE_NONE);
  check_all(SinewNodeGetKind(deck, SINEW_NODE_NONE) == SINEW_NODE_ABSENT && SinewNodeCount(deck, SINEW_NODE_NONE) == 0);
  check_all(!strcmp(SinewDeckText(deck), text) && !strcmp(SinewDeckOverrides(deck), ""));
  (void)SinewNodeEntry(deck, v.free, 1);
  check_good(deck);
  check_call(SinewDeckDestroy(&deck));
}

static void durations_and_sizes(void **state)
{
  static const struct {
    const char *text;
    double seconds, bytes; /* -1: a mistake */
  } row[] = {{"90", 90, 90},       {"45s", 45, -1},     {"2h", 7200, -1},
             {"1.5d", 129600, -1}, {"0:01:30", 90, -1}, {"1:30", -1, -1},
             {"1:60:00", -1, -1},  {"20MB", -1, 2e7},   {"4GiB", -1, 4294967296.0},
             {"3 kB", -1, 3000},   {"-5s", -1, -1},     {"1e3", 1000, 1000},
             {"1 h 2", -1, -1},    {"s", -1, -1},       {"\"10min\"", 600, -1},
             {"1e308d", -1, -1},   {"250ms", 0.25, -1}, {"", -1, -1},
             {"2H", -1, -1}};

  (void)state;
  for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
    char text[64];
    PetscInt mistakes = (row[i].seconds < 0) + (row[i].bytes < 0);
    SinewDeck deck;
    Values v;

    snprintf(text, sizeof(text), "grid:\n  wall: %s\n  memory: %s\n", row[i].text, row[i].text);
    deck = open_deck(text, 0, NULL, &v);
    if (SinewDeckMistakes(deck) != mistakes) print_error("%s\n", row[i].text);
    check_all(SinewDeckMistakes(deck) == mistakes);
    check_close(v.wall, row[i].seconds < 0 ? 1800 : row[i].seconds, 0); /* the default stays after a mistake */
    check_close(v.memory, row[i].bytes < 0 ? 4294967296.0 : row[i].bytes, 0);
    check_call(SinewDeckDestroy(&deck));
  }
}

/* ---- names, expressions and nodes read by hand ---- */

static void names_and_expressions(void **state)
{
  static const char *const primitives[] = {"rho", "p", "u"};
  const SinewKey entry = {.name = "type", .type = SINEW_KEY_CHOICE, .choices = kinds};
  SinewExpression e[3];
  SinewDeck deck;
  SinewNode list;
  PetscInt index;

  (void)state;
  check_call(SinewDeckCreateFromText(PETSC_COMM_WORLD, "deck.yaml",
                                     "a: {type: beta, rho: 1, u: sin(x}\nb: {}\nl: [hll, hlc]\n", 0, NULL, &deck));
  check_call(SinewDeckReadName(deck, top(deck, "a"), "a", "type", 2, types, -1, &index));
  check_all(index == 1);
  check_call(SinewDeckReadExpressions(deck, top(deck, "a"), "a", 3, primitives, e));
  check_all(e[0] && !e[1] && !e[2] && SinewDeckMistakes(deck) == 1);
  check_all(!strcmp(SinewDeckMistakeText(deck, 0), "deck.yaml:1:28: a.u: expected a number or a formula, found "
                                                   "\"sin(x\": missing parenthesis at the end"));
  check_call(SinewDeckReadName(deck, top(deck, "b"), "b", "type", 2, types, 0, &index));
  check_all(index == 0 && SinewDeckMistakes(deck) == 1);
  check_call(SinewDeckReadName(deck, top(deck, "c"), "c", "type", 2, types, -1, &index));
  check_all(index == -1 && SinewDeckMistakes(deck) == 2);
  check_all(!strcmp(SinewDeckMistakeText(deck, 0), "deck.yaml: c.type: missing, expected alpha or beta"));
  list = top(deck, "l");
  check_call(SinewDeckReadNode(deck, SinewNodeEntry(deck, list, 0), &entry, &index));
  check_all(index == 1);
  index = -1;
  check_call(SinewDeckReadNode(deck, SinewNodeEntry(deck, list, 1), &entry, &index));
  check_all(index == -1);
  check_all(!strcmp(SinewDeckMistakeText(deck, 2),
                    "deck.yaml:3:10: l[1]: expected hllc, hll or rusanov, found \"hlc\"; did you mean \"hllc\"?"));
  check_call(SinewDeckMistake(deck, list, "l", "expected %d pieces", 3));
  check_call(SinewDeckMistake(deck, SINEW_NODE_NONE, "m.n", "missing"));
  check_all(!strcmp(SinewDeckMistakeText(deck, 1), "deck.yaml: m.n: missing"));
  check_all(!strcmp(SinewDeckMistakeText(deck, 3), "deck.yaml:3:4: l: expected 3 pieces"));
  check_call(SinewDeckDestroy(&deck));
}

/* A bad type keeps its reader from asking for more: that must not make mistakes of good keys. */
static void bad_type_hides_no_more(void **state)
{
  SinewDeck deck;
  PetscInt index;
  char printed[2000];

  (void)state;
  check_call(SinewDeckCreateFromText(PETSC_COMM_WORLD, "deck.yaml", "a: {type: gamma, good: 1}\nlater: {x: 1}\nb2: 3\n",
                                     0, NULL, &deck));
  check_call(SinewDeckReadName(deck, top(deck, "a"), "a", "type", 2, types, -1, &index));
  (void)top(deck, "b1");
  assert_int_equal(check_bad(deck, sizeof(printed), printed), (int)SINEW_ERR_INPUT);
  check_all(SinewDeckMistakes(deck) == 1);
  check_call(SinewDeckDestroy(&deck));
  check_call(
      SinewDeckCreateFromText(PETSC_COMM_WORLD, "deck.yaml", "a: {type: gamma}\nstpper: {x: 1}\n", 0, NULL, &deck));
  check_call(SinewDeckReadName(deck, top(deck, "a"), "a", "type", 2, types, -1, &index));
  (void)top(deck, "stepper");
  assert_int_equal(check_bad(deck, sizeof(printed), printed), (int)SINEW_ERR_INPUT);
  check_all(!strcmp(SinewDeckMistakeText(deck, 1),
                    "deck.yaml:2:1: stpper: unknown key; did you mean \"stepper\"? (keys here: a, stepper)"));
  check_call(SinewDeckDestroy(&deck));
}

/* ---- the report ---- */

static void five_mistakes_five_lines(void **state)
{
  const char *text = "grid:\n  cells: [4, abc]\n  cfl: 1.5\n  kindd: hll\n  count: 3.5\n  flag: yes\n";
  const char *expected = "deck.yaml:2:14: grid.cells[1]: expected a positive integer, found \"abc\"\n"
                         "deck.yaml:3:8: grid.cfl: expected a number greater than 0 and up to 1, found 1.5\n"
                         "deck.yaml:4:3: grid.kindd: unknown key; did you mean \"kind\"?\n"
                         "deck.yaml:5:10: grid.count: expected an integer from 1 to 100, found 3.5\n"
                         "deck.yaml:6:9: grid.flag: expected true or false, found \"yes\"\n";
  char printed[4000];
  PetscMPIInt rank;
  Values v;
  SinewDeck deck = open_deck(text, 0, NULL, &v);

  (void)state;
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  assert_int_equal(check_bad(deck, sizeof(printed), printed), (int)SINEW_ERR_INPUT);
  check_all(SinewDeckMistakes(deck) == 5 && !SinewDeckMistakeText(deck, 5) && !SinewDeckMistakeText(deck, -1));
  if (rank == 0 && strcmp(printed, expected)) print_error("%s", printed);
  check_all(!strcmp(printed, rank == 0 ? expected : ""));
  check_call(SinewDeckDestroy(&deck));
}

static void at_most_twenty_lines(void **state)
{
  char text[2000] = "grid:\n", printed[8000];
  PetscMPIInt rank;
  int lines = 0;
  SinewDeck deck;
  Values v;

  (void)state;
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  for (int i = 0; i < 30; i++) snprintf(text + strlen(text), sizeof(text) - strlen(text), "  zzzzzz%d: 1\n", i);
  deck = open_deck(text, 0, NULL, &v);
  assert_int_equal(check_bad(deck, sizeof(printed), printed), (int)SINEW_ERR_INPUT);
  for (const char *c = printed; *c; c++) lines += *c == '\n';
  check_all(lines == (rank ? 0 : 20) && SinewDeckMistakes(deck) == 30);
  check_call(SinewDeckDestroy(&deck));
}

/* ---- files ---- */

static void files(void **state)
{
  const char *const bad[] = {"/nonexistent/deck.yaml", "/tmp", "/dev/zero"};
  char name[64] = "/tmp/sinew_deck_XXXXXX";
  const char *overrides[] = {"grid.count=9"};
  PetscMPIInt rank;
  SinewDeck deck;
  Values v;

  (void)state;
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  PetscPushErrorHandler(PetscReturnErrorHandler, NULL);
  for (int i = 0; i < 3; i++) {
    assert_int_equal((int)SinewDeckCreate(PETSC_COMM_WORLD, bad[i], 0, NULL, &deck), (int)SINEW_ERR_INPUT);
    assert_null(deck);
  }
  PetscPopErrorHandler();
  if (rank == 0) { /* the others never look at the file */
    const int f = mkstemp(name);

    check_all_(1, "", __FILE__, __LINE__);
    assert_true(write(f, "grid: {count: 5, cfl: 0.25}\n", 28) == 28);
    close(f);
  } else
    check_all_(1, "", __FILE__, __LINE__);
  check_call(SinewDeckCreate(PETSC_COMM_WORLD, name, 1, overrides, &deck));
  check_call(SinewDeckRead(deck, top(deck, "grid"), "grid", keys, &v));
  check_all(v.count == 9 && v.cfl == 0.25 && !strcmp(SinewDeckOverrides(deck), "grid.count=9\n"));
  check_good(deck);
  check_call(SinewDeckDestroy(&deck));
  if (rank == 0) unlink(name);
}

SINEW_TEST_MAIN(cmocka_unit_test(defaults), cmocka_unit_test(every_type), cmocka_unit_test(durations_and_sizes),
                cmocka_unit_test(names_and_expressions), cmocka_unit_test(bad_type_hides_no_more),
                cmocka_unit_test(five_mistakes_five_lines), cmocka_unit_test(at_most_twenty_lines),
                cmocka_unit_test(files))
