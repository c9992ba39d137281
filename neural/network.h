#ifndef SINEW_NEURAL_NETWORK_H
#define SINEW_NEURAL_NETWORK_H
/*
  A network: a static graph of layers over named parameters, for one shape of input on one layout.

  Life-cycle
    a builder (SinewSinenetCreate in sinenet.h) makes it;
    SinewNetworkGetParameters gives the table of parameters: fill the values (or SinewNetworkLoad,
      SinewNetworkInitialize) and call SinewNetworkUpdate, again after every change;
    fill the box of SinewNetworkInput, SinewNetworkForward, read the box of SinewNetworkOutput;
    when made for training: fill the box of SinewNetworkOutputGradient (dLoss/dOutput),
      SinewNetworkBackward, read the parameters' gradients and SinewNetworkInputGradient;
    SinewNetworkDestroy.

  Everything is planned and allocated when the network is made; Forward and Backward allocate
  nothing. Made for inference, layers share their memory, and SinewNetworkUpdate may release the
  plain copies of the convolutions' weights (option `lean` of the builder).

  Parameters are replicated: every rank holds all of them and must set them equally; with the builder's option
  `divided` it holds its part of those that only it needs (parameter.h), and with SinewNetworkShareMemory it sets and
  trains its rows of the others, which all ranks of a node then read. Their order and
  names are those of the original's state_dict. Values and gradients have the network's element type.

  Communication in Forward: one halo exchange for each convolution or up-sampling input, and for each
  norm one reduction of 2 numbers a sample (two in double precision: mean, then variance) among the
  ranks that own a box of that level. Backward: a halo exchange for each convolution's output and a halo sum for each
  up-sampling input, a reduction of 2 numbers a sample for each norm, and the sum of
  all gradients (of those in parts, over groups only), in buckets of whole layers and 2^18 numbers or more (PETSc option
  -sinew_gradient_bucket) that travel while the pass goes on. On shared maps (a SineNet's of up to 256 cells whose
  convolutions have 4096 weights a rank or more; PETSc option -sinew_shared_cells N shares all of up to N) a
  convolution's output is gathered from slices of its channels, back the input's gradient is summed (up to 8 ranks of
  one node read both from each other's memory, others send messages), and norms and halos need nothing. Results do not
  depend on the number of ranks beyond rounding. All functions are collective but the getters.

  Where the time goes: with the PETSc option -sinew_layer_times FILE ranks begin each layer together, and Destroy writes
  the least seconds of every layer, forth and back, as CSV. Quiet moments of a busy machine are found so, layer by
  layer.

  Errors. Parameters that are missing, unknown, of another shape or not finite: SINEW_ERR_INPUT with
  one line naming file and parameter.

  Source: DESIGN, section 3; the adjoint of a norm is the derivative of (x - mean) / sqrt(var + eps).
*/
#include "parameter.h"
#include "tensor.h"

typedef struct _p_SinewNetwork *SinewNetwork;

PETSC_EXTERN PetscErrorCode SinewNetworkDestroy(SinewNetwork *network);

PETSC_EXTERN PetscErrorCode SinewNetworkGetParameters(SinewNetwork network, PetscInt *count,
                                                      const SinewParameter **parameters);
/* Seeded random values: the same on any number of ranks and for both element types (up to rounding). Updates. */
PETSC_EXTERN PetscErrorCode SinewNetworkInitialize(SinewNetwork network, PetscInt64 seed);
/* Reads every parameter from GROUP/NAME of an HDF5 file, checks them, updates. Every rank reads. */
PETSC_EXTERN PetscErrorCode SinewNetworkLoad(SinewNetwork network, SinewFile file, const char path[],
                                             const char group[]);
/* Writes them there. Not after a release. */
PETSC_EXTERN PetscErrorCode SinewNetworkStore(SinewNetwork network, SinewFile file, const char group[]);
PETSC_EXTERN PetscErrorCode SinewNetworkUpdate(SinewNetwork network);

/*
  SinewNetworkSetCondition - what a conditional network is conditioned on, for each sample: time[batch]
  (in frames) and parameter[batch] (NULL: without it). Local. A network that is not conditional ignores it.
*/
PETSC_EXTERN PetscErrorCode SinewNetworkSetCondition(SinewNetwork network, const double time[],
                                                     const double parameter[]);
/* The same from given sinusoidal embeddings, [batch][features]. */
PETSC_EXTERN PetscErrorCode SinewNetworkSetEmbedding(SinewNetwork network, const double time[],
                                                     const double parameter[]);

PETSC_EXTERN PetscErrorCode SinewNetworkForward(SinewNetwork network);
PETSC_EXTERN PetscErrorCode SinewNetworkBackward(SinewNetwork network);

/*
  SinewNetworkShareMemory - for training in a stream (builder's option `stream`), before parameters have values: where
  all ranks of the network's layout are on one node, the values of whole parameters are there once, in memory that they
  share, and each rank adds up the gradients of its rows, which alone it is given (the table's parameters are parts from
  then on) and consumes. So gradients are not sent and optimisers do nothing twice: training SineNet-8 on two ranks took
  2 % less time. Update then also waits until all ranks have set their values; nobody may set values while another
  rank runs. Memory: places for three buckets, and twice this rank's rows of one. Nothing happens where ranks of one
  group are on several nodes, where /dev/shm has no room, or with the PETSc option -sinew_share_memory false.
  Collective on comm: all data-parallel groups', which do the same; sums over groups go from each rank to those that
  have its rows.
*/
PETSC_EXTERN PetscErrorCode SinewNetworkShareMemory(SinewNetwork network, MPI_Comm comm);
/*
  SinewNetworkSetReduction - over which ranks Backward sums gradients: standard all of the network's layout; a
  communicator of more ranks for data-parallel groups, or MPI_COMM_NULL: every rank keeps what it found, to which that
  of others must still be added (SinewNetworkSumGradients, over all of comm, at once). across: this rank and those that
  hold the same parts of parameters, one in each group; MPI_COMM_SELF without groups. The first of them writes these
  parts to files. Not collective; communicators must outlive the network, and gradients may move:
  the table of parameters is to be handed on afterwards. SinewNetworkGetGradients - all
  that this rank holds, one after the other, in the order in which Backward finishes them, those in parts last.
*/
PETSC_EXTERN PetscErrorCode SinewNetworkSetReduction(SinewNetwork network, MPI_Comm comm, MPI_Comm across);
PETSC_EXTERN PetscErrorCode SinewNetworkSumGradients(SinewNetwork network, MPI_Comm comm);
PETSC_EXTERN PetscErrorCode SinewNetworkGetGradients(SinewNetwork network, size_t *count, void **gradients);
/*
  SinewNetworkSetConsumer - who takes gradients that are not kept (builder's option `stream`). Backward calls it with
  numbers of parameters, bucket after bucket, each parameter once: their gradients are complete and are valid until it
  returns, and nothing in what is left of Backward reads their values, which it may change. On every rank in the same
  order, with the same sums. GetGradients has none to give then.
*/
typedef PetscErrorCode SinewGradientConsumer(void *context, PetscInt count, const PetscInt parameters[]);
PETSC_EXTERN PetscErrorCode SinewNetworkSetConsumer(SinewNetwork network, SinewGradientConsumer *consumer,
                                                    void *context);
/* Element type of parameters and tensors. */
PETSC_EXTERN SinewDtype SinewNetworkDtype(SinewNetwork network);

/* Tensors of the network, not to be destroyed; gradients only when made for training. */
PETSC_EXTERN SinewTensor SinewNetworkInput(SinewNetwork network);
PETSC_EXTERN SinewTensor SinewNetworkOutput(SinewNetwork network);
PETSC_EXTERN SinewTensor SinewNetworkOutputGradient(SinewNetwork network);
PETSC_EXTERN SinewTensor SinewNetworkInputGradient(SinewNetwork network);

PETSC_EXTERN PetscInt SinewNetworkParameterCount(SinewNetwork network); /* numbers, not arrays */
/* Floating-point operations of the convolutions in one Forward, over all ranks and samples, 2 for a multiply-add. */
PETSC_EXTERN PetscReal SinewNetworkFlops(SinewNetwork network);
/* Bytes this rank holds for the network. */
PETSC_EXTERN size_t SinewNetworkMemory(SinewNetwork network);

#endif
