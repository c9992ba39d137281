#include "io/raster_private.h"
#include <errno.h>
#include <math.h>
#include <png.h>
#include <unistd.h>

/* ---- ink ---- */

PetscErrorCode SinewInkCreate(int width, int height, SinewInk *ink)
{
  PetscFunctionBeginUser;
  ink->width = width;
  ink->height = height;
  PetscCall(PetscCalloc1((size_t)width * (size_t)height, &ink->cover));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewInkDestroy(SinewInk *ink)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(ink->cover));
  ink->width = ink->height = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Distance of a point to a segment that starts at the origin. */
static double distance(double x, double y, double dx, double dy, double square)
{
  double s = square > 0 ? (x * dx + y * dy) / square : 0;

  s = s < 0 ? 0 : s > 1 ? 1 : s;
  return hypot(x - s * dx, y - s * dy);
}

static int clamp_floor(double x, int limit)
{
  return x <= 0 ? 0 : x >= limit ? limit : (int)x;
}

/* The pixels of one row that a stroke can reach: without this cut, a long slanted line would visit
 * its whole bounding box. */
static void reach(const double from[2], const double to[2], double y, double radius, double span[2])
{
  const double dy = to[1] - from[1];

  span[0] = fmin(from[0], to[0]) - radius;
  span[1] = fmax(from[0], to[0]) + radius;
  if (fabs(dy) > radius) {
    const double slope = (to[0] - from[0]) / dy, at = from[0] + (y - from[1]) * slope;
    const double half = radius * sqrt(1 + slope * slope);

    span[0] = fmax(span[0], at - half);
    span[1] = fmin(span[1], at + half);
  }
}

void SinewInkStroke(SinewInk *ink, const double from[2], const double to[2], double radius)
{
  const double dx = to[0] - from[0], dy = to[1] - from[1], square = dx * dx + dy * dy;
  const double far = radius + 1;
  int bottom, top;

  if (!isfinite(square)) return;
  top = clamp_floor(fmin(from[1], to[1]) - far, ink->height);
  bottom = clamp_floor(fmax(from[1], to[1]) + far + 1, ink->height);
  for (int j = top; j < bottom; j++) {
    unsigned char *row = ink->cover + (size_t)j * (size_t)ink->width;
    double span[2];
    int end;

    reach(from, to, j + 0.5, far, span);
    end = clamp_floor(span[1] + 1, ink->width);
    for (int i = clamp_floor(span[0], ink->width); i < end; i++) {
      const double d = distance(i + 0.5 - from[0], j + 0.5 - from[1], dx, dy, square);
      const double cover = fmin(radius + 0.5 - d, fmin(1, 2 * radius));

      if (cover > 0) row[i] = (unsigned char)fmax(row[i], 255 * cover + 0.5);
    }
  }
}

/* ---- canvas ---- */

PetscErrorCode SinewCanvasCreate(int width, int height, SinewCanvas *canvas)
{
  const size_t bytes = 3 * (size_t)width * (size_t)height;

  PetscFunctionBeginUser;
  canvas->width = width;
  canvas->height = height;
  PetscCall(PetscMalloc1(bytes, &canvas->rgb));
  memset(canvas->rgb, 255, bytes);
  PetscCall(SinewInkCreate(width, height, &canvas->ink));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewCanvasDestroy(SinewCanvas *canvas)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(canvas->rgb));
  PetscCall(SinewInkDestroy(&canvas->ink));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void SinewCanvasPixel(SinewCanvas *canvas, int x, int y, SinewColor color, double alpha)
{
  unsigned char *rgb;

  if (x < 0 || y < 0 || x >= canvas->width || y >= canvas->height) return;
  rgb = canvas->rgb + 3 * ((size_t)y * (size_t)canvas->width + (size_t)x);
  for (int c = 0; c < 3; c++) {
    const double to = (color >> (16 - 8 * c)) & 255u;

    rgb[c] = (unsigned char)(rgb[c] + (to - rgb[c]) * alpha + 0.5);
  }
}

void SinewCanvasFill(SinewCanvas *canvas, int x, int y, int width, int height, SinewColor color, double alpha)
{
  for (int j = y; j < y + height; j++)
    for (int i = x; i < x + width; i++) SinewCanvasPixel(canvas, i, j, color, alpha);
}

void SinewCanvasSoak(SinewCanvas *canvas, const SinewInk *ink, int x, int y, SinewColor color, double alpha)
{
  const unsigned char *cover = ink->cover;

  for (int j = 0; j < ink->height; j++)
    for (int i = 0; i < ink->width; i++, cover++)
      if (*cover) SinewCanvasPixel(canvas, x + i, y + j, color, alpha * *cover / 255);
}

void SinewCanvasLine(SinewCanvas *canvas, const double from[2], const double to[2], double radius, SinewColor color)
{
  SinewInk *ink = &canvas->ink;

  SinewInkStroke(ink, from, to, radius);
  SinewCanvasSoak(canvas, ink, 0, 0, color, 1);
  memset(ink->cover, 0, (size_t)ink->width * (size_t)ink->height);
}

/* ---- file ---- */

static PetscBool write_png(const SinewCanvas *canvas, FILE *file)
{
  png_image png;

  memset(&png, 0, sizeof(png));
  png.version = PNG_IMAGE_VERSION;
  png.width = (png_uint_32)canvas->width;
  png.height = (png_uint_32)canvas->height;
  png.format = PNG_FORMAT_RGB;
  return (PetscBool)(png_image_write_to_stdio(&png, file, 0, canvas->rgb, 0, NULL) != 0);
}

PetscBool SinewCanvasWrite(const SinewCanvas *canvas, const char path[], size_t size, char why[])
{
  char part[PETSC_MAX_PATH_LEN];
  PetscBool good;
  FILE *file;

  snprintf(part, sizeof(part), "%s.part", path);
  errno = 0;
  file = fopen(part, "wb");
  good = (PetscBool)(file && write_png(canvas, file));
  if (file && fclose(file)) good = PETSC_FALSE;
  if (good && rename(part, path)) good = PETSC_FALSE;
  if (good) return PETSC_TRUE;
  snprintf(why, size, "%s: the picture cannot be written: %s", path, errno ? strerror(errno) : "libpng failed");
  if (file) unlink(part);
  return PETSC_FALSE;
}
