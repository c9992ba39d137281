// RANKS 1 2
/*
  What a bad deck is told, word for word, since people read it; what the command line changes; what a restart may
  change.
*/
#include "tests/io/deck_reader.h"
#include <fcntl.h>
#include <unistd.h>

/* All that a reader of `grid` has to say; SinewDeckCheck's lines are compared here, its printing in test_deck.c. */
static int read_quietly(SinewDeck deck)
{
  const int copy = dup(2), null = open("/dev/null", O_WRONLY);
  PetscErrorCode code;

  fflush(stderr);
  dup2(null, 2);
  PetscPushErrorHandler(PetscReturnErrorHandler, NULL);
  code = SinewDeckCheck(deck);
  PetscPopErrorHandler();
  fflush(stderr);
  dup2(copy, 2);
  close(copy);
  close(null);
  return (int)code;
}

/* The mistakes of the deck, one a line, are `expected`. */
static int differs(SinewDeck deck, const char expected[])
{
  char all[8000] = "";

  if (read_quietly(deck) != (int)SINEW_ERR_INPUT) return 1;
  for (PetscInt i = 0; i < SinewDeckMistakes(deck); i++)
    snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? "\n" : "", SinewDeckMistakeText(deck, i));
  if (!strcmp(all, expected)) return 0;
  print_error("expected %s\n   found %s\n", expected, all);
  return 1;
}

#define AT "deck.yaml:"
static const struct {
  const char *text, *mistakes;
} bad[] = {
    /* scalars */
    {"grid: {cells: abc}", AT "1:15: grid.cells: expected 2 or 3 positive integers, found \"abc\""},
    {"grid: {cells: [4]}", AT "1:15: grid.cells: expected 2 or 3 positive integers, found a list of 1"},
    {"grid: {cells: []}", AT "1:15: grid.cells: expected 2 or 3 positive integers, found an empty list"},
    {"grid: {cells: [4, 0]}", AT "1:19: grid.cells[1]: expected a positive integer, found 0"},
    {"grid: {cells: [4, [5]]}", AT "1:19: grid.cells[1]: expected a positive integer, found a list of 1"},
    {"grid: {cells: {x: 4}}", AT "1:15: grid.cells: expected 2 or 3 positive integers, found a map"},
    {"grid:\n  cells: [4, 4, 4,\n    1]\n",
     AT "2:10: grid.cells: expected 2 or 3 positive integers, found a list of 4"},
    {"grid: {count: 10O}", AT "1:15: grid.count: expected an integer from 1 to 100, found \"10O\""},
    {"grid: {count: 1_0}", AT "1:15: grid.count: expected an integer from 1 to 100, found \"1_0\""},
    {"grid: {count: 0x10}", AT "1:15: grid.count: expected an integer from 1 to 100, found \"0x10\""},
    {"grid: {count: 1.5}", AT "1:15: grid.count: expected an integer from 1 to 100, found 1.5"},
    {"grid: {count: 101}", AT "1:15: grid.count: expected an integer from 1 to 100, found 101"},
    {"grid: {count: 99999999999999999999}",
     AT "1:15: grid.count: expected an integer from 1 to 100, found 99999999999999999999"},
    {"grid: {count: \"5\"}", AT "1:15: grid.count: expected an integer from 1 to 100, found the text \"5\""},
    {"grid: {count: }", AT "1:15: grid.count: expected an integer from 1 to 100, found nothing"},
    {"grid: {count: null}", AT "1:15: grid.count: expected an integer from 1 to 100, found nothing"},
    {"grid: {real: 1e400}", AT "1:14: grid.real: expected a number, found \"1e400\""},
    {"grid: {real: nan}", AT "1:14: grid.real: expected a number, found \"nan\""},
    {"grid: {real: -.inf}", AT "1:14: grid.real: expected a number, found \"-.inf\""},
    {"grid: {real: 1.0.0}", AT "1:14: grid.real: expected a number, found \"1.0.0\""},
    {"grid: {cfl: 0}", AT "1:13: grid.cfl: expected a number greater than 0 and up to 1, found 0"},
    {"grid: {flag: True}", AT "1:14: grid.flag: expected true or false, found \"True\""},
    {"grid: {flag: [true]}", AT "1:14: grid.flag: expected true or false, found a list of 1"},
    {"grid: {kind: hlcl}", AT "1:14: grid.kind: expected hllc, hll or rusanov, found \"hlcl\"; did you mean \"hllc\"?"},
    {"grid: {kind: godunov}", AT "1:14: grid.kind: expected hllc, hll or rusanov, found \"godunov\""},
    {"grid: {name: }", AT "1:14: grid.name: expected text, found nothing"},
    {"grid: {name: [a, b]}", AT "1:14: grid.name: expected text, found a list of 2"},
    {"grid: {name: \"a\\0b\"}", AT "1:14: grid.name: expected text, found a NUL character in it"},
    {"grid: {wall: soon}",
     AT "1:14: grid.wall: expected a duration such as 90, 45s, 30min, 2h or 1:30:00, found \"soon\""},
    {"grid: {memory: 4G}", AT "1:16: grid.memory: expected a size such as 1000, 20MB or 4GiB, found \"4G\""},
    {"grid: {formula: 2*foo(x)}",
     AT "1:17: grid.formula: expected a number or a formula, found \"2*foo(x)\": unknown name \"foo\" at character 3"},
    {"grid: {formula: [1]}", AT "1:17: grid.formula: expected a number or a formula, found a list of 1"},
    {"grid: {speed: [1, x=2]}",
     AT "1:19: grid.speed[1]: expected a number or a formula, found \"x=2\": unexpected = at character 2"},
    {"grid: {flag: \"\\e[31m\\n\"}", AT "1:14: grid.flag: expected true or false, found \"\\x1b[31m\\n\""},
    /* maps */
    {"grid: 3", AT "1:7: grid: expected a map of keys, found 3"},
    {"grid: [1]", AT "1:7: grid: expected a map of keys, found a list of 1"},
    {"grid:\n  inner: {level: 1}\n", AT "2:10: grid.inner.depth: missing, expected an integer"},
    {"grid:\n  inner: {level: 1, depth: 2, dept: 3}\n",
     AT "2:31: grid.inner.dept: unknown key; did you mean \"depth\"? (keys here: level, depth)"},
    {"grid:\n  wieghts: 3\n", AT "2:3: grid.wieghts: unknown key"},
    {"grid: {celsl: 3}", AT "1:8: grid.celsl: unknown key; did you mean \"cells\"?"},
    {"gird: {}", AT "1:1: gird: unknown key; did you mean \"grid\"? (keys here: grid)"},
    /* what YAML allows and decks do not */
    {"grid:\n  cfl: 0.1\n  cfl: 0.2\n", AT "3:3: grid.cfl: duplicate key, first on line 2"},
    {"grid:\n  cfl: &a 0.1\n", AT "2:8: grid.cfl: anchors (&) are not for decks"},
    {"grid:\n  cfl: &a 0.1\n  real: *a\n",
     AT "2:8: grid.cfl: anchors (&) are not for decks\n" AT "3:9: grid.real: aliases (*) are not for decks"},
    {"grid:\n  cfl: !!float 0.1\n", AT "2:8: grid.cfl: tags (!) are not for decks"},
    {"grid:\n  <<: {cfl: 0.1}\n", AT "2:3: grid: merge keys (<<) are not for decks, found \"<<\""},
    {"grid:\n  [a, b]: 1\n", AT "2:3: grid: expected a word as key, found a list or a map"},
    {"grid:\n  a b: 1\n", AT "2:3: grid: expected a key of letters, digits, _ and -, found \"a b\""},
    {"grid:\n\tcfl: 1\n", AT "2:1: tab: decks are indented with blanks"},
    {"grid: # a\ttab here does no harm\n  cfl:\t1\n", AT "2:7: tab: decks are indented with blanks"},
    {"grid: {}\n---\ngrid: {}\n", AT "2:1: a second document: a deck is one"},
    {"- 1\n", AT "1:1: expected sections, `name:` one a line"},
    {"hello", AT "1:1: expected sections, `name:` one a line"},
    {"grid: {cells: [1, 2}\n",
     AT "1:20: not YAML: did not find expected ',' or ']' while parsing a flow sequence from line 1"},
    {"grid:\n  formula: x ? 1 : 2\n",
     AT "2:18: not YAML: mapping values are not allowed in this context; text with a colon and a blank goes in quotes"},
    {"grid: {}\n\nname: caf\xe9\n", AT "3:10: not YAML: incomplete UTF-8 octet sequence"},
    {"grid: \x01", AT "1:7: not YAML: control characters are not allowed"},
    {"grid: {free: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]}",
     AT "1:44: grid.free[0][0][0][0][0][0][0][0][0]"
        "[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]: nested too deep"},
};

static void bad_decks(void **state)
{
  int wrong = 0;

  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    Values v;
    SinewDeck deck = open_deck(bad[i].text, 0, NULL, &v);

    wrong += differs(deck, bad[i].mistakes);
    check_all(v.cfl == 0.4 || v.cfl == 0.1); /* the default stays */
    check_call(SinewDeckDestroy(&deck));
  }
  check_all(wrong == 0);
}

/* ---- the command line ---- */

static void good_overrides(void **state)
{
  const char *const overrides[] = {
      "grid.cells=[512,512]",      "grid.inner.depth=4",     "grid.name=a=b",    "grid.free.a[1].b=two",
      "grid.free.new.er = {x: 1}", "grid.formula=x<1 ? 2:3", "grid.cells[0]=64", "grid.name='q'"};
  Values v;
  SinewDeck deck = open_deck("grid:\n  cells: abc\n  inner:\n  free: {a: [1, {b: one, c: 3}]}\n", 8, overrides, &v);

  (void)state;
  check_all(SinewDeckMistakes(deck) == 0);
  check_all(v.cells.n == 2 && v.cells.value[0] == 64 && v.cells.value[1] == 512);
  check_all(v.inner.depth == 4 && v.inner.level == 3 && !strcmp(v.name, "q"));
  check_all(!strcmp(SinewExpressionText(v.formula), "x<1 ? 2:3"));
  check_all(strstr(SinewDeckEffective(deck), "free grid.free: {a: [1, {b: two, c: 3}], new: {er: {x: 1}}}\n") != NULL);
  check_all(!strncmp(SinewDeckOverrides(deck), "grid.cells=[512,512]\ngrid.inner.depth=4\n", 40));
  check_call(SinewDeckCheck(deck));
  check_call(SinewDeckDestroy(&deck));
}

static void bad_overrides(void **state)
{
  static const char *const row[][2] = {
      {"grid.cells", "expected path=value, found \"grid.cells\""},
      {"=3", "expected path=value, found \"=3\""},
      {"grid.cells=abc", "grid.cells: expected 2 or 3 positive integers, found \"abc\""},
      {"grid.cells=[4, x]", "grid.cells[1]: expected a positive integer, found \"x\""},
      {"grid.cells=[4,", "grid.cells: not YAML: did not find expected node content while parsing a flow node"},
      {"grid.cfl.x=1", "grid.cfl.x: grid.cfl is not a map"},
      {"grid.cfl[0]=1", "grid.cfl[0]: grid.cfl is not a list"},
      {"grid.lower[2]=1", "grid.lower[2]: grid.lower has entries [0] to [1] only"},
      {"grid.wieghts=1", "grid.wieghts: unknown key"},
      {"gird.cfl=1", "gird: unknown key; did you mean \"grid\"? (keys here: grid)"},
      {"grid..cfl=1", "grid..cfl: expected a path such as grid.cells or a.b[1].c"},
      {".grid=1", ".grid: expected a path such as grid.cells or a.b[1].c"},
      {"grid.lower[0=1", "grid.lower[0: expected a path such as grid.cells or a.b[1].c"},
      {"grid.cfl=*a", "grid.cfl: aliases (*) are not for decks"},
      {"grid.name=a: b", "grid.name: expected a value, [a, b] or {key: value}: other text goes in quotes"},
      {"grid.inner={depth: 1, depth: 2}", "grid.inner.depth: duplicate key"},
      {"grid.cfl=1\n2", "expected path=value, found \"grid.cfl=1\\n2\""},
  };
  int wrong = 0;

  (void)state;
  for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
    char expected[300];
    Values v;
    SinewDeck deck = open_deck("grid: {cfl: 0.1, lower: [0, 0]}", 1, &row[i][0], &v);

    snprintf(expected, sizeof(expected), "command line: %s", row[i][1]);
    wrong += differs(deck, expected);
    check_call(SinewDeckDestroy(&deck));
  }
  check_all(wrong == 0);
}

/* ---- the effective deck ---- */

static const char effective[] = "frozen grid.cells: [8, 8]\n"
                                "warn grid.cfl: 0.1\n"
                                "free grid.count: 7\n"
                                "free grid.fields: [rho, \"1\", \"a b\"]\n"
                                "free grid.flag: true\n"
                                "free grid.formula: \"sin(x)\"\n"
                                "free grid.free: null\n"
                                "free grid.inner.level: 3\n"
                                "free grid.kind: hll\n"
                                "free grid.lower: [0.3, 1e-300, 0.1]\n"
                                "free grid.memory: 4294967296\n"
                                "free grid.name: null\n"
                                "free grid.real: 0.30000000000000004\n"
                                "free grid.speed: [2, \"-x\"]\n"
                                "free grid.wall: 1800\n";

static void effective_deck(void **state)
{
  const char *text = "grid: {lower: [0.30, 1e-300, .1], cfl: 0.1, fields: [rho, '1', a b], speed: [2.0, -x], real: "
                     "0.30000000000000004}";
  Values v, w;
  SinewDeck deck = open_deck(text, 0, NULL, &v), again;
  char rebuilt[4000] = "", line[200];

  (void)state;
  if (strcmp(SinewDeckEffective(deck), effective)) print_error("%s", SinewDeckEffective(deck));
  check_all(!strcmp(SinewDeckEffective(deck), effective));
  /* the same keys and values, given instead of left out, are the same deck */
  for (const char *c = effective; *c; c = strchr(c, '\n') + 1) {
    const char *value = strstr(c, ": ");

    if (sscanf(c, "%*s grid.%199[^:\n]", line) != 1 || !strncmp(value, ": null", 6) || strchr(line, '.')) continue;
    snprintf(rebuilt + strlen(rebuilt), sizeof(rebuilt) - strlen(rebuilt), "%s  %s%.*s\n", *rebuilt ? "" : "grid:\n",
             line, (int)strcspn(value, "\n"), value);
  }
  again = open_deck(rebuilt, 0, NULL, &w);
  check_all(!strcmp(SinewDeckEffective(again), effective));
  check_call(SinewDeckDestroy(&again));
  check_call(SinewDeckDestroy(&deck));
}

/* Keys read one by one inside of a sub-tree leave the sub-tree's line. */
static void effective_subtree(void **state)
{
  const SinewKey part[] = {{.name = "level", .type = SINEW_KEY_REAL, .change = SINEW_CHANGE_WARN}, {.name = NULL}};
  Values v;
  PetscReal level;
  SinewDeck deck = open_deck("grid: {free: {x: periodic, y: {level: 2}}}", 0, NULL, &v);

  (void)state;
  check_call(SinewDeckRead(deck, SinewNodeGet(deck, v.free, "y"), "grid.free.y", part, &level));
  check_all(strstr(SinewDeckEffective(deck), "free grid.free: {x: periodic}\nwarn grid.free.y.level: 2\n") != NULL);
  check_call(SinewDeckDestroy(&deck));
  deck = open_deck("grid: {free: {y: {level: 2}}}", 0, NULL, &v);
  check_call(SinewDeckRead(deck, SinewNodeGet(deck, v.free, "y"), "grid.free.y", part, &level));
  check_all(!strstr(SinewDeckEffective(deck), " grid.free: "));
  check_call(SinewDeckDestroy(&deck));
}

/* ---- restarts ---- */

/* Compares with a deck that was run before; `log` gets what is only warned of. */
static SinewDeck compare(const char now[], const char before[], PetscInt allowed, const char *const paths[],
                         size_t size, char log[])
{
  FILE *file = tmpfile();
  Values v;
  SinewDeck then = open_deck(before, 0, NULL, &v), deck = open_deck(now, 0, NULL, &v);
  size_t n;

  check_call(SinewDeckCompareEffective(deck, SinewDeckEffective(then), allowed, paths, file));
  rewind(file);
  n = fread(log, 1, size - 1, file);
  log[n] = 0;
  fclose(file);
  check_call(SinewDeckDestroy(&then));
  return deck;
}

static void restarts(void **state)
{
  const char *const allowed[] = {"grid.cells"}, *const section[] = {"grid"}, *const other[] = {"gri", "grid.cell"};
  char log[1000];
  PetscMPIInt rank;
  SinewDeck deck;

  (void)state;
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  deck = compare("grid: {cells: [8, 8.0]}", "grid: {count: 5, flag: false}", 0, NULL, sizeof(log), log);
  check_all(SinewDeckMistakes(deck) == 0 && !*log); /* the default given, and what may change freely */
  check_call(SinewDeckDestroy(&deck));

  deck = compare("grid:\n\n  cells: [512, 512]\n  cfl: 0.5\n", "grid: {cells: [256, 256]}", 2, other, sizeof(log), log);
  check_all(SinewDeckMistakes(deck) == 1);
  check_all(!strcmp(SinewDeckMistakeText(deck, 0), "deck.yaml:3:10: grid.cells: is [512, 512], the checkpoint has "
                                                   "[256, 256], and it cannot change on restart"));
  check_all(!strcmp(log, rank ? "" : "deck.yaml:4:8: grid.cfl: is 0.5, the checkpoint has 0.4\n"));
  check_call(SinewDeckDestroy(&deck));

  for (int i = 0; i < 2; i++) {
    deck =
        compare("grid: {cells: [512, 512]}", "grid: {cells: [256, 256]}", 1, i ? section : allowed, sizeof(log), log);
    check_all(SinewDeckMistakes(deck) == 0);
    check_all(!strcmp(log, rank ? "" : "deck.yaml:1:15: grid.cells: is [512, 512], the checkpoint has [256, 256]\n"));
    check_call(SinewDeckDestroy(&deck));
  }
}

static void restarts_across_versions(void **state)
{
  Values v;
  SinewDeck deck = open_deck("grid: {cells: [16, 16]}", 0, NULL, &v);

  (void)state;
  check_call(SinewDeckCompareEffective(
      deck, "garbage\nfrozen\nfrozen x\nodd grid.cells: 3\n\nfrozen a.b: null\nfrozen a.c: 3", 0, NULL, stdout));
  check_all(SinewDeckMistakes(deck) == 2);
  check_all(!strcmp(SinewDeckMistakeText(deck, 0),
                    "deck.yaml: a.c: is not there, the checkpoint has 3, and it cannot change on restart"));
  check_all(!strcmp(SinewDeckMistakeText(deck, 1),
                    "deck.yaml:1:15: grid.cells: is [16, 16], the checkpoint does not have "
                    "it, and it cannot change on restart"));
  check_call(SinewDeckSetChange(deck, "grid.cells", SINEW_CHANGE_FREE));
  check_all(!strncmp(SinewDeckEffective(deck), "free grid.cells: [16, 16]\n", 26));
  check_call(SinewDeckDestroy(&deck));
  deck = open_deck("grid: {}", 0, NULL, &v); /* a new key's default is what the old run did */
  check_call(SinewDeckCompareEffective(deck, "", 0, NULL, stdout));
  check_all(SinewDeckMistakes(deck) == 0);
  check_call(SinewDeckDestroy(&deck));
}

/* ---- names and lists for people ---- */

static void nearest_names(void **state)
{
  static const char *const names[] = {"weights", "cells", "x", "scalar_diffusivity", "type"};
  static const char *const row[][2] = {{"wieghts", "weights"},
                                       {"Weights", "weights"},
                                       {"cell", "cells"},
                                       {"foo", NULL},
                                       {"scalar-diffusivty", "scalar_diffusivity"},
                                       {"y", NULL},
                                       {"", NULL},
                                       {"tpye", "type"},
                                       {"types", "type"},
                                       {"weigh", "weights"},
                                       {"weig", NULL}};
  char huge[400];

  (void)state;
  for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
    const char *found = SinewNearestName(row[i][0], 5, names);

    if (found != row[i][1] && (!found || !row[i][1] || strcmp(found, row[i][1])))
      print_error("%s: %s\n", row[i][0], found ? found : "none");
    check_all(found == row[i][1] || (found && row[i][1] && !strcmp(found, row[i][1])));
  }
  memset(huge, 'w', sizeof(huge));
  huge[399] = 0;
  check_all(!SinewNearestName(huge, 5, names) && !SinewNearestName("cells", 0, NULL));
}

static void list_of_keys(void **state)
{
  const char *expected = "key            type          default   range               unit  meaning\n"
                         "a.flag         bool          true\n"
                         "a.count        int           7         [1, 100]\n"
                         "a.kind         choice        hll       hllc, hll, rusanov\n"
                         "a.cfl          real          0.4       (0, 1]                    Courant number\n"
                         "a.real         real          -\n"
                         "a.wall         duration      30min     >= 0                s\n"
                         "a.memory       bytes         4GiB      >= 0\n";
  FILE *file = tmpfile();
  char text[4000];
  size_t n;

  (void)state;
  check_call(SinewKeysPrint(file, "a", keys));
  rewind(file);
  n = fread(text, 1, sizeof(text) - 1, file);
  text[n] = 0;
  fclose(file);
  if (strncmp(text, expected, strlen(expected))) print_error("%s", text);
  check_all(!strncmp(text, expected, strlen(expected)));
  check_all(strstr(text, "\na.inner.depth  int           required\n") != NULL);
}

SINEW_TEST_MAIN(cmocka_unit_test(bad_decks), cmocka_unit_test(good_overrides), cmocka_unit_test(bad_overrides),
                cmocka_unit_test(effective_deck), cmocka_unit_test(effective_subtree), cmocka_unit_test(restarts),
                cmocka_unit_test(restarts_across_versions), cmocka_unit_test(nearest_names),
                cmocka_unit_test(list_of_keys))
