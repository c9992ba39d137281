#ifndef SINEW_IO_IMAGE_PRIVATE_H
#define SINEW_IO_IMAGE_PRIVATE_H
/* What all kinds of picture share (private to io/image*.c). */
#include "io/axes_private.h"
#include "io/image.h"

enum { IMAGE_PAD = 18, IMAGE_TITLE = 44, IMAGE_BAR_GAP = 20, IMAGE_NARROWEST = 420 };

/* Pixels of the longer side that a style asks for. */
PETSC_INTERN PetscInt SinewImageSide(const SinewImageStyle *style);
/* The colour map, or SINEW_ERR_INPUT on all ranks. */
PETSC_INTERN PetscErrorCode SinewImageMap(MPI_Comm comm, const SinewImageStyle *style, const SinewColormap **map);
/* Pixels of an area of extents dx and dy: equal units on both axes, unless that gives a thread. */
PETSC_INTERN void SinewImageShape(double dx, double dy, PetscInt side, int *width, int *height);
/* Rank 0 writes the canvas, all ranks hear how it went. Destroys the canvas either way. */
PETSC_INTERN PetscErrorCode SinewImagePublish(MPI_Comm comm, SinewCanvas *canvas, const char path[]);

#endif
