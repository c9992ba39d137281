#ifndef SINEW_NEURAL_SAMPLING_H
#define SINEW_NEURAL_SAMPLING_H
/*
  Sample points that depend on seed, stream and global index alone (io/random.h): the same on any number of ranks, in
  any order of evaluation, after a restart. Serial, no state, no allocation.

  Point sets in the box lower, upper (n points asked for, those from first to first + count - 1 given,
  x [count][dim]):
    SINEW_SAMPLE_UNIFORM     independent uniform points
    SINEW_SAMPLE_STRATIFIED  one coordinate: one uniform point in each of n equal cells; more coordinates:
                             Latin hypercube (one point in each of n slabs of every axis)
    SINEW_SAMPLE_GRID        one uniform point in every cell of a grid with floor(n^(1/dim)) cells an axis
    SINEW_SAMPLE_SOBOL       Sobol' sequence (Joe & Kuo 2008 direction numbers, up to 4 coordinates), shifted
                             by a random vector modulo the box, one for each stream (Cranley & Patterson 1976)
  SinewSampleCount says how many points a set of n really has (GRID rounds down).
  Points of one solve are to be drawn once and kept: see least_squares.h.
*/
#include "../io/error.h"
#include "../io/random.h"

typedef enum { SINEW_SAMPLE_UNIFORM, SINEW_SAMPLE_STRATIFIED, SINEW_SAMPLE_GRID, SINEW_SAMPLE_SOBOL } SinewSampleKind;

PETSC_EXTERN PetscInt SinewSampleCount(SinewSampleKind kind, PetscInt dim, PetscInt n);
PETSC_EXTERN PetscErrorCode SinewSamplePoints(SinewSampleKind kind, PetscInt64 seed, PetscInt64 stream, PetscInt dim,
                                              const PetscReal lower[], const PetscReal upper[], PetscInt n,
                                              PetscInt first, PetscInt count, PetscReal x[]);

/* SinewGaussLegendre - nodes and weights of the n-point rule on [lower, upper]; weights sum to upper - lower. */
PETSC_EXTERN PetscErrorCode SinewGaussLegendre(PetscInt n, PetscReal lower, PetscReal upper, PetscReal x[],
                                               PetscReal w[]);

#endif
