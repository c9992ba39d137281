/*
  Points as a quadrature that follows the field: the box is cut into panels, the panels on which q varies most are
  halved along every axis, again and again, until there are as many as wanted, and each has the two-point
  Gauss-Legendre rule of every axis. Panels are small where q has layers, and the integral stays one.
*/
#include "insr_private.h"

#define NODES  2 /* of a panel, an axis */
#define ROUNDS 8 /* of halving */

static const PetscReal node[NODES] = {0.21132486540518711775, 0.78867513459481288225};

/* Half of the panels is there before any is halved: a network may oscillate where the field does not. */
static PetscInt first_panels(PetscInt dim, PetscInt n)
{
  return SinewInsrCountPoints(SINEW_INSR_QUADRATURE, dim, PetscMax(1, n / SinewInsrPower(NODES, dim) / 2));
}

PetscInt SinewInsrCountPanels(PetscInt dim, PetscInt n)
{
  const PetscInt first = first_panels(dim, n), more = SinewInsrPower(2, dim) - 1;

  return (first + PetscMax(0, n / SinewInsrPower(NODES, dim) - first) / more * more) * SinewInsrPower(NODES, dim);
}

static void place(const InsrPanel *panel, PetscInt dim, PetscInt k, PetscReal x[])
{
  for (PetscInt i = 0; i < dim; i++, k /= NODES) x[i] = panel->lower[i] + panel->size[i] * node[k % NODES];
}

/* Squared range of the monitored quantities times the volume, on some of the panels. */
static PetscErrorCode score(SinewInsr insr, const InsrMonitor *monitor, PetscInt count, InsrPanel panel[])
{
  const PetscInt dim = insr->dim, each = SinewInsrPower(NODES, dim), n = count * each;
  PetscReal *x, *q;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2((size_t)(n * dim), &x, (size_t)(n * insr->evolved), &q));
  for (PetscInt p = 0; p < n; p++) place(&panel[p / each], dim, p % each, x + p * dim);
  PetscCall(PetscArrayzero(q, n * insr->evolved));
  PetscCall(monitor->values(monitor, n, x, q));
  for (PetscInt k = 0; k < count; k++) {
    PetscReal volume = 1;

    for (PetscInt i = 0; i < dim; i++) volume *= panel[k].size[i];
    panel[k].score = 0;
    for (PetscInt c = 0; c < insr->evolved; c++) {
      PetscReal least = PETSC_MAX_REAL, most = -PETSC_MAX_REAL;

      for (PetscInt p = k * each; p < (k + 1) * each; p++) {
        least = PetscMin(least, q[c * n + p]);
        most = PetscMax(most, q[c * n + p]);
      }
      panel[k].score += volume * PetscSqr(most - least);
    }
  }
  PetscCall(PetscFree2(x, q));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int by_score(const void *a, const void *b)
{
  const InsrPanel *p = a, *q = b;

  if (p->score != q->score) return p->score > q->score ? -1 : 1;
  for (int i = SINEW_JET_DIM_MAX - 1; i >= 0; i--) /* an order that does not depend on the sort */
    if (p->lower[i] != q->lower[i]) return p->lower[i] < q->lower[i] ? -1 : 1;
  return 0;
}

/* Halves the first k panels: their children stand behind all others. */
static void halve(PetscInt dim, PetscInt k, InsrPanel panel[], PetscInt count)
{
  const PetscInt children = SinewInsrPower(2, dim);

  for (PetscInt p = 0; p < k; p++) {
    for (PetscInt i = 0; i < dim; i++) panel[p].size[i] *= 0.5;
    for (PetscInt c = 1; c < children; c++) {
      InsrPanel *child = &panel[count + p * (children - 1) + c - 1];

      *child = panel[p];
      for (PetscInt i = 0; i < dim; i++) child->lower[i] += (PetscReal)(c >> i & 1) * child->size[i];
    }
  }
}

static void first_cut(SinewInsr insr, PetscInt count, InsrPanel panel[])
{
  const SinewJetOptions *box = &insr->options.network;
  const PetscInt m = SinewInsrPerAxis(insr->dim, count);

  for (PetscInt k = 0; k < count; k++) {
    panel[k] = (InsrPanel){.score = 0};
    for (PetscInt i = 0, rest = k; i < insr->dim; i++, rest /= m) {
      panel[k].size[i] = (box->upper[i] - box->lower[i]) / (PetscReal)m;
      panel[k].lower[i] = box->lower[i] + panel[k].size[i] * (PetscReal)(rest % m);
    }
  }
}

/* All panels, on every rank: as many evaluations of the monitor as some times the points. */
static PetscErrorCode cut(SinewInsr insr, const InsrMonitor *monitor, PetscInt wanted, InsrPanel panel[])
{
  const PetscInt dim = insr->dim, more = SinewInsrPower(2, dim) - 1;
  PetscInt count = first_panels(dim, wanted * SinewInsrPower(NODES, dim));

  PetscFunctionBegin;
  first_cut(insr, count, panel);
  if (monitor) PetscCall(score(insr, monitor, count, panel));
  for (PetscInt round = 0; round < ROUNDS; round++) {
    const PetscInt left = (wanted - count) / more, k = PetscMin((left + ROUNDS - round - 1) / (ROUNDS - round), count);

    if (k < 1) continue;
    qsort(panel, (size_t)count, sizeof(*panel), by_score);
    halve(dim, k, panel, count);
    if (monitor) {
      PetscCall(score(insr, monitor, k, panel));
      PetscCall(score(insr, monitor, k * more, panel + count));
    }
    count += k * more;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewInsrPlacePanels(InsrSet *set, const InsrMonitor *monitor)
{
  const SinewInsr insr = set->insr;
  const SinewJetOptions *box = &insr->options.network;
  const PetscInt dim = insr->dim, each = SinewInsrPower(NODES, dim), panels = set->n / each;
  PetscReal whole = 1;
  InsrPanel *panel;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1((size_t)panels, &panel));
  PetscCall(cut(insr, monitor, panels, panel));
  /* all take rank 0's, whose arithmetic might differ in the last bit */
  PetscCallMPI(MPI_Bcast(panel, (PetscMPIInt)(panels * (PetscInt)(sizeof(*panel) / sizeof(PetscReal))), MPIU_REAL, 0,
                         insr->comm));
  for (PetscInt i = 0; i < dim; i++) whole *= box->upper[i] - box->lower[i];
  for (PetscInt p = 0; p < set->count; p++) {
    const InsrPanel *at = &panel[(set->first + p) / each];
    PetscReal volume = 1 / (whole * (PetscReal)each);

    place(at, dim, (set->first + p) % each, set->x + p * dim);
    for (PetscInt i = 0; i < dim; i++) volume *= at->size[i];
    set->scale[p] = PetscSqrtReal(volume);
  }
  PetscCall(PetscFree(panel));
  PetscFunctionReturn(PETSC_SUCCESS);
}
