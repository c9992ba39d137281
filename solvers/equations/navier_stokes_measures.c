/*
  Energy, enstrophy and dissipation of a staggered flow: sums over its faces, the differences of its own stencils, and
  the trapezoidal rule along axes on whose sides values stand. So the dissipation is, between walls at rest, exactly
  what the viscous terms of the scheme take from its energy.
*/
#include "solvers/equations/navier_stokes_faces.h"

/* Where a square is summed: along which axes its places are faces, so that those on sides count by half. */
typedef struct {
  SinewFlowFaces f;
  PetscInt lines[3];            /* places along each axis, the upper side's included */
  PetscBool begins[3], ends[3]; /* with a place on a side */
  PetscReal (*square)(const SinewFlowFaces f, PetscInt a, PetscInt d, PetscInt at);
  PetscInt a, d;
} Sum;

static PetscReal energy(const SinewFlowFaces f, PetscInt a, PetscInt d, PetscInt at)
{
  (void)d;
  return 0.5 * f->w[a][at] * f->w[a][at];
}

/* (dv_a / dx_d)^2: in cells for a = d, else at lower edges. */
static PetscReal gradient(const SinewFlowFaces f, PetscInt a, PetscInt d, PetscInt at)
{
  const PetscReal *w = f->w[a] + at;

  return PetscSqr(f->inverse[d] * (a == d ? w[f->stride[d]] - w[0] : w[0] - w[-f->stride[d]]));
}

static PetscReal vorticity(const SinewFlowFaces f, PetscInt a, PetscInt d, PetscInt at)
{
  const PetscReal *u = f->w[a] + at, *v = f->w[d] + at;

  return 0.5 * PetscSqr(f->inverse[a] * (v[0] - v[-f->stride[a]]) - f->inverse[d] * (u[0] - u[-f->stride[d]]));
}

static PetscReal sum_row(const Sum *s, PetscInt at)
{
  const PetscInt n = s->lines[0];
  PetscReal sum = 0;

  for (PetscInt i = 0; i < n; i++) sum += (*s->square)(s->f, s->a, s->d, at + i);
  if (s->begins[0]) sum -= 0.5 * (*s->square)(s->f, s->a, s->d, at);
  if (s->ends[0]) sum -= 0.5 * (*s->square)(s->f, s->a, s->d, at + n - 1);
  return sum;
}

static PetscReal half(const Sum *s, PetscInt axis, PetscInt place)
{
  return (s->begins[axis] && place == 0) || (s->ends[axis] && place == s->lines[axis] - 1) ? 0.5 : 1;
}

/* Over this rank's places of component a's square with respect to axis d; face: axes along which places are faces. */
static PetscReal sum_squares(SinewFlowFaces f, PetscReal (*square)(const SinewFlowFaces, PetscInt, PetscInt, PetscInt),
                             PetscInt a, PetscInt d, const PetscBool face[3])
{
  Sum s = {.f = f, .square = square, .a = a, .d = d};
  PetscReal sum = 0;

  for (PetscInt k = 0; k < 3; k++) {
    s.begins[k] = (PetscBool)(face[k] && SinewFlowFacesOnSide(f, 2 * k));
    s.ends[k] = (PetscBool)(face[k] && SinewFlowFacesOnSide(f, 2 * k + 1));
    s.lines[k] = f->axis[k]->count + (s.ends[k] ? 1 : 0);
  }
  for (PetscInt k = 0; k < s.lines[2]; k++) {
    for (PetscInt j = 0; j < s.lines[1]; j++)
      sum += half(&s, 1, j) * half(&s, 2, k) * sum_row(&s, SinewFlowFacesRow(f, j, k));
  }
  return sum;
}

PetscErrorCode SinewFlowFacesMeasure(SinewFlowFaces f, Vec U, PetscReal value[])
{
  const SinewFlowParameters *p = f->parameters;
  PetscReal sum[SINEW_FLOW_MEASURES] = {0}, cells = 1;

  PetscFunctionBegin;
  PetscCall(SinewFlowFacesLoad(f, U, f->dim));
  for (PetscInt a = 0; a < f->dim; a++) {
    const PetscBool faces[3] = {(PetscBool)(a == 0), (PetscBool)(a == 1), (PetscBool)(a == 2)};
    const PetscReal part = sum_squares(f, energy, a, a, faces);

    sum[SINEW_FLOW_ENERGY] += part;
    sum[SINEW_FLOW_DISSIPATION] += 2 * p->drag * part;
    for (PetscInt d = 0; d < f->dim; d++) {
      const PetscBool edge[3] = {(PetscBool)((a == 0) != (d == 0)), (PetscBool)((a == 1) != (d == 1)),
                                 (PetscBool)((a == 2) != (d == 2))};

      sum[SINEW_FLOW_DISSIPATION] += p->viscosity * sum_squares(f, gradient, a, d, edge);
      if (d > a) sum[SINEW_FLOW_ENSTROPHY] += sum_squares(f, vorticity, a, d, edge);
    }
    cells *= (PetscReal)f->axis[a]->cells;
  }
  PetscCallMPI(MPI_Allreduce(sum, value, SINEW_FLOW_MEASURES, MPIU_REAL, MPIU_SUM, PetscObjectComm((PetscObject)U)));
  for (int k = 0; k < SINEW_FLOW_MEASURES; k++) value[k] /= cells;
  PetscFunctionReturn(PETSC_SUCCESS);
}
