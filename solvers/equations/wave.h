#ifndef SINEW_SOLVERS_EQUATIONS_WAVE_H
#define SINEW_SOLVERS_EQUATIONS_WAVE_H
/* Shared by the files of the wave equation; private to them. */
#include "solvers/equations/coefficient.h"
#include "solvers/pointwise.h"

typedef struct {
  PetscInt dim;
  PetscBool central;
  SinewCoefficient speed, sponge;
  const SinewDomain *domain; /* not owned, for the equation at points */
  SinewPointwise *points;    /* that one; owned */
} SinewWave;

/* At points: wave_pointwise.c. */
PETSC_INTERN PetscErrorCode SinewWavePointwise(SinewEquation e, SinewDeck deck, const SinewDomain *domain,
                                               SinewPointwise *p, PetscBool zero[6]);

/* Kernels. */
PETSC_INTERN void SinewWaveCopy(const void *context, PetscInt n, const PetscReal *const u[], PetscReal *const w[]);
PETSC_INTERN void SinewWaveFlux(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const l[],
                                const PetscReal *const r[], PetscReal *const f[]);
PETSC_INTERN void SinewWaveSides(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const below[],
                                 const PetscReal *const l[], const PetscReal *const r[], const PetscReal *const above[],
                                 PetscReal *const f[], PetscReal *const g[]);
PETSC_INTERN void SinewWavePhysicalFlux(const void *context, const SinewRow *row, PetscInt n,
                                        const PetscReal *const w[], PetscReal *const f[]);
PETSC_INTERN void SinewWaveRate(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                                const PetscInt stride[3], const PetscReal *const inverse[3], PetscReal rate[]);
PETSC_INTERN void SinewWaveSource(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                                  PetscReal *const r[]);

#endif
