/*
  MM-PDE: nodes moved by the classical Monge-Ampere solver (meshes/movers/monge_ampere.h) in place of a mesh network.

  The nodes are the vertices of a lattice over the unit square. Every rank solves for all of them, from the same numbers
  to the same bits: as with the network, meshes of this model are small. The monitor is 1 + share / (1 - share) |grad
  u|^power over its mean, from central differences, smoothed.
*/
#include <math.h>

#include "meshes/movers/monge_ampere.h"
#include "neural/mmpde_private.h"

#define TOLERANCE 1e-3 /* of the equidistribution: far below what smoothing changes */
#define MOST      30   /* Newton iterations on a level */

struct _p_MmpdeClassical {
  SinewLattice *lattice;
  SinewCosine cosine;
  SinewMongeAmpere ma;
  Vec phi, monitor;
  PetscReal *x[3];
};

PetscErrorCode MmpdeClassicalCreate(SinewMmpde m)
{
  const SinewBox map = SinewLayoutMap(m->layout);
  const PetscBool wraps = m->model.periodic;
  const SinewLatticeOptions o = {.dim = 2,
                                 .cells = {wraps ? map.nx : map.nx - 1, wraps ? map.ny : map.ny - 1, 1},
                                 .upper = {1, 1, 1},
                                 .periodic = {wraps, wraps, PETSC_FALSE}};
  MmpdeClassical c;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&c));
  m->classical = c;
  PetscCall(SinewLatticeCreate(PETSC_COMM_SELF, &o, &c->lattice));
  PetscCall(SinewCosineCreate(c->lattice, &c->cosine));
  PetscCall(SinewMongeAmpereCreate(c->lattice, c->cosine, &c->ma));
  PetscCall(SinewMongeAmpereSetTolerance(c->ma, TOLERANCE, MOST));
  PetscCall(DMCreateGlobalVector(c->lattice->dm, &c->phi));
  PetscCall(VecDuplicate(c->phi, &c->monitor));
  PetscCall(PetscMalloc2((size_t)c->lattice->local, &c->x[0], (size_t)c->lattice->local, &c->x[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode MmpdeClassicalDestroy(MmpdeClassical *classical)
{
  MmpdeClassical c = *classical;

  PetscFunctionBeginUser;
  *classical = NULL;
  if (!c) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree2(c->x[0], c->x[1]));
  PetscCall(VecDestroy(&c->monitor));
  PetscCall(VecDestroy(&c->phi));
  PetscCall(SinewMongeAmpereDestroy(&c->ma));
  PetscCall(SinewCosineDestroy(&c->cosine));
  PetscCall(SinewLatticeDestroy(&c->lattice));
  PetscCall(PetscFree(c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Of values a stride apart, at place i of n: central, one-sided at walls; times the number of cells along the axis. */
static double slope(const double u[], PetscInt i, PetscInt n, PetscInt stride, PetscBool wraps)
{
  const PetscInt low = wraps ? (i + n - 1) % n : PetscMax(i - 1, 0),
                 high = wraps ? (i + 1) % n : PetscMin(i + 1, n - 1);
  const double span = wraps ? 2 : (double)(high - low);

  return (u[(high - i) * stride] - u[(low - i) * stride]) / span * (double)(wraps ? n : n - 1);
}

static PetscErrorCode set_monitor(SinewMmpde m, const double u[])
{
  const MmpdeClassical c = m->classical;
  const SinewBox map = SinewLayoutMap(m->layout);
  PetscReal *G;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayWrite(c->monitor, &G));
  for (PetscInt n = 0; n < map.ny * map.nx; n++) {
    const double x = slope(u + n, n % map.nx, map.nx, 1, m->model.periodic),
                 y = slope(u + n, n / map.nx, map.ny, map.nx, m->model.periodic);

    G[n] = sqrt(x * x + y * y);
  }
  PetscCall(VecRestoreArrayWrite(c->monitor, &G));
  PetscCall(SinewMonitorNormalise(c->lattice, m->model.share, m->model.power, c->monitor));
  PetscCall(SinewCosineApply(c->cosine, SINEW_COSINE_GAUSSIAN, m->model.smoothing, 0, c->monitor, c->monitor));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode MmpdeClassicalMove(SinewMmpde m, const double u[], PetscInt b)
{
  const MmpdeClassical c = m->classical;
  const SinewBox box = SinewLayoutBox(m->layout), map = SinewLayoutMap(m->layout);
  SinewMongeAmpereReport report;
  SinewMonitorTable table;

  PetscFunctionBeginUser;
  PetscCall(set_monitor(m, u));
  PetscCall(SinewMonitorTableCreate(c->lattice, c->cosine, c->monitor, &table));
  PetscCall(SinewMongeAmpereSolve(c->ma, SinewMonitorTableEvaluate, table, PETSC_FALSE, c->phi, &report));
  PetscCall(SinewMonitorTableDestroy(&table));
  PetscCall(SinewMongeAmpereNodes(c->lattice, c->phi, c->x));
  for (PetscInt i = 0; i < box.ny * box.nx; i++) {
    const PetscInt at = (box.y + i / box.nx) * map.nx + box.x + i % box.nx, node = b * box.ny * box.nx + i;

    for (int d = 0; d < 2; d++) m->displacement[d][node] = c->x[d][at] - m->xi[2 * node + d];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
