#include "../../io/error.h"
#include "faces_private.h"

static PetscErrorCode residual(const void *ctx, PetscInt face, const SinewPoints *at, PetscReal r[], PetscReal dr[])
{
  const PointwiseFaces *f = ctx;
  const PetscInt n = at->n, rows = f->faces.rows[face], unknowns = f->unknowns;
  PetscReal *c, *g;

  PetscFunctionBegin;
  PetscCall(PetscCalloc2((size_t)(rows * unknowns * (1 + f->dim) * n), &c, (size_t)(rows * n), &g));
  PetscCall(f->faces.function(f->ctx, face, at->t, n, at->x, c, g));
  for (PetscInt row = 0; row < rows; row++) {
    for (PetscInt p = 0; p < n; p++) r[row * n + p] = -g[row * n + p];
    for (PetscInt j = 0; j < unknowns * (1 + f->dim); j++) {
      const PetscInt unknown = j / (1 + f->dim), channel = unknown * at->channels + j % (1 + f->dim);
      const PetscReal *factor = c + (row * unknowns * (1 + f->dim) + j) * n;

      for (PetscInt p = 0; p < n; p++) r[row * n + p] += factor[p] * at->u[channel * n + p];
      if (dr) PetscCall(PetscArraycpy(dr + (row * unknowns * at->channels + channel) * n, factor, n));
    }
  }
  PetscCall(PetscFree2(c, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Maps of all faces share the context: one function a face. */
#define FACE(face)                                                                                         \
  static PetscErrorCode face_##face(const void *ctx, const SinewPoints *at, PetscReal r[], PetscReal dr[]) \
  {                                                                                                        \
    return residual(ctx, face, at, r, dr);                                                                 \
  }
FACE(0)
FACE(1)
FACE(2)
FACE(3)
FACE(4)
FACE(5)

void SinewPointwiseAddFaces(const PointwiseFaces *f, SinewPointwise *e)
{
  static SinewPointMap *const map[6] = {face_0, face_1, face_2, face_3, face_4, face_5};

  for (PetscInt face = 0; face < 2 * f->dim; face++) {
    if (!f->faces.rows[face]) continue;
    e->face[e->faces++] = (SinewPointwiseFace){.axis = face / 2,
                                               .side = face % 2,
                                               .rows = f->faces.rows[face],
                                               .order = SINEW_JET_GRADIENT,
                                               .weight = f->faces.weight > 0 ? f->faces.weight : 1,
                                               .residual = map[face]};
  }
}
