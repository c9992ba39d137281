/*
  Incompressible flow on a grid, the flow cases' rival and reference: vorticity and stream function, Arakawa's Jacobian
  of second order (1966, J. Comput. Phys. 1), classical Runge-Kutta, lap psi = -omega in the eigenvectors of the box by
  FFTW: sines between slip walls (psi = omega = 0), sines and cosines on a periodic box.
*/
#include "bench.h"
#include "neural/sampling.h"
#include <fftw3.h>
#include <petscblaslapack.h>

#define EDGE  4   /* points along an edge of a cell */
#define BLOCK 512 /* points that the series is summed at at a time */

typedef struct {
  const BenchCase *c;
  PetscInt n, pitch; /* nodes an axis; with a layer of ghosts on both sides */
  PetscReal h, length;
  PetscReal *omega, *stage, *rate, *sum, *modes; /* [n][n]; modes are psi's coefficients */
  PetscReal *psi, *w;                            /* [pitch][pitch] */
  fftw_plan forward, backward;                   /* in place, of modes */
} Flow;

static PetscReal node(const Flow *f, PetscInt i)
{
  return f->c->lower[0] + f->h * (PetscReal)(f->c->periodic ? i : i + 1);
}

/* Halfcomplex order on periodic boxes: cosines 0 .. n / 2, then sines down to 1. */
static PetscReal wave(const Flow *f, PetscInt k)
{
  if (!f->c->periodic) return PETSC_PI * (PetscReal)(k + 1) / f->length;
  return 2 * PETSC_PI * (PetscReal)(k <= f->n / 2 ? k : f->n - k) / f->length;
}

/* What coefficient k stands for at x, or the derivative of it. */
static PetscReal mode(const Flow *f, PetscInt k, PetscReal x, PetscBool slope)
{
  const PetscReal s = x - f->c->lower[0], a = wave(f, k), n = (PetscReal)f->n;

  if (!f->c->periodic) return (slope ? a * PetscCosReal(a * s) : PetscSinReal(a * s)) / (n + 1);
  if (k <= f->n / 2) return (k ? 2 : 1) * (slope ? -a * PetscSinReal(a * s) : PetscCosReal(a * s)) / n;
  return -2 * (slope ? a * PetscCosReal(a * s) : PetscSinReal(a * s)) / n;
}

/* What is left of wave k in means over a cell's length. */
static PetscReal damped(const Flow *f, PetscInt k)
{
  const PetscReal a = 0.5 * wave(f, k) * f->h;

  return a > 0 ? PetscSinReal(a) / a : 1;
}

/* Of a transform there and back. */
static PetscReal norm(const Flow *f)
{
  return 1 / PetscSqr(f->c->periodic ? (PetscReal)f->n : 2 * (PetscReal)(f->n + 1));
}

static PetscErrorCode create(const BenchCase *c, PetscInt n, Flow *f)
{
  const fftw_r2r_kind there = c->periodic ? FFTW_R2HC : FFTW_RODFT00, back = c->periodic ? FFTW_HC2R : FFTW_RODFT00;
  size_t all, padded;

  PetscFunctionBeginUser;
  if (c->periodic && n % 2 == 0) n++; /* no highest cosine of its own norm */
  all = (size_t)n * (size_t)n;
  padded = (size_t)(n + 2) * (size_t)(n + 2);
  *f = (Flow){.c = c, .n = n, .pitch = n + 2, .length = c->upper[0] - c->lower[0]};
  f->h = f->length / (PetscReal)(c->periodic ? n : n + 1);
  PetscCall(PetscCalloc7(all, &f->omega, all, &f->stage, all, &f->rate, all, &f->sum, all, &f->modes, padded, &f->psi,
                         padded, &f->w));
  f->forward = fftw_plan_r2r_2d((int)n, (int)n, f->modes, f->modes, there, there, FFTW_ESTIMATE);
  f->backward = fftw_plan_r2r_2d((int)n, (int)n, f->modes, f->modes, back, back, FFTW_ESTIMATE);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(Flow *f)
{
  PetscFunctionBeginUser;
  fftw_destroy_plan(f->forward);
  fftw_destroy_plan(f->backward);
  PetscCall(PetscFree7(f->omega, f->stage, f->rate, f->sum, f->modes, f->psi, f->w));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* psi's coefficients, for the velocity, in f->modes. */
static void invert(Flow *f, const PetscReal omega[])
{
  const PetscInt n = f->n;

  for (PetscInt i = 0; i < n * n; i++) f->modes[i] = omega[i];
  fftw_execute(f->forward);
  for (PetscInt l = 0; l < n; l++) {
    const PetscReal y = PetscSqr(wave(f, l));

    for (PetscInt k = 0; k < n; k++) {
      const PetscReal sum = PetscSqr(wave(f, k)) + y;

      f->modes[l * n + k] = sum > 0 ? f->modes[l * n + k] / sum : 0;
    }
  }
}

/* v with its ghosts times a factor: periodic, or zero on the walls. */
static void pad(const Flow *f, PetscReal factor, const PetscReal v[], PetscReal padded[])
{
  const PetscInt n = f->n, m = f->pitch;

  for (PetscInt j = 0; j < n; j++)
    for (PetscInt i = 0; i < n; i++) padded[(j + 1) * m + i + 1] = factor * v[j * n + i];
  if (!f->c->periodic) return; /* zero from the start */
  for (PetscInt j = 1; j <= n; j++) {
    padded[j * m] = padded[j * m + n];
    padded[j * m + n + 1] = padded[j * m + 1];
  }
  for (PetscInt i = 0; i < m; i++) {
    padded[i] = padded[n * m + i];
    padded[(n + 1) * m + i] = padded[m + i];
  }
}

/* Arakawa's J(psi, omega) = psi_x omega_y - psi_y omega_x, the mean of three forms: energy and enstrophy stay. */
static inline PetscReal jacobian(PetscInt m, const PetscReal *p, const PetscReal *w)
{
#define P(a, b) p[(b)*m + (a)]
#define W(a, b) w[(b)*m + (a)]
  const PetscReal a = (P(1, 0) - P(-1, 0)) * (W(0, 1) - W(0, -1)) - (P(0, 1) - P(0, -1)) * (W(1, 0) - W(-1, 0));
  const PetscReal b = P(1, 0) * (W(1, 1) - W(1, -1)) - P(-1, 0) * (W(-1, 1) - W(-1, -1)) -
                      P(0, 1) * (W(1, 1) - W(-1, 1)) + P(0, -1) * (W(1, -1) - W(-1, -1));
  const PetscReal c = P(1, 1) * (W(0, 1) - W(1, 0)) - P(-1, -1) * (W(-1, 0) - W(0, -1)) -
                      P(-1, 1) * (W(0, 1) - W(-1, 0)) + P(1, -1) * (W(1, 0) - W(0, -1));
#undef P
#undef W

  return (a + b + c) / 12;
}

/* omega_t = J(psi, omega) - U . grad omega + nu lap omega (u = psi_y, v = -psi_x) */
static void rate_of(Flow *f, const PetscReal omega[], PetscReal rate[])
{
  const PetscInt n = f->n, m = f->pitch;
  const PetscReal h = f->h, *mean = f->c->mean, nu = f->c->viscosity;

  invert(f, omega);
  fftw_execute(f->backward);
  pad(f, norm(f), f->modes, f->psi);
  pad(f, 1, omega, f->w);
  for (PetscInt j = 0; j < n; j++) {
    for (PetscInt i = 0; i < n; i++) {
      const PetscReal *w = f->w + (j + 1) * m + i + 1;

      rate[j * n + i] = jacobian(m, f->psi + (j + 1) * m + i + 1, w) / (h * h) -
                        (mean[0] * (w[1] - w[-1]) + mean[1] * (w[m] - w[-m])) / (2 * h) +
                        nu * (w[-1] + w[1] + w[-m] + w[m] - 4 * w[0]) / (h * h);
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

/* Point values from means over cells: of a wave of number a these are sin(a h / 2) / (a h / 2) of it along each axis.
 */
static void sharpen(Flow *f)
{
  const PetscInt n = f->n;

  for (PetscInt i = 0; i < n * n; i++) f->modes[i] = f->omega[i];
  fftw_execute(f->forward);
  for (PetscInt l = 0; l < n; l++)
    for (PetscInt k = 0; k < n; k++) f->modes[l * n + k] /= damped(f, k) * damped(f, l);
  fftw_execute(f->backward);
  for (PetscInt i = 0; i < n * n; i++) f->omega[i] = norm(f) * f->modes[i];
}

/* From the mean vorticity of every node's cell, its circulation over its area (Stokes), which knows of the velocity's
   kinks. */
static PetscErrorCode initial(Flow *f)
{
  PetscReal at[EDGE], weight[EDGE], x[2 * 4 * EDGE], v[2 * 4 * EDGE];

  PetscFunctionBeginUser;
  PetscCall(SinewGaussLegendre(EDGE, -0.5, 0.5, at, weight));
  for (PetscInt j = 0; j < f->n; j++) {
    for (PetscInt i = 0; i < f->n; i++) {
      PetscReal circulation = 0;

      for (int k = 0; k < 4 * EDGE; k++) { /* bottom, right, top, left */
        const PetscReal along = f->h * at[k % EDGE], across = 0.5 * f->h;
        const int edge = k / EDGE;

        x[2 * k] = node(f, i) + (edge == 1 ? across : edge == 3 ? -across : along);
        x[2 * k + 1] = node(f, j) + (edge == 0 ? -across : edge == 2 ? across : along);
      }
      PetscCall(f->c->initial(NULL, 0, 4 * EDGE, x, v));
      for (int k = 0; k < EDGE; k++)
        circulation += weight[k] * (v[k] + v[4 * EDGE + EDGE + k] - v[2 * EDGE + k] - v[4 * EDGE + 3 * EDGE + k]);
      f->omega[j * f->n + i] = circulation / f->h;
    }
  }
  sharpen(f);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Velocity at points by the series of psi: sums over x as matrix products, over y point by point. */
static PetscErrorCode velocity(Flow *f, PetscInt count, const PetscReal x[], PetscReal v[])
{
  const PetscInt n = f->n;
  const PetscReal one = 1, zero = 0;
  PetscReal *basis, *sum;

  PetscFunctionBeginUser;
  invert(f, f->omega);
  PetscCall(PetscMalloc2((size_t)(n * 2 * BLOCK), &basis, (size_t)(n * 2 * BLOCK), &sum));
  for (PetscInt first = 0; first < count; first += BLOCK) {
    const PetscInt some = PetscMin(BLOCK, count - first);
    const PetscBLASInt size = (PetscBLASInt)n, columns = (PetscBLASInt)(2 * some);

    for (PetscInt p = 0; p < 2 * some; p++) /* values, then slopes */
      for (PetscInt k = 0; k < n; k++) basis[p * n + k] = mode(f, k, x[2 * (first + p % some)], (PetscBool)(p >= some));
    BLASgemm_("T", "N", &size, &columns, &size, &one, f->modes, &size, basis, &size, &zero, sum, &size);
    for (PetscInt p = 0; p < some; p++) {
      const PetscInt at = first + p;

      v[at] = f->c->mean[0];
      v[count + at] = f->c->mean[1];
      for (PetscInt l = 0; l < n; l++) {
        v[at] += sum[p * n + l] * mode(f, l, x[2 * at + 1], PETSC_TRUE);
        v[count + at] -= sum[(some + p) * n + l] * mode(f, l, x[2 * at + 1], PETSC_FALSE);
      }
    }
  }
  PetscCall(PetscFree2(basis, sum));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* From one time to another in steps of at most 0.8 of a cell at the largest speed; viscosity's eigenvalues reach
   -8 nu / h^2, the scheme's stability to -2.78. */
static void march(Flow *f, PetscReal from, PetscReal to)
{
  const PetscReal rate = PetscMax(f->c->speed / (0.8 * f->h), 8 * f->c->viscosity / (2.5 * f->h * f->h));
  const PetscInt steps = (PetscInt)PetscCeilReal((to - from) * rate);

  for (PetscInt k = 0; k < steps; k++) runge_kutta(f, (to - from) / (PetscReal)steps);
}

/* The last flow asked for is kept: later times go on from there. */
PetscErrorCode BenchVorticityAt(const BenchCase *c, PetscInt nodes, PetscReal t, PetscInt n, const PetscReal x[],
                                PetscReal v[])
{
  static Flow kept;
  static PetscInt kept_nodes;
  static PetscReal kept_time;

  PetscFunctionBeginUser;
  if (kept.c != c || kept_nodes != nodes || t < kept_time) {
    if (kept.c) PetscCall(destroy(&kept));
    PetscCall(create(c, nodes, &kept));
    PetscCall(initial(&kept));
    kept_nodes = nodes;
    kept_time = 0;
  }
  march(&kept, kept_time, t);
  kept_time = t;
  PetscCall(velocity(&kept, n, x, v));
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
  PetscCall(initial(&f));
  march(&f, 0, end);
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

/* ---- how far a grid can be trusted ---- */

#define TIMES_MAX 16

PetscErrorCode BenchReference(const BenchCase *c)
{
  PetscInt nodes = 95, finest = 767, times = TIMES_MAX, n;
  PetscReal t[TIMES_MAX], *x, *v, *before;
  PetscBool set;

  PetscFunctionBeginUser;
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-nodes", &nodes, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-finest", &finest, NULL));
  PetscCall(PetscOptionsGetRealArray(NULL, NULL, "-times", t, &times, &set));
  if (!set) {
    times = 1;
    t[0] = (PetscReal)c->steps * c->dt;
  }
  PetscCall(BenchGrid(c, &n, &x));
  PetscCall(PetscCalloc2((size_t)(2 * n * times), &v, (size_t)(2 * n * times), &before));
  for (PetscInt coarse = 0; nodes <= finest; coarse = nodes, nodes = 2 * nodes + 1) {
    const PetscReal cpu = BenchCpu();

    for (PetscInt k = 0; k < times; k++) PetscCall(BenchVorticityAt(c, nodes, t[k], n, x, v + 2 * n * k));
    PetscCall(PetscPrintf(PETSC_COMM_SELF, "  %4d^2 nodes, %.1f CPU s%s\n", (int)nodes, (double)(BenchCpu() - cpu),
                          coarse ? "; relative L2 from the grid before" : ""));
    for (PetscInt k = 0; coarse && k < times; k++) {
      PetscReal square = 0, size = 0;

      for (PetscInt i = 2 * n * k; i < 2 * n * (k + 1); i++) {
        square += PetscSqr(v[i] - before[i]);
        size += PetscSqr(v[i]);
      }
      PetscCall(
          PetscPrintf(PETSC_COMM_SELF, "    t %6.3f  %.2e\n", (double)t[k], (double)PetscSqrtReal(square / size)));
    }
    PetscCall(PetscArraycpy(before, v, 2 * n * times));
  }
  PetscCall(PetscFree2(v, before));
  PetscCall(PetscFree(x));
  PetscFunctionReturn(PETSC_SUCCESS);
}
