#include "solvers/mesh_motion_monitor.h"

#define NOISE     1e-10 /* gradients below this part of (largest value / side of the domain) are rounding */
#define ROUGHNESS 1e-7  /* and second derivatives below this part of the same over the side once more */

/* ---- reading ---- */

static PetscErrorCode check_field(SinewDeck deck, SinewNode section, SinewEquation equation, const char field[])
{
  const char *names[64];
  PetscInt count, standard;
  PetscBool same = PETSC_FALSE;

  PetscFunctionBeginUser;
  PetscCall(SinewEquationFields(equation, 64, names, &count, &standard));
  for (PetscInt f = 0; f < count && !same; f++) PetscCall(PetscStrcmp(names[f], field, &same));
  if (!same)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, section, "field"), "mesh_motion.field",
                               "expected a field of %s, found \"%s\"", equation->type->name, field));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMeshMonitorCheck(SinewDeck deck, SinewNode section, SinewEquation equation,
                                     SinewMeshMonitorValues *v)
{
  const char *names[64];
  PetscInt count, standard;
  PetscReal sum = 0;

  PetscFunctionBeginUser;
  if (v->kind == SINEW_MESH_FORMULA && !v->formula)
    PetscCall(SinewDeckMistake(deck, section, "mesh_motion", "missing formula: the monitor is one"));
  for (PetscInt f = 0; f < v->weight.n; f++) sum += v->weight.value[f];
  if (v->weight.n && (v->weight.n != PetscMax(v->field.n, 1) || !(sum > 0)))
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, section, "field_weights"), "mesh_motion.field_weights",
                               "expected one for each of the %" PetscInt_FMT " fields, not all of them 0",
                               PetscMax(v->field.n, 1)));
  if (!equation) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewEquationFields(equation, 64, names, &count, &standard));
  if (!v->field.n) v->field.value[v->field.n++] = names[0];
  for (PetscInt f = 0; f < v->field.n; f++) PetscCall(check_field(deck, section, equation, v->field.value[f]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMeshMonitorSetUp(SinewMeshMonitor *m, SinewGrid grid)
{
  PetscFunctionBeginUser;
  PetscCall(SinewGridCreateDM(grid, 1, 1, &m->cells));
  PetscCall(DMCreateLocalVector(m->cells, &m->strength));
  PetscCall(DMCreateGlobalVector(m->lattice->dm, &m->sum));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMeshMonitorClear(SinewMeshMonitor *m)
{
  PetscFunctionBeginUser;
  PetscCall(VecDestroy(&m->strength));
  PetscCall(VecDestroy(&m->sum));
  PetscCall(DMDestroy(&m->cells));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- cells with ghosts ---- */

/* Ghosts beyond walls: the nearest cell's value. Axis by axis, so that corners come right. */
static void extend(const SinewMeshMonitor *m, PetscReal *a)
{
  const PetscInt *pitch = m->geometry->padded, stride[3] = {1, pitch[0], pitch[0] * pitch[1]};

  for (PetscInt d = 0; d < m->lattice->dim; d++) {
    const SinewAxis *axis = m->geometry->axis[d];
    const PetscInt e = (d + 1) % 3, f = (d + 2) % 3;

    if (axis->periodic) continue;
    for (int side = 0; side < 2; side++) {
      const PetscInt ghost = side ? pitch[d] - 1 : 0, from = side ? ghost - 1 : 1;

      if (side ? axis->start + axis->count < axis->cells : axis->start > 0) continue;
      for (PetscInt q = 0; q < pitch[f]; q++)
        for (PetscInt p = 0; p < pitch[e]; p++) {
          PetscReal *line = a + p * stride[e] + q * stride[f];

          line[ghost * stride[d]] = line[from * stride[d]];
        }
    }
  }
}

/* Values of owned cells and their ghosts into m->strength. Collective. */
static PetscErrorCode spread(SinewMeshMonitor *m, const PetscReal values[])
{
  PetscReal *a;
  PetscInt n;
  Vec global;

  PetscFunctionBeginUser;
  PetscCall(DMGetGlobalVector(m->cells, &global));
  PetscCall(VecGetLocalSize(global, &n));
  PetscCall(VecGetArrayWrite(global, &a));
  PetscCall(PetscArraycpy(a, values, n));
  PetscCall(VecRestoreArrayWrite(global, &a));
  PetscCall(DMGlobalToLocal(m->cells, global, INSERT_VALUES, m->strength));
  PetscCall(DMRestoreGlobalVector(m->cells, &global));
  PetscCall(VecGetArray(m->strength, &a));
  extend(m, a);
  PetscCall(VecRestoreArray(m->strength, &a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMeshMonitorWatch(SinewMeshMonitor *m, const char field[], Vec U)
{
  const PetscInt n = m->geometry->count[0] * m->geometry->count[1] * m->geometry->count[2];
  PetscReal *values;
  PetscInt components;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)(3 * n), &values));
  PetscCall(SinewEquationField(m->equation, U, field, &components, values));
  for (PetscInt i = 0; i < n && components > 1; i++)
    values[i] = PetscSqrtReal(values[3 * i] * values[3 * i] + values[3 * i + 1] * values[3 * i + 1] +
                              values[3 * i + 2] * values[3 * i + 2]);
  PetscCall(spread(m, values));
  PetscCall(PetscFree(values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- strengths at vertices ---- */

/* |grad| of what m->strength holds. */
static PetscErrorCode gradient(SinewMeshMonitor *m, PetscReal out[])
{
  const PetscReal *values;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(m->strength, &values));
  PetscCall(SinewGeometryGradient(m->geometry, values, out));
  PetscCall(VecRestoreArrayRead(m->strength, &values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The norm of the second derivatives: gradients of the components of the gradient in cells. Collective. */
static PetscErrorCode curvature(SinewMeshMonitor *m, PetscReal out[])
{
  const PetscInt n = m->geometry->count[0] * m->geometry->count[1] * m->geometry->count[2], points = m->lattice->local;
  const PetscReal *values;
  PetscReal *slope[3] = {NULL, NULL, NULL}, *part;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(points, &part));
  for (PetscInt d = 0; d < m->lattice->dim; d++) PetscCall(PetscMalloc1(n, &slope[d]));
  PetscCall(VecGetArrayRead(m->strength, &values));
  PetscCall(SinewGeometryCellGradient(m->geometry, values, slope));
  PetscCall(VecRestoreArrayRead(m->strength, &values));
  PetscCall(PetscArrayzero(out, points));
  for (PetscInt d = 0; d < m->lattice->dim; d++) {
    PetscCall(spread(m, slope[d]));
    PetscCall(gradient(m, part));
    for (PetscInt p = 0; p < points; p++) out[p] += part[p] * part[p];
  }
  for (PetscInt p = 0; p < points; p++) out[p] = PetscSqrtReal(out[p]);
  for (PetscInt d = 0; d < m->lattice->dim; d++) PetscCall(PetscFree(slope[d]));
  PetscCall(PetscFree(part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Of one field, without what is rounding. Collective. */
static PetscErrorCode strength(SinewMeshMonitor *m, const char field[], Vec U, Vec G)
{
  const PetscBool second = (PetscBool)(m->v.kind == SINEW_MESH_CURVATURE);
  PetscReal *g, noise;

  PetscFunctionBeginUser;
  PetscCall(SinewMeshMonitorWatch(m, field, U));
  PetscCall(VecNorm(m->strength, NORM_INFINITY, &noise));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &noise, 1, MPIU_REAL, MPIU_MAX, m->lattice->comm));
  noise *= second ? ROUGHNESS / (m->extent * m->extent) : NOISE / m->extent;
  PetscCall(VecGetArrayWrite(G, &g));
  if (second)
    PetscCall(curvature(m, g));
  else
    PetscCall(gradient(m, g));
  for (PetscInt p = 0; p < m->lattice->local; p++) g[p] = g[p] < noise ? 0 : g[p];
  PetscCall(VecRestoreArrayWrite(G, &g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- monitors ---- */

static PetscErrorCode formula_at(const SinewMeshMonitor *m, PetscReal t, Vec out)
{
  const SinewLattice *l = m->lattice;
  PetscReal *values;
  PetscInt n = 0;

  PetscFunctionBeginUser;
  PetscCall(VecGetArrayWrite(out, &values));
  for (PetscInt k = 0; k < l->count[2]; k++)
    for (PetscInt j = 0; j < l->count[1]; j++)
      for (PetscInt i = 0; i < l->count[0]; i++) {
        const PetscInt p = SinewGeometryNode(m->geometry, i, j, k);
        PetscReal *const *x = m->geometry->x[0];

        PetscCall(SinewExpressionEvaluate(m->v.formula, x[0][p], x[1][p], l->dim > 2 ? x[2][p] : 0, t, &values[n++]));
      }
  PetscCall(VecRestoreArrayWrite(out, &values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The share and power by which 1 + r of a mean is 1 + G / (0.01 alpha). */
static void originals(const SinewMeshMonitor *m, PetscReal *share, PetscReal *power)
{
  PetscReal ratio = 100;

  for (PetscInt d = 0; d < m->lattice->dim; d++)
    ratio *= (PetscReal)(m->lattice->nodes[d] - 1) / (PetscReal)m->lattice->nodes[d];
  *share = ratio / (1 + ratio);
  *power = 1;
}

/* r of one field, times a factor, added to m->sum; G is scratch. Collective. */
static PetscErrorCode add_field(SinewMeshMonitor *m, PetscInt f, PetscReal factor, Vec U, Vec G)
{
  PetscReal share = m->v.share, power = m->v.power, *sum;
  const PetscReal *g;

  PetscFunctionBeginUser;
  if (m->v.kind == SINEW_MESH_ORIGINAL) originals(m, &share, &power);
  PetscCall(strength(m, m->v.field.value[f], U, G));
  PetscCall(SinewMonitorNormalise(m->lattice, share, power, G));
  PetscCall(VecGetArrayRead(G, &g));
  PetscCall(VecGetArray(m->sum, &sum));
  for (PetscInt p = 0; p < m->lattice->local; p++) sum[p] += factor * (g[p] - 1);
  PetscCall(VecRestoreArray(m->sum, &sum));
  PetscCall(VecRestoreArrayRead(G, &g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode densities(SinewMeshMonitor *m, Vec U, Vec out)
{
  PetscReal weights = 0, *a;
  const PetscReal *r;

  PetscFunctionBeginUser;
  PetscCall(VecSet(m->sum, 0));
  for (PetscInt f = 0; f < m->v.field.n; f++) weights += m->v.weight.n ? m->v.weight.value[f] : 1;
  for (PetscInt f = 0; f < m->v.field.n; f++)
    PetscCall(add_field(m, f, (m->v.weight.n ? m->v.weight.value[f] : 1) / weights, U, out));
  PetscCall(VecGetArrayRead(m->sum, &r));
  PetscCall(VecGetArrayWrite(out, &a));
  if (m->v.kind == SINEW_MESH_ARC_LENGTH)
    for (PetscInt p = 0; p < m->lattice->local; p++) a[p] = PetscSqrtReal(1 + r[p] * r[p]);
  else
    for (PetscInt p = 0; p < m->lattice->local; p++) a[p] = 1 + r[p];
  PetscCall(VecRestoreArrayWrite(out, &a));
  PetscCall(VecRestoreArrayRead(m->sum, &r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewMeshMonitorFind(SinewMeshMonitor *m, PetscReal t, Vec U, Vec out)
{
  PetscFunctionBeginUser;
  if (m->v.kind == SINEW_MESH_FORMULA)
    PetscCall(formula_at(m, t, out));
  else
    PetscCall(densities(m, U, out));
  if (m->v.smoothing > 0)
    PetscCall(SinewCosineApply(m->cosine, SINEW_COSINE_GAUSSIAN, m->v.smoothing * m->extent, 0, out, out));
  PetscFunctionReturn(PETSC_SUCCESS);
}
