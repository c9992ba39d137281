/*
  Sinusoidal embeddings of a scalar, to the last bit those of the original, which computes them in
  single precision: frequencies exp(-ln 10000 k / half), then cosines, then sines.

  The last bit of a single-precision function depends on the library, and the neural ODE's step
  control amplifies it to 1e-8. PyTorch on x86 uses SLEEF's functions of at most one unit in the last
  place; what follows is their arithmetic (Shibata & Petrogalli, IEEE Trans. Parallel Distrib. Syst.
  31, 2020): reduction and polynomial in pairs of floats, high part and correction. Compiled without
  contraction: each fused multiply-add is written.

  Coefficients and order of arithmetic: SLEEF, copyright 2010-2020 Naoki Shibata and contributors, under the Boost
  Software License, Version 1.0 (its text: file LICENSE of this tree). A fit of our own would be as short, but not give
  the same last bits.
*/
#include "neural/graph_private.h"
#include <math.h>

typedef struct {
  float high, low;
} Pair;

/* pi in three parts of which the first two have few enough bits to be multiplied exactly */
static const float pi_part[] = {3.1414794921875f, 1.1315941810607910156e-4f, 1.9841872589410058936e-9f};

static Pair add(Pair a, float b)
{
  const float sum = a.high + b, v = sum - a.high;

  return (Pair){sum, ((a.high - (sum - v)) + (b - v)) + a.low};
}

/* the same where |a| >= |b| is known */
static Pair add_small(float a, Pair b)
{
  const float sum = a + b.high;

  return (Pair){sum, ((a - sum) + b.high) + b.low};
}

static Pair square(Pair a)
{
  const float p = a.high * a.high;

  return (Pair){p, fmaf(a.high + a.high, a.low, fmaf(a.high, a.high, -p))};
}

static Pair multiply(Pair a, Pair b)
{
  const float p = a.high * b.high;

  return (Pair){p, fmaf(a.high, b.low, fmaf(a.low, b.high, fmaf(a.high, b.high, -p)))};
}

#define REDUCIBLE 125 /* beyond it the reduction loses digits: no time or parameter is so large */

/* sin(t) on |t| <= pi/2 */
static float reduced_sine(Pair t)
{
  const Pair s = square(t);
  float u = 2.6083159809786593541503e-6f;
  Pair x;

  u = fmaf(u, s.high, -1.981069071916863322258e-4f);
  u = fmaf(u, s.high, 8.33307858556509017944336e-3f);
  x = add_small(1, multiply(add_small(-0.166666597127914428710938f, (Pair){u * s.high, 0}), s));
  return fmaf(t.high, x.high, fmaf(t.low, x.high, t.high * x.low));
}

static float single_cosine(float x)
{
  const float q = fmaf(rintf(fmaf(x, (float)M_1_PI, -0.5f)), 2, 1); /* odd: x - q pi/2 is small */
  Pair t = {x, 0};

  if (!(fabsf(x) < REDUCIBLE)) return (float)cos((double)x);
  for (int k = 0; k < 3; ++k) t = add(t, q * (-0.5f * pi_part[k]));
  return (int)q & 2 ? reduced_sine(t) : -reduced_sine(t);
}

static float single_sine(float x)
{
  const float q = rintf(x * (float)M_1_PI);
  Pair t = add((Pair){fmaf(q, -pi_part[0], x), 0}, q * -pi_part[1]);

  if (!(fabsf(x) < REDUCIBLE)) return (float)sin((double)x);
  t = add_small(t.high, (Pair){q * -pi_part[2], t.low});
  return (int)q & 1 ? -reduced_sine(t) : reduced_sine(t);
}

static float single_exponential(float x)
{
  const float q = rintf(x * (float)M_LOG2E);
  const float s = fmaf(q, -1.428606765330187045e-6f, fmaf(q, -0.693145751953125f, x));
  float u = 1.98527617612853646278381e-4f;

  u = fmaf(u, s, 1.39304355252534151077271e-3f);
  u = fmaf(u, s, 8.33336077630519866943359e-3f);
  u = fmaf(u, s, 4.16664853692054748535156e-2f);
  u = fmaf(u, s, 0.166666671633720397949219f);
  u = fmaf(u, s, 0.5f);
  return ldexpf(1 + fmaf(s * s, u, s), (int)q);
}

void ConditionEmbed(PetscInt features, double t, double embedding[])
{
  const PetscInt half = features / 2;

  for (PetscInt k = 0; k < half; ++k) {
    const float exponent = -9.210340371976184f * (float)k / (float)half; /* -ln 10000 k / half */
    const float angle = (float)t * single_exponential(exponent);

    embedding[k] = (double)single_cosine(angle);
    embedding[half + k] = (double)single_sine(angle);
  }
  if (features % 2) embedding[features - 1] = 0;
}
