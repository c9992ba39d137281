// RANKS 1 2 4
#include "io/axes_private.h"
#include "io/image.h"
#include "tests/harness.h"
#include <png.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- scratch folder and pictures ---- */

static char folder[64];

static const char *in_folder(const char name[])
{
  static char path[2][128];
  static int turn;

  if (!folder[0]) {
    PetscMPIInt rank;

    MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
    snprintf(folder, sizeof(folder), "/tmp/test_image_XXXXXX");
    if (rank == 0) assert_non_null(mkdtemp(folder));
    MPI_Bcast(folder, sizeof(folder), MPI_CHAR, 0, PETSC_COMM_WORLD);
  }
  turn = 1 - turn;
  snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
  return path[turn];
}

/* A decoded picture and the plot area inside its outline. */
typedef struct {
  int width, height, left, top, columns, rows;
  unsigned char *rgb;
} picture;

static unsigned pixel(const picture *p, int x, int y)
{
  const unsigned char *c = p->rgb + 3 * ((size_t)y * (size_t)p->width + (size_t)x);

  return (unsigned)(c[0] << 16 | c[1] << 8 | c[2]);
}

static int run_of_outline(const picture *p, int x, int y, int dx, int dy)
{
  int n = 0;

  while (x < p->width && y < p->height && pixel(p, x, y) == SINEW_COLOR_TEXT) n++, x += dx, y += dy;
  return n;
}

/* Ticks lengthen two of the four sides, so a corner is where a row and a column of outline meet. */
static void find_area(picture *p)
{
  for (int y = 0; y < p->height; y++)
    for (int x = 0; x < p->width; x++) {
      const int run = run_of_outline(p, x, y, 1, 0), side = run < 60 ? 0 : run_of_outline(p, x, y, 0, 1);

      if (side < 60) continue;
      p->left = x + 1;
      p->top = y + 1;
      p->columns = run - 2;
      for (int k = 1; k < side; k++)
        if (run_of_outline(p, x, y + k, 1, 0) == run) p->rows = k - 1;
      return;
    }
}

static picture load(const char path[])
{
  picture p = {0};
  png_image png;

  memset(&png, 0, sizeof(png));
  png.version = PNG_IMAGE_VERSION;
  assert_true(png_image_begin_read_from_file(&png, path));
  png.format = PNG_FORMAT_RGB;
  p.width = (int)png.width;
  p.height = (int)png.height;
  p.rgb = malloc(PNG_IMAGE_SIZE(png));
  assert_true(png_image_finish_read(&png, NULL, p.rgb, 0, NULL));
  find_area(&p);
  return p;
}

/* A pixel of the plot area by its share of width and height, y upwards. */
static unsigned at(const picture *p, double x, double y)
{
  return pixel(p, p->left + (int)(x * p->columns), p->top + (int)((1 - y) * p->rows));
}

static int levels_apart(unsigned a, unsigned b)
{
  int most = 0;

  for (int shift = 0; shift < 24; shift += 8)
    most = PetscMax(most, abs((int)(a >> shift & 255u) - (int)(b >> shift & 255u)));
  return most;
}

/* Every rank looks, so that all of them fail together. */
static void check_color(const picture *p, double x, double y, unsigned color)
{
  if (levels_apart(at(p, x, y), color) > 1) print_error("(%g, %g): %06x, not %06x\n", x, y, at(p, x, y), color);
  check_all(levels_apart(at(p, x, y), color) <= 1);
}

static void check_same_pictures(const char a[], const char b[])
{
  picture p = load(a), q = load(b);
  int worst = 0;

  check_all(p.width == q.width && p.height == q.height);
  for (int i = 0; i < 3 * p.width * p.height; i++) worst = PetscMax(worst, abs(p.rgb[i] - q.rgb[i]));
  check_all(worst <= 1);
  free(p.rgb);
  free(q.rgb);
}

/* ---- fields ---- */

typedef void cell_function(double a, double b, double point[2], double *value); /* a, b in [0, 1] */

/* One picture, or with panels > 1 one picture of the same values in each of the styles. */
static void paint_panels(MPI_Comm comm, const char path[], PetscInt nx, PetscInt ny, cell_function *f, PetscInt panels,
                         const SinewImageStyle style[])
{
  PetscMPIInt rank, size;
  PetscReal *x, *y, *value;
  double point[2], v;
  PetscInt low, rows;
  size_t nodes, n = 0;

  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  low = ny * rank / size;
  rows = ny * (rank + 1) / size - low;
  nodes = (size_t)(nx + 1) * (size_t)(rows + 1);
  check_call(PetscMalloc3(nodes, &x, nodes, &y, nodes, &value));
  for (PetscInt j = 0; j <= rows; j++)
    for (PetscInt i = 0; i <= nx; i++, n++) {
      f((double)i / (double)nx, (double)(j + low) / (double)ny, point, &v);
      x[n] = point[0], y[n] = point[1];
    }
  for (PetscInt j = 0; j < rows; j++)
    for (PetscInt i = 0; i < nx; i++)
      f(((double)i + 0.5) / (double)nx, ((double)(j + low) + 0.5) / (double)ny, point, &value[j * nx + i]);
  if (panels > 1)
    check_call(SinewImagePanels(comm, path, panels, nx, rows, x, y, (const PetscReal *[]){value, value}, style));
  else
    check_call(SinewImageField(comm, path, nx, rows, x, y, value, style));
  check_call(PetscFree3(x, y, value));
}

static void paint(MPI_Comm comm, const char path[], PetscInt nx, PetscInt ny, cell_function *f,
                  const SinewImageStyle *style)
{
  paint_panels(comm, path, nx, ny, f, 1, style);
}

static void quarters(double a, double b, double point[2], double *value)
{
  point[0] = 3 * a;
  point[1] = 2 * b;
  *value = 2 * (b > 0.5) + (a > 0.5);
}

static void test_orientation_and_aspect(void **state)
{
  const SinewImageStyle style = {.colormap = "gray", .title = "quarters"};
  const char *path = in_folder("quarters.png");
  picture p;

  (void)state;
  paint(PETSC_COMM_WORLD, path, 6, 4, quarters, &style);
  p = load(path);
  check_all(p.columns == 768 && p.rows == 512);
  check_color(&p, 0.25, 0.25, 0x000000);
  check_color(&p, 0.75, 0.25, 0x555555);
  check_color(&p, 0.25, 0.75, 0xaaaaaa);
  check_color(&p, 0.75, 0.75, 0xffffff);
  check_all(pixel(&p, 0, 0) == 0xffffff);
  free(p.rgb);
}

static void test_panels_are_pictures_side_by_side(void **state)
{
  const SinewImageStyle style[2] = {{.colormap = "gray", .title = "quarters", .width = 200},
                                    {.colormap = "coolwarm", .min = -1, .max = 7, .width = 120}};
  const char *path = in_folder("panels.png");
  picture both, one;
  int left = 0, tallest = 0;

  (void)state;
  paint_panels(PETSC_COMM_WORLD, path, 6, 4, quarters, 2, style);
  both = load(path);
  for (int k = 0; k < 2; k++) {
    int different = 0;

    paint(PETSC_COMM_WORLD, in_folder("panel.png"), 6, 4, quarters, &style[k]);
    one = load(in_folder("panel.png"));
    for (int y = 0; y < one.height; y++)
      for (int x = 0; x < one.width; x++) different += pixel(&both, left + x, y) != pixel(&one, x, y);
    check_all(!different);
    left += one.width;
    tallest = PetscMax(tallest, one.height);
    free(one.rgb);
  }
  check_all(both.width == left && both.height == tallest);
  check_all(pixel(&both, left - 1, tallest - 1) == 0xffffff); /* below the shorter one */
  free(both.rgb);
}

/* One row of cells leaves all ranks but one without any. */
static void needle(double a, double b, double point[2], double *value)
{
  point[0] = 40 * a;
  point[1] = b;
  *value = a;
}

static void test_needle_is_stretched(void **state)
{
  const char *path = in_folder("needle.png");
  picture p;

  (void)state;
  paint(PETSC_COMM_WORLD, path, 50, 1, needle, NULL);
  p = load(path);
  check_all(p.columns == 768 && p.rows == 384);
  check_all(levels_apart(at(&p, 0.003, 0.5), 0x440154) < 8);
  check_all(levels_apart(at(&p, 0.997, 0.5), 0xfde724) < 8);
  free(p.rgb);
}

static void stripes(double a, double b, double point[2], double *value)
{
  point[0] = a;
  point[1] = b;
  *value = (int)(4000 * a) % 2;
}

static void test_cells_in_a_pixel_are_averaged(void **state)
{
  const SinewImageStyle style = {.colormap = "gray", .width = 100};
  const char *path = in_folder("stripes.png");
  picture p;

  (void)state;
  paint(PETSC_COMM_WORLD, path, 4000, 8, stripes, &style);
  p = load(path);
  check_all(p.columns == 100);
  for (int i = 0; i < p.columns; i++) check_all(levels_apart(pixel(&p, p.left + i, p.top + p.rows / 2), 0x808080) <= 1);
  free(p.rgb);
}

static void annulus(double a, double b, double point[2], double *value)
{
  const double r = 1 + a, angle = b * M_PI / 2;

  point[0] = r * cos(angle);
  point[1] = r * sin(angle);
  *value = fabs(a - 0.5) < 0.04 && fabs(b - 0.5) < 0.04 ? NAN : 1;
}

static void test_curvilinear_cells_and_nan(void **state)
{
  const SinewImageStyle style = {.colormap = "gray", .min = 0, .max = 2};
  const char *path = in_folder("annulus.png");
  const double middle = 0.75 * sqrt(0.5);
  picture p;

  (void)state;
  paint(PETSC_COMM_WORLD, path, 40, 40, annulus, &style);
  p = load(path);
  check_color(&p, middle, middle, SINEW_COLOR_NAN);
  check_color(&p, 0.2, 0.2, 0xffffff); /* the hole is no data, not zero */
  check_color(&p, 0.95, 0.95, 0xffffff);
  for (double angle = 0.1; angle < 1.5; angle += 0.01) check_color(&p, 0.6 * cos(angle), 0.6 * sin(angle), 0x808080);
  free(p.rgb);
}

/* A mesh whose cells are upright in one half and slanted in the other, with every feature at once. */
static void moving(double a, double b, double point[2], double *value)
{
  const double bend = a > 0.5 ? 0.1 * sin(2 * M_PI * a) * sin(2 * M_PI * b) : 0;

  point[0] = 2 * a + bend;
  point[1] = b + bend * bend;
  *value = a > 0.8 && b > 0.8 ? NAN : sin(7 * a) * cos(5 * b) + 1e-3 * sin(300 * a * b);
}

static void test_same_pixels_on_any_number_of_ranks(void **state)
{
  const char *all = in_folder("all.png"), *one = in_folder("one.png");
  const SinewImageStyle style = {.title = "moving mesh", .lines = PETSC_TRUE, .colormap = "turbo"};
  PetscMPIInt rank;

  (void)state;
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  for (PetscInt ny = 3; ny < 400; ny = 11 * ny) {
    paint(PETSC_COMM_WORLD, all, 2 * ny, ny, moving, &style);
    if (rank == 0) paint(PETSC_COMM_SELF, one, 2 * ny, ny, moving, &style);
    MPI_Barrier(PETSC_COMM_WORLD);
    check_same_pictures(all, one);
    MPI_Barrier(PETSC_COMM_WORLD);
  }
}

static void constant(double a, double b, double point[2], double *value)
{
  point[0] = a;
  point[1] = b;
  *value = 4;
}

static void nothing_finite(double a, double b, double point[2], double *value)
{
  constant(a, b, point, value);
  *value = INFINITY;
}

static void huge_values(double a, double b, double point[2], double *value)
{
  constant(a, b, point, value);
  *value = a > 0.5 ? 1.7e308 : -1.7e308;
}

static void test_degenerate_fields(void **state)
{
  const char *path = in_folder("degenerate.png");
  picture p;

  (void)state;
  paint(PETSC_COMM_WORLD, path, 4, 4, constant, NULL);
  p = load(path);
  check_color(&p, 0.5, 0.5, 0x21908d);
  free(p.rgb);
  MPI_Barrier(PETSC_COMM_WORLD);
  paint(PETSC_COMM_WORLD, path, 4, 4, nothing_finite, NULL);
  p = load(path);
  check_color(&p, 0.5, 0.5, SINEW_COLOR_NAN);
  free(p.rgb);
  MPI_Barrier(PETSC_COMM_WORLD);
  paint(PETSC_COMM_WORLD, path, 4, 4, huge_values, NULL);
  check_call(SinewImageField(PETSC_COMM_WORLD, path, 0, 0, NULL, NULL, NULL, NULL)); /* no cells at all */
}

/* ---- curves ---- */

enum { POINTS = 101 };

static void paint_waves(MPI_Comm comm, const char path[])
{
  const SinewImageStyle style = {.title = "waves"};
  SinewCurve curves[3] = {{.label = "sine"}, {.label = "cosine"}, {.label = "samples", .dots = PETSC_TRUE}};
  PetscReal x[POINTS], y[3][POINTS];
  PetscMPIInt rank, size;
  int low, n;

  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  low = POINTS * rank / size;
  n = POINTS * (rank + 1) / size - low;
  for (int i = 0; i < n; i++) {
    x[i] = (low + i) / (POINTS - 1.0);
    y[0][i] = sin(6 * x[i]);
    y[1][i] = cos(6 * x[i]);
    y[2][i] = low + i == 50 ? NAN : 0.5 * x[i];
  }
  for (int c = 0; c < 3; c++) {
    curves[c].n = n;
    curves[c].x = x;
    curves[c].y = y[c];
  }
  check_call(SinewImageCurves(comm, path, 3, curves, "x", "amplitude", &style));
}

static void test_curves_same_on_any_number_of_ranks(void **state)
{
  const char *all = in_folder("curves.png"), *one = in_folder("curves_one.png");
  PetscMPIInt rank;

  (void)state;
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  paint_waves(PETSC_COMM_WORLD, all);
  if (rank == 0) paint_waves(PETSC_COMM_SELF, one);
  MPI_Barrier(PETSC_COMM_WORLD);
  check_same_pictures(all, one);
}

static PetscBool has_color_near(const picture *p, double x, double y, unsigned color)
{
  for (int j = -1; j <= 1; j++)
    for (int i = -1; i <= 1; i++)
      if (at(p, x + (double)i / p->columns, y + (double)j / p->rows) == color) return PETSC_TRUE;
  return PETSC_FALSE;
}

static void test_curve_passes_its_points(void **state)
{
  const char *path = in_folder("line.png");
  const PetscReal x[2] = {0, 1}, y[2] = {0, 1};
  const SinewImageStyle style = {.min = 0, .max = 1};
  SinewCurve curve = {.n = 2, .x = x, .y = y};
  PetscMPIInt rank;
  picture p;

  (void)state;
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  if (rank) curve.n = 0;
  check_call(SinewImageCurves(PETSC_COMM_WORLD, path, 1, &curve, NULL, NULL, &style));
  p = load(path);
  for (double s = 0.05; s < 1; s += 0.1) check_all(has_color_near(&p, (s + 0.02) / 1.04, s, 0x0b62a4));
  check_all(!has_color_near(&p, 0.31, 0.64, 0x0b62a4));
  free(p.rgb);
}

/* ---- errors and ticks ---- */

static void test_errors(void **state)
{
  const PetscReal x[4] = {0, 1, 0, 1}, y[4] = {0, 0, 1, 1}, value[1] = {1};
  const SinewImageStyle style = {.colormap = "rainbow"};
  const SinewCurve curve = {.n = 1, .x = x, .y = y};
  const char *path = in_folder("no/such/folder.png");

  (void)state;
  check_call(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  check_all(SinewImageField(PETSC_COMM_WORLD, path, 1, 1, x, y, value, NULL) == SINEW_ERR_OUTPUT);
  check_all(SinewImageCurves(PETSC_COMM_WORLD, path, 1, &curve, "x", "y", NULL) == SINEW_ERR_OUTPUT);
  check_all(SinewImageField(PETSC_COMM_WORLD, path, 1, 1, x, y, value, &style) == SINEW_ERR_INPUT);
  check_call(PetscPopErrorHandler());
}

static void test_ticks(void **state)
{
  SinewTicks ticks;

  (void)state;
  SinewTicksNice(-0.1, 1.02, 8, &ticks);
  check_all(ticks.n == 6 && !strcmp(ticks.label[0], "0.0") && !strcmp(ticks.label[5], "1.0"));
  SinewTicksNice(0, 5e-7, 6, &ticks);
  check_all(!strcmp(ticks.factor, "1e-7") && !strcmp(ticks.label[ticks.n - 1], "5"));
  SinewTicksNice(1e6, 1e6 + 10, 5, &ticks);
  for (int n = 1; n < ticks.n; n++) check_all(strcmp(ticks.label[n], ticks.label[n - 1]) != 0);
}

static void test_nothing_is_left_behind(void **state)
{
  const char *names[] = {"quarters.png",   "needle.png", "stripes.png",    "annulus.png", "all.png",    "one.png",
                         "degenerate.png", "curves.png", "curves_one.png", "line.png",    "panels.png", "panel.png"};
  PetscMPIInt rank;

  (void)state;
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  if (rank) return;
  for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) assert_int_equal(unlink(in_folder(names[n])), 0);
  assert_int_equal(rmdir(folder), 0); /* fails when a .part file stayed */
}

SINEW_TEST_MAIN(cmocka_unit_test(test_orientation_and_aspect), cmocka_unit_test(test_panels_are_pictures_side_by_side),
                cmocka_unit_test(test_needle_is_stretched), cmocka_unit_test(test_cells_in_a_pixel_are_averaged),
                cmocka_unit_test(test_curvilinear_cells_and_nan),
                cmocka_unit_test(test_same_pixels_on_any_number_of_ranks), cmocka_unit_test(test_degenerate_fields),
                cmocka_unit_test(test_curves_same_on_any_number_of_ranks),
                cmocka_unit_test(test_curve_passes_its_points), cmocka_unit_test(test_errors),
                cmocka_unit_test(test_ticks), cmocka_unit_test(test_nothing_is_left_behind))
