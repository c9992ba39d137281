#ifndef SINEW_NEURAL_TRAINER_PRIVATE_H
#define SINEW_NEURAL_TRAINER_PRIVATE_H
/* The parts of a trainer, for trainer.c (steps) and trainer_judge.c (validation). */
#include "neural/trainer.h"

struct _p_SinewTrainer {
  MPI_Comm comm, inside, across; /* all ranks; those of this group; those with this one's place in all groups */
  PetscMPIInt rank, within;
  SinewTrainerOptions options;
  SinewDataset data;
  SinewDatasetShape shape;
  PetscInt group, part; /* part: samples of this group at a time */
  SinewLayout layout;
  SinewNetwork network;
  SinewOptimizer optimizer;
  SinewTensor target;
  PetscInt64 steps;
  SinewSample *sample;       /* [part] */
  size_t frame;              /* numbers of a frame on this rank's box */
  double *frames;            /* of the part: [part][history + unroll][component][y][x] */
  double *predicted, *slope; /* [unroll][part][frame]: what the network made of it, and dLoss/d(that) */
  double *input, *output;    /* [part][history frames], [part][frame] */
  double *ahead, *parameter; /* [part]: of samples, for conditional networks */
  PetscBool stream;          /* gradients go into the optimiser during the backward pass */
  PetscBool torn;            /* parameters are of two steps: one of these gradients was not finite */
  void *sum;                 /* of gradients, or NULL: they are used as they come */
};

/* The network applied to `history` frames of each of `part` samples: frames j .. j + history - 1 of `frames` (with
   `stride` of them a sample), those from `history` on taken from `predicted`. Its output goes to `out`. Collective on
   the group. */
PETSC_INTERN PetscErrorCode TrainerForward(SinewTrainer t, const double frames[], PetscInt stride, PetscInt j,
                                           const double predicted[], double out[]);
/* What t->sample goes ahead, and the parameters of its trajectories, to a conditional network. Not collective. */
PETSC_INTERN PetscErrorCode TrainerCondition(SinewTrainer t, SinewDataset data);
/* Averaged parameters into the network, and back. */
PETSC_INTERN PetscErrorCode TrainerSwap(SinewTrainer t);

#endif
