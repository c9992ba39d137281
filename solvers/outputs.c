#include "solvers/outputs.h"

#include "io/history.h"
#include "io/image.h"
#include "io/progress.h"
#include "io/publish.h"
#include "io/series.h"
#include "solvers/diagnostics.h"

#define FIELDS_MAX 32
#define IMAGES_MAX 8

typedef struct {
  const char *field;
  PetscInt component, colormap, width;
  PetscReal every, at;
  SinewRealList range;
  PetscBool lines;
  PetscInt axis; /* normal of the slice, for 3D */
} Image;

typedef struct {
  const char *directory;
  PetscReal every, progress;
  SinewStringList fields;
  PetscInt precision, history_every;
  PetscBool series;
  SinewNode image;
} Values;

struct _p_SinewOutputs {
  MPI_Comm comm;
  SinewEquation equation;
  SinewMeshMotion motion; /* not owned; NULL: the mesh rests */
  Values v;
  char directory[PETSC_MAX_PATH_LEN], last_image[PETSC_MAX_PATH_LEN];
  Image image[IMAGES_MAX];
  PetscInt images;
  SinewSeries series;
  SinewHistory history;
  SinewProgress progress;
  PetscReal written_at; /* time of the newest entry of the series; avoids a second one at the end */
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
  o->images++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewOutputsCreate(SinewDeck deck, SinewEquation equation, const char name[], SinewOutputs *outputs)
{
  const SinewNode section = SinewNodeGet(deck, SinewDeckRoot(deck), "output");
  SinewOutputs o;
  PetscInt standard, count;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&o));
  o->equation = equation;
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

PetscErrorCode SinewOutputsSetMotion(SinewOutputs outputs, SinewMeshMotion motion)
{
  PetscFunctionBeginUser;
  outputs->motion = motion;
  PetscFunctionReturn(PETSC_SUCCESS);
}

const char *SinewOutputsDirectory(SinewOutputs outputs)
{
  return outputs->directory;
}

/* ---- history ---- */

#define MESH_COLUMNS 4
#define COLUMNS_MAX  (2 + 3 * SINEW_COMPONENTS_MAX + MESH_COLUMNS)
static const char *const mesh_columns[MESH_COLUMNS] = {"mesh_jacobian", "mesh_std", "mesh_range", "mesh_skew"};

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
  for (PetscInt k = 0; k < MESH_COLUMNS && o->motion; k++)
    PetscCall(PetscStrncpy(text[n++], mesh_columns[k], sizeof(text[0])));
  for (PetscInt k = 0; k < n; k++) names[k] = text[k];
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
  if (o->motion) {
    SinewMeshQuality q;

    PetscCall(SinewMeshMotionQuality(o->motion, t, U, &q));
    value[2 + 3 * n] = q.least;
    value[3 + 3 * n] = q.std;
    value[4 + 3 * n] = q.range;
    value[5 + 3 * n] = q.skew;
  }
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
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscInt owned_cells(SinewGrid grid)
{
  return SinewGridAxis(grid, 0)->count * SinewGridAxis(grid, 1)->count * SinewGridAxis(grid, 2)->count;
}

static PetscErrorCode write_series(SinewOutputs o, PetscInt step, PetscReal t, Vec U)
{
  const PetscInt cells = owned_cells(o->equation->grid);
  SinewSeriesField field[SINEW_LIST_MAX];
  PetscReal *values[SINEW_LIST_MAX], *nodes;
  SinewMesh mesh;

  PetscFunctionBeginUser;
  PetscCall(describe_mesh(o, &mesh, &nodes));
  for (PetscInt f = 0; f < o->v.fields.n; f++) {
    PetscInt nc;

    PetscCall(PetscMalloc1((size_t)(3 * cells), &values[f]));
    PetscCall(SinewEquationField(o->equation, U, o->v.fields.value[f], &nc, values[f]));
    if (o->v.precision == 1) { /* in place: a float never overtakes the double it comes from */
      float *narrow = (float *)values[f];

      for (PetscInt i = 0; i < nc * cells; i++) narrow[i] = (float)values[f][i];
    }
    field[f] = (SinewSeriesField){.name = o->v.fields.value[f],
                                  .components = nc,
                                  .dtype = o->v.precision == 1 ? SINEW_FLOAT32 : SINEW_FLOAT64,
                                  .data = values[f]};
  }
  PetscCall(SinewSeriesWrite(o->series, step, t, &mesh, o->v.fields.n, field));
  for (PetscInt f = 0; f < o->v.fields.n; f++) PetscCall(PetscFree(values[f]));
  PetscCall(PetscFree(nodes));
  o->written_at = t;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- pictures ---- */

/* The owned cells of a field in a plane (or on the line of a 1D grid): a along the picture's x, b along its y. */
static PetscErrorCode cut(SinewOutputs o, const Image *image, Vec U, PetscInt a, PetscInt b, PetscInt plane,
                          PetscReal **value)
{
  const SinewAxis *axis[3];
  PetscInt nc, stride[3] = {1, 0, 0}, base = 0;
  PetscReal *all;

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < 3; d++) axis[d] = SinewGridAxis(o->equation->grid, d);
  stride[1] = axis[0]->count;
  stride[2] = axis[0]->count * axis[1]->count;
  base = plane * stride[3 - a - b];
  PetscCall(PetscMalloc1((size_t)(3 * owned_cells(o->equation->grid)), &all));
  PetscCall(PetscMalloc1((size_t)(axis[a]->count * axis[b]->count), value));
  PetscCall(SinewEquationField(o->equation, U, image->field, &nc, all));
  for (PetscInt q = 0; q < axis[b]->count; q++) {
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

static PetscErrorCode paint_plane(SinewOutputs o, const Image *image, const char path[], const SinewImageStyle *style,
                                  Vec U)
{
  const SinewGrid grid = o->equation->grid;
  const PetscInt n = SinewGridDim(grid) > 2 ? image->axis : 2, a = n == 0 ? 1 : 0, b = n == 2 ? 1 : 2;
  const SinewAxis *normal = SinewGridAxis(grid, n), *x = SinewGridAxis(grid, a), *y = SinewGridAxis(grid, b);
  const PetscInt plane = PetscMin((PetscInt)(image->at * (PetscReal)normal->cells), normal->cells - 1) - normal->start;
  const PetscBool here = (PetscBool)(plane >= 0 && plane < normal->count);
  const SinewGeometry *geometry = here ? o->equation->geometry : NULL;
  const PetscInt nx = here ? x->count : 0, ny = here ? y->count : 0;
  PetscReal *value = NULL, *px, *py;

  PetscFunctionBeginUser;
  if (here) PetscCall(cut(o, image, U, a, b, plane, &value));
  PetscCall(PetscMalloc2((size_t)((nx + 1) * (ny + 1)), &px, (size_t)((nx + 1) * (ny + 1)), &py));
  for (PetscInt j = 0; j <= ny; j++) {
    for (PetscInt i = 0; i <= nx; i++) {
      px[j * (nx + 1) + i] = x->face[i + x->ghosts];
      py[j * (nx + 1) + i] = y->face[j + y->ghosts];
      if (geometry) {
        PetscInt at[3];

        at[a] = i;
        at[b] = j;
        at[n] = here && n < geometry->dim ? plane : 0;
        px[j * (nx + 1) + i] = geometry->x[0][a][SinewGeometryNode(geometry, at[0], at[1], at[2])];
        py[j * (nx + 1) + i] = geometry->x[0][b][SinewGeometryNode(geometry, at[0], at[1], at[2])];
      }
    }
  }
  PetscCall(SinewImageField(o->comm, path, nx, ny, px, py, value, style));
  PetscCall(PetscFree2(px, py));
  PetscCall(PetscFree(value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode paint_line(SinewOutputs o, const Image *image, const char path[], const SinewImageStyle *style,
                                 Vec U)
{
  const SinewAxis *x = SinewGridAxis(o->equation->grid, 0);
  SinewCurve curve = {.label = image->field, .n = x->count, .x = x->center + x->ghosts};
  PetscReal *value;

  PetscFunctionBeginUser;
  PetscCall(cut(o, image, U, 0, 1, 0, &value));
  curve.y = value;
  PetscCall(SinewImageCurves(o->comm, path, 1, &curve, "x", image->field, style));
  PetscCall(PetscFree(value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode paint(SinewOutputs o, const Image *image, PetscReal t, Vec U)
{
  char title[128], path[PETSC_MAX_PATH_LEN];
  SinewImageStyle style = {
      .title = title, .colormap = colormap_list[image->colormap], .width = image->width, .lines = image->lines};

  PetscFunctionBeginUser;
  snprintf(title, sizeof(title), "%s, t = %g", image->field, (double)t); /* PETSc would write "100." */
  if (image->every > 0)
    PetscCall(
        PetscSNPrintf(path, sizeof(path), "%s/%s_%04d.png", o->directory, image->field, (int)(t / image->every + 0.5)));
  else
    PetscCall(PetscSNPrintf(path, sizeof(path), "%s/%s.png", o->directory, image->field));
  if (image->range.n == 2) style.min = image->range.value[0], style.max = image->range.value[1];
  if (SinewGridDim(o->equation->grid) == 1)
    PetscCall(paint_line(o, image, path, &style, U));
  else
    PetscCall(paint_plane(o, image, path, &style, U));
  PetscCall(PetscStrncpy(o->last_image, path, sizeof(o->last_image)));
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

PetscErrorCode SinewOutputsOpen(SinewOutputs o, MPI_Comm comm, PetscBool restart, PetscBool goes_on, PetscBool quiet,
                                PetscInt step, PetscReal begin, PetscReal end, const char *const provenance[])
{
  double cells = 1;

  PetscFunctionBeginUser;
  o->comm = comm;
  for (PetscInt d = 0; d < 3; d++) cells *= (double)SinewGridAxis(o->equation->grid, d)->cells;
  if (o->v.series || o->images || o->v.history_every > 0) PetscCall(SinewMakeDirectory(comm, o->directory));
  if (o->v.series) PetscCall(SinewSeriesCreate(comm, o->directory, "fields", &o->series));
  for (PetscInt k = 0; provenance[k] && o->series; k += 2)
    PetscCall(SinewSeriesProvenance(o->series, provenance[k], provenance[k + 1]));
  if (restart && o->series) {
    const PetscBool stays = (PetscBool)(!goes_on || step == 0 || due(o->v.every, begin));

    PetscCall(SinewSeriesTruncate(o->series, stays ? begin : begin * (1 - 4e-12)));
    o->written_at = begin;
  }
  if (o->v.history_every > 0)
    PetscCall(open_history(o, restart, goes_on && step % o->v.history_every ? step - 1 : step));
  if (!quiet) PetscCall(SinewProgressCreate(comm, stdout, o->v.progress, begin, end, cells, &o->progress));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewOutputsStep(SinewOutputs o, PetscInt step, PetscReal t, PetscReal dt, PetscInt rejections, Vec U,
                                PetscBool last, double clock)
{
  const PetscBool first = (PetscBool)(step == 0);

  PetscFunctionBeginUser;
  if (o->v.series && t > o->written_at && (first || last || due(o->v.every, t))) PetscCall(write_series(o, step, t, U));
  for (PetscInt i = 0; i < o->images; i++) {
    if (due(o->image[i].every, t) || (last && o->image[i].every <= 0)) PetscCall(paint(o, &o->image[i], t, U));
  }
  if (o->history && (step % o->v.history_every == 0 || last)) PetscCall(write_history(o, step, t, dt, rejections, U));
  if (o->progress) PetscCall(SinewProgressUpdate(o->progress, step, t, dt, clock));
  if (o->progress && last) PetscCall(SinewProgressFinish(o->progress));
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
