/* Simulations: from a deck to objects. The time loop is in run.c, checkpoints in restart.c. */
#include "solvers/simulation.h"

#include "operators/slab.h"
#include "solvers/simulation_private.h"

/* ---- the deck ---- */

typedef struct {
  const char *title;
  PetscInt version;
} Top;

const SinewKey SinewTopKeys[] = {{.name = "version",
                                  .type = SINEW_KEY_INT,
                                  .offset = offsetof(Top, version),
                                  .standard = "1",
                                  .min = 1,
                                  .max = 1,
                                  .doc = "of the deck's language",
                                  .change = SINEW_CHANGE_FREE},
                                 {.name = "title",
                                  .type = SINEW_KEY_STRING,
                                  .offset = offsetof(Top, title),
                                  .doc = "one line for people",
                                  .change = SINEW_CHANGE_FREE},
                                 {.name = NULL}};

const SinewKey SinewTimeKeys[] = {{.name = "end",
                                   .type = SINEW_KEY_REAL,
                                   .offset = 0,
                                   .min = 0,
                                   .max = 1e30,
                                   .above_min = PETSC_TRUE,
                                   .required = PETSC_TRUE,
                                   .doc = "the run ends here, exactly; it begins at 0",
                                   .change = SINEW_CHANGE_FREE},
                                  {.name = NULL}};

/* A stepper with files reads them when the deck makes sense; a step that is given cannot be cut to hit the end. */
static PetscErrorCode prepare_stepper(SinewSimulation s)
{
  const SinewNode time = SinewNodeGet(s->deck, SinewDeckRoot(s->deck), "time");
  PetscReal dt;

  PetscFunctionBeginUser;
  if (SinewDeckMistakes(s->deck)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewStepperPrepare(s->stepper, s->comm, s->deck, s->equation, &s->section.options));
  dt = SinewStepperStep(s->stepper);
  if (dt <= 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewOutputsCheckStep(s->outputs, s->deck, SinewStepperName(s->stepper), dt));
  if (!SinewIsMultiple(s->end, dt))
    PetscCall(SinewDeckMistake(s->deck, SinewNodeGet(s->deck, time, "end"), "time.end",
                               "expected a multiple of %.12g, the only step of %s, found %.12g", (double)dt,
                               SinewStepperName(s->stepper), (double)s->end));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What a stepper can do must be enough for the equation. */
static PetscErrorCode check_stepper(SinewSimulation s)
{
  const SinewNode section = SinewNodeGet(s->deck, SinewDeckRoot(s->deck), "stepper");
  const SinewReconstruction *scheme;

  PetscFunctionBeginUser;
  if (!s->equation || !s->stepper) PetscFunctionReturn(PETSC_SUCCESS);
  scheme = SinewStepperSpace(s->stepper)->reconstruction;
  if (s->equation->kernels.sides && scheme->pointwise)
    PetscCall(SinewDeckMistake(s->deck, SinewNodeGet(s->deck, section, "reconstruction"), "stepper.reconstruction",
                               "expected constant, plm_* or ppm: cells on both sides of a face see different fluxes of "
                               "this equation, which %s cannot correct",
                               scheme->name));
  if (SinewStepperSeeksSteadyState(s->stepper) && (s->equation->kernels.flux || !s->equation->kernels.diffusive_flux))
    PetscCall(SinewDeckMistake(s->deck, SinewNodeGet(s->deck, section, "type"), "stepper.type",
                               "steady is for equations with diffusion and without transport"));
  if (SinewEquationConstrained(s->equation) && !SinewStepperSolvesConstraints(s->stepper))
    PetscCall(SinewDeckMistake(s->deck, SinewNodeGet(s->deck, section, "type"), "stepper.type",
                               "expected bdf or beuler, which solve for constraints such as those of this equation, "
                               "found %s",
                               SinewStepperName(s->stepper)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What formulas may use: numbers that the ensemble draws, or those that come with a state from elsewhere. */
static PetscErrorCode define_numbers(SinewSimulation s)
{
  const SinewStart *start = s->options.start;

  PetscFunctionBeginUser;
  if (start) {
    (void)SinewNodeGet(s->deck, SinewDeckRoot(s->deck), "ensemble");
    PetscCall(SinewDeckDefine(s->deck, start->definitions));
  } else
    PetscCall(SinewEnsembleCreate(s->deck, s->options.member, &s->ensemble));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSimulationCreate(MPI_Comm comm, SinewDeck deck, const SinewSimulationOptions *options,
                                     SinewSimulation *simulation)
{
  const SinewNode root = SinewDeckRoot(deck);
  SinewSimulation s;
  Top top = {NULL, 1};

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&s));
  *simulation = s;
  s->comm = comm;
  s->deck = deck;
  s->options = *options;
  PetscCall(define_numbers(s)); /* before any formula is read */
  PetscCall(SinewDeckRead(deck, root, "", SinewTopKeys, &top));
  s->title = top.title;
  PetscCall(SinewDeckRead(deck, SinewNodeGet(deck, root, "time"), "time", SinewTimeKeys, &s->end));
  PetscCall(SinewGridSectionRead(deck, &s->section));
  PetscCall(SinewEquationCreate(deck, PetscMax(1, s->section.options.dim), &s->equation));
  if (s->equation && s->equation->type->load) PetscCall((*s->equation->type->load)(s->equation, comm, deck));
  if (s->section.options.dim) PetscCall(SinewGridSectionReadBoundary(comm, deck, s->equation, &s->section));
  PetscCall(SinewStepperCreate(deck, &s->stepper));
  if (s->stepper && s->equation) PetscCall(SinewStepperSetDomain(s->stepper, deck, s->equation, &s->section));
  PetscCall(SinewReferenceCreate(deck, &s->reference));
  PetscCall(SinewReferenceSetDomain(s->reference, deck, s->equation, &s->section));
  PetscCall(check_stepper(s));
  if (s->equation && s->section.options.dim && s->equation->type->check)
    PetscCall((*s->equation->type->check)(s->equation, deck, &s->section.options, s->section.side));
  PetscCall(SinewMeshMotionCreate(deck, s->equation, &s->section, &s->motion));
  if (s->motion && s->stepper && !SinewStepperMoves(s->stepper))
    PetscCall(SinewDeckMistake(
        deck, SinewNodeGet(deck, root, "stepper"), "stepper",
        "expected ssp, rkl, euler, cn, beuler or arkimex (not 1bee, prssp2, bpr3) with a reconstruction of "
        "primitive variables other than weno5 for a moving mesh"));
  if (s->motion && s->reference)
    PetscCall(SinewDeckMistake(deck, SinewNodeGet(deck, root, "reference"), "reference",
                               "a mesh that moves has no reference on it"));
  PetscCall(SinewOutputsCreate(deck, s->equation, options->name, s->reference, &s->outputs));
  PetscCall(SinewCheckpointSectionRead(deck, &s->checkpoint));
  PetscCall(SinewPetscSectionRead(deck));
  PetscCall(prepare_stepper(s));
  if (s->ensemble)
    PetscCall(SinewEnsembleCheck(s->ensemble, deck, s->equation, &s->section.options, s->end,
                                 s->stepper ? SinewStepperStep(s->stepper) : 0));
  PetscCall(SinewDeckCheck(deck));
  PetscCall(SinewCheckpointSectionDirectory(&s->checkpoint, SinewOutputsDirectory(s->outputs),
                                            sizeof(s->checkpoint_directory), s->checkpoint_directory));
  PetscCall(SinewProvenanceCollect(s->comm, deck, s->title, s->options.command_line, &s->provenance));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the objects ---- */

static PetscErrorCode set_up_space(SinewSimulation s)
{
  const SinewSpace *space = SinewStepperSpace(s->stepper);
  SinewGridOptions *o = &s->section.options;
  DM dm;

  PetscFunctionBeginUser;
  o->ghosts = SinewStepperGhosts(s->stepper);
  if (s->reference) o->ghosts = PetscMax(o->ghosts, SinewReferenceGhosts(s->reference));
  PetscCall(SinewGridBestAlign(s->comm, o, SinewStepperAlign(s->stepper), &o->align));
  if (SinewStepperTransforms(s->stepper) && !o->ranks[0]) PetscCall(SinewSlabRanks(s->comm, o, o->ghosts, o->ranks));
  o->map_context = &s->section;
  PetscCall(SinewGridCreate(s->comm, o, s->equation->components, &s->grid));
  s->equation->side = s->section.side;
  PetscCall(SinewEquationAttach(s->equation, s->grid));
  if (s->section.bounded)
    PetscCall(SinewBoundaryCreate(s->grid, s->equation->components, s->equation->kernels.velocity, s->section.side,
                                  &s->boundary));
  PetscCall(
      SinewFVCreate(s->grid, &s->equation->kernels, space->reconstruction, space->characteristic, s->boundary, &s->fv));
  if (s->motion) {
    PetscCall(SinewMeshMotionSetUp(s->motion, s->grid, space->reconstruction, s->boundary));
    PetscCall(SinewOutputsSetMotion(s->outputs, s->motion));
  }
  PetscCall(SinewGridGetDM(s->grid, &dm));
  PetscCall(DMCreateGlobalVector(dm, &s->U));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Constrained components follow from the others, whatever the deck gave them: steppers need a consistent state, or take
   the jump of the first step for an error that no shorter step can mend. */
static PetscErrorCode satisfy_constraints(SinewSimulation s)
{
  const PetscInt nc = s->equation->components;
  const PetscReal *r;
  PetscReal *u;
  PetscInt n;
  Vec terms;

  PetscFunctionBeginUser;
  if (!SinewEquationConstrained(s->equation)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecDuplicate(s->U, &terms));
  PetscCall(SinewFVApply(s->fv, SINEW_FV_ALL, 0, s->U, 0, NULL, 0, 1, terms, NULL));
  PetscCall(VecGetLocalSize(s->U, &n));
  PetscCall(VecGetArray(s->U, &u));
  PetscCall(VecGetArrayRead(terms, &r));
  for (PetscInt i = 0; i < n; i++) {
    if (s->equation->constrained[i % nc]) u[i] -= r[i];
  }
  PetscCall(VecRestoreArrayRead(terms, &r));
  PetscCall(VecRestoreArray(s->U, &u));
  PetscCall(VecDestroy(&terms));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The initial state must be admissible: what it breaks would otherwise look like the scheme's fault. */
static PetscErrorCode check_initial(SinewSimulation s)
{
  PetscBool found, failed;
  PetscInt cell[3];
  PetscReal u[SINEW_COMPONENTS_MAX];
  char mine[256] = "", why[256];

  PetscFunctionBeginUser;
  PetscCall(SinewFVFindBad(s->fv, s->U, &found, cell, u));
  if (found)
    PetscCall(PetscSNPrintf(
        mine, sizeof(mine),
        "initial: not admissible (NaN, or a quantity that must be positive is not) in cell (%" PetscInt_FMT
        ", %" PetscInt_FMT ", %" PetscInt_FMT "), where %s = %g",
        cell[0], cell[1], cell[2], s->equation->component[0], (double)u[0]));
  PetscCall(SinewAgree(s->comm, (PetscBool)!found, mine, &failed, sizeof(why), why));
  if (failed) SETERRQ(s->comm, SINEW_ERR_INPUT, "%s", why);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSimulationSetUp(SinewSimulation s)
{
  const char *const *names = NULL;
  const PetscReal *values = NULL;
  PetscInt columns;

  PetscFunctionBeginUser;
  PetscCall(set_up_space(s));
  s->problem = (SinewProblem){s->equation, s->grid, s->fv, s->boundary, s->motion};
  PetscCall(
      SinewStepperCreateTS(s->stepper, s->comm, &s->problem, SinewSimulationEvent, SinewSimulationRate, s, &s->ts));
  PetscCall(TSSetApplicationContext(s->ts, s));
  PetscCall(TSSetMaxTime(s->ts, s->end));
  PetscCall(TSSetSolution(s->ts, s->U));
  if (s->reference) PetscCall(SinewReferenceSetUp(s->reference, &s->problem));
  SinewStepperColumns(s->stepper, &columns, &names, &values);
  PetscCall(SinewOutputsColumns(s->outputs, columns, names, values));
  if (s->equation->displaced) PetscCall(SinewOutputsSetMove(s->outputs, SinewStepperMove, s->stepper));
  PetscCall(SinewCheckpointsCreate(s->comm, s->checkpoint_directory, s->checkpoint.keep, &s->checkpoints));
  if (s->options.restart) PetscCall(SinewSimulationLoad(s));
  if (!s->restarted) {
    if (s->options.start)
      PetscCall((*s->options.start->fill)(s->options.start->context, s, s->U));
    else if (s->motion)
      PetscCall(SinewMeshMotionInitial(s->motion, s->U));
    else
      PetscCall(SinewEquationInitial(s->equation, s->U));
    PetscCall(check_initial(s));
    PetscCall(satisfy_constraints(s));
    PetscCall(SinewStepControlStart(s->ts));
    if (s->reference) PetscCall(SinewReferenceStart(s->reference, 0, s->U));
  }
  if (SinewStepperOverwrites(s->stepper)) {
    PetscCall(VecDuplicate(s->U, &s->good));
    PetscCall(VecCopy(s->U, s->good));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSimulationDestroy(SinewSimulation *simulation)
{
  SinewSimulation s = *simulation;

  PetscFunctionBeginUser;
  if (!s) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewCheckpointsDestroy(&s->checkpoints));
  PetscCall(TSDestroy(&s->ts));
  PetscCall(SinewReferenceDestroy(&s->reference));
  PetscCall(VecDestroy(&s->U));
  PetscCall(VecDestroy(&s->good));
  PetscCall(SinewStepperDestroy(&s->stepper));
  PetscCall(SinewMeshMotionDestroy(&s->motion));
  PetscCall(SinewFVDestroy(&s->fv));
  PetscCall(SinewBoundaryDestroy(&s->boundary));
  PetscCall(SinewOutputsDestroy(&s->outputs));
  PetscCall(SinewStatusDestroy(&s->status));
  PetscCall(SinewEnsembleDestroy(&s->ensemble));
  PetscCall(SinewEquationDestroy(&s->equation));
  PetscCall(SinewGridDestroy(&s->grid));
  PetscCall(PetscFree(s));
  *simulation = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewSimulationGet(SinewSimulation s, SinewEquation *equation, SinewGrid *grid, SinewFV *fv, TS *ts,
                                  Vec *U)
{
  PetscFunctionBeginUser;
  if (equation) *equation = s->equation;
  if (grid) *grid = s->grid;
  if (fv) *fv = s->fv;
  if (ts) *ts = s->ts;
  if (U) *U = s->U;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the plan ---- */

PetscErrorCode SinewSimulationPlan(SinewSimulation s, FILE *out)
{
  const SinewAxis *a[3];
  PetscMPIInt ranks;
  PetscInt local[6], extreme[6];
  PetscReal dt;
  PetscLogDouble memory, largest;
  char end[32], text[3][64] = {"", "", ""};

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(s->comm, &ranks));
  for (PetscInt d = 0; d < 3; d++) {
    a[d] = SinewGridAxis(s->grid, d);
    local[d] = a[d]->count;
    local[3 + d] = -a[d]->count;
  }
  PetscCallMPI(MPI_Allreduce(local, extreme, 6, MPIU_INT, MPI_MAX, s->comm));
  PetscCall(PetscMemoryGetCurrentUsage(&memory));
  PetscCallMPI(MPI_Allreduce(&memory, &largest, 1, MPI_DOUBLE, MPI_MAX, s->comm));
  PetscCall(TSGetTimeStep(s->ts, &dt));
  for (PetscInt d = 0; d < SinewGridDim(s->grid); d++) {
    const char *by = d ? " x " : "";
    char part[64];

    PetscCall(PetscSNPrintf(part, sizeof(part), "%s%" PetscInt_FMT, by, a[d]->cells));
    PetscCall(PetscStrlcat(text[0], part, sizeof(text[0])));
    PetscCall(PetscSNPrintf(part, sizeof(part), "%s%" PetscInt_FMT, by, extreme[d]));
    PetscCall(PetscStrlcat(text[1], part, sizeof(text[1])));
    PetscCall(PetscSNPrintf(part, sizeof(part), "%s%" PetscInt_FMT, by, -extreme[3 + d]));
    PetscCall(PetscStrlcat(text[2], part, sizeof(text[2])));
  }
  PetscCall(PetscFPrintf(s->comm, out, "%s%sequation  %s: %s\n", s->title ? s->title : "", s->title ? "\n" : "",
                         s->equation->type->name, s->equation->type->doc));
  PetscCall(PetscFPrintf(s->comm, out, "grid      %s cells, %" PetscInt_FMT " components\n", text[0],
                         s->equation->components));
  PetscCall(PetscFPrintf(
      s->comm, out, "ranks     %d; boxes of %s%s%s cells\n", (int)ranks, text[1],
      extreme[0] == -extreme[3] && extreme[1] == -extreme[4] && extreme[2] == -extreme[5] ? "" : " down to ",
      extreme[0] == -extreme[3] && extreme[1] == -extreme[4] && extreme[2] == -extreme[5] ? "" : text[2]));
  PetscCall(PetscFPrintf(
      s->comm, out, "stepper   %s%s%s\n", SinewStepperName(s->stepper), SinewStepperIsClassical(s->stepper) ? ", " : "",
      SinewStepperIsClassical(s->stepper) ? SinewStepperSpace(s->stepper)->reconstruction->name : ""));
  PetscCall(SinewStepperPlan(s->stepper, s->comm, out));
  if (SinewStepperAdvice(s->stepper))
    PetscCall(PetscFPrintf(s->comm, out, "note      %s\n", SinewStepperAdvice(s->stepper)));
  if (s->reference) PetscCall(PetscFPrintf(s->comm, out, "reference %s\n", SinewReferenceName(s->reference)));
  snprintf(end, sizeof(end), "%g", (double)s->end); /* PETSc would write "100." */
  PetscCall(PetscFPrintf(s->comm, out, "time      to %s, first step %.3g: about %.0f steps if it stays\n", end,
                         (double)dt, (double)PetscCeilReal(s->end / dt)));
  PetscCall(SinewEnsemblePlan(s->ensemble, s->comm, out));
  PetscCall(PetscFPrintf(s->comm, out, "memory    %.0f MB on the fullest rank\n", largest / 1e6));
  PetscCall(PetscFPrintf(s->comm, out, "output    %s\n", SinewOutputsDirectory(s->outputs)));
  PetscFunctionReturn(PETSC_SUCCESS);
}
