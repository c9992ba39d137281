/*
  Layers on rows of values, for points_double.c and points_float.c, which define REAL, FN(name) and MULTIPLY (the
  BLAS's column-major product). Arrays are row-major, [rows][features].
*/
#include <math.h>

#include "neural/parameters_private.h"

/* C = op(A) op(B) + beta C, C is m x n */
static void product(char ta, char tb, PetscInt m, PetscInt n, PetscInt k, const REAL *A, PetscInt lda, const REAL *B,
                    PetscInt ldb, REAL beta, REAL *C, PetscInt ldc)
{
  if (m > 0 && n > 0) MULTIPLY(tb, ta, n, m, k, B, ldb, A, lda, beta, C, ldc);
}

/* Y = X W' + beta Y for weights W [out][in] with rows of ldw */
static void apply(PetscInt rows, PetscInt in, PetscInt out, const REAL *X, PetscInt ldx, const REAL *W, PetscInt ldw,
                  REAL beta, REAL *Y, PetscInt ldy)
{
  product('N', 'T', rows, out, in, X, ldx, W, ldw, beta, Y, ldy);
}

/* dX = dY W + beta dX */
static void apply_adjoint(PetscInt rows, PetscInt in, PetscInt out, const REAL *dY, PetscInt ldy, const REAL *W,
                          PetscInt ldw, REAL beta, REAL *dX, PetscInt ldx)
{
  product('N', 'N', rows, in, out, dY, ldy, W, ldw, beta, dX, ldx);
}

/* dW += dY' X */
static void weight_adjoint(PetscInt rows, PetscInt in, PetscInt out, const REAL *dY, PetscInt ldy, const REAL *X,
                           PetscInt ldx, REAL *dW, PetscInt ldw)
{
  if (rows > 0) product('T', 'N', out, in, rows, dY, ldy, X, ldx, 1, dW, ldw);
}

static void add_columns(PetscInt rows, PetscInt n, const REAL *Y, REAL *sum)
{
  for (PetscInt i = 0; i < rows; i++)
    for (PetscInt j = 0; j < n; j++) sum[j] += Y[i * n + j];
}

static void add_to(size_t n, const REAL *x, REAL *y)
{
  for (size_t i = 0; i < n; i++) y[i] += x[i];
}

static void add_bias(PetscInt rows, PetscInt n, const REAL *bias, REAL *Y)
{
  for (PetscInt i = 0; i < rows; i++)
    for (PetscInt j = 0; j < n; j++) Y[i * n + j] += bias[j];
}

static void add_bias_rectify(PetscInt rows, PetscInt n, const REAL *bias, REAL *Y)
{
  for (PetscInt i = 0; i < rows; i++)
    for (PetscInt j = 0; j < n; j++) {
      const REAL y = Y[i * n + j] + bias[j];

      Y[i * n + j] = y > 0 ? y : 0;
    }
}

/* d = 0 where the rectified y is */
static void rectify_adjoint(size_t n, const REAL *y, REAL *d)
{
  for (size_t i = 0; i < n; i++) d[i] = y[i] > 0 ? d[i] : 0;
}

static void add_bias_tanh(PetscInt rows, PetscInt n, const REAL *bias, REAL *Y)
{
  for (PetscInt i = 0; i < rows; i++)
    for (PetscInt j = 0; j < n; j++) Y[i * n + j] = (REAL)tanh((double)(Y[i * n + j] + bias[j]));
}

static void tanh_adjoint(size_t n, const REAL *y, REAL *d)
{
  for (size_t i = 0; i < n; i++) d[i] *= 1 - y[i] * y[i];
}

static REAL *value_of(const ParameterTable *table, PetscInt id)
{
  return (REAL *)table->entry[id].value;
}

static REAL *gradient_of(const ParameterTable *table, PetscInt id)
{
  return (REAL *)table->entry[id].gradient;
}
