#ifndef SINEW_NEURAL_COLLOCATION_PRIVATE_H
#define SINEW_NEURAL_COLLOCATION_PRIVATE_H
/* What rows (collocation.c) and energies (collocation_energy.c) share. */
#include "collocation.h"

typedef struct {
  SinewJetOrder order;
  PetscInt n, first, count, residuals, channels;
  SinewPointResidual *function;
  SinewPointPotential *potential; /* instead of the function; then residuals counts the jets */
  void *ctx;
  PetscReal *x, *scale;
  PetscReal *slope, *curve; /* of a potential where it was linearised: block by block [jets][n], [jets][jets][n] */
} CollocationTerm;

typedef struct {
  PetscInt term, first, n; /* points first .. first + n - 1 of this rank's points of the term */
} CollocationBlock;

struct _p_SinewCollocation {
  MPI_Comm comm;
  SinewJet jet;
  PetscInt parts, first_part, local_parts;
  PetscInt terms, blocks;
  CollocationTerm *term;
  CollocationBlock *block;
  PetscInt *part_block, *block_start;
  PetscReal *u, *du, *r, *dr, *seed; /* of one block */
  SinewCollocation held_out;         /* not owned */
  PetscReal *held_out_rows;
};

/* J as SinewLeastSquaresProblem has it, of a block of a potential: the root of its metric. */
PETSC_INTERN PetscErrorCode SinewCollocationMetricRows(SinewCollocation c, const PetscReal w[],
                                                       const CollocationBlock *block, const PetscInt column[],
                                                       PetscReal J[], PetscInt ld);
PETSC_INTERN PetscErrorCode SinewCollocationAllocateTerm(SinewCollocation c, const CollocationTerm *term,
                                                         PetscInt *index);

#endif
