#include "solvers/reference.h"

struct _p_SinewReference {
  SinewIntegrator integrator;
  Vec R;
  PetscReal t;
};

typedef struct {
  SinewNode stepper;
} Values;

const SinewKey SinewReferenceKeys[] = {
    {.name = "stepper",
     .type = SINEW_KEY_NODE,
     .offset = offsetof(Values, stepper),
     .required = PETSC_TRUE,
     .doc = "a classical stepper's section: runs beside the run, which is compared with it",
     .change = SINEW_CHANGE_WARN},
    {.name = NULL}};

PetscErrorCode SinewReferenceCreate(SinewDeck deck, SinewReference *reference)
{
  const SinewNode section = SinewNodeGet(deck, SinewDeckRoot(deck), "reference");
  SinewIntegrator integrator;
  Values v = {SINEW_NODE_NONE};

  PetscFunctionBeginUser;
  *reference = NULL;
  if (section == SINEW_NODE_NONE) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewDeckRead(deck, section, "reference", SinewReferenceKeys, &v));
  if (v.stepper == SINEW_NODE_NONE) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewIntegratorCreate(deck, v.stepper, "reference.stepper", "reference_", &integrator));
  if (!integrator) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscNew(reference));
  (*reference)->integrator = integrator;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewReferenceSetDomain(SinewReference r, SinewDeck deck, SinewEquation equation,
                                       const SinewGridSection *grid)
{
  PetscFunctionBeginUser;
  if (r) PetscCall(SinewIntegratorSetDomain(r->integrator, deck, equation, grid));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewReferenceDestroy(SinewReference *reference)
{
  SinewReference r = *reference;

  PetscFunctionBeginUser;
  if (!r) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SinewIntegratorDestroy(&r->integrator));
  PetscCall(VecDestroy(&r->R));
  PetscCall(PetscFree(r));
  *reference = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewReferenceSetUp(SinewReference r, const SinewProblem *problem)
{
  DM dm;

  PetscFunctionBeginUser;
  PetscCall(SinewGridGetDM(problem->grid, &dm));
  PetscCall(DMCreateGlobalVector(dm, &r->R));
  PetscCall(SinewIntegratorSetUp(r->integrator, problem));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewReferenceStart(SinewReference r, PetscReal t, Vec U)
{
  PetscFunctionBeginUser;
  if (U != r->R) PetscCall(VecCopy(U, r->R));
  r->t = t;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewReferenceAdvance(SinewReference r, PetscReal t, PetscBool *done)
{
  PetscFunctionBeginUser;
  PetscCall(SinewIntegratorAdvance(r->integrator, r->t, t, r->R, done));
  if (*done) r->t = t;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewReferenceForget(SinewReference r)
{
  PetscFunctionBeginUser;
  PetscCall(SinewIntegratorForget(r->integrator));
  PetscFunctionReturn(PETSC_SUCCESS);
}

Vec SinewReferenceState(SinewReference r)
{
  return r->R;
}

const char *SinewReferenceName(SinewReference r)
{
  return SinewIntegratorName(r->integrator);
}

PetscInt SinewReferenceGhosts(SinewReference r)
{
  return SinewIntegratorGhosts(r->integrator);
}

PetscReal SinewReferenceGetTime(SinewReference r)
{
  return r->t;
}

PetscReal SinewReferenceGetNominal(SinewReference r)
{
  return SinewIntegratorGetNominal(r->integrator);
}

PetscErrorCode SinewReferenceSetNominal(SinewReference r, PetscReal nominal)
{
  PetscFunctionBeginUser;
  PetscCall(SinewIntegratorSetNominal(r->integrator, nominal));
  PetscFunctionReturn(PETSC_SUCCESS);
}
