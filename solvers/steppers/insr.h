#ifndef SINEW_SOLVERS_STEPPERS_INSR_H
#define SINEW_SOLVERS_STEPPERS_INSR_H
/*
  TSSINEWINSR: the fields of an equation as the weights of a point network (neural/insr.h), under a TS.

    stepper: {type: insr, dt: 0.05, scheme: midpoint, network: {width: 20, depth: 3, omega: 10}}

  The weights are the state; the TS's solution is a view of it, the network's fields at the cell centres of the deck's
  grid, so that series, pictures, histories, norms and guards see what they see of every stepper. The grid's resolution
  has no part in the accuracy and may be changed afterwards (`sinew sample`). A step that does not solve its
  least-squares problem is no candidate: step control halves dt, as for a state that breaks down, and gives up after
  `rejections`. With `control: error` steps are chosen by the scheme's error estimate, the root mean square of q's local
  error against atol + rtol times that of q.

  `formulation: splitting` steps incompressible flow as the original does, with a second network for the pressure
  (insr_splitting.c); the velocity's is the state, the pressure's first guess is in checkpoints too.

  Equations take part by SinewEquationType.pointwise; what they evolve are their components.

  Checkpoints: /weights/EQUATION/<parameter>, with the network's shape as attributes; /stepper/insr/... for the level
  before and the scalars (damping, last step, counters: random numbers are functions of seed and step). The same bits
  on the same ranks. A checkpoint without them, of another stepper, leaves its field to be fitted.

  Per step and rank: what neural/insr.h says of communication, and one evaluation of the network at the owned cells.
*/
#include <petscts.h>

#define TSSINEWINSR "sinew_insr"

#endif
