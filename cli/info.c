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

/* ---- attributes --------------------------------------------------------------------------------- */

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

static PetscErrorCode print_attribute(SinewFile file, const char key[])
{
  double value[REALS_MAX];
  char *text;
  PetscInt n = 0;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(SinewFileReadString(file, "/", key, &text));
  if (text) {
    PetscCall(print_text(key, text));
    PetscCall(PetscFree(text));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  /* other programs' attributes may be of any type: one that is unknown is no error here */
  PetscCall(PetscPushErrorHandler(PetscIgnoreErrorHandler, NULL));
  code = SinewFileReadReals(file, "/", key, REALS_MAX, &n, value);
  PetscCall(PetscPopErrorHandler());
  if (code)
    PetscCall(print_line(key, "(not shown)"));
  else
    PetscCall(print_reals(key, n, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The title in a deck's text: its line "title: ...", without quotes. */
static PetscErrorCode print_title(SinewFile file)
{
  char *deck, *line, *end;

  PetscFunctionBeginUser;
  PetscCall(SinewFileReadString(file, "/", "deck", &deck));
  line = deck;
  while (line && strncmp(line, "title:", 6)) {
    line = strchr(line, '\n');
    if (line) ++line;
  }
  if (line) {
    line += 6 + strspn(line + 6, " \t");
    end = line + strcspn(line, "\r\n");
    if (end - line > 1 && (*line == '"' || *line == '\'') && end[-1] == *line) {
      ++line;
      --end;
    }
    *end = 0;
    PetscCall(print_text("title", line));
  }
  PetscCall(PetscFree(deck));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode print_attributes(SinewFile file)
{
  PetscInt count;
  char **keys;

  PetscFunctionBeginUser;
  PetscCall(print_title(file));
  PetscCall(SinewFileListAttributes(file, "/", &count, &keys));
  for (PetscInt i = 0; i < count; ++i) {
    if (strcmp(keys[i], "format") && strcmp(keys[i], "format_version")) PetscCall(print_attribute(file, keys[i]));
    PetscCall(PetscFree(keys[i]));
  }
  PetscCall(PetscFree(keys));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- arrays ------------------------------------------------------------------------------------- */

static const char *const verdicts[] = {"none", "ok", "DAMAGED"}; /* by SinewVerdict */

typedef struct {
  char *name;
  char shape[96];
  SinewDtype dtype;
  SinewVerdict verdict;
  PetscBool ranged;
  double least, greatest, mean;
} Row;

static PetscErrorCode fill_row(SinewFile file, char name[], Row *row)
{
  SinewArray array;
  PetscBool exists;
  PetscInt64 n = 1;
  char why[512];
  size_t used = 0;

  PetscFunctionBeginUser;
  row->name = name;
  PetscCall(SinewFileInquire(file, name, &exists, &array));
  row->dtype = array.dtype;
  (void)snprintf(row->shape, sizeof(row->shape), "scalar");
  for (int d = 0; d < array.rank && used < sizeof(row->shape); ++d) {
    used += (size_t)snprintf(row->shape + used, sizeof(row->shape) - used, "%s%lld", d ? "x" : "",
                             (long long)array.shape[d]);
    n *= array.shape[d];
  }
  PetscCall(SinewFileVerifyArray(file, name, &row->verdict, sizeof(why), why));
  row->ranged = (PetscBool)(n > 0 && row->verdict != SINEW_DAMAGED);
  if (row->ranged) PetscCall(SinewArrayRange(PETSC_COMM_WORLD, file, name, &row->least, &row->greatest, &row->mean));
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

/* ---- the page ----------------------------------------------------------------------------------- */

static PetscErrorCode print_kind(SinewFile file, const char path[])
{
  char *format, text[128];
  PetscInt64 version;
  PetscInt n, fields, i;
  char **names;
  struct stat status;

  PetscFunctionBeginUser;
  PetscCall(print("%s\n", path));
  PetscCall(SinewFileReadString(file, "/", "format", &format));
  PetscCall(SinewFileReadInts(file, "/", "format_version", 1, &n, &version));
  PetscCall(SinewFileList(file, "/fields", &fields, &names));
  for (i = 0; i < fields; ++i) PetscCall(PetscFree(names[i]));
  PetscCall(PetscFree(names));
  if (format && n)
    (void)snprintf(text, sizeof(text), "%.96s, format %lld", format, (long long)version);
  else
    (void)snprintf(text, sizeof(text), "%.96s", format ? format : fields ? "output of a series" : "HDF5 file");
  PetscCall(print_line("kind", text));
  PetscCall(PetscFree(format));
  if (!stat(path, &status)) {
    (void)snprintf(text, sizeof(text), "%.3f MiB", (double)status.st_size / 1048576.);
    PetscCall(print_line("size", text));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode info(const char path[], int *code)
{
  SinewFile file;
  SinewVerdict worst;

  PetscFunctionBeginUser;
  PetscCall(SinewFileOpen(PETSC_COMM_WORLD, path, &file));
  PetscCall(print_kind(file, path));
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
