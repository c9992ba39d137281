#include "solvers/outputs.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#include "io/history.h"
#include "io/publish.h"
#include "io/series.h"
#include "solvers/diagnostics.h"
#include "solvers/step_control.h"

#define FIELDS_MAX 32
#define IMAGES_MAX 8

typedef struct {
  const char *directory;
  PetscReal every, progress, status, max_size;
  SinewStringList fields;
  PetscInt precision, history_every;
  PetscBool series;
  SinewNode image;
} Values;

struct _p_SinewOutputs {
  MPI_Comm comm;
  SinewEquation equation;
  SinewReference reference; /* NULL: none */
  SinewMeshMotion motion;   /* not owned; NULL: the mesh rests */
  SinewMove *move;          /* of the cells' corners; NULL: they stay */
  void *move_context;
  Values v;
  char directory[PETSC_MAX_PATH_LEN], last_image[PETSC_MAX_PATH_LEN];
  SinewPicture image[IMAGES_MAX];
  PetscInt images;
  SinewSeries series;
  SinewHistory history;
  SinewProgress progress;
  PetscInt columns;
  const char *const *column; /* not owned */
  const PetscReal *column_value;
  double bytes, largest; /* rank 0: written so far, series and pictures; by the largest step */
  PetscReal written_at;  /* time of the newest entry of the series; avoids a second one at the end */
};

static const char *const precisions[] = {"double", "single", NULL};

#define VALUE(member) offsetof(Values, member)
const SinewKey SinewOutputKeys[] = {{.name = "directory",
                                     .type = SINEW_KEY_STRING,
                                     .offset = VALUE(directory),
                                     .doc = "where everything goes; standard: out/NAME-OF-THE-DECK",
                                     .change = SINEW_CHANGE_FREE},
                                    {.name = "every",
                                     .type = SINEW_KEY_REAL,
                                     .offset = VALUE(every),
                                     .standard = "0",
                                     .min = 0,
                                     .max = 1e30,
                                     .doc = "time between entries of the series; 0: first and last state only",
                                     .change = SINEW_CHANGE_WARN},
                                    {.name = "fields",
                                     .type = SINEW_KEY_STRINGS,
                                     .offset = VALUE(fields),
                                     .least = 1,
                                     .most = SINEW_LIST_MAX,
                                     .doc = "fields of the series; standard: the primitives",
                                     .change = SINEW_CHANGE_FREE},
                                    {.name = "precision",
                                     .type = SINEW_KEY_CHOICE,
                                     .offset = VALUE(precision),
                                     .standard = "double",
                                     .choices = precisions,
                                     .doc = "of the series",
                                     .change = SINEW_CHANGE_FREE},
                                    {.name = "series",
                                     .type = SINEW_KEY_BOOL,
                                     .offset = VALUE(series),
                                     .standard = "true",
                                     .doc = "write the ParaView series",
                                     .change = SINEW_CHANGE_FREE},
                                    {.name = "history_every",
                                     .type = SINEW_KEY_INT,
                                     .offset = VALUE(history_every),
                                     .standard = "10",
                                     .min = 0,
                                     .max = 2e9,
                                     .doc = "steps between lines of history.csv; 0: none",
                                     .change = SINEW_CHANGE_FREE},
                                    {.name = "progress",
                                     .type = SINEW_KEY_DURATION,
                                     .offset = VALUE(progress),
                                     .standard = "30s",
                                     .min = 0,
                                     .max = 1e9,
                                     .doc = "wall-clock time between progress lines in a log",
                                     .change = SINEW_CHANGE_FREE},
                                    {.name = "status",
                                     .type = SINEW_KEY_DURATION,
                                     .offset = VALUE(status),
                                     .standard = "30s",
                                     .min = 0,
                                     .max = 1e9,
                                     .doc = "wall-clock time between lines of status.jsonl; 0: none",
                                     .change = SINEW_CHANGE_FREE},
                                    {.name = "max_size",
                                     .type = SINEW_KEY_BYTES,
                                     .offset = VALUE(max_size),
                                     .standard = "0",
                                     .min = 0,
                                     .max = 1e30,
                                     .doc = "of series and pictures: the run stops before it writes more; 0: no limit",
                                     .change = SINEW_CHANGE_FREE},
                                    {.name = "image",
                                     .type = SINEW_KEY_NODE,
                                     .offset = VALUE(image),
                                     .doc = "a picture, or a list of them: see output.image",
                                     .change = SINEW_CHANGE_FREE},
                                    {.name = NULL}};

/* ---- reading ---- */

static PetscErrorCode check_field(SinewOutputs o, SinewDeck deck, SinewNode node, const char path[], const char name[])
{
  const char *names[FIELDS_MAX];
  char legal[512] = "";
  PetscInt count, standard;
  PetscBool same;

  PetscFunctionBeginUser;
  if (!o->equation || !name) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewEquationFields(o->equation, FIELDS_MAX, names, &count, &standard));
  for (PetscInt f = 0; f < count; f++) {
    PetscCall(PetscStrcmp(name, names[f], &same));
    if (same) PetscFunctionReturn(PETSC_SUCCESS);
    PetscCall(PetscStrlcat(legal, f ? ", " : "", sizeof(legal)));
    PetscCall(PetscStrlcat(legal, names[f], sizeof(legal)));
  }
  PetscCall(SinewDeckMistake(deck, node, path, "expected a field of %s (%s), found \"%s\"", o->equation->type->name,
                             legal, name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_image(SinewOutputs o, SinewDeck deck, SinewNode node)
{
  PetscFunctionBeginUser;
  if (o->images == IMAGES_MAX) {
    PetscCall(SinewDeckMistake(deck, node, "output.image", "expected at most %d pictures", IMAGES_MAX));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(SinewDeckRead(deck, node, "output.image", SinewPictureKeys, &o->image[o->images]));
  PetscCall(check_field(o, deck, SinewNodeGet(deck, node, "field"), "output.image.field", o->image[o->images].field));
  if (o->image[o->images].compare && !o->reference)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, node, "compare"), "output.image.compare",
                               "there is no section reference to compare with"));
  o->images++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewOutputsCreate(SinewDeck deck, SinewEquation equation, const char name[], SinewReference reference,
                                  SinewOutputs *outputs)
{
  const SinewNode section = SinewNodeGet(deck, SinewDeckRoot(deck), "output");
  SinewOutputs o;
  PetscInt standard, count;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&o));
  o->equation = equation;
  o->reference = reference;
  o->written_at = PETSC_MIN_REAL;
  o->v.image = SINEW_NODE_NONE;
  PetscCall(SinewDeckRead(deck, section, "output", SinewOutputKeys, &o->v));
  if (o->v.directory)
    PetscCall(PetscStrncpy(o->directory, o->v.directory, sizeof(o->directory)));
  else
    PetscCall(PetscSNPrintf(o->directory, sizeof(o->directory), "out/%s", name));
  for (PetscInt f = 0; f < o->v.fields.n; f++)
    PetscCall(check_field(o, deck, SinewNodeGet(deck, section, "fields"), "output.fields", o->v.fields.value[f]));
  if (!o->v.fields.n && equation) {
    PetscCall(SinewEquationFields(equation, SINEW_LIST_MAX, o->v.fields.value, &count, &standard));
    o->v.fields.n = standard;
  }
  if (SinewNodeGetKind(deck, o->v.image) == SINEW_NODE_LIST) {
    for (PetscInt i = 0; i < SinewNodeCount(deck, o->v.image); i++)
      PetscCall(read_image(o, deck, SinewNodeEntry(deck, o->v.image, i)));
  } else if (o->v.image != SINEW_NODE_NONE)
    PetscCall(read_image(o, deck, o->v.image));
  for (PetscInt i = 0; i < o->images && equation && equation->body; i++)
    if (!SinewPictureShowsBody(&o->image[i]))
      PetscCall(SinewDeckMistake(
          deck, o->v.image, "output.image",
          "pictures of a body from a file show a component of its displacement or volume_ratio, not %s",
          o->image[i].field));
  *outputs = o;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewOutputsDestroy(SinewOutputs *outputs)
{
  SinewOutputs o = *outputs;

  PetscFunctionBeginUser;
  if (!o) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewSeriesDestroy(&o->series));
  PetscCall(SinewHistoryDestroy(&o->history));
  if (o->progress) PetscCall(SinewProgressDestroy(&o->progress));
  PetscCall(PetscFree(o));
  *outputs = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_multiple(SinewDeck deck, SinewNode section, const char path[], PetscReal every,
                                     const char stepper[], PetscReal step)
{
  PetscFunctionBeginUser;
  if (every > 0 && !SinewIsMultiple(every, step))
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, section, "every"), path,
                               "expected a multiple of %.12g, the only step of %s, found %.12g", (double)step, stepper,
                               (double)every));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewOutputsCheckStep(SinewOutputs o, SinewDeck deck, const char stepper[], PetscReal step)
{
  const SinewNode section = SinewNodeGet(deck, SinewDeckRoot(deck), "output");
  const PetscBool list = (PetscBool)(SinewNodeGetKind(deck, o->v.image) == SINEW_NODE_LIST);

  PetscFunctionBeginUser;
  PetscCall(check_multiple(deck, section, "output.every", o->v.every, stepper, step));
  for (PetscInt i = 0; i < o->images; i++)
    PetscCall(check_multiple(deck, list ? SinewNodeEntry(deck, o->v.image, i) : o->v.image, "output.image.every",
                             o->image[i].every, stepper, step));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewOutputsSetMotion(SinewOutputs outputs, SinewMeshMotion motion)
{
  PetscFunctionBeginUser;
  outputs->motion = motion;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewOutputsSetMove(SinewOutputs outputs, SinewMove *move, void *context)
{
  PetscFunctionBeginUser;
  outputs->move = move;
  outputs->move_context = context;
  PetscFunctionReturn(PETSC_SUCCESS);
}

const char *SinewOutputsDirectory(SinewOutputs outputs)
{
  return outputs->directory;
}

/* ---- history ---- */

#define MESH_COLUMNS 5
#define COLUMNS_MAX  (2 + 4 * SINEW_COMPONENTS_MAX + MESH_COLUMNS + SINEW_MEASURES_MAX + SINEW_COLUMNS_MAX)
static const char *const mesh_columns[MESH_COLUMNS] = {"mesh_jacobian", "mesh_std", "mesh_range", "mesh_skew",
                                                       "mesh_newton"};

/* The last one is for meshes that Newton's method chooses. */
static PetscInt mesh_column_count(SinewMeshMotion motion)
{
  return !motion ? 0 : SinewMeshMotionSolves(motion, NULL) ? MESH_COLUMNS : MESH_COLUMNS - 1;
}

PetscErrorCode SinewOutputsColumns(SinewOutputs o, PetscInt count, const char *const names[], const PetscReal values[])
{
  PetscFunctionBeginUser;
  PetscCheck(count <= SINEW_COLUMNS_MAX, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE, "at most %d columns",
             SINEW_COLUMNS_MAX);
  o->columns = count;
  o->column = names;
  o->column_value = values;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode open_history(SinewOutputs o, PetscBool restart, PetscInt step)
{
  const SinewEquation e = o->equation;
  char text[COLUMNS_MAX][48], path[PETSC_MAX_PATH_LEN];
  const char *names[COLUMNS_MAX];
  PetscInt n = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscStrncpy(text[n++], "dt", sizeof(text[0])));
  PetscCall(PetscStrncpy(text[n++], "rejections", sizeof(text[0])));
  for (PetscInt c = 0; c < e->components; c++)
    PetscCall(PetscSNPrintf(text[n++], sizeof(text[0]), "%s_total", e->component[c]));
  for (PetscInt c = 0; c < e->components; c++) {
    PetscCall(PetscSNPrintf(text[n++], sizeof(text[0]), "%s_min", e->primitive[c]));
    PetscCall(PetscSNPrintf(text[n++], sizeof(text[0]), "%s_max", e->primitive[c]));
  }
  for (PetscInt c = 0; c < e->components && o->reference; c++)
    PetscCall(PetscSNPrintf(text[n++], sizeof(text[0]), "error_l2_%s", e->primitive[c]));
  for (PetscInt k = 0; k < mesh_column_count(o->motion); k++)
    PetscCall(PetscStrncpy(text[n++], mesh_columns[k], sizeof(text[0])));
  for (PetscInt k = 0; k < n; k++) names[k] = text[k];
  for (PetscInt k = 0; e->measures && e->measures[k]; k++) names[n++] = e->measures[k];
  for (PetscInt k = 0; k < o->columns; k++) names[n++] = o->column[k];
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/history.csv", o->directory));
  PetscCall(SinewHistoryCreate(o->comm, path, n, names, restart, &o->history));
  if (restart) PetscCall(SinewHistoryTruncate(o->history, step));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_history(SinewOutputs o, PetscInt step, PetscReal t, PetscReal dt, PetscInt rejections,
                                    Vec U)
{
  PetscReal value[COLUMNS_MAX], min[SINEW_COMPONENTS_MAX], max[SINEW_COMPONENTS_MAX];
  PetscInt n = o->equation->components;

  PetscFunctionBeginUser;
  value[0] = dt;
  value[1] = (PetscReal)rejections;
  PetscCall(SinewDiagnose(o->equation, U, value + 2, min, max));
  for (PetscInt c = 0; c < n; c++) {
    value[2 + n + 2 * c] = min[c];
    value[2 + n + 2 * c + 1] = max[c];
  }
  n = 2 + 3 * n;
  if (o->reference) { /* the extrema have been copied: their arrays are free */
    PetscCall(SinewDifference(o->equation, U, SinewReferenceState(o->reference), min, value + n, max));
    n += o->equation->components;
  }
  if (o->motion) {
    SinewMeshQuality q;
    PetscInt64 newton;

    PetscCall(SinewMeshMotionQuality(o->motion, t, U, &q));
    value[n++] = q.least;
    value[n++] = q.std;
    value[n++] = q.range;
    value[n++] = q.skew;
    if (SinewMeshMotionSolves(o->motion, &newton)) value[n++] = (PetscReal)newton;
  }
  if (o->equation->measures) {
    PetscCall((*o->equation->type->measure)(o->equation, U, value + n));
    for (PetscInt k = 0; o->equation->measures[k]; k++) n++;
  }
  PetscCall(PetscArraycpy(value + n, o->column_value, o->columns));
  PetscCall(SinewHistoryWrite(o->history, step, t, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- series ---- */

static PetscErrorCode describe_mesh(SinewOutputs o, SinewMesh *mesh, PetscReal **nodes)
{
  const SinewGrid grid = o->equation->grid;
  PetscInt n[3], at = 0;
  const SinewAxis *a[3];

  PetscFunctionBeginUser;
  PetscCall(PetscMemzero(mesh, sizeof(*mesh)));
  mesh->dim = SinewGridDim(grid);
  mesh->uniform = PETSC_TRUE;
  for (PetscInt d = 0; d < 3; d++) {
    a[d] = SinewGridAxis(grid, d);
    mesh->cells[d] = a[d]->cells;
    mesh->start[d] = a[d]->start;
    mesh->count[d] = a[d]->count;
    mesh->lower[d] = a[d]->lower;
    mesh->upper[d] = a[d]->upper;
    n[d] = a[d]->count + (a[d]->start + a[d]->count == a[d]->cells);
    if (!a[d]->uniform) mesh->uniform = PETSC_FALSE;
  }
  *nodes = NULL;
  if (o->equation->geometry) {
    mesh->uniform = PETSC_FALSE;
    mesh->moving = PETSC_TRUE;
    PetscCall(SinewGeometryCorners(o->equation->geometry, nodes));
    mesh->nodes = *nodes;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (o->move) {
    mesh->uniform = PETSC_FALSE;
    mesh->moving = PETSC_TRUE;
  }
  if (mesh->uniform) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1((size_t)(3 * n[0] * n[1] * n[2]), nodes));
  for (PetscInt k = 0; k < n[2]; k++) {
    for (PetscInt j = 0; j < n[1]; j++) {
      for (PetscInt i = 0; i < n[0]; i++) {
        (*nodes)[at++] = a[0]->face[i + a[0]->ghosts];
        (*nodes)[at++] = a[1]->face[j + a[1]->ghosts];
        (*nodes)[at++] = a[2]->face[k + a[2]->ghosts];
      }
    }
  }
  mesh->nodes = *nodes;
  if (o->move) PetscCall((*o->move)(o->move_context, n[0] * n[1] * n[2], *nodes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscInt owned_cells(SinewGrid grid)
{
  return SinewGridAxis(grid, 0)->count * SinewGridAxis(grid, 1)->count * SinewGridAxis(grid, 2)->count;
}

/* One field of the series in `entry`, of values that the caller frees. */
static PetscErrorCode fill_entry(SinewOutputs o, const char name[], PetscInt nc, PetscReal *values,
                                 SinewSeriesField *entry)
{
  const PetscInt n = nc * owned_cells(o->equation->grid);

  PetscFunctionBeginUser;
  if (o->v.precision == 1) { /* in place: a float never overtakes the double it comes from */
    float *narrow = (float *)values;

    for (PetscInt i = 0; i < n; i++) narrow[i] = (float)values[i];
  }
  *entry = (SinewSeriesField){
      .name = name, .components = nc, .dtype = o->v.precision == 1 ? SINEW_FLOAT32 : SINEW_FLOAT64, .data = values};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Field f of the run, and with a reference also of that and the difference, one after another. */
static PetscErrorCode fill_entries(SinewOutputs o, PetscInt f, Vec U, char (*text)[48], SinewSeriesField entry[])
{
  const char *name = o->v.fields.value[f];
  const PetscInt cells = owned_cells(o->equation->grid);
  PetscReal *values[3];
  PetscInt nc;

  PetscFunctionBeginUser;
  for (int k = 0; k < (o->reference ? 3 : 1); k++) PetscCall(PetscMalloc1((size_t)(3 * cells), &values[k]));
  PetscCall(SinewEquationField(o->equation, U, name, &nc, values[0]));
  if (o->reference) {
    PetscCall(SinewEquationField(o->equation, SinewReferenceState(o->reference), name, &nc, values[1]));
    for (PetscInt i = 0; i < nc * cells; i++) values[2][i] = values[0][i] - values[1][i];
    PetscCall(PetscSNPrintf(text[1], sizeof(text[1]), "%s_reference", name));
    PetscCall(PetscSNPrintf(text[2], sizeof(text[2]), "%s_error", name));
    PetscCall(fill_entry(o, text[1], nc, values[1], &entry[1]));
    PetscCall(fill_entry(o, text[2], nc, values[2], &entry[2]));
  }
  PetscCall(fill_entry(o, name, nc, values[0], &entry[0]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The body's vertices where they are now, this rank's share of them. */
static PetscErrorCode write_body(SinewOutputs o, PetscInt step, PetscReal t)
{
  const SinewSimplices *b = o->equation->body;
  SinewSeriesBody body = {.corners = b->dim + 1,
                          .vertices = b->vertices,
                          .vertex_count = PETSC_DECIDE,
                          .cells = b->cells,
                          .cell_count = PETSC_DECIDE};
  PetscInt vertices = b->vertices, cells = b->cells;
  PetscReal *place, *moved;

  PetscFunctionBeginUser;
  PetscCall(PetscSplitOwnership(o->comm, &body.vertex_count, &vertices));
  PetscCall(PetscSplitOwnership(o->comm, &body.cell_count, &cells));
  PetscCallMPI(MPI_Scan(&body.vertex_count, &body.first_vertex, 1, MPIU_INT, MPI_SUM, o->comm));
  PetscCallMPI(MPI_Scan(&body.cell_count, &body.first_cell, 1, MPIU_INT, MPI_SUM, o->comm));
  body.first_vertex -= body.vertex_count;
  body.first_cell -= body.cell_count;
  body.cell = b->cell + body.first_cell * body.corners;
  PetscCall(PetscCalloc2((size_t)(3 * body.vertex_count), &place, (size_t)(3 * body.vertex_count), &moved));
  for (PetscInt k = 0; k < body.vertex_count; k++)
    PetscCall(PetscArraycpy(place + 3 * k, b->vertex + (body.first_vertex + k) * b->dim, b->dim));
  PetscCall(PetscArraycpy(moved, place, 3 * body.vertex_count));
  PetscCall((*o->move)(o->move_context, body.vertex_count, place));
  for (PetscInt k = 0; k < 3 * body.vertex_count; k++) moved[k] = place[k] - moved[k];
  body.place = place;
  body.displacement = moved;
  PetscCall(SinewSeriesWriteBody(o->series, step, t, &body));
  PetscCall(PetscFree2(place, moved));
  o->written_at = t;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_series(SinewOutputs o, PetscInt step, PetscReal t, Vec U)
{
  const PetscInt each = o->reference ? 3 : 1, n = each * o->v.fields.n;
  SinewSeriesField entry[3 * SINEW_LIST_MAX];
  char text[3 * SINEW_LIST_MAX][48];
  PetscReal *nodes;
  SinewMesh mesh;

  PetscFunctionBeginUser;
  if (o->equation->body) {
    PetscCall(write_body(o, step, t));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(describe_mesh(o, &mesh, &nodes));
  for (PetscInt f = 0; f < o->v.fields.n; f++) PetscCall(fill_entries(o, f, U, text + each * f, entry + each * f));
  PetscCall(SinewSeriesWrite(o->series, step, t, &mesh, n, entry));
  for (PetscInt k = 0; k < n; k++) PetscCall(PetscFree(entry[k].data));
  PetscCall(PetscFree(nodes));
  o->written_at = t;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- pictures ---- */

static double size_of(const char path[])
{
  struct stat status;

  return stat(path, &status) ? 0 : (double)status.st_size;
}

static PetscErrorCode paint(SinewOutputs o, const SinewPicture *picture, PetscReal t, Vec U)
{
  const SinewScene scene = {o->comm, o->equation, o->reference, o->move, o->move_context};

  PetscFunctionBeginUser;
  PetscCall(SinewPicturePaint(picture, &scene, o->directory, t, U, sizeof(o->last_image), o->last_image));
  o->bytes += size_of(o->last_image);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- schedule ---- */

/* The first multiple of `every` after t; multiples, not sums, so that rounding does not accumulate. */
static PetscReal next_multiple(PetscReal every, PetscReal t)
{
  return every > 0 ? every * (PetscFloorReal(t / every * (1 + 1e-12) + 1e-9) + 1) : PETSC_MAX_REAL;
}

static PetscBool due(PetscReal every, PetscReal t)
{
  return (PetscBool)(every > 0 &&
                     PetscAbsReal(t / every - PetscFloorReal(t / every + 0.5)) < 1e-9 * PetscMax(1, t / every));
}

PetscReal SinewOutputsNext(SinewOutputs o, PetscReal t)
{
  PetscReal next = next_multiple(o->v.series ? o->v.every : 0, t);

  for (PetscInt i = 0; i < o->images; i++) next = PetscMin(next, next_multiple(o->image[i].every, t));
  return next;
}

/* ---- size ---- */

static PetscBool ends_in(const char name[], const char end[])
{
  const size_t n = strlen(name), m = strlen(end);

  return (PetscBool)(n >= m && !strcmp(name + n - m, end));
}

/* What an earlier part of the run has written. */
static void measure(SinewOutputs o)
{
  DIR *stream = opendir(o->directory);
  const struct dirent *entry;
  char path[PETSC_MAX_PATH_LEN + 256];
  double picture = 0, state = 0;

  while (stream && (entry = readdir(stream))) {
    double size;

    if (!ends_in(entry->d_name, ".h5") && !ends_in(entry->d_name, ".png") && !ends_in(entry->d_name, ".xmf")) continue;
    snprintf(path, sizeof(path), "%s/%s", o->directory, entry->d_name);
    size = size_of(path);
    o->bytes += size;
    if (ends_in(path, ".png"))
      picture = PetscMax(picture, size);
    else
      state = PetscMax(state, size);
  }
  o->largest = state + picture;
  if (stream) (void)closedir(stream);
}

static PetscErrorCode check_room(SinewOutputs o)
{
  PetscMPIInt rank;
  int full = 0;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(o->comm, &rank));
  if (rank == 0) {
    measure(o);
    full = (int)SinewOutputsFull(o);
  }
  PetscCallMPI(MPI_Bcast(&full, 1, MPI_INT, 0, o->comm));
  PetscCheck(!full, o->comm, SINEW_ERR_OUTPUT, "%s: holds as much as output.max_size allows: raise it to go on",
             o->directory);
  PetscFunctionReturn(PETSC_SUCCESS);
}

double SinewOutputsBytes(SinewOutputs o)
{
  return o->bytes + (o->series ? SinewSeriesBytes(o->series) : 0);
}

PetscBool SinewOutputsFull(SinewOutputs o)
{
  return (PetscBool)(o->v.max_size > 0 && o->largest > 0 && SinewOutputsBytes(o) + o->largest > (double)o->v.max_size);
}

SinewProgress SinewOutputsProgress(SinewOutputs o)
{
  return o->progress;
}

PetscReal SinewOutputsStatusEvery(SinewOutputs o)
{
  return o->v.status;
}

/* ---- a run ---- */

PetscErrorCode SinewOutputsOpen(SinewOutputs o, MPI_Comm comm, PetscBool restart, PetscBool goes_on, PetscBool quiet,
                                PetscInt step, PetscReal begin, PetscReal end, const char *const provenance[])
{
  double cells = 1;

  PetscFunctionBeginUser;
  o->comm = comm;
  for (PetscInt d = 0; d < 3; d++) cells *= (double)SinewGridAxis(o->equation->grid, d)->cells;
  if (o->v.series || o->images || o->v.history_every > 0 || o->v.status > 0)
    PetscCall(SinewMakeDirectory(comm, o->directory));
  if (o->v.series) PetscCall(SinewSeriesCreate(comm, o->directory, o->equation->body ? "body" : "fields", &o->series));
  for (PetscInt k = 0; provenance[k] && o->series; k += 2)
    PetscCall(SinewSeriesProvenance(o->series, provenance[k], provenance[k + 1]));
  if (restart && o->v.max_size > 0) PetscCall(check_room(o));
  if (restart && o->series) {
    const PetscBool stays = (PetscBool)(!goes_on || step == 0 || due(o->v.every, begin));

    PetscCall(SinewSeriesTruncate(o->series, stays ? begin : begin * (1 - 4e-12)));
    o->written_at = begin;
  }
  if (o->v.history_every > 0)
    PetscCall(open_history(o, restart, goes_on && step % o->v.history_every ? step - 1 : step));
  PetscCall(SinewProgressCreate(comm, quiet ? NULL : stdout, o->v.progress, begin, end, cells, &o->progress));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewOutputsStep(SinewOutputs o, PetscInt step, PetscReal t, PetscReal dt, PetscInt rejections, Vec U,
                                PetscBool last, double clock)
{
  const PetscBool first = (PetscBool)(step == 0);
  const double before = SinewOutputsBytes(o);

  PetscFunctionBeginUser;
  if (o->v.series && t > o->written_at && (first || last || due(o->v.every, t))) PetscCall(write_series(o, step, t, U));
  for (PetscInt i = 0; i < o->images; i++) {
    if (due(o->image[i].every, t) || (last && o->image[i].every <= 0)) PetscCall(paint(o, &o->image[i], t, U));
  }
  o->largest = PetscMax(o->largest, SinewOutputsBytes(o) - before);
  if (o->history && (step % o->v.history_every == 0 || last)) PetscCall(write_history(o, step, t, dt, rejections, U));
  if (o->progress) PetscCall(SinewProgressUpdate(o->progress, step, t, dt, clock));
  if (o->progress && last) PetscCall(SinewProgressFinish(o->progress));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewOutputsSingle(SinewOutputs o, MPI_Comm comm, const char path[], PetscInt step, PetscReal t, Vec U,
                                  const char *const provenance[])
{
  const SinewSeries series = o->series;
  const SinewReference reference = o->reference;

  PetscFunctionBeginUser;
  o->reference = NULL; /* of which nothing is known here */
  PetscCall(SinewSeriesCreateSingle(comm, path, &o->series));
  for (PetscInt k = 0; provenance[k]; k += 2)
    PetscCall(SinewSeriesProvenance(o->series, provenance[k], provenance[k + 1]));
  PetscCall(write_series(o, step, t, U));
  PetscCall(SinewSeriesDestroy(&o->series));
  o->series = series;
  o->reference = reference;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewOutputsSummary(SinewOutputs o, FILE *out)
{
  PetscFunctionBeginUser;
  if (o->v.series && SinewSeriesCount(o->series))
    PetscCall(PetscFPrintf(o->comm, out, "ParaView  %s (%d states)\n", SinewSeriesPath(o->series),
                           (int)SinewSeriesCount(o->series)));
  if (o->history) PetscCall(PetscFPrintf(o->comm, out, "history   %s/history.csv\n", o->directory));
  if (o->last_image[0]) PetscCall(PetscFPrintf(o->comm, out, "picture   %s\n", o->last_image));
  PetscFunctionReturn(PETSC_SUCCESS);
}
