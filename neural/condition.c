/*
  Conditioning on scalars: sinusoidal embeddings (embedding.c), a perceptron of two linear
  layers with an exact GELU between them for each scalar, summed; then a linear layer wherever the
  network is conditioned. Small and replicated: every rank computes all of it, in double. Adjoints
  hold this rank's part of the sum; the reduction of all gradients at the end completes it.
*/
#include "neural/graph_private.h"
#include <math.h>

#define PERCEPTRONS_MAX 2

typedef struct {
  PetscInt weight[2], bias[2];
  PetscBool given;
  double *embedding, *hidden; /* [batch][features], [batch][wide] before the activation */
} Perceptron;

struct Condition {
  PetscInt features, wide, perceptrons;
  Perceptron perceptron[PERCEPTRONS_MAX];
  double *value, *gradient, *work, *hidden; /* [batch][wide] */
};

static double get(Graph g, const void *values, PetscInt k)
{
  return g->dtype == SINEW_FLOAT32 ? (double)((const float *)values)[k] : ((const double *)values)[k];
}

static void add_to(Graph g, void *values, PetscInt k, double value)
{
  if (g->dtype == SINEW_FLOAT32)
    ((float *)values)[k] += (float)value;
  else
    ((double *)values)[k] += value;
}

static PetscErrorCode declare(Graph g, PetscInt out, PetscInt in, const char name[], int index, PetscInt *weight,
                              PetscInt *bias)
{
  const double bound = 1 / sqrt((double)in);

  PetscFunctionBeginUser;
  PetscCall(GraphParameter(g, weight, 2, (PetscInt64[]){out, in}, bound, 0, "%s.%d.weight", name, index));
  PetscCall(GraphParameter(g, bias, 1, (PetscInt64[]){out}, bound, 0, "%s.%d.bias", name, index));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ConditionCreate(Graph g, PetscInt features, const char *const names[])
{
  Condition *c;
  size_t n, wide;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&c));
  c->features = features;
  c->wide = 4 * features;
  n = (size_t)(g->batch * features);
  wide = 4 * n;
  for (; names[c->perceptrons]; ++c->perceptrons) {
    Perceptron *p = &c->perceptron[c->perceptrons];

    PetscCheck(c->perceptrons < PERCEPTRONS_MAX, g->comm, PETSC_ERR_PLIB, "too many conditions");
    PetscCall(declare(g, c->wide, features, names[c->perceptrons], 0, &p->weight[0], &p->bias[0]));
    PetscCall(declare(g, c->wide, c->wide, names[c->perceptrons], 2, &p->weight[1], &p->bias[1]));
    PetscCall(PetscCalloc2(n, &p->embedding, wide, &p->hidden));
  }
  PetscCall(PetscCalloc4(wide, &c->value, wide, &c->gradient, wide, &c->work, wide, &c->hidden));
  g->condition = c;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ConditionDestroy(Graph g)
{
  Condition *c = g->condition;

  PetscFunctionBeginUser;
  if (!c) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt k = 0; k < c->perceptrons; ++k)
    PetscCall(PetscFree2(c->perceptron[k].embedding, c->perceptron[k].hidden));
  PetscCall(PetscFree4(c->value, c->gradient, c->work, c->hidden));
  PetscCall(PetscFree(g->condition));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt ConditionFeatures(Graph g)
{
  return g->condition->wide;
}

PetscErrorCode ConditionSetEmbedding(Graph g, const double first[], const double second[])
{
  Condition *c = g->condition;
  const double *given[PERCEPTRONS_MAX] = {first, second};

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < c->perceptrons; ++k) {
    c->perceptron[k].given = (PetscBool) !!given[k];
    if (given[k]) PetscCall(PetscArraycpy(c->perceptron[k].embedding, given[k], g->batch * c->features));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- linear layers ---- */

/* y[b][o] (= or +=) bias[o] + sum_i w[o][i] x[b][i] */
static void linear(Graph g, PetscInt weight, PetscInt bias, const double x[], PetscBool add, double y[])
{
  const SinewParameter *w = &g->parameter[weight];
  const PetscInt out = (PetscInt)w->shape[0], in = (PetscInt)w->shape[1];

  for (PetscInt b = 0; b < g->batch; ++b)
    for (PetscInt o = 0; o < out; ++o) {
      double sum = get(g, g->parameter[bias].value, o);

      for (PetscInt i = 0; i < in; ++i) sum += get(g, w->value, o * in + i) * x[b * in + i];
      y[b * out + o] = add ? y[b * out + o] + sum : sum;
    }
}

/* Adds to the gradients of weight and bias, and (gx not NULL) to gx. */
static void linear_adjoint(Graph g, PetscInt weight, PetscInt bias, const double x[], const double gy[], double gx[])
{
  const SinewParameter *w = &g->parameter[weight];
  const PetscInt out = (PetscInt)w->shape[0], in = (PetscInt)w->shape[1];

  for (PetscInt b = 0; b < g->batch; ++b)
    for (PetscInt o = 0; o < out; ++o) {
      const double d = gy[b * out + o];

      add_to(g, g->parameter[bias].gradient, o, d);
      for (PetscInt i = 0; i < in; ++i) {
        add_to(g, w->gradient, o * in + i, d * x[b * in + i]);
        if (gx) gx[b * in + i] += d * get(g, w->value, o * in + i);
      }
    }
}

/* ---- forth and back ---- */

static void activate(PetscInt n, const double x[], double y[])
{
  for (PetscInt k = 0; k < n; ++k) y[k] = 0.5 * x[k] * (1 + erf(x[k] * M_SQRT1_2));
}

static void activate_adjoint(PetscInt n, const double x[], double g[])
{
  for (PetscInt k = 0; k < n; ++k)
    g[k] *= 0.5 * (1 + erf(x[k] * M_SQRT1_2)) + x[k] * 0.398942280401432678 * exp(-0.5 * x[k] * x[k]);
}

PetscErrorCode ConditionForward(Graph g)
{
  Condition *c = g->condition;
  PetscBool add = PETSC_FALSE;

  PetscFunctionBeginUser;
  if (!c) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCheck(c->perceptron[0].given, g->comm, PETSC_ERR_ORDER,
             "a conditional network needs SinewNetworkSetCondition first");
  for (PetscInt k = 0; k < c->perceptrons; ++k) {
    Perceptron *p = &c->perceptron[k];

    if (!p->given) continue;
    linear(g, p->weight[0], p->bias[0], p->embedding, PETSC_FALSE, p->hidden);
    activate(g->batch * c->wide, p->hidden, c->work);
    linear(g, p->weight[1], p->bias[1], c->work, add, c->value);
    add = PETSC_TRUE;
  }
  PetscCall(PetscArrayzero(c->gradient, g->batch * c->wide));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ConditionLinear(Graph g, PetscInt weight, PetscInt bias, double out[])
{
  PetscFunctionBeginUser;
  linear(g, weight, bias, g->condition->value, PETSC_FALSE, out);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ConditionLinearAdjoint(Graph g, PetscInt weight, PetscInt bias, const double gy[])
{
  PetscFunctionBeginUser;
  linear_adjoint(g, weight, bias, g->condition->value, gy, g->condition->gradient);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ConditionBackward(Graph g)
{
  Condition *c = g->condition;

  PetscFunctionBeginUser;
  if (!c) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt k = 0; k < c->perceptrons; ++k) {
    Perceptron *p = &c->perceptron[k];

    if (!p->given) continue;
    activate(g->batch * c->wide, p->hidden, c->hidden);
    PetscCall(PetscArrayzero(c->work, g->batch * c->wide));
    linear_adjoint(g, p->weight[1], p->bias[1], c->hidden, c->gradient, c->work);
    activate_adjoint(g->batch * c->wide, p->hidden, c->work);
    linear_adjoint(g, p->weight[0], p->bias[0], p->embedding, c->work, NULL);
  }
  PetscCall(PetscArrayzero(c->gradient, g->batch * c->wide));
  PetscFunctionReturn(PETSC_SUCCESS);
}
