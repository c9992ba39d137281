/* The types of steppers: their keys, and what makes a TS of each. */
#include "solvers/stepper_types_private.h"
#include "solvers/steppers/insr_private.h"
#include "solvers/steppers/integrating_factor.h"
#include "solvers/steppers/mmpde_private.h"
#include "solvers/steppers/sinenet_private.h"
#include "solvers/steppers/ssp.h"
#include "solvers/steppers/steady.h"

/* ---- keys ---- */

#define VALUE STEPPER_VALUE

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
  PetscCall(TSSinewSSPSetScheme(ts, s->type->schemes[s->v.scheme], s->v.stages));
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
  PetscCall(TSSinewIFSetScheme(ts, s->type->schemes[s->v.scheme]));
  PetscCall((*e->type->semilinear)(e, &problem));
  PetscCall(TSSinewIFSetProblem(ts, &problem));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_rk(SinewStepper s, TS ts)
{
  PetscFunctionBeginUser;
  PetscCall(TSSetType(ts, TSRK));
  PetscCall(TSRKSetType(ts, s->type->schemes[s->v.scheme]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_arkimex(SinewStepper s, TS ts)
{
  PetscFunctionBeginUser;
  PetscCall(TSSetType(ts, TSARKIMEX));
  PetscCall(TSARKIMEXSetType(ts, s->type->schemes[s->v.scheme]));
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

/* ---- the table ---- */

static const SinewKey no_keys[] = {{.name = NULL}};

const StepperType StepperTypes[STEPPER_TYPES] = {
    {"euler", "forward Euler", no_keys, SINEW_STEP_CFL, PETSC_FALSE, PETSC_FALSE, PETSC_FALSE, NULL, STEPPER_EULER,
     create_euler, NULL},
    {"ssp", "strong-stability-preserving Runge-Kutta, stages fused with space", ssp_keys, SINEW_STEP_CFL, PETSC_FALSE,
     PETSC_FALSE, PETSC_FALSE, ssp_schemes, STEPPER_SSP, create_ssp, NULL},
    {"rkl", "stabilised Runge-Kutta-Legendre of second order: long explicit steps where diffusion is what limits them",
     rkl_keys, SINEW_STEP_CFL, PETSC_FALSE, PETSC_FALSE, PETSC_FALSE, NULL, STEPPER_RKL, create_rkl, NULL},
    {"spectral", "Runge-Kutta with an integrating factor in Fourier modes, diffusion exact; periodic grids",
     spectral_keys, SINEW_STEP_CFL, PETSC_FALSE, PETSC_FALSE, PETSC_TRUE, spectral_schemes, STEPPER_SPECTRAL,
     create_spectral, NULL},
    {"rk", "PETSc's explicit Runge-Kutta pairs with error control", rk_keys, SINEW_STEP_ERROR, PETSC_FALSE, PETSC_TRUE,
     PETSC_FALSE, rk_schemes, STEPPER_RK, create_rk, NULL},
    {"arkimex", "PETSc's additive Runge-Kutta pairs, diffusion implicit", arkimex_keys, SINEW_STEP_ERROR, PETSC_TRUE,
     PETSC_TRUE, PETSC_FALSE, arkimex_schemes, STEPPER_ARKIMEX, create_arkimex, NULL},
    {"bdf", "PETSc's backward differentiation formulas", bdf_keys, SINEW_STEP_ERROR, PETSC_TRUE, PETSC_TRUE, PETSC_TRUE,
     NULL, STEPPER_BDF, create_bdf, NULL},
    {"cn", "Crank-Nicolson", no_keys, SINEW_STEP_FIXED, PETSC_TRUE, PETSC_TRUE, PETSC_FALSE, NULL, STEPPER_CN,
     create_cn, NULL},
    {"beuler", "backward Euler", no_keys, SINEW_STEP_FIXED, PETSC_TRUE, PETSC_TRUE, PETSC_FALSE, NULL, STEPPER_BEULER,
     create_beuler, NULL},
    {"steady", "leaps to the steady state: one solve, whatever time.end is", no_keys, SINEW_STEP_FIXED, PETSC_TRUE,
     PETSC_FALSE, PETSC_FALSE, NULL, STEPPER_STEADY, create_steady, NULL},
    {"insr", "fields as weights of a point network, advanced by nonlinear least squares", SinewInsrKeys,
     SINEW_STEP_FIXED, PETSC_FALSE, PETSC_FALSE, PETSC_FALSE, NULL, STEPPER_OWN, create_own, &SinewInsrHooks},
    {"mmpde", "a trained MM-PDE: message passing on the grid's nodes and on moved ones", SinewMmpdeKeys,
     SINEW_STEP_FIXED, PETSC_FALSE, PETSC_FALSE, PETSC_FALSE, NULL, STEPPER_OWN, create_own, &SinewMmpdeHooks},
    {"sinenet", "a trained SineNet in a file", SinewSinenetKeys, SINEW_STEP_FIXED, PETSC_FALSE, PETSC_FALSE,
     PETSC_FALSE, NULL, STEPPER_OWN, create_own, &SinewSinenetHooks},
};
