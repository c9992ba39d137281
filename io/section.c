#include "io/section.h"
#include "io/arrays.h"
#include <math.h>

/* Axes are numbered x, y, z here; arrays in files have them the other way round. */
static const char axis_name[] = "xyz";

typedef struct {
  MPI_Comm comm;
  const char *path;
  SinewFile file, mesh; /* mesh: where the nodes are; NULL for uniform meshes */
  char array[96];       /* path of the field in the file */
  int components;       /* 0: scalar */
  PetscInt64 cells[3];
  double lower[3], upper[3];
  PetscInt64 nodes[3]; /* 0: uniform */
} Reader;

/* Cells, and the axes along which their corners are wanted one by one. */
typedef struct {
  PetscInt64 start[3], count[3];
  PetscBool along[3];
} Box;

/* ---- which field ---- */

static const char *short_name(const char array[])
{
  return strncmp(array, "/fields/", 8) ? array : array + 8;
}

static PetscErrorCode list_fields(Reader *r, size_t size, char first[], char all[])
{
  PetscInt count;
  char **names;
  size_t used = 0;

  PetscFunctionBeginUser;
  first[0] = all[0] = 0;
  PetscCall(SinewFileList(r->file, "/fields", &count, &names));
  for (PetscInt n = 0; n < count; n++) {
    if (n == 0) snprintf(first, size, "%s", short_name(names[n]));
    if (used < size) used += (size_t)snprintf(all + used, size - used, "%s%s", n ? ", " : "", short_name(names[n]));
    PetscCall(PetscFree(names[n]));
  }
  PetscCall(PetscFree(names));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode field_exists(Reader *r, const char name[], PetscBool *exists, SinewArray *array)
{
  PetscFunctionBeginUser;
  snprintf(r->array, sizeof(r->array), "/fields/%s", name);
  PetscCall(SinewFileInquire(r->file, r->array, exists, array));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode find_field(Reader *r, const char wanted[])
{
  static const char *const usual[] = {"rho", "u"};
  char first[256], all[256];
  PetscBool exists = PETSC_FALSE;
  SinewArray array;

  PetscFunctionBeginUser;
  if (wanted) PetscCall(field_exists(r, wanted, &exists, &array));
  for (int n = 0; !wanted && !exists && n < 2; n++) PetscCall(field_exists(r, usual[n], &exists, &array));
  if (!exists) {
    PetscCall(list_fields(r, sizeof(all), first, all));
    if (!first[0]) SETERRQ(r->comm, SINEW_ERR_INPUT, "%s: there are no fields in it", r->path);
    if (wanted) SETERRQ(r->comm, SINEW_ERR_INPUT, "%s: no field '%s'; there are: %s", r->path, wanted, all);
    PetscCall(field_exists(r, first, &exists, &array));
  }
  if (array.rank != 3 && array.rank != 4)
    SETERRQ(r->comm, SINEW_ERR_INPUT, "%s: %s is no field of shape (z,y,x) or (z,y,x,components)", r->path, r->array);
  r->components = array.rank == 4 ? (int)PetscMin(array.shape[3], 99) : 0;
  for (int d = 0; d < 3; d++) r->cells[d] = array.shape[2 - d];
  if (r->cells[0] < 1 || r->cells[1] < 1 || r->cells[2] < 1 || (array.rank == 4 && array.shape[3] < 1))
    SETERRQ(r->comm, SINEW_ERR_INPUT, "%s: %s is empty", r->path, r->array);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- where its cells are ---- */

static PetscErrorCode read_bounds(Reader *r)
{
  PetscInt n[2];

  PetscFunctionBeginUser;
  PetscCall(SinewFileReadReals(r->file, "/", "mesh_lower", 3, &n[0], r->lower));
  PetscCall(SinewFileReadReals(r->file, "/", "mesh_upper", 3, &n[1], r->upper));
  for (int d = 0; d < 3; d++) {
    if (n[0] > d && n[1] > d && r->lower[d] < r->upper[d]) continue;
    if (r->cells[d] > 1)
      SETERRQ(r->comm, SINEW_ERR_INPUT, "%s: attributes mesh_lower and mesh_upper give no extent in %c", r->path,
              axis_name[d]);
    r->lower[d] = 0, r->upper[d] = 1; /* one cell without an extent: not shown anyway */
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* mesh_file is relative to the folder of the file that names it. */
static PetscErrorCode open_mesh(Reader *r)
{
  char path[PETSC_MAX_PATH_LEN], *name;
  const char *slash = strrchr(r->path, '/');

  PetscFunctionBeginUser;
  PetscCall(SinewFileReadString(r->file, "/", "mesh_file", &name));
  if (name && name[0]) {
    const int folder = slash && name[0] != '/' ? (int)(slash + 1 - r->path) : 0;

    snprintf(path, sizeof(path), "%.*s%s", folder, r->path, name);
    PetscCall(SinewFileOpen(r->comm, path, &r->mesh));
  } else
    r->mesh = r->file;
  PetscCall(PetscFree(name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode find_nodes(Reader *r)
{
  PetscBool exists, fits;
  SinewArray array;

  PetscFunctionBeginUser;
  PetscCall(open_mesh(r));
  PetscCall(SinewFileInquire(r->mesh, "/mesh/nodes", &exists, &array));
  if (!exists) SETERRQ(r->comm, SINEW_ERR_INPUT, "%s: its mesh has no array /mesh/nodes", r->path);
  fits = (PetscBool)(array.rank == 4 && array.shape[3] == 3);
  for (int d = 0; fits && d < 3; d++) {
    r->nodes[d] = array.shape[2 - d];
    fits = (PetscBool)(r->nodes[d] == r->cells[d] + 1 || (r->nodes[d] == 1 && r->cells[d] == 1));
  }
  if (!fits) SETERRQ(r->comm, SINEW_ERR_INPUT, "%s: /mesh/nodes does not fit the cells of %s", r->path, r->array);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode find_mesh(Reader *r)
{
  char *kind;
  PetscBool uniform, nodes;

  PetscFunctionBeginUser;
  PetscCall(SinewFileReadString(r->file, "/", "mesh_kind", &kind));
  uniform = (PetscBool)(kind && !strcmp(kind, "uniform"));
  nodes = (PetscBool)(kind && !strcmp(kind, "nodes"));
  PetscCall(PetscFree(kind));
  if (!uniform && !nodes)
    SETERRQ(r->comm, SINEW_ERR_INPUT, "%s: attribute mesh_kind must be 'uniform' or 'nodes'", r->path);
  if (uniform)
    PetscCall(read_bounds(r));
  else
    PetscCall(find_nodes(r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- corners ---- */

static PetscInt64 corners_along(const Box *box, int d)
{
  return box->along[d] ? box->count[d] + 1 : 1;
}

static size_t corners_of(const Box *box)
{
  return (size_t)(corners_along(box, 0) * corners_along(box, 1) * corners_along(box, 2));
}

/* Computed from the index alone, so that neighbouring ranks agree to the last bit. */
static void uniform_corners(const Reader *r, const Box *box, double corner[])
{
  PetscInt64 i[3];

  for (i[2] = 0; i[2] < corners_along(box, 2); i[2]++)
    for (i[1] = 0; i[1] < corners_along(box, 1); i[1]++)
      for (i[0] = 0; i[0] < corners_along(box, 0); i[0]++)
        for (int d = 0; d < 3; d++) {
          const double share = ((double)(box->start[d] + i[d]) + (box->along[d] ? 0 : 0.5)) / (double)r->cells[d];

          *corner++ = (1 - share) * r->lower[d] + share * r->upper[d];
        }
}

/* Sums the nodes on both sides of layers that are cut. */
static void average_nodes(const Box *box, const PetscInt64 count[3], const double node[], double corner[])
{
  const PetscInt64 row = corners_along(box, 0), plane = row * corners_along(box, 1);
  double share = 1;
  PetscInt64 i[3];

  for (int d = 0; d < 3; d++)
    if (!box->along[d]) share /= (double)count[d];
  memset(corner, 0, 3 * corners_of(box) * sizeof(*corner));
  for (i[2] = 0; i[2] < count[2]; i[2]++)
    for (i[1] = 0; i[1] < count[1]; i[1]++)
      for (i[0] = 0; i[0] < count[0]; i[0]++, node += 3) {
        double *c = corner + 3 * (plane * i[2] * box->along[2] + row * i[1] * box->along[1] + i[0] * box->along[0]);

        for (int k = 0; k < 3; k++) c[k] += share * node[k];
      }
}

static PetscErrorCode stored_corners(Reader *r, const Box *box, double corner[])
{
  SinewArray array = {.name = "/mesh/nodes", .dtype = SINEW_FLOAT64, .rank = 4, .distributed = PETSC_TRUE};
  PetscInt64 count[3];
  double *node;

  PetscFunctionBeginUser;
  for (int d = 0; d < 3; d++) {
    count[d] = box->along[d] ? box->count[d] + 1 : PetscMin(r->nodes[d], 2);
    array.shape[2 - d] = r->nodes[d];
    array.start[2 - d] = box->start[d];
    array.count[2 - d] = count[d];
  }
  array.shape[3] = array.count[3] = 3;
  PetscCall(PetscMalloc1((size_t)(3 * count[0] * count[1] * count[2]), &node));
  array.data = node;
  PetscCall(SinewFileRead(r->mesh, &array));
  average_nodes(box, count, node, corner);
  PetscCall(PetscFree(node));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* x, y, z of every corner. Collective. */
static PetscErrorCode get_corners(Reader *r, const Box *box, double **corner)
{
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(3 * corners_of(box), corner));
  if (r->mesh)
    PetscCall(stored_corners(r, box, *corner));
  else
    uniform_corners(r, box, *corner);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- cuts ---- */

/* Corners of all cells along the middle line of an axis; all ranks have them. */
static PetscErrorCode middle_line(Reader *r, int axis, double **corner)
{
  Box box = {.count = {1, 1, 1}};

  PetscFunctionBeginUser;
  for (int d = 0; d < 3; d++) box.start[d] = d == axis ? 0 : r->cells[d] / 2;
  box.count[axis] = r->cells[axis];
  box.along[axis] = PETSC_TRUE;
  PetscCall(get_corners(r, &box, corner));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode find_layer(Reader *r, int axis, double at, PetscInt64 *layer)
{
  double *corner, low, high;
  PetscInt64 n = r->cells[axis];

  PetscFunctionBeginUser;
  PetscCall(middle_line(r, axis, &corner));
  low = fmin(corner[axis], corner[3 * n + axis]);
  high = fmax(corner[axis], corner[3 * n + axis]);
  *layer = -1;
  for (PetscInt64 i = 0; i < n && *layer < 0; i++)
    if ((corner[3 * i + axis] - at) * (corner[3 * i + 3 + axis] - at) <= 0) *layer = i;
  /* a face belongs to the cell above it, as everywhere in Sinew */
  if (*layer >= 0 && *layer < n - 1 && corner[3 * *layer + 3 + axis] == at) ++*layer;
  PetscCall(PetscFree(corner));
  if (*layer < 0)
    SETERRQ(r->comm, SINEW_ERR_INPUT, "%s: %c = %g is outside of the mesh, which goes from %g to %g", r->path,
            axis_name[axis], at, low, high);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Position of a layer's middle, for the title. */
static PetscErrorCode layer_position(Reader *r, int axis, PetscInt64 layer, double *at)
{
  double *corner;

  PetscFunctionBeginUser;
  PetscCall(middle_line(r, axis, &corner));
  *at = (corner[3 * layer + axis] + corner[3 * layer + 3 + axis]) / 2;
  PetscCall(PetscFree(corner));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void say_where(SinewSection *s, int axis, double at)
{
  const size_t used = strlen(s->where);

  snprintf(s->where + used, sizeof(s->where) - used, "%s%c = %.4g", used ? ", " : "", axis_name[axis], at);
}

static PetscErrorCode cut_in_the_middle(Reader *r, int axis, Box *box, SinewSection *s)
{
  double at = 0;

  PetscFunctionBeginUser;
  box->along[axis] = PETSC_FALSE;
  box->start[axis] = r->cells[axis] / 2;
  box->count[axis] = 1;
  PetscCall(layer_position(r, axis, box->start[axis], &at));
  say_where(s, axis, at);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int axes_left(const Box *box)
{
  return (int)box->along[0] + (int)box->along[1] + (int)box->along[2];
}

/* Nothing but a cell is left: a curve of one point, along an axis that has corners. */
static PetscErrorCode keep_an_axis(const Reader *r, Box *box)
{
  PetscFunctionBeginUser;
  for (int d = 0; d < 3; d++)
    if (!r->mesh || r->nodes[d] > 1) {
      box->along[d] = PETSC_TRUE;
      PetscFunctionReturn(PETSC_SUCCESS);
    }
  SETERRQ(r->comm, SINEW_ERR_INPUT, "%s: the mesh is a single point", r->path);
}

/* Cells and axes of the whole section. */
static PetscErrorCode make_cuts(Reader *r, const SinewSectionRequest *want, Box *box, SinewSection *s)
{
  PetscFunctionBeginUser;
  for (int d = 0; d < 3; d++) {
    box->start[d] = 0;
    box->count[d] = r->cells[d];
    box->along[d] = (PetscBool)(r->cells[d] > 1);
  }
  for (int d = 0; d < 3; d++) {
    if (!want->cut[d]) continue;
    if (!box->along[d]) SETERRQ(r->comm, SINEW_ERR_INPUT, "%s: the mesh has one cell in %c", r->path, axis_name[d]);
    PetscCall(find_layer(r, d, want->at[d], &box->start[d]));
    box->count[d] = 1;
    box->along[d] = PETSC_FALSE;
    say_where(s, d, want->at[d]);
  }
  for (int d = 2; d >= 0; d--)
    if (box->along[d] && axes_left(box) > (want->curve ? 1 : 2)) PetscCall(cut_in_the_middle(r, d, box, s));
  if (axes_left(box) == 0) PetscCall(keep_an_axis(r, box));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* This rank's piece of the section. */
static PetscErrorCode take_share(MPI_Comm comm, Box *box, SinewSection *s)
{
  PetscMPIInt rank, size;
  PetscInt64 all;
  int slow;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Comm_size(comm, &size));
  s->dim = 0;
  for (int d = 0; d < 3; d++)
    if (box->along[d]) s->axis[s->dim++] = d;
  slow = s->axis[s->dim - 1];
  all = box->count[slow];
  box->start[slow] += all * rank / size;
  box->count[slow] = all * (rank + 1) / size - all * rank / size;
  s->n[1] = 1;
  for (int k = 0; k < s->dim; k++) PetscCall(PetscIntCast(box->count[s->axis[k]], &s->n[k]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- values ---- */

static PetscErrorCode choose_component(Reader *r, int wanted, int *first, int *count, SinewSection *s)
{
  const char *name = short_name(r->array);

  PetscFunctionBeginUser;
  if (wanted != SINEW_COMPONENT_DEFAULT && !r->components)
    SETERRQ(r->comm, SINEW_ERR_INPUT, "%s: field %s has no components", r->path, name);
  if (wanted >= r->components && r->components)
    SETERRQ(r->comm, SINEW_ERR_INPUT, "%s: field %s has %d components", r->path, name, r->components);
  *first = wanted >= 0 ? wanted : 0;
  *count = wanted >= 0 ? 1 : r->components;
  if (r->components <= 1)
    snprintf(s->name, sizeof(s->name), "%.96s", name);
  else if (wanted >= 0)
    snprintf(s->name, sizeof(s->name), "%.96s %c", name, axis_name[wanted]);
  else
    snprintf(s->name, sizeof(s->name), "|%.96s|", name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_values(Reader *r, const Box *box, int component, SinewSection *s)
{
  SinewArray array = {.name = r->array, .dtype = SINEW_FLOAT64, .rank = r->components ? 4 : 3};
  const size_t cells = (size_t)(box->count[0] * box->count[1] * box->count[2]);
  int first, count;
  double *all;

  PetscFunctionBeginUser;
  PetscCall(choose_component(r, component, &first, &count, s));
  array.distributed = PETSC_TRUE;
  for (int d = 0; d < 3; d++) {
    array.shape[2 - d] = r->cells[d];
    array.start[2 - d] = box->start[d];
    array.count[2 - d] = box->count[d];
  }
  array.shape[3] = r->components;
  array.start[3] = first;
  array.count[3] = count;
  PetscCall(PetscMalloc1(cells, &s->value));
  PetscCall(PetscMalloc1(cells * (size_t)PetscMax(count, 1), &all));
  array.data = all;
  PetscCall(SinewFileRead(r->file, &array));
  for (size_t i = 0; i < cells; i++) {
    double square = 0;

    for (int c = 0; c < count; c++) square += all[i * (size_t)count + (size_t)c] * all[i * (size_t)count + (size_t)c];
    s->value[i] = count > 1 ? sqrt(square) : all[i];
  }
  PetscCall(PetscFree(all));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the section ---- */

static PetscErrorCode set_coordinates(Reader *r, const Box *box, SinewSection *s)
{
  const size_t n = s->dim == 2 ? corners_of(box) : (size_t)s->n[0];
  double *corner;

  PetscFunctionBeginUser;
  PetscCall(get_corners(r, box, &corner));
  PetscCall(PetscMalloc1(n, &s->x));
  if (s->dim == 2) PetscCall(PetscMalloc1(n, &s->y));
  for (size_t i = 0; i < n; i++) {
    const double *here = corner + 3 * i;

    s->x[i] = s->dim == 2 ? here[s->axis[0]] : (here[s->axis[0]] + here[3 + s->axis[0]]) / 2;
    if (s->dim == 2) s->y[i] = here[s->axis[1]];
  }
  PetscCall(PetscFree(corner));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_section(Reader *r, const SinewSectionRequest *request, SinewSection *section)
{
  double time[1];
  PetscInt n;
  Box box;

  PetscFunctionBeginUser;
  PetscCall(SinewFileOpen(r->comm, r->path, &r->file));
  PetscCall(find_field(r, request->field));
  PetscCall(find_mesh(r));
  PetscCall(make_cuts(r, request, &box, section));
  PetscCall(take_share(r->comm, &box, section));
  PetscCall(set_coordinates(r, &box, section));
  PetscCall(read_values(r, &box, request->component, section));
  PetscCall(SinewFileReadReals(r->file, "/", "time", 1, &n, time));
  section->has_time = (PetscBool)(n == 1);
  section->time = n == 1 ? time[0] : 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSectionRead(MPI_Comm comm, const char path[], const SinewSectionRequest *request,
                                SinewSection *section)
{
  Reader r = {.comm = comm, .path = path};
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(PetscMemzero(section, sizeof(*section)));
  code = read_section(&r, request, section);
  /* wrong requests are errors of all ranks together, which may therefore still close files */
  if (code && code != SINEW_ERR_INPUT) PetscCall(code);
  if (r.mesh && r.mesh != r.file) PetscCall(SinewFileClose(&r.mesh));
  if (r.file) PetscCall(SinewFileClose(&r.file));
  if (code) PetscCall(SinewSectionDestroy(section));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSectionDestroy(SinewSection *section)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(section->x));
  PetscCall(PetscFree(section->y));
  PetscCall(PetscFree(section->value));
  PetscFunctionReturn(PETSC_SUCCESS);
}
