#include "solvers/grid_section.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  SinewIntList cells, ranks;
  SinewRealList lower, upper;
  SinewNode stretch, boundary;
} Values;

#define VALUE(member) offsetof(Values, member)
const SinewKey SinewGridKeys[] = {
    {.name = "cells",
     .type = SINEW_KEY_INTS,
     .offset = VALUE(cells),
     .min = 1,
     .max = 1e9,
     .least = 1,
     .most = 3,
     .required = PETSC_TRUE,
     .doc = "cells along x, y, z; their number is the dimension",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "lower",
     .type = SINEW_KEY_REALS,
     .offset = VALUE(lower),
     .standard = "0",
     .least = 1,
     .most = 3,
     .doc = "lower corner",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "upper",
     .type = SINEW_KEY_REALS,
     .offset = VALUE(upper),
     .standard = "1",
     .least = 1,
     .most = 3,
     .doc = "upper corner",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "ranks",
     .type = SINEW_KEY_INTS,
     .offset = VALUE(ranks),
     .standard = "0",
     .min = 0,
     .max = 1e9,
     .least = 1,
     .most = 3,
     .doc = "ranks along each axis; 0: chosen by Sinew",
     .change = SINEW_CHANGE_FREE},
    {.name = "stretch",
     .type = SINEW_KEY_NODE,
     .offset = VALUE(stretch),
     .doc = "{x: formula in x, ...}: positions of a uniform coordinate; monotone, keeps the ends",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "boundary",
     .type = SINEW_KEY_NODE,
     .offset = VALUE(boundary),
     .doc = "{x: ..., y: ..., z: ...}: periodic (standard), outflow, wall, no_slip, inflow, dirichlet, exact, table; "
            "{lower: ..., upper: ...}; lists of pieces with `where`",
     .change = SINEW_CHANGE_FROZEN},
    {.name = NULL}};

static const char *const axes[] = {"x", "y", "z"};

/* One number for all axes, or one each. */
static PetscReal pick(const SinewRealList *list, PetscInt d)
{
  return list->value[list->n == 1 ? 0 : PetscMin(d, list->n - 1)];
}

static PetscErrorCode check_lengths(SinewDeck deck, SinewNode grid, PetscInt dim, PetscInt n, const char key[])
{
  char path[32];

  PetscFunctionBeginUser;
  if (n == 1 || n == dim) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscSNPrintf(path, sizeof(path), "grid.%s", key));
  PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, grid, key), path,
                             "expected 1 or %" PetscInt_FMT " numbers, found %" PetscInt_FMT, dim, n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewGridSectionRead(SinewDeck deck, SinewGridSection *section)
{
  const SinewNode grid = SinewNodeGet(deck, SinewDeckRoot(deck), "grid");
  SinewGridOptions *o = &section->options;
  Values v;

  PetscFunctionBeginUser;
  PetscCall(PetscMemzero(section, sizeof(*section)));
  PetscCall(PetscMemzero(&v, sizeof(v)));
  PetscCall(SinewDeckRead(deck, grid, "grid", SinewGridKeys, &v));
  o->dim = v.cells.n;
  if (o->dim < 1) /* a mistake among the cells: their number still says how much is expected elsewhere */
    o->dim = PetscMin(SinewNodeCount(deck, SinewNodeGet(deck, grid, "cells")), 3);
  if (o->dim < 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(check_lengths(deck, grid, o->dim, v.lower.n, "lower"));
  PetscCall(check_lengths(deck, grid, o->dim, v.upper.n, "upper"));
  PetscCall(check_lengths(deck, grid, o->dim, v.ranks.n, "ranks"));
  if (v.stretch != SINEW_NODE_NONE)
    PetscCall(SinewDeckReadExpressions(deck, v.stretch, "grid.stretch", o->dim, axes, section->stretch));
  for (PetscInt d = 0; d < o->dim; d++) {
    o->cells[d] = v.cells.value[d];
    o->lower[d] = pick(&v.lower, d);
    o->upper[d] = pick(&v.upper, d);
    o->ranks[d] = v.ranks.n == o->dim ? v.ranks.value[d] : 0;
    o->mapped[d] = (PetscBool)(section->stretch[d] != NULL);
    o->periodic[d] = PETSC_TRUE;
    if (o->lower[d] >= o->upper[d])
      PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, grid, "upper"), "grid.upper",
                                 "expected more than grid.lower (%g) along %s, found %g", (double)o->lower[d], axes[d],
                                 (double)o->upper[d]));
  }
  o->map = SinewGridSectionMap;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewGridSectionMap(void *context, PetscInt axis, PetscInt n, const PetscReal s[], PetscReal x[])
{
  const SinewGridSection *section = (const SinewGridSection *)context;
  const SinewExpression e = section->stretch[axis];

  PetscFunctionBeginUser;
  PetscCall(SinewExpressionEvaluateRow(e, n, axis == 0 ? s : NULL, axis == 1 ? s : NULL, axis == 2 ? s : NULL, 0, x));
  for (PetscInt i = 0; i < n; i++) { /* the ends are where the deck says, to the last digit */
    if (s[i] == section->options.lower[axis] || s[i] == section->options.upper[axis]) x[i] = s[i];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- boundaries ---- */

static const char *const kinds[] = {"outflow", "wall",  "no_slip",  "inflow", "dirichlet",
                                    "exact",   "table", "periodic", NULL};
enum { KIND_TABLE = 6, KIND_PERIODIC = 7, KINDS = 8 };
static const SinewBoundaryKind meaning[] = {SINEW_BOUNDARY_OUTFLOW, SINEW_BOUNDARY_REFLECT,   SINEW_BOUNDARY_NO_SLIP,
                                            SINEW_BOUNDARY_INFLOW,  SINEW_BOUNDARY_DIRICHLET, SINEW_BOUNDARY_EXACT,
                                            SINEW_BOUNDARY_INFLOW};

static PetscErrorCode exact_state(void *context, const PetscReal x[3], PetscReal t, PetscReal w[])
{
  PetscFunctionBeginUser;
  PetscCall(SinewEquationInitialPoint((SinewEquation)context, x, t, w));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_text_file(MPI_Comm comm, const char path[], char **text)
{
  PetscMPIInt rank;
  PetscInt size = -1;

  PetscFunctionBeginUser;
  *text = NULL;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (rank == 0) {
    FILE *file = fopen(path, "rb");

    if (file && !fseek(file, 0, SEEK_END)) {
      const long length = ftell(file);

      rewind(file);
      if (length >= 0 && length < 1 << 28) {
        PetscCall(PetscMalloc1((size_t)length + 1, text));
        size = (PetscInt)fread(*text, 1, (size_t)length, file);
      }
    }
    if (file) fclose(file);
  }
  PetscCallMPI(MPI_Bcast(&size, 1, MPIU_INT, 0, comm));
  if (size < 0) PetscFunctionReturn(PETSC_SUCCESS);
  if (rank) PetscCall(PetscMalloc1((size_t)size + 1, text));
  PetscCallMPI(MPI_Bcast(*text, (PetscMPIInt)size, MPI_CHAR, 0, comm));
  (*text)[size] = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One line of a table: as many numbers as there are columns, and nothing else. */
static PetscBool read_numbers(const char *line, PetscInt n, PetscReal value[])
{
  for (PetscInt c = 0; c < n; c++) {
    char *end;

    value[c] = strtod(line, &end);
    if (end == line || PetscIsInfOrNanReal(value[c])) return PETSC_FALSE;
    while (*end == ' ' || *end == '\t' || *end == '\r') end++;
    if (*end != (c < n - 1 ? ',' : 0)) return PETSC_FALSE;
    line = end + 1;
  }
  return PETSC_TRUE;
}

typedef struct {
  PetscInt n;
  PetscInt component[SINEW_BOUNDARY_COMPONENTS + 1]; /* of each column; the first column is the variable */
} Columns;

static PetscErrorCode read_header(SinewEquation e, char *line, char *variable, Columns *columns, PetscBool *ok)
{
  char **words;
  int count;

  PetscFunctionBeginUser;
  PetscCall(PetscStrToArray(line, ',', &count, &words));
  *ok = (PetscBool)(count >= 2 && count <= SINEW_BOUNDARY_COMPONENTS + 1 && words[0][0] && !words[0][1] &&
                    strchr("txyz", words[0][0]));
  *variable = *ok ? words[0][0] : 't';
  columns->n = *ok ? count : 0;
  for (PetscInt w = 1; w < columns->n; w++) {
    PetscBool same = PETSC_FALSE;

    for (PetscInt c = 0; c < e->components && !same; c++) {
      PetscCall(PetscStrcmp(words[w], e->primitive[c], &same));
      columns->component[w] = c;
    }
    if (!same) *ok = PETSC_FALSE;
  }
  PetscCall(PetscStrToArrayDestroy(count, words));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_table(MPI_Comm comm, SinewDeck deck, SinewEquation e, SinewNode node, const char path[],
                                 const char file[], SinewBoundaryPiece *piece)
{
  char *text, *line, *next;
  Columns columns = {0, {0}};
  PetscInt rows = 0, number = 1;
  PetscBool ok = PETSC_FALSE;

  PetscFunctionBeginUser;
  PetscCall(read_text_file(comm, file, &text));
  if (!text) {
    PetscCall(SinewDeckMistake(deck, node, path, "cannot read the table %s", file));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (char *c = text; *c; c++) rows += *c == '\n';
  next = strchr(text, '\n');
  if (next) *next++ = 0;
  text[strcspn(text, "\r")] = 0;
  PetscCall(read_header(e, text, &piece->table_variable, &columns, &ok));
  if (!ok)
    PetscCall(SinewDeckMistake(deck, node, path, "%s:1: expected a header of t, x, y or z and primitives, found \"%s\"",
                               file, text));
  PetscCall(PetscMalloc1((size_t)rows + 1, &piece->table_position));
  for (PetscInt w = 1; w < columns.n; w++) {
    if (!piece->table_value[columns.component[w]])
      PetscCall(PetscMalloc1((size_t)rows + 1, &piece->table_value[columns.component[w]]));
  }
  for (line = next; ok && line && *line; line = next) {
    PetscReal value[SINEW_BOUNDARY_COMPONENTS + 1] = {0};
    const PetscInt n = piece->table_size;

    next = strchr(line, '\n');
    if (next) *next++ = 0;
    number++;
    if (!line[strspn(line, " \t\r")]) continue;
    ok = read_numbers(line, columns.n, value);
    if (!ok)
      PetscCall(SinewDeckMistake(deck, node, path, "%s:%" PetscInt_FMT ": expected %" PetscInt_FMT " numbers", file,
                                 number, columns.n));
    else if (n && value[0] <= piece->table_position[n - 1]) {
      ok = PETSC_FALSE;
      PetscCall(SinewDeckMistake(deck, node, path, "%s:%" PetscInt_FMT ": expected an increasing first column", file,
                                 number));
    }
    if (!ok) break;
    piece->table_position[n] = value[0];
    for (PetscInt w = 1; w < columns.n; w++) piece->table_value[columns.component[w]][n] = value[w];
    piece->table_size++;
  }
  if (ok && !piece->table_size) PetscCall(SinewDeckMistake(deck, node, path, "%s: no rows", file));
  PetscCall(PetscFree(text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef struct {
  const char *file;
  SinewExpression where;
  SinewNode values;
} PieceValues;

#define PIECE(member) offsetof(PieceValues, member)
static const SinewKey piece_keys[] = {
    {.name = "where",
     .type = SINEW_KEY_EXPRESSION,
     .offset = PIECE(where),
     .doc = "positive where this piece rules",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "values",
     .type = SINEW_KEY_NODE,
     .offset = PIECE(values),
     .doc = "primitives and their formulas",
     .change = SINEW_CHANGE_FROZEN},
    {.name = "file",
     .type = SINEW_KEY_STRING,
     .offset = PIECE(file),
     .doc = "CSV table of primitives over t, x, y or z; relative to the deck's folder",
     .change = SINEW_CHANGE_FROZEN},
    {.name = NULL}};

static PetscErrorCode read_piece(MPI_Comm comm, SinewDeck deck, SinewEquation e, SinewNode node, const char path[],
                                 SinewBoundarySide *side)
{
  SinewBoundaryPiece *piece = &side->piece[side->pieces];
  PieceValues v = {NULL, NULL, SINEW_NODE_NONE};
  const char *names[SINEW_COMPONENTS_MAX];
  PetscInt kind = -1;

  PetscFunctionBeginUser;
  if (side->pieces == SINEW_BOUNDARY_PIECES_MAX) {
    PetscCall(SinewDeckMistake(deck, node, path, "expected at most %d pieces", SINEW_BOUNDARY_PIECES_MAX));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  side->pieces++;
  if (SinewNodeGetKind(deck, node) == SINEW_NODE_SCALAR) {
    const SinewKey key = {.name = "type", .type = SINEW_KEY_CHOICE, .choices = kinds, .change = SINEW_CHANGE_FROZEN};

    PetscCall(SinewDeckReadNode(deck, node, &key, &kind));
  } else {
    PetscCall(SinewDeckReadName(deck, node, path, "type", KINDS, kinds, -1, &kind));
    PetscCall(SinewDeckRead(deck, node, path, piece_keys, &v));
  }
  if (kind < 0) PetscFunctionReturn(PETSC_SUCCESS);
  if (kind == KIND_PERIODIC) {
    PetscCall(SinewDeckMistake(deck, node, path, "periodic is for both sides of an axis at once"));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  piece->kind = meaning[kind];
  piece->where = v.where;
  if (!e) PetscFunctionReturn(PETSC_SUCCESS);
  if (kind == KIND_TABLE && !v.file)
    PetscCall(SinewDeckMistake(deck, node, path, "missing file: the table's CSV file"));
  if (kind == KIND_TABLE && v.file) {
    char file[PETSC_MAX_PATH_LEN];

    PetscCall(SinewDeckResolve(deck, v.file, sizeof(file), file));
    PetscCall(read_table(comm, deck, e, node, path, file, piece));
  }
  if (piece->kind == SINEW_BOUNDARY_EXACT) {
    piece->state = exact_state;
    piece->state_context = e;
  }
  for (PetscInt c = 0; c < e->components; c++) names[c] = e->primitive[c];
  if (v.values != SINEW_NODE_NONE)
    PetscCall(SinewDeckReadExpressions(deck, v.values, path, e->components, names, piece->value));
  if (piece->kind == SINEW_BOUNDARY_NO_SLIP && e->kernels.velocity < 0)
    PetscCall(SinewDeckMistake(deck, node, path, "no_slip needs a velocity, which %s does not have", e->type->name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A side is one piece or a list of them. */
static PetscErrorCode read_side(MPI_Comm comm, SinewDeck deck, SinewEquation e, SinewNode node, const char path[],
                                SinewBoundarySide *side)
{
  PetscFunctionBeginUser;
  if (SinewNodeGetKind(deck, node) == SINEW_NODE_LIST) {
    for (PetscInt p = 0; p < SinewNodeCount(deck, node); p++)
      PetscCall(read_piece(comm, deck, e, SinewNodeEntry(deck, node, p), path, side));
  } else
    PetscCall(read_piece(comm, deck, e, node, path, side));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode is_periodic(SinewDeck deck, SinewNode node, PetscBool *periodic)
{
  PetscFunctionBeginUser;
  *periodic = PETSC_FALSE;
  if (SinewNodeGetKind(deck, node) == SINEW_NODE_SCALAR)
    PetscCall(PetscStrcmp(SinewNodeText(deck, node), "periodic", periodic));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_axis(MPI_Comm comm, SinewDeck deck, SinewEquation e, SinewNode node, PetscInt d,
                                SinewGridSection *section)
{
  static const char *const sides[] = {"lower", "upper"};
  char path[64];
  SinewNode side[2];

  PetscFunctionBeginUser;
  if (node == SINEW_NODE_NONE) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(is_periodic(deck, node, &section->options.periodic[d]));
  if (section->options.periodic[d]) PetscFunctionReturn(PETSC_SUCCESS);
  section->bounded = PETSC_TRUE;
  for (int s = 0; s < 2; s++)
    side[s] = SinewNodeGetKind(deck, node) == SINEW_NODE_MAP ? SinewNodeGet(deck, node, sides[s]) : SINEW_NODE_NONE;
  for (int s = 0; s < 2; s++) {
    PetscCall(PetscSNPrintf(path, sizeof(path), "grid.boundary.%s.%s", axes[d], sides[s]));
    if (side[0] == SINEW_NODE_NONE && side[1] == SINEW_NODE_NONE)
      PetscCall(read_side(comm, deck, e, node, path, &section->side[2 * d + s]));
    else if (side[s] == SINEW_NODE_NONE)
      PetscCall(SinewDeckMistake(deck, node, path, "missing: both sides of an axis need a condition"));
    else
      PetscCall(read_side(comm, deck, e, side[s], path, &section->side[2 * d + s]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewGridSectionReadBoundary(MPI_Comm comm, SinewDeck deck, SinewEquation equation,
                                            SinewGridSection *section)
{
  const SinewNode boundary = SinewNodeGet(deck, SinewNodeGet(deck, SinewDeckRoot(deck), "grid"), "boundary");

  PetscFunctionBeginUser;
  if (boundary == SINEW_NODE_NONE) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt d = 0; d < section->options.dim; d++)
    PetscCall(read_axis(comm, deck, equation, SinewNodeGet(deck, boundary, axes[d]), d, section));
  PetscFunctionReturn(PETSC_SUCCESS);
}
