#ifndef SINEW_NEURAL_TENSOR_H
#define SINEW_NEURAL_TENSOR_H
/*
  Distributed tensors: the maps of features that a network computes on a grid cut into boxes.

  A layout says which box of a two-dimensional map each rank owns: a tensor product of cuts, like a
  DMDA's, whose boxes may also be fewer than the ranks (the others own nothing and wait).
  Coarsening a layout by two halves every box; where a box would end on an odd cell or become
  smaller than two cells, neighbouring boxes are merged onto one of their ranks (agglomeration). So
  any map whose sizes are even at every level can be worked on by any number of ranks. A small map may be
  shared instead (SinewLayoutShare): every rank's box is all of it, and everyone holds equal values. What is done cell
  by cell is then done by everyone; convolutions of shared maps deal out their channels (graph_private.h).

  A tensor is batch x rows x columns x channels ("NHWC", channels fastest), of float or double, on
  a layout. Each rank stores its box inside a frame of `halo` cells on every side; element
  (b, y, x, c), with y = -halo .. ny+halo-1 in box coordinates, is at

    data[((b (ny + 2 halo) + y + halo) (nx + 2 halo) + x + halo) channels + c].

  The whole padded array is dense, so a kernel may read it without a copy. The halo holds the
  neighbours' cells after an exchange, corners included; beyond the map's own border it holds the
  other end (periodic) or zeros.

  Life-cycle
    SinewLayoutCreate, SinewTensorCreate, fill the box (SinewTensorSetPlanes, or by pointer),
    SinewTensorHaloBegin, work that needs no halo, SinewTensorHaloEnd, work that does;
    SinewTensorDestroy, SinewLayoutDestroy. Layouts are counted: a tensor keeps its own reference.

  Communication. An exchange sends one message to each rank whose halo touches this box (at most 8
  when boxes are at least as wide as the halo), in all about perimeter x halo x channels x batch
  values. The halo sum, its adjoint, sends the same volume back. Ranks of one node that send each other halos
  read them where they were written, in memory that they share (two places in turn, files in /dev/shm), and their
  messages are of 8 bytes; not with the PETSc option -sinew_share_memory false. Room is made by the first exchange after
  the widest tensor was; others allocate nothing.

  Errors. A map that cannot be cut raises SINEW_ERR_INPUT with one line. Creation, exchange and sum
  are collective on the layout's communicator; the others are local.
*/
#include "../io/arrays.h"

typedef struct _p_SinewLayout *SinewLayout;
typedef struct _p_SinewTensor *SinewTensor;

typedef struct {
  PetscInt y, x;   /* first row and column (global) */
  PetscInt ny, nx; /* rows and columns; zero on a rank without a box */
} SinewBox;

/*
  SinewLayoutCreate - cuts a map of ny x nx cells over all ranks of comm. Collective.

  periodic [in] both axes wrap around
  levels   [in] how many times the map will be coarsened: cuts fall on multiples of the highest
                power of two up to 2^levels that leaves boxes of nearly equal size. ny and nx must be
                multiples of 2^levels.
*/
PETSC_EXTERN PetscErrorCode SinewLayoutCreate(MPI_Comm comm, PetscInt ny, PetscInt nx, PetscBool periodic,
                                              PetscInt levels, SinewLayout *layout);
/*
  SinewLayoutCreateCuts - the same from given boxes: ry x rx ranks (their product is the size of
  comm, x fastest, as in a DMDA), with rows[ry] and columns[rx] cells each. Collective.
*/
PETSC_EXTERN PetscErrorCode SinewLayoutCreateCuts(MPI_Comm comm, PetscBool periodic, PetscInt ry, const PetscInt rows[],
                                                  PetscInt rx, const PetscInt columns[], SinewLayout *layout);
/*
  SinewLayoutCoarsen - the map at half the resolution. Collective.

  more   [in]  whether `merged` will be coarsened again
  halved [out] the same boxes with half the rows and columns: pooling and up-sampling by two are
               local between `fine` and `halved`
  merged [out] the boxes to compute on at this level; the same object as `halved` (with a reference
               of its own) when no merging was needed
*/
PETSC_EXTERN PetscErrorCode SinewLayoutCoarsen(SinewLayout fine, PetscBool more, SinewLayout *halved,
                                               SinewLayout *merged);
/* SinewLayoutShare - the same map, all of it on every rank; coarsened it stays so. Collective. */
PETSC_EXTERN PetscErrorCode SinewLayoutShare(SinewLayout layout, SinewLayout *shared);
PETSC_EXTERN PetscErrorCode SinewLayoutReference(SinewLayout layout);
PETSC_EXTERN PetscErrorCode SinewLayoutDestroy(SinewLayout *layout);

PETSC_EXTERN SinewBox SinewLayoutBox(SinewLayout layout); /* this rank's */
PETSC_EXTERN SinewBox SinewLayoutMap(SinewLayout layout); /* the whole map: {0, 0, ny, nx} */
PETSC_EXTERN PetscBool SinewLayoutPeriodic(SinewLayout layout);
PETSC_EXTERN MPI_Comm SinewLayoutComm(SinewLayout layout); /* all ranks */
PETSC_EXTERN MPI_Comm
SinewLayoutActiveComm(SinewLayout layout); /* those with a box; MPI_COMM_NULL on the others, and for a shared map */

/*
  SinewTensorCreate - Collective. dtype is SINEW_FLOAT32 or SINEW_FLOAT64. `data` is memory for the
  padded box (SinewTensorBytes of it, 64-byte aligned, not owned), or NULL: the tensor allocates it,
  filled with zeros.
*/
PETSC_EXTERN PetscErrorCode SinewTensorCreate(SinewLayout layout, SinewDtype dtype, PetscInt batch, PetscInt channels,
                                              PetscInt halo, void *data, SinewTensor *tensor);
PETSC_EXTERN PetscErrorCode SinewTensorDestroy(SinewTensor *tensor);
PETSC_EXTERN size_t SinewTensorBytes(SinewLayout layout, SinewDtype dtype, PetscInt batch, PetscInt channels,
                                     PetscInt halo);

PETSC_EXTERN SinewLayout SinewTensorLayout(SinewTensor tensor); /* not to be destroyed */
PETSC_EXTERN SinewDtype SinewTensorDtype(SinewTensor tensor);
PETSC_EXTERN PetscInt SinewTensorBatch(SinewTensor tensor);
PETSC_EXTERN PetscInt SinewTensorChannels(SinewTensor tensor);
PETSC_EXTERN PetscInt SinewTensorHalo(SinewTensor tensor);
PETSC_EXTERN void *SinewTensorData(SinewTensor tensor); /* the padded array's first element */

/* Copies between the box and planes [batch][channels][ny][nx], the order of PyTorch and of golden files. Local. */
PETSC_EXTERN PetscErrorCode SinewTensorSetPlanes(SinewTensor tensor, const double planes[]);
PETSC_EXTERN PetscErrorCode SinewTensorGetPlanes(SinewTensor tensor, double planes[]);

/* Fills the halo. Between Begin and End the halo is undefined, and no other exchange
 * of the same layout and width may start. Collective. */
PETSC_EXTERN PetscErrorCode SinewTensorHaloBegin(SinewTensor tensor);
PETSC_EXTERN PetscErrorCode SinewTensorHaloEnd(SinewTensor tensor);
/* Adjoint of the exchange: adds every halo cell to the cell that it is a copy of. The halo keeps its values.
 * Collective. */
PETSC_EXTERN PetscErrorCode SinewTensorHaloSum(SinewTensor tensor);

#endif
