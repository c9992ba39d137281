#include "solvers/mesh_network.h"

#include "io/error.h"

#define POINTS_MAX 64 /* of a cell along an axis */

struct _p_SinewMeshNetwork {
  SinewDMM dmm;
  SinewLattice *lattice;
  PetscInt size;
  PetscBool normalised;
  double *sums;  /* [2][size][size]: hats times values, hats */
  double *c;     /* of the field in hand */
  double *xi;    /* [vertices][2], owned ones in the unit square */
  double *value; /* [vertices] */
};

/* ---- creation ---- */

PetscErrorCode SinewMeshNetworkCreate(const char path[], SinewLattice *lattice, SinewMeshNetwork *network)
{
  const SinewLattice *l = lattice;
  SinewMeshNetwork m;
  SinewFile file;
  PetscInt64 normalised = 0;
  PetscInt n = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&m));
  *network = m;
  m->lattice = lattice;
  PetscCall(SinewFileOpen(l->comm, path, &file));
  PetscCall(SinewDMMCreate(file, "/weights", &m->dmm));
  PetscCall(SinewFileReadInts(file, "/weights", "normalised", 1, &n, &normalised));
  PetscCall(SinewFileClose(&file));
  m->normalised = (PetscBool)(n == 1 && normalised);
  m->size = SinewDMMSize(m->dmm);
  PetscCall(PetscMalloc4((size_t)(2 * m->size * m->size), &m->sums, (size_t)SinewDMMHidden(m->dmm), &m->c,
                         (size_t)(2 * l->local), &m->xi, (size_t)l->local, &m->value));
  n = 0;
  for (PetscInt j = 0; j < l->count[1]; j++)
    for (PetscInt i = 0; i < l->count[0]; i++, n++) {
      m->xi[2 * n] = (double)(l->start[0] + i) / (double)l->cells[0];
      m->xi[2 * n + 1] = (double)(l->start[1] + j) / (double)l->cells[1];
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMeshNetworkDestroy(SinewMeshNetwork *network)
{
  PetscFunctionBeginUser;
  if (!*network) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewDMMDestroy(&(*network)->dmm));
  PetscCall(PetscFree4((*network)->sums, (*network)->c, (*network)->xi, (*network)->value));
  PetscCall(PetscFree(*network));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the field on the network's nodes ---- */

/* Adds a value at a place, in units of the nodes' spacing, to the four nodes around. */
static void spread(SinewMeshNetwork m, const PetscReal at[2], PetscReal weight, PetscReal value)
{
  const PetscInt s = m->size;
  PetscInt first[2];
  PetscReal part[2];

  for (int d = 0; d < 2; d++) {
    PetscReal x = at[d];

    if (m->lattice->periodic[d]) x -= PetscFloorReal(x / (PetscReal)(s - 1)) * (PetscReal)(s - 1);
    first[d] = (PetscInt)PetscClipInterval(PetscFloorReal(x), 0, (PetscReal)(s - 2));
    part[d] = PetscClipInterval(x - (PetscReal)first[d], 0, 1);
  }
  for (int b = 0; b < 2; b++)
    for (int a = 0; a < 2; a++) {
      const PetscReal hat = weight * (a ? part[0] : 1 - part[0]) * (b ? part[1] : 1 - part[1]);
      const PetscInt n = (first[1] + b) * s + first[0] + a;

      m->sums[n] += hat * value;
      m->sums[s * s + n] += hat;
    }
}

/* Twice as many points as nodes along an edge: hats of all nodes inside are met. */
static PetscInt points_along(const PetscReal p[4][2], int a, int b, int c, int d)
{
  const PetscReal one = PetscMax(PetscAbsReal(p[b][0] - p[a][0]), PetscAbsReal(p[b][1] - p[a][1])),
                  other = PetscMax(PetscAbsReal(p[d][0] - p[c][0]), PetscAbsReal(p[d][1] - p[c][1]));

  return (PetscInt)PetscClipInterval(PetscCeilReal(2 * PetscMax(one, other)), 1, POINTS_MAX);
}

static void spread_cell(SinewMeshNetwork m, const SinewGeometry *g, PetscInt i, PetscInt j, PetscReal value)
{
  const SinewLattice *l = m->lattice;
  PetscReal p[4][2];
  PetscInt n[2];

  for (int c = 0; c < 4; c++)
    for (int d = 0; d < 2; d++)
      p[c][d] = (g->x[0][d][SinewGeometryNode(g, i + c % 2, j + c / 2, 0)] - l->lower[d]) /
                (l->upper[d] - l->lower[d]) * (PetscReal)(m->size - 1);
  n[0] = points_along(p, 0, 1, 2, 3);
  n[1] = points_along(p, 0, 2, 1, 3);
  for (PetscInt b = 0; b < n[1]; b++)
    for (PetscInt a = 0; a < n[0]; a++) {
      const PetscReal s = ((PetscReal)a + 0.5) / (PetscReal)n[0], t = ((PetscReal)b + 0.5) / (PetscReal)n[1];
      PetscReal at[2];

      for (int d = 0; d < 2; d++)
        at[d] = (1 - t) * ((1 - s) * p[0][d] + s * p[1][d]) + t * ((1 - s) * p[2][d] + s * p[3][d]);
      spread(m, at, 1 / (PetscReal)(n[0] * n[1]), value);
    }
}

/* The two ends of a periodic axis are one line of nodes. */
static void join_ends(SinewMeshNetwork m)
{
  const PetscInt s = m->size, stride[2] = {1, s};

  for (int d = 0; d < 2; d++)
    for (PetscInt q = 0; q < 2 * s && m->lattice->periodic[d]; q++) {
      double *line = m->sums + q / s * s * s + q % s * stride[1 - d], *end = line + (s - 1) * stride[d];

      *line = *end = *line + *end;
    }
}

/* Into the first half of the sums. Collective. */
static PetscErrorCode restrict_field(SinewMeshNetwork m, const SinewGeometry *g, const PetscReal u[])
{
  const PetscInt n = m->size * m->size;
  double least = PETSC_MAX_REAL, most = PETSC_MIN_REAL;

  PetscFunctionBeginUser;
  PetscCall(PetscArrayzero(m->sums, 2 * n));
  for (PetscInt j = 0; j < g->count[1]; j++)
    for (PetscInt i = 0; i < g->count[0]; i++) spread_cell(m, g, i, j, u[SinewGeometryPadded(g, i, j, 0)]);
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, m->sums, (PetscMPIInt)(2 * n), MPI_DOUBLE, MPI_SUM, m->lattice->comm));
  join_ends(m);
  for (PetscInt i = 0; i < n; i++) {
    m->sums[i] /= m->sums[n + i] > 0 ? m->sums[n + i] : 1;
    least = PetscMin(least, m->sums[i]);
    most = PetscMax(most, m->sums[i]);
  }
  for (PetscInt i = 0; i < n && m->normalised; i++)
    m->sums[i] = most > least ? (m->sums[i] - least) / (most - least) : 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the potential ---- */

/* Value, gradient and Hessian at the ends of lines along an axis. */
typedef struct {
  double *phi[2], *gradient[2][2], *hessian[2][3], *memory;
} Ends;

/* At coordinate 0 and 1 of axis d, at n places `other` along the other axis. */
static PetscErrorCode evaluate_ends(SinewMeshNetwork m, PetscInt d, PetscInt n, const double other[], Ends *e)
{
  double *xi;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)(14 * n), &e->memory));
  xi = e->memory;
  for (int end = 0; end < 2; end++) {
    double *at = e->memory + (2 + 6 * end) * n;

    e->phi[end] = at;
    for (int a = 0; a < 2; a++) e->gradient[end][a] = at + (1 + a) * n;
    for (int a = 0; a < 3; a++) e->hessian[end][a] = at + (3 + a) * n;
    for (PetscInt i = 0; i < n; i++) {
      xi[2 * i + d] = end;
      xi[2 * i + 1 - d] = other[i];
    }
    PetscCall(SinewDMMEvaluate(m->dmm, m->c, n, xi, e->phi[end], e->gradient[end], e->hessian[end]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Of a function on [0, 1]: the cubics that have slope 1 at one end, and the step that takes a jump away. */
static void cubics(double t, PetscBool periodic, double b[3])
{
  b[0] = t * (1 - t) * (1 - t);
  b[1] = -t * t * (1 - t);
  b[2] = periodic ? t * t * (3 - 2 * t) - 0.5 : 0;
}

/* What is taken from phi along axis d, given slopes at both ends and the jump. */
static double correction(const double b[3], double lower, double upper, double jump)
{
  return b[0] * lower + b[1] * upper + b[2] * jump;
}

/* Along x at the owned rows; then along y, of what is left: there values at y = 0 and 1 lack the first correction,
   which the four corners tell. */
static PetscErrorCode make_fit(SinewMeshNetwork m)
{
  const SinewLattice *l = m->lattice;
  const PetscInt nx = l->count[0], ny = l->count[1];
  const double corners[2] = {0, 1};
  double *x, *y;
  Ends rows, columns, corner;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2((size_t)nx, &x, (size_t)ny, &y));
  for (PetscInt i = 0; i < nx; i++) x[i] = m->xi[2 * i];
  for (PetscInt j = 0; j < ny; j++) y[j] = m->xi[2 * j * nx + 1];
  PetscCall(evaluate_ends(m, 0, ny, y, &rows));
  PetscCall(evaluate_ends(m, 1, nx, x, &columns));
  PetscCall(evaluate_ends(m, 0, 2, corners, &corner));
  for (PetscInt i = 0; i < nx; i++) {
    double b[3], slope[2], value[2];

    cubics(x[i], l->periodic[0], b);
    for (int e = 0; e < 2; e++) {
      value[e] = columns.phi[e][i] -
                 correction(b, corner.gradient[0][0][e], corner.gradient[1][0][e], corner.phi[1][e] - corner.phi[0][e]);
      slope[e] = columns.gradient[e][1][i] - correction(b, corner.hessian[0][1][e], corner.hessian[1][1][e],
                                                        corner.gradient[1][1][e] - corner.gradient[0][1][e]);
    }
    for (PetscInt j = 0; j < ny; j++) {
      double c[3];

      cubics(y[j], l->periodic[1], c);
      m->value[j * nx + i] -=
          correction(b, rows.gradient[0][0][j], rows.gradient[1][0][j], rows.phi[1][j] - rows.phi[0][j]) +
          correction(c, slope[0], slope[1], value[1] - value[0]);
    }
  }
  PetscCall(PetscFree(rows.memory));
  PetscCall(PetscFree(columns.memory));
  PetscCall(PetscFree(corner.memory));
  PetscCall(PetscFree2(x, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMeshNetworkPotential(SinewMeshNetwork m, const SinewGeometry *g, const PetscReal u[], Vec phi)
{
  const SinewLattice *l = m->lattice;
  const PetscReal square = (l->upper[0] - l->lower[0]) * (l->upper[0] - l->lower[0]);
  PetscReal *p, mean;

  PetscFunctionBeginUser;
  PetscCall(restrict_field(m, g, u));
  PetscCall(SinewDMMField(m->dmm, m->sums, m->c, NULL));
  PetscCall(SinewDMMEvaluate(m->dmm, m->c, l->local, m->xi, m->value, NULL, NULL));
  PetscCall(make_fit(m));
  PetscCall(VecGetArrayWrite(phi, &p));
  for (PetscInt n = 0; n < l->local; n++) p[n] = square * m->value[n];
  PetscCall(VecRestoreArrayWrite(phi, &p));
  PetscCall(SinewLatticeMean(m->lattice, phi, &mean));
  if (PetscIsInfOrNanReal(mean))
    SETERRQ(l->comm, SINEW_ERR_INPUT, "mesh_motion.weights: the network's mesh is not finite");
  PetscCall(VecShift(phi, -mean));
  PetscFunctionReturn(PETSC_SUCCESS);
}
