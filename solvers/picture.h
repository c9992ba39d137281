#ifndef SINEW_SOLVERS_PICTURE_H
#define SINEW_SOLVERS_PICTURE_H
/*
  Pictures that a run paints of its fields, as entries of `output.image` say: a curve in 1D, colours in 2D and in a
  slice of 3D, beside a reference where asked (run, reference, difference). A body from a file is shown as it is now, in
  space its surface, shaded, in the colours of its displacement or of the volumes of its cells against those at rest.

  Communication: the field's own (SinewEquationField), at most one reduction of three numbers for common colours, and
  the picture's (io/image.h), which is a few numbers a pixel.
*/
#include "../io/deck.h"
#include "equation.h"
#include "reference.h"

typedef struct {
  const char *field;
  PetscInt component, colormap, width;
  PetscReal every, at;
  SinewRealList range;
  PetscBool lines, compare;
  PetscInt axis; /* normal of the slice, for 3D */
} SinewPicture;

/* Keys that fill a SinewPicture. */
PETSC_EXTERN const SinewKey SinewPictureKeys[];

/* Where points x [n][3] of the grid's box are now, in place. */
typedef PetscErrorCode SinewMove(void *context, PetscInt n, PetscReal x[]);

/* What is painted; nothing is owned. */
typedef struct {
  MPI_Comm comm;
  SinewEquation equation;
  SinewReference reference; /* NULL: none */
  SinewMove *move;          /* of the cells' corners; NULL: they stay */
  void *move_context;
} SinewScene;

/* Whether a body from a file has the picture's field. */
PETSC_EXTERN PetscBool SinewPictureShowsBody(const SinewPicture *picture);

/* SinewPicturePaint - paints U at time t below a directory; path says which file. Collective on the scene's comm. */
PETSC_EXTERN PetscErrorCode SinewPicturePaint(const SinewPicture *picture, const SinewScene *scene,
                                              const char directory[], PetscReal t, Vec U, size_t size, char path[]);

#endif
