/* Learned interpolation and residual cut for one element type; see itpnet_private.h. */
#include <string.h>

#include "neural/itpnet_private.h"

/* ---- interpolation ---- */

/* What the weights are made of: the neighbours' places, as seen from the query, and its own. */
static void fill_places(const ItpnetWay *w, double offset)
{
  const PetscInt k = SinewNeighboursDegree(w->graph), *index = SinewNeighboursIndex(w->graph);
  const double *place = SinewNeighboursAt(w->graph), *shift = SinewNeighboursShift(w->graph);
  REAL *x = (REAL *)w->x[0];

  for (PetscInt q = 0; q < SinewNeighboursQueries(w->graph); q++) {
    for (PetscInt j = 0; j < k; j++)
      for (int d = 0; d < 2; d++) {
        const PetscInt e = q * k + j;

        const double at = place[2 * index[e] + d] - (shift ? shift[2 * e + d] : 0);

        *x++ = (REAL)(offset > 0 ? offset * (at - w->at[2 * q + d]) : at);
      }
    for (int d = 0; d < 2; d++) *x++ = (REAL)w->at[2 * q + d];
  }
}

static PetscErrorCode FN(interpolate)(Itpnet n, ItpnetWay *w, const void *values, void *out)
{
  const PetscInt F = n->o.fields, k = SinewNeighboursDegree(w->graph), queries = SinewNeighboursQueries(w->graph);
  const PetscInt *index = SinewNeighboursIndex(w->graph);
  REAL *v = (REAL *)w->values, *y = (REAL *)out;

  PetscFunctionBeginUser;
  fill_places(w, n->o.offset);
  for (int c = 0; c < 3; c++) {
    REAL *z = (REAL *)w->x[c + 1];

    apply(queries, w->width[c], w->width[c + 1], (const REAL *)w->x[c], w->width[c], value_of(n->table, w->weight[c]),
          w->width[c], 0, z, w->width[c + 1]);
    if (c < 2)
      add_bias_tanh(queries, w->width[c + 1], value_of(n->table, w->bias[c]), z);
    else
      add_bias(queries, w->width[c + 1], value_of(n->table, w->bias[c]), z);
  }
  memcpy(v, values, sizeof(REAL) * (size_t)(SinewNeighboursOwned(w->graph) * F));
  PetscCall(SinewNeighboursGather(w->graph, n->table->dtype, F, v));
  for (PetscInt q = 0; q < queries; q++)
    for (PetscInt f = 0; f < F; f++) {
      const REAL *weight = (const REAL *)w->x[3] + q * k;
      REAL sum = 0;

      for (PetscInt j = 0; j < k; j++) sum += weight[j] * v[index[q * k + j] * F + f];
      y[q * F + f] = sum;
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Adjoints of the weights into d[0], of the values into dv [rows][fields]. */
static void weights_adjoint(Itpnet n, const ItpnetWay *w, const REAL *dy, REAL *dv)
{
  const PetscInt F = n->o.fields, k = SinewNeighboursDegree(w->graph), *index = SinewNeighboursIndex(w->graph);
  const REAL *v = (const REAL *)w->values;

  memset(dv, 0, sizeof(REAL) * (size_t)(SinewNeighboursRows(w->graph) * F));
  for (PetscInt q = 0; q < SinewNeighboursQueries(w->graph); q++)
    for (PetscInt j = 0; j < k; j++) {
      const PetscInt e = q * k + j;
      REAL sum = 0;

      for (PetscInt f = 0; f < F; f++) {
        sum += dy[q * F + f] * v[index[e] * F + f];
        dv[index[e] * F + f] += ((const REAL *)w->x[3])[e] * dy[q * F + f];
      }
      ((REAL *)w->d[0])[e] = sum;
    }
}

static PetscErrorCode FN(interpolate_adjoint)(Itpnet n, ItpnetWay *w, const void *dout, void *dvalues)
{
  const PetscInt F = n->o.fields, queries = SinewNeighboursQueries(w->graph);
  REAL *d = (REAL *)w->d[0], *next = (REAL *)w->d[1], *dv = (REAL *)w->dvalues;

  PetscFunctionBeginUser;
  weights_adjoint(n, w, (const REAL *)dout, dv);
  for (int c = 2; c >= 0; c--) {
    const PetscInt in = w->width[c], out = w->width[c + 1];
    REAL *const spare = d;

    weight_adjoint(queries, in, out, d, out, (const REAL *)w->x[c], in, gradient_of(n->table, w->weight[c]), in);
    add_columns(queries, out, d, gradient_of(n->table, w->bias[c]));
    if (c == 0) break;
    apply_adjoint(queries, in, out, d, out, value_of(n->table, w->weight[c]), in, 0, next, in);
    tanh_adjoint((size_t)(queries * in), (const REAL *)w->x[c], next);
    d = next;
    next = spare;
  }
  PetscCall(SinewNeighboursScatter(w->graph, n->table->dtype, F, dv));
  add_to((size_t)(SinewNeighboursOwned(w->graph) * F), dv, (REAL *)dvalues);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- residual cut ---- */

/* First value of row y (from -halo) of a padded map. */
static REAL *map_row(SinewTensor map, PetscInt b, PetscInt y)
{
  const SinewBox box = SinewLayoutBox(SinewTensorLayout(map));
  const PetscInt halo = SinewTensorHalo(map);

  return (REAL *)SinewTensorData(map) +
         ((b * (box.ny + 2 * halo) + y + halo) * (box.nx + 2 * halo)) * SinewTensorChannels(map);
}

/* Patches of the outputs of row y, [nx][in][5][5] as weights have it; or, back, adds patches to the map. */
static void unfold(SinewTensor map, PetscInt b, PetscInt y, PetscBool back, REAL *patch)
{
  const PetscInt nx = SinewLayoutBox(SinewTensorLayout(map)).nx, in = SinewTensorChannels(map);

  for (PetscInt x = 0; x < nx; x++)
    for (PetscInt i = 0; i < in; i++)
      for (PetscInt p = 0; p < ITPNET_KERNEL; p++) {
        REAL *row = map_row(map, b, y + p - ITPNET_HALO) + x * in + i;

        for (PetscInt q = 0; q < ITPNET_KERNEL; q++, patch++)
          if (back)
            row[q * in] += *patch;
          else
            *patch = row[q * in];
      }
}

static PetscErrorCode convolve(Itpnet n, int c)
{
  const SinewBox box = SinewLayoutBox(n->layout);
  const PetscInt in = n->channels[c] * ITPNET_KERNEL * ITPNET_KERNEL, out = n->channels[c + 1];
  REAL *patches = (REAL *)n->patches[0];

  PetscFunctionBeginUser;
  PetscCall(SinewTensorHaloBegin(n->map[c]));
  PetscCall(SinewTensorHaloEnd(n->map[c]));
  for (PetscInt b = 0; b < n->batch; b++)
    for (PetscInt y = 0; y < box.ny; y++) {
      REAL *z = map_row(n->map[c + 1], b, y) + SinewTensorHalo(n->map[c + 1]) * out;

      unfold(n->map[c], b, y, PETSC_FALSE, patches);
      apply(box.nx, in, out, patches, in, value_of(n->table, n->weight[c]), in, 0, z, out);
      add_bias_tanh(box.nx, out, value_of(n->table, n->bias[c]), z);
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode convolve_adjoint(Itpnet n, int c)
{
  const SinewBox box = SinewLayoutBox(n->layout);
  const PetscInt in = n->channels[c] * ITPNET_KERNEL * ITPNET_KERNEL, out = n->channels[c + 1];
  const PetscInt halo = SinewTensorHalo(n->map[c + 1]);
  REAL *patches = (REAL *)n->patches[0], *dpatches = (REAL *)n->patches[1], *d = (REAL *)n->row;

  PetscFunctionBeginUser;
  memset(SinewTensorData(n->slope[c]), 0,
         SinewTensorBytes(n->layout, n->table->dtype, n->batch, n->channels[c], SinewTensorHalo(n->slope[c])));
  for (PetscInt b = 0; b < n->batch; b++)
    for (PetscInt y = 0; y < box.ny; y++) {
      memcpy(d, map_row(n->slope[c + 1], b, y) + halo * out, sizeof(REAL) * (size_t)(box.nx * out));
      tanh_adjoint((size_t)(box.nx * out), map_row(n->map[c + 1], b, y) + halo * out, d);
      unfold(n->map[c], b, y, PETSC_FALSE, patches);
      weight_adjoint(box.nx, in, out, d, out, patches, in, gradient_of(n->table, n->weight[c]), in);
      add_columns(box.nx, out, d, gradient_of(n->table, n->bias[c]));
      apply_adjoint(box.nx, in, out, d, out, value_of(n->table, n->weight[c]), in, 0, dpatches, in);
      unfold(n->slope[c], b, y, PETSC_TRUE, dpatches);
    }
  PetscCall(SinewTensorHaloSum(n->slope[c]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Between the box of a map and rows without a halo: values into the map, or the map added to values. */
static void copy_box(SinewTensor map, PetscBool into, const REAL *in, REAL *out)
{
  const SinewBox box = SinewLayoutBox(SinewTensorLayout(map));
  const PetscInt n = box.nx * SinewTensorChannels(map);

  for (PetscInt b = 0; b < SinewTensorBatch(map); b++)
    for (PetscInt y = 0; y < box.ny; y++) {
      REAL *row = map_row(map, b, y) + SinewTensorHalo(map) * SinewTensorChannels(map);

      if (into)
        memcpy(row, in + (b * box.ny + y) * n, sizeof(REAL) * (size_t)n);
      else
        add_to((size_t)n, row, out + (b * box.ny + y) * n);
    }
}

static PetscErrorCode FN(cut)(Itpnet n, const void *u, void *out)
{
  PetscFunctionBeginUser;
  copy_box(n->map[0], PETSC_TRUE, (const REAL *)u, NULL);
  for (int c = 0; c < ITPNET_CONVOLUTIONS; c++) PetscCall(convolve(n, c));
  copy_box(n->map[ITPNET_CONVOLUTIONS], PETSC_FALSE, NULL, (REAL *)out);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FN(cut_adjoint)(Itpnet n, const void *dout, void *du)
{
  PetscFunctionBeginUser;
  copy_box(n->slope[ITPNET_CONVOLUTIONS], PETSC_TRUE, (const REAL *)dout, NULL);
  for (int c = ITPNET_CONVOLUTIONS - 1; c >= 0; c--) PetscCall(convolve_adjoint(n, c));
  copy_box(n->slope[0], PETSC_FALSE, NULL, (REAL *)du);
  PetscFunctionReturn(PETSC_SUCCESS);
}
