/*
  Moving meshes measured on the front of Burgers' equation, u_t + u u_x + u u_y = nu Laplace u on the periodic unit
  square, from exp(-r^2 / 0.02) in the middle.

    mesh solve NU TIME               Monge-Ampere meshes for the front, 64^2 to 512^2: iterations, seconds, quality
                                     (OMP_NUM_THREADS=1: processor time counts the threads of BLAS too)
    mesh errors NU DIRECTORY ...     errors of series (fields_*.h5 at t = 0.1 .. 1) against the reference
    mesh against FIELD K REFERENCE DIRECTORY ...
                                     relative L1 distances of output K of series on the unit square from that of a fine
                                     series at rest, of any equation: blasts, bores

  The reference is pseudo-spectral (512^2, 2/3 rule, fourth-order Runge-Kutta), made anew in each run: about a minute.
  Errors are relative L2 norms of the limited piecewise linear reconstruction, and of the cells' averages, averaged over
  the times.
*/
#include <fftw3.h>
#include <petscsys.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "io/arrays.h"
#include "meshes/geometry.h"
#include "meshes/movers/monge_ampere.h"
#include "operators/reconstruction.h"

#define N     512
#define MODES (N / 2 + 1)
#define TIMES 10

typedef struct {
  double nu;
  fftw_plan forward, backward;
  double *grid;
  fftw_complex *hat, *u, *k[2], *stage;
} Spectral;

/* ---- the reference ---- */

static double wave_number(int i)
{
  return 2 * PETSC_PI * (i > N / 2 ? i - N : i);
}

/* d/dt of the coefficients: -(i kx + i ky) (u^2 / 2)^ - nu k^2 u^. */
static void right_hand_side(Spectral *s, const fftw_complex *u, fftw_complex *f)
{
  memcpy(s->hat, u, sizeof(fftw_complex) * N * MODES);
  fftw_execute(s->backward);
  for (int n = 0; n < N * N; n++) s->grid[n] = 0.5 * s->grid[n] * s->grid[n];
  fftw_execute(s->forward);
  for (int j = 0; j < N; j++)
    for (int i = 0; i < MODES; i++) {
      const double kx = wave_number(i), ky = wave_number(j), sum = (kx + ky) / (N * (double)N),
                   decay = s->nu * (kx * kx + ky * ky);
      const int n = j * MODES + i, kept = 3 * i < N && 3 * abs(j > N / 2 ? j - N : j) < N;

      f[n][0] = kept ? sum * s->hat[n][1] - decay * u[n][0] : 0;
      f[n][1] = kept ? -sum * s->hat[n][0] - decay * u[n][1] : 0;
    }
}

static void add(fftw_complex *to, const fftw_complex *from, double factor, const fftw_complex *f)
{
  for (int n = 0; n < N * MODES; n++) {
    to[n][0] = from[n][0] + factor * f[n][0];
    to[n][1] = from[n][1] + factor * f[n][1];
  }
}

static void step(Spectral *s, double dt)
{
  static const double a[4] = {0.5, 0.5, 1, 0}, b[4] = {1. / 6, 1. / 3, 1. / 3, 1. / 6};

  memcpy(s->stage, s->u, sizeof(fftw_complex) * N * MODES);
  memcpy(s->k[1], s->u, sizeof(fftw_complex) * N * MODES);
  for (int m = 0; m < 4; m++) {
    right_hand_side(s, s->stage, s->k[0]);
    add(s->k[1], s->k[1], b[m] * dt, s->k[0]);
    add(s->stage, s->u, a[m] * dt, s->k[0]);
  }
  memcpy(s->u, s->k[1], sizeof(fftw_complex) * N * MODES);
}

static void grid_values(Spectral *s, double out[])
{
  memcpy(s->hat, s->u, sizeof(fftw_complex) * N * MODES);
  fftw_execute(s->backward);
  memcpy(out, s->grid, sizeof(double) * N * N);
}

/* Values [y][x] at the times t_1 < t_2 < ... */
static void make_reference(double nu, int count, const double times[], double *const out[])
{
  Spectral s = {.nu = nu};
  double t = 0;

  s.grid = fftw_alloc_real(N * N);
  s.hat = fftw_alloc_complex(N * MODES);
  s.u = fftw_alloc_complex(N * MODES);
  s.stage = fftw_alloc_complex(N * MODES);
  for (int k = 0; k < 2; k++) s.k[k] = fftw_alloc_complex(N * MODES);
  s.forward = fftw_plan_dft_r2c_2d(N, N, s.grid, s.hat, FFTW_MEASURE);
  s.backward = fftw_plan_dft_c2r_2d(N, N, s.hat, s.grid, FFTW_MEASURE);
  for (int n = 0; n < N * N; n++) {
    const double x = (n % N) / (double)N - 0.5, y = (double)(n / N) / N - 0.5;

    s.grid[n] = exp(-(x * x + y * y) / 0.02) / (N * (double)N);
  }
  fftw_execute(s.forward);
  memcpy(s.u, s.hat, sizeof(fftw_complex) * N * MODES);
  for (int m = 0; m < count; m++) {
    const int steps = (int)ceil((times[m] - t) / PetscMin(5e-4, 1e-6 / nu));

    for (int k = 0; k < steps; k++) step(&s, (times[m] - t) / steps);
    t = times[m];
    grid_values(&s, out[m]);
  }
  fftw_destroy_plan(s.forward);
  fftw_destroy_plan(s.backward);
  fftw_free(s.grid);
  fftw_free(s.hat);
  fftw_free(s.u);
  fftw_free(s.stage);
  for (int k = 0; k < 2; k++) fftw_free(s.k[k]);
}

/* ---- a function from its values on the reference's grid ---- */

typedef struct {
  SinewLattice *lattice;
  SinewCosine cosine;
  SinewMonitorTable table;
} Field;

static PetscErrorCode new_lattice(PetscInt cells, SinewLattice **lattice)
{
  const SinewLatticeOptions o = {
      .dim = 2, .cells = {cells, cells, 1}, .upper = {1, 1, 1}, .periodic = {PETSC_TRUE, PETSC_TRUE, PETSC_FALSE}};

  PetscFunctionBeginUser;
  PetscCall(SinewLatticeCreate(PETSC_COMM_SELF, &o, lattice));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The table keeps above a floor, so u + 1 is what it holds. */
static PetscErrorCode create_field(const double values[], Field *f)
{
  Vec v;
  PetscReal *a;

  PetscFunctionBeginUser;
  PetscCall(new_lattice(N, &f->lattice));
  PetscCall(SinewCosineCreate(f->lattice, &f->cosine));
  PetscCall(DMCreateGlobalVector(f->lattice->dm, &v));
  PetscCall(VecGetArray(v, &a));
  for (int n = 0; n < N * N; n++) a[n] = 1 + values[n];
  PetscCall(VecRestoreArray(v, &a));
  PetscCall(SinewMonitorTableCreate(f->lattice, f->cosine, v, &f->table));
  PetscCall(VecDestroy(&v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy_field(Field *f)
{
  PetscFunctionBeginUser;
  PetscCall(SinewMonitorTableDestroy(&f->table));
  PetscCall(SinewCosineDestroy(&f->cosine));
  PetscCall(SinewLatticeDestroy(&f->lattice));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- meshes ---- */

typedef struct {
  SinewLattice *lattice;
  SinewCosine cosine;
  SinewMongeAmpere ma;
  SinewMonitorTable table;
  Vec phi;
} Mesh;

/* 1 + beta / (1 - beta) |grad u|^(1/2) / mean, smoothed over 0.01, on the mesh's own lattice; `moved` shifts the front.
 */
static PetscErrorCode make_monitor(Mesh *m, Field *field, double moved)
{
  PetscReal *x[3] = {NULL, NULL, NULL}, *u, *g[3] = {NULL, NULL, NULL}, *out;
  const PetscInt n = m->lattice->local;
  Vec values;

  PetscFunctionBeginUser;
  PetscCall(DMCreateGlobalVector(m->lattice->dm, &values));
  PetscCall(VecSet(values, 0));
  PetscCall(PetscMalloc5(n, &x[0], n, &x[1], n, &u, n, &g[0], n, &g[1]));
  PetscCall(SinewMongeAmpereNodes(m->lattice, values, x));
  for (PetscInt i = 0; i < n; i++)
    for (int d = 0; d < 2; d++) x[d][i] -= moved;
  PetscCall(SinewMonitorTableEvaluate(field->table, n, x, u, g));
  PetscCall(VecGetArray(values, &out));
  for (PetscInt i = 0; i < n; i++) out[i] = sqrt(g[0][i] * g[0][i] + g[1][i] * g[1][i]);
  PetscCall(VecRestoreArray(values, &out));
  PetscCall(PetscFree5(x[0], x[1], u, g[0], g[1]));
  PetscCall(SinewMonitorNormalise(m->lattice, 0.8, 0.5, values));
  PetscCall(SinewCosineApply(m->cosine, SINEW_COSINE_GAUSSIAN, 0.01, 0, values, values));
  PetscCall(SinewMonitorTableDestroy(&m->table));
  PetscCall(SinewMonitorTableCreate(m->lattice, m->cosine, values, &m->table));
  PetscCall(VecDestroy(&values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Relative L2 error of the bilinear interpolant of u on the mesh, by 4 x 4 points a cell. */
static PetscErrorCode interpolation_error(Mesh *m, Field *field, PetscBool uniform, double *error)
{
  const PetscInt n = m->lattice->nodes[0];
  PetscReal *x[3] = {NULL, NULL, NULL}, *u, square = 0, total = 0;
  Vec phi;

  PetscFunctionBeginUser;
  PetscCall(VecDuplicate(m->phi, &phi));
  PetscCall(VecCopy(m->phi, phi));
  if (uniform) PetscCall(VecSet(phi, 0));
  PetscCall(PetscMalloc3((size_t)(n * n), &x[0], (size_t)(n * n), &x[1], (size_t)(n * n), &u));
  PetscCall(SinewMongeAmpereNodes(m->lattice, phi, x));
  PetscCall(SinewMonitorTableEvaluate(field->table, n * n, x, u, NULL));
  for (PetscInt j = 0; j < n; j++)
    for (PetscInt i = 0; i < n; i++) {
      const PetscInt at[4] = {j * n + i, j * n + (i + 1) % n, (j + 1) % n * n + i, (j + 1) % n * n + (i + 1) % n};
      PetscReal px[16], py[16], value[16], exact[16], area = 0, *points[3] = {px, py, NULL};
      double cx[4], cy[4];

      for (int c = 0; c < 4; c++) {
        cx[c] = x[0][at[c]] + (c % 2 && i == n - 1);
        cy[c] = x[1][at[c]] + (c / 2 && j == n - 1);
      }
      area = 0.5 * ((cx[3] - cx[0]) * (cy[2] - cy[1]) - (cy[3] - cy[0]) * (cx[2] - cx[1]));
      for (int q = 0; q < 16; q++) {
        const double a = (q % 4 + 0.5) / 4, b = ((double)(q / 4) + 0.5) / 4,
                     w[4] = {(1 - a) * (1 - b), a * (1 - b), (1 - a) * b, a * b};

        px[q] = py[q] = value[q] = 0;
        for (int c = 0; c < 4; c++) {
          px[q] += w[c] * cx[c];
          py[q] += w[c] * cy[c];
          value[q] += w[c] * u[at[c]];
        }
      }
      PetscCall(SinewMonitorTableEvaluate(field->table, 16, points, exact, NULL));
      for (int q = 0; q < 16; q++) {
        square += area * (value[q] - exact[q]) * (value[q] - exact[q]);
        total += area * (exact[q] - 1) * (exact[q] - 1);
      }
    }
  *error = sqrt(square / total);
  PetscCall(PetscFree3(x[0], x[1], u));
  PetscCall(VecDestroy(&phi));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode timed_solve(Mesh *m, PetscBool warm, const char what[])
{
  SinewMongeAmpereReport r;
  double best = 1e30;
  Vec start;

  PetscFunctionBeginUser;
  PetscCall(VecDuplicate(m->phi, &start));
  PetscCall(VecCopy(m->phi, start));
  for (int k = 0; k < 5; k++) {
    clock_t begin;

    PetscCall(VecCopy(start, m->phi));
    begin = clock(); /* of this process: the machine may be busy */
    PetscCall(SinewMongeAmpereSolve(m->ma, SinewMonitorTableEvaluate, m->table, warm, m->phi, &r));
    best = PetscMin(best, (double)(clock() - begin) / CLOCKS_PER_SEC);
  }
  PetscCall(PetscPrintf(PETSC_COMM_SELF,
                        "%4d^2  %s  Newton %2d  Krylov %3d  residual %8.1e  smallest det %.3f  %.4f CPU s\n",
                        (int)m->lattice->nodes[0], what, (int)r.newton, (int)r.krylov, r.residual, r.jacobian, best));
  PetscCall(VecDestroy(&start));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode measure_mesh(PetscInt cells, Field *field)
{
  Mesh m = {.table = NULL};
  double moved, uniform;

  PetscFunctionBeginUser;
  PetscCall(new_lattice(cells, &m.lattice));
  PetscCall(SinewCosineCreate(m.lattice, &m.cosine));
  PetscCall(SinewMongeAmpereCreate(m.lattice, m.cosine, &m.ma));
  PetscCall(DMCreateGlobalVector(m.lattice->dm, &m.phi));
  PetscCall(make_monitor(&m, field, 0));
  PetscCall(timed_solve(&m, PETSC_FALSE, "cold"));
  PetscCall(interpolation_error(&m, field, PETSC_FALSE, &moved));
  PetscCall(interpolation_error(&m, field, PETSC_TRUE, &uniform));
  PetscCall(PetscPrintf(PETSC_COMM_SELF, "        interpolation error %.2e, uniform %.2e: %.1f times less\n", moved,
                        uniform, uniform / moved));
  PetscCall(make_monitor(&m, field, 1. / 128));
  PetscCall(timed_solve(&m, PETSC_TRUE, "warm"));
  PetscCall(VecDestroy(&m.phi));
  PetscCall(SinewMonitorTableDestroy(&m.table));
  PetscCall(SinewMongeAmpereDestroy(&m.ma));
  PetscCall(SinewCosineDestroy(&m.cosine));
  PetscCall(SinewLatticeDestroy(&m.lattice));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- errors of runs ---- */

/* One output of a run: averages u [n][n] and nodes [n + 1][n + 1][3]. */
static PetscErrorCode read_output(const char directory[], const char field[], int k, PetscInt *n, double **u,
                                  double **nodes)
{
  char path[PETSC_MAX_PATH_LEN], name[128];
  SinewFile file;
  SinewArray a;
  PetscBool exists;

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/fields_%06d.h5", directory, k));
  PetscCall(SinewFileOpen(PETSC_COMM_SELF, path, &file));
  PetscCall(PetscSNPrintf(name, sizeof(name), "/fields/%s", field));
  PetscCall(SinewFileInquire(file, name, &exists, &a));
  PetscCheck(exists, PETSC_COMM_SELF, PETSC_ERR_FILE_UNEXPECTED, "%s: no %s", path, name);
  *n = (PetscInt)a.shape[1];
  PetscCall(PetscMalloc2((size_t)(*n * *n), u, (size_t)(3 * (*n + 1) * (*n + 1)), nodes));
  a.name = name;
  a.data = *u;
  PetscCall(SinewFileRead(file, &a));
  PetscCall(SinewFileInquire(file, "/mesh/nodes", &exists, &a));
  a.name = "/mesh/nodes";
  a.data = *nodes;
  if (exists)
    PetscCall(SinewFileRead(file, &a));
  else
    for (PetscInt p = 0; p < (*n + 1) * (*n + 1); p++) {
      (*nodes)[3 * p] = (double)(p % (*n + 1)) / (double)*n;
      (*nodes)[3 * p + 1] = (double)(p / (*n + 1)) / (double)*n;
    }
  PetscCall(SinewFileClose(&file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Limited slope of u about i, j along an axis, by the reconstruction of the runs. */
static double slope(PetscInt n, const double u[], PetscInt i, PetscInt j, int axis)
{
  double q[3], lower, upper;

  for (PetscInt m = -1; m < 2; m++) q[m + 1] = axis ? u[(j + m + n) % n * n + i] : u[j * n + (i + m + n) % n];
  SinewReconstructions[2].row(1, 1, q + 1, &lower, &upper);
  return upper - lower;
}

/* Squares of errors of reconstruction and averages, and of the reference. */
static PetscErrorCode output_errors(const char directory[], int k, Field *field, double sums[3])
{
  PetscInt n = 0;
  double *u = NULL, *nodes = NULL;

  PetscFunctionBeginUser;
  PetscCall(read_output(directory, "u", k, &n, &u, &nodes));
  sums[0] = sums[1] = sums[2] = 0;
  for (PetscInt j = 0; j < n; j++)
    for (PetscInt i = 0; i < n; i++) {
      const double *p = nodes + 3 * (j * (n + 1) + i), *corner[4] = {p, p + 3, p + 3 * (n + 1), p + 3 * (n + 2)};
      const double sx = slope(n, u, i, j, 0), sy = slope(n, u, i, j, 1);
      PetscReal px[36], py[36], exact[36], *points[3] = {px, py, NULL};
      double mean = 0, volume = 0;

      for (int q = 0; q < 36; q++) {
        const double a = (q % 6 + 0.5) / 6, b = ((double)(q / 6) + 0.5) / 6,
                     w[4] = {(1 - a) * (1 - b), a * (1 - b), (1 - a) * b, a * b};

        px[q] = py[q] = 0;
        for (int c = 0; c < 4; c++) {
          px[q] += w[c] * corner[c][0];
          py[q] += w[c] * corner[c][1];
        }
      }
      volume = 0.5 * ((corner[3][0] - corner[0][0]) * (corner[2][1] - corner[1][1]) -
                      (corner[3][1] - corner[0][1]) * (corner[2][0] - corner[1][0]));
      PetscCall(SinewMonitorTableEvaluate(field->table, 36, points, exact, NULL));
      for (int q = 0; q < 36; q++) {
        const double a = (q % 6 + 0.5) / 6 - 0.5, b = ((double)(q / 6) + 0.5) / 6 - 0.5,
                     error = u[j * n + i] + a * sx + b * sy - exact[q] + 1;

        mean += (exact[q] - 1) / 36;
        sums[0] += volume * error * error / 36;
        sums[2] += volume * (exact[q] - 1) * (exact[q] - 1) / 36;
      }
      sums[1] += volume * (u[j * n + i] - mean) * (u[j * n + i] - mean);
    }
  PetscCall(PetscFree2(u, nodes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- distances from a fine run ---- */

/* Bilinear between the centres of n x n cells of the unit square, constant beyond them. */
static double sample(PetscInt n, const double u[], double x, double y)
{
  const double s = PetscClipInterval(x * (double)n - 0.5, 0, (double)n - 1),
               t = PetscClipInterval(y * (double)n - 0.5, 0, (double)n - 1);
  const PetscInt i = PetscMin((PetscInt)s, n - 2), j = PetscMin((PetscInt)t, n - 2);
  const double a = s - (double)i, b = t - (double)j, *p = u + j * n + i;

  return (1 - b) * ((1 - a) * p[0] + a * p[1]) + b * ((1 - a) * p[n] + a * p[n + 1]);
}

/* Of the limited piecewise linear reconstruction, by 6 x 6 points a cell. */
static PetscErrorCode distance(PetscInt fine, const double reference[], PetscInt n, const double u[],
                               const double nodes[], double *result)
{
  double sum = 0, total = 0;

  PetscFunctionBeginUser;
  for (PetscInt j = 0; j < n; j++)
    for (PetscInt i = 0; i < n; i++) {
      const double *p = nodes + 3 * (j * (n + 1) + i), *corner[4] = {p, p + 3, p + 3 * (n + 1), p + 3 * (n + 2)};
      const double sx = slope(n, u, i, j, 0), sy = slope(n, u, i, j, 1);
      const double volume = 0.5 * ((corner[3][0] - corner[0][0]) * (corner[2][1] - corner[1][1]) -
                                   (corner[3][1] - corner[0][1]) * (corner[2][0] - corner[1][0]));

      for (int q = 0; q < 36; q++) {
        const double a = (q % 6 + 0.5) / 6, b = ((double)(q / 6) + 0.5) / 6,
                     w[4] = {(1 - a) * (1 - b), a * (1 - b), (1 - a) * b, a * b};
        double at[2] = {0, 0}, exact;

        for (int c = 0; c < 4; c++)
          for (int d = 0; d < 2; d++) at[d] += w[c] * corner[c][d];
        exact = sample(fine, reference, at[0], at[1]);
        sum += volume * fabs(u[j * n + i] + (a - 0.5) * sx + (b - 0.5) * sy - exact) / 36;
        total += volume * fabs(exact) / 36;
      }
    }
  *result = sum / total;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode compare_runs(const char field[], int k, const char reference[], int count,
                                   char *const directories[])
{
  PetscInt fine = 0, n = 0;
  double *exact = NULL, *exact_nodes = NULL, *u = NULL, *nodes = NULL, error;

  PetscFunctionBeginUser;
  PetscCall(read_output(reference, field, k, &fine, &exact, &exact_nodes));
  for (int d = 0; d < count; d++) {
    PetscCall(read_output(directories[d], field, k, &n, &u, &nodes));
    PetscCall(distance(fine, exact, n, u, nodes, &error));
    PetscCall(PetscPrintf(PETSC_COMM_SELF, "%-32s distance %.3e\n", directories[d], error));
    PetscCall(PetscFree2(u, nodes));
  }
  PetscCall(PetscFree2(exact, exact_nodes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run_errors(double nu, int count, char *const directories[])
{
  double *values[TIMES], times[TIMES], sums[3] = {0, 0, 1};
  double(*mean)[2];

  PetscFunctionBeginUser;
  PetscCall(PetscCalloc1(count, &mean));
  for (int k = 0; k < TIMES; k++) {
    times[k] = 0.1 * (k + 1);
    PetscCall(PetscMalloc1(N * N, &values[k]));
  }
  make_reference(nu, TIMES, times, values);
  for (int k = 0; k < TIMES; k++) {
    Field field;

    PetscCall(create_field(values[k], &field));
    for (int d = 0; d < count; d++) {
      PetscCall(output_errors(directories[d], k + 1, &field, sums));
      mean[d][0] += sqrt(sums[0] / sums[2]) / TIMES;
      mean[d][1] += sqrt(sums[1] / sums[2]) / TIMES;
    }
    PetscCall(destroy_field(&field));
    PetscCall(PetscFree(values[k]));
  }
  for (int d = 0; d < count; d++)
    PetscCall(
        PetscPrintf(PETSC_COMM_SELF, "%-32s error %.3e (averages %.3e)\n", directories[d], mean[d][0], mean[d][1]));
  PetscCall(PetscFree(mean));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve_meshes(double nu, double time)
{
  double *values;
  Field field;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(N * N, &values));
  make_reference(nu, 1, &time, &values);
  PetscCall(create_field(values, &field));
  for (PetscInt cells = 64; cells <= 512; cells *= 2) PetscCall(measure_mesh(cells, &field));
  PetscCall(destroy_field(&field));
  PetscCall(PetscFree(values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  if (argc == 4 && !strcmp(argv[1], "solve"))
    PetscCall(solve_meshes(atof(argv[2]), atof(argv[3])));
  else if (argc > 3 && !strcmp(argv[1], "errors"))
    PetscCall(run_errors(atof(argv[2]), argc - 3, argv + 3));
  else if (argc > 5 && !strcmp(argv[1], "against"))
    PetscCall(compare_runs(argv[2], atoi(argv[3]), argv[4], argc - 5, argv + 5));
  else
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "usage: mesh solve NU TIME | mesh errors NU DIRECTORY ... |"
                                            " mesh against FIELD K REFERENCE DIRECTORY ...\n"));
  PetscCall(PetscFinalize());
  return 0;
}
