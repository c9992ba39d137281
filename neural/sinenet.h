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

  Conditional networks take a time offset and optionally a scalar through SinewNetworkSetCondition.
  The neural-ODE network integrates one wave as a right-hand side from 0 to 1 with an adaptive
  Dormand-Prince 5(4) pair (see neural/ode_private.h); it has no Backward.

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
  /* how it runs */
  SinewDtype dtype; /* SINEW_FLOAT32: oneDNN; SINEW_FLOAT64: exact reference */
  PetscInt batch;
  PetscBool training; /* keep what Backward needs */
  PetscBool lean;     /* inference: release plain weights at the first update */
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
