#include "operators/projection.h"

#include "io/error.h"

struct _p_SinewProjection {
  SinewGrid grid;
  SinewVelocityPlace place;
  PetscInt dim;
  SinewPoisson poisson;
  DM scalar, vector; /* scalar: the Poisson operator's */
  Vec divergence, pressure, local_pressure, local_velocity;
};

/* This rank's cells, and a local vector of `dof` components around them. */
typedef struct {
  PetscInt start[3], count[3], ghost[3], size[3], dof;
  const PetscReal *value;
} Patch;

static PetscErrorCode describe(DM dm, PetscInt dof, Patch *p)
{
  PetscFunctionBeginUser;
  PetscCall(DMDAGetCorners(dm, &p->start[0], &p->start[1], &p->start[2], &p->count[0], &p->count[1], &p->count[2]));
  PetscCall(DMDAGetGhostCorners(dm, &p->ghost[0], &p->ghost[1], &p->ghost[2], &p->size[0], &p->size[1], &p->size[2]));
  p->dof = dof;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The cell `by` cells further along axis d. */
static PetscReal patch_value(const Patch *p, const PetscInt cell[3], PetscInt d, PetscInt by, PetscInt component)
{
  PetscInt at[3];

  for (PetscInt e = 0; e < 3; e++) at[e] = cell[e] - p->ghost[e] + (e == d ? by : 0);
  return p->value[((at[2] * p->size[1] + at[1]) * p->size[0] + at[0]) * p->dof + component];
}

static PetscBool wall(const SinewAxis *a, PetscInt face)
{
  return (PetscBool)(!a->periodic && (face == 0 || face == a->cells));
}

/* Flow through the face `up` faces above the cell's lower one along axis d. */
static PetscReal face_velocity(SinewProjection p, const Patch *v, const PetscInt cell[3], PetscInt d, PetscInt up)
{
  const SinewAxis *a = SinewGridAxis(p->grid, d);
  const PetscInt k = cell[d] + up - a->first;
  PetscReal share; /* of the cell above the face: linear between the two centres */

  if (wall(a, cell[d] + up)) return 0;
  if (p->place == SINEW_VELOCITY_FACES) return patch_value(v, cell, d, up, d);
  share = a->width[k - 1] / (a->width[k - 1] + a->width[k]);
  return share * patch_value(v, cell, d, up, d) + (1 - share) * patch_value(v, cell, d, up - 1, d);
}

static PetscReal face_gradient(SinewProjection p, const Patch *pressure, const PetscInt cell[3], PetscInt d,
                               PetscInt up)
{
  const SinewAxis *a = SinewGridAxis(p->grid, d);
  const PetscInt k = cell[d] + up - a->first;

  if (wall(a, cell[d] + up)) return 0;
  return (patch_value(pressure, cell, d, up, 0) - patch_value(pressure, cell, d, up - 1, 0)) /
         (a->center[k] - a->center[k - 1]);
}

static PetscErrorCode diverge(SinewProjection p, Vec v)
{
  Patch from;
  PetscReal *div;
  PetscInt cell[3], at = 0;

  PetscFunctionBeginUser;
  PetscCall(DMGlobalToLocal(p->vector, v, INSERT_VALUES, p->local_velocity));
  PetscCall(describe(p->vector, p->dim, &from));
  PetscCall(VecGetArrayRead(p->local_velocity, &from.value));
  PetscCall(VecGetArrayWrite(p->divergence, &div));
  for (cell[2] = from.start[2]; cell[2] < from.start[2] + from.count[2]; cell[2]++)
    for (cell[1] = from.start[1]; cell[1] < from.start[1] + from.count[1]; cell[1]++)
      for (cell[0] = from.start[0]; cell[0] < from.start[0] + from.count[0]; cell[0]++) {
        div[at] = 0;
        for (PetscInt d = 0; d < p->dim; d++) {
          const SinewAxis *a = SinewGridAxis(p->grid, d);

          div[at] += (face_velocity(p, &from, cell, d, 1) - face_velocity(p, &from, cell, d, 0)) *
                     a->inverse[cell[d] - a->first];
        }
        at++;
      }
  PetscCall(VecRestoreArrayRead(p->local_velocity, &from.value));
  PetscCall(VecRestoreArrayWrite(p->divergence, &div));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode correct(SinewProjection p, Vec v)
{
  Patch pressure;
  PetscReal *velocity;
  PetscInt cell[3], at = 0;

  PetscFunctionBeginUser;
  PetscCall(DMGlobalToLocal(p->scalar, p->pressure, INSERT_VALUES, p->local_pressure));
  PetscCall(describe(p->scalar, 1, &pressure));
  PetscCall(VecGetArrayRead(p->local_pressure, &pressure.value));
  PetscCall(VecGetArray(v, &velocity));
  for (cell[2] = pressure.start[2]; cell[2] < pressure.start[2] + pressure.count[2]; cell[2]++)
    for (cell[1] = pressure.start[1]; cell[1] < pressure.start[1] + pressure.count[1]; cell[1]++)
      for (cell[0] = pressure.start[0]; cell[0] < pressure.start[0] + pressure.count[0]; cell[0]++)
        for (PetscInt d = 0; d < p->dim; d++, at++) {
          const PetscReal below = face_gradient(p, &pressure, cell, d, 0);

          if (p->place == SINEW_VELOCITY_CENTERS)
            velocity[at] -= 0.5 * (below + face_gradient(p, &pressure, cell, d, 1));
          else if (wall(SinewGridAxis(p->grid, d), cell[d]))
            velocity[at] = 0;
          else
            velocity[at] -= below;
        }
  PetscCall(VecRestoreArrayRead(p->local_pressure, &pressure.value));
  PetscCall(VecRestoreArray(v, &velocity));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewProjectionCreate(SinewGrid grid, SinewVelocityPlace place, SinewProjection *projection)
{
  SinewProjection p;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&p));
  *projection = p;
  p->grid = grid;
  p->place = place;
  p->dim = SinewGridDim(grid);
  PetscCall(SinewPoissonCreate(grid, NULL, &p->poisson));
  PetscCall(SinewPoissonGetDM(p->poisson, &p->scalar));
  PetscCall(SinewGridCreateDM(grid, p->dim, 1, &p->vector));
  PetscCall(DMCreateGlobalVector(p->scalar, &p->divergence));
  PetscCall(DMCreateGlobalVector(p->scalar, &p->pressure));
  PetscCall(DMCreateLocalVector(p->scalar, &p->local_pressure));
  PetscCall(DMCreateLocalVector(p->vector, &p->local_velocity));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewProjectionDestroy(SinewProjection *projection)
{
  SinewProjection p = *projection;

  PetscFunctionBeginUser;
  if (!p) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecDestroy(&p->divergence));
  PetscCall(VecDestroy(&p->pressure));
  PetscCall(VecDestroy(&p->local_pressure));
  PetscCall(VecDestroy(&p->local_velocity));
  PetscCall(DMDestroy(&p->vector));
  PetscCall(SinewPoissonDestroy(&p->poisson));
  PetscCall(PetscFree(p));
  *projection = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewProjectionGetDM(SinewProjection projection, DM *dm)
{
  PetscFunctionBeginUser;
  *dm = projection->vector;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewProjectionApply(SinewProjection p, Vec v)
{
  PetscFunctionBeginUser;
  PetscCall(diverge(p, v));
  PetscCall(SinewPoissonSolve(p->poisson, p->divergence, p->pressure, NULL));
  PetscCall(correct(p, v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewProjectionDivergence(SinewProjection p, Vec v, PetscReal *largest)
{
  PetscFunctionBeginUser;
  PetscCall(diverge(p, v));
  PetscCall(VecNorm(p->divergence, NORM_INFINITY, largest));
  PetscFunctionReturn(PETSC_SUCCESS);
}
