#include "io/mosaic_private.h"
#include <math.h>

enum {
  UNIT = 256,               /* steps of a pixel */
  SAMPLES = 4,              /* sample points of a pixel, per direction */
  SPACING = UNIT / SAMPLES, /* their distance */
  SAMPLE_AREA = UNIT * UNIT / SAMPLES / SAMPLES
};
#define PIXEL_AREA  ((double)UNIT * UNIT)
#define VALUE_STEPS 1048576.0

typedef PetscInt64 step; /* a coordinate, in 1/UNIT pixels */

typedef struct {
  step x, y;
} corner;

PetscErrorCode SinewMosaicCreate(SinewMosaic *m)
{
  const size_t n = (size_t)m->width * (size_t)m->height;

  PetscFunctionBeginUser;
  /* one piece, so that one reduction does */
  PetscCall(PetscCalloc1(3 * n, &m->value));
  m->area = m->value + n;
  m->bad = m->area + n;
  PetscCall(SinewInkCreate(m->width, m->height, &m->edges));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMosaicDestroy(SinewMosaic *m)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(m->value));
  PetscCall(SinewInkDestroy(&m->edges));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- cells ---- */

static step scale(double x, double from, double to, int pixels)
{
  const double s = (x - from) / (to - from);

  return (step)llround(fmax(0, fmin(1, s)) * pixels * UNIT);
}

static PetscBool corner_of(const SinewMosaic *m, PetscReal x, PetscReal y, corner *c)
{
  if (!isfinite(x) || !isfinite(y)) return PETSC_FALSE;
  c->x = scale(x, m->low[0], m->high[0], m->width);
  c->y = scale(y, m->high[1], m->low[1], m->height);
  return PETSC_TRUE;
}

/* A value as the raster keeps it. */
typedef struct {
  PetscInt64 steps;
  PetscBool bad;
} shade;

static shade shade_of(const SinewMosaic *m, double value)
{
  shade s = {0, (PetscBool)!isfinite(value)};

  if (!s.bad) s.steps = llround(VALUE_STEPS * fmax(0, fmin(1, (value - m->least) / (m->most - m->least))));
  return s;
}

static void add(SinewMosaic *m, step column, step row, PetscInt64 area, shade s)
{
  const size_t at = (size_t)row * (size_t)m->width + (size_t)column;

  if (s.bad) m->bad[at] += area;
  m->value[at] += area * s.steps;
  m->area[at] += area;
}

static step least_of(step a, step b)
{
  return a < b ? a : b;
}
static step most_of(step a, step b)
{
  return a > b ? a : b;
}

/* The part of [low, high) that lies in a pixel. */
static step overlap(step low, step high, step pixel)
{
  return least_of(high, (pixel + 1) * UNIT) - most_of(low, pixel * UNIT);
}

static void add_rectangle(SinewMosaic *m, corner a, corner b, shade s)
{
  const corner low = {least_of(a.x, b.x), least_of(a.y, b.y)};
  const corner high = {most_of(a.x, b.x), most_of(a.y, b.y)};

  for (step j = low.y / UNIT; j * UNIT < high.y; j++) {
    const step height = overlap(low.y, high.y, j);

    for (step i = low.x / UNIT; i * UNIT < high.x; i++) add(m, i, j, height * overlap(low.x, high.x, i), s);
  }
}

/* ---- triangles ---- */

/* A directed edge as a linear function that is positive to its left (y downwards: inside). A point
 * on the edge counts as inside for one of the two directions only: the smallest shift does that. */
typedef struct {
  PetscInt64 dx, dy, at;
} edge;

static edge edge_of(corner a, corner b)
{
  edge e = {b.x - a.x, b.y - a.y, 0};
  const PetscBool owns = (PetscBool)(e.dy > 0 || (e.dy == 0 && e.dx < 0));

  e.at = e.dy * a.x - e.dx * a.y - (owns ? 0 : 1);
  return e;
}

static PetscInt64 edge_at(edge e, step x, step y)
{
  return e.dx * y - e.dy * x + e.at;
}

static PetscInt64 twice_area(corner a, corner b, corner c)
{
  return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

/* First sample point, counted from the edge of the picture, at or after a coordinate. */
static step sample_from(step x)
{
  return (x + SPACING / 2 - 1) / SPACING;
}

static void add_triangle(SinewMosaic *m, corner a, corner b, corner c, shade s)
{
  const corner low = {least_of(a.x, least_of(b.x, c.x)), least_of(a.y, least_of(b.y, c.y))};
  const corner high = {most_of(a.x, most_of(b.x, c.x)), most_of(a.y, most_of(b.y, c.y))};
  edge e[3];

  if (twice_area(a, b, c) == 0) return;
  if (twice_area(a, b, c) < 0) {
    const corner swap = b;

    b = c;
    c = swap;
  }
  e[0] = edge_of(a, b), e[1] = edge_of(b, c), e[2] = edge_of(c, a);
  for (step j = sample_from(low.y); j * SPACING + SPACING / 2 <= high.y; j++)
    for (step i = sample_from(low.x); i * SPACING + SPACING / 2 <= high.x; i++) {
      const step x = i * SPACING + SPACING / 2, y = j * SPACING + SPACING / 2;

      if ((edge_at(e[0], x, y) | edge_at(e[1], x, y) | edge_at(e[2], x, y)) >= 0)
        add(m, i / SAMPLES, j / SAMPLES, SAMPLE_AREA, s);
    }
}

/* Corners of a cell in the order (i,j), (i+1,j), (i,j+1), (i+1,j+1); false when one is not finite. */
static PetscBool corners_of(const SinewMosaic *m, PetscInt nx, PetscInt i, PetscInt j, const PetscReal x[],
                            const PetscReal y[], corner c[4])
{
  const size_t below = (size_t)j * (size_t)(nx + 1) + (size_t)i, above = below + (size_t)(nx + 1);

  return (PetscBool)(corner_of(m, x[below], y[below], &c[0]) && corner_of(m, x[below + 1], y[below + 1], &c[1]) &&
                     corner_of(m, x[above], y[above], &c[2]) && corner_of(m, x[above + 1], y[above + 1], &c[3]));
}

static PetscBool is_upright(const corner c[4])
{
  return (PetscBool)(c[0].x == c[2].x && c[1].x == c[3].x && c[0].y == c[1].y && c[2].y == c[3].y);
}

PetscErrorCode SinewMosaicUpright(MPI_Comm comm, SinewMosaic *m, PetscInt nx, PetscInt ny, const PetscReal x[],
                                  const PetscReal y[])
{
  int all = 1;
  corner c[4];

  PetscFunctionBeginUser;
  for (PetscInt j = 0; j < ny && all; j++)
    for (PetscInt i = 0; i < nx && all; i++)
      if (corners_of(m, nx, i, j, x, y, c) && !is_upright(c)) all = 0;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_INT, MPI_MIN, comm));
  m->upright = (PetscBool)all;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void add_cell(SinewMosaic *m, const corner c[4], shade s)
{
  if (m->upright)
    add_rectangle(m, c[0], c[3], s);
  else {
    add_triangle(m, c[0], c[1], c[3], s);
    add_triangle(m, c[0], c[3], c[2], s);
  }
}

void SinewMosaicCells(SinewMosaic *m, PetscInt nx, PetscInt ny, const PetscReal x[], const PetscReal y[],
                      const PetscReal value[])
{
  corner c[4];

  for (PetscInt j = 0; j < ny; j++)
    for (PetscInt i = 0; i < nx; i++)
      if (corners_of(m, nx, i, j, x, y, c)) add_cell(m, c, shade_of(m, value[(size_t)j * (size_t)nx + (size_t)i]));
}

/* ---- edges ---- */

static void add_edge(SinewMosaic *m, const PetscReal x[], const PetscReal y[], size_t a, size_t b)
{
  corner from, to;

  if (!corner_of(m, x[a], y[a], &from) || !corner_of(m, x[b], y[b], &to)) return;
  SinewInkStroke(&m->edges, (double[2]){(double)from.x / UNIT, (double)from.y / UNIT},
                 (double[2]){(double)to.x / UNIT, (double)to.y / UNIT}, 0.5);
}

void SinewMosaicEdges(SinewMosaic *m, PetscInt nx, PetscInt ny, const PetscReal x[], const PetscReal y[])
{
  if (nx < 1 || ny < 1) return;
  for (PetscInt j = 0; j <= ny; j++)
    for (PetscInt i = 0; i <= nx; i++) {
      const size_t at = (size_t)j * (size_t)(nx + 1) + (size_t)i;

      if (i < nx) add_edge(m, x, y, at, at + 1);
      if (j < ny) add_edge(m, x, y, at, at + (size_t)(nx + 1));
    }
}

/* ---- all ranks ---- */

static PetscErrorCode reduce(MPI_Comm comm, void *data, size_t n, MPI_Datatype type, MPI_Op op)
{
  PetscMPIInt rank, count;

  PetscFunctionBeginUser;
  PetscCall(PetscMPIIntCast((PetscInt)n, &count));
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Reduce(rank ? data : MPI_IN_PLACE, data, count, type, op, 0, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMosaicReduce(MPI_Comm comm, SinewMosaic *m)
{
  const size_t n = (size_t)m->width * (size_t)m->height;

  PetscFunctionBeginUser;
  PetscCall(reduce(comm, m->value, 3 * n, MPIU_INT64, MPI_SUM));
  PetscCall(reduce(comm, m->edges.cover, n, MPI_UNSIGNED_CHAR, MPI_MAX));
  PetscFunctionReturn(PETSC_SUCCESS);
}

double SinewMosaicSample(const SinewMosaic *m, int x, int y, double *share)
{
  const size_t at = (size_t)y * (size_t)m->width + (size_t)x;
  const double area = (double)m->area[at];

  *share = area > PIXEL_AREA ? 1 : area / PIXEL_AREA;
  if (m->bad[at]) return NAN;
  return area > 0 ? (double)m->value[at] / area / VALUE_STEPS : 0;
}
