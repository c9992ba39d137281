// Learned interpolation and residual cut: the original's numbers, and adjoints, on any number of ranks.
// RANKS 1 2 4
#include <string.h>

#include "io/random.h"
#include "neural/itpnet_private.h"
#include "tests/neural/golden.h"

enum { SIDE = 8, QUERIES = 10 };

typedef struct {
  SinewFile file;
  SinewLayout layout;
  ParameterTable table;
  Itpnet net;
  SinewNeighbours graph;
  PetscInt queries, nodes;
  double *query, *values, *image;
} Case;

/* The rank's share of sources, queries and image. */
static void make_case(const char *path, Case *k)
{
  const ItpnetOptions options = ItpnetDefaults();
  double *points, *query, *labels, at[2 * SIDE * SIDE];
  PetscInt64 number[SIDE * SIDE], which[QUERIES];
  PetscMPIInt rank, ranks;

  *k = (Case){.table = {.dtype = SINEW_FLOAT64}};
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  MPI_Comm_size(PETSC_COMM_WORLD, &ranks);
  check_call(SinewFileOpen(PETSC_COMM_WORLD, path, &k->file));
  check_call(SinewLayoutCreate(PETSC_COMM_WORLD, SIDE, SIDE, PETSC_FALSE, 0, &k->layout));
  check_call(ItpnetCreate(k->layout, 1, &k->table, "", &options, PETSC_TRUE, &k->net));
  check_call(ParameterTableAllocate(&k->table, PETSC_TRUE));
  check_call(
      ParametersLoad(PETSC_COMM_WORLD, SINEW_FLOAT64, k->table.count, k->table.entry, k->file, path, "/weights", NULL));
  points = golden_array(k->file, "/in/points", NULL);
  query = golden_array(k->file, "/in/query", NULL);
  labels = golden_array(k->file, "/in/labels", NULL);
  k->image = golden_box(k->file, "/in/image", k->layout);
  k->query = malloc(sizeof(double) * 2 * QUERIES);
  k->values = malloc(sizeof(double) * SIDE * SIDE);
  for (PetscInt i = 0; i < SIDE * SIDE; i++) {
    if (i * ranks / (SIDE * SIDE) != rank) continue;
    memcpy(at + 2 * k->nodes, points + 2 * i, 2 * sizeof(double));
    k->values[k->nodes] = labels[i];
    number[k->nodes++] = i;
  }
  for (PetscInt i = 0; i < QUERIES; i++) {
    if (i % ranks != rank) continue;
    memcpy(k->query + 2 * k->queries, query + 2 * i, 2 * sizeof(double));
    which[k->queries++] = i;
  }
  const SinewNodes sources = {.count = k->nodes, .at = at, .number = number},
                   queries = {.count = k->queries, .at = k->query, .number = which};
  check_call(SinewNeighboursCreate(PETSC_COMM_WORLD, options.neighbours, NULL, PETSC_TRUE, &k->graph));
  check_call(SinewNeighboursFind(k->graph, 1, &queries, &sources));
  free(points);
  free(query);
  free(labels);
}

static void end_case(Case *c)
{
  check_call(SinewNeighboursDestroy(&c->graph));
  check_call(ItpnetDestroy(&c->net));
  check_call(ParameterTableDestroy(&c->table));
  check_call(SinewLayoutDestroy(&c->layout));
  check_call(SinewFileClose(&c->file));
  free(c->query);
  free(c->values);
  free(c->image);
}

/* The rank's queries among all, in the order of the file. */
static void compare_queries(const char *path, Case *c, const char *name, const double *have)
{
  double *all = golden_array(c->file, name, NULL), want[QUERIES];
  PetscMPIInt rank, ranks;

  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  MPI_Comm_size(PETSC_COMM_WORLD, &ranks);
  for (PetscInt q = 0; q < c->queries; q++) want[q] = all[q * ranks + rank];
  const GoldenError error = golden_error((size_t)c->queries, have, want);
  golden_check(path, name, error.most, 1e-11 * error.largest);
  free(all);
}

static void compare_index(const char *path, Case *c)
{
  double *all = golden_array(c->file, "/in/index", NULL);
  const PetscInt *index = SinewNeighboursIndex(c->graph), k = SinewNeighboursDegree(c->graph);
  PetscMPIInt rank, ranks;
  PetscInt wrong = 0;

  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  MPI_Comm_size(PETSC_COMM_WORLD, &ranks);
  for (PetscInt e = 0; e < c->queries * k; e++)
    wrong += SinewNeighboursNumber(c->graph)[index[e]] != (PetscInt64)all[(e / k * ranks + rank) * k + e % k];
  golden_check(path, "/in/index", (double)wrong, 0);
  free(all);
}

static void compare_gradients(const char *path, Case *c)
{
  MPI_Allreduce(MPI_IN_PLACE, c->table.gradients, (int)c->table.trained, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD);
  for (PetscInt k = 0; k < c->table.count; k++) {
    const SinewParameter *p = &c->table.entry[k];
    const double *g = (const double *)p->gradient;
    double *head, *norm, sum = 0, worst = 0, largest = 0;
    PetscInt64 count;
    char name[128];

    snprintf(name, sizeof(name), "/grad_norm/%s", p->name);
    norm = golden_array(c->file, name, NULL);
    for (size_t i = 0; i < p->size; i++) sum += g[i] * g[i];
    golden_check(path, name, fabs(sqrt(sum) - *norm), 1e-9 * *norm);
    snprintf(name, sizeof(name), "/grad_head/%s", p->name);
    head = golden_array(c->file, name, &count);
    for (PetscInt64 i = 0; i < count; i++) {
      worst = PetscMax(worst, fabs(head[i] - g[i]));
      largest = PetscMax(largest, fabs(head[i]));
    }
    golden_check(path, name, worst, 1e-9 * largest);
    free(head);
    free(norm);
  }
}

static void original(const char *path)
{
  Case c;
  double out[2][QUERIES], cut[SIDE * SIDE] = {0}, dvalues[SIDE * SIDE] = {0}, *want;
  double loss = 0;

  make_case(path, &c);
  const SinewBox box = SinewLayoutBox(c.layout);
  const size_t cells = (size_t)(box.ny * box.nx);
  compare_index(path, &c);
  for (int way = 0; way < 2; way++) {
    check_call(ItpnetInterpolate(c.net, way, c.graph, c.query, c.values, out[way]));
    compare_queries(path, &c, way ? "/out/itp2" : "/out/itp1", out[way]);
    for (PetscInt q = 0; q < c.queries; q++) {
      loss += out[way][q] * out[way][q];
      out[way][q] *= 2;
    }
    check_call(ItpnetInterpolateAdjoint(c.net, way, out[way], dvalues));
  }
  check_call(ItpnetCut(c.net, c.image, cut));
  want = golden_box(c.file, "/out/res_cut", c.layout);
  const GoldenError error = golden_error(cells, cut, want);
  golden_check(path, "/out/res_cut", error.most, 1e-11 * error.largest);
  for (size_t i = 0; i < cells; i++) {
    loss += cut[i] * cut[i];
    cut[i] *= 2;
  }
  check_call(ItpnetCutAdjoint(c.net, cut, dvalues));
  MPI_Allreduce(MPI_IN_PLACE, &loss, 1, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD);
  free(want);
  want = golden_array(c.file, "/out/loss", NULL);
  golden_check(path, "/out/loss", fabs(loss - *want), 1e-11 * loss);
  compare_gradients(path, &c);
  free(want);
  end_case(&c);
}

static void gives_the_originals_numbers(void **state)
{
  const char *const prefixes[] = {"itpnet", NULL};

  (void)state;
  golden_compared = 0;
  golden_each("mesh", prefixes, original);
  assert_true(golden_compared > 40);
}

/* Interpolation is linear in the values: <A u, y> = <u, A' y>. */
static void adjoint(const char *path)
{
  Case c;
  double y[QUERIES], z[QUERIES], d[SIDE * SIDE] = {0}, sums[3] = {0};

  make_case(path, &c);
  for (PetscInt q = 0; q < c.queries; q++) z[q] = SinewUniform(1, 0, q) - 0.5;
  check_call(ItpnetInterpolate(c.net, 1, c.graph, c.query, c.values, y));
  check_call(ItpnetInterpolateAdjoint(c.net, 1, z, d));
  for (PetscInt q = 0; q < c.queries; q++) {
    sums[0] += y[q] * z[q];
    sums[2] += fabs(y[q] * z[q]);
  }
  for (PetscInt i = 0; i < c.nodes; i++) sums[1] += d[i] * c.values[i];
  MPI_Allreduce(MPI_IN_PLACE, sums, 3, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD);
  check_close(sums[0], sums[1], 1e-12 * sums[2]);
  end_case(&c);
}

static void values_have_their_adjoint(void **state)
{
  const char *const prefixes[] = {"itpnet", NULL};

  (void)state;
  golden_each("mesh", prefixes, adjoint);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(gives_the_originals_numbers),
                                     cmocka_unit_test(values_have_their_adjoint)};

  if (golden_missing("mesh")) return 77;
  return run_group(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
