#ifndef SINEW_NEURAL_NETWORK_PRIVATE_H
#define SINEW_NEURAL_NETWORK_PRIVATE_H
/* What a builder fills in. */
#include "neural/graph_private.h"

typedef struct _p_Ode *Ode;

struct _p_SinewNetwork {
  Graph graph;
  PetscInt input, output; /* nodes */
  PetscInt features;      /* of the embedding; 0: not conditional */
  Ode ode;                /* NULL: Forward runs all layers once */
};

#endif
