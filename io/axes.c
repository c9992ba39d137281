#include "io/axes_private.h"
#include <math.h>

enum { TICK = 5, PAD = 6, LABEL_GAP = 12 };
#define LARGEST 1e300 /* a field that blew up: the difference of two bounds must not overflow */

/* ---- numbers ---- */

void SinewRangeWiden(double *low, double *high)
{
  double size;

  *low = fmax(*low, -LARGEST);
  *high = fmin(*high, LARGEST);
  size = fmax(fabs(*low), fabs(*high));
  if (!(*low <= *high)) {
    *low = 0;
    *high = 1;
  } else if (*high - *low <= 1e-12 * size || *high - *low < 1e-300) {
    const double by = size > 0 ? 0.05 * size : 0.5;

    *low -= by;
    *high += by;
  }
}

static double nice_step(double rough)
{
  const double power = pow(10, floor(log10(rough))), m = rough / power;

  return power * (m <= 1.000001 ? 1 : m <= 2.000001 ? 2 : m <= 5.000001 ? 5 : 10);
}

static int clamp_int(int x, int low, int high)
{
  return x < low ? low : x > high ? high : x;
}

/* The power of ten that labels are divided by: none for the sizes that people read with ease. */
static int common_exponent(double size)
{
  const int e = size > 0 ? (int)floor(log10(size) + 1e-9) : 0;

  return e >= 5 || e <= -4 ? e : 0;
}

static void label_ticks(SinewTicks *ticks, double step, double size)
{
  const int e = common_exponent(size);
  const int decimals = clamp_int(e - (int)floor(log10(step) + 1e-9), 0, 12);

  if (e)
    snprintf(ticks->factor, sizeof(ticks->factor), "1e%d", e);
  else
    ticks->factor[0] = 0;
  for (int n = 0; n < ticks->n; n++)
    snprintf(ticks->label[n], sizeof(ticks->label[n]), "%.*f", decimals, ticks->value[n] / pow(10, e));
}

void SinewTicksNice(double low, double high, int most, SinewTicks *ticks)
{
  const double step = nice_step((high - low) / clamp_int(most, 2, SINEW_TICKS_MAX - 2));
  const double slack = 1e-9 * (high - low), first = ceil((low - slack) / step);

  ticks->n = 0;
  for (double k = first; k * step <= high + slack && ticks->n < SINEW_TICKS_MAX; k++)
    ticks->value[ticks->n++] = k == 0 ? 0 : k * step; /* no -0 */
  label_ticks(ticks, step, fmax(fabs(low), fabs(high)));
}

double SinewTicksWidth(const SinewTicks *ticks)
{
  double width = 0;

  for (int n = 0; n < ticks->n; n++) width = fmax(width, SinewTextWidth(ticks->label[n], 1));
  return width;
}

/* ---- frame ---- */

void SinewFrameTicks(SinewFrame *frame)
{
  int most = frame->width / 72;

  SinewTicksNice(frame->low[1], frame->high[1], clamp_int(frame->height / 48, 2, 10), &frame->y);
  do { /* wide labels want fewer ticks */
    SinewTicksNice(frame->low[0], frame->high[0], clamp_int(most, 2, 10), &frame->x);
  } while (most-- > 2 && frame->x.n * (SinewTicksWidth(&frame->x) + 16) > frame->width);
}

int SinewFrameLeft(const SinewFrame *frame)
{
  const int label = frame->ylabel && frame->ylabel[0] ? SINEW_TEXT_HEIGHT + LABEL_GAP : 0;

  return TICK + PAD + (int)ceil(SinewTicksWidth(&frame->y)) + label;
}

int SinewFrameBelow(const SinewFrame *frame)
{
  const int label = frame->xlabel && frame->xlabel[0] ? SINEW_TEXT_HEIGHT + LABEL_GAP : 0;

  return TICK + PAD + SINEW_TEXT_HEIGHT + label;
}

/* Pixel (not edge) on which a value of an axis falls. */
static int tick_column(const SinewFrame *f, double x)
{
  return f->left + (int)lround((x - f->low[0]) / (f->high[0] - f->low[0]) * f->width - 0.5);
}

static int tick_row(const SinewFrame *f, double y)
{
  return f->top + (int)lround((f->high[1] - y) / (f->high[1] - f->low[1]) * f->height - 0.5);
}

void SinewFrameGrid(SinewCanvas *canvas, const SinewFrame *f)
{
  for (int n = 0; n < f->x.n; n++)
    SinewCanvasFill(canvas, tick_column(f, f->x.value[n]), f->top, 1, f->height, SINEW_COLOR_GRID, 1);
  for (int n = 0; n < f->y.n; n++)
    SinewCanvasFill(canvas, f->left, tick_row(f, f->y.value[n]), f->width, 1, SINEW_COLOR_GRID, 1);
}

static void outline(SinewCanvas *canvas, int x, int y, int width, int height)
{
  SinewCanvasFill(canvas, x - 1, y - 1, width + 2, 1, SINEW_COLOR_TEXT, 1);
  SinewCanvasFill(canvas, x - 1, y + height, width + 2, 1, SINEW_COLOR_TEXT, 1);
  SinewCanvasFill(canvas, x - 1, y, 1, height, SINEW_COLOR_TEXT, 1);
  SinewCanvasFill(canvas, x + width, y, 1, height, SINEW_COLOR_TEXT, 1);
}

static void axis_x(SinewCanvas *canvas, const SinewFrame *f)
{
  const SinewTextStyle text = {1, 0.5, PETSC_FALSE, SINEW_COLOR_TEXT};
  const SinewTextStyle faint = {1, 1, PETSC_FALSE, SINEW_COLOR_FAINT};
  const int edge = f->top + f->height + 1, base = edge + TICK + PAD + SINEW_TEXT_HEIGHT;
  const int second = base + LABEL_GAP + SINEW_TEXT_HEIGHT;

  for (int n = 0; n < f->x.n; n++) {
    const int x = tick_column(f, f->x.value[n]);

    SinewCanvasFill(canvas, x, edge, 1, TICK, SINEW_COLOR_TEXT, 1);
    SinewCanvasText(canvas, x + 0.5, base, f->x.label[n], &text);
  }
  if (f->xlabel) SinewCanvasText(canvas, f->left + f->width / 2, second, f->xlabel, &text);
  if (f->x.factor[0]) SinewCanvasText(canvas, f->left + f->width, second, f->x.factor, &faint);
}

static void axis_y(SinewCanvas *canvas, const SinewFrame *f)
{
  const SinewTextStyle text = {1, 1, PETSC_FALSE, SINEW_COLOR_TEXT};
  const SinewTextStyle turned = {1, 0.5, PETSC_TRUE, SINEW_COLOR_TEXT};
  const SinewTextStyle faint = {1, 1, PETSC_FALSE, SINEW_COLOR_FAINT};
  const int edge = f->left - 1, end = edge - TICK - PAD;

  for (int n = 0; n < f->y.n; n++) {
    const int y = tick_row(f, f->y.value[n]);

    SinewCanvasFill(canvas, edge - TICK, y, TICK, 1, SINEW_COLOR_TEXT, 1);
    SinewCanvasText(canvas, end, y + 6, f->y.label[n], &text);
  }
  if (f->ylabel)
    SinewCanvasText(canvas, end - SinewTicksWidth(&f->y) - LABEL_GAP, f->top + f->height / 2, f->ylabel, &turned);
  if (f->y.factor[0]) SinewCanvasText(canvas, end, f->top - 8, f->y.factor, &faint);
}

void SinewFrameAxes(SinewCanvas *canvas, const SinewFrame *f)
{
  outline(canvas, f->left, f->top, f->width, f->height);
  axis_x(canvas, f);
  axis_y(canvas, f);
}

/* ---- title ---- */

/* Cuts a text to a width, in front of "..." and never inside a character. */
static void cut_text(char text[], double scale, double width)
{
  size_t n = strlen(text);

  while (n > 0 && SinewTextWidth(text, scale) > width) {
    while (n > 0 && ((unsigned char)text[n - 1] & 0xc0u) == 0x80u) n--;
    if (n > 0) n--;
    memcpy(text + n, "...", 4);
  }
}

void SinewFrameTitle(SinewCanvas *canvas, const SinewFrame *f, int right, const char title[], const char note[])
{
  SinewTextStyle style = {1.4, 0, PETSC_FALSE, SINEW_COLOR_TEXT};
  const SinewTextStyle faint = {1, 1, PETSC_FALSE, SINEW_COLOR_FAINT};
  const double room = right - f->left, base = f->top - 16;
  char text[260] = "";

  if (title) snprintf(text, sizeof(text) - 4, "%s", title);
  while (style.scale > 1 && SinewTextWidth(text, style.scale) > room) style.scale -= 0.1;
  cut_text(text, style.scale, room);
  SinewCanvasText(canvas, f->left, base, text, &style);
  if (note && SinewTextWidth(text, style.scale) + SinewTextWidth(note, 1) + 24 < room)
    SinewCanvasText(canvas, right, base, note, &faint);
}

/* ---- colour bar ---- */

void SinewColorBar(SinewCanvas *canvas, const SinewFrame *f, int x, const SinewColormap *map, double low, double high,
                   const SinewTicks *ticks)
{
  const SinewTextStyle text = {1, 0, PETSC_FALSE, SINEW_COLOR_TEXT};
  const SinewTextStyle faint = {1, 0, PETSC_FALSE, SINEW_COLOR_FAINT};
  const int edge = x + SINEW_COLOR_BAR_WIDTH + 1;

  for (int j = 0; j < f->height; j++)
    SinewCanvasFill(canvas, x, f->top + j, SINEW_COLOR_BAR_WIDTH, 1, SinewColormapColor(map, 1 - (j + 0.5) / f->height),
                    1);
  outline(canvas, x, f->top, SINEW_COLOR_BAR_WIDTH, f->height);
  for (int n = 0; n < ticks->n; n++) {
    const double s = (high - ticks->value[n]) / (high - low);
    const int y = f->top + (int)lround(s * f->height - 0.5);

    SinewCanvasFill(canvas, edge, y, TICK, 1, SINEW_COLOR_TEXT, 1);
    SinewCanvasText(canvas, edge + TICK + PAD, y + 6, ticks->label[n], &text);
  }
  if (ticks->factor[0])
    SinewCanvasText(canvas, x, f->top + f->height + TICK + PAD + SINEW_TEXT_HEIGHT + 1, ticks->factor, &faint);
}
