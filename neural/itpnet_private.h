#ifndef SINEW_NEURAL_ITPNET_PRIVATE_H
#define SINEW_NEURAL_ITPNET_PRIVATE_H
/*
  For those who build networks on points: the learned interpolation of MM-PDE between two sets of nodes, and the
  residual cut, a small convolutional network that hands the field past them.

    interpolation  value at x = sum_k w_k u(x_k), x_k its n nearest nodes (30), the nearest first,
                   w = W3 tanh(W2 tanh(W1 [x_1, y_1, ..., x_n, y_n, x, y]))     layers.{0,1,2} one way, layers2 the
  other cut            tanh conv tanh conv tanh conv tanh conv, 5 x 5, channels F, 4, 16, 4, F   down.{0,2,4,6}

  With an `offset` the weights see offset (x_k - x) in place of x_k: a linear change of what goes in, so the same
  functions, and far better conditioned, since neighbours are near.

  The weights see positions only: all fields share them. Positions are data, values have an adjoint. Convolutions go row
  by row as products with unfolded patches.

  Communication: for an interpolation the halo of the values (backwards its sum); for each convolution one exchange of
  a halo of two nodes. Parameters' gradients are this rank's part.
*/
#include "neural/neighbours.h"
#include "neural/parameters_private.h"
#include "neural/tensor.h"

typedef struct _p_Itpnet *Itpnet;

typedef struct {
  PetscInt fields, neighbours, hidden[2]; /* 1, 30, {128, 64} */
  PetscInt channels[3];                   /* of the cut: 4, 16, 4; the first 0: there is none */
  double offset;                          /* 0: places as they are */
} ItpnetOptions;

PETSC_EXTERN ItpnetOptions ItpnetDefaults(void);
/* layout, batch: of the maps that the cut works on; the layout is referenced. Otherwise as MessageCreate. Collective.
 */
PETSC_EXTERN PetscErrorCode ItpnetCreate(SinewLayout layout, PetscInt batch, ParameterTable *table, const char prefix[],
                                         const ItpnetOptions *options, PetscBool training, Itpnet *itpnet);
PETSC_EXTERN PetscErrorCode ItpnetDestroy(Itpnet *itpnet);
/* way 0 or 1: from values[owned][fields] at the graph's sources to out[queries][fields] at the points at[queries][2].
 */
PETSC_EXTERN PetscErrorCode ItpnetInterpolate(Itpnet itpnet, int way, SinewNeighbours graph, const double at[],
                                              const void *values, void *out);
/* After that, where made for training: adds to the gradients and to dvalues. */
PETSC_EXTERN PetscErrorCode ItpnetInterpolateAdjoint(Itpnet itpnet, int way, const void *dout, void *dvalues);
/* u, out [batch][ny][nx][fields] on the boxes of the layout; adds to out, and backwards to gradients and du. */
PETSC_EXTERN PetscErrorCode ItpnetCut(Itpnet itpnet, const void *u, void *out);
PETSC_EXTERN PetscErrorCode ItpnetCutAdjoint(Itpnet itpnet, const void *dout, void *du);

/* ---- what the two element types share ---- */

typedef struct {
  PetscInt weight[3], bias[3];
  PetscInt width[4];     /* 2 n + 2, hidden, n */
  SinewNeighbours graph; /* of the last run */
  const double *at;
  PetscInt query_room, row_room;
  void *x[4], *d[2];      /* input, two hidden layers, weights; adjoints */
  void *values, *dvalues; /* rows x fields */
} ItpnetWay;

typedef struct {
  PetscErrorCode (*interpolate)(Itpnet itpnet, ItpnetWay *way, const void *values, void *out);
  PetscErrorCode (*interpolate_adjoint)(Itpnet itpnet, ItpnetWay *way, const void *dout, void *dvalues);
  PetscErrorCode (*cut)(Itpnet itpnet, const void *u, void *out);
  PetscErrorCode (*cut_adjoint)(Itpnet itpnet, const void *dout, void *du);
} ItpnetMethods;

#define ITPNET_CONVOLUTIONS 4
#define ITPNET_KERNEL       5
#define ITPNET_HALO         2

struct _p_Itpnet {
  ParameterTable *table;
  ItpnetOptions o;
  PetscBool training;
  const ItpnetMethods *methods;
  ItpnetWay way[2];
  SinewLayout layout;
  PetscInt batch, channels[ITPNET_CONVOLUTIONS + 1], weight[ITPNET_CONVOLUTIONS], bias[ITPNET_CONVOLUTIONS];
  SinewTensor map[ITPNET_CONVOLUTIONS + 1], slope[ITPNET_CONVOLUTIONS + 1]; /* values and adjoints */
  void *patches[2], *row;                                                   /* nx x (25 x channels); nx x channels */
};

PETSC_INTERN const ItpnetMethods ItpnetMethodsDouble, ItpnetMethodsFloat;
PETSC_INTERN PetscLogEvent ITPNET_Interpolate, ITPNET_Cut;

#endif
