/* sinew info: one page about a file: what it is, what made it, what is in it and whether it is whole. */
#include "cli/command.h"
#include "io/arrays.h"
#include "io/compare.h"
#include <string.h>
#include <sys/stat.h>

#define TEXT_MAX  72 /* of a text attribute */
#define REALS_MAX 64 /* entries of a numeric attribute */

#define print(...) PetscPrintf(PETSC_COMM_WORLD, __VA_ARGS__)

static const char usage[] = "sinew info FILE\n"
                            "\n"
                            "What an output or a checkpoint is, what made it, what is in it, and whether it is whole.\n"
                            "\n"
                            "Exit code: 0 a file whose checksums hold, 2 a damaged one or none.\n";

/* ---- attributes ---- */

static PetscErrorCode print_line(const char key[], const char text[])
{
  PetscFunctionBeginUser;
  PetscCall(print("  %-16s  %s\n", key, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The first line of a text, cut at TEXT_MAX bytes but not within a character of UTF-8. */
static PetscErrorCode print_text(const char key[], const char text[])
{
  const size_t size = strlen(text), line = strcspn(text, "\n");
  size_t lines = 1, n = PetscMin(line, TEXT_MAX);
  char cut[TEXT_MAX + 64];

  PetscFunctionBeginUser;
  while (n < line && n && ((unsigned char)text[n] & 0xC0) == 0x80) --n;
  for (const char *p = text; (p = strchr(p, '\n')) && p[1]; ++p) ++lines;
  if (lines > 1)
    (void)snprintf(cut, sizeof(cut), "%.*s ... (%zu lines)", (int)n, text, lines);
  else if (n < line)
    (void)snprintf(cut, sizeof(cut), "%.*s ... (%zu bytes)", (int)n, text, size);
  else
    (void)snprintf(cut, sizeof(cut), "%.*s", (int)n, text);
  PetscCall(print_line(key, cut));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode print_reals(const char key[], PetscInt n, const double value[])
{
  char text[256] = "";
  size_t used = 0;

  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < n && used < TEXT_MAX; ++i)
    used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%.12g", i ? " " : "", value[i]);
  if (used >= TEXT_MAX) (void)snprintf(text + used, sizeof(text) - used, " ... (%" PetscInt_FMT ")", n);
  PetscCall(print_line(key, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The attribute as text, or as n numbers, or as neither. Other programs' attributes may be of any type:
 * one that cannot be read is no error here. */
static PetscErrorCode read_attribute(SinewFile file, const char key[], char **text, PetscInt *n, double value[])
{
  PetscErrorCode code;

  PetscFunctionBeginUser;
  *n = 0;
  PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  code = SinewFileReadString(file, "/", key, text);
  if (code) *text = NULL;
  if (!*text && (!code || code == SINEW_ERR_INPUT)) code = SinewFileReadReals(file, "/", key, REALS_MAX, n, value);
  PetscCall(PetscPopErrorHandler());
  if (code != SINEW_ERR_INPUT) PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode print_attribute(SinewFile file, const char key[])
{
  double value[REALS_MAX];
  char *text;
  PetscInt n;

  PetscFunctionBeginUser;
  PetscCall(read_attribute(file, key, &text, &n, value));
  if (text)
    PetscCall(print_text(key, text));
  else if (n)
    PetscCall(print_reals(key, n, value));
  else
    PetscCall(print_line(key, "(not shown)"));
  PetscCall(PetscFree(text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The line "title: ..." of a deck's text, without quotes; cut out in place. NULL when there is none. */
static char *title_in(char deck[])
{
  char *line = deck, *end;

  while (line && strncmp(line, "title:", 6)) {
    line = strchr(line, '\n');
    if (line) ++line;
  }
  if (!line) return NULL;
  line += 6 + strspn(line + 6, " \t");
  end = line + strcspn(line, "\r\n");
  if (end - line > 1 && (*line == '"' || *line == '\'') && end[-1] == *line) {
    ++line;
    --end;
  }
  *end = 0;
  return line;
}

/* What the file calls itself, or else the deck in it. */
static PetscErrorCode print_title(SinewFile file)
{
  char *title, *deck, *text;
  double value[REALS_MAX];
  PetscInt n;

  PetscFunctionBeginUser;
  PetscCall(read_attribute(file, "title", &title, &n, value));
  PetscCall(read_attribute(file, "deck", &deck, &n, value));
  text = title ? title : title_in(deck);
  if (text && text[0]) PetscCall(print_text("title", text));
  PetscCall(PetscFree(title));
  PetscCall(PetscFree(deck));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Those that the head of the page has said. */
static PetscBool is_head(const char key[])
{
  static const char *const head[] = {"format", "format_version", "title"};

  for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); ++i)
    if (!strcmp(key, head[i])) return PETSC_TRUE;
  return PETSC_FALSE;
}

static PetscErrorCode print_attributes(SinewFile file)
{
  PetscInt count;
  char **keys;

  PetscFunctionBeginUser;
  PetscCall(print_title(file));
  PetscCall(SinewFileListAttributes(file, "/", &count, &keys));
  for (PetscInt i = 0; i < count; ++i) {
    if (!is_head(keys[i])) PetscCall(print_attribute(file, keys[i]));
    PetscCall(PetscFree(keys[i]));
  }
  PetscCall(PetscFree(keys));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- arrays ---- */

static const char *const verdicts[] = {"none", "ok", "DAMAGED"}; /* by SinewVerdict */

typedef struct {
  char *name;
  char shape[96];
  SinewDtype dtype;
  SinewVerdict verdict;
  PetscBool ranged;
  double least, greatest, mean;
} Row;

static PetscErrorCode shape_text(const SinewArray *array, size_t size, char text[])
{
  size_t used = 0;

  PetscFunctionBeginUser;
  (void)snprintf(text, size, "scalar");
  for (int d = 0; d < array->rank && used < size; ++d)
    used += (size_t)snprintf(text + used, size - used, "%s%lld", d ? "x" : "", (long long)array->shape[d]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_array(SinewFile file, Row *row)
{
  SinewArray array;
  PetscBool exists;
  char why[512];

  PetscFunctionBeginUser;
  PetscCall(SinewFileInquire(file, row->name, &exists, &array));
  if (!exists) PetscFunctionReturn(PETSC_SUCCESS);
  row->dtype = array.dtype;
  PetscCall(shape_text(&array, sizeof(row->shape), row->shape));
  PetscCall(SinewFileVerifyArray(file, row->name, &row->verdict, sizeof(why), why));
  if (!SinewArraySize(&array) || row->verdict == SINEW_DAMAGED) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewArrayRange(PETSC_COMM_WORLD, file, row->name, &row->least, &row->greatest, &row->mean));
  row->ranged = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An array that cannot be read is a damaged one: a line of the page, not its end. */
static PetscErrorCode fill_row(SinewFile file, char name[], Row *row)
{
  PetscErrorCode code;

  PetscFunctionBeginUser;
  row->name = name;
  row->verdict = SINEW_DAMAGED;
  PetscCall(PetscStrncpy(row->shape, "?", sizeof(row->shape)));
  PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  code = read_array(file, row);
  PetscCall(PetscPopErrorHandler());
  if (code == SINEW_ERR_INPUT)
    row->verdict = SINEW_DAMAGED;
  else
    PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode print_row(const Row *row, int width, int wide)
{
  static const char *const dtypes[] = {"float64", "float32", "int64", "int32", "uint8"};

  PetscFunctionBeginUser;
  PetscCall(print("  %-*s  %-*s  %-7s", width, row->name, wide, row->shape, dtypes[row->dtype]));
  if (row->ranged)
    PetscCall(print("  %12.5g  %12.5g  %12.5g", row->least, row->greatest, row->mean));
  else
    PetscCall(print("  %12s  %12s  %12s", "-", "-", "-"));
  PetscCall(print("  %s\n", verdicts[row->verdict]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode print_arrays(SinewFile file, SinewVerdict *worst)
{
  PetscInt count;
  char **names;
  Row *rows;
  int width = 5, wide = 5;

  PetscFunctionBeginUser;
  *worst = SINEW_UNVERIFIED;
  PetscCall(SinewFileList(file, "/", &count, &names));
  PetscCall(PetscCalloc1(count, &rows));
  for (PetscInt i = 0; i < count; ++i) {
    PetscCall(fill_row(file, names[i], &rows[i]));
    width = PetscMax(width, (int)strlen(names[i]));
    wide = PetscMax(wide, (int)strlen(rows[i].shape));
    *worst = PetscMax(*worst, rows[i].verdict);
  }
  PetscCall(print("\n  %-*s  %-*s  %-7s  %12s  %12s  %12s  checksum\n", width, "array", wide, "shape", "dtype", "min",
                  "max", "mean"));
  for (PetscInt i = 0; i < count; ++i) {
    PetscCall(print_row(&rows[i], width, wide));
    PetscCall(PetscFree(names[i]));
  }
  PetscCall(PetscFree(rows));
  PetscCall(PetscFree(names));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the page ---- */

static PetscErrorCode print_kind(SinewFile file)
{
  char *format, text[128];
  double version[REALS_MAX];
  PetscInt n, fields;
  char **names, *none;

  PetscFunctionBeginUser;
  PetscCall(read_attribute(file, "format", &format, &n, version));
  PetscCall(read_attribute(file, "format_version", &none, &n, version));
  PetscCall(PetscFree(none));
  PetscCall(SinewFileList(file, "/fields", &fields, &names));
  for (PetscInt i = 0; i < fields; ++i) PetscCall(PetscFree(names[i]));
  PetscCall(PetscFree(names));
  if (format && n)
    (void)snprintf(text, sizeof(text), "%.96s, format %g", format, version[0]);
  else
    (void)snprintf(text, sizeof(text), "%.96s", format ? format : fields ? "output of a series" : "HDF5 file");
  PetscCall(print_line("kind", text));
  PetscCall(PetscFree(format));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode print_size(const char path[])
{
  struct stat status;
  char text[64];

  PetscFunctionBeginUser;
  if (stat(path, &status)) PetscFunctionReturn(PETSC_SUCCESS);
  (void)snprintf(text, sizeof(text), "%.3f MiB", (double)status.st_size / 1048576.);
  PetscCall(print_line("size", text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode info(const char path[], int *code)
{
  SinewFile file;
  SinewVerdict worst;

  PetscFunctionBeginUser;
  PetscCall(SinewFileOpen(PETSC_COMM_WORLD, path, &file));
  PetscCall(print("%s\n", path));
  PetscCall(print_kind(file));
  PetscCall(print_size(path));
  PetscCall(print_attributes(file));
  PetscCall(print_arrays(file, &worst));
  PetscCall(print("\n  checksums: %s\n", verdicts[worst]));
  PetscCall(SinewFileClose(&file));
  if (worst == SINEW_DAMAGED) *code = SINEW_EXIT_INPUT;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode CommandInfo(int argc, char **argv, int *code)
{
  PetscFunctionBeginUser;
  *code = SINEW_EXIT_DONE;
  if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
    PetscCall(print("%s", usage));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCheck(argc == 2, PETSC_COMM_WORLD, SINEW_ERR_INPUT, "info: name one file (sinew info FILE)");
  PetscCheck(argv[1][0] != '-', PETSC_COMM_WORLD, SINEW_ERR_INPUT, "info: unknown option '%s'", argv[1]);
  PetscCall(info(argv[1], code));
  PetscFunctionReturn(PETSC_SUCCESS);
}
