#ifndef SINEW_IO_RANDOM_H
#define SINEW_IO_RANDOM_H
/*
  Random numbers as a pure function of (seed, stream, index), so that they depend neither on the number of ranks nor on
  the order in which they are asked for: three rounds of the finaliser of splitmix64 (Steele, Lea & Flood 2014). Streams
  are the caller's to number (a step, a purpose). A permutation of n things needs no memory either.
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

/* Where `index` goes in a permutation of 0 .. n-1: six Feistel rounds on the smallest square of a power of two that
   holds n, walked until inside (Black & Rogaway 2002; fewer than 4 times on average). */
static inline PetscInt64 SinewPermute(PetscInt64 seed, PetscInt64 stream, PetscInt64 n, PetscInt64 index)
{
  uint64_t x = (uint64_t)index, mask;
  unsigned bits = 1;

  while (((uint64_t)1 << 2 * bits) < (uint64_t)n) bits++;
  mask = ((uint64_t)1 << bits) - 1;
  do {
    uint64_t left = x >> bits, right = x & mask;

    for (PetscInt64 round = 0; round < 6; round++) {
      const uint64_t next = left ^ (SinewRandomBits(seed, stream, (PetscInt64)(right << 3) | round) & mask);

      left = right;
      right = next;
    }
    x = left << bits | right;
  } while (x >= (uint64_t)n);
  return (PetscInt64)x;
}

#endif
