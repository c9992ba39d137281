#include "solvers/equations/shallow_water_kernels.h"

/* Rows of primitives: depth h, velocity (dim of them), over an uneven bottom also the surface s = h + b; of conserved
   variables: depth, discharge h v. Depths may be zero, and below it by rounding. */

static inline PetscReal lesser(PetscReal a, PetscReal b)
{
  return a < b ? a : b;
}

static inline PetscReal greater(PetscReal a, PetscReal b)
{
  return a > b ? a : b;
}

/* v = 2 h q / (h^2 + max(h, dry)^2), which is q / h but in films thinner than `dry`, where it fades instead of blowing
   up (Chertock, Cui, Kurganov & Wu 2015, eq. 3.10). */
void SinewShallowPrimitive(const void *context, PetscInt n, const PetscReal *const u[], PetscReal *const w[])
{
  const SinewShallow *s = (const SinewShallow *)context;
  const PetscReal dry = s->dry;

  for (PetscInt d = 0; d < s->dim; d++) {
    const PetscReal *restrict h = u[0], *restrict q = u[1 + d];
    PetscReal *restrict v = w[1 + d];

#pragma omp simd
    for (PetscInt i = 0; i < n; i++) {
      const PetscReal wet = greater(h[i], 0), thick = greater(wet, dry);

      v[i] = 2 * wet * q[i] / (wet * wet + thick * thick);
    }
  }
  (void)PetscArraycpy(w[0], u[0], n);
}

void SinewShallowConserved(const void *context, PetscInt n, const PetscReal *const w[], PetscReal *const u[])
{
  const SinewShallow *s = (const SinewShallow *)context;

  for (PetscInt i = 0; i < n; i++) {
    u[0][i] = w[0][i];
    for (PetscInt d = 0; d < s->dim; d++) u[1 + d][i] = w[0][i] * w[1 + d][i];
  }
}

/* The bottom b goes into the surface's row, and the depth is added once that is known behind sides too. */
void SinewShallowPlace(const void *context, const SinewRow *row, PetscInt n, PetscReal *const w[])
{
  const SinewShallow *s = (const SinewShallow *)context;
  const SinewCoefficientLine b = SinewCoefficientInCells(&s->bathymetry, row);

  for (PetscInt i = 0; i < n; i++) w[s->dim + 1][i] = b.value[i * b.stride];
}

void SinewShallowComplete(const void *context, PetscInt n, PetscReal *const w[])
{
  const SinewShallow *s = (const SinewShallow *)context;
  const PetscReal *restrict h = w[0];
  PetscReal *restrict surface = w[s->dim + 1];

#pragma omp simd
  for (PetscInt i = 0; i < n; i++) surface[i] += h[i];
}

/* One side of a face: depth, normal and transverse velocity. */
typedef struct {
  PetscReal h, un, ut;
} Side;

typedef struct {
  PetscReal mass, mn, mt;
} Flux;

/*
  HLLC (Toro 2001, section 10.4). Equal depths of both star states make its mass and normal momentum fluxes those of
  HLL, and the contact carries the transverse velocity with the mass, upwind by its sign. Signal speeds from two
  rarefactions (section 10.5); beside dry ground the front runs at u -+ 2 c. HLL is written as the mean of the fluxes
  plus terms that vanish exactly between equal states, and in which left and right are exchanged bit for bit under
  reflection.
*/
static inline __attribute__((always_inline)) Flux hllc(PetscReal gravity, Side l, Side r)
{
  const PetscReal cl = PetscSqrtReal(gravity * l.h), cr = PetscSqrtReal(gravity * r.h);
  const PetscReal us = 0.5 * (l.un + r.un) + (cl - cr), cs = greater(0.5 * (cl + cr) + 0.25 * (l.un - r.un), 0);
  const PetscReal sl = lesser(l.h > 0 ? lesser(l.un - cl, r.h > 0 ? us - cs : l.un - cl) : r.un - 2 * cr, 0);
  const PetscReal sr = greater(r.h > 0 ? greater(r.un + cr, l.h > 0 ? us + cs : r.un + cr) : l.un + 2 * cl, 0);
  const PetscReal width = sr - sl, inverse = width > 0 ? 1 / width : 0;
  const PetscReal ql = l.h * l.un, qr = r.h * r.un;
  const PetscReal pl = ql * l.un + 0.5 * gravity * l.h * l.h, pr = qr * r.un + 0.5 * gravity * r.h * r.h;
  const PetscReal lean = 0.5 * (sl + sr) * inverse, diffusion = sl * sr * inverse;
  const PetscReal mass = 0.5 * (ql + qr) + (lean * (ql - qr) + diffusion * (r.h - l.h));
  const PetscReal momentum = 0.5 * (pl + pr) + (lean * (pl - pr) + diffusion * (qr - ql));

  return (Flux){mass, momentum, mass * (mass >= 0 ? l.ut : r.ut)};
}

/* Depths that both sides have above the higher bottom at the face (Audusse et al. 2004, eq. 2.10). */
static inline __attribute__((always_inline)) void above_the_step(PetscReal hl, PetscReal sl, PetscReal hr, PetscReal sr,
                                                                 PetscReal *left, PetscReal *right)
{
  const PetscReal bottom = greater(sl - hl, sr - hr);

  *left = greater(sl - bottom, 0);
  *right = greater(sr - bottom, 0);
}

static inline __attribute__((always_inline)) void flux_rows(const int uneven, const int dim, const int axis,
                                                            PetscReal gravity, PetscInt n, const PetscReal *const l[],
                                                            const PetscReal *const r[], PetscReal *const f[])
{
  const int N = 1 + axis, T = dim > 1 ? 2 - axis : 1;
  const PetscReal *restrict lh = l[0], *restrict ln = l[N], *restrict lt = l[T], *restrict ls = l[dim + uneven];
  const PetscReal *restrict rh = r[0], *restrict rn = r[N], *restrict rt = r[T], *restrict rs = r[dim + uneven];
  PetscReal *restrict f0 = f[0], *restrict fn = f[N], *restrict ft = f[T];

#pragma omp simd
  for (PetscInt i = 0; i < n; i++) {
    Side a = {greater(lh[i], 0), ln[i], dim > 1 ? lt[i] : 0}, b = {greater(rh[i], 0), rn[i], dim > 1 ? rt[i] : 0};
    Flux g;

    if (uneven) above_the_step(lh[i], ls[i], rh[i], rs[i], &a.h, &b.h);
    g = hllc(gravity, a, b);
    f0[i] = g.mass;
    if (dim > 1) ft[i] = g.mt;
    fn[i] = g.mn;
  }
}

#define SHALLOW_FLUX(Name, uneven)                                                            \
  void Name(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const l[], \
            const PetscReal *const r[], PetscReal *const f[])                                 \
  {                                                                                           \
    const SinewShallow *s = (const SinewShallow *)context;                                    \
    switch (10 * s->dim + row->axis) {                                                        \
    case 10: flux_rows(uneven, 1, 0, s->gravity, n, l, r, f); break;                          \
    case 20: flux_rows(uneven, 2, 0, s->gravity, n, l, r, f); break;                          \
    default: flux_rows(uneven, 2, 1, s->gravity, n, l, r, f); break;                          \
    }                                                                                         \
  }

SHALLOW_FLUX(SinewShallowFlux, 0)
SHALLOW_FLUX(SinewShallowUnevenFlux, 1)

/*
  The same through faces of any direction that move: in the frame of the face, at w = swept / |S| along the normal, the
  normal velocity is u . n - w, and what the face carries of momentum in the frame at rest is that flux plus w times
  that of mass. Level ground, two dimensions.
*/
void SinewShallowNormalFlux(const void *context, PetscInt n, const PetscReal *const S[3], const PetscReal swept[],
                            const PetscReal *const l[], const PetscReal *const r[], PetscReal *const f[])
{
  const PetscReal gravity = ((const SinewShallow *)context)->gravity;
  const PetscReal *restrict Sx = S[0], *restrict Sy = S[1], *restrict lh = l[0], *restrict lu = l[1],
                            *restrict lv = l[2], *restrict rh = r[0], *restrict ru = r[1], *restrict rv = r[2];
  PetscReal *restrict mass = f[0], *restrict fx = f[1], *restrict fy = f[2];

#pragma omp simd
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal area = PetscSqrtReal(Sx[i] * Sx[i] + Sy[i] * Sy[i]), inverse = 1 / area, nx = Sx[i] * inverse,
                    ny = Sy[i] * inverse, w = swept[i] * inverse;
    const Side a = {greater(lh[i], 0), lu[i] * nx + lv[i] * ny - w, lv[i] * nx - lu[i] * ny},
               b = {greater(rh[i], 0), ru[i] * nx + rv[i] * ny - w, rv[i] * nx - ru[i] * ny};
    const Flux g = hllc(gravity, a, b);
    const PetscReal normal = g.mn + w * g.mass;

    mass[i] = area * g.mass;
    fx[i] = Sx[i] * normal - Sy[i] * g.mt;
    fy[i] = Sy[i] * normal + Sx[i] * g.mt;
  }
}

void SinewShallowNormalSpeed(const void *context, PetscInt n, const PetscReal *const w[], const PetscReal *const S[3],
                             const PetscReal swept[], PetscReal speed[])
{
  const PetscReal gravity = ((const SinewShallow *)context)->gravity;
  const PetscReal *restrict Sx = S[0], *restrict Sy = S[1], *restrict h = w[0], *restrict u = w[1], *restrict v = w[2];

#pragma omp simd
  for (PetscInt i = 0; i < n; i++)
    speed[i] = PetscAbsReal(u[i] * Sx[i] + v[i] * Sy[i] - swept[i]) +
               PetscSqrtReal(gravity * greater(h[i], 0) * (Sx[i] * Sx[i] + Sy[i] * Sy[i]));
}

/*
  Hydrostatic reconstruction. Of Audusse et al. (2004, eq. 2.12 and 4.5) the cell i below a face sees

    F + g/2 (h_l^2 - h_l*^2) - g/2 (h_i + h_l)(b_i - b_l),

  the last term being the bottom's slope between the cell's centre and the face. With b = s - h this is
  F - g/2 h_l*^2 - g/2 (h_i + h_l)(s_i - s_l) + g/2 h_i^2, of which the last term is the same at all faces of the cell
  and left out: what remains vanishes term by term in a lake at rest, also along a shore.
*/
void SinewShallowSides(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const below[],
                       const PetscReal *const l[], const PetscReal *const r[], const PetscReal *const above[],
                       PetscReal *const f[], PetscReal *const g[])
{
  const SinewShallow *s = (const SinewShallow *)context;
  const PetscReal half = 0.5 * s->gravity;
  const PetscInt S = s->dim + 1;
  const PetscReal *restrict hb = below[0], *restrict sb = below[S], *restrict ha = above[0], *restrict sa = above[S],
                            *restrict hl = l[0], *restrict sl = l[S], *restrict hr = r[0], *restrict sr = r[S];
  PetscReal *restrict fn = f[1 + row->axis], *restrict gn = g[1 + row->axis];

#pragma omp simd
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal flux = fn[i];
    PetscReal left, right;

    above_the_step(hl[i], sl[i], hr[i], sr[i], &left, &right);
    fn[i] = (flux - half * left * left) - half * (hb[i] + hl[i]) * (sb[i] - sl[i]);
    gn[i] = (flux - half * right * right) - half * (ha[i] + hr[i]) * (sa[i] - sr[i]);
  }
  for (PetscInt c = 0; c <= s->dim; c++) {
    if (c != 1 + row->axis) (void)PetscArraycpy(g[c], f[c], n);
  }
}

void SinewShallowPhysicalFlux(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                              PetscReal *const f[])
{
  const SinewShallow *s = (const SinewShallow *)context;
  const PetscReal half = 0.5 * s->gravity;
  const PetscReal *restrict h = w[0], *restrict un = w[1 + row->axis];
  PetscReal *restrict mass = f[0];

#pragma omp simd
  for (PetscInt i = 0; i < n; i++) mass[i] = h[i] * un[i];
  for (PetscInt d = 0; d < s->dim; d++) {
    const PetscReal *restrict v = w[1 + d], pressure = d == row->axis ? half : 0;
    PetscReal *restrict momentum = f[1 + d];

#pragma omp simd
    for (PetscInt i = 0; i < n; i++) momentum[i] = mass[i] * v[i] + pressure * h[i] * h[i];
  }
}

/* k of the friction -k h v: a rate that no explicit step may exceed; in thin films as if at the depth `dry`. */
static inline PetscReal friction(const SinewShallow *s, PetscReal h, PetscReal square)
{
  const PetscReal thick = greater(h, s->dry), speed = PetscSqrtReal(square);
  PetscReal k = s->damping + s->drag * speed / thick;

  if (s->manning > 0)
    k +=
        s->gravity * s->manning * s->manning * speed * PetscPowReal(thick, -(PetscReal)4 / 3); /* g n^2 |v| / h^(4/3) */
  return k;
}

static PetscBool rubs(const SinewShallow *s)
{
  return (PetscBool)(s->damping > 0 || s->drag > 0 || s->manning > 0);
}

static inline PetscReal speed_square(const SinewShallow *s, const PetscReal *const w[], PetscInt i)
{
  const PetscReal u = w[1][i], v = s->dim > 1 ? w[2][i] : 0;

  return u * u + v * v;
}

void SinewShallowRate(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                      const PetscInt stride[3], const PetscReal *const inverse[3], PetscReal rate[])
{
  const SinewShallow *s = (const SinewShallow *)context;
  const PetscReal *restrict h = w[0], gravity = s->gravity;

  (void)row;
  (void)PetscArrayzero(rate, n);
  for (PetscInt d = 0; d < s->dim; d++) {
    const PetscReal *restrict v = w[1 + d];

#pragma omp simd
    for (PetscInt i = 0; i < n; i++)
      rate[i] += (PetscAbsReal(v[i]) + PetscSqrtReal(gravity * greater(h[i], 0))) * inverse[d][i * stride[d]];
  }
  if (rubs(s))
    for (PetscInt i = 0; i < n; i++) rate[i] += friction(s, h[i], speed_square(s, w, i));
}

void SinewShallowSource(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                        PetscReal *const r[])
{
  const SinewShallow *s = (const SinewShallow *)context;
  const PetscReal f = s->coriolis + s->beta * row->y;
  const PetscReal *restrict h = w[0], *restrict u = w[1], *restrict v = w[s->dim > 1 ? 2 : 1];

  if (s->dim > 1 && f != 0) {
    PetscReal *restrict x = r[1], *restrict y = r[2];

#pragma omp simd
    for (PetscInt i = 0; i < n; i++) {
      x[i] += f * (h[i] * v[i]);
      y[i] -= f * (h[i] * u[i]);
    }
  }
  if (rubs(s))
    for (PetscInt i = 0; i < n; i++) {
      const PetscReal k = friction(s, h[i], speed_square(s, w, i)) * h[i];

      for (PetscInt d = 0; d < s->dim; d++) r[1 + d][i] -= k * w[1 + d][i];
    }
}
