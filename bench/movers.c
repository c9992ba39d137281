/*
  Meshes for the same fields by Newton's method, by a trained mesh network, and by Newton's method that begins with the
  network's: one table.

    movers DATA ARRAY WEIGHTS [CELLS] [SHARE]

  DATA is a data set of fine periodic solutions, ARRAY its name there (u); fields are every sixth frame of the
  last sixth of the trajectories, as `data.split: [0.66667, 0.16667, 0.16666]` deals them out. Meshes have CELLS^2 cells
  (48) of the unit square between walls; the monitor is 1 + share / (1 - share) |grad u|^(1/2) / mean, share 0.7,
  smoothed over 0.02. For every mover, means over fields: processor seconds a mesh, iterations, standard deviation and
  range of monitor times volume over its mean, the least corner's area over a uniform cell's (the least of all fields
  beside it), and the relative L2 error of the bilinear interpolant, with that of the uniform mesh.
*/
#include <math.h>
#include <petscsys.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "meshes/movers/monge_ampere.h"
#include "neural/dataset.h"
#include "neural/dmm.h"

enum { UNIFORM, COLD, FLAT, NEURAL, BOTH, MOVERS };
static const char *const names[MOVERS] = {"uniform mesh", "Newton, nested", "Newton from the uniform mesh", "network",
                                          "Newton from the network's mesh"};

typedef struct {
  double seconds, newton, krylov, deviation, range, corner, least, error;
  PetscInt fields, converged;
} Row;

typedef struct {
  PetscInt cells;
  double share;
  SinewLattice *fine, *lattice; /* of the data, periodic; of meshes */
  SinewCosine fine_cosine, cosine;
  SinewMonitorTable field, monitor; /* u + 1 - its least value, on the fine lattice; m */
  double above;                     /* what was added */
  SinewMongeAmpere ma;
  SinewDMM dmm;
  PetscBool normalised;
  Vec phi;
  Row row[MOVERS];
} Bench;

/* ---- the field ---- */

static PetscErrorCode set_field(Bench *b, const double u[])
{
  const PetscInt n = b->fine->local;
  PetscReal *a, least, most;
  Vec values;

  PetscFunctionBeginUser;
  SinewLatticeExtremes(n, u, &least, &most);
  b->above = 1 - least;
  PetscCall(DMCreateGlobalVector(b->fine->dm, &values));
  PetscCall(VecGetArray(values, &a));
  for (PetscInt i = 0; i < n; i++) a[i] = u[i] + b->above;
  PetscCall(VecRestoreArray(values, &a));
  PetscCall(SinewMonitorTableDestroy(&b->field));
  PetscCall(SinewMonitorTableCreate(b->fine, b->fine_cosine, values, &b->field));
  PetscCall(VecDestroy(&values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Its monitor, at the vertices of the uniform mesh. */
static PetscErrorCode set_monitor(Bench *b)
{
  const PetscInt n = b->lattice->local;
  PetscReal *x[3] = {NULL, NULL, NULL}, *g[3] = {NULL, NULL, NULL}, *u, *out;
  Vec values;

  PetscFunctionBeginUser;
  PetscCall(VecDuplicate(b->phi, &values));
  PetscCall(VecSet(values, 0));
  PetscCall(PetscMalloc5(n, &x[0], n, &x[1], n, &g[0], n, &g[1], n, &u));
  PetscCall(SinewMongeAmpereNodes(b->lattice, values, x));
  PetscCall(SinewMonitorTableEvaluate(b->field, n, x, u, g));
  PetscCall(VecGetArray(values, &out));
  for (PetscInt i = 0; i < n; i++) out[i] = sqrt(g[0][i] * g[0][i] + g[1][i] * g[1][i]);
  PetscCall(VecRestoreArray(values, &out));
  PetscCall(PetscFree5(x[0], x[1], g[0], g[1], u));
  PetscCall(SinewMonitorNormalise(b->lattice, b->share, 0.5, values));
  PetscCall(SinewCosineApply(b->cosine, SINEW_COSINE_GAUSSIAN, 0.02, 0, values, values));
  PetscCall(SinewMonitorTableDestroy(&b->monitor));
  PetscCall(SinewMonitorTableCreate(b->lattice, b->cosine, values, &b->monitor));
  PetscCall(VecDestroy(&values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- movers ---- */

/* Between 0 and 1, as networks of `sinew train` are used to. */
static void normalise(PetscInt n, double u[])
{
  PetscReal least, most;

  SinewLatticeExtremes(n, u, &least, &most);
  for (PetscInt i = 0; i < n; i++) u[i] = most > least ? (u[i] - least) / (most - least) : 0;
}

static PetscErrorCode apply_network(Bench *b)
{
  const PetscInt s = SinewDMMSize(b->dmm), n = b->cells + 1;
  double *x[3] = {NULL, NULL, NULL}, *u, *c, *xi;
  PetscReal *phi, mean;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc5((size_t)(s * s), &x[0], (size_t)(s * s), &x[1], (size_t)(s * s), &u,
                         (size_t)SinewDMMHidden(b->dmm), &c, (size_t)(2 * n * n), &xi));
  for (PetscInt i = 0; i < s * s; i++) {
    x[0][i] = (double)(i % s) / (double)(s - 1);
    x[1][i] = (double)(i / s) / (double)(s - 1);
  }
  PetscCall(SinewMonitorTableEvaluate(b->field, s * s, x, u, NULL));
  if (b->normalised) normalise(s * s, u);
  for (PetscInt i = 0; i < n * n; i++) {
    xi[2 * i] = (double)(i % n) / (double)b->cells;
    xi[2 * i + 1] = (double)(i / n) / (double)b->cells;
  }
  PetscCall(VecGetArray(b->phi, &phi));
  PetscCall(SinewDMMField(b->dmm, u, c, NULL));
  PetscCall(SinewDMMEvaluate(b->dmm, c, n * n, xi, phi, NULL, NULL));
  PetscCall(VecRestoreArray(b->phi, &phi));
  PetscCall(SinewLatticeMean(b->lattice, b->phi, &mean));
  PetscCall(VecShift(b->phi, -mean));
  PetscCall(PetscFree5(x[0], x[1], u, c, xi));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode move(Bench *b, int mover)
{
  SinewMongeAmpereReport r = {.converged = PETSC_TRUE};
  Row *row = &b->row[mover];
  clock_t begin;

  PetscFunctionBeginUser;
  if (mover == UNIFORM || mover == FLAT) PetscCall(VecSet(b->phi, 0));
  begin = clock(); /* of this process: the machine may be busy */
  if (mover == NEURAL || mover == BOTH) PetscCall(apply_network(b));
  if (mover == COLD || mover == FLAT || mover == BOTH)
    PetscCall(
        SinewMongeAmpereSolve(b->ma, SinewMonitorTableEvaluate, b->monitor, (PetscBool)(mover != COLD), b->phi, &r));
  row->seconds += (double)(clock() - begin) / CLOCKS_PER_SEC;
  row->newton += (double)r.newton;
  row->krylov += (double)r.krylov;
  if (r.converged) row->converged++;
  row->fields++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- what the mesh is worth ---- */

typedef struct {
  double x[4][2]; /* corners, by rows */
  double volume, corner;
} Cell;

/* Twice the area that edges from o to a and b span. */
static double span(const double o[2], const double a[2], const double b[2])
{
  return (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]);
}

static Cell cell_at(const Bench *b, PetscReal *const x[3], PetscInt n)
{
  const PetscInt row = b->cells + 1, at = n / b->cells * row + n % b->cells;
  Cell c;

  for (int k = 0; k < 4; k++)
    for (int d = 0; d < 2; d++) c.x[k][d] = x[d][at + k % 2 + k / 2 * row];
  c.volume = 0.5 * (span(c.x[0], c.x[1], c.x[2]) + span(c.x[3], c.x[2], c.x[1]));
  c.corner = fmin(fmin(span(c.x[0], c.x[1], c.x[2]), span(c.x[1], c.x[3], c.x[0])),
                  fmin(span(c.x[3], c.x[2], c.x[1]), span(c.x[2], c.x[0], c.x[3])));
  return c;
}

/* 4 x 4 points of a cell: error of the bilinear interpolant of its corners' values, and the field, squared. */
static PetscErrorCode interpolate(Bench *b, const Cell *c, double sums[2])
{
  PetscReal x[16], y[16], exact[16], cx[4], cy[4], u[4], *points[3] = {x, y, NULL}, *corners[3] = {cx, cy, NULL};

  PetscFunctionBeginUser;
  for (int k = 0; k < 4; k++) {
    cx[k] = c->x[k][0];
    cy[k] = c->x[k][1];
  }
  PetscCall(SinewMonitorTableEvaluate(b->field, 4, corners, u, NULL));
  for (int q = 0; q < 16; q++) {
    const double s = (q % 4 + 0.5) / 4, t = ((double)(q / 4) + 0.5) / 4,
                 w[4] = {(1 - s) * (1 - t), s * (1 - t), (1 - s) * t, s * t};

    x[q] = y[q] = 0;
    for (int k = 0; k < 4; k++) {
      x[q] += w[k] * cx[k];
      y[q] += w[k] * cy[k];
    }
  }
  PetscCall(SinewMonitorTableEvaluate(b->field, 16, points, exact, NULL));
  for (int q = 0; q < 16; q++) {
    const double s = (q % 4 + 0.5) / 4, t = ((double)(q / 4) + 0.5) / 4,
                 e = (1 - s) * (1 - t) * u[0] + s * (1 - t) * u[1] + (1 - s) * t * u[2] + s * t * u[3] - exact[q];

    sums[0] += c->volume * e * e;
    sums[1] += c->volume * (exact[q] - b->above) * (exact[q] - b->above);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode judge(Bench *b, Row *row)
{
  const PetscInt nodes = b->lattice->local, cells = b->cells * b->cells;
  double sum = 0, square = 0, least = 1e30, most = -1e30, corner = 1e30, sums[2] = {0, 0};
  PetscReal *x[3] = {NULL, NULL, NULL}, *y[3] = {NULL, NULL, NULL}, *m;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc5(nodes, &x[0], nodes, &x[1], cells, &y[0], cells, &y[1], cells, &m));
  PetscCall(SinewMongeAmpereNodes(b->lattice, b->phi, x));
  for (PetscInt n = 0; n < cells; n++) {
    const Cell c = cell_at(b, x, n);

    for (int d = 0; d < 2; d++) y[d][n] = (c.x[0][d] + c.x[1][d] + c.x[2][d] + c.x[3][d]) / 4;
    corner = fmin(corner, c.corner * cells);
    PetscCall(interpolate(b, &c, sums));
  }
  PetscCall(SinewMonitorTableEvaluate(b->monitor, cells, y, m, NULL));
  for (PetscInt n = 0; n < cells; n++) {
    const double v = m[n] * cell_at(b, x, n).volume;

    sum += v / cells;
    square += v * v / cells;
    least = fmin(least, v);
    most = fmax(most, v);
  }
  row->deviation += sqrt(fmax(square - sum * sum, 0)) / sum;
  row->range += (most - least) / sum;
  row->corner += corner;
  row->least = row->fields == 1 ? corner : fmin(row->least, corner);
  row->error += sqrt(sums[0] / sums[1]);
  PetscCall(PetscFree5(x[0], x[1], y[0], y[1], m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the table ---- */

static PetscErrorCode create(Bench *b, PetscInt fine, const char weights[])
{
  const SinewLatticeOptions data = {.dim = 2,
                                    .cells = {fine, fine, 1},
                                    .upper = {1, 1, 1},
                                    .periodic = {PETSC_TRUE, PETSC_TRUE, PETSC_FALSE}},
                            mesh = {.dim = 2, .cells = {b->cells, b->cells, 1}, .upper = {1, 1, 1}};
  PetscInt64 normalised = 0;
  PetscInt n;
  SinewFile file;

  PetscFunctionBeginUser;
  PetscCall(SinewLatticeCreate(PETSC_COMM_SELF, &data, &b->fine));
  PetscCall(SinewCosineCreate(b->fine, &b->fine_cosine));
  PetscCall(SinewLatticeCreate(PETSC_COMM_SELF, &mesh, &b->lattice));
  PetscCall(SinewCosineCreate(b->lattice, &b->cosine));
  PetscCall(SinewMongeAmpereCreate(b->lattice, b->cosine, &b->ma));
  PetscCall(DMCreateGlobalVector(b->lattice->dm, &b->phi));
  PetscCall(SinewFileOpen(PETSC_COMM_SELF, weights, &file));
  PetscCall(SinewDMMCreate(file, "/weights", &b->dmm));
  PetscCall(SinewFileReadInts(file, "/weights", "normalised", 1, &n, &normalised));
  b->normalised = (PetscBool)(n && normalised);
  PetscCall(SinewFileClose(&file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(Bench *b)
{
  PetscFunctionBeginUser;
  PetscCall(VecDestroy(&b->phi));
  PetscCall(SinewDMMDestroy(&b->dmm));
  PetscCall(SinewMonitorTableDestroy(&b->field));
  PetscCall(SinewMonitorTableDestroy(&b->monitor));
  PetscCall(SinewMongeAmpereDestroy(&b->ma));
  PetscCall(SinewCosineDestroy(&b->cosine));
  PetscCall(SinewCosineDestroy(&b->fine_cosine));
  PetscCall(SinewLatticeDestroy(&b->lattice));
  PetscCall(SinewLatticeDestroy(&b->fine));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode print(const Bench *b)
{
  PetscFunctionBeginUser;
  printf("%d fields, %d^2 cells, share %g\n%-31s %9s %7s %7s %9s %8s %8s %17s %9s\n", (int)b->row[0].fields,
         (int)b->cells, b->share, "", "CPU ms", "Newton", "Krylov", "converged", "std", "range", "least corner",
         "L2 error");
  for (int k = 0; k < MOVERS; k++) {
    const Row *r = &b->row[k];
    const double n = (double)r->fields;

    printf("%-31s %9.2f %7.1f %7.1f %9d %8.3f %8.2f %8.3f (%6.3f) %9.2e\n", names[k], 1e3 * r->seconds / n,
           r->newton / n, r->krylov / n, (int)r->converged, r->deviation / n, r->range / n, r->corner / n, r->least,
           r->error / n);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run(Bench *b, const char data[], const char array[], const char weights[])
{
  const char *const files[] = {data}, *const arrays[] = {array};
  const SinewDatasetOptions o = {
      .files = 1, .file = files, .scalars = 1, .scalar = arrays, .from = 0.83334, .to = 1, .step = 1};
  SinewDataset set;
  SinewDatasetShape shape;
  double *u;

  PetscFunctionBeginUser;
  PetscCall(SinewDatasetOpen(PETSC_COMM_SELF, &o, &set));
  PetscCall(SinewDatasetGetShape(set, &shape));
  PetscCall(create(b, shape.nx, weights));
  PetscCall(PetscMalloc1((size_t)(shape.nx * shape.ny), &u));
  for (PetscInt k = 0; k < shape.trajectories; k++)
    for (PetscInt f = 0; f < shape.frames; f += 6) {
      const SinewSample sample = {.trajectory = k, .first = f, .count = 1};

      PetscCall(SinewDatasetRead(set, PETSC_COMM_SELF, (SinewBox){.nx = shape.nx, .ny = shape.ny}, 1, &sample, u));
      PetscCall(set_field(b, u));
      PetscCall(set_monitor(b));
      for (int mover = 0; mover < MOVERS; mover++) {
        PetscCall(move(b, mover));
        PetscCall(judge(b, &b->row[mover]));
      }
    }
  PetscCall(print(b));
  PetscCall(PetscFree(u));
  PetscCall(SinewDatasetClose(&set));
  PetscCall(destroy(b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  Bench b = {.cells = 48, .share = 0.7};

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCheck(argc >= 4, PETSC_COMM_SELF, PETSC_ERR_USER, "usage: movers DATA ARRAY WEIGHTS [CELLS] [SHARE]");
  if (argc > 4) b.cells = (PetscInt)atoi(argv[4]);
  if (argc > 5) b.share = atof(argv[5]);
  PetscCall(run(&b, argv[1], argv[2], argv[3]));
  PetscCall(PetscFinalize());
  return 0;
}
