/*
  The chain rule through an elementwise activation, for a row of points. Every kernel is one inline
  function of (dim, order); the table at the end instantiates it for each, so that the loops over
  coordinates unroll and the loop over points vectorises.
  With g = grad z, q = |g|^2, s_i = g_i lap z + 2 sum_j g_j z_ij:
    h_i = f1 g_i,  h_ij = f2 g_i g_j + f1 z_ij,  lap h = f2 q + f1 lap z,
    d_i lap h = f3 g_i q + f2 s_i + f1 d_i lap z.
*/
#include "jet_private.h"

#define ROW_INLINE static inline __attribute__((always_inline))
#define UNROLL     _Pragma("GCC unroll 16")

typedef struct {
  PetscReal g[SINEW_JET_DIM_MAX], zz[JET_PAIRS_MAX + 1], t[SINEW_JET_DIM_MAX];
} Jet;

ROW_INLINE PetscInt seconds(const PetscInt d, const SinewJetOrder order)
{
  return order == SINEW_JET_LAPLACIAN ? 1 : order >= SINEW_JET_HESSIAN ? d * (d + 1) / 2 : 0;
}

/* channels 1 and above of the jet at point p */
ROW_INLINE void load(const PetscInt d, const SinewJetOrder order, PetscInt n, PetscInt p, const PetscReal z[], Jet *jet)
{
  const PetscInt pairs = seconds(d, order);

  if (order >= SINEW_JET_GRADIENT) {
    UNROLL for (PetscInt i = 0; i < d; i++) jet->g[i] = z[(1 + i) * n + p];
  }
  UNROLL for (PetscInt k = 0; k < pairs; k++) jet->zz[k] = z[(1 + d + k) * n + p];
  if (order == SINEW_JET_THIRD) {
    UNROLL for (PetscInt i = 0; i < d; i++) jet->t[i] = z[(1 + d + pairs + i) * n + p];
  }
}

ROW_INLINE void store(const PetscInt d, const SinewJetOrder order, PetscInt n, PetscInt p, const Jet *jet,
                      PetscReal z[])
{
  const PetscInt pairs = seconds(d, order);

  if (order >= SINEW_JET_GRADIENT) {
    UNROLL for (PetscInt i = 0; i < d; i++) z[(1 + i) * n + p] = jet->g[i];
  }
  UNROLL for (PetscInt k = 0; k < pairs; k++) z[(1 + d + k) * n + p] = jet->zz[k];
  if (order == SINEW_JET_THIRD) {
    UNROLL for (PetscInt i = 0; i < d; i++) z[(1 + d + pairs + i) * n + p] = jet->t[i];
  }
}

ROW_INLINE PetscReal inner(const PetscInt d, const PetscReal a[], const PetscReal b[])
{
  PetscReal sum = 0;

  UNROLL for (PetscInt i = 0; i < d; i++) sum += a[i] * b[i];
  return sum;
}

ROW_INLINE PetscReal trace(const PetscInt d, const PetscReal zz[])
{
  PetscReal sum = 0;

  UNROLL for (PetscInt i = 0; i < d; i++) sum += zz[jet_pair(d, i, i)];
  return sum;
}

/* sum_j z_ij g_j */
ROW_INLINE PetscReal contract(const PetscInt d, PetscInt i, const PetscReal zz[], const PetscReal g[])
{
  PetscReal sum = 0;

  UNROLL for (PetscInt j = 0; j < d; j++) sum += zz[jet_pair(d, i, j)] * g[j];
  return sum;
}

ROW_INLINE void forward(const PetscInt d, const SinewJetOrder order, PetscInt n, const PetscReal *restrict z,
                        const PetscReal *restrict f, PetscReal *restrict h)
{
#pragma omp simd
  for (PetscInt p = 0; p < n; p++) {
    const PetscReal f1 = f[p], f2 = f[n + p], f3 = f[2 * n + p];
    Jet in, out;

    load(d, order, n, p, z, &in);
    UNROLL for (PetscInt i = 0; i < d; i++) out.g[i] = f1 * in.g[i];
    if (order == SINEW_JET_LAPLACIAN) out.zz[0] = f2 * inner(d, in.g, in.g) + f1 * in.zz[0];
    if (order >= SINEW_JET_HESSIAN) {
      UNROLL for (PetscInt i = 0; i < d; i++)
      {
        UNROLL for (PetscInt j = i; j < d; j++)
        {
          const PetscInt k = jet_pair(d, i, j);

          out.zz[k] = f2 * in.g[i] * in.g[j] + f1 * in.zz[k];
        }
      }
    }
    if (order == SINEW_JET_THIRD) {
      const PetscReal q = inner(d, in.g, in.g), lap = trace(d, in.zz);

      UNROLL for (PetscInt i = 0; i < d; i++)
      {
        out.t[i] = f3 * in.g[i] * q + f2 * (in.g[i] * lap + 2 * contract(d, i, in.zz, in.g)) + f1 * in.t[i];
      }
    }
    store(d, order, n, p, &out, h);
  }
}

ROW_INLINE void tangent(const PetscInt d, const SinewJetOrder order, PetscInt n, const PetscReal *restrict z,
                        const PetscReal *restrict f, const PetscReal *restrict dz, PetscReal *restrict dh)
{
#pragma omp simd
  for (PetscInt p = 0; p < n; p++) {
    const PetscReal f1 = f[p], v = dz[p], w2 = f[n + p] * v, w3 = f[2 * n + p] * v, w4 = f[3 * n + p] * v;
    const PetscReal f2 = f[n + p], f3 = f[2 * n + p];
    Jet in, din, out;

    load(d, order, n, p, z, &in);
    load(d, order, n, p, dz, &din);
    dh[p] = f1 * v;
    UNROLL for (PetscInt i = 0; i < d; i++) out.g[i] = w2 * in.g[i] + f1 * din.g[i];
    if (order == SINEW_JET_LAPLACIAN)
      out.zz[0] = w3 * inner(d, in.g, in.g) + 2 * f2 * inner(d, in.g, din.g) + w2 * in.zz[0] + f1 * din.zz[0];
    if (order >= SINEW_JET_HESSIAN) {
      UNROLL for (PetscInt i = 0; i < d; i++)
      {
        UNROLL for (PetscInt j = i; j < d; j++)
        {
          const PetscInt k = jet_pair(d, i, j);

          out.zz[k] =
              w3 * in.g[i] * in.g[j] + f2 * (din.g[i] * in.g[j] + in.g[i] * din.g[j]) + w2 * in.zz[k] + f1 * din.zz[k];
        }
      }
    }
    if (order == SINEW_JET_THIRD) {
      const PetscReal q = inner(d, in.g, in.g), dq = 2 * inner(d, in.g, din.g);
      const PetscReal lap = trace(d, in.zz), dlap = trace(d, din.zz);

      UNROLL for (PetscInt i = 0; i < d; i++)
      {
        const PetscReal s = in.g[i] * lap + 2 * contract(d, i, in.zz, in.g);
        const PetscReal ds =
            din.g[i] * lap + in.g[i] * dlap + 2 * (contract(d, i, in.zz, din.g) + contract(d, i, din.zz, in.g));

        out.t[i] =
            w4 * in.g[i] * q + f3 * (din.g[i] * q + in.g[i] * dq) + w3 * s + f2 * ds + w2 * in.t[i] + f1 * din.t[i];
      }
    }
    store(d, order, n, p, &out, dh);
  }
}

/* What the Hessian's channels add to the adjoints of g and z. */
ROW_INLINE PetscReal adjoint_hessian(const PetscInt d, PetscReal f1, PetscReal f2, PetscReal f3, const Jet *in,
                                     const Jet *ah, Jet *az)
{
  PetscReal a0 = 0;

  UNROLL for (PetscInt i = 0; i < d; i++)
  {
    UNROLL for (PetscInt j = i; j < d; j++)
    {
      const PetscInt k = jet_pair(d, i, j);
      const PetscReal a = ah->zz[k];

      az->zz[k] = f1 * a;
      az->g[i] += f2 * a * in->g[j];
      az->g[j] += f2 * a * in->g[i];
      a0 += a * (f2 * in->zz[k] + f3 * in->g[i] * in->g[j]);
    }
  }
  return a0;
}

/* What the channels of the Laplacian's gradient add. */
ROW_INLINE PetscReal adjoint_third(const PetscInt d, PetscReal f1, PetscReal f2, PetscReal f3, PetscReal f4,
                                   const Jet *in, const Jet *ah, Jet *az)
{
  const PetscReal q = inner(d, in->g, in->g), lap = trace(d, in->zz), along = inner(d, ah->t, in->g);
  PetscReal a0 = f4 * along * q + f2 * inner(d, ah->t, in->t);

  UNROLL for (PetscInt i = 0; i < d; i++)
  {
    a0 += f3 * ah->t[i] * (in->g[i] * lap + 2 * contract(d, i, in->zz, in->g));
    az->t[i] = f1 * ah->t[i];
    az->g[i] += f3 * (ah->t[i] * q + 2 * along * in->g[i]) + f2 * (ah->t[i] * lap + 2 * contract(d, i, in->zz, ah->t));
    az->zz[jet_pair(d, i, i)] += f2 * (along + 2 * ah->t[i] * in->g[i]);
    UNROLL for (PetscInt j = i + 1; j < d; j++)
    {
      az->zz[jet_pair(d, i, j)] += 2 * f2 * (ah->t[i] * in->g[j] + ah->t[j] * in->g[i]);
    }
  }
  return a0;
}

ROW_INLINE void adjoint(const PetscInt d, const SinewJetOrder order, PetscInt n, const PetscReal *restrict z,
                        const PetscReal *restrict f, const PetscReal *restrict ah, PetscReal *restrict az)
{
#pragma omp simd
  for (PetscInt p = 0; p < n; p++) {
    const PetscReal f1 = f[p], f2 = f[n + p], f3 = f[2 * n + p], f4 = f[3 * n + p];
    PetscReal a0 = f1 * ah[p];
    Jet in, out, seed;

    load(d, order, n, p, z, &in);
    load(d, order, n, p, ah, &seed);
    if (order >= SINEW_JET_GRADIENT) {
      a0 += f2 * inner(d, seed.g, in.g);
      UNROLL for (PetscInt i = 0; i < d; i++) out.g[i] = f1 * seed.g[i];
    }
    if (order == SINEW_JET_LAPLACIAN) {
      const PetscReal a = seed.zz[0];

      UNROLL for (PetscInt i = 0; i < d; i++) out.g[i] += 2 * f2 * in.g[i] * a;
      out.zz[0] = f1 * a;
      a0 += a * (f2 * in.zz[0] + f3 * inner(d, in.g, in.g));
    }
    if (order >= SINEW_JET_HESSIAN) a0 += adjoint_hessian(d, f1, f2, f3, &in, &seed, &out);
    if (order == SINEW_JET_THIRD) a0 += adjoint_third(d, f1, f2, f3, f4, &in, &seed, &out);
    az[p] = a0;
    store(d, order, n, p, &out, az);
  }
}

#define INSTANCE(d, name, order)                                                                            \
  static void forward_##d##name(PetscInt n, const PetscReal z[], const PetscReal f[], PetscReal h[])        \
  {                                                                                                         \
    forward(d, order, n, z, f, h);                                                                          \
  }                                                                                                         \
  static void tangent_##d##name(PetscInt n, const PetscReal z[], const PetscReal f[], const PetscReal dz[], \
                                PetscReal dh[])                                                             \
  {                                                                                                         \
    tangent(d, order, n, z, f, dz, dh);                                                                     \
  }                                                                                                         \
  static void adjoint_##d##name(PetscInt n, const PetscReal z[], const PetscReal f[], const PetscReal ah[], \
                                PetscReal az[])                                                             \
  {                                                                                                         \
    adjoint(d, order, n, z, f, ah, az);                                                                     \
  }
#define INSTANCES(d)                          \
  INSTANCE(d, gradient, SINEW_JET_GRADIENT)   \
  INSTANCE(d, laplacian, SINEW_JET_LAPLACIAN) \
  INSTANCE(d, hessian, SINEW_JET_HESSIAN)     \
  INSTANCE(d, third, SINEW_JET_THIRD)
#define ENTRY(d, name)                                      \
  {                                                         \
    forward_##d##name, tangent_##d##name, adjoint_##d##name \
  }
#define ENTRIES(d)                                                              \
  {                                                                             \
    ENTRY(d, gradient), ENTRY(d, laplacian), ENTRY(d, hessian), ENTRY(d, third) \
  }

INSTANCES(1)
INSTANCES(2)
INSTANCES(3)
INSTANCES(4)

/* Channel 0 alone does not ask for the number of coordinates. */
static void forward_value(PetscInt n, const PetscReal z[], const PetscReal f[], PetscReal h[])
{
  (void)n, (void)z, (void)f, (void)h;
}

static void scale_by_slope(PetscInt n, const PetscReal z[], const PetscReal f[], const PetscReal in[], PetscReal out[])
{
  (void)z;
  for (PetscInt p = 0; p < n; p++) out[p] = f[p] * in[p];
}

JetKernels SinewJetKernels(PetscInt dim, SinewJetOrder order)
{
  static const JetKernels table[SINEW_JET_DIM_MAX][4] = {ENTRIES(1), ENTRIES(2), ENTRIES(3), ENTRIES(4)};
  const JetKernels value = {forward_value, scale_by_slope, scale_by_slope};

  return order == SINEW_JET_VALUE ? value : table[dim - 1][order - SINEW_JET_GRADIENT];
}
