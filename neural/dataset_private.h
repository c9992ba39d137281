#ifndef SINEW_NEURAL_DATASET_PRIVATE_H
#define SINEW_NEURAL_DATASET_PRIVATE_H
/* The parts of a data set, for dataset.c (looking up) and dataset_read.c (reading). */
#include "io/extract.h"
#include "neural/dataset.h"

#define DATASET_COMPONENTS_MAX 16

/* Which axis of an array means what; trajectory or element may be -1: there is none. */
typedef struct {
  int trajectory, frame, first, second, element;
} DatasetAxes;

/* One component: "data[1]" is element 1 along the last axis of `data`. */
typedef struct {
  char *name;       /* as given */
  char *array;      /* without the index */
  PetscInt element; /* -1: none */
} DatasetComponent;

/* A group with an array a component. */
typedef struct {
  PetscInt first, count; /* trajectories, among those of all blocks */
  SinewExtract *extract; /* of each component */
  DatasetAxes *axes;
  PetscReal *parameter; /* count of them, or NULL */
} DatasetBlock;

struct _p_SinewDataset {
  PetscInt components, scalars;
  DatasetComponent component[DATASET_COMPONENTS_MAX];
  PetscBool axes_yx, faces, normalized;
  PetscInt skip, every;
  PetscInt64 frames_stored, n[2]; /* of a block: frames, cells along the file's two axes */
  PetscReal step;
  PetscReal mean[DATASET_COMPONENTS_MAX], sd[DATASET_COMPONENTS_MAX];
  PetscInt blocks, blocks_size, total; /* total: trajectories of all blocks */
  DatasetBlock *block;
  PetscBool permuted;
  PetscInt64 seed;
  PetscInt begin, trajectories; /* of the part, in the permutation when permuted */
  PetscInt64 opened;            /* reads so far, and who read last: the files that may be open */
  SinewExtract recent[64];
  double *scratch;
  size_t scratch_size;
};

/* The block of a trajectory of the part, and its place in it. */
PETSC_INTERN const DatasetBlock *DatasetFind(SinewDataset dataset, PetscInt trajectory, PetscInt *within);
/* The whole name of the array of a component: "FILE: array NAME". */
PETSC_INTERN const char *DatasetWhere(SinewExtract extract, size_t size, char text[]);

#endif
