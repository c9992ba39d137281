#ifndef SINEW_NEURAL_MMPDE_TRAINER_H
#define SINEW_NEURAL_MMPDE_TRAINER_H
/*
  Training of MM-PDE on trajectories, free of decks and clocks: one call takes one step of an optimiser, one judges the
  network. The protocol is the original's:

    identity   for the first `identity` epochs Itp2(Itp1(u)) + cut(u) alone is trained to give u back, with an optimiser
               of its own
    steps      then all of the network, one step ahead: mean square of prediction minus the next frame, batch statistics
               in its norms, the mover frozen

  An epoch is SinewDatasetDraw's: every trajectory as often as it has frames, each time from a first frame drawn anew,
  in batches; what does not fill a batch at the end is left out. Learning rates are functions of the epoch
  (SinewScheduleAt), counted anew after the identity, which has that of epoch 0. The original's optimiser is AdamW
  with decay 0.01 and rate 6e-4, times 0.4 at epochs 30, 50, 70; its schedule also has a milestone at epoch 0, so that
  it begins with 0.4 of the rate it names (spec's quirk Q6): `decay_at_start`. Its unrolling argument only narrows the
  first frames that are drawn (Q7): `tail` keeps so many frames away from the end.

  All ranks work on each sample together (space-parallel); gradients are summed once a step. Memory on a rank: network,
  moments (2 or 4 times the parameters), this rank's box of a batch's frames in double. The state of a training is:
  parameters with running statistics, optimisers, number of steps; stored and loaded it goes on with the same bits.

  Everything is collective on the communicator of the data set. Errors: SINEW_ERR_INPUT with one line for a data set
  that does not fit the model, or a mesh that the mover folds (unless `damp`).
*/
#include "dataset.h"
#include "mmpde.h"
#include "optimizer.h"
#include "schedule.h"
#include "trainer.h"

typedef struct _p_SinewMmpdeTrainer *SinewMmpdeTrainer;

typedef struct {
  SinewMmpdeModel model;
  SinewDtype dtype;
  PetscInt batch, identity; /* samples a step; epochs of the identity */
  PetscInt tail;
  PetscInt64 seed; /* of initial parameters and samples */
  SinewOptimizerOptions optimizer;
  SinewSchedule schedule;
  PetscBool decay_at_start, damp;
  SinewAugmentation augment; /* shifts are for periodic models */
} SinewMmpdeTrainerOptions;

/* The original's for Burgers' equation, in single precision; correct where it has quirks. */
PETSC_EXTERN PetscErrorCode SinewMmpdeTrainerDefaults(SinewMmpdeTrainerOptions *options);

/* The data set, of uniform frames with as many components as the model has fields, and the mover (NULL where the model
   does not move) are not owned. */
PETSC_EXTERN PetscErrorCode SinewMmpdeTrainerCreate(MPI_Comm comm, const SinewMmpdeTrainerOptions *options,
                                                    SinewDataset data, SinewDMM mover, SinewMmpdeTrainer *trainer);
PETSC_EXTERN PetscErrorCode SinewMmpdeTrainerDestroy(SinewMmpdeTrainer *trainer);

/* One step of a learning rate. loss: the batch's before it; norm: of the gradient. Where that is not finite no
   parameter changes, nor the count of steps. */
PETSC_EXTERN PetscErrorCode SinewMmpdeTrainerStep(SinewMmpdeTrainer trainer, double rate, double *loss, double *norm);
/* Not collective: steps taken, those of an epoch, the rate of the next one, and whether that is of the identity. */
PETSC_EXTERN PetscInt64 SinewMmpdeTrainerSteps(SinewMmpdeTrainer trainer);
PETSC_EXTERN PetscInt64 SinewMmpdeTrainerEpoch(SinewMmpdeTrainer trainer);
PETSC_EXTERN double SinewMmpdeTrainerRate(SinewMmpdeTrainer trainer);
PETSC_EXTERN PetscBool SinewMmpdeTrainerIdentity(SinewMmpdeTrainer trainer);

/*
  SinewMmpdeTrainerJudge - mean square errors in evaluation mode, of data normalised as they are read.

  one_step  over all first frames of all trajectories: the original's measure
  rollout   [steps] after 1, 2, ... steps from the first frame, over all trajectories; steps 0: not wanted
*/
PETSC_EXTERN PetscErrorCode SinewMmpdeTrainerJudge(SinewMmpdeTrainer trainer, SinewDataset data, PetscInt steps,
                                                   double *one_step, double rollout[]);

/*
  SinewMmpdeTrainerValidate - relative errors of fields in their own units, as SinewTrainerValidate takes them of
  SineNet.

  mean, sd     [in]  the normalisation of data
  steps        [in]  of a roll-out, cut to what the trajectories allow; 0: one-step errors only
  trajectories [in]  the first so many of them; 0: all
*/
PETSC_EXTERN PetscErrorCode SinewMmpdeTrainerValidate(SinewMmpdeTrainer trainer, SinewDataset data,
                                                      const PetscReal mean[], const PetscReal sd[], PetscInt steps,
                                                      PetscInt trajectories, SinewTrainerErrors *errors);
/* The frame after `steps` steps from the beginning of a trajectory: truth and prediction of one field, normalised, on
   this rank's box [ny][nx] of the layout. */
PETSC_EXTERN PetscErrorCode SinewMmpdeTrainerRollout(SinewMmpdeTrainer trainer, SinewDataset data, PetscInt trajectory,
                                                     PetscInt steps, PetscInt field, double truth[],
                                                     double prediction[]);

/* Parameters under /weights, optimisers under /optimizer and /identity, number of steps at /training; and back. */
PETSC_EXTERN PetscErrorCode SinewMmpdeTrainerStore(SinewMmpdeTrainer trainer, SinewFile file);
PETSC_EXTERN PetscErrorCode SinewMmpdeTrainerLoad(SinewMmpdeTrainer trainer, SinewFile file);
/* What the stepper reads: model, parameters and mover. Time step, names and normalisation are the caller's to add. */
PETSC_EXTERN PetscErrorCode SinewMmpdeTrainerStoreModel(SinewMmpdeTrainer trainer, SinewFile file);

/* Parameters alone, from /weights of any file. */
PETSC_EXTERN PetscErrorCode SinewMmpdeTrainerLoadWeights(SinewMmpdeTrainer trainer, SinewFile file, const char path[]);

/* Not collective; not to be destroyed. */
PETSC_EXTERN SinewMmpde SinewMmpdeTrainerNetwork(SinewMmpdeTrainer trainer);
PETSC_EXTERN SinewLayout SinewMmpdeTrainerLayout(SinewMmpdeTrainer trainer);
PETSC_EXTERN size_t SinewMmpdeTrainerMemory(SinewMmpdeTrainer trainer); /* bytes of parameters and optimisers here */

#endif
