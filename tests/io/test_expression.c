// RANKS 1 2
/* Formulas: values, what they use, what is wrong with a bad one and where, and random numbers that hang on the place
 * alone. */
#include "io/expression.h"
#include "tests/harness.h"

static SinewExpression make(const char text[])
{
  char message[200];
  SinewExpression e;

  check_call(SinewExpressionCreate(text, sizeof(message), message, &e));
  if (!e) print_error("%s: %s\n", text, message);
  assert_non_null(e);
  assert_string_equal(message, "");
  return e;
}

static PetscReal value_at(const char text[], PetscReal x, PetscReal y, PetscReal z, PetscReal t)
{
  SinewExpression e = make(text);
  PetscReal value;

  check_call(SinewExpressionEvaluate(e, x, y, z, t, &value));
  check_call(SinewExpressionDestroy(&e));
  assert_null(e);
  return value;
}

static void values(void **state)
{
  (void)state;
  check_close(value_at("0.5", 0, 0, 0, 0), 0.5, 0);
  check_close(value_at("-1e-3", 0, 0, 0, 0), -1e-3, 0);
  check_close(value_at("x + 10*y + 100*z + 1000*t", 1, 2, 3, 4), 4321, 0);
  check_close(value_at("sin(pi/2)", 0, 0, 0, 0), 1, 1e-15);
  check_close(value_at("x < 0.5 ? 1 : 0.125", 0.25, 0, 0, 0), 1, 0);
  check_close(value_at("x < 0.5 ? 1 : 0.125", 0.5, 0, 0, 0), 0.125, 0);
  check_close(value_at("x == 1 && y != 1 || t >= 3", 1, 0, 0, 0), 1, 0);
  check_close(value_at("step(x)", 0, 0, 0, 0), 1, 0);
  check_close(value_at("step(x)", -1e-300, 0, 0, 0), 0, 0);
  check_close(value_at("gauss(x)", 2, 0, 0, 0), exp(-4), 1e-16);
  check_close(value_at("mod(x, 1)", -0.25, 0, 0, 0), 0.75, 0);
  check_close(value_at("mod(x, 2)", 5.5, 0, 0, 0), 1.5, 0);
  check_close(value_at("min(x, y, z) + max(x, y)", 3, 2, 1, 0), 4, 0);
  check_close(value_at("2^3^2", 0, 0, 0, 0), 512, 0);
  check_close(value_at("x\n + 1\n", 2, 0, 0, 0), 3, 0);
}

static void bad_formulas(void **state)
{
  static const struct {
    const char *text, *message;
  } bad[] = {
      {"", "empty formula"},
      {"  ", "empty formula"},
      {"sin(x", "missing parenthesis at the end"},
      {"3 +", "the formula ends too early"},
      {"1 2", "unexpected number at character 3"},
      {"2 * foobar(3)", "unknown name \"foobar\" at character 5"},
      {"sine(x)", "unknown name \"sine\" at character 1; did you mean \"sin\"?"},
      {"x = 3", "unexpected = at character 3"},
      {"x += 3", "unexpected = at character 4"},
      {"1, 2", "2 values instead of one"},
      {"x ? 1", "\"?\" without \":\""},
      {"atan2(1)", "too few arguments at character 8"},
      {"mod(1, 2, 3)", "too many arguments at character 12"},
      {"1e400", "unexpected \"1e400\" at character 1"},
      {"x**2", "unexpected operator at character 3"},
      {"\"a\"", "unexpected \" at character 1"},
      {"x\a+1", "unexpected character at character 2"},
      {"\n", "empty formula"},
      {"\xc3\xa9", "unexpected character at character 1"},
      {"nan", "unknown name \"nan\" at character 1; did you mean \"tan\"?"},
  };
  int wrong = 0;

  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    char message[200];
    SinewExpression e;

    check_call(SinewExpressionCreate(bad[i].text, sizeof(message), message, &e));
    if (e || strcmp(message, bad[i].message)) print_error("%s: %s\n", bad[i].text, e ? "accepted" : message);
    assert_null(e);
    wrong += !!strcmp(message, bad[i].message);
  }
  assert_int_equal(wrong, 0);
}

static void long_and_deep(void **state)
{
  char message[16], text[5000]; /* a short message buffer is filled, not overrun */
  SinewExpression e;

  (void)state;
  memset(text, '(', sizeof(text));
  text[1900] = 0;
  check_call(SinewExpressionCreate(text, sizeof(message), message, &e));
  assert_null(e);
  memset(text, '1', sizeof(text));
  text[4999] = 0;
  check_call(SinewExpressionCreate(text, sizeof(message), message, &e));
  assert_null(e);
  assert_string_equal(message, "longer than 200");
}

static PetscBool uses(const char text[], char variable)
{
  SinewExpression e = make(text);
  PetscBool answer;

  check_call(SinewExpressionUses(e, variable, &answer));
  check_call(SinewExpressionDestroy(&e));
  return answer;
}

static void what_is_used(void **state)
{
  (void)state;
  check_all(uses("exp(x) + 1e3*t", 'x') && uses("exp(x) + 1e3*t", 't'));
  check_all(!uses("exp(x) + 1e3*t", 'y') && !uses("exp(x) + 1e3*t", 'z'));
  check_all(!uses("3", 'x') && !uses("sqrt(pi)", 't'));
  check_all(uses("random(1)", 'z') && !uses("random(1)", 't'));
}

static void rows(void **state)
{
  const PetscReal x[3] = {1, 2, 3}, y[3] = {10, 20, 30};
  SinewExpression e = make("x + y + z + t"), c = make("7 + t");
  PetscReal value[3];

  (void)state;
  check_call(SinewExpressionEvaluateRow(e, 3, x, y, NULL, 100, value));
  check_all(value[0] == 111 && value[1] == 122 && value[2] == 133);
  check_call(SinewExpressionEvaluateRow(c, 3, x, NULL, NULL, 1, value));
  check_all(value[0] == 8 && value[1] == 8 && value[2] == 8);
  check_call(SinewExpressionEvaluateRow(c, 0, NULL, NULL, NULL, 1, value));
  assert_string_equal(SinewExpressionText(e), "x + y + z + t");
  check_call(SinewExpressionDestroy(&e));
  check_call(SinewExpressionDestroy(&c));
}

/* The same place and stream give the same number, in whatever order they are asked for; others give others. */
static void random_numbers(void **state)
{
  enum { N = 4096 };
  PetscReal x[N], a[N], b[N], mean = 0, square = 0, together = 0;
  SinewExpression e = make("random(1)"), f = make("random(2)");

  (void)state;
  for (int i = 0; i < N; i++) x[i] = (i + 0.5) / N;
  check_call(SinewExpressionEvaluateRow(e, N, x, NULL, NULL, 0, a));
  check_call(SinewExpressionEvaluateRow(f, N, x, NULL, NULL, 0, b));
  for (int i = N - 1; i >= 0; i--) {
    PetscReal again;

    check_call(SinewExpressionEvaluate(e, x[i], -0.0, 0, 17, &again));
    assert_true(again == a[i]);
    assert_true(a[i] >= 0 && a[i] < 1);
    mean += a[i] / N;
    square += (a[i] - 0.5) * (a[i] - 0.5) / N;
    together += (a[i] - 0.5) * (b[i] - 0.5) / N;
  }
  check_close(mean, 0.5, 0.02);
  check_close(square, 1.0 / 12, 0.005);
  check_close(together, 0, 0.005);
  check_close(value_at("random(1)", 0.1, 0.2, 0.3, 0), value_at("random(1)", 0.1, 0.2, 0.3, 5), 0);
  check_all(value_at("random(1)", 0.1, 0.2, 0.3, 0) != value_at("random(1)", 0.2, 0.1, 0.3, 0));
  check_call(SinewExpressionDestroy(&e));
  check_call(SinewExpressionDestroy(&f));
}

SINEW_TEST_MAIN(cmocka_unit_test(values), cmocka_unit_test(bad_formulas), cmocka_unit_test(long_and_deep),
                cmocka_unit_test(what_is_used), cmocka_unit_test(rows), cmocka_unit_test(random_numbers))
