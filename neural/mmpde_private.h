#ifndef SINEW_NEURAL_MMPDE_PRIVATE_H
#define SINEW_NEURAL_MMPDE_PRIVATE_H
/* What the parts of MM-PDE share. */
#include "neural/itpnet_private.h"
#include "neural/message_private.h"
#include "neural/mmpde.h"

typedef struct _p_MmpdeClassical *MmpdeClassical; /* mmpde_classical.c */

struct _p_SinewMmpde {
  SinewMmpdeModel model;
  SinewMmpdeOptions o;
  MPI_Comm comm;
  SinewLayout layout;
  SinewDMM mover; /* one of these two, where nodes move */
  MmpdeClassical classical;
  ParameterTable table;
  Message solver[2]; /* a on the uniform nodes, b on the moved ones */
  Itpnet itpnet;
  SinewNeighbours uniform, moved, to_moved, to_uniform;
  SinewMmpdeTask task;
  PetscInt nodes; /* of this rank, all samples */
  PetscInt64 *number;
  PetscInt *sample;
  double *xi, *x;    /* uniform and moved, [nodes][2] */
  double *t;         /* t / time_scale */
  double *field, *c; /* what the mover sees of each sample, and what a network makes of it */
  double *phi, *displacement[2];
  SinewTensor corner;         /* moved nodes with a halo of 1, to look for folds */
  void *v, *w, *dv, *dw, *du; /* values on moved nodes, and adjoints */
};

/* For classical meshes; Move sets the displacements of sample b from u [ny][nx], all of it. Not collective. */
PETSC_INTERN PetscErrorCode MmpdeClassicalCreate(SinewMmpde m);
PETSC_INTERN PetscErrorCode MmpdeClassicalDestroy(MmpdeClassical *classical);
PETSC_INTERN PetscErrorCode MmpdeClassicalMove(SinewMmpde m, const double u[], PetscInt b);
/* The moved nodes and what is wrong with them. Collective. */
PETSC_INTERN PetscErrorCode MmpdeMoveNodes(SinewMmpde m, const void *u, PetscBool damp, SinewMmpdeMesh *mesh);

#endif
