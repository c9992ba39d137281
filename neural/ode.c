/* The adaptive integrator of ode_private.h. */
#include "neural/ode_private.h"

#define STAGES    ODE_STAGES
#define STEPS_MAX 10000
#define TIMES_MAX ODE_TIMES_MAX

/* Dormand & Prince (1980); error coefficients and midpoint weights: Shampine (1986). */
const double OdeNodeTime[STAGES] = {0, 1. / 5, 3. / 10, 4. / 5, 8. / 9, 1, 1};
const double OdeStageWeight[STAGES][STAGES - 1] = {{0},
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
const double OdeMiddleWeight[STAGES] = {6025192743. / 30085553152. / 2,     0,
                                        51252292925. / 65400821598. / 2,    -2691868925. / 45128329728. / 2,
                                        187940372067. / 1594534317056. / 2, -1776094331. / 19743644256. / 2,
                                        11237099. / 235043384. / 2};

/* One by one: they change places, and PETSc frees what it allocates together by the first. */
static PetscErrorCode create_vectors(PetscInt count, double **vector[], PetscInt n)
{
  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < count; ++k) PetscCall(PetscMalloc1((size_t)n, vector[k]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode OdeCreate(Graph g, const OdeParts *parts, Ode *ode)
{
  const Node *node = &g->node[parts->initial];
  const SinewBox box = node->layout->box;
  Ode o;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&o));
  o->parts = *parts;
  o->n = g->batch * box.ny * box.nx * node->channels;
  o->total = (double)(g->batch * node->channels) * (double)(node->layout->ny * node->layout->nx);
  PetscCall(create_vectors(4, (double **[]){&o->y, &o->next, &o->work, &o->middle}, o->n));
  PetscCall(PetscMalloc1((size_t)(g->batch * parts->features), &o->embedding));
  for (int s = 0; s < STAGES; ++s) PetscCall(create_vectors(1, (double **[]){&o->k[s]}, o->n));
  if (g->training) {
    PetscCall(create_vectors(2, (double **[]){&o->ly, &o->lnext}, o->n));
    for (int s = 0; s < STAGES; ++s) PetscCall(create_vectors(1, (double **[]){&o->adjoint[s]}, o->n));
    PetscCall(PetscMalloc1(g->gradient_count, &o->gradients));
  }
  *ode = o;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode OdeDestroy(Ode *ode)
{
  Ode o = *ode;

  PetscFunctionBeginUser;
  *ode = NULL;
  if (!o) PetscFunctionReturn(PETSC_SUCCESS);
  for (int s = 0; s < STAGES; ++s) {
    PetscCall(PetscFree(o->k[s]));
    PetscCall(PetscFree(o->adjoint[s]));
  }
  for (PetscInt k = 0; k < o->room; ++k) PetscCall(PetscFree(o->step[k].y));
  PetscCall(PetscFree(o->step));
  PetscCall(PetscFree(o->y));
  PetscCall(PetscFree(o->next));
  PetscCall(PetscFree(o->work));
  PetscCall(PetscFree(o->middle));
  PetscCall(PetscFree(o->embedding));
  PetscCall(PetscFree(o->ly));
  PetscCall(PetscFree(o->lnext));
  PetscCall(PetscFree(o->gradients));
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

void OdeCopy(SinewTensor t, double values[], PetscBool set)
{
  const SinewBox box = t->layout->box;
  const PetscInt h = t->halo, n = box.nx * t->channels;

  for (PetscInt b = 0; b < t->batch; ++b)
    for (PetscInt y = 0; y < box.ny; ++y, values += n)
      copy_row(t, ((b * (box.ny + 2 * h) + y + h) * (box.nx + 2 * h) + h) * t->channels, n, values, set);
}

/* ---- right-hand side and norms ---- */

PetscErrorCode OdeEvaluate(Graph g, Ode o, double t, double *y, double *k)
{
  PetscFunctionBeginUser;
  if (o->evaluations < TIMES_MAX) o->time[o->evaluations] = t;
  ++o->evaluations;
  for (PetscInt b = 0; b < g->batch; ++b) ConditionEmbed(o->parts.features, t, o->embedding + b * o->parts.features);
  PetscCall(ConditionSetEmbedding(g, o->embedding, NULL));
  PetscCall(ConditionForward(g));
  OdeCopy(GraphValue(g, o->parts.state), y, PETSC_TRUE);
  PetscCall(GraphForward(g, o->parts.lift, o->parts.project));
  if (k) OdeCopy(GraphValue(g, o->parts.slope), k, PETSC_FALSE);
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
void OdeCombine(Ode o, const double *y, double h, int stages, const double w[], double *out)
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
  OdeCombine(o, o->y, h0, 1, &one, o->next);
  PetscCall(OdeEvaluate(g, o, h0, o->next, o->k[1]));
  for (PetscInt i = 0; i < o->n; ++i) o->work[i] = o->k[1][i] - o->k[0][i];
  PetscCall(norm(g, o, o->work, o->y, o->y, &d2));
  d2 /= h0;
  h1 = d1 <= 1e-15 && d2 <= 1e-15 ? PetscMax(1e-6, h0 * 1e-3) : pow(0.01 / PetscMax(d1, d2), 1. / 5);
  *h = PetscMin(100 * h0, h1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- steps ---- */

double OdeStageTime(double t, double h, int s)
{
  return s < 5 ? t + OdeNodeTime[s] * h : t + h;
}

/* Tries a step of h from (t, y): all stages, o->next, and its error relative to the tolerance. */
static PetscErrorCode try_step(Graph g, Ode o, double t, double h, double *ratio)
{
  PetscFunctionBeginUser;
  for (int s = 1; s < STAGES; ++s) {
    OdeCombine(o, o->y, h, s, OdeStageWeight[s], o->next);
    PetscCall(OdeEvaluate(g, o, OdeStageTime(t, h, s), o->next, o->k[s]));
  }
  OdeCombine(o, NULL, h, STAGES, error_weight, o->work);
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
  OdeCombine(o, o->y, h, STAGES, OdeMiddleWeight, o->middle);
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

/* Notes the step from (t, y) that is to be accepted. */
static PetscErrorCode note(Ode o, double t, double h)
{
  struct OdeStep *step;

  PetscFunctionBeginUser;
  if (o->steps == o->room) {
    struct OdeStep *grown;

    PetscCall(PetscCalloc1((size_t)(2 * o->room + 8), &grown));
    PetscCall(PetscArraycpy(grown, o->step, o->room));
    PetscCall(PetscFree(o->step));
    o->step = grown;
    o->room = 2 * o->room + 8;
  }
  step = &o->step[o->steps++];
  step->t = t;
  step->h = h;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* For Backward. */
static PetscErrorCode keep_state(Graph g, Ode o, PetscInt step)
{
  PetscFunctionBeginUser;
  if (!g->training) PetscFunctionReturn(PETSC_SUCCESS);
  if (!o->step[step].y) PetscCall(PetscMalloc1((size_t)o->n, &o->step[step].y));
  PetscCall(PetscArraycpy(o->step[step].y, o->y, o->n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode integrate(Graph g, Ode o)
{
  double t = 0, h = 0, ratio = 0;

  PetscFunctionBeginUser;
  PetscCall(first_step(g, o, &h));
  o->steps = 0;
  for (PetscInt tried = 0;; ++tried) {
    const double used = h;

    PetscCall(try_step(g, o, t, h, &ratio));
    PetscCheck(tried < STEPS_MAX && !PetscIsInfOrNanReal(ratio), g->comm, SINEW_ERR_BREAKDOWN,
               "the neural ODE broke down at t=%g: step %g, error ratio %g", t, h, ratio);
    h = next_step(h, ratio);
    if (ratio > 1) continue;
    PetscCall(note(o, t, used));
    PetscCall(keep_state(g, o, o->steps - 1));
    if (t + used >= 1) break;
    t += used;
    accept(o);
  }
  o->fraction = (1 - t) / o->step[o->steps - 1].h;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The steps of the last time. */
static PetscErrorCode repeat(Graph g, Ode o)
{
  double ratio;

  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < o->steps; ++k) {
    PetscCall(keep_state(g, o, k));
    PetscCall(try_step(g, o, o->step[k].t, o->step[k].h, &ratio));
    if (k < o->steps - 1) accept(o);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode OdeForward(Graph g, Ode o)
{
  PetscFunctionBeginUser;
  o->evaluations = 0;
  PetscCall(GraphForward(g, 0, o->parts.lift));
  OdeCopy(GraphValue(g, o->parts.initial), o->y, PETSC_FALSE);
  PetscCall(OdeEvaluate(g, o, 0, o->y, o->k[0]));
  if (o->frozen && o->steps)
    PetscCall(repeat(g, o));
  else
    PetscCall(integrate(g, o));
  interpolate(o, o->step[o->steps - 1].h, o->fraction);
  OdeCopy(GraphValue(g, o->parts.final), o->work, PETSC_TRUE);
  PetscCall(GraphForward(g, o->parts.project, g->ops));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void OdeFreeze(Ode o, PetscBool frozen)
{
  o->frozen = frozen;
}

PetscErrorCode OdeSlope(Graph g, Ode o, double t)
{
  PetscFunctionBeginUser;
  PetscCall(GraphForward(g, 0, o->parts.lift));
  OdeCopy(GraphValue(g, o->parts.initial), o->y, PETSC_FALSE);
  PetscCall(OdeEvaluate(g, o, t, o->y, o->k[0]));
  PetscFunctionReturn(PETSC_SUCCESS);
}
