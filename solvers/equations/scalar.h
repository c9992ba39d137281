#ifndef SINEW_SOLVERS_EQUATIONS_SCALAR_H
#define SINEW_SOLVERS_EQUATIONS_SCALAR_H
/*
  What advection, diffusion and Burgers' equation share: one scalar u with

    u_t + div(a(x, t) u)  or  u_t + div(u^2/2, u^2/2, u^2/2)  =  div(D(x, t) grad u) + c1 u + c2 u^2 + c3 u^3 + s(x, t),

  coefficient tables on faces and cells, row kernels, initial conditions. Private to those equations.
*/
#include "solvers/equations/coefficient.h"
#include "solvers/pointwise.h"

#define SINEW_TENSOR_MAX 6 /* xx, yy, zz, xy, xz, yz */

typedef struct {
  PetscInt dim;
  PetscBool burgers;
  PetscBool transported, diffused, sourced;
  PetscBool placed; /* a component of the velocity depends on place or time: on moving meshes it is no part of fluxes */
  SinewEquation equation; /* not owned */
  SinewCoefficient velocity[3];
  PetscInt tensors; /* 1: isotropic, dim: diagonal, dim (dim + 1) / 2: full */
  SinewCoefficient diffusivity[SINEW_TENSOR_MAX], source, reaction;
  PetscBool reacting;
  PetscReal polynomial[3];   /* c1, c2, c3 of the reaction c1 u + c2 u^2 + c3 u^3 */
  const SinewDomain *domain; /* not owned, for the equation at points */
  SinewPointwise *points;    /* that one; owned */
} SinewScalar;

/* Velocity components (0 where fewer are given), diffusivities, source from expressions; all may be absent. */
PETSC_INTERN PetscErrorCode SinewScalarCreate(SinewEquation e, PetscBool burgers, const SinewExpressionList *velocity,
                                              const SinewExpressionList *diffusivity, SinewExpression source,
                                              SinewScalar **scalar);
/* Adds a reaction to a scalar that was created: c1, c2, c3, those that are given. */
PETSC_INTERN PetscErrorCode SinewScalarReact(SinewEquation e, const SinewRealList *reaction);
PETSC_INTERN PetscErrorCode SinewScalarAttach(SinewEquation e, SinewGrid grid);
PETSC_INTERN PetscErrorCode SinewScalarDestroy(SinewEquation e);
PETSC_INTERN PetscErrorCode SinewScalarPrepare(const void *context, PetscReal t);
PETSC_INTERN PetscErrorCode SinewScalarTrace(SinewEquation e, const PetscReal x[3], PetscReal t, PetscReal foot[3],
                                             PetscBool *known);
PETSC_INTERN const SinewInitialType SinewScalarInitials[];
/* At points: scalar_pointwise.c. */
PETSC_INTERN PetscErrorCode SinewScalarPointwise(SinewEquation e, SinewDeck deck, const SinewDomain *domain,
                                                 SinewPointwise *p, PetscBool zero[6]);
/* Index of the tensor's entry (a, b) in the order xx, yy, zz, xy, xz, yz (of the axes in use); -1: zero. */
PETSC_INTERN PetscInt SinewScalarTensorEntry(const SinewScalar *s, PetscInt a, PetscInt b);

/* Kernels. */
PETSC_INTERN void SinewScalarCopy(const void *context, PetscInt n, const PetscReal *const u[], PetscReal *const w[]);
PETSC_INTERN void SinewScalarUpwind(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const l[],
                                    const PetscReal *const r[], PetscReal *const f[]);
PETSC_INTERN void SinewScalarPhysicalFlux(const void *context, const SinewRow *row, PetscInt n,
                                          const PetscReal *const w[], PetscReal *const f[]);
PETSC_INTERN void SinewScalarRate(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                                  const PetscInt stride[3], const PetscReal *const inverse[3], PetscReal rate[]);
PETSC_INTERN void SinewBurgersGodunov(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const l[],
                                      const PetscReal *const r[], PetscReal *const f[]);
PETSC_INTERN void SinewBurgersPhysicalFlux(const void *context, const SinewRow *row, PetscInt n,
                                           const PetscReal *const w[], PetscReal *const f[]);
PETSC_INTERN void SinewBurgersRate(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                                   const PetscInt stride[3], const PetscReal *const inverse[3], PetscReal rate[]);
/* On moving meshes, coefficients being constant. */
PETSC_INTERN void SinewScalarNormalSpeed(const void *context, PetscInt n, const PetscReal *const w[],
                                         const PetscReal *const S[3], const PetscReal swept[], PetscReal speed[]);
PETSC_INTERN void SinewScalarNormalFlux(const void *context, PetscInt n, const PetscReal *const S[3],
                                        const PetscReal swept[], const PetscReal *const l[], const PetscReal *const r[],
                                        PetscReal *const f[]);
PETSC_INTERN void SinewScalarDiffusiveFlux(const void *context, const SinewRow *row, PetscInt n,
                                           const PetscReal *const w[],
                                           const PetscReal *const gradient[3][SINEW_COMPONENTS_MAX],
                                           PetscReal *const f[]);
PETSC_INTERN void SinewScalarDiffusiveRate(const void *context, const SinewRow *row, PetscInt n,
                                           const PetscReal *const w[], PetscInt stride, const PetscReal inverse[],
                                           PetscReal rate[]);
PETSC_INTERN void SinewScalarSource(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                                    PetscReal *const r[]);
/* The source minus reaction * u. */
PETSC_INTERN void SinewScalarReactionSource(const void *context, const SinewRow *row, PetscInt n,
                                            const PetscReal *const w[], PetscReal *const r[]);

#endif
