#ifndef SINEW_NEURAL_MESSAGE_PRIVATE_H
#define SINEW_NEURAL_MESSAGE_PRIVATE_H
/*
  For those who build networks on points (visible outside the library, not installed): the message-passing solver of
  Brandstetter, Worrall & Welling (2022) as MM-PDE has it, on a distributed graph of k nearest neighbours.

    embedding   h = BN(W relu(BN(W [u, x, y, t])))                        embedding_mlp.{0,1,3,4}
    layers      m_i = mean_j relu(W2 relu(W1 [h_i, h_j, u_i-u_j, x_i-x_j, y_i-y_j, t] + b1) + b2)
                                                                          gnn_layers.L.message_net_{1,2}.0
                h_i = BN(h_i + relu(V2 relu(V1 [h_i, m_i, t] + c1) + c2)) gnn_layers.L.update_net_{1,2}.0, .norm.module
    decoder     scale conv(relu(conv(relu(conv(h)))))                     output_mlp.{0,2,4}

  Differences of positions may be scaled on edges (`offset`): neighbours are near, so that as they are, 1 / N, messages
  hardly see them before their weights have grown by as much.

  h has H features (128), the layers are 6, convolutions run along the features with strides 3, 3, 2 and must end in one
  value for each field.

  W1 is applied before edges exist: with c = [u, x, y], W1 [...] = P_i + Q_j, P = Wr h + Wc c + wt t + b1 and
  Q = Ws h - Wc c, so it costs nodes and not edges; only differences across a period are added on the edge. What is left
  on the edges is one product with W2, in blocks of nodes whose edges stay in the cache: gather, rectifier, product,
  rectifier and mean are one pass, nothing of the size edges x H is stored. The adjoint makes the blocks again, with a
  byte an edge and feature that says where the second rectifier was open. Convolutions are banded matrices, expanded
  once a run, so that the decoder is three products.

  Batch norm: over all nodes of all samples and ranks, biased variance, eps 1e-5; running statistics with momentum 0.1
  and unbiased variance. Evaluation uses the running ones.

  Communication of a run: for each layer the halo of Q (H values a row; backwards its sum), for each norm two reductions
  of H numbers (backwards one of 2 H), all of them in double. Parameters' gradients are this rank's part: the owner of
  the table reduces them. Results do not depend on the number of ranks beyond rounding.

  Nodes: rows 0 .. owned-1 of the graph, sample after sample, equally many on this rank in each.
*/
#include "neural/neighbours.h"
#include "neural/parameters_private.h"

typedef struct _p_Message *Message;

typedef struct {
  PetscInt fields, hidden, layers;
  PetscInt kernel[3], channels[2]; /* of the decoder: 16, 12, 8; 4, 8 */
  double scale;                    /* of the output: 0.1 dt */
  double offset;                   /* factor of x_i - x_j, y_i - y_j in messages; 0: none */
} MessageOptions;

/* The original's sizes for one field. */
PETSC_EXTERN MessageOptions MessageDefaults(void);
/* Declares parameters PREFIX... in a table, which must be allocated before a run and outlive the solver. Raises
   SINEW_ERR_INPUT when the decoder does not end in one value. Collective. */
PETSC_EXTERN PetscErrorCode MessageCreate(MPI_Comm comm, ParameterTable *table, const char prefix[],
                                          const MessageOptions *options, PetscBool training, Message *message);
PETSC_EXTERN PetscErrorCode MessageDestroy(Message *message);
/*
  MessageForward - y[owned][fields] from u[owned][fields] (of the table's type) and the time t[samples]. Collective.

  statistics  batch statistics, as in training, which also moves the running ones; else evaluation
*/
PETSC_EXTERN PetscErrorCode MessageForward(Message message, SinewNeighbours graph, PetscInt samples, const double t[],
                                           const void *u, PetscBool statistics, void *y);
/* After a forward of a solver made for training: adds to the parameters' gradients and to du. Collective. */
PETSC_EXTERN PetscErrorCode MessageBackward(Message message, const void *dy, void *du);
/* Of the dense products in one forward for a node with k neighbours, two for a multiply-add. */
PETSC_EXTERN double MessageFlops(Message message, PetscInt k);

/* ---- what the two element types share ---- */

typedef struct {
  PetscInt weight, bias, in, out; /* parameters, sizes */
} MessageDense;

typedef struct {
  PetscInt weight, bias, mean, variance, count;
  void *normal;   /* nodes x H, normalised values of the last run */
  double *spread; /* 1 / sqrt(variance + eps) of the last run */
} MessageNorm;

typedef struct {
  MessageDense message[2], update[2];
  MessageNorm norm;
  void *h, *P, *Q, *M, *U1, *U2; /* nodes x H; Q: rows x H */
  unsigned char *open;           /* edges x H */
} MessageLayer;

typedef struct {
  PetscErrorCode (*forward)(Message message, const void *u, void *y);
  PetscErrorCode (*backward)(Message message, const void *dy, void *du);
} MessageMethods;

struct _p_Message {
  MPI_Comm comm;
  ParameterTable *table;
  MessageOptions o;
  PetscBool training, statistics;
  const MessageMethods *methods;
  SinewNeighbours graph; /* of the last run, not owned */
  PetscInt nodes, rows, samples, k;
  PetscInt node_room, row_room; /* what the arrays below are made for */
  double total;                 /* nodes of all ranks */
  const double *t;
  MessageDense embedding[2];
  MessageNorm embedding_norm[2];
  MessageLayer *layer;
  PetscInt decoder_weight[3], decoder_bias[3], length[4], width[4]; /* width = channels x length */
  void *matrix[3], *matrix_bias[3], *matrix_gradient[3], *bias_gradient[3];
  void *K, *C;                      /* nodes x (fields + 3): u, x, y, t; the same for edges, x and y times offset */
  void *E, *last, *D[2];            /* embedding after its rectifier; h after the last layer; decoder's inner values */
  void *g, *dM, *dP, *dQ, *dK, *dE; /* adjoints: nodes x max(H, decoder's widths); dQ rows x H */
  void *edge[3];                    /* a block of edges x H */
  double *sums;                     /* 4 H */
};

PETSC_INTERN const PetscInt MessageStrides[3];
PETSC_INTERN const MessageMethods MessageMethodsDouble, MessageMethodsFloat;
PETSC_INTERN PetscLogEvent MESSAGE_Edges, MESSAGE_Nodes, MESSAGE_EdgesAdjoint, MESSAGE_NodesAdjoint;

#define MESSAGE_BLOCK 256 /* edges at a time, about: two such blocks of 128 floats are half a second-level cache */

#endif
