#include "solvers/picture.h"
#include "io/image.h"
#include "solvers/pointwise/deformation.h"

static const char *const components[] = {"magnitude", "x", "y", "z", NULL};
static const char *const slice_axes[] = {"x", "y", "z", NULL};
static const char *const colormap_list[] = {"viridis", "inferno", "magma", "plasma", "turbo", "coolwarm", "gray", NULL};

#define AT(member) offsetof(SinewPicture, member)
const SinewKey SinewPictureKeys[] = {{.name = "field",
                                      .type = SINEW_KEY_STRING,
                                      .offset = AT(field),
                                      .required = PETSC_TRUE,
                                      .doc = "field to paint",
                                      .change = SINEW_CHANGE_FREE},
                                     {.name = "component",
                                      .type = SINEW_KEY_CHOICE,
                                      .offset = AT(component),
                                      .standard = "magnitude",
                                      .choices = components,
                                      .doc = "of a vector",
                                      .change = SINEW_CHANGE_FREE},
                                     {.name = "every",
                                      .type = SINEW_KEY_REAL,
                                      .offset = AT(every),
                                      .standard = "0",
                                      .min = 0,
                                      .max = 1e30,
                                      .doc = "time between pictures; 0: of the last state only",
                                      .change = SINEW_CHANGE_WARN},
                                     {.name = "colormap",
                                      .type = SINEW_KEY_CHOICE,
                                      .offset = AT(colormap),
                                      .standard = "viridis",
                                      .choices = colormap_list,
                                      .doc = "colours",
                                      .change = SINEW_CHANGE_FREE},
                                     {.name = "range",
                                      .type = SINEW_KEY_REALS,
                                      .offset = AT(range),
                                      .least = 2,
                                      .most = 2,
                                      .doc = "[lowest, highest] colour; standard: the data's own",
                                      .change = SINEW_CHANGE_FREE},
                                     {.name = "width",
                                      .type = SINEW_KEY_INT,
                                      .offset = AT(width),
                                      .standard = "0",
                                      .min = 0,
                                      .max = 4096,
                                      .doc = "pixels of the longer side; 0: chosen",
                                      .change = SINEW_CHANGE_FREE},
                                     {.name = "normal",
                                      .type = SINEW_KEY_CHOICE,
                                      .offset = AT(axis),
                                      .standard = "z",
                                      .choices = slice_axes,
                                      .doc = "normal of the slice through a 3D field",
                                      .change = SINEW_CHANGE_FREE},
                                     {.name = "at",
                                      .type = SINEW_KEY_REAL,
                                      .offset = AT(at),
                                      .standard = "0.5",
                                      .min = 0,
                                      .max = 1,
                                      .doc = "position of the slice as a fraction of the extent",
                                      .change = SINEW_CHANGE_FREE},
                                     {.name = "lines",
                                      .type = SINEW_KEY_BOOL,
                                      .offset = AT(lines),
                                      .standard = "false",
                                      .doc = "draw the mesh",
                                      .change = SINEW_CHANGE_FREE},
                                     {.name = "compare",
                                      .type = SINEW_KEY_BOOL,
                                      .offset = AT(compare),
                                      .standard = "false",
                                      .doc = "with a reference: run, reference and their difference side by side",
                                      .change = SINEW_CHANGE_FREE},
                                     {.name = NULL}};

/* ---- cells ---- */

/* The owned cells of a field in a plane (or on the line of a 1D grid): a along the picture's x, b along its y; NULL
   where the plane is not. Collective. */
static PetscErrorCode cut(const SinewScene *s, const SinewPicture *image, Vec U, PetscInt a, PetscInt b, PetscInt plane,
                          PetscReal **value)
{
  const SinewAxis *axis[3];
  PetscInt nc, stride[3] = {1, 0, 0}, base = 0;
  PetscReal *all;

  PetscFunctionBeginUser;
  *value = NULL;
  for (PetscInt d = 0; d < 3; d++) axis[d] = SinewGridAxis(s->equation->grid, d);
  stride[1] = axis[0]->count;
  stride[2] = axis[0]->count * axis[1]->count;
  base = plane * stride[3 - a - b];
  PetscCall(PetscMalloc1((size_t)(3 * axis[0]->count * axis[1]->count * axis[2]->count), &all));
  PetscCall(SinewEquationField(s->equation, U, image->field, &nc, all));
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

static PetscErrorCode cut_layers(const SinewScene *s, const SinewPicture *image, Vec U, PetscInt a, PetscInt b,
                                 PetscInt plane, Plane *p)
{
  PetscFunctionBeginUser;
  PetscCall(cut(s, image, U, a, b, plane, &p->value[0]));
  if (p->layers == 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(cut(s, image, SinewReferenceState(s->reference), a, b, plane, &p->value[1]));
  PetscCall(PetscMalloc1((size_t)(p->nx * p->ny), &p->value[2]));
  for (PetscInt i = 0; i < p->nx * p->ny; i++) p->value[2][i] = p->value[0][i] - p->value[1][i];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Moves the corners of a picture's cells; the plane lies at height `at` of its normal. */
static PetscErrorCode move_plane(const SinewScene *s, PetscInt a, PetscInt b, PetscReal at, Plane *p)
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
  PetscCall((*s->move)(s->move_context, n, x));
  for (PetscInt k = 0; k < n; k++) {
    p->x[k] = x[3 * k + a];
    p->y[k] = x[3 * k + b];
  }
  PetscCall(PetscFree(x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_plane(const SinewScene *s, const SinewPicture *image, Vec U, Plane *p)
{
  const SinewGrid grid = s->equation->grid;
  const PetscInt n = SinewGridDim(grid) > 2 ? image->axis : 2, a = n == 0 ? 1 : 0, b = n == 2 ? 1 : 2;
  const SinewAxis *normal = SinewGridAxis(grid, n), *x = SinewGridAxis(grid, a), *y = SinewGridAxis(grid, b);
  const PetscInt plane = PetscMin((PetscInt)(image->at * (PetscReal)normal->cells), normal->cells - 1) - normal->start;
  const PetscBool here = (PetscBool)(plane >= 0 && plane < normal->count);
  const SinewGeometry *geometry = here ? s->equation->geometry : NULL;

  PetscFunctionBeginUser;
  *p = (Plane){.nx = here ? x->count : 0, .ny = here ? y->count : 0, .layers = image->compare ? 3 : 1};
  PetscCall(cut_layers(s, image, U, a, b, plane, p));
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
  if (s->move && here) PetscCall(move_plane(s, a, b, normal->center[plane + normal->ghosts], p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Run and reference in the same colours, their difference in those of a difference, zero in the middle. */
static PetscErrorCode compare_styles(const SinewScene *s, const Plane *p, const SinewImageStyle *given,
                                     char (*title)[160], SinewImageStyle style[3])
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
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, extreme, 3, MPIU_REAL, MPIU_MAX, s->comm));
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
  PetscCall(PetscSNPrintf(title[1], sizeof(title[1]), "reference (%s)", SinewReferenceName(s->reference)));
  PetscCall(PetscStrncpy(title[2], "run - reference", sizeof(title[2])));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode paint_plane(const SinewScene *s, const SinewPicture *image, const char path[],
                                  const SinewImageStyle *style, Vec U)
{
  SinewImageStyle styles[3];
  char title[3][160];
  Plane p;

  PetscFunctionBeginUser;
  PetscCall(create_plane(s, image, U, &p));
  if (p.layers == 1)
    PetscCall(SinewImageField(s->comm, path, p.nx, p.ny, p.x, p.y, p.value[0], style));
  else {
    PetscCall(compare_styles(s, &p, style, title, styles));
    PetscCall(SinewImagePanels(s->comm, path, 3, p.nx, p.ny, p.x, p.y, (const PetscReal *const *)p.value, styles));
  }
  PetscCall(PetscFree2(p.x, p.y));
  for (int k = 0; k < 3; k++) PetscCall(PetscFree(p.value[k]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode paint_line(const SinewScene *s, const SinewPicture *image, const char path[],
                                 const SinewImageStyle *style, Vec U)
{
  const SinewAxis *x = SinewGridAxis(s->equation->grid, 0);
  const PetscInt curves = image->compare ? 2 : 1;
  SinewCurve curve[2];
  PetscReal *value[2];

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < curves; k++) {
    PetscCall(cut(s, image, k ? SinewReferenceState(s->reference) : U, 0, 1, 0, &value[k]));
    curve[k] =
        (SinewCurve){.label = k ? "reference" : image->field, .n = x->count, .x = x->center + x->ghosts, .y = value[k]};
  }
  PetscCall(SinewImageCurves(s->comm, path, curves, curve, "x", image->field, style));
  for (PetscInt k = 0; k < curves; k++) PetscCall(PetscFree(value[k]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- bodies from files ---- */

/* A component of the displacement, or 3: volumes; -1: not for bodies. */
static PetscInt body_field(const SinewPicture *image)
{
  static const char *const names[] = {"displacement_x", "displacement_y", "displacement_z", "volume_ratio"};

  for (PetscInt k = 0; k < 4; k++)
    if (!strcmp(image->field, names[k])) return k;
  return -1;
}

PetscBool SinewPictureShowsBody(const SinewPicture *image)
{
  return (PetscBool)(body_field(image) >= 0);
}

/* Volume that the edges of a cell from its first corner span, with its sign, from places [vertices][3]. */
static PetscReal cell_volume(const SinewSimplices *b, PetscInt cell, const PetscReal x[])
{
  const PetscInt *corner = b->cell + cell * (b->dim + 1);
  PetscReal edge[9];

  for (PetscInt k = 0; k < b->dim; k++)
    for (PetscInt d = 0; d < b->dim; d++) edge[k * b->dim + d] = x[3 * corner[k + 1] + d] - x[3 * corner[0] + d];
  return SinewDeformVolume(b->dim, edge, NULL);
}

/* The colour of a triangle with corners [3] of a cell. */
static PetscReal body_value(const SinewSimplices *b, PetscInt field, PetscInt cell, const PetscInt corner[3],
                            const PetscReal rest[], const PetscReal now[])
{
  PetscReal value = 0;

  if (field == 3) return cell_volume(b, cell, now) / cell_volume(b, cell, rest);
  for (int k = 0; k < 3; k++) value += (now[3 * corner[k] + field] - rest[3 * corner[k] + field]) / 3;
  return value;
}

/* Edges [cells][3] of a plane body's boundary, each by the corner opposite to it. */
static void mark_outline(const SinewSimplices *b, unsigned char edge[])
{
  for (PetscInt f = 0; f < b->faces; f++) {
    const PetscInt *corner = b->cell + 3 * b->face_cell[f], *end = b->face + 2 * f;

    for (int l = 0; l < 3; l++)
      if (corner[l] != end[0] && corner[l] != end[1]) edge[3 * b->face_cell[f] + l] = 1;
  }
}

/* Triangles of a body: its cells in the plane, its faces in space. */
static PetscErrorCode paint_triangles(const SinewScene *s, const SinewPicture *image, const char path[],
                                      const SinewImageStyle *style, const PetscReal rest[], const PetscReal now[])
{
  const SinewSimplices *b = s->equation->body;
  const PetscInt dim = b->dim, n = dim == 2 ? b->cells : b->faces;
  PetscReal *corner, *value;
  unsigned char *edge;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc3((size_t)(3 * n * dim), &corner, (size_t)n, &value, (size_t)(3 * n), &edge));
  for (PetscInt k = 0; k < n; k++) {
    const PetscInt *at = (dim == 2 ? b->cell : b->face) + 3 * k, cell = dim == 2 ? k : b->face_cell[k];

    for (int l = 0; l < 3; l++) {
      PetscCall(PetscArraycpy(corner + (3 * k + l) * dim, now + 3 * at[l], dim));
      edge[3 * k + l] = (unsigned char)image->lines;
    }
    value[k] = body_value(b, body_field(image), cell, at, rest, now);
  }
  if (dim == 2) mark_outline(b, edge);
  {
    const SinewSurface surface = {.dim = dim, .n = n, .corner = corner, .value = value, .edge = edge};

    PetscCall(SinewImageSurface(s->comm, path, &surface, style));
  }
  PetscCall(PetscFree3(corner, value, edge));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Every rank asks where all vertices are, as every rank has the body. */
static PetscErrorCode paint_body(const SinewScene *s, const SinewPicture *image, const char path[],
                                 const SinewImageStyle *style)
{
  const SinewSimplices *b = s->equation->body;
  PetscReal *rest, *now;

  PetscFunctionBeginUser;
  PetscCall(PetscCalloc2((size_t)(3 * b->vertices), &rest, (size_t)(3 * b->vertices), &now));
  for (PetscInt k = 0; k < b->vertices; k++) PetscCall(PetscArraycpy(rest + 3 * k, b->vertex + k * b->dim, b->dim));
  PetscCall(PetscArraycpy(now, rest, 3 * b->vertices));
  PetscCall((*s->move)(s->move_context, b->vertices, now));
  PetscCall(paint_triangles(s, image, path, style, rest, now));
  PetscCall(PetscFree2(rest, now));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewPicturePaint(const SinewPicture *image, const SinewScene *s, const char directory[], PetscReal t,
                                 Vec U, size_t size, char path[])
{
  const char *suffix = image->compare ? "_compared" : "";
  char title[128];
  SinewImageStyle style = {
      .title = title, .colormap = colormap_list[image->colormap], .width = image->width, .lines = image->lines};

  PetscFunctionBeginUser;
  snprintf(title, sizeof(title), "%s, t = %g", image->field, (double)t); /* PETSc would write "100." */
  if (image->every > 0)
    PetscCall(
        PetscSNPrintf(path, size, "%s/%s%s_%04d.png", directory, image->field, suffix, (int)(t / image->every + 0.5)));
  else
    PetscCall(PetscSNPrintf(path, size, "%s/%s%s.png", directory, image->field, suffix));
  if (image->range.n == 2) style.min = image->range.value[0], style.max = image->range.value[1];
  if (s->equation->body)
    PetscCall(paint_body(s, image, path, &style));
  else if (SinewGridDim(s->equation->grid) == 1)
    PetscCall(paint_line(s, image, path, &style, U));
  else
    PetscCall(paint_plane(s, image, path, &style, U));
  PetscFunctionReturn(PETSC_SUCCESS);
}
