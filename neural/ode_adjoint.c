/*
  The adjoint of the integrator in ode.c. With slopes k_s = f(t_s, Y_s), stages Y_s = y + h sum_j a_sj k_j
  and y_next = Y_6, adjoints (marked l) run backwards:

    l_Ys = (df/dY)' l_ks,   l_y += l_Ys,   l_kj += h a_sj l_Ys  for j < s.

  The last slope of a step is the first one of the next, so its adjoint is handed from step to step.
*/
#include "neural/ode_private.h"
#include <string.h>

#define STAGES ODE_STAGES

/* Adds what the layers have written to the sum of gradients, and clears it. */
static void collect(Graph g, Ode o)
{
  if (g->dtype == SINEW_FLOAT32)
    for (size_t k = 0; k < g->gradient_count; ++k) o->gradients[k] += (double)((float *)g->gradients)[k];
  else
    for (size_t k = 0; k < g->gradient_count; ++k) o->gradients[k] += ((double *)g->gradients)[k];
  memset(g->gradients, 0, g->gradient_count * g->value_size);
}

static void finish(Graph g, Ode o)
{
  if (g->dtype == SINEW_FLOAT32)
    for (size_t k = 0; k < g->gradient_count; ++k) ((float *)g->gradients)[k] = (float)o->gradients[k];
  else
    for (size_t k = 0; k < g->gradient_count; ++k) ((double *)g->gradients)[k] = o->gradients[k];
}

/* Sets the gradient of a node; its rim gets none. */
static void set_gradient(Graph g, PetscInt node, double values[])
{
  GraphClear(g, node);
  OdeCopy(GraphGradient(g, node), values, PETSC_TRUE);
}

/* out = (df/dy)' adjoint at (t, y); gradients of parameters are collected. y and out may be one. */
static PetscErrorCode pull_back(Graph g, Ode o, double t, double y[], double adjoint[], double out[])
{
  PetscFunctionBeginUser;
  PetscCall(OdeEvaluate(g, o, t, y, NULL));
  set_gradient(g, o->parts.slope, adjoint);
  PetscCall(GraphBackwardRange(g, o->parts.lift, o->parts.project));
  PetscCall(ConditionBackward(g));
  collect(g, o);
  OdeCopy(GraphGradient(g, o->parts.state), out, PETSC_FALSE);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* y += a x */
static void add(PetscInt n, double a, const double x[], double y[])
{
  for (PetscInt i = 0; i < n; ++i) y[i] += a * x[i];
}

static void scale(PetscInt n, double a, const double x[], double y[])
{
  for (PetscInt i = 0; i < n; ++i) y[i] = a * x[i];
}

/* Adjoint of the quartic at fraction x of the last step (interpolate in ode.c), from the gradient in o->work. */
static void interpolate_adjoint(Ode o, double h, double x)
{
  const double *w = o->work, x2 = x * x, x3 = x * x2, x4 = x * x3, middle = 16 * x2 - 32 * x3 + 16 * x4;

  scale(o->n, -5 * x2 + 14 * x3 - 8 * x4, w, o->lnext);
  scale(o->n, 1 - 11 * x2 + 18 * x3 - 8 * x4 + middle, w, o->ly);
  for (int s = 0; s < STAGES; ++s) scale(o->n, h * OdeMiddleWeight[s] * middle, w, o->adjoint[s]);
  add(o->n, h * (x - 4 * x2 + 5 * x3 - 2 * x4), w, o->adjoint[0]);
  add(o->n, h * (x2 - 3 * x3 + 2 * x4), w, o->adjoint[STAGES - 1]);
}

/* Stages of a step once more, then backwards: from adjoints of the state after it (lnext), of its slopes and (ly) of
 * the state before it, to those of the state before it and of its first slope. */
static PetscErrorCode step_adjoint(Graph g, Ode o, const struct OdeStep *step)
{
  const double t = step->t, h = step->h;

  PetscFunctionBeginUser;
  PetscCall(OdeEvaluate(g, o, t, step->y, o->k[0]));
  for (int s = 1; s < STAGES - 1; ++s) {
    OdeCombine(o, step->y, h, s, OdeStageWeight[s], o->next);
    PetscCall(OdeEvaluate(g, o, OdeStageTime(t, h, s), o->next, o->k[s]));
  }
  for (int s = STAGES - 1; s > 0; --s) {
    OdeCombine(o, step->y, h, s, OdeStageWeight[s], o->next);
    PetscCall(pull_back(g, o, OdeStageTime(t, h, s), o->next, o->adjoint[s], o->next));
    if (s == STAGES - 1) add(o->n, 1, o->lnext, o->next); /* the last stage is the next state */
    add(o->n, 1, o->next, o->ly);
    for (int j = 0; j < s; ++j) add(o->n, h * OdeStageWeight[s][j], o->next, o->adjoint[j]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What is the beginning for one step is the end for the one before. */
static void hand_over(Ode o)
{
  double *swap = o->adjoint[STAGES - 1];

  o->adjoint[STAGES - 1] = o->adjoint[0];
  o->adjoint[0] = swap;
  swap = o->lnext;
  o->lnext = o->ly;
  o->ly = swap;
  scale(o->n, 0, o->lnext, o->ly);
  for (int s = 0; s < STAGES - 1; ++s) scale(o->n, 0, o->lnext, o->adjoint[s]);
}

PetscErrorCode OdeBackward(Graph g, Ode o)
{
  PetscFunctionBeginUser;
  PetscCheck(o->steps, g->comm, PETSC_ERR_ORDER, "Backward of a neural ODE needs its Forward first");
  PetscCall(PetscArrayzero(o->gradients, g->gradient_count));
  memset(g->gradients, 0, g->gradient_count * g->value_size);
  PetscCall(GraphBackwardRange(g, o->parts.project, g->ops));
  collect(g, o);
  OdeCopy(GraphGradient(g, o->parts.final), o->work, PETSC_FALSE);
  interpolate_adjoint(o, o->step[o->steps - 1].h, o->fraction);
  for (PetscInt k = o->steps - 1; k >= 0; --k) {
    PetscCall(step_adjoint(g, o, &o->step[k]));
    if (k) hand_over(o);
  }
  PetscCall(pull_back(g, o, 0, o->step[0].y, o->adjoint[0], o->next));
  add(o->n, 1, o->next, o->ly);
  set_gradient(g, o->parts.initial, o->ly);
  PetscCall(GraphBackwardRange(g, 0, o->parts.lift));
  collect(g, o);
  finish(g, o);
  PetscCall(GraphReduceGradients(g));
  PetscFunctionReturn(PETSC_SUCCESS);
}
