#ifndef SINEW_NEURAL_DATASET_H
#define SINEW_NEURAL_DATASET_H
/*
  Data sets of trajectories in HDF5, read in place: what networks on grids are trained and judged on.

  A data set is a list of trajectories; a trajectory is a sequence of frames; a frame is a map [component][y][x] of
  scalars first, then the x and y component of each vector. The trajectories lie in *blocks*: groups that hold one array
  for each component, anywhere in any number of files. That covers

    PDEArena   train/u, train/vx, train/vy                              (N, T, x, y); also (N, T, 1, y, x)
    PDEBench   train/10000/D, .../P, .../Vx, .../Vy                     (N, T, x, y, 1)
               density, pressure, Vx, Vy at the root                    (N, T, x, y)
               0000/data with components last, "data[0]", "data[1]"     (T, x, y, C)
    Sinew      what `sinew run deck.yaml ensemble.members=N` writes, in either layout

  Both archives keep the axes [x][y]: the reader transposes, so that rows of a map lie along y as everywhere in Sinew
  (`axes_yx` for arrays that are [y][x] already).

  Life-cycle
    SinewDatasetOpen                 looks up all files (rank 0) and checks them all (collective)
    SinewDatasetGetShape             trajectories, frames, ny, nx, components, time between frames
    SinewDatasetMoments, SinewDatasetNormalize      optional; of the training part, for all parts
    per epoch and sample: SinewDatasetDraw          which sample, without memory or communication
    SinewDatasetAdvise (the next batch), SinewDatasetRead (this batch)
    SinewDatasetClose

  Parts. `part` ("train", "valid", "test") takes the blocks below a group of that name, else, where no group is called
  by one of the three, the files whose name contains it. Otherwise the trajectories [from n, to n) of a permutation of
  all n by `seed` are the part: parts with the same seed and intervals that do not overlap are disjoint.

  Reading. Every rank reads its own box of every frame from the file, a hyperslab a component and frame: no rank reads
  for another, nothing is gathered, the communicator given serves only to agree on errors (one MPI_Allreduce;
  MPI_COMM_SELF to read independently). Box lines that lie close in the file are read as one span.

  Prefetch. SinewDatasetAdvise tells the operating system what will be read next (posix_fadvise); it fetches while the
  network computes, and the read then copies from memory. There is no thread, hence nothing that MPI or HDF5 would have
  to be safe against. It serves contiguous arrays (both archives, and Sinew's), not compressed ones.

  Augmentation. A sample may be shifted around periodic axes and reflected; the components of vectors along a reflected
  axis change their sign. With `faces`, components of vectors stand on the lower face of their cell along their own axis
  (PDEArena, Sinew's staggered flows) and are reflected about the middle as such. Reflected first, then shifted: out(i)
  = in(R(i - shift)) with R(i) = n - 1 - i (n - i on faces) where reflected, R(i) = i elsewhere, indices modulo n.

  Normalisation. z = (v - mean) / sd for each component, applied on reading once it is set. Moments are taken over
  trajectories, frames and cells of the part, the standard deviation unbiased, in double; they depend on the number of
  ranks by rounding only.

  Errors: SINEW_ERR_INPUT with one line that names file, array and index: a field that is not there (and what is),
  integers, another grid or number of frames than the first block's, fewer frames than the task needs, a truncated file,
  a value that is not finite.

  Memory on each rank: about 1 KB for each block and component, and one frame of this rank's box. At most 64 files are
  open on a rank at a time.
*/
#include "../io/arrays.h"
#include "tensor.h"

typedef struct _p_SinewDataset *SinewDataset;

typedef struct {
  PetscInt files;
  const char *const *file; /* names or shell patterns ("ns_*_train_*.h5"); a pattern's matches are sorted by name */
  const char *folder;      /* where relative names are looked for before the current directory; NULL: there alone */
  PetscInt scalars, vectors;
  const char *const *scalar; /* arrays of the scalars */
  const char *const *vector; /* arrays of the vectors, x then y component: 2 * vectors names */
  const char *part;          /* NULL: by from, to */
  PetscReal from, to;        /* 0 and 0: everything */
  PetscInt64 seed;
  PetscBool axes_yx, faces;
  PetscInt skip, every;  /* frames skip, skip + every, ... are the data set's; every 0 is 1 */
  PetscInt least;        /* frames that a trajectory must have; 0: any number */
  PetscReal step;        /* between frames of the file; 0: as arrays t, t-coordinate or dt of the file say */
  const char *parameter; /* NULL, or an array with one number a trajectory (or one a block), as buo_y */
} SinewDatasetOptions;

typedef struct {
  PetscInt trajectories, frames, ny, nx, components, scalars;
  PetscReal step; /* between the data set's frames; 0: unknown */
} SinewDatasetShape;

/* Frames first, first + stride, ..., count of them. */
typedef struct {
  PetscInt trajectory, first, count, stride; /* stride 0 is 1 */
  PetscInt shift[2];                         /* cells, along y and x */
  PetscBool flip[2];                         /* reflected along y and x */
} SinewSample;

/* What SinewDatasetDraw may do to a sample. */
typedef struct {
  PetscBool shift[2], flip[2]; /* along y and x */
} SinewAugmentation;

/* Collective. */
PETSC_EXTERN PetscErrorCode SinewDatasetOpen(MPI_Comm comm, const SinewDatasetOptions *options, SinewDataset *dataset);
PETSC_EXTERN PetscErrorCode SinewDatasetClose(SinewDataset *dataset);
PETSC_EXTERN PetscErrorCode SinewDatasetGetShape(SinewDataset dataset, SinewDatasetShape *shape);
/* Name of a component; belongs to the data set. Not collective. */
PETSC_EXTERN const char *SinewDatasetComponent(SinewDataset dataset, PetscInt c);
/* The trajectory's value of options.parameter (0 without one). Not collective. */
PETSC_EXTERN PetscReal SinewDatasetParameter(SinewDataset dataset, PetscInt trajectory);

/*
  SinewDatasetRead - the box of n samples into planes [sample][frame][component][box.ny][box.nx], which is the order
  that SinewTensorSetPlanes takes when every sample has the same count (channels: frames x components). Collective on
  comm, whose ranks may ask for different boxes and samples.

  box [in] this rank's: SinewLayoutBox(layout), or {0, 0, ny, nx} for whole maps
*/
PETSC_EXTERN PetscErrorCode SinewDatasetRead(SinewDataset dataset, MPI_Comm comm, SinewBox box, PetscInt n,
                                             const SinewSample sample[], double planes[]);
/* These samples will be read next. Not collective. */
PETSC_EXTERN PetscErrorCode SinewDatasetAdvise(SinewDataset dataset, SinewBox box, PetscInt n,
                                               const SinewSample sample[]);

/* Mean and standard deviation of each component over the whole part (raw values). The trajectories are dealt out over
   the ranks of comm; one allreduce at the end. Collective on comm. */
PETSC_EXTERN PetscErrorCode SinewDatasetMoments(SinewDataset dataset, MPI_Comm comm, PetscReal mean[], PetscReal sd[]);
/* From now on reads give (value - mean) / sd; NULL, NULL: raw values again. Not collective; the same on all ranks. */
PETSC_EXTERN PetscErrorCode SinewDatasetNormalize(SinewDataset dataset, const PetscReal mean[], const PetscReal sd[]);

/*
  SinewDatasetDraw - the k-th sample of an epoch, as a pure function of its arguments. Not collective.

  An epoch has trajectories x frames samples, as in PDEArena: they visit every trajectory equally often in an order
  shuffled by (seed, epoch), with a first frame drawn uniformly among those after which count frames follow.

  augment [in] NULL: none
*/
PETSC_EXTERN PetscErrorCode SinewDatasetDraw(SinewDataset dataset, PetscInt64 seed, PetscInt64 epoch, PetscInt64 k,
                                             PetscInt count, const SinewAugmentation *augment, SinewSample *sample);

/*
  SinewDatasetDrawLead - the same for networks that go up to `lead` frames ahead in one step: two frames `stride` apart.
  The second one is uniform in 1 .. frames - 1; the first is one of the `lead` (or fewer) before it, with a probability
  that falls like 1 / (first + 1). With lead = frames - 1 that is what PDEArena's conditional task draws.
*/
PETSC_EXTERN PetscErrorCode SinewDatasetDrawLead(SinewDataset dataset, PetscInt64 seed, PetscInt64 epoch, PetscInt64 k,
                                                 PetscInt lead, const SinewAugmentation *augment, SinewSample *sample);

#endif
