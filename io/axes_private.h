#ifndef SINEW_IO_AXES_PRIVATE_H
#define SINEW_IO_AXES_PRIVATE_H
/*
  Frames, ticks and keys of the pictures (private to io/image.c). Runs on the rank that paints the
  canvas; nothing here is collective.

  Ticks stand at multiples of 1, 2 or 5 times a power of ten. Labels of one axis have the same
  number of decimals; very large and very small values are divided by a power of ten that is shown
  once, as `factor` ("1e-5", empty when there is none).
*/
#include "raster_private.h"

#define SINEW_TICKS_MAX 24

typedef struct {
  int n;
  double value[SINEW_TICKS_MAX];
  char label[SINEW_TICKS_MAX][24];
  char factor[12];
} SinewTicks;

/* At most `most` ticks (and never more than SINEW_TICKS_MAX) in [low, high]; low < high. */
PETSC_EXTERN void SinewTicksNice(double low, double high, int most, SinewTicks *ticks);
/* Width in pixels of the widest label. */
PETSC_EXTERN double SinewTicksWidth(const SinewTicks *ticks);

/* Widens a range of width zero, or one that rounding makes meaningless; an empty one (low > high)
 * becomes [0, 1]. */
PETSC_EXTERN void SinewRangeWiden(double *low, double *high);

/* The plot area in canvas pixels and what its edges mean. */
typedef struct {
  int left, top, width, height;
  double low[2], high[2];
  SinewTicks x, y;
  const char *xlabel, *ylabel; /* may be NULL */
} SinewFrame;

#define SINEW_COLOR_TEXT  ((SinewColor)0x202428u)
#define SINEW_COLOR_FAINT ((SinewColor)0x70777du)
#define SINEW_COLOR_GRID  ((SinewColor)0xe6e8eau)

/* Chooses the ticks of both axes from low, high, width and height. */
PETSC_EXTERN void SinewFrameTicks(SinewFrame *frame);
/* Pixels that ticks and labels need to the left of the area, and below it. */
PETSC_EXTERN int SinewFrameLeft(const SinewFrame *frame);
PETSC_EXTERN int SinewFrameBelow(const SinewFrame *frame);

PETSC_EXTERN void SinewFrameGrid(SinewCanvas *canvas, const SinewFrame *frame);
PETSC_EXTERN void SinewFrameAxes(SinewCanvas *canvas, const SinewFrame *frame);
/* The title above the area, and to its right, where there is room, a note in small letters. A title
 * that is too long is set smaller, then cut. */
PETSC_EXTERN void SinewFrameTitle(SinewCanvas *canvas, const SinewFrame *frame, int right, const char title[],
                                  const char note[]);

/* A bar of colours with its own ticks, as high as the frame, its left edge at x. */
PETSC_EXTERN void SinewColorBar(SinewCanvas *canvas, const SinewFrame *frame, int x, const SinewColormap *map,
                                double low, double high, const SinewTicks *ticks);
#define SINEW_COLOR_BAR_WIDTH 22

#endif
