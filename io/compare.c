#include "io/compare.h"
#include <math.h>
#include <string.h>

#define SLAB_BYTES ((PetscInt64)64 << 20)
#define FIELDS     "/fields"

/* ---- slabs ---- */

/* How the passes over an array go: each rank has the planes first to last across `axis`, counted on
 * the coarser cells, and reads some of them in each pass. All ranks make all passes, for reading is
 * collective. */
typedef struct {
  MPI_Comm comm;
  int axis;
  PetscInt64 first, last, step, passes;
  PetscInt64 plane; /* coarse elements on one plane */
} Walk;

/* One array, its slab of the present pass, and the means over blocks of `factor` cells. */
typedef struct {
  SinewFile file;
  SinewArray array;
  PetscInt64 factor[SINEW_ARRAY_RANK_MAX];
  PetscBool averaged;
  double *data, *mean; /* mean is data when not averaged */
} Side;

static PetscInt64 volume(int rank, const PetscInt64 extent[])
{
  PetscInt64 n = 1;

  for (int d = 0; d < rank; ++d) n *= extent[d];
  return n;
}

/* fine: elements of the finest array on one coarse plane. */
static PetscErrorCode walk_start(MPI_Comm comm, int rank, const PetscInt64 coarse[], PetscInt64 elements, Walk *walk)
{
  PetscMPIInt me, size;
  PetscInt64 n, fine;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &me));
  PetscCallMPI(MPI_Comm_size(comm, &size));
  walk->comm = comm;
  walk->axis = 0;
  while (walk->axis < rank - 1 && coarse[walk->axis] == 1) ++walk->axis;
  n = rank ? coarse[walk->axis] : 1;
  fine = elements / PetscMax(1, n);
  walk->plane = volume(rank, coarse) / PetscMax(1, n);
  walk->first = n * me / size;
  walk->last = n * (me + 1) / size;
  walk->step = PetscMax(1, SLAB_BYTES / (PetscInt64)sizeof(double) / PetscMax(1, fine));
  walk->passes = ((n + size - 1) / size + walk->step - 1) / walk->step;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* This rank's planes of a pass; their number. */
static PetscInt64 walk_planes(const Walk *walk, PetscInt64 pass, PetscInt64 *first)
{
  *first = PetscMin(walk->last, walk->first + pass * walk->step);
  return PetscMin(walk->last - *first, walk->step);
}

/* array has been inquired after; factor is set. */
static PetscErrorCode side_start(Side *side, const Walk *walk)
{
  const PetscInt64 most = PetscMin(walk->step, walk->last - walk->first) * walk->plane;
  PetscInt64 block = 1;

  PetscFunctionBeginUser;
  for (int d = 0; d < side->array.rank; ++d) block *= side->factor[d];
  side->averaged = (PetscBool)(block > 1);
  PetscCall(PetscMalloc1((size_t)(most * block + 1), &side->data));
  side->mean = side->data;
  if (side->averaged) PetscCall(PetscMalloc1((size_t)most + 1, &side->mean));
  side->array.dtype = SINEW_FLOAT64;
  side->array.distributed = (PetscBool)(side->array.rank > 0);
  side->array.data = side->data;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode side_end(Side *side)
{
  PetscFunctionBeginUser;
  if (side->mean != side->data) PetscCall(PetscFree(side->mean));
  PetscCall(PetscFree(side->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where the fine row number `row` of the slab adds to: the first element of its coarse row. */
static PetscInt64 coarse_row(const Side *side, PetscInt64 row)
{
  const int rank = side->array.rank;
  PetscInt64 stride = side->array.count[rank - 1] / side->factor[rank - 1], at = 0;

  for (int d = rank - 2; d >= 0; --d) {
    at += row % side->array.count[d] / side->factor[d] * stride;
    row /= side->array.count[d];
    stride *= side->array.count[d] / side->factor[d];
  }
  return at;
}

static void average_blocks(Side *side, PetscInt64 coarse)
{
  const int last = side->array.rank - 1;
  const PetscInt64 width = side->array.count[last], f = side->factor[last];
  const PetscInt64 fine = volume(last + 1, side->array.count);

  if (!fine) return;
  memset(side->mean, 0, (size_t)coarse * sizeof(double));
  for (PetscInt64 row = 0; row < fine / width; ++row) {
    const double *in = side->data + row * width;
    double *out = side->mean + coarse_row(side, row);

    for (PetscInt64 i = 0; i < width / f; ++i)
      for (PetscInt64 k = 0; k < f; ++k) out[i] += in[i * f + k];
  }
  for (PetscInt64 i = 0; i < coarse; ++i) side->mean[i] *= (double)coarse / (double)fine;
}

static PetscErrorCode side_read(Side *side, const Walk *walk, PetscInt64 first, PetscInt64 planes)
{
  SinewArray *array = &side->array;

  PetscFunctionBeginUser;
  for (int d = 0; d < array->rank; ++d) {
    array->start[d] = d == walk->axis ? first * side->factor[d] : 0;
    array->count[d] = d == walk->axis ? planes * side->factor[d] : array->shape[d];
  }
  PetscCall(SinewFileRead(side->file, array));
  if (side->averaged) average_blocks(side, planes * walk->plane);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- norms ---- */

typedef struct {
  long double sum, squares;
  double max;
} Sums;

/* A NaN is never greater than max, but is in the sum for good. */
static void add(Sums *sums, double x)
{
  const double size = fabs(x);

  sums->sum += size;
  sums->squares += (long double)size * size;
  if (size > sums->max) sums->max = size;
}

static PetscErrorCode norms_of_sums(MPI_Comm comm, const Sums *mine, PetscInt64 n, SinewNorms *norms)
{
  long double sums[2] = {mine->sum, mine->squares};
  double max = mine->max;
  const long double count = (long double)PetscMax(1, n);

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPI_LONG_DOUBLE, MPI_SUM, comm));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &max, 1, MPI_DOUBLE, MPI_MAX, comm));
  norms->mean = (double)(sums[0] / count);
  norms->rms = (double)sqrtl(sums[1] / count);
  norms->max = isnan(sums[0]) ? (double)NAN : max;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- two fields ---- */

/* The coarser shape of two and the factors to it; "" or what is wrong in why[]. */
static PetscErrorCode coarser(Side side[2], PetscInt64 shape[], size_t size, char why[])
{
  const SinewArray *a = &side[0].array, *b = &side[1].array;

  PetscFunctionBeginUser;
  why[0] = 0;
  if (a->rank != b->rank) {
    PetscCall(PetscSNPrintf(why, size, "%d axes against %d", a->rank, b->rank));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (int d = 0; d < a->rank; ++d) {
    const PetscInt64 least = PetscMin(a->shape[d], b->shape[d]), most = PetscMax(a->shape[d], b->shape[d]);
    const PetscBool components = (PetscBool)(d == 3);

    shape[d] = least;
    if (least == most)
      side[0].factor[d] = side[1].factor[d] = 1;
    else if (components || !least || most % least) {
      PetscCall(PetscSNPrintf(why, size, "%lld against %lld %s", (long long)a->shape[d], (long long)b->shape[d],
                              components ? "components" : "cells along an axis: neither divides the other"));
      PetscFunctionReturn(PETSC_SUCCESS);
    } else {
      side[0].factor[d] = a->shape[d] / least;
      side[1].factor[d] = b->shape[d] / least;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode compare_values(MPI_Comm comm, Side side[2], SinewComparison *result)
{
  const int rank = result->rank;
  const PetscInt64 na = volume(rank, side[0].array.shape), nb = volume(rank, side[1].array.shape);
  Sums difference = {0, 0, 0}, reference = {0, 0, 0};
  PetscInt64 first, planes, n = volume(rank, result->shape);
  Walk walk;

  PetscFunctionBeginUser;
  PetscCall(walk_start(comm, rank, result->shape, PetscMax(na, nb), &walk));
  for (int s = 0; s < 2; ++s) PetscCall(side_start(&side[s], &walk));
  for (PetscInt64 pass = 0; pass < walk.passes; ++pass) {
    planes = walk_planes(&walk, pass, &first);
    for (int s = 0; s < 2; ++s) PetscCall(side_read(&side[s], &walk, first, planes));
    for (PetscInt64 i = 0; i < planes * walk.plane; ++i) {
      add(&difference, side[0].mean[i] - side[1].mean[i]);
      add(&reference, side[1].mean[i]);
    }
  }
  result->averaged = (PetscBool)(side[0].averaged || side[1].averaged);
  for (int s = 0; s < 2; ++s) PetscCall(side_end(&side[s]));
  PetscCall(norms_of_sums(comm, &difference, n, &result->difference));
  PetscCall(norms_of_sums(comm, &reference, n, &result->reference));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode compare_field(MPI_Comm comm, SinewFile file[2], const char name[], SinewComparison *result)
{
  char path[sizeof(result->name) + 16], why[256];
  Side side[2] = {{.file = file[0]}, {.file = file[1]}};
  PetscBool exists;

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s%s", name[0] == '/' ? "" : FIELDS "/", name));
  for (int s = 0; s < 2; ++s) {
    PetscCall(SinewFileInquire(file[s], path, &exists, &side[s].array));
    PetscCheck(exists, comm, SINEW_ERR_INPUT, "%s: no field '%s'", SinewFilePath(file[s]), name);
    side[s].array.name = path;
  }
  PetscCall(PetscStrncpy(result->name, name, sizeof(result->name)));
  result->rank = side[0].array.rank;
  PetscCall(coarser(side, result->shape, sizeof(why), why));
  PetscCheck(!why[0], comm, SINEW_ERR_INPUT, "%s, %s: field %s has %s", SinewFilePath(file[0]), SinewFilePath(file[1]),
             name, why);
  PetscCall(compare_values(comm, side, result));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- two files ---- */

static const char *bare(const char name[])
{
  return strncmp(name, FIELDS "/", sizeof(FIELDS)) ? name : name + sizeof(FIELDS);
}

static PetscErrorCode free_names(PetscInt count, char **names)
{
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < count; ++i) PetscCall(PetscFree(names[i]));
  PetscCall(PetscFree(names));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The arrays below a group that both files have; free with free_names. */
static PetscErrorCode common_arrays(SinewFile file[2], const char group[], PetscInt *count, char ***names)
{
  char **other;
  PetscInt n, others, kept = 0;

  PetscFunctionBeginUser;
  PetscCall(SinewFileList(file[0], group, &n, names));
  PetscCall(SinewFileList(file[1], group, &others, &other));
  for (PetscInt i = 0; i < n; ++i) {
    PetscBool both = PETSC_FALSE;

    for (PetscInt j = 0; j < others && !both; ++j) both = (PetscBool)!strcmp((*names)[i], other[j]);
    if (both)
      (*names)[kept++] = (*names)[i];
    else
      PetscCall(PetscFree((*names)[i]));
  }
  *count = kept;
  PetscCall(free_names(others, other));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Fields, or in files without any (data sets, weights) all arrays. */
static PetscErrorCode common_fields(SinewFile file[2], PetscInt *count, char ***names)
{
  PetscInt n[2];
  char **list[2];

  PetscFunctionBeginUser;
  for (int s = 0; s < 2; ++s) PetscCall(SinewFileList(file[s], FIELDS, &n[s], &list[s]));
  for (int s = 0; s < 2; ++s) PetscCall(free_names(n[s], list[s]));
  PetscCall(common_arrays(file, n[0] || n[1] ? FIELDS : "/", count, names));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_sums(MPI_Comm comm, SinewFile file)
{
  char why[512];
  PetscBool ok;

  PetscFunctionBeginUser;
  PetscCall(SinewFileVerify(file, &ok, sizeof(why), why));
  PetscCheck(ok, comm, SINEW_ERR_INPUT, "%s", why);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Every field, so that what a failing one leaves behind has one place to be freed. */
static PetscErrorCode compare_all(MPI_Comm comm, SinewFile file[2], PetscInt n, const char *const names[],
                                  SinewComparison result[])
{
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < n; ++i) PetscCall(compare_field(comm, file, bare(names[i]), &result[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewCompareFields(MPI_Comm comm, SinewFile a, SinewFile b, PetscInt count, const char *const names[],
                                  PetscInt *n, SinewComparison **result)
{
  SinewFile file[2] = {a, b};
  char **common = NULL;
  PetscInt commons = 0;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  *result = NULL;
  for (int s = 0; s < 2; ++s) PetscCall(check_sums(comm, file[s]));
  if (!count) PetscCall(common_fields(file, &commons, &common));
  *n = count ? count : commons;
  if (!*n) PetscCall(free_names(commons, common));
  PetscCheck(*n, comm, SINEW_ERR_INPUT, "%s, %s: no common field", SinewFilePath(a), SinewFilePath(b));
  PetscCall(PetscCalloc1(*n, result));
  code = compare_all(comm, file, *n, count ? names : (const char *const *)common, *result);
  PetscCall(free_names(commons, common));
  if (code) PetscCall(PetscFree(*result));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- one array ---- */

PetscErrorCode SinewArrayRange(MPI_Comm comm, SinewFile file, const char name[], double *least, double *greatest,
                               double *mean)
{
  Side side = {.file = file, .factor = {1, 1, 1, 1, 1, 1}};
  double bound[2] = {-INFINITY, -INFINITY}; /* of -x and of x */
  long double sum = 0;
  PetscInt64 first, planes, n;
  PetscBool exists;
  Walk walk;

  PetscFunctionBeginUser;
  PetscCall(SinewFileInquire(file, name, &exists, &side.array));
  PetscCheck(exists, comm, SINEW_ERR_INPUT, "%s: no array '%s'", SinewFilePath(file), name);
  side.array.name = name;
  n = volume(side.array.rank, side.array.shape);
  PetscCall(walk_start(comm, side.array.rank, side.array.shape, n, &walk));
  PetscCall(side_start(&side, &walk));
  for (PetscInt64 pass = 0; pass < walk.passes; ++pass) {
    planes = walk_planes(&walk, pass, &first);
    PetscCall(side_read(&side, &walk, first, planes));
    for (PetscInt64 i = 0; i < planes * walk.plane; ++i) {
      sum += side.mean[i];
      bound[0] = PetscMax(bound[0], -side.mean[i]);
      bound[1] = PetscMax(bound[1], side.mean[i]);
    }
  }
  PetscCall(side_end(&side));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, bound, 2, MPI_DOUBLE, MPI_MAX, comm));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_LONG_DOUBLE, MPI_SUM, comm));
  *mean = (double)(sum / (long double)n);
  *least = isnan(*mean) ? *mean : -bound[0];
  *greatest = isnan(*mean) ? *mean : bound[1];
  PetscFunctionReturn(PETSC_SUCCESS);
}
