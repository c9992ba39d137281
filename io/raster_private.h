#ifndef SINEW_IO_RASTER_PRIVATE_H
#define SINEW_IO_RASTER_PRIVATE_H
/*
  Pixels, lines and text (private to the pictures of io/image.h).

  Ink is a coverage mask, one byte a pixel. Strokes are painted into it by the larger coverage, so
  that joints and crossings are not darker than lines, and so that the masks of several ranks are
  merged by MPI_MAX into the same mask that one rank would have painted. A canvas is an RGB picture;
  ink soaks into it in a colour. A canvas lives on the rank that writes the file.

  Coordinates are continuous pixels, x to the right, y downwards; pixel (i, j) is the square
  [i, i+1) x [j, j+1), so a crisp line of width 1 runs at half numbers. What falls outside is cut.

  Life-cycle: Create, paint, write, Destroy. The creator owns the object; Destroy of a zeroed object
  does nothing. Nothing here is collective.
*/
#include "colormap_private.h"

typedef struct {
  int width, height;
  unsigned char *cover; /* height x width, 0 to 255 */
} SinewInk;

typedef struct {
  int width, height;
  unsigned char *rgb; /* height x width x 3 */
  SinewInk ink;       /* scratch of lines and text, empty between calls */
} SinewCanvas;

PETSC_EXTERN PetscErrorCode SinewInkCreate(int width, int height, SinewInk *ink);
PETSC_EXTERN PetscErrorCode SinewInkDestroy(SinewInk *ink);

/* A line of the given half width with round ends, anti-aliased; a disc when both ends agree. Ends
 * that are not finite paint nothing. */
PETSC_EXTERN void SinewInkStroke(SinewInk *ink, const double from[2], const double to[2], double radius);

PETSC_EXTERN PetscErrorCode SinewCanvasCreate(int width, int height, SinewCanvas *canvas);
PETSC_EXTERN PetscErrorCode SinewCanvasDestroy(SinewCanvas *canvas);

PETSC_EXTERN void SinewCanvasPixel(SinewCanvas *canvas, int x, int y, SinewColor color, double alpha);
PETSC_EXTERN void SinewCanvasFill(SinewCanvas *canvas, int x, int y, int width, int height, SinewColor color,
                                  double alpha);

/* Lays ink over the canvas with its corner at (x, y). */
PETSC_EXTERN void SinewCanvasSoak(SinewCanvas *canvas, const SinewInk *ink, int x, int y, SinewColor color,
                                  double alpha);
PETSC_EXTERN void SinewCanvasLine(SinewCanvas *canvas, const double from[2], const double to[2], double radius,
                                  SinewColor color);

/*
  Text in a stroke font of ASCII 32 to 126, drawn for this code on a grid of whole pixels (capitals
  10 high, small letters 7, descenders 3); other characters of UTF-8 show as boxes.

  A text is placed by the point (x, y) on its base line and align: 0 starts there, 0.5 is centred,
  1 ends there. Texts turned read upwards (labels of vertical axes).
*/
typedef struct {
  double scale; /* 1: capitals are 10 pixels high */
  double align;
  PetscBool turned;
  SinewColor color;
} SinewTextStyle;

#define SINEW_TEXT_HEIGHT 10 /* of capitals and digits, at scale 1 */

PETSC_EXTERN double SinewTextWidth(const char text[], double scale);
PETSC_EXTERN void SinewCanvasText(SinewCanvas *canvas, double x, double y, const char text[],
                                  const SinewTextStyle *style);

/* Writes PATH.part and renames it. Returns whether that went well; otherwise why has one line and
 * no file is left behind. */
PETSC_EXTERN PetscBool SinewCanvasWrite(const SinewCanvas *canvas, const char path[], size_t size, char why[]);

#endif
