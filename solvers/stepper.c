#include "solvers/stepper.h"

#include <math.h>

#include "operators/fast_preconditioner.h"
#include "solvers/implicit.h"
#include "solvers/stepper_private.h"
#include "solvers/steppers/insr_private.h"
#include "solvers/steppers/integrating_factor.h"
#include "solvers/steppers/mmpde_private.h"
#include "solvers/steppers/sinenet_private.h"
#include "solvers/steppers/ssp.h"
#include "solvers/steppers/steady.h"

/* ---- keys ---- */

typedef struct {
  PetscReal dt, cfl, dt_max, growth, rtol, atol;
  PetscInt control, max_steps, rejections, reconstruction, variables;
  PetscInt scheme, stages, order;
} Values;

typedef struct {
  const char *name, *doc;
  const SinewKey *keys;  /* beside the common ones */
  SinewStepMode control; /* standard when neither dt nor control is given */
  PetscBool implicit;    /* treats diffusion implicitly */
  PetscBool overwrites, history;
  PetscErrorCode (*create)(SinewStepper stepper, TS ts);
  const SinewStepperHooks *hooks; /* NULL: the keys are all there is; else they alone are the keys */
} Type;

struct _p_SinewStepper {
  const Type *type;
  Values v;
  SinewStepMode mode;
  SinewSpace space;
  SinewProblem problem;
  SinewFVParts explicit_parts;
  SinewNode section;
  const char *path, *prefix; /* not owned */
  void *own;                 /* of types with hooks */
  TS ts;                     /* not owned */
};

static const char *const controls[] = {"auto", "fixed", "cfl", "error", NULL};
static const char *const reconstructions[] = {"constant", "plm_minmod", "plm_mc", "plm_vanleer",
                                              "ppm",      "weno5",      NULL}; /* as in SinewReconstructions */
static const char *const variables[] = {"primitive", "characteristic", NULL};

#define VALUE(member) offsetof(Values, member)
static const SinewKey common_keys[] = {
    {.name = "dt",
     .type = SINEW_KEY_REAL,
     .offset = VALUE(dt),
     .standard = "0",
     .min = 0,
     .max = 1e30,
     .doc = "fixed step, or first step under error control; 0: chosen",
     .change = SINEW_CHANGE_WARN},
    {.name = "cfl",
     .type = SINEW_KEY_REAL,
     .offset = VALUE(cfl),
     .standard = "0",
     .min = 0,
     .max = 100,
     .doc =
         "dt times the largest sum over axes of speed/dx + 2 nu/dx^2 (rkl: part of the stable step); 0: the scheme's "
         "standard",
     .change = SINEW_CHANGE_WARN},
    {.name = "dt_max",
     .type = SINEW_KEY_REAL,
     .offset = VALUE(dt_max),
     .standard = "0",
     .min = 0,
     .max = 1e30,
     .doc = "largest step; 0: none",
     .change = SINEW_CHANGE_WARN},
    {.name = "control",
     .type = SINEW_KEY_CHOICE,
     .offset = VALUE(control),
     .standard = "auto",
     .choices = controls,
     .doc = "how steps are chosen; auto: fixed when dt is given, else cfl (explicit) or error",
     .change = SINEW_CHANGE_WARN},
    {.name = "growth",
     .type = SINEW_KEY_REAL,
     .offset = VALUE(growth),
     .standard = "1.5",
     .min = 1,
     .max = 100,
     .above_min = PETSC_TRUE,
     .doc = "largest ratio of successive CFL steps",
     .change = SINEW_CHANGE_WARN},
    {.name = "max_steps",
     .type = SINEW_KEY_INT,
     .offset = VALUE(max_steps),
     .standard = "0",
     .min = 0,
     .max = 2e9,
     .doc = "stop after so many steps; 0: no limit",
     .change = SINEW_CHANGE_FREE},
    {.name = "rejections",
     .type = SINEW_KEY_INT,
     .offset = VALUE(rejections),
     .standard = "8",
     .min = 0,
     .max = 100,
     .doc = "halvings of a step that breaks down before giving up",
     .change = SINEW_CHANGE_FREE},
    {.name = "reconstruction",
     .type = SINEW_KEY_CHOICE,
     .offset = VALUE(reconstruction),
     .standard = "plm_mc",
     .choices = reconstructions,
     .doc = "from cells to faces",
     .change = SINEW_CHANGE_WARN},
    {.name = "variables",
     .type = SINEW_KEY_CHOICE,
     .offset = VALUE(variables),
     .standard = "primitive",
     .choices = variables,
     .doc = "what is reconstructed",
     .change = SINEW_CHANGE_WARN},
    {.name = NULL}};

static const char *const ssp_schemes[] = {"rks2", "rks3", "rk104", NULL};
static const char *const rk_schemes[] = {TSRK2A,  TSRK3,   TSRK3BS, TSRK4,   TSRK5F, TSRK5DP,
                                         TSRK5BS, TSRK6VR, TSRK7VR, TSRK8VR, NULL};
static const char *const arkimex_schemes[] = {TSARKIMEX1BEE, TSARKIMEX2C,   TSARKIMEX2D, TSARKIMEX2E, TSARKIMEXPRSSP2,
                                              TSARKIMEX3,    TSARKIMEXBPR3, TSARKIMEX4,  TSARKIMEX5,  NULL};

#define RTOL                                                                                               \
  {                                                                                                        \
    .name = "rtol", .type = SINEW_KEY_REAL, .offset = VALUE(rtol), .standard = "1e-4", .min = 0, .max = 1, \
    .doc = "relative tolerance of a step's error, maximum norm", .change = SINEW_CHANGE_WARN               \
  }
#define ATOL                                                                                                  \
  {                                                                                                           \
    .name = "atol", .type = SINEW_KEY_REAL, .offset = VALUE(atol), .standard = "1e-4", .min = 0, .max = 1e30, \
    .doc = "absolute tolerance", .change = SINEW_CHANGE_WARN                                                  \
  }

static const SinewKey ssp_keys[] = {{.name = "scheme",
                                     .type = SINEW_KEY_CHOICE,
                                     .offset = VALUE(scheme),
                                     .standard = "rks2",
                                     .choices = ssp_schemes,
                                     .doc = "order 2, 3 or 4",
                                     .change = SINEW_CHANGE_WARN},
                                    {.name = "stages",
                                     .type = SINEW_KEY_INT,
                                     .offset = VALUE(stages),
                                     .standard = "0",
                                     .min = 0,
                                     .max = 1000,
                                     .doc = "rks2: 2 or more; rks3: 4, 9, 16, ...; 0: the least",
                                     .change = SINEW_CHANGE_WARN},
                                    {.name = NULL}};
static const SinewKey rkl_keys[] = {{.name = "stages",
                                     .type = SINEW_KEY_INT,
                                     .offset = VALUE(stages),
                                     .standard = "5",
                                     .min = 3,
                                     .max = 99,
                                     .doc = "of a step; s of them diffuse as far as (s^2 + s - 2) / 4 Euler steps",
                                     .change = SINEW_CHANGE_WARN},
                                    {.name = NULL}};
static const char *const spectral_schemes[] = {"rk2", "rk3", "rk4", NULL};
static const SinewKey spectral_keys[] = {{.name = "scheme",
                                          .type = SINEW_KEY_CHOICE,
                                          .offset = VALUE(scheme),
                                          .standard = "rk3",
                                          .choices = spectral_schemes,
                                          .doc = "order 2, 3 or 4",
                                          .change = SINEW_CHANGE_WARN},
                                         {.name = NULL}};
static const SinewKey rk_keys[] = {{.name = "scheme",
                                    .type = SINEW_KEY_CHOICE,
                                    .offset = VALUE(scheme),
                                    .standard = TSRK3BS,
                                    .choices = rk_schemes,
                                    .doc = "PETSc's name of the pair",
                                    .change = SINEW_CHANGE_WARN},
                                   RTOL,
                                   ATOL,
                                   {.name = NULL}};
static const SinewKey arkimex_keys[] = {{.name = "scheme",
                                         .type = SINEW_KEY_CHOICE,
                                         .offset = VALUE(scheme),
                                         .standard = TSARKIMEX3,
                                         .choices = arkimex_schemes,
                                         .doc = "PETSc's name of the pair",
                                         .change = SINEW_CHANGE_WARN},
                                        RTOL,
                                        ATOL,
                                        {.name = NULL}};
static const SinewKey bdf_keys[] = {{.name = "order",
                                     .type = SINEW_KEY_INT,
                                     .offset = VALUE(order),
                                     .standard = "2",
                                     .min = 1,
                                     .max = 6,
                                     .doc = "order",
                                     .change = SINEW_CHANGE_WARN},
                                    RTOL,
                                    ATOL,
                                    {.name = NULL}};

/* ---- from keys to a TS ---- */

PetscErrorCode SinewProblemApply(const SinewProblem *p, TS ts, SinewFVParts parts, PetscReal t, Vec U, PetscReal a,
                                 Vec A, PetscReal b, PetscReal c, Vec out, PetscReal *rate)
{
  PetscReal t0, dt;

  PetscFunctionBeginUser;
  if (p->motion) {
    PetscCall(TSGetTime(ts, &t0));
    PetscCall(TSGetTimeStep(ts, &dt));
    PetscCall(SinewMeshMotionStage(p->motion, t0, dt, parts, t, U, a, A, b, c, out, rate));
  } else
    PetscCall(SinewFVApply(p->fv, parts, t, U, a, A, b, c, out, rate));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode fused_stage(void *context, PetscReal t, PetscReal to, Vec Y, PetscReal a, Vec A, PetscReal b,
                                  PetscReal c, Vec out, PetscReal *rate)
{
  SinewStepper s = (SinewStepper)context;

  PetscFunctionBeginUser;
  if (s->problem.equation->type->stage && !s->problem.motion) {
    PetscCall((*s->problem.equation->type->stage)(s->problem.equation, t, to, Y, a, A, b, c, out));
    if (rate) PetscCall((*s->problem.equation->type->rate)(s->problem.equation, out, rate));
  } else {
    /* a step that is fixed needs to know no more of its candidate than that it is admissible */
    const PetscBool fixed = (PetscBool)(s->problem.motion && s->mode == SINEW_STEP_FIXED);

    PetscCall(SinewProblemApply(&s->problem, s->ts, s->explicit_parts, t, Y, a, A, b, c, out, fixed ? NULL : rate));
    if (fixed && rate) PetscCall(SinewMeshMotionRate(s->problem.motion, SINEW_FV_NONE, out, rate));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode rhs_function(TS ts, PetscReal t, Vec U, Vec F, void *context)
{
  SinewStepper s = (SinewStepper)context;

  PetscFunctionBeginUser;
  PetscCall(SinewProblemApply(&s->problem, ts, s->explicit_parts, t, U, 0, NULL, 0, 1, F, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_euler(SinewStepper s, TS ts)
{
  PetscFunctionBeginUser;
  PetscCall(TSSetType(ts, TSSINEWSSP));
  PetscCall(TSSinewSSPSetScheme(ts, "euler", 0));
  PetscCall(TSSinewSSPSetStage(ts, fused_stage, s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_ssp(SinewStepper s, TS ts)
{
  PetscFunctionBeginUser;
  PetscCall(TSSetType(ts, TSSINEWSSP));
  PetscCall(TSSinewSSPSetScheme(ts, ssp_schemes[s->v.scheme], s->v.stages));
  PetscCall(TSSinewSSPSetStage(ts, fused_stage, s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Largest stable step of s stages times the rate of advection (von Neumann limits of unlimited PLM with diffusion up to
   3/4 of its own limit, to 0.1 %) or of diffusion (Meyer, Balsara & Aslam 2014). */
static PetscReal rkl_limit(const SinewStepper s, PetscBool diffusion)
{
  const PetscReal n = (PetscReal)s->v.stages;

  return diffusion ? (n * n + n - 2) / 4 : n < 5 ? 0.6 : 1.4;
}

static PetscErrorCode create_rkl(SinewStepper s, TS ts)
{
  PetscFunctionBeginUser;
  PetscCall(TSSetType(ts, TSSINEWSSP));
  PetscCall(TSSinewSSPSetScheme(ts, "rkl2", s->v.stages));
  if (s->problem.fv) PetscCall(SinewFVSetLimits(s->problem.fv, rkl_limit(s, PETSC_FALSE), rkl_limit(s, PETSC_TRUE)));
  if (s->problem.motion)
    PetscCall(SinewMeshMotionSetLimits(s->problem.motion, rkl_limit(s, PETSC_FALSE), rkl_limit(s, PETSC_TRUE)));
  PetscCall(TSSinewSSPSetStage(ts, fused_stage, s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_spectral(SinewStepper s, TS ts)
{
  const SinewEquation e = s->problem.equation;
  SinewSemilinear problem;

  PetscFunctionBeginUser;
  PetscCall(TSSetType(ts, TSSINEWIF));
  PetscCall(TSSinewIFSetScheme(ts, spectral_schemes[s->v.scheme]));
  PetscCall((*e->type->semilinear)(e, &problem));
  PetscCall(TSSinewIFSetProblem(ts, &problem));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_rk(SinewStepper s, TS ts)
{
  PetscFunctionBeginUser;
  PetscCall(TSSetType(ts, TSRK));
  PetscCall(TSRKSetType(ts, rk_schemes[s->v.scheme]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_arkimex(SinewStepper s, TS ts)
{
  PetscFunctionBeginUser;
  PetscCall(TSSetType(ts, TSARKIMEX));
  PetscCall(TSARKIMEXSetType(ts, arkimex_schemes[s->v.scheme]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_bdf(SinewStepper s, TS ts)
{
  PetscFunctionBeginUser;
  PetscCall(TSSetType(ts, TSBDF));
  PetscCall(TSBDFSetOrder(ts, s->v.order));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_cn(SinewStepper s, TS ts)
{
  PetscFunctionBeginUser;
  (void)s;
  PetscCall(TSSetType(ts, TSCN));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_beuler(SinewStepper s, TS ts)
{
  PetscFunctionBeginUser;
  (void)s;
  PetscCall(TSSetType(ts, TSBEULER));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_own(SinewStepper s, TS ts)
{
  PetscFunctionBeginUser;
  PetscCall((*s->type->hooks->create)(s->own, &s->problem, ts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_steady(SinewStepper s, TS ts)
{
  PetscFunctionBeginUser;
  (void)s;
  PetscCall(TSSetType(ts, TSSINEWSTEADY));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const SinewKey no_keys[] = {{.name = NULL}};

static const Type types[] = {
    {"euler", "forward Euler", no_keys, SINEW_STEP_CFL, PETSC_FALSE, PETSC_FALSE, PETSC_FALSE, create_euler, NULL},
    {"ssp", "strong-stability-preserving Runge-Kutta, stages fused with space", ssp_keys, SINEW_STEP_CFL, PETSC_FALSE,
     PETSC_FALSE, PETSC_FALSE, create_ssp, NULL},
    {"rkl", "stabilised Runge-Kutta-Legendre of second order: long explicit steps where diffusion is what limits them",
     rkl_keys, SINEW_STEP_CFL, PETSC_FALSE, PETSC_FALSE, PETSC_FALSE, create_rkl, NULL},
    {"spectral", "Runge-Kutta with an integrating factor in Fourier modes, diffusion exact; periodic grids",
     spectral_keys, SINEW_STEP_CFL, PETSC_FALSE, PETSC_FALSE, PETSC_TRUE, create_spectral, NULL},
    {"rk", "PETSc's explicit Runge-Kutta pairs with error control", rk_keys, SINEW_STEP_ERROR, PETSC_FALSE, PETSC_TRUE,
     PETSC_FALSE, create_rk, NULL},
    {"arkimex", "PETSc's additive Runge-Kutta pairs, diffusion implicit", arkimex_keys, SINEW_STEP_ERROR, PETSC_TRUE,
     PETSC_TRUE, PETSC_FALSE, create_arkimex, NULL},
    {"bdf", "PETSc's backward differentiation formulas", bdf_keys, SINEW_STEP_ERROR, PETSC_TRUE, PETSC_TRUE, PETSC_TRUE,
     create_bdf, NULL},
    {"cn", "Crank-Nicolson", no_keys, SINEW_STEP_FIXED, PETSC_TRUE, PETSC_TRUE, PETSC_FALSE, create_cn, NULL},
    {"beuler", "backward Euler", no_keys, SINEW_STEP_FIXED, PETSC_TRUE, PETSC_TRUE, PETSC_FALSE, create_beuler, NULL},
    {"steady", "leaps to the steady state: one solve, whatever time.end is", no_keys, SINEW_STEP_FIXED, PETSC_TRUE,
     PETSC_FALSE, PETSC_FALSE, create_steady, NULL},
    {"insr", "fields as weights of a point network, advanced by nonlinear least squares", SinewInsrKeys,
     SINEW_STEP_FIXED, PETSC_FALSE, PETSC_FALSE, PETSC_FALSE, create_own, &SinewInsrHooks},
    {"mmpde", "a trained MM-PDE: message passing on the grid's nodes and on moved ones", SinewMmpdeKeys,
     SINEW_STEP_FIXED, PETSC_FALSE, PETSC_FALSE, PETSC_FALSE, create_own, &SinewMmpdeHooks},
    {"sinenet", "a trained SineNet in a file", SinewSinenetKeys, SINEW_STEP_FIXED, PETSC_FALSE, PETSC_FALSE,
     PETSC_FALSE, create_own, &SinewSinenetHooks},
};
#define TYPES ((PetscInt)(sizeof(types) / sizeof(types[0])))

/* ---- reading ---- */

static PetscErrorCode mistake(SinewStepper s, SinewDeck deck, SinewNode section, const char key[], const char text[])
{
  char path[64];

  PetscFunctionBeginUser;
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s.%s", s->path, key));
  PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, section, key), path, "%s", text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Of Fourier modes: the stability limit on the imaginary axis over the largest wavenumber times dx, 2 pi / 3 of it
   kept. rk2 is not stable there, but grows by no more than (cfl 2 pi / 3)^4 / 8 a step. */
static const PetscReal spectral_limits[] = {0.5, 0.82, 1.35};

/* Largest stable cfl of an explicit scheme for first-order upwinding: its SSP coefficient; 0: not known. */
static PetscReal cfl_limit(const SinewStepper s)
{
  PetscInt n;

  if (s->type->create == create_spectral) return spectral_limits[s->v.scheme];
  if (s->type->create == create_euler) return 1;
  if (s->type->create == create_rkl) return 1; /* of rates that are parts of the limits */
  if (s->type->create != create_ssp) return 0;
  switch (s->v.scheme) {
  case 0: return (PetscReal)PetscMax(s->v.stages, 2) - 1;
  case 1: n = s->v.stages ? s->v.stages : 4; return (PetscReal)n - PetscFloorReal(PetscSqrtReal((PetscReal)n) + 0.5);
  default: return 6;
  }
}

/*
  The largest cfl at which smooth waves are stable too. High-order upwinding has eigenvalues nearer to the imaginary
  axis than first-order upwinding, so long stages must be shorter than the SSP coefficient says: fits (within 8 %, from
  below) to the von Neumann limits of unlimited PLM for rks2, and of unlimited PPM and linear WENO5 for rks3 and rk104.
*/
static PetscReal cfl_advised(const SinewStepper s)
{
  const PetscReal limit = cfl_limit(s);
  PetscReal smooth;

  if (limit == 0) return 1;
  if (s->type->create != create_ssp || s->v.reconstruction == 0) return limit;
  switch (s->v.scheme) {
  case 0: smooth = PetscPowReal(limit, 0.45); break;
  case 1: smooth = 1.55 * PetscPowReal(s->v.stages ? (PetscReal)s->v.stages / 4 : 1, 0.7); break;
  default: smooth = 3.1;
  }
  return PetscMin(limit, smooth);
}

static PetscErrorCode check_stages(SinewStepper s, SinewDeck deck, SinewNode section)
{
  const PetscInt n = s->v.stages, root = (PetscInt)(PetscSqrtReal((PetscReal)n) + 0.5);
  char text[128];
  PetscBool ok;

  PetscFunctionBeginUser;
  if (s->type->create == create_rkl && n % 2 == 0)
    PetscCall(
        mistake(s, deck, section, "stages", "expected an odd number: an even one does not damp the shortest wave"));
  if (s->type->create != create_ssp || n == 0) PetscFunctionReturn(PETSC_SUCCESS);
  ok = (PetscBool)(s->v.scheme == 0 ? n >= 2 : s->v.scheme == 1 ? n >= 4 && root * root == n : n == 10);
  if (ok) PetscFunctionReturn(PETSC_SUCCESS);
  (void)snprintf(text, sizeof(text), "expected %s for %s, found %" PetscInt_FMT,
                 s->v.scheme == 0   ? "2 or more"
                 : s->v.scheme == 1 ? "4, 9, 16, ..."
                                    : "10",
                 ssp_schemes[s->v.scheme], n);
  PetscCall(mistake(s, deck, section, "stages", text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode choose_control(SinewStepper s, SinewDeck deck, SinewNode section)
{
  Values *v = &s->v;
  char text[128];

  PetscFunctionBeginUser;
  if (s->type->create == create_steady) v->dt = 1e30; /* cut by the next output or the end */
  if (v->control)
    s->mode = v->control == 1 ? SINEW_STEP_FIXED : v->control == 2 ? SINEW_STEP_CFL : SINEW_STEP_ERROR;
  else
    s->mode = v->dt > 0 && s->type->control != SINEW_STEP_ERROR ? SINEW_STEP_FIXED : s->type->control;
  if (s->mode == SINEW_STEP_FIXED && v->dt <= 0)
    PetscCall(SinewDeckMistake(deck, section, s->path, "missing dt: %s takes a fixed step", s->type->name));
  if (s->mode == SINEW_STEP_ERROR && s->type->control != SINEW_STEP_ERROR) {
    (void)snprintf(text, sizeof(text), "%s has no error estimate", s->type->name);
    PetscCall(mistake(s, deck, section, "control", text));
  }
  if (cfl_limit(s) > 0 && v->cfl > cfl_limit(s)) {
    (void)snprintf(text, sizeof(text), "expected at most %g, where %s stops being stable, found %g",
                   (double)cfl_limit(s), s->type->name, (double)v->cfl);
    PetscCall(mistake(s, deck, section, "cfl", text));
  }
  if (s->mode == SINEW_STEP_CFL && v->cfl == 0) v->cfl = 0.8 * cfl_advised(s);
  if (s->mode == SINEW_STEP_ERROR && v->dt <= 0) v->dt = 1e-6;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_keys(SinewStepper s, SinewDeck deck, SinewNode section)
{
  PetscFunctionBeginUser;
  PetscCall(SinewDeckRead(deck, section, s->path, common_keys, &s->v));
  PetscCall(SinewDeckRead(deck, section, s->path, s->type->keys, &s->v));
  PetscCall(check_stages(s, deck, section));
  PetscCall(choose_control(s, deck, section));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewStepperCreateAt(SinewDeck deck, SinewNode section, const char path[], const char prefix[],
                                    SinewStepper *stepper)
{
  const char *names[TYPES];
  PetscInt index;
  SinewStepper s;

  PetscFunctionBeginUser;
  *stepper = NULL;
  for (PetscInt k = 0; k < TYPES; k++) names[k] = types[k].name;
  PetscCall(SinewDeckReadName(deck, section, path, "type", TYPES, names, 1, &index));
  if (index < 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscNew(&s));
  s->type = &types[index];
  s->section = section;
  s->path = path;
  s->prefix = prefix;
  if (s->type->hooks)
    PetscCall((*s->type->hooks->read)(&(SinewStepperPlace){deck, section, path}, &s->own));
  else
    PetscCall(read_keys(s, deck, section));
  s->space.reconstruction = &SinewReconstructions[s->v.reconstruction];
  s->space.characteristic = (PetscBool)(s->v.variables == 1);
  *stepper = s;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewStepperCreate(SinewDeck deck, SinewStepper *stepper)
{
  PetscFunctionBeginUser;
  PetscCall(SinewStepperCreateAt(deck, SinewNodeGet(deck, SinewDeckRoot(deck), "stepper"), "stepper", NULL, stepper));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewStepperDestroy(SinewStepper *stepper)
{
  PetscFunctionBeginUser;
  if (*stepper && (*stepper)->type->hooks) PetscCall((*(*stepper)->type->hooks->destroy)((*stepper)->own));
  PetscCall(PetscFree(*stepper));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether type and equation have a form in common; staggered equations are told so. */
static PetscErrorCode match(SinewStepper s, SinewDeck deck, SinewEquation equation, const SinewGridOptions *grid)
{
  const PetscBool spectral = SinewStepperTransforms(s),
                  rows = (PetscBool)(equation->kernels.flux || equation->kernels.diffusive_flux),
                  stages = (PetscBool)(equation->type->stage &&
                                       (s->type->create == create_ssp || s->type->create == create_euler));
  PetscBool fourier = PETSC_TRUE;
  char text[128];

  PetscFunctionBeginUser;
  if (equation->placed && equation->staggered != stages)
    PetscCall(mistake(s, deck, s->section, "type",
                      "the velocity's components stand elsewhere under this stepper than under another of the deck"));
  equation->staggered = stages;
  equation->placed = PETSC_TRUE;
  for (PetscInt d = 0; d < grid->dim; d++) {
    if (!grid->periodic[d] || grid->mapped[d]) fourier = PETSC_FALSE;
  }
  if (spectral && !equation->type->semilinear) {
    (void)snprintf(text, sizeof(text), "%s has no spectral form", equation->type->name);
    PetscCall(mistake(s, deck, s->section, "type", text));
  } else if (spectral && !fourier)
    PetscCall(mistake(s, deck, s->section, "type", "spectral needs periodic axes without stretching"));
  else if (!spectral && !rows && !stages && (equation->type->semilinear || equation->type->stage)) {
    (void)snprintf(text, sizeof(text), "expected spectral, ssp, euler or insr for %s, found %s", equation->type->name,
                   s->type->name);
    PetscCall(mistake(s, deck, s->section, "type", text));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewStepperSetDomain(SinewStepper s, SinewDeck deck, SinewEquation equation,
                                     const SinewGridSection *grid)
{
  const SinewStepperHooks *hooks = s->type->hooks;
  const SinewStepperPlace place = {deck, s->section, s->path};

  PetscFunctionBeginUser;
  if (!hooks) PetscCall(match(s, deck, equation, &grid->options));
  if (hooks && hooks->domain) PetscCall((*hooks->domain)(s->own, &place, equation, grid));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewStepperPrepare(SinewStepper s, MPI_Comm comm, SinewDeck deck, SinewEquation equation,
                                   const SinewGridOptions *grid)
{
  const SinewStepperHooks *hooks = s->type->hooks;

  PetscFunctionBeginUser;
  if (!hooks) PetscFunctionReturn(PETSC_SUCCESS);
  if (hooks->prepare) {
    const SinewStepperPlace place = {deck, s->section, s->path};

    PetscCall((*hooks->prepare)(s->own, comm, &place, equation, grid));
  }
  s->v.dt = SinewStepperStep(s);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt SinewStepperGhosts(SinewStepper s)
{
  const SinewStepperHooks *hooks = s->type->hooks;
  const PetscInt own = SinewFVGhosts(s->space.reconstruction);

  return hooks && hooks->ghosts ? PetscMax(own, (*hooks->ghosts)(s->own)) : own;
}

PetscInt SinewStepperAlign(SinewStepper s)
{
  const SinewStepperHooks *hooks = s->type->hooks;

  return hooks && hooks->align ? (*hooks->align)(s->own) : 0;
}

PetscReal SinewStepperStep(SinewStepper s)
{
  const SinewStepperHooks *hooks = s->type->hooks;

  return hooks && hooks->step ? (*hooks->step)(s->own) : 0;
}

PetscBool SinewStepperIsClassical(SinewStepper s)
{
  return (PetscBool)!s->type->hooks;
}

const char *SinewStepperPath(SinewStepper s)
{
  return s->path;
}

const SinewSpace *SinewStepperSpace(SinewStepper stepper)
{
  return &stepper->space;
}

const char *SinewStepperAdvice(SinewStepper stepper)
{
  PetscBool ssp, second;

  if (PetscStrcmp(stepper->type->name, "ssp", &ssp) || !ssp) return NULL;
  if (PetscStrcmp(ssp_schemes[stepper->v.scheme], "rks2", &second) || !second) return NULL;
  return stepper->space.reconstruction->reach < 2
             ? NULL
             : "rks2 lets smooth waves grow slowly with this reconstruction, which "
               "damps little: scheme rks3 or rk104 holds them";
}

PetscBool SinewStepperSolvesConstraints(SinewStepper stepper)
{
  return (PetscBool)(stepper->type->create == create_bdf || stepper->type->create == create_beuler);
}

PetscBool SinewStepperSeeksSteadyState(SinewStepper stepper)
{
  return (PetscBool)(stepper->type->create == create_steady);
}

const char *SinewStepperName(SinewStepper stepper)
{
  return stepper->type->name;
}

PetscBool SinewStepperTransforms(SinewStepper stepper)
{
  return (PetscBool)(stepper->type->create == create_spectral);
}

/* Whether explicit and implicit stages of a pair stand at the same times: then contents and volumes go together. */
static PetscBool stands_together(const char scheme[])
{
  PetscBool same = PETSC_FALSE;
  const char *const apart[] = {TSARKIMEX1BEE, TSARKIMEXPRSSP2, TSARKIMEXBPR3};

  for (int k = 0; k < 3 && !same; k++) {
    if (PetscStrcmp(scheme, apart[k], &same)) return PETSC_FALSE;
  }
  return (PetscBool)!same;
}

PetscBool SinewStepperMoves(SinewStepper s)
{
  PetscErrorCode (*const create)(SinewStepper, TS) = s->type->create;
  PetscBool moves = (PetscBool)(create == create_ssp || create == create_euler || create == create_rkl ||
                                create == create_cn || create == create_beuler || create == create_arkimex);

  if (create == create_arkimex) moves = stands_together(arkimex_schemes[s->v.scheme]);
  return (PetscBool)(moves && !s->space.reconstruction->pointwise && !s->space.characteristic);
}

PetscInt SinewStepperMaxSteps(SinewStepper stepper)
{
  const SinewStepperHooks *hooks = stepper->type->hooks;

  return hooks && hooks->max_steps ? (*hooks->max_steps)(stepper->own) : stepper->v.max_steps;
}

PetscBool SinewStepperOverwrites(SinewStepper stepper)
{
  return stepper->type->overwrites;
}

/* Algebraic multigrid keeps the aggregates of its first matrix and its smoothers' bounds, even after PCReset: a new
 * one. */
static PetscErrorCode renew_preconditioner(TS ts)
{
  SNES snes;
  KSP ksp;
  PC pc;
  PCType type;
  char name[64];

  PetscFunctionBeginUser;
  PetscCall(TSGetSNES(ts, &snes));
  PetscCall(SNESGetKSP(snes, &ksp));
  PetscCall(KSPReset(ksp));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCGetType(pc, &type));
  if (!type) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscStrncpy(name, type, sizeof(name)));
  PetscCall(PCSetType(pc, PCNONE));
  PetscCall(PCSetType(pc, name));
  PetscCall(PCSetFromOptions(pc));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewStepperForget(SinewStepper stepper, TS ts)
{
  PetscFunctionBeginUser;
  if (stepper->type->history) PetscCall(TSRestartStep(ts));
  if (stepper->type->implicit) PetscCall(renew_preconditioner(ts));
  if (stepper->type->hooks && stepper->type->hooks->forget) PetscCall((*stepper->type->hooks->forget)(stepper->own));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewStepperSave(SinewStepper s, TS ts, SinewFile file)
{
  PetscFunctionBeginUser;
  if (s->type->hooks && s->type->hooks->save) PetscCall((*s->type->hooks->save)(s->own, ts, file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewStepperLoad(SinewStepper s, TS ts, SinewFile file)
{
  PetscFunctionBeginUser;
  if (s->type->hooks && s->type->hooks->load) PetscCall((*s->type->hooks->load)(s->own, ts, file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewStepperStart(SinewStepper s, TS ts, PetscBool fresh, size_t size, char note[])
{
  PetscFunctionBeginUser;
  note[0] = 0;
  if (s->type->hooks && s->type->hooks->start) PetscCall((*s->type->hooks->start)(s->own, ts, fresh, size, note));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewStepperSample(SinewStepper s, TS ts)
{
  PetscFunctionBeginUser;
  PetscCheck(SinewStepperSamples(s), PetscObjectComm((PetscObject)ts), PETSC_ERR_SUP, "%s lives on its grid alone",
             s->type->name);
  PetscCall((*s->type->hooks->sample)(s->own, ts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscBool SinewStepperSamples(SinewStepper s)
{
  return (PetscBool)(s->type->hooks && s->type->hooks->sample);
}

void SinewStepperColumns(SinewStepper s, PetscInt *count, const char *const **names, const PetscReal **values)
{
  *count = 0;
  if (s->type->hooks && s->type->hooks->columns) (*s->type->hooks->columns)(s->own, count, names, values);
}

PetscErrorCode SinewStepperMove(void *stepper, PetscInt n, PetscReal x[])
{
  SinewStepper s = (SinewStepper)stepper;

  PetscFunctionBeginUser;
  PetscCheck(s->type->hooks && s->type->hooks->move, PETSC_COMM_SELF, PETSC_ERR_SUP, "%s knows no displacements",
             s->type->name);
  PetscCall((*s->type->hooks->move)(s->own, n, x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const char *SinewStepperFailure(SinewStepper s)
{
  return s->type->hooks && s->type->hooks->failure ? (*s->type->hooks->failure)(s->own) : NULL;
}

PetscErrorCode SinewStepperPlan(SinewStepper s, MPI_Comm comm, FILE *out)
{
  PetscFunctionBeginUser;
  if (s->type->hooks && s->type->hooks->plan) PetscCall((*s->type->hooks->plan)(s->own, comm, out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the TS ---- */

static PetscBool source_is_implicit(const SinewStepper s);

/* On a moving mesh: what is left of a residual is lost from the contents, so little may be. Faces are new in every
   step, which is no time to set up multigrid for; steps that transport allows need few sweeps of relaxation. */
static PetscErrorCode prepare_moving_solver(const SinewStepper s, SNES snes, KSP ksp, PC pc)
{
  const PetscBool linear =
      (PetscBool)(s->type->create == create_arkimex && s->problem.equation->linear_diffusion && !source_is_implicit(s));

  PetscFunctionBeginUser;
  PetscCall(SNESSetTolerances(snes, 1e-14, 1e-13, 1e-14, 20, -1));
  if (linear) {
    PetscCall(SNESSetType(snes, SNESKSPONLY));
    PetscCall(KSPSetTolerances(ksp, 1e-12, 1e-15, PETSC_DEFAULT, 200));
  }
  PetscCall(PCSetType(pc, PCSOR));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  Standards for the linear solves; the deck's petsc section and the command line have the last word. Where transport is
  implicit too (all but IMEX types), Newton's matrix acts by differencing the residual, preconditioned by the diffusive
  part.
*/
static PetscErrorCode prepare_solver(const SinewStepper s, TS ts)
{
  const PetscBool diffused = (PetscBool)(s->problem.equation->kernels.diffusive_flux != NULL);
  const PetscBool transport =
      (PetscBool)(s->type->create != create_arkimex && (s->problem.equation->kernels.flux || s->problem.motion));
  SNES snes;
  KSP ksp;
  PC pc;

  PetscFunctionBeginUser;
  PetscCall(TSGetSNES(ts, &snes));
  PetscCall(SNESSetTolerances(snes, 1e-12, 1e-10, 1e-12, 20, -1));
  PetscCall(SNESGetKSP(snes, &ksp));
  PetscCall(KSPSetTolerances(ksp, 1e-8, 1e-14, PETSC_DEFAULT, 200));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCSetType(pc, diffused ? PCGAMG : PCNONE));
  if (s->problem.motion && diffused) PetscCall(prepare_moving_solver(s, snes, ksp, pc));
  if (transport || !diffused) PetscCall(SNESSetUseMatrixFree(snes, diffused, (PetscBool)!diffused));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* IMEX types leave mild sources explicit; the others are implicit in all terms, and want a matrix that knows of them.
 */
static PetscBool source_is_implicit(const SinewStepper s)
{
  const SinewEquation e = s->problem.equation;

  if (s->type->create == create_steady) return PETSC_TRUE;
  if (e->source_kind == SINEW_SOURCE_MILD) return (PetscBool)(s->type->create != create_arkimex && !e->kernels.flux);
  return (PetscBool)(e->source_kind == SINEW_SOURCE_STIFF);
}

static PetscErrorCode set_functions(SinewStepper s, TS ts)
{
  const SinewFVKernels *k = &s->problem.equation->kernels;

  PetscFunctionBeginUser;
  s->explicit_parts = SINEW_FV_ALL;
  if (SinewStepperTransforms(s)) PetscFunctionReturn(PETSC_SUCCESS);
  if (s->type->implicit && k->diffusive_flux) {
    const SinewFVParts parts = (SinewFVParts)(SINEW_FV_DIFFUSION | (source_is_implicit(s) ? SINEW_FV_SOURCE : 0));

    s->explicit_parts = (SinewFVParts)(SINEW_FV_ALL & ~parts);
    PetscCall(SinewImplicitCreate(&s->problem, parts, ts));
  }
  if (k->flux || (k->source && (s->explicit_parts & SINEW_FV_SOURCE)) || s->explicit_parts == SINEW_FV_ALL ||
      s->problem.motion)
    PetscCall(TSSetRHSFunction(ts, NULL, rhs_function, s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A TS keeps its functions in its DM: one beside the run's own, which has the grid's DM, needs another. */
static PetscErrorCode set_dm(SinewStepper s, TS ts)
{
  const SinewGrid grid = s->problem.grid;
  DM dm;

  PetscFunctionBeginUser;
  if (s->prefix)
    PetscCall(SinewGridCreateDM(grid, s->problem.equation->components, SinewGridAxis(grid, 0)->ghosts, &dm));
  else {
    PetscCall(SinewGridGetDM(grid, &dm));
    PetscCall(PetscObjectReference((PetscObject)dm));
  }
  PetscCall(TSSetDM(ts, dm));
  PetscCall(DMDestroy(&dm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewStepperCreateTS(SinewStepper s, MPI_Comm comm, const SinewProblem *problem, SinewStepEvent *event,
                                    SinewStepRate *rate, void *context, TS *newts)
{
  SinewStepControl control = {.mode = s->mode,
                              .dt = s->v.dt,
                              .cfl = s->v.cfl,
                              .dt_max = s->v.dt_max,
                              .growth = s->v.growth,
                              .rejections = s->v.rejections,
                              .rate = rate,
                              .event = event,
                              .context = context};
  TS ts;

  PetscFunctionBeginUser;
  if (s->type->hooks && s->type->hooks->control) (*s->type->hooks->control)(s->own, &control, &s->v.rtol, &s->v.atol);
  s->problem = *problem;
  PetscCall(TSSinewSSPRegister());
  PetscCall(TSSinewSteadyRegister());
  PetscCall(TSSinewIFRegister());
  PetscCall(SinewFastPreconditionerRegister());
  PetscCall(TSCreate(comm, &ts));
  PetscCall(set_dm(s, ts));
  PetscCall(TSSetProblemType(ts, TS_NONLINEAR));
  PetscCall((*s->type->create)(s, ts));
  PetscCall(set_functions(s, ts));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_STEPOVER));
  PetscCall(TSSetErrorIfStepFails(ts, PETSC_FALSE));
  PetscCall(TSSetMaxSNESFailures(ts, -1));
  PetscCall(TSSetTolerances(ts, s->v.atol, NULL, s->v.rtol, NULL));
  PetscCall(TSSetMaxSteps(ts, PETSC_MAX_INT - 1));
  if (s->type->implicit) PetscCall(prepare_solver(s, ts));
  PetscCall(TSSetOptionsPrefix(ts, s->prefix));
  PetscCall(TSSetFromOptions(ts));
  PetscCall(SinewStepControlSet(ts, &control));
  s->ts = ts;
  *newts = ts;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewStepperRate(SinewStepper s, TS ts, PetscReal *rate)
{
  PetscBool known;
  PetscReal t;
  Vec U;

  PetscFunctionBeginUser;
  if (SinewStepperFailure(s)) {
    *rate = (PetscReal)NAN;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(TSSinewSSPGetRate(ts, rate, &known));
  if (known) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(TSGetTime(ts, &t));
  PetscCall(TSGetSolution(ts, &U));
  if (s->problem.motion)
    PetscCall(SinewMeshMotionRate(s->problem.motion, s->explicit_parts, U, rate));
  else if (s->problem.equation->type->rate)
    PetscCall((*s->problem.equation->type->rate)(s->problem.equation, U, rate));
  else
    PetscCall(SinewFVRate(s->problem.fv, s->explicit_parts, t, U, rate));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewStepperList(FILE *out, const char name[], PetscBool *found)
{
  PetscBool common = PETSC_FALSE; /* printed */

  PetscFunctionBeginUser;
  *found = PETSC_FALSE; /* types with hooks have none of the common keys */
  for (PetscInt k = 0; k < TYPES; k++) {
    PetscBool wanted = PETSC_TRUE;

    if (name) PetscCall(PetscStrcmp(name, types[k].name, &wanted));
    if (!wanted) continue;
    if (!types[k].hooks && !common) PetscCall(SinewKeysPrint(out, "stepper", common_keys));
    if (!types[k].hooks) common = PETSC_TRUE;
    *found = PETSC_TRUE;
    fprintf(out, "\nstepper.type: %s    %s\n", types[k].name, types[k].doc);
    PetscCall(SinewKeysPrint(out, "stepper", types[k].keys));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
