#include "io/image_private.h"
#include "io/mosaic_private.h"
#include <math.h>

enum { SIDE = 768, SIDE_LEAST = 64, SIDE_MOST = 8192 };

#define ASPECT_MOST    6.0 /* beyond it, equal units would leave a thread */
#define ASPECT_STRETCH 2.0 /* and the area takes this shape instead */

/* ---- what both kinds of picture share ---- */

static const SinewImageStyle plain_style;

PetscInt SinewImageSide(const SinewImageStyle *style)
{
  return style->width > 0 ? PetscClipInterval(style->width, SIDE_LEAST, SIDE_MOST) : SIDE;
}

PetscErrorCode SinewImageMap(MPI_Comm comm, const SinewImageStyle *style, const SinewColormap **map)
{
  PetscFunctionBeginUser;
  *map = SinewColormapFind(style->colormap);
  if (!*map)
    SETERRQ(comm, SINEW_ERR_INPUT,
            "unknown colour map '%s'; known: viridis, inferno, magma, plasma, turbo, coolwarm, gray", style->colormap);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Least and largest finite values. Kept as (-min, max), so that one MPI_MAX joins the ranks. */
typedef struct {
  double bound[2];
} range;

static const range nothing = {{-PETSC_MAX_REAL, -PETSC_MAX_REAL}};

static void range_add(range *r, size_t n, const PetscReal x[])
{
  for (size_t i = 0; i < n; i++)
    if (isfinite(x[i])) {
      r->bound[0] = fmax(r->bound[0], -x[i]);
      r->bound[1] = fmax(r->bound[1], x[i]);
    }
}

static PetscErrorCode range_join(MPI_Comm comm, int n, range r[])
{
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, r, 2 * n, MPI_DOUBLE, MPI_MAX, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void range_get(const range *r, double *low, double *high)
{
  *low = -r->bound[0];
  *high = r->bound[1];
  SinewRangeWiden(low, high);
}

/* Rank 0 writes the canvas, all ranks hear how it went. Destroys the canvas either way: the caller
 * cannot, once this has raised. */
PetscErrorCode SinewImagePublish(MPI_Comm comm, SinewCanvas *canvas, const char path[])
{
  char mine[PETSC_MAX_PATH_LEN + 128] = "", why[PETSC_MAX_PATH_LEN + 128];
  PetscBool good = PETSC_TRUE, failed;
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (rank == 0) good = SinewCanvasWrite(canvas, path, sizeof(mine), mine);
  PetscCall(SinewCanvasDestroy(canvas));
  PetscCall(SinewAgree(comm, good, mine, &failed, sizeof(why), why));
  if (failed) SETERRQ(comm, SINEW_ERR_OUTPUT, "%s", why);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- fields ---- */

static PetscErrorCode field_ranges(MPI_Comm comm, PetscInt nx, PetscInt ny, const PetscReal x[], const PetscReal y[],
                                   const PetscReal value[], range r[3])
{
  const size_t cells = nx > 0 && ny > 0 ? (size_t)nx * (size_t)ny : 0;
  const size_t nodes = cells ? (size_t)(nx + 1) * (size_t)(ny + 1) : 0;

  PetscFunctionBeginUser;
  for (int k = 0; k < 3; k++) r[k] = nothing;
  range_add(&r[0], nodes, x);
  range_add(&r[1], nodes, y);
  range_add(&r[2], cells, value);
  PetscCall(range_join(comm, 3, r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Equal units on both axes, unless that gives a thread. */
void SinewImageShape(double dx, double dy, PetscInt side, int *width, int *height)
{
  double aspect = dx / dy;

  if (aspect > ASPECT_MOST) aspect = ASPECT_STRETCH;
  if (aspect < 1 / ASPECT_MOST) aspect = 1 / ASPECT_STRETCH;
  *width = (int)lround((double)side * fmin(1, aspect));
  *height = (int)lround((double)side * fmin(1, 1 / aspect));
}

static void paint_cells(SinewCanvas *canvas, const SinewFrame *frame, const SinewMosaic *mosaic,
                        const SinewColormap *map)
{
  for (int j = 0; j < mosaic->height; j++)
    for (int i = 0; i < mosaic->width; i++) {
      double share, s = SinewMosaicSample(mosaic, i, j, &share);

      if (share > 0) SinewCanvasPixel(canvas, frame->left + i, frame->top + j, SinewColormapColor(map, s), share);
    }
  SinewCanvasSoak(canvas, &mosaic->edges, frame->left, frame->top, 0x000000u, 0.5);
}

static void field_frame(const SinewMosaic *mosaic, SinewFrame *frame)
{
  memset(frame, 0, sizeof(*frame));
  frame->width = mosaic->width;
  frame->height = mosaic->height;
  for (int d = 0; d < 2; d++) {
    frame->low[d] = mosaic->low[d];
    frame->high[d] = mosaic->high[d];
  }
  SinewFrameTicks(frame);
  frame->left = IMAGE_PAD + SinewFrameLeft(frame);
  frame->top = IMAGE_TITLE;
}

/* The data's own least and largest value, which the round numbers of the bar do not tell. */
static void field_note(const range *data, size_t size, char note[])
{
  note[0] = 0;
  if (-data->bound[0] <= data->bound[1]) snprintf(note, size, "min %.4g  max %.4g", -data->bound[0], data->bound[1]);
}

static PetscErrorCode compose_field(const SinewMosaic *mosaic, const range *data, const SinewColormap *map,
                                    const char title[], SinewCanvas *canvas)
{
  SinewTicks ticks;
  SinewFrame frame;
  char note[64];
  int bar, width;

  PetscFunctionBeginUser;
  field_frame(mosaic, &frame);
  SinewTicksNice(mosaic->least, mosaic->most, PetscClipInterval(frame.height / 48, 2, 10), &ticks);
  bar = frame.left + frame.width + IMAGE_BAR_GAP;
  width = bar + SINEW_COLOR_BAR_WIDTH + 12 + (int)ceil(SinewTicksWidth(&ticks)) + IMAGE_PAD;
  PetscCall(SinewCanvasCreate(PetscMax(width, IMAGE_NARROWEST),
                              frame.top + frame.height + SinewFrameBelow(&frame) + IMAGE_PAD, canvas));
  paint_cells(canvas, &frame, mosaic, map);
  SinewFrameAxes(canvas, &frame);
  SinewColorBar(canvas, &frame, bar, map, mosaic->least, mosaic->most, &ticks);
  field_note(data, sizeof(note), note);
  SinewFrameTitle(canvas, &frame, canvas->width - IMAGE_PAD, title, note);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A field on a canvas of its own, on rank 0. */
static PetscErrorCode paint_field(MPI_Comm comm, PetscInt nx, PetscInt ny, const PetscReal nodes_x[],
                                  const PetscReal nodes_y[], const PetscReal value[], const SinewImageStyle *style,
                                  SinewCanvas *canvas)
{
  SinewMosaic mosaic = {0};
  const SinewColormap *map;
  PetscMPIInt rank;
  range r[3];

  PetscFunctionBeginUser;
  if (!style) style = &plain_style;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(SinewImageMap(comm, style, &map));
  PetscCall(field_ranges(comm, nx, ny, nodes_x, nodes_y, value, r));
  for (int d = 0; d < 2; d++) range_get(&r[d], &mosaic.low[d], &mosaic.high[d]);
  range_get(&r[2], &mosaic.least, &mosaic.most);
  if (style->min < style->max) mosaic.least = style->min, mosaic.most = style->max;
  SinewImageShape(mosaic.high[0] - mosaic.low[0], mosaic.high[1] - mosaic.low[1], SinewImageSide(style), &mosaic.width,
                  &mosaic.height);
  PetscCall(SinewMosaicCreate(&mosaic));
  PetscCall(SinewMosaicUpright(comm, &mosaic, nx, ny, nodes_x, nodes_y));
  SinewMosaicCells(&mosaic, nx, ny, nodes_x, nodes_y, value);
  if (style->lines) SinewMosaicEdges(&mosaic, nx, ny, nodes_x, nodes_y);
  PetscCall(SinewMosaicReduce(comm, &mosaic));
  if (rank == 0) PetscCall(compose_field(&mosaic, &r[2], map, style->title, canvas));
  PetscCall(SinewMosaicDestroy(&mosaic));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewImageField(MPI_Comm comm, const char path[], PetscInt nx, PetscInt ny, const PetscReal nodes_x[],
                               const PetscReal nodes_y[], const PetscReal value[], const SinewImageStyle *style)
{
  SinewCanvas canvas = {0};

  PetscFunctionBeginUser;
  PetscCall(paint_field(comm, nx, ny, nodes_x, nodes_y, value, style, &canvas));
  PetscCall(SinewImagePublish(comm, &canvas, path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Puts `panel` to the right of what the canvas holds, top edges level; destroys the panel. */
static PetscErrorCode append_canvas(SinewCanvas *canvas, SinewCanvas *panel)
{
  SinewCanvas both = {0};
  const SinewCanvas *part[2] = {canvas, panel};
  int left = 0;

  PetscFunctionBeginUser;
  PetscCall(SinewCanvasCreate(canvas->width + panel->width, PetscMax(canvas->height, panel->height), &both));
  for (int k = 0; k < 2; left += part[k++]->width)
    for (int j = 0; j < part[k]->height; j++)
      memcpy(both.rgb + 3 * ((size_t)j * (size_t)both.width + (size_t)left),
             part[k]->rgb + 3 * (size_t)j * (size_t)part[k]->width, 3 * (size_t)part[k]->width);
  PetscCall(SinewCanvasDestroy(canvas));
  PetscCall(SinewCanvasDestroy(panel));
  *canvas = both;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewImagePanels(MPI_Comm comm, const char path[], PetscInt count, PetscInt nx, PetscInt ny,
                                const PetscReal nodes_x[], const PetscReal nodes_y[], const PetscReal *const value[],
                                const SinewImageStyle style[])
{
  SinewCanvas canvas = {0};
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  for (PetscInt k = 0; k < count; k++) {
    SinewCanvas panel = {0};

    PetscCall(paint_field(comm, nx, ny, nodes_x, nodes_y, value[k], &style[k], &panel));
    if (rank == 0 && k == 0) canvas = panel;
    if (rank == 0 && k > 0) PetscCall(append_canvas(&canvas, &panel));
  }
  PetscCall(SinewImagePublish(comm, &canvas, path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- curves ---- */

/* Told apart by most colour-blind readers (after M. Okabe and K. Ito), darkened for thin lines. */
static const SinewColor palette[] = {0x0b62a4, 0xd1510a, 0x0a8f68, 0x8e4ea8, 0xc98a00, 0x3fa3d9, 0x333333, 0xc23a62};
enum { COLORS = sizeof(palette) / sizeof(palette[0]), LEGEND_ROW = 20, LEGEND_LINE = 26 };

/* The last point of the ranks before this one, when the curve goes on from there. */
static PetscErrorCode point_before(MPI_Comm comm, const SinewCurve *c, PetscReal before[2])
{
  const PetscInt n = c->n;
  PetscReal last[3] = {n > 0, n > 0 ? c->x[n - 1] : 0, n > 0 ? c->y[n - 1] : 0}, *all;
  PetscMPIInt rank, ranks;

  PetscFunctionBeginUser;
  before[0] = before[1] = NAN;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Comm_size(comm, &ranks));
  PetscCall(PetscMalloc1(3 * (size_t)ranks, &all));
  PetscCallMPI(MPI_Allgather(last, 3, MPIU_REAL, all, 3, MPIU_REAL, comm));
  while (--rank >= 0 && all[3 * rank] == 0) continue;
  if (rank >= 0 && n > 0 && all[3 * rank + 1] <= c->x[0]) {
    before[0] = all[3 * rank + 1];
    before[1] = all[3 * rank + 2];
  }
  PetscCall(PetscFree(all));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void place(const SinewFrame *f, double x, double y, double at[2])
{
  at[0] = (x - f->low[0]) / (f->high[0] - f->low[0]) * f->width;
  at[1] = (f->high[1] - y) / (f->high[1] - f->low[1]) * f->height;
}

static PetscErrorCode paint_curve(MPI_Comm comm, const SinewCurve *curve, const SinewFrame *frame, SinewInk *ink)
{
  PetscReal before[2];
  PetscMPIInt rank;
  double from[2], to[2];

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(point_before(comm, curve, before));
  place(frame, before[0], before[1], from);
  for (PetscInt i = 0; i < curve->n; i++) {
    place(frame, curve->x[i], curve->y[i], to);
    if (curve->dots)
      SinewInkStroke(ink, to, to, 2.6);
    else if (isfinite(from[0]) && isfinite(from[1]))
      SinewInkStroke(ink, from, to, 1);
    else
      SinewInkStroke(ink, to, to, 1); /* a point without a neighbour shows, too */
    from[0] = to[0], from[1] = to[1];
  }
  PetscCallMPI(MPI_Reduce(rank ? ink->cover : MPI_IN_PLACE, ink->cover, ink->width * ink->height, MPI_UNSIGNED_CHAR,
                          MPI_MAX, 0, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode curve_frame(MPI_Comm comm, PetscInt count, const SinewCurve curves[],
                                  const SinewImageStyle *style, SinewFrame *frame)
{
  range r[2] = {nothing, nothing};

  PetscFunctionBeginUser;
  for (PetscInt c = 0; c < count; c++) {
    range_add(&r[0], (size_t)curves[c].n, curves[c].x);
    range_add(&r[1], (size_t)curves[c].n, curves[c].y);
  }
  PetscCall(range_join(comm, 2, r));
  for (int d = 0; d < 2; d++) {
    const double room = d ? 0.05 : 0.02; /* curves and markers clear of the outline */
    double size;

    range_get(&r[d], &frame->low[d], &frame->high[d]);
    size = frame->high[d] - frame->low[d];
    frame->low[d] -= room * size;
    frame->high[d] += room * size;
  }
  if (style->min < style->max) frame->low[1] = style->min, frame->high[1] = style->max;
  SinewFrameTicks(frame);
  frame->left = IMAGE_PAD + SinewFrameLeft(frame);
  frame->top = style->title || frame->y.factor[0] ? IMAGE_TITLE : IMAGE_PAD;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int ink_below(const SinewInk *ink, int x, int y, int width, int height)
{
  int n = 0;

  for (int j = PetscMax(y, 0); j < PetscMin(y + height, ink->height); j++)
    for (int i = PetscMax(x, 0); i < PetscMin(x + width, ink->width); i++)
      n += ink->cover[(size_t)j * (size_t)ink->width + (size_t)i] > 0;
  return n;
}

/* The corner of the area where a box hides least of the curves. */
static void best_corner(const SinewInk *used, int width, int height, int *x, int *y)
{
  int least = INT_MAX;

  for (int corner = 0; corner < 4; corner++) {
    const int i = corner % 2 ? 12 : used->width - width - 12;
    const int j = corner / 2 ? used->height - height - 12 : 12;
    const int n = ink_below(used, i, j, width, height);

    if (n < least) least = n, *x = i, *y = j;
  }
}

static void legend_row(SinewCanvas *canvas, const SinewCurve *curve, int x, int y, SinewColor color)
{
  const SinewTextStyle text = {1, 0, PETSC_FALSE, SINEW_COLOR_TEXT};
  double from[2] = {x, y}, to[2] = {x + LEGEND_LINE, y};

  if (curve->dots) from[0] = to[0] = x + LEGEND_LINE / 2;
  SinewCanvasLine(canvas, from, to, curve->dots ? 2.6 : 1, color);
  SinewCanvasText(canvas, x + LEGEND_LINE + 10, y + 6, curve->label, &text);
}

static PetscBool has_label(const SinewCurve *curve)
{
  return (PetscBool)(curve->label && curve->label[0]);
}

static void legend(SinewCanvas *canvas, const SinewFrame *frame, const SinewInk *used, PetscInt count,
                   const SinewCurve curves[])
{
  int rows = 0, width = 0, height, x = 0, y = 0;

  for (PetscInt c = 0; c < count; c++)
    if (has_label(&curves[c])) {
      rows++;
      width = PetscMax(width, (int)ceil(SinewTextWidth(curves[c].label, 1)));
    }
  if (!rows) return;
  width += LEGEND_LINE + 10 + 20;
  height = rows * LEGEND_ROW + 8;
  best_corner(used, width, height, &x, &y);
  x += frame->left, y += frame->top;
  SinewCanvasFill(canvas, x, y, width, height, 0xccd0d4u, 1);
  SinewCanvasFill(canvas, x + 1, y + 1, width - 2, height - 2, 0xffffffu, 1);
  y += 4 + LEGEND_ROW / 2;
  for (PetscInt c = 0; c < count; c++)
    if (has_label(&curves[c])) {
      legend_row(canvas, &curves[c], x + 10, y, palette[c % COLORS]);
      y += LEGEND_ROW;
    }
}

static void ink_join(SinewInk *all, const SinewInk *one)
{
  const size_t n = (size_t)all->width * (size_t)all->height;

  for (size_t i = 0; i < n; i++) all->cover[i] = PetscMax(all->cover[i], one->cover[i]);
}

/* Curve after curve through one mask, so that memory does not grow with their number. */
static PetscErrorCode paint_curves(MPI_Comm comm, PetscInt count, const SinewCurve curves[], const SinewFrame *frame,
                                   SinewCanvas *canvas, SinewInk *used)
{
  PetscMPIInt rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  for (PetscInt c = 0; c < count; c++) {
    SinewInk ink;

    PetscCall(SinewInkCreate(frame->width, frame->height, &ink));
    PetscCall(paint_curve(comm, &curves[c], frame, &ink));
    if (rank == 0) {
      SinewCanvasSoak(canvas, &ink, frame->left, frame->top, palette[c % COLORS], 1);
      ink_join(used, &ink);
    }
    PetscCall(SinewInkDestroy(&ink));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewImageCurves(MPI_Comm comm, const char path[], PetscInt count, const SinewCurve curves[],
                                const char xlabel[], const char ylabel[], const SinewImageStyle *style)
{
  SinewFrame frame = {.xlabel = xlabel, .ylabel = ylabel};
  SinewCanvas canvas = {0};
  SinewInk used = {0};
  PetscMPIInt rank;
  int below;

  PetscFunctionBeginUser;
  if (!style) style = &plain_style;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  frame.width = (int)SinewImageSide(style);
  frame.height = frame.width * 2 / 3;
  PetscCall(curve_frame(comm, count, curves, style, &frame));
  below = SinewFrameBelow(&frame) + IMAGE_PAD;
  if (rank == 0) {
    PetscCall(SinewCanvasCreate(frame.left + frame.width + 2 * IMAGE_PAD, frame.top + frame.height + below, &canvas));
    PetscCall(SinewInkCreate(frame.width, frame.height, &used));
    SinewFrameGrid(&canvas, &frame);
  }
  PetscCall(paint_curves(comm, count, curves, &frame, &canvas, &used));
  if (rank == 0) {
    SinewFrameAxes(&canvas, &frame);
    legend(&canvas, &frame, &used, count, curves);
    SinewFrameTitle(&canvas, &frame, frame.left + frame.width, style->title, NULL);
  }
  PetscCall(SinewInkDestroy(&used));
  PetscCall(SinewImagePublish(comm, &canvas, path));
  PetscFunctionReturn(PETSC_SUCCESS);
}
