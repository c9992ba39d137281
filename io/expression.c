#include "io/expression.h"
#include "io/deck.h" /* SinewNearestName */
#include "io/random.h"
#include <ctype.h>
#include <math.h>
#include <muParserDLL.h>
#include <stdint.h>

/* muParser hands out error tokens in a static buffer of 2048 bytes: stay below. */
#define TEXT_MAX 2000

static const char letters[] = "xyzt";

struct _p_SinewExpression {
  muParserHandle_t parser;
  char *text;
  double point[4]; /* x, y, z, t: the parser reads them here */
  PetscBool uses[4];
  PetscInt variables;
  double *variable; /* further ones */
  PetscInt64 seed;
};

/* ---- functions of ours ---- */

static double step_function(double v)
{
  return v >= 0 ? 1 : 0;
}

static double gauss(double r)
{
  return exp(-r * r);
}

static double mod(double a, double b)
{
  return a - b * floor(a / b);
}

static uint64_t bits(double v)
{
  uint64_t b;

  if (v == 0) v = 0; /* -0 is the same point */
  memcpy(&b, &v, sizeof(b));
  return b;
}

static double random_function(void *ctx, double stream)
{
  const SinewExpression e = (SinewExpression)ctx;
  const double *p = e->point;
  const double key[4] = {stream, p[0], p[1], p[2]};
  uint64_t h = e->seed ? SinewRandomMix((uint64_t)e->seed) : 0;

  for (int i = 0; i < 4; i++) h = SinewRandomMix(h ^ bits(key[i]));
  return (double)(h >> 11) * 0x1p-53;
}

static const struct {
  const char *name;
  muFun1_t call;
} functions1[] = {{"step", step_function}, {"gauss", gauss}, {"floor", floor},
                  {"ceil", ceil},          {"erf", erf},     {"cbrt", cbrt}};

/* Every name a formula may use, for hints. */
static const char *const known_names[] = {
    "x",    "y",     "z",   "t",    "pi",   "step", "gauss", "mod",  "random", "floor", "ceil",  "erf",   "cbrt",
    "sin",  "cos",   "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh",   "tanh",  "asinh", "acosh", "atanh",
    "log2", "log10", "log", "ln",   "exp",  "sqrt", "sign",  "rint", "abs",    "sum",   "avg",   "min",   "max"};

static void define_names(SinewExpression e)
{
  static const char *const variable[] = {"x", "y", "z", "t"};

  for (int i = 0; i < 4; i++) mupDefineVar(e->parser, variable[i], &e->point[i]);
  mupDefineConst(e->parser, "pi", 3.14159265358979323846);
  for (size_t i = 0; i < sizeof(functions1) / sizeof(functions1[0]); i++)
    mupDefineFun1(e->parser, functions1[i].name, functions1[i].call, 1);
  mupDefineFun2(e->parser, "mod", mod, 1);
  mupDefineFunUserData1(e->parser, "random", random_function, e, 0);
}

/* ---- what is wrong with a text ---- */

static PetscBool is_word(int c)
{
  return (PetscBool)(c < 128 && (isalnum(c) || c == '_'));
}

static PetscBool is_assignment(const char *c, const char *text)
{
  if (*c != '=' || c[1] == '=') return PETSC_FALSE;
  return (PetscBool)(c == text || !strchr("=<>!", c[-1]));
}

/* What muParser would accept but we do not: assignments, strings, anything outside ASCII. */
static const char *find_forbidden(const char *text)
{
  for (const char *c = text; *c; c++) {
    if ((unsigned char)*c > 126 || (iscntrl((unsigned char)*c) && *c != '\n') || *c == '"') return c;
    if (is_assignment(c, text)) return c;
  }
  return NULL;
}

/* What muParser 2.3 numbers by its error codes (its own messages are bare tokens in this version).
 */
static const char *describe(int code)
{
  switch (code) {
  case 0: return "unexpected operator";
  case 2: return "the formula ends too early";
  case 3: return "unexpected comma";
  case 5: return "unexpected number";
  case 6: return "unexpected variable";
  case 7: return "unexpected parenthesis";
  case 11: return "missing parenthesis";
  case 12: return "unexpected function";
  case 14: return "too many arguments";
  case 15: return "too few arguments";
  case 25: return "empty formula";
  case 32: return "unexpected \"?\"";
  case 33: return "\"?\" without \":\"";
  case 34: return "\":\" without \"?\"";
  default: return "not a formula";
  }
}

static PetscErrorCode describe_word(const char *at, size_t position, size_t size, char message[])
{
  char word[64];
  size_t n = 0;
  const char *near;

  PetscFunctionBeginUser;
  while (n < sizeof(word) - 1 && is_word((unsigned char)at[n])) n++;
  if (!n) n = at[0] ? 1 : 0;
  memcpy(word, at, n);
  word[n] = 0;
  near = SinewNearestName(word, (PetscInt)(sizeof(known_names) / sizeof(known_names[0])), known_names);
  PetscCall(PetscSNPrintf(message, size, "%s \"%s\" at character %d%s%s%s",
                          isalpha((unsigned char)at[0]) ? "unknown name" : "unexpected", word, (int)position + 1,
                          near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : ""));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode describe_error(SinewExpression e, size_t size, char message[])
{
  const int code = mupGetErrorCode(e->parser), position = mupGetErrorPos(e->parser);
  const size_t length = strlen(e->text);
  const size_t at = position < 0 ? 0 : PetscMin((size_t)position, length);

  PetscFunctionBeginUser;
  mupErrorReset(e->parser);
  if (code == 1)
    PetscCall(describe_word(e->text + at, at, size, message));
  else if (position < 0 || code == 2)
    PetscCall(PetscSNPrintf(message, size, "%s", describe(code)));
  else if (at >= length)
    PetscCall(PetscSNPrintf(message, size, "%s at the end", describe(code)));
  else
    PetscCall(PetscSNPrintf(message, size, "%s at character %d", describe(code), (int)at + 1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_text(const char text[], size_t size, char message[], PetscBool *ok)
{
  const char *bad = strlen(text) > TEXT_MAX ? text : find_forbidden(text);

  PetscFunctionBeginUser;
  *ok = (PetscBool)!bad;
  if (bad && strlen(text) > TEXT_MAX)
    PetscCall(PetscSNPrintf(message, size, "longer than %d characters", TEXT_MAX));
  else if (bad && (unsigned char)*bad > 31 && (unsigned char)*bad < 127)
    PetscCall(PetscSNPrintf(message, size, "unexpected %c at character %d", *bad, (int)(bad - text) + 1));
  else if (bad)
    PetscCall(PetscSNPrintf(message, size, "unexpected character at character %d", (int)(bad - text) + 1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether `random` is among the words of the text: it reads x, y and z unseen by muParser. */
static PetscBool uses_random(const char text[])
{
  for (const char *c = text; *c;) {
    const char *start = c;

    while (is_word((unsigned char)*c)) c++;
    if (c - start == 6 && !strncmp(start, "random", 6)) return PETSC_TRUE;
    if (c == start) c++;
  }
  return PETSC_FALSE;
}

static void find_uses(SinewExpression e)
{
  const int count = mupGetExprVarNum(e->parser);

  for (int i = 0; i < count; i++) {
    const muChar_t *name = NULL;
    muFloat_t *value = NULL;

    mupGetExprVar(e->parser, (unsigned)i, &name, &value);
    for (int v = 0; v < 4; v++)
      if (value == &e->point[v]) e->uses[v] = PETSC_TRUE;
  }
  for (int v = 0; v < 3; v++)
    if (uses_random(e->text)) e->uses[v] = PETSC_TRUE;
}

/* muParser reports by calling this where it would otherwise throw; mupError is asked afterwards. */
static void on_error(muParserHandle_t parser)
{
  (void)parser;
}

/* Evaluates once, which is when muParser compiles; one value must come out. */
static PetscErrorCode compile(SinewExpression e, size_t size, char message[], PetscBool *ok)
{
  PetscBool failed;
  int values = 0;

  PetscFunctionBeginUser;
  mupSetExpr(e->parser, e->text);
  failed = (PetscBool) !!mupError(e->parser); /* asking clears it */
  if (!failed) {
    (void)mupEvalMulti(e->parser, &values);
    failed = (PetscBool) !!mupError(e->parser);
  }
  *ok = (PetscBool)(!failed && values == 1);
  if (failed)
    PetscCall(describe_error(e, size, message));
  else if (!*ok)
    PetscCall(PetscSNPrintf(message, size, "%d values instead of one", values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- interface ---- */

PetscErrorCode SinewExpressionCreate(const char text[], size_t size, char message[], SinewExpression *expression)
{
  PetscFunctionBeginUser;
  PetscCall(SinewExpressionCreateWith(text, 0, NULL, size, message, expression));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewExpressionCreateWith(const char text[], PetscInt count, const char *const names[], size_t size,
                                         char message[], SinewExpression *expression)
{
  PetscFunctionBeginUser;
  PetscCall(SinewExpressionCreateDefined(text, NULL, count, names, size, message, expression));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewExpressionCreateDefined(const char text[], const SinewDefinitions *definitions, PetscInt count,
                                            const char *const names[], size_t size, char message[],
                                            SinewExpression *expression)
{
  SinewExpression e;
  PetscBool ok;

  PetscFunctionBeginUser;
  *expression = NULL;
  if (size) message[0] = 0;
  PetscCall(check_text(text, size, message, &ok));
  if (!ok) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscNew(&e));
  PetscCall(PetscStrallocpy(text, &e->text));
  for (char *c = e->text; *c; c++)
    if (*c == '\n') *c = ' '; /* YAML's block text may be of several lines */
  e->parser = mupCreate(muBASETYPE_FLOAT);
  mupSetErrorHandler(e->parser, on_error);
  define_names(e);
  for (PetscInt k = 0; definitions && k < definitions->count; k++)
    mupDefineConst(e->parser, definitions->name[k], definitions->value[k]);
  e->seed = definitions ? definitions->seed : 0;
  e->variables = count;
  PetscCall(PetscCalloc1((size_t)PetscMax(count, 1), &e->variable));
  for (PetscInt v = 0; v < count; v++) mupDefineVar(e->parser, names[v], &e->variable[v]);
  PetscCall(compile(e, size, message, &ok));
  if (ok) find_uses(e);
  if (ok)
    *expression = e;
  else
    PetscCall(SinewExpressionDestroy(&e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewExpressionDestroy(SinewExpression *e)
{
  PetscFunctionBeginUser;
  if (!*e) PetscFunctionReturn(PETSC_SUCCESS);
  mupRelease((*e)->parser);
  PetscCall(PetscFree((*e)->variable));
  PetscCall(PetscFree((*e)->text));
  PetscCall(PetscFree(*e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewExpressionEvaluate(SinewExpression e, PetscReal x, PetscReal y, PetscReal z, PetscReal t,
                                       PetscReal *value)
{
  PetscFunctionBeginUser;
  PetscCall(SinewExpressionEvaluateRow(e, 1, &x, &y, &z, t, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One point after another: muParser's bulk mode starts OpenMP threads where ours are not wanted. */
PetscErrorCode SinewExpressionEvaluateRow(SinewExpression e, PetscInt n, const PetscReal x[], const PetscReal y[],
                                          const PetscReal z[], PetscReal t, PetscReal value[])
{
  const PetscBool varies = (PetscBool)(e->uses[0] || e->uses[1] || e->uses[2]);

  PetscFunctionBeginUser;
  e->point[3] = (double)t;
  for (PetscInt i = 0; i < n; i++) {
    if (i && !varies) {
      value[i] = value[0];
      continue;
    }
    e->point[0] = x ? (double)x[i] : 0;
    e->point[1] = y ? (double)y[i] : 0;
    e->point[2] = z ? (double)z[i] : 0;
    value[i] = (PetscReal)mupEval(e->parser);
  }
  PetscCheck(!mupError(e->parser), PETSC_COMM_SELF, PETSC_ERR_LIB, "muParser cannot evaluate %s", e->text);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewExpressionEvaluateWith(SinewExpression e, const PetscReal x[3], PetscReal t,
                                           const PetscReal variables[], PetscReal *value)
{
  PetscFunctionBeginUser;
  for (PetscInt v = 0; v < e->variables; v++) e->variable[v] = (double)variables[v];
  PetscCall(SinewExpressionEvaluate(e, x[0], x[1], x[2], t, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewExpressionUses(SinewExpression e, char variable, PetscBool *uses)
{
  const char *letter = variable ? strchr(letters, variable) : NULL;

  PetscFunctionBeginUser;
  PetscCheck(letter, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE, "no variable '%c'", variable);
  *uses = e->uses[letter - letters];
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewExpressionUsesAny(SinewExpression e, const char variables[], PetscBool *uses)
{
  PetscFunctionBeginUser;
  *uses = PETSC_FALSE;
  for (const char *v = variables; *v && !*uses; v++) PetscCall(SinewExpressionUses(e, *v, uses));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const char *SinewExpressionText(SinewExpression e)
{
  return e->text;
}
