// RANKS 1 2 4
// Monge-Ampere meshes: reference meshes, manufactured solutions, symmetries, three dimensions, tables, relaxation.
#include "meshes/movers/monge_ampere.h"
#include "meshes/movers/moved_monitor.h"

#include "tests/neural/golden.h"

#define PI PETSC_PI

typedef struct {
  SinewLattice *lattice;
  SinewCosine cosine;
  SinewMongeAmpere ma;
  Vec phi;
} Case;

static Case new_case(PetscInt dim, const PetscInt cells[3], PetscBool periodic)
{
  SinewLatticeOptions o = {.dim = dim, .upper = {1, 1, 1}};
  Case c;

  for (PetscInt d = 0; d < dim; d++) {
    o.cells[d] = cells[d];
    o.periodic[d] = periodic;
  }
  check_call(SinewLatticeCreate(PETSC_COMM_WORLD, &o, &c.lattice));
  check_call(SinewCosineCreate(c.lattice, &c.cosine));
  check_call(SinewMongeAmpereCreate(c.lattice, c.cosine, &c.ma));
  check_call(DMCreateGlobalVector(c.lattice->dm, &c.phi));
  return c;
}

static void free_case(Case *c)
{
  check_call(VecDestroy(&c->phi));
  check_call(SinewMongeAmpereDestroy(&c->ma));
  check_call(SinewCosineDestroy(&c->cosine));
  check_call(SinewLatticeDestroy(&c->lattice));
}

/* ---- monitors of the reference meshes ---- */

typedef PetscReal Density(const PetscReal x[3], PetscReal gradient[3]);

static PetscReal sech2(PetscReal s, PetscReal *derivative)
{
  const PetscReal c = 1 / cosh(s);

  *derivative = -2 * c * c * tanh(s);
  return c * c;
}

static PetscReal ring(const PetscReal x[3], PetscReal g[3])
{
  const PetscReal a = x[0] - 0.5, b = x[1] - 0.5;
  PetscReal d, v = sech2(60 * (a * a + b * b - 0.09), &d);

  g[0] = 10 * d * 120 * a;
  g[1] = 10 * d * 120 * b;
  g[2] = 0;
  return 1 + 10 * v;
}

static PetscReal wave(const PetscReal x[3], PetscReal g[3])
{
  const PetscReal a = PI * (x[1] - 0.5 - 0.12 * sin(2 * PI * x[0]));
  PetscReal d, v = sech2(12 * sin(a) / PI, &d);

  g[1] = 15 * d * 12 * cos(a);
  g[0] = -g[1] * 0.12 * 2 * PI * cos(2 * PI * x[0]);
  g[2] = 0;
  return 1 + 15 * v;
}

/* The ring of the test of `movement`'s, movable, and a shell for three dimensions. */
static PetscReal steep_ring(const PetscReal x[3], PetscReal g[3])
{
  const PetscReal a = x[0] - 0.5, b = x[1] - 0.5;
  PetscReal d, v = sech2(200 * (a * a + b * b - 0.15), &d);

  g[0] = 20 * d * 400 * a;
  g[1] = 20 * d * 400 * b;
  g[2] = 0;
  return 1 + 20 * v;
}

static PetscReal shell(const PetscReal x[3], PetscReal g[3])
{
  PetscReal d, v, r = -0.09;

  for (int k = 0; k < 3; k++) r += (x[k] - 0.5) * (x[k] - 0.5);
  v = sech2(30 * r, &d);
  for (int k = 0; k < 3; k++) g[k] = 5 * d * 60 * (x[k] - 0.5);
  return 1 + 5 * v;
}

static PetscErrorCode pointwise(void *context, PetscInt n, PetscReal *const x[3], PetscReal m[],
                                PetscReal *const gradient[3])
{
  Density *density = *(Density **)context;

  for (PetscInt p = 0; p < n; p++) {
    const PetscReal at[3] = {x[0][p], x[1][p], x[2] ? x[2][p] : 0};
    PetscReal g[3];

    m[p] = (*density)(at, g);
    for (int d = 0; d < 3 && gradient; d++) gradient[d][p] = g[d];
  }
  return PETSC_SUCCESS;
}

/* Largest difference of the case's nodes from x, y of a file (axis 0 = x). */
static double node_difference(Case *c, const double *gx, const double *gy)
{
  const SinewLattice *l = c->lattice;
  PetscReal *x[3] = {NULL, NULL, NULL}, worst = 0;
  PetscInt n = 0;

  for (int d = 0; d < 2; d++) x[d] = malloc(sizeof(PetscReal) * (size_t)l->local);
  check_call(SinewMongeAmpereNodes(c->lattice, c->phi, x));
  for (PetscInt j = 0; j < l->count[1]; j++)
    for (PetscInt i = 0; i < l->count[0]; i++, n++) {
      const PetscInt at = (i + l->start[0]) * l->nodes[1] + j + l->start[1];

      worst = PetscMax(worst, PetscMax(fabs(x[0][n] - gx[at]), fabs(x[1][n] - gy[at])));
    }
  for (int d = 0; d < 2; d++) free(x[d]);
  MPI_Allreduce(MPI_IN_PLACE, &worst, 1, MPI_DOUBLE, MPI_MAX, PETSC_COMM_WORLD);
  return worst;
}

static void reference_mesh(SinewFile file, const char *group)
{
  char name[128];
  double *x, *y;
  PetscInt64 cells[1];
  PetscInt n;
  char *bc;
  SinewMongeAmpereReport report;
  Density *density = strncmp(group, "ring", 4) ? wave : ring;
  Case c;

  check_call(SinewFileReadInts(file, group, "N", 1, &n, cells));
  check_call(SinewFileReadString(file, group, "bc", &bc));
  snprintf(name, sizeof(name), "/%s/x", group);
  x = golden_array(file, name, NULL);
  snprintf(name, sizeof(name), "/%s/y", group);
  y = golden_array(file, name, NULL);
  c = new_case(2, (PetscInt[3]){(PetscInt)cells[0], (PetscInt)cells[0], 1}, !strcmp(bc, "periodic"));
  check_call(SinewMongeAmpereSetTolerance(c.ma, 1e-11, 60));
  check_call(SinewMongeAmpereSolve(c.ma, pointwise, &density, PETSC_FALSE, c.phi, &report));
  print_message("%s: %d Newton, %d Krylov, residual %g, theta %.10g\n", group, (int)report.newton, (int)report.krylov,
                report.residual, report.theta);
  assert_true(report.converged);
  check_close(node_difference(&c, x, y), 0, 1e-7);
  golden_compared++;
  check_call(PetscFree(bc));
  free(x);
  free(y);
  free_case(&c);
}

static void relaxed_mesh(SinewFile file, const char *group)
{
  char name[128];
  double *phi, *history, gamma, dt;
  PetscInt64 cells[1], steps[1];
  PetscInt n;
  Density *density = strstr(group, "ring") ? ring : wave;
  PetscReal *x[3] = {NULL, NULL, NULL}, *m, *p, mean, worst = 0;
  SinewMongeAmpereReport report;
  Case c;
  Vec density_values;

  check_call(SinewFileReadInts(file, group, "N", 1, &n, cells));
  check_call(SinewFileReadInts(file, group, "steps", 1, &n, steps));
  check_call(SinewFileReadReals(file, group, "gamma", 1, &n, &gamma));
  check_call(SinewFileReadReals(file, group, "dt", 1, &n, &dt));
  snprintf(name, sizeof(name), "/%s/phi", group);
  phi = golden_array(file, name, NULL);
  snprintf(name, sizeof(name), "/%s/hist", group);
  history = golden_array(file, name, NULL);
  c = new_case(2, (PetscInt[3]){(PetscInt)cells[0], (PetscInt)cells[0], 1}, PETSC_TRUE);
  check_call(VecDuplicate(c.phi, &density_values));
  for (int d = 0; d < 2; d++) x[d] = malloc(sizeof(PetscReal) * (size_t)c.lattice->local);
  for (int s = 0; s <= steps[0]; s++) {
    check_call(SinewMongeAmpereNodes(c.lattice, c.phi, x));
    check_call(VecGetArrayWrite(density_values, &m));
    check_call(pointwise(&density, c.lattice->local, x, m, NULL));
    check_call(VecRestoreArrayWrite(density_values, &m));
    check_call(SinewMongeAmpereRelax(c.ma, density_values, gamma, s < steps[0] ? dt : 0, c.phi, &report));
    check_close(report.residual, history[2 * s], 1e-11 * history[0]);
    check_close(report.rms, history[2 * s + 1], 1e-9);
  }
  check_call(SinewLatticeMean(c.lattice, c.phi, &mean));
  check_call(VecGetArray(c.phi, &p));
  {
    const SinewLattice *l = c.lattice;
    double gm = 0;
    n = 0;

    for (PetscInt i = 0; i < l->nodes[0] * l->nodes[1]; i++) gm += phi[i] / (double)(l->nodes[0] * l->nodes[1]);
    for (PetscInt j = 0; j < l->count[1]; j++)
      for (PetscInt i = 0; i < l->count[0]; i++, n++)
        worst = PetscMax(worst, fabs(p[n] - mean - phi[(i + l->start[0]) * l->nodes[1] + j + l->start[1]] + gm));
  }
  check_call(VecRestoreArray(c.phi, &p));
  check_close(worst, 0, 1e-12);
  golden_compared++;
  free(phi);
  free(history);
  for (int d = 0; d < 2; d++) free(x[d]);
  check_call(VecDestroy(&density_values));
  free_case(&c);
}

static void golden_file(const char *path)
{
  SinewFile file;
  PetscInt count;
  char **names;

  check_call(SinewFileOpen(PETSC_COMM_WORLD, path, &file));
  check_call(SinewFileList(file, "/", &count, &names));
  for (PetscInt k = 0; k < count; k++) {
    char *name = names[k][0] == '/' ? names[k] + 1 : names[k], *slash = strchr(name, '/'), *disc = NULL;

    if (slash && !strcmp(slash, "/phi")) {
      *slash = 0;
      check_call(SinewFileReadString(file, name, "disc", &disc));
      if (disc && !strcmp(disc, "fd")) reference_mesh(file, name);
      if (!disc && !strncmp(name, "pma", 3)) relaxed_mesh(file, name);
      check_call(PetscFree(disc));
    }
    check_call(PetscFree(names[k]));
  }
  check_call(PetscFree(names));
  check_call(SinewFileClose(&file));
}

static void golden_meshes(void **state)
{
  static const char *const prefixes[] = {"classical", NULL};

  (void)state;
  if (golden_missing("mesh")) skip();
  golden_each("mesh", prefixes, golden_file);
  assert_true(golden_compared > 0);
}

/* The monitor of a known map: m(x) = 1 / det at x = xi + grad phi, phi = sum of products of cosines on a box. Given x,
   xi is found by Newton's method. */
static PetscReal manufactured(const PetscReal x[3], PetscReal g[3])
{
  PetscReal a = x[0], b = x[1], H[3], third[4], det, gd[2];

  for (int it = 0; it < 30; it++) {
    const PetscReal f = a - 0.018 * PI * (sin(PI * a) * cos(2 * PI * b) + sin(2 * PI * a)) - x[0],
                    h = b - 0.036 * PI * cos(PI * a) * sin(2 * PI * b) - x[1];

    H[0] = 1 - 0.018 * PI * PI * (cos(PI * a) * cos(2 * PI * b) + 2 * cos(2 * PI * a));
    H[1] = 1 - 0.072 * PI * PI * cos(PI * a) * cos(2 * PI * b);
    H[2] = 0.036 * PI * PI * sin(PI * a) * sin(2 * PI * b);
    det = H[0] * H[1] - H[2] * H[2];
    a -= (H[1] * f - H[2] * h) / det;
    b -= (H[0] * h - H[2] * f) / det;
  }
  third[0] = 0.018 * PI * PI * PI * (sin(PI * a) * cos(2 * PI * b) + 4 * sin(2 * PI * a)); /* xxx */
  third[1] = 0.036 * PI * PI * PI * cos(PI * a) * sin(2 * PI * b);                         /* xxy */
  third[2] = 0.072 * PI * PI * PI * sin(PI * a) * cos(2 * PI * b);                         /* xyy */
  third[3] = 0.144 * PI * PI * PI * cos(PI * a) * sin(2 * PI * b);                         /* yyy */
  gd[0] = third[0] * H[1] + H[0] * third[2] - 2 * H[2] * third[1];
  gd[1] = third[1] * H[1] + H[0] * third[3] - 2 * H[2] * third[2];
  /* grad_x det = (I + D^2 phi)^-1 grad_xi det */
  g[0] = -(H[1] * gd[0] - H[2] * gd[1]) / (det * det * det);
  g[1] = -(H[0] * gd[1] - H[2] * gd[0]) / (det * det * det);
  g[2] = 0;
  return 1 / det;
}

/* Largest error of the potential, means apart. */
static double manufactured_error(PetscInt cells, PetscInt *newton)
{
  Density *density = manufactured;
  SinewMongeAmpereReport report;
  Case c = new_case(2, (PetscInt[3]){cells, cells, 1}, PETSC_FALSE);
  const SinewLattice *l = c.lattice;
  PetscReal *p, mean, worst = 0;
  PetscInt n = 0;
  Vec error;

  check_call(SinewMongeAmpereSolve(c.ma, pointwise, &density, PETSC_FALSE, c.phi, &report));
  assert_true(report.converged);
  check_call(VecDuplicate(c.phi, &error));
  check_call(VecCopy(c.phi, error));
  check_call(VecGetArray(error, &p));
  for (PetscInt j = 0; j < l->count[1]; j++)
    for (PetscInt i = 0; i < l->count[0]; i++) {
      const PetscReal a = PI * l->h[0] * (PetscReal)(i + l->start[0]), b = PI * l->h[1] * (PetscReal)(j + l->start[1]);

      p[n++] -= 0.018 * (cos(a) * cos(2 * b) + 0.5 * cos(2 * a));
    }
  check_call(VecRestoreArray(error, &p));
  check_call(SinewLatticeMean(c.lattice, error, &mean));
  check_call(VecShift(error, -mean));
  check_call(VecNorm(error, NORM_INFINITY, &worst));
  check_call(VecDestroy(&error));
  *newton = report.newton;
  free_case(&c);
  return worst;
}

static void manufactured_solutions(void **state)
{
  PetscInt newton;
  const double coarse = manufactured_error(32, &newton), fine = manufactured_error(64, &newton);

  (void)state;
  print_message("manufactured: %g at 32, %g at 64\n", coarse, fine);
  check_close(coarse, 3.1e-5, 0.1e-5);
  check_close(fine, 7.7e-6, 0.1e-6);
}

static PetscReal shift;

/* The wave again, moved along both axes. */
static PetscReal shifted_wave(const PetscReal x[3], PetscReal g[3])
{
  const PetscReal y[3] = {x[0] - shift, x[1] - shift, x[2]};

  return wave(y, g);
}

/* A monitor moved by whole cells of a periodic lattice moves the mesh by as much: sizes are the same. */
static void shifts_do_not_matter(void **state)
{
  Density *density = shifted_wave;
  SinewMongeAmpereReport report[2];

  (void)state;
  for (int k = 0; k < 2; k++) {
    Case c = new_case(2, (PetscInt[3]){32, 32, 1}, PETSC_TRUE);

    shift = k * 5. / 32;
    check_call(SinewMongeAmpereSetTolerance(c.ma, 1e-12, 60));
    check_call(SinewMongeAmpereSolve(c.ma, pointwise, &density, PETSC_FALSE, c.phi, &report[k]));
    free_case(&c);
  }
  check_close(report[1].theta, report[0].theta, 1e-12);
  check_close(report[1].jacobian, report[0].jacobian, 1e-12);
}

/* A table gives back its nodal values, and derivatives that finite differences confirm. */
static void tables(void **state)
{
  Case c = new_case(2, (PetscInt[3]){24, 32, 1}, PETSC_FALSE);
  const SinewLattice *l = c.lattice;
  SinewMonitorTable table;
  PetscReal *x[3] = {NULL, NULL, NULL}, *p, *m, *g[3], worst = 0, slope = 0;

  (void)state;
  check_call(PetscMalloc5(l->local, &x[0], l->local, &x[1], l->local, &m, l->local, &g[0], l->local, &g[1]));
  check_call(SinewMongeAmpereNodes(c.lattice, c.phi, x));
  check_call(VecGetArray(c.phi, &p));
  for (PetscInt n = 0; n < l->local; n++) p[n] = 2 + cos(PI * x[0][n]) * cos(2 * PI * x[1][n]);
  check_call(VecRestoreArray(c.phi, &p));
  check_call(SinewMonitorTableCreate(c.lattice, c.cosine, c.phi, &table));
  check_call(SinewMonitorTableEvaluate(table, l->local, x, m, NULL));
  for (PetscInt n = 0; n < l->local; n++)
    worst = PetscMax(worst, fabs(m[n] - 2 - cos(PI * x[0][n]) * cos(2 * PI * x[1][n])));
  check_close(worst, 0, 1e-13);
  for (PetscInt n = 0; n < l->local; n++) {
    x[0][n] = 0.5 + 0.9 * (x[0][n] - 0.5);
    x[1][n] = 0.5 + 0.8 * (x[1][n] - 0.5);
  }
  check_call(SinewMonitorTableEvaluate(table, l->local, x, m, g));
  for (PetscInt n = 0; n < l->local; n++) {
    slope = PetscMax(slope, fabs(g[0][n] + PI * sin(PI * x[0][n]) * cos(2 * PI * x[1][n])));
    slope = PetscMax(slope, fabs(g[1][n] + 2 * PI * cos(PI * x[0][n]) * sin(2 * PI * x[1][n])));
    worst = PetscMax(worst, fabs(m[n] - 2 - cos(PI * x[0][n]) * cos(2 * PI * x[1][n])));
  }
  check_close(worst, 0, 1e-4);
  check_close(slope, 0, 5e-3);
  check_call(PetscFree5(x[0], x[1], m, g[0], g[1]));
  check_call(SinewMonitorTableDestroy(&table));
  free_case(&c);
}

/* A monitor known on a mesh: largest errors at its vertices, and, after a detour, between them, of value and slope. */
static void moved_monitor_errors(PetscInt cells, PetscReal error[3])
{
  Density *density = wave;
  SinewMongeAmpereReport report;
  Case c = new_case(2, (PetscInt[3]){cells, cells, 1}, PETSC_FALSE);
  const PetscInt n = c.lattice->local;
  SinewMovedMonitor moved;
  PetscReal *x[3] = {NULL, NULL, NULL}, *v, *m, *g[3] = {NULL, NULL, NULL};
  Vec values;

  check_call(SinewMongeAmpereSolve(c.ma, pointwise, &density, PETSC_FALSE, c.phi, &report));
  assert_true(report.converged);
  check_call(PetscMalloc5(n, &x[0], n, &x[1], n, &m, n, &g[0], n, &g[1]));
  check_call(SinewMongeAmpereNodes(c.lattice, c.phi, x));
  check_call(VecDuplicate(c.phi, &values));
  check_call(VecGetArray(values, &v));
  for (PetscInt p = 0; p < n; p++) v[p] = 2 + cos(PI * x[0][p]) * cos(2 * PI * x[1][p]);
  check_call(VecRestoreArray(values, &v));
  check_call(SinewMovedMonitorCreate(c.lattice, c.cosine, c.phi, values, &moved));
  error[0] = error[1] = error[2] = 0;
  for (int detour = 0; detour < 2; detour++) {
    for (int d = 0; d < 2; d++)
      for (PetscInt p = 0; p < n; p++) x[d][p] = detour ? 0.5 + 0.8 * (x[d][p] - 0.5) : x[d][p];
    check_call(SinewMovedMonitorEvaluate(moved, n, x, m, g));
    for (PetscInt p = 0; p < n; p++) {
      const PetscReal a = PI * x[0][p], b = 2 * PI * x[1][p];

      error[detour] = PetscMax(error[detour], fabs(m[p] - 2 - cos(a) * cos(b)));
      error[2] = PetscMax(error[2], hypot(g[0][p] + PI * sin(a) * cos(b), g[1][p] + 2 * PI * cos(a) * sin(b)));
    }
  }
  check_call(MPI_Allreduce(MPI_IN_PLACE, error, 3, MPIU_REAL, MPIU_MAX, PETSC_COMM_WORLD));
  check_call(SinewMovedMonitorDestroy(&moved));
  check_call(VecDestroy(&values));
  check_call(PetscFree5(x[0], x[1], m, g[0], g[1]));
  free_case(&c);
}

static void monitors_of_meshes(void **state)
{
  PetscReal coarse[3], fine[3];

  (void)state;
  moved_monitor_errors(32, coarse);
  moved_monitor_errors(64, fine);
  print_message("monitors of meshes: %g, %g at 32, %g, %g at 64\n", coarse[1], coarse[2], fine[1], fine[2]);
  check_close(fine[0], 0, 1e-10);
  assert_true(coarse[1] > 8 * fine[1] && coarse[2] > 4 * fine[2]);
  assert_true(fine[1] < 1e-3);
}

static PetscErrorCode nowhere(void *context, PetscInt n, PetscReal *const x[3], PetscReal m[],
                              PetscReal *const gradient[3])
{
  (void)context;
  (void)x;
  for (PetscInt p = 0; p < n; p++) m[p] = p ? 1 : (PetscReal)NAN;
  for (int d = 0; d < 3 && gradient; d++)
    for (PetscInt p = 0; p < n; p++) gradient[d][p] = 0;
  return PETSC_SUCCESS;
}

static void monitors_must_be_positive(void **state)
{
  SinewMongeAmpereReport report;
  Case c = new_case(2, (PetscInt[3]){32, 32, 1}, PETSC_TRUE);

  (void)state;
  check_call(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  assert_int_equal((int)SinewMongeAmpereSolve(c.ma, nowhere, NULL, PETSC_TRUE, c.phi, &report), (int)SINEW_ERR_INPUT);
  check_call(PetscPopErrorHandler());
  free_case(&c);
}

static void steep_ring_is_folded_nowhere(void **state)
{
  Density *density = steep_ring;
  SinewMongeAmpereReport report;
  Case c = new_case(2, (PetscInt[3]){128, 128, 1}, PETSC_FALSE);

  (void)state;
  check_call(SinewMongeAmpereSolve(c.ma, pointwise, &density, PETSC_FALSE, c.phi, &report));
  print_message("ring 128: %d Newton, %d Krylov, residual %g, smallest det %g\n", (int)report.newton,
                (int)report.krylov, report.residual, report.jacobian);
  assert_true(report.converged);
  check_close(report.jacobian, 0.0775, 0.005);
  free_case(&c);
}

static void three_dimensions(void **state)
{
  Density *density = shell;
  SinewMongeAmpereReport report;
  Case c = new_case(3, (PetscInt[3]){32, 32, 32}, PETSC_FALSE);

  (void)state;
  check_call(SinewMongeAmpereSolve(c.ma, pointwise, &density, PETSC_FALSE, c.phi, &report));
  print_message("shell 32^3: %d Newton, %d Krylov, residual %g, smallest det %g\n", (int)report.newton,
                (int)report.krylov, report.residual, report.jacobian);
  assert_true(report.converged);
  free_case(&c);
}

SINEW_TEST_MAIN(cmocka_unit_test(golden_meshes), cmocka_unit_test(monitors_of_meshes),
                cmocka_unit_test(steep_ring_is_folded_nowhere), cmocka_unit_test(three_dimensions),
                cmocka_unit_test(manufactured_solutions), cmocka_unit_test(shifts_do_not_matter),
                cmocka_unit_test(tables), cmocka_unit_test(monitors_must_be_positive))
