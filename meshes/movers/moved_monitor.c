#include "meshes/movers/moved_monitor.h"

#include "io/error.h"

#define ITERATIONS 30
#define LONGEST    3     /* cells a step */
#define CLOSE      1e-11 /* of the domain: what is left of x - x(xi) */

struct _p_SinewMovedMonitor {
  SinewLattice *lattice;
  SinewMonitorTable potential, values;
  PetscInt n;            /* points that there is room for */
  PetscReal *xi[3];      /* where points are on the lattice */
  PetscReal *at[3];      /* shifted ones */
  PetscReal *left[3];    /* x(xi) - x */
  PetscReal *stretch[6]; /* xx, yy, zz, xy, xz, yz of I + D grad phi */
  PetscReal *slope[2][3], *s[2];
};

PetscErrorCode SinewMovedMonitorCreate(SinewLattice *lattice, SinewCosine cosine, Vec phi, Vec values,
                                       SinewMovedMonitor *monitor)
{
  SinewMovedMonitor v;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&v));
  *monitor = v;
  v->lattice = lattice;
  PetscCall(SinewMonitorTableCreate(lattice, cosine, phi, &v->potential));
  PetscCall(SinewMonitorTableCreate(lattice, cosine, values, &v->values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode release(SinewMovedMonitor v)
{
  PetscFunctionBeginUser;
  for (int d = 0; d < 3; d++) PetscCall(PetscFree5(v->xi[d], v->at[d], v->left[d], v->slope[0][d], v->slope[1][d]));
  for (int d = 0; d < 6; d++) PetscCall(PetscFree(v->stretch[d]));
  PetscCall(PetscFree2(v->s[0], v->s[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMovedMonitorDestroy(SinewMovedMonitor *monitor)
{
  PetscFunctionBeginUser;
  if (!*monitor) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(release(*monitor));
  PetscCall(SinewMonitorTableDestroy(&(*monitor)->potential));
  PetscCall(SinewMonitorTableDestroy(&(*monitor)->values));
  PetscCall(PetscFree(*monitor));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Room for n points, which begin at the vertices of this rank if there are as many, else at x. */
static PetscErrorCode begin(SinewMovedMonitor v, PetscInt n, PetscReal *const x[3])
{
  const SinewLattice *l = v->lattice;

  PetscFunctionBeginUser;
  if (v->n == n && v->xi[0]) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(release(v));
  v->n = n;
  for (int d = 0; d < 3; d++)
    PetscCall(PetscCalloc5(n + 1, &v->xi[d], n + 1, &v->at[d], n + 1, &v->left[d], n + 1, &v->slope[0][d], n + 1,
                           &v->slope[1][d]));
  for (int d = 0; d < 6; d++) PetscCall(PetscCalloc1(n + 1, &v->stretch[d]));
  PetscCall(PetscCalloc2(n + 1, &v->s[0], n + 1, &v->s[1]));
  for (PetscInt d = 0; d < l->dim; d++)
    for (PetscInt p = 0; p < n; p++) {
      const PetscInt index[3] = {p % l->count[0], p / l->count[0] % l->count[1], p / l->count[0] / l->count[1]};

      v->xi[d][p] = n == l->local ? l->lower[d] + (PetscReal)(l->start[d] + index[d]) * l->h[d] : x[d][p];
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* x(xi) - x, and how the mesh stretches at xi. Collective. */
static PetscErrorCode look(SinewMovedMonitor v, PetscReal *const x[3])
{
  const SinewLattice *l = v->lattice;

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < l->dim; d++) {
    const PetscReal h = l->h[d], inverse = 1 / (2 * h);

    for (int side = 0; side < 2; side++) {
      for (PetscInt e = 0; e < l->dim; e++)
        for (PetscInt p = 0; p < v->n; p++) v->at[e][p] = v->xi[e][p] + (e == d ? (side ? h : -h) : 0);
      PetscCall(SinewMonitorTableEvaluate(v->potential, v->n, v->at, v->s[side], v->slope[side]));
    }
    for (PetscInt p = 0; p < v->n; p++) {
      v->left[d][p] = v->xi[d][p] + (v->s[1][p] - v->s[0][p]) * inverse - x[d][p];
      v->stretch[d][p] = 1 + (v->slope[1][d][p] - v->slope[0][d][p]) * inverse;
      for (PetscInt e = d + 1; e < l->dim; e++)
        v->stretch[d + e + 2][p] = (v->slope[1][e][p] - v->slope[0][e][p]) * inverse;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* out = stretch^-1 in, at point p; not where the mesh is degenerate there */
static void unstretch(const SinewMovedMonitor v, PetscInt p, const PetscReal in[3], PetscReal out[3])
{
  const PetscInt dim = v->lattice->dim;
  const PetscReal xx = v->stretch[0][p], yy = dim > 1 ? v->stretch[1][p] : 1, zz = dim > 2 ? v->stretch[2][p] : 1,
                  xy = dim > 1 ? v->stretch[3][p] : 0, xz = dim > 2 ? v->stretch[4][p] : 0,
                  yz = dim > 2 ? v->stretch[5][p] : 0;
  const PetscReal a = yy * zz - yz * yz, b = xz * yz - xy * zz, c = xy * yz - xz * yy, det = xx * a + xy * b + xz * c;

  if (!(det > 0) || !(xx > 0) || !(a > 0)) {
    for (int d = 0; d < 3; d++) out[d] = in[d];
    return;
  }
  out[0] = (a * in[0] + b * in[1] + c * in[2]) / det;
  out[1] = (b * in[0] + (xx * zz - xz * xz) * in[1] + (xy * xz - xx * yz) * in[2]) / det;
  out[2] = (c * in[0] + (xy * xz - xx * yz) * in[1] + (xx * yy - xy * xy) * in[2]) / det;
}

/* One step of all points; *worst: what was left, in parts of the domain. */
static void approach(SinewMovedMonitor v, PetscReal *worst)
{
  const SinewLattice *l = v->lattice;

  *worst = 0;
  for (PetscInt p = 0; p < v->n; p++) {
    PetscReal in[3] = {0, 0, 0}, step[3], cells = 0;

    for (PetscInt d = 0; d < l->dim; d++) {
      in[d] = v->left[d][p];
      *worst = PetscMax(*worst, PetscAbsReal(in[d]) / (l->upper[d] - l->lower[d]));
    }
    unstretch(v, p, in, step);
    for (PetscInt d = 0; d < l->dim; d++) cells = PetscMax(cells, PetscAbsReal(step[d]) / l->h[d]);
    for (PetscInt d = 0; d < l->dim; d++) v->xi[d][p] -= step[d] * PetscMin(1, LONGEST / PetscMax(cells, 1e-30));
  }
}

PetscErrorCode SinewMovedMonitorEvaluate(void *context, PetscInt n, PetscReal *const x[3], PetscReal m[],
                                         PetscReal *const gradient[3])
{
  SinewMovedMonitor v = (SinewMovedMonitor)context;
  PetscReal worst = PETSC_MAX_REAL;

  PetscFunctionBeginUser;
  PetscCall(begin(v, n, x));
  for (PetscInt k = 0; k < ITERATIONS && worst > CLOSE; k++) {
    PetscCall(look(v, x));
    approach(v, &worst);
    PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &worst, 1, MPIU_REAL, MPIU_MAX, v->lattice->comm));
  }
  PetscCall(SinewMonitorTableEvaluate(v->values, n, v->xi, m, gradient));
  for (PetscInt p = 0; p < n && gradient; p++) {
    PetscReal in[3] = {0, 0, 0}, out[3];

    for (PetscInt d = 0; d < v->lattice->dim; d++) in[d] = gradient[d][p];
    unstretch(v, p, in, out);
    for (PetscInt d = 0; d < v->lattice->dim; d++) gradient[d][p] = out[d];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
