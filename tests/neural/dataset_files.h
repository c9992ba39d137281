#ifndef SINEW_TESTS_NEURAL_DATASET_FILES_H
#define SINEW_TESTS_NEURAL_DATASET_FILES_H
/* Small data sets in the layouts of the archives, written with HDF5 itself by rank 0. */
#include "tests/io/files.h"
#include <hdf5.h>

/* The value of component c of a frame at a cell. */
static inline double truth(int trajectory, int frame, int c, int y, int x)
{
  return c + 0.1 * trajectory + sin(0.3 * frame + 0.7 * y) * cos(0.2 * x + c) + 1e-3 * x;
}

typedef struct {
  const char *path, *group; /* "" for the root */
  const char *const *name;  /* of the components, NULL at the end */
  int first, count, frames, ny, nx;
  int trailing; /* an axis of 1 at the end */
  int chunked;  /* and compressed */
  hid_t type;   /* in the file; 0: double */
} Arrays;

static inline void write_set(hid_t file, const char *name, int rank, const hsize_t shape[], const double *data,
                             hid_t type, int chunked)
{
  hid_t links = H5Pcreate(H5P_LINK_CREATE), plist = H5Pcreate(H5P_DATASET_CREATE);
  hid_t space = H5Screate_simple(rank, shape, NULL), set;
  hsize_t chunk[6];

  H5Pset_create_intermediate_group(links, 1);
  for (int d = 0; d < rank; d++) chunk[d] = d < 2 ? 1 : shape[d];
  if (chunked) {
    H5Pset_chunk(plist, rank, chunk);
    H5Pset_deflate(plist, 4);
  }
  set = H5Dcreate2(file, name, type ? type : H5T_IEEE_F64LE, space, links, plist, H5P_DEFAULT);
  assert_true(set >= 0);
  assert_true(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
  H5Dclose(set);
  H5Sclose(space);
  H5Pclose(plist);
  H5Pclose(links);
}

/* Adds to a file (makes it when it is not there): arrays [trajectory][frame][x][y], t and a parameter. */
static inline void write_arrays(const Arrays *a)
{
  if (my_rank() == 0) {
    const hsize_t shape[5] = {(hsize_t)a->count, (hsize_t)a->frames, (hsize_t)a->nx, (hsize_t)a->ny, 1};
    hid_t file = access(a->path, F_OK) ? H5Fcreate(a->path, H5F_ACC_EXCL, H5P_DEFAULT, H5P_DEFAULT)
                                       : H5Fopen(a->path, H5F_ACC_RDWR, H5P_DEFAULT);
    double *data = malloc(sizeof(double) * shape[0] * shape[1] * shape[2] * shape[3]), *one = malloc(8 * 1024);
    char name[256];

    assert_true(file >= 0);
    for (int c = 0; a->name[c]; c++) {
      double *to = data;

      for (int n = 0; n < a->count; n++)
        for (int t = 0; t < a->frames; t++)
          for (int x = 0; x < a->nx; x++)
            for (int y = 0; y < a->ny; y++) *to++ = truth(a->first + n, t, c, y, x);
      snprintf(name, sizeof(name), "%s/%s", a->group, a->name[c]);
      write_set(file, name, 4 + a->trailing, shape, data, a->type, a->chunked);
    }
    for (int n = 0; n < a->count * a->frames; n++) one[n] = 1 + 1.5 * (n % a->frames);
    snprintf(name, sizeof(name), "%s/t", a->group);
    write_set(file, name, 2, shape, one, 0, 0);
    for (int n = 0; n < a->count; n++) one[n] = 0.2 + 0.01 * (a->first + n);
    snprintf(name, sizeof(name), "%s/buo_y", a->group);
    write_set(file, name, 1, shape, one, 0, 0);
    free(data);
    free(one);
    H5Fclose(file);
  }
  MPI_Barrier(PETSC_COMM_WORLD);
}

#endif
