// RANKS 1 2 4
// TIMEOUT 120
/* A series is what ParaView's readers load right, whole after every state, and goes on after a restart. */
#include "io/series.h"
#include "tests/io/files.h"
#include <sys/mount.h>

/* ---- meshes and fields ---- */
typedef struct {
  SinewMesh mesh;
  double *nodes, *scalar;
  float *vector;
  SinewSeriesField field[2];
} Setup;

/* Cells split along one axis; a stretched mesh has nodes at the squares of their indices. */
static Setup setup(int dim, PetscInt x, PetscInt y, PetscInt z, int axis, int uniform)
{
  Setup s = {.mesh = {.dim = dim, .cells = {x, y, z}, .uniform = (PetscBool)uniform, .upper = {2, 1, 3}}};
  PetscInt n = 1, nodes[3], at = 0;

  for (int d = 0; d < 3; d++) {
    const PetscInt cells = s.mesh.cells[d], size = all_ranks(), rank = my_rank();

    s.mesh.start[d] = d == axis ? cells * rank / size : 0;
    s.mesh.count[d] = d == axis ? cells * (rank + 1) / size - s.mesh.start[d] : cells;
    nodes[d] = s.mesh.count[d] + (s.mesh.start[d] + s.mesh.count[d] == cells);
    n *= s.mesh.count[d];
  }
  s.scalar = malloc((size_t)n * sizeof(double));
  s.vector = malloc((size_t)n * 3 * sizeof(float));
  for (PetscInt i = 0; i < n; i++) s.scalar[i] = my_rank() + 0.25;
  for (PetscInt i = 0; i < 3 * n; i++) s.vector[i] = (float)(i % 3);
  s.nodes = malloc((size_t)(3 * nodes[0] * nodes[1] * nodes[2]) * sizeof(double));
  for (PetscInt k = 0; k < nodes[2]; k++)
    for (PetscInt j = 0; j < nodes[1]; j++)
      for (PetscInt i = 0; i < nodes[0]; i++) {
        const PetscInt index[3] = {i, j, k};

        for (int d = 0; d < 3; d++) s.nodes[at++] = pow((double)(index[d] + s.mesh.start[d]), 2);
      }
  s.mesh.nodes = uniform ? NULL : s.nodes;
  s.field[0] = (SinewSeriesField){.name = "rho", .components = 1, .dtype = SINEW_FLOAT64, .data = s.scalar};
  s.field[1] = (SinewSeriesField){.name = "u", .components = 3, .dtype = SINEW_FLOAT32, .data = s.vector};
  return s;
}

static void release(Setup *s)
{
  free(s->nodes);
  free(s->scalar);
  free(s->vector);
}

/* ---- looking at files ---- */
/* The same text on all ranks, until the next call. */
static const char *text_of(const char *path)
{
  static char text[65536];
  FILE *file = NULL;

  MPI_Barrier(PETSC_COMM_WORLD);
  memset(text, 0, sizeof(text));
  file = fopen(path, "r");
  if (file) (void)!fread(text, 1, sizeof(text) - 1, file);
  if (file) fclose(file);
  MPI_Barrier(PETSC_COMM_WORLD);
  return text;
}

/* Every tag is closed by its own kind, one root, no stray & or <. */
static int well_formed(const char *text)
{
  char open[16][64];
  int depth = 0, roots = 0;

  if (strncmp(text, "<?xml version=\"1.0\" ?>", 22)) return 0;
  for (const char *c = text + 22; *c; c++) {
    const char *end = strchr(c, '>');
    char name[64];

    if (*c == '&' && strncmp(c, "&amp;", 5) && strncmp(c, "&lt;", 4) && strncmp(c, "&gt;", 4) &&
        strncmp(c, "&quot;", 6) && strncmp(c, "&apos;", 6))
      return 0;
    if (*c != '<') continue;
    if (!end || sscanf(c + 1 + (c[1] == '/'), "%63[A-Za-z]", name) != 1) return 0;
    if (c[1] == '/') {
      if (!depth || strcmp(open[--depth], name)) return 0;
    } else if (end[-1] != '/') {
      if (!depth) roots++;
      if (depth == 16) return 0;
      strcpy(open[depth++], name);
    }
    for (const char *q = c + 1; q < end; q++)
      if (*q == '<') return 0;
    c = end;
  }
  return depth == 0 && roots == 1;
}

static int times(const char *text, const char *wanted)
{
  char found[512] = "";

  for (const char *c = text; (c = strstr(c, "<Time Value=\"")); c++) {
    char number[40] = "";

    sscanf(c + 13, "%39[^\"]", number);
    strcat(strcat(found, number), " ");
  }
  if (strcmp(found, wanted)) print_error("times '%s', expected '%s'\n", found, wanted);
  return !strcmp(found, wanted);
}

/* ---- tests ---- */
static void uniform_plane(void **state)
{
  const char *directory = scratch(), *nested = in(directory, "out/deep");
  Setup s = setup(2, 5, 4, 1, 1, 1);
  SinewArray rho = {.name = "/fields/rho", .dtype = SINEW_FLOAT64, .rank = 3, .shape = {1, 4, 5}}, u;
  double values[20], bounds[3], t;
  SinewSeries series;
  SinewFile file;
  PetscBool exists;
  PetscInt64 cells[3];
  PetscInt n;
  char *kind;

  (void)state;
  check_call(SinewSeriesCreate(PETSC_COMM_WORLD, nested, "run", &series));
  check_call(SinewSeriesProvenance(series, "deck", "grid:\n  cells: 5\n"));
  check_call(SinewSeriesWrite(series, 0, 0, &s.mesh, 2, s.field));
  check_call(SinewSeriesWrite(series, 7, 0.1, &s.mesh, 2, s.field));
  check_all(SinewSeriesCount(series) == 2 && SinewSeriesBytes(series) > 1000);
  check_all(!strcmp(text_of(SinewSeriesPath(series)),
                    "<?xml version=\"1.0\" ?>\n<Xdmf Version=\"3.0\"><Domain><Grid Name=\"series\" "
                    "GridType=\"Collection\" CollectionType=\"Temporal\">\n"
#define STATE(t, n)                                                                                                    \
  "<Grid Name=\"mesh\" GridType=\"Uniform\"><Time Value=\"" t                                                          \
  "\"/><Topology TopologyType=\"3DCoRectMesh\" Dimensions=\"1 5 6\"/><Geometry "                                       \
  "GeometryType=\"ORIGIN_DXDYDZ\"><DataItem Format=\"XML\" Dimensions=\"3\">0 0 0</DataItem><DataItem Format=\"XML\" " \
  "Dimensions=\"3\">1 0.25 0.4</DataItem></Geometry><Attribute Name=\"rho\" Center=\"Cell\" "                          \
  "AttributeType=\"Scalar\"><DataItem Format=\"HDF\" NumberType=\"Float\" Precision=\"8\" Dimensions=\"1 4 5\">" n     \
  ":/fields/rho</DataItem></Attribute><Attribute Name=\"u\" Center=\"Cell\" AttributeType=\"Vector\"><DataItem "       \
  "Format=\"HDF\" NumberType=\"Float\" Precision=\"4\" Dimensions=\"1 4 5 3\">" n                                      \
  ":/fields/u</DataItem></Attribute></Grid>\n"
                    STATE("0", "run_000000.h5") STATE("0.1", "run_000001.h5") "</Grid></Domain></Xdmf>\n"));
  check_call(SinewFileOpen(PETSC_COMM_WORLD, SinewSeriesLastFile(series), &file));
  rho.data = values;
  check_call(SinewFileRead(file, &rho));
  check_all(values[0] == 0.25 && values[19] == all_ranks() - 1 + 0.25);
  check_call(SinewFileInquire(file, "/fields/u", &exists, &u));
  check_all(exists && u.rank == 4 && u.shape[3] == 3 && u.dtype == SINEW_FLOAT32);
  check_call(SinewFileReadReals(file, "/", "time", 1, &n, &t));
  check_all(n == 1 && t == 0.1);
  check_call(SinewFileReadInts(file, "/", "mesh_cells", 3, &n, cells));
  check_all(n == 3 && cells[0] == 5 && cells[1] == 4 && cells[2] == 1);
  check_call(SinewFileReadReals(file, "/", "mesh_upper", 3, &n, bounds));
  check_all(n == 3 && bounds[0] == 2 && bounds[1] == 1);
  check_call(SinewFileReadString(file, "/", "mesh_kind", &kind));
  check_all(!strcmp(kind, "uniform"));
  check_call(PetscFree(kind));
  check_call(SinewFileReadString(file, "/", "deck", &kind));
  check_all(!strcmp(kind, "grid:\n  cells: 5\n"));
  check_call(PetscFree(kind));
  check_call(SinewFileClose(&file));
  check_call(SinewSeriesDestroy(&series));
  release(&s);
  scratch_remove(directory);
}

/* /mesh/nodes of a file: right everywhere, and as many layers as the mesh has dimensions. */
static void check_nodes(const char *path, const SinewMesh *mesh)
{
  SinewArray array = {.name = "/mesh/nodes", .dtype = SINEW_FLOAT64, .rank = 4, .shape = {1, 1, 1, 3}};
  PetscInt64 n = 3;
  SinewFile file;
  double *data;
  int ok = 1;

  for (int d = 0; d < mesh->dim; d++) array.shape[2 - d] = mesh->cells[d] + 1;
  for (int d = 0; d < 3; d++) n *= array.shape[d];
  array.data = data = malloc((size_t)n * sizeof(double));
  check_call(SinewFileOpen(PETSC_COMM_WORLD, path, &file));
  check_call(SinewFileRead(file, &array));
  check_call(SinewFileClose(&file));
  for (PetscInt64 i = 0; i < n / 3; i++) {
    const PetscInt64 x = i % array.shape[2], y = i / array.shape[2] % array.shape[1],
                     z = i / array.shape[2] / array.shape[1];

    ok &= data[3 * i] == (double)(x * x) && data[3 * i + 1] == (double)(y * y) && data[3 * i + 2] == (double)(z * z);
  }
  check_all(ok);
  free(data);
}

static void stretched_and_moving(void **state)
{
  const char *directory = scratch();
  static const char *const dims[] = {"\"1 1 9\"", "\"1 6 9\"", "\"7 6 9\""};

  (void)state;
  for (int dim = 1; dim <= 3; dim++)
    for (int moving = 0; moving < 2; moving++) {
      Setup s = setup(dim, 8, dim > 1 ? 5 : 1, dim > 2 ? 6 : 1, dim - 1, 0);
      char name[16], path[600], nodes[64];
      SinewSeries series;
      const char *text;

      s.mesh.moving = (PetscBool)moving;
      snprintf(name, sizeof(name), "m%d%d", dim, moving);
      check_call(SinewSeriesCreate(PETSC_COMM_WORLD, directory, name, &series));
      for (int i = 0; i < 2; i++) check_call(SinewSeriesWrite(series, i, i, &s.mesh, 2, s.field));
      snprintf(nodes, sizeof(nodes), ">%s_%s:/mesh/nodes<", name, moving ? "000001.h5" : "mesh.h5");
      text = text_of(SinewSeriesPath(series));
      check_all(well_formed(text) && times(text, "0 1 ") && strstr(text, nodes) && strstr(text, dims[dim - 1]));
      snprintf(path, sizeof(path), "%s/%s_mesh.h5", directory, name);
      check_all(there_is(path) == !moving);
      check_nodes(moving ? SinewSeriesLastFile(series) : path, &s.mesh);
      check_call(SinewSeriesDestroy(&series));
      release(&s);
    }
  scratch_remove(directory);
}

static void names_are_escaped(void **state)
{
  const char *directory = scratch();
  Setup s = setup(1, 8, 1, 1, 0, 1);
  SinewSeries series;
  const char *text;

  (void)state;
  s.field[0].name = "p<q & \"r\"";
  check_call(SinewSeriesCreate(PETSC_COMM_WORLD, directory, "R&D", &series));
  check_call(SinewSeriesWrite(series, 0, 1e-7, &s.mesh, 2, s.field));
  text = text_of(SinewSeriesPath(series));
  check_all(well_formed(text) && strstr(text, ">R&amp;D_000000.h5:/fields/p&lt;q &amp; &quot;r&quot;<"));
  check_call(SinewSeriesDestroy(&series));
  release(&s);
  scratch_remove(directory);
}

static void restart(void **state)
{
  const char *directory = scratch();
  Setup s = setup(2, 6, 4, 1, 0, 1);
  SinewSeries series;

  (void)state;
  check_call(SinewSeriesCreate(PETSC_COMM_WORLD, directory, "run", &series));
  for (int i = 0; i < 5; i++) check_call(SinewSeriesWrite(series, i, 0.1 * i, &s.mesh, 2, s.field));
  check_call(SinewSeriesDestroy(&series));
  check_call(SinewSeriesCreate(PETSC_COMM_WORLD, directory, "run", &series));
  check_call(SinewSeriesTruncate(series, 0.3 * (1 - 1e-15)));
  check_all(SinewSeriesCount(series) == 4);
  check_all(times(text_of(SinewSeriesPath(series)), "0 0.1 0.2 0.30000000000000004 "));
  check_call(SinewSeriesWrite(series, 9, 0.35, &s.mesh, 2, s.field));
  check_all(!strcmp(strrchr(SinewSeriesLastFile(series), '/'), "/run_000004.h5"));
  check_all(times(text_of(SinewSeriesPath(series)), "0 0.1 0.2 0.30000000000000004 0.35 "));
  check_call(SinewSeriesTruncate(series, -1));
  check_all(SinewSeriesCount(series) == 0 && !there_is(SinewSeriesPath(series)));
  check_all(there_is(in(directory, "run_000003.h5")));
  check_call(SinewSeriesTruncate(series, 5)); /* nothing there */
  check_call(SinewSeriesWrite(series, 0, 3, &s.mesh, 2, s.field));
  check_call(SinewSeriesDestroy(&series));
  check_call(SinewSeriesCreate(PETSC_COMM_WORLD, directory, "run", &series)); /* a new run in the old place */
  check_all(times(text_of(in(directory, "run.xmf")), "3 "));
  check_call(SinewSeriesWrite(series, 0, 0, &s.mesh, 1, s.field));
  check_all(times(text_of(SinewSeriesPath(series)), "0 "));
  MPI_Barrier(PETSC_COMM_WORLD);
  if (my_rank() == 0) check_call(truncate(SinewSeriesPath(series), 300));
  check_error(SinewSeriesTruncate(series, 5), SINEW_ERR_INPUT, "run.xmf: not a collection of Sinew's");
  check_call(SinewSeriesDestroy(&series));
  release(&s);
  scratch_remove(directory);
}

static void places_that_cannot_be_written(void **state)
{
  const char *directory = scratch();
  SinewSeries series;

  (void)state;
  if (my_rank() == 0) fclose(fopen(in(directory, "file.txt"), "w"));
  MPI_Barrier(PETSC_COMM_WORLD);
  check_error(SinewSeriesCreate(PETSC_COMM_WORLD, in(directory, "file.txt/out"), "run", &series), SINEW_ERR_OUTPUT,
              "file.txt/out: Not a directory");
  check_call(SinewSeriesDestroy(&series));
  scratch_remove(directory);
}

/* The states before the disk was full stay, and the series goes on when there is room again. */
static void full_disk(void **state)
{
  const char *directory = scratch();
  Setup s = setup(2, 200, 100, 1, 1, 1); /* 400 kB a state */
  SinewSeries series;
  int ok = 1;

  (void)state;
  if (my_rank() == 0) ok = mount("tmpfs", directory, "tmpfs", 0, "size=1m") == 0;
  (void)MPI_Bcast(&ok, 1, MPI_INT, 0, PETSC_COMM_WORLD);
  if (!ok) {
    release(&s);
    scratch_remove(directory);
    skip();
  }
  check_call(SinewSeriesCreate(PETSC_COMM_WORLD, directory, "run", &series));
  for (int i = 0; i < 2; i++) check_call(SinewSeriesWrite(series, i, i, &s.mesh, 2, s.field));
  check_error(SinewSeriesWrite(series, 2, 2, &s.mesh, 2, s.field), SINEW_ERR_OUTPUT,
              "run_000002.h5: No space left on device");
  check_all(SinewSeriesCount(series) == 2 && times(text_of(SinewSeriesPath(series)), "0 1 "));
  check_all(!there_is(in(directory, "run_000002.h5.part")));
  check_call(SinewSeriesWrite(series, 2, 2, &s.mesh, 1, s.field));
  check_all(times(text_of(SinewSeriesPath(series)), "0 1 2 "));
  check_call(SinewSeriesDestroy(&series));
  MPI_Barrier(PETSC_COMM_WORLD);
  if (my_rank() == 0) assert_int_equal(umount2(directory, MNT_DETACH), 0);
  release(&s);
  scratch_remove(directory);
}

SINEW_TEST_MAIN(cmocka_unit_test(uniform_plane), cmocka_unit_test(stretched_and_moving),
                cmocka_unit_test(names_are_escaped), cmocka_unit_test(restart),
                cmocka_unit_test(places_that_cannot_be_written), cmocka_unit_test(full_disk))
