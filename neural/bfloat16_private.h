#ifndef SINEW_NEURAL_BFLOAT16_PRIVATE_H
#define SINEW_NEURAL_BFLOAT16_PRIVATE_H
/* Rounding to bfloat16, the upper half of a float: to the nearest, ties to even. For finite values and infinities. */
#include <stdint.h>
#include <string.h>

static inline uint32_t Bfloat16Bits(float x)
{
  uint32_t bits;

  memcpy(&bits, &x, sizeof(bits));
  return bits + 0x7fff + (bits >> 16 & 1); /* the upper half counts */
}

static inline float Bfloat16Round(float x)
{
  const uint32_t bits = Bfloat16Bits(x) & 0xffff0000;

  memcpy(&x, &bits, sizeof(x));
  return x;
}

#endif
