#ifndef SINEW_SOLVERS_POINTWISE_FACES_PRIVATE_H
#define SINEW_SOLVERS_POINTWISE_FACES_PRIVATE_H
/* Linear conditions as the faces of a pointwise equation, whose ctx begins with a PointwiseFaces. */
#include "../pointwise.h"

typedef struct {
  PetscInt dim, unknowns;
  SinewFaces faces;
  const void *ctx; /* of the function */
} PointwiseFaces;

PETSC_INTERN void SinewPointwiseAddFaces(const PointwiseFaces *faces, SinewPointwise *equation);

#endif
