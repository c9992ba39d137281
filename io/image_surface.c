/* Triangles where they are: flat ones in the plane, and a surface in space as one sees it. */
#include "io/image_private.h"
#include <math.h>

#define FINE       2    /* samples of a pixel, per direction */
#define EDGE_WIDTH 0.9  /* half of an edge, in samples */
#define EDGE_SHARE 0.55 /* of black in it */
#define AMBIENT    0.35 /* light that comes from everywhere */
#define AZIMUTH    (-60 * PETSC_PI / 180)
#define ELEVATION  (22 * PETSC_PI / 180)
#define ARM        26 /* pixels of an axis of the tripod */

/* Where the eye is: rows to the right, upwards and towards it. */
typedef struct {
  double axis[3][3];
} View;

/* What is seen at the samples. */
typedef struct {
  int width, height;      /* samples */
  double low[2], high[2]; /* of the picture's coordinates */
  float *depth, *value, *light;
} Scene;

static View view_of(PetscInt dim)
{
  const double c = cos(AZIMUTH), s = sin(AZIMUTH), e = cos(ELEVATION), h = sin(ELEVATION);
  const View plane = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  const View space = {{{-s, c, 0}, {-c * h, -s * h, e}, {c * e, s * e, h}}};

  return dim == 2 ? plane : space;
}

static void project(const View *view, PetscInt dim, const PetscReal x[], double to[3])
{
  for (int k = 0; k < 3; k++) {
    to[k] = 0;
    for (PetscInt d = 0; d < dim; d++) to[k] += view->axis[k][d] * (double)x[d];
  }
}

/* How much light a triangle sends to the eye; a plane has no shades. */
static double light_of(PetscInt dim, double c[3][3])
{
  const double lamp[3] = {-0.35, 0.65, 0.67};
  double a[3], b[3], n[3], length = 0, falls = 0;

  if (dim == 2) return 1;
  for (int k = 0; k < 3; k++) a[k] = c[1][k] - c[0][k], b[k] = c[2][k] - c[0][k];
  for (int k = 0; k < 3; k++) n[k] = a[(k + 1) % 3] * b[(k + 2) % 3] - a[(k + 2) % 3] * b[(k + 1) % 3];
  for (int k = 0; k < 3; k++) length += n[k] * n[k];
  for (int k = 0; k < 3 && length > 0; k++) falls += (n[2] < 0 ? -1 : 1) * n[k] * lamp[k] / sqrt(length);
  return AMBIENT + (1 - AMBIENT) * fmax(0, falls);
}

/* One triangle into the scene, nearer ones before what is behind. */
static void add_triangle(Scene *s, double c[3][3], double value, double light, const unsigned char edge[3])
{
  double x[3], y[3], area, height[3];
  int first[2], last[2];

  for (int k = 0; k < 3; k++) {
    x[k] = (c[k][0] - s->low[0]) / (s->high[0] - s->low[0]) * s->width;
    y[k] = (s->high[1] - c[k][1]) / (s->high[1] - s->low[1]) * s->height;
    if (!isfinite(x[k]) || !isfinite(y[k])) return;
  }
  area = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0]);
  if (area == 0) return;
  for (int k = 0; k < 3; k++)
    height[k] = fabs(area) / hypot(x[(k + 2) % 3] - x[(k + 1) % 3], y[(k + 2) % 3] - y[(k + 1) % 3]);
  first[0] = (int)fmax(0, floor(fmin(x[0], fmin(x[1], x[2]))));
  first[1] = (int)fmax(0, floor(fmin(y[0], fmin(y[1], y[2]))));
  last[0] = (int)fmin(s->width - 1, ceil(fmax(x[0], fmax(x[1], x[2]))));
  last[1] = (int)fmin(s->height - 1, ceil(fmax(y[0], fmax(y[1], y[2]))));
  for (int j = first[1]; j <= last[1]; j++) {
    for (int i = first[0]; i <= last[0]; i++) {
      const double px = i + 0.5, py = j + 0.5;
      const size_t at = (size_t)j * (size_t)s->width + (size_t)i;
      double w[3], depth = 0, shade = light;

      w[0] = ((x[1] - px) * (y[2] - py) - (x[2] - px) * (y[1] - py)) / area;
      w[1] = ((x[2] - px) * (y[0] - py) - (x[0] - px) * (y[2] - py)) / area;
      w[2] = 1 - w[0] - w[1];
      if (w[0] < 0 || w[1] < 0 || w[2] < 0) continue;
      for (int k = 0; k < 3; k++) {
        depth += w[k] * c[k][2];
        if (edge[k] && w[k] * height[k] < EDGE_WIDTH) shade = light * (1 - EDGE_SHARE);
      }
      if ((float)depth < s->depth[at]) continue;
      s->depth[at] = (float)depth;
      s->value[at] = (float)value;
      s->light[at] = (float)shade;
    }
  }
}

static SinewColor shaded(SinewColor color, double light)
{
  SinewColor mixed = 0;

  for (int k = 0; k < 3; k++) {
    const SinewColor part = (color >> 8 * k) & 255u;

    mixed |= (SinewColor)lround(fmin(255, (double)part * light)) << 8 * k;
  }
  return mixed;
}

static void paint_scene(SinewCanvas *canvas, const SinewFrame *frame, const Scene *s, const SinewColormap *map,
                        double least, double most)
{
  for (int j = 0; j < s->height; j++) {
    for (int i = 0; i < s->width; i++) {
      const size_t at = (size_t)j * (size_t)s->width + (size_t)i;
      const double place = ((double)s->value[at] - least) / (most - least);

      if (s->depth[at] == -INFINITY) continue;
      /* the n-th sample of a pixel takes a share of 1 / n of what was painted before */
      SinewCanvasPixel(canvas, frame->left + i / FINE, frame->top + j / FINE,
                       shaded(SinewColormapColor(map, place), (double)s->light[at]),
                       1. / (1 + j % FINE * FINE + i % FINE));
    }
  }
}

/* Which way the axes go, in the corner. */
static void draw_tripod(SinewCanvas *canvas, const SinewFrame *frame, const View *view)
{
  static const char *const names[] = {"x", "y", "z"};
  const double foot[2] = {frame->left + 1.6 * ARM, frame->top + frame->height - 1.2 * ARM};
  const SinewTextStyle style = {.scale = 1, .align = 0.5, .color = SINEW_COLOR_FAINT};

  for (int d = 0; d < 3; d++) {
    const double end[2] = {foot[0] + ARM * view->axis[0][d], foot[1] - ARM * view->axis[1][d]};

    SinewCanvasLine(canvas, foot, end, 0.7, SINEW_COLOR_FAINT);
    SinewCanvasText(canvas, foot[0] + 1.4 * (end[0] - foot[0]),
                    foot[1] + 1.4 * (end[1] - foot[1]) + 0.4 * SINEW_TEXT_HEIGHT, names[d], &style);
  }
}

/* The scene of all triangles, and the range of their values. */
static PetscErrorCode make_scene(const SinewSurface *surface, const View *view, PetscInt side, Scene *s,
                                 double range[2])
{
  double place[3], margin;
  size_t all;

  PetscFunctionBeginUser;
  range[0] = s->low[0] = s->low[1] = PETSC_MAX_REAL;
  range[1] = s->high[0] = s->high[1] = -PETSC_MAX_REAL;
  for (PetscInt k = 0; k < 3 * surface->n; k++) {
    project(view, surface->dim, surface->corner + k * surface->dim, place);
    for (int d = 0; d < 2 && isfinite(place[0] + place[1]); d++) {
      s->low[d] = fmin(s->low[d], place[d]);
      s->high[d] = fmax(s->high[d], place[d]);
    }
  }
  for (PetscInt k = 0; k < surface->n; k++) {
    if (!isfinite(surface->value[k])) continue;
    range[0] = fmin(range[0], surface->value[k]);
    range[1] = fmax(range[1], surface->value[k]);
  }
  SinewRangeWiden(&range[0], &range[1]);
  for (int d = 0; d < 2; d++) SinewRangeWiden(&s->low[d], &s->high[d]);
  margin = 0.04 * fmax(s->high[0] - s->low[0], s->high[1] - s->low[1]);
  for (int d = 0; d < 2; d++) s->low[d] -= margin, s->high[d] += margin;
  SinewImageShape(s->high[0] - s->low[0], s->high[1] - s->low[1], FINE * side, &s->width, &s->height);
  s->width -= s->width % FINE;
  s->height -= s->height % FINE;
  all = (size_t)s->width * (size_t)s->height;
  PetscCall(PetscMalloc3(all, &s->depth, all, &s->value, all, &s->light));
  for (size_t k = 0; k < all; k++) s->depth[k] = -INFINITY;
  for (PetscInt k = 0; k < surface->n; k++) {
    double c[3][3];

    for (int l = 0; l < 3; l++) project(view, surface->dim, surface->corner + (3 * k + l) * surface->dim, c[l]);
    add_triangle(s, c, (double)surface->value[k], light_of(surface->dim, c), surface->edge + 3 * k);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode compose(const SinewSurface *surface, const SinewColormap *map, const SinewImageStyle *style,
                              SinewCanvas *canvas)
{
  const View view = view_of(surface->dim);
  SinewFrame frame = {.top = IMAGE_TITLE};
  SinewTicks ticks;
  Scene s;
  double range[2], least, most;
  char note[64];
  int bar;

  PetscFunctionBeginUser;
  PetscCall(make_scene(surface, &view, SinewImageSide(style), &s, range));
  least = style->min < style->max ? style->min : range[0];
  most = style->min < style->max ? style->max : range[1];
  frame.width = s.width / FINE;
  frame.height = s.height / FINE;
  for (int d = 0; d < 2; d++) frame.low[d] = s.low[d], frame.high[d] = s.high[d];
  SinewFrameTicks(&frame);
  frame.left = IMAGE_PAD + (surface->dim == 2 ? SinewFrameLeft(&frame) : 0);
  SinewTicksNice(least, most, PetscClipInterval(frame.height / 48, 2, 10), &ticks);
  bar = frame.left + frame.width + IMAGE_BAR_GAP;
  PetscCall(SinewCanvasCreate(
      PetscMax(bar + SINEW_COLOR_BAR_WIDTH + 12 + (int)ceil(SinewTicksWidth(&ticks)) + IMAGE_PAD, IMAGE_NARROWEST),
      frame.top + frame.height + (surface->dim == 2 ? SinewFrameBelow(&frame) : 0) + IMAGE_PAD, canvas));
  paint_scene(canvas, &frame, &s, map, least, most);
  if (surface->dim == 2)
    SinewFrameAxes(canvas, &frame);
  else
    draw_tripod(canvas, &frame, &view);
  SinewColorBar(canvas, &frame, bar, map, least, most, &ticks);
  snprintf(note, sizeof(note), "min %.4g  max %.4g", range[0], range[1]);
  SinewFrameTitle(canvas, &frame, canvas->width - IMAGE_PAD, style->title, note);
  PetscCall(PetscFree3(s.depth, s.value, s.light));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewImageSurface(MPI_Comm comm, const char path[], const SinewSurface *surface,
                                 const SinewImageStyle *style)
{
  SinewCanvas canvas = {0};
  const SinewColormap *map;
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(SinewImageMap(comm, style, &map));
  if (rank == 0) PetscCall(compose(surface, map, style, &canvas));
  PetscCall(SinewImagePublish(comm, &canvas, path));
  PetscFunctionReturn(PETSC_SUCCESS);
}
