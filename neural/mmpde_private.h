#ifndef SINEW_NEURAL_MMPDE_PRIVATE_H
#define SINEW_NEURAL_MMPDE_PRIVATE_H
/* What the parts of MM-PDE share. */
#include "neural/itpnet_private.h"
#include "neural/message_private.h"
#include "neural/mmpde.h"

struct _p_SinewMmpde {
  SinewMmpdeModel model;
  SinewMmpdeOptions o;
  MPI_Comm comm;
  SinewLayout layout;
  SinewDMM mover;
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
  double *field, *c; /* mover: size^2 values of each sample, and what it makes of them */
  double *phi, *displacement[2];
  SinewTensor corner;         /* moved nodes with a halo of 1, to look for folds */
  void *v, *w, *dv, *dw, *du; /* values on moved nodes, and adjoints */
};

/* The moved nodes and what is wrong with them. Collective. */
PETSC_INTERN PetscErrorCode MmpdeMoveNodes(SinewMmpde m, const void *u, PetscBool damp, SinewMmpdeMesh *mesh);

#endif
