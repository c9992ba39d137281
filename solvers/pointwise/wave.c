/* u_t = v, v_t = c^2 lap u. */
#include "../../io/error.h"
#include "../pointwise.h"

typedef struct {
  SinewPointwise equation;
  SinewWave p;
} Wave;

/* f = (v, c^2 lap u); unknown 1 starts behind the channels of unknown 0 */
static PetscErrorCode rate(const void *ctx, const SinewPoints *at, PetscReal f[], PetscReal df[])
{
  const SinewWave *p = ctx;
  const PetscInt n = at->n, lap = 1 + p->dim, jet = at->channels * n;
  const PetscReal square = p->speed * p->speed;

  for (PetscInt k = 0; k < n; k++) {
    f[k] = at->u[jet + k];
    f[n + k] = square * at->u[lap * n + k];
  }
  for (PetscInt k = 0; df && k < n; k++) {
    df[jet + k] = 1;
    df[2 * jet + lap * n + k] = square;
  }
  return PETSC_SUCCESS;
}

/* f' = c^2 (lap u, lap v) */
static PetscErrorCode second(const void *ctx, const SinewPoints *at, PetscReal g[], PetscReal dg[])
{
  const SinewWave *p = ctx;
  const PetscInt n = at->n, lap = 1 + p->dim, jet = at->channels * n;
  const PetscReal square = p->speed * p->speed;

  for (PetscInt row = 0; row < 2; row++) {
    for (PetscInt k = 0; k < n; k++) g[row * n + k] = square * at->u[row * jet + lap * n + k];
    for (PetscInt k = 0; dg && k < n; k++) dg[3 * row * jet + lap * n + k] = square;
  }
  return PETSC_SUCCESS;
}

PetscErrorCode SinewPointwiseWave(const SinewWave *parameters, SinewPointwise **equation)
{
  Wave *wave;

  PetscFunctionBegin;
  PetscCheck(parameters->dim >= 1 && parameters->dim <= 3, PETSC_COMM_SELF, SINEW_ERR_INPUT,
             "the wave equation has 1 to 3 coordinates, not %" PetscInt_FMT, parameters->dim);
  PetscCall(PetscNew(&wave));
  wave->p = *parameters;
  wave->equation = (SinewPointwise){.name = "wave",
                                    .dim = parameters->dim,
                                    .unknowns = 2,
                                    .evolved = 2,
                                    .order = SINEW_JET_LAPLACIAN,
                                    .density_order = SINEW_JET_VALUE,
                                    .linear = PETSC_TRUE,
                                    .ctx = &wave->p,
                                    .rate = rate,
                                    .second = second,
                                    .second_order = SINEW_JET_LAPLACIAN};
  *equation = &wave->equation;
  PetscFunctionReturn(PETSC_SUCCESS);
}
