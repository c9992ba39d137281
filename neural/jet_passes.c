/* Forward, tangent, adjoint and Jacobian passes of a block of points through the layers. */
#include "dense_private.h"
#include "jet_private.h"

/* Z [out][channels * n] = W H, + b in channel 0. */
static void linear_map(SinewJet jet, PetscInt l, const PetscReal w[], const PetscReal h[], PetscReal beta,
                       const PetscReal b[], PetscReal z[])
{
  const PetscInt in = jet->size[l], out = jet->size[l + 1], row = jet->channels * jet->n;

  SinewGemm('N', 'N', row, out, in, 1, h, row, w, in, beta, z, row);
  for (PetscInt o = 0; b && o < out; o++)
    for (PetscInt p = 0; p < jet->n; p++) z[o * row + p] += b[o];
}

static PetscErrorCode check_block(SinewJet jet, PetscInt n)
{
  PetscFunctionBegin;
  PetscCheck(n >= 0 && n <= jet->block, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "%" PetscInt_FMT " points in a jet made for blocks of %" PetscInt_FMT, n, jet->block);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewJetForward(SinewJet jet, const PetscReal w[], SinewJetOrder order, PetscInt n, const PetscReal x[],
                               PetscReal u[])
{
  const JetKernels kernels = SinewJetKernels(jet->options.dim, order);
  JetActivationRow *activation = SinewJetActivationKernel(jet->options.activation);
  const PetscInt last = jet->linear - 1, width = jet->options.width;
  const PetscInt derivatives = order == SINEW_JET_THIRD ? 4 : order > SINEW_JET_GRADIENT ? 3 : 2;

  PetscFunctionBegin;
  PetscCall(check_block(jet, n));
  jet->n = n;
  jet->order = order;
  jet->channels = SinewJetChannels(jet->options.dim, order);
  PetscCall(PetscArraycpy(jet->w, w, jet->parameters));
  SinewJetFeatures(jet, x, jet->h[0]);
  for (PetscInt l = 0; l < last; l++) {
    const PetscInt row = jet->channels * n;

    linear_map(jet, l, w + jet->weight[l], jet->h[l], 0, w + jet->bias[l], jet->z[l]);
    for (PetscInt o = 0; o < width; o++) {
      PetscReal *f = jet->f[l] + o * JET_DERIVATIVES * n, *h = jet->h[l + 1] + o * row;

      activation(n, jet->options.omega, derivatives, jet->z[l] + o * row, h, f);
      kernels.forward(n, jet->z[l] + o * row, f, h);
    }
  }
  linear_map(jet, last, w + jet->weight[last], jet->h[last], 0, w + jet->bias[last], jet->walls ? jet->raw : u);
  if (jet->walls) {
    SinewJetFactor(jet, x, jet->factor);
    SinewJetTimesFactor(jet, jet->raw, u);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewJetEvaluate(SinewJet jet, const PetscReal w[], SinewJetOrder order, PetscInt n, const PetscReal x[],
                                PetscReal u[])
{
  const PetscInt rows = jet->options.outputs * SinewJetChannels(jet->options.dim, order);

  PetscFunctionBegin;
  for (PetscInt first = 0; first < n; first += jet->block) {
    const PetscInt count = PetscMin(jet->block, n - first);

    PetscCall(SinewJetForward(jet, w, order, count, x + first * jet->options.dim, jet->out));
    for (PetscInt k = 0; k < rows; k++) PetscCall(PetscArraycpy(u + k * n + first, jet->out + k * count, count));
  }
  jet->n = -1; /* no block to refer to */
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_forward(SinewJet jet)
{
  PetscFunctionBegin;
  PetscCheck(jet->n >= 0, PETSC_COMM_SELF, PETSC_ERR_ORDER, "SinewJetForward comes first");
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewJetTangent(SinewJet jet, const PetscReal v[], PetscReal du[])
{
  const JetKernels kernels = SinewJetKernels(jet->options.dim, jet->order);
  const PetscInt last = jet->linear - 1, n = jet->n, row = jet->channels * n;
  const PetscBool keep = (PetscBool)(jet->order <= SINEW_JET_GRADIENT); /* for SinewJetAdjointTangent */
  const PetscReal *dh = NULL;

  PetscFunctionBegin;
  PetscCall(check_forward(jet));
  for (PetscInt l = 0; l <= last; l++) {
    PetscReal *dz = keep && l < last ? jet->dz[l] : jet->a, *next = keep && l < last ? jet->dh[l + 1] : jet->b;
    PetscReal *out = l < last ? dz : jet->walls ? jet->raw : du;

    linear_map(jet, l, v + jet->weight[l], jet->h[l], 0, v + jet->bias[l], out);
    if (l) linear_map(jet, l, jet->w + jet->weight[l], dh, 1, NULL, out);
    for (PetscInt o = 0; l < last && o < jet->options.width; o++)
      kernels.tangent(n, jet->z[l] + o * row, jet->f[l] + o * JET_DERIVATIVES * n, dz + o * row, next + o * row);
    dh = next;
  }
  if (jet->walls) SinewJetTimesFactor(jet, jet->raw, du);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* From the adjoint of map l's output (in jet->a) to that of map l - 1's output (in jet->a again). */
static void step_back(SinewJet jet, const JetKernels *kernels, PetscInt l, const PetscReal *seed)
{
  const PetscInt in = jet->size[l], out = jet->size[l + 1], n = jet->n, row = jet->channels * n;

  SinewGemm('N', 'T', row, in, out, 1, seed, row, jet->w + jet->weight[l], in, 0, jet->b, row);
  for (PetscInt o = 0; o < in; o++)
    kernels->adjoint(n, jet->z[l - 1] + o * row, jet->f[l - 1] + o * JET_DERIVATIVES * n, jet->b + o * row,
                     jet->a + o * row);
}

static const PetscReal *output_seed(SinewJet jet, const PetscReal seed[], PetscReal raw[])
{
  if (!jet->walls) return seed;
  SinewJetTimesFactorTranspose(jet, seed, raw);
  return raw;
}

PetscErrorCode SinewJetAdjoint(SinewJet jet, const PetscReal seed[], PetscReal g[])
{
  const JetKernels kernels = SinewJetKernels(jet->options.dim, jet->order);
  const PetscInt n = jet->n, row = jet->channels * n;
  const PetscReal *a = seed;

  PetscFunctionBegin;
  PetscCall(check_forward(jet));
  a = output_seed(jet, seed, jet->raw);
  for (PetscInt l = jet->linear - 1; l >= 0; l--) {
    const PetscInt in = jet->size[l], out = jet->size[l + 1];

    SinewGemm('T', 'N', in, out, row, 1, jet->h[l], row, a, row, 1, g + jet->weight[l], in);
    for (PetscInt o = 0; o < out; o++) {
      PetscReal sum = 0;

      for (PetscInt p = 0; p < n; p++) sum += a[o * row + p];
      g[jet->bias[l] + o] += sum;
    }
    if (l) step_back(jet, &kernels, l, a);
    a = jet->a;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The adjoint's kernel along a tangent: az_0 = f1 ah_0 + f2 sum z_i ah_i and az_i = f1 ah_i, all of them
 * differentiated. */
static void adjoint_tangent(PetscInt n, PetscInt channels, const PetscReal *restrict z, const PetscReal *restrict f,
                            const PetscReal *restrict dz, const PetscReal *restrict ah, const PetscReal *restrict dah,
                            PetscReal *restrict daz)
{
  const PetscReal *f1 = f, *f2 = f + n, *f3 = f + 2 * n;

#pragma omp simd
  for (PetscInt p = 0; p < n; p++) daz[p] = f1[p] * dah[p] + f2[p] * dz[p] * ah[p];
  for (PetscInt i = n; i < channels * n; i += n) {
#pragma omp simd
    for (PetscInt p = 0; p < n; p++) {
      const PetscReal w2 = f2[p] * dz[p], w3 = f3[p] * dz[p];

      daz[p] += w3 * z[i + p] * ah[i + p] + f2[p] * (dz[i + p] * ah[i + p] + z[i + p] * dah[i + p]);
      daz[i + p] = w2 * ah[i + p] + f1[p] * dah[i + p];
    }
  }
}

/* The third derivative, which low orders leave out. */
static void complete_sine(SinewJet jet, PetscInt l)
{
  const PetscInt n = jet->n;

  for (PetscInt o = 0; jet->options.activation == SINEW_SINE && o < jet->options.width; o++) {
    PetscReal *f = jet->f[l] + o * JET_DERIVATIVES * n;

    for (PetscInt p = 0; p < n; p++) f[2 * n + p] = -jet->options.omega * jet->options.omega * f[p];
  }
}

/* As step_back, with the tangent da, dA = dW'; into jet->a and jet->da. */
static void step_back_tangent(SinewJet jet, const JetKernels *kernels, PetscInt l, const PetscReal v[],
                              const PetscReal *a, const PetscReal *da)
{
  const PetscInt in = jet->size[l], out = jet->size[l + 1], n = jet->n, row = jet->channels * n;

  SinewGemm('N', 'T', row, in, out, 1, da, row, jet->w + jet->weight[l], in, 0, jet->db, row);
  SinewGemm('N', 'T', row, in, out, 1, a, row, v + jet->weight[l], in, 1, jet->db, row);
  step_back(jet, kernels, l, a);
  complete_sine(jet, l - 1);
  for (PetscInt o = 0; o < in; o++)
    adjoint_tangent(n, jet->channels, jet->z[l - 1] + o * row, jet->f[l - 1] + o * JET_DERIVATIVES * n,
                    jet->dz[l - 1] + o * row, jet->b + o * row, jet->db + o * row, jet->da + o * row);
}

PetscErrorCode SinewJetAdjointTangent(SinewJet jet, const PetscReal v[], const PetscReal seed[],
                                      const PetscReal dseed[], PetscReal h[])
{
  const JetKernels kernels = SinewJetKernels(jet->options.dim, jet->order);
  const PetscInt n = jet->n, row = jet->channels * n;
  const PetscReal *a, *da;

  PetscFunctionBegin;
  PetscCall(check_forward(jet));
  PetscCheck(jet->order <= SINEW_JET_GRADIENT, PETSC_COMM_SELF, PETSC_ERR_SUP,
             "second derivatives by the weights of "
             "values and gradients only");
  a = output_seed(jet, seed, jet->raw);
  da = output_seed(jet, dseed, jet->draw);
  for (PetscInt l = jet->linear - 1; l >= 0; l--) {
    const PetscInt in = jet->size[l], out = jet->size[l + 1];

    SinewGemm('T', 'N', in, out, row, 1, jet->h[l], row, da, row, 1, h + jet->weight[l], in);
    if (l) SinewGemm('T', 'N', in, out, row, 1, jet->dh[l], row, a, row, 1, h + jet->weight[l], in);
    for (PetscInt o = 0; o < out; o++)
      for (PetscInt p = 0; p < n; p++) h[jet->bias[l] + o] += da[o * row + p];
    if (l) step_back_tangent(jet, &kernels, l, v, a, da);
    a = jet->a;
    da = jet->da;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where the derivatives by the weights go. */
typedef struct {
  const PetscInt *column; /* [weights], negative for those left out; NULL: in their order */
  PetscReal *J;
  PetscInt ld;
} Columns;

static inline PetscReal *column_of(const Columns *columns, PetscInt weight)
{
  const PetscInt k = columns->column ? columns->column[weight] : weight;

  return k < 0 ? NULL : columns->J + k * columns->ld;
}

/* Column of weight first + (o, i) = sum over channels of adjoint (o) times input (i), point by point. */
static inline __attribute__((always_inline)) void outer_products(const PetscInt channels, PetscInt n, PetscInt out,
                                                                 PetscInt in, const PetscReal *restrict a,
                                                                 const PetscReal *restrict h, PetscInt first,
                                                                 const Columns *columns)
{
  const PetscInt row = channels * n;

  for (PetscInt o = 0; o < out; o++) {
    for (PetscInt i = 0; i < in; i++) {
      const PetscReal *ao = a + o * row, *hi = h + i * row;
      PetscReal *restrict to = column_of(columns, first + o * in + i);

      if (!to) continue;
#pragma omp simd
      for (PetscInt p = 0; p < n; p++) {
        PetscReal sum = ao[p] * hi[p];

        _Pragma("GCC unroll 20") for (PetscInt c = 1; c < channels; c++) sum += ao[c * n + p] * hi[c * n + p];
        to[p] = sum;
      }
    }
  }
}

static void rows_of_map(SinewJet jet, PetscInt l, const PetscReal a[], const Columns *to)
{
  const PetscInt in = jet->size[l], out = jet->size[l + 1], n = jet->n, first = jet->weight[l];
  const PetscReal *h = jet->h[l];

  switch (jet->channels) {
  case 1: outer_products(1, n, out, in, a, h, first, to); break;
  case 2: outer_products(2, n, out, in, a, h, first, to); break;
  case 3: outer_products(3, n, out, in, a, h, first, to); break;
  case 4: outer_products(4, n, out, in, a, h, first, to); break;
  case 5: outer_products(5, n, out, in, a, h, first, to); break;
  case 6: outer_products(6, n, out, in, a, h, first, to); break;
  case 8: outer_products(8, n, out, in, a, h, first, to); break;
  case 10: outer_products(10, n, out, in, a, h, first, to); break;
  default: outer_products(jet->channels, n, out, in, a, h, first, to); break;
  }
  for (PetscInt o = 0; o < out; o++) {
    PetscReal *bias = column_of(to, jet->bias[l] + o);

    for (PetscInt p = 0; bias && p < n; p++) bias[p] = a[o * jet->channels * n + p];
  }
}

PetscErrorCode SinewJetRows(SinewJet jet, const PetscReal seed[], const PetscInt column[], PetscReal J[], PetscInt ld)
{
  const JetKernels kernels = SinewJetKernels(jet->options.dim, jet->order);
  const Columns columns = {column, J, ld};
  const PetscReal *a = seed;

  PetscFunctionBegin;
  PetscCall(check_forward(jet));
  a = output_seed(jet, seed, jet->raw);
  for (PetscInt l = jet->linear - 1; l >= 0; l--) {
    rows_of_map(jet, l, a, &columns);
    if (l) step_back(jet, &kernels, l, a);
    a = jet->a;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
