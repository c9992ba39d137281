#ifndef SINEW_IO_COLORMAP_PRIVATE_H
#define SINEW_IO_COLORMAP_PRIVATE_H
/*
  Colour maps of the pictures (private to io/image.c and what it paints with).

  A map is 33 colours at equal distances in [0, 1], joined by straight lines in sRGB. The names are
  in SinewColormaps (io/image.h). Nothing here is collective or allocates.

  Sources. viridis, inferno, magma, plasma: S. van der Walt and N. Smith, 2015 (CC0). turbo:
  A. Mikhailov, 2019 (published with permission to use under the Apache licence 2.0). coolwarm:
  K. Moreland, "Diverging Color Maps for Scientific Visualization", 2009. The 33 colours are the
  least-squares fit to the published 256, at most 2.5 of 255 levels away from them.
*/
#include "error.h"

typedef struct _n_SinewColormap SinewColormap;

/* A colour as 0xRRGGBB. */
typedef unsigned int SinewColor;

#define SINEW_COLOR_NAN ((SinewColor)0xff00ffu) /* magenta: in none of the maps */

/* The map of a name (NULL: viridis), or NULL when there is no such map. */
PETSC_EXTERN const SinewColormap *SinewColormapFind(const char name[]);

/* The colour at s, clamped to [0, 1]; SINEW_COLOR_NAN for NaN. */
PETSC_EXTERN SinewColor SinewColormapColor(const SinewColormap *map, double s);

#endif
