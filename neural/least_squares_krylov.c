/* LSQR on [J S; sqrt(mu) I] y = [-r; 0], d = S y, S = D^(-1/2): Paige & Saunders 1982, ACM TOMS 8, algorithm LSQR. */
#include "least_squares_private.h"

PetscErrorCode SinewLeastSquaresAllocateKrylov(SinewLeastSquares ls)
{
  const size_t P = (size_t)ls->P;

  PetscFunctionBegin;
  PetscCall(PetscMalloc4(P, &ls->krylov[0], P, &ls->krylov[1], P, &ls->krylov[2], (size_t)ls->rows, &ls->krylov[3]));
  PetscCall(PetscMalloc1((size_t)ls->chunk * P, &ls->J));
  if (ls->size > 1) {
    PetscCall(PetscFree(ls->received));
    PetscCall(PetscMalloc1(P + 1, &ls->received));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Squares of the Jacobian's columns, from its rows block by block: no matrix. */
PetscErrorCode SinewLeastSquaresDiagonal(SinewLeastSquares ls, const PetscReal w[])
{
  const SinewLeastSquaresProblem *p = &ls->problem;
  PetscReal sum = 0;

  PetscFunctionBegin;
  for (PetscInt part = 0; part < p->parts; part++) {
    PetscCall(PetscArrayzero(ls->partial, ls->P));
    for (PetscInt b = p->part_block[part]; b < p->part_block[part + 1]; b++) {
      const PetscInt rows = p->block_start[b + 1] - p->block_start[b];

      PetscCall(p->rows(p->ctx, w, b, NULL, ls->J, rows));
      for (PetscInt k = 0; k < ls->P; k++)
        for (PetscInt i = 0; i < rows; i++) ls->partial[k] += PetscSqr(ls->J[k * rows + i]);
    }
    SinewLeastSquaresFold(ls, part, ls->P);
  }
  PetscCall(SinewLeastSquaresFinish(ls, ls->P, ls->diagonal));
  for (PetscInt k = 0; k < ls->P; k++) sum += ls->diagonal[k];
  ls->diagonal[ls->P] = sum / (PetscReal)ls->P;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* u = u / |u| in rows; returns |u| */
static PetscErrorCode normalise_rows(SinewLeastSquares ls, PetscReal u[], PetscReal *norm)
{
  PetscFunctionBegin;
  PetscCall(SinewLeastSquaresSquares(ls, u, norm));
  *norm = PetscSqrtReal(*norm);
  for (PetscInt i = 0; *norm > 0 && i < ls->rows; i++) u[i] /= *norm;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscReal normalise_weights(PetscInt P, PetscReal v[])
{
  PetscReal norm = 0;

  for (PetscInt k = 0; k < P; k++) norm += v[k] * v[k];
  norm = PetscSqrtReal(norm);
  for (PetscInt k = 0; norm > 0 && k < P; k++) v[k] /= norm;
  return norm;
}

static PetscReal inverse_root(SinewLeastSquares ls, PetscInt k)
{
  return 1 / PetscSqrtReal(SinewLeastSquaresScale(ls, k));
}

/* u = J S v - alpha u, beta = |u|; v = S J'u - beta v, alpha = |v| */
static PetscErrorCode bidiagonalise(SinewLeastSquares ls, const PetscReal w[], PetscReal *alpha, PetscReal *beta)
{
  const SinewLeastSquaresProblem *p = &ls->problem;
  PetscReal *v = ls->krylov[0], *t = ls->krylov[2], *u = ls->krylov[3];

  PetscFunctionBegin;
  for (PetscInt k = 0; k < ls->P; k++) t[k] = inverse_root(ls, k) * v[k];
  PetscCall(p->apply(p->ctx, w, t, ls->y));
  for (PetscInt i = 0; i < ls->rows; i++) u[i] = ls->y[i] - *alpha * u[i];
  PetscCall(normalise_rows(ls, u, beta));
  PetscCall(SinewLeastSquaresTranspose(ls, w, u, t));
  for (PetscInt k = 0; k < ls->P; k++) v[k] = inverse_root(ls, k) * t[k] - *beta * v[k];
  *alpha = normalise_weights(ls->P, v);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewLeastSquaresKrylov(SinewLeastSquares ls, const PetscReal w[], PetscReal mu, PetscReal d[])
{
  PetscReal *v = ls->krylov[0], *direction = ls->krylov[1], *u = ls->krylov[3];
  const PetscReal damp = PetscSqrtReal(mu);
  PetscReal alpha, beta, rho_bar, phi_bar, first;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < ls->rows; i++) u[i] = -ls->r[i];
  PetscCall(normalise_rows(ls, u, &beta));
  PetscCall(SinewLeastSquaresTranspose(ls, w, u, v));
  for (PetscInt k = 0; k < ls->P; k++) v[k] *= inverse_root(ls, k);
  alpha = normalise_weights(ls->P, v);
  PetscCall(PetscArraycpy(direction, v, ls->P));
  PetscCall(PetscArrayzero(d, ls->P));
  rho_bar = alpha;
  phi_bar = beta;
  first = alpha * beta;
  for (PetscInt it = 0; it < ls->options.krylov_iterations && first > 0; it++) {
    PetscReal rho, c, s, theta, phi, damped;

    PetscCall(bidiagonalise(ls, w, &alpha, &beta));
    damped = PetscSqrtReal(rho_bar * rho_bar + damp * damp); /* the rotation that takes the damping in */
    phi_bar *= rho_bar / damped;
    rho = PetscSqrtReal(damped * damped + beta * beta);
    c = damped / rho;
    s = beta / rho;
    theta = s * alpha;
    rho_bar = -c * alpha;
    phi = c * phi_bar;
    phi_bar *= s;
    for (PetscInt k = 0; k < ls->P; k++) {
      d[k] += phi / rho * direction[k];
      direction[k] = v[k] - theta / rho * direction[k];
    }
    ls->report.krylov++;
    if (PetscAbsReal(phi_bar * alpha * c) <= ls->options.krylov_tolerance * first) break;
  }
  for (PetscInt k = 0; k < ls->P; k++) d[k] *= inverse_root(ls, k);
  PetscFunctionReturn(PETSC_SUCCESS);
}
