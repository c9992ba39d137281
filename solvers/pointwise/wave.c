/* Acoustic waves: p_t = -c^2 div v - s p, v_t = -grad p - s v; unknowns p, v_1, .. */
#include "../../io/error.h"
#include "faces_private.h"

typedef struct {
  PointwiseFaces faces;
  SinewWaveTerms p;
} Context;

typedef struct {
  SinewPointwise equation;
  Context context;
} Wave;

/* f [row] += factor(k) c [k] u [unknown, channel]; c NULL: 1 */
static void add_term(const SinewPoints *at, PetscInt unknowns, PetscInt row, PetscInt unknown, PetscInt channel,
                     PetscReal factor, const PetscReal c[], PetscReal f[], PetscReal df[])
{
  const PetscInt n = at->n, jet = (unknown * at->channels + channel) * n, d = row * unknowns * at->channels * n + jet;

  for (PetscInt k = 0; k < n; k++) {
    const PetscReal a = c ? factor * c[k] : factor;

    f[row * n + k] += a * at->u[jet + k];
    if (df) df[d + k] += a;
  }
}

static PetscErrorCode rate(const void *ctx, const SinewPoints *at, PetscReal f[], PetscReal df[])
{
  const SinewWaveTerms *p = &((const Context *)ctx)->p;
  const PetscInt n = at->n, unknowns = 1 + p->dim;
  PetscReal *c;

  PetscFunctionBegin;
  PetscCall(PetscArrayzero(f, unknowns * n));
  PetscCall(PetscMalloc1((size_t)(2 * n), &c));
  for (PetscInt k = 0; k < n; k++) {
    c[k] = p->speed;
    c[n + k] = p->sponge;
  }
  if (p->medium) PetscCall(p->medium(p->ctx, at->t, n, at->x, c));
  for (PetscInt k = 0; k < n; k++) c[k] *= c[k];
  for (PetscInt i = 0; i < p->dim; i++) {
    add_term(at, unknowns, 0, 1 + i, 1 + i, -1, c, f, df);
    add_term(at, unknowns, 1 + i, 0, 1 + i, -1, NULL, f, df);
  }
  for (PetscInt row = 0; row < unknowns && (p->medium || p->sponge != 0); row++)
    add_term(at, unknowns, row, row, 0, -1, c + n, f, df);
  PetscCall(PetscFree(c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* (A - s)^2 = A^2 - 2 s A + s^2 with A (p, v) = (-c^2 div v, -grad p), A^2 (p, v) = c^2 (lap p, grad div v) */
static PetscErrorCode second(const void *ctx, const SinewPoints *at, PetscReal g[], PetscReal dg[])
{
  const SinewWaveTerms *p = &((const Context *)ctx)->p;
  const PetscInt dim = p->dim, unknowns = 1 + dim;
  const PetscReal square = p->speed * p->speed, s = p->sponge;

  PetscFunctionBegin;
  PetscCall(PetscArrayzero(g, unknowns * at->n));
  for (PetscInt i = 0; i < dim; i++) {
    add_term(at, unknowns, 0, 0, SinewJetHessianChannel(dim, i, i), square, NULL, g, dg);
    for (PetscInt j = 0; j < dim; j++)
      add_term(at, unknowns, 1 + i, 1 + j, SinewJetHessianChannel(dim, PetscMin(i, j), PetscMax(i, j)), square, NULL, g,
               dg);
    if (s == 0) continue;
    add_term(at, unknowns, 0, 1 + i, 1 + i, 2 * s * square, NULL, g, dg);
    add_term(at, unknowns, 1 + i, 0, 1 + i, 2 * s, NULL, g, dg);
  }
  for (PetscInt row = 0; row < unknowns && s != 0; row++) add_term(at, unknowns, row, row, 0, s * s, NULL, g, dg);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewPointwiseWave(const SinewWaveTerms *p, SinewPointwise **equation)
{
  Wave *wave;

  PetscFunctionBegin;
  PetscCheck(p->dim >= 1 && p->dim <= 3, PETSC_COMM_SELF, SINEW_ERR_INPUT,
             "the wave equation has 1 to 3 coordinates, not %" PetscInt_FMT, p->dim);
  PetscCall(PetscNew(&wave));
  wave->context.p = *p;
  wave->context.faces = (PointwiseFaces){p->dim, 1 + p->dim, p->faces, p->ctx};
  wave->equation = (SinewPointwise){.name = "wave",
                                    .dim = p->dim,
                                    .unknowns = 1 + p->dim,
                                    .evolved = 1 + p->dim,
                                    .order = SINEW_JET_GRADIENT,
                                    .density_order = SINEW_JET_VALUE,
                                    .linear = PETSC_TRUE,
                                    .ctx = &wave->context,
                                    .rate = rate,
                                    .second = p->medium ? NULL : second,
                                    .second_order = SINEW_JET_HESSIAN};
  SinewPointwiseAddFaces(&wave->context.faces, &wave->equation);
  *equation = &wave->equation;
  PetscFunctionReturn(PETSC_SUCCESS);
}
