#include "operators/finite_volume_kernels.h"

#include <math.h>

#define LOOP(n) _Pragma("omp simd") for (PetscInt i = 0; i < (n); i++)

/* Four neighbouring values, wherever they lie. */
typedef PetscReal Four __attribute__((vector_size(4 * sizeof(PetscReal)), aligned(sizeof(PetscReal)), may_alias));

/* A 4 x 4 transposition in registers, which compilers do not find (theirs takes up to five times as long). */
static inline void transpose(Four m[4])
{
  const Four even01 = __builtin_shufflevector(m[0], m[1], 0, 4, 2, 6),
             odd01 = __builtin_shufflevector(m[0], m[1], 1, 5, 3, 7),
             even23 = __builtin_shufflevector(m[2], m[3], 0, 4, 2, 6),
             odd23 = __builtin_shufflevector(m[2], m[3], 1, 5, 3, 7);

  m[0] = __builtin_shufflevector(even01, even23, 0, 1, 4, 5);
  m[1] = __builtin_shufflevector(odd01, odd23, 0, 1, 4, 5);
  m[2] = __builtin_shufflevector(even01, even23, 2, 3, 6, 7);
  m[3] = __builtin_shufflevector(odd01, odd23, 2, 3, 6, 7);
}

/* Components go by fours, what is left one by one. The numbers of components in use get loops of their own: constant
   strides become shuffles. */
static inline __attribute__((always_inline)) void rows_from_cells(const PetscInt components, PetscInt n,
                                                                  const PetscReal *restrict cells,
                                                                  PetscReal *const rows[])
{
  const PetscInt fours = components / 4 * 4, blocks = n / 4 * 4;

  for (PetscInt g = 0; g < fours; g += 4) {
    for (PetscInt i = 0; i < blocks; i += 4) {
      Four m[4];

      for (int c = 0; c < 4; c++) m[c] = *(const Four *)(cells + (i + c) * components + g);
      transpose(m);
      for (int c = 0; c < 4; c++) *(Four *)(rows[g + c] + i) = m[c];
    }
    for (PetscInt i = blocks; i < n; i++) {
      for (int c = 0; c < 4; c++) rows[g + c][i] = cells[i * components + g + c];
    }
  }
  for (PetscInt c = fours; c < components; c++) {
    PetscReal *restrict row = rows[c];

    LOOP(n) row[i] = cells[i * components + c];
  }
}

static inline __attribute__((always_inline)) void cells_from_rows(const PetscInt components, PetscInt n,
                                                                  const PetscReal *const rows[],
                                                                  PetscReal *restrict cells)
{
  const PetscInt fours = components / 4 * 4, blocks = n / 4 * 4;

  for (PetscInt g = 0; g < fours; g += 4) {
    for (PetscInt i = 0; i < blocks; i += 4) {
      Four m[4];

      for (int c = 0; c < 4; c++) m[c] = *(const Four *)(rows[g + c] + i);
      transpose(m);
      for (int c = 0; c < 4; c++) *(Four *)(cells + (i + c) * components + g) = m[c];
    }
    for (PetscInt i = blocks; i < n; i++) {
      for (int c = 0; c < 4; c++) cells[i * components + g + c] = rows[g + c][i];
    }
  }
  for (PetscInt c = fours; c < components; c++) {
    const PetscReal *restrict row = rows[c];

    LOOP(n) cells[i * components + c] = row[i];
  }
}

void RowsFromCells(PetscInt components, PetscInt n, const PetscReal cells[], PetscReal *const rows[])
{
  switch (components) {
  case 1: rows_from_cells(1, n, cells, rows); break;
  case 2: rows_from_cells(2, n, cells, rows); break;
  case 3: rows_from_cells(3, n, cells, rows); break;
  case 4: rows_from_cells(4, n, cells, rows); break;
  case 5: rows_from_cells(5, n, cells, rows); break;
  case 6: rows_from_cells(6, n, cells, rows); break;
  default: rows_from_cells(components, n, cells, rows); break;
  }
}

void CellsFromRows(PetscInt components, PetscInt n, const PetscReal *const rows[], PetscReal cells[])
{
  switch (components) {
  case 1: cells_from_rows(1, n, rows, cells); break;
  case 2: cells_from_rows(2, n, rows, cells); break;
  case 3: cells_from_rows(3, n, rows, cells); break;
  case 4: cells_from_rows(4, n, rows, cells); break;
  case 5: cells_from_rows(5, n, rows, cells); break;
  case 6: cells_from_rows(6, n, rows, cells); break;
  default: cells_from_rows(components, n, rows, cells); break;
  }
}

void RowDivergence(PetscInt n, const PetscReal *const x[2], const PetscReal *restrict ix, const PetscReal *const y[2],
                   PetscReal iy, const PetscReal *const z[2], PetscReal iz, PetscReal *restrict r)
{
  const PetscReal *restrict x0 = x[0], *restrict x1 = x[1];
  const PetscReal *restrict y0 = y[0], *restrict y1 = y[1], *restrict z0 = z[0], *restrict z1 = z[1];

  if (z0)
    LOOP(n) r[i] = (x0[i] - x1[i]) * ix[i] + (y0[i] - y1[i]) * iy + (z0[i] - z1[i]) * iz;
  else if (y0)
    LOOP(n) r[i] = (x0[i] - x1[i]) * ix[i] + (y0[i] - y1[i]) * iy;
  else
    LOOP(n) r[i] = (x0[i] - x1[i]) * ix[i];
}

/* Adding 0 turns -0 into 0, whose sign the row kernels leave open: equal states are equal bits. */
void RowCombine(PetscInt n, PetscReal a, const PetscReal *A, PetscReal b, const PetscReal *U, PetscReal c,
                const PetscReal *restrict r, PetscReal *out)
{
  if (a == 0 && b == 0)
    LOOP(n) out[i] = c * r[i] + 0.;
  else if (a == 0)
    LOOP(n) out[i] = b * U[i] + c * r[i] + 0.;
  else if (b == 0)
    LOOP(n) out[i] = a * A[i] + c * r[i] + 0.;
  else
    LOOP(n) out[i] = a * A[i] + b * U[i] + c * r[i] + 0.;
}

void RowKeepAbove(PetscInt n, PetscReal least, const PetscReal *restrict lower, const PetscReal *restrict upper,
                  PetscReal *restrict keep)
{
  LOOP(n) keep[i] = lower[i] > least && upper[i] > least ? keep[i] : 0;
}

void RowFallBack(PetscInt n, const PetscReal *restrict keep, const PetscReal *restrict q, PetscReal *restrict lower,
                 PetscReal *restrict upper)
{
  LOOP(n)
  {
    lower[i] = keep[i] > 0 ? lower[i] : q[i];
    upper[i] = keep[i] > 0 ? upper[i] : q[i];
  }
}

void RowProduct(PetscInt n, const PetscReal *restrict a, const PetscReal *restrict b, PetscReal *restrict out)
{
  LOOP(n) out[i] = a[i] * b[i];
}

void RowDifference(PetscInt n, const PetscReal *restrict a, const PetscReal *restrict b, PetscReal *restrict out)
{
  LOOP(n) out[i] = a[i] - b[i];
}

void RowAdd(PetscInt n, const PetscReal *restrict a, PetscReal *restrict out)
{
  LOOP(n) out[i] += a[i];
}

void RowMean(PetscInt n, const PetscReal *restrict a, const PetscReal *restrict b, PetscReal *restrict out)
{
  LOOP(n) out[i] = 0.5 * (a[i] + b[i]);
}

void RowNormalGradient(PetscInt n, const PetscReal *l, const PetscReal *r, PetscInt stride,
                       const PetscReal *restrict inverse, PetscReal *restrict g)
{
  LOOP(n) g[i] = (r[i] - l[i]) * inverse[i * stride];
}

void RowTransverseGradient(PetscInt n, const PetscReal *l, const PetscReal *r, PetscInt offset, PetscInt stride,
                           const PetscReal *restrict inverse, PetscReal *restrict g)
{
  LOOP(n)
  g[i] = 0.5 * ((l[i + offset] - l[i - offset]) + (r[i + offset] - r[i - offset])) * inverse[i * stride];
}

PetscReal RowMaximum(PetscInt n, const PetscReal *restrict rate, PetscReal maximum)
{
  PetscReal m = 0, sum = 0;

#pragma omp simd reduction(max : m) reduction(+ : sum)
  for (PetscInt i = 0; i < n; i++) {
    m = rate[i] > m ? rate[i] : m;
    sum += rate[i] - rate[i]; /* 0, or NaN for NaN and infinity */
  }
  return isnan(maximum) || isnan(sum) ? (PetscReal)NAN : m > maximum ? m : maximum;
}

void RowLarger(PetscInt n, PetscReal a, PetscReal b, const PetscReal *restrict other, PetscReal *restrict rate)
{
  LOOP(n)
  {
    const PetscReal x = a * rate[i], y = b * other[i];

    rate[i] = (x > y ? x : y) + (x - x); /* y where one of them is NaN */
  }
}

void RowSpoilNaN(PetscInt n, const PetscReal *restrict w, PetscReal *restrict rate)
{
  LOOP(n) rate[i] += w[i] - w[i];
}

void RowSpoil(PetscInt n, PetscReal least, const PetscReal *restrict w, PetscReal *restrict rate)
{
  LOOP(n) rate[i] = w[i] > least ? rate[i] : (PetscReal)NAN;
}
