#ifndef SINEW_NEURAL_TRAINER_H
#define SINEW_NEURAL_TRAINER_H
/*
  Training of a SineNet on trajectories, free of decks and clocks: one call takes one step of the optimiser, one judges
  the network. solvers/training.h makes it a run.

  A sample is `history` frames and the `unroll` frames that follow them. The network's predictions are fed back to it;
  the loss is the mean over these `unroll` predictions, differentiated through all of them, or with push_forward that of
  the last one alone, the ones before being taken as given (Brandstetter, Worrall & Welling, ICLR 2022). unroll 1 is
  teacher forcing. Fields are normalised (SinewDatasetNormalize).

  Step s of an epoch works on samples s batch .. (s + 1) batch - 1 of it (SinewDatasetDraw; what does not fill a batch
  at the end is left out). The ranks are split into `groups` of equal size, each space-parallel inside; a group takes an
  equal share of the batch, in `accumulate` parts one after the other. Gradients are means over the batch, whatever
  groups and parts: results differ by rounding only.

  Where nothing needs all gradients at once (no clipping, accumulate and unroll 1 or push_forward, no neural ODE) the
  optimiser takes each of them as soon as it is complete in the backward pass, and no memory holds them all; the bits
  are the same.

  The ranks of a group each train their own part of the parameters of small maps (`divided` of neural/sinenet.h; not
  with adamp), which are two thirds of a SineNet-8's at 128^2: its weights, gradients and moments are nowhere else in
  the group. Files hold whole parameters.

  Communication a step: that of the network in each group, the sum of gradients over all ranks (of those in parts, over
  groups), in buckets during the backward pass (with `accumulate` or `unroll` once, at the end), one number for the loss
  and one for the norm. Memory on a rank: the network (neural/network.h), 2 or 3 times the parameters that it holds for
  the optimiser, once more for gradients (see above), once more with accumulate or unroll, and this rank's boxes of a
  part's frames in double.

  Conditional networks (history and unroll 1) are told how many frames each sample goes ahead (SinewDatasetDrawLead),
  and the parameter of its trajectory where the network takes a scalar. They are judged on steps of one frame.

  Noise is white, a function of seed, sample and place: the same on any number of ranks. Targets, and the frames that
  networks are judged on, have none.

  The state of a training is: parameters, optimiser, number of steps. Random numbers are functions of seed, epoch and
  place in it.

  Everything is collective on comm unless it says otherwise. Errors: SINEW_ERR_INPUT with one line for a batch that
  cannot be dealt out, or data that turn out bad when they are read.
*/
#include "dataset.h"
#include "loss.h"
#include "optimizer.h"
#include "sinenet.h"

typedef struct _p_SinewTrainer *SinewTrainer;

#define SINEW_ROLLOUT_MAX 256

typedef struct {
  SinewSinenetOptions network; /* inputs, outputs, batch and training follow from the rest */
  PetscInt history, unroll;
  PetscBool push_forward;
  PetscInt groups, batch, accumulate;
  SinewLossKind loss;
  SinewOptimizerOptions optimizer;
  PetscInt64 seed; /* of initial parameters, samples and noise */
  PetscInt lead;   /* conditional networks: frames that a step may go ahead; 0 is 1 */
  double noise;    /* standard deviation of what is added to the normalised frames that go in */
  SinewAugmentation augment;
} SinewTrainerOptions;

/* Mean relative l2 errors of fields in their own units (||p - y|| / ||y||, over samples and components). */
typedef struct {
  double one_step; /* over all windows of the trajectories */
  PetscInt steps;
  double rollout[SINEW_ROLLOUT_MAX]; /* after each step, from the first frames */
  double mean;                       /* of rollout; of one_step without */
} SinewTrainerErrors;

/* The data set (not owned) must be open on comm, normalised, with trajectories of history + unroll frames or more. */
PETSC_EXTERN PetscErrorCode SinewTrainerCreate(MPI_Comm comm, const SinewTrainerOptions *options, SinewDataset data,
                                               SinewTrainer *trainer);
PETSC_EXTERN PetscErrorCode SinewTrainerDestroy(SinewTrainer *trainer);

/*
  SinewTrainerStep - one step of the optimiser. loss: the batch's, before the step; norm: of the gradient, before
  clipping. Where one of them is not finite the count is as before. So are the parameters, unless gradients were not
  kept and one of them was not finite: then the parameters are of two steps, and a trainer refuses to store them.
*/
PETSC_EXTERN PetscErrorCode SinewTrainerStep(SinewTrainer trainer, double rate, double *loss, double *norm);
/* Steps taken; steps of an epoch. Not collective. */
PETSC_EXTERN PetscInt64 SinewTrainerSteps(SinewTrainer trainer);
PETSC_EXTERN PetscInt64 SinewTrainerEpoch(SinewTrainer trainer);

/*
  SinewTrainerValidate - errors on (another) data set, normalised like the training's; trajectories dealt out over the
  groups. With an average of parameters it is the average that is judged.

  mean, sd     [in]  the normalisation
  steps        [in]  of a roll-out, cut to what the trajectories allow; 0: one-step errors only
  trajectories [in]  the first so many of them; 0: all
*/
PETSC_EXTERN PetscErrorCode SinewTrainerValidate(SinewTrainer trainer, SinewDataset data, const PetscReal mean[],
                                                 const PetscReal sd[], PetscInt steps, PetscInt trajectories,
                                                 SinewTrainerErrors *errors);
/*
  SinewTrainerRollout - the frame after `steps` steps from the beginning of a trajectory: truth and prediction of one
  component, normalised, on this rank's box [ny][nx] of the layout. Every group computes all of it.
*/
PETSC_EXTERN PetscErrorCode SinewTrainerRollout(SinewTrainer trainer, SinewDataset data, PetscInt trajectory,
                                                PetscInt steps, PetscInt component, double truth[],
                                                double prediction[]);

/* Parameters under /weights, the optimiser under /optimizer, the number of steps as attribute of /training. */
PETSC_EXTERN PetscErrorCode SinewTrainerStore(SinewTrainer trainer, SinewFile file);
PETSC_EXTERN PetscErrorCode SinewTrainerLoad(SinewTrainer trainer, SinewFile file);
/* Parameters alone: averaged ones, where there is an average, to /weights; and from /weights of any file. */
PETSC_EXTERN PetscErrorCode SinewTrainerStoreWeights(SinewTrainer trainer, SinewFile file);
PETSC_EXTERN PetscErrorCode SinewTrainerLoadWeights(SinewTrainer trainer, SinewFile file, const char path[]);

/* Not collective. What the network is (complete), where its maps lie, and it; not to be destroyed. */
PETSC_EXTERN SinewSinenetModel SinewTrainerModel(SinewTrainer trainer);
PETSC_EXTERN SinewLayout SinewTrainerLayout(SinewTrainer trainer);
PETSC_EXTERN SinewNetwork SinewTrainerNetwork(SinewTrainer trainer);
PETSC_EXTERN PetscInt SinewTrainerGroup(SinewTrainer trainer); /* this rank's */
PETSC_EXTERN size_t SinewTrainerMemory(SinewTrainer trainer);  /* bytes of network and optimiser on this rank */

#endif
