#include <string.h>

#include "solvers/steppers/insr_private.h"

/* ---- keys ---- */

/* As in neural/insr.h and its enums, with a word for the equation's own choice in front. */
static const char *const schemes[] = {"auto",  "euler",           "midpoint", "trapezoidal",     "gauss",
                                      "sdirk", "semi_lagrangian", "rk4",      "neural_galerkin", "variational",
                                      NULL};
static const char *const samplings[] = {"auto",       "stratified", "sobol",  "uniform",
                                        "quadrature", "adaptive",   "panels", NULL};
static const char *const activations[] = {"sine", "tanh", "gelu", "swish", NULL};
static const char *const formulations[] = {"auto", "splitting", NULL};
static const char *const controls[] = {"fixed", "error", NULL};
static const char *const methods[] = {"auto", "normal", "qr", "lsqr", "lbfgs", "adam", "newton", "newton_cg", NULL};
static const char *const scalings[] = {"levenberg", "marquardt", NULL};

#define INTEGER(Struct, member, key, text, least, most_, help, class)                                       \
  {                                                                                                         \
    .name = key, .type = SINEW_KEY_INT, .offset = offsetof(Struct, member), .standard = text, .min = least, \
    .max = most_, .doc = help, .change = class                                                              \
  }
#define NUMBER(Struct, member, key, text, least, most_, help, class)                                         \
  {                                                                                                          \
    .name = key, .type = SINEW_KEY_REAL, .offset = offsetof(Struct, member), .standard = text, .min = least, \
    .max = most_, .doc = help, .change = class                                                               \
  }
#define CHOICE(Struct, member, key, text, words, help, class)                                                      \
  {                                                                                                                \
    .name = key, .type = SINEW_KEY_CHOICE, .offset = offsetof(Struct, member), .standard = text, .choices = words, \
    .doc = help, .change = class                                                                                   \
  }
#define FLAG(Struct, member, key, text, help, class)                                                        \
  {                                                                                                         \
    .name = key, .type = SINEW_KEY_BOOL, .offset = offsetof(Struct, member), .standard = text, .doc = help, \
    .change = class                                                                                         \
  }
#define FREE   SINEW_CHANGE_FREE
#define WARN   SINEW_CHANGE_WARN
#define FROZEN SINEW_CHANGE_FROZEN

#define N SinewInsrNetwork
static const SinewKey network_keys[] = {
    INTEGER(N, width, "width", "20", 1, 4096, "units of a hidden layer", FROZEN),
    INTEGER(N, depth, "depth", "3", 1, 64, "hidden layers", FROZEN),
    CHOICE(N, activation, "activation", "sine", activations, "of the hidden layers; sine is SIREN", FROZEN),
    NUMBER(N, omega, "omega", "10", 1e-3, 1e4, "factor inside the sine: raise it with the field's wavenumbers", FROZEN),
    {.name = "harmonics",
     .type = SINEW_KEY_INTS,
     .offset = offsetof(N, harmonics),
     .standard = "1",
     .least = 1,
     .most = 3,
     .min = 1,
     .max = 64,
     .doc = "of periodic axes: cos and sin of that many wavenumbers are the inputs, which makes the field periodic",
     .change = FROZEN},
    FLAG(N, factors, "factors", "true", "fulfil dirichlet conditions u = 0 by a factor of the network, not by rows",
         FROZEN),
    {.name = NULL}};
#undef N

/* The solves of steps and the initial fit have other standards of the same keys. */
#define S SinewInsrSolver
#define SOLVER_KEYS(its, tol, stag, scale, damp, least_damp, accel)                                                   \
  CHOICE(                                                                                                             \
      S, method, "method", "auto", methods,                                                                           \
      "linear solver: normal equations, qr, lsqr; auto: normal up to 5000 weights, else lsqr. Or another optimiser, " \
      "to compare: lbfgs (TAO), adam (the original's). newton: of energies, with conjugate gradients in a trust "     \
      "region; "                                                                                                      \
      "auto where they are no sums of squares",                                                                       \
      WARN),                                                                                                          \
      CHOICE(S, scaling, "scaling", scale, scalings, "damping by the identity, or by the diagonal of J'J", WARN),     \
      INTEGER(S, iterations, "iterations", its, 1, 1e6, "most iterations of a solve", WARN),                          \
      NUMBER(S, tolerance, "tolerance", tol, 0, 1, "a solve ends at this residual (root mean square) / size of q",    \
             WARN),                                                                                                   \
      NUMBER(S, stagnation, "stagnation", stag, 0, 1,                                                                 \
             "or when an iteration lowers the residual by less than this part", WARN),                                \
      NUMBER(S, damping, "damping", damp, 1e-16, 1e10, "first damping, relative to the mean diagonal of J'J", WARN),  \
      NUMBER(S, damping_least, "damping_least", least_damp, 0, 1e10, "least damping: lower fits closer, then worse",  \
             WARN),                                                                                                   \
      NUMBER(S, damping_most, "damping_most", "1e10", 1e-10, 1e30, "above it a solve gives up", WARN),                \
      FLAG(S, acceleration, "acceleration", accel, "geodesic acceleration", WARN),                                    \
      INTEGER(S, reuse, "reuse", "0", 0, 1000, "further steps with the same Jacobian", WARN),                         \
      NUMBER(S, subset, "subset", "1", 1e-3, 1, "part of the weights that moves in an iteration", WARN),              \
      INTEGER(S, krylov_iterations, "krylov_iterations", "500", 1, 1e9, "of lsqr", WARN),                             \
      NUMBER(S, krylov_tolerance, "krylov_tolerance", "1e-6", 0, 1, "of lsqr, relative", WARN),                       \
      NUMBER(S, rate, "rate", "1e-4", 1e-12, 1, "of adam, at first", WARN)

static const SinewKey solver_keys[] = {
    SOLVER_KEYS("12", "1e-7", "0.02", "levenberg", "1e-5", "1e-9", "true"),
    INTEGER(S, adam, "adam", "0", 0, 1e9,
            "variational: Adam iterations instead, with new points for each, as the original has it", WARN),
    {.name = NULL}};
#define F SinewInsrFitting
static const SinewKey fit_keys[] = {
    SOLVER_KEYS("200", "1e-7", "0", "marquardt", "1e-3", "1e-14", "true"),
    INTEGER(F, adam, "adam", "2000", 0, 1e9, "Adam iterations before, which find the field's neighbourhood", FROZEN),
    NUMBER(F, limit, "limit", "0.01", 0, 1e30, "largest residual / size of q to start with", FREE),
    {.name = NULL}};
#undef F
#undef S

#define V SinewInsrSection
const SinewKey SinewInsrKeys[] = {
    NUMBER(V, dt, "dt", "0", 0, 1e30,
           "fixed step; with control: error, the first step. REQUIRED but for steady equations", WARN),
    CHOICE(V, control, "control", "fixed", controls, "fixed steps, or by the scheme's error estimate", WARN),
    NUMBER(V, rtol, "rtol", "1e-4", 0, 1, "relative tolerance of a step's error, root mean square", WARN),
    NUMBER(V, atol, "atol", "0", 0, 1e30, "absolute tolerance", WARN),
    NUMBER(V, dt_max, "dt_max", "0", 0, 1e30, "largest step; 0: none", WARN),
    INTEGER(V, max_steps, "max_steps", "0", 0, 2e9, "stop after so many steps; 0: no limit", FREE),
    INTEGER(V, rejections, "rejections", "8", 0, 100, "halvings of a step that fails before giving up", FREE),
    CHOICE(
        V, formulation, "formulation", "auto", formulations,
        "auto: the equation's own, for navier_stokes a stream function; splitting: the original's advection, pressure "
        "and correction of an inviscid flow between walls, order 1",
        FROZEN),
    CHOICE(
        V, scheme, "scheme", "auto", schemes,
        "time scheme, of order 1, 2, 2, 4, 4, 2, 4, 4, 1; auto: midpoint, for incompressible flow rk4, for elasticity "
        "variational",
        WARN),
    {.name = "network",
     .type = SINEW_KEY_SECTION,
     .offset = offsetof(V, network),
     .section = network_keys,
     .doc = "the point network that is the field"},
    INTEGER(V, points, "points", "0", 0, 1e9, "where the residual is asked for; 0: twice the weights", WARN),
    CHOICE(V, sampling, "sampling", "auto", samplings,
           "of the points, new for every step; auto: stratified, for incompressible flow quadrature; panels: a "
           "quadrature that is "
           "finer where the field varies more",
           WARN),
    INTEGER(V, face_points, "face_points", "0", 0, 1e9, "points of a face with a condition; 0: 64 (1D: 1)", WARN),
    NUMBER(V, held_out, "held_out", "0.25", 0, 10, "further points, as a part of `points`, to tell over-fitting", WARN),
    INTEGER(V, seed, "seed", "1", 0, 2e9, "of the first weights and of the points", FROZEN),
    {.name = "solver",
     .type = SINEW_KEY_SECTION,
     .offset = offsetof(V, solver),
     .section = solver_keys,
     .doc = "Levenberg-Marquardt in a step"},
    {.name = "fit",
     .type = SINEW_KEY_SECTION,
     .offset = offsetof(V, fit),
     .section = fit_keys,
     .doc = "Levenberg-Marquardt for the initial condition"},
    NUMBER(V, limit, "step_limit", "0.01", 0, 1e30, "a step fails above this residual / size of q; 0: never", WARN),
    INTEGER(V, passes, "passes", "1", 1, 100, "fixed-point passes of midpoint for incompressible flow", WARN),
    NUMBER(V, truncation, "truncation", "0", 0, 1,
           "neural_galerkin: singular values below this part of the largest are cut; 0: solver.damping", WARN),
    {.name = NULL}};
#undef V

const char *SinewInsrSectionActivation(const SinewInsrSection *section)
{
  return activations[section->network.activation];
}

/* ---- reading ---- */

PetscErrorCode SinewInsrSectionRead(const SinewStepperPlace *place, SinewInsrSection *s)
{
  PetscFunctionBeginUser;
  PetscCall(SinewDeckRead(place->deck, place->section, place->path, SinewInsrKeys, s));
  if (s->solver.damping_least > s->solver.damping_most || s->fit.solver.damping_least > s->fit.solver.damping_most)
    PetscCall(SinewDeckMistake(place->deck, place->section, place->path,
                               "expected damping_least below damping_most in solver and fit"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode mistake(const SinewStepperPlace *place, const char key[], const char text[])
{
  char path[64];

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s.%s", place->path, key));
  PetscCall(SinewDeckMistake(place->deck, SinewNodeGet(place->deck, place->section, key), path, "%s", text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode refuse_equation(const SinewStepperPlace *place, SinewEquation equation)
{
  char text[512] = "insr works for";

  PetscFunctionBeginUser;
  for (PetscInt k = 0, n = 0; SinewEquationTypes[k]; k++) {
    if (!SinewEquationTypes[k]->pointwise) continue;
    PetscCall(PetscStrlcat(text, n++ ? ", " : " ", sizeof(text)));
    PetscCall(PetscStrlcat(text, SinewEquationTypes[k]->name, sizeof(text)));
  }
  PetscCall(PetscStrlcat(text, "; found equation ", sizeof(text)));
  PetscCall(PetscStrlcat(text, equation->type->name, sizeof(text)));
  PetscCall(mistake(place, "type", text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rows and energies have methods of their own. */
static PetscErrorCode check_newton(const SinewInsrSection *s, const SinewStepperPlace *place)
{
  const SinewPointwise *p = &s->pointwise;
  const PetscBool asked = (PetscBool)(s->solver.method >= SINEW_LS_NEWTON);
  const PetscBool needed = (PetscBool)(p->potential && !p->step);

  PetscFunctionBeginUser;
  if (s->fit.solver.method >= SINEW_LS_NEWTON)
    PetscCall(
        mistake(place, "fit", "newton and newton_cg are for energies: expected auto, normal, qr, lsqr, lbfgs or adam"));
  if (asked && !p->potential)
    PetscCall(
        mistake(place, "solver", "newton and newton_cg are for the energies of elasticity: expected another method"));
  if (needed && !asked && s->solver.method != SINEW_LS_AUTO)
    PetscCall(mistake(
        place, "solver",
        "expected method auto, newton or newton_cg: the energy of a dead load on a body without inertia, or on its "
        "surface, is no sum of squares"));
  if ((asked || needed) && s->solver.adam > 0)
    PetscCall(mistake(place, "solver", "adam takes the energy for a sum of squares: expected 0 where newton solves"));
  if ((asked || needed) && s->solver.subset < 1)
    PetscCall(mistake(place, "solver", "newton and newton_cg move all weights: expected subset 1"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What a scheme needs of the equation. */
static PetscErrorCode check_scheme(const SinewInsrSection *s, const SinewStepperPlace *place)
{
  const SinewPointwise *p = &s->pointwise;
  const SinewInsrScheme scheme = s->options.scheme;

  PetscFunctionBeginUser;
  if (s->formulation && s->scheme)
    PetscCall(mistake(place, "scheme", "formulation: splitting has its own scheme: expected auto"));
  if (s->formulation && s->control) PetscCall(mistake(place, "control", "splitting has no error estimate"));
  if (s->formulation && s->options.sampling == SINEW_INSR_ADAPTIVE)
    PetscCall(mistake(place, "sampling", "adaptive goes by the rate of change, which splitting does not have"));
  if ((scheme == SINEW_INSR_VARIATIONAL) != SinewPointwiseVariational(p))
    PetscCall(mistake(place, "scheme", "variational is the scheme of elasticity, its only one, and of nothing else"));
  if (SinewPointwiseVariational(p) && s->options.sampling == SINEW_INSR_ADAPTIVE)
    PetscCall(mistake(place, "sampling", "adaptive goes by the rate of change, which elasticity does not have"));
  if (s->control && SinewPointwiseVariational(p))
    PetscCall(mistake(place, "control", "elasticity has fixed steps: there is no estimate"));
  PetscCall(check_newton(s, place));
  if (p->steady) PetscFunctionReturn(PETSC_SUCCESS);
  if (scheme == SINEW_INSR_GAUSS && !p->second)
    PetscCall(mistake(place, "scheme",
                      "gauss is there for advection and waves with constant coefficients alone; sdirk is of the same "
                      "order"));
  if (scheme == SINEW_INSR_LAGRANGE && !p->velocity)
    PetscCall(mistake(place, "scheme", "semi_lagrangian needs a velocity, which this equation does not have"));
  if (p->projected && scheme != SINEW_INSR_MIDPOINT && scheme != SINEW_INSR_RK4 && scheme != SINEW_INSR_GALERKIN)
    PetscCall(mistake(place, "scheme", "expected midpoint, rk4 or neural_galerkin for incompressible flow"));
  if (scheme == SINEW_INSR_GALERKIN && s->solver.method >= SINEW_LS_LBFGS)
    PetscCall(mistake(place, "solver", "neural_galerkin solves linear systems: expected method normal, qr or lsqr"));
  if (s->control && scheme == SINEW_INSR_LAGRANGE && !p->remainder)
    PetscCall(mistake(place, "control", "semi_lagrangian has no error estimate for pure advection"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- options ---- */

static void set_solver(const SinewInsrSolver *s, SinewLeastSquaresOptions *o)
{
  o->solver = (SinewLeastSquaresSolver)s->method;
  o->scaling = (SinewLeastSquaresScaling)s->scaling;
  o->iterations = s->iterations;
  o->tolerance = s->tolerance;
  o->stagnation = s->stagnation;
  o->damping = s->damping;
  o->damping_least = s->damping_least;
  o->damping_most = s->damping_most;
  o->acceleration = s->acceleration;
  o->reuse = s->reuse;
  o->subset = s->subset;
  o->krylov_iterations = s->krylov_iterations;
  o->krylov_tolerance = s->krylov_tolerance;
  o->rate = s->rate;
}

static void set_network(const SinewInsrSection *s, const PetscBool zero[6], SinewJetOptions *o)
{
  const SinewInsrNetwork *n = &s->network;

  o->width = n->width;
  o->layers = n->depth;
  o->activation = (SinewJetActivation)n->activation;
  o->omega = n->omega;
  for (PetscInt d = 0; d < s->domain.dim; d++) {
    o->harmonics[d] = s->domain.periodic[d] ? n->harmonics.value[PetscMin(d, n->harmonics.n - 1)] : 0;
    o->wall[d] = zero[2 * d] ? (zero[2 * d + 1] ? SINEW_WALL_BOTH : SINEW_WALL_LOWER)
                             : (zero[2 * d + 1] ? SINEW_WALL_UPPER : SINEW_WALL_NONE);
  }
}

static void set_options(SinewInsrSection *s, const PetscBool zero[6])
{
  SinewInsrOptions *o = &s->options;

  *o = SinewInsrDefaults(&s->pointwise, s->domain.lower, s->domain.upper);
  if (s->scheme) o->scheme = (SinewInsrScheme)(s->scheme - 1);
  if (s->formulation) o->sampling = SINEW_INSR_QUADRATURE;
  if (s->sampling) o->sampling = (SinewInsrSampling)(s->sampling - 1);
  if (s->face_points) o->face_points = s->face_points;
  o->points = s->points;
  o->held_out = s->held_out;
  o->seed = s->seed;
  o->fit_adam = s->fit.adam;
  o->fit_limit = s->fit.limit;
  o->step_limit = s->limit;
  o->estimate = (PetscBool)(s->control == 1);
  o->passes = s->passes;
  o->truncation = s->truncation;
  o->adam = SinewAdamDefaults();
  o->adam.iterations = s->solver.adam;
  set_network(s, zero, &o->network);
  set_solver(&s->solver, &o->step);
  set_solver(&s->fit.solver, &o->fit);
}

PetscErrorCode SinewInsrSectionDomain(SinewInsrSection *s, const SinewStepperPlace *place, SinewEquation equation,
                                      const SinewGridSection *grid)
{
  const SinewGridOptions *g = &grid->options;
  PetscBool zero[6] = {PETSC_FALSE};

  PetscFunctionBeginUser;
  if (!equation->type->pointwise) {
    PetscCall(refuse_equation(place, equation));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (equation->type->steady) {
    s->dt = 1e30; /* cut by the next output or the end: one step leaps to the solution */
    s->control = 0;
  } else if (s->dt <= 0)
    PetscCall(SinewDeckMistake(place->deck, place->section, place->path, "missing dt: the step, or the first one"));
  if (SinewDeckMistakes(place->deck)) PetscFunctionReturn(PETSC_SUCCESS); /* of them there is enough to tell */
  s->domain = (SinewDomain){.dim = g->dim, .side = grid->side, .factors = s->network.factors};
  s->domain.squared = (PetscBool)(s->scheme == SINEW_INSR_GAUSS + 1);
  s->domain.split = (PetscBool)(s->formulation != 0);
  for (PetscInt d = 0; d < 3; d++) {
    s->domain.lower[d] = g->lower[d];
    s->domain.upper[d] = g->upper[d];
    s->domain.periodic[d] = g->periodic[d];
  }
  PetscCall((*equation->type->pointwise)(equation, place->deck, &s->domain, &s->pointwise, zero));
  if (s->formulation && strcmp(equation->type->name, "navier_stokes") != 0)
    PetscCall(mistake(place, "formulation", "splitting is of navier_stokes alone: expected auto"));
  if (s->network.harmonics.n != 1 && s->network.harmonics.n != g->dim)
    PetscCall(mistake(place, "network", "expected one number of harmonics, or one for each axis"));
  set_options(s, zero);
  PetscCall(check_scheme(s, place));
  PetscFunctionReturn(PETSC_SUCCESS);
}
