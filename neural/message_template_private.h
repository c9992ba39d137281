/* The message-passing solver for one element type; see message_private.h, whose formulas and names these are. */
#include <string.h>

#include "neural/message_private.h"

/* ---- batch norm, of H features ---- */

static PetscErrorCode sum_over_ranks(Message m, double sums[], PetscInt n)
{
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sums, (PetscMPIInt)n, MPI_DOUBLE, MPI_SUM, m->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Mean and variance of the columns of x into sums[0..H-1], [H..2H-1]. */
static PetscErrorCode measure(Message m, const REAL *x)
{
  const PetscInt H = m->o.hidden;
  double *mean = m->sums, *variance = mean + H;

  PetscFunctionBeginUser;
  PetscCall(PetscArrayzero(mean, 2 * H));
  for (PetscInt i = 0; i < m->nodes; i++)
    for (PetscInt j = 0; j < H; j++) mean[j] += (double)x[i * H + j];
  PetscCall(sum_over_ranks(m, mean, H));
  for (PetscInt j = 0; j < H; j++) mean[j] /= m->total;
  for (PetscInt i = 0; i < m->nodes; i++)
    for (PetscInt j = 0; j < H; j++) {
      const double d = (double)x[i * H + j] - mean[j];

      variance[j] += d * d;
    }
  PetscCall(sum_over_ranks(m, variance, H));
  for (PetscInt j = 0; j < H; j++) variance[j] /= m->total;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void move_statistics(Message m, const MessageNorm *n)
{
  const PetscInt H = m->o.hidden;
  REAL *mean = value_of(m->table, n->mean), *variance = value_of(m->table, n->variance);

  for (PetscInt j = 0; j < H; j++) {
    mean[j] = (REAL)(0.9 * (double)mean[j] + 0.1 * m->sums[j]);
    variance[j] = (REAL)(0.9 * (double)variance[j] + 0.1 * m->sums[H + j] * m->total / PetscMax(m->total - 1, 1));
  }
  *value_of(m->table, n->count) += 1;
}

/* y = weight (x - mean) / sqrt(variance + eps) + bias; y may be x */
static PetscErrorCode normalise(Message m, MessageNorm *n, const REAL *x, REAL *y)
{
  const PetscInt H = m->o.hidden;
  const REAL *weight = value_of(m->table, n->weight), *bias = value_of(m->table, n->bias);
  REAL *normal = (REAL *)n->normal;

  PetscFunctionBeginUser;
  if (m->statistics) {
    PetscCall(measure(m, x));
    move_statistics(m, n);
  } else
    for (PetscInt j = 0; j < H; j++) {
      m->sums[j] = (double)value_of(m->table, n->mean)[j];
      m->sums[H + j] = (double)value_of(m->table, n->variance)[j];
    }
  for (PetscInt j = 0; j < H; j++) n->spread[j] = 1 / sqrt(m->sums[H + j] + 1e-5);
  for (PetscInt i = 0; i < m->nodes; i++)
    for (PetscInt j = 0; j < H; j++) {
      const REAL z = (REAL)(((double)x[i * H + j] - m->sums[j]) * n->spread[j]);

      if (normal) normal[i * H + j] = z;
      y[i * H + j] = weight[j] * z + bias[j];
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* d: from dy to dx */
static PetscErrorCode normalise_adjoint(Message m, const MessageNorm *n, REAL *d)
{
  const PetscInt H = m->o.hidden;
  const REAL *weight = value_of(m->table, n->weight), *normal = (const REAL *)n->normal;
  REAL *dw = gradient_of(m->table, n->weight), *db = gradient_of(m->table, n->bias);
  double *sum = m->sums, *cross = sum + H;

  PetscFunctionBeginUser;
  PetscCall(PetscArrayzero(sum, 2 * H));
  for (PetscInt i = 0; i < m->nodes; i++)
    for (PetscInt j = 0; j < H; j++) {
      sum[j] += (double)d[i * H + j];
      cross[j] += (double)d[i * H + j] * (double)normal[i * H + j];
    }
  for (PetscInt j = 0; j < H; j++) {
    db[j] += (REAL)sum[j];
    dw[j] += (REAL)cross[j];
  }
  if (m->statistics)
    PetscCall(sum_over_ranks(m, sum, 2 * H));
  else
    PetscCall(PetscArrayzero(sum, 2 * H));
  for (PetscInt i = 0; i < m->nodes; i++)
    for (PetscInt j = 0; j < H; j++) {
      const double z = (double)d[i * H + j] - (sum[j] + (double)normal[i * H + j] * cross[j]) / m->total;

      d[i * H + j] = (REAL)((double)weight[j] * n->spread[j] * z);
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- edges ---- */

/* First rectifier of the edges of nodes a .. b-1: relu(P_i + Q_j), differences across a period included. */
static void gather_edges(Message m, const MessageLayer *l, PetscInt a, PetscInt b, REAL *x)
{
  const PetscInt H = m->o.hidden, k = m->k, F = m->o.fields, ld = 2 * H + F + 3;
  const PetscInt *index = SinewNeighboursIndex(m->graph);
  const double *shift = SinewNeighboursShift(m->graph);
  const REAL *W = value_of(m->table, l->message[0].weight) + 2 * H + F;

  for (PetscInt i = a; i < b; i++)
    for (PetscInt e = i * k; e < (i + 1) * k; e++, x += H) {
      const REAL *p = (const REAL *)l->P + i * H, *q = (const REAL *)l->Q + index[e] * H;

      if (shift && (shift[2 * e] != 0 || shift[2 * e + 1] != 0)) {
        const REAL s = (REAL)(m->o.offset * shift[2 * e]), t = (REAL)(m->o.offset * shift[2 * e + 1]);

        for (PetscInt j = 0; j < H; j++) {
          const REAL y = p[j] + q[j] + W[j * ld] * s + W[j * ld + 1] * t;

          x[j] = y > 0 ? y : 0;
        }
      } else
        for (PetscInt j = 0; j < H; j++) {
          const REAL y = p[j] + q[j];

          x[j] = y > 0 ? y : 0;
        }
    }
}

/* M_i = mean relu(z + bias) over the k rows of each node, and where it was open. */
static void mean_edges(Message m, const MessageLayer *l, PetscInt a, PetscInt b, const REAL *z)
{
  const PetscInt H = m->o.hidden, k = m->k;
  const REAL *bias = value_of(m->table, l->message[1].bias);
  const REAL share = (REAL)1 / (REAL)k;

  for (PetscInt i = a; i < b; i++) {
    REAL *mean = (REAL *)l->M + i * H;

    memset(mean, 0, sizeof(REAL) * (size_t)H);
    for (PetscInt e = i * k; e < (i + 1) * k; e++, z += H) {
      unsigned char *open = l->open ? l->open + (size_t)e * (size_t)H : NULL;

      for (PetscInt j = 0; open && j < H; j++) open[j] = z[j] + bias[j] > 0;
      for (PetscInt j = 0; j < H; j++) {
        const REAL y = z[j] + bias[j];

        mean[j] += y > 0 ? y : 0;
      }
    }
    for (PetscInt j = 0; j < H; j++) mean[j] *= share;
  }
}

static PetscInt block_nodes(Message m)
{
  return PetscMax(1, MESSAGE_BLOCK / m->k);
}

static PetscErrorCode run_edges(Message m, const MessageLayer *l)
{
  const PetscInt H = m->o.hidden, step = block_nodes(m);
  const REAL *W = value_of(m->table, l->message[1].weight);
  REAL *x = (REAL *)m->edge[0], *z = (REAL *)m->edge[1];

  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(MESSAGE_Edges, 0, 0, 0, 0));
  for (PetscInt a = 0; a < m->nodes; a += step) {
    const PetscInt b = PetscMin(a + step, m->nodes);

    gather_edges(m, l, a, b, x);
    apply((b - a) * m->k, H, H, x, H, W, H, 0, z, H);
    mean_edges(m, l, a, b, z);
  }
  PetscCall(PetscLogFlops(2.0 * (double)m->nodes * (double)m->k * (double)H * (double)H));
  PetscCall(PetscLogEventEnd(MESSAGE_Edges, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* From dM to the second dense layer's output, bias included: d = dM_i / k where it was open. */
static void mean_edges_adjoint(Message m, const MessageLayer *l, PetscInt a, PetscInt b, const REAL *dM, REAL *d)
{
  const PetscInt H = m->o.hidden, k = m->k;
  REAL *db = gradient_of(m->table, l->message[1].bias);
  const REAL share = (REAL)1 / (REAL)k;

  for (PetscInt i = a; i < b; i++)
    for (PetscInt e = i * k; e < (i + 1) * k; e++, d += H) {
      const unsigned char *open = l->open + (size_t)e * (size_t)H;

      for (PetscInt j = 0; j < H; j++) {
        const REAL y = (REAL)open[j] * share * dM[i * H + j];

        d[j] = y;
        db[j] += y;
      }
    }
}

/* From the first rectifier's adjoint d (x: its output) to P, Q and the columns of differences across a period. */
static void gather_edges_adjoint(Message m, const MessageLayer *l, PetscInt a, PetscInt b, const REAL *x, const REAL *d)
{
  const PetscInt H = m->o.hidden, k = m->k, F = m->o.fields, ld = 2 * H + F + 3;
  const PetscInt *index = SinewNeighboursIndex(m->graph);
  const double *shift = SinewNeighboursShift(m->graph);
  REAL *dW = gradient_of(m->table, l->message[0].weight) + 2 * H + F;

  for (PetscInt i = a; i < b; i++) {
    REAL *dp = (REAL *)m->dP + i * H;

    memset(dp, 0, sizeof(REAL) * (size_t)H);
    for (PetscInt e = i * k; e < (i + 1) * k; e++, x += H, d += H) {
      REAL *dq = (REAL *)m->dQ + index[e] * H;

      for (PetscInt j = 0; j < H; j++) {
        const REAL y = x[j] > 0 ? d[j] : 0;

        dp[j] += y;
        dq[j] += y;
      }
      if (!shift || (shift[2 * e] == 0 && shift[2 * e + 1] == 0)) continue;
      for (PetscInt j = 0; j < H; j++)
        for (int c = 0; c < 2; c++) dW[j * ld + c] += (x[j] > 0 ? d[j] : 0) * (REAL)(m->o.offset * shift[2 * e + c]);
    }
  }
}

static PetscErrorCode run_edges_adjoint(Message m, const MessageLayer *l)
{
  const PetscInt H = m->o.hidden, step = block_nodes(m);
  const REAL *W = value_of(m->table, l->message[1].weight);
  REAL *dW = gradient_of(m->table, l->message[1].weight);
  REAL *x = (REAL *)m->edge[0], *d = (REAL *)m->edge[1], *dx = (REAL *)m->edge[2];

  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(MESSAGE_EdgesAdjoint, 0, 0, 0, 0));
  memset(m->dQ, 0, sizeof(REAL) * (size_t)(m->rows * H));
  for (PetscInt a = 0; a < m->nodes; a += step) {
    const PetscInt b = PetscMin(a + step, m->nodes), edges = (b - a) * m->k;

    gather_edges(m, l, a, b, x);
    mean_edges_adjoint(m, l, a, b, (const REAL *)m->dM, d);
    weight_adjoint(edges, H, H, d, H, x, H, dW, H);
    apply_adjoint(edges, H, H, d, H, W, H, 0, dx, H);
    gather_edges_adjoint(m, l, a, b, x, dx);
  }
  PetscCall(PetscLogFlops(4.0 * (double)m->nodes * (double)m->k * (double)H * (double)H));
  PetscCall(PetscLogEventEnd(MESSAGE_EdgesAdjoint, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- a layer ---- */

/* P and Q of the owned rows, then Q of the halo. */
static PetscErrorCode prepare_edges(Message m, const MessageLayer *l)
{
  const PetscInt H = m->o.hidden, F = m->o.fields, ld = 2 * H + F + 3, n = m->nodes;
  const REAL *W = value_of(m->table, l->message[0].weight), *h = (const REAL *)l->h, *C = (const REAL *)m->C;
  REAL *P = (REAL *)l->P, *Q = (REAL *)l->Q;

  PetscFunctionBeginUser;
  apply(n, F + 2, H, C, F + 3, W + 2 * H, ld, 0, Q, H);
  for (PetscInt i = 0; i < n * H; i++) Q[i] = -Q[i];
  apply(n, H, H, h, H, W + H, ld, 1, Q, H);
  apply(n, F + 3, H, C, F + 3, W + 2 * H, ld, 0, P, H);
  apply(n, H, H, h, H, W, ld, 1, P, H);
  add_bias(n, H, value_of(m->table, l->message[0].bias), P);
  PetscCall(SinewNeighboursGather(m->graph, m->table->dtype, H, Q));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run_layer(Message m, MessageLayer *l, REAL *out)
{
  const PetscInt H = m->o.hidden, F = m->o.fields, n = m->nodes, ld = 2 * H + 1;
  const REAL *V = value_of(m->table, l->update[0].weight), *K = (const REAL *)m->K, *h = (const REAL *)l->h;
  REAL *U1 = (REAL *)l->U1, *U2 = (REAL *)l->U2;

  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(MESSAGE_Nodes, 0, 0, 0, 0));
  PetscCall(prepare_edges(m, l));
  PetscCall(PetscLogEventEnd(MESSAGE_Nodes, 0, 0, 0, 0));
  PetscCall(run_edges(m, l));
  PetscCall(PetscLogEventBegin(MESSAGE_Nodes, 0, 0, 0, 0));
  apply(n, 1, H, K + F + 2, F + 3, V + 2 * H, ld, 0, U1, H);
  apply(n, H, H, h, H, V, ld, 1, U1, H);
  apply(n, H, H, (const REAL *)l->M, H, V + H, ld, 1, U1, H);
  add_bias_rectify(n, H, value_of(m->table, l->update[0].bias), U1);
  apply(n, H, H, U1, H, value_of(m->table, l->update[1].weight), H, 0, U2, H);
  add_bias_rectify(n, H, value_of(m->table, l->update[1].bias), U2);
  for (PetscInt i = 0; i < n * H; i++) out[i] = h[i] + U2[i];
  PetscCall(normalise(m, &l->norm, out, out));
  PetscCall(PetscLogEventEnd(MESSAGE_Nodes, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The update's adjoint: g is the adjoint of h + U2 and becomes that of h through the update; dM. */
static void update_adjoint(Message m, const MessageLayer *l, REAL *g)
{
  const PetscInt H = m->o.hidden, F = m->o.fields, n = m->nodes, ld = 2 * H + 1;
  const REAL *V = value_of(m->table, l->update[0].weight), *V2 = value_of(m->table, l->update[1].weight);
  REAL *dV = gradient_of(m->table, l->update[0].weight), *d2 = (REAL *)m->dE, *d1 = (REAL *)m->dP;

  memcpy(d2, g, sizeof(REAL) * (size_t)(n * H));
  rectify_adjoint((size_t)(n * H), (const REAL *)l->U2, d2);
  weight_adjoint(n, H, H, d2, H, (const REAL *)l->U1, H, gradient_of(m->table, l->update[1].weight), H);
  add_columns(n, H, d2, gradient_of(m->table, l->update[1].bias));
  apply_adjoint(n, H, H, d2, H, V2, H, 0, d1, H);
  rectify_adjoint((size_t)(n * H), (const REAL *)l->U1, d1);
  weight_adjoint(n, H, H, d1, H, (const REAL *)l->h, H, dV, ld);
  weight_adjoint(n, H, H, d1, H, (const REAL *)l->M, H, dV + H, ld);
  weight_adjoint(n, 1, H, d1, H, (const REAL *)m->K + F + 2, F + 3, dV + 2 * H, ld);
  add_columns(n, H, d1, gradient_of(m->table, l->update[0].bias));
  apply_adjoint(n, H, H, d1, H, V, ld, 1, g, H);
  apply_adjoint(n, H, H, d1, H, V + H, ld, 0, (REAL *)m->dM, H);
}

/* From dP and dQ to the first dense layer's gradient, to g (adjoint of h) and to dK. */
static PetscErrorCode prepare_edges_adjoint(Message m, const MessageLayer *l, REAL *g)
{
  const PetscInt H = m->o.hidden, F = m->o.fields, ld = 2 * H + F + 3, n = m->nodes;
  const REAL *W = value_of(m->table, l->message[0].weight), *h = (const REAL *)l->h, *C = (const REAL *)m->C;
  REAL *dW = gradient_of(m->table, l->message[0].weight), *dP = (REAL *)m->dP, *dQ = (REAL *)m->dQ;

  PetscFunctionBeginUser;
  PetscCall(SinewNeighboursScatter(m->graph, m->table->dtype, H, dQ));
  weight_adjoint(n, H, H, dP, H, h, H, dW, ld);
  weight_adjoint(n, H, H, dQ, H, h, H, dW + H, ld);
  weight_adjoint(n, F + 3, H, dP, H, C, F + 3, dW + 2 * H, ld);
  add_columns(n, H, dP, gradient_of(m->table, l->message[0].bias));
  apply_adjoint(n, H, H, dP, H, W, ld, 1, g, H);
  apply_adjoint(n, H, H, dQ, H, W + H, ld, 1, g, H);
  apply_adjoint(n, F + 3, H, dP, H, W + 2 * H, ld, 1, (REAL *)m->dK, F + 3);
  for (PetscInt i = 0; i < n * H; i++) dQ[i] = -dQ[i];
  weight_adjoint(n, F + 2, H, dQ, H, C, F + 3, dW + 2 * H, ld);
  apply_adjoint(n, F + 2, H, dQ, H, W + 2 * H, ld, 1, (REAL *)m->dK, F + 3);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run_layer_adjoint(Message m, const MessageLayer *l, REAL *g)
{
  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(MESSAGE_NodesAdjoint, 0, 0, 0, 0));
  PetscCall(normalise_adjoint(m, &l->norm, g));
  update_adjoint(m, l, g);
  PetscCall(PetscLogEventEnd(MESSAGE_NodesAdjoint, 0, 0, 0, 0));
  PetscCall(run_edges_adjoint(m, l));
  PetscCall(PetscLogEventBegin(MESSAGE_NodesAdjoint, 0, 0, 0, 0));
  PetscCall(prepare_edges_adjoint(m, l, g));
  PetscCall(PetscLogEventEnd(MESSAGE_NodesAdjoint, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- embedding ---- */

/* K: u, x, y, t of the nodes; C: what edges see of them. The adjoint of C adds to that of K, where only u's is wanted.
 */
static void fill_context(Message m, const REAL *u)
{
  const PetscInt F = m->o.fields, each = PetscMax(1, m->nodes / m->samples);
  const double *at = SinewNeighboursAt(m->graph);
  REAL *K = (REAL *)m->K, *C = (REAL *)m->C;

  for (PetscInt i = 0; i < m->nodes; i++, K += F + 3, C += F + 3) {
    for (PetscInt f = 0; f < F; f++) K[f] = u[i * F + f];
    K[F] = (REAL)at[2 * i];
    K[F + 1] = (REAL)at[2 * i + 1];
    K[F + 2] = (REAL)m->t[i / each];
    memcpy(C, K, sizeof(REAL) * (size_t)(F + 3));
    for (int d = 0; d < 2; d++) C[F + d] = (REAL)(m->o.offset * at[2 * i + d]);
  }
}

static PetscErrorCode embed(Message m, REAL *h)
{
  const PetscInt H = m->o.hidden, F = m->o.fields, n = m->nodes;
  REAL *E = (REAL *)m->E;

  PetscFunctionBeginUser;
  apply(n, F + 3, H, (const REAL *)m->K, F + 3, value_of(m->table, m->embedding[0].weight), F + 3, 0, E, H);
  add_bias(n, H, value_of(m->table, m->embedding[0].bias), E);
  PetscCall(normalise(m, &m->embedding_norm[0], E, E));
  for (PetscInt i = 0; i < n * H; i++) E[i] = E[i] > 0 ? E[i] : 0;
  apply(n, H, H, E, H, value_of(m->table, m->embedding[1].weight), H, 0, h, H);
  add_bias(n, H, value_of(m->table, m->embedding[1].bias), h);
  PetscCall(normalise(m, &m->embedding_norm[1], h, h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode embed_adjoint(Message m, REAL *g)
{
  const PetscInt H = m->o.hidden, F = m->o.fields, n = m->nodes;
  const REAL *W[2] = {value_of(m->table, m->embedding[0].weight), value_of(m->table, m->embedding[1].weight)};
  REAL *d = (REAL *)m->dE;

  PetscFunctionBeginUser;
  PetscCall(normalise_adjoint(m, &m->embedding_norm[1], g));
  weight_adjoint(n, H, H, g, H, (const REAL *)m->E, H, gradient_of(m->table, m->embedding[1].weight), H);
  add_columns(n, H, g, gradient_of(m->table, m->embedding[1].bias));
  apply_adjoint(n, H, H, g, H, W[1], H, 0, d, H);
  rectify_adjoint((size_t)(n * H), (const REAL *)m->E, d);
  PetscCall(normalise_adjoint(m, &m->embedding_norm[0], d));
  weight_adjoint(n, F + 3, H, d, H, (const REAL *)m->K, F + 3, gradient_of(m->table, m->embedding[0].weight), F + 3);
  add_columns(n, H, d, gradient_of(m->table, m->embedding[0].bias));
  apply_adjoint(n, F + 3, H, d, H, W[0], F + 3, 1, (REAL *)m->dK, F + 3);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- decoder: convolutions along the features as matrices ---- */

/* Between a convolution's kernel [out][in][size] and its matrix [out x length][in x length before]: copies, or adds the
   matrix's gradient to the kernel's. */
static void expand(Message m, int c, PetscBool back)
{
  const PetscInt size = m->o.kernel[c], in = m->width[c] / m->length[c], out = m->width[c + 1] / m->length[c + 1];
  REAL *matrix = (REAL *)(back ? m->matrix_gradient[c] : m->matrix[c]);
  REAL *bias = (REAL *)(back ? m->bias_gradient[c] : m->matrix_bias[c]);
  REAL *w = back ? gradient_of(m->table, m->decoder_weight[c]) : value_of(m->table, m->decoder_weight[c]);
  REAL *b = back ? gradient_of(m->table, m->decoder_bias[c]) : value_of(m->table, m->decoder_bias[c]);

  for (PetscInt o = 0; o < out; o++)
    for (PetscInt p = 0; p < m->length[c + 1]; p++) {
      const PetscInt row = o * m->length[c + 1] + p;

      if (back)
        b[o] += bias[row];
      else
        bias[row] = b[o];
      for (PetscInt i = 0; i < in; i++)
        for (PetscInt q = 0; q < size; q++) {
          REAL *entry = matrix + row * m->width[c] + i * m->length[c] + p * MessageStrides[c] + q,
               *k = w + (o * in + i) * size + q;

          if (back)
            *k += *entry;
          else
            *entry = *k;
        }
    }
}

static void decode(Message m, const REAL *h, REAL *y)
{
  const REAL *x[3] = {h, (const REAL *)m->D[0], (const REAL *)m->D[1]};
  REAL *z[3] = {(REAL *)m->D[0], (REAL *)m->D[1], y};

  for (int c = 0; c < 3; c++) {
    expand(m, c, PETSC_FALSE);
    apply(m->nodes, m->width[c], m->width[c + 1], x[c], m->width[c], (const REAL *)m->matrix[c], m->width[c], 0, z[c],
          m->width[c + 1]);
    if (c < 2)
      add_bias_rectify(m->nodes, m->width[c + 1], (const REAL *)m->matrix_bias[c], z[c]);
    else
      add_bias(m->nodes, m->width[c + 1], (const REAL *)m->matrix_bias[c], z[c]);
  }
  for (PetscInt i = 0; i < m->nodes * m->o.fields; i++) y[i] *= (REAL)m->o.scale;
}

/* g: the adjoint of h */
static void decode_adjoint(Message m, const REAL *dy, REAL *g)
{
  const REAL *x[3] = {(const REAL *)m->last, (const REAL *)m->D[0], (const REAL *)m->D[1]};
  REAL *d[4] = {g, (REAL *)m->dE, (REAL *)m->dP, (REAL *)m->dM};

  for (PetscInt i = 0; i < m->nodes * m->o.fields; i++) d[3][i] = dy[i] * (REAL)m->o.scale;
  for (int c = 2; c >= 0; c--) {
    const PetscInt in = m->width[c], out = m->width[c + 1];

    memset(m->matrix_gradient[c], 0, sizeof(REAL) * (size_t)(in * out));
    memset(m->bias_gradient[c], 0, sizeof(REAL) * (size_t)out);
    if (c < 2) rectify_adjoint((size_t)(m->nodes * out), x[c + 1], d[c + 1]);
    weight_adjoint(m->nodes, in, out, d[c + 1], out, x[c], in, (REAL *)m->matrix_gradient[c], in);
    add_columns(m->nodes, out, d[c + 1], (REAL *)m->bias_gradient[c]);
    apply_adjoint(m->nodes, in, out, d[c + 1], out, (const REAL *)m->matrix[c], in, 0, d[c], in);
    expand(m, c, PETSC_TRUE);
  }
}

/* ---- all of it ---- */

static PetscErrorCode FN(message_forward)(Message m, const void *u, void *y)
{
  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(MESSAGE_Nodes, 0, 0, 0, 0));
  fill_context(m, (const REAL *)u);
  PetscCall(embed(m, (REAL *)m->layer[0].h));
  PetscCall(PetscLogEventEnd(MESSAGE_Nodes, 0, 0, 0, 0));
  for (PetscInt k = 0; k < m->o.layers; k++)
    PetscCall(run_layer(m, &m->layer[k], (REAL *)(k + 1 < m->o.layers ? m->layer[k + 1].h : m->last)));
  PetscCall(PetscLogEventBegin(MESSAGE_Nodes, 0, 0, 0, 0));
  decode(m, (const REAL *)m->last, (REAL *)y);
  PetscCall(PetscLogEventEnd(MESSAGE_Nodes, 0, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FN(message_backward)(Message m, const void *dy, void *du)
{
  const PetscInt F = m->o.fields;
  REAL *g = (REAL *)m->g;

  PetscFunctionBeginUser;
  memset(m->dK, 0, sizeof(REAL) * (size_t)(m->nodes * (F + 3)));
  PetscCall(PetscLogEventBegin(MESSAGE_NodesAdjoint, 0, 0, 0, 0));
  decode_adjoint(m, (const REAL *)dy, g);
  PetscCall(PetscLogEventEnd(MESSAGE_NodesAdjoint, 0, 0, 0, 0));
  for (PetscInt k = m->o.layers - 1; k >= 0; k--) PetscCall(run_layer_adjoint(m, &m->layer[k], g));
  PetscCall(PetscLogEventBegin(MESSAGE_NodesAdjoint, 0, 0, 0, 0));
  PetscCall(embed_adjoint(m, g));
  PetscCall(PetscLogEventEnd(MESSAGE_NodesAdjoint, 0, 0, 0, 0));
  for (PetscInt i = 0; i < m->nodes; i++)
    for (PetscInt f = 0; f < F; f++) ((REAL *)du)[i * F + f] += ((const REAL *)m->dK)[i * (F + 3) + f];
  PetscFunctionReturn(PETSC_SUCCESS);
}
