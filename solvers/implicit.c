#include "solvers/implicit.h"

#include "io/error.h"
#include "operators/fast_preconditioner.h"

struct _p_SinewImplicit {
  SinewProblem problem;
  SinewFVParts parts;
  Mat L; /* dL_D/du */
  MatFDColoring coloring;
  DM dm; /* stencil of one cell */
  PetscBool assembled, affine, constrained;
  Vec mass, rate; /* with constraints: diagonal of M, and M u' */
  PetscReal time; /* of the assembled L, for coefficients that depend on it */
  PetscReal dt;   /* and, on a moving mesh, of the step that it belongs to */
  Vec then, now;  /* on a moving mesh: J of the assembled L, and J of a stage */
  TS ts;          /* not owned */
};

static PetscErrorCode implicit_function(TS ts, PetscReal t, Vec U, Vec Udot, Vec F, void *context)
{
  SinewImplicit s = (SinewImplicit)context;

  PetscFunctionBeginUser;
  if (s->constrained) PetscCall(VecPointwiseMult(s->rate, s->mass, Udot));
  PetscCall(SinewProblemApply(&s->problem, ts, s->parts, t, U, 1, s->constrained ? s->rate : Udot, 0, -1, F, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* L_D(u) for the colouring, which passes no time. */
static PetscErrorCode operator_at(void *dummy, Vec U, Vec F, void *context)
{
  SinewImplicit s = (SinewImplicit)context;

  PetscFunctionBeginUser;
  (void)dummy;
  PetscCall(SinewProblemApply(&s->problem, s->ts, s->parts, s->time, U, 0, NULL, 0, 1, F, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode assemble(SinewImplicit s, PetscReal t, PetscReal dt, Vec U)
{
  Vec base;

  PetscFunctionBeginUser;
  if (s->assembled && s->affine && s->time == t && s->dt == dt) PetscFunctionReturn(PETSC_SUCCESS);
  s->time = t;
  s->dt = dt;
  PetscCall(VecDuplicate(U, &base));
  if (s->affine)
    PetscCall(VecSet(base, 0));
  else
    PetscCall(VecCopy(U, base));
  PetscCall(MatFDColoringApply(s->L, s->coloring, base, NULL));
  PetscCall(VecDestroy(&base));
  s->assembled = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* L at time t of the TS's step into P; of an affine one only what has changed. */
static PetscErrorCode linearise(SinewImplicit s, TS ts, PetscReal t, Vec U, Mat P)
{
  const PetscBool moving = (PetscBool)(s->problem.motion != NULL);
  PetscReal t0 = 0, dt = 0;

  PetscFunctionBeginUser;
  if (moving) {
    PetscCall(TSGetTime(ts, &t0));
    PetscCall(TSGetTimeStep(ts, &dt));
  }
  if (!s->affine || (s->problem.equation->kernels.prepare && !moving))
    PetscCall(assemble(s, t, dt, U));
  else
    PetscCall(assemble(s, t0, dt, U)); /* on a moving mesh coefficients are those of the middle of the step */
  PetscCall(MatCopy(s->L, P, SAME_NONZERO_PATTERN));
  if (moving && s->time != t) {
    PetscCall(SinewMeshMotionVolumes(s->problem.motion, t0, dt, s->time, s->then));
    PetscCall(SinewMeshMotionVolumes(s->problem.motion, t0, dt, t, s->now));
    PetscCall(VecPointwiseDivide(s->now, s->then, s->now));
    PetscCall(MatDiagonalScale(P, NULL, s->now));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode implicit_jacobian(TS ts, PetscReal t, Vec U, Vec Udot, PetscReal shift, Mat A, Mat P,
                                        void *context)
{
  SinewImplicit s = (SinewImplicit)context;

  PetscFunctionBeginUser;
  (void)Udot;
  PetscCall(linearise(s, ts, t, U, P));
  PetscCall(MatScale(P, -1));
  if (s->constrained) {
    PetscCall(VecAXPBY(s->rate, shift, 0, s->mass));
    PetscCall(MatDiagonalSet(P, s->rate, ADD_VALUES));
  } else
    PetscCall(MatShift(P, shift));
  if (A != P) {
    PetscCall(MatAssemblyBegin(A, MAT_FINAL_ASSEMBLY));
    PetscCall(MatAssemblyEnd(A, MAT_FINAL_ASSEMBLY));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(SinewContextToDestroy context)
{
  SinewImplicit s = (SinewImplicit)SINEW_CONTEXT_OF(context);

  PetscFunctionBeginUser;
  PetscCall(MatFDColoringDestroy(&s->coloring));
  PetscCall(MatDestroy(&s->L));
  PetscCall(VecDestroy(&s->mass));
  PetscCall(VecDestroy(&s->rate));
  PetscCall(VecDestroy(&s->then));
  PetscCall(VecDestroy(&s->now));
  PetscCall(DMDestroy(&s->dm));
  PetscCall(PetscFree(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_matrix(SinewImplicit s, Mat *P)
{
  MatColoring coloring;
  ISColoring colors;

  PetscFunctionBeginUser;
  PetscCall(SinewGridCreateDM(s->problem.grid, s->problem.equation->components, 1, &s->dm));
  PetscCall(DMSetMatType(s->dm, MATAIJ));
  PetscCall(DMCreateMatrix(s->dm, &s->L));
  PetscCall(MatSetOption(s->L, MAT_NEW_NONZERO_LOCATION_ERR, PETSC_TRUE));
  /* not DMCreateColoring: on a periodic axis whose cells are no multiple of 3 its colours clash across the seam */
  PetscCall(MatColoringCreate(s->L, &coloring));
  PetscCall(MatColoringSetType(coloring, MATCOLORINGGREEDY));
  PetscCall(MatColoringSetDistance(coloring, 2));
  PetscCall(MatColoringApply(coloring, &colors));
  PetscCall(MatColoringDestroy(&coloring));
  PetscCall(MatFDColoringCreate(s->L, colors, &s->coloring));
  PetscCall(MatFDColoringSetFunction(s->coloring, SINEW_COLORING_FUNCTION(operator_at), s));
  PetscCall(
      MatFDColoringSetType(s->coloring, MATMFFD_WP)); /* step = error * sqrt(1 + |u|): exactly 1 from the zero state */
  if (s->affine) PetscCall(MatFDColoringSetParameters(s->coloring, 1, PETSC_DEFAULT));
  PetscCall(MatFDColoringSetUp(s->L, colors, s->coloring));
  PetscCall(ISColoringDestroy(&colors));
  PetscCall(MatDuplicate(s->L, MAT_DO_NOT_COPY_VALUES, P));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Sides that fix the first component, for preconditioners by sines and cosines. */
static PetscErrorCode attach_transforms(const SinewProblem *problem, Mat P)
{
  SinewFastSide sides[6];

  PetscFunctionBeginUser;
  for (int k = 0; k < 6; k++) {
    const SinewBoundarySide *side = problem->equation->side ? &problem->equation->side[k] : NULL;
    const SinewBoundaryPiece *piece = side && side->pieces ? &side->piece[0] : NULL;

    sides[k] = piece && (piece->kind == SINEW_BOUNDARY_EXACT || piece->value[0] || piece->table_value[0])
                   ? SINEW_FAST_DIRICHLET
                   : SINEW_FAST_NEUMANN;
  }
  PetscCall(SinewFastPreconditionerAttach(P, problem->grid, problem->equation->components, sides));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_mass(SinewImplicit s)
{
  const SinewEquation e = s->problem.equation;

  PetscFunctionBeginUser;
  s->constrained = SinewEquationConstrained(e);
  if (!s->constrained) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(DMCreateGlobalVector(s->dm, &s->mass));
  PetscCall(VecDuplicate(s->mass, &s->rate));
  PetscCall(VecSet(s->mass, 1));
  for (PetscInt c = 0; c < e->components; c++) {
    if (e->constrained[c]) PetscCall(VecStrideSet(s->mass, c, 0));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode SinewImplicitCreate(const SinewProblem *problem, SinewFVParts parts, TS ts)
{
  SinewImplicit s;
  PetscContainer container;
  Mat P;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&s));
  s->problem = *problem;
  s->parts = parts;
  s->ts = ts;
  s->affine = (PetscBool)(problem->equation->linear_diffusion &&
                          (!(parts & SINEW_FV_SOURCE) || problem->equation->linear_source ||
                           problem->equation->source_kind == SINEW_SOURCE_GIVEN));
  PetscCall(create_matrix(s, &P));
  PetscCall(create_mass(s));
  if (problem->motion) {
    PetscCall(DMCreateGlobalVector(s->dm, &s->then));
    PetscCall(VecDuplicate(s->then, &s->now));
  }
  PetscCall(attach_transforms(problem, P));
  PetscCall(TSSetIFunction(ts, NULL, implicit_function, s));
  PetscCall(TSSetIJacobian(ts, P, P, implicit_jacobian, s));
  PetscCall(MatDestroy(&P));
  PetscCall(PetscContainerCreate(PetscObjectComm((PetscObject)ts), &container));
  PetscCall(PetscContainerSetPointer(container, s));
  PetscCall(PetscContainerSetCtxDestroy(container, destroy));
  PetscCall(PetscObjectCompose((PetscObject)ts, "SinewImplicit", (PetscObject)container));
  PetscCall(PetscContainerDestroy(&container));
  PetscFunctionReturn(PETSC_SUCCESS);
}
