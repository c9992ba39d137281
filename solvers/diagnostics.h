#ifndef SINEW_SOLVERS_DIAGNOSTICS_H
#define SINEW_SOLVERS_DIAGNOSTICS_H
/*
  Numbers that summarise a state: integrals of the components, extrema of the primitives, norms of differences.
  All collective (one or two small reductions); integrals are sums over ranks and agree between rank counts to rounding.
*/
#include "equation.h"

/* total[c]: integral of component c over the domain; min[c], max[c]: of primitive c. */
PETSC_EXTERN PetscErrorCode SinewDiagnose(SinewEquation equation, Vec U, PetscReal total[], PetscReal min[],
                                          PetscReal max[]);
/* Volume-weighted mean |difference|, root mean square and largest difference of the primitives of two states. */
PETSC_EXTERN PetscErrorCode SinewDifference(SinewEquation equation, Vec U, Vec V, PetscReal l1[], PetscReal l2[],
                                            PetscReal linf[]);
/* A number of the bits of a vector in global order, the same for any partition: for tests of rank invariance. */
PETSC_EXTERN PetscErrorCode SinewChecksum(SinewGrid grid, PetscInt components, Vec U, PetscInt64 *checksum);

#endif
