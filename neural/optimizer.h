#ifndef SINEW_NEURAL_OPTIMIZER_H
#define SINEW_NEURAL_OPTIMIZER_H
/*
  Optimisers for first-order training: they turn gradients into new values of a table of parameters, which may belong to
  any kind of network (SinewNetworkGetParameters, or a table that the caller fills).

  Step t = 1, 2, ... of learning rate r, gradient g, with moments m and v that begin at 0:

    m = b1 m + (1 - b1) g,   v = b2 v + (1 - b2) g^2,   u = (m / (1 - b1^t)) / (sqrt(v) / sqrt(1 - b2^t) + eps)

    adamw  p = (1 - r d) p - r u                      decay d apart from the gradient (Loshchilov & Hutter 2019)
    adam   p = p - r u, with g + d p in place of g    decay as an l2 penalty (Kingma & Ba 2015)
    adamp  as adamw, but where the gradient is nearly orthogonal to the weights (|cos| < delta / sqrt(n), by row of the
           first axis, else for the whole array; arrays of one axis excepted) the part of u along p is removed and the
           decay multiplied by `ratio` (Heo et al., AdamP, ICLR 2021)

  The order of operations is PyTorch's: single precision gives the same bits as torch.optim.AdamW where the processor
  has fused multiply-adds.

  Clipping: gradients are scaled by min(1, clip / (norm + 1e-6)), norm being the l2 norm of all of them.
  Average: a = e a + (1 - e) p after every step, e = min(average, (1 + t) / (10 + t)), beginning at the first step's
  values; SinewOptimizerSwap puts the average into the network and the values aside, and back.

  Life-cycle
    SinewOptimizerDefaults, SinewOptimizerCreate;
    for every step: fill the gradients (equal on all ranks), SinewOptimizerStep, tell the network (SinewNetworkUpdate);
      or, for gradients that come parameter by parameter and are not kept: SinewOptimizerBegin, SinewOptimizerApply
  until every parameter has had its turn, SinewOptimizerEnd: the same bits (no clipping, which needs all of them);
    SinewOptimizerStore / Load: moments, average and count, under GROUP/m/NAME, GROUP/v/NAME, GROUP/average/NAME and
      attributes of GROUP; a run that continues has the same bits;
    SinewOptimizerDestroy. The table's memory must outlive the optimiser; the table itself is copied.

  Store and Load are collective on the file's communicator; nothing else communicates where parameters are whole: equal
  gradients give equal values on every rank. Memory: 2 (with an average 3) times the parameters on every rank. Of
  parameters in parts a rank has the moments of its own; SinewOptimizerSetComm says with whom it shares them, and Step
  and End, collective then, add one number over these ranks for the norm. adamp looks at whole parameters and refuses
  parts.
*/
#include "parameter.h"

typedef struct _p_SinewOptimizer *SinewOptimizer;

typedef enum { SINEW_ADAMW, SINEW_ADAM, SINEW_ADAMP } SinewOptimizerKind;
/* "adamw", "adam", "adamp", NULL */
PETSC_EXTERN const char *const SinewOptimizerKinds[];

typedef struct {
  SinewOptimizerKind kind;
  double beta1, beta2, eps;
  double decay;
  double clip;         /* largest norm of the gradient; 0: none */
  double average;      /* e, below 1; 0: no average */
  double delta, ratio; /* adamp */
} SinewOptimizerOptions;

/* adamw, betas 0.9 and 0.999, eps 1e-8, decay 1e-5; no clipping, no average. */
PETSC_EXTERN PetscErrorCode SinewOptimizerDefaults(SinewOptimizerOptions *options);

/* dtype: of all values and gradients, SINEW_FLOAT32 or SINEW_FLOAT64. Not collective. */
PETSC_EXTERN PetscErrorCode SinewOptimizerCreate(SinewDtype dtype, PetscInt count, const SinewParameter parameters[],
                                                 const SinewOptimizerOptions *options, SinewOptimizer *optimizer);
PETSC_EXTERN PetscErrorCode SinewOptimizerDestroy(SinewOptimizer *optimizer);

/* comm: of the ranks whose parts make whole parameters; not owned. Standard: there are no parts. Not collective. */
PETSC_EXTERN PetscErrorCode SinewOptimizerSetComm(SinewOptimizer optimizer, MPI_Comm comm);

/*
  SinewOptimizerStep - one step of a learning rate; clipping scales the gradients in place. Not collective.

  norm [out] of the gradient before clipping; may be NULL. Where it is not finite nothing is changed.
*/
PETSC_EXTERN PetscErrorCode SinewOptimizerStep(SinewOptimizer optimizer, double rate, double *norm);
/*
  SinewOptimizerBegin, Apply, End - the same step in parts, for a table's parameters of given numbers at a time. Not
  collective. Once a gradient is not finite nothing more is changed: `norm` is then not finite, the step does not count,
  and values and moments are those of two steps, not to be stored.
*/
PETSC_EXTERN PetscErrorCode SinewOptimizerBegin(SinewOptimizer optimizer, double rate);
PETSC_EXTERN PetscErrorCode SinewOptimizerApply(SinewOptimizer optimizer, PetscInt count, const PetscInt parameters[]);
PETSC_EXTERN PetscErrorCode SinewOptimizerEnd(SinewOptimizer optimizer, double *norm);
/* Steps taken. */
PETSC_EXTERN PetscInt64 SinewOptimizerCount(SinewOptimizer optimizer);
/* Exchanges values and average (nothing without one, or before the first step). Twice: as before. */
PETSC_EXTERN PetscErrorCode SinewOptimizerSwap(SinewOptimizer optimizer);
/* Bytes that the optimiser holds. */
PETSC_EXTERN size_t SinewOptimizerMemory(SinewOptimizer optimizer);

PETSC_EXTERN PetscErrorCode SinewOptimizerStore(SinewOptimizer optimizer, SinewFile file, const char group[]);
/* Raises SINEW_ERR_INPUT with one line where something is missing, of another kind or of another shape. */
PETSC_EXTERN PetscErrorCode SinewOptimizerLoad(SinewOptimizer optimizer, SinewFile file, const char group[]);

#endif
