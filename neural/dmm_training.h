#ifndef SINEW_NEURAL_DMM_TRAINING_H
#define SINEW_NEURAL_DMM_TRAINING_H
/*
  Data-free training of a mesh network (dmm.h): no mesh is ever shown to it, the Monge-Ampere residual, the sides and
  convexity (dmm_gradient.h) are all that it is told, on fields that the caller has.

  A step draws `fields` fields (with replacement) and in each `points` places with probability proportional to the
  monitor 1 + |D u| / (floor mean), `border` places on each side in other fields (`joint`: in the same, a fifth of the
  cost), and takes one Adam step. What is drawn
  depends on (seed, step) alone (io/random.h): a run that continues from a stored state repeats the bits of one that
  never stopped. Of several ranks each draws and differentiates an equal part of the fields; one reduction of the
  parameters' gradient a step.

  The random-feature stage freezes all but the last row w2, in which phi is linear, and minimises the loss over w2 by a
  quasi-Newton method (TAO's LMVM) on one sample; the result is kept only where it also lowers the loss of a sample
  that it has not seen (the original accepts it always, and may over-fit).

  Life-cycle: a network (SinewDMMCreateEmpty and SinewDMMTrainerInitialise, or one from a file), Create, Step ...,
  Features, Store; Destroy. Everything is collective over the communicator. Memory: three times the parameters.

  Source: Hu, Song, Wang, "Better Neural PDE Solvers Through Data-Free Mesh Movers" (ICLR 2024) and its released code.
*/
#include "dmm_gradient.h"

typedef struct _p_SinewDMMTrainer *SinewDMMTrainer;

typedef struct {
  PetscInt fields, points, border; /* of a step; fields: a multiple of the number of ranks */
  double decay;                    /* l2 */
  PetscInt64 seed;
  SinewDMMMonitor monitor; /* of the loss, and where points are drawn */
  PetscBool joint;         /* sides are looked at in the same fields as the inside */
} SinewDMMTrainerOptions;

/* 16 fields, 120 points, 30 on a side; decay 1e-5; the original's loss */
PETSC_EXTERN PetscErrorCode SinewDMMTrainerDefaults(SinewDMMTrainerOptions *options);
/* All parameters uniform in +-1 / sqrt(number of inputs), as PyTorch begins. Not collective. */
PETSC_EXTERN PetscErrorCode SinewDMMTrainerInitialise(SinewDMM dmm, PetscInt64 seed);
/* u: [count][s][s], equal on all ranks; neither it nor the network is owned, both must outlive the trainer. */
PETSC_EXTERN PetscErrorCode SinewDMMTrainerCreate(MPI_Comm comm, SinewDMM dmm, PetscInt count, const double u[],
                                                  const SinewDMMTrainerOptions *options, SinewDMMTrainer *trainer);
PETSC_EXTERN PetscErrorCode SinewDMMTrainerDestroy(SinewDMMTrainer *trainer);
/* One step of a learning rate. loss: before it, on its own sample; norm: of the gradient, may be NULL. Where that is
   not finite no parameter changes. */
PETSC_EXTERN PetscErrorCode SinewDMMTrainerStep(SinewDMMTrainer trainer, double rate, SinewDMMLoss *loss, double *norm);
/* Steps taken. Not collective. */
PETSC_EXTERN PetscInt64 SinewDMMTrainerSteps(SinewDMMTrainer trainer);
/*
  SinewDMMTrainerJudge - the loss on (other) fields u [count][s][s], at the centres of all cells and all nodes of sides;
  the fields are dealt out over the ranks, each of which has all of them.
*/
PETSC_EXTERN PetscErrorCode SinewDMMTrainerJudge(SinewDMMTrainer trainer, PetscInt count, const double u[],
                                                 SinewDMMLoss *loss);
/* The random-feature stage with at most `most` iterations; whether it was kept. */
PETSC_EXTERN PetscErrorCode SinewDMMTrainerFeatures(SinewDMMTrainer trainer, PetscInt most, PetscBool *kept);
/* Parameters under /weights and what continues the run under /training. */
PETSC_EXTERN PetscErrorCode SinewDMMTrainerStore(SinewDMMTrainer trainer, SinewFile file);
PETSC_EXTERN PetscErrorCode SinewDMMTrainerLoad(SinewDMMTrainer trainer, SinewFile file);
/* Parameters alone, to /weights and from there. */
PETSC_EXTERN PetscErrorCode SinewDMMTrainerStoreWeights(SinewDMMTrainer trainer, SinewFile file);
PETSC_EXTERN PetscErrorCode SinewDMMTrainerLoadWeights(SinewDMMTrainer trainer, SinewFile file);

#endif
