// RANKS 1 2 4
// LEAKS it is given files that are refused
/* Data sets: what is read is what was written, in every layout, on any number of ranks; and what is refused. */
#include "io/random.h"
#include "neural/dataset.h"
#include "tests/neural/dataset_files.h"

static const char *const smoke[] = {"u", "vx", "vy", NULL};
static const char *const gas[] = {"D", "P", "Vx", "Vy", NULL};

static SinewDatasetOptions arena(const char *const *file, PetscInt files, const char *part)
{
  return (SinewDatasetOptions){
      .files = files, .file = file, .scalars = 1, .vectors = 1, .scalar = smoke, .vector = smoke + 1, .part = part};
}

/* Two files a part, as in PDEArena: 3 + 2 trajectories of 6 frames of 12 x 20 cells. */
static void write_arena(const char *directory, int chunked)
{
  const char *first = in(directory, "ns_train_1.h5"), *second = in(directory, "ns_train_2.h5");

  write_arrays(&(Arrays){first, "train", smoke, 0, 3, 6, 12, 20, 0, chunked, 0});
  write_arrays(&(Arrays){second, "train", smoke, 3, 2, 6, 12, 20, 0, chunked, 0});
  write_arrays(&(Arrays){in(directory, "ns_valid_1.h5"), "valid", smoke, 9, 1, 6, 12, 20, 0, chunked, 0});
}

/* Reads this rank's box of some samples and compares each value with the formula. */
static void check_box(SinewDataset d, SinewLayout layout, int scalars, int first, double tolerance)
{
  const SinewBox box = SinewLayoutBox(layout);
  const SinewSample sample[2] = {{.trajectory = 0, .first = 1, .count = 2, .stride = 3},
                                 {.trajectory = 4, .first = 3, .count = 2}};
  double *planes = malloc(sizeof(double) * (size_t)(4 * (scalars + 2) * box.ny * box.nx + 1)), *at = planes;
  int good = 1;

  check_call(SinewDatasetAdvise(d, box, 2, sample));
  check_call(SinewDatasetRead(d, PETSC_COMM_WORLD, box, 2, sample, planes));
  for (int s = 0; s < 2; s++)
    for (int f = 0; f < 2; f++)
      for (int c = 0; c < scalars + 2; c++)
        for (int y = 0; y < box.ny; y++)
          for (int x = 0; x < box.nx; x++, at++) {
            const int frame = (int)sample[s].first + f * (s ? 1 : 3);

            good &= fabs(*at - truth(first + (int)sample[s].trajectory, frame, c, (int)box.y + y, (int)box.x + x)) <=
                    tolerance;
          }
  check_all(good);
  free(planes);
}

static void check_arena(int chunked)
{
  const char *directory = scratch(), *const pattern[] = {in(directory, "ns_train_*.h5")};
  SinewDatasetOptions options = arena(pattern, 1, "train");
  SinewDatasetShape shape;
  SinewLayout layout;
  SinewDataset d;

  write_arena(directory, chunked);
  options.parameter = "buo_y";
  check_call(SinewDatasetOpen(PETSC_COMM_WORLD, &options, &d));
  check_call(SinewDatasetGetShape(d, &shape));
  check_all(shape.trajectories == 5 && shape.frames == 6 && shape.ny == 12 && shape.nx == 20);
  check_all(shape.components == 3 && shape.scalars == 1);
  check_close(shape.step, 1.5, 1e-15);
  check_close(SinewDatasetParameter(d, 4), 0.24, 1e-15);
  check_call(SinewLayoutCreate(PETSC_COMM_WORLD, 12, 20, PETSC_TRUE, 1, &layout));
  check_box(d, layout, 1, 0, 1e-14);
  check_call(SinewLayoutDestroy(&layout));
  check_call(SinewDatasetClose(&d));
  scratch_remove(directory);
}

static void reads_arena(void **state)
{
  (void)state;
  check_arena(0);
}

static void reads_compressed(void **state)
{
  (void)state;
  check_arena(1);
}

/* float32, an axis of 1 at the end, several keys of one part in a file. */
static void reads_bench(void **state)
{
  const char *directory = scratch(), *const file[] = {in(directory, "cfd.h5")};
  const SinewDatasetOptions options = {
      .files = 1, .file = file, .scalars = 2, .vectors = 1, .scalar = gas, .vector = gas + 2, .part = "test"};
  SinewLayout layout;
  SinewDataset d;

  (void)state;
  write_arrays(&(Arrays){file[0], "test/30000", gas, 0, 3, 5, 8, 16, 1, 0, H5T_IEEE_F32LE});
  write_arrays(&(Arrays){file[0], "test/30001", gas, 3, 3, 5, 8, 16, 1, 0, H5T_IEEE_F32BE});
  write_arrays(&(Arrays){file[0], "train/10000", gas, 9, 3, 5, 8, 16, 1, 0, H5T_IEEE_F32LE});
  check_call(SinewDatasetOpen(PETSC_COMM_WORLD, &options, &d));
  check_call(SinewLayoutCreate(PETSC_COMM_WORLD, 8, 16, PETSC_FALSE, 1, &layout));
  check_box(d, layout, 2, 0, 1e-6);
  check_call(SinewLayoutDestroy(&layout));
  check_call(SinewDatasetClose(&d));
  scratch_remove(directory);
}

/* One group a trajectory, components last, arrays [y][x]. */
static void reads_components_last(void **state)
{
  static const char *const name[] = {"data[0]", "data[1]"};
  const char *directory = scratch(), *const file[] = {in(directory, "reaction.h5")};
  const SinewDatasetOptions options = {
      .files = 1, .file = file, .scalars = 2, .scalar = name, .axes_yx = PETSC_TRUE, .from = 0, .to = 0};
  double planes[2 * 6 * 4];
  SinewDatasetShape shape;
  SinewDataset d;
  int good = 1;

  (void)state;
  if (my_rank() == 0) {
    hid_t h5 = H5Fcreate(file[0], H5F_ACC_EXCL, H5P_DEFAULT, H5P_DEFAULT);
    const hsize_t four[4] = {3, 6, 4, 2};
    double data[3 * 6 * 4 * 2];

    for (int i = 0; i < 3 * 6 * 4 * 2; i++) data[i] = i;
    write_set(h5, "0000/data", 4, four, data, 0, 0);
    write_set(h5, "0001/data", 4, four, data, 0, 0);
    H5Fclose(h5);
  }
  MPI_Barrier(PETSC_COMM_WORLD);
  check_call(SinewDatasetOpen(PETSC_COMM_WORLD, &options, &d));
  check_call(SinewDatasetGetShape(d, &shape));
  check_all(shape.trajectories == 2 && shape.frames == 3 && shape.ny == 6 && shape.nx == 4 && shape.step == 0);
  check_call(SinewDatasetRead(d, PETSC_COMM_SELF, (SinewBox){0, 0, 6, 4}, 1,
                              &(SinewSample){.trajectory = 1, .first = 2, .count = 1}, planes));
  for (int c = 0; c < 2; c++)
    for (int i = 0; i < 24; i++) good &= planes[c * 24 + i] == 2 * 48 + 2 * i + c;
  check_all(good);
  check_call(SinewDatasetClose(&d));
  scratch_remove(directory);
}

/* Parts by fractions hold every trajectory once. */
static void splits_by_permutation(void **state)
{
  const char *directory = scratch();
  const char *const file[] = {in(directory, "ns_train_1.h5"), in(directory, "ns_train_2.h5")};
  const PetscReal cut[] = {0, 0.6, 0.8, 1};
  int seen[5] = {0}, counted = 0;

  (void)state;
  write_arena(directory, 0);
  for (int p = 0; p < 3; p++) {
    SinewDatasetOptions options = arena(file, 2, NULL);
    SinewDatasetShape shape;
    SinewDataset d;

    options.from = cut[p];
    options.to = cut[p + 1];
    options.seed = 7;
    check_call(SinewDatasetOpen(PETSC_COMM_WORLD, &options, &d));
    check_call(SinewDatasetGetShape(d, &shape));
    for (PetscInt t = 0; t < shape.trajectories; t++, counted++) {
      double value[3];
      const SinewSample sample = {.trajectory = t, .count = 1};

      check_call(SinewDatasetRead(d, PETSC_COMM_WORLD, (SinewBox){0, 0, 1, 1}, 1, &sample, value));
      seen[(int)lround(10 * (value[0] - truth(0, 0, 0, 0, 0)))]++;
    }
    check_call(SinewDatasetClose(&d));
  }
  check_all(counted == 5);
  for (int t = 0; t < 5; t++) check_all(seen[t] == 1);
  scratch_remove(directory);
}

/* Against the definition, by reading the whole map. */
static void check_moved(SinewDataset d, SinewLayout layout, PetscBool faces)
{
  const SinewSample raw = {.trajectory = 1, .first = 2, .count = 1},
                    moved = {1, 2, 1, 1, {5, -3}, {PETSC_TRUE, PETSC_TRUE}};
  const SinewBox box = SinewLayoutBox(layout);
  const int ny = 12, nx = 20;
  double *whole = malloc(sizeof(double) * 3 * 12 * 20), *planes = malloc(sizeof(double) * 3 * 12 * 20), *at = planes;
  int good = 1;

  check_call(SinewDatasetRead(d, PETSC_COMM_WORLD, (SinewBox){0, 0, ny, nx}, 1, &raw, whole));
  check_call(SinewDatasetRead(d, PETSC_COMM_WORLD, box, 1, &moved, planes));
  for (int c = 0; c < 3; c++)
    for (int y = 0; y < box.ny; y++)
      for (int x = 0; x < box.nx; x++, at++) {
        const int j = ((int)box.y + y - 5 + ny) % ny, i = ((int)box.x + x + 3) % nx;
        const int fj = faces && c == 2 ? (ny - j) % ny : ny - 1 - j, fi = faces && c == 1 ? (nx - i) % nx : nx - 1 - i;

        good &= *at == (c ? -1 : 1) * whole[(c * ny + fj) * nx + fi];
      }
  check_all(good);
  free(planes);
  free(whole);
}

static void augments(void **state)
{
  const char *directory = scratch(), *const pattern[] = {in(directory, "*.h5")};
  SinewDatasetOptions options = arena(pattern, 1, "train");
  SinewLayout layout;
  SinewDataset d;

  (void)state;
  write_arena(directory, 0);
  check_call(SinewLayoutCreate(PETSC_COMM_WORLD, 12, 20, PETSC_TRUE, 1, &layout));
  for (int faces = 0; faces < 2; faces++) {
    options.faces = (PetscBool)faces;
    check_call(SinewDatasetOpen(PETSC_COMM_WORLD, &options, &d));
    check_moved(d, layout, options.faces);
    check_call(SinewDatasetClose(&d));
  }
  check_call(SinewLayoutDestroy(&layout));
  scratch_remove(directory);
}

/* Moments against sums over the formula, and what is read after normalising with them. */
static void normalizes(void **state)
{
  const char *directory = scratch(), *const pattern[] = {in(directory, "*.h5")};
  const SinewDatasetOptions options = arena(pattern, 1, "train");
  PetscReal mean[3], sd[3], again[3], deviation[3];
  SinewDataset d;
  double value;

  (void)state;
  write_arena(directory, 0);
  check_call(SinewDatasetOpen(PETSC_COMM_WORLD, &options, &d));
  check_call(SinewDatasetMoments(d, PETSC_COMM_WORLD, mean, sd));
  for (int c = 0; c < 3; c++) {
    double sum = 0, square = 0, m;
    const int n = 5 * 6 * 12 * 20;

    for (int i = 0; i < n; i++) sum += truth(i / 1440, i / 240 % 6, c, i / 20 % 12, i % 20);
    m = sum / n;
    for (int i = 0; i < n; i++) square += pow(truth(i / 1440, i / 240 % 6, c, i / 20 % 12, i % 20) - m, 2);
    check_close(mean[c], m, 1e-13);
    check_close(sd[c], sqrt(square / (n - 1)), 1e-13);
  }
  check_call(SinewDatasetNormalize(d, mean, sd));
  check_call(SinewDatasetRead(d, PETSC_COMM_WORLD, (SinewBox){3, 4, 1, 1}, 0, NULL, NULL));
  {
    const SinewSample sample = {.trajectory = 2, .first = 5, .count = 1};
    double planes[3];

    check_call(SinewDatasetRead(d, PETSC_COMM_WORLD, (SinewBox){3, 4, 1, 1}, 1, &sample, planes));
    value = (truth(2, 5, 1, 3, 4) - mean[1]) / sd[1];
    check_close(planes[1], value, 1e-15);
  }
  check_call(SinewDatasetMoments(d, PETSC_COMM_SELF, again, deviation)); /* of raw values still; one rank's sums */
  for (int c = 0; c < 3; c++) {
    check_close(again[c], mean[c], 1e-14);
    check_close(deviation[c], sd[c], 1e-14);
  }
  check_call(SinewDatasetClose(&d));
  scratch_remove(directory);
}

static void draws(void **state)
{
  const char *directory = scratch(), *const pattern[] = {in(directory, "*.h5")};
  const SinewDatasetOptions options = arena(pattern, 1, "train");
  const SinewAugmentation augment = {{PETSC_FALSE, PETSC_TRUE}, {PETSC_TRUE, PETSC_FALSE}};
  int visits[5] = {0}, first[3] = {0}, moved = 0, flipped = 0, same = 0;
  SinewSample one, other;
  SinewDataset d;

  (void)state;
  write_arena(directory, 0);
  check_call(SinewDatasetOpen(PETSC_COMM_WORLD, &options, &d));
  for (PetscInt64 epoch = 0; epoch < 10; epoch++)
    for (PetscInt64 k = 0; k < 30; k++) {
      check_call(SinewDatasetDraw(d, 3, epoch, k, 4, &augment, &one));
      check_call(SinewDatasetDraw(d, 3, epoch + 1, k, 4, &augment, &other));
      check_all(one.first >= 0 && one.first <= 2 && one.count == 4 && !one.flip[1] && !one.shift[0]);
      check_all(one.shift[1] >= 0 && one.shift[1] < 20);
      if (!epoch) visits[one.trajectory]++;
      first[one.first]++;
      moved += one.shift[1] != 0;
      flipped += one.flip[0] ? 1 : 0;
      same += one.trajectory == other.trajectory;
    }
  for (int t = 0; t < 5; t++) check_all(visits[t] == 6);
  for (int f = 0; f < 3; f++) check_all(first[f] > 70 && first[f] < 130);
  check_all(moved > 260 && flipped > 110 && flipped < 190 && same < 100);
  check_call(SinewDatasetClose(&d));
  scratch_remove(directory);
}

/* A permutation: every index once, for sizes on both sides of a power of four. */
static void permutes(void **state)
{
  (void)state;
  for (PetscInt64 n = 1; n < 300; n += 7) {
    char seen[300] = {0};
    int once = 1, fixed = 0;

    for (PetscInt64 i = 0; i < n; i++) {
      const PetscInt64 j = SinewPermute(11, 5, n, i);

      once &= j >= 0 && j < n && !seen[j];
      if (j >= 0 && j < n) seen[j] = 1;
      fixed += i == j;
    }
    check_all(once && (n < 20 || fixed < 8));
  }
}

/* ---- what is refused ---- */

static void refuse(const SinewDatasetOptions *options, const char text[])
{
  SinewDataset d = NULL;

  check_error(SinewDatasetOpen(PETSC_COMM_WORLD, options, &d), SINEW_ERR_INPUT, text);
}

static void refuses_files(void **state)
{
  static const char *const typo[] = {"bou_y", "vx", "vy"}, *const absent[] = {"u", "vx", "vz"};
  const char *directory = scratch();
  const char *const file[] = {in(directory, "ns_train_1.h5"), in(directory, "other.h5")};
  const char *const missing[] = {in(directory, "nowhere.h5")};
  SinewDatasetOptions options = arena(file, 1, "train");

  (void)state;
  write_arena(directory, 0);
  write_arrays(&(Arrays){file[1], "train", smoke, 0, 3, 6, 12, 24, 0, 0, 0});
  options.least = 7;
  refuse(&options, "has 6 frames, of which 6 are taken; 7 are needed");
  options = arena(file, 1, "test");
  refuse(&options, "which trajectories are test");
  options = arena(file, 1, "train");
  options.scalar = typo;
  refuse(&options, "ns_train_1.h5: no array bou_y in any group: did you mean buo_y?");
  options = arena(file, 1, "train");
  options.vector = absent + 1;
  refuse(&options, "ns_train_1.h5: no array /train/vz");
  options = arena(file, 2, "train");
  refuse(&options, "other.h5: array train/u: has 6 frames of 24 x 12 cells, expected 6 of 20 x 12 as in");
  options = arena(missing, 1, "train");
  refuse(&options, "nowhere.h5: No such file");
  scratch_remove(directory);
}

static void refuses_values(void **state)
{
  const char *directory = scratch(), *const file[] = {in(directory, "ns_train_1.h5")};
  const SinewDatasetOptions options = arena(file, 1, "train");
  const SinewSample sample = {.trajectory = 1, .first = 2, .count = 2},
                    beyond = {.trajectory = 1, .first = 5, .count = 2};
  const SinewBox map = {0, 0, 12, 20};
  double *planes = malloc(sizeof(double) * 6 * 240);
  SinewDataset d;

  (void)state;
  write_arena(directory, 0);
  if (my_rank() == 0) {
    const hsize_t at[4] = {1, 3, 7, 4}, one[4] = {1, 1, 1, 1};
    const double bad = NAN;
    hid_t h5 = H5Fopen(file[0], H5F_ACC_RDWR, H5P_DEFAULT), set = H5Dopen2(h5, "train/vx", H5P_DEFAULT);
    hid_t space = H5Dget_space(set), memory = H5Screate_simple(4, one, NULL);

    H5Sselect_hyperslab(space, H5S_SELECT_SET, at, NULL, one, NULL);
    H5Dwrite(set, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, &bad);
    H5Sclose(memory), H5Sclose(space), H5Dclose(set), H5Fclose(h5);
  }
  MPI_Barrier(PETSC_COMM_WORLD);
  check_call(SinewDatasetOpen(PETSC_COMM_WORLD, &options, &d));
  check_error(SinewDatasetRead(d, PETSC_COMM_WORLD, map, my_rank() == all_ranks() - 1, &sample, planes),
              SINEW_ERR_INPUT, "ns_train_1.h5: array train/vx[1, 3, 7, 4]: expected a finite number, found");
  check_error(SinewDatasetRead(d, PETSC_COMM_WORLD, map, 1, &beyond, planes), SINEW_ERR_INPUT,
              "has 3 trajectories of 6 frames");
  check_call(SinewDatasetClose(&d));
  free(planes);
  scratch_remove(directory);
}

static void refuses_damage(void **state)
{
  const char *directory = scratch(), *const file[] = {in(directory, "ns_train_1.h5")};
  const char *const whole[] = {in(directory, "integers_train.h5")};
  SinewDatasetOptions options = arena(file, 1, "train");
  struct stat status;

  (void)state;
  write_arena(directory, 0);
  MPI_Barrier(PETSC_COMM_WORLD);
  if (my_rank() == 0) assert_int_equal(stat(file[0], &status) || truncate(file[0], status.st_size - 9000), 0);
  MPI_Barrier(PETSC_COMM_WORLD);
  refuse(&options, "ns_train_1.h5: not an HDF5 file or truncated");
  write_arrays(&(Arrays){whole[0], "train", smoke, 0, 1, 6, 12, 20, 0, 0, H5T_STD_I32LE});
  options = arena(whole, 1, "train");
  refuse(&options, "array /train/u: expected real numbers, found integers");
  scratch_remove(directory);
}

SINEW_TEST_MAIN(cmocka_unit_test(reads_arena), cmocka_unit_test(reads_compressed), cmocka_unit_test(reads_bench),
                cmocka_unit_test(reads_components_last), cmocka_unit_test(splits_by_permutation),
                cmocka_unit_test(augments), cmocka_unit_test(normalizes), cmocka_unit_test(draws),
                cmocka_unit_test(permutes), cmocka_unit_test(refuses_files), cmocka_unit_test(refuses_values),
                cmocka_unit_test(refuses_damage))
