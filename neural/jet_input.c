/* What stands before and behind the layers: Fourier features and the wall factor, with their jets. */
#include "jet_private.h"

/* The jet of a function of one coordinate, from its derivatives 0 to 3 there. */
static void one_axis(SinewJet jet, PetscInt axis, PetscInt p, const PetscReal v[4], PetscReal h[])
{
  const PetscInt d = jet->options.dim, n = jet->n, pairs = d * (d + 1) / 2;

  for (PetscInt c = 0; c < jet->channels; c++) h[c * n + p] = 0;
  h[p] = v[0];
  if (jet->order >= SINEW_JET_GRADIENT) h[(1 + axis) * n + p] = v[1];
  if (jet->order == SINEW_JET_LAPLACIAN) h[(1 + d) * n + p] = v[2];
  if (jet->order >= SINEW_JET_HESSIAN) h[(1 + d + jet_pair(d, axis, axis)) * n + p] = v[2];
  if (jet->order == SINEW_JET_THIRD) h[(1 + d + pairs + axis) * n + p] = v[3];
}

static void periodic_axis(SinewJet jet, PetscInt axis, const PetscReal x[], PetscReal h[])
{
  const SinewJetOptions *o = &jet->options;
  const PetscInt row = jet->channels * jet->n;

  for (PetscInt k = 1; k <= o->harmonics[axis]; k++) {
    const PetscReal a = 2 * PETSC_PI * (PetscReal)k / (o->upper[axis] - o->lower[axis]);

    for (PetscInt p = 0; p < jet->n; p++) {
      const PetscReal t = a * (x[p * o->dim + axis] - o->lower[axis]), c = PetscCosReal(t), s = PetscSinReal(t);
      const PetscReal cosine[4] = {c, -a * s, -a * a * c, a * a * a * s};
      const PetscReal sine[4] = {s, a * c, -a * a * s, -a * a * a * c};

      one_axis(jet, axis, p, cosine, h + (2 * k - 2) * row);
      one_axis(jet, axis, p, sine, h + (2 * k - 1) * row);
    }
  }
}

void SinewJetFeatures(SinewJet jet, const PetscReal x[], PetscReal h[])
{
  const SinewJetOptions *o = &jet->options;

  for (PetscInt axis = 0; axis < o->dim; axis++) {
    if (o->harmonics[axis]) {
      periodic_axis(jet, axis, x, h);
    } else {
      for (PetscInt p = 0; p < jet->n; p++) {
        const PetscReal v[4] = {x[p * o->dim + axis], 1, 0, 0};

        one_axis(jet, axis, p, v, h);
      }
    }
    h += (o->harmonics[axis] ? 2 * o->harmonics[axis] : 1) * jet->channels * jet->n;
  }
}

/* Derivatives 0 to 3 of the factor along one axis. */
static void wall(const SinewJetOptions *o, PetscInt axis, PetscReal x, PetscReal v[4])
{
  const PetscReal a = o->wall[axis] == SINEW_WALL_NONE ? 1 : 1 / (o->upper[axis] - o->lower[axis]);
  const PetscReal s = a * (x - o->lower[axis]);

  v[0] = 1;
  v[1] = v[2] = v[3] = 0;
  switch (o->wall[axis]) {
  case SINEW_WALL_NONE: break;
  case SINEW_WALL_LOWER:
    v[0] = s;
    v[1] = a;
    break;
  case SINEW_WALL_UPPER:
    v[0] = 1 - s;
    v[1] = -a;
    break;
  case SINEW_WALL_BOTH:
    v[0] = 4 * s * (1 - s);
    v[1] = 4 * a * (1 - 2 * s);
    v[2] = -8 * a * a;
    break;
  }
}

/* Mixed derivative of the product of the axes' factors; times[i] counts how often axis i is differentiated. */
static PetscReal mixed(PetscInt d, PetscReal v[][4], const PetscInt axes[], PetscInt count)
{
  PetscInt times[SINEW_JET_DIM_MAX] = {0};
  PetscReal product = 1;

  for (PetscInt k = 0; k < count; k++) times[axes[k]]++;
  for (PetscInt i = 0; i < d; i++) product *= v[i][times[i]];
  return product;
}

static void factor_at(SinewJet jet, PetscReal v[][4], PetscInt p, PetscReal factor[])
{
  const PetscInt d = jet->options.dim, n = jet->n, pairs = d * (d + 1) / 2;
  PetscReal lap = 0;

  factor[p] = mixed(d, v, NULL, 0);
  for (PetscInt i = 0; jet->order >= SINEW_JET_GRADIENT && i < d; i++)
    factor[(1 + i) * n + p] = mixed(d, v, (PetscInt[]){i}, 1);
  for (PetscInt i = 0; i < d; i++) {
    lap += mixed(d, v, (PetscInt[]){i, i}, 2);
    for (PetscInt j = i; jet->order >= SINEW_JET_HESSIAN && j < d; j++)
      factor[(1 + d + jet_pair(d, i, j)) * n + p] = mixed(d, v, (PetscInt[]){i, j}, 2);
  }
  if (jet->order == SINEW_JET_LAPLACIAN) factor[(1 + d) * n + p] = lap;
  for (PetscInt i = 0; jet->order == SINEW_JET_THIRD && i < d; i++) {
    PetscReal sum = 0;

    for (PetscInt j = 0; j < d; j++) sum += mixed(d, v, (PetscInt[]){i, j, j}, 3);
    factor[(1 + d + pairs + i) * n + p] = sum;
  }
}

void SinewJetFactor(SinewJet jet, const PetscReal x[], PetscReal factor[])
{
  const PetscInt d = jet->options.dim;

  for (PetscInt p = 0; p < jet->n; p++) {
    PetscReal v[SINEW_JET_DIM_MAX][4];

    for (PetscInt i = 0; i < d; i++) wall(&jet->options, i, x[p * d + i], v[i]);
    factor_at(jet, v, p, factor);
  }
}

/*
  Leibniz's rule as a linear map of jets at one point: out[row] += coefficient * in[column]. Both the product and its
  transpose run through the same list, so that they cannot disagree.
*/
typedef struct {
  PetscInt row, column;
  PetscReal coefficient;
} Term;

#define TERMS_MAX (1 + 2 * SINEW_JET_DIM_MAX + 4 * JET_PAIRS_MAX + SINEW_JET_DIM_MAX * (4 + 3 * SINEW_JET_DIM_MAX))

static PetscInt second_terms(PetscInt d, PetscInt n, const PetscReal b[], Term *t)
{
  Term *const first = t;

  for (PetscInt i = 0; i < d; i++) {
    for (PetscInt j = i; j < d; j++) {
      const PetscInt k = 1 + d + jet_pair(d, i, j);

      *t++ = (Term){k, 0, b[k * n]};
      *t++ = (Term){k, 1 + j, b[(1 + i) * n]};
      *t++ = (Term){k, 1 + i, b[(1 + j) * n]};
      *t++ = (Term){k, k, b[0]};
    }
  }
  return (PetscInt)(t - first);
}

static PetscInt laplacian_terms(PetscInt d, PetscInt n, const PetscReal b[], Term *t)
{
  Term *const first = t;

  *t++ = (Term){1 + d, 0, b[(1 + d) * n]};
  for (PetscInt i = 0; i < d; i++) *t++ = (Term){1 + d, 1 + i, 2 * b[(1 + i) * n]};
  *t++ = (Term){1 + d, 1 + d, b[0]};
  return (PetscInt)(t - first);
}

/* d_i lap (b N) = (d_i lap b) N + lap b N_i + b_i lap N + 2 sum_j (b_ij N_j + b_j N_ij) + b d_i lap N */
static PetscInt third_terms(PetscInt d, PetscInt n, const PetscReal b[], Term *t)
{
  Term *const first = t;
  const PetscInt pairs = d * (d + 1) / 2;

  for (PetscInt i = 0; i < d; i++) {
    const PetscInt row = 1 + d + pairs + i;

    *t++ = (Term){row, 0, b[row * n]};
    for (PetscInt j = 0; j < d; j++) {
      const PetscInt jj = 1 + d + jet_pair(d, j, j), ij = 1 + d + jet_pair(d, i, j);

      *t++ = (Term){row, 1 + i, b[jj * n]};
      *t++ = (Term){row, jj, b[(1 + i) * n]};
      *t++ = (Term){row, 1 + j, 2 * b[ij * n]};
      *t++ = (Term){row, ij, 2 * b[(1 + j) * n]};
    }
    *t++ = (Term){row, row, b[0]};
  }
  return (PetscInt)(t - first);
}

static PetscInt product_terms(SinewJet jet, PetscInt p, Term *t)
{
  const PetscInt d = jet->options.dim, n = jet->n;
  const PetscReal *b = jet->factor + p;
  PetscInt count = 0;

  t[count++] = (Term){0, 0, b[0]};
  for (PetscInt i = 0; jet->order >= SINEW_JET_GRADIENT && i < d; i++) {
    t[count++] = (Term){1 + i, 0, b[(1 + i) * n]};
    t[count++] = (Term){1 + i, 1 + i, b[0]};
  }
  if (jet->order == SINEW_JET_LAPLACIAN) count += laplacian_terms(d, n, b, t + count);
  if (jet->order >= SINEW_JET_HESSIAN) count += second_terms(d, n, b, t + count);
  if (jet->order == SINEW_JET_THIRD) count += third_terms(d, n, b, t + count);
  return count;
}

static void product(SinewJet jet, PetscBool transpose, const PetscReal in[], PetscReal out[])
{
  const PetscInt n = jet->n, rows = jet->channels * n;
  Term terms[TERMS_MAX + SINEW_JET_DIM_MAX * SINEW_JET_DIM_MAX];

  for (PetscInt k = 0; k < jet->options.outputs * rows; k++) out[k] = 0;
  for (PetscInt p = 0; p < n; p++) {
    const PetscInt count = product_terms(jet, p, terms);

    for (PetscInt o = 0; o < jet->options.outputs; o++) {
      const PetscReal *from = in + o * rows + p;
      PetscReal *to = out + o * rows + p;

      for (PetscInt k = 0; k < count; k++) {
        if (transpose)
          to[terms[k].column * n] += terms[k].coefficient * from[terms[k].row * n];
        else
          to[terms[k].row * n] += terms[k].coefficient * from[terms[k].column * n];
      }
    }
  }
}

void SinewJetTimesFactor(SinewJet jet, const PetscReal raw[], PetscReal u[])
{
  product(jet, PETSC_FALSE, raw, u);
}

void SinewJetTimesFactorTranspose(SinewJet jet, const PetscReal au[], PetscReal araw[])
{
  product(jet, PETSC_TRUE, au, araw);
}
