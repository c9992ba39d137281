#ifndef SINEW_NEURAL_TENSOR_PRIVATE_H
#define SINEW_NEURAL_TENSOR_PRIVATE_H
/* What tensors, layers and networks share among themselves. */
#include "neural/memory_private.h"
#include "neural/tensor.h"

typedef struct _p_Exchange *Exchange;

struct _p_SinewLayout {
  PetscInt references;
  MPI_Comm comm, active; /* active: ranks with a box; MPI_COMM_NULL when shared */
  PetscBool periodic;
  PetscBool shared; /* every rank's box is the whole map, with equal values */
  PetscBool leads;  /* what this rank finds on its box counts in sums over ranks; shared: the first's only */
  PetscInt ny, nx;
  PetscInt ry, rx;     /* boxes along each axis */
  PetscInt *cy, *cx;   /* ry + 1 and rx + 1 cuts, from 0 to ny and nx */
  PetscMPIInt *owner;  /* of box [j rx + i] */
  SinewBox *boxes;     /* of every rank of comm */
  SinewBox box;        /* this rank's */
  Exchange *exchanges; /* halo exchanges of this layout, by width - 1; made on demand */
  PetscInt widths;
};

struct _p_SinewTensor {
  SinewLayout layout;
  SinewDtype dtype;
  PetscInt batch, channels, halo;
  void *data;
  PetscBool owns;
};

/* The first value of cell (y, x), in box coordinates, of sample b. */
static inline char *TensorCell(SinewTensor t, PetscInt b, PetscInt y, PetscInt x)
{
  const SinewBox box = t->layout->box;
  const PetscInt h = t->halo, index = (b * (box.ny + 2 * h) + y + h) * (box.nx + 2 * h) + x + h;
  const size_t size = t->dtype == SINEW_FLOAT32 ? sizeof(float) : sizeof(double);

  return (char *)t->data + (size_t)(index * t->channels) * size;
}

/*
  An exchange copies boxes of one layout into padded boxes of another (or of the same: then the
  halo alone is filled). Its adjoint adds what lies in the padded boxes of `to` onto the boxes of
  `from`. One may be under way at a time. Collective, except Reserve, which asks for room (as much on every rank) that
  the next exchange makes.

  Where `from` is shared, everyone has what it needs, and the adjoint is a sum that everyone gets (in the order of
  ranks: the same bits). Where `to` is shared, everyone gets all, and the adjoint is local, because gradients of
  shared maps are complete on every rank.
*/
PETSC_INTERN PetscErrorCode ExchangeCreate(SinewLayout from, SinewLayout to, PetscInt halo, Exchange *exchange);
PETSC_INTERN PetscErrorCode ExchangeDestroy(Exchange *exchange);
PETSC_INTERN PetscErrorCode ExchangeReserve(Exchange exchange, size_t bytes_per_cell);
/* Of a halo exchange: which rims of the box, `halo` wide (first and last rows, first and last columns between them),
 * must be there before Begin, because others are sent them; the rest before End. */
PETSC_INTERN void ExchangeSides(Exchange exchange, SinewBox box, PetscInt halo, PetscBool side[4]);
PETSC_INTERN PetscErrorCode ExchangeBegin(Exchange exchange, SinewTensor from, SinewTensor to);
PETSC_INTERN PetscErrorCode ExchangeEnd(Exchange exchange, SinewTensor from, SinewTensor to);
PETSC_INTERN PetscErrorCode ExchangeAdjoint(Exchange exchange, SinewTensor from, SinewTensor to);

PETSC_INTERN void TensorZeroBorder(SinewTensor tensor); /* the halo beyond the map's border, unless it is periodic */

PETSC_INTERN PetscErrorCode NeuralEvents(void); /* registers the logging events once */
PETSC_EXTERN PetscLogEvent NEURAL_Convolution, NEURAL_Norm, NEURAL_Sample, NEURAL_Halo, NEURAL_Reduce, NEURAL_Convert;

#endif
