#include "solvers/outputs.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#include "io/history.h"
#include "io/image.h"
#include "io/publish.h"
#include "io/series.h"
#include "solvers/diagnostics.h"
#include "solvers/step_control.h"

#define FIELDS_MAX 32
#define IMAGES_MAX 8

typedef struct {
  const char *field;
  PetscInt component, colormap, width;
  PetscReal every, at;
  SinewRealList range;
  PetscBool lines, compare;
  PetscInt axis; /* normal of the slice, for 3D */
} Image;

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
  SinewOutputsMove *move;   /* of the cells' corners; NULL: they stay */
  void *move_context;
  Values v;
  char directory[PETSC_MAX_PATH_LEN], last_image[PETSC_MAX_PATH_LEN];
  Image image[IMAGES_MAX];
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
static const char *const components[] = {"magnitude", "x", "y", "z", NULL};
static const char *const slice_axes[] = {"x", "y", "z", NULL};
static const char *const colormap_list[] = {"viridis", "inferno", "magma", "plasma", "turbo", "coolwarm", "gray", NULL};

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

#define IMAGE(member) offsetof(Image, member)
const SinewKey SinewImageKeys[] = {{.name = "field",
                                    .type = SINEW_KEY_STRING,
                                    .offset = IMAGE(field),
                                    .required = PETSC_TRUE,
                                    .doc = "field to paint",
                                    .change = SINEW_CHANGE_FREE},
                                   {.name = "component",
                                    .type = SINEW_KEY_CHOICE,
                                    .offset = IMAGE(component),
                                    .standard = "magnitude",
                                    .choices = components,
                                    .doc = "of a vector",
                                    .change = SINEW_CHANGE_FREE},
                                   {.name = "every",
                                    .type = SINEW_KEY_REAL,
                                    .offset = IMAGE(every),
                                    .standard = "0",
                                    .min = 0,
                                    .max = 1e30,
                                    .doc = "time between pictures; 0: of the last state only",
                                    .change = SINEW_CHANGE_WARN},
                                   {.name = "colormap",
                                    .type = SINEW_KEY_CHOICE,
                                    .offset = IMAGE(colormap),
                                    .standard = "viridis",
                                    .choices = colormap_list,
                                    .doc = "colours",
                                    .change = SINEW_CHANGE_FREE},
                                   {.name = "range",
                                    .type = SINEW_KEY_REALS,
                                    .offset = IMAGE(range),
                                    .least = 2,
                                    .most = 2,
                                    .doc = "[lowest, highest] colour; standard: the data's own",
                                    .change = SINEW_CHANGE_FREE},
                                   {.name = "width",
                                    .type = SINEW_KEY_INT,
                                    .offset = IMAGE(width),
                                    .standard = "0",
                                    .min = 0,
                                    .max = 4096,
                                    .doc = "pixels of the longer side; 0: chosen",
                                    .change = SINEW_CHANGE_FREE},
                                   {.name = "normal",
                                    .type = SINEW_KEY_CHOICE,
                                    .offset = IMAGE(axis),
                                    .standard = "z",
                                    .choices = slice_axes,
                                    .doc = "normal of the slice through a 3D field",
                                    .change = SINEW_CHANGE_FREE},
                                   {.name = "at",
                                    .type = SINEW_KEY_REAL,
                                    .offset = IMAGE(at),
                                    .standard = "0.5",
                                    .min = 0,
                                    .max = 1,
                                    .doc = "position of the slice as a fraction of the extent",
                                    .change = SINEW_CHANGE_FREE},
                                   {.name = "lines",
                                    .type = SINEW_KEY_BOOL,
                                    .offset = IMAGE(lines),
                                    .standard = "false",
                                    .doc = "draw the mesh",
                                    .change = SINEW_CHANGE_FREE},
                                   {.name = "compare",
                                    .type = SINEW_KEY_BOOL,
                                    .offset = IMAGE(compare),
                                    .standard = "false",
                                    .doc = "with a reference: run, reference and their difference side by side",
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
  PetscCall(SinewDeckRead(deck, node, "output.image", SinewImageKeys, &o->image[o->images]));
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
  if (o->images && equation && equation->body)
    PetscCall(SinewDeckMistake(deck, o->v.image, "output.image",
                               "a body that comes from a file has no pictures: ParaView opens its series body.xmf"));
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

PetscErrorCode SinewOutputsSetMove(SinewOutputs outputs, SinewOutputsMove *move, void *context)
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

#define MESH_COLUMNS 4
#define COLUMNS_MAX  (2 + 4 * SINEW_COMPONENTS_MAX + MESH_COLUMNS + SINEW_COLUMNS_MAX)
static const char *const mesh_columns[MESH_COLUMNS] = {"mesh_jacobian", "mesh_std", "mesh_range", "mesh_skew"};

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
  for (PetscInt k = 0; k < MESH_COLUMNS && o->motion; k++)
    PetscCall(PetscStrncpy(text[n++], mesh_columns[k], sizeof(text[0])));
  for (PetscInt k = 0; k < n; k++) names[k] = text[k];
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

    PetscCall(SinewMeshMotionQuality(o->motion, t, U, &q));
    value[n++] = q.least;
    value[n++] = q.std;
    value[n++] = q.range;
    value[n++] = q.skew;
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

/* The owned cells of a field in a plane (or on the line of a 1D grid): a along the picture's x, b along its y; NULL
   where the plane is not. Collective. */
static PetscErrorCode cut(SinewOutputs o, const Image *image, Vec U, PetscInt a, PetscInt b, PetscInt plane,
                          PetscReal **value)
{
  const SinewAxis *axis[3];
  PetscInt nc, stride[3] = {1, 0, 0}, base = 0;
  PetscReal *all;

  PetscFunctionBeginUser;
  *value = NULL;
  for (PetscInt d = 0; d < 3; d++) axis[d] = SinewGridAxis(o->equation->grid, d);
  stride[1] = axis[0]->count;
  stride[2] = axis[0]->count * axis[1]->count;
  base = plane * stride[3 - a - b];
  PetscCall(PetscMalloc1((size_t)(3 * owned_cells(o->equation->grid)), &all));
  PetscCall(SinewEquationField(o->equation, U, image->field, &nc, all));
  if (plane >= 0 && plane < axis[3 - a - b]->count)
    PetscCall(PetscMalloc1((size_t)(axis[a]->count * axis[b]->count), value));
  for (PetscInt q = 0; q < axis[b]->count && *value; q++) {
    for (PetscInt p = 0; p < axis[a]->count; p++) {
      const PetscReal *v = all + nc * (base + p * stride[a] + q * stride[b]);

      (*value)[q * axis[a]->count + p] = nc == 1            ? v[0]
                                         : image->component ? v[image->component - 1]
                                                            : PetscSqrtReal(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
    }
  }
  PetscCall(PetscFree(all));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The cells of a picture: one to three layers of values on the same corners. */
typedef struct {
  PetscInt nx, ny, layers;
  PetscReal *x, *y, *value[3]; /* run, reference, difference */
} Plane;

static PetscErrorCode cut_layers(SinewOutputs o, const Image *image, Vec U, PetscInt a, PetscInt b, PetscInt plane,
                                 Plane *p)
{
  PetscFunctionBeginUser;
  PetscCall(cut(o, image, U, a, b, plane, &p->value[0]));
  if (p->layers == 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(cut(o, image, SinewReferenceState(o->reference), a, b, plane, &p->value[1]));
  PetscCall(PetscMalloc1((size_t)(p->nx * p->ny), &p->value[2]));
  for (PetscInt i = 0; i < p->nx * p->ny; i++) p->value[2][i] = p->value[0][i] - p->value[1][i];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Moves the corners of a picture's cells; the plane lies at height `at` of its normal. */
static PetscErrorCode move_plane(SinewOutputs o, PetscInt a, PetscInt b, PetscReal at, Plane *p)
{
  const PetscInt n = (p->nx + 1) * (p->ny + 1);
  PetscReal *x;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)(3 * n), &x));
  for (PetscInt k = 0; k < n; k++) {
    x[3 * k] = x[3 * k + 1] = x[3 * k + 2] = at;
    x[3 * k + a] = p->x[k];
    x[3 * k + b] = p->y[k];
  }
  PetscCall((*o->move)(o->move_context, n, x));
  for (PetscInt k = 0; k < n; k++) {
    p->x[k] = x[3 * k + a];
    p->y[k] = x[3 * k + b];
  }
  PetscCall(PetscFree(x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_plane(SinewOutputs o, const Image *image, Vec U, Plane *p)
{
  const SinewGrid grid = o->equation->grid;
  const PetscInt n = SinewGridDim(grid) > 2 ? image->axis : 2, a = n == 0 ? 1 : 0, b = n == 2 ? 1 : 2;
  const SinewAxis *normal = SinewGridAxis(grid, n), *x = SinewGridAxis(grid, a), *y = SinewGridAxis(grid, b);
  const PetscInt plane = PetscMin((PetscInt)(image->at * (PetscReal)normal->cells), normal->cells - 1) - normal->start;
  const PetscBool here = (PetscBool)(plane >= 0 && plane < normal->count);
  const SinewGeometry *geometry = here ? o->equation->geometry : NULL;

  PetscFunctionBeginUser;
  *p = (Plane){.nx = here ? x->count : 0, .ny = here ? y->count : 0, .layers = image->compare ? 3 : 1};
  PetscCall(cut_layers(o, image, U, a, b, plane, p));
  PetscCall(PetscMalloc2((size_t)((p->nx + 1) * (p->ny + 1)), &p->x, (size_t)((p->nx + 1) * (p->ny + 1)), &p->y));
  for (PetscInt j = 0; j <= p->ny; j++) {
    for (PetscInt i = 0; i <= p->nx; i++) {
      p->x[j * (p->nx + 1) + i] = x->face[i + x->ghosts];
      p->y[j * (p->nx + 1) + i] = y->face[j + y->ghosts];
      if (geometry) {
        PetscInt at[3];

        at[a] = i;
        at[b] = j;
        at[n] = here && n < geometry->dim ? plane : 0;
        p->x[j * (p->nx + 1) + i] = geometry->x[0][a][SinewGeometryNode(geometry, at[0], at[1], at[2])];
        p->y[j * (p->nx + 1) + i] = geometry->x[0][b][SinewGeometryNode(geometry, at[0], at[1], at[2])];
      }
    }
  }
  if (o->move && here) PetscCall(move_plane(o, a, b, normal->center[plane + normal->ghosts], p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Run and reference in the same colours, their difference in those of a difference, zero in the middle. */
static PetscErrorCode compare_styles(SinewOutputs o, const Plane *p, const SinewImageStyle *given, char (*title)[160],
                                     SinewImageStyle style[3])
{
  PetscReal extreme[3] = {PETSC_MIN_REAL, PETSC_MIN_REAL, 0};

  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < p->nx * p->ny; i++) {
    for (int k = 0; k < 2; k++) {
      extreme[0] = PetscMax(extreme[0], -p->value[k][i]);
      extreme[1] = PetscMax(extreme[1], p->value[k][i]);
    }
    extreme[2] = PetscMax(extreme[2], PetscAbsReal(p->value[2][i]));
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, extreme, 3, MPIU_REAL, MPIU_MAX, o->comm));
  for (int k = 0; k < 3; k++) {
    style[k] = *given;
    style[k].title = title[k];
    if (!given->width) style[k].width = 480;
  }
  if (given->min >= given->max)
    for (int k = 0; k < 2; k++) style[k].min = -extreme[0], style[k].max = extreme[1];
  style[2].min = -extreme[2];
  style[2].max = extreme[2];
  style[2].colormap = "coolwarm";
  PetscCall(PetscStrncpy(title[0], given->title, sizeof(title[0])));
  PetscCall(PetscSNPrintf(title[1], sizeof(title[1]), "reference (%s)", SinewReferenceName(o->reference)));
  PetscCall(PetscStrncpy(title[2], "run - reference", sizeof(title[2])));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode paint_plane(SinewOutputs o, const Image *image, const char path[], const SinewImageStyle *style,
                                  Vec U)
{
  SinewImageStyle styles[3];
  char title[3][160];
  Plane p;

  PetscFunctionBeginUser;
  PetscCall(create_plane(o, image, U, &p));
  if (p.layers == 1)
    PetscCall(SinewImageField(o->comm, path, p.nx, p.ny, p.x, p.y, p.value[0], style));
  else {
    PetscCall(compare_styles(o, &p, style, title, styles));
    PetscCall(SinewImagePanels(o->comm, path, 3, p.nx, p.ny, p.x, p.y, (const PetscReal *const *)p.value, styles));
  }
  PetscCall(PetscFree2(p.x, p.y));
  for (int k = 0; k < 3; k++) PetscCall(PetscFree(p.value[k]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode paint_line(SinewOutputs o, const Image *image, const char path[], const SinewImageStyle *style,
                                 Vec U)
{
  const SinewAxis *x = SinewGridAxis(o->equation->grid, 0);
  const PetscInt curves = image->compare ? 2 : 1;
  SinewCurve curve[2];
  PetscReal *value[2];

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < curves; k++) {
    PetscCall(cut(o, image, k ? SinewReferenceState(o->reference) : U, 0, 1, 0, &value[k]));
    curve[k] =
        (SinewCurve){.label = k ? "reference" : image->field, .n = x->count, .x = x->center + x->ghosts, .y = value[k]};
  }
  PetscCall(SinewImageCurves(o->comm, path, curves, curve, "x", image->field, style));
  for (PetscInt k = 0; k < curves; k++) PetscCall(PetscFree(value[k]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static double size_of(const char path[])
{
  struct stat status;

  return stat(path, &status) ? 0 : (double)status.st_size;
}

static PetscErrorCode paint(SinewOutputs o, const Image *image, PetscReal t, Vec U)
{
  const char *suffix = image->compare ? "_compared" : "";
  char title[128], path[PETSC_MAX_PATH_LEN];
  SinewImageStyle style = {
      .title = title, .colormap = colormap_list[image->colormap], .width = image->width, .lines = image->lines};

  PetscFunctionBeginUser;
  snprintf(title, sizeof(title), "%s, t = %g", image->field, (double)t); /* PETSc would write "100." */
  if (image->every > 0)
    PetscCall(PetscSNPrintf(path, sizeof(path), "%s/%s%s_%04d.png", o->directory, image->field, suffix,
                            (int)(t / image->every + 0.5)));
  else
    PetscCall(PetscSNPrintf(path, sizeof(path), "%s/%s%s.png", o->directory, image->field, suffix));
  if (image->range.n == 2) style.min = image->range.value[0], style.max = image->range.value[1];
  if (SinewGridDim(o->equation->grid) == 1)
    PetscCall(paint_line(o, image, path, &style, U));
  else
    PetscCall(paint_plane(o, image, path, &style, U));
  PetscCall(PetscStrncpy(o->last_image, path, sizeof(o->last_image)));
  o->bytes += size_of(path);
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
    full = SinewOutputsFull(o);
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
