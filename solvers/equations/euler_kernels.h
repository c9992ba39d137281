#ifndef SINEW_SOLVERS_EQUATIONS_EULER_KERNELS_H
#define SINEW_SOLVERS_EQUATIONS_EULER_KERNELS_H
/* Row kernels of the Euler equations (ideal gas, optional passive scalars); private to the
 * equation. */
#include "operators/finite_volume.h"

typedef struct {
  PetscInt dim, scalars;
  PetscReal gamma;
  PetscReal viscosity, conduction, diffusivity; /* mu, kappa, D */
  PetscReal gravity[3];
} SinewEulerGas;

void SinewEulerPrimitive(const void *context, PetscInt n, const PetscReal *const u[], PetscReal *const w[]);
void SinewEulerConserved(const void *context, PetscInt n, const PetscReal *const w[], PetscReal *const u[]);
void SinewEulerRusanov(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const l[],
                       const PetscReal *const r[], PetscReal *const f[]);
void SinewEulerHLL(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const l[],
                   const PetscReal *const r[], PetscReal *const f[]);
void SinewEulerHLLC(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const l[],
                    const PetscReal *const r[], PetscReal *const f[]);
void SinewEulerNormalRusanov(const void *context, PetscInt n, const PetscReal *const S[3], const PetscReal swept[],
                             const PetscReal *const l[], const PetscReal *const r[], PetscReal *const f[]);
void SinewEulerNormalHLL(const void *context, PetscInt n, const PetscReal *const S[3], const PetscReal swept[],
                         const PetscReal *const l[], const PetscReal *const r[], PetscReal *const f[]);
void SinewEulerNormalHLLC(const void *context, PetscInt n, const PetscReal *const S[3], const PetscReal swept[],
                          const PetscReal *const l[], const PetscReal *const r[], PetscReal *const f[]);
void SinewEulerNormalSpeed(const void *context, PetscInt n, const PetscReal *const w[], const PetscReal *const S[3],
                           const PetscReal swept[], PetscReal speed[]);
void SinewEulerPhysicalFlux(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                            PetscReal *const f[]);
void SinewEulerRate(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                    const PetscInt stride[3], const PetscReal *const inverse[3], PetscReal rate[]);
void SinewEulerToCharacteristic(const void *context, PetscInt axis, PetscInt n, const PetscReal *const w[],
                                const PetscReal *const v[], PetscReal *const q[]);
void SinewEulerFromCharacteristic(const void *context, PetscInt axis, PetscInt n, const PetscReal *const w[],
                                  const PetscReal *const q[], PetscReal *const v[]);
void SinewEulerDiffusiveFlux(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                             const PetscReal *const gradient[3][SINEW_COMPONENTS_MAX], PetscReal *const f[]);
void SinewEulerDiffusiveRate(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                             PetscInt stride, const PetscReal inverse[], PetscReal rate[]);
void SinewEulerGravity(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                       PetscReal *const r[]);

#endif
