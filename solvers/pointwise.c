#include "pointwise.h"

PetscErrorCode SinewPointwiseDestroy(SinewPointwise **equation)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(*equation)); /* the first member of what its maker allocated */
  PetscFunctionReturn(PETSC_SUCCESS);
}
