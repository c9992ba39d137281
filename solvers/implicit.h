#ifndef SINEW_SOLVERS_IMPLICIT_H
#define SINEW_SOLVERS_IMPLICIT_H
/*
  The stiff terms of an equation (diffusion, stiff sources) as the implicit part of a TS:  F(t, u, u') = M u' - L_D(u),
  M the identity, with zeros for components that are constraints, with its Jacobian s M - dL_D/du as an assembled
  matrix, so that any PETSc preconditioner applies (standard: GAMG; `petsc: {pc_type: hypre}`).

  The Jacobian comes from the operator itself, colour by colour on a DMDA with a stencil of one cell (about 2 x 3^dim x
  components applications of L_D). Where L_D is affine in u (diffusion alone, say) it is exact (unit steps from zero
  lose nothing) and computed once, unless the coefficients depend on time; else it is a finite-difference Jacobian at u.

  On a moving mesh the unknowns are contents q = J u and the faces are new in every step. L_D = D diag(1 / J(t)) q, D
  constant within a step: computed once a step where it is affine, its columns scaled for every stage.
*/
#include "stepper.h"

typedef struct _p_SinewImplicit *SinewImplicit;

/* Collective. parts: the terms treated implicitly. Sets the TS's implicit function and Jacobian, and destroys itself
 * with the TS. */
PETSC_EXTERN PetscErrorCode SinewImplicitCreate(const SinewProblem *problem, SinewFVParts parts, TS ts);

#endif
