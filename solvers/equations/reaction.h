#ifndef SINEW_SOLVERS_EQUATIONS_REACTION_H
#define SINEW_SOLVERS_EQUATIONS_REACTION_H
/* Shared by the files of the reaction-diffusion equations; private to them. */
#include "solvers/equation.h"
#include "solvers/pointwise.h"

#define SINEW_SPECIES_MAX SINEW_POINTWISE_SPECIES_MAX

typedef enum {
  SINEW_GRAY_SCOTT,
  SINEW_FITZHUGH_NAGUMO,
  SINEW_ALLEN_CAHN,
  SINEW_CAHN_HILLIARD,
  SINEW_FISHER_KPP,
  SINEW_FORMULAS
} SinewReactionKind;

typedef struct {
  PetscInt dim, species;
  SinewReactionKind kind;
  PetscReal diffusivity[SINEW_SPECIES_MAX]; /* coefficient of grad w_carrier in the flux of species c */
  PetscInt carrier[SINEW_SPECIES_MAX];      /* itself, but in Cahn-Hilliard's equation the other one */
  PetscReal feed, kill, k, growth, width;
  SinewExpression rate[SINEW_SPECIES_MAX]; /* owned */
  const SinewDomain *domain;               /* not owned, for the equation at points */
  SinewPointwise *points;                  /* that one; owned */
} SinewReaction;

/* At points: reaction_pointwise.c. */
PETSC_INTERN PetscErrorCode SinewReactionPointwise(SinewEquation e, SinewDeck deck, const SinewDomain *domain,
                                                   SinewPointwise *p, PetscBool zero[6]);

/* Kernels. */
PETSC_INTERN void SinewReactionCopy(const void *context, PetscInt n, const PetscReal *const u[], PetscReal *const w[]);
PETSC_INTERN void SinewReactionFlux(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                                    const PetscReal *const gradient[3][SINEW_COMPONENTS_MAX], PetscReal *const f[]);
PETSC_INTERN void SinewReactionRate(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                                    PetscInt stride, const PetscReal inverse[], PetscReal rate[]);
PETSC_INTERN void SinewReactionSource(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                                      PetscReal *const r[]);

PETSC_INTERN const SinewInitialType SinewReactionInitials[];

#endif
