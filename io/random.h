#ifndef SINEW_IO_RANDOM_H
#define SINEW_IO_RANDOM_H
/*
  Random numbers as a pure function of (seed, stream, index), so that they depend neither on the number of ranks nor on
  the order in which they are asked for: three rounds of the finaliser of splitmix64 (Steele, Lea & Flood 2014). Streams
  are the caller's to number (a step, a purpose).
*/
#include <petscsys.h>
#include <stdint.h>

/* Every bit of z reaches every bit. */
static inline uint64_t SinewRandomMix(uint64_t z)
{
  z += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

static inline uint64_t SinewRandomBits(PetscInt64 seed, PetscInt64 stream, PetscInt64 index)
{
  return SinewRandomMix(SinewRandomMix(SinewRandomMix((uint64_t)seed) ^ (uint64_t)stream) ^ (uint64_t)index);
}

/* Uniform in [0, 1), a multiple of 2^-53. */
static inline PetscReal SinewUniform(PetscInt64 seed, PetscInt64 stream, PetscInt64 index)
{
  return (PetscReal)(SinewRandomBits(seed, stream, index) >> 11) * (PetscReal)0x1p-53;
}

#endif
