#include "simplices.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../io/random.h"

/* ---- words of a text ---- */

typedef struct {
  FILE *in;
  const char *path;
  int line;
  char word[64], why[PETSC_MAX_PATH_LEN + 160]; /* why: the first mistake, or empty */
} Text;

#define SAY(text, ...)                                                                               \
  do {                                                                                               \
    if (!(text)->why[0]) {                                                                           \
      int used_ = snprintf((text)->why, sizeof((text)->why), "%s:%d: ", (text)->path, (text)->line); \
      snprintf((text)->why + used_, sizeof((text)->why) - (size_t)used_, __VA_ARGS__);               \
    }                                                                                                \
  } while (0)

static PetscBool next(Text *t, const char expected[])
{
  size_t n = 0;
  int c;

  while ((c = fgetc(t->in)) != EOF && (isspace(c) || c == '#')) {
    while (c == '#' && (c = fgetc(t->in)) != EOF && c != '\n') c = '#';
    if (c == '\n') t->line++;
  }
  for (; c != EOF && !isspace(c); c = fgetc(t->in))
    if (n < sizeof(t->word) - 1) t->word[n++] = (char)c;
  t->word[n] = 0;
  if (c != EOF) ungetc(c, t->in);
  if (!n) SAY(t, "the file ends where %s should be", expected);
  return (PetscBool)(n > 0 && !t->why[0]);
}

static PetscInt whole(Text *t, const char what[], long least, long most)
{
  char *end;
  long value;

  if (!next(t, what)) return 0;
  value = strtol(t->word, &end, 10);
  if (*end || value < least || value > most)
    SAY(t, "expected %s from %ld to %ld, found \"%s\"", what, least, most, t->word);
  return (PetscInt)value;
}

static PetscReal number(Text *t)
{
  char *end;
  double value;

  if (!next(t, "a coordinate")) return 0;
  value = strtod(t->word, &end);
  if (*end || !isfinite(value)) SAY(t, "expected a coordinate, found \"%s\"", t->word);
  return (PetscReal)value;
}

/* ---- sections of a file ---- */

static void read_vertices(Text *t, SinewSimplices *b)
{
  if (!b->dim) SAY(t, "Vertices before Dimension");
  if (b->vertex) SAY(t, "Vertices a second time");
  b->vertices = whole(t, "a number of vertices", 1, 100000000);
  if (t->why[0] || !(b->vertex = malloc((size_t)(b->vertices * b->dim) * sizeof(PetscReal)))) return;
  for (PetscInt v = 0; v < b->vertices && !t->why[0]; v++) {
    for (PetscInt d = 0; d < b->dim; d++) b->vertex[v * b->dim + d] = number(t);
    (void)whole(t, "a reference", -2147483647, 2147483647);
  }
}

static void read_cells(Text *t, SinewSimplices *b)
{
  if (!b->vertex) SAY(t, "cells before Vertices");
  if (b->cell) SAY(t, "cells a second time");
  b->cells = whole(t, "a number of cells", 1, 100000000);
  if (t->why[0] || !(b->cell = malloc((size_t)(b->cells * (b->dim + 1)) * sizeof(PetscInt)))) return;
  for (PetscInt c = 0; c < b->cells && !t->why[0]; c++) {
    for (PetscInt k = 0; k <= b->dim; k++)
      b->cell[c * (b->dim + 1) + k] = whole(t, "a vertex", 1, (long)b->vertices) - 1;
    (void)whole(t, "a reference", -2147483647, 2147483647);
  }
}

/* What a file says about a face. */
typedef struct {
  PetscInt sorted[3], label;
} Mark;

/* Of structs that begin with sorted corners. */
static int by_corners(const void *a, const void *b)
{
  const PetscInt *p = a, *q = b;

  for (int k = 0; k < 3; k++)
    if (p[k] != q[k]) return p[k] < q[k] ? -1 : 1;
  return 0;
}

static void sort_corners(PetscInt dim, const PetscInt corner[], PetscInt sorted[3])
{
  for (PetscInt k = 0; k < dim; k++) {
    PetscInt at = k;

    for (; at > 0 && sorted[at - 1] > corner[k]; at--) sorted[at] = sorted[at - 1];
    sorted[at] = corner[k];
  }
}

/* Faces and their reference numbers: Edges in two dimensions, Triangles in three. */
static void read_marks(Text *t, SinewSimplices *b, PetscInt *marks, Mark **mark)
{
  if (!b->vertex) SAY(t, "faces before Vertices");
  if (*mark) SAY(t, "faces a second time");
  *marks = whole(t, "a number of faces", 0, 100000000);
  if (t->why[0] || !(*mark = malloc(((size_t)*marks + 1) * sizeof(Mark)))) return;
  for (PetscInt k = 0; k < *marks && !t->why[0]; k++) {
    PetscInt corner[3] = {-1, -1, -1};

    (*mark)[k] = (Mark){{-1, -1, -1}, 0};
    for (PetscInt d = 0; d < b->dim; d++) corner[d] = whole(t, "a vertex", 1, (long)b->vertices) - 1;
    sort_corners(b->dim, corner, (*mark)[k].sorted);
    (*mark)[k].label = whole(t, "a reference", -2147483647, 2147483647);
  }
}

static void skip(Text *t, int numbers)
{
  const PetscInt n = whole(t, "a number of entries", 0, 100000000);

  for (PetscInt k = 0; k < n * numbers && !t->why[0]; k++) (void)whole(t, "a whole number", -2147483647, 2147483647);
}

/* One section; whether there may be another. */
static PetscBool read_section(Text *t, SinewSimplices *b, PetscInt *marks, Mark **mark)
{
  static const struct {
    const char *name;
    int numbers;
  } other[] = {{"Edges", 3},  {"Corners", 1},        {"RequiredVertices", 1}, {"RequiredEdges", 1},
               {"Ridges", 1}, {"Quadrilaterals", 5}, {"Triangles", 4},        {"RequiredTriangles", 1}};

  if (!next(t, "End") || !strcmp(t->word, "End")) return PETSC_FALSE;
  if (!strcmp(t->word, "Dimension"))
    b->dim = whole(t, "a dimension", 2, 3);
  else if (!strcmp(t->word, "Vertices"))
    read_vertices(t, b);
  else if (!strcmp(t->word, b->dim == 2 ? "Triangles" : "Tetrahedra"))
    read_cells(t, b);
  else if (b->dim && !strcmp(t->word, b->dim == 2 ? "Edges" : "Triangles"))
    read_marks(t, b, marks, mark);
  else {
    size_t k = 0;

    while (k < sizeof(other) / sizeof(other[0]) && strcmp(t->word, other[k].name)) k++;
    if (k == sizeof(other) / sizeof(other[0]))
      SAY(t, "expected a section of a .mesh file, found \"%s\"", t->word);
    else
      skip(t, other[k].numbers);
  }
  return (PetscBool)!t->why[0];
}

static void read_file(Text *t, SinewSimplices *b, PetscInt *marks, Mark **mark)
{
  if (!(t->in = fopen(t->path, "r"))) {
    snprintf(t->why, sizeof(t->why), "%s: %s", t->path, strerror(errno));
    return;
  }
  if (next(t, "MeshVersionFormatted") && strcmp(t->word, "MeshVersionFormatted"))
    SAY(t, "expected MeshVersionFormatted, found \"%s\"", t->word);
  (void)whole(t, "a version", 1, 4);
  while (!t->why[0] && read_section(t, b, marks, mark)) continue;
  if (!t->why[0] && !b->cell) SAY(t, "the file has no %s", b->dim == 2 ? "Triangles" : "Tetrahedra");
  fclose(t->in);
}

/* ---- geometry ---- */

/* Volume of a cell, or area of a face, whose corners are given; the former with its sign. */
static PetscReal measure(PetscInt dim, PetscInt corners, const PetscReal *const x[])
{
  PetscReal a[3][3] = {{0}}, n[3];

  for (PetscInt k = 1; k < corners; k++)
    for (PetscInt d = 0; d < dim; d++) a[k - 1][d] = x[k][d] - x[0][d];
  for (int d = 0; d < 3; d++) n[d] = a[0][(d + 1) % 3] * a[1][(d + 2) % 3] - a[0][(d + 2) % 3] * a[1][(d + 1) % 3];
  if (corners == 2) return PetscSqrtReal(a[0][0] * a[0][0] + a[0][1] * a[0][1]);
  if (dim == 2) return 0.5 * n[2];
  if (corners == 3) return 0.5 * PetscSqrtReal(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
  return (n[0] * a[2][0] + n[1] * a[2][1] + n[2] * a[2][2]) / 6;
}

static void corners_of(const SinewSimplices *b, PetscInt corners, const PetscInt index[], const PetscReal *x[])
{
  for (PetscInt k = 0; k < corners; k++) x[k] = b->vertex + index[k] * b->dim;
}

/* Volumes of the cells, which are turned where they are negative. */
static PetscErrorCode sum_cells(MPI_Comm comm, const char path[], SinewSimplices *b)
{
  const PetscReal *x[4];

  PetscFunctionBegin;
  for (PetscInt d = 0; d < b->dim; d++) {
    b->lower[d] = b->upper[d] = b->vertex[d];
    for (PetscInt v = 0; v < b->vertices; v++) {
      b->lower[d] = PetscMin(b->lower[d], b->vertex[v * b->dim + d]);
      b->upper[d] = PetscMax(b->upper[d], b->vertex[v * b->dim + d]);
    }
  }
  PetscCall(PetscMalloc1((size_t)b->cells, &b->cell_sum));
  for (PetscInt c = 0; c < b->cells; c++) {
    PetscInt *cell = b->cell + c * (b->dim + 1);
    PetscReal volume;

    corners_of(b, b->dim + 1, cell, x);
    volume = measure(b->dim, b->dim + 1, x);
    PetscCheck(volume != 0, comm, SINEW_ERR_INPUT, "%s: cell %" PetscInt_FMT " has no volume", path, c + 1);
    if (volume < 0) {
      const PetscInt first = cell[0];

      cell[0] = cell[1];
      cell[1] = first;
    }
    b->cell_sum[c] = b->volume += PetscAbsReal(volume);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef struct {
  PetscInt sorted[3], corner[3], cell;
} Side;

static Side side_of(const PetscInt cell[], PetscInt dim, PetscInt without)
{
  Side side = {{-1, -1, -1}, {-1, -1, -1}, 0};

  for (PetscInt k = 0, n = 0; k <= dim; k++)
    if (k != without) side.corner[n++] = cell[k];
  sort_corners(dim, side.corner, side.sorted);
  return side;
}

static PetscErrorCode find_faces(MPI_Comm comm, const char path[], SinewSimplices *b)
{
  const PetscInt all = b->cells * (b->dim + 1);
  const PetscReal *x[3];
  Side *side;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1((size_t)all, &side));
  for (PetscInt k = 0; k < all; k++) {
    side[k] = side_of(b->cell + k / (b->dim + 1) * (b->dim + 1), b->dim, k % (b->dim + 1));
    side[k].cell = k / (b->dim + 1);
  }
  qsort(side, (size_t)all, sizeof(Side), by_corners);
  PetscCall(PetscMalloc4((size_t)(all * b->dim), &b->face, (size_t)all, &b->face_sum, (size_t)all, &b->face_cell,
                         (size_t)all, &b->label));
  for (PetscInt k = 0, same; k < all; k += same) {
    for (same = 1; k + same < all && !by_corners(&side[k], &side[k + same]);) same++;
    if (same > 2) PetscCall(PetscFree(side));
    PetscCheck(same <= 2, comm, SINEW_ERR_INPUT, "%s: a face belongs to %" PetscInt_FMT " cells", path, same);
    if (same > 1) continue;
    PetscCall(PetscArraycpy(b->face + b->faces * b->dim, side[k].corner, b->dim));
    corners_of(b, b->dim, side[k].corner, x);
    b->face_cell[b->faces] = side[k].cell;
    b->face_sum[b->faces++] = b->area += measure(b->dim, b->dim, x);
  }
  PetscCall(PetscFree(side));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Labels of the faces, of which rank 0 has read marks. */
static PetscErrorCode label_faces(MPI_Comm comm, SinewSimplices *b, PetscMPIInt rank, PetscInt marks, Mark *mark)
{
  PetscFunctionBegin;
  if (!rank && marks) qsort(mark, (size_t)marks, sizeof(Mark), by_corners);
  for (PetscInt f = 0; f < b->faces; f++) {
    Mark wanted = {{-1, -1, -1}, 0};
    const Mark *found = NULL;

    sort_corners(b->dim, b->face + f * b->dim, wanted.sorted);
    if (!rank && marks) found = bsearch(&wanted, mark, (size_t)marks, sizeof(Mark), by_corners);
    b->label[f] = found ? found->label : 0;
  }
  PetscCallMPI(MPI_Bcast(b->label, (PetscMPIInt)b->faces, MPIU_INT, 0, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- making ---- */

static PetscErrorCode share(MPI_Comm comm, SinewSimplices *b, SinewSimplices *read, PetscMPIInt rank)
{
  PetscInt sizes[3] = {read->dim, read->vertices, read->cells};

  PetscFunctionBegin;
  PetscCallMPI(MPI_Bcast(sizes, 3, MPIU_INT, 0, comm));
  b->dim = sizes[0];
  b->vertices = sizes[1];
  b->cells = sizes[2];
  PetscCall(PetscMalloc2((size_t)(b->vertices * b->dim), &b->vertex, (size_t)(b->cells * (b->dim + 1)), &b->cell));
  if (!rank) {
    PetscCall(PetscArraycpy(b->vertex, read->vertex, b->vertices * b->dim));
    PetscCall(PetscArraycpy(b->cell, read->cell, b->cells * (b->dim + 1)));
  }
  PetscCallMPI(MPI_Bcast(b->vertex, (PetscMPIInt)(b->vertices * b->dim), MPIU_REAL, 0, comm));
  PetscCallMPI(MPI_Bcast(b->cell, (PetscMPIInt)(b->cells * (b->dim + 1)), MPIU_INT, 0, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSimplicesCreate(MPI_Comm comm, const char path[], SinewSimplices **body)
{
  SinewSimplices read = {.dim = 0};
  Text text = {.path = path, .line = 1};
  char line[PETSC_MAX_PATH_LEN + 160];
  PetscInt marks = 0;
  Mark *mark = NULL;
  PetscBool failed;
  PetscMPIInt rank;
  PetscErrorCode code;

  PetscFunctionBegin;
  *body = NULL;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (!rank) read_file(&text, &read, &marks, &mark);
  PetscCall(SinewAgree(comm, (PetscBool)!text.why[0], text.why, &failed, sizeof(line), line));
  if (failed) {
    free(read.vertex);
    free(read.cell);
    free(mark);
    SETERRQ(comm, SINEW_ERR_INPUT, "%s", line);
  }
  PetscCall(PetscNew(body));
  code = share(comm, *body, &read, rank);
  free(read.vertex);
  free(read.cell);
  if (!code) code = sum_cells(comm, path, *body);
  if (!code) code = find_faces(comm, path, *body);
  if (!code) code = label_faces(comm, *body, rank, marks, mark);
  free(mark);
  if (code) (void)SinewSimplicesDestroy(body);
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSimplicesDestroy(SinewSimplices **body)
{
  PetscFunctionBegin;
  if (!*body) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree2((*body)->vertex, (*body)->cell));
  PetscCall(PetscFree4((*body)->face, (*body)->face_sum, (*body)->face_cell, (*body)->label));
  PetscCall(PetscFree((*body)->cell_sum));
  PetscCall(PetscFree(*body));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- patches ---- */

PetscErrorCode SinewSimplicesPatchCreate(const SinewSimplices *b, const PetscBool member[], SinewSimplicesPatch *patch)
{
  PetscFunctionBegin;
  *patch = (SinewSimplicesPatch){0};
  PetscCall(PetscMalloc2((size_t)b->faces, &patch->face, (size_t)b->faces, &patch->sum));
  for (PetscInt f = 0; f < b->faces; f++) {
    if (!member[f]) continue;
    patch->face[patch->n] = f;
    patch->sum[patch->n++] = patch->area += b->face_sum[f] - (f ? b->face_sum[f - 1] : 0);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSimplicesPatchDestroy(SinewSimplicesPatch *patch)
{
  PetscFunctionBegin;
  PetscCall(PetscFree2(patch->face, patch->sum));
  *patch = (SinewSimplicesPatch){0};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- points ---- */

/* The first entry whose sum is above v. */
static PetscInt find(PetscInt n, const PetscReal sum[], PetscReal v)
{
  PetscInt low = 0, high = n - 1;

  while (low < high) {
    const PetscInt middle = low + (high - low) / 2;

    if (sum[middle] > v)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

/* Barycentric coordinates of a uniform point: gaps between sorted uniform numbers. */
static void barycentric(PetscInt corners, PetscReal u[3], PetscReal w[4])
{
  for (PetscInt i = 1; i < corners - 1; i++) {
    const PetscReal v = u[i];
    PetscInt at = i;

    for (; at > 0 && u[at - 1] > v; at--) u[at] = u[at - 1];
    u[at] = v;
  }
  for (PetscInt k = 0; k < corners; k++) w[k] = (k < corners - 1 ? u[k] : 1) - (k ? u[k - 1] : 0);
}

/* To the nearest corner. */
static void snap(PetscInt corners, PetscReal w[4])
{
  PetscInt nearest = 0;

  for (PetscInt k = 1; k < corners; k++)
    if (w[k] > w[nearest]) nearest = k;
  for (PetscInt k = 0; k < corners; k++) w[k] = k == nearest;
}

PetscErrorCode SinewSimplicesSample(const SinewSimplices *b, SinewSimplicesPart part, const SinewSimplicesPatch *patch,
                                    PetscInt64 seed, PetscInt64 stream, PetscInt n, PetscInt first, PetscInt count,
                                    PetscReal x[])
{
  const PetscBool boundary = (PetscBool)(part != SINEW_SIMPLICES_INSIDE);
  const PetscInt corners = boundary ? b->dim : b->dim + 1, pieces = patch ? patch->n : boundary ? b->faces : b->cells;
  const PetscReal *sum = patch ? patch->sum : boundary ? b->face_sum : b->cell_sum;
  const PetscReal total = patch ? patch->area : boundary ? b->area : b->volume;

  PetscFunctionBegin;
  for (PetscInt p = 0; p < count; p++) {
    const PetscInt64 index = (PetscInt64)(first + p) * 4;
    const PetscReal v = total * ((PetscReal)(first + p) + SinewUniform(seed, stream, index)) / (PetscReal)n;
    const PetscInt piece = find(pieces, sum, v);
    const PetscInt *corner = (boundary ? b->face : b->cell) + (patch ? patch->face[piece] : piece) * corners;
    PetscReal u[3] = {0}, w[4];

    for (PetscInt k = 0; k < corners - 1; k++) u[k] = SinewUniform(seed, stream, index + 1 + k);
    barycentric(corners, u, w);
    if (part == SINEW_SIMPLICES_CORNERS && (first + p) % 2) snap(corners, w);
    for (PetscInt d = 0; d < b->dim; d++) {
      x[p * b->dim + d] = 0;
      for (PetscInt k = 0; k < corners; k++) x[p * b->dim + d] += w[k] * b->vertex[corner[k] * b->dim + d];
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
