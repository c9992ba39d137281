#include "meshes/movers/monitor.h"

#include "io/error.h"

struct _p_SinewMonitorTable {
  SinewLattice *lattice;
  Vec coefficients;
  SinewLatticeBox box;
  PetscBool boxed;
  PetscReal floor;
};

PetscErrorCode SinewMonitorNormalise(SinewLattice *lattice, PetscReal beta, PetscReal power, Vec G)
{
  PetscReal *g, mean;

  PetscFunctionBeginUser;
  PetscCall(VecGetArray(G, &g));
  if (power == 0.5)
    for (PetscInt i = 0; i < lattice->local; i++) g[i] = PetscSqrtReal(g[i]);
  else if (power != 1)
    for (PetscInt i = 0; i < lattice->local; i++) g[i] = PetscPowReal(g[i], power);
  PetscCall(VecRestoreArray(G, &g));
  PetscCall(SinewLatticeMean(lattice, G, &mean));
  PetscCall(VecGetArray(G, &g));
  for (PetscInt i = 0; i < lattice->local; i++) g[i] = mean > 0 ? 1 + beta / (1 - beta) * (g[i] / mean) : 1;
  PetscCall(VecRestoreArray(G, &g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMonitorTableCreate(SinewLattice *lattice, SinewCosine cosine, Vec values, SinewMonitorTable *table)
{
  SinewMonitorTable t;
  PetscReal least;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&t));
  *table = t;
  t->lattice = lattice;
  PetscCall(VecDuplicate(values, &t->coefficients));
  PetscCall(SinewCosineApply(cosine, SINEW_COSINE_SPLINE, 0, 0, values, t->coefficients));
  PetscCall(VecMin(values, NULL, &least));
  t->floor = least > 0 ? 1e-3 * least : PETSC_MIN_REAL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMonitorTableDestroy(SinewMonitorTable *table)
{
  PetscFunctionBeginUser;
  if (!*table) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecDestroy(&(*table)->coefficients));
  PetscCall(SinewLatticeBoxDestroy(&(*table)->box));
  PetscCall(PetscFree(*table));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Interval of the lattice that a coordinate lies in, and where in it. */
static PetscInt interval(const SinewLattice *l, PetscInt d, PetscReal x, PetscReal *s)
{
  const PetscReal at = (x - l->lower[d]) / l->h[d], begin = PetscFloorReal(at);

  *s = at - begin;
  return (PetscInt)begin;
}

/* The coefficients of all splines that do not vanish at one of the points, on this rank. A box that held the points
   before is kept; a new one is a little larger than it must be, since points will move again. */
static PetscErrorCode cover(SinewMonitorTable t, PetscInt n, PetscReal *const x[3])
{
  const SinewLattice *l = t->lattice;
  PetscInt low[3] = {0, 0, 0}, high[3] = {0, 0, 0}, size[3];
  PetscBool fits = t->boxed;

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < l->dim; d++) {
    low[d] = PETSC_MAX_INT;
    high[d] = PETSC_MIN_INT;
    for (PetscInt p = 0; p < n; p++) {
      const PetscInt i = (PetscInt)PetscFloorReal((x[d][p] - l->lower[d]) / l->h[d]);

      low[d] = PetscMin(low[d], i - 1);
      high[d] = PetscMax(high[d], i + 2);
    }
    if (t->boxed && (low[d] < t->box.first[d] || high[d] >= t->box.first[d] + t->box.size[d])) fits = PETSC_FALSE;
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &fits, 1, SINEW_MPI_BOOL, MPI_LAND, l->comm));
  if (fits) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt d = 0; d < 3; d++) {
    const PetscInt margin = d < l->dim ? 2 + (high[d] - low[d]) / 8 : 0;

    if (high[d] < low[d]) low[d] = high[d] = 0; /* a rank without points */
    low[d] -= margin;
    size[d] = high[d] + margin + 1 - low[d];
  }
  PetscCall(SinewLatticeBoxDestroy(&t->box));
  PetscCall(SinewLatticeBoxCreate(t->lattice, low, size, &t->box));
  PetscCall(SinewLatticeBoxFetch(&t->box, t->coefficients));
  t->boxed = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The four cubic B-splines that do not vanish in an interval, and their derivatives with respect to x. */
static void splines(PetscReal s, PetscReal inverse, PetscReal w[4], PetscReal dw[4])
{
  const PetscReal r = 1 - s;

  w[0] = r * r * r / 6;
  w[1] = 2. / 3 - 0.5 * s * s * (1 + r);
  w[2] = 2. / 3 - 0.5 * r * r * (1 + s);
  w[3] = s * s * s / 6;
  dw[0] = -0.5 * r * r * inverse;
  dw[1] = s * (1.5 * s - 2) * inverse;
  dw[2] = -r * (1.5 * r - 2) * inverse;
  dw[3] = 0.5 * s * s * inverse;
}

/* Value v[0] and derivatives v[1..dim]: the tensor product is summed along z and y, four splines of x at once, then
   along x. One body for every
   dimension: `dim` is a constant where this is called. */
static inline __attribute__((always_inline)) void evaluate(const int dim, const SinewMonitorTable t, const PetscReal *c,
                                                           const PetscReal x[3], PetscReal v[4])
{
  const SinewLattice *l = t->lattice;
  PetscInt first[3] = {0, 0, 0};
  PetscReal w[3][4] = {{1}, {1}, {1}}, dw[3][4] = {{0}}, sum[3][4] = {{0}}, s;

  for (int d = 0; d < dim; d++) {
    first[d] = interval(l, d, x[d], &s) - 1 - t->box.first[d];
    splines(s, 1 / l->h[d], w[d], dw[d]);
  }
  for (int k = 0; k < (dim > 2 ? 4 : 1); k++)
    for (int j = 0; j < (dim > 1 ? 4 : 1); j++) {
      const PetscReal *a = c + ((first[2] + k) * t->box.size[1] + first[1] + j) * t->box.size[0] + first[0];
      const PetscReal value = w[1][j] * w[2][k], along_y = dw[1][j] * w[2][k], along_z = w[1][j] * dw[2][k];

      for (int i = 0; i < 4; i++) {
        sum[0][i] += value * a[i];
        if (dim > 1) sum[1][i] += along_y * a[i];
        if (dim > 2) sum[2][i] += along_z * a[i];
      }
    }
  v[0] = w[0][0] * sum[0][0] + w[0][1] * sum[0][1] + w[0][2] * sum[0][2] + w[0][3] * sum[0][3];
  v[1] = dw[0][0] * sum[0][0] + dw[0][1] * sum[0][1] + dw[0][2] * sum[0][2] + dw[0][3] * sum[0][3];
  v[2] = w[0][0] * sum[1][0] + w[0][1] * sum[1][1] + w[0][2] * sum[1][2] + w[0][3] * sum[1][3];
  v[3] = w[0][0] * sum[2][0] + w[0][1] * sum[2][1] + w[0][2] * sum[2][2] + w[0][3] * sum[2][3];
}

static inline __attribute__((always_inline)) void evaluate_all(const int dim, const SinewMonitorTable t,
                                                               const PetscReal *c, PetscInt n, PetscReal *const x[3],
                                                               PetscReal m[], PetscReal *const gradient[3])
{
  for (PetscInt p = 0; p < n; p++) {
    PetscReal at[3] = {0, 0, 0}, v[4];

    for (int d = 0; d < dim; d++) at[d] = x[d][p];
    evaluate(dim, t, c, at, v);
    m[p] = PetscMax(v[0], t->floor);
    for (int d = 0; d < dim && gradient; d++) gradient[d][p] = v[0] > t->floor ? v[d + 1] : 0;
  }
}

PetscErrorCode SinewMonitorTableEvaluate(void *context, PetscInt n, PetscReal *const x[3], PetscReal m[],
                                         PetscReal *const gradient[3])
{
  SinewMonitorTable t = (SinewMonitorTable)context;
  const PetscReal *c;

  PetscFunctionBeginUser;
  PetscCall(cover(t, n, x));
  PetscCall(VecGetArrayRead(t->box.values, &c));
  switch (t->lattice->dim) {
  case 1: evaluate_all(1, t, c, n, x, m, gradient); break;
  case 2: evaluate_all(2, t, c, n, x, m, gradient); break;
  default: evaluate_all(3, t, c, n, x, m, gradient);
  }
  PetscCall(VecRestoreArrayRead(t->box.values, &c));
  PetscFunctionReturn(PETSC_SUCCESS);
}
