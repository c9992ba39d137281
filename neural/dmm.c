#include "neural/dmm_private.h"

#include "neural/blas.h"

static const char *const names[PARAMETERS] = {
    "branch.layers.0.weight", "branch.layers.0.bias", "branch.layers.1.weight", "branch.layers.1.bias",
    "branch.layers.2.weight", "branch.layers.2.bias", "branch.layers.3.weight", "branch.layers.3.bias",
    "branch.fc2.weight",      "branch.fc2.bias",      "branch.fc3.weight",      "branch.fc3.bias",
    "trunk.layers.0.weight",  "trunk.layers.0.bias",  "trunk.layers.1.weight",  "trunk.layers.1.bias",
    "out_nn.layers.0.weight", "out_nn.layers.0.bias", "out_nn.layers.1.weight", "out_nn.layers.1.bias"};

const Convolution SinewDMMConvolutions_Private[4] = {{1, 8, 2}, {8, 16, 1}, {16, 8, 1}, {8, 1, 2}};

/* ---- creation ---- */

static void set_shape(SinewDMM m, int p, int rank, PetscInt64 a, PetscInt64 b, PetscInt64 c, PetscInt64 d)
{
  m->shape[p] = (SinewArray){.name = names[p], .dtype = SINEW_FLOAT64, .rank = rank, .shape = {a, b, c, d}};
}

static void set_shapes(SinewDMM m)
{
  for (int k = 0; k < 4; k++) {
    set_shape(m, 2 * k, 4, SinewDMMConvolutions_Private[k].out, SinewDMMConvolutions_Private[k].in, KERNEL, KERNEL);
    set_shape(m, 2 * k + 1, 1, SinewDMMConvolutions_Private[k].out, 0, 0, 0);
  }
  set_shape(m, FC2_W, 2, m->dense, m->quarter * m->quarter, 0, 0);
  set_shape(m, FC2_B, 1, m->dense, 0, 0, 0);
  set_shape(m, FC3_W, 2, m->features, m->dense, 0, 0);
  set_shape(m, FC3_B, 1, m->features, 0, 0, 0);
  set_shape(m, TRUNK0_W, 2, m->trunk, 2, 0, 0);
  set_shape(m, TRUNK0_B, 1, m->trunk, 0, 0, 0);
  set_shape(m, TRUNK1_W, 2, m->features, m->trunk, 0, 0);
  set_shape(m, TRUNK1_B, 1, m->features, 0, 0, 0);
  set_shape(m, OUT0_W, 2, m->hidden, 2 * m->features, 0, 0);
  set_shape(m, OUT0_B, 1, m->hidden, 0, 0, 0);
  set_shape(m, OUT1_W, 2, 1, m->hidden, 0, 0);
  set_shape(m, OUT1_B, 1, 1, 0, 0, 0);
}

PetscErrorCode SinewDMMCreateEmpty(PetscInt size, PetscInt dense, PetscInt features, PetscInt trunk, PetscInt hidden,
                                   SinewDMM *dmm)
{
  SinewDMM m;
  size_t total = 0, at = 0, K, H, plane;

  PetscFunctionBeginUser;
  PetscCall(SinewBlasTune());
  PetscCall(PetscNew(&m));
  *dmm = m;
  m->size = size;
  m->half = (size - 1) / 2 + 1;
  m->quarter = (m->half - 1) / 2 + 1;
  m->dense = dense;
  m->features = features;
  m->trunk = trunk;
  m->hidden = hidden;
  K = (size_t)trunk;
  H = (size_t)hidden;
  plane = (size_t)(m->half * m->half);
  set_shapes(m);
  for (int p = 0; p < PARAMETERS; p++) total += (size_t)SinewArraySize(&m->shape[p]);
  PetscCall(PetscCalloc1(total, &m->memory));
  for (int p = 0; p < PARAMETERS; p++) {
    m->parameter[p] = m->memory + at;
    m->shape[p].data = m->parameter[p];
    at += (size_t)SinewArraySize(&m->shape[p]);
  }
  PetscCall(PetscMalloc2(H * K, &m->A, H, &m->c0));
  PetscCall(PetscMalloc5(8 * plane, &m->plane[0], CHANNELS * plane, &m->plane[1], 8 * plane, &m->plane[2],
                         (size_t)(m->quarter * m->quarter), &m->plane[3], (size_t)dense, &m->fc2));
  for (int k = 0; k < 2; k++)
    PetscCall(PetscMalloc1(PetscMax((size_t)PATCHES, (size_t)(CHANNELS * KERNEL * KERNEL * m->half)), &m->patches[k]));
  PetscCall(
      PetscMalloc5(BLOCK * K, &m->z, BLOCK * K, &m->dz, BLOCK * K, &m->d[0], BLOCK * K, &m->d[1], BLOCK * K, &m->s));
  PetscCall(PetscMalloc4(BLOCK * H, &m->h, BLOCK * H, &m->g, BLOCK * H, &m->v[0], BLOCK * H, &m->v[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDMMDestroy(SinewDMM *dmm)
{
  SinewDMM m = *dmm;

  PetscFunctionBeginUser;
  if (!m) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree(m->memory));
  PetscCall(PetscFree2(m->A, m->c0));
  PetscCall(PetscFree(m->patches[0]));
  PetscCall(PetscFree(m->patches[1]));
  PetscCall(PetscFree5(m->plane[0], m->plane[1], m->plane[2], m->plane[3], m->fc2));
  PetscCall(PetscFree5(m->z, m->dz, m->d[0], m->d[1], m->s));
  PetscCall(PetscFree4(m->h, m->g, m->v[0], m->v[1]));
  PetscCall(PetscFree(m));
  *dmm = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Shape of a parameter in the file. */
static PetscErrorCode inquire(SinewFile file, const char group[], int p, int rank, SinewArray *array)
{
  char name[256];
  PetscBool exists;

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(name, sizeof(name), "%s/%s", group, names[p]));
  PetscCall(SinewFileInquire(file, name, &exists, array));
  if (!exists) SETERRQ(PETSC_COMM_WORLD, SINEW_ERR_INPUT, "%s: parameter %s is missing", SinewFilePath(file), name);
  if (array->rank != rank)
    SETERRQ(PETSC_COMM_WORLD, SINEW_ERR_INPUT, "%s: parameter %s has %d axes, expected %d", SinewFilePath(file), name,
            array->rank, rank);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDMMCreate(SinewFile file, const char group[], SinewDMM *dmm)
{
  SinewArray fc2, trunk, decoder, found;
  PetscInt side = 1, n;
  PetscInt64 walls = 0;

  PetscFunctionBeginUser;
  *dmm = NULL;
  PetscCall(inquire(file, group, FC2_W, 2, &fc2));
  PetscCall(inquire(file, group, TRUNK1_W, 2, &trunk));
  PetscCall(inquire(file, group, OUT0_W, 2, &decoder));
  while (side * side < fc2.shape[1]) side++;
  if (side * side != fc2.shape[1])
    SETERRQ(PETSC_COMM_WORLD, SINEW_ERR_INPUT, "%s: parameter %s/%s reads %d values, which no square field leaves",
            SinewFilePath(file), group, names[FC2_W], (int)fc2.shape[1]);
  /* fields of 4 q - 3 .. 4 q nodes a side leave q: the file does not say which, and the largest fits all decks */
  PetscCall(SinewDMMCreateEmpty(4 * side, (PetscInt)fc2.shape[0], (PetscInt)trunk.shape[0], (PetscInt)trunk.shape[1],
                                (PetscInt)decoder.shape[0], dmm));
  for (int p = 0; p < PARAMETERS; p++) {
    SinewArray *array = &(*dmm)->shape[p], whole = *array;
    char name[256];

    PetscCall(inquire(file, group, p, array->rank, &found));
    for (int k = 0; k < array->rank; k++) {
      if (found.shape[k] == array->shape[k]) continue;
      SETERRQ(PETSC_COMM_WORLD, SINEW_ERR_INPUT, "%s: parameter %s/%s has %d entries along axis %d, expected %d",
              SinewFilePath(file), group, names[p], (int)found.shape[k], k, (int)array->shape[k]);
    }
    PetscCall(PetscSNPrintf(name, sizeof(name), "%s/%s", group, names[p]));
    whole.name = name;
    PetscCall(SinewFileRead(file, &whole));
  }
  PetscCall(SinewFileReadInts(file, group, "walls", 1, &n, &walls));
  (*dmm)->walls = (PetscBool)(n && walls);
  PetscCall(SinewDMMCollapse(*dmm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDMMSetSize(SinewDMM m, PetscInt size)
{
  const PetscInt half = (size - 1) / 2 + 1;

  PetscFunctionBeginUser;
  if (size > m->size || (half - 1) / 2 + 1 != m->quarter)
    SETERRQ(PETSC_COMM_SELF, SINEW_ERR_INPUT,
            "the mesh network was made for fields of %" PetscInt_FMT " to %" PetscInt_FMT
            " nodes a side, not for %" PetscInt_FMT,
            4 * m->quarter - 3, 4 * m->quarter, size);
  m->size = size;
  m->half = half;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDMMSetWalls(SinewDMM m, PetscBool walls)
{
  PetscFunctionBeginUser;
  m->walls = walls;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscBool SinewDMMWalls(SinewDMM m)
{
  return m->walls;
}

PetscErrorCode SinewDMMGetParameter(SinewDMM m, PetscInt i, SinewArray *array)
{
  PetscFunctionBeginUser;
  *array = i < PARAMETERS ? m->shape[i] : (SinewArray){.name = NULL};
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt SinewDMMSize(SinewDMM m)
{
  return m->size;
}

PetscInt SinewDMMHidden(SinewDMM m)
{
  return m->hidden;
}

PetscInt SinewDMMFeatures(SinewDMM m)
{
  return m->features;
}

/* ---- matrices ---- */

PetscErrorCode SinewDMMMultiply_Private(PetscBool transposed, PetscInt m, PetscInt n, PetscInt k, const double A[],
                                        PetscInt lda, const double B[], PetscInt ldb, double beta, double C[],
                                        PetscInt ldc)
{
  PetscBLASInt bm, bn, bk, ba, bb, bc;
  const double one = 1;

  PetscFunctionBegin;
  PetscCall(PetscBLASIntCast(m, &bm));
  PetscCall(PetscBLASIntCast(n, &bn));
  PetscCall(PetscBLASIntCast(k, &bk));
  PetscCall(PetscBLASIntCast(lda, &ba));
  PetscCall(PetscBLASIntCast(ldb, &bb));
  PetscCall(PetscBLASIntCast(ldc, &bc));
  BLASgemm_(transposed ? "T" : "N", "N", &bn, &bm, &bk, &one, B, &bb, A, &ba, &beta, C, &bc);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDMMCollapse(SinewDMM m)
{
  const PetscInt F = m->features;
  const double *Wt = m->parameter[OUT0_W] + F;

  PetscFunctionBeginUser;
  PetscCall(SinewDMMMultiply_Private(PETSC_FALSE, m->hidden, m->trunk, F, Wt, 2 * F, m->parameter[TRUNK1_W], m->trunk,
                                     0, m->A, m->trunk));
  PetscCall(PetscArraycpy(m->c0, m->parameter[OUT0_B], m->hidden));
  PetscCall(
      SinewDMMMultiply_Private(PETSC_TRUE, 1, m->hidden, F, m->parameter[TRUNK1_B], F, Wt, 2 * F, 1, m->c0, m->hidden));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the field ---- */

static PetscErrorCode layer(SinewDMM m, int k, PetscInt size, const double in[], PetscInt size_out, const double skip[])
{
  const PetscInt plane = size_out * size_out;
  double *out = m->plane[k];

  PetscFunctionBegin;
  for (PetscInt o = 0; o < SinewDMMConvolutions_Private[k].out; o++)
    for (PetscInt i = 0; i < plane; i++)
      out[o * plane + i] = m->parameter[2 * k + 1][o] + (skip ? skip[o * plane + i] : 0);
  PetscCall(SinewDMMConvolve_Private(m, k, size, in, size_out, out));
  for (PetscInt i = 0; i < SinewDMMConvolutions_Private[k].out * plane; i++) out[i] = PetscTanhReal(out[i]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewDMMField(SinewDMM m, const double u[], double c[], double branch[])
{
  const PetscInt F = m->features, flat = m->quarter * m->quarter;
  double *b = branch;

  PetscFunctionBeginUser;
  if (!b) PetscCall(PetscMalloc1((size_t)F, &b));
  PetscCall(layer(m, 0, m->size, u, m->half, NULL));
  PetscCall(layer(m, 1, m->half, m->plane[0], m->half, NULL));
  PetscCall(layer(m, 2, m->half, m->plane[1], m->half, m->plane[0]));
  PetscCall(layer(m, 3, m->half, m->plane[2], m->quarter, NULL));
  PetscCall(PetscArraycpy(m->fc2, m->parameter[FC2_B], m->dense));
  PetscCall(SinewDMMMultiply_Private(PETSC_TRUE, 1, m->dense, flat, m->plane[3], flat, m->parameter[FC2_W], flat, 1,
                                     m->fc2, m->dense));
  for (PetscInt i = 0; i < m->dense; i++) m->fc2[i] = PetscTanhReal(m->fc2[i]);
  PetscCall(PetscArraycpy(b, m->parameter[FC3_B], F));
  PetscCall(
      SinewDMMMultiply_Private(PETSC_TRUE, 1, F, m->dense, m->fc2, m->dense, m->parameter[FC3_W], m->dense, 1, b, F));
  PetscCall(PetscArraycpy(c, m->c0, m->hidden));
  PetscCall(SinewDMMMultiply_Private(PETSC_TRUE, 1, m->hidden, F, b, F, m->parameter[OUT0_W], 2 * F, 1, c, m->hidden));
  if (!branch) PetscCall(PetscFree(b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- points ---- */

void SinewDMMTrunk_Private(SinewDMM m, PetscInt n, const double seen[])
{
  const double *W0 = m->parameter[TRUNK0_W], *b0 = m->parameter[TRUNK0_B];

  for (PetscInt p = 0; p < n; p++)
    for (PetscInt j = 0; j < m->trunk; j++) {
      const PetscInt at = p * m->trunk + j;

      m->z[at] = PetscTanhReal(W0[2 * j] * seen[2 * p] + W0[2 * j + 1] * seen[2 * p + 1] + b0[j]);
      m->dz[at] = 1 - m->z[at] * m->z[at];
      for (int a = 0; a < 2; a++) m->d[a][at] = m->dz[at] * W0[2 * j + a];
    }
}

PetscErrorCode SinewDMMDecoder_Private(SinewDMM m, const double c[], PetscInt n, double phi[])
{
  const double *w2 = m->parameter[OUT1_W];
  const PetscInt H = m->hidden;

  PetscFunctionBegin;
  for (PetscInt p = 0; p < n; p++) PetscCall(PetscArraycpy(m->h + p * H, c, H));
  PetscCall(SinewDMMMultiply_Private(PETSC_TRUE, n, H, m->trunk, m->z, m->trunk, m->A, m->trunk, 1, m->h, H));
  for (PetscInt p = 0; p < n; p++) {
    phi[p] = m->parameter[OUT1_B][0];
    for (PetscInt k = 0; k < H; k++) {
      const double h = PetscTanhReal(m->h[p * H + k]);

      m->h[p * H + k] = h;
      m->g[p * H + k] = (1 - h * h) * w2[k];
      phi[p] += w2[k] * h;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void hessian_block(const SinewDMM m, PetscInt n, PetscInt first, double *const hessian[3])
{
  const double *W0 = m->parameter[TRUNK0_W];

  for (PetscInt p = 0; p < n; p++) {
    double xx = 0, xy = 0, yy = 0;

    for (PetscInt k = 0; k < m->hidden; k++) {
      const PetscInt at = p * m->hidden + k;
      const double q = -2 * m->h[at] * m->g[at];

      xx += q * m->v[0][at] * m->v[0][at];
      xy += q * m->v[0][at] * m->v[1][at];
      yy += q * m->v[1][at] * m->v[1][at];
    }
    for (PetscInt j = 0; j < m->trunk; j++) {
      const PetscInt at = p * m->trunk + j;
      const double r = -2 * m->z[at] * m->dz[at] * m->s[at];

      xx += r * W0[2 * j] * W0[2 * j];
      xy += r * W0[2 * j] * W0[2 * j + 1];
      yy += r * W0[2 * j + 1] * W0[2 * j + 1];
    }
    hessian[0][first + p] = xx;
    hessian[1][first + p] = xy;
    hessian[2][first + p] = yy;
  }
}

/* From derivatives by what the trunk sees to those by coordinates, in place. */
static void chain_rule(PetscInt n, const double (*f)[2][3], PetscInt first, double *const gradient[2],
                       double *const hessian[3])
{
  for (PetscInt p = 0; p < n; p++) {
    const double x = f[p][0][1], y = f[p][1][1];

    if (hessian) {
      hessian[0][first + p] = x * x * hessian[0][first + p] + f[p][0][2] * gradient[0][first + p];
      hessian[1][first + p] *= x * y;
      hessian[2][first + p] = y * y * hessian[2][first + p] + f[p][1][2] * gradient[1][first + p];
    }
    gradient[0][first + p] *= x;
    gradient[1][first + p] *= y;
  }
}

PetscErrorCode SinewDMMEvaluate(SinewDMM m, const double c[], PetscInt n, const double xi[], double phi[],
                                double *const gradient[2], double *const hessian[3])
{
  const PetscInt K = m->trunk, H = m->hidden;

  PetscFunctionBeginUser;
  PetscCheck(gradient || !hessian || !m->walls, PETSC_COMM_SELF, PETSC_ERR_ARG_NULL, "a Hessian needs the gradient");
  for (PetscInt first = 0; first < n; first += BLOCK) {
    const PetscInt part = PetscMin(BLOCK, n - first);
    double seen[2 * BLOCK], f[BLOCK][2][3];

    for (PetscInt k = 0; k < 2 * part; k++) {
      SinewDMMFeature_Private(m, xi[2 * first + k], f[k / 2][k % 2]);
      seen[k] = f[k / 2][k % 2][0];
    }
    SinewDMMTrunk_Private(m, part, seen);
    PetscCall(SinewDMMDecoder_Private(m, c, part, phi + first));
    if (!gradient && !hessian) continue;
    PetscCall(SinewDMMMultiply_Private(PETSC_FALSE, part, K, H, m->g, H, m->A, K, 0, m->s, K));
    for (int a = 0; a < 2 && gradient; a++)
      for (PetscInt p = 0; p < part; p++) {
        double sum = 0;

        for (PetscInt j = 0; j < K; j++) sum += m->s[p * K + j] * m->d[a][p * K + j];
        gradient[a][first + p] = sum;
      }
    for (int a = 0; a < 2 && hessian; a++)
      PetscCall(SinewDMMMultiply_Private(PETSC_TRUE, part, H, K, m->d[a], K, m->A, K, 0, m->v[a], H));
    if (hessian) hessian_block(m, part, first, hessian);
    if (m->walls) chain_rule(part, (const double(*)[2][3])f, first, gradient, hessian);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
