#include "solvers/stepper.h"

#include <math.h>

#include "operators/fast_preconditioner.h"
#include "solvers/implicit.h"
#include "solvers/stepper_types_private.h"
#include "solvers/steppers/integrating_factor.h"
#include "solvers/steppers/ssp.h"
#include "solvers/steppers/steady.h"

/* ---- keys ---- */

static const char *const controls[] = {"auto", "fixed", "cfl", "error", NULL};
static const char *const reconstructions[] = {"constant", "plm_minmod", "plm_mc", "plm_vanleer",
                                              "ppm",      "weno5",      NULL}; /* as in SinewReconstructions */
static const char *const variables[] = {"primitive", "characteristic", NULL};

#define VALUE STEPPER_VALUE
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

  if (s->type->kind == STEPPER_SPECTRAL) return spectral_limits[s->v.scheme];
  if (s->type->kind == STEPPER_EULER) return 1;
  if (s->type->kind == STEPPER_RKL) return 1; /* of rates that are parts of the limits */
  if (s->type->kind != STEPPER_SSP) return 0;
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
  if (s->type->kind != STEPPER_SSP || s->v.reconstruction == 0) return limit;
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
  if (s->type->kind == STEPPER_RKL && n % 2 == 0)
    PetscCall(
        mistake(s, deck, section, "stages", "expected an odd number: an even one does not damp the shortest wave"));
  if (s->type->kind != STEPPER_SSP || n == 0) PetscFunctionReturn(PETSC_SUCCESS);
  ok = (PetscBool)(s->v.scheme == 0 ? n >= 2 : s->v.scheme == 1 ? n >= 4 && root * root == n : n == 10);
  if (ok) PetscFunctionReturn(PETSC_SUCCESS);
  (void)snprintf(text, sizeof(text), "expected %s for %s, found %" PetscInt_FMT,
                 s->v.scheme == 0   ? "2 or more"
                 : s->v.scheme == 1 ? "4, 9, 16, ..."
                                    : "10",
                 s->type->schemes[s->v.scheme], n);
  PetscCall(mistake(s, deck, section, "stages", text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode choose_control(SinewStepper s, SinewDeck deck, SinewNode section)
{
  StepperValues *v = &s->v;
  char text[128];

  PetscFunctionBeginUser;
  if (s->type->kind == STEPPER_STEADY) v->dt = 1e30; /* cut by the next output or the end */
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
  const char *names[STEPPER_TYPES];
  PetscInt index;
  SinewStepper s;

  PetscFunctionBeginUser;
  *stepper = NULL;
  for (PetscInt k = 0; k < STEPPER_TYPES; k++) names[k] = StepperTypes[k].name;
  PetscCall(SinewDeckReadName(deck, section, path, "type", STEPPER_TYPES, names, 1, &index));
  if (index < 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscNew(&s));
  s->type = &StepperTypes[index];
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
                                       (s->type->kind == STEPPER_SSP || s->type->kind == STEPPER_EULER));
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
  PetscBool second;

  if (stepper->type->kind != STEPPER_SSP) return NULL;
  if (PetscStrcmp(stepper->type->schemes[stepper->v.scheme], "rks2", &second) || !second) return NULL;
  return stepper->space.reconstruction->reach < 2
             ? NULL
             : "rks2 lets smooth waves grow slowly with this reconstruction, which "
               "damps little: scheme rks3 or rk104 holds them";
}

PetscBool SinewStepperSolvesConstraints(SinewStepper stepper)
{
  return (PetscBool)(stepper->type->kind == STEPPER_BDF || stepper->type->kind == STEPPER_BEULER);
}

PetscBool SinewStepperSeeksSteadyState(SinewStepper stepper)
{
  return (PetscBool)(stepper->type->kind == STEPPER_STEADY);
}

const char *SinewStepperName(SinewStepper stepper)
{
  return stepper->type->name;
}

PetscBool SinewStepperTransforms(SinewStepper stepper)
{
  return (PetscBool)(stepper->type->kind == STEPPER_SPECTRAL);
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
  const StepperKind kind = s->type->kind;
  PetscBool moves = (PetscBool)(kind == STEPPER_SSP || kind == STEPPER_EULER || kind == STEPPER_RKL ||
                                kind == STEPPER_CN || kind == STEPPER_BEULER || kind == STEPPER_ARKIMEX);

  if (kind == STEPPER_ARKIMEX) moves = stands_together(s->type->schemes[s->v.scheme]);
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

static PetscErrorCode rhs_function(TS ts, PetscReal t, Vec U, Vec F, void *context)
{
  SinewStepper s = (SinewStepper)context;

  PetscFunctionBeginUser;
  PetscCall(SinewProblemApply(&s->problem, ts, s->explicit_parts, t, U, 0, NULL, 0, 1, F, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool source_is_implicit(const SinewStepper s);

/* On a moving mesh: what is left of a residual is lost from the contents, so little may be. Faces are new in every
   step, which is no time to set up multigrid for; steps that transport allows need few sweeps of relaxation. */
static PetscErrorCode prepare_moving_solver(const SinewStepper s, SNES snes, KSP ksp, PC pc)
{
  const PetscBool linear =
      (PetscBool)(s->type->kind == STEPPER_ARKIMEX && s->problem.equation->linear_diffusion && !source_is_implicit(s));

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
      (PetscBool)(s->type->kind != STEPPER_ARKIMEX && (s->problem.equation->kernels.flux || s->problem.motion));
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

  if (s->type->kind == STEPPER_STEADY) return PETSC_TRUE;
  if (e->source_kind == SINEW_SOURCE_MILD) return (PetscBool)(s->type->kind != STEPPER_ARKIMEX && !e->kernels.flux);
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
  for (PetscInt k = 0; k < STEPPER_TYPES; k++) {
    PetscBool wanted = PETSC_TRUE;

    if (name) PetscCall(PetscStrcmp(name, StepperTypes[k].name, &wanted));
    if (!wanted) continue;
    if (!StepperTypes[k].hooks && !common) PetscCall(SinewKeysPrint(out, "stepper", common_keys));
    if (!StepperTypes[k].hooks) common = PETSC_TRUE;
    *found = PETSC_TRUE;
    fprintf(out, "\nstepper.type: %s    %s\n", StepperTypes[k].name, StepperTypes[k].doc);
    PetscCall(SinewKeysPrint(out, "stepper", StepperTypes[k].keys));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
