// RANKS 1 2 4
#include "io/compare.h"
#include "tests/harness.h"
#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[2][64], message[1024];
static PetscMPIInt me, size;

static int set_up(void **state)
{
  char directory[32] = "/tmp/sinew_compare_XXXXXX";

  (void)state;
  MPI_Comm_rank(PETSC_COMM_WORLD, &me);
  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  if (!me && !mkdtemp(directory)) return 1;
  check_call(MPI_Bcast(directory, sizeof(directory), MPI_CHAR, 0, PETSC_COMM_WORLD));
  for (int s = 0; s < 2; ++s) (void)snprintf(path[s], sizeof(path[s]), "%s/%c.h5", directory, "ab"[s]);
  return 0;
}

static int tear_down(void **state)
{
  (void)state;
  MPI_Barrier(PETSC_COMM_WORLD);
  if (me) return 0;
  for (int s = 0; s < 2; ++s) (void)unlink(path[s]);
  *strrchr(path[0], '/') = 0;
  return rmdir(path[0]);
}

/* ---- files ---- */

/* Value of the element with these indices, slowest first. */
typedef double Value(const PetscInt64 index[]);

static void write_array(SinewFile file, const char name[], SinewDtype dtype, int rank, const PetscInt64 shape[],
                        Value *value)
{
  SinewArray array = {.name = name, .dtype = dtype, .rank = rank, .distributed = PETSC_TRUE};
  PetscInt64 n = 1, index[SINEW_ARRAY_RANK_MAX];
  const int axis = rank > 1 && shape[0] == 1 ? 1 : 0;
  void *data;

  for (int d = 0; d < rank; ++d) {
    array.shape[d] = array.count[d] = shape[d];
    if (d != axis) n *= shape[d];
  }
  array.start[axis] = shape[axis] * me / size;
  array.count[axis] = shape[axis] * (me + 1) / size - array.start[axis];
  n *= array.count[axis];
  array.data = data = malloc((size_t)(n + 1) * sizeof(double));
  assert_non_null(data);
  for (PetscInt64 i = 0; i < n; ++i) {
    PetscInt64 rest = i;

    for (int d = rank - 1; d >= 0; --d) {
      index[d] = array.start[d] + rest % array.count[d];
      rest /= array.count[d];
    }
    if (dtype == SINEW_FLOAT64)
      ((double *)data)[i] = value(index);
    else
      ((float *)data)[i] = (float)value(index);
  }
  check_call(SinewFileWrite(file, &array));
  free(data);
}

static SinewFile create(int which)
{
  SinewFile file;

  check_call(SinewFileCreate(PETSC_COMM_WORLD, path[which], &file));
  return file;
}

static void write_field(int which, int rank, const PetscInt64 shape[], Value *value)
{
  SinewFile file = create(which);

  write_array(file, "/fields/u", SINEW_FLOAT64, rank, shape, value);
  check_call(SinewFilePublish(&file));
}

static PetscErrorCode keep_message(MPI_Comm comm, int line, const char *func, const char *source, PetscErrorCode code,
                                   PetscErrorType type, const char *text, void *context)
{
  (void)comm, (void)line, (void)func, (void)source, (void)context;
  if (type == PETSC_ERROR_INITIAL) (void)snprintf(message, sizeof(message), "%s", text);
  return code;
}

/* Compares the two files; the result is for PetscFree, NULL after SINEW_ERR_INPUT. */
static SinewComparison *compare(PetscInt count, const char *const names[], PetscInt *n)
{
  SinewComparison *result;
  SinewFile file[2];
  PetscErrorCode code;

  for (int s = 0; s < 2; ++s) check_call(SinewFileOpen(PETSC_COMM_WORLD, path[s], &file[s]));
  message[0] = 0;
  (void)PetscPushErrorHandler(keep_message, NULL);
  code = SinewCompareFields(PETSC_COMM_WORLD, file[0], file[1], count, names, n, &result);
  (void)PetscPopErrorHandler();
  for (int s = 0; s < 2; ++s) check_call(SinewFileClose(&file[s]));
  check_all(!code == (result != NULL) && (!code || code == SINEW_ERR_INPUT));
  return result;
}

static void check_norms(const SinewNorms *norms, double mean, double rms, double max)
{
  check_close(norms->mean, mean, 1e-15 * mean);
  check_close(norms->rms, rms, 1e-15 * rms);
  check_close(norms->max, max, 0);
}

static SinewComparison *compare_one(void)
{
  PetscInt n = 0;
  SinewComparison *result = compare(0, NULL, &n);

  assert_non_null(result);
  assert_int_equal(n, 1);
  assert_string_equal(result->name, "u");
  return result;
}

/* ---- values ---- */

static double values_a(const PetscInt64 i[])
{
  return ((const double[]){1, 2, 3, 4})[i[2]];
}
static double values_b(const PetscInt64 i[])
{
  return ((const double[]){1, 0, 3, -8})[i[2]];
}

static double coarse(const PetscInt64 i[])
{
  return (double)(1 + 10 * i[0] + 100 * i[1] + 1000 * i[2]);
}

/* twice as fine along y and four times along x, with fluctuations that vanish in the mean */
static double fine(const PetscInt64 i[])
{
  const PetscInt64 at[3] = {i[0], i[1] / 2, i[2] / 4};

  return coarse(at) + (double)(i[2] % 4 * 2 - 3) + (i[1] % 2 ? 0.5 : -0.5);
}

static double fine_y(const PetscInt64 i[])
{
  return coarse((PetscInt64[]){i[0], i[1] / 2, i[2]}) + (i[1] % 2 ? 4 : -4);
}
static double fine_x(const PetscInt64 i[])
{
  return coarse((PetscInt64[]){i[0], i[1], i[2] / 3}) + 0.25;
}

static double vector_a(const PetscInt64 i[])
{
  return (double)(i[1] + i[2] + i[3]);
}
static double vector_b(const PetscInt64 i[])
{
  return vector_a(i) + (i[3] == 2 ? 3 : 0);
}
static double vector_fine(const PetscInt64 i[])
{
  return vector_b((PetscInt64[]){0, i[1] / 2, i[2] / 2, i[3]}) + (i[1] % 2 ? 1 : -1);
}

static double one_nan(const PetscInt64 i[])
{
  return i[2] == 1 ? (double)NAN : 1;
}
static double zero(const PetscInt64 i[])
{
  return 0 * (double)i[0];
}

/* ---- tests ---- */

static void agrees_with_paper_and_pencil(void **state)
{
  const PetscInt64 shape[3] = {1, 1, 4};
  SinewComparison *c;

  (void)state;
  write_field(0, 3, shape, values_a);
  write_field(1, 3, shape, values_b);
  c = compare_one();
  check_norms(&c->difference, 14. / 4, sqrt(148. / 4), 12);
  check_norms(&c->reference, 12. / 4, sqrt(74. / 4), 8);
  assert_false(c->averaged);
  assert_int_equal(c->shape[2], 4);
  check_call(PetscFree(c));
}

static void equal_files_differ_by_nothing(void **state)
{
  const PetscInt64 shape[3] = {3, 5, 7};
  SinewComparison *c;

  (void)state;
  for (int s = 0; s < 2; ++s) write_field(s, 3, shape, coarse);
  c = compare_one();
  check_norms(&c->difference, 0, 0, 0);
  check_close(c->reference.max, 1 + 20 + 400 + 6000, 0);
  check_call(PetscFree(c));
}

static void the_finer_one_is_averaged(void **state)
{
  const PetscInt64 few[3] = {3, 5, 2}, many[3] = {3, 10, 8};

  (void)state;
  for (int s = 0; s < 2; ++s) { /* whichever of the two it is */
    SinewComparison *c;

    write_field(s, 3, few, coarse);
    write_field(1 - s, 3, many, fine);
    c = compare_one();
    check_norms(&c->difference, 0, 0, 0);
    assert_true(c->averaged);
    for (int d = 0; d < 3; ++d) assert_int_equal(c->shape[d], few[d]);
    check_call(PetscFree(c));
  }
}

static void each_may_be_finer_along_one_axis(void **state)
{
  const PetscInt64 shape_a[3] = {1, 8, 3}, shape_b[3] = {1, 4, 9};
  SinewComparison *c;

  (void)state;
  write_field(0, 3, shape_a, fine_y);
  write_field(1, 3, shape_b, fine_x);
  c = compare_one();
  check_close(c->difference.mean, 0.25, 1e-12); /* thirds are not exact */
  check_close(c->difference.max, 0.25, 1e-12);
  assert_int_equal(c->shape[1], 4);
  assert_int_equal(c->shape[2], 3);
  check_call(PetscFree(c));
}

static void vectors_count_all_components(void **state)
{
  const PetscInt64 shape[4] = {1, 5, 2, 3}, many[4] = {1, 10, 4, 3}, planar[4] = {1, 5, 2, 2};
  SinewComparison *c;
  PetscInt n;

  (void)state;
  write_field(0, 4, shape, vector_a);
  write_field(1, 4, shape, vector_b);
  c = compare_one();
  check_norms(&c->difference, 1, sqrt(3), 3);
  check_call(PetscFree(c));
  write_field(1, 4, many, vector_fine);
  c = compare_one();
  check_norms(&c->difference, 1, sqrt(3), 3);
  check_call(PetscFree(c));
  write_field(1, 4, planar, vector_a);
  assert_null(compare(0, NULL, &n));
  assert_non_null(strstr(message, "3 against 2 components"));
}

static void a_nan_is_seen(void **state)
{
  const PetscInt64 shape[3] = {1, 1, 4};
  SinewComparison *c;

  (void)state;
  for (int s = 0; s < 2; ++s) write_field(s, 3, shape, one_nan);
  c = compare_one();
  check_all(isnan(c->difference.mean) && isnan(c->difference.rms) && isnan(c->difference.max));
  check_call(PetscFree(c));
}

static void shapes_must_divide(void **state)
{
  const PetscInt64 shape[3] = {1, 4, 6}, other[3] = {1, 4, 9}, line[1] = {24};
  PetscInt n;

  (void)state;
  write_field(0, 3, shape, coarse);
  write_field(1, 3, other, coarse);
  assert_null(compare(0, NULL, &n));
  assert_non_null(strstr(message, "field u has 6 against 9 cells"));
  assert_null(strchr(message, '\n'));
  write_field(1, 1, line, zero);
  assert_null(compare(0, NULL, &n));
  assert_non_null(strstr(message, "field u has 3 axes against 1"));
}

static void fields_are_chosen_by_name(void **state)
{
  static const char *const both[] = {"w", "u"}, *const missing[] = {"u", "v"};
  const PetscInt64 shape[3] = {2, 2, 2};
  SinewComparison *c;
  SinewFile file = create(0);
  PetscInt n;

  (void)state;
  write_array(file, "/fields/w", SINEW_FLOAT32, 3, shape, coarse);
  write_array(file, "/fields/u", SINEW_FLOAT64, 3, shape, coarse);
  write_array(file, "/fields/v", SINEW_FLOAT64, 3, shape, coarse);
  check_call(SinewFilePublish(&file));
  file = create(1);
  write_array(file, "/fields/w", SINEW_FLOAT64, 3, shape, coarse);
  write_array(file, "/fields/u", SINEW_FLOAT64, 3, shape, zero);
  write_array(file, "/stepper/v", SINEW_FLOAT64, 3, shape, coarse);
  check_call(SinewFilePublish(&file));
  c = compare(0, NULL, &n);
  assert_int_equal(n, 2);
  assert_string_equal(c[0].name, "u");
  assert_string_equal(c[1].name, "w");
  check_call(PetscFree(c));
  c = compare(2, both, &n);
  assert_int_equal(n, 2);
  assert_string_equal(c[0].name, "w");
  check_norms(&c[0].difference, 0, 0, 0);
  check_close(c[1].difference.max, 1111, 0);
  check_call(PetscFree(c));
  assert_null(compare(2, missing, &n));
  assert_non_null(strstr(message, "b.h5: no field 'v'"));
}

static void nothing_in_common(void **state)
{
  const PetscInt64 shape[3] = {2, 2, 2};
  SinewFile file = create(0);
  PetscInt n;

  (void)state;
  write_array(file, "/fields/w", SINEW_FLOAT64, 3, shape, coarse);
  check_call(SinewFilePublish(&file));
  write_field(1, 3, shape, coarse);
  assert_null(compare(0, NULL, &n));
  assert_non_null(strstr(message, "no common field"));
}

/* More than a slab on one rank: 9 million doubles. */
static double large(const PetscInt64 i[])
{
  return (double)(i[0] / 2 + i[1] / 2) + (i[1] % 2 ? 1 : -1);
}
static double large_coarse(const PetscInt64 i[])
{
  return (double)(i[0] + i[1]) + (i[0] == 1499 ? 1 : 0);
}

static void large_arrays_go_in_slabs(void **state)
{
  const PetscInt64 many[2] = {3000, 3000}, few[2] = {1500, 1500};
  double least, greatest, mean;
  SinewComparison *c;
  SinewFile file = create(0);

  (void)state;
  write_array(file, "/fields/u", SINEW_FLOAT32, 2, many, large);
  check_call(SinewFilePublish(&file));
  write_field(1, 2, few, large_coarse);
  c = compare_one();
  check_norms(&c->difference, 1. / 1500, sqrt(1. / 1500), 1);
  check_call(PetscFree(c));
  check_call(SinewFileOpen(PETSC_COMM_WORLD, path[0], &file));
  check_call(SinewArrayRange(PETSC_COMM_WORLD, file, "/fields/u", &least, &greatest, &mean));
  check_call(SinewFileClose(&file));
  check_close(least, -1, 0);
  check_close(greatest, 2 * 1499 + 1, 0);
  check_close(mean, 1499, 1e-9);
}

static void ranges_of_all_shapes(void **state)
{
  const PetscInt64 shape[5] = {1, 2, 3, 2, 2};
  double least, greatest, mean, number = -2.5;
  SinewArray scalar = {.name = "/stepper/dt", .dtype = SINEW_FLOAT64, .data = &number};
  SinewArray nothing = {.name = "/stepper/none", .dtype = SINEW_FLOAT64, .rank = 1, .data = &number};
  SinewFile file = create(0);

  (void)state;
  write_array(file, "/weights", SINEW_FLOAT32, 5, shape, coarse);
  check_call(SinewFileWrite(file, &scalar));
  check_call(SinewFileWrite(file, &nothing));
  check_call(SinewFilePublish(&file));
  check_call(SinewFileOpen(PETSC_COMM_WORLD, path[0], &file));
  check_call(SinewArrayRange(PETSC_COMM_WORLD, file, "/weights", &least, &greatest, &mean));
  check_all(least == 1 && greatest == 2101 && fabs(mean - 1051) < 1e-9);
  check_call(SinewArrayRange(PETSC_COMM_WORLD, file, "/stepper/dt", &least, &greatest, &mean));
  check_all(least == -2.5 && greatest == -2.5 && mean == -2.5);
  check_call(SinewArrayRange(PETSC_COMM_WORLD, file, "/stepper/none", &least, &greatest, &mean));
  check_all(isnan(least) && isnan(greatest) && isnan(mean));
  check_call(SinewFileClose(&file));
}

#define with_files(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

SINEW_TEST_MAIN(with_files(agrees_with_paper_and_pencil), with_files(equal_files_differ_by_nothing),
                with_files(the_finer_one_is_averaged), with_files(each_may_be_finer_along_one_axis),
                with_files(vectors_count_all_components), with_files(a_nan_is_seen), with_files(shapes_must_divide),
                with_files(fields_are_chosen_by_name), with_files(nothing_in_common),
                with_files(large_arrays_go_in_slabs), with_files(ranges_of_all_shapes))
