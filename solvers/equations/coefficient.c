#include "solvers/equations/coefficient.h"

PetscErrorCode SinewCoefficientSet(SinewCoefficient *c, SinewExpression expression, PetscBool *present)
{
  PetscBool used;

  PetscFunctionBeginUser;
  if (present) *present = (PetscBool)(expression != NULL);
  if (!expression) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewExpressionUsesAny(expression, "xyzt", &used));
  PetscCall(SinewExpressionUses(expression, 't', &c->timed));
  PetscCall(SinewExpressionEvaluate(expression, 0, 0, 0, 0, &c->constant));
  c->expression = used ? expression : NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscReal position(const SinewCoefficient *c, const SinewAxis *a, PetscBool face, PetscInt i)
{
  const PetscReal x = face ? a->face[i] : a->center[i];

  if (!(c->places & SINEW_COEFFICIENT_WRAPPED) || !a->periodic) return x;
  /* chosen by index, so that the same ghost has the same bits on any number of ranks */
  if (i + a->first < 0) return x + (a->upper - a->lower);
  return i + a->first >= a->cells ? x - (a->upper - a->lower) : x;
}

/* One table: at cell centres (axis < 0), or at lower faces along an axis. */
static PetscErrorCode tabulate(const SinewCoefficient *c, PetscInt axis, PetscReal t, PetscReal table[])
{
  const SinewAxis *a[3];
  PetscInt n[3];

  PetscFunctionBeginUser;
  for (PetscInt d = 0; d < 3; d++) {
    a[d] = SinewGridAxis(c->grid, d);
    n[d] = a[d]->count + 2 * a[d]->ghosts;
  }
  for (PetscInt k = 0; k < n[2]; k++) {
    const PetscReal z = position(c, a[2], (PetscBool)(axis == 2), k);

    for (PetscInt j = 0; j < n[1]; j++) {
      const PetscReal y = position(c, a[1], (PetscBool)(axis == 1), j);

      for (PetscInt i = 0; i < n[0]; i++)
        PetscCall(SinewExpressionEvaluate(c->expression, position(c, a[0], (PetscBool)(axis == 0), i), y, z, t,
                                          &table[(k * n[1] + j) * n[0] + i]));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode fill(SinewCoefficient *c, PetscReal t)
{
  PetscFunctionBeginUser;
  if (c->center) PetscCall(tabulate(c, -1, t, c->center));
  for (PetscInt d = 0; d < 3; d++) {
    if (c->face[d]) PetscCall(tabulate(c, d, t, c->face[d]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewCoefficientTabulate(SinewCoefficient *c, SinewGrid grid, int places)
{
  size_t n = 1;

  PetscFunctionBeginUser;
  if (!c->expression) PetscFunctionReturn(PETSC_SUCCESS);
  c->grid = grid;
  c->places = places;
  for (PetscInt d = 0; d < 3; d++) {
    const SinewAxis *a = SinewGridAxis(grid, d);
    const PetscInt cells = a->count + 2 * a->ghosts;

    c->first[d] = a->first;
    if (d < 2) c->pitch[d] = cells;
    n *= (size_t)cells;
  }
  if (places & SINEW_COEFFICIENT_CENTERS) PetscCall(PetscMalloc1(n, &c->center));
  for (PetscInt d = 0; d < SinewGridDim(grid) && (places & SINEW_COEFFICIENT_FACES); d++)
    PetscCall(PetscMalloc1(n, &c->face[d]));
  PetscCall(fill(c, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewCoefficientUpdate(SinewCoefficient *c, PetscReal t)
{
  PetscFunctionBeginUser;
  if (c->expression && c->timed) PetscCall(fill(c, t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewCoefficientClear(SinewCoefficient *c)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(c->center));
  for (PetscInt d = 0; d < 3; d++) PetscCall(PetscFree(c->face[d]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- at points ---- */

#define CHUNK 64 /* points at a time, on the stack */

const PetscReal SinewCoefficientDifference[3] = {0.75, -0.15, 1. / 60};

/* The same moved along an axis. */
static PetscErrorCode moved(const SinewCoefficient *c, PetscReal t, PetscInt dim, PetscInt n, const PetscReal x[],
                            PetscInt axis, PetscReal by, PetscReal value[])
{
  PetscReal at[3][CHUNK] = {{0}};

  PetscFunctionBeginUser;
  for (PetscInt first = 0; first < n; first += CHUNK) {
    const PetscInt count = PetscMin(CHUNK, n - first);

    for (PetscInt d = 0; d < dim; d++)
      for (PetscInt p = 0; p < count; p++) at[d][p] = x[(first + p) * dim + d] + (d == axis ? by : 0);
    PetscCall(SinewExpressionEvaluateRow(c->expression, count, at[0], at[1], at[2], t, value + first));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewCoefficientAt(const SinewCoefficient *c, PetscReal t, PetscInt dim, PetscInt n, const PetscReal x[],
                                  PetscReal value[])
{
  PetscFunctionBeginUser;
  if (c->expression) PetscCall(moved(c, t, dim, n, x, 0, 0, value));
  for (PetscInt p = 0; p < n && !c->expression; p++) value[p] = c->constant;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewCoefficientSlopeAt(const SinewCoefficient *c, PetscReal t, PetscInt dim, PetscInt n,
                                       const PetscReal x[], PetscInt axis, PetscReal h, PetscReal slope[])
{
  PetscReal value[CHUNK];

  PetscFunctionBeginUser;
  PetscCall(PetscArrayzero(slope, n));
  for (PetscInt first = 0; c->expression && first < n; first += CHUNK) {
    const PetscInt count = PetscMin(CHUNK, n - first);

    for (int k = 1; k <= 3; k++) {
      for (int side = -1; side <= 1; side += 2) {
        PetscCall(moved(c, t, dim, count, x + first * dim, axis, side * k * h, value));
        for (PetscInt p = 0; p < count; p++)
          slope[first + p] += side * SinewCoefficientDifference[k - 1] / h * value[p];
      }
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
