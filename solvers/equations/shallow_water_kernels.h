#ifndef SINEW_SOLVERS_EQUATIONS_SHALLOW_WATER_KERNELS_H
#define SINEW_SOLVERS_EQUATIONS_SHALLOW_WATER_KERNELS_H
/* Row kernels of the shallow-water equations; private to the equation. */
#include "solvers/equations/coefficient.h"

typedef struct {
  PetscInt dim;
  PetscReal gravity, dry; /* dry: depth below which velocities fade */
  PetscReal coriolis, beta;
  PetscReal damping, drag, manning;
  PetscBool uneven;  /* a bathymetry is given: rows have the surface h + b after the primitives */
  PetscReal quantum; /* the bottom is a multiple of this power of two */
  SinewCoefficient bathymetry;
} SinewShallow;

void SinewShallowPrimitive(const void *context, PetscInt n, const PetscReal *const u[], PetscReal *const w[]);
void SinewShallowConserved(const void *context, PetscInt n, const PetscReal *const w[], PetscReal *const u[]);
void SinewShallowPlace(const void *context, const SinewRow *row, PetscInt n, PetscReal *const w[]);
void SinewShallowComplete(const void *context, PetscInt n, PetscReal *const w[]);
void SinewShallowFlux(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const l[],
                      const PetscReal *const r[], PetscReal *const f[]);
void SinewShallowUnevenFlux(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const l[],
                            const PetscReal *const r[], PetscReal *const f[]);
void SinewShallowSides(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const below[],
                       const PetscReal *const l[], const PetscReal *const r[], const PetscReal *const above[],
                       PetscReal *const f[], PetscReal *const g[]);
void SinewShallowNormalFlux(const void *context, PetscInt n, const PetscReal *const S[3], const PetscReal swept[],
                            const PetscReal *const l[], const PetscReal *const r[], PetscReal *const f[]);
void SinewShallowNormalSpeed(const void *context, PetscInt n, const PetscReal *const w[], const PetscReal *const S[3],
                             const PetscReal swept[], PetscReal speed[]);
void SinewShallowPhysicalFlux(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                              PetscReal *const f[]);
void SinewShallowRate(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                      const PetscInt stride[3], const PetscReal *const inverse[3], PetscReal rate[]);
void SinewShallowSource(const void *context, const SinewRow *row, PetscInt n, const PetscReal *const w[],
                        PetscReal *const r[]);

#endif
