// RANKS 1 2 4
// TIMEOUT 120
/* Damaged files are found out; writes that fail leave the old file, and every rank knows. */
#include "io/publish.h"
#include "tests/io/files.h"
#include <hdf5.h>
#include <sys/mount.h>

static SinewArray line(const char *name, PetscInt64 n)
{
  SinewArray array = {.name = name, .dtype = SINEW_FLOAT64, .rank = 1, .shape = {n}};

  split(&array, 0);
  fill(&array);
  return array;
}

static void write_two(const char *path, PetscInt64 n)
{
  SinewArray a = line("/fields/rho", n), b = line("/fields/u", n);
  SinewFile file;

  check_call(SinewFileCreate(PETSC_COMM_WORLD, path, &file));
  check_call(SinewFileWrite(file, &a));
  check_call(SinewFileWrite(file, &b));
  check_call(SinewFilePublish(&file));
  free(a.data);
  free(b.data);
}

/* Where this number stands in the file. */
static long find(const char *path, double value)
{
  long at = -1;

  if (my_rank() == 0) {
    FILE *in_file = fopen(path, "rb");
    double word;

    for (long i = 0; at < 0 && !fseek(in_file, i, SEEK_SET) && fread(&word, 8, 1, in_file) == 1; i++)
      if (word == value) at = i;
    fclose(in_file);
  }
  (void)MPI_Bcast(&at, 1, MPI_LONG, 0, PETSC_COMM_WORLD);
  return at;
}

static void a_flipped_bit_names_the_array(void **state)
{
  const char *directory = scratch(), *path = in(directory, "x.h5");
  SinewArray a = line("/fields/rho", 3000), b = line("/fields/u", 3000);
  PetscBool ok;
  SinewFile file;
  char why[512];

  (void)state;
  write_two(path, 3000);
  check_call(SinewFileOpen(PETSC_COMM_WORLD, path, &file));
  check_call(SinewFileVerify(file, &ok, sizeof(why), why));
  check_all(ok && !why[0]);
  check_call(SinewFileClose(&file));
  flip(path, find(path, value_at(2711)) + 3);
  check_call(SinewFileOpen(PETSC_COMM_WORLD, path, &file));
  check_call(SinewFileVerify(file, &ok, sizeof(why), why));
  check_all(!ok && strstr(why, "x.h5: array /fields/rho is damaged (checksum 0x"));
  check_error(SinewFileRead(file, &a), SINEW_ERR_INPUT, "x.h5: array /fields/rho is damaged (checksum 0x");
  check_call(SinewFileRead(file, &b));
  check_call(SinewFileClose(&file));
  free(a.data);
  free(b.data);
  scratch_remove(directory);
}

/* Whatever bit of a file turns, opening or verifying says no. */
static void any_flipped_bit(void **state)
{
  const char *directory = scratch(), *path = in(directory, "x.h5");
  SinewArray a = line("/fields/rho", 20);
  struct stat status;
  int wrong = 0, found = 0, bytes = 0;
  SinewFile file;

  (void)state;
  write_two(path, 20);
  MPI_Barrier(PETSC_COMM_WORLD);
  stat(path, &status);
  PetscPushErrorHandler(keep_message, NULL);
  for (long at = 0; at < status.st_size; at++) {
    PetscBool ok = PETSC_FALSE;
    char why[512];

    flip(path, at);
    if (!SinewFileOpen(PETSC_COMM_WORLD, path, &file)) {
      check_call(SinewFileVerify(file, &ok, sizeof(why), why));
      if (ok && SinewFileRead(file, &a)) wrong++;
      for (PetscInt64 i = 0; ok && i < elements(&a); i++)
        wrong += ((double *)a.data)[i] != value_at(global_index(&a, i));
      check_call(SinewFileClose(&file));
    }
    found += !ok;
    bytes++;
    flip(path, at);
  }
  PetscPopErrorHandler();
  check_all(wrong == 0);
  check_all(bytes > 2 * 20 * 8 && found == bytes); /* data, attributes, padding, seal */
  flip(path, bytes - 1);                           /* both marks of the seal: it is still known to be there */
  flip(path, bytes - 80);
  check_error(SinewFileOpen(PETSC_COMM_WORLD, path, &file), SINEW_ERR_INPUT, "x.h5: truncated or damaged");
  free(a.data);
  scratch_remove(directory);
}

static void truncated_files(void **state)
{
  const char *directory = scratch(), *path = in(directory, "x.h5");
  SinewFile file;
  struct stat status;

  (void)state;
  write_two(path, 3000);
  MPI_Barrier(PETSC_COMM_WORLD);
  stat(path, &status);
  for (int part = 0; part < 4; part++) {
    MPI_Barrier(PETSC_COMM_WORLD);
    if (my_rank() == 0) assert_int_equal(truncate(path, part ? status.st_size - (part == 3 ? 1 : part * 9000) : 0), 0);
    MPI_Barrier(PETSC_COMM_WORLD);
    check_error(SinewFileOpen(PETSC_COMM_WORLD, path, &file), SINEW_ERR_INPUT, "truncated");
    if (my_rank() == 0) assert_int_equal(truncate(path, status.st_size), 0);
  }
  scratch_remove(directory);
}

/* Attributes are verified on opening; what another program writes into the file unseals it, and it is read. */
static void attributes_and_strangers(void **state)
{
  const char *directory = scratch(), *path = in(directory, "x.h5");
  SinewArray a = line("/fields/rho", 3000);
  PetscInt64 value = 0;
  PetscInt n;
  SinewFile file;
  long at;

  (void)state;
  check_call(SinewFileCreate(PETSC_COMM_WORLD, path, &file));
  check_call(SinewFileWrite(file, &a));
  check_call(SinewFileWriteReals(file, "/", "time", 1, (double[]){0.12345678}));
  check_call(
      SinewFileWriteString(file, "/", "deck", "equation: {type: euler, gamma: 1.4} # a string in a global heap"));
  check_call(SinewFilePublish(&file));
  at = find(path, 0.12345678);
  check_all(at > 0);
  flip(path, at + 2);
  check_error(SinewFileOpen(PETSC_COMM_WORLD, path, &file), SINEW_ERR_INPUT, "x.h5: damaged: attributes or structure");
  flip(path, at + 2);
  if (my_rank() == 0) {
    hid_t h5 = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), space = H5Screate(H5S_SCALAR), attribute;

    assert_true(h5 >= 0);
    attribute = H5Acreate2(h5, "note", H5T_STD_I64LE, space, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Awrite(attribute, H5T_NATIVE_INT64, (int64_t[]){7}) >= 0);
    H5Aclose(attribute);
    H5Sclose(space);
    H5Fclose(h5);
  }
  MPI_Barrier(PETSC_COMM_WORLD);
  check_call(SinewFileOpen(PETSC_COMM_WORLD, path, &file));
  check_call(SinewFileReadInts(file, "/", "note", 1, &n, &value));
  check_all(n == 1 && value == 7);
  check_call(SinewFileRead(file, &a));
  check_call(SinewFileClose(&file));
  free(a.data);
  scratch_remove(directory);
}

/* A file of a few kilobytes that claims sixteen gigabytes is not asked for them; what was never written reads as zeros.
 */
static void arrays_without_values(void **state)
{
  const char *directory = scratch(), *path = in(directory, "x.h5");
  const hsize_t many = (hsize_t)1 << 31, few = 10;
  double zeros[10] = {1};
  SinewArray a = {.name = "/few", .dtype = SINEW_FLOAT64, .rank = 1, .shape = {10}, .data = zeros};
  PetscBool exists;
  SinewVerdict result;
  SinewFile file;
  char why[512];

  (void)state;
  if (my_rank() == 0) {
    hid_t h5 = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);

    for (int k = 0; k < 2; k++) {
      const hid_t space = H5Screate_simple(1, k ? &many : &few, NULL);

      H5Dclose(H5Dcreate2(h5, k ? "many" : "few", H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
      H5Sclose(space);
    }
    H5Fclose(h5);
  }
  MPI_Barrier(PETSC_COMM_WORLD);
  check_call(SinewFileOpen(PETSC_COMM_WORLD, path, &file));
  check_call(SinewFileRead(file, &a));
  check_all(zeros[0] == 0 && zeros[9] == 0);
  check_error(SinewFileInquire(file, "/many", &exists, &a), SINEW_ERR_INPUT, "/many claims more values");
  check_call(SinewFileVerifyArray(file, "/many", &result, sizeof(why), why));
  check_all(result == SINEW_DAMAGED && strstr(why, "/many claims more values"));
  check_call(SinewFileClose(&file));
  scratch_remove(directory);
}

static double first_value(const char *path)
{
  SinewArray a = {.name = "/fields/rho", .dtype = SINEW_FLOAT64, .rank = 1};
  PetscBool exists;
  SinewFile file;
  double *data, value;

  check_call(SinewFileOpen(PETSC_COMM_WORLD, path, &file));
  check_call(SinewFileInquire(file, "/fields/rho", &exists, &a));
  data = malloc((size_t)a.shape[0] * 8);
  a.data = data;
  check_call(SinewFileRead(file, &a));
  check_call(SinewFileClose(&file));
  value = data[1];
  free(data);
  return value;
}

/* A small file whose links make it look endless: circles, and groups each of which holds the next under two names. */
static void links_that_close_circles(void **state)
{
  const char *directory = scratch(), *path = in(directory, "x.h5");
  SinewFile file;
  PetscInt count;
  char **names;

  (void)state;
  for (int ladder = 0; ladder < 2; ladder++) {
    if (my_rank() == 0) {
      hid_t h5 = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), space = H5Screate(H5S_SCALAR);
      hid_t group = H5Gcreate2(h5, "a", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);

      H5Dclose(H5Dcreate2(group, "x", H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
      assert_true(H5Lcreate_soft("/a/x", h5, "alias", H5P_DEFAULT, H5P_DEFAULT) >= 0);
      for (int i = 0; i < 2; i++)
        assert_true(H5Lcreate_soft("/", group, i ? "up" : "down", H5P_DEFAULT, H5P_DEFAULT) >= 0);
      for (int i = 0; ladder && i < 30; i++) {
        hid_t next = H5Gcreate2(group, "left", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);

        assert_true(H5Lcreate_hard(group, "left", group, "right", H5P_DEFAULT, H5P_DEFAULT) >= 0);
        H5Gclose(group);
        group = next;
      }
      H5Gclose(group);
      H5Sclose(space);
      H5Fclose(h5);
    }
    MPI_Barrier(PETSC_COMM_WORLD);
    check_call(SinewFileOpen(PETSC_COMM_WORLD, path, &file));
    if (ladder) {
      check_error(SinewFileList(file, "/", &count, &names), SINEW_ERR_INPUT, "group / is damaged");
    } else {
      check_call(SinewFileList(file, "/", &count, &names));
      check_all(count == 2 && !strcmp(names[0], "/a/x") && !strcmp(names[1], "/alias"));
      for (PetscInt i = 0; i < count; i++) check_call(PetscFree(names[i]));
      check_call(PetscFree(names));
    }
    check_call(SinewFileClose(&file));
  }
  scratch_remove(directory);
}

static void a_checksum_of_many_values(void **state)
{
  const char *directory = scratch(), *path = in(directory, "x.h5");
  SinewArray array;
  SinewFile file;
  PetscBool exists;

  (void)state;
  if (my_rank() == 0) {
    const hsize_t many = 100;
    hid_t h5 = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), space = H5Screate_simple(1, &many, NULL);
    hid_t set = H5Dcreate2(h5, "x", H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    hid_t attribute = H5Acreate2(set, "crc32c", H5T_STD_U32LE, space, H5P_DEFAULT, H5P_DEFAULT);

    assert_true(H5Awrite(attribute, H5T_NATIVE_UINT32, (uint32_t[100]){1}) >= 0);
    H5Aclose(attribute);
    H5Dclose(set);
    H5Sclose(space);
    H5Fclose(h5);
  }
  MPI_Barrier(PETSC_COMM_WORLD);
  check_call(SinewFileOpen(PETSC_COMM_WORLD, path, &file));
  check_error(SinewFileInquire(file, "/x", &exists, &array), SINEW_ERR_INPUT, "array /x is damaged");
  check_call(SinewFileClose(&file));
  scratch_remove(directory);
}

/* A process killed before it publishes, and one that thinks better of it. */
static void unpublished_leaves_the_old_file(void **state)
{
  const char *directory = scratch(), *path = in(directory, "x.h5"), *part = in(directory, "x.h5.part");
  SinewArray b = line("/fields/rho", 5000);
  SinewFile killed, closed;

  (void)state;
  write_two(path, 3000);
  for (PetscInt64 i = 0; i < elements(&b); i++) ((double *)b.data)[i] = -1;
  check_call(SinewFileCreate(PETSC_COMM_WORLD, path, &killed));
  check_call(SinewFileWrite(killed, &b));
  check_all(there_is(part));
  check_close(first_value(path), value_at(1), 0);
  check_call(SinewFileCreate(PETSC_COMM_WORLD, path, &closed)); /* a stale .part is in nobody's way */
  check_call(SinewFileWrite(closed, &b));
  check_call(SinewFileClose(&closed));
  check_all(!there_is(part));
  check_close(first_value(path), value_at(1), 0);
  write_one(path, &b);
  check_close(first_value(path), -1, 0);
  check_call(SinewFileClose(&killed));
  free(b.data);
  scratch_remove(directory);
}

static void places_that_cannot_be_written(void **state)
{
  const char *directory = scratch();
  SinewFile file;
  int fd;

  (void)state;
  if (my_rank() == 0) {
    fd = open(in(directory, "file.txt"), O_CREAT | O_WRONLY, 0666);
    close(fd);
  }
  MPI_Barrier(PETSC_COMM_WORLD);
  check_error(SinewFileCreate(PETSC_COMM_WORLD, in(directory, "file.txt/x.h5"), &file), SINEW_ERR_OUTPUT,
              "file.txt/x.h5: Not a directory");
  check_call(SinewFileClose(&file));
  check_error(SinewFileCreate(PETSC_COMM_WORLD, in(directory, "none/x.h5"), &file), SINEW_ERR_OUTPUT,
              "none/x.h5: No such file or directory");
  check_call(SinewFileClose(&file));
  check_error(SinewFileCreate(PETSC_COMM_WORLD, "/proc/x/y.h5", &file), SINEW_ERR_OUTPUT,
              "cannot write /proc/x/y.h5: No such file");
  check_call(SinewFileClose(&file));
  check_error(SinewMakeDirectory(PETSC_COMM_WORLD, in(directory, "file.txt/out")), SINEW_ERR_OUTPUT,
              "file.txt/out: Not a directory");
  check_error(SinewMakeDirectory(PETSC_COMM_WORLD, in(directory, "file.txt")), SINEW_ERR_OUTPUT, "Not a directory");
  check_error(SinewMakeDirectory(PETSC_COMM_WORLD, "/proc/x"), SINEW_ERR_OUTPUT, "cannot write /proc/x: ");
  check_call(SinewMakeDirectory(PETSC_COMM_WORLD, in(directory, "a/b/c/")));
  check_call(SinewPublishText(PETSC_COMM_WORLD, in(directory, "a/b/c/t.txt"), "hello\n"));
  check_all(there_is(in(directory, "a/b/c/t.txt")));
  check_error(SinewPublishText(PETSC_COMM_WORLD, in(directory, "file.txt/t"), "x"), SINEW_ERR_OUTPUT,
              "Not a directory");
  scratch_remove(directory);
}

/* ---- a full disk ---- */
static int mount_small(const char *directory, const char *options)
{
  int ok = 1;

  if (my_rank() == 0) ok = mount("tmpfs", directory, "tmpfs", 0, options) == 0;
  (void)MPI_Bcast(&ok, 1, MPI_INT, 0, PETSC_COMM_WORLD);
  return ok;
}

static void stuff(const char *path)
{
  if (my_rank() == 0) {
    FILE *out = fopen(path, "w");
    char block[4096] = {0};

    while (fwrite(block, sizeof(block), 1, out) == 1 && !fflush(out)) continue;
    fclose(out);
  }
  MPI_Barrier(PETSC_COMM_WORLD);
}

/* Whether the disk is full at once, at the second array, or only when the file is laid out. */
static void full_disk(void **state)
{
  const char *directory = scratch(), *path = in(directory, "x.h5"), *full = "x.h5: No space left on device";
  SinewArray big = line("/fields/rho", 200000), small = line("/fields/a", 1000);
  SinewFile file;

  (void)state;
  if (!mount_small(directory, "size=1m")) {
    free(big.data);
    free(small.data);
    scratch_remove(directory);
    skip();
  }
  write_two(path, 3000);

  check_call(SinewFileCreate(PETSC_COMM_WORLD, path, &file));
  check_error(SinewFileWrite(file, &big), SINEW_ERR_OUTPUT, full);
  check_error(SinewFileWrite(file, &small), SINEW_ERR_OUTPUT, "an earlier write failed");
  check_error(SinewFilePublish(&file), SINEW_ERR_OUTPUT, "an earlier write failed");
  check_call(SinewFileClose(&file));
  check_all(!there_is(in(directory, "x.h5.part")));

  check_call(SinewFileCreate(PETSC_COMM_WORLD, path, &file));
  check_call(SinewFileWrite(file, &small));
  for (int i = 0; i < 500; i++) check_call(SinewFileWriteInts(file, "/many/a", "b", 1, (PetscInt64[]){i}));
  for (int i = 0; i < 50; i++)
    check_call(SinewFileWriteString(file, "/many", (char[]){'k', (char)('0' + i), 0}, "abc"));
  stuff(in(directory, "stuffing"));
  check_error(SinewFilePublish(&file), SINEW_ERR_OUTPUT, full);
  check_call(SinewFileClose(&file));
  check_all(!there_is(in(directory, "x.h5.part")));
  check_close(first_value(path), value_at(1), 0);

  stuff(in(directory, "more")); /* where the .part was */
  check_error(SinewPublishText(PETSC_COMM_WORLD, in(directory, "t.txt"), "some text"), SINEW_ERR_OUTPUT,
              "No space left on device");
  check_all(!there_is(in(directory, "t.txt.part")));
  MPI_Barrier(PETSC_COMM_WORLD);
  if (my_rank() == 0) assert_int_equal(umount2(directory, MNT_DETACH), 0);
  free(big.data);
  free(small.data);
  scratch_remove(directory);
}

SINEW_TEST_MAIN(cmocka_unit_test(a_flipped_bit_names_the_array), cmocka_unit_test(any_flipped_bit),
                cmocka_unit_test(truncated_files), cmocka_unit_test(attributes_and_strangers),
                cmocka_unit_test(arrays_without_values), cmocka_unit_test(links_that_close_circles),
                cmocka_unit_test(a_checksum_of_many_values), cmocka_unit_test(unpublished_leaves_the_old_file),
                cmocka_unit_test(places_that_cannot_be_written), cmocka_unit_test(full_disk))
