/* The adaptive integrator of ode_private.h. */
#include "neural/ode_private.h"

#define STAGES    7
#define STEPS_MAX 10000
#define TIMES_MAX 256

struct _p_Ode {
  OdeParts parts;
  PetscInt n;   /* values of this rank's box */
  double total; /* of all */
  double *y, *next, *work, *middle, *k[STAGES];
  double *embedding; /* [batch][features] */
  PetscInt evaluations;
  double time[TIMES_MAX];
};

/* Dormand & Prince (1980); error coefficients and midpoint weights: Shampine (1986). */
static const double node_time[STAGES] = {0, 1. / 5, 3. / 10, 4. / 5, 8. / 9, 1, 1};
static const double stage_weight[STAGES][STAGES - 1] = {
    {0},
    {1. / 5},
    {3. / 40, 9. / 40},
    {44. / 45, -56. / 15, 32. / 9},
    {19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729},
    {9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176, -5103. / 18656},
    {35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84}};
static const double error_weight[STAGES] = {35. / 384 - 1951. / 21600,
                                            0,
                                            500. / 1113 - 22642. / 50085,
                                            125. / 192 - 451. / 720,
                                            -2187. / 6784 + 12231. / 42400,
                                            11. / 84 - 649. / 6300,
                                            -1. / 60};
static const double middle_weight[STAGES] = {6025192743. / 30085553152. / 2,     0,
                                             51252292925. / 65400821598. / 2,    -2691868925. / 45128329728. / 2,
                                             187940372067. / 1594534317056. / 2, -1776094331. / 19743644256. / 2,
                                             11237099. / 235043384. / 2};

PetscErrorCode OdeCreate(Graph g, const OdeParts *parts, Ode *ode)
{
  const Node *node = &g->node[parts->initial];
  const SinewBox box = node->layout->box;
  Ode o;
  size_t n;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&o));
  o->parts = *parts;
  o->n = g->batch * box.ny * box.nx * node->channels;
  o->total = (double)(g->batch * node->channels) * (double)(node->layout->ny * node->layout->nx);
  n = (size_t)o->n;
  PetscCall(PetscMalloc5(n, &o->y, n, &o->next, n, &o->work, n, &o->middle, (size_t)(g->batch * parts->features),
                         &o->embedding));
  for (int s = 0; s < STAGES; ++s) PetscCall(PetscMalloc1(n, &o->k[s]));
  *ode = o;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode OdeDestroy(Ode *ode)
{
  Ode o = *ode;

  PetscFunctionBeginUser;
  *ode = NULL;
  if (!o) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree5(o->y, o->next, o->work, o->middle, o->embedding));
  for (int s = 0; s < STAGES; ++s) PetscCall(PetscFree(o->k[s]));
  PetscCall(PetscFree(o));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const OdeParts *OdeGetParts(Ode o)
{
  return &o->parts;
}

PetscInt OdeEvaluations(Ode o, PetscInt most, double times[])
{
  for (PetscInt k = 0; k < PetscMin(most, PetscMin(o->evaluations, TIMES_MAX)); ++k) times[k] = o->time[k];
  return o->evaluations;
}

/* ---- between nodes and vectors ---- */

static void copy_row(SinewTensor t, PetscInt index, PetscInt n, double *row, PetscBool set)
{
  if (t->dtype == SINEW_FLOAT32) {
    float *data = (float *)t->data + index;

    for (PetscInt i = 0; i < n; ++i) {
      if (set)
        data[i] = (float)row[i];
      else
        row[i] = (double)data[i];
    }
  } else {
    double *data = (double *)t->data + index;

    for (PetscInt i = 0; i < n; ++i) {
      if (set)
        data[i] = row[i];
      else
        row[i] = data[i];
    }
  }
}

static void copy_node(Graph g, PetscInt node, double *values, PetscBool set)
{
  SinewTensor t = GraphValue(g, node);
  const SinewBox box = t->layout->box;
  const PetscInt h = t->halo, n = box.nx * t->channels;

  for (PetscInt b = 0; b < t->batch; ++b)
    for (PetscInt y = 0; y < box.ny; ++y, values += n)
      copy_row(t, ((b * (box.ny + 2 * h) + y + h) * (box.nx + 2 * h) + h) * t->channels, n, values, set);
}

/* ---- right-hand side and norms ---- */

static PetscErrorCode slope(Graph g, Ode o, double t, double *y, double *k)
{
  PetscFunctionBeginUser;
  if (o->evaluations < TIMES_MAX) o->time[o->evaluations] = t;
  ++o->evaluations;
  for (PetscInt b = 0; b < g->batch; ++b) ConditionEmbed(o->parts.features, t, o->embedding + b * o->parts.features);
  PetscCall(ConditionSetEmbedding(g, o->embedding, NULL));
  PetscCall(ConditionForward(g));
  copy_node(g, o->parts.state, y, PETSC_TRUE);
  PetscCall(GraphForward(g, o->parts.lift, o->parts.project));
  copy_node(g, o->parts.slope, k, PETSC_FALSE);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Root mean square of a / (tol + tol max(|y|, |z|)) over all values. */
static PetscErrorCode norm(Graph g, Ode o, const double *a, const double *y, const double *z, double *result)
{
  const double tol = o->parts.tolerance;
  double sum = 0;

  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < o->n; ++i) {
    const double q = a[i] / (tol + tol * PetscMax(fabs(y[i]), fabs(z[i])));

    sum += q * q;
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, g->comm));
  *result = sqrt(sum / o->total);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* out = y + h sum_s w[s] k[s] (y NULL: zero) */
static void combine(Ode o, const double *y, double h, int stages, const double w[], double *out)
{
  for (PetscInt i = 0; i < o->n; ++i) {
    double sum = 0;

    for (int s = 0; s < stages; ++s) sum += h * w[s] * o->k[s][i];
    out[i] = (y ? y[i] : 0) + sum;
  }
}

/* k[0] = f(y, 0) is there; k[1] is overwritten. */
static PetscErrorCode first_step(Graph g, Ode o, double *h)
{
  double d0 = 0, d1 = 0, d2 = 0, h0, h1;
  const double one = 1;

  PetscFunctionBeginUser;
  PetscCall(norm(g, o, o->y, o->y, o->y, &d0));
  PetscCall(norm(g, o, o->k[0], o->y, o->y, &d1));
  h0 = d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : 0.01 * d0 / d1;
  combine(o, o->y, h0, 1, &one, o->next);
  PetscCall(slope(g, o, h0, o->next, o->k[1]));
  for (PetscInt i = 0; i < o->n; ++i) o->work[i] = o->k[1][i] - o->k[0][i];
  PetscCall(norm(g, o, o->work, o->y, o->y, &d2));
  d2 /= h0;
  h1 = d1 <= 1e-15 && d2 <= 1e-15 ? PetscMax(1e-6, h0 * 1e-3) : pow(0.01 / PetscMax(d1, d2), 1. / 5);
  *h = PetscMin(100 * h0, h1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- steps ---- */

/* Tries a step of h from (t, y): all stages, o->next, and its error relative to the tolerance. */
static PetscErrorCode try_step(Graph g, Ode o, double t, double h, double *ratio)
{
  PetscFunctionBeginUser;
  for (int s = 1; s < STAGES; ++s) {
    combine(o, o->y, h, s, stage_weight[s], o->next);
    PetscCall(slope(g, o, s < 5 ? t + node_time[s] * h : t + h, o->next, o->k[s]));
  }
  combine(o, NULL, h, STAGES, error_weight, o->work);
  PetscCall(norm(g, o, o->work, o->y, o->next, ratio));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static double next_step(double h, double ratio)
{
  if (ratio == 0) return 10 * h;
  return h * PetscMin(10, PetscMax(0.9 / pow(ratio, 1. / 5), ratio < 1 ? 1 : 0.2));
}

/* The quartic through both ends, their slopes and the midpoint, at fraction x of the step; into o->work. */
static void interpolate(Ode o, double h, double x)
{
  combine(o, o->y, h, STAGES, middle_weight, o->middle);
  for (PetscInt i = 0; i < o->n; ++i) {
    const double y0 = o->y[i], y1 = o->next[i], m = o->middle[i], f0 = o->k[0][i], f1 = o->k[STAGES - 1][i];
    const double a = 2 * h * (f1 - f0) - 8 * (y1 + y0) + 16 * m, b = h * (5 * f0 - 3 * f1) + 18 * y0 + 14 * y1 - 32 * m;
    const double c = h * (f1 - 4 * f0) - 11 * y0 - 5 * y1 + 16 * m;

    o->work[i] = y0 + x * (h * f0 + x * (c + x * (b + x * a)));
  }
}

static void accept(Ode o)
{
  double *swap = o->y;

  o->y = o->next;
  o->next = swap;
  swap = o->k[0];
  o->k[0] = o->k[STAGES - 1];
  o->k[STAGES - 1] = swap;
}

PetscErrorCode OdeForward(Graph g, Ode o)
{
  double t = 0, h = 0, ratio = 0;
  PetscInt steps = 0;

  PetscFunctionBeginUser;
  o->evaluations = 0;
  PetscCall(GraphForward(g, 0, o->parts.lift));
  copy_node(g, o->parts.initial, o->y, PETSC_FALSE);
  PetscCall(slope(g, o, 0, o->y, o->k[0]));
  PetscCall(first_step(g, o, &h));
  for (;; ++steps) {
    double used = h;

    PetscCall(try_step(g, o, t, h, &ratio));
    PetscCheck(steps < STEPS_MAX && !PetscIsInfOrNanReal(ratio), g->comm, SINEW_ERR_BREAKDOWN,
               "the neural ODE broke down at t=%g: step %g, error ratio %g", t, h, ratio);
    h = next_step(h, ratio);
    if (ratio > 1) continue;
    if (t + used >= 1) {
      interpolate(o, used, (1 - t) / used);
      break;
    }
    t += used;
    accept(o);
  }
  copy_node(g, o->parts.final, o->work, PETSC_TRUE);
  PetscCall(GraphForward(g, o->parts.project, g->ops));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode OdeSlope(Graph g, Ode o, double t)
{
  PetscFunctionBeginUser;
  PetscCall(GraphForward(g, 0, o->parts.lift));
  copy_node(g, o->parts.initial, o->y, PETSC_FALSE);
  PetscCall(slope(g, o, t, o->y, o->k[0]));
  PetscFunctionReturn(PETSC_SUCCESS);
}
