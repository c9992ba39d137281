#include "io/deck_private.h"
#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <math.h>

/* ---- growing arrays and strings ---- */

/* Room for one more; `array` is the address of the array's pointer. */
PetscErrorCode DeckGrow(PetscInt count, size_t size, PetscInt *capacity, void *array)
{
  PetscFunctionBeginUser;
  if (count < *capacity) PetscFunctionReturn(PETSC_SUCCESS);
  *capacity = *capacity ? 2 * *capacity : 8;
  PetscCall(PetscRealloc(size * (size_t)*capacity, (void **)array));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode reserve(DeckBuffer *buffer, size_t more)
{
  PetscFunctionBeginUser;
  if (buffer->length + more + 1 <= buffer->capacity) PetscFunctionReturn(PETSC_SUCCESS);
  buffer->capacity = 2 * (buffer->length + more + 1);
  PetscCall(PetscRealloc(buffer->capacity, &buffer->text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode append_bytes(DeckBuffer *buffer, const char text[], size_t n)
{
  PetscFunctionBeginUser;
  PetscCall(reserve(buffer, n));
  memcpy(buffer->text + buffer->length, text, n);
  buffer->length += n;
  buffer->text[buffer->length] = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DeckAppend(DeckBuffer *buffer, const char text[])
{
  PetscFunctionBeginUser;
  PetscCall(append_bytes(buffer, text, strlen(text)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DeckPrint(DeckBuffer *buffer, const char format[], ...)
{
  va_list arguments;
  int n;

  PetscFunctionBeginUser;
  va_start(arguments, format);
  n = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  PetscCheck(n >= 0, PETSC_COMM_SELF, PETSC_ERR_LIB, "vsnprintf cannot print \"%s\"", format);
  PetscCall(reserve(buffer, (size_t)n));
  va_start(arguments, format);
  (void)vsnprintf(buffer->text + buffer->length, (size_t)n + 1, format, arguments);
  va_end(arguments);
  buffer->length += (size_t)n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- writing values ---- */

/* The fewest digits, from 15 on, that read back as the same number. */
PetscErrorCode DeckPrintReal(DeckBuffer *buffer, double value)
{
  char text[40];

  PetscFunctionBeginUser;
  for (int digits = 15; digits <= 17; digits++) {
    (void)snprintf(text, sizeof(text), "%.*g", digits, value);
    if (strtod(text, NULL) == value) break;
  }
  PetscCall(DeckAppend(buffer, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool is_plain(const char text[])
{
  static const char *const reserved[] = {"true", "false", "null", "Null", "NULL"};
  double number;

  if (!isalpha((unsigned char)text[0]) && !strchr("/._", text[0])) return PETSC_FALSE;
  for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
    if (!strcmp(text, reserved[i])) return PETSC_FALSE;
  for (const char *c = text; *c; c++)
    if (!isalnum((unsigned char)*c) && !strchr("/._-+", *c)) return PETSC_FALSE;
  return (PetscBool)(text[0] && !DeckParseReal(text, &number));
}

static PetscErrorCode append_escaped(DeckBuffer *buffer, char c)
{
  PetscFunctionBeginUser;
  if (c == '"' || c == '\\')
    PetscCall(DeckPrint(buffer, "\\%c", c));
  else if (c == '\n')
    PetscCall(DeckAppend(buffer, "\\n"));
  else if (iscntrl((unsigned char)c))
    PetscCall(DeckPrint(buffer, "\\x%02x", (unsigned char)c));
  else
    PetscCall(append_bytes(buffer, &c, 1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DeckPrintText(DeckBuffer *buffer, const char text[])
{
  PetscFunctionBeginUser;
  if (is_plain(text)) {
    PetscCall(DeckAppend(buffer, text));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(DeckAppend(buffer, "\""));
  for (const char *c = text; *c; c++) PetscCall(append_escaped(buffer, *c));
  PetscCall(DeckAppend(buffer, "\""));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DeckShorten(DeckBuffer *buffer, size_t start)
{
  size_t cut = start + DECK_SHOWN_MAX;

  PetscFunctionBeginUser;
  if (buffer->length <= cut) PetscFunctionReturn(PETSC_SUCCESS);
  while (cut > start && ((unsigned char)buffer->text[cut] & 0xC0) == 0x80) cut--; /* inside UTF-8 */
  buffer->length = cut;
  buffer->text[cut] = 0;
  PetscCall(DeckAppend(buffer, " ..."));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode DeckPrintShown(DeckBuffer *buffer, const char text[])
{
  size_t start;

  PetscFunctionBeginUser;
  PetscCall(DeckAppend(buffer, "\""));
  start = buffer->length;
  for (const char *c = text; *c && buffer->length <= start + DECK_SHOWN_MAX + 4; c++)
    PetscCall(append_escaped(buffer, *c));
  PetscCall(DeckShorten(buffer, start));
  PetscCall(DeckAppend(buffer, "\""));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- reading numbers ---- */

static const char *skip_digits(const char *c)
{
  while (isdigit((unsigned char)*c)) c++;
  return c;
}

/* Where a decimal number at the start of the text ends; text itself when there is none. */
static const char *number_end(const char *text)
{
  const char *start = text + (*text == '+' || *text == '-'), *c = skip_digits(start);
  size_t digits = (size_t)(c - start);

  if (*c == '.') {
    const char *fraction = skip_digits(c + 1);

    digits += (size_t)(fraction - c - 1);
    c = fraction;
  }
  if (!digits) return text;
  if (*c == 'e' || *c == 'E') {
    const char *exponent = c + 1 + (c[1] == '+' || c[1] == '-');

    if (isdigit((unsigned char)*exponent)) c = skip_digits(exponent);
  }
  return c;
}

/* A finite decimal number; the cursor moves behind it. strtod alone would take hex, inf and nan. */
static PetscBool read_number(const char **cursor, double *value)
{
  const char *end = number_end(*cursor);
  char *stop;

  if (end == *cursor) return PETSC_FALSE;
  errno = 0;
  *value = strtod(*cursor, &stop);
  if (stop != end || !isfinite(*value) || errno == ERANGE) return PETSC_FALSE;
  *cursor = end;
  return PETSC_TRUE;
}

PetscBool DeckParseReal(const char text[], double *value)
{
  return (PetscBool)(read_number(&text, value) && !*text);
}

PetscBool DeckParseInt(const char text[], PetscInt *value)
{
  const double exact = 9007199254740992.0; /* 2^53: beyond, a double no longer names one integer */
  const char *digits = text + (*text == '+' || *text == '-');
  double real;

  if (*digits && !*skip_digits(digits)) {
    long long whole;

    errno = 0;
    whole = strtoll(text, NULL, 10);
    *value = (PetscInt)whole;
    return (PetscBool)(errno != ERANGE && whole >= PETSC_MIN_INT && whole <= PETSC_MAX_INT);
  }
  if (!DeckParseReal(text, &real) || real != floor(real) || fabs(real) > exact) return PETSC_FALSE;
  if (real < (double)PETSC_MIN_INT || real > (double)PETSC_MAX_INT) return PETSC_FALSE;
  *value = (PetscInt)real;
  return PETSC_TRUE;
}

typedef struct {
  const char *name;
  double factor;
} Unit;

static const Unit durations[] = {{"", 1}, {"s", 1}, {"ms", 1e-3}, {"min", 60}, {"h", 3600}, {"d", 86400}};
static const Unit sizes[] = {{"", 1},
                             {"B", 1},
                             {"kB", 1e3},
                             {"KB", 1e3},
                             {"KiB", 1024.0},
                             {"MB", 1e6},
                             {"MiB", 1048576.0},
                             {"GB", 1e9},
                             {"GiB", 1073741824.0},
                             {"TB", 1e12},
                             {"TiB", 1099511627776.0}};

/* A non-negative number, perhaps blanks, and a unit of the table. */
static PetscBool parse_with_unit(const char text[], size_t count, const Unit units[], double *value)
{
  if (!read_number(&text, value) || signbit(*value)) return PETSC_FALSE;
  while (*text == ' ') text++;
  for (size_t i = 0; i < count; i++)
    if (!strcmp(text, units[i].name)) {
      *value *= units[i].factor;
      return (PetscBool)isfinite(*value);
    }
  return PETSC_FALSE;
}

/* h:mm:ss; two numbers alone could be either minutes or hours, so they are refused. */
static PetscBool parse_clock(const char text[], double *seconds)
{
  int hours, minutes, rest, end = 0;

  if (strspn(text, "0123456789:") != strlen(text) || strlen(text) > 11) return PETSC_FALSE;
  if (sscanf(text, "%5d:%2d:%2d%n", &hours, &minutes, &rest, &end) != 3) return PETSC_FALSE;
  if (text[end] || minutes > 59 || rest > 59) return PETSC_FALSE;
  *seconds = 3600.0 * hours + 60.0 * minutes + rest;
  return PETSC_TRUE;
}

PetscBool DeckParseDuration(const char text[], double *seconds)
{
  if (strchr(text, ':')) return parse_clock(text, seconds);
  return parse_with_unit(text, sizeof(durations) / sizeof(durations[0]), durations, seconds);
}

PetscBool DeckParseBytes(const char text[], double *bytes)
{
  return parse_with_unit(text, sizeof(sizes) / sizeof(sizes[0]), sizes, bytes);
}

/* ---- nearest names ---- */

static int fold(char c)
{
  return c == '-' ? '_' : tolower((unsigned char)c);
}

/*
  Insertions, deletions, replacements and swaps of neighbours that turn a into b (optimal string
  alignment: Damerau 1964, Wagner and Fischer 1974), blind to case and to - against _.
*/
static int distance(const char a[], const char b[])
{
  const int m = (int)strlen(a), n = (int)strlen(b); /* both at most DECK_KEY_MAX */
  int row[3][DECK_KEY_MAX + 1];

  for (int j = 0; j <= n; j++) row[0][j] = j;
  for (int i = 1; i <= m; i++) {
    const int *before = row[(i + 1) % 3], *above = row[(i + 2) % 3];
    int *d = row[i % 3];

    d[0] = i;
    for (int j = 1; j <= n; j++) {
      d[j] = PetscMin(PetscMin(above[j], d[j - 1]) + 1, above[j - 1] + (fold(a[i - 1]) != fold(b[j - 1])));
      if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) && fold(a[i - 2]) == fold(b[j - 1]))
        d[j] = PetscMin(d[j], before[j - 2] + 1);
    }
  }
  return row[m % 3][n];
}

const char *SinewNearestName(const char word[], PetscInt count, const char *const names[])
{
  const size_t length = strlen(word);
  const char *best = NULL;
  int nearest = length < 3 ? 0 : (int)PetscMin(3, (length + 1) / 3);

  if (length > DECK_KEY_MAX) return NULL;
  for (PetscInt i = 0; i < count; i++) {
    const size_t other = strlen(names[i]);
    int d;

    if (other > DECK_KEY_MAX || other > length + 3 || length > other + 3) continue;
    d = distance(word, names[i]);
    if (d > nearest || (best && d == nearest)) continue;
    best = names[i];
    nearest = d;
  }
  return best;
}
