#include "elasticity.h"

static PetscReal sphere(const SinewObstacle *o, PetscInt dim, const PetscReal q[], PetscReal gradient[])
{
  PetscReal r = 0;

  for (PetscInt i = 0; i < dim; i++) r += PetscSqr(q[i] - o->point[i]);
  r = PetscSqrtReal(r);
  for (PetscInt i = 0; gradient && i < dim; i++) gradient[i] = r > 0 ? (o->point[i] - q[i]) / r : i == 0;
  return o->radius - r;
}

static PetscReal plane(const SinewObstacle *o, PetscInt dim, const PetscReal q[], PetscReal gradient[])
{
  PetscReal depth = 0;

  for (PetscInt i = 0; i < dim; i++) {
    depth += o->normal[i] * (o->point[i] - q[i]);
    if (gradient) gradient[i] = -o->normal[i];
  }
  return depth;
}

/* The nearest face is the way out. */
static PetscReal box(const SinewObstacle *o, PetscInt dim, const PetscReal q[], PetscReal gradient[])
{
  PetscReal depth = PETSC_MAX_REAL;
  PetscInt nearest = 0;

  for (PetscInt i = 0; i < dim; i++) {
    const PetscReal inside = o->half[i] - PetscAbsReal(q[i] - o->point[i]);

    if (inside < depth) nearest = i;
    depth = PetscMin(depth, inside);
  }
  for (PetscInt i = 0; gradient && i < dim; i++) gradient[i] = i != nearest ? 0 : q[i] > o->point[i] ? -1 : 1;
  return depth;
}

PetscReal SinewObstacleDepth(const SinewObstacle *o, PetscInt dim, const PetscReal q[], PetscReal gradient[])
{
  switch (o->kind) {
  case SINEW_OBSTACLE_SPHERE: return sphere(o, dim, q, gradient);
  case SINEW_OBSTACLE_BOX: return box(o, dim, q, gradient);
  case SINEW_OBSTACLE_PLANE: break;
  }
  return plane(o, dim, q, gradient);
}

void SinewObstacleCurvature(const SinewObstacle *o, PetscInt dim, const PetscReal q[], PetscReal factor, PetscReal H[])
{
  PetscReal n[3], r = 0;

  if (o->kind != SINEW_OBSTACLE_SPHERE) return; /* the others' sides are flat */
  r = o->radius - sphere(o, dim, q, n);
  for (PetscInt i = 0; i < dim && r > 0; i++)
    for (PetscInt j = 0; j < dim; j++) H[i * dim + j] -= factor * ((i == j) - n[i] * n[j]) / r;
}
