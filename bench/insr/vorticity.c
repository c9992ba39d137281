/*
  Incompressible flow on a grid, the flow cases' rival and reference: vorticity and stream function, Arakawa's Jacobian
  of second order (1966, J. Comput. Phys. 1), classical Runge-Kutta, lap psi = -omega in the eigenvectors of the box:
  sines between slip walls (psi = omega = 0), sines and cosines on a periodic box. Transforms are matrix products.
*/
#include "bench.h"
#include <petscblaslapack.h>

typedef struct {
  const BenchCase *c;
  PetscInt n; /* nodes an axis */
  PetscReal h, length;
  PetscReal *basis; /* [n][n]: column k holds eigenvector k at the nodes, orthonormal */
  PetscReal *eigen; /* of -d^2/dx^2 */
  PetscReal *omega, *stage, *rate, *sum, *psi, *work, *scratch;
} Flow;

static PetscReal node(const Flow *f, PetscInt i)
{
  return f->c->lower[0] + f->h * (PetscReal)(f->c->periodic ? i : i + 1);
}

/* Eigenvector k and, with slope, its derivative at x (not normalised). */
static PetscReal mode(const Flow *f, PetscInt k, PetscReal x, PetscBool slope)
{
  const PetscReal s = x - f->c->lower[0];
  const PetscReal wave =
      f->c->periodic ? 2 * PETSC_PI * (PetscReal)((k + 1) / 2) / f->length : PETSC_PI * (PetscReal)(k + 1) / f->length;

  if (f->c->periodic && k % 2 == 0) return slope ? -wave * PetscSinReal(wave * s) : PetscCosReal(wave * s);
  return slope ? wave * PetscCosReal(wave * s) : PetscSinReal(wave * s);
}

static PetscReal norm_of_mode(const Flow *f, PetscInt k)
{
  const PetscReal n = (PetscReal)f->n;

  if (!f->c->periodic) return PetscSqrtReal(2 / (n + 1));
  return PetscSqrtReal((k == 0 ? 1 : 2) / n); /* n is odd: no highest cosine of its own norm */
}

static PetscErrorCode create(const BenchCase *c, PetscInt n, Flow *f)
{
  size_t all;

  PetscFunctionBeginUser;
  if (c->periodic && n % 2 == 0) n++;
  all = (size_t)n * (size_t)n;
  *f = (Flow){.c = c, .n = n, .length = c->upper[0] - c->lower[0]};
  f->h = f->length / (PetscReal)(c->periodic ? n : n + 1);
  PetscCall(PetscMalloc2(all, &f->basis, (size_t)n, &f->eigen));
  PetscCall(PetscMalloc7(all, &f->omega, all, &f->stage, all, &f->rate, all, &f->sum, all, &f->psi, all, &f->work, all,
                         &f->scratch));
  for (PetscInt k = 0; k < n; k++) {
    const PetscReal wave =
        c->periodic ? 2 * PETSC_PI * (PetscReal)((k + 1) / 2) / f->length : PETSC_PI * (PetscReal)(k + 1) / f->length;

    f->eigen[k] = wave * wave;
    for (PetscInt i = 0; i < n; i++) f->basis[k * n + i] = norm_of_mode(f, k) * mode(f, k, node(f, i), PETSC_FALSE);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(Flow *f)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree2(f->basis, f->eigen));
  PetscCall(PetscFree7(f->omega, f->stage, f->rate, f->sum, f->psi, f->work, f->scratch));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* C = op(A) op(B), all n x n, column-major */
static void product(char ta, char tb, PetscInt n, const PetscReal A[], const PetscReal B[], PetscReal C[])
{
  const PetscBLASInt m = (PetscBLASInt)n;
  const PetscReal one = 1, zero = 0;

  BLASgemm_(&ta, &tb, &m, &m, &m, &one, A, &m, B, &m, &zero, C, &m);
}

/* coefficients = B' omega B divided by the eigenvalues, in f->work; psi = B coefficients B' */
static void poisson(Flow *f, const PetscReal omega[])
{
  const PetscInt n = f->n;
  PetscReal *scratch = f->scratch;

  product('T', 'N', n, f->basis, omega, f->psi);
  product('N', 'N', n, f->psi, f->basis, f->work);
  for (PetscInt l = 0; l < n; l++)
    for (PetscInt k = 0; k < n; k++) {
      const PetscReal sum = f->eigen[k] + f->eigen[l];

      f->work[l * n + k] = sum > 0 ? f->work[l * n + k] / sum : 0;
    }
  product('N', 'N', n, f->basis, f->work, scratch);
  product('N', 'T', n, scratch, f->basis, f->psi);
}

static PetscReal at(const Flow *f, const PetscReal v[], PetscInt i, PetscInt j)
{
  const PetscInt n = f->n;

  if (f->c->periodic) return v[((j + n) % n) * n + (i + n) % n];
  return i < 0 || j < 0 || i >= n || j >= n ? 0 : v[j * n + i];
}

/* Arakawa's J(psi, omega) = psi_x omega_y - psi_y omega_x, the mean of three forms: energy and enstrophy stay. */
static PetscReal jacobian(const Flow *f, const PetscReal p[], const PetscReal w[], PetscInt i, PetscInt j)
{
#define P(a, b) at(f, p, i + (a), j + (b))
#define W(a, b) at(f, w, i + (a), j + (b))
  const PetscReal a = (P(1, 0) - P(-1, 0)) * (W(0, 1) - W(0, -1)) - (P(0, 1) - P(0, -1)) * (W(1, 0) - W(-1, 0));
  const PetscReal b = P(1, 0) * (W(1, 1) - W(1, -1)) - P(-1, 0) * (W(-1, 1) - W(-1, -1)) -
                      P(0, 1) * (W(1, 1) - W(-1, 1)) + P(0, -1) * (W(1, -1) - W(-1, -1));
  const PetscReal c = P(1, 1) * (W(0, 1) - W(1, 0)) - P(-1, -1) * (W(-1, 0) - W(0, -1)) -
                      P(-1, 1) * (W(0, 1) - W(-1, 0)) + P(1, -1) * (W(1, 0) - W(0, -1));
#undef P
#undef W

  return (a + b + c) / (12 * f->h * f->h);
}

/* omega_t = J(psi, omega) - U . grad omega + nu lap omega (u = psi_y, v = -psi_x) */
static void rate_of(Flow *f, const PetscReal w[], PetscReal rate[])
{
  const PetscReal h = f->h;

  poisson(f, w);
  for (PetscInt j = 0; j < f->n; j++) {
    for (PetscInt i = 0; i < f->n; i++) {
      const PetscReal l = at(f, w, i - 1, j), r = at(f, w, i + 1, j), d = at(f, w, i, j - 1), u = at(f, w, i, j + 1);

      rate[j * f->n + i] = jacobian(f, f->psi, w, i, j) - f->c->mean[0] * (r - l) / (2 * h) -
                           f->c->mean[1] * (u - d) / (2 * h) +
                           f->c->viscosity * (l + r + d + u - 4 * at(f, w, i, j)) / (h * h);
    }
  }
}

static void runge_kutta(Flow *f, PetscReal dt)
{
  const PetscReal c[4] = {0, 0.5, 0.5, 1}, b[4] = {1. / 6, 1. / 3, 1. / 3, 1. / 6};
  const PetscInt all = f->n * f->n;

  for (PetscInt i = 0; i < all; i++) f->sum[i] = f->omega[i];
  for (int k = 0; k < 4; k++) {
    for (PetscInt i = 0; i < all; i++) f->stage[i] = f->omega[i] + (k ? c[k] * dt * f->rate[i] : 0);
    rate_of(f, f->stage, f->rate);
    for (PetscInt i = 0; i < all; i++) f->sum[i] += b[k] * dt * f->rate[i];
  }
  for (PetscInt i = 0; i < all; i++) f->omega[i] = f->sum[i];
}

#define EDGE 8 /* points along an edge of a cell */

/* The mean vorticity of every node's cell, its circulation over its area (Stokes): also right where the velocity has
   kinks. */
static PetscErrorCode initial(Flow *f)
{
  PetscReal x[2 * 4 * EDGE], v[2 * 4 * EDGE];

  PetscFunctionBeginUser;
  for (PetscInt j = 0; j < f->n; j++) {
    for (PetscInt i = 0; i < f->n; i++) {
      PetscReal circulation = 0;

      for (int k = 0; k < 4 * EDGE; k++) { /* bottom, right, top, left */
        const PetscReal along = f->h * (((PetscReal)(k % EDGE) + 0.5) / EDGE - 0.5), across = 0.5 * f->h;
        const int edge = k / EDGE;

        x[2 * k] = node(f, i) + (edge == 1 ? across : edge == 3 ? -across : along);
        x[2 * k + 1] = node(f, j) + (edge == 0 ? -across : edge == 2 ? across : along);
      }
      PetscCall(f->c->initial(NULL, 0, 4 * EDGE, x, v));
      for (int k = 0; k < EDGE; k++)
        circulation += v[k] + v[4 * EDGE + EDGE + k] - v[2 * EDGE + k] - v[4 * EDGE + 3 * EDGE + k];
      f->omega[j * f->n + i] = circulation / (EDGE * f->h);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Velocity at points by the series of psi. */
static PetscErrorCode velocity(Flow *f, PetscInt count, const PetscReal x[], PetscReal v[])
{
  const PetscInt n = f->n;
  PetscReal *mx, *my;

  PetscFunctionBeginUser;
  poisson(f, f->omega);
  PetscCall(PetscMalloc2((size_t)(2 * n), &mx, (size_t)(2 * n), &my));
  for (PetscInt p = 0; p < count; p++) {
    v[p] = f->c->mean[0];
    v[count + p] = f->c->mean[1];
    for (PetscInt k = 0; k < n; k++) {
      for (int s = 0; s < 2; s++) {
        mx[s * n + k] = norm_of_mode(f, k) * mode(f, k, x[2 * p], (PetscBool)s);
        my[s * n + k] = norm_of_mode(f, k) * mode(f, k, x[2 * p + 1], (PetscBool)s);
      }
    }
    for (PetscInt l = 0; l < n; l++) {
      PetscReal value = 0, slope = 0;

      for (PetscInt k = 0; k < n; k++) {
        value += mx[k] * f->work[l * n + k];
        slope += mx[n + k] * f->work[l * n + k];
      }
      v[p] += value * my[n + l];
      v[count + p] -= slope * my[l];
    }
  }
  PetscCall(PetscFree2(mx, my));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Steps of at most half a cell at the largest speed, as many as the case's end asks for. */
static PetscErrorCode march(Flow *f, PetscReal end)
{
  const PetscReal limit = 0.5 * f->h / f->c->speed;
  const PetscInt steps = (PetscInt)PetscCeilReal(end / limit);

  PetscFunctionBeginUser;
  PetscCall(initial(f));
  for (PetscInt k = 0; k < steps; k++) runge_kutta(f, end / (PetscReal)steps);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode BenchVorticityAt(const BenchCase *c, PetscInt nodes, PetscReal t, PetscInt n, const PetscReal x[],
                                PetscReal v[])
{
  Flow f;

  PetscFunctionBeginUser;
  PetscCall(create(c, nodes, &f));
  PetscCall(march(&f, t));
  PetscCall(velocity(&f, n, x, v));
  PetscCall(destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode BenchVorticity(const BenchCase *c, PetscInt nodes, BenchLine *line)
{
  const PetscReal end = (PetscReal)c->steps * c->dt, start = BenchSeconds(), cpu = BenchCpu();
  PetscReal *x, *v;
  PetscInt n;
  Flow f;

  PetscFunctionBeginUser;
  PetscCall(create(c, nodes, &f));
  PetscCall(march(&f, end));
  line->seconds = BenchSeconds() - start;
  line->cpu = BenchCpu() - cpu;
  line->kilobytes = (PetscReal)(f.n * f.n) * (PetscReal)sizeof(PetscReal) / 1024;
  PetscCall(BenchGrid(c, &n, &x));
  PetscCall(PetscMalloc1((size_t)(2 * n), &v));
  PetscCall(velocity(&f, n, x, v));
  PetscCall(BenchError(c, end, n, x, v, line));
  PetscCall(PetscSNPrintf(line->what, sizeof(line->what), "vorticity, Arakawa, %d^2 nodes", (int)f.n));
  PetscCall(PetscFree(x));
  PetscCall(PetscFree(v));
  PetscCall(destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}
