#include "solvers/equations/euler_kernels.h"

/* Rows of primitives: density, velocity (dim of them), pressure, then mass fractions; of conserved
   variables: density, momentum, total energy, then partial densities. Axis-aligned kernels name
   velocities normal (un) and transverse. */

static inline PetscReal lesser(PetscReal a, PetscReal b)
{
  return a < b ? a : b;
}

static inline PetscReal greater(PetscReal a, PetscReal b)
{
  return a > b ? a : b;
}

static inline PetscReal magnitude(PetscReal a)
{
  return PetscAbsReal(a);
}

/* a b + c rounded once where the processor does that in one operation. Written out where it is wanted, so that
   compilers need not choose (kernels are compiled without contraction): the bits do not depend on where a row starts.
 */
static inline PetscReal multiply_add(PetscReal a, PetscReal b, PetscReal c)
{
#if defined(PETSC_USE_REAL_DOUBLE) && defined(__FP_FAST_FMA)
  return __builtin_fma(a, b, c);
#else
  return a * b + c;
#endif
}

/*
  Speed of sound c = sqrt(gamma p / rho), as gamma p (gamma p rho)^(-1/2): divisions and roots leave the pipeline busy
  for the time of twenty products, so that two a side of each face would set the pace of the whole solver. The
  reciprocal root starts from the halved exponent (relative error below 0.035) and is refined twice by Householder's
  iteration of fourth order, y <- y (1 + e/2 + 3 e^2/8 + 5 e^3/16),   e = 1 - x y^2, whose error 35 e^4 / 128 falls to
  6e-6 and then below rounding. For p = 0 the result is 0.
*/
static inline PetscReal refine_reciprocal_root(PetscReal x, PetscReal y)
{
  const PetscReal e = multiply_add(-x * y, y, 1);

  return multiply_add(y * e, multiply_add(e, multiply_add(e, 0.3125, 0.375), 0.5), y);
}

static inline __attribute__((always_inline)) PetscReal sound(PetscReal gamma, PetscReal rho, PetscReal p)
{
#if defined(PETSC_USE_REAL_DOUBLE)
  const PetscReal g = gamma * p, x = g * rho;
  union {
    PetscReal real;
    uint64_t bits; /* unsigned: of states that are refused later, x may be negative */
  } seed = {.real = x};

  seed.bits = 0x5fe6eb50c7b537a9 - (seed.bits >> 1);
  return g * refine_reciprocal_root(x, refine_reciprocal_root(x, seed.real));
#else
  return PetscSqrtReal(gamma * p / rho);
#endif
}

static inline __attribute__((always_inline)) void primitive(const int dim, PetscReal gamma, PetscInt n,
                                                            const PetscReal *const u[], PetscReal *const w[])
{
  const PetscReal *restrict rho = u[0], *restrict mx = u[1], *restrict my = u[dim > 1 ? 2 : 1],
                            *restrict mz = u[dim > 2 ? 3 : 1];
  const PetscReal *restrict energy = u[dim + 1];
  PetscReal *restrict r = w[0], *restrict vx = w[1], *restrict vy = w[dim > 1 ? 2 : 1],
                      *restrict vz = w[dim > 2 ? 3 : 1], *restrict p = w[dim + 1];

#pragma omp simd
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal inverse = 1 / rho[i];
    PetscReal square = mx[i] * mx[i];

    if (dim > 1) square += my[i] * my[i];
    if (dim > 2) square += mz[i] * mz[i];
    r[i] = rho[i];
    p[i] = (gamma - 1) * (energy[i] - 0.5 * (square * inverse));
    if (dim > 2) vz[i] = mz[i] * inverse;
    if (dim > 1) vy[i] = my[i] * inverse;
    vx[i] = mx[i] * inverse;
  }
}

void SinewEulerPrimitive(const void *context, PetscInt n, const PetscReal *const u[], PetscReal *const w[])
{
  const SinewEulerGas *gas = (const SinewEulerGas *)context;

  switch (gas->dim) {
  case 1: primitive(1, gas->gamma, n, u, w); break;
  case 2: primitive(2, gas->gamma, n, u, w); break;
  default: primitive(3, gas->gamma, n, u, w); break;
  }
  for (PetscInt s = 0; s < gas->scalars; s++) {
    const PetscReal *restrict rho = u[0], *restrict partial = u[gas->dim + 2 + s];
    PetscReal *restrict fraction = w[gas->dim + 2 + s];

#pragma omp simd
    for (PetscInt i = 0; i < n; i++) fraction[i] = partial[i] / rho[i];
  }
}

/* One side of a face, its velocity split into the normal and the transverse components, and its speed of sound. */
typedef struct {
  PetscReal rho, un, ut1, ut2, p, c;
} Side;

typedef struct {
  PetscReal rho, mn, mt1, mt2, energy;
} Flux;

static inline __attribute__((always_inline)) PetscReal energy_density(const int dim, PetscReal gamma, Side s)
{
  PetscReal square = s.un * s.un;

  if (dim > 1) square = multiply_add(s.ut1, s.ut1, square);
  if (dim > 2) square = multiply_add(s.ut2, s.ut2, square);
  return multiply_add(0.5 * s.rho, square, s.p * (1 / (gamma - 1)));
}

static inline __attribute__((always_inline)) Flux physical(Side s, PetscReal energy)
{
  const PetscReal mass = s.rho * s.un;

  return (Flux){mass, mass * s.un + s.p, mass * s.ut1, mass * s.ut2, (energy + s.p) * s.un};
}

/* Rusanov (1961): the central flux plus the largest signal speed as dissipation. */
static inline __attribute__((always_inline)) Flux rusanov(const int dim, PetscReal gamma, Side l, Side r)
{
  const PetscReal speed = greater(magnitude(l.un) + l.c, magnitude(r.un) + r.c);
  const PetscReal el = energy_density(dim, gamma, l), er = energy_density(dim, gamma, r);
  const Flux fl = physical(l, el), fr = physical(r, er);

  return (Flux){0.5 * ((fl.rho + fr.rho) - speed * (r.rho - l.rho)),
                0.5 * ((fl.mn + fr.mn) - speed * (r.rho * r.un - l.rho * l.un)),
                0.5 * ((fl.mt1 + fr.mt1) - speed * (r.rho * r.ut1 - l.rho * l.ut1)),
                0.5 * ((fl.mt2 + fr.mt2) - speed * (r.rho * r.ut2 - l.rho * l.ut2)),
                0.5 * ((fl.energy + fr.energy) - speed * (er - el))};
}

/* Smallest and largest signal speed after Davis (1988). */
static inline __attribute__((always_inline)) void signal_speeds(Side l, Side r, PetscReal *sl, PetscReal *sr)
{
  *sl = lesser(l.un - l.c, r.un - r.c);
  *sr = greater(l.un + l.c, r.un + r.c);
}

/* Harten, Lax & van Leer (1983), the speeds clipped so that the supersonic cases need no branch. */
static inline __attribute__((always_inline)) Flux hll(const int dim, PetscReal gamma, Side l, Side r)
{
  const PetscReal el = energy_density(dim, gamma, l), er = energy_density(dim, gamma, r);
  const Flux fl = physical(l, el), fr = physical(r, er);
  PetscReal sl, sr, width, product;

  signal_speeds(l, r, &sl, &sr);
  sl = lesser(sl, 0);
  sr = greater(sr, 0);
  width = 1 / (sr - sl);
  product = sl * sr;
  return (Flux){(sr * fl.rho - sl * fr.rho + product * (r.rho - l.rho)) * width,
                (sr * fl.mn - sl * fr.mn + product * (r.rho * r.un - l.rho * l.un)) * width,
                (sr * fl.mt1 - sl * fr.mt1 + product * (r.rho * r.ut1 - l.rho * l.ut1)) * width,
                (sr * fl.mt2 - sl * fr.mt2 + product * (r.rho * r.ut2 - l.rho * l.ut2)) * width,
                (sr * fl.energy - sl * fr.energy + product * (er - el)) * width};
}

static inline __attribute__((always_inline)) Side either(int first, Side a, Side b)
{
  return (Side){first ? a.rho : b.rho, first ? a.un : b.un, first ? a.ut1 : b.ut1,
                first ? a.ut2 : b.ut2, first ? a.p : b.p,   first ? a.c : b.c};
}

/*
  HLLC (Toro, Spruce & Speares 1994; Batten et al. 1997). The face lies left or right of the contact: choose that side
  K, then F = F_K + S_K (U*_K - U_K), where S_K is clipped at zero when both waves run the same way. The star state is
  written without a division by S_K - u_K:  E* (S_K - S*) = E (S_K - u) - p u + p* S*. Sums over both sides are not
  fused, so that a mirrored face has the mirrored flux to the last bit.
*/
static inline __attribute__((always_inline)) Flux hllc(const int dim, PetscReal gamma, Side l, Side r)
{
  PetscReal sl, sr;

  signal_speeds(l, r, &sl, &sr);
  {
    const PetscReal ml = l.rho * (sl - l.un), mr = r.rho * (sr - r.un);
    /* contact = top / bottom with bottom < 0: its sign is known before the division, so that the reciprocal of S_K -
       contact comes from the same one: 1 / bottom = apart q, 1 / (S_K - contact) = bottom^2 q, q = 1 / (bottom apart)
     */
    const PetscReal bottom = ml - mr, top = (r.p - l.p) + (ml * l.un - mr * r.un);
    const int left = top <= 0;
    const Side k = either(left, l, r);
    const PetscReal s = left ? sl : sr, m = left ? ml : mr, clipped = left ? lesser(sl, 0) : greater(sr, 0);
    const PetscReal apart = multiply_add(s, bottom, -top), q = 1 / (bottom * apart);
    const PetscReal contact = top * (apart * q), inverse = bottom * bottom * q;
    const PetscReal star = multiply_add(m, contact - k.un, k.p), rho_star = m * inverse;
    const PetscReal energy = energy_density(dim, gamma, k), work = k.p * k.un;
    const PetscReal energy_star = multiply_add(star, contact, multiply_add(s - k.un, energy, -work)) * inverse;
    const PetscReal momentum = k.rho * k.un, mass = multiply_add(clipped, rho_star - k.rho, momentum);

    return (Flux){
        mass, multiply_add(clipped, multiply_add(rho_star, contact, -momentum), multiply_add(momentum, k.un, k.p)),
        mass * k.ut1, mass * k.ut2, multiply_add(clipped, energy_star - energy, multiply_add(energy, k.un, work))};
  }
}

typedef Flux Riemann(const int dim, PetscReal gamma, Side, Side);

/* Faces at once whose speeds of sound wait in the first-level cache. */
#define BLOCK 128

static inline __attribute__((always_inline)) void sound_row(PetscReal gamma, PetscInt n, const PetscReal *restrict rho,
                                                            const PetscReal *restrict p, PetscReal *restrict c)
{
#pragma omp simd
  for (PetscInt i = 0; i < n; i++) c[i] = sound(gamma, rho[i], p[i]);
}

/* Faces first .. first + n-1, at most BLOCK. Speeds of sound have loops of their own: in one with the solver each face
   would be a chain of operations as long as the stretch of the program that a processor overlaps. */
static inline __attribute__((always_inline)) void flux_block(Riemann solve, const int dim, const int axis,
                                                             PetscReal gamma, PetscInt first, PetscInt n,
                                                             const PetscReal *const l[], const PetscReal *const r[],
                                                             PetscReal *const f[])
{
  const int N = 1 + axis, T1 = dim > 1 ? 1 + (axis + 1) % dim : 1, T2 = dim > 2 ? 1 + (axis + 2) % dim : 1, P = dim + 1;
  const PetscReal *restrict lr = l[0] + first, *restrict ln = l[N] + first, *restrict l1 = l[T1] + first,
                            *restrict l2 = l[T2] + first, *restrict lp = l[P] + first;
  const PetscReal *restrict rr = r[0] + first, *restrict rn = r[N] + first, *restrict r1 = r[T1] + first,
                            *restrict r2 = r[T2] + first, *restrict rp = r[P] + first;
  PetscReal *restrict f0 = f[0] + first, *restrict fn = f[N] + first, *restrict f1 = f[T1] + first,
                      *restrict f2 = f[T2] + first, *restrict fe = f[P] + first;
  PetscReal lc[BLOCK], rc[BLOCK];

  sound_row(gamma, n, lr, lp, lc);
  sound_row(gamma, n, rr, rp, rc);
#pragma omp simd
  for (PetscInt i = 0; i < n; i++) {
    const Side a = {lr[i], ln[i], dim > 1 ? l1[i] : 0, dim > 2 ? l2[i] : 0, lp[i], lc[i]};
    const Side b = {rr[i], rn[i], dim > 1 ? r1[i] : 0, dim > 2 ? r2[i] : 0, rp[i], rc[i]};
    const Flux g = solve(dim, gamma, a, b);

    f0[i] = g.rho;
    if (dim > 1) f1[i] = g.mt1;
    if (dim > 2) f2[i] = g.mt2;
    fn[i] = g.mn;
    fe[i] = g.energy;
  }
}

static inline __attribute__((always_inline)) void flux_rows(Riemann solve, const int dim, const int axis,
                                                            PetscReal gamma, PetscInt n, const PetscReal *const l[],
                                                            const PetscReal *const r[], PetscReal *const f[])
{
  for (PetscInt i = 0; i < n; i += BLOCK)
    flux_block(solve, dim, axis, gamma, i, n - i < BLOCK ? n - i : BLOCK, l, r, f);
}

/* Passive scalars ride on the mass flux: upwind by its sign. */
static void scalar_flux(const SinewEulerGas *gas, PetscInt n, const PetscReal *const l[], const PetscReal *const r[],
                        PetscReal *const f[])
{
  for (PetscInt s = 0; s < gas->scalars; s++) {
    const PetscReal *restrict mass = f[0], *restrict yl = l[gas->dim + 2 + s], *restrict yr = r[gas->dim + 2 + s];
    PetscReal *restrict g = f[gas->dim + 2 + s];

#pragma omp simd
    for (PetscInt i = 0; i < n; i++) g[i] = mass[i] * (mass[i] >= 0 ? yl[i] : yr[i]);
  }
}

#define EULER_FLUX(Name, solver)                                                              \
  void Name(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const l[], \
            const PetscReal *const r[], PetscReal *const f[])                                 \
  {                                                                                           \
    const SinewEulerGas *gas = (const SinewEulerGas *)context;                                \
    switch (10 * gas->dim + row->axis) {                                                      \
    case 10: flux_rows(solver, 1, 0, gas->gamma, n, l, r, f); break;                          \
    case 20: flux_rows(solver, 2, 0, gas->gamma, n, l, r, f); break;                          \
    case 21: flux_rows(solver, 2, 1, gas->gamma, n, l, r, f); break;                          \
    case 30: flux_rows(solver, 3, 0, gas->gamma, n, l, r, f); break;                          \
    case 31: flux_rows(solver, 3, 1, gas->gamma, n, l, r, f); break;                          \
    default: flux_rows(solver, 3, 2, gas->gamma, n, l, r, f); break;                          \
    }                                                                                         \
    scalar_flux(gas, n, l, r, f);                                                             \
  }

EULER_FLUX(SinewEulerRusanov, rusanov)
EULER_FLUX(SinewEulerHLL, hll)
EULER_FLUX(SinewEulerHLLC, hllc)

/* ---- moving meshes ---- */

typedef struct {
  PetscReal c[3];
} Direction;

/* Two directions across a unit vector (Duff et al., J. Comput. Graph. Tech. 6 (2017)); in 2D the first lies in the
 * plane.
 */
static inline __attribute__((always_inline)) void tangents(const int dim, Direction n, Direction *t1, Direction *t2)
{
  if (dim == 2) {
    *t1 = (Direction){{-n.c[1], n.c[0], 0}};
    *t2 = (Direction){{0, 0, 1}};
  } else {
    const PetscReal sign = n.c[2] < 0 ? -1 : 1, a = -1 / (sign + n.c[2]), b = n.c[0] * n.c[1] * a;

    *t1 = (Direction){{1 + sign * n.c[0] * n.c[0] * a, sign * b, -sign * n.c[0]}};
    *t2 = (Direction){{b, sign + n.c[1] * n.c[1] * a, -n.c[1]}};
  }
}

/* A state seen from a face that moves with `motion` along its normal. */
static inline __attribute__((always_inline)) Side seen(const int dim, PetscReal gamma, const PetscReal *const w[],
                                                       PetscInt i, Direction n, Direction t1, Direction t2,
                                                       PetscReal motion)
{
  Side s = {w[0][i], -motion, 0, 0, w[dim + 1][i], sound(gamma, w[0][i], w[dim + 1][i])};

  for (int d = 0; d < dim; d++) {
    s.un += w[1 + d][i] * n.c[d];
    s.ut1 += w[1 + d][i] * t1.c[d];
    s.ut2 += w[1 + d][i] * t2.c[d];
  }
  return s;
}

/* The Riemann problem in the frame of the face; momentum and energy are then those of the frame at rest, where
   velocities are larger by the face's: F_m = F'_m + v F'_rho, F_E = F'_E + v F'_m + v^2 F'_rho / 2 (Galilei). */
static inline __attribute__((always_inline)) void normal_rows(Riemann solve, const int dim, PetscReal gamma, PetscInt n,
                                                              const PetscReal *const S[3], const PetscReal swept[],
                                                              const PetscReal *const l[], const PetscReal *const r[],
                                                              PetscReal *const f[])
{
  for (PetscInt i = 0; i < n; i++) {
    Direction normal = {{0, 0, 0}}, t1, t2;
    PetscReal area = 0, motion;
    Flux g;

    for (int d = 0; d < dim; d++) area += S[d][i] * S[d][i];
    area = PetscSqrtReal(area);
    for (int d = 0; d < dim; d++) normal.c[d] = S[d][i] / area;
    motion = swept[i] / area;
    tangents(dim, normal, &t1, &t2);
    g = solve(dim, gamma, seen(dim, gamma, l, i, normal, t1, t2, motion),
              seen(dim, gamma, r, i, normal, t1, t2, motion));
    f[0][i] = area * g.rho;
    f[dim + 1][i] = area * (g.energy + motion * (g.mn + 0.5 * motion * g.rho));
    for (int d = 0; d < dim; d++)
      f[1 + d][i] = area * ((g.mn + motion * g.rho) * normal.c[d] + g.mt1 * t1.c[d] + (dim > 2 ? g.mt2 * t2.c[d] : 0));
  }
}

#define EULER_NORMAL_FLUX(Name, solver)                                                            \
  void Name(const void *context, PetscInt n, const PetscReal *const S[3], const PetscReal swept[], \
            const PetscReal *const l[], const PetscReal *const r[], PetscReal *const f[])          \
  {                                                                                                \
    const SinewEulerGas *gas = (const SinewEulerGas *)context;                                     \
    if (gas->dim == 2)                                                                             \
      normal_rows(solver, 2, gas->gamma, n, S, swept, l, r, f);                                    \
    else                                                                                           \
      normal_rows(solver, 3, gas->gamma, n, S, swept, l, r, f);                                    \
    scalar_flux(gas, n, l, r, f);                                                                  \
  }

EULER_NORMAL_FLUX(SinewEulerNormalRusanov, rusanov)
EULER_NORMAL_FLUX(SinewEulerNormalHLL, hll)
EULER_NORMAL_FLUX(SinewEulerNormalHLLC, hllc)

void SinewEulerNormalSpeed(const void *context, PetscInt n, const PetscReal *const w[], const PetscReal *const S[3],
                           const PetscReal swept[], PetscReal speed[])
{
  const SinewEulerGas *gas = (const SinewEulerGas *)context;

  for (PetscInt i = 0; i < n; i++) {
    PetscReal through = -swept[i], area = 0;

    for (PetscInt d = 0; d < gas->dim; d++) {
      through += w[1 + d][i] * S[d][i];
      area += S[d][i] * S[d][i];
    }
    speed[i] = magnitude(through) + sound(gas->gamma, w[0][i], w[gas->dim + 1][i]) * PetscSqrtReal(area);
  }
}

void SinewEulerPhysicalFlux(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                            PetscReal *const f[])
{
  const SinewEulerGas *gas = (const SinewEulerGas *)context;
  const PetscInt dim = gas->dim, N = 1 + row->axis, P = dim + 1;
  const PetscReal *restrict rho = w[0], *restrict un = w[N], *restrict p = w[P];

#pragma omp simd
  for (PetscInt i = 0; i < n; i++) f[0][i] = rho[i] * un[i];
  (void)PetscArrayzero(f[P], n);
  for (PetscInt d = 0; d < dim; d++) {
    const PetscReal *restrict mass = f[0], *restrict v = w[1 + d];
    PetscReal *restrict momentum = f[1 + d], *restrict square = f[P];

#pragma omp simd
    for (PetscInt i = 0; i < n; i++) {
      momentum[i] = mass[i] * v[i];
      square[i] += v[i] * v[i];
    }
  }
  {
    const PetscReal factor = 1 / (gas->gamma - 1) + 1;
    PetscReal *restrict fn = f[N], *restrict fe = f[P];

#pragma omp simd
    for (PetscInt i = 0; i < n; i++) {
      fn[i] += p[i];
      fe[i] = (factor * p[i] + 0.5 * rho[i] * fe[i]) * un[i];
    }
  }
  for (PetscInt s = dim + 2; s < dim + 2 + gas->scalars; s++) {
    const PetscReal *restrict mass = f[0], *restrict fraction = w[s];
    PetscReal *restrict g = f[s];

#pragma omp simd
    for (PetscInt i = 0; i < n; i++) g[i] = mass[i] * fraction[i];
  }
}

void SinewEulerConserved(const void *context, PetscInt n, const PetscReal *const w[], PetscReal *const u[])
{
  const SinewEulerGas *gas = (const SinewEulerGas *)context;
  const PetscInt dim = gas->dim, P = dim + 1;

  for (PetscInt i = 0; i < n; i++) {
    PetscReal square = 0;

    u[0][i] = w[0][i];
    for (PetscInt d = 0; d < dim; d++) {
      u[1 + d][i] = w[0][i] * w[1 + d][i];
      square += w[1 + d][i] * w[1 + d][i];
    }
    u[P][i] = w[P][i] / (gas->gamma - 1) + 0.5 * w[0][i] * square;
    for (PetscInt s = P + 1; s <= P + gas->scalars; s++) u[s][i] = w[0][i] * w[s][i];
  }
}

static inline __attribute__((always_inline)) void rates(const int dim, PetscReal gamma, PetscInt n,
                                                        const PetscReal *const w[], const PetscReal *restrict ix,
                                                        PetscInt sx, PetscReal iy, PetscReal iz,
                                                        PetscReal *restrict rate)
{
  const PetscReal *restrict rho = w[0], *restrict vx = w[1], *restrict vy = w[dim > 1 ? 2 : 1],
                            *restrict vz = w[dim > 2 ? 3 : 1], *restrict p = w[1 + dim];

#pragma omp simd
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal c = sound(gamma, rho[i], p[i]);
    PetscReal sum = (magnitude(vx[i]) + c) * ix[i * sx];

    if (dim > 1) sum += (magnitude(vy[i]) + c) * iy;
    if (dim > 2) sum += (magnitude(vz[i]) + c) * iz;
    rate[i] = sum;
  }
}

void SinewEulerRate(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                    const PetscInt stride[3], const PetscReal *const inverse[3], PetscReal rate[])
{
  const SinewEulerGas *gas = (const SinewEulerGas *)context;

  (void)row;
  switch (gas->dim) {
  case 1: rates(1, gas->gamma, n, w, inverse[0], stride[0], 0, 0, rate); break;
  case 2: rates(2, gas->gamma, n, w, inverse[0], stride[0], inverse[1][0], 0, rate); break;
  default: rates(3, gas->gamma, n, w, inverse[0], stride[0], inverse[1][0], inverse[2][0], rate); break;
  }
}

/*
  Characteristic variables of the primitive form (Toro 2009, section 3.2): with dw = (drho, du, dp),
  q1 = (dp - rho c du) / (2 c^2), q2 = drho - dp / c^2, q3 = (dp + rho c du) / (2 c^2); transverse
  velocities and scalars pass. Rows: q1 in the density's place, q2 in the normal velocity's, q3 in
  the pressure's.
*/
void SinewEulerToCharacteristic(const void *context, PetscInt axis, PetscInt n, const PetscReal *const w[],
                                const PetscReal *const v[], PetscReal *const q[])
{
  const SinewEulerGas *gas = (const SinewEulerGas *)context;
  const PetscInt N = 1 + axis, P = gas->dim + 1;
  const PetscReal *restrict rho = w[0], *restrict p = w[P], *restrict vr = v[0], *restrict vn = v[N],
                            *restrict vp = v[P];
  PetscReal *restrict q1 = q[0], *restrict q2 = q[N], *restrict q3 = q[P];

#pragma omp simd
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal c2 = gas->gamma * p[i] / rho[i], inverse = 1 / c2, impedance = rho[i] * PetscSqrtReal(c2);

    q1[i] = 0.5 * (vp[i] - impedance * vn[i]) * inverse;
    q2[i] = vr[i] - vp[i] * inverse;
    q3[i] = 0.5 * (vp[i] + impedance * vn[i]) * inverse;
  }
  for (PetscInt c = 1; c < gas->dim + 2 + gas->scalars; c++) {
    if (c != N && c != P) (void)PetscArraycpy(q[c], v[c], n);
  }
}

void SinewEulerFromCharacteristic(const void *context, PetscInt axis, PetscInt n, const PetscReal *const w[],
                                  const PetscReal *const q[], PetscReal *const v[])
{
  const SinewEulerGas *gas = (const SinewEulerGas *)context;
  const PetscInt N = 1 + axis, P = gas->dim + 1;
  const PetscReal *restrict rho = w[0], *restrict p = w[P], *restrict q1 = q[0], *restrict q2 = q[N],
                            *restrict q3 = q[P];
  PetscReal *restrict vr = v[0], *restrict vn = v[N], *restrict vp = v[P];

#pragma omp simd
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal c2 = gas->gamma * p[i] / rho[i], sum = q1[i] + q3[i];

    vr[i] = sum + q2[i];
    vn[i] = (q3[i] - q1[i]) * PetscSqrtReal(c2) / rho[i];
    vp[i] = c2 * sum;
  }
  for (PetscInt c = 1; c < gas->dim + 2 + gas->scalars; c++) {
    if (c != N && c != P) (void)PetscArraycpy(v[c], q[c], n);
  }
}

void SinewEulerDiffusiveFlux(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                             const PetscReal *const gradient[3][SINEW_COMPONENTS_MAX], PetscReal *const f[])
{
  const SinewEulerGas *gas = (const SinewEulerGas *)context;
  const PetscInt dim = gas->dim, a = row->axis, P = dim + 1;
  const PetscReal mu = gas->viscosity, kappa = gas->conduction;

  for (PetscInt d = 0; d < dim; d++) {
    const PetscReal *restrict along = gradient[a][1 + d], *restrict across = gradient[d][1 + a], *restrict v = w[1 + d];
    const PetscReal *restrict g0 = gradient[0][1], *restrict g1 = gradient[dim > 1][1 + (dim > 1)],
                              *restrict g2 = gradient[dim > 2 ? 2 : 0][dim > 2 ? 3 : 1];
    PetscReal *restrict momentum = f[1 + d], *restrict energy = f[P];

#pragma omp simd
    for (PetscInt i = 0; i < n; i++) {
      PetscReal divergence = g0[i], stress;

      if (dim > 1) divergence += g1[i];
      if (dim > 2) divergence += g2[i];
      stress = mu * (along[i] + across[i] - (d == a ? 2. / 3 : 0) * divergence);
      momentum[i] -= stress;
      energy[i] -= stress * v[i];
    }
  }
  {
    const PetscReal *restrict rho = w[0], *restrict p = w[P], *restrict drho = gradient[a][0],
                              *restrict dp = gradient[a][P];
    PetscReal *restrict energy = f[P];

#pragma omp simd
    for (PetscInt i = 0; i < n; i++) {
      const PetscReal inverse = 1 / rho[i];

      energy[i] -= kappa * (dp[i] - p[i] * inverse * drho[i]) * inverse;
    }
  }
  for (PetscInt s = P + 1; s <= P + gas->scalars; s++) {
    const PetscReal *restrict rho = w[0], *restrict dy = gradient[a][s];
    PetscReal *restrict g = f[s];

#pragma omp simd
    for (PetscInt i = 0; i < n; i++) g[i] -= gas->diffusivity * rho[i] * dy[i];
  }
}

void SinewEulerDiffusiveRate(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                             PetscInt stride, const PetscReal *restrict inverse, PetscReal *restrict rate)
{
  const SinewEulerGas *gas = (const SinewEulerGas *)context;
  const PetscReal *restrict rho = w[0];
  const PetscReal nu = greater(4. / 3 * gas->viscosity, (gas->gamma - 1) * gas->conduction);

  (void)row;
#pragma omp simd
  for (PetscInt i = 0; i < n; i++)
    rate[i] += 2 * greater(nu / rho[i], gas->diffusivity) * inverse[i * stride] * inverse[i * stride];
}

void SinewEulerGravity(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                       PetscReal *const r[])
{
  const SinewEulerGas *gas = (const SinewEulerGas *)context;

  (void)row;
  for (PetscInt d = 0; d < gas->dim; d++) {
    const PetscReal *restrict rho = w[0], *restrict v = w[1 + d], g = gas->gravity[d];
    PetscReal *restrict momentum = r[1 + d], *restrict energy = r[gas->dim + 1];

#pragma omp simd
    for (PetscInt i = 0; i < n; i++) {
      momentum[i] += rho[i] * g;
      energy[i] += rho[i] * v[i] * g;
    }
  }
}
