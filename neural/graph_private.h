#ifndef SINEW_NEURAL_GRAPH_PRIVATE_H
#define SINEW_NEURAL_GRAPH_PRIVATE_H
/*
  For those who build networks (and hence visible outside the library, but not installed): a graph is a list of layers
  in the order in which they run. Each makes one tensor (a node) from earlier ones.

    GraphCreate; GraphInput; LayerConvolution, LayerPointwise, ... ; GraphKeep(output); GraphSetup;
    GraphPack after the parameters have values; GraphForward; GraphBackward.

  A layer's input must carry the halo that the layer needs: 3x3 convolutions one of exactly the
  dilation, up-sampling one of 2. `halo` arguments say how much of it an output gets, filled by an
  exchange that overlaps with the making of its interior.

  Gradients are complete in boxes. Two layers reach beyond them. The adjoint of a 3x3 convolution reads the gradient
  of its output there (convolution_private.h): that has a rim, which the convolution fills by an exchange while it finds
  the gradient of its weights. Up-sampling adds to the gradient of its input there: that has a rim (GraphRim), which is
  added to the boxes where its cells are (SinewTensorHaloSum) before the layer that made the input goes back.

  In inference a node's memory is reused after its last reader; nodes of GraphKeep never are. In
  training values that some layer reads in its backward (GraphReread) are kept, and gradients reused. Layers between
  GraphSegmentBegin and End are a segment: their values are kept while it runs and share memory with those of other
  segments; Backward runs a segment forward once more before it goes back through it. What is read outside must be kept
  (GraphKeepValue).

  Small maps that are shared (SinewLayoutShare): every rank has them, halo included, and what is done cell by cell
  everyone does. Convolutions, which is where the parameters are, deal out their output channels: a rank convolves the
  whole map into its slice, all gather the slices (channels x cells values), and in Backward the input's gradient is
  summed over ranks. So weights are read, transformed and trained by one rank each, where cutting the map would have
  every rank read them all for a few cells. Gradients of shared values are complete, with equal bits, on every rank;
  those of their parameters come from the rank that has the slice, or the one that leads.
*/
#include "neural/convolution_private.h"
#include "neural/kernels_private.h"
#include "neural/network.h"
#include "neural/segments_private.h"

typedef struct _p_Graph *Graph;
typedef struct Op Op;

typedef struct {
  SinewLayout layout;
  PetscInt channels, halo;
  PetscInt rim;        /* cells around the box that its gradient has */
  PetscBool exchanged; /* its halo came by an exchange, not from a pointwise layer */
  PetscBool keep, keep_value;
  PetscBool reread;     /* some layer's backward reads its value */
  PetscInt first, last; /* layers that make it and that read it last */
  PetscInt writer;      /* last reader, which is the first to write the gradient */
  PetscInt segment;     /* that it was made in, -1: none */
  SinewTensor value, gradient;
} Node;

typedef struct {
  const char *name;
  PetscErrorCode (*setup)(Graph graph, Op *op);
  PetscErrorCode (*pack)(Graph graph, Op *op); /* parameters have new values */
  PetscErrorCode (*forward)(Graph graph, Op *op);
  PetscErrorCode (*backward)(Graph graph, Op *op);
  PetscErrorCode (*destroy)(Graph graph, Op *op);
} OpMethods;

#define OP_INPUTS_MAX 4

struct Op {
  const OpMethods *methods;
  PetscInt index;
  PetscInt inputs, input[OP_INPUTS_MAX], output; /* output -1: none */
  PetscBool fresh[OP_INPUTS_MAX];                /* backward: nobody has written this input's gradient before */
  void *data;
};

typedef struct Condition Condition;

struct _p_Graph {
  MPI_Comm comm;
  PetscMPIInt size, rank, tag;
  MPI_Comm reduction; /* over which gradients are summed; not owned; MPI_COMM_NULL: they are not */
  MPI_Comm across;    /* the same for parameters in parts */
  SinewDtype dtype;
  size_t value_size;
  PetscInt batch;
  PetscBool training, lean;
  PetscBool bf16;    /* to be set before layers are: convolutions round their operands */
  PetscBool divided; /* likewise: of convolutions of shared maps a rank has the parameters of its slice alone */
  PetscInt
      together; /* consecutive samples over which norms are taken in common; 1, or a divisor of batch (inference) */
  const Kernels *kernels;
  const ConvolutionMethods *convolution;
  ConvolutionEngine engine;
  PetscInt nodes, ops, parameters, exchanges;
  PetscInt node_room, op_room, parameter_room, exchange_room;
  PetscInt segments, segment_room;
  struct GraphSegment {
    PetscInt begin, end; /* layers */
  } * segment;
  PetscBool open; /* the last segment is being built */
  Node *node;
  Op *op;
  SinewParameter *parameter;
  void *values;             /* of all parameters that this rank alone has, one after the other; NULL in a lean graph */
  SinewParameter *own;      /* what this rank sets and trains: `parameter`, or of what is shared its rows */
  struct GraphShare *share; /* NULL: ranks share nothing (graph_share.c) */
  PetscBool *written;       /* by parameter: a layer's backward writes its gradient, rather than adding to it */
  struct {
    SinewLayout from, to;
    PetscInt halo;
    Exchange exchange;
  } * exchange;
  void *maps, *map_gradients; /* values and gradients of nodes (graph_memory.c) */
  PetscInt *last_layer;       /* by parameter: the layer whose backward finishes its gradient, -1: unknown */
  PetscInt last_room;
  PetscInt *order;  /* of the parameters' gradients in memory (graph_gradients.c) */
  PetscInt buckets; /* consecutive ones that are summed over the ranks as soon as they are all there */
  struct GraphBucket {
    PetscBool part;                 /* of parameters in parts; these come last */
    PetscInt turn;                  /* number among those of its kind */
    PetscInt parameter, parameters; /* in `order` */
    PetscInt begin, end;            /* the layers that add to them first and last, end <= begin */
    size_t count;                   /* numbers */
    void *values, *sums;            /* gradients; shared: of this rank's rows, summed */
    enum { BUCKET_CLOSED, BUCKET_OPEN, BUCKET_SENT, BUCKET_TAKEN } stage;
    MPI_Request request, others; /* its sum; shared: what other ranks have done with it */
  } * bucket;
  PetscBool bucketing; /* in Backward */
  PetscBool stream;    /* to be set before GraphSetup: buckets share memory, and go to the consumer */
  SinewGradientConsumer *consumer;
  void *consumer_context;
  void *gradients;                              /* of all parameters, or of the buckets under way */
  size_t gradient_count, gradient_bytes, bytes; /* bytes: of everything */
  size_t whole_count;                           /* of gradient_count: of parameters that are not in parts */
  void *row, *scratch;                          /* a padded row; a gradient on its way */
  size_t row_bytes, scratch_bytes;
  void *gathered; /* slices of the channels of a shared map */
  size_t gathered_bytes;
  MPI_Request *request; /* for these */
  Segments near;        /* the same in memory that ranks share: two halves each */
  size_t half;          /* bytes before the one whose turn it is */
  double *sums;         /* scratch for sums over channels */
  size_t sum_count;
  Condition *condition;
  struct GraphTimes *times; /* NULL: not wanted */
  double flops;
};

PETSC_EXTERN PetscErrorCode GraphCreate(MPI_Comm comm, SinewDtype dtype, PetscInt batch, PetscBool training,
                                        PetscBool lean, Graph *graph);
PETSC_EXTERN PetscErrorCode GraphDestroy(Graph *graph);
/* Times of layers, written to the file of the option -sinew_layer_times by Destroy (collective, as Begin is then). */
PETSC_INTERN PetscErrorCode GraphTimesCreate(Graph graph);
PETSC_INTERN PetscErrorCode GraphTimesDestroy(Graph graph);
PETSC_INTERN PetscErrorCode GraphTimesBegin(Graph graph, double *since);
PETSC_INTERN void GraphTimesEnd(Graph graph, PetscInt layer, PetscBool back, double since);
/* A parameter by its printf-like name; declared before with the same name and shape, it is that one. So a builder may
 * declare all in the order of a state_dict before it makes the layers. */
PETSC_EXTERN PetscErrorCode GraphParameter(Graph graph, PetscInt *id, int rank, const PetscInt64 shape[], double bound,
                                           double constant, const char format[], ...) PETSC_ATTRIBUTE_FORMAT(7, 8);
/* Frees the values of a parameter that layers hold in a form of their own. */
PETSC_INTERN void GraphReleaseParameter(Graph graph, PetscInt id);
/* Leaves this rank those rows of a parameter. Before anything has a value. */
PETSC_INTERN PetscErrorCode GraphDivide(Graph graph, PetscInt parameter, PetscInt row, PetscInt rows);
PETSC_EXTERN PetscErrorCode GraphNode(Graph graph, SinewLayout layout, PetscInt channels, PetscInt halo,
                                      PetscBool exchanged, PetscInt *id);
PETSC_EXTERN PetscErrorCode GraphOp(Graph graph, const OpMethods *methods, PetscInt inputs, const PetscInt input[],
                                    PetscInt output, void *data);
PETSC_EXTERN PetscErrorCode GraphKeep(Graph graph, PetscInt node);      /* value and gradient */
PETSC_EXTERN PetscErrorCode GraphKeepValue(Graph graph, PetscInt node); /* its value alone */
PETSC_EXTERN PetscErrorCode GraphReread(Graph graph, PetscInt node);    /* for layers */
PETSC_EXTERN PetscErrorCode GraphRim(Graph graph, PetscInt node);       /* for layers that add to its gradient's halo */
PETSC_EXTERN PetscErrorCode GraphSegmentBegin(Graph graph);
PETSC_EXTERN PetscErrorCode GraphSegmentEnd(Graph graph);
PETSC_EXTERN PetscErrorCode GraphSetup(Graph graph);
PETSC_EXTERN PetscErrorCode GraphPack(Graph graph);
PETSC_EXTERN PetscErrorCode GraphForward(Graph graph, PetscInt begin, PetscInt end);
PETSC_EXTERN PetscErrorCode GraphBackward(Graph graph);
/* The parts of Backward, for graphs that are not run from end to end: layers begin .. end-1 backwards; the sum of all
 * gradients over the ranks, at once. */
PETSC_EXTERN PetscErrorCode GraphBackwardRange(Graph graph, PetscInt begin, PetscInt end);
PETSC_EXTERN PetscErrorCode GraphReduceGradients(Graph graph);
/* Gradients (graph_gradients.c), for graph.c: at set-up; in Backward; before and after a layer (-1: the conditions). */
PETSC_INTERN PetscErrorCode GraphGradientsCreate(Graph graph);
PETSC_INTERN PetscErrorCode GraphGradientsDestroy(Graph graph);
PETSC_INTERN PetscErrorCode GraphGradientsBegin(Graph graph);
PETSC_INTERN PetscErrorCode GraphGradientsBefore(Graph graph, PetscInt layer);
PETSC_INTERN PetscErrorCode GraphGradientsAfter(Graph graph, PetscInt layer);
PETSC_INTERN PetscErrorCode GraphGradientsEnd(Graph graph);

/* ---- memory that ranks share (graph_share.c) ---- */

/* In a streaming graph that is set up: values and buckets move into memory that all its ranks share, where they are on
 * one node; in all groups of comm, on which it is collective, or in none. */
PETSC_INTERN PetscErrorCode GraphShare(Graph graph, MPI_Comm comm);
PETSC_INTERN PetscErrorCode GraphShareDestroy(Graph graph);
/* What any rank has written before, all see from now on. Collective; nothing where nothing is shared. */
PETSC_INTERN PetscErrorCode GraphShareFence(Graph graph);
/* For graph_gradients.c: a bucket is complete on this rank; sums own rows of a bucket, when it is on all, and says that
 * they have been read. The request is over when all ranks are as far. Collective. */
PETSC_INTERN PetscErrorCode GraphShareOffer(Graph graph, MPI_Request *others);
PETSC_INTERN PetscErrorCode GraphShareTake(Graph graph, PetscInt count, const PetscInt parameters[],
                                           MPI_Request *others);
/* Bytes of a rank's places for shared buckets, or of its sums; where both are, which moves the gradients there. */
PETSC_INTERN size_t GraphGradientsShared(Graph graph, PetscBool sums);
PETSC_INTERN PetscErrorCode GraphGradientsPlace(Graph graph, void *shared, void *sums);

/* The exchange between two layouts, made once. Collective. */
PETSC_EXTERN PetscErrorCode GraphExchange(Graph graph, SinewLayout from, SinewLayout to, PetscInt halo,
                                          PetscInt channels, Exchange *exchange);

/* For layers' backward: sets to zero the gradient of a node; those of inputs that nobody has written yet. */
PETSC_EXTERN void GraphClear(Graph graph, PetscInt node);
PETSC_EXTERN void GraphClearInputs(Graph graph, const Op *op);
/* For layers' forward: makes the output with `make`, its rim first and its interior while the rim travels; logs the
 * making, not the exchange, as `event`. Collective. */
typedef void GraphMake(Graph graph, Op *op, PetscInt b, SinewBox rectangle);
PETSC_EXTERN PetscErrorCode GraphFill(Graph graph, Op *op, PetscLogEvent event, GraphMake *make);
PETSC_EXTERN void GraphScratch(Graph graph, size_t bytes); /* for layers' setup: at least so much of `scratch` */

/* ---- channels of shared maps (graph_channels.c) ---- */

/* The slice of `channels` that a rank computes. */
PETSC_INTERN void GraphSlice(Graph graph, PetscInt channels, PetscMPIInt rank, PetscInt *first, PetscInt *count);
/* For layers' setup: room for so many values of a shared map. Then all of it is made at once, collectively. */
PETSC_INTERN void GraphReserveChannels(Graph graph, size_t values);
PETSC_INTERN PetscErrorCode GraphChannelsCreate(Graph graph);
PETSC_INTERN PetscErrorCode GraphChannelsDestroy(Graph graph);
/* Where this rank's slice is to be put, [cells][its channels], before it is gathered with those of the others into
 * all[cells][channels]. Collective. */
PETSC_INTERN void *GraphOwnChannels(Graph graph, PetscInt cells, PetscInt channels);
PETSC_INTERN PetscErrorCode GraphGatherChannels(Graph graph, PetscInt cells, PetscInt channels, void *all);
/* This rank's slice of what is there, until the next one is taken. Local. */
PETSC_INTERN const void *GraphTakeChannels(Graph graph, PetscInt cells, PetscInt channels, const void *all);
/* In Backward: where this rank's values are to be put whose sum over ranks is to be at `sum`, local; their sum, with
 * nobody touching either between Begin and End. Collective; one at a time. */
PETSC_INTERN void *GraphSummand(Graph graph, void *sum);
PETSC_INTERN PetscErrorCode GraphSumSharedBegin(Graph graph, size_t count, void *summand, MPI_Request *request);
PETSC_INTERN PetscErrorCode GraphSumSharedEnd(Graph graph, size_t count, void *sum, MPI_Request *request);

static inline SinewTensor GraphValue(Graph g, PetscInt node)
{
  return g->node[node].value;
}
static inline SinewTensor GraphGradient(Graph g, PetscInt node)
{
  return g->node[node].gradient;
}

/* ---- layers ---- */

/* A node filled from outside; its halo is exchanged at the start of each run. */
PETSC_EXTERN PetscErrorCode LayerInput(Graph graph, SinewLayout layout, PetscInt channels, PetscInt halo,
                                       PetscInt *out);

/*
  The convolution of the concatenation of `sources` nodes. Parameters NAME.weight [channels][sum of
  sources' channels][kernel][kernel] and NAME.bias. halo: 0, or (kernel 1) that of the sources, which is convolved too.
*/
PETSC_EXTERN PetscErrorCode LayerConvolution(Graph graph, const char name[], PetscInt sources, const PetscInt source[],
                                             PetscInt kernel, PetscInt dilation, PetscInt halo, PetscInt channels,
                                             PetscInt *out);

typedef struct {
  const char *norm; /* NAME.weight and NAME.bias of a norm over channels and map, or NULL */
  Activation activation;
  const char *condition; /* NAME of the linear layer of the conditioning, or NULL */
  PetscBool scale_shift; /* the conditioning scales and shifts (AdaGN), instead of only adding */
  int residuals;         /* nodes added at the end */
  PetscInt residual[RESIDUALS_MAX];
} PointwiseLayer;
PETSC_EXTERN PetscErrorCode LayerPointwise(Graph graph, const PointwiseLayer *layer, PetscInt source, PetscInt halo,
                                           PetscInt *out);

/* Pooling into `halved`, then onto the boxes of `merged` (see SinewLayoutCoarsen). */
PETSC_EXTERN PetscErrorCode LayerPool(Graph graph, PetscBool maximum, PetscInt source, SinewLayout halved,
                                      SinewLayout merged, PetscInt halo, PetscInt *out);
/* Bicubic, twice as fine: from the halved layout of `fine`, halo 2. */
PETSC_EXTERN PetscErrorCode LayerUpsample(Graph graph, PetscInt source, SinewLayout fine, PetscInt halo, PetscInt *out);
/* The same map on other boxes, halo included. */
PETSC_EXTERN PetscErrorCode LayerMove(Graph graph, PetscInt source, SinewLayout to, PetscInt halo, PetscInt *out);

/* ---- conditioning: sinusoidal embeddings, two-layer perceptrons, linear layers ---- */

/* `features` = dimension of an embedding (4 times as many after the perceptrons); names NULL-ended: one perceptron
 * each. */
PETSC_EXTERN PetscErrorCode ConditionCreate(Graph graph, PetscInt features, const char *const names[]);
PETSC_EXTERN PetscErrorCode ConditionDestroy(Graph graph);
PETSC_EXTERN PetscErrorCode ConditionSetEmbedding(Graph graph, const double first[], const double second[]);
PETSC_EXTERN void ConditionEmbed(PetscInt features, double t,
                                 double embedding[]); /* in single precision, as the original */
PETSC_EXTERN PetscErrorCode ConditionForward(Graph graph);
PETSC_EXTERN PetscErrorCode ConditionBackward(Graph graph);
PETSC_EXTERN PetscInt ConditionFeatures(Graph graph); /* inputs of the linear layers */
/* out[batch][n] = linear layer of the condition; and its adjoint from gy[batch][n] */
PETSC_EXTERN PetscErrorCode ConditionLinear(Graph graph, PetscInt weight, PetscInt bias, double out[]);
PETSC_EXTERN PetscErrorCode ConditionLinearAdjoint(Graph graph, PetscInt weight, PetscInt bias, const double gy[]);

#endif
