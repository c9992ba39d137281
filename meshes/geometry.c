#include "meshes/geometry.h"

#include "io/error.h"
#include "meshes/geometry_kernels.h"

#define LAYERS 3 /* of phi: nodes reach two beyond the last owned, gradients one more */

typedef struct {
  PetscReal c[3];
} Point;

static inline Point minus(Point a, Point b)
{
  return (Point){{a.c[0] - b.c[0], a.c[1] - b.c[1], a.c[2] - b.c[2]}};
}

static inline Point plus(Point a, Point b)
{
  return (Point){{a.c[0] + b.c[0], a.c[1] + b.c[1], a.c[2] + b.c[2]}};
}

static inline Point cross(Point a, Point b)
{
  return (Point){
      {a.c[1] * b.c[2] - a.c[2] * b.c[1], a.c[2] * b.c[0] - a.c[0] * b.c[2], a.c[0] * b.c[1] - a.c[1] * b.c[0]}};
}

static inline PetscReal dot(Point a, Point b)
{
  return a.c[0] * b.c[0] + a.c[1] * b.c[1] + a.c[2] * b.c[2];
}

/* ---- creation ---- */

static PetscErrorCode create_dm(SinewGeometry *g)
{
  const SinewLattice *l = g->lattice;
  DMBoundaryType type[3];

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < 3; d++)
    type[d] = d >= l->dim ? DM_BOUNDARY_NONE : l->periodic[d] ? DM_BOUNDARY_PERIODIC : DM_BOUNDARY_GHOSTED;
  PetscCall(DMDACreate(l->comm, &g->dm));
  PetscCall(DMSetDimension(g->dm, l->dim));
  PetscCall(DMDASetSizes(g->dm, l->nodes[0], l->nodes[1], l->nodes[2]));
  PetscCall(DMDASetBoundaryType(g->dm, type[0], type[1], type[2]));
  PetscCall(DMDASetDof(g->dm, 1));
  PetscCall(DMDASetStencilType(g->dm, DMDA_STENCIL_BOX));
  PetscCall(DMDASetStencilWidth(g->dm, LAYERS));
  PetscCall(DMDASetNumProcs(g->dm, (PetscMPIInt)l->ranks[0], (PetscMPIInt)l->ranks[1], (PetscMPIInt)l->ranks[2]));
  PetscCall(DMDASetOwnershipRanges(g->dm, l->own[0], l->own[1], l->own[2]));
  PetscCall(DMSetUp(g->dm));
  PetscCall(DMCreateLocalVector(g->dm, &g->potential));
  PetscCall(SinewGhostScatterCreate(g->dm, &g->ghosts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_size(const SinewGeometry *g)
{
  PetscBool enough = PETSC_TRUE, failed;
  char mine[256] = "", why[256];

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < g->dim; d++) {
    if (g->count[d] >= LAYERS) continue;
    enough = PETSC_FALSE;
    PetscCall(PetscSNPrintf(mine, sizeof(mine),
                            "grid.cells: a moving mesh needs %d cells a rank along each axis, found %" PetscInt_FMT
                            " along %c: use fewer ranks or more cells",
                            LAYERS, g->count[d], (char)('x' + d)));
  }
  PetscCall(SinewAgree(g->lattice->comm, enough, mine, &failed, sizeof(why), why));
  if (failed) SETERRQ(g->lattice->comm, SINEW_ERR_INPUT, "%s", why);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Places of the nodes of the uniform mesh along an axis, exact at both walls. */
static PetscErrorCode create_positions(SinewGeometry *g, PetscInt d)
{
  const SinewLattice *l = g->lattice;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(g->node[d], &g->xi[d]));
  for (PetscInt i = 0; i < g->node[d]; i++) {
    const PetscInt n = g->axis[d]->start + i - 1;

    g->xi[d][i] = (l->lower[d] * (PetscReal)(l->cells[d] - n) + l->upper[d] * (PetscReal)n) / (PetscReal)l->cells[d];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewGeometryCreate(SinewGrid grid, SinewLattice *lattice, SinewGeometry **geometry)
{
  SinewGeometry *g;
  size_t cells = 1, nodes = 1, faces = 1, padded = 1;
  PetscReal least;
  Vec phi;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&g));
  *geometry = g;
  g->lattice = lattice;
  g->dim = SinewGridDim(grid);
  g->cell = 1;
  PetscCheck(g->dim > 1, PETSC_COMM_SELF, PETSC_ERR_SUP, "moving meshes have two or three dimensions");
  for (PetscInt d = 0; d < 3; d++) {
    const PetscInt used = d < g->dim;

    g->axis[d] = SinewGridAxis(grid, d);
    g->count[d] = g->axis[d]->count;
    g->node[d] = used ? g->count[d] + 3 : 1;
    g->face[d] = g->count[d] + used;
    g->padded[d] = g->count[d] + 2 * used;
    g->cell *= used ? lattice->h[d] : 1;
    cells *= (size_t)g->count[d];
    nodes *= (size_t)g->node[d];
    faces *= (size_t)g->face[d];
    padded *= (size_t)g->padded[d];
  }
  for (PetscInt d = 0; d < g->dim; d++) {
    PetscCall(create_positions(g, d));
    for (int end = 0; end < 2; end++) PetscCall(PetscMalloc1(nodes, &g->x[end][d])); /* ends change places */
    PetscCall(PetscMalloc2(faces, &g->swept[d], padded, &g->centre[d]));
    for (PetscInt c = 0; c < g->dim; c++) PetscCall(PetscMalloc1(faces, &g->area[d][c]));
  }
  for (int end = 0; end < 2; end++) PetscCall(PetscMalloc1(cells, &g->volume[end]));
  PetscCall(check_size(g));
  PetscCall(create_dm(g));
  PetscCall(DMGetGlobalVector(lattice->dm, &phi));
  PetscCall(VecSet(phi, 0));
  for (int end = 0; end < 2; end++) PetscCall(SinewGeometryPlace(g, end, phi, &least));
  PetscCall(SinewGeometrySweep(g));
  PetscCall(DMRestoreGlobalVector(lattice->dm, &phi));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewGeometryDestroy(SinewGeometry **geometry)
{
  SinewGeometry *g = *geometry;

  PetscFunctionBeginUser;
  if (!g) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt d = 0; d < 3; d++) {
    for (int end = 0; end < 2; end++) PetscCall(PetscFree(g->x[end][d]));
    PetscCall(PetscFree2(g->swept[d], g->centre[d]));
    PetscCall(PetscFree(g->xi[d]));
    for (PetscInt c = 0; c < 3; c++) PetscCall(PetscFree(g->area[d][c]));
  }
  for (int end = 0; end < 2; end++) PetscCall(PetscFree(g->volume[end]));
  PetscCall(VecDestroy(&g->potential));
  PetscCall(VecScatterDestroy(&g->ghosts));
  PetscCall(DMDestroy(&g->dm));
  PetscCall(PetscFree(*geometry));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- nodes ---- */

/* The potential beyond walls, axis by axis. */
static void mirror(const SinewGeometry *g, const PetscInt pitch[3], PetscReal *p)
{
  const SinewLattice *l = g->lattice;
  const PetscInt stride[3] = {1, pitch[0], pitch[0] * pitch[1]};

  for (PetscInt d = 0; d < g->dim; d++) {
    const PetscInt e = (d + 1) % 3, f = (d + 2) % 3;

    if (l->periodic[d]) continue;
    for (int side = 0; side < 2; side++) {
      const PetscInt wall = side ? pitch[d] - 1 - LAYERS : LAYERS, out = side ? 1 : -1;

      if (side ? l->start[d] + l->count[d] < l->nodes[d] : l->start[d] > 0) continue;
      for (PetscInt r = 0; r < pitch[f]; r++)
        for (PetscInt q = 0; q < pitch[e]; q++)
          for (PetscInt n = 1; n <= LAYERS; n++) {
            PetscReal *line = p + q * stride[e] + r * stride[f];

            line[(wall + out * n) * stride[d]] = line[(wall - out * n) * stride[d]];
          }
    }
  }
}

static PetscErrorCode place_nodes(SinewGeometry *g, int end, Vec phi)
{
  const SinewLattice *l = g->lattice;
  PetscInt pitch[3], stride[3] = {1, 1, 1};
  PetscReal *p;

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < 3; d++) pitch[d] = l->count[d] + (d < g->dim ? 2 * LAYERS : 0);
  stride[1] = pitch[0];
  stride[2] = pitch[0] * pitch[1];
  PetscCall(SinewGhostFill(g->dm, g->ghosts, phi, g->potential));
  PetscCall(VecGetArray(g->potential, &p));
  mirror(g, pitch, p);
  for (PetscInt k = 0; k < g->node[2]; k++)
    for (PetscInt j = 0; j < g->node[1]; j++) {
      const PetscInt at = (k * g->node[1] + j) * g->node[0], local[3] = {0, j, k};
      const PetscReal *q =
          p + (LAYERS - 1) + (j - 1 + LAYERS) * stride[1] + (g->dim > 2 ? (k - 1 + LAYERS) * stride[2] : 0);

      for (PetscInt d = 0; d < g->dim; d++)
        GeometryNodes(g->node[0], g->xi[d] + local[d], d == 0, q, stride[d], 1 / (2 * l->h[d]), g->x[end][d] + at);
    }
  PetscCall(VecRestoreArray(g->potential, &p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline Point node(const SinewGeometry *g, PetscReal *const x[3], PetscInt i, PetscInt j, PetscInt k)
{
  const PetscInt n = SinewGeometryNode(g, i, j, k);

  return (Point){{x[0][n], x[1][n], g->dim > 2 ? x[2][n] : 0}};
}

/* ---- volumes ---- */

/* Area vector of the bilinear patch x = a + s u + t v + s t w, and the integral of x . dS over it. */
static inline Point patch_area(Point a, Point b, Point c, Point d, PetscReal *integral)
{
  const Point u = minus(b, a), v = minus(d, a), w = minus(minus(c, b), v), uv = cross(u, v), uw = cross(u, w),
              wv = cross(w, v);
  Point area;

  for (int k = 0; k < 3; k++) area.c[k] = uv.c[k] + 0.5 * (uw.c[k] + wv.c[k]);
  if (integral) *integral = dot(a, area) - 0.25 * dot(uv, w);
  return area;
}

/* Volume between two bilinear quadrilaterals a and b joined by straight edges: by the divergence theorem, places taken
   relative to one corner. Corners go round; the normal of a by the right hand points to b. */
static PetscReal hexahedron(const Point a[4], const Point b[4])
{
  Point p[8];
  PetscReal sum = 0, part;
  static const int faces[6][4] = {{0, 3, 2, 1}, {4, 5, 6, 7}, {0, 1, 5, 4}, {1, 2, 6, 5}, {2, 3, 7, 6}, {3, 0, 4, 7}};

  for (int n = 0; n < 4; n++) {
    p[n] = minus(a[n], a[0]);
    p[4 + n] = minus(b[n], a[0]);
  }
  for (int f = 0; f < 6; f++) {
    (void)patch_area(p[faces[f][0]], p[faces[f][1]], p[faces[f][2]], p[faces[f][3]], &part);
    sum += part;
  }
  return sum / 3;
}

static PetscReal cell_volume(const SinewGeometry *g, PetscReal *const x[3], PetscInt i, PetscInt j, PetscInt k)
{
  const Point a[4] = {node(g, x, i, j, k), node(g, x, i + 1, j, k), node(g, x, i + 1, j + 1, k),
                      node(g, x, i, j + 1, k)},
              b[4] = {node(g, x, i, j, k + 1), node(g, x, i + 1, j, k + 1), node(g, x, i + 1, j + 1, k + 1),
                      node(g, x, i, j + 1, k + 1)};

  return hexahedron(a, b);
}

/* The volume that the edges span at the corner of cell (i, j, k) towards bits: smallest over corners. */
static PetscReal corner_jacobian(const SinewGeometry *g, PetscReal *const x[3], PetscInt i, PetscInt j, PetscInt k)
{
  PetscReal least = PETSC_MAX_REAL;
  const PetscInt upper = g->dim > 2;

  for (PetscInt c = 0; c <= upper; c++)
    for (PetscInt b = 0; b < 2; b++)
      for (PetscInt a = 0; a < 2; a++) {
        const Point ex = minus(node(g, x, i + 1, j + b, k + c), node(g, x, i, j + b, k + c)),
                    ey = minus(node(g, x, i + a, j + 1, k + c), node(g, x, i + a, j, k + c)),
                    ez = upper ? minus(node(g, x, i + a, j + b, k + 1), node(g, x, i + a, j + b, k))
                               : (Point){{0, 0, 1}};

        least = PetscMin(least, dot(cross(ex, ey), ez));
      }
  return least;
}

static PetscReal measure_boxes(SinewGeometry *g, int end, PetscReal least)
{
  PetscInt n = 0;

  for (PetscInt k = 0; k < g->count[2]; k++)
    for (PetscInt j = 0; j < g->count[1]; j++)
      for (PetscInt i = 0; i < g->count[0]; i++, n++) {
        g->volume[end][n] = cell_volume(g, g->x[end], i, j, k);
        least = PetscMin(least, PetscMin(g->volume[end][n], corner_jacobian(g, g->x[end], i, j, k)));
      }
  return least;
}

/* Volumes at one end; returns the smallest of them and of this rank's Jacobians at corners. */
static PetscReal measure(SinewGeometry *g, int end)
{
  PetscReal least = PETSC_MAX_REAL;

  if (g->dim > 2) return measure_boxes(g, end, least);
  for (PetscInt j = 0; j < g->count[1]; j++) {
    const PetscInt first = SinewGeometryNode(g, 0, j, 0);

    least = GeometryVolumes2D(g->count[0], g->node[0], g->x[end][0] + first, g->x[end][1] + first, least,
                              g->volume[end] + j * g->count[0]);
  }
  return least;
}

PetscErrorCode SinewGeometryMeasure(SinewGeometry *g, int end, PetscReal *least)
{
  PetscReal smallest = measure(g, end);

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &smallest, 1, MPIU_REAL, MPIU_MIN, g->lattice->comm));
  *least = smallest / g->cell;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewGeometryPlace(SinewGeometry *g, int end, Vec phi, PetscReal *least)
{
  PetscFunctionBeginUser;
  PetscCall(place_nodes(g, end, phi));
  PetscCall(SinewGeometryMeasure(g, end, least));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- faces ---- */

/* The edges normal to an axis of row j. */
static void sweep_edges(SinewGeometry *g, PetscInt axis, PetscInt j)
{
  const PetscInt n = SinewGeometryFace(g, 0, j, 0), p = SinewGeometryNode(g, 0, j, 0);
  const PetscReal *const from[2] = {g->x[0][0] + p, g->x[0][1] + p}, *const to[2] = {g->x[1][0] + p, g->x[1][1] + p};
  PetscReal *const area[2] = {g->area[axis][0] + n, g->area[axis][1] + n};

  GeometryEdges2D(g->count[0] + (axis == 0), axis == 0 ? g->node[0] : 1, axis == 0 ? 1 : -1, from, to, area,
                  g->swept[axis] + n);
}

/* The quadrilateral normal to an axis whose lowest node is (i, j, k). */
static void sweep_patch(SinewGeometry *g, PetscInt axis, PetscInt i, PetscInt j, PetscInt k)
{
  const PetscInt n = SinewGeometryFace(g, i, j, k), e = (axis + 1) % 3, f = (axis + 2) % 3;
  Point p[2][4], middle[4], area;

  for (int c = 0; c < 4; c++) {
    PetscInt at[3] = {i, j, k};

    at[e] += c == 1 || c == 2;
    at[f] += c > 1;
    for (int end = 0; end < 2; end++) p[end][c] = node(g, g->x[end], at[0], at[1], at[2]);
    middle[c] = plus(p[0][c], p[1][c]);
    for (int d = 0; d < 3; d++) middle[c].c[d] *= 0.5;
  }
  area = patch_area(middle[0], middle[1], middle[2], middle[3], NULL);
  for (int d = 0; d < 3; d++) g->area[axis][d][n] = area.c[d];
  g->swept[axis][n] = hexahedron(p[0], p[1]);
}

/* Means of the corners, between their places at two ends. */
static void find_centres(SinewGeometry *g, int from, int to)
{
  for (PetscInt k = g->dim > 2 ? -1 : 0; k < g->count[2] + (g->dim > 2); k++)
    for (PetscInt j = -1; j <= g->count[1]; j++) {
      const PetscInt c = SinewGeometryPadded(g, -1, j, k), p = SinewGeometryNode(g, -1, j, k);

      for (PetscInt d = 0; d < g->dim; d++)
        GeometryCentres(g->padded[0], g->node[0], g->dim > 2 ? 2 : 1, g->node[0] * g->node[1], g->x[from][d] + p,
                        g->x[to][d] + p, g->centre[d] + c);
    }
}

PetscErrorCode SinewGeometrySweep(SinewGeometry *g)
{
  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < g->dim; d++)
    for (PetscInt k = 0; k < g->count[2] + (d == 2); k++)
      for (PetscInt j = 0; j < g->count[1] + (d == 1); j++) {
        if (g->dim == 2) sweep_edges(g, d, j);
        for (PetscInt i = 0; i < g->count[0] + (d == 0) && g->dim > 2; i++) sweep_patch(g, d, i, j, k);
      }
  find_centres(g, 0, 1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewGeometryAdvance(SinewGeometry *g)
{
  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < g->dim; d++) {
    PetscReal *x = g->x[0][d];

    g->x[0][d] = g->x[1][d];
    g->x[1][d] = x;
  }
  {
    PetscReal *volume = g->volume[0];

    g->volume[0] = g->volume[1];
    g->volume[1] = volume;
  }
  find_centres(g, 0, 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- quality ---- */

/* Adds a row of cells; m: a row of the monitor with `next` to the row above and `over` to the plane behind. */
static void judge_row(const SinewGeometry *g, int end, PetscInt j, PetscInt k, const PetscReal *m, PetscInt next,
                      PetscInt over, GeometryCensus *c)
{
  const PetscInt n = g->count[0], first = SinewGeometryNode(g, 0, j, k);
  const PetscReal *volume = g->volume[end] + (k * g->count[1] + j) * n;

  GeometryLoads(n, next, g->dim > 2 ? over : 0, m, volume, c);
  GeometryDiagonals(n, g->node[0], g->dim > 2 ? g->node[0] * g->node[1] : 0, g->x[end][0] + first, g->x[end][1] + first,
                    g->dim > 2 ? g->x[end][2] + first : NULL, c);
}

PetscErrorCode SinewGeometryQuality(SinewGeometry *g, int end, Vec m, SinewMeshQuality *quality)
{
  const SinewLattice *l = g->lattice;
  const PetscInt next = l->count[0] + 2 * LAYERS, over = next * (l->count[1] + 2 * LAYERS);
  GeometryCensus c = {.most = PETSC_MIN_REAL, .least = PETSC_MAX_REAL};
  PetscReal sums[3], extremes[4];
  const PetscReal *array;

  PetscFunctionBeginUser;
  PetscCall(SinewGhostFill(g->dm, g->ghosts, m, g->potential));
  PetscCall(VecGetArrayRead(g->potential, &array));
  extremes[2] = -measure(g, end);
  for (PetscInt k = 0; k < g->count[2]; k++)
    for (PetscInt j = 0; j < g->count[1]; j++)
      judge_row(g, end, j, k, array + LAYERS + (j + LAYERS) * next + (g->dim > 2 ? (k + LAYERS) * over : 0), next, over,
                &c);
  PetscCall(VecRestoreArrayRead(g->potential, &array));
  sums[0] = c.sum;
  sums[1] = c.squares;
  sums[2] = (PetscReal)(g->count[0] * g->count[1] * g->count[2]);
  extremes[0] = c.most;
  extremes[1] = -c.least;
  extremes[3] = c.skew;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sums, 3, MPIU_REAL, MPIU_SUM, l->comm));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, extremes, 4, MPIU_REAL, MPIU_MAX, l->comm));
  sums[0] /= sums[2];
  quality->std = PetscSqrtReal(PetscMax(0, sums[1] / sums[2] - sums[0] * sums[0])) / sums[0];
  quality->range = (extremes[0] + extremes[1]) / sums[0];
  quality->least = -extremes[2] / g->cell;
  quality->skew = PetscSqrtReal(extremes[3]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewGeometryGradient(const SinewGeometry *g, const PetscReal u[], PetscReal out[])
{
  const SinewLattice *l = g->lattice;
  const PetscInt stride[3] = {1, g->padded[0], g->padded[0] * g->padded[1]};

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < l->count[2]; k++)
    for (PetscInt j = 0; j < l->count[1]; j++) {
      const PetscInt at = SinewGeometryPadded(g, 0, j, k);
      const PetscReal *const c[3] = {g->centre[0] + at, g->centre[1] + at, g->dim > 2 ? g->centre[2] + at : NULL};

      GeometryGradient(g->dim, l->count[0], stride, c, u + at, out + (k * l->count[1] + j) * l->count[0]);
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewGeometryCellGradient(const SinewGeometry *g, const PetscReal u[], PetscReal *const out[3])
{
  const PetscInt stride[3] = {1, g->padded[0], g->padded[0] * g->padded[1]};
  PetscInt n = 0;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < g->count[2]; k++)
    for (PetscInt j = 0; j < g->count[1]; j++)
      for (PetscInt i = 0; i < g->count[0]; i++, n++) {
        const PetscInt at = SinewGeometryPadded(g, i, j, k);
        Point e[3] = {{{0, 0, 0}}, {{0, 0, 0}}, {{0, 0, 1}}}; /* steps along the axes ... */
        PetscReal difference[3] = {0, 0, 0}, volume;

        for (PetscInt d = 0; d < g->dim; d++) {
          difference[d] = u[at + stride[d]] - u[at - stride[d]];
          for (PetscInt c = 0; c < g->dim; c++) e[d].c[c] = g->centre[c][at + stride[d]] - g->centre[c][at - stride[d]];
        }
        volume = dot(e[0], cross(e[1], e[2]));
        for (PetscInt c = 0; c < g->dim; c++) {
          out[c][n] = 0;
          for (PetscInt d = 0; d < g->dim; d++) /* ... whose dual vectors take differences to the gradient */
            out[c][n] += difference[d] * cross(e[(d + 1) % 3], e[(d + 2) % 3]).c[c] / volume;
        }
      }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewGeometryCorners(const SinewGeometry *g, PetscReal **nodes)
{
  PetscInt n[3], at = 0;

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < 3; d++) n[d] = g->count[d] + (g->axis[d]->start + g->count[d] == g->axis[d]->cells);
  PetscCall(PetscMalloc1((size_t)(3 * n[0] * n[1] * n[2]), nodes));
  for (PetscInt k = 0; k < n[2]; k++)
    for (PetscInt j = 0; j < n[1]; j++)
      for (PetscInt i = 0; i < n[0]; i++) {
        const PetscInt p = SinewGeometryNode(g, i, j, k);

        for (PetscInt d = 0; d < 3; d++)
          (*nodes)[at++] = d < g->dim ? g->x[0][d][p] : g->axis[d]->face[k + g->axis[d]->ghosts];
      }
  PetscFunctionReturn(PETSC_SUCCESS);
}
