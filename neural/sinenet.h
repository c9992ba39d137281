#ifndef SINEW_NEURAL_SINENET_H
#define SINEW_NEURAL_SINENET_H
/*
  SineNet: a sequence of U-shaped "waves" that together advance fields by one model time step.

  A wave pools its input four times by two (Down) and comes back up by bicubic interpolation (Up),
  each level with two 3x3 convolutions, group norm and activation, a 1x1 shortcut, skip connections
  between equal levels, and the wave's input added to its output. With `disentangle` ("dual") a copy
  of the wave's input, only pooled, joins every level on the way down. One wave is a U-Net. Before
  the waves a 3x3 convolution lifts the inputs to `hidden` channels, after them another projects to
  the outputs. Level k has trunc(hidden mult^k) channels.

  Input: batch x ny x nx x (history x components), oldest frame first, normalised; output: the next
  state, normalised. ny and nx must be multiples of 16. Boundaries: zeros (and clamped up-sampling)
  or periodic.

  Super-resolution without training: the same parameters on a map `lattice` (4) times as fine, each of the 4 x 4
  interleaved sub-lattices pooled, up-sampled and convolved by itself (that is, with dilated kernels), norms over all.
  Such a network is made on the layout of a sub-lattice, with the sub-lattices (row, then column of the first cell) as
  16 consecutive samples for each; for inference, periodic.

  Conditional networks take a time offset and optionally a scalar through SinewNetworkSetCondition.
  The neural-ODE network integrates one wave as a right-hand side from 0 to 1 with an adaptive
  Dormand-Prince 5(4) pair (see neural/ode_private.h); Backward is the adjoint of the steps taken.

  Source: Zhang et al., "SineNet", ICLR 2024 (arXiv 2403.19507); numbers as in the AIRS
  implementation, whose parameter names are used. SinewNetwork says what to do with the result.
*/
#include "network.h"

typedef enum { SINEW_SINENET_PLAIN, SINEW_SINENET_CONDITIONAL, SINEW_SINENET_ODE } SinewSinenetKind;

typedef struct {
  SinewSinenetKind kind;
  PetscInt inputs, outputs; /* channels */
  PetscInt hidden, waves, blocks;
  PetscReal mult;
  PetscBool disentangle, periodic;
  char activation[16];   /* gelu, relu, silu, tanh, sigmoid */
  PetscBool scale_shift; /* conditional: AdaGN instead of addition */
  PetscBool scalar;      /* conditional: a second perceptron for a scalar parameter */
  PetscReal tolerance;   /* neural ODE: relative and absolute */
  PetscBool maximum;     /* max pooling instead of the mean */
  PetscInt lattice;      /* 1, or for super-resolution the sub-lattices along an axis; divides batch twice */
  /* how it runs */
  SinewDtype dtype; /* SINEW_FLOAT32: oneDNN; SINEW_FLOAT64: exact reference */
  PetscBool bf16;   /* SINEW_FLOAT32, inference: convolutions round their operands to bfloat16 */
  PetscInt batch;
  PetscBool training;  /* keep what Backward needs */
  PetscBool recompute; /* training: keep only what goes into waves, and compute the rest once more in Backward */
  PetscBool divided;   /* a rank holds its part alone of those parameters that only it needs (parameter.h) */
  PetscBool stream;    /* training, not of a neural ODE: gradients are handed over and forgotten (SetConsumer) */
  PetscBool lean;      /* inference: release plain weights at the first update */
} SinewSinenetOptions;

/* What a file of the golden layout says about its network and its arrays. */
typedef struct {
  SinewSinenetOptions options;
  PetscInt ny, nx, history, components; /* components: of one frame */
} SinewSinenetModel;

#define SINEW_SINENET_LEVELS 4

/*
  SinewSinenetVariant - fills hidden, waves, blocks, mult, disentangle, periodic and kind for a name of
  the original's registry ("sinenet8-dual", "sinenet8-dual-circ", "deeper_unet8-dual", ...); leaves the
  rest. *known says whether there is such a name. Local.
*/
PETSC_EXTERN PetscErrorCode SinewSinenetVariant(const char name[], SinewSinenetOptions *options, PetscBool *known);
/* Names of all variants, ended by NULL. */
PETSC_EXTERN const char *const SinewSinenetVariants[];

/*
  SinewSinenetPrecision - sets dtype and bf16 by name: "f32", "bf16" or "f64"; *known says whether it is one. Local.

  With bf16, weights and inputs of convolutions are rounded to bfloat16 (8 significant bits), products are summed in
  float, and norms, activations and residuals are as in f32. The processor's own bfloat16 products are used where they
  are faster than those of floats (AMX; AVX-512 of AMD), or as the PETSc option -sinew_bf16_native says; elsewhere
  rounded floats are multiplied, at the speed of f32. bench/sinenet prints the loss of accuracy.
*/
PETSC_EXTERN PetscErrorCode SinewSinenetPrecision(const char name[], SinewSinenetOptions *options, PetscBool *known);

/* SinewSinenetDefaults - a plain float network of one wave for inference, batch 1. Local. */
PETSC_EXTERN PetscErrorCode SinewSinenetDefaults(SinewSinenetOptions *options);

/* SinewSinenetCreate - on the boxes of `layout` (its periodicity must be the options'). Collective. */
PETSC_EXTERN PetscErrorCode SinewSinenetCreate(SinewLayout layout, const SinewSinenetOptions *options,
                                               SinewNetwork *network);

/* SinewSinenetReadModel - from the attributes of /config (and the shape of /input when batch, H or W are missing).
 * Collective. */
PETSC_EXTERN PetscErrorCode SinewSinenetReadModel(SinewFile file, const char path[], SinewSinenetModel *model);
/* SinewSinenetWriteModel - the same attributes; all components count as scalars. Collective. */
PETSC_EXTERN PetscErrorCode SinewSinenetWriteModel(SinewFile file, const SinewSinenetModel *model);

#endif
