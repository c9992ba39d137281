#ifndef SINEW_NEURAL_PREDICT_H
#define SINEW_NEURAL_PREDICT_H
/*
  Applies a network in a file to inputs in a file.

  The model file has the layout of the golden files: attributes of /config (SinewSinenetReadModel)
  and /weights. The input file (it may be the same one) has /input of shape (samples, history,
  components, ny, nx) or (samples, channels, ny, nx), normalised; for a conditional network also
  /time and, optionally, /z, one number a sample, or their embeddings /emb_time_f32 and /emb_z_f32,
  which take precedence. The map's size is the input's, not that of the model's training.

  The output file gets /output (samples, future, components, ny, nx) in the precision asked for.
  A model "sinenet_SR" (super-resolution) takes maps of multiples of 64.

  Samples run one after the other, but for a neural ODE, whose steps depend on all of them. Each rank
  reads and writes its own boxes.

  Errors: SINEW_ERR_INPUT with one line for a file that does not fit (channels, sizes, missing arrays,
  parameters, values that are not finite), SINEW_ERR_OUTPUT for one that cannot be written. Collective.
*/
#include "sinenet.h"

typedef struct {
  PetscInt samples, ny, nx, channels, parameters;
  PetscReal seconds; /* in Forward */
  PetscReal flops;   /* of all convolutions; 0 for a neural ODE */
} SinewPrediction;

/* precision: "f32", "bf16" or "f64" (SinewSinenetPrecision); f64 gives doubles. result may be NULL. */
PETSC_EXTERN PetscErrorCode SinewPredict(MPI_Comm comm, const char model[], const char input[], const char output[],
                                         const char precision[], SinewPrediction *result);

#endif
