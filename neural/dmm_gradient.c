#include "neural/dmm_gradient.h"

#include "neural/dmm_private.h"

#define BOUND_WEIGHT 1000
#define FLOOR        0.01

/* Adjoints of one field's points, and where they are gathered. */
typedef struct {
  SinewDMM m;
  double *gradient;                          /* of all parameters, flat */
  double *offset[PARAMETERS];                /* into gradient */
  double *A, *c;                             /* adjoints of the collapsed matrix and of one field's c */
  double *ds, *dg, *dy, *dv[2], *dd[2], *dz; /* of a block */
} Adjoint;

/* ---- points ---- */

/* Adjoints of s, g, V_a and y = A z + c in a block, from those of phi's derivatives (rows a_x, a_y, a_xx, a_xy, a_yy).
 */
static PetscErrorCode decoder_adjoint(Adjoint *j, PetscInt n, const double *const a[5])
{
  const SinewDMM m = j->m;
  const PetscInt K = m->trunk, H = m->hidden;
  const double *W = m->parameter[TRUNK0_W], *w2 = m->parameter[OUT1_W];
  double *w2_bar = j->offset[OUT1_W];

  PetscFunctionBegin;
  for (PetscInt p = 0; p < n; p++)
    for (PetscInt k = 0; k < K; k++) {
      const PetscInt at = p * K + k;
      const double x = W[2 * k], y = W[2 * k + 1];

      j->ds[at] = m->dz[at] * (a[0][p] * x + a[1][p] * y) -
                  2 * m->z[at] * m->dz[at] * (a[2][p] * x * x + a[3][p] * x * y + a[4][p] * y * y);
    }
  PetscCall(SinewDMMMultiply_Private(PETSC_TRUE, n, H, K, j->ds, K, m->A, K, 0, j->dg, H));
  for (PetscInt p = 0; p < n; p++)
    for (PetscInt k = 0; k < H; k++) {
      const PetscInt at = p * H + k;
      const double h = m->h[at], g = m->g[at], q = -2 * h * g, v = m->v[0][at], w = m->v[1][at],
                   q_bar = a[2][p] * v * v + a[3][p] * v * w + a[4][p] * w * w, g_bar = j->dg[at] - 2 * h * q_bar;

      j->dv[0][at] = q * (2 * a[2][p] * v + a[3][p] * w);
      j->dv[1][at] = q * (a[3][p] * v + 2 * a[4][p] * w);
      w2_bar[k] += (1 - h * h) * g_bar;
      j->dy[at] = (1 - h * h) * (-2 * g * q_bar - 2 * h * w2[k] * g_bar);
      j->c[k] += j->dy[at];
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The outer products that A's adjoint is made of: dy z^T + g ds^T + dV_a d_a^T. */
static PetscErrorCode matrix_adjoint(Adjoint *j, PetscInt n)
{
  const SinewDMM m = j->m;
  const PetscInt K = m->trunk, H = m->hidden;
  const double *const left[4] = {j->dy, m->g, j->dv[0], j->dv[1]}, *const right[4] = {m->z, j->ds, m->d[0], m->d[1]};
  const double one = 1;
  PetscBLASInt bk, bh, bn;

  PetscFunctionBegin;
  PetscCall(PetscBLASIntCast(K, &bk));
  PetscCall(PetscBLASIntCast(H, &bh));
  PetscCall(PetscBLASIntCast(n, &bn));
  for (int t = 0; t < 4; t++) BLASgemm_("N", "T", &bk, &bh, &bn, &one, right[t], &bk, left[t], &bh, &one, j->A, &bk);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* From z, dz and d_a = dz W0_a to the trunk's first layer. */
static PetscErrorCode trunk_adjoint(Adjoint *j, PetscInt n, const double seen[], const double *const a[5])
{
  const SinewDMM m = j->m;
  const PetscInt K = m->trunk, H = m->hidden;
  const double *W = m->parameter[TRUNK0_W];
  double *W_bar = j->offset[TRUNK0_W], *b_bar = j->offset[TRUNK0_B];

  PetscFunctionBegin;
  PetscCall(SinewDMMMultiply_Private(PETSC_FALSE, n, K, H, j->dy, H, m->A, K, 0, j->dz, K));
  for (int e = 0; e < 2; e++)
    PetscCall(SinewDMMMultiply_Private(PETSC_FALSE, n, K, H, j->dv[e], H, m->A, K, 0, j->dd[e], K));
  for (PetscInt p = 0; p < n; p++)
    for (PetscInt k = 0; k < K; k++) {
      const PetscInt at = p * K + k;
      const double x = W[2 * k], y = W[2 * k + 1], z = m->z[at], dz = m->dz[at], s = m->s[at],
                   first = a[0][p] * x + a[1][p] * y, second = a[2][p] * x * x + a[3][p] * x * y + a[4][p] * y * y,
                   dz_bar = j->dd[0][at] * x + j->dd[1][at] * y + s * first - 2 * z * s * second,
                   t_bar = dz * (j->dz[at] - 2 * s * dz * second - 2 * z * dz_bar);

      W_bar[2 * k] +=
          j->dd[0][at] * dz + a[0][p] * s * dz - 2 * z * dz * s * (2 * a[2][p] * x + a[3][p] * y) + t_bar * seen[2 * p];
      W_bar[2 * k + 1] += j->dd[1][at] * dz + a[1][p] * s * dz - 2 * z * dz * s * (a[3][p] * x + 2 * a[4][p] * y) +
                          t_bar * seen[2 * p + 1];
      b_bar[k] += t_bar;
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What the trunk sees of n points, and adjoints of derivatives by that from those by coordinates. */
static void see(const SinewDMM m, PetscInt n, const double xi[], const double *const a[5], double seen[],
                double to[5][BLOCK])
{
  for (PetscInt p = 0; p < n; p++) {
    double x[3], y[3];

    SinewDMMFeature_Private(m, xi[2 * p], x);
    SinewDMMFeature_Private(m, xi[2 * p + 1], y);
    seen[2 * p] = x[0];
    seen[2 * p + 1] = y[0];
    to[0][p] = x[1] * a[0][p] + x[2] * a[2][p];
    to[1][p] = y[1] * a[1][p] + y[2] * a[4][p];
    to[2][p] = x[1] * x[1] * a[2][p];
    to[3][p] = x[1] * y[1] * a[3][p];
    to[4][p] = y[1] * y[1] * a[4][p];
  }
}

/* Adds the gradient of sum_p a[p] . (phi_x, phi_y, phi_xx, phi_xy, phi_yy) at n points to j. */
static PetscErrorCode points_adjoint(Adjoint *j, const double c[], PetscInt n, const double xi[],
                                     const double *const a[5])
{
  const SinewDMM m = j->m;
  const PetscInt K = m->trunk, H = m->hidden;
  double phi[BLOCK], seen[2 * BLOCK], bar[5][BLOCK];
  const double *const b[5] = {bar[0], bar[1], bar[2], bar[3], bar[4]};

  PetscFunctionBegin;
  for (PetscInt first = 0; first < n; first += BLOCK) {
    const PetscInt part = PetscMin(BLOCK, n - first);
    const double *const from[5] = {a[0] + first, a[1] + first, a[2] + first, a[3] + first, a[4] + first};

    see(m, part, xi + 2 * first, from, seen, bar);
    SinewDMMTrunk_Private(m, part, seen);
    PetscCall(SinewDMMDecoder_Private(m, c, part, phi));
    PetscCall(SinewDMMMultiply_Private(PETSC_FALSE, part, K, H, m->g, H, m->A, K, 0, m->s, K));
    for (int e = 0; e < 2; e++)
      PetscCall(SinewDMMMultiply_Private(PETSC_TRUE, part, H, K, m->d[e], K, m->A, K, 0, m->v[e], H));
    PetscCall(decoder_adjoint(j, part, b));
    PetscCall(matrix_adjoint(j, part));
    PetscCall(trunk_adjoint(j, part, seen, b));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- branch ---- */

/* out_bar [out] of a dense layer y = W x + b: adds to W_bar, b_bar; x_bar = W^T out_bar. */
static void dense_adjoint(PetscInt out, PetscInt in, const double W[], const double x[], const double out_bar[],
                          double W_bar[], double b_bar[], double x_bar[])
{
  for (PetscInt i = 0; i < in; i++) x_bar[i] = 0;
  for (PetscInt o = 0; o < out; o++) {
    b_bar[o] += out_bar[o];
    for (PetscInt i = 0; i < in; i++) {
      W_bar[o * in + i] += out_bar[o] * x[i];
      x_bar[i] += W[o * in + i] * out_bar[o];
    }
  }
}

/* bar of tanh's argument, given tanh. */
static void through_tanh(PetscInt n, const double value[], double bar[])
{
  for (PetscInt i = 0; i < n; i++) bar[i] *= 1 - value[i] * value[i];
}

/* From the adjoint of b back to the convolutions, whose activations are those of the last SinewDMMField. */
static PetscErrorCode branch_adjoint(Adjoint *j, const double u[], const double b_bar[])
{
  const SinewDMM m = j->m;
  const PetscInt plane = m->half * m->half, flat = m->quarter * m->quarter;
  double *bar[4], *fc2;

  PetscFunctionBegin;
  PetscCall(PetscMalloc5((size_t)(8 * plane), &bar[0], (size_t)(CHANNELS * plane), &bar[1], (size_t)(8 * plane),
                         &bar[2], (size_t)flat, &bar[3], (size_t)m->dense, &fc2));
  dense_adjoint(m->features, m->dense, m->parameter[FC3_W], m->fc2, b_bar, j->offset[FC3_W], j->offset[FC3_B], fc2);
  through_tanh(m->dense, m->fc2, fc2);
  dense_adjoint(m->dense, flat, m->parameter[FC2_W], m->plane[3], fc2, j->offset[FC2_W], j->offset[FC2_B], bar[3]);
  for (int k = 3; k >= 0; k--) {
    const Convolution *c = &SinewDMMConvolutions_Private[k];
    const PetscInt size = k ? m->half : m->size, out = k == 3 ? m->quarter : m->half;

    through_tanh(c->out * out * out, m->plane[k], bar[k]);
    if (k) PetscCall(PetscArrayzero(bar[k - 1], c->in * plane));
    PetscCall(SinewDMMConvolveAdjoint_Private(m, k, size, k ? m->plane[k - 1] : u, out, bar[k], j->offset[2 * k],
                                              j->offset[2 * k + 1], k ? bar[k - 1] : NULL));
    if (k == 1)
      for (PetscInt i = 0; i < 8 * plane; i++) bar[0][i] += bar[2][i]; /* the skip around layers 1 and 2 */
  }
  PetscCall(PetscFree5(bar[0], bar[1], bar[2], bar[3], fc2));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* From the adjoint of c(u) to the decoder's first layer and the branch, whose output for u, the last field seen, is b.
 */
static PetscErrorCode field_adjoint(Adjoint *j, const double u[], const double b[])
{
  const SinewDMM m = j->m;
  const PetscInt F = m->features;
  const double *W = m->parameter[OUT0_W], *b1 = m->parameter[TRUNK1_B];
  double *b_bar;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1((size_t)F, &b_bar));
  for (PetscInt k = 0; k < m->hidden; k++) {
    const double bar = j->c[k];

    j->offset[OUT0_B][k] += bar;
    for (PetscInt f = 0; f < F; f++) {
      j->offset[OUT0_W][2 * F * k + f] += bar * b[f];
      j->offset[OUT0_W][2 * F * k + F + f] += bar * b1[f];
      b_bar[f] += bar * W[2 * F * k + f];
      j->offset[TRUNK1_B][f] += bar * W[2 * F * k + F + f];
    }
  }
  PetscCall(branch_adjoint(j, u, b_bar));
  PetscCall(PetscArrayzero(j->c, m->hidden));
  PetscCall(PetscFree(b_bar));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A = Wt W1: from the adjoint of A to the two. */
static void collapse_adjoint(Adjoint *j)
{
  const SinewDMM m = j->m;
  const PetscInt F = m->features, K = m->trunk;

  for (PetscInt h = 0; h < m->hidden; h++)
    for (PetscInt f = 0; f < F; f++) {
      const double w = m->parameter[OUT0_W][2 * F * h + F + f];
      double sum = 0;

      for (PetscInt k = 0; k < K; k++) {
        sum += j->A[h * K + k] * m->parameter[TRUNK1_W][f * K + k];
        j->offset[TRUNK1_W][f * K + k] += w * j->A[h * K + k];
      }
      j->offset[OUT0_W][2 * F * h + F + f] += sum;
    }
}

/* ---- the loss ---- */

/* Forward differences of a field, the last repeated, and the means that normalise them. */
typedef struct {
  PetscInt size, window;
  double *D[2], alpha, floor, right; /* floor: times alpha */
} Slopes;

static void find_slopes(PetscInt s, const double u[], const SinewDMMMonitor *monitor, Slopes *d)
{
  const double scale = (double)(s - 1);
  double *along[2] = {d->D[monitor->straight ? 1 : 0], d->D[monitor->straight ? 0 : 1]}; /* rows, columns */

  d->size = s;
  d->window = monitor->window ? monitor->window : s;
  d->alpha = d->right = 0;
  for (PetscInt j = 0; j < s; j++)
    for (PetscInt i = 0; i < s; i++) {
      const PetscInt row = PetscMin(j, s - 2), column = PetscMin(i, s - 2), n = j * s + i;

      along[0][n] = (u[(row + 1) * s + i] - u[row * s + i]) * scale;
      along[1][n] = (u[j * s + column + 1] - u[j * s + column]) * scale;
      d->alpha += PetscSqrtReal(d->D[0][n] * d->D[0][n] + d->D[1][n] * d->D[1][n]) / (scale * scale);
    }
  d->floor = (monitor->floor > 0 ? monitor->floor : FLOOR) * d->alpha;
  for (PetscInt n = 0; n < s * s; n++)
    d->right += (1 + PetscSqrtReal(d->D[0][n] * d->D[0][n] + d->D[1][n] * d->D[1][n]) / d->floor) / (scale * scale);
}

/* D at a point by soft-max weights exp(-s |x - x_k|), and its derivatives dD[d][a] = dD_d / dx_a. */
static void interpolate(const Slopes *d, const double x[2], double D[2], double dD[2][2])
{
  const PetscInt s = d->size;
  double sum = 0, moment[2] = {0, 0}, mixed[2][2] = {{0, 0}, {0, 0}};
  PetscInt first[2], last[2];

  for (int a = 0; a < 2; a++) {
    const PetscInt node = (PetscInt)PetscClipInterval(x[a] * (double)(s - 1) + 0.5, 0, (double)(s - 1));

    first[a] = PetscMax(node - d->window, 0);
    last[a] = PetscMin(node + d->window, s - 1);
  }
  D[0] = D[1] = 0;
  for (PetscInt j = first[1]; j <= last[1]; j++)
    for (PetscInt i = first[0]; i <= last[0]; i++) {
      const double away[2] = {x[0] - (double)i / (double)(s - 1), x[1] - (double)j / (double)(s - 1)},
                   distance = PetscSqrtReal(away[0] * away[0] + away[1] * away[1]),
                   w = PetscExpReal(-(double)s * distance);

      sum += w;
      for (int e = 0; e < 2; e++) D[e] += w * d->D[e][j * s + i];
      for (int a = 0; a < 2 && distance > 0; a++) {
        const double dw = -(double)s * w * away[a] / distance;

        moment[a] += dw;
        for (int e = 0; e < 2; e++) mixed[e][a] += dw * d->D[e][j * s + i];
      }
    }
  for (int e = 0; e < 2; e++) {
    D[e] /= sum;
    for (int a = 0; a < 2; a++) dD[e][a] = (mixed[e][a] - D[e] * moment[a]) / sum;
  }
}

/* One point's share of loss_in and loss_convex (each over `count` points), with adjoints a of phi's derivatives. */
static void point_loss(const Slopes *s, const double xi[2], const double g[2], const double h[3], double count,
                       SinewDMMLoss *loss, double a[5])
{
  const double x[2] = {xi[0] + g[0], xi[1] + g[1]}, xx = 1 + h[0], xy = h[1], yy = 1 + h[2];
  double D[2], dD[2][2], u[2], G, m, det, e, m_bar, u_bar[2], D_bar[2];

  interpolate(s, x, D, dD);
  u[0] = D[0] * xx + D[1] * xy;
  u[1] = D[0] * xy + D[1] * yy;
  G = PetscSqrtReal(u[0] * u[0] + u[1] * u[1]);
  m = 1 + G / s->floor;
  det = xx * yy - xy * xy;
  e = m * det / s->right - 1;
  loss->in += e * e / count;
  m_bar = 2 * e / count * det / s->right;
  for (int d = 0; d < 2; d++) u_bar[d] = G > 0 ? m_bar * u[d] / (G * s->floor) : 0;
  D_bar[0] = u_bar[0] * xx + u_bar[1] * xy;
  D_bar[1] = u_bar[0] * xy + u_bar[1] * yy;
  for (int d = 0; d < 2; d++) a[d] = D_bar[0] * dD[0][d] + D_bar[1] * dD[1][d];
  m_bar = 2 * e / count * m / s->right; /* of det */
  a[2] = m_bar * yy + u_bar[0] * D[0];
  a[3] = -2 * m_bar * xy + u_bar[0] * D[1] + u_bar[1] * D[0];
  a[4] = m_bar * xx + u_bar[1] * D[1];
  if (xx < 0) {
    loss->convex += xx * xx / count;
    a[2] += 2 * xx / count;
  }
  if (yy < 0) {
    loss->convex += yy * yy / count;
    a[4] += 2 * yy / count;
  }
}

/* Of one field: what the branch makes of it; over its points, phi, its derivatives and their adjoints. */
typedef struct {
  double *b, *c, *phi, *g[2], *h[3], *a[5];
} Work;

/* One field's share of a side; its c is there. */
static PetscErrorCode side_points(Adjoint *j, const SinewDMMSample *sample, int side, Work *w, SinewDMMLoss *loss)
{
  const PetscInt n = sample->border;
  const double count = (double)(n * sample->fields), *normal = w->g[side / 2];

  PetscFunctionBegin;
  PetscCall(SinewDMMEvaluate(j->m, w->c, n, sample->border_xi[side], w->phi, w->g, NULL));
  for (int k = 0; k < 5; k++) PetscCall(PetscArrayzero(w->a[k], n));
  for (PetscInt p = 0; p < n; p++) {
    loss->side[side] += normal[p] * normal[p] / count;
    w->a[side / 2][p] = BOUND_WEIGHT * 0.25 * 2 * normal[p] / count;
  }
  if (j->gradient) PetscCall(points_adjoint(j, w->c, n, sample->border_xi[side], (const double *const *)w->a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode interior(Adjoint *j, const SinewDMMSample *sample, Work *w, SinewDMMLoss *loss)
{
  const SinewDMM m = j->m;
  const PetscInt n = sample->points, nodes = m->size * m->size;
  Slopes slopes;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2((size_t)nodes, &slopes.D[0], (size_t)nodes, &slopes.D[1]));
  for (PetscInt f = 0; f < sample->fields; f++) {
    const double *u = sample->u + f * nodes, *xi = sample->xi + 2 * f * n;

    find_slopes(m->size, u, &sample->monitor, &slopes);
    PetscCall(SinewDMMField(m, u, w->c, w->b));
    PetscCall(SinewDMMEvaluate(m, w->c, n, xi, w->phi, w->g, w->h));
    for (PetscInt p = 0; p < n; p++) {
      const double g[2] = {w->g[0][p], w->g[1][p]}, h[3] = {w->h[0][p], w->h[1][p], w->h[2][p]};
      double a[5];

      point_loss(&slopes, xi + 2 * p, g, h, (double)(n * sample->fields), loss, a);
      for (int k = 0; k < 5; k++) w->a[k][p] = a[k];
    }
    if (j->gradient) PetscCall(points_adjoint(j, w->c, n, xi, (const double *const *)w->a));
    for (int side = 0; side < 4; side++)
      if (!m->walls && !sample->border_u[side]) PetscCall(side_points(j, sample, side, w, loss));
    if (j->gradient) PetscCall(field_adjoint(j, u, w->b));
  }
  PetscCall(PetscFree2(slopes.D[0], slopes.D[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A side that is taken in fields of its own. */
static PetscErrorCode border(Adjoint *j, const SinewDMMSample *sample, int side, Work *w, SinewDMMLoss *loss)
{
  const SinewDMM m = j->m;

  PetscFunctionBegin;
  for (PetscInt f = 0; f < sample->fields; f++) {
    const double *u = sample->border_u[side] + f * m->size * m->size;

    PetscCall(SinewDMMField(m, u, w->c, w->b));
    PetscCall(side_points(j, sample, side, w, loss));
    if (j->gradient) PetscCall(field_adjoint(j, u, w->b));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_adjoint(SinewDMM m, double gradient[], Adjoint *j)
{
  const size_t K = BLOCK * (size_t)m->trunk, H = BLOCK * (size_t)m->hidden;

  PetscFunctionBegin;
  j->m = m;
  j->gradient = gradient;
  for (int p = 0; p < PARAMETERS && gradient; p++) j->offset[p] = gradient + (m->parameter[p] - m->memory);
  if (gradient) {
    const SinewArray *last = &m->shape[PARAMETERS - 1];

    PetscCall(PetscArrayzero(gradient, m->parameter[PARAMETERS - 1] - m->memory + last->shape[0]));
  }
  PetscCall(PetscCalloc2((size_t)(m->hidden * m->trunk), &j->A, (size_t)m->hidden, &j->c));
  PetscCall(PetscMalloc4(K, &j->ds, K, &j->dd[0], K, &j->dd[1], K, &j->dz));
  PetscCall(PetscMalloc4(H, &j->dg, H, &j->dy, H, &j->dv[0], H, &j->dv[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy_adjoint(Adjoint *j)
{
  PetscFunctionBegin;
  PetscCall(PetscFree2(j->A, j->c));
  PetscCall(PetscFree4(j->ds, j->dd[0], j->dd[1], j->dz));
  PetscCall(PetscFree4(j->dg, j->dy, j->dv[0], j->dv[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDMMEvaluateLoss(SinewDMM m, const SinewDMMSample *sample, SinewDMMLoss *loss, double gradient[])
{
  const size_t n = (size_t)PetscMax(sample->points, sample->border);
  Adjoint j = {.gradient = NULL};
  Work w;
  double *memory;

  PetscFunctionBeginUser;
  *loss = (SinewDMMLoss){0};
  PetscCall(create_adjoint(m, gradient, &j));
  PetscCall(PetscMalloc3(11 * n, &memory, (size_t)m->hidden, &w.c, (size_t)m->features, &w.b));
  w.phi = memory;
  for (size_t k = 0; k < 2; k++) w.g[k] = memory + (1 + k) * n;
  for (size_t k = 0; k < 3; k++) w.h[k] = memory + (3 + k) * n;
  for (size_t k = 0; k < 5; k++) w.a[k] = memory + (6 + k) * n;
  PetscCall(interior(&j, sample, &w, loss));
  for (int side = 0; side < 4; side++) {
    if (!m->walls && sample->border_u[side]) PetscCall(border(&j, sample, side, &w, loss));
    loss->bound += 0.25 * loss->side[side];
  }
  if (gradient) collapse_adjoint(&j);
  loss->total = loss->in + BOUND_WEIGHT * loss->bound + loss->convex;
  PetscCall(PetscFree3(memory, w.c, w.b));
  PetscCall(destroy_adjoint(&j));
  PetscFunctionReturn(PETSC_SUCCESS);
}
