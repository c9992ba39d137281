// RANKS 1 2 4
// TIMEOUT 120
/* Arrays come back as they were written, whatever the partition; what is wrong is named. */
#include "io/crc32c.h"
#include "tests/io/files.h"
#include <hdf5.h>

static SinewArray cube(PetscInt64 z, PetscInt64 y, PetscInt64 x)
{
  return (SinewArray){.name = "/fields/rho", .dtype = SINEW_FLOAT64, .rank = 3, .shape = {z, y, x}};
}

static int holds(const SinewArray *array, double tolerance)
{
  for (PetscInt64 i = 0; i < elements(array); i++) {
    const double want = value_at(global_index(array, i));
    const double have = array->dtype == SINEW_FLOAT64 ? ((double *)array->data)[i] : ((float *)array->data)[i];

    if (!(fabs(have - want) <= tolerance)) return 0;
  }
  return 1;
}

static void read_back(const char *path, SinewArray *array)
{
  SinewFile file;

  array->data = calloc((size_t)elements(array) + 1, 8);
  check_call(SinewFileOpen(PETSC_COMM_WORLD, path, &file));
  check_call(SinewFileRead(file, array));
  check_call(SinewFileClose(&file));
  check_all(holds(array, array->dtype == SINEW_FLOAT64 ? 0 : 1e-6));
  free(array->data);
}

/* The checksum attribute, read by HDF5 itself. */
static uint32_t stored_crc(const char *path, const char *name)
{
  hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), key = H5Aopen_by_name(file, name, "crc32c", 0, 0);
  uint32_t crc = 0;

  assert_true(H5Aread(key, H5T_NATIVE_UINT32, &crc) >= 0);
  H5Aclose(key);
  H5Fclose(file);
  return crc;
}

static uint32_t serial_crc(const SinewArray *array)
{
  uint32_t crc = 0;

  for (PetscInt64 i = 0; i < array->shape[0] * array->shape[1] * array->shape[2]; i++) {
    const double value = value_at(i);

    crc = SinewCrc32c(crc, &value, sizeof(value));
  }
  return crc;
}

static void written_one_way_read_another(void **state)
{
  const char *directory = scratch(), *path = in(directory, "x.h5");

  (void)state;
  for (int w = -1; w < 3; w++) {
    SinewArray array = cube(7, 9, 13);

    if (w >= 0) split(&array, w);
    double *data = fill(&array);
    write_one(path, &array);
    check_all(stored_crc(path, "/fields/rho") == serial_crc(&array));
    check_all(!there_is(in(directory, "x.h5.part")));
    free(data);
    for (int r = -1; r < 3; r++) {
      SinewArray again = cube(7, 9, 13);

      if (r >= 0) split(&again, r);
      read_back(path, &again);
      again.dtype = SINEW_FLOAT32;
      read_back(path, &again);
    }
  }
  scratch_remove(directory);
}

/* Several windows of the exchange, whose chunks end within rows. */
static void larger_than_a_window(void **state)
{
  const char *directory = scratch(), *path = in(directory, "x.h5");

  (void)state;
  for (int axis = 0; axis < 3; axis++) {
    SinewArray array = cube(101, 203, 307);

    split(&array, axis);
    double *data = fill(&array);
    write_one(path, &array);
    free(data);
    check_all(stored_crc(path, "/fields/rho") == serial_crc(&array));
    split(&array, 2 - axis);
    read_back(path, &array);
  }
  scratch_remove(directory);
}

/* Boxes with a halo overlap; boxes of a small part leave the rest alone. */
static void overlapping_and_partial_boxes(void **state)
{
  const char *directory = scratch(), *path = in(directory, "x.h5");
  SinewArray array = cube(8, 16, 12);

  (void)state;
  split(&array, 1);
  double *data = fill(&array);
  write_one(path, &array);
  free(data);
  if (array.start[1] > 0) array.start[1]--, array.count[1]++;
  if (array.start[1] + array.count[1] < 16) array.count[1]++;
  read_back(path, &array);
  array.start[0] = 3, array.count[0] = 1;
  array.start[2] = 5, array.count[2] = 2;
  read_back(path, &array);
  array.count[2] = my_rank() ? 0 : 2;
  read_back(path, &array);
  scratch_remove(directory);
}

static void all_types_and_ranks(void **state)
{
  const char *directory = scratch(), *path = in(directory, "x.h5");
  int64_t big[6] = {1ll << 60, -5, 3, 0, 7, 9}, big2[6];
  int32_t small[2] = {-3, 1 << 30}, small2[2];
  uint8_t bytes[3] = {0, 255, 17}, bytes2[3];
  float single[1] = {1.5f}, single2[1];
  double scalar = 42, scalar2, none;
  SinewArray a[] = {{.name = "/a/big", .dtype = SINEW_INT64, .rank = 2, .shape = {3, 2}, .data = big},
                    {.name = "/a/small", .dtype = SINEW_INT32, .rank = 1, .shape = {2}, .data = small},
                    {.name = "/a/b/bytes", .dtype = SINEW_UINT8, .rank = 1, .shape = {3}, .data = bytes},
                    {.name = "/single", .dtype = SINEW_FLOAT32, .rank = 6, .shape = {1, 1, 1, 1, 1, 1}, .data = single},
                    {.name = "/scalar", .dtype = SINEW_FLOAT64, .rank = 0, .data = &scalar},
                    {.name = "/none", .dtype = SINEW_FLOAT64, .rank = 2, .shape = {0, 4}, .data = &none}};
  void *out[] = {big2, small2, bytes2, single2, &scalar2, &none};
  SinewFile file;
  PetscInt count;
  char **names;

  (void)state;
  check_call(SinewFileCreate(PETSC_COMM_WORLD, path, &file));
  for (int i = 0; i < 6; i++) check_call(SinewFileWrite(file, &a[i]));
  check_call(SinewFilePublish(&file));
  check_all(file == NULL);
  check_call(SinewFileOpen(PETSC_COMM_WORLD, path, &file));
  for (int i = 0; i < 6; i++) {
    PetscBool exists;
    SinewArray found;

    check_call(SinewFileInquire(file, a[i].name, &exists, &found));
    check_all(exists && found.rank == a[i].rank && found.dtype == a[i].dtype);
    a[i].data = out[i];
    check_call(SinewFileRead(file, &a[i]));
  }
  check_all(!memcmp(big, big2, sizeof(big)) && !memcmp(small, small2, sizeof(small)));
  check_all(!memcmp(bytes, bytes2, sizeof(bytes)) && single2[0] == 1.5f && scalar2 == 42);
  check_call(SinewFileList(file, "/a", &count, &names));
  check_all(count == 3 && !strcmp(names[0], "/a/b/bytes") && !strcmp(names[2], "/a/small"));
  for (PetscInt i = 0; i < count; i++) check_call(PetscFree(names[i]));
  check_call(PetscFree(names));
  check_call(SinewFileClose(&file));
  scratch_remove(directory);
}

/* ---- what other programs wrote ---- */
static void write_foreign(const char *path)
{
  hsize_t dims[2] = {64, 32}, chunk[2] = {16, 32};
  hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), space = H5Screate_simple(2, dims, NULL);
  hid_t list = H5Pcreate(H5P_DATASET_CREATE), set, text = H5Tcopy(H5T_C_S1);
  double *data = malloc(64 * 32 * sizeof(double));
  int16_t shorts[64 * 32];

  for (int i = 0; i < 64 * 32; i++) data[i] = value_at(i), shorts[i] = (int16_t)(i - 1000);
  H5Pset_chunk(list, 2, chunk);
  H5Pset_deflate(list, 1);
  set = H5Dcreate2(file, "packed", H5T_IEEE_F64BE, space, H5P_DEFAULT, list, H5P_DEFAULT);
  assert_true(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
  H5Dclose(set);
  set = H5Dcreate2(file, "shorts", H5T_STD_I16BE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  assert_true(H5Dwrite(set, H5T_NATIVE_INT16, H5S_ALL, H5S_ALL, H5P_DEFAULT, shorts) >= 0);
  H5Dclose(set);
  set = H5Dcreate2(file, "words", text, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  H5Dclose(set);
  H5Tclose(text);
  H5Pclose(list);
  H5Sclose(space);
  H5Fclose(file);
  free(data);
}

static void files_of_other_programs(void **state)
{
  const char *directory = scratch(), *path = in(directory, "x.h5");
  SinewArray packed = {.name = "/packed", .dtype = SINEW_FLOAT64, .rank = 2, .shape = {64, 32}};
  SinewArray shorts = {.name = "/shorts", .dtype = SINEW_INT32, .rank = 2, .shape = {64, 32}}, found;
  int32_t numbers[64 * 32];
  SinewFile file;
  PetscBool exists;
  PetscInt count;
  char **names;
  int ok = 1;

  (void)state;
  if (my_rank() == 0) write_foreign(path);
  MPI_Barrier(PETSC_COMM_WORLD);
  read_back(path, &packed);
  split(&packed, 1);
  read_back(path, &packed);
  check_call(SinewFileOpen(PETSC_COMM_WORLD, path, &file));
  split(&shorts, 0);
  shorts.data = numbers;
  check_call(SinewFileRead(file, &shorts));
  for (PetscInt64 i = 0; i < elements(&shorts); i++) ok &= numbers[i] == global_index(&shorts, i) - 1000;
  check_all(ok);
  check_call(SinewFileInquire(file, "/shorts", &exists, &found));
  check_all(exists && found.dtype == SINEW_INT32);
  check_error(SinewFileInquire(file, "/words", &exists, &found), SINEW_ERR_INPUT, "words is of a type or rank");
  check_call(SinewFileList(file, "/", &count, &names));
  check_all(count == 2);
  for (PetscInt i = 0; i < count; i++) check_call(PetscFree(names[i]));
  check_call(PetscFree(names));
  check_call(SinewFileClose(&file));
  scratch_remove(directory);
}

/* ---- attributes ---- */
static void attributes(void **state)
{
  const char *directory = scratch(), *path = in(directory, "x.h5");
  const double reals[3] = {0.1, -1e300, 3}, one = 0.25;
  const PetscInt64 ints[2] = {-7, (PetscInt64)1 << 62};
  double reals2[3];
  PetscInt64 ints2[2];
  char *deck = malloc(200001), *text;
  SinewFile file;
  PetscInt n;

  (void)state;
  memset(deck, 'x', 200000);
  deck[200000] = 0;
  check_call(SinewFileCreate(PETSC_COMM_WORLD, path, &file));
  check_call(SinewFileWriteString(file, "/", "deck", deck));
  check_call(SinewFileWriteString(file, "/", "title", "old"));
  check_call(SinewFileWriteString(file, "/", "title", "Sinus f\xc3\xbcr x"));
  check_call(SinewFileWriteString(file, "/", "empty", ""));
  check_call(SinewFileWriteReals(file, "/stepper/ssp", "dt", 3, reals));
  check_call(SinewFileWriteReals(file, "/", "time", 1, &one));
  check_call(SinewFileWriteInts(file, "/stepper", "rng", 2, ints));
  check_call(SinewFilePublish(&file));
  check_call(SinewFileOpen(PETSC_COMM_WORLD, path, &file));
  check_call(SinewFileReadString(file, "/", "deck", &text));
  check_all(!strcmp(text, deck));
  check_call(PetscFree(text));
  check_call(SinewFileReadString(file, "/", "title", &text));
  check_all(!strcmp(text, "Sinus f\xc3\xbcr x"));
  check_call(PetscFree(text));
  check_call(SinewFileReadString(file, "/", "empty", &text));
  check_all(text && !text[0]);
  check_call(PetscFree(text));
  check_call(SinewFileReadString(file, "/", "nothing", &text));
  check_all(!text);
  check_call(SinewFileReadString(file, "/not/there", "nothing", &text));
  check_all(!text);
  check_call(SinewFileReadReals(file, "/stepper/ssp", "dt", 3, &n, reals2));
  check_all(n == 3 && !memcmp(reals, reals2, sizeof(reals)));
  check_call(SinewFileReadReals(file, "/", "time", 3, &n, reals2));
  check_all(n == 1 && reals2[0] == 0.25);
  check_call(SinewFileReadReals(file, "/", "nothing", 3, &n, reals2));
  check_all(n == 0);
  check_call(SinewFileReadInts(file, "/stepper", "rng", 2, &n, ints2));
  check_all(n == 2 && !memcmp(ints, ints2, sizeof(ints)));
  check_error(SinewFileReadReals(file, "/stepper/ssp", "dt", 2, &n, reals2), SINEW_ERR_INPUT,
              "x.h5: attribute dt of /stepper/ssp has 3 entries, expected at most 2");
  check_error(SinewFileReadReals(file, "/", "title", 2, &n, reals2), SINEW_ERR_INPUT, "is not made of numbers");
  check_call(SinewFileClose(&file));
  free(deck);
  scratch_remove(directory);
}

/* ---- mistakes ---- */
static void wrong_names_and_shapes(void **state)
{
  const char *directory = scratch(), *path = in(directory, "x.h5");
  SinewArray array = cube(2, 4, 5), other = cube(2, 4, 6);
  SinewFile file;

  (void)state;
  split(&array, 1);
  double *data = fill(&array);
  write_one(path, &array);
  check_error(SinewFileOpen(PETSC_COMM_WORLD, in(directory, "y.h5"), &file), SINEW_ERR_INPUT,
              "y.h5: No such file or directory");
  check_all(file == NULL);
  check_call(SinewFileOpen(PETSC_COMM_WORLD, path, &file));
  other.data = data;
  check_error(SinewFileRead(file, &other), SINEW_ERR_INPUT, "x.h5: array /fields/rho has shape 2x4x5, expected 2x4x6");
  other.name = "/fields/u";
  check_error(SinewFileRead(file, &other), SINEW_ERR_INPUT, "x.h5: no array /fields/u");
  other.name = "/nowhere/u";
  check_error(SinewFileRead(file, &other), SINEW_ERR_INPUT, "x.h5: no array /nowhere/u");
  check_call(SinewFileRead(file, &array)); /* a mistake spoils nothing */
  check_all(holds(&array, 0));
  check_call(SinewFileClose(&file));
  check_call(SinewFileCreate(PETSC_COMM_WORLD, path, &file));
  check_call(SinewFileWrite(file, &array));
  check_error(SinewFileWrite(file, &array), SINEW_ERR_OUTPUT, "array /fields/rho cannot be made");
  check_call(SinewFileClose(&file));
  read_back(path, &array);
  free(data);
  scratch_remove(directory);
}

SINEW_TEST_MAIN(cmocka_unit_test(written_one_way_read_another), cmocka_unit_test(larger_than_a_window),
                cmocka_unit_test(overlapping_and_partial_boxes), cmocka_unit_test(all_types_and_ranks),
                cmocka_unit_test(files_of_other_programs), cmocka_unit_test(attributes),
                cmocka_unit_test(wrong_names_and_shapes))
