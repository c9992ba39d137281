// Nearest neighbours of distributed points: against brute force, on any number of ranks; halo values and their adjoint.
// RANKS 1 2 4
#include "io/random.h"
#include "neural/neighbours.h"
#include "tests/harness.h"
#include <string.h>

enum { SAMPLES = 2 };

/* All points, known to every rank; which of them a rank owns is a matter of the case. */
typedef struct {
  PetscInt n;
  double *at;
  PetscInt *sample;
} Cloud;

typedef struct {
  SinewNodes points;
  double *at;
  PetscInt64 *number;
  PetscInt *sample;
} Part;

static void place(const char *kind, PetscInt n, PetscInt i, double at[2])
{
  const PetscInt side = (PetscInt)sqrt((double)n);

  for (int d = 0; d < 2; d++) at[d] = SinewUniform(3, d, i);
  if (!strcmp(kind, "lattice")) {
    at[0] = (double)(i % side) / (double)(side - 1);
    at[1] = (double)(i / side) / (double)(side - 1);
  } else if (!strcmp(kind, "clustered")) /* most within a hundredth of a corner, some outside the square */
    for (int d = 0; d < 2; d++) at[d] = i % 7 ? at[d] * at[d] * at[d] * 0.05 : 1.4 * at[d] - 0.2;
  else if (!strcmp(kind, "line"))
    at[1] = 0.5;
}

static Cloud make_cloud(const char *kind, PetscInt n)
{
  Cloud c = {.n = n * SAMPLES,
             .at = malloc(sizeof(double) * (size_t)(2 * n * SAMPLES)),
             .sample = malloc(sizeof(PetscInt) * (size_t)(n * SAMPLES))};

  for (PetscInt i = 0; i < c.n; i++) {
    c.sample[i] = i / n;
    place(kind, n, strcmp(kind, "lattice") ? i : i % n, c.at + 2 * i);
  }
  return c;
}

/* Which rank owns a point: strips of x, or at random. */
static int owner(const Cloud *c, PetscInt i, PetscBool strips, int ranks)
{
  const double x = strips ? c->at[2 * i] : SinewUniform(5, 0, i);

  return PetscMax(0, PetscMin((int)(x * ranks), ranks - 1));
}

static Part make_part(const Cloud *c, PetscBool strips)
{
  int rank, ranks;
  Part p = {.at = malloc(sizeof(double) * (size_t)(2 * c->n)),
            .number = malloc(sizeof(PetscInt64) * (size_t)c->n),
            .sample = malloc(sizeof(PetscInt) * (size_t)c->n)};
  PetscInt k = 0;

  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  MPI_Comm_size(PETSC_COMM_WORLD, &ranks);
  for (PetscInt i = 0; i < c->n; i++) {
    if (owner(c, i, strips, ranks) != rank) continue;
    p.at[2 * k] = c->at[2 * i];
    p.at[2 * k + 1] = c->at[2 * i + 1];
    p.sample[k] = c->sample[i];
    p.number[k++] = i;
  }
  p.points = (SinewNodes){.count = k, .at = p.at, .number = p.number, .sample = p.sample};
  return p;
}

static void free_part(Part *p)
{
  free(p->at);
  free(p->number);
  free(p->sample);
}

/* Squares are compared to 37 bits, as the header says. */
static double coarse(double square)
{
  int e;
  const double m = frexp(square, &e);

  return ldexp(nearbyint(ldexp(m, 37)), e - 37);
}

static double separation(const double a[2], const double b[2], double period)
{
  double sum = 0;

  for (int d = 0; d < 2; d++) {
    double x = a[d] - b[d];

    if (period > 0) x -= period * nearbyint(x / period);
    sum += x * x;
  }
  return sum;
}

/* The next neighbour after (last, number) in the order of distance and number. */
static PetscInt64 next_best(const Cloud *c, const double q[2], PetscInt sample, PetscInt64 self, double period,
                            double last, PetscInt64 number, double *distance)
{
  PetscInt64 found = -1;

  *distance = INFINITY;
  for (PetscInt i = 0; i < c->n; i++) {
    const double d = coarse(separation(q, c->at + 2 * i, period));

    if (c->sample[i] != sample || i == self || d < last || (d == last && i <= number)) continue;
    if (d < *distance) {
      *distance = d;
      found = i;
    }
  }
  return found;
}

/* Of every 'stride'-th query of this rank, all neighbours. */
static void compare(SinewNeighbours n, const Cloud *c, const Part *queries, PetscBool itself, double period,
                    PetscInt stride)
{
  const PetscInt k = SinewNeighboursDegree(n), *index = SinewNeighboursIndex(n);
  const double *shift = SinewNeighboursShift(n), *at = SinewNeighboursAt(n);
  const PetscInt64 *number = SinewNeighboursNumber(n);
  PetscInt wrong = 0;

  for (PetscInt i = 0; i < queries->points.count; i += stride) {
    const double *q = queries->at + 2 * i;
    double last = -1;
    PetscInt64 best = -1;

    for (PetscInt j = 0; j < k; j++) {
      const PetscInt row = index[i * k + j];
      double distance, image[2] = {at[2 * row], at[2 * row + 1]};

      best = next_best(c, q, queries->sample[i], itself ? -1 : queries->number[i], period, last, best, &distance);
      last = distance;
      wrong += number[row] != best;
      for (int d = 0; shift && d < 2; d++) image[d] -= shift[2 * (i * k + j) + d];
      wrong += fabs(separation(q, image, 0) - distance) > 1e-10;
    }
  }
  check_all(wrong == 0);
}

/* Halo rows get their owners' values; the sum over the halo is the adjoint of that. */
static void check_halo(SinewNeighbours n, SinewDtype dtype, PetscInt width)
{
  const PetscInt rows = SinewNeighboursRows(n), own = SinewNeighboursOwned(n);
  const PetscInt64 *number = SinewNeighboursNumber(n);
  double *wide = malloc(sizeof(double) * (size_t)(rows * width + 1)), sum[2] = {0};
  float *narrow = malloc(sizeof(float) * (size_t)(rows * width + 1));
  void *values = dtype == SINEW_FLOAT32 ? (void *)narrow : (void *)wide;
  PetscInt wrong = 0;

  for (PetscInt i = 0; i < rows * width; i++)
    wide[i] = narrow[i] = i < own * width ? (float)((double)number[i / width] + 0.25 * (double)(i % width)) : -7.f;
  check_call(SinewNeighboursGather(n, dtype, width, values));
  for (PetscInt i = 0; i < rows * width; i++) {
    const double v = dtype == SINEW_FLOAT32 ? (double)narrow[i] : wide[i];

    wrong += v != (double)number[i / width] + 0.25 * (double)(i % width);
  }
  check_all(wrong == 0);
  for (PetscInt i = 0; i < rows * width; i++) { /* <G x, y> for y = 1 + row mod 3 */
    const double y = (double)(1 + i % 3);

    sum[0] += y * ((double)number[i / width] + 0.25 * (double)(i % width));
    wide[i] = narrow[i] = (float)y;
  }
  check_call(SinewNeighboursScatter(n, dtype, width, values));
  for (PetscInt i = 0; i < own * width; i++)
    sum[1] += (dtype == SINEW_FLOAT32 ? (double)narrow[i] : wide[i]) *
              ((double)number[i / width] + 0.25 * (double)(i % width));
  MPI_Allreduce(MPI_IN_PLACE, sum, 2, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD);
  check_close(sum[0], sum[1], 1e-12 * fabs(sum[0]));
  free(wide);
  free(narrow);
}

static void check_cloud(const char *kind, PetscInt count, PetscInt k, double period, PetscBool strips)
{
  const double periods[2] = {period, period};
  Cloud c = make_cloud(kind, count);
  Part p = make_part(&c, strips);
  SinewNeighbours n;

  for (int itself = 0; itself < 2; itself++) {
    check_call(SinewNeighboursCreate(PETSC_COMM_WORLD, k, periods, (PetscBool)itself, &n));
    for (int again = 0; again < 2; again++) check_call(SinewNeighboursFind(n, SAMPLES, &p.points, &p.points));
    compare(n, &c, &p, (PetscBool)itself, period, 3);
    for (PetscInt width = 1; width < 4; width += 2) {
      check_halo(n, SINEW_FLOAT64, width);
      check_halo(n, SINEW_FLOAT32, width);
    }
    check_call(SinewNeighboursDestroy(&n));
  }
  free_part(&p);
  free(c.at);
  free(c.sample);
}

static void equals_brute_force(void **state)
{
  const char *const kinds[] = {"random", "lattice", "clustered", "line"};

  (void)state;
  for (int i = 0; i < 4; i++)
    for (int strips = 0; strips < 2; strips++) check_cloud(kinds[i], 400, 12, 0, (PetscBool)strips);
  check_cloud("random", 1500, 35, 0, PETSC_TRUE);
}

static void equals_brute_force_around_a_torus(void **state)
{
  (void)state;
  for (int strips = 0; strips < 2; strips++) {
    check_cloud("random", 400, 12, 1, (PetscBool)strips);
    check_cloud("clustered", 400, 12, 1, (PetscBool)strips);
    check_cloud("random", 30, 25, 1, (PetscBool)strips); /* rings that meet behind */
  }
}

/* Queries that are not the sources: from one cloud into another. */
static void finds_in_another_set(void **state)
{
  Cloud c = make_cloud("clustered", 500), d = make_cloud("random", 100);
  Part p = make_part(&c, PETSC_TRUE), q = make_part(&d, PETSC_FALSE);
  SinewNeighbours n;

  (void)state;
  check_call(SinewNeighboursCreate(PETSC_COMM_WORLD, 30, NULL, PETSC_TRUE, &n));
  check_call(SinewNeighboursFind(n, SAMPLES, &q.points, &p.points));
  compare(n, &c, &q, PETSC_TRUE, 0, 1);
  check_call(SinewNeighboursDestroy(&n));
  free_part(&p);
  free_part(&q);
  free(c.at);
  free(c.sample);
  free(d.at);
  free(d.sample);
}

static void says_what_cannot_be(void **state)
{
  Cloud c = make_cloud("random", 8);
  Part p = make_part(&c, PETSC_TRUE);
  SinewNeighbours n;

  (void)state;
  check_call(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  check_call(SinewNeighboursCreate(PETSC_COMM_WORLD, 8, NULL, PETSC_FALSE, &n));
  assert_int_equal(SinewNeighboursFind(n, SAMPLES, &p.points, &p.points), SINEW_ERR_INPUT);
  check_call(SinewNeighboursDestroy(&n));
  check_call(SinewNeighboursCreate(PETSC_COMM_WORLD, 8, NULL, PETSC_TRUE, &n));
  check_call(SinewNeighboursFind(n, SAMPLES, &p.points, &p.points));
  if (p.points.count) p.at[0] = NAN;
  assert_int_equal(SinewNeighboursFind(n, SAMPLES, &p.points, &p.points), SINEW_ERR_BREAKDOWN);
  check_call(SinewNeighboursDestroy(&n));
  check_call(PetscPopErrorHandler());
  free_part(&p);
  free(c.at);
  free(c.sample);
}

SINEW_TEST_MAIN(cmocka_unit_test(equals_brute_force), cmocka_unit_test(equals_brute_force_around_a_torus),
                cmocka_unit_test(finds_in_another_set), cmocka_unit_test(says_what_cannot_be))
