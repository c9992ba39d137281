#ifndef SINEW_MESHES_MOVERS_LATTICE_H
#define SINEW_MESHES_MOVERS_LATTICE_H
/*
  The lattice of vertices on which mesh potentials live: the computational domain [lower, upper], uniform, cut like the
  cells of a grid. A periodic axis of n cells has n vertices, a box axis n + 1. Functions on a lattice are continued
  periodically, or evenly across the walls of a box, whose ghosts hold the mirror image: a potential that is even there
  has a gradient tangential to the wall, so that points slide on it and corners stay (Budd & Williams 2009).

  Values are in global vectors of a DMDA of one component; SinewLatticeGhosts gives a local array with one layer of
  ghosts. Memory is that of the rank's own box. Creation is collective, reading members is not.
*/
#include <petscdmda.h>

typedef struct {
  MPI_Comm comm;
  PetscInt dim;
  PetscInt cells[3], nodes[3];
  PetscReal lower[3], upper[3], h[3];
  PetscBool periodic[3];
  PetscInt start[3], count[3]; /* owned vertices */
  PetscInt ghosts[3];          /* 1 on axes in use, else 0 */
  PetscInt pitch[3];           /* size of the box with ghosts */
  PetscInt stride[3];          /* of the box with ghosts */
  PetscInt local;              /* owned vertices in all */
  const PetscInt *own[3];      /* vertices along each axis by rank of that axis; belong to the DM */
  PetscInt ranks[3];
  DM dm;
  Vec ghosted; /* the local vector whose array SinewLatticeGhosts returns */
  VecScatter ghosts_from;
} SinewLattice;

typedef struct {
  PetscInt dim, cells[3];
  PetscReal lower[3], upper[3];
  PetscBool periodic[3];
  PetscInt ranks[3];      /* 0: PETSc decides */
  const PetscInt *own[3]; /* cells along each axis by rank; NULL: PETSc decides */
} SinewLatticeOptions;

PETSC_EXTERN PetscErrorCode SinewLatticeCreate(MPI_Comm comm, const SinewLatticeOptions *options,
                                               SinewLattice **lattice);
PETSC_EXTERN PetscErrorCode SinewLatticeDestroy(SinewLattice **lattice);

/* Offset of owned vertex (i, j, k), counted from the first owned, in an array with ghosts. */
static inline PetscInt SinewLatticeAt(const SinewLattice *l, PetscInt i, PetscInt j, PetscInt k)
{
  return ((k + l->ghosts[2]) * l->pitch[1] + j + l->ghosts[1]) * l->pitch[0] + i + l->ghosts[0];
}

/* Values with ghosts, for reading, until SinewLatticeRestore; one at a time. One message to each neighbouring rank.
 * Collective. */
PETSC_EXTERN PetscErrorCode SinewLatticeGhosts(SinewLattice *lattice, Vec values, const PetscReal **array);
PETSC_EXTERN PetscErrorCode SinewLatticeRestore(SinewLattice *lattice, const PetscReal **array);

/* Sum over a row of owned vertices of v (power 1) or v^2 (2) with the weights of the trapezoidal rule; extremes of n
   values. Not collective. */
PETSC_EXTERN PetscReal SinewLatticeRowSum(const SinewLattice *lattice, PetscInt j, PetscInt k, const PetscReal row[],
                                          int power);
PETSC_EXTERN void SinewLatticeExtremes(PetscInt n, const PetscReal values[], PetscReal *least, PetscReal *most);
/* Mean with the weights of the trapezoidal rule (half on walls). Collective. */
PETSC_EXTERN PetscErrorCode SinewLatticeMean(SinewLattice *lattice, Vec values, PetscReal *mean);
/* The weight of owned vertex (i, j, k), 1 inside. Not collective. */
static inline PetscReal SinewLatticeWeight(const SinewLattice *l, PetscInt i, PetscInt j, PetscInt k)
{
  const PetscInt at[3] = {i + l->start[0], j + l->start[1], k + l->start[2]};
  PetscReal w = 1;

  for (PetscInt d = 0; d < l->dim; d++)
    if (!l->periodic[d] && (at[d] == 0 || at[d] == l->cells[d])) w *= 0.5;
  return w;
}

/*
  A box of lattice values that a rank needs although others own them: vertices first .. first + size - 1 of each axis,
  continued beyond the ends (periodic images, mirror images). Communication: the part of the box that is not its own.
*/
typedef struct {
  PetscInt first[3], size[3];
  IS from;
  Vec values;
  VecScatter scatter;
} SinewLatticeBox;
/* Collective; every rank with a box of its own. */
PETSC_EXTERN PetscErrorCode SinewLatticeBoxCreate(SinewLattice *lattice, const PetscInt first[3],
                                                  const PetscInt size[3], SinewLatticeBox *box);
PETSC_EXTERN PetscErrorCode SinewLatticeBoxFetch(SinewLatticeBox *box, Vec values); /* collective */
PETSC_EXTERN PetscErrorCode SinewLatticeBoxDestroy(SinewLatticeBox *box);

/* Index of vertex (i, j, k), which must exist, in global vectors. Not collective. */
PETSC_EXTERN PetscInt SinewLatticeIndex(const SinewLattice *lattice, PetscInt i, PetscInt j, PetscInt k);

#endif
