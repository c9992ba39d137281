/* sinew compare: how far the fields of two files are apart, and whether that is within a tolerance. */
#include "io/compare.h"
#include "cli/command.h"
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 64

static const char usage[] =
    "sinew compare A B [--tolerance T] [--norm l1|l2|linf] [--relative] [--fields a,b]\n"
    "\n"
    "Differences of the fields of two HDF5 files (outputs or checkpoints), or of all arrays where there\n"
    "are no fields (data sets, weights). Where resolutions differ\n"
    "by whole factors, the finer is averaged to the coarser.\n"
    "\n"
    "  --tolerance T  largest difference that passes (default 0: equal values)\n"
    "  --norm NORM    what is held against T: l1 (mean), l2 (root mean square) or linf (maximum;\n"
    "                 default)\n"
    "  --relative     divided by the same norm of B\n"
    "  --fields a,b   only these\n"
    "\n"
    "Exit code: 0 within the tolerance, 1 outside, 2 files that cannot be compared.\n";

typedef enum { NORM_L1, NORM_L2, NORM_LINF } Norm;

typedef struct {
  const char *path[2];
  int paths;
  double tolerance;
  Norm norm;
  PetscBool relative, help;
  char *fields; /* the list, cut up */
  PetscInt names;
  const char *name[FIELDS_MAX];
} Request;

/* ---- words ---- */

/* The value of --NAME VALUE or --NAME=VALUE when argv[*i] is that option; else NULL in *value. */
static PetscErrorCode option_value(int argc, char **argv, int *i, const char name[], const char **value)
{
  const size_t length = strlen(name);

  PetscFunctionBeginUser;
  *value = NULL;
  if (strncmp(argv[*i], name, length)) PetscFunctionReturn(PETSC_SUCCESS);
  if (argv[*i][length] == '=')
    *value = argv[*i] + length + 1;
  else if (!argv[*i][length]) {
    PetscCheck(*i + 1 < argc, PETSC_COMM_WORLD, SINEW_ERR_INPUT, "compare: %s needs a value", name);
    *value = argv[++*i];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode set_tolerance(const char text[], Request *request)
{
  char *end;

  PetscFunctionBeginUser;
  request->tolerance = strtod(text, &end);
  PetscCheck(end != text && !*end && request->tolerance >= 0, PETSC_COMM_WORLD, SINEW_ERR_INPUT,
             "compare: --tolerance '%s' is not a number from 0 up", text);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode set_norm(const char text[], Request *request)
{
  static const char *const names[] = {"l1", "l2", "linf"};
  int norm = 0;

  PetscFunctionBeginUser;
  while (norm < 3 && strcmp(text, names[norm])) ++norm;
  PetscCheck(norm < 3, PETSC_COMM_WORLD, SINEW_ERR_INPUT, "compare: --norm '%s' is none of l1, l2, linf", text);
  request->norm = (Norm)norm;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode set_fields(const char text[], Request *request)
{
  char *rest;

  PetscFunctionBeginUser;
  PetscCall(PetscFree(request->fields));
  PetscCall(PetscStrallocpy(text, &request->fields));
  request->names = 0;
  for (char *word = strtok_r(request->fields, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
    PetscCheck(request->names < FIELDS_MAX, PETSC_COMM_WORLD, SINEW_ERR_INPUT, "compare: more than %d fields",
               FIELDS_MAX);
    request->name[request->names++] = word;
  }
  PetscCheck(request->names, PETSC_COMM_WORLD, SINEW_ERR_INPUT, "compare: --fields names none");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The option or file at argv[*i]; *i is left on its last word. */
static PetscErrorCode read_word(int argc, char **argv, int *i, Request *request)
{
  typedef PetscErrorCode Setter(const char text[], Request *request);
  static const struct {
    const char *name;
    Setter *set;
  } options[] = {{"--tolerance", set_tolerance}, {"--norm", set_norm}, {"--fields", set_fields}};
  const char *word = argv[*i], *value;

  PetscFunctionBeginUser;
  for (size_t k = 0; k < sizeof(options) / sizeof(options[0]); ++k) {
    PetscCall(option_value(argc, argv, i, options[k].name, &value));
    if (!value) continue;
    PetscCall(options[k].set(value, request));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (!strcmp(word, "--relative"))
    request->relative = PETSC_TRUE;
  else if (!strcmp(word, "--help") || !strcmp(word, "-h"))
    request->help = PETSC_TRUE;
  else {
    PetscCheck(word[0] != '-', PETSC_COMM_WORLD, SINEW_ERR_INPUT, "compare: unknown option '%s'", word);
    PetscCheck(request->paths < 2, PETSC_COMM_WORLD, SINEW_ERR_INPUT, "compare: two files, but there is also '%s'",
               word);
    request->path[request->paths++] = word;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_words(int argc, char **argv, Request *request)
{
  PetscFunctionBeginUser;
  for (int i = 1; i < argc; ++i) PetscCall(read_word(argc, argv, &i, request));
  PetscCheck(request->help || request->paths == 2, PETSC_COMM_WORLD, SINEW_ERR_INPUT,
             "compare: name two files (sinew compare A B)");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the table ---- */

static double ratio(double difference, double reference)
{
  return difference == 0 ? 0 : difference / reference; /* infinite where B is zero and A is not */
}

static double measure(const SinewComparison *c, const Request *request)
{
  const double of[3] = {c->difference.mean, c->difference.rms, c->difference.max};
  const double to[3] = {c->reference.mean, c->reference.rms, c->reference.max};

  return request->relative ? ratio(of[request->norm], to[request->norm]) : of[request->norm];
}

static PetscErrorCode print_head(char mark, SinewFile file, const char path[])
{
  PetscInt64 step;
  double time;
  PetscInt n;

  PetscFunctionBeginUser;
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%c  %s", mark, path));
  PetscCall(SinewFileReadInts(file, "/", "step", 1, &n, &step));
  if (n) PetscCall(PetscPrintf(PETSC_COMM_WORLD, "  step %lld", (long long)step));
  PetscCall(SinewFileReadReals(file, "/", "time", 1, &n, &time));
  if (n) PetscCall(PetscPrintf(PETSC_COMM_WORLD, "  t = %.10g", time));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "\n"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode shape_text(const SinewComparison *c, size_t size, char text[])
{
  size_t used = 0;

  PetscFunctionBeginUser;
  text[0] = 0;
  for (int d = 0; d < c->rank && used < size; ++d)
    used += (size_t)snprintf(text + used, size - used, "%s%lld", d ? "x" : "", (long long)c->shape[d]);
  if (c->averaged && used < size) (void)snprintf(text + used, size - used, "*");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode print_table(PetscInt n, const SinewComparison c[], const Request *request, int *code)
{
  PetscBool averaged = PETSC_FALSE;
  char shape[96];
  int width = 5, wide = 5;

  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < n; ++i) {
    PetscCall(shape_text(&c[i], sizeof(shape), shape));
    width = PetscMax(width, (int)strlen(c[i].name));
    wide = PetscMax(wide, (int)strlen(shape));
    averaged = (PetscBool)(averaged || c[i].averaged);
  }
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-*s  %-*s  %11s  %11s  %11s  %11s  %11s  %11s\n", width, "field", wide,
                        "shape", "mean|A-B|", "rms", "max", "rel. mean", "rel. rms", "rel. max"));
  for (PetscInt i = 0; i < n; ++i) {
    const SinewNorms *d = &c[i].difference, *b = &c[i].reference;
    const PetscBool within = (PetscBool)(measure(&c[i], request) <= request->tolerance); /* false for NaN */

    if (!within) *code = 1;
    PetscCall(shape_text(&c[i], sizeof(shape), shape));
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-*s  %-*s  %11.4e  %11.4e  %11.4e  %11.4e  %11.4e  %11.4e%s\n", width,
                          c[i].name, wide, shape, d->mean, d->rms, d->max, ratio(d->mean, b->mean),
                          ratio(d->rms, b->rms), ratio(d->max, b->max), within ? "" : "  outside"));
  }
  if (averaged) PetscCall(PetscPrintf(PETSC_COMM_WORLD, "* the finer one averaged to this shape\n"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode print_result(PetscInt n, const SinewComparison c[], const Request *request, int *code)
{
  static const char *const names[] = {"mean", "rms", "max"};

  PetscFunctionBeginUser;
  *code = SINEW_EXIT_DONE;
  PetscCall(print_table(n, c, request, code));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s: %s%s %s %.12g\n", *code ? "different" : "same",
                        request->relative ? "relative " : "", names[request->norm], *code ? "not within" : "within",
                        request->tolerance));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Block means count cells alike, whatever their size: worth a word when that matters. */
static PetscErrorCode warn_of_mesh(SinewFile file[2], PetscInt n, const SinewComparison c[])
{
  PetscBool averaged = PETSC_FALSE, uneven = PETSC_FALSE;
  char *kind;

  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < n; ++i) averaged = (PetscBool)(averaged || c[i].averaged);
  for (int s = 0; s < 2 && averaged; ++s) {
    PetscCall(SinewFileReadString(file[s], "/", "mesh_kind", &kind));
    uneven = (PetscBool)(uneven || (kind && strcmp(kind, "uniform")));
    PetscCall(PetscFree(kind));
  }
  if (uneven)
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "note: the mesh is not uniform, the averages weigh all cells alike\n"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode compare(const Request *request, int *code)
{
  SinewFile file[2] = {NULL, NULL};
  SinewComparison *result;
  PetscInt n;

  PetscFunctionBeginUser;
  for (int s = 0; s < 2; ++s) PetscCall(SinewFileOpen(PETSC_COMM_WORLD, request->path[s], &file[s]));
  PetscCall(SinewCompareFields(PETSC_COMM_WORLD, file[0], file[1], request->names, request->name, &n, &result));
  for (int s = 0; s < 2; ++s) PetscCall(print_head("AB"[s], file[s], request -> path[s]));
  PetscCall(warn_of_mesh(file, n, result));
  PetscCall(print_result(n, result, request, code));
  PetscCall(PetscFree(result));
  for (int s = 0; s < 2; ++s) PetscCall(SinewFileClose(&file[s]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode CommandCompare(int argc, char **argv, int *code)
{
  Request request = {.norm = NORM_LINF};

  PetscFunctionBeginUser;
  *code = SINEW_EXIT_DONE;
  PetscCall(read_words(argc, argv, &request));
  if (request.help)
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s", usage));
  else
    PetscCall(compare(&request, code));
  PetscCall(PetscFree(request.fields));
  PetscFunctionReturn(PETSC_SUCCESS);
}
