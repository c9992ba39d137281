#ifndef SINEW_SOLVERS_FRAME_H
#define SINEW_SOLVERS_FRAME_H
/*
  A frame of a data set (neural/dataset.h) as the initial state of a run, for any equation and stepper in the plane:

    initial: {type: frame, files: "smoke_*.h5", part: test, trajectory: 3, frame: 4, arrays: [u, vx, vy]}

  The arrays are the equation's primitives, in their order (standard: of the same names). The frames before it are the
  past of a network that looks back; they must be as far apart as the network's steps.

  The grid must have the frames' cells; values of cells are taken as they are, and so are those of lower faces by
  equations with velocities there. Each rank reads its own box. Errors raise SINEW_ERR_INPUT with one line.
*/
#include "../io/deck.h"
#include "../meshes/grid.h"

typedef struct _p_SinewFrame *SinewFrame;

PETSC_EXTERN const SinewKey SinewFrameKeys[];

/*
  SinewFrameCreate - reads the section `initial` and records its mistakes. Not collective. The deck must outlive it.

  primitives [in] names of the equation's primitives, in their order
*/
PETSC_EXTERN PetscErrorCode SinewFrameCreate(SinewDeck deck, SinewNode section, PetscInt dim, PetscInt count,
                                             const char *const primitives[], SinewFrame *frame);
PETSC_EXTERN PetscErrorCode SinewFrameDestroy(SinewFrame *frame);

/* How many frames there are before the initial one. Not collective. */
PETSC_EXTERN PetscInt SinewFramePast(SinewFrame frame);
/*
  SinewFrameRead - this rank's primitives [count][ny][nx] of the frame `age` frames before the initial one. Opens the
  data set at the first call. Collective on the grid.

  step [out] time between frames; 0: the files do not say; may be NULL
*/
PETSC_EXTERN PetscErrorCode SinewFrameRead(SinewFrame frame, SinewGrid grid, PetscInt age, PetscReal planes[],
                                           PetscReal *step);

#endif
