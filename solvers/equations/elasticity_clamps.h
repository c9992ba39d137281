#ifndef SINEW_SOLVERS_EQUATIONS_ELASTICITY_CLAMPS_H
#define SINEW_SOLVERS_EQUATIONS_ELASTICITY_CLAMPS_H
/*
  Parts of the surface of a body from a file that are held where they are told to be: chosen by the reference numbers of
  the file's faces, by a formula at their centres, or both. A face belongs to the first clamp that takes it.

  Life-cycle: Read as often as there are clamps in the deck (mistakes go to the deck), Place once the mesh is there (a
  clamp outside of the body is a mistake), Evaluate at points of a patch, Destroy. Nothing communicates.
*/
#include "io/deck.h"
#include "solvers/pointwise/elasticity.h"

typedef struct {
  SinewIntList label;
  SinewExpression where, displacement[3]; /* NULL: everywhere; free */
  SinewNode node;
} SinewElasticClamp;

typedef struct {
  PetscInt n;
  SinewElasticClamp clamp[SINEW_CLAMPS_MAX];
  SinewSimplicesPatch patch[SINEW_CLAMPS_MAX + 1]; /* the last is what is free */
} SinewElasticClamps;

PETSC_EXTERN const SinewKey SinewElasticClampKeys[];

PETSC_EXTERN PetscErrorCode SinewElasticClampsRead(SinewElasticClamps *clamps, PetscInt dim, SinewDeck deck,
                                                   SinewNode node);
PETSC_EXTERN PetscErrorCode SinewElasticClampsPlace(SinewElasticClamps *clamps, const SinewSimplices *mesh,
                                                    SinewDeck deck);
/* Which components of a point x at rest of patch k are held at time t, and at what displacement. */
PETSC_EXTERN PetscErrorCode SinewElasticClampsEvaluate(const SinewElasticClamps *clamps, PetscInt k, PetscInt dim,
                                                       const PetscReal x[3], PetscReal t, PetscBool held[3],
                                                       PetscReal target[3]);
PETSC_EXTERN PetscErrorCode SinewElasticClampsDestroy(SinewElasticClamps *clamps);

#endif
