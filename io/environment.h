#ifndef SINEW_IO_ENVIRONMENT_H
#define SINEW_IO_ENVIRONMENT_H
/*
  What MPI and BLAS read from the environment when they start, set as Sinew's runs need it. `sinew` calls it; a program
  of your own may, before PetscInitialize. What the environment or `mpirun --mca` says already stays.

  OMP_NUM_THREADS=1: ranks are the parallelism; spinning threads beside them cost a factor of six.

  OMPI_MCA_mpi_yield_when_idle=1: a rank that waits for another lets the operating system's own work have its core,
  which would otherwise interrupt it later while the others wait: two ranks on two cores ran 4 % faster (54 pairs of
  runs).

  OMPI_MCA_btl_vader_eager_limit=131072 (btl_sm_eager_limit in Open MPI 5): messages of up to 128 KiB between ranks of a
  node, halos of fields among them, go through shared memory, and their sender goes on at once. Above Open MPI's own limit
  of 4 KiB the kernel copies from process to process while both wait: 50 microseconds instead of 11 for the 64 KiB of a
  halo of 512 x 4 cells.

  OMPI_MCA_coll_libnbc_iallreduce_algorithm=rabenseifner: sums of gradients go as halves of halves, each rank sending and
  adding its share, which is the least that can be moved. Open MPI's choice for two ranks sends everything to one of
  them and back: 0.47 milliseconds instead of 0.18 for 1.4 MiB.
*/
#include <petscsys.h>

PETSC_EXTERN void SinewSetEnvironment(void);

#endif
