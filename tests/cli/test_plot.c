// RANKS 1 2 4
/* sinew plot: what it reads from files, which picture it makes of it, and what it says about wrong words. */
#include "cli/plot.c"
#include "io/arrays.h"
#include "tests/harness.h"
#include <png.h>
#include <unistd.h>

static char folder[64], path[4][128];

static const char *in_folder(int which, const char name[])
{
  snprintf(path[which], sizeof(path[which]), "%s/%s", folder, name);
  return path[which];
}

static int make_folder(void **state)
{
  PetscMPIInt rank;

  (void)state;
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  snprintf(folder, sizeof(folder), "/tmp/test_plot_XXXXXX");
  if (rank == 0 && !mkdtemp(folder)) return 1;
  MPI_Bcast(folder, sizeof(folder), MPI_CHAR, 0, PETSC_COMM_WORLD);
  return 0;
}

static int remove_folder(void **state)
{
  char command[128];
  PetscMPIInt rank;

  (void)state;
  MPI_Barrier(PETSC_COMM_WORLD);
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  snprintf(command, sizeof(command), "rm -r %s", folder);
  return rank == 0 ? system(command) : 0;
}

/* ---- files ---- */

/* rho: 100 z + 10 y + x at the cell centres of the unit box; velocity: (3, 4, index of x). */
static void write_fields(SinewFile file, const PetscInt64 cells[3])
{
  SinewArray rho = {.name = "/fields/rho", .dtype = SINEW_FLOAT64, .rank = 3};
  SinewArray velocity = {.name = "/fields/velocity", .dtype = SINEW_FLOAT32, .rank = 4};
  const size_t n = (size_t)(cells[0] * cells[1] * cells[2]);
  double *value = malloc(n * sizeof(*value));
  float *vector = malloc(3 * n * sizeof(*vector));

  for (size_t c = 0; c < n; c++) {
    const PetscInt64 i = (PetscInt64)c % cells[0], j = (PetscInt64)c / cells[0] % cells[1];
    const PetscInt64 k = (PetscInt64)c / cells[0] / cells[1];

    value[c] = 100 * ((double)k + 0.5) / (double)cells[2] + 10 * ((double)j + 0.5) / (double)cells[1] +
               ((double)i + 0.5) / (double)cells[0];
    vector[3 * c] = 3;
    vector[3 * c + 1] = 4;
    vector[3 * c + 2] = (float)i;
  }
  for (int d = 0; d < 3; d++) rho.shape[2 - d] = velocity.shape[2 - d] = cells[d];
  velocity.shape[3] = 3;
  rho.data = value;
  velocity.data = vector;
  check_call(SinewFileWrite(file, &rho));
  check_call(SinewFileWrite(file, &velocity));
  free(value);
  free(vector);
}

/* Nodes of the unit box, x squared: cells crowd at x = 0. An axis of one cell has one node. */
static void write_nodes(SinewFile file, const PetscInt64 cells[3])
{
  SinewArray array = {.name = "/mesh/nodes", .dtype = SINEW_FLOAT64, .rank = 4, .shape = {1, 1, 1, 3}};
  PetscInt64 nodes[3];
  double *node, *here;

  for (int d = 0; d < 3; d++) array.shape[2 - d] = nodes[d] = cells[d] > 1 ? cells[d] + 1 : 1;
  here = node = malloc((size_t)(3 * nodes[0] * nodes[1] * nodes[2]) * sizeof(*node));
  for (PetscInt64 k = 0; k < nodes[2]; k++)
    for (PetscInt64 j = 0; j < nodes[1]; j++)
      for (PetscInt64 i = 0; i < nodes[0]; i++) {
        const double s = (double)i / (double)cells[0];

        *here++ = s * s;
        *here++ = (double)j / (double)cells[1];
        *here++ = (double)k / (double)cells[2];
      }
  array.data = node;
  check_call(SinewFileWrite(file, &array));
  free(node);
}

static void write_file(const char name[], const PetscInt64 cells[3], const char mesh_file[], double time)
{
  const double lower[3] = {0, 0, 0}, upper[3] = {1, 1, 1};
  SinewFile file;

  check_call(SinewFileCreate(PETSC_COMM_WORLD, name, &file));
  write_fields(file, cells);
  check_call(SinewFileWriteString(file, "/", "mesh_kind", mesh_file ? "nodes" : "uniform"));
  check_call(SinewFileWriteReals(file, "/", "mesh_lower", 3, lower));
  check_call(SinewFileWriteReals(file, "/", "mesh_upper", 3, upper));
  check_call(SinewFileWriteReals(file, "/", "time", 1, &time));
  if (mesh_file && mesh_file[0]) check_call(SinewFileWriteString(file, "/", "mesh_file", mesh_file));
  if (mesh_file && !mesh_file[0]) write_nodes(file, cells);
  check_call(SinewFilePublish(&file));
}

/* ---- sections ---- */

static PetscInt total(PetscInt n)
{
  PetscInt all;

  MPI_Allreduce(&n, &all, 1, MPIU_INT, MPI_SUM, PETSC_COMM_WORLD);
  return all;
}

/* The section's values must be those of the function that wrote them, at their own coordinates. */
static void check_plane(const SinewSection *s, double constant, double by_x, double by_y)
{
  for (PetscInt j = 0; j < s->n[1]; j++)
    for (PetscInt i = 0; i < s->n[0]; i++) {
      const PetscInt a = j * (s->n[0] + 1) + i, b = a + s->n[0] + 2;
      const double want = constant + by_x * (s->x[a] + s->x[b]) / 2 + by_y * (s->y[a] + s->y[b]) / 2;

      if (fabs(s->value[j * s->n[0] + i] - want) > 1e-9) fail_msg("cell %d, %d", (int)i, (int)j);
    }
}

static void test_planes(void **state)
{
  const PetscInt64 cells[3] = {8, 6, 5};
  SinewSectionRequest want = {.component = SINEW_COMPONENT_DEFAULT};
  SinewSection s;

  (void)state;
  write_file(in_folder(0, "box.h5"), cells, NULL, 1.5);
  check_call(SinewSectionRead(PETSC_COMM_WORLD, path[0], &want, &s));
  check_all(s.dim == 2 && s.axis[0] == 0 && s.axis[1] == 1 && s.n[0] == 8 && total(s.n[1]) == 6);
  check_all(!strcmp(s.name, "rho") && !strcmp(s.where, "z = 0.5") && s.has_time && s.time == 1.5);
  check_plane(&s, 50, 1, 10);
  check_call(SinewSectionDestroy(&s));

  want.cut[1] = PETSC_TRUE;
  want.at[1] = 0.5; /* a face: the cell above */
  check_call(SinewSectionRead(PETSC_COMM_WORLD, path[0], &want, &s));
  check_all(s.dim == 2 && s.axis[0] == 0 && s.axis[1] == 2 && total(s.n[1]) == 5);
  check_plane(&s, 10 * 3.5 / 6, 1, 100);
  check_call(SinewSectionDestroy(&s));

  want.field = "velocity";
  check_call(SinewSectionRead(PETSC_COMM_WORLD, path[0], &want, &s));
  check_all(!strcmp(s.name, "|velocity|"));
  for (PetscInt i = 0; i < s.n[0] * s.n[1]; i++)
    if (fabs(s.value[i] - sqrt(25.0 + (double)(i % 8) * (double)(i % 8))) > 1e-6) fail();
  check_call(SinewSectionDestroy(&s));

  want.component = 1;
  check_call(SinewSectionRead(PETSC_COMM_WORLD, path[0], &want, &s));
  check_all(!strcmp(s.name, "velocity y"));
  for (PetscInt i = 0; i < s.n[0] * s.n[1]; i++)
    if (s.value[i] != 4) fail();
  check_call(SinewSectionDestroy(&s));
}

static void test_nodes_and_curves(void **state)
{
  const PetscInt64 cells[3] = {9, 7, 1}, box[3] = {9, 7, 4};
  SinewSectionRequest want = {.component = SINEW_COMPONENT_DEFAULT, .curve = PETSC_TRUE};
  SinewSection s;

  (void)state;
  write_file(in_folder(0, "nodes.h5"), cells, "", 0);
  write_file(in_folder(1, "later.h5"), cells, "nodes.h5", 1);
  write_file(in_folder(2, "nodes3.h5"), box, "", 0);
  for (int n = 0; n < 3; n++) {
    check_call(SinewSectionRead(PETSC_COMM_WORLD, path[n], &want, &s));
    check_all(s.dim == 1 && s.axis[0] == 0 && total(s.n[0]) == 9 && !s.y);
    check_all(!strcmp(s.where, n < 2 ? "y = 0.5" : "z = 0.625, y = 0.5"));
    for (PetscInt i = 0; i < s.n[0]; i++) {
      const double cell = (s.value[i] - (n < 2 ? 55 : 67.5)) * 9 - 0.5; /* its index, and so its position */
      const double middle = (cell * cell + (cell + 1) * (cell + 1)) / 162;

      if (fabs(s.x[i] - middle) > 1e-9) fail_msg("point %d at %g, not at %g", (int)i, s.x[i], middle);
    }
    check_call(SinewSectionDestroy(&s));
  }
  want.cut[0] = PETSC_TRUE;
  want.at[0] = 0.26; /* (4/9)^2 < 0.26 < (5/9)^2: cell 4 */
  check_call(SinewSectionRead(PETSC_COMM_WORLD, path[0], &want, &s));
  check_all(s.dim == 1 && s.axis[0] == 1 && total(s.n[0]) == 7);
  for (PetscInt i = 0; i < s.n[0]; i++)
    if (fabs(s.value[i] - (50 + 0.5 + 10 * s.x[i])) > 1e-9) fail_msg("point %d", (int)i);
  check_call(SinewSectionDestroy(&s));
}

/* ---- the command ---- */

static PetscErrorCode run_plot(const char *a, const char *b, const char *c, const char *d)
{
  char words[5][256] = {"plot"}, *argv[6];
  const char *given[] = {a, b, c, d};
  int argc = 1, code = -1;

  for (int n = 0; n < 4; n++)
    if (given[n]) snprintf(words[argc++], sizeof(words[0]), "%s", given[n]);
  for (int n = 0; n < argc; n++) argv[n] = words[n];
  argv[argc] = NULL;
  PetscFunctionBeginUser;
  PetscCall(CommandPlot(argc, argv, &code));
  check_all(code == 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool is_png(const char name[])
{
  png_image png;
  PetscBool good;

  memset(&png, 0, sizeof(png));
  png.version = PNG_IMAGE_VERSION;
  good = (PetscBool)png_image_begin_read_from_file(&png, name);
  png_image_free(&png);
  return good;
}

static void test_pictures(void **state)
{
  const PetscInt64 line[3] = {50, 1, 1}, plane[3] = {30, 20, 1};

  (void)state;
  write_file(in_folder(0, "line_a.h5"), line, NULL, 0);
  write_file(in_folder(1, "line_b.h5"), line, NULL, 0.25);
  write_file(in_folder(2, "plane.h5"), plane, "", 0.25);
  check_call(run_plot(path[0], path[1], NULL, NULL));
  check_all(is_png(in_folder(3, "line_a.png")));
  check_call(run_plot(path[2], "--lines", "--colormap=magma", "--range=50,60"));
  check_all(is_png(in_folder(3, "plane.png")));
  check_call(run_plot(path[2], "--line=y=0.5", "-o", in_folder(3, "cut.png")));
  check_all(is_png(path[3]));
}

static void test_wrong_words(void **state)
{
  const PetscInt64 cells[3] = {8, 6, 1};
  const char *wrong_word[] = {"--colormap=rainbow", "--range=1,0", "--range=1", "--slice=w=1", "--slice=z=0.5",
                              "--slice=y=7",        "--field=T",   "--what=1",  "--title",     "--component=x"};

  (void)state;
  write_file(in_folder(0, "wrong.h5"), cells, NULL, 0);
  check_call(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  for (size_t n = 0; n < sizeof(wrong_word) / sizeof(wrong_word[0]); n++)
    check_all(run_plot(path[0], wrong_word[n], NULL, NULL) == SINEW_ERR_INPUT);
  check_all(run_plot(NULL, NULL, NULL, NULL) == SINEW_ERR_INPUT);
  check_all(run_plot(in_folder(1, "none.h5"), NULL, NULL, NULL) == SINEW_ERR_INPUT);
  check_all(run_plot(path[0], "-o", "/no/such/folder/a.png", NULL) == SINEW_ERR_OUTPUT);
  check_all(run_plot(path[0], "--line=y=0.5", "-o", "/no/such/folder/a.png") == SINEW_ERR_OUTPUT);
  check_call(PetscPopErrorHandler());
  check_all(!is_png(in_folder(3, "wrong.png")));
}

SINEW_TEST_MAIN(cmocka_unit_test_setup(test_planes, make_folder), cmocka_unit_test(test_nodes_and_curves),
                cmocka_unit_test(test_pictures), cmocka_unit_test_teardown(test_wrong_words, remove_folder))
